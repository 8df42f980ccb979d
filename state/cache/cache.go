// Package cache keeps what was seen and computed: rows of the sources, what the mapping made of them, the mirror of live
// Intercom, and the decisions of the last plan. Deleting it changes what the next plan costs, never what it says.
package cache

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite" // and the driver

	"deskform/plan"
	"deskform/state/disk"
)

// format is the version of the tables; a file of another version is thrown away, it is a cache.
const format = 2

//go:embed schema.sql
var schema string

// Cache is an open cache file, safe for concurrent use by readers and one writer.
type Cache struct {
	path        string
	write, read *sql.DB

	mu      sync.Mutex
	pending map[plan.Target]Outcome // decided and not yet written
	claims  map[claim]plan.Target
	gens    map[string]int // valid generations, by data

	want, row, owned, grouped, live, find, outcome *sql.Stmt
}

// Open opens or makes a cache. A file that cannot be used is replaced by an empty one.
func Open(ctx context.Context, path string) (*Cache, error) {
	c, err := open(ctx, path)
	var fault *disk.Fault
	if err == nil || errors.As(err, &fault) { // another file would fare no better
		return c, err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("replace the cache %s: %w", filepath.Base(path), err)
		}
	}
	return open(ctx, path)
}

func open(ctx context.Context, path string) (*Cache, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", disk.Explain(path, err))
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open cache: %w", disk.Explain(path, err))
	}
	c := &Cache{path: path, gens: map[string]int{}}
	c.clear()
	if c.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=cache_size(-4000)")); err != nil {
		return nil, fmt.Errorf("open cache: %w", disk.Explain(path, err))
	}
	c.write.SetMaxOpenConns(1)
	if err := c.prepare(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open cache: %w", disk.Explain(path, err)), c.Close())
	}
	return c, nil
}

func dsn(path, extra string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = "_pragma=busy_timeout(10000)&" + extra
	return u.String()
}

func (c *Cache) prepare(ctx context.Context, path string) error {
	var version int
	if err := c.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case format:
	case 0:
		if _, err := c.write.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d", format)); err != nil {
			return err
		}
	default:
		return fmt.Errorf("version %d", version)
	}
	var err error
	if c.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)&_pragma=cache_size(-1500)")); err != nil {
		return err
	}
	c.read.SetMaxOpenConns(8)
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&c.want, "SELECT json FROM wants WHERE owner = ? AND key = ?"},
		{&c.row, "SELECT r.seq, r.key, r.pos, r.json FROM rows r INDEXED BY rows_by_key WHERE r.data = ? AND r.gen = ? AND r.key = ? LIMIT 1"},
		{&c.owned, "SELECT r.key, r.pos, r.json FROM owners o CROSS JOIN rows r ON r.data = o.data AND r.gen = o.gen AND r.seq = o.seq WHERE o.data = ? AND o.gen = ? AND o.owner = ? ORDER BY o.seq"},
		{&c.grouped, "SELECT r.key, r.pos, r.json FROM rows r INDEXED BY rows_by_group WHERE r.data = ? AND r.gen = ? AND r.grp = ? AND r.grp != '' ORDER BY r.seq"},
		{&c.live, "SELECT json, missing FROM live WHERE kind = ? AND id = ?"},
		{&c.find, findLive},
		{&c.outcome, "SELECT action, id, kind, into_owner, into_key, reason, cause FROM outcomes WHERE owner = ? AND key = ?"},
	} {
		if *s.stmt, err = c.read.PrepareContext(ctx, s.text); err != nil {
			return err
		}
	}
	return nil
}

// findLive goes from the few keys to their objects, hence CROSS JOIN: left to itself SQLite walks through all objects in
// the order of ids.
const findLive = "SELECT l.json FROM live_keys k CROSS JOIN live l ON l.kind = k.kind AND l.id = k.id WHERE k.kind = ? AND k.field = ? AND k.value = ? AND l.missing = 0 ORDER BY k.id"

// Close closes the cache.
func (c *Cache) Close() error {
	var errs []error
	if c.read != nil && c.outcome != nil {
		errs = append(errs, c.flush(context.Background()))
	}
	for _, s := range []*sql.Stmt{c.want, c.row, c.owned, c.grouped, c.live, c.find, c.outcome} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if c.read != nil {
		errs = append(errs, c.read.Close())
	}
	if c.write != nil {
		errs = append(errs, c.write.Close())
	}
	return errors.Join(errs...)
}

// in runs f in one write transaction.
func (c *Cache) in(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := c.write.BeginTx(ctx, nil)
	if err != nil {
		return c.explain(err)
	}
	if err := f(tx); err != nil {
		return errors.Join(c.explain(err), passed(tx.Rollback()))
	}
	return c.explain(tx.Commit())
}

// explain says of a disk that is full, or cannot be written, where and what to do.
func (c *Cache) explain(err error) error { return disk.Explain(c.path, err) }

// passed leaves out that a transaction is over already: a full disk ends it by itself.
func passed(err error) error {
	var db *sqlite.Error
	if errors.As(err, &db) {
		return nil
	}
	return err
}

// Get reads a value that Set has kept.
func (c *Cache) Get(ctx context.Context, name string) (string, bool, error) {
	var v string
	err := c.read.QueryRowContext(ctx, "SELECT value FROM kv WHERE name = ?", name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return v, err == nil, err
}

// Set keeps a value under a name.
func (c *Cache) Set(ctx context.Context, name, value string) error {
	_, err := c.write.ExecContext(ctx, "INSERT OR REPLACE INTO kv VALUES (?, ?)", name, value)
	return c.explain(err)
}

// Watermark is when the last sweep of a kind began, zero if there was none.
func (c *Cache) Watermark(ctx context.Context, kind string) (time.Time, error) {
	text, ok, err := c.Get(ctx, "watermark "+kind)
	if err != nil || !ok {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, text)
}

// SetWatermark notes when a sweep began.
func (c *Cache) SetWatermark(ctx context.Context, kind string, at time.Time) error {
	return c.Set(ctx, "watermark "+kind, at.UTC().Format(time.RFC3339))
}

// batches groups a sequence so that no transaction is open while the sequence works.
func batches[T any](n int, in func(func(T, error) bool), f func([]T) error) error {
	buf := make([]T, 0, n)
	for x, err := range in {
		if err != nil {
			return err
		}
		if buf = append(buf, x); len(buf) == n {
			if err := f(buf); err != nil {
				return err
			}
			clear(buf)
			buf = buf[:0]
		}
	}
	if len(buf) == 0 {
		return nil
	}
	return f(buf)
}
