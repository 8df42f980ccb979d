package intercom_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

// foreignFar is a workspace in which there are other people's objects, at ten past nine.
func foreignFar(t *testing.T) (*sandbox.Server, *intercom.Writer, *leap) {
	t.Helper()
	clock := &leap{time.Date(2026, 3, 2, 9, 10, 0, 0, time.UTC)}
	far, err := sandbox.New(sandbox.Options{Token: testToken, Clock: clock, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
		"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}, {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(far.RoundTripper(), clock)
	cfg.HTTP = &http.Client{Transport: far.RoundTripper()}
	return far, intercom.NewWriter(cfg), clock
}

func person(fields plan.Fields) plan.Step {
	fields["role"] = "user"
	return plan.Step{Key: "k", Kind: "contact", Op: "create_contact", Address: plan.Address{Set: "contact.people", Key: "e4"}, Payload: fields}
}

// TestWhoseContact: IC 4.1, 4.3. A contact that was there is ours only by our external_id, or when it is in everything as
// it was sent and came into being once the step had been tried.
func TestWhoseContact(t *testing.T) {
	for _, tt := range []struct {
		name         string
		there, sent  plan.Fields
		later        time.Duration // from there to the try
		found        bool
		err, refused string
	}{
		{name: "made by the try", there: plan.Fields{"name": "Ann"}, sent: plan.Fields{"name": "Ann"}, found: true},
		{name: "there for long", there: plan.Fields{"name": "Ann"}, sent: plan.Fields{"name": "Ann"}, later: time.Hour},
		{name: "there a little before", there: plan.Fields{"name": "Ann"}, sent: plan.Fields{"name": "Ann"}, later: time.Minute, err: "a little older than the call"},
		{name: "has an e-mail address of its own", there: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, sent: plan.Fields{"name": "Ann"}},
		{name: "has a phone of its own", there: plan.Fields{"name": "Ann", "phone": "+79000000005"}, sent: plan.Fields{"name": "Ann"}},
		{name: "has an external_id of its own", there: plan.Fields{"name": "Ann", "external_id": "crm-77", "email": "ann@acme.example"}, sent: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, refused: "plan again, so that it is adopted"},
		{name: "the same e-mail address, made by the try", there: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, sent: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, found: true},
		{name: "the same e-mail address, there before", there: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, sent: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, later: time.Minute, refused: "plan again, so that it is adopted"},
		{name: "the same e-mail address, another name", there: plan.Fields{"name": "Anna", "email": "ann@acme.example"}, sent: plan.Fields{"name": "Ann", "email": "ann@acme.example"}, refused: "plan again, so that it is adopted"},
		{name: "our external_id", there: plan.Fields{"name": "Ann", "external_id": "e4"}, sent: plan.Fields{"name": "Ann", "external_id": "e4"}, later: time.Hour, found: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			far, w, clock := foreignFar(t)
			if _, err := w.Do(t.Context(), person(tt.there)); err != nil {
				t.Fatal(err)
			}
			clock.now = clock.now.Add(tt.later)
			s := person(tt.sent)
			in := plan.Intent{Step: s, At: clock.now}
			clock.now = clock.now.Add(10 * time.Minute) // longer than the index lags
			got, err := w.Settle(t.Context(), in)
			if got.Found != tt.found || tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("settled as %+v, %v", got, err)
			}
			if tt.refused == "" {
				return
			}
			s.TriedAt = in.At.Unix()
			var se *plan.StepError
			if _, err := w.Do(t.Context(), s); !errors.As(err, &se) || se.Verdict != plan.Permanent || !strings.Contains(se.Message, tt.refused) {
				t.Errorf("repeated: %v", err)
			}
			if n := far.Stats().Objects["contact"]; n != 1 {
				t.Errorf("%d contacts", n)
			}
		})
	}
}

// TestConflictBooked: IC 4.3. A contact just like the new one is in the way of it. It is an earlier try's only if there was
// one; else somebody else has made it since the plan.
func TestConflictBooked(t *testing.T) {
	_, w, clock := foreignFar(t)
	s := person(plan.Fields{"name": "Ann", "email": "ann@acme.example"})
	made, err := w.Do(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var se *plan.StepError
	if _, err := w.Do(t.Context(), s); !errors.As(err, &se) || se.Verdict != plan.Permanent || !strings.Contains(se.Message, "plan again, so that it is adopted") {
		t.Errorf("the first try: %v", err)
	}
	s.TriedAt = clock.now.Unix()
	if got, err := w.Do(t.Context(), s); !errors.As(err, &se) || se.Verdict != plan.Done || got.ID != made.ID {
		t.Errorf("a later try: %+v, %v", got, err)
	}
	s.Restore = plan.PolicyOverwrite
	s.TriedAt = 0
	if _, err := w.Do(t.Context(), s); !errors.As(err, &se) || se.Verdict != plan.Permanent || !strings.Contains(se.Message, "plan again, so that it is adopted") {
		t.Errorf("with on_archived = \"restore\": %v", err)
	}
}

// TestOnlyCopies: what is taken away for a copy is in everything as the step made it, and nobody has touched it.
func TestOnlyCopies(t *testing.T) {
	const used, notOurs = "somebody has written in it", "may be somebody else's"
	create := func(t *testing.T, w *intercom.Writer, ann string) plan.Step {
		return intercom.NewDestination("").Steps(plan.Change{Address: plan.Address{Set: "conversation.all", Key: "sc$1"}, Kind: "conversation", Action: plan.Create,
			Want: plan.Fields{"contact": ann, "created_at": int64(1767600000), "body": "It <b>does</b> not print: 1 < 2.", "number": "7", "state": "open"}})[0]
	}
	for _, tt := range []struct {
		name string
		harm func(far *sandbox.Server, w *intercom.Writer, s *plan.Step, id string) error
		err  string
	}{
		{"a copy", func(*sandbox.Server, *intercom.Writer, *plan.Step, string) error { return nil }, ""},
		{"of another time", func(_ *sandbox.Server, _ *intercom.Writer, s *plan.Step, _ string) error {
			s.Payload["created_at"] = int64(1767600001)
			return nil
		}, notOurs},
		{"of another contact", func(_ *sandbox.Server, _ *intercom.Writer, s *plan.Step, _ string) error {
			s.Payload["contact"] = "65aa00000000000000000009"
			return nil
		}, notOurs},
		{"with more text", func(_ *sandbox.Server, _ *intercom.Writer, s *plan.Step, _ string) error {
			s.Payload["body"] = "It"
			return nil
		}, notOurs},
		{"closed by an agent", func(far *sandbox.Server, _ *intercom.Writer, _ *plan.Step, id string) error {
			return far.Mutate(sandbox.Mutation{Op: "set_state", Kind: "conversation", ID: id, Value: "closed"})
		}, used},
		{"assigned by an agent", func(far *sandbox.Server, _ *intercom.Writer, _ *plan.Step, id string) error {
			return far.Mutate(sandbox.Mutation{Op: "assign", Kind: "conversation", ID: id, Value: "12"})
		}, used},
		{"named by an agent", func(far *sandbox.Server, _ *intercom.Writer, _ *plan.Step, id string) error {
			return far.Mutate(sandbox.Mutation{Op: "set_field", Kind: "conversation", ID: id, Name: "title", Value: "Mine"})
		}, used},
		{"with another participant", func(_ *sandbox.Server, w *intercom.Writer, _ *plan.Step, id string) error {
			bea, err := w.Do(t.Context(), person(plan.Fields{"name": "Bea"}))
			if err != nil {
				return err
			}
			_, err = w.Do(t.Context(), plan.Step{Key: "p", Kind: "conversation", Op: "add_participant", ID: id, Payload: plan.Fields{"member": bea.ID}})
			return err
		}, used},
	} {
		t.Run(tt.name, func(t *testing.T) {
			far, _, clock := foreignFar(t)
			cfg := config(far.RoundTripper(), clock)
			cfg.HTTP = &http.Client{Transport: far.RoundTripper()}
			w := intercom.NewWriter(cfg)
			ann, err := w.Do(t.Context(), person(plan.Fields{"name": "Ann"}))
			if err != nil {
				t.Fatal(err)
			}
			s := create(t, w, ann.ID)
			made, err := w.Do(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.harm(far, w, &s, made.ID); err != nil {
				t.Fatal(err)
			}
			err = w.RemoveCopy(t.Context(), plan.Intent{Step: s, At: clock.now}, made.ID)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%v, want %q", err, tt.err)
			}
			if n := far.Stats().Objects["conversation"]; (n == 0) != (tt.err == "") {
				t.Errorf("%d conversations are left", n)
			}
		})
	}
}

// TestContactCopy: a second contact of ours is archived only as long as it is as it was made; nobody's who is older, has a
// note, a company, another name or a conversation.
func TestContactCopy(t *testing.T) {
	for _, tt := range []struct {
		name string
		harm func(t *testing.T, far *sandbox.Server, w *intercom.Writer, clock *leap, in *plan.Intent, id string)
		err  string
	}{
		{"a copy", func(*testing.T, *sandbox.Server, *intercom.Writer, *leap, *plan.Intent, string) {}, ""},
		{"older than the step", func(_ *testing.T, _ *sandbox.Server, _ *intercom.Writer, _ *leap, in *plan.Intent, _ string) {
			in.Step.TriedAt = time.Date(2026, 3, 2, 9, 11, 0, 0, time.UTC).Unix()
		}, "may be somebody else's"},
		{"much younger than the step", func(_ *testing.T, _ *sandbox.Server, _ *intercom.Writer, _ *leap, in *plan.Intent, _ string) {
			in.At = in.At.Add(-2 * time.Hour)
		}, "may be somebody else's"},
		{"with an e-mail address", func(t *testing.T, far *sandbox.Server, _ *intercom.Writer, _ *leap, _ *plan.Intent, id string) {
			mutate(t, far, sandbox.Mutation{Op: "set_field", Kind: "contact", ID: id, Name: "email", Value: "ann@acme.example"})
		}, "may be somebody else's"},
		{"touched and put back", func(t *testing.T, far *sandbox.Server, _ *intercom.Writer, clock *leap, _ *plan.Intent, id string) {
			clock.now = clock.now.Add(time.Minute)
			mutate(t, far, sandbox.Mutation{Op: "set_field", Kind: "contact", ID: id, Name: "name", Value: "Ann"})
		}, "somebody has written in it"},
		{"with a note", func(t *testing.T, far *sandbox.Server, _ *intercom.Writer, _ *leap, _ *plan.Intent, id string) {
			mutate(t, far, sandbox.Mutation{Op: "add", Kind: "note", ID: id, Value: "Calls on Mondays."})
		}, "it has notes or conversations"},
		{"with a conversation", func(t *testing.T, far *sandbox.Server, w *intercom.Writer, clock *leap, _ *plan.Intent, id string) {
			s := plan.Step{Key: "c", Kind: "conversation", Op: "create_conversation", Payload: plan.Fields{"contact": id, "created_at": int64(1767600000), "body": "Hello?"}}
			if _, err := w.Do(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			clock.now = clock.now.Add(10 * time.Minute)
		}, "it has notes or conversations"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			far, w, clock := foreignFar(t)
			s := person(plan.Fields{"name": "Ann"})
			made, err := w.Do(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			in := plan.Intent{Step: s, At: clock.now}
			tt.harm(t, far, w, clock, &in, made.ID)
			err = w.RemoveCopy(t.Context(), in, made.ID)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%v, want %q", err, tt.err)
			}
			if _, err := w.Get(t.Context(), "contact", made.ID); (err != nil) != (tt.err == "") {
				t.Errorf("the contact: %v", err)
			}
		})
	}
}

func mutate(t *testing.T, far *sandbox.Server, m sandbox.Mutation) {
	t.Helper()
	if err := far.Mutate(m); err != nil {
		t.Fatal(err)
	}
}

// TestTwinDefinition: another attribute or ticket type of the same name has come since the plan, of another type: a lost
// create is not settled with it.
func TestTwinDefinition(t *testing.T) {
	_, w, _ := foreignFar(t)
	do := func(s plan.Step) plan.Result {
		t.Helper()
		res, err := w.Do(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	prio := func(typ string) plan.Step {
		return plan.Step{Key: "k", Kind: "attribute.conversation", Op: "create_attribute", Address: plan.Address{Set: "attribute.conversation", Key: "prio", Resource: true}, Payload: plan.Fields{"name": "prio", "data_type": typ, "model": "conversation"}}
	}
	change := func(category string) plan.Step {
		return plan.Step{Key: "k", Kind: "ticket_type", Op: "create_ticket_type", Address: plan.Address{Set: "ticket_type", Key: "change", Resource: true}, Payload: plan.Fields{"name": "Change", "category": category}}
	}
	typ := do(change("Customer"))
	risk := func(data string) plan.Step {
		return plan.Step{Key: "k", Kind: "ticket_attribute", Op: "create_ticket_attribute", Address: plan.Address{Set: "ticket_attribute", Key: "change/risk", Resource: true}, Payload: plan.Fields{"name": "risk", "of": typ.ID, "data_type": data, "description": "Risk"}}
	}
	do(prio("string"))
	do(risk("string"))
	for _, tt := range []struct {
		name  string
		step  plan.Step
		found bool
		err   string
	}{
		{"the attribute", prio("string"), true, ""},
		{"an attribute of another type", prio("integer"), false, "attribute.conversation.prio is in Intercom as"},
		{"the ticket type", change("Customer"), true, ""},
		{"a ticket type of another category", change("Tracker"), false, "whose category is another"},
		{"the ticket attribute", risk("string"), true, ""},
		{"a ticket attribute of another type", risk("integer"), false, "whose data_type is another"},
	} {
		got, err := w.Settle(t.Context(), plan.Intent{Step: tt.step})
		if got.Found != tt.found || len(got.Copies) > 0 || tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
}

// TestQuotedNote: somebody quotes a note of ours with its marker, or copies it whole under another name.
func TestQuotedNote(t *testing.T) {
	far, w, _ := foreignFar(t)
	ann, err := w.Do(t.Context(), person(plan.Fields{"name": "Ann"}))
	if err != nil {
		t.Fatal(err)
	}
	s := intercom.NewDestination("").Steps(plan.Change{Address: plan.Address{Set: "contact.people", Key: "e1"}, Kind: "contact", Action: plan.Update, ID: ann.ID,
		Parts: []plan.PartChange{{List: "notes", Key: "n1", What: "append", Fields: plan.Fields{"body": "Calls on Mondays.", "author": plan.Author("teammate", "11")}}}})[0]
	s.Looks = false // what is looked for is a matter of its own: here the answer is lost
	token, _ := s.Payload["token"].(string)
	mutate(t, far, sandbox.Mutation{Op: "add", Kind: "note", ID: ann.ID, Value: "See the note " + token})
	mutate(t, far, sandbox.Mutation{Op: "add", Kind: "note", ID: ann.ID, Value: "Calls on Mondays.\n\n" + token})
	if got, err := w.Settle(t.Context(), plan.Intent{Step: s}); err != nil || got.Found {
		t.Errorf("before it is sent: %+v, %v", got, err)
	}
	made, err := w.Do(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Settle(t.Context(), plan.Intent{Step: s}); err != nil || !got.Found || got.Result.PartID != made.PartID || len(got.Copies) > 0 {
		t.Errorf("%+v, %v, want %s", got, err, made.PartID)
	}
}

// TestCopiedKey: another contact's ticket has the key of ours in its attribute, and the same time. It is neither ours nor a
// copy; a copy is one that nobody has touched.
func TestCopiedKey(t *testing.T) {
	far, w, clock := foreignFar(t)
	do := func(s plan.Step) plan.Result {
		t.Helper()
		res, err := w.Do(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	typ := do(plan.Step{Key: "k", Kind: "ticket_type", Op: "create_ticket_type", Payload: plan.Fields{"name": "Request", "category": "Customer"}}).ID
	do(plan.Step{Key: "k", Kind: "ticket_attribute", Op: "create_ticket_attribute", Payload: plan.Fields{"name": intercom.KeyAttribute, "of": typ, "data_type": "string", "description": "Key"}})
	ann, bea := do(person(plan.Fields{"name": "Ann"})).ID, do(person(plan.Fields{"name": "Bea"})).ID
	ticket := func(contact string) plan.Step {
		return plan.Step{Key: "k", Kind: "ticket", Op: "create_ticket", Address: plan.Address{Set: "ticket.all", Key: "sc$1"},
			Payload: plan.Fields{"type": typ, "contact": contact, "created_at": int64(1767600000), "title": "Printer", "body": "It does not print.", "key": "sc$1"}}
	}
	theirs := do(ticket(bea)).ID
	clock.now = clock.now.Add(10 * time.Minute)
	in := plan.Intent{Step: ticket(ann), At: clock.now}
	if got, err := w.Settle(t.Context(), in); err != nil || got.Found {
		t.Errorf("before it is sent: %+v, %v", got, err)
	}
	ours, second := do(ticket(ann)).ID, do(ticket(ann)).ID
	clock.now = clock.now.Add(10 * time.Minute)
	got, err := w.Settle(t.Context(), in)
	if err != nil || !got.Found || len(got.Copies) != 1 || got.Result.ID == theirs || got.Copies[0] == theirs {
		t.Fatalf("%+v, %v; theirs is %s", got, err, theirs)
	}
	if err := w.RemoveCopy(t.Context(), in, theirs); err == nil || !strings.Contains(err.Error(), "may be somebody else's") {
		t.Errorf("theirs is taken away: %v", err)
	}
	mutate(t, far, sandbox.Mutation{Op: "add_part", Kind: "ticket", ID: ours, Value: "I take it."})
	if err := w.RemoveCopy(t.Context(), in, ours); err == nil || !strings.Contains(err.Error(), "somebody has written in it") {
		t.Errorf("what an agent has written in is taken away: %v", err)
	}
	if err := w.RemoveCopy(t.Context(), in, second); err != nil || far.Stats().Objects["ticket"] != 2 {
		t.Errorf("%v, %d tickets are left", err, far.Stats().Objects["ticket"])
	}
}
