package run

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"deskform/plan"
)

// waits is what carry says of a record that has done its own steps and waits for calls that it shares with others: it is
// counted once those are answered.
const waits plan.Outcome = "waits"

// A waiting record has done its own steps.
type waiting struct {
	p       *progress
	outcome plan.Outcome // once the rest is done

	mu    sync.Mutex
	steps []plan.Step // those that it shares
	left  int         // how many of them nobody has ended
	done  []bool
	fails []failure
	cut   bool // the run was stopped before one of them
}

// A failure is why a step was not done, nil when it was or was never tried.
type failure struct {
	err      error
	attempts int
}

// A share is a step of a waiting record.
type share struct {
	w *waiting
	i int
}

func (s share) step() plan.Step { return s.w.steps[s.i] }

// apart takes the steps that may go in one call with those of other records out of the others.
func apart(steps []plan.Step) (own, shared []plan.Step) {
	for _, s := range steps {
		if s.Bulk != nil {
			shared = append(shared, s)
		} else {
			own = append(own, s)
		}
	}
	return own, shared
}

// wait puts the steps that a record shares beside their like, and sends what is full. What is not full goes when the set
// is done, so that at most Bulk.Max - 1 steps of a kind are held.
func (r *Runner) wait(ctx context.Context, w *waiting) {
	r.attempted(w.p.change.Address, w.outcome)
	if w.p.change.Action == plan.Adopt && w.p.done == 0 { // a second row of the object looks for it before the call leaves
		r.note(w, w.steps[0].Key)
	}
	w.left, w.done, w.fails = len(w.steps), make([]bool, len(w.steps)), make([]failure, len(w.steps))
	for i := range w.steps {
		w.steps[i].ID = w.p.id(w.steps[i])
	}
	for i, s := range w.steps {
		r.mu.Lock()
		all := append(r.bulks[s.Bulk.Key], share{w, i})
		if len(all) < s.Bulk.Max {
			r.bulks[s.Bulk.Key] = all
			all = nil
		} else {
			delete(r.bulks, s.Bulk.Key)
		}
		r.mu.Unlock()
		r.together(ctx, all)
	}
}

// remainders takes out what waits still, by its key.
func (r *Runner) remainders() [][]share {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out [][]share
	for _, key := range slices.Sorted(maps.Keys(r.bulks)) {
		out = append(out, r.bulks[key])
	}
	clear(r.bulks)
	return out
}

// together sends steps as one call where that is fewer calls. Whom the answer does not name, and everybody when the list as
// a whole is refused or not answered, is sent alone: that answer says what is wrong, and one bad member sets aside none but
// itself. Before the first call leaves, it is durable that it is tried: should the answer be lost, what is found is ours.
func (r *Runner) together(ctx context.Context, all []share) {
	if len(all) == 0 {
		return
	}
	if !r.stopped(ctx) {
		if err := r.tell(ctx, all); err != nil {
			r.halt(err)
		}
	}
	if s := all[0].step(); s.Bulk.Worth(len(all)) && !r.stopped(ctx) {
		res, attempts, err := r.step(ctx, joint(all))
		if err != nil && !divisible(err) {
			for _, sh := range all {
				r.answered(ctx, sh, plan.Result{}, failure{err, attempts})
			}
			return
		}
		if err == nil && r.Observe != nil {
			r.Observe(Event{Address: plan.Address{Set: s.Address.Set}, Step: s.Bulk.Op})
		}
		all = slices.DeleteFunc(all, func(sh share) bool {
			id := sh.step().ID
			if err != nil || !slices.Contains(res.Members, id) {
				return false
			}
			r.answered(ctx, sh, plan.Result{ID: id}, failure{})
			return true
		})
	}
	for _, sh := range all {
		r.alone(ctx, sh)
	}
}

// tell makes durable what is recorded of some records, and that the next call about them is tried. A row that is merged has
// no object of its own that could be half done.
func (r *Runner) tell(ctx context.Context, all []share) error {
	for _, sh := range all {
		w := sh.w
		r.note(w, sh.step().Key)
	}
	return r.Journal.Flush(context.WithoutCancel(ctx))
}

// note records of one that step key is next.
func (r *Runner) note(w *waiting, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.p.base; b.Partial == "" && b.Origin != "merged" {
		w.p.begin()
		b.Partial = key
		r.Journal.Record(plan.Step{Address: b.Address, Kind: b.Kind}, plan.Result{}, b)
	}
}

// joint is the step of the call that does all of some steps.
func joint(all []share) plan.Step {
	s := all[0].step()
	var ids []plan.Value
	for _, sh := range all {
		if id := plan.Value(sh.step().ID); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	payload := maps.Clone(s.Payload)
	payload["ids"] = ids
	return plan.Step{Key: s.Address.Set + "#" + s.Bulk.Op + "#" + s.Bulk.Key, Address: plan.Address{Set: s.Address.Set}, Kind: s.Kind, Op: s.Bulk.Op,
		Payload: payload, Repeatable: true}
}

// divisible reports whether a call for several may fare better one by one: the service refused it or did not answer. What
// stops the run, an interrupt, and what the provider itself says against the call concern everybody.
func divisible(err error) bool {
	var se *plan.StepError
	if !errors.As(err, &se) {
		return false
	}
	return se.Verdict == plan.Unknown || se.Verdict == plan.Permanent && se.Status != 0
}

// alone sends one step by itself.
func (r *Runner) alone(ctx context.Context, sh share) {
	if r.stopped(ctx) {
		sh.w.mu.Lock()
		sh.w.cut = true
		sh.w.mu.Unlock()
		r.settled(ctx, sh.w)
		return
	}
	res, attempts, err := r.step(ctx, sh.step())
	if err == nil && r.Observe != nil {
		r.Observe(Event{Address: sh.w.p.base.Address, Step: sh.step().Op})
	}
	r.answered(ctx, sh, res, failure{err, attempts})
}

// answered takes over what became of one step.
func (r *Runner) answered(ctx context.Context, sh share, res plan.Result, f failure) {
	w, s := sh.w, sh.step()
	w.mu.Lock()
	if w.fails[sh.i] = f; f.err == nil {
		w.done[sh.i] = true
		w.p.after(s, res, w.next(), r.Clock.Now().Unix())
		r.Journal.Record(s, res, w.p.base)
	}
	w.mu.Unlock()
	r.settled(ctx, w)
}

// next is the key of the first step that is not done. A row that is merged has none, as it has no object of its own.
func (w *waiting) next() string {
	if i := slices.Index(w.done, false); i >= 0 && w.p.base.Origin != "merged" {
		return w.steps[i].Key
	}
	return ""
}

// settled ends a record when nothing of it is on its way any more.
func (r *Runner) settled(ctx context.Context, w *waiting) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left--; w.left > 0 {
		return
	}
	p, a := w.p, w.p.change.Address
	note := plan.Step{Address: a, Kind: p.change.Kind}
	if i := slices.IndexFunc(w.fails, func(f failure) bool { return f.err != nil }); i >= 0 {
		if p.base.Origin != "merged" {
			p.base.Partial = w.steps[i].Key
			r.Journal.Record(note, plan.Result{}, p.base)
		}
		o, err := r.failed(ctx, a, w.steps[i].Key, w.fails[i].err, w.fails[i].attempts)
		r.over(ctx, p.change, o, err)
		return
	}
	switch {
	case !w.cut:
		if p.base.Origin == "merged" {
			r.Journal.Record(note, plan.Result{ID: p.base.ID}, p.base)
		}
		r.over(ctx, p.change, w.outcome, r.clear(ctx, a))
	case p.done == 0:
		r.over(ctx, p.change, plan.OutUnreached, nil)
	default:
		r.over(ctx, p.change, plan.OutPartial, nil)
	}
}
