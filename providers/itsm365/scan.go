package itsm365

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"deskform/plan"
)

// Stock are the attributes that the stock model gives a class (IT 3.2 to 3.6); nil for a class that it does not know.
// The map is a copy.
func Stock(class string) map[string]plan.Column { return maps.Clone(stockColumns(classFrom(class))) }

// MailSender is the address that the mail robot put under a comment (IT 5.3), lower case; empty when there is none.
func MailSender(text string) string {
	if !strings.Contains(text, "@") {
		return ""
	}
	v, _ := mailSender([]plan.Value{text})
	s, _ := v.(string)
	return s
}

// Calls is how many calls were sent so far, those that were tried again once.
func (s *Source) Calls() int { return int(s.calls.Load()) }

// Now is the time by the service's own clock, in UTC and whole seconds: the Date of an answer, or our clock where it has
// none (IT 2.10).
func (s *Source) Now(ctx context.Context) (time.Time, error) {
	res, err := s.call(ctx, "check-status", nil, nil, true)
	if err != nil {
		return time.Time{}, err
	}
	if t, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		return t.UTC(), nil
	}
	return s.clock.Now().UTC().Truncate(time.Second), nil
}

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

// Objects yields the objects of a class as the service gave them, unknown attributes and all, but for what LeftOut names.
// With an owner it yields what is the owner's, by the attribute source: comments and files. A row has Key, JSON, Pos, and
// Broken for what is no object.
func (s *Source) Objects(ctx context.Context, class, owner string) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		d := plan.Data{Type: "itsm365", Name: "scan", Args: map[string]plan.Value{"class": class}}
		if _, err := classArg(d); err != nil {
			yield(plan.Row{}, err)
			return
		}
		r := &reading{d: d, class: class, filter: map[string]any{}, owner: owner, raw: true, yield: func(row plan.Row, _ int, err error) bool { return yield(row, err) }}
		if owner != "" {
			r.filter["source"] = owner
			r.d.Of = []string{"scan"} // an owner's list has no samples
		} else if !s.noted(class) {
			if _, err := s.samples(ctx, r.d, class); err != nil {
				yield(plan.Row{}, err)
				return
			}
		}
		r.attrs = s.listed(r)
		s.pages(ctx, r)
	}
}

// listed are the attributes that a list asks for: those that are mapped, or, of raw objects, all that were met. Nothing was
// met of a class that lists nothing, or that is only read by owner: nil, which asks for whole objects.
func (s *Source) listed(r *reading) []string {
	if !r.raw {
		return s.known(r.class)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	left := LeftOut(classFrom(r.class))
	var attrs []string
	for name := range s.attrs[r.class] {
		if !slices.Contains(left, name) {
			attrs = append(attrs, name)
		}
	}
	slices.Sort(attrs)
	return attrs
}

// LeftOut are the attributes of a class that Objects does not ask for: the far ends of links of which the near end is kept
// (IT 3.4, trap 11), and what is a secret.
func LeftOut(class string) []string {
	switch class {
	case "employee":
		return []string{"all_Group", "createdSCs", "password", "phonesIndex", "privateCode", "respForSCs", "serviceCalls", "votes", "workReports"}
	case "ou":
		return []string{"KEsInUse", "childOUs", "employees", "serviceCalls"}
	}
	return nil
}

// Zone is the name of the server's time zone as it is set.
func (s *Source) Zone() string { return s.zone.String() }
