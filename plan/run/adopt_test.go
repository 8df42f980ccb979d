package run_test

import (
	"testing"

	"deskform/plan"
)

// An adopted record remembers as sent what was written or was equal already, and nothing that was only kept; neither does
// a later update.
func TestAdopted(t *testing.T) {
	for _, tc := range []struct {
		name       string
		have, want string
		what       string // what the plan does about it
		sent       plan.Value
	}{
		{"an empty field is filled", "", "Ann", "set", "Ann"},
		{"it was equal", "Ann", "Ann", "", "Ann"},
		{"another value is kept", "Annie", "Ann", "keep", nil},
		{"another value is not even looked at", "Annie", "Ann", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, j := &service{live: map[string]plan.Live{"id1": {ID: "id1", Fields: plan.Fields{"name": tc.have}}}}, newJournal()
			c := plan.Change{Address: plan.Address{Set: "contact.a", Key: "ann"}, Kind: "contact", Action: plan.Adopt, ID: "id1",
				Want: plan.Fields{"name": tc.want}, Have: plan.Fields{"name": tc.have}}
			if tc.what != "" {
				c.Fields = []plan.FieldChange{{Field: "name", What: tc.what, Before: tc.have, After: tc.want}}
			}
			check := func(want plan.Value) {
				t.Helper()
				base, _ := j.Base(t.Context(), "contact.a", "ann")
				if base.Origin != "adopted" || !plan.Same(base.Sent["name"], plan.Stored(want)) {
					t.Errorf("%s, sent %v, want %v", base.Origin, base.Sent["name"], want)
				}
			}
			if got, err := runner(s, j).Apply(t.Context(), changes(c)); err != nil || books(got) != "1 adopted" {
				t.Fatalf("%s %v", books(got), err)
			}
			check(tc.sent)
			update := plan.Change{Address: c.Address, Kind: "contact", Action: plan.Update, ID: "id1", Want: plan.Fields{"name": "Anna", "friend": nil},
				Have: plan.Fields{"name": tc.have}, Fields: []plan.FieldChange{{Field: "friend", What: "set", After: "f1"}}}
			if tc.sent != nil {
				return
			}
			if got, err := runner(s, j).Apply(t.Context(), changes(update)); err != nil || books(got) != "1 updated" {
				t.Fatalf("%s %v", books(got), err)
			}
			check(nil)
		})
	}
}
