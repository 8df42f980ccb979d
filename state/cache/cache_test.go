package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/state/cache"
)

func open(t testing.TB) *cache.Cache {
	t.Helper()
	c, err := cache.Open(context.Background(), filepath.Join(t.TempDir(), "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func seq[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, i := range items {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func row(key, json string) plan.Row {
	return plan.Row{Key: key, Pos: "line " + key, JSON: []byte(json)}
}

func keys(t *testing.T, rows iter.Seq2[plan.Row, error]) string {
	t.Helper()
	var out []string
	for r, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Key)
	}
	return strings.Join(out, " ")
}

func TestRows(t *testing.T) {
	c, ctx := open(t), t.Context()
	d := plan.Data{Type: "export", Name: "log"}
	p, err := c.PutRows(ctx, d, "print 1", seq(row("2", `{"a":1}`), row("1", `{"a":1}`), plan.Row{Pos: "line 9", Broken: "torn"}))
	if err != nil || p.Read != 3 || p.Kept != 2 || p.Broken != 1 || p.Added != 2 || p.FirstBroken[0].Pos != "line 9" {
		t.Errorf("%+v, %v", p, err)
	}
	if got := keys(t, c.Records(ctx, d)); got != "2 1" {
		t.Errorf("rows in the source's order: %s", got)
	}
	p, err = c.PutRows(ctx, d, "print 2", seq(row("1", `{"a":2}`), row("3", `{}`)))
	if err != nil || p.Added != 1 || p.Changed != 1 || p.Gone != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	// An error in the middle leaves the rows of before, and so does a key that is there twice.
	torn := errors.New("torn")
	_, err = c.PutRows(ctx, d, "print 3", func(yield func(plan.Row, error) bool) {
		_ = yield(row("7", `{}`), nil) && yield(plan.Row{}, torn)
	})
	var twice *cache.DuplicateError
	if !errors.Is(err, torn) {
		t.Errorf("%v", err)
	}
	if _, err = c.PutRows(ctx, d, "print 4", seq(row("5", `{"n":1}`), row("5", `{"n":2}`))); !errors.As(err, &twice) || twice.Key != "5" || len(twice.Rows) != 2 {
		t.Errorf("%v", err)
	}
	if got := keys(t, c.Records(ctx, d)); got != "1 3" {
		t.Errorf("after two failed pulls: %s", got)
	}
	if print, ok, err := c.Fingerprint(ctx, d.Address()); print != "print 2" || !ok || err != nil {
		t.Errorf("%q %v %v", print, ok, err)
	}
	for policy, want := range map[string]string{"first": `{"n":1}`, "last": `{"n":2}`} {
		d := plan.Data{Type: "export", Name: policy, Duplicates: policy}
		p, err := c.PutRows(ctx, d, "", seq(row("5", `{"n":1}`), row("5", `{"n":2}`)))
		got, ok, rerr := c.RowByKey(ctx, d, "5")
		if err != nil || rerr != nil || !ok || p.Duplicate != 1 || p.Kept != 1 || string(got.JSON) != want {
			t.Errorf("duplicates = %s: %s %+v %v %v", policy, got.JSON, p, err, rerr)
		}
	}
	if _, ok, err := c.RowByKey(ctx, d, "nobody"); ok || err != nil {
		t.Errorf("%v %v", ok, err)
	}
}

func TestGroup(t *testing.T) {
	c, ctx := open(t), t.Context()
	rows := []plan.Row{row("1", `{"n":"A","v":1}`), row("2", `{"n":"B","v":1}`), row("3", `{"n":"A","v":2}`), row("4", `{"n":"A","v":3}`), row("5", `{"v":9}`)}
	for record, want := range map[string]struct{ records, of, rest string }{"last": {"A B", `{"n":"A","v":3}`, "1 3"}, "first": {"A B", `{"n":"A","v":1}`, "3 4"}} {
		d := plan.Data{Type: "export", Name: record, GroupBy: []string{"n"}, GroupRecord: record}
		p, err := c.PutRows(ctx, d, "", seq(rows...))
		if err != nil || p.Broken != 1 {
			t.Fatalf("%+v %v", p, err)
		}
		if got := keys(t, c.Records(ctx, d)); got != want.records {
			t.Errorf("record = %s: %s, want %s", record, got, want.records)
		}
		if one, ok, err := c.RowByKey(ctx, d, "A"); string(one.JSON) != want.of || !ok || err != nil {
			t.Errorf("record = %s: %s %v", record, one.JSON, err)
		}
		for one, err := range c.Records(ctx, d) {
			if string(one.JSON) != want.of || err != nil {
				t.Errorf("record = %s: %s %v", record, one.JSON, err)
			}
			break
		}
		rest, err := c.RowsBy(ctx, d, "A")
		if got := keys(t, seq(rest...)); err != nil || got != want.rest {
			t.Errorf("record = %s: the others are %s (%v), want %s", record, got, err, want.rest)
		}
	}
}

func TestOwners(t *testing.T) {
	c, ctx := open(t), t.Context()
	d := plan.Data{Type: "export", Name: "comments", By: "of"}
	if _, err := c.PutRows(ctx, d, "", seq(row("1", `{"of":"t1"}`), row("2", `{"of":{"UUID":"t2"}}`), row("3", `{"of":["t1",{"UUID":"t2"}]}`), row("4", `{"of":null}`), row("5", `{"of":7}`))); err != nil {
		t.Fatal(err)
	}
	for owner, want := range map[string]string{"t1": "1 3", "t2": "2 3", "7": "5", "": "", "t": ""} {
		rows, err := c.RowsBy(ctx, d, owner)
		if got := keys(t, seq(rows...)); err != nil || got != want {
			t.Errorf("rows of %q: %s (%v), want %s", owner, got, err, want)
		}
	}
}

func TestWants(t *testing.T) {
	c, ctx := open(t), t.Context()
	want := func(key, name string) cache.Want {
		return cache.Want{Want: plan.Want{Key: key, Row: "line " + key, Fields: plan.Fields{"name": name, "n": int64(4), "ref": plan.Ref{Targets: []plan.Target{{Set: "tag", Key: "x"}}},
			"who": plan.Person{Key: "e1", Email: "a@x.example"}}, Parts: []plan.PartWant{{List: "c", Key: "1", Fields: plan.Fields{"private": true}}}}}
	}
	if n, err := c.PutWants(ctx, "contact.a", "", seq(want("я", "Z"), want("B", "B"), want("a", "A"))); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	var got []string
	for w, err := range c.Wants(ctx, "contact.a") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, w.Key)
		if w.Fields["n"] != int64(4) || w.Fields["who"] != (plan.Person{Key: "e1", Email: "a@x.example"}) || w.Parts[0].Fields["private"] != true {
			t.Errorf("%#v", w)
		}
		if ref, ok := w.Fields["ref"].(plan.Ref); !ok || ref.Targets[0].Key != "x" {
			t.Errorf("%#v", w.Fields["ref"])
		}
	}
	if !slices.Equal(got, []string{"B", "a", "я"}) {
		t.Errorf("bytewise: %v", got)
	}
	var twice *cache.DuplicateError
	if _, err := c.PutWants(ctx, "contact.a", "", seq(want("k", "1"), want("k", "2"))); !errors.As(err, &twice) || twice.What != "contact.a" || len(twice.Rows) != 2 {
		t.Errorf("%v", err)
	}
	for policy, name := range map[string]string{"first": "1", "last": "2"} {
		n, err := c.PutWants(ctx, "contact."+policy, policy, seq(want("k", "1"), want("k", "2")))
		w, werr := c.Want(ctx, "contact."+policy, "k")
		if n != 1 || err != nil || werr != nil || w.Fields["name"] != name {
			t.Errorf("duplicates = %s: %d out, %v, %v %v", policy, n, w, err, werr)
		}
	}
}

func live(id, email string) plan.Live {
	return plan.Live{Kind: "contact", ID: id, UpdatedAt: 5, Fields: plan.Fields{"email": email, "name": "x"}}
}

func TestLive(t *testing.T) {
	c, ctx := open(t), t.Context()
	index := []string{"email"}
	find := func(email string) string {
		t.Helper()
		found, err := c.FindLive(ctx, "contact", "email", email)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, l := range found {
			ids = append(ids, l.ID)
		}
		return strings.Join(ids, " ")
	}
	put := func(full bool, items ...plan.Live) {
		t.Helper()
		if err := c.PutLive(ctx, "contact", full, seq(items...), index); err != nil {
			t.Fatal(err)
		}
	}
	put(true, live("1", "a@x.example"), live("2", "b@x.example"), live("3", "b@x.example"))
	if got := find("b@x.example"); got != "2 3" {
		t.Errorf("found %s", got)
	}
	put(false, live("1", "new@x.example")) // a changed sweep says nothing of the others
	if find("a@x.example") != "" || find("new@x.example") != "1" || find("b@x.example") != "2 3" {
		t.Error("a changed address is found by the old one, or the others are gone")
	}
	put(true, live("1", "new@x.example"), live("2", "b@x.example"))
	if l, missing, err := c.Live(ctx, "contact", "3"); l == nil || !missing || err != nil || find("b@x.example") != "2" {
		t.Errorf("what a full sweep does not show: %v %v %v, found %s", l, missing, err, find("b@x.example"))
	}
	if err := c.SetLive(ctx, live("3", "b@x.example"), index); err != nil || find("b@x.example") != "2 3" {
		t.Errorf("what a GET shows is there: %v, found %s", err, find("b@x.example"))
	}
	gone := live("2", "b@x.example")
	gone.Gone = true
	put(false, gone)
	if find("b@x.example") != "3" {
		t.Errorf("what is gone is found: %s", find("b@x.example"))
	}
	if l, _, err := c.Live(ctx, "contact", "404"); l != nil || err != nil {
		t.Errorf("%v %v", l, err)
	}
}

func TestOutcomes(t *testing.T) {
	c, ctx := open(t), t.Context()
	a := plan.Address{Set: "contact.a", Key: "e1"}
	if err := c.PutOutcome(ctx, a, cache.Outcome{Action: plan.Create, Kind: "contact", Reason: "new"}); err != nil {
		t.Fatal(err)
	}
	if o, ok, err := c.Outcome(ctx, a.Target()); !ok || o.Action != plan.Create || err != nil {
		t.Errorf("at once: %v %v %v", o, ok, err)
	}
	for i := range 3000 {
		if err := c.PutOutcome(ctx, plan.Address{Set: "contact.b", Key: fmt.Sprint(i)}, cache.Outcome{Action: plan.NoOp, ID: fmt.Sprint(i), Into: a.Target()}); err != nil {
			t.Fatal(err)
		}
	}
	if o, ok, err := c.Outcome(ctx, plan.Target{Set: "contact.b", Key: "7"}); !ok || o.ID != "7" || o.Into != a.Target() || err != nil {
		t.Errorf("%v %v %v", o, ok, err)
	}
	first, err1 := c.Claim(ctx, "contact", "email", "a@x.example", a.Target())
	second, err2 := c.Claim(ctx, "contact", "email", "a@x.example", plan.Target{Set: "contact.b", Key: "1"})
	if first != a.Target() || second != a.Target() || err1 != nil || err2 != nil {
		t.Errorf("whoever comes first owns: %v %v", first, second)
	}
	if err := c.ResetOutcomes(ctx); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := c.Outcome(ctx, a.Target()); ok {
		t.Error("an outcome of the plan before")
	}
	if _, ok := c.Claimed("contact", "email", "a@x.example"); ok {
		t.Error("a claim of the plan before")
	}
}

// TestReplaced: a cache that cannot be used is made anew, and a used one is found again.
func TestReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for round, content := range []string{"", "no database", "SQLite format 3\x00 and then nothing of the kind"} {
		if content != "" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := cache.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if w, err := c.Watermark(t.Context(), "contact"); !w.IsZero() || err != nil {
			t.Errorf("round %d: a watermark of before: %v %v", round, w, err)
		}
		if err := errors.Join(c.SetWatermark(t.Context(), "contact", at), c.Close()); err != nil {
			t.Fatal(err)
		}
		c, err = cache.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := c.Watermark(t.Context(), "contact"); !w.Equal(at) || err != nil {
			t.Errorf("round %d: %v %v", round, w, err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("others may read the cache: %v", fi.Mode())
		}
	}
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	f, err := cache.OpenFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	const sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // of "abc", from FIPS 180-4
	for range 2 {
		if got, n, err := f.Put(t.Context(), strings.NewReader("abc")); got != sha || n != 3 || err != nil {
			t.Errorf("%s %d %v", got, n, err)
		}
	}
	read := func() (string, error) {
		r, err := f.Open(sha)
		if err != nil {
			return "", err
		}
		defer r.Close()
		var out strings.Builder
		_, err = io.Copy(&out, r)
		return out.String(), err
	}
	if got, err := read(); got != "abc" || err != nil || !f.Has(sha) {
		t.Errorf("%q %v", got, err)
	}
	torn := errors.New("torn")
	if _, _, err := f.Put(t.Context(), io.MultiReader(strings.NewReader("half"), failing{torn})); !errors.Is(err, torn) {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("half a file stayed: %v", entries)
	}
	if err := os.WriteFile(filepath.Join(dir, sha), []byte("abd"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("other bytes than were put: %v", err)
	}
	if _, err := f.Open("../cache.db"); err == nil {
		t.Error("a file outside the store was opened")
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
