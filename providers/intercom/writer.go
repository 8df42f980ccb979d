package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"deskform/plan"
)

// A Writer can also carry out steps. Only apply gets one.
type Writer struct{ *Reader }

var _ plan.Writer = (*Writer)(nil)

// NewWriter makes the client that writes.
func NewWriter(c Config) *Writer { return &Writer{NewReader(c)} }

// Do carries out one step. Where the service answered with anything but success, the error is a *plan.StepError.
func (w *Writer) Do(ctx context.Context, s plan.Step) (plan.Result, error) {
	if s.Public && s.SourcePrivate != nil && *s.SourcePrivate {
		return plan.Result{}, &plan.StepError{Step: s.Key, Verdict: plan.Permanent, Message: "a private comment must not become visible to the customer"}
	}
	res, err := w.do(ctx, s)
	if err != nil {
		return w.judge(ctx, s, res, err)
	}
	return res, nil
}

func (w *Writer) do(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	switch s.Op {
	case "create_attribute", "update_attribute", "add_option", "archive_option":
		return w.attribute(ctx, s)
	case "create_tag":
		return w.object(ctx, s, http.MethodPost, "/tags", map[string]any{"name": p["name"]})
	case "rename_tag":
		return w.object(ctx, s, http.MethodPost, "/tags", map[string]any{"id": s.ID, "name": p["name"]})
	case "create_contact":
		if res, done, err := w.revive(ctx, s); done || err != nil {
			return res, err
		}
		return w.object(ctx, s, http.MethodPost, "/contacts", body(p))
	case "update_contact":
		return w.object(ctx, s, http.MethodPut, "/contacts/"+s.ID, body(p))
	case "attach_company":
		return w.plain(ctx, s, http.MethodPost, "/contacts/"+s.ID+"/companies", map[string]any{"id": p["member"]})
	case "detach_company":
		return w.plain(ctx, s, http.MethodDelete, "/contacts/"+s.ID+"/companies/"+fmt.Sprint(p["member"]), nil)
	case "tag_contact":
		return w.plain(ctx, s, http.MethodPost, "/contacts/"+s.ID+"/tags", map[string]any{"id": p["member"]})
	case "untag_contact":
		return w.plain(ctx, s, http.MethodDelete, "/contacts/"+s.ID+"/tags/"+fmt.Sprint(p["member"]), nil)
	case "add_note":
		return w.addNote(ctx, s)
	case "tag_company", "untag_company":
		return w.tagCompany(ctx, s)
	case "tag_contacts", "tag_companies":
		return w.tagMany(ctx, s)
	case "upsert_company":
		return w.object(ctx, s, http.MethodPost, "/companies", body(p))
	case "update_company":
		return w.object(ctx, s, http.MethodPut, "/companies/"+s.ID, body(p))
	}
	if s.Op == "create_object" || s.Op == "update_object" {
		return w.writeObject(ctx, s)
	}
	if res, ok, err := w.ticketing(ctx, s); ok {
		return res, err
	}
	return w.conversation(ctx, s)
}

// body is a payload as the API names it.
func body(p plan.Fields) map[string]any {
	out := map[string]any{}
	attrs := map[string]any{}
	for k, v := range p {
		if name, ok := strings.CutPrefix(k, "attributes."); ok {
			attrs[name] = v
		} else if name, ok := strings.CutPrefix(k, "links."); ok {
			attrs[name] = plainIDs(v)
		} else if k == "company" {
			out["company_id"] = v
		} else {
			out[k] = v
		}
	}
	if len(attrs) > 0 {
		out["custom_attributes"] = attrs
	}
	return out
}

// object is a call that answers with the whole object.
func (w *Writer) object(ctx context.Context, s plan.Step, method, path string, body any) (plan.Result, error) {
	text, err := w.c.send(ctx, method, path, body, s.Op, "")
	if err != nil {
		return plan.Result{}, err
	}
	return w.shown(ctx, s, text)
}

func (w *Writer) shown(ctx context.Context, s plan.Step, text []byte) (plan.Result, error) {
	live, ok, err := w.convert(ctx, s.Kind, text)
	if err != nil || !ok {
		if err == nil {
			err = fmt.Errorf("the answer is no %s", s.Kind)
		}
		return plan.Result{}, &unreadable{err}
	}
	return plan.Result{ID: live.ID, Live: &live}, nil
}

// An unreadable answer says nothing about whether the call was carried out.
type unreadable struct{ err error }

func (e *unreadable) Error() string {
	return "the call was answered and the answer cannot be read: " + e.err.Error()
}
func (e *unreadable) Unwrap() error { return e.err }

// plain is a call whose answer shows something else than the object.
func (w *Writer) plain(ctx context.Context, s plan.Step, method, path string, body any) (plan.Result, error) {
	_, err := w.c.send(ctx, method, path, body, s.Op, "")
	return plan.Result{ID: s.ID}, err
}

func (w *Writer) attribute(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	model, _ := p["model"].(string)
	opts, _ := p["options"].([]plan.Value)
	in := map[string]any{}
	if d, ok := p["description"]; ok {
		in["description"] = d
	}
	conversation := s.Kind == "attribute.conversation"
	if len(opts) > 0 {
		list := []map[string]any{}
		for _, o := range opts {
			if conversation {
				list = append(list, map[string]any{"label": o})
			} else {
				list = append(list, map[string]any{"value": o})
			}
		}
		in["options"] = list
	}
	switch {
	case s.Op == "add_option":
		return w.object(ctx, s, http.MethodPost, "/conversations/attributes/"+s.ID+"/options", map[string]any{"label": p["option"]})
	case s.Op == "archive_option":
		return w.archiveOption(ctx, s)
	case s.Op == "update_attribute" && conversation:
		return w.object(ctx, s, http.MethodPut, "/conversations/attributes/"+s.ID, in)
	case s.Op == "update_attribute":
		return w.object(ctx, s, http.MethodPut, "/data_attributes/"+s.ID, in)
	}
	in["name"] = p["name"]
	typ, _ := p["data_type"].(string)
	if conversation {
		in["data_type"] = typ
		if typ == "relationship" {
			reference := map[string]any{"type": "one", "object_type_id": p["object_type"]}
			if p["many"] == true {
				reference["type"] = "many"
			}
			in["reference"] = reference
		}
		return w.object(ctx, s, http.MethodPost, "/conversations/attributes", in)
	}
	in["model"] = model
	in["data_type"] = map[string]string{"list": "options", "decimal": "float"}[typ]
	if in["data_type"] == "" {
		in["data_type"] = typ
	}
	return w.object(ctx, s, http.MethodPost, "/data_attributes", in)
}

// archiveOption takes an option away for good; one that is gone already is done (IC 4.3).
func (w *Writer) archiveOption(ctx context.Context, s plan.Step) (plan.Result, error) {
	id, _ := s.Payload["option_id"].(string)
	if id == "" {
		return plan.Result{}, &plan.StepError{Step: s.Key, Verdict: plan.Permanent, Message: "Intercom does not show the id of the option; archive it there"}
	}
	return w.object(ctx, s, http.MethodDelete, "/conversations/attributes/"+s.ID+"/options/"+id, nil)
}

func (w *Writer) conversation(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	if s.Op == "create_conversation" {
		return w.createConversation(ctx, s)
	}
	path := "/conversations/" + s.ID
	if s.Op == "update_conversation" {
		return w.object(ctx, s, http.MethodPut, path, body(p))
	}
	actor, err := w.actor(ctx, s)
	if err != nil {
		return plan.Result{}, err
	}
	switch s.Op {
	case "comment", "note", "contact_reply":
		return w.reply(ctx, s, actor)
	case "add_participant": // never by e-mail, which would make a lead of an unknown one (IC trap 10)
		return w.object(ctx, s, http.MethodPost, path+"/customers", map[string]any{"admin_id": actor, "customer": map[string]any{"intercom_user_id": p["member"]}})
	case "remove_participant":
		return w.object(ctx, s, http.MethodDelete, path+"/customers/"+fmt.Sprint(p["member"]), map[string]any{"admin_id": actor})
	case "tag_conversation":
		return w.plain(ctx, s, http.MethodPost, path+"/tags", map[string]any{"id": p["member"], "admin_id": actor})
	case "untag_conversation":
		return w.plain(ctx, s, http.MethodDelete, path+"/tags/"+fmt.Sprint(p["member"]), map[string]any{"admin_id": actor})
	case "assign_team", "assign_teammate":
		kind, to := "admin", "0"
		if s.Op == "assign_team" {
			kind = "team"
		}
		if id, ok := p["assignee"].(string); ok {
			to = id
		}
		return w.object(ctx, s, http.MethodPost, path+"/parts", map[string]any{"message_type": "assignment", "type": kind, "admin_id": actor, "assignee_id": to})
	case "close":
		return w.object(ctx, s, http.MethodPost, path+"/parts", map[string]any{"message_type": "close", "type": "admin", "admin_id": actor})
	case "snooze":
		return w.object(ctx, s, http.MethodPost, path+"/parts", map[string]any{"message_type": "snoozed", "admin_id": actor, "snoozed_until": p["snoozed_until"]})
	case "open":
		return w.object(ctx, s, http.MethodPost, path+"/parts", map[string]any{"message_type": "open", "admin_id": actor})
	}
	panic("intercom: no step is called " + s.Op)
}

// createConversation answers with a message, whose conversation_id is what matters (IC trap 8).
func (w *Writer) createConversation(ctx context.Context, s plan.Step) (plan.Result, error) {
	p := s.Payload
	in := map[string]any{"from": map[string]any{"type": "user", "id": p["contact"]}, "body": firstMessage(s), "created_at": p["created_at"]}
	if brand := p["brand"]; brand != nil {
		in["brand_id"] = brand
	}
	text, err := w.c.send(ctx, http.MethodPost, "/conversations", in, s.Op, "")
	if err != nil {
		return plan.Result{}, err
	}
	var m struct {
		ConversationID *string `json:"conversation_id"`
	}
	if err := json.Unmarshal(text, &m); err != nil || m.ConversationID == nil || *m.ConversationID == "" {
		return plan.Result{}, &unreadable{fmt.Errorf("the answer has no conversation_id")}
	}
	return plan.Result{ID: *m.ConversationID}, nil
}

func (w *Writer) reply(ctx context.Context, s plan.Step, actor string) (plan.Result, error) {
	s, err := w.spoken(ctx, s)
	if err != nil {
		return plan.Result{}, err
	}
	p := s.Payload
	in := map[string]any{"message_type": "comment", "body": p["body"]}
	if at := p["created_at"]; at != nil {
		in["created_at"] = at
	}
	ticket := s.Kind == "ticket"
	if s.Op == "contact_reply" {
		in["type"], in["intercom_user_id"] = "user", p["author"]
		if ticket {
			in["skip_notifications"] = true
		}
	} else {
		in["type"], in["admin_id"] = "admin", actor
		if id, ok := p["author"].(string); ok {
			in["admin_id"] = id
		}
		if s.Op == "note" {
			in["message_type"] = "note"
		}
		if s.Op != "note" || ticket {
			in["skip_notifications"] = true
		}
	}
	var body any = in
	if files, _ := p["files"].([]plan.Value); len(files) > 0 {
		with, err := w.withFiles(in, files)
		if err != nil {
			return plan.Result{}, &plan.StepError{Step: s.Key, Verdict: plan.Permanent, Message: err.Error()}
		}
		body = with
	}
	path := "/conversations/"
	if ticket {
		path = "/tickets/"
	}
	text, err := w.c.send(ctx, http.MethodPost, path+s.ID+"/reply", body, s.Op, s.ID)
	if err != nil {
		return plan.Result{}, err
	}
	if ticket {
		return newPart(s, text)
	}
	res, err := w.shown(ctx, s, text)
	if err != nil {
		return res, err
	}
	// The new part is the newest of its author and time (IC 3.6): ids grow, and somebody else may have written meanwhile.
	who := in["admin_id"]
	if s.Op == "contact_reply" {
		who = in["intercom_user_id"]
	}
	best := int64(-1)
	for _, part := range res.Live.Parts {
		if part.Fields["author"] != who || p["created_at"] != nil && !plan.Equal(part.Fields["created_at"], p["created_at"]) {
			continue
		}
		if id, err := strconv.ParseInt(part.ID, 10, 64); err == nil && id > best {
			best, res.PartID = id, part.ID
		}
	}
	if res.PartID == "" {
		return res, &unreadable{errors.New("the answer does not show the new part")}
	}
	return res, nil
}

// newPart reads the answer to a reply to a ticket: the part alone (IC 3.9).
func newPart(s plan.Step, text []byte) (plan.Result, error) {
	var part livePart
	if err := json.Unmarshal(text, &part); err != nil || part.ID == "" {
		return plan.Result{}, &unreadable{errors.New("the answer does not show the new part")}
	}
	return plan.Result{ID: s.ID, PartID: string(part.ID)}, nil
}

func contentType(f plan.File) string {
	if f.Type == "" {
		return "application/octet-stream"
	}
	return f.Type
}
