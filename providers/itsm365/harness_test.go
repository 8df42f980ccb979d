package itsm365_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

// key is the access key of the tests; it looks like a real one.
const key = "6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2"

func newClock() *providertest.Clock {
	return providertest.NewClock(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
}

// A wire notes every request that goes through it. An answer of its own takes the place of the far side's.
type wire struct {
	far    http.RoundTripper
	answer func(*http.Request) (*http.Response, error)

	mu   sync.Mutex
	sent []string // "METHOD path", unescaped and without the query
	urls []string // whole
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, r.Method+" "+r.URL.Path)
	w.urls = append(w.urls, r.URL.String())
	w.mu.Unlock()
	if w.answer != nil {
		if res, err := w.answer(r); res != nil || err != nil {
			return res, err
		}
	}
	return w.far.RoundTrip(r)
}

// calls counts the requests whose path contains a text.
func (w *wire) calls(text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, s := range w.sent {
		if strings.Contains(s, text) {
			n++
		}
	}
	return n
}

func reply(r *http.Request, status int, mimeType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {mimeType}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}

// dir is a data directory of the sandbox.
func dir(files map[string]string) fstest.MapFS {
	fs := fstest.MapFS{}
	for name, text := range files {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

// tickets are n incidents of a data directory, numbered from 1.
func tickets(n int) map[string]string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `{"UUID":"serviceCall$%d","metaClass":"serviceCall$serviceCall","number":%d,"title":"%d","state":"registered"}`+"\n", i, i, i)
	}
	return map[string]string{"serviceCall.jsonl": b.String()}
}

// tenant starts a sandbox behind HTTP and the wire to it, which leads there whatever address is called.
func tenant(t *testing.T, o sandbox.Options) (*sandbox.Server, *wire) {
	t.Helper()
	if o.Keys == nil {
		o.Keys = map[string]sandbox.Profile{key: {}}
	}
	if o.Clock == nil {
		o.Clock = newClock()
	}
	far, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return far, &wire{far: network(t, far)}
}

// network is the way to a server of its own, over real connections.
func network(t *testing.T, h http.Handler) http.RoundTripper {
	t.Helper()
	srv := httptest.NewServer(h)
	way := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(func() {
		way.CloseIdleConnections()
		srv.Close()
	})
	host := srv.Listener.Addr().String()
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		there := r.Clone(r.Context()) // a RoundTripper changes no request
		there.URL.Scheme, there.URL.Host = "http", host
		return way.RoundTrip(there)
	})
}

// source makes a client on a wire; more are arguments of the provider block.
func source(t testing.TB, w *wire, more map[string]plan.Value) *itsm365.Source {
	t.Helper()
	args := map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key}
	maps.Copy(args, more)
	src, err := itsm365.New(args, itsm365.Config{Clock: newClock(), HTTP: w, Redact: transport.NewRedactor()})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func data(class string) plan.Data {
	return plan.Data{Type: "itsm365", Name: "rows", Args: map[string]plan.Value{"class": class}}
}

// pages is data of a class with its attributes given, so that no call goes out but those of the list.
func pages(class string, attrs ...plan.Value) plan.Data {
	d := data(class)
	d.Args["attrs"] = attrs
	return d
}

// comments is data that is read owner by owner.
func comments() plan.Data {
	d := data("comment")
	d.Of, d.By = []string{"itsm365.tickets"}, "source"
	return d
}

func owners(list ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// read reads to the end, or to the first error.
func read(ctx context.Context, src *itsm365.Source, d plan.Data, of ...string) ([]plan.Row, error) {
	var rows []plan.Row
	for row, err := range src.Rows(ctx, d, owners(of...)) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func mustRead(t *testing.T, src *itsm365.Source, d plan.Data, of ...string) []plan.Row {
	t.Helper()
	rows, err := read(t.Context(), src, d, of...)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func keys(rows []plan.Row) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Key)
	}
	return out
}

// values decodes a row.
func values(t testing.TB, r plan.Row) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.JSON, &v); err != nil {
		t.Fatalf("%s: %v", r.Pos, err)
	}
	return v
}

// numbered is class$1 to class$n but for some.
func numbered(class string, n int, but ...int) []string {
	out := []string{}
	for i := 1; i <= n; i++ {
		if !slices.Contains(but, i) {
			out = append(out, fmt.Sprintf("%s$%d", class, i))
		}
	}
	return out
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
