package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/providers/intercom/sandbox"
)

const ann = "65aa00000000000000000001"

// ticketSeed has a customer's type with a required key, a back-office type, and a state of the latter alone.
var ticketSeed = strings.Replace(contractSeed, `"teams"`, `"contacts":[{"id":"`+ann+`","role":"user","email":"ann@acme.example","external_id":"e1"}],
 "companies":[{"id":"65cc00000000000000000001","company_id":"org:1","name":"Acme"}], "tags":[{"id":"77","name":"vip"}],
 "ticket_types":[{"id":"70","name":"Request","attributes":[{"name":"number","data_type":"string","required_to_create":true},{"name":"prio","data_type":"list","list_items":["High","Low"]},{"name":"due","data_type":"datetime"}]},
  {"id":"71","name":"Change","category":"Back-office"}],
 "ticket_states":[{"id":"900","category":"in_progress","internal_label":"With vendor","ticket_types":["Change"]}], "teams"`, 1)

const request = `"ticket_type_id":"70","contacts":[{"id":"` + ann + `"}],"skip_notifications":true`

func newTickets(t *testing.T, o sandbox.Options) *desk { return newDesk(t, ticketSeed, o) }

func (d *desk) ticket(number string) map[string]any {
	d.t.Helper()
	return d.do(200, "POST", "/tickets", `{%s,"ticket_attributes":{"_default_title_":"Printer","_default_description_":"It does not print.","number":"%s"}}`, request, number)
}

// state is the id of the first state of a category.
func (d *desk) state(category string) string {
	for _, st := range list(d.do(200, "GET", "/ticket_states", ""), "data") {
		if st["category"] == category {
			return id(st)
		}
	}
	return ""
}

func (d *desk) prio(label string) string {
	for _, a := range list(d.do(200, "GET", "/ticket_types/70", ""), "ticket_type_attributes", "data") {
		for _, o := range list(a, "input_options") {
			if o["label"] == label {
				return id(o)
			}
		}
	}
	return ""
}

// TestCreateTicketRefuses: what IC 3.9 says about POST /tickets, and trap 16.
func TestCreateTicketRefuses(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	for _, tt := range []struct {
		name, body string
		status     int
		code, text string
	}{
		{"no contact", `{"ticket_type_id":"70","contacts":[]}`, 400, "parameter_invalid", "exactly one contact"},
		{"two contacts", `{"ticket_type_id":"70","contacts":[{"id":"1"},{"id":"2"}]}`, 400, "parameter_invalid", "exactly one contact"},
		{"unknown contact", `{"ticket_type_id":"70","contacts":[{"external_id":"e9"}],"ticket_attributes":{"number":"1"}}`, 404, "not_found", "User Not Found"},
		{"unknown type", `{"ticket_type_id":"7","contacts":[{"id":"1"}]}`, 400, "parameter_invalid", "Ticket type"},
		{"required attribute", `{` + request + `}`, 400, "parameter_invalid", "Missing required ticket attributes"},
		{"unknown attributes", `{` + request + `,"ticket_attributes":{"number":"1","b":1,"a":1}}`, 400, "parameter_invalid", "not found on ticket type: a, b"},
		{"label of a list item", `{` + request + `,"ticket_attributes":{"number":"1","prio":"High"}}`, 400, "parameter_invalid", "'High' is not a list item"},
		{"text for a time", `{` + request + `,"ticket_attributes":{"number":"1","due":"today"}}`, 400, "parameter_invalid", "of type datetime"},
		{"state", `{` + request + `,"ticket_attributes":{"number":"1"},"ticket_state_id":"900"}`, 400, "bad_request", "bad 'ticket_state_id' parameter"},
		{"company", `{` + request + `,"ticket_attributes":{"number":"1"},"company_id":"org:1"}`, 404, "company_not_found", ""},
		{"assignee", `{` + request + `,"ticket_attributes":{"number":"1"},"assignment":{"admin_assignee_id":"99"}}`, 404, "assignee_not_found", ""},
		{"milliseconds", `{` + request + `,"ticket_attributes":{"number":"1"},"created_at":1767600000000}`, 400, "parameter_invalid", "created_at"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.t = t
			d.says(d.do(tt.status, "POST", "/tickets", "%s", tt.body), tt.code, tt.text)
		})
	}
	if n := d.srv.Stats().Objects["ticket"]; n != 0 {
		t.Errorf("%d tickets were made", n)
	}
}

// TestTicketIsAConversation: by id, by list and search, deleted among the deleted ones (IC 1.2, 1.5, trap 25); the number
// of the Inbox is valid nowhere.
func TestTicketIsAConversation(t *testing.T) {
	d := newTickets(t, sandbox.Options{IndexLag: time.Minute})
	made := d.do(200, "POST", "/tickets", `{%s,"ticket_attributes":{"_default_title_":"Printer","number":"SR-1","prio":"%s"},"created_at":1767600000,"company_id":"65cc00000000000000000001","assignment":{"admin_assignee_id":"12"}}`, request, d.prio("High"))
	if st := made["ticket_state"].(map[string]any); st["category"] != "submitted" || made["admin_assignee_id"] != 12.0 || made["team_assignee_id"] != 0.0 || made["created_at"] != 1767600000.0 || made["open"] != true {
		t.Errorf("the ticket is %v", made)
	}
	if attrs := made["ticket_attributes"].(map[string]any); attrs["prio"] != d.prio("High") || attrs["number"] != "SR-1" || attrs["_default_description_"] != nil {
		t.Errorf("the attributes are %v", attrs)
	}
	d.says(d.do(404, "GET", "/tickets/"+made["ticket_id"].(string), ""), "ticket_not_found", "")
	if conv := d.do(200, "GET", "/conversations/"+id(made), ""); conv["ticket"].(map[string]any)["ticket_id"] != made["ticket_id"] || conv["company_id"] != "65cc00000000000000000001" {
		t.Errorf("the conversation underneath is %v", conv)
	}
	bySearch := `{"query":{"field":"contact_ids","operator":"=","value":"` + ann + `"}}`
	for _, want := range []int{0, 1} {
		for where, got := range map[string]int{
			"conversations/search": len(list(d.do(200, "POST", "/conversations/search", "%s", bySearch), "conversations")), "tickets/search": len(list(d.do(200, "POST", "/tickets/search", "%s", bySearch), "tickets")),
			"conversations": len(list(d.do(200, "GET", "/conversations", ""), "conversations"))} {
			if got != want {
				t.Errorf("%s shows %d, want %d", where, got, want)
			}
		}
		d.clock.now = d.clock.now.Add(2 * time.Minute)
	}
	d.do(200, "DELETE", "/tickets/"+id(made), "")
	d.says(d.do(404, "DELETE", "/tickets/"+id(made), ""), "ticket_not_found", "")
	if gone := list(d.do(200, "GET", "/conversations/deleted", ""), "conversations"); len(gone) != 1 || id(gone[0]) != id(made) {
		t.Errorf("the deleted ones are %v", gone)
	}
}

// TestUpdateTicket: state and open apart, any update reopens, one field for both assignees (IC 3.9, traps 18 and 19).
func TestUpdateTicket(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	path := "/tickets/" + id(d.ticket("SR-1"))
	resolved := d.state("resolved")
	put := func(status int, body string) map[string]any {
		return d.do(status, "PUT", path, `{"skip_notifications":true,%s}`, body)
	}
	if got := put(200, `"ticket_state_id":"`+resolved+`"`); got["open"] != true || got["previous_ticket_state_id"] == nil {
		t.Errorf("a resolved ticket is %v", got)
	}
	d.says(put(400, `"ticket_state_id":"`+resolved+`"`), "parameter_invalid", "Cannot transition ticket to the same state")
	d.says(put(400, `"ticket_state_id":"900"`), "ticket_state_id_invalid", "not associated with the ticket type")
	d.says(put(404, `"assignee_id":"99"`), "assignee_not_found", "")
	d.says(put(404, `"assignee_id":"12","admin_id":99`), "assignee_not_found", "")
	if got := put(200, `"open":false`); got["open"] != false {
		t.Errorf("the closed ticket is %v", got)
	}
	if got := put(200, `"ticket_attributes":{"number":"SR-2"}`); got["open"] != true {
		t.Error("an update has not reopened the ticket")
	}
	if got := put(200, `"snoozed_until":1999999999`); got["snoozed_until"] != 1999999999.0 {
		t.Errorf("the snoozed ticket is %v", got)
	}
	if got := put(200, `"open":false`); got["snoozed_until"] != nil {
		t.Errorf("closing left it snoozed: %v", got)
	}
	put(200, `"assignee_id":"21","admin_id":11`)
	if got := put(200, `"assignee_id":"12"`); got["team_assignee_id"] != 21.0 || got["admin_assignee_id"] != 12.0 {
		t.Errorf("the assignees are %v and %v", got["admin_assignee_id"], got["team_assignee_id"])
	}
	if got := put(200, `"assignee_id":"0"`); got["team_assignee_id"] != 0.0 || got["admin_assignee_id"] != 0.0 {
		t.Errorf("the assignees are %v and %v", got["admin_assignee_id"], got["team_assignee_id"])
	}
	if got := list(d.do(200, "GET", path, ""), "ticket_parts", "ticket_parts"); got[0]["part_type"] != "ticket_state_updated_by_admin" || got[0]["ticket_state"] != "resolved" || got[0]["previous_ticket_state"] != "submitted" {
		t.Errorf("the first part is %v", got[0])
	}
}

// TestReplyTicket: the part comes back, not the ticket; a contact sends no files as data and nothing on back-office
// tickets (IC 3.9); the newest 500 are read (IC 2); a contact's reply reopens (IC 8).
func TestReplyTicket(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	path := "/tickets/" + id(d.do(200, "POST", "/tickets", `{%s,"ticket_attributes":{"_default_title_":"Printer","number":"SR-1"},"created_at":1767599999}`, request))
	d.do(200, "PUT", path, `{"open":false,"skip_notifications":true}`)
	d.says(d.do(400, "POST", path+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"before it","created_at":1767599998}`), "parameter_invalid", "1767599998 is an invalid value for created_at")
	note := d.do(200, "POST", path+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"quiet","created_at":1767600000}`)
	if note["type"] != "ticket_part" || note["part_type"] != "note" || note["created_at"] != 1767600000.0 || note["body"] != "<p>quiet</p>" {
		t.Errorf("the part is %v", note)
	}
	if got := d.do(200, "GET", path, ""); got["open"] != false {
		t.Error("a note has reopened the ticket")
	}
	d.says(d.do(400, "POST", path+"/reply", `{"message_type":"comment","type":"user","user_id":"e1","body":"x","attachment_files":[]}`), "bad_request", "bad 'attachment_files'")
	got := d.do(200, "POST", path+"/reply", `{"message_type":"comment","type":"user","user_id":"e1","body":"x","attachment_urls":["https://files.example/a.png"],"skip_notifications":true}`)
	if files := list(got, "attachments"); len(files) != 1 || files[0]["name"] != "a.png" {
		t.Errorf("the files are %v", files)
	}
	if got := d.do(200, "GET", path, ""); got["open"] != true {
		t.Error("a contact's reply has not reopened the ticket")
	}
	d.says(d.do(400, "POST", path+"/reply", `{"message_type":"note","type":"user","user_id":"e1","body":"x"}`), "parameter_invalid", "User can only create comments")
	change := d.do(200, "POST", "/tickets", `{"ticket_type_id":"71","contacts":[{"id":"%s"}],"conversation_to_link_id":"%s","skip_notifications":true}`, ann, path[len("/tickets/"):])
	d.says(d.do(400, "POST", "/tickets/"+id(change)+"/reply", `{"message_type":"comment","type":"user","user_id":"e1","body":"x"}`), "parameter_mismatch", "Backoffice")
	d.do(200, "POST", "/tickets/"+id(change)+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"for both","cross_post":true}`)
	for i := range 498 {
		d.do(200, "POST", path+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"note %d"}`, i)
	}
	parts := list(d.do(200, "GET", path, ""), "ticket_parts", "ticket_parts")
	if len(parts) != 500 || id(parts[0]) == id(note) || parts[1]["body"] != "<p>for both</p>" {
		t.Errorf("%d parts, from %v", len(parts), parts[0])
	}
}

// TestTicketReplyThrottle: replies to tickets are throttled as those to conversations are (IC 1.6).
func TestTicketReplyThrottle(t *testing.T) {
	d := newTickets(t, sandbox.Options{ReplyLimit: 20})
	path := "/tickets/" + id(d.ticket("SR-1")) + "/reply"
	for _, want := range []int{200, 200, 400} {
		got := d.do(want, "POST", path, `{"message_type":"note","type":"admin","admin_id":"11","body":"x"}`)
		if want == 400 {
			d.says(got, "parameter_invalid", "Too many recent replies")
		}
	}
}

// TestSearchTickets: the fields of IC 1.5, and none for tags.
func TestSearchTickets(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	first, second := d.ticket("SR-1"), d.ticket("SR-2")
	change := d.do(200, "POST", "/tickets", `{"ticket_type_id":"71","contacts":[{"email":"new@acme.example"}],"skip_notifications":true}`)
	d.do(200, "PUT", "/tickets/"+id(second), `{"ticket_state_id":"%s","open":false,"assignee_id":"12","ticket_attributes":{"prio":"%s","due":1767600000},"skip_notifications":true}`, d.state("resolved"), d.prio("Low"))
	attr := map[string]string{}
	for _, a := range list(d.do(200, "GET", "/ticket_types/70", ""), "ticket_type_attributes", "data") {
		attr[a["name"].(string)] = "ticket_attribute." + id(a)
	}
	find := func(status int, field, op string, value any) map[string]any {
		return d.do(status, "POST", "/tickets/search", `{"query":{"field":"%s","operator":"%s","value":%s}}`, field, op, fmt.Sprintf("%#v", value))
	}
	for _, tt := range []struct {
		field, op string
		value     any
		want      []string
	}{
		{attr["number"], "=", "SR-2", []string{id(second)}}, {attr["number"], "=", "SR-3", nil}, {attr["prio"], "=", d.prio("Low"), []string{id(second)}}, {attr["due"], ">", 1767000000, []string{id(second)}},
		{"title", "~", "print", []string{id(first), id(second)}}, {"category", "=", "task", []string{id(change)}}, {"category", "=", "request", []string{id(first), id(second)}},
		{"ticket_type_id", "=", "71", []string{id(change)}}, {"state", "=", "resolved", []string{id(second)}}, {"open", "=", true, []string{id(first), id(change)}},
		{"contact_ids", "=", ann, []string{id(first), id(second)}}, {"admin_assignee_id", "=", "12", []string{id(second)}}, {"created_at", ">=", 1, []string{id(first), id(second), id(change)}},
	} {
		var got []string
		for _, m := range list(find(200, tt.field, tt.op, tt.value), "tickets") {
			got = append(got, id(m))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s %s %v finds %v, want %v", tt.field, tt.op, tt.value, got, tt.want)
		}
	}
	d.says(find(400, "tag_ids", "=", "77"), "invalid_field", "tag_ids")
	d.says(find(400, "ticket_attribute.number", "=", "SR-1"), "invalid_field", "ticket_attribute.number")
	page := d.do(200, "POST", "/tickets/search", `{"query":{"field":"created_at","operator":">","value":1},"pagination":{"per_page":2}}`)
	next := page["pages"].(map[string]any)["next"].(map[string]any)["starting_after"]
	rest := d.do(200, "POST", "/tickets/search", `{"query":{"field":"created_at","operator":">","value":1},"pagination":{"per_page":2,"starting_after":"%s"}}`, next)
	if got := list(rest, "tickets"); len(got) != 1 || id(got[0]) != id(change) || rest["pages"].(map[string]any)["next"] != nil {
		t.Errorf("the second page is %v", rest)
	}
}

// TestTicketMakesContact: an unknown address makes one (IC trap 10).
func TestTicketMakesContact(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	d.do(200, "POST", "/tickets", `{"ticket_type_id":"71","contacts":[{"email":"new@acme.example"}],"skip_notifications":true}`)
	d.do(200, "POST", "/tickets", `{"ticket_type_id":"71","contacts":[{"email":"ANN@acme.example"}],"skip_notifications":true}`)
	if n := d.srv.Stats().Objects["contact"]; n != 2 {
		t.Errorf("there are %d contacts, want 2", n)
	}
}

// TestEnqueue: a job is pending first, and one that fails gives no reason (IC 3.9).
func TestEnqueue(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	d.says(d.do(400, "POST", "/tickets/enqueue", `{%s}`, request), "parameter_invalid", "Missing required ticket attributes")
	good := d.do(200, "POST", "/tickets/enqueue", `{%s,"ticket_attributes":{"number":"SR-1"}}`, request)
	bad := d.do(200, "POST", "/tickets/enqueue", `{"ticket_type_id":"71","contacts":[{"external_id":"e9"}]}`)
	status := func(job map[string]any) map[string]any { return d.do(200, "GET", "/jobs/status/"+id(job), "") }
	if good["status"] != "pending" || good["resource_id"] != nil || status(good)["status"] != "pending" {
		t.Errorf("the job begins as %v", good)
	}
	d.clock.now = d.clock.now.Add(10 * time.Second)
	done := status(good)
	if done["status"] != "success" {
		t.Fatalf("the job is %v", done)
	}
	d.do(200, "GET", "/tickets/"+done["resource_id"].(string), "")
	if got := status(bad); got["status"] != "failed" || got["resource_id"] != nil {
		t.Errorf("the wrong job is %v", got)
	}
}

// TestConvert: customer types alone, once, with the thread it had (IC 3.6, 4.1).
func TestConvert(t *testing.T) {
	d := newTickets(t, sandbox.Options{})
	conv := d.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"It does not print."}`, ann)["conversation_id"].(string)
	d.do(200, "POST", "/conversations/"+conv+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"seen"}`)
	path := "/conversations/" + conv + "/convert"
	d.says(d.do(400, "POST", path, `{"ticket_type_id":"71"}`), "parameter_invalid", "Ticket type is not a customer ticket type")
	d.says(d.do(400, "POST", path, `{"ticket_type_id":"70","ticket_state_id":"900"}`), "ticket_state_id_invalid", "")
	got := d.do(200, "POST", path, `{"ticket_type_id":"70","ticket_state_id":"%s","attributes":{"number":"SR-1"}}`, d.state("in_progress"))
	if parts := list(got, "ticket_parts", "ticket_parts"); id(got) != conv || len(parts) != 2 || parts[0]["body"] != "<p>seen</p>" || parts[1]["ticket_state"] != "in_progress" {
		t.Errorf("the ticket is %v", got)
	}
	d.says(d.do(400, "POST", path, `{"ticket_type_id":"70"}`), "parameter_invalid", "already a ticket")
}

// TestTicketNotifications: who is told, and who could have been left alone (IC 3.9, traps 9 and 40).
func TestTicketNotifications(t *testing.T) {
	made := func(d *desk) string { return "/tickets/" + id(d.ticket("SR-1")) }
	for _, tt := range []struct {
		name     string
		do       func(d *desk)
		contacts sandbox.Reach
		mates    sandbox.Reach
	}{
		{"created quietly", func(d *desk) { made(d) }, sandbox.Reach{}, sandbox.Reach{}},
		{"created", func(d *desk) {
			d.do(200, "POST", "/tickets", `{"ticket_type_id":"70","contacts":[{"id":"%s"}],"ticket_attributes":{"number":"1"}}`, ann)
		}, sandbox.Reach{Avoidable: 1}, sandbox.Reach{Avoidable: 1}},
		{"created, not shared", func(d *desk) {
			d.do(200, "POST", "/tickets", `{"ticket_type_id":"71","contacts":[{"id":"%s"}]}`, ann)
		}, sandbox.Reach{}, sandbox.Reach{Avoidable: 1}},
		{"updated", func(d *desk) { d.do(200, "PUT", made(d), `{"assignee_id":"12"}`) }, sandbox.Reach{Avoidable: 1}, sandbox.Reach{Avoidable: 1}},
		{"updated quietly", func(d *desk) { d.do(200, "PUT", made(d), `{"assignee_id":"12","skip_notifications":true}`) }, sandbox.Reach{}, sandbox.Reach{}},
		{"comment", func(d *desk) {
			d.do(200, "POST", made(d)+"/reply", `{"message_type":"comment","type":"admin","admin_id":"11","body":"x"}`)
		}, sandbox.Reach{Avoidable: 1}, sandbox.Reach{}},
		{"note", func(d *desk) {
			d.do(200, "POST", made(d)+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"x"}`)
		}, sandbox.Reach{}, sandbox.Reach{}},
		{"contact's comment", func(d *desk) {
			d.do(200, "POST", made(d)+"/reply", `{"message_type":"comment","type":"user","user_id":"e1","body":"x"}`)
		}, sandbox.Reach{}, sandbox.Reach{Avoidable: 1}},
		{"contact's comment, quietly", func(d *desk) {
			d.do(200, "POST", made(d)+"/reply", `{"message_type":"comment","type":"user","user_id":"e1","body":"x","skip_notifications":true}`)
		}, sandbox.Reach{}, sandbox.Reach{}},
		{"converted", func(d *desk) {
			conv := d.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"x"}`, ann)["conversation_id"].(string)
			d.do(200, "POST", "/conversations/"+conv+"/convert", `{"ticket_type_id":"70"}`)
		}, sandbox.Reach{Unavoidable: 1}, sandbox.Reach{Unavoidable: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newTickets(t, sandbox.Options{})
			tt.do(d)
			n := d.srv.Stats().Notifications
			if n.Contacts != tt.contacts || n.Teammates != tt.mates || n.Avoidable != tt.contacts.Avoidable+tt.mates.Avoidable || n.Unavoidable != tt.contacts.Unavoidable+tt.mates.Unavoidable {
				t.Errorf("the counts are %+v", n)
			}
		})
	}
}
