package run_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/plan/run"
)

func friend(key string) plan.FieldChange {
	return plan.FieldChange{Field: "friend", What: "set", After: plan.Ref{Targets: []plan.Target{{Set: "contact.a", Key: key}}}}
}

// deferring is a creation that writes its friend later.
func deferring(key, to string) plan.Change {
	c := creation(key)
	c.Deferred = []plan.FieldChange{friend(to)}
	return c
}

// shown makes a service show what it has made.
type shown struct{ *service }

func (s shown) Get(_ context.Context, _, id string) (plan.Live, error) {
	return plan.Live{ID: id, Fields: plan.Fields{}}, nil
}

func linking(s *service, j *journal) *run.Runner {
	r := runner(s, j)
	r.Writer = shown{s}
	return r
}

// A record waits for one of its own set that comes before it, whatever the parallelism.
func TestWaits(t *testing.T) {
	for _, parallel := range []int{1, 2, 64} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			cs := []plan.Change{creation("p10")}
			for i := 11; i < 60; i++ {
				cs = append(cs, creation(fmt.Sprint("p", i), friend(fmt.Sprint("p", i-1))))
			}
			s, j := &service{}, newJournal()
			r := linking(s, j)
			r.Parallel = parallel
			got, err := r.Apply(t.Context(), changes(cs...))
			if err != nil || books(got) != "50 created" {
				t.Fatalf("%s %v %v", books(got), err, j.aside)
			}
			for i := 11; i < 60; i++ {
				if b := j.bases[fmt.Sprint("contact.a/p", i)]; b.Sent["friend"] != j.bases[fmt.Sprint("contact.a/p", i-1)].ID {
					t.Errorf("p%d has the friend %v", i, b.Sent["friend"])
				}
			}
		})
	}
}

// What refers to each other is made first and linked then; each counts once.
func TestFollows(t *testing.T) {
	for _, parallel := range []int{1, 64} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			s, j := &service{}, newJournal()
			r := linking(s, j)
			r.Parallel = parallel
			got, err := r.Apply(t.Context(), changes(deferring("ann", "bob"), creation("bob", friend("ann")), deferring("self", "self")))
			if err != nil || books(got) != "3 created" {
				t.Fatalf("%s %v %v", books(got), err, j.aside)
			}
			for who, other := range map[string]string{"ann": "bob", "bob": "ann", "self": "self"} {
				b := j.bases["contact.a/"+who]
				if b.Sent["friend"] != j.bases["contact.a/"+other].ID || b.Partial != "" {
					t.Errorf("%s has the friend %v and is partial at %q", who, b.Sent["friend"], b.Partial)
				}
			}
		})
	}
}

// What cannot be linked, because the other one failed, is blocked under that cause and begun.
func TestFollowsNothing(t *testing.T) {
	s, j := &service{fail: map[string][]error{`contact.a["bob"]#create#`: {&plan.StepError{Verdict: plan.Permanent, Status: 400}}}}, newJournal()
	got, err := linking(s, j).Apply(t.Context(), changes(deferring("ann", "bob"), creation("bob")))
	if err != nil || books(got) != "1 blocked, 1 set aside" {
		t.Fatalf("%s %v", books(got), err)
	}
	if !strings.HasPrefix(j.aside["ann"], run.BlockedBy+`contact.a["bob"]`) {
		t.Errorf("set aside: %v", j.aside)
	}
	if b := j.bases["contact.a/ann"]; b.ID == "" || b.Partial == "" {
		t.Errorf("ann is %+v", b)
	}
}

// A run that ends between the two parts says that the record is partial, and the state remembers it.
func TestInterruptedBeforeFollowing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, j := &service{}, newJournal()
	r := linking(s, j)
	r.Parallel = 1
	n := 0
	r.Observe = func(e run.Event) {
		if n++; e.Step == "create" && e.Address.Key == "bob" {
			cancel()
		}
	}
	got, err := r.Apply(ctx, changes(deferring("ann", "bob"), creation("bob")))
	if !errors.Is(err, context.Canceled) || books(got) != "1 created, 1 partial" {
		t.Fatalf("%s %v", books(got), err)
	}
	if b := j.bases["contact.a/ann"]; b.Partial == "" {
		t.Error("nothing says that something is left of ann")
	}
	if got, err = linking(s, j).Apply(t.Context(), changes(deferring("ann", "bob"), creation("bob"))); err != nil || books(got) != "2 created" {
		t.Fatalf("again: %s %v", books(got), err)
	}
	if want := []string{`contact.a["ann"]#create#`, `contact.a["bob"]#create#`, `contact.a["ann"]#set#friend`}; !slices.Equal(s.done, want) {
		t.Errorf("it did %v", s.done)
	}
}
