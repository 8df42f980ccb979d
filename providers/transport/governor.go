package transport

import (
	"context"
	"math"
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
	others    float64       // calls that somebody else makes in a window of the same quota, as far as is known
	seen      sight         // of the current window
	first     chan struct{} // held by the call that goes alone
	replies   *throttle
	perThread map[string]*throttle
}

// A sight is what answers of the second half of a window show of others: how many calls they had made at its beginning
// and, by the speed since, how many they will have made at its end.
type sight struct {
	at, taken float64 // the first one: seconds into the window
	total     float64 // negative: unknown
	any       bool
	// guess is what the first half alone lets expect, negative when it shows nothing.
	guess float64
}

var unseen = sight{total: -1, guess: -1}

// NewGovernor makes a governor that takes a share (above 0, at most 1) of what is granted.
func NewGovernor(clock Clock, share float64) *Governor {
	if share <= 0 || share > 1 {
		share = 1
	}
	return &Governor{clock: clock, share: share, first: make(chan struct{}, 1), replies: newThrottle(replyLimit, true), perThread: map[string]*throttle{}, seen: unseen}
}

// Replies begin below what one public program met: 10 a conversation and 100 overall in 10 seconds (IC 1.6, 7 #18). The
// overall limit is raised as long as no refusal is seen.
const (
	threadLimit = 8
	replyLimit  = 80
	raise       = 1.25
	patience    = 10 * time.Minute // how long a limit that was found out is believed

	// RepliesPerSecond is what all conversations together are sent at first.
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
		if err := ctx.Err(); err != nil {
			return nil, err
		}
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
			g.roll()
			// What is still on its way may be counted in the new window.
			g.used, g.remaining = g.flying, g.limit
		}
		allowed := g.allowed()
		wait := g.reset.Sub(now)
		if g.limit == 0 || g.used < allowed && g.remaining-g.flying > 0 {
			if wait = g.pace(now, allowed); g.limit == 0 || wait <= 0 {
				g.used++
				g.flying++
				g.mu.Unlock()
				return g.observe, nil
			}
		}
		g.mu.Unlock()
		if err := g.clock.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// pace spreads the calls of a window over nine tenths of it, so that what others take is seen before all of it is gone. It
// says how long the next call has to wait.
func (g *Governor) pace(now time.Time, allowed int) time.Duration {
	begun := g.reset.Add(-window)
	due := begun.Add(time.Duration(float64(window) * 0.9 * float64(g.used) / float64(allowed)))
	return due.Sub(now)
}

// allowed is how many calls of a window are ours: our share, and never what others are going to take of it.
func (g *Governor) allowed() int {
	free := float64(g.limit) - math.Ceil(g.others*1.03)
	return max(1, int(math.Min(float64(g.limit)*g.share, free)))
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
		g.roll()
		g.reset, g.remaining, g.used = end, remaining, g.flying+1
	case end.Equal(g.reset):
		g.remaining = min(g.remaining, remaining)
		g.look(float64(limit-remaining-(g.used-g.flying)), (window - end.Sub(g.clock.Now())).Seconds())
	}
}

// look notes how many calls others have made so many seconds into the window.
func (g *Governor) look(taken, at float64) {
	taken = max(0, taken)
	switch v := &g.seen; {
	case at < 1:
	case at < window.Seconds()/2:
		// Others may have come at once and stay away now: half of the window is left to be seen.
		v.guess = min(taken*window.Seconds()/at, float64(g.limit)/2)
	case !v.any:
		v.at, v.taken, v.any = at, taken, true
	case at > v.at+1:
		v.total = taken + (taken-v.taken)/(at-v.at)*(window.Seconds()-at)
	}
}

// roll begins a window with what the one before has shown of others.
func (g *Governor) roll() {
	switch {
	case g.seen.total >= 0:
		g.others = g.seen.total
	case g.seen.guess >= 0:
		g.others = g.seen.guess
	default:
		g.others /= 2 // nothing was seen: perhaps they have gone
	}
	g.seen = unseen
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
		t = newThrottle(threadLimit, false)
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

// ReplyTaken tells the governor that a reply was taken.
func (g *Governor) ReplyTaken() { g.replies.accepted(g.clock.Now()) }

// RepliesExceeded tells the governor that a reply was refused as one too many: no more are sent in any ten seconds than
// were taken before it.
func (g *Governor) RepliesExceeded() { g.replies.refused(g.clock.Now()) }

// A throttle lets limit calls leave in any window.
type throttle struct {
	mu    sync.Mutex
	limit int
	left  []time.Time // the calls of the last window, oldest first
	// grows: the limit is a guess. full is since when it is used up, found when it was last found out.
	grows       bool
	full, found time.Time
	since       time.Time // the window that taken counts
	taken       int
	over        bool // something was refused in it
}

func newThrottle(n int, grows bool) *throttle { return &throttle{limit: n, grows: grows} }

func (t *throttle) wait(ctx context.Context, clock Clock) error {
	for {
		t.mu.Lock()
		now := clock.Now()
		for len(t.left) > 0 && !now.Before(t.left[0].Add(window)) {
			t.left = t.left[1:]
		}
		if len(t.left) < t.limit {
			t.left = append(t.left, now)
			t.mu.Unlock()
			return nil
		}
		if t.grows && (t.found.IsZero() || now.Sub(t.found) > patience) {
			switch {
			case t.full.IsZero():
				t.full = now
			case now.Sub(t.full) >= window: // a whole window was used up and nothing was refused
				t.limit, t.full = int(math.Ceil(float64(t.limit)*raise)), now
				t.mu.Unlock()
				continue
			}
		}
		free := t.left[len(t.left)-t.limit].Add(window)
		t.mu.Unlock()
		if err := clock.Sleep(ctx, free.Sub(now)); err != nil {
			return err
		}
	}
}

// accepted counts a reply that was taken, in the ten seconds that begin with a full multiple of ten. When there was a
// refusal in those before, what was taken in them is what the service takes.
func (t *throttle) accepted(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if start := now.Truncate(window); !start.Equal(t.since) {
		if t.over && t.taken >= replyLimit/2 && t.taken < t.limit {
			t.limit, t.found, t.full = t.taken, now, time.Time{}
		}
		t.since, t.taken, t.over = start, 0, false
	}
	t.taken++
}

// refused notes that a guessed limit is too high. Far fewer than are known to be allowed say nothing: then it was one
// conversation's own limit.
func (t *throttle) refused(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = t.over || t.grows && now.Truncate(window).Equal(t.since)
}
