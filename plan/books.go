package plan

import (
	"maps"
	"slices"
)

// An Outcome is what became of a row: exactly one from a closed list.
type Outcome string

// The outcomes, in the order in which the books show them.
const (
	OutCreated   Outcome = "created"
	OutUpdated   Outcome = "updated"
	OutAdopted   Outcome = "adopted"
	OutAppended  Outcome = "appended"
	OutNoOp      Outcome = "no-op"
	OutKept      Outcome = "kept"
	OutConflict  Outcome = "conflict"
	OutFrozen    Outcome = "frozen"
	OutMerged    Outcome = "merged"
	OutLeft      Outcome = "left"
	OutBlocked   Outcome = "blocked"
	OutSkipped   Outcome = "skipped"
	OutInvalid   Outcome = "invalid"
	OutManual    Outcome = "manual"
	OutSetAside  Outcome = "set aside"
	OutInDoubt   Outcome = "in doubt"
	OutPartial   Outcome = "partial"
	OutExcluded  Outcome = "excluded by target"
	OutUnreached Outcome = "not reached"
	OutBroken    Outcome = "broken row"
	OutDuplicate Outcome = "duplicate row"
)

// Outcomes is the closed list.
func Outcomes() []Outcome {
	return []Outcome{OutCreated, OutUpdated, OutAdopted, OutAppended, OutNoOp, OutKept, OutConflict, OutFrozen, OutMerged,
		OutLeft, OutBlocked, OutSkipped, OutInvalid, OutManual, OutSetAside, OutInDoubt, OutPartial, OutExcluded,
		OutUnreached, OutBroken, OutDuplicate}
}

// OutcomeOf is the outcome of a row whose change was carried out, or had nothing to carry out.
func OutcomeOf(a Action) Outcome {
	switch a {
	case Create:
		return OutCreated
	case Adopt:
		return OutAdopted
	case Update:
		return OutUpdated
	case AppendTo:
		return OutAppended
	case NoOp:
		return OutNoOp
	case Keep:
		return OutKept
	case Conflict:
		return OutConflict
	case Frozen:
		return OutFrozen
	case Merged:
		return OutMerged
	case Left:
		return OutLeft
	case Blocked:
		return OutBlocked
	case Skip:
		return OutSkipped
	case Invalid:
		return OutInvalid
	case Manual:
		return OutManual
	}
	panic("plan: no outcome for action " + string(a))
}

// Books count what became of every row, by set. They must add up to the rows read.
type Books struct {
	Sets map[string]map[Outcome]int `json:"sets"`
	// Rows is how many rows each set's data had, records of groups, broken and duplicate ones included.
	Rows map[string]int `json:"rows,omitempty"`
	// Splits is how many records more there are than rows, because a thread goes on in more than one object.
	Splits map[string]int `json:"splits,omitempty"`
}

// Split counts a change that continues another record.
func (b *Books) Split(c *Change) {
	if c.Continues == "" || c.Action == Left {
		return
	}
	if b.Splits == nil {
		b.Splits = map[string]int{}
	}
	b.Splits[c.Address.Set]++
}

// Add counts n rows.
func (b *Books) Add(set string, o Outcome, n int) {
	if n == 0 {
		return
	}
	if b.Sets == nil {
		b.Sets = map[string]map[Outcome]int{}
	}
	if b.Sets[set] == nil {
		b.Sets[set] = map[Outcome]int{}
	}
	b.Sets[set][o] += n
}

// Total counts the rows of all sets with an outcome.
func (b *Books) Total(o Outcome) int {
	n := 0
	for _, set := range b.Sets {
		n += set[o]
	}
	return n
}

// Unbalanced names the sets whose outcomes do not add up to the rows read and the splits. Rows that are only left have no row.
func (b *Books) Unbalanced() []string {
	var out []string
	for _, set := range slices.Sorted(maps.Keys(b.Rows)) {
		n := 0
		for o, k := range b.Sets[set] {
			if o != OutLeft {
				n += k
			}
		}
		if n != b.Rows[set]+b.Splits[set] {
			out = append(out, set)
		}
	}
	return out
}
