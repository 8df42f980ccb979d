package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

type tag struct{ ID, Name string }

func (s *Server) tag(id string) *tag {
	for _, t := range s.tags {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (t *tag) json() map[string]any { return map[string]any{"type": "tag", "id": t.ID, "name": t.Name} }

func (c *call) listTags() (any, error) {
	out := []any{}
	for _, t := range c.s.tags {
		out = append(out, t.json())
	}
	return map[string]any{"type": "list", "data": out}, nil
}

func (c *call) getTag() (any, error) {
	if t := c.s.tag(c.path[1]); t != nil {
		return t.json(), nil
	}
	return nil, refuse(http.StatusNotFound, "tag_not_found", "Tag not found")
}

// createTag creates or returns by case-insensitive name, renames by id, and tags in bulk, contacts or companies and not both
// (IC 3.7). Who is not there is skipped in silence.
func (c *call) createTag() (any, error) {
	if err := c.body.only("name", "id", "companies", "users"); err != nil {
		return nil, err
	}
	name, ok, err := c.body.str("name")
	if err != nil {
		return nil, err
	}
	if !ok || strings.TrimSpace(name) == "" || len([]rune(name)) > 255 {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "invalid tag parameters")
	}
	if c.body["users"] != nil && c.body["companies"] != nil {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "invalid tag parameters")
	}
	if id, ok := c.body.idOf("id"); ok {
		t := c.s.tag(id)
		if t == nil {
			return nil, refuse(http.StatusNotFound, "tag_not_found", "Tag not found")
		}
		t.Name = name
		return t.json(), nil
	}
	var t *tag
	for _, have := range c.s.tags {
		if strings.EqualFold(have.Name, name) {
			t = have
		}
	}
	if t == nil {
		t = &tag{ID: fmt.Sprint(c.s.id()), Name: name}
		c.s.tags = append(c.s.tags, t)
	}
	out := t.json()
	for _, key := range []string{"users", "companies"} {
		if c.body[key] != nil {
			if out[key], err = c.tagMany(t, key); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func without(list []string, x string) []string {
	var out []string
	for _, e := range list {
		if e != x {
			out = append(out, e)
		}
	}
	return out
}

func (c *call) deleteTag() (any, error) {
	t := c.s.tag(c.path[1])
	if t == nil {
		return nil, refuse(http.StatusNotFound, "tag_not_found", "Tag not found")
	}
	for i, have := range c.s.tags {
		if have == t {
			c.s.tags = append(c.s.tags[:i], c.s.tags[i+1:]...)
			break
		}
	}
	for _, k := range c.s.byID {
		k.tags = without(k.tags, t.ID)
	}
	for _, v := range c.s.convs {
		v.tags = without(v.tags, t.ID)
	}
	for _, m := range c.s.corder {
		m.tags = without(m.tags, t.ID)
	}
	return map[string]any{}, nil
}

// tagMany tags or untags what users or companies name, and says of each what became of it. What is not there is skipped
// in silence (IC 3.7, trap 11): whoever calls counts.
func (c *call) tagMany(t *tag, key string) ([]any, error) {
	list, ok := c.body[key].([]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "type_mismatch", "%s must be a list", key)
	}
	out := []any{}
	strict := c.s.version == "2.15" // which answered 404 where 2.16 is silent
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, refuse(http.StatusBadRequest, "parameter_invalid", "invalid tag parameters")
		}
		untag, err := object(m).boolean("untag")
		if err != nil {
			return nil, err
		}
		id, _ := object(m).idOf("id")
		if key == "users" {
			if k := c.s.byID[id]; k != nil && k.state == live {
				k.tags = tagged(k.tags, t.ID, untag)
				c.s.touchContact(k)
				out = append(out, map[string]any{"id": id, "tagged": !untag})
			} else if strict {
				return nil, notFound("User")
			}
			continue
		}
		byKey, _ := object(m).idOf("company_id")
		found := false
		for _, have := range c.s.corder {
			if !have.deleted && (id != "" && have.id == id || byKey != "" && have.companyID == byKey) {
				found = true
				have.tags = tagged(have.tags, t.ID, untag)
				c.s.changed(due{hex: have.id, comp: true})
				out = append(out, map[string]any{"id": have.id, "tagged": !untag})
			}
		}
		if !found && strict {
			return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
		}
	}
	return out, nil
}

func tagged(have []string, id string, untag bool) []string {
	if untag {
		return without(have, id)
	}
	if slices.Contains(have, id) {
		return have
	}
	return append(slices.Clone(have), id)
}
