package run_test

import (
	"testing"
	"time"

	"deskform/plan"
)

// TestPause: a step that is safe to repeat waits longer each time, or as long as the service asks.
func TestPause(t *testing.T) {
	const set = `contact.a["ann"]#set#name`
	asked := &plan.StepError{Step: set, Verdict: plan.Unknown, Message: "later", After: 90 * time.Second}
	for _, tt := range []struct {
		name string
		errs []error
		want time.Duration
	}{
		{"two failures", []error{lost(set), lost(set)}, 3 * time.Second},
		{"the service asks", []error{asked, lost(set)}, 92 * time.Second},
		{"given up: no wait after the last", []error{lost(set), lost(set), lost(set)}, 3 * time.Second},
	} {
		s, j := &service{fail: map[string][]error{set: tt.errs}}, newJournal()
		r := runner(s, j)
		clock := &jump{now: time.Unix(1000, 0)}
		r.Clock = clock
		if _, err := r.Apply(t.Context(), changes(creation("ann", named("Ann")))); err != nil {
			t.Fatal(err)
		}
		if got := clock.now.Sub(time.Unix(1000, 0)); got != tt.want {
			t.Errorf("%s: it waited %s, want %s", tt.name, got, tt.want)
		}
	}
}
