package cache

import (
	"context"
	"strings"
)

// FindPlan is how SQLite carries out FindLive, a step a line.
func (c *Cache) FindPlan(ctx context.Context) (string, error) {
	rows, err := c.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+findLive, "contact", "email", "x")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return "", err
		}
		out = append(out, detail)
	}
	return strings.Join(out, "\n"), rows.Err()
}
