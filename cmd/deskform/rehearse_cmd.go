package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/plan/run"
)

func (a *app) rehearseCmd() *cobra.Command {
	var o engine.RehearseOptions
	var asJSON bool
	var dump string
	c := &cobra.Command{
		Use:   "rehearse",
		Short: "Run the whole job against sandboxes in this process: plan, apply, proof plan, comparison, planted mutations",
		Long: `Nothing real is touched and no account is needed. The source is served from the folder itsm365 beside the
configuration (or --source), the workspace starts from workspace.json (or --workspace). Export files are read as they are.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.rehearse(cmd.Context(), o, dump, asJSON) },
	}
	f := c.Flags()
	f.IntVar(&o.Sample, "sample", 0, "only N records of each set that nothing refers to, and all that those refer to")
	f.Int64Var(&o.Seed, "seed", 1, "which sample")
	f.StringVar(&o.Source, "source", "", "folder that the ITSM 365 sandbox serves")
	f.StringVar(&o.Workspace, "workspace", "", "data file of the Intercom sandbox")
	f.StringVar(&dump, "dump", "", "write the sandbox's objects after the apply to this file, as JSON Lines")
	f.BoolVar(&asJSON, "json", false, "one JSON document on stdout")
	return c
}

func (a *app) rehearse(ctx context.Context, o engine.RehearseOptions, dump string, asJSON bool) error {
	s, err := a.setup()
	if err != nil {
		return err
	}
	if dump != "" {
		f, err := os.OpenFile(dump, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("rehearse: %w", err)
		}
		defer f.Close()
		o.Dump = f
	}
	watch := s.Watch
	o.Observe = func(ev run.Event) {
		if ev.Step != "" {
			watch.Step(1)
		}
		if ev.Err != nil && !asJSON {
			fmt.Fprintf(a.err, "%s: %s: %s\n", ev.Address, ev.Outcome, ev.Err)
		}
	}
	r, e, diags, err := engine.Rehearse(ctx, s, o)
	if derr := a.diagnose(typed(diags)); derr != nil {
		return derr
	}
	if e != nil {
		defer e.Close()
		a.hide = e.Redact
	}
	watch.Done()
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else if err := a.rehearsed(r); err != nil {
		return err
	}
	if !r.Passed() {
		return &exit{code: exitError}
	}
	return nil
}

// rehearsed prints a rehearsal for people.
func (a *app) rehearsed(r *engine.Rehearsal) error {
	t := tablewriter.NewWriter(a.out)
	t.Header("set", "outcome", "rows")
	for _, set := range slices.Sorted(maps.Keys(r.Sets)) {
		for _, o := range plan.Outcomes() {
			if n := r.Sets[set][o]; n > 0 {
				if err := t.Append(set, string(o), n); err != nil {
					return err
				}
			}
		}
		if n := r.Splits[set]; n > 0 {
			if err := t.Append(set, "of these, threads that go on", n); err != nil {
				return err
			}
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	proof := "No changes."
	if r.ProofChanges > 0 {
		proof = fmt.Sprintf("%d changes are left.", r.ProofChanges)
	}
	fmt.Fprintf(a.out, `
Calls:         %d writes as sent, %d forecast; %d reads, %d forecast
Notifications: %d avoidable, %d unavoidable, %d forecast
Proof plan:    %s
Comparison:    %d mismatches
Mutations:     %d planted, %d found
Took %.1f s; with the granted rate the apply would have taken %.0f s.
`, r.Calls.Writes, r.Calls.Forecast, r.Calls.Reads, r.Calls.ForecastReads, r.Notifications.Avoidable, r.Notifications.Unavoidable, r.Notifications.Forecast,
		proof, r.Mismatches, r.Mutations.Planted, r.Mutations.Found, r.Seconds, r.Virtual)
	for _, d := range r.Details {
		fmt.Fprintln(a.out, "  -", d)
	}
	verdict := "Rehearsal passed."
	if !r.Passed() {
		verdict = "Rehearsal FAILED."
	}
	_, err := fmt.Fprintln(a.out, verdict)
	return err
}
