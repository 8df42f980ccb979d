package intercom

import (
	"fmt"
	"slices"
	"strings"

	"deskform/plan"
)

// A capability says of a kind what its fields do not: how it comes into being, how it goes, what is left to a person and
// what stays for ever. Every member is a sentence; "nothing" is written out, so that a forgotten one shows.
type capability struct {
	// created is the call, or who makes it instead.
	created string
	// archived is what can take one away, and whether a plan does.
	archived string
	// person is what somebody has to do in Intercom besides what Kind.Manual says.
	person string
	// undone is what cannot be taken back.
	undone string
}

var dataAttribute = capability{
	created:  "POST /data_attributes; the workspace has room for 250 of contacts and companies together (IC 3.4)",
	archived: "never by a plan; the API archives and restores one, and its name stays taken (IC 3.13)",
	person:   "nothing, unless its type has to be another: then archive it by hand and declare a new name",
	undone:   "name, type and model can never be changed (IC 3.4); one that a segment or a workflow uses cannot be archived",
}

var capabilities = map[string]capability{
	"attribute.contact": dataAttribute,
	"attribute.company": dataAttribute,
	"attribute.conversation": {
		created:  "POST /conversations/attributes, after a look at the list: the service takes one name twice (IC 3.5)",
		archived: "never by a plan; the API archives one for good (IC 3.13)",
		person:   "archives all but one where two have one name, since every write of attributes fails until then (IC trap 26)",
		undone:   "its type, and an archived one or an archived option: no API restores it (IC 3.5)",
	},
	"tag": {
		created:  "POST /tags, which returns the one that is there (IC 3.7)",
		archived: "never by a plan; the API deletes one that no segment uses",
		person:   "nothing",
		undone:   "a deleted one comes back with another id and on no object (IC 3.13)",
	},
	"team": {
		created:  "by a person: no API creates teams (IC 2)",
		archived: "by a person",
		person:   "creates and names it, and puts teammates into it",
		undone:   "nothing that deskform does",
	},
	"teammate": {
		created:  "by a person: no API invites teammates (IC 2)",
		archived: "by a person, who removes the seat",
		person:   "invites them and gives them a seat and a role",
		undone:   "messages that were sent in their name stay theirs (IC 3.13), and those that the actor sent before they had a seat stay the actor's; the plan counts those",
	},
	"brand": {
		created:  "by a person: no API creates brands (IC 2)",
		archived: "by a person",
		person:   "creates and names it, with its addresses and help center",
		undone:   "a conversation's brand is given when it is created and never again (IC 3.6)",
	},
	"ticket_type": {
		created:  "POST /ticket_types, after a look at the list: the service takes one name twice (IC 4.1)",
		archived: "never by a plan; the API archives and restores one (IC 3.13)",
		person:   "gives it ticket states of its own, where those that all types have are not enough",
		undone:   "its category (IC 2)",
	},
	"ticket_attribute": {
		created:  "POST /ticket_types/ID/attributes, required of nobody and hidden from customers, and from who makes a ticket, unless the block says otherwise",
		archived: "never by a plan; the API archives and restores one (IC 3.13)",
		person:   "nothing",
		undone:   "its type; an option that was added (IC 3.8: what a shorter list does to values that are set is not known)",
	},
	"ticket_state": {
		created:  "by a person: no API creates ticket states (IC 2)",
		archived: "by a person",
		person:   "creates it, names it and chooses the ticket types that have it",
		undone:   "nothing that deskform does",
	},
	"custom_object": {
		created:  "by a person: no API creates types of custom objects (IC 2)",
		archived: "by a person",
		person:   "creates and names it, gives the app the permission for custom objects in the Developer Hub (IC 1.1)",
		undone:   "its name, which can never be changed (IC 2)",
	},
	"object_attribute": {
		created:  "by a person: no API creates or lists attributes of custom objects (IC 2)",
		archived: "by a person",
		person:   "creates it with this name, type, options or reference",
		undone:   "whether a reference leads to many: changing that may wipe what is linked (IC 2)",
	},
	"object": {
		created:  "POST /custom_object_instances/TYPE, an upsert by external_id, whose answer is compared with what was sent (IC 3.10)",
		archived: "never by a plan; a deleted one comes back with another id and without its links (IC 3.13)",
		person:   "adds the attribute, option or reference that Intercom dropped in silence",
		undone:   "external_id",
	},
	"ticket": {
		created:  "POST /tickets with skip_notifications, then one call for each message and one for state and closing (IC 5); with on_long_thread = \"split\" one more for every 450 messages",
		archived: "never by a plan, but for a copy that a lost answer made, which is deleted",
		person:   "nothing; no API links a ticket with a custom object (IC 3.10)",
		undone:   "type, contact and creation time; a message can only be blanked; a deletion leaves reporting rows (IC 3.13)",
	},
	"contact": {
		created:  "POST /contacts, always as a user (IC trap 33); tags by POST /contacts/ID/tags, or by POST /tags for up to 50 at once where that is fewer calls (IC 5)",
		archived: "never by a plan, but for a copy that a lost answer made; the API archives and restores one (IC 3.13)",
		person:   "merges or removes all but one where several match",
		undone:   "a user never becomes a lead (IC trap 34); a deleted one keeps its e-mail and external_id taken for seven days (IC trap 2)",
	},
	"company": {
		created:  "POST /companies, found again by company_id (IC 3.3); tags by POST /tags, for up to 50 at once (IC 3.7)",
		archived: "never by a plan; DELETE archives it later and detaches its contacts (IC trap 23)",
		person:   "nothing",
		undone:   "company_id (IC trap 24); whether an archived one comes back is not known (IC 7 #14)",
	},
	"conversation": {
		created:  "POST /conversations as the contact, then one call for each message (IC 3.6, 5); with on_long_thread = \"split\" one more for every 450 messages, which Intercom would not show (IC trap 6)",
		archived: "never by a plan, but for a copy that a lost answer made, which is deleted",
		person:   "turns off what answers, assigns and notifies before the move: see the checklist block",
		undone:   "a message that was sent can only be blanked; its notifications, the time of an assignment and of closing; a deletion leaves reporting rows (IC 3.13)",
	},
}

// byHand is what a workspace needs and no kind stands for, by the human checklist of IC 2.
var byHand = [][2]string{
	{"Workspace, region, app, token and scopes", "created in Intercom and its Developer Hub; `deskform check` shows what the token opens"},
	{"SLAs, segments, workflows, Fin, assignment rules", "set up in Intercom; no API writes them (IC 2)"},
	{"Macros, ratings, read receipts", "read only; old ratings travel as attributes (IC 2)"},
	{"Relationship attributes of contacts and companies", "made in Settings > Data > People: no API has that type (IC 2)"},
	{"Subscription types", "made in Intercom; the API only opts people in and out (IC 3.2)"},
}

// Capabilities writes the page in Markdown: what deskform creates, changes and takes away in Intercom, what a person has to
// do, and what cannot be undone. An error names the kinds that nobody has described.
func Capabilities(kinds []plan.Kind) ([]byte, error) {
	var w strings.Builder
	w.WriteString("# What deskform does in Intercom\n\n")
	w.WriteString("Made by `deskform docs capabilities` from what the program knows; do not edit. IC names the place in the service's reference. What a\n")
	w.WriteString("field is for stands in the page of the language, `deskform docs`.\n")
	var missing []string
	for i := range kinds {
		k := &kinds[i]
		c, ok := capabilities[k.Name]
		if !ok || c.created == "" || c.archived == "" || c.person == "" || c.undone == "" {
			missing = append(missing, k.Name)
			continue
		}
		fmt.Fprintf(&w, "\n## %s\n\n%s\n\n| | |\n|---|---|\n", k.Name, k.Doc)
		row := func(what, text string) { fmt.Fprintf(&w, "| %s | %s |\n", what, cell(text)) }
		row("created", c.created)
		row("updated", updated(k))
		row("archived", c.archived)
		person := c.person
		if k.Manual != "" {
			person += "; " + k.Manual
		}
		row("a person", person)
		row("cannot be undone", c.undone)
	}
	w.WriteString("\n## By hand\n\nWhat a workspace needs besides, and no block declares.\n\n| | |\n|---|---|\n")
	for _, r := range byHand {
		fmt.Fprintf(&w, "| %s | %s |\n", r[0], cell(r[1]))
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("nobody has said of %s what is created, archived, left to a person and never undone; add them to the table of capabilities", strings.Join(missing, ", "))
	}
	return []byte(w.String()), nil
}

// updated says what can change, by the modes of the fields. Of what no API makes no API changes anything either.
func updated(k *plan.Kind) string {
	if !k.Creatable {
		return "by a person: deskform writes nothing to one, and the plan says what it lacks"
	}
	var change, fill, members, added, never []string
	var walk func(fields []plan.Field, prefix string)
	walk = func(fields []plan.Field, prefix string) {
		for i := range fields {
			f := &fields[i]
			name := "`" + prefix + f.Name + "`"
			switch {
			case f.Local:
			case len(f.Fields) > 0:
				walk(f.Fields, prefix+f.Name+".")
			case f.Mode == plan.Members && f.AddOnly:
				added = append(added, name)
			case f.Mode == plan.Members:
				members = append(members, name)
			case f.Mode == plan.Mutable && f.FillOnly:
				fill = append(fill, name)
			case f.Mode == plan.Mutable:
				change = append(change, name)
			default:
				never = append(never, name)
			}
		}
	}
	walk(k.Fields, "")
	var out []string
	for _, p := range []struct {
		words string
		names []string
	}{{"changed: ", change}, {"filled where empty: ", fill}, {"members put there by us: ", members}, {"members added and never taken away: ", added}, {"never after creation: ", never}} {
		if len(p.names) > 0 {
			out = append(out, p.words+strings.Join(p.names, ", "))
		}
	}
	if k.Part != nil {
		what := "messages"
		if len(k.Part.Fields) > 0 && !slices.ContainsFunc(k.Part.Fields, func(f plan.Field) bool { return f.Name == "private" }) {
			what = "notes"
		}
		out = append(out, what+" are added, never changed")
	}
	return strings.Join(out, "; ")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
