package intercom_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
	"deskform/providers/providertest/openapi"
)

// leap is a clock that jumps over every wait.
type leap struct{ now time.Time }

func (c *leap) Now() time.Time { return c.now }
func (c *leap) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

// TestContract sends every kind of step and every read that the client knows, and holds each request and answer
// against Intercom's own description.
func TestContract(t *testing.T) {
	v := openapi.Load(t, openapi.Differences())
	clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	far, err := sandbox.New(sandbox.Options{Token: "contract", Clock: clock, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
		"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}, {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}],
		"teams": [{"id": "21", "name": "Desk", "admin_ids": ["11"]}], "custom_objects": [{"identifier": "Change", "name": "Change", "attributes": [{"name": "risk", "data_type": "string"}, {"name": "state", "data_type": "list", "options": ["Open", "Closed"]},
		{"name": "asked", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "contact"}}, {"name": "after", "data_type": "relationship", "reference": {"type": "one", "object_type_id": "Change"}}]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	w := intercom.NewWriter(intercom.Config{Endpoint: "http://intercom.sandbox", Token: "contract", Actor: "mover@acme.example", RateShare: 1,
		HTTP: &http.Client{Transport: v.RoundTripper(far.RoundTripper())}, Clock: clock,
		ObjectTypes: []string{"Change"}, ObjectAttributes: []intercom.ObjectAttribute{{Of: "Change", Name: "risk"}},
		Files: func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte("a"))), nil }})
	ctx := t.Context()
	if ws, err := w.Workspace(ctx); err != nil || ws.ID != "ws1" {
		t.Fatalf("workspace %+v, %v", ws, err)
	}
	ids := map[string]string{}
	sent := map[string]bool{}
	do := func(name, kind, op, on string, payload plan.Fields) plan.Result {
		t.Helper()
		addr := plan.Address{Set: kind, Key: name}
		for k, val := range payload {
			if text, ok := val.(string); ok && strings.HasPrefix(text, "@") {
				payload[k] = ids[text[1:]]
			}
		}
		s := plan.Step{Key: name + "#" + op, Address: addr, Kind: kind, Op: op, ID: ids[on], Payload: payload}
		unsent(t, s)
		res, err := w.Do(ctx, s)
		if err != nil {
			t.Errorf("%s: %v", op, err)
		}
		sent[op] = true
		if on == "" {
			ids[name] = res.ID
		}
		return res
	}
	strs := func(s ...plan.Value) []plan.Value { return s }

	do("post", "attribute.contact", "create_attribute", "", plan.Fields{"model": "contact", "name": "post", "data_type": "string", "description": "What they do"})
	do("kind", "attribute.company", "create_attribute", "", plan.Fields{"model": "company", "name": "kind", "data_type": "list", "options": strs("PC", "Phone")})
	do("kind", "attribute.company", "update_attribute", "kind", plan.Fields{"model": "company", "options": strs("PC", "Phone", "Car")})
	do("kind", "attribute.company", "update_attribute", "kind", plan.Fields{"model": "company", "description": "What it is"})
	do("prio", "attribute.conversation", "create_attribute", "", plan.Fields{"name": "prio", "data_type": "list", "options": strs("High", "Low")})
	do("prio", "attribute.conversation", "add_option", "prio", plan.Fields{"option": "Middle"})
	do("prio", "attribute.conversation", "update_attribute", "prio", plan.Fields{"description": "How urgent"})
	var option plan.Value
	for l, err := range w.Sweep(ctx, "attribute.conversation", time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		if l.ID == ids["prio"] {
			option = l.Fields["option_ids"].(map[string]plan.Value)["Low"]
		}
	}
	do("prio", "attribute.conversation", "archive_option", "prio", plan.Fields{"option": "Low", "option_id": option})
	do("born", "attribute.contact", "create_attribute", "", plan.Fields{"model": "contact", "name": "born", "data_type": "date"})
	do("change", "attribute.conversation", "create_attribute", "", plan.Fields{"name": "change", "data_type": "relationship", "object_type": "Change", "many": true})
	do("papers", "attribute.conversation", "create_attribute", "", plan.Fields{"name": "papers", "data_type": "files"})
	do("vip", "tag", "create_tag", "", plan.Fields{"name": "vip"})
	do("vip", "tag", "rename_tag", "vip", plan.Fields{"name": "very important"})
	do("ann", "contact", "create_contact", "", plan.Fields{"role": "user", "email": "ann@acme.example", "name": "Ann", "attributes.post": "lead"})
	do("ann", "contact", "update_contact", "ann", plan.Fields{"name": "Anna", "phone": "+79000000001", "attributes.post": nil})
	do("org", "company", "upsert_company", "", plan.Fields{"company_id": "org:1", "name": "Acme", "attributes.kind": "PC"})
	do("org", "company", "update_company", "org", plan.Fields{"name": "Acme Ltd", "size": int64(5)})
	do("org", "company", "tag_company", "org", plan.Fields{"member": "@vip"})
	do("org", "company", "untag_company", "org", plan.Fields{"member": "@vip"})
	do("ann", "contact", "attach_company", "ann", plan.Fields{"member": "@org"})
	do("ann", "contact", "tag_contact", "ann", plan.Fields{"member": "@vip"})
	for on, kind := range map[string]string{"ann": "contact", "org": "company"} {
		op := map[string]string{"contact": "tag_contacts", "company": "tag_companies"}[kind]
		if res := do("", kind, op, "", plan.Fields{"member": "@vip", "ids": strs(ids[on], "65aa00000000000000000099")}); !slices.Equal(res.Members, []string{ids[on]}) {
			t.Errorf("%s reached %v", op, res.Members)
		}
	}
	do("conv", "conversation", "create_conversation", "", plan.Fields{"contact": "@ann", "body": "It does not print.", "created_at": int64(1767600000), "token": "itsm365x0123456789ab", "brand": "ws1"})
	do("conv", "conversation", "contact_reply", "conv", plan.Fields{"author": "@ann", "body": "Still not.", "created_at": int64(1767600060)})
	res := do("conv", "conversation", "comment", "conv", plan.Fields{"author": "12", "body": "<p>On my way.</p>", "created_at": int64(1767600120),
		"files": []plan.Value{plan.File{Name: "a.txt", Type: "text/plain", SHA256: "ca97", Size: 1}}})
	if res.PartID == "" {
		t.Error("the comment has no part id")
	}
	do("conv", "conversation", "note", "conv", plan.Fields{"author": nil, "body": "<p>The drum.</p>", "created_at": int64(1767600180)})
	do("conv", "conversation", "tag_conversation", "conv", plan.Fields{"member": "@vip"})
	do("conv", "conversation", "update_conversation", "conv", plan.Fields{"title": "Printer", "attributes.prio": "High"})
	do("conv", "conversation", "assign_team", "conv", plan.Fields{"assignee": "21"})
	do("conv", "conversation", "assign_teammate", "conv", plan.Fields{"assignee": "12"})
	do("conv", "conversation", "assign_teammate", "conv", plan.Fields{"assignee": nil})
	do("conv", "conversation", "snooze", "conv", plan.Fields{"snoozed_until": int64(1999999999)})
	do("conv", "conversation", "open", "conv", plan.Fields{})
	do("conv", "conversation", "close", "conv", plan.Fields{})
	do("conv", "conversation", "untag_conversation", "conv", plan.Fields{"member": "@vip"})
	for on, kind := range map[string]string{"ann": "contact", "org": "company"} {
		if res := do(on, kind, "add_note", on, plan.Fields{"body": "<p>Likes tea</p><p><i>itsm365x0123456789ab</i></p>", "token": "itsm365x0123456789ab"}); res.PartID == "" {
			t.Errorf("the note on a %s has no id", kind)
		}
		if notes, err := w.Notes(ctx, kind, ids[on]); err != nil || len(notes) != 1 {
			t.Errorf("%d notes on a %s, %v", len(notes), kind, err)
		}
	}
	do("bob", "contact", "create_contact", "", plan.Fields{"role": "user", "email": "bob@acme.example"})
	do("conv", "conversation", "add_participant", "conv", plan.Fields{"member": "@bob"})
	if got, err := w.Get(ctx, "conversation", ids["conv"]); err != nil || !plan.Equal(got.Fields["participants"], strs(ids["ann"], ids["bob"])) || got.Fields["contact"] != ids["ann"] {
		t.Errorf("participants %v of %v, %v", got.Fields["participants"], got.Fields["contact"], err)
	}
	do("conv", "conversation", "remove_participant", "conv", plan.Fields{"member": "@bob"})
	carried := &carrier{t: t, w: w, ids: ids, sent: sent}
	carried.tickets()
	carried.objects()
	do("ann", "contact", "untag_contact", "ann", plan.Fields{"member": "@vip"})
	do("ann", "contact", "detach_company", "ann", plan.Fields{"member": "@org"})

	clock.now = clock.now.Add(time.Hour)
	for _, kind := range intercom.Kinds() {
		for _, since := range []time.Time{{}, clock.now.Add(-2 * time.Hour)} {
			n := 0
			for _, err := range w.Sweep(ctx, kind.Name, since) {
				if err != nil {
					t.Errorf("sweep %s: %v", kind.Name, err)
				}
				n++
			}
			if n == 0 && since.IsZero() && kind.Name != "company" { // whom nobody belongs to is not listed (IC 3.3)
				t.Errorf("a full sweep of %s finds nothing", kind.Name)
			}
		}
	}
	for name, kind := range map[string]string{"ann": "contact", "org": "company", "conv": "conversation", "it": "ticket", "c1": "object"} {
		if _, err := w.Get(ctx, kind, ids[name]); err != nil {
			t.Errorf("get %s: %v", kind, err)
		}
	}
	for _, op := range strings.Fields(`create_attribute update_attribute add_option archive_option create_tag rename_tag create_contact update_contact attach_company
		detach_company tag_contact untag_contact tag_contacts tag_company untag_company tag_companies upsert_company update_company create_conversation contact_reply comment note tag_conversation
		untag_conversation add_note add_participant remove_participant update_conversation assign_team assign_teammate snooze open close
		create_ticket_type update_ticket_type create_ticket_attribute update_ticket_attribute create_ticket update_ticket tag_ticket untag_ticket
		assign_ticket_team assign_ticket_teammate unassign_ticket create_object update_object`) {
		if !sent[op] {
			t.Errorf("%s was not sent", op)
		}
	}
	v.Report(t)
}
