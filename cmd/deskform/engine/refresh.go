package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"deskform/plan"
)

// Refresh modes.
const (
	RefreshChanged = "changed" // sweep what changed since the last time, where Intercom can say so
	RefreshFull    = "full"
	RefreshNone    = "none" // plan from the mirror in the cache
)

// overlap is how far a changed sweep looks back before its watermark: longer than any index lag seen (IC 1.5).
const overlap = 15 * time.Minute

// Refresh brings the live mirror of every kind in use up to date by sweeps, and by a GET only for what a sweep cannot
// prove: objects it does not show, objects it shows older than our own last write, and the parts of conversations that
// moved since.
func (e *Engine) Refresh(ctx context.Context, r plan.Reader, mode string) error {
	if mode == RefreshNone {
		return nil
	}
	for _, kind := range e.usedKinds() {
		if err := e.refreshKind(ctx, r, kind, mode); err != nil {
			return fmt.Errorf("refresh %s: %w", kind.Name, err)
		}
	}
	return nil
}

// usedKinds are the kinds that the configuration has sets of, those that share names with them, and the teammates, whom
// people are looked up among.
func (e *Engine) usedKinds() []*plan.Kind {
	var out []*plan.Kind
	for _, k := range e.Dest.Kinds() {
		used := k.Name == "teammate"
		for _, s := range e.Config.Sets {
			used = used || s.Kind == k.Name || slices.Contains(e.kinds[s.Kind].NamesWith, k.Name)
		}
		if used {
			out = append(out, e.kinds[k.Name])
		}
	}
	return out
}

// indexed are the fields of a kind that objects are found by.
func (e *Engine) indexed(k *plan.Kind) []string {
	keys := slices.Clone(k.NaturalKeys)
	if k.Marked {
		keys = append(keys, plan.MarkerField)
	}
	for _, m := range k.Matches {
		if !slices.Contains(keys, m) {
			keys = append(keys, m)
		}
	}
	for _, s := range e.Config.Sets {
		for _, m := range s.Match {
			if s.Kind == k.Name && !slices.Contains(keys, m) {
				keys = append(keys, m)
			}
		}
	}
	return keys
}

func (e *Engine) refreshKind(ctx context.Context, r plan.Reader, k *plan.Kind, mode string) error {
	e.Watch.Start("refresh "+k.Name, 0)
	defer e.Watch.Done()
	started := e.now()
	since := time.Time{}
	keys := e.indexed(k)
	index := "index " + k.Name
	old, _, err := e.Cache.Get(ctx, index)
	if err != nil {
		return err
	}
	found := strings.Join(slices.Sorted(slices.Values(keys)), "\n") // other fields to find by: all has to be read again
	if mode == RefreshChanged && k.ChangedSweep && old == found {
		mark, err := e.Cache.Watermark(ctx, k.Name)
		if err != nil {
			return err
		}
		if !mark.IsZero() {
			since = mark.Add(-overlap)
		}
	}
	full := since.IsZero()
	if err := e.Cache.PutLive(ctx, k.Name, full, e.keepParts(ctx, k, r.Sweep(ctx, k.Name, since)), keys); err != nil {
		return err
	}
	if err := e.Cache.Set(ctx, index, found); err != nil {
		return err
	}
	if err := e.lookCloser(ctx, r, k, started, keys); err != nil {
		return err
	}
	return e.Cache.SetWatermark(ctx, k.Name, started)
}

// keepParts gives an item of a sweep the parts that an earlier GET showed, when it has not moved since.
func (e *Engine) keepParts(ctx context.Context, k *plan.Kind, items iter.Seq2[plan.Live, error]) iter.Seq2[plan.Live, error] {
	return func(yield func(plan.Live, error) bool) {
		for item, err := range items {
			e.Watch.Step(1)
			if err == nil && k.PartsOnGet && !item.HasParts && !item.Gone {
				old, _, lerr := e.Cache.Live(ctx, k.Name, item.ID)
				if lerr != nil {
					yield(item, lerr)
					return
				}
				if old != nil && old.HasParts && old.UpdatedAt == item.UpdatedAt && old.PartCount == item.PartCount {
					item.HasParts, item.Parts, item.Truncated = true, old.Parts, old.Truncated
				} else if old != nil && old.UpdatedAt > item.UpdatedAt {
					item = *old // the index is behind what a GET has shown
				}
			}
			if !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// lookCloser asks for single objects that the sweep leaves open.
func (e *Engine) lookCloser(ctx context.Context, r plan.Reader, k *plan.Kind, swept time.Time, keys []string) error {
	for _, set := range e.Config.Sets {
		if set.Kind != k.Name {
			continue
		}
		var ids []string
		for b, err := range e.State.Bases(ctx, set.Name) {
			if err != nil {
				return err
			}
			if b.ID == "" {
				continue
			}
			live, missing, err := e.Cache.Live(ctx, k.Name, b.ID)
			if err != nil {
				return err
			}
			if needsGet(k, b, live, missing, swept) {
				ids = append(ids, b.ID)
			}
		}
		for _, id := range ids {
			live, err := r.Get(ctx, k.Name, id)
			switch {
			case errors.Is(err, plan.ErrNotFound):
				live = plan.Live{Kind: k.Name, ID: id, Gone: true}
			case err != nil:
				return err
			case live.ID != id: // merged into another
				if err := e.Cache.SetLive(ctx, plan.Live{Kind: k.Name, ID: id, Gone: true, Into: live.ID}, keys); err != nil {
					return err
				}
			}
			if err := e.Cache.SetLive(ctx, live, keys); err != nil {
				return err
			}
			e.Watch.Step(1)
		}
	}
	return nil
}

// lagBound is the longest index lag to believe in (IC 1.5, 7 #10), doubled.
const lagBound = 10 * time.Minute

// differs reports that an object shows something else than it did when we last looked.
func differs(b *plan.Base, live *plan.Live) bool {
	for name, seen := range b.Seen {
		if have, shown := live.Fields[name]; shown && !plan.Same(seen, have) {
			return true
		}
	}
	return false
}

// lacks reports that a member that we have put there is not shown.
func lacks(b *plan.Base, live *plan.Live) bool {
	for name, sent := range b.Sent {
		members, ok := sent.([]plan.Value)
		have, shown := live.Fields[name].([]plan.Value)
		if !ok || !shown {
			continue
		}
		for _, m := range members {
			if !slices.ContainsFunc(have, func(v plan.Value) bool { return plan.Equal(v, m) }) {
				return true
			}
		}
	}
	return false
}

// needsGet says whether the mirror leaves something open about an object that the state knows. The sweep was begun at
// swept: one that was made soon after our own write and shows an older object proves nothing about it.
func needsGet(k *plan.Kind, b *plan.Base, live *plan.Live, missing bool, swept time.Time) bool {
	recent := swept.Unix() < b.WrittenAt+int64(lagBound.Seconds())
	switch {
	case b.Origin == "merged": // its owner is looked at for itself
		return recent && live != nil && !live.Gone && lacks(b, live)
	case k.Resource:
		return false // lists of resources are complete and do not lag
	case live == nil:
		return true
	case live.Gone:
		return false // a GET has said so
	case missing:
		return true
	case live.UpdatedAt < b.UpdatedAt:
		return true
	case b.UpdatedAt == 0 && live.UpdatedAt < b.WrittenAt && recent:
		return true
	case recent && (differs(b, live) || lacks(b, live)):
		return true // two writes in one second have one stamp
	case k.PartsOnGet && !live.HasParts:
		return live.UpdatedAt != b.UpdatedAt || live.PartCount != b.PartCount
	}
	return false
}
