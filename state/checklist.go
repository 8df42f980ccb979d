package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A Confirmation is what a person said of an item of the checklist in one workspace.
type Confirmation struct {
	Workspace, Item string
	// Confirmed is false when the item was opened again.
	Confirmed bool
	By        string
	// At is when it was said; Confirm fills it in.
	At time.Time
	// Text is the hash of what the item said then.
	Text string
}

// Confirm notes what a person said. Earlier words on the item are kept, and hold no more.
func (s *State) Confirm(ctx context.Context, c Confirmation) error {
	err := s.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO checklist (workspace, item, confirmed, who, at, text) VALUES (?,?,?,?,?,?)", c.Workspace, c.Item, c.Confirmed, c.By, s.now().UnixMilli(), c.Text)
		return err
	})
	if err != nil {
		return fmt.Errorf("note the checklist's item %s: %w", c.Item, err)
	}
	return nil
}

// Confirmations are the last words on the items in a workspace, by item.
func (s *State) Confirmations(ctx context.Context, workspace string) (map[string]Confirmation, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT item, confirmed, who, at, text FROM checklist WHERE workspace = ? ORDER BY seq", workspace)
	if err != nil {
		return nil, fmt.Errorf("read the checklist: %w", err)
	}
	defer rows.Close()
	out := map[string]Confirmation{}
	for rows.Next() {
		c := Confirmation{Workspace: workspace}
		var at int64
		if err := rows.Scan(&c.Item, &c.Confirmed, &c.By, &at, &c.Text); err != nil {
			return nil, fmt.Errorf("read the checklist: %w", err)
		}
		c.At = time.UnixMilli(at).UTC()
		out[c.Item] = c
	}
	return out, rows.Err()
}
