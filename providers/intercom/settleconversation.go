package intercom

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"deskform/plan"
)

// settleConversation searches by the marker word and the contact (IC 4.2). What has the creation time and the whole first
// message as it was sent is ours. Who only quotes the word has another time; the same time with another text is a question.
func (w *Writer) settleConversation(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	var got settlement
	token, _ := s.Payload["token"].(string)
	word := filter("source.body", token)
	word["operator"] = "~"
	query := map[string]any{"operator": "AND", "value": []any{filter("contact_ids", s.Payload["contact"]), word}}
	var odd []string
	err := w.matching(ctx, "/conversations/search", "conversations", "conversation", query, func(l plan.Live) {
		first, _ := l.Fields["body"].(string)
		switch {
		case !plan.Equal(l.Fields["created_at"], s.Payload["created_at"]) || !opened(l, s.Payload["contact"]):
		case saidFirst(l, s):
			got.found(l)
		case strings.Contains(first, token):
			odd = append(odd, l.ID)
		}
	})
	if err == nil && !got.Found && len(odd) > 0 {
		err = fmt.Errorf("conversation %s has the marker %s, the contact and the time, and another text; look at it in Intercom, and delete it there or change its first message", strings.Join(odd, ", "), token)
	}
	return plan.Settlement(got), err
}

// saidFirst reports whether the first message of a conversation is the whole of what the step sends.
func saidFirst(l plan.Live, s plan.Step) bool {
	have, _ := l.Fields["body"].(string)
	return squeeze(have) == squeeze(paragraphs(firstMessage(s)))
}

// firstMessage is the plain text that opens a conversation: the source's, and the sentence with the marker.
func firstMessage(s plan.Step) string {
	first, _ := s.Payload["body"].(string)
	sentence, _ := s.Payload["marker"].(string)
	return first + "\n\n" + sentence
}

// opened reports whether a contact takes part in a conversation; a ticket shows one alone.
func opened(l plan.Live, contact plan.Value) bool {
	everybody, _ := l.Fields["participants"].([]plan.Value)
	return plan.Equal(l.Fields["contact"], contact) || slices.ContainsFunc(everybody, func(v plan.Value) bool { return plan.Equal(v, contact) })
}

// settleTicket searches by the attribute that holds the key of the row (IC 4.1). Type, contact and creation time have to
// be ours as well: somebody may have copied the key.
func (w *Writer) settleTicket(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	var got settlement
	typ, err := w.c.ticketType(ctx, scalar(s.Payload["type"]))
	if err != nil {
		return plan.Settlement(got), err
	}
	a := typ.attribute(KeyAttribute)
	if a == nil {
		return plan.Settlement(got), fmt.Errorf("ticket type %s has no attribute %s any more", typ.id, KeyAttribute)
	}
	err = w.matching(ctx, "/tickets/search", "tickets", "ticket", filter("ticket_attribute."+a.id, s.Payload["key"]), func(l plan.Live) {
		if plan.Equal(l.Fields["created_at"], s.Payload["created_at"]) && l.Fields["type"] == typ.id && opened(l, s.Payload["contact"]) &&
			plan.Equal(l.Fields[plan.MarkerField], s.Payload["key"]) {
			got.found(l)
		}
	})
	return plan.Settlement(got), err
}
