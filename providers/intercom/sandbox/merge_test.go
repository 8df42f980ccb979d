package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"deskform/providers/intercom/sandbox"
)

// TestMerged: IC 3.1, trap 32. A merged contact is gone from lists, its keys are free, its conversations and tags are the
// survivor's, and a read by its id names the survivor over three hops.
func TestMerged(t *testing.T) {
	clock := &stillClock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	srv, err := sandbox.New(sandbox.Options{Token: "sandbox", Clock: clock, Seed: strings.NewReader(contractSeed)})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(srv)
	defer h.Close()
	c := &contract{t: t, url: h.URL}
	var ids []string
	for i := range 5 {
		ids = append(ids, id(c.do(200, "POST", "/contacts", `{"role":"user","external_id":"e%d","email":"p%d@acme.example"}`, i, i)))
	}
	tag := c.do(200, "POST", "/tags", `{"name":"vip"}`)
	c.do(200, "POST", "/contacts/"+ids[0]+"/tags", `{"id":"%s"}`, id(tag))
	conv := c.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"Help","created_at":1767600000}`, ids[0])
	for i := range 4 {
		if err := srv.Mutate(sandbox.Mutation{Op: "merge", Kind: "contact", ID: ids[i], Value: ids[i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := srv.Mutate(sandbox.Mutation{Op: "merge", Kind: "contact", ID: ids[0], Value: ids[4]}); err == nil || !strings.Contains(err.Error(), "cannot be merged") {
		t.Errorf("a merged contact is merged again: %v", err)
	}
	for i, want := range []int{404, 410, 410, 410, 200} { // the first is four hops away
		for _, path := range []string{"/contacts/" + ids[i], fmt.Sprintf("/contacts/find_by_external_id/e%d", i)} {
			req, err := http.NewRequest("GET", h.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Authorization": {"Bearer sandbox"}, "Intercom-Version": {"2.16"}, "Accept": {"application/json"}}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			link := ""
			if want == 410 {
				link = fmt.Sprintf(`</contacts/%s>; rel="canonical"`, ids[4])
			}
			if resp.StatusCode != want || resp.Header.Get("Link") != link {
				t.Errorf("%s: %d, Link %q; want %d, %q", path, resp.StatusCode, resp.Header.Get("Link"), want, link)
			}
		}
	}
	c.do(404, "PUT", "/contacts/"+ids[3], `{"name":"x"}`)
	c.do(404, "POST", "/contacts/"+ids[3]+"/unarchive", "")
	clock.now = clock.now.Add(time.Hour)
	if n := len(c.do(200, "GET", "/contacts", "")["data"].([]any)); n != 1 {
		t.Errorf("the list shows %d contacts, want 1", n)
	}
	left := c.do(200, "GET", "/contacts/"+ids[4], "")
	if n := left["tags"].(map[string]any)["total_count"]; n != 1.0 {
		t.Errorf("the survivor has %v tags, want 1", n)
	}
	got := c.do(200, "GET", "/conversations/"+fmt.Sprint(conv["conversation_id"]), "")
	who := got["contacts"].(map[string]any)["contacts"].([]any)[0].(map[string]any)
	if who["id"] != ids[4] {
		t.Errorf("the conversation is of %v, want %s", who["id"], ids[4])
	}
	c.do(200, "POST", "/contacts", `{"role":"user","external_id":"e0"}`) // its keys are free
}

// TestLead: IC 3.1, traps 33 and 34. Leads are never compared, their external_id is generated, and a user never becomes
// one.
func TestLead(t *testing.T) {
	srv, err := sandbox.New(sandbox.Options{Token: "sandbox", Seed: strings.NewReader(contractSeed)})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(srv)
	defer h.Close()
	c := &contract{t: t, url: h.URL}
	one := c.do(200, "POST", "/contacts", `{"role":"lead","email":"ann@acme.example","external_id":"mine"}`)
	two := c.do(200, "POST", "/contacts", `{"role":"lead","email":"ann@acme.example"}`)
	user := c.do(200, "POST", "/contacts", `{"role":"user","email":"ann@acme.example","external_id":"mine"}`)
	if one["external_id"] == "mine" || one["external_id"] == two["external_id"] {
		t.Errorf("leads have external_id %v and %v", one["external_id"], two["external_id"])
	}
	if got := c.do(200, "PUT", "/contacts/"+id(one), `{"external_id":"other"}`); got["external_id"] != one["external_id"] {
		t.Errorf("a lead's external_id was changed to %v", got["external_id"])
	}
	c.do(400, "PUT", "/contacts/"+id(user), `{"role":"lead"}`)
	c.do(409, "PUT", "/contacts/"+id(two), `{"role":"user"}`)
	c.do(404, "GET", "/contacts/find_by_external_id/"+fmt.Sprint(one["external_id"]), "")
}
