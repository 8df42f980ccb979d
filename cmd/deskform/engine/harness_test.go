package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/intercom/sandbox"
	"deskform/providers/transport"
)

// A desk is a folder with a configuration and the Intercom sandbox that it describes, in one process. Its clock runs fast,
// so that waiting for an index costs nothing.
type desk struct {
	t     *testing.T
	dir   string
	clock transport.Clock
	far   *sandbox.Server
	itsm  *engine.Override // the source, nil where there is none
	log   hclog.Logger     // nil for none

	parallel int // 0: the default
}

const deskHead = `
deskform {
  state "sqlite" { path = "test.db" }
}
provider "intercom" {
  endpoint = "http://intercom.sandbox"
  token    = env("INTERCOM_TOKEN")
  actor    = "mover@acme.example"
}
`

func newDesk(t *testing.T, seed string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), clock: transport.Scaled(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 1000)}
	o := sandbox.Options{Token: "t", Clock: d.clock}
	if seed != "" {
		o.Seed = strings.NewReader(seed)
	}
	var err error
	if d.far, err = sandbox.New(o); err != nil {
		t.Fatal(err)
	}
	return d
}

// write puts a file into the folder. The configuration proper goes into main.hcl and gets its head.
func (d *desk) write(name, text string) {
	d.t.Helper()
	if name == "main.hcl" {
		text = deskHead + text
	}
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) setup() engine.Setup {
	return engine.Setup{Dir: d.dir, Parallel: d.parallel, Clock: d.clock, Log: d.log, ITSM365: d.itsm, Env: func(name string) (string, bool) { return "t", name == "INTERCOM_TOKEN" }, Holder: "test",
		Intercom: &engine.Override{HTTP: d.far.RoundTripper(), Args: map[string]plan.Value{"endpoint": "http://intercom.sandbox", "token": "t", "region": nil, "workspace": nil, "rate_share": 1.0}}}
}

// run opens the project, hands it over and closes it.
func (d *desk) run(f func(*engine.Engine)) {
	d.t.Helper()
	e, diags, err := engine.Open(d.t.Context(), d.setup())
	if err != nil || diags.HasErrors() {
		d.t.Fatalf("open: %v %v", err, diags.Errs())
	}
	defer func() {
		if err := e.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	f(e)
}

var planAll = engine.PlanOptions{Pull: engine.PullFull, Refresh: engine.RefreshFull}

// plan makes a plan and returns it with its changes.
func (d *desk) plan() (pl *engine.Plan, changes []plan.Change) {
	d.t.Helper()
	d.run(func(e *engine.Engine) { pl, changes = d.planned(e) })
	return pl, changes
}

func (d *desk) planned(e *engine.Engine) (*engine.Plan, []plan.Change) {
	d.t.Helper()
	pl, err := e.Plan(d.t.Context(), planAll)
	if err != nil {
		d.t.Fatalf("plan: %v", err)
	}
	f, err := e.OpenPlan(pl.Path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	var changes []plan.Change
	for c, err := range f.Changes() {
		if err != nil {
			d.t.Fatal(err)
		}
		changes = append(changes, c)
	}
	return pl, changes
}

// An effect is what an apply cost, as it was forecast and as the sandbox counted it.
type effect struct {
	forecast      engine.Forecast
	writes, reads int
	people        int
	calls         map[string]int
	proof         int
}

// apply plans and carries out, and proves that nothing is left.
func (d *desk) apply() (done effect) {
	d.t.Helper()
	d.run(func(e *engine.Engine) {
		pl, _ := d.planned(e)
		before := d.far.Stats()
		a, err := e.Apply(d.t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true})
		if err != nil || a.Incomplete() {
			for aside, err := range e.State.SetAsides(d.t.Context()) {
				d.t.Logf("set aside: %s %s %v", aside.Address, aside.Text, err)
			}
			d.t.Fatalf("apply: %v %+v", err, a.Books)
		}
		after := d.far.Stats()
		done = effect{forecast: pl.Forecast, writes: after.Writes - before.Writes, reads: after.Reads - before.Reads, calls: map[string]int{},
			people: after.Notifications.Unavoidable - before.Notifications.Unavoidable}
		for op, by := range after.Calls {
			for status, n := range by {
				if n -= before.Calls[op][status]; n > 0 {
					done.calls[op] += n
				}
			}
		}
		proof, err := e.Prove(d.t.Context(), pl)
		if err != nil {
			d.t.Fatalf("prove: %v", err)
		}
		done.proof = proof.Pending
	})
	return done
}
