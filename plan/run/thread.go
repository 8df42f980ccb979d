package run

import (
	"cmp"
	"context"
	"slices"

	"deskform/plan"
)

// elsewhere takes out of a change what another object of the same thread has by now: the plan may be older than what a later
// one has written.
func (r *Runner) elsewhere(ctx context.Context, c *plan.Change) error {
	if !c.Divided || len(c.Parts) == 0 {
		return nil
	}
	root := cmp.Or(c.Continues, c.Address.Key)
	there := map[plan.PartName]bool{}
	for n, missing := 1, 0; missing < 2; n++ { // one that was set aside may stand between others
		key := plan.ContinuationKey(root, n)
		if key == c.Address.Key {
			continue
		}
		b, err := r.Journal.Base(ctx, c.Address.Set, key)
		if err != nil {
			return err
		}
		if b == nil || n > 1 && b.Continues != root {
			missing++
			continue
		}
		missing = 0
		for _, p := range b.Parts {
			there[plan.PartName{List: p.List, Key: p.Key}] = true
		}
	}
	c.Parts = slices.DeleteFunc(c.Parts, func(p plan.PartChange) bool {
		return p.List != plan.ThreadList && there[plan.PartName{List: p.List, Key: p.Key}]
	})
	return nil
}
