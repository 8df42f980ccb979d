package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"deskform/plan"
	"deskform/state/cache"
)

// beginPull begins a pull, or goes on with one that was interrupted; end says how it ended.
func (e *Engine) beginPull(ctx context.Context, mode string) (end func(context.Context, error) error, err error) {
	id := mode
	for _, d := range e.Config.Data {
		id += "|" + d.Address() + plan.Hash(d.Args)
	}
	sources, err := e.incremental()
	if err != nil {
		return nil, err
	}
	reader := ""
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		reader += name + " " + sources[name].Reader() + " "
	}
	if e.session, err = e.Cache.Resume(ctx, plan.Hash(id), reader, e.Clock.Now()); err != nil {
		return nil, err
	}
	before, known, err := e.Cache.Get(ctx, "reader")
	if err != nil {
		return nil, err
	}
	e.full, e.another = mode == PullFull, known && before != reader && mode != PullFull
	if e.applied, err = e.State.RowCounts(ctx); err != nil {
		return nil, err
	}
	if e.tallied, err = e.appliedTallies(ctx); err != nil {
		return nil, err
	}
	remember := func(m plan.Memory) {
		for _, src := range sources {
			src.Remember(m)
		}
	}
	remember(e.Cache.Tape())
	return func(ctx context.Context, failed error) error {
		remember(nil)
		if failed == nil || unusable(failed) {
			err = e.Cache.Finish(ctx)
		}
		if failed == nil && len(sources) > 0 {
			err = errors.Join(err, e.Cache.Set(ctx, "reader", reader))
		}
		return err
	}, nil
}

// incremental are the sources of the data blocks that tell what changed, by name.
func (e *Engine) incremental() (map[string]plan.Incremental, error) {
	out := map[string]plan.Incremental{}
	for _, d := range e.Config.Data {
		if d.Type == "export" {
			continue
		}
		src, err := e.Source(d.Type)
		if err != nil {
			return nil, err
		}
		if inc, ok := src.(plan.Incremental); ok {
			out[d.Type] = inc
		}
	}
	return out, nil
}

// unusable tells what was given and cannot be used, which is asked for anew, from what the service did not give, which may
// be had by going on.
func unusable(err error) bool {
	var shrunk *ShrunkError
	var twice *cache.DuplicateError
	var config *ConfigError
	return errors.As(err, &shrunk) || errors.As(err, &twice) || errors.As(err, &config)
}

// gather pulls a data block from a source that tells what changed: its list, then the rows that changed, or the rows of the
// owners that did. What is read is kept at once.
func (e *Engine) gather(ctx context.Context, src plan.Incremental, l *look, mode string) error {
	d := l.block
	var shape string
	var err error
	if l.Absent == "" {
		if shape, err = src.Shape(ctx, d); err != nil {
			return err
		}
	}
	shape = plan.Hash(shape + "|" + strings.Join(fileColumns(l.wide), ","))
	var of []plan.Data
	for _, addr := range d.Of {
		owner, ok := e.data(addr)
		if !ok {
			return fmt.Errorf("owner %s is not declared", addr)
		}
		of = append(of, owner)
	}
	var since time.Time
	if d.MaxAge > 0 {
		since = e.Clock.Now().Add(-d.MaxAge)
	}
	if mode == PullFull && since.Before(e.session.Began) {
		since = e.session.Began
	}
	owned := len(d.Of) > 0 && !src.Bulk(d)
	var sight plan.Sight
	if owned && l.Absent == "" {
		var other bool
		if sight, other, err = e.sight(ctx, src, l); err != nil {
			return err
		}
		if other && since.Before(e.session.Began) {
			since = e.session.Began
		}
	}
	g, err := e.Cache.Gather(ctx, d, of, shape, e.session, since)
	if err != nil {
		return err
	}
	fill := e.fills(src, l.wide)
	if err := e.tryAgain(ctx, src, l); err != nil {
		return err
	}
	switch {
	case l.Absent != "":
	case owned:
		if err = e.gatherOwned(ctx, src, d, g, fill); err == nil {
			err = e.gatherMissed(ctx, src, d, g, fill, sight)
		}
	default:
		err = e.gatherListed(ctx, src, d, g, fill)
	}
	if err != nil {
		return err
	}
	l.Pulled.Pulled, err = g.Settle(ctx, sealed(l.print, l.wide), shape, e.Clock.Now(), owned && l.Absent == "", func(ebb cache.Ebb) error {
		if ebb.First { // an empty cache: the state knows what was there
			e.fromState(d, &ebb)
		}
		if ebb.Had == nil {
			ebb.Had = e.tallied[d.Address()]
		}
		l.Notes = append(l.Notes, vanished(ebb)...)
		return allowed(d, ebb, owned && l.Absent == "")
	})
	if unusable(err) {
		err = errors.Join(err, g.Drop(context.WithoutCancel(ctx)))
	}
	if err == nil && len(sight.Attrs) > 0 {
		err = e.Cache.Set(ctx, "sight "+d.Address(), strings.Join(sight.Attrs, ","))
	}
	return err
}

// sight looks at a collection that is read owner by owner. other: it is shown otherwise than before, so that what did not change
// is read again as well.
func (e *Engine) sight(ctx context.Context, src plan.Incremental, l *look) (s plan.Sight, other bool, err error) {
	data := l.Data
	if s, err = src.Sight(ctx, l.block); err != nil || !s.Known {
		return s, false, err
	}
	before, known, err := e.Cache.Get(ctx, "sight "+data)
	if err != nil {
		return s, false, err
	}
	if known && len(s.Attrs) > 0 && before != strings.Join(s.Attrs, ",") {
		return s, true, nil
	}
	if again, _, err := e.Cache.Get(ctx, "again "+data); err != nil || again == e.session.Began.Format(time.RFC3339Nano) {
		return s, err == nil, err // this pull had begun to read all again
	}
	// One that is gone was deleted; several are hidden.
	rows, internal := 0, 0
	if rows, err = e.Cache.Size(ctx, data); err == nil && l.wide.Private != "" {
		internal, err = e.Cache.True(ctx, data, l.wide.Private)
	}
	return s, s.Empty && rows > 1 || s.NoneInternal && internal > 1, err
}

// gatherMissed reads all owners again where an object that is shown now is not among those of its owner, which did not change:
// it was hidden before, and others were as well.
func (e *Engine) gatherMissed(ctx context.Context, src plan.Incremental, d plan.Data, g *cache.Gathering, fill filler, sight plan.Sight) error {
	for _, o := range sight.Objects {
		if lacks, err := g.Lacks(ctx, o.Owner, o.UUID); err != nil || !lacks {
			if err != nil {
				return err
			}
			continue
		}
		odd, _, err := e.Cache.Get(ctx, "odd "+d.Address())
		if err != nil || odd == o.UUID {
			return err // it was looked for before, and its owner's list does not have it
		}
		if err := e.Cache.Set(ctx, "again "+d.Address(), e.session.Began.Format(time.RFC3339Nano)); err != nil {
			return err
		}
		g.ReadAgain()
		if err := e.gatherOwned(ctx, src, d, g, fill); err != nil {
			return err
		}
		if lacks, err := g.Lacks(ctx, o.Owner, o.UUID); err != nil || !lacks {
			return err
		}
		return e.Cache.Set(ctx, "odd "+d.Address(), o.UUID)
	}
	return nil
}

type filler func(context.Context, plan.Row) (plan.Row, error)

func (e *Engine) gatherListed(ctx context.Context, src plan.Incremental, d plan.Data, g *cache.Gathering, fill filler) error {
	heads := func(yield func(plan.Head, error) bool) {
		for h, err := range src.Heads(ctx, d) {
			if err == nil && h.Row != nil {
				row := *h.Row
				row, err = fill(ctx, row)
				h.Row = &row
				e.Watch.Step(1)
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
	if err := g.Heads(ctx, e.Clock.Now, heads); err != nil {
		return err
	}
	if err := announce(e, "pull "+d.Address(), g.Todo(ctx)); err != nil {
		return err
	}
	for rows, err := range src.Fetch(ctx, d, g.Todo(ctx)) {
		if err != nil {
			return err
		}
		rows, failed := filled(ctx, rows, fill)
		if err := g.Stage(context.WithoutCancel(ctx), rows, e.Clock.Now()); err != nil {
			return err
		}
		e.Watch.Step(len(rows))
		if failed != nil {
			return failed
		}
	}
	return nil
}

// announce begins the part of a pull whose length is known.
func announce[T any](e *Engine, stage string, todo iter.Seq2[T, error]) error {
	n := 0
	for _, err := range todo {
		if err != nil {
			return err
		}
		n++
	}
	if n > 0 {
		e.Watch.Start(stage, n)
	}
	return nil
}

// filled fills rows up to the first that fails.
func filled(ctx context.Context, rows []plan.Row, fill filler) ([]plan.Row, error) {
	for i, r := range rows {
		row, err := fill(ctx, r)
		if err != nil {
			return rows[:i], err
		}
		rows[i] = row
	}
	return rows, nil
}

func (e *Engine) gatherOwned(ctx context.Context, src plan.Incremental, d plan.Data, g *cache.Gathering, fill filler) error {
	if err := announce(e, "pull "+d.Address()+", owner by owner", g.TodoOwners(ctx)); err != nil {
		return err
	}
	for h, err := range src.Owned(ctx, d, g.TodoOwners(ctx)) {
		if err != nil {
			return err
		}
		if h.Rows, err = filled(ctx, h.Rows, fill); err != nil {
			return err
		}
		if err := g.Hold(context.WithoutCancel(ctx), h, e.Clock.Now()); err != nil {
			return err
		}
		e.Watch.Step(1)
	}
	return nil
}

// keepCounts keeps in the state how many rows were applied, so that a pull that finds fewer is stopped also where the cache
// is gone.
func (e *Engine) keepCounts(ctx context.Context) error {
	counts, tallies := map[string]int{}, map[string]json.RawMessage{}
	for _, d := range e.Config.Data {
		if _, file := d.Args["file"]; file {
			continue
		}
		n, err := e.Cache.Size(ctx, d.Address())
		if err != nil {
			return fmt.Errorf("count data.%s: %w", d.Address(), err)
		}
		if n > 0 {
			counts[d.Address()] = n
		}
		t, err := e.Cache.Tally(ctx, d.Address())
		if err != nil {
			return fmt.Errorf("count data.%s: %w", d.Address(), err)
		}
		if tallies[d.Address()], err = json.Marshal(t); err != nil {
			return err
		}
	}
	if len(counts) == 0 {
		return nil // a plan that was made elsewhere
	}
	return e.State.SetRowCounts(ctx, counts, tallies)
}

// A Count is how many rows of a type were expected and read; an empty type is all of them.
type Count struct {
	Type     string `json:"type,omitempty"`
	Expected int64  `json:"expected"`
	Read     int64  `json:"read"`
}

// count counts rows by type, and compares with what the customer reads off the screen.
func (e *Engine) count(ctx context.Context, looks []look) error {
	for i := range looks {
		l := &looks[i]
		if l.print != "" && len(l.block.Expect) == 0 {
			continue // a file has no types, and no files
		}
		types, err := e.Cache.Types(ctx, l.Data)
		if err != nil {
			return fmt.Errorf("count data.%s: %w", l.Data, err)
		}
		var all int64
		for _, n := range types {
			all += n
		}
		l.Unexpected = nil
		for _, typ := range slices.Sorted(maps.Keys(l.block.Expect)) {
			want, got := l.block.Expect[typ], types[typ]
			if typ == "" || typ == l.block.Args["class"] {
				got = all
			}
			if got != want {
				l.Unexpected = append(l.Unexpected, Count{typ, want, got})
			}
		}
		if delete(types, ""); len(types) > 0 {
			l.Types = types
		}
		if err := e.countUnread(ctx, l); err != nil {
			return fmt.Errorf("count the files of data.%s: %w", l.Data, err)
		}
		if err := e.blind(ctx, l, all); err != nil {
			return fmt.Errorf("count data.%s: %w", l.Data, err)
		}
	}
	return nil
}

// many is from how many on it is strange that none of them has what desks have: none of so many tickets a comment, and none
// of so many comments is internal.
const many = 50

// blind notes what a key may not be shown: rights on comments are checked owner by owner, so that what is hidden is just not
// there (IT 2.7).
func (e *Engine) blind(ctx context.Context, l *look, rows int64) error {
	d := l.block
	if len(d.Of) == 0 || l.Absent != "" || d.Type == "export" {
		return nil
	}
	note := func(text string) error {
		told, _, err := e.Cache.Get(ctx, "told "+l.Data)
		if err != nil || told == text && !e.another && !e.full {
			return err // once: a desk may be so
		}
		l.Notes = append(l.Notes, text)
		return e.Cache.Set(ctx, "told "+l.Data, text)
	}
	if rows == 0 {
		owners := 0
		for _, of := range d.Of {
			n, err := e.Cache.Size(ctx, of)
			if err != nil {
				return err
			}
			owners += n
		}
		if owners >= many {
			return note("not one row that could have some has one; ask whether the key may read them")
		}
		return nil
	}
	if l.wide.Private == "" || rows < many {
		return nil
	}
	t, err := e.Cache.Tally(ctx, l.Data)
	if err != nil {
		return err
	}
	if d.Type == "itsm365" && t != nil && t.Whole().Filled[l.wide.Private] == 0 {
		return note(fmt.Sprintf("not one row says whether it is internal: %s is not shown. Ask whether the key may read that attribute", l.wide.Private))
	}
	internal, err := e.Cache.True(ctx, l.Data, l.wide.Private)
	if err != nil || internal > 0 {
		return err
	}
	return note("not one row is internal; ask whether the key may read internal ones")
}

// Text says how a count differs.
func (c Count) Text(data string) string {
	what := "rows"
	if c.Type != "" {
		what = c.Type
	}
	if c.Read < c.Expected {
		return fmt.Sprintf("data.%s: %d %s were read and %d are expected; the key does not see the others, or the pull is incomplete", data, c.Read, what, c.Expected)
	}
	return fmt.Sprintf("data.%s: %d %s were read and %d are expected; read the number off the screen again", data, c.Read, what, c.Expected)
}

// relied says what speaks against making a plan of the rows: fewer than expected, or read too long ago.
func (e *Engine) relied(ctx context.Context, pulled []Pulled, mode string) error {
	var reasons []string
	rehearsed := e.Intercom != nil && e.ITSM365 != nil // the number is that of the real tenant
	for _, p := range pulled {
		for _, c := range p.Unexpected {
			if c.Read < c.Expected && !rehearsed {
				reasons = append(reasons, c.Text(p.Data))
			}
		}
	}
	if mode == PullNone {
		stale, err := e.Stale(ctx)
		if err != nil {
			return err
		}
		reasons = append(reasons, stale...)
	}
	if len(reasons) > 0 {
		return &RefusedError{reasons}
	}
	return nil
}

// Stale says which data blocks have rows that were read longer ago than their max_age allows, so that nothing may rely on
// them. A file is compared with what was read of it whenever it is asked for, and never too old.
func (e *Engine) Stale(ctx context.Context) ([]string, error) {
	var out []string
	for _, d := range e.Config.Data {
		if _, file := d.Args["file"]; d.MaxAge == 0 || file {
			continue
		}
		oldest, err := e.Cache.Oldest(ctx, d.Address())
		if err != nil {
			return nil, fmt.Errorf("read the age of data.%s: %w", d.Address(), err)
		}
		if age := e.Clock.Now().Sub(oldest); !oldest.IsZero() && age > d.MaxAge {
			out = append(out, fmt.Sprintf("data.%s: rows were read %s ago and max_age is %s; run `deskform pull`", d.Address(), ageText(age, d.MaxAge), d.MaxAge))
		}
	}
	return out, nil
}
