package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"deskform/plan"
)

// Settle looks once whether a step that was tried and never answered has happened (IC 4.1, 4.2).
func (w *Writer) Settle(ctx context.Context, in plan.Intent) (plan.Settlement, error) {
	s := in.Step
	switch s.Op {
	case "create_attribute", "create_ticket_type", "create_ticket_attribute":
		return w.settleByName(ctx, s)
	case "create_ticket":
		return w.settleTicket(ctx, s)
	case "create_tag":
		return w.settleByName(ctx, s)
	case "create_contact":
		return w.settleContact(ctx, in)
	case "create_conversation":
		return w.settleConversation(ctx, s)
	case "comment", "note", "contact_reply":
		return w.settlePart(ctx, in)
	case "add_note":
		return w.settleNote(ctx, s, true)
	case "upsert_company":
		return plan.Settlement{}, nil // repeating it finds it
	}
	return w.settleState(ctx, s)
}

// found takes an object into a settlement; a second one is a copy.
func (g *settlement) found(l plan.Live) {
	if g.Found {
		g.Copies = append(g.Copies, l.ID)
		return
	}
	g.Found, g.Result = true, plan.Result{ID: l.ID, Live: &l}
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

// settlePart compares the newest parts with the one that was sent, leaving out those that are known to be others. One that
// was sent without a time has that of the call.
func (w *Writer) settlePart(ctx context.Context, in plan.Intent) (plan.Settlement, error) {
	s, err := w.spoken(ctx, in.Step)
	if err != nil {
		return plan.Settlement{}, err
	}
	l, err := w.Get(ctx, s.Kind, s.ID)
	if err != nil {
		return plan.Settlement{}, err
	}
	var got plan.Settlement
	known, _ := s.Payload["known_parts"].([]plan.Value)
	sent, _ := s.Payload["body"].(string)
	for _, p := range l.Parts {
		body, _ := p.Fields["body"].(string)
		at, _ := p.Fields["created_at"].(int64)
		fits := plan.Equal(at, s.Payload["created_at"]) || s.Payload["created_at"] == nil && !time.Unix(at, 0).Before(firstTry(in).Add(-skew))
		if slices.Contains(known, plan.Value(p.ID)) || !fits || p.Fields["private"] != (s.Op == "note") || squeeze(body) != squeeze(sent) || !w.spoke(p, s) {
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
