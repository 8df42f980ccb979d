package plan_test

import (
	"testing"

	"deskform/plan"
)

// TestLatePart: a comment that is older than what was written is appended with its own time, and the plan says so.
func TestLatePart(t *testing.T) {
	part := func(key string, at int64) plan.PartWant {
		return plan.PartWant{List: "comments", Key: key, Fields: plan.Fields{"body": key, "created_at": at}}
	}
	written := part("p1", 100)
	base := &plan.Base{Address: plan.Address{Set: "conversation.tickets", Key: "t1"}, Kind: "conversation", Origin: "created", ID: "9", Version: 1, Sent: plan.Fields{"title": "x"},
		Seen: plan.Fields{"title": "x"}, Parts: []plan.BasePart{{List: "comments", Key: "p1", ID: "91", Hash: plan.Hash(map[string]plan.Value(written.Fields)), At: 100}}}
	for at, reason := range map[int64]string{50: plan.PartLate, 100: "", 150: ""} {
		want := &plan.Want{Key: "t1", Fields: plan.Fields{"title": "x"}, Parts: []plan.PartWant{part("p0", at), written}}
		w := &memory{live: map[string]*plan.Live{"9": {Kind: "conversation", ID: "9", Fields: plan.Fields{"title": "x"}, HasParts: true, Parts: []plan.LivePart{{ID: "91"}}}}}
		got := diff(t, &plan.Set{Name: "conversation.tickets", Kind: "conversation"}, &conversation, []*plan.Want{want}, []*plan.Base{base}, w)
		if len(got) != 1 || len(got[0].Parts) != 1 || got[0].Parts[0].Reason != reason || got[0].Parts[0].Fields["created_at"] != at {
			t.Errorf("at %d: %+v", at, got[0].Parts)
		}
	}
	before := part("p0", 60) // which the provider has made of 50
	before.Fields[plan.OriginalAt] = int64(50)
	want := &plan.Want{Key: "t1", Fields: plan.Fields{"title": "x"}, Parts: []plan.PartWant{before, written}}
	w := &memory{live: map[string]*plan.Live{"9": {Kind: "conversation", ID: "9", Fields: plan.Fields{"title": "x"}, HasParts: true, Parts: []plan.LivePart{{ID: "91"}}}}}
	got := diff(t, &plan.Set{Name: "conversation.tickets", Kind: "conversation"}, &conversation, []*plan.Want{want}, []*plan.Base{base}, w)
	if len(got) != 1 || len(got[0].Parts) != 1 || got[0].Parts[0].Reason != plan.PartBefore {
		t.Errorf("a part before the record: %+v", got)
	}
}
