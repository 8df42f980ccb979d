package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"deskform/plan"
)

// A Reader can look and has no way to write: plan, check and verify get nothing else.
type Reader struct{ c *core }

var _ plan.Reader = (*Reader)(nil)

// NewReader makes the client that only reads.
func NewReader(c Config) *Reader { return &Reader{newCore(c)} }

// Granted is how many calls a second our share comes to, 0 before the first answer.
func (r *Reader) Granted() float64 { return r.c.Governor.Granted() }

// Actor finds the teammate who assigns, closes, tags and speaks for those without a seat.
func (r *Reader) Actor(ctx context.Context) (string, error) {
	r.c.actorMu.Lock()
	defer r.c.actorMu.Unlock()
	if r.c.actor != "" {
		return r.c.actor, nil
	}
	for l, err := range r.Sweep(ctx, "teammate", noTime) {
		if err != nil {
			return "", err
		}
		if l.Fields["email"] == r.c.Config.Actor && r.c.Config.Actor != "" {
			r.c.actor = l.ID
		}
	}
	if r.c.actor == "" {
		return "", errors.New("provider intercom: the workspace has no teammate with the e-mail address of actor; invite one, or name another")
	}
	return r.c.actor, nil
}

// Workspace asks who and where the other end is, once. It refuses a region or workspace other than the configuration
// names.
func (r *Reader) Workspace(ctx context.Context) (plan.Workspace, error) {
	c := r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.workspace != nil {
		return *c.workspace, nil
	}
	var me struct {
		Email string `json:"email"`
		App   *struct {
			IDCode   string `json:"id_code"`
			Name     string `json:"name"`
			Region   string `json:"region"`
			Timezone string `json:"timezone"`
		} `json:"app"`
	}
	if err := c.read(ctx, http.MethodGet, "/me", nil, &me, "GET /me at "+c.Endpoint); err != nil {
		return plan.Workspace{}, err
	}
	if me.App == nil {
		return plan.Workspace{}, fmt.Errorf("intercom: GET /me: the token belongs to no workspace; make an access token in the workspace's Developer Hub")
	}
	ws := plan.Workspace{ID: me.App.IDCode, Name: me.App.Name, Region: strings.ToLower(me.App.Region), TimeZone: me.App.Timezone, Rate: c.Governor.Limit(), Holder: me.Email}
	if c.Region != "" && ws.Region != "" && c.Region != ws.Region {
		return ws, fmt.Errorf("provider intercom: the workspace is in region %s and the configuration says %s; correct region", ws.Region, c.Region)
	}
	if c.Config.Workspace != "" && c.Config.Workspace != ws.ID {
		return ws, fmt.Errorf("provider intercom: the token opens workspace %s and the configuration wants %s; use the right token, or correct workspace", ws.ID, c.Config.Workspace)
	}
	c.workspace = &ws
	return ws, nil
}

// Sweep yields the objects of a kind (IC 1.4): lists whole, contacts and conversations by search. since is a lower bound
// that contacts know only by the day (IC trap 5).
func (r *Reader) Sweep(ctx context.Context, kind string, since time.Time) iter.Seq2[plan.Live, error] {
	return func(yield func(plan.Live, error) bool) {
		var err error
		switch kind {
		case "attribute.contact", "attribute.company":
			err = r.lists(ctx, "/data_attributes?include_archived=true&model="+strings.TrimPrefix(kind, "attribute."), "data", kind, yield)
		case "attribute.conversation":
			err = r.lists(ctx, "/conversations/attributes", "data", kind, yield)
		case "tag":
			err = r.lists(ctx, "/tags", "data", kind, yield)
		case "team":
			err = r.lists(ctx, "/teams", "teams", kind, yield)
		case "brand":
			err = r.lists(ctx, "/brands", "data", kind, yield)
		case "teammate":
			err = r.lists(ctx, "/admins", "admins", kind, yield)
		case "contact":
			err = r.search(ctx, "/contacts/search", "data", kind, since, yield)
		case "conversation":
			err = r.search(ctx, "/conversations/search", "conversations", kind, since, yield)
			if err == nil && !since.IsZero() {
				err = r.deleted(ctx, kind, since, yield)
			}
		case "company":
			err = r.companies(ctx, yield)
		case "ticket_type", "ticket_attribute":
			err = r.sweepTypes(ctx, kind, yield)
		case "custom_object", "object":
			err = r.sweepObjects(ctx, kind, yield)
		case "object_attribute":
			err = r.objectAttributes(ctx, yield)
		case "ticket_state":
			err = r.states(ctx, yield)
		case "ticket":
			err = r.search(ctx, "/tickets/search", "tickets", kind, since, yield)
			if err == nil && !since.IsZero() {
				err = r.deleted(ctx, kind, since, yield)
			}
		default:
			panic("intercom: nothing is called " + kind)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(plan.Live{}, err)
		}
	}
}

// errStopped: the consumer of a sweep has enough.
var errStopped = errors.New("stopped")

// emit converts objects and yields them.
func (r *Reader) emit(ctx context.Context, kind string, items []json.RawMessage, yield func(plan.Live, error) bool) error {
	for _, raw := range items {
		live, ok, err := r.convert(ctx, kind, raw)
		if err != nil {
			return err
		}
		if ok && !yield(live, nil) {
			return errStopped
		}
	}
	return nil
}

func (r *Reader) lists(ctx context.Context, path, key, kind string, yield func(plan.Live, error) bool) error {
	env := map[string]json.RawMessage{}
	if err := r.c.read(ctx, http.MethodGet, path, nil, &env, "GET "+path); err != nil {
		return err
	}
	items, err := listOf(env, key)
	if err != nil {
		return fmt.Errorf("intercom: GET %s: %w", path, err)
	}
	return r.emit(ctx, kind, items, yield)
}

// listOf reads an envelope's list under one of the names that documents give it (IC trap 41).
func listOf(env map[string]json.RawMessage, keys ...string) ([]json.RawMessage, error) {
	for _, k := range append(keys, "data", "companies", "admins", "teams", "attributes") {
		raw, ok := env[k]
		if !ok {
			continue
		}
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err == nil {
			return items, nil
		}
	}
	return nil, fmt.Errorf("the answer has no list %s", keys[0])
}

// perPage is the largest page that searches give (IC 1.4).
const perPage = 150

func (r *Reader) search(ctx context.Context, path, key, kind string, since time.Time, yield func(plan.Live, error) bool) error {
	from := int64(0)
	field := "created_at"
	if !since.IsZero() {
		field, from = "updated_at", since.Unix()-1
		if kind == "contact" {
			// Days of the workspace's zone, and > skips the named day (IC trap 5): go two days back.
			from = since.Add(-48 * time.Hour).Unix()
		}
	}
	query := map[string]any{"query": map[string]any{"field": field, "operator": ">", "value": from}}
	if kind == "contact" {
		query["sort"] = map[string]any{"field": "created_at", "order": "ascending"}
	}
	return r.c.pages(ctx, path, key, query, perPage, func(items []json.RawMessage) error { return r.emit(ctx, kind, items, yield) })
}

// pages asks a search for page after page and hands over the items of each.
func (c *core) pages(ctx context.Context, path, key string, query map[string]any, size int, take func([]json.RawMessage) error) error {
	page := map[string]any{"per_page": size}
	query["pagination"] = page
	for {
		env := map[string]json.RawMessage{}
		if err := c.read(ctx, http.MethodPost, path, query, &env, "POST "+path); err != nil {
			return err
		}
		items, err := listOf(env, key)
		if err != nil {
			return fmt.Errorf("intercom: POST %s: %w", path, err)
		}
		if err := take(items); err != nil {
			return err
		}
		var pages struct {
			Next *struct {
				StartingAfter string `json:"starting_after"`
			} `json:"next"`
		}
		if raw, ok := env["pages"]; ok {
			if err := json.Unmarshal(raw, &pages); err != nil {
				return fmt.Errorf("intercom: POST %s: read pages: %w", path, err)
			}
		}
		if pages.Next == nil || pages.Next.StartingAfter == "" || len(items) == 0 {
			return nil
		}
		page["starting_after"] = pages.Next.StartingAfter
	}
}

// deleted yields the conversations that were deleted since, which a search of what changed cannot show (IC 3.6), and tickets,
// which are conversations underneath (IC 1.2).
func (r *Reader) deleted(ctx context.Context, kind string, since time.Time, yield func(plan.Live, error) bool) error {
	for page := 1; ; page++ {
		env := map[string]json.RawMessage{}
		path := fmt.Sprintf("/conversations/deleted?order=desc&per_page=60&page=%d", page)
		if err := r.c.read(ctx, http.MethodGet, path, nil, &env, "GET /conversations/deleted"); err != nil {
			return err
		}
		items, err := listOf(env, "conversations")
		if err != nil {
			return fmt.Errorf("intercom: GET /conversations/deleted: %w", err)
		}
		for _, raw := range items {
			var d struct {
				ID text  `json:"id"`
				At int64 `json:"deleted_at"`
			}
			if err := json.Unmarshal(raw, &d); err != nil {
				return fmt.Errorf("intercom: GET /conversations/deleted: %w", err)
			}
			if d.At < since.Unix() {
				return nil
			}
			if !yield(plan.Live{Kind: kind, ID: string(d.ID), Gone: true, PartCount: -1}, nil) {
				return errStopped
			}
		}
		if len(items) < 60 {
			return nil
		}
	}
}

// listMax is where POST /companies/list ends (IC 1.4).
const listMax = 10000

// companies reads pages, and scrolls where pages end.
func (r *Reader) companies(ctx context.Context, yield func(plan.Live, error) bool) error {
	const size = 60
	for page := 1; ; page++ {
		env := map[string]json.RawMessage{}
		path := fmt.Sprintf("/companies/list?page=%d&per_page=%d", page, size)
		if err := r.c.read(ctx, http.MethodPost, path, nil, &env, "POST /companies/list"); err != nil {
			return err
		}
		var total int
		_ = json.Unmarshal(env["total_count"], &total) // absent: unknown
		if page == 1 && total > listMax {
			return r.scroll(ctx, yield)
		}
		items, err := listOf(env, "data")
		if err != nil {
			return fmt.Errorf("intercom: POST /companies/list: %w", err)
		}
		if err := r.emit(ctx, "company", items, yield); err != nil {
			return err
		}
		if len(items) < size {
			return nil
		}
	}
}

func (r *Reader) scroll(ctx context.Context, yield func(plan.Live, error) bool) error {
	path := "/companies/scroll"
	for {
		env := map[string]json.RawMessage{}
		if err := r.c.read(ctx, http.MethodGet, path, nil, &env, "GET /companies/scroll"); err != nil {
			return err
		}
		items, err := listOf(env, "data")
		if err != nil {
			return fmt.Errorf("intercom: GET /companies/scroll: %w", err)
		}
		if len(items) == 0 {
			return nil
		}
		if err := r.emit(ctx, "company", items, yield); err != nil {
			return err
		}
		var param string
		if err := json.Unmarshal(env["scroll_param"], &param); err != nil {
			return fmt.Errorf("intercom: GET /companies/scroll: no scroll_param: %w", err)
		}
		path = "/companies/scroll?scroll_param=" + url.QueryEscape(param)
	}
}

// Get reads one object with its parts.
func (r *Reader) Get(ctx context.Context, kind, id string) (plan.Live, error) {
	var path string
	switch kind {
	case "contact":
		path = "/contacts/" + id
	case "company":
		path = "/companies/" + id
	case "conversation":
		path = "/conversations/" + id
	case "ticket":
		path = "/tickets/" + id
	case "object":
		typ, own, _ := strings.Cut(id, "/")
		path = objectPath(typ) + "/" + url.PathEscape(own)
	default:
		// Definitions, tags and teams come from their lists, which do not lag.
		for l, err := range r.Sweep(ctx, kind, time.Time{}) {
			if err != nil || l.ID == id && !l.Gone {
				return l, err
			}
		}
		return plan.Live{}, fmt.Errorf("%s %s: %w", kind, id, plan.ErrNotFound)
	}
	var raw json.RawMessage
	err := r.c.read(ctx, http.MethodGet, path, nil, &raw, "GET "+path)
	for hop := 0; kind == "contact" && err != nil && hop < maxHops; hop++ {
		next, moved := mergedInto(err)
		if !moved || next == path {
			break
		}
		path = next
		err = r.c.read(ctx, http.MethodGet, path, nil, &raw, "GET "+path)
	}
	if err != nil {
		return plan.Live{}, err
	}
	live, ok, err := r.convert(ctx, kind, raw)
	if err == nil && !ok {
		err = fmt.Errorf("intercom: GET %s: it is no %s: %w", path, kind, plan.ErrNotFound)
	}
	return live, err
}

// membership reads a contact's companies where the contact shows only the first (IC 1.4).
func (r *Reader) membership(ctx context.Context, id, what string) ([]plan.Value, error) {
	var out []plan.Value
	for page := 1; ; page++ {
		env := map[string]json.RawMessage{}
		path := "/contacts/" + id + "/" + what + "?page=" + strconv.Itoa(page) + "&per_page=" + strconv.Itoa(pageSize)
		if err := r.c.read(ctx, http.MethodGet, path, nil, &env, "GET /contacts/ID/"+what); err != nil {
			return nil, err
		}
		items, err := listOf(env, "data")
		if err != nil {
			return nil, fmt.Errorf("intercom: GET /contacts/ID/%s: %w", what, err)
		}
		for _, raw := range items {
			var o struct{ ID string }
			if err := json.Unmarshal(raw, &o); err != nil {
				return nil, err
			}
			out = append(out, o.ID)
		}
		if len(items) < pageSize || what == "tags" { // which come in one reply (IC 1.4)
			return out, nil
		}
	}
}
