package scope

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// rights is what the tenant says about who may use what. Its profiles of rights are no objects: nobody can read them
// through REST (IT 5.1).
type rights struct {
	services map[string]*service
	teams    map[string]string // titles by UUID
	offered  map[string]bool   // ticket types that some service offers
	types    map[string]int    // tickets by type
	byTeam   map[string]int
	sections map[string]int // protected sections and internal articles, by type
}

type service struct {
	title               string
	tickets             int
	open, limited, rest int // agreements: for everybody, with recipients, protected or without any
}

func (r *rights) init() {
	r.services, r.teams, r.offered, r.types, r.byTeam, r.sections = map[string]*service{}, map[string]string{}, map[string]bool{}, map[string]int{}, map[string]int{}, map[string]int{}
}

func (r *rights) service(key string) *service {
	if r.services[key] == nil {
		r.services[key] = &service{}
	}
	return r.services[key]
}

func (r *rights) note(class, key, typ string, o object, people *names) {
	switch class {
	case "team":
		r.teams[key] = people.named(o.text("title"))
	case "slmService":
		r.service(key).title = cmp.Or(people.named(o.text("title")), keyOf(key))
		for _, t := range o.texts("callCases") {
			r.offered[ident(t)] = true
		}
	case "agreement":
		r.agreement(o)
	case "KB":
		if strings.HasSuffix(typ, "Prot") || strings.HasSuffix(typ, "Pr") || typ == "KB$KBArticle" { // IT 3.7
			r.sections[typ]++
		}
	}
}

func (r *rights) agreement(o object) {
	if o.is("removed") || o.text("state") == "closed" {
		return
	}
	recipients := len(o.links("recipients")) + len(o.links("recipientsOU")) + len(o.links("recipientTeam"))
	for _, key := range o.links("services") {
		s := r.service(key)
		switch {
		case o.is("allRecipients") && !o.is("protected"):
			s.open++
		case recipients > 0 && !o.is("protected"):
			s.limited++
		default:
			s.rest++
		}
	}
}

func (r *rights) ticket(t *ticket, typ string, o object) {
	r.types[typ]++
	if key := o.link("service"); key != "" {
		r.service(key).tickets++
	}
	if key := o.link("responsibleTeam"); key != "" {
		r.byTeam[key]++
	}
}

// restrictions are what not everybody may use or see, in a fixed order.
func (s *survey) restrictions() []Restriction {
	r := &s.rights
	var out []Restriction
	for _, typ := range sorted(r.types) {
		if len(r.offered) > 0 && !r.offered[typ] && strings.Contains(typ, "$") {
			out = append(out, Restriction{What: "type", Reason: "not_offered", Name: typ, Tickets: r.types[typ]})
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(r.offered)) {
		if r.types[typ] == 0 && strings.HasPrefix(typ, "serviceCall$") {
			out = append(out, Restriction{What: "type", Reason: "not_listed", Name: typ})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.services), byNumber) {
		v := r.services[key]
		x := Restriction{What: "service", Name: keyOf(key), Title: v.title, Tickets: v.tickets}
		switch {
		case v.title == "":
			x.Reason = "not_listed"
		case v.open > 0:
			continue
		case v.limited > 0:
			x.Reason = "recipients"
		case v.rest > 0:
			x.Reason = "protected"
		case s.classes["agreement"].state == "read":
			x.Reason = "no_agreement"
		default:
			continue // agreements are not seen, and nothing can be said
		}
		out = append(out, x)
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.byTeam), byNumber) {
		if _, listed := r.teams[key]; !listed {
			out = append(out, Restriction{What: "team", Reason: "not_listed", Name: keyOf(key), Tickets: r.byTeam[key]})
		}
	}
	for _, typ := range sorted(r.sections) {
		out = append(out, Restriction{What: "section", Reason: "protected", Name: typ, Tickets: r.sections[typ]})
	}
	if n := s.files.AuthorOnly; n > 0 {
		out = append(out, Restriction{What: "files", Reason: "author_only", Name: "file.authorOnly", Tickets: n})
	}
	return out
}

// probeTypes asks for the ticket types that the tenant names and that no listed ticket has: they are unused, or hidden.
func (s *survey) probeTypes(ctx context.Context) error {
	named := map[string]bool{"serviceCall$serviceCall": true, "serviceCall$request": true, "serviceCall$call": true}
	for typ := range s.rights.offered {
		named[typ] = named[typ] || strings.HasPrefix(typ, "serviceCall$") && identifier.MatchString(typ)
	}
	for _, typ := range slices.Sorted(maps.Keys(named)) {
		if s.rights.types[typ] > 0 {
			continue
		}
		p, err := s.src.Probe(ctx, typ)
		if err != nil {
			return fmt.Errorf("discover: probe %s: %w", typ, err)
		}
		s.probes[typ] = p
	}
	return nil
}

// unseen is what the key did not show.
func (s *survey) unseen() []Unseen {
	var out []Unseen
	for _, name := range s.order {
		switch c := s.classes[name]; c.state {
		case "refused", "incomplete", "empty":
			if c.state == "empty" && !needed[name] {
				continue
			}
			out = append(out, Unseen{ID: c.state, Class: name, N: c.n, Detail: s.names.without(c.refused)})
		}
	}
	for _, name := range sorted(s.probes) {
		if p := s.probes[name]; strings.Contains(name, "$") {
			if p.Refused != "" {
				out = append(out, Unseen{ID: "refused", Class: name, Detail: s.names.without(s.hide(p.Refused))})
			} else if p.Empty {
				out = append(out, Unseen{ID: "empty", Class: name})
			}
		}
	}
	for _, code := range sorted(s.catalogs) {
		if c := s.catalogs[code]; c.refused != "" {
			out = append(out, Unseen{ID: "refused", Class: code, Detail: s.names.without(c.refused)})
		}
	}
	if s.trial.refused != "" {
		out = append(out, Unseen{ID: "bytes", Class: "file", Detail: s.names.without(s.trial.refused)})
	}
	if s.export.refused != "" {
		out = append(out, Unseen{ID: "metainfo", Class: s.export.from.From(), Detail: s.names.without(s.export.refused)})
	}
	unlisted := map[string]map[string]bool{}
	for at, keys := range s.missing {
		if s.classes[at.to] == nil || s.classes[at.to].state == "refused" {
			continue // said already
		}
		for key := range keys {
			if !s.met[hash(key)] {
				if unlisted[at.to] == nil {
					unlisted[at.to] = map[string]bool{}
				}
				unlisted[at.to][key] = true
			}
		}
	}
	for _, to := range sorted(unlisted) {
		out = append(out, Unseen{ID: "unlisted", Class: to, N: len(unlisted[to])})
	}
	mute := 0
	for _, t := range s.tickets {
		count(&mute, t.saysCommented && !t.heard)
	}
	if mute > 0 && s.classes["comment"].state != "refused" {
		out = append(out, Unseen{ID: "mute_tickets", Class: "comment", N: mute})
	}
	if th := s.threads; th.Comments > manyComments && th.Private == 0 {
		out = append(out, Unseen{ID: "private", Class: "comment", N: th.Comments})
	}
	return append(out, s.unseenAttributes()...)
}

// manyComments is how many comments a desk hardly writes without an internal one: rights on comments are checked owner by owner,
// and what the key may not see is not listed (IT 2.7).
const manyComments = 50

// needed are classes that every desk has something of: an empty list is suspicious.
var needed = map[string]bool{"employee": true, "ou": true, "team": true, "serviceCall": true, "comment": true, "file": true, "slmService": true, "agreement": true, "root": true}

// unseenAttributes are those of the stock model that no object of a class shows: a module is off, or the key has no right.
func (s *survey) unseenAttributes() []Unseen {
	var out []Unseen
	for _, name := range []string{"serviceCall", "employee", "ou", "team", "comment", "file", "problem", "changeRequest", "objectBase"} {
		c := s.classes[name]
		if c.state != "read" || c.n == 0 {
			continue
		}
		var gone []string
		for code := range c.stock {
			if _, shown := c.attrs[code]; !shown && code != "UUID" && code != "metaClass" {
				gone = append(gone, code)
			}
		}
		if len(gone) > 0 {
			slices.Sort(gone)
			out = append(out, Unseen{ID: "attribute", Class: name, N: len(gone), Detail: strings.Join(gone, ", ")})
		}
	}
	return out
}

// orphans are the links that lead to what is not listed, the most first.
func (s *survey) orphans() []Link {
	var out []Link
	for at, keys := range s.missing {
		l := Link{From: at.from, To: at.to}
		var gone []string
		for key := range keys {
			if !s.met[hash(key)] {
				gone = append(gone, key)
			}
		}
		if l.N = len(gone); l.N == 0 {
			continue
		}
		l.Example = keyOf(slices.MinFunc(gone, byNumber))
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b Link) int { return cmp.Or(b.N-a.N, strings.Compare(a.From+a.To, b.From+b.To)) })
	return out
}

// A catalog is a list of values as it is counted.
type catalog struct {
	Catalog
	items   map[string]CatalogItem
	refused string
}

// wantCatalog puts a catalog on the list of those to read.
func (s *survey) wantCatalog(code string) {
	if !identifier.MatchString(code) || s.catalogs[code] != nil || len(s.catalogs) >= maxCatalogs || slices.Contains(classes, code) || slices.Contains(s.own, code) {
		return
	}
	s.catalogs[code] = &catalog{Catalog: Catalog{Code: code}, items: map[string]CatalogItem{}}
	s.wanted = append(s.wanted, code)
}

func (s *survey) readCatalog(ctx context.Context, code string) error {
	c, ok, err := s.open(ctx, code)
	if err != nil {
		return err
	}
	delete(s.classes, code) // it is a catalog and no class of the document
	s.order = s.order[:len(s.order)-1]
	cat := s.catalogs[code]
	cat.refused = c.refused
	if !ok {
		return nil
	}
	for row, err := range s.src.Objects(ctx, code, "") {
		switch {
		case refusal(ctx, err):
			cat.refused = s.hide(err.Error())
			return nil
		case err != nil:
			return fmt.Errorf("discover: %w", err)
		}
		if row.Broken != "" || len(cat.items) >= maxMissing {
			continue
		}
		var o object
		if o, err = decode(row.JSON); err != nil {
			continue
		}
		s.met[hash(row.Key)] = true
		shown, title := s.names.item(code, row.Key, o.text("code"), o.text("title"))
		cat.items[row.Key] = CatalogItem{Code: shown, Title: title, Archived: o.is("removed"), Folder: o.is("folder")}
		for name, v := range o { // parents, and what lookup tables lead to
			if link, is := v.(map[string]any); is && name != "UUID" {
				if meta, _ := link["metaClass"].(string); link["code"] != nil {
					s.wantCatalog(meta)
				}
			}
		}
	}
	return nil
}

// maxItems is how many items of a catalog are listed.
const maxItems = 50

func (s *survey) catalogCounts() []Catalog {
	var out []Catalog
	for _, code := range sorted(s.catalogs) {
		c := s.catalogs[code]
		if len(c.items) == 0 {
			continue
		}
		for key, it := range c.items {
			it.Used = s.items[key]
			c.N++
			count(&c.Folders, it.Folder)
			count(&c.Archived, it.Archived)
			count(&c.ArchivedUsed, it.Archived && it.Used > 0)
			c.Items = append(c.Items, it)
		}
		slices.SortFunc(c.Items, func(a, b CatalogItem) int {
			return cmp.Or(b.Used-a.Used, strings.Compare(a.Code, b.Code), strings.Compare(a.Title, b.Title))
		})
		c.Items = c.Items[:min(len(c.Items), maxItems)]
		out = append(out, c.Catalog)
	}
	return out
}
