package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"deskform/plan"
)

// firstRows is how many addresses stand beside the count of a rule.
const firstRows = 5

// Rules count what rows break and what they lose, by set, field and rule.
type Rules map[Rule]*Rows

// A Rule is one thing that rows may have: a limit they break (Invalid), or a loss that the configuration declares.
type Rule struct {
	Set     string `json:"set"`
	Field   string `json:"field,omitempty"`
	Rule    string `json:"rule"`
	Invalid bool   `json:"invalid"`
}

// Rows are those under one rule: how many records, how many times in all, and the first of them by address, masked.
type Rows struct {
	Rule
	Records int      `json:"records"`
	Times   int      `json:"times"`
	First   []string `json:"first"`
}

// Add counts the problems and notes of one change.
func (r Rules) Add(m masker, c *plan.Change) {
	if len(c.Problems) == 0 && len(c.Notes) == 0 {
		return
	}
	address := m.address(c.Address)
	r.count(c.Address.Set, address, c.Problems, true)
	r.count(c.Address.Set, address, c.Notes, false)
}

func (r Rules) count(set, address string, list []plan.Problem, invalid bool) {
	seen := map[Rule]bool{}
	for _, p := range list {
		k := Rule{Set: set, Field: p.Field, Rule: p.Rule, Invalid: invalid}
		rows := r[k]
		if rows == nil {
			rows = &Rows{Rule: k}
			r[k] = rows
		}
		rows.Times += max(p.Times, 1)
		if seen[k] {
			continue
		}
		seen[k] = true
		rows.Records++
		if len(rows.First) < firstRows {
			rows.First = append(rows.First, address)
		}
	}
}

// List is everything that was counted, what makes records invalid first.
func (r Rules) List() []Rows {
	out := make([]Rows, 0, len(r))
	for _, rows := range r {
		out = append(out, *rows)
	}
	slices.SortFunc(out, func(a, b Rows) int {
		if a.Invalid != b.Invalid {
			if a.Invalid {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Set, b.Set), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule.Rule, b.Rule.Rule))
	})
	return out
}

func (r Rules) write(out io.Writer) {
	invalid, heading := true, "\nRows that break a limit or a rule:"
	for i, rows := range r.List() {
		if i == 0 && !rows.Invalid || invalid && !rows.Invalid {
			invalid, heading = false, "\nWhat rows lose or become by a declared rule:"
		}
		if heading != "" {
			fmt.Fprintln(out, heading)
			heading = ""
		}
		times := ""
		if rows.Times != rows.Records {
			times = fmt.Sprintf(", %d times", rows.Times)
		}
		more := ""
		if rows.Records > len(rows.First) {
			more = ", …"
		}
		fmt.Fprintf(out, "  %6d %s %s: %s%s  (%s%s)\n", rows.Records, rows.Set, visible(rows.Field), rows.Rule.Rule, times, strings.Join(rows.First, ", "), more)
	}
}
