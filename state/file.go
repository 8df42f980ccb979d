package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Holder says who holds the lock, nil when nobody does or its time has run out.
func (s *State) Holder(ctx context.Context) (*LockedError, error) {
	var e LockedError
	var since, expires int64
	err := s.read.QueryRowContext(ctx, "SELECT holder, what, since, expires FROM lease").Scan(&e.Holder, &e.What, &since, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the lock: %w", err)
	case expires <= s.now().UnixMilli() || s.dead != nil && s.dead(e.Holder):
		return nil, nil
	}
	e.Since, e.Expires = time.UnixMilli(since), time.UnixMilli(expires)
	return &e, nil
}

// Restore puts a backup in the place of a state file. The backup must be whole and of the same lineage; a state that
// somebody works on stays. What was there is kept beside it, and its path returned, empty when nothing was there.
func Restore(ctx context.Context, path, backup string, o Options) (kept string, err error) {
	from, err := Open(ctx, backup, o)
	if err != nil {
		return "", err
	}
	lineage := from.Lineage()
	if err := from.Close(); err != nil {
		return "", fmt.Errorf("read the backup: %w", err)
	}
	switch _, err := os.Stat(path); {
	case err == nil:
		if kept, err = setAsideFile(ctx, path, lineage, o); err != nil {
			return "", err
		}
	case !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("restore the state: %w", err)
	}
	return kept, put(path, backup)
}

// setAsideFile moves the present file out of the way, unless it is another state or somebody holds it.
func setAsideFile(ctx context.Context, path, lineage string, o Options) (string, error) {
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	kept := path + ".before-" + now().UTC().Format("20060102T150405Z")
	if s, err := Open(ctx, path, o); err == nil {
		lease, lerr := s.Lock(ctx, "state restore", time.Minute)
		if lerr == nil && s.Lineage() != lineage {
			lerr = fmt.Errorf("restore the state: the backup is of lineage %s and the state of %s: they are not the same project's", lineage, s.Lineage())
		}
		if lease != nil {
			lease.Release()
		}
		if err := errors.Join(lerr, s.Close()); err != nil {
			return "", err
		}
	} // a file that cannot be opened is what a backup is for
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("restore the state: %w", err)
		}
	}
	return kept, nil
}

// put copies a file beside its place and renames it: it is there whole or not at all.
func put(path, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("restore the state: %w", err)
	}
	defer in.Close()
	tmp, err := os.CreateTemp(filepath.Dir(path), ".restore-*")
	if err != nil {
		return fmt.Errorf("restore the state: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = io.Copy(tmp, in)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("restore the state: %w", err)
	}
	return nil
}
