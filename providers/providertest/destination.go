package providertest

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
)

// A Far is a destination with a client, on a clock that the test moves.
type Far struct {
	Dest   plan.Destination
	Writer plan.Writer
	// Settle moves the clock on until lists and searches show what was written.
	Settle func()
	// Wants are one record or resource of each kind that can be created, in an order in which each can be. References are
	// written as "@KIND", the object made of that kind's want.
	Wants []Sample
	// Attr finds attribute definitions for Normalize.
	Attr func(model, name string) (plan.AttributeDef, bool)
}

// A Sample is one record to be made.
type Sample struct {
	Kind string
	Want plan.Want
}

// Destination tries a destination: its kinds, its steps, and that what it creates is what it then reads.
func Destination(t *testing.T, far Far) {
	t.Helper()
	t.Run("kinds", func(t *testing.T) { wellFormed(t, far.Dest.Kinds()) })
	t.Run("normalize twice is once", func(t *testing.T) {
		for _, s := range far.Wants {
			w := clone(s.Want)
			if p := far.Dest.Normalize(s.Kind, &w, far.Attr); len(p) > 0 {
				t.Errorf("%s: %v", s.Kind, p)
			}
			again := clone(w)
			far.Dest.Normalize(s.Kind, &again, far.Attr)
			if !reflect.DeepEqual(w, again) {
				t.Errorf("%s: %v, the second time %v", s.Kind, w, again)
			}
		}
	})
	t.Run("what is created is read back", func(t *testing.T) { roundTrip(t, far) })
	t.Run("nothing is there that was not made", func(t *testing.T) {
		for _, k := range far.Dest.Kinds() {
			if _, err := far.Writer.Get(t.Context(), k.Name, "404404404404404404404404"); !errors.Is(err, plan.ErrNotFound) && err == nil {
				t.Errorf("get of an unknown %s: %v", k.Name, err)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, k := range far.Dest.Kinds() {
			for _, err := range far.Writer.Sweep(ctx, k.Name, time.Time{}) {
				if err == nil {
					t.Errorf("sweep of %s goes on after the context was cancelled", k.Name)
				}
				break
			}
		}
	})
}

func wellFormed(t *testing.T, kinds []plan.Kind) {
	seen := map[string]bool{}
	for _, k := range kinds {
		if seen[k.Name] || k.Name == "" || k.Doc == "" || k.Version == 0 {
			t.Errorf("kind %q: it is there twice, or has no name, doc or version", k.Name)
		}
		seen[k.Name] = true
		if !k.Creatable && k.Manual == "" {
			t.Errorf("%s: nobody is told how to make it", k.Name)
		}
		for _, name := range slices.Concat(k.NaturalKeys, k.Matches) {
			if _, ok := k.Field(name); !ok {
				t.Errorf("%s: the key %q is no field", k.Name, name)
			}
		}
		fields := k.Fields
		if k.Part != nil {
			fields = slices.Concat(fields, k.Part.Fields)
		}
		for _, f := range fields {
			if f.Mode == 0 || f.Type == "" || f.Doc == "" {
				t.Errorf("%s.%s has no mode, type or doc", k.Name, f.Name)
			}
			for _, ref := range f.Refs {
				if !slices.ContainsFunc(kinds, func(o plan.Kind) bool { return o.Name == ref }) {
					t.Errorf("%s.%s refers to %q, which is no kind", k.Name, f.Name, ref)
				}
			}
		}
	}
}

// change is the creation of a sample with references replaced.
func change(kind *plan.Kind, w plan.Want, ids map[string]string) plan.Change {
	c := plan.Change{Address: plan.Address{Set: kind.Name, Key: w.Key, Resource: kind.Resource}, Kind: kind.Name, Action: plan.Create, Want: plan.Fields{}}
	if !kind.Resource {
		c.Address.Set += ".samples"
	}
	resolve := func(v plan.Value) plan.Value {
		if text, ok := v.(string); ok && strings.HasPrefix(text, "@") {
			return ids[text[1:]]
		}
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
		v := resolve(w.Fields[name])
		f, _ := kind.Field(name)
		if list, ok := v.([]plan.Value); ok {
			out := make([]plan.Value, len(list))
			for i, e := range list {
				out[i] = resolve(e)
			}
			v = out
		}
		c.Want[name] = v
		what := "set"
		if f != nil && f.Mode == plan.Members {
			what = "add"
		}
		if v != nil && (f == nil || !f.Local) {
			c.Fields = append(c.Fields, plan.FieldChange{Field: name, What: what, After: v})
		}
	}
	for _, p := range w.Parts {
		if who, ok := p.Fields["author"].(map[string]plan.Value); ok {
			who = maps.Clone(who)
			for k, v := range who {
				who[k] = resolve(v)
			}
			p.Fields = maps.Clone(p.Fields)
			p.Fields["author"] = who
		}
		c.Parts = append(c.Parts, plan.PartChange{List: p.List, Key: p.Key, What: "append", Fields: p.Fields})
	}
	return c
}

func roundTrip(t *testing.T, far Far) {
	kinds := far.Dest.Kinds()
	ids := map[string]string{}
	for _, s := range far.Wants {
		i := slices.IndexFunc(kinds, func(k plan.Kind) bool { return k.Name == s.Kind })
		if i < 0 {
			t.Fatalf("there is no kind %s", s.Kind)
		}
		w := clone(s.Want)
		far.Dest.Normalize(s.Kind, &w, far.Attr)
		c := change(&kinds[i], w, ids)
		steps := far.Dest.Steps(c)
		if len(steps) == 0 || !reflect.DeepEqual(steps, far.Dest.Steps(c)) {
			t.Fatalf("%s: %d steps, or others the second time", s.Kind, len(steps))
		}
		idle := c
		idle.Action = plan.NoOp
		if n := len(far.Dest.Steps(idle)); n != 0 {
			t.Errorf("%s: %d steps for nothing to do", s.Kind, n)
		}
		keys := map[string]bool{}
		id := ""
		for _, st := range steps {
			if keys[st.Key] || st.Key == "" || st.Address != c.Address {
				t.Errorf("%s: the step's key %q is not its own", s.Kind, st.Key)
			}
			keys[st.Key] = true
			st.ID = id
			res, err := far.Writer.Do(t.Context(), st)
			if err != nil {
				t.Fatalf("%s: %v", st.Key, err)
			}
			if res.ID != "" {
				id = res.ID
			}
			if st.Part != "" && res.PartID == "" {
				t.Errorf("%s: the part has no id", st.Key)
			}
		}
		ids[s.Kind] = id
		far.Settle()
		if got, err := far.Writer.Get(t.Context(), s.Kind, id); err != nil {
			t.Errorf("get %s: %v", s.Kind, err)
		} else {
			same(t, far, s.Kind, c.Want, got)
			if len(got.Parts) != len(w.Parts) {
				t.Errorf("%s: %d parts, want %d", s.Kind, len(got.Parts), len(w.Parts))
			}
		}
		swept := 0
		for l, err := range far.Writer.Sweep(t.Context(), s.Kind, time.Time{}) {
			if err != nil {
				t.Fatalf("sweep %s: %v", s.Kind, err)
			}
			if l.ID == id {
				swept++
				same(t, far, s.Kind, c.Want, l)
			}
		}
		if swept != 1 && s.Kind != "company" { // a company nobody belongs to is in no list (IC 3.3)
			t.Errorf("a full sweep shows the %s %d times", s.Kind, swept)
		}
	}
}

// fieldComparer is what a destination says about values that it shows in a form of its own.
type fieldComparer interface {
	SameField(kind, name string, want, have plan.Value) bool
}

func same(t *testing.T, far Far, kind string, want plan.Fields, got plan.Live) {
	t.Helper()
	cmp, _ := far.Dest.(fieldComparer)
	for name, v := range want {
		if k := slices.IndexFunc(far.Dest.Kinds(), func(k plan.Kind) bool { return k.Name == kind }); k >= 0 {
			if f, ok := far.Dest.Kinds()[k].Field(name); ok && f.Local {
				continue
			}
		}
		have, shown := got.Fields[name]
		if !shown && v != nil && (cmp == nil || got.HasParts) {
			t.Errorf("%s: %s is not shown", kind, name)
		}
		if shown && v != nil && !plan.Equal(v, have) && (cmp == nil || !cmp.SameField(kind, name, v, have)) {
			t.Errorf("%s: %s is %v, want %v", kind, name, have, v)
		}
	}
}

func clone(w plan.Want) plan.Want {
	w.Fields, w.Match = maps.Clone(w.Fields), maps.Clone(w.Match)
	parts := slices.Clone(w.Parts)
	for i := range parts {
		parts[i].Fields = maps.Clone(parts[i].Fields)
	}
	w.Parts = parts
	return w
}
