package run_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
)

const partOfAnn = `contact.a["ann"]#part#p1`

// A step that could not be found and was repeated is looked for again: what has come to light since is taken away, but for
// what somebody has used, and after a day nobody looks any more.
func TestSweep(t *testing.T) {
	c := creation("ann")
	c.Parts = []plan.PartChange{{List: "comments", Key: "p1", What: "append"}}
	for _, tt := range []struct {
		name    string
		shown   map[string][]string
		used    map[string]bool
		later   time.Duration
		removed []string
		left    string
		watched int
	}{
		{name: "nothing came to light", shown: map[string][]string{createAnn: {"id1"}, partOfAnn: {"part2"}}, watched: 2},
		{name: "the first try of the create", shown: map[string][]string{createAnn: {"id0", "id1"}, partOfAnn: {"part2"}}, removed: []string{"id0"}, watched: 2},
		{name: "the first try of a message", shown: map[string][]string{createAnn: {"id1"}, partOfAnn: {"part2", "part9"}}, removed: []string{"part9"}, watched: 2},
		{name: "both, a day later", later: 25 * time.Hour, shown: map[string][]string{createAnn: {"id1", "id0"}, partOfAnn: {"part9", "part2"}}, removed: []string{"id0", "part9"}},
		{name: "somebody has used the copy", later: 25 * time.Hour, shown: map[string][]string{createAnn: {"id0", "id1"}, partOfAnn: {"part2"}}, used: map[string]bool{"id0": true}, left: "copy id0: somebody has written in it", watched: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, j := &service{fail: map[string][]error{createAnn: {lost(createAnn)}, partOfAnn: {lost(partOfAnn)}}}, newJournal()
			r := runner(s, j)
			if got, err := r.Apply(t.Context(), changes(c)); err != nil || books(got) != "1 created" {
				t.Fatalf("%s %v", books(got), err)
			}
			if err := r.Clock.Sleep(t.Context(), tt.later); err != nil {
				t.Fatal(err)
			}
			s.shown, s.used = tt.shown, tt.used
			got, err := r.Sweep(t.Context())
			if err != nil || got.Looked != 2 || got.Removed != len(tt.removed) || !slices.Equal(s.removed, tt.removed) || !strings.Contains(strings.Join(got.Left, "; "), tt.left) || tt.left == "" && len(got.Left) > 0 {
				t.Errorf("%+v, removed %v, %v", got, s.removed, err)
			}
			if len(j.repeated) != tt.watched {
				t.Errorf("%d steps are watched on, want %d", len(j.repeated), tt.watched)
			}
		})
	}
}

// What Settle finds twice at once is put right at once; a copy that somebody has used leaves the record in doubt.
func TestSettledTwice(t *testing.T) {
	for _, used := range []bool{false, true} {
		s, j := &service{fail: map[string][]error{createAnn: {lost(createAnn)}}, shown: map[string][]string{createAnn: {"id0", "id5"}}, used: map[string]bool{"id5": used}}, newJournal()
		got, err := runner(s, j).Apply(t.Context(), changes(creation("ann")))
		want := "1 created"
		if used {
			want = "1 in doubt"
		}
		if err != nil || books(got) != want {
			t.Errorf("used %v: %s %v", used, books(got), err)
		}
		if base, _ := j.Base(t.Context(), "contact.a", "ann"); !used && (base == nil || base.ID != "id0" || !slices.Equal(s.removed, []string{"id5"})) {
			t.Errorf("base %+v, removed %v", base, s.removed)
		}
	}
}

// A plan file whose messages were written is run again: they are not written again. What is there already is noted
// without a call.
func TestMessagesOnce(t *testing.T) {
	s, j := &service{live: map[string]plan.Live{"7": {ID: "7", Fields: plan.Fields{}}}}, newJournal()
	j.bases["contact.a/ann"] = &plan.Base{Address: creation("ann").Address, Kind: "contact", Origin: "created", ID: "7", Sent: plan.Fields{}, Seen: plan.Fields{}}
	c := creation("ann")
	c.Action, c.ID = plan.AppendTo, "7"
	c.Parts = []plan.PartChange{{List: "comments", Key: "p1", What: "append"}, {List: "comments", Key: "p2", What: "adopt", ID: "55", Hash: "h", At: 9}}
	for range 2 {
		if _, err := runner(s, j).Apply(t.Context(), changes(c)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(s.done, []string{partOfAnn}) {
		t.Errorf("done: %v", s.done)
	}
	base := j.bases["contact.a/ann"]
	if len(base.Parts) != 2 || !slices.Contains(base.Parts, plan.BasePart{List: "comments", Key: "p2", ID: "55", Hash: "h", At: 9}) {
		t.Errorf("parts %+v", base.Parts)
	}
}
