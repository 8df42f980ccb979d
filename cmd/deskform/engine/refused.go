package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/providers/intercom"
)

// A ticketType is what the plan must know of one to say what it refuses: what the workspace has, and what the configuration
// is about to change.
type ticketType struct {
	name     string
	required []string // attributes without which no ticket is made
}

// Refused is what Intercom would refuse about a ticket: an attribute that its type requires, a state that is not its type's.
func (w *world) Refused(c *plan.Change) ([]plan.Problem, error) {
	if c.Kind != "ticket" {
		return nil, nil
	}
	t, err := w.ticketType(c.Want["type"])
	if err != nil {
		return nil, err
	}
	var out []plan.Problem
	if c.Action == plan.Create {
		for _, name := range t.required {
			field := map[string]string{intercom.TitleAttribute: "title", intercom.DescriptionAttribute: "body"}[name]
			field = cmp.Or(field, "attributes."+name)
			if v := c.Want[field]; (v == nil || v == "") && name != intercom.KeyAttribute {
				out = append(out, plan.Problem{Field: field, Rule: "required_attribute",
					Text: fmt.Sprintf("has no value, and ticket type %q requires one (IC 3.9); map it, or declare the attribute with required_to_create = false", t.name)})
			}
		}
	}
	set := func(f plan.FieldChange) bool { return f.Field == "ticket_state" && f.What == "set" }
	if id, ok := c.Want["ticket_state"].(string); ok && slices.ContainsFunc(c.Fields, set) {
		p, err := w.foreignState(c.Want["type"], id, t)
		if err != nil {
			return nil, err
		}
		if p != nil {
			out = append(out, *p)
		}
	}
	return out, nil
}

// ticketType looks a type up by what a ticket's field type resolved to: an id, or a reference while it is to be made.
func (w *world) ticketType(v plan.Value) (*ticketType, error) {
	key := string(plan.Canonical(v))
	if t := w.types[key]; t != nil {
		return t, nil
	}
	t := &ticketType{}
	required := map[string]bool{}
	if id, ok := v.(string); ok {
		live, err := w.Live("ticket_type", id)
		if err != nil {
			return nil, err
		}
		if live != nil {
			t.name, _ = live.Fields["name"].(string)
			names, _ := live.Fields[intercom.RequiredField].([]plan.Value)
			for _, n := range names {
				text, _ := n.(string)
				required[text] = true
			}
		}
	}
	label, err := w.labelOf("ticket_type", v)
	if err != nil {
		return nil, err
	}
	t.name = cmp.Or(t.name, label)
	if set, ok := w.e.set("ticket_attribute"); ok {
		for _, r := range set.Resources {
			of, name, _ := strings.Cut(r.Key, "/")
			if said, _ := r.Want.Fields["name"].(string); said != "" {
				name = said
			}
			if must, said := r.Want.Fields["required_to_create"].(bool); said && of == label {
				required[name] = must
			}
		}
	}
	for name, must := range required {
		if must {
			t.required = append(t.required, name)
		}
	}
	slices.Sort(t.required)
	if w.types == nil {
		w.types = map[string]*ticketType{}
	}
	w.types[key] = t
	return t, nil
}

// labelOf is the label of the resource that a value stands for, empty for none.
func (w *world) labelOf(kind string, v plan.Value) (string, error) {
	if ref, ok := v.(plan.Ref); ok && len(ref.Targets) == 1 {
		return ref.Targets[0].Key, nil
	}
	set, ok := w.e.set(kind)
	if !ok {
		return "", nil
	}
	for _, r := range set.Resources {
		out, found, err := w.e.Cache.Outcome(w.ctx, plan.Target{Set: kind, Key: r.Key})
		if err != nil {
			return "", err
		}
		if found && plan.Equal(out.ID, v) {
			return r.Key, nil
		}
	}
	return "", nil
}

// foreignState is the problem of a state that a type does not have. A type that is still to be made will have those that all
// types have.
func (w *world) foreignState(typ plan.Value, id string, t *ticketType) (*plan.Problem, error) {
	state, err := w.Live("ticket_state", id)
	if err != nil || state == nil {
		return nil, err
	}
	of, shown := state.Fields["types"].([]plan.Value)
	if !shown {
		return nil, nil
	}
	has := func(id plan.Value) bool {
		return slices.ContainsFunc(of, func(o plan.Value) bool { return plan.Equal(o, id) })
	}
	foreign := false
	if _, made := typ.(string); made {
		foreign = !has(typ)
	} else {
		for l, err := range w.e.Cache.All(w.ctx, "ticket_type") {
			if err != nil {
				return nil, err
			}
			foreign = foreign || !l.Gone && !has(l.ID)
		}
	}
	if !foreign {
		return nil, nil
	}
	name, _ := state.Fields["name"].(string)
	return &plan.Problem{Field: "ticket_state", Rule: "foreign_state", Text: fmt.Sprintf("%q is no state of ticket type %q, and no API makes it one (IC 3.8): add the type to the state in Intercom under Settings > Helpdesk > Tickets > Ticket states and plan again, or map another state", name, t.name)}, nil
}
