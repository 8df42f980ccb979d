package hcl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"deskform/plan"
)

// A node is a compiled expression.
type node struct {
	typ typ
	at  hcl.Range
	// fixed: the value is known; eval returns val.
	fixed bool
	val   plan.Value
	// unknown: the value hangs on a variable of the environment that is not set.
	unknown bool
	// bad: an error has been reported; what is built on it reports no more.
	bad  bool
	eval func(*frame) (plan.Value, error)
}

// A frame holds one evaluation: the variables in scope and what was joined. It belongs to one goroutine at a time.
type frame struct {
	vars  []plan.Value
	joins Joins
	m     *mapping
	notes []Note
	lost  []loss
	memo  []joined
	// states are row states to use again; the first `used` are taken.
	states []*rowState
	used   int
}

// A joined is an answer of Joins, kept while one row is evaluated.
type joined struct {
	row  *rowType
	many bool
	key  string
	val  plan.Value
}

// A loss is what functions took out of the value of a field.
type loss struct {
	field, rule string
	times       int
}

// lose notes a loss; the field is known when the value is.
func (f *frame) lose(rule string, times int) {
	if times > 0 {
		f.lost = append(f.lost, loss{"", rule, times})
	}
}

// lostBy says that all losses without a field are those of this one. The fields of parts count under their list.
func (f *frame) lostBy(field string, part bool) {
	if part {
		field, _, _ = cut(field)
	}
	for i := len(f.lost) - 1; i >= 0 && f.lost[i].field == ""; i-- {
		f.lost[i].field = field
	}
}

// forget drops the losses of what is no field.
func (f *frame) forget() {
	for len(f.lost) > 0 && f.lost[len(f.lost)-1].field == "" {
		f.lost = f.lost[:len(f.lost)-1]
	}
}

// losses are the notes of a record, one for each field and rule, in the order of the mapping.
func (f *frame) losses() []plan.Problem {
	var out []plan.Problem
	for _, l := range f.lost {
		i := slices.IndexFunc(out, func(p plan.Problem) bool { return p.Field == l.field && p.Rule == l.rule })
		if i < 0 {
			i = len(out)
			out = append(out, plan.Problem{Field: l.field, Rule: l.rule})
		}
		out[i].Times += l.times
		out[i].Text = fmt.Sprintf("%s: %d", strings.ReplaceAll(l.rule, "_", " "), out[i].Times)
	}
	return out
}

func (f *frame) state() *rowState {
	if f.used == len(f.states) {
		f.states = append(f.states, &rowState{})
	}
	f.used++
	return f.states[f.used-1]
}

// A fault is an error that a row makes while it is evaluated: it becomes a problem of the record. Its text quotes no
// value.
type fault struct{ rule, text string }

func (f *fault) Error() string { return f.text }

// errUnknown says that an environment variable is needed and not set.
type errUnknown struct{ name string }

func (e *errUnknown) Error() string { return e.name + " is not set" }

func fixedNode(at hcl.Range, v plan.Value) *node {
	return &node{typ: typeOf(v), at: at, fixed: true, val: v, eval: func(*frame) (plan.Value, error) { return v, nil }}
}

func badNode(at hcl.Range) *node {
	n := fixedNode(at, nil)
	n.typ, n.bad = anyType, true
	return n
}

func liveNode(at hcl.Range, t typ, eval func(*frame) (plan.Value, error)) *node {
	return &node{typ: t, at: at, eval: eval}
}

// fold evaluates a node now when all it is made of is known.
func (c *compiler) fold(n *node, parts ...*node) *node {
	for _, p := range parts {
		if p == nil {
			continue
		}
		n.bad = n.bad || p.bad
		n.unknown = n.unknown || p.unknown
	}
	if n.bad {
		return badNode(n.at)
	}
	for _, p := range parts {
		if p != nil && !p.fixed {
			return n
		}
	}
	v, err := n.eval(&frame{})
	var unknown *errUnknown
	switch {
	case errors.As(err, &unknown):
		n.unknown = true
		return n
	case err != nil:
		c.errorf(n.at, "Invalid value", "%s.", sentence(err.Error()))
		return badNode(n.at)
	}
	t := n.typ
	out := fixedNode(n.at, v)
	if t.form == refForm || t.form == personForm {
		out.typ = t
	}
	return out
}

// sentence begins with a capital letter.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if s[0] >= 'a' && s[0] <= 'z' && (len(s) < 2 || s[1] < 'A' || s[1] > 'Z') {
		// A name such as "value_map.x" or "e164()" stays as it is.
		for i := 0; i < len(s) && s[i] != ' '; i++ {
			if s[i] == '.' || s[i] == '(' || s[i] == '_' {
				return s
			}
		}
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
