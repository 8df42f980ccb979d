package main

import (
	"strings"
	"testing"
	"time"

	"deskform/plan"
	intercomsandbox "deskform/providers/intercom/sandbox"
)

// id is the object of a record.
func (d *desk) id(set, key string) string {
	d.t.Helper()
	e := d.open()
	defer e.Close()
	_, id, ok, err := e.State.Resolve(d.ctx, plan.Target{Set: set, Key: key})
	if err != nil || !ok {
		d.t.Fatalf("%s %s: %v", set, key, err)
	}
	return id
}

// TestMadeAnew: what somebody archived or deleted in Intercom is there again after the next apply, where on_drift says
// overwrite, whole and once, and what is linked with it too; a tag, which records need, is made again whatever on_drift says.
func TestMadeAnew(t *testing.T) {
	tag := func(d *desk) { d.call("DELETE", "/tags/"+d.id("tag", "vip"), nil) }
	conversation := func(d *desk) {
		d.call("DELETE", "/conversations/"+d.id("conversation.tickets", "t1"), nil)
	}
	archive := func(key string) func(d *desk) {
		return func(d *desk) {
			d.call("POST", "/contacts/"+d.id("contact.people", key)+"/archive", nil)
		}
	}
	for _, tt := range []struct {
		name   string
		harm   func(d *desk)
		faults []intercomsandbox.Fault
		same   string // record of the set contact.people whose object stays the same
	}{
		{name: "a tag", harm: tag},
		{name: "a conversation", harm: conversation},
		{name: "a conversation, the answer is lost after it", harm: conversation, faults: []intercomsandbox.Fault{{Kind: "reset_after_commit", Operation: "createConversation", Times: 1}}},
		{name: "a conversation, the answer is lost before it", harm: conversation, faults: []intercomsandbox.Fault{{Kind: "reset_before_commit", Operation: "createConversation", Times: 1}}},
		{name: "a contact with an e-mail address", harm: archive("e1"), same: "e1"},
		{name: "a contact without a key", harm: archive("e4"), same: "e4"},
		{name: "a contact, answers are lost", harm: archive("e1"), same: "e1", faults: []intercomsandbox.Fault{{Kind: "reset_after_commit", Operation: "UnarchiveContact", Times: 1}}},
		{name: "all of them", harm: func(d *desk) { tag(d); conversation(d); archive("e1")(d); archive("e4")(d) }, same: "e1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := calmDesk(t, time.Minute)
			d.source("main.hcl", strings.Replace(crashFiles["main.hcl"], "  email      = each.email\n", "  email      = each.email\n  on_drift   = \"overwrite\"\n", 1))
			if why := d.move(""); why != "" {
				t.Fatal(why)
			}
			want, id := normal(t, d.far), ""
			if tt.same != "" {
				id = d.id("contact.people", tt.same)
			}
			tt.harm(d)
			if err := d.clock.Sleep(d.ctx, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := d.far.AddFaults(tt.faults...); err != nil {
				t.Fatal(err)
			}
			if why := d.move(want); why != "" {
				t.Fatal(why)
			}
			if id != "" && d.id("contact.people", tt.same) != id {
				t.Errorf("another contact was made instead of %s", id)
			}
			d.delta()
			if why := d.move(""); why != "" {
				t.Error(why)
			}
			d.alone()
		})
	}
}

// TestDeletedForGood: IC trap 2. A contact that is being deleted for good cannot be made anew for seven days: the record is
// set aside, and nothing is made to refer to the old one.
func TestDeletedForGood(t *testing.T) {
	d := calmDesk(t, time.Minute)
	d.source("main.hcl", strings.Replace(crashFiles["main.hcl"], "  email      = each.email\n", "  email      = each.email\n  on_drift   = \"overwrite\"\n", 1))
	if why := d.move(""); why != "" {
		t.Fatal(why)
	}
	d.call("DELETE", "/contacts/"+d.id("contact.people", "e1"), nil)
	if err := d.clock.Sleep(d.ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := d.apply(); err != nil { // whose proof has a full refresh
		t.Fatal(err)
	}
	d.source("tickets.jsonl", crashFiles["tickets.jsonl"]+strings.NewReplacer(`"t1"`, `"t3"`, "Printer", "Door").Replace(strings.SplitAfter(crashFiles["tickets.jsonl"], "\n")[0]))
	d.told = nil
	if _, err := d.apply(); err != nil {
		t.Fatal(err)
	}
	told := strings.Join(d.told, "\n")
	for _, want := range []string{`contact.people["e1"]: set aside`, "wait seven days if it was deleted", `conversation.tickets["t3"]: blocked`} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not said:\n%s", want, told)
		}
	}
}
