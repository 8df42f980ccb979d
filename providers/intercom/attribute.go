package intercom

import (
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"deskform/plan"
)

const (
	maxName       = 64  // characters of an attribute's name (IC 7 #6)
	maxAttributes = 250 // live attributes of contacts and companies together (IC 3.4)
	leastOptions  = 2   // active options of a list (IC 3.4, 3.5)
)

// attributeKind is the kind of the definitions of one model. The three families differ (IC 3.4, 3.5, trap 15).
func attributeKind(model string) plan.Kind {
	types := []string{"string", "list", "integer", "decimal", "boolean", "datetime"}
	k := plan.Kind{
		Name: "attribute." + model, Resource: true, Creatable: true, Lasting: true, KeyAlways: true, NaturalKeys: []string{"name"}, Version: normalizer,
		Doc: "A custom attribute of a " + model + ". Its name and type can never be changed by API (IC 3.4, 3.5).",
	}
	typ := plan.Field{Name: "data_type", Type: plan.TypeEnum, Mode: plan.CreateOnly, Required: true,
		Instead: "give the block another label and name, which makes a new attribute, or archive the old one in Intercom by hand and take a name that is free",
		Doc:     "What it holds. `list` needs options, `relationship` an object."}
	switch model {
	case "conversation":
		typ.Enum = append(types, "relationship", "files")
		k.Twins = "every write of conversation attributes fails until one of them is archived in Intercom (IC trap 26)"
	case "contact":
		typ.Enum = append(types, "date", "relationship")
		k.NamesWith, k.Room = []string{"attribute.company"}, maxAttributes
	case "company":
		typ.Enum = append(types, "date", "relationship")
		k.NamesWith, k.Room = []string{"attribute.contact"}, maxAttributes
	}
	if model != "conversation" {
		typ.Shown = map[string]string{"datetime": "date"} // 2.16 reads both back as date (IC 3.4)
		typ.Doc += " `relationship` is made by a person (IC 2)."
	}
	k.Fields = []plan.Field{
		{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Instead: "give the block another label, which makes a new attribute", Doc: "The name in Intercom; the block's label when left out."},
		typ,
		{Name: "options", Type: plan.TypeStrings, Mode: plan.Members, Doc: "The options of a list, two or more. One that is taken out of the configuration is archived; options that others added stay. None can be renamed: that is another option."},
		{Name: "object_type", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "Of a relationship: the identifier of the custom object type that it leads to."},
		{Name: "many", Type: plan.TypeBool, Mode: plan.CreateOnly, Doc: "Of a relationship: whether it leads to many; changing that may wipe what is linked (IC 2)."},
		{Name: "description", Type: plan.TypeString, Mode: plan.Mutable, Doc: "What agents read about it."},
		{Name: "existing", Type: plan.TypeBool, Mode: plan.Mutable, Local: true, Doc: "The workspace owns it: it has to be there and is never created, changed or archived; values may be written. Without options, those of a list are not checked."},
		{Name: "personal", Type: plan.TypeBool, Mode: plan.Mutable, Local: true, Doc: "Whether its values are a person's data and masked in plans. Those of a `string` are unless this is false."},
	}
	return k
}

// goodName is what Intercom takes for the name of a contact's or company's attribute, without what older guides forbid
// (IC 3.4).
var goodName = regexp.MustCompile(`^[\p{L}\p{N}\p{Sc}_ -]+$`)

// definition checks the block of an attribute, and says what a person does where no call makes it.
func (n *normal) definition(model string) {
	f := n.w.Fields
	if f["name"] == nil {
		f["name"] = n.w.Key
	}
	name := n.text("name")
	bad := slices.ContainsFunc([]rune(name), func(r rune) bool { return r == '.' || r == '$' })
	if utf8.RuneCountInString(name) > maxName || bad {
		n.problem("name", "bad_name", "must have at most 64 characters and neither . nor $ (IC 3.4, 7 #6)")
	} else if model != "conversation" && !goodName.MatchString(name) {
		n.problem("name", "bad_name", "may consist of letters, digits, spaces, _, - and currency symbols (IC 3.4)")
	}
	existing, _ := f["existing"].(bool)
	opts, _ := f["options"].([]plan.Value)
	typ := n.text("data_type")
	switch {
	case typ != "list" && len(opts) > 0:
		n.problem("options", "not_a_list", "only data_type = \"list\" has options")
	case typ == "list" && len(opts) < leastOptions && !existing:
		n.problem("options", "too_few", "a list needs two options or more (IC 3.4)")
	case len(opts) > maxOptionList:
		n.problem("options", "too_many", fmt.Sprintf("a list has at most %d options here", maxOptionList))
	}
	seen := map[plan.Value]bool{}
	for _, o := range opts {
		if o == "" {
			n.problem("options", "empty", "has an option without a text")
			break
		}
		if seen[o] {
			n.problem("options", "twice", fmt.Sprintf("has %s twice", plan.Canonical(o)))
			break
		}
		seen[o] = true
	}
	n.relationship(typ, existing)
	n.w.Existing = existing
	switch {
	case existing:
		n.w.Manual = fmt.Sprintf("existing = true says that the workspace has a %s attribute of this name and type, and it has none: make it in Intercom under Settings > Data, then plan again; or take existing out, and deskform makes it", model)
	case typ == "relationship" && model != "conversation":
		n.w.Manual = fmt.Sprintf("no API makes relationship attributes of a %s: in Intercom open Settings > Data, create an attribute of the kind reference, give it exactly this name and object, then plan again", model)
	}
}

// relationship checks what a relationship leads to.
func (n *normal) relationship(typ string, existing bool) {
	f := n.w.Fields
	switch {
	case typ != "relationship":
		for _, field := range []string{"object_type", "many"} {
			if f[field] != nil {
				n.problem(field, "not_a_relationship", "only data_type = \"relationship\" has one")
			}
		}
		return
	case n.text("object_type") == "" && !existing:
		n.problem("object_type", "required", "is needed for data_type = \"relationship\": the custom object that it leads to")
	}
}

// attribute makes the calls of a definition. Options of a conversation's are added and archived one by one, those of the
// others and their description are one PUT with the whole list (IC 3.4, 3.5).
func (b *builder) attribute(model string) {
	add, drop := b.options("add"), b.options("remove")
	if b.c.Action == plan.Create {
		payload := b.values("")
		payload["model"] = model
		if add != nil {
			payload["options"] = add
		}
		b.add("create_attribute", "", plan.Step{Fields: append(b.set(""), "options"), Payload: payload})
		return
	}
	description := b.values("description")
	if model == "conversation" {
		ids, _ := b.c.Have[optionIDs].(map[string]plan.Value)
		for _, o := range add {
			b.add("add_option", sub(o), plan.Step{Fields: []string{"options"}, Payload: plan.Fields{"option": o}, Member: o})
		}
		for _, o := range drop { // after what is added, so that two stay
			label, _ := o.(string)
			b.add("archive_option", sub(o), plan.Step{Repeatable: true, Fields: []string{"options"}, Payload: plan.Fields{"option": o, "option_id": ids[label]}, Member: o, Drop: true})
		}
		if len(description) > 0 {
			b.add("update_attribute", "description", plan.Step{Repeatable: true, Fields: []string{"description"}, Payload: plan.Fields{"model": model, "description": description["description"]}})
		}
		return
	}
	if len(add)+len(drop)+len(description) == 0 {
		return
	}
	payload, fields, what := description, b.set("description"), "description"
	if len(add)+len(drop) > 0 {
		what, fields = "options", append(fields, "options")
		var whole []plan.Value
		for _, o := range append(slices.Clone(b.have("options")), add...) {
			if !slices.ContainsFunc(drop, func(d plan.Value) bool { return plan.Equal(d, o) }) {
				whole = append(whole, o)
			}
		}
		payload["options"] = whole
	}
	payload["model"] = model
	b.add("update_attribute", what, plan.Step{Repeatable: true, Fields: fields, Payload: payload})
}

// optionIDs is where Reader keeps the ids of a conversation attribute's options, by label; no field of the language.
const optionIDs = "option_ids"

// options are the members that a change adds or removes.
func (b *builder) options(what string) []plan.Value {
	for _, f := range b.c.Fields {
		if f.Field == "options" && f.What == what {
			l, _ := f.After.([]plan.Value)
			return l
		}
	}
	return nil
}

// have is a set field as it is in Intercom.
func (b *builder) have(field string) []plan.Value {
	for _, f := range b.c.Fields {
		if l, ok := f.Before.([]plan.Value); ok && f.Field == field {
			return l
		}
	}
	l, _ := b.c.Have[field].([]plan.Value)
	return l
}
