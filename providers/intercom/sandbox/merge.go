package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxHops is how far a merged contact is followed to the one that is left (IC 1.3).
const maxHops = 3

// goneContact is what a read of a contact answers that is not there: 410 and where it went for a merged one, else 404 (IC 1.3,
// trap 32). Only reads by id and by external_id say 410.
func (s *Server) goneContact(k *contact) error {
	if k == nil || k.state != merged {
		return notFound("User")
	}
	end := k
	for hop := 0; end.state == merged; hop++ {
		if end = s.byID[end.into]; end == nil || hop == maxHops {
			return notFound("User")
		}
	}
	e := refuse(http.StatusGone, "contact_merged", "This contact has been merged. See the 'Link' header for the canonical contact.")
	e.header = http.Header{"Link": {fmt.Sprintf(`</contacts/%s>; rel="canonical"`, end.id)}}
	return e
}

// mergeContacts is for leads into users; others only the Inbox merges (IC 3.1).
func (c *call) mergeContacts() (any, error) {
	if err := c.body.only("from", "into", "skip_duplicate_validation"); err != nil {
		return nil, err
	}
	ids := map[string]*contact{}
	for _, name := range []string{"from", "into"} {
		id, _ := c.body.idOf(name)
		k, err := c.liveContact(id)
		if err != nil {
			return nil, err
		}
		ids[name] = k
	}
	skip, err := c.body.boolean("skip_duplicate_validation")
	if err != nil {
		return nil, err
	}
	from, into := ids["from"], ids["into"]
	same := from.email != "" && strings.EqualFold(from.email, into.email) || from.phone != "" && from.phone == into.phone
	switch {
	case from.role != "lead" || into.role != "user":
		return nil, refuse(http.StatusBadRequest, "invalid_merge", "Only a lead can be merged into a user.")
	case !same && !skip:
		return nil, refuse(http.StatusBadRequest, "invalid_merge", "Contacts can only be merged when they are duplicates (matching email or phone). Pass skip_duplicate_validation=true to override this check.")
	}
	c.s.mergeInto(from, into)
	return c.s.contactJSON(into), nil
}

// mergeInto gives one contact what another has, and lets that one go. What the survivor has itself stays.
func (s *Server) mergeInto(from, into *contact) {
	for to, v := range map[*string]string{&into.email: from.email, &into.phone: from.phone, &into.name: from.name, &into.owner: from.owner} {
		if *to == "" {
			*to = v
		}
	}
	if into.externalID == "" && from.role == "user" {
		into.externalID = from.externalID
	}
	for name, v := range from.custom {
		if into.custom[name] == nil {
			into.custom = with(into.custom, name, v)
		}
	}
	for _, id := range from.tags {
		if !slices.Contains(into.tags, id) {
			into.tags = append(slices.Clone(into.tags), id)
		}
	}
	for _, id := range from.companies {
		m := s.comps[id]
		if slices.Contains(into.companies, id) {
			if m != nil {
				m.users--
			}
			continue
		}
		into.companies = append(slices.Clone(into.companies), id)
	}
	for _, n := range s.notesBy[from.id] {
		n.owner = into.id
		s.notesBy[into.id] = append(s.notesBy[into.id], n)
	}
	delete(s.notesBy, from.id)
	for _, v := range s.vorder {
		if s.convs[v.id] == v && slices.Contains(v.others, from.id) {
			v.others = without(v.others, from.id)
			if !slices.Contains(v.contacts(), into.id) {
				v.others = append(v.others, into.id)
			}
			s.touch(v)
		}
		if s.convs[v.id] != v || v.contact != from.id {
			continue
		}
		v.contact = into.id
		for _, p := range v.parts {
			if p.author == from.id {
				p.author = into.id
			}
		}
		s.touch(v)
	}
	from.state, from.into = merged, into.id
	s.touchContact(from)
	s.touchContact(into)
}
