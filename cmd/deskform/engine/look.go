package engine

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"deskform/hcl"
	"deskform/plan"
	"deskform/plan/report"
	"deskform/providers/intercom"
	"deskform/state/planfile"
)

// Kinds are the destination's kinds, for commands that need no project.
func Kinds() []plan.Kind { return intercom.Kinds() }

// An Explanation is all that is known of one address.
type Explanation struct {
	Address  string         `json:"address"`
	Decided  bool           `json:"decided"`
	Action   plan.Action    `json:"action,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	Data     string         `json:"data,omitempty"`
	Row      string         `json:"row,omitempty"`
	Kind     string         `json:"kind,omitempty"`
	ID       string         `json:"id,omitempty"`
	Origin   string         `json:"origin,omitempty"`
	Problems []plan.Problem `json:"problems,omitempty"`
	Want     plan.Fields    `json:"want,omitempty"`
	Sent     plan.Fields    `json:"sent,omitempty"`
	Have     plan.Fields    `json:"have,omitempty"`
	Parts    int            `json:"parts,omitempty"`
	Written  int            `json:"parts_written,omitempty"`
	// Next is the first call that was not made when a run ended in the middle of the record ("tag_contact 31").
	Next string `json:"next_step,omitempty"`
	// Continues is the address whose thread this one goes on with; Continued are those where its own goes on.
	Continues string      `json:"continues,omitempty"`
	Continued []Continued `json:"continued,omitempty"`
}

// A Continued is a record that goes on with the thread of another one.
type Continued struct {
	Address string `json:"address"`
	ID      string `json:"id,omitempty"`
	Parts   int    `json:"parts_written"`
}

// continuedBy lists where the thread of a record goes on, in order.
func (e *Engine) continuedBy(ctx context.Context, a plan.Address) (out []Continued, err error) {
	all, err := e.State.Continued(ctx, a.Set)
	if err != nil {
		return nil, err
	}
	keys := all[a.Key]
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) // #10 after #9
	for _, key := range keys {
		b, err := e.State.Base(ctx, a.Set, key)
		if err != nil {
			return nil, err
		}
		if b != nil {
			out = append(out, Continued{b.Address.String(), b.ID, len(b.Parts)})
		}
	}
	return out, nil
}

// Why collects what the last plan, the state and the mirror know of an address. It is offline.
func (e *Engine) Why(ctx context.Context, a plan.Address) (*Explanation, error) {
	x := &Explanation{Address: a.String()}
	set, ok := e.set(a.Set)
	if !ok {
		return nil, fmt.Errorf("why %s: the configuration has no set %s", a, a.Set)
	}
	x.Data, x.Kind = set.Data, set.Kind
	if err := e.rename(ctx); err != nil {
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
	out, decided, err := e.Cache.Outcome(ctx, a.Target())
	if err != nil {
		return nil, err
	}
	if want == nil && base == nil && !decided {
		return nil, fmt.Errorf("why %s: nobody has heard of it; the last plan's sources had no such row and the state has no such record (run plan first?)", a)
	}
	if decided {
		x.Decided, x.Action, x.Reason, x.ID = true, out.Action, out.Reason, out.ID
	}
	if want != nil {
		x.Row, x.Problems, x.Want, x.Parts = want.Row, want.Problems, want.Fields, len(want.Parts)
		if want.Continues != "" {
			x.Continues = plan.Address{Set: a.Set, Key: want.Continues}.String()
		}
	}
	if x.Continued, err = e.continuedBy(ctx, a); err != nil {
		return nil, err
	}
	if base != nil {
		x.ID, x.Origin, x.Sent, x.Written = base.ID, base.Origin, base.Sent, len(base.Parts)
		x.Next = strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(base.Partial, base.Address.String()), "#", " "))
	}
	if x.ID != "" {
		live, _, err := e.Cache.Live(ctx, set.Kind, x.ID)
		if err != nil {
			return nil, err
		}
		if live != nil {
			x.Have = live.Fields
		}
	}
	return x, nil
}

// List writes the addresses of the state, all or of one set.
func (e *Engine) List(ctx context.Context, w io.Writer, set string, asJSON, reveal bool) error {
	sets, err := e.State.Sets(ctx)
	if err != nil {
		return err
	}
	found := false
	enc := json.NewEncoder(w)
	for _, s := range sets {
		if set != "" && s.Set != set {
			continue
		}
		found = true
		for b, err := range e.State.Bases(ctx, s.Set) {
			if err != nil {
				return err
			}
			addr := b.Address
			if !reveal {
				addr.Key = report.MaskKey(addr.Key)
			}
			if asJSON {
				err = enc.Encode(map[string]any{"address": addr.String(), "kind": b.Kind, "id": b.ID, "origin": b.Origin, "parts": len(b.Parts)})
			} else {
				_, err = fmt.Fprintf(w, "%s\t%s %s\t%s\n", addr, b.Kind, b.ID, b.Origin)
			}
			if err != nil {
				return err
			}
		}
	}
	if set != "" && !found {
		return fmt.Errorf("state list %s: the state has no such set", set)
	}
	return nil
}

// ShowBase writes what the state knows of one address, as JSON.
func (e *Engine) ShowBase(ctx context.Context, w io.Writer, address string) error {
	a, err := plan.ParseAddress(address)
	if err != nil {
		return err
	}
	b, err := e.State.Base(ctx, a.Set, a.Key)
	if err != nil {
		return err
	}
	if b == nil {
		return fmt.Errorf("state show %s: the state has no such address", address)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

// Export writes the crosswalk: one line per record and one per part.
func (e *Engine) Export(ctx context.Context, w io.Writer, format string) error {
	if format == "jsonl" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for row, err := range e.State.Export(ctx) {
			if err != nil {
				return err
			}
			if err := enc.Encode(row); err != nil {
				return err
			}
		}
		return nil
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"set", "key", "kind", "id", "origin", "list", "part", "part_id", "continues"}); err != nil {
		return err
	}
	for row, err := range e.State.Export(ctx) {
		if err != nil {
			return err
		}
		if err := out.Write([]string{row.Set, row.Key, row.Kind, row.ID, row.Origin, row.List, row.Part, row.PartID, row.Continues}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// An End is one of the two services as check found it.
type End struct {
	Name  string   `json:"name"`
	OK    bool     `json:"ok"`
	Facts []string `json:"facts"`
}

// Check tests both ends. It returns what it found even where it failed.
func (e *Engine) Check(ctx context.Context) ([]End, error) {
	var ends []End
	var errs []error
	add := func(name string, facts []string, err error) {
		end := End{Name: name, OK: err == nil, Facts: facts}
		if err != nil {
			end.Facts = append(end.Facts, e.Redact.Text(err.Error()))
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		ends = append(ends, end)
	}
	if _, ok := e.Config.Providers["itsm365"]; ok {
		src, err := e.Source("itsm365")
		var facts []string
		if err == nil {
			if c, ok := src.(interface {
				Check(context.Context) ([]string, error)
			}); ok {
				facts, err = c.Check(ctx)
			}
		}
		add("itsm365", facts, err)
	}
	for _, d := range e.Config.Data {
		if d.Type != "export" {
			continue
		}
		_, err := e.fingerprint(d)
		name, _ := d.Args["file"].(string)
		add("data."+d.Address(), []string{"file " + filepath.Base(name)}, err)
	}
	r, err := e.Reader()
	var facts []string
	if err == nil {
		var ws plan.Workspace
		if ws, err = r.Workspace(ctx); err == nil {
			facts = []string{"workspace " + ws.ID, "region " + ws.Region, "time zone " + ws.TimeZone, "token of " + ws.Holder}
			if ws.Rate > 0 {
				facts = append(facts, fmt.Sprintf("%d calls granted per 10 s", ws.Rate))
			}
			if bound := e.State.Workspace(); bound != "" && bound != ws.ID {
				err = fmt.Errorf("the state belongs to workspace %s", bound)
			}
			if err == nil {
				err = e.actor(ctx, func(*hcl.Set) bool { return true })
			}
		}
	}
	add("intercom", facts, err)
	return ends, errors.Join(errs...)
}

// Rate is how many calls a second the workspace grants us, 0 before anything was asked.
func (e *Engine) Rate() float64 {
	if e.reader == nil {
		return 0
	}
	return e.reader.Granted()
}

// ForecastOf counts the steps of a saved plan.
func ForecastOf(path string) (Forecast, error) {
	f, err := planfile.OpenFile(path)
	if err != nil {
		return Forecast{}, err
	}
	defer f.Close()
	fc := Forecast{ByOperation: map[string]int{}}
	dest := intercom.NewDestination("")
	for c, err := range f.Changes() {
		if err != nil {
			return fc, err
		}
		fc.add(dest, c)
	}
	return fc, nil
}

// ReadPlan fills a Plan from its file: what its maker counted before any change. A plan beyond the limits is refused here
// as it was when it was made, and so is one whose rows have become too old.
func (e *Engine) ReadPlan(ctx context.Context, p *Plan) error {
	f, err := e.OpenPlan(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := e.outdated(f.Header); err != nil {
		return err
	}
	p.Header, p.Books, p.Summary = f.Header, f.Header.Books, report.Summary{}
	p.Forecast = Forecast{ByOperation: map[string]int{}}
	for c, err := range f.Changes() {
		if err != nil {
			return err
		}
		p.Summary.Add(&c)
		p.touch(&c)
		p.Books.Split(&c)
		p.Forecast.add(e.Dest, c)
	}
	return e.limits(ctx, p)
}

// Prove makes the proof plan after an apply: from the rows in the cache, with a full
// refresh, and limited to what the plan was limited to.
func (e *Engine) Prove(ctx context.Context, p *Plan) (*Plan, error) {
	o := PlanOptions{Targets: p.Header.Targets, Sample: p.Header.Sample, Seed: p.Header.Seed}
	evaluated := p.Evaluated
	if evaluated == nil {
		var err error
		if _, err = e.Pull(ctx, PullNone); err != nil {
			return nil, err
		}
		if evaluated, err = e.Evaluate(ctx); err != nil {
			return nil, err
		}
	}
	return e.Proof(ctx, o, evaluated)
}
