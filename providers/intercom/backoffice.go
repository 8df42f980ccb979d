package intercom

import (
	"context"
	"maps"
	"strings"

	"deskform/plan"
)

// backOffice is the category of types to whose tickets no customer can reply (IC 1.3, 3.9).
const backOffice = "Back-office"

// spoken is the step as it can be sent: what a customer wrote goes to a back-office ticket as the actor's comment that names
// who wrote it and when. Which types are such only the workspace knows, so that no plan can decide it.
func (w *Writer) spoken(ctx context.Context, s plan.Step) (plan.Step, error) {
	if s.Kind != "ticket" || s.Op != "contact_reply" {
		return s, nil
	}
	typ, err := w.c.ticketType(ctx, scalar(s.Payload["type"]))
	if err != nil || typ.category != backOffice {
		return s, err
	}
	name, _ := s.Payload["name"].(string)
	body, _ := s.Payload["body"].(string)
	body = originalAuthor(name, original(s.Payload)) + strings.TrimPrefix(body, timeLine(s.Payload))
	s.Op, s.Payload = "comment", maps.Clone(s.Payload)
	s.Payload["author"], s.Payload["body"] = nil, body
	return s, nil
}
