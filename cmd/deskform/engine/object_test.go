package engine_test

import (
	"bytes"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/intercom/sandbox"
)

const causeConfig = `
data "export" "problems" {
  file = "problems.jsonl"
  key  = ["id"]
}
custom_object "problem" {
  name = "Problem"
  attribute "size" { data_type = "integer" }
  attribute "kind" { data_type = "string" }
}
records "object" "problems" {
  from        = data.export.problems
  key         = each.id
  type        = custom_object.problem
  external_id = "itsm:${each.id}"
  attributes  = { size = each.size, kind = each.kind }
}
`

// TestMissingObjectAttribute: nothing can be seen of an attribute of a custom object (IC 2). The plan says so; the first write
// that is refused names the attribute, what needs it waits under that one cause, the next plan remembers, and a write of
// apply --only-failed proves that a person has made it.
func TestMissingObjectAttribute(t *testing.T) {
	d := newDesk(t, `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}],
	  "custom_objects": [{"identifier": "Problem", "name": "Problem", "attributes": [{"name": "kind", "data_type": "string"}]}]}`)
	d.parallel = 1
	w := &world{rows: map[string][]map[string]any{}, config: causeConfig, files: map[string][]string{"problems": {"id", "size", "kind"}}}
	for _, id := range []string{"p1", "p2", "p3"} {
		row("problems", id, "size", 3, "kind", "old")(w)
	}
	w.put(t, d)
	reasonOf := func(address string) (plan.Action, string) {
		t.Helper()
		_, changes := d.plan()
		for _, c := range changes {
			if c.Address.String() == address {
				return c.Action, c.Reason
			}
		}
		t.Fatalf("%s is not in the plan", address)
		return "", ""
	}
	if action, reason := reasonOf("object_attribute.problem/size"); action != plan.Adopt || !strings.Contains(reason, "cannot be seen") || strings.Contains(reason, "already in Intercom") {
		t.Errorf("before: %s, %s", action, reason)
	}
	apply := func(o engine.PlanOptions) (a engine.Applied, aside string) {
		t.Helper()
		d.run(func(e *engine.Engine) {
			pl, err := e.Plan(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if a, err = e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true}); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := e.ListAside(t.Context(), &out, "", false); err != nil {
				t.Fatal(err)
			}
			aside = out.String()
		})
		return a, aside
	}
	a, aside := apply(planAll)
	if a.Books.Total(plan.OutSetAside) != 1 || a.Books.Total(plan.OutBlocked) != 2 || d.far.Stats().Calls["createCustomObjectInstances"][400] != 1 {
		t.Errorf("%+v", a.Books)
	}
	for _, want := range []string{"object_attribute.problem/size\n", "attribute size of custom object type Problem", "3 records are set aside, for 1 causes."} {
		if !strings.Contains(aside, want) {
			t.Errorf("what is set aside lacks %q:\n%s", want, aside)
		}
	}
	if action, reason := reasonOf("object_attribute.problem/size"); action != plan.Manual || !strings.Contains(reason, "apply --only-failed") {
		t.Errorf("after: %s, %s", action, reason)
	}
	if action, reason := reasonOf(`object.problems["p3"]`); action != plan.Blocked || !strings.Contains(reason, "object_attribute.problem/size") {
		t.Errorf("what needs it: %s, %s", action, reason)
	}
	if a, _ = apply(engine.PlanOptions{Pull: engine.PullFull, Refresh: engine.RefreshFull, OnlyFailed: true}); a.Books.Total(plan.OutSetAside) != 1 {
		t.Errorf("tried again without it: %+v", a.Books)
	}
	if err := d.far.Mutate(sandbox.Mutation{Op: "add_attribute", Kind: "custom_object", ID: "Problem", Value: map[string]any{"name": "size", "data_type": "integer"}}); err != nil {
		t.Fatal(err)
	}
	if action, _ := reasonOf("object_attribute.problem/size"); action != plan.Manual {
		t.Errorf("nothing has proven it yet, and it is %s", action)
	}
	if a, _ = apply(engine.PlanOptions{Pull: engine.PullFull, Refresh: engine.RefreshFull, OnlyFailed: true}); a.Books.Total(plan.OutCreated) != 3 {
		t.Errorf("with it: %+v", a.Books)
	}
	pl, changes := d.plan()
	if pl.Pending != 0 {
		t.Errorf("left: %+v", changes)
	}
	if action, _ := reasonOf("object_attribute.problem/size"); action != plan.NoOp {
		t.Errorf("once proven it is %s", action)
	}
}

// TestObjectAttributeIsSeen: what an instance shows is proven without a write.
func TestObjectAttributeIsSeen(t *testing.T) {
	d := newDesk(t, `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}],
	  "custom_objects": [{"identifier": "Problem", "name": "Problem", "attributes": [{"name": "size", "data_type": "integer"}, {"name": "kind", "data_type": "string"}]}]}`)
	w := &world{rows: map[string][]map[string]any{}, config: causeConfig, files: map[string][]string{"problems": {"id", "size", "kind"}}}
	row("problems", "p1", "size", 3)(w)
	w.put(t, d)
	check(t, d, "first")
	lost(t, d)
	_, changes := d.plan()
	for _, c := range changes {
		seen := strings.Contains(c.Reason, "already in Intercom")
		if name := c.Address.String(); strings.HasPrefix(name, "object_attribute") && seen != (name == "object_attribute.problem/size") {
			t.Errorf("%s: %s", name, c.Reason)
		}
	}
}
