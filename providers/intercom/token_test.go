package intercom_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestTokenDies: whatever form it comes in, a dead token or one without the scope ends the run and says what to do; what is
// forbidden about one record does not.
func TestTokenDies(t *testing.T) {
	for _, tt := range []struct {
		status        int
		code, message string
		want          plan.Verdict
	}{
		{401, "unauthorized", "Access Token Invalid", plan.StopRun},
		{401, "token_unauthorized", "Not authorized to access resource", plan.StopRun},
		{403, "token_unauthorized", "Not authorized to access resource", plan.StopRun},
		{403, "token_revoked", "The token was revoked", plan.StopRun},
		{403, "unauthorized", "Unauthorized", plan.StopRun},
		{403, "forbidden", "Missing required scope: write_conversations", plan.StopRun},
		{403, "forbidden", "You need read_write_custom_object_instances", plan.StopRun},
		{403, "api_plan_restricted", "Active subscription needed.", plan.StopRun},
		{403, "forbidden", "job 7 is closed for new task updates", plan.Permanent},
		{403, "action_forbidden", "This contact cannot be written to", plan.Permanent},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.code, " ", tt.message), func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"type":"error.list","errors":[{"code":%q,"message":%q}]}`, tt.code, tt.message)
			}))
			defer srv.Close()
			w := intercom.NewWriter(intercom.Config{Endpoint: srv.URL, Token: "a-dead-token", RateShare: 1})
			_, wrote := w.Do(t.Context(), plan.Step{Key: "k", Kind: "contact", Op: "update_contact", ID: "65aa00000000000000000001", Payload: plan.Fields{"name": "Ann"}})
			_, read := w.Get(t.Context(), "contact", "65aa00000000000000000001")
			for call, err := range map[string]error{"write": wrote, "read": read} {
				var se *plan.StepError
				stops := errors.As(err, &se) && se.Verdict == plan.StopRun
				if call == "read" && tt.code == "api_plan_restricted" {
					continue // a read that the plan restricts says so in its own words
				}
				if err == nil || stops != (tt.want == plan.StopRun) {
					t.Errorf("%s: %v", call, err)
				}
				if stops && tt.code != "api_plan_restricted" && !strings.Contains(err.Error(), "check INTERCOM_TOKEN") {
					t.Errorf("%s: it does not say what to do: %v", call, err)
				}
			}
		})
	}
}
