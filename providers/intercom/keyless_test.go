package intercom_test

import (
	"fmt"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestKeysInPlainFields: a one-click link of the source leaves its key nowhere, also in fields that no text function was put
// around, and the plan counts it (IT trap 25).
func TestKeysInPlainFields(t *testing.T) {
	const link = "see https://acme.itsm365.com/sd/services/rest/edit/serviceCall$7?accessKey=TOPSECRETKEY now"
	attr := func(string, string) (plan.AttributeDef, bool) { return plan.AttributeDef{DataType: "string"}, true }
	for _, tt := range []struct {
		kind   string
		fields []string
	}{
		{"conversation", []string{"title", "body", "attributes.a"}}, {"ticket", []string{"title", "body", "attributes.a"}},
		{"contact", []string{"name", "attributes.a"}}, {"company", []string{"name", "attributes.a"}}, {"object", []string{"attributes.a"}},
	} {
		d := intercom.NewDestination("")
		w := plan.Want{Key: "x", Fields: plan.Fields{"created_at": int64(1767600000), "external_id": "itsm:1", "company_id": "org:1"}}
		for _, f := range tt.fields {
			w.Fields[f] = link
		}
		if tt.kind == "conversation" || tt.kind == "ticket" {
			w.Parts = []plan.PartWant{{List: "c", Key: "1", Fields: plan.Fields{"private": false, "created_at": int64(1767600001), "body": link}}}
		}
		d.Normalize(tt.kind, &w, attr)
		if text := fmt.Sprint(w.Fields, w.Parts); strings.Contains(text, "TOPSECRETKEY") || !strings.Contains(text, "link removed") {
			t.Errorf("%s: %s", tt.kind, text)
		}
		counted := map[string]bool{}
		for _, n := range w.Notes {
			counted[n.Field+" "+n.Rule] = true
		}
		for _, f := range tt.fields {
			if !counted[f+" one_click_link_removed"] {
				t.Errorf("%s: the link in %s is not counted: %v", tt.kind, f, w.Notes)
			}
		}
		if len(w.Parts) > 0 && !counted["c one_click_link_removed"] {
			t.Errorf("%s: the link in the part is not counted", tt.kind)
		}
	}
}
