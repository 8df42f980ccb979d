package intercom_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

const archivedSeed = `{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"}, "admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example"}],
	"contacts": [{"id": "65aa00000000000000000005", "role": "user", "email": "old@acme.example", "external_id": "login", "name": "Old", "archived": true},
	{"id": "65aa00000000000000000006", "role": "user", "email": "b@acme.example"}, {"id": "65aa00000000000000000007", "role": "user", "email": "c@acme.example"}]}`

func archivedFar(t *testing.T) (*sandbox.Server, *intercom.Writer) {
	t.Helper()
	clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	far, err := sandbox.New(sandbox.Options{Token: "t", Clock: clock, Seed: strings.NewReader(archivedSeed)})
	if err != nil {
		t.Fatal(err)
	}
	return far, intercom.NewWriter(intercom.Config{Endpoint: "http://intercom.sandbox", Token: "t", RateShare: 1, HTTP: &http.Client{Transport: far.RoundTripper()}, Clock: clock})
}

func newOld(policy plan.Policy) plan.Step {
	return plan.Step{Key: "k", Kind: "contact", Op: "create_contact", Restore: policy, Address: plan.Address{Set: "contact.people", Key: "old"},
		Payload: plan.Fields{"role": "user", "email": "old@acme.example", "external_id": "e1", "name": "New", "phone": "+79000000005"}}
}

// TestRestore: IC trap 3. Who is archived is met by the create, and brought back only where the configuration says so;
// what is written then is what on_adopt writes, and never another external_id.
func TestRestore(t *testing.T) {
	for _, tc := range []struct {
		policy      plan.Policy
		name, phone plan.Value
		err         string
	}{
		{"", "Old", nil, "an archived contact 65aa00000000000000000005 has the same e-mail address"},
		{plan.PolicyFill, "Old", "+79000000005", ""},
		{plan.PolicyOverwrite, "New", "+79000000005", ""},
		{plan.PolicyLink, "Old", nil, ""},
	} {
		t.Run("on_adopt "+string(tc.policy), func(t *testing.T) {
			_, w := archivedFar(t)
			res, err := w.Do(t.Context(), newOld(tc.policy))
			var se *plan.StepError
			if !errors.As(err, &se) {
				t.Fatalf("%v is no StepError", err)
			}
			if tc.err != "" {
				if se.Verdict != plan.Permanent || !strings.Contains(se.Message, tc.err) {
					t.Errorf("verdict %d: %s", se.Verdict, se.Message)
				}
				return
			}
			if se.Verdict != plan.Done || !res.Adopted || res.ID != "65aa00000000000000000005" {
				t.Fatalf("verdict %d, %+v: %s", se.Verdict, res, se.Message)
			}
			got, err := w.Get(t.Context(), "contact", res.ID)
			if err != nil || got.Fields["name"] != tc.name || got.Fields["phone"] != tc.phone || got.Fields["external_id"] != "login" {
				t.Errorf("%v, %v", got.Fields, err)
			}
			if res.Live.Fields["name"] != got.Fields["name"] {
				t.Errorf("the result shows %v, the contact is %v", res.Live.Fields, got.Fields)
			}
		})
	}
}

// TestRestoreCutOff: wherever the answer is lost, settling says that the step may be repeated, and repeating it ends with
// one contact, restored and written.
func TestRestoreCutOff(t *testing.T) {
	for _, op := range []string{"CreateContact", "UnarchiveContact", "UpdateContact"} {
		for _, kind := range []string{"reset_before_commit", "reset_after_commit"} {
			t.Run(op+" "+kind, func(t *testing.T) {
				far, w := archivedFar(t)
				if err := far.AddFaults(sandbox.Fault{Operation: op, Kind: kind}); err != nil {
					t.Fatal(err)
				}
				s := newOld(plan.PolicyOverwrite)
				_, err := w.Do(t.Context(), s)
				var se *plan.StepError
				if !errors.As(err, &se) || se.Verdict != plan.Unknown {
					t.Fatalf("the first try: %v", err)
				}
				got, err := w.Settle(t.Context(), plan.Intent{Step: s})
				if err != nil || got.Found {
					t.Fatalf("settled as %+v, %v", got, err)
				}
				s.TriedAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Unix()
				res, err := w.Do(t.Context(), s)
				if !errors.As(err, &se) || se.Verdict != plan.Done || !res.Adopted {
					t.Fatalf("the second try: %+v, %v", res, err)
				}
				if res.Live.Fields["name"] != "New" || far.Stats().Objects["contact"] != 3 {
					t.Errorf("%v, %d contacts", res.Live.Fields, far.Stats().Objects["contact"])
				}
			})
		}
	}
}

// TestNotRestorable: trap 2. Who is being deleted for good stays so, and the message says for how long.
func TestNotRestorable(t *testing.T) {
	far, w := archivedFar(t)
	if err := far.Mutate(sandbox.Mutation{Op: "delete", Kind: "contact", ID: "65aa00000000000000000005"}); err != nil {
		t.Fatal(err)
	}
	for _, older := range []bool{false, true} {
		if older {
			if err := far.AddFaults(sandbox.Fault{Operation: "UnarchiveContact", Kind: "status", Status: 500, Code: "server_error", Message: "Server Error"}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.Do(t.Context(), newOld(plan.PolicyFill))
		var se *plan.StepError
		if !errors.As(err, &se) || se.Verdict != plan.Permanent || !strings.Contains(se.Message, "being deleted for good") || !strings.Contains(se.Message, "seven days") {
			t.Errorf("older answers %t: %v", older, err)
		}
	}
}

// TestMergedIsFollowed: trap 32. A contact that was merged is read as the one that is left.
func TestMergedIsFollowed(t *testing.T) {
	far, w := archivedFar(t)
	for from, into := range map[string]string{"65aa00000000000000000006": "65aa00000000000000000007"} {
		if err := far.Mutate(sandbox.Mutation{Op: "merge", Kind: "contact", ID: from, Value: into}); err != nil {
			t.Fatal(err)
		}
		got, err := w.Get(t.Context(), "contact", from)
		if err != nil || got.ID != into {
			t.Errorf("%s is read as %s, %v", from, got.ID, err)
		}
	}
	if err := far.AddFaults(sandbox.Fault{Operation: "ShowContact", Kind: "status", Status: 404, Code: "not_found", Message: "User Not Found"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Get(t.Context(), "contact", "65aa00000000000000000006"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("where the service says 404 instead: %v", err)
	}
}
