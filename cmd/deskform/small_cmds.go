package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hexops/gotextdiff"
	"github.com/hexops/gotextdiff/myers"
	"github.com/hexops/gotextdiff/span"
	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/hcl"
	"deskform/plan/report"
	"deskform/state"
	"deskform/state/planfile"
)

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, "deskform", engine.Version)
			return err
		},
	}
}

// docsCmd prints the pages that are made from what the program knows: the language, and what it does in Intercom.
func (a *app) docsCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "docs", Short: "Print the reference page of the language, in Markdown", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(hcl.Reference(engine.Options(engine.Setup{})))
			return err
		},
	}
	c.AddCommand(&cobra.Command{
		Use: "capabilities", Short: "Print what is created, updated and archived in Intercom, what a person does, and what cannot be undone", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			page, err := engine.Capabilities()
			if err == nil {
				_, err = a.out.Write(page)
			}
			return err
		},
	})
	return c
}

func (a *app) validateCmd() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "validate", Short: "Check the configuration; offline, no token", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.validate(asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document on stdout")
	return c
}

func (a *app) validate(asJSON bool) error {
	s, err := a.setup()
	if err != nil {
		return err
	}
	cfg, _, diags, err := engine.Load(s, false)
	if err != nil {
		return err
	}
	if asJSON {
		type place struct {
			Severity string `json:"severity"`
			Summary  string `json:"summary"`
			Detail   string `json:"detail,omitempty"`
			File     string `json:"file,omitempty"`
			Line     int    `json:"line,omitempty"`
		}
		out := []place{}
		bad := false
		for _, d := range diags {
			p := place{Severity: "error", Summary: d.Summary, Detail: d.Detail}
			if d.Severity != 1 {
				p.Severity = "warning"
			} else {
				bad = true
			}
			if d.Subject != nil {
				p.File, p.Line = filepath.Base(d.Subject.Filename), d.Subject.Start.Line
			}
			out = append(out, p)
		}
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(map[string]any{"valid": !bad, "diagnostics": out}); err != nil {
			return err
		}
		if bad {
			return &exit{code: exitError}
		}
		return nil
	}
	if err := a.diagnose(diags); err != nil {
		return err
	}
	records, resources := 0, 0
	for _, set := range cfg.Sets {
		if set.Resource {
			resources += len(set.Resources)
		} else {
			records++
		}
	}
	_, err = fmt.Fprintf(a.out, "The configuration is valid: %d data blocks, %d resources, %d record sets.\n", len(cfg.Data), resources, records)
	return err
}

func (a *app) fmtCmd() *cobra.Command {
	var check, diff bool
	c := &cobra.Command{
		Use: "fmt", Short: "Rewrite the configuration in the one format", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.format(check, diff) },
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; exit 1 when a file is not in the format")
	c.Flags().BoolVar(&diff, "diff", false, "show what changes, write nothing")
	return c
}

func (a *app) format(check, diff bool) error {
	files, err := filepath.Glob(filepath.Join(a.dir, "*.hcl"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("format: there is no *.hcl file in %s", a.dir)
	}
	slices.Sort(files)
	differ := false
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("format: %w", err)
		}
		out, diags := hcl.Format(src, path)
		if err := a.diagnose(diags); err != nil {
			return err
		}
		if string(out) == string(src) {
			continue
		}
		differ = true
		switch {
		case diff:
			name := filepath.Base(path)
			edits := myers.ComputeEdits(span.URIFromPath(name), string(src), string(out))
			fmt.Fprint(a.out, gotextdiff.ToUnified("old/"+name, "new/"+name, string(src), edits))
		case check:
			fmt.Fprintln(a.out, filepath.Base(path))
		default:
			if err := replaceFile(path, out); err != nil {
				return fmt.Errorf("format: %w", err)
			}
			fmt.Fprintln(a.out, filepath.Base(path))
		}
	}
	if differ && check {
		return &exit{code: exitError}
	}
	return nil
}

// replaceFile writes beside the file and renames, so that nobody ever sees half of it.
func replaceFile(path string, content []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".fmt-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(content); err != nil {
		return err
	}
	if err := tmp.Chmod(info.Mode()); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func (a *app) pullCmd() *cobra.Command {
	var asJSON, full bool
	c := &cobra.Command{
		Use: "pull", Short: "Read the sources into the cache and write schema.lock.json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.pull(cmd.Context(), full, asJSON) },
	}
	c.Flags().BoolVar(&full, "full", false, "read every row again: export files that are unchanged, and objects whose dates have not moved; bytes of a file whose size is the same are kept")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document on stdout")
	return c
}

func (a *app) pull(ctx context.Context, full, asJSON bool) error {
	e, err := a.open(ctx, func(s *engine.Setup) { s.Relearn = true })
	if err != nil {
		return err
	}
	defer e.Close()
	mode := engine.PullAuto
	if full {
		mode = engine.PullFull
	}
	pulled, err := e.PullAlone(ctx, mode)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		return enc.Encode(map[string]any{"data": pulled})
	}
	a.rows(&engine.Plan{Pulled: pulled})
	t := tablewriter.NewWriter(a.out)
	t.Header("data", "read", "kept", "broken", "duplicate", "added", "changed", "gone")
	for _, p := range pulled {
		if p.Unchanged {
			if err := t.Append(p.Data, "unchanged", "", "", "", "", "", ""); err != nil {
				return err
			}
			continue
		}
		if err := t.Append(p.Data, p.Read, p.Kept, p.Broken, p.Duplicate, p.Added, p.Changed, p.Gone); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	for _, p := range pulled {
		if len(p.Types) < 2 {
			continue
		}
		var counts []string
		for _, typ := range slices.Sorted(maps.Keys(p.Types)) {
			counts = append(counts, fmt.Sprintf("%s %d", typ, p.Types[typ]))
		}
		if _, err := fmt.Fprintf(a.out, "%s by type: %s\n", p.Data, strings.Join(counts, ", ")); err != nil {
			return err
		}
	}
	return nil
}

// show renders a saved plan without configuration, state or network.
func (a *app) show(path string, asJSON, markdown, all, reveal bool) error {
	f, err := planfile.OpenFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	o := report.Options{Kinds: engine.Kinds(), Open: f.Header.Open, Reveal: reveal, Color: a.color(a.out)}
	if !all {
		o.PerSet = perSet
	}
	if asJSON {
		_, err := report.JSON(a.out, map[string]any{"format": 1, "workspace": f.Header.Workspace, "lineage": f.Header.Lineage, "created": f.Header.Created, "checklist": openItems(f.Header)}, f.Changes(), o)
		return err
	}
	if markdown {
		_, err = report.Markdown(a.out, "deskform plan for workspace "+f.Header.Workspace, f.Changes(), o)
	} else {
		_, err = report.Text(a.out, f.Changes(), o)
	}
	if err != nil {
		return err
	}
	forecast, err := engine.ForecastOf(path)
	if err != nil {
		return err
	}
	if err := writeForecast(a.out, forecast, 0); err != nil {
		return err
	}
	return report.Checklist(a.out, f.Header.Checklist)
}

func (a *app) stateCmd() *cobra.Command {
	c := &cobra.Command{Use: "state", Short: "Look into the state"}
	var asJSON, reveal, aside, reclaimable bool
	var format string
	list := &cobra.Command{
		Use: "list [SET]", Short: "List addresses and their ids in Intercom", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withState(cmd.Context(), func(e *engine.Engine) error {
				set := ""
				if len(args) == 1 {
					set = args[0]
				}
				if aside {
					if !slices.Contains([]string{"text", "csv", "jsonl"}, format) {
						return fmt.Errorf("--format=%s: choose text, csv or jsonl", format)
					}
					return e.ListAside(cmd.Context(), a.out, format, reveal)
				}
				if reclaimable {
					return e.ListReclaimable(cmd.Context(), a.out, set, asJSON, reveal)
				}
				return e.List(cmd.Context(), a.out, set, asJSON, reveal)
			})
		},
	}
	show := &cobra.Command{
		Use: "show ADDRESS", Short: "Show what the state knows of one address", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withState(cmd.Context(), func(e *engine.Engine) error { return e.ShowBase(cmd.Context(), a.out, args[0]) })
		},
	}
	var exportFormat string
	export := &cobra.Command{
		Use: "export", Short: "Write the crosswalk: source keys and Intercom ids, parts included", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if exportFormat != "csv" && exportFormat != "jsonl" {
				return fmt.Errorf("--format=%s: choose csv or jsonl", exportFormat)
			}
			return a.withState(cmd.Context(), func(e *engine.Engine) error { return e.Export(cmd.Context(), a.out, exportFormat) })
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "JSON Lines on stdout")
	list.Flags().BoolVar(&reveal, "reveal", false, "show keys that are e-mail addresses, and what was answered as it came")
	list.Flags().BoolVar(&aside, "set-aside", false, "list what was set aside instead, by cause")
	list.Flags().BoolVar(&reclaimable, "reclaimable", false, "list the messages instead that the actor wrote for people who have a seat now")
	list.MarkFlagsMutuallyExclusive("set-aside", "reclaimable")
	list.Flags().StringVar(&format, "format", "text", "of --set-aside: text, csv or jsonl; the last two with every key as it is")
	export.Flags().StringVar(&exportFormat, "format", "csv", "csv or jsonl; keys that are e-mail addresses are written as they are")
	lock := &cobra.Command{
		Use: "lock", Short: "Show who works on the state", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withState(cmd.Context(), func(e *engine.Engine) error {
				who, err := e.State.Holder(cmd.Context())
				if err != nil {
					return err
				}
				if who == nil {
					fmt.Fprintln(a.out, "Nobody works on the state.")
					return nil
				}
				fmt.Fprintf(a.out, "%s\t%s\tsince %s\tuntil %s unless renewed\n", who.Holder, who.What, who.Since.UTC().Format(time.RFC3339), who.Expires.UTC().Format(time.RFC3339))
				return nil
			})
		},
	}
	backup := &cobra.Command{
		Use: "backup FILE", Short: "Copy the state as it is now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Stat(args[0]); err == nil {
				return fmt.Errorf("state backup: %s is there already; name another file", args[0])
			}
			return a.withState(cmd.Context(), func(e *engine.Engine) error { return e.State.Backup(cmd.Context(), args[0]) })
		},
	}
	restore := &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the state; what was there is kept beside it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.restore(cmd.Context(), args[0]) },
	}
	c.AddCommand(list, show, export, lock, backup, restore)
	return c
}

// restore never opens the present state as a project: it may be what is damaged.
func (a *app) restore(ctx context.Context, backup string) error {
	s, err := a.setup()
	if err != nil {
		return err
	}
	cfg, _, diags, err := engine.Load(s, false)
	if derr := a.diagnose(typed(diags)); derr != nil {
		return derr
	}
	if err != nil {
		return err
	}
	kept, err := state.Restore(ctx, engine.StatePath(s, cfg), backup, state.Options{Now: a.clock.Now, Holder: holder(), Dead: dead})
	if err != nil {
		return err
	}
	if kept != "" {
		fmt.Fprintf(a.out, "What was there is in %s.\n", kept)
	}
	fmt.Fprintln(a.out, "The state is restored. What was applied since the backup is in Intercom and unknown to it: plan with --refresh=full before anything else.")
	return nil
}

func (a *app) withState(ctx context.Context, f func(*engine.Engine) error) error {
	e, err := a.open(ctx, func(s *engine.Setup) { s.Offline = true })
	if err != nil {
		return err
	}
	defer e.Close()
	return f(e)
}

func (a *app) checkCmd() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "check", Short: "Test both ends: token, region, workspace, granted rate; whose key and what it sees", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.check(cmd.Context(), asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON document on stdout")
	return c
}

func (a *app) check(ctx context.Context, asJSON bool) error {
	e, err := a.open(ctx, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	ends, err := e.Check(ctx)
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		if jerr := enc.Encode(map[string]any{"ends": ends}); jerr != nil {
			return jerr
		}
		return err
	}
	for _, end := range ends {
		mark := "ok   "
		if !end.OK {
			mark = "error"
		}
		fmt.Fprintf(a.out, "%s  %s: %s\n", mark, end.Name, strings.Join(end.Facts, ", "))
	}
	return err
}

func (a *app) initCmd() *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "Write a folder to start from", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.init() },
	}
}
