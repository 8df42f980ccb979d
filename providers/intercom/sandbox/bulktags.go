package sandbox

import (
	"net/http"
	"slices"
)

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
