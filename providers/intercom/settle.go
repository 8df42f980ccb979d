package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/providers/transport"
)

// Settle looks once whether a step that was tried and never answered has happened (IC 4.1, 4.2).
func (w *Writer) Settle(ctx context.Context, in plan.Intent) (plan.Settlement, error) {
	s := in.Step
	switch s.Op {
	case "create_attribute", "create_ticket_type", "create_ticket_attribute":
		return w.settleByField(ctx, s, "name")
	case "create_ticket":
		return w.settleTicket(ctx, s)
	case "create_tag":
		return w.settleByField(ctx, s, "name")
	case "create_contact":
		return w.settleContact(ctx, s)
	case "create_conversation":
		return w.settleConversation(ctx, s)
	case "comment", "note", "contact_reply":
		return w.settlePart(ctx, s)
	case "add_note":
		return w.settleNote(ctx, s)
	case "upsert_company":
		return plan.Settlement{}, nil // repeating it finds it
	}
	return w.settleState(ctx, s)
}

func (w *Writer) settleByField(ctx context.Context, s plan.Step, field string) (plan.Settlement, error) {
	var got plan.Settlement
	for l, err := range w.Sweep(ctx, s.Kind, noTime) {
		if err != nil {
			return got, err
		}
		if !l.Gone && plan.Equal(l.Fields[field], s.Payload[field]) && plan.Equal(l.Fields["of"], s.Payload["of"]) {
			(*settlement)(&got).found(l)
		}
	}
	return got, nil
}

// found takes an object into a settlement; a second one is a copy.
func (g *settlement) found(l plan.Live) {
	if g.Found {
		g.Copies = append(g.Copies, l.ID)
		return
	}
	g.Found, g.Result = true, plan.Result{ID: l.ID, Live: &l}
}

func (w *Writer) settleContact(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	var got plan.Settlement
	if s.Restore != "" && keyed(s) {
		return got, nil // repeating it meets whom it made or restored, and finishes that
	}
	for _, key := range []string{"external_id", "email"} {
		v, ok := s.Payload[key].(string)
		if !ok || v == "" {
			continue
		}
		return got, w.matching(ctx, "/contacts/search", "data", "contact", filter(key, v), func(l plan.Live) {
			if plan.Equal(l.Fields[key], v) {
				(*settlement)(&got).found(l)
			}
		})
	}
	// A contact without e-mail has no key: all fields together are the best there is.
	name, _ := s.Payload["name"].(string)
	return got, w.matching(ctx, "/contacts/search", "data", "contact", filter("name", name), func(l plan.Live) {
		for k, v := range s.Payload {
			if !plan.Equal(l.Fields[k], v) {
				return
			}
		}
		(*settlement)(&got).found(l)
	})
}

type settlement plan.Settlement

func filter(field string, v any) map[string]any {
	return map[string]any{"field": field, "operator": "=", "value": v}
}

// matching searches and hands over each object, read whole by its id.
func (w *Writer) matching(ctx context.Context, path, key, kind string, query map[string]any, f func(plan.Live)) error {
	return w.c.pages(ctx, path, key, map[string]any{"query": query}, 50, func(items []json.RawMessage) error {
		for _, raw := range items {
			l, ok, err := w.convert(ctx, kind, raw)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			switch whole, err := w.Get(ctx, kind, l.ID); {
			case errors.Is(err, plan.ErrNotFound):
			case err != nil:
				return err
			default:
				f(whole)
			}
		}
		return nil
	})
}

// settleConversation searches by the marker word and the contact, then compares the whole first message.
func (w *Writer) settleConversation(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	var got plan.Settlement
	token, _ := s.Payload["token"].(string)
	query := map[string]any{"operator": "AND", "value": []any{
		filter("contact_ids", s.Payload["contact"]), filter("source.body", token),
	}}
	query["value"].([]any)[1].(map[string]any)["operator"] = "~"
	err := w.matching(ctx, "/conversations/search", "conversations", "conversation", query, func(l plan.Live) {
		first, _ := l.Fields["body"].(string)
		if strings.Contains(first, token) {
			(*settlement)(&got).found(l)
		}
	})
	return got, err
}

// settlePart compares the newest parts with the one that was sent, leaving out those that are known to be others.
func (w *Writer) settlePart(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	l, err := w.Get(ctx, s.Kind, s.ID)
	if err != nil {
		return plan.Settlement{}, err
	}
	var got plan.Settlement
	known, _ := s.Payload["known_parts"].([]plan.Value)
	sent, _ := s.Payload["body"].(string)
	for _, p := range l.Parts {
		body, _ := p.Fields["body"].(string)
		if slices.Contains(known, plan.Value(p.ID)) || s.Payload["created_at"] != nil && !plan.Equal(p.Fields["created_at"], s.Payload["created_at"]) ||
			p.Fields["private"] != (s.Op == "note") || squeeze(body) != squeeze(sent) || !w.spoke(p, s) {
			continue
		}
		if got.Found {
			got.Copies = append(got.Copies, p.ID)
			continue
		}
		got.Found, got.Result = true, plan.Result{ID: l.ID, PartID: p.ID, Live: &l}
	}
	return got, nil
}

// spoke reports whether a part has the author that a step gives it. The actor is known once a first step has run.
func (w *Writer) spoke(p plan.LivePart, s plan.Step) bool {
	who, _ := s.Payload["author"].(string)
	if who == "" {
		w.c.actorMu.Lock()
		who = w.c.actor
		w.c.actorMu.Unlock()
	}
	return who == "" || p.Fields["author"] == who
}

// RemoveCopy takes away what a repeated step made a second time: a conversation is deleted when nobody has written in it,
// a message is blanked, since no API takes one away (IC 2), a contact is archived. A second attribute is left to a person.
func (w *Writer) RemoveCopy(ctx context.Context, in plan.Intent, id string) error {
	switch s := in.Step; {
	case s.Op == "add_note":
		return errors.New("no API deletes a note (IC trap 35); delete it in Intercom")
	case s.Part != "":
		_, err := w.c.send(ctx, http.MethodPost, "/conversations/redact", map[string]any{"type": "conversation_part", "conversation_id": s.ID, "conversation_part_id": id}, "redact_copy", "")
		return gone(err)
	case s.Op == "create_conversation", s.Op == "create_ticket":
		l, err := w.Get(ctx, s.Kind, id)
		if errors.Is(err, plan.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if tags, _ := l.Fields["tags"].([]plan.Value); len(l.Parts)+len(tags) > 0 || !plan.Equal(l.Fields["title"], s.Payload["title"]) {
			return errors.New("somebody has written in it, named or tagged it; move what they did, and delete it in Intercom")
		}
		path := "/conversations/" + id
		if s.Kind == "ticket" {
			path = "/tickets/" + id
		}
		_, err = w.c.send(ctx, http.MethodDelete, path, nil, "delete_copy", "")
		return gone(err)
	case s.Op == "create_contact":
		_, err := w.c.send(ctx, http.MethodPost, "/contacts/"+id+"/archive", nil, "archive_copy", "")
		return gone(err)
	}
	return errors.New("remove it in Intercom")
}

// gone takes what is there no more for taken away (IC 4.3).
func gone(err error) error {
	var he *transport.HTTPError
	if errors.As(err, &he) && (he.Status == http.StatusNotFound || he.Status == http.StatusGone) {
		return nil
	}
	return err
}

// settleState reads the object and compares what the step wanted to be so.
func (w *Writer) settleState(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	l, err := w.Get(ctx, s.Kind, s.ID)
	if errors.Is(err, plan.ErrNotFound) {
		return plan.Settlement{}, fmt.Errorf("%s %s is gone", s.Kind, s.ID)
	}
	if err != nil {
		return plan.Settlement{}, err
	}
	if s.Member != nil && len(s.Fields) == 1 {
		have, _ := l.Fields[s.Fields[0]].([]plan.Value)
		in := slices.ContainsFunc(have, func(v plan.Value) bool { return plan.Equal(v, s.Member) })
		if in == s.Drop {
			return plan.Settlement{}, nil
		}
		return plan.Settlement{Found: true, Result: plan.Result{ID: l.ID, Live: &l}}, nil
	}
	for _, f := range s.Fields {
		want, ok := s.Payload[f]
		if ok && !plan.Equal(l.Fields[f], want) {
			return plan.Settlement{}, nil
		}
	}
	return plan.Settlement{Found: true, Result: plan.Result{ID: l.ID, Live: &l}}, nil
}
