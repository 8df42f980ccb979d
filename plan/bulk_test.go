package plan_test

import (
	"testing"

	"deskform/plan"
)

// TestBulkCalls: how many calls n steps are, by hand, for one whose call needs a read that a step alone does not, and for
// one where both need it.
func TestBulkCalls(t *testing.T) {
	for _, tt := range []struct {
		reads, single   int
		n               int
		together, alone int
	}{
		{1, 0, 0, 0, 0}, {1, 0, 1, 0, 1}, {1, 0, 2, 0, 2}, // a read and a write are no fewer than two writes
		{1, 0, 3, 1, 0}, {1, 0, 50, 1, 0}, {1, 0, 51, 1, 1}, {1, 0, 52, 1, 2}, {1, 0, 53, 2, 0}, {1, 0, 100, 2, 0}, {1, 0, 250, 5, 0},
		{1, 1, 1, 0, 1}, {1, 1, 2, 1, 0}, {1, 1, 51, 1, 1}, {1, 1, 52, 2, 0},
		{0, 0, 1, 0, 1}, {0, 0, 2, 1, 0},
	} {
		b := &plan.Bulk{Max: 50, Reads: tt.reads, Single: tt.single}
		if together, alone := b.Calls(tt.n); together != tt.together || alone != tt.alone {
			t.Errorf("%d steps with %d reads, %d each alone: %d together and %d alone, want %d and %d", tt.n, tt.reads, tt.single, together, alone, tt.together, tt.alone)
		}
	}
}
