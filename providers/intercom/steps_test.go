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

const (
	annID  = "65a000000000000000000001"
	orgID  = "65a000000000000000000002"
	convID = "215470000001"
)

func set(field string, after plan.Value) plan.FieldChange {
	return plan.FieldChange{Field: field, What: "set", After: after}
}

func adds(field string, members ...plan.Value) plan.FieldChange {
	return plan.FieldChange{Field: field, What: "add", After: members}
}

func drops(field string, members ...plan.Value) plan.FieldChange {
	return plan.FieldChange{Field: field, What: "remove", After: members}
}

func pending(set, key string) plan.Ref {
	return plan.Ref{Targets: []plan.Target{{Set: set, Key: key}}}
}

func record(kind string, a plan.Action, fields ...plan.FieldChange) plan.Change {
	c := plan.Change{Address: plan.Address{Set: kind + ".all", Key: "x$1"}, Kind: kind, Action: a, Fields: fields}
	if a != plan.Create {
		c.ID = "77"
	}
	return c
}

func resource(kind string, a plan.Action, fields ...plan.FieldChange) plan.Change {
	c := record(kind, a, fields...)
	c.Address = plan.Address{Set: kind, Key: "x", Resource: true}
	return c
}

// note and said are parts in the form that the diff gives them to Steps.
func note(key string) plan.PartChange {
	return plan.PartChange{List: "comments", Key: key, What: "append", Hash: "h" + key, Fields: plan.Fields{
		"private": true, "author": plan.Author("teammate", "12"), "created_at": int64(1767600120), "body": "<p>The drum.</p>"}}
}

func said(key, as string, who plan.Value) plan.PartChange {
	return plan.PartChange{List: "comments", Key: key, What: "append", Hash: "h" + key, Fields: plan.Fields{
		"private": false, "author": plan.Author(as, who), "created_at": int64(1767600060), "body": "<p>Still not.</p>"}}
}

// thread is the conversation of IC 5's worked example: 6 later messages, 2 tags, a team, closed, 1 object in the PUT.
func thread(messages int) plan.Change {
	c := record("conversation", plan.Create, set("contact", pending("contact.all", "employee$1")), set("created_at", int64(1767600000)), set("body", "It does not print."),
		set("title", "Printer"), adds("tags", "31", pending("tag", "vip")), set("attributes.itsm_id", "SC-1"), set("assign.team", "21"), set("state", "closed"))
	c.Want = plan.Fields{"contact": pending("contact.all", "employee$1"), "created_at": int64(1767600000), "body": "It does not print.", "number": "SC-1", "state": "closed"}
	for i := range messages {
		c.Parts = append(c.Parts, note(fmt.Sprintf("c%02d", i)))
	}
	return c
}

func ops(steps []plan.Step) string {
	var out []string
	for _, s := range steps {
		op, sub := s.Op, s.Key[strings.LastIndex(s.Key, "#")+1:]
		if sub != "" {
			op += " " + sub
		}
		out = append(out, op)
	}
	return strings.Join(out, ", ")
}

// TestSteps: the calls of each kind and action, in the order of IC 4.4.
func TestSteps(t *testing.T) {
	closed := func(c plan.Change, have plan.Fields) plan.Change { c.Have = have; return c }
	parts := func(c plan.Change, p ...plan.PartChange) plan.Change { c.Parts = p; return c }
	wanting := func(c plan.Change, want plan.Fields) plan.Change { c.Want = want; return c }
	frozen, kept := note("old"), note("theirs")
	frozen.What, kept.What = "frozen", "keep"
	for _, tt := range []struct {
		name   string
		change plan.Change
		want   string
	}{
		{"attribute: created with its options in one call", resource("attribute.contact", plan.Create, set("name", "post"), set("data_type", "list"), adds("options", "a", "b")), "create_attribute"},
		{"attribute: the whole list of a company's options", resource("attribute.company", plan.Update, adds("options", "c", "d")), "update_attribute options"},
		{"attribute: one call for each option of a conversation's", resource("attribute.conversation", plan.Update, adds("options", "c", "d"), set("description", "new")), "add_option c, add_option d, update_attribute description"},
		{"attribute: nothing to write", resource("attribute.contact", plan.Adopt), ""},
		{"attribute: the whole list without an option of ours, and the description with it", resource("attribute.contact", plan.Update, drops("options", "a"), set("description", "new")), "update_attribute options"},
		{"attribute: an option of ours is archived after one is added, so that two stay", resource("attribute.conversation", plan.Update, adds("options", "c"), drops("options", "a", "b")), "add_option c, archive_option a, archive_option b"},
		{"tag: created", resource("tag", plan.Create, set("name", "vip")), "create_tag"},
		{"tag: renamed", resource("tag", plan.Update, set("name", "very")), "rename_tag"},
		{"tag: adopted as it is", resource("tag", plan.Adopt), ""},
		{"team: no call makes one", resource("team", plan.Create, set("name", "Desk")), ""},
		{"teammate: no call makes one", resource("teammate", plan.Create, set("email", "a@acme.example")), ""},

		{"contact: 1, a company, two tags", record("contact", plan.Create, set("role", "user"), set("email", "ann@acme.example"), set("attributes.post", "lead"), adds("companies", orgID), adds("tags", "31", "32")),
			"create_contact, attach_company " + orgID + ", tag_contact 31, tag_contact 32"},
		{"contact: fields in one call, members in one each", record("contact", plan.Update, set("name", "Ann"), set("phone", nil), drops("companies", orgID), adds("tags", pending("tag", "vip")), drops("tags", "31")),
			"update_contact, detach_company " + orgID + ", tag_contact tag/vip, untag_contact 31"},
		{"contact: members alone", record("contact", plan.Update, adds("tags", "31")), "tag_contact 31"},
		{"contact: adopted, what is empty is filled", record("contact", plan.Adopt, set("phone", "+79000000001")), "update_contact"},
		{"contact: adopted as it is", record("contact", plan.Adopt), ""},
		{"contact: what is kept is not written", record("contact", plan.Update, plan.FieldChange{Field: "name", What: "keep", After: "Ann"}, plan.FieldChange{Field: "tags", What: "keep", After: []plan.Value{"31"}}), ""},
		{"contact: a conflict writes nothing", record("contact", plan.Conflict, set("name", "Ann")), ""},
		{"contact: merged into another writes nothing by itself", record("contact", plan.Merged, adds("tags", "31")), ""},
		{"company: 1", record("company", plan.Create, set("company_id", "org:1"), set("name", "Acme"), set("attributes.kind", "PC")), "upsert_company"},
		{"company: 1", record("company", plan.Update, set("name", "Acme")), "update_company"},
		{"company: adopted as it is", record("company", plan.Adopt), ""},

		{"conversation: IC 4.4, close last", wanting(parts(record("conversation", plan.Create, set("title", "Printer"), adds("tags", "31"), set("attributes.a", int64(1)), set("assign.team", "21"), set("assign.teammate", "12"), set("state", "closed")),
			note("c1"), said("c2", "contact", annID), said("c3", "teammate", "12")), plan.Fields{"contact": annID, "state": "closed"}),
			"create_conversation, note comments/c1, contact_reply comments/c2, comment comments/c3, tag_conversation 31, update_conversation, assign_team, assign_teammate, close"},
		{"conversation: it is born open", record("conversation", plan.Create, set("state", "open")), "create_conversation"},
		{"conversation: snoozed last", wanting(record("conversation", plan.Create, set("title", "x"), set("state", "snoozed"), set("snoozed_until", int64(1999999999))), plan.Fields{"state": "snoozed", "snoozed_until": int64(1999999999)}),
			"create_conversation, update_conversation, snooze"},
		{"conversation: a later snooze", wanting(record("conversation", plan.Update, set("snoozed_until", int64(1999999999))), plan.Fields{"state": "snoozed", "snoozed_until": int64(1999999999)}), "snooze"},
		{"conversation: opened", record("conversation", plan.Update, set("state", "open")), "open"},
		{"conversation: a title reopens, so it is closed again", closed(record("conversation", plan.Update, set("title", "x")), plan.Fields{"state": "closed"}), "update_conversation, close"},
		{"conversation: a contact's reply reopens", closed(parts(record("conversation", plan.AppendTo), said("c9", "contact", annID)), plan.Fields{"state": "closed"}), "contact_reply comments/c9, close"},
		{"conversation: a note does not", closed(parts(record("conversation", plan.AppendTo), note("c9")), plan.Fields{"state": "closed"}), "note comments/c9"},
		{"conversation: a snooze is put back", closed(record("conversation", plan.Update, set("title", "x")), plan.Fields{"state": "snoozed", "snoozed_until": int64(1999999999)}), "update_conversation, snooze"},
		{"conversation: one that was open stays so", closed(record("conversation", plan.Update, set("title", "x")), plan.Fields{"state": "open"}), "update_conversation"},
		{"conversation: unassigned", record("conversation", plan.Update, set("assign.team", nil)), "assign_team"},
		{"conversation: tags of an update", record("conversation", plan.Update, adds("tags", "32"), drops("tags", "31")), "tag_conversation 32, untag_conversation 31"},
		{"conversation: frozen parts and those of others are not sent", parts(record("conversation", plan.AppendTo), frozen, note("new"), kept), "note comments/new"},
		{"conversation: frozen fields are not sent", record("conversation", plan.Update, plan.FieldChange{Field: "body", What: "frozen", After: "new"}, set("title", "x")), "update_conversation"},
		{"conversation: blocked", record("conversation", plan.Blocked, set("title", "x")), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			steps := intercom.NewDestination("").Steps(tt.change)
			if got := ops(steps); got != tt.want {
				t.Errorf("steps\n%s, want\n%s", got, tt.want)
			}
			seen := map[string]bool{}
			for _, s := range steps {
				sub := s.Key[strings.LastIndex(s.Key, "#")+1:]
				if want := tt.change.Address.String() + "#" + s.Op + "#" + sub; s.Key != want || seen[s.Key] {
					t.Errorf("key %s, want %s, once", s.Key, want)
				}
				seen[s.Key] = true
				if s.Kind != tt.change.Kind || s.ID != tt.change.ID || s.Address != tt.change.Address {
					t.Errorf("%s is about %s %s %q", s.Key, s.Kind, s.Address, s.ID)
				}
			}
		})
	}
}

// TestStepCounts holds the forecast against the worked example and the formulas of IC 5, by hand.
func TestStepCounts(t *testing.T) {
	d := intercom.NewDestination("")
	count := func(changes ...plan.Change) (n int) {
		for _, c := range changes {
			n += len(d.Steps(c))
		}
		return n
	}
	both := thread(6)
	both.Fields = append(both.Fields, set("assign.teammate", "12"))
	bare := thread(6)
	bare.Fields = slices.DeleteFunc(bare.Fields, func(f plan.FieldChange) bool { return f.Field == "title" || strings.HasPrefix(f.Field, "attributes.") })
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"contact", count(record("contact", plan.Create, set("email", "a@acme.example"))), 1},
		{"contact with 2 tags", count(record("contact", plan.Create, set("email", "a@acme.example"), adds("tags", "1", "2"))), 3},
		{"company", count(record("company", plan.Create, set("company_id", "org:1"))), 1},
		{"N 6, T 2: N + T + P + 4", count(thread(6)), 12},
		{"team and teammate: one more", count(both), 13},
		{"neither attributes nor title: one less", count(bare), 11},
		{"N 0, T 2", count(thread(0)), 6},
		// The worked example is 16 with an object of its own, which this provider has no kind for.
		{"contact, company, link, conversation", count(record("contact", plan.Create, set("email", "a@acme.example"), adds("companies", pending("company.all", "o$1"))),
			record("company", plan.Create, set("company_id", "org:1")), thread(6)), 15},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %d calls, want %d", tt.name, tt.got, tt.want)
		}
	}
}

// TestStepsAreStable: equal changes have equal steps, and a key outlives what may change between two plans.
func TestStepsAreStable(t *testing.T) {
	d := intercom.NewDestination("")
	one, two := d.Steps(thread(3)), d.Steps(thread(3))
	if a, b := fmt.Sprint(one), fmt.Sprint(two); a != b {
		t.Errorf("two plans of one change differ:\n%s\n%s", a, b)
	}
	later := thread(3)
	later.Parts[0].Fields["body"], later.Parts[0].Hash = "<p>Another renderer.</p>", "h2"
	later.Want["body"] = "Other words."
	for i, s := range d.Steps(later) {
		if s.Key != one[i].Key {
			t.Errorf("key %s became %s", one[i].Key, s.Key)
		}
	}
	if got, want := one[0].Key, `conversation.all["x$1"]#create_conversation#`; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	if got, want := one[1].Key, `conversation.all["x$1"]#note#comments/c00`; got != want {
		t.Errorf("key %s, want %s", got, want)
	}
	if a, b := plan.Token(plan.Address{Set: "conversation.all", Key: "1"}), plan.Token(plan.Address{Set: "conversation.all", Key: "2"}); a == b {
		t.Errorf("two records have the marker word %s", a)
	}
}

// TestStepPayloads: what single calls carry, and what they say about themselves.
func TestStepPayloads(t *testing.T) {
	d := intercom.NewDestination("")
	c := thread(0)
	c.Parts = []plan.PartChange{note("c1"), said("c2", "contact", annID), said("c3", "actor", "Petrov <b>P.</b>"), note("c4")}
	c.Parts[3].Fields["author"] = plan.Author("contact", annID)
	c.Parts[2].Fields["files"] = []plan.Value{plan.File{Name: "a.txt", SHA256: "ca97", Size: 1}}
	steps := map[string]plan.Step{}
	for _, s := range d.Steps(c) {
		steps[s.Key[strings.Index(s.Key, "#")+1:]] = s
	}
	token := plan.Token(c.Address)
	for _, tt := range []struct {
		step, field string
		want        plan.Value
	}{
		{"create_conversation#", "token", token},
		{"create_conversation#", "marker", "Imported from ITSM 365, SC-1 " + token},
		{"create_conversation#", "contact", pending("contact.all", "employee$1")},
		{"note#comments/c1", "author", "12"},
		{"contact_reply#comments/c2", "author", annID},
		{"comment#comments/c3", "author", nil}, // the actor
		{"comment#comments/c3", "body", "<p><i>Petrov &lt;b&gt;P.&lt;/b&gt; · 2026-01-05 08:01 UTC</i></p><p>Still not.</p>"},
		{"comment#comments/c3", "files", []plan.Value{plan.File{Name: "a.txt", SHA256: "ca97", Size: 1}}},
		{"tag_conversation#31", "member", "31"},
		{"update_conversation#", "title", "Printer"},
		{"update_conversation#", "attributes.itsm_id", "SC-1"},
		{"update_conversation#", "assign.team", nil}, // a call of its own
		{"assign_team#", "assignee", "21"},
		{"close#", "state", "closed"},
	} {
		s, ok := steps[tt.step]
		if !ok {
			t.Errorf("there is no %s", tt.step)
		} else if got := s.Payload[tt.field]; !plan.Equal(got, tt.want) {
			t.Errorf("%s carries %s %v, want %v", tt.step, tt.field, got, tt.want)
		}
	}
	// A contact cannot write a note: whoever the source names, a teammate speaks (IC 3.6).
	if got, ok := steps["note#comments/c4"].Payload["author"].(string); ok && got == annID {
		t.Errorf("a note is sent as contact %s", got)
	}
	// A reply, an assignment and a first message reach teammates and no flag helps (IC trap 9); the rest reaches nobody.
	reaches := map[string]int{"create_conversation": 1, "contact_reply": 1, "assign_team": 1}
	visible := map[string]bool{"create_conversation": true, "contact_reply": true, "comment": true}
	// Done twice these end in the same state and disturb nobody (IC 4.1).
	repeatable := map[string]bool{"tag_conversation": true, "update_conversation": true}
	reply := map[string]bool{"note": true, "comment": true, "contact_reply": true}
	for key, s := range steps {
		if s.Notifies != reaches[s.Op] || s.Public != visible[s.Op] || s.Repeatable != repeatable[s.Op] || (s.Limit == "reply") != reply[s.Op] {
			t.Errorf("%s: reaches %d, public %t, repeatable %t, limit %q", key, s.Notifies, s.Public, s.Repeatable, s.Limit)
		}
	}
	more := map[string]plan.Step{}
	for _, c := range []plan.Change{
		record("contact", plan.Create, set("email", "a@acme.example"), adds("tags", "1"), drops("companies", orgID)), record("company", plan.Create, set("company_id", "o")),
		resource("tag", plan.Create, set("name", "vip")), resource("attribute.contact", plan.Create, set("name", "a")),
		resource("attribute.conversation", plan.Update, adds("options", "c")),
		resource("attribute.company", plan.Update, plan.FieldChange{Field: "options", What: "add", Before: []plan.Value{"a", "theirs"}, After: []plan.Value{"b"}}),
	} {
		for _, s := range d.Steps(c) {
			more[s.Op] = s
		}
	}
	for op, want := range map[string]bool{"create_contact": false, "tag_contact": true, "detach_company": true, "upsert_company": true, "create_tag": true, "create_attribute": false, "add_option": false, "update_attribute": true} {
		if got := more[op].Repeatable; got != want {
			t.Errorf("%s is repeatable: %t, want %t (IC 4.1)", op, got, want)
		}
	}
	// The PUT of a company attribute takes the whole list: what others added stays (IC 3.4).
	if got := more["update_attribute"].Payload["options"]; !plan.Equal(got, []plan.Value{"a", "theirs", "b"}) {
		t.Errorf("options are written as %v", got)
	}
	if s := more["detach_company"]; !s.Drop || s.Member != orgID {
		t.Errorf("detach_company: drop %t, member %v", s.Drop, s.Member)
	}
}

// TestPrivateStaysPrivate: whatever a mapping does with author, time, text, files and order, a part that it calls private
// is a note, and one that the source calls private is never sent where a customer sees it.
func TestPrivateStaysPrivate(t *testing.T) {
	d := intercom.NewDestination("")
	w, sent := refusing(t)
	yes, no := true, false
	law := func(seed uint64, size uint8) bool {
		r := rand.New(rand.NewPCG(seed, 1))
		pick := func(values ...plan.Value) plan.Value { return values[r.IntN(len(values))] }
		c := record("conversation", plan.Action(pick(string(plan.Create), string(plan.AppendTo), string(plan.Update)).(string)))
		c.Want, c.Have = plan.Fields{"contact": annID}, plan.Fields{"state": pick("open", "closed", "snoozed")}
		private := map[string]bool{}
		source := map[string]*bool{}
		for i := range int(size%8) + 1 {
			p := plan.PartChange{List: fmt.Sprint(pick("comments", "notes", "solution")), Key: fmt.Sprint("c", i), What: "append"}
			p.Fields = plan.Fields{
				"author": pick(plan.Author("contact", annID), plan.Author("contact", pending("contact.all", "e$1")), plan.Author("teammate", "12"), plan.Author("actor", "Ann"), plan.Author("actor", ""), nil, "odd"),
				"body":   pick("", "text", "<p>x</p>", nil), "created_at": pick(int64(0), int64(1767600000), nil), "files": pick(nil, []plan.Value{plan.File{Name: "f"}}),
			}
			p.SourcePrivate = []*bool{nil, &yes, &no}[r.IntN(3)]
			if v := pick(true, false, nil); v != nil {
				p.Fields["private"] = v
				private[p.List+"/"+p.Key] = v == true
			}
			source[p.List+"/"+p.Key] = p.SourcePrivate
			c.Parts = append(c.Parts, p)
		}
		for _, s := range d.Steps(c) {
			if s.Part == "" {
				continue
			}
			name := s.List + "/" + s.Part
			if private[name] && (s.Op != "note" || s.Public) {
				t.Errorf("private part %s goes out as %s, public %t", name, s.Op, s.Public)
				return false
			}
			if src := source[name]; src != nil && *src && s.Op != "note" {
				before := sent()
				s.ID = convID
				if _, err := w.Do(t.Context(), s); err == nil || sent() != before {
					t.Errorf("a part that the source calls private was sent as %s: %v", s.Op, err)
					return false
				}
			}
		}
		return true
	}
	if err := quick.Check(law, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

func BenchmarkSteps(b *testing.B) {
	d := intercom.NewDestination("")
	c := thread(10)
	b.ReportAllocs()
	for b.Loop() {
		if len(d.Steps(c)) != 16 {
			b.Fatal("a conversation with 10 parts and 2 tags has 10 + 2 + 4 calls")
		}
	}
}
