package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"deskform/providers/intercom/sandbox"
)

// mutateSeed has tickets and, from contractSeed, custom objects.
var mutateSeed = ticketSeed

func (d *desk) mutate(status int, m string, args ...any) map[string]any {
	d.t.Helper()
	return d.do(status, "POST", "/_sandbox/mutate", m, args...)
}

// TestMutateTicket: what an agent does in the Inbox reaches reads at once and searches by their lag.
func TestMutateTicket(t *testing.T) {
	d := newDesk(t, mutateSeed, sandbox.Options{IndexLag: time.Minute})
	made := d.ticket("SR-1")
	path := "/tickets/" + id(made)
	d.clock.now = d.clock.now.Add(time.Hour)
	for _, m := range []string{`"set_attribute","name":"number","value":"SR-9"`, `"set_attribute","name":"due","value":1767600000`, `"set_ticket_state","value":"` + d.state("in_progress") + `"`,
		`"set_field","name":"title","value":"Plotter"`, `"set_field","name":"description","value":"It does not plot."`, `"assign","value":"12"`, `"add_tag","name":"77"`, `"add_part","value":"By hand"`, `"set_state","value":"closed"`} {
		d.mutate(200, `{"kind":"ticket","id":"%s","op":%s}`, id(made), m)
	}
	got := d.do(200, "GET", path, "")
	attrs := got["ticket_attributes"].(map[string]any)
	if attrs["_default_title_"] != "Plotter" || attrs["_default_description_"] != "It does not plot." || attrs["number"] != "SR-9" || attrs["due"] != 1767600000.0 || got["ticket_state"].(map[string]any)["category"] != "in_progress" || got["admin_assignee_id"] != 12.0 || got["open"] != false ||
		len(list(got, "tags", "tags")) != 1 || len(list(got, "ticket_parts", "ticket_parts")) != 3 || got["updated_at"] == made["updated_at"] {
		t.Errorf("the ticket is %v", got)
	}
	closed := `{"query":{"field":"open","operator":"=","value":false}}`
	if n := len(list(d.do(200, "POST", "/tickets/search", "%s", closed), "tickets")); n != 0 {
		t.Errorf("the search shows %d at once", n)
	}
	d.clock.now = d.clock.now.Add(time.Hour)
	if n := len(list(d.do(200, "POST", "/tickets/search", "%s", closed), "tickets")); n != 1 {
		t.Errorf("the search shows %d later", n)
	}
	d.says(d.mutate(400, `{"kind":"ticket","id":"%s","op":"set_ticket_state","value":"900"}`, id(made)), "bad_request", "no agent sets ticket state")
	d.says(d.mutate(400, `{"kind":"ticket","id":"%s","op":"set_attribute","name":"nobody","value":1}`, id(made)), "bad_request", "not found on ticket type: nobody")
	d.mutate(200, `{"kind":"ticket","id":"%s","op":"delete"}`, id(made))
	d.do(404, "GET", path, "")
	d.says(d.mutate(400, `{"kind":"ticket","id":"%s","op":"delete"}`, id(made)), "bad_request", "there is no ticket")
}

// TestMutateSettings: what only a person makes is there afterwards (IC 2).
func TestMutateSettings(t *testing.T) {
	d := newDesk(t, mutateSeed, sandbox.Options{})
	d.do(404, "GET", "/custom_object_instances/Release", "")
	for _, m := range []string{
		`{"kind":"custom_object","op":"add","id":"Release","value":{"name":"Release","attributes":[{"name":"cause","data_type":"string"}]}}`,
		`{"kind":"custom_object","op":"add_attribute","id":"Release","value":{"name":"changes","data_type":"relationship","reference":{"type":"many","object_type_id":"Change"}}}`,
		`{"kind":"custom_object","op":"add_option","id":"Change","name":"risk","value":"High"}`,
		`{"kind":"custom_object","op":"remove_option","id":"Change","name":"risk","value":"Low"}`,
		`{"kind":"attribute","op":"add","value":{"name":"problems","model":"contact","data_type":"relationship","reference":{"type":"many","object_type_id":"Release"}}}`,
		`{"kind":"ticket_state","op":"add","id":"901","value":{"category":"resolved","internal_label":"Rejected","ticket_types":["70"]}}`,
		`{"kind":"ticket_state","op":"archive","id":"900"}`,
		`{"kind":"team","op":"add","id":"22","value":{"name":"Second line","admin_ids":["12"]}}`,
		`{"kind":"admin","op":"add","id":"13","value":{"name":"New","email":"new@acme.example"}}`,
	} {
		d.mutate(200, "%s", m)
	}
	change := d.change(`{"external_id":"itsm:1","custom_attributes":{"risk":"High"}}`)
	if got := change["custom_attributes"].(map[string]any)["risk"]; got != "High" {
		t.Errorf("the new option gives %v", got)
	}
	if got := d.change(`{"external_id":"itsm:1","custom_attributes":{"risk":"Low"}}`)["custom_attributes"].(map[string]any); got["risk"] != nil {
		t.Errorf("the removed option gives %v", got)
	}
	problem := d.do(200, "POST", "/custom_object_instances/Release", `{"external_id":"itsm:p","custom_attributes":{"cause":"x","changes":["%s"]}}`, id(change))
	if got := list(problem["custom_attributes"].(map[string]any), "changes", "instances"); len(got) != 1 {
		t.Errorf("the problem's changes are %v", got)
	}
	d.do(200, "PUT", "/contacts/"+ann, `{"custom_attributes":{"problems":["%s"]}}`, id(problem))
	d.do(200, "PUT", "/tickets/"+id(d.ticket("SR-1")), `{"ticket_state_id":"901","assignee_id":"22","admin_id":13,"skip_notifications":true}`)
	for _, st := range list(d.do(200, "GET", "/ticket_states", ""), "data") {
		if id(st) == "900" && st["archived"] != true {
			t.Errorf("the archived state is %v", st)
		}
	}
	for m, text := range map[string]string{
		`{"kind":"custom_object","op":"add","id":"Release","value":{"name":"x"}}`:                           "another has it",
		`{"kind":"custom_object","op":"add_option","id":"Change","name":"count","value":"x"}`:               "no list attribute",
		`{"kind":"ticket_state","op":"add","value":{"category":"done","internal_label":"x"}}`:               `category "done"`,
		`{"kind":"team","op":"add","value":{"nom":"x"}}`:                                                    "unknown field",
		`{"kind":"attribute","op":"add","value":{"name":"x","model":"contact","data_type":"relationship"}}`: "no admin makes an attribute",
		`{"kind":"note","op":"delete","id":"1"}`:                                                            "nobody does delete to a note",
	} {
		d.says(d.mutate(400, "%s", m), "bad_request", text)
	}
}

// TestMutateObjects: instances and notes by hand; a relationship of a contact too.
func TestMutateObjects(t *testing.T) {
	d := newDesk(t, mutateSeed, sandbox.Options{})
	change := d.change(`{"external_id":"itsm:1","custom_attributes":{"count":1}}`)
	path := "/custom_object_instances/Change/" + id(change)
	d.mutate(200, `{"kind":"custom_object_instance","id":"%s","op":"set_attribute","name":"count","value":2}`, id(change))
	if got := d.do(200, "GET", path, "")["custom_attributes"].(map[string]any)["count"]; got != 2.0 {
		t.Errorf("the count is %v", got)
	}
	d.mutate(200, `{"kind":"contact","id":"%s","op":"set_attribute","name":"their_changes","value":["%s"]}`, ann, id(change))
	if got := list(d.do(200, "GET", "/contacts/"+ann, "")["custom_attributes"].(map[string]any), "their_changes", "instances"); len(got) != 1 {
		t.Errorf("the contact's changes are %v", got)
	}
	d.mutate(200, `{"kind":"custom_object_instance","id":"%s","op":"delete"}`, id(change))
	d.do(404, "GET", path, "")
	d.mutate(200, `{"kind":"note","op":"add","id":"%s","value":"By hand"}`, ann)
	if got := list(d.do(200, "GET", "/contacts/"+ann+"/notes", ""), "data"); len(got) != 1 || got[0]["body"] != "<p>By hand</p>" {
		t.Errorf("the notes are %v", got)
	}
}

// TestDump: every kind is written, and the counts are those of the dump.
func TestDump(t *testing.T) {
	d := newDesk(t, mutateSeed, sandbox.Options{})
	made := d.ticket("SR-1")
	d.do(200, "POST", "/tickets/"+id(made)+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"x","attachment_files":[{"content_type":"text/plain","name":"a.txt","data":"YQ=="}]}`)
	d.thread(ann)
	d.change(`{"external_id":"itsm:1"}`)
	d.do(200, "POST", "/contacts/"+ann+"/notes", `{"body":"x"}`)
	var out bytes.Buffer
	if err := d.srv.Dump(&out); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var o struct {
			Kind   string         `json:"kind"`
			Object map[string]any `json:"object"`
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		counts[o.Kind]++
		if o.Kind == "ticket" {
			if parts := list(o.Object, "parts"); len(parts) != 1 || list(parts[0], "attachments")[0]["sha256"] == "" {
				t.Errorf("the parts of the ticket are %v", parts)
			}
		}
	}
	for kind, n := range d.srv.Stats().Objects {
		if kind != "ticket_attribute" && counts[kind] != n { // which stand in their types
			t.Errorf("%d of %s in the dump, %d counted", counts[kind], kind, n)
		}
	}
	for _, kind := range []string{"ticket", "conversation", "custom_object", "custom_object_instance", "note", "ticket_type", "ticket_state"} {
		if counts[kind] == 0 {
			t.Errorf("there is no %s in the dump", kind)
		}
	}
}

// TestFaultsOfLaterOperations: faults go by operationId, committed or not.
func TestFaultsOfLaterOperations(t *testing.T) {
	d := newDesk(t, mutateSeed, sandbox.Options{})
	create := fmt.Sprintf(`{%s,"ticket_attributes":{"number":"SR-1"}}`, request)
	for i, kind := range []string{"status", "status_after_commit"} {
		if err := d.srv.AddFaults(sandbox.Fault{Operation: "createTicket", Kind: kind, Status: 500, Code: "server_error", Message: "Server Error"}); err != nil {
			t.Fatal(err)
		}
		d.says(d.do(500, "POST", "/tickets", "%s", create), "server_error", "Server Error")
		if n := d.srv.Stats().Objects["ticket"]; n != i {
			t.Errorf("%s: %d tickets, want %d", kind, n, i)
		}
	}
	made := d.ticket("SR-2")
	if err := d.srv.AddFaults(sandbox.Fault{Operation: "replyTicket", Kind: "throttle"}, sandbox.Fault{Operation: "createCustomObjectInstances", Kind: "status", Status: 429, Code: "rate_limit_exceeded", Message: "slow"},
		sandbox.Fault{Operation: "createNote", Kind: "status", Status: 503, Code: "service_unavailable", Message: "later"}); err != nil {
		t.Fatal(err)
	}
	d.says(d.do(400, "POST", "/tickets/"+id(made)+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"x"}`), "parameter_invalid", "Too many recent replies")
	d.do(429, "POST", "/custom_object_instances/Change", `{}`)
	d.do(503, "POST", "/contacts/"+ann+"/notes", `{"body":"x"}`)
}
