package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A ticket is what a conversation has on top when it is one (IC 1.2). It is never changed in place: the index may hold it.
type ticket struct {
	number   int64 // shown in the Inbox, never valid in an address
	typ      string
	attrs    map[string]any // by the attribute's id
	state    string
	previous string
	shared   bool
}

func ticketNotFound() error {
	return refuse(http.StatusNotFound, "ticket_not_found", "Ticket not found")
}

// ticket finds the conversation underneath by its id; the number of the Inbox finds nothing.
func (c *call) ticket() (*conversation, error) {
	id, err := strconv.ParseInt(c.path[1], 10, 64)
	if err == nil {
		if v := c.s.convs[id]; v != nil && v.ticket != nil {
			return v, nil
		}
	}
	return nil, ticketNotFound()
}

// ticketAttributes checks values by the names of a type's attributes and merges them into have, which stays as it is.
func (s *Server) ticketAttributes(t *ticketType, have map[string]any, in any) (map[string]any, error) {
	out := maps.Clone(have)
	if out == nil {
		out = map[string]any{}
	}
	if in == nil {
		return out, nil
	}
	m, ok := in.(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "type_mismatch", "ticket_attributes must be an object")
	}
	var extra []string
	for name := range m {
		if len(t.live(name)) == 0 {
			extra = append(extra, name)
		}
	}
	if len(extra) > 0 {
		slices.Sort(extra)
		return nil, invalid("ticket_attributes", "Extra attributes provided that are not found on ticket type: %s", strings.Join(extra, ", "))
	}
	for name, v := range m {
		found := t.live(name)
		if len(found) > 1 {
			return nil, invalid(name, "There is more than one attribute named '%s'", name)
		}
		a := found[0]
		if v == nil {
			delete(out, a.id)
			continue
		}
		got, err := a.value(v)
		if err != nil {
			return nil, err
		}
		out[a.id] = got
	}
	return out, nil
}

// value checks a value: that of a list is the GUID of an item, not its label (IC 3.9, trap 16).
func (a *ticketAttribute) value(v any) (any, error) {
	bad := invalid(a.name, "ticket attribute '%s' must be of type %s", a.name, a.typ)
	switch a.typ {
	case "string":
		text, ok := v.(string)
		if !ok {
			return nil, bad
		}
		if len([]rune(text)) > maxMessage {
			return nil, invalid(a.name, "ticket attribute '%s' is too long", a.name)
		}
		return text, nil
	case "list":
		many, isMany := v.([]any)
		if !isMany {
			many = []any{v}
		} else if !a.multiple {
			return nil, bad
		}
		for _, e := range many {
			if !slices.ContainsFunc(a.items, func(o option) bool { return o.id == e }) {
				return nil, invalid(a.name, "'%v' is not a list item of '%s'", e, a.name)
			}
		}
		return v, nil
	case "boolean":
		if _, ok := v.(bool); !ok {
			return nil, bad
		}
		return v, nil
	case "files":
		return nil, invalid(a.name, "files are not taken by this sandbox here: what Intercom takes nobody knows")
	}
	n, ok := v.(json.Number)
	if !ok {
		return nil, bad
	}
	if a.typ == "decimal" {
		return n, nil
	}
	i, err := n.Int64()
	if err != nil {
		return nil, bad
	}
	return i, nil
}

// person finds a contact by one of the three keys; an unknown e-mail makes a lead when that is what the operation does
// (IC trap 10).
func (s *Server) person(m object, byID, byKey string, create bool) (*contact, error) {
	if id, ok := m.idOf(byID); ok {
		if k := s.byID[id]; k != nil && k.state == live {
			return k, nil
		}
		return nil, notFound("User")
	}
	if key, ok := m.idOf(byKey); ok {
		for _, k := range s.order {
			if k.role == "user" && k.state == live && k.externalID == key && s.byID[k.id] == k {
				return k, nil
			}
		}
		return nil, notFound("User")
	}
	email, _, err := m.str("email")
	if err != nil {
		return nil, err
	}
	if email == "" {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "%s, %s or email is required", byID, byKey)
	}
	for _, k := range s.order {
		if k.state == live && strings.EqualFold(k.email, email) && s.byID[k.id] == k {
			return k, nil
		}
	}
	if !create {
		return nil, notFound("User")
	}
	k := &contact{id: s.hexID(), role: "lead", email: email, created: s.now(), updated: s.now()}
	k.externalID = "lead-" + k.id
	s.addContact(k)
	return k, nil
}

var ticketFields = []string{"ticket_type_id", "contacts", "ticket_attributes", "company_id", "created_at", "conversation_to_link_id", "assignment", "skip_notifications"}

// A newTicket is a create that was found right.
type newTicket struct {
	typ         *ticketType
	attrs       map[string]any
	state       *ticketState
	company     string
	admin, team string
	created     int64
	skip        bool
	link        *conversation
	who         object
}

// checkTicket checks all but the contact. The state is the type's first submitted one: it cannot be given (IC 3.9, trap 18).
func (c *call) checkTicket() (newTicket, error) {
	var n newTicket
	if err := c.body.only(ticketFields...); err != nil {
		return n, err
	}
	typ, ok := c.body.idOf("ticket_type_id")
	if !ok {
		return n, refuse(http.StatusBadRequest, "parameter_not_found", "ticket_type_id is required")
	}
	if n.typ = c.s.ticketType(typ); n.typ == nil || n.typ.archived {
		return n, invalid("ticket_type_id", "Ticket type is invalid or archived")
	}
	people, ok := c.body["contacts"].([]any)
	if !ok || len(people) != 1 {
		return n, invalid("contacts", "exactly one contact must be given")
	}
	who, ok := people[0].(map[string]any)
	if !ok || len(who) != 1 {
		return n, invalid("contacts", "a contact is given by id, external_id or email")
	}
	n.who = who
	var err error
	if n.attrs, err = c.s.ticketAttributes(n.typ, nil, c.body["ticket_attributes"]); err != nil {
		return n, err
	}
	for _, a := range n.typ.attrs {
		if _, ok := n.attrs[a.id]; a.required && !a.archived && !ok {
			return n, invalid("ticket_attributes", "Missing required ticket attributes")
		}
	}
	i := slices.IndexFunc(c.s.states, func(st *ticketState) bool { return st.category == "submitted" && st.of(typ) })
	if i < 0 {
		return n, invalid("ticket_type_id", "the ticket type has no submitted state")
	}
	n.state = c.s.states[i]
	if n.company, err = c.companyID(); err != nil {
		return n, err
	}
	if n.created, _, err = c.past("created_at"); err != nil {
		return n, err
	}
	if n.skip, err = c.body.boolean("skip_notifications"); err != nil {
		return n, err
	}
	if n.admin, n.team, err = c.assignment(); err != nil {
		return n, err
	}
	n.link, err = c.toLink(n.typ)
	return n, err
}

// companyID reads Intercom's id of a company, which must be there.
func (c *call) companyID() (string, error) {
	key, ok := c.body.idOf("company_id")
	if ok && (c.s.comps[key] == nil || c.s.comps[key].deleted) {
		return "", refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
	}
	return key, nil
}

func (c *call) assignment() (admin, team string, err error) {
	if c.body["assignment"] == nil {
		return "", "", nil
	}
	m, ok := c.body["assignment"].(map[string]any)
	if !ok {
		return "", "", refuse(http.StatusBadRequest, "type_mismatch", "assignment must be an object")
	}
	if err := object(m).only("admin_assignee_id", "team_assignee_id"); err != nil {
		return "", "", err
	}
	admin, _ = object(m).idOf("admin_assignee_id")
	team, _ = object(m).idOf("team_assignee_id")
	if admin != "" && admin != "0" && c.s.admin(admin) == nil || team != "" && team != "0" && c.s.team(team) == nil {
		return "", "", refuse(http.StatusNotFound, "assignee_not_found", "Assignee not found")
	}
	return nobody(admin), nobody(team), nil
}

// nobody makes "0", which unassigns, the empty id.
func nobody(id string) string {
	if id == "0" {
		return ""
	}
	return id
}

// toLink finds what the ticket is linked with: a customer's conversation is converted, not linked (IC 3.9).
func (c *call) toLink(t *ticketType) (*conversation, error) {
	id, ok := c.body.idOf("conversation_to_link_id")
	if !ok {
		return nil, nil
	}
	n, _ := strconv.ParseInt(id, 10, 64)
	v := c.s.convs[n]
	if v == nil {
		return nil, notFound("Resource")
	}
	if v.ticket == nil && t.category == "Customer" {
		return nil, invalid("conversation_to_link_id", "a conversation cannot be linked with a customer ticket")
	}
	return v, nil
}

// makeTicket carries a create out; the source of the conversation underneath is the ticket's description.
func (c *call) makeTicket(op string, n newTicket) (*conversation, error) {
	k, err := c.s.person(n.who, "id", "external_id", true)
	if err != nil {
		return nil, err
	}
	c.s.tickets++
	body := text(n.attrs[n.typ.attrs[1].id])
	if body != "" && !strings.Contains(body, "<") {
		body = paragraphs(body)
	}
	v := c.s.addConversation(k.id, body, n.created)
	v.company, v.admin, v.team = n.company, n.admin, n.team
	v.ticket = &ticket{number: c.s.tickets, typ: n.typ.id, attrs: n.attrs, state: n.state.id, shared: n.typ.category == "Customer"}
	v.title = text(n.attrs[n.typ.attrs[0].id])
	if n.link != nil {
		v.links, n.link.links = []int64{n.link.id}, append(slices.Clone(n.link.links), v.id)
		c.s.touch(n.link)
	}
	if !n.skip {
		c.s.ledger.couldTellAll(op, c.s.reachable(v))
	}
	return v, nil
}

func (c *call) createTicket() (any, error) {
	n, err := c.checkTicket()
	if err != nil {
		return nil, err
	}
	v, err := c.makeTicket("createTicket", n)
	if err != nil {
		return nil, err
	}
	return c.s.ticketJSON(v, true), nil
}

func (c *call) getTicket() (any, error) {
	v, err := c.ticket()
	if err != nil {
		return nil, err
	}
	return c.s.ticketJSON(v, true), nil
}

// updateTicket reopens what was closed unless it says open: false; the state is another thing (IC 3.9, trap 19).
func (c *call) updateTicket() (any, error) {
	v, err := c.ticket()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("ticket_attributes", "ticket_state_id", "company_id", "open", "is_shared", "snoozed_until", "admin_id", "assignee_id", "skip_notifications"); err != nil {
		return nil, err
	}
	t := *v.ticket
	var parts []*part
	author := &part{authorType: "bot", author: "0"}
	if id, ok := c.body.idOf("admin_id"); ok {
		if c.s.admin(id) == nil {
			return nil, refuse(http.StatusNotFound, "assignee_not_found", "Assignee not found")
		}
		author.authorType, author.author = "admin", id
	}
	event := func(kind string) *part {
		p := &part{kind: kind, authorType: author.authorType, author: author.author, created: c.s.now()}
		parts = append(parts, p)
		return p
	}
	if t.attrs, err = c.s.ticketAttributes(c.s.ticketType(t.typ), t.attrs, c.body["ticket_attributes"]); err != nil {
		return nil, err
	}
	if id, ok := c.body.idOf("ticket_state_id"); ok {
		st := c.s.ticketState(id)
		if st == nil || !st.of(t.typ) {
			return nil, refuse(http.StatusBadRequest, "ticket_state_id_invalid", "Ticket state id is not valid or is not associated with the ticket type")
		}
		if id == t.state {
			return nil, refuse(http.StatusBadRequest, "parameter_invalid", "Cannot transition ticket to the same state")
		}
		p := event("ticket_state_updated_by_admin")
		p.extra = &partExtra{was: c.s.ticketState(t.state).category, state: st.category}
		t.previous, t.state = t.state, id
	}
	admin, team := v.admin, v.team
	if to, ok := c.body.idOf("assignee_id"); ok { // one field for both
		switch {
		case to == "0":
			admin, team = "", ""
		case c.s.admin(to) != nil:
			admin = to
		case c.s.team(to) != nil:
			team = to
		default:
			return nil, refuse(http.StatusNotFound, "assignee_not_found", "Assignee not found")
		}
		event("assignment").extra = &partExtra{assignee: to}
	}
	company := v.company
	if _, given := c.body["company_id"]; given {
		if company, err = c.companyID(); err != nil {
			return nil, err
		}
	}
	state, snoozed := "open", int64(0)
	if until, ok, err := c.body.seconds("snoozed_until"); err != nil {
		return nil, err
	} else if ok {
		if until <= c.s.now() {
			return nil, invalid("snoozed_until", "snoozed_until must be a time in the future")
		}
		state, snoozed = "snoozed", until
		event("snoozed")
	}
	if c.body["open"] != nil {
		open, err := c.body.boolean("open")
		if err != nil {
			return nil, err
		}
		if !open {
			state, snoozed = "closed", 0
			event("close")
		}
	}
	if err := c.body.flags(map[string]*bool{"is_shared": &t.shared}); err != nil {
		return nil, err
	}
	skip, err := c.body.boolean("skip_notifications")
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		p.id = c.s.id()
	}
	v.parts = append(v.parts, parts...)
	v.ticket, v.admin, v.team, v.company, v.state, v.snoozed = &t, admin, team, company, state, snoozed
	v.title = text(t.attrs[c.s.ticketType(t.typ).attrs[0].id])
	if !skip {
		c.s.ledger.couldTellAll("updateTicket", c.s.reachable(v))
	}
	c.s.touch(v)
	return c.s.ticketJSON(v, true), nil
}

func (c *call) deleteTicket() (any, error) {
	v, err := c.ticket()
	if err != nil {
		return nil, err
	}
	c.s.removeConversation(v)
	return map[string]any{"id": strconv.FormatInt(v.id, 10), "object": "ticket", "deleted": true}, nil
}

// ticketJSON shows a ticket; parts only where one is read.
func (s *Server) ticketJSON(v *conversation, withParts bool) map[string]any {
	t := s.ticketType(v.ticket.typ)
	attrs := map[string]any{titleAttribute: nil, descriptionAttribute: nil}
	for _, a := range t.attrs {
		if x, ok := v.ticket.attrs[a.id]; ok {
			attrs[a.name] = x
		}
	}
	typ := s.ticketTypeJSON(t)
	delete(typ, "ticket_states")
	out := map[string]any{
		"type": "ticket", "id": strconv.FormatInt(v.id, 10), "ticket_id": strconv.FormatInt(v.ticket.number, 10), "category": t.category, "ticket_attributes": attrs,
		"ticket_state": s.ticketState(v.ticket.state).json(), "ticket_type": typ, "contacts": map[string]any{"type": "contact.list", "contacts": s.contactRefs(v)},
		"admin_assignee_id": number(v.admin), "team_assignee_id": number(v.team), "created_at": v.created, "updated_at": v.updated, "open": v.state != "closed",
		"is_shared": v.ticket.shared, "previous_ticket_state_id": orNull(v.ticket.previous), "company_id": orNull(v.company), "linked_objects": s.linksJSON(v), "tags": s.tagsJSON(v.tags),
	}
	s.agedTicket(out, v)
	if v.snoozed != 0 {
		out["snoozed_until"] = v.snoozed
	}
	if withParts {
		shown := v.parts[max(0, len(v.parts)-newest):]
		list := make([]any, len(shown))
		for i, p := range shown {
			list[i] = s.ticketPartJSON(p)
		}
		out["ticket_parts"] = map[string]any{"type": "ticket_part.list", "ticket_parts": list, "total_count": len(v.parts)}
	}
	return out
}

func (s *Server) ticketPartJSON(p *part) map[string]any {
	out := s.partJSON(p)
	out["type"] = "ticket_part"
	delete(out, "notified_at")
	if x := p.more(); x.state != "" {
		out["ticket_state"], out["previous_ticket_state"] = x.state, x.was
	}
	return out
}

func (s *Server) contactRefs(v *conversation) []any {
	out := []any{}
	for _, id := range v.contacts() {
		ref := map[string]any{"type": "contact", "id": id}
		if k := s.byID[id]; k != nil {
			ref["external_id"] = orNull(k.externalID)
		}
		out = append(out, ref)
	}
	return out
}

func (s *Server) linksJSON(v *conversation) map[string]any {
	data := []any{}
	for _, id := range v.links {
		if o := s.convs[id]; o != nil {
			ref := map[string]any{"type": "conversation", "id": strconv.FormatInt(id, 10), "category": nil}
			if o.ticket != nil {
				ref["type"], ref["category"] = "ticket", s.ticketType(o.ticket.typ).category
			}
			data = append(data, ref)
		}
	}
	return map[string]any{"type": "list", "data": data, "total_count": len(data), "has_more": false}
}

func (s *Server) tagsJSON(ids []string) map[string]any {
	tags := []any{}
	for _, id := range ids {
		if t := s.tag(id); t != nil {
			tags = append(tags, t.json())
		}
	}
	return map[string]any{"type": "tag.list", "tags": tags}
}
