package sandbox

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
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
	packed packed
	line   int            // of its file; 0 for what came later
	open   map[string]any // the attributes, where somebody needs many of them; else nil
}

// opened returns the object for reading many of its attributes.
func (o *object) opened() *object {
	c := *o
	c.open = o.packed.unpack()
	return &c
}

func (o *object) attr(name string) (any, bool) {
	if o.open != nil {
		v, ok := o.open[name]
		return v, ok
	}
	return o.packed.get(name)
}

// text returns an attribute that is a text, or a link as its UUID; else "".
func (o *object) text(name string) string {
	v, _ := o.attr(name)
	text, _ := v.(string)
	return text
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
	names   map[string]string  // of attributes, each once
	foreign map[string]bool    // accessKeys that texts embed, or did at some time
}

func newStore() *store {
	return &store{
		model: parseModel(stockModel), objects: map[string]*object{}, classes: map[*typ][]*object{}, refs: map[string][]ref{},
		numbers: map[*typ]int64{}, bytes: map[int64][]byte{}, foreign: map[string]bool{}, names: map[string]string{},
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
	class, _, _ := uuidNumber(uuid)
	if err := s.modules.fit(class, attrs); err != nil {
		return nil, err
	}
	metaClass := attrs["metaClass"]
	delete(attrs, "UUID")
	delete(attrs, "metaClass")
	p, err := pack(attrs)
	if err != nil {
		return nil, err
	}
	return s.objectNamed(uuid, metaClass, p, inCatalog)
}

func (s *store) objectNamed(id, fqn any, p packed, inCatalog bool) (*object, error) {
	uuid, _ := id.(string)
	metaClass, _ := fqn.(string)
	class, number, ok := uuidNumber(uuid)
	switch {
	case metaClass == "":
		return nil, fmt.Errorf("no metaClass")
	case !ok:
		return nil, fmt.Errorf("UUID %q is not class$number", uuid)
	case s.objects[uuid] != nil:
		return nil, fmt.Errorf("UUID %s is there already", uuid)
	}
	o := &object{uuid: uuid, number: number, packed: p}
	if inCatalog {
		o.typ = s.model.catalog(metaClass)
		return o, nil
	}
	if c, _, _ := strings.Cut(metaClass, "$"); c != class {
		return nil, fmt.Errorf("%s: metaClass %s is not of class %s", uuid, metaClass, class)
	}
	o.typ = s.model.typeOf(metaClass)
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
func (s *store) set(o *object, attrs map[string]any) error {
	all := o.packed.unpack()
	maps.Copy(all, attrs)
	p, err := pack(all)
	if err != nil {
		return err
	}
	s.unlink(o)
	o.packed = p
	s.link(o)
	return nil
}

// remove deletes an object for good, its comments and files with it, and empties the links to it.
func (s *store) remove(o *object) error {
	s.unlink(o)
	delete(s.objects, o.uuid)
	class := o.typ.class()
	if at, ok := slices.BinarySearchFunc(s.classes[class], o, byNumber); ok {
		s.classes[class] = slices.Delete(s.classes[class], at, at+1)
	}
	for _, r := range slices.Clone(s.refs[o.uuid]) {
		if s.objects[r.from.uuid] != r.from {
			continue // went along with another of its links
		}
		if r.from.isOwned() && r.attr == "source" {
			if err := s.remove(r.from); err != nil {
				return err
			}
			continue
		}
		var rest any
		switch v, _ := r.from.attr(r.attr); v := v.(type) {
		case []any:
			rest = slices.DeleteFunc(v, func(e any) bool { return e == o.uuid })
		case nil:
			continue // worked out
		}
		if err := s.set(r.from, map[string]any{r.attr: rest}); err != nil {
			return err
		}
	}
	return nil
}

// link notes what an object points to and what else it adds to the model.
func (s *store) link(o *object) {
	var given map[string]bool
	var single map[string]string
	if len(o.typ.worked()) > 0 {
		given, single = map[string]bool{}, map[string]string{}
	}
	for raw, v := range o.packed.raw() {
		name := s.name(raw)
		if name == "UUID" || name == "metaClass" {
			continue
		}
		if given != nil {
			given[name] = true
		}
		a, stock := o.typ.stock[name]
		if !stock {
			o.typ.extra[name] = true
		}
		s.noteKeys(v)
		if name == "number" {
			if n, err := strconv.ParseInt(fmt.Sprint(decoded(v)), 10, 64); err == nil {
				s.numbers[o.typ.class()] = max(s.numbers[o.typ.class()], n)
			}
		}
		if a.isText() {
			continue
		}
		for _, to := range s.targets(v) {
			s.refs[to] = append(s.refs[to], ref{o, name})
			if single != nil {
				single[name] = to
			}
		}
	}
	for name, a := range o.typ.worked() {
		if given[name] {
			continue
		}
		if to := aggregate(a, func(other string) string { return single[other] }); to != "" {
			s.refs[to] = append(s.refs[to], ref{o, name})
		}
	}
}

// noteKeys remembers the keys of one-click links in a text.
func (s *store) noteKeys(raw []byte) {
	if raw[0] != '"' || !bytes.Contains(raw, []byte("accessKey=")) {
		return
	}
	text, _ := decoded(raw).(string)
	for _, key := range embeddedKeys(text) {
		s.foreign[key] = true
	}
}

// name is one string for each name that attributes have.
func (s *store) name(raw []byte) string {
	name, known := s.names[string(raw)]
	if !known {
		name = string(raw)
		s.names[name] = name
	}
	return name
}

// targets returns the UUIDs of a value as it is written.
func (s *store) targets(raw []byte) []string {
	switch {
	case raw[0] == '[':
		return uuids(decoded(raw))
	case raw[0] != '"' || len(raw) > 80 || bytes.IndexByte(raw, '$') < 0:
		return nil
	}
	return uuids(decoded(raw))
}

func (s *store) unlink(o *object) {
	for to := range o.pointsTo() {
		s.refs[to] = slices.DeleteFunc(s.refs[to], func(r ref) bool { return r.from == o })
	}
}

// pointsTo is whatever of an object looks like a UUID.
func (o *object) pointsTo() map[string]bool {
	all := map[string]bool{}
	for _, v := range o.packed.raw() {
		for _, to := range uuids(decoded(v)) {
			all[to] = true
		}
	}
	return all
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
func aggregate(a attr, link func(string) string) string {
	for _, other := range a.of {
		to := link(other)
		if to != "" && (a.kind == "agg" || strings.HasPrefix(to, a.class+"$")) {
			return to
		}
	}
	return ""
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
	if v, ok := o.attr(name); ok {
		return v
	}
	a := o.typ.attr(name)
	switch a.kind {
	case "false":
		return false
	case "agg", "part":
		if to := aggregate(a, o.text); to != "" {
			return to
		}
		return nil
	case "file":
		return s.pointing(o, func(r ref) bool {
			return r.attr == "source" && r.from.typ.fqn == "file" && r.from.text("relation") == name
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
func (s *store) check(typ *typ, attrs packed) error {
	for raw, value := range attrs.raw() {
		a, known := typ.stock[string(raw)]
		if !known || !a.isLink() && a.kind != "dateTime" && a.kind != "date" {
			continue
		}
		name, v := string(raw), decoded(value)
		switch text, isText := v.(string); {
		case v == nil:
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
