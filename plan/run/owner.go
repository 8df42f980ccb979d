package run

import (
	"context"
	"fmt"
	"maps"

	"deskform/plan"
)

// free reports whether no other record has an object; take makes it this record's for as long as the run lasts.
func (r *Runner) free(ctx context.Context, kind, id string, a plan.Address, take bool) (bool, error) {
	owners, err := r.Journal.ByID(ctx, kind, id)
	if err != nil {
		return false, err
	}
	for _, o := range owners {
		if o.Target() == a.Target() {
			continue
		}
		b, err := r.Journal.Base(ctx, o.Set, o.Key)
		if err != nil {
			return false, err
		}
		if b != nil && b.Origin != "merged" {
			return false, nil
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name := kind + " " + id
	if by, taken := r.taken[name]; taken && by != a.Target() {
		return false, nil
	}
	if take {
		r.take(name, a)
	}
	return true, nil
}

// made notes which object a create gave, before the journal can be asked for it.
func (r *Runner) made(s plan.Step, res plan.Result) {
	if s.ID != "" || res.ID == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take(s.Kind+" "+res.ID, s.Address)
}

func (r *Runner) take(name string, a plan.Address) {
	if r.taken == nil {
		r.taken = map[string]plan.Target{}
	}
	r.taken[name] = a.Target()
}

// ours leaves of a settlement what no other record owns. Parts are told apart by the ledger of their record alone.
func (r *Runner) ours(ctx context.Context, s plan.Step, got plan.Settlement) (plan.Settlement, error) {
	if s.Part != "" || s.ID != "" || !got.Found {
		return got, nil
	}
	out := plan.Settlement{}
	for i, id := range append([]string{got.Result.ID}, got.Copies...) {
		free, err := r.free(ctx, s.Kind, id, s.Address, !out.Found)
		switch {
		case err != nil:
			return out, err
		case !free:
		case !out.Found && i == 0:
			out.Found, out.Result = true, got.Result
		case !out.Found:
			out.Found, out.Result = true, plan.Result{ID: id}
		default:
			out.Copies = append(out.Copies, id)
		}
	}
	return out, nil
}

// rival is another step of which nobody knows whether it happened, and which would leave the very same behind: what is
// found may be that one's.
func (r *Runner) rival(ctx context.Context, s plan.Step) (string, error) {
	for in, err := range r.Journal.OpenIntents(ctx) {
		if err != nil {
			return "", err
		}
		if alike(in.Step, s) {
			return in.Step.Key, nil
		}
	}
	return "", nil
}

// unwritten is rival among the steps that were looked for, not found and not repeated yet.
func (r *Runner) unwritten(ctx context.Context, s plan.Step) (string, error) {
	for in, err := range r.Journal.Repeated(ctx) {
		if err != nil {
			return "", err
		}
		if !alike(in.Step, s) {
			continue
		}
		base, err := r.Journal.Base(ctx, in.Step.Address.Set, in.Step.Address.Key)
		if err != nil {
			return "", err
		}
		if !written(base, in.Step) {
			return in.Step.Key, nil
		}
	}
	return "", nil
}

// alike reports whether two steps, not the same one, make the same thing.
func alike(a, b plan.Step) bool {
	if a.Key == b.Key || a.Op != b.Op || a.Kind != b.Kind || a.ID != b.ID {
		return false
	}
	return plan.Equal(sent(a), sent(b))
}

// sent is the payload without what only says where the step stands.
func sent(s plan.Step) plan.Value {
	out := map[string]plan.Value{}
	for k, v := range s.Payload {
		if k != "known_parts" {
			out[k] = v
		}
	}
	return out
}

// written reports whether the base has what a step makes.
func written(base *plan.Base, s plan.Step) bool {
	return base != nil && base.ID != "" && base.Origin != "merged" && (s.Part == "" || partID(base, s) != "")
}

// refuseTaken is the error of a create whose answer shows an object that another record owns.
func (r *Runner) refuseTaken(ctx context.Context, s plan.Step, res plan.Result) error {
	if s.ID != "" || res.ID == "" {
		return nil
	}
	free, err := r.free(ctx, s.Kind, res.ID, s.Address, true)
	if err != nil {
		return err
	}
	if !free {
		return &plan.StepError{Step: s.Key, Code: "taken", Verdict: plan.Permanent, Message: fmt.Sprintf("%s %s is another record's already; plan again, so that the two become one, or map them to keys of their own", s.Kind, res.ID)}
	}
	return nil
}

// ledger tells a step which parts of its object are known to be others.
func (r *Runner) ledger(ctx context.Context, s *plan.Step) error {
	if s.Part == "" {
		return nil
	}
	base, err := r.Journal.Base(ctx, s.Address.Set, s.Address.Key)
	if err != nil || base == nil {
		return err
	}
	own, known := partID(base, *s), []plan.Value{}
	for _, p := range base.Parts {
		if p.ID != own {
			known = append(known, p.ID)
		}
	}
	s.Payload = maps.Clone(s.Payload)
	s.Payload["known_parts"] = known
	return nil
}

// setDead notes that a record's object is gone, or is there again: nothing may be made to refer to the old one.
func (r *Runner) setDead(a plan.Address, dead bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead == nil {
		r.dead = map[plan.Target]bool{}
	}
	r.dead[a.Target()] = dead
}

// lookUp finds the object that an address stands for, as long as it is there.
func (r *Runner) lookUp(ctx context.Context, t plan.Target) (id string, ok bool, err error) {
	r.mu.Lock()
	dead := r.dead[t]
	r.mu.Unlock()
	if dead {
		return "", false, nil
	}
	_, id, ok, err = r.Journal.Resolve(ctx, t)
	return id, ok, err
}
