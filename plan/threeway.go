package plan

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"time"
)

// compareKnown is the three-way diff of a record that the state knows.
func compareKnown(set *Set, kind *Kind, want *Want, base *Base, r *resolver, w World, c *Change) error {
	for _, k := range identityKeys(set, kind, want, c.Want) {
		if _, err := w.Claim(kind.Name, k.field, k.claim(), c.Address.Target()); err != nil {
			return err
		}
	}
	live, err := w.Live(kind.Name, base.ID)
	if err != nil {
		return err
	}
	if live == nil || live.Gone {
		return gone(set, kind, want, r, c)
	}
	if base.Seen[ProvenField] == false && live.Fields[ProvenField] != true && !set.Retry {
		c.Action, c.Reason, c.ID = Manual, kind.Refuted, "" // nothing can refer to it
		return nil
	}
	if live.ID != "" && live.ID != base.ID {
		if done, err := follow(set, kind, want, base, live, w, c); done || err != nil {
			return err
		}
	}
	if token, _ := live.Fields[MarkerField].(string); token != "" {
		copies, err := marked(kind, token, base.ID, live.Fields, c.Address.Target(), w)
		if err != nil {
			return err
		}
		if len(copies) > 0 {
			c.Action, c.Reason = Conflict, fmt.Sprintf("is in Intercom twice: besides %s there is %s, in which somebody has written or which another state made; keep one and delete the other there", base.ID, copies[0].ID)
			return nil
		}
	}
	c.Have, c.UpdatedAt = live.Fields, live.UpdatedAt
	renewed := base.Version != kind.Version
	for _, name := range fieldOrder(kind, c.Want) {
		f, ok := kind.Field(name)
		if !ok || f.Local {
			continue
		}
		policy := set.OnDrift
		if p, ok := set.PerField[name]; ok {
			policy = p
		} else if head, _, dotted := cutSet(name); dotted {
			if p, ok := set.PerField[head]; ok {
				policy = p
			}
		}
		if adoptLater(set, f, name, c.Want[name], live.Fields[name], base, c) {
			continue
		}
		switch f.Mode {
		case Members:
			have, shown := live.Fields[name]
			if !shown && f.Unseen {
				have = base.Sent[name] // the service does not show it: what we put there is believed to be there
			}
			fcs := members(name, policy, c.Want[name], base.Sent[name], have)
			if fcs, err = keptForSeconds(kind, set, name, base.ID, fcs, w); err != nil {
				return err
			}
			if f.AddOnly {
				fcs = slices.DeleteFunc(fcs, func(fc FieldChange) bool { return fc.What == "remove" })
			}
			c.Fields = append(c.Fields, fcs...)
		case CreateOnly:
			if sent, had := base.Sent[name]; had && !renewed && !Same(sent, c.Want[name]) && !Equal(live.Fields[name], c.Want[name]) {
				fcs := frozen(set, f, name, c.Want[name], sent, live.Fields[name])
				if c.Fields = append(c.Fields, fcs...); set.Resource && len(fcs) > 0 {
					c.ID = "" // nothing can refer to what is something else
				}
			}
		default:
			if f.Restored && base.Partial != "" {
				if fc, ok := restored(name, policy, renewed, c.Want[name], live.Fields[name], base); ok {
					c.Fields = append(c.Fields, fc)
				}
			} else if f.FillOnly {
				if fc, ok := fillOnly(set, name, policy, renewed, c.Want[name], live.Fields[name], base); ok {
					c.Fields = append(c.Fields, fc)
				}
			} else if fc, ok := mutable(name, policy, renewed, c.Want[name], live.Fields[name], base); ok {
				c.Fields = append(c.Fields, fc)
			}
		}
	}
	if err := r.parts(want.Parts, base, unknown(base, live), c); err != nil {
		return err
	}
	if renewed {
		c.Parts = slices.DeleteFunc(c.Parts, func(p PartChange) bool { return p.What == "frozen" })
	}
	if set.OnFrozen == PolicyNote && kind.Part != nil {
		c.Parts = append(c.Parts, frozenNotes(kind, want, base, unknown(base, live), w, c)...)
	}
	strangers(base, live, c)
	if c.Reclaimable, err = reclaimable(want, base, w); err != nil {
		return err
	}
	conclude(set, c)
	byHand(set, kind, c)
	if base.Partial != "" && !c.Action.Writes() && c.Action != Conflict {
		c.Action, c.Reason = Update, "notes the end of what a run that was cut off had begun"
	}
	tellMoved(c)
	return nil
}

// adoptLater is on_adopt for a record that was adopted before: true when the field is not ours to write. What we have sent
// is ours and follows the source; what was there at adoption stays, whatever the source says since.
func adoptLater(set *Set, f *Field, name string, want, have Value, base *Base, c *Change) bool {
	if base.Origin != "adopted" {
		return false
	}
	if set.OnAdopt == PolicyLink {
		return true
	}
	if _, had := base.Sent[name]; had || f.Mode != Mutable {
		return false
	}
	switch {
	case want == nil:
		return true
	case set.OnAdopt != PolicyFill || have == nil || have == "":
		return false
	}
	if base.Partial != "" && !Equal(want, have) {
		c.Fields = append(c.Fields, FieldChange{Field: name, What: "keep", Before: have, After: want, Reason: `on_adopt = "fill" writes only empty fields`})
	}
	return true
}

// gone plans a record whose object was archived or deleted in Intercom.
func gone(set *Set, kind *Kind, want *Want, r *resolver, c *Change) error {
	if set.Resource {
		return goneResource(set, kind, want, r, c)
	}
	switch set.OnDrift {
	case PolicyOverwrite:
		id := c.ID
		if err := create(set, kind, want, r, c); err != nil {
			return err
		}
		if c.Action == Create {
			c.Replaces, c.Reason = id, "was deleted in Intercom ("+id+"); on_drift = \"overwrite\" makes it anew"
			if kind.Restorable {
				c.Reason = "was archived or deleted in Intercom (" + id + "); on_drift = \"overwrite\" brings it back, or makes it anew"
			}
		}
	case PolicyFail:
		c.ID = "" // nothing new can refer to it
		c.Action, c.Reason = Conflict, "was deleted or archived in Intercom"
	default:
		c.ID = ""
		c.Action, c.Reason = Keep, "was deleted or archived in Intercom; on_drift = \"keep\" leaves it so"
	}
	return nil
}

// goneResource plans a resource that somebody archived or deleted: what records need cannot simply stay away.
func goneResource(set *Set, kind *Kind, want *Want, r *resolver, c *Change) error {
	id := c.ID
	c.ID = "" // nothing can refer to it
	switch {
	case kind.Lasting:
		c.Action, c.Reason = Conflict, "was archived in Intercom, where its name stays taken; restore it there, or give the block another name"
		return nil
	case !kind.Creatable:
		c.Action, c.Reason = Manual, kind.Manual
		return nil
	}
	if err := create(set, kind, want, r, c); err != nil {
		return err
	}
	if c.Action == Create {
		c.Replaces, c.Reason = id, "was deleted in Intercom ("+id+")"
	}
	return nil
}

// members compares a set field: only what we put is ours to take away.
func members(name string, policy Policy, want, sent, have Value) []FieldChange {
	w, s, h := list(want), list(sent), list(have)
	var out []FieldChange
	add := minus(w, h)
	lost := intersect(add, s) // put by us, taken away by somebody
	if len(lost) > 0 {
		switch policy {
		case PolicyOverwrite:
		case PolicyFail:
			out = append(out, FieldChange{Field: name, What: "conflict", Before: have, After: want, Base: sent, Reason: "a member was removed in Intercom"})
			add = minus(add, lost)
		default:
			out = append(out, FieldChange{Field: name, What: "keep", Before: have, After: want, Base: sent, Reason: "a member was removed in Intercom"})
			add = minus(add, lost)
		}
	}
	if len(add) > 0 {
		out = append(out, FieldChange{Field: name, What: "add", Before: have, After: add, Base: sent})
	}
	if drop := intersect(minus(s, w), h); len(drop) > 0 {
		out = append(out, FieldChange{Field: name, What: "remove", Before: have, After: drop, Base: sent})
	}
	return out
}

// keptForSeconds takes back the removal of what a second row of the object wants there.
func keptForSeconds(kind *Kind, set *Set, name, id string, fcs []FieldChange, w World) ([]FieldChange, error) {
	i := slices.IndexFunc(fcs, func(fc FieldChange) bool { return fc.What == "remove" })
	if i < 0 || set.Resource {
		return fcs, nil
	}
	seconds, err := w.Seconds(kind.Name, id)
	if err != nil {
		return nil, err
	}
	drop := list(fcs[i].After)
	for _, s := range seconds {
		v, err := (&resolver{set: set, w: w}).value(name, s.Fields[name])
		if err != nil {
			return nil, err
		}
		drop = minus(drop, list(v))
	}
	if len(drop) == 0 {
		return slices.Delete(fcs, i, i+1), nil
	}
	fcs[i].After = drop
	return fcs, nil
}

func frozen(set *Set, f *Field, name string, want, sent, have Value) []FieldChange {
	fc := FieldChange{Field: name, What: "frozen", Before: have, After: want, Base: sent, Reason: "Intercom cannot change it after creation"}
	switch {
	case set.Resource && alike(f, want, have):
		return nil // somebody made it so
	case set.Resource: // what records write would be refused
		fc.What, fc.Reason = "conflict", fmt.Sprintf("is %s in Intercom and cannot be changed there to %s; %s", Canonical(have), Canonical(want), cmp.Or(f.Instead, "change it by hand, or give the block another label"))
	case set.OnFrozen == PolicyFail:
		fc.What = "conflict"
	}
	return []FieldChange{fc}
}

// frozenNotes tells in an internal note what the source says now and Intercom cannot be given any more; each new value
// once, also where it is among those that are there and the state does not know.
func frozenNotes(kind *Kind, want *Want, base *Base, there []LivePart, w World, c *Change) []PartChange {
	var out []PartChange
	note := func(key, text string) {
		if slices.ContainsFunc(base.Parts, func(b BasePart) bool { return b.List == frozenList && b.Key == key }) {
			return
		}
		private := true
		fields := Fields{"private": true, "author": Author("actor", ""), "body": text}
		add := PartChange{List: frozenList, Key: key, What: "append", Fields: fields, Hash: Hash(map[string]Value(fields)), SourcePrivate: &private}
		if i := slices.IndexFunc(there, func(l LivePart) bool { return w.SamePart(PartWant{List: frozenList, Key: key, Fields: fields}, l) }); i >= 0 {
			add = PartChange{List: frozenList, Key: key, What: "adopt", ID: there[i].ID, Hash: add.Hash}
		}
		out = append(out, add)
	}
	for _, f := range c.Fields {
		if f.What != "frozen" {
			continue
		}
		value := ""
		switch v := f.After.(type) {
		case string:
			value = ": " + html.EscapeString(v)
		case int64:
			value = fmt.Sprintf(": %d", v)
			if field, ok := kind.Field(f.Field); ok && field.Type == TypeTime {
				value = ": " + time.Unix(v, 0).UTC().Format(time.RFC3339)
			}
		}
		note(f.Field+"/"+Hash(f.After)[:12], "<p>After the move the source changed "+f.Field+value+"</p>")
	}
	for _, p := range c.Parts {
		if p.What != "frozen" {
			continue
		}
		i := slices.IndexFunc(want.Parts, func(w PartWant) bool { return w.List == p.List && w.Key == p.Key })
		body, _ := want.Parts[i].Fields["body"].(string)
		note(p.List+"/"+p.Key+"/"+p.Hash[:12], "<p>After the move the source changed a message. It says now:</p>"+body)
	}
	return out
}

// frozenList is the list of the notes about frozen values.
const frozenList = "frozen"

// mutable is the three-way rule: drift is have against seen, a source change is want against sent.
func mutable(name string, policy Policy, renewed bool, want, have Value, base *Base) (FieldChange, bool) {
	fc := FieldChange{Field: name, Before: have, After: want, Base: base.Sent[name]}
	if Equal(want, have) {
		return fc, false
	}
	sent, had := base.Sent[name]
	changed := !had || renewed || !Same(sent, want)
	seen, saw := base.Seen[name]
	if !saw {
		seen = sent
	}
	drift := had && !renewed && !Same(seen, have)
	switch {
	case !changed && !drift:
		// The service holds our value in a form of its own.
		return fc, false
	case changed && !drift:
		fc.What = "set"
	case policy == PolicyOverwrite:
		fc.What, fc.Reason = "set", "was changed in Intercom; on_drift = \"overwrite\""
	case changed:
		fc.What, fc.Reason = "conflict", "was changed both in the source and in Intercom"
	case policy == PolicyFail:
		fc.What, fc.Reason = "conflict", "was changed in Intercom; on_drift = \"fail\""
	default:
		fc.What, fc.Reason = "keep", "was changed in Intercom"
	}
	return fc, true
}

// unknown are the parts in Intercom that the state does not know. Where they are what the source wants, an apply wrote them
// that the state has no memory of, since an older one was put in its place: they are not written again.
func unknown(base *Base, live *Live) []LivePart {
	return slices.DeleteFunc(slices.Clone(live.Parts), func(l LivePart) bool {
		return slices.ContainsFunc(base.Parts, func(b BasePart) bool { return b.ID == l.ID })
	})
}

// strangers notes parts that somebody else wrote, and ours that are gone.
func strangers(base *Base, live *Live, c *Change) {
	if !live.HasParts {
		if base.Foreign > 0 {
			c.Parts = append(c.Parts, PartChange{What: "keep", Reason: fmt.Sprintf("%d messages in Intercom are not from the source", base.Foreign)})
		}
		return
	}
	ours := make(map[string]bool, len(base.Parts))
	for _, p := range base.Parts {
		ours[p.ID] = true
	}
	for _, p := range c.Parts {
		if p.What == "adopt" {
			ours[p.ID] = true
		}
	}
	foreign, present := 0, 0
	for _, p := range live.Parts {
		if ours[p.ID] {
			present++
		} else {
			foreign++
		}
	}
	if foreign > 0 {
		c.Parts = append(c.Parts, PartChange{What: "keep", Reason: fmt.Sprintf("%d messages in Intercom are not from the source", foreign)})
	}
	if missing := len(ours) - present; missing > 0 && !live.Truncated {
		c.Parts = append(c.Parts, PartChange{What: "keep", Reason: fmt.Sprintf("%d messages that were written are gone from Intercom", missing)})
	}
}

// conclude names the action of a change by what its fields and parts do. A conflict stops the whole record: half a
// record written beside an open question helps nobody.
func conclude(set *Set, c *Change) {
	var writes, appends, adopts, keeps, froze int
	for _, f := range c.Fields {
		switch f.What {
		case "conflict":
			c.Action, c.Reason = Conflict, f.Field+" "+f.Reason
			return
		case "set", "add", "remove":
			writes++
		case "keep":
			keeps++
		case "frozen":
			froze++
		}
	}
	for _, p := range c.Parts {
		switch p.What {
		case "append":
			appends++
		case "adopt":
			adopts++
		case "keep":
			keeps++
		case "frozen":
			froze++
			if set.OnFrozen == PolicyFail {
				c.Action, c.Reason = Conflict, p.List+" "+p.Reason
				return
			}
		}
	}
	switch {
	case writes > 0:
		c.Action, c.Reason = Update, counted(writes, "field")
	case appends > 0:
		c.Action, c.Reason = AppendTo, counted(appends, "part")
	case adopts > 0:
		c.Action, c.Reason = Update, counted(adopts, "part")+" there already that the state does not know"
	case froze > 0:
		c.Action, c.Reason = Frozen, "the source changed what Intercom cannot change any more"
	case keeps > 0:
		c.Action, c.Reason = Keep, keepReason(c)
	default:
		c.Action = NoOp
	}
}

func keepReason(c *Change) string {
	for _, f := range c.Fields {
		if f.What == "keep" {
			return f.Field + " " + f.Reason
		}
	}
	for _, p := range c.Parts {
		if p.What == "keep" {
			return p.Reason
		}
	}
	return ""
}

// restored is the rule for a value that a run changed on its way and was cut off before it could put it back: what the
// run had found counts as have.
func restored(name string, policy Policy, renewed bool, want, have Value, base *Base) (FieldChange, bool) {
	found := base.Seen[name]
	fc, ok := mutable(name, policy, renewed, want, found, base)
	target := found
	if ok && fc.What == "set" {
		target = want
	} else if ok && fc.What == "conflict" {
		return fc, true
	}
	if Equal(target, have) {
		return fc, ok && fc.What != "set"
	}
	return FieldChange{Field: name, What: "set", Before: have, After: target, Base: base.Sent[name], Reason: "a run that was cut off left it so"}, true
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
