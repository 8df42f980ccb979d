package intercom_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"deskform/providers/intercom"
)

const testToken = "dG9rLXNlY3JldC0xMjM0NQ"

func config(rt http.RoundTripper, clock *leap) intercom.Config {
	return intercom.Config{Endpoint: "http://intercom.sandbox", Token: testToken, Actor: "mover@acme.example", RateShare: 1, HTTP: &http.Client{Transport: rt}, Clock: clock}
}

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// refusing is a client whose every call fails, and the number of calls that left.
func refusing(testing.TB) (*intercom.Writer, func() int) {
	n := 0
	w := intercom.NewWriter(config(answer(func(*http.Request) (*http.Response, error) { n++; return nil, errors.New("nobody may call") }), &leap{time.Unix(1767700000, 0)}))
	return w, func() int { return n }
}
