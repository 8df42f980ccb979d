package intercom_test

import (
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
)

// A carrier sends the steps that changes have, and keeps the ids that they give.
type carrier struct {
	t    *testing.T
	w    *intercom.Writer
	ids  map[string]string
	sent map[string]bool
}

// carry does a change to the object that is called name here, and answers with what its last step gave.
func (c *carrier) carry(name string, change plan.Change) (res plan.Result) {
	c.t.Helper()
	change.ID = c.ids[name]
	change.Address.Key = name
	if change.Want == nil {
		change.Want = plan.Fields{}
	}
	for _, f := range change.Fields {
		if f.What == "set" {
			change.Want[f.Field] = f.After
		}
	}
	steps := intercom.NewDestination("").Steps(change)
	if len(steps) == 0 {
		c.t.Errorf("%s %s has no step", change.Action, name)
	}
	for _, s := range steps {
		s.ID = c.ids[name]
		unsent(c.t, s)
		var err error
		if res, err = c.w.Do(c.t.Context(), s); err != nil {
			c.t.Errorf("%s of %s: %v", s.Op, name, err)
			continue
		}
		c.sent[s.Op] = true
		if c.ids[name] == "" {
			c.ids[name] = res.ID
		}
		if s.Part != "" && res.PartID == "" {
			c.t.Errorf("%s of %s has no part id", s.Op, name)
		}
	}
	return res
}

// shown reads an object and compares some fields.
func (c *carrier) shown(name, kind string, want plan.Fields) {
	c.t.Helper()
	got, err := c.w.Get(c.t.Context(), kind, c.ids[name])
	if err != nil {
		c.t.Errorf("get %s: %v", name, err)
		return
	}
	for k, v := range want {
		if !plan.Equal(got.Fields[k], v) {
			c.t.Errorf("%s of %s is %v, want %v", k, name, got.Fields[k], v)
		}
	}
}

// tickets sends every step of tickets and of their definitions.
func (c *carrier) tickets() {
	t, ids := c.t, c.ids
	t.Helper()
	c.carry("incident", resource("ticket_type", plan.Create, set("name", "Incident"), set("description", "From ITSM 365"), set("category", "Customer"), set("icon", "🔧")))
	c.carry("incident", resource("ticket_type", plan.Update, set("description", "From the old desk")))
	for name, more := range map[string][]plan.FieldChange{
		"itsm_key": {set("data_type", "string")}, "solved": {set("data_type", "datetime")}, "count": {set("data_type", "integer")}, "hours": {set("data_type", "decimal")}, "vip": {set("data_type", "boolean")},
		"ticket prio": {set("data_type", "list"), adds("options", "High", "Low"), set("description", "How urgent"), set("visible_to_contacts", false)},
	} {
		c.carry(name, resource("ticket_attribute", plan.Create, append(more, set("of", ids["incident"]), set("name", strings.TrimPrefix(name, "ticket ")))...))
	}
	more := resource("ticket_attribute", plan.Update, plan.FieldChange{Field: "options", What: "add", Before: []plan.Value{"High", "Low"}, After: []plan.Value{"Middle"}}, set("description", "How soon"), set("visible_to_contacts", true))
	more.Want = plan.Fields{"of": ids["incident"]}
	c.carry("ticket prio", more)

	states := map[string]plan.Value{}
	for l, err := range c.w.Sweep(t.Context(), "ticket_state", time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		states[l.Fields["category"].(string)] = l.ID
	}
	whole := record("ticket", plan.Create, set("type", ids["incident"]), set("contact", ids["ann"]), set("created_at", int64(1767600000)), set("title", "Printer"), set("body", "It does not print."),
		set("attributes.prio", "High"), set("attributes.solved", int64(1767610000)), set("attributes.count", int64(3)), set("attributes.hours", 1.5), set("attributes.vip", true), set("company", ids["org"]),
		set("assign.team", "21"), set("assign.teammate", "12"), adds("tags", ids["vip"]), set("ticket_state", states["resolved"]), set("state", "closed"))
	with := said("k3", "actor", "Petrov P.")
	with.Fields["files"] = []plan.Value{plan.File{Name: "a.txt", Type: "text/plain", SHA256: "ca97", Size: 1}}
	whole.Parts = []plan.PartChange{note("k1"), said("k2", "contact", ids["ann"]), with, said("k4", "teammate", "12")}
	c.carry("it", whole)
	c.shown("it", "ticket", plan.Fields{"title": "Printer", "body": "It does not print.", "attributes.prio": "High", "attributes.solved": int64(1767610000), "attributes.count": int64(3), "attributes.hours": 1.5,
		"attributes.vip": true, "company": ids["org"], "assign.team": "21", "assign.teammate": "12", "ticket_state": states["resolved"], "state": "closed", "created_at": int64(1767600000), "contact": ids["ann"]})

	change := func(fields ...plan.FieldChange) plan.Change {
		out := record("ticket", plan.Update, fields...)
		out.Want = plan.Fields{"type": ids["incident"]}
		return out
	}
	// The same state again, and a title with it: the refusal costs one call, and the rest is done (IC 4.3).
	c.carry("it", change(set("title", "Printer, again"), set("attributes.prio", "Middle"), set("ticket_state", states["resolved"])))
	c.shown("it", "ticket", plan.Fields{"title": "Printer, again", "attributes.prio": "Middle", "ticket_state": states["resolved"]})
	leaves := change(set("assign.team", nil))
	leaves.Have = plan.Fields{"assign.team": "21", "assign.teammate": "12"}
	c.carry("it", leaves)
	c.shown("it", "ticket", plan.Fields{"assign.team": nil, "assign.teammate": "12"})
	c.carry("it", change(set("assign.team", "21")))
	moves := change(set("assign.team", nil), set("assign.teammate", "11"))
	moves.Have = plan.Fields{"assign.team": "21", "assign.teammate": "12"}
	c.carry("it", moves)
	c.carry("it", change(set("company", nil), set("attributes.prio", nil)))
	c.shown("it", "ticket", plan.Fields{"company": nil, "assign.team": nil, "assign.teammate": "11", "attributes.prio": nil})
	until := change(set("state", "snoozed"), set("snoozed_until", int64(1999999999)))
	c.carry("it", until)
	c.shown("it", "ticket", plan.Fields{"state": "snoozed", "snoozed_until": int64(1999999999)})
	c.carry("it", change(set("state", "open")))
	c.shown("it", "ticket", plan.Fields{"state": "open", "snoozed_until": nil})
	c.carry("it", change(set("state", "closed"), set("ticket_state", states["in_progress"])))
	c.shown("it", "ticket", plan.Fields{"state": "closed", "ticket_state": states["in_progress"]})
	c.carry("it", change(drops("tags", ids["vip"])))
}

// objects sends every step of custom objects, and links them from a conversation.
func (c *carrier) objects() {
	ids := c.ids
	object := func(name string, a plan.Action, fields ...plan.FieldChange) {
		c.t.Helper()
		change := record("object", a, fields...)
		change.Want = plan.Fields{"type": "Change", "external_id": "itsm:" + name}
		c.carry(name, change)
	}
	object("c1", plan.Create, set("type", "Change"), set("external_id", "itsm:c1"), set("created_at", int64(1767600000)), set("updated_at", int64(1767610000)), set("attributes.risk", "Low"), set("attributes.state", "Open"), adds("links.asked", ids["ann"]))
	object("c2", plan.Create, set("type", "Change"), set("external_id", "itsm:c2"), adds("links.after", ids["c1"]))
	object("c1", plan.Update, set("attributes.state", "Closed"), plan.FieldChange{Field: "links.asked", What: "add", Before: []plan.Value{ids["ann"]}, After: []plan.Value{ids["bob"]}})
	c.shown("c1", "object", plan.Fields{"external_id": "itsm:c1", "created_at": int64(1767600000), "updated_at": int64(1767610000), "attributes.risk": "Low", "attributes.state": "Closed", "links.asked": []plan.Value{ids["ann"], ids["bob"]}})
	c.shown("c2", "object", plan.Fields{"links.after": []plan.Value{ids["c1"]}})
	if !strings.HasPrefix(ids["c1"], "Change/") {
		c.t.Errorf("an object is called %s", ids["c1"])
	}
	c.carry("conv", record("conversation", plan.Update, set("company", ids["org"]), adds("links.change", ids["c1"], ids["c2"])))
	c.shown("conv", "conversation", plan.Fields{"company": ids["org"], "links.change": []plan.Value{ids["c1"], ids["c2"]}})
	c.carry("conv", record("conversation", plan.Update, set("company", nil)))
}
