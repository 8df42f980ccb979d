package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// A note on a contact or a company has no time of its own and is never changed or deleted (IC 3.2, trap 35).
type note struct {
	id, owner, admin, body string
	company                bool
	created                int64
}

func (s *Server) noteJSON(n *note) map[string]any {
	out := map[string]any{"type": "note", "id": n.id, "created_at": n.created, "body": n.body}
	kind := "contact"
	if n.company {
		kind = "company"
	}
	out[kind] = map[string]any{"type": kind, "id": n.owner}
	if a := s.admin(n.admin); a != nil {
		out["author"] = a.json()
	}
	return out
}

// addNote makes one more each time: nothing recognizes a repeated one (IC 4.1).
func (c *call) addNote(owner string, company bool) (any, error) {
	if err := c.body.only("body", "admin_id"); err != nil {
		return nil, err
	}
	body, _, err := c.body.str("body")
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(body) == "" {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "body is required")
	}
	if len([]rune(body)) > maxMessage {
		return nil, invalid("body", "body is too long")
	}
	if !strings.Contains(body, "<") {
		body = paragraphs(body)
	}
	admin, given := c.body.idOf("admin_id")
	if !given {
		admin = c.s.firstAdmin() // whose the token is
	}
	if c.s.admin(admin) == nil {
		return nil, notFound("Resource")
	}
	n := &note{id: c.s.shortID(), owner: owner, admin: admin, body: body, company: company, created: c.s.now()}
	c.s.notes = append(c.s.notes, n)
	c.s.notesBy[owner] = append(c.s.notesBy[owner], n)
	return c.s.noteJSON(n), nil
}

// notesOf are those of a contact or a company, the newest first.
func (s *Server) notesOf(owner string) []*note {
	out := slices.Clone(s.notesBy[owner])
	slices.Reverse(out)
	return out
}

func (c *call) noteList(owner string) (any, error) {
	page, per, err := c.page(50, 50)
	if err != nil {
		return nil, err
	}
	all := c.s.notesOf(owner)
	out := []any{}
	for i := (page - 1) * per; i < min(page*per, len(all)); i++ {
		out = append(out, c.s.noteJSON(all[i]))
	}
	return map[string]any{"type": "list", "data": out, "total_count": len(all), "pages": pages(page, per, len(all))}, nil
}

func (c *call) addContactNote() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	return c.addNote(k.id, false)
}

func (c *call) contactNotes() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	return c.noteList(k.id)
}

func (c *call) addCompanyNote() (any, error) {
	m, err := c.company()
	if err != nil {
		return nil, err
	}
	return c.addNote(m.id, true)
}

func (c *call) companyNotes() (any, error) {
	m, err := c.company()
	if err != nil {
		return nil, err
	}
	return c.noteList(m.id)
}

func (c *call) getNote() (any, error) {
	for _, n := range c.s.notes {
		if n.id == c.path[1] {
			return c.s.noteJSON(n), nil
		}
	}
	return nil, notFound("Resource")
}
