package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/plan/report"
)

// TestReclaims: one line a person, masked unless it is to be shown, also where nothing else is to be done.
func TestReclaims(t *testing.T) {
	ivan := plan.Person{Key: "employee$5", Email: "ivan@acme.example", Name: "Иван\x1b[31m"}
	spoke := func(key string, action plan.Action, n int, who plan.Person, seat string, fields ...plan.FieldChange) plan.Change {
		c := contact(key, action, fields...)
		c.Reclaimable = []plan.Reclaimable{{Teammate: seat, Who: who, Messages: n}}
		return c
	}
	assign := plan.FieldChange{Field: "assign.teammate", What: "set", After: "814"}
	taken := plan.FieldChange{Field: "assign.teammate", What: "set", Before: "9", After: "814"}
	changes := []plan.Change{spoke("1", plan.NoOp, 3, ivan, "814"), spoke("2", plan.Update, 1, ivan, "814", assign), contact("3", plan.Update, assign), contact("4", plan.Update, taken),
		contact("5", plan.Create, assign), spoke("6", plan.Keep, 1, plan.Person{Name: "Ann"}, "77")}
	for _, tt := range []struct {
		reveal bool
		want   []string
	}{
		{false, []string{"the actor wrote 1 message in 1 record for (personal), who now has the seat 77\n",
			"the actor wrote 4 messages in 2 records for mail#" + plan.Hash("ivan@acme.example")[:8] + ", who now has the seat 814; this plan assigns 2 records to them\n"}},
		{true, []string{"the actor wrote 1 message in 1 record for Ann, who now has the seat 77\n",
			`the actor wrote 4 messages in 2 records for Иван\u001b[31m (ivan@acme.example), who now has the seat 814; this plan assigns 2 records to them` + "\n"}},
	} {
		var out strings.Builder
		if _, err := report.Text(&out, all(changes...), report.Options{Kinds: kinds, Reveal: tt.reveal}); err != nil {
			t.Fatal(err)
		}
		for _, line := range tt.want {
			if !strings.Contains(out.String(), "  "+line) {
				t.Errorf("reveal %v: no %q in\n%s", tt.reveal, line, out.String())
			}
		}
		if !tt.reveal && (strings.Contains(out.String(), "Иван") || strings.Contains(out.String(), "ivan@")) {
			t.Errorf("a person's name is shown:\n%s", out.String())
		}
	}
	var out strings.Builder
	if _, err := report.JSON(&out, nil, all(changes...), report.Options{Kinds: kinds}); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Reclaimable []report.Reclaim `json:"reclaimable"`
	}
	if err := json.Unmarshal([]byte(out.String()), &doc); err != nil {
		t.Fatal(err)
	}
	if l := doc.Reclaimable; len(l) != 2 || l[1].Messages != 4 || l[1].Records != 2 || l[1].Assigned != 2 || l[1].Who == "" || strings.Contains(out.String(), "ivan@") {
		t.Errorf("JSON: %+v\n%s", l, out.String())
	}
}
