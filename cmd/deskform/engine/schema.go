package engine

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"deskform/hcl"
	"deskform/plan"
)

// A survey is what the workspace says about the names of one kind and those that it shares them with.
type survey struct {
	kind *plan.Kind
	// byName are the kinds that hold a name, in lower case: live ones, and archived ones, which keep theirs.
	live, archived map[string][]string
	// count is how many live objects there are, to which those that the plan makes are added.
	count int
	twins string // a name that two live objects of the kind have
}

// surveyed is nil for a kind that has nothing to look at.
func (e *Engine) surveyed(ctx context.Context, kind *plan.Kind) (*survey, error) {
	if len(kind.NamesWith) == 0 && kind.Twins == "" {
		return nil, nil
	}
	s := &survey{kind: kind, live: map[string][]string{}, archived: map[string][]string{}}
	exact := map[string]bool{}
	for _, name := range append([]string{kind.Name}, kind.NamesWith...) {
		for l, err := range e.Cache.All(ctx, name) {
			if err != nil {
				return nil, err
			}
			text, _ := l.Fields["name"].(string)
			key := strings.ToLower(text)
			if l.Gone {
				s.archived[key] = append(s.archived[key], name)
				continue
			}
			if kind.Twins != "" && exact[text] && s.twins == "" {
				s.twins = text
			}
			exact[text] = true
			s.live[key] = append(s.live[key], name)
			s.count++
		}
	}
	return s, nil
}

// schema adds to the wants of a resource set what only the workspace as a whole can tell: names that are taken, room that
// is used up, names that stand for two. made counts what the sets before this one create in the same room.
func (e *Engine) schema(ctx context.Context, set *hcl.Set, made map[string]int, wants iter.Seq2[*plan.Want, error]) (iter.Seq2[*plan.Want, error], error) {
	kind := e.kinds[set.Kind]
	if !set.Resource {
		return wants, nil
	}
	s, err := e.surveyed(ctx, kind)
	if err != nil || s == nil {
		return wants, err
	}
	for _, other := range kind.NamesWith {
		s.count += made[other]
	}
	return func(yield func(*plan.Want, error) bool) {
		for w, err := range wants {
			if err == nil && !w.Existing {
				var known *plan.Base
				if known, err = e.State.Base(ctx, set.Name, w.Key); err == nil {
					if p := s.look(w, known != nil); p != nil {
						w.Problems = append(w.Problems, *p)
					} else if s.creates(w, known != nil) {
						made[kind.Name]++
					}
				}
			}
			if !yield(w, err) {
				return
			}
		}
	}, nil
}

func nameOf(w *plan.Want) string {
	name, _ := w.Fields["name"].(string)
	return name
}

// creates reports whether a want makes a new object.
func (s *survey) creates(w *plan.Want, known bool) bool {
	return !known && w.Manual == "" && !slices.Contains(s.live[strings.ToLower(nameOf(w))], s.kind.Name)
}

// look is what is wrong with a want, nil for nothing. It takes a place for one that will be made.
func (s *survey) look(w *plan.Want, known bool) *plan.Problem {
	name := nameOf(w)
	key := strings.ToLower(name)
	if s.twins != "" {
		return &plan.Problem{Field: "name", Rule: "twins", Text: fmt.Sprintf("two objects of kind %s in Intercom are called %q: %s", s.kind.Name, s.twins, s.kind.Twins)}
	}
	if !s.creates(w, known) {
		return nil
	}
	for _, other := range s.kind.NamesWith {
		switch {
		case slices.Contains(s.live[key], other):
			return &plan.Problem{Field: "name", Rule: "name_taken", Text: fmt.Sprintf("%q is the name of an object of kind %s in Intercom, and the two kinds share their names; give the block another name", name, other)}
		case slices.Contains(s.archived[key], other):
			return &plan.Problem{Field: "name", Rule: "name_taken", Text: fmt.Sprintf("%q is the name of an archived object of kind %s in Intercom, which keeps it; give the block another name", name, other)}
		}
	}
	if s.kind.NamesWith != nil && slices.Contains(s.archived[key], s.kind.Name) {
		return &plan.Problem{Field: "name", Rule: "name_taken", Text: fmt.Sprintf("%q is archived in Intercom, where its name stays taken; restore it there, or give the block another name", name)}
	}
	if s.count++; s.kind.Room > 0 && s.count > s.kind.Room {
		return &plan.Problem{Field: "name", Rule: "no_room", Text: fmt.Sprintf("would be number %d, and the workspace has room for %d of %s together; archive some in Intercom, or declare fewer", s.count, s.kind.Room, strings.Join(append([]string{s.kind.Name}, s.kind.NamesWith...), " and "))}
	}
	return nil
}
