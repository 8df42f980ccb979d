package disk_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite"

	"deskform/state/disk"
)

// TestExplain: each kind of trouble that SQLite itself reports is told from damage, with the file and what to do.
func TestExplain(t *testing.T) {
	dir := t.TempDir()
	do := func(file, query string, statements ...string) error {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, file)+query)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}
	make1 := "CREATE TABLE IF NOT EXISTS t (x)"
	if err := do("a.db", "", make1); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	holder, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "held.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	tx, err := holder.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, tt := range []struct {
		name, want string
		err        error
	}{
		{"full", "its disk is full; make room", do("full.db", "", make1, "PRAGMA max_page_count = 3", "INSERT INTO t VALUES (zeroblob(1000000))")},
		{"read-only", "it cannot be written", do("a.db", "?mode=ro", "INSERT INTO t VALUES (1)")},
		{"no folder", "it cannot be written", do("nowhere/a.db", "", make1)},
		{"held", "another program is in the middle of a write", do("held.db", "", make1)},
		{"no room for a file", "its disk is full", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}},
		{"no leave", "it cannot be written", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}},
		{"damage", "", do("bad.db", "", "SELECT * FROM t")},
		{"something else", "", errors.New("no")},
	} {
		if tt.err == nil {
			t.Errorf("%s: it went well", tt.name)
			continue
		}
		got := disk.Explain("/x/test.db", tt.err)
		var fault *disk.Fault
		if is := errors.As(got, &fault); is != (tt.want != "") || is && !strings.HasPrefix(got.Error(), "/x/test.db: "+tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
		if !errors.Is(got, tt.err) {
			t.Errorf("%s: the cause is gone", tt.name)
		}
		if again := disk.Explain("/y", fmt.Errorf("write: %w", got)); strings.Contains(again.Error(), "/y") && tt.want != "" {
			t.Errorf("%s: explained twice: %v", tt.name, again)
		}
	}
	if disk.Explain("/x", nil) != nil {
		t.Error("nil is an error")
	}
}
