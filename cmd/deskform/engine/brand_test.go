package engine_test

import "testing"

// TestBrand: a brand is made by a person; conversations of it wait until it is there, and are then created in it.
func TestBrand(t *testing.T) {
	const config = `
brand "shop" { name = "Shop" }
records "contact" "people" {
  rows = { ann = { name = "Ann" } }
  key  = each.key
  name = each.name
}
records "conversation" "tickets" {
  rows       = { t1 = { text = "It does not print.", at = "2026-01-05T10:00:00Z" } }
  key        = each.key
  contact    = contact.people["ann"]
  brand      = brand.shop
  created_at = each.at
  body       = each.text
}
`
	for _, tt := range []struct{ name, brands, want string }{
		{"not there", "", "manual brand.shop: no API creates brands: in Intercom open Settings > Workspace > Brands, press New brand, give it exactly this name, then plan again\n" +
			`create contact.people["ann"]` + "\n" + `blocked conversation.tickets["t1"]: waits for brand.shop is manual`},
		{"there", `{"id": "9", "name": "Shop"}`, "adopt brand.shop: already in Intercom, found by name\n" + `create contact.people["ann"]` + "\n" + `create conversation.tickets["t1"]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, `{`+mover+`, "brands": [`+tt.brands+`]}`)
			d.write("main.hcl", config)
			if _, changes := d.plan(); said(changes) != tt.want {
				t.Errorf("the plan says\n%s\nwant\n%s", said(changes), tt.want)
			}
			if tt.brands == "" {
				return
			}
			// The sandbox takes no brand that it does not have.
			if done := d.apply(); done.proof != 0 || writesOf(done.calls) != "CreateContact 1, createConversation 1" {
				t.Errorf("%s, %d changes are left", writesOf(done.calls), done.proof)
			}
		})
	}
}
