package intercom_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

const helpSeed = `{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
	"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}, {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}],
	"contacts": [{"id": "65a000000000000000000001", "role": "user", "email": "ann@acme.example", "external_id": "e1"}],
	"ticket_types": [{"id": "70", "name": "Incident", "attributes": [{"name": "itsm_key", "data_type": "string"}, {"name": "prio", "data_type": "list", "list_items": ["High", "Low"]}]},
		{"id": "71", "name": "Change", "category": "Back-office", "attributes": [{"name": "itsm_key", "data_type": "string"}]}],
	"custom_objects": [{"identifier": "Change", "name": "Change", "attributes": [{"name": "risk", "data_type": "string"}]}]}`

// A help desk is a client on a sandbox with two ticket types, and what the client has sent.
type helpDesk struct {
	*intercom.Writer
	t     *testing.T
	far   *sandbox.Server
	clock *leap
	sent  []string // METHOD /path body
}

func newHelpDesk(t *testing.T) *helpDesk {
	t.Helper()
	d := &helpDesk{t: t, clock: &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	var err error
	if d.far, err = sandbox.New(sandbox.Options{Token: testToken, Clock: d.clock, IndexLag: time.Minute, Seed: strings.NewReader(helpSeed)}); err != nil {
		t.Fatal(err)
	}
	cfg := config(answer(func(r *http.Request) (*http.Response, error) {
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		d.sent = append(d.sent, r.Method+" "+r.URL.Path+" "+string(body))
		return d.far.RoundTripper().RoundTrip(r)
	}), d.clock)
	cfg.ObjectTypes = []string{"Change"}
	d.Writer = intercom.NewWriter(cfg)
	return d
}

// ticketSteps are those of a ticket that is created, by their operations.
func ticketSteps(typ string, more ...plan.PartChange) map[string]plan.Step {
	c := record("ticket", plan.Create, set("type", typ), set("contact", annID), set("created_at", int64(1767600000)), set("title", "Printer"), set("body", "It does not print."), set("state", "closed"))
	if typ == "70" {
		c.Fields = append(c.Fields, set("attributes.prio", "High"))
	}
	c.Want = plan.Fields{}
	for _, f := range c.Fields {
		c.Want[f.Field] = f.After
	}
	c.Parts = more
	out := map[string]plan.Step{}
	for _, s := range intercom.NewDestination("").Steps(c) {
		out[s.Op] = s
	}
	return out
}

func (d *helpDesk) do(s plan.Step) plan.Result {
	d.t.Helper()
	res, err := d.Do(d.t.Context(), s)
	if err != nil {
		d.t.Fatalf("%s: %v", s.Op, err)
	}
	return res
}

// lose does a step whose answer does not come.
func (d *helpDesk) lose(s plan.Step, operation, kind string) {
	d.t.Helper()
	if err := d.far.AddFaults(sandbox.Fault{Operation: operation, Kind: kind}); err != nil {
		d.t.Fatal(err)
	}
	_, err := d.Do(d.t.Context(), s)
	var se *plan.StepError
	if !errors.As(err, &se) || se.Verdict != plan.Unknown {
		d.t.Fatalf("%s with %s: %v", s.Op, kind, err)
	}
}

func (d *helpDesk) settle(s plan.Step) plan.Settlement {
	d.t.Helper()
	got, err := d.Settle(d.t.Context(), plan.Intent{Step: s})
	if err != nil {
		d.t.Fatalf("settle %s: %v", s.Op, err)
	}
	return got
}

func (d *helpDesk) pass(w time.Duration) { d.clock.now = d.clock.now.Add(w) }

func (d *helpDesk) ticket(id string) plan.Live {
	d.t.Helper()
	got, err := d.Get(d.t.Context(), "ticket", id)
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

// TestTicketSettled: a create whose answer is lost is found by the key of the row, once the index shows it (IC 4.1, 1.5), and
// only then; what never arrived is not found; what was repeated is a copy, which is taken away unless somebody used it.
func TestTicketSettled(t *testing.T) {
	d := newHelpDesk(t)
	s := ticketSteps("70")["create_ticket"]
	d.lose(s, "createTicket", "reset_before_commit")
	d.pass(10 * time.Minute)
	if got := d.settle(s); got.Found {
		t.Fatalf("what never arrived is found: %+v", got)
	}
	d.lose(s, "createTicket", "reset_after_commit")
	if got := d.settle(s); got.Found {
		t.Errorf("the index shows at once what it should show in a minute: the sandbox proves nothing")
	}
	d.pass(10 * time.Minute)
	got := d.settle(s)
	if !got.Found || len(got.Copies) > 0 || d.ticket(got.Result.ID).Fields["title"] != "Printer" {
		t.Fatalf("settled as %+v", got)
	}
	other := ticketSteps("70")["create_ticket"]
	other.Payload["key"] = "x$2"
	if got := d.settle(other); got.Found {
		t.Errorf("another row's ticket is taken for x$2: %+v", got)
	}
	again := d.do(s)
	d.pass(10 * time.Minute)
	got = d.settle(s)
	if !got.Found || len(got.Copies) != 1 {
		t.Fatalf("two tickets settle as %+v", got)
	}
	if err := d.far.Mutate(sandbox.Mutation{Op: "add_part", Kind: "ticket", ID: again.ID, Value: "I look at it."}); err != nil {
		t.Fatal(err)
	}
	if err := d.RemoveCopy(t.Context(), plan.Intent{Step: s}, again.ID); err == nil || !strings.Contains(err.Error(), "somebody has written in it") {
		t.Errorf("a copy that an agent has used: %v", err)
	}
	first := got.Result.ID
	if first == again.ID {
		first = got.Copies[0]
	}
	for range 2 { // the second time it is gone, which is as good (IC 4.3)
		if err := d.RemoveCopy(t.Context(), plan.Intent{Step: s}, first); err != nil {
			t.Errorf("remove an unused copy: %v", err)
		}
	}
	if _, err := d.Get(t.Context(), "ticket", first); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("the copy is there: %v", err)
	}
}

// TestTicketReplySettled: a reply whose answer is lost is found by one GET, without waiting; what is known already is not
// taken for it.
func TestTicketReplySettled(t *testing.T) {
	for _, typ := range []string{"70", "71"} {
		d := newHelpDesk(t)
		from := said("k1", "contact", annID)
		from.AuthorName = "Ann Lee"
		steps := ticketSteps(typ, from, note("k2"), said("k3", "teammate", "12"))
		id := d.do(steps["create_ticket"]).ID
		for _, op := range []string{"contact_reply", "note", "comment"} {
			s := steps[op]
			s.ID = id
			d.lose(s, "replyTicket", "reset_before_commit")
			if got := d.settle(s); got.Found {
				t.Errorf("%s on type %s is found before it is sent: %+v", op, typ, got)
			}
			d.lose(s, "replyTicket", "reset_after_commit")
			got := d.settle(s)
			if !got.Found || got.Result.PartID == "" || len(got.Copies) > 0 {
				t.Errorf("%s on type %s settles as %+v", op, typ, got)
			}
			s.Payload["known_parts"] = []plan.Value{got.Result.PartID}
			if got := d.settle(s); got.Found {
				t.Errorf("%s on type %s: what is known is found anew", op, typ)
			}
		}
		if n := len(d.ticket(id).Parts); n != 3 {
			t.Errorf("%d parts on type %s, want 3", n, typ)
		}
	}
}

// TestBackOffice: no customer can reply to a back-office ticket (IC 1.3); the actor does, and says for whom.
func TestBackOffice(t *testing.T) {
	d := newHelpDesk(t)
	from := said("k1", "contact", annID)
	from.AuthorName = "Ann Lee"
	steps := ticketSteps("71", from)
	id := d.do(steps["create_ticket"]).ID
	s := steps["contact_reply"]
	s.ID = id
	res := d.do(s)
	parts := d.ticket(id).Parts
	if len(parts) != 1 || parts[0].ID != res.PartID || parts[0].Fields["author"] != "11" || parts[0].Fields["body"] != "<p><i>Ann Lee · 2026-01-05 08:01 UTC</i></p><p>Still not.</p>" || parts[0].Fields["private"] != false {
		t.Fatalf("parts %+v", parts)
	}
	want := plan.PartWant{Fields: plan.Fields{"private": false, "body": "<p>Still not.</p>", "created_at": int64(1767600060), "author": plan.Person{Name: "Ann Lee"}}}
	if why := intercom.NewDestination("").SamePart(want, parts[0]); why != "" {
		t.Errorf("it is not taken for what was wanted: %s", why)
	}
	if n := d.far.Stats().Notifications; n.Avoidable+n.Unavoidable != 0 {
		t.Errorf("somebody was told: %+v", n)
	}
	early := said("k2", "contact", annID)
	early.AuthorName, early.Fields[plan.OriginalAt] = "Ann Lee", int64(1767513600)
	s = ticketSteps("71", early)["contact_reply"]
	s.ID = id
	d.do(s)
	if parts := d.ticket(id).Parts; len(parts) != 2 || parts[1].Fields["body"] != "<p><i>Ann Lee · 2026-01-04 08:00 UTC</i></p><p>Still not.</p>" || parts[1].Fields["created_at"] != int64(1767600060) {
		t.Errorf("what is older than the ticket: %+v", parts)
	}
}

// TestSameTicketState: an update whose answer was lost is repeated; that the state is so already is a refusal of the whole
// call, whose rest is done without it (IC 4.3, trap 18).
func TestSameTicketState(t *testing.T) {
	d := newHelpDesk(t)
	id := d.do(ticketSteps("70")["create_ticket"]).ID
	resolved := ""
	for l, err := range d.Sweep(t.Context(), "ticket_state", time.Time{}) {
		if err == nil && l.Fields["category"] == "resolved" {
			resolved = l.ID
		}
	}
	c := record("ticket", plan.Update, set("title", "Plotter"), set("attributes.prio", "Low"), set("ticket_state", resolved), set("state", "closed"))
	c.ID, c.Want = id, plan.Fields{"type": "70"}
	s := intercom.NewDestination("").Steps(c)[0]
	d.lose(s, "updateTicket", "reset_after_commit")
	if !s.Repeatable {
		t.Fatal("an update is not repeated")
	}
	if err := d.far.Mutate(sandbox.Mutation{Op: "set_state", Kind: "ticket", ID: id, Value: "open"}); err != nil { // meanwhile
		t.Fatal(err)
	}
	before := len(d.sent)
	res := d.do(s)
	if n := len(d.sent) - before; n != 2 {
		t.Errorf("%d calls, want the refused one and the one without the state", n)
	}
	for field, want := range map[string]plan.Value{"title": "Plotter", "attributes.prio": "Low", "ticket_state": resolved, "state": "closed"} {
		if got := res.Live.Fields[field]; !plan.Equal(got, want) {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	// Any other refusal stays one.
	s.Payload["ticket_state"] = "99"
	var se *plan.StepError
	if _, err := d.Do(t.Context(), s); !errors.As(err, &se) || se.Verdict != plan.Permanent || se.Code != "ticket_state_id_invalid" {
		t.Errorf("a state that the type does not have: %v", err)
	}
}

// TestListItems: IC trap 16. A list value is sent as the GUID of its item and read as its label; one that was taken away
// since the plan is refused before anything is sent.
func TestListItems(t *testing.T) {
	d := newHelpDesk(t)
	res := d.do(ticketSteps("70")["create_ticket"])
	last := d.sent[len(d.sent)-1]
	if strings.Contains(last, `"prio":"High"`) || !strings.Contains(last, `"prio":"`) {
		t.Errorf("sent %s", last)
	}
	if got := res.Live.Fields["attributes.prio"]; got != "High" {
		t.Errorf("prio is read as %v", got)
	}
	for l, err := range d.Sweep(t.Context(), "ticket", time.Time{}) {
		if err != nil || l.Fields["attributes.prio"] != "High" {
			t.Errorf("a sweep shows %v, %v", l.Fields["attributes.prio"], err)
		}
	}
	s := ticketSteps("70")["create_ticket"]
	s.Payload["attributes.prio"] = "Middle"
	n := d.far.Stats().Writes
	var se *plan.StepError
	if _, err := d.Do(t.Context(), s); !errors.As(err, &se) || se.Verdict != plan.Permanent || !strings.Contains(se.Message, "attribute prio has no list item of this name in Intercom; plan again") || d.far.Stats().Writes != n {
		t.Errorf("an item that is not there: %v", err)
	}
}

// TestArchivedType: tickets of a type that was archived are read with their labels, and cost no look at the types each.
func TestArchivedType(t *testing.T) {
	d := newHelpDesk(t)
	for range 3 {
		d.do(ticketSteps("70")["create_ticket"])
	}
	if err := d.far.Mutate(sandbox.Mutation{Op: "archive", Kind: "ticket_type", ID: "70"}); err != nil {
		t.Fatal(err)
	}
	d.Forget()
	d.pass(10 * time.Minute)
	before := len(d.sent)
	for l, err := range d.Sweep(t.Context(), "ticket", time.Time{}) {
		if err != nil || l.Fields["attributes.prio"] != "High" {
			t.Errorf("a sweep shows %v, %v", l.Fields["attributes.prio"], err)
		}
	}
	if n := len(d.sent) - before; n != 2 {
		t.Errorf("%d calls for three tickets: %v", n, d.sent[before:])
	}
	for l, err := range d.Sweep(t.Context(), "ticket_type", time.Time{}) {
		if err != nil || l.ID == "70" {
			t.Errorf("the archived type is listed: %v, %v", l.ID, err)
		}
	}
}

// TestObjectSettled: an object whose answer was lost is written again, an upsert by external_id (IC 4.1), and is one object.
func TestObjectSettled(t *testing.T) {
	d := newHelpDesk(t)
	c := record("object", plan.Create, set("type", "Change"), set("external_id", "itsm:1"), set("attributes.risk", "Low"))
	c.Want = plan.Fields{"type": "Change", "external_id": "itsm:1"}
	s := intercom.NewDestination("").Steps(c)[0]
	for _, kind := range []string{"reset_before_commit", "reset_after_commit"} {
		d.lose(s, "createCustomObjectInstances", kind)
	}
	res := d.do(s)
	if n := d.far.Stats().Objects["custom_object_instance"]; n != 1 || res.Live.Fields["attributes.risk"] != "Low" || !s.Repeatable {
		t.Errorf("%d objects, %v", n, res.Live.Fields)
	}
}

// TestDefinitionSettled: types and attributes are made anew by each call, so that a lost answer is looked for by the name.
func TestDefinitionSettled(t *testing.T) {
	d := newHelpDesk(t)
	typ := intercom.NewDestination("").Steps(resource("ticket_type", plan.Create, set("name", "Request")))[0]
	d.lose(typ, "createTicketType", "reset_before_commit")
	if got := d.settle(typ); got.Found {
		t.Errorf("a type that never arrived is found: %+v", got)
	}
	d.lose(typ, "createTicketType", "reset_after_commit")
	got := d.settle(typ)
	if !got.Found || len(got.Copies) > 0 {
		t.Fatalf("the type settles as %+v", got)
	}
	for _, of := range []string{got.Result.ID, "70"} { // the name is there in the other type already
		c := resource("ticket_attribute", plan.Create, set("of", of), set("name", "prio"), set("data_type", "list"), adds("options", "High", "Low"))
		c.Want = plan.Fields{"of": of}
		s := intercom.NewDestination("").Steps(c)[0]
		if of == "70" {
			if got := d.settle(s); !got.Found {
				t.Errorf("prio of %s is not found", of)
			}
			continue
		}
		if got := d.settle(s); got.Found {
			t.Errorf("prio of another type is taken for that of %s", of)
		}
		d.lose(s, "createTicketTypeAttribute", "reset_after_commit")
		if got := d.settle(s); !got.Found || !strings.HasPrefix(got.Result.ID, of+"/") {
			t.Errorf("the attribute settles as %+v", got)
		}
	}
}
