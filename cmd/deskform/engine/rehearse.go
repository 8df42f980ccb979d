package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"deskform/hcl"
	"deskform/plan"
	"deskform/plan/run"
	intercomsandbox "deskform/providers/intercom/sandbox"
	itsmsandbox "deskform/providers/itsm365/sandbox"
	"deskform/providers/transport"
)

// RehearseOptions say what is rehearsed.
type RehearseOptions struct {
	Sample int
	Seed   int64
	// Source is a folder of JSON Lines that the ITSM 365 sandbox serves; DIR/itsm365 when empty and there.
	Source string
	// Workspace is the data file of the Intercom sandbox; DIR/workspace.json when empty and there.
	Workspace string
	// Factor is how much faster than the real one the clock runs.
	Factor float64
	// Observe is told of every step.
	Observe func(run.Event)
	// Around sees every exchange with the Intercom sandbox; nil for nobody.
	Around func(http.RoundTripper) http.RoundTripper
	// Dump is given the sandbox's objects after the apply, before anything is mutated; nil for nobody.
	Dump io.Writer
}

// Rehearsal is what a rehearsal found; its JSON is an interface.
type Rehearsal struct {
	Sets map[string]map[plan.Outcome]int `json:"sets"`
	// Splits is how many records more than rows there are, by set: see plan.Books.
	Splits        map[string]int    `json:"splits,omitempty"`
	Calls         CallCount         `json:"calls"`
	Notifications NotificationCount `json:"notifications"`
	ProofChanges  int               `json:"proof_plan_changes"`
	Mismatches    int               `json:"mismatches"`
	Mutations     MutationCount     `json:"mutations"`
	Seconds       float64           `json:"seconds"`
	// Virtual is how long the apply would have taken by the sandbox's clock.
	Virtual float64 `json:"virtual_seconds"`
	// Objects counts what the sandbox holds after the apply, by kind.
	Objects map[string]int `json:"objects"`
	// Details names the first mismatches and missed mutations, without personal data.
	Details []string `json:"details,omitempty"`
}

// CallCount is what the sandbox counted during the apply, against the forecast.
type CallCount struct {
	Reads    int `json:"reads"`
	Writes   int `json:"writes"`
	Forecast int `json:"forecast"`
	// ForecastReads are the reads of the forecast.
	ForecastReads int `json:"forecast_reads"`
}

// NotificationCount is what the sandbox's ledger says, against the plan's forecast.
type NotificationCount struct {
	Avoidable   int `json:"avoidable"`
	Unavoidable int `json:"unavoidable"`
	Forecast    int `json:"forecast"`
}

// MutationCount is how many of the planted mutations the next plan listed.
type MutationCount struct {
	Planted int `json:"planted"`
	Found   int `json:"found"`
}

// Passed: nothing is left, nothing differs, nobody was disturbed without need, every mutation was found.
func (r *Rehearsal) Passed() bool {
	return r.ProofChanges == 0 && r.Mismatches == 0 && r.Notifications.Avoidable == 0 &&
		r.Notifications.Unavoidable == r.Notifications.Forecast && r.Mutations.Found == r.Mutations.Planted
}

// memoryLimit is a soft bound on the Go heap of a rehearsal.
const memoryLimit = 160 << 20

// sandboxToken is made up; it opens nothing but the sandbox in this process.
const sandboxToken = "rehearsal-token"

// Rehearse runs the whole job against sandboxes in this process: plan, apply, proof plan, comparison of every record,
// planted mutations. Nothing real is touched; the project's own state and cache stay as they are.
func Rehearse(ctx context.Context, s Setup, o RehearseOptions) (*Rehearsal, *Engine, hcl.Diagnostics, error) {
	began := time.Now()
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		// The sandbox's objects live long and the calls' garbage does not: collect sooner rather than grow.
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	}
	if o.Factor == 0 {
		o.Factor = 1000
	}
	clock := transport.Scaled(s.Clock.Now(), o.Factor)
	s.Clock = clock
	far, err := intercomEnd(s, o, clock)
	if err != nil {
		return nil, nil, nil, err
	}
	toIntercom := far.RoundTripper()
	if o.Around != nil {
		toIntercom = o.Around(toIntercom)
	}
	s.Intercom = &Override{Endpoint: "http://intercom.sandbox", Token: sandboxToken, HTTP: toIntercom, Args: map[string]plan.Value{
		"endpoint": "http://intercom.sandbox", "token": sandboxToken, "region": nil, "workspace": nil, "rate_share": 1.0,
	}}
	src, err := itsmEnd(s, o, clock)
	if err != nil {
		return nil, nil, nil, err
	}
	s.ITSM365 = &Override{Args: map[string]plan.Value{"url": "http://itsm365.sandbox/sd/services/rest", "access_key": sandboxToken, "access_key_file": nil, "access_key_prompt": nil, "window": nil, "params": nil, "headers": nil, "proxy": nil, "ca_file": nil}}
	if src != nil {
		s.ITSM365.HTTP = src.RoundTripper()
		s.ITSM365.Args["rate"] = 1000.0
	}
	work := filepath.Join(s.Dir, ".deskform", "rehearsal")
	if err := os.RemoveAll(work); err != nil {
		return nil, nil, nil, fmt.Errorf("rehearse: clear %s: %w", work, err)
	}
	s.Work, s.State = work, filepath.Join(work, "state.db")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return nil, nil, nil, fmt.Errorf("rehearse: %w", err)
	}
	e, diags, err := Open(ctx, s)
	if err != nil || diags.HasErrors() {
		return nil, nil, diags, err
	}
	if src == nil {
		for _, d := range e.Config.Data {
			if d.Type == "itsm365" {
				return nil, e, diags, fmt.Errorf("rehearse: the configuration reads ITSM 365 and there is no folder of its data to serve; put JSON Lines in %s or name a folder with --source", filepath.Join(rel(s.Dir), "itsm365"))
			}
		}
	}
	r := &Rehearsal{}
	err = e.rehearse(ctx, o, far, r)
	r.Seconds = time.Since(began).Seconds()
	return r, e, diags, err
}

func rel(dir string) string {
	if dir == "." {
		return ""
	}
	return dir
}

func intercomEnd(s Setup, o RehearseOptions, clock transport.Clock) (*intercomsandbox.Server, error) {
	so := intercomsandbox.Options{Token: sandboxToken, Clock: clock, IndexLag: time.Minute, LagJitter: 4 * time.Minute, Limit: 1667, ReplyLimit: 100}
	path := o.Workspace
	if path == "" {
		path = filepath.Join(s.Dir, "workspace.json")
	}
	f, err := os.Open(path)
	switch {
	case err == nil:
		defer f.Close()
		so.Seed = f
	case o.Workspace != "" || !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("rehearse: %w", err)
	}
	far, err := intercomsandbox.New(so)
	if err != nil {
		return nil, fmt.Errorf("rehearse: start the Intercom sandbox: %w", err)
	}
	return far, nil
}

func itsmEnd(s Setup, o RehearseOptions, clock transport.Clock) (*itsmsandbox.Server, error) {
	dir := o.Source
	if dir == "" {
		dir = filepath.Join(s.Dir, "itsm365")
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	src, err := itsmsandbox.New(itsmsandbox.Options{Dir: dir, Keys: map[string]itsmsandbox.Profile{sandboxToken: {}}, Clock: clock})
	if err != nil {
		return nil, fmt.Errorf("rehearse: start the ITSM 365 sandbox from %s: %w", dir, err)
	}
	return src, nil
}

// rehearse is the job itself.
func (e *Engine) rehearse(ctx context.Context, o RehearseOptions, far *intercomsandbox.Server, r *Rehearsal) error {
	before := far.Stats()
	po := PlanOptions{Pull: PullAuto, Refresh: RefreshChanged, Sample: o.Sample, Seed: o.Seed}
	p, err := e.Plan(ctx, po)
	if err != nil {
		return err
	}
	if n := far.Stats().Writes; n != 0 {
		return fmt.Errorf("rehearse: the plan sent %d writes; this is a defect of deskform, please report it", n)
	}
	if err := e.exposed(p, r); err != nil {
		return err
	}
	planned := far.Stats()
	e.Watch.Start("apply", p.Forecast.Writes)
	done, err := e.Apply(ctx, p, nil, ApplyOptions{Observe: o.Observe, NoBackup: true, Confirmed: true})
	e.Watch.Done()
	if err != nil {
		return err
	}
	after := far.Stats()
	r.Sets, r.Splits = done.Books.Sets, done.Books.Splits
	r.Virtual = done.Seconds
	r.Calls = CallCount{Reads: after.Reads - planned.Reads, Writes: after.Writes, Forecast: p.Forecast.Writes, ForecastReads: p.Forecast.Reads}
	r.Notifications = NotificationCount{after.Notifications.Avoidable, after.Notifications.Unavoidable, p.Forecast.People}
	r.Objects = after.Objects
	for _, set := range done.Books.Unbalanced() {
		r.mismatch("the books of %s do not add up to its rows", set)
	}
	if o.Dump != nil {
		if err := far.Dump(o.Dump); err != nil {
			return err
		}
	}
	proof, err := e.Proof(ctx, po, p.Evaluated)
	if err != nil {
		return err
	}
	r.ProofChanges = proof.Pending
	if proof.Pending > 0 {
		if err := e.nameChanges(proof, r); err != nil {
			return err
		}
	}
	e.Watch.Start("compare with the sandbox", 0)
	if err := e.compareAll(ctx, before.Objects, after.Objects, done.Books, r); err != nil {
		return err
	}
	e.Watch.Done()
	return e.mutate(ctx, po, far, proof, r)
}

func (r *Rehearsal) mismatch(format string, args ...any) {
	r.Mismatches++
	r.note(format, args...)
}

// note keeps the first few details.
func (r *Rehearsal) note(format string, args ...any) {
	if len(r.Details) < 40 {
		r.Details = append(r.Details, fmt.Sprintf(format, args...))
	}
}

// exposed counts records whose mapping would show the customer what the source says is private. Such a record is invalid
// and nothing of it moves; a mapping that means it so is wrong, and does not pass.
func (e *Engine) exposed(p *Plan, r *Rehearsal) error {
	f, err := e.OpenPlan(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	for c, err := range f.Changes() {
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(c.Problems, func(q plan.Problem) bool { return q.Rule == plan.RuleExposed }); i >= 0 {
			r.mismatch("%s: %s", c.Address, c.Problems[i].Text)
		}
	}
	return nil
}

func (e *Engine) nameChanges(p *Plan, r *Rehearsal) error {
	f, err := e.OpenPlan(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	for c, err := range f.Changes() {
		if err != nil {
			return err
		}
		if c.Pending() {
			var fields []string
			for _, fc := range c.Fields {
				fields = append(fields, fc.What+" "+fc.Field)
			}
			r.note("proof plan: %s %s: %s %v", c.Action, c.Address, c.Reason, fields)
		}
	}
	return nil
}

// compareAll reads every record that a plan holds to be in the workspace, by id, and compares it with the want: all
// fields and all parts. The number of new objects must be what was created.
func (e *Engine) compareAll(ctx context.Context, before, after map[string]int, books plan.Books, r *Rehearsal) error {
	reader, err := e.Reader()
	if err != nil {
		return err
	}
	created := map[string]int{}
	for _, set := range e.Config.Sets {
		object := e.Dest.Object(set.Kind)
		created[object] += books.Sets[set.Name][plan.OutCreated]
		wants, err := e.newDivider(ctx, set, nil)
		if err != nil {
			return err
		}
		for b, err := range e.State.Bases(ctx, set.Name) {
			if err != nil {
				return err
			}
			if set.Resource || b.Origin == "merged" {
				continue
			}
			want, err := wants.wanted(b.Address.Key)
			if err != nil {
				return err
			}
			if want == nil {
				continue
			}
			live, err := reader.Get(ctx, set.Kind, b.ID)
			if err != nil {
				r.mismatch("%s: %v", b.Address, err)
				continue
			}
			e.Watch.Step(1)
			if len(want.Parts) > 0 && !live.HasParts {
				if live.Parts, err = reader.NoteParts(ctx, set.Kind, b.ID); err != nil {
					return err
				}
			}
			if err := e.compareOne(ctx, set, want, b, &live, r); err != nil {
				return err
			}
		}
	}
	for _, object := range slices.Sorted(maps.Keys(created)) {
		if got := after[object] - before[object]; got != created[object] {
			r.mismatch("%d %s objects are new in the sandbox, the books say %d", got, object, created[object])
		}
	}
	return nil
}

// compareOne holds a live object against its want, independent of what the diff made of it: references are looked up in
// the crosswalk, texts compared by the provider's rendering.
func (e *Engine) compareOne(ctx context.Context, set *hcl.Set, want *plan.Want, b *plan.Base, live *plan.Live, r *Rehearsal) error {
	kind := e.kinds[set.Kind]
	for name, v := range want.Fields {
		f, ok := kind.Field(name)
		if !ok || f.Local {
			continue
		}
		ids, unresolved, err := e.idsOf(ctx, set, name, v)
		if err != nil {
			return err
		}
		if unresolved {
			continue
		}
		have := live.Fields[name]
		switch {
		case f.FillOnly && have != nil && have != "":
		case b.Origin == "adopted" && set.OnAdopt != plan.PolicyOverwrite && f.Mode != plan.Members:
			if have == nil && ids != nil {
				r.mismatch("%s: %s is empty", b.Address, name)
			}
		case f.Mode == plan.Members:
			for _, m := range list(ids) {
				if !slices.ContainsFunc(list(have), func(h plan.Value) bool { return plan.Equal(h, m) }) {
					r.mismatch("%s: a member of %s is missing", b.Address, name)
				}
			}
		case !e.Dest.SameField(set.Kind, name, ids, have):
			r.mismatch("%s: %s differs", b.Address, name)
		}
	}
	if kind.Part == nil {
		return nil
	}
	if len(live.Parts) != len(want.Parts) && !live.Truncated {
		r.mismatch("%s: %d parts in the sandbox, %d wanted", b.Address, len(live.Parts), len(want.Parts))
		return nil
	}
	byID := make(map[string]plan.LivePart, len(live.Parts))
	for _, p := range live.Parts {
		byID[p.ID] = p
	}
	for _, p := range want.Parts {
		i := slices.IndexFunc(b.Parts, func(x plan.BasePart) bool { return x.List == p.List && x.Key == p.Key })
		if i < 0 {
			r.mismatch("%s: a part was not written", b.Address)
			continue
		}
		got, ok := byID[b.Parts[i].ID]
		if !ok {
			if !live.Truncated {
				r.mismatch("%s: part %s is not in the sandbox", b.Address, b.Parts[i].ID)
			}
			continue
		}
		if why := e.Dest.SamePart(p, got); why != "" {
			r.mismatch("%s: part %s: %s", b.Address, b.Parts[i].ID, why)
		}
	}
	return nil
}

func list(v plan.Value) []plan.Value {
	l, _ := v.([]plan.Value)
	return l
}

// idsOf replaces references and people by ids from the crosswalk and the mirror.
func (e *Engine) idsOf(ctx context.Context, set *hcl.Set, field string, v plan.Value) (plan.Value, bool, error) {
	switch v := v.(type) {
	case plan.Ref:
		targets := v.Targets
		if s, ok := set.StandIn[field]; ok {
			targets = append(slices.Clone(targets), s)
		}
		for _, t := range targets {
			_, id, ok, err := e.State.Resolve(ctx, t)
			if err != nil {
				return nil, false, err
			}
			if ok {
				return id, false, nil
			}
		}
		return nil, false, nil
	case plan.Person:
		w := &world{ctx: ctx, e: e, ids: map[string]string{}}
		id, ok, err := w.Teammate(v)
		if err != nil || !ok {
			return nil, false, err
		}
		return id, false, nil
	case []plan.Value:
		var out []plan.Value
		for _, x := range v {
			got, unresolved, err := e.idsOf(ctx, set, field, x)
			if err != nil || unresolved {
				return nil, unresolved, err
			}
			if got != nil {
				out = append(out, got)
			}
		}
		return out, false, nil
	}
	return v, false, nil
}
