package state_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"deskform/state"
)

// TestLost: a state file that is gone, or has become empty, is not taken for a new one.
func TestLost(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(path string) error
		want string
	}{
		{"gone", os.Remove, "it is not there, and "},
		{"empty", func(path string) error { return os.Truncate(path, 0) }, "it is damaged (it is empty)"},
		{"gone without its log", func(path string) error {
			return errors.Join(os.Rename(path, path+"-wal"), os.RemoveAll(filepath.Join(filepath.Dir(path), "backups")))
		}, "its log test.db-wal is there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, backup := restorable(t)
			traces := state.Options{Traces: []string{filepath.Join(filepath.Dir(backup), "*.db")}}
			check(t, tt.harm(path))
			_, err := state.Open(t.Context(), path, traces)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "restore") {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			var gone *state.LostError
			if is := errors.As(err, &gone); is != (tt.name == "gone") || is && (gone.Trace != backup || !strings.Contains(err.Error(), "--new-state")) {
				t.Errorf("%#v", err)
			}
			if tt.name == "gone without its log" {
				return
			}
			if _, err := state.Restore(t.Context(), path, backup, state.Options{}); err != nil {
				t.Fatal(err)
			}
			if s, err := state.Open(t.Context(), path, traces); err != nil {
				t.Error(err)
			} else {
				check(t, s.Close())
			}
		})
	}
}

// TestBegin: without traces a state is begun, by several at once as one.
func TestBegin(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "new.db")
	var all sync.WaitGroup
	lineages := make([]string, 4)
	for i := range lineages {
		all.Go(func() {
			s, err := state.Open(t.Context(), path, state.Options{Traces: []string{filepath.Join(dir, "*.db")}})
			if err != nil {
				t.Error(err)
				return
			}
			lineages[i] = s.Lineage()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, l := range lineages {
		if l == "" || l != lineages[0] {
			t.Errorf("lineages %v", lineages)
			break
		}
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", fi, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "sub", ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
