package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"deskform/plan"
)

// A Session is one pull, which may take several runs: what an interrupted one has read counts for the next.
type Session struct {
	// ID names what is pulled; another one is another pull.
	ID string `json:"id"`
	// Reader names who read last. Lists that somebody else was shown do not count.
	Reader string `json:"reader,omitempty"`
	// Began is when the first run began, Listed when the lists that count were begun.
	Began  time.Time `json:"began"`
	Listed time.Time `json:"listed"`
}

const (
	// keepLists is how long lists of a pull that was interrupted count; then they are read anew, which is cheap.
	keepLists = time.Hour
	// keepRows is how long rows count that such a pull has read.
	keepRows = 7 * 24 * time.Hour
)

// Resume goes on with the pull of this name, or begins it. It is over with Finish.
func (c *Cache) Resume(ctx context.Context, id, reader string, now time.Time) (Session, error) {
	var s Session
	text, ok, err := c.Get(ctx, "session")
	if err != nil {
		return s, err
	}
	now = now.UTC()
	if !ok || json.Unmarshal([]byte(text), &s) != nil || s.ID != id || now.Before(s.Began) || now.Sub(s.Began) >= keepRows {
		s = Session{ID: id, Began: now}
	}
	if !s.Listed.IsZero() && now.Sub(s.Listed) < keepLists && s.Reader == reader {
		return s, nil
	}
	s.Listed, s.Reader = now, reader
	begun, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	if err := c.Finish(ctx); err != nil {
		return s, err
	}
	return s, c.Set(ctx, "session", string(begun))
}

// Finish ends the pull: its answers are forgotten.
func (c *Cache) Finish(ctx context.Context) error {
	return c.in(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{"DELETE FROM tape", "DELETE FROM kv WHERE name = 'session'"} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
}

// Tape keeps the answers of a pull that is not over.
func (c *Cache) Tape() plan.Memory { return tape{c} }

type tape struct{ c *Cache }

func (t tape) Recall(ctx context.Context, question string) ([]byte, bool, error) {
	var answer []byte
	err := t.c.read.QueryRowContext(ctx, "SELECT answer FROM tape WHERE question = ?", question).Scan(&answer)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return answer, err == nil, err
}

func (t tape) Keep(ctx context.Context, question string, answer []byte) error {
	_, err := t.c.write.ExecContext(ctx, "INSERT OR REPLACE INTO tape VALUES (?, ?)", question, answer)
	return t.c.explain(err)
}

// A Gathering is the pull of one data block from a source that tells what changed. What is put into it is kept at once, and
// taken over by Settle.
type Gathering struct {
	c    *Cache
	d    plan.Data
	of   []plan.Data
	gen  int
	same bool // the rows that are there have the shape
	// began is when the pull began, since before which reading does not count.
	began, since int64
}

// Gather begins, or goes on with, the pull of a data block whose rows have this shape. What was read before since is read
// again, whatever its version.
func (c *Cache) Gather(ctx context.Context, d plan.Data, of []plan.Data, shape string, s Session, since time.Time) (*Gathering, error) {
	g := &Gathering{c: c, d: d, of: of, began: s.Began.UnixMilli(), since: since.UnixMilli()}
	if since.IsZero() {
		g.since = 0
	}
	var err error
	if g.gen, err = c.gen(ctx, d.Address()); err != nil {
		return nil, err
	}
	have, _, err := c.Get(ctx, "shape "+d.Address())
	if err != nil {
		return nil, err
	}
	next, _, err := c.Get(ctx, "next shape "+d.Address())
	if err != nil {
		return nil, err
	}
	g.same = have == shape
	return g, c.in(ctx, func(tx *sql.Tx) error {
		if next != shape {
			for _, q := range []string{"DELETE FROM staged WHERE data = ?", "DELETE FROM marks WHERE data = ? AND fresh = 1"} {
				if _, err := tx.Exec(q, d.Address()); err != nil {
					return err
				}
			}
		}
		if _, err := tx.Exec("INSERT OR REPLACE INTO kv VALUES (?, ?)", "next shape "+d.Address(), shape); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM heads WHERE data = ?", d.Address())
		return err
	})
}

// Heads takes over what the list says. Rows that came with it are read.
func (g *Gathering) Heads(ctx context.Context, now func() time.Time, heads iter.Seq2[plan.Head, error]) error {
	seq := 0
	return batches(500, heads, func(batch []plan.Head) error {
		return g.c.in(ctx, func(tx *sql.Tx) error {
			put, err := tx.Prepare("INSERT INTO heads VALUES (?,?,?,?,?,?)")
			if err != nil {
				return err
			}
			defer put.Close()
			for _, h := range batch {
				seq++
				uuid := h.UUID
				if uuid == "" {
					uuid = fmt.Sprintf("#%d", seq) // a broken row has no name
				}
				if _, err := put.Exec(g.d.Address(), seq, uuid, h.Version, h.At, h.Row != nil); err != nil {
					return err
				}
				if h.Row == nil {
					continue
				}
				r := *h.Row
				r.UUID = uuid
				if err := g.stage(tx, "", r, h.Version, now().UnixMilli()); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// stage keeps a row of the generation to come. Of data without owners, a row is there once.
func (g *Gathering) stage(tx *sql.Tx, owner string, r plan.Row, ver string, at int64) error {
	if owner == "" {
		if _, err := tx.Exec("DELETE FROM staged WHERE data = ? AND uuid = ? AND owner = ''", g.d.Address(), r.UUID); err != nil {
			return err
		}
	}
	json := r.JSON
	if json == nil {
		json = []byte{}
	}
	_, err := tx.Exec("INSERT INTO staged SELECT ?1, ?2, coalesce((SELECT max(seq) FROM staged WHERE data = ?1 AND owner = ?2), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9",
		g.d.Address(), owner, r.UUID, ver, at, r.Key, r.Pos, r.Broken, json)
	return err
}

// Todo yields the heads whose rows have to be read: new ones, those of another version or shape, those that nobody can tell
// about and that this pull has not read yet, and those read too long ago.
func (g *Gathering) Todo(ctx context.Context) iter.Seq2[plan.Head, error] {
	return func(yield func(plan.Head, error) bool) {
		rows, err := g.c.read.QueryContext(ctx, `SELECT h.uuid, h.ver, h.off FROM heads h WHERE h.data = ?1 AND h.got = 0
			AND NOT EXISTS (SELECT 1 FROM staged s INDEXED BY staged_by_uuid WHERE s.data = ?1 AND s.owner = '' AND s.uuid = h.uuid AND s.ver = h.ver AND s.broken = '' AND s.at >= ?4 AND (s.ver != '' OR s.at >= ?5))
			AND NOT EXISTS (SELECT 1 FROM rows r INDEXED BY rows_by_uuid WHERE ?3 AND r.data = ?1 AND r.gen = ?2 AND r.uuid = h.uuid AND r.uuid != '' AND r.ver = h.ver AND r.at >= ?4 AND (r.ver != '' OR r.at >= ?5))
			ORDER BY h.seq`, g.d.Address(), g.gen, g.same, g.since, g.began)
		if err != nil {
			yield(plan.Head{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var h plan.Head
			err := rows.Scan(&h.UUID, &h.Version, &h.At)
			if !yield(h, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(plan.Head{}, err)
		}
	}
}

// Stage keeps rows that were read.
func (g *Gathering) Stage(ctx context.Context, rows []plan.Row, now time.Time) error {
	return g.c.in(ctx, func(tx *sql.Tx) error {
		for _, r := range rows {
			var ver string
			err := tx.QueryRow("SELECT ver FROM heads WHERE data = ? AND uuid = ? LIMIT 1", g.d.Address(), r.UUID).Scan(&ver)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if r.Unsettled {
				ver = ""
			}
			if err := g.stage(tx, "", r, ver, now.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

// ofs is a condition on the column for the owners' data, and the arguments of it.
func (g *Gathering) ofs(column string) (string, []any) {
	var args []any
	for _, d := range g.of {
		args = append(args, d.Address())
	}
	return column + " IN (" + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + ")", args
}

// TodoOwners yields the owners whose rows have to be read: those that changed since, by their version, and those whose
// version nobody knows.
func (g *Gathering) TodoOwners(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		done := map[string]bool{}
		for _, of := range g.of {
			gen, err := g.c.gen(ctx, of.Address())
			if err != nil {
				yield("", err)
				return
			}
			name := "r.key"
			if len(of.GroupBy) > 0 {
				name = "r.grp"
			}
			rows, err := g.c.read.QueryContext(ctx, `SELECT `+name+` FROM rows r WHERE r.data = ?1 AND r.gen = ?2
				AND NOT EXISTS (SELECT 1 FROM marks m WHERE m.data = ?3 AND m.owner = `+name+` AND m.ver = r.ver AND (m.fresh = 1 OR ?4) AND m.at >= ?5 AND (m.ver != '' OR m.at >= ?6))
				ORDER BY r.seq`, of.Address(), gen, g.d.Address(), g.same, g.since, g.began)
			if err != nil {
				yield("", err)
				return
			}
			for rows.Next() {
				var key string
				if err := rows.Scan(&key); err != nil {
					yield("", errors.Join(err, rows.Close()))
					return
				}
				if done[key] {
					continue
				}
				if len(g.of) > 1 || len(of.GroupBy) > 0 {
					done[key] = true
				}
				if !yield(key, nil) {
					_ = rows.Close() // the consumer is gone
					return
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				yield("", err)
				return
			}
		}
	}
}

// Hold keeps what one owner has, in place of what it had.
func (g *Gathering) Hold(ctx context.Context, h plan.Holding, now time.Time) error {
	return g.c.in(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM staged WHERE data = ? AND owner = ?", g.d.Address(), h.Owner); err != nil {
			return err
		}
		for _, r := range h.Rows {
			if err := g.stage(tx, h.Owner, r, "", now.UnixMilli()); err != nil {
				return err
			}
		}
		in, args := g.ofs("p.data")
		var ver string
		err := tx.QueryRow("SELECT r.ver FROM pulls p CROSS JOIN rows r INDEXED BY rows_by_key ON r.data = p.data AND r.gen = p.gen WHERE "+in+" AND r.key = ? LIMIT 1", append(args, h.Owner)...).Scan(&ver)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for _, r := range h.Rows {
			if r.Unsettled {
				ver = ""
			}
		}
		_, err = tx.Exec("INSERT OR REPLACE INTO marks VALUES (?,?,?,?,1)", g.d.Address(), h.Owner, ver, now.UnixMilli())
		return err
	})
}

// Unsettle makes the next gathering read these rows again, of data with owners all that their owners have.
func (c *Cache) Unsettle(ctx context.Context, d plan.Data, rows []plan.Row) error {
	gen, err := c.gen(ctx, d.Address())
	if err != nil {
		return err
	}
	return c.in(ctx, func(tx *sql.Tx) error {
		for _, r := range rows {
			if _, err := tx.Exec("UPDATE rows SET ver = '' WHERE data = ? AND gen = ? AND key = ?", d.Address(), gen, r.Key); err != nil {
				return err
			}
			if r.Owner == "" {
				continue
			}
			if _, err := tx.Exec("UPDATE marks SET ver = '' WHERE data = ? AND owner = ?", d.Address(), r.Owner); err != nil {
				return err
			}
		}
		return nil
	})
}

// Lacks reports whether an owner, who is there, does not have an object, as read now or as it was.
func (g *Gathering) Lacks(ctx context.Context, owner, uuid string) (bool, error) {
	there := false
	for _, of := range g.of {
		_, ok, err := g.c.RowByKey(ctx, of, owner)
		if err != nil {
			return false, err
		}
		there = there || ok
	}
	if !there {
		return false, nil
	}
	h, end, err := g.holders(ctx)
	if err != nil {
		return false, err
	}
	defer end()
	rows, err := g.heldBy(ctx, h, owner)
	return !slices.ContainsFunc(rows, func(k kept) bool { return k.UUID == uuid }), err
}

// ReadAgain makes all count as not read that was read before this pull began.
func (g *Gathering) ReadAgain() { g.since = max(g.since, g.began) }

// Drop forgets what was gathered and not settled.
func (g *Gathering) Drop(ctx context.Context) error {
	return g.c.in(ctx, func(tx *sql.Tx) error {
		for _, q := range []string{"DELETE FROM staged WHERE data = ?", "DELETE FROM heads WHERE data = ?", "DELETE FROM marks WHERE data = ? AND fresh = 1"} {
			if _, err := tx.Exec(q, g.d.Address()); err != nil {
				return err
			}
		}
		return nil
	})
}

// An Ebb is what is missing of what was read before.
type Ebb struct {
	// Before is how many rows could have been seen again, Gone how many were not.
	Before, Gone int
	// First: there were no rows at all before, as in an empty cache; Kept is how many there are now.
	First bool
	Kept  int
	// Types are the same two numbers by type.
	Types map[string]Gone
	// Had is the tally of before, nil when nobody counted; Have that of now.
	Had, Have Tally
	// Lost is by attribute what rows that were read again had and show; Reread is how many those are.
	Lost   map[string]Loss
	Reread int
}

// Gone is how many rows could have been seen again, and how many were not.
type Gone struct{ Before, Gone int }

// Settle makes what was gathered, and what did not change, the rows of the data block. allow may refuse that, by what is
// missing: then the rows stay as they were.
func (g *Gathering) Settle(ctx context.Context, source, shape string, now time.Time, owned bool, allow func(Ebb) error) (Pulled, error) {
	rows := g.listed(ctx, now)
	if owned {
		rows = g.held(ctx)
	}
	had, err := g.c.Tally(ctx, g.d.Address())
	if err != nil {
		return Pulled{}, err
	}
	have := Tally{}
	return g.c.put(ctx, g.d, source, tallied(rows, have), func(tx *sql.Tx, gen, old int, p *Pulled) error {
		ebb, err := g.ebb(tx, gen, old, owned)
		if err != nil {
			return err
		}
		ebb.First, ebb.Kept, ebb.Had, ebb.Have = old == 0, p.Kept, had, have
		if ebb.Lost, ebb.Reread, err = g.losses(tx, old); err != nil {
			return err
		}
		if err := allow(ebb); err != nil {
			return err
		}
		if err := keepTally(tx, g.d.Address(), have); err != nil {
			return err
		}
		if err := g.missing(tx, gen, old, now, p); err != nil {
			return err
		}
		if err := tx.QueryRow("SELECT count(*) FROM staged WHERE data = ?", g.d.Address()).Scan(&p.Fetched); err != nil {
			return err
		}
		for _, q := range []string{"DELETE FROM staged WHERE data = ?", "DELETE FROM heads WHERE data = ?", "UPDATE marks SET fresh = 0 WHERE data = ? AND fresh = 1"} {
			if _, err := tx.Exec(q, g.d.Address()); err != nil {
				return err
			}
		}
		_, err = tx.Exec("INSERT OR REPLACE INTO kv VALUES (?, ?)", "shape "+g.d.Address(), shape)
		return err
	})
}

// listed are the rows of the list, in its order: as read now, or as they were, which the list has just confirmed.
func (g *Gathering) listed(ctx context.Context, now time.Time) iter.Seq2[kept, error] {
	return func(yield func(kept, error) bool) {
		rows, err := g.c.read.QueryContext(ctx, `SELECT h.uuid, h.ver, h.off, s.seq IS NOT NULL, coalesce(s.key, r.key, ''), coalesce(s.pos, r.pos, ''), coalesce(s.broken, ''), coalesce(s.json, r.json, x''), coalesce(s.ver, r.ver, ''), coalesce(s.at, r.at, 0)
			FROM heads h LEFT JOIN staged s INDEXED BY staged_by_uuid ON s.data = h.data AND s.owner = '' AND s.uuid = h.uuid
			LEFT JOIN rows r INDEXED BY rows_by_uuid ON ?3 AND r.data = h.data AND r.gen = ?2 AND r.uuid = h.uuid AND r.uuid != ''
			WHERE h.data = ?1 ORDER BY h.seq`, g.d.Address(), g.gen, g.same)
		if err != nil {
			yield(kept{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var k kept
			var head string
			var off int
			var staged bool
			if err := rows.Scan(&k.UUID, &head, &off, &staged, &k.Key, &k.Pos, &k.Broken, &k.JSON, &k.ver, &k.at); err != nil {
				yield(kept{}, err)
				return
			}
			switch {
			case k.Broken != "":
				k.JSON = nil
			case len(k.JSON) == 0:
				k.Pos, k.Broken = k.UUID, fmt.Sprintf("was in the list at offset %d and was not there when it was read: deleted meanwhile, or not for this key to read; pull again", off)
				k.JSON, k.vanished = nil, true
			case !staged && k.ver == head && k.ver != "":
				k.at = now.UnixMilli()
			}
			if g.d.By != "" && len(g.d.Of) > 0 && k.Broken == "" { // read in bulk: only what the owners have
				ours, err := g.ours(ctx, k.JSON)
				if err != nil {
					yield(kept{}, err)
					return
				}
				if !ours {
					continue
				}
			}
			if !yield(k, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(kept{}, err)
		}
	}
}

// ours reports whether a row belongs to one of the owners.
func (g *Gathering) ours(ctx context.Context, json []byte) (bool, error) {
	for _, owner := range ownersOf(plan.Row{JSON: json}, g.d.By) {
		for _, of := range g.of {
			if _, ok, err := g.c.RowByKey(ctx, of, owner); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// held are the rows of the owners, owner after owner: as read now, or as they were.
func (g *Gathering) held(ctx context.Context) iter.Seq2[kept, error] {
	return func(yield func(kept, error) bool) {
		h, end, err := g.holders(ctx)
		if err != nil {
			yield(kept{}, err)
			return
		}
		defer end()
		done := map[string]bool{}
		for _, of := range g.of {
			for owner, err := range g.c.Records(ctx, of) {
				if err != nil {
					yield(kept{}, err)
					return
				}
				if done[owner.Key] {
					continue
				}
				if len(g.of) > 1 {
					done[owner.Key] = true
				}
				rows, err := g.heldBy(ctx, h, owner.Key)
				if err != nil {
					yield(kept{}, err)
					return
				}
				for _, k := range rows {
					if !yield(k, nil) {
						return
					}
				}
			}
		}
	}
}

// holders are the statements for what one owner has.
type holders struct{ fresh, staged, rows *sql.Stmt }

func (g *Gathering) holders(ctx context.Context) (h holders, close func(), err error) {
	var all []*sql.Stmt
	close = func() {
		for _, s := range all {
			_ = s.Close() // nothing was written through it
		}
	}
	for into, query := range map[**sql.Stmt]string{
		&h.fresh:  "SELECT fresh, ver FROM marks WHERE data = ? AND owner = ?",
		&h.staged: "SELECT uuid, key, pos, broken, json, at FROM staged WHERE data = ? AND owner = ? ORDER BY seq",
		&h.rows:   "SELECT r.uuid, r.key, r.pos, '', r.json, r.at FROM owners o CROSS JOIN rows r ON r.data = o.data AND r.gen = o.gen AND r.seq = o.seq WHERE o.data = ?1 AND o.owner = ?2 AND o.gen = ?3 ORDER BY o.seq",
	} {
		if *into, err = g.c.read.PrepareContext(ctx, query); err != nil {
			close()
			return h, nil, err
		}
		all = append(all, *into)
	}
	return h, close, nil
}

// heldBy are the rows of one owner: as read now, or as they were. They own rows themselves, so that they have a version: they
// count as unchanged where their owner is and they are the same.
func (g *Gathering) heldBy(ctx context.Context, h holders, owner string) ([]kept, error) {
	var fresh bool
	var ver string
	err := h.fresh.QueryRowContext(ctx, g.d.Address(), owner).Scan(&fresh, &ver)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	query, args := h.staged, []any{g.d.Address(), owner}
	if !fresh {
		query, args = h.rows, append(args, g.gen)
	}
	rows, err := query.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []kept
	for rows.Next() {
		k := kept{Row: plan.Row{Owner: owner}}
		if err := rows.Scan(&k.UUID, &k.Key, &k.Pos, &k.Broken, &k.JSON, &k.at); err != nil {
			return nil, err
		}
		if k.Broken != "" {
			k.JSON = nil
		}
		if ver != "" {
			k.ver = ver + " " + plan.Hash(string(k.JSON))
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// ebb counts what was there and is not any more. Of data with owners, it is about the owners that were read again: an
// owner that is gone has its own data block to say so.
func (g *Gathering) ebb(tx *sql.Tx, gen, old int, owned bool) (e Ebb, err error) {
	e.Types = map[string]Gone{}
	query := "SELECT coalesce(CAST(r.json AS TEXT) ->> '$.metaClass', ''), count(*), coalesce(sum(NOT EXISTS (SELECT 1 FROM rows n INDEXED BY rows_by_key WHERE n.data = ?1 AND n.gen = ?2 AND n.key = r.key)), 0) FROM rows r WHERE r.data = ?1 AND r.gen = ?3 GROUP BY 1"
	args := []any{g.d.Address(), gen, old}
	if owned {
		in, of := g.ofs("p.data")
		query = "SELECT coalesce(CAST(r.json AS TEXT) ->> '$.metaClass', ''), count(*), coalesce(sum(NOT EXISTS (SELECT 1 FROM rows n INDEXED BY rows_by_key WHERE n.data = r.data AND n.gen = ? AND n.key = r.key)), 0) FROM owners o CROSS JOIN rows r ON r.data = o.data AND r.gen = o.gen AND r.seq = o.seq JOIN marks m ON m.data = o.data AND m.owner = o.owner AND m.fresh = 1 WHERE o.data = ? AND o.gen = ? AND EXISTS (SELECT 1 FROM pulls p CROSS JOIN rows a INDEXED BY rows_by_key ON a.data = p.data AND a.gen = p.gen WHERE " + in + " AND a.key = o.owner) GROUP BY 1"
		args = append([]any{gen, g.d.Address(), old}, of...)
	}
	rows, err := tx.Query(query, args...)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var typ string
		var n Gone
		if err := rows.Scan(&typ, &n.Before, &n.Gone); err != nil {
			return e, err
		}
		e.Types[typ] = n
		e.Before += n.Before
		e.Gone += n.Gone
	}
	return e, rows.Err()
}

// missing notes which rows are missing, and since when.
func (g *Gathering) missing(tx *sql.Tx, gen, old int, now time.Time, p *Pulled) error {
	data := g.d.Address()
	for _, q := range []string{
		"DELETE FROM missing AS m WHERE m.data = ?1 AND EXISTS (SELECT 1 FROM rows n INDEXED BY rows_by_key WHERE n.data = ?1 AND n.gen = ?2 AND n.key = m.key)",
		"INSERT OR IGNORE INTO missing SELECT r.data, r.key, ?4, r.json FROM rows r WHERE r.data = ?1 AND r.gen = ?3 AND NOT EXISTS (SELECT 1 FROM rows n INDEXED BY rows_by_key WHERE n.data = ?1 AND n.gen = ?2 AND n.key = r.key)",
	} {
		if _, err := tx.Exec(q, data, gen, old, now.UnixMilli()); err != nil {
			return err
		}
	}
	return tx.QueryRow("SELECT count(*) FROM missing WHERE data = ?", data).Scan(&p.Missing)
}

// Types counts the valid rows of a data block by the attribute metaClass; rows without one count under "".
func (c *Cache) Types(ctx context.Context, data string) (map[string]int64, error) {
	gen, err := c.gen(ctx, data)
	if err != nil {
		return nil, err
	}
	rows, err := c.read.QueryContext(ctx, "SELECT coalesce(CAST(json AS TEXT) ->> '$.metaClass', ''), count(*) FROM rows WHERE data = ? AND gen = ? GROUP BY 1", data, gen)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var typ string
		var n int64
		if err := rows.Scan(&typ, &n); err != nil {
			return nil, err
		}
		out[typ] = n
	}
	return out, rows.Err()
}

// True counts the valid rows of a data block in which a column is true.
func (c *Cache) True(ctx context.Context, data, column string) (int, error) {
	gen, err := c.gen(ctx, data)
	if err != nil {
		return 0, err
	}
	n := 0
	path, err := json.Marshal(column)
	if err != nil {
		return 0, err
	}
	err = c.read.QueryRowContext(ctx, "SELECT count(*) FROM rows WHERE data = ? AND gen = ? AND json_extract(CAST(json AS TEXT), ?) = 1", data, gen, "$."+string(path)).Scan(&n)
	return n, err
}

// Size is how many rows a data block has.
func (c *Cache) Size(ctx context.Context, data string) (int, error) {
	gen, err := c.gen(ctx, data)
	if err != nil {
		return 0, err
	}
	n := 0
	err = c.read.QueryRowContext(ctx, "SELECT count(*) FROM rows WHERE data = ? AND gen = ?", data, gen).Scan(&n)
	return n, err
}

// Oldest is when the source was last asked about the row that it was asked about the longest ago; zero when there are none.
func (c *Cache) Oldest(ctx context.Context, data string) (time.Time, error) {
	gen, err := c.gen(ctx, data)
	if err != nil {
		return time.Time{}, err
	}
	var at sql.NullInt64
	err = c.read.QueryRowContext(ctx, "SELECT min(at) FROM (SELECT min(at) AS at FROM rows WHERE data = ?1 AND gen = ?2 UNION ALL SELECT min(at) FROM marks WHERE data = ?1)", data, gen).Scan(&at)
	if err != nil || !at.Valid {
		return time.Time{}, err
	}
	return time.UnixMilli(at.Int64).UTC(), nil
}
