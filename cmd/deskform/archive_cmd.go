package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/hcl"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/archive"
	"deskform/providers/transport"
)

func (a *app) archiveCmd() *cobra.Command {
	o := archive.Options{}
	var asJSON bool
	c := &cobra.Command{
		Use:   "archive DIR",
		Short: "Keep all that the key sees of ITSM 365 in a folder: JSON Lines, files, hashes, a page that searches it offline",
		Long: `What is not moved dies with the subscription: knowledge base, tasks, work records, and whatever the mapping leaves out.
The archive is read from the tenant of the provider "itsm365" block. It holds people's data as it is: keep it where
you keep the state, never in git. Interrupted, the same command goes on. On an archive that is whole it checks every
hash and calls nobody; sha256sum -c SHA256SUMS in the folder does the same.

Exit codes: 0 whole, 3 whole but for what MANIFEST.json lists as unreadable, 7 a hash is not the one that was written.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Dir = args[0]
			return a.archive(cmd.Context(), o, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Owned, "owned", archive.Each, "how comments and files are read: each asks every object for its own, a call each; list reads them as lists, which is fast, asks some objects to compare, and falls back to each")
	f.StringSliceVar(&o.Classes, "class", nil, "class to read beside the stock ones and those of data blocks; what links lead to is found anyway")
	f.StringSliceVar(&o.Skip, "skip", nil, "class to leave out; comment and file are classes too")
	f.StringVar(&o.Lang, "lang", "en", "language of the page: en or ru")
	f.BoolVar(&asJSON, "json", false, "the manifest on stdout")
	return c
}

func (a *app) archive(ctx context.Context, o archive.Options, asJSON bool) error {
	s, err := a.setup()
	if err != nil {
		return err
	}
	s.Relearn = true // columns do not matter here
	cfg, _, diags, err := engine.Load(s, false)
	if derr := a.diagnose(typed(diags)); derr != nil {
		return derr
	}
	if err != nil {
		return err
	}
	src, err := a.archived(cfg, s, &o)
	if err != nil {
		return err
	}
	o.Source, o.Version, o.Now = src, engine.Version, a.clock.Now
	o.Stage, o.Step = s.Watch.Start, s.Watch.Step
	m, verified, err := archive.Run(ctx, o)
	s.Watch.Done()
	if errors.Is(err, archive.ErrDamaged) {
		return &exit{exitUnverified, err}
	}
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(m); err != nil {
			return err
		}
	} else if err := a.archiveDone(o.Dir, m, verified); err != nil {
		return err
	}
	if m.Incomplete() {
		return &exit{code: exitIncomplete}
	}
	return nil
}

// archived makes the source from the provider block, and notes what else of the configuration matters: the classes of data
// blocks, and the secret.
func (a *app) archived(cfg *hcl.Config, s engine.Setup, o *archive.Options) (*itsm365.Source, error) {
	args, ok := cfg.Providers["itsm365"]
	if !ok {
		return nil, errors.New(`archive: the configuration has no provider "itsm365" block; it says which tenant to read`)
	}
	o.Redact = transport.NewRedactor(cfg.Secrets...)
	a.hide = o.Redact
	waiting := func(until time.Time, why string) { s.Waiting("itsm365", until, why) }
	src, err := itsm365.New(args, itsm365.Config{Clock: a.clock, Log: s.Log, Redact: o.Redact, Ask: s.Ask, Dir: s.Dir, Waiting: waiting})
	if err != nil {
		return nil, err
	}
	o.Secrets = src.Secrets()
	o.Address, _ = args["url"].(string)
	o.TimeZone = src.Zone()
	for _, d := range cfg.Data {
		if class, _ := d.Args["class"].(string); d.Type == "itsm365" && class != "" {
			o.Classes = append(o.Classes, class)
		}
	}
	return src, nil
}

func (a *app) archiveDone(dir string, m *archive.Manifest, verified bool) error {
	if verified {
		_, err := fmt.Fprintf(a.out, "The archive in %s is whole and unchanged: %d objects, %d files, begun %s.\n", dir, m.Objects(), m.Files.Count, m.Started.Format("2006-01-02"))
		return err
	}
	t := tablewriter.NewWriter(a.out)
	t.Header("class", "objects", "file")
	for _, c := range m.Classes {
		if err := t.Append(c.Class, c.Objects, c.File); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%d objects and %d files (%d bytes) are in %s. Open index.html there.\n", m.Objects(), m.Files.Count, m.Files.Bytes, dir)
	if e := m.Metainfo; e != nil {
		fmt.Fprintf(a.out, "The configuration export is in %s (%d files, %d bytes).\n", e.Path, e.Parts, e.Bytes)
	}
	removed := 0
	for _, class := range slices.Sorted(maps.Keys(m.KeysRemoved)) {
		removed += m.KeysRemoved[class]
	}
	if removed > 0 {
		fmt.Fprintf(a.out, "%d access keys of one-click links were taken out of texts.\n", removed)
	}
	if len(m.Empty) > 0 {
		fmt.Fprintf(a.out, "%d classes are empty, or hidden from the key.\n", len(m.Empty))
	}
	for _, u := range m.Unreadable {
		what := u.What
		if u.Of != "" {
			what += " of " + u.Of
		}
		fmt.Fprintf(a.out, "Not readable: %s: %s\n", what, u.Why)
	}
	return nil
}
