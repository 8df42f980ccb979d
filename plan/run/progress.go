package run

import (
	"slices"

	"deskform/plan"
)

// A progress keeps the base of one record true while its steps are done.
type progress struct {
	base   *plan.Base
	change *plan.Change
	kind   *plan.Kind
	live   *plan.Live // the last whole sight
	later  []string   // fields written since, which live does not show
	done   int
	more   string // what is left of the record when these steps are done
	// resumed: a run before this one was cut off at the record, or a step of it failed.
	resumed bool
}

// id is the object a step is about.
func (p *progress) id(s plan.Step) string {
	if s.ID != "" {
		return s.ID
	}
	return p.base.ID
}

// begin notes what was there before the first step, as far as it has to be put back.
func (p *progress) begin() {
	for _, f := range p.kind.Fields {
		if v, shown := p.change.Have[f.Name]; f.Restored && shown {
			p.base.Seen[f.Name] = plan.Stored(v)
		}
	}
}

// after takes over what a step gave; next is the key of the step after it, empty at the end.
func (p *progress) after(s plan.Step, res plan.Result, next string, now int64) {
	p.done++
	b := p.base
	if p.done == 1 && b.Partial == "" {
		p.begin()
	}
	b.WrittenAt = now
	if b.ID == "" {
		b.ID = res.ID
	}
	if res.Adopted {
		b.Origin = "adopted"
	}
	for _, f := range s.Fields {
		if s.Member == nil {
			b.Sent[f] = plan.Stored(p.change.Want[f])
			continue
		}
		have, _ := b.Sent[f].([]plan.Value)
		have = slices.DeleteFunc(slices.Clone(have), func(v plan.Value) bool { return plan.Equal(v, s.Member) })
		if !s.Drop {
			have = append(have, s.Member)
		}
		b.Sent[f] = have
	}
	if s.Part != "" {
		b.Parts = append(b.Parts, plan.BasePart{List: s.List, Key: s.Part, ID: res.PartID, Hash: s.Hash, At: s.At, As: s.As})
	}
	if res.Live != nil {
		p.live, p.later = res.Live, nil
		b.UpdatedAt, b.PartCount = res.Live.UpdatedAt, res.Live.PartCount
	} else {
		p.later = append(p.later, s.Fields...)
		b.UpdatedAt, b.PartCount = 0, -1
	}
	b.Partial = next
	if next == "" {
		p.finish()
	}
}

// members are those of a set field that we have put there. A member that is wanted and there, of a record that a run was
// cut off at, is ours: its answer was lost.
func (p *progress) members(name string) []plan.Value {
	sent, _ := p.base.Sent[name].([]plan.Value)
	sent = slices.Clone(sent)
	if sent == nil {
		sent = []plan.Value{}
	}
	want, _ := p.change.Want[name].([]plan.Value)
	have, _ := p.change.Have[name].([]plan.Value)
	for _, m := range want {
		same := func(v plan.Value) bool { return plan.Equal(v, m) }
		if p.resumed && slices.ContainsFunc(have, same) && !slices.ContainsFunc(sent, same) {
			sent = append(sent, m)
		}
	}
	return sent
}

// finish records what holds when every step is done: sent for what needed no call, seen for all.
func (p *progress) finish() {
	b, c := p.base, p.change
	b.Version, b.Partial = p.kind.Version, p.more
	kept := map[string]bool{}
	for _, f := range c.Fields {
		if f.What == "keep" || f.What == "frozen" || f.What == "conflict" {
			kept[f.Field] = true
		}
	}
	for name, want := range c.Want {
		f, ok := p.kind.Field(name)
		if !ok {
			continue
		}
		if f.Mode == plan.Members {
			b.Sent[name] = p.members(name)
			continue
		}
		adopting := c.Action == plan.Adopt || p.resumed && b.Origin == "adopted"
		if kept[name] && !adopting {
			continue
		}
		if _, had := b.Sent[name]; had || f.Mode != plan.Mutable || b.Origin != "adopted" || adopting && plan.Equal(want, c.Have[name]) {
			b.Sent[name] = plan.Stored(want)
		} else if p.live != nil { // it was there when we came, and is not ours
			b.Seen[name] = plan.Stored(p.live.Fields[name])
			continue
		}
		switch {
		case adopting && c.Have != nil && (p.live == nil || kept[name]) && !slices.Contains(p.later, name):
			b.Seen[name] = plan.Stored(c.Have[name])
		case p.live == nil || slices.Contains(p.later, name):
			b.Seen[name] = plan.Stored(want)
		default:
			b.Seen[name] = plan.Stored(p.live.Fields[name])
		}
	}
	if p.live != nil && p.live.HasParts {
		foreign := 0
		for _, part := range p.live.Parts {
			if !slices.ContainsFunc(b.Parts, func(o plan.BasePart) bool { return o.ID == part.ID }) {
				foreign++
			}
		}
		b.Foreign = foreign
	}
}
