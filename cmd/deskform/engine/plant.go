package engine

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskform/plan"
	intercomsandbox "deskform/providers/intercom/sandbox"
)

// A sort is a way in which somebody changes a record in Intercom.
type sort struct {
	kind, what string
	// fit reports whether a record can be changed so; make is the change.
	fit  func(*plan.Base, *plan.Want) bool
	make func(*plan.Base, *plan.Want) intercomsandbox.Mutation
}

// A planter carries out mutations, each on a record of its own.
type planter struct {
	e   *Engine
	far *intercomsandbox.Server
	// taken are addresses that a plan lists already; planted what was done to whom; touched who may be listed along.
	taken   map[string]bool
	planted map[string]string
	touched map[string]bool
	states  []plan.Live // of tickets
}

// mutate plants what an agent might do and looks whether the next plan lists exactly that: first what a refresh of what
// changed can see, then what only a full one can, because no sweep of changes shows who is archived (IC trap 3).
func (e *Engine) mutate(ctx context.Context, po PlanOptions, far *intercomsandbox.Server, proof *Plan, r *Rehearsal) error {
	quiet := map[string]bool{} // addresses that were listed before anything was planted
	if err := e.eachListed(proof, func(c plan.Change) { quiet[c.Address.String()] = true }); err != nil {
		return err
	}
	for _, round := range []struct {
		refresh string
		sorts   func(*planter) []sort
	}{{RefreshChanged, (*planter).changes}, {RefreshFull, (*planter).losses}} {
		pl := &planter{e: e, far: far, taken: quiet, planted: map[string]string{}, touched: map[string]bool{}}
		if err := pl.plant(ctx, round.sorts(pl)); err != nil {
			return err
		}
		r.Mutations.Planted += len(pl.planted)
		if len(pl.planted) == 0 {
			continue
		}
		// The index must have caught up before a sweep can show it.
		if err := e.Clock.Sleep(ctx, lagBound); err != nil {
			return err
		}
		p := &Plan{Summary: map[plan.Action]int{}, Evaluated: proof.Evaluated}
		po.Refresh = round.refresh
		po.Out = filepath.Join(e.Work, "mutated.plan")
		if err := e.planAgain(ctx, po, p); err != nil {
			return err
		}
		found := map[string]bool{}
		err := e.eachListed(p, func(c plan.Change) {
			addr := c.Address.String()
			switch {
			case pl.planted[addr] != "":
				found[addr] = true
			case !quiet[addr] && !pl.touched[addr]:
				r.mismatch("the plan after the mutations lists %s (%s: %s), which nobody touched", addr, c.Action, c.Reason)
			}
		})
		if err != nil {
			return err
		}
		r.Mutations.Found += len(found)
		maps.Copy(quiet, pl.touched)
		for addr, what := range pl.planted {
			quiet[addr] = true
			if !found[addr] {
				r.note("not found: %s on %s", what, addr)
			}
		}
	}
	return nil
}

// eachListed yields the changes that a reader of the plan sees.
func (e *Engine) eachListed(p *Plan, f func(plan.Change)) error {
	file, err := e.OpenPlan(p.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	for c, err := range file.Changes() {
		if err != nil {
			return err
		}
		switch c.Action {
		case plan.NoOp, plan.Skip, plan.Left:
			continue
		case plan.Merged:
			if len(c.Fields) == 0 && c.MovedFrom == "" {
				continue
			}
		}
		f(c)
	}
	return nil
}

// plant carries out one mutation of each sort that the workspace has an object for.
func (p *planter) plant(ctx context.Context, sorts []sort) error {
	for _, s := range sorts {
		b, want, err := p.pick(ctx, s)
		if err != nil {
			return err
		}
		if b == nil {
			continue
		}
		m := s.make(b, want)
		p.planted[b.Address.String()] = s.what + " of a " + s.kind
		if slices.Contains([]string{"archive", "merge", "delete"}, m.Op) {
			if err := p.touch(ctx, b.Address.Target()); err != nil {
				return err
			}
		}
		if m.Op == "merge" {
			into, _, err := p.pick(ctx, s)
			if err != nil {
				return err
			}
			if into == nil {
				delete(p.planted, b.Address.String())
				continue
			}
			p.touched[into.Address.String()], m.Value = true, into.ID
		}
		if err := p.far.Mutate(m); err != nil {
			return fmt.Errorf("rehearse: plant a mutation (%s) on %s: %w", s.what, b.Address, err)
		}
	}
	return nil
}

// pick finds a record for a sort that nothing was done to.
func (p *planter) pick(ctx context.Context, s sort) (*plan.Base, *plan.Want, error) {
	if s.kind == "ticket" && p.states == nil {
		reader, err := p.e.Reader()
		if err != nil {
			return nil, nil, err
		}
		for l, err := range reader.Sweep(ctx, "ticket_state", time.Time{}) {
			if err != nil {
				return nil, nil, err
			}
			p.states = append(p.states, l)
		}
	}
	for _, set := range p.e.Config.Sets {
		if set.Kind != s.kind || set.Resource {
			continue
		}
		wants, err := p.e.newDivider(ctx, set, nil)
		if err != nil {
			return nil, nil, err
		}
		for b, err := range p.e.State.Bases(ctx, set.Name) {
			if err != nil {
				return nil, nil, err
			}
			addr := b.Address.String()
			if b.Origin != "created" || p.planted[addr] != "" || p.taken[addr] || p.touched[addr] {
				continue
			}
			want, err := wants.wanted(b.Address.Key)
			if err != nil {
				return nil, nil, err
			}
			if want != nil && s.fit(b, want) {
				return b, want, nil
			}
		}
	}
	return nil, nil, nil
}

// touch notes who refers to a record: what becomes of that may show in them.
func (p *planter) touch(ctx context.Context, t plan.Target) error {
	for _, set := range p.e.Config.Sets {
		if set.Resource {
			continue
		}
		for w, err := range p.e.Cache.Wants(ctx, set.Name) {
			if err != nil {
				return err
			}
			var refs []plan.Ref
			for _, v := range w.Fields {
				refs = appendRefs(refs, v)
			}
			for _, part := range w.Parts {
				for _, v := range part.Fields {
					refs = appendRefs(refs, v)
				}
			}
			if slices.ContainsFunc(refs, func(r plan.Ref) bool { return slices.Contains(r.Targets, t) }) {
				p.touched[plan.Address{Set: set.Name, Key: w.Key}.String()] = true
			}
		}
	}
	return nil
}

// textAttribute is an attribute that holds any text and has one.
func (p *planter) textAttribute(b *plan.Base, want *plan.Want) (string, bool) {
	f, ok := p.e.kinds[b.Kind].Field("attributes")
	if !ok {
		return "", false
	}
	model := f.Attributes
	if ref, ok := want.Fields[f.Of].(plan.Ref); ok && len(ref.Targets) == 1 {
		model += "/" + ref.Targets[0].Key
	}
	for _, field := range slices.Sorted(maps.Keys(b.Sent)) {
		name, ok := strings.CutPrefix(field, "attributes.")
		if text, isText := b.Sent[field].(string); ok && isText && text != "" {
			if def, ok := p.e.attribute(model, name); ok && def.DataType == "string" {
				return name, true
			}
		}
	}
	return "", false
}

func anyRecord(*plan.Base, *plan.Want) bool { return true }

// attribute changes one, deletion takes the whole record away.
func (p *planter) attribute(kind string) sort {
	return sort{kind, "attribute", func(b *plan.Base, w *plan.Want) bool { _, ok := p.textAttribute(b, w); return ok }, func(b *plan.Base, w *plan.Want) intercomsandbox.Mutation {
		name, _ := p.textAttribute(b, w)
		return intercomsandbox.Mutation{Op: "set_attribute", Kind: p.e.Dest.Object(kind), ID: ownID(b), Name: name, Value: "changed by an agent"}
	}}
}

func (p *planter) deletion(kind string) sort {
	return sort{kind, "deletion", anyRecord, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
		return intercomsandbox.Mutation{Op: "delete", Kind: p.e.Dest.Object(kind), ID: ownID(b)}
	}}
}

// ownID is an object's id without its type.
func ownID(b *plan.Base) string { return b.ID[strings.LastIndexByte(b.ID, '/')+1:] }

// changes are what a refresh of what changed sees.
func (p *planter) changes() []sort {
	out := []sort{p.attribute("contact"), p.attribute("company"), p.attribute("object")}
	for _, kind := range []string{"conversation", "ticket"} {
		out = append(out, p.attribute(kind),
			sort{kind, "tag", func(b *plan.Base, _ *plan.Want) bool { return len(list(b.Sent["tags"])) > 0 }, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
				return intercomsandbox.Mutation{Op: "remove_tag", Kind: kind, ID: b.ID, Name: fmt.Sprint(list(b.Sent["tags"])[0])}
			}},
			sort{kind, "state", func(b *plan.Base, _ *plan.Want) bool { return b.Sent["state"] == "closed" }, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
				return intercomsandbox.Mutation{Op: "set_state", Kind: kind, ID: b.ID, Value: "open"}
			}},
			sort{kind, "part", anyRecord, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
				return intercomsandbox.Mutation{Op: "add_part", Kind: kind, ID: b.ID, Value: "An agent wrote this note after the move."}
			}})
	}
	return append(out,
		sort{"ticket", "ticket_state", func(b *plan.Base, _ *plan.Want) bool { return p.otherState(b) != "" }, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
			return intercomsandbox.Mutation{Op: "set_ticket_state", Kind: "ticket", ID: b.ID, Value: p.otherState(b)}
		}},
		p.deletion("conversation"), p.deletion("ticket"), p.deletion("object"))
}

// losses are what only a full refresh sees.
func (p *planter) losses() []sort {
	return []sort{
		{"contact", "archiving", anyRecord, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
			return intercomsandbox.Mutation{Op: "archive", Kind: "contact", ID: b.ID}
		}},
		{"contact", "merge", anyRecord, func(b *plan.Base, _ *plan.Want) intercomsandbox.Mutation {
			return intercomsandbox.Mutation{Op: "merge", Kind: "contact", ID: b.ID}
		}},
	}
}

// otherState is a state that the ticket's type has and the ticket is not in; empty when there is none.
func (p *planter) otherState(b *plan.Base) string {
	for _, l := range p.states {
		if slices.Contains(list(l.Fields["types"]), b.Sent["type"]) && b.Sent["ticket_state"] != nil && l.ID != b.Sent["ticket_state"] {
			return l.ID
		}
	}
	return ""
}
