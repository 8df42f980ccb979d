package state_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/state"
	"deskform/state/disk"
	"deskform/state/storetest"
)

// smallDisk is a folder on a disk of so many bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "none", dir).CombinedOutput(); err != nil {
		t.Skipf("needs leave to mount a small disk: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("%v %s", err, out)
		}
	})
	return dir
}

// TestDiskFull: a full disk is named with its file and what to do, and is no damage; once there is room all that was
// acknowledged is there.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t, "512k")
	path := filepath.Join(dir, "test.db")
	fullDisk := func(what string, err error) {
		t.Helper()
		var fault *disk.Fault
		if err == nil || strings.Contains(err.Error(), "damaged") || !errors.As(err, &fault) || !strings.Contains(err.Error(), "make room") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s := open(t, path)
	s.Record(plan.Step{}, plan.Result{}, storetest.Base("e1", "1"))
	backup := filepath.Join(t.TempDir(), "one.db")
	check(t, s.Backup(t.Context(), backup))
	if err := os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600); err == nil {
		t.Fatal("the disk is not small")
	}
	var failed error
	for range 10_000 {
		s.Record(plan.Step{}, plan.Result{}, storetest.Base("e2", strings.Repeat("2", 1000)))
		if failed = s.Flush(t.Context()); failed != nil {
			break
		}
	}
	fullDisk("write", failed)
	fullDisk("back up", s.Backup(t.Context(), filepath.Join(dir, "copy.db")))
	_ = s.Close()
	if s, err := state.Open(t.Context(), path, state.Options{}); err != nil { // opening may need no room
		fullDisk("open", err)
	} else {
		check(t, s.Close())
	}
	_, err := state.Open(t.Context(), filepath.Join(dir, "new.db"), state.Options{})
	fullDisk("begin", err)
	before := knowsNow(t, path, dir)
	if _, err := state.Restore(t.Context(), path, backup, state.Options{}); err == nil {
		t.Error("restored on a full disk")
	} else {
		fullDisk("restore", err)
	}
	if after := knowsNow(t, path, dir); before != after || !strings.HasPrefix(after, "e1") {
		t.Errorf("the state knew %q and knows %q", before, after)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.before-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// knowsNow is knows with a copy that has room.
func knowsNow(t *testing.T, path, dir string) string {
	t.Helper()
	to := t.TempDir()
	if out, err := exec.Command("sh", "-c", "cp "+dir+"/test.db* "+to).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return knows(t, filepath.Join(to, filepath.Base(path)))
}
