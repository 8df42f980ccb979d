package sandbox_test

import (
	"strings"
	"testing"

	"deskform/providers/intercom/sandbox"
)

// TestVersions: what differs between 2.15, 2.16 and Preview (IC 8, traps 5, 11, 27 and 28).
func TestVersions(t *testing.T) {
	seed := strings.Replace(peopleSeed, `"brands"`, `"ticket_types":[{"id":"70","name":"Request"}], "conversation_attributes":[{"name":"prio","data_type":"string"}], "brands"`, 1)
	d := newDesk(t, seed, sandbox.Options{})
	path := d.thread(ann)
	ticket := "/tickets/" + id(d.do(200, "POST", "/tickets", `{"ticket_type_id":"70","contacts":[{"id":"%s"}],"assignment":{"admin_assignee_id":"12"},"skip_notifications":true}`, ann))
	created := d.do(200, "GET", "/contacts/"+ann, "")["created_at"].(float64)
	later := func() int {
		return len(list(d.do(200, "POST", "/contacts/search", `{"query":{"field":"created_at","operator":">","value":%.0f}}`, created-10), "data"))
	}
	for _, tt := range []struct {
		version            string
		nobody, admin      any
		priority           string
		old, listed, mixed int // statuses: 2.16's operations, a list of instances, data attributes of conversations
		tagged, found      int
	}{
		{"2.15", nil, "12", "not_priority", 400, 400, 200, 404, 0},
		{"2.16", 0.0, 12.0, "none", 200, 200, 422, 200, 0},
		{"Preview", 0.0, 12.0, "none", 200, 200, 422, 200, 2},
	} {
		t.Run(tt.version, func(t *testing.T) {
			d.t, d.version = t, tt.version
			if got := d.do(200, "GET", path, ""); got["admin_assignee_id"] != tt.nobody || got["team_assignee_id"] != tt.nobody || got["priority"] != tt.priority {
				t.Errorf("nobody is %v, the priority %v", got["admin_assignee_id"], got["priority"])
			}
			if got := d.do(200, "GET", ticket, ""); got["admin_assignee_id"] != tt.admin {
				t.Errorf("the ticket's assignee is %v", got["admin_assignee_id"])
			}
			if got := d.do(tt.old, "GET", "/conversations/attributes", ""); tt.old == 400 {
				d.says(got, "intercom_version_invalid", "not available in current API version")
			}
			d.do(tt.listed, "GET", "/custom_object_instances/Change", "")
			d.do(tt.mixed, "GET", "/data_attributes?model=conversation", "")
			d.do(tt.tagged, "POST", "/tags", `{"name":"bulk","users":[{"id":"65aa00000000000000000099"}]}`)
			if got := later(); got != tt.found {
				t.Errorf("the search by date finds %d, want %d", got, tt.found)
			}
		})
	}
	d.t, d.version = t, "2.14"
	d.says(d.do(400, "GET", "/me", ""), "intercom_version_invalid", "")
}

// TestHideTickets: without the scope they vanish from conversations, and nothing says so (IC 1.5, trap 25).
func TestHideTickets(t *testing.T) {
	for _, hide := range []bool{false, true} {
		d := newTickets(t, sandbox.Options{HideTickets: hide})
		d.ticket("SR-1")
		got := list(d.do(200, "GET", "/conversations", ""), "conversations")
		if (len(got) == 0) != hide {
			t.Errorf("hidden %v: %d conversations", hide, len(got))
		}
	}
}
