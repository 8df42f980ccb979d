package engine

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"

	"deskform/hcl"
	"deskform/plan"
	"deskform/state"
)

// A divider shares the parts of records out to the objects of their threads: by what the state has of them, by what nobody
// knows yet whether it was written, and, where the state has nothing, by what stands in Intercom.
type divider struct {
	e   *Engine
	ctx context.Context
	set *hcl.Set
	// live looks into Intercom, nil where nothing is asked.
	live *world
	// continued are the keys of continuations in the state, by the key of the first record.
	continued map[string][]string
	// doubt are parts that the journal may have written, by record; an empty set is a record that may have been made.
	doubt map[string]map[plan.PartName]bool
}

// newDivider is one for a set; live may be nil.
func (e *Engine) newDivider(ctx context.Context, set *hcl.Set, live *world) (*divider, error) {
	d := &divider{e: e, ctx: ctx, set: set, live: live, doubt: map[string]map[plan.PartName]bool{}}
	var err error
	if d.continued, err = e.State.Continued(ctx, set.Name); err != nil {
		return nil, err
	}
	for _, intents := range []iter.Seq2[plan.Intent, error]{e.State.OpenIntents(ctx), e.State.Repeated(ctx)} {
		for in, err := range intents {
			if err != nil {
				return nil, err
			}
			s := in.Step
			if s.Address.Set != set.Name {
				continue
			}
			if d.doubt[s.Address.Key] == nil {
				d.doubt[s.Address.Key] = map[plan.PartName]bool{}
			}
			if s.Part != "" {
				d.doubt[s.Address.Key][plan.PartName{List: s.List, Key: s.Part}] = true
			}
			if s.Continues != "" {
				d.continued[s.Continues] = append(d.continued[s.Continues], s.Address.Key)
			}
		}
	}
	return d, nil
}

// whole reports whether a record has one object and needs no look at any other. held is how many parts the state has of it,
// -1 when it does not have the record.
func (d *divider) whole(want *plan.Want, held int) (bool, error) {
	switch {
	case len(d.continued[want.Key]) > 0:
		return false, nil
	case want.MaxParts == 0:
		return true, nil
	case len(want.Parts)+max(held, 0) > want.MaxParts: // at most so many, if none of those that are held is wanted any more
		return len(want.Parts) == 0, nil
	case held >= 0 || d.live == nil:
		return true, nil
	}
	// The state may be lost, and the source may have less than what was written.
	found, err := d.made(want, 2)
	return len(found) == 0, err
}

// divide makes the records of a thread, the first one's want among them.
func (d *divider) divide(want *plan.Want) ([]*plan.Want, error) {
	segs, err := d.known(want)
	if err != nil {
		return nil, err
	}
	var shares [][]plan.PartWant
	looked := map[int]bool{}
	for {
		shares = plan.Divide(want.Parts, parts(segs), want.MaxParts)
		if want.MaxParts == 0 || d.live == nil {
			break
		}
		more := false
		for n := 1; n <= len(shares)+1; n++ {
			if looked[n] || n <= len(segs) && segs[n-1].certain {
				continue
			}
			looked[n] = true
			there, err := d.standing(want, n)
			if err != nil {
				return nil, err
			}
			if there == nil {
				continue
			}
			for len(segs) < n {
				segs = append(segs, segment{})
			}
			segs[n-1].take(want, *there, d.live)
			more = true
		}
		if !more {
			break
		}
	}
	return d.wants(want, segs, shares), nil
}

// A segment is a record of a thread; certain when the state has it, there when it is or may be in Intercom.
type segment struct {
	plan.Segment
	certain, there bool
}

func parts(segs []segment) []plan.Segment {
	out := make([]plan.Segment, len(segs))
	for i := range segs {
		out[i] = segs[i].Segment
	}
	return out
}

// known are the records of a thread as far as the state and its journal go.
func (d *divider) known(want *plan.Want) ([]segment, error) {
	segs := make([]segment, 1)
	for _, key := range append([]string{want.Key}, d.continued[want.Key]...) {
		n := 1
		if key != want.Key {
			var ok bool
			if _, n, ok = plan.ContinuationOf(key); !ok {
				return nil, fmt.Errorf("%s: the state has a record that continues %s under a key that is no continuation's; restore a backup of the state", plan.Address{Set: d.set.Name, Key: key}, want.Key)
			}
		}
		for len(segs) < n {
			segs = append(segs, segment{})
		}
		s := &segs[n-1]
		if s.Has == nil {
			s.Has = map[plan.PartName]bool{}
		}
		base, err := d.e.State.Base(d.ctx, d.set.Name, key)
		if err != nil {
			return nil, err
		}
		if base != nil {
			s.certain, s.there = true, true
			for _, p := range base.Parts {
				s.Has[plan.PartName{List: p.List, Key: p.Key}] = true
				s.First = cmp.Or(s.First, p.At)
			}
		}
		if doubt, in := d.doubt[key]; in {
			s.there = true
			for p := range doubt {
				s.Has[p] = true
			}
		}
		s.Holds = len(s.Has)
	}
	return segs, nil
}

// made finds what carries the mark of the n-th record of a thread.
func (d *divider) made(want *plan.Want, n int) ([]*plan.Live, error) {
	kind := d.e.kinds[d.set.Kind]
	found, err := d.live.Find(kind.Name, plan.MarkerField, kind.Mark(plan.Address{Set: d.set.Name, Key: plan.ContinuationKey(want.Key, n)}))
	if err != nil {
		return nil, err
	}
	var out []*plan.Live
	for _, l := range found {
		if !l.Gone && plan.Equal(l.Fields["created_at"], want.Fields["created_at"]) {
			out = append(out, l)
		}
	}
	return out, nil
}

// standing is the n-th record of a thread as it stands in Intercom, nil when it does not.
func (d *divider) standing(want *plan.Want, n int) (*plan.Live, error) {
	found, err := d.made(want, n)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return d.live.Whole(d.set.Kind, found[0].ID)
}

// take notes which parts stand in an object.
func (s *segment) take(want *plan.Want, l plan.Live, w *world) {
	s.there, s.Holds = true, max(s.Holds, len(l.Parts))
	if s.Has == nil {
		s.Has = map[plan.PartName]bool{}
	}
	taken := map[string]bool{}
	for _, p := range want.Parts {
		for _, have := range l.Parts {
			if taken[have.ID] || !w.SamePart(p, have) {
				continue
			}
			taken[have.ID] = true
			s.Has[plan.PartName{List: p.List, Key: p.Key}] = true
			if at, ok := p.Fields["created_at"].(int64); ok {
				s.First = cmp.Or(s.First, at)
			}
			break
		}
	}
}

// wants makes of each share a record.
func (d *divider) wants(want *plan.Want, segs []segment, shares [][]plan.PartWant) []*plan.Want {
	var out []*plan.Want
	var at []int
	for i, share := range shares {
		w := want
		switch {
		case i == 0:
			first := *want
			w = &first
		case len(share) == 0 && (i >= len(segs) || !segs[i].there):
			continue
		default:
			w = d.e.Dest.Continue(want, i+1)
		}
		w.Parts = share
		out, at = append(out, w), append(at, i+1)
	}
	for i, w := range out[:len(out)-1] {
		w.Parts = append(w.Parts[:len(w.Parts):len(w.Parts)], d.e.Dest.GoesOn(want, at[i]))
	}
	if n := len(out) - 1; n > 0 {
		out[0].Notes = append(out[0].Notes[:len(out[0].Notes):len(out[0].Notes)], plan.Problem{Field: "parts", Rule: "thread_split",
			Text: fmt.Sprintf("has %d parts and goes on in %d more conversations, the last %s (IC trap 6)", len(want.Parts), n, out[n].Key)})
	}
	return out
}

// A waiting is a heap of continuations by key: those of a record come after its own key, and others may stand in between.
type waiting []*plan.Want

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i].Key < w[j].Key }
func (w waiting) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)        { *w = append(*w, x.(*plan.Want)) }
func (w *waiting) Pop() any {
	old := *w
	x := old[len(old)-1]
	*w = old[:len(old)-1]
	return x
}

// divided yields the wants of a set with their continuations, sorted by key.
func (e *Engine) divided(ctx context.Context, set *hcl.Set, live *world, wants iter.Seq2[*plan.Want, error]) iter.Seq2[*plan.Want, error] {
	if kind := e.kinds[set.Kind]; set.Resource || kind.Part == nil || !kind.Marked {
		return wants
	}
	return func(yield func(*plan.Want, error) bool) {
		d, err := e.newDivider(ctx, set, live)
		if err != nil {
			yield(nil, err)
			return
		}
		keys := &knownKeys{}
		defer keys.stop()
		var later waiting
		for w, err := range wants {
			if err != nil {
				yield(nil, err)
				return
			}
			for len(later) > 0 && later[0].Key < w.Key {
				if !yield(heap.Pop(&later).(*plan.Want), nil) {
					return
				}
			}
			if len(later) > 0 && later[0].Key == w.Key {
				root := heap.Pop(&later).(*plan.Want).Continues
				w.Problems = append(w.Problems, plan.Problem{Field: "key", Rule: "taken", Text: "is what the thread of " + root + " goes on under; write another key"})
				if !yield(w, nil) {
					return
				}
				continue
			}
			held := -1
			if w.MaxParts > 0 {
				held, err = keys.held(ctx, e, set.Name, w.Key)
			}
			var whole bool
			if err == nil {
				whole, err = d.whole(w, held)
			}
			all := []*plan.Want{w}
			if err == nil && !whole {
				all, err = d.divide(w)
			}
			if err != nil {
				yield(nil, fmt.Errorf("share out the thread of %s: %w", plan.Address{Set: set.Name, Key: w.Key}, err))
				return
			}
			for _, more := range all[1:] {
				heap.Push(&later, more)
			}
			if !yield(all[0], nil) {
				return
			}
		}
		for len(later) > 0 {
			if !yield(heap.Pop(&later).(*plan.Want), nil) {
				return
			}
		}
	}
}

// knownKeys walks the keys of a set in the state beside its wants, from the first time that one is asked for.
type knownKeys struct {
	next func() (state.Held, error, bool)
	done func()
	at   state.Held
	more bool
}

// held is how many parts the state has of a record, -1 when it does not have it; keys are asked for in order.
func (k *knownKeys) held(ctx context.Context, e *Engine, set, key string) (int, error) {
	if k.next == nil {
		k.next, k.done = iter.Pull2(e.State.Keys(ctx, set))
		k.more = true
	}
	for k.more && k.at.Key < key {
		var err error
		if k.at, err, k.more = k.next(); err != nil {
			return -1, err
		}
	}
	if k.more && k.at.Key == key {
		return k.at.Parts, nil
	}
	return -1, nil
}

func (k *knownKeys) stop() {
	if k.done != nil {
		k.done()
	}
}

// wanted is the want of a record as the diff sees it, a continuation's among them; nil when there is none.
func (d *divider) wanted(key string) (*plan.Want, error) {
	want, err := d.e.Cache.Want(d.ctx, d.set.Name, key)
	if err != nil {
		return nil, err
	}
	if want == nil {
		root, _, ok := plan.ContinuationOf(key)
		if !ok {
			return nil, nil
		}
		if want, err = d.e.Cache.Want(d.ctx, d.set.Name, root); err != nil || want == nil {
			return nil, err
		}
	}
	if want.MaxParts == 0 && len(d.continued[want.Key]) == 0 {
		if want.Key != key {
			return nil, nil
		}
		return want, nil
	}
	all, err := d.divide(want)
	for _, w := range all {
		if w.Key == key {
			return w, err
		}
	}
	return nil, err
}

// wantAt is the want of an address, as wanted gives it. It asks nobody.
func (e *Engine) wantAt(ctx context.Context, set, key string) (*plan.Want, error) {
	s, ok := e.set(set)
	if !ok {
		return nil, nil
	}
	d, err := e.newDivider(ctx, s, nil)
	if err != nil {
		return nil, err
	}
	return d.wanted(key)
}
