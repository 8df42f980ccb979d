package intercom_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
)

// sleeper is a clock that notes what it is asked to wait.
type sleeper struct{ slept []time.Duration }

func (s *sleeper) Now() time.Time { return time.Unix(1767600000, 0) }
func (s *sleeper) Sleep(ctx context.Context, d time.Duration) error {
	s.slept = append(s.slept, d)
	return ctx.Err()
}

// TestPauses: a read that fails and a call that is one too many come back after what the service asks for, else after
// pauses that grow, half of them by chance; a write's refusal hands on what was asked.
func TestPauses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		asked  string
		first  time.Duration // the most of the first pause; it doubles
	}{
		{"503", 503, "", time.Second},
		{"503 with Retry-After", 503, "7", 0},
		{"503 with a time", 503, "Mon, 05 Jan 2026 08:00:07 GMT", 0},
		{"429", 429, "", 100 * time.Millisecond},
		{"429 with Retry-After", 429, "7", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fails := 3
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if fails--; fails < 0 {
					fmt.Fprint(w, `{"type":"contact","id":"65aa00000000000000000001","role":"user"}`)
					return
				}
				w.Header().Set("Date", "Mon, 05 Jan 2026 08:00:00 GMT")
				if tt.asked != "" {
					w.Header().Set("Retry-After", tt.asked)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, `{"type":"error.list","errors":[{"code":"x","message":"later"}]}`)
			}))
			defer srv.Close()
			clock := &sleeper{}
			w := intercom.NewWriter(intercom.Config{Endpoint: srv.URL, Token: "a-token", RateShare: 1, Clock: clock})
			if _, err := w.Get(t.Context(), "contact", "65aa00000000000000000001"); err != nil {
				t.Fatal(err)
			}
			if len(clock.slept) < 3 {
				t.Fatalf("it waited %v", clock.slept)
			}
			for i, d := range clock.slept[:3] {
				top := tt.first << i
				if tt.asked != "" && d != 7*time.Second || tt.asked == "" && (d < top/2 || d > top) {
					t.Errorf("pause %d is %s, of at most %s", i+1, d, top)
				}
			}
			if tt.status == 429 {
				return // waited out in a write too
			}
			fails = 1
			_, err := w.Do(t.Context(), plan.Step{Key: "k", Kind: "contact", Op: "update_contact", ID: "65aa00000000000000000001", Repeatable: true})
			var se *plan.StepError
			if want := map[bool]time.Duration{true: 7 * time.Second}[tt.asked != ""]; !errors.As(err, &se) || se.Verdict != plan.Unknown || se.After != want {
				t.Errorf("%#v, want to wait %s", err, want)
			}
		})
	}
}
