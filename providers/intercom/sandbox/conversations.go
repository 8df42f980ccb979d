package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type conversation struct {
	id, sourceID              int64
	contact                   string
	body, title               string
	created, updated, snoozed int64
	state                     string // open, closed, snoozed
	admin, team               string
	custom                    map[string]any
	tags                      []string
	teammates                 []string
	parts                     []*part
	company                   string
	redacted                  bool     // its first message
	others                    []string // participants besides contact
	left                      bool     // contact is no participant any more
	links                     []int64
	ticket                    *ticket // nil: none
}

// contacts are the participants.
func (v *conversation) contacts() []string {
	if v.left {
		return v.others
	}
	return append([]string{v.contact}, v.others...)
}

// A part is small: a workspace holds a hundred thousand of them. What few have is in extra.
type part struct {
	id         int64
	kind       string // comment, note, close, open, snoozed, assignment
	body       string
	authorType string // user, admin
	author     string
	created    int64
	files      []file
	redacted   bool
	extra      *partExtra // nil: none
}

type partExtra struct {
	assignee   string
	was, state string // of a ticket, by category
}

func (p *part) more() partExtra {
	if p.extra == nil {
		return partExtra{}
	}
	return *p.extra
}

type file struct {
	name, contentType, sha string
	size                   int
}

// snapshot leaves the parts out: searches never show them.
func (v *conversation) snapshot() *conversation {
	c := *v
	c.parts = v.parts[:len(v.parts):len(v.parts)]
	return &c
}

func (s *Server) addConversation(contact, body string, created int64) *conversation {
	v := &conversation{id: s.id(), sourceID: s.id(), contact: s.same(contact), body: body, created: created, updated: s.now(), state: "open"}
	if created == 0 {
		v.created = s.now()
	}
	s.convs[v.id] = v
	s.vorder = append(s.vorder, v)
	s.changed(due{conv: v.id})
	return v
}

func (s *Server) touch(v *conversation) {
	v.updated = s.now()
	s.changed(due{conv: v.id})
}

// paragraphs is how a plain first message is kept: HTML is not supported (IC 3.6).
func paragraphs(text string) string {
	var out strings.Builder
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if strings.TrimSpace(p) != "" {
			out.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(strings.Trim(p, "\n")), "\n", "<br>\n") + "</p>\n")
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func number(id string) any {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n
	}
	return 0 // nobody, in 2.16
}

func (s *Server) authorJSON(typ, id string) map[string]any {
	out := map[string]any{"type": typ, "id": id, "name": nil, "email": nil}
	if typ == "admin" {
		if a := s.admin(id); a != nil {
			out["name"], out["email"] = a.Name, a.Email
		}
	} else if typ == "bot" {
		out["name"], out["email"] = "Fin", "operator+"+s.app.IDCode+"@intercom.io"
	} else if k := s.byID[id]; k != nil {
		out["name"], out["email"] = orNull(k.name), orNull(k.email)
	}
	if out["name"] == nil {
		out["name"] = ""
	}
	if out["email"] == nil {
		out["email"] = ""
	}
	return out
}

// newest is how many parts a read shows (IC trap 6).
const newest = 500

func (s *Server) conversationJSON(v *conversation, parts []*part, withParts bool) map[string]any {
	custom := s.customJSON(v.custom, false)
	teammates := []any{}
	for _, id := range v.teammates {
		teammates = append(teammates, map[string]any{"type": "admin", "id": id})
	}
	out := map[string]any{
		"type": "conversation", "id": strconv.FormatInt(v.id, 10), "created_at": v.created, "updated_at": v.updated, "waiting_since": nil, "snoozed_until": ts(v.snoozed),
		"title": orNull(v.title), "open": v.state == "open", "state": v.state, "read": true, "priority": "none",
		"admin_assignee_id": number(v.admin), "team_assignee_id": number(v.team), "company_id": orNull(v.company),
		"custom_attributes": custom, "tags": s.tagsJSON(v.tags), "contacts": map[string]any{"type": "contact.list", "contacts": s.contactRefs(v)},
		"teammates": map[string]any{"type": "admin.list", "admins": teammates}, "topics": map[string]any{"type": "topic.list", "topics": []any{}, "total_count": 0},
		"source": map[string]any{"type": "conversation", "id": strconv.FormatInt(v.sourceID, 10), "delivered_as": "customer_initiated", "subject": "", "body": v.body,
			"author": s.authorJSON("user", v.contact), "attachments": []any{}, "url": nil, "redacted": v.redacted},
		"statistics":            map[string]any{"type": "conversation_statistics", "count_conversation_parts": len(parts), "count_reopens": 0, "count_assignments": 0},
		"ai_agent_participated": false, "linked_objects": s.linksJSON(v), "ticket": nil,
	}
	if m := s.comps[v.company]; m != nil && !m.deleted {
		out["company"] = s.companyJSON(m)
	}
	if v.ticket != nil {
		out["ticket"] = s.ticketJSON(v, false)
	}
	s.aged(out)
	if withParts {
		shown := parts
		if len(shown) > newest {
			shown = shown[len(shown)-newest:]
		}
		list := make([]any, len(shown))
		for i, p := range shown {
			list[i] = s.partJSON(p)
		}
		out["conversation_parts"] = map[string]any{"type": "conversation_part.list", "conversation_parts": list, "total_count": len(parts)}
	}
	return out
}

func (s *Server) partJSON(p *part) map[string]any {
	files := []any{}
	for _, f := range p.files {
		files = append(files, map[string]any{"type": "upload", "name": f.name, "url": "https://sandbox.invalid/" + f.sha, "content_type": f.contentType, "filesize": f.size})
	}
	out := map[string]any{"type": "conversation_part", "id": strconv.FormatInt(p.id, 10), "part_type": p.kind, "body": orNull(p.body), "created_at": p.created, "updated_at": p.created, "notified_at": p.created,
		"assigned_to": nil, "author": s.authorJSON(p.authorType, p.author), "attachments": files, "external_id": nil, "redacted": p.redacted}
	if to := p.more().assignee; p.kind == "assignment" && to != "" {
		typ := "admin"
		if s.team(to) != nil {
			typ = "team"
		}
		out["assigned_to"] = map[string]any{"type": typ, "id": to}
	}
	return out
}

func (c *call) conversation() (*conversation, error) {
	id, err := strconv.ParseInt(c.path[1], 10, 64)
	if err == nil {
		if v := c.s.convs[id]; v != nil {
			return v, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "not_found", "Resource Not Found")
}

func (c *call) whole(v *conversation) any { return c.s.conversationJSON(v, v.parts, true) }

// maxMessage bounds a message (IC 7 #6).
const maxMessage = 32767

// createConversation answers with a message (IC trap 8). There is no skip_notifications here (IC trap 9).
func (c *call) createConversation() (any, error) {
	if err := c.body.only("from", "body", "subject", "attachment_urls", "created_at", "brand_id"); err != nil {
		return nil, err
	}
	from, ok := c.body["from"].(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "from is required")
	}
	typ, _, err := object(from).str("type")
	if err != nil {
		return nil, err
	}
	if typ != "user" && typ != "lead" && typ != "contact" {
		return nil, invalid("from", "from.type must be user, lead or contact")
	}
	id, _, err := object(from).str("id")
	if err != nil {
		return nil, err
	}
	if len(id) != 24 {
		return nil, invalid("from", "from.id must have 24 characters")
	}
	body, ok, err := c.body.str("body")
	if err != nil {
		return nil, err
	}
	if !ok || strings.TrimSpace(body) == "" {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "body is required")
	}
	if len([]rune(body)) > maxMessage {
		return nil, invalid("body", "body is too long")
	}
	created, _, err := c.past("created_at")
	if err != nil {
		return nil, err
	}
	if id, ok := c.body.idOf("brand_id"); ok && !slices.ContainsFunc(c.s.allBrands(), func(b brand) bool { return b.ID == id }) {
		return nil, invalid("brand_id", "there is no brand %s", id)
	}
	if k := c.s.byID[id]; k == nil || k.state != live {
		return nil, notFound("User")
	}
	v := c.s.addConversation(id, paragraphs(body), created)
	c.s.ledger.cannotAvoid("createConversation")
	return map[string]any{"type": "user_message", "id": strconv.FormatInt(v.sourceID, 10), "created_at": v.created, "body": body, "message_type": "inapp", "conversation_id": strconv.FormatInt(v.id, 10)}, nil
}

func (c *call) getConversation() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	return c.whole(v), nil
}

// updateConversation reopens a closed thread when it writes attributes (IC 4.4).
func (c *call) updateConversation() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("read", "title", "custom_attributes", "company_id"); err != nil {
		return nil, err
	}
	title, given, err := c.body.str("title")
	if err != nil {
		return nil, err
	}
	if _, err := c.body.boolean("read"); err != nil {
		return nil, err
	}
	custom, err := c.s.custom("conversation", v.custom, c.body["custom_attributes"])
	if err != nil {
		return nil, err
	}
	if v.ticket != nil {
		for name, x := range custom {
			if _, is := x.(links); is { // IC 3.10 and 7 #16: link the contact, or a conversation
				return nil, invalid(name, "custom objects cannot be linked with a ticket")
			}
		}
	}
	if id, ok := c.body["company_id"]; ok {
		key, _ := id.(string)
		if id != nil && (c.s.comps[key] == nil || c.s.comps[key].deleted) {
			return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
		}
		v.company = key
	}
	if given {
		v.title = title
	} else if _, ok := c.body["title"]; ok {
		v.title = ""
	}
	v.custom = custom
	if c.body["custom_attributes"] != nil && v.state == "closed" {
		v.state = "open"
	}
	c.s.touch(v)
	return c.whole(v), nil
}

// actor reads admin_id, who must be there.
func (c *call) actor() (string, error) {
	id, ok := c.body.idOf("admin_id")
	if !ok {
		return "", refuse(http.StatusBadRequest, "parameter_not_found", "admin_id is required")
	}
	a := c.s.admin(id)
	if a == nil {
		return "", refuse(http.StatusNotFound, "admin_not_found", "Admin not found")
	}
	return a.ID, nil
}

// reply adds a comment or a note and answers with the whole conversation.
func (c *call) reply() (any, error) {
	if c.path[1] == "last" {
		return nil, refuse(http.StatusNotImplemented, "unsupported", "the sandbox does not reply to the last conversation")
	}
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	typ, _, err := c.body.str("type")
	if err != nil {
		return nil, err
	}
	kind, _, err := c.body.str("message_type")
	if err != nil {
		return nil, err
	}
	p := &part{kind: c.s.same(kind)}
	skip := false
	switch typ {
	case "user":
		if err := c.body.only("message_type", "type", "body", "intercom_user_id", "user_id", "email", "created_at", "attachment_urls", "attachment_files", "reply_options"); err != nil {
			return nil, err
		}
		if kind != "comment" {
			return nil, invalid("message_type", "User can only create comments")
		}
		id, _ := c.body.idOf("intercom_user_id")
		k := c.s.byID[id]
		if k == nil || k.state != live {
			return nil, notFound("User")
		}
		p.authorType, p.author = "user", k.id
	case "admin":
		if err := c.body.only("message_type", "type", "body", "admin_id", "created_at", "attachment_urls", "attachment_files", "reply_options", "skip_notifications"); err != nil {
			return nil, err
		}
		if kind != "comment" && kind != "note" {
			return nil, invalid("message_type", "message_type must be comment or note")
		}
		if p.author, err = c.actor(); err != nil {
			return nil, err
		}
		p.authorType = "admin"
		if skip, err = c.body.boolean("skip_notifications"); err != nil {
			return nil, err
		}
	default:
		return nil, invalid("type", "type must be user or admin")
	}
	if err := c.message(p, v); err != nil {
		return nil, err
	}
	if err := c.s.throttle(v.id); err != nil {
		return nil, err
	}
	p.id = c.s.id()
	v.parts = append(v.parts, p)
	if typ == "admin" && !slices.Contains(v.teammates, p.author) {
		v.teammates = append(slices.Clone(v.teammates), p.author)
	}
	switch {
	case typ == "user":
		if v.state != "open" {
			v.state, v.snoozed = "open", 0
		}
		c.s.ledger.cannotAvoid("replyConversation")
	case kind == "comment" && !skip:
		c.s.ledger.couldAvoid("replyConversation", c.s.reachable(v))
	}
	c.s.touch(v)
	return c.whole(v), nil
}

// attachments reads files sent as data (IC 3.6), each of at most so many bytes.
func attachments(in any, most int) ([]file, error) {
	if in == nil {
		return nil, nil
	}
	list, ok := in.([]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "type_mismatch", "attachment_files must be a list")
	}
	if len(list) > 10 {
		return nil, invalid("attachment_files", "at most 10 attachments are taken")
	}
	var out []file
	for _, e := range list {
		m, _ := e.(map[string]any)
		name, _ := m["name"].(string)
		typ, _ := m["content_type"].(string)
		data, isText := m["data"].(string)
		raw, err := base64.StdEncoding.DecodeString(data)
		if name == "" || typ == "" || !isText || err != nil {
			return nil, invalid("attachment_files", "an attachment needs name, content_type and base64 data")
		}
		if len(raw) > most {
			return nil, invalid("attachment_files", "an attachment is too large")
		}
		sum := sha256.Sum256(raw)
		out = append(out, file{name, typ, hex.EncodeToString(sum[:]), len(raw)})
	}
	return out, nil
}

// manage closes, snoozes, opens or assigns. These take no time of their own (IC 3.6).
func (c *call) manage() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("message_type", "type", "admin_id", "assignee_id", "body", "snoozed_until"); err != nil {
		return nil, err
	}
	kind, _, err := c.body.str("message_type")
	if err != nil {
		return nil, err
	}
	actor, err := c.actor()
	if err != nil {
		return nil, err
	}
	typ, _, err := c.body.str("type")
	if err != nil {
		return nil, err
	}
	text, _, err := c.body.str("body")
	if err != nil {
		return nil, err
	}
	p := &part{kind: c.s.same(kind), authorType: "admin", author: actor, created: c.s.now(), body: text}
	switch kind {
	case "close":
		if typ != "admin" {
			return nil, invalid("type", "type must be admin")
		}
		v.state, v.snoozed = "closed", 0
	case "open":
		v.state, v.snoozed = "open", 0
	case "snoozed":
		until, ok, err := c.body.seconds("snoozed_until")
		if err != nil {
			return nil, err
		}
		if !ok || until <= c.s.now() {
			return nil, invalid("snoozed_until", "snoozed_until must be a time in the future")
		}
		v.state, v.snoozed = "snoozed", until
	case "assignment":
		if err := c.assign(v, typ); err != nil {
			return nil, err
		}
		to, _ := c.body.idOf("assignee_id")
		p.extra = &partExtra{assignee: to}
		c.s.ledger.cannotAvoid("manageConversation")
	default:
		return nil, invalid("message_type", "message_type must be close, snoozed, open or assignment")
	}
	if text != "" {
		c.s.ledger.couldAvoid("manageConversation", 1)
	}
	p.id = c.s.id()
	v.parts = append(v.parts, p)
	c.s.touch(v)
	return c.whole(v), nil
}

func (c *call) assign(v *conversation, typ string) error {
	to, ok := c.body.idOf("assignee_id")
	if !ok {
		return refuse(http.StatusBadRequest, "parameter_not_found", "assignee_id is required")
	}
	slot := &v.admin
	switch typ {
	case "admin":
		if to != "0" && c.s.admin(to) == nil {
			return refuse(http.StatusNotFound, "assignee_not_found", "Assignee not found")
		}
	case "team":
		slot = &v.team
		if to != "0" && c.s.team(to) == nil {
			return refuse(http.StatusNotFound, "assignee_not_found", "Assignee not found")
		}
	default:
		return invalid("type", "type must be admin or team")
	}
	if to == "0" {
		to = ""
	}
	if *slot == to {
		return refuse(http.StatusUnprocessableEntity, "unprocessable_entity", "Conversation is already assigned to this assignee")
	}
	*slot = to
	return nil
}

func (c *call) tagConversation() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, refuse(http.StatusNotFound, "not_found", "Conversation not found")
	}
	return c.tagThread(v)
}

func (c *call) untagConversation() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, refuse(http.StatusNotFound, "not_found", "Conversation not found")
	}
	return c.untagThread(v)
}

// tagThread tags a conversation or a ticket.
func (c *call) tagThread(v *conversation) (any, error) {
	if _, err := c.actor(); err != nil {
		return nil, err
	}
	id, _ := c.body.idOf("id")
	t := c.s.tag(id)
	if t == nil {
		return nil, refuse(http.StatusNotFound, "tag_not_found", "Tag not found")
	}
	if !slices.Contains(v.tags, t.ID) {
		v.tags = append(slices.Clone(v.tags), t.ID)
		c.s.touch(v)
	}
	return t.json(), nil
}

// untagThread needs a JSON body on a DELETE (IC trap 21).
func (c *call) untagThread(v *conversation) (any, error) {
	if _, err := c.actor(); err != nil {
		return nil, err
	}
	t := c.s.tag(c.path[3])
	if t == nil || !slices.Contains(v.tags, t.ID) {
		return nil, refuse(http.StatusNotFound, "tag_not_found", "Tag not found")
	}
	v.tags = without(v.tags, t.ID)
	c.s.touch(v)
	return t.json(), nil
}

func convID(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("conversation id %q", id)
	}
	return n, nil
}
