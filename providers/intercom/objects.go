package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/providers/transport"
)

// ObjectIdentifier is what addresses call the type that a custom_object block declares.
func ObjectIdentifier(f plan.Fields, label string) string {
	if id, _ := f["identifier"].(string); id != "" {
		return id
	}
	name, _ := f["name"].(string)
	if name == "" {
		name = label
	}
	return strings.ReplaceAll(strings.TrimSpace(name), " ", "_")
}

// The id of an object is its type's identifier and Intercom's id, since every call needs both: "Change/21".
func objectID(typ, id string) string { return typ + "/" + id }

// plainID is the id as relationships have it (IC 3.1): that of an object without its type.
func plainID(v plan.Value) plan.Value {
	if id, ok := v.(string); ok {
		return id[strings.LastIndexByte(id, '/')+1:]
	}
	return v
}

func plainIDs(v plan.Value) []plan.Value {
	out := []plan.Value{}
	l, _ := v.([]plan.Value)
	for _, m := range l {
		out = append(out, plainID(m))
	}
	return out
}

// objectPath is the address of the instances of a type.
func objectPath(typ string) string { return "/custom_object_instances/" + url.PathEscape(typ) }

// sweepObjects looks at the types that the configuration names: no call lists them (IC 2).
func (r *Reader) sweepObjects(ctx context.Context, kind string, yield func(plan.Live, error) bool) error {
	for _, typ := range r.c.ObjectTypes {
		const size = 150
		for page := 1; ; page++ {
			env := map[string]json.RawMessage{}
			err := r.c.read(ctx, http.MethodGet, fmt.Sprintf("%s?page=%d&per_page=%d", objectPath(typ), page, size), nil, &env, "GET /custom_object_instances")
			if errors.Is(err, plan.ErrNotFound) {
				break // nobody has made the type
			}
			if err != nil {
				return err
			}
			if kind == "custom_object" {
				if !yield(plan.Live{Kind: kind, ID: typ, PartCount: -1, Fields: plan.Fields{"identifier": typ}}, nil) {
					return errStopped
				}
				break
			}
			items, err := listOf(env, "data")
			if err != nil {
				return fmt.Errorf("intercom: GET /custom_object_instances: %w", err)
			}
			if err := r.emit(ctx, kind, items, yield); err != nil {
				return err
			}
			if len(items) < size {
				break
			}
		}
	}
	return nil
}

// objectAttributes are believed to be there once their type is: no call lists them. What an instance shows is proven.
func (r *Reader) objectAttributes(ctx context.Context, yield func(plan.Live, error) bool) error {
	seen := map[string]map[string]bool{} // by type, nil for one that is not there
	for _, a := range r.c.ObjectAttributes {
		names, asked := seen[a.Of]
		if !asked {
			var err error
			if names, err = r.shownAttributes(ctx, a.Of); err != nil {
				return err
			}
			seen[a.Of] = names
		}
		if names == nil {
			continue
		}
		f := plan.Fields{"of": a.Of, "name": a.Name}
		if names[a.Name] {
			f[plan.ProvenField] = true
		}
		if !yield(plan.Live{Kind: "object_attribute", ID: attributeID(a.Of, a.Name), PartCount: -1, Fields: f}, nil) {
			return errStopped
		}
	}
	return nil
}

func attributeID(typ, name string) string { return typ + "/" + name }

// shownAttributes are those that the first page of a type's instances shows; nil when the type is not there.
func (r *Reader) shownAttributes(ctx context.Context, typ string) (map[string]bool, error) {
	env := map[string]json.RawMessage{}
	err := r.c.read(ctx, http.MethodGet, objectPath(typ)+"?page=1&per_page=150", nil, &env, "GET /custom_object_instances")
	if errors.Is(err, plan.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items, err := listOf(env, "data")
	if err != nil {
		return nil, fmt.Errorf("intercom: GET /custom_object_instances: %w", err)
	}
	names := map[string]bool{}
	for _, raw := range items {
		var o struct {
			Custom map[string]json.RawMessage `json:"custom_attributes"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, fmt.Errorf("intercom: GET /custom_object_instances: %w", err)
		}
		for name := range o.Custom {
			names[name] = true
		}
	}
	return names, nil
}

// An ObjectAttribute names an attribute of a custom object type that the configuration declares.
type ObjectAttribute struct{ Of, Name, DataType string }

func convertObject(raw json.RawMessage, l *plan.Live) error {
	var o struct {
		ID         text                       `json:"id"`
		Type       string                     `json:"type"`
		ExternalID *string                    `json:"external_id"`
		Created    *int64                     `json:"external_created_at"`
		Changed    *int64                     `json:"external_updated_at"`
		Updated    int64                      `json:"updated_at"`
		Custom     map[string]json.RawMessage `json:"custom_attributes"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	if o.ID == "" || o.Type == "" {
		return errors.New("it has no id or no type")
	}
	l.ID, l.UpdatedAt = objectID(o.Type, string(o.ID)), o.Updated
	f := l.Fields
	f["type"], f["external_id"], f["created_at"], f["updated_at"] = o.Type, orNil(o.ExternalID), orNilInt(o.Created), orNilInt(o.Changed)
	return custom(o.Custom, f)
}

// linkedIDs reads the value of a relationship: {"type":"Change.list","instances":[{"id":…,"type":"Change"}]} (IC 3.1).
func linkedIDs(v plan.Value) ([]plan.Value, bool) {
	m, ok := v.(map[string]plan.Value)
	if !ok {
		return nil, false
	}
	instances, ok := m["instances"].([]plan.Value)
	if !ok {
		return nil, false
	}
	out := []plan.Value{}
	for _, i := range instances {
		one, _ := i.(map[string]plan.Value)
		id, typ := scalar(one["id"]), scalar(one["type"])
		switch typ {
		case "contact", "company", "conversation", "":
			out = append(out, id)
		default:
			out = append(out, objectID(typ, id))
		}
	}
	return out, true
}

func (b *builder) object() {
	c := b.c
	payload, fields := b.values(""), b.set("")
	fields = append(fields, b.links(payload)...)
	if len(fields) == 0 {
		return
	}
	payload["type"], payload["external_id"] = c.Want["type"], c.Want["external_id"]
	op := "update_object"
	if c.Action == plan.Create {
		op = "create_object"
	}
	b.add(op, "", plan.Step{Repeatable: true, Fields: fields, Payload: payload}) // an upsert by external_id (IC 4.1)
}

// links adds to a payload the whole sets of the relationships that change, since an array replaces the set (IC trap 13): what
// is there, without what we take out, and ours.
func (b *builder) links(payload plan.Fields) []string {
	var fields []string
	for _, f := range b.c.Fields {
		if !strings.HasPrefix(f.Field, "links.") || f.What != "add" && f.What != "remove" {
			continue
		}
		set, begun := payload[f.Field].([]plan.Value)
		if !begun {
			have, _ := f.Before.([]plan.Value)
			set, fields = slices.Clone(have), append(fields, f.Field)
		}
		members, _ := f.After.([]plan.Value)
		for _, m := range members {
			same := func(v plan.Value) bool { return plan.Equal(v, m) }
			set = slices.DeleteFunc(set, same)
			if f.What == "add" {
				set = append(set, m)
			}
		}
		payload[f.Field] = set
	}
	return fields
}

// writeObject upserts an instance and reads back what Intercom made of it.
func (w *Writer) writeObject(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	typ, _ := p["type"].(string)
	in := body(p)
	delete(in, "type")
	for from, to := range map[string]string{"created_at": "external_created_at", "updated_at": "external_updated_at"} {
		if v, ok := in[from]; ok {
			delete(in, from)
			in[to] = v
		}
	}
	res, err := w.object(ctx, s, http.MethodPost, objectPath(typ), in)
	var he *transport.HTTPError
	if errors.As(err, &he) && he.Status == http.StatusNotFound {
		return res, &plan.StepError{Step: s.Op, Status: he.Status, Verdict: plan.Permanent, Message: "custom object type " + typ + " is not there; make it, then plan again"}
	}
	if errors.As(err, &he) {
		return res, w.namesAttribute(s, typ, he)
	}
	if err != nil {
		return res, err
	}
	for _, name := range s.Fields {
		want, have := p[name], res.Live.Fields[name]
		if strings.HasPrefix(name, "links.") {
			h, _ := have.([]plan.Value)
			for _, m := range plainIDs(want) {
				if !slices.ContainsFunc(plainIDs(h), func(v plan.Value) bool { return plan.Equal(v, m) }) {
					return res, dropped(s, typ, name, "a reference in it leads to nothing that Intercom knows, or the relationship leads to something else")
				}
			}
			continue
		}
		if !plan.Equal(want, have) {
			err := dropped(s, typ, name, "the attribute is not there, is of another type, or lacks the option")
			if attr, ok := strings.CutPrefix(name, "attributes."); ok && w.dataType(typ, attr) != "list" {
				err.Lacks = plan.Thing{Kind: "object_attribute", ID: attributeID(typ, attr)} // only a list has values of its own that can be missing
			}
			return res, err
		}
	}
	for _, name := range s.Fields {
		if _, attr, ok := strings.Cut(name, "."); ok && p[name] != nil && !plan.Equal(p[name], []plan.Value{}) {
			res.Proves = append(res.Proves, plan.Thing{Kind: "object_attribute", ID: attributeID(typ, attr)})
		}
	}
	return res, nil
}

func (w *Writer) dataType(typ, attr string) string {
	for _, a := range w.c.ObjectAttributes {
		if a.Of == typ && a.Name == attr {
			return a.DataType
		}
	}
	return ""
}

// namesAttribute says which of the attributes that were written a refusal is about; the configuration's names are nobody's
// data.
func (w *Writer) namesAttribute(s plan.Step, typ string, he *transport.HTTPError) error {
	e := parseError(he)
	if he.Status != http.StatusBadRequest && he.Status != http.StatusUnprocessableEntity {
		return he
	}
	for _, name := range s.Fields {
		_, attr, ok := strings.Cut(name, ".")
		if !ok || e.Field != attr && e.Field != "custom_attributes."+attr && !strings.Contains(e.Message, "'"+attr+"'") && !strings.Contains(e.Message, "\""+attr+"\"") {
			continue
		}
		return &plan.StepError{Step: s.Op, Status: he.Status, Code: e.Code, Verdict: plan.Permanent, Lacks: plan.Thing{Kind: "object_attribute", ID: attributeID(typ, attr)},
			Message: fmt.Sprintf("Intercom does not take attribute %s of custom object type %s: it is not there, or is of another type; add or correct it under Settings > Data > Custom Objects, then apply --only-failed (HTTP %d %s: %s)", attr, typ, he.Status, e.Code, w.c.Redact.Text(e.Message))}
	}
	return he
}

// dropped reports a value that was written, answered with success and not kept (IC trap 12).
func dropped(s plan.Step, typ, field, why string) *plan.StepError {
	_, name, ok := strings.Cut(field, ".")
	if !ok {
		name = field
	}
	return &plan.StepError{Step: s.Op, Code: "dropped", Verdict: plan.Permanent, Message: fmt.Sprintf("Intercom did not keep %s of custom object type %s: %s; open it under Settings > Data > Custom Objects, then apply --only-failed", name, typ, why)}
}

// object checks a wanted custom object. attr knows the attributes of a type by the model "object_attribute/TYPE".
func (n *normal) object(attr func(model, name string) (plan.AttributeDef, bool)) {
	model := nested("object_attribute", n.w.Fields["type"])
	n.attributes(model, attr)
	n.relationships(model, attr)
	n.empty("created_at", "updated_at")
	switch id := strings.TrimSpace(n.text("external_id")); {
	case id == "":
		n.problem("external_id", "required", "is empty, and an object without one would be made anew each time (IC 3.10)")
	case id == "reference_not_found":
		n.problem("external_id", "reserved", "is a reserved word of Intercom's (IC 3.10); prefix it")
	case !strings.ContainsFunc(id, func(r rune) bool { return r < '0' || r > '9' }):
		n.problem("external_id", "looks_like_an_id", "consists of digits alone, as Intercom's own ids do, and an address could mean either (IC 3.10); prefix it: \"itsm:${each.UUID}\"")
	}
}

// relationships checks that links are written to relationships, and to nothing else.
func (n *normal) relationships(model string, attr func(model, name string) (plan.AttributeDef, bool)) {
	for field, v := range n.w.Fields {
		name, ok := strings.CutPrefix(field, "links.")
		if !ok {
			continue
		}
		if v == nil {
			n.w.Fields[field] = []plan.Value{}
		}
		if def, ok := attr(model, name); ok && def.DataType != "relationship" {
			n.problem(field, "not_a_relationship", "is no relationship; write its value under attributes")
		}
	}
}

// objectAttribute checks a definition; what it leads to is for the person who makes it.
func (n *normal) objectAttribute() {
	n.nestedName()
	f := n.w.Fields
	opts, _ := f["options"].([]plan.Value)
	switch typ := n.text("data_type"); {
	case typ == "list" && len(opts) == 0:
		n.problem("options", "too_few", "a list needs its options")
	case typ != "list" && len(opts) > 0:
		n.problem("options", "not_a_list", "only data_type = \"list\" has options")
	case typ == "relationship" && (f["to"] == nil) == (n.text("object_type") == ""):
		n.problem("to", "required", "a relationship leads to one thing: say to, or object_type")
	case typ != "relationship" && (f["to"] != nil || f["object_type"] != nil || f["many"] != nil):
		n.problem("data_type", "not_a_relationship", "only data_type = \"relationship\" leads to something")
	}
}

// nestedName gives an attribute the name of its block when it has no other.
func (n *normal) nestedName() {
	if n.w.Fields["name"] == nil {
		_, n.w.Fields["name"], _ = strings.Cut(n.w.Key, "/")
	}
}
