package intercom

import "deskform/plan"

// objectKinds are the definitions of custom objects, all of which a person makes (IC 2).
func objectKinds() []plan.Kind {
	return []plan.Kind{
		{
			Name: "custom_object", Resource: true, KeyAlways: true, NaturalKeys: []string{"identifier"}, Version: normalizer,
			Doc:    "A type of custom objects with its attributes, each an `attribute` block inside. No API creates one (IC 2): a missing one is a manual step, and what needs it waits.",
			Manual: "no API creates custom object types: in Intercom open Settings > Data > Custom Objects, press Create custom object, give it exactly this name, look that its identifier is the one here, then add the attributes that the plan lists below, and plan again",
			Fields: []plan.Field{
				{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name in Intercom, which can never be changed; the block's label when left out."},
				{Name: "identifier", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "What addresses of the API call it, upper and lower case apart (IC 1.2); the name with `_` for blanks when left out."},
			},
		},
		{
			Name: "object_attribute", Within: "custom_object", Resource: true, KeyAlways: true, NaturalKeys: []string{"name"}, KeyWithin: "of", Version: normalizer,
			Doc:      "An attribute or reference of a custom object type, which a person makes. No API lists them (IC 2): one is believed to be there once its type is, until a write proves it, or proves that it is not: then the record is set aside, the attribute is an open manual step, and what writes it waits.",
			Believed: "cannot be seen: no call lists attributes of custom objects (IC 2); proven by the first write",
			Refuted:  "Intercom did not take a write to it: it is not there, or is of another type. In Intercom open Settings > Data > Custom Objects, open the object, add or correct the attribute with exactly this name, type and options, then run apply --only-failed, whose first write proves it",
			Manual:   "no API creates attributes of custom objects: in Intercom open Settings > Data > Custom Objects, open the object, add the attribute (or for a relationship the reference) with exactly this name, type and options, then plan again",
			Fields: []plan.Field{
				{Name: "of", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"custom_object"}, Doc: "The type it stands in."},
				{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name in Intercom; the block's label when left out."},
				{Name: "data_type", Type: plan.TypeEnum, Enum: []string{"string", "list", "integer", "decimal", "boolean", "datetime", "relationship"}, Mode: plan.CreateOnly, Required: true, Doc: "What it holds. `list` needs options, `relationship` what it leads to."},
				{Name: "options", Type: plan.TypeStrings, Mode: plan.CreateOnly, Doc: "The options of a list."},
				{Name: "to", Type: plan.TypeEnum, Enum: []string{"contact", "company"}, Never: map[string]string{"conversation": fromConversations}, Mode: plan.CreateOnly, Doc: "What a relationship leads to, when it is no custom object. Conversations are linked from their side, by their own `links` (IC 3.10)."},
				{Name: "object_type", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The identifier of the custom object type that a relationship leads to."},
				{Name: "many", Type: plan.TypeBool, Mode: plan.CreateOnly, Doc: "Whether a relationship leads to many; changing that may wipe what is linked (IC 2)."},
				{Name: "personal", Type: plan.TypeBool, Mode: plan.Mutable, Local: true, Doc: "Whether its values are a person's data and masked in plans. Those of a `string` are unless this is false."},
			},
		},
	}
}

// fromConversations: the link is the conversation's (IC 3.10).
const fromConversations = "No call links an object with a conversation from the object's side (IC 3.10): declare attribute \"conversation\" \"NAME\" { data_type = \"relationship\", object_type = the identifier of this type } and write links = { NAME = [ref(object.SET, key)] } in the conversations."

// leads is what a relationship leads to, by its block: to, or the type with the identifier object_type.
func leads(attribute plan.Fields) (string, func(string, plan.Fields) bool) {
	if to, _ := attribute["to"].(string); to != "" {
		return to, nil
	}
	id, _ := attribute["object_type"].(string)
	if id == "" {
		return "", nil
	}
	return "object", func(label string, block plan.Fields) bool { return ObjectIdentifier(block, label) == id }
}

func objectKind() plan.Kind {
	return plan.Kind{
		Name: "object", Creatable: true, KeyAlways: true, NaturalKeys: []string{"external_id"}, KeyWithin: "type", WholeSets: true, Version: normalizer,
		Doc: "A record of a custom object type. What Intercom drops in silence (an option that is none, an attribute or a reference that is not there, IC trap 12) is found in the answer, and the record is set aside.",
		Fields: []plan.Field{
			{Name: "type", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"custom_object"}, Doc: "Its type, one for the whole set."},
			{Name: "external_id", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Doc: "The key by which Intercom finds it. Prefix it, so that it looks like no id of Intercom's own (IC 3.10): `itsm:`."},
			{Name: "created_at", Type: plan.TypeTime, Mode: plan.Mutable, Doc: "When it was created in the source."},
			{Name: "updated_at", Type: plan.TypeTime, Mode: plan.Mutable, Doc: "When it was last changed in the source."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "object_attribute", Of: "type", Doc: "Attributes of its type by name."},
			{Name: "links", Type: plan.TypeMap, Elem: plan.TypeRefs, Mode: plan.Members, Refs: []string{"contact", "company", "object"}, Never: map[string]string{"conversation": fromConversations}, Leads: leads, Attributes: "object_attribute", Of: "type", Doc: "References by the name of a relationship of its type. References that others added stay."},
		},
	}
}
