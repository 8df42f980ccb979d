package intercom

import "deskform/plan"

// Speaks reports whether writing objects of a kind takes the actor, whom somebody has to find first.
func (d *Destination) Speaks(kind string) bool { return kind == "conversation" || kind == "ticket" }

// Types reports whether writing objects of a kind takes the ticket types, which an apply reads once: the GUIDs of their list
// items stand for labels in what is sent and in every answer (IC trap 16).
func (d *Destination) Types(kind string) bool { return kind == "ticket" }

// embedded is how many companies or tags a contact shows; pageSize how many a page of the others (IC 1.4).
const (
	embedded = 10
	pageSize = 50
)

// Reads is how many calls an apply reads with to carry out a change of these steps: the object before it is written, and
// the lists of which a contact shows only the beginning, each time that it is shown (IC 1.4). What precedes a call that
// several records may share is left out, see plan.Bulk.
func (d *Destination) Reads(c plan.Change, steps []plan.Step) int {
	names := 0 // of tags, which a company is given by name
	for _, s := range steps {
		if s.Op == "untag_company" {
			names++
		}
	}
	if c.Action == plan.Merged && c.Kind == "object" && len(steps) > 0 {
		return 1 // the set that is written whole
	}
	if c.Action == plan.Create || c.Action == plan.Merged || len(steps) == 0 {
		return names
	}
	lists := 0
	if c.Kind == "contact" {
		for _, field := range []string{"companies", "tags"} {
			l, _ := c.Have[field].([]plan.Value)
			switch {
			case len(l) <= embedded:
			case field == "tags":
				lists++
			default:
				lists += len(l)/pageSize + 1
			}
		}
	}
	shown := 1
	for _, s := range steps {
		if s.Op == "update_contact" {
			shown++
		}
	}
	return 1 + shown*lists + names
}
