package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/plan/report"
	"deskform/plan/run"
)

type applyFlags struct {
	planFlags
	engine.ApplyOptions
	auto       bool
	parallel   int
	onlyFailed bool
	until      string
	window     time.Duration
}

func (a *app) applyCmd() *cobra.Command {
	var p applyFlags
	c := &cobra.Command{
		Use:   "apply [FILE]",
		Short: "Carry out a saved plan as reviewed, or plan, ask and carry out; then prove that nothing is left",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(); err != nil {
				return err
			}
			if p.SettleAfter <= 0 {
				return fmt.Errorf("--settle-after %s: a call without an answer has to be waited for, longer than any index lag; 10m is the default", p.SettleAfter)
			}
			file := ""
			if len(args) == 1 {
				file = args[0]
				for _, name := range []string{"only-failed", "pull", "refresh", "target", "sample", "seed"} {
					if cmd.Flags().Changed(name) {
						return fmt.Errorf("--%s says what a plan is made of, and %s is a plan already; leave one of them out", name, file)
					}
				}
			}
			return a.apply(cmd.Context(), file, p)
		},
	}
	p.register(c)
	f := c.Flags()
	f.BoolVar(&p.auto, "auto-approve", false, "do not ask")
	f.BoolVar(&p.json, "json", false, "one JSON document on stdout")
	f.BoolVar(&p.all, "all", false, "write out every change of the plan")
	f.BoolVar(&p.reveal, "reveal", false, "show personal data in the plan and in answers instead of masking it")
	f.IntVar(&p.MaxErrors, "max-errors", 0, "stop after so many records were set aside; 0: never")
	f.BoolVar(&p.FailFast, "fail-fast", false, "stop at the first record that is set aside")
	f.BoolVar(&p.onlyFailed, "only-failed", false, "limit to the records that are set aside and what they refer to")
	f.StringVar(&p.until, "until", "", "end like an interrupt at this time of day, as in 06:00")
	f.DurationVar(&p.window, "for", 0, "end like an interrupt after so long, as in 5h")
	c.MarkFlagsMutuallyExclusive("until", "for")
	f.IntVar(&p.parallel, "parallelism", 64, "how many records are worked on at once")
	f.DurationVar(&p.LockTimeout, "lock-timeout", 0, "how long to wait for somebody else's lock")
	f.DurationVar(&p.SettleAfter, "settle-after", 10*time.Minute, "how long a call without an answer waits before Intercom is asked whether it happened; longer than any index lag")
	return c
}

func (a *app) apply(ctx context.Context, file string, p applyFlags) error {
	if p.parallel < 1 {
		return fmt.Errorf("--parallelism=%d: at least one record is worked on at a time", p.parallel)
	}
	e, err := a.open(ctx, func(s *engine.Setup) { s.Parallel = p.parallel })
	if err != nil {
		return err
	}
	defer e.Close()
	lease, err := e.LockState(ctx, "apply", cmp.Or(p.LockTTL, lockTTL), p.LockTimeout)
	if err != nil {
		return err
	}
	defer lease.Release()
	ctx, cancel, err := a.workingWindow(ctx, p)
	if err != nil {
		return err
	}
	defer cancel()
	if p.onlyFailed {
		aside, err := e.State.Aside(ctx)
		if err != nil {
			return err
		}
		if len(aside) == 0 {
			fmt.Fprintln(a.out, "Nothing is set aside.")
			return nil
		}
		p.OnlyFailed = true
	}
	rec, err := e.Recover(ctx, p.ApplyOptions)
	if err != nil {
		return err
	}
	if rec.Settled+rec.Repeat+len(rec.Doubt) > 0 {
		fmt.Fprintf(a.err, "Settled what an earlier run left open: %d calls had happened, %d had not, %d are in doubt.\n", rec.Settled, rec.Repeat, len(rec.Doubt))
	}
	pl := &engine.Plan{Path: file}
	if file == "" {
		var refused *engine.RefusedError
		if pl, err = e.Plan(ctx, p.PlanOptions); err != nil && !errors.As(err, &refused) {
			return err
		}
		if !p.json {
			if err := a.render(e, pl, false, p.all, p.reveal); err != nil {
				return err
			}
		}
		if err != nil {
			return errors.Join(err, e.Discard(pl))
		}
		if err := e.Unconfirmed(ctx, pl); err != nil {
			return err
		}
		if pl.Pending > 0 && !p.auto {
			ok, err := a.ask("\nCarry this out in workspace " + pl.Header.Workspace + "? Only 'yes' is taken as yes: ")
			if err != nil {
				return err
			}
			if !ok {
				return &exit{code: exitError, err: errors.New("not applied")}
			}
		}
	} else if err := e.ReadPlan(ctx, pl); err != nil {
		return err
	}
	p.Observe = a.observer(ctx, e, pl, p.reveal)
	done, err := e.Apply(ctx, pl, lease, p.ApplyOptions)
	e.Watch.Done()
	done.Settled, done.Repeat, done.Doubt = rec.Settled, rec.Repeat, rec.Doubt
	done.Copies += rec.Copies
	for _, left := range rec.CopiesLeft {
		if !slices.Contains(done.CopiesLeft, left) {
			done.CopiesLeft = append(done.CopiesLeft, left)
		}
	}
	if done.Copies > 0 {
		fmt.Fprintf(a.err, "A call that could not be found and was repeated had happened after all: %d copies were taken away.\n", done.Copies)
	}
	for _, left := range done.CopiesLeft {
		fmt.Fprintf(a.err, "Is in Intercom twice: %s\n", report.MaskPersonal(left))
	}
	if err != nil {
		if !p.json {
			fmt.Fprintf(a.out, "\n%s\n", strings.Replace(report.ApplyLine(done.Books), "Apply complete:", "Apply stopped:", 1))
		}
		return err
	}
	proof, err := e.Prove(ctx, pl)
	if err != nil {
		if !p.json {
			fmt.Fprintf(a.out, "\n%s\n", report.ApplyLine(done.Books))
		}
		return fmt.Errorf("apply is done; prove that nothing is left: %w", err)
	}
	return a.conclude(e, done, proof, p.json)
}

// workingWindow ends the context when --until or --for says so.
func (a *app) workingWindow(ctx context.Context, p applyFlags) (context.Context, context.CancelFunc, error) {
	left := p.window
	if p.until != "" {
		at, err := time.Parse("15:04", p.until)
		if err != nil {
			return ctx, nil, fmt.Errorf("--until=%s: write a time of day, as in 06:00", p.until)
		}
		now := a.clock.Now()
		end := time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
		if !end.After(now) {
			end = end.AddDate(0, 0, 1)
		}
		left = end.Sub(now)
	}
	ctx, cancel := context.WithCancel(ctx)
	if left < 0 {
		return ctx, cancel, fmt.Errorf("--for=%s: it is over before it begins", p.window)
	}
	if left > 0 {
		go func() {
			if a.clock.Sleep(ctx, left) == nil {
				fmt.Fprintln(a.err, "The working window is over; what is in flight is finished.")
				cancel()
			}
		}()
	}
	return ctx, cancel, nil
}

// observer feeds the progress display and names what is set aside.
func (a *app) observer(ctx context.Context, e *engine.Engine, pl *engine.Plan, reveal bool) func(run.Event) {
	e.Watch.Start("apply", pl.Forecast.Writes)
	return func(ev run.Event) {
		if ev.Step != "" {
			e.Watch.Step(1)
			return
		}
		if ev.Err != nil {
			addr := ev.Address
			if !reveal {
				addr.Key = report.MaskKey(addr.Key)
			}
			fmt.Fprintf(a.err, "%s: %s: %s\n", addr, ev.Outcome, e.Answer(context.WithoutCancel(ctx), ev.Address, ev.Err.Error(), reveal))
		}
	}
}

// conclude prints what an apply did and what the proof plan says.
func (a *app) conclude(e *engine.Engine, done engine.Applied, proof *engine.Plan, asJSON bool) error {
	if bad := done.Books.Unbalanced(); len(bad) > 0 {
		return fmt.Errorf("the books do not add up for %s; this is a defect of deskform, please report it", strings.Join(bad, ", "))
	}
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{"run": done.Run, "books": done.Books, "seconds": done.Seconds, "copies_removed": done.Copies, "copies_left": done.CopiesLeft, "proof_plan_changes": proof.Pending, "proof_rows_too_old": append([]string{}, proof.Stale...), "line": report.ApplyLine(done.Books)}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "\n%s\n", report.ApplyLine(done.Books))
		switch {
		case proof.Pending == 0 && len(proof.Stale) == 0:
			fmt.Fprintln(a.out, "Proof plan: No changes.")
		case proof.Pending == 0:
			fmt.Fprintln(a.out, "Proof plan: No changes to the rows as they were read, and these are too old to prove anything.")
		default:
			fmt.Fprintf(a.out, "Proof plan: %d changes are left.\n  %s\n", proof.Pending, proof.Summary.Line())
			f, err := e.OpenPlan(proof.Path)
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := report.Text(a.err, pendingOnly(f.Changes()), report.Options{Kinds: e.Kinds(), Open: proof.Header.Open, PerSet: perSet}); err != nil {
				return err
			}
		}
	}
	for _, s := range proof.Stale {
		fmt.Fprintf(a.err, "Warning: the proof rests on old rows: %s, and plan again\n", s)
	}
	switch {
	case done.Incomplete() || proof.Pending > 0:
		return &exit{code: exitIncomplete}
	case len(proof.Stale) > 0:
		return &exit{code: exitUnverified}
	}
	return nil
}

// pendingOnly leaves out changes that have nothing to do.
func pendingOnly(in func(func(plan.Change, error) bool)) func(func(plan.Change, error) bool) {
	return func(yield func(plan.Change, error) bool) {
		for c, err := range in {
			if err == nil && !c.Pending() {
				continue
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// ask reads one line; without an answer nothing is done.
func (a *app) ask(question string) (bool, error) {
	fmt.Fprint(a.err, question)
	line, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil && line == "" {
		return false, errors.New("nobody answered; use --auto-approve where nobody can")
	}
	return strings.TrimSpace(line) == "yes", nil
}
