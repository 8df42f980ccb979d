package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/plan/report"
	"deskform/providers/intercom/sandbox"
)

// seatConfig moves tickets whose messages are of the contact, of Ivan, of Petr, and of Olga, who is declared.
const seatConfig = `
data "export" "comments" {
  file = "comments.jsonl"
  key  = ["id"]
  by   = "ticket"
}
data "export" "tickets" {
  file = "tickets.jsonl"
  key  = ["id"]
}
records "contact" "people" {
  rows  = { ann = { name = "Ann", email = "ann@acme.example" }, anna = { name = "Anna", email = "ann@acme.example" } }
  key   = each.key
  match = { email = each.email }
  email = each.email
  name  = each.name
  part "notes" {
    for_each   = rows(data.export.comments, each.key)
    author     = person(part.by, part.mail)
    created_at = part.at
    body       = part.text
  }
}
records "conversation" "tickets" {
  from       = data.export.tickets
  key        = each.id
  contact    = contact.people["ann"]
  created_at = "2026-01-05T10:00:00Z"
  body       = each.id
  assign     = { teammate = teammate(each.agent) }
  state      = each.state
  part "comments" {
    for_each   = rows(data.export.comments, each.id)
    private    = part.private == "yes"
    author     = person(part.by, part.mail)
    created_at = part.at
    body       = part.text
  }
}
`

const seatTickets = `{"id":"t1","agent":"ivan@acme.example","state":"open"}
{"id":"t2","agent":"ivan@acme.example","state":"closed"}
{"id":"t3","agent":"ivan@acme.example","state":"open"}
{"id":"t4","agent":"petr@acme.example","state":"open"}
`

const seatComments = `{"id":"1","ticket":"t1","by":"Ivan","mail":"ivan@acme.example","private":"no","at":"2026-01-05T11:00:00Z","text":"one"}
{"id":"2","ticket":"t1","by":"Ann","mail":"ann@acme.example","private":"no","at":"2026-01-05T11:01:00Z","text":"two"}
{"id":"3","ticket":"t1","by":"Ivan","mail":"ivan@acme.example","private":"yes","at":"2026-01-05T11:02:00Z","text":"three"}
{"id":"4","ticket":"t2","by":"Ivan","mail":"ivan@acme.example","private":"no","at":"2026-01-05T11:03:00Z","text":"four"}
{"id":"5","ticket":"t2","by":"Petr","mail":"petr@acme.example","private":"no","at":"2026-01-05T11:04:00Z","text":"five"}
{"id":"6","ticket":"ann","by":"Ivan","mail":"ivan@acme.example","private":"no","at":"2026-01-05T11:05:00Z","text":"six"}
{"id":"8","ticket":"anna","by":"Ivan","mail":"ivan@acme.example","private":"no","at":"2026-01-05T11:06:00Z","text":"of a second row"}
`

// authors counts the messages and notes in the workspace by author.
func (d *desk) authors() map[string]int {
	d.t.Helper()
	var dump strings.Builder
	if err := d.far.Dump(&dump); err != nil {
		d.t.Fatal(err)
	}
	out := map[string]int{}
	for line := range strings.Lines(dump.String()) {
		var o struct {
			Object struct {
				Parts []struct {
					Type   string `json:"part_type"`
					Author struct {
						ID string `json:"id"`
					} `json:"author"`
				} `json:"parts"`
			} `json:"object"`
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			d.t.Fatal(err)
		}
		for _, p := range o.Object.Parts {
			if p.Type == "comment" || p.Type == "note" {
				out[p.Author.ID]++
			}
		}
	}
	return out
}

// TestSeatAppears: between two plans somebody gets a seat. What is assigned to them comes as an update, but where an agent
// has decided otherwise; no message is sent a second time, and the plan says which the actor had to send.
func TestSeatAppears(t *testing.T) {
	d := newDesk(t, `{`+mover+`}`)
	d.write("main.hcl", seatConfig)
	d.write("tickets.jsonl", seatTickets)
	d.write("comments.jsonl", seatComments)
	if done := d.apply(); done.proof != 0 {
		t.Fatalf("%d changes are left after the first apply", done.proof)
	}
	if pl, changes := d.plan(); pl.Pending != 0 || told(t, changes) != "" {
		t.Errorf("while nobody has a seat the plan says %q", told(t, changes))
	}
	before := d.authors()
	var t3 string
	d.run(func(e *engine.Engine) {
		b, err := e.State.Base(t.Context(), "conversation.tickets", "t3")
		if err != nil {
			t.Fatal(err)
		}
		t3 = b.ID
	})
	for _, m := range []sandbox.Mutation{
		{Op: "add", Kind: "admin", ID: "12", Value: map[string]any{"name": "Ivan", "email": "ivan@acme.example"}},
		{Op: "assign", Kind: "conversation", ID: t3, Value: "11"},
	} {
		if err := d.far.Mutate(m); err != nil {
			t.Fatal(err)
		}
	}

	pl, changes := d.plan()
	const assigns = "update conversation.tickets[\"t1\"]: 1 field\nupdate conversation.tickets[\"t2\"]: 1 field\nconflict conversation.tickets[\"t3\"]: assign.teammate was changed both in the source and in Intercom"
	var writing []plan.Change
	for _, c := range changes {
		if c.Action != plan.NoOp && c.Action != plan.Keep && c.Action != plan.Merged {
			writing = append(writing, c)
		}
		for _, p := range c.Parts {
			if p.What == "append" {
				t.Errorf("%s would send %s a second time", c.Address, p.Key)
			}
		}
	}
	if said(writing) != assigns || pl.Forecast.ByOperation["assign_teammate"] != 2 || pl.Forecast.Writes != 2 {
		t.Errorf("the plan says\n%s (%v)\nwant\n%s", said(writing), pl.Forecast.ByOperation, assigns)
	}
	const line = "the actor wrote 5 messages in 4 records for Ivan (ivan@acme.example), who now has the seat 12"
	if got := told(t, changes); got != line+"; this plan assigns 2 records to them" {
		t.Errorf("the plan says %q", got)
	}
	var listed strings.Builder
	d.run(func(e *engine.Engine) {
		if err := e.ListReclaimable(t.Context(), &listed, "", false, true); err != nil {
			t.Fatal(err)
		}
	})
	for _, part := range []string{`contact.people["ann"].notes["6"]`, `conversation.tickets["t1"].comments["1"]`, `conversation.tickets["t1"].comments["3"]`, `conversation.tickets["t2"].comments["4"]`, `contact.people["anna"].notes["8"]`, "5 messages in 4 records"} {
		if strings.Count(listed.String(), part) != 1 {
			t.Errorf("%s is not in the list once:\n%s", part, listed.String())
		}
	}

	if done := d.apply(); done.proof != 0 || writesOf(done.calls) != "manageConversation 2" || done.writes != done.forecast.Writes || done.reads != done.forecast.Reads {
		t.Errorf("%s, %d changes are left; %d writes and %d reads, forecast %+v", writesOf(done.calls), done.proof, done.writes, done.reads, done.forecast)
	}
	if after := d.authors(); fmt.Sprint(after) != fmt.Sprint(before) || before["11"] == 0 {
		t.Errorf("the messages by author were %v, and are %v", before, after)
	}

	// What Ivan writes from now on is his own, and the plan counts only what was not.
	d.write("comments.jsonl", seatComments+`{"id":"7","ticket":"t1","by":"Ivan","mail":"ivan@acme.example","private":"no","at":"2026-01-06T11:00:00Z","text":"seven"}`+"\n")
	if done := d.apply(); done.proof != 0 {
		t.Errorf("%d changes are left", done.proof)
	}
	if after := d.authors(); after["12"] != 1 || after["11"] != before["11"] {
		t.Errorf("the messages by author are %v, were %v", after, before)
	}
	if _, changes := d.plan(); told(t, changes) != line {
		t.Errorf("then the plan says %q", told(t, changes))
	}

	// Who spoke can be read from Intercom when the state is lost; notes of contacts are found by their token, as they are sent.
	for _, name := range []string{"test.db", "test.db-wal", "test.db-shm"} {
		if err := os.Remove(filepath.Join(d.dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if done := d.apply(); done.proof != 0 {
		t.Errorf("without the state %d changes are left: %v", done.proof, done.calls)
	}
	if _, changes := d.plan(); told(t, changes) != strings.Replace(line, "5 messages in 4", "3 messages in 2", 1) {
		t.Errorf("without the state the plan says %q", told(t, changes))
	}
}

// told are the lines about what the actor has written for others.
func told(t *testing.T, changes []plan.Change) string {
	t.Helper()
	var out strings.Builder
	_, err := report.Text(&out, func(yield func(plan.Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	}, report.Options{Kinds: engine.Kinds(), Reveal: true})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "the actor wrote") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}
