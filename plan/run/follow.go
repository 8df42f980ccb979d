package run

import (
	"context"
	"iter"
	"sync"

	"deskform/plan"
)

// enter and leave say when a record is in work.
func (r *Runner) enter(a plan.Address) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.working[a.Target()] = make(chan struct{})
}

func (r *Runner) leave(a plan.Address) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.working[a.Target()])
	delete(r.working, a.Target())
}

// await finds the object that an address stands for. One that the record of this address is after in its own set may be in
// work still: whoever came first waits for nobody who came later, so that this ends.
func (r *Runner) await(ctx context.Context, a plan.Address, t plan.Target) (id string, ok bool, err error) {
	own := t.Set == a.Set && !r.following
	if own && t.Key < a.Key {
		r.mu.Lock()
		done := r.working[t]
		r.mu.Unlock()
		if done != nil {
			select {
			case <-done:
			case <-ctx.Done():
				return "", false, nil
			}
		}
	}
	if id, ok, err = r.lookUp(ctx, t); err != nil || ok || !own {
		return id, ok, err
	}
	if err := r.Journal.Flush(context.WithoutCancel(ctx)); err != nil { // it may be made and not be saved yet
		return "", false, err
	}
	return r.lookUp(ctx, t)
}

// only waits until nobody else reads and rewrites an object, and returns what lets go of it.
func (r *Runner) only(kind, id string) func() {
	thing := plan.Thing{Kind: kind, ID: id}
	r.mu.Lock()
	lock := r.locks[thing]
	if lock == nil {
		lock = &sync.Mutex{}
		r.locks[thing] = lock
	}
	r.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}

// defers keeps the outcome of a record until what it defers is done as well; false when there is nothing to go on with.
func (r *Runner) defers(a plan.Address, o plan.Outcome) bool {
	switch o {
	case plan.OutCreated, plan.OutAdopted, plan.OutUpdated, plan.OutAppended, plan.OutMerged:
	default:
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest[a.Target()] = o
	return true
}

// whole is the outcome of a record whose last part came out as o.
func (r *Runner) whole(a plan.Address, o plan.Outcome) plan.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	first, ok := r.rest[a.Target()]
	if !ok || !r.following {
		return o
	}
	delete(r.rest, a.Target())
	switch o {
	case plan.OutUpdated, plan.OutMerged:
		return first
	case plan.OutUnreached:
		return plan.OutPartial
	}
	return o
}

// follow hands over what the changes defer, now that everything else is done and saved.
func (r *Runner) follow(ctx context.Context, changes iter.Seq2[plan.Change, error], hand func(plan.Change)) error {
	r.mu.Lock()
	r.following = true
	left := len(r.rest)
	r.mu.Unlock()
	if left == 0 {
		return nil
	}
	for c, err := range changes {
		if err != nil {
			return err
		}
		f, ok := c.Following()
		if !ok {
			continue
		}
		r.mu.Lock()
		_, begun := r.rest[c.Address.Target()]
		r.mu.Unlock()
		if begun {
			hand(f)
		}
	}
	return nil
}

// unfinished counts the records whose deferred part was not come to.
func (r *Runner) unfinished() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t := range r.rest {
		r.books.Add(t.Set, plan.OutPartial, 1)
	}
	clear(r.rest)
}
