package transport

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// A Backoff is how long to wait before a call is tried again.
type Backoff struct {
	// First is the first pause, 0 means 500 ms; it doubles up to Cap, 0 means a minute.
	First, Cap time.Duration
}

// Pause is what comes after try failures more than one: what the service asked for, else a pause that doubles, half of it
// by chance, so that those who failed together do not come back together.
func (b Backoff) Pause(try int, err error) time.Duration {
	if asked := RetryAfter(err); asked > 0 {
		return asked
	}
	first, top := b.First, b.Cap
	if first == 0 {
		first = 500 * time.Millisecond
	}
	if top == 0 {
		top = time.Minute
	}
	d := min(first<<min(max(try, 0), 16), top)
	return d/2 + rand.N(d/2+1)
}

// RetryAfter is how long an answer asks to wait, in seconds or until a time of its own clock; 0 when it does not.
func RetryAfter(err error) time.Duration {
	var he *HTTPError
	if !errors.As(err, &he) {
		return 0
	}
	text := he.Header.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return max(0, time.Duration(s*float64(time.Second)))
	}
	at, err1 := http.ParseTime(text)
	now, err2 := http.ParseTime(he.Header.Get("Date"))
	if err1 != nil || err2 != nil {
		return 0
	}
	return max(0, at.Sub(now))
}
