package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"deskform/hcl"
	"deskform/plan"
	"deskform/plan/run"
	"deskform/providers/intercom"
	"deskform/providers/transport"
	"deskform/state"
)

// ApplyOptions say how an apply runs.
type ApplyOptions struct {
	// Observe is told of every step and record.
	Observe func(run.Event)
	// SettleAfter is how long a call without an answer waits before it is looked for; 0 means lagBound.
	SettleAfter time.Duration
	MaxErrors   int
	FailFast    bool
	LockTTL     time.Duration
	// LockTimeout is how long to wait for somebody else's lock.
	LockTimeout time.Duration
	// Confirmed takes every item of the checklist for confirmed (a rehearsal's workspace disturbs nobody).
	Confirmed bool
	// NoBackup leaves out the copy of the state beside it (a rehearsal's state is thrown away).
	NoBackup bool
}

// Applied is what an apply did.
type Applied struct {
	Run     string     `json:"run"`
	Books   plan.Books `json:"books"`
	Settled int        `json:"settled,omitempty"`
	Repeat  int        `json:"to_repeat,omitempty"`
	Doubt   []string   `json:"in_doubt,omitempty"`
	// Copies is how many objects and messages were taken away that a repeated call had made a second time; CopiesLeft are
	// those that a person has to look at, in words.
	Copies     int      `json:"copies_removed,omitempty"`
	CopiesLeft []string `json:"copies_left,omitempty"`
	Backup     string   `json:"backup,omitempty"`
	Seconds    float64  `json:"seconds"`
}

// Incomplete: some records were set aside or are in doubt; exit code 3.
func (a *Applied) Incomplete() bool {
	for _, o := range []plan.Outcome{plan.OutSetAside, plan.OutInDoubt, plan.OutPartial, plan.OutUnreached, plan.OutConflict} {
		if a.Books.Total(o) > 0 && o != plan.OutConflict {
			return true
		}
	}
	return len(a.Doubt)+len(a.CopiesLeft) > 0
}

// Lock takes the lease on the state, waiting at most timeout for a holder to let go.
func (e *Engine) LockState(ctx context.Context, what string, ttl, timeout time.Duration) (*state.Lease, error) {
	if ttl == 0 {
		ttl = 30 * time.Second
	}
	deadline := e.Clock.Now().Add(timeout)
	for {
		lease, err := e.State.Lock(ctx, what, ttl)
		var locked *state.LockedError
		if err == nil {
			e.lease = lease
		}
		if err == nil || !errors.As(err, &locked) || !e.Clock.Now().Before(deadline) {
			return lease, err
		}
		if err := e.Clock.Sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// runner is the apply loop over this engine's writer and state.
func (e *Engine) runner(runID string, o ApplyOptions) (*run.Runner, error) {
	reader, err := e.Reader()
	if err != nil {
		return nil, err
	}
	reader.Forget() // the plan may be old
	if o.SettleAfter == 0 {
		o.SettleAfter = lagBound
	}
	sets := map[string]*plan.Set{}
	for _, s := range e.Config.Sets {
		sets[s.Name] = &s.Set
	}
	return &run.Runner{
		Sets: sets,
		Dest: e.Dest, Writer: &intercom.Writer{Reader: reader}, Journal: e.State, Clock: e.Clock, RunID: runID,
		Parallel: e.Parallel, SettleAfter: o.SettleAfter, Attempts: 3,
		Pause: func(failures int, err error) time.Duration {
			return transport.Backoff{First: time.Second}.Pause(failures-1, err)
		},
		MaxErrors: o.MaxErrors, FailFast: o.FailFast, Observe: o.Observe,
	}, nil
}

// held is ctx until the lease is lost. The returned function ends it and makes an error say so.
func held(ctx context.Context, lease *state.Lease) (context.Context, func(error) error) {
	ctx, cancel := context.WithCancelCause(ctx)
	if lease != nil {
		go func() {
			select {
			case <-lease.Lost():
				cancel(lease.Hold(ctx))
			case <-ctx.Done():
			}
		}()
	}
	return ctx, func(err error) error {
		var lost *state.TakenError
		if cause := context.Cause(ctx); errors.As(cause, &lost) && !errors.As(err, &lost) {
			err = cause // it is why the rest was cut off
		}
		cancel(nil)
		return err
	}
}

// Recover settles what earlier runs left open. It must come before a plan, so that the plan sees the truth. Losing the lock
// ends it before its next call.
func (e *Engine) Recover(ctx context.Context, o ApplyOptions) (a Applied, err error) {
	ctx, end := held(ctx, e.lease)
	defer func() { err = end(err) }()
	r, err := e.runner(uuid.NewString(), o)
	if err != nil {
		return a, err
	}
	var doubt []plan.Address
	a.Settled, a.Repeat, doubt, err = r.Settle(ctx)
	for _, d := range doubt {
		a.Doubt = append(a.Doubt, d.String())
	}
	if err != nil {
		return a, err
	}
	return a, e.sweep(ctx, r, &a)
}

// sweep looks for copies of what was repeated because its first try could not be found.
func (e *Engine) sweep(ctx context.Context, r *run.Runner, a *Applied) error {
	swept, err := r.Sweep(ctx)
	a.Copies += swept.Removed
	for _, text := range swept.Left {
		a.CopiesLeft = append(a.CopiesLeft, e.Redact.Text(text))
	}
	return err
}

// Apply carries out a plan file. The caller holds the lease; losing it ends the run before its next write.
func (e *Engine) Apply(ctx context.Context, p *Plan, lease *state.Lease, o ApplyOptions) (Applied, error) {
	a := Applied{Run: uuid.NewString()}
	begun := e.Clock.Now()
	if sets := e.Proposed(); len(sets) > 0 {
		return a, &RefusedError{[]string{strings.Join(sets, ", ") + ": only proposed; a person must confirm it: check the mapping and delete status = \"proposed\""}}
	}
	if !o.Confirmed {
		if err := e.Unconfirmed(ctx, p); err != nil {
			return a, err
		}
	}
	f, err := e.OpenPlan(p.Path)
	if err != nil {
		return a, err
	}
	defer f.Close()
	if err := e.outdated(f.Header); err != nil { // a question may have waited for its answer
		return a, err
	}
	if err := e.State.Bind(ctx, f.Header.Workspace); err != nil {
		return a, err
	}
	if err := e.actor(ctx, func(s *hcl.Set) bool { return p.Touched[s.Name] > 0 }); err != nil {
		return a, err
	}
	if !o.NoBackup {
		a.Backup = filepath.Join(e.Work, "backups", begun.UTC().Format("20060102T150405Z")+"-"+a.Run[:8]+".db")
		if err := e.State.Backup(ctx, a.Backup); err != nil {
			return a, fmt.Errorf("back up the state before the apply: %w", err)
		}
	}
	renamings, err := e.moves(ctx)
	if err != nil {
		return a, err
	}
	for _, m := range renamings {
		if err := e.State.Move(ctx, m.From, m.To); err != nil {
			return a, err
		}
	}
	if err := e.State.BeginRun(ctx, state.Run{ID: a.Run, Command: "apply", Meaning: e.Config.Meaning, Started: begun}); err != nil {
		return a, err
	}
	r, err := e.runner(a.Run, o)
	if err != nil {
		return a, err
	}
	ctx, end := held(ctx, lease)
	a.Books, err = r.Apply(ctx, f.Changes())
	if err == nil {
		err = e.sweep(ctx, r, &a)
	}
	if err == nil && ctx.Err() == nil {
		err = e.keepCounts(context.WithoutCancel(ctx)) // one short write, whole or not at all
	}
	err = end(err)
	e.balance(p, &a.Books)
	a.Seconds = e.Clock.Now().Sub(begun).Seconds()
	if eerr := e.State.EndRun(context.WithoutCancel(ctx), a.Run, a.Books); eerr != nil {
		err = errors.Join(err, eerr)
	}
	return a, err
}

// actor makes sure that the teammate who speaks, assigns and closes is there before the first conversation is written.
func (e *Engine) actor(ctx context.Context, speaks func(*hcl.Set) bool) error {
	if !slices.ContainsFunc(e.Config.Sets, func(s *hcl.Set) bool { return e.Dest.Speaks(s.Kind) && speaks(s) }) {
		return nil
	}
	r, err := e.Reader()
	if err != nil {
		return err
	}
	_, err = r.Actor(ctx)
	return err
}

// balance adds to the books of an apply the rows that the plan had settled before any change: skipped, broken,
// duplicate, excluded.
func (e *Engine) balance(p *Plan, b *plan.Books) {
	b.Rows, b.Splits = p.Books.Rows, p.Books.Splits
	for set, outs := range p.Books.Sets {
		for _, o := range []plan.Outcome{plan.OutSkipped, plan.OutBroken, plan.OutDuplicate, plan.OutExcluded} {
			b.Add(set, o, outs[o])
		}
	}
}

// Proof plans once more with a full refresh, from the rows that are already evaluated; Stale says which are too old to prove
// anything.
func (e *Engine) Proof(ctx context.Context, o PlanOptions, evaluated []Evaluated) (*Plan, error) {
	p := &Plan{Summary: map[plan.Action]int{}, Evaluated: evaluated}
	o.Refresh = RefreshFull
	o.Out = filepath.Join(e.Work, "proof.plan")
	err := e.planAgain(ctx, o, p)
	if err == nil {
		p.Stale, err = e.Stale(ctx)
	}
	return p, err
}
