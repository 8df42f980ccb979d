package run_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/plan/run"
)

// labels is a desk that labels: each member of the field is a step, and those of several records go together.
type labels struct {
	desk
	max int // 4 when 0
}

func (labels) Kinds() []plan.Kind {
	kinds := desk{}.Kinds()
	kinds[0].Fields = append(kinds[0].Fields, plan.Field{Name: "labels", Type: plan.TypeStrings, Mode: plan.Members})
	return kinds
}

func (d labels) Steps(c plan.Change) []plan.Step {
	steps := d.desk.Steps(c)
	for _, f := range c.Fields {
		if f.What != "add" {
			continue
		}
		for _, m := range f.After.([]plan.Value) {
			steps = append(steps, plan.Step{Key: c.Address.String() + "#label#" + m.(string), Address: c.Address, Kind: c.Kind, Op: "label", ID: c.ID, Fields: []string{"labels"},
				Payload: plan.Fields{"member": m}, Member: m, Repeatable: true, Bulk: &plan.Bulk{Key: m.(string), Op: "label_all", Max: cmp.Or(d.max, 4), Reads: 1}})
		}
	}
	return steps
}

// labelled is a service that labels many at once, and passes over some in silence.
type labelled struct {
	*service
	over  map[string]bool // ids
	sizes []string        // of the calls for several that were done: label and how many
	each  []string        // keys of the steps that went alone
}

func (s *labelled) Do(ctx context.Context, st plan.Step) (plan.Result, error) {
	res, err := s.service.Do(ctx, st)
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.Op == "label" {
		s.each = append(s.each, st.Key)
	}
	if ids, ok := st.Payload["ids"].([]plan.Value); ok && err == nil {
		s.sizes = append(s.sizes, fmt.Sprint(st.Payload["member"], " ", len(ids)))
		res = plan.Result{}
		for _, id := range ids {
			if !s.over[id.(string)] {
				res.Members = append(res.Members, id.(string))
			}
		}
	}
	return res, err
}

func labelling(key string, with ...plan.Value) plan.Change {
	return creation(key, named(key), plan.FieldChange{Field: "labels", What: "add", After: with})
}

// people are n records with a label each.
func people(n int, with ...plan.Value) (out []plan.Change) {
	for i := range n {
		out = append(out, labelling(fmt.Sprintf("p%02d", i), with...))
	}
	return out
}

func labelRun(parallel int) (*labelled, *journal, *run.Runner) {
	s, j := &labelled{service: &service{fail: map[string][]error{}, answers: map[string]string{}, live: map[string]plan.Live{}}, over: map[string]bool{}}, newJournal()
	for i := range 70 {
		s.answers[fmt.Sprintf(`contact.a["p%02d"]#create#`, i)] = fmt.Sprintf("id%02d", i)
	}
	r := runner(s.service, j)
	r.Dest, r.Writer, r.Parallel = labels{}, s, parallel
	return s, j, r
}

const together = "contact.a#label_all#x"

// TestBulk: what several records get goes in calls of at most four, a rest of one or two alone, and each record is done when
// it has all.
func TestBulk(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes []plan.Change
		over    []string
		fail    map[string][]error
		books   string
		sizes   []string // sorted
		alone   int
		aside   string
		partial int
	}{
		{name: "one goes alone", changes: people(1, "x"), books: "1 created", alone: 1},
		{name: "two go alone, which is no more calls", changes: people(2, "x"), books: "2 created", alone: 2},
		{name: "three go together", changes: people(3, "x"), books: "3 created", sizes: []string{"x 3"}},
		{name: "five are a full call and one alone", changes: people(5, "x"), books: "5 created", sizes: []string{"x 4"}, alone: 1},
		{name: "eleven", changes: people(11, "x"), books: "11 created", sizes: []string{"x 3", "x 4", "x 4"}},
		{name: "two labels each, one of them rare", changes: append(people(4, "x"), labelling("p09", "x", "y")), books: "5 created", sizes: []string{"x 4"}, alone: 2},
		{name: "two labels each", changes: people(3, "x", "y"), books: "3 created", sizes: []string{"x 3", "y 3"}},
		{name: "who is passed over goes alone", changes: people(4, "x"), over: []string{"id02"}, books: "4 created", sizes: []string{"x 4"}, alone: 1},
		{name: "who is passed over and refused alone is set aside alone", changes: people(4, "x"), over: []string{"id02"}, fail: map[string][]error{`contact.a["p02"]#label#x`: {&plan.StepError{Verdict: plan.Permanent, Status: 404, Code: "not_found", Message: "User Not Found"}}},
			books: "3 created, 1 set aside", sizes: []string{"x 4"}, alone: 1, aside: "404 not_found: : User Not Found", partial: 1},
		{name: "a list that is refused goes one by one", changes: people(3, "x"), fail: map[string][]error{together: {&plan.StepError{Verdict: plan.Permanent, Status: 400}}}, books: "3 created", alone: 3},
		{name: "a lost answer is repeated", changes: people(3, "x"), fail: map[string][]error{together: {lost("x")}}, books: "3 created", sizes: []string{"x 3"}},
		{name: "one that is never answered goes one by one", changes: people(3, "x"), fail: map[string][]error{together: {lost("x"), lost("x"), lost("x")}}, books: "3 created", alone: 3},
		{name: "what the provider says against the call concerns all", changes: people(3, "x"), fail: map[string][]error{together: {&plan.StepError{Verdict: plan.Permanent, Code: "renamed", Message: "another label"}}},
			books: "3 set aside", aside: "0 renamed: : another label", partial: 3},
		{name: "a dead token stops the run", changes: people(3, "x"), fail: map[string][]error{together: {&plan.StepError{Verdict: plan.StopRun, Message: "token"}}}, books: "3 not reached", partial: 3},
		{name: "a record that could not be made is not there", changes: people(4, "x"), fail: map[string][]error{`contact.a["p03"]#create#`: {&plan.StepError{Verdict: plan.Permanent, Status: 400}}}, books: "3 created, 1 set aside", sizes: []string{"x 3"}},
	} {
		for _, parallel := range []int{1, 8} {
			t.Run(fmt.Sprint(tt.name, ", parallelism ", parallel), func(t *testing.T) {
				s, j, r := labelRun(parallel)
				for key, errs := range tt.fail {
					s.fail[key] = slices.Clone(errs)
				}
				for _, id := range tt.over {
					s.over[id] = true
				}
				got, _ := r.Apply(t.Context(), changes(tt.changes...))
				slices.Sort(s.sizes)
				if books(got) != tt.books || !slices.Equal(s.sizes, tt.sizes) || len(s.each) != tt.alone {
					t.Errorf("%s, together %v, alone %v; want %s, %v, %d", books(got), s.sizes, s.each, tt.books, tt.sizes, tt.alone)
				}
				partial := 0
				for _, b := range j.bases {
					has, _ := b.Sent["labels"].([]plan.Value)
					if b.Partial != "" {
						partial++
					} else if want := wanted(tt.changes, b.Address.Key); len(has) != want {
						t.Errorf("%s has %v, want %d", b.Address, has, want)
					}
				}
				if partial != tt.partial {
					t.Errorf("%d records are partial, want %d", partial, tt.partial)
				}
				for key, text := range j.aside {
					if tt.aside != "" && text != tt.aside {
						t.Errorf("%s is set aside: %q, want %q", key, text, tt.aside)
					}
				}
				if len(j.open) > 0 {
					t.Errorf("open intents %v", j.open)
				}
			})
		}
	}
}

func wanted(changes []plan.Change, key string) int {
	for _, c := range changes {
		if c.Address.Key == key {
			return len(c.Fields[1].After.([]plan.Value))
		}
	}
	return -1
}

// TestBulkSets: what a set has left over does not wait for the next set, whose records may need it.
func TestBulkSets(t *testing.T) {
	s, _, r := labelRun(4)
	other := people(3, "x")
	for i := range other {
		other[i].Address.Set = "contact.b"
	}
	got, err := r.Apply(t.Context(), changes(append(people(3, "x"), other...)...))
	if err != nil || books(got) != "6 created" || !slices.Equal(s.sizes, []string{"x 3", "x 3"}) {
		t.Fatalf("%s %v %v", books(got), err, s.sizes)
	}
	last := slices.IndexFunc(s.done, func(key string) bool { return key == together })
	first := slices.IndexFunc(s.done, func(key string) bool { return strings.HasPrefix(key, "contact.b") })
	if last < 0 || last > first {
		t.Errorf("done in the order %v", s.done)
	}
}

// TestBulkStopped: once a run is stopped nothing more is sent. What has begun is partial, and running the same plan again
// sends what is left, once.
func TestBulkStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, j, r := labelRun(1)
	made := 0
	r.Observe = func(e run.Event) {
		if e.Step == "set" {
			if made++; made == 3 {
				cancel()
			}
		}
	}
	all := people(4, "x")
	got, err := r.Apply(ctx, changes(all...))
	if err == nil || books(got) != "3 partial, 1 not reached" || len(s.sizes)+len(s.each) > 0 {
		t.Fatalf("%s %v, sent %v %v", books(got), err, s.sizes, s.each)
	}
	for _, b := range j.bases {
		if b.Partial != b.Address.String()+"#label#x" {
			t.Errorf("%s goes on with %q", b.Address, b.Partial)
		}
		s.live[b.ID] = plan.Live{ID: b.ID, Fields: plan.Fields{"name": b.Address.Key}}
	}
	r = runner(s.service, j)
	r.Dest, r.Writer = labels{}, s
	if got, err = r.Apply(t.Context(), changes(all...)); err != nil || books(got) != "4 created" || !slices.Equal(s.sizes, []string{"x 4"}) {
		t.Errorf("again: %s %v %v", books(got), err, s.sizes)
	}
}

// TestBulkTried: before labels of records that are only labelled are sent, the state says so: when the answer is lost with
// the program, what is there is ours.
func TestBulkTried(t *testing.T) {
	s, j, r := labelRun(1)
	var all []plan.Change
	for i, c := range people(3, "x") {
		c.Action, c.ID, c.UpdatedAt, c.Fields = plan.Update, fmt.Sprintf("id%02d", i), 5, c.Fields[1:]
		c.Want = plan.Fields{"labels": []plan.Value{"x"}}
		owns(j, c.Address.Key, c.ID)
		s.live[c.ID] = plan.Live{ID: c.ID, Fields: plan.Fields{}}
		all = append(all, c)
	}
	r.Writer = dying{s, func() {
		for _, b := range j.bases {
			if b.Partial != b.Address.String()+"#label#x" {
				t.Errorf("when the call leaves, %s is at %q", b.Address, b.Partial)
			}
		}
		if j.durable != len(j.log) {
			t.Errorf("the call leaves before this is durable: %v", j.log[j.durable:])
		}
	}}
	if got, err := r.Apply(t.Context(), changes(all...)); err != nil || books(got) != "3 updated" || !slices.Equal(s.sizes, []string{"x 3"}) {
		t.Errorf("%s %v %v", books(got), err, s.sizes)
	}
	// The program has died: the service has the labels and the state does not know.
	for _, b := range j.bases {
		b.Sent, b.Partial = plan.Fields{}, b.Address.String()+"#label#x"
		s.live[b.ID] = plan.Live{ID: b.ID, Fields: plan.Fields{"labels": []plan.Value{"x"}}}
	}
	for i := range all {
		all[i].Fields, all[i].Have = nil, plan.Fields{"labels": []plan.Value{"x"}}
	}
	r = runner(s.service, j)
	r.Dest, r.Writer = labels{}, s
	if got, err := r.Apply(t.Context(), changes(all...)); err != nil || books(got) != "3 updated" || len(s.sizes) != 1 {
		t.Errorf("again: %s %v %v", books(got), err, s.sizes)
	}
	for _, b := range j.bases {
		if !plan.Equal(b.Sent["labels"], []plan.Value{"x"}) || b.Partial != "" {
			t.Errorf("%s has sent %v, partial %q", b.Address, b.Sent, b.Partial)
		}
	}
}

// dying looks at the state when a call for several leaves.
type dying struct {
	*labelled
	look func()
}

func (s dying) Do(ctx context.Context, st plan.Step) (plan.Result, error) {
	if st.Op == "label_all" {
		s.look()
	}
	return s.labelled.Do(ctx, st)
}

// TestBulkMerged: second rows of an object give what they have in the same calls.
func TestBulkMerged(t *testing.T) {
	s, j, r := labelRun(4)
	all := people(3, "x")
	for _, key := range []string{"q1", "q2", "q3"} {
		c := labelling(key, "z")
		c.Action, c.MergedInto, c.Fields = plan.Merged, `contact.a["p00"]`, c.Fields[1:]
		all = append(all, c)
	}
	got, err := r.Apply(t.Context(), changes(all...))
	slices.Sort(s.sizes)
	if err != nil || books(got) != "3 created, 3 merged" || !slices.Equal(s.sizes, []string{"x 3", "z 1"}) {
		t.Fatalf("%s %v %v", books(got), err, s.sizes)
	}
	for _, key := range []string{"q1", "q2", "q3"} {
		if b := j.bases["contact.a/"+key]; b.MergedInto == "" || b.ID != "id00" || b.Partial != "" || !plan.Equal(b.Sent["labels"], []plan.Value{"z"}) {
			t.Errorf("%+v", b)
		}
	}
}

// TestBulkBudget: who is set aside in a call for several counts like anybody else.
func TestBulkBudget(t *testing.T) {
	s, _, r := labelRun(1)
	for i := range 8 {
		s.fail[fmt.Sprintf(`contact.a["p%02d"]#label#x`, i)] = []error{&plan.StepError{Verdict: plan.Permanent, Status: 404}}
		s.over[fmt.Sprintf("id%02d", i)] = true
	}
	r.MaxErrors = 2
	got, err := r.Apply(t.Context(), changes(people(8, "x")...))
	if err == nil || books(got) != "2 set aside, 2 partial, 4 not reached" {
		t.Errorf("%s %v", books(got), err)
	}
}

// TestBulkRate: those that wait count as tried, so that those that fail meanwhile are no greater part of the set than they are.
func TestBulkRate(t *testing.T) {
	s, _, r := labelRun(1)
	r.Dest = labels{max: 100}
	for i := 44; i < 66; i++ {
		s.fail[fmt.Sprintf(`contact.a["p%02d"]#create#`, i)] = []error{&plan.StepError{Verdict: plan.Permanent, Status: 400}}
	}
	rate := 0.4
	r.Sets = map[string]*plan.Set{"contact.a": {MaxErrorRate: &rate}}
	got, err := r.Apply(t.Context(), changes(people(66, "x")...))
	if err != nil || books(got) != "44 created, 22 set aside" || !slices.Equal(s.sizes, []string{"x 44"}) {
		t.Errorf("%s %v %v", books(got), err, s.sizes)
	}
}
