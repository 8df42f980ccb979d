package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"deskform/plan"
)

// carry carries out one change, from what is already done of it to its end, or until it waits for calls that it shares with
// others.
func (r *Runner) carry(ctx context.Context, c plan.Change) (plan.Outcome, error) {
	kind, action := r.kinds[c.Kind], c.Action
	if use := r.refuted(c.Address.Set); use != "" {
		return plan.OutBlocked, &asideError{kind: BlockedBy + use, step: "resolve references", cause: fmt.Errorf("needs %s, which is not in Intercom", use)}
	}
	base, err := r.Journal.Base(ctx, c.Address.Set, c.Address.Key)
	if err != nil {
		return plan.OutUnreached, err
	}
	begun, before := base != nil && base.Origin != "merged", base
	if !begun {
		base = &plan.Base{Address: c.Address, Kind: c.Kind, Origin: "created", PartCount: -1, Sent: plan.Fields{}, Seen: plan.Fields{}, Continues: c.Continues}
		switch c.Action {
		case plan.Adopt:
			base.Origin, base.ID = "adopted", c.ID
		case plan.Merged:
			if base.Origin = "merged"; before != nil {
				base = before
			}
		}
	}
	if missing, err := r.resolve(ctx, &c); err != nil {
		return plan.OutUnreached, err
	} else if missing != nil && missing.Set == c.Address.Set && r.stopped(ctx) {
		return plan.OutUnreached, nil // the run has ended before it came to the other one
	} else if missing != nil {
		cause := plan.Address{Set: missing.Set, Key: missing.Key}.String()
		return plan.OutBlocked, &asideError{kind: BlockedBy + cause, step: "resolve references", cause: fmt.Errorf("refers to %s, which this run could not write", cause)}
	}
	if c.Action == plan.Merged {
		return r.merge(ctx, c, base)
	}
	var gone *plan.Base // what the state has of an object that is made anew
	if begun && c.Action == plan.Create && c.Replaces != "" && base.ID == c.Replaces {
		gone, base, begun = base, r.begun(plan.Step{Address: c.Address, Kind: c.Kind, Continues: c.Continues}), false
		r.setDead(c.Address, true)
	}
	for _, p := range c.Parts {
		if p.What == "adopt" && !slices.ContainsFunc(base.Parts, func(b plan.BasePart) bool { return b.List == p.List && b.Key == p.Key }) {
			base.Parts = append(base.Parts, plan.BasePart{List: p.List, Key: p.Key, ID: p.ID, Hash: p.Hash, At: p.At, As: p.As})
			note := *base
			note.Partial = cmp.Or(base.Partial, c.Address.String()+"#adopt#"+p.List+"/"+p.Key) // the rest is not adopted yet
			r.Journal.Record(plan.Step{Address: c.Address, Kind: c.Kind, List: p.List, Part: p.Key}, plan.Result{ID: c.ID, PartID: p.ID}, &note)
		}
	}
	c.Parts = unwritten(c.Parts, base)
	if err := r.elsewhere(ctx, &c); err != nil {
		return plan.OutUnreached, err
	}
	if begun {
		if c.Action == plan.Create && c.ID == "" && base.ID != "" {
			c = remaining(c, base)
		}
		if c.MovedFrom != "" && base.ID == c.MovedFrom {
			base.ID = c.ID
		}
		c.ID = base.ID
	}
	if kind.WholeSets && r.following {
		defer r.only(c.Kind, c.ID)() // a second row of the object may be at it
	}
	var live *plan.Live
	if c.Action != plan.Create && c.ID != "" && (len(r.Dest.Steps(c)) > 0 || c.MovedFrom != "") {
		got, err := r.Writer.Get(plan.Sending(ctx), c.Kind, c.ID)
		switch {
		case errors.Is(err, plan.ErrUnsent):
			return plan.OutUnreached, nil
		case errors.Is(err, plan.ErrNotFound):
			return plan.OutConflict, &asideError{kind: "conflict", step: "compare", cause: fmt.Errorf("%s %s was deleted in Intercom after the plan was made; plan again", c.Kind, c.ID)}
		case err != nil:
			return r.failed(ctx, c.Address, "compare", err, 1)
		case got.ID != c.ID:
			return plan.OutConflict, &asideError{kind: "conflict", step: "compare", cause: fmt.Errorf("%s %s was merged into %s in Intercom after the plan was made; plan again", c.Kind, c.ID, got.ID)}
		}
		if why := compareAndSet(&c, &got, base); why != "" {
			return plan.OutConflict, &asideError{kind: "conflict", step: "compare", cause: errors.New(why)}
		}
		live = &got
		if begun && base.Partial != "" {
			putBack(&c, kind, base, &got)
		}
	}
	steps, shared := apart(r.Dest.Steps(c))
	p := &progress{base: base, change: &c, kind: kind, live: live, resumed: base.Partial != "" && !r.following}
	if len(c.Deferred) > 0 {
		p.more = c.Address.String() + "#follow#"
	}
	if len(steps)+len(shared) == 0 {
		p.finish()
		r.Journal.Record(plan.Step{Address: c.Address, Kind: c.Kind}, plan.Result{ID: base.ID}, base)
		return plan.OutcomeOf(action), r.clear(ctx, c.Address)
	}
	for i := 0; i < len(steps); i++ {
		s := steps[i]
		if r.stopped(ctx) {
			if p.done == 0 {
				return plan.OutUnreached, nil
			}
			return plan.OutPartial, nil
		}
		s.ID = p.id(s)
		if len(base.Parts) > 0 && s.Part != "" {
			known := make([]plan.Value, len(base.Parts))
			for i, b := range base.Parts {
				known[i] = b.ID
			}
			s.Payload["known_parts"] = known
		}
		if s.Public && s.SourcePrivate != nil && *s.SourcePrivate {
			base.Partial = s.Key
			r.Journal.Record(plan.Step{Address: c.Address, Kind: c.Kind}, plan.Result{}, base)
			return plan.OutSetAside, &asideError{kind: "private", step: s.Key, cause: errors.New("the source says that this comment is private and the mapping would make it visible to the customer; correct the mapping's private argument")}
		}
		res, attempts, err := r.step(ctx, s)
		if errors.Is(err, plan.ErrUnsent) && p.done == 0 {
			return plan.OutUnreached, nil
		}
		if err != nil {
			if base.ID != "" { // there is an object, and this step may or may not have changed it
				base.Partial = s.Key
				r.Journal.Record(plan.Step{Address: c.Address, Kind: c.Kind}, plan.Result{}, base)
			}
			return r.failed(ctx, c.Address, s.Key, err, attempts)
		}
		if gone != nil && res.ID == gone.ID { // it was brought back, and what was written to it is there
			base.Origin, base.Parts = gone.Origin, gone.Parts
			steps = slices.DeleteFunc(steps, func(s plan.Step) bool { return s.Part != "" && partID(gone, s) != "" })
		}
		next := ""
		if i+1 < len(steps) {
			next = steps[i+1].Key
		} else if len(shared) > 0 {
			next = shared[0].Key
		}
		p.after(s, res, next, r.Clock.Now().Unix())
		if gone != nil {
			if res.ID != gone.ID {
				r.Journal.Anew(base)
			}
			r.setDead(c.Address, false)
			gone = nil
		}
		if res.Adopted {
			action = plan.Adopt
		}
		r.Journal.Record(s, res, base)
		if r.Observe != nil {
			r.Observe(Event{Address: c.Address, Step: s.Op})
		}
	}
	if len(shared) > 0 {
		r.wait(ctx, &waiting{p: p, steps: shared, outcome: plan.OutcomeOf(action)})
		return waits, nil
	}
	return plan.OutcomeOf(action), r.clear(ctx, c.Address)
}

// merge notes that a row is a second name of an object, and adds its members and parts to it.
func (r *Runner) merge(ctx context.Context, c plan.Change, base *plan.Base) (plan.Outcome, error) {
	owner, err := plan.ParseAddress(c.MergedInto)
	if err != nil {
		return plan.OutUnreached, err
	}
	id, ok, err := r.lookUp(ctx, owner.Target())
	if err != nil {
		return plan.OutUnreached, err
	}
	if !ok {
		return plan.OutBlocked, &asideError{kind: BlockedBy + c.MergedInto, step: "resolve references", cause: fmt.Errorf("is a second row of %s, which this run could not write", c.MergedInto)}
	}
	if base.MergedInto == c.MergedInto && base.ID == id && !c.Gives() {
		return plan.OutMerged, nil
	}
	planned := c.ID // empty when the object is of this run
	base.MergedInto, base.ID, c.ID = c.MergedInto, id, id
	if c.MovedFrom != "" {
		base.Origin = "merged"
		base.Seen[plan.MergedFrom] = c.MovedFrom
	}
	kind := r.kinds[c.Kind]
	if kind.WholeSets && len(c.Fields) > 0 {
		defer r.only(c.Kind, id)()
		live, err := r.Writer.Get(plan.Sending(ctx), c.Kind, id)
		if errors.Is(err, plan.ErrUnsent) {
			return plan.OutUnreached, nil
		}
		if err != nil {
			return r.failed(ctx, c.Address, "compare", err, 1)
		}
		compareAndSet(&c, &live, base) // it sets nothing, so that nothing is in conflict
	}
	add := c
	add.Action, add.ID = plan.Update, planned
	add.Parts = unwritten(c.Parts, base)
	p := &progress{base: base, change: &c, kind: kind}
	steps, shared := apart(r.Dest.Steps(add))
	for i, s := range steps {
		s.ID = id
		res, attempts, err := r.step(ctx, s)
		if errors.Is(err, plan.ErrUnsent) && i == 0 {
			return plan.OutUnreached, nil
		}
		if err != nil {
			return r.failed(ctx, c.Address, s.Key, err, attempts)
		}
		p.after(s, res, "", r.Clock.Now().Unix())
		r.Journal.Record(s, res, base)
	}
	if len(shared) > 0 {
		r.wait(ctx, &waiting{p: p, steps: shared, outcome: plan.OutMerged})
		return waits, nil
	}
	r.Journal.Record(plan.Step{Address: c.Address, Kind: c.Kind}, plan.Result{ID: id}, base)
	return plan.OutMerged, r.clear(ctx, c.Address)
}

// BlockedBy and an address is the cause of a record that waits for another one.
const BlockedBy = "blocked by "

// failed sorts an error: it sets the record aside, leaves it in doubt, or stops the run.
func (r *Runner) failed(ctx context.Context, a plan.Address, step string, err error, attempts int) (plan.Outcome, error) {
	var se *plan.StepError
	switch {
	case errors.As(err, &se) && se.Verdict == plan.StopRun:
		return plan.OutUnreached, err
	case errors.As(err, &se) && se.Lacks.ID != "":
		kind := "not there"
		lacks, err := r.refute(ctx, se.Lacks)
		if err != nil {
			return plan.OutUnreached, err
		}
		if lacks != "" {
			kind = BlockedBy + lacks
		}
		return plan.OutSetAside, &asideError{kind: kind, step: step, attempts: attempts, cause: se}
	case errors.Is(err, errDoubt):
		return plan.OutInDoubt, &asideError{kind: "in doubt", step: step, attempts: attempts, cause: err}
	case errors.As(err, &se):
		return plan.OutSetAside, &asideError{kind: fmt.Sprintf("%d %s", se.Status, se.Code), step: step, attempts: attempts, cause: err}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return plan.OutPartial, nil
	}
	return plan.OutSetAside, &asideError{kind: "error", step: step, attempts: attempts, cause: err}
}

// unwritten are the parts that no earlier run of the same plan has written.
func unwritten(parts []plan.PartChange, base *plan.Base) []plan.PartChange {
	return slices.DeleteFunc(slices.Clone(parts), func(p plan.PartChange) bool {
		return slices.ContainsFunc(base.Parts, func(b plan.BasePart) bool { return b.List == p.List && b.Key == p.Key })
	})
}

// remaining drops from a create what an earlier run of the same plan has done.
func remaining(c plan.Change, base *plan.Base) plan.Change {
	c.ID = base.ID
	c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(f plan.FieldChange) bool {
		sent, had := base.Sent[f.Field]
		return had && f.What == "set" && plan.Same(sent, f.After)
	})
	c.Action = plan.Update
	return c
}

// putBack adds to a change what a run that was cut off has not put back.
func putBack(c *plan.Change, kind *plan.Kind, base *plan.Base, live *plan.Live) {
	for _, f := range kind.Fields {
		found, had := base.Seen[f.Name]
		planned := slices.ContainsFunc(c.Fields, func(o plan.FieldChange) bool { return o.Field == f.Name })
		if f.Restored && had && !planned && !plan.Same(found, live.Fields[f.Name]) {
			c.Fields = append(c.Fields, plan.FieldChange{Field: f.Name, What: "set", Before: live.Fields[f.Name], After: found})
		}
	}
}

// compareAndSet adapts a change to what the object is now: what is already as wanted is dropped, and anything that is
// neither as planned against nor as wanted is a conflict, whose text is returned.
func compareAndSet(c *plan.Change, live *plan.Live, base *plan.Base) string {
	c.Have = live.Fields
	fields := make([]plan.FieldChange, 0, len(c.Fields))
	for _, f := range c.Fields {
		have := live.Fields[f.Field]
		switch f.What {
		case "set":
			if plan.Equal(have, f.After) {
				continue
			}
			if !plan.Equal(have, f.Before) && c.UpdatedAt != 0 {
				return f.Field + " was changed in Intercom after the plan was made; plan again"
			}
		case "add":
			f.After = minus(f.After, have)
			if len(f.After.([]plan.Value)) == 0 {
				continue
			}
		case "remove":
			f.After = minus(f.After, minus(f.After, have))
			if len(f.After.([]plan.Value)) == 0 {
				continue
			}
		}
		f.Before = have
		fields = append(fields, f)
	}
	c.Fields = fields
	return ""
}

func minus(a, b plan.Value) plan.Value {
	as, _ := a.([]plan.Value)
	bs, _ := b.([]plan.Value)
	out := []plan.Value{}
	for _, x := range as {
		if !slices.ContainsFunc(bs, func(y plan.Value) bool { return plan.Equal(x, y) }) {
			out = append(out, x)
		}
	}
	return out
}

// resolve replaces every reference in the change by the id that the crosswalk has. It returns the target that has none.
func (r *Runner) resolve(ctx context.Context, c *plan.Change) (missing *plan.Target, err error) {
	var walk func(v plan.Value) (plan.Value, error)
	walk = func(v plan.Value) (plan.Value, error) {
		switch v := v.(type) {
		case plan.Ref:
			for _, t := range v.Targets {
				id, ok, err := r.await(ctx, c.Address, t)
				if err != nil {
					return nil, err
				}
				if ok {
					return id, nil
				}
				missing = &t
			}
			return nil, nil
		case []plan.Value:
			out := make([]plan.Value, len(v))
			for i, e := range v {
				got, err := walk(e)
				if err != nil {
					return nil, err
				}
				out[i] = got
			}
			return out, nil
		case map[string]plan.Value:
			out := make(map[string]plan.Value, len(v))
			for k, e := range v {
				got, err := walk(e)
				if err != nil {
					return nil, err
				}
				out[k] = got
			}
			return out, nil
		}
		return v, nil
	}
	want := make(plan.Fields, len(c.Want))
	for k, v := range c.Want {
		if want[k], err = walk(v); err != nil {
			return nil, err
		}
	}
	c.Want = want
	c.Fields = slices.Clone(c.Fields)
	for i, f := range c.Fields {
		if f.What != "set" && f.What != "add" && f.What != "remove" {
			continue
		}
		if c.Fields[i].After, err = walk(f.After); err != nil {
			return nil, err
		}
	}
	c.Parts = slices.Clone(c.Parts)
	for i := range c.Parts {
		fields := make(plan.Fields, len(c.Parts[i].Fields))
		for k, v := range c.Parts[i].Fields {
			if fields[k], err = walk(v); err != nil {
				return nil, err
			}
		}
		c.Parts[i].Fields = fields
	}
	return missing, nil
}
