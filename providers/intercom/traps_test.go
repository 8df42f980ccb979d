package intercom_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
	"deskform/providers/providertest"
)

// TestTraps: each trap of section 6 of the reference has an answer in the package documentation; each test that it names is
// there, and those that no other test shows are shown here.
func TestTraps(t *testing.T) { providertest.Traps(t, 44, ownTraps()) }

// swept are the ids that a sweep yields.
func (d *helpDesk) swept(kind string, since time.Time) (out []string) {
	d.t.Helper()
	for l, err := range d.Sweep(d.t.Context(), kind, since) {
		if err != nil {
			d.t.Fatal(err)
		}
		out = append(out, l.ID)
	}
	return out
}

// last is the newest request to a path.
func (d *helpDesk) last(method, path string) string {
	d.t.Helper()
	for _, s := range slices.Backward(d.sent) {
		if strings.HasPrefix(s, method+" ") && strings.Contains(s, path) {
			return s
		}
	}
	d.t.Fatalf("nothing was sent to %s %s", method, path)
	return ""
}

// talk is a conversation in the help desk.
func (d *helpDesk) talk(parts ...plan.PartChange) (id string, steps map[string]plan.Step) {
	d.t.Helper()
	c := record("conversation", plan.Create)
	c.Want = plan.Fields{"contact": annID, "created_at": int64(1767600000), "body": "It does not <b>print</b>.", "state": "open"}
	c.Parts = parts
	steps = map[string]plan.Step{}
	for _, s := range intercom.NewDestination("").Steps(c) {
		steps[s.Op] = s
	}
	id = d.do(steps["create_conversation"]).ID
	for op, s := range steps {
		s.ID = id
		steps[op] = s
	}
	return id, steps
}

// answering answers everything with one text.
func answering(body string) answer {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// ownTraps are shown here, over the sandbox.
func ownTraps() map[int]func(*testing.T) {
	return map[int]func(*testing.T){
		5: func(t *testing.T) {
			for _, zone := range []string{"Pacific/Auckland", "America/Los_Angeles"} {
				far, err := sandbox.New(sandbox.Options{Token: testToken, Clock: &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}, Seed: strings.NewReader(strings.Replace(helpSeed, `"UTC"`, strconv.Quote(zone), 1))})
				if err != nil {
					t.Fatal(err)
				}
				now := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
				w := intercom.NewWriter(config(far.RoundTripper(), now))
				n := 0
				for _, err := range w.Sweep(t.Context(), "contact", now.now.Add(-time.Minute)) {
					if err != nil {
						t.Fatal(err)
					}
					n++
				}
				if n != 1 {
					t.Errorf("%s: a contact of this very second is shown %d times by a sweep of the last minute", zone, n)
				}
			}
		},
		7: func(t *testing.T) {
			d := newHelpDesk(t)
			d.talk(said("k1", "teammate", "12")) // an agent was the first to write in the source
			if got := d.last("POST", "/conversations"); !strings.Contains(got, `"from":{"id":"`+annID+`","type":"user"}`) || strings.Contains(got, "admin") {
				t.Errorf("sent %s", got)
			}
			w, broken := normalized("conversation", plan.Want{Fields: plan.Fields{"contact": annID, "created_at": int64(1767600000)}})
			if w.Fields["body"] != nil && w.Fields["body"] != "(no text)" || broken != "" {
				t.Errorf("a conversation without a text: %v %s", w.Fields, broken)
			}
		},
		8: func(t *testing.T) {
			d := newHelpDesk(t)
			id, _ := d.talk()
			got, err := d.Get(t.Context(), "conversation", id)
			if err != nil || got.ID != id || got.Fields["contact"] != annID {
				t.Errorf("the id %s leads to %+v, %v", id, got, err)
			}
		},
		10: func(t *testing.T) {
			d := newHelpDesk(t)
			before := d.far.Stats().Objects["contact"]
			d.do(ticketSteps("70")["create_ticket"])
			id, _ := d.talk()
			bob := d.do(plan.Step{Key: "b", Kind: "contact", Op: "create_contact", Payload: plan.Fields{"role": "user", "email": "bob@acme.example"}}).ID
			d.do(plan.Step{Key: "p", Kind: "conversation", Op: "add_participant", ID: id, Payload: plan.Fields{"member": bob}})
			for _, path := range []string{"/tickets", "/customers"} {
				if got := d.last("POST", path); strings.Contains(got, "email") || strings.Contains(got, "@") {
					t.Errorf("sent %s", got)
				}
			}
			if n := d.far.Stats().Objects["contact"] - before; n != 1 {
				t.Errorf("%d contacts more, want Bob alone", n)
			}
		},
		21: func(t *testing.T) {
			d := newHelpDesk(t)
			tag := d.do(plan.Step{Key: "t", Kind: "tag", Op: "create_tag", Payload: plan.Fields{"name": "vip"}}).ID
			ticket := d.do(ticketSteps("70")["create_ticket"]).ID
			talk, _ := d.talk()
			bob := d.do(plan.Step{Key: "b", Kind: "contact", Op: "create_contact", Payload: plan.Fields{"role": "user", "email": "bob@acme.example"}}).ID
			for _, s := range []struct{ kind, id, add, remove, path, member string }{
				{"ticket", ticket, "tag_ticket", "untag_ticket", "/tags/" + tag, tag}, {"conversation", talk, "tag_conversation", "untag_conversation", "/tags/" + tag, tag},
				{"conversation", talk, "add_participant", "remove_participant", "/customers/" + bob, bob},
			} {
				for _, op := range []string{s.add, s.remove} {
					d.do(plan.Step{Key: op, Kind: s.kind, Op: op, ID: s.id, Payload: plan.Fields{"member": s.member}})
				}
				if got := d.last("DELETE", s.path); !strings.HasSuffix(got, `{"admin_id":"11"}`) {
					t.Errorf("%s sends %s", s.remove, got)
				}
			}
		},
		24: func(t *testing.T) {
			for _, k := range intercom.NewDestination("").Kinds() {
				if f, ok := k.Field("company_id"); ok && (k.Name != "company" || f.Mode != plan.CreateOnly || !slices.Contains(k.NaturalKeys, "company_id")) {
					t.Errorf("company_id of %s has mode %v", k.Name, f.Mode)
				} else if k.Name == "company" && !ok {
					t.Error("a company has no company_id")
				}
			}
		},
		25: func(t *testing.T) {
			d := newHelpDesk(t)
			ticket := d.do(ticketSteps("70")["create_ticket"]).ID
			talk, _ := d.talk()
			d.pass(10 * time.Minute)
			if got := d.swept("conversation", time.Time{}); !slices.Equal(got, []string{talk}) {
				t.Errorf("the conversations are %v, want %s", got, talk)
			}
			if got := d.swept("ticket", time.Time{}); !slices.Equal(got, []string{ticket}) {
				t.Errorf("the tickets are %v, want %s", got, ticket)
			}
			if _, err := d.Get(t.Context(), "conversation", ticket); !errors.Is(err, plan.ErrNotFound) {
				t.Errorf("a ticket is read as a conversation: %v", err)
			}
		},
		27: func(t *testing.T) {
			d := newHelpDesk(t)
			ticket := d.do(ticketSteps("70")["create_ticket"]).ID
			talk, _ := d.talk()
			for kind, id := range map[string]string{"ticket": ticket, "conversation": talk} {
				got, err := d.Get(t.Context(), kind, id)
				if err != nil || got.Fields["assign.team"] != nil || got.Fields["assign.teammate"] != nil {
					t.Errorf("nobody is assigned and a %s shows %v, %v, %v", kind, got.Fields["assign.team"], got.Fields["assign.teammate"], err)
				}
			}
			d.do(plan.Step{Key: "a", Kind: "ticket", Op: "assign_ticket_teammate", ID: ticket, Payload: plan.Fields{"assignee": "12"}})
			if got := d.ticket(ticket); got.Fields["assign.teammate"] != "12" {
				t.Errorf("the number of an assignee is read as %#v", got.Fields["assign.teammate"])
			}
		},
		28: func(t *testing.T) {
			far := newHelpDesk(t).far
			var versions []string
			w := intercom.NewWriter(config(answer(func(r *http.Request) (*http.Response, error) {
				versions = append(versions, r.Header.Get("Intercom-Version")+" "+r.Header.Get("Accept"))
				return far.RoundTripper().RoundTrip(r)
			}), &leap{time.Unix(1767700000, 0)}))
			if _, err := w.Workspace(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Do(t.Context(), ticketSteps("70")["create_ticket"]); err != nil {
				t.Fatal(err)
			}
			if len(versions) < 3 || len(slices.Compact(versions)) != 1 || versions[0] != "2.16 application/json" {
				t.Errorf("versions %v", versions)
			}
		},
		31: func(t *testing.T) {
			d := newHelpDesk(t)
			_, steps := d.talk(note("k1"))
			if err := d.far.AddFaults(sandbox.Fault{Operation: "replyConversation", Kind: "status", Status: 400, Code: "parameter_invalid", Message: "Too many recent replies to this conversation"}); err != nil {
				t.Fatal(err)
			}
			begun := d.clock.now
			d.do(steps["note"])
			if waited := d.clock.now.Sub(begun); waited < 5*time.Second {
				t.Errorf("it is sent again after %s", waited)
			}
			if got, err := d.Get(t.Context(), "conversation", steps["note"].ID); err != nil || len(got.Parts) != 1 {
				t.Errorf("%d parts, %v", len(got.Parts), err)
			}
		},
		36: func(t *testing.T) {
			d := newHelpDesk(t)
			w := intercom.NewWriter(func() intercom.Config {
				cfg := config(answer(func(r *http.Request) (*http.Response, error) { return d.far.RoundTripper().RoundTrip(r) }), d.clock)
				cfg.Files = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("a")), nil }
				return cfg
			}())
			withFile := said("k1", "contact", annID)
			withFile.Fields["files"] = []plan.Value{plan.File{Name: "a.txt", Type: "text/plain", SHA256: "ca97", Size: 1}}
			_, steps := d.talk(withFile)
			if _, err := w.Do(t.Context(), steps["contact_reply"]); err != nil {
				t.Fatal(err)
			}
			got, err := d.Get(t.Context(), "conversation", steps["contact_reply"].ID)
			if err != nil || len(got.Parts) != 1 || got.Parts[0].Fields["files"] != int64(1) {
				t.Errorf("parts %+v, %v", got.Parts, err)
			}
			names, err := filepath.Glob("*.go")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				if strings.HasSuffix(name, "_test.go") {
					continue
				}
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(text), `"attachment_urls"`) {
					t.Errorf("%s sends addresses of files", name)
				}
			}
		},
		38: func(t *testing.T) {
			d := newHelpDesk(t)
			d.swept("company", time.Time{})
			for _, s := range d.sent {
				if strings.Contains(s, "scroll") {
					t.Errorf("sent %s", s)
				}
			}
		},
		40: func(t *testing.T) {
			d := newHelpDesk(t)
			s := plan.Step{Key: "n", Kind: "contact", Op: "create_contact", Payload: plan.Fields{"role": "user", "name": "Nobody", "external_id": "e9"}}
			res := d.do(s)
			if res.Live.Fields["email"] != nil {
				t.Errorf("it has the e-mail address %v", res.Live.Fields["email"])
			}
			d.pass(10 * time.Minute)
			if got := d.settle(s); !got.Found || got.Result.ID != res.ID {
				t.Errorf("it settles as %+v", got)
			}
		},
		41: func(t *testing.T) {
			for _, shape := range []string{`"ticket_type_attributes": {"type": "list", "data": [%s]}`, `"ticket_type_attributes": {"ticket_type_attributes": [%s]}`} {
				for _, options := range []string{`[{"id": "g1", "label": "High"}]`, `{"list_options": [{"id": "g1", "name": "High"}]}`} {
					body := `{"type": "list", "data": [{"id": "70", "name": "Incident", ` + fmt.Sprintf(shape, `{"id": 5, "name": "prio", "data_type": "list", "input_options": `+options+`}`) + `}]}`
					w := intercom.NewWriter(config(answering(body), &leap{time.Unix(1767700000, 0)}))
					n := 0
					for l, err := range w.Sweep(t.Context(), "ticket_attribute", time.Time{}) {
						if n++; err != nil || !plan.Equal(l.Fields["options"], []plan.Value{"High"}) {
							t.Errorf("%s: %v, %v", body, l.Fields, err)
						}
					}
					if n != 1 {
						t.Errorf("%s: %d attributes", body, n)
					}
				}
			}
			for _, key := range []string{"data", "companies"} {
				w := intercom.NewWriter(config(answering(`{"`+key+`": [{"id": "65a000000000000000000002", "company_id": "org:1", "name": "Acme"}]}`), &leap{time.Unix(1767700000, 0)}))
				for l, err := range w.Sweep(t.Context(), "company", time.Time{}) {
					if err != nil || l.Fields["company_id"] != "org:1" {
						t.Errorf("companies under %s: %v, %v", key, l.Fields, err)
					}
				}
			}
		},
		43: func(t *testing.T) {
			text, err := os.ReadFile("../../cmd/deskform/init/checklist.hcl")
			if err != nil || !strings.Contains(strings.ToLower(string(text)), "webhook") {
				t.Errorf("no checklist speaks of webhooks: %v", err)
			}
		},
	}
}
