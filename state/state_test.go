package state_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"deskform/plan"
	"deskform/state"
	"deskform/state/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("STATE_TEST_WRITE"); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

func open(t testing.TB, path string) *state.State {
	t.Helper()
	s, err := state.Open(context.Background(), path, state.Options{Holder: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	storetest.Run(t, func(t *testing.T, name string) storetest.Store { return open(t, filepath.Join(dir, name+".db")) })
}

// writeUntilKilled journals records one after another and says of each, once it is acknowledged, which it was.
func writeUntilKilled(path string) {
	s, err := state.Open(context.Background(), path, state.Options{})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		key := fmt.Sprintf("e%06d", i)
		s.Record(storetest.Step(key, "create"), plan.Result{ID: key}, storetest.Base(key, key))
		if err := s.Begin(context.Background(), plan.Intent{Step: storetest.Step(key, "tag"), Run: "r", At: time.UnixMilli(int64(i))}); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(key)
	}
}

// TestKilled kills a writer in mid-write, again and again: what it acknowledged is there, and the file opens.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "killed.db")
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STATE_TEST_WRITE="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := ""
		lines := bufio.NewScanner(out)
		for n := 0; n < 20+13*round && lines.Scan(); n++ {
			last = lines.Text()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had said before it died
			last = lines.Text()
		}
		_ = cmd.Wait()
		if !strings.HasPrefix(last, "e") || strings.HasPrefix(last, "error") {
			t.Fatalf("round %d: the writer said %q", round, last)
		}
		s := open(t, path)
		b, err := s.Base(t.Context(), "contact.people", last)
		if err != nil || b == nil || b.ID != last {
			t.Errorf("round %d: %s was acknowledged and is %v (%v)", round, last, b, err)
		}
		found := false
		for in, err := range s.OpenIntents(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found = found || in.Step.Key == storetest.Step(last, "tag").Key
		}
		if !found {
			t.Errorf("round %d: the intent of %s is gone", round, last)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock.db")
	now := time.UnixMilli(1767600000000)
	clock := func() time.Time { return now }
	first, err := state.Open(t.Context(), path, state.Options{Now: clock, Holder: "ann@desk pid 1"})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := state.Open(t.Context(), path, state.Options{Now: clock, Holder: "bob@desk pid 2"})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()

	lease, err := first.Lock(t.Context(), "apply", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var locked *state.LockedError
	if _, err := second.Lock(t.Context(), "apply", time.Hour); !errors.As(err, &locked) || locked.Holder != "ann@desk pid 1" || locked.What != "apply" || !locked.Since.Equal(now) {
		t.Fatalf("a live lease: %v", err)
	}
	lease.Release()
	lease.Release()
	lease, err = second.Lock(t.Context(), "apply", time.Hour)
	if err != nil {
		t.Fatalf("a lease that was given back: %v", err)
	}
	now = now.Add(2 * time.Hour)
	taken, err := first.Lock(t.Context(), "apply", time.Hour)
	if err != nil {
		t.Fatalf("a lease that has run out: %v", err)
	}
	lease.Release() // it must not take the new holder's away
	if _, err := second.Lock(t.Context(), "apply", time.Hour); !errors.As(err, &locked) {
		t.Errorf("the old holder gave back what was not his: %v", err)
	}
	dies, err := state.Open(t.Context(), path, state.Options{Now: clock, Dead: func(holder string) bool { return holder == "ann@desk pid 1" }})
	if err != nil {
		t.Fatal(err)
	}
	defer dies.Close()
	after, err := dies.Lock(t.Context(), "apply", time.Hour)
	if err != nil {
		t.Errorf("the lock of somebody who has died: %v", err)
	} else {
		after.Release()
	}
	taken.Release()
}

// TestLostLease: a holder learns that somebody else has taken over.
func TestLostLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lost.db")
	s := open(t, path)
	defer s.Close()
	lease, err := s.Lock(t.Context(), "apply", 30*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	later, err := state.Open(t.Context(), path, state.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if _, err := later.Lock(t.Context(), "apply", time.Hour); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lease.Lost():
	case <-t.Context().Done():
		t.Error("nobody told the holder")
	}
}

// TestRefused: files that are no state, or not this program's, are refused with what to do, and stay as they are.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	good := open(t, path("good.db"))
	good.Record(plan.Step{}, plan.Result{}, storetest.Base("e1", "1"))
	if err := good.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path("good.db"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", path("other.db"))
	if err == nil {
		_, err = other.Exec("CREATE TABLE invoices (n)")
		err = errors.Join(err, other.Close())
	}
	for name, content := range map[string][]byte{"text.db": []byte("deskform {\n}\n"), "half.db": whole[:len(whole)/2], "zeroed.db": append(append([]byte{}, whole[:4096]...), make([]byte, len(whole)-4096)...)} {
		err = errors.Join(err, os.WriteFile(path(name), content, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	newer, err := os.ReadFile("../fixtures/state/newer.db")
	if err == nil {
		err = os.WriteFile(path("newer.db"), newer, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"text.db":   "it is no state file of deskform",
		"half.db":   "damaged",
		"zeroed.db": "damaged",
		"other.db":  "a database of something else",
		"newer.db":  "it has version 99 and this program knows 5",
	} {
		before, err := os.ReadFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := state.Open(t.Context(), path(name), state.Options{})
		if err == nil {
			_ = s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if after, err := os.ReadFile(path(name)); err != nil || string(after) != string(before) {
			t.Errorf("%s: opening changed the file (%v)", name, err)
		}
	}
	if _, err := state.Open(t.Context(), filepath.Join(path("good.db"), "x", "a.db"), state.Options{}); err == nil {
		t.Error("a folder that is a file")
	}
}

// TestOldFiles opens a file of every version that was ever written: all that it holds is there.
func TestOldFiles(t *testing.T) {
	for version := 1; version <= state.Format; version++ {
		old, err := os.ReadFile(fmt.Sprintf("../fixtures/state/v%d.db", version))
		if err != nil {
			t.Fatalf("a file of version %d is missing: %v", version, err)
		}
		path := filepath.Join(t.TempDir(), "old.db")
		if err := os.WriteFile(path, old, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, path)
		b, err := s.Base(t.Context(), "contact.people", "e1")
		if err != nil || b == nil || b.ID != "77" || len(b.Parts) != 2 || b.Parts[0].Key != "c1" || b.Parts[1].ID != "1002" || !plan.Same(b.Sent["name"], "Ann") {
			t.Errorf("version %d: %+v, %v", version, b, err)
		}
		if spoke := map[bool]string{true: "actor"}[version >= 4]; err == nil && (b.Parts[0].As != spoke || b.Parts[1].As != "") {
			t.Errorf("version %d: the parts were sent as %q and %q", version, b.Parts[0].As, b.Parts[1].As)
		}
		continued, err := s.Continued(t.Context(), "contact.people")
		if want := map[bool]string{true: "map[e1:[e1#2]]", false: "map[]"}[version >= 5]; err != nil || fmt.Sprint(continued) != want {
			t.Errorf("version %d: continued %v, want %s, %v", version, continued, want, err)
		}
		intents, asides := 0, 0
		for in, err := range s.OpenIntents(t.Context()) {
			if err != nil || in.Step.Op != "create" {
				t.Errorf("version %d: %+v, %v", version, in, err)
			}
			intents++
		}
		for a, err := range s.SetAsides(t.Context()) {
			if err != nil || a.Address != storetest.Address("e3") {
				t.Errorf("version %d: %+v, %v", version, a, err)
			}
			asides++
		}
		repeated := 0
		for in, err := range s.Repeated(t.Context()) {
			if err != nil || in.Step.Key != storetest.Step("e4", "create").Key {
				t.Errorf("version %d: %+v, %v", version, in, err)
			}
			repeated++
		}
		if since2 := min(version-1, 1); repeated != since2 {
			t.Errorf("version %d: %d steps were repeated, want %d", version, repeated, since2)
		}
		words, err := s.Confirmations(t.Context(), "ws1")
		if said, since3 := words["surveys"], version >= 3; err != nil || said.Confirmed != since3 || since3 && said.By != "Ann" {
			t.Errorf("version %d: the checklist says %+v, %v", version, words, err)
		}
		s.Repeat(plan.Intent{Step: storetest.Step("e5", "create")})
		if err := s.Flush(t.Context()); err != nil {
			t.Errorf("version %d cannot be written: %v", version, err)
		}
		if intents != 1 || asides != 1 || s.Workspace() != "ws1" {
			t.Errorf("version %d: %d intents, %d set aside, workspace %q", version, intents, asides, s.Workspace())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBackup: a copy is a state of its own with the same lineage, and later writes are not in it.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "a.db"))
	defer s.Close()
	s.Record(plan.Step{}, plan.Result{}, storetest.Base("e1", "1"))
	copied := filepath.Join(dir, "backups", "a.db")
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	s.Record(plan.Step{}, plan.Result{}, storetest.Base("e2", "2"))
	if fi, err := os.Stat(copied); err != nil || fi.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the backup: %v", fi.Mode())
	}
	b := open(t, copied)
	defer b.Close()
	one, err1 := b.Base(t.Context(), "contact.people", "e1")
	two, err2 := b.Base(t.Context(), "contact.people", "e2")
	if one == nil || two != nil || err1 != nil || err2 != nil || b.Lineage() != s.Lineage() {
		t.Errorf("%v %v %v %v", one, two, err1, err2)
	}
}

// TestRenamed: readers see moves that have not been carried out, and the same after they have been.
func TestRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := open(t, path)
	defer s.Close()
	for _, key := range []string{"e1", "e2", "e3"} {
		b := storetest.Base(key, "id-"+key)
		b.Parts = []plan.BasePart{{List: "comments", Key: "c-" + key, ID: "5"}}
		s.Record(plan.Step{Part: "c"}, plan.Result{}, b)
	}
	merged := storetest.Base("e4", "id-e1")
	merged.Origin, merged.MergedInto = "merged", `contact.people["e1"]`
	s.Record(plan.Step{}, plan.Result{}, merged)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	to := func(key string) plan.Address { return plan.Address{Set: "contact.staff", Key: key} }
	moves := []state.Move{{From: storetest.Address("e3"), To: to("a3")}, {From: plan.Address{Set: "contact.people"}, To: to("")}}
	look := func() string {
		var out []string
		for _, set := range []string{"contact.people", "contact.staff"} {
			for b, err := range s.Bases(t.Context(), set) {
				if err != nil {
					t.Fatal(err)
				}
				parts := ""
				for _, p := range b.Parts {
					parts += p.Key
				}
				out = append(out, strings.TrimSpace(b.Address.String()+" "+b.ID+" "+parts+" "+b.MergedInto))
				again, err := s.Base(t.Context(), b.Address.Set, b.Address.Key)
				if err != nil || again == nil || again.ID != b.ID || len(again.Parts) != len(b.Parts) || again.MergedInto != b.MergedInto {
					t.Errorf("%s alone is %v (%v)", b.Address, again, err)
				}
			}
		}
		owners, err := s.ByID(t.Context(), "contact", "id-e3")
		if old, err := s.Base(t.Context(), "contact.people", "e3"); old != nil || err != nil {
			t.Errorf("the old address still is %v (%v)", old, err)
		}
		return strings.Join(out, "\n") + fmt.Sprint(owners, err)
	}
	s.Renamed(moves)
	planned := look()
	want := `contact.staff["a3"] id-e3 c-e3
contact.staff["e1"] id-e1 c-e1
contact.staff["e2"] id-e2 c-e2
contact.staff["e4"] id-e1  contact.staff["e1"][contact.staff["a3"]] <nil>`
	if planned != want {
		t.Errorf("planned\n%s\nwant\n%s", planned, want)
	}
	for _, m := range moves {
		if err := s.Move(t.Context(), m.From, m.To); err != nil {
			t.Fatal(err)
		}
	}
	if done := look(); done != planned {
		t.Errorf("done\n%s\nplanned\n%s", done, planned)
	}
	s.Renamed(nil)
	if kept := look(); kept != planned {
		t.Errorf("in the file\n%s\nplanned\n%s", kept, planned)
	}
}

// TestDurability: the connection that writes waits for the disk at every commit.
func TestDurability(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	mode, sync, err := s.Durability(t.Context())
	if mode != "wal" || sync != 2 || err != nil {
		t.Errorf("journal mode %s, synchronous %d, %v; want wal and 2 (full)", mode, sync, err)
	}
}

func FuzzOpen(f *testing.F) {
	seed := open(f, filepath.Join(f.TempDir(), "seed.db"))
	seed.Record(plan.Step{}, plan.Result{}, storetest.Base("e1", "1"))
	path := seed.Path()
	if err := seed.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, 0, byte(0))
	f.Add(whole, 100, byte(0xff))
	f.Add(whole[:5000], 4100, byte(1))
	f.Add([]byte("SQLite format 3\x00"), 0, byte(0))
	f.Fuzz(func(t *testing.T, content []byte, at int, flip byte) {
		if at >= 0 && at < len(content) {
			content = append([]byte{}, content...)
			content[at] ^= flip
		}
		path := filepath.Join(t.TempDir(), "f.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := state.Open(t.Context(), path, state.Options{})
		if err != nil {
			return
		}
		for _, err := range s.Bases(t.Context(), "contact.people") {
			if err != nil {
				break
			}
		}
		_ = s.Close()
	})
}

// BenchmarkJournal is one intent and one result, as each step that is not safely repeatable costs.
func BenchmarkJournal(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprint(workers, " at once"), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "a.db"))
			defer s.Close()
			b.SetParallelism(workers)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					key := fmt.Sprintf("e%d-%p", i, pb)
					if err := s.Begin(context.Background(), plan.Intent{Step: storetest.Step(key, "create"), Run: "r", At: time.UnixMilli(1)}); err != nil {
						b.Error(err)
					}
					s.Record(storetest.Step(key, "create"), plan.Result{ID: key}, storetest.Base(key, key))
				}
			})
			if err := s.Flush(context.Background()); err != nil {
				b.Error(err)
			}
		})
	}
}
