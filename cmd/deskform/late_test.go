package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intercomsandbox "deskform/providers/intercom/sandbox"
)

// calmDesk is a desk whose sandbox has an index that lags so long, and what it holds in the end when nothing goes wrong.
func calmDesk(t *testing.T, lag time.Duration) *desk {
	t.Helper()
	d := newDesk(t, 0)
	t.Cleanup(d.stop)
	var err error
	if d.far, err = intercomsandbox.New(intercomsandbox.Options{Token: scriptToken, Clock: d.clock, IndexLag: lag, Seed: strings.NewReader(crashWorkspace)}); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestLateIndex: the index lags longer than calls are waited for, so that what had happened is repeated. A later run finds
// the copies and takes them away; one in which an agent has written is left to a person.
func TestLateIndex(t *testing.T) {
	calm := calmDesk(t, time.Minute)
	if why := calm.move(""); why != "" {
		t.Fatal(why)
	}
	want := normal(t, calm.far)
	for _, written := range []bool{false, true} {
		d := calmDesk(t, 3*time.Hour)
		faults := []intercomsandbox.Fault{
			{Kind: "reset_after_commit", Operation: "createConversation", Times: 2},
			{Kind: "reset_after_commit", Operation: "CreateContact", Times: 1},
			{Kind: "reset_after_commit", Operation: "replyConversation", Times: 1},
		}
		if err := d.far.AddFaults(faults...); err != nil {
			t.Fatal(err)
		}
		if pending, err := d.apply(); err != nil || pending > 0 {
			t.Fatalf("%d pending, %v\n%s", pending, err, strings.Join(d.told, "\n"))
		}
		if n, m := d.count("conversation"), calm.count("conversation"); n != m+2 {
			t.Fatalf("%d conversations before the index catches up, want %d and two copies", n, m)
		}
		if written {
			for _, id := range d.ids() {
				if d.owners(id) == 0 {
					if err := d.far.Mutate(intercomsandbox.Mutation{Op: "add_part", Kind: "conversation", ID: id, Value: "I take it."}); err != nil {
						t.Fatal(err)
					}
					break
				}
			}
		}
		if err := d.clock.Sleep(d.ctx, 4*time.Hour); err != nil {
			t.Fatal(err)
		}
		if !written {
			if why := d.move(want); why != "" {
				t.Errorf("after the index caught up: %s", why)
			}
			continue
		}
		_, err := d.apply()
		if err != nil || len(d.done.CopiesLeft) != 1 || !strings.Contains(d.done.CopiesLeft[0], "somebody has written in it, named or tagged it") || !d.done.Incomplete() {
			t.Errorf("%v, left %v", err, d.done.CopiesLeft)
		}
		if n, m := d.count("conversation"), calm.count("conversation"); n != m+1 {
			t.Errorf("%d conversations, want %d and the copy that somebody has written in", n, m)
		}
	}
}

// TestLostState: the state is lost, or an old one restored, in the middle of a move; what is in Intercom is found again by
// its marker, each message once.
func TestLostState(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(d *desk)
	}{
		{"state lost", func(d *desk) { d.remove("test.db", "test.db-wal", "test.db-shm") }},
		{"state and cache lost", func(d *desk) { d.remove("test.db", "test.db-wal", "test.db-shm", ".deskform") }},
		{"an old state restored", func(d *desk) {
			d.remove("test.db-wal", "test.db-shm")
			if err := os.Rename(filepath.Join(d.dir, "old.db"), filepath.Join(d.dir, "test.db")); err != nil {
				d.t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := calmDesk(t, time.Minute)
			// A contact without an e-mail address has nothing to be found by.
			people := strings.SplitAfter(crashFiles["people.jsonl"], "\n")
			if err := os.WriteFile(filepath.Join(d.dir, "people.jsonl"), []byte(strings.Join(people[:3], "")), 0o600); err != nil {
				t.Fatal(err)
			}
			d.sample = 2
			if why := d.move(""); why != "" {
				t.Fatal(why)
			}
			e := d.open()
			if err := e.State.Backup(d.ctx, filepath.Join(d.dir, "old.db")); err != nil {
				t.Fatal(err)
			}
			e.Close()
			d.sample = 0
			if why := d.move(""); why != "" {
				t.Fatal(why)
			}
			want := normal(t, d.far)
			tt.harm(d)
			if why := d.move(want); why != "" {
				t.Error(why)
			}
			d.delta()
			if why := d.move(""); why != "" {
				t.Error(why)
			}
			for _, id := range d.ids() {
				if n := d.owners(id); n != 1 {
					t.Errorf("conversation %s is known %d times", id, n)
				}
			}
		})
	}
}

func (d *desk) remove(names ...string) {
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) count(kind string) int { return d.far.Stats().Objects[kind] }

// ids are the conversations of the sandbox.
func (d *desk) ids() []string {
	var dump bytes.Buffer
	if err := d.far.Dump(&dump); err != nil {
		d.t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(dump.String()) {
		var o struct {
			Kind   string
			Object struct{ ID string }
		}
		if json.Unmarshal([]byte(line), &o) == nil && o.Kind == "conversation" {
			out = append(out, o.Object.ID)
		}
	}
	return out
}

// owners is how many records of the state own a conversation.
func (d *desk) owners(id string) int {
	e := d.open()
	defer e.Close()
	owners, err := e.State.ByID(d.ctx, "conversation", id)
	if err != nil {
		d.t.Fatal(err)
	}
	return len(owners)
}
