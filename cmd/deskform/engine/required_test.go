package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/intercom/sandbox"
)

const requiredConfig = `
data "export" "people" {
  file = "people.jsonl"
  key  = ["id"]
}
data "export" "tickets" {
  file = "tickets.jsonl"
  key  = ["id"]
}
ticket_type "incident" {
  name = "Incident"
  attribute "itsm_key" { data_type = "string" }
  attribute "serial" { data_type = "string" }
}
ticket_state "vendor" { name = "At the vendor" }
records "contact" "people" {
  from  = data.export.people
  key   = each.id
  match = { email = each.email }
  email = each.email
}
records "ticket" "incidents" {
  from         = data.export.tickets
  key          = each.id
  type         = ticket_type.incident
  contact      = ref(contact.people, each.person)
  created_at   = "2026-01-05T10:00:00Z"
  title        = each.title
  attributes   = { serial = each.serial }
  ticket_state = each.stage == "vendor" ? ticket_state.vendor : null
  on_drift     = "overwrite"
}
`

var requiredFiles = map[string][]string{"people": {"id", "email"}, "tickets": {"id", "person", "title", "serial", "stage"}}

// requiredSeed has a type with an attribute that tickets need, a state of another type, and nothing else of ours.
const requiredSeed = `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}],
  "ticket_types": [{"id": "70", "name": "Incident", "category": "Back-office", "attributes": [{"name": "serial", "data_type": "string", "required_to_create": true}]}, {"id": "71", "name": "Other"}],
  "ticket_states": [{"id": "90", "category": "in_progress", "internal_label": "At the vendor", "ticket_types": ["Other"]}]}`

const plainSeed = `{"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}]}`

func requiredDesk(t *testing.T, seed string, changes ...change) (*desk, *world) {
	t.Helper()
	d := newDesk(t, seed)
	w := &world{rows: map[string][]map[string]any{}, config: requiredConfig, files: requiredFiles}
	for _, c := range append([]change{row("people", "e1", "email", "ann@acme.example")}, changes...) {
		c(w)
	}
	w.put(t, d)
	return d, w
}

// TestRefusedTickets: what Intercom would refuse of a ticket, or take the half of, is invalid at plan time.
func TestRefusedTickets(t *testing.T) {
	ticket := func(id string, pairs ...any) change {
		return row("tickets", id, append([]any{"person", "e1"}, pairs...)...)
	}
	flag := func(v string) change {
		return edited(`attribute "serial" { data_type = "string" }`, "attribute \"serial\" {\n    data_type          = \"string\"\n    required_to_create = "+v+"\n  }")
	}
	for _, tt := range []struct {
		name    string
		seed    string
		changes []change
		rule    string // of t1, empty when it is created
	}{
		{"the type requires what the row has", requiredSeed, []change{ticket("t1", "serial", "7")}, ""},
		{"the type requires what the row lacks", requiredSeed, []change{ticket("t1")}, "attributes.serial required_attribute"},
		{"the type requires what is not declared", requiredSeed, []change{edited("\n  attribute \"serial\" { data_type = \"string\" }", ""), func(w *world) { w.config = strings.Replace(requiredConfig, "{ serial = each.serial }", "{}", 1) }, ticket("t1")}, "attributes.serial required_attribute"},
		{"the configuration takes the requirement away", requiredSeed, []change{flag("false"), ticket("t1")}, ""},
		{"the configuration requires what the row lacks", plainSeed, []change{flag("true"), ticket("t1")}, "attributes.serial required_attribute"},
		{"the configuration requires what the row has", plainSeed, []change{flag("true"), ticket("t1", "serial", "7")}, ""},
		{"a state of another type", requiredSeed, []change{ticket("t1", "serial", "7", "stage", "vendor")}, "ticket_state foreign_state"},
		{"a state of another type, for a type that is still to be made", strings.Replace(requiredSeed, `"name": "Incident"`, `"name": "Task"`, 1), []change{ticket("t1", "stage", "vendor")}, "ticket_state foreign_state"},
		{"a state of all types", strings.Replace(requiredSeed, `, "ticket_types": ["Other"]`, "", 1), []change{ticket("t1", "serial", "7", "stage", "vendor")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(tt.seed, "At the vendor") {
				tt.seed = strings.TrimSuffix(tt.seed, "}") + `, "ticket_states": [{"id": "90", "category": "in_progress", "internal_label": "At the vendor"}]}`
			}
			d, _ := requiredDesk(t, tt.seed, tt.changes...)
			_, changes := d.plan()
			for _, c := range changes {
				if c.Address.Set != "ticket.incidents" {
					continue
				}
				got := ""
				for _, p := range c.Problems {
					got += p.Field + " " + p.Rule
				}
				if got != tt.rule || (c.Action == plan.Invalid) != (tt.rule != "") {
					t.Errorf("%s is %s: %q, want %q", c.Address, c.Action, got, tt.rule)
				}
			}
			check(t, d, "apply")
			if n := len(d.objects("ticket")); n != 1 && tt.rule == "" || n != 0 && tt.rule != "" {
				t.Errorf("%d tickets are there", n)
			}
		})
	}
}

// TestStateThatComesLater: a ticket that is there and whose row comes to a state of another type is not half written.
func TestStateThatComesLater(t *testing.T) {
	d, w := requiredDesk(t, requiredSeed, row("tickets", "t1", "person", "e1", "title", "Printer", "serial", "7"))
	check(t, d, "before")
	row("tickets", "t1", "title", "Plotter", "stage", "vendor")(w)
	w.put(t, d)
	_, changes := d.plan()
	for _, c := range changes {
		if c.Address.Set == "ticket.incidents" && c.Action != plan.Invalid {
			t.Errorf("%s is %s", c.Address, c.Action)
		}
	}
}

// TestLeftOut: what the configuration leaves out of a type and an attribute that are there stays as it is; what it says is
// compared and written.
func TestLeftOut(t *testing.T) {
	d, w := requiredDesk(t, requiredSeed)
	check(t, d, "adopted")
	attribute := func() map[string]any {
		for _, typ := range d.objects("ticket_type") {
			if typ["name"] != "Incident" {
				continue
			}
			if typ["category"] != "Back-office" {
				t.Errorf("the category is %v", typ["category"])
			}
			for _, a := range typ["ticket_type_attributes"].(map[string]any)["data"].([]any) {
				if a := a.(map[string]any); a["name"] == "serial" {
					return a
				}
			}
		}
		t.Fatal("the attribute is gone")
		return nil
	}
	if a := attribute(); a["visible_to_contacts"] != true || a["visible_on_create"] != true || a["required_to_create"] != true {
		t.Errorf("adopting changed it: %v", a)
	}
	edited(`attribute "serial" { data_type = "string" }`, `attribute "serial" {
    data_type                       = "string"
    visible_to_contacts             = false
    visible_on_create               = false
    required_to_create              = false
    required_to_create_for_contacts = true
    multiline                       = true
  }`)(w)
	w.put(t, d)
	if done := check(t, d, "said"); writesOf(done.calls) != "updateTicketTypeAttribute 1" {
		t.Errorf("it took %v", done.calls)
	}
	if a := attribute(); a["visible_to_contacts"] != false || a["visible_on_create"] != false || a["required_to_create"] != false || a["required_to_create_for_contacts"] != true || a["input_options"].(map[string]any)["multiline"] != true {
		t.Errorf("the flags are %v", a)
	}
}

// TestRequiredMeanwhile: an attribute that somebody requires after the plan is named in the error.
func TestRequiredMeanwhile(t *testing.T) {
	d, _ := requiredDesk(t, strings.Replace(requiredSeed, `"required_to_create": true`, `"required_to_create": false`, 1), row("tickets", "t1", "person", "e1"))
	d.run(func(e *engine.Engine) {
		pl, _ := d.planned(e)
		for _, typ := range d.objects("ticket_type") {
			for _, a := range typ["ticket_type_attributes"].(map[string]any)["data"].([]any) {
				if a := a.(map[string]any); a["name"] == "serial" {
					d.call(http.MethodPut, fmt.Sprintf("/ticket_types/%v/attributes/%v", typ["id"], a["id"]), `{"required_to_create": true}`)
				}
			}
		}
		a, err := e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true})
		if err != nil || a.Books.Total(plan.OutSetAside) != 1 {
			t.Fatalf("apply: %v %+v", err, a.Books)
		}
		for aside, err := range e.State.SetAsides(t.Context()) {
			if said := e.Answer(t.Context(), aside.Address, aside.Text, false); err != nil || !strings.Contains(said, "requires serial") {
				t.Errorf("%q, %v", said, err)
			}
		}
	})
}

// call sends what a person's click sends.
func (d *desk) call(method, path, body string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, "http://intercom.sandbox"+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer t"}, "Accept": {"application/json"}, "Content-Type": {"application/json"}, "Intercom-Version": {"2.16"}}
	resp, err := d.far.RoundTripper().RoundTrip(req)
	if err != nil || resp.StatusCode >= 300 {
		d.t.Fatalf("%s %s: %v %v", method, path, resp, err)
	}
	resp.Body.Close()
}

// TestStateLeftToIntercom: a row that wants no state leaves it to the agents, also where drift is overwritten.
func TestStateLeftToIntercom(t *testing.T) {
	d, _ := requiredDesk(t, strings.Replace(requiredSeed, `"ticket_types": ["Other"]`, `"ticket_types": ["Incident", "Other"]`, 1), row("tickets", "t1", "person", "e1", "serial", "7"))
	check(t, d, "before")
	id := fmt.Sprint(d.objects("ticket")[0]["id"])
	if err := d.far.Mutate(sandbox.Mutation{Op: "set_ticket_state", Kind: "ticket", ID: id, Value: "90"}); err != nil {
		t.Fatal(err)
	}
	pl, changes := d.plan()
	if pl.Pending != 0 {
		t.Errorf("planned: %+v", changes)
	}
	if done := check(t, d, "after"); len(writesOf(done.calls)) > 0 {
		t.Errorf("written: %v", done.calls)
	}
}
