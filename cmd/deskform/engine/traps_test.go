package engine_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// trapConfig maps what the traps are about, as fixtures/acme does.
const trapConfig = tenantHead + `
data "itsm365" "people" { class = "employee" }
data "itsm365" "tickets" { class = "serviceCall" }
data "itsm365" "votes" { class = "vote" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
}
value_map "urgency" {
  from      = { U0 = "High", U1 = "Medium", U2 = "Low" }
  otherwise = error("no urgency for this")
}
value_map "impact" {
  from      = { I2 = "High", I1 = "Medium", I0 = "Low" }
  otherwise = error("no impact for this")
}
value_map "vote" {
  from      = { accepted = "approved", closed = "declined" }
  otherwise = null
}
attribute "conversation" "urgency" { data_type = "string" }
attribute "conversation" "impact" { data_type = "string" }
attribute "conversation" "kind" { data_type = "string" }
attribute "contact" "vote" { data_type = "string" }
records "contact" "people" {
  from  = data.itsm365.people
  where = each.lastName != "Служебный"
  key   = each.UUID
  match = { email = each.email }
  email = each.email
  name  = each.lastName
}
records "contact" "voters" {
  from       = data.itsm365.votes
  key        = each.UUID
  match      = { email = "${each.state}@acme.example" }
  email      = "${each.state}@acme.example"
  attributes = { vote = map(value_map.vote, each.state) }
}
records "contact" "by_mail" {
  from       = data.itsm365.tickets
  where      = each.clientEmail != null
  key        = lower(each.clientEmail)
  duplicates = "first"
  match      = { email = lower(each.clientEmail) }
  email      = lower(each.clientEmail)
}
records "conversation" "tickets" {
  from       = data.itsm365.tickets
  key        = each.UUID
  contact    = ref([contact.people, contact.by_mail], each.clientEmployee, lower(each.clientEmail))
  created_at = each.registrationDate
  body       = "x"
  attributes = {
    urgency = map(value_map.urgency, each.urgency.code)
    impact  = map(value_map.impact, each.impact.code)
    kind    = each.metaClass == "serviceCall$serviceCall" ? "incident" : "request"
  }
  part "comments" {
    for_each   = rows(data.itsm365.comments, each.UUID)
    private    = part.private
    author     = person(coalesce(part.author, mail_sender(part.text)), null)
    created_at = part.creationDate
    body       = html(without_mail_tail(part.text))
  }
}
`

// trapped pulls a tenant over HTTP and evaluates trapConfig.
func trapped(t *testing.T, files map[string]string) (*engine.Engine, map[string]engine.Evaluated) {
	t.Helper()
	data := fstest.MapFS{}
	for name, text := range files {
		data[name+".jsonl"] = &fstest.MapFile{Data: []byte(text)}
	}
	n := newTenant(t, itsmsandbox.Options{FS: data}, trapConfig)
	n.mustPull(n.dir, engine.PullAuto)
	n.clean()
	e := n.open(n.dir)
	t.Cleanup(func() { _ = e.Close() })
	list, err := e.Evaluate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]engine.Evaluated{}
	for _, ev := range list {
		out[ev.Set] = ev
	}
	return e, out
}

func want(t *testing.T, e *engine.Engine, set, key string) *plan.Want {
	t.Helper()
	w, err := e.Cache.Want(t.Context(), set, key)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// has compares fields of what a row becomes; a value of nil stands for a field that is not there.
func has(t *testing.T, got, fields plan.Fields) {
	t.Helper()
	for name, v := range fields {
		if !reflect.DeepEqual(got[name], v) {
			t.Errorf("%s is %#v, want %#v", name, got[name], v)
		}
	}
}

// TestUrgencyAndImpact: U0 and I2 are both high, as the value maps say; no code is compared with another, and one that nobody
// has listed makes the record invalid rather than low (IT trap 8).
func TestUrgencyAndImpact(t *testing.T) {
	ticket := func(n, urgency, impact int) string {
		return fmt.Sprintf(`{"UUID":"serviceCall$%d","metaClass":"serviceCall$request","number":%[1]d,"title":"%[1]d","clientEmail":"a@acme.example","registrationDate":"2026-01-05T10:00:00Z","urgency":"urgency$%d","impact":"impact$%d"}`+"\n", n, urgency, impact)
	}
	e, ev := trapped(t, map[string]string{
		"catalogs": `{"UUID":"urgency$10","metaClass":"urgency","code":"U0","title":"Высокая"}
{"UUID":"urgency$12","metaClass":"urgency","code":"U2","title":"Низкая"}
{"UUID":"urgency$13","metaClass":"urgency","code":"U3","title":"Ниже низкой"}
{"UUID":"impact$10","metaClass":"impact","code":"I0","title":"Низкая"}
{"UUID":"impact$12","metaClass":"impact","code":"I2","title":"Высокая"}`,
		"serviceCall": ticket(1, 10, 12) + ticket(2, 12, 10) + ticket(3, 13, 12),
	})
	has(t, want(t, e, "conversation.tickets", "serviceCall$1").Fields, plan.Fields{"attributes.urgency": "High", "attributes.impact": "High"})
	has(t, want(t, e, "conversation.tickets", "serviceCall$2").Fields, plan.Fields{"attributes.urgency": "Low", "attributes.impact": "Low"})
	unknown := want(t, e, "conversation.tickets", "serviceCall$3")
	has(t, unknown.Fields, plan.Fields{"attributes.urgency": nil})
	if len(unknown.Problems) != 1 || unknown.Problems[0].Rule != "unmapped" || ev["conversation.tickets"].Notes[`value_map.urgency does not list "U3"`] != 1 {
		t.Errorf("%+v, noticed %v", unknown.Problems, ev["conversation.tickets"].Notes)
	}
}

// TestClosedVoteAndIncident: a vote that is closed was declined, and the type serviceCall$serviceCall is an incident: state and
// type come as they are, and the mapping says what they mean (IT trap 9).
func TestClosedVoteAndIncident(t *testing.T) {
	e, _ := trapped(t, map[string]string{
		"vote": `{"UUID":"vote$1","metaClass":"vote$voteR","title":"a","state":"closed"}
{"UUID":"vote$2","metaClass":"vote$voteR","title":"b","state":"accepted"}`,
		"serviceCall": `{"UUID":"serviceCall$1","metaClass":"serviceCall$serviceCall","number":1,"title":"1"}
{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":2,"title":"2"}`,
	})
	has(t, want(t, e, "contact.voters", "vote$1").Fields, plan.Fields{"attributes.vote": "declined"})
	has(t, want(t, e, "contact.voters", "vote$2").Fields, plan.Fields{"attributes.vote": "approved"})
	has(t, want(t, e, "conversation.tickets", "serviceCall$1").Fields, plan.Fields{"attributes.kind": "incident"})
	has(t, want(t, e, "conversation.tickets", "serviceCall$2").Fields, plan.Fields{"attributes.kind": "request"})
}

// TestMailComment: a comment that came by mail has no author; the sender at its end speaks, and the line that names it goes
// (IT trap 26).
func TestMailComment(t *testing.T) {
	e, _ := trapped(t, map[string]string{
		"serviceCall": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1"}`,
		"comment": `{"UUID":"comment$1","metaClass":"comment","source":"serviceCall$1","private":false,"creationDate":"2026-01-05T11:00:00Z","text":"<div>Да</div><br>Email отправителя: Bob@acme.example"}
{"UUID":"comment$2","metaClass":"comment","source":"serviceCall$1","private":false,"creationDate":"2026-01-05T12:00:00Z","text":"Email отправителя: bob@acme.example<br>и ещё"}`,
	})
	parts := want(t, e, "conversation.tickets", "serviceCall$1").Parts
	if len(parts) != 2 {
		t.Fatalf("%d parts", len(parts))
	}
	has(t, parts[0].Fields, plan.Fields{"body": "<p>Да</p>"})
	if got := jsonOf(parts[0].Fields["author"]); got != `{"email":"bob@acme.example"}` {
		t.Errorf("the author is %s", got)
	}
	// Not at the end it is what somebody wrote.
	if got := jsonOf(parts[1].Fields["author"]); strings.Contains(got, "bob@") {
		t.Errorf("the author of the second comment is %s", got)
	}
	if body, _ := parts[1].Fields["body"].(string); !strings.Contains(body, "Email отправителя: bob@acme.example") {
		t.Errorf("the second comment is %s", body)
	}
}

// TestPlaceholderClient: the placeholder «Служебный» becomes nobody; who wrote is known by the address (IT trap 27).
func TestPlaceholderClient(t *testing.T) {
	e, ev := trapped(t, map[string]string{
		"employee": `{"UUID":"employee$1","metaClass":"employee$employee","title":"Служебный","lastName":"Служебный"}
{"UUID":"employee$2","metaClass":"employee$employee","title":"Анна","lastName":"Анна","email":"anna@acme.example"}`,
		"serviceCall": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1","clientEmployee":"employee$1","clientEmail":"Bob@acme.example"}`,
	})
	if w := want(t, e, "contact.people", "employee$1"); w != nil {
		t.Errorf("the placeholder becomes %+v", w)
	}
	if people := ev["contact.people"]; people.Wants != 1 || people.Skipped[`where = each.lastName != "Служебный"`] != 1 {
		t.Errorf("%+v", people)
	}
	has(t, want(t, e, "contact.by_mail", "bob@acme.example").Fields, plan.Fields{"email": "bob@acme.example"})
	if got := jsonOf(want(t, e, "conversation.tickets", "serviceCall$1").Fields["contact"]); !strings.Contains(got, `{"set":"contact.by_mail","key":"bob@acme.example"}`) {
		t.Errorf("the ticket's contact is %s", got)
	}
}
