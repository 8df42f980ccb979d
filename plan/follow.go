package plan

import (
	"maps"
	"slices"
)

// Follows is the reason of a field change that is deferred.
const Follows = "is written once both are there"

// Defer takes out of a change the references to what its plan makes later, or together with it: later says which those are.
// They become c.Deferred, unless the field needs them at creation.
func Defer(kind *Kind, c *Change, later func(Target) bool) {
	if !c.Action.Writes() && c.Action != Merged {
		return
	}
	follows := func(v Value) bool {
		ref, ok := v.(Ref)
		return ok && len(ref.Targets) == 1 && later(ref.Targets[0])
	}
	cut := map[string]bool{}
	for name, v := range c.Want {
		f, ok := kind.Field(name)
		if ok && !f.AtCreate && f.Mode != CreateOnly && (follows(v) || slices.ContainsFunc(list(v), follows)) {
			cut[name] = true
		}
	}
	if len(cut) == 0 {
		return
	}
	want, fields := maps.Clone(c.Want), make([]FieldChange, 0, len(c.Fields))
	for name := range cut {
		if l, members := want[name].([]Value); members {
			want[name] = slices.DeleteFunc(slices.Clone(l), follows)
		} else {
			delete(want, name)
		}
	}
	for _, f := range c.Fields {
		if !cut[f.Field] || f.What != "add" && f.What != "set" {
			fields = append(fields, f)
			continue
		}
		rest := f
		rest.Reason = Follows
		if f.What == "add" {
			l := list(f.After)
			rest.After = slices.DeleteFunc(slices.Clone(l), func(v Value) bool { return !follows(v) })
			if f.After = slices.DeleteFunc(slices.Clone(l), follows); !isEmptyList(f.After) {
				fields = append(fields, f)
			}
			if isEmptyList(rest.After) {
				continue
			}
		}
		c.Deferred = append(c.Deferred, rest)
	}
	c.Want, c.Fields = want, fields
}

// Following is the change that writes what c has deferred, after all other changes of the plan; ok is false for none.
func (c *Change) Following() (f Change, ok bool) {
	if len(c.Deferred) == 0 {
		return f, false
	}
	f = *c
	f.Fields, f.Parts, f.Deferred = nil, nil, nil
	f.UpdatedAt, f.Replaces, f.MovedFrom, f.Restore = 0, "", "", ""
	if c.Action != Merged {
		f.Action = Update
	}
	if c.Action == Create {
		f.Have = c.Want // of what is there by then
	}
	for _, o := range c.Fields {
		if o.What != "set" && o.What != "add" && o.What != "remove" {
			f.Fields = append(f.Fields, o)
		}
	}
	f.Want = maps.Clone(c.Want)
	for _, o := range c.Deferred {
		if o.What == "add" {
			f.Want[o.Field] = append(slices.Clone(list(f.Want[o.Field])), list(o.After)...)
		} else {
			f.Want[o.Field] = o.After
		}
		f.Fields = append(f.Fields, o)
	}
	return f, true
}
