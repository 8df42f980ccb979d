package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/plan/run"
	"deskform/providers/intercom/sandbox"
	"deskform/providers/transport"
)

// TestInterruptWhileWaiting: of 64 records in work at four calls a second an interrupt lets go what has left, and nothing
// that waits for its turn; those records are not reached, nothing is in doubt, and the next run has each of them once.
func TestInterruptWhileWaiting(t *testing.T) {
	const people, after = 120, 5
	d := newDesk(t, manySeed)
	d.parallel, d.clock = 64, transport.Scaled(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 20)
	var err error
	if d.far, err = sandbox.New(sandbox.Options{Token: "t", Clock: d.clock, Limit: 40, Seed: strings.NewReader(manySeed)}); err != nil {
		t.Fatal(err)
	}
	d.write("main.hcl", `
data "export" "people" {
  file = "people.jsonl"
  key  = ["id"]
}
records "contact" "people" {
  from  = data.export.people
  key   = each.id
  match = { email = each.email }
  email = each.email
  name  = each.name
}
`)
	var rows strings.Builder
	for i := range people {
		fmt.Fprintf(&rows, `{"id":"q%03d","email":"q%03d@acme.example","name":"Q %d"}`+"\n", i, i, i)
	}
	d.write("people.jsonl", rows.String())
	d.run(func(e *engine.Engine) {
		pl, _ := d.planned(e)
		ctx, cancel := context.WithCancel(t.Context())
		seen, writes := 0, 0
		a, err := e.Apply(ctx, pl, nil, engine.ApplyOptions{NoBackup: true, Observe: func(ev run.Event) {
			if ev.Step == "" {
				return
			}
			if seen++; seen == after {
				writes = d.far.Stats().Writes
				cancel()
			}
		}})
		late := d.far.Stats().Writes - writes
		made, rest := a.Books.Total(plan.OutCreated), a.Books.Total(plan.OutUnreached)
		if !errors.Is(err, context.Canceled) || errors.Is(err, run.ErrStopped) || late > 20 || made != after+late || made+rest != people {
			t.Errorf("%v; %d writes after the interrupt, %d made, %d not reached: %+v", err, late, made, rest, a.Books)
		}
		for in, err := range e.State.OpenIntents(t.Context()) {
			t.Errorf("left open: %s %v", in.Step.Key, err)
		}
	})
	if done := d.apply(); done.proof != 0 {
		t.Errorf("%d changes are left", done.proof)
	}
	var dump strings.Builder
	if err := d.far.Dump(&dump); err != nil {
		t.Fatal(err)
	}
	for i := range people {
		if n := strings.Count(dump.String(), fmt.Sprintf(`"email":"q%03d@acme.example"`, i)); n != 1 {
			t.Errorf("person %d is there %d times", i, n)
		}
	}
}
