// Package state keeps what was done: resources and records with what was sent and seen, the crosswalk from source keys
// to Intercom ids, the journal, runs, and what was set aside. It is precious: it is one SQLite file with WAL and
// synchronous=FULL, written by one goroutine, whose commits hold the work of many callers.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"deskform/state/disk"
)

// Format is the version of the file that this program writes.
const Format = 5

// migrations bring a file from one version to the next; the first one from 1 to 2.
var migrations = [Format - 1]string{
	"CREATE TABLE repeated (step TEXT PRIMARY KEY, at INTEGER NOT NULL, intent TEXT NOT NULL) WITHOUT ROWID",
	"CREATE TABLE checklist (seq INTEGER PRIMARY KEY, workspace TEXT NOT NULL, item TEXT NOT NULL, confirmed INTEGER NOT NULL, who TEXT NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL)",
	"ALTER TABLE parts ADD COLUMN spoke TEXT NOT NULL DEFAULT ''",
	"ALTER TABLE records ADD COLUMN continues TEXT NOT NULL DEFAULT ''; CREATE INDEX records_continue ON records (owner, continues) WHERE continues <> ''",
}

// Options of Open.
type Options struct {
	// Now is the clock of leases and stamps; time.Now when nil.
	Now func() time.Time
	// Holder is who takes the lock ("ann@host pid 12").
	Holder string
	// Dead says of a holder that it has certainly died: its lock is taken over without waiting. Nil says so of nobody.
	Dead func(holder string) bool
	// Journaled is told of each write of the journal, "begin STEP", "record STEP", "fail STEP", "repeat STEP", "forget STEP" or
	// "note ADDRESS" where a record is noted without a step, twice: before the commit that
	// makes it durable and after it. Nil for nobody; crash tests die in it.
	Journaled func(what string, durable bool)
	// Traces are patterns of files that only an earlier state can have left, its backups: where one is there, a state file
	// that is not is refused as lost, with a *LostError. Nil for a state that may always be new.
	Traces []string
}

// A LostError says that a state file is gone though it was there once.
type LostError struct{ Path, Trace string }

func (e *LostError) Error() string {
	return fmt.Sprintf("open state %s: it is not there, and %s shows that it was; restore that (deskform state restore FILE), correct the path in state \"sqlite\" { path }, or begin anew with --new-state: what was moved is then unknown, and what cannot be found again by its keys is made a second time", e.Path, e.Trace)
}

// A VersionError says that a file was written by a newer program.
type VersionError struct {
	Path       string
	Have, Know int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("open state %s: it has version %d and this program knows %d: it is newer; use the deskform that wrote it, or a later one", e.Path, e.Have, e.Know)
}

// A BoundError says that a state belongs to another workspace.
type BoundError struct{ Have, Want string }

func (e *BoundError) Error() string {
	return fmt.Sprintf("the state belongs to workspace %s, not %s; use its own token, or another state file", e.Have, e.Want)
}

// State is an open state file. It is safe for concurrent use.
type State struct {
	path        string
	now         func() time.Time
	holder      string
	dead        func(string) bool
	journaled   func(string, bool)
	write, read *sql.DB

	lineage string

	queue  chan op
	closed chan struct{}
	mu     sync.Mutex
	broken error  // the first error of the writer; nothing is written after it
	holds  string // the token of the lease that what is written depends on, empty for none
	serial int64
	bound  string

	moves []Move // what readers see as done
}

// Open opens or makes a state file. A file of an older version is migrated forward, a newer one is refused with a
// *VersionError.
func Open(ctx context.Context, path string, o Options) (*State, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &State{path: path, now: o.Now, holder: o.Holder, dead: o.Dead, journaled: o.Journaled, queue: make(chan op, 1024), closed: make(chan struct{})}
	switch _, err := os.Stat(path); {
	case errors.Is(err, os.ErrNotExist):
		if err := begin(ctx, path, o); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, fmt.Errorf("open state: %w", err)
	}
	err := inspect(ctx, path)
	if err != nil {
		return nil, err
	}
	if s.write, err = sql.Open("sqlite", dsn(path, "_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)")); err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	if s.read, err = sql.Open("sqlite", dsn(path, "_pragma=query_only(1)")); err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), s.write.Close())
	}
	go s.writer()
	return s, nil
}

// dsn carries the pragmas in the data source name, so that each connection of the pool has them.
func dsn(path, extra string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	u.RawQuery = "_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&" + extra
	return u.String()
}

// inspect refuses what is no state of ours before anything is written to it.
func inspect(ctx context.Context, path string) error {
	fi, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	if fi.Size() == 0 { // a state is begun whole
		return damaged(path, "it is empty")
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=ro&_pragma=query_only(1)"))
	if err != nil {
		return fmt.Errorf("open state %s: %w", path, err)
	}
	defer db.Close()
	var version, tables int
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables)
	}
	var failed *sqlite.Error
	switch {
	case errors.As(err, &failed) && failed.Code() == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("open state %s: it is no state file of deskform; name the right one, or restore a backup", path)
	case err != nil:
		return trouble(path, err)
	case version > Format:
		return &VersionError{path, version, Format}
	case version == 0 && tables == 0:
		return damaged(path, "there is nothing in it")
	case version < 0:
		return damaged(path, fmt.Sprintf("its version is %d", version))
	case version == 0:
		return fmt.Errorf("open state %s: it is a database of something else; name another file in state \"sqlite\" { path }", path)
	}
	return nil
}

// trouble is what an error of the database means: a fault of the disk, else damage.
func trouble(path string, err error) error {
	var fault *disk.Fault
	if errors.As(disk.Explain(path, err), &fault) {
		return fmt.Errorf("open state %w", fault)
	}
	return damaged(path, err.Error())
}

func damaged(path, why string) error {
	return fmt.Errorf("open state %s: it is damaged (%s); restore a backup from .deskform/backups", path, why)
}

func (s *State) migrate(ctx context.Context) error {
	var version int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return trouble(s.path, err)
	}
	var ok string
	if err := s.write.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&ok); err != nil {
		return trouble(s.path, err)
	} else if ok != "ok" {
		return damaged(s.path, ok)
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return trouble(s.path, err)
	}
	defer tx.Rollback()
	if version < Format {
		for _, step := range migrations[version-1:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return fmt.Errorf("bring state from version %d to %d: %w", version, Format, disk.Explain(s.path, err))
			}
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", Format)); err != nil {
			return fmt.Errorf("bring state from version %d to %d: %w", version, Format, disk.Explain(s.path, err))
		}
	}
	meta := map[string]string{}
	rows, err := tx.QueryContext(ctx, "SELECT name, value FROM meta")
	if err != nil {
		return fmt.Errorf("open state %s: %w", s.path, err)
	}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return errors.Join(err, rows.Close())
		}
		meta[name] = value
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("open state %s: %w", s.path, err)
	}
	s.lineage, s.bound = meta["lineage"], meta["workspace"]
	if s.serial, err = strconv.ParseInt(meta["serial"], 10, 64); err != nil {
		return fmt.Errorf("open state %s: serial: %w", s.path, err)
	}
	if err := tx.Commit(); err != nil {
		return trouble(s.path, err)
	}
	return nil
}

// Close writes what is queued and closes the file.
func (s *State) Close() error {
	err := s.Flush(context.Background())
	close(s.queue)
	<-s.closed
	return errors.Join(err, s.read.Close(), s.write.Close())
}

// Path is where the file is.
func (s *State) Path() string { return s.path }

// Lineage tells one state from every other; it never changes.
func (s *State) Lineage() string { return s.lineage }

// Serial counts runs.
func (s *State) Serial() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serial
}

// Workspace is the Intercom workspace that the state is bound to, empty before the first apply.
func (s *State) Workspace() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound
}

// Bind binds the state to a workspace for good. Another one than it has is a *BoundError.
func (s *State) Bind(ctx context.Context, workspace string) error {
	if have := s.Workspace(); have == workspace {
		return nil
	} else if have != "" {
		return &BoundError{have, workspace}
	}
	err := s.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE meta SET value = ? WHERE name = 'workspace'", workspace)
		return err
	})
	if err != nil {
		return fmt.Errorf("bind the state to workspace %s: %w", workspace, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound = workspace
	return nil
}

// Backup copies the state as it is now into a file of its own.
func (s *State) Backup(ctx context.Context, dest string) error {
	if err := os.MkdirAll(filepath.Dir(dest), 0o700); err != nil {
		return fmt.Errorf("copy the state to %w", named(dest, err))
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, "VACUUM INTO ?", dest); err != nil {
		_ = os.Remove(dest) // half a copy is none
		return fmt.Errorf("copy the state to %w", named(dest, err))
	}
	return os.Chmod(dest, 0o600)
}

// named is an error with the file that it is about, once.
func named(path string, err error) error {
	var fault *disk.Fault
	if err = disk.Explain(path, err); errors.As(err, &fault) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// Durability says how the connection that writes commits: "wal" and 2, which is full.
func (s *State) Durability(ctx context.Context) (journal string, synchronous int, err error) {
	err = errors.Join(
		s.write.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal),
		s.write.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous))
	return journal, synchronous, err
}
