package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"deskform/plan"
)

// A Want is a wanted record with the row it was made from.
type Want struct{ plan.Want }

// PutWants replaces the wants of a set. Two with one key are a *DuplicateError, unless duplicates is "first" or "last";
// it returns how many stayed out.
func (c *Cache) PutWants(ctx context.Context, set, duplicates string, wants iter.Seq2[Want, error]) (int, error) {
	if _, err := c.write.ExecContext(ctx, "DELETE FROM wants WHERE owner = ?", set); err != nil {
		return 0, c.explain(err)
	}
	verb := map[string]string{"first": "INSERT OR IGNORE", "last": "INSERT OR REPLACE"}[duplicates]
	if verb == "" {
		verb = "INSERT OR IGNORE"
	}
	tried := 0
	err := batches(500, wants, func(batch []Want) error {
		return c.in(ctx, func(tx *sql.Tx) error {
			put, err := tx.Prepare(verb + " INTO wants VALUES (?,?,?)")
			if err != nil {
				return err
			}
			defer put.Close()
			for _, w := range batch {
				tried++
				text, err := json.Marshal(w.Want)
				if err != nil {
					return fmt.Errorf("keep %s %s: %w", set, w.Key, err)
				}
				res, err := put.Exec(set, w.Key, text)
				if err != nil {
					return err
				}
				if n, err := res.RowsAffected(); err != nil {
					return err
				} else if n == 0 && duplicates != "first" {
					return c.twice(tx, set, w)
				}
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	var kept int
	err = c.write.QueryRowContext(ctx, "SELECT count(*) FROM wants WHERE owner = ?", set).Scan(&kept)
	return tried - kept, err
}

func (c *Cache) twice(tx *sql.Tx, set string, w Want) error {
	e := &DuplicateError{What: set, Key: w.Key, Rows: []string{w.Row}}
	var text []byte
	var first plan.Want
	if tx.QueryRow("SELECT json FROM wants WHERE owner = ? AND key = ?", set, w.Key).Scan(&text) == nil && json.Unmarshal(text, &first) == nil {
		e.Rows = []string{first.Row, w.Row}
	}
	return e
}

// Wants yields the wants of a set sorted by key, bytewise.
func (c *Cache) Wants(ctx context.Context, set string) iter.Seq2[*plan.Want, error] {
	return func(yield func(*plan.Want, error) bool) {
		rows, err := c.read.QueryContext(ctx, "SELECT json FROM wants WHERE owner = ? ORDER BY key", set)
		if err != nil {
			yield(nil, fmt.Errorf("read %s from the cache: %w", set, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var text sql.RawBytes
			if err := rows.Scan(&text); err != nil {
				yield(nil, err)
				return
			}
			w, err := parseWant(text)
			if !yield(w, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Want reads one, nil if there is none.
func (c *Cache) Want(ctx context.Context, set, key string) (*plan.Want, error) {
	var text []byte
	err := c.want.QueryRowContext(ctx, set, key).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s from the cache: %w", set, key, err)
	}
	return parseWant(text)
}

func parseWant(text []byte) (*plan.Want, error) {
	w := new(plan.Want)
	if err := json.Unmarshal(text, w); err != nil {
		return nil, fmt.Errorf("read a want from the cache: %w; delete .deskform and plan again", err)
	}
	return w, nil
}
