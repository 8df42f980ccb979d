package engine

import (
	"deskform/hcl"
	"deskform/plan"
)

// circle is the end of the row of sets from i on whose records refer to each other; i where those of i refer to none that is
// not decided before them.
func circle(sets []*hcl.Set, place map[string]int, i int) int {
	end := i
	for at := i; at == i || at < end; at++ {
		for _, name := range sets[at].Later {
			end = max(end, place[name]+1)
		}
	}
	return end
}

// passes bounds how often sets are compared to decide what becomes of their records. A record whose trouble is passed on
// against the order of keys over more others than that is found out by the apply.
const passes = 16

// decide finds out what becomes of the records of sets that refer to each other: it compares them until what was believed of
// those that come later is what came out.
func (w *world) decide(sets []*hcl.Set) error {
	w.circle = map[string]*hcl.Set{}
	for _, s := range sets {
		if !s.Resource {
			w.circle[s.Name] = s
		}
	}
	for range passes {
		wrong := false
		for _, s := range sets {
			if s.Resource {
				continue
			}
			w.e.Watch.Start("decide "+s.Name, 0)
			wants := selectedWants(w.selected, s.Name, false, w.e.Cache.Wants(w.ctx, s.Name))
			bases := selectedBases(w.selected, s.Name, false, w.e.State.Bases(w.ctx, s.Name))
			for c, err := range plan.Diff(&s.Set, w.e.kinds[s.Kind], wants, bases, w) {
				if err != nil {
					return err
				}
				w.e.Watch.Step(1)
				t := c.Address.Target()
				believed, _, err := w.Target(t)
				if err != nil {
					return err
				}
				if err := w.decided(&c); err != nil {
					return err
				}
				is, _, err := w.Target(t)
				if err != nil {
					return err
				}
				wrong = wrong || believed.ID != is.ID || believed.Usable() != is.Usable() || (believed.Into == nil) != (is.Into == nil) || is.Into != nil && *believed.Into != *is.Into
			}
			w.e.Watch.Done()
		}
		if !wrong {
			return nil
		}
	}
	return nil
}

// toMake reports whether a record that is not decided yet will be made, as far as that shows: it is wanted, and not there.
func (w *world) toMake(set *hcl.Set, t plan.Target, b *plan.Base) (bool, error) {
	want, err := w.e.Cache.Want(w.ctx, t.Set, t.Key)
	if err != nil || want == nil || !w.selected.has(t.Set, t.Key, want.Continues) {
		return false, err
	}
	if b == nil {
		return true, nil
	}
	if b.Origin == "merged" {
		return false, nil
	}
	live, err := w.Live(set.Kind, b.ID)
	return live == nil, err
}
