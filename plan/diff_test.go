package plan_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
)

var contact = plan.Kind{
	Name: "contact", Creatable: true, Version: 1, Matches: []string{"email"},
	Fields: []plan.Field{
		{Name: "email", Type: plan.TypeString, Mode: plan.Mutable},
		{Name: "name", Type: plan.TypeString, Mode: plan.Mutable},
		{Name: "role", Type: plan.TypeString, Mode: plan.CreateOnly},
		{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "contact"},
		{Name: "companies", Type: plan.TypeRefs, Mode: plan.Members},
	},
}

var conversation = plan.Kind{
	Name: "conversation", Creatable: true, Version: 1, PartsOnGet: true,
	Fields: []plan.Field{
		{Name: "contact", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true},
		{Name: "title", Type: plan.TypeString, Mode: plan.Mutable},
		{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members},
	},
	Part: &plan.PartKind{},
}

var team = plan.Kind{Name: "team", Resource: true, NaturalKeys: []string{"name"}, KeyAlways: true, Manual: "create it by hand",
	Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly}}}

// memory is a World of maps.
type memory struct {
	live     map[string]*plan.Live // by id
	owners   map[string]plan.Target
	targets  map[plan.Target]plan.Resolved
	claims   map[string]plan.Target
	teammate map[string]string // by e-mail
	seconds  map[string][]*plan.Want
}

func (m *memory) Live(_, id string) (*plan.Live, error) { return m.live[id], nil }

func (m *memory) Find(_, field string, v plan.Value) ([]*plan.Live, error) {
	var out []*plan.Live
	for _, id := range slices.Sorted(func(yield func(string) bool) {
		for id := range m.live {
			if !yield(id) {
				return
			}
		}
	}) {
		if plan.Equal(m.live[id].Fields[field], v) {
			out = append(out, m.live[id])
		}
	}
	return out, nil
}

func (m *memory) Whole(_, id string) (*plan.Live, error) { return m.live[id], nil }

func (m *memory) Seconds(_, id string) ([]*plan.Want, error) { return m.seconds[id], nil }

func (m *memory) Refused(*plan.Change) ([]plan.Problem, error) { return nil, nil }

func (m *memory) Born(string, plan.Fields) (plan.Fields, error) { return nil, nil }

func (m *memory) SamePart(want plan.PartWant, got plan.LivePart) bool {
	return plan.Equal(want.Fields["body"], got.Fields["body"]) && plan.Equal(want.Fields["created_at"], got.Fields["created_at"])
}

func (m *memory) SpokenAs(_ plan.PartWant, got plan.LivePart) string {
	as, _ := got.Fields["as"].(string)
	return as
}

func (m *memory) Owner(_, id string) (plan.Target, bool, error) {
	t, ok := m.owners[id]
	return t, ok, nil
}

func (m *memory) Target(t plan.Target) (plan.Resolved, bool, error) {
	r, ok := m.targets[t]
	return r, ok, nil
}

func (m *memory) Claim(kind, field string, v plan.Value, by plan.Target) (plan.Target, error) {
	key := kind + field + string(plan.Canonical(v))
	if m.claims == nil {
		m.claims = map[string]plan.Target{}
	}
	if _, ok := m.claims[key]; !ok {
		m.claims[key] = by
	}
	return m.claims[key], nil
}

func (m *memory) Claimed(kind, field string, v plan.Value) (plan.Target, bool, error) {
	t, ok := m.claims[kind+field+string(plan.Canonical(v))]
	return t, ok, nil
}

func (m *memory) Teammate(p plan.Person) (string, bool, error) {
	id, ok := m.teammate[p.Email]
	return id, ok, nil
}

func seq[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range items {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// diff runs the diff and notes each decision for the records after it, as the engine does.
func diff(t *testing.T, set *plan.Set, kind *plan.Kind, wants []*plan.Want, bases []*plan.Base, w *memory) []plan.Change {
	t.Helper()
	if w.targets == nil {
		w.targets = map[plan.Target]plan.Resolved{}
	}
	var out []plan.Change
	for c, err := range plan.Diff(set, kind, seq(wants...), seq(bases...), w) {
		if err != nil {
			t.Fatal(err)
		}
		r := plan.Resolved{Action: c.Action, ID: c.ID, Cause: c.Cause}
		if c.MergedInto != "" {
			a, err := plan.ParseAddress(c.MergedInto)
			if err != nil {
				t.Fatal(err)
			}
			into := a.Target()
			r.Into = &into
		}
		w.targets[c.Address.Target()] = r
		out = append(out, c)
	}
	return out
}

// brief writes a change on one line: action key field=what.
func brief(cs []plan.Change) string {
	var lines []string
	for _, c := range cs {
		s := string(c.Action) + " " + c.Address.Key
		for _, f := range c.Fields {
			v := f.After
			if f.What == "keep" || f.What == "conflict" || f.What == "frozen" {
				v = f.Before
			}
			s += fmt.Sprintf(" %s:%s=%s", f.What, f.Field, plan.Canonical(v))
		}
		for _, p := range c.Parts {
			s += " " + p.What + ":" + p.Key
		}
		lines = append(lines, s)
	}
	return strings.Join(lines, "; ")
}

func ann(name string) *plan.Want {
	return &plan.Want{Key: "ann", Match: plan.Fields{"email": "ann@x"}, Fields: plan.Fields{"email": "ann@x", "name": name}}
}

func annBase(sent, seen string) *plan.Base {
	return &plan.Base{Address: plan.Address{Set: "contact.people", Key: "ann"}, Kind: "contact", Origin: "created", ID: "c1", Version: 1,
		Sent: plan.Fields{"email": "ann@x", "name": sent}, Seen: plan.Fields{"email": "ann@x", "name": seen}}
}

func annLive(name string) map[string]*plan.Live {
	return map[string]*plan.Live{"c1": {Kind: "contact", ID: "c1", Fields: plan.Fields{"email": "ann@x", "name": name}, UpdatedAt: 5}}
}

// The three-way rule, value by value: want against sent, have against seen.
func TestThreeWay(t *testing.T) {
	for _, tc := range []struct {
		name                   string
		want, sent, seen, have string
		policy                 plan.Policy
		expect                 string
	}{
		{"all alike", "Ann", "Ann", "Ann", "Ann", "keep", "no-op ann"},
		{"the source changed", "Anna", "Ann", "Ann", "Ann", "keep", `update ann set:name="Anna"`},
		{"an agent changed it, keep", "Ann", "Ann", "Ann", "Annie", "keep", `keep ann keep:name="Annie"`},
		{"an agent changed it, overwrite", "Ann", "Ann", "Ann", "Annie", "overwrite", `update ann set:name="Ann"`},
		{"an agent changed it, fail", "Ann", "Ann", "Ann", "Annie", "fail", `conflict ann conflict:name="Annie"`},
		{"both changed and differ", "Anna", "Ann", "Ann", "Annie", "keep", `conflict ann conflict:name="Annie"`},
		{"both changed, overwrite", "Anna", "Ann", "Ann", "Annie", "overwrite", `update ann set:name="Anna"`},
		{"both changed to the same", "Anna", "Ann", "Ann", "Anna", "keep", "no-op ann"},
		{"the service holds it in its own form", "Ann ", "Ann ", "Ann", "Ann", "keep", "no-op ann"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := &plan.Set{Name: "contact.people", Kind: "contact", OnDrift: tc.policy, Match: []string{"email"}}
			w := &memory{live: annLive(tc.have)}
			got := brief(diff(t, set, &contact, []*plan.Want{ann(tc.want)}, []*plan.Base{annBase(tc.sent, tc.seen)}, w))
			if got != tc.expect {
				t.Errorf("got  %s\nwant %s", got, tc.expect)
			}
		})
	}
}

// A policy per field wins over the set's.
func TestPolicyPerField(t *testing.T) {
	set := &plan.Set{Name: "contact.people", Kind: "contact", OnDrift: plan.PolicyKeep, PerField: map[string]plan.Policy{"name": plan.PolicyOverwrite}}
	got := brief(diff(t, set, &contact, []*plan.Want{ann("Ann")}, []*plan.Base{annBase("Ann", "Ann")}, &memory{live: annLive("Annie")}))
	if got != `update ann set:name="Ann"` {
		t.Error(got)
	}
}

// A new normalizer re-reads a base without calling its own differences drift or frozen.
func TestNewNormalizerIsNoChange(t *testing.T) {
	set := &plan.Set{Name: "contact.people", Kind: "contact", OnDrift: plan.PolicyFail}
	want := ann("Ann")
	want.Fields["role"] = "user"
	base := annBase("ann", "ann")
	base.Version, base.Sent["role"] = 0, "USER"
	got := brief(diff(t, set, &contact, []*plan.Want{want}, []*plan.Base{base}, &memory{live: annLive("Ann")}))
	if got != "no-op ann" {
		t.Error(got)
	}
}

func TestMembers(t *testing.T) {
	l := func(ids ...string) []plan.Value {
		out := []plan.Value{}
		for _, id := range ids {
			out = append(out, id)
		}
		return out
	}
	for _, tc := range []struct {
		name             string
		want, sent, have []plan.Value
		policy           plan.Policy
		expect           string
	}{
		{"one more", l("a", "b"), l("a"), l("a"), "keep", `update ann add:companies=["b"]`},
		{"one less, ours", l("a"), l("a", "b"), l("a", "b"), "keep", `update ann remove:companies=["b"]`},
		{"a foreign member stays", l("a"), l("a"), l("a", "z"), "keep", "no-op ann"},
		{"a foreign member that was never ours is not removed", l(), l(), l("z"), "overwrite", "no-op ann"},
		{"taken away by an agent, keep", l("a"), l("a"), l(), "keep", `keep ann keep:companies=[]`},
		{"taken away by an agent, overwrite", l("a"), l("a"), l(), "overwrite", `update ann add:companies=["a"]`},
		{"taken away by an agent, fail", l("a"), l("a"), l(), "fail", `conflict ann conflict:companies=[]`},
		{"taken away, and another is new", l("a", "b"), l("a"), l(), "keep", `update ann keep:companies=[] add:companies=["b"]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := &plan.Set{Name: "contact.people", Kind: "contact", OnDrift: tc.policy}
			want, base, live := ann("Ann"), annBase("Ann", "Ann"), annLive("Ann")
			want.Fields["companies"], base.Sent["companies"], live["c1"].Fields["companies"] = tc.want, tc.sent, tc.have
			got := brief(diff(t, set, &contact, []*plan.Want{want}, []*plan.Base{base}, &memory{live: live}))
			if got != tc.expect {
				t.Errorf("got  %s\nwant %s", got, tc.expect)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	set := &plan.Set{Name: "contact.people", Kind: "contact", Match: []string{"email"}, OnAdopt: plan.PolicyFill}
	bob := &plan.Want{Key: "bob", Match: plan.Fields{"email": "ann@x"}, Fields: plan.Fields{"email": "ann@x", "name": "Bob", "companies": []plan.Value{"k1"}}}
	t.Run("nobody is there", func(t *testing.T) {
		got := brief(diff(t, set, &contact, []*plan.Want{ann("Ann")}, nil, &memory{}))
		if got != `create ann set:email="ann@x" set:name="Ann"` {
			t.Error(got)
		}
	})
	t.Run("adopted, and only empty fields are filled", func(t *testing.T) {
		live := annLive("Annie")
		want := ann("Ann")
		want.Fields["attributes.itsm_id"] = "e1"
		got := brief(diff(t, set, &contact, []*plan.Want{want}, nil, &memory{live: live}))
		if got != `adopt ann keep:name="Annie" set:attributes.itsm_id="e1"` {
			t.Error(got)
		}
	})
	t.Run("two live ones match", func(t *testing.T) {
		live := annLive("Ann")
		live["c2"] = &plan.Live{Kind: "contact", ID: "c2", Fields: plan.Fields{"email": "ann@x"}}
		got := diff(t, set, &contact, []*plan.Want{ann("Ann")}, nil, &memory{live: live})
		if got[0].Action != plan.Conflict || !strings.Contains(got[0].Reason, "c1 by email, c2 by email") {
			t.Errorf("%s: %s", got[0].Action, got[0].Reason)
		}
	})
	t.Run("two rows become one object", func(t *testing.T) {
		got := brief(diff(t, set, &contact, []*plan.Want{ann("Ann"), bob}, nil, &memory{}))
		if got != `create ann set:email="ann@x" set:name="Ann"; merged bob add:companies=["k1"]` {
			t.Error(got)
		}
	})
	t.Run("a new row matches what another address owns", func(t *testing.T) {
		w := &memory{live: annLive("Ann"), owners: map[string]plan.Target{"c1": {Set: "contact.people", Key: "ann"}}}
		got := brief(diff(t, set, &contact, []*plan.Want{ann("Ann"), bob}, []*plan.Base{annBase("Ann", "Ann")}, w))
		if got != `no-op ann; merged bob add:companies=["k1"]` {
			t.Error(got)
		}
	})
	t.Run("a missing team is a manual step", func(t *testing.T) {
		teams := &plan.Set{Name: "team", Kind: "team", Resource: true}
		got := diff(t, teams, &team, []*plan.Want{{Key: "desk", Fields: plan.Fields{"name": "Desk"}}}, nil, &memory{})
		if got[0].Action != plan.Manual || got[0].Reason != "create it by hand" {
			t.Errorf("%s %s", got[0].Action, got[0].Reason)
		}
	})
}

func TestReferences(t *testing.T) {
	ref := func(ts ...plan.Target) plan.Ref { return plan.Ref{Targets: ts} }
	ann := plan.Target{Set: "contact.people", Key: "ann"}
	standIn := plan.Target{Set: "contact.stand_ins", Key: "unknown"}
	want := func(v plan.Value) *plan.Want {
		return &plan.Want{Key: "t1", Fields: plan.Fields{"contact": v, "title": "x"}}
	}
	for _, tc := range []struct {
		name    string
		value   plan.Value
		targets map[plan.Target]plan.Resolved
		missing plan.Policy
		expect  string
	}{
		{"ready", ref(ann), map[plan.Target]plan.Resolved{ann: {Action: plan.NoOp, ID: "c1"}}, "", `create t1 set:contact="c1" set:title="x"`},
		{"pending", ref(ann), map[plan.Target]plan.Resolved{ann: {Action: plan.Create}}, "", `create t1 set:contact={"$ref":[{"set":"contact.people","key":"ann"}]} set:title="x"`},
		{"blocked by an invalid target", ref(ann), map[plan.Target]plan.Resolved{ann: {Action: plan.Invalid}}, "", "blocked t1"},
		{"missing is invalid", ref(ann), nil, "", "invalid t1"},
		{"skipped counts as missing", ref(ann), map[plan.Target]plan.Resolved{ann: {Action: plan.Skip}}, "", "invalid t1"},
		{"a reference from nothing", ref(), nil, "", "invalid t1"},
		{"stand-in", ref(ann), map[plan.Target]plan.Resolved{standIn: {Action: plan.NoOp, ID: "s1"}}, plan.PolicyStandIn, `create t1 set:contact="s1" set:title="x"`},
		{"the second target", ref(plan.Target{Set: "contact.people", Key: "gone"}, ann), map[plan.Target]plan.Resolved{ann: {Action: plan.NoOp, ID: "c1"}}, "", `create t1 set:contact="c1" set:title="x"`},
		{"merged leads to the owner", ref(plan.Target{Set: "contact.people", Key: "bob"}), map[plan.Target]plan.Resolved{
			{Set: "contact.people", Key: "bob"}: {Action: plan.Merged, Into: &ann}, ann: {Action: plan.NoOp, ID: "c1"}}, "", `create t1 set:contact="c1" set:title="x"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := &plan.Set{Name: "conversation.tickets", Kind: "conversation", OnMissing: map[string]plan.Policy{"contact": tc.missing}, StandIn: map[string]plan.Target{"contact": standIn}}
			got := brief(diff(t, set, &conversation, []*plan.Want{want(tc.value)}, nil, &memory{targets: tc.targets}))
			if got != tc.expect {
				t.Errorf("got  %s\nwant %s", got, tc.expect)
			}
		})
	}
}

// A record waits for the attributes that it writes.
func TestUsesBlocks(t *testing.T) {
	use := plan.Target{Set: "attribute.contact", Key: "itsm_id"}
	set := &plan.Set{Name: "contact.people", Kind: "contact", Uses: []plan.Target{use}}
	got := diff(t, set, &contact, []*plan.Want{ann("Ann")}, nil, &memory{targets: map[plan.Target]plan.Resolved{use: {Action: plan.Conflict}}})
	if got[0].Action != plan.Blocked || got[0].Cause != "attribute.contact.itsm_id" {
		t.Errorf("%s by %q", got[0].Action, got[0].Cause)
	}
}

// Every rung of the author ladder.
func TestAuthorLadder(t *testing.T) {
	ann := plan.Target{Set: "contact.people", Key: "ann"}
	twin := plan.Target{Set: "contact.people", Key: "twin"}
	w := &memory{claims: map[string]plan.Target{`contactemail"ann@x"`: ann}, teammate: map[string]string{"agent@x": "7"}, targets: map[plan.Target]plan.Resolved{
		ann: {Action: plan.NoOp, ID: "c1"}, twin: {Action: plan.Merged, Into: &ann}, {Set: "contact.people", Key: "eve"}: {Action: plan.NoOp, ID: "c9"}}}
	for _, tc := range []struct {
		name    string
		author  plan.Value
		private bool
		expect  string
	}{
		{"a teammate by e-mail", plan.Person{Key: "e7", Email: "agent@x", Name: "Agent"}, false, `{"as":"teammate","id":"7"}`},
		{"a teammate in private", plan.Person{Key: "e7", Email: "agent@x"}, true, `{"as":"teammate","id":"7"}`},
		{"the own contact", plan.Person{Key: "ann", Name: "Ann"}, false, `{"as":"contact","ref":"c1"}`},
		{"the own contact by its second row", plan.Person{Key: "twin", Name: "Ann"}, false, `{"as":"contact","ref":"c1"}`},
		{"the own contact by e-mail", plan.Person{Email: "ann@x"}, false, `{"as":"contact","ref":"c1"}`},
		{"the own contact, whoever it is", plan.Author("contact", nil), false, `{"as":"contact","ref":"c1"}`},
		{"the own contact in private is the actor", plan.Person{Key: "ann", Name: "Ann"}, true, `{"as":"actor","name":"Ann"}`},
		{"another contact is the actor", plan.Person{Key: "eve", Name: "Eve"}, false, `{"as":"actor","name":"Eve"}`},
		{"a stranger is the actor", plan.Person{Key: "zed", Name: "Zed"}, false, `{"as":"actor","name":"Zed"}`},
		{"a stranger without a name is the address", plan.Person{Email: "zed@x"}, false, `{"as":"actor","name":"zed@x"}`},
		{"nobody is the actor", nil, false, `{"as":"actor","name":""}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := &plan.Want{Key: "t1", Fields: plan.Fields{"contact": plan.Ref{Targets: []plan.Target{ann}}},
				Parts: []plan.PartWant{{List: "comments", Key: "p1", Fields: plan.Fields{"author": tc.author, "private": tc.private, "body": "x"}}}}
			set := &plan.Set{Name: "conversation.tickets", Kind: "conversation"}
			got := diff(t, set, &conversation, []*plan.Want{want}, nil, w)
			if a := string(plan.Canonical(got[0].Parts[0].Fields["author"])); a != tc.expect {
				t.Errorf("got %s, want %s", a, tc.expect)
			}
		})
	}
}

func TestParts(t *testing.T) {
	part := func(key, body string) plan.PartWant {
		return plan.PartWant{List: "comments", Key: key, Fields: plan.Fields{"body": body}}
	}
	hash := func(body string) string { return plan.Hash(map[string]plan.Value{"body": body}) }
	base := &plan.Base{Address: plan.Address{Set: "conversation.tickets", Key: "t1"}, Kind: "conversation", Origin: "created", ID: "9", Version: 1,
		Sent: plan.Fields{"title": "x"}, Seen: plan.Fields{"title": "x"}, Parts: []plan.BasePart{{List: "comments", Key: "p1", ID: "91", Hash: hash("one")}}}
	live := func(ids ...string) map[string]*plan.Live {
		l := &plan.Live{Kind: "conversation", ID: "9", Fields: plan.Fields{"title": "x"}, HasParts: true}
		for _, id := range ids {
			l.Parts = append(l.Parts, plan.LivePart{ID: id})
		}
		return map[string]*plan.Live{"9": l}
	}
	for _, tc := range []struct {
		name   string
		parts  []plan.PartWant
		live   map[string]*plan.Live
		expect string
	}{
		{"as written", []plan.PartWant{part("p1", "one")}, live("91"), "no-op t1"},
		{"one more in the source", []plan.PartWant{part("p1", "one"), part("p2", "two")}, live("91"), "append t1 append:p2"},
		{"edited in the source", []plan.PartWant{part("p1", "uno")}, live("91"), "frozen t1 frozen:p1"},
		{"an agent answered", []plan.PartWant{part("p1", "one")}, live("91", "92"), "keep t1 keep:"},
		{"ours is gone", []plan.PartWant{part("p1", "one")}, live(), "keep t1 keep:"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := &plan.Want{Key: "t1", Fields: plan.Fields{"title": "x"}, Parts: tc.parts}
			got := brief(diff(t, &plan.Set{Name: "conversation.tickets", Kind: "conversation"}, &conversation, []*plan.Want{want}, []*plan.Base{base}, &memory{live: tc.live}))
			if got != tc.expect {
				t.Errorf("got  %s\nwant %s", got, tc.expect)
			}
		})
	}
}

// The merge walks both sequences once and in order; what has no want is left.
func TestMergeOfSequences(t *testing.T) {
	base := func(key string) *plan.Base {
		return &plan.Base{Address: plan.Address{Set: "contact.people", Key: key}, Kind: "contact", Origin: "created", ID: "id-" + key, Version: 1, Sent: plan.Fields{"name": key}, Seen: plan.Fields{"name": key}}
	}
	want := func(key string) *plan.Want { return &plan.Want{Key: key, Fields: plan.Fields{"name": key}} }
	w := &memory{live: map[string]*plan.Live{}}
	for _, k := range []string{"b", "c", "d"} {
		w.live["id-"+k] = &plan.Live{Kind: "contact", ID: "id-" + k, Fields: plan.Fields{"name": k}}
	}
	set := &plan.Set{Name: "contact.people", Kind: "contact"}
	got := brief(diff(t, set, &contact, []*plan.Want{want("a"), want("b"), want("d"), want("e")}, []*plan.Base{base("b"), base("c"), base("d")}, w))
	expect := `create a set:name="a"; no-op b; left c; no-op d; create e set:name="e"`
	if got != expect {
		t.Errorf("got  %s\nwant %s", got, expect)
	}
}

// An object that was deleted in Intercom is planned by on_drift.
func TestGone(t *testing.T) {
	for policy, expect := range map[plan.Policy]string{"keep": "keep ann", "overwrite": `create ann set:email="ann@x" set:name="Ann"`, "fail": "conflict ann"} {
		set := &plan.Set{Name: "contact.people", Kind: "contact", OnDrift: policy}
		got := brief(diff(t, set, &contact, []*plan.Want{ann("Ann")}, []*plan.Base{annBase("Ann", "Ann")}, &memory{}))
		if got != expect {
			t.Errorf("%s: got %s, want %s", policy, got, expect)
		}
	}
}

// An error of either sequence ends the diff with it.
func TestDiffPassesErrorsOn(t *testing.T) {
	bad := func(yield func(*plan.Want, error) bool) { yield(nil, fmt.Errorf("disk")) }
	for _, err := range plan.Diff(&plan.Set{}, &contact, bad, seq[*plan.Base](), &memory{}) {
		if err == nil || err.Error() != "disk" {
			t.Errorf("got %v", err)
		}
		return
	}
	t.Error("the error was swallowed")
}

// What was there at adoption stays, whatever the source says later; what we sent follows it.
func TestAfterAdoption(t *testing.T) {
	for _, tc := range []struct {
		name   string
		policy plan.Policy
		want   plan.Value
		sent   plan.Fields
		have   plan.Value
		origin string
		expect string
	}{
		{"fill: it was there and the source changed", plan.PolicyFill, "Anna", nil, "Annie", "adopted", `no-op ann`},
		{"fill: we wrote it and the source changed", plan.PolicyFill, "Anna", plan.Fields{"name": "Ann"}, "Ann", "adopted", `update ann set:name="Anna"`},
		{"fill: it is empty now", plan.PolicyFill, "Anna", nil, nil, "adopted", `update ann set:name="Anna"`},
		{"fill: nothing is wanted", plan.PolicyFill, nil, nil, "Annie", "adopted", `no-op ann`},
		{"link: nothing is ever written", plan.PolicyLink, "Anna", plan.Fields{"name": "Ann"}, "Ann", "adopted", `no-op ann`},
		{"link: not even what is empty", plan.PolicyLink, "Anna", nil, nil, "adopted", `no-op ann`},
		{"overwrite: a field that is mapped only now", plan.PolicyOverwrite, "Anna", nil, "Annie", "adopted", `update ann set:name="Anna"`},
		{"overwrite: nothing is wanted", plan.PolicyOverwrite, nil, nil, "Annie", "adopted", `no-op ann`},
		{"created by us: a field that is mapped only now", plan.PolicyFill, "Anna", nil, "Annie", "created", `update ann set:name="Anna"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := &plan.Set{Name: "contact.people", Kind: "contact", Match: []string{"email"}, OnAdopt: tc.policy}
			base := annBase("", "")
			base.Origin, base.Sent, base.Seen = tc.origin, plan.Fields{"email": "ann@x"}, plan.Fields{"email": "ann@x", "name": tc.have}
			if v, ok := tc.sent["name"]; ok {
				base.Sent["name"] = v
			}
			want, live := ann(""), annLive("")
			want.Fields["name"], live["c1"].Fields["name"] = tc.want, tc.have
			if got := brief(diff(t, set, &contact, []*plan.Want{want}, []*plan.Base{base}, &memory{live: live})); got != tc.expect {
				t.Errorf("%s, want %s", got, tc.expect)
			}
		})
	}
}
