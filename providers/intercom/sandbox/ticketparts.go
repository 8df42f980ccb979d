package sandbox

import (
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// replyTicket adds a comment or a note and answers with the part alone (IC 3.9). A contact's files come by address only.
func (c *call) replyTicket() (any, error) {
	v, err := c.ticket()
	if err != nil {
		return nil, notFound("Resource")
	}
	typ, _, err := c.body.str("type")
	if err != nil {
		return nil, err
	}
	p := &part{}
	if p.kind, _, err = c.body.str("message_type"); err != nil {
		return nil, err
	}
	p.kind = c.s.same(p.kind)
	cross := false
	switch typ {
	case "user":
		if c.s.ticketType(v.ticket.typ).category == "Back-office" {
			return nil, refuse(http.StatusBadRequest, "parameter_mismatch", "User replies are not allowed on Backoffice tickets")
		}
		if err := c.body.only("message_type", "type", "body", "intercom_user_id", "user_id", "email", "created_at", "attachment_urls", "reply_options", "skip_notifications"); err != nil {
			return nil, err
		}
		if p.kind != "comment" {
			return nil, invalid("message_type", "User can only create comments")
		}
		k, err := c.s.person(c.body, "intercom_user_id", "user_id", false)
		if err != nil {
			return nil, err
		}
		p.authorType, p.author = "user", k.id
	case "admin":
		if err := c.body.only("message_type", "type", "body", "admin_id", "created_at", "attachment_urls", "attachment_files", "reply_options", "cross_post", "skip_notifications"); err != nil {
			return nil, err
		}
		if p.kind != "comment" && p.kind != "note" {
			return nil, invalid("message_type", "message_type must be comment or note")
		}
		if p.author, err = c.actor(); err != nil {
			return nil, err
		}
		p.authorType = "admin"
		if cross, err = c.body.boolean("cross_post"); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("type", "type must be user or admin")
	}
	skip, err := c.body.boolean("skip_notifications")
	if err != nil {
		return nil, err
	}
	if err := c.message(p, v); err != nil {
		return nil, err
	}
	if err := c.s.throttle(v.id); err != nil {
		return nil, err
	}
	p.id = c.s.id()
	v.parts = append(v.parts, p)
	if cross && p.kind == "note" {
		for _, id := range v.links {
			if o := c.s.convs[id]; o != nil {
				twin := *p
				twin.id = c.s.id()
				o.parts = append(o.parts, &twin)
				c.s.touch(o)
			}
		}
	}
	switch {
	case typ == "user":
		v.state, v.snoozed = "open", 0
		if !skip {
			c.s.ledger.couldTellAll("replyTicket", 0)
		}
	case !slices.Contains(v.teammates, p.author):
		v.teammates = append(slices.Clone(v.teammates), p.author)
	}
	if typ == "admin" && p.kind == "comment" && !skip {
		c.s.ledger.couldAvoid("replyTicket", c.s.reachable(v))
	}
	c.s.touch(v)
	out := c.s.ticketPartJSON(p)
	delete(out, "assigned_to")
	return out, nil
}

// message reads the body, the files and the time of a reply to v, than whose first message it cannot be older (IC 7 #3).
func (c *call) message(p *part, v *conversation) error {
	var err error
	if p.body, _, err = c.body.str("body"); err != nil {
		return err
	}
	if len([]rune(p.body)) > maxMessage {
		return invalid("body", "body is too long")
	}
	if p.files, err = attachments(c.body["attachment_files"], c.s.o.MaxFile); err != nil {
		return err
	}
	if c.body["attachment_urls"] != nil {
		urls, ok := c.body["attachment_urls"].([]any)
		if !ok || len(urls)+len(p.files) > 10 {
			return invalid("attachment_urls", "at most 10 attachments are taken")
		}
		for _, u := range urls {
			address, _ := u.(string)
			if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
				return invalid("attachment_urls", "an attachment needs an address that can be fetched")
			}
			p.files = append(p.files, file{name: path.Base(address), contentType: "application/octet-stream"})
		}
	}
	if strings.TrimSpace(p.body) == "" && len(p.files) == 0 {
		return refuse(http.StatusBadRequest, "parameter_not_found", "body is required")
	}
	if p.body != "" && !strings.Contains(p.body, "<") {
		p.body = paragraphs(p.body)
	}
	given := false
	if p.created, given, err = c.past("created_at"); err == nil && !given {
		p.created = c.s.now()
	}
	if err == nil && p.created < v.created {
		err = invalid("created_at", "%d is an invalid value for created_at", p.created)
	}
	return err
}

func (c *call) tagTicket() (any, error) {
	v, err := c.ticket()
	if err != nil {
		return nil, err
	}
	return c.tagThread(v)
}

func (c *call) untagTicket() (any, error) {
	v, err := c.ticket()
	if err != nil {
		return nil, err
	}
	return c.untagThread(v)
}

// ticketSearch are the fields of IC 1.5; there is none for tags. Of created_at the description allows >= and <= too.
var ticketSearch = map[string]string{"id": "s", "created_at": "created", "updated_at": "i", "title": "s", "description": "s", "category": "s", "ticket_type_id": "s", "contact_ids": "set", "teammate_ids": "set",
	"admin_assignee_id": "s", "team_assignee_id": "s", "open": "b", "state": "s", "snoozed_until": "i"}

// searchedAttribute is the kind of ticket_attribute.{id}: the number of the attribute, not its name (IC 1.5).
func (s *Server) searchedAttribute(field string) (string, bool) {
	id, ok := strings.CutPrefix(field, "ticket_attribute.")
	if !ok {
		return "", false
	}
	for _, t := range s.ticketTypes {
		for _, a := range t.attrs {
			if a.id == id {
				kind, ok := map[string]string{"string": "s", "list": "s", "decimal": "s", "integer": "i", "datetime": "i", "boolean": "b"}[a.typ]
				return kind, ok
			}
		}
	}
	return "", false
}

func (c *call) searchTickets() (any, error) {
	if err := c.body.only("query", "pagination", "sort"); err != nil {
		return nil, err
	}
	if c.body["sort"] != nil {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "tickets cannot be sorted")
	}
	t, err := c.compile(c.body["query"], ticketSearch, "ticket", 0)
	if err != nil {
		return nil, err
	}
	per, after, err := c.paging(20)
	if err != nil {
		return nil, err
	}
	out := []any{}
	total, more, last := 0, false, after
	for _, v := range c.s.vorder {
		seen := c.s.indexed.convs[v.id]
		if seen == nil || seen.ticket == nil || !t(func(f string) any { return ticketField(c.s, seen, f) }) {
			continue
		}
		switch total++; {
		case v.id <= after:
		case len(out) == per:
			more = true
		default:
			out, last = append(out, c.s.ticketJSON(seen, true)), v.id
		}
	}
	return map[string]any{"type": "ticket.list", "tickets": out, "total_count": total, "pages": cursorPages(per, total, last, more)}, nil
}

func ticketField(s *Server, v *conversation, f string) any {
	t := s.ticketType(v.ticket.typ)
	switch f {
	case "title":
		return v.ticket.attrs[t.attrs[0].id]
	case "description":
		return v.ticket.attrs[t.attrs[1].id]
	case "category":
		return map[string]string{"Customer": "request", "Back-office": "task", "Tracker": "tracker"}[t.category]
	case "ticket_type_id":
		return t.id
	case "open":
		return v.state != "closed"
	case "state":
		return s.ticketState(v.ticket.state).category
	}
	if id, ok := strings.CutPrefix(f, "ticket_attribute."); ok {
		return v.ticket.attrs[id]
	}
	return conversationField(s, v, f)
}

// jobTime is how long a job is pending.
const jobTime = 5

// A job creates a ticket later (IC 3.9).
type job struct {
	id, status string
	at         int64
	body       object
	ticket     int64
}

func (j *job) json() map[string]any {
	out := map[string]any{"type": "job", "id": j.id, "status": j.status, "url": "https://api.intercom.io/jobs/status/" + j.id, "resource_type": "ticket", "resource_id": nil, "resource_url": nil}
	if j.ticket != 0 {
		id := strconv.FormatInt(j.ticket, 10)
		out["resource_id"], out["resource_url"] = id, "https://api.intercom.io/tickets/"+id
	}
	return out
}

func (c *call) enqueueTicket() (any, error) {
	if _, err := c.checkTicket(); err != nil {
		return nil, err
	}
	j := &job{id: c.s.shortID(), status: "pending", at: c.s.now() + jobTime, body: c.body}
	c.s.jobs[j.id], c.s.pending = j, append(c.s.pending, j)
	return j.json(), nil
}

// work does the jobs that are due. One that fails does not say why.
func (s *Server) work() {
	for len(s.pending) > 0 && s.pending[0].at <= s.now() {
		j := s.pending[0]
		s.pending = s.pending[1:]
		c := &call{s: s, body: j.body}
		j.status = "failed"
		n, err := c.checkTicket()
		if err != nil {
			continue
		}
		if v, err := c.makeTicket("enqueueCreateTicket", n); err == nil {
			j.status, j.ticket = "success", v.id
		}
	}
}

func (c *call) jobStatus() (any, error) {
	if j := c.s.jobs[c.path[2]]; j != nil {
		return j.json(), nil
	}
	return nil, refuse(http.StatusNotFound, "job_not_found", "Job Not Found")
}

// convert makes a conversation a customer ticket, once (IC 3.6, 4.1). It has no skip_notifications.
func (c *call) convert() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("ticket_type_id", "ticket_state_id", "attributes"); err != nil {
		return nil, err
	}
	typ, _ := c.body.idOf("ticket_type_id")
	t := c.s.ticketType(typ)
	if t == nil || t.archived {
		return nil, invalid("ticket_type_id", "Ticket type is invalid or archived")
	}
	if t.category != "Customer" {
		return nil, invalid("ticket_type_id", "Ticket type is not a customer ticket type")
	}
	if v.ticket != nil {
		return nil, invalid("conversation_id", "Conversation is already a ticket")
	}
	i := slices.IndexFunc(c.s.states, func(st *ticketState) bool { return st.category == "submitted" && st.of(typ) })
	if id, ok := c.body.idOf("ticket_state_id"); ok {
		i = slices.IndexFunc(c.s.states, func(st *ticketState) bool { return st.id == id && st.of(typ) })
	}
	if i < 0 {
		return nil, refuse(http.StatusBadRequest, "ticket_state_id_invalid", "Ticket state id is not valid or is not associated with the ticket type")
	}
	attrs, err := c.s.ticketAttributes(t, nil, c.body["attributes"])
	if err != nil {
		return nil, err
	}
	c.s.tickets++
	v.ticket = &ticket{number: c.s.tickets, typ: typ, attrs: attrs, state: c.s.states[i].id, shared: true}
	v.parts = append(v.parts, &part{id: c.s.id(), kind: "ticket_state_updated_by_admin", authorType: "bot", author: "0", created: c.s.now(), extra: &partExtra{was: "submitted", state: c.s.states[i].category}})
	c.s.ledger.tellsContact("convertConversationToTicket")
	c.s.ledger.cannotAvoid("convertConversationToTicket")
	c.s.touch(v)
	return c.s.ticketJSON(v, true), nil
}
