package plan_test

import (
	"strings"
	"testing"

	"deskform/plan"
)

// person is the contact kind with what tells its objects apart.
var person = plan.Kind{
	Name: "contact", Creatable: true, Version: 1, Matches: []string{"email", "phone"}, Restorable: true,
	Fields: []plan.Field{
		{Name: "role", Type: plan.TypeEnum, Enum: []string{"user"}, Mode: plan.CreateOnly, Sort: true},
		{Name: "external_id", Type: plan.TypeString, Mode: plan.Mutable, FillOnly: true},
		{Name: "email", Type: plan.TypeString, Mode: plan.Mutable},
		{Name: "name", Type: plan.TypeString, Mode: plan.Mutable},
		{Name: "companies", Type: plan.TypeRefs, Mode: plan.Members},
	},
}

func people(more func(*plan.Set)) *plan.Set {
	s := &plan.Set{Name: "contact.people", Kind: "contact", Match: []string{"email"}, OnAdopt: plan.PolicyFill, OnDrift: plan.PolicyKeep, OnFrozen: plan.PolicyKeep}
	if more != nil {
		more(s)
	}
	return s
}

// TestFillOnly: a value that is there is never changed, by no policy; an empty one is filled.
func TestFillOnly(t *testing.T) {
	overwrite := func(s *plan.Set) { s.OnDrift, s.OnAdopt = plan.PolicyOverwrite, plan.PolicyOverwrite }
	fail := func(s *plan.Set) { s.OnDrift, s.OnFrozen = plan.PolicyFail, plan.PolicyFail }
	for _, tc := range []struct {
		name             string
		set              func(*plan.Set)
		known            bool
		want, sent, have plan.Value
		expect, why      string
	}{
		{"adopted, another is there, everything is overwritten", overwrite, false, "e1", nil, "login", `adopt ann keep:external_id="login"`, "is not empty in Intercom, and is never changed there"},
		{"adopted, another is there", nil, false, "e1", nil, "login", `adopt ann keep:external_id="login"`, "is not empty in Intercom"},
		{"adopted, none is there", nil, false, "e1", nil, nil, `adopt ann set:external_id="e1"`, ""},
		{"the decision changed", overwrite, true, "e2", "e1", "e1", `frozen ann frozen:external_id="e1"`, "is never changed there"},
		{"the decision changed, and that is a question", fail, true, "e2", "e1", "e1", `conflict ann conflict:external_id="e1"`, "is never changed there"},
		{"the source has none any more", nil, true, nil, "e1", "e1", `frozen ann frozen:external_id="e1"`, "is never changed there"},
		{"somebody changed it", overwrite, true, "e1", "e1", "login", `keep ann keep:external_id="login"`, "is never changed back"},
		{"somebody changed it, and that is a question", fail, true, "e1", "e1", "login", `conflict ann conflict:external_id="login"`, "is never changed back"},
		{"decided later, none is there", nil, true, "e1", nil, nil, `update ann set:external_id="e1"`, ""},
		{"decided later, another is there", nil, true, "e1", nil, "login", `frozen ann frozen:external_id="login"`, "is never changed there"},
		{"as it was adopted", overwrite, true, "e1", "e1", "e1", `no-op ann`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := &plan.Want{Key: "ann", Match: plan.Fields{"email": "ann@x"}, Fields: plan.Fields{"email": "ann@x", "external_id": tc.want}}
			w := &memory{live: map[string]*plan.Live{"c1": {Kind: "contact", ID: "c1", Fields: plan.Fields{"role": "user", "email": "ann@x", "external_id": tc.have}}}}
			var bases []*plan.Base
			if tc.known {
				base := annBase("", "")
				base.Sent, base.Seen = plan.Fields{"email": "ann@x", "external_id": tc.sent}, plan.Fields{"email": "ann@x", "external_id": tc.sent}
				if tc.name == "decided later, another is there" {
					base.Seen["external_id"] = "login"
				}
				bases = append(bases, base)
			}
			got := diff(t, people(tc.set), &person, []*plan.Want{want}, bases, w)
			if brief(got) != tc.expect {
				t.Errorf("got  %s\nwant %s", brief(got), tc.expect)
			}
			if tc.why != "" && !strings.Contains(got[0].Fields[0].Reason, tc.why) {
				t.Errorf("reason %q, want %q in it", got[0].Fields[0].Reason, tc.why)
			}
		})
	}
}

// TestLeads: whoever is of another sort is neither adopted nor a second match, and the plan says that they are there.
func TestLeads(t *testing.T) {
	one := func(id, role, email string) *plan.Live {
		return &plan.Live{Kind: "contact", ID: id, Fields: plan.Fields{"role": role, "email": email}}
	}
	want := func() *plan.Want {
		return &plan.Want{Key: "ann", Match: plan.Fields{"email": "ann@x"}, Fields: plan.Fields{"role": "user", "email": "ann@x"}}
	}
	t.Run("a lead alone", func(t *testing.T) {
		got := diff(t, people(nil), &person, []*plan.Want{want()}, nil, &memory{live: map[string]*plan.Live{"l1": one("l1", "lead", "ann@x"), "l2": one("l2", "lead", "ann@x")}})
		if got[0].Action != plan.Create || got[0].Reason != "the lead l1 has the same email and is left alone, and so are 1 more" {
			t.Errorf("%s: %s", got[0].Action, got[0].Reason)
		}
	})
	t.Run("beside a user", func(t *testing.T) {
		got := diff(t, people(nil), &person, []*plan.Want{want()}, nil, &memory{live: map[string]*plan.Live{"l1": one("l1", "lead", "ann@x"), "u1": one("u1", "user", "ann@x")}})
		if got[0].Action != plan.Adopt || got[0].ID != "u1" || got[0].Reason != "already in Intercom, found by email; the lead l1 has the same email and is left alone" {
			t.Errorf("%s %s: %s", got[0].Action, got[0].ID, got[0].Reason)
		}
	})
}

// TestAmbiguous: every object that matches is named, with the field, and what to do.
func TestAmbiguous(t *testing.T) {
	live := map[string]*plan.Live{}
	for _, id := range []string{"u1", "u2", "u3"} {
		live[id] = &plan.Live{Kind: "contact", ID: id, Fields: plan.Fields{"role": "user", "phone": "+7"}}
	}
	live["u3"].Fields = plan.Fields{"role": "user", "email": "ann@x"}
	want := &plan.Want{Key: "ann", Match: plan.Fields{"email": "ann@x", "phone": "+7"}, Fields: plan.Fields{"email": "ann@x"}}
	got := diff(t, people(func(s *plan.Set) { s.Match = []string{"email", "phone"} }), &person, []*plan.Want{want}, nil, &memory{live: live})
	if got[0].Action != plan.Conflict || strings.Join(got[0].Candidates, " ") != "u3 u1 u2" ||
		!strings.HasPrefix(got[0].Reason, "3 objects in Intercom match it: u3 by email, u1 by phone, u2 by phone; merge them into one") {
		t.Errorf("%s %v: %s", got[0].Action, got[0].Candidates, got[0].Reason)
	}
}

// mergedAway is a World in which c1 was merged into another.
type mergedAway struct {
	memory
	into string
}

func (m *mergedAway) Live(kind, id string) (*plan.Live, error) {
	if id == "c1" {
		id = m.into
	}
	return m.memory.Live(kind, id)
}

// TestMergedInIntercom: a record follows its object; when another record has the survivor, it becomes its second name,
// and stays so.
func TestMergedInIntercom(t *testing.T) {
	want := func(name string) *plan.Want {
		w := ann(name)
		w.Fields["companies"] = []plan.Value{"k1"}
		return w
	}
	survivor := func() map[string]*plan.Live {
		return map[string]*plan.Live{"c9": {Kind: "contact", ID: "c9", UpdatedAt: 7, Fields: plan.Fields{"email": "bob@x", "name": "Ann", "companies": []plan.Value{}}}}
	}
	plain := func(set *plan.Set, wants []*plan.Want, bases []*plan.Base, w *mergedAway) []plan.Change {
		var out []plan.Change
		for c, err := range plan.Diff(set, &person, seq(wants...), seq(bases...), w) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c)
		}
		return out
	}
	t.Run("the record moves", func(t *testing.T) {
		got := plain(people(nil), []*plan.Want{ann("Ann")}, []*plan.Base{annBase("Ann", "Ann")}, &mergedAway{memory{live: survivor()}, "c9"})[0]
		if got.Action != plan.Update || got.ID != "c9" || got.MovedFrom != "c1" || got.Reason != "c1 was merged in Intercom into c9, which the record is from now on" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a question stays where it is", func(t *testing.T) {
		got := plain(people(func(s *plan.Set) { s.OnDrift = plan.PolicyFail }), []*plan.Want{ann("Ann")}, []*plan.Base{annBase("Ann", "Ann")}, &mergedAway{memory{live: survivor()}, "c9"})[0]
		if got.Action != plan.Conflict || got.MovedFrom != "" || !strings.HasSuffix(got.Reason, "which the record is from now on once that is answered") {
			t.Errorf("%+v", got)
		}
	})
	bob := plan.Target{Set: "contact.people", Key: "bob"}
	world := func() *mergedAway {
		return &mergedAway{memory{live: survivor(), owners: map[string]plan.Target{"c9": bob}, targets: map[plan.Target]plan.Resolved{bob: {Action: plan.NoOp, ID: "c9"}}}, "c9"}
	}
	t.Run("another record has it", func(t *testing.T) {
		got := plain(people(nil), []*plan.Want{want("Ann")}, []*plan.Base{annBase("Ann", "Ann")}, world())[0]
		if got.Action != plan.Merged || got.MergedInto != `contact.people["bob"]` || !got.Pending() || brief([]plan.Change{got}) != `merged ann add:companies=["k1"]` ||
			got.Reason != `c1 was merged in Intercom into the object of contact.people["bob"], which owns the fields` {
			t.Errorf("%+v", got)
		}
	})
	t.Run("and so it stays", func(t *testing.T) {
		base := annBase("Ann", "Ann")
		base.Origin, base.ID, base.MergedInto, base.Seen[plan.MergedFrom] = "merged", "c9", `contact.people["bob"]`, "c1"
		w := world()
		w.live["c9"].Fields["companies"] = []plan.Value{"k1"}
		got := plain(people(nil), []*plan.Want{want("Ann")}, []*plan.Base{base}, w)[0]
		if got.Action != plan.Merged || got.Pending() {
			t.Errorf("%+v", got)
		}
	})
	t.Run("whoever finds it in the same plan", func(t *testing.T) {
		w := &mergedAway{memory{live: survivor()}, "c9"}
		zoe := &plan.Want{Key: "zoe", Match: plan.Fields{"email": "bob@x"}, Fields: plan.Fields{"email": "bob@x"}}
		got := diffIn(t, people(nil), []*plan.Want{ann("Ann"), zoe}, []*plan.Base{annBase("Ann", "Ann")}, w)
		if got[0].Action != plan.Update || got[1].Action != plan.Merged || got[1].MergedInto != `contact.people["ann"]` {
			t.Errorf("%s, %s into %s", got[0].Action, got[1].Action, got[1].MergedInto)
		}
	})
}

func diffIn(t *testing.T, set *plan.Set, wants []*plan.Want, bases []*plan.Base, w *mergedAway) []plan.Change {
	t.Helper()
	var out []plan.Change
	w.targets = map[plan.Target]plan.Resolved{}
	for c, err := range plan.Diff(set, &person, seq(wants...), seq(bases...), w) {
		if err != nil {
			t.Fatal(err)
		}
		w.targets[c.Address.Target()] = plan.Resolved{Action: c.Action, ID: c.ID}
		out = append(out, c)
	}
	return out
}
