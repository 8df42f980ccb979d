package intercom_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
	"deskform/providers/intercom/sandbox"
)

const testToken = "dG9rLXNlY3JldC0xMjM0NQ"

// far is a workspace with a client that writes to it.
type far struct {
	*sandbox.Server
	w     *intercom.Writer
	clock *leap
}

// workspace opens a sandbox: a mover and an agent, a team, a tag, Ann of Acme, an attribute.
func workspace(t testing.TB) far {
	t.Helper()
	clock := &leap{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	s, err := sandbox.New(sandbox.Options{Token: testToken, Clock: clock, IndexLag: time.Minute, Seed: strings.NewReader(`{
		"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
		"admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}, {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}],
		"teams": [{"id": "21", "name": "Desk", "admin_ids": ["11"]}],
		"tags": [{"id": "31", "name": "vip"}],
		"data_attributes": [{"name": "post", "model": "contact", "data_type": "string"}],
		"companies": [{"id": "` + orgID + `", "company_id": "org:1", "name": "Acme"}],
		"contacts": [{"id": "` + annID + `", "external_id": "e1", "email": "ann@acme.example", "name": "Ann"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	return far{s, intercom.NewWriter(config(s.RoundTripper(), clock)), clock}
}

func config(rt http.RoundTripper, clock *leap) intercom.Config {
	return intercom.Config{Endpoint: "http://intercom.sandbox", Token: testToken, Actor: "mover@acme.example", RateShare: 1, HTTP: &http.Client{Transport: rt}, Clock: clock}
}

// late lets the index take in what was written.
func (f far) late() { f.clock.now = f.clock.now.Add(10 * time.Minute) }

// do carries out a step that has to succeed.
func (f far) do(t testing.TB, s plan.Step) plan.Result {
	t.Helper()
	res, err := f.w.Do(t.Context(), s)
	if err != nil {
		t.Fatalf("%s: %v", s.Op, err)
	}
	return res
}

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func reply(r *http.Request, status int, body string) (*http.Response, error) {
	return &http.Response{Status: http.StatusText(status), StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// answering is a client that gets one answer to every call but the question for teammates.
func answering(status int, body string) *intercom.Writer {
	return intercom.NewWriter(config(answer(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/admins" {
			return reply(r, http.StatusOK, `{"type":"admin.list","admins":[{"id":"11","email":"mover@acme.example"}]}`)
		}
		return reply(r, status, body)
	}), &leap{time.Unix(1767700000, 0)}))
}

// refusing is a client whose every call fails, and the number of calls that left.
func refusing(testing.TB) (*intercom.Writer, func() int) {
	n := 0
	w := intercom.NewWriter(config(answer(func(*http.Request) (*http.Response, error) { n++; return nil, errors.New("nobody may call") }), &leap{time.Unix(1767700000, 0)}))
	return w, func() int { return n }
}
