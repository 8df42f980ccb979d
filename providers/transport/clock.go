// Package transport is what both service clients share: a clock, redaction, reading answers with suspicion, retries of
// reads, and the governor that keeps to the windows a service grants.
package transport

import (
	"context"
	"time"
)

// A Clock tells the time and waits on it.
type Clock interface {
	Now() time.Time
	// Sleep waits for d or until the context ends, whose error it returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// Real is the machine's clock.
type Real struct{}

// Now is time.Now.
func (Real) Now() time.Time { return time.Now() }

// Sleep waits in real time.
func (Real) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// scaled is a clock that runs faster than the real one.
type scaled struct {
	start, real time.Time
	factor      float64
}

// Scaled is a clock that shows start now and runs factor times as fast as the real one.
func Scaled(start time.Time, factor float64) Clock {
	return &scaled{start: start, real: time.Now(), factor: factor}
}

func (c *scaled) Now() time.Time {
	return c.start.Add(time.Duration(float64(time.Since(c.real)) * c.factor))
}

func (c *scaled) Sleep(ctx context.Context, d time.Duration) error {
	return sleep(ctx, time.Duration(float64(d)/c.factor))
}
