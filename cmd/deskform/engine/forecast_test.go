package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/intercom/sandbox"
)

// forecastConfig moves people, companies and tickets; each row says itself what becomes of it.
const forecastConfig = `
data "export" "orgs" {
  file = "orgs.jsonl"
  key  = ["id"]
}
data "export" "people" {
  file = "people.jsonl"
  key  = ["id"]
}
data "export" "links" {
  file = "links.jsonl"
  key  = ["id"]
  by   = "person"
}
data "export" "tickets" {
  file = "tickets.jsonl"
  key  = ["id"]
}
data "export" "comments" {
  file = "comments.jsonl"
  key  = ["id"]
  by   = "ticket"
}
attribute "contact" "post" { data_type = "string" }
attribute "conversation" "prio" { data_type = "string" }
tag "vip" {}
tag "urgent" {}
team "desk" { name = "Service Desk" }
team "lab" { name = "Laboratory" }
teammate "agent" { email = "agent@acme.example" }

records "company" "orgs" {
  from       = data.export.orgs
  key        = each.id
  company_id = "org:${each.id}"
  name       = each.name
}
records "contact" "people" {
  from       = data.export.people
  key        = each.id
  match      = { email = each.email }
  email      = each.email
  name       = each.name
  attributes = { post = each.post }
  companies  = [for l in rows(data.export.links, each.id) : ref(company.orgs, l.org)]
  tags       = each.vip == "yes" ? [tag.vip] : []
}
records "conversation" "tickets" {
  from          = data.export.tickets
  key           = each.id
  contact       = ref(contact.people, each.person)
  created_at    = each.created
  body          = each.text
  title         = each.title
  attributes    = { prio = each.prio }
  tags          = concat(each.urgent == "yes" ? [tag.urgent] : [], each.vip == "yes" ? [tag.vip] : [])
  assign        = { team = each.team == "desk" ? team.desk : each.team == "lab" ? team.lab : null, teammate = teammate(each.agent) }
  state         = each.state
  snoozed_until = each.until
  on_drift      = "overwrite"
  on_frozen     = "note"
  part "comments" {
    for_each   = rows(data.export.comments, each.id)
    private    = part.private == "yes"
    author     = person(each.person, part.author)
    created_at = part.at
    body       = part.text
  }
}
`

// forecastSeed has teams, teammates, and somebody who is there already.
const forecastSeed = `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}, {"id": "12", "name": "Agent", "email": "agent@acme.example"}],
  "teams": [{"id": "21", "name": "Service Desk"}, {"id": "22", "name": "Laboratory"}],
  "contacts": [{"email": "there@acme.example", "name": "There"}]}`

// A world is the rows of the source, and what somebody did to the workspace or the folder.
type world struct {
	rows map[string][]map[string]any
	edit [2]string // of the configuration
	// config is forecastConfig when empty, and files the columns of each file.
	config string
	files  map[string][]string
	do     func(*testing.T, *desk)
}

type change func(*world)

// row puts a row in, or changes the one with its id. What a row does not say is null.
func row(file, id string, pairs ...any) change {
	return func(w *world) {
		var r map[string]any
		for _, have := range w.rows[file] {
			if have["id"] == id {
				r = have
			}
		}
		if r == nil {
			r = map[string]any{"id": id}
			w.rows[file] = append(w.rows[file], r)
		}
		for i := 0; i < len(pairs); i += 2 {
			r[pairs[i].(string)] = pairs[i+1]
		}
	}
}

func without(file, id string) change {
	return func(w *world) {
		w.rows[file] = slices.DeleteFunc(w.rows[file], func(r map[string]any) bool { return r["id"] == id })
	}
}

func edited(from, to string) change { return func(w *world) { w.edit = [2]string{from, to} } }

func done(f func(*testing.T, *desk)) change { return func(w *world) { w.do = f } }

func linked(person string, n int) change {
	return func(w *world) {
		for i := range n {
			org := fmt.Sprintf("o%02d", i)
			row("orgs", org, "name", "Org "+org)(w)
			row("links", person+org, "person", person, "org", org)(w)
		}
	}
}

var columns = map[string][]string{
	"orgs": {"id", "name"}, "people": {"id", "email", "name", "post", "vip"}, "links": {"id", "person", "org"},
	"tickets":  {"id", "person", "created", "text", "title", "prio", "urgent", "vip", "team", "agent", "state", "until"},
	"comments": {"id", "ticket", "at", "author", "private", "text"},
}

// put writes the rows and the configuration, and does what somebody did.
func (w *world) put(t *testing.T, d *desk) {
	t.Helper()
	config, files := forecastConfig, columns
	if w.config != "" {
		config, files = w.config, w.files
	}
	for file, names := range files {
		var text strings.Builder
		for _, r := range w.rows[file] {
			whole := map[string]any{}
			for _, n := range names {
				whole[n] = r[n]
			}
			line, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(append(line, '\n'))
		}
		d.write(file+".jsonl", text.String())
	}
	if w.edit[0] != "" {
		if !strings.Contains(config, w.edit[0]) {
			t.Fatalf("the configuration does not contain %q", w.edit[0])
		}
		config = strings.ReplaceAll(config, w.edit[0], w.edit[1])
	}
	d.write("main.hcl", config)
	if w.do != nil {
		w.do(t, d)
		w.do = nil
	}
}

var (
	ann    = row("people", "e1", "email", "ann@acme.example", "name", "Ann")
	ticket = row("tickets", "t1", "person", "e1", "created", "2026-01-05T10:00:00Z", "text", "It does not print.", "state", "open")
	closed = row("tickets", "t1", "state", "closed")
)

func comment(id, author, private, at string) change {
	return row("comments", id, "ticket", "t1", "author", author, "private", private, "at", "2026-01-05T"+at+":00Z", "text", "Said in "+id)
}

// TestForecastEqualsCount: for each kind of record and resource and each kind of change, the plan says how many calls write
// and read, and how many people are reached, and the sandbox counts the same (IC 5). Nothing is left afterwards.
func TestForecastEqualsCount(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for _, tt := range []struct {
		name          string
		before, after []change
		// want are the writes by operation of the sandbox, reads the reads of the apply.
		want  string
		reads int
	}{
		{"resources: created and adopted", nil, nil, "", 0},
		{"attribute: one more", nil, []change{edited(`tag "vip" {}`, "tag \"vip\" {}\nattribute \"company\" \"serial\" { data_type = \"date\" }")}, "createDataAttribute 1", 0},
		{"attribute: a description", nil, []change{edited(`attribute "contact" "post" { data_type = "string" }`, "attribute \"contact\" \"post\" {\n  data_type   = \"string\"\n  description = \"What they do\"\n}")}, "updateDataAttribute 1", 1},
		{"attribute: a description of a conversation's", nil, []change{edited(`attribute "conversation" "prio" { data_type = "string" }`, "attribute \"conversation\" \"prio\" {\n  data_type   = \"string\"\n  description = \"How urgent\"\n}")}, "updateConversationAttribute 1", 1},
		{"tag: renamed", nil, []change{edited(`tag "vip" {}`, `tag "vip" { name = "VIP guest" }`)}, "createTag 1", 1},

		{"company: created", nil, []change{row("orgs", "o1", "name", "Acme")}, "createOrUpdateCompany 1", 0},
		{"company: changed", []change{row("orgs", "o1", "name", "Acme")}, []change{row("orgs", "o1", "name", "Acme Ltd")}, "UpdateCompany 1", 1},
		{"company: its row is gone", []change{row("orgs", "o1", "name", "Acme")}, []change{without("orgs", "o1")}, "", 0},

		{"contact: created", nil, []change{ann}, "CreateContact 1", 0},
		{"contact: with attribute, tag and two companies", nil, []change{ann, row("people", "e1", "post", "lead", "vip", "yes"), linked("e1", 2)}, "CreateContact 1, attachContactToACompany 2, attachTagToContact 1, createOrUpdateCompany 2", 0},
		{"contact: changed", []change{ann}, []change{row("people", "e1", "name", "Anna", "post", "lead")}, "UpdateContact 1", 1},
		{"contact: members come and go", []change{ann, row("people", "e1", "vip", "yes"), linked("e1", 2)}, []change{row("people", "e1", "vip", nil), without("links", "e1o00"), row("links", "x", "person", "e1", "org", "o03"), row("orgs", "o03", "name", "More")},
			"attachContactToACompany 1, createOrUpdateCompany 1, detachContactFromACompany 1, detachTagFromContact 1", 1},
		{"contact: of a dozen companies, which it does not show whole", []change{ann, linked("e1", 12)}, []change{row("people", "e1", "name", "Anna"), linked("e1", 14)}, "UpdateContact 1, attachContactToACompany 2, createOrUpdateCompany 2", 3},
		{"contact: of sixty companies", []change{ann, linked("e1", 60)}, []change{row("people", "e1", "vip", "yes")}, "attachTagToContact 1", 3},
		{"contact: adopted, what is empty is filled", nil, []change{row("people", "e2", "email", "there@acme.example", "post", "lead")}, "UpdateContact 1", 1},
		{"contact: adopted as it is", nil, []change{row("people", "e2", "email", "there@acme.example", "name", "There")}, "", 0},
		{"contact: a second row gives a tag", []change{ann}, []change{row("people", "e9", "email", "ann@acme.example", "vip", "yes")}, "attachTagToContact 1", 0},
		{"contact: an agent changed it and it is kept", []change{ann}, []change{done(agent("set_field", "contact", "name", "Annie"))}, "", 0},
		{"contact: conflict", []change{ann}, []change{row("people", "e1", "name", "Anna"), done(agent("set_field", "contact", "name", "Annie"))}, "", 0},

		{"conversation: created open", []change{ann}, []change{ticket}, "createConversation 1", 1},
		{"conversation: N 3, T 2, attributes, team, closed: N + T + 4", []change{ann}, []change{ticket, closed, row("tickets", "t1", "title", "Printer", "prio", "High", "urgent", "yes", "vip", "yes", "team", "desk"),
			comment("c1", "ann@acme.example", "no", "11:00"), comment("c2", "agent@acme.example", "no", "12:00"), comment("c3", "agent@acme.example", "yes", "13:00")},
			"attachTagToConversation 2, createConversation 1, manageConversation 2, replyConversation 3, updateConversation 1", 1},
		{"conversation: team and teammate, snoozed", []change{ann}, []change{ticket, row("tickets", "t1", "state", "snoozed", "until", "2027-01-01T00:00:00Z", "team", "lab", "agent", "agent@acme.example")}, "createConversation 1, manageConversation 3", 1},
		{"conversation: a snooze that has passed", []change{ann}, []change{ticket, row("tickets", "t1", "state", "snoozed", "until", "2026-02-01T00:00:00Z")}, "createConversation 1", 1},
		{"conversation: two at once look for the actor once", []change{ann}, []change{ticket, row("tickets", "t2", "person", "e1", "created", "2026-01-06T10:00:00Z", "text", "Nor today.", "state", "open")}, "createConversation 2", 1},
		{"conversation: a title", []change{ann, ticket}, []change{row("tickets", "t1", "title", "Printer")}, "updateConversation 1", 2},
		{"conversation: a title of one that is closed", []change{ann, ticket, closed}, []change{row("tickets", "t1", "title", "Printer")}, "manageConversation 1, updateConversation 1", 2},
		{"conversation: a title of one that is snoozed", []change{ann, ticket, row("tickets", "t1", "state", "snoozed", "until", "2027-01-01T00:00:00Z")}, []change{row("tickets", "t1", "title", "Printer")}, "manageConversation 1, updateConversation 1", 2},
		{"conversation: tags", []change{ann, ticket, row("tickets", "t1", "urgent", "yes")}, []change{row("tickets", "t1", "urgent", nil, "vip", "yes")}, "attachTagToConversation 1, detachTagFromConversation 1", 2},
		{"conversation: another team, nobody's", []change{ann, ticket, row("tickets", "t1", "team", "desk", "agent", "agent@acme.example")}, []change{row("tickets", "t1", "team", "lab", "agent", nil)}, "manageConversation 2", 2},
		{"conversation: closed", []change{ann, ticket}, []change{closed}, "manageConversation 1", 2},
		{"conversation: opened", []change{ann, ticket, closed}, []change{row("tickets", "t1", "state", "open")}, "manageConversation 1", 2},
		{"conversation: a later snooze", []change{ann, ticket, row("tickets", "t1", "state", "snoozed", "until", "2027-01-01T00:00:00Z")}, []change{row("tickets", "t1", "until", "2027-02-01T00:00:00Z")}, "manageConversation 1", 2},
		{"conversation: a note more", []change{ann, ticket, closed}, []change{comment("c1", "agent@acme.example", "yes", "11:00")}, "replyConversation 1", 2},
		{"conversation: the contact's reply reopens", []change{ann, ticket, closed}, []change{comment("c1", "ann@acme.example", "no", "11:00")}, "manageConversation 1, replyConversation 1", 2},
		{"conversation: a message changed, which a note tells", []change{ann, ticket, comment("c1", "agent@acme.example", "no", "11:00")}, []change{row("comments", "c1", "text", "Said otherwise")}, "replyConversation 1", 2},
		{"conversation: an agent opened it, overwritten", []change{ann, ticket, closed}, []change{done(agent("set_state", "conversation", "", "open"))}, "manageConversation 1", 2},
		{"conversation: an agent wrote a note, which stays", []change{ann, ticket}, []change{done(agent("add_part", "conversation", "", "By an agent"))}, "", 0},
		{"conversation: the state is lost and all is adopted", []change{ann, ticket, closed, comment("c1", "agent@acme.example", "no", "11:00")}, []change{done(lost)}, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, forecastSeed)
			w := &world{rows: map[string][]map[string]any{}}
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
			if got := writesOf(done.calls); got != tt.want || done.reads != tt.reads {
				t.Errorf("the sandbox counts the writes %q and %d reads, want %q and %d", got, done.reads, tt.want, tt.reads)
			}
		})
	}
}

// check applies, and holds what the plan forecast against what the sandbox counted.
func check(t *testing.T, d *desk, when string) effect {
	t.Helper()
	done := d.apply()
	f := done.forecast
	if f.Writes != done.writes || f.Reads != done.reads || f.People != done.people || done.proof != 0 {
		t.Errorf("%s: forecast %d writes, %d reads, %d people; counted %d, %d, %d (%v); %d changes are left",
			when, f.Writes, f.Reads, f.People, done.writes, done.reads, done.people, done.calls, done.proof)
	}
	sum := 0
	for _, n := range f.ByOperation {
		sum += n
	}
	if sum != f.Writes {
		t.Errorf("%s: %d writes by operation, %d in all", when, sum, f.Writes)
	}
	return done
}

var readOperation = regexp.MustCompile(`^(?i)(list|lis|get|find|show|identify|retrieve|search|scroll)`)

func writesOf(calls map[string]int) string {
	var out []string
	for _, op := range slices.Sorted(maps.Keys(calls)) {
		if !readOperation.MatchString(op) {
			out = append(out, fmt.Sprint(op, " ", calls[op]))
		}
	}
	return strings.Join(out, ", ")
}

// agent does something to the one object of a set that was moved.
func agent(op, kind, name, value string) func(*testing.T, *desk) {
	return func(t *testing.T, d *desk) {
		id := ""
		d.run(func(e *engine.Engine) {
			set := map[string]string{"contact": "contact.people", "conversation": "conversation.tickets", "ticket": "ticket.incidents", "custom_object_instance": "object.problems"}[kind]
			for b, err := range e.State.Bases(t.Context(), set) {
				if err != nil {
					t.Fatal(err)
				}
				id = b.ID[strings.LastIndexByte(b.ID, '/')+1:]
			}
		})
		if err := d.far.Mutate(sandbox.Mutation{Op: op, Kind: kind, ID: id, Name: name, Value: plan.Value(value)}); err != nil {
			t.Fatal(err)
		}
	}
}

// lost deletes the state and the cache.
func lost(t *testing.T, d *desk) {
	for _, name := range []string{"test.db", "test.db-wal", "test.db-shm", ".deskform"} {
		if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}
