package state_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"deskform/plan"
	"deskform/state"
	"deskform/state/storetest"
)

// TestContinued: what goes on with a record is known by its key, before and after a renaming, and moves with it.
func TestContinued(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "a.db"))
	defer s.Close()
	for key, continues := range map[string]string{"e1": "", "e1#2": "e1", "e1#10": "e1", "e2": "", "f#2": ""} {
		b := storetest.Base(key, "id-"+key)
		b.Continues = continues
		for i := range len(key) {
			b.Parts = append(b.Parts, plan.BasePart{List: "c", Key: fmt.Sprint(i)})
			s.Record(plan.Step{Address: b.Address, List: "c", Part: fmt.Sprint(i)}, plan.Result{}, b)
		}
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func(set string) string {
		t.Helper()
		continued, err := s.Continued(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		out := fmt.Sprint(continued)
		for h, err := range s.Keys(t.Context(), set) {
			if err != nil {
				t.Fatal(err)
			}
			b, err := s.Base(t.Context(), set, h.Key)
			if err != nil || b == nil {
				t.Fatalf("%s: %v %v", h.Key, b, err)
			}
			out += fmt.Sprintf(" %s %d %s", h.Key, h.Parts, b.Continues)
		}
		return out
	}
	if got, want := look("contact.people"), "map[e1:[e1#10 e1#2]] e1 2  e1#10 5 e1 e1#2 4 e1 e2 2  f#2 3 "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	moves := []state.Move{}
	for _, suffix := range []string{"", "#2", "#10"} {
		moves = append(moves, state.Move{From: storetest.Address("e1" + suffix), To: storetest.Address("g" + suffix)})
	}
	const want = "map[g:[g#10 g#2]] e2 2  f#2 3  g 2  g#10 5 g g#2 4 g"
	s.Renamed(moves)
	if got := look("contact.people"); got != want {
		t.Errorf("renamed: %s, want %s", got, want)
	}
	s.Renamed(nil)
	for _, m := range moves {
		if err := s.Move(t.Context(), m.From, m.To); err != nil {
			t.Fatal(err)
		}
	}
	if got := look("contact.people"); got != want {
		t.Errorf("moved: %s, want %s", got, want)
	}
}
