package engine

import (
	"context"
	"errors"

	"deskform/hcl"
	"deskform/plan"
	"deskform/state/cache"
)

// world answers what the diff looks up, from cache and state.
type world struct {
	ctx context.Context
	e   *Engine
	// seats are declared teammates by the source keys they stand for.
	seats map[string]string
	// ids remembers teammates by e-mail.
	ids map[string]string
	// planned are the sets of this plan: what they did not decide is not there.
	planned map[string]bool
	// types are the ticket types that were looked at, by what stands for them.
	types map[string]*ticketType
	// circle are sets whose records refer to each other: one that is not decided yet is taken for what it looks like.
	circle map[string]*hcl.Set
	// selected limits the plan to some records; nil means all.
	selected selection
}

func (w *world) Live(kind, id string) (*plan.Live, error) {
	live, missing, err := w.e.Cache.Live(w.ctx, kind, id)
	for hop := 0; err == nil && live != nil && live.Gone && live.Into != "" && hop < 3; hop++ {
		live, missing, err = w.e.Cache.Live(w.ctx, kind, live.Into)
	}
	if err != nil || live == nil || missing && w.e.kinds[kind].Resource || live.Gone {
		return nil, err
	}
	return live, nil
}

func (w *world) Find(kind, field string, v plan.Value) ([]*plan.Live, error) {
	return w.e.Cache.FindLive(w.ctx, kind, field, v)
}

func (w *world) Whole(kind, id string) (*plan.Live, error) {
	r, err := w.e.Reader()
	if err != nil {
		return nil, err
	}
	got, err := r.Get(w.ctx, kind, id)
	if errors.Is(err, plan.ErrNotFound) {
		got = plan.Live{Kind: kind, ID: id, Gone: true}
	} else if err != nil {
		return nil, err
	}
	if err := w.e.Cache.SetLive(w.ctx, got, w.e.indexed(w.e.kinds[kind])); err != nil || got.Gone {
		return nil, err
	}
	return &got, nil
}

func (w *world) SamePart(want plan.PartWant, got plan.LivePart) bool {
	return w.e.Dest.SamePart(want, got) == ""
}

func (w *world) SpokenAs(want plan.PartWant, got plan.LivePart) string {
	return w.e.Dest.SpokenAs(want, got)
}

func (w *world) Born(kind string, want plan.Fields) (plan.Fields, error) {
	return w.e.Dest.Born(kind, want, w.Live)
}

// Seconds are the wants of the rows that are second names of an object.
func (w *world) Seconds(kind, id string) ([]*plan.Want, error) {
	all, err := w.e.State.ByID(w.ctx, kind, id)
	if err != nil {
		return nil, err
	}
	var out []*plan.Want
	for _, a := range all {
		b, err := w.e.State.Base(w.ctx, a.Set, a.Key)
		if err != nil {
			return nil, err
		}
		if b == nil || b.Origin != "merged" {
			continue
		}
		want, err := w.e.Cache.Want(w.ctx, a.Set, a.Key)
		if err != nil {
			return nil, err
		}
		if want != nil {
			out = append(out, want)
		}
	}
	return out, nil
}

func (w *world) Owner(kind, id string) (plan.Target, bool, error) {
	owners, err := w.e.State.ByID(w.ctx, kind, id)
	if err != nil {
		return plan.Target{}, false, err
	}
	for _, o := range owners {
		b, err := w.e.State.Base(w.ctx, o.Set, o.Key)
		if err != nil {
			return plan.Target{}, false, err
		}
		if b != nil && b.Origin != "merged" {
			return o.Target(), true, nil
		}
	}
	return plan.Target{}, false, nil
}

func (w *world) Target(t plan.Target) (plan.Resolved, bool, error) {
	resource := false
	if k, ok := w.e.kinds[t.Set]; ok {
		resource = k.Resource
	}
	out, ok, err := w.e.Cache.Outcome(w.ctx, t)
	if err != nil {
		return plan.Resolved{}, false, err
	}
	if ok {
		r := plan.Resolved{Action: out.Action, ID: out.ID, Cause: out.Cause, Resource: resource}
		if out.Into != (plan.Target{}) {
			into := out.Into
			r.Into = &into
		}
		return r, true, nil
	}
	if w.planned[t.Set] && w.selected == nil {
		return plan.Resolved{}, false, nil
	}
	b, err := w.e.State.Base(w.ctx, t.Set, t.Key)
	if err != nil {
		return plan.Resolved{}, false, err
	}
	if set := w.circle[t.Set]; set != nil {
		if made, err := w.toMake(set, t, b); made || err != nil {
			return plan.Resolved{Action: plan.Create}, made, err
		}
	}
	if b == nil {
		return plan.Resolved{}, false, nil
	}
	r := plan.Resolved{Action: plan.NoOp, ID: b.ID, Resource: resource}
	if b.Origin == "merged" {
		into, err := plan.ParseAddress(b.MergedInto)
		if err != nil {
			return plan.Resolved{}, false, err
		}
		target := into.Target()
		r.Action, r.Into = plan.Merged, &target
	}
	return r, true, nil
}

func (w *world) Claim(kind, field string, v plan.Value, by plan.Target) (plan.Target, error) {
	return w.e.Cache.Claim(w.ctx, kind, field, v, by)
}

func (w *world) Claimed(kind, field string, v plan.Value) (plan.Target, bool, error) {
	t, ok := w.e.Cache.Claimed(kind, field, v)
	return t, ok, nil
}

func (w *world) Teammate(p plan.Person) (string, bool, error) {
	if id, ok := w.seats[p.Key]; ok && p.Key != "" {
		return id, true, nil
	}
	if p.Email == "" {
		return "", false, nil
	}
	if id, ok := w.ids[p.Email]; ok {
		return id, id != "", nil
	}
	found, err := w.e.Cache.FindLive(w.ctx, "teammate", "email", p.Email)
	if err != nil {
		return "", false, err
	}
	id := ""
	if len(found) > 0 {
		id = found[0].ID
	}
	w.ids[p.Email] = id
	return id, id != "", nil
}

// decided notes the outcome of a change for the sets after it.
func (w *world) decided(c *plan.Change) error {
	o := cache.Outcome{Action: c.Action, ID: c.ID, Kind: c.Kind, Reason: c.Reason, Cause: c.Cause}
	if c.MergedInto != "" {
		into, err := plan.ParseAddress(c.MergedInto)
		if err != nil {
			return err
		}
		o.Into = into.Target()
	}
	if c.Kind == "teammate" && c.ID != "" {
		w.seat(c)
	}
	return w.e.Cache.PutOutcome(w.ctx, c.Address, o)
}

// seat lets a declared teammate speak for the source keys it names.
func (w *world) seat(c *plan.Change) {
	keys, _ := c.Want["source"].([]plan.Value)
	for _, k := range keys {
		if text, ok := k.(string); ok {
			w.seats[text] = c.ID
		}
	}
}
