package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"deskform/plan"
)

const (
	// skew is what the seconds of Intercom's stamps lose of our own time.
	skew = 2 * time.Second
	// doubtful is how wrong our own clock may be: what was made so long before the call and is just like it is a question.
	doubtful = 10 * time.Minute
)

// firstTry is when a step was tried for the first time.
func firstTry(in plan.Intent) time.Time {
	if in.Step.TriedAt > 0 {
		return time.Unix(in.Step.TriedAt, 0)
	}
	return in.At
}

// A stamp is what no field of a kind shows: when Intercom made an object and when it was last touched, and how many parts
// it has, events among them.
type stamp struct {
	created, updated time.Time
	parts            int
}

// whole reads an object with its stamp.
func (w *Writer) whole(ctx context.Context, kind, id string) (plan.Live, stamp, error) {
	path := map[string]string{"contact": "/contacts/", "conversation": "/conversations/", "ticket": "/tickets/"}[kind] + id
	var raw json.RawMessage
	if err := w.c.read(ctx, "GET", path, nil, &raw, "GET "+path); err != nil {
		return plan.Live{}, stamp{}, err
	}
	var o struct {
		Created int64 `json:"created_at"`
		Updated int64 `json:"updated_at"`
		Parts   struct {
			Total int `json:"total_count"`
		} `json:"conversation_parts"`
		TicketParts struct {
			Total int `json:"total_count"`
		} `json:"ticket_parts"`
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return plan.Live{}, stamp{}, fmt.Errorf("intercom: GET %s: %w", path, err)
	}
	l, ok, err := w.convert(ctx, kind, raw)
	if err == nil && !ok {
		err = fmt.Errorf("intercom: GET %s: it is no %s: %w", path, kind, plan.ErrNotFound)
	}
	return l, stamp{time.Unix(o.Created, 0), time.Unix(o.Updated, 0), o.Parts.Total + o.TicketParts.Total}, err
}

// settleContact finds the contact that a create made. A lead is never it (IC trap 33); who has our external_id is (IC 4.1).
// Else it has to be as it was sent, have no key of its own, and be no older than the call: whoever was there before with the
// same e-mail address is a stranger, whom repeating the call meets and the next plan adopts.
func (w *Writer) settleContact(ctx context.Context, in plan.Intent) (plan.Settlement, error) {
	var got settlement
	s := in.Step
	if s.Restore != "" && keyed(s) {
		return plan.Settlement(got), nil // repeating it meets whom it made or restored, and finishes that
	}
	query := filter("name", s.Payload["name"])
	for _, key := range []string{"email", "external_id"} {
		if v, _ := s.Payload[key].(string); v != "" {
			query = filter(key, v)
		}
	}
	var odd []string
	err := w.matching(ctx, "/contacts/search", "data", "contact", query, func(l plan.Live) {
		if hasExternalID(l, s) || l.Fields["role"] == "user" && asSent(l, s) {
			odd = append(odd, l.ID)
		}
	})
	if err != nil {
		return plan.Settlement(got), err
	}
	ids := odd
	odd = nil
	for _, id := range ids {
		l, at, err := w.whole(ctx, "contact", id)
		switch before := firstTry(in).Sub(at.created); {
		case errors.Is(err, plan.ErrNotFound):
		case err != nil:
			return plan.Settlement(got), err
		case hasExternalID(l, s), before <= skew:
			got.found(l)
		case before <= doubtful && !keyed(s):
			odd = append(odd, id)
		}
	}
	if !got.Found && len(odd) > 0 {
		return plan.Settlement(got), fmt.Errorf("contact %s is just like the one to be made, and a little older than the call; if it is somebody else, give it an e-mail address or another name, then apply again", odd[0])
	}
	return plan.Settlement(got), nil
}

// hasExternalID reports whether a contact is a user with the external_id that the step gives.
func hasExternalID(l plan.Live, s plan.Step) bool {
	id, _ := s.Payload["external_id"].(string)
	return id != "" && l.Fields["role"] == "user" && l.Fields["external_id"] == id
}

// asSent reports whether a contact holds what the step sends, and no key that it does not send.
func asSent(l plan.Live, s plan.Step) bool {
	for k, v := range s.Payload {
		if !plan.Equal(l.Fields[k], v) {
			return false
		}
	}
	for _, k := range []string{"external_id", "email", "phone"} {
		if _, sent := s.Payload[k]; !sent && l.Fields[k] != nil {
			return false
		}
	}
	return true
}
