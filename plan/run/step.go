package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"deskform/plan"
)

const notThere = "settled: it did not happen"

// errDoubt: nobody can say whether the step happened.
var errDoubt = errors.New("in doubt whether it happened")

// step carries out one step and settles it when its answer is lost. The call itself is not cut off by an interrupt: what is
// in flight is finished and recorded. One that still waits for its turn does not leave: plan.ErrUnsent.
func (r *Runner) step(ctx context.Context, s plan.Step) (plan.Result, int, error) {
	calls := plan.Sending(ctx)
	var last error
	s.TriedAt = r.first[s.Key]
	for attempt := 1; attempt <= max(r.Attempts, 1); attempt++ {
		in := plan.Intent{Step: s, Run: r.RunID, At: r.Clock.Now()}
		if !s.Repeatable {
			if err := r.Journal.Begin(calls, in); err != nil {
				return plan.Result{}, attempt, &plan.StepError{Step: s.Key, Verdict: plan.StopRun, Message: "write the journal", Err: err}
			}
		}
		res, err := r.Writer.Do(calls, s)
		if err == nil && s.Repeatable {
			err = r.refuseTaken(calls, s, res) // an upsert answers with what is there already
		}
		if err == nil {
			r.made(s, res)
			return res, attempt, r.proves(calls, res)
		}
		if plan.Unsent(calls, err) { // whatever it was about to do, it says so as an error of its own
			r.Journal.Fail(s, plan.ErrUnsent.Error())
			return res, attempt, plan.ErrUnsent
		}
		last = err
		var se *plan.StepError
		if !errors.As(err, &se) {
			r.Journal.Fail(s, err.Error())
			return res, attempt, err
		}
		switch se.Verdict {
		case plan.Done:
			if err := r.refuseTaken(calls, s, res); err != nil {
				r.Journal.Fail(s, err.Error())
				return plan.Result{}, attempt, err
			}
			return res, attempt, nil
		case plan.Unknown:
			if s.Repeatable {
				r.Journal.Fail(s, notThere)
				if attempt < r.Attempts {
					if err := r.Clock.Sleep(ctx, r.pause(attempt, se)); err != nil {
						return res, attempt, err
					}
				}
				continue
			}
			got, err := r.settle(ctx, in, true)
			if err != nil {
				return res, attempt, err
			}
			if got.Found {
				return got.Result, attempt, nil
			}
			r.Journal.Repeat(in)
			s.TriedAt = cmp.Or(s.TriedAt, in.At.Unix())
		default:
			r.Journal.Fail(s, se.Error())
			return res, attempt, err
		}
	}
	return plan.Result{}, r.Attempts, last
}

// pause is how long a repeatable step waits; no longer than SettleAfter unless the service asked for it.
func (r *Runner) pause(failures int, se *plan.StepError) time.Duration {
	if se.After > 0 {
		return se.After
	}
	return min(r.SettleAfter, r.Pause(failures, se))
}

// stops reports an error after which no call can succeed.
func stops(err error) bool {
	var se *plan.StepError
	return errors.As(err, &se) && se.Verdict == plan.StopRun
}

// settle waits until the index must show a step that happened, then looks once. busy: other records are in work, one of
// which may be making the very same at this moment.
func (r *Runner) settle(ctx context.Context, in plan.Intent, busy bool) (plan.Settlement, error) {
	if wait := in.At.Add(r.SettleAfter).Sub(r.Clock.Now()); wait > 0 {
		if err := r.Clock.Sleep(ctx, wait); err != nil {
			return plan.Settlement{}, fmt.Errorf("%w: interrupted before %s could be settled; run apply again", errDoubt, in.Step.Key)
		}
	}
	if err := r.ledger(ctx, &in.Step); err != nil {
		return plan.Settlement{}, err
	}
	got, err := r.Writer.Settle(context.WithoutCancel(ctx), in)
	if err != nil {
		return got, fmt.Errorf("%w: settle %s: %w", errDoubt, in.Step.Key, err)
	}
	who, err := r.rival(ctx, in.Step)
	if err != nil {
		return got, err
	}
	if got.Found && who != "" && busy {
		return got, fmt.Errorf("%w: %s makes the same as %s, of which nobody knows either whether it happened; run apply again", errDoubt, in.Step.Key, who)
	}
	if got, err = r.ours(ctx, in.Step, got); err != nil {
		return got, err
	}
	if who != "" {
		got.Copies = nil // they may be the other one's, which is settled next
	}
	if _, err := r.removeCopies(ctx, in, got.Copies); err != nil {
		return got, fmt.Errorf("%w: %s is in Intercom more than once: %w", errDoubt, in.Step.Key, err)
	}
	return got, nil
}

// Settle decides every open intent of earlier runs before a new one begins, each on its own: found, its result is
// recorded; not found, the intent is closed and the next plan repeats the step. It returns how many of each there were
// and the addresses that stay in doubt.
func (r *Runner) Settle(ctx context.Context) (found, repeated int, doubt []plan.Address, err error) {
	r.know()
	var open []plan.Intent
	for in, err := range r.Journal.OpenIntents(ctx) {
		if err != nil {
			return found, repeated, doubt, err
		}
		open = append(open, in)
	}
	for _, in := range open {
		got, err := r.settle(ctx, in, false)
		switch {
		case ctx.Err() != nil:
			return found, repeated, doubt, ctx.Err()
		case stops(err):
			return found, repeated, doubt, err
		case err != nil:
			doubt = append(doubt, in.Step.Address)
			continue
		case !got.Found:
			r.Journal.Repeat(in)
			repeated++
			continue
		}
		found++
		a := in.Step.Address
		base, err := r.Journal.Base(ctx, a.Set, a.Key)
		if err != nil {
			return found, repeated, doubt, err
		}
		if base == nil {
			base = r.begun(in.Step)
		}
		anew := in.Step.ID == "" && base.ID != "" && base.ID != got.Result.ID // it was made in the place of one that is gone
		if anew {
			base = r.begun(in.Step)
		}
		if base.Sent == nil {
			base.Sent = plan.Fields{}
		}
		if base.Seen == nil {
			base.Seen = plan.Fields{}
		}
		want := plan.Fields{}
		for _, f := range in.Step.Fields {
			if v, ok := in.Step.Payload[f]; ok {
				want[f] = v
			}
		}
		p := &progress{base: base, change: &plan.Change{Address: a, Want: want}, kind: r.kinds[in.Step.Kind]}
		s := in.Step
		s.Fields = nil
		for f := range want {
			s.Fields = append(s.Fields, f)
		}
		p.after(s, got.Result, s.Key, r.Clock.Now().Unix())
		if anew {
			r.Journal.Anew(base)
		}
		r.Journal.Record(in.Step, got.Result, base)
		if err := r.Journal.Flush(ctx); err != nil { // the next one must not take the same
			return found, repeated, doubt, err
		}
	}
	return found, repeated, doubt, r.Journal.Flush(ctx)
}
