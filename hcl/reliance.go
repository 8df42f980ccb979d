package hcl

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"deskform/plan"
)

// readReliance reads what must hold of the rows before anything relies on them.
func (l *loader) readReliance(in *body, c *compiler, d *plan.Data) {
	if e, v, ok := l.constant(in, c, "expect"); ok {
		d.Expect = l.expected(e, v)
	}
	if e, v, ok := l.constant(in, c, "max_shrink"); ok {
		share, isNumber := plainNumber(v)
		if !isNumber || share < 0 || share > 1 {
			l.errorf(e.Range(), "Wrong value", "`max_shrink` is a part from 0 to 1: 0.05 is one row in twenty.")
		} else {
			d.MaxShrink = &share
		}
	}
	if e, v, ok := l.constant(in, c, "max_age"); ok {
		text, _ := v.(string)
		age, err := ageOf(text)
		if err != nil || age <= 0 {
			l.errorf(e.Range(), "Wrong value", "`max_age` is a time such as \"24h\", \"90m\" or \"7d\".")
		} else {
			d.MaxAge = age
		}
	}
}

// constant is the value of an argument that must be known without any row.
func (l *loader) constant(in *body, c *compiler, name string) (hclsyntax.Expression, plan.Value, bool) {
	a, ok := in.attr(name)
	if !ok {
		return nil, nil, false
	}
	n := c.compile(a.Expr)
	switch {
	case n.bad || n.unknown:
		return nil, nil, false
	case !n.fixed:
		l.errorf(a.Expr.Range(), "Constant needed", "%q must be known without any row.", name)
		return nil, nil, false
	}
	return a.Expr, n.val, n.val != nil
}

// expected reads a number of rows, or numbers by type.
func (l *loader) expected(e hclsyntax.Expression, v plan.Value) map[string]int64 {
	byType, isObject := v.(map[string]plan.Value)
	if !isObject {
		byType = map[string]plan.Value{"": v}
	}
	out := map[string]int64{}
	for typ, v := range byType {
		n, ok := plainNumber(v)
		if !ok || n < 0 || n != math.Trunc(n) {
			l.errorf(e.Range(), "Wrong value", "`expect` is a number of rows, or an object of them by type: { \"serviceCall$request\" = 120 }.")
			return nil
		}
		out[typ] = int64(n)
	}
	return out
}

// plainNumber is a number that is written as one.
func plainNumber(v plan.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// ageOf reads a duration that may be in days.
func ageOf(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		return time.Duration(n * 24 * float64(time.Hour)), err
	}
	return time.ParseDuration(text)
}
