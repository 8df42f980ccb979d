package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// mutateMore is what an agent does to tickets, objects and notes, and what an admin does in the settings, where no call
// of the API can. known says whether the kind is one of these.
func (s *Server) mutateMore(m Mutation) (known bool, err error) {
	switch m.Kind {
	case "ticket":
		id, cerr := convID(m.ID)
		v := s.convs[id]
		if cerr != nil || v == nil || v.ticket == nil {
			return true, fmt.Errorf("there is no ticket %s", m.ID)
		}
		if err = s.mutateTicket(v, m); err == nil && m.Op != "delete" {
			s.touch(v)
		}
	case "ticket_type":
		t := s.ticketType(m.ID)
		if t == nil || m.Op != "archive" {
			return true, fmt.Errorf("no admin does %s to ticket type %s here", m.Op, m.ID)
		}
		t.archived, t.updated = true, s.now()
	case "ticket_state":
		err = s.mutateState(m)
	case "custom_object":
		err = s.mutateObjectType(m)
	case "custom_object_instance":
		err = s.mutateInstance(m)
	case "note":
		if m.Op != "add" {
			return true, fmt.Errorf("nobody does %s to a note", m.Op)
		}
		body, _ := m.Value.(string)
		_, isCompany := s.comps[m.ID]
		if s.byID[m.ID] == nil && !isCompany {
			return true, fmt.Errorf("there is no contact or company %s", m.ID)
		}
		n := &note{id: s.shortID(), owner: m.ID, admin: s.anyAdmin(), body: paragraphs(body), company: isCompany, created: s.now()}
		s.notes, s.notesBy[m.ID] = append(s.notes, n), append(s.notesBy[m.ID], n)
	case "team", "admin":
		if m.Op != "add" {
			return true, fmt.Errorf("no admin does %s to a %s here", m.Op, m.Kind)
		}
		var in struct {
			Name   string   `json:"name"`
			Email  string   `json:"email"`
			Admins []string `json:"admin_ids"`
		}
		if err = m.read(&in); err != nil {
			return true, err
		}
		id := m.ID
		if id == "" {
			id = s.shortID()
		}
		if m.Kind == "team" {
			s.teams = append(s.teams, &team{ID: id, Name: in.Name, AdminIDs: in.Admins})
		} else {
			s.admins = append(s.admins, &admin{ID: id, Name: in.Name, Email: in.Email, Seat: true})
		}
	default:
		return false, nil
	}
	return true, err
}

// read takes an object from the value; a key that nobody knows would be lost, so it is refused.
func (m Mutation) read(into any) error {
	text, err := json.Marshal(m.Value)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("the value of %s %s: %w", m.Op, m.Kind, err)
	}
	return nil
}

// written makes of the value what a call would have brought.
func (m Mutation) written() any {
	text, err := json.Marshal(m.Value)
	if err != nil {
		return m.Value
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return m.Value
	}
	return out
}

func (s *Server) mutateTicket(v *conversation, m Mutation) error {
	text, _ := m.Value.(string)
	t := *v.ticket
	switch m.Op {
	case "set_attribute":
		attrs, err := s.ticketAttributes(s.ticketType(t.typ), t.attrs, map[string]any{m.Name: m.written()})
		if err != nil {
			return err
		}
		t.attrs = attrs
	case "set_field": // the title and the description of a ticket are attributes of its type (IC 3.8)
		name := map[string]string{"title": titleAttribute, "description": descriptionAttribute}[m.Name]
		if name == "" {
			return fmt.Errorf("a ticket has no field %s", m.Name)
		}
		attrs, err := s.ticketAttributes(s.ticketType(t.typ), t.attrs, map[string]any{name: text})
		if err != nil {
			return err
		}
		t.attrs = attrs
	case "set_ticket_state":
		st := s.ticketState(text)
		if st == nil || !st.of(t.typ) || t.state == text {
			return fmt.Errorf("no agent sets ticket state %q here", text)
		}
		v.parts = append(v.parts, &part{id: s.id(), kind: "ticket_state_updated_by_admin", authorType: "admin", author: s.anyAdmin(), created: s.now(), extra: &partExtra{was: s.ticketState(t.state).category, state: st.category}})
		t.previous, t.state = t.state, text
	default: // open and closed, tags, parts, assignees, deletion: a ticket is a conversation
		return s.mutateConversation(v, m)
	}
	v.ticket = &t
	return nil
}

func (s *Server) mutateState(m Mutation) error {
	if m.Op == "archive" {
		st := s.ticketState(m.ID)
		if st == nil {
			return fmt.Errorf("there is no ticket state %s", m.ID)
		}
		st.archived = true
		return nil
	}
	if m.Op != "add" {
		return fmt.Errorf("no admin does %s to a ticket state here", m.Op)
	}
	var in struct {
		Category string   `json:"category"`
		Internal string   `json:"internal_label"`
		External string   `json:"external_label"`
		Types    []string `json:"ticket_types"`
	}
	if err := m.read(&in); err != nil {
		return err
	}
	st, err := s.newTicketState(in.Category, in.Internal, in.External, in.Types)
	if err == nil && m.ID != "" {
		st.id = m.ID
	}
	return err
}

func (s *Server) mutateObjectType(m Mutation) error {
	t := s.objectType(m.ID)
	switch {
	case m.Op == "add":
		var in struct {
			Name       string                `json:"name"`
			Attributes []objectAttributeSeed `json:"attributes"`
		}
		if err := m.read(&in); err != nil {
			return err
		}
		return s.newObjectType(m.ID, in.Name, in.Attributes)
	case t == nil:
		return fmt.Errorf("there is no custom object %q", m.ID)
	case m.Op == "add_attribute":
		var in objectAttributeSeed
		if err := m.read(&in); err != nil {
			return err
		}
		return in.addTo(t)
	}
	text, _ := m.Value.(string)
	a := t.attr(m.Name)
	if a == nil || a.typ != "list" || text == "" {
		return fmt.Errorf("custom object %q has no list attribute %q to change", m.ID, m.Name)
	}
	switch m.Op {
	case "add_option":
		a.options = append(slices.Clone(a.options), text)
	case "remove_option":
		a.options = without(a.options, text)
	default:
		return fmt.Errorf("no admin does %s to a custom object here", m.Op)
	}
	return nil
}

func (s *Server) mutateInstance(m Mutation) error {
	o := s.instances[m.ID]
	if o == nil {
		return fmt.Errorf("there is no instance %s", m.ID)
	}
	switch m.Op {
	case "set_attribute":
		custom, err := s.objectAttributes(s.objectType(o.typ), o.custom, map[string]any{m.Name: m.written()})
		if err != nil {
			return err
		}
		o.custom, o.updated = custom, s.now()
	case "delete":
		s.removeInstance(o)
	default:
		return fmt.Errorf("no agent does %s to an instance here", m.Op)
	}
	return nil
}

// addAttribute is an attribute that a person made, relationships on people and companies among them (IC 2).
func (s *Server) addAttribute(m Mutation) error {
	var in struct {
		Name    string   `json:"name"`
		Model   string   `json:"model"`
		Type    string   `json:"data_type"`
		Options []string `json:"options"`
		Desc    string   `json:"description"`
		Ref     *refSeed `json:"reference"`
	}
	if err := m.read(&in); err != nil {
		return err
	}
	if !slices.Contains([]string{"contact", "company", "conversation"}, in.Model) || in.Name == "" || (in.Type == "relationship") != (in.Ref != nil) {
		return fmt.Errorf("no admin makes an attribute %q of %q and type %q", in.Name, in.Model, in.Type)
	}
	s.attrs = append(s.attrs, in.Ref.on(s.newAttribute(in.Model, in.Name, in.Type, in.Desc, in.Options)))
	return nil
}

// mutated sets an attribute; a relationship takes ids of instances, as a call would bring them.
func (s *Server) mutated(model string, have map[string]any, m Mutation) (map[string]any, error) {
	for _, a := range s.liveAttributes(model, m.Name) {
		if a.typ == "relationship" {
			v, err := s.linked(m.Name, a.ref, m.written())
			if err != nil {
				return nil, err
			}
			return with(have, m.Name, v), nil
		}
	}
	return with(have, m.Name, m.Value), nil
}
