package state_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deskform/plan"
	"deskform/state"
	"deskform/state/storetest"
)

// TestHold: who stood still past the end of the lease goes on when nobody has taken it, and writes nothing more when
// somebody has.
func TestHold(t *testing.T) {
	for _, taken := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "a.db")
		var now atomic.Int64
		now.Store(1767600000000)
		o := state.Options{Now: func() time.Time { return time.UnixMilli(now.Load()) }, Holder: "ann@desk pid 1"}
		s, err := state.Open(t.Context(), path, o)
		check(t, err)
		lease, err := s.Lock(t.Context(), "apply", time.Hour) // its heart does not beat within this test
		check(t, err)
		check(t, lease.Hold(t.Context()))
		now.Add(2 * time.Hour.Milliseconds())
		o.Holder = "bob@desk pid 2"
		other, err := state.Open(t.Context(), path, o)
		check(t, err)
		if taken {
			_, err := other.Lock(t.Context(), "apply", time.Hour)
			check(t, err)
			s.Record(plan.Step{}, plan.Result{}, storetest.Base("e1", "1"))
		}
		holds := lease.Hold(t.Context())
		writes := s.Begin(t.Context(), plan.Intent{Step: storetest.Step("e2", "create"), Run: "r", At: o.Now()})
		for what, err := range map[string]error{"hold": holds, "write": writes} {
			var lost *state.TakenError
			if errors.As(err, &lost) != taken || (err != nil) != taken || taken && !strings.Contains(err.Error(), "taken over by bob@desk pid 2") {
				t.Errorf("taken %v: %s: %v", taken, what, err)
			}
		}
		open := 0
		for _, err := range other.OpenIntents(t.Context()) {
			check(t, err)
			open++
		}
		base, err := other.Base(t.Context(), "contact.people", "e1")
		if taken && (open > 0 || base != nil || err != nil) || !taken && open != 1 {
			t.Errorf("taken %v: %d intents, %v, %v", taken, open, base, err)
		}
		lease.Release()
		check(t, lease.Hold(t.Context()))
		_, _ = s.Close(), other.Close()
	}
}
