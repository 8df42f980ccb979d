package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/plan"
)

// TestDefer: what is made later is taken out of a change and put back by the change that follows.
func TestDefer(t *testing.T) {
	kind := &plan.Kind{Name: "object", Fields: []plan.Field{
		{Name: "name", Type: plan.TypeString, Mode: plan.Mutable},
		{Name: "owner", Type: plan.TypeRef, Mode: plan.Mutable},
		{Name: "type", Type: plan.TypeRef, Mode: plan.CreateOnly, AtCreate: true},
		{Name: "links", Type: plan.TypeMap, Elem: plan.TypeRefs, Mode: plan.Members, Attributes: "x"},
	}}
	ref := func(key string) plan.Value { return plan.Ref{Targets: []plan.Target{{Set: "object.a", Key: key}}} }
	later := func(t plan.Target) bool { return t.Key >= "b" }
	set := func(name string, v plan.Value) plan.FieldChange {
		return plan.FieldChange{Field: name, What: "set", After: v}
	}
	add := func(v ...plan.Value) plan.FieldChange {
		return plan.FieldChange{Field: "links.x", What: "add", After: v}
	}
	follows := func(f plan.FieldChange) plan.FieldChange { f.Reason = plan.Follows; return f }
	keep := plan.FieldChange{Field: "name", What: "keep", Before: "n", After: "m"}
	for _, tc := range []struct {
		name             string
		action           plan.Action
		fields           []plan.FieldChange
		now, then, after []plan.FieldChange // what is written first, what is deferred, what follows
	}{
		{"nothing to wait for", plan.Create, []plan.FieldChange{set("owner", ref("a")), add("1", ref("a"))}, []plan.FieldChange{set("owner", ref("a")), add("1", ref("a"))}, nil, nil},
		{"some members", plan.Create, []plan.FieldChange{add("1", ref("a"), ref("b"), ref("c"))}, []plan.FieldChange{add("1", ref("a"))}, []plan.FieldChange{follows(add(ref("b"), ref("c")))}, []plan.FieldChange{follows(add(ref("b"), ref("c")))}},
		{"all members", plan.Update, []plan.FieldChange{add(ref("b"))}, []plan.FieldChange{}, []plan.FieldChange{follows(add(ref("b")))}, []plan.FieldChange{follows(add(ref("b")))}},
		{"one reference, and what is kept stays kept", plan.Update, []plan.FieldChange{keep, set("owner", ref("b"))}, []plan.FieldChange{keep}, []plan.FieldChange{follows(set("owner", ref("b")))}, []plan.FieldChange{keep, follows(set("owner", ref("b")))}},
		{"needed at creation", plan.Create, []plan.FieldChange{set("type", ref("b"))}, []plan.FieldChange{set("type", ref("b"))}, nil, nil},
		{"writes nothing", plan.Keep, []plan.FieldChange{add(ref("b"))}, []plan.FieldChange{add(ref("b"))}, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := plan.Fields{}
			for _, f := range tc.fields {
				want[f.Field] = f.After
			}
			c := plan.Change{Address: plan.Address{Set: "object.a", Key: "b"}, Kind: "object", Action: tc.action, Fields: tc.fields, Want: want}
			plan.Defer(kind, &c, later)
			if diff := cmp.Diff(tc.now, c.Fields); diff != "" {
				t.Errorf("first -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tc.then, c.Deferred); diff != "" {
				t.Errorf("deferred -want +got:\n%s", diff)
			}
			f, ok := c.Following()
			if ok != (tc.then != nil) {
				t.Fatalf("something follows: %v", ok)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(tc.after, f.Fields); diff != "" {
				t.Errorf("following -want +got:\n%s", diff)
			}
			if f.Action != plan.Update || !plan.Equal(map[string]plan.Value(f.Want), map[string]plan.Value(want)) {
				t.Errorf("%s wants %v, want %v", f.Action, f.Want, want)
			}
		})
	}
}
