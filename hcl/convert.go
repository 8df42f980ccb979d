package hcl

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// fits reports what can be no value of a field, before any row is seen, and marks the node as bad.
func (c *compiler) fits(n *node, f *plan.Field, e hclsyntax.Expression) {
	if n.bad {
		return
	}
	if n.fixed {
		if v, ok := c.fixedFits(n, f); !ok || v == nil {
			return
		}
	}
	t := n.typ
	open := t.form == anyForm || t.form == nullForm
	wrong := func(need string) {
		c.errorf(n.at, "Wrong type", "%q needs %s, and this is %s.", f.Name, need, t)
		n.bad = true
	}
	switch f.Type {
	case plan.TypeString, plan.TypeText, plan.TypeHTML:
		c.asText(n, "\""+f.Name+"\"")
	case plan.TypeEnum:
		c.asText(n, "\""+f.Name+"\"")
		c.outcomesFit(n, f, e)
	case plan.TypeAny:
		if t.form == linkForm || t.form == fileForm {
			c.asText(n, "\""+f.Name+"\"")
		} else if !open && !t.scalar() {
			wrong("a plain value (a text, a number, true or false, a time)")
		}
	case plan.TypeInt, plan.TypeNumber:
		if !open && t.form != numberForm && t.form != stringForm {
			wrong("a number")
		}
	case plan.TypeBool:
		if !open && t.form != boolForm && t.form != stringForm {
			wrong("true or false")
		}
	case plan.TypeTime:
		if !open && !t.text() && t.form != numberForm {
			wrong("a time")
		}
	case plan.TypeRef:
		if !open && t.form != refForm {
			wrong("a reference (ref(…) or the name of a resource)")
			return
		}
		c.refersTo(n, t, f)
	case plan.TypeRefs:
		switch {
		case open:
		case t.form == refForm:
			c.refersTo(n, t, f)
		case t.form != listForm:
			wrong("a list of references")
		default:
			if el := t.element(); el.form == refForm {
				c.refersTo(n, el, f)
			} else if el.form != anyForm && el.form != nullForm {
				wrong("a list of references")
			}
		}
	case plan.TypePerson, plan.TypeTeammate:
		switch t.form {
		case personForm, linkForm, rowForm, stringForm, anyForm, nullForm:
		case refForm:
			c.refersTo(n, t, f)
		default:
			wrong("a person: person(…), or a declared teammate")
		}
	case plan.TypeFiles:
		ok := open
		if t.form == listForm {
			el := t.element().form
			ok = el == fileForm || el == linkForm || el == anyForm || el == nullForm || el == objectForm
		}
		if !ok {
			wrong("a list of files")
		}
	case plan.TypeStrings:
		if t.form == listForm {
			if el := t.element(); el.scalar() || el.form == anyForm || el.form == nullForm {
				return
			}
		}
		if !open && !t.scalar() {
			wrong("a list of texts")
		}
	case plan.TypeMap:
		if !open && t.form != objectForm {
			wrong("an object { … }")
		}
	}
}

// fixedFits converts a constant now.
func (c *compiler) fixedFits(n *node, f *plan.Field) (plan.Value, bool) {
	switch n.val.(type) {
	case plan.Ref, plan.Person:
		return n.val, true // checked by its type
	}
	if text, ok := n.val.(string); ok && f.Type == plan.TypeEnum {
		if n.bad = !c.isChoice(text, f, n.at); n.bad {
			return nil, false
		}
	}
	v, fault := convertTo(n.val, f)
	if fault != nil {
		c.errorf(n.at, "Wrong value", "%q %s.", f.Name, fault.text)
		n.bad = true
		return nil, false
	}
	return v, true
}

// outcomesFit checks all values that a value map, or the branches of a condition, can give against the choices of a field.
func (c *compiler) outcomesFit(n *node, f *plan.Field, e hclsyntax.Expression) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c.outcomesFit(n, f, e.Expression)
	case *hclsyntax.ConditionalExpr:
		c.outcomesFit(n, f, e.TrueResult)
		c.outcomesFit(n, f, e.FalseResult)
	case *hclsyntax.TemplateExpr:
		if s, ok := c.fixed(e); ok {
			c.isChoice(s, f, e.Range())
		}
	case *hclsyntax.FunctionCallExpr:
		if e.Name != "map" || len(e.Args) != 2 {
			return
		}
		w, _, ok := words(e.Args[0])
		if !ok || len(w) != 2 {
			return
		}
		if vm, ok := c.valueMaps[w[1]]; ok && !vm.bad {
			for _, v := range vm.outcomes() {
				if v != nil && !c.isChoice(v, f, e.Range()) {
					return
				}
			}
		}
	}
}

func (c *compiler) isChoice(v plan.Value, f *plan.Field, at hcl.Range) bool {
	s, _ := v.(string)
	if contains(f.Enum, s) {
		return true
	}
	hint := ""
	if why := f.Never[s]; why != "" {
		hint = " " + why
	} else if near := nearest(s, f.Enum); near != "" {
		hint = " Did you mean \"" + near + "\"?"
	}
	c.errorf(at, "Not a choice", "%q can be %s; not %q.%s", f.Name, listing(f.Enum), s, hint)
	return false
}

// refersTo checks that a reference leads to a kind that the field takes.
func (c *compiler) refersTo(n *node, t typ, f *plan.Field) {
	if len(f.Refs) == 0 {
		return
	}
	for _, set := range t.sets {
		kind := set
		if d, ok := c.sets[set]; ok {
			kind = d.kind.Name
		}
		if !contains(f.Refs, kind) {
			hint := ""
			if why := f.Never[kind]; why != "" {
				hint = " " + why
			}
			c.errorf(n.at, "Wrong kind", "%q refers to %s, and %s is of kind %s.%s", f.Name, listing(f.Refs), set, kind, hint)
			n.bad = true
			return
		}
		if of := c.typeOf(set); f.OfType != nil && of != nil && !f.OfType(of.label, of.want.Fields) {
			c.errorf(n.at, "Wrong type", "%q leads to another type than the records of %s have, which are of %s.%s. Refer to a set of the right type, or correct the attribute.", f.Name, set, of.set, of.label)
			n.bad = true
			return
		}
	}
}

// typeOf is the resource that the records of a set have for their type, nil where that is not to be seen.
func (l *loader) typeOf(set string) *resourceDecl {
	d, ok := l.sets[set]
	if !ok {
		return nil
	}
	i := slices.IndexFunc(d.kind.Fields, func(f plan.Field) bool { return f.Of != "" })
	if i < 0 {
		return nil
	}
	a, given := d.block.Body.Attributes[d.kind.Fields[i].Of]
	if !given {
		return nil
	}
	w, _, ok := words(a.Expr)
	if !ok || len(w) != 2 {
		return nil
	}
	return l.resources[w[0]][w[1]]
}

// convertTo makes a value of a field's type. Null stays null. The fault quotes no value.
func convertTo(v plan.Value, f *plan.Field) (plan.Value, *fault) {
	if v == nil {
		return nil, nil
	}
	switch f.Type {
	case plan.TypeString, plan.TypeText, plan.TypeHTML:
		if s, ok := v.(string); ok {
			return s, nil
		}
		s, _, err := textOf(v)
		if err != nil {
			return nil, &fault{"type", "is no text"}
		}
		return s, nil
	case plan.TypeEnum:
		s, ok := v.(string)
		if !ok || !slices.Contains(f.Enum, s) {
			return nil, &fault{"not_an_option", "is none of " + listing(f.Enum)}
		}
		return s, nil
	case plan.TypeInt:
		n, err := numberOf(v)
		if err != nil {
			return nil, &fault{"not_a_number", "is no number"}
		}
		if g, ok := n.(float64); ok {
			if g != math.Trunc(g) || math.Abs(g) >= 1<<63 {
				return nil, &fault{"not_an_integer", "is no whole number"}
			}
			return int64(g), nil
		}
		return n, nil
	case plan.TypeNumber:
		n, err := numberOf(v)
		if err != nil {
			return nil, &fault{"not_a_number", "is no number"}
		}
		return n, nil
	case plan.TypeBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		if s, ok := v.(string); ok {
			if b, err := strconv.ParseBool(strings.ToLower(s)); err == nil && len(s) > 3 {
				return b, nil
			}
		}
		return nil, &fault{"not_a_bool", "is neither true nor false"}
	case plan.TypeTime:
		return timeOf(v)
	case plan.TypeRef:
		if r, ok := v.(plan.Ref); ok {
			return r, nil
		}
		return nil, &fault{"type", "is no reference"}
	case plan.TypeRefs:
		return refsOf(v)
	case plan.TypePerson, plan.TypeTeammate:
		switch x := v.(type) {
		case plan.Ref:
			if len(x.Targets) == 0 {
				return nil, nil
			}
			return x, nil
		case plan.Person:
			return x, nil
		}
		p, ok := asPerson(v)
		if !ok {
			return nil, &fault{"type", "is no person"}
		}
		if p == (plan.Person{}) {
			return nil, nil
		}
		return p, nil
	case plan.TypeFiles:
		return filesOf(v)
	case plan.TypeStrings:
		out := []plan.Value{}
		for _, x := range elements(v) {
			s, ok, err := textOf(x)
			if err != nil {
				return nil, &fault{"type", "has an element that is no text"}
			}
			if ok {
				out = append(out, s)
			}
		}
		return out, nil
	case plan.TypeMap:
		m, ok := export(v).(map[string]plan.Value)
		if !ok {
			return nil, &fault{"type", "is no object"}
		}
		return m, nil
	case plan.TypeAny:
		switch v := v.(type) {
		case string, bool, int64, float64:
			return v, nil
		case map[string]plan.Value, *rowState:
			if s, _, err := textOf(v); err == nil {
				return s, nil
			}
		}
		return nil, &fault{"type", "is no plain value"}
	}
	return nil, &fault{"type", "has a type that the language does not know"}
}

// timeOf makes Unix seconds of an RFC 3339 text, or of a number that is Unix seconds.
func timeOf(v plan.Value) (plan.Value, *fault) {
	switch v := v.(type) {
	case string:
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return nil, &fault{"not_a_time", "is no time (RFC 3339, as in 2026-03-02T06:14:55Z)"}
		}
		return t.Unix(), nil
	case int64:
		return v, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
	}
	return nil, &fault{"not_a_time", "is no time"}
}

// refsOf is a set of references: nulls, references to nothing and repetitions are dropped.
func refsOf(v plan.Value) (plan.Value, *fault) {
	list := elements(v)
	out := make([]plan.Value, 0, len(list))
	for _, x := range list {
		if x == nil {
			continue
		}
		r, ok := x.(plan.Ref)
		if !ok {
			return nil, &fault{"type", "has an element that is no reference"}
		}
		if len(r.Targets) == 0 {
			continue
		}
		if !slices.ContainsFunc(out, func(y plan.Value) bool { return slices.Equal(y.(plan.Ref).Targets, r.Targets) }) {
			out = append(out, r)
		}
	}
	return out, nil
}

// filesOf makes files of links to files, as a pull leaves them in the rows.
func filesOf(v plan.Value) (plan.Value, *fault) {
	out := []plan.Value{}
	for _, x := range elements(v) {
		switch x := x.(type) {
		case nil:
		case plan.File:
			out = append(out, x)
		case map[string]plan.Value:
			var f plan.File
			f.Key, _ = x["UUID"].(string)
			if f.Name, _ = x["title"].(string); f.Name == "" {
				f.Name, _ = x["name"].(string)
			}
			f.SHA256, _ = x["sha256"].(string)
			f.Size, _ = x["size"].(int64)
			f.Type, _ = x["type"].(string)
			if f.Key == "" && f.Name == "" {
				return nil, &fault{"type", "has an element that is no file"}
			}
			out = append(out, f)
		default:
			return nil, &fault{"type", "has an element that is no file"}
		}
	}
	return out, nil
}
