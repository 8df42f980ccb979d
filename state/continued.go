package state

import (
	"context"
	"fmt"
	"iter"

	"deskform/plan"
)

// Continued are the records of a set that go on with the thread of another one: their keys, by the key of that one.
func (s *State) Continued(ctx context.Context, set string) (map[string][]string, error) {
	w := s.of(set)
	rows, err := s.read.QueryContext(ctx, "SELECT owner, key, continues FROM records WHERE continues <> '' AND "+w.cond+" ORDER BY owner, continues, key", w.args...)
	if err != nil {
		return nil, fmt.Errorf("read what continues in %s: %w", set, err)
	}
	defer rows.Close()
	out := map[string][]string{}
	for rows.Next() {
		var a plan.Address
		var root string
		if err := rows.Scan(&a.Set, &a.Key, &root); err != nil {
			return nil, err
		}
		root = s.forward(plan.Address{Set: a.Set, Key: root}).Key
		out[root] = append(out[root], s.forward(a).Key)
	}
	return out, rows.Err()
}

// Keys yields the keys of a set, sorted bytewise, and how many parts each record has.
func (s *State) Keys(ctx context.Context, set string) iter.Seq2[Held, error] {
	return func(yield func(Held, error) bool) {
		w := s.of(set)
		rows, err := s.read.QueryContext(ctx, "SELECT "+w.key+" AS k, (SELECT count(*) FROM parts p WHERE p.owner = r.owner AND p.key = r.key) FROM records r WHERE "+w.cond+" ORDER BY k", w.all()...)
		if err != nil {
			yield(Held{}, fmt.Errorf("read the keys of %s: %w", set, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var h Held
			err := rows.Scan(&h.Key, &h.Parts)
			if !yield(h, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Held{}, err)
		}
	}
}

// Held is a record by its key, and how many parts of it are written.
type Held struct {
	Key   string
	Parts int
}
