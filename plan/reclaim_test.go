package plan_test

import (
	"fmt"
	"testing"

	"deskform/plan"
)

// TestReclaimable: what the actor sent for people who have a seat by now is counted by person, and is not sent again.
func TestReclaimable(t *testing.T) {
	part := func(key string, author plan.Value) plan.PartWant {
		return plan.PartWant{List: "comments", Key: key, Fields: plan.Fields{"body": key, "author": author}}
	}
	ivan, petr := plan.Person{Key: "e1", Email: "ivan@acme.example", Name: "Ivan"}, plan.Person{Key: "e2", Email: "petr@acme.example", Name: "Petr"}
	declared := plan.Ref{Targets: []plan.Target{{Set: "teammate", Key: "olga"}}}
	want := &plan.Want{Key: "t1", Fields: plan.Fields{"title": "x"}, Parts: []plan.PartWant{part("1", ivan), part("2", petr), part("3", ivan), part("4", ivan), part("5", declared), part("6", nil), part("7", ivan)}}
	base := &plan.Base{Address: plan.Address{Set: "conversation.tickets", Key: "t1"}, Kind: "conversation", Origin: "created", ID: "9", Version: 1, Sent: plan.Fields{"title": "x"}, Seen: plan.Fields{"title": "x"}}
	for i, as := range []string{"actor", "actor", "actor", "teammate", "actor", "actor", ""} { // the seventh was written before anybody noted it
		p := want.Parts[i]
		base.Parts = append(base.Parts, plan.BasePart{List: p.List, Key: p.Key, ID: fmt.Sprint(90 + i), Hash: plan.Hash(map[string]plan.Value(p.Fields)), As: as})
	}
	for _, tt := range []struct {
		name  string
		seats map[string]string
		olga  bool
		want  string
	}{
		{"nobody has a seat", nil, false, "[]"},
		{"one has", map[string]string{"ivan@acme.example": "12"}, false, "[{12 {e1 ivan@acme.example Ivan} 2}]"},
		{"two have", map[string]string{"ivan@acme.example": "12", "petr@acme.example": "13"}, false, "[{12 {e1 ivan@acme.example Ivan} 2} {13 {e2 petr@acme.example Petr} 1}]"},
		{"a declared teammate", nil, true, "[{14 {  } 1}]"},
	} {
		w := &memory{teammate: tt.seats, live: map[string]*plan.Live{"9": {Kind: "conversation", ID: "9", Fields: plan.Fields{"title": "x"}}}, targets: map[plan.Target]plan.Resolved{}}
		if tt.olga {
			w.targets[declared.Targets[0]] = plan.Resolved{Action: plan.Adopt, ID: "14", Resource: true}
		}
		got := diff(t, &plan.Set{Name: "conversation.tickets", Kind: "conversation"}, &conversation, []*plan.Want{want}, []*plan.Base{base}, w)
		if len(got) != 1 || got[0].Action != plan.NoOp || fmt.Sprint(got[0].Reclaimable) != tt.want {
			t.Errorf("%s: %s %v, want %s", tt.name, got[0].Action, got[0].Reclaimable, tt.want)
		}
	}
}
