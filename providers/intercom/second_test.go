package intercom_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

// desk is a client on a sandbox with one contact.
func desk(t *testing.T) (*intercom.Writer, *leap, string) {
	t.Helper()
	clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	far, err := sandbox.New(sandbox.Options{Token: testToken, Clock: clock, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
		"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(far.RoundTripper(), clock)
	cfg.HTTP = &http.Client{Transport: far.RoundTripper()}
	w := intercom.NewWriter(cfg)
	ann, err := w.Do(t.Context(), plan.Step{Key: "a", Kind: "contact", Op: "create_contact", Payload: plan.Fields{"role": "user", "email": "ann@acme.example"}})
	if err != nil {
		t.Fatal(err)
	}
	return w, clock, ann.ID
}

// TestOneSecond: two conversations of one contact in one second, with one text, are told apart by the token in each when an
// answer is lost. So no time has to be changed for settling, as IC 4.2 #5 would have it for lack of a token.
func TestOneSecond(t *testing.T) {
	w, clock, ann := desk(t)
	d := intercom.NewDestination("")
	var steps []plan.Step
	ids := map[string]string{}
	for _, key := range []string{"serviceCall$1", "serviceCall$2"} {
		c := plan.Change{Address: plan.Address{Set: "conversation.all", Key: key}, Kind: "conversation", Action: plan.Create,
			Want: plan.Fields{"contact": ann, "created_at": int64(1767600000), "body": "It does not print.", "number": "7", "state": "open"}}
		s := d.Steps(c)[0]
		res, err := w.Do(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		ids[key] = res.ID
		steps = append(steps, s)
	}
	clock.now = clock.now.Add(10 * time.Minute) // longer than the index lags
	for _, s := range steps {
		got, err := w.Settle(t.Context(), plan.Intent{Step: s, At: clock.now})
		if err != nil || !got.Found || got.Result.ID != ids[s.Address.Key] || len(got.Copies) > 0 {
			t.Errorf("%s settles as %+v (%v), want %s", s.Address.Key, got, err, ids[s.Address.Key])
		}
	}
}

// TestLateAndTimeless: a comment that comes late is appended with its own, older time; a note without a time gets that of
// the move. Both are found again when their answers are lost, and each only as itself.
func TestLateAndTimeless(t *testing.T) {
	w, _, ann := desk(t)
	d := intercom.NewDestination("")
	c := plan.Change{Address: plan.Address{Set: "conversation.all", Key: "serviceCall$1"}, Kind: "conversation", Action: plan.Create,
		Want: plan.Fields{"contact": ann, "created_at": int64(1767600000), "body": "It does not print.", "state": "open"}}
	created, err := w.Do(t.Context(), d.Steps(c)[0])
	if err != nil {
		t.Fatal(err)
	}
	c.Action, c.ID, c.Have = plan.AppendTo, created.ID, plan.Fields{"state": "open"}
	c.Parts = []plan.PartChange{
		{List: "dossier", Key: "dossier", What: "append", Fields: plan.Fields{"private": true, "body": "<p>Parent: SC-7</p>", "author": plan.Author("actor", "")}},
		{List: "comments", Key: "comment$9", What: "append", Fields: plan.Fields{"private": false, "body": "<p>Before all that.</p>", "author": plan.Author("contact", ann), "created_at": int64(1767600001)}},
	}
	parts := map[string]string{}
	for _, s := range d.Steps(c) {
		got, err := w.Settle(t.Context(), plan.Intent{Step: s})
		if err != nil || got.Found {
			t.Fatalf("%s is found before it is sent: %+v, %v", s.Key, got, err)
		}
		res, err := w.Do(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		parts[s.Part] = res.PartID
		got, err = w.Settle(t.Context(), plan.Intent{Step: s})
		if err != nil || !got.Found || got.Result.PartID != res.PartID || len(got.Copies) > 0 {
			t.Errorf("%s settles as %+v (%v), want %s", s.Key, got, err, res.PartID)
		}
		s.Payload["known_parts"] = []plan.Value{res.PartID}
		if got, err = w.Settle(t.Context(), plan.Intent{Step: s}); err != nil || got.Found {
			t.Errorf("%s: what is known is found anew: %+v, %v", s.Key, got, err)
		}
	}
	live, err := w.Get(t.Context(), "conversation", created.ID)
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]plan.Value{}
	for _, p := range live.Parts {
		times[p.ID] = p.Fields["created_at"]
	}
	if times[parts["comment$9"]] != int64(1767600001) {
		t.Errorf("the late comment has the time %v", times[parts["comment$9"]])
	}
	if at, _ := times[parts["dossier"]].(int64); at < time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Unix() {
		t.Errorf("the note has the time %d", at)
	}
}
