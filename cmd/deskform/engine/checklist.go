package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"deskform/plan"
	"deskform/state"
)

// A ListedItem is an item of the checklist with what people said of it.
type ListedItem struct {
	plan.CheckItem
	By string     `json:"by,omitempty"`
	At *time.Time `json:"at,omitempty"`
}

// Checklist is the workspace that the configuration describes, and its items in their order with the last word on each.
func (e *Engine) Checklist(ctx context.Context) (workspace string, items []ListedItem, err error) {
	if workspace, err = e.workspaceID(ctx); err != nil {
		return "", nil, err
	}
	items, err = e.checklist(ctx, workspace)
	return workspace, items, err
}

// workspaceID is the workspace's id as the state, the configuration or else the service knows it.
func (e *Engine) workspaceID(ctx context.Context) (string, error) {
	if id := e.State.Workspace(); id != "" {
		return id, nil
	}
	if id, _ := e.args("intercom", e.Intercom)["workspace"].(string); id != "" {
		return id, nil
	}
	r, err := e.Reader()
	if err != nil {
		return "", fmt.Errorf("find out which workspace the checklist is about: %w; or set workspace in the provider block", err)
	}
	ws, err := r.Workspace(ctx)
	return ws.ID, err
}

func (e *Engine) checklist(ctx context.Context, workspace string) ([]ListedItem, error) {
	said, err := e.State.Confirmations(ctx, workspace)
	if err != nil {
		return nil, err
	}
	out := make([]ListedItem, 0, len(e.Config.Checklist))
	for _, item := range e.Config.Checklist {
		l := ListedItem{CheckItem: item}
		switch word, ok := said[item.Name]; {
		case !ok:
			l.Open = "nobody has confirmed it"
		case !word.Confirmed:
			l.Open, l.By, l.At = "opened again", word.By, &word.At
		case word.Text != item.Text():
			l.Open, l.By, l.At = "what it says has changed since it was confirmed", word.By, &word.At
		default:
			l.By, l.At = word.By, &word.At
		}
		out = append(out, l)
	}
	return out, nil
}

// open are the items of the checklist that nobody's word stands for in a workspace.
func (e *Engine) open(ctx context.Context, workspace string) ([]plan.CheckItem, error) {
	items, err := e.checklist(ctx, workspace)
	if err != nil {
		return nil, err
	}
	var out []plan.CheckItem
	for _, i := range items {
		if i.Open != "" {
			out = append(out, i.CheckItem)
		}
	}
	return out, nil
}

// Confirm notes that somebody did, or with confirmed false undid, what the named items say. Nothing is noted when one of
// the names is no item's. All are meant when names is nil.
func (e *Engine) Confirm(ctx context.Context, names []string, by string, confirmed bool) ([]ListedItem, error) {
	if strings.TrimSpace(by) == "" {
		return nil, errors.New("whose word is it? Name the person with --by")
	}
	workspace, items, err := e.Checklist(ctx)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return nil, errors.New("the configuration has no checklist block")
	}
	for _, name := range names {
		if !slices.ContainsFunc(items, func(i ListedItem) bool { return i.Name == name }) {
			var known []string
			for _, i := range items {
				known = append(known, i.Name)
			}
			return nil, fmt.Errorf("the checklist has no item %q; it has %s", name, strings.Join(known, ", "))
		}
	}
	for _, i := range items {
		if names != nil && !slices.Contains(names, i.Name) {
			continue
		}
		if err := e.State.Confirm(ctx, state.Confirmation{Workspace: workspace, Item: i.Name, Confirmed: confirmed, By: strings.TrimSpace(by), Text: i.Text()}); err != nil {
			return nil, err
		}
	}
	return e.checklist(ctx, workspace)
}

// Unconfirmed refuses a plan that writes to sets which need an open item of the checklist.
func (e *Engine) Unconfirmed(ctx context.Context, p *Plan) error {
	open, err := e.open(ctx, p.Header.Workspace)
	if err != nil {
		return err
	}
	var refused []string
	for _, item := range open {
		var waits []string
		for _, set := range item.NeededFor {
			if n := p.Touched[set]; n > 0 {
				waits = append(waits, fmt.Sprintf("%d changes of %s", n, set))
			}
		}
		if len(waits) > 0 {
			refused = append(refused, fmt.Sprintf("checklist item %s is open (%s) and %s need it; do what it says, then: deskform checklist confirm %s --by NAME", item.Name, item.Open, strings.Join(waits, ", "), item.Name))
		}
	}
	if len(refused) > 0 {
		return &RefusedError{refused}
	}
	return nil
}

// touch counts the changes of a set that an apply would write.
func (p *Plan) touch(c *plan.Change) {
	if !c.Pending() || c.Action == plan.Blocked {
		return
	}
	if p.Touched == nil {
		p.Touched = map[string]int{}
	}
	p.Touched[c.Address.Set]++
}
