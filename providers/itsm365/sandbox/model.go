package sandbox

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed model.txt
var stockModel string

// An attr is what the model says about one attribute.
type attr struct {
	kind  string   // as listed in model.txt; "part" for a part of an aggregate, "" for one the model does not know
	of    []string // back: class.attribute; agg: its parts, in order; part: the aggregate
	class string   // part: the class of what it points to
}

// isText tells that a value is never taken for a link, a date or an interval.
func (a attr) isText() bool {
	switch a.kind {
	case "string", "rich", "state", "caseList":
		return true
	}
	return false
}

// isMany tells that an empty value is a list.
func (a attr) isMany() bool {
	switch a.kind {
	case "links", "items", "file", "back", "caseList":
		return true
	}
	return false
}

func (a attr) isLink() bool {
	switch a.kind {
	case "link", "item", "links", "items", "file", "back", "agg", "part":
		return true
	}
	return false
}

// A typ is a class (without a parent) or a type below one.
type typ struct {
	fqn    string
	parent *typ
	kinds  []*typ          // the types right below
	stock  map[string]attr // its own and its parents'
	extra  map[string]bool // what objects of exactly this type have besides
	parts  map[string]attr // those of stock that are worked out from others; nil until somebody asks
}

// worked returns the attributes that are worked out from those beside them.
func (t *typ) worked() map[string]attr {
	if t.parts == nil {
		t.parts = map[string]attr{}
		for name, a := range t.stock {
			if a.kind == "part" || a.kind == "agg" {
				t.parts[name] = a
			}
		}
	}
	return t.parts
}

func (t *typ) class() *typ {
	for t.parent != nil {
		t = t.parent
	}
	return t
}

func (t *typ) isA(of *typ) bool {
	for ; t != nil; t = t.parent {
		if t == of {
			return true
		}
	}
	return false
}

// attr returns what the model says about an attribute of an object of this type.
func (t *typ) attr(name string) attr { return t.stock[name] }

// knows tells whether an object of the type, or of a type below it, can have the attribute.
func (t *typ) knows(name string) bool {
	if name == "UUID" || name == "metaClass" {
		return true
	}
	if _, ok := t.stock[name]; ok || t.extra[name] {
		return true
	}
	return slices.ContainsFunc(t.kinds, func(k *typ) bool { return k.knows(name) })
}

// all returns the names of all attributes that an answer without attrs has.
func (t *typ) all() []string {
	names := []string{"UUID", "metaClass"}
	names = slices.AppendSeq(names, maps.Keys(t.stock))
	return slices.AppendSeq(names, maps.Keys(t.extra))
}

// A model holds the classes and types by FQN, and the groups of attributes that classes include.
type model struct {
	types map[string]*typ
	bases map[string]map[string]attr
}

// add makes a type that may be there already.
func (m model) add(fqn string, parent *typ) *typ {
	if t := m.types[fqn]; t != nil {
		return t
	}
	t := &typ{fqn: fqn, parent: parent, stock: map[string]attr{}, extra: map[string]bool{}}
	if parent != nil {
		parent.kinds = append(parent.kinds, t)
		maps.Copy(t.stock, parent.stock)
	}
	m.types[fqn] = t
	return t
}

// typeOf returns the type of a metaClass; one that the stock configuration does not have hangs
// right below its class, and a out any is made (a tenant adds both freely, IT 3.9).
func (m model) typeOf(metaClass string) *typ {
	class, _, isCase := strings.Cut(metaClass, "$")
	t := m.add(class, nil)
	if isCase {
		t = m.add(metaClass, t)
	}
	return t
}

// catalog returns the class of a catalog; one of the tenant's own has what every catalog has.
func (m model) catalog(code string) *typ {
	if t := m.types[code]; t != nil {
		return t
	}
	t := m.add(code, nil)
	maps.Copy(t.stock, m.bases["catalog"])
	return t
}

// parseModel reads the notation of model.txt. It panics on a fault, as that file is part of the program.
func parseModel(text string) model {
	m := model{types: map[string]*typ{}, bases: map[string]map[string]attr{}}
	var attrs map[string]attr
	for n, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "):
			for _, w := range words {
				addAttr(attrs, w)
			}
		case words[0] == "base":
			attrs = map[string]attr{}
			m.bases[words[1]] = attrs
		case words[0] == "class":
			attrs = m.add(words[1], nil).stock
			for _, b := range words[2:] {
				maps.Copy(attrs, m.bases[b])
			}
		case words[0] == "type" && m.types[words[2]] != nil:
			attrs = m.add(words[1], m.types[words[2]]).stock
		default:
			panic(fmt.Sprintf("model.txt:%d: %s", n+1, line))
		}
	}
	return m
}

func addAttr(attrs map[string]attr, word string) {
	name, kind, ok := strings.Cut(word, ":")
	if !ok {
		kind = "string"
	}
	kind, args, _ := strings.Cut(strings.TrimSuffix(kind, ")"), "(")
	a := attr{kind: kind}
	switch kind {
	case "back":
		a.of = strings.Split(args, ",")
	case "agg":
		for suffix := range strings.SplitSeq(args, ",") {
			a.of = append(a.of, name+suffix)
			attrs[name+suffix] = attr{kind: "part", of: []string{name}, class: partClass[suffix]}
		}
	}
	attrs[name] = a
}

// The suffix of a part of an aggregate tells what the part points to (IT 2.10).
var partClass = map[string]string{
	"Employee": "employee", "_em": "employee",
	"OU": "ou", "_ou": "ou",
	"Team": "team", "_te": "team",
}
