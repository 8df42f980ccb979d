package itsm365

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"deskform/plan"
)

// A Probe is what the key sees of a class (IT 6). A class that cannot be read is a finding, not a failure: a module may be
// missing from the edition, or the key may have no right.
type Probe struct {
	Class string
	// Refused is why the class cannot be read, without secrets; empty when it can.
	Refused string
	// Empty: the class answers, and lists nothing: it is unused, or hidden from the key.
	Empty bool
	// Attributes are those of its first object, sorted.
	Attributes []string
	// First is that object, whole, as it came.
	First json.RawMessage
}

// Probe asks for one whole object of a class, which is the one way to learn its attributes (IT 2.1). The error is for what
// ends a run: a refused key, or a context that is done.
func (s *Source) Probe(ctx context.Context, class string) (Probe, error) {
	p := Probe{Class: class}
	if !fqn.MatchString(class) {
		return p, fmt.Errorf("ITSM 365: %q is no class; write serviceCall, or serviceCall$request for a type", class)
	}
	objs, err := s.find(ctx, class, nil, nil, 0, 1)
	switch {
	case errors.Is(err, ErrKey) || ctx.Err() != nil:
		return p, err
	case err != nil:
		p.Refused = s.http.Redact.Text(err.Error())
		return p, nil
	case len(objs) == 0:
		p.Empty = true
		return p, nil
	}
	s.note(class, objs)
	p.First = objs[0]
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(objs[0], &obj); err != nil {
		p.Refused = "the first object cannot be read: " + err.Error()
		return p, nil
	}
	p.Attributes = slices.Sorted(maps.Keys(obj))
	return p, nil
}

// Objects yields the objects of a class as the service gave them, unknown attributes and all, but for the back-link
// collections of IT trap 11. With an owner it yields what is the owner's, by the attribute source: comments and files.
// A row has Key, JSON, Pos, and Broken for what is no object.
func (s *Source) Objects(ctx context.Context, class, owner string) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		d := plan.Data{Type: "itsm365", Name: "scan", Args: map[string]plan.Value{"class": class}}
		r := &reading{d: d, class: class, filter: map[string]any{}, owner: owner, raw: true, yield: func(row plan.Row, _ int, err error) bool { return yield(row, err) }}
		if owner != "" {
			r.filter["source"] = owner
			r.d.Of = []string{"scan"} // an owner's list has no samples
		}
		attrs, err := s.attrsOf(ctx, r.d, class)
		if err != nil {
			yield(plan.Row{}, err)
			return
		}
		r.attrs = attrs
		s.pages(ctx, r)
	}
}
