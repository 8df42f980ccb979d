package hcl_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/hcl"
	"deskform/plan"
)

// TestLosing: what a function takes out is counted under the field that it made, by rule, and only where its value is taken.
func TestLosing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "main.hcl", preamble+`
records "contact" "people" {
  from = data.src.people
  key  = each.UUID
}
records "conversation" "tickets" {
  from       = data.src.tickets
  where      = unxed(each.shortDescr) != "skip"
  key        = unxed(each.UUID)
  contact    = ref(contact.people, each.client)
  created_at = each.registrationDate
  title      = coalesce(unxed(each.shortDescr), unxed(each.UUID))
  body       = "${unxed(each.shortDescr)} ${unxed(each.UUID)}"
  part "comments" {
    for_each   = [for c in rows(data.src.comments, each.UUID) : c if unxed(c.text) != "x"]
    private    = false
    created_at = part.creationDate
    body       = unxed(part.text)
  }
}
`)
	o := options(dir)
	o.Destination.Functions = append(o.Destination.Functions, plan.Function{Name: "unxed", Params: []string{"text"}, Result: plan.TypeString, Doc: "Without x.",
		Call: func(args []plan.Value) (plan.Value, error) { return strings.ReplaceAll(args[0].(string), "x", ""), nil },
		Losing: func(args []plan.Value, lost func(string, int)) (plan.Value, error) {
			s := args[0].(string)
			lost("x_removed", strings.Count(s, "x"))
			return strings.ReplaceAll(s, "x", ""), nil
		}})
	cfg, diags := hcl.Load(o)
	if diags.HasErrors() {
		t.Fatal(render(t, diags))
	}
	set, _ := cfg.Set("conversation.tickets")
	j := tables{owned: map[string]map[string][]string{"src.comments": {"tx1": {`{"text":"axbx","creationDate":"2026-03-02T06:14:55Z"}`, `{"text":"xc","creationDate":"2026-03-02T06:14:56Z"}`}}}}
	for _, tt := range []struct {
		name, row string
		want      []plan.Problem
	}{
		{"in all fields", `{"UUID":"tx1","shortDescr":"xax"}`, []plan.Problem{
			{Field: "title", Rule: "x_removed", Times: 2, Text: "x removed: 2"}, {Field: "body", Rule: "x_removed", Times: 3, Text: "x removed: 3"},
			{Field: "comments", Rule: "x_removed", Times: 3, Text: "x removed: 3"}}},
		{"the second choice", `{"UUID":"xt2","shortDescr":""}`, []plan.Problem{
			{Field: "title", Rule: "x_removed", Times: 1, Text: "x removed: 1"}, {Field: "body", Rule: "x_removed", Times: 1, Text: "x removed: 1"}}},
		{"nothing", `{"UUID":"t3","shortDescr":"a"}`, nil},
		{"a row that is not selected", `{"UUID":"tx3","shortDescr":"xskip"}`, nil},
	} {
		r, err := set.Eval(plan.Row{JSON: []byte(tt.row)}, j)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, r.Want.Notes); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}
