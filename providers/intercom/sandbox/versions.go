package sandbox

import (
	"net/http"
	"slices"
)

// versions are those that a call may name; without the header, and for any other, the call is refused here. What differs
// between them is what IC 8 lists, and nothing else.
var versions = []string{"2.15", "2.16", "Preview"}

// since216 are operations that 2.15 does not have (IC 2).
var since216 = []string{"listConversationAttributes", "createConversationAttribute", "getConversationAttribute", "updateConversationAttribute", "deleteConversationAttribute",
	"createConversationAttributeOption", "updateConversationAttributeOption", "deleteConversationAttributeOption", "createCompanyNote", "listDeletedConversationIds"}

func (c *call) checkVersion(op string) error {
	v := c.r.Header.Get("Intercom-Version")
	if !slices.Contains(versions, v) || v == "2.15" && slices.Contains(since216, op) {
		return refuse(http.StatusBadRequest, "intercom_version_invalid", "Requested resource is not available in current API version")
	}
	c.s.version = v
	return nil
}

// aged makes of a conversation as 2.16 shows it what 2.15 does: nobody is null, and the priority has other words (IC 3.6).
func (s *Server) aged(conversation map[string]any) {
	if s.version != "2.15" {
		return
	}
	for _, k := range []string{"admin_assignee_id", "team_assignee_id"} {
		if conversation[k] == 0 {
			conversation[k] = nil
		}
	}
	conversation["priority"] = "not_priority"
}

// agedTicket: the assignees are strings in 2.15 (IC 3.9).
func (s *Server) agedTicket(ticket map[string]any, v *conversation) {
	if s.version == "2.15" {
		ticket["admin_assignee_id"], ticket["team_assignee_id"] = orZero(v.admin), orZero(v.team)
	}
}

func orZero(id string) string {
	if id == "" {
		return "0"
	}
	return id
}

// oldConvAttributes is where 2.15 showed the attributes of conversations (IC 3.4).
func (c *call) oldConvAttributes() (any, error) {
	out := []any{}
	for _, a := range c.s.attrs {
		if a.model == "conversation" && !a.archived {
			out = append(out, a.dataJSON())
		}
	}
	return map[string]any{"type": "list", "data": out}, nil
}
