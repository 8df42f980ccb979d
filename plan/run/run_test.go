package run_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskform/plan"
	"deskform/plan/run"
)

// desk is a destination whose steps are one create, one call per field, one per part.
type desk struct{}

func (desk) Kinds() []plan.Kind {
	return []plan.Kind{{Name: "contact", Creatable: true, Version: 1, Fields: []plan.Field{
		{Name: "name", Type: plan.TypeString, Mode: plan.Mutable}, {Name: "friend", Type: plan.TypeRef, Mode: plan.Mutable}}}}
}

func (desk) Normalize(string, *plan.Want, func(string, string) (plan.AttributeDef, bool)) []plan.Problem {
	return nil
}

func (desk) Steps(c plan.Change) []plan.Step {
	var steps []plan.Step
	step := func(op, sub string, s plan.Step) {
		s.Key, s.Address, s.Kind, s.Op = c.Address.String()+"#"+op+"#"+sub, c.Address, c.Kind, op
		if s.Payload == nil {
			s.Payload = plan.Fields{}
		}
		steps = append(steps, s)
	}
	if c.Action == plan.Create {
		step("create", "", plan.Step{})
	}
	for _, f := range c.Fields {
		if f.What == "set" {
			step("set", f.Field, plan.Step{Fields: []string{f.Field}, Payload: plan.Fields{f.Field: f.After}, Repeatable: true})
		}
	}
	for _, p := range c.Parts {
		private, _ := p.Fields["private"].(bool)
		step("part", p.Key, plan.Step{Part: p.Key, List: p.List, Hash: p.Hash, Public: !private, SourcePrivate: p.SourcePrivate})
	}
	return steps
}

// service is the far end: it holds what was done, and fails as told.
type service struct {
	plan.Writer // Workspace and Sweep are not called
	mu          sync.Mutex
	done        []string
	fail        map[string][]error // by step key, used up one after the other
	happened    map[string]bool    // what Settle finds
	live        map[string]plan.Live
	n           int
	shown       map[string][]string // ids that Settle finds, by step key
	used        map[string]bool     // copies that somebody has used
	removed     []string
	tried       []int64           // since when each call was tried
	answers     map[string]string // ids that a create answers with
}

func (s *service) Get(_ context.Context, _, id string) (plan.Live, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.live[id]
	if !ok {
		return l, plan.ErrNotFound
	}
	return l, nil
}

func (s *service) Do(_ context.Context, st plan.Step) (plan.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried = append(s.tried, st.TriedAt)
	if errs := s.fail[st.Key]; len(errs) > 0 {
		s.fail[st.Key] = errs[1:]
		if errs[0] != nil {
			return plan.Result{ID: s.answers[st.Key]}, errs[0]
		}
	}
	s.n++
	s.done = append(s.done, st.Key)
	id := st.ID
	if st.Op == "create" {
		id = cmp.Or(s.answers[st.Key], fmt.Sprint("id", s.n))
	}
	return plan.Result{ID: id, PartID: fmt.Sprint("part", s.n)}, nil
}

func (s *service) Settle(_ context.Context, in plan.Intent) (plan.Settlement, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := plan.Settlement{Found: s.happened[in.Step.Key], Result: plan.Result{ID: "found"}}
	if ids := s.shown[in.Step.Key]; len(ids) > 0 {
		got = plan.Settlement{Found: true, Result: plan.Result{ID: in.Step.ID, PartID: ids[0]}, Copies: ids[1:]}
		if in.Step.Part == "" {
			got.Result = plan.Result{ID: ids[0]}
		}
	}
	return got, nil
}

func (s *service) RemoveCopy(_ context.Context, _ plan.Intent, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used[id] {
		return errors.New("somebody has written in it")
	}
	s.removed = append(s.removed, id)
	return nil
}

// journal is the state in memory. It checks the promise: a step that is not repeatable has an open intent.
type journal struct {
	mu    sync.Mutex
	bases map[string]*plan.Base
	open  map[string]plan.Intent
	aside map[string]string
	log   []string
	// durable is how much of the log is on the disk.
	durable int

	repeated []plan.Intent
}

func newJournal() *journal {
	return &journal{bases: map[string]*plan.Base{}, open: map[string]plan.Intent{}, aside: map[string]string{}}
}

func (j *journal) Base(_ context.Context, set, key string) (*plan.Base, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b, ok := j.bases[set+"/"+key]
	if !ok {
		return nil, nil
	}
	c := *b
	c.Parts = slices.Clone(b.Parts)
	return &c, nil
}

func (j *journal) Resolve(_ context.Context, t plan.Target) (string, string, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b, ok := j.bases[t.Set+"/"+t.Key]
	if !ok || b.ID == "" {
		return "", "", false, nil
	}
	return b.Kind, b.ID, true, nil
}

func (j *journal) ByID(_ context.Context, kind, id string) ([]plan.Address, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []plan.Address
	for _, b := range j.bases {
		if b.Kind == kind && b.ID == id {
			out = append(out, b.Address)
		}
	}
	return out, nil
}

func (j *journal) Anew(b *plan.Base) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := *b
	c.Parts = nil
	j.bases[b.Address.Set+"/"+b.Address.Key] = &c
	j.log = append(j.log, "anew "+b.Address.String())
}

func (j *journal) Begin(_ context.Context, in plan.Intent) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open[in.Step.Key] = in
	j.log = append(j.log, "begin "+in.Step.Key)
	return nil
}

func (j *journal) Record(s plan.Step, r plan.Result, b *plan.Base) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, s.Key)
	c := *b
	c.Parts = slices.Clone(b.Parts)
	j.bases[b.Address.Set+"/"+b.Address.Key] = &c
	j.log = append(j.log, "record "+s.Key)
}

func (j *journal) Fail(s plan.Step, _ string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, s.Key)
}

func (j *journal) Repeat(in plan.Intent) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, in.Step.Key)
	j.repeated = append(j.repeated, in)
}

func (j *journal) Repeated(context.Context) iter.Seq2[plan.Intent, error] {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := slices.Clone(j.repeated)
	return func(yield func(plan.Intent, error) bool) {
		for _, in := range all {
			if !yield(in, nil) {
				return
			}
		}
	}
}

func (j *journal) Forget(_ context.Context, step string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.repeated = slices.DeleteFunc(j.repeated, func(in plan.Intent) bool { return in.Step.Key == step })
	return nil
}

func (j *journal) Flush(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.durable = len(j.log)
	return nil
}

func (j *journal) OpenIntents(context.Context) iter.Seq2[plan.Intent, error] {
	j.mu.Lock()
	open := slices.Collect(maps.Values(j.open))
	j.mu.Unlock()
	return func(yield func(plan.Intent, error) bool) {
		for _, in := range open {
			if !yield(in, nil) {
				return
			}
		}
	}
}

func (j *journal) SetAside(_ context.Context, a plan.Address, cause, _, text string, _ int) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.aside[a.Key] = cause + ": " + text
	return nil
}

func (j *journal) Aside(context.Context) ([]plan.Address, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []plan.Address
	for key := range j.aside {
		out = append(out, creation(key).Address)
	}
	return out, nil
}

func (j *journal) ClearSetAside(_ context.Context, a plan.Address) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.aside, a.Key)
	return nil
}

// jump is a clock that sleeps by moving on.
type jump struct {
	mu  sync.Mutex
	now time.Time
}

func (c *jump) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *jump) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

func runner(s *service, j *journal) *run.Runner {
	return &run.Runner{Dest: desk{}, Writer: s, Journal: j, Clock: &jump{now: time.Unix(1000, 0)}, RunID: "r1", Parallel: 4, SettleAfter: time.Minute, Attempts: 3,
		Pause: func(n int, _ error) time.Duration { return time.Duration(n) * time.Second }}
}

func creation(key string, fields ...plan.FieldChange) plan.Change {
	want := plan.Fields{}
	for _, f := range fields {
		want[f.Field] = f.After
	}
	return plan.Change{Address: plan.Address{Set: "contact.a", Key: key}, Kind: "contact", Action: plan.Create, Fields: fields, Want: want}
}

func named(name string) plan.FieldChange {
	return plan.FieldChange{Field: "name", What: "set", After: name}
}

func changes(cs ...plan.Change) iter.Seq2[plan.Change, error] {
	return func(yield func(plan.Change, error) bool) {
		for _, c := range cs {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func lost(key string) error {
	return &plan.StepError{Step: key, Verdict: plan.Unknown, Message: "reset"}
}

func books(b plan.Books) string {
	var parts []string
	for _, o := range plan.Outcomes() {
		if n := b.Total(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(parts, ", ")
}

const createAnn = `contact.a["ann"]#create#`

func TestApply(t *testing.T) {
	yes, no := true, false
	_ = no
	for _, tc := range []struct {
		name     string
		change   plan.Change
		fail     map[string][]error
		happened map[string]bool
		outcome  string
		steps    string
		err      string
	}{
		{name: "created step by step", change: creation("ann", named("Ann")), outcome: "1 created", steps: "create set"},
		{name: "a lost answer, and it happened", change: creation("ann", named("Ann")), fail: map[string][]error{createAnn: {lost(createAnn)}},
			happened: map[string]bool{createAnn: true}, outcome: "1 created", steps: "set"},
		{name: "a lost answer, and it did not happen: repeated", change: creation("ann"), fail: map[string][]error{createAnn: {lost(createAnn)}}, outcome: "1 created", steps: "create"},
		{name: "a refusal sets the record aside", change: creation("ann"), fail: map[string][]error{createAnn: {&plan.StepError{Verdict: plan.Permanent, Status: 400, Code: "bad"}}}, outcome: "1 set aside"},
		{name: "a refusal that means done", change: creation("ann", named("Ann")), fail: map[string][]error{createAnn: {&plan.StepError{Verdict: plan.Done}}}, outcome: "1 created", steps: "set"},
		{name: "a dead token stops the run", change: creation("ann"), fail: map[string][]error{createAnn: {&plan.StepError{Verdict: plan.StopRun, Message: "token"}}}, outcome: "1 not reached", err: "run apply again"},
		{name: "a private comment is not sent as public", change: func() plan.Change {
			c := creation("ann")
			c.Parts = []plan.PartChange{{List: "comments", Key: "p", What: "append", Fields: plan.Fields{"private": false}, SourcePrivate: &yes}}
			return c
		}(), outcome: "1 set aside", steps: "create"},
		{name: "a reference to what was never written", change: creation("ann", plan.FieldChange{Field: "friend", What: "set", After: plan.Ref{Targets: []plan.Target{{Set: "contact.a", Key: "bob"}}}}), outcome: "1 blocked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, j := &service{fail: tc.fail, happened: tc.happened}, newJournal()
			got, err := runner(s, j).Apply(t.Context(), changes(tc.change))
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			if books(got) != tc.outcome {
				t.Errorf("books %q, want %q", books(got), tc.outcome)
			}
			var ops []string
			for _, key := range s.done {
				ops = append(ops, strings.Split(key, "#")[1])
			}
			if strings.Join(ops, " ") != tc.steps {
				t.Errorf("steps %v, want %s", ops, tc.steps)
			}
			if len(j.open) > 0 {
				t.Errorf("intents stay open: %v", j.open)
			}
		})
	}
}

// An intent is open before a step that is not repeatable is sent, and is closed with its result.
func TestIntentBeforeStep(t *testing.T) {
	s, j := &service{}, newJournal()
	if _, err := runner(s, j).Apply(t.Context(), changes(creation("ann"))); err != nil {
		t.Fatal(err)
	}
	if want := []string{"begin " + createAnn, "record " + createAnn}; !slices.Equal(j.log, want) {
		t.Errorf("%v, want %v", j.log, want)
	}
}

// A plan that is run again does only what is left of it.
func TestRunAgain(t *testing.T) {
	c := creation("ann", named("Ann"))
	c.Parts = []plan.PartChange{{List: "comments", Key: "p1", What: "append"}, {List: "comments", Key: "p2", What: "append"}}
	second := `contact.a["ann"]#part#p2`
	s, j := &service{fail: map[string][]error{second: {&plan.StepError{Verdict: plan.Permanent, Status: 500}}}, live: map[string]plan.Live{}}, newJournal()
	got, err := runner(s, j).Apply(t.Context(), changes(c))
	if err != nil || books(got) != "1 set aside" {
		t.Fatalf("%s %v", books(got), err)
	}
	base, _ := j.Base(t.Context(), "contact.a", "ann")
	if base.Partial != second {
		t.Errorf("partial is %q", base.Partial)
	}
	s.live[base.ID] = plan.Live{ID: base.ID, Fields: plan.Fields{"name": "Ann"}}
	s.done = nil
	if got, err = runner(s, j).Apply(t.Context(), changes(c)); err != nil || books(got) != "1 created" {
		t.Fatalf("%s %v", books(got), err)
	}
	if !slices.Equal(s.done, []string{second}) {
		t.Errorf("the second run did %v", s.done)
	}
	if len(j.aside) > 0 {
		t.Errorf("still set aside: %v", j.aside)
	}
}

// An update compares what it finds with what was planned against.
func TestCompareAndSet(t *testing.T) {
	for _, tc := range []struct{ name, have, outcome, steps string }{
		{"as planned", "Ann", "1 updated", "set"},
		{"already as wanted", "Anna", "1 updated", ""},
		{"something else", "Annie", "1 conflict", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, j := &service{live: map[string]plan.Live{"id1": {ID: "id1", Fields: plan.Fields{"name": tc.have}}}}, newJournal()
			j.bases["contact.a/ann"] = &plan.Base{Address: plan.Address{Set: "contact.a", Key: "ann"}, Kind: "contact", ID: "id1", Origin: "created", Sent: plan.Fields{"name": "Ann"}, Seen: plan.Fields{"name": "Ann"}}
			c := creation("ann", plan.FieldChange{Field: "name", What: "set", Before: "Ann", After: "Anna"})
			c.Action, c.ID, c.UpdatedAt = plan.Update, "id1", 5
			got, err := runner(s, j).Apply(t.Context(), changes(c))
			if err != nil || books(got) != tc.outcome {
				t.Errorf("%s %v, want %s", books(got), err, tc.outcome)
			}
			if len(s.done) > 0 != (tc.steps != "") {
				t.Errorf("steps %v", s.done)
			}
		})
	}
}

// An interrupt lets what is in flight finish and reaches nothing more; the books still have every row.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, j := &service{}, newJournal()
	r := runner(s, j)
	r.Parallel = 1
	r.Observe = func(e run.Event) {
		if e.Step == "create" {
			cancel()
		}
	}
	got, err := r.Apply(ctx, changes(creation("ann", named("Ann")), creation("bob"), creation("eve")))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if books(got) != "1 partial, 2 not reached" {
		t.Errorf("books %s", books(got))
	}
	if len(j.open) > 0 || j.bases["contact.a/ann"] == nil {
		t.Error("what was in flight is not recorded")
	}
}

// FailFast stops at the first record that is set aside.
func TestFailFast(t *testing.T) {
	s, j := &service{fail: map[string][]error{createAnn: {&plan.StepError{Verdict: plan.Permanent, Status: 400}}}}, newJournal()
	r := runner(s, j)
	r.Parallel, r.FailFast = 1, true
	got, err := r.Apply(t.Context(), changes(creation("ann"), creation("bob")))
	if !errors.Is(err, run.ErrStopped) || books(got) != "1 set aside, 1 not reached" {
		t.Errorf("%s %v", books(got), err)
	}
}

// Settle decides the open intents of a run that died.
func TestSettle(t *testing.T) {
	ann, bob := plan.Address{Set: "contact.a", Key: "ann"}, plan.Address{Set: "contact.a", Key: "bob"}
	j := newJournal()
	for _, a := range []plan.Address{ann, bob} {
		key := a.String() + "#create#"
		j.open[key] = plan.Intent{Step: plan.Step{Key: key, Address: a, Kind: "contact", Op: "create"}, At: time.Unix(1, 0)}
	}
	s := &service{happened: map[string]bool{createAnn: true}}
	found, repeat, doubt, err := runner(s, j).Settle(t.Context())
	if err != nil || found != 1 || repeat != 1 || len(doubt) != 0 {
		t.Fatalf("found %d, repeat %d, doubt %v, %v", found, repeat, doubt, err)
	}
	if b := j.bases["contact.a/ann"]; b == nil || b.ID != "found" {
		t.Errorf("ann is %v", b)
	}
	if len(j.open) > 0 {
		t.Error("intents stay open")
	}
}
