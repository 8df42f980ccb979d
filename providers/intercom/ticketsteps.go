package intercom

import (
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// Born are the fields that a new object has without being told, so that no step writes them; live looks an object up. A
// ticket is in the first submitted state of its type (IC trap 18).
func (d *Destination) Born(kind string, want plan.Fields, live func(kind, id string) (*plan.Live, error)) (plan.Fields, error) {
	if kind != "ticket" {
		return nil, nil
	}
	if id, ok := want["type"].(string); ok {
		typ, err := live("ticket_type", id)
		if err != nil || typ == nil {
			return nil, err
		}
		return plan.Fields{"ticket_state": typ.Fields["first_state"]}, nil
	}
	// The type is still to be made: it will have the states that all types have.
	if id, ok := want["ticket_state"].(string); ok {
		state, err := live("ticket_state", id)
		if err != nil || state == nil {
			return nil, err
		}
		if state.Fields["first"] == true {
			return plan.Fields{"ticket_state": id}, nil
		}
	}
	return nil, nil
}

func (b *builder) ticketType() {
	if b.c.Action == plan.Create {
		payload := b.values("")
		if payload["category"] == nil {
			payload["category"] = "Customer"
		}
		b.add("create_ticket_type", "", plan.Step{Fields: b.set(""), Payload: payload})
	} else if fields := b.set(""); len(fields) > 0 {
		b.add("update_ticket_type", "", plan.Step{Repeatable: true, Fields: fields, Payload: b.values("")})
	}
}

func (b *builder) ticketAttribute() {
	payload, fields := b.values(""), b.set("")
	for _, f := range b.c.Fields {
		if f.Field == "options" && f.What == "add" {
			// The whole list is written: what is there, and ours.
			have, _ := f.Before.([]plan.Value)
			more, _ := f.After.([]plan.Value)
			payload["options"], fields = append(slices.Clone(have), more...), append(fields, "options")
		}
	}
	if len(fields) == 0 {
		return
	}
	payload["of"] = b.c.Want["of"]
	if b.c.Action == plan.Create {
		b.add("create_ticket_attribute", "", plan.Step{Fields: fields, Payload: payload})
		return
	}
	b.add("update_ticket_attribute", "", plan.Step{Repeatable: true, Fields: fields, Payload: payload})
}

// ticket: the create carries all that it can (IC 5: 1 + N + T + 1), and one last PUT the state and the closing.
func (b *builder) ticket() {
	c := b.c
	payload := plan.Fields{}
	var fields []string
	put := func(f plan.FieldChange) {
		payload[f.Field], fields = f.After, append(fields, f.Field)
	}
	written := func(f plan.FieldChange) bool {
		return f.Field == "title" || f.Field == "body" || f.Field == "company" || strings.HasPrefix(f.Field, "attributes.")
	}
	reopens := false
	if c.Action == plan.Create {
		for _, f := range c.Fields {
			if f.What == "set" && (written(f) || slices.Contains([]string{"type", "contact", "created_at", "assign.team", "assign.teammate"}, f.Field)) {
				put(f)
			}
		}
		payload["key"] = c.Address.Key
		b.add("create_ticket", "", plan.Step{Fields: fields, Payload: payload, Public: true})
		payload, fields = plan.Fields{}, nil
	}
	for _, p := range c.Parts {
		if p.What == "append" {
			reopens = b.part(p) || reopens
		}
	}
	b.members("tags", "tag_ticket", "untag_ticket")
	if c.Action != plan.Create {
		reopens = b.reassign() || reopens
	}
	for _, f := range c.Fields {
		switch {
		case f.What != "set":
		case c.Action != plan.Create && written(f):
			put(f)
		case f.Field == "ticket_state" && !plan.Equal(f.After, c.Have["ticket_state"]):
			put(f)
		}
	}
	want, until, set := b.endState()
	if have, _ := c.Have["state"].(string); !set && (reopens || len(fields) > 0) && c.Action != plan.Create {
		want, until, set = have, c.Have["snoozed_until"], have == "closed" || have == "snoozed"
	}
	switch {
	case !set, want == "open" && c.Action == plan.Create, want == "snoozed" && until == nil:
	default:
		payload["state"], fields = want, append(fields, "state")
		if want == "snoozed" {
			payload["snoozed_until"] = until
			if c.Want["snoozed_until"] != nil {
				fields = append(fields, "snoozed_until")
			}
		}
	}
	if len(fields) > 0 {
		payload["type"] = c.Want["type"]
		b.add("update_ticket", "", plan.Step{Repeatable: true, Fields: fields, Payload: payload})
	}
}

// reassign writes who a ticket is assigned to, and reports whether it did. One field takes a team and a teammate in turn, and
// nobody takes both away (IC 3.9): who stays is put back.
func (b *builder) reassign() bool {
	before := len(b.steps)
	put, gone := plan.Fields{}, plan.Fields{}
	for _, f := range b.c.Fields {
		switch {
		case f.What != "set" || !strings.HasPrefix(f.Field, "assign."):
		case f.After == nil:
			gone[f.Field] = nil
		default:
			put[f.Field] = f.After
		}
	}
	if len(gone) > 0 {
		b.add("unassign_ticket", "", plan.Step{Repeatable: true, Fields: slices.Sorted(maps.Keys(gone)), Payload: gone})
	}
	for _, who := range []string{"team", "teammate"} {
		field := "assign." + who
		_, leaves := gone[field]
		to, comes := put[field]
		switch {
		case comes:
			b.add("assign_ticket_"+who, "", plan.Step{Repeatable: true, Fields: []string{field}, Payload: plan.Fields{"assignee": to, field: to}})
		case len(gone) > 0 && !leaves && b.c.Have[field] != nil:
			b.add("assign_ticket_"+who, "", plan.Step{Repeatable: true, Payload: plan.Fields{"assignee": b.c.Have[field]}})
		}
	}
	return len(b.steps) > before
}

// endState is the state that the change wants in the end, and until when it is snoozed; set is false when it says nothing.
func (b *builder) endState() (want string, until plan.Value, set bool) {
	c := b.c
	until = c.Want["snoozed_until"]
	for _, f := range c.Fields {
		switch {
		case f.What != "set":
		case f.Field == "state":
			want, set = f.After.(string)
		case f.Field == "snoozed_until" && f.After != nil:
			until = f.After
			if c.Want["state"] == "snoozed" {
				want, set = "snoozed", true
			}
		}
	}
	return want, until, set
}
