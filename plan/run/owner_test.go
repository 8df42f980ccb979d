package run_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
)

func owns(j *journal, key, id string, parts ...plan.BasePart) {
	a := creation(key).Address
	j.bases["contact.a/"+key] = &plan.Base{Address: a, Kind: "contact", Origin: "created", ID: id, Sent: plan.Fields{}, Seen: plan.Fields{}, Parts: parts}
}

// A lost create is never settled with what another record owns: it is repeated.
func TestSettledWithAnothers(t *testing.T) {
	for _, tt := range []struct{ name, origin, want string }{
		{"another record's", "created", "id1"},
		{"another record's that was adopted", "adopted", "id1"},
		{"that of a row merged into it", "merged", "id7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, j := &service{fail: map[string][]error{createAnn: {lost(createAnn)}}, shown: map[string][]string{createAnn: {"id7"}}}, newJournal()
			owns(j, "bob", "id7")
			j.bases["contact.a/bob"].Origin = tt.origin
			if got, err := runner(s, j).Apply(t.Context(), changes(creation("ann"))); err != nil || books(got) != "1 created" {
				t.Fatalf("%s %v", books(got), err)
			}
			if id := j.bases["contact.a/ann"].ID; id != tt.want || len(s.removed) > 0 {
				t.Errorf("ann is %s, removed %v", id, s.removed)
			}
		})
	}
}

// Two records that look alike, both in doubt: at the next start each gets one of what is found, and nothing is a copy.
func TestSettledApart(t *testing.T) {
	ann, bob := creation("ann").Address, creation("bob").Address
	for _, tt := range []struct {
		name            string
		shown           []string
		found, repeated int
	}{{"both happened", []string{"id1", "id2"}, 2, 0}, {"one happened", []string{"id1"}, 1, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			s, j := &service{shown: map[string][]string{}}, newJournal()
			for _, a := range []plan.Address{ann, bob} {
				key := a.String() + "#create#"
				j.open[key] = plan.Intent{Step: plan.Step{Key: key, Address: a, Kind: "contact", Op: "create", Payload: plan.Fields{"name": "Ann"}}, At: time.Unix(1, 0)}
				s.shown[key] = tt.shown
			}
			found, repeated, doubt, err := runner(s, j).Settle(t.Context())
			if err != nil || found != tt.found || repeated != tt.repeated || len(doubt) > 0 || len(s.removed) > 0 {
				t.Fatalf("found %d, repeat %d, doubt %v, removed %v, %v", found, repeated, doubt, s.removed, err)
			}
			if a, b := j.bases["contact.a/ann"], j.bases["contact.a/bob"]; a != nil && b != nil && a.ID == b.ID {
				t.Errorf("both are %s", a.ID)
			}
		})
	}
}

// While another record is being written that looks alike, what is found may be that one's: the record stays in doubt.
func TestRival(t *testing.T) {
	s, j := &service{fail: map[string][]error{createAnn: {lost(createAnn)}}, shown: map[string][]string{createAnn: {"id7"}}}, newJournal()
	bob := creation("bob").Address
	key := bob.String() + "#create#"
	j.open[key] = plan.Intent{Step: plan.Step{Key: key, Address: bob, Kind: "contact", Op: "create", Payload: plan.Fields{}}, At: time.Unix(1, 0)}
	got, err := runner(s, j).Apply(t.Context(), changes(creation("ann")))
	if err != nil || books(got) != "1 in doubt" || !strings.Contains(j.aside["ann"], `makes the same as`) || len(s.removed) > 0 {
		t.Errorf("%s %v, aside %q, removed %v", books(got), err, j.aside["ann"], s.removed)
	}
}

// repeatedly is a state after a run in which the create of ann was repeated, and ann's message too.
func repeatedly(t *testing.T, parts ...plan.PartChange) (*service, *journal) {
	t.Helper()
	c := creation("ann")
	c.Parts = append([]plan.PartChange{{List: "comments", Key: "p1", What: "append"}}, parts...)
	s, j := &service{fail: map[string][]error{createAnn: {lost(createAnn)}, partOfAnn: {lost(partOfAnn)}}}, newJournal()
	if got, err := runner(s, j).Apply(t.Context(), changes(c)); err != nil || books(got) != "1 created" {
		t.Fatalf("%s %v", books(got), err)
	}
	return s, j
}

// A sweep never takes away what another record owns, nor the last one that is there, nor anything while it is open what
// became of another step of the record.
func TestSweepLeaves(t *testing.T) {
	const second = `contact.a["ann"]#part#p2`
	for _, tt := range []struct {
		name  string
		shown map[string][]string
		set   func(*service, *journal)
		left  string
		id    string
		kept  int // parts that are known of ann
	}{
		{name: "another record's", shown: map[string][]string{createAnn: {"id9", "id1"}, partOfAnn: {"part2"}}, id: "id1", kept: 1,
			set: func(_ *service, j *journal) { owns(j, "bob", "id9") }},
		{name: "the last one that is there becomes the record's", shown: map[string][]string{createAnn: {"id9"}, partOfAnn: {"part2"}}, id: "id9"},
		{name: "two, and the record's own is gone", shown: map[string][]string{createAnn: {"id8", "id9"}, partOfAnn: {"part2"}}, left: "nothing is taken away", id: "id1", kept: 1},
		{name: "what it was merged into", shown: map[string][]string{createAnn: {"id9"}, partOfAnn: {"part2"}}, id: "id1", kept: 1,
			set: func(s *service, _ *journal) { s.live = map[string]plan.Live{"id1": {ID: "id9"}} }},
		{name: "a message whose own is blanked", shown: map[string][]string{createAnn: {"id1"}, partOfAnn: {"part9"}}, left: "nothing is taken away", id: "id1", kept: 1},
		{name: "a message while another is in doubt", shown: map[string][]string{createAnn: {"id1"}, partOfAnn: {"part2", "part9"}}, id: "id1", kept: 1,
			set: func(_ *service, j *journal) {
				j.open[second] = plan.Intent{Step: plan.Step{Key: second, Address: creation("ann").Address, Kind: "contact", Op: "part", ID: "id1", List: "comments", Part: "p2"}}
			}},
		{name: "a message while one just like it is still to be repeated", shown: map[string][]string{createAnn: {"id1"}, partOfAnn: {"part2", "part9"}}, id: "id1", kept: 1, left: "may be what",
			set: func(_ *service, j *journal) {
				j.repeated = append(j.repeated, plan.Intent{At: time.Unix(1100, 0), Step: plan.Step{Key: second, Address: creation("ann").Address, Kind: "contact", Op: "part", ID: "id1", List: "comments", Part: "p2"}})
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, j := repeatedly(t)
			s.shown = tt.shown
			if tt.set != nil {
				tt.set(s, j)
			}
			got, err := runner(s, j).Sweep(t.Context())
			if err != nil || got.Removed > 0 || len(s.removed) > 0 || !strings.Contains(strings.Join(got.Left, "; "), tt.left) || tt.left == "" && len(got.Left) > 0 {
				t.Errorf("%+v, removed %v, %v", got, s.removed, err)
			}
			if b := j.bases["contact.a/ann"]; b.ID != tt.id || len(b.Parts) != tt.kept || (tt.kept == 0) != (b.Partial != "") {
				t.Errorf("ann is %+v", b)
			}
		})
	}
}

// What is tried again knows since when: an earlier try may have been carried out after all.
func TestTriedAt(t *testing.T) {
	s, j := &service{fail: map[string][]error{createAnn: {lost(createAnn), lost(createAnn)}}}, newJournal()
	if got, err := runner(s, j).Apply(t.Context(), changes(creation("ann"))); err != nil || books(got) != "1 created" {
		t.Fatalf("%s %v", books(got), err)
	}
	if want := []int64{0, 1000, 1000}; !slices.Equal(s.tried, want) {
		t.Errorf("tried since %v, want %v", s.tried, want)
	}
	delete(j.bases, "contact.a/ann")
	s.tried = nil
	r := runner(s, j)
	if err := r.Clock.Sleep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(t.Context(), changes(creation("ann"))); err != nil {
		t.Fatal(err)
	}
	if want := []int64{1000}; !slices.Equal(s.tried, want) {
		t.Errorf("in the next run tried since %v, want %v", s.tried, want)
	}
}

// upserting is a desk whose creates answer with what is there already.
type upserting struct{ desk }

func (d upserting) Steps(c plan.Change) []plan.Step {
	steps := d.desk.Steps(c)
	for i := range steps {
		steps[i].Repeatable = true
	}
	return steps
}

// A refusal or an upsert that answers with what another record owns sets the record aside.
func TestTaken(t *testing.T) {
	for _, tt := range []struct {
		name string
		dest plan.Destination
		fail error
	}{{"a refusal that means done", desk{}, &plan.StepError{Verdict: plan.Done}}, {"an upsert", upserting{}, nil}} {
		t.Run(tt.name, func(t *testing.T) {
			s, j := &service{fail: map[string][]error{createAnn: {tt.fail}}, answers: map[string]string{createAnn: "id7"}}, newJournal()
			owns(j, "bob", "id7")
			r := runner(s, j)
			r.Dest = tt.dest
			got, err := r.Apply(t.Context(), changes(creation("ann")))
			if err != nil || books(got) != "1 set aside" || !strings.Contains(j.aside["ann"], "contact id7 is another record's already") || j.bases["contact.a/ann"] != nil {
				t.Errorf("%s %v, aside %q", books(got), err, j.aside["ann"])
			}
		})
	}
}

// What is made in the place of an object that is gone is made whole: nothing that was written to the old one counts. What is
// brought back still has it. Until then nothing may refer to the old one.
func TestMadeAnew(t *testing.T) {
	old := []plan.BasePart{{List: "comments", Key: "p1", ID: "part0"}}
	friend := creation("bob", plan.FieldChange{Field: "friend", What: "set", After: plan.Ref{Targets: []plan.Target{{Set: "contact.a", Key: "ann"}}}})
	friend.Address.Set = "contact.b"
	for _, tt := range []struct {
		name, answer, books string
		fail                []error
		done                []string
		parts               int
	}{
		{name: "another one", answer: "id9", books: "2 created", done: []string{createAnn, partOfAnn}, parts: 1},
		{name: "brought back", answer: "id0", books: "2 created", done: []string{createAnn}, parts: 1},
		{name: "refused", books: "1 blocked, 1 set aside", fail: []error{&plan.StepError{Verdict: plan.Permanent}}, parts: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, j := &service{fail: map[string][]error{createAnn: tt.fail}, answers: map[string]string{createAnn: tt.answer}}, newJournal()
			owns(j, "ann", "id0", old...)
			c := creation("ann")
			c.Replaces, c.Parts = "id0", []plan.PartChange{{List: "comments", Key: "p1", What: "append"}}
			got, err := runner(s, j).Apply(t.Context(), changes(c, friend))
			if err != nil || books(got) != tt.books {
				t.Fatalf("%s %v", books(got), err)
			}
			var ann []string
			for _, key := range s.done {
				if strings.Contains(key, "ann") {
					ann = append(ann, key)
				}
			}
			b := j.bases["contact.a/ann"]
			if want := cmp.Or(tt.answer, "id0"); b.ID != want || len(b.Parts) != tt.parts || !slices.Equal(ann, tt.done) {
				t.Errorf("ann is %+v, done %v", b, s.done)
			}
			if len(b.Parts) > 0 && (b.Parts[0].ID == "part0") == (tt.answer == "id9") {
				t.Errorf("parts %v", b.Parts)
			}
		})
	}
}
