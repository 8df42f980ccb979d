package itsm365_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

// sendings makes a source on a clock whose wire notes when each request leaves.
func sendings(t *testing.T, c transport.Clock, w *wire, more map[string]plan.Value) (*itsm365.Source, func() []time.Time) {
	t.Helper()
	args := map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key}
	for name, v := range more {
		args[name] = v
	}
	src, err := itsm365.New(args, itsm365.Config{Clock: c, HTTP: w, Redact: transport.NewRedactor()})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var at []time.Time
	answer := w.answer
	w.answer = func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		at = append(at, c.Now())
		mu.Unlock()
		if answer != nil {
			return answer(r)
		}
		return nil, nil
	}
	return src, func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return append([]time.Time(nil), at...)
	}
}

// TestRateOfRepeatedCalls: a call that is sent again keeps the rate like any other, of a list as of a file (IT 1.5).
func TestRateOfRepeatedCalls(t *testing.T) {
	for name, call := range map[string]func(*testing.T, *itsm365.Source){
		"list": func(t *testing.T, src *itsm365.Source) { mustRead(t, src, pages("serviceCall", "number")) },
		"file": func(t *testing.T, src *itsm365.Source) {
			c, err := src.OpenFile(t.Context(), "file$1")
			if err != nil {
				t.Fatal(err)
			}
			_ = c.Body.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := tickets(1)
			files["file.jsonl"], files["files/1"] = `{"UUID":"file$1","metaClass":"file","title":"x"}`, "x"
			far, w := tenant(t, sandbox.Options{FS: dir(files)})
			if err := far.AddFaults(sandbox.Fault{Kind: "status", Status: 503, Times: 3}); err != nil {
				t.Fatal(err)
			}
			src, sent := sendings(t, newClock(), w, map[string]plan.Value{"rate": 0.1}) // longer than the pauses, which end at 2 s
			call(t, src)
			at := sent()
			for i := 1; i < len(at); i++ {
				if gap := at[i].Sub(at[i-1]); gap < 10*time.Second-time.Millisecond {
					t.Errorf("%s between call %d and the next, want 10s", gap, i)
				}
			}
			if len(at) < 4 {
				t.Errorf("%d calls", len(at))
			}
		})
	}
}

// TestWindowOfRepeatedCalls: a Retry-After that ends outside the window is waited for until the next one (IT 1.5).
func TestWindowOfRepeatedCalls(t *testing.T) {
	far, w := tenant(t, sandbox.Options{FS: dir(tickets(1))})
	if err := far.AddFaults(sandbox.Fault{Kind: "status", Status: 503, RetryAfter: 70, Times: 1}); err != nil {
		t.Fatal(err)
	}
	c := providertest.NewClock(time.Date(2026, 3, 2, 14, 59, 0, 0, time.UTC)) // 17:59 there
	src, sent := sendings(t, c, w, map[string]plan.Value{"window": "16:00-18:00"})
	mustRead(t, src, pages("serviceCall", "number"))
	if at := sent(); !at[1].Equal(time.Date(2026, 3, 3, 13, 0, 0, 0, time.UTC)) {
		t.Errorf("the call that was refused at %s was sent again at %s", at[0], at[1])
	}
}

// TestPauseIsTold: a long pause that the service asks for is told of once, of whichever worker, before it is waited for; when it
// ends outside of the window, so is the wait for that.
func TestPauseIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []sandbox.Fault
		window string
		want   []string
	}{
		{"an hour", []sandbox.Fault{{Kind: "status", Status: 503, RetryAfter: 3600, Times: 1}}, "", []string{"12:00 16:00 the service asks for a pause"}},
		{"an hour twice", []sandbox.Fault{{Kind: "status", Status: 429, RetryAfter: 3600, Times: 2}}, "", []string{"12:00 16:00 the service asks for a pause", "13:00 17:00 the service asks for a pause"}},
		{"into the night", []sandbox.Fault{{Kind: "status", Status: 503, RetryAfter: 3600, Times: 1}}, "14:00-15:30", []string{"12:00 16:00 the service asks for a pause", "13:00 14:00 the window opens then"}},
		{"ten seconds", []sandbox.Fault{{Kind: "status", Status: 503, RetryAfter: 10, Times: 1}}, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			far, w := tenant(t, sandbox.Options{FS: dir(tickets(1))})
			if err := far.AddFaults(c.faults...); err != nil {
				t.Fatal(err)
			}
			clk := newClock() // 15:00 there
			var told []string
			src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "window": c.window},
				itsm365.Config{Clock: clk, HTTP: w, Redact: transport.NewRedactor(), Waiting: func(until time.Time, why string) {
					told = append(told, clk.Now().Format("15:04 ")+until.Format("15:04 ")+why)
				}})
			if err != nil {
				t.Fatal(err)
			}
			mustRead(t, src, pages("serviceCall", "number"))
			if !slices.Equal(told, c.want) {
				t.Errorf("told %q, want %q", told, c.want)
			}
		})
	}
}

// TestPauseIsToldOnce: workers that are all refused at nearly the same time make one pause.
func TestPauseIsToldOnce(t *testing.T) {
	files := tickets(40)
	for i := range 160 {
		files["comment.jsonl"] += fmt.Sprintf(`{"UUID":"comment$%d","metaClass":"comment","text":"x","source":"serviceCall$%d"}`+"\n", 1000+i, 1+i/4)
	}
	far, w := tenant(t, sandbox.Options{FS: dir(files)})
	if err := far.AddFaults(sandbox.Fault{Kind: "status", Status: 429, RetryAfter: 60, Class: "comment", After: 5, Times: 4}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	told := 0
	c := transport.Scaled(newClock().Now(), 100) // one that nobody moves
	src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "parallelism": int64(4), "rate": 1e6},
		itsm365.Config{Clock: c, HTTP: w, Redact: transport.NewRedactor(), Waiting: func(time.Time, string) {
			mu.Lock()
			defer mu.Unlock()
			told++
		}})
	if err != nil {
		t.Fatal(err)
	}
	begun := c.Now()
	for _, err := range src.Owned(t.Context(), comments(), owners(numbered("serviceCall", 40)...)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	pauses := int(c.Now().Sub(begun) / time.Minute)
	if told == 0 || told > pauses {
		t.Errorf("told %d times in %d pauses", told, pauses)
	}
}

// TestBusyHoldsEveryWorker: what the service asks one call to wait, all wait.
func TestBusyHoldsEveryWorker(t *testing.T) {
	const workers, wait = 4, 40 * time.Second
	files := tickets(40)
	for i := range 160 { // several calls for each ticket: those behind the refused one have something to do
		files["comment.jsonl"] += fmt.Sprintf(`{"UUID":"comment$%d","metaClass":"comment","text":"x","source":"serviceCall$%d"}`+"\n", 1000+i, 1+i/4)
	}
	far, w := tenant(t, sandbox.Options{FS: dir(files)})
	if err := far.AddFaults(sandbox.Fault{Kind: "status", Status: 429, RetryAfter: 40, Class: "comment", After: 5, Times: 1}); err != nil {
		t.Fatal(err)
	}
	c := transport.Scaled(newClock().Now(), 20) // one that nobody moves
	var refused time.Time
	w.answer = func(r *http.Request) (*http.Response, error) {
		res, err := w.far.RoundTrip(r)
		if err == nil && res.StatusCode == http.StatusTooManyRequests {
			refused = c.Now()
		}
		return res, err
	}
	src, sent := sendings(t, c, w, map[string]plan.Value{"parallelism": int64(workers), "rate": 1e6, "page_size": int64(1)})
	for _, err := range src.Owned(t.Context(), comments(), owners(numbered("serviceCall", 40)...)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	during, after := 0, 0
	for _, at := range sent() {
		switch since := at.Sub(refused); {
		case since >= wait:
			after++
		case since > wait/4: // until the refusal is heard the others go on
			during++
		}
	}
	if refused.IsZero() || during > 0 || after < 20 {
		t.Errorf("%d calls in the %s that the service asked for, %d after them", during, wait, after)
	}
}
