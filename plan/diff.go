package plan

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// Diff compares what the configuration wants of a set with what the state and live Intercom hold, three ways and
// field by field. Both sequences are sorted by key, bytewise; one record of each is held at a time. It yields one
// change per want and one per base that has no want any more, in key order, and ends at the first error.
func Diff(set *Set, kind *Kind, wants iter.Seq2[*Want, error], bases iter.Seq2[*Base, error], w World) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		nextWant, stopWant := iter.Pull2(wants)
		defer stopWant()
		nextBase, stopBase := iter.Pull2(bases)
		defer stopBase()
		want, err, haveWant := nextWant()
		if err != nil {
			yield(Change{}, err)
			return
		}
		base, err, haveBase := nextBase()
		if err != nil {
			yield(Change{}, err)
			return
		}
		for haveWant || haveBase {
			var c Change
			var stepWant, stepBase bool
			switch {
			case !haveBase || haveWant && want.Key < base.Address.Key:
				c, err = diffOne(set, kind, want, nil, w)
				stepWant = true
			case !haveWant || base.Address.Key < want.Key:
				c = leftBehind(set, kind, base)
				stepBase = true
			default:
				c, err = diffOne(set, kind, want, base, w)
				stepWant, stepBase = true, true
			}
			if err != nil {
				yield(Change{}, fmt.Errorf("compare %s: %w", c.Address, err))
				return
			}
			if !yield(c, nil) {
				return
			}
			if stepWant {
				if want, err, haveWant = nextWant(); err != nil {
					yield(Change{}, err)
					return
				}
			}
			if stepBase {
				if base, err, haveBase = nextBase(); err != nil {
					yield(Change{}, err)
					return
				}
			}
		}
	}
}

func leftBehind(set *Set, kind *Kind, base *Base) Change {
	reason := "its row is gone from the source or no longer selected; it stays in Intercom"
	if set.Resource {
		reason = "its block is gone from the configuration; it stays in Intercom"
	}
	c := Change{Address: base.Address, Kind: kind.Name, Action: Left, ID: base.ID, Reason: reason, Continues: base.Continues}
	if base.Origin == "merged" {
		c.MergedInto = base.MergedInto
	}
	return c
}

// diffOne makes the change of one want.
func diffOne(set *Set, kind *Kind, want *Want, base *Base, w World) (Change, error) {
	addr := Address{Set: set.Name, Key: want.Key, Resource: set.Resource}
	c := Change{Address: addr, Kind: kind.Name, Row: want.Row, Problems: want.Problems, Notes: want.Notes, Continues: want.Continues, Divided: want.MaxParts > 0 || want.Continues != ""}
	if base != nil {
		c.ID = base.ID
	}
	if len(want.Problems) > 0 {
		c.Action, c.Reason = Invalid, want.Problems[0].Text
		return c, nil
	}
	for _, use := range set.Uses {
		got, found, err := w.Target(use)
		if err != nil {
			return c, err
		}
		if !found || !got.Usable() {
			addr := addressOf(use, true)
			c.Action, c.Cause = Blocked, addr
			c.Reason = fmt.Sprintf("needs %s, which is not usable yet", addr)
			return c, nil
		}
	}
	r := &resolver{set: set, w: w}
	if err := r.want(kind, want, base, &c); err != nil {
		return c, err
	}
	if len(r.probs) > 0 {
		c.Problems = r.probs
		c.Action, c.Reason = Invalid, r.probs[0].Field+" "+r.probs[0].Text
		return c, nil
	}
	if r.block != "" && set.Resource && !kind.Creatable {
		c.Action, c.Reason = Manual, cmp.Or(want.Manual, kind.Manual) // whoever makes what it waits for makes this one as well
		return c, nil
	}
	if r.block != "" {
		c.Action, c.Cause, c.Reason = Blocked, r.block, "waits for "+r.why
		return c, nil
	}
	if want.Existing {
		err := existing(set, kind, want, base, w, &c)
		return c, err
	}
	done, err := stayMerged(set, kind, want, base, w, &c)
	switch {
	case done || err != nil:
	case base != nil && base.Origin != "merged":
		err = compareKnown(set, kind, want, base, r, w, &c)
	default:
		err = identify(set, kind, want, r, w, &c)
	}
	if err == nil && c.Action == Merged { // its notes are its own all the same
		if err = r.parts(want.Parts, base, nil, &c); err == nil && base != nil {
			c.Reclaimable, err = reclaimable(want, base, w)
		}
	}
	if err != nil || !c.Action.Writes() {
		return c, err
	}
	probs, err := w.Refused(&c)
	if len(probs) > 0 {
		c.Action, c.Reason, c.Problems, c.Fields, c.Parts = Invalid, probs[0].Field+" "+probs[0].Text, probs, nil, nil
	}
	return c, err
}

// want resolves all fields into c.Want.
func (r *resolver) want(kind *Kind, want *Want, base *Base, c *Change) error {
	c.Want = make(Fields, len(want.Fields))
	for _, name := range fieldOrder(kind, want.Fields) {
		v := want.Fields[name]
		f, _ := kind.Field(name)
		if ref, ok := v.(Ref); ok && f != nil && f.AtCreate && f.Type == TypeRef && kind.Part != nil {
			block, why := r.block, r.why
			got, t, err := r.ref(name, ref)
			if err != nil {
				return err
			}
			if base != nil && f.Mode == CreateOnly && r.block != block {
				r.block, r.why = block, why // it was needed once, and that is over
				if c.Want[name] = base.Sent[name]; c.Want[name] != nil {
					continue
				}
			}
			if got != nil && !kind.isType(name) {
				r.own = &t
			}
			c.Want[name] = got
			if got == nil && f.Required && r.block == "" && len(r.probs) == 0 {
				r.probs = append(r.probs, Problem{Field: name, Rule: "required", Text: "is required and refers to nothing"})
			}
			continue
		}
		got, err := r.value(name, v)
		if err != nil {
			return err
		}
		if got == nil && f != nil && f.NullLeaves {
			continue
		}
		c.Want[name] = got
	}
	return nil
}

// fieldOrder lists the names in fields in the order of the kind, members of maps sorted.
func fieldOrder(kind *Kind, fields Fields) []string {
	rank := make(map[string]int, len(kind.Fields))
	for i, f := range kind.Fields {
		rank[f.Name] = i
	}
	names := make([]string, 0, len(fields))
	for n := range fields {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		ha, _, _ := cutSet(a)
		hb, _, _ := cutSet(b)
		if ra, rb := rank[ha], rank[hb]; ra != rb {
			return ra - rb
		}
		if a < b {
			return -1
		}
		return 1
	})
	return names
}

// identify finds out whether a want without a base of its own is already in the workspace or in this plan.
func identify(set *Set, kind *Kind, want *Want, r *resolver, w World, c *Change) error {
	self := c.Address.Target()
	found, err := marked(kind, kind.Mark(c.Address), "", c.Want, self, w)
	if err != nil {
		return err
	}
	var by []string
	for range found {
		by = append(by, "its marker")
	}
	var others strangersFound
	for _, k := range identityKeys(set, kind, want, c.Want) {
		owner, err := w.Claim(kind.Name, k.field, k.claim(), self)
		if err != nil {
			return err
		}
		if owner != self {
			return mergeInto(set, kind, want, owner, k.field, w, c)
		}
		live, err := w.Find(kind.Name, k.field, k.value)
		if err != nil {
			return err
		}
		for _, l := range live {
			if kind.KeyWithin != "" && !Equal(l.Fields[kind.KeyWithin], k.of) || others.take(kind, l, k.field) {
				continue
			}
			if !slices.ContainsFunc(found, func(f *Live) bool { return f.ID == l.ID }) {
				found, by = append(found, l), append(by, k.field)
			}
		}
	}
	switch len(found) {
	case 0:
		err := create(set, kind, want, r, c)
		others.tell(c)
		return err
	case 1:
		owner, owned, err := w.Owner(kind.Name, found[0].ID)
		if err != nil {
			return err
		}
		if owned && owner != self {
			return mergeInto(set, kind, want, owner, by[0], w, c)
		}
		err = adopt(set, kind, want, found[0], by[0], r, c)
		others.tell(c)
		return err
	}
	ambiguous(found, by, c)
	return nil
}

// marked finds the objects that were made for a record, by their token; but is one that is known, and one that another
// record owns is not among them.
func marked(kind *Kind, token, but string, like Fields, self Target, w World) ([]*Live, error) {
	if !kind.Marked {
		return nil, nil
	}
	found, err := w.Find(kind.Name, MarkerField, token)
	if err != nil {
		return nil, err
	}
	var out []*Live
	for _, l := range found {
		if l.ID == but || l.Gone || !Equal(l.Fields["created_at"], like["created_at"]) || kind.MarkedByKey && !Equal(l.Fields["type"], like["type"]) {
			continue // somebody quotes the message
		}
		owner, owned, err := w.Owner(kind.Name, l.ID)
		if err != nil {
			return nil, err
		}
		if owned && owner != self {
			continue
		}
		whole, err := w.Whole(kind.Name, l.ID)
		if err != nil {
			return nil, err
		}
		if whole != nil {
			out = append(out, whole)
		}
	}
	return out, nil
}

type identity struct {
	field string
	value Value
	of    Value // what holds it, for kinds that are declared within another
}

// claim is the value that nobody else may have.
func (i identity) claim() Value {
	if i.of == nil {
		return i.value
	}
	return []Value{i.of, i.value}
}

func identityKeys(set *Set, kind *Kind, want *Want, resolved Fields) []identity {
	var keys []identity
	if kind.KeyAlways {
		for _, f := range kind.NaturalKeys {
			if v := resolved[f]; v != nil && v != "" {
				key := identity{field: f, value: v}
				if kind.KeyWithin != "" {
					key.of = resolved[kind.KeyWithin]
				}
				keys = append(keys, key)
			}
		}
	}
	for _, f := range set.Match {
		if v := want.Match[f]; v != nil && v != "" && !slices.ContainsFunc(keys, func(k identity) bool { return k.field == f }) {
			keys = append(keys, identity{field: f, value: v})
		}
	}
	return keys
}

// mergeInto makes the row a second name of an object that another row owns. It gives members, and its parts.
func mergeInto(set *Set, kind *Kind, want *Want, owner Target, field string, w World, c *Change) error {
	got, found, err := w.Target(owner)
	if err != nil {
		return err
	}
	if found && got.Into != nil {
		owner = *got.Into
		if got, found, err = w.Target(owner); err != nil {
			return err
		}
	}
	into := addressOf(owner, set.Resource)
	c.Action, c.MergedInto = Merged, into
	c.Reason = fmt.Sprintf("the same %s as %s, which owns the fields", field, into)
	if found && !got.Usable() {
		c.Action, c.Cause = Blocked, into
		c.Reason = fmt.Sprintf("would become one object with %s, which is %s", into, got.Action)
		return nil
	}
	var have Fields
	if found && got.ID != "" {
		c.ID = got.ID
		live, err := w.Live(kind.Name, got.ID)
		if err != nil {
			return err
		}
		if live != nil {
			have = live.Fields
		}
	}
	for _, name := range fieldOrder(kind, c.Want) {
		if f, ok := kind.Field(name); ok && f.Mode == Members {
			add := minus(list(c.Want[name]), list(have[name]))
			if len(add) > 0 {
				c.Fields = append(c.Fields, FieldChange{Field: name, What: "add", Before: have[name], After: add})
			}
		}
	}
	return nil
}

func create(set *Set, kind *Kind, want *Want, r *resolver, c *Change) error {
	if !kind.Creatable || want.Manual != "" {
		c.Action, c.Reason = Manual, cmp.Or(want.Manual, kind.Manual)
		return nil
	}
	for i := range kind.Fields {
		if f := &kind.Fields[i]; f.Required && f.Type != TypeMap && c.Want[f.Name] == nil {
			c.Action = Invalid
			c.Problems = append(c.Problems, Problem{Field: f.Name, Rule: "required", Text: "is required and is null for this row"})
		}
	}
	if c.Action == Invalid {
		c.Reason = c.Problems[0].Field + " " + c.Problems[0].Text
		return nil
	}
	c.Action, c.ID = Create, ""
	var err error
	if c.Have, err = r.w.Born(kind.Name, c.Want); err != nil {
		return err
	}
	if kind.Restorable && set.OnArchived == PolicyRestore {
		c.Restore = set.OnAdopt
	}
	for _, name := range fieldOrder(kind, c.Want) {
		v := c.Want[name]
		f, ok := kind.Field(name)
		if v == nil || isEmptyList(v) || ok && f.Local {
			continue
		}
		what := "set"
		if ok && f.Mode == Members {
			what = "add"
		}
		c.Fields = append(c.Fields, FieldChange{Field: name, What: what, After: v})
	}
	return r.parts(want.Parts, nil, nil, c)
}

// parts appends every wanted part that neither the base nor, among those that are there, live has.
func (r *resolver) parts(wants []PartWant, base *Base, there []LivePart, c *Change) error {
	taken := map[string]bool{}
	for _, p := range wants {
		hash := Hash(map[string]Value(p.Fields))
		if base != nil {
			if i := slices.IndexFunc(base.Parts, func(b BasePart) bool { return b.List == p.List && b.Key == p.Key }); i >= 0 {
				if base.Parts[i].Hash != hash {
					c.Parts = append(c.Parts, PartChange{List: p.List, Key: p.Key, What: "frozen", Hash: hash, Reason: "the source changed it after it was written; Intercom cannot change a message"})
				}
				continue
			}
		}
		known := base == nil || p.Fields["created_at"] != nil || p.List == ThreadList // beside what the state knows, a text alone proves nothing
		if i := slices.IndexFunc(there, func(l LivePart) bool { return known && !taken[l.ID] && r.w.SamePart(p, l) }); i >= 0 {
			taken[there[i].ID] = true
			at, _ := p.Fields["created_at"].(int64)
			c.Parts = append(c.Parts, PartChange{List: p.List, Key: p.Key, What: "adopt", ID: there[i].ID, Hash: hash, At: at, As: r.w.SpokenAs(p, there[i])})
			continue
		}
		fields := make(Fields, len(p.Fields))
		private, _ := p.Fields["private"].(bool)
		for name, v := range p.Fields {
			var err error
			if name == "author" {
				fields[name], err = r.author(v, private)
			} else {
				fields[name], err = r.value(name, v)
			}
			if err != nil {
				return err
			}
		}
		if _, ok := fields["author"]; !ok {
			fields["author"] = Author("actor", "")
		}
		add := PartChange{List: p.List, Key: p.Key, What: "append", Fields: fields, Hash: hash, SourcePrivate: p.SourcePrivate}
		if who, ok := p.Fields["author"].(Person); ok {
			add.AuthorName = who.Called()
		}
		if at, ok := p.Fields["created_at"].(int64); ok && base != nil && slices.ContainsFunc(base.Parts, func(b BasePart) bool { return b.At > at }) {
			if add.Reason = PartLate; p.Fields[OriginalAt] != nil {
				add.Reason = PartBefore
			}
		}
		c.Parts = append(c.Parts, add)
	}
	return nil
}

// adopt takes over an object that is already there.
func adopt(set *Set, kind *Kind, want *Want, live *Live, by string, r *resolver, c *Change) error {
	c.Action, c.ID, c.UpdatedAt = Adopt, live.ID, live.UpdatedAt
	c.Reason = "already in Intercom, found by " + by
	if kind.Believed != "" && live.Fields[ProvenField] != true {
		c.Reason = kind.Believed
	}
	c.Have = live.Fields
	for _, name := range fieldOrder(kind, c.Want) {
		f, ok := kind.Field(name)
		if !ok || f.Local {
			continue
		}
		v, h := c.Want[name], live.Fields[name]
		switch {
		case f.Mode == Members:
			if add := minus(list(v), list(h)); len(add) > 0 && set.OnAdopt != PolicyLink {
				c.Fields = append(c.Fields, FieldChange{Field: name, What: "add", Before: h, After: add})
			}
		case alike(f, v, h) || v == nil:
		case f.Mode == CreateOnly:
			if _, shown := live.Fields[name]; set.Resource && shown {
				c.Action, c.ID = Conflict, "" // nothing can refer to what is something else
				c.Reason = fmt.Sprintf("already in Intercom with %s = %s instead of %s, which cannot be changed there; %s", name, Canonical(h), Canonical(v), cmp.Or(f.Instead, "rename the block or change the configuration"))
			}
		case set.OnAdopt == PolicyLink:
		case f.FillOnly && h != nil && h != "":
			c.Fields = append(c.Fields, FieldChange{Field: name, What: "keep", Before: h, After: v, Reason: neverChanged})
		case set.OnAdopt == PolicyFill && h != nil && h != "":
			c.Fields = append(c.Fields, FieldChange{Field: name, What: "keep", Before: h, After: v, Reason: `on_adopt = "fill" writes only empty fields`})
		default:
			c.Fields = append(c.Fields, FieldChange{Field: name, What: "set", Before: h, After: v})
		}
	}
	byHand(set, kind, c)
	return r.parts(want.Parts, nil, live.Parts, c)
}

// byHand makes a manual step of what is to change on a resource that no API makes.
func byHand(set *Set, kind *Kind, c *Change) {
	if !set.Resource || kind.Creatable || !c.Action.Writes() {
		return
	}
	c.Fields = slices.DeleteFunc(c.Fields, func(f FieldChange) bool { // whether what is still to be made will be among them nobody knows
		return f.What == "add" && !slices.ContainsFunc(list(f.After), func(v Value) bool { _, pending := v.(Ref); return !pending })
	})
	for _, f := range c.Fields {
		if f.What == "add" || f.What == "set" {
			c.Action, c.Reason = Manual, fmt.Sprintf("is there and lacks %s; %s", f.Field, kind.Manual)
			return
		}
	}
}

func list(v Value) []Value {
	l, _ := v.([]Value)
	return l
}

func isEmptyList(v Value) bool {
	l, ok := v.([]Value)
	return ok && len(l) == 0
}

// minus returns the members of a that are not in b.
func minus(a, b []Value) []Value {
	var out []Value
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y Value) bool { return Equal(x, y) }) {
			out = append(out, x)
		}
	}
	return out
}

func intersect(a, b []Value) []Value { return minus(a, minus(a, b)) }
