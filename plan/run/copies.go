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
// copy is taken away. A step is looked for in every run until a day has gone.
func (r *Runner) Sweep(ctx context.Context) (Swept, error) {
	var out Swept
	var all []plan.Intent
	for in, err := range r.Journal.Repeated(ctx) {
		if err != nil {
			return out, err
		}
		all = append(all, in)
	}
	for _, in := range all {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		s := in.Step
		base, err := r.Journal.Base(ctx, s.Address.Set, s.Address.Key)
		if err != nil {
			return out, err
		}
		old := r.Clock.Now().Sub(in.At) > watched
		written := base != nil && base.ID != "" && (s.Part == "" || partID(base, s) != "")
		if !written {
			if old {
				if err := r.Journal.Forget(ctx, s.Key); err != nil {
					return out, err
				}
			}
			continue // it was not repeated yet
		}
		keep := base.ID
		if s.Part != "" {
			keep = partID(base, s)
			in.Step.ID = base.ID
			known := []plan.Value{}
			for _, p := range base.Parts {
				if p.ID != keep {
					known = append(known, p.ID)
				}
			}
			in.Step.Payload["known_parts"] = known
		}
		out.Looked++
		got, err := r.Writer.Settle(ctx, in)
		if err != nil {
			out.Left = append(out.Left, fmt.Sprintf("%s: %v", s.Key, err))
			continue
		}
		there := got.Copies
		if got.Found {
			id := got.Result.ID
			if s.Part != "" {
				id = got.Result.PartID
			}
			there = append([]string{id}, there...)
		}
		there = slices.DeleteFunc(there, func(id string) bool { return id == keep })
		n, err := r.removeCopies(ctx, in, there)
		out.Removed += n
		if err != nil {
			out.Left = append(out.Left, fmt.Sprintf("%s: %v", s.Key, err))
			continue
		}
		if old {
			if err := r.Journal.Forget(ctx, s.Key); err != nil {
				return out, err
			}
		}
	}
	return out, nil
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
