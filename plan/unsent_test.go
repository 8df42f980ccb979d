package plan_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"deskform/plan"
)

// TestSending: only the wait of a step's first call ends with the run, and only of a step that has sent nothing an error says so.
func TestSending(t *testing.T) {
	run, interrupt := context.WithCancel(t.Context())
	step, other := plan.Sending(run), plan.Sending(run)
	wait, sent := plan.Waiting(step)
	sent()
	interrupt()
	if wait.Err() == nil {
		t.Error("the first wait goes on after an interrupt")
	}
	if again, _ := plan.Waiting(step); step.Err() != nil || again.Err() != nil {
		t.Error("a call after the first is cut off")
	}
	if first, _ := plan.Waiting(other); first.Err() == nil {
		t.Error("a step that begins after the interrupt waits")
	}
	plain, _ := plan.Waiting(t.Context())
	if plain.Err() != nil {
		t.Error("what is no step is cut off")
	}
	cut := fmt.Errorf("look up: %w", plan.ErrUnsent)
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want bool
	}{
		{"nothing has left", other, cut, true},
		{"something has left", step, cut, false},
		{"another error", other, context.Canceled, false},
		{"no step", t.Context(), cut, false},
	} {
		if got := plan.Unsent(c.ctx, c.err); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if !errors.Is(plan.ErrUnsent, context.Canceled) {
		t.Error("it is no cancellation")
	}
}
