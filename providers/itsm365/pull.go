package itsm365

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"

	"deskform/plan"
	"deskform/providers/transport"
)

// Describe says what rows of a class look like: the stock model, corrected and extended by what a few real objects show.
func (s *Source) Describe(ctx context.Context, d plan.Data) (plan.RowType, error) {
	class, err := classArg(d)
	if err != nil {
		return plan.RowType{}, err
	}
	model := stockColumns(classFrom(class))
	rt := plan.RowType{Columns: map[string]plan.Column{}}
	maps.Copy(rt.Columns, model)
	if classFrom(class) == "comment" {
		rt.Private = "private"
	}
	objs, err := s.samples(ctx, d, class)
	if err != nil && unknownClass(err, class) {
		return rt, noClass{err}
	}
	if err != nil {
		return rt, err
	}
	for _, raw := range objs {
		var obj map[string]any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&obj); err != nil {
			return rt, fmt.Errorf("ITSM 365 find/%s: %w", class, err)
		}
		for name, v := range obj {
			c, ok := columnOf(v, s.dates)
			if name == "title" && c.Type == plan.ColumnTime { // names are never dates
				c.Type = plan.ColumnString
			}
			old, known := rt.Columns[name]
			switch {
			case known && (!ok || holds(old.Type, c.Type)):
			case model[name].Type == plan.ColumnTime && c.Type == plan.ColumnString: // a date that is none
			case !known && ok:
				rt.Columns[name] = c
			default: // it has more than one form (IT 2.10), or tells nothing
				rt.Columns[name] = plan.Column{Type: plan.ColumnAny}
			}
		}
	}
	if err := dateFilter(d.Args, rt.Columns); err != nil {
		return rt, err
	}
	rt.Unshown = s.unshown(class, model, len(objs) > 0)
	if attrs := plan.Texts(d.Args["attrs"]); len(attrs) > 0 {
		rt.Notes = s.strangers(d, class, len(objs) > 0)
		for name := range rt.Columns {
			if !slices.Contains(attrs, name) && name != "UUID" && name != "metaClass" {
				delete(rt.Columns, name)
			}
		}
		for _, name := range attrs {
			if _, ok := rt.Columns[name]; !ok {
				rt.Columns[name] = plan.Column{Type: plan.ColumnAny}
			}
		}
	}
	return rt, nil
}

// holds reports whether a column of type col can take a value that looks like one of type v.
func holds(col, v plan.ColumnType) bool {
	switch col {
	case v, plan.ColumnAny:
		return true
	case plan.ColumnString:
		return v == plan.ColumnTime // a text that happens to look like a date
	case plan.ColumnFiles, plan.ColumnList:
		return v == plan.ColumnLinks || v == plan.ColumnFiles || v == plan.ColumnList
	case plan.ColumnLinks:
		return v == plan.ColumnFiles
	case plan.ColumnObject:
		return v == plan.ColumnLink
	}
	return false
}

// samples are whole objects, one of each type that the first page shows, for types of a class differ in their attributes;
// the service gives every attribute of an object only when asked for none (IT 2.1). Comments have owners, and a class that
// lists nothing has no samples.
func (s *Source) samples(ctx context.Context, d plan.Data, class string) ([]json.RawMessage, error) {
	if len(d.Of) > 0 {
		return nil, nil
	}
	objs, err := s.find(ctx, class, filterArg(d), nil, 0, 1)
	if err != nil {
		return nil, err
	}
	s.note(class, objs)
	if len(objs) == 0 || !strings.Contains(typeOf(objs[0]), "$") {
		return objs, nil
	}
	page, err := s.find(ctx, class, filterArg(d), []string{"UUID", "metaClass"}, 0, s.pageSize)
	if err != nil {
		return nil, err
	}
	more, err := s.meet(ctx, class, filterArg(d), page, map[string]bool{typeOf(objs[0]): true})
	return append(objs, more...), err
}

// meet reads a whole object of each type on a page that was not met yet.
func (s *Source) meet(ctx context.Context, class string, filter map[string]any, page []json.RawMessage, met map[string]bool) ([]json.RawMessage, error) {
	var objs []json.RawMessage
	for _, raw := range page {
		typ := typeOf(raw)
		if met[typ] || !fqn.MatchString(typ) {
			continue
		}
		met[typ] = true
		more, err := s.find(ctx, typ, filter, nil, 0, 1)
		if err != nil {
			return nil, err
		}
		s.note(class, more, typ) // what came may be of a type below it
		objs = append(objs, more...)
	}
	return objs, nil
}

// note remembers the attributes of whole objects, and returns the types that were met so far, these among them.
func (s *Source) note(class string, objs []json.RawMessage, types ...string) map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attrs[class] == nil {
		s.attrs[class], s.met[class] = map[string]bool{}, map[string]bool{}
	}
	for _, raw := range objs {
		var obj map[string]json.RawMessage
		if json.Unmarshal(raw, &obj) != nil {
			continue // a broken row, which its reader reports
		}
		for name := range obj {
			s.attrs[class][name] = true
		}
		s.met[class][typeOf(raw)] = true
	}
	for _, typ := range types {
		s.met[class][typ] = true
	}
	return maps.Clone(s.met[class])
}

func typeOf(raw json.RawMessage) string {
	var o struct {
		MetaClass string `json:"metaClass"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	return o.MetaClass
}

// fqn is the name of a class or type. Nothing else goes into an address: a server that decodes %2F could take it for
// another method, and some of those write.
var fqn = regexp.MustCompile(`^\w+(\$\w+)?$`)

func classArg(d plan.Data) (string, error) {
	class, _ := d.Args["class"].(string)
	if class == "" {
		return "", fmt.Errorf("data.%s: class is missing; write class = \"serviceCall\"", d.Address())
	}
	if !fqn.MatchString(class) {
		return "", fmt.Errorf("data.%s: class %q is no class; write serviceCall, or serviceCall$request for a type", d.Address(), class)
	}
	return class, nil
}

func filterArg(d plan.Data) map[string]any {
	f, _ := d.Args["filter"].(map[string]plan.Value)
	out := map[string]any{}
	for k, v := range f {
		out[k] = v
	}
	return out
}

// attrsOf is the fixed list of attributes that a bulk read asks for: what the block names, or what the model knows and the
// tenant has. Asking for none would drag every back-link collection along (IT trap 11).
func (s *Source) attrsOf(ctx context.Context, d plan.Data, class string) ([]string, error) {
	if whole, _ := d.Args["whole"].(bool); whole {
		return nil, nil
	}
	if attrs := plan.Texts(d.Args["attrs"]); len(attrs) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(append(attrs, "UUID", "metaClass")))), nil
	}
	if !s.noted(class) && len(d.Of) == 0 {
		if _, err := s.samples(ctx, d, class); err != nil {
			return nil, err
		}
	}
	return s.known(class), nil
}

func (s *Source) noted(class string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attrs[class] != nil
}

// known are the attributes of a class by the model and the samples; nil when nobody knows any.
func (s *Source) known(class string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.attrs[class]
	model := stockColumns(classFrom(class))
	if len(model) == 0 && len(have) == 0 {
		return nil // a catalog that nobody knows: small, read whole
	}
	var attrs []string
	for name := range model {
		if len(have) == 0 || have[name] {
			attrs = append(attrs, name)
		}
	}
	// The tenant's own attributes come too, but for the collections, which are back-links.
	for name := range have {
		if _, ok := model[name]; !ok && !heavy[name] {
			attrs = append(attrs, name)
		}
	}
	slices.Sort(attrs)
	return attrs
}

// heavy are stock back-link collections and fields that nobody maps (IT 3.4, trap 11).
var heavy = map[string]bool{
	"serviceCalls": true, "createdSCs": true, "respForSCs": true, "votes": true, "workReports": true, "childOUs": true, "employees": true,
	"KEsInUse": true, "recipientAgreements": true, "all_Group": true, "phonesIndex": true, "password": true, "image": true, "folders": true,
	"icon": true, "system_icon": true, "comments": true, "changeRequest": true, "workRecords": true, "KBtoAddArticle": true, "addArtikle": true,
	"articlesKB": true, "agreements": true, "privateCode": true, "titleKB": true,
}

// Rows yields the objects of a class in the service's order. Paging follows IT 2.1: fixed attributes, the offset grows by
// what came, the end is an empty page; a repeated UUID means that the list has shifted, and the page before is read again.
func (s *Source) Rows(ctx context.Context, d plan.Data, owners iter.Seq2[string, error]) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		class, err := classArg(d)
		if err != nil {
			yield(plan.Row{}, err)
			return
		}
		attrs, err := s.attrsOf(ctx, d, class)
		if err != nil {
			yield(plan.Row{}, err)
			return
		}
		r := &reading{d: d, class: class, attrs: attrs, filter: s.filterOf(d, attrs), yield: func(row plan.Row, _ int, err error) bool { return yield(row, err) }}
		if len(d.Of) == 0 {
			s.pages(ctx, r)
			return
		}
		for owner, err := range owners {
			if err != nil {
				yield(plan.Row{}, err)
				return
			}
			r.owner, r.filter[d.By] = owner, owner
			if !s.pages(ctx, r) {
				return
			}
		}
	}
}

// A reading is one list being read: that of a class, or what one owner has of it.
type reading struct {
	d      plan.Data
	class  string
	attrs  []string // nil asks for whole objects
	filter map[string]any
	owner  string
	raw    bool // objects stay as they came
	heads  bool // only what a list needs is asked for
	ask    bool // answers are not remembered
	yield  func(row plan.Row, at int, err error) bool
}

const (
	maxHeals  = 50 // how often one list may shift while it is read
	maxChecks = 10 // and how often it is then checked before it counts as restless
)

var errRestless = errors.New("the list changes faster than it can be read; try at a quieter hour")

// filterOf is the filter of a block's lists.
func (s *Source) filterOf(d plan.Data, attrs []string) map[string]any {
	f := filterArg(d)
	if _, said := f["removed"]; !said && !s.archived && slices.Contains(attrs, "removed") {
		f["removed"] = false
	}
	return f
}

// list reads objects of a reading.
func (s *Source) list(ctx context.Context, r *reading, attrs []string, offset, limit int) ([]json.RawMessage, error) {
	if r.ask {
		return s.ask(ctx, r.class, r.filter, attrs, offset, limit)
	}
	return s.find(ctx, r.class, r.filter, attrs, offset, limit)
}

// page reads one page. A service that refuses an attribute which it does not have is not asked for that one again. One client
// had to drop attrs for comments altogether (IT 2.7): lists of such a class are read whole from then on.
func (s *Source) page(ctx context.Context, r *reading, offset, limit int) ([]json.RawMessage, error) {
	s.mu.Lock()
	if s.noAttrs[r.class] && !r.heads {
		r.attrs = nil
	}
	r.attrs = s.taken(r.class, r.attrs)
	s.mu.Unlock()
	objs, err := s.list(ctx, r, r.attrs, offset, limit)
	var he *transport.HTTPError
	if len(r.attrs) == 0 || !errors.As(err, &he) || he.Status != http.StatusInternalServerError || !final(err) {
		return objs, err
	}
	again, err2 := s.list(ctx, r, r.attrs, offset, limit) // an error inside of the service looks like a refusal, and may pass
	if err2 == nil {
		return again, nil
	}
	switch found, rerr := s.refuse(ctx, r, he); {
	case rerr != nil:
		return nil, rerr
	case found == someRefused:
		return s.page(ctx, r, offset, limit)
	case found == noneRefused && r.owner == "":
		return nil, err // whole objects in bulk are no way round it (IT 2.1, trap 11)
	}
	whole, werr := s.list(ctx, r, nil, offset, limit)
	if werr != nil {
		return nil, err
	}
	s.mu.Lock()
	s.noAttrs[r.class] = true
	s.mu.Unlock()
	r.attrs = nil
	return whole, nil
}

// taken are attributes without those of the class that the service has refused. The caller holds the lock.
func (s *Source) taken(class string, attrs []string) []string {
	if len(s.refused[class]) == 0 || attrs == nil {
		return attrs
	}
	return slices.DeleteFunc(slices.Clone(attrs), func(a string) bool { return s.refused[class][a] })
}

// What refuse found.
const (
	noneRefused = iota
	someRefused
	allRefused
)

// refuse finds out which attributes of a reading the service refuses: it asks one object for
// each of those that its answer names, or for every one where it names none. Of comments it is asked for no more than that.
func (s *Source) refuse(ctx context.Context, r *reading, he *transport.HTTPError) (int, error) {
	own := func(a string) bool { return a != "UUID" && a != "metaClass" }
	named := words(he.Text)
	asked := slices.DeleteFunc(slices.Clone(r.attrs), func(a string) bool { return !own(a) || !slices.Contains(named, a) })
	if len(asked) == 0 && r.owner == "" {
		asked = slices.DeleteFunc(slices.Clone(r.attrs), func(a string) bool { return !own(a) })
	}
	var bad []string
	for _, a := range asked {
		_, err := s.list(ctx, r, []string{"UUID", a}, 0, 1)
		var one *transport.HTTPError
		switch {
		case errors.As(err, &one) && one.Status == http.StatusInternalServerError && final(err) && !badKey(one):
			bad = append(bad, a)
		case err != nil:
			return noneRefused, err
		}
	}
	if len(bad) > 1 && len(bad) == len(r.attrs)-2 {
		return allRefused, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range bad {
		if s.refused[r.class] == nil {
			s.refused[r.class] = map[string]bool{}
		}
		s.refused[r.class][a] = true
	}
	if len(bad) == 0 {
		return noneRefused, nil
	}
	return someRefused, nil
}

// words are the words of a text, as codes of attributes are.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// widen looks for types that no sample had, and reports whether they have attributes that were not asked for.
func (s *Source) widen(ctx context.Context, r *reading, objs []json.RawMessage) (bool, error) {
	if r.attrs == nil || r.d.Args["attrs"] != nil || len(r.d.Of) > 0 {
		return false, nil
	}
	if _, err := s.meet(ctx, r.class, r.filter, objs, s.note(r.class, nil)); err != nil || r.heads {
		return false, err
	}
	attrs := s.listed(r)
	more := len(attrs) > len(r.attrs)
	r.attrs = attrs
	return more, nil
}

// pages reads one list to its end, which is an empty page, also of what one owner has: a server may cut a page short by the
// number of objects or by their size, and nobody can tell that from the end (IT 1.5, 2.1). It returns false when the consumer or an error stopped it.
func (s *Source) pages(ctx context.Context, r *reading) bool {
	seen := map[string]bool{}
	offset, reached, heals, answers := 0, 0, 0, 0
	for {
		objs, err := s.page(ctx, r, offset, s.pageSize)
		more := false
		if err == nil {
			more, err = s.widen(ctx, r, objs)
		}
		if err != nil {
			r.yield(plan.Row{}, 0, fmt.Errorf("read %s: %w", r.class, err))
			return false
		}
		if more {
			continue // the same page, with what its types have
		}
		if len(objs) == 0 {
			return answers <= 1 || s.verify(ctx, r, seen)
		}
		answers++
		fresh, repeated := 0, 0
		for i, raw := range objs {
			row, uuid := s.row(r, raw, offset+i)
			switch {
			case uuid == "" && offset+i < reached: // a broken row of a page that is read again
				continue
			case seen[uuid]:
				repeated++
				continue
			case uuid != "":
				fresh++
				seen[uuid] = true
			}
			if !r.yield(row, offset+i, nil) {
				return false
			}
		}
		offset += len(objs)
		reached = max(reached, offset)
		if repeated > 0 && fresh > 0 {
			if heals++; heals > maxHeals {
				r.yield(plan.Row{}, 0, fmt.Errorf("read %s: %w", r.class, errRestless))
				return false
			}
			offset = max(0, offset-2*len(objs))
		}
	}
}

// verify reads the list again by key alone and fetches what slipped through between two pages: when an object is deleted
// during a read, the one after it moves to an offset that was read already (IT trap 21). That can happen to a check as
// well. So one in which something known is gone, or comes twice, counts only when the next shows the very same.
func (s *Source) verify(ctx context.Context, r *reading, seen map[string]bool) bool {
	fail := func(err error) bool {
		r.yield(plan.Row{}, 0, fmt.Errorf("verify the list of %s: %w", r.class, err))
		return false
	}
	known := seen
	var before []string
	for pass := range maxChecks {
		var list []string
		for offset := 0; ; {
			objs, err := s.list(ctx, r, []string{"UUID"}, offset, s.pageSize)
			if err != nil {
				return fail(err)
			}
			if len(objs) == 0 {
				break
			}
			for i, raw := range objs {
				var o struct{ UUID string }
				if json.Unmarshal(raw, &o) != nil || o.UUID == "" {
					continue
				}
				list = append(list, o.UUID)
				if seen[o.UUID] {
					continue
				}
				whole, err := s.list(ctx, r, r.attrs, offset+i, 1)
				if err != nil {
					return fail(err)
				}
				for _, raw := range whole {
					row, uuid := s.row(r, raw, offset+i)
					if uuid == "" || seen[uuid] {
						continue
					}
					seen[uuid] = true
					if !r.yield(row, offset+i, nil) {
						return false
					}
				}
			}
			offset += len(objs)
		}
		met, whole := map[string]bool{}, true
		for _, uuid := range list {
			met[uuid] = true
			whole = whole && seen[uuid] // it was not got, when the list shifted once more
		}
		calm := len(met) == len(list)
		for uuid := range known {
			calm = calm && met[uuid]
		}
		if whole && (calm || pass > 0 && slices.Equal(list, before)) {
			return true
		}
		known, before = met, list
	}
	return fail(errRestless)
}

// row makes a row of an object. What is no object, or has no UUID, is a broken row.
func (s *Source) row(r *reading, raw json.RawMessage, offset int) (plan.Row, string) {
	row := plan.Row{Owner: r.owner, Pos: fmt.Sprintf("offset %d", offset)}
	if r.raw {
		uuid := gjson.GetBytes(raw, "UUID") // a struct would take "uuid" for it
		if uuid.Type != gjson.String || uuid.Str == "" {
			row.Broken = "is no object with a UUID"
			return row, ""
		}
		row.JSON, row.Key, row.UUID, row.Pos = raw, uuid.Str, uuid.Str, uuid.Str
		return row, uuid.Str
	}
	text, err := s.normalize(raw, stockColumns(classFrom(r.class)))
	if err != nil {
		row.Broken = "is no object: " + err.Error()
		return row, ""
	}
	var obj map[string]any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // a number in a key is written as it came
	if err := dec.Decode(&obj); err != nil {
		row.Broken = "is no object: " + err.Error()
		return row, ""
	}
	if whole, _ := r.d.Args["whole"].(bool); r.attrs == nil && !whole {
		n := len(obj)
		maps.DeleteFunc(obj, func(name string, _ any) bool { return heavy[name] }) // it was not asked for
		if len(obj) < n {
			if text, err = encode(obj); err != nil {
				row.Broken = "is no object: " + err.Error()
				return row, ""
			}
		}
	}
	uuid, _ := obj["UUID"].(string)
	if uuid == "" {
		row.Broken = "has no UUID"
		return row, ""
	}
	row.JSON, row.Key, row.UUID, row.Pos = text, uuid, uuid, uuid
	if len(r.d.Key) > 0 {
		parts := make([]string, len(r.d.Key))
		for i, k := range r.d.Key {
			v := obj[k]
			if link, ok := v.(map[string]any); ok {
				v = link["UUID"]
			}
			if v == nil || v == "" {
				row.Broken, row.JSON = "attribute "+k+" is empty, and it is the key", nil
				return row, uuid
			}
			parts[i] = fmt.Sprint(v)
		}
		row.Key = strings.Join(parts, "/")
	}
	return row, uuid
}
