package intercom_test

import (
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
		"| updated | changed: `external_id`, `email`, `name`, `phone`, `signed_up_at`, `attributes`; members put there by us: `companies`, `tags`; never after creation: `role`; messages are added, never changed |",
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
