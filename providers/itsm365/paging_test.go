package itsm365_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
)

// Whatever the page size and the server's ceiling are, the rows are the same and in the service's order (IT 8.5, 1).
func TestPageSizes(t *testing.T) {
	for _, c := range []struct{ total, size, ceiling int }{
		{23, 1, 0}, {23, 7, 0}, {23, 23, 0}, {23, 24, 0}, {23, 1000, 0},
		{23, 1000, 1}, {23, 7, 3}, {23, 5, 5}, {21, 7, 0}, {0, 7, 0}, {1, 1, 0},
	} {
		t.Run(fmt.Sprintf("%d rows, pages of %d, ceiling %d", c.total, c.size, c.ceiling), func(t *testing.T) {
			_, w := tenant(t, sandbox.Options{FS: dir(tickets(c.total)), PageCeiling: c.ceiling})
			src := source(t, w, map[string]plan.Value{"page_size": int64(c.size)})
			got := keys(mustRead(t, src, pages("serviceCall", "number")))
			if want := numbered("serviceCall", c.total); !slices.Equal(got, want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A small list that came in one page is asked for twice: the page, and the empty one that ends it (IT 2.1).
func TestOnePageIsNotVerified(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(3))})
	mustRead(t, source(t, w, nil), pages("serviceCall", "number"))
	if n := w.calls("find/serviceCall"); n != 2 {
		t.Errorf("%d calls: %v", n, w.sent)
	}
}

// The list changes while it is read. Who was there all the time is read, once; what came is read when the list still
// reaches it; what went may have been read before.
func TestListChangesWhileItIsRead(t *testing.T) {
	gone := func(n ...int) (m []sandbox.Mutation) {
		for _, i := range n {
			m = append(m, sandbox.Mutation{Op: "delete", UUID: fmt.Sprintf("serviceCall$%d", i)})
		}
		return m
	}
	added := func(n int) []sandbox.Mutation {
		return []sandbox.Mutation{{Op: "append", UUID: fmt.Sprintf("serviceCall$%d", n), Attrs: map[string]any{"metaClass": "serviceCall$serviceCall"}}}
	}
	type fault = sandbox.Fault
	at := func(after int, m []sandbox.Mutation) fault {
		return fault{Kind: "mutate", Method: "find", Class: "serviceCall", After: after, Mutate: m}
	}
	for _, c := range []struct {
		name          string
		size, ceiling int
		faults        []fault
		want          []string // of 1 to 10, sorted as text
	}{
		{"the first is deleted after the first page", 3, 0, []fault{at(1, gone(1))}, numbered("serviceCall", 10)},
		{"one not yet read is deleted", 3, 0, []fault{at(1, gone(9))}, numbered("serviceCall", 10, 9)},
		{"three are deleted, a whole page", 3, 0, []fault{at(1, gone(1, 2, 3))}, numbered("serviceCall", 10)},
		{"one is deleted before each of two pages", 3, 0, []fault{at(1, gone(1)), at(2, gone(2))}, numbered("serviceCall", 10)},
		{"one is deleted while the end is asked for", 3, 0, []fault{at(4, gone(1))}, numbered("serviceCall", 10)},
		{"all are deleted before the check", 3, 0, []fault{at(5, gone(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))}, numbered("serviceCall", 10)},
		// Calls 6 to 9 are the check, which shows the 11th; before call 10 fetches it, it moves.
		{"one is appended, and moves before it is fetched", 3, 0, []fault{at(5, added(11)), at(9, gone(1))}, numbered("serviceCall", 11)},
		{"two pages", 5, 0, []fault{at(1, gone(1))}, numbered("serviceCall", 10)},
		{"pages of one", 1, 0, []fault{at(5, gone(2))}, numbered("serviceCall", 10)},
		{"the server's ceiling makes the pages", 500, 3, []fault{at(1, gone(1))}, numbered("serviceCall", 10)},
		// Nine that are left take calls 1 to 4; call 5 begins the check and misses the 4th, which call 6 fetches.
		{"again before what was missing is fetched", 3, 0, []fault{at(1, gone(1)), at(5, gone(2))}, numbered("serviceCall", 10)},
		// The pages miss the 7th at offset 6; it moves to 3, and the check misses it there once more.
		{"again during the check", 3, 0, []fault{at(2, gone(1)), at(4, gone(2, 3)), at(5, gone(4))}, numbered("serviceCall", 10)},
		{"one is appended after the first page", 3, 0, []fault{at(1, added(11))}, numbered("serviceCall", 11)},
		{"one is appended before the check", 3, 0, []fault{at(5, added(11))}, numbered("serviceCall", 11)},
		{"an older one comes to light", 3, 0, []fault{at(2, []sandbox.Mutation{{Op: "append", UUID: "serviceCall$0", Attrs: map[string]any{"metaClass": "serviceCall$serviceCall"}}})},
			append(numbered("serviceCall", 10), "serviceCall$0")},
	} {
		t.Run(c.name, func(t *testing.T) {
			far, w := tenant(t, sandbox.Options{FS: dir(tickets(10)), PageCeiling: c.ceiling})
			if err := far.AddFaults(c.faults...); err != nil {
				t.Fatal(err)
			}
			src := source(t, w, map[string]plan.Value{"page_size": int64(c.size)})
			got := sorted(keys(mustRead(t, src, pages("serviceCall", "number"))))
			if !slices.Equal(got, sorted(c.want)) {
				t.Errorf("got %v, want %v; calls %v", got, sorted(c.want), w.urls)
			}
			if struck := far.Stats().Faults; struck != len(c.faults) {
				t.Errorf("%d of %d changes happened", struck, len(c.faults))
			}
		})
	}
}

// A server that ends its answers at a size and not at a number gives short pages of long objects after long ones of short
// objects: what an owner has is read to its end all the same (IT 1.5, 2.1).
func TestPagesCutBySize(t *testing.T) {
	files, all := tickets(4), map[string][]string{}
	var b strings.Builder
	n := 100
	for owner, what := range []struct{ count, length int }{{40, 1}, {7, 900}, {0, 0}, {13, 300}} {
		for range what.count {
			n++
			uuid, source := fmt.Sprintf("comment$%d", n), fmt.Sprintf("serviceCall$%d", owner+1)
			all[source] = append(all[source], uuid)
			fmt.Fprintf(&b, `{"UUID":%q,"metaClass":"comment","source":%q,"text":%q}`+"\n", uuid, source, strings.Repeat("x", what.length))
		}
	}
	files["comment.jsonl"] = b.String()
	far, w := tenant(t, sandbox.Options{FS: dir(files)})
	w.answer = func(r *http.Request) (*http.Response, error) {
		res, err := far.RoundTripper().RoundTrip(r)
		if err != nil || !strings.Contains(r.URL.Path, "find/comment") {
			return res, err
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		var objs, some []json.RawMessage
		if err := json.Unmarshal(body, &objs); err != nil {
			return nil, err
		}
		for size := 0; len(some) < len(objs) && (size == 0 || size < 2000); {
			size += len(objs[len(some)])
			some = append(some, objs[len(some)])
		}
		if body, err = json.Marshal(append([]json.RawMessage{}, some...)); err != nil {
			return nil, err
		}
		return reply(r, 200, "application/json", string(body)), nil
	}
	got := map[string][]string{}
	for _, row := range mustRead(t, source(t, w, nil), comments(), numbered("serviceCall", 4)...) {
		got[row.Owner] = append(got[row.Owner], row.Key)
	}
	if fmt.Sprint(got) != fmt.Sprint(all) {
		t.Errorf("got %v\nwant %v", got, all)
	}
}

// A busy tenant gets a new object every few calls; one that is deleted on the way does not keep the read from its end.
func TestBusyTenant(t *testing.T) {
	far, w := tenant(t, sandbox.Options{FS: dir(tickets(10))})
	faults := []sandbox.Fault{{Kind: "mutate", Method: "find", After: 1, Mutate: []sandbox.Mutation{{Op: "delete", UUID: "serviceCall$1"}}}}
	for n := range 15 {
		faults = append(faults, sandbox.Fault{Kind: "mutate", Method: "find", After: 3 + 6*n, Mutate: []sandbox.Mutation{{Op: "append", Attrs: map[string]any{"metaClass": "serviceCall$request"}}}})
	}
	if err := far.AddFaults(faults...); err != nil {
		t.Fatal(err)
	}
	got := keys(mustRead(t, source(t, w, map[string]plan.Value{"page_size": int64(3)}), pages("serviceCall", "number")))
	for _, want := range numbered("serviceCall", 10) {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among %v", want, got)
		}
	}
}

// shuffled answers find with n objects whose sort keys are all equal: every call has them in another order.
func shuffled(n int, order func() []int) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		list := []map[string]any{}
		for _, i := range order()[min(offset, n):min(offset+limit, n)] {
			list = append(list, map[string]any{"UUID": fmt.Sprintf("shop$%d", i+1), "metaClass": "shop"})
		}
		text, err := json.Marshal(list)
		if err != nil {
			return nil, err
		}
		return reply(r, 200, "application/json", string(text)), nil
	}
}

// A list without a firm order is read whole, or the read fails; it is never short.
func TestEqualSortKeys(t *testing.T) {
	const n = 8
	for seed := range uint64(200) {
		for _, size := range []int{1, 3, 5, 100} {
			random := rand.New(rand.NewPCG(seed, 0))
			w := &wire{answer: shuffled(n, func() []int { return random.Perm(n) })}
			rows, err := read(t.Context(), source(t, w, map[string]plan.Value{"page_size": int64(size)}), pages("shop", "title"))
			got := sorted(keys(rows))
			switch {
			case len(slices.Compact(slices.Clone(got))) != len(got):
				t.Fatalf("seed %d, pages of %d: some come twice: %v", seed, size, got)
			case err == nil && !slices.Equal(got, numbered("shop", n)):
				t.Fatalf("seed %d, pages of %d: %d rows and no error: %v", seed, size, len(got), got)
			case err != nil && !strings.Contains(err.Error(), "changes faster than it can be read"):
				t.Fatalf("seed %d, pages of %d: %v", seed, size, err)
			case size > n && err != nil:
				t.Fatalf("one page: %v", err)
			}
		}
	}
}

// An object that a list always shows twice is one row, and a broken one beside it is told of once.
func TestListShowsOneTwice(t *testing.T) {
	all := []string{`{"UUID":"shop$1"}`, `{"title":"no UUID"}`, `{"UUID":"shop$2"}`, `{"UUID":"shop$1"}`, `{"UUID":"shop$3"}`, `{"title":"no UUID"}`}
	for size := 1; size <= len(all)+1; size++ {
		w := &wire{answer: func(r *http.Request) (*http.Response, error) {
			offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
			limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
			list := all[min(offset, len(all)):min(offset+limit, len(all))]
			return reply(r, 200, "application/json", "["+strings.Join(list, ",")+"]"), nil
		}}
		got := keys(mustRead(t, source(t, w, map[string]plan.Value{"page_size": int64(size)}), pages("shop", "title")))
		if !slices.Equal(got, []string{"shop$1", "", "shop$2", "shop$3", ""}) {
			t.Errorf("pages of %d: %q", size, got)
		}
	}
}

// The whole of a list that never stops changing is an error, not an endless read.
func TestListThatNeverRests(t *testing.T) {
	n := 0
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		n++ // each answer has one object that was there before and one that was not
		return reply(r, 200, "application/json", fmt.Sprintf(`[{"UUID":"shop$%d"},{"UUID":"shop$%d"}]`, n, n+1)), nil
	}}
	_, err := read(t.Context(), source(t, w, map[string]plan.Value{"page_size": int64(2)}), pages("shop", "title"))
	if err == nil || !strings.Contains(err.Error(), "the list changes faster than it can be read") {
		t.Errorf("%v after %d calls", err, n)
	}
}

// What is no object, or has no key, is a row all the same, and says what is wrong (design, the books).
func TestBrokenRows(t *testing.T) {
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("offset") != "0" {
			return reply(r, 200, "application/json", "[]"), nil
		}
		return reply(r, 200, "application/json", `[{"UUID":"shop$1","code":"a"},{"title":"no UUID"},"shop$2",null,{"UUID":7},{"UUID":"shop$3","code":null}]`), nil
	}}
	d := pages("shop", "code")
	d.Key = []string{"code"}
	rows := mustRead(t, source(t, w, nil), d)
	want := []string{"a ", " has no UUID", " is no object: ", " has no UUID", " has no UUID", "shop$3 attribute code is empty, and it is the key"}
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for i, r := range rows {
		if got := r.Key + " " + r.Broken; !strings.HasPrefix(got, want[i]) || r.Pos == "" || (r.Broken != "") != (len(r.JSON) == 0) {
			t.Errorf("row %d: %q, %q at %q, want %q", i, got, r.JSON, r.Pos, want[i])
		}
	}
}

// A key of several attributes; a link in it stands for its UUID.
func TestCompoundKey(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{
		"ou.jsonl":       `{"UUID":"ou$45","metaClass":"ou$company","title":"Acme"}`,
		"employee.jsonl": `{"UUID":"employee$1","metaClass":"employee$employee","title":"A","number":1234567,"parent":"ou$45"}`,
	})})
	d := data("employee")
	d.Key = []string{"parent", "number"}
	if got := keys(mustRead(t, source(t, w, nil), d)); !slices.Equal(got, []string{"ou$45/1234567"}) {
		t.Error(got)
	}
}

// The next page is asked for only when the one before is used up, and none after the reader has stopped.
func TestStopsReading(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(10))})
	src := source(t, w, map[string]plan.Value{"page_size": int64(3)})
	for row := range src.Rows(t.Context(), pages("serviceCall", "number"), nil) {
		if row.Key == "serviceCall$3" {
			break
		}
	}
	if n := w.calls("find/"); n != 1 {
		t.Errorf("%d pages for three rows", n)
	}
}

// One source reads several lists at a time.
func TestConcurrentReads(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(20))})
	src := source(t, w, map[string]plan.Value{"page_size": int64(3)})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := src.Describe(t.Context(), data("serviceCall")); err != nil {
				t.Error(err)
			}
			rows, err := read(t.Context(), src, data("serviceCall"))
			if err != nil || !slices.Equal(keys(rows), numbered("serviceCall", 20)) {
				t.Errorf("%v, %v", keys(rows), err)
			}
		})
	}
	all.Wait()
}

// A read that breaks off says so and gives what it had; read again, it gives everything (IT 8.5, 4).
func TestInterruptedAndReadAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault sandbox.Fault
		want  error
	}{
		{"the key dies", sandbox.Fault{Kind: "key", Method: "find", After: 2}, itsm365.ErrKey},
		{"the answer is no list", sandbox.Fault{Kind: "truncated", Method: "find", After: 2, Times: 6}, nil},
		{"the service is down", sandbox.Fault{Kind: "status", Method: "find", After: 2, Times: 6}, nil},
		{"nothing comes back", sandbox.Fault{Kind: "empty", Method: "find", After: 2, Times: 6}, nil},
		{"a login page", sandbox.Fault{Kind: "login", Method: "find", After: 2, Times: 6}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			far, w := tenant(t, sandbox.Options{FS: dir(tickets(10))})
			src := source(t, w, map[string]plan.Value{"page_size": int64(3)})
			if err := far.AddFaults(c.fault); err != nil {
				t.Fatal(err)
			}
			rows, err := read(t.Context(), src, pages("serviceCall", "number"))
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), "serviceCall") {
				t.Errorf("got %v", err)
			}
			if got := keys(rows); !slices.Equal(got, numbered("serviceCall", 6)) {
				t.Errorf("before the end: %v", got)
			}
			if got := keys(mustRead(t, src, pages("serviceCall", "number"))); !slices.Equal(got, numbered("serviceCall", 10)) {
				t.Errorf("read again: %v", got)
			}
		})
	}
}

// Cancelled in the middle, the read ends with the context's error at once.
func TestCancelledBetweenPages(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(10))})
	src := source(t, w, map[string]plan.Value{"page_size": int64(3)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range src.Rows(ctx, pages("serviceCall", "number"), nil) {
		if n++; n == 3 {
			cancel()
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if n != 4 || w.calls("find/") != 1 {
		t.Errorf("%d rows and errors in %d calls, want 3 rows and an error in 1", n, w.calls("find/"))
	}
}

// Passing failures are tried again and lose nothing.
func TestPassingFailures(t *testing.T) {
	for _, kind := range []string{"status", "reset", "cut", "truncated", "empty", "login"} {
		t.Run(kind, func(t *testing.T) {
			far, w := tenant(t, sandbox.Options{FS: dir(tickets(10))})
			if err := far.AddFaults(sandbox.Fault{Kind: kind, Method: "find", After: 1, Times: 2}); err != nil {
				t.Fatal(err)
			}
			got := keys(mustRead(t, source(t, w, map[string]plan.Value{"page_size": int64(4)}), pages("serviceCall", "number")))
			if !slices.Equal(got, numbered("serviceCall", 10)) || far.Stats().Faults != 2 {
				t.Errorf("%v after %d faults", got, far.Stats().Faults)
			}
		})
	}
}
