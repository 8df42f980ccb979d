package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A ticketType always has a title and a description among its attributes (IC 3.8).
type ticketType struct {
	id, name, desc, category, icon string
	internal, archived             bool
	created, updated               int64
	attrs                          []*ticketAttribute
}

type ticketAttribute struct {
	id, name, desc, typ                    string
	required, requiredOfContacts           bool
	visible, visibleToContacts             bool
	multiline, multiple, builtin, archived bool
	items                                  []option // of a list: what is written is their GUID (IC trap 16)
	order                                  int
	created, updated                       int64
}

// A ticketState is made by a person, never by the API (IC 2). It is valid for some types, or for all of them.
type ticketState struct {
	id, category, internal, external string
	types                            []string // nil: all
	archived                         bool
}

const titleAttribute, descriptionAttribute = "_default_title_", "_default_description_"

var ticketCategories = []string{"Customer", "Back-office", "Tracker"}

var stateCategories = []string{"submitted", "in_progress", "waiting_on_customer", "resolved"}

// shortID is the next id of the kinds whose numbers are small: types, states, instances, notes, jobs.
func (s *Server) shortID() string { s.short++; return strconv.FormatInt(s.short, 10) }

// guid is an id of a list item.
func (s *Server) guid() string {
	s.short++
	return fmt.Sprintf("%08x-0164-4070-8ca6-%012x", uint32(s.now()), s.short)
}

// defaultStates are those that every workspace has, for all types.
func (s *Server) defaultStates() {
	for _, d := range [][3]string{{"submitted", "Submitted", "Submitted"}, {"in_progress", "In progress", "In progress"},
		{"waiting_on_customer", "Waiting on customer", "Waiting on you"}, {"resolved", "Resolved", "Resolved"}} {
		s.states = append(s.states, &ticketState{id: s.shortID(), category: d[0], internal: d[1], external: d[2]})
	}
}

func (s *Server) newTicketType(name, desc, category string) *ticketType {
	t := &ticketType{id: s.shortID(), name: name, desc: desc, category: category, icon: "🎟️", created: s.now(), updated: s.now()}
	for i, n := range []string{titleAttribute, descriptionAttribute} {
		t.attrs = append(t.attrs, &ticketAttribute{id: s.shortID(), name: n, typ: "string", visible: true, visibleToContacts: true, multiline: i == 1, builtin: true, order: i,
			created: s.now(), updated: s.now()})
	}
	return t
}

func (s *Server) ticketType(id string) *ticketType {
	i := slices.IndexFunc(s.ticketTypes, func(t *ticketType) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return s.ticketTypes[i]
}

func (s *Server) ticketState(id string) *ticketState {
	i := slices.IndexFunc(s.states, func(t *ticketState) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return s.states[i]
}

// of says whether tickets of a type can be in the state.
func (st *ticketState) of(typ string) bool {
	return !st.archived && (st.types == nil || slices.Contains(st.types, typ))
}

// live finds the attributes of a type by name; there may be several (IC 4.1).
func (t *ticketType) live(name string) []*ticketAttribute {
	var out []*ticketAttribute
	for _, a := range t.attrs {
		if a.name == name && !a.archived {
			out = append(out, a)
		}
	}
	return out
}

func (s *Server) ticketAttributeJSON(t *ticketType, a *ticketAttribute) map[string]any {
	typ, _ := strconv.ParseInt(t.id, 10, 64)
	out := map[string]any{"type": "ticket_type_attribute", "id": a.id, "workspace_id": s.app.IDCode, "name": a.name, "description": a.desc, "data_type": a.typ, "order": a.order,
		"required_to_create": a.required, "required_to_create_for_contacts": a.requiredOfContacts, "visible_on_create": a.visible, "visible_to_contacts": a.visibleToContacts,
		"default": a.builtin, "ticket_type_id": typ, "archived": a.archived, "created_at": a.created, "updated_at": a.updated}
	switch a.typ {
	case "string":
		out["input_options"] = map[string]any{"multiline": a.multiline}
	case "list":
		items := []any{}
		for _, o := range a.items {
			items = append(items, map[string]any{"id": o.id, "label": o.label})
		}
		out["input_options"] = items
	}
	return out
}

// ticketTypeJSON shows the attributes under data, as the examples of the description do and its schema does not (IC 1.4).
func (s *Server) ticketTypeJSON(t *ticketType) map[string]any {
	attrs, states := []any{}, []any{}
	for _, a := range t.attrs {
		attrs = append(attrs, s.ticketAttributeJSON(t, a))
	}
	for _, st := range s.states {
		if st.of(t.id) {
			states = append(states, st.json())
		}
	}
	return map[string]any{"type": "ticket_type", "id": t.id, "workspace_id": s.app.IDCode, "name": t.name, "description": t.desc, "category": t.category, "icon": t.icon,
		"is_internal": t.internal, "archived": t.archived, "created_at": t.created, "updated_at": t.updated,
		"ticket_type_attributes": map[string]any{"type": "list", "data": attrs}, "ticket_states": map[string]any{"type": "list", "data": states}}
}

func (st *ticketState) json() map[string]any {
	return map[string]any{"type": "ticket_state", "id": st.id, "category": st.category, "internal_label": st.internal, "external_label": st.external}
}

func (s *Server) stateJSON(st *ticketState) map[string]any {
	types := []any{}
	for _, t := range s.ticketTypes {
		if st.types == nil || slices.Contains(st.types, t.id) {
			types = append(types, map[string]any{"type": "ticket_type", "id": t.id, "name": t.name, "description": t.desc, "icon": t.icon, "archived": t.archived, "is_internal": t.internal, "category": t.category})
		}
	}
	out := st.json()
	out["archived"], out["ticket_types"] = st.archived, map[string]any{"type": "list", "data": types}
	return out
}

func (c *call) listTicketStates() (any, error) {
	out := []any{}
	for _, st := range c.s.states {
		out = append(out, c.s.stateJSON(st))
	}
	return map[string]any{"type": "list", "data": out}, nil
}

func (c *call) listTicketTypes() (any, error) {
	out := []any{}
	for _, t := range c.s.ticketTypes {
		out = append(out, c.s.ticketTypeJSON(t))
	}
	return map[string]any{"type": "list", "data": out}, nil
}

func (c *call) pathTicketType() (*ticketType, error) {
	if t := c.s.ticketType(c.path[1]); t != nil {
		return t, nil
	}
	return nil, notFound("Resource")
}

func (c *call) getTicketType() (any, error) {
	t, err := c.pathTicketType()
	if err != nil {
		return nil, err
	}
	return c.s.ticketTypeJSON(t), nil
}

// createTicketType does not look for one of the same name (IC 4.1).
func (c *call) createTicketType() (any, error) {
	if err := c.body.only("name", "description", "category", "icon", "is_internal"); err != nil {
		return nil, err
	}
	if name, _, err := c.body.str("name"); err != nil {
		return nil, err
	} else if strings.TrimSpace(name) == "" {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "name is required")
	}
	t := &ticketType{}
	if err := c.writeTicketType(t); err != nil {
		return nil, err
	}
	n := c.s.newTicketType(t.name, t.desc, t.category)
	if n.internal = t.internal; t.icon != "" {
		n.icon = t.icon
	}
	if n.category == "" {
		n.category = "Customer"
	}
	c.s.ticketTypes = append(c.s.ticketTypes, n)
	return c.s.ticketTypeJSON(n), nil
}

func (c *call) writeTicketType(t *ticketType) error {
	n := *t
	for name, to := range map[string]*string{"name": &n.name, "description": &n.desc, "category": &n.category, "icon": &n.icon} {
		if v, ok, err := c.body.str(name); err != nil {
			return err
		} else if ok {
			*to = v
		}
	}
	if err := c.body.flags(map[string]*bool{"is_internal": &n.internal, "archived": &n.archived}); err != nil {
		return err
	}
	if n.name == "" || len([]rune(n.name)) > 64 {
		return invalid("name", "name is invalid")
	}
	if n.category != "" && !slices.Contains(ticketCategories, n.category) {
		return invalid("category", "category must be Customer, Back-office or Tracker")
	}
	if t.category != "" && n.category != t.category {
		return invalid("category", "the category of a ticket type cannot be changed")
	}
	*t = n
	return nil
}

func (c *call) updateTicketType() (any, error) {
	t, err := c.pathTicketType()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("name", "description", "category", "icon", "archived", "is_internal"); err != nil {
		return nil, err
	}
	if err := c.writeTicketType(t); err != nil {
		return nil, err
	}
	t.updated = c.s.now()
	return c.s.ticketTypeJSON(t), nil
}

// flags reads the booleans that are there.
func (o object) flags(to map[string]*bool) error {
	for name, b := range to {
		if o[name] == nil {
			continue
		}
		v, err := o.boolean(name)
		if err != nil {
			return err
		}
		*b = v
	}
	return nil
}

var ticketAttributeTypes = []string{"string", "list", "integer", "decimal", "boolean", "datetime", "files"}

// createTicketAttribute does not look for one of the same name (IC 4.1).
func (c *call) createTicketAttribute() (any, error) {
	t, err := c.pathTicketType()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("name", "description", "data_type", "required_to_create", "required_to_create_for_contacts", "visible_on_create", "visible_to_contacts", "multiline", "list_items", "allow_multiple_values"); err != nil {
		return nil, err
	}
	for _, name := range []string{"name", "description", "data_type"} {
		if v, _, err := c.body.str(name); err != nil {
			return nil, err
		} else if v == "" {
			return nil, refuse(http.StatusBadRequest, "parameter_not_found", "%s is required", name)
		}
	}
	a := &ticketAttribute{visible: true, visibleToContacts: true, order: len(t.attrs), created: c.s.now()}
	if a.typ, _, err = c.body.str("data_type"); err != nil {
		return nil, err
	}
	if !slices.Contains(ticketAttributeTypes, a.typ) {
		return nil, invalid("data_type", "data_type must be one of %s", strings.Join(ticketAttributeTypes, ", "))
	}
	if err := c.writeTicketAttribute(a); err != nil {
		return nil, err
	}
	if a.typ == "list" && len(a.items) == 0 {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "list_items is required for list attributes")
	}
	a.id = c.s.shortID()
	t.attrs = append(t.attrs, a)
	return c.s.ticketAttributeJSON(t, a), nil
}

func (c *call) writeTicketAttribute(a *ticketAttribute) error {
	n := *a
	for name, to := range map[string]*string{"name": &n.name, "description": &n.desc} {
		if v, ok, err := c.body.str(name); err != nil {
			return err
		} else if ok {
			*to = v
		}
	}
	if err := c.body.flags(map[string]*bool{"required_to_create": &n.required, "required_to_create_for_contacts": &n.requiredOfContacts, "visible_on_create": &n.visible,
		"visible_to_contacts": &n.visibleToContacts, "multiline": &n.multiline, "allow_multiple_values": &n.multiple, "archived": &n.archived}); err != nil {
		return err
	}
	if n.name == "" || len([]rune(n.name)) > 64 {
		return invalid("name", "name is invalid")
	}
	if a.builtin && (n.name != a.name || n.archived) {
		return invalid("name", "%s stays as it is", a.name)
	}
	text, given, err := c.body.str("list_items")
	if err != nil {
		return err
	}
	if given {
		if a.typ != "list" {
			return invalid("list_items", "list_items is for list attributes only")
		}
		if n.items = c.s.listItems(a.items, text); len(n.items) == 0 {
			return invalid("list_items", "list_items is empty")
		}
	}
	n.updated = c.s.now()
	*a = n
	return nil
}

// listItems splits the one comma-delimited string (IC trap 17). What a change does to GUIDs nobody knows (IC 3.8), so here
// an item keeps its own only where it stood before: appending is safe, nothing else.
func (s *Server) listItems(have []option, text string) []option {
	var out []option
	for _, label := range strings.Split(text, ",") {
		if label = strings.TrimSpace(label); label == "" {
			continue
		}
		if i := len(out); i < len(have) && have[i].label == label {
			out = append(out, have[i])
		} else {
			out = append(out, option{id: s.guid(), label: label})
		}
	}
	return out
}

func (c *call) updateTicketAttribute() (any, error) {
	t, err := c.pathTicketType()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.attrs, func(a *ticketAttribute) bool { return a.id == c.path[3] })
	if i < 0 {
		return nil, notFound("Resource")
	}
	if err := c.body.only("name", "description", "required_to_create", "required_to_create_for_contacts", "visible_on_create", "visible_to_contacts", "multiline", "list_items", "allow_multiple_values", "archived"); err != nil {
		return nil, err
	}
	if err := c.writeTicketAttribute(t.attrs[i]); err != nil {
		return nil, err
	}
	return c.s.ticketAttributeJSON(t, t.attrs[i]), nil
}
