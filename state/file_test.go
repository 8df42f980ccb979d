package state_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/state"
	"deskform/state/storetest"
)

// restorable is a folder with a state that knows e1 and e2, and a backup that knows e1.
func restorable(t *testing.T) (path, backup string) {
	t.Helper()
	dir := t.TempDir()
	path, backup = filepath.Join(dir, "test.db"), filepath.Join(dir, "backups", "one.db")
	s := open(t, path)
	s.Record(plan.Step{}, plan.Result{}, storetest.Base("e1", "1"))
	if err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	s.Record(plan.Step{}, plan.Result{}, storetest.Base("e2", "2"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, backup
}

// knows are the keys that a state file knows.
func knows(t *testing.T, path string) string {
	t.Helper()
	s := open(t, path)
	defer s.Close()
	var out []string
	for b, err := range s.Bases(t.Context(), "contact.people") {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b.Address.Key)
	}
	return strings.Join(out, " ")
}

func sum(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// TestRestore: the backup is in the place of the state, and what was there beside it.
func TestRestore(t *testing.T) {
	path, backup := restorable(t)
	before := sum(t, backup)
	kept, err := state.Restore(t.Context(), path, backup, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, old := knows(t, path), knows(t, kept); got != "e1" || old != "e1 e2" {
		t.Errorf("restored %q, kept %q", got, old)
	}
	if sum(t, backup) != before {
		t.Error("the backup was written to")
	}
	// What was kept can be restored as well.
	if _, err := state.Restore(t.Context(), path, kept, state.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}); err != nil || knows(t, path) != "e1 e2" {
		t.Errorf("restored what was kept: %q, %v", knows(t, path), err)
	}
}

// TestRestoreRefused: what is no backup is named, made nowhere, and the state stays as it is.
func TestRestoreRefused(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		spoil      func(t *testing.T, path, backup string)
	}{
		{"not there", "there is no backup ", func(t *testing.T, _, backup string) { check(t, os.Remove(backup)) }},
		{"empty", "is empty: nothing is in it to restore", func(t *testing.T, _, backup string) { check(t, os.Truncate(backup, 0)) }},
		{"half", "damaged", func(t *testing.T, _, backup string) { check(t, os.Truncate(backup, 12000)) }},
		{"a folder", "is no file", func(t *testing.T, _, backup string) {
			check(t, errors.Join(os.Remove(backup), os.Mkdir(backup, 0o700)))
		}},
		{"another project's", "they are not the same project's", func(t *testing.T, _, backup string) {
			check(t, os.Remove(backup))
			check(t, open(t, backup).Close())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, backup := restorable(t)
			tt.spoil(t, path, backup)
			was, _ := os.Stat(backup)
			_, err := state.Restore(t.Context(), path, backup, state.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if is, _ := os.Stat(backup); (was == nil) != (is == nil) {
				t.Errorf("the backup was made: %v", is)
			}
			if got := knows(t, path); got != "e1 e2" {
				t.Errorf("the state knows %q", got)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*restore*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestRestoreOld: an older backup becomes a state of today and stays what it is itself.
func TestRestoreOld(t *testing.T) {
	dir := t.TempDir()
	old, err := os.ReadFile("../fixtures/state/v1.db")
	check(t, err)
	backup, path := filepath.Join(dir, "v1.db"), filepath.Join(dir, "test.db")
	check(t, os.WriteFile(backup, old, 0o400))
	if _, err := state.Restore(t.Context(), path, backup, state.Options{}); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(backup); err != nil || string(now) != string(old) {
		t.Errorf("the backup was written to (%v)", err)
	}
	if got := knows(t, path); !strings.Contains(got, "e1") {
		t.Errorf("the state knows %q", got)
	}
}

// TestRestoreFails: when the last moment fails, the state is in its place again. A name that cannot be given makes it fail.
func TestRestoreFails(t *testing.T) {
	path, backup := restorable(t)
	now := time.UnixMilli(1767600000000)
	check(t, os.Mkdir(path+".before-"+now.UTC().Format("20060102T150405Z"), 0o700))
	_, err := state.Restore(context.Background(), path, backup, state.Options{Now: func() time.Time { return now }})
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("%v", err)
	}
	if got := knows(t, path); got != "e1 e2" {
		t.Errorf("the state knows %q", got)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
