package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskform/providers/itsm365/sandbox"
)

// outcome is what a client sees of one call.
func outcome(client *http.Client, url string) string {
	req, _ := http.NewRequest("POST", url, strings.NewReader("{}")) // a POST is not repeated by the transport
	res, err := client.Do(req)
	if err != nil {
		if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) {
			return "reset"
		}
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	s := fmt.Sprintf("%d %s %d", res.StatusCode, kind, len(text))
	if retry := res.Header.Get("Retry-After"); retry != "" {
		s += " retry after " + retry
	}
	if err != nil {
		s += " " + err.Error()
	}
	return s
}

// Each fault looks the same over a connection and in the process.
func TestFaults(t *testing.T) {
	const whole = "200 application/json 68"
	for _, c := range []struct {
		name  string
		fault sandbox.Fault
		want  []string // of the calls of find/ou, in order; "…" stands for what follows a number
	}{
		{"status", sandbox.Fault{Kind: "status"}, []string{"503 text/html …", whole}},
		{"status with a wait", sandbox.Fault{Kind: "status", Status: 429, RetryAfter: 7, Times: 2}, []string{"429 text/html … retry after 7", "429 text/html … retry after 7", whole}},
		{"reset", sandbox.Fault{Kind: "reset", After: 1}, []string{whole, "reset", whole}},
		{"truncated", sandbox.Fault{Kind: "truncated"}, []string{"200 application/json 34", whole}},
		{"cut", sandbox.Fault{Kind: "cut"}, []string{"200 application/json 34 unexpected EOF", whole}},
		{"empty", sandbox.Fault{Kind: "empty"}, []string{"200 application/json 0", whole}},
		{"login", sandbox.Fault{Kind: "login", Times: -1}, []string{"200 text/html …", "200 text/html …", "200 text/html …"}},
		{"key", sandbox.Fault{Kind: "key", After: 1, Times: -1}, []string{whole, "500 text/plain …", "500 text/plain …"}},
		{"another method", sandbox.Fault{Kind: "reset", Method: "get"}, []string{whole}},
		{"another class", sandbox.Fault{Kind: "reset", Method: "find", Class: "team"}, []string{whole}},
		{"this class", sandbox.Fault{Kind: "reset", Method: "find", Class: "ou"}, []string{"reset", whole}},
	} {
		for _, in := range []string{"over a connection", "in the process"} {
			t.Run(c.name+" "+in, func(t *testing.T) {
				d := open(t, nil)
				client := d.http
				if in == "in the process" {
					client = &http.Client{Transport: d.RoundTripper()}
				}
				if err := d.AddFaults(c.fault); err != nil {
					t.Fatal(err)
				}
				for i, want := range c.want {
					got := outcome(client, d.url+"/sd/services/rest/find/ou?attrs=UUID,title,parent&accessKey=good")
					before, after, open := strings.Cut(want, "…")
					if got != want && !(open && strings.HasPrefix(got, before) && strings.HasSuffix(got, after)) {
						t.Errorf("call %d: got %q, want %q", i, got, want)
					}
				}
			})
		}
	}
}

func TestSlowOnTheClock(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	d := open(t, func(o *sandbox.Options) { o.Clock = clock })
	if err := d.AddFaults(sandbox.Fault{Kind: "slow", Delay: "2m"}, sandbox.Fault{Kind: "login"}); err != nil {
		t.Fatal(err)
	}
	if got := d.get("find/ou"); !strings.Contains(got, "/sd/login") {
		t.Errorf("slow and login do not go together: %s", got)
	}
	if got := clock.Now().Format("15:04"); got != "12:02" {
		t.Errorf("the clock shows %s", got)
	}
	if got := d.Stats().Faults; got != 2 {
		t.Errorf("%d faults struck, want 2", got)
	}
}

func TestSlowEndsWithTheContext(t *testing.T) {
	d := open(t, func(o *sandbox.Options) { o.Latency = time.Hour })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", d.url+"/sd/services/rest/check-status", nil)
	if _, err := d.RoundTripper().RoundTrip(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A hard delete between two pages moves the rest up, so that offset jumps over an object; one that is
// added comes at the end (IT 2.1).
func TestListShiftsWhileItIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		mutation sandbox.Mutation
		want     string
	}{
		"delete": {sandbox.Mutation{Op: "delete", UUID: "serviceCall$70112"}, "70112 70200"},
		"append": {sandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "serviceCall$call"}}, "70112 70113 70200 80003"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, nil)
			err := d.AddFaults(sandbox.Fault{Kind: "mutate", Method: "find", Class: "serviceCall", After: 1, Mutate: []sandbox.Mutation{c.mutation}})
			if err != nil {
				t.Fatal(err)
			}
			var seen []string
			for offset := 0; ; offset++ {
				page := numbers(t, d.get(fmt.Sprintf("find/serviceCall?limit=1&offset=%d", offset)))
				if page == "" {
					break
				}
				seen = append(seen, page)
			}
			if got := strings.Join(seen, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFaultsOverHTTP(t *testing.T) {
	d := open(t, nil)
	status, text, _ := d.do("POST", "/_sandbox/faults", "", `[{"kind":"status","status":502,"method":"find","times":-1}]`)
	if status != 200 || text != `{"added":1}` {
		t.Fatalf("%d %s", status, text)
	}
	if status, text, _ := d.do("GET", "find/ou", "", ""); status != 502 || !strings.Contains(text, "<h1>502") {
		t.Errorf("%d %s", status, text)
	}
	d.do("DELETE", "/_sandbox/faults", "", "")
	d.get("find/ou")
	for body, want := range map[string]string{
		`{"kind":"explode"}`:                               `kind "explode"`,
		`{"kind":"slow"}`:                                  "needs a delay",
		`{"kind":"slow","delay":"soon"}`:                   "delay",
		`{"kind":"status","status":200}`:                   "is no error",
		`{"kind":"reset","times":-2}`:                      "negative",
		`[{"kind":"login","times":-1},{"kind":"explode"}]`: "fault 1",
		`{"kind":"login","forever":true}`:                  "unknown field",
	} {
		if status, text, _ := d.do("POST", "/_sandbox/faults", "", body); status != 400 || !strings.Contains(strings.ReplaceAll(text, `\"`, `"`), want) {
			t.Errorf("%s: %d %s, want %s", body, status, text, want)
		}
	}
	d.get("find/ou") // of a list with a wrong one, none is added
	if status, _, _ := d.do("GET", "/_sandbox/nothing", "", ""); status != 404 {
		t.Errorf("/_sandbox/nothing: %d", status)
	}
}

// The client in the process gets what a client over a connection gets.
func TestRoundTripper(t *testing.T) {
	d := open(t, nil)
	unused := httptest.NewServer(http.NotFoundHandler())
	unused.Close() // its address is valid, and nobody listens
	inProcess := &http.Client{Transport: d.RoundTripper()}
	for _, path := range []string{"check-status", "find/serviceCall?accessKey=good", "get/serviceCall$1?accessKey=good", "get-file/file$9001?accessKey=good", "count"} {
		var got [2]string
		for i, client := range []*http.Client{d.http, inProcess} {
			url := []string{d.url, unused.URL}[i] + "/sd/services/rest/" + path
			res, err := client.Get(url)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(res.Body)
			res.Body.Close()
			res.Header.Del("Date")
			got[i] = fmt.Sprint(res.Status, res.ContentLength, res.Header, string(text), err)
		}
		if got[0] != got[1] {
			t.Errorf("%s: over a connection\n%s\nin the process\n%s", path, got[0], got[1])
		}
	}
}
