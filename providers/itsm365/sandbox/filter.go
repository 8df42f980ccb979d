package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// supports tells whether a filter can compare with a value: no ranges, no patterns, no null (IT 2.1).
func supports(want any) bool {
	switch want := want.(type) {
	case nil, map[string]any:
		return false
	case []any:
		return !slices.ContainsFunc(want, func(e any) bool {
			_, isList := e.([]any)
			return isList || !supports(e)
		})
	}
	return true
}

// vet returns false where a filter can match nothing, and an error where it is to be refused.
func (s *Server) vet(t *typ, p Profile, conds []cond) (bool, error) {
	for _, c := range conds {
		switch {
		case !t.knows(c.name), c.name == "UUID", !supports(c.want):
			// That find cannot filter by UUID is what one live tenant does (IT 2.1).
			if s.opt.UnknownFilter == Refuse {
				return false, failf("Некорректный фильтр: атрибут '%s' метакласса '%s'", c.name, t.fqn)
			}
			return false, nil
		case p.isHiddenAttr(t.class(), c.name):
			return false, nil
		}
	}
	return true, nil
}

// selected returns the objects of a type that a filter lets through, in order of creation.
func (s *Server) selected(t *typ, p Profile, conds []cond) []*object {
	list := s.narrowed(t, conds)
	if t.parent == nil && len(conds) == 0 && p.seesAll() {
		return list
	}
	var found []*object
	for _, o := range list {
		if o.typ.isA(t) && s.matches(o, conds) && s.sees(p, o) {
			found = append(found, o)
		}
	}
	return found
}

// narrowed returns the objects of the class, or only those that have a link the filter asks for.
func (s *Server) narrowed(t *typ, conds []cond) []*object {
	best := s.store.classes[t.class()]
	for _, c := range conds {
		if !t.indexes(c.name) {
			continue
		}
		targets := uuids(c.want)
		if list, ok := c.want.([]any); len(targets) == 0 || ok && len(list) != len(targets) {
			continue
		}
		found := []*object{}
		for _, to := range targets {
			for _, r := range s.store.refs[to] {
				if r.attr == c.name && r.from.typ.class() == t.class() {
					found = append(found, r.from)
				}
			}
		}
		if len(found) < len(best) {
			slices.SortFunc(found, byNumber)
			best = slices.Compact(found)
		}
	}
	return best
}

// indexes tells whether links of the attribute are all among the store's refs: they are not for
// texts, for what is worked out from other objects, and for flags.
func (t *typ) indexes(name string) bool {
	a := t.attr(name)
	if name == "metaClass" || a.isText() || a.kind == "back" || a.kind == "file" {
		return false
	}
	return !slices.ContainsFunc(t.kinds, func(k *typ) bool { return !k.indexes(name) })
}

func (s *Server) matches(o *object, conds []cond) bool {
	for _, c := range conds {
		v := s.store.value(o, c.name)
		wants, isList := c.want.([]any)
		if !isList {
			wants = []any{c.want}
		}
		if !slices.ContainsFunc(wants, func(w any) bool { return s.equals(v, w) }) {
			return false
		}
	}
	return true
}

// equals compares a stored value with one of a filter: links by UUID, instants as they are rendered,
// booleans and numbers natively or as a query pair writes them. Of a list, one element is enough.
func (s *Server) equals(v, want any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return s.equals(e, want) })
	case bool:
		return v == want || want == fmt.Sprint(v)
	case json.Number, float64, int, int64:
		a, ok := number(v)
		b, isNumber := number(want)
		return ok && isNumber && a == b
	case string:
		text := fmt.Sprint(want)
		if text == v {
			return true
		}
		t, dateOnly, ok := parseInstant(v)
		return ok && s.instant(t, dateOnly) == text
	}
	return false
}

// contains is the comparison of search: a piece of the text, in any case.
func contains(v, want any) bool {
	text, ok := want.(string)
	if !ok {
		text = fmt.Sprint(want)
	}
	switch v.(type) {
	case string, json.Number, float64, int, int64:
		return text != "" && strings.Contains(strings.ToLower(fmt.Sprint(v)), strings.ToLower(text))
	}
	return false
}
