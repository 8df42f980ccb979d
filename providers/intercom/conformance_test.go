package intercom_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
	"deskform/providers/providertest"
)

func TestConformance(t *testing.T) {
	clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	far, err := sandbox.New(sandbox.Options{Token: "conformance", Clock: clock, IndexLag: time.Minute, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
		"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}], "teams": [{"id": "21", "name": "Desk", "admin_ids": ["11"]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	w := intercom.NewWriter(intercom.Config{Endpoint: "http://intercom.sandbox", Token: "conformance", Actor: "mover@acme.example", RateShare: 1,
		HTTP: &http.Client{Transport: far.RoundTripper()}, Clock: clock})
	dest := intercom.NewDestination("")
	dest.Now = clock.Now
	author := func(as string, id plan.Value) plan.Value { return plan.Author(as, id) }
	attrs := map[string]plan.AttributeDef{
		"contact.post":      {Model: "contact", Name: "post", DataType: "string"},
		"company.size":      {Model: "company", Name: "ci_age", DataType: "integer"},
		"conversation.prio": {Model: "conversation", Name: "prio", DataType: "list", Options: []string{"High", "Low"}},
	}
	providertest.Destination(t, providertest.Far{
		Dest: dest, Writer: w,
		Settle: func() { clock.now = clock.now.Add(10 * time.Minute) },
		Attr: func(model, name string) (plan.AttributeDef, bool) {
			d, ok := attrs[model+"."+name]
			return d, ok
		},
		Wants: []providertest.Sample{
			{Kind: "attribute.contact", Want: plan.Want{Key: "post", Fields: plan.Fields{"data_type": "string", "description": "What they do"}}},
			{Kind: "attribute.company", Want: plan.Want{Key: "ci_age", Fields: plan.Fields{"data_type": "integer"}}},
			{Kind: "attribute.conversation", Want: plan.Want{Key: "prio", Fields: plan.Fields{"data_type": "list", "options": []plan.Value{"High", "Low"}}}},
			{Kind: "tag", Want: plan.Want{Key: "vip", Fields: plan.Fields{"name": "Very Important"}}},
			{Kind: "company", Want: plan.Want{Key: "org", Fields: plan.Fields{"company_id": "org:1", "name": "Acme", "website": "https://acme.example"}}},
			{Kind: "contact", Want: plan.Want{Key: "ann", Fields: plan.Fields{"role": "user", "email": " Ann@Acme.example", "name": "Ann", "phone": "+79000000001",
				"attributes.post": "lead", "companies": []plan.Value{"@company"}, "tags": []plan.Value{"@tag"}}}},
			{Kind: "conversation", Want: plan.Want{Key: "t1", Fields: plan.Fields{"contact": "@contact", "created_at": int64(1767600000), "body": "It does not print.\n\nNot <at> all.",
				"title": "Printer", "attributes.prio": "High", "tags": []plan.Value{"@tag"}, "assign.team": "21", "assign.teammate": "11", "state": "closed"},
				Parts: []plan.PartWant{
					{List: "comments", Key: "c1", Fields: plan.Fields{"private": false, "author": author("contact", "@contact"), "created_at": int64(1767600060), "body": "Still not."}},
					{List: "comments", Key: "c2", Fields: plan.Fields{"private": true, "author": author("actor", "Somebody"), "created_at": int64(1767600120), "body": "<p>The drum.</p>"}},
				}}},
		},
	})
}
