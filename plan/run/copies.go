package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"deskform/plan"
)

// watched is how long a step that was repeated is looked for a second time: an index lags minutes (IC 1.5), a bad day of
// the service is not ruled out.
const watched = 24 * time.Hour

// Swept is what a sweep for copies found.
type Swept struct {
	Looked, Removed int
	// Left are the copies that a person has to look at, in words.
	Left []string
}

// Sweep looks at every step that was repeated because its first try could not be found: if that one has come to light, the
// copy is taken away. A step is looked for in every run until a day has gone. What another record owns is never a copy, and
// while a step of the record, or one that makes the same thing, is open, nobody can say which is which.
func (r *Runner) Sweep(ctx context.Context) (Swept, error) {
	var out Swept
	r.know()
	var all []plan.Intent
	for in, err := range r.Journal.Repeated(ctx) {
		if err != nil {
			return out, err
		}
		all = append(all, in)
	}
	open := map[plan.Target]bool{}
	for in, err := range r.Journal.OpenIntents(ctx) {
		if err != nil {
			return out, err
		}
		open[in.Step.Address.Target()] = true
	}
	for _, in := range all {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if open[in.Step.Address.Target()] {
			continue
		}
		if err := r.sweepOne(ctx, in, &out); err != nil {
			return out, err
		}
	}
	return out, r.Journal.Flush(ctx)
}

func (r *Runner) sweepOne(ctx context.Context, in plan.Intent, out *Swept) error {
	s := in.Step
	base, err := r.Journal.Base(ctx, s.Address.Set, s.Address.Key)
	if err != nil {
		return err
	}
	old := r.Clock.Now().Sub(in.At) > watched
	if !written(base, s) {
		if old {
			return r.Journal.Forget(ctx, s.Key)
		}
		return nil // it was not repeated yet
	}
	keep := base.ID
	if s.Part != "" {
		keep = partID(base, s)
		in.Step.ID = base.ID
		if err := r.ledger(ctx, &in.Step); err != nil {
			return err
		}
	}
	out.Looked++
	left := func(err error) error {
		if stops(err) {
			return err
		}
		out.Left = append(out.Left, fmt.Sprintf("%s: %v", s.Key, err))
		return nil
	}
	got, err := r.Writer.Settle(ctx, in)
	if err != nil {
		return left(err)
	}
	if got, err = r.ours(ctx, s, got); err != nil {
		return err
	}
	there := got.Copies
	if got.Found {
		id := got.Result.ID
		if s.Part != "" {
			id = got.Result.PartID
		}
		there = append([]string{id}, there...)
	}
	more := slices.DeleteFunc(slices.Clone(there), func(id string) bool { return id == keep })
	if len(more) > 0 {
		if !slices.Contains(there, keep) {
			if keep, err = r.kept(ctx, in, keep); err != nil {
				return left(err)
			}
			more = slices.DeleteFunc(more, func(id string) bool { return id == keep })
		}
		if keep == "" {
			if len(more) > 1 || s.Part != "" {
				return left(fmt.Errorf("what was written is gone from Intercom, and there is %v besides; nothing is taken away, look at it there", more))
			}
			r.instead(in, more[0])
			return nil
		}
		switch who, err := r.unwritten(ctx, in.Step); {
		case err != nil:
			return err
		case who != "":
			return left(fmt.Errorf("%v may be what %s has left; nothing is taken away until that is written", more, who))
		}
	}
	n, err := r.removeCopies(ctx, in, more)
	out.Removed += n
	if err != nil {
		return left(err)
	}
	if old {
		return r.Journal.Forget(ctx, s.Key)
	}
	return nil
}

// kept looks for what is kept, where settling did not show it: its id, or that of what it was merged into; empty when it is
// gone, so that what else there is must not be taken away.
func (r *Runner) kept(ctx context.Context, in plan.Intent, keep string) (string, error) {
	if in.Step.Part != "" {
		return "", nil // it may be blanked, or beyond the newest that are shown
	}
	got, err := r.Writer.Get(ctx, in.Step.Kind, keep)
	if errors.Is(err, plan.ErrNotFound) {
		return "", nil
	}
	return got.ID, err
}

// instead makes a copy the object of a record whose own is gone. The next plan writes what it lacks.
func (r *Runner) instead(in plan.Intent, id string) {
	base := r.begun(in.Step)
	base.ID, base.Partial = id, in.Step.Key
	r.Journal.Anew(base)
}

// begun is the base of a record of which nothing is known.
func (r *Runner) begun(s plan.Step) *plan.Base {
	return &plan.Base{Address: s.Address, Kind: s.Kind, Origin: "created", PartCount: -1, Sent: plan.Fields{}, Seen: plan.Fields{}, Version: r.kinds[s.Kind].Version, Continues: s.Continues}
}

func partID(b *plan.Base, s plan.Step) string {
	for _, p := range b.Parts {
		if p.List == s.List && p.Key == s.Part {
			return p.ID
		}
	}
	return ""
}

// removeCopies takes copies away and says how many are gone.
func (r *Runner) removeCopies(ctx context.Context, in plan.Intent, ids []string) (n int, err error) {
	var errs []error
	for _, id := range ids {
		if err := r.Writer.RemoveCopy(context.WithoutCancel(ctx), in, id); err != nil {
			errs = append(errs, fmt.Errorf("copy %s: %w", id, err))
			continue
		}
		n++
	}
	return n, errors.Join(errs...)
}
