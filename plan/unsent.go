package plan

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// ErrUnsent says that a step was cut off while its first call waited to leave: nothing of it has happened.
var ErrUnsent = fmt.Errorf("cut off before its first call left: %w", context.Canceled)

// leave is what the calls of one step share.
type leave struct {
	until context.Context
	sent  atomic.Bool
}

type leaveKey struct{}

// Sending returns a context for the calls of one step. It outlives ctx, so that what has left is finished and recorded; the
// end of ctx ends only the wait of the first call, see Waiting.
func Sending(ctx context.Context) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), leaveKey{}, &leave{until: ctx})
}

// Waiting returns the context in which a call waits until it may leave: of a step of which nothing has left, what Sending was
// given, else ctx itself. Whoever sends calls sent once the wait is over, and before the call leaves. When the wait is cut
// off in the first, the error to return is ErrUnsent.
func Waiting(ctx context.Context) (wait context.Context, sent func()) {
	l, ok := ctx.Value(leaveKey{}).(*leave)
	if !ok || l.sent.Load() {
		return ctx, func() {}
	}
	return l.until, func() { l.sent.Store(true) }
}

// Unsent reports whether err says, and ctx knows, that no call of a step has left. An error that one step has from another,
// which both waited for, says nothing about what it has sent itself.
func Unsent(ctx context.Context, err error) bool {
	l, ok := ctx.Value(leaveKey{}).(*leave)
	return ok && !l.sent.Load() && errors.Is(err, ErrUnsent)
}
