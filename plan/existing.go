package plan

import (
	"fmt"
	"slices"
	"strings"
)

// existing plans an object that the workspace owns: it has to be there as the configuration says, and nothing is ever
// written to it.
func existing(set *Set, kind *Kind, want *Want, base *Base, w World, c *Change) error {
	var live *Live
	switch {
	case base != nil:
		l, err := w.Live(kind.Name, base.ID)
		if err != nil {
			return err
		}
		if l == nil || l.Gone {
			c.ID = ""
			c.Action, c.Reason = Conflict, "was archived or deleted in Intercom, whose owner it has; restore it there, or take the block out"
			return nil
		}
		live = l
	default:
		var found []*Live
		for _, k := range identityKeys(set, kind, want, c.Want) {
			got, err := w.Find(kind.Name, k.field, k.value)
			if err != nil {
				return err
			}
			for _, l := range got {
				if !slices.ContainsFunc(found, func(f *Live) bool { return f.ID == l.ID }) {
					found = append(found, l)
				}
			}
		}
		switch len(found) {
		case 0:
			c.Action, c.Reason = Manual, want.Manual
			return nil
		case 1:
			live = found[0]
		default:
			c.Action, c.Reason = Conflict, fmt.Sprintf("%d objects in Intercom match it (%s and %s); archive all but one there", len(found), found[0].ID, found[1].ID)
			return nil
		}
	}
	c.ID, c.Have, c.UpdatedAt = live.ID, live.Fields, live.UpdatedAt
	c.Action, c.Reason = NoOp, ""
	if base == nil {
		c.Action, c.Reason = Adopt, "the workspace owns it; nothing is written to it"
	}
	for _, name := range fieldOrder(kind, c.Want) {
		f, ok := kind.Field(name)
		if !ok || f.Local {
			continue
		}
		v, h := c.Want[name], live.Fields[name]
		_, shown := live.Fields[name]
		switch {
		case f.Mode == Members:
			if lacking := minus(list(v), list(h)); len(lacking) > 0 {
				texts := make([]string, len(lacking))
				for i, m := range lacking {
					texts[i] = string(Canonical(m))
				}
				c.ID = ""
				c.Action, c.Reason = Manual, fmt.Sprintf("its %s lack %s, and its owner is the workspace: add them in Intercom, then plan again", name, strings.Join(texts, ", "))
			}
		case f.Mode == CreateOnly && shown && v != nil && !alike(f, v, h):
			c.ID = ""
			c.Action, c.Reason = Conflict, fmt.Sprintf("is in Intercom with %s = %s, and the configuration says %s; correct the configuration", name, Canonical(h), Canonical(v))
			return nil
		}
	}
	return nil
}

// alike reports whether what the service shows may be what is wanted: itself, or the one name it has for several.
func alike(f *Field, want, have Value) bool {
	if Equal(want, have) {
		return true
	}
	text, ok := want.(string)
	shown := f.Shown[text]
	return ok && shown != "" && Equal(shown, have)
}
