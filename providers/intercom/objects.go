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

// objectAttributes are believed to be there once their type is: no call shows them.
func (r *Reader) objectAttributes(ctx context.Context, yield func(plan.Live, error) bool) error {
	there := map[string]bool{}
	for _, a := range r.c.ObjectAttributes {
		known, asked := there[a.Of]
		if !asked {
			var raw json.RawMessage
			err := r.c.read(ctx, http.MethodGet, objectPath(a.Of)+"?page=1&per_page=1", nil, &raw, "GET /custom_object_instances")
			if err != nil && !errors.Is(err, plan.ErrNotFound) {
				return err
			}
			known = err == nil
			there[a.Of] = known
		}
		if known && !yield(plan.Live{Kind: "object_attribute", ID: a.Of + "/" + a.Name, PartCount: -1, Fields: plan.Fields{"of": a.Of, "name": a.Name}}, nil) {
			return errStopped
		}
	}
	return nil
}

// An ObjectAttribute names an attribute of a custom object type that the configuration declares.
type ObjectAttribute struct{ Of, Name string }

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
			return res, dropped(s, typ, name, "the attribute is not there, is of another type, or lacks the option")
		}
	}
	return res, nil
}

// dropped reports a value that was written, answered with success and not kept (IC trap 12).
func dropped(s plan.Step, typ, field, why string) error {
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
