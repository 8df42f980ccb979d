package cache

import (
	"context"
	"database/sql"
	"errors"

	"deskform/plan"
)

// An Outcome is what the plan being made, or the last one, decided about an address.
type Outcome struct {
	Action plan.Action
	ID     string
	Kind   string
	// Into is the owner of a merged row.
	Into   plan.Target
	Reason string
	Cause  string
}

type claim struct{ kind, field, value string }

func (c *Cache) clear() {
	c.pending, c.claims = map[plan.Target]Outcome{}, map[claim]plan.Target{}
}

// ResetOutcomes forgets the decisions of the last plan, for a new one.
func (c *Cache) ResetOutcomes(ctx context.Context) error {
	c.mu.Lock()
	c.clear()
	c.mu.Unlock()
	_, err := c.write.ExecContext(ctx, "DELETE FROM outcomes")
	return c.explain(err)
}

// writeBehind is how many decisions are kept in memory before they are written.
const writeBehind = 5000

// PutOutcome notes a decision; Outcome sees it at once.
func (c *Cache) PutOutcome(ctx context.Context, a plan.Address, o Outcome) error {
	c.mu.Lock()
	c.pending[a.Target()] = o
	full := len(c.pending) >= writeBehind
	c.mu.Unlock()
	if full {
		return c.flush(ctx)
	}
	return nil
}

func (c *Cache) flush(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) == 0 {
		return nil
	}
	err := c.in(ctx, func(tx *sql.Tx) error {
		put, err := tx.Prepare("INSERT OR REPLACE INTO outcomes VALUES (?,?,?,?,?,?,?,?,?)")
		if err != nil {
			return err
		}
		defer put.Close()
		for t, o := range c.pending {
			if _, err := put.Exec(t.Set, t.Key, string(o.Action), o.ID, o.Kind, o.Into.Set, o.Into.Key, o.Reason, o.Cause); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		c.pending = map[plan.Target]Outcome{}
	}
	return err
}

// Outcome is what was decided about an address.
func (c *Cache) Outcome(ctx context.Context, t plan.Target) (Outcome, bool, error) {
	c.mu.Lock()
	o, ok := c.pending[t]
	c.mu.Unlock()
	if ok {
		return o, true, nil
	}
	err := c.outcome.QueryRowContext(ctx, t.Set, t.Key).Scan(&o.Action, &o.ID, &o.Kind, &o.Into.Set, &o.Into.Key, &o.Reason, &o.Cause)
	if errors.Is(err, sql.ErrNoRows) {
		return o, false, nil
	}
	return o, err == nil, err
}

// Claim notes who wants to be the object with this value and returns the first that did in this plan.
func (c *Cache) Claim(_ context.Context, kind, field string, v plan.Value, by plan.Target) (plan.Target, error) {
	k := claim{kind, field, string(plan.Canonical(v))}
	c.mu.Lock()
	defer c.mu.Unlock()
	if owner, ok := c.claims[k]; ok {
		return owner, nil
	}
	c.claims[k] = by
	return by, nil
}

// Claimed is who claimed a value in the plan being made.
func (c *Cache) Claimed(kind, field string, v plan.Value) (plan.Target, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.claims[claim{kind, field, string(plan.Canonical(v))}]
	return t, ok
}
