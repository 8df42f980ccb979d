package run

import (
	"context"

	"deskform/plan"
)

// proves notes what a step has proven to be there, each once a run.
func (r *Runner) proves(ctx context.Context, res plan.Result) error {
	for _, thing := range res.Proves {
		if _, err := r.noteProof(ctx, thing, true); err != nil {
			return err
		}
	}
	return nil
}

// refute notes that a thing is not there and returns the address of its resource, empty when the state has none. What uses it
// is not tried any more in this run.
func (r *Runner) refute(ctx context.Context, thing plan.Thing) (string, error) {
	owners, err := r.noteProof(ctx, thing, false)
	if err != nil || len(owners) == 0 {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range owners {
		r.lacking[a.Target()] = true
	}
	return owners[0].String(), nil
}

// noteProof saves in the resource of a thing whether it is there.
func (r *Runner) noteProof(ctx context.Context, thing plan.Thing, there bool) ([]plan.Address, error) {
	ctx = context.WithoutCancel(ctx)
	r.mu.Lock()
	was, known := r.proven[thing]
	if r.proven != nil {
		r.proven[thing] = there
	}
	r.mu.Unlock()
	if known && was == there && there {
		return nil, nil
	}
	owners, err := r.Journal.ByID(ctx, thing.Kind, thing.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range owners {
		b, err := r.Journal.Base(ctx, a.Set, a.Key)
		if err != nil {
			return nil, err
		}
		if b == nil || b.Seen[plan.ProvenField] == there {
			continue
		}
		if b.Seen == nil {
			b.Seen = plan.Fields{}
		}
		b.Seen[plan.ProvenField] = there
		r.Journal.Record(plan.Step{Address: a, Kind: thing.Kind}, plan.Result{ID: b.ID}, b)
	}
	return owners, nil
}

// refuted is the resource that the records of a set use and that was proven not to be there, empty for none.
func (r *Runner) refuted(set string) string {
	s := r.Sets[set]
	if s == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lacking) == 0 {
		return ""
	}
	for _, use := range s.Uses {
		if r.lacking[use] {
			return plan.Address{Set: use.Set, Key: use.Key, Resource: true}.String()
		}
	}
	return ""
}
