package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"deskform/plan"
	"deskform/providers/transport"
)

// A ticketType is what the client must know of a type to write values and to read them: attributes by name, and the GUIDs
// of list items, which stand for their labels on the wire (IC trap 16).
type ticketType struct {
	raw        json.RawMessage
	id         string
	category   string
	firstState string // the one that new tickets have
	archived   bool
	attributes []ticketAttribute
}

type ticketAttribute struct {
	id, name, dataType string
	description        *string
	flags              map[string]bool
	multiline          *bool // of a string, where it is shown
	items              []listItem
}

// attributeFlags are what the API can set of an attribute with true and false (IC 3.8).
var attributeFlags = []string{"visible_to_contacts", "visible_on_create", "required_to_create", "required_to_create_for_contacts"}

type listItem struct{ id, label string }

func (t *ticketType) attribute(name string) *ticketAttribute {
	i := slices.IndexFunc(t.attributes, func(a ticketAttribute) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &t.attributes[i]
}

// errNoID: an answer shows something that nobody could ever refer to.
var errNoID = errors.New("it has no id")

// attributeJSON is an attribute of a ticket type on the wire.
type attributeJSON struct {
	ID          text            `json:"id"`
	Name        string          `json:"name"`
	DataType    string          `json:"data_type"`
	Description *string         `json:"description"`
	Visible     bool            `json:"visible_to_contacts"`
	OnCreate    bool            `json:"visible_on_create"`
	Required    bool            `json:"required_to_create"`
	OfContacts  bool            `json:"required_to_create_for_contacts"`
	Archived    bool            `json:"archived"`
	Options     json.RawMessage `json:"input_options"`
}

func (a attributeJSON) read() (ticketAttribute, error) {
	out := ticketAttribute{id: string(a.ID), name: a.Name, dataType: a.DataType, description: a.Description,
		flags: map[string]bool{"visible_to_contacts": a.Visible, "visible_on_create": a.OnCreate, "required_to_create": a.Required, "required_to_create_for_contacts": a.OfContacts}}
	if out.id == "" {
		return out, fmt.Errorf("attribute %s: %w", a.Name, errNoID)
	}
	if a.DataType == "string" {
		var shape struct {
			Multiline *bool `json:"multiline"`
		}
		if json.Unmarshal(a.Options, &shape) == nil { // no source tells its shape for certain
			out.multiline = shape.Multiline
		}
	}
	var err error
	if a.DataType == "list" {
		if out.items, err = listItems(a.Options); err != nil {
			return out, fmt.Errorf("attribute %s: %w", a.Name, err)
		}
	}
	return out, nil
}

// parseTicketType leaves archived attributes out.
func parseTicketType(raw json.RawMessage) (t ticketType, err error) {
	var in struct {
		ID         text   `json:"id"`
		Category   string `json:"category"`
		Archived   bool   `json:"archived"`
		Attributes struct {
			Data []attributeJSON `json:"data"`
			More []attributeJSON `json:"ticket_type_attributes"` // the schema's name for it (IC 1.4)
		} `json:"ticket_type_attributes"`
		States struct {
			Data []struct {
				ID       text   `json:"id"`
				Category string `json:"category"`
			} `json:"data"`
		} `json:"ticket_states"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return t, err
	}
	t.raw, t.id, t.category, t.archived = raw, string(in.ID), in.Category, in.Archived
	if t.id == "" {
		return t, errNoID
	}
	for _, s := range in.States.Data {
		if s.Category == "submitted" {
			t.firstState = string(s.ID)
			break
		}
	}
	for _, a := range append(in.Attributes.Data, in.Attributes.More...) {
		if a.Archived {
			continue
		}
		out, err := a.read()
		if err != nil {
			return t, err
		}
		t.attributes = append(t.attributes, out)
	}
	return t, nil
}

// listItems reads the options of a list, whose exact shape no source tells: any array of objects with an id and a name or
// label, in the field itself or below a key of it (IC 7 #13).
func listItems(raw json.RawMessage) ([]listItem, error) {
	var arrays []json.RawMessage
	if json.Unmarshal(raw, &arrays) != nil {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, errors.New("its list items cannot be read")
		}
		for _, v := range object {
			if json.Unmarshal(v, &arrays) == nil {
				break
			}
		}
	}
	var out []listItem
	for _, r := range arrays {
		var o struct {
			ID       text   `json:"id"`
			Label    string `json:"label"`
			Name     string `json:"name"`
			Archived bool   `json:"archived"`
		}
		if err := json.Unmarshal(r, &o); err != nil || o.ID == "" || o.Label+o.Name == "" {
			return nil, errors.New("its list items have no id and label")
		}
		if o.Label == "" {
			o.Label = o.Name
		}
		if !o.Archived {
			out = append(out, listItem{string(o.ID), o.Label})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it is a list without items")
	}
	return out, nil
}

// types reads the ticket types, archived ones too, which old tickets have. They are read once until forget, or anew.
func (c *core) types(ctx context.Context, anew bool) ([]ticketType, error) {
	c.typesMu.Lock()
	defer c.typesMu.Unlock()
	if c.ticketTypes != nil && !anew {
		return c.ticketTypes, nil
	}
	env := map[string]json.RawMessage{}
	if err := c.read(ctx, http.MethodGet, "/ticket_types", nil, &env, "GET /ticket_types"); err != nil {
		return nil, err
	}
	items, err := listOf(env, "data")
	if err != nil {
		return nil, fmt.Errorf("intercom: GET /ticket_types: %w", err)
	}
	out := []ticketType{}
	for _, raw := range items {
		t, err := parseTicketType(raw)
		if err != nil {
			return nil, fmt.Errorf("intercom: GET /ticket_types: type %s: %w", t.id, err)
		}
		out = append(out, t)
	}
	c.ticketTypes = out
	return out, nil
}

// forgetTypes makes the next look at ticket types a new one.
func (c *core) forgetTypes() {
	c.typesMu.Lock()
	c.ticketTypes = nil
	c.typesMu.Unlock()
}

// Forget makes the next look at what is looked up once a new one: the ticket types, whose list items values are written by.
func (r *Reader) Forget() { r.c.forgetTypes() }

// ticketType finds a type by its id; it may be newer than our last look.
func (c *core) ticketType(ctx context.Context, id string) (*ticketType, error) {
	for _, anew := range []bool{false, true} {
		types, err := c.types(ctx, anew)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(types, func(t ticketType) bool { return t.id == id }); i >= 0 {
			return &types[i], nil
		}
	}
	return nil, fmt.Errorf("ticket type %s is not in the workspace: %w", id, plan.ErrNotFound)
}

// sweepTypes yields the types themselves or their attributes.
func (r *Reader) sweepTypes(ctx context.Context, kind string, yield func(plan.Live, error) bool) error {
	types, err := r.c.types(ctx, true)
	if err != nil {
		return err
	}
	for _, t := range types {
		if t.archived {
			continue
		}
		var out []plan.Live
		if kind == "ticket_attribute" {
			for _, a := range t.attributes {
				if a.name != TitleAttribute && a.name != DescriptionAttribute {
					out = append(out, a.live(t.id))
				}
			}
		} else {
			l, err := t.live()
			if err != nil {
				return err
			}
			out = append(out, l)
		}
		for _, l := range out {
			if !yield(l, nil) {
				return errStopped
			}
		}
	}
	return nil
}

func (t *ticketType) live() (plan.Live, error) {
	var in struct {
		Name        string  `json:"name"`
		Category    string  `json:"category"`
		Description *string `json:"description"`
		Icon        *string `json:"icon"`
	}
	if err := json.Unmarshal(t.raw, &in); err != nil {
		return plan.Live{}, err
	}
	required := []plan.Value{}
	for _, a := range t.attributes {
		if a.flags["required_to_create"] {
			required = append(required, a.name)
		}
	}
	return plan.Live{Kind: "ticket_type", ID: t.id, PartCount: -1, Fields: plan.Fields{
		"name": in.Name, "category": in.Category, "description": orNil(in.Description), "icon": orNil(in.Icon), "first_state": t.firstState, RequiredField: required,
	}}, nil
}

func (a *ticketAttribute) live(typ string) plan.Live {
	options := []plan.Value{}
	for _, i := range a.items {
		options = append(options, i.label)
	}
	f := plan.Fields{"of": typ, "name": a.name, "data_type": a.dataType, "options": options, "description": orNil(a.description)}
	for name, v := range a.flags {
		f[name] = v
	}
	if a.multiline != nil {
		f["multiline"] = *a.multiline
	}
	return plan.Live{Kind: "ticket_attribute", ID: typ + "/" + a.id, PartCount: -1, Fields: f}
}

// RequiredField is where Reader keeps the names of the attributes without which no ticket of a type can be made; no field of
// the language.
const RequiredField = "required"

// states yields the ticket states; first are those that a new ticket can have.
func (r *Reader) states(ctx context.Context, yield func(plan.Live, error) bool) error {
	env := map[string]json.RawMessage{}
	if err := r.c.read(ctx, http.MethodGet, "/ticket_states", nil, &env, "GET /ticket_states"); err != nil {
		return err
	}
	items, err := listOf(env, "data")
	if err != nil {
		return fmt.Errorf("intercom: GET /ticket_states: %w", err)
	}
	first := true
	for _, raw := range items {
		var s struct {
			ID       text   `json:"id"`
			Category string `json:"category"`
			Label    string `json:"internal_label"`
			Archived bool   `json:"archived"`
			Types    struct {
				Data []struct {
					ID text `json:"id"`
				} `json:"data"`
			} `json:"ticket_types"`
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("intercom: GET /ticket_states: %w", err)
		}
		if s.ID == "" {
			return fmt.Errorf("intercom: GET /ticket_states: state %s: %w", s.Label, errNoID)
		}
		if s.Archived {
			continue
		}
		types := []plan.Value{}
		for _, t := range s.Types.Data {
			types = append(types, string(t.ID))
		}
		f := plan.Fields{"name": s.Label, "category": s.Category, "types": types, "first": false}
		if s.Category == "submitted" && first {
			f["first"], first = true, false
		}
		if !yield(plan.Live{Kind: "ticket_state", ID: string(s.ID), PartCount: -1, Fields: f}, nil) {
			return errStopped
		}
	}
	return nil
}

// convertTicket reads a ticket; list values become their labels.
func (r *Reader) convertTicket(ctx context.Context, raw json.RawMessage, l *plan.Live) error {
	var t struct {
		ID        text                       `json:"id"`
		CreatedAt int64                      `json:"created_at"`
		Updated   int64                      `json:"updated_at"`
		Open      bool                       `json:"open"`
		Snoozed   *int64                     `json:"snoozed_until"`
		Admin     text                       `json:"admin_assignee_id"`
		Team      text                       `json:"team_assignee_id"`
		Company   text                       `json:"company_id"`
		Custom    map[string]json.RawMessage `json:"ticket_attributes"`
		Type      struct {
			ID text `json:"id"`
		} `json:"ticket_type"`
		State struct {
			ID text `json:"id"`
		} `json:"ticket_state"`
		Contacts struct {
			Contacts []struct {
				ID string `json:"id"`
			} `json:"contacts"`
		} `json:"contacts"`
		Tags *struct {
			Tags []struct {
				ID text `json:"id"`
			} `json:"tags"`
		} `json:"tags"`
		Parts *struct {
			Parts []livePart `json:"ticket_parts"`
			Total int        `json:"total_count"`
		} `json:"ticket_parts"`
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return err
	}
	l.ID, l.UpdatedAt = string(t.ID), t.Updated
	f := l.Fields
	f["type"], f["created_at"], f["ticket_state"] = string(t.Type.ID), t.CreatedAt, string(t.State.ID)
	f["assign.team"], f["assign.teammate"], f["company"] = assignee(t.Team), assignee(t.Admin), assignee(t.Company)
	f["state"], f["snoozed_until"] = "closed", nil
	if t.Open {
		f["state"] = "open"
	}
	if t.Snoozed != nil && *t.Snoozed != 0 {
		f["state"], f["snoozed_until"] = "snoozed", *t.Snoozed
	}
	if len(t.Contacts.Contacts) > 0 {
		f["contact"] = t.Contacts.Contacts[0].ID
	}
	if t.Tags != nil { // no schema promises them (IC 2)
		tags := []plan.Value{}
		for _, x := range t.Tags.Tags {
			tags = append(tags, string(x.ID))
		}
		f["tags"] = tags
	}
	if err := custom(t.Custom, f); err != nil {
		return err
	}
	f["title"], f["body"] = f["attributes."+TitleAttribute], f["attributes."+DescriptionAttribute]
	delete(f, "attributes."+TitleAttribute)
	delete(f, "attributes."+DescriptionAttribute)
	f[plan.MarkerField] = f["attributes."+KeyAttribute]
	typ, err := r.c.ticketType(ctx, string(t.Type.ID))
	switch {
	case errors.Is(err, plan.ErrNotFound): // of a type that is gone, whose lists cannot be read
	case err != nil:
		return err
	default:
		for _, a := range typ.attributes {
			for _, i := range a.items {
				if f["attributes."+a.name] == i.id {
					f["attributes."+a.name] = i.label
				}
			}
		}
	}
	if t.Parts != nil {
		l.PartCount = t.Parts.Total
		takeParts(l, t.Parts.Parts, t.Parts.Total)
	}
	return nil
}

// ticketValues are a payload's attributes as the wire wants them.
func (w *Writer) ticketValues(ctx context.Context, typ string, p plan.Fields) (map[string]any, error) {
	out := map[string]any{}
	for k, v := range p {
		name, ok := strings.CutPrefix(k, "attributes.")
		if !ok {
			continue
		}
		out[name] = v
		label, isText := v.(string)
		if !isText {
			continue
		}
		t, err := w.c.ticketType(ctx, typ)
		if err != nil {
			return nil, err
		}
		a := t.attribute(name)
		if a == nil || a.dataType != "list" {
			continue
		}
		i := slices.IndexFunc(a.items, func(i listItem) bool { return i.label == label })
		if i < 0 {
			return nil, fmt.Errorf("attribute %s has no list item of this name in Intercom; plan again", name)
		}
		out[name] = a.items[i].id
	}
	if v, ok := p["title"]; ok {
		out[TitleAttribute] = v
	}
	if v, ok := p["body"]; ok {
		out[DescriptionAttribute] = v
	}
	if key, ok := p["key"]; ok {
		out[KeyAttribute] = key
	}
	return out, nil
}

// ticketing carries out the steps of tickets and their definitions; ok is false for other steps.
func (w *Writer) ticketing(ctx context.Context, s plan.Step) (res plan.Result, ok bool, err error) {
	p := s.Payload
	switch s.Op {
	case "create_ticket_type", "update_ticket_type":
		method, path := http.MethodPost, "/ticket_types"
		if s.ID != "" {
			method, path = http.MethodPut, path+"/"+s.ID
		}
		defer w.c.forgetTypes()
		text, err := w.c.send(ctx, method, path, p, s.Op, "")
		if err != nil {
			return res, true, err
		}
		t, err := parseTicketType(text)
		if err != nil {
			return res, true, &unreadable{fmt.Errorf("read a ticket type: %w", err)}
		}
		l, err := t.live()
		return plan.Result{ID: l.ID, Live: &l}, true, err
	case "create_ticket_attribute", "update_ticket_attribute":
		res, err = w.ticketAttribute(ctx, s)
		return res, true, err
	case "create_ticket":
		res, err = w.createTicket(ctx, s)
		return res, true, err
	case "update_ticket", "assign_ticket_team", "assign_ticket_teammate", "unassign_ticket":
		res, err = w.updateTicket(ctx, s)
		return res, true, err
	case "tag_ticket", "untag_ticket":
		actor, err := w.actor(ctx, s)
		if err != nil {
			return res, true, err
		}
		path := "/tickets/" + s.ID + "/tags"
		if s.Op == "tag_ticket" {
			res, err = w.plain(ctx, s, http.MethodPost, path, map[string]any{"id": p["member"], "admin_id": actor})
		} else {
			res, err = w.plain(ctx, s, http.MethodDelete, path+"/"+fmt.Sprint(p["member"]), map[string]any{"admin_id": actor})
		}
		return res, true, err
	}
	return res, false, nil
}

func (w *Writer) ticketAttribute(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	typ, _ := p["of"].(string)
	in := map[string]any{}
	for _, k := range append([]string{"name", "description", "multiline"}, attributeFlags...) {
		if v, ok := p[k]; ok && (v != nil || k == "description") {
			in[k] = v
		}
	}
	if opts, _ := p["options"].([]plan.Value); len(opts) > 0 {
		var labels []string
		for _, o := range opts {
			labels = append(labels, scalar(o))
		}
		in["list_items"] = strings.Join(labels, ",")
	}
	method, path := http.MethodPut, "/ticket_types/"+typ+"/attributes"
	if s.Op == "create_ticket_attribute" {
		method = http.MethodPost
		in["data_type"] = p["data_type"]
		if in["description"] == nil {
			in["description"] = p["name"] // there must be one (IC 3.8)
		}
		for _, flag := range attributeFlags {
			if in[flag] == nil {
				in[flag] = false
			}
		}
	} else {
		_, id, _ := strings.Cut(s.ID, "/")
		path += "/" + id
	}
	defer w.c.forgetTypes()
	text, err := w.c.send(ctx, method, path, in, s.Op, "")
	if err != nil {
		return plan.Result{}, err
	}
	var shown attributeJSON
	if err := json.Unmarshal(text, &shown); err != nil {
		return plan.Result{}, &unreadable{fmt.Errorf("read an attribute of a ticket type: %w", err)}
	}
	a, err := shown.read()
	if err != nil {
		return plan.Result{}, &unreadable{fmt.Errorf("read an attribute of a ticket type: %w", err)}
	}
	l := a.live(typ)
	return plan.Result{ID: l.ID, Live: &l}, nil
}

func (w *Writer) createTicket(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	typ, _ := p["type"].(string)
	values, err := w.ticketValues(ctx, typ, p)
	if err != nil {
		return plan.Result{}, typeless(ctx, s, err)
	}
	in := map[string]any{"ticket_type_id": typ, "contacts": []any{map[string]any{"id": p["contact"]}}, "ticket_attributes": values, "created_at": p["created_at"], "skip_notifications": true}
	if c := p["company"]; c != nil {
		in["company_id"] = c
	}
	to := map[string]any{}
	for from, name := range map[string]string{"assign.team": "team_assignee_id", "assign.teammate": "admin_assignee_id"} {
		if v := p[from]; v != nil {
			to[name] = v
		}
	}
	if len(to) > 0 {
		in["assignment"] = to
	}
	res, err := w.object(ctx, s, http.MethodPost, "/tickets", in)
	var he *transport.HTTPError
	if errors.As(err, &he) && he.Status == http.StatusBadRequest && strings.Contains(parseError(he).Message, missingRequired) {
		return res, w.lacksRequired(ctx, s, typ, values, he)
	}
	return res, err
}

// missingRequired is the refusal of a ticket without a required attribute, which it does not name (IC 3.9).
const missingRequired = "Missing required ticket attributes"

// lacksRequired names the attributes that a refused ticket lacks; names of a type are nobody's data.
func (w *Writer) lacksRequired(ctx context.Context, s plan.Step, typ string, values map[string]any, he *transport.HTTPError) error {
	w.c.forgetTypes()
	t, err := w.c.ticketType(ctx, typ)
	if err != nil {
		return errors.Join(he, err)
	}
	var names []string
	for _, a := range t.attributes {
		if a.flags["required_to_create"] && values[a.name] == nil {
			names = append(names, a.name)
		}
	}
	return &plan.StepError{Step: s.Op, Status: he.Status, Code: parseError(he).Code, Verdict: plan.Permanent,
		Message: fmt.Sprintf("ticket type %s requires %s (required_to_create), which the ticket lacks; map a value, or set required_to_create = false, then plan again", typ, strings.Join(names, ", "))}
}

// sameState is the refusal of a state that the ticket has already; the rest of the call was not carried out then.
const sameState = "Cannot transition ticket to the same state"

func (w *Writer) updateTicket(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	actor, err := w.actor(ctx, s)
	if err != nil {
		return plan.Result{}, err
	}
	admin, err := strconv.ParseInt(actor, 10, 64)
	if err != nil {
		return plan.Result{}, &plan.StepError{Step: s.Key, Verdict: plan.StopRun, Message: "the actor's id is no number"}
	}
	in := map[string]any{"admin_id": admin, "skip_notifications": true}
	if s.Op != "update_ticket" {
		in["assignee_id"] = "0"
		if id, ok := p["assignee"].(string); ok {
			in["assignee_id"] = id
		}
		return w.object(ctx, s, http.MethodPut, "/tickets/"+s.ID, in)
	}
	if slices.ContainsFunc(s.Fields, func(f string) bool { return f == "title" || f == "body" || strings.HasPrefix(f, "attributes.") }) {
		values, err := w.ticketValues(ctx, scalar(p["type"]), p)
		if err != nil {
			return plan.Result{}, typeless(ctx, s, err)
		}
		in["ticket_attributes"] = values
	}
	if v, ok := p["company"]; ok {
		in["company_id"] = v
	}
	if v := p["ticket_state"]; v != nil {
		in["ticket_state_id"] = v
	}
	switch p["state"] {
	case "closed":
		in["open"] = false
	case "open":
		in["open"] = true
	case "snoozed":
		in["snoozed_until"] = p["snoozed_until"]
	}
	res, err := w.object(ctx, s, http.MethodPut, "/tickets/"+s.ID, in)
	var he *transport.HTTPError
	if errors.As(err, &he) && he.Status == http.StatusBadRequest && strings.Contains(parseError(he).Message, sameState) {
		delete(in, "ticket_state_id") // it is so already (IC 4.3); the rest is still to be done
		return w.object(ctx, s, http.MethodPut, "/tickets/"+s.ID, in)
	}
	return res, err
}

// typeless is what a step ends with whose ticket type cannot be read: the ticket is set aside, unless the token has died or an
// interrupt came first.
func typeless(ctx context.Context, s plan.Step, err error) error {
	var se *plan.StepError
	if errors.As(err, &se) || plan.Unsent(ctx, err) {
		return err
	}
	return &plan.StepError{Step: s.Key, Verdict: plan.Permanent, Message: err.Error()}
}

// actor is the teammate who acts; without one nothing can go on.
func (w *Writer) actor(ctx context.Context, s plan.Step) (string, error) {
	id, err := w.Actor(ctx)
	if plan.Unsent(ctx, err) {
		return "", err
	}
	if err != nil {
		return "", &plan.StepError{Step: s.Key, Verdict: plan.StopRun, Message: err.Error()}
	}
	return id, nil
}
