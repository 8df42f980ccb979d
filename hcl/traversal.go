package hcl

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"deskform/plan"
)

// traversal compiles a name with its steps: each.priority.code, var.x, tag.high.
func (c *compiler) traversal(t hcl.Traversal, at hcl.Range) *node {
	root := t.RootName()
	if v, ok := c.scope.find(root); ok {
		return c.steps(c.variable(v, at), t[1:], at)
	}
	switch root {
	case "var", "local":
		if len(t) < 2 {
			c.errorf(at, "Name missing", "Write %s.NAME.", root)
			return badNode(at)
		}
		name, ok := stepName(t[1])
		if !ok {
			c.errorf(at, "Name missing", "Write %s.NAME.", root)
			return badNode(at)
		}
		if root == "local" {
			return c.steps(c.local(name, at), t[2:], at)
		}
		return c.steps(c.variableValue(name, at), t[2:], at)
	case "each", "part":
		if c.m == nil {
			c.errorf(at, "No row here", "%s is the row of a records block's `from`, or of a part's `for_each`; here only constants are known: variables, locals and functions of them.", root)
		} else if root == "part" {
			c.errorf(at, "No part here", "part is the row of a part block's for_each and is known inside that block only.")
		} else {
			c.errorf(at, "No row here", "each is not known here.")
		}
		return badNode(at)
	case "data":
		c.errorf(at, "A collection is no value", "This names a collection of rows. Look one up: row(%s, key), rows(%s, key); or read them all: from = %s.", writeTraversal(t), writeTraversal(t), writeTraversal(t))
		return badNode(at)
	case "value_map":
		c.errorf(at, "A value map is no value", "Use it with map(%s, value).", writeTraversal(t))
		return badNode(at)
	case "phase":
		c.errorf(at, "A phase is no value", "Phases are named in the `after` of a phase.")
		return badNode(at)
	}
	if c.isKindWord(root) {
		return c.objectName(t, at)
	}
	names := []string{"var", "local", "data"}
	for s := c.scope; s != nil; s = s.up {
		for n := range s.vars {
			names = append(names, n)
		}
	}
	for _, k := range c.Kinds {
		word, _, _ := cut(k.Name)
		if !slices.Contains(names, word) {
			names = append(names, word)
		}
	}
	hint := meant(root, names)
	if _, isFunc := c.functions[root]; isFunc && hint == "" {
		hint = " It is a function: write " + root + "(…)."
	}
	if hint == "" && len(t) == 1 {
		hint = " A text is written in double quotes."
	}
	c.errorf(t[0].SourceRange(), "Unknown name", "There is nothing called %q here.%s", root, hint)
	return badNode(at)
}

// stepName is the name that a step goes to: .name or ["name"].
func stepName(s hcl.Traverser) (string, bool) {
	switch s := s.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.IsKnown() && !s.Key.IsNull() && s.Key.Type() == cty.String {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func writeTraversal(t hcl.Traversal) string {
	s := t.RootName()
	for _, step := range t[1:] {
		name, ok := stepName(step)
		if !ok {
			return s + "[…]"
		}
		s += "." + name
	}
	return s
}

// steps goes down from a value. Null stays null.
func (c *compiler) steps(n *node, steps []hcl.Traverser, at hcl.Range) *node {
	for len(steps) > 0 && !n.bad {
		if n.typ.form == rowForm && n.typ.row != nil && c.m != nil {
			var path []string
			for _, s := range steps {
				name, ok := stepName(s)
				if !ok {
					break
				}
				path = append(path, name)
			}
			if len(path) > 0 {
				n = c.column(n, path, steps, at)
				steps = steps[len(path):]
				continue
			}
		}
		switch s := steps[0].(type) {
		case hcl.TraverseIndex:
			key, ok := fromCty(s.Key)
			if !ok {
				return badNode(at)
			}
			n = c.item(n, fixedNode(s.SrcRange, key), at)
		case hcl.TraverseAttr:
			n = c.attr(n, s.Name, s.SrcRange, at)
		default:
			c.errorf(at, "Expression not supported", "Write [*] for all elements of a list.")
			return badNode(at)
		}
		steps = steps[1:]
	}
	return n
}

// column compiles a path below a row to one slot.
func (c *compiler) column(n *node, path []string, steps []hcl.Traverser, at hcl.Range) *node {
	rt := n.typ.row
	t, ok := c.pathType(rt, path, steps)
	if !ok {
		return badNode(at)
	}
	tab := c.m.table(rt)
	i := tab.path(path)
	c.m.column(rt, path[0])
	eval := n.eval
	return liveNode(at, t, func(f *frame) (plan.Value, error) {
		v, err := eval(f)
		if err != nil || v == nil {
			return nil, err
		}
		rs, ok := v.(*rowState)
		if !ok {
			return nil, nil
		}
		return rs.slots[i], nil
	})
}

// pathType checks a path against the columns of a row.
func (c *compiler) pathType(rt *rowType, path []string, steps []hcl.Traverser) (typ, bool) {
	if rt.columns == nil {
		return anyType, true
	}
	col, ok := rt.columns[path[0]]
	if !ok {
		what := "data." + rt.addr + " has"
		if rt.inline {
			what = "the rows have"
		}
		c.errorf(steps[0].SourceRange(), UnknownColumn, "%s no column %q.%s%s", sentence(what), path[0], meant(path[0], rt.columnNames()), rt.remedy())
		return anyType, false
	}
	t := columnType(col)
	t.from = &origin{row: rt, column: path[0]}
	for i, name := range path[1:] {
		next, ok := c.attrType(t, name, steps[i+1].SourceRange())
		if !ok {
			return anyType, false
		}
		if t.from != nil && t.form == linkForm {
			next.from = &origin{row: rt, column: path[0], attr: name}
		}
		t = next
	}
	return t, true
}

// attrType is the type of an attribute, or an error.
func (c *compiler) attrType(t typ, name string, at hcl.Range) (typ, bool) {
	switch t.form {
	case linkForm, fileForm:
		names := linkAttrs
		if t.form == fileForm {
			names = fileAttrs
		}
		if !slices.Contains(names, name) {
			hint := ""
			if n := nearest(name, names); n != "" {
				hint = " Did you mean \"" + n + "\"?"
			} else if t.form == linkForm {
				hint = " To follow the link use row(data.…, link)." + name + "."
			}
			c.errorf(at, "Unknown attribute", "%s has %s; and no %q.%s", sentence(t.String()), strings.Join(names, ", "), name, hint)
			return anyType, false
		}
		if name == "size" {
			return numberType, true
		}
		return stringType, true
	case objectForm:
		if t.attrs == nil {
			return anyType, true
		}
		if a, ok := t.attrs[name]; ok {
			return a, true
		}
		c.errorf(at, "Unknown attribute", "The object has no %q.%s", name, meant(name, keys(t.attrs)))
		return anyType, false
	case listForm:
		c.errorf(at, "Wrong type", "This is %s. Write [0] for its first element or [*].%s for %s of all.", t, name, name)
		return anyType, false
	case anyForm, nullForm, rowForm:
		return anyType, true
	}
	c.errorf(at, "Wrong type", "This is %s and has no attribute %q.", t, name)
	return anyType, false
}

func (c *compiler) attr(n *node, name string, stepAt, at hcl.Range) *node {
	t, ok := c.attrType(n.typ, name, stepAt)
	if !ok {
		return badNode(at)
	}
	eval := n.eval
	return c.fold(liveNode(at, t, func(f *frame) (plan.Value, error) {
		v, err := eval(f)
		if err != nil {
			return nil, err
		}
		return member(v, name), nil
	}), n)
}

// member is an attribute of a value; null where there is none.
func member(v plan.Value, name string) plan.Value {
	switch v := v.(type) {
	case map[string]plan.Value:
		return v[name]
	case *rowState:
		return v.column(name)
	}
	return nil
}

func (c *compiler) index(e *hclsyntax.IndexExpr) *node {
	return c.item(c.compile(e.Collection), c.compile(e.Key), e.Range())
}

// item is an element of a list by number, or an attribute by name; null where there is none.
func (c *compiler) item(n, key *node, at hcl.Range) *node {
	t := anyType
	switch n.typ.form {
	case listForm:
		t = n.typ.element()
		if key.fixed && !key.bad {
			if _, err := numberOf(key.val); err != nil || key.val == nil {
				c.errorf(key.at, "Wrong type", "An element of a list is named by its number, from 0.")
				return badNode(at)
			}
		}
	case objectForm, linkForm, fileForm:
		if name, ok := key.val.(string); ok && key.fixed {
			var ok bool
			if t, ok = c.attrType(n.typ, name, key.at); !ok {
				return badNode(at)
			}
		}
	case rowForm:
		if name, ok := key.val.(string); ok && key.fixed && n.typ.row != nil {
			if t, ok = c.pathType(n.typ.row, []string{name}, []hcl.Traverser{hcl.TraverseAttr{Name: name, SrcRange: key.at}}); !ok {
				return badNode(at)
			}
		}
	case anyForm, nullForm:
	default:
		if !n.bad {
			c.errorf(at, "Wrong type", "This is %s and has no elements.", n.typ)
		}
		return badNode(at)
	}
	t.from = nil
	return c.fold(liveNode(at, t, func(f *frame) (plan.Value, error) {
		v, err := n.eval(f)
		if err != nil || v == nil {
			return nil, err
		}
		k, err := key.eval(f)
		if err != nil || k == nil {
			return nil, err
		}
		list, ok := v.([]plan.Value)
		if !ok {
			name, _, err := textOf(k)
			return member(v, name), err
		}
		num, err := numberOf(k)
		if err != nil {
			return nil, err
		}
		if i, ok := num.(int64); ok && i >= 0 && i < int64(len(list)) {
			return list[i], nil
		}
		return nil, nil
	}), n, key)
}

// forExpr compiles `for`.
func (c *compiler) forExpr(e *hclsyntax.ForExpr) *node {
	coll := c.compile(e.CollExpr)
	vars := map[string]typ{}
	val, key := anyType, stringType
	switch coll.typ.form {
	case listForm:
		val, key = coll.typ.element(), numberType
	case objectForm:
		val = nullType
		for _, t := range coll.typ.attrs {
			val = unify(val, t)
		}
		if len(coll.typ.attrs) == 0 {
			val = anyType
		}
	case anyForm, nullForm:
		key = anyType
	default:
		if !coll.bad {
			c.errorf(coll.at, "Wrong type", "A `for` goes through a list or an object, and this is %s.", coll.typ)
		}
		return badNode(e.Range())
	}
	val.from = nil
	vars[e.ValVar] = val
	if e.KeyVar != "" {
		vars[e.KeyVar] = key
	}
	lookups := c.lookups()
	in, at := c.with(vars)
	var keyNode, cond *node
	if e.CondExpr != nil {
		cond = in.compile(e.CondExpr)
		in.condition(cond)
	}
	if e.KeyExpr != nil {
		keyNode = in.compile(e.KeyExpr)
		in.asText(keyNode, "The name of an attribute")
	}
	value := in.compile(e.ValExpr)
	for _, n := range []*node{cond, keyNode, value} {
		if n != nil && n.bad {
			return badNode(e.Range())
		}
	}
	t := listOf(value.typ)
	if keyNode != nil {
		t = typ{form: objectForm}
	}
	loop := &loop{coll: coll, cond: cond, key: keyNode, val: value, group: e.Group, valAt: at[e.ValVar], keyAt: -1}
	if e.KeyVar != "" {
		loop.keyAt = at[e.KeyVar]
	}
	n := liveNode(e.Range(), t, loop.eval)
	if coll.fixed && lookups == c.lookups() && (cond == nil || c.constant(e.CondExpr, vars)) && (e.KeyExpr == nil || c.constant(e.KeyExpr, vars)) && c.constant(e.ValExpr, vars) {
		return c.fold(n, coll)
	}
	n.unknown = coll.unknown
	return n
}

// constant reports whether an expression hangs on nothing but the given variables and constants.
func (c *compiler) constant(e hclsyntax.Expression, own map[string]typ) bool {
	for _, t := range e.Variables() {
		root := t.RootName()
		if _, ok := own[root]; ok {
			continue
		}
		if _, ok := c.scope.find(root); ok {
			return false
		}
	}
	return true
}

// lookups counts the places so far where the mapping looks rows up; what does is not constant.
func (c *compiler) lookups() int {
	if c.m == nil {
		return 0
	}
	return len(c.m.joins)
}

type loop struct {
	coll, cond, key, val *node
	group                bool
	valAt, keyAt         int
}

func (l *loop) eval(f *frame) (plan.Value, error) {
	coll, err := l.coll.eval(f)
	if err != nil || coll == nil {
		return nil, err
	}
	list := []plan.Value{}
	object := map[string]plan.Value{}
	one := func(k, v plan.Value) error {
		setVar(f, l.valAt, v)
		if l.keyAt >= 0 {
			setVar(f, l.keyAt, k)
		}
		if l.cond != nil {
			c, err := l.cond.eval(f)
			if err != nil {
				return err
			}
			if ok, err := truth(c); err != nil || !ok {
				return err
			}
		}
		x, err := l.val.eval(f)
		if err != nil {
			return err
		}
		if l.key == nil {
			list = append(list, x)
			return nil
		}
		kv, err := l.key.eval(f)
		if err != nil {
			return err
		}
		name, ok, err := textOf(kv)
		if err != nil || !ok {
			return err
		}
		if l.group {
			old, _ := object[name].([]plan.Value)
			object[name] = append(old, x)
			return nil
		}
		if _, twice := object[name]; twice {
			return &fault{"type", "two elements of a `for` have one name; write `...` after the value to group them"}
		}
		object[name] = x
		return nil
	}
	switch coll := coll.(type) {
	case []plan.Value:
		for i, v := range coll {
			if err := one(int64(i), v); err != nil {
				return nil, err
			}
		}
	case map[string]plan.Value:
		for _, k := range sortedKeys(coll) {
			if err := one(k, coll[k]); err != nil {
				return nil, err
			}
		}
	default:
		return nil, &fault{"type", "a `for` goes through a list or an object, and the row has something else"}
	}
	if l.key != nil {
		return object, nil
	}
	return list, nil
}

// splat compiles list[*].attr.
func (c *compiler) splat(e *hclsyntax.SplatExpr) *node {
	coll := c.compile(e.Source)
	elem := coll.typ
	if coll.typ.form == listForm {
		elem = coll.typ.element()
	}
	elem.from = nil
	at := c.newVar()
	in := c.under(&scope{anon: map[*hclsyntax.AnonSymbolExpr]variable{e.Item: {at, elem}}, up: c.scope})
	each := in.compile(e.Each)
	if coll.bad || each.bad {
		return badNode(e.Range())
	}
	n := liveNode(e.Range(), listOf(each.typ), func(f *frame) (plan.Value, error) {
		v, err := coll.eval(f)
		if err != nil {
			return nil, err
		}
		out := []plan.Value{}
		for _, x := range elements(v) {
			setVar(f, at, x)
			y, err := each.eval(f)
			if err != nil {
				return nil, err
			}
			out = append(out, y)
		}
		return out, nil
	})
	if coll.fixed {
		return c.fold(n, coll)
	}
	n.unknown = coll.unknown
	return n
}
