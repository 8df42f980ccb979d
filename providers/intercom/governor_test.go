package intercom_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
	"deskform/providers/transport"
)

// slow is a network with a latency.
type slow struct {
	rt      http.RoundTripper
	latency time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(s.latency / 2)
	resp, err := s.rt.RoundTrip(r)
	time.Sleep(s.latency / 2)
	return resp, err
}

// TestGovernor lets an apply's 64 workers send as fast as they may, and reads from the sandbox's own counts how much of
// what binds was used in steady state: calls or, with the throttle on, replies. There is no 429 after the first window.
func TestGovernor(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of calls; with the race detector, minutes")
	}
	for _, limit := range []int{167, 1667} {
		for _, latency := range []time.Duration{50 * time.Millisecond, 300 * time.Millisecond} {
			for _, throttle := range []int{0, 100} {
				for _, share := range []float64{0.5, 1} {
					for _, others := range []float64{0, 0.4} {
						name := fmt.Sprintf("window %d, latency %s, replies %d, share %g, others %g", limit, latency, throttle, share, others)
						t.Run(name, func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) { govern(t, limit, latency, throttle, share, others) })
						})
					}
				}
			}
		}
	}
}

const (
	warmUp  = 24 // windows; a guessed limit of replies is raised by a quarter in each
	measure = 10
)

func govern(t *testing.T, limit int, latency time.Duration, throttle int, share, others float64) {
	ctx, stop := context.WithCancel(t.Context())
	far, err := sandbox.New(sandbox.Options{Token: "govern", Clock: transport.Real{}, Limit: limit, ReplyLimit: throttle, Seed: strings.NewReader(`{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
		"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	w := intercom.NewWriter(intercom.Config{Endpoint: "http://intercom.sandbox", Token: "govern", Actor: "mover@acme.example", RateShare: share,
		HTTP: &http.Client{Transport: slow{far.RoundTripper(), latency}}, Clock: transport.Real{}})
	step := func(op, id string, payload plan.Fields) (plan.Result, error) {
		return w.Do(ctx, plan.Step{Key: op, Op: op, Kind: "conversation", ID: id, Payload: payload})
	}
	person, err := w.Do(ctx, plan.Step{Key: "c", Op: "create_contact", Kind: "contact", Payload: plan.Fields{"role": "user", "email": "ann@acme.example"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Actor(ctx); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			// Each worker has one record after the other: a conversation with a note, so that half of the calls are replies.
			for i := 0; ctx.Err() == nil; i++ {
				res, err := step("create_conversation", "", plan.Fields{"contact": person.ID, "body": "x", "created_at": int64(9e8), "token": fmt.Sprint("t", n, "-", i)})
				if err == nil {
					_, err = step("note", res.ID, plan.Fields{"author": nil, "body": "<p>y</p>", "created_at": int64(9e8)})
				}
				if err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	foreign := 0
	if others > 0 {
		all.Go(func() { // somebody else, evenly
			client := &http.Client{Transport: far.RoundTripper()}
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://intercom.sandbox/admins", nil)
				if err != nil {
					return
				}
				req.Header = http.Header{"Authorization": {"Bearer govern"}, "Accept": {"application/json"}, "Intercom-Version": {"2.16"}}
				if resp, err := client.Do(req); err == nil {
					_ = resp.Body.Close()
					foreign++
				}
				time.Sleep(time.Duration(float64(10*time.Second) / (others * float64(limit))))
			}
		})
	}
	ours := func() (calls, replies, refused int) {
		for op, byStatus := range far.Stats().Calls {
			for status, n := range byStatus {
				switch {
				case op == "listAdmins": // somebody else's
				case status == http.StatusTooManyRequests:
					refused += n
				case status != http.StatusOK:
				case op == "replyConversation":
					calls, replies = calls+n, replies+n
				default:
					calls += n
				}
			}
		}
		return calls, replies, refused
	}
	time.Sleep(time.Until(time.Now().Truncate(10 * time.Second).Add(10*time.Second - time.Millisecond)))
	time.Sleep(10 * time.Second)
	_, _, first := ours()
	time.Sleep((warmUp - 2) * 10 * time.Second)
	calls0, replies0, _ := ours()
	time.Sleep(measure * 10 * time.Second)
	calls, replies, refused := ours()
	calls, replies = (calls-calls0)/measure, (replies-replies0)/measure
	stop()
	all.Wait()
	granted := min(share*float64(limit), float64(limit)-others*float64(limit))
	used := float64(calls) / granted
	what := "calls"
	if throttle > 0 && granted > 2*float64(throttle) {
		used, what = float64(replies)/float64(throttle), "replies"
	}
	if used < 0.97 || refused > first {
		t.Errorf("%.1f %% of the %s are used (%d calls, %d replies a window), %d refused after the first window", 100*used, what, calls, replies, refused-first)
	}
	t.Logf("%.1f %% of the %s", 100*used, what)
}
