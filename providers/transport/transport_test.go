package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"deskform/providers/transport"
)

// jump is a clock that is moved on by whoever sleeps on it.
type jump struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *jump) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *jump) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.now = c.now.Add(max(d, 0))
	c.slept = append(c.slept, d)
	return nil
}

func start() *jump { return &jump{now: time.Unix(1767600000, 0)} }

const secret = "tok+en/7f==с"

func TestRedactor(t *testing.T) {
	r := transport.NewRedactor(secret, "", "abc")
	for in, want := range map[string]string{
		"a " + secret + " b":                                    "a (redacted) b",
		"https://x.example/?accessKey=77-aa&b=1":                "https://x.example/?accessKey=(redacted)&b=1",
		"ACCESS_KEY=77":                                         "ACCESS_KEY=(redacted)",
		"Authorization: Bearer dG9r.x-y":                        "Authorization: Bearer (redacted)",
		"k=" + url.QueryEscape(secret):                          "k=(redacted)",
		"/" + url.PathEscape(secret) + "/":                      "/(redacted)/",
		"nothing here, not even abc":                            "nothing here, not even abc",
		`<a href="https://x.example/op?accessKey=5d2&u=1">`:     `<a href="https://x.example/op?accessKey=(redacted)&u=1">`,
		"twice " + secret + secret + " and " + secret + " done": "twice (redacted)(redacted) and (redacted) done",
	} {
		if got := r.Text(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	var nobody *transport.Redactor
	if got := nobody.Text("accessKey=5"); got != "accessKey=(redacted)" {
		t.Errorf("without secrets: %q", got)
	}
	below := fmt.Errorf("get %s: %w", secret, io.ErrUnexpectedEOF)
	err := r.Error(below)
	if strings.Contains(err.Error(), secret) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(fmt.Sprintf("%v", e), secret) {
			t.Errorf("the secret comes out by unwrapping: %v", e)
		}
	}
	r.Add("another-secret")
	if got := r.Text("another-secret"); got != "(redacted)" {
		t.Error(got)
	}
}

// script answers one request after another.
func script(t *testing.T, answers ...func(http.ResponseWriter)) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	n := new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answers[min(int(n.Add(1)), len(answers))-1](w)
	}))
	t.Cleanup(srv.Close)
	return srv, n
}

func answer(status int, body string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp closes the connection in the middle of an answer; cut before it, when nothing was said yet.
func hangUp(w http.ResponseWriter) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"half":`)
}

func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func client(clock transport.Clock) *transport.Client {
	return &transport.Client{HTTP: http.DefaultClient, Clock: clock, Redact: transport.NewRedactor(secret), Retries: 3}
}

func TestClient(t *testing.T) {
	ok := answer(200, `{"a":1}`)
	for name, tt := range map[string]struct {
		answers []func(http.ResponseWriter)
		read    bool
		text    bool
		calls   int
		want    string // in the error; empty: none
	}{
		"an answer":                         {[]func(http.ResponseWriter){ok}, true, false, 1, ""},
		"HTML with status 200":              {[]func(http.ResponseWriter){answer(200, "<html>log in</html>")}, false, false, 1, "the answer is HTML where JSON was due"},
		"nothing with status 200":           {[]func(http.ResponseWriter){answer(200, "")}, false, false, 1, "the answer is empty where JSON was due"},
		"half of a JSON text":               {[]func(http.ResponseWriter){answer(200, `{"a":`)}, false, false, 1, "is no JSON or was truncated"},
		"an answer that breaks off":         {[]func(http.ResponseWriter){hangUp}, false, false, 1, "the answer broke off"},
		"text where text is due":            {[]func(http.ResponseWriter){answer(200, "42")}, false, true, 1, ""},
		"a read is tried again":             {[]func(http.ResponseWriter){answer(502, "<h1>Bad Gateway</h1>"), cut, answer(429, "slow"), ok}, true, false, 4, ""},
		"a read is given up":                {[]func(http.ResponseWriter){answer(500, "down")}, true, false, 4, "HTTP 500: down"},
		"what is refused is not read again": {[]func(http.ResponseWriter){answer(404, `{"no":1}`)}, true, false, 1, "HTTP 404"},
		"a write is sent once":              {[]func(http.ResponseWriter){answer(500, "down"), ok}, false, false, 1, "HTTP 500: down"},
		"a write whose answer is lost too":  {[]func(http.ResponseWriter){cut, ok}, false, false, 1, "no answer"},
		"a redirect is not followed":        {[]func(http.ResponseWriter){answer(307, "moved", "Location", "/elsewhere"), ok}, false, false, 1, "HTTP 307: moved"},
		"tags do not reach people":          {[]func(http.ResponseWriter){answer(403, "<html><style>b{}</style><b>Нет прав</b> &amp; key "+secret+"</html>")}, false, false, 1, "HTTP 403: Нет прав & key (redacted)"},
	} {
		srv, calls := script(t, tt.answers...)
		_, err := client(start()).Do(t.Context(), transport.Request{Method: "POST", URL: srv.URL + "/x?accessKey=" + url.QueryEscape(secret), Op: "try", Read: tt.read, Text: tt.text,
			Header: http.Header{"Authorization": {"Bearer " + secret}}})
		switch {
		case int(calls.Load()) != tt.calls:
			t.Errorf("%s: %d calls, want %d", name, calls.Load(), tt.calls)
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		case err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), url.QueryEscape(secret))):
			t.Errorf("%s: the secret is in the error: %v", name, err)
		}
	}
}

// TestUnsent: what certainly did not leave may be sent again, even a write.
func TestUnsent(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	address := srv.URL
	srv.Close()
	clock := start()
	_, err := client(clock).Do(t.Context(), transport.Request{Method: "POST", URL: address + "/?accessKey=" + url.QueryEscape(secret), Op: "create"})
	var ne *transport.NetError
	if !errors.As(err, &ne) || ne.Sent || len(clock.slept) != 3 {
		t.Errorf("%v after %d pauses", err, len(clock.slept))
	}
	if strings.Contains(err.Error(), url.QueryEscape(secret)) {
		t.Errorf("the key is in the error: %v", err)
	}
}

func TestPauses(t *testing.T) {
	srv, _ := script(t, answer(429, "slow", "Retry-After", "7"), answer(503, "busy"), answer(503, "busy"), answer(200, "{}"))
	clock := start()
	if _, err := client(clock).Do(t.Context(), transport.Request{Method: "GET", URL: srv.URL, Op: "read", Read: true}); err != nil {
		t.Fatal(err)
	}
	if len(clock.slept) != 3 || clock.slept[0] != 7*time.Second {
		t.Fatalf("%v: Retry-After is obeyed", clock.slept)
	}
	for i, top := range []time.Duration{time.Second, 2 * time.Second} { // 500 ms, doubled from try to try, half of it by chance
		if d := clock.slept[i+1]; d < top/2 || d > top {
			t.Errorf("pause %d is %s, want between %s and %s", i+2, d, top/2, top)
		}
	}
}

// TestAdmit: every sending is let in first, and what a busy service asks for is told, also after the last try.
func TestAdmit(t *testing.T) {
	for name, tt := range map[string]struct {
		answers []func(http.ResponseWriter)
		busy    int
		first   time.Duration // 0: a pause of our own
	}{
		"Retry-After":   {[]func(http.ResponseWriter){answer(429, "slow", "Retry-After", "7"), answer(200, "{}")}, 1, 7 * time.Second},
		"busy":          {[]func(http.ResponseWriter){answer(503, "busy"), answer(200, "{}")}, 1, 0},
		"busy for good": {[]func(http.ResponseWriter){answer(503, "busy")}, 4, 0},
		"asked by 500":  {[]func(http.ResponseWriter){answer(500, "down", "Retry-After", "7"), answer(200, "{}")}, 1, 7 * time.Second},
		"broken":        {[]func(http.ResponseWriter){cut, answer(500, "down"), answer(200, "{}")}, 0, 0},
		"not there":     {[]func(http.ResponseWriter){answer(404, "no")}, 0, 0},
	} {
		for _, streamed := range []bool{false, true} {
			srv, calls := script(t, tt.answers...)
			clock := start()
			c := client(clock)
			admitted := 0
			var told []time.Duration
			c.Admit = func(context.Context) error {
				if admitted++; admitted != int(calls.Load())+1 {
					t.Errorf("%s: admission %d after %d calls", name, admitted, calls.Load())
				}
				return nil
			}
			c.Busy = func(d time.Duration) { told = append(told, d) }
			r := transport.Request{Method: "GET", URL: srv.URL, Op: "read", Read: true}
			if streamed {
				if s, err := c.Stream(t.Context(), r); err == nil {
					_ = s.Body.Close()
				}
			} else {
				_, _ = c.Do(t.Context(), r) // TestClient looks at how it ends
			}
			switch {
			case admitted != int(calls.Load()) || len(told) != tt.busy:
				t.Errorf("%s, streamed %t: %d calls, %d admitted, busy for %v", name, streamed, calls.Load(), admitted, told)
			case tt.busy > 0 && (tt.first == 0) != (told[0] != 7*time.Second):
				t.Errorf("%s, streamed %t: busy for %v", name, streamed, told)
			}
		}
	}
	c := client(start())
	shut := errors.New("shut")
	c.Admit = func(context.Context) error { return shut }
	srv, calls := script(t, answer(200, "{}"))
	if _, err := c.Do(t.Context(), transport.Request{Method: "GET", URL: srv.URL, Op: "read"}); !errors.Is(err, shut) || calls.Load() != 0 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

func TestCancelled(t *testing.T) {
	hang := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	defer close(hang)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := client(start()).Do(ctx, transport.Request{Method: "GET", URL: srv.URL, Op: "read", Read: true})
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func window(limit, remaining int, reset time.Time) http.Header {
	return http.Header{"X-Ratelimit-Limit": {fmt.Sprint(limit)}, "X-Ratelimit-Remaining": {fmt.Sprint(remaining)}, "X-Ratelimit-Reset": {fmt.Sprint(reset.Unix())}}
}

// TestGovernor counts what leaves in each window of a service that grants so many calls.
func TestGovernor(t *testing.T) {
	for _, tt := range []struct {
		limit, others int
		share         float64
		want          int // ours per window
	}{{100, 0, 1, 100}, {100, 0, 0.5, 50}, {167, 0, 0.25, 41}, {100, 60, 1, 40}, {100, 60, 0.5, 40}, {1, 0, 0.5, 1}} {
		clock := start()
		g := transport.NewGovernor(clock, tt.share)
		counts := map[int64]int{} // ours, by window
		for range 4*tt.limit + 5 {
			done, err := g.Acquire(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			now := clock.Now()
			end := now.Truncate(10 * time.Second).Add(10 * time.Second)
			counts[end.Unix()]++
			if used := counts[end.Unix()] + tt.others; used > tt.limit {
				t.Errorf("%+v: call %d of a window", tt, used)
			}
			done(window(tt.limit, tt.limit-tt.others-counts[end.Unix()], end))
		}
		full := 0
		for _, n := range counts {
			if n <= tt.want && n >= tt.want*95/100 {
				full++
			} else if n > tt.want {
				t.Errorf("%+v: %d calls in a window, want %d", tt, n, tt.want)
			}
		}
		if full < len(counts)-2 {
			t.Errorf("%+v: windows are not used: %v", tt, counts)
		}
	}
}

// TestGovernorBeforeTheFirstAnswer: nothing is known, so one call goes alone; a service without limits has none.
func TestGovernorBeforeTheFirstAnswer(t *testing.T) {
	g := transport.NewGovernor(start(), 1)
	first, err := g.Acquire(t.Context(), "")
	if err != nil || g.Granted() != 0 {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { _, err := g.Acquire(ctx, ""); second <- err }()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("a second call left before the first was answered: %v", err)
	}
	first(http.Header{})
	for range 1000 {
		done, err := g.Acquire(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		done(http.Header{})
	}
}

// TestExceeded: after a refusal nothing leaves before the window ends.
func TestExceeded(t *testing.T) {
	clock := start()
	g := transport.NewGovernor(clock, 1)
	done, _ := g.Acquire(t.Context(), "")
	end := clock.Now().Truncate(10 * time.Second).Add(10 * time.Second)
	done(window(100, 90, end))
	if g.Granted() != 10 || g.Limit() != 100 {
		t.Errorf("%g calls a second of %d a window", g.Granted(), g.Limit())
	}
	g.Exceeded()
	if _, err := g.Acquire(t.Context(), ""); err != nil || clock.Now().Before(end) {
		t.Errorf("a call left at %s, the window ends at %s (%v)", clock.Now(), end, err)
	}
}

// TestReplies: 8 of a conversation leave in any ten seconds, and 80 of all in the first (IC 7 #18).
func TestReplies(t *testing.T) {
	for _, threads := range []int{1, 30} {
		clock := start()
		g := transport.NewGovernor(clock, 1)
		type sent struct {
			at     time.Time
			thread int
		}
		var all []sent
		for i := range 200 {
			th := i % threads
			done, err := g.Acquire(t.Context(), fmt.Sprint("conversation ", th))
			if err != nil {
				t.Fatal(err)
			}
			done(http.Header{})
			all = append(all, sent{clock.Now(), th})
		}
		for i, s := range all {
			same, any := 0, 0
			for _, o := range all[:i+1] {
				if o.at.After(s.at.Add(-10 * time.Second)) {
					any++
					if o.thread == s.thread {
						same++
					}
				}
			}
			if same > 8 || any > 80 && s.at.Before(start().Now().Add(10*time.Second)) {
				t.Fatalf("%d threads: %d replies to one and %d to all within ten seconds", threads, same, any)
			}
		}
		if took, most := clock.Now().Sub(start().Now()), map[int]time.Duration{1: 240 * time.Second, 30: 20 * time.Second}[threads]; took > most {
			t.Errorf("%d threads: 200 replies took %s, want %s", threads, took, most)
		}
	}
}

// TestRepliesFoundOut: the overall limit is raised until a refusal, and then is what was taken.
func TestRepliesFoundOut(t *testing.T) {
	clock := start()
	g := transport.NewGovernor(clock, 1)
	taken, refused, byWindow := 0, 0, map[int64]int{}
	for i := range 6000 {
		done, err := g.Acquire(t.Context(), fmt.Sprint("conversation ", i))
		if err != nil {
			t.Fatal(err)
		}
		done(http.Header{})
		w := clock.Now().Unix() / 10
		if byWindow[w] == 100 {
			refused++
			g.RepliesExceeded()
			continue
		}
		byWindow[w]++
		taken++
		g.ReplyTaken()
	}
	windows := int(clock.Now().Sub(start().Now())/(10*time.Second)) + 1
	if taken < 97*(windows-3) || refused > 60 {
		t.Errorf("%d taken in %d windows of 100, %d refused", taken, windows, refused)
	}
}
