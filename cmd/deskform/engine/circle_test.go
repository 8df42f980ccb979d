package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
)

// circleConfig has problems that refer to each other, and causes that problems refer to and that refer to problems.
const circleConfig = `
data "export" "problems" {
  file = "problems.jsonl"
  key  = ["id"]
}
data "export" "causes" {
  file = "causes.jsonl"
  key  = ["id"]
}
custom_object "problem" {
  name = "Problem"
  attribute "size" { data_type = "integer" }
  attribute "parents" {
    data_type   = "relationship"
    object_type = "Problem"
    many        = true
  }
  attribute "causes" {
    data_type   = "relationship"
    object_type = "Cause"
    many        = true
  }
}
custom_object "cause" {
  name = "Cause"
  attribute "of" {
    data_type   = "relationship"
    object_type = "Problem"
    many        = true
  }
}
records "object" "problems" {
  from        = data.export.problems
  key         = each.id
  type        = custom_object.problem
  external_id = "itsm:${each.as == null ? each.id : each.as}"
  attributes  = { size = each.size }
  links       = {
    parents = each.parent == null ? [] : [ref(object.problems, each.parent)]
    causes  = each.cause == null ? [] : [ref(object.causes, each.cause)]
  }
}
records "object" "causes" {
  from        = data.export.causes
  key         = each.id
  type        = custom_object.cause
  external_id = "itsm:${each.id}"
  links       = { of = each.of == null ? [] : [ref(object.problems, each.of)] }
}
`

const circleSeed = `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}],
  "custom_objects": [
    {"identifier": "Problem", "name": "Problem", "attributes": [{"name": "size", "data_type": "integer"},
      {"name": "parents", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "Problem"}},
      {"name": "causes", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "Cause"}}]},
    {"identifier": "Cause", "name": "Cause", "attributes": [{"name": "of", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "Problem"}}]}]}`

var circleFiles = map[string][]string{"problems": {"id", "as", "size", "parent", "cause"}, "causes": {"id", "of"}}

// linksOf are the references that the sandbox holds, as KEY>KEY, sorted.
func linksOf(d *desk) string {
	keys, out := map[string]string{}, []string{}
	key := func(o map[string]any) string { return strings.TrimPrefix(fmt.Sprint(o["external_id"]), "itsm:") }
	all := d.objects("custom_object_instance")
	for _, o := range all {
		keys[fmt.Sprint(o["type"], "/", o["id"])] = key(o)
	}
	for _, o := range all {
		values, _ := o["custom_attributes"].(map[string]any)
		for _, v := range values {
			list, _ := v.(map[string]any)
			to, _ := list["instances"].([]any)
			for _, x := range to {
				one := x.(map[string]any)
				out = append(out, key(o)+">"+keys[fmt.Sprint(one["type"], "/", one["id"])])
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// TestReferencesInACircle: whatever refers to whatever, one apply writes it, the forecast is what is counted, and the proof
// plan is empty, at any parallelism.
func TestReferencesInACircle(t *testing.T) {
	p := func(id, parent string) change {
		if parent == "" {
			return row("problems", id)
		}
		return row("problems", id, "parent", parent)
	}
	var down, up []change
	for i := 10; i < 20; i++ {
		down = append(down, p(fmt.Sprint("p", i), map[bool]string{true: "", false: fmt.Sprint("p", i-1)}[i == 10]))
		up = append(up, p(fmt.Sprint("p", i), map[bool]string{true: "", false: fmt.Sprint("p", i+1)}[i == 19]))
	}
	cause := all(row("problems", "p1", "cause", "c1"), row("causes", "c1", "of", "p1"))
	for _, tt := range []struct {
		name          string
		before, after []change
		links         string
		creates       int // calls that write an object
		reads         int
	}{
		{"a chain, each after the one it needs", nil, down, "p11>p10 p12>p11 p13>p12 p14>p13 p15>p14 p16>p15 p17>p16 p18>p17 p19>p18", 10, 0},
		{"a chain against the order of keys", nil, up, "p10>p11 p11>p12 p12>p13 p13>p14 p14>p15 p15>p16 p16>p17 p17>p18 p18>p19", 19, 9},
		{"two that refer to each other", nil, []change{p("p1", "p2"), p("p2", "p1")}, "p1>p2 p2>p1", 3, 1},
		{"one that refers to itself", nil, []change{p("p1", "p1")}, "p1>p1", 2, 1},
		{"two sets that refer to each other", nil, []change{cause}, "c1>p1 p1>c1", 3, 1},
		{"one that is there comes to refer to a new one, and is changed", []change{p("p1", "")}, []change{row("problems", "p1", "parent", "p2", "size", 3), p("p2", "")}, "p1>p2", 3, 2},
		{"another reference", []change{p("p1", "p2"), p("p2", "p1")}, []change{p("p1", "p1")}, "p1>p1 p2>p1", 1, 1},
		{"two rows that become one object keep the links of both", nil, []change{row("problems", "p1", "as", "x", "parent", "p3"), row("problems", "p2", "as", "x", "parent", "p4"), p("p3", "p1"), p("p4", "")}, "p3>x x>p3 x>p4", 5, 2},
		{"two rows that become one object, which refer to what is there", []change{p("a1", ""), p("a2", "")}, []change{row("problems", "p1", "as", "x", "parent", "a1"), row("problems", "p2", "as", "x", "parent", "a2"), row("problems", "p3", "as", "x", "parent", "p1")}, "x>a1 x>a2 x>x", 3, 2},
		{"the state is lost and they are adopted", []change{p("p1", "p2"), p("p2", "p1"), cause}, []change{done(lost)}, "c1>p1 p1>c1 p1>p2 p2>p1", 0, 0},
	} {
		for _, parallel := range []int{1, 8} {
			t.Run(fmt.Sprintf("%s, parallelism %d", tt.name, parallel), func(t *testing.T) {
				d := newDesk(t, circleSeed)
				d.parallel = parallel
				w := &world{rows: map[string][]map[string]any{}, config: circleConfig, files: circleFiles}
				for _, c := range tt.before {
					c(w)
				}
				w.put(t, d)
				check(t, d, "before")
				for _, c := range tt.after {
					c(w)
				}
				w.put(t, d)
				done := check(t, d, "after")
				if got := done.calls["createCustomObjectInstances"]; got != tt.creates || done.reads != tt.reads {
					t.Errorf("%d writes and %d reads, want %d and %d", got, done.reads, tt.creates, tt.reads)
				}
				if got := linksOf(d); got != tt.links {
					t.Errorf("the links are %q, want %q", got, tt.links)
				}
			})
		}
	}
}

// TestInvalidInACircle: what refers to an invalid record is blocked under it, in whichever order the keys stand.
func TestInvalidInACircle(t *testing.T) {
	d := newDesk(t, circleSeed)
	w := &world{rows: map[string][]map[string]any{}, config: circleConfig, files: circleFiles}
	for _, c := range []change{row("problems", "p1", "parent", "p2"), row("problems", "p2", "parent", "p3"), row("problems", "p3", "parent", "p4"), row("problems", "p4", "size", "much"), row("problems", "p5", "parent", "p4"), row("problems", "p6", "parent", "p6")} {
		c(w)
	}
	w.put(t, d)
	_, changes := d.plan()
	want := map[string]plan.Action{"p1": plan.Blocked, "p2": plan.Blocked, "p3": plan.Blocked, "p4": plan.Invalid, "p5": plan.Blocked, "p6": plan.Create}
	for _, c := range changes {
		if c.Address.Set == "object.problems" && c.Action != want[c.Address.Key] {
			t.Errorf("%s: %s (%s)", c.Address, c.Action, c.Reason)
		}
		if c.Action == plan.Blocked && c.Cause != `object.problems["p4"]` {
			t.Errorf("%s is blocked by %s", c.Address, c.Cause)
		}
	}
	d.run(func(e *engine.Engine) {
		pl, _ := d.planned(e)
		if a, err := e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true}); err != nil || a.Incomplete() || a.Books.Total(plan.OutCreated) != 1 {
			t.Errorf("apply: %v %+v", err, a.Books)
		}
	})
}
