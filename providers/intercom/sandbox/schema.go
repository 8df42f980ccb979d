package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

type admin struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Seat    bool     `json:"has_inbox_seat"`
	TeamIDs []string `json:"team_ids"`
	Role    any      `json:"role"`
}

type team struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	AdminIDs []string `json:"admin_ids"`
}

// An attribute is the definition of one of the three models.
type attribute struct {
	id                     int64
	model, name, typ, desc string
	options                []option
	archived               bool
	created, updated       int64
	required               bool
	ref                    reference // of a relationship
}

type option struct {
	id, label string
	archived  bool
}

func (s *Server) admin(id string) *admin {
	for _, a := range s.admins {
		if a.ID == id {
			return a
		}
	}
	return nil
}

func (s *Server) team(id string) *team {
	for _, t := range s.teams {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func numbers(ids []string) []any {
	out := []any{}
	for _, id := range ids {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func (a *admin) json() map[string]any {
	return map[string]any{"type": "admin", "id": a.ID, "name": a.Name, "email": a.Email, "job_title": "", "away_mode_enabled": false, "away_mode_reassign": false,
		"has_inbox_seat": a.Seat, "team_ids": numbers(a.TeamIDs)}
}

func (c *call) me() (any, error) {
	first := &admin{ID: "0", Name: "Sandbox", Email: "sandbox@sandbox.example"}
	if len(c.s.admins) > 0 {
		first = c.s.admins[0]
	}
	return map[string]any{"type": "admin", "id": first.ID, "email": first.Email, "name": first.Name, "email_verified": true, "has_inbox_seat": first.Seat,
		"app": map[string]any{"type": "app", "id_code": c.s.app.IDCode, "name": c.s.app.Name, "region": strings.ToUpper(c.s.app.Region), "timezone": c.s.app.Timezone,
			"created_at": c.s.now() - 86400*365, "identity_verification": false, "secure": false}}, nil
}

func (c *call) listAdmins() (any, error) {
	out := []any{}
	for _, a := range c.s.admins {
		out = append(out, a.json())
	}
	return map[string]any{"type": "admin.list", "admins": out}, nil
}

func (c *call) getAdmin() (any, error) {
	if a := c.s.admin(c.path[1]); a != nil {
		return a.json(), nil
	}
	return nil, refuse(http.StatusNotFound, "admin_not_found", "Admin not found")
}

func (t *team) json() map[string]any {
	return map[string]any{"type": "team", "id": t.ID, "name": t.Name, "admin_ids": numbers(t.AdminIDs)}
}

func (c *call) listTeams() (any, error) {
	out := []any{}
	for _, t := range c.s.teams {
		out = append(out, t.json())
	}
	return map[string]any{"type": "team.list", "teams": out}, nil
}

func (c *call) getTeam() (any, error) {
	if t := c.s.team(c.path[1]); t != nil {
		return t.json(), nil
	}
	return nil, refuse(http.StatusNotFound, "team_not_found", "Team not found")
}

func (s *Server) newAttribute(model, name, typ, desc string, options []string) *attribute {
	a := &attribute{id: s.id(), model: model, name: name, typ: typ, desc: desc, created: s.now(), updated: s.now()}
	for _, o := range options {
		a.options = append(a.options, s.newOption(o))
	}
	return a
}

func (s *Server) newOption(label string) option {
	return option{id: fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(s.now()), s.id()&0xffffffffffff), label: label}
}

// live finds the attributes of a model by name that are not archived.
func (s *Server) liveAttributes(model, name string) []*attribute {
	var out []*attribute
	for _, a := range s.attrs {
		if a.model == model && a.name == name && !a.archived {
			out = append(out, a)
		}
	}
	return out
}

// dataJSON shows a contact's or company's attribute as IC 3.4 says: the read names differ from the written ones.
func (a *attribute) dataJSON() map[string]any {
	typ := a.typ
	switch typ {
	case "options", "list":
		typ = "string"
	case "datetime":
		typ = "date"
	}
	out := map[string]any{"type": "data_attribute", "id": a.id, "model": a.model, "name": a.name, "full_name": "custom_attributes." + a.name, "label": a.name, "description": a.desc,
		"data_type": typ, "api_writable": true, "messenger_writable": false, "ui_writable": true, "custom": true, "archived": a.archived, "created_at": a.created, "updated_at": a.updated}
	if len(a.options) > 0 {
		opts := []any{}
		for _, o := range a.options {
			opts = append(opts, o.label)
		}
		out["options"] = opts
	}
	return out
}

func (c *call) listDataAttributes() (any, error) {
	q := c.r.URL.Query()
	model := q.Get("model")
	if c.s.version == "2.15" && model == "conversation" {
		return c.oldConvAttributes()
	}
	if model != "" && model != "contact" && model != "company" {
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "The Data Attribute model field must be either contact or company")
	}
	out := []any{map[string]any{"type": "data_attribute", "model": "contact", "name": "name", "full_name": "name", "label": "Name", "description": "A person's full name",
		"data_type": "string", "api_writable": true, "messenger_writable": true, "ui_writable": true, "custom": false, "archived": false}}
	if model == "company" {
		out = []any{}
	}
	for _, a := range c.s.attrs {
		// Relationships are a person's work and no data_type of this list (IC 2).
		if a.model == "conversation" || a.typ == "relationship" || model != "" && a.model != model || a.archived && q.Get("include_archived") != "true" {
			continue
		}
		out = append(out, a.dataJSON())
	}
	return map[string]any{"type": "list", "data": out}, nil
}

// attributeName is what the service takes (IC 3.4); underscores are used everywhere.
var attributeName = regexp.MustCompile(`^[\p{L}\p{N}\p{Sc}_ -]+$`)

func (c *call) createDataAttribute() (any, error) {
	if err := c.body.only("name", "model", "data_type", "options", "description", "messenger_writable"); err != nil {
		return nil, err
	}
	name, _, err := c.body.str("name")
	if err != nil {
		return nil, err
	}
	model, _, err := c.body.str("model")
	if err != nil {
		return nil, err
	}
	typ, _, err := c.body.str("data_type")
	if err != nil {
		return nil, err
	}
	desc, _, err := c.body.str("description")
	if err != nil {
		return nil, err
	}
	if model != "contact" && model != "company" {
		return nil, invalid("model", "The Data Attribute model field must be either contact or company")
	}
	if !attributeName.MatchString(name) || len([]rune(name)) > 64 {
		return nil, invalid("name", "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens")
	}
	live := 0
	for _, a := range c.s.attrs {
		if a.model != "conversation" && strings.EqualFold(a.name, name) {
			return nil, invalid("name", "You already have '%s' in your %s data. To save this as new %s data, use a different name.", name, a.model, map[string]string{"contact": "people", "company": "company"}[model])
		}
		if !a.archived && a.model != "conversation" {
			live++
		}
	}
	if live >= 250 {
		return nil, invalid("name", "You have reached the maximum of 250 custom attributes")
	}
	switch typ {
	case "string", "integer", "float", "boolean", "datetime", "date":
	case "options":
	default:
		return nil, invalid("data_type", "Data Type isn't an option")
	}
	var labels []string
	if typ == "options" {
		if labels, err = optionValues(c.body["options"], "value"); err != nil {
			return nil, err
		}
	}
	a := c.s.newAttribute(model, name, typ, desc, labels)
	c.s.attrs = append(c.s.attrs, a)
	return a.dataJSON(), nil
}

// optionValues reads [{"value":…}] or [{"label":…}] with two entries or more.
func optionValues(v any, key string) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, invalid("options", "Options isn't an array")
	}
	var out []string
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok || len(m) != 1 {
			return nil, invalid("options", "Options must be objects with a %s", key)
		}
		s, ok := m[key].(string)
		if !ok || s == "" {
			return nil, invalid("options", "Options must be objects with a %s", key)
		}
		out = append(out, s)
	}
	if len(out) < 2 {
		return nil, invalid("options", "The Data Attribute options need at least 2 values")
	}
	return out, nil
}

func (c *call) attribute(i int, conversation bool) (*attribute, error) {
	for _, a := range c.s.attrs {
		if strconv.FormatInt(a.id, 10) == c.path[i] && (a.model == "conversation") == conversation {
			return a, nil
		}
	}
	if conversation {
		return nil, refuse(http.StatusNotFound, "conversation_attribute_not_found", "Conversation attribute not found")
	}
	return nil, refuse(http.StatusNotFound, "field_not_found", "We couldn't find that data attribute to update")
}

func (c *call) updateDataAttribute() (any, error) {
	a, err := c.attribute(1, false)
	if err != nil {
		return nil, err
	}
	if err := c.body.only("archived", "description", "options", "messenger_writable"); err != nil {
		return nil, err
	}
	if v, ok := c.body["options"]; ok {
		labels, err := optionValues(v, "value")
		if err != nil {
			return nil, err
		}
		a.options = nil
		for _, l := range labels {
			a.options = append(a.options, c.s.newOption(l))
		}
	}
	if d, ok, err := c.body.str("description"); err != nil {
		return nil, err
	} else if ok {
		a.desc = d
	}
	if _, ok := c.body["archived"]; ok {
		if a.archived, err = c.body.boolean("archived"); err != nil {
			return nil, err
		}
	}
	a.updated = c.s.now()
	return a.dataJSON(), nil
}

func (a *attribute) convJSON() map[string]any {
	out := map[string]any{"type": "conversation_attribute", "id": a.id, "name": a.name, "data_type": a.typ, "description": a.desc, "archived": a.archived,
		"required": a.required, "visible_to_team_ids": []any{}, "created_at": a.created, "updated_at": a.updated}
	if a.typ == "list" {
		opts := []any{}
		for _, o := range a.options {
			opts = append(opts, map[string]any{"id": o.id, "label": o.label, "archived": o.archived})
		}
		out["options"] = opts
	}
	if a.typ == "string" {
		out["multiline"] = false
	}
	if a.typ == "relationship" {
		out["reference"] = map[string]any{"type": a.ref.kind(), "object_type_id": a.ref.target}
	}
	return out
}

func (c *call) listConvAttributes() (any, error) {
	out := []any{}
	for _, a := range c.s.attrs {
		if a.model == "conversation" && (!a.archived || c.r.URL.Query().Get("include_archived") == "true") {
			out = append(out, a.convJSON())
		}
	}
	return map[string]any{"type": "list", "data": out}, nil
}

// createConvAttribute does not look for duplicates: workspaces have them (IC 3.5).
func (c *call) createConvAttribute() (any, error) {
	if err := c.body.only("name", "data_type", "description", "required", "visible_to_team_ids", "multiline", "options", "reference"); err != nil {
		return nil, err
	}
	name, ok, err := c.body.str("name")
	if err != nil {
		return nil, err
	}
	if !ok || name == "" || len([]rune(name)) > 64 {
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "name is invalid")
	}
	typ, _, err := c.body.str("data_type")
	if err != nil {
		return nil, err
	}
	var labels []string
	var ref reference
	switch typ {
	case "string", "integer", "decimal", "boolean", "datetime":
	case "list":
		if labels, err = optionValues(c.body["options"], "label"); err != nil {
			return nil, err
		}
	case "relationship":
		if ref, err = c.reference(); err != nil {
			return nil, err
		}
	case "files":
	default:
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "data_type is not valid")
	}
	desc, _, err := c.body.str("description")
	if err != nil {
		return nil, err
	}
	a := c.s.newAttribute("conversation", name, typ, desc, labels)
	a.ref = ref
	if a.required, err = c.body.boolean("required"); err != nil {
		return nil, err
	}
	c.s.attrs = append(c.s.attrs, a)
	return a.convJSON(), nil
}

func (r reference) kind() string {
	if r.many {
		return "many"
	}
	return "one"
}

// reference reads what a conversation's relationship attribute points to: a custom object type that is there (IC 3.5).
func (c *call) reference() (reference, error) {
	m, _ := c.body["reference"].(map[string]any)
	kind, _, err := object(m).str("type")
	if err != nil {
		return reference{}, err
	}
	target, _, err := object(m).str("object_type_id")
	if err != nil {
		return reference{}, err
	}
	if kind != "one" && kind != "many" || c.s.objectType(target) == nil {
		return reference{}, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "reference is not valid")
	}
	return reference{target, kind == "many"}, nil
}

func (c *call) getConvAttribute() (any, error) {
	a, err := c.attribute(2, true)
	if err != nil {
		return nil, err
	}
	return a.convJSON(), nil
}

func (c *call) updateConvAttribute() (any, error) {
	a, err := c.attribute(2, true)
	if err != nil {
		return nil, err
	}
	if err := c.body.only("name", "description", "multiline", "required", "visible_to_team_ids", "reference"); err != nil {
		return nil, err
	}
	if v, ok, err := c.body.str("name"); err != nil {
		return nil, err
	} else if ok {
		a.name = v
	}
	if v, ok, err := c.body.str("description"); err != nil {
		return nil, err
	} else if ok {
		a.desc = v
	}
	if c.body["reference"] != nil {
		ref, err := c.reference()
		if err != nil || a.typ != "relationship" {
			return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "reference is not valid")
		}
		if ref != a.ref { // which wipes what was linked (IC 2)
			for _, v := range c.s.vorder {
				if v.custom[a.name] != nil {
					v.custom = with(v.custom, a.name, nil)
					delete(v.custom, a.name)
				}
			}
		}
		a.ref = ref
	}
	a.updated = c.s.now()
	return a.convJSON(), nil
}

func (c *call) deleteConvAttribute() (any, error) {
	a, err := c.attribute(2, true)
	if err != nil {
		return nil, err
	}
	a.archived = true
	return a.convJSON(), nil
}

func (c *call) addOption() (any, error) {
	a, err := c.attribute(2, true)
	if err != nil {
		return nil, err
	}
	label, ok, err := c.body.str("label")
	if err != nil {
		return nil, err
	}
	if !ok || len(c.body) != 1 || a.typ != "list" {
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "only label is taken, for list attributes")
	}
	a.options = append(a.options, c.s.newOption(label))
	return a.convJSON(), nil
}

func (c *call) option() (*attribute, int, error) {
	a, err := c.attribute(2, true)
	if err != nil {
		return nil, 0, err
	}
	for i, o := range a.options {
		if o.id == c.path[4] {
			return a, i, nil
		}
	}
	return nil, 0, refuse(http.StatusNotFound, "not_found", "Resource Not Found")
}

func (c *call) renameOption() (any, error) {
	a, i, err := c.option()
	if err != nil {
		return nil, err
	}
	label, ok, err := c.body.str("label")
	if err != nil || !ok {
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "label is required")
	}
	a.options[i].label = label
	return a.convJSON(), nil
}

func (c *call) deleteOption() (any, error) {
	a, i, err := c.option()
	if err != nil {
		return nil, err
	}
	active := 0
	for _, o := range a.options {
		if !o.archived {
			active++
		}
	}
	if active <= 2 {
		return nil, refuse(http.StatusUnprocessableEntity, "parameter_invalid", "at least 2 active options must remain")
	}
	a.options[i].archived = true
	return a.convJSON(), nil
}

// value checks an attribute's value against its definition; null clears.
func (s *Server) value(model, name string, v any) (any, error) {
	found := s.liveAttributes(model, name)
	switch {
	case len(found) == 0 && model == "conversation":
		return nil, invalid(name, "Conversation attribute '%s' does not exist", name)
	case len(found) == 0:
		return nil, invalid(name, "Custom attribute '%s' does not exist", name)
	case len(found) > 1:
		return nil, invalid(name, "There is more than one attribute named '%s'", name)
	}
	a := found[0]
	if v == nil {
		return nil, nil
	}
	bad := invalid(name, "Custom attribute '%s' must be of type %s", name, a.typ)
	switch a.typ {
	case "string":
		text, ok := v.(string)
		if !ok {
			return nil, bad
		}
		if len(a.options) == 0 && len([]rune(text)) > 255 {
			return nil, invalid(name, "Custom attribute '%s' is too long", name)
		}
	case "options", "list":
		text, ok := v.(string)
		if !ok {
			return nil, bad
		}
		for _, o := range a.options {
			if o.label == text && !o.archived {
				return v, nil
			}
		}
		return nil, invalid(name, "'%s' is not an option of '%s'", text, name)
	case "integer", "datetime", "date":
		n, ok := v.(json.Number)
		if !ok {
			return nil, bad
		}
		i, err := n.Int64()
		if err != nil {
			return nil, bad
		}
		return i, nil
	case "float", "decimal":
		n, ok := v.(json.Number)
		if !ok {
			return nil, bad
		}
		return n, nil
	case "boolean":
		if _, ok := v.(bool); !ok {
			return nil, bad
		}
	case "relationship":
		return s.linked(name, a.ref, v)
	case "files":
		return nil, invalid(name, "files are not taken by this sandbox here: what Intercom takes nobody knows")
	}
	return v, nil
}

// custom checks and merges a custom_attributes object.
func (s *Server) custom(model string, have map[string]any, in any) (map[string]any, error) {
	if in == nil {
		return have, nil
	}
	m, ok := in.(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "type_mismatch", "custom_attributes must be an object")
	}
	if model == "conversation" {
		// Two live ones of one name make every write fail, whatever is written (IC trap 26).
		seen := map[string]bool{}
		for _, a := range s.attrs {
			if a.model == "conversation" && !a.archived {
				if seen[a.name] {
					return nil, invalid("custom_attributes", "There is more than one attribute named '%s'", a.name)
				}
				seen[a.name] = true
			}
		}
	}
	out := map[string]any{}
	for k, v := range have {
		out[k] = v
	}
	for k, v := range m {
		got, err := s.value(model, k, v)
		if err != nil {
			return nil, err
		}
		if got == nil {
			delete(out, k)
		} else {
			if text, ok := got.(string); ok && len(text) <= 40 {
				got = s.same(text)
			}
			out[s.same(k)] = got
		}
	}
	return out, nil
}
