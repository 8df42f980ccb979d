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

// Restore puts a backup in the place of a state file. The backup must be there, whole and of the same lineage; it is only
// read. A state that somebody works on stays. What was there is kept beside it, and its path returned, empty when nothing
// was there; when anything fails, it is in its place again.
func Restore(ctx context.Context, path, backup string, o Options) (kept string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("restore the state %w", named(path, err))
		}
	}()
	switch fi, err := os.Stat(backup); {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("there is no backup %s; name one of .deskform/backups", backup)
	case err != nil:
		return "", err
	case !fi.Mode().IsRegular():
		return "", fmt.Errorf("the backup %s is no file", backup)
	case fi.Size() == 0:
		return "", fmt.Errorf("the backup %s is empty: nothing is in it to restore; name another one", backup)
	}
	tmp, lineage, err := whole(ctx, backup, filepath.Dir(path), o)
	if err != nil {
		return "", err
	}
	defer remove(tmp)
	switch _, err := os.Stat(path); {
	case err == nil:
		if err := mayReplace(ctx, path, lineage, o); err != nil {
			return "", err
		}
		now := time.Now
		if o.Now != nil {
			now = o.Now
		}
		kept = path + ".before-" + now().UTC().Format("20060102T150405Z")
	case !errors.Is(err, os.ErrNotExist):
		return "", err
	}
	return kept, exchange(path, tmp, kept)
}

// whole copies a backup, with its log if it has one, into one file of this program's version in a folder, and says of which
// lineage it is. The file is on the disk, and so is what is written of it.
func whole(ctx context.Context, backup, dir string, o Options) (path, lineage string, err error) {
	tmp, err := os.CreateTemp(dir, ".restore-*")
	if err != nil {
		return "", "", err
	}
	path = tmp.Name()
	if err := errors.Join(fill(tmp, backup), tmp.Close()); err != nil {
		return "", "", errors.Join(fmt.Errorf("copy %s: %w", backup, err), remove(path))
	}
	if _, err := os.Stat(backup + "-wal"); err == nil {
		log, err := os.OpenFile(path+"-wal", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			err = errors.Join(fill(log, backup+"-wal"), log.Close())
		}
		if err != nil {
			return "", "", errors.Join(fmt.Errorf("copy %s-wal: %w", backup, err), remove(path))
		}
	}
	s, err := Open(ctx, path, o)
	if err != nil {
		return "", "", errors.Join(fmt.Errorf("the backup %s cannot be used: %w", backup, err), remove(path))
	}
	lineage = s.Lineage()
	if err := s.Close(); err != nil {
		return "", "", errors.Join(fmt.Errorf("the backup %s cannot be used: %w", backup, err), remove(path))
	}
	return path, lineage, nil
}

// fill copies a file's content into f and waits for the disk.
func fill(f *os.File, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err := io.Copy(f, in); err != nil {
		return err
	}
	return f.Sync()
}

func remove(path string) error {
	var errs []error
	for _, suffix := range logs {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// logs are what a database has beside its file, and the file itself.
var logs = []string{"-wal", "-shm", ""}

// mayReplace refuses to replace another project's state and one that somebody holds.
func mayReplace(ctx context.Context, path, lineage string, o Options) error {
	s, err := Open(ctx, path, o)
	if err != nil {
		return nil // a file that cannot be opened is what a backup is for
	}
	lease, err := s.Lock(ctx, "state restore", time.Minute)
	if err == nil && s.Lineage() != lineage {
		err = fmt.Errorf("the backup is of lineage %s and the state of %s: they are not the same project's", lineage, s.Lineage())
	}
	if lease != nil {
		lease.Release()
	}
	return errors.Join(err, s.Close())
}

// exchange puts tmp in the place of path and keeps what is there under another name, if one is given. The file changes in
// one moment; should that fail, all is as before.
func exchange(path, tmp, kept string) (err error) {
	if kept != "" {
		if err := second(path, kept); err != nil {
			return fmt.Errorf("keep what is there as %s: %w; nothing was changed", kept, err)
		}
		var moved []string
		defer func() {
			if err == nil {
				return
			}
			for _, suffix := range moved {
				err = errors.Join(err, os.Rename(kept+suffix, path+suffix))
			}
			err = fmt.Errorf("%w; the state is what it was", errors.Join(err, os.Remove(kept)))
		}()
		// What the log holds belongs to the old file alone; it has one when it was not closed.
		for _, suffix := range logs[:2] {
			switch err := os.Rename(path+suffix, kept+suffix); {
			case err == nil:
				moved = append(moved, suffix)
			case !errors.Is(err, os.ErrNotExist):
				return err
			}
		}
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil { // not every system lets a folder be synchronized
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// second gives a file a second name, or copies it where there are no second names.
func second(path, name string) error {
	if err := os.Link(path, name); err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f, path), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
