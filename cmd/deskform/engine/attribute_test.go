package engine_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
)

// said is what a plan says of each address: "action address: reason", those with nothing to do left out.
func said(changes []plan.Change) string {
	var out []string
	for _, c := range changes {
		if c.Action == plan.NoOp {
			continue
		}
		line := fmt.Sprintf("%s %s", c.Action, c.Address)
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

const mover = `"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}]`

// seeded is a workspace with data attributes and conversation attributes, as JSON lists.
func seeded(data, conv string) string {
	return `{` + mover + `, "data_attributes": [` + data + `], "conversation_attributes": [` + conv + `]}`
}

// many are n attributes of a model.
func many(model string, n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"model": %q, "name": "a%03d", "data_type": "string"}`, model, i))
	}
	return strings.Join(out, ",")
}

// TestAttributesInAWorkspace: what a plan says of declared attributes, by what the workspace holds (IC 3.4, 3.5).
func TestAttributesInAWorkspace(t *testing.T) {
	for _, tt := range []struct{ name, seed, config, want string }{
		{"every type of a contact", seeded("", ""), `
attribute "contact" "a" { data_type = "string" }
attribute "contact" "b" { data_type = "integer" }
attribute "contact" "c" { data_type = "decimal" }
attribute "contact" "d" { data_type = "boolean" }
attribute "contact" "e" { data_type = "datetime" }
attribute "contact" "f" { data_type = "date" }
attribute "contact" "g" {
  data_type = "list"
  options   = ["x", "y"]
}`, "create attribute.contact.a\ncreate attribute.contact.b\ncreate attribute.contact.c\ncreate attribute.contact.d\ncreate attribute.contact.e\ncreate attribute.contact.f\ncreate attribute.contact.g"},
		{"a relationship of a contact is made by a person", seeded("", ""), `
attribute "contact" "changes" {
  data_type   = "relationship"
  object_type = "Change"
}`, "manual attribute.contact.changes: no API makes relationship attributes of a contact: in Intercom open Settings > Data, create an attribute of the kind reference, give it exactly this name and object, then plan again"},
		{"both date and datetime read back as date", seeded(`{"model": "contact", "name": "e", "data_type": "datetime"}, {"model": "contact", "name": "f", "data_type": "date"}`, ""), `
attribute "contact" "e" { data_type = "datetime" }
attribute "contact" "f" { data_type = "date" }`, "adopt attribute.contact.e: already in Intercom, found by name\nadopt attribute.contact.f: already in Intercom, found by name"},
		{"another type", seeded(`{"model": "contact", "name": "a", "data_type": "integer"}`, ""), `attribute "contact" "a" { data_type = "string" }`,
			`conflict attribute.contact.a: already in Intercom with data_type = "integer" instead of "string", which cannot be changed there; give the block another label and name, which makes a new attribute, or archive the old one in Intercom by hand and take a name that is free`},
		{"a name that a company's has", seeded(`{"model": "company", "name": "Serial", "data_type": "string"}`, ""), `attribute "contact" "serial" { data_type = "string" }`,
			`invalid attribute.contact.serial: "serial" is the name of an object of kind attribute.company in Intercom, and the two kinds share their names; give the block another name`},
		{"a name that an archived company's keeps", seeded(`{"model": "company", "name": "serial", "data_type": "string", "archived": true}`, ""), `attribute "contact" "serial" { data_type = "string" }`,
			`invalid attribute.contact.serial: "serial" is the name of an archived object of kind attribute.company in Intercom, which keeps it; give the block another name`},
		{"a name that an archived one of its own keeps", seeded(`{"model": "contact", "name": "post", "data_type": "string", "archived": true}`, ""), `attribute "contact" "post" { data_type = "string" }`,
			`invalid attribute.contact.post: "post" is archived in Intercom, where its name stays taken; restore it there, or give the block another name`},
		{"an archived one of a conversation is in nobody's way", seeded("", `{"name": "prio", "data_type": "string", "archived": true}`), `attribute "conversation" "prio" { data_type = "string" }`, "create attribute.conversation.prio"},
		{"two of a conversation have one name, which nobody declares", seeded("", `{"name": "old", "data_type": "string"}, {"name": "old", "data_type": "list", "options": ["a", "b"]}`), `attribute "conversation" "prio" { data_type = "string" }`,
			`invalid attribute.conversation.prio: two objects of kind attribute.conversation in Intercom are called "old": every write of conversation attributes fails until one of them is archived in Intercom (IC trap 26)`},
		{"the last place is taken", seeded(many("company", 249), ""), `
attribute "company" "serial" { data_type = "string" }
attribute "contact" "post" { data_type = "string" }`,
			"create attribute.contact.post\n" + `invalid attribute.company.serial: would be number 251, and the workspace has room for 250 of attribute.company and attribute.contact together; archive some in Intercom, or declare fewer`},
		{"archived ones take no place", seeded(many("company", 249)+`, {"model": "contact", "name": "x", "data_type": "string", "archived": true}`, ""), `attribute "contact" "post" { data_type = "string" }`, "create attribute.contact.post"},
		{"conversations have room of their own", seeded(many("company", 250), ""), `attribute "conversation" "prio" { data_type = "string" }`, "create attribute.conversation.prio"},
		{"what the workspace owns is not there", seeded("", ""), `
attribute "conversation" "prio" {
  data_type = "string"
  existing  = true
}`, "manual attribute.conversation.prio: existing = true says that the workspace has a conversation attribute of this name and type, and it has none: make it in Intercom under Settings > Data, then plan again; or take existing out, and deskform makes it"},
		{"what the workspace owns is another type", seeded("", `{"name": "prio", "data_type": "string"}`), `
attribute "conversation" "prio" {
  data_type = "list"
  existing  = true
}`, `conflict attribute.conversation.prio: is in Intercom with data_type = "string", and the configuration says "list"; correct the configuration`},
		{"what the workspace owns lacks an option", seeded("", `{"name": "prio", "data_type": "list", "options": ["High", "Low"]}`), `
attribute "conversation" "prio" {
  data_type   = "list"
  options     = ["High", "None"]
  description = "not written"
  existing    = true
}`, `manual attribute.conversation.prio: its options lack "None", and its owner is the workspace: add them in Intercom, then plan again`},
		{"what the workspace owns is taken as it is", seeded(many("company", 250), `{"name": "prio", "data_type": "list", "options": ["High", "Low"]}`), `
attribute "company" "a007" {
  data_type = "string"
  existing  = true
}
attribute "conversation" "prio" {
  data_type   = "list"
  description = "not written"
  existing    = true
}`, "adopt attribute.company.a007: the workspace owns it; nothing is written to it\nadopt attribute.conversation.prio: the workspace owns it; nothing is written to it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.seed)
			d.write("main.hcl", tt.config)
			pl, changes := d.plan()
			if got := said(changes); got != tt.want {
				t.Errorf("the plan says\n%s\nwant\n%s", got, tt.want)
			}
			if strings.HasPrefix(tt.want, "adopt") && pl.Forecast.Writes != 0 {
				t.Errorf("%d writes for what is there", pl.Forecast.Writes)
			}
		})
	}
}

// TestAttributesOverTime: an attribute is made, and its block changes.
func TestAttributesOverTime(t *testing.T) {
	list := func(model, options, more string) string {
		return fmt.Sprintf("attribute %q \"prio\" {\n  data_type = \"list\"\n  options = [%s]\n  %s\n}\n", model, options, more)
	}
	for _, tt := range []struct {
		name, first, then string
		// want is what the second plan says, calls are what the sandbox counts, holds what it then holds.
		want, calls, holds string
	}{
		{"options of a conversation's come and go", list("conversation", `"a", "b", "c"`, ""), list("conversation", `"d", "a", "e"`, ""), "update attribute.conversation.prio: 2 fields",
			"createConversationAttributeOption 2, deleteConversationAttributeOption 2", "-b, -c, a, d, e"},
		{"two other options, and two stay all the while", list("conversation", `"a", "b"`, ""), list("conversation", `"c", "d"`, ""), "update attribute.conversation.prio: 2 fields",
			"createConversationAttributeOption 2, deleteConversationAttributeOption 2", "-a, -b, c, d"},
		{"options of a contact's come and go in one call, with the description", list("contact", `"a", "b", "c"`, ""), list("contact", `"d", "a"`, `description = "new"`), "update attribute.contact.prio: 3 fields", "updateDataAttribute 1", "a, d"},
		{"a description alone", list("company", `"a", "b"`, `description = "old"`), list("company", `"b", "a"`, `description = "new"`), "update attribute.company.prio: 1 field", "updateDataAttribute 1", "a, b"},
		{"another type", list("conversation", `"a", "b"`, ""), "attribute \"conversation\" \"prio\" { data_type = \"string\" }\n",
			`conflict attribute.conversation.prio: data_type is "list" in Intercom and cannot be changed there to "string"; give the block another label and name, which makes a new attribute, or archive the old one in Intercom by hand and take a name that is free`, "", "a, b"},
		{"another name", list("conversation", `"a", "b"`, ""), list("conversation", `"a", "b"`, `name = "urgency"`),
			`conflict attribute.conversation.prio: name is "prio" in Intercom and cannot be changed there to "urgency"; give the block another label, which makes a new attribute`, "", "a, b"},
		{"its block goes and it stays", list("conversation", `"a", "b"`, "") + `attribute "conversation" "other" { data_type = "string" }`, `attribute "conversation" "other" { data_type = "string" }`,
			"left attribute.conversation.prio: its block is gone from the configuration; it stays in Intercom", "", "a, b"},
		{"it becomes the workspace's", list("conversation", `"a", "b"`, ""), list("conversation", `"a"`, `existing = true`), "", "", "a, b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, seeded("", ""))
			d.write("main.hcl", tt.first)
			if got := d.apply(); got.proof != 0 {
				t.Fatalf("%d changes are left", got.proof)
			}
			d.write("main.hcl", tt.then)
			_, changes := d.plan()
			if got := said(changes); got != tt.want {
				t.Errorf("the plan says\n%s\nwant\n%s", got, tt.want)
			}
			done := d.apply()
			var calls []string
			for op, n := range done.calls {
				if !regexp.MustCompile("^(list|lis|get|identify)").MatchString(op) {
					calls = append(calls, fmt.Sprint(op, " ", n))
				}
			}
			slices.Sort(calls)
			if got := strings.Join(calls, ", "); got != tt.calls || done.proof != 0 || done.writes != done.forecast.Writes || done.reads != done.forecast.Reads {
				t.Errorf("calls %q, want %q; %d changes left; %d writes and %d reads, forecast %d and %d", got, tt.calls, done.proof, done.writes, done.reads, done.forecast.Writes, done.forecast.Reads)
			}
			if got := optionsOf(t, d, "prio"); got != tt.holds {
				t.Errorf("the options are %s, want %s", got, tt.holds)
			}
		})
	}
}

// optionsOf are the options of an attribute in the sandbox, sorted, archived ones with a minus.
func optionsOf(t *testing.T, d *desk, name string) string {
	t.Helper()
	var out strings.Builder
	if err := d.far.Dump(&out); err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(out.String()) {
		var o struct {
			Object struct {
				Name    string            `json:"name"`
				Options []json.RawMessage `json:"options"`
			} `json:"object"`
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		for _, raw := range o.Object.Options {
			var opt struct {
				Label    string `json:"label"`
				Archived bool   `json:"archived"`
			}
			if o.Object.Name != name {
				continue
			}
			if json.Unmarshal(raw, &opt.Label) != nil {
				if err := json.Unmarshal(raw, &opt); err != nil {
					t.Fatal(err)
				}
			}
			if opt.Archived {
				opt.Label = "-" + opt.Label
			}
			found = append(found, opt.Label)
		}
	}
	slices.Sort(found)
	return strings.Join(found, ", ")
}
