package sandbox_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/providers/intercom/sandbox"
	"deskform/providers/providertest/openapi"
)

const contractSeed = `{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
 "admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true, "team_ids": ["21"]},
            {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}],
 "teams": [{"id": "21", "name": "Desk", "admin_ids": ["11"]}],
 "data_attributes": [{"name": "their_changes", "model": "contact", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "Change"}}],
 "custom_objects": [{"identifier": "Change", "name": "Change Request", "attributes": [{"name": "title", "data_type": "string"}, {"name": "risk", "data_type": "list", "options": ["Low", "High"]},
   {"name": "when", "data_type": "datetime"}, {"name": "hours", "data_type": "decimal"}, {"name": "count", "data_type": "integer"}, {"name": "known", "data_type": "boolean"},
   {"name": "asked_by", "data_type": "relationship", "reference": {"type": "one", "object_type_id": "contact"}}, {"name": "problems", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "Problem"}}]},
  {"identifier": "Problem", "name": "Problem", "attributes": [{"name": "cause", "data_type": "string"}]}]}`

// stillClock stands still unless somebody sleeps on it.
type stillClock struct{ now time.Time }

func (c *stillClock) Now() time.Time { return c.now }
func (c *stillClock) Sleep(_ context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return nil
}

// contract sends requests one after another; what an answer gave is used in the next.
type contract struct {
	t   *testing.T
	url string
	// version of the calls; empty: 2.16.
	version string
}

func (c *contract) do(want int, method, path, body string, args ...any) map[string]any {
	c.t.Helper()
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(fmt.Sprintf(body, args...)))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sandbox")
	req.Header.Set("Intercom-Version", cmp.Or(c.version, "2.16"))
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != want {
		c.t.Errorf("%s %s %s: %d %s, want %d", method, path, fmt.Sprintf(body, args...), resp.StatusCode, text, want)
	}
	var out map[string]any
	_ = json.Unmarshal(text, &out)
	return out
}

func id(m map[string]any) string { return fmt.Sprint(m["id"]) }

// number is the id as JSON gave it, without an exponent.
func number(m map[string]any) string {
	f, _ := m["id"].(float64)
	return fmt.Sprintf("%.0f", f)
}

// TestContract sends every operation that the sandbox serves, right and wrong, and holds requests and answers against
// Intercom's own description.
func TestContract(t *testing.T) {
	v := openapi.Load(t, openapi.Differences())
	clock := &stillClock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	srv, err := sandbox.New(sandbox.Options{Token: "sandbox", Clock: clock, Seed: strings.NewReader(contractSeed)})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(v.Around(srv))
	defer h.Close()
	c := &contract{t: t, url: h.URL}

	c.do(200, "GET", "/me", "")
	c.do(200, "GET", "/admins", "")
	c.do(200, "GET", "/admins/11", "")
	c.do(404, "GET", "/admins/99", "")
	c.do(200, "GET", "/teams", "")
	c.do(200, "GET", "/brands", "")
	c.do(200, "GET", "/teams/21", "")
	c.do(404, "GET", "/teams/99", "")

	attr := c.do(200, "POST", "/data_attributes", `{"name":"post","model":"contact","data_type":"string"}`)
	c.do(400, "POST", "/data_attributes", `{"name":"post","model":"company","data_type":"string"}`)
	ci := c.do(200, "POST", "/data_attributes", `{"name":"ci_type","model":"company","data_type":"options","options":[{"value":"PC"},{"value":"Phone"}]}`)
	c.do(200, "PUT", "/data_attributes/"+number(attr), `{"description":"What they do"}`)
	c.do(200, "PUT", "/data_attributes/"+number(ci), `{"options":[{"value":"PC"},{"value":"Phone"},{"value":"Car"}]}`)
	c.do(404, "PUT", "/data_attributes/99", `{"description":"x"}`)
	c.do(200, "GET", "/data_attributes?model=contact", "")
	c.do(200, "GET", "/data_attributes?model=company&include_archived=true", "")

	prio := c.do(200, "POST", "/conversations/attributes", `{"name":"prio","data_type":"list","options":[{"label":"High"},{"label":"Low"}]}`)
	c.do(200, "POST", "/conversations/attributes", `{"name":"ticket","data_type":"string"}`)
	c.do(200, "POST", "/conversations/attributes", `{"name":"moved","data_type":"boolean"}`)
	c.do(422, "POST", "/conversations/attributes", `{"name":"due","data_type":"date"}`)
	c.do(200, "GET", "/conversations/attributes", "")
	c.do(200, "GET", "/conversations/attributes/"+number(prio), "")
	c.do(404, "GET", "/conversations/attributes/99", "")
	c.do(200, "PUT", "/conversations/attributes/"+number(prio), `{"description":"How urgent"}`)
	more := c.do(200, "POST", "/conversations/attributes/"+number(prio)+"/options", `{"label":"Medium"}`)
	if opts, _ := more["options"].([]any); len(opts) > 0 {
		more = opts[len(opts)-1].(map[string]any)
	}
	c.do(200, "PUT", "/conversations/attributes/"+number(prio)+"/options/"+id(more), `{"label":"Middle"}`)
	c.do(200, "DELETE", "/conversations/attributes/"+number(prio)+"/options/"+id(more), "")

	tag := c.do(200, "POST", "/tags", `{"name":"vip"}`)
	c.do(200, "POST", "/tags", `{"name":"VIP"}`)
	c.do(200, "POST", "/tags", `{"id":"%s","name":"very important"}`, id(tag))
	c.do(200, "GET", "/tags", "")
	c.do(200, "GET", "/tags/"+id(tag), "")
	c.do(404, "GET", "/tags/99", "")

	ann := c.do(200, "POST", "/contacts", `{"role":"user","email":"ann@acme.example","name":"Ann","phone":"+79000000001","custom_attributes":{"post":"lead"}}`)
	c.do(409, "POST", "/contacts", `{"role":"user","email":"ANN@acme.example"}`)
	bob := c.do(200, "POST", "/contacts", `{"role":"user","external_id":"e2","name":"Bob"}`)
	c.do(400, "POST", "/contacts", `{"role":"user","email":"c@acme.example","custom_attributes":{"nobody":"x"}}`)
	c.do(200, "GET", "/contacts", "")
	c.do(200, "GET", "/contacts/"+id(ann), "")
	c.do(404, "GET", "/contacts/65aa00000000000000000099", "")
	c.do(200, "GET", "/contacts/find_by_external_id/e2", "")
	c.do(200, "PUT", "/contacts/"+id(ann), `{"name":"Anna","custom_attributes":{"post":"boss"}}`)
	c.do(200, "POST", "/contacts/search", `{"query":{"field":"email","operator":"=","value":"ann@acme.example"},"pagination":{"per_page":5}}`)
	c.do(200, "POST", "/contacts/"+id(bob)+"/archive", "")
	c.do(200, "POST", "/contacts/"+id(bob)+"/unarchive", "")
	c.do(200, "POST", "/contacts/"+id(ann)+"/tags", `{"id":"%s"}`, id(tag))
	c.do(404, "POST", "/contacts/"+id(ann)+"/tags", `{"id":"99"}`)
	c.do(200, "GET", "/contacts/"+id(ann)+"/tags", "")
	c.do(200, "DELETE", "/contacts/"+id(ann)+"/tags/"+id(tag), "")

	lead := c.do(200, "POST", "/contacts", `{"role":"lead","email":"ann@acme.example","external_id":"mine"}`)
	c.do(400, "POST", "/contacts/merge", `{"from":"%s","into":"%s"}`, id(ann), id(bob))
	c.do(400, "POST", "/contacts/merge", `{"from":"%s","into":"%s"}`, id(lead), id(bob))
	c.do(200, "POST", "/contacts/merge", `{"from":"%s","into":"%s"}`, id(lead), id(ann))
	c.do(410, "GET", "/contacts/"+id(lead), "")

	org := c.do(200, "POST", "/companies", `{"company_id":"org:1","name":"Acme","custom_attributes":{"ci_type":"PC"}}`)
	c.do(200, "POST", "/contacts/"+id(ann)+"/companies", `{"id":"%s"}`, id(org))
	c.do(404, "POST", "/contacts/"+id(ann)+"/companies", `{"id":"65aa00000000000000000099"}`)
	c.do(200, "GET", "/contacts/"+id(ann)+"/companies", "")
	c.do(200, "GET", "/companies?company_id=org:1", "")
	c.do(404, "GET", "/companies?company_id=org:9", "")
	c.do(200, "POST", "/companies/list?per_page=10", "")
	c.do(200, "GET", "/companies/scroll", "")
	c.do(200, "GET", "/companies/"+id(org), "")
	c.do(404, "GET", "/companies/65aa00000000000000000099", "")
	c.do(200, "PUT", "/companies/"+id(org), `{"name":"Acme Ltd"}`)
	c.do(200, "GET", "/companies/"+id(org)+"/contacts", "")
	c.do(200, "DELETE", "/contacts/"+id(ann)+"/companies/"+id(org), "")
	c.do(200, "DELETE", "/companies/"+id(org), "")

	conv := c.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"It does not print.","created_at":1767600000}`, id(ann))
	conv["id"] = conv["conversation_id"]
	path := "/conversations/" + id(conv)
	c.do(404, "POST", "/conversations", `{"from":{"type":"user","id":"65aa00000000000000000099"},"body":"x"}`)
	c.do(200, "POST", path+"/reply", `{"message_type":"comment","type":"user","intercom_user_id":"%s","body":"Still not.","created_at":1767600060}`, id(ann))
	c.do(200, "POST", path+"/reply", `{"message_type":"comment","type":"admin","admin_id":"11","body":"<p>On my way.</p>","created_at":1767600120,"skip_notifications":true,"attachment_files":[{"content_type":"text/plain","name":"a.txt","data":"YQ=="}]}`)
	c.do(200, "POST", path+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"<p>The drum.</p>","created_at":1767600180}`)
	c.do(404, "POST", "/conversations/99/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"x"}`)
	again := c.do(200, "POST", path+"/reply", `{"message_type":"note","type":"admin","admin_id":"11","body":"<p>The drum.</p>","created_at":1767600180}`)
	parts := again["conversation_parts"].(map[string]any)["conversation_parts"].([]any)
	c.do(200, "POST", "/conversations/redact", `{"type":"conversation_part","conversation_id":"%s","conversation_part_id":"%s"}`, id(conv), id(parts[len(parts)-1].(map[string]any)))
	c.do(404, "POST", "/conversations/redact", `{"type":"conversation_part","conversation_id":"%s","conversation_part_id":"1"}`, id(conv))
	c.do(404, "POST", "/conversations/redact", `{"type":"source","conversation_id":"%s","source_id":"1"}`, id(conv))
	c.do(200, "PUT", path, `{"title":"Printer","custom_attributes":{"prio":"High","ticket":"42","moved":true}}`)
	c.do(200, "POST", path+"/tags", `{"id":"%s","admin_id":"11"}`, id(tag))
	c.do(200, "DELETE", path+"/tags/"+id(tag), `{"admin_id":"11"}`)
	c.do(200, "POST", path+"/parts", `{"message_type":"assignment","type":"team","admin_id":"11","assignee_id":"21"}`)
	c.do(200, "POST", path+"/parts", `{"message_type":"assignment","type":"admin","admin_id":"11","assignee_id":"12"}`)
	c.do(200, "POST", path+"/parts", `{"message_type":"snoozed","admin_id":"11","snoozed_until":1999999999}`)
	c.do(200, "POST", path+"/parts", `{"message_type":"open","admin_id":"11"}`)
	c.do(200, "POST", path+"/parts", `{"message_type":"close","type":"admin","admin_id":"11"}`)
	c.do(200, "GET", path+"?display_as=plaintext", "")
	c.do(404, "GET", "/conversations/99", "")
	c.do(200, "GET", "/conversations?per_page=5", "")
	c.do(200, "POST", "/conversations/search", `{"query":{"operator":"AND","value":[{"field":"updated_at","operator":">","value":1}]},"pagination":{"per_page":5}}`)
	c.do(200, "DELETE", path, "")
	c.do(200, "GET", "/conversations/deleted", "")
	c.ticketTypes()
	c.notesAndPeople(id(ann), id(bob))
	c.objects(id(ann))
	c.tickets(clock, id(ann), id(tag))
	c.do(200, "DELETE", "/contacts/"+id(bob), "")
	c.do(200, "DELETE", "/conversations/attributes/"+number(prio), "")
	c.do(200, "DELETE", "/tags/"+id(tag), "")

	v.Report(t)
	seen := v.Seen()
	for _, op := range sandbox.Operations() {
		if seen[op+" 200"] == 0 {
			t.Errorf("%s was not sent", op)
		}
	}
	for _, d := range v.Unused() {
		t.Errorf("no answer needs the difference %s any more; delete it", d.Text)
	}
	t.Logf("%d operations, %d kinds of answers", len(sandbox.Operations()), len(slices.Collect(maps.Keys(seen))))
}

// TestUnauthorized: no operation answers a wrong token.
func TestUnauthorized(t *testing.T) {
	srv, err := sandbox.New(sandbox.Options{Token: "sandbox"})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(srv)
	defer h.Close()
	param := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, route := range sandbox.Routes() {
		method, path, _ := strings.Cut(route, " ")
		req, err := http.NewRequest(method, h.URL+param.ReplaceAllString(path, "1"), strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer other")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 401 || resp.Header.Get("X-RateLimit-Limit") != "" {
			t.Errorf("%s: %d, rate header %q", route, resp.StatusCode, resp.Header.Get("X-RateLimit-Limit"))
		}
	}
}
