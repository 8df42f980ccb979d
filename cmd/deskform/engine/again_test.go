package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

const ticketsOnly = tenantHead + `
data "itsm365" "tickets" { class = "serviceCall" }
`

// TestChangedTwiceInASecond: dates have no fractions, so that what is changed, read, and changed again within a second has the
// date that was read. It is read again all the same, and when the second is over not any more.
func TestChangedTwiceInASecond(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 5)}, ticketsOnly)
	n.mustPull(n.dir, engine.PullAuto)
	ticket := uuid(n.rows(n.dir), "tickets", 2)
	change := func(text string) {
		n.mutate(itsmsandbox.Mutation{Op: "set", UUID: ticket, Attrs: map[string]any{"shortDescr": text}})
	}
	n.clock.Move(n.clock.Now().Truncate(time.Second).Add(time.Hour).Sub(n.clock.Now())) // the calls take milliseconds
	second := n.clock.Now()
	change("first")
	n.mustPull(n.dir, engine.PullAuto)
	change("second")
	if !n.clock.Now().Truncate(time.Second).Equal(second) {
		t.Fatalf("the pull took from %s to %s", second, n.clock.Now())
	}
	n.clock.Move(time.Hour)
	if p := n.mustPull(n.dir, engine.PullAuto)["tickets"]; p.Changed != 1 {
		t.Errorf("the second change was not seen: %+v", p)
	}
	if got := n.rows(n.dir)["tickets"][2]; !strings.Contains(got, `"shortDescr":"second"`) {
		t.Errorf("the ticket is %s", got)
	}
	if p := n.mustPull(n.dir, engine.PullAuto)["tickets"]; p.Fetched != 0 {
		t.Errorf("%d tickets were read though nothing changed", p.Fetched)
	}
}

// TestStateWithoutADate: a change of the state is seen where it leaves the date as it was.
func TestStateWithoutADate(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 5)}, ticketsOnly)
	n.mustPull(n.dir, engine.PullAuto)
	before := n.rows(n.dir)
	ticket := values(t, before["tickets"][2])
	state := "resumed"
	if ticket["state"] == state {
		state = "registered"
	}
	n.clock.Move(time.Hour)
	n.mutate(itsmsandbox.Mutation{Op: "set", UUID: uuid(before, "tickets", 2), Attrs: map[string]any{"state": state, "lastModifiedDate": ticket["lastModifiedDate"]}})
	p := n.mustPull(n.dir, engine.PullAuto)["tickets"]
	now := values(t, n.rows(n.dir)["tickets"][2])
	if p.Changed != 1 || p.Fetched != 1 || now["state"] != state || now["lastModifiedDate"] != ticket["lastModifiedDate"] {
		t.Errorf("%+v: the ticket is in state %v of %v, want %s of %v", p, now["state"], now["lastModifiedDate"], state, ticket["lastModifiedDate"])
	}
}

// values decodes a row as rows gives it.
func values(t *testing.T, row string) map[string]any {
	t.Helper()
	_, text, _ := strings.Cut(row, " ")
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
