package engine

import (
	"container/heap"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"strings"

	"deskform/plan"
)

// A selection is the part of the records that a plan is limited to, by set and key. Resources are always in it.
type selection map[string]map[string]bool

func (s selection) has(set, key, continues string) bool {
	return s == nil || s[set][key] || continues != "" && s[set][continues]
}

func (s selection) add(set, key string) bool {
	if s[set] == nil {
		s[set] = map[string]bool{}
	}
	if s[set][key] {
		return false
	}
	s[set][key] = true
	return true
}

// sample takes n records of each set that nothing refers to, the same ones for the same seed, and all that those
// refer to.
func (e *Engine) sample(ctx context.Context, n int, seed int64) (selection, error) {
	referred := map[string]bool{}
	for _, set := range e.Config.Sets {
		for _, dep := range set.DependsOn {
			if dep != set.Name {
				referred[dep] = true
			}
		}
	}
	sel := selection{}
	for _, set := range e.Config.Sets {
		if set.Resource || referred[set.Name] {
			continue
		}
		low := &lowest{}
		for w, err := range e.Cache.Wants(ctx, set.Name) {
			if err != nil {
				return nil, err
			}
			h := fnv.New64a()
			fmt.Fprintf(h, "%d/%s/%s", seed, set.Name, w.Key)
			heap.Push(low, ranked{mix(h.Sum64()), w.Key})
			if low.Len() > n {
				heap.Pop(low)
			}
		}
		for _, r := range *low {
			if err := e.take(ctx, sel, set.Name, r.key); err != nil {
				return nil, err
			}
		}
	}
	return sel, nil
}

// mix spreads the bits of a hash whose inputs differ in few characters.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// targets selects the records at these addresses (or whole sets) and all that they refer to.
func (e *Engine) targets(ctx context.Context, names []string) (selection, error) {
	sel := selection{}
	for _, name := range names {
		if !strings.Contains(name, "[") {
			if set, ok := e.set(name); ok {
				for w, err := range e.Cache.Wants(ctx, set.Name) {
					if err != nil {
						return nil, err
					}
					if err := e.take(ctx, sel, set.Name, w.Key); err != nil {
						return nil, err
					}
				}
				continue
			}
		}
		a, err := plan.ParseAddress(name)
		if err != nil {
			return nil, err
		}
		want, err := e.wantAt(ctx, a.Set, a.Key)
		if err != nil {
			return nil, err
		}
		base, err := e.State.Base(ctx, a.Set, a.Key)
		if err != nil {
			return nil, err
		}
		if want == nil && base == nil {
			return nil, fmt.Errorf("--target %s: there is no such record in the configuration's sources or in the state", name)
		}
		if err := e.take(ctx, sel, a.Set, a.Key); err != nil {
			return nil, err
		}
	}
	return sel, nil
}

// take selects one record and, recursively, what it refers to.
func (e *Engine) take(ctx context.Context, sel selection, set, key string) error {
	if !sel.add(set, key) {
		return nil
	}
	want, err := e.Cache.Want(ctx, set, key)
	if err == nil && want == nil {
		want, err = e.wantAt(ctx, set, key)
	}
	if err != nil || want == nil {
		return err
	}
	var refs []plan.Ref
	collect := func(f plan.Fields) {
		for _, v := range f {
			refs = appendRefs(refs, v)
		}
	}
	collect(want.Fields)
	for _, p := range want.Parts {
		collect(p.Fields)
	}
	if s, ok := e.set(set); ok {
		for _, t := range s.StandIn {
			refs = append(refs, plan.Ref{Targets: []plan.Target{t}})
		}
	}
	for _, ref := range refs {
		for _, t := range ref.Targets {
			if k, ok := e.kinds[t.Set]; ok && k.Resource {
				continue
			}
			found, err := e.Cache.Want(ctx, t.Set, t.Key)
			if err != nil {
				return err
			}
			if found == nil {
				continue
			}
			if err := e.take(ctx, sel, t.Set, t.Key); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

func appendRefs(refs []plan.Ref, v plan.Value) []plan.Ref {
	switch v := v.(type) {
	case plan.Ref:
		return append(refs, v)
	case []plan.Value:
		for _, x := range v {
			refs = appendRefs(refs, x)
		}
	}
	return refs
}

// selectedWants and selectedBases leave out what is not in the selection.
func selectedWants(sel selection, set string, resource bool, in iter.Seq2[*plan.Want, error]) iter.Seq2[*plan.Want, error] {
	if sel == nil || resource {
		return in
	}
	return func(yield func(*plan.Want, error) bool) {
		for w, err := range in {
			if err == nil && !sel.has(set, w.Key, w.Continues) {
				continue
			}
			if !yield(w, err) {
				return
			}
		}
	}
}

func selectedBases(sel selection, set string, resource bool, in iter.Seq2[*plan.Base, error]) iter.Seq2[*plan.Base, error] {
	if sel == nil || resource {
		return in
	}
	return func(yield func(*plan.Base, error) bool) {
		for b, err := range in {
			if err == nil && !sel.has(set, b.Address.Key, b.Continues) {
				continue
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

type ranked struct {
	hash uint64
	key  string
}

// lowest is a heap whose root has the highest hash, so that the lowest stay.
type lowest []ranked

func (l lowest) Len() int           { return len(l) }
func (l lowest) Less(i, j int) bool { return l[i].hash > l[j].hash }
func (l lowest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lowest) Push(x any)        { *l = append(*l, x.(ranked)) }
func (l *lowest) Pop() any {
	old := *l
	x := old[len(old)-1]
	*l = old[:len(old)-1]
	return x
}
