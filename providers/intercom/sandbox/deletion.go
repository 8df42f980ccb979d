package sandbox

import (
	"net/http"
	"slices"
	"strconv"
)

func (c *call) deleteConversation() (any, error) {
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	c.s.removeConversation(v)
	return map[string]any{"id": strconv.FormatInt(v.id, 10), "object": "conversation", "deleted": true}, nil
}

// redactedBody stands where a message was (the description's example).
const redactedBody = "<p><i>This message was deleted</i></p>"

// redact blanks one message, which nothing brings back (IC 3.6).
func (c *call) redact() (any, error) {
	if err := c.body.only("type", "conversation_id", "conversation_part_id", "source_id"); err != nil {
		return nil, err
	}
	typ, _, err := c.body.str("type")
	if err != nil {
		return nil, err
	}
	id, ok := c.body.idOf("conversation_id")
	if !ok {
		return nil, refuse(http.StatusBadRequest, "parameter_not_found", "conversation_id is required")
	}
	c.path = []string{"", id}
	v, err := c.conversation()
	if err != nil {
		return nil, err
	}
	switch typ {
	case "conversation_part":
		id, _ := c.body.idOf("conversation_part_id")
		for _, p := range v.parts {
			if strconv.FormatInt(p.id, 10) == id {
				p.body, p.files, p.redacted = redactedBody, nil, true
				c.s.touch(v)
				return c.whole(v), nil
			}
		}
		return nil, refuse(http.StatusNotFound, "conversation_part_or_message_not_found", "Conversation part or message not found")
	case "source":
		id, _ := c.body.idOf("source_id")
		if strconv.FormatInt(v.sourceID, 10) != id {
			return nil, refuse(http.StatusNotFound, "conversation_part_or_message_not_found", "Conversation part or message not found")
		}
		v.body, v.redacted = redactedBody, true
		c.s.touch(v)
		return c.whole(v), nil
	}
	return nil, invalid("type", "type must be conversation_part or source")
}

// A gone conversation is what the list of deleted ones keeps of it.
type gone struct{ id, at int64 }

// listDeleted shows the newest deletions first unless told otherwise (IC 3.6).
func (c *call) listDeleted() (any, error) {
	page, per, err := c.page(20, 60)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(c.s.gone)
	if c.r.URL.Query().Get("order") != "asc" {
		slices.Reverse(all)
	}
	out := []any{}
	for i := (page - 1) * per; i < min(page*per, len(all)); i++ {
		out = append(out, map[string]any{"type": "conversation", "id": strconv.FormatInt(all[i].id, 10), "metrics_retained": true, "deleted_at": all[i].at})
	}
	return map[string]any{"type": "conversations.list", "conversations": out, "total_count": len(all), "pages": pages(page, per, len(all))}, nil
}

func (s *Server) removeConversation(v *conversation) {
	delete(s.convs, v.id)
	s.gone = append(s.gone, gone{v.id, s.now()})
	s.changed(due{conv: v.id})
}
