package engine_test

import (
	"strings"
	"testing"
)

// TestRedact: what a rule takes out never leaves, a second plan has nothing to do, and a rule that comes later cannot change
// what was written, which the plan says.
func TestRedact(t *testing.T) {
	const config = `
attribute "conversation" "paid_with" { data_type = "string" }
records "contact" "people" {
  rows       = { ann = { name = "Ann", email = "ann4111@acme.example" } }
  key        = each.key
  match      = { email = each.email }
  email      = each.email
  name       = each.name
}
records "conversation" "tickets" {
  rows       = { t1 = { text = "My card is 4111 1111 1111 1111, my PIN is 9876.", at = "2026-01-05T10:00:00Z" } }
  key        = each.key
  contact    = contact.people["ann"]
  created_at = each.at
  title      = each.text
  body       = each.text
  attributes = { paid_with = each.text }
  part "note" {
    for_each   = [each]
    private    = true
    created_at = part.at
    body       = html("<p>Card 4111 <b>1111</b> 1111 1111, PIN 9876</p>")
  }
  part "bracketed" {
    for_each   = [each]
    private    = true
    created_at = part.at
    author     = person("card-4111-1111-1111-1111@x.example")
    body       = "<card 4111 1111 1111 1111> and <card-4111-1111-1111-1111@x.example>"
  }
}
`
	cards := `
redact "cards" {
  pattern = "\\b\\d{4}(?:[ -]?\\d{4}){3}\\b"
  with    = "[card]"
  in      = [conversation.tickets]
}
`
	pins := `
redact "pins" { pattern = "9876" }
`
	d := newDesk(t, `{`+mover+`}`)
	d.write("main.hcl", config+cards)
	_, changes := d.plan()
	var rules []string
	for _, c := range changes {
		for _, n := range c.Notes {
			rules = append(rules, n.Field+" "+n.Rule)
		}
	}
	if got, want := strings.Join(rules, ", "), "attributes.paid_with redact.cards, body redact.cards, bracketed redact.cards, note redact.cards, title redact.cards"; got != want {
		t.Errorf("the plan tells of %s; want %s", got, want)
	}
	if done := d.apply(); done.proof != 0 {
		t.Errorf("%d changes are left", done.proof)
	}
	var out strings.Builder
	if err := d.far.Dump(&out); err != nil {
		t.Fatal(err)
	}
	dump := out.String()
	if strings.Contains(dump, "1111 1111") || strings.Contains(dump, "1111-1111") || strings.Count(dump, "[card]") < 4 || !strings.Contains(dump, "ann4111@acme.example") {
		t.Errorf("Intercom holds\n%s", dump)
	}
	if _, changes := d.plan(); said(changes) != "" {
		t.Errorf("a second plan says\n%s", said(changes))
	}
	d.write("main.hcl", config+cards+pins)
	if _, changes := d.plan(); !strings.Contains(said(changes), "update conversation.tickets") {
		t.Errorf("with another rule the plan says\n%s", said(changes))
	} else if f := changes[len(changes)-1]; len(f.Fields) != 3 || f.Fields[0].What+f.Fields[1].What+f.Fields[2].What != "frozensetset" || len(f.Parts) != 1 || f.Parts[0].What != "frozen" {
		t.Errorf("with another rule the fields are %+v, the parts %+v", f.Fields, f.Parts)
	}
}
