package transport

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// window is how long Intercom's rate windows are (IC 1.6).
const window = 10 * time.Second

// A Governor keeps calls within what the service grants: it follows X-RateLimit-Limit, -Remaining and -Reset in their
// 10-second windows and takes a share of each. Until the first answer has shown the headers, calls go one at a time. It
// is safe for concurrent use.
type Governor struct {
	clock Clock
	share float64

	mu        sync.Mutex
	known     bool
	limit     int
	remaining int
	reset     time.Time // end of the current window
	used      int       // ours in it
	flying    int
	first     chan struct{} // held by the call that goes alone
	replies   *throttle
	perThread map[string]*throttle
}

// NewGovernor makes a governor that takes a share (above 0, at most 1) of what is granted.
func NewGovernor(clock Clock, share float64) *Governor {
	if share <= 0 || share > 1 {
		share = 1
	}
	return &Governor{clock: clock, share: share, first: make(chan struct{}, 1), replies: newThrottle(replyLimit), perThread: map[string]*throttle{}}
}

// Replies stay below what one public program met: 10 a conversation and 100 overall in 10 seconds (IC 1.6, 7 #18).
const (
	threadLimit = 8
	replyLimit  = 80

	// RepliesPerSecond is what all conversations together are sent.
	RepliesPerSecond = replyLimit / 10.0
)

// Granted is how many calls a second the share comes to, 0 before anything is known.
func (g *Governor) Granted() float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return float64(g.limit) * g.share / window.Seconds()
}

// Limit is what the service grants per window, 0 before anything is known.
func (g *Governor) Limit() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limit
}

// Acquire waits until a call may leave. The returned function must be called with the answer's headers, nil when there
// was no answer. thread names the conversation of a reply, empty for any other call.
func (g *Governor) Acquire(ctx context.Context, thread string) (done func(http.Header), err error) {
	if thread != "" {
		if err := g.acquireReply(ctx, thread); err != nil {
			return nil, err
		}
	}
	for {
		g.mu.Lock()
		if !g.known {
			g.mu.Unlock()
			select {
			case g.first <- struct{}{}:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			g.mu.Lock()
			if !g.known {
				g.flying++
				g.mu.Unlock()
				return func(h http.Header) { g.observe(h); <-g.first }, nil
			}
			g.mu.Unlock()
			<-g.first
			continue
		}
		now := g.clock.Now()
		if !now.Before(g.reset) {
			g.reset = now.Truncate(window).Add(window)
			g.used, g.remaining = 0, g.limit
		}
		allowed := max(1, int(float64(g.limit)*g.share))
		if g.limit == 0 || g.used < allowed && g.remaining-g.flying > 0 {
			g.used++
			g.flying++
			g.mu.Unlock()
			return g.observe, nil
		}
		wait := g.reset.Sub(now)
		g.mu.Unlock()
		if err := g.clock.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// observe takes over what the headers of an answer say.
func (g *Governor) observe(h http.Header) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.flying--
	if h == nil {
		return
	}
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	remaining, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset, err3 := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	g.known = true
	if err1 != nil || err2 != nil || err3 != nil {
		return // a service without limits
	}
	g.limit = limit
	end := time.Unix(reset, 0)
	switch {
	case end.After(g.reset):
		g.reset, g.remaining, g.used = end, remaining, g.flying+1
	case end.Equal(g.reset):
		g.remaining = min(g.remaining, remaining)
	}
}

// Exceeded tells the governor that a call was refused for its rate: nothing more leaves in this window.
func (g *Governor) Exceeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remaining = 0
	if now := g.clock.Now(); !now.Before(g.reset) {
		g.reset = now.Truncate(window).Add(window)
	}
}

func (g *Governor) acquireReply(ctx context.Context, thread string) error {
	g.mu.Lock()
	t := g.perThread[thread]
	if t == nil {
		if len(g.perThread) > 4096 { // threads that are done are forgotten
			g.perThread = map[string]*throttle{}
		}
		t = newThrottle(threadLimit)
		g.perThread[thread] = t
	}
	g.mu.Unlock()
	for _, th := range []*throttle{t, g.replies} {
		if err := th.wait(ctx, g.clock); err != nil {
			return err
		}
	}
	return nil
}

// A throttle lets n calls leave in any window.
type throttle struct {
	mu   sync.Mutex
	last []time.Time // a ring of the last n
	next int
}

func newThrottle(n int) *throttle { return &throttle{last: make([]time.Time, n)} }

func (t *throttle) wait(ctx context.Context, clock Clock) error {
	for {
		t.mu.Lock()
		now := clock.Now()
		free := t.last[t.next].Add(window)
		if !now.Before(free) {
			t.last[t.next] = now
			t.next = (t.next + 1) % len(t.last)
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		if err := clock.Sleep(ctx, free.Sub(now)); err != nil {
			return err
		}
	}
}
