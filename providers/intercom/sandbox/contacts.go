package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A contact lives, is archived, or is being deleted for seven days, during which its keys stay taken (IC 3.1).
type contactState uint8

const (
	live contactState = iota
	archived
	deleting
	merged // into another, for ever (IC 3.1)
)

type contact struct {
	id, role, externalID, email, name, phone string
	signedUp, lastSeen, created, updated     int64
	deletedAt                                int64
	into                                     string // of a merged one: who is left
	unsubscribed                             bool
	owner                                    string
	custom                                   map[string]any
	tags, companies                          []string
	state                                    contactState
}

func (k *contact) snapshot() *contact { c := *k; return &c }

func (s *Server) addContact(k *contact) {
	s.byID[k.id] = k
	s.order = append(s.order, k)
	s.changed(due{hex: k.id})
}

func (s *Server) touchContact(k *contact) {
	k.updated = s.now()
	s.changed(due{hex: k.id})
}

// attached is how many companies or tags a contact shows at once (IC 1.4).
const attached = 10

func list(kind, url string, ids []string) map[string]any {
	data := []any{}
	for i, id := range ids {
		if i == attached {
			break
		}
		data = append(data, map[string]any{"type": kind, "id": id, "url": url + "/" + id})
	}
	return map[string]any{"type": "list", "data": data, "url": url, "total_count": len(ids), "has_more": len(ids) > attached}
}

func (s *Server) contactJSON(k *contact) map[string]any {
	url := "/contacts/" + k.id
	custom := s.customJSON(k.custom, false)
	companies := list("company", "/companies", k.companies)
	companies["url"] = url + "/companies"
	tags := list("tag", "/tags", k.tags)
	tags["url"] = url + "/tags"
	var noteIDs []string
	for _, n := range s.notesOf(k.id) {
		noteIDs = append(noteIDs, n.id)
	}
	notes := list("note", "/notes", noteIDs)
	notes["url"] = url + "/notes"
	return map[string]any{
		"type": "contact", "id": k.id, "workspace_id": s.app.IDCode, "external_id": orNull(k.externalID), "role": k.role, "email": orNull(k.email), "phone": orNull(k.phone), "name": orNull(k.name),
		"owner_id": orNull(k.owner), "has_hard_bounced": false, "marked_email_as_spam": false, "unsubscribed_from_emails": k.unsubscribed,
		"created_at": k.created, "updated_at": k.updated, "signed_up_at": ts(k.signedUp), "last_seen_at": ts(k.lastSeen),
		"custom_attributes": custom, "tags": tags, "companies": companies, "notes": notes,
		"location": map[string]any{"type": "location", "country": nil, "region": nil, "city": nil}, "social_profiles": map[string]any{"type": "list", "data": []any{}},
	}
}

func (c *call) liveContact(id string) (*contact, error) {
	k := c.s.byID[id]
	if k == nil || k.state != live {
		return nil, notFound("User")
	}
	return k, nil
}

// taken finds who has the keys of a user: archived and deleting ones have them too (IC 3.1). Leads are never compared.
func (s *Server) taken(self *contact, externalID, email string) error {
	for _, k := range s.order {
		if k == self || k.role != "user" || k.state == merged || s.byID[k.id] != k {
			continue
		}
		if k.state == deleting && s.now() > k.deletedAt+7*86400 {
			continue
		}
		if externalID != "" && k.externalID == externalID || email != "" && strings.EqualFold(k.email, email) {
			what := "A"
			if k.state != live {
				what = "An archived"
			}
			return refuse(http.StatusConflict, "conflict", "%s contact matching those details already exists with id=%s", what, k.id)
		}
	}
	return nil
}

var contactFields = []string{"role", "external_id", "email", "email_verified", "phone", "name", "avatar", "signed_up_at", "last_seen_at", "owner_id", "unsubscribed_from_emails", "custom_attributes"}

// write takes the fields of a create or update; nothing is changed when one is refused.
func (c *call) write(k *contact) error {
	if err := c.body.only(contactFields...); err != nil {
		return err
	}
	n := *k
	for name, to := range map[string]*string{"external_id": &n.externalID, "email": &n.email, "phone": &n.phone, "name": &n.name} {
		if _, ok := c.body[name]; !ok {
			continue
		}
		v, _, err := c.body.str(name)
		if err != nil {
			return err
		}
		*to = v
	}
	if n.email != "" && (!strings.Contains(n.email, "@") || strings.ContainsAny(n.email, " \n")) {
		return invalid("email", "email is invalid")
	}
	if _, ok := c.body["email_verified"]; ok && n.email == "" {
		return invalid("email_verified", "email_verified can only be set together with email")
	}
	if v, ok := c.body["owner_id"]; ok && v != nil {
		id, _ := c.body.idOf("owner_id")
		if c.s.admin(id) == nil {
			return invalid("owner_id", "The owner specified is not a member of the workspace")
		}
		n.owner = id
	}
	for name, to := range map[string]*int64{"signed_up_at": &n.signedUp, "last_seen_at": &n.lastSeen} {
		if v, ok, err := c.past(name); err != nil {
			return err
		} else if ok {
			*to = v
		}
	}
	if _, ok := c.body["unsubscribed_from_emails"]; ok {
		v, err := c.body.boolean("unsubscribed_from_emails")
		if err != nil {
			return err
		}
		n.unsubscribed = v
	}
	custom, err := c.s.custom("contact", k.custom, c.body["custom_attributes"])
	if err != nil {
		return err
	}
	n.custom = custom
	role, given, err := c.body.str("role")
	if err != nil {
		return err
	}
	if given {
		if role != "user" && role != "lead" {
			return invalid("role", "role must be either user or lead")
		}
		if k.role == "user" && role == "lead" {
			return refuse(http.StatusBadRequest, "client_error", "Contact with user role can't be converted to a lead")
		}
		n.role = role
	}
	if n.role == "lead" {
		n.externalID = k.externalID // its own is ignored (IC 3.1); one that becomes a user may set it
	}
	if n.role == "user" {
		if err := c.s.taken(k, n.externalID, n.email); err != nil {
			return err
		}
	}
	*k = n
	return nil
}

func (c *call) createContact() (any, error) {
	_, byEmail := c.body["email"]
	_, byID := c.body["external_id"]
	_, byRole := c.body["role"]
	if !byEmail && !byID && !byRole {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "email, external_id or role must be present")
	}
	k := &contact{role: ""}
	if !byRole {
		k.role = "user"
	}
	if err := c.write(k); err != nil {
		return nil, err
	}
	k.id, k.created, k.updated = c.s.hexID(), c.s.now(), c.s.now()
	if k.role == "lead" {
		k.externalID = "lead-" + k.id // its own is ignored (IC 3.1)
	}
	c.s.addContact(k)
	return c.s.contactJSON(k), nil
}

func (c *call) updateContact() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	if err := c.write(k); err != nil {
		return nil, err
	}
	c.s.touchContact(k)
	return c.s.contactJSON(k), nil
}

func (c *call) getContact() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, c.s.goneContact(c.s.byID[c.path[1]])
	}
	return c.s.contactJSON(k), nil
}

func (c *call) contactByExternalID() (any, error) {
	id, err := url.PathUnescape(c.path[2])
	if err != nil {
		return nil, notFound("User")
	}
	var went *contact
	for _, k := range c.s.order {
		if k.role != "user" || k.externalID != id || c.s.byID[k.id] != k {
			continue
		}
		switch k.state {
		case live:
			return c.s.contactJSON(k), nil
		case merged:
			went = k
		}
	}
	return nil, c.s.goneContact(went)
}

func (c *call) deleteContact() (any, error) {
	k := c.s.byID[c.path[1]]
	if k == nil || k.state == deleting || k.state == merged {
		return nil, notFound("User")
	}
	k.state, k.deletedAt = deleting, c.s.now()
	c.s.changed(due{hex: k.id})
	return map[string]any{"type": "contact", "id": k.id, "external_id": orNull(k.externalID), "deleted": true}, nil
}

func (c *call) archiveContact() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	k.state = archived
	c.s.touchContact(k)
	return map[string]any{"type": "contact", "id": k.id, "external_id": orNull(k.externalID), "archived": true}, nil
}

func (c *call) unarchiveContact() (any, error) {
	k := c.s.byID[c.path[1]]
	if k == nil || k.state == merged {
		return nil, notFound("User")
	}
	if k.state == deleting {
		return nil, refuse(http.StatusBadRequest, "client_error", "Contact is marked for permanent deletion and is not restorable")
	}
	k.state = live
	c.s.touchContact(k)
	return map[string]any{"type": "contact", "id": k.id, "external_id": orNull(k.externalID), "archived": false}, nil
}

func (c *call) contactTags() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, id := range k.tags {
		if t := c.s.tag(id); t != nil {
			out = append(out, t.json())
		}
	}
	return map[string]any{"type": "list", "data": out}, nil
}

func (c *call) tagContact() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	id, _ := c.body.idOf("id")
	t := c.s.tag(id)
	if t == nil {
		return nil, notFound("Resource")
	}
	if !slices.Contains(k.tags, t.ID) {
		k.tags = append(slices.Clone(k.tags), t.ID)
		c.s.touchContact(k)
	}
	return t.json(), nil
}

func (c *call) untagContact() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	t := c.s.tag(c.path[3])
	if t == nil || !slices.Contains(k.tags, t.ID) {
		return nil, notFound("Resource")
	}
	k.tags = without(k.tags, t.ID)
	c.s.touchContact(k)
	return t.json(), nil
}

func (c *call) contactCompanies() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	page, per, err := c.page(50, 50)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for i, id := range k.companies {
		if m := c.s.comps[id]; m != nil && i >= (page-1)*per && i < page*per {
			out = append(out, c.s.companyJSON(m))
		}
	}
	return map[string]any{"type": "list", "data": out, "total_count": len(k.companies), "pages": pages(page, per, len(k.companies))}, nil
}

func (c *call) attachCompany() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	id, ok := c.body.idOf("id")
	if !ok {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "company not specified")
	}
	m := c.s.comps[id]
	if m == nil || m.deleted {
		return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
	}
	if !slices.Contains(k.companies, id) {
		if len(k.companies) >= 1000 {
			return nil, refuse(http.StatusBadRequest, "contact_company_limit_exceeded", "Contact has reached the maximum of 1000 company associations")
		}
		k.companies = append(slices.Clone(k.companies), id)
		m.users++
		c.s.touchContact(k)
		c.s.changed(due{hex: m.id, comp: true})
	}
	return c.s.companyJSON(m), nil
}

func (c *call) detachCompany() (any, error) {
	k, err := c.liveContact(c.path[1])
	if err != nil {
		return nil, err
	}
	m := c.s.comps[c.path[3]]
	if m == nil || !slices.Contains(k.companies, m.id) {
		return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
	}
	k.companies = without(k.companies, m.id)
	m.users--
	c.s.touchContact(k)
	c.s.changed(due{hex: m.id, comp: true})
	return c.s.companyJSON(m), nil
}
