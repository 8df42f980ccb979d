package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/plan/report"
)

func (a *app) checklistCmd() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return a.checklist(cmd.Context(), asJSON) }
	c := &cobra.Command{Use: "checklist", Short: "List what a person turns off and on around the move, and who confirmed it", Args: cobra.NoArgs, RunE: list}
	ls := &cobra.Command{Use: "list", Short: "The same", Args: cobra.NoArgs, RunE: list}
	for _, l := range []*cobra.Command{c, ls} {
		l.Flags().BoolVar(&asJSON, "json", false, "one JSON document on stdout")
	}
	say := func(use, short string, confirmed bool) *cobra.Command {
		var by string
		var all bool
		s := &cobra.Command{
			Use: use + " [ITEM...]", Short: short,
			RunE: func(cmd *cobra.Command, args []string) error {
				if all == (len(args) > 0) {
					return errors.New("name the items, or take --all")
				}
				return a.confirm(cmd.Context(), args, by, confirmed)
			},
		}
		s.Flags().StringVar(&by, "by", "", "whose word it is; kept in the state with the time")
		s.Flags().BoolVar(&all, "all", false, "every item")
		return s
	}
	c.AddCommand(ls, say("confirm", "Note that somebody did what the items say", true), say("reopen", "Note that it holds no more: what was turned off is on again", false))
	return c
}

func (a *app) checklist(ctx context.Context, asJSON bool) error {
	return a.withState(ctx, func(e *engine.Engine) error {
		workspace, items, err := e.Checklist(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			enc := json.NewEncoder(a.out)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			return enc.Encode(map[string]any{"workspace": workspace, "items": items})
		}
		if len(items) == 0 {
			fmt.Fprintln(a.out, "The configuration has no checklist block.")
			return nil
		}
		for _, i := range items {
			report.CheckItem(a.out, i.CheckItem)
			if i.At != nil {
				fmt.Fprintf(a.out, "      by:   %s, %s\n", i.By, i.At.Format(time.RFC3339))
			}
		}
		a.openCount(workspace, items)
		return nil
	})
}

func (a *app) confirm(ctx context.Context, names []string, by string, confirmed bool) error {
	return a.withState(ctx, func(e *engine.Engine) error {
		lease, err := e.LockState(ctx, "checklist", 0, 0)
		if err != nil {
			return err
		}
		defer lease.Release()
		if len(names) == 0 {
			names = nil // all
		}
		items, err := e.Confirm(ctx, names, by, confirmed)
		if err != nil {
			return err
		}
		workspace, _, err := e.Checklist(ctx)
		if err == nil {
			a.openCount(workspace, items)
		}
		return err
	})
}

func (a *app) openCount(workspace string, items []engine.ListedItem) {
	open := 0
	for _, i := range items {
		if i.Open != "" {
			open++
		}
	}
	fmt.Fprintf(a.out, "Workspace %s: %d items, %d open.\n", workspace, len(items), open)
}
