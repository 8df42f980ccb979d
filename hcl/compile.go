package hcl

import (
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"deskform/plan"
)

// A compiler makes nodes of expressions in one place of the configuration.
type compiler struct {
	*loader
	scope *scope
	// m is the mapping that is being compiled; nil where only constants are allowed.
	m *mapping
	// uses collects the sets and resources that are referred to.
	uses *usage
	// of is the type whose nested attributes the fields of a set mean; nil for none.
	of *resourceDecl
	// off: the block that is compiled does not count.
	off bool
}

// A usage lists what something refers to.
type usage struct {
	// sets by name, with the place of the first reference.
	sets  map[string]hcl.Range
	order []string
}

func (u *usage) add(set string, at hcl.Range) {
	if u == nil {
		return
	}
	if u.sets == nil {
		u.sets = map[string]hcl.Range{}
	}
	if _, ok := u.sets[set]; !ok {
		u.sets[set] = at
		u.order = append(u.order, set)
	}
}

func (u *usage) merge(o *usage) {
	if o == nil {
		return
	}
	for _, s := range o.order {
		u.add(s, o.sets[s])
	}
}

// A scope holds the variables that an expression sees.
type scope struct {
	vars map[string]variable
	anon map[*hclsyntax.AnonSymbolExpr]variable
	up   *scope
}

type variable struct {
	at  int
	typ typ
}

func (s *scope) find(name string) (variable, bool) {
	for ; s != nil; s = s.up {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return variable{}, false
}

func (s *scope) symbol(e *hclsyntax.AnonSymbolExpr) (variable, bool) {
	for ; s != nil; s = s.up {
		if v, ok := s.anon[e]; ok {
			return v, true
		}
	}
	return variable{}, false
}

// with is the compiler inside a scope that has more variables.
func (c *compiler) with(vars map[string]typ) (*compiler, map[string]int) {
	at := map[string]int{}
	s := &scope{vars: map[string]variable{}, up: c.scope}
	for name, t := range vars {
		at[name] = c.newVar()
		s.vars[name] = variable{at[name], t}
	}
	return c.under(s), at
}

func (c *compiler) under(s *scope) *compiler {
	return &compiler{loader: c.loader, scope: s, m: c.m, uses: c.uses, of: c.of, off: c.off}
}

// newVar gives a place in the frame. Constant expressions share a counter, since a `for` may be in one.
func (c *compiler) newVar() int {
	if c.m != nil {
		c.m.vars++
		return c.m.vars - 1
	}
	c.constVars++
	return c.constVars - 1
}

func setVar(f *frame, at int, v plan.Value) {
	for len(f.vars) <= at {
		f.vars = append(f.vars, nil)
	}
	f.vars[at] = v
}

// compile never returns nil; what is wrong has been reported.
func (c *compiler) compile(e hclsyntax.Expression) *node {
	if c.depth++; c.depth > 200 {
		c.depth--
		c.errorf(e.Range(), "Expression too deep", "Expressions may be nested 200 deep; put parts of it into locals.")
		return badNode(e.Range())
	}
	defer func() { c.depth-- }()
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		v, ok := fromCty(e.Val)
		if !ok {
			return badNode(e.Range())
		}
		return fixedNode(e.Range(), v)
	case *hclsyntax.ParenthesesExpr:
		return c.compile(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return c.wrapped(e)
	case *hclsyntax.TemplateExpr:
		return c.template(e)
	case *hclsyntax.TemplateJoinExpr:
		return c.templateJoin(e)
	case *hclsyntax.ScopeTraversalExpr:
		return c.traversal(e.Traversal, e.Range())
	case *hclsyntax.RelativeTraversalExpr:
		return c.steps(c.compile(e.Source), e.Traversal, e.Range())
	case *hclsyntax.FunctionCallExpr:
		return c.call(e)
	case *hclsyntax.ConditionalExpr:
		return c.conditional(e)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e)
	case *hclsyntax.UnaryOpExpr:
		return c.unary(e)
	case *hclsyntax.IndexExpr:
		return c.index(e)
	case *hclsyntax.TupleConsExpr:
		return c.tuple(e)
	case *hclsyntax.ObjectConsExpr:
		return c.object(e)
	case *hclsyntax.ObjectConsKeyExpr:
		if name := hcl.ExprAsKeyword(e.Wrapped); name != "" && !e.ForceNonLiteral {
			return fixedNode(e.Range(), name)
		}
		return c.compile(e.Wrapped)
	case *hclsyntax.ForExpr:
		return c.forExpr(e)
	case *hclsyntax.SplatExpr:
		return c.splat(e)
	case *hclsyntax.AnonSymbolExpr:
		if v, ok := c.scope.symbol(e); ok {
			return c.variable(v, e.Range())
		}
	}
	if !c.hasErrors() {
		c.errorf(e.Range(), "Expression not supported", "This form of expression has no meaning here.")
	}
	return badNode(e.Range())
}

func (c *compiler) variable(v variable, at hcl.Range) *node {
	i := v.at
	return liveNode(at, v.typ, func(f *frame) (plan.Value, error) { return f.vars[i], nil })
}

// fixed compiles an expression whose value must be known without any row.
func (c *compiler) fixed(e hclsyntax.Expression) (plan.Value, bool) {
	n := c.compile(e)
	return n.val, n.fixed && !n.bad
}

func (c *compiler) template(e *hclsyntax.TemplateExpr) *node {
	parts := make([]*node, len(e.Parts))
	literal := make([]bool, len(e.Parts))
	holes := 0
	for i, p := range e.Parts {
		_, literal[i] = p.(*hclsyntax.LiteralValueExpr)
		if !literal[i] {
			holes++
		}
		parts[i] = c.compile(p)
		c.asText(parts[i], "A template")
	}
	n := liveNode(e.Range(), stringType, func(f *frame) (plan.Value, error) {
		buf := make([]byte, 0, 64)
		nulls := 0
		for i, p := range parts {
			v, err := p.eval(f)
			if err != nil {
				return nil, err
			}
			if v == nil {
				if !literal[i] {
					nulls++
				}
				continue
			}
			if buf, err = appendText(buf, v); err != nil {
				return nil, err
			}
		}
		if holes > 0 && nulls == holes {
			return nil, nil
		}
		return string(buf), nil
	})
	return c.fold(n, parts...)
}

// wrapped compiles "${x}" alone: numbers and switches become texts, what is no plain value stays as it is.
func (c *compiler) wrapped(e *hclsyntax.TemplateWrapExpr) *node {
	in := c.compile(e.Wrapped)
	t := in.typ
	switch t.form {
	case numberForm, boolForm:
		t = stringType
	case anyForm, nullForm:
	default:
		return in
	}
	return c.fold(liveNode(e.Range(), t, func(f *frame) (plan.Value, error) {
		v, err := in.eval(f)
		switch v.(type) {
		case int64, float64, bool:
			s, _, err := textOf(v)
			return s, err
		}
		return v, err
	}), in)
}

// asText reports a value that cannot be written as text.
func (c *compiler) asText(n *node, who string) {
	if n.bad {
		return
	}
	switch n.typ.form {
	case linkForm, fileForm:
		c.errorf(n.at, "A link is no text", "%s needs a text, and this is a link. Write .title for what people read, .code for the code of a catalog item or .UUID for its key.", who)
	case listForm, objectForm, rowForm, refForm, personForm:
		c.errorf(n.at, "Wrong type", "%s needs a text, and this is %s.", who, n.typ)
	default:
		return
	}
	n.bad = true
}

func (c *compiler) templateJoin(e *hclsyntax.TemplateJoinExpr) *node {
	list := c.compile(e.Tuple)
	n := liveNode(e.Range(), stringType, func(f *frame) (plan.Value, error) {
		v, err := list.eval(f)
		if err != nil {
			return nil, err
		}
		var buf []byte
		for _, x := range elements(v) {
			if x == nil {
				continue
			}
			if buf, err = appendText(buf, x); err != nil {
				return nil, err
			}
		}
		return string(buf), nil
	})
	return c.fold(n, list)
}

func (c *compiler) conditional(e *hclsyntax.ConditionalExpr) *node {
	cond, yes, no := c.compile(e.Condition), c.compile(e.TrueResult), c.compile(e.FalseResult)
	c.condition(cond)
	if cond.fixed && !cond.bad {
		// Only one side can ever be the value; the other was checked.
		if yes.bad || no.bad {
			return badNode(e.Range())
		}
		if cond.val == true {
			return yes
		}
		return no
	}
	n := liveNode(e.Range(), unify(yes.typ, no.typ), func(f *frame) (plan.Value, error) {
		v, err := cond.eval(f)
		if err != nil {
			return nil, err
		}
		ok, err := truth(v)
		if err != nil {
			return nil, err
		}
		if ok {
			return yes.eval(f)
		}
		return no.eval(f)
	})
	return c.fold(n, cond, yes, no)
}

// condition reports what cannot be true or false.
func (c *compiler) condition(n *node) {
	switch n.typ.form {
	case boolForm, anyForm, nullForm:
		return
	case stringForm:
		if n.fixed && (n.val == "true" || n.val == "false") {
			return
		}
		if !n.fixed {
			return // a text column may hold "true"
		}
	}
	if !n.bad {
		c.errorf(n.at, "Wrong type", "A condition is true or false, and this is %s. Compare it: %s", n.typ, "x != null, x == \"…\".")
		n.bad = true
	}
}

func (c *compiler) tuple(e *hclsyntax.TupleConsExpr) *node {
	parts := make([]*node, len(e.Exprs))
	elem := nullType
	for i, x := range e.Exprs {
		parts[i] = c.compile(x)
		elem = unify(elem, parts[i].typ)
	}
	t := typ{form: listForm}
	if len(parts) > 0 {
		t = listOf(elem)
	}
	n := liveNode(e.Range(), t, func(f *frame) (plan.Value, error) {
		out := make([]plan.Value, len(parts))
		for i, p := range parts {
			v, err := p.eval(f)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	})
	return c.fold(n, parts...)
}

func (c *compiler) object(e *hclsyntax.ObjectConsExpr) *node {
	keys, vals := make([]*node, len(e.Items)), make([]*node, len(e.Items))
	t := typ{form: objectForm, attrs: map[string]typ{}}
	for i, item := range e.Items {
		keys[i], vals[i] = c.compile(item.KeyExpr), c.compile(item.ValueExpr)
		c.asText(keys[i], "The name of an attribute")
		switch {
		case !keys[i].fixed:
			t.attrs = nil
		case t.attrs != nil:
			name, _ := keys[i].val.(string)
			if _, twice := t.attrs[name]; twice && name != "" {
				c.errorf(keys[i].at, "Duplicate name", "%q is in this object twice; delete one of them.", name)
			}
			t.attrs[name] = vals[i].typ
		}
	}
	n := liveNode(e.Range(), t, func(f *frame) (plan.Value, error) {
		out := make(map[string]plan.Value, len(keys))
		for i, k := range keys {
			kv, err := k.eval(f)
			if err != nil {
				return nil, err
			}
			name, ok, err := textOf(kv)
			if err != nil {
				return nil, err
			}
			if !ok {
				return nil, &fault{"type", "the name of an attribute is null"}
			}
			if out[name], err = vals[i].eval(f); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
	return c.fold(n, append(keys, vals...)...)
}

// fromCty makes a value of a cty value; false for unknown ones.
func fromCty(v cty.Value) (plan.Value, bool) {
	v, _ = v.UnmarkDeep()
	if !v.IsKnown() {
		return nil, false
	}
	if v.IsNull() {
		return nil, true
	}
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString(), true
	case t == cty.Bool:
		return v.True(), true
	case t == cty.Number:
		bf := v.AsBigFloat()
		if i, acc := bf.Int64(); acc == big.Exact {
			return i, true
		}
		f, _ := bf.Float64()
		if f > 1.7e308 || f < -1.7e308 {
			return nil, false
		}
		return f, true
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		out := []plan.Value{}
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			x, ok := fromCty(e)
			if !ok {
				return nil, false
			}
			out = append(out, x)
		}
		return out, true
	case t.IsMapType() || t.IsObjectType():
		out := map[string]plan.Value{}
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			x, ok := fromCty(e)
			if !ok {
				return nil, false
			}
			out[k.AsString()] = x
		}
		return out, true
	}
	return nil, false
}

// toCty makes a cty value; lists become tuples and objects objects. References and people have none.
func toCty(v plan.Value) (cty.Value, bool) {
	switch v := v.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType), true
	case string:
		return cty.StringVal(v), true
	case bool:
		return cty.BoolVal(v), true
	case int:
		return cty.NumberIntVal(int64(v)), true
	case int64:
		return cty.NumberIntVal(v), true
	case float64:
		return cty.NumberFloatVal(v), true
	case *rowState:
		return toCty(v.whole())
	case []plan.Value:
		out := make([]cty.Value, len(v))
		for i, x := range v {
			e, ok := toCty(x)
			if !ok {
				return cty.NilVal, false
			}
			out[i] = e
		}
		return cty.TupleVal(out), true
	case map[string]plan.Value:
		out := make(map[string]cty.Value, len(v))
		for k, x := range v {
			e, ok := toCty(x)
			if !ok {
				return cty.NilVal, false
			}
			out[k] = e
		}
		return cty.ObjectVal(out), true
	}
	return cty.NilVal, false
}
