// Package report renders plans and books as text and JSON. It only reads: what it is given is what it shows. A
// person's data is masked unless the caller asks for it by name.
package report

import (
	"fmt"
	"strings"

	"deskform/plan"
)

// A Summary counts the changes of a plan by action.
type Summary map[plan.Action]int

// Add counts one change.
func (s Summary) Add(c *plan.Change) { s[c.Action]++ }

// Line is the summary line of a plan. It is an interface: scripts read it.
func (s Summary) Line() string {
	return fmt.Sprintf("Plan: %d to create, %d to adopt, %d to update, %d to append, %d in conflict, %d frozen, %d blocked, %d manual, %d invalid.",
		s[plan.Create], s[plan.Adopt], s[plan.Update], s[plan.AppendTo], s[plan.Conflict], s[plan.Frozen], s[plan.Blocked], s[plan.Manual], s[plan.Invalid])
}

// Rest names the actions that the line leaves out, empty when there are none.
func (s Summary) Rest() string {
	var parts []string
	for _, a := range []struct {
		action plan.Action
		words  string
	}{{plan.Merged, "merged"}, {plan.Keep, "changed in Intercom and kept"}, {plan.Left, "left behind by the source"},
		{plan.NoOp, "unchanged"}, {plan.Skip, "skipped by rule"}} {
		if n := s[a.action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, a.words))
		}
	}
	return strings.Join(parts, ", ")
}

// ApplyLine is the last line of an apply. It is an interface: scripts read it.
func ApplyLine(b plan.Books) string {
	var parts []string
	for _, o := range []plan.Outcome{plan.OutCreated, plan.OutAdopted, plan.OutUpdated, plan.OutAppended} {
		parts = append(parts, fmt.Sprintf("%d %s", b.Total(o), o))
	}
	for _, o := range []plan.Outcome{plan.OutMerged, plan.OutConflict, plan.OutBlocked, plan.OutSetAside, plan.OutInDoubt, plan.OutPartial, plan.OutUnreached} {
		if n := b.Total(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return "Apply complete: " + strings.Join(parts, ", ") + "."
}
