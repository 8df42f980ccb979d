// Package intercom is the destination: Intercom's REST API 2.16 as kinds, steps and two clients, one that can only read
// and one that can also write. Facts about the service are marked with their place in its reference (IC).
package intercom

import "deskform/plan"

// Limits of values (IC 3.1, 3.4, 3.6, 7 #6).
const (
	maxBody       = 32000      // characters of a message
	maxAttribute  = 255        // characters of a string attribute
	maxFiles      = 10         // files of one message
	maxFileSize   = maxRequest // smaller than the 20 MB that a file may have, which do not fit a request
	maxOptionList = 250
)

const normalizer = 1 // version of Normalize and convert; a base of another version is re-read

// Kinds describes everything that Intercom can hold for us.
func Kinds() []plan.Kind {
	out := []plan.Kind{
		attributeKind("contact"), attributeKind("company"), attributeKind("conversation"),
		{
			Name: "tag", Resource: true, Creatable: true, KeyAlways: true, NaturalKeys: []string{"name"}, Version: normalizer,
			Doc:    "A tag. Intercom tells tags apart by name, upper and lower case alike (IC 3.7).",
			Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Doc: "The name; the block's label when left out."}},
		},
		{
			Name: "team", Resource: true, KeyAlways: true, NaturalKeys: []string{"name"}, Version: normalizer,
			Doc:    "A team. No API creates one (IC 2): a missing one is a manual step.",
			Manual: "no API creates teams: in Intercom open Settings > Workspace > Teams, press New team, give it exactly this name, then plan again",
			Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name; the block's label when left out."}},
		},
		{
			Name: "teammate", Resource: true, KeyAlways: true, NaturalKeys: []string{"email"}, Version: normalizer,
			Doc:    "A teammate with a seat, who speaks for people of the source. No API invites one (IC 2): a missing one is a manual step.",
			Manual: "no API invites teammates: in Intercom open Settings > Workspace > Teammates, press Invite teammate, use exactly this e-mail address, then plan again",
			Fields: []plan.Field{
				{Name: "email", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Personal: true, Doc: "Their e-mail address in Intercom."},
				{Name: "source", Type: plan.TypeStrings, Mode: plan.Mutable, Local: true, Doc: "Source keys of the people they speak for: `[\"employee$5\"]`. deskform alone knows them."},
			},
		},
		{
			Name: "brand", Resource: true, KeyAlways: true, NaturalKeys: []string{"name"}, Version: normalizer,
			Doc:    "A brand. No API creates one (IC 2): a missing one is a manual step.",
			Manual: "no API creates brands: in Intercom open Settings > Workspace > Brands, press New brand, give it exactly this name, then plan again",
			Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name; the block's label when left out."}},
		},
		contactKind(), companyKind(), objectKind(), conversationKind(), ticketKind(),
	}
	return append(append(ticketKinds(), objectKinds()...), out...)
}

func contactKind() plan.Kind {
	return plan.Kind{
		Name: "contact", Creatable: true, ChangedSweep: true, Version: normalizer,
		Matches: []string{"email", "external_id", "phone", "attributes"}, NaturalKeys: []string{"external_id"}, Restorable: true,
		Doc: "A person. Users are told apart by external_id and e-mail, archived ones included (IC 3.1).",
		Fields: []plan.Field{
			{Name: "role", Type: plan.TypeEnum, Enum: []string{"user"}, Mode: plan.CreateOnly, Sort: true, Default: "user", Doc: "Always `user`: leads are never deduplicated (IC trap 33), so that they are neither adopted nor changed."},
			{Name: "external_id", Type: plan.TypeString, Mode: plan.Mutable, FillOnly: true, Personal: true, Doc: "The workspace's own id of a person, which the customer's other systems go by: decide in scoping whether it is the login, the employee number, or left out. One that is not empty in Intercom is never changed, only an empty one is filled."},
			{Name: "email", Type: plan.TypeString, Mode: plan.Mutable, Personal: true, Identifies: true, Doc: "E-mail address, lower case. A contact without one can be sent nothing (IC trap 40)."},
			{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Personal: true, Doc: "Full name."},
			{Name: "phone", Type: plan.TypeString, Mode: plan.Mutable, Personal: true, Doc: "Phone in E.164; see the function `e164`."},
			{Name: "signed_up_at", Type: plan.TypeTime, Mode: plan.Mutable, Doc: "The source's creation date; Intercom's own cannot be set (IC 3.1)."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "contact", Personal: true, Doc: "Custom attributes by name."},
			{Name: "companies", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"company"}, Doc: "Companies of the contact, at most 1,000 (IC 3.3)."},
			{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"tag"}, Doc: "Tags. One that three or more contacts of the set get is one call for fifty of them, made when they are written; it is taken away one by one."},
		},
		Part: notePart("contact"),
	}
}

func companyKind() plan.Kind {
	return plan.Kind{
		Name: "company", Creatable: true, Version: normalizer, KeyAlways: true, NaturalKeys: []string{"company_id"}, Matches: []string{"company_id", "name"},
		Doc: "A company: a client, a department, a configuration item. It is invisible until a contact is attached (IC 3.3).",
		Fields: []plan.Field{
			{Name: "company_id", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Doc: "The key by which Intercom finds it; it can never be changed (IC trap 24). Prefix it: `org:`, `ci:`."},
			{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Doc: "Name."},
			{Name: "website", Type: plan.TypeString, Mode: plan.Mutable, Doc: "Web address."},
			{Name: "industry", Type: plan.TypeString, Mode: plan.Mutable, Doc: "Industry."},
			{Name: "size", Type: plan.TypeInt, Mode: plan.Mutable, Doc: "Number of employees."},
			{Name: "remote_created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Doc: "The source's creation date."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "company", Doc: "Custom attributes by name."},
			{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"tag"}, Doc: "Tags. One that two or more companies of the set get is one call for fifty of them, made when they are written; it is taken away one by one."},
		},
		Part: notePart("company"),
	}
}

func conversationKind() plan.Kind {
	return plan.Kind{
		Name: "conversation", Creatable: true, ChangedSweep: true, PartsOnGet: true, Marked: true, Version: normalizer,
		Doc: "A conversation that a contact opened; no API opens one for an agent (IC trap 7).",
		Fields: append([]plan.Field{
			{Name: "contact", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"contact"}, Doc: "Who opened it."},
			{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Required: true, Doc: "The original time of creation."},
			{Name: "body", Type: plan.TypeText, Mode: plan.CreateOnly, Required: true, Personal: true, Doc: "The first message, plain text (IC 3.6). A last line with a marker word is added, by which a lost answer can be settled (IC 4.2)."},
			{Name: "brand", Type: plan.TypeRef, Mode: plan.CreateOnly, Refs: []string{"brand"}, Doc: "The brand it came to; the workspace's own when left out. Intercom shows it nowhere again (IC 3.6)."},
			{Name: "number", Type: plan.TypeString, Mode: plan.Mutable, Local: true, Doc: "The ticket's number, which the marker at the end of the first message carries, so that a search for it finds the conversation."},
			{Name: "title", Type: plan.TypeString, Mode: plan.Mutable, Personal: true, Doc: "Title."},
			{Name: "participants", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"contact"}, Personal: true, Doc: "Contacts who take part besides the one who opened it. Each that is added is told, which no flag avoids (IC trap 9), so leave it out unless that is meant."},
			{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"tag"}, Doc: "Tags, one call each."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "conversation", Doc: "Custom attributes by name."},
			{Name: "links", Type: plan.TypeMap, Elem: plan.TypeRefs, Mode: plan.Members, Refs: []string{"object"}, Leads: leads, Attributes: "conversation", Doc: "Custom objects by the name of a relationship; they ride in the call that writes attributes. Links that others added stay."},
			{Name: "company", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"company"}, Doc: "The company it belongs to."},
			{Name: "assign", Type: plan.TypeMap, Mode: plan.Mutable, Doc: "Who it is assigned to.", Fields: []plan.Field{
				{Name: "team", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"team"}, Doc: "A team."},
				{Name: "teammate", Type: plan.TypeTeammate, Mode: plan.Mutable, Refs: []string{"teammate"}, Doc: "A teammate: `teammate(EMAIL)` or a declared one. Nobody found is nobody assigned."},
			}},
			{Name: "state", Type: plan.TypeEnum, Enum: []string{"open", "snoozed", "closed"}, Mode: plan.Mutable, Restored: true, NullLeaves: true, Default: "open", Doc: "The state in the end; closing comes last (IC 4.4)."},
			{Name: "snoozed_until", Type: plan.TypeTime, Mode: plan.Mutable, Restored: true, Doc: "Until when, for `snoozed`. A time that has passed leaves it open."},
		}, longFields()...),
		Part: &plan.PartKind{
			Doc: "A message or note of the conversation.",
			Fields: []plan.Field{
				{Name: "private", Type: plan.TypeBool, Mode: plan.CreateOnly, Required: true, Doc: "A note, which no customer sees. A row whose value is null makes its record invalid: who sees a message is never guessed."},
				{Name: "author", Type: plan.TypePerson, Mode: plan.CreateOnly, Personal: true, Doc: "Who wrote it: `person(...)`. Who has no seat and is not the contact is named in the text, and the actor speaks."},
				{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Doc: "When. A private part may have none: it is written last, once, at the time of the move."},
				{Name: "body", Type: plan.TypeHTML, Mode: plan.CreateOnly, Personal: true, Doc: "The text, HTML; see the function `html`."},
				{Name: "files", Type: plan.TypeFiles, Mode: plan.CreateOnly, Doc: "Attachments, at most 10; see `on_long` and `file_policy`."},
			},
		},
	}
}
