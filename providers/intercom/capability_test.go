package intercom_test

import (
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestCapabilities: the page tells of every kind, and one that nobody has described is no page at all.
func TestCapabilities(t *testing.T) {
	kinds := intercom.Kinds()
	page, err := intercom.Capabilities(kinds)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if !strings.Contains(string(page), "\n## "+k.Name+"\n") {
			t.Errorf("the page has no chapter on %s", k.Name)
		}
		if k.Manual != "" && !strings.Contains(string(page), k.Manual) {
			t.Errorf("the page does not say what a person does for a %s", k.Name)
		}
	}
	for _, line := range []string{
		"| updated | changed: `email`, `name`, `phone`, `signed_up_at`, `attributes`; filled where empty: `external_id`; members put there by us: `companies`, `tags`; never after creation: `role`; notes are added, never changed |",
		"| created | by a person: no API creates teams (IC 2) |",
	} {
		if !strings.Contains(string(page), line+"\n") {
			t.Errorf("the page lacks the line\n%s", line)
		}
	}
	_, err = intercom.Capabilities(append(kinds, plan.Kind{Name: "macro"}))
	if err == nil || err.Error() != "nobody has said of macro what is created, archived, left to a person and never undone; add them to the table of capabilities" {
		t.Errorf("a kind without the data: %v", err)
	}
}

// TestCapabilitiesAreSteps: what the page calls changed is what a step changes, and nothing else.
func TestCapabilitiesAreSteps(t *testing.T) {
	dest := intercom.NewDestination("")
	samples := map[plan.Type]plan.Value{plan.TypeBool: true, plan.TypeInt: int64(3), plan.TypeNumber: 0.5, plan.TypeTime: int64(1767600000)}
	for _, k := range intercom.Kinds() {
		var walk func(fields []plan.Field, prefix string)
		walk = func(fields []plan.Field, prefix string) {
			for _, f := range fields {
				name := prefix + f.Name
				switch {
				case f.Local || k.Creatable && f.Mode == plan.CreateOnly:
					continue
				case len(f.Fields) > 0:
					walk(f.Fields, name+".")
					continue
				case f.Type == plan.TypeMap:
					name += ".x"
				}
				var v plan.Value = "closed"
				if s, ok := samples[f.Type]; ok {
					v = s
				}
				changes := []plan.FieldChange{{Field: name, What: "set", After: v}}
				if f.Mode == plan.Members {
					changes = []plan.FieldChange{{Field: name, What: "add", After: []plan.Value{"1"}}}
					if !f.AddOnly {
						changes = append(changes, plan.FieldChange{Field: name, What: "remove", Before: []plan.Value{"1", "2"}, After: []plan.Value{"1"}})
					}
				}
				for _, fc := range changes {
					c := plan.Change{Address: plan.Address{Set: k.Name, Key: "k", Resource: k.Resource}, Kind: k.Name, Action: plan.Update, ID: "1", Fields: []plan.FieldChange{fc}, Want: plan.Fields{name: fc.After}, Have: plan.Fields{}}
					if name == "snoozed_until" {
						c.Want["state"] = "snoozed"
					}
					written := false
					for _, s := range dest.Steps(c) {
						written = written || slices.Contains(s.Fields, name)
					}
					if written != k.Creatable {
						t.Errorf("%s: to %s %s is a step: %v", k.Name, fc.What, name, written)
					}
				}
			}
		}
		walk(k.Fields, "")
	}
}
