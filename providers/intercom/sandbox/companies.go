package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

type company struct {
	id, companyID, name, website, industry, plan string
	size, spend, remote, created, updated        int64
	custom                                       map[string]any
	users                                        int
	tags                                         []string
	deleted                                      bool
	goneAt                                       int64 // when a deletion is through, Unix nanoseconds
}

func (m *company) snapshot() *company { c := *m; return &c }

func (s *Server) addCompany(m *company) {
	s.comps[m.id] = m
	s.corder = append(s.corder, m)
	s.changed(due{hex: m.id, comp: true})
}

func (s *Server) companyJSON(m *company) map[string]any {
	custom := s.customJSON(m.custom, false)
	out := map[string]any{"type": "company", "id": m.id, "app_id": s.app.IDCode, "company_id": m.companyID, "name": m.name, "created_at": m.created, "updated_at": m.updated,
		"remote_created_at": m.remote, "monthly_spend": m.spend, "session_count": 0, "user_count": m.users, "size": m.size, "website": m.website, "industry": m.industry,
		"custom_attributes": custom, "tags": s.tagsJSON(m.tags), "segments": map[string]any{"type": "segment.list", "segments": []any{}}, "plan": map[string]any{}}
	if m.plan != "" {
		out["plan"] = map[string]any{"type": "plan", "id": "1", "name": m.plan} // a string is written, an object read (IC 3.3)
	}
	return out
}

func (c *call) writeCompany(m *company, create bool) error {
	names := []string{"name", "plan", "size", "website", "industry", "custom_attributes", "monthly_spend"}
	if create {
		names = append(names, "company_id", "remote_created_at", "update_last_request_at")
	}
	if err := c.body.only(names...); err != nil {
		return err
	}
	n := *m
	for name, to := range map[string]*string{"name": &n.name, "website": &n.website, "industry": &n.industry, "plan": &n.plan} {
		if v, ok, err := c.body.str(name); err != nil {
			return err
		} else if ok {
			*to = v
		}
	}
	for name, to := range map[string]*int64{"size": &n.size, "monthly_spend": &n.spend, "remote_created_at": &n.remote} {
		if v, ok, err := c.body.seconds(name); err != nil {
			return err
		} else if ok {
			*to = v
		}
	}
	custom, err := c.s.custom("company", m.custom, c.body["custom_attributes"])
	if err != nil {
		return err
	}
	n.custom, n.updated = custom, c.s.now()
	*m = n
	return nil
}

// upsertCompany finds by company_id, which can never be changed (IC 3.3, trap 24).
func (c *call) upsertCompany() (any, error) {
	key, ok, err := c.body.str("company_id")
	if err != nil {
		return nil, err
	}
	if !ok || key == "" {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "company_id is required by this sandbox: what Intercom does without it nobody knows")
	}
	for _, m := range c.s.corder {
		if m.companyID == key && !m.deleted {
			if err := c.writeCompany(m, true); err != nil {
				return nil, err
			}
			c.s.changed(due{hex: m.id, comp: true})
			return c.s.companyJSON(m), nil
		}
	}
	m := &company{companyID: key, created: c.s.now()}
	if err := c.writeCompany(m, true); err != nil {
		return nil, err
	}
	m.id = c.s.hexID()
	c.s.addCompany(m)
	return c.s.companyJSON(m), nil
}

func (c *call) company() (*company, error) {
	if m := c.s.comps[c.path[1]]; m != nil && !m.deleted {
		return m, nil
	}
	return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
}

func (c *call) updateCompany() (any, error) {
	m, err := c.company()
	if err != nil {
		return nil, err
	}
	if err := c.writeCompany(m, false); err != nil {
		return nil, err
	}
	c.s.changed(due{hex: m.id, comp: true})
	return c.s.companyJSON(m), nil
}

func (c *call) getCompany() (any, error) {
	m := c.s.comps[c.path[1]]
	if !c.s.readable(m) {
		return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
	}
	return c.s.companyJSON(m), nil
}

// deleteCompany answers at once; that it is archived and its contacts are detached shows later (IC 3.3, trap 23).
func (c *call) deleteCompany() (any, error) {
	m, err := c.company()
	if err != nil {
		return nil, err
	}
	m.deleted, m.goneAt = true, c.s.clock.Now().Add(c.s.o.IndexLag).UnixNano()
	c.s.dying = append(c.s.dying, m)
	c.s.changed(due{hex: m.id, comp: true})
	c.s.detach()
	return map[string]any{"id": m.id, "object": "company", "deleted": true}, nil
}

// readable says whether a read by key still shows a company that is being archived.
func (s *Server) readable(m *company) bool {
	return m != nil && (!m.deleted || s.clock.Now().UnixNano() < m.goneAt)
}

// detach takes the contacts from companies whose deletion is through.
func (s *Server) detach() {
	s.dying = slices.DeleteFunc(s.dying, func(m *company) bool {
		if s.readable(m) {
			return false
		}
		for _, k := range s.order {
			if slices.Contains(k.companies, m.id) {
				k.companies = without(k.companies, m.id)
				s.touchContact(k)
			}
		}
		return true
	})
}

// findCompany is one company for ?company_id= and ?name=, else a page (IC trap 22).
func (c *call) findCompany() (any, error) {
	q := c.r.URL.Query()
	for _, m := range slices.Backward(c.s.corder) { // one that took the key of an archived one stands behind it
		if !c.s.readable(m) {
			continue
		}
		if key := q.Get("company_id"); key != "" && m.companyID == key || q.Get("name") != "" && m.name == q.Get("name") {
			return c.s.companyJSON(m), nil
		}
	}
	if q.Get("company_id") != "" || q.Get("name") != "" {
		return nil, refuse(http.StatusNotFound, "company_not_found", "Company Not Found")
	}
	return c.listCompanies()
}

// visible are the companies that lists show: those in the index that have a contact (IC 3.3).
func (c *call) visible() []*company {
	var out []*company
	for _, m := range c.s.corder {
		tag := c.r.URL.Query().Get("tag_id")
		if seen := c.s.indexed.companies[m.id]; seen != nil && seen.users > 0 && (tag == "" || slices.Contains(seen.tags, tag)) {
			out = append(out, seen)
		}
	}
	return out
}

// page reads page and per_page.
func (c *call) page(size, most int) (page, per int, err error) {
	page, per = 1, size
	for name, to := range map[string]*int{"page": &page, "per_page": &per} {
		if v := c.r.URL.Query().Get(name); v != "" {
			n, cerr := strconv.Atoi(v)
			if cerr != nil || n < 1 {
				return 0, 0, invalid(name, "%s is invalid", name)
			}
			*to = n
		}
	}
	if per > most {
		return 0, 0, invalid("per_page", "per_page must be at most %d", most)
	}
	return page, per, nil
}

func pages(page, per, total int) map[string]any {
	last := (total + per - 1) / per
	out := map[string]any{"type": "pages", "page": page, "per_page": per, "total_pages": last, "next": nil}
	if page < last {
		out["next"] = fmt.Sprintf("https://sandbox/?page=%d&per_page=%d", page+1, per)
	}
	return out
}

const listEnd = 10000

func (c *call) listCompanies() (any, error) {
	page, per, err := c.page(15, 60)
	if err != nil {
		return nil, err
	}
	all := c.visible()
	if (page-1)*per >= listEnd {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "page limit reached, please use scroll API")
	}
	out := []any{}
	for i := (page - 1) * per; i < min(page*per, len(all)); i++ {
		out = append(out, c.s.companyJSON(all[i]))
	}
	return map[string]any{"type": "list", "data": out, "total_count": len(all), "pages": pages(page, per, len(all))}, nil
}

// A scroll is one for the app and dies after a minute of idleness (IC 1.4).
type scrollState struct {
	param string
	at    int
	used  int64
}

func (c *call) scrollCompanies() (any, error) {
	param := c.r.URL.Query().Get("scroll_param")
	s := c.s.scroll
	alive := s != nil && c.s.now()-s.used < 60
	switch {
	case param == "" && alive:
		return nil, refuse(http.StatusBadRequest, "scroll_exists", "scroll already exists for this workspace")
	case param == "":
		s = &scrollState{param: fmt.Sprintf("scroll-%d", c.s.id())}
		c.s.scroll = s
	case !alive || s.param != param:
		return nil, refuse(http.StatusNotFound, "not_found", "scroll parameter not found")
	}
	all := c.visible()
	out := []any{}
	for ; s.at < len(all) && len(out) < 100; s.at++ {
		out = append(out, c.s.companyJSON(all[s.at]))
	}
	s.used = c.s.now()
	if len(out) == 0 {
		c.s.scroll = nil
	}
	return map[string]any{"type": "list", "data": out, "scroll_param": s.param, "total_count": len(all), "pages": nil}, nil
}

func (c *call) companyContacts() (any, error) {
	m, err := c.company()
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, k := range c.s.order {
		if k.state == live && slices.Contains(k.companies, m.id) {
			out = append(out, c.s.contactJSON(k))
		}
	}
	return map[string]any{"type": "list", "data": out, "total_count": len(out), "pages": pages(1, 50, len(out))}, nil
}
