// Package run is the apply loop: it carries out changes over interfaces, many records at once and the steps of one
// record in order. It knows no service and no database; the journal, the writer and the clock are given to it.
//
// Its promise: an intent is durable before a step that is not safely repeatable leaves, and the result with all ids
// before the next dependent step. Whatever is cut off can be settled at the next start.
package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"deskform/plan"
)

// A Journal is the state as the loop needs it.
type Journal interface {
	// Base returns what is known of a record, nil if nothing.
	Base(ctx context.Context, set, key string) (*plan.Base, error)
	// Resolve finds the object that an address stands for.
	Resolve(ctx context.Context, t plan.Target) (kind, id string, ok bool, err error)
	// ByID lists the addresses that stand for an object.
	ByID(ctx context.Context, kind, id string) ([]plan.Address, error)
	// Anew saves a base whose object is another one than before: of that, no part is written. It does not wait.
	Anew(b *plan.Base)
	// Begin returns once the intent, and all that was recorded before it, is durable.
	Begin(ctx context.Context, in plan.Intent) error
	// Record closes the intent of a step and saves the base as it is now; it does not wait.
	Record(s plan.Step, r plan.Result, b *plan.Base)
	// Fail closes the intent of a step that certainly did not happen.
	Fail(s plan.Step, cause string)
	// Repeat closes the intent of a step that was looked for and not found, and remembers it: should the index have been
	// slower than was thought, the step is there twice once it is repeated.
	Repeat(in plan.Intent)
	// Repeated are the steps that Repeat remembers and Forget has not forgotten, oldest first.
	Repeated(ctx context.Context) iter.Seq2[plan.Intent, error]
	Forget(ctx context.Context, stepKey string) error
	// Flush waits until everything recorded is durable.
	Flush(ctx context.Context) error
	// OpenIntents are the intents without a result.
	OpenIntents(ctx context.Context) iter.Seq2[plan.Intent, error]
	SetAside(ctx context.Context, a plan.Address, cause, step, text string, attempts int) error
	ClearSetAside(ctx context.Context, a plan.Address) error
	// Aside lists what is set aside.
	Aside(ctx context.Context) ([]plan.Address, error)
}

// A Clock tells the time and waits on it.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// An Event is told to whoever watches the run.
type Event struct {
	Address plan.Address
	// Step is set when one call was answered; Outcome when the record is finished.
	Step    string
	Outcome plan.Outcome
	Err     error
}

// A Runner carries out changes. All fields but Observe, MaxErrors and FailFast are required.
type Runner struct {
	Dest    plan.Destination
	Writer  plan.Writer
	Journal Journal
	Clock   Clock
	RunID   string
	// Parallel is how many records are worked on at once.
	Parallel int
	// SettleAfter is longer than any index lag seen; Attempts how often a step that did not happen is tried.
	SettleAfter time.Duration
	Attempts    int
	// Pause is how long a step that is safe to repeat waits after so many failures, the last of them err.
	Pause func(failures int, err error) time.Duration
	// MaxErrors stops the run after so many records were set aside; 0 means never. FailFast is MaxErrors 1.
	MaxErrors int
	FailFast  bool
	// Sets carry the error budgets of each set; nil for none.
	Sets    map[string]*plan.Set
	Observe func(Event)

	kinds map[string]*plan.Kind
	mu    sync.Mutex
	books plan.Books
	stop  error
	aside int
	tried map[string]*tally
	held  map[plan.Address]bool  // what is set aside, from this run or one before
	taken map[string]plan.Target // which record an object belongs to that this run has made or settled
	dead  map[plan.Target]bool   // whose object is gone and was not made anew yet
	first map[string]int64       // when a step was tried that is repeated, by its key
	bulks map[string][]share     // steps of the set that wait for more of their like, by Bulk.Key

	proven    map[plan.Thing]bool           // what steps have proven to be there, or not to be
	lacking   map[plan.Target]bool          // the resources that are not there
	locks     map[plan.Thing]*sync.Mutex    // of objects that one record at a time reads and rewrites
	working   map[plan.Target]chan struct{} // records in work, each until it is closed
	rest      map[plan.Target]plan.Outcome  // records of which something is deferred, and what became of them so far
	following bool                          // all but what is deferred is done
}

// A tally counts the records of a set that were tried and those that failed on their own account.
type tally struct{ tried, failed int }

// rateFrom is how many records must have been tried before an error rate says anything.
const rateFrom = 20

// ErrStopped wraps the reason why a run ended before its end; what is done is recorded and apply can be run again.
var ErrStopped = errors.New("the run was stopped; run apply again to go on")

// Apply carries out changes, which come set after set in order. It returns the books of what became of them; when the
// context is cancelled it finishes the calls in flight, records them, and returns the books with the context's error.
func (r *Runner) Apply(ctx context.Context, changes iter.Seq2[plan.Change, error]) (plan.Books, error) {
	r.know()
	r.tried, r.held, r.bulks = map[string]*tally{}, map[plan.Address]bool{}, map[string][]share{}
	aside, err := r.Journal.Aside(ctx)
	if err != nil {
		return r.books, err
	}
	for _, a := range aside {
		r.held[a] = true
	}
	r.first = map[string]int64{}
	for in, err := range r.Journal.Repeated(ctx) {
		if err != nil {
			return r.books, err
		}
		r.first[in.Step.Key] = cmp.Or(in.Step.TriedAt, in.At.Unix())
	}
	r.proven, r.lacking = map[plan.Thing]bool{}, map[plan.Target]bool{}
	r.locks = map[plan.Thing]*sync.Mutex{}
	r.working, r.rest, r.following = map[plan.Target]chan struct{}{}, map[plan.Target]plan.Outcome{}, false
	work := make(chan func())
	var idle sync.WaitGroup // records and calls in work
	var workers sync.WaitGroup
	for range max(r.Parallel, 1) {
		workers.Go(func() {
			for f := range work {
				f()
				idle.Done()
			}
		})
	}
	do := func(f func()) { idle.Add(1); work <- f }
	hand := func(c plan.Change) {
		r.enter(c.Address)
		do(func() { r.one(ctx, c); r.leave(c.Address) })
	}
	var second []plan.Change // rows merged into an object of the same set, which must exist first
	finish := func() error {
		idle.Wait()
		if len(second) > 0 {
			if err := r.Journal.Flush(context.WithoutCancel(ctx)); err != nil {
				return err
			}
		}
		for _, c := range second {
			hand(c)
		}
		second = nil
		idle.Wait()
		for _, shares := range r.remainders() {
			do(func() { r.together(ctx, shares) })
		}
		idle.Wait()
		return r.Journal.Flush(context.WithoutCancel(ctx))
	}
	var failed error
	set := ""
	for c, err := range changes {
		if err != nil {
			failed = err
			break
		}
		if c.Address.Set != set {
			if err := finish(); err != nil {
				failed = err
				break
			}
			set = c.Address.Set
		}
		switch {
		case r.stopped(ctx):
			r.count(c.Address, unreached(c), nil)
		case c.Action == plan.Merged:
			second = append(second, c)
		case c.Action.Writes():
			hand(c)
		default:
			if c.Action == plan.NoOp || c.Action == plan.Keep {
				if err := r.clear(ctx, c.Address); err != nil {
					failed = err
				}
			}
			r.count(c.Address, plan.OutcomeOf(c.Action), nil)
		}
	}
	err = finish()
	if err == nil && failed == nil {
		failed = r.follow(ctx, changes, hand)
		err = finish()
	}
	r.unfinished()
	close(work)
	workers.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case failed != nil:
		return r.books, failed
	case err != nil:
		return r.books, err
	case r.stop != nil && (ctx.Err() == nil || !errors.Is(r.stop, ctx.Err())): // what an interrupt cut off is no reason of its own
		return r.books, fmt.Errorf("%w: %w", ErrStopped, r.stop)
	}
	return r.books, ctx.Err()
}

// know asks the destination for its kinds.
func (r *Runner) know() {
	r.kinds = map[string]*plan.Kind{}
	kinds := r.Dest.Kinds()
	for i := range kinds {
		r.kinds[kinds[i].Name] = &kinds[i]
	}
}

// unreached keeps the outcome of a change that would not have written anything.
func unreached(c plan.Change) plan.Outcome {
	if c.Pending() && c.Action != plan.Blocked {
		return plan.OutUnreached
	}
	return plan.OutcomeOf(c.Action)
}

func (r *Runner) stopped(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop != nil
}

func (r *Runner) halt(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		r.stop = err
	}
}

func (r *Runner) count(a plan.Address, o plan.Outcome, err error) {
	r.mu.Lock()
	r.books.Add(a.Set, o, 1)
	r.mu.Unlock()
	if r.Observe != nil {
		r.Observe(Event{Address: a, Outcome: o, Err: err})
	}
}

// one carries out one change and counts its outcome, unless it waits for calls that it shares with others.
func (r *Runner) one(ctx context.Context, c plan.Change) {
	if r.stopped(ctx) {
		r.count(c.Address, r.whole(c.Address, unreached(c)), nil)
		return
	}
	o, err := r.carry(ctx, c)
	if o == waits {
		return
	}
	if !r.following { // what follows is a part of a record that was counted
		r.attempted(c.Address, o)
	}
	r.over(ctx, &c, o, err)
}

// over counts what became of a record, unless a part of it follows.
func (r *Runner) over(ctx context.Context, c *plan.Change, o plan.Outcome, err error) {
	if o = r.whole(c.Address, o); err == nil && len(c.Deferred) > 0 && r.defers(c.Address, o) {
		return
	}
	r.ended(ctx, c.Address, o, err)
}

// ended sets a record aside if that is how it ended, and counts its outcome. It was counted as attempted before.
func (r *Runner) ended(ctx context.Context, a plan.Address, o plan.Outcome, err error) {
	var aside *asideError
	switch {
	case err == nil:
	case errors.As(err, &aside):
		err = aside.cause
		if serr := r.Journal.SetAside(context.WithoutCancel(ctx), a, aside.kind, aside.step, err.Error(), aside.attempts); serr != nil {
			r.halt(serr)
		}
		r.mu.Lock()
		r.held[a] = true
		r.mu.Unlock()
	default:
		r.halt(err)
	}
	r.budget(a, o, err)
	r.count(a, o, err)
}

// attempted counts a record among those that were tried, of which a rate of errors is a part. One that waits for calls that
// it shares with others is counted when it begins to wait: those that fail meanwhile are not alone in the set.
func (r *Runner) attempted(a plan.Address, o plan.Outcome) {
	if o == plan.OutBlocked || o == plan.OutUnreached {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tried[a.Set] == nil {
		r.tried[a.Set] = &tally{}
	}
	r.tried[a.Set].tried++
}

// budget stops the run when more has failed than is allowed. What waits for a record that failed is that one's affair
// and no failure of its own.
func (r *Runner) budget(a plan.Address, o plan.Outcome, err error) {
	if o != plan.OutSetAside && o != plan.OutInDoubt {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tried[a.Set]
	t.failed++
	r.aside++
	set := r.Sets[a.Set]
	why := ""
	switch {
	case r.FailFast || r.MaxErrors > 0 && r.aside >= r.MaxErrors:
		why = fmt.Sprintf("%d records were set aside", r.aside)
	case set == nil:
	case set.MaxErrors != nil && t.failed > *set.MaxErrors:
		why = fmt.Sprintf("%d records of %s were set aside, max_errors allows %d", t.failed, a.Set, *set.MaxErrors)
	case set.MaxErrorRate != nil && t.tried >= rateFrom && float64(t.failed) > *set.MaxErrorRate*float64(t.tried):
		why = fmt.Sprintf("%d of %d records of %s were set aside, max_error_rate allows %g", t.failed, t.tried, a.Set, *set.MaxErrorRate)
	}
	if why != "" && r.stop == nil {
		r.stop = fmt.Errorf("%s, the last %s: %w", why, a, err)
	}
}

// clear forgets that a record was set aside.
func (r *Runner) clear(ctx context.Context, a plan.Address) error {
	r.mu.Lock()
	held := r.held[a]
	delete(r.held, a)
	r.mu.Unlock()
	if !held {
		return nil
	}
	return r.Journal.ClearSetAside(context.WithoutCancel(ctx), a)
}

// An asideError sets one record aside and lets the others go on.
type asideError struct {
	kind, step string
	attempts   int
	cause      error
}

func (e *asideError) Error() string { return e.step + ": " + e.cause.Error() }
