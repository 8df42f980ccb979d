package state

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"
)

//go:embed schema.sql
var schema string

// begin makes a new state file that only the owner can read, unless there are traces of an earlier one. It is there whole or
// not at all, so that an empty file always is a damaged one.
func begin(ctx context.Context, path string, o Options) error {
	if o.Traces != nil {
		trace, err := lost(path, o.Traces)
		if err != nil {
			return err
		}
		if trace != "" {
			return &LostError{path, trace}
		}
	}
	if fi, err := os.Stat(path + "-wal"); err == nil && fi.Size() > 0 {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) { // else somebody has begun it just now
			return damaged(path, "it is gone, and its log "+filepath.Base(path)+"-wal is there; put the file back beside it or move the log away")
		}
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make state %w", named(path, err))
	}
	f, err := os.CreateTemp(dir, ".new-state-*")
	if err != nil {
		return fmt.Errorf("make state %w", named(path, err))
	}
	tmp := f.Name()
	err = f.Close()
	if err == nil {
		err = fresh(ctx, tmp)
	}
	if err == nil {
		// Of two programs that begin at once one wins, and both use its file.
		if err = second(tmp, path); errors.Is(err, os.ErrExist) {
			err = nil
		}
	}
	if err = errors.Join(err, remove(tmp)); err != nil {
		return fmt.Errorf("make state %w", named(path, err))
	}
	return nil
}

// lost finds the newest trace of an earlier state: a backup, or what a restore has kept.
func lost(path string, traces []string) (string, error) {
	found := ""
	for _, pattern := range append(traces, path+".before-*") {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("look for backups: %w", err)
		}
		for _, name := range names {
			if fi, err := os.Stat(name); err == nil && fi.Size() > 0 && (found == "" || filepath.Base(name) > filepath.Base(found)) {
				found = name
			}
		}
	}
	return found, nil
}

// fresh makes the tables of a new state with a lineage of its own.
func fresh(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path, "_txlock=immediate&_pragma=synchronous(full)"))
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO meta VALUES ('lineage', ?), ('serial', '0'), ('workspace', '')", uuid.NewString()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", Format)); err != nil {
		return err
	}
	return tx.Commit()
}
