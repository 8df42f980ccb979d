package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"deskform/plan"
)

// PutLive takes the items of a sweep into the mirror. After a full one, what it did not show is marked missing. keys are
// the fields by which FindLive finds.
func (c *Cache) PutLive(ctx context.Context, kind string, full bool, items iter.Seq2[plan.Live, error], keys []string) error {
	name := "sweep " + kind
	text, _, err := c.Get(ctx, name)
	if err != nil {
		return err
	}
	gen := 0
	if text != "" {
		if gen, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("read the cache: %w", err)
		}
	}
	if full {
		gen++
	}
	err = batches(300, items, func(batch []plan.Live) error {
		return c.in(ctx, func(tx *sql.Tx) error {
			for i := range batch {
				if err := putLive(tx, &batch[i], gen, keys); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil || !full {
		return err
	}
	if _, err := c.write.ExecContext(ctx, "UPDATE live SET missing = 1 WHERE kind = ? AND gen < ?", kind, gen); err != nil {
		return c.explain(err)
	}
	return c.Set(ctx, name, strconv.Itoa(gen))
}

func putLive(tx *sql.Tx, l *plan.Live, gen int, keys []string) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("keep %s %s: %w", l.Kind, l.ID, err)
	}
	if _, err := tx.Exec("INSERT OR REPLACE INTO live VALUES (?,?,?,?,?)", l.Kind, l.ID, gen, l.Gone, text); err != nil {
		return err
	}
	if len(keys) == 0 {
		return nil
	}
	if _, err := tx.Exec("DELETE FROM live_keys WHERE kind = ? AND id = ?", l.Kind, l.ID); err != nil || l.Gone {
		return err
	}
	for _, k := range keys {
		v := l.Fields[k]
		if v == nil || v == "" {
			continue
		}
		if _, err := tx.Exec("INSERT OR IGNORE INTO live_keys VALUES (?,?,?,?)", l.Kind, k, string(plan.Canonical(v)), l.ID); err != nil {
			return err
		}
	}
	return nil
}

// SetLive takes one object as a GET showed it. It counts as seen by the last sweep.
func (c *Cache) SetLive(ctx context.Context, l plan.Live, keys []string) error {
	text, _, err := c.Get(ctx, "sweep "+l.Kind)
	if err != nil {
		return err
	}
	gen, _ := strconv.Atoi(text)
	return c.in(ctx, func(tx *sql.Tx) error { return putLive(tx, &l, gen, keys) })
}

// Live reads an object of the mirror, nil if it was never seen; missing means that the last full sweep did not show it.
func (c *Cache) Live(ctx context.Context, kind, id string) (l *plan.Live, missing bool, err error) {
	var text []byte
	err = c.live.QueryRowContext(ctx, kind, id).Scan(&text, &missing)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read %s %s from the cache: %w", kind, id, err)
	}
	l = new(plan.Live)
	return l, missing, json.Unmarshal(text, l)
}

// FindLive finds the objects whose indexed field has this value, those that the last full sweep did not show left out.
func (c *Cache) FindLive(ctx context.Context, kind, field string, v plan.Value) ([]*plan.Live, error) {
	rows, err := c.find.QueryContext(ctx, kind, field, string(plan.Canonical(v)))
	if err != nil {
		return nil, fmt.Errorf("find a %s by %s in the cache: %w", kind, field, err)
	}
	defer rows.Close()
	var out []*plan.Live
	for rows.Next() {
		var text []byte
		l := new(plan.Live)
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, l); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// All yields the objects of a kind that the last full sweep or a GET showed, those that are archived (Gone) among them.
func (c *Cache) All(ctx context.Context, kind string) iter.Seq2[*plan.Live, error] {
	return func(yield func(*plan.Live, error) bool) {
		rows, err := c.read.QueryContext(ctx, "SELECT json FROM live WHERE kind = ?1 AND gen = (SELECT max(gen) FROM live WHERE kind = ?1)", kind)
		if err != nil {
			yield(nil, fmt.Errorf("read all of %s from the cache: %w", kind, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var text []byte
			l := new(plan.Live)
			err := rows.Scan(&text)
			if err == nil {
				err = json.Unmarshal(text, l)
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}
