package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A Fault is something that goes wrong with calls of a method and class, once or more often (IT 8.2).
//
// Kinds: "status" (an HTML page with Status, 503 where it is 0), "reset" (the connection breaks
// before the answer), "slow" (Delay, then the answer), "truncated" (half of the body, as if it were
// whole), "cut" (half of the body, then the connection breaks), "empty" (200 without a body), "login"
// (200 with a login page), "key" (as for an unknown key), "mutate" (the data change before the
// answer). A call can meet one of several "slow" and "mutate" and the first of the others. A reset of
// a GET on a used connection is repeated by Go's transport without a word.
type Fault struct {
	Kind       string     `json:"kind"`
	Method     string     `json:"method,omitempty"` // as in Stats; empty is any
	Class      string     `json:"class,omitempty"`  // as in Stats; empty is any
	After      int        `json:"after,omitempty"`  // so many such calls go well first
	Times      int        `json:"times,omitempty"`  // 0 is once, -1 is for ever
	Status     int        `json:"status,omitempty"`
	RetryAfter int        `json:"retry_after,omitempty"` // seconds; 0 sends no header
	Delay      string     `json:"delay,omitempty"`       // "2s"
	Mutate     []Mutation `json:"mutate,omitempty"`

	delay time.Duration
	seen  int
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
}

var faultKinds = []string{"status", "reset", "slow", "truncated", "cut", "empty", "login", "key", "mutate"}

// AddFaults adds to the schedule. Where one is wrong, none is added.
func (s *Server) AddFaults(list ...Fault) error {
	var add []*Fault
	for i, f := range list {
		var err error
		if f.Delay != "" {
			f.delay, err = time.ParseDuration(f.Delay)
		}
		switch {
		case err != nil:
			return fmt.Errorf("fault %d: delay: %w", i, err)
		case !slices.Contains(faultKinds, f.Kind):
			return fmt.Errorf("fault %d: kind %q is none of %v", i, f.Kind, faultKinds)
		case f.Kind == "slow" && f.delay <= 0:
			return fmt.Errorf("fault %d: slow needs a delay", i)
		case f.Status != 0 && (f.Status < 400 || f.Status > 599):
			return fmt.Errorf("fault %d: status %d is no error", i, f.Status)
		case f.After < 0 || f.Times < -1:
			return fmt.Errorf("fault %d: after or times is negative", i)
		}
		f.Times = max(f.Times, -1)
		if f.Times == 0 {
			f.Times = 1
		}
		f.seen = 0
		add = append(add, &f)
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, add...)
	return nil
}

// ClearFaults empties the schedule.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// strike returns the faults that a call meets.
func (f *faults) strike(method, class string) []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var struck []Fault
	one := false
	for _, t := range f.list {
		if t.Method != "" && t.Method != method || t.Class != "" && t.Class != class {
			continue
		}
		if t.seen < t.After {
			t.seen++
			continue
		}
		if t.Times >= 0 && t.seen >= t.After+t.Times {
			continue
		}
		if together := t.Kind == "slow" || t.Kind == "mutate"; !together {
			if one {
				continue // it waits for the next call
			}
			one = true
		}
		t.seen++
		struck = append(struck, *t)
	}
	return struck
}

// suffer lets the faults happen. It returns an answer in place of the real one (ok), or the way in
// which the real one breaks.
func (s *Server) suffer(ctx context.Context, key string, struck []Fault) (a answer, broken string, ok bool) {
	for _, f := range struck {
		switch f.Kind {
		case "slow":
			if s.clock.Sleep(ctx, f.delay) != nil {
				panic(http.ErrAbortHandler) // the caller has gone away
			}
		case "mutate":
			if _, err := s.Mutate(f.Mutate...); err != nil {
				a, ok = s.failed(fmt.Errorf("fault: %w", err)), true
			}
		case "status":
			status := f.Status
			if status == 0 {
				status = http.StatusServiceUnavailable
			}
			a, ok = page(status, "nginx"), true
			if f.RetryAfter > 0 {
				a.header = http.Header{"Retry-After": {strconv.Itoa(f.RetryAfter)}}
			}
		case "empty":
			a, ok = answer{mimeType: typeJSON}, true
		case "login":
			a, ok = answer{mimeType: typeHTML, body: []byte(loginPage)}, true
		case "key":
			a, ok = s.failed(s.refuseKey(key)), true
		default:
			broken = f.Kind
		}
	}
	return a, broken, ok || broken == "reset"
}

const loginPage = `<!DOCTYPE html><html><head><title>ITSM 365</title></head><body>
<form action="/sd/login" method="post"><input name="login"><input name="password" type="password"></form></body></html>
`

// send writes an answer, or what a fault leaves of it.
func send(w http.ResponseWriter, a answer, broken string) {
	switch broken {
	case "reset":
		if h, ok := w.(http.Hijacker); ok {
			if conn, _, err := h.Hijack(); err == nil {
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0) // a reset, not an end
				}
				_ = conn.Close()
				return
			}
		}
		panic(http.ErrAbortHandler)
	case "truncated":
		a.body = a.body[:len(a.body)/2]
	case "cut":
		w.Header().Set("Content-Type", a.mimeType)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(max(a.status, 200))
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	a.write(w)
}
