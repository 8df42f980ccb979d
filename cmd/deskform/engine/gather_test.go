package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestPullAgain: a second pull asks for its lists, and three calls at most for each of 20 changed tickets. What it then has
// is what a pull into an empty folder has.
func TestPullAgain(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 120)}, tenantData)
	n.args["page_size"] = int64(50)
	first := n.mustPull(n.dir, engine.PullAuto)
	all := n.count()
	if first["tickets"].Fetched != 120 || first["tickets"].Kept != 120 {
		t.Errorf("%+v", first["tickets"])
	}
	before := n.rows(n.dir)
	n.mustPull(n.dir, engine.PullAuto)
	// Nothing has changed: lists to their empty page, and again by key alone where they have several pages (IT trap 21), and
	// a whole object of each type. Of 120 tickets 1+1+2+4+4, of 121 people 1+1+1+4+4, of categories 1+2, of files 2; of comments the first one and the first internal one, to see what is
	// shown of them.
	const lists = 30
	if calls := n.count(); calls > lists {
		t.Errorf("%d calls though nothing changed, %d for all; want %d", calls, all, lists)
	}
	n.same("unchanged", n.rows(n.dir), before)
	n.clock.Move(time.Hour)
	for i := range 20 {
		ticket := uuid(before, "tickets", i*6)
		n.mutate(itsmsandbox.Mutation{Op: "set", UUID: ticket, Attrs: map[string]any{"shortDescr": fmt.Sprint("changed ", i)}},
			itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "comment", "source": ticket, "text": fmt.Sprint("more ", i), "private": i%2 == 0}})
	}
	n.clock.Move(time.Hour)
	second := n.mustPull(n.dir, engine.PullAuto)
	calls := n.count()
	if calls > lists+3*20 {
		t.Errorf("%d calls, %d of them lists, for 20 changed tickets", calls, lists)
	}
	t.Logf("%d calls for all; %d calls when nothing changed; %d calls for 20 changed tickets", all, lists, calls)
	if p := second["tickets"]; p.Changed != 20 || p.Fetched != 20 || p.Added != 0 || p.Gone != 0 {
		t.Errorf("tickets: %+v", p)
	}
	if p := second["comments"]; p.Added != 20 || p.Gone != 0 {
		t.Errorf("comments: %+v", p)
	}
	n.same("after a change", n.rows(n.dir), n.fresh())
	n.clean()
}

// TestPullInterrupted: interrupted at every tenth call, and again ten calls later, the pull goes on: no object, no owner's
// comments and no file is asked for twice, but for what was in flight.
func TestPullInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
	n.args["page_size"] = int64(20)
	want := n.fresh()
	undisturbed := n.count()
	dir, runs, total := t.TempDir(), 0, 0
	for ; runs < undisturbed; runs++ {
		ctx, cancel := context.WithCancel(t.Context())
		n.before = func(at int, _ *http.Request) *http.Response {
			if at == 10 {
				cancel()
			}
			return nil
		}
		_, err := n.pull(ctx, dir, engine.PullAuto)
		cancel()
		total += n.count()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("run %d: %v", runs, err)
		}
	}
	n.before = nil
	if runs < undisturbed/10 {
		t.Errorf("%d runs of ten calls for %d calls", runs, undisturbed)
	}
	if total > undisturbed+2*runs { // the call that was cut off, and with an owner of two pages the one before it
		t.Errorf("%d calls in %d runs, %d undisturbed", total, runs, undisturbed)
	}
	t.Logf("%d calls undisturbed, %d in %d runs", undisturbed, total, runs)
	n.same("after interruptions", n.rows(dir), want)
	n.clean()
}

// TestPullKilled: what a kill leaves at every tenth call is enough to go on with.
func TestPullKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
	n.args["page_size"] = int64(20)
	dir := t.TempDir()
	left := map[int]string{}
	n.before = func(at int, _ *http.Request) *http.Response {
		if at%10 == 0 {
			left[at] = t.TempDir()
			if err := copyFolder(filepath.Join(dir, ".deskform"), filepath.Join(left[at], ".deskform")); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	n.mustPull(dir, engine.PullAuto)
	n.before = nil
	undisturbed := n.count()
	want := n.rows(dir)
	for at, killed := range left {
		n.mustPull(killed, engine.PullAuto)
		if calls := n.count(); at+calls > undisturbed+2 { // the call that was in flight, and the page before it of an owner
			t.Errorf("killed at call %d of %d, it took %d more", at, undisturbed, calls)
		}
		n.same(fmt.Sprint("killed at call ", at), n.rows(killed), want)
	}
	if len(left) < 5 {
		t.Errorf("killed %d times", len(left))
	}
}

func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), content, 0o600)
	})
}

// TestFullPullInterrupted: a full pull that was interrupted goes on as well, and reads everything once.
func TestFullPullInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
	n.args["page_size"] = int64(20)
	n.mustPull(n.dir, engine.PullAuto)
	n.clock.Move(48 * time.Hour)
	n.count()
	p := n.mustPull(n.dir, engine.PullFull)
	undisturbed := n.count()
	if p["tickets"].Fetched != 40 || p["comments"].Fetched != p["comments"].Kept {
		t.Errorf("%+v", p)
	}
	n.clock.Move(48 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n.before = func(at int, _ *http.Request) *http.Response {
		if at == undisturbed*3/4 {
			cancel()
		}
		return nil
	}
	if _, err := n.pull(ctx, n.dir, engine.PullFull); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	n.before = nil
	n.mustPull(n.dir, engine.PullFull)
	if total := n.count(); total > undisturbed+2 {
		t.Errorf("%d calls, %d undisturbed", total, undisturbed)
	}
}

// TestKeyLosesRights: a key that sees less than before stops the pull and the plan; rows, lock file and state stay as they
// are, and with the rights back nothing has changed. A bound may allow it.
func TestKeyLosesRights(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	const poor = "aaaaaaaa-4a59-4687-9b0e-15c8d7a6e4f2"
	for name, p := range map[string]itsmsandbox.Profile{"a type": {HiddenClasses: []string{"serviceCall$request"}}, "a class": {HiddenClasses: []string{"serviceCall"}}, "comments": {HiddenClasses: []string{"comment"}}} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, itsmsandbox.Options{FS: acme(t, 60), Keys: map[string]itsmsandbox.Profile{goodKey: {}, poor: p}}, tenantData)
			n.mustPull(n.dir, engine.PullAuto)
			before := n.rows(n.dir)
			n.clock.Move(time.Hour)
			for i := range 20 { // comments are read again where something happened
				n.mutate(itsmsandbox.Mutation{Op: "set", UUID: uuid(before, "tickets", i), Attrs: map[string]any{"clientPhone": "1"}})
			}
			n.clock.Move(time.Hour)
			n.key = poor
			data := "itsm365.tickets"
			if name == "comments" {
				data = "itsm365.comments"
			}
			for range 2 { // it does not get used to it
				_, err := n.pull(t.Context(), n.dir, engine.PullAuto)
				var shrunk *engine.ShrunkError
				if !errors.As(err, &shrunk) || shrunk.Data != data || !strings.Contains(err.Error(), "rights changed, or pull incomplete") {
					t.Fatalf("got %v", err)
				}
				e := n.open(n.dir)
				if _, err := e.Plan(t.Context(), engine.PlanOptions{Pull: engine.PullAuto, Refresh: engine.RefreshNone}); !errors.As(err, &shrunk) {
					t.Errorf("the plan says %v", err)
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
			if now := n.rows(n.dir); len(now["tickets"]) != len(before["tickets"]) || len(now["comments"]) != len(before["comments"]) {
				t.Errorf("%d tickets and %d comments, there were %d and %d", len(now["tickets"]), len(now["comments"]), len(before["tickets"]), len(before["comments"]))
			}
			n.key = goodKey
			n.mustPull(n.dir, engine.PullAuto)
			n.same("with the rights back", n.rows(n.dir), n.fresh())
			if name != "a type" {
				return
			}
			n.key = poor
			n.write(strings.Replace(tenantData, `{ class = "serviceCall" }`, "{\n class = \"serviceCall\"\n max_shrink = 1\n}", 1))
			p := n.mustPull(n.dir, engine.PullAuto)
			if p["tickets"].Gone == 0 || p["tickets"].Missing != p["tickets"].Gone {
				t.Errorf("%+v", p["tickets"])
			}
			n.key = goodKey
			if p = n.mustPull(n.dir, engine.PullAuto); p["tickets"].Missing != 0 {
				t.Errorf("all are back: %+v", p["tickets"])
			}
			n.clean()
		})
	}
}

// TestExpect: what was read is held against the number on the screen, whole and by type, and a plan of fewer is refused.
func TestExpect(t *testing.T) {
	config := func(expect string) string {
		return strings.Replace(tenantData, `{ class = "serviceCall" }`, "{\n class = \"serviceCall\"\n expect = "+expect+"\n}", 1)
	}
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 60)}, tenantData)
	types := n.mustPull(n.dir, engine.PullAuto)["tickets"].Types
	inFile := map[string]int64{} // counted by hand
	for line := range strings.Lines(string(acme(t, 60)["serviceCall.jsonl"].Data)) {
		for _, typ := range []string{"serviceCall$serviceCall", "serviceCall$request", "serviceCall$call"} {
			if strings.Contains(line, `"metaClass":"`+typ+`"`) {
				inFile[typ]++
			}
		}
	}
	if types["serviceCall$request"] != inFile["serviceCall$request"] || types["serviceCall$serviceCall"] != inFile["serviceCall$serviceCall"] || inFile["serviceCall$request"] == 0 {
		t.Fatalf("%v, the file has %v", types, inFile)
	}
	requests := inFile["serviceCall$request"]
	for _, c := range []struct {
		expect, want string
		refused      bool
	}{
		{"60", "null", false},
		{"62", `[{"expected":62,"read":60}]`, true},
		{"59", `[{"expected":59,"read":60}]`, false},
		{fmt.Sprintf(`{ "serviceCall$request" = %d }`, requests), "null", false},
		{fmt.Sprintf(`{ serviceCall = 60, "serviceCall$request" = %d }`, requests), "null", false},
		{`{ "serviceCall" = 61 }`, `[{"type":"serviceCall","expected":61,"read":60}]`, true},
		{fmt.Sprintf(`{ "serviceCall$request" = %d, "serviceCall$complaint" = 0 }`, requests+1), fmt.Sprintf(`[{"type":"serviceCall$request","expected":%d,"read":%d}]`, requests+1, requests), true},
	} {
		n.write(config(c.expect))
		if got := jsonOf(n.mustPull(n.dir, engine.PullAuto)["tickets"].Unexpected); got != c.want {
			t.Errorf("expect = %s: %s, want %s", c.expect, got, c.want)
		}
		e := n.open(n.dir)
		_, err := e.Plan(t.Context(), engine.PlanOptions{Pull: engine.PullNone, Refresh: engine.RefreshNone})
		var refused *engine.RefusedError
		if errors.As(err, &refused) != c.refused || c.refused && !strings.Contains(err.Error(), "the key does not see the others, or the pull is incomplete") {
			t.Errorf("expect = %s: the plan says %v", c.expect, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestMaxAge: a plan does not rely on rows that are too old, and a pull reads again what shows no change, as an edited
// comment does not.
func TestMaxAge(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 20)}, strings.Replace(tenantData, `by    = "source"`, "by    = \"source\"\n max_age = \"24h\"", 1))
	n.mustPull(n.dir, engine.PullAuto)
	before := n.rows(n.dir)
	comment := uuid(before, "comments", 3)
	n.clock.Move(23 * time.Hour)
	n.mutate(itsmsandbox.Mutation{Op: "set", UUID: comment, Attrs: map[string]any{"text": "edited"}})
	if p := n.mustPull(n.dir, engine.PullAuto); p["comments"].Changed != 0 {
		t.Error("a comment has no date, and still its change was seen")
	}
	stale := func() []string {
		e := n.open(n.dir)
		defer e.Close()
		list, err := e.Stale(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := stale(); len(list) != 0 {
		t.Error(list)
	}
	n.clock.Move(2 * time.Hour)
	if list := stale(); len(list) != 1 || !strings.Contains(list[0], "data.itsm365.comments: rows were read 25h0m0s ago and max_age is 24h0m0s") {
		t.Error(list)
	}
	e := n.open(n.dir)
	_, err := e.Plan(t.Context(), engine.PlanOptions{Pull: engine.PullNone, Refresh: engine.RefreshNone})
	var refused *engine.RefusedError
	if !errors.As(err, &refused) {
		t.Errorf("the plan says %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if p := n.mustPull(n.dir, engine.PullAuto); p["comments"].Changed != 1 || p["tickets"].Fetched != 0 {
		t.Errorf("%+v", p)
	}
	if list := stale(); len(list) != 0 {
		t.Error(list)
	}
}

// TestPullParallel: several calls at one time give the same rows, in the same order.
func TestPullParallel(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
	n.args["page_size"] = int64(7)
	want := n.fresh()
	n.args["parallelism"] = int64(4)
	n.same("four at one time", n.fresh(), want)
	if peak := n.far.Stats().PeakParallel; peak < 2 || peak > 4 {
		t.Errorf("%d calls at one time", peak)
	}
}

// TestBulk: comments that are read in bulk are those that are read owner by owner, and edits show in the next pull.
func TestBulk(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
	want := n.fresh()
	each := n.count()
	n.write(strings.Replace(tenantData, `by    = "source"`, "by    = \"source\"\n bulk = true", 1))
	n.mustPull(n.dir, engine.PullAuto)
	if all := n.count(); all > each/2 {
		t.Errorf("%d calls, owner by owner %d", all, each)
	}
	got := n.rows(n.dir)
	sortAll(got, want)
	n.same("in bulk", got, want)
	n.mutate(itsmsandbox.Mutation{Op: "set", UUID: uuid(want, "comments", 3), Attrs: map[string]any{"text": "edited"}})
	if p := n.mustPull(n.dir, engine.PullAuto); p["comments"].Changed != 1 {
		t.Errorf("%+v", p["comments"])
	}
}

// TestFilesOfTheList: a file that no attribute links to is found in the list of files, once, also when the ticket's dates
// say nothing of it.
func TestFilesOfTheList(t *testing.T) {
	fs := acme(t, 20)
	n := newTenant(t, itsmsandbox.Options{FS: fs}, tenantData)
	n.mustPull(n.dir, engine.PullAuto)
	before := n.rows(n.dir)
	ticket := uuid(before, "tickets", 4)
	got := n.far
	if _, err := got.Mutate(itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"UUID": "file$99000", "metaClass": "file", "title": "late.txt", "relation": "other", "source": ticket}}); err != nil {
		t.Fatal(err)
	}
	for files, want := range map[string]int{"both": 1, "list": 1, "attribute": 0} {
		n.write(strings.Replace(tenantData, `{ class = "serviceCall" }`, "{\n class = \"serviceCall\"\n files = \""+files+"\"\n}", 1))
		dir := t.TempDir()
		n.mustPull(dir, engine.PullAuto)
		if c := strings.Count(strings.Join(n.rows(dir)["tickets"], "\n"), `"UUID":"file$99000"`); c != want {
			t.Errorf("files = %s: it is there %d times, want %d", files, c, want)
		}
	}
	n.write(tenantData)
	if p := n.mustPull(n.dir, engine.PullAuto); p["tickets"].Changed != 1 || p["tickets"].Fetched != 1 {
		t.Errorf("%+v", p["tickets"])
	}
}

// TestWindowIsTold: outside of its window a pull waits, and says until when.
func TestWindowIsTold(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 5)}, tenantData)
	n.args["window"] = "20:00-06:00"
	e := n.open(n.dir)
	defer e.Close()
	var told []string
	e.Waiting = func(source string, until time.Time, why string) {
		told = append(told, source+" "+until.Format(time.RFC3339)+": "+why)
	}
	if _, err := e.Pull(t.Context(), engine.PullAuto); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] != "itsm365 2026-06-01T20:00:00+03:00: the window opens then" { // it was 15:00 in Moscow
		t.Errorf("told %v", told)
	}
	if now := n.clock.Now(); now.Before(time.Date(2026, 6, 1, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("it did not wait: %s", now)
	}
}
