package intercom

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"deskform/plan"
)

// maxDescription is the practical bound of a ticket's description (IC 3.9).
const maxDescription = 32767

// ticket makes a wanted ticket comparable. attr knows the attributes of a type by the model "ticket_attribute/TYPE".
func (n *normal) ticket(attr func(model, name string) (plan.AttributeDef, bool)) {
	if body, ok := n.w.Fields["body"].(string); ok {
		body = n.keyless("body", tidy(strip(body)))
		n.w.Fields["body"] = body
		if body == "" {
			n.w.Fields["body"] = nil
		}
		if over := utf8.RuneCountInString(body) > maxDescription; over && n.text("on_long") == "split" {
			n.splitBody(maxDescription)
		} else if over {
			n.problem("body", "too_long", fmt.Sprintf("is longer than %d characters (IC 3.9); on_long = \"split\" lets it go on in more parts", maxDescription))
		}
	}
	n.thread()
	model := nested("ticket_attribute", n.w.Fields["type"])
	n.attributes(model, attr)
	if def, ok := attr(model, KeyAttribute); !ok || def.DataType != "string" {
		n.problem("type", "no_key", "has no attribute "+KeyAttribute+", in which deskform writes the key of the row so that the ticket is found again (IC 4.2); declare it: attribute \""+KeyAttribute+"\" { data_type = \"string\" }")
	}
	if n.w.Fields["attributes."+KeyAttribute] != nil {
		n.problem("attributes."+KeyAttribute, "taken", "is written by deskform; leave it out")
	}
	if n.w.MaxParts > 0 && utf8.RuneCountInString(n.w.Key) > maxAttribute-6 {
		n.problem("key", "too_long", fmt.Sprintf("is longer than %d characters, which the attribute %s takes with the number of a continuation", maxAttribute-6, KeyAttribute))
	} else if utf8.RuneCountInString(n.w.Key) > maxAttribute {
		n.problem("key", "too_long", fmt.Sprintf("is longer than %d characters, which the attribute %s takes", maxAttribute, KeyAttribute))
	}
}

// nested is the model of the attributes that are declared inside the resource that a reference names.
func nested(kind string, v plan.Value) string {
	if ref, ok := v.(plan.Ref); ok && len(ref.Targets) == 1 {
		return kind + "/" + ref.Targets[0].Key
	}
	return kind
}

// ticketAttribute checks a definition: a comma would part an option in two (IC trap 17).
func (n *normal) ticketAttribute() {
	n.nestedName()
	n.definition("ticket")
	if n.w.Fields["multiline"] != nil && n.text("data_type") != "string" {
		n.problem("multiline", "not_a_string", "only data_type = \"string\" has several lines")
	}
	opts, _ := n.w.Fields["options"].([]plan.Value)
	for _, o := range opts {
		if text, _ := o.(string); strings.Contains(text, ",") {
			n.problem("options", "comma", "has an option with a comma in it, which Intercom would part in two (IC trap 17); write it without")
		}
	}
}
