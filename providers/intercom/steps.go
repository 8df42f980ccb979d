package intercom

import (
	"maps"
	"strings"

	"deskform/plan"
)

// Steps are the calls that carry out a change, in the order of IC 4.4 and the counts of IC 5.
func (d *Destination) Steps(c plan.Change) []plan.Step {
	if !c.Action.Writes() {
		return nil
	}
	b := &builder{c: c, d: d}
	switch c.Kind {
	case "attribute.contact", "attribute.company", "attribute.conversation":
		b.attribute(strings.TrimPrefix(c.Kind, "attribute."))
	case "tag":
		if c.Action == plan.Create {
			b.add("create_tag", "", plan.Step{Repeatable: true, Fields: b.set(""), Payload: b.values("")}) // an upsert by name
		} else if len(b.set("")) > 0 {
			b.add("rename_tag", "", plan.Step{Repeatable: true, Fields: b.set(""), Payload: b.values("")})
		}
	case "contact":
		b.contact()
	case "company":
		b.company()
	case "conversation":
		b.conversation()
	case "ticket_type":
		b.ticketType()
	case "ticket_attribute":
		b.ticketAttribute()
	case "ticket":
		b.ticket()
	case "object":
		b.object()
	}
	return b.steps
}

// A builder collects the steps of one change.
type builder struct {
	d     *Destination
	c     plan.Change
	steps []plan.Step
}

// add appends a step with what all of them carry.
func (b *builder) add(op, sub string, s plan.Step) {
	s.Key = b.c.Address.String() + "#" + op + "#" + sub
	s.Address, s.Kind, s.Op, s.ID, s.Continues = b.c.Address, b.c.Kind, op, b.c.ID, b.c.Continues
	if s.Payload == nil {
		s.Payload = plan.Fields{}
	}
	b.steps = append(b.steps, s)
}

// set names the fields to be set below a prefix; "" means all of them.
func (b *builder) set(prefix string) []string {
	var out []string
	for _, f := range b.c.Fields {
		if f.What == "set" && strings.HasPrefix(f.Field, prefix) {
			out = append(out, f.Field)
		}
	}
	return out
}

func (b *builder) values(prefix string) plan.Fields {
	out := plan.Fields{}
	for _, f := range b.c.Fields {
		if f.What == "set" && strings.HasPrefix(f.Field, prefix) {
			out[f.Field] = f.After
		}
	}
	return out
}

// members adds one step per member of a set field. Steps that tag contacts and companies may go together with those of
// other records.
func (b *builder) members(field, add, remove string) {
	for _, f := range b.c.Fields {
		if f.Field != field {
			continue
		}
		op, drop := add, false
		switch f.What {
		case "add":
		case "remove":
			op, drop = remove, true
		default:
			continue
		}
		l, _ := f.After.([]plan.Value)
		for _, m := range l {
			s := plan.Step{Op: op, Repeatable: true, Fields: []string{field}, Payload: plan.Fields{"member": m}, Member: m, Drop: drop}
			s.Bulk = tagged(s)
			b.add(op, sub(m), s)
		}
	}
}

// sub is a member's name in a step's key: its address while it is pending, else its id.
func sub(v plan.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case plan.Ref:
		if len(v.Targets) > 0 {
			return v.Targets[0].Set + "/" + v.Targets[0].Key
		}
	}
	return string(plan.Canonical(v))
}

func (b *builder) contact() {
	if b.c.Action == plan.Create {
		b.add("create_contact", "", plan.Step{Fields: b.set(""), Payload: b.values(""), Restore: b.c.Restore, Replaces: b.c.Replaces, Looks: b.c.Replaces != ""})
	} else if len(b.set("")) > 0 {
		b.add("update_contact", "", plan.Step{Repeatable: true, Fields: b.set(""), Payload: b.values("")})
	}
	b.members("companies", "attach_company", "detach_company")
	b.members("tags", "tag_contact", "untag_contact")
	b.notes()
}

func (b *builder) company() {
	if b.c.Action == plan.Create {
		b.add("upsert_company", "", plan.Step{Repeatable: true, Fields: b.set(""), Payload: b.values("")}) // by company_id (IC 4.1)
	} else if len(b.set("")) > 0 {
		b.add("update_company", "", plan.Step{Repeatable: true, Fields: b.set(""), Payload: b.values("")})
	}
	b.notes()
	b.members("tags", "tag_company", "untag_company")
}

func (b *builder) conversation() {
	c := b.c
	reopens := false
	if c.Action == plan.Create {
		token := plan.Token(c.Address)
		number, _ := c.Want["number"].(string)
		payload := plan.Fields{"contact": c.Want["contact"], "created_at": c.Want["created_at"], "body": c.Want["body"], "token": token, "marker": b.d.sentence(number, token)}
		if brand := c.Want["brand"]; brand != nil {
			payload["brand"] = brand
		}
		b.add("create_conversation", "", plan.Step{
			Fields: []string{"contact", "created_at", "body"}, Notifies: peopleReached("create_conversation"), Public: true,
			Payload: payload,
		})
	}
	for _, p := range c.Parts {
		if p.What != "append" {
			continue
		}
		reopens = b.part(p) || reopens
	}
	b.participants()
	b.members("tags", "tag_conversation", "untag_conversation")
	var fields []string
	payload := plan.Fields{}
	for _, f := range c.Fields {
		if f.What == "set" && (f.Field == "title" || f.Field == "company" || strings.HasPrefix(f.Field, "attributes.")) {
			fields = append(fields, f.Field)
			payload[f.Field] = f.After
		}
	}
	fields = append(fields, b.links(payload)...)
	if len(fields) > 0 {
		b.add("update_conversation", "", plan.Step{Repeatable: true, Fields: fields, Payload: payload})
		reopens = true
	}
	for _, who := range []string{"team", "teammate"} {
		for _, f := range c.Fields {
			if f.Field == "assign."+who && f.What == "set" {
				b.add("assign_"+who, "", plan.Step{Fields: []string{f.Field}, Payload: plan.Fields{"assignee": f.After, f.Field: f.After}, Notifies: peopleReached("assign_" + who)})
			}
		}
	}
	b.state(reopens)
}

// part adds a reply or a note, and reports whether it reopens a closed conversation.
func (b *builder) part(p plan.PartChange) bool {
	private, _ := p.Fields["private"].(bool)
	author, _ := p.Fields["author"].(map[string]plan.Value)
	as, _ := author["as"].(string)
	files, _ := p.Fields["files"].([]plan.Value)
	fields := p.Fields
	if as == "contact" && len(files) > 0 && b.c.Kind == "ticket" {
		// A contact's message on a ticket takes no files as data (IC 3.9): the actor speaks, and names who wrote it.
		as, author, fields = "actor", nil, maps.Clone(fields)
		fields["author"] = plan.Author("actor", p.AuthorName)
	}
	op := "comment"
	var who plan.Value
	switch {
	case private:
		op = "note"
		who = author["id"]
	case as == "contact":
		op, who = "contact_reply", author["ref"]
	default:
		who = author["id"]
	}
	if as == "actor" {
		who = nil // whoever the writer's actor is
	}
	at, _ := p.Fields["created_at"].(int64)
	payload := plan.Fields{"author": who, "body": render(fields), "created_at": p.Fields["created_at"]}
	if len(files) > 0 {
		payload["files"] = files
	}
	if op == "contact_reply" && b.c.Kind == "ticket" {
		payload["type"], payload["name"] = b.c.Want["type"], p.AuthorName // see spoken
		if t := p.Fields[plan.OriginalAt]; t != nil {
			payload[plan.OriginalAt] = t
		}
	}
	b.add(op, p.List+"/"+p.Key, plan.Step{
		Payload: payload, List: p.List, Part: p.Key, Hash: p.Hash, At: at, As: as, Public: !private, SourcePrivate: p.SourcePrivate,
		Notifies: b.reached(op), Limit: "reply",
	})
	return op == "contact_reply"
}

// state closes, snoozes or opens last. A conversation that was closed and is reopened by what came before is closed again.
func (b *builder) state(reopens bool) {
	c := b.c
	want, until, set := b.endState()
	if !set {
		have, _ := c.Have["state"].(string)
		if !reopens || have != "closed" && have != "snoozed" {
			return
		}
		want = have
		if have == "snoozed" {
			until = c.Have["snoozed_until"]
		}
	}
	fields := []string{"state"}
	switch want {
	case "closed":
		b.add("close", "", plan.Step{Fields: fields, Payload: plan.Fields{"state": "closed"}})
	case "snoozed":
		if until == nil {
			return
		}
		if c.Want["snoozed_until"] != nil {
			fields = append(fields, "snoozed_until")
		}
		b.add("snooze", "", plan.Step{Fields: fields, Payload: plan.Fields{"state": "snoozed", "snoozed_until": until}})
	case "open":
		if c.Action == plan.Create {
			return // it is born open; see the progress of a run, which notes it
		}
		b.add("open", "", plan.Step{Fields: fields, Payload: plan.Fields{"state": "open"}})
	}
}

// reached is peopleReached of a call of this change: all calls of tickets have skip_notifications (IC trap 9).
func (b *builder) reached(op string) int {
	if b.c.Kind == "ticket" {
		return 0
	}
	return peopleReached(op)
}

// peopleReached is how many notifications a call may cause that no flag can avoid (IC trap 9, IC 8): a new conversation, a
// contact's reply and an assignment reach teammates, a participant who is added is told. Comments of teammates are sent with skip_notifications; notes, tags,
// attributes, closing and snoozing reach nobody.
func peopleReached(op string) int {
	switch op {
	case "create_conversation", "contact_reply", "assign_team", "assign_teammate", "add_participant":
		return 1
	}
	return 0
}
