// Package storetest is the suite that every state store passes, whatever it keeps its tables in.
package storetest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskform/plan"
	"deskform/plan/run"
)

// A Store is what the commands need of a state beside the journal.
type Store interface {
	run.Journal
	Bases(ctx context.Context, set string) iter.Seq2[*plan.Base, error]
	ByID(ctx context.Context, kind, id string) ([]plan.Address, error)
	Move(ctx context.Context, from, to plan.Address) error
	Lineage() string
	Workspace() string
	Bind(ctx context.Context, workspace string) error
	Close() error
}

// Run tries a store. open opens the same store again and again, a new one for each name.
func Run(t *testing.T, open func(t *testing.T, name string) Store) {
	for name, f := range map[string]func(*testing.T, func() Store){
		"records": records, "parts": parts, "intents": intents, "order": order, "concurrent": concurrent, "move": move, "bind": bind, "set aside": aside,
	} {
		t.Run(name, func(t *testing.T) { f(t, func() Store { return open(t, strings.ReplaceAll(name, " ", "-")) }) })
	}
}

// Address is a record's address in the set that the suite uses.
func Address(key string) plan.Address { return plan.Address{Set: "contact.people", Key: key} }

// Base is a record as an apply would save it.
func Base(key, id string) *plan.Base {
	return &plan.Base{Address: Address(key), Kind: "contact", Origin: "created", ID: id, Sent: plan.Fields{"name": "Ann"}, Seen: plan.Fields{"name": "Ann "},
		UpdatedAt: 7, PartCount: -1, WrittenAt: 8, Version: 1}
}

// Step is a step of a record that is not safely repeatable.
func Step(key, op string) plan.Step {
	return plan.Step{Key: Address(key).String() + "#" + op + "#", Address: Address(key), Kind: "contact", Op: op}
}

func reopen(t *testing.T, s Store, open func() Store) Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open()
}

func finish(t *testing.T, s Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func records(t *testing.T, open func() Store) {
	s := open()
	long := strings.Repeat("я", 3000)
	b := Base("e1", "77")
	b.Sent["bio"], b.Seen["bio"] = long, long
	b.Sent["age"], b.Sent["vip"], b.Sent["gone"] = int64(40), true, nil
	b.Sent["tags"] = []plan.Value{"1", "2"}
	s.Record(plan.Step{Address: b.Address}, plan.Result{}, b)
	b.Sent["name"] = "changed after it was recorded"
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, open)
	defer finish(t, s)
	got, err := s.Base(t.Context(), "contact.people", "e1")
	if err != nil || got == nil {
		t.Fatal(got, err)
	}
	if got.ID != "77" || got.Origin != "created" || got.UpdatedAt != 7 || got.WrittenAt != 8 || got.PartCount != -1 || got.Version != 1 || got.Kind != "contact" {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]plan.Value{"name": "Ann", "age": int64(40), "vip": true, "gone": nil, "bio": long, "tags": []plan.Value{"1", "2"}} {
		if !plan.Same(got.Sent[name], want) {
			t.Errorf("sent %s is %v, want %v", name, got.Sent[name], want)
		}
	}
	if plan.Same(got.Sent["bio"], long+"!") || plan.Same(got.Sent["bio"], strings.Repeat("ю", 3000)) {
		t.Error("a long value is the same as another one")
	}
	if text := fmt.Sprint(got.Sent["bio"]); strings.Contains(text, "яяя") {
		t.Error("a value of more than 1 KB is kept whole")
	}
	if !plan.Same(got.Seen["name"], "Ann ") {
		t.Errorf("seen %v", got.Seen)
	}
	if none, err := s.Base(t.Context(), "contact.people", "nobody"); none != nil || err != nil {
		t.Errorf("an unknown record: %v, %v", none, err)
	}
	kind, id, ok, err := s.Resolve(t.Context(), plan.Target{Set: "contact.people", Key: "e1"})
	if kind != "contact" || id != "77" || !ok || err != nil {
		t.Errorf("resolve: %s %s %v %v", kind, id, ok, err)
	}
	if owners, err := s.ByID(t.Context(), "contact", "77"); err != nil || !slices.Equal(owners, []plan.Address{Address("e1")}) {
		t.Errorf("by id: %v %v", owners, err)
	}
}

func parts(t *testing.T, open func() Store) {
	s := open()
	b := Base("e1", "77")
	for i := range 12 {
		b.Parts = append(b.Parts, plan.BasePart{List: "comments", Key: fmt.Sprintf("c%d", 99-i), ID: fmt.Sprint(1000 + i), Hash: "h", At: int64(i), As: []string{"actor", "teammate", "contact", ""}[i%4]})
		s.Record(plan.Step{Address: b.Address, Part: b.Parts[i].Key, List: "comments"}, plan.Result{PartID: b.Parts[i].ID}, b)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, open)
	defer finish(t, s)
	got, err := s.Base(t.Context(), "contact.people", "e1")
	if err != nil || !slices.Equal(got.Parts, b.Parts) {
		t.Errorf("the order of writing is lost: %v, %v", got, err)
	}
	for got, err := range s.Bases(t.Context(), "contact.people") {
		if err != nil || !slices.Equal(got.Parts, b.Parts) {
			t.Errorf("in a sweep: %v, %v", got, err)
		}
	}
	b.ID, b.Parts = "78", nil
	s.Anew(b)
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Base(t.Context(), "contact.people", "e1"); err != nil || got.ID != "78" || len(got.Parts) > 0 {
		t.Errorf("begun anew: %+v, %v", got, err)
	}
}

func openKeys(t *testing.T, s Store) []string { return keysOf(t, s.OpenIntents(t.Context())) }

func keysOf(t *testing.T, intents iter.Seq2[plan.Intent, error]) []string {
	t.Helper()
	var out []string
	for in, err := range intents {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, in.Step.Key)
	}
	return out
}

func intents(t *testing.T, open func() Store) {
	s := open()
	at := time.UnixMilli(1767600000000).UTC()
	for i, key := range []string{"done", "failed", "lost", "tried again"} {
		st := Step(key, "create")
		st.Payload = plan.Fields{"name": "Ann", "tag": plan.Ref{Targets: []plan.Target{{Set: "tag", Key: "vip"}}}}
		if err := s.Begin(t.Context(), plan.Intent{Step: st, Run: "r1", At: at.Add(time.Duration(i) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	s.Record(Step("done", "create"), plan.Result{ID: "1"}, Base("done", "1"))
	s.Fail(Step("failed", "create"), "422")
	s.Fail(Step("tried again", "create"), "500")
	if err := s.Begin(t.Context(), plan.Intent{Step: Step("tried again", "create"), Run: "r1", At: at.Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	again := plan.Intent{Step: Step("repeated", "create"), Run: "r1", At: at.Add(2 * time.Minute)}
	if err := s.Begin(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	s.Repeat(again)
	forgotten := plan.Intent{Step: Step("forgotten", "create"), Run: "r1", At: at.Add(3 * time.Minute)}
	s.Repeat(forgotten)
	if err := s.Forget(t.Context(), forgotten.Step.Key); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, open)
	defer finish(t, s)
	if got := keysOf(t, s.Repeated(t.Context())); !slices.Equal(got, []string{again.Step.Key}) {
		t.Errorf("remembered as repeated are %v", got)
	}
	// Doing it again does not forget that it was repeated.
	again.At = again.At.Add(time.Minute)
	if err := s.Begin(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	s.Record(again.Step, plan.Result{ID: "5"}, Base("repeated", "5"))
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for in, err := range s.Repeated(t.Context()) {
		if err != nil || in.Step.Key != again.Step.Key || !in.At.Equal(at.Add(2*time.Minute)) {
			t.Errorf("%+v, %v", in, err)
		}
	}
	if got := openKeys(t, s); !slices.Equal(got, []string{Step("lost", "create").Key, Step("tried again", "create").Key}) {
		t.Errorf("open are %v", got)
	}
	for in, err := range s.OpenIntents(t.Context()) {
		if err != nil || !in.At.Equal(at.Add(2*time.Second)) || in.Run != "r1" || !plan.Equal(in.Step.Payload["name"], "Ann") {
			t.Errorf("%+v, %v", in, err)
		}
		if ref, ok := in.Step.Payload["tag"].(plan.Ref); !ok || ref.Targets[0].Key != "vip" {
			t.Errorf("a reference came back as %v", in.Step.Payload["tag"])
		}
		break
	}
}

// order: a Begin that returned has made everything durable that was recorded before it.
func order(t *testing.T, open func() Store) {
	s := open()
	defer finish(t, s)
	other := open()
	defer finish(t, other)
	for i := range 20 {
		key := fmt.Sprint("e", i)
		s.Record(Step(key, "create"), plan.Result{ID: key}, Base(key, key))
		if err := s.Begin(t.Context(), plan.Intent{Step: Step(key, "tag"), Run: "r1", At: time.UnixMilli(int64(i))}); err != nil {
			t.Fatal(err)
		}
		if b, err := other.Base(t.Context(), "contact.people", key); b == nil || err != nil {
			t.Fatalf("somebody else does not see %s, which was recorded before: %v", key, err)
		}
	}
}

func concurrent(t *testing.T, open func() Store) {
	s := open()
	var all sync.WaitGroup
	const workers, each = 8, 40
	for w := range workers {
		all.Go(func() {
			for i := range each {
				key := fmt.Sprintf("w%d-%02d", w, i)
				if err := s.Begin(t.Context(), plan.Intent{Step: Step(key, "create"), Run: "r1", At: time.UnixMilli(1)}); err != nil {
					t.Error(err)
				}
				s.Record(Step(key, "create"), plan.Result{ID: key}, Base(key, key))
			}
		})
	}
	all.Wait()
	s = reopen(t, s, open)
	defer finish(t, s)
	last, n := "", 0
	for b, err := range s.Bases(t.Context(), "contact.people") {
		if err != nil {
			t.Fatal(err)
		}
		if b.Address.Key <= last {
			t.Errorf("%s comes after %s", b.Address.Key, last)
		}
		last = b.Address.Key
		n++
	}
	if n != workers*each || len(openKeys(t, s)) != 0 {
		t.Errorf("%d records, want %d; open %v", n, workers*each, openKeys(t, s))
	}
}

func move(t *testing.T, open func() Store) {
	s := open()
	defer finish(t, s)
	for _, key := range []string{"e1", "e2"} {
		b := Base(key, "id-"+key)
		b.Parts = []plan.BasePart{{List: "comments", Key: "c", ID: "5"}}
		s.Record(plan.Step{Address: b.Address, Part: "c", List: "comments"}, plan.Result{}, b)
	}
	merged := Base("e3", "id-e1")
	merged.Origin, merged.MergedInto = "merged", Address("e1").String()
	s.Record(plan.Step{Address: merged.Address}, plan.Result{}, merged)
	for range 2 { // a move that was carried out is none
		if err := s.Move(t.Context(), Address("e2"), plan.Address{Set: "contact.staff", Key: "new"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Move(t.Context(), plan.Address{Set: "contact.people"}, plan.Address{Set: "contact.staff"}); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for b, err := range s.Bases(t.Context(), "contact.staff") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, b.Address.Key+" "+b.ID+" "+fmt.Sprint(len(b.Parts))+" "+b.MergedInto)
	}
	if want := []string{"e1 id-e1 1 ", "e3 id-e1 0 contact.staff[\"e1\"]", "new id-e2 1 "}; !slices.Equal(keys, want) {
		t.Errorf("%q, want %q", keys, want)
	}
	if err := s.Move(t.Context(), plan.Address{Set: "contact.staff", Key: "e1"}, plan.Address{Set: "contact.staff", Key: "new"}); err == nil {
		t.Error("a record was moved onto another one")
	}
	if b, err := s.Base(t.Context(), "contact.staff", "e1"); b == nil || err != nil {
		t.Errorf("a refused move did something, or broke the store: %v", err)
	}
}

func bind(t *testing.T, open func() Store) {
	s := open()
	lineage := s.Lineage()
	if s.Workspace() != "" || lineage == "" {
		t.Errorf("a new state is bound to %q, lineage %q", s.Workspace(), lineage)
	}
	for range 2 {
		if err := s.Bind(t.Context(), "ws1"); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, open)
	defer finish(t, s)
	if s.Workspace() != "ws1" || s.Lineage() != lineage {
		t.Errorf("workspace %q, lineage %q, want ws1 and %q", s.Workspace(), s.Lineage(), lineage)
	}
	if err := s.Bind(t.Context(), "ws2"); err == nil || !strings.Contains(err.Error(), "ws1") || !strings.Contains(err.Error(), "ws2") {
		t.Errorf("another workspace: %v", err)
	}
}

func aside(t *testing.T, open func() Store) {
	s := open()
	defer finish(t, s)
	for range 2 {
		if err := s.SetAside(t.Context(), Address("e1"), "422 parameter_invalid", "create", "phone is no phone", 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ClearSetAside(t.Context(), Address("e1")); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}
