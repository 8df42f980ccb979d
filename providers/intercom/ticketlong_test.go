package intercom_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestLongDescription: a description over the limit of tickets goes on in parts of the ticket's own contact where that is
// declared, and makes the record invalid where it is not; nothing is cut.
func TestLongDescription(t *testing.T) {
	text := strings.Repeat("слово ", 8000)
	for _, strategy := range []string{"", "invalid", "split"} {
		w := plan.Want{Key: "t1", Fields: plan.Fields{"type": plan.Ref{Targets: []plan.Target{{Set: "ticket_type", Key: "incident"}}}, "created_at": int64(1767600000), "body": text, "state": "open"}}
		if strategy != "" {
			w.Fields["on_long"] = strategy
		}
		problems := intercom.NewDestination("").Normalize("ticket", &w, func(_, name string) (plan.AttributeDef, bool) {
			return plan.AttributeDef{DataType: "string"}, name == intercom.KeyAttribute
		})
		if strategy != "split" {
			if len(problems) != 1 || problems[0].Rule != "too_long" || !strings.Contains(problems[0].Text, `on_long = "split"`) {
				t.Errorf("on_long %q: %v", strategy, problems)
			}
			continue
		}
		got, _ := w.Fields["body"].(string)
		for _, p := range w.Parts {
			body, _ := p.Fields["body"].(string)
			if n := utf8.RuneCountInString(body); n > 32000 || p.Fields["private"] != false || !plan.Equal(p.Fields["created_at"], w.Fields["created_at"]) {
				t.Errorf("a piece of %d characters, %v", n, p.Fields["private"])
			}
			got += body
		}
		if len(problems) > 0 || len(w.Parts) == 0 || words(got) != words(text) {
			t.Errorf("%d parts, %v", len(w.Parts), problems)
		}
	}
}
