package intercom_test

import (
	"fmt"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestBefore: what is older than the first message is sent at the time of that, in its own order and with its own time in
// the text, whoever speaks; the plan counts it, and a comparison or a lost answer finds it again.
func TestBefore(t *testing.T) {
	const created = int64(1768035600)                          // 2026-01-10 09:00 UTC
	const first, second = int64(1767916800), int64(1767920400) // 2026-01-09 00:00 and 01:00 UTC
	w, _, ann := desk(t)
	part := func(key string, author plan.Value, at int64) plan.PartWant {
		return plan.PartWant{List: "comments", Key: key, Fields: plan.Fields{"private": false, "author": author, "created_at": at, "body": "<p>" + key + "</p>"}}
	}
	want := plan.Want{Key: "t1", Fields: plan.Fields{"created_at": created, "body": strings.Repeat("word ", 8000), "on_long": "split"}, Parts: []plan.PartWant{
		part("second", plan.Author("actor", "Petrov"), second), part("at once", plan.Author("contact", ann), created), part("first", plan.Author("contact", ann), first),
		part("nameless", plan.Author("actor", ""), second), part("agent", plan.Author("teammate", "11"), second), part("later", plan.Author("teammate", "11"), created+60)}}
	d := intercom.NewDestination("")
	if p := d.Normalize("conversation", &want, definitions); len(p) > 0 {
		t.Fatal(p)
	}
	var order, notes []string
	for _, p := range want.Parts {
		order = append(order, p.Key)
	}
	if got := strings.Join(order, ", "); got != "body~2, first, second, nameless, agent, at once, later" {
		t.Errorf("the order is %s", got)
	}
	for _, n := range want.Notes {
		notes = append(notes, n.Field+" "+n.Rule)
	}
	if got := strings.Join(notes, ", "); got != "body split, comments part_before_conversation, comments part_before_conversation, comments part_before_conversation, comments part_before_conversation" {
		t.Errorf("the plan counts %s", got)
	}
	if p := d.Normalize("conversation", &want, definitions); len(p) > 0 || len(want.Notes) != 5 {
		t.Errorf("made alike twice: %v, %v", p, want.Notes)
	}

	c := plan.Change{Address: plan.Address{Set: "conversation.all", Key: "t1"}, Kind: "conversation", Action: plan.Create, Want: plan.Fields{"contact": ann, "created_at": created, "body": "x", "state": "open"}}
	res, err := w.Do(t.Context(), d.Steps(c)[0])
	if err != nil {
		t.Fatal(err)
	}
	c.Action, c.ID, c.Have = plan.AppendTo, res.ID, plan.Fields{"state": "open"}
	for _, p := range want.Parts[1:] {
		c.Parts = append(c.Parts, plan.PartChange{List: p.List, Key: p.Key, What: "append", Fields: p.Fields})
	}
	lines := map[string]string{"first": "<p><i>2026-01-09 00:00 UTC</i></p>", "second": "<p><i>Petrov · 2026-01-09 01:00 UTC</i></p>", "nameless": "<p><i>ITSM 365 · 2026-01-09 01:00 UTC</i></p>",
		"agent": "<p><i>2026-01-09 01:00 UTC</i></p>"}
	for i, s := range d.Steps(c) {
		if got, want := fmt.Sprint(s.Payload["body"]), lines[s.Part]+"<p>"+s.Part+"</p>"; got != want {
			t.Errorf("%s is sent as %q, want %q", s.Part, got, want)
		}
		res, err := w.Do(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Settle(t.Context(), plan.Intent{Step: s}); err != nil || !got.Found || got.Result.PartID != res.PartID {
			t.Errorf("%s settles as %+v (%v)", s.Part, got, err)
		}
		live := plan.LivePart{ID: "1", Fields: plan.Fields{"private": false, "body": s.Payload["body"], "created_at": s.Payload["created_at"], "files": int64(0)}}
		if why := d.SamePart(want.Parts[i+1], live); why != "" {
			t.Errorf("%s is not recognized: %s", s.Part, why)
		}
		if live.Fields["body"] = "<p>" + s.Part + "</p>"; lines[s.Part] != "" && d.SamePart(want.Parts[i+1], live) == "" {
			t.Errorf("%s is taken for the same without its time", s.Part)
		}
	}
}
