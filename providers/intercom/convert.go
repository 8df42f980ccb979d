package intercom

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"deskform/plan"
)

// text reads an id that is a string in one place and a number in another (IC 1.2).
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	switch {
	case bytes.Equal(raw, []byte("null")):
		*t = ""
		return nil
	case len(raw) > 0 && raw[0] == '"':
		return json.Unmarshal(raw, (*string)(t))
	}
	*t = text(raw)
	return nil
}

type refs struct {
	Data []struct {
		ID text `json:"id"`
	} `json:"data"`
	HasMore bool `json:"has_more"`
}

func (r refs) ids() []plan.Value {
	out := []plan.Value{}
	for _, d := range r.Data {
		out = append(out, string(d.ID))
	}
	return out
}

// convert makes an object comparable. ok is false for what is not ours to look at: archived definitions, tickets.
func (r *Reader) convert(ctx context.Context, kind string, raw json.RawMessage) (plan.Live, bool, error) {
	l := plan.Live{Kind: kind, Fields: plan.Fields{}, PartCount: -1}
	var err error
	ok := true
	switch kind {
	case "contact":
		err = r.contact(ctx, raw, &l)
	case "company":
		err = convertCompany(raw, &l)
	case "conversation":
		ok, err = convertConversation(raw, &l)
	case "ticket":
		err = r.convertTicket(ctx, raw, &l)
	case "object":
		err = convertObject(raw, &l)
	case "team", "tag", "teammate", "brand":
		err = convertNamed(kind, raw, &l)
	default:
		ok, err = convertAttribute(raw, &l)
	}
	if err == nil && ok && l.ID == "" {
		err = fmt.Errorf("it has no id")
		if strings.HasPrefix(kind, "attribute.") {
			return l, false, nil // a default attribute (IC 3.4)
		}
	}
	if err != nil {
		err = fmt.Errorf("read a %s of Intercom: %w", kind, err)
	}
	return l, ok, err
}

// custom reads attribute values as the plan has them.
func custom(raw map[string]json.RawMessage, f plan.Fields) error {
	for name, text := range raw {
		v, err := plan.ParseValue(text)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		if ids, ok := linkedIDs(v); ok {
			f["links."+name] = ids
			continue
		}
		if v == "" {
			v = nil
		}
		f["attributes."+name] = v
	}
	return nil
}

func orNil(s *string) plan.Value {
	if s == nil || *s == "" {
		return nil
	}
	return *s
}

func orNilInt(i *int64) plan.Value {
	if i == nil || *i == 0 {
		return nil
	}
	return *i
}

func (r *Reader) contact(ctx context.Context, raw json.RawMessage, l *plan.Live) error {
	var c struct {
		ID         string                     `json:"id"`
		Role       string                     `json:"role"`
		ExternalID *string                    `json:"external_id"`
		Email      *string                    `json:"email"`
		Name       *string                    `json:"name"`
		Phone      *string                    `json:"phone"`
		SignedUp   *int64                     `json:"signed_up_at"`
		Updated    int64                      `json:"updated_at"`
		Custom     map[string]json.RawMessage `json:"custom_attributes"`
		Companies  refs                       `json:"companies"`
		Tags       refs                       `json:"tags"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	l.ID, l.UpdatedAt = c.ID, c.Updated
	f := l.Fields
	f["role"], f["external_id"], f["name"], f["phone"], f["signed_up_at"] = c.Role, orNil(c.ExternalID), orNil(c.Name), orNil(c.Phone), orNilInt(c.SignedUp)
	f["email"] = orNil(c.Email)
	if c.Email != nil && *c.Email != "" {
		f["email"] = strings.ToLower(*c.Email)
	}
	f["companies"], f["tags"] = c.Companies.ids(), c.Tags.ids()
	for what, list := range map[string]refs{"companies": c.Companies, "tags": c.Tags} {
		if list.HasMore && r != nil {
			all, err := r.membership(ctx, c.ID, what)
			if err != nil {
				return err
			}
			f[what] = all
		}
	}
	return custom(c.Custom, f)
}

func convertCompany(raw json.RawMessage, l *plan.Live) error {
	var c struct {
		ID        string  `json:"id"`
		CompanyID *string `json:"company_id"`
		Name      *string `json:"name"`
		Website   *string `json:"website"`
		Industry  *string `json:"industry"`
		Size      *int64  `json:"size"`
		Remote    *int64  `json:"remote_created_at"`
		Updated   int64   `json:"updated_at"`
		Tags      *struct {
			Tags []struct {
				ID text `json:"id"`
			} `json:"tags"`
		} `json:"tags"`
		Custom map[string]json.RawMessage `json:"custom_attributes"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	l.ID, l.UpdatedAt = c.ID, c.Updated
	f := l.Fields
	f["tags"] = []plan.Value{}
	if c.Tags != nil {
		tags := []plan.Value{}
		for _, t := range c.Tags.Tags {
			tags = append(tags, string(t.ID))
		}
		f["tags"] = tags
	}
	f["company_id"], f["name"], f["website"], f["industry"] = orNil(c.CompanyID), orNil(c.Name), orNil(c.Website), orNil(c.Industry)
	f["size"], f["remote_created_at"] = orNilInt(c.Size), orNilInt(c.Remote)
	return custom(c.Custom, f)
}

func convertNamed(kind string, raw json.RawMessage, l *plan.Live) error {
	var o struct {
		ID    text    `json:"id"`
		Name  *string `json:"name"`
		Email *string `json:"email"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	l.ID = string(o.ID)
	l.Fields["name"] = orNil(o.Name)
	if kind == "teammate" {
		l.Fields["email"] = nil
		if o.Email != nil {
			l.Fields["email"] = strings.ToLower(*o.Email)
		}
	}
	return nil
}

// convertAttribute evens out how the three families name types and options (IC 3.4, 3.5, traps 15 and 16).
func convertAttribute(raw json.RawMessage, l *plan.Live) (bool, error) {
	var a struct {
		ID          text              `json:"id"`
		Name        string            `json:"name"`
		DataType    string            `json:"data_type"`
		Description *string           `json:"description"`
		Archived    bool              `json:"archived"`
		Options     []json.RawMessage `json:"options"`
		Reference   *struct {
			Type   string `json:"type"`
			Object text   `json:"object_type_id"`
		} `json:"reference"`
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return false, err
	}
	l.ID = string(a.ID)
	options, ids := []plan.Value{}, map[string]plan.Value{}
	for _, o := range a.Options {
		var plain string
		if json.Unmarshal(o, &plain) == nil {
			options = append(options, plain)
			continue
		}
		var obj struct {
			ID       text   `json:"id"`
			Label    string `json:"label"`
			Value    string `json:"value"`
			Archived bool   `json:"archived"`
		}
		if err := json.Unmarshal(o, &obj); err != nil {
			return false, err
		}
		if obj.Archived {
			continue
		}
		if obj.Label == "" {
			obj.Label = obj.Value
		}
		options = append(options, obj.Label)
		if obj.ID != "" {
			ids[obj.Label] = string(obj.ID)
		}
	}
	typ := a.DataType
	switch typ {
	case "string":
		if len(options) > 0 {
			typ = "list"
		}
	case "options":
		typ = "list"
	case "float":
		typ = "decimal"
	}
	l.Fields["name"], l.Fields["data_type"], l.Fields["options"], l.Fields["description"] = a.Name, typ, options, orNil(a.Description)
	if len(ids) > 0 {
		l.Fields[optionIDs] = ids
	}
	if a.Reference != nil {
		l.Fields["object_type"], l.Fields["many"] = string(a.Reference.Object), a.Reference.Type == "many"
	}
	l.Gone = a.Archived // and keeps its name (IC 3.13)
	return true, nil
}

type livePart struct {
	ID        text    `json:"id"`
	Type      string  `json:"part_type"`
	Body      *string `json:"body"`
	CreatedAt int64   `json:"created_at"`
	Author    struct {
		Type string `json:"type"`
		ID   text   `json:"id"`
	} `json:"author"`
	Attachments []json.RawMessage `json:"attachments"`
}

// convertConversation leaves tickets out (IC trap 25).
func convertConversation(raw json.RawMessage, l *plan.Live) (bool, error) {
	var c struct {
		ID        text            `json:"id"`
		CreatedAt int64           `json:"created_at"`
		Updated   int64           `json:"updated_at"`
		Title     *string         `json:"title"`
		State     string          `json:"state"`
		Snoozed   *int64          `json:"snoozed_until"`
		Admin     text            `json:"admin_assignee_id"`
		Team      text            `json:"team_assignee_id"`
		Ticket    json.RawMessage `json:"ticket"`
		Company   *struct {
			ID text `json:"id"`
		} `json:"company"`
		Custom map[string]json.RawMessage `json:"custom_attributes"`
		Source struct {
			Body *string `json:"body"`
		} `json:"source"`
		Contacts struct {
			Contacts []struct {
				ID string `json:"id"`
			} `json:"contacts"`
		} `json:"contacts"`
		Tags struct {
			Tags []struct {
				ID text `json:"id"`
			} `json:"tags"`
		} `json:"tags"`
		Statistics *struct {
			Parts *int `json:"count_conversation_parts"`
		} `json:"statistics"`
		Parts *struct {
			Parts []livePart `json:"conversation_parts"`
			Total int        `json:"total_count"`
		} `json:"conversation_parts"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return false, err
	}
	if len(c.Ticket) > 0 && string(c.Ticket) != "null" {
		return false, nil
	}
	l.ID, l.UpdatedAt = string(c.ID), c.Updated
	f := l.Fields
	f["created_at"], f["title"], f["state"] = c.CreatedAt, orNil(c.Title), c.State
	f["snoozed_until"] = nil
	if c.State == "snoozed" {
		f["snoozed_until"] = orNilInt(c.Snoozed)
	}
	f["assign.team"], f["assign.teammate"] = assignee(c.Team), assignee(c.Admin)
	f["company"] = nil
	if c.Company != nil {
		f["company"] = assignee(c.Company.ID)
	}
	if c.Source.Body != nil {
		f["body"] = *c.Source.Body
		if m := tokenAtEnd.FindStringSubmatch(*c.Source.Body); m != nil {
			f[plan.MarkerField] = m[1]
		}
	}
	if len(c.Contacts.Contacts) > 0 {
		f["contact"] = c.Contacts.Contacts[0].ID
	}
	everybody := []plan.Value{}
	for _, k := range c.Contacts.Contacts {
		everybody = append(everybody, k.ID)
	}
	f["participants"] = everybody // with the one who opened it, who so is never to be added
	tags := []plan.Value{}
	for _, t := range c.Tags.Tags {
		tags = append(tags, string(t.ID))
	}
	f["tags"] = tags
	if c.Statistics != nil && c.Statistics.Parts != nil {
		l.PartCount = *c.Statistics.Parts
	}
	if err := custom(c.Custom, f); err != nil {
		return false, err
	}
	if c.Parts == nil {
		return true, nil
	}
	takeParts(l, c.Parts.Parts, c.Parts.Total)
	return true, nil
}

// takeParts keeps the messages and notes among the parts, the newest 500 of total (IC trap 6).
func takeParts(l *plan.Live, parts []livePart, total int) {
	l.HasParts, l.Truncated = true, total > len(parts) || len(parts) >= 500
	for _, p := range parts {
		if !slices.Contains([]string{"comment", "note", "quick_reply"}, p.Type) || (p.Body == nil || *p.Body == "") && len(p.Attachments) == 0 {
			continue // an event
		}
		body := ""
		if p.Body != nil {
			body = *p.Body
		}
		l.Parts = append(l.Parts, plan.LivePart{ID: string(p.ID), Fields: plan.Fields{
			"private": p.Type == "note", "body": body, "created_at": p.CreatedAt, "author_type": p.Author.Type, "author": string(p.Author.ID), "files": int64(len(p.Attachments)),
		}})
	}
}

// assignee is nil for nobody, which 2.16 writes as 0 (IC 3.6).
func assignee(id text) plan.Value {
	if id == "" || id == "0" {
		return nil
	}
	return string(id)
}
