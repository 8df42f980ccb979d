package plan_test

import (
	"strings"
	"testing"

	"deskform/plan"
)

var ticket = plan.Kind{
	Name: "conversation", Creatable: true, Version: 1, PartsOnGet: true, Marked: true,
	Fields: []plan.Field{
		{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Required: true},
		{Name: "title", Type: plan.TypeString, Mode: plan.Mutable},
	},
	Part: &plan.PartKind{},
}

// said is a message as the source has it, there one as Intercom shows it.
func said(key, body string, at int64) plan.PartWant {
	return plan.PartWant{List: "c", Key: key, Fields: plan.Fields{"body": body, "created_at": at, "author": plan.Author("actor", "")}}
}

func there(id, body string, at int64) plan.LivePart {
	return plan.LivePart{ID: id, Fields: plan.Fields{"body": body, "created_at": at}}
}

// TestMarker: what carries the token of a record is that record, also when the state knows nothing of it (a lost state, a
// restored backup), each of its messages once.
func TestMarker(t *testing.T) {
	set := &plan.Set{Name: "conversation.all", Kind: "conversation", OnAdopt: plan.PolicyFill}
	addr := plan.Address{Set: set.Name, Key: "1"}
	token := plan.Token(addr)
	if len(token) != len("itsm365x")+12 || token == plan.Token(plan.Address{Set: set.Name, Key: "2"}) {
		t.Errorf("the token is %s", token)
	}
	want := &plan.Want{Key: "1", Fields: plan.Fields{"created_at": int64(100), "title": "Printer"}, Parts: []plan.PartWant{said("a", "Hello", 110), said("b", "Hello", 110), said("c", "New", 120)}}
	live := func(id string, at int64, parts ...plan.LivePart) *plan.Live {
		return &plan.Live{Kind: "conversation", ID: id, Fields: plan.Fields{"created_at": at, "title": "Printer", plan.MarkerField: token}, HasParts: true, Parts: parts}
	}
	base := &plan.Base{Address: addr, Kind: "conversation", Origin: "created", ID: "7", Version: 1, PartCount: -1,
		Sent: plan.Fields{"created_at": int64(100), "title": "Printer"}, Seen: plan.Fields{"created_at": int64(100), "title": "Printer"},
		Parts: []plan.BasePart{{List: "c", Key: "a", ID: "p1", Hash: plan.Hash(map[string]plan.Value(want.Parts[0].Fields))}, {List: "c", Key: "b", ID: "p2", Hash: plan.Hash(map[string]plan.Value(want.Parts[1].Fields))}, {List: "c", Key: "c", ID: "p3", Hash: plan.Hash(map[string]plan.Value(want.Parts[2].Fields))}}}
	for _, tt := range []struct {
		name   string
		live   []*plan.Live
		owners map[string]plan.Target
		base   *plan.Base
		want   string
		parts  string
	}{
		{name: "nothing there", want: "create", parts: "append a, append b, append c"},
		{name: "there, with two equal messages of which the source has two", live: []*plan.Live{live("7", 100, there("p1", "Hello", 110), there("p2", "Hello", 110))}, want: "adopt", parts: "adopt a p1, adopt b p2, append c"},
		{name: "there, one of two equal messages", live: []*plan.Live{live("7", 100, there("p1", "Hello", 110))}, want: "adopt", parts: "adopt a p1, append b, append c"},
		{name: "somebody quotes it later", live: []*plan.Live{live("8", 500)}, want: "create", parts: "append a, append b, append c"},
		{name: "another record owns it", live: []*plan.Live{live("7", 100)}, owners: map[string]plan.Target{"7": {Set: "conversation.all", Key: "9"}}, want: "create", parts: "append a, append b, append c"},
		{name: "there twice", live: []*plan.Live{live("7", 100), live("8", 100)}, want: "conflict"},
		{name: "known", live: []*plan.Live{live("7", 100, there("p1", "Hello", 110), there("p2", "Hello", 110), there("p3", "New", 120))}, base: base, want: "no-op"},
		{name: "known, and there is a copy", live: []*plan.Live{live("7", 100), live("8", 100)}, base: base, want: "conflict"},
		{name: "known, and somebody quotes it", live: []*plan.Live{live("7", 100, there("p1", "Hello", 110), there("p2", "Hello", 110), there("p3", "New", 120)), live("8", 500)}, base: base, want: "no-op"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &memory{live: map[string]*plan.Live{}, owners: tt.owners}
			for _, l := range tt.live {
				w.live[l.ID] = l
			}
			var bases []*plan.Base
			if tt.base != nil {
				bases = append(bases, tt.base)
			}
			got := diff(t, set, &ticket, []*plan.Want{want}, bases, w)
			var parts []string
			for _, p := range got[0].Parts {
				parts = append(parts, strings.TrimSpace(p.What+" "+p.Key+" "+p.ID))
			}
			if string(got[0].Action) != tt.want || strings.Join(parts, ", ") != tt.parts {
				t.Errorf("%s (%s), parts %v; want %s, %s", got[0].Action, got[0].Reason, parts, tt.want, tt.parts)
			}
		})
	}
}
