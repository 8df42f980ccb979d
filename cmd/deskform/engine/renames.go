package engine

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"deskform/plan"
)

// An orphan is a set that the state has records of and the configuration declares no more.
type orphan struct {
	set, kind string
	resource  bool
	records   int
}

// orphans lists them by name, after the moves.
func (e *Engine) orphans(ctx context.Context) ([]orphan, error) {
	known, err := e.State.Sets(ctx)
	if err != nil {
		return nil, err
	}
	var out []orphan
	for _, k := range known {
		if _, declared := e.set(k.Set); declared {
			continue
		}
		o := orphan{set: k.Set}
		for b, err := range e.State.Bases(ctx, k.Set) {
			if err != nil {
				return nil, err
			}
			o.kind, o.resource = b.Kind, b.Address.Resource
			o.records++
		}
		if o.records > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}

// renamed gives a reason to refuse the plan for each orphan that looks as if it had only got another name: what is under
// the new one would be made a second time. A set that is only switched off has no other name.
func (e *Engine) renamed(ctx context.Context, orphans []orphan) ([]string, error) {
	fresh := map[string][]string{} // by kind, sets that the state knows nothing of
	for _, s := range e.Config.Sets {
		if s.Resource {
			continue
		}
		empty := true
		for _, err := range e.State.Bases(ctx, s.Name) {
			if err != nil {
				return nil, err
			}
			empty = false
			break
		}
		if empty {
			fresh[s.Kind] = append(fresh[s.Kind], s.Name)
		}
	}
	var out []string
	for _, o := range orphans {
		to := fresh[o.kind]
		if o.resource || len(to) == 0 || slices.Contains(e.Config.Off, o.set) || e.removed(plan.Address{Set: o.set}) {
			continue
		}
		out = append(out, fmt.Sprintf("%s is not declared any more and the state has %d records of it; of %s, which is declared, it has none.\n"+
			"  If the set was renamed, write:\n%s\n  If its records shall stay in Intercom and be left, write:\n%s",
			o.set, o.records, strings.Join(to, ", "), movedBlock(o.set, to[0]), removedBlock(o.set)))
	}
	return out, nil
}

// removed says that the configuration means a record, or all of a set, to be left.
func (e *Engine) removed(a plan.Address) bool {
	return slices.ContainsFunc(e.Config.Removed, func(r plan.Address) bool { return r.Set == a.Set && (r.Key == "" || r.Key == a.Key) })
}

// leave yields the records of sets that are declared no more, which stay in Intercom, and refuses what looks like a new
// name. A plan that is limited to some records says nothing about the others.
func (e *Engine) leave(ctx context.Context, sel selection, p *Plan) iter.Seq2[plan.Change, error] {
	return func(yield func(plan.Change, error) bool) {
		orphans, err := e.orphans(ctx)
		var refused []string
		if err == nil {
			refused, err = e.renamed(ctx, orphans)
		}
		if err != nil {
			yield(plan.Change{}, err)
			return
		}
		p.refused = append(p.refused, refused...)
		for _, o := range orphans {
			if sel != nil {
				return
			}
			for b, err := range e.State.Bases(ctx, o.set) {
				if err != nil {
					yield(plan.Change{}, err)
					return
				}
				c := plan.Change{Address: b.Address, Kind: b.Kind, Action: plan.Left, ID: b.ID, MergedInto: b.MergedInto,
					Reason: "its set is no longer declared; it stays in Intercom"}
				if o.resource {
					c.Reason = "its block is gone from the configuration; it stays in Intercom"
				} else {
					p.Books.Add(o.set, plan.OutLeft, 1)
				}
				p.Summary.Add(&c)
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

// rekeyed is the reason to refuse a plan that makes new records of a set while every one that the state knows has lost its
// row; empty when there is none.
func (e *Engine) rekeyed(ctx context.Context, set string, made int) (string, error) {
	if made == 0 || e.removed(plan.Address{Set: set}) {
		return "", nil
	}
	lost := 0
	for b, err := range e.State.Bases(ctx, set) {
		if err != nil {
			return "", err
		}
		if e.removed(b.Address) {
			continue
		}
		want, err := e.wantAt(ctx, set, b.Address.Key)
		if err != nil || want != nil {
			return "", err
		}
		lost++
	}
	if lost == 0 {
		return "", nil
	}
	return fmt.Sprintf("all %d records that the state has of %s have lost their rows, and %d other rows would become new ones.\n"+
		"  If the key was changed, take the old one back, or write for each record:\n%s\n  If the old records shall stay in Intercom and be left, write:\n%s",
		lost, set, made, movedBlock(set+`["OLD"]`, set+`["NEW"]`), removedBlock(set)), nil
}

func movedBlock(from, to string) string {
	return "    moved {\n      from = " + from + "\n      to   = " + to + "\n    }"
}

func removedBlock(from string) string { return "    removed {\n      from = " + from + "\n    }" }

// Doubles: the plan would make twice what only has another name. Its file must not be kept: what an apply holds a file
// against are the limits.
func (p *Plan) Doubles() bool { return len(p.refused) > 0 }
