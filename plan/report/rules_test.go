package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/plan/report"
)

// manyBroken are seven records over a limit, one of them twice, and an unchanged one that lost a file.
func manyBroken() []plan.Change {
	var out []plan.Change
	for i := range 7 {
		c := contact(fmt.Sprintf("p%d@acme.example", i), plan.Invalid)
		c.Problems = []plan.Problem{{Field: "name", Rule: "too_long", Text: "is longer than 255 characters"}}
		if i == 0 {
			c.Problems = append(c.Problems, plan.Problem{Field: "name", Rule: "too_long", Text: "again"})
		}
		out = append(out, c)
	}
	same := contact("e9", plan.NoOp)
	same.Notes = []plan.Problem{{Field: "comments", Rule: "file_denied", Text: "part c1 leaves out a file"}}
	return append(out, same)
}

// TestRulesText: a count per rule and the first rows, masked; also of records that need nothing.
func TestRulesText(t *testing.T) {
	var out strings.Builder
	if _, err := report.Text(&out, all(manyBroken()...), report.Options{Kinds: kinds}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, want := range []string{
		"\nRows that break a limit or a rule:\n       7 contact.people name: too_long, 8 times  (contact.people[\"mail#", ", …)\n",
		"\nWhat rows lose or become by a declared rule:\n       1 contact.people comments: file_denied  (contact.people[\"e9\"])\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the plan does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "p0@acme") {
		t.Error("an address is not masked")
	}
}

func TestRulesJSON(t *testing.T) {
	var out strings.Builder
	if _, err := report.JSON(&out, nil, all(manyBroken()...), report.Options{Kinds: kinds}); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Rules []report.Rows
	}
	if err := json.Unmarshal([]byte(out.String()), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Rules) != 2 || doc.Rules[0].Records != 7 || doc.Rules[0].Times != 8 || len(doc.Rules[0].First) != 5 || !doc.Rules[0].Invalid || doc.Rules[1].Rule.Rule != "file_denied" {
		t.Errorf("rules %+v", doc.Rules)
	}
	if strings.Contains(out.String(), "p0@acme") {
		t.Error("an address is not masked")
	}
}

// TestLateText: the plan says of parts that come late where they will stand.
func TestLateText(t *testing.T) {
	c := contact("e1", plan.AppendTo)
	c.Parts = []plan.PartChange{{List: "comments", Key: "1", What: "append"}, {List: "comments", Key: "2", What: "append", Reason: plan.PartLate}, {List: "comments", Key: "3", What: "append", Reason: plan.PartBefore}}
	var out strings.Builder
	if _, err := report.Text(&out, all(c), report.Options{Kinds: kinds}); err != nil {
		t.Fatal(err)
	}
	if want := "      > 3 parts\n      > 1 of them: is older than what is there already; it keeps its original time and stands after it\n" +
		"      > 1 of them: is older than the record itself; it gets the record's time, names its own in its text and stands after what is there already\n"; !strings.Contains(out.String(), want) {
		t.Errorf("the plan does not say %q:\n%s", want, out.String())
	}
}
