package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An object is one business object, catalog item, comment or file. Its attributes are values as in
// the data directory: a link is a UUID, an instant an RFC 3339 string in UTC.
type object struct {
	uuid   string
	number int64 // the numeric part of the UUID, which is the order of creation
	typ    *typ
	attrs  map[string]any
	at     string // file and line it was read from; empty for what came later
}

// A ref is a link that points to some object.
type ref struct {
	from *object
	attr string
}

// A store holds the objects. Its methods are called under the server's lock.
type store struct {
	model   model
	modules modules
	objects map[string]*object
	classes map[*typ][]*object // by class, in order of creation
	refs    map[string][]ref   // by the UUID pointed to
	last    int64              // the global counter of UUIDs
	numbers map[*typ]int64     // the highest number attribute of a class
	bytes   map[int64][]byte   // files that were added, by number
	foreign map[string]bool    // accessKeys that texts embed, or did at some time
}

func newStore() *store {
	return &store{
		model: parseModel(stockModel), objects: map[string]*object{}, classes: map[*typ][]*object{}, refs: map[string][]ref{},
		numbers: map[*typ]int64{}, bytes: map[int64][]byte{}, foreign: map[string]bool{},
	}
}

// uuidNumber returns the numeric part of a UUID, or false where s is none.
func uuidNumber(s string) (class string, number int64, ok bool) {
	class, digits, ok := strings.Cut(s, "$")
	if !ok || class == "" || digits == "" || len(digits) > 18 || strings.ContainsAny(class, " <>/\"'") {
		return "", 0, false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", 0, false
		}
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return class, number, err == nil
}

// newObject makes an object of attributes that hold UUID and metaClass as well, and does not add it.
// Items of a catalog have any UUID; everything else has the class in front of the $ (IT 2.2).
func (s *store) newObject(attrs map[string]any, inCatalog bool) (*object, error) {
	uuid, _ := attrs["UUID"].(string)
	metaClass, _ := attrs["metaClass"].(string)
	class, number, ok := uuidNumber(uuid)
	if err := s.modules.fit(class, attrs); err != nil {
		return nil, err
	}
	metaClass, _ = attrs["metaClass"].(string)
	switch {
	case metaClass == "":
		return nil, fmt.Errorf("no metaClass")
	case !ok:
		return nil, fmt.Errorf("UUID %q is not class$number", uuid)
	case s.objects[uuid] != nil:
		return nil, fmt.Errorf("UUID %s is there already", uuid)
	}
	o := &object{uuid: uuid, number: number, attrs: attrs}
	if inCatalog {
		o.typ = s.model.catalog(metaClass)
	} else {
		if c, _, _ := strings.Cut(metaClass, "$"); c != class {
			return nil, fmt.Errorf("%s: metaClass %s is not of class %s", uuid, metaClass, class)
		}
		o.typ = s.model.typeOf(metaClass)
	}
	delete(attrs, "UUID")
	delete(attrs, "metaClass")
	return o, nil
}

// isCatalog tells whether the class of a type is a catalog.
func (t *typ) isCatalog() bool {
	_, ok := t.stock["code"]
	_, folder := t.stock["folder"]
	return ok && folder
}

// put adds an object.
func (s *store) put(o *object) {
	class := o.typ.class()
	s.objects[o.uuid] = o
	list := s.classes[class]
	at, _ := slices.BinarySearchFunc(list, o, byNumber)
	s.classes[class] = slices.Insert(list, at, o)
	s.last = max(s.last, o.number)
	s.link(o)
}

func byNumber(a, b *object) int {
	return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.uuid, b.uuid))
}

// set gives attributes other values; nil empties one.
func (s *store) set(o *object, attrs map[string]any) {
	s.unlink(o)
	for name, v := range attrs {
		o.attrs[name] = v
	}
	s.link(o)
}

// remove deletes an object for good, its comments and files with it, and empties the links to it.
func (s *store) remove(o *object) {
	s.unlink(o)
	delete(s.objects, o.uuid)
	class := o.typ.class()
	if at, ok := slices.BinarySearchFunc(s.classes[class], o, byNumber); ok {
		s.classes[class] = slices.Delete(s.classes[class], at, at+1)
	}
	for _, r := range slices.Clone(s.refs[o.uuid]) {
		owned := r.from.typ.fqn == "comment" || r.from.typ.fqn == "file"
		switch v := r.from.attrs[r.attr].(type) {
		case string:
			if owned && r.attr == "source" {
				s.remove(r.from)
				continue
			}
			s.set(r.from, map[string]any{r.attr: nil})
		case []any:
			rest := slices.DeleteFunc(slices.Clone(v), func(e any) bool { return e == o.uuid })
			s.set(r.from, map[string]any{r.attr: rest})
		}
	}
}

// link notes what an object points to and what else it adds to the model.
func (s *store) link(o *object) {
	for name, v := range o.attrs {
		a, stock := o.typ.stock[name]
		if !stock {
			o.typ.extra[name] = true
		}
		if text, ok := v.(string); ok {
			for _, key := range embeddedKeys(text) {
				s.foreign[key] = true
			}
		}
		if name == "number" {
			if n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64); err == nil {
				s.numbers[o.typ.class()] = max(s.numbers[o.typ.class()], n)
			}
		}
		if a.isText() {
			continue
		}
		for _, to := range uuids(v) {
			s.refs[to] = append(s.refs[to], ref{o, name})
		}
	}
	for name, a := range o.typ.stock {
		if a.kind != "part" && a.kind != "agg" {
			continue
		}
		if _, given := o.attrs[name]; !given {
			for _, to := range uuids(aggregate(o, a)) {
				s.refs[to] = append(s.refs[to], ref{o, name})
			}
		}
	}
}

func (s *store) unlink(o *object) {
	drop := func(v any) {
		for _, to := range uuids(v) {
			s.refs[to] = slices.DeleteFunc(s.refs[to], func(r ref) bool { return r.from == o })
		}
	}
	for _, v := range o.attrs {
		drop(v)
	}
}

// uuids returns what of a value looks like UUIDs: the value itself or the elements of a list.
func uuids(v any) []string {
	switch v := v.(type) {
	case string:
		if _, _, ok := uuidNumber(v); ok {
			return []string{v}
		}
	case []any:
		var all []string
		for _, e := range v {
			if e, ok := e.(string); ok {
				all = append(all, uuids(e)...)
			}
		}
		return all
	}
	return nil
}

// aggregate works out a link that was left out from those beside it: client from clientEmployee,
// or clientEmployee from a client that is an employee.
func aggregate(o *object, a attr) any {
	for _, other := range a.of {
		to, ok := o.attrs[other].(string)
		if ok && (a.kind == "agg" || strings.HasPrefix(to, a.class+"$")) {
			return to
		}
	}
	return nil
}

// value returns an attribute as in the data directory; what the data leave out and the model can
// work out is worked out, and otherwise it is nil.
func (s *store) value(o *object, name string) any {
	switch name {
	case "UUID":
		return o.uuid
	case "metaClass":
		return o.typ.fqn
	}
	if v, ok := o.attrs[name]; ok {
		return v
	}
	a := o.typ.attr(name)
	switch a.kind {
	case "false":
		return false
	case "agg", "part":
		return aggregate(o, a)
	case "file":
		return s.pointing(o, func(r ref) bool {
			return r.attr == "source" && r.from.typ.fqn == "file" && r.from.attrs["relation"] == name
		})
	case "back":
		return s.pointing(o, func(r ref) bool {
			return slices.Contains(a.of, r.from.typ.class().fqn+"."+r.attr)
		})
	}
	if a.isMany() {
		return []any{}
	}
	return nil
}

// pointing returns the UUIDs of the objects that point to o, in order of creation.
func (s *store) pointing(o *object, which func(ref) bool) []any {
	var from []*object
	for _, r := range s.refs[o.uuid] {
		if which(r) {
			from = append(from, r.from)
		}
	}
	slices.SortFunc(from, byNumber)
	list := []any{}
	for _, f := range slices.Compact(from) {
		list = append(list, f.uuid)
	}
	return list
}

// check tells what is wrong with the values of an object: an instant that is none, a link to
// nothing. Attributes that the model does not know can hold anything.
func (s *store) check(typ *typ, attrs map[string]any) error {
	for name, v := range attrs {
		a, known := typ.stock[name]
		switch text, isText := v.(string); {
		case !known || v == nil:
		case a.kind == "dateTime" || a.kind == "date":
			if _, _, ok := parseInstant(text); !ok && isText {
				return fmt.Errorf("%s: %q is neither 2026-03-02T06:14:55Z nor 2026-03-02", name, text)
			}
		case a.isLink():
			if _, _, ok := uuidNumber(text); isText && !ok {
				return fmt.Errorf("%s: %q is no UUID", name, text)
			}
			for _, to := range uuids(v) {
				if s.objects[to] == nil {
					return fmt.Errorf("%s: there is no %s", name, to)
				}
			}
		}
	}
	return nil
}

// parseInstant reads an instant, or a plain date, of the data directory.
func parseInstant(text string) (t time.Time, dateOnly, ok bool) {
	switch {
	case len(text) == len(time.DateOnly) && text[4] == '-' && text[7] == '-':
		t, err := time.Parse(time.DateOnly, text)
		return t, true, err == nil
	case len(text) >= 20 && text[4] == '-' && text[10] == 'T' && text[len(text)-1] == 'Z':
		t, err := time.Parse(time.RFC3339Nano, text)
		return t, false, err == nil
	}
	return time.Time{}, false, false
}
