package intercom

import "deskform/plan"

// KeyAttribute is the attribute of every ticket type in which deskform writes the key of a ticket's row, so that the ticket
// is found again by a search (IC 4.2).
const KeyAttribute = "itsm_key"

// Names that a ticket type has for the title and the text of its tickets (IC 3.8).
const TitleAttribute, DescriptionAttribute = "_default_title_", "_default_description_"

// ticketKinds are the definitions of tickets.
func ticketKinds() []plan.Kind {
	return []plan.Kind{
		{
			Name: "ticket_type", Resource: true, Creatable: true, Lasting: true, KeyAlways: true, NaturalKeys: []string{"name"}, Version: normalizer,
			Doc: "A type of tickets with its attributes, each an `attribute` block inside. It needs the attribute `" + KeyAttribute + "` (a string), in which deskform writes the key of a ticket's row (IC 4.2).",
			Fields: []plan.Field{
				{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name; the block's label when left out."},
				{Name: "category", Type: plan.TypeEnum, Enum: []string{"Customer", "Back-office", "Tracker"}, Mode: plan.CreateOnly, Doc: "Who sees its tickets; a new type is `Customer` when left out. To a Back-office ticket no customer can reply (IC 3.9): what one wrote is sent by the actor, and names them."},
				{Name: "description", Type: plan.TypeString, Mode: plan.Mutable, Doc: "What agents read about it."},
				{Name: "icon", Type: plan.TypeString, Mode: plan.Mutable, Doc: "An emoji."},
			},
		},
		{
			Name: "ticket_attribute", Within: "ticket_type", Resource: true, Creatable: true, Lasting: true, KeyAlways: true, NaturalKeys: []string{"name"}, KeyWithin: "of", Version: normalizer,
			Doc: "An attribute of a ticket type. Its type can never be changed (IC 3.8). What the configuration leaves out stays as it is on one that is there; a new one is then required of nobody and shown to nobody who makes a ticket, so that imported tickets stay editable.",
			Fields: []plan.Field{
				{Name: "of", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"ticket_type"}, Doc: "The type it stands in."},
				{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name in Intercom; the block's label when left out."},
				{Name: "data_type", Type: plan.TypeEnum, Enum: []string{"string", "list", "integer", "decimal", "boolean", "datetime", "files"}, Mode: plan.CreateOnly, Required: true, Doc: "What it holds. `list` needs options."},
				{Name: "options", Type: plan.TypeStrings, Mode: plan.Members, AddOnly: true, Doc: "The options of a list, none with a comma (IC trap 17). Options are only added; those of others stay."},
				{Name: "description", Type: plan.TypeString, Mode: plan.Mutable, Doc: "What agents read about it."},
				{Name: "visible_to_contacts", Type: plan.TypeBool, Mode: plan.Mutable, Doc: "Whether customers see it in the tickets portal. A new one is hidden unless this is true."},
				{Name: "visible_on_create", Type: plan.TypeBool, Mode: plan.Mutable, Doc: "Whether teammates see it when they make a ticket. A new one is hidden unless this is true."},
				{Name: "required_to_create", Type: plan.TypeBool, Mode: plan.Mutable, Doc: "Whether a ticket cannot be made without it, by an import neither (IC 3.9): a row that gives no value is then invalid. A new one is not required unless this is true."},
				{Name: "required_to_create_for_contacts", Type: plan.TypeBool, Mode: plan.Mutable, Doc: "Whether a contact who makes a ticket has to fill it in. A new one is not required unless this is true."},
				{Name: "multiline", Type: plan.TypeBool, Mode: plan.Mutable, Doc: "Whether a string has several lines."},
				{Name: "personal", Type: plan.TypeBool, Mode: plan.Mutable, Local: true, Doc: "Whether its values are a person's data and masked in plans. Those of a `string` are unless this is false."},
			},
		},
		{
			Name: "ticket_state", Resource: true, KeyAlways: true, NaturalKeys: []string{"name"}, Version: normalizer,
			Doc:    "A state of tickets. No API makes one or gives it to a type (IC 2): a missing one is a manual step.",
			Manual: "no API makes ticket states: in Intercom open Settings > Helpdesk > Tickets > Ticket states, press Create state, give it exactly this internal name and the category, choose the ticket types, then plan again",
			Fields: []plan.Field{
				{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The internal name; the block's label when left out."},
				{Name: "category", Type: plan.TypeEnum, Enum: []string{"submitted", "in_progress", "waiting_on_customer", "resolved"}, Mode: plan.CreateOnly, Doc: "Its category."},
				{Name: "types", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"ticket_type"}, Doc: "The ticket types that must have it."},
			},
		},
	}
}

func ticketKind() plan.Kind {
	part := *conversationKind().Part
	part.Doc = "A message or note of the ticket."
	return plan.Kind{
		Name: "ticket", Creatable: true, ChangedSweep: true, PartsOnGet: true, Marked: true, MarkedByKey: true, Version: normalizer,
		Doc: "A ticket. The key of its row stands in the attribute `" + KeyAttribute + "` of its type, written with the create, so that a lost answer is settled by a search (IC 4.2).",
		Fields: append([]plan.Field{
			{Name: "type", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"ticket_type"}, Doc: "Its type, one for the whole set."},
			{Name: "contact", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"contact"}, Doc: "Whose ticket it is."},
			{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Required: true, Doc: "The original time of creation."},
			{Name: "title", Type: plan.TypeString, Mode: plan.Mutable, Personal: true, Doc: "Title."},
			{Name: "body", Type: plan.TypeText, Mode: plan.Mutable, Personal: true, Doc: "The description, plain text."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "ticket_attribute", Of: "type", Doc: "Attributes of its type by name."},
			{Name: "company", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"company"}, Doc: "The company it belongs to."},
			{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"tag"}, Unseen: true, Doc: "Tags, one call each."},
			{Name: "assign", Type: plan.TypeMap, Mode: plan.Mutable, Doc: "Who it is assigned to.", Fields: []plan.Field{
				{Name: "team", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"team"}, Doc: "A team."},
				{Name: "teammate", Type: plan.TypeTeammate, Mode: plan.Mutable, Refs: []string{"teammate"}, Doc: "A teammate: `teammate(EMAIL)` or a declared one. Nobody found is nobody assigned."},
			}},
			{Name: "ticket_state", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"ticket_state"}, NullLeaves: true, Doc: "Its state, one of its type's; a new ticket has the first submitted one. Null leaves it to Intercom, since a ticket cannot be without one."},
			{Name: "state", Type: plan.TypeEnum, Enum: []string{"open", "snoozed", "closed"}, Mode: plan.Mutable, Restored: true, NullLeaves: true, Default: "open", Doc: "Whether its thread is open, which the ticket state does not say (IC trap 19)."},
			{Name: "snoozed_until", Type: plan.TypeTime, Mode: plan.Mutable, Restored: true, Doc: "Until when, for `snoozed`. A time that has passed leaves it open."},
		}, longFields()...),
		Part: &part,
	}
}
