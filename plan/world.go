package plan

// A World answers what the diff has to look up: the live mirror, the state, and what this plan has decided so
// far. Its answers about a kind do not change while a set of that kind is compared.
type World interface {
	// Live returns the object as last seen, nil when the last refresh proved it gone. One that was merged into another in
	// Intercom gives the other, whose ID it then has.
	Live(kind, id string) (*Live, error)
	// Find returns the live objects whose field has this value.
	Find(kind, field string, v Value) ([]*Live, error)
	// Whole returns an object with its parts, nil when it is gone; it is asked for, whatever the mirror has.
	Whole(kind, id string) (*Live, error)
	// SamePart reports whether a live part is the wanted one.
	SamePart(want PartWant, got LivePart) bool
	// SpokenAs reads from a live part that is the wanted one who speaks in it, see BasePart.
	SpokenAs(want PartWant, got LivePart) string
	// Born are the fields that a new object has without being told, nil for none.
	Born(kind string, want Fields) (Fields, error)
	// Refused is what the service would refuse about a change, as far as the workspace shows.
	Refused(c *Change) ([]Problem, error)
	// Owner is the address that the state binds to an object, if any.
	Owner(kind, id string) (Target, bool, error)
	// Seconds are the wants of the rows that are second names of an object.
	Seconds(kind, id string) ([]*Want, error)
	// Target is what this plan decided about an address or, for sets that are not part of it, what the state has.
	Target(t Target) (Resolved, bool, error)
	// Claim notes that a record of this plan wants to be the one with this value, and returns the first that did.
	Claim(kind, field string, v Value, by Target) (Target, error)
	// Claimed returns who claimed a value, if anybody did.
	Claimed(kind, field string, v Value) (Target, bool, error)
	// Teammate finds the seat of a person by e-mail, or by a declared teammate that stands for the person's key.
	Teammate(p Person) (id string, ok bool, err error)
}

// Resolved is what is known about the target of a reference.
type Resolved struct {
	Action Action
	// ID in Intercom; empty while the object is still to be created by this plan.
	ID string
	// Into is the address that owns the object, when rows were merged.
	Into *Target
	// Cause is the address that made the target unusable.
	Cause string
	// Resource: the target is a schema object, whose address is written without brackets.
	Resource bool
}

// Usable reports whether something can refer to it now or once this plan is applied.
func (r Resolved) Usable() bool {
	switch r.Action {
	case Create:
		return true
	case Invalid, Manual, Blocked, Skip:
		return false
	}
	return r.ID != "" || r.Into != nil
}

// resolver turns the symbolic values of one want into comparable ones.
type resolver struct {
	set   *Set
	w     World
	own   *Target // the contact of the conversation, canonical
	block string  // address that blocks the record
	why   string
	probs []Problem
}

// target finds the first target that exists and returns its id, or a Ref while it is pending; ok is false when
// none exists.
func (r *resolver) target(ref Ref) (v Value, canon Target, ok bool, err error) {
	for _, t := range ref.Targets {
		got, found, err := r.w.Target(t)
		if err != nil {
			return nil, t, false, err
		}
		if !found || got.Action == Skip {
			continue
		}
		if got.Into != nil {
			canon := *got.Into
			owner, found, err := r.w.Target(canon)
			if err != nil {
				return nil, t, false, err
			}
			if found {
				got, t = owner, canon
			}
		}
		if !got.Usable() {
			r.block = got.Cause
			if r.block == "" {
				r.block = addressOf(t, got.Resource)
			}
			r.why = addressOf(t, got.Resource) + " is " + string(got.Action)
			return nil, t, true, nil
		}
		if got.ID != "" {
			return got.ID, t, true, nil
		}
		return Ref{[]Target{t}}, t, true, nil
	}
	return nil, Target{}, false, nil
}

func addressOf(t Target, resource bool) string {
	return Address{Set: t.Set, Key: t.Key, Resource: resource}.String()
}

// ref resolves a reference field by the policy of on_missing.
func (r *resolver) ref(field string, ref Ref) (Value, Target, error) {
	v, t, ok, err := r.target(ref)
	if err != nil || ok {
		return v, t, err
	}
	policy := r.set.OnMissing[field]
	if head, _, dotted := cutSet(field); policy == "" && dotted {
		policy = r.set.OnMissing[head]
	}
	switch policy {
	case PolicyNull:
		return nil, t, nil
	case PolicyStandIn:
		stand, ok := r.set.StandIn[field]
		if !ok {
			break
		}
		v, t, ok, err := r.target(Ref{[]Target{stand}})
		if err != nil || ok {
			return v, t, err
		}
	}
	text := "refers to nothing"
	if len(ref.Targets) > 0 {
		text = "refers to a record that is not there (looked in " + setsOf(ref) + ")"
	}
	r.probs = append(r.probs, Problem{Field: field, Rule: "missing_reference",
		Text: text + "; select the row, or set on_missing = { " + field + " = \"null\" | \"stand_in\" }"})
	return nil, t, nil
}

func setsOf(ref Ref) string {
	s := ""
	for _, t := range ref.Targets {
		if s != "" {
			s += ", "
		}
		s += t.Set
	}
	return s
}

// value resolves one field.
func (r *resolver) value(field string, v Value) (Value, error) {
	switch v := v.(type) {
	case Ref:
		got, _, err := r.ref(field, v)
		return got, err
	case Person:
		id, ok, err := r.w.Teammate(v)
		if err != nil || !ok {
			return nil, err
		}
		return id, nil
	case []Value:
		out := make([]Value, 0, len(v))
		seen := map[string]bool{}
		for _, e := range v {
			got, err := r.value(field, e)
			if err != nil {
				return nil, err
			}
			if got == nil && e != nil {
				continue
			}
			if _, isFile := got.(File); !isFile {
				text := string(Canonical(got))
				if seen[text] {
					continue
				}
				seen[text] = true
			}
			out = append(out, got)
		}
		return out, nil
	}
	return v, nil
}

// author climbs the ladder: a teammate, the record's own contact, the actor with the original name. A private
// part never has a contact as its author.
func (r *resolver) author(v Value, private bool) (Value, error) {
	switch v := v.(type) {
	case nil:
		return Author("actor", ""), nil
	case Ref:
		id, _, ok, err := r.target(v)
		if err != nil {
			return nil, err
		}
		if ok && id != nil {
			return Author("teammate", id), nil
		}
		r.block, r.why = "", ""
		return Author("actor", ""), nil
	case Person:
		id, ok, err := r.w.Teammate(v)
		if err != nil {
			return nil, err
		}
		if ok {
			return Author("teammate", id), nil
		}
		if !private && r.own != nil {
			same, err := r.isOwn(v)
			if err != nil {
				return nil, err
			}
			if same {
				got, found, err := r.w.Target(*r.own)
				if err != nil {
					return nil, err
				}
				if found && got.ID != "" {
					return Author("contact", got.ID), nil
				}
				return Author("contact", Ref{[]Target{*r.own}}), nil
			}
		}
		return Author("actor", v.Called()), nil
	case map[string]Value:
		if v["as"] == "contact" && v["ref"] == nil && r.own != nil { // the provider goes on with the first message
			got, found, err := r.w.Target(*r.own)
			if err != nil {
				return nil, err
			}
			if found && got.ID != "" {
				return Author("contact", got.ID), nil
			}
			return Author("contact", Ref{[]Target{*r.own}}), nil
		}
	}
	return v, nil
}

// isOwn reports whether a person is the record's own contact: the same key or e-mail leads to the same owner.
func (r *resolver) isOwn(p Person) (bool, error) {
	sets := r.contactSets()
	for _, key := range []string{p.Key, p.Email} {
		if key == "" {
			continue
		}
		for _, s := range sets {
			t := Target{s, key}
			if t == *r.own {
				return true, nil
			}
			got, found, err := r.w.Target(t)
			if err != nil {
				return false, err
			}
			if found && got.Into != nil && *got.Into == *r.own {
				return true, nil
			}
		}
	}
	if p.Email != "" {
		kind, _, _ := cutSet(r.own.Set)
		holder, ok, err := r.w.Claimed(kind, "email", p.Email)
		if err != nil || !ok {
			return false, err
		}
		if holder == *r.own {
			return true, nil
		}
		got, found, err := r.w.Target(holder)
		return found && got.Into != nil && *got.Into == *r.own, err
	}
	return false, nil
}

// contactSets are the sets that this one depends on and that live where its own contact lives.
func (r *resolver) contactSets() []string {
	kind, _, _ := cutSet(r.own.Set)
	out := []string{r.own.Set}
	for _, s := range r.set.DependsOn {
		if k, _, _ := cutSet(s); k == kind && s != r.own.Set {
			out = append(out, s)
		}
	}
	return out
}
