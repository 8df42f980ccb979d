package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A test is one filter or group, compiled.
type test func(get func(field string) any) bool

// fields that a search knows, with their kind (IC 1.5).
var contactSearch = map[string]string{"id": "s", "role": "s", "name": "s", "owner_id": "s", "email": "s", "email_domain": "s", "phone": "s", "external_id": "s",
	"created_at": "day", "updated_at": "day", "signed_up_at": "day", "last_seen_at": "day", "tag_id": "tag", "unsubscribed_from_emails": "b"}

var conversationSearch = map[string]string{"id": "s", "created_at": "i", "updated_at": "i", "source.id": "s", "source.type": "s", "source.delivered_as": "s", "source.subject": "s", "source.body": "word",
	"source.author.id": "s", "source.author.type": "s", "source.author.name": "s", "source.author.email": "s", "contact_ids": "set", "teammate_ids": "set", "admin_assignee_id": "s", "team_assignee_id": "s",
	"open": "b", "state": "s", "snoozed_until": "i", "tag_ids": "set", "statistics.count_conversation_parts": "i"}

// compile checks a query: two levels, 15 filters a group, fields and operators that exist.
func (c *call) compile(raw any, fields map[string]string, model string, depth int) (test, error) {
	m, ok := raw.(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "query is invalid")
	}
	op, _ := m["operator"].(string)
	if op == "AND" || op == "OR" {
		if depth >= 2 {
			return nil, refuse(http.StatusBadRequest, "parameter_invalid", "queries may be nested 2 levels deep")
		}
		list, ok := m["value"].([]any)
		if !ok || len(list) == 0 || len(list) > 15 {
			return nil, refuse(http.StatusBadRequest, "parameter_invalid", "a group has 1 to 15 filters")
		}
		var tests []test
		for _, e := range list {
			t, err := c.compile(e, fields, model, depth+1)
			if err != nil {
				return nil, err
			}
			tests = append(tests, t)
		}
		return func(get func(string) any) bool {
			for _, t := range tests {
				if t(get) != (op == "AND") {
					return op == "OR"
				}
			}
			return op == "AND"
		}, nil
	}
	name, _ := m["field"].(string)
	kind, ok := fields[name]
	if attr, isAttr := strings.CutPrefix(name, "custom_attributes."); isAttr && model == "contact" && len(c.s.liveAttributes("contact", attr)) > 0 {
		kind, ok = "s", true
	}
	if model == "ticket" && !ok {
		kind, ok = c.s.searchedAttribute(name)
	}
	if !ok {
		e := refuse(http.StatusBadRequest, "invalid_field", "%s is not a valid field", name)
		e.field = name
		return nil, e
	}
	return c.filter(name, kind, op, m["value"])
}

var operators = map[string][]string{
	"s": {"=", "!=", "IN", "NIN", "~", "!~", "^", "$"}, "i": {"=", "!=", "IN", "NIN", ">", "<"}, "created": {"=", "!=", "IN", "NIN", ">", "<", ">=", "<="}, "b": {"=", "!="}, "day": {"=", ">", "<"},
	"tag": {"=", "!="}, "set": {"=", "!=", "IN", "NIN"}, "word": {"=", "!=", "~", "!~"},
}

func (c *call) filter(name, kind, op string, value any) (test, error) {
	if kind == "day" && c.s.version == "Preview" {
		kind = "created" // exact, in seconds
	}
	if !slices.Contains(operators[kind], op) {
		return nil, refuse(http.StatusBadRequest, "invalid_operator", "%s is not a valid operator for %s", op, name)
	}
	want := text(value)
	n, _ := strconv.ParseInt(want, 10, 64)
	var in []string
	if list, ok := value.([]any); ok {
		for _, e := range list {
			in = append(in, text(e))
		}
	} else if op == "IN" || op == "NIN" {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "%s takes a list", op)
	}
	return func(get func(string) any) bool {
		have := get(name)
		switch kind {
		case "day":
			// Contacts' times are compared by the day in the workspace's zone; > begins with the next one (IC trap 5).
			at, _ := have.(int64)
			a, b := c.day(at), c.day(n)
			return at != 0 && (op == "=" && a == b || op == ">" && a > b || op == "<" && a < b)
		case "i", "created":
			at, _ := have.(int64)
			switch op {
			case "=":
				return at == n
			case "!=":
				return at != n
			case ">", ">=": // documented as "or equal"
				return at >= n
			case "<", "<=":
				return at <= n
			}
			return slices.Contains(in, strconv.FormatInt(at, 10)) == (op == "IN")
		case "b":
			b, _ := have.(bool)
			return (strconv.FormatBool(b) == want) == (op == "=")
		case "tag", "set":
			list, _ := have.([]string)
			if in != nil {
				return slices.ContainsFunc(list, func(x string) bool { return slices.Contains(in, x) }) == (op == "IN")
			}
			return slices.Contains(list, want) == (op == "=")
		case "word":
			body, _ := have.(string)
			return hasWord(body, want) == (op == "=" || op == "~")
		}
		s := text(have)
		ls, lw := strings.ToLower(s), strings.ToLower(want)
		switch op {
		case "=":
			return ls == lw
		case "!=":
			return ls != lw
		case "~":
			return strings.Contains(ls, lw)
		case "!~":
			return !strings.Contains(ls, lw)
		case "^":
			return strings.HasPrefix(ls, lw)
		case "$":
			return strings.HasSuffix(ls, lw)
		}
		return slices.Contains(in, s) == (op == "IN")
	}, nil
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func (c *call) day(at int64) string { return time.Unix(at, 0).In(c.s.zone).Format("2006-01-02") }

var anyTag = regexp.MustCompile(`<[^>]*>`)

// hasWord: the search of a body finds single words, not phrases (IC 1.5).
func hasWord(body, word string) bool {
	body = html.UnescapeString(anyTag.ReplaceAllString(body, " "))
	for _, w := range strings.FieldsFunc(strings.ToLower(body), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if w == strings.ToLower(word) {
			return true
		}
	}
	return false
}

// paging reads pagination from a body. The cursor is the position of the last item, and opaque.
func (c *call) paging(size int) (per int, after int64, err error) {
	per, after = size, -1
	p, _ := c.body["pagination"].(map[string]any)
	if n, ok := p["per_page"].(json.Number); ok {
		i, err := n.Int64()
		if err != nil || i < 1 || i > 150 {
			return 0, 0, invalid("per_page", "per_page must be between 1 and 150")
		}
		per = int(i)
	}
	if s, ok := p["starting_after"].(string); ok && s != "" {
		after, err = uncursor(s)
	}
	return per, after, err
}

func cursor(at int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("c" + strconv.FormatInt(at, 10)))
}

func uncursor(s string) (int64, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) < 2 || raw[0] != 'c' {
		return 0, invalid("starting_after", "starting_after is invalid")
	}
	return strconv.ParseInt(string(raw[1:]), 10, 64)
}

func cursorPages(per, total int, last int64, more bool) map[string]any {
	out := map[string]any{"type": "pages", "page": 1, "per_page": per, "total_pages": (total + per - 1) / per}
	if more {
		out["next"] = map[string]any{"per_page": per, "starting_after": cursor(last)}
	}
	return out
}

func (c *call) searchContacts() (any, error) {
	if err := c.body.only("query", "pagination", "sort"); err != nil {
		return nil, err
	}
	t, err := c.compile(c.body["query"], contactSearch, "contact", 0)
	if err != nil {
		return nil, err
	}
	if s, ok := c.body["sort"].(map[string]any); ok {
		if o, _ := s["order"].(string); o != "ascending" && o != "descending" {
			return nil, refuse(http.StatusBadRequest, "invalid_sort_order", "order must be ascending or descending")
		}
		if s["field"] != "created_at" || s["order"] != "ascending" {
			return nil, refuse(http.StatusNotImplemented, "unsupported", "the sandbox sorts contacts by created_at ascending only")
		}
	}
	per, after, err := c.paging(50)
	if err != nil {
		return nil, err
	}
	return c.contactPage(t, per, after)
}

// contactPage walks the contacts in the order of creation, which is the order of the slice.
func (c *call) contactPage(t test, per int, after int64) (any, error) {
	out := []any{}
	more, last := false, after
	for i := after + 1; i < int64(len(c.s.order)); i++ {
		k := c.s.indexed.contacts[c.s.order[i].id]
		if k == nil || t != nil && !t(func(f string) any { return contactField(k, f) }) {
			continue
		}
		if len(out) == per {
			more = true
			break
		}
		out = append(out, c.s.contactJSON(k))
		last = i
	}
	return map[string]any{"type": "list", "data": out, "total_count": len(c.s.indexed.contacts), "pages": cursorPages(per, len(c.s.indexed.contacts), last, more)}, nil
}

func contactField(k *contact, f string) any {
	switch f {
	case "id":
		return k.id
	case "role":
		return k.role
	case "name":
		return k.name
	case "email":
		return k.email
	case "email_domain":
		_, d, _ := strings.Cut(k.email, "@")
		return d
	case "phone":
		return k.phone
	case "external_id":
		return k.externalID
	case "owner_id":
		return k.owner
	case "created_at":
		return k.created
	case "updated_at":
		return k.updated
	case "signed_up_at":
		return k.signedUp
	case "last_seen_at":
		return k.lastSeen
	case "tag_id":
		return k.tags
	case "unsubscribed_from_emails":
		return k.unsubscribed
	}
	name, _ := strings.CutPrefix(f, "custom_attributes.")
	return k.custom[name]
}

func (c *call) queryPage(size int) (per int, after int64, err error) {
	per, after = size, -1
	q := c.r.URL.Query()
	if v := q.Get("per_page"); v != "" {
		if per, err = strconv.Atoi(v); err != nil || per < 1 || per > 150 {
			return 0, 0, invalid("per_page", "per_page must be between 1 and 150")
		}
	}
	if v := q.Get("starting_after"); v != "" {
		after, err = uncursor(v)
	}
	return per, after, err
}

func (c *call) listContacts() (any, error) {
	per, after, err := c.queryPage(50)
	if err != nil {
		return nil, err
	}
	return c.contactPage(nil, per, after)
}

func (c *call) searchConversations() (any, error) {
	if err := c.body.only("query", "pagination", "sort"); err != nil {
		return nil, err
	}
	if c.body["sort"] != nil {
		return nil, refuse(http.StatusBadRequest, "parameter_invalid", "conversations cannot be sorted")
	}
	t, err := c.compile(c.body["query"], conversationSearch, "conversation", 0)
	if err != nil {
		return nil, err
	}
	per, after, err := c.paging(20)
	if err != nil {
		return nil, err
	}
	return c.conversationPage(t, per, after)
}

// conversationPage walks the conversations in the order of their ids; the cursor is the last id.
func (c *call) conversationPage(t test, per int, after int64) (any, error) {
	all := c.s.vorder
	from := sort.Search(len(all), func(i int) bool { return all[i].id > after })
	out := []any{}
	more, last := false, after
	for _, v := range all[from:] {
		seen := c.s.indexed.convs[v.id]
		if seen == nil || seen.ticket != nil && c.s.o.HideTickets || t != nil && !t(func(f string) any { return conversationField(c.s, seen, f) }) {
			continue
		}
		if len(out) == per {
			more = true
			break
		}
		out = append(out, c.s.conversationJSON(seen, seen.parts, false))
		last = v.id
	}
	return map[string]any{"type": "conversation.list", "conversations": out, "total_count": len(c.s.indexed.convs), "pages": cursorPages(per, len(c.s.indexed.convs), last, more)}, nil
}

func conversationField(s *Server, v *conversation, f string) any {
	switch f {
	case "id":
		return strconv.FormatInt(v.id, 10)
	case "created_at":
		return v.created
	case "updated_at":
		return v.updated
	case "snoozed_until":
		return v.snoozed
	case "source.id":
		return strconv.FormatInt(v.sourceID, 10)
	case "source.body":
		return v.body
	case "source.author.id":
		return v.contact
	case "source.author.type":
		return "user"
	case "source.author.email":
		if k := s.byID[v.contact]; k != nil {
			return k.email
		}
	case "source.author.name":
		if k := s.byID[v.contact]; k != nil {
			return k.name
		}
	case "source.delivered_as":
		return "customer_initiated"
	case "source.type":
		return "conversation"
	case "contact_ids":
		return v.contacts()
	case "teammate_ids":
		return v.teammates
	case "admin_assignee_id":
		return v.admin
	case "team_assignee_id":
		return v.team
	case "open":
		return v.state == "open"
	case "state":
		return v.state
	case "tag_ids":
		return v.tags
	case "statistics.count_conversation_parts":
		return int64(len(v.parts))
	}
	return nil
}

func (c *call) listConversations() (any, error) {
	per, after, err := c.queryPage(20)
	if err != nil {
		return nil, err
	}
	return c.conversationPage(nil, per, after)
}
