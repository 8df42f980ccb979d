// Package disk tells what a file's trouble is from what the database says: a disk that is full or fails, a file that cannot
// be written, one that another program holds. What is left is damage.
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// A Fault is trouble with the place of a file, not with what is in it: nothing that was there is lost.
type Fault struct {
	Path, Why string
	Err       error
}

func (e *Fault) Error() string { return fmt.Sprintf("%s: %s (%v)", e.Path, e.Why, e.Err) }
func (e *Fault) Unwrap() error { return e.Err }

const (
	full     = "its disk is full; make room and run the same command again, what was recorded is safe"
	readOnly = "it cannot be written: the file, its folder or the disk is read-only; make it writable, or name another place, and run the same command again"
	failing  = "its disk is full or fails; make room, check the disk, and run the same command again"
	busy     = "another program is in the middle of a write to it; wait until that has ended (deskform state lock shows who works on a state)"
)

// Explain makes a *Fault of an error that comes of the place of a file. Any other error, damage among them, and nil stay
// what they are.
func Explain(path string, err error) error {
	var known *Fault
	if err == nil || errors.As(err, &known) {
		return err
	}
	if why := why(err); why != "" {
		return &Fault{path, why, err}
	}
	return err
}

func why(err error) string {
	var db *sqlite.Error
	if errors.As(err, &db) {
		switch db.Code() & 0xff { // the rest of a code says in which call
		case sqlite3.SQLITE_FULL:
			return full
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return readOnly
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return busy
		case sqlite3.SQLITE_IOERR:
			if db.Code() != sqlite3.SQLITE_IOERR_SHORT_READ && db.Code() != sqlite3.SQLITE_IOERR_CORRUPTFS {
				return failing
			}
		}
		return ""
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return full
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return readOnly
	case errors.Is(err, syscall.EIO):
		return failing
	}
	return ""
}
