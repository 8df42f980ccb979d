package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/plan/report"
	"deskform/providers/transport"
	"deskform/state/planfile"
)

type planFlags struct {
	engine.PlanOptions
	json     bool
	detailed bool
	all      bool
	reveal   bool
}

func (p *planFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.Pull, "pull", engine.PullAuto, "auto: read sources that may have changed; full: read all; none: use the rows in the cache")
	f.StringVar(&p.Refresh, "refresh", engine.RefreshChanged, "changed: sweep what changed in Intercom; full: sweep everything; none: use the cache")
	f.StringArrayVar(&p.Targets, "target", nil, "limit to this set or record and what it refers to; may be repeated")
	f.IntVar(&p.Sample, "sample", 0, "limit to N records of each set that nothing refers to, and what those refer to")
	f.Int64Var(&p.Seed, "seed", 1, "which sample")
}

// check refuses values that mean nothing.
func (p *planFlags) check() error {
	if !slices.Contains([]string{engine.PullAuto, engine.PullFull, engine.PullNone}, p.Pull) {
		return fmt.Errorf("--pull=%s: choose auto, full or none", p.Pull)
	}
	if !slices.Contains([]string{engine.RefreshChanged, engine.RefreshFull, engine.RefreshNone}, p.Refresh) {
		return fmt.Errorf("--refresh=%s: choose changed, full or none", p.Refresh)
	}
	if p.Sample < 0 {
		return fmt.Errorf("--sample=%d: it is a number of records", p.Sample)
	}
	return nil
}

func (a *app) planCmd() *cobra.Command {
	var p planFlags
	c := &cobra.Command{
		Use:   "plan",
		Short: "Show what an apply would do; sends no request but reads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.check(); err != nil {
				return err
			}
			return a.plan(cmd.Context(), p)
		},
	}
	p.register(c)
	f := c.Flags()
	f.StringVar(&p.Out, "out", "", "keep the plan in this file, for `deskform apply FILE`; it holds personal data and is written with mode 0600")
	f.BoolVar(&p.json, "json", false, "one JSON document on stdout")
	f.BoolVar(&p.detailed, "detailed-exitcode", false, "exit 2 when there are changes")
	f.BoolVar(&p.all, "all", false, "write out every change instead of the first of each kind")
	f.BoolVar(&p.reveal, "reveal", false, "show personal data instead of masking it")
	return c
}

func (a *app) plan(ctx context.Context, p planFlags) error {
	e, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	pl, err := e.Plan(ctx, p.PlanOptions)
	refused := err
	if err != nil && (pl == nil || pl.Path == "" || codeOf(ctx, err) != exitRefused) {
		return err
	}
	if err := a.render(e, pl, p.json, p.all, p.reveal); err != nil {
		return err
	}
	if refused != nil && pl.Doubles() {
		return errors.Join(refused, os.Remove(pl.Path))
	}
	if refused != nil {
		return refused
	}
	if p.Out != "" && !p.json {
		fmt.Fprintf(a.out, "\nThe plan is in %s; carry it out with: deskform apply %s\n", p.Out, p.Out)
	}
	if p.Out == "" {
		if err := e.Discard(pl); err != nil {
			return err
		}
	}
	if p.detailed && pl.Pending > 0 {
		return &exit{code: exitPending}
	}
	return nil
}

// perSet is how many changes of one set and action a plan writes out unless --all is given.
const perSet = 10

// render shows a plan as text or JSON.
func (a *app) render(e *engine.Engine, p *engine.Plan, asJSON, all, reveal bool) error {
	f, err := e.OpenPlan(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	o := report.Options{Kinds: e.Kinds(), Open: f.Header.Open, Reveal: reveal, Color: a.color(a.out)}
	if !all {
		o.PerSet = perSet
	}
	if asJSON {
		_, err := report.JSON(a.out, map[string]any{"format": 1, "workspace": f.Header.Workspace, "lineage": f.Header.Lineage, "created": f.Header.Created.Format(time.RFC3339),
			"forecast": p.Forecast, "pulled": p.Pulled, "evaluated": p.Evaluated, "line": p.Summary.Line(), "checklist": openItems(f.Header)}, f.Changes(), o)
		return err
	}
	a.rows(p)
	for _, set := range e.Proposed() {
		fmt.Fprintf(a.err, "Warning: %s is only proposed; apply refuses it until somebody has checked the mapping and deleted its status\n", set)
	}
	if _, err := report.Text(a.out, f.Changes(), o); err != nil {
		return err
	}
	if err := writeForecast(a.out, p.Forecast, e.Rate()); err != nil {
		return err
	}
	return report.Checklist(a.out, f.Header.Checklist)
}

// openItems is never null: programs read it.
func openItems(h planfile.Header) []plan.CheckItem {
	if h.Checklist == nil {
		return []plan.CheckItem{}
	}
	return h.Checklist
}

// of names a file after its data block, where there is one.
func of(file string) string {
	if file == "" {
		return ""
	}
	return ", " + file
}

// rows tells what the sources gave, when there is something to tell.
func (a *app) rows(p *engine.Plan) {
	for _, d := range p.Pulled {
		for _, n := range d.Notes {
			fmt.Fprintf(a.err, "Warning: data.%s%s: %s\n", d.Data, of(d.File), n)
		}
		for _, b := range d.FirstBroken {
			fmt.Fprintf(a.err, "Warning: data.%s, %s: %s\n", d.Data, strings.TrimSpace(d.File+" "+b.Pos), b.Reason)
		}
		if n := d.Broken - d.Vanished; n > 0 {
			fmt.Fprintf(a.err, "Warning: data.%s: %d of %d rows are broken and stay out; correct them in the source\n", d.Data, n, d.Read)
		}
		if d.Vanished > 0 {
			fmt.Fprintf(a.err, "Warning: data.%s: %d of %d rows were in the list and not there any more when they were read: deleted meanwhile, or the key may list them and not read them; they stay out, and the next pull tells\n", d.Data, d.Vanished, d.Read)
		}
		if d.Unread > 0 {
			fmt.Fprintf(a.err, "Warning: data.%s: %s\n", d.Data, d.UnreadText())
		}
		if d.Absent != "" {
			fmt.Fprintf(a.err, "Warning: data.%s has no rows, as the source does not know such a class: %s\n", d.Data, d.Absent)
		}
		for _, c := range d.Unexpected {
			fmt.Fprintf(a.err, "Warning: %s\n", c.Text(d.Data))
		}
		if d.Gone > 0 && d.Fetched+d.Missing > 0 {
			fmt.Fprintf(a.err, "Warning: data.%s: %d rows are missing since this pull, %d in all; nothing is deleted for that\n", d.Data, d.Gone, d.Missing)
		}
		if d.Duplicate > 0 {
			fmt.Fprintf(a.err, "Warning: data.%s: %d of %d rows repeat a key and stay out, as its duplicates argument says\n", d.Data, d.Duplicate, d.Read)
		}
	}
	for _, n := range engine.NotesOf(p.Evaluated) {
		fmt.Fprintf(a.err, "Warning: %s\n", n)
	}
}

func writeForecast(w io.Writer, f engine.Forecast, rate float64) error {
	if f.Writes == 0 {
		return nil
	}
	took := ""
	if rate > 0 {
		took = fmt.Sprintf(", about %s with %.0f calls and %.0f replies a second", f.Duration(rate), rate, transport.RepliesPerSecond)
	}
	customers := "to customers none is sent"
	if f.Customers > 0 {
		customers = fmt.Sprintf("and %d to customers", f.Customers)
	}
	together := ""
	if f.Shared > 0 {
		together = fmt.Sprintf(" (%d of them tag %d contacts or companies together)", f.Shared, f.Sharing)
	}
	_, err := fmt.Fprintf(w, "Forecast: %d writes%s and %d reads%s; %d notifications to teammates cannot be avoided, %s.\n", f.Writes, together, f.Reads, took, f.People-f.Customers, customers)
	return err
}

func (a *app) showCmd() *cobra.Command {
	var asJSON, markdown, all, reveal bool
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a saved plan; offline",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.show(args[0], asJSON, markdown, all, reveal)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document on stdout")
	c.Flags().BoolVar(&markdown, "markdown", false, "for a comment on a pull request; personal data is masked there as well")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	c.Flags().BoolVar(&all, "all", false, "write out every change")
	c.Flags().BoolVar(&reveal, "reveal", false, "show personal data instead of masking it")
	return c
}

func (a *app) whyCmd() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "why ADDRESS",
		Short: "Tell what the last plan decided about one address, and from what; offline",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.why(cmd.Context(), args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document on stdout; values of personal fields are shown")
	return c
}

func (a *app) why(ctx context.Context, address string, asJSON bool) error {
	addr, err := plan.ParseAddress(address)
	if err != nil {
		return err
	}
	e, err := a.open(ctx, func(s *engine.Setup) { s.Offline = true })
	if err != nil {
		return err
	}
	defer e.Close()
	w, err := e.Why(ctx, addr)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(w)
	}
	fmt.Fprintln(a.out, addr)
	if w.Decided {
		fmt.Fprintf(a.out, "  last plan: %s", w.Action)
		if w.Reason != "" {
			fmt.Fprintf(a.out, ", %s", w.Reason)
		}
		fmt.Fprintln(a.out)
	} else {
		fmt.Fprintln(a.out, "  the last plan decided nothing about it")
	}
	if w.Row != "" {
		fmt.Fprintf(a.out, "  row:       %s of data.%s\n", w.Row, w.Data)
	}
	if w.ID != "" {
		fmt.Fprintf(a.out, "  Intercom:  %s %s, %s\n", w.Kind, w.ID, w.Origin)
	}
	if w.Next != "" {
		fmt.Fprintf(a.out, "  cut off:   the next apply goes on with %s\n", w.Next)
	}
	if w.Continues != "" {
		fmt.Fprintf(a.out, "  continues: %s\n", w.Continues)
	}
	for _, c := range w.Continued {
		fmt.Fprintf(a.out, "  goes on:   %s, %s %s, %d parts written\n", c.Address, w.Kind, c.ID, c.Parts)
	}
	for _, p := range w.Problems {
		fmt.Fprintf(a.out, "  problem:   %s %s\n", p.Field, p.Text)
	}
	if len(w.Want) > 0 {
		fmt.Fprintln(a.out, "  fields (wanted | last sent | last seen in Intercom):")
		for _, name := range slices.Sorted(maps.Keys(w.Want)) {
			fmt.Fprintf(a.out, "    %s: %s | %s | %s\n", name, short(w.Want[name]), short(w.Sent[name]), short(w.Have[name]))
		}
	}
	if w.Parts > 0 || w.Written > 0 {
		fmt.Fprintf(a.out, "  parts: %d wanted, %d written\n", w.Parts, w.Written)
	}
	return nil
}

func short(v plan.Value) string {
	text := []rune(string(plan.Canonical(v)))
	if len(text) > 60 {
		return string(text[:57]) + "…"
	}
	return string(text)
}
