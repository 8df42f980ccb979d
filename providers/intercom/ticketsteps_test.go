package intercom_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestTicketSteps: the calls of tickets, their definitions and custom objects; a ticket is N + T + 2 (IC 5).
func TestTicketSteps(t *testing.T) {
	having := func(c plan.Change, have plan.Fields) plan.Change { c.Have = have; return c }
	parts := func(c plan.Change, p ...plan.PartChange) plan.Change { c.Parts = p; return c }
	wanting := func(c plan.Change, want plan.Fields) plan.Change { c.Want = want; return c }
	closed := plan.Fields{"state": "closed"}
	asleep := plan.Fields{"state": "snoozed", "snoozed_until": int64(1999999999)}
	both := plan.Fields{"assign.team": "21", "assign.teammate": "12", "state": "open"}
	for _, tt := range []struct {
		name   string
		change plan.Change
		want   string
	}{
		{"type: created", resource("ticket_type", plan.Create, set("name", "Incident")), "create_ticket_type"},
		{"type: changed", resource("ticket_type", plan.Update, set("description", "x")), "update_ticket_type"},
		{"type: adopted as it is", resource("ticket_type", plan.Adopt), ""},
		{"attribute: created with its options", resource("ticket_attribute", plan.Create, set("of", "7"), set("name", "prio"), adds("options", "High", "Low")), "create_ticket_attribute"},
		{"attribute: an option and a description in one call", resource("ticket_attribute", plan.Update, adds("options", "Middle"), set("description", "x")), "update_ticket_attribute"},
		{"attribute: adopted as it is", resource("ticket_attribute", plan.Adopt), ""},
		{"state: no call makes one", resource("ticket_state", plan.Create, set("name", "Fixed")), ""},
		{"object type: no call makes one", resource("custom_object", plan.Create, set("name", "Change")), ""},
		{"object attribute: no call makes one", resource("object_attribute", plan.Create, set("name", "risk")), ""},

		{"ticket: born as it is wanted", record("ticket", plan.Create, set("title", "x"), set("state", "open")), "create_ticket"},
		{"ticket: N 2, T 2, state and closing in one call", parts(record("ticket", plan.Create, set("title", "x"), set("assign.team", "21"), set("assign.teammate", "12"), set("company", orgID), adds("tags", "31", "32"), set("ticket_state", "9"), set("state", "closed")),
			note("c1"), said("c2", "contact", annID)), "create_ticket, note comments/c1, contact_reply comments/c2, tag_ticket 31, tag_ticket 32, update_ticket"},
		{"ticket: the state that it is born with is not written", having(record("ticket", plan.Create, set("ticket_state", "1")), plan.Fields{"ticket_state": "1"}), "create_ticket"},
		{"ticket: snoozed", wanting(record("ticket", plan.Create, set("state", "snoozed"), set("snoozed_until", int64(1999999999))), asleep), "create_ticket, update_ticket"},
		{"ticket: title, attribute, company, state and closing in one call", having(record("ticket", plan.Update, set("title", "x"), set("attributes.a", int64(1)), set("company", nil), set("ticket_state", "9"), set("state", "closed")), plan.Fields{"state": "open"}), "update_ticket"},
		{"ticket: a title reopens, and the same call closes", having(record("ticket", plan.Update, set("title", "x")), closed), "update_ticket"},
		{"ticket: a note does not reopen", having(parts(record("ticket", plan.AppendTo), note("c9")), closed), "note comments/c9"},
		{"ticket: a contact's reply reopens", having(parts(record("ticket", plan.AppendTo), said("c9", "contact", annID)), closed), "contact_reply comments/c9, update_ticket"},
		{"ticket: a snooze is put back", having(parts(record("ticket", plan.AppendTo), said("c9", "contact", annID)), asleep), "contact_reply comments/c9, update_ticket"},
		{"ticket: tags alone", having(record("ticket", plan.Update, adds("tags", "32"), drops("tags", "31")), closed), "tag_ticket 32, untag_ticket 31"},
		{"ticket: another team", having(record("ticket", plan.Update, set("assign.team", "22")), both), "assign_ticket_team"},
		{"ticket: nobody's", having(record("ticket", plan.Update, set("assign.team", nil), set("assign.teammate", nil)), both), "unassign_ticket"},
		{"ticket: no teammate, and the team is put back", having(record("ticket", plan.Update, set("assign.teammate", nil)), both), "unassign_ticket, assign_ticket_team"},
		{"ticket: no team, another teammate", having(record("ticket", plan.Update, set("assign.team", nil), set("assign.teammate", "13")), both), "unassign_ticket, assign_ticket_teammate"},
		{"ticket: an assignment reopens one that is closed", having(record("ticket", plan.Update, set("assign.team", "22")), closed), "assign_ticket_team, update_ticket"},
		{"ticket: frozen and kept fields are not sent", record("ticket", plan.Update, plan.FieldChange{Field: "contact", What: "frozen"}, plan.FieldChange{Field: "title", What: "keep"}), ""},
		{"ticket: a conflict writes nothing", record("ticket", plan.Conflict, set("title", "x")), ""},

		{"object: created with its links", record("object", plan.Create, set("external_id", "itsm:1"), adds("links.asked", annID)), "create_object"},
		{"object: fields and links in one call", record("object", plan.Update, set("attributes.a", "x"), adds("links.asked", annID), drops("links.asked", orgID)), "update_object"},
		{"object: adopted as it is", record("object", plan.Adopt), ""},
		{"conversation: links ride in the PUT", record("conversation", plan.Update, set("company", orgID), adds("links.changes", "Change/21", "Change/22")), "update_conversation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			steps := intercom.NewDestination("").Steps(tt.change)
			if got := ops(steps); got != tt.want {
				t.Errorf("steps\n%s, want\n%s", got, tt.want)
			}
			for _, s := range steps {
				if s.Notifies != 0 {
					t.Errorf("%s reaches %d people, and every call of tickets and objects can be quiet (IC trap 9)", s.Op, s.Notifies)
				}
				once := []string{"create_ticket", "create_ticket_type", "create_ticket_attribute", "note", "comment", "contact_reply"}
				if s.Kind != "conversation" && s.Repeatable == slices.Contains(once, s.Op) {
					t.Errorf("%s is repeatable: %t (IC 4.1)", s.Op, s.Repeatable)
				}
			}
		})
	}
}

// TestTicketPayloads: what single calls of tickets and objects carry.
func TestTicketPayloads(t *testing.T) {
	d := intercom.NewDestination("")
	c := record("ticket", plan.Create, set("title", "x"), set("ticket_state", "9"), set("state", "closed"), set("assign.team", "21"))
	c.Want = plan.Fields{"type": "70", "contact": annID}
	withFile := said("c2", "contact", annID)
	withFile.AuthorName, withFile.Fields["files"] = "Ann <b>Lee</b>", []plan.Value{plan.File{Name: "a.txt", SHA256: "ca97", Size: 1}}
	plain := said("c1", "contact", annID)
	plain.AuthorName = "Ann Lee"
	c.Parts = []plan.PartChange{plain, withFile}
	object := record("object", plan.Update, plan.FieldChange{Field: "links.asked", What: "add", Before: []plan.Value{"a", "theirs"}, After: []plan.Value{"b"}}, plan.FieldChange{Field: "links.asked", What: "remove", Before: []plan.Value{"a", "theirs"}, After: []plan.Value{"a"}})
	object.Want = plan.Fields{"type": "Change", "external_id": "itsm:1"}
	option := resource("ticket_attribute", plan.Update, plan.FieldChange{Field: "options", What: "add", Before: []plan.Value{"High", "theirs"}, After: []plan.Value{"Low"}})
	option.Want = plan.Fields{"of": "70"}
	steps := map[string]plan.Step{}
	for _, c := range []plan.Change{c, object, option} {
		for _, s := range d.Steps(c) {
			steps[s.Key[strings.Index(s.Key, "#")+1:]] = s
		}
	}
	for _, tt := range []struct {
		step, field string
		want        plan.Value
	}{
		{"create_ticket#", "key", "x$1"}, // by which a lost answer is found (IC 4.2)
		{"create_ticket#", "assign.team", "21"},
		{"create_ticket#", "ticket_state", nil}, // no create takes one (IC trap 18)
		{"update_ticket#", "ticket_state", "9"},
		{"update_ticket#", "state", "closed"},
		{"contact_reply#comments/c1", "author", annID},
		{"contact_reply#comments/c1", "type", "70"},
		{"contact_reply#comments/c1", "name", "Ann Lee"},
		// A contact's reply to a ticket takes no files as data (IC 3.9): the actor speaks, and names who wrote it.
		{"comment#comments/c2", "author", nil},
		{"comment#comments/c2", "body", "<p><i>Ann &lt;b&gt;Lee&lt;/b&gt; · 2026-01-05 08:01 UTC</i></p><p>Still not.</p>"},
		{"comment#comments/c2", "files", withFile.Fields["files"]},
		{"update_object#", "external_id", "itsm:1"},
		{"update_object#", "links.asked", []plan.Value{"theirs", "b"}}, // an array replaces the set (IC trap 13)
		{"update_ticket_attribute#", "options", []plan.Value{"High", "theirs", "Low"}},
		{"update_ticket_attribute#", "of", "70"},
	} {
		s, ok := steps[tt.step]
		if !ok {
			t.Errorf("there is no %s", tt.step)
		} else if got := s.Payload[tt.field]; !plan.Equal(got, tt.want) {
			t.Errorf("%s carries %s %v, want %v", tt.step, tt.field, got, tt.want)
		}
	}
}

// TestTicketStepLaws: whatever changes of a ticket, its steps are stable, no key comes twice, the closing is last, a private
// part is a note, and who is to stay assigned is assigned in the end.
func TestTicketStepLaws(t *testing.T) {
	d := intercom.NewDestination("")
	law := func(seed uint64, size uint8) bool {
		r := rand.New(rand.NewPCG(seed, 4))
		pick := func(values ...plan.Value) plan.Value { return values[r.IntN(len(values))] }
		c := record("ticket", plan.Action(pick(string(plan.Create), string(plan.Update), string(plan.Adopt), string(plan.AppendTo)).(string)))
		c.Want, c.Have = plan.Fields{"type": "70", "contact": annID}, plan.Fields{}
		if c.Action != plan.Create {
			c.Have = plan.Fields{"state": pick("open", "closed"), "assign.team": pick(nil, "21"), "assign.teammate": pick(nil, "12")}
		}
		for _, f := range []plan.FieldChange{set("title", "x"), set("attributes.a", int64(1)), set("company", pick(nil, orgID)), adds("tags", "31"), drops("tags", "32"), set("assign.team", pick(nil, "21", "22")),
			set("assign.teammate", pick(nil, "12", "13")), set("ticket_state", "9"), set("state", pick("open", "closed"))} {
			if r.IntN(2) == 0 && (c.Action == plan.Create || !plan.Equal(f.After, c.Have[f.Field])) {
				c.Fields = append(c.Fields, f)
				c.Want[f.Field] = f.After
			}
		}
		for i := range int(size % 4) {
			p := said(fmt.Sprint("c", i), pick("contact", "teammate", "actor").(string), pick(annID, "12"))
			p.Fields["private"], p.Fields["files"] = pick(true, false), pick(nil, []plan.Value{plan.File{Name: "f"}})
			c.Parts = append(c.Parts, p)
		}
		steps := d.Steps(c)
		if a, b := fmt.Sprint(steps), fmt.Sprint(d.Steps(c)); a != b {
			t.Errorf("equal changes have other steps:\n%s\n%s", a, b)
			return false
		}
		assigned := map[string]plan.Value{"assign.team": c.Have["assign.team"], "assign.teammate": c.Have["assign.teammate"]}
		seen := map[string]bool{}
		for i, s := range steps {
			if seen[s.Key] || s.Op == "update_ticket" && i != len(steps)-1 {
				t.Errorf("step %s of %s", s.Key, ops(steps))
				return false
			}
			seen[s.Key] = true
			switch {
			case s.Part != "" && (s.Op != "note") != (c.Parts[slices.IndexFunc(c.Parts, func(p plan.PartChange) bool { return p.Key == s.Part })].Fields["private"] == false):
				t.Errorf("part %s goes out as %s", s.Part, s.Op)
				return false
			case s.Op == "create_ticket":
				assigned["assign.team"], assigned["assign.teammate"] = s.Payload["assign.team"], s.Payload["assign.teammate"]
			case s.Op == "unassign_ticket":
				assigned["assign.team"], assigned["assign.teammate"] = nil, nil
			case strings.HasPrefix(s.Op, "assign_ticket_"):
				assigned["assign."+strings.TrimPrefix(s.Op, "assign_ticket_")] = s.Payload["assignee"]
			}
		}
		for field, got := range assigned {
			want, changed := c.Want[field]
			if !changed {
				want = c.Have[field]
			}
			if !plan.Equal(got, want) {
				t.Errorf("%s ends as %v, want %v: %s of %v", field, got, want, ops(steps), c.Fields)
				return false
			}
		}
		return true
	}
	if err := quick.Check(law, &quick.Config{MaxCount: 3000}); err != nil {
		t.Error(err)
	}
}

// TestTicketNormalize: what a plan refuses of tickets and objects, and says what to do about.
func TestTicketNormalize(t *testing.T) {
	d := intercom.NewDestination("")
	with := func(_, name string) (plan.AttributeDef, bool) {
		if name == intercom.KeyAttribute {
			return plan.AttributeDef{DataType: "string"}, true
		}
		return definitions("", name)
	}
	without := func(_, name string) (plan.AttributeDef, bool) { return definitions("", name) }
	integer := func(_, name string) (plan.AttributeDef, bool) { return plan.AttributeDef{DataType: "integer"}, true }
	for _, tt := range []struct {
		name, kind string
		fields     plan.Fields
		key        string
		attr       func(string, string) (plan.AttributeDef, bool)
		want       string
	}{
		{"nothing is wrong", "ticket", plan.Fields{"attributes.l": "High"}, "", with, ""},
		{"the type has no itsm_key", "ticket", plan.Fields{}, "", without, `type no_key: has no attribute itsm_key, in which deskform writes the key of the row so that the ticket is found again (IC 4.2); declare it: attribute "itsm_key" { data_type = "string" }`},
		{"itsm_key is no string", "ticket", plan.Fields{}, "", integer, "type no_key"},
		{"the mapping writes itsm_key", "ticket", plan.Fields{"attributes.itsm_key": "x"}, "", with, "attributes.itsm_key taken: is written by deskform; leave it out"},
		{"the key is too long for it", "ticket", plan.Fields{}, strings.Repeat("k", 256), with, "key too_long"},
		{"a list value that is none", "ticket", plan.Fields{"attributes.l": "Middle"}, "", with, "attributes.l not_an_option"},
		{"a description over the limit", "ticket", plan.Fields{"body": strings.Repeat("x", 32768)}, "", with, "body too_long: is longer than 32767 characters (IC 3.9)"},
		{"an option with a comma", "ticket_attribute", plan.Fields{"data_type": "list", "options": []plan.Value{"High, or so", "Low"}}, "incident/prio", with, "options comma: has an option with a comma in it, which Intercom would part in two (IC trap 17); write it without"},
		{"an object without a key", "object", plan.Fields{"external_id": " "}, "", with, "external_id required"},
		{"an object whose key looks like an id", "object", plan.Fields{"external_id": "104233"}, "", with, "external_id looks_like_an_id"},
		{"an object with the reserved key", "object", plan.Fields{"external_id": "reference_not_found"}, "", with, "external_id reserved"},
		{"an object whose link is no relationship", "object", plan.Fields{"external_id": "itsm:1", "links.s": []plan.Value{annID}}, "", with, "links.s not_a_relationship"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := plan.Want{Key: tt.key, Fields: tt.fields}
			if w.Key == "" {
				w.Key = "x"
			}
			if tt.kind == "ticket" {
				w.Fields["type"] = plan.Ref{Targets: []plan.Target{{Set: "ticket_type", Key: "incident"}}}
			}
			var got []string
			for _, p := range d.Normalize(tt.kind, &w, tt.attr) {
				got = append(got, p.Field+" "+p.Rule+": "+p.Text)
			}
			if len(got) > 1 && tt.want != "" || len(got) == 0 && tt.want != "" || tt.want == "" && len(got) > 0 || tt.want != "" && !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}
