package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/state/cache"
)

// A ShrunkError says that too much of what was read before is not there any more; exit code 4. Nothing was taken over.
type ShrunkError struct {
	Data string
	// Type is the type that shrank; empty for all rows of the data block.
	Type         string
	Before, Gone int
	Bound        float64
	// Lost are attributes that rows had a value in and have no more; the numbers above are then 0.
	Lost []Lost
}

// A Lost attribute had a value in Had of Before rows of a class or type, and has in none of Now.
type Lost struct {
	Type, Attr       string
	Had, Before, Now int
}

func (e *ShrunkError) Error() string {
	if len(e.Lost) > 0 {
		var all []string
		for _, l := range e.Lost {
			all = append(all, fmt.Sprintf("%s of %s had a value in %d of %d rows and has one in 0 of %d now", l.Attr, l.Type, l.Had, l.Before, l.Now))
		}
		return fmt.Sprintf("attributes that data.%s had are not shown any more: rights changed. %s. Nothing is taken over and nothing is deleted. Ask whether the access key lost rights; if they are empty for good, write max_shrink = 1 in the data block for one pull", e.Data, strings.Join(all, "; "))
	}
	of := ""
	if e.Type != "" {
		of = " of type " + e.Type
	}
	return fmt.Sprintf("%d of %d rows%s that data.%s had are not listed any more: rights changed, or pull incomplete. Nothing is taken over and nothing is deleted. Ask whether the access key lost rights; if the rows are gone for good, raise max_shrink of the data block (now %g) for one pull", e.Gone, e.Before, of, e.Data, e.Bound)
}

const (
	// defaultShrink is the part of the rows, or of the rows of a type, that may be missing when nothing else is said.
	defaultShrink = 0.05
	// fewGone is how many may be missing whatever part that is, unless they are all of a data block. The only row of a type may,
	// as a single object is soon deleted; the pull names the type then.
	fewGone = 1
	// fewHeld is the same for rows that are read owner by owner, unless they are more than half: only owners that changed
	// are read again, so that parts are parts of little.
	fewHeld = 10
	// fewLost is how many rows may lose an attribute that is not shown any more.
	fewLost = 1
	// An attribute that is shown and empty everywhere counts as lost when so many rows had it, and so large a part of them.
	manyEmptied, partEmptied = 5, 0.2
)

// allowed holds what is missing against the bound of the data block: of all its rows, of those of a type, and attributes.
func allowed(d plan.Data, ebb cache.Ebb, owned bool) error {
	bound := defaultShrink
	if d.MaxShrink != nil {
		bound = *d.MaxShrink
	}
	few := func(before, gone int) bool {
		return d.MaxShrink == nil && (gone <= fewGone || owned && gone <= fewHeld && 2*gone <= before)
	}
	within := func(before, gone int) bool { return float64(gone) <= bound*float64(before) }
	if !within(ebb.Before, ebb.Gone) && !(few(ebb.Before, ebb.Gone) && ebb.Gone < ebb.Before) {
		return &ShrunkError{Data: d.Address(), Before: ebb.Before, Gone: ebb.Gone, Bound: bound}
	}
	for _, typ := range slices.Sorted(maps.Keys(ebb.Types)) {
		if n := ebb.Types[typ]; !within(n.Before, n.Gone) && !few(n.Before, n.Gone) {
			return &ShrunkError{Data: d.Address(), Type: typ, Before: n.Before, Gone: n.Gone, Bound: bound}
		}
	}
	if lost := lostAttributes(d, ebb); len(lost) > 0 {
		return &ShrunkError{Data: d.Address(), Bound: bound, Lost: lost}
	}
	return nil
}

// vanished names the types of which no row is left. One with more than one row has stopped the pull before, unless max_shrink
// lets it go.
func vanished(ebb cache.Ebb) []string {
	var out []string
	for _, typ := range slices.Sorted(maps.Keys(ebb.Types)) {
		if n := ebb.Types[typ]; typ != "" && n.Gone > 0 && n.Gone == n.Before && ebb.Have[typ].Rows == 0 {
			out = append(out, fmt.Sprintf("nothing of type %s is listed any more, where %d had been; make sure that it was deleted and that the access key has not lost the type", typ, n.Before))
		}
	}
	return out
}

// lostAttributes are those that the rows of a class or of a type had values in and that none of them has now, and those
// that the rows which were read again had and do not show.
func lostAttributes(d plan.Data, ebb cache.Ebb) []Lost {
	class, _ := d.Args["class"].(string)
	asked := plan.Texts(d.Args["attrs"])
	var out []Lost
	lose := func(l Lost) {
		known := slices.ContainsFunc(out, func(o Lost) bool { return o.Attr == l.Attr && (o.Type == class || o.Type == l.Type) })
		left := len(asked) > 0 && !slices.Contains(asked, l.Attr) // the block does not ask for it any more
		if within := d.MaxShrink != nil && float64(l.Had) <= *d.MaxShrink*float64(l.Before); !known && !left && !within {
			out = append(out, l)
		}
	}
	compare := func(typ string, had, have cache.TypeTally) {
		for _, attr := range slices.Sorted(maps.Keys(had.Filled)) {
			n, shown := have.Filled[attr]
			if before := had.Filled[attr]; have.Rows > 0 && n == 0 && gone(before, had.Rows, shown) {
				lose(Lost{typ, attr, before, had.Rows, have.Rows})
			}
		}
	}
	compare(class, ebb.Had.Whole(), ebb.Have.Whole())
	for _, typ := range slices.Sorted(maps.Keys(ebb.Had)) {
		if typ != "" {
			compare(typ, ebb.Had[typ], ebb.Have[typ])
		}
	}
	for _, attr := range slices.Sorted(maps.Keys(ebb.Lost)) {
		if l := ebb.Lost[attr]; l.Shown == 0 && l.Had > fewLost {
			lose(Lost{class, attr, l.Had, ebb.Reread, ebb.Reread})
		}
	}
	return out
}

// gone reports whether an attribute that had values in so many of the rows, and has none now, is no accident. shown: rows
// have it still, without a value.
func gone(had, rows int, shown bool) bool {
	if shown {
		return had >= manyEmptied && float64(had) > partEmptied*float64(rows)
	}
	return had > fewLost
}

// fromState fills in what the state knows of the rows that were applied.
func (e *Engine) fromState(d plan.Data, ebb *cache.Ebb) {
	n := e.applied[d.Address()]
	if n == 0 {
		return
	}
	ebb.Before, ebb.Gone = n, max(0, n-ebb.Kept)
	for typ, had := range e.tallied[d.Address()] {
		ebb.Types[typ] = cache.Gone{Before: had.Rows, Gone: max(0, had.Rows-ebb.Have[typ].Rows)}
	}
}

// appliedTallies are the tallies of the last apply, by data block.
func (e *Engine) appliedTallies(ctx context.Context) (map[string]cache.Tally, error) {
	texts, err := e.State.Tallies(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]cache.Tally{}
	for data, text := range texts {
		var t cache.Tally
		if err := json.Unmarshal(text, &t); err != nil {
			return nil, fmt.Errorf("read what was counted in data.%s from the state: %w", data, err)
		}
		out[data] = t
	}
	return out, nil
}
