package intercom_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
)

const testToken = "dG9rLXNlY3JldC0xMjM0NQ"

func config(rt http.RoundTripper, clock *leap) intercom.Config {
	return intercom.Config{Endpoint: "http://intercom.sandbox", Token: testToken, Actor: "mover@acme.example", RateShare: 1, HTTP: &http.Client{Transport: rt}, Clock: clock}
}

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// unsent holds a step against an interrupt: where it comes before the step, nothing leaves and nothing is in doubt.
func unsent(t *testing.T, s plan.Step) {
	t.Helper()
	w, calls := refusing(t)
	over, interrupt := context.WithCancel(t.Context())
	interrupt()
	ctx := plan.Sending(over)
	if _, err := w.Do(ctx, s); !plan.Unsent(ctx, err) || calls() != 0 {
		t.Errorf("%s after an interrupt: %v, %d calls", s.Op, err, calls())
	}
}

// refusing is a client whose every call fails, and the number of calls that left.
func refusing(testing.TB) (*intercom.Writer, func() int) {
	n := 0
	w := intercom.NewWriter(config(answer(func(*http.Request) (*http.Response, error) { n++; return nil, errors.New("nobody may call") }), &leap{time.Unix(1767700000, 0)}))
	return w, func() int { return n }
}
