package plan

import (
	"fmt"
	"slices"
	"strings"
)

// MergedFrom is the name in Base.Seen under which a merged record keeps the id of its former object, when the merge was
// made in Intercom and not by equal keys.
const MergedFrom = "merged_from"

const neverChanged = "is not empty in Intercom, and is never changed there; only an empty one is filled"

// strangersFound are objects of another sort that have a record's keys: leads beside users.
type strangersFound []string

// take reports whether an object is of another sort than the kind's records, and remembers it.
func (s *strangersFound) take(kind *Kind, l *Live, field string) bool {
	for i := range kind.Fields {
		f := &kind.Fields[i]
		v, shown := l.Fields[f.Name].(string)
		if f.Sort && shown && v != "" && !slices.Contains(f.Enum, v) {
			*s = append(*s, fmt.Sprintf("the %s %s has the same %s and is left alone", v, l.ID, field))
			return true
		}
	}
	return false
}

// tell adds them to the reason of a change.
func (s strangersFound) tell(c *Change) {
	if len(s) == 0 {
		return
	}
	if c.Reason != "" {
		c.Reason += "; "
	}
	c.Reason += s[0]
	if len(s) > 1 {
		c.Reason += fmt.Sprintf(", and so are %d more", len(s)-1)
	}
}

// shownCandidates is how many ids a reason names; the change has them all.
const shownCandidates = 10

// ambiguous makes a question of several objects that match.
func ambiguous(found []*Live, by []string, c *Change) {
	var names []string
	for i, l := range found {
		c.Candidates = append(c.Candidates, l.ID)
		if i < shownCandidates {
			names = append(names, l.ID+" by "+by[i])
		}
	}
	more := ""
	if n := len(found) - len(names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	c.Action = Conflict
	c.Reason = fmt.Sprintf("%d objects in Intercom match it: %s%s; merge them into one or remove all but one there, or match by a field that tells them apart, then plan again", len(found), strings.Join(names, ", "), more)
}

// fillOnly is the three-way rule for what is filled and never changed.
func fillOnly(set *Set, name string, policy Policy, renewed bool, want, have Value, base *Base) (FieldChange, bool) {
	fc, ok := mutable(name, policy, renewed, want, have, base)
	if !ok || have == nil || have == "" {
		return fc, ok
	}
	if sent, had := base.Sent[name]; had && Same(sent, want) {
		fc.What, fc.Reason = "keep", "was changed in Intercom, and a value that is there is never changed back"
		if policy == PolicyFail {
			fc.What = "conflict"
		}
		return fc, true
	}
	fc.What, fc.Reason = "frozen", neverChanged
	if set.OnFrozen == PolicyFail {
		fc.What = "conflict"
	}
	return fc, true
}

// follow moves a record to the object that somebody merged its own into in Intercom. done: another record owns that one,
// and c is decided.
func follow(set *Set, kind *Kind, want *Want, base *Base, live *Live, w World, c *Change) (done bool, err error) {
	self := c.Address.Target()
	owner, owned, err := w.Owner(kind.Name, live.ID)
	if err != nil {
		return false, err
	}
	if !owned || owner == self {
		owned = false
		for _, f := range set.Match { // who is planned to adopt it
			v := live.Fields[f]
			if v == nil || v == "" {
				continue
			}
			if owner, err = w.Claim(kind.Name, f, v, self); err != nil {
				return false, err
			}
			if owned = owner != self; owned {
				break
			}
		}
	}
	c.MovedFrom = base.ID
	if owned {
		if err := mergeInto(set, kind, want, owner, "object", w, c); err != nil {
			return false, err
		}
		if c.Action == Merged {
			c.Reason = fmt.Sprintf("%s was merged in Intercom into the object of %s, which owns the fields", base.ID, c.MergedInto)
		}
		return true, nil
	}
	c.ID = live.ID
	return false, nil
}

// tellMoved makes sure that a change whose object moved is written down.
func tellMoved(c *Change) {
	if c.MovedFrom == "" {
		return
	}
	text := fmt.Sprintf("%s was merged in Intercom into %s, which the record is from now on", c.MovedFrom, c.ID)
	switch {
	case c.Action == Conflict:
		c.MovedFrom = ""
		c.Reason += "; " + text + " once that is answered"
	case c.Action.Writes():
		c.Reason += "; " + text
	default:
		c.Action, c.Reason = Update, text
	}
}

// stayMerged keeps a record whose object was merged in Intercom with the owner of what is left, as long as there is one.
func stayMerged(set *Set, kind *Kind, want *Want, base *Base, w World, c *Change) (bool, error) {
	if base == nil || base.Origin != "merged" || base.Seen[MergedFrom] == nil {
		return false, nil
	}
	into, err := ParseAddress(base.MergedInto)
	if err != nil {
		return false, err
	}
	if _, found, err := w.Target(into.Target()); err != nil || !found {
		return false, err
	}
	for _, k := range identityKeys(set, kind, want, c.Want) {
		if _, err := w.Claim(kind.Name, k.field, k.value, c.Address.Target()); err != nil {
			return false, err
		}
	}
	if err := mergeInto(set, kind, want, into.Target(), "object", w, c); err != nil {
		return false, err
	}
	if c.Action == Merged {
		c.Reason = fmt.Sprintf("%v was merged in Intercom into the object of %s, which owns the fields", base.Seen[MergedFrom], c.MergedInto)
	}
	return true, nil
}
