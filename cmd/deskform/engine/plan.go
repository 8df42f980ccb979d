package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"deskform/hcl"
	"deskform/plan"
	"deskform/plan/report"
	"deskform/providers/intercom"
	"deskform/providers/transport"
	"deskform/state/planfile"
)

// PlanOptions say what a plan is made of and limited to.
type PlanOptions struct {
	Pull    string
	Refresh string
	Targets []string
	Sample  int
	Seed    int64
	// OnlyFailed limits to what is set aside.
	OnlyFailed bool
	// Out is where the plan file goes; empty for one in the working folder.
	Out string
}

// A Forecast is what an apply will cost, by the steps of its changes.
type Forecast struct {
	Writes int `json:"writes"`
	Reads  int `json:"reads"`
	// People is how many notifications cannot be avoided.
	People int `json:"people"`
	// Customers is how many of them are contacts.
	Customers int `json:"customers,omitempty"`
	// ByOperation counts the writes.
	ByOperation map[string]int `json:"by_operation,omitempty"`
	// Replies fall under the reply throttle.
	Replies int `json:"replies"`
	// Shared is how many of the writes do the same to several records at once, and Sharing how many calls that would be
	// without them.
	Shared  int `json:"shared,omitempty"`
	Sharing int `json:"sharing,omitempty"`

	speaks bool // the actor is looked for already
	types  bool // the ticket types are read already
	// bulks counts the steps of each set that may go together.
	bulks map[string]int
}

// A Plan is a plan that was written to a file, with what a reader wants to know first.
type Plan struct {
	Path      string
	Header    planfile.Header
	Summary   report.Summary
	Forecast  Forecast
	Books     plan.Books
	Pulled    []Pulled
	Evaluated []Evaluated
	// Touched counts the changes that write, by set.
	Touched map[string]int
	// Pending: there is something to do.
	Pending int
	// retry: what is set aside is tried again, with what it needs.
	retry bool
	// Stale says of a proof plan which rows are too old for it to rely on.
	Stale []string
	// refused are reasons that were found while comparing.
	refused []string
}

// A RefusedError says that a plan does more than the configuration's limits allow, or would make twice what only has
// another name; exit code 4.
type RefusedError struct{ Reasons []string }

func (e *RefusedError) Error() string {
	s := "the plan is refused:"
	for _, r := range e.Reasons {
		s += "\n  " + r
	}
	return s
}

// A StaleError says that a plan file does not fit any more; exit code 5.
type StaleError struct{ Reason string }

func (e *StaleError) Error() string { return "the plan is stale: " + e.Reason + "; make a new one" }

// Plan pulls, evaluates, refreshes and compares, and writes the plan file. It sends no request but reads: its client
// has no way to write.
func (e *Engine) Plan(ctx context.Context, o PlanOptions) (*Plan, error) {
	p := &Plan{Summary: report.Summary{}}
	var err error
	if p.Pulled, err = e.PullAlone(ctx, o.Pull); err != nil {
		return nil, err
	}
	if err := e.relied(ctx, p.Pulled, o.Pull); err != nil {
		return nil, err
	}
	if p.Evaluated, err = e.Evaluate(ctx); err != nil {
		return nil, err
	}
	return p, e.planAgain(ctx, o, p)
}

// planAgain is a plan from rows that are already evaluated.
func (e *Engine) planAgain(ctx context.Context, o PlanOptions, p *Plan) error {
	if err := e.rename(ctx); err != nil {
		return err
	}
	reader, err := e.Reader()
	if err != nil {
		return err
	}
	ws, err := reader.Workspace(ctx)
	if err != nil {
		return err
	}
	if bound := e.State.Workspace(); bound != "" && bound != ws.ID {
		return fmt.Errorf("plan: the state belongs to workspace %s and the token to %s; use the right token, or another state file", bound, ws.ID)
	}
	if err := e.Refresh(ctx, reader, o.Refresh); err != nil {
		return err
	}
	p.retry = o.OnlyFailed
	if o.OnlyFailed {
		if o.Targets, err = e.failed(ctx); err != nil {
			return err
		}
	}
	var sel selection
	switch {
	case o.OnlyFailed && len(o.Targets) == 0:
		sel = selection{}
	case len(o.Targets) > 0:
		sel, err = e.targets(ctx, o.Targets)
	case o.Sample > 0:
		sel, err = e.sample(ctx, o.Sample, o.Seed)
	}
	if err != nil {
		return err
	}
	p.Path = o.Out
	if p.Path == "" {
		p.Path = filepath.Join(e.Work, "last.plan")
	}
	p.Header = planfile.Header{Lineage: e.State.Lineage(), Serial: e.State.Serial(), Workspace: ws.ID, Meaning: e.Config.Meaning, Created: e.now(), Version: Version, Open: openAttributes(e.Config), Targets: o.Targets, Sample: o.Sample, Seed: o.Seed}
	if p.Header.Checklist, err = e.open(ctx, ws.ID); err != nil {
		return err
	}
	if p.Header.Read, err = e.ages(ctx); err != nil {
		return err
	}
	p.Books.Rows = map[string]int{}
	for _, ev := range p.Evaluated {
		if set, ok := e.set(ev.Set); ok && !set.Resource {
			p.Books.Rows[ev.Set] = ev.Rows
			p.Books.Add(ev.Set, plan.OutBroken, ev.Broken)
			p.Books.Add(ev.Set, plan.OutDuplicate, ev.Duplicate)
			for _, n := range ev.Skipped {
				p.Books.Add(ev.Set, plan.OutSkipped, n)
			}
		}
	}
	if sel != nil {
		for _, ev := range p.Evaluated {
			if set, ok := e.set(ev.Set); ok && !set.Resource {
				chosen := 0
				for key := range sel[ev.Set] {
					if w, err := e.Cache.Want(ctx, ev.Set, key); err != nil {
						return err
					} else if w != nil {
						chosen++
					}
				}
				p.Books.Add(ev.Set, plan.OutExcluded, ev.Wants-chosen)
			}
		}
	}
	p.Header.Books = plan.Books{Rows: p.Books.Rows, Sets: map[string]map[plan.Outcome]int{}}
	for set, outs := range p.Books.Sets {
		p.Header.Books.Sets[set] = maps.Clone(outs)
	}
	if err := e.Cache.ResetOutcomes(ctx); err != nil {
		return err
	}
	p.Forecast.ByOperation = map[string]int{}
	if err := planfile.WriteFile(p.Path, p.Header, e.changes(ctx, sel, p)); err != nil {
		return err
	}
	return e.limits(ctx, p)
}

// changes compares set after set.
func (e *Engine) changes(ctx context.Context, sel selection, p *Plan) iter.Seq2[plan.Change, error] {
	return func(yield func(plan.Change, error) bool) {
		w := &world{ctx: ctx, e: e, seats: map[string]string{}, ids: map[string]string{}, planned: map[string]bool{}, selected: sel}
		names := &naming{w: w, resources: map[string]string{}, known: map[string]string{}}
		made := map[string]int{}
		place := map[string]int{}
		for i, set := range e.Config.Sets {
			place[set.Name] = i
		}
		decided := 0
		for i, set := range e.Config.Sets {
			if end := circle(e.Config.Sets, place, i); end > decided {
				if err := w.decide(e.Config.Sets[i:end]); err != nil {
					yield(plan.Change{}, err)
					return
				}
				decided = end
			}
			kind := e.kinds[set.Kind]
			e.Watch.Start("compare "+set.Name, 0)
			wants := selectedWants(sel, set.Name, set.Resource, e.divided(ctx, set, w, e.Cache.Wants(ctx, set.Name)))
			wants, err := e.schema(ctx, set, made, wants)
			if err != nil {
				yield(plan.Change{}, err)
				return
			}
			bases := selectedBases(sel, set.Name, set.Resource, e.State.Bases(ctx, set.Name))
			made := 0
			compared := set.Set
			compared.Retry = p.retry
			for c, err := range plan.Diff(&compared, kind, wants, bases, w) {
				if err == nil {
					plan.Defer(kind, &c, func(t plan.Target) bool {
						at, known := place[t.Set]
						return known && (at > i || at == i && t.Key >= c.Address.Key)
					})
					err = w.decided(&c)
				}
				if err == nil {
					names.note(&c)
					err = names.name(kind, &c)
				}
				if err != nil {
					yield(c, err)
					return
				}
				p.Summary.Add(&c)
				p.touch(&c)
				p.Books.Split(&c)
				if c.Action == plan.Create || c.Action == plan.Adopt || c.Action == plan.Merged {
					made++
				}
				if c.Pending() {
					p.Pending++
				}
				if !set.Resource && !c.Action.Writes() && c.Action != plan.Merged {
					p.Books.Add(set.Name, plan.OutcomeOf(c.Action), 1)
				}
				p.Forecast.add(e.Dest, c)
				if f, ok := c.Following(); ok {
					p.Forecast.add(e.Dest, f)
				}
				e.Watch.Step(1)
				if !yield(c, nil) {
					return
				}
			}
			w.planned[set.Name] = true
			e.Watch.Done()
			if !set.Resource {
				why, err := e.rekeyed(ctx, set.Name, made)
				if err != nil {
					yield(plan.Change{}, err)
					return
				}
				if why != "" {
					p.refused = append(p.refused, why)
				}
			}
		}
		e.leave(ctx, sel, p)(yield)
	}
}

// forecastable is a change as Steps takes it: a merged row that gives members or notes is an update of their owner.
func forecastable(c plan.Change) plan.Change {
	if c.Gives() {
		c.Action = plan.Update
	}
	if !c.Action.Writes() {
		c.Fields, c.Parts = nil, nil
	}
	return c
}

func (f *Forecast) add(dest *intercom.Destination, c plan.Change) {
	steps := dest.Steps(forecastable(c))
	if dest.Speaks(c.Kind) && c.Pending() && c.Action != plan.Blocked && !f.speaks {
		f.speaks = true
		f.Reads++ // the actor is looked for, once
	}
	if !c.Action.Writes() && c.Action != plan.Merged || len(steps) == 0 {
		if c.MovedFrom != "" && c.Action != plan.Merged {
			f.Reads++ // the object that is left is read once
		}
		return
	}
	if dest.Types(c.Kind) && !f.types {
		f.types = true
		f.Reads++ // the ticket types, once
	}
	f.Reads += dest.Reads(c, steps)
	for _, s := range steps {
		if s.Bulk != nil {
			f.share(s)
			continue
		}
		f.write(s.Op, 1)
		f.People += s.Notifies
		f.Customers += s.Customers
		if s.Looks {
			f.Reads++
		}
		if s.Op == "add_note" && s.Payload["author"] == nil && !f.speaks {
			f.speaks = true
			f.Reads++ // likewise
		}
		if s.Limit == "reply" {
			f.Replies++
		}
	}
}

// write counts n more writes of an operation.
func (f *Forecast) write(op string, n int) {
	f.Writes += n
	if f.ByOperation[op] += n; f.ByOperation[op] == 0 {
		delete(f.ByOperation, op)
	}
}

// share counts one more step of those that may go together: what they all cost now, less what they cost without it.
func (f *Forecast) share(s plan.Step) {
	if f.bulks == nil {
		f.bulks = map[string]int{}
	}
	b, key := s.Bulk, s.Address.Set+" "+s.Bulk.Key
	n := f.bulks[key]
	f.bulks[key] = n + 1
	count := func(n, sign int) {
		together, alone := b.Calls(n)
		f.write(b.Op, sign*together)
		f.write(s.Op, sign*alone)
		f.Reads += sign * (together*b.Reads + alone*b.Single)
		f.Shared += sign * together
		f.Sharing += sign * (n - alone)
	}
	count(n+1, 1)
	count(n, -1)
}

// Duration is how long the calls take at least, at a rate in calls a second and with the reply throttle.
func (f Forecast) Duration(rate float64) time.Duration {
	seconds := float64(f.Replies) / transport.RepliesPerSecond
	if rate > 0 {
		seconds = max(seconds, float64(f.Writes+f.Reads)/rate)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}

func (e *Engine) set(name string) (*hcl.Set, bool) {
	for _, s := range e.Config.Sets {
		if s.Name == name {
			return s, true
		}
	}
	return nil, false
}

// Proposed are the sets whose mapping nobody has confirmed; they are planned, and apply refuses them.
func (e *Engine) Proposed() []string {
	var out []string
	for _, s := range e.Config.Sets {
		if s.Proposed {
			out = append(out, s.Name)
		}
	}
	return out
}

// limits holds the plan against the configuration's limits.
func (e *Engine) limits(ctx context.Context, p *Plan) error {
	known := 0
	for _, s := range e.Config.Sets {
		if s.Resource {
			continue
		}
		for _, err := range e.State.Bases(ctx, s.Name) {
			if err != nil {
				return err
			}
			known++
		}
	}
	refused := p.refused
	for _, l := range e.Config.Limits {
		n := p.Summary[plan.Action(l.Action)]
		if l.Max != nil && n > *l.Max {
			refused = append(refused, fmt.Sprintf("%d to %s, limits allow %d; raise limits { %s = { max = … } } if that is meant", n, l.Action, *l.Max, l.Action))
		}
		if l.Share != nil && known > 0 && float64(n) > *l.Share*float64(known) {
			refused = append(refused, fmt.Sprintf("%d to %s, that is more than the share %g of %d records; raise limits { %s = { share = … } } if that is meant", n, l.Action, *l.Share, known, l.Action))
		}
	}
	if len(refused) > 0 {
		return &RefusedError{refused}
	}
	return nil
}

// OpenPlan opens a plan file and says whether it still fits the state, the workspace and the configuration.
func (e *Engine) OpenPlan(path string) (*planfile.File, error) {
	f, err := planfile.OpenFile(path)
	if err != nil {
		return nil, err
	}
	h := f.Header
	switch {
	case h.Lineage != e.State.Lineage():
		err = &StaleError{"it was made with another state (lineage " + h.Lineage + ", this one is " + e.State.Lineage() + ")"}
	case h.Meaning != e.Config.Meaning:
		err = &StaleError{"the configuration means something else than when it was made"}
	case e.State.Workspace() != "" && h.Workspace != e.State.Workspace():
		err = &StaleError{"it was made for workspace " + h.Workspace + ", the state belongs to " + e.State.Workspace()}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Discard removes the plan file of the working folder.
func (e *Engine) Discard(p *Plan) error {
	if p == nil || filepath.Dir(p.Path) != e.Work {
		return nil
	}
	if err := os.Remove(p.Path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// SetNames are the record sets in order.
func (e *Engine) SetNames() []string {
	var out []string
	for _, s := range e.Config.Sets {
		out = append(out, s.Name)
	}
	return out
}

// NotesOf collects what the mapping noticed, by set, sorted.
func NotesOf(evs []Evaluated) []string {
	var out []string
	for _, ev := range evs {
		for _, text := range slices.Sorted(maps.Keys(ev.Notes)) {
			out = append(out, fmt.Sprintf("%s: %s (%d rows)", ev.Set, text, ev.Notes[text]))
		}
	}
	return out
}
