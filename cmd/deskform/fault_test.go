package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	"deskform/plan/report"
	"deskform/plan/run"
	intercomsandbox "deskform/providers/intercom/sandbox"
	"deskform/providers/transport"
)

// faultAll in the environment is the number of seeds, as CI sets it; else a few.
const faultAll = "DESKFORM_FAULTS"

// TestFaults moves the crash tests' desk against an Intercom that fails in every way of its simulator contract (IC 8), by
// seed: whatever happens, running apply again ends with what an undisturbed run leaves.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of failing")
	}
	seeds := 12
	if n, err := fmt.Sscan(os.Getenv(faultAll), &seeds); n == 1 && err != nil {
		t.Fatal(err)
	}
	calm := newDesk(t, 0)
	if why := calm.move(""); why != "" {
		t.Fatal(why)
	}
	first := normal(t, calm.far)
	calm.delta()
	if why := calm.move(""); why != "" {
		t.Fatal(why)
	}
	second := normal(t, calm.far)
	var all sync.WaitGroup
	turn := make(chan bool, 4)
	for seed := 1; seed <= seeds; seed++ {
		all.Go(func() {
			turn <- true
			defer func() { <-turn }()
			d := newDesk(t, uint64(seed))
			defer d.stop()
			d.plant(30)
			if why := d.move(first); why != "" {
				t.Errorf("seed %d: %s", seed, why)
				return
			}
			d.delta()
			d.plant(45)
			if why := d.move(second); why != "" {
				t.Errorf("seed %d, delta: %s", seed, why)
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds", seeds)
}

// A desk is a folder and a sandbox on a fast clock.
type desk struct {
	t     *testing.T
	rng   *rand.Rand
	dir   string
	clock transport.Clock
	far   *intercomsandbox.Server
	ctx   context.Context
	stop  context.CancelFunc
	told  []string
	// sample limits the applies; done is what the last one did.
	sample int
	done   engine.Applied
}

func newDesk(t *testing.T, seed uint64) *desk {
	t.Helper()
	d := &desk{t: t, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), clock: transport.Scaled(time.Now(), 2000)}
	d.ctx, d.stop = context.WithCancel(t.Context())
	for name, text := range crashFiles {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := intercomsandbox.Options{Token: scriptToken, Clock: d.clock, IndexLag: time.Minute, LagJitter: 4 * time.Minute, Limit: 1667, ReplyLimit: 100, Seed: strings.NewReader(crashWorkspace)}
	if seed%3 == 1 {
		o.Limit = 167
	}
	var err error
	if d.far, err = intercomsandbox.New(o); err != nil {
		t.Fatal(err)
	}
	if seed%4 == 1 {
		go d.otherApp(o.Limit * 4 / 10)
	}
	return d
}

// otherApp takes so many calls of each window in the same quota.
func (d *desk) otherApp(calls int) {
	client := &http.Client{Transport: d.far.RoundTripper()}
	for d.ctx.Err() == nil {
		for range calls {
			req, err := http.NewRequestWithContext(d.ctx, http.MethodGet, "http://intercom.sandbox/admins", nil)
			if err != nil {
				return
			}
			req.Header = http.Header{"Authorization": {"Bearer " + scriptToken}, "Accept": {"application/json"}, "Intercom-Version": {"2.16"}}
			if resp, err := client.Do(req); err == nil {
				_ = resp.Body.Close()
			}
		}
		if d.clock.Sleep(d.ctx, 10*time.Second) != nil {
			return
		}
	}
}

func (d *desk) delta() {
	for name, text := range crashDelta {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

// plant schedules faults among the next calls.
func (d *desk) plant(calls int) {
	kinds := []intercomsandbox.Fault{
		{Kind: "reset_before_commit"}, {Kind: "reset_after_commit"}, {Kind: "truncate"}, {Kind: "html", Status: 502}, {Kind: "html"}, {Kind: "empty"}, {Kind: "slow", Duration: "90s"}, {Kind: "throttle"},
		{Kind: "status", Status: 500, Code: "server_error", Message: "Sorry"}, {Kind: "status_after_commit", Status: 500, Code: "server_error", Message: "Sorry"},
		{Kind: "status", Status: 429, Code: "rate_limit_exceeded", Message: "Exceeded rate limit of 167 in 10_seconds"}, {Kind: "status", Status: 408, Code: "request_timeout", Message: "Timeout"},
		{Kind: "status_after_commit", Status: 504, Code: "service_unavailable", Message: "Gateway"},
	}
	for range 3 + d.rng.IntN(8) {
		f := kinds[d.rng.IntN(len(kinds))]
		f.Operation, f.After, f.Times = "*", d.rng.IntN(calls), 1+d.rng.IntN(3)
		if f.Kind == "throttle" {
			f.Operation = "replyConversation"
			f.After %= 4
		}
		if err := d.far.AddFaults(f); err != nil {
			d.t.Error(err)
		}
	}
}

// move applies until nothing is left, as a person would, and says what is wrong then; want is empty for anything.
func (d *desk) move(want string) string {
	last := ""
	for range 8 {
		pending, err := d.apply()
		last = fmt.Sprintf("%d pending, %v", pending, err)
		if err == nil && pending == 0 {
			got := normal(d.t, d.far)
			switch n := d.far.Stats().Notifications; {
			case want != "" && got != want:
				return "the sandbox holds something else:\n" + difference(want, got) + "\n" + strings.Join(d.told, "\n")
			case n.Avoidable > 0:
				return fmt.Sprintf("%d avoidable notifications", n.Avoidable)
			}
			return ""
		}
	}
	return "it does not come to an end: " + last + "\n" + strings.Join(d.told, "\n")
}

func (d *desk) open() *engine.Engine {
	d.t.Helper()
	e, err := d.engine()
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

func (d *desk) engine() (*engine.Engine, error) {
	s := engine.Setup{Dir: d.dir, Vars: map[string]string{}, Env: func(name string) (string, bool) { return "x", true }, Clock: d.clock,
		Intercom: &engine.Override{HTTP: d.far.RoundTripper(), Args: map[string]any{"endpoint": "http://intercom.sandbox", "token": scriptToken, "rate_share": 1.0}}}
	e, diags, err := engine.Open(d.ctx, s)
	if err != nil || diags.HasErrors() {
		return nil, errors.Join(err, diags)
	}
	return e, nil
}

// apply is the apply command over the engine.
func (d *desk) apply() (pending int, err error) {
	e, err := d.engine()
	if err != nil {
		return 0, err
	}
	defer e.Close()
	o := engine.ApplyOptions{NoBackup: true, Observe: func(ev run.Event) {
		if ev.Err != nil {
			d.told = append(d.told, fmt.Sprint(ev.Address, ": ", ev.Outcome, ": ", ev.Err))
		}
	}}
	if _, err := e.Recover(d.ctx, o); err != nil {
		return 0, fmt.Errorf("recover: %w", err)
	}
	p, err := e.Plan(d.ctx, engine.PlanOptions{Pull: engine.PullAuto, Refresh: engine.RefreshChanged, Sample: d.sample})
	if err != nil {
		return 0, fmt.Errorf("plan: %w", err)
	}
	done, err := e.Apply(d.ctx, p, nil, o)
	d.done = done
	if err != nil {
		return 0, fmt.Errorf("apply: %w", err)
	}
	proof, err := e.Prove(d.ctx, p)
	if err != nil {
		return 0, fmt.Errorf("prove: %w", err)
	}
	d.told = append(d.told, report.ApplyLine(done.Books))
	return proof.Pending, nil
}
