package sandbox

import (
	"fmt"
	"slices"
)

// The data file is one JSON object; an unknown key is an error. Every key may be missing:
//
//	app                      {id_code, name, region, timezone}
//	admins, teams            [{id, name, email, has_inbox_seat, team_ids}], [{id, name, admin_ids}]
//	tags, brands             [{id, name}]; the default brand is there
//	data_attributes          [{name, model, data_type, options, description, reference, archived}]
//	conversation_attributes  [{name, data_type, options, description, reference, archived}]
//	companies, contacts      [{id, company_id, name, custom_attributes}], [{id, role, external_id, email, name, …, tags, companies, archived}]
//	conversations            [{contact, body, created_at}]
//	ticket_types             [{id, name, description, category, attributes: [{name, data_type, description, list_items: […], required_to_create}]}]
//	ticket_states            [{id, category, internal_label, external_label, ticket_types: [ids or names; none: all], archived}]
//	custom_objects           [{identifier, name, attributes: [{name, data_type, options, reference}]}]
//
// A data_type "relationship" has a reference {type: one or many, object_type_id: a custom object's identifier, contact,
// company or conversation}. Relationships on people and companies, ticket states and custom objects are a person's work:
// beside this file only POST /_sandbox/mutate makes them.

// moreSeed is what the data file has of the kinds that came later: what only a person can make, and what somebody may
// have made before the move. States come on top of the four that every workspace has.
type moreSeed struct {
	TicketTypes []struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Desc       string `json:"description"`
		Category   string `json:"category"`
		Attributes []struct {
			Name     string   `json:"name"`
			Type     string   `json:"data_type"`
			Desc     string   `json:"description"`
			Items    []string `json:"list_items"`
			Required bool     `json:"required_to_create"`
		} `json:"attributes"`
	} `json:"ticket_types"`
	TicketStates []struct {
		ID       string   `json:"id"`
		Category string   `json:"category"`
		Internal string   `json:"internal_label"`
		External string   `json:"external_label"`
		Types    []string `json:"ticket_types"` // by id or name; none: all
		Archived bool     `json:"archived"`
	} `json:"ticket_states"`
	Brands        []brand `json:"brands"` // besides the default one
	CustomObjects []struct {
		Identifier string                `json:"identifier"`
		Name       string                `json:"name"`
		Attributes []objectAttributeSeed `json:"attributes"`
	} `json:"custom_objects"`
}

// refSeed is a reference: type one or many, object_type_id a custom object's identifier, contact, company or conversation.
type refSeed struct {
	Type   string `json:"type"`
	Object string `json:"object_type_id"`
}

func (r *refSeed) on(a *attribute) *attribute {
	if r != nil {
		a.ref = reference{r.Object, r.Type == "many"}
	}
	return a
}

type objectAttributeSeed struct {
	Name    string   `json:"name"`
	Type    string   `json:"data_type"`
	Options []string `json:"options"`
	Ref     refSeed  `json:"reference"`
}

// addTo is what a person does in the settings of a custom object.
func (in objectAttributeSeed) addTo(t *objectType) error {
	a, err := newObjectAttribute(in.Name, in.Type, in.Options, in.Ref.Object, in.Ref.Type == "many")
	if err != nil {
		return fmt.Errorf("custom object %q: %w", t.identifier, err)
	}
	if t.attr(in.Name) != nil {
		return fmt.Errorf("custom object %q has an attribute %q", t.identifier, in.Name)
	}
	t.attrs = append(t.attrs, a)
	return nil
}

// newObjectType is what a person does in the settings: the name is unique and stays (IC 2).
func (s *Server) newObjectType(identifier, name string, attrs []objectAttributeSeed) error {
	if identifier == "" || s.objectType(identifier) != nil {
		return fmt.Errorf("custom object %q has no identifier, or another has it", name)
	}
	t := &objectType{identifier: identifier, name: name}
	for _, a := range attrs {
		if err := a.addTo(t); err != nil {
			return err
		}
	}
	s.objectTypes = append(s.objectTypes, t)
	return nil
}

func (s *Server) seedMore(in moreSeed) error {
	s.brands = in.Brands
	for _, o := range in.CustomObjects {
		if err := s.newObjectType(o.Identifier, o.Name, o.Attributes); err != nil {
			return err
		}
	}
	for _, t := range in.TicketTypes {
		if t.Category == "" {
			t.Category = "Customer"
		}
		if t.Name == "" || !slices.Contains(ticketCategories, t.Category) {
			return fmt.Errorf("ticket type %q of category %q", t.Name, t.Category)
		}
		n := s.newTicketType(t.Name, t.Desc, t.Category)
		if t.ID != "" {
			n.id = t.ID
		}
		for _, a := range t.Attributes {
			if !slices.Contains(ticketAttributeTypes, a.Type) {
				return fmt.Errorf("ticket type %q: attribute %q has data_type %q", t.Name, a.Name, a.Type)
			}
			m := &ticketAttribute{id: s.shortID(), name: a.Name, typ: a.Type, desc: a.Desc, required: a.Required, visible: true, visibleToContacts: true, order: len(n.attrs), created: s.now(), updated: s.now()}
			for _, label := range a.Items {
				m.items = append(m.items, option{id: s.guid(), label: label})
			}
			n.attrs = append(n.attrs, m)
		}
		s.ticketTypes = append(s.ticketTypes, n)
	}
	for _, st := range in.TicketStates {
		n, err := s.newTicketState(st.Category, st.Internal, st.External, st.Types)
		if err != nil {
			return err
		}
		if n.archived = st.Archived; st.ID != "" {
			n.id = st.ID
		}
	}
	return nil
}

// newTicketState is what a person does in the settings: a state, and the types that it is for.
func (s *Server) newTicketState(category, internal, external string, types []string) (*ticketState, error) {
	if !slices.Contains(stateCategories, category) || internal == "" {
		return nil, fmt.Errorf("ticket state %q of category %q", internal, category)
	}
	if external == "" {
		external = internal
	}
	n := &ticketState{id: s.shortID(), category: category, internal: internal, external: external}
	for _, t := range types {
		i := slices.IndexFunc(s.ticketTypes, func(have *ticketType) bool { return have.id == t || have.name == t })
		if i < 0 {
			return nil, fmt.Errorf("ticket state %q names ticket type %q, which is not there", internal, t)
		}
		n.types = append(n.types, s.ticketTypes[i].id)
	}
	s.states = append(s.states, n)
	return n, nil
}
