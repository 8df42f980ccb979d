package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"deskform/plan"
)

const columns = "owner, key, resource, kind, origin, merged_into, id, sent, seen, updated_at, part_count, written_at, strangers, version, partial, continues"

type scanner interface{ Scan(...any) error }

func scanBase(row scanner) (*plan.Base, error) {
	var b plan.Base
	var sent, seen string
	err := row.Scan(&b.Address.Set, &b.Address.Key, &b.Address.Resource, &b.Kind, &b.Origin, &b.MergedInto, &b.ID, &sent, &seen,
		&b.UpdatedAt, &b.PartCount, &b.WrittenAt, &b.Foreign, &b.Version, &b.Partial, &b.Continues)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(json.Unmarshal([]byte(sent), &b.Sent), json.Unmarshal([]byte(seen), &b.Seen)); err != nil {
		return nil, fmt.Errorf("read %s: %w", b.Address, err)
	}
	return &b, nil
}

// Base returns what is known of a record, nil if nothing.
func (s *State) Base(ctx context.Context, set, key string) (*plan.Base, error) {
	if len(s.moves) > 0 {
		return s.baseAfterMoves(ctx, set, key)
	}
	return s.base(ctx, set, key)
}

// baseAfterMoves looks at every address of the file that is set and key once the moves are done.
func (s *State) baseAfterMoves(ctx context.Context, set, key string) (*plan.Base, error) {
	w := s.of(set)
	var b *plan.Base
	var owner, old string
	err := s.read.QueryRowContext(ctx, "SELECT owner, key FROM records WHERE "+w.key+" = ? AND "+w.cond, append(append(append([]any(nil), w.keyArgs...), key), w.args...)...).Scan(&owner, &old)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err == nil {
		b, err = s.base(ctx, owner, old)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s from the state: %w", set, key, err)
	}
	s.renamed(b)
	return b, nil
}

func (s *State) base(ctx context.Context, set, key string) (*plan.Base, error) {
	b, err := scanBase(s.read.QueryRowContext(ctx, "SELECT "+columns+" FROM records WHERE owner = ? AND key = ?", set, key))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s from the state: %w", set, key, err)
	}
	b.Parts, err = s.parts(ctx, set, key)
	return b, err
}

func (s *State) parts(ctx context.Context, set, key string) ([]plan.BasePart, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT list, part, id, hash, at, spoke FROM parts WHERE owner = ? AND key = ? ORDER BY seq", set, key)
	if err != nil {
		return nil, fmt.Errorf("read the parts of %s %s: %w", set, key, err)
	}
	defer rows.Close()
	var out []plan.BasePart
	for rows.Next() {
		var p plan.BasePart
		if err := rows.Scan(&p.List, &p.Key, &p.ID, &p.Hash, &p.At, &p.As); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Bases yields the records of a set sorted by key, bytewise, one at a time.
func (s *State) Bases(ctx context.Context, set string) iter.Seq2[*plan.Base, error] {
	return func(yield func(*plan.Base, error) bool) {
		w := s.of(set)
		rows, err := s.read.QueryContext(ctx, "SELECT "+columns+" FROM records WHERE "+w.cond+" ORDER BY "+w.key, append(append([]any(nil), w.args...), w.keyArgs...)...)
		if err != nil {
			yield(nil, fmt.Errorf("read %s from the state: %w", set, err))
			return
		}
		defer rows.Close()
		// The parts come from a second cursor in the same order: a merge, not a query per record.
		parts, err := s.read.QueryContext(ctx, "SELECT "+w.key+" AS k, list, part, id, hash, at, spoke FROM parts WHERE "+w.cond+" ORDER BY k, seq", w.all()...)
		if err != nil {
			yield(nil, fmt.Errorf("read the parts of %s: %w", set, err))
			return
		}
		defer parts.Close()
		var key string
		var part plan.BasePart
		more := false
		next := func() error {
			if more = parts.Next(); !more {
				return parts.Err()
			}
			return parts.Scan(&key, &part.List, &part.Key, &part.ID, &part.Hash, &part.At, &part.As)
		}
		if err := next(); err != nil {
			yield(nil, err)
			return
		}
		for rows.Next() {
			b, err := scanBase(rows)
			if err == nil {
				s.renamed(b)
			}
			for err == nil && more && key <= b.Address.Key {
				if key == b.Address.Key {
					b.Parts = append(b.Parts, part)
				}
				err = next()
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// A SetCount says how many records of a set the state has, by origin.
type SetCount struct {
	Set    string
	Origin map[string]int
}

// Sets lists the sets that have records, by name.
func (s *State) Sets(ctx context.Context) ([]SetCount, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT owner, origin, count(*) FROM records GROUP BY owner, origin ORDER BY owner, origin")
	if err != nil {
		return nil, fmt.Errorf("list the sets of the state: %w", err)
	}
	defer rows.Close()
	var out []SetCount
	for rows.Next() {
		var set, origin string
		var n int
		if err := rows.Scan(&set, &origin, &n); err != nil {
			return nil, err
		}
		if len(out) == 0 || out[len(out)-1].Set != set {
			out = append(out, SetCount{set, map[string]int{}})
		}
		out[len(out)-1].Origin[origin] = n
	}
	return out, rows.Err()
}

// Resolve finds the object that an address stands for; several addresses may stand for one.
func (s *State) Resolve(ctx context.Context, t plan.Target) (kind, id string, ok bool, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT kind, id FROM records WHERE owner = ? AND key = ?", t.Set, t.Key).Scan(&kind, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", false, nil
	}
	if err != nil {
		return "", "", false, fmt.Errorf("look up %s %s: %w", t.Set, t.Key, err)
	}
	return kind, id, id != "", nil
}

// ByID lists the addresses that stand for an object.
func (s *State) ByID(ctx context.Context, kind, id string) ([]plan.Address, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT owner, key, resource FROM records WHERE kind = ? AND id = ? ORDER BY owner, key", kind, id)
	if err != nil {
		return nil, fmt.Errorf("look up %s %s: %w", kind, id, err)
	}
	defer rows.Close()
	var out []plan.Address
	for rows.Next() {
		var a plan.Address
		if err := rows.Scan(&a.Set, &a.Key, &a.Resource); err != nil {
			return nil, err
		}
		out = append(out, s.forward(a))
	}
	return out, rows.Err()
}

// Move renames a set (both keys empty) or one address. What is not there is no error: the move was done before. A
// target that is taken is one.
func (s *State) Move(ctx context.Context, from, to plan.Address) error {
	err := s.try(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"records", "parts", "set_aside"} {
			var err error
			if from.Key == "" {
				_, err = tx.Exec("UPDATE "+table+" SET owner = ? WHERE owner = ?", to.Set, from.Set)
			} else {
				_, err = tx.Exec("UPDATE "+table+" SET owner = ?, key = ? WHERE owner = ? AND key = ?", to.Set, to.Key, from.Set, from.Key)
			}
			if err != nil {
				return err
			}
		}
		if from.Key == "" {
			_, err := tx.Exec("UPDATE records SET merged_into = ? || substr(merged_into, ?) WHERE substr(merged_into, 1, ?) = ?",
				to.Set, len([]rune(from.Set))+1, len([]rune(from.Set))+1, from.Set+"[")
			return err
		}
		_, err := tx.Exec("UPDATE records SET continues = ? WHERE owner IN (?, ?) AND continues = ?", to.Key, from.Set, to.Set, from.Key)
		if err == nil {
			_, err = tx.Exec("UPDATE records SET merged_into = ? WHERE merged_into = ?", to.String(), from.String())
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("move %s to %s in the state: %w", from, to, err)
	}
	return nil
}

// save writes a base as it is, and its last part when the step wrote one.
func save(tx *sql.Tx, b *row) error {
	_, err := tx.Exec("INSERT OR REPLACE INTO records ("+columns+") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", b.set, b.key, b.resource, b.kind, b.origin, b.mergedInto, b.id,
		b.sent, b.seen, b.updatedAt, b.partCount, b.writtenAt, b.foreign, b.version, b.partial, b.continues)
	if err != nil || b.part == nil {
		return err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO parts (owner, key, list, part, seq, id, hash, at, spoke) VALUES (?,?,?,?,?,?,?,?,?)", b.set, b.key, b.part.List, b.part.Key, b.seq, b.part.ID, b.part.Hash, b.part.At, b.part.As)
	return err
}

// A row is a base frozen at the moment it was recorded, so that the caller may go on changing it.
type row struct {
	set, key, kind, origin, mergedInto, id, sent, seen, partial, continues string
	resource                                                               bool
	updatedAt, writtenAt                                                   int64
	partCount, foreign, version, seq                                       int
	part                                                                   *plan.BasePart
}

func freeze(b *plan.Base, withPart bool) *row {
	r := &row{set: b.Address.Set, key: b.Address.Key, resource: b.Address.Resource, kind: b.Kind, origin: b.Origin, mergedInto: b.MergedInto, id: b.ID,
		sent: canonical(b.Sent), seen: canonical(b.Seen), partial: b.Partial, updatedAt: b.UpdatedAt, writtenAt: b.WrittenAt,
		partCount: b.PartCount, foreign: b.Foreign, version: b.Version, continues: b.Continues}
	if n := len(b.Parts); withPart && n > 0 {
		p := b.Parts[n-1]
		r.part, r.seq = &p, n
	}
	return r
}

func canonical(f plan.Fields) string {
	short := make(map[string]plan.Value, len(f))
	for k, v := range f {
		short[k] = plan.Stored(v)
	}
	return string(plan.Canonical(short))
}

// A Crossing is one line of the crosswalk: a record, or a part of one.
type Crossing struct {
	Set    string `json:"set"`
	Key    string `json:"key"`
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Origin string `json:"origin"`
	List   string `json:"list,omitempty"`
	Part   string `json:"part,omitempty"`
	PartID string `json:"part_id,omitempty"`
	// Continues is the key of the record whose thread it goes on with.
	Continues string `json:"continues,omitempty"`
}

// Export yields the crosswalk: each record, followed by its parts in the order of writing.
func (s *State) Export(ctx context.Context) iter.Seq2[Crossing, error] {
	return func(yield func(Crossing, error) bool) {
		rows, err := s.read.QueryContext(ctx, `SELECT owner, key, kind, id, origin, '', '', '', continues, 0 AS seq FROM records
			UNION ALL SELECT p.owner, p.key, r.kind, r.id, r.origin, p.list, p.part, p.id, r.continues, p.seq FROM parts p JOIN records r ON r.owner = p.owner AND r.key = p.key
			ORDER BY 1, 2, 10`)
		if err != nil {
			yield(Crossing{}, fmt.Errorf("export the crosswalk: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var c Crossing
			var seq int
			err := rows.Scan(&c.Set, &c.Key, &c.Kind, &c.ID, &c.Origin, &c.List, &c.Part, &c.PartID, &c.Continues, &seq)
			if !yield(c, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Crossing{}, err)
		}
	}
}
