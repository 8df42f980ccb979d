package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/transport"
)

// rehearsed is ticketConfig with enough records for a mutation of each sort, and an attribute of each kind that holds any text.
func rehearsed(t *testing.T) *desk {
	t.Helper()
	d := ticketDesk(t, "")
	config := ticketConfig
	for _, edit := range [][2]string{
		{`  attribute "resolved_at" {`, "  attribute \"assignee\" { data_type = \"string\" }\n  attribute \"resolved_at\" {"},
		{`attributes   = { prio = each.prio, resolved_at = each.solved }`, `attributes   = { prio = each.prio, resolved_at = each.solved, assignee = "Petrov" }`},
		{`  name       = each.name
}
records "object"`, `  name       = each.name
  attributes = { kind = "client" }
}
records "object"`},
		{`  name  = each.name
}`, `  name  = each.name
  attributes = { post = "lead" }
  companies = [company.orgs["a"]]
  tags = [tag.vip]
}`},
		{`tag "vip" {}`, `tag "vip" {}
attribute "contact" "post" { data_type = "string" }
attribute "company" "kind" { data_type = "string" }
attribute "conversation" "asked" { data_type = "string" }`},
		{"\n  on_missing = { links = \"null\" }", ""}, // so that a conversation waits for an object that was deleted
		{`  links      = { problems`, `  attributes = { asked = "by phone" }
  tags       = [tag.vip]
  state      = "closed"
  links      = { problems`},
	} {
		if !strings.Contains(config, edit[0]) {
			t.Fatalf("the configuration does not contain %q", edit[0])
		}
		config = strings.Replace(config, edit[0], edit[1], 1)
	}
	d.write("main.hcl", config)
	var people, problems, tickets, comments strings.Builder
	for i := range 20 {
		fmt.Fprintf(&people, `{"id": "e%02d", "email": "e%02d@acme.example", "name": "E %02d"}`+"\n", i, i, i)
		fmt.Fprintf(&problems, `{"id": "p%02d", "at": "2026-01-05T08:00:00Z", "cause": "The drum", "status": "Open", "person": "e%02d"}`+"\n", i, i)
		row := `{"id": "%s%02d", "kind": "%s", "person": "e%02d", "at": "2026-01-10T09:00:00Z", "title": "Printer", "text": "It does not print.", "prio": "%s", "solved": %s, "vip": "%s", "team": "desk", "agent": "agent@acme.example", "state": "%s", "problem": "p%02d"}` + "\n"
		fmt.Fprintf(&tickets, row, "t", i, "ticket", i, []string{"High", "Low"}[i%2], []string{"null", `"2026-01-11T09:00:00Z"`}[i%2], []string{"yes", "no"}[i%2], []string{"new", "waiting", "solved"}[i%3], i)
		fmt.Fprintf(&tickets, row, "c", i, "talk", i, "Low", "null", "no", "solved", i)
		for j, private := range []string{"no", "yes"} {
			fmt.Fprintf(&comments, `{"id": "k%02d%d", "ticket": "t%02d", "private": "%s", "author": "%s", "at": "2026-01-10T09:1%d:00Z", "text": "Said in %d"}`+"\n", i, j, i, private, []string{"ann@old.example", "agent@acme.example"}[j], j, j)
		}
	}
	d.write("people.jsonl", people.String())
	d.write("problems.jsonl", problems.String())
	d.write("tickets.jsonl", tickets.String())
	d.write("comments.jsonl", comments.String())
	d.write("workspace.json", ticketSeed)
	return d
}

func (d *desk) rehearse(o engine.RehearseOptions) *engine.Rehearsal {
	d.t.Helper()
	r, e, diags, err := engine.Rehearse(d.t.Context(), engine.Setup{Dir: d.dir, Clock: transport.Real{}, Env: func(string) (string, bool) { return "", false }, Holder: "test"}, o)
	if err != nil || diags.HasErrors() {
		d.t.Fatal(err, diags.Errs())
	}
	if err := e.Close(); err != nil {
		d.t.Error(err)
	}
	return r
}

// TestRehearseKinds: a rehearsal of tickets, custom objects and conversations compares every record with its want, calls
// what it forecast, and finds each mutation of each sort, and nothing else.
func TestRehearseKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	r := rehearsed(t).rehearse(engine.RehearseOptions{})
	if !r.Passed() || r.Calls.Writes != r.Calls.Forecast || r.Calls.Reads != r.Calls.ForecastReads {
		t.Errorf("%+v", r)
	}
	// 3 attributes, 5 of conversations, 6 of tickets, an object's deletion, a contact archived and one merged.
	if r.Mutations.Planted != 17 {
		t.Errorf("%d mutations were planted, want 17", r.Mutations.Planted)
	}
	if got := r.Sets["ticket.incidents"][plan.OutCreated]; got != 20 {
		t.Errorf("%d tickets were created", got)
	}
}

// TestRehearseSample: a sample of tickets takes along what they refer to, and no more.
func TestRehearseSample(t *testing.T) {
	r := rehearsed(t).rehearse(engine.RehearseOptions{Sample: 4, Seed: 3})
	if !r.Passed() {
		t.Errorf("%+v", r)
	}
	if n := r.Objects["ticket"]; n != 4 {
		t.Errorf("%d tickets, want the sample of 4", n)
	}
	if people := r.Sets["contact.people"][plan.OutCreated]; people < 4 || people > 8 {
		t.Errorf("%d people were moved for 4 tickets and 4 conversations", people)
	}
	if r.Objects["custom_object_instance"] != 4 {
		t.Errorf("%d objects were moved for 4 conversations", r.Objects["custom_object_instance"])
	}
}
