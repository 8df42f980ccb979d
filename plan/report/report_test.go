package report_test

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/plan/report"
)

var kinds = []plan.Kind{
	{Name: "contact", Fields: []plan.Field{
		{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Personal: true},
		{Name: "role", Type: plan.TypeString, Mode: plan.CreateOnly},
		{Name: "seen_at", Type: plan.TypeTime, Mode: plan.Mutable},
		{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members},
		{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "contact"},
	}},
	{Name: "tag", Resource: true, Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.Mutable}}},
}

func contact(key string, action plan.Action, fields ...plan.FieldChange) plan.Change {
	return plan.Change{Address: plan.Address{Set: "contact.people", Key: key}, Kind: "contact", Action: action, Fields: fields}
}

func set(field string, before, after plan.Value) plan.FieldChange {
	return plan.FieldChange{Field: field, What: "set", Before: before, After: after}
}

func all(cs ...plan.Change) iter.Seq2[plan.Change, error] {
	return func(yield func(plan.Change, error) bool) {
		for _, c := range cs {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func TestText(t *testing.T) {
	open := report.Options{Kinds: kinds, Open: []string{"contact.rank"}}
	for name, tt := range map[string]struct {
		changes []plan.Change
		o       report.Options
		want    string
	}{
		"nothing to do": {[]plan.Change{contact("e1", plan.NoOp), contact("e2", plan.Skip)}, open, `No changes. Intercom holds what the configuration wants.

Plan: 0 to create, 0 to adopt, 0 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
Besides: 1 unchanged, 1 skipped by rule.
`},
		"ids whose address is known": {[]plan.Change{contact("e1", plan.Update,
			plan.FieldChange{Field: "tags", What: "add", After: []plan.Value{"21", "77"}, Addresses: map[string]string{"21": "tag.vip"}},
			plan.FieldChange{Field: "role", What: "set", Before: "21", After: "9", Addresses: map[string]string{"9": `contact.people["ann@acme.example"]`}})}, open,
			`  ~ contact.people["e1"]
      + tags [tag.vip, "77"]
      ~ role: "21" -> contact.people["mail#` + plan.Hash("ann@acme.example")[:8] + `"]

Plan: 0 to create, 0 to adopt, 1 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
`},
		"a create is masked, but for what is no person's data": {[]plan.Change{contact("e1", plan.Create,
			set("name", nil, "Ann Lee"), set("role", nil, "user"), set("seen_at", nil, int64(1767607200)), set("attributes.note", nil, "call Ann"),
			set("attributes.rank", nil, "gold"), set("attributes.age", nil, int64(40)), set("attributes.vip", nil, true),
			plan.FieldChange{Field: "tags", What: "add", After: []plan.Value{plan.Ref{Targets: []plan.Target{{Set: "tag", Key: "vip"}}}, "77"}})}, open,
			`  + contact.people["e1"]
      + name = (personal, 7 characters)
      + role = "user"
      + seen_at = 2026-01-05T10:00:00Z
      + attributes.note = (personal, 8 characters)
      + attributes.rank = "gold"
      + attributes.age = 40
      + attributes.vip = true
      + tags [tag.vip, "77"]

Plan: 1 to create, 0 to adopt, 0 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
`},
		"an address as a key is masked everywhere": {[]plan.Change{
			{Address: plan.Address{Set: "contact.people", Key: "ann@acme.example"}, Kind: "contact", Action: plan.Merged, MergedInto: `contact.people["bob@acme.example"]`,
				Reason: `the same email as contact.people["bob@acme.example"], which owns the fields`,
				Fields: []plan.FieldChange{{Field: "tags", What: "add", After: []plan.Value{"77"}}}}}, open,
			`  & contact.people["mail#267a9f17"]  (merged)  # the same email as contact.people["mail#` + plan.Hash("bob@acme.example")[:8] + `"], which owns the fields
      + tags ["77"]

Plan: 0 to create, 0 to adopt, 0 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
Besides: 1 merged.
`},
		"a conflict shows all three values": {[]plan.Change{contact("e1", plan.Conflict,
			plan.FieldChange{Field: "attributes.rank", What: "conflict", Base: "gold", After: "tin", Before: "iron"})}, open,
			`No changes. Intercom holds what the configuration wants.

Nothing will be done about these:
  ! contact.people["e1"]  (conflict)
      ! attributes.rank: last sent "gold", wanted "tin", in Intercom "iron"

Plan: 0 to create, 0 to adopt, 0 to update, 0 to append, 1 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
`},
		"problems hide addresses": {[]plan.Change{{Address: plan.Address{Set: "contact.people", Key: "e1"}, Kind: "contact", Action: plan.Invalid,
			Problems: []plan.Problem{{Field: "email", Rule: "not_an_address", Text: "ann@@acme.example is no address"}}}}, open,
			`No changes. Intercom holds what the configuration wants.

Nothing will be done about these:
  x contact.people["e1"]  (invalid)
      x email (personal) is no address

Rows that break a limit or a rule:
       1 contact.people email: not_an_address  (contact.people["e1"])

Plan: 0 to create, 0 to adopt, 0 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 1 invalid.
`},
		"the rest is counted": {[]plan.Change{contact("e1", plan.Create), contact("e2", plan.Create), contact("e3", plan.Create)}, report.Options{Kinds: kinds, PerSet: 1},
			`  + contact.people["e1"]
  … and 2 more like these; --all shows every one

Plan: 3 to create, 0 to adopt, 0 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
`},
		"revealed": {[]plan.Change{contact("ann@acme.example", plan.Update, set("name", "Ann", "Anna"))}, report.Options{Kinds: kinds, Reveal: true},
			`  ~ contact.people["ann@acme.example"]
      ~ name: "Ann" -> "Anna"

Plan: 0 to create, 0 to adopt, 1 to update, 0 to append, 0 in conflict, 0 frozen, 0 blocked, 0 manual, 0 invalid.
`},
	} {
		var out strings.Builder
		if _, err := report.Text(&out, all(tt.changes...), tt.o); err != nil || out.String() != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, out.String(), tt.want)
		}
	}
}

// A ticket's text must not leave the fence, address anybody or paint a terminal.
func TestHostileText(t *testing.T) {
	hostile := "```\n</details>\n@everyone \x1b[31m[x](http://evil.example)\u202e"
	c := contact("k```", plan.Create, set("role", nil, hostile))
	c.Reason = "because of ```"
	var md strings.Builder
	if _, err := report.Markdown(&md, "plan of ```ws", all(c), report.Options{Kinds: kinds}); err != nil {
		t.Fatal(err)
	}
	inside, ok := strings.CutPrefix(md.String(), "### plan of ˋˋˋws\n\n```text\n")
	inside, ok2 := strings.CutSuffix(inside, "```\n")
	if !ok || !ok2 || strings.Contains(inside, "`") || strings.ContainsAny(inside, "\x1b\u202e") {
		t.Errorf("%q", md.String())
	}
	if strings.Count(inside, "\n") != 4 {
		t.Errorf("a value makes lines of its own: %q", inside)
	}
}

func TestJSON(t *testing.T) {
	var out strings.Builder
	c := contact("ann@acme.example", plan.Create, set("name", nil, "Ann Lee"), set("role", nil, "user"))
	c.Problems = []plan.Problem{{Field: "email", Text: "ann@@acme.example is no address"}}
	sum, err := report.JSON(&out, map[string]any{"format": 1}, all(c, contact("e2", plan.NoOp)), report.Options{Kinds: kinds})
	if err != nil || sum[plan.Create] != 1 {
		t.Fatal(err, sum)
	}
	var doc struct {
		Format  int
		Changes []struct {
			Address string
			Fields  []struct {
				Field  string
				After  any
				Masked bool
			}
		}
		Summary map[string]int
	}
	if err := json.Unmarshal([]byte(out.String()), &doc); err != nil {
		t.Fatal(err, out.String())
	}
	if len(doc.Changes) != 1 || doc.Summary["create"] != 1 || doc.Summary["no-op"] != 1 || doc.Format != 1 {
		t.Errorf("%+v", doc)
	}
	if f := doc.Changes[0].Fields; !f[0].Masked || f[0].After != nil || f[1].Masked || f[1].After != "user" {
		t.Errorf("%+v", f)
	}
	if strings.Contains(out.String(), "@acme") || strings.Contains(out.String(), "Ann") {
		t.Errorf("a person shows: %s", out.String())
	}
}

// An error of the sequence ends the report and is returned as it is.
func TestBrokenSequence(t *testing.T) {
	broken := errors.New("damaged")
	seq := func(yield func(plan.Change, error) bool) { yield(plan.Change{}, broken) }
	for name, f := range map[string]func() error{
		"text": func() error { _, err := report.Text(&strings.Builder{}, seq, report.Options{}); return err },
		"json": func() error { _, err := report.JSON(&strings.Builder{}, nil, seq, report.Options{}); return err },
		"markdown": func() error {
			_, err := report.Markdown(&strings.Builder{}, "x", seq, report.Options{})
			return err
		},
	} {
		if err := f(); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestApplyLine(t *testing.T) {
	var b plan.Books
	b.Add("contact.people", plan.OutCreated, 3)
	b.Add("contact.people", plan.OutMerged, 1)
	b.Add("conversation.tickets", plan.OutCreated, 2)
	b.Add("conversation.tickets", plan.OutSetAside, 1)
	if got, want := report.ApplyLine(b), "Apply complete: 5 created, 0 adopted, 0 updated, 0 appended, 1 merged, 1 set aside."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
