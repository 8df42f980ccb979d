package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"deskform/providers/intercom/sandbox"
)

const (
	bob  = "65aa00000000000000000002"
	acme = "65cc00000000000000000001"
)

var peopleSeed = strings.Replace(contractSeed, `"teams"`, `"contacts":[{"id":"`+ann+`","role":"user","email":"ann@acme.example","external_id":"e1","companies":["`+acme+`"]},{"id":"`+bob+`","role":"user","external_id":"e2"}],
 "companies":[{"id":"`+acme+`","company_id":"org:1","name":"Acme"}], "brands":[{"id":"3","name":"Shop"}], "teams"`, 1)

func (d *desk) thread(contact string) string {
	d.t.Helper()
	return "/conversations/" + d.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"x"}`, contact)["conversation_id"].(string)
}

func participants(m map[string]any) string {
	var out []string
	for _, k := range list(m, "contacts", "contacts") {
		out = append(out, id(k)[22:])
	}
	return strings.Join(out, " ")
}

// TestParticipants: added by three keys, an unknown address makes a lead, the last one stays (IC 3.6, traps 9 and 10).
func TestParticipants(t *testing.T) {
	d := newDesk(t, peopleSeed, sandbox.Options{})
	path := d.thread(ann)
	add := func(status int, who string) map[string]any {
		return d.do(status, "POST", path+"/customers", `{"admin_id":"11","customer":%s}`, who)
	}
	add(200, `{"user_id":"e2"}`)
	if got := participants(add(200, `{"intercom_user_id":"`+bob+`"}`)); got != "01 02" {
		t.Errorf("the participants are %s", got)
	}
	d.says(add(404, `{"user_id":"e9"}`), "not_found", "User Not Found")
	lead := list(add(200, `{"email":"new@acme.example"}`), "contacts", "contacts")[2]
	if k := d.do(200, "GET", "/contacts/"+id(lead), ""); k["role"] != "lead" || k["email"] != "new@acme.example" {
		t.Errorf("the new contact is %v", k)
	}
	if n := d.srv.Stats().Notifications; n.Contacts.Unavoidable != 2 {
		t.Errorf("the counts are %+v, want 2 contacts told", n)
	}
	// A comment now reaches the two who have an address.
	d.do(200, "POST", path+"/reply", `{"message_type":"comment","type":"admin","admin_id":"11","body":"x"}`)
	if n := d.srv.Stats().Notifications; n.Contacts.Avoidable != 2 {
		t.Errorf("the counts are %+v, want 2 contacts who could have been left alone", n)
	}
	d.do(200, "DELETE", path+"/customers/"+id(lead), `{"admin_id":"11"}`)
	got := d.do(200, "DELETE", path+"/customers/"+ann, `{"admin_id":"11"}`)
	if source := got["source"].(map[string]any)["author"].(map[string]any); participants(got) != "02" || source["id"] != ann {
		t.Errorf("the participants are %s, the first message is of %v", participants(got), source["id"])
	}
	d.says(d.do(404, "DELETE", path+"/customers/"+ann, `{"admin_id":"11"}`), "not_found", "User Not Found")
	d.says(d.do(422, "DELETE", path+"/customers/"+bob, `{"admin_id":"11"}`), "parameter_invalid", "Removing the last customer is not allowed")
	d.says(d.do(400, "DELETE", path+"/customers/"+bob, ""), "parameter_not_found", "admin_id")
	found := d.do(200, "POST", "/conversations/search", `{"query":{"field":"contact_ids","operator":"=","value":"%s"}}`, bob)
	if len(list(found, "conversations")) != 1 {
		t.Errorf("the participant's conversations are %v", found)
	}
}

// TestConversationCompany: set by Intercom's own id, taken away by null (IC 3.6).
func TestConversationCompany(t *testing.T) {
	d := newDesk(t, peopleSeed, sandbox.Options{})
	path := d.thread(ann)
	if got := d.do(200, "PUT", path, `{"company_id":"%s"}`, acme); got["company"].(map[string]any)["company_id"] != "org:1" {
		t.Errorf("the company is %v", got["company"])
	}
	d.says(d.do(404, "PUT", path, `{"company_id":"org:1"}`), "company_not_found", "")
	if got := d.do(200, "PUT", path, `{"company_id":null}`); got["company"] != nil || got["company_id"] != nil {
		t.Errorf("the company is still %v", got["company"])
	}
}

// TestBulkTags: unknown ones are skipped in silence, untag takes away (IC 3.7, trap 11).
func TestBulkTags(t *testing.T) {
	d := newDesk(t, peopleSeed, sandbox.Options{})
	has := func(path string) bool {
		return len(list(d.do(200, "GET", path, ""), "tags", "data"))+len(list(d.do(200, "GET", path, ""), "tags", "tags")) == 1
	}
	for _, tt := range []struct{ body, done string }{
		{`"users":[{"id":"` + ann + `"},{"id":"` + bob + `"},{"id":"65aa00000000000000000099"}]`, "01 true 02 true"},
		{`"users":[{"id":"` + bob + `","untag":true}]`, "02 false"},
		{`"companies":[{"company_id":"org:1"},{"company_id":"org:9"}]`, "01 true"},
	} {
		got := d.do(200, "POST", "/tags", `{"name":"Moved",%s}`, tt.body)
		var done []string
		for _, e := range append(list(got, "users"), list(got, "companies")...) {
			done = append(done, id(e)[22:], fmt.Sprint(e["tagged"]))
		}
		if strings.Join(done, " ") != tt.done {
			t.Errorf("%s did %v, want %s", tt.body, done, tt.done)
		}
	}
	if !has("/contacts/"+ann) || has("/contacts/"+bob) || !has("/companies/"+acme) {
		t.Error("the tags are not where they were put")
	}
	tag := list(d.do(200, "GET", "/tags", ""), "data")[0]
	if got := list(d.do(200, "GET", "/companies?tag_id="+id(tag), ""), "data"); len(got) != 1 {
		t.Errorf("the companies of the tag are %v", got)
	}
	d.do(200, "POST", "/tags", `{"name":"moved","companies":[{"id":"%s","untag":true}]}`, acme)
	if has("/companies/" + acme) {
		t.Error("the company still has the tag")
	}
	d.says(d.do(400, "POST", "/tags", `{"name":"moved","users":[{"id":"%s"}],"companies":[{"id":"%s"}]}`, ann, acme), "parameter_invalid", "invalid tag parameters")
}

// TestNotes: a repeated one is one more, and none takes a time (IC 3.2, 3.3, trap 35).
func TestNotes(t *testing.T) {
	d := newDesk(t, peopleSeed, sandbox.Options{})
	for _, path := range []string{"/contacts/" + ann, "/companies/" + acme} {
		a := d.do(200, "POST", path+"/notes", `{"body":"Calls at nine.","admin_id":"12"}`)
		b := d.do(200, "POST", path+"/notes", `{"body":"Calls at nine."}`)
		if id(a) == id(b) || a["body"] != "<p>Calls at nine.</p>" || id(a["author"].(map[string]any)) != "12" || id(b["author"].(map[string]any)) != "11" {
			t.Errorf("the notes are %v and %v", a, b)
		}
		d.says(d.do(400, "POST", path+"/notes", `{"body":"x","created_at":1767600000}`), "bad_request", "bad 'created_at'")
		d.says(d.do(404, "POST", path+"/notes", `{"body":"x","admin_id":"99"}`), "not_found", "Resource Not Found")
		if got := list(d.do(200, "GET", path+"/notes", ""), "data"); len(got) != 2 || id(got[0]) != id(b) {
			t.Errorf("%s has notes %v", path, got)
		}
		d.do(200, "GET", "/notes/"+id(a), "")
	}
	if got := d.do(200, "GET", "/contacts/"+ann, "")["notes"].(map[string]any); got["total_count"] != 2.0 {
		t.Errorf("the contact shows notes %v", got)
	}
}

// TestCompanyDelete: the answer comes at once, the archive and the detaching later (IC 3.3, trap 23).
func TestCompanyDelete(t *testing.T) {
	d := newDesk(t, peopleSeed, sandbox.Options{IndexLag: time.Minute})
	if got := d.do(200, "DELETE", "/companies/"+acme, ""); got["deleted"] != true {
		t.Errorf("the answer is %v", got)
	}
	d.do(404, "DELETE", "/companies/"+acme, "")
	for _, want := range []int{200, 404} {
		d.do(want, "GET", "/companies/"+acme, "")
		d.do(want, "GET", "/companies?company_id=org:1", "")
		if got := list(d.do(200, "GET", "/contacts/"+ann+"/companies", ""), "data"); (len(got) == 1) != (want == 200) {
			t.Errorf("the contact's companies are %v", got)
		}
		d.clock.now = d.clock.now.Add(2 * time.Minute)
	}
}

// TestBrands: the default one has the workspace's id (IC 1.2); a conversation of a brand that is not there is refused.
func TestBrands(t *testing.T) {
	d := newDesk(t, peopleSeed, sandbox.Options{})
	got := list(d.do(200, "GET", "/brands", ""), "data")
	if len(got) != 2 || id(got[0]) != "ws1" || got[0]["is_default"] != true || got[1]["name"] != "Shop" {
		t.Errorf("the brands are %v", got)
	}
	for brand, status := range map[string]int{"3": 200, "4": 400} {
		d.do(status, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"x","brand_id":"%s"}`, ann, brand)
	}
}
