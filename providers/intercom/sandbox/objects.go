package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An objectType is made by a person, with its attributes and references; no call makes, changes or shows it (IC 2).
type objectType struct {
	identifier, name string
	attrs            []*objectAttribute
}

type objectAttribute struct {
	name, typ string
	options   []string
	ref       reference // of a relationship
}

// A reference is what a relationship attribute points to: contact, company, conversation, or a custom object type.
type reference struct {
	target string
	many   bool
}

// links are the value of a relationship attribute: the ids, as written; those that are gone are not shown.
type links struct {
	target string
	ids    []string
}

type instance struct {
	id, typ, externalID    string
	extCreated, extUpdated any // nil, or Unix seconds
	custom                 map[string]any
	created, updated       int64
}

var objectAttributeTypes = []string{"string", "integer", "decimal", "boolean", "datetime", "list", "relationship"}

func (s *Server) objectType(identifier string) *objectType {
	i := slices.IndexFunc(s.objectTypes, func(t *objectType) bool { return t.identifier == identifier })
	if i < 0 {
		return nil
	}
	return s.objectTypes[i]
}

func (t *objectType) attr(name string) *objectAttribute {
	i := slices.IndexFunc(t.attrs, func(a *objectAttribute) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return t.attrs[i]
}

// there says whether what a relationship would point to is there.
func (s *Server) there(target, id string) bool {
	switch target {
	case "contact":
		k := s.byID[id]
		return k != nil && k.state == live
	case "company":
		m := s.comps[id]
		return m != nil && !m.deleted
	case "conversation":
		n, err := convID(id)
		return err == nil && s.convs[n] != nil
	}
	o := s.instances[id]
	return o != nil && o.typ == target
}

// linked reads the value of a relationship attribute, one id or an array, which replaces the set (IC trap 13). Unknown
// ids are skipped in silence (IC 3.10).
func (s *Server) linked(name string, ref reference, v any) (any, error) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	out := links{target: ref.target}
	for _, e := range list {
		id, ok := object{"id": e}.idOf("id")
		if !ok {
			return nil, invalid(name, "Custom attribute '%s' must be an id or an array of ids", name)
		}
		if s.there(ref.target, id) && !slices.Contains(out.ids, id) {
			out.ids = append(out.ids, id)
		}
	}
	if !ref.many && len(list) > 1 {
		return nil, invalid(name, "Custom attribute '%s' takes one reference", name)
	}
	if len(out.ids) == 0 {
		return nil, nil
	}
	return out, nil
}

// customJSON shows attributes; a relationship reads as a list of what it points to, other than it is written (IC 3.1).
func (s *Server) customJSON(custom map[string]any, deep bool) map[string]any {
	out := map[string]any{}
	for name, v := range custom {
		l, ok := v.(links)
		if !ok {
			out[name] = v
			continue
		}
		all := []any{}
		for _, id := range l.ids {
			if !s.there(l.target, id) {
				continue
			}
			if o := s.instances[id]; o != nil && o.typ == l.target {
				all = append(all, s.instanceJSON(o, deep))
			} else {
				all = append(all, map[string]any{"type": l.target, "id": id})
			}
		}
		out[name] = map[string]any{"type": l.target + ".list", "instances": all}
	}
	return out
}

// instanceJSON shows an instance; what is inside another one shows no references of its own.
func (s *Server) instanceJSON(o *instance, deep bool) map[string]any {
	custom := o.custom
	if !deep {
		custom = maps.Clone(custom)
		maps.DeleteFunc(custom, func(_ string, v any) bool { _, is := v.(links); return is })
	}
	return map[string]any{"id": o.id, "type": o.typ, "external_id": orNull(o.externalID), "external_created_at": o.extCreated, "external_updated_at": o.extUpdated,
		"created_at": o.created, "updated_at": o.updated, "custom_attributes": s.customJSON(custom, false)}
}

func (c *call) pathObjectType() (*objectType, error) {
	if t := c.s.objectType(c.path[1]); t != nil {
		return t, nil
	}
	return nil, refuse(http.StatusNotFound, "not_found", "Custom object type `%s` not found", c.path[1])
}

// date reads a time as instances take it: seconds or ISO 8601; what cannot be read is null and no error (IC trap 12).
func date(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil && i >= 0 && i < 1<<34 {
			return i
		}
	case string:
		for _, layout := range []string{time.RFC3339, "2006-01-02"} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.Unix()
			}
		}
	}
	return nil
}

// value makes of a written value what is kept; nil clears. A list value that is no option clears (IC 3.10).
func (a *objectAttribute) value(v any) (any, error) {
	bad := invalid(a.name, "Custom attribute '%s' must be of type %s", a.name, a.typ)
	switch a.typ {
	case "datetime":
		return date(v), nil
	case "list":
		if text, ok := v.(string); ok && slices.Contains(a.options, text) {
			return v, nil
		}
		return nil, nil
	case "string":
		if _, ok := v.(string); !ok {
			return nil, bad
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return nil, bad
		}
	default:
		n, ok := v.(json.Number)
		if !ok {
			return nil, bad
		}
		if a.typ == "integer" {
			i, err := n.Int64()
			if err != nil {
				return nil, bad
			}
			return i, nil
		}
	}
	return v, nil
}

// objectAttributes merges custom_attributes into have, which stays as it is.
func (s *Server) objectAttributes(t *objectType, have map[string]any, in any) (map[string]any, error) {
	out := maps.Clone(have)
	if out == nil {
		out = map[string]any{}
	}
	if in == nil {
		return out, nil
	}
	m, ok := in.(map[string]any)
	if !ok {
		return nil, refuse(http.StatusBadRequest, "type_mismatch", "custom_attributes must be an object")
	}
	for name, v := range m {
		a := t.attr(name)
		if a == nil {
			return nil, invalid(name, "Custom attribute '%s' does not exist", name)
		}
		var got any
		var err error
		switch {
		case v == nil:
		case a.typ == "relationship":
			got, err = s.linked(name, a.ref, v)
		default:
			got, err = a.value(v)
		}
		if err != nil {
			return nil, err
		}
		if out[name] = got; got == nil {
			delete(out, name)
		}
	}
	return out, nil
}

// byExternalID finds an instance; without an external id there is none to find.
func (s *Server) byExternalID(typ, key string) *instance {
	return s.byExternal[typ+" "+key]
}

// upsertInstance finds by external_id, and without one makes a new instance every time (IC 3.10).
func (c *call) upsertInstance() (any, error) {
	t, err := c.pathObjectType()
	if err != nil {
		return nil, err
	}
	if err := c.body.only("external_id", "external_created_at", "external_updated_at", "custom_attributes"); err != nil {
		return nil, err
	}
	key, _, err := c.body.str("external_id")
	if err != nil {
		return nil, err
	}
	if key == "reference_not_found" {
		return nil, invalid("external_id", "reference_not_found is a reserved external_id")
	}
	o := c.s.byExternalID(t.identifier, key)
	found := o != nil
	if !found {
		o = &instance{typ: t.identifier, externalID: key, created: c.s.now()}
	}
	custom, err := c.s.objectAttributes(t, o.custom, c.body["custom_attributes"])
	if err != nil {
		return nil, err
	}
	for name, to := range map[string]*any{"external_created_at": &o.extCreated, "external_updated_at": &o.extUpdated} {
		if v, ok := c.body[name]; ok {
			*to = date(v)
		}
	}
	o.custom, o.updated = custom, c.s.now()
	if !found {
		o.id = c.s.shortID()
		c.s.instances[o.id] = o
		if key != "" {
			c.s.byExternal[t.identifier+" "+key] = o
		}
		c.s.instanceOrder = append(c.s.instanceOrder, o)
	}
	return c.s.instanceJSON(o, true), nil
}

func objectNotFound() error {
	return refuse(http.StatusNotFound, "not_found", "Object not found")
}

// listInstances shows the newest first, or for external_id the one instance instead of a list.
func (c *call) listInstances() (any, error) {
	t, err := c.pathObjectType()
	if err != nil {
		return nil, err
	}
	q := c.r.URL.Query()
	if q.Has("external_id") {
		if o := c.s.byExternalID(t.identifier, q.Get("external_id")); o != nil {
			return c.s.instanceJSON(o, true), nil
		}
		return nil, objectNotFound()
	}
	if c.s.version == "2.15" {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "external_id is required")
	}
	page, per, err := c.page(20, 150)
	if err != nil {
		return nil, err
	}
	all := []any{}
	total := 0
	for _, o := range slices.Backward(c.s.instanceOrder) {
		if o.typ != t.identifier || q.Has("references_contact_id") && !c.s.references(o, "contact", q.Get("references_contact_id")) ||
			q.Has("references_conversation_id") && !c.s.references(o, "conversation", q.Get("references_conversation_id")) {
			continue
		}
		if total++; total > (page-1)*per && total <= page*per {
			all = append(all, c.s.instanceJSON(o, true))
		}
	}
	return map[string]any{"type": "list", "data": all, "total_count": total, "pages": pages(page, per, total)}, nil
}

// references says whether a contact or conversation and an instance are linked, from either side.
func (s *Server) references(o *instance, target, id string) bool {
	var other map[string]any
	if target == "contact" {
		if k := s.byID[id]; k != nil {
			other = k.custom
		}
	} else if n, err := convID(id); err == nil && s.convs[n] != nil {
		other = s.convs[n].custom
	}
	has := func(custom map[string]any, target, id string) bool {
		for _, v := range custom {
			if l, ok := v.(links); ok && l.target == target && slices.Contains(l.ids, id) {
				return true
			}
		}
		return false
	}
	return has(other, o.typ, o.id) || has(o.custom, target, id)
}

// getInstance takes an id or an external_id, and the first of them that fits.
func (c *call) getInstance() (any, error) {
	t, err := c.pathObjectType()
	if err != nil {
		return nil, err
	}
	if o := c.s.instances[c.path[2]]; o != nil && o.typ == t.identifier {
		return c.s.instanceJSON(o, true), nil
	}
	if o := c.s.byExternalID(t.identifier, c.path[2]); o != nil {
		return c.s.instanceJSON(o, true), nil
	}
	return nil, objectNotFound()
}

func (c *call) deleteInstance() (any, error) {
	t, err := c.pathObjectType()
	if err != nil {
		return nil, err
	}
	var o *instance
	if len(c.path) > 2 {
		o = c.s.instances[c.path[2]]
	} else {
		o = c.s.byExternalID(t.identifier, c.r.URL.Query().Get("external_id"))
	}
	if o == nil || o.typ != t.identifier {
		return nil, objectNotFound()
	}
	c.s.removeInstance(o)
	return map[string]any{"id": o.id, "object": t.identifier, "deleted": true}, nil
}

// removeInstance: the links to it are not shown any more, and what takes its external_id later has another id (IC 3.13).
func (s *Server) removeInstance(o *instance) {
	delete(s.instances, o.id)
	if o.externalID != "" {
		delete(s.byExternal, o.typ+" "+o.externalID)
	}
	s.instanceOrder = slices.DeleteFunc(s.instanceOrder, func(x *instance) bool { return x == o })
}

// newObjectAttribute checks what a person would have entered.
func newObjectAttribute(name, typ string, options []string, target string, many bool) (*objectAttribute, error) {
	switch {
	case name == "" || !slices.Contains(objectAttributeTypes, typ):
		return nil, fmt.Errorf("attribute %q has data_type %q, want one of %s", name, typ, strings.Join(objectAttributeTypes, ", "))
	case typ == "list" && len(options) == 0:
		return nil, fmt.Errorf("attribute %q has no options", name)
	case (typ == "relationship") != (target != ""):
		return nil, fmt.Errorf("attribute %q is a relationship or has a reference, not both", name)
	}
	return &objectAttribute{name: name, typ: typ, options: options, ref: reference{target, many}}, nil
}

// json shows a type to whoever dumps the workspace; the API does not show it.
func (t *objectType) json() map[string]any {
	attrs := []any{}
	for _, a := range t.attrs {
		o := map[string]any{"name": a.name, "data_type": a.typ}
		if a.typ == "list" {
			o["options"] = a.options
		}
		if a.typ == "relationship" {
			o["reference"] = map[string]any{"type": a.ref.kind(), "object_type_id": a.ref.target}
		}
		attrs = append(attrs, o)
	}
	return map[string]any{"identifier": t.identifier, "name": t.name, "attributes": attrs}
}
