package scope

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

func decode(raw []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var o object
	err := dec.Decode(&o)
	return o, err
}

func mapKeys[V any](m map[string]V) iter.Seq[string] { return maps.Keys(m) }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// counts are the members of a map, the most first.
func counts(m map[string]int) []Count {
	out := make([]Count, 0, len(m))
	for _, name := range sorted(m) {
		out = append(out, Count{name, m[name]})
	}
	slices.SortStableFunc(out, func(a, b Count) int { return b.N - a.N })
	return out
}

func round(x float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(x*p) / p
}

// document puts what was counted into its place.
func (s *survey) document() *Document {
	d := &Document{Format: Format, Host: s.Host, Region: s.Region, Zone: s.Zone.String(), Now: s.now.UTC(), Oldest: s.oldest.UTC(), Newest: s.newest.UTC(), Edition: s.Edition}
	d.Seats = s.seats()
	d.Modules = s.modules()
	d.Classes = s.classCounts()
	d.Catalogs = s.catalogCounts()
	d.Signals = s.signals(d)
	d.People = s.peopleCounts()
	d.Orphans, d.OrphansCut = s.orphans(), s.lost
	d.Unseen = s.unseen()
	d.Threads = s.threadCounts()
	d.Files = s.fileCounts()
	for _, name := range []string{langRu, langEn, langOther, langNone} {
		if l := s.langs[name]; l != nil {
			d.Languages = append(d.Languages, *l)
		}
	}
	d.LooseItems = s.loose
	d.Restricted = s.restrictions()
	d.Secrets = s.secretCounts()
	d.Personal = s.personal(d.Classes)
	screen, from := s.screen()
	d.Time = s.timeProof(screen, from)
	for _, m := range sorted(s.months) {
		d.Months = append(d.Months, Count{m, s.months[m]})
	}
	d.Metainfo = s.metainfo()
	d.Inventory = s.inventory(d)
	return d
}

// screen is the zone of the screen, and who says so: the operator, the company's settings, or the provider's zone.
func (s *survey) screen() (*time.Location, string) {
	if s.ScreenZone != nil {
		return s.ScreenZone, "stated"
	}
	if zone, err := time.LoadLocation(s.company); err == nil && s.company != "" {
		return zone, "company"
	}
	return s.Zone, "provider"
}

func (s *survey) classCounts() []Class {
	var out []Class
	for _, name := range s.order {
		c := s.classes[name]
		x := Class{Name: name, State: c.state, N: c.n, Archived: c.archived, Broken: c.broken, PerOwner: c.perOwner}
		for _, typ := range sorted(c.types) {
			t := *c.types[typ]
			t.States = counts(c.states[typ])
			x.Types = append(x.Types, t)
		}
		for _, code := range sorted(c.attrs) {
			a := c.attrs[code]
			y := Attribute{Code: ident(code), Kind: string(a.kind), Own: a.own, Filled: a.filled, Longest: a.longest, Sample: a.sample,
				Emails: a.emails, Phones: a.phones, Named: a.people}
			y.Distinct, y.Estimate = a.values.count()
			if a.kind == "" {
				y.Kind = "unknown"
			}
			x.Fields = append(x.Fields, y)
		}
		out = append(out, x)
	}
	return out
}

// modules are the parts of the product, by a probe of their class and by the ticket attribute that comes with their tag (IT 6).
func (s *survey) modules() []Module {
	tickets := s.probes["serviceCall"].Attributes
	var out []Module
	for _, m := range []struct{ id, class, attr string }{
		{"problems", "problem", "problems"}, {"changes", "changeRequest", "rfcReason"}, {"assets", "objectBase", "KEs"}, {"approvals", "negotiation", "negotiations"},
		{"tasks", "task", "tasks"}, {"work", "workRecord", "workRecords"}, {"kb", "KB", ""}, {"sla", "agreement", ""}, {"mail_domains", "domain", ""}, {"templates", "template", ""},
	} {
		c := s.classes[m.class]
		x := Module{ID: m.id, Class: m.class, Signal: "used", N: c.n, Attribute: m.attr}
		if c.state != "read" && c.state != "incomplete" {
			x.Signal = c.state
		}
		x.Shown = m.attr != "" && slices.Contains(tickets, m.attr)
		x.TagOff = s.export.off(moduleTags[m.id])
		out = append(out, x)
	}
	return out
}

// signals tell by how much the tenant differs from the stock configuration (IT 6).
func (s *survey) signals(d *Document) []Counted {
	licensed, contracts, catalogs := 0, 0, 0
	for _, p := range s.people.all {
		count(&licensed, p.licensed)
	}
	for _, t := range s.classes["agreement"].types {
		for state, n := range s.classes["agreement"].states[t.Name] {
			if state != "registered" && state != "closed" {
				contracts += n
			}
		}
	}
	for _, c := range d.Catalogs {
		count(&catalogs, !slices.Contains(stockCatalogs, c.Code))
	}
	return []Counted{{"licensed", licensed}, {"own_types", s.ownTypes()}, {"own_fields", s.ownFields(d)}, {"own_classes", len(s.own)}, {"own_catalogs", catalogs}, {"contracts", contracts}}
}

func (s *survey) secretCounts() []Secret {
	var out []Secret
	for _, kind := range secretKinds {
		if x := s.secrets[kind]; x != nil {
			out = append(out, Secret{Kind: kind, N: x.n, Objects: counts(x.objects), Places: x.places})
		}
	}
	return out
}

// personalFields are the attributes of the stock model with personal data, by category (IT 3.2, 3.4).
var personalFields = []struct{ category, fields string }{
	{"identity", "employee.lastName employee.firstName employee.middleName employee.title employee.commentAuthorAlias serviceCall.clientName serviceCall.clientLinkName"},
	{"contact", "employee.email employee.cityPhoneNumber employee.mobilePhoneNumber employee.internalPhoneNumber employee.homePhoneNumber serviceCall.clientEmail serviceCall.clientPhone ou.adress"},
	{"account", "employee.login employee.idHolder employee.license employee.employeeSecGroups employee.isEmployeeLocked"},
	{"work", "employee.post employee.parent employee.immediateSupervisor employee.teams employee.performer objectBase.users"},
	{"birth", "employee.dateOfBirth"},
	{"photo", "employee.image"},
	{"content", "serviceCall.shortDescr serviceCall.descriptionRTF serviceCall.description serviceCall.descriptionInRTF serviceCall.resultDescr serviceCall.lastComment comment.text file.title task.description problem.description changeRequest.description"},
	{"opinion", "serviceCall.mark serviceCall.commentForMark vote.remark"},
	{"activity", "serviceCall.client serviceCall.responsibleEmployee serviceCall.solvedByEmployee serviceCall.closedByEmployee serviceCall.observers serviceCall.subscribers comment.author vote.voter workRecord.employee workRecord.time"},
}

// personal are the attributes with personal data that are filled: those of the list, and others whose values look so.
func (s *survey) personal(read []Class) []PersonalField {
	fields := map[string]Attribute{}
	for _, c := range read {
		for _, a := range c.Fields {
			fields[c.Name+"."+a.Code] = a
		}
	}
	var out []PersonalField
	known := map[string]bool{}
	for _, p := range personalFields {
		for _, f := range strings.Fields(p.fields) {
			known[f] = true
			if a := fields[f]; a.Filled > 0 {
				out = append(out, PersonalField{Category: p.category, Field: f, N: a.Filled})
			}
		}
	}
	var found []PersonalField
	for _, f := range sorted(fields) {
		a := fields[f]
		class, _, _ := strings.Cut(f, ".")
		if known[f] || configured[class] {
			continue
		}
		if n := a.Emails + a.Phones + a.Named; n > 0 {
			found = append(found, PersonalField{Category: "own", Field: f, N: n, Found: true})
		}
	}
	return append(out, found...)
}

// configured are classes of the desk's set-up, whose titles are no person's data.
var configured = map[string]bool{"root": true, "agreementRule": true, "domain": true}

// inventory is what nobody can move and somebody has to build again, from a written list.
func (s *survey) inventory(d *Document) []Counted {
	n := func(class string) int { return s.classes[class].n }
	items := func(codes ...string) int {
		sum := 0
		for _, c := range d.Catalogs {
			if slices.Contains(codes, c.Code) {
				sum += c.N
			}
		}
		return sum
	}
	states := 0
	for _, c := range d.Classes {
		for _, t := range c.Types {
			if c.Name == "serviceCall" {
				states += len(t.States)
			}
		}
	}
	out := []Counted{{"sla", n("agreement") + n("agreementRule")}, {"schedules", items("servicetime")}, {"lookup_tables", items("rulesSettings")}, {"routing", n("slmService")},
		{"approvals", n("negotiation")}, {"workflow", states}, {"mail_intake", n("domain")}, {"kb", n("KB")}, {"templates", n("template")}}
	if s.export.sum != nil { // the states that there are, and not those that tickets are in
		out = slices.DeleteFunc(out, func(c Counted) bool { return c.ID == "workflow" })
	}
	out = slices.DeleteFunc(out, func(c Counted) bool { return c.N == 0 })
	if s.export.sum != nil {
		return append(out, s.export.inventory()...)
	}
	return append(out, Counted{ID: "events"}, Counted{ID: "escalations"}, Counted{ID: "permissions"}, Counted{ID: "mail_rules"})
}
