package sandbox

import (
	"context"
	"time"
)

// A Clock is the time of a sandbox. One that also has Advance(time.Duration) can be moved through
// POST /_sandbox/clock.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns early with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

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
