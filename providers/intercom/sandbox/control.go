package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Fault is one entry of a schedule: the first matching call after After others meets it, Times times.
type Fault struct {
	// Operation is an operationId, or "*".
	Operation string `json:"operation"`
	After     int    `json:"after"`
	Times     int    `json:"times"` // 0 means once
	// Kind: status, status_after_commit, reset_before_commit, reset_after_commit, truncate, html, empty, slow, throttle.
	Kind     string `json:"kind"`
	Status   int    `json:"status,omitempty"`
	Code     string `json:"code,omitempty"`
	Message  string `json:"message,omitempty"`
	Duration string `json:"duration,omitempty"`

	seen, met int
}

var faultKinds = []string{"status", "status_after_commit", "reset_before_commit", "reset_after_commit", "truncate", "html", "empty", "slow", "throttle"}

// AddFaults adds to the schedule.
func (s *Server) AddFaults(faults ...Fault) error {
	for _, f := range faults {
		if !slices.Contains(faultKinds, f.Kind) {
			return fmt.Errorf("there is no fault %q", f.Kind)
		}
		if f.Duration != "" {
			if _, err := time.ParseDuration(f.Duration); err != nil {
				return err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
	return nil
}

// fault finds the entry that a call meets, nil for most.
func (s *Server) fault(op string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Operation != "*" && f.Operation != op {
			continue
		}
		f.seen++
		if f.seen > f.After && f.met < max(1, f.Times) {
			f.met++
			return f
		}
	}
	return nil
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "error.list", "request_id": "fault", "errors": []any{map[string]any{"code": code, "message": message}}})
}

// before answers in the place of the workspace; false lets the call be carried out.
func (f *Fault) before(s *Server, w http.ResponseWriter) bool {
	switch f.Kind {
	case "status":
		writeError(w, f.Status, f.Code, f.Message)
	case "throttle":
		writeError(w, http.StatusBadRequest, "parameter_invalid", "Too many recent replies to this conversation")
	case "reset_before_commit":
		hangUp(w)
	case "slow":
		d, _ := time.ParseDuration(f.Duration)
		_ = s.clock.Sleep(noContext{}, d)
		return false
	default:
		return false
	}
	return true
}

// after spoils the answer of a call that was carried out.
func (f *Fault) after(_ *Server, w http.ResponseWriter, status int, answer []byte) bool {
	switch f.Kind {
	case "status_after_commit":
		writeError(w, f.Status, f.Code, f.Message)
	case "reset_after_commit":
		hangUp(w)
	case "truncate":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(answer[:len(answer)/2])
	case "html":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>")
	case "empty":
		w.WriteHeader(http.StatusOK)
	default:
		return false
	}
	return true
}

// noContext never ends.
type noContext struct{}

func (noContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (noContext) Done() <-chan struct{}       { return nil }
func (noContext) Err() error                  { return nil }
func (noContext) Value(any) any               { return nil }

// A Mutation is what an agent might do in the Inbox, or an admin in the settings.
type Mutation struct {
	// Op and Kind, as they go together:
	//	contact                 set_attribute, set_field, add_tag, remove_tag, archive, unarchive, delete, merge into the one that Value names
	//	conversation, ticket    set_attribute, set_field (title, of a ticket also description), add_tag, remove_tag, set_state (open, closed), add_part (a note), assign (to an admin), delete
	//	ticket                  set_ticket_state too
	//	company                 set_attribute, set_field (name), delete
	//	custom_object_instance  set_attribute, delete
	//	note                    add: ID is the contact's or the company's
	//	tag                     set_field (name)
	//	attribute               archive, add: Value is as in the data file, with its model, also a relationship
	//	ticket_type             archive
	//	ticket_state            add: Value is as in the data file; archive
	//	custom_object           add, add_attribute: Value is as in the data file; add_option, remove_option
	//	team, admin             add: Value has the name, and admin_ids or the email
	Op   string `json:"op"`
	Kind string `json:"kind"`
	// ID names what is changed; of what is added it may be empty, but for a custom object, whose identifier it is.
	ID string `json:"id"`
	// Name is the attribute, the field, or the tag's id.
	Name string `json:"name,omitempty"`
	// Value is text, a number, or for add an object.
	Value any `json:"value,omitempty"`
}

// Mutate carries out a mutation, which gets a new stamp and reaches the index by its lag.
func (s *Server) Mutate(m Mutation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, err := s.mutateMore(m)
	if known {
		return err
	}
	switch m.Kind {
	case "contact":
		k := s.byID[m.ID]
		if k == nil {
			return fmt.Errorf("there is no contact %s", m.ID)
		}
		if err = s.mutateContact(k, m); err == nil {
			s.touchContact(k)
		}
	case "conversation":
		id, cerr := convID(m.ID)
		v := s.convs[id]
		if cerr != nil || v == nil {
			return fmt.Errorf("there is no conversation %s", m.ID)
		}
		if err = s.mutateConversation(v, m); err == nil && m.Op != "delete" {
			s.touch(v)
		}
	case "company":
		c := s.comps[m.ID]
		if c == nil {
			return fmt.Errorf("there is no company %s", m.ID)
		}
		text, _ := m.Value.(string)
		switch {
		case m.Op == "set_field" && m.Name == "name":
			c.name = text
		case m.Op == "set_attribute":
			c.custom = with(c.custom, m.Name, m.Value)
		case m.Op == "delete":
			c.deleted = true
		default:
			return fmt.Errorf("no agent does %s to a company here", m.Op)
		}
		c.updated = s.now()
		s.changed(due{hex: c.id, comp: true})
	case "attribute":
		if m.Op == "add" {
			return s.addAttribute(m)
		}
		i := slices.IndexFunc(s.attrs, func(a *attribute) bool { return strconv.FormatInt(a.id, 10) == m.ID })
		if i < 0 || m.Op != "archive" {
			return fmt.Errorf("no agent does %s to attribute %s here", m.Op, m.ID)
		}
		s.attrs[i].archived = true
	case "tag":
		t := s.tag(m.ID)
		text, _ := m.Value.(string)
		if t == nil || m.Op != "set_field" || m.Name != "name" {
			return fmt.Errorf("no agent does %s to tag %s here", m.Op, m.ID)
		}
		t.Name = text
	default:
		return fmt.Errorf("there is nothing of kind %q to mutate", m.Kind)
	}
	return err
}

func with(m map[string]any, name string, v any) map[string]any {
	out := map[string]any{}
	for k, x := range m {
		out[k] = x
	}
	out[name] = v
	return out
}

func (s *Server) mutateContact(k *contact, m Mutation) (err error) {
	text, _ := m.Value.(string)
	switch m.Op {
	case "set_attribute":
		if len(s.liveAttributes("contact", m.Name)) == 0 {
			return fmt.Errorf("there is no contact attribute %s", m.Name)
		}
		if k.custom, err = s.mutated("contact", k.custom, m); err != nil {
			return err
		}
	case "set_field":
		to := map[string]*string{"name": &k.name, "email": &k.email, "phone": &k.phone}[m.Name]
		if to == nil {
			return fmt.Errorf("there is no field %s", m.Name)
		}
		*to = text
	case "add_tag":
		k.tags = append(without(k.tags, m.Name), m.Name)
	case "remove_tag":
		k.tags = without(k.tags, m.Name)
	case "archive":
		k.state = archived
	case "unarchive":
		if k.state != archived {
			return fmt.Errorf("contact %s is not archived", k.id)
		}
		k.state = live
	case "merge":
		into := s.byID[text]
		if into == nil || into == k || into.state != live || k.state != live {
			return fmt.Errorf("contact %s cannot be merged into %q", k.id, text)
		}
		s.mergeInto(k, into)
	case "delete":
		k.state, k.deletedAt = deleting, s.now()
	default:
		return fmt.Errorf("no agent does %s to a contact here", m.Op)
	}
	return nil
}

func (s *Server) mutateConversation(v *conversation, m Mutation) (err error) {
	text, _ := m.Value.(string)
	switch m.Op {
	case "set_attribute":
		if len(s.liveAttributes("conversation", m.Name)) == 0 {
			return fmt.Errorf("there is no conversation attribute %s", m.Name)
		}
		if v.custom, err = s.mutated("conversation", v.custom, m); err != nil {
			return err
		}
	case "set_field":
		if m.Name != "title" {
			return fmt.Errorf("there is no field %s", m.Name)
		}
		v.title = text
	case "add_tag":
		v.tags = append(without(v.tags, m.Name), m.Name)
	case "remove_tag":
		if !slices.Contains(v.tags, m.Name) {
			return fmt.Errorf("the conversation has no tag %s", m.Name)
		}
		v.tags = without(v.tags, m.Name)
	case "set_state":
		if !slices.Contains([]string{"open", "closed"}, text) {
			return fmt.Errorf("no agent sets state %q", text)
		}
		v.state, v.snoozed = text, 0
		v.parts = append(v.parts, &part{id: s.id(), kind: map[string]string{"open": "open", "closed": "close"}[text], authorType: "admin", author: s.anyAdmin(), created: s.now()})
	case "add_part":
		v.parts = append(v.parts, &part{id: s.id(), kind: "note", body: paragraphs(text), authorType: "admin", author: s.anyAdmin(), created: s.now()})
	case "assign":
		v.admin = text
	case "delete":
		s.removeConversation(v)
	default:
		return fmt.Errorf("no agent does %s to a conversation here", m.Op)
	}
	return nil
}

// firstAdmin is whose the token is.
func (s *Server) firstAdmin() string {
	if len(s.admins) == 0 {
		return "0"
	}
	return s.admins[0].ID
}

func (s *Server) anyAdmin() string {
	if len(s.admins) == 0 {
		return "0"
	}
	return s.admins[len(s.admins)-1].ID
}

// Dump writes all objects as JSON Lines: {"kind":…,"object":…}, conversations with all their parts.
func (s *Server) Dump(w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var err error
	put := func(kind string, o any) {
		if err == nil {
			err = enc.Encode(map[string]any{"kind": kind, "object": o})
		}
	}
	for _, a := range s.admins {
		put("admin", a.json())
	}
	for _, t := range s.teams {
		put("team", t.json())
	}
	for _, t := range s.tags {
		put("tag", t.json())
	}
	for _, a := range s.attrs {
		if a.model == "conversation" {
			put("conversation_attribute", a.convJSON())
		} else {
			put(a.model+"_attribute", a.dataJSON())
		}
	}
	for _, st := range s.states {
		put("ticket_state", s.stateJSON(st))
	}
	for _, t := range s.ticketTypes {
		put("ticket_type", s.ticketTypeJSON(t))
	}
	for _, t := range s.objectTypes {
		put("custom_object", t.json())
	}
	for _, o := range s.instanceOrder {
		put("custom_object_instance", s.instanceJSON(o, true))
	}
	for _, m := range s.corder {
		if !m.deleted {
			put("company", s.companyJSON(m))
		}
	}
	for _, k := range s.order {
		if k.state != live {
			continue
		}
		o := s.contactJSON(k)
		o["companies"], o["tags"] = k.companies, k.tags
		put("contact", o)
	}
	for _, n := range s.notes {
		put("note", s.noteJSON(n))
	}
	for _, v := range s.vorder {
		if s.convs[v.id] == nil {
			continue
		}
		kind, o := "conversation", s.conversationJSON(v, v.parts, false)
		if v.ticket != nil {
			kind, o = "ticket", s.ticketJSON(v, false)
		}
		parts := make([]any, len(v.parts))
		for i, p := range v.parts {
			pj := s.partJSON(p)
			if v.ticket != nil {
				pj = s.ticketPartJSON(p)
			}
			files := []any{}
			for _, f := range p.files {
				files = append(files, map[string]any{"name": f.name, "size": f.size, "sha256": f.sha, "content_type": f.contentType})
			}
			pj["attachments"] = files
			parts[i] = pj
		}
		o["parts"] = parts
		put(kind, o)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// control answers under /_sandbox/.
func (s *Server) control(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Header.Get("Authorization") != "Bearer "+s.o.Token {
		writeError(w, http.StatusUnauthorized, "unauthorized", "Access Token Invalid")
		return
	}
	reply := func(v any, err error) {
		if err != nil {
			writeError(w, http.StatusBadRequest, "bad_request", err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	read := func(into any) error {
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		return dec.Decode(into)
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /_sandbox/stats":
		reply(s.Stats(), nil)
	case "GET /_sandbox/dump":
		w.Header().Set("Content-Type", "application/x-ndjson")
		_ = s.Dump(w)
	case "POST /_sandbox/faults":
		var in []Fault
		err := read(&in)
		if err == nil {
			err = s.AddFaults(in...)
		}
		reply(map[string]int{"faults": len(in)}, err)
	case "POST /_sandbox/mutate":
		var in Mutation
		err := read(&in)
		if err == nil {
			err = s.Mutate(in)
		}
		reply(in, err)
	case "GET /_sandbox/clock":
		reply(map[string]any{"now": s.clock.Now().UTC().Format(time.RFC3339), "unix": strconv.FormatInt(s.now(), 10)}, nil)
	case "POST /_sandbox/clock":
		var in struct {
			Advance string `json:"advance"`
		}
		err := read(&in)
		var d time.Duration
		if err == nil {
			d, err = time.ParseDuration(in.Advance)
		}
		manual, ok := s.clock.(interface{ Advance(time.Duration) })
		if err == nil && !ok {
			err = fmt.Errorf("this sandbox's clock is not moved by hand")
		}
		if err == nil {
			manual.Advance(d)
		}
		reply(map[string]any{"now": s.clock.Now().UTC().Format(time.RFC3339)}, err)
	default:
		writeError(w, http.StatusNotFound, "not_found", "Resource Not Found")
	}
}
