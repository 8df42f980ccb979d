package cache

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"deskform/plan"
)

// Pulled counts what a pull gave. Read = Kept + Broken + Duplicate.
type Pulled struct {
	Read      int `json:"read"`
	Kept      int `json:"kept"`
	Broken    int `json:"broken"`
	Duplicate int `json:"duplicate"`
	// Vanished of the broken were listed, and not there when they were read.
	Vanished int `json:"vanished,omitempty"`
	// Added, Changed and Gone compare with the pull before, by key.
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Gone    int `json:"gone"`
	// Missing were there once and are not any more, those of earlier pulls included.
	Missing int `json:"missing,omitempty"`
	// Fetched were read anew by a source that tells what changed.
	Fetched int `json:"fetched,omitempty"`
	// Types counts what was kept by type, where rows have one.
	Types map[string]int64 `json:"types,omitempty"`
	// FirstBroken are the first broken rows.
	FirstBroken []BrokenRow `json:"first_broken,omitempty"`
}

// A BrokenRow is a row that cannot be read.
type BrokenRow struct {
	Pos    string `json:"pos"`
	Reason string `json:"reason"`
}

// A DuplicateError says that two rows have one key.
type DuplicateError struct {
	What string // "data.export.people", "contact.people"
	Key  string
	Rows []string
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%s: key %q is there more than once (%s); choose another key, or set duplicates = \"first\" or \"last\"", e.What, e.Key, strings.Join(e.Rows, ", "))
}

// PutRows replaces the rows of a data block by what the sequence yields. An error leaves the rows of before.
func (c *Cache) PutRows(ctx context.Context, d plan.Data, source string, rows iter.Seq2[plan.Row, error]) (Pulled, error) {
	at := time.Now().UnixMilli()
	return c.put(ctx, d, source, func(yield func(kept, error) bool) {
		for r, err := range rows {
			if !yield(kept{Row: r, at: at}, err) {
				return
			}
		}
	}, nil)
}

// A kept row has what is known of it beside its content.
type kept struct {
	plan.Row
	ver string
	at  int64
	// vanished: it was in the list and could not be read.
	vanished bool
}

// put writes a generation. last may refuse it before it becomes valid, in the transaction that swaps it in.
func (c *Cache) put(ctx context.Context, d plan.Data, source string, rows iter.Seq2[kept, error], last func(tx *sql.Tx, gen, old int, p *Pulled) error) (Pulled, error) {
	var p Pulled
	data := d.Address()
	old := 0
	err := c.write.QueryRowContext(ctx, "SELECT gen FROM pulls WHERE data = ?", data).Scan(&old)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, err
	}
	gen := old + 1
	if err := c.drop(ctx, data, "gen != ?", old); err != nil {
		return p, err
	}
	err = batches(500, rows, func(batch []kept) error {
		return c.in(ctx, func(tx *sql.Tx) error {
			put, err := tx.Prepare("INSERT INTO rows (data, gen, seq, key, grp, pos, hash, json, uuid, ver, at) VALUES (?,?,?,?,?,?,?,?,?,?,?)")
			if err != nil {
				return err
			}
			defer put.Close()
			for _, r := range batch {
				p.Read++
				if r.Broken != "" {
					if err := p.broke(tx, data, gen, r); err != nil {
						return err
					}
					continue
				}
				grp := ""
				if len(d.GroupBy) > 0 {
					var ok bool
					if grp, ok = group(r.JSON, d.GroupBy); !ok {
						r.Broken = "no value in the columns of group: " + strings.Join(d.GroupBy, ", ")
						if err := p.broke(tx, data, gen, r); err != nil {
							return err
						}
						continue
					}
				}
				sum := sha256.Sum256(r.JSON)
				if _, err := put.Exec(data, gen, p.Read, r.Key, grp, r.Pos, sum[:12], r.JSON, r.UUID, r.ver, r.at); err != nil {
					return err
				}
				for _, owner := range ownersOf(r.Row, d.By) {
					if _, err := tx.Exec("INSERT OR IGNORE INTO owners VALUES (?,?,?,?)", data, gen, owner, p.Read); err != nil {
						return err
					}
				}
			}
			return nil
		})
	})
	if err != nil {
		return p, err
	}
	err = c.in(ctx, func(tx *sql.Tx) error { return c.swap(tx, d, gen, old, source, &p, last) })
	c.mu.Lock()
	delete(c.gens, data)
	c.mu.Unlock()
	return p, err
}

func (p *Pulled) broke(tx *sql.Tx, data string, gen int, r kept) error {
	p.Broken++
	if r.vanished {
		p.Vanished++
	}
	if len(p.FirstBroken) < 20 {
		p.FirstBroken = append(p.FirstBroken, BrokenRow{r.Pos, r.Broken})
	}
	_, err := tx.Exec("INSERT INTO broken VALUES (?,?,?,?,?)", data, gen, p.Read, r.Pos, r.Broken)
	return err
}

// swap settles duplicates, compares with the generation before and makes the new one valid.
func (c *Cache) swap(tx *sql.Tx, d plan.Data, gen, old int, source string, p *Pulled, last func(*sql.Tx, int, int, *Pulled) error) error {
	data := d.Address()
	keep := "min(seq)"
	if d.Duplicates == "last" {
		keep = "max(seq)"
	}
	if d.Duplicates == "" || d.Duplicates == "error" {
		e := DuplicateError{What: "data." + data}
		var rows string
		err := tx.QueryRow("SELECT key, group_concat(pos, char(10)) FROM rows WHERE data = ? AND gen = ? GROUP BY key HAVING count(*) > 1 ORDER BY min(seq) LIMIT 1", data, gen).Scan(&e.Key, &rows)
		if err == nil {
			e.Rows = strings.Split(rows, "\n")
			return &e
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	} else {
		res, err := tx.Exec("DELETE FROM rows WHERE data = ?1 AND gen = ?2 AND seq NOT IN (SELECT "+keep+" FROM rows WHERE data = ?1 AND gen = ?2 GROUP BY key)", data, gen)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		p.Duplicate = int(n)
	}
	p.Kept = p.Read - p.Broken - p.Duplicate
	for _, q := range []struct {
		n    *int
		text string
	}{
		{&p.Added, "SELECT count(*) FROM rows n WHERE data = ?1 AND gen = ?2 AND NOT EXISTS (SELECT 1 FROM rows o WHERE o.data = ?1 AND o.gen = ?3 AND o.key = n.key)"},
		{&p.Changed, "SELECT count(*) FROM rows n CROSS JOIN rows o INDEXED BY rows_by_key ON o.data = ?1 AND o.gen = ?3 AND o.key = n.key WHERE n.data = ?1 AND n.gen = ?2 AND n.hash != o.hash"},
		{&p.Gone, "SELECT count(*) FROM rows o WHERE data = ?1 AND gen = ?3 AND NOT EXISTS (SELECT 1 FROM rows n WHERE n.data = ?1 AND n.gen = ?2 AND n.key = o.key)"},
	} {
		if err := tx.QueryRow(q.text, data, gen, old).Scan(q.n); err != nil {
			return err
		}
	}
	if last != nil {
		if err := last(tx, gen, old, p); err != nil {
			return err
		}
	}
	if _, err := tx.Exec("INSERT OR REPLACE INTO pulls VALUES (?,?,?,?,?)", data, gen, source, p.Broken, p.Duplicate); err != nil {
		return err
	}
	for _, table := range []string{"rows", "owners", "broken"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE data = ? AND gen != ?", data, gen); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cache) drop(ctx context.Context, data, where string, arg int) error {
	return c.in(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"rows", "owners", "broken"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE data = ? AND "+where, data, arg); err != nil {
				return err
			}
		}
		return nil
	})
}

// group is the value of the columns that make one record of several rows; ok is false when one of them is null.
func group(json []byte, columns []string) (string, bool) {
	parts := make([]string, len(columns))
	for i, col := range columns {
		v := gjson.GetBytes(json, escape(col))
		if !v.Exists() || v.Type == gjson.Null {
			return "", false
		}
		parts[i] = keyOf(v)
	}
	return strings.Join(parts, "/"), true
}

// escape makes a column name a plain path of gjson.
func escape(col string) string {
	if !strings.ContainsAny(col, `.*?|#@\!{}[]()=<>%"`) {
		return col
	}
	var b strings.Builder
	for _, r := range col {
		if strings.ContainsRune(`.*?|#@\!{}[]()=<>%"`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// keyOf is a value used as a key: a link is its UUID.
func keyOf(v gjson.Result) string {
	if v.IsObject() {
		return v.Get("UUID").String()
	}
	return v.String()
}

// ownersOf are the keys under which rows() finds a row.
func ownersOf(r plan.Row, by string) []string {
	if by == "" {
		if r.Owner == "" {
			return nil
		}
		return []string{r.Owner}
	}
	v := gjson.GetBytes(r.JSON, escape(by))
	if v.IsArray() {
		var out []string
		for _, e := range v.Array() {
			if k := keyOf(e); k != "" {
				out = append(out, k)
			}
		}
		return out
	}
	if k := keyOf(v); k != "" {
		return []string{k}
	}
	if r.Owner != "" {
		return []string{r.Owner}
	}
	return nil
}

// Fingerprint names what the rows of a data block were read from.
func (c *Cache) Fingerprint(ctx context.Context, data string) (string, bool, error) {
	var s string
	err := c.read.QueryRowContext(ctx, "SELECT source FROM pulls WHERE data = ?", data).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return s, err == nil, err
}

// Counts are the broken and duplicate rows of the last pull.
func (c *Cache) Counts(ctx context.Context, data string) (Pulled, error) {
	var p Pulled
	err := c.read.QueryRowContext(ctx, "SELECT broken, duplicate FROM pulls WHERE data = ?", data).Scan(&p.Broken, &p.Duplicate)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return p, err
}

const current = "FROM rows r WHERE r.data = ? AND r.gen = ?"

// gen is the valid generation of a data block's rows.
func (c *Cache) gen(ctx context.Context, data string) (int, error) {
	c.mu.Lock()
	g, ok := c.gens[data]
	c.mu.Unlock()
	if ok {
		return g, nil
	}
	err := c.read.QueryRowContext(ctx, "SELECT gen FROM pulls WHERE data = ?", data).Scan(&g)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err == nil {
		c.mu.Lock()
		c.gens[data] = g
		c.mu.Unlock()
	}
	return g, err
}

// Records yields one row per record, in source order: each row, or of each group its first or last row under the
// group's key.
func (c *Cache) Records(ctx context.Context, d plan.Data) iter.Seq2[plan.Row, error] {
	query := "SELECT r.key, r.pos, r.json " + current + " ORDER BY r.seq"
	if len(d.GroupBy) > 0 {
		pick := "min(r.seq)"
		if d.GroupRecord == "last" {
			pick = "max(r.seq)"
		}
		query = "SELECT g.grp, r.pos, r.json FROM (SELECT r.data, r.gen, r.grp, min(r.seq) AS first, " + pick + " AS seq " + current + " GROUP BY r.grp) g JOIN rows r ON r.data = g.data AND r.gen = g.gen AND r.seq = g.seq ORDER BY g.first"
	}
	return func(yield func(plan.Row, error) bool) {
		gen, err := c.gen(ctx, d.Address())
		if err != nil {
			yield(plan.Row{}, fmt.Errorf("read data.%s from the cache: %w", d.Address(), err))
			return
		}
		rows, err := c.read.QueryContext(ctx, query, d.Address(), gen)
		if err != nil {
			yield(plan.Row{}, fmt.Errorf("read data.%s from the cache: %w", d.Address(), err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r plan.Row
			err := rows.Scan(&r.Key, &r.Pos, &r.JSON)
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(plan.Row{}, err)
		}
	}
}

// RowByKey finds the record with this key.
func (c *Cache) RowByKey(ctx context.Context, d plan.Data, key string) (plan.Row, bool, error) {
	var r plan.Row
	var seq int
	gen, err := c.gen(ctx, d.Address())
	if err != nil {
		return r, false, err
	}
	if len(d.GroupBy) > 0 {
		pick := "ASC"
		if d.GroupRecord == "last" {
			pick = "DESC"
		}
		err = c.read.QueryRowContext(ctx, "SELECT r.seq, r.grp, r.pos, r.json FROM rows r INDEXED BY rows_by_group WHERE r.data = ? AND r.gen = ? AND r.grp = ? AND r.grp != '' ORDER BY r.seq "+pick+" LIMIT 1", d.Address(), gen, key).Scan(&seq, &r.Key, &r.Pos, &r.JSON)
	} else {
		err = c.row.QueryRowContext(ctx, d.Address(), gen, key).Scan(&seq, &r.Key, &r.Pos, &r.JSON)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

// RowsBy lists, in source order, the rows that belong to an owner; of a group, the rows beside its record.
func (c *Cache) RowsBy(ctx context.Context, d plan.Data, key string) ([]plan.Row, error) {
	gen, err := c.gen(ctx, d.Address())
	if err != nil {
		return nil, err
	}
	stmt := c.owned
	if len(d.GroupBy) > 0 {
		stmt = c.grouped
	}
	rows, err := stmt.QueryContext(ctx, d.Address(), gen, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []plan.Row
	for rows.Next() {
		var r plan.Row
		if err := rows.Scan(&r.Key, &r.Pos, &r.JSON); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil || len(d.GroupBy) == 0 || len(out) == 0 {
		return out, err
	}
	if d.GroupRecord == "last" {
		return out[:len(out)-1], nil
	}
	return out[1:], nil
}
