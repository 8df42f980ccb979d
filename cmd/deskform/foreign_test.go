package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	intercomsandbox "deskform/providers/intercom/sandbox"
)

// bob is in Intercom before the move.
const bob = "65aa00000000000000000001"

// call is a call of somebody else's, which has to succeed.
func (d *desk) call(method, path string, body any) map[string]any {
	d.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(d.ctx, method, "http://intercom.sandbox"+path, bytes.NewReader(text))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer " + scriptToken}, "Accept": {"application/json"}, "Content-Type": {"application/json"}, "Intercom-Version": {"2.16"}}
	resp, err := (&http.Client{Transport: d.far.RoundTripper()}).Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode > 299 {
		d.t.Fatalf("%s %s: %d %v %v", method, path, resp.StatusCode, out, err)
	}
	return out
}

// quotes opens a conversation of Bob's that repeats the whole first message of ticket t2, with its marker.
func (d *desk) quotes() {
	token := plan.Token(plan.Address{Set: "conversation.tickets", Key: "t2"})
	for i, text := range []string{"It does not work.\n\n" + token, "You wrote: " + token + ", what is that?"} {
		d.call("POST", "/conversations", map[string]any{"from": map[string]any{"type": "user", "id": bob}, "body": text, "created_at": 1768000000 + i})
	}
}

// namesake is a contact just like e4, but for what is given.
func (d *desk) namesake(more map[string]any) {
	in := map[string]any{"role": "user", "name": "Left", "custom_attributes": map[string]any{"post": "gone"}}
	for k, v := range more {
		in[k] = v
	}
	d.call("POST", "/contacts", in)
}

func (d *desk) attribute() {
	d.call("POST", "/data_attributes", map[string]any{"name": "post", "model": "contact", "data_type": "string"})
}

// source replaces a file of the source.
func (d *desk) source(name, text string) {
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// TestForeign: there are other people's objects in the workspace that look like ours, and answers are lost. In the end
// everything is as it is when no answer is lost: theirs are as they were, ours are there, each on its own.
func TestForeign(t *testing.T) {
	before := func(op string, n int) intercomsandbox.Fault {
		return intercomsandbox.Fault{Kind: "reset_before_commit", Operation: op, Times: n}
	}
	after := func(op string, n int) intercomsandbox.Fault {
		return intercomsandbox.Fault{Kind: "reset_after_commit", Operation: op, Times: n}
	}
	two := func(d *desk) { // who cannot be told apart
		d.source("people.jsonl", crashFiles["people.jsonl"]+`{"id":"e5","email":null,"name":"Left","post":"gone","org":"b","orgname":"Bcme","vip":false}`+"\n")
	}
	for _, tt := range []struct {
		name        string
		lag         time.Duration
		first, then func(d *desk)
		faults      []intercomsandbox.Fault
	}{
		{name: "a customer quotes the marker, then the answer is lost", first: (*desk).quotes, faults: []intercomsandbox.Fault{before("createConversation", 2)}},
		{name: "a customer quotes the marker of what was repeated", then: (*desk).quotes, faults: []intercomsandbox.Fault{before("createConversation", 2)}},
		{name: "two of one name, no try was carried out", first: two, faults: []intercomsandbox.Fault{before("CreateContact", 3)}},
		{name: "two of one name, all tries were carried out", first: two, faults: []intercomsandbox.Fault{after("CreateContact", 3)}},
		{name: "two of one name, tries come to light late", lag: 3 * time.Hour, first: two, faults: []intercomsandbox.Fault{after("CreateContact", 3)}},
		{name: "somebody else's contact with keys of its own", first: func(d *desk) {
			d.attribute()
			d.namesake(map[string]any{"external_id": "crm-77", "email": "left@elsewhere.example"})
		}, faults: []intercomsandbox.Fault{before("CreateContact", 3)}},
		{name: "a contact of that name who has always been there", first: func(d *desk) {
			d.attribute()
			d.namesake(nil)
			if err := d.clock.Sleep(d.ctx, time.Hour); err != nil {
				d.t.Fatal(err)
			}
		}, faults: []intercomsandbox.Fault{before("CreateContact", 3)}},
		{name: "a lead with the same e-mail address", first: func(d *desk) {
			d.attribute()
			d.call("POST", "/contacts", map[string]any{"role": "lead", "email": "ann@acme.example", "name": "Ann", "custom_attributes": map[string]any{"post": "lead"}})
		}, faults: []intercomsandbox.Fault{before("CreateContact", 3)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := ""
			for _, calm := range []bool{true, false} {
				d := calmDesk(t, max(tt.lag, time.Minute))
				if tt.first != nil {
					tt.first(d)
				}
				if !calm {
					if err := d.far.AddFaults(tt.faults...); err != nil {
						t.Fatal(err)
					}
				}
				why := d.move("")
				if tt.then != nil {
					tt.then(d)
				}
				if err := d.clock.Sleep(d.ctx, tt.lag+time.Hour); err != nil {
					t.Fatal(err)
				}
				if why == "" {
					why = d.move("")
				}
				if got := leadKey.ReplaceAllString(normal(t, d.far), "lead"); why == "" && want != "" && got != want {
					why = difference(want, got)
				}
				if why != "" {
					t.Fatalf("calm %v: %s", calm, why)
				}
				if len(d.done.CopiesLeft) > 0 {
					t.Errorf("left to a person: %v", d.done.CopiesLeft)
				}
				want = leadKey.ReplaceAllString(normal(t, d.far), "lead")
				d.alone()
			}
		})
	}
}

// leadKey is the external_id that Intercom gives a lead.
var leadKey = regexp.MustCompile(`lead-[0-9a-f]{24}`)

// alone checks that no two records own one object.
func (d *desk) alone() {
	d.t.Helper()
	e := d.open()
	defer e.Close()
	owner := map[string]plan.Address{}
	for _, set := range e.Config.Sets {
		for b, err := range e.State.Bases(d.ctx, set.Name) {
			if err != nil {
				d.t.Fatal(err)
			}
			if b.Origin == "merged" {
				continue
			}
			name := b.Kind + " " + b.ID
			if by, taken := owner[name]; taken {
				d.t.Errorf("%s is %s and %s", name, by, b.Address)
			}
			owner[name] = b.Address
		}
	}
}

// TestLastOne: an agent has deleted the one of two conversations that the state knows. The other one is not taken away for
// a copy, it becomes the record's.
func TestLastOne(t *testing.T) {
	t.Parallel()
	calm := calmDesk(t, time.Minute)
	if why := calm.move(""); why != "" {
		t.Fatal(why)
	}
	d := calmDesk(t, 3*time.Hour)
	if err := d.far.AddFaults(intercomsandbox.Fault{Kind: "reset_after_commit", Operation: "createConversation", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if pending, err := d.apply(); err != nil || pending > 0 {
		t.Fatalf("%d pending, %v\n%s", pending, err, strings.Join(d.told, "\n"))
	}
	for _, key := range []string{"t1", "t2"} {
		e := d.open()
		_, id, _, err := e.State.Resolve(d.ctx, plan.Target{Set: "conversation.tickets", Key: key})
		repeated := false
		for in := range e.State.Repeated(d.ctx) {
			repeated = repeated || in.Step.Address.Key == key
		}
		e.Close()
		if err != nil {
			t.Fatal(err)
		}
		if repeated {
			d.call("DELETE", fmt.Sprintf("/conversations/%s", id), nil)
		}
	}
	if err := d.clock.Sleep(d.ctx, 4*time.Hour); err != nil {
		t.Fatal(err)
	}
	if why := d.move(normal(t, calm.far)); why != "" {
		t.Error(why)
	}
	for _, id := range d.ids() {
		if n := d.owners(id); n != 1 {
			t.Errorf("conversation %s is known %d times", id, n)
		}
	}
}
