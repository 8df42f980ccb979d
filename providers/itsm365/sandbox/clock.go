package sandbox

import (
	"context"
	"sync/atomic"
	"time"
)

// A Clock is the time of a sandbox. POST /_sandbox/clock moves one that has Advance(time.Duration); over any other the
// sandbox keeps a time of its own, which runs ahead by as much as it was moved.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns early with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

type mover interface{ Advance(time.Duration) }

// movable makes a clock one that can be moved; nil is the real one.
func movable(c Clock) Clock {
	if c == nil {
		c = realClock{}
	}
	if _, ok := c.(mover); ok {
		return c
	}
	return &ahead{Clock: c}
}

// ahead runs before another clock.
type ahead struct {
	Clock
	by atomic.Int64
}

func (a *ahead) Now() time.Time { return a.Clock.Now().Add(time.Duration(a.by.Load())) }

func (a *ahead) Advance(d time.Duration) { a.by.Add(int64(d)) }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
