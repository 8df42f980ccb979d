package hcl

import (
	"math"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

func (c *compiler) unary(e *hclsyntax.UnaryOpExpr) *node {
	x := c.compile(e.Val)
	if e.Op == hclsyntax.OpLogicalNot {
		c.condition(x)
		return c.fold(liveNode(e.Range(), boolType, func(f *frame) (plan.Value, error) {
			v, err := x.eval(f)
			if err != nil {
				return nil, err
			}
			ok, err := truth(v)
			return !ok, err
		}), x)
	}
	c.number(x, "-")
	return c.fold(liveNode(e.Range(), numberType, func(f *frame) (plan.Value, error) {
		v, err := x.eval(f)
		if err != nil {
			return nil, err
		}
		if v, err = numberOf(v); err != nil || v == nil {
			return nil, err
		}
		return arithmetic(hclsyntax.OpSubtract, int64(0), v)
	}), x)
}

// number reports what can be no number.
func (c *compiler) number(n *node, op string) {
	switch n.typ.form {
	case numberForm, anyForm, nullForm, stringForm:
		if n.typ.form != stringForm || !n.fixed {
			return
		}
		if _, err := numberOf(n.val); err == nil {
			return
		}
	}
	if !n.bad {
		c.errorf(n.at, "Wrong type", "%s needs a number, and this is %s.", op, n.typ)
		n.bad = true
	}
}

var opSigns = map[*hclsyntax.Operation]string{
	hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpMultiply: "*", hclsyntax.OpDivide: "/", hclsyntax.OpModulo: "%",
	hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=", hclsyntax.OpLessThan: "<", hclsyntax.OpLessThanOrEqual: "<=",
}

func (c *compiler) binary(e *hclsyntax.BinaryOpExpr) *node {
	a, b := c.compile(e.LHS), c.compile(e.RHS)
	at := e.Range()
	switch e.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		c.condition(a)
		c.condition(b)
		or := e.Op == hclsyntax.OpLogicalOr
		return c.fold(liveNode(at, boolType, func(f *frame) (plan.Value, error) {
			v, err := a.eval(f)
			if err != nil {
				return nil, err
			}
			ok, err := truth(v)
			if err != nil || ok == or {
				return ok, err
			}
			if v, err = b.eval(f); err != nil {
				return nil, err
			}
			ok, err = truth(v)
			return ok, err
		}), a, b)
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		c.comparable(a, b, e)
		not := e.Op == hclsyntax.OpNotEqual
		return c.fold(liveNode(at, boolType, func(f *frame) (plan.Value, error) {
			x, err := a.eval(f)
			if err != nil {
				return nil, err
			}
			y, err := b.eval(f)
			if err != nil {
				return nil, err
			}
			return same(x, y) != not, nil
		}), a, b)
	case hclsyntax.OpGreaterThan, hclsyntax.OpGreaterThanOrEqual, hclsyntax.OpLessThan, hclsyntax.OpLessThanOrEqual:
		c.ordered(a, b, e)
		op := e.Op
		return c.fold(liveNode(at, boolType, func(f *frame) (plan.Value, error) {
			x, err := a.eval(f)
			if err != nil || x == nil {
				return nil, err
			}
			y, err := b.eval(f)
			if err != nil || y == nil {
				return nil, err
			}
			n, err := compare(x, y)
			if err != nil {
				return nil, err
			}
			switch op {
			case hclsyntax.OpGreaterThan:
				return n > 0, nil
			case hclsyntax.OpGreaterThanOrEqual:
				return n >= 0, nil
			case hclsyntax.OpLessThan:
				return n < 0, nil
			}
			return n <= 0, nil
		}), a, b)
	}
	sign := opSigns[e.Op]
	c.number(a, sign)
	c.number(b, sign)
	op := e.Op
	return c.fold(liveNode(at, numberType, func(f *frame) (plan.Value, error) {
		x, err := a.eval(f)
		if err != nil {
			return nil, err
		}
		y, err := b.eval(f)
		if err != nil {
			return nil, err
		}
		if x, err = numberOf(x); err != nil || x == nil {
			return nil, err
		}
		if y, err = numberOf(y); err != nil || y == nil {
			return nil, err
		}
		return arithmetic(op, x, y)
	}), a, b)
}

// comparable reports comparisons that can never be true, and codes that a catalog does not have.
func (c *compiler) comparable(a, b *node, e *hclsyntax.BinaryOpExpr) {
	if a.bad || b.bad {
		return
	}
	if a.fixed {
		a, b = b, a
	}
	text, isText := b.val.(string)
	if b.fixed && isText {
		if codes, known := a.typ.catalog(); known && !contains(codes, text) {
			c.warnf(b.at, "Not in the catalog", "The catalog of %s has no code %q.%s", a.typ.from.column, text, meant(text, codes))
			return
		}
		if a.typ.form == linkForm && a.typ.from != nil {
			if contains(a.typ.from.row.catalogs[a.typ.from.column], text) {
				c.errorf(e.Range(), "A link is compared by its key", "A link beside a text is its UUID, and %q is a code of the catalog of %s: compare its .code.", text, a.typ.from.column)
				b.bad = true
				return
			}
		}
	}
	x, y := a.typ.form, b.typ.form
	group := func(f form) form {
		switch f {
		case timeForm, linkForm, rowForm, fileForm:
			return stringForm
		}
		return f
	}
	if x == anyForm || y == anyForm || x == nullForm || y == nullForm || group(x) == group(y) {
		return
	}
	c.errorf(e.Range(), "Comparison that is never true", "This compares %s with %s, which are never equal. Convert one of them with tostring(), tonumber() or tobool().", a.typ, b.typ)
	b.bad = true
}

// catalog are the codes that a value may have, when it is the code of a catalog column that was pulled.
func (t typ) catalog() ([]string, bool) {
	if t.from == nil {
		return nil, false
	}
	codes, ok := t.from.row.catalogs[t.from.column]
	if !ok || len(codes) == 0 {
		return nil, false
	}
	switch {
	case t.from.attr == "code", t.from.attr == "" && t.form == stringForm:
		return codes, true
	}
	return nil, false
}

// ordered reports what has no order.
func (c *compiler) ordered(a, b *node, e *hclsyntax.BinaryOpExpr) {
	if a.bad || b.bad {
		return
	}
	x, y := a.typ, b.typ
	open := func(t typ) bool { return t.form == anyForm || t.form == nullForm }
	switch {
	case open(x) && (open(y) || y.text() || y.form == numberForm):
	case open(y) && (x.text() || x.form == numberForm):
	case x.form == numberForm && y.form == numberForm, x.text() && y.text():
	default:
		c.errorf(e.Range(), "Wrong type", "%s compares two numbers, or two texts (times are texts), and here is %s and %s.", opSigns[e.Op], x, y)
		b.bad = true
	}
}

// compare orders two numbers, or two texts by their bytes, which orders times as well.
func compare(x, y plan.Value) (int, error) {
	s, ok1 := x.(string)
	t, ok2 := y.(string)
	if ok1 && ok2 {
		return strings.Compare(s, t), nil
	}
	p, err := numberOf(x)
	if err != nil {
		return 0, err
	}
	q, err := numberOf(y)
	if err != nil {
		return 0, err
	}
	i, ok1 := p.(int64)
	j, ok2 := q.(int64)
	if ok1 && ok2 {
		switch {
		case i < j:
			return -1, nil
		case i > j:
			return 1, nil
		}
		return 0, nil
	}
	switch g, h := float(p), float(q); {
	case g < h:
		return -1, nil
	case g > h:
		return 1, nil
	}
	return 0, nil
}

func float(v plan.Value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

// arithmetic computes with whole numbers as long as nothing is lost, else with floating point.
func arithmetic(op *hclsyntax.Operation, x, y plan.Value) (plan.Value, error) {
	i, ok1 := x.(int64)
	j, ok2 := y.(int64)
	if ok1 && ok2 {
		switch op {
		case hclsyntax.OpAdd:
			if s := i + j; (s > i) == (j > 0) {
				return s, nil
			}
		case hclsyntax.OpSubtract:
			if s := i - j; (s < i) == (j > 0) {
				return s, nil
			}
		case hclsyntax.OpMultiply:
			if i == 0 || j == 0 {
				return int64(0), nil
			}
			if p := i * j; p/j == i && !(i == -1 && j == math.MinInt64) && !(j == -1 && i == math.MinInt64) {
				return p, nil
			}
		case hclsyntax.OpDivide:
			if j != 0 && j != -1 && i%j == 0 {
				return i / j, nil
			}
		case hclsyntax.OpModulo:
			if j != 0 && j != -1 {
				return i % j, nil
			}
		}
	}
	g, h := float(x), float(y)
	var out float64
	switch op {
	case hclsyntax.OpAdd:
		out = g + h
	case hclsyntax.OpSubtract:
		out = g - h
	case hclsyntax.OpMultiply:
		out = g * h
	case hclsyntax.OpDivide:
		out = g / h
	case hclsyntax.OpModulo:
		out = math.Mod(g, h)
	}
	if math.IsNaN(out) || math.IsInf(out, 0) {
		return nil, &fault{"type", "a calculation has no result (a division by zero, or too large a number)"}
	}
	if out == math.Trunc(out) && math.Abs(out) < 1<<53 {
		return int64(out), nil
	}
	return out, nil
}
