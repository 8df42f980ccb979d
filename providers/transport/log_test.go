package transport_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"deskform/providers/transport"
)

// Each call is logged with its path, status and duration, each retry with its reason; nothing of it is secret or personal.
func TestLog(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(`{"said":"` + secret + `"}`))
	}))
	defer srv.Close()
	for level, want := range map[hclog.Level]string{
		hclog.Debug: `[DEBUG] call: op=find method=GET path="/find/…/(redacted)/x" ms=N status=503
[WARN] again: op=find reason="HTTP 503" after=N
[DEBUG] call: op=find method=GET path="/find/…/(redacted)/x" ms=N status=200
`,
		hclog.Warn:  "[WARN] again: op=find reason=\"HTTP 503\" after=N\n",
		hclog.Error: "",
	} {
		n = 0
		var out strings.Builder
		c := &transport.Client{HTTP: http.DefaultClient, Clock: start(), Redact: transport.NewRedactor("key-4711"), Retries: 2,
			Log: hclog.New(&hclog.LoggerOptions{Level: level, Output: &out, DisableTime: true})}
		if _, err := c.Do(t.Context(), transport.Request{Method: "GET", URL: srv.URL + "/find/ann@acme.example/key-4711/x?accessKey=abcd&email=a", Read: true, Op: "find"}); err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(`(ms|after)=[0-9.a-z]+`).ReplaceAllString(out.String(), "$1=N")
		got = regexp.MustCompile(`\] +`).ReplaceAllString(got, "] ")
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", level, got, want)
		}
	}
}
