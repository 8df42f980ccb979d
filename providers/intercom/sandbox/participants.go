package sandbox

import (
	"net/http"
	"slices"
)

// addParticipant: an unknown e-mail address makes a lead (IC 3.6, trap 10). There is no skip_notifications (trap 9).
func (c *call) addParticipant() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("admin_id", "customer"); err != nil {
		return nil, err
	}
	p := &part{kind: "participant_added", authorType: "admin", author: c.s.firstAdmin(), created: c.s.now()}
	if _, given := c.body["admin_id"]; given {
		if p.author, err = c.actor(); err != nil {
			return nil, err
		}
	}
	who, ok := c.body["customer"].(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "customer is required")
	}
	if err := object(who).only("intercom_user_id", "user_id", "email"); err != nil {
		return nil, err
	}
	k, err := c.s.person(who, "intercom_user_id", "user_id", true)
	if err != nil {
		return nil, err
	}
	if slices.Contains(v.contacts(), k.id) {
		return c.whole(v), nil
	}
	if v.left && k.id == v.contact {
		v.left = false
	} else {
		v.others = append(slices.Clone(v.others), k.id)
	}
	p.id = c.s.id()
	v.parts = append(v.parts, p)
	c.s.ledger.tellsContact("attachContactToConversation")
	c.s.touch(v)
	return c.whole(v), nil
}

// removeParticipant needs a JSON body on a DELETE (IC trap 21); the last one stays (IC 3.6).
func (c *call) removeParticipant() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	actor, err := c.actor()
	if err != nil {
		return nil, err
	}
	id := c.path[3]
	all := v.contacts()
	if !slices.Contains(all, id) {
		return nil, notFound("User")
	}
	if len(all) == 1 {
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "Removing the last customer is not allowed")
	}
	if id == v.contact {
		v.left = true
	} else {
		v.others = without(v.others, id)
	}
	v.parts = append(v.parts, &part{id: c.s.id(), kind: "participant_removed", authorType: "admin", author: actor, created: c.s.now()})
	c.s.touch(v)
	return c.whole(v), nil
}

// A brand is a person's work; the default one has the workspace's id (IC 1.2).
type brand struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Server) allBrands() []brand {
	return append([]brand{{s.app.IDCode, s.app.Name}}, s.brands...)
}

func (s *Server) brandJSON(b brand) map[string]any {
	year := s.now() - 86400*365
	return map[string]any{"type": "brand", "id": b.ID, "name": b.Name, "is_default": b.ID == s.app.IDCode, "created_at": year, "updated_at": year, "help_center_id": "1", "default_address_settings_id": "1"}
}

func (c *call) listBrands() (any, error) {
	out := []any{}
	for _, b := range c.s.allBrands() {
		out = append(out, c.s.brandJSON(b))
	}
	return map[string]any{"type": "list", "data": out}, nil
}

func (c *call) getBrand() (any, error) {
	for _, b := range c.s.allBrands() {
		if b.ID == c.path[1] {
			return c.s.brandJSON(b), nil
		}
	}
	return nil, refuse(http.StatusNotFound, "not_found", "Brand not found")
}
