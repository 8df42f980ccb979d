package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	itsmsandbox "deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
)

// goodKey is the access key of the tests; it looks like a real one.
const goodKey = "6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2"

// A tenant is an ITSM 365 sandbox behind HTTP, and a folder with a configuration that reads it.
type tenant struct {
	t     *testing.T
	far   *itsmsandbox.Server
	clock *providertest.Clock
	url   string
	dir   string
	key   string
	args  map[string]plan.Value // of the provider block
	// before is told of each call, by number from 1, and may answer it.
	before func(n int, r *http.Request) *http.Response

	mu    sync.Mutex
	calls []string // "METHOD path body", of this tenant's client
}

const tenantHead = `
provider "itsm365" {
  url        = "http://tenant.example/sd/services/rest"
  access_key = env("INTERCOM_TOKEN")
}
`

const tenantData = tenantHead + `
data "itsm365" "employees" { class = "employee" }
data "itsm365" "categories" { class = "category" }
data "itsm365" "tickets" { class = "serviceCall" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
}
`

// acme are the first tickets of fixtures/acme, with what belongs to them. What they link to beyond that is left out.
func acme(t *testing.T, tickets int) fstest.MapFS {
	t.Helper()
	dir := "../../../fixtures/acme/itsm365"
	mine := map[string]bool{}
	kept := map[string][]map[string]any{}
	ofMine := func(o map[string]any) bool { source, _ := o["source"].(string); return mine[source] }
	all := func(map[string]any) bool { return true }
	n := 0
	for _, file := range []struct {
		name string
		want func(map[string]any) bool
	}{
		{"catalogs", all}, {"root", all}, {"ou", all}, {"team", all}, {"employee", all}, {"slmService", all}, {"agreement", all},
		{"serviceCall", func(map[string]any) bool { n++; return n <= tickets }}, {"comment", ofMine}, {"file", ofMine},
	} {
		content, err := os.ReadFile(filepath.Join(dir, file.name+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			var o map[string]any
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			if err := d.Decode(&o); err != nil {
				t.Fatal(err)
			}
			if file.want(o) {
				uuid, _ := o["UUID"].(string)
				mine[uuid] = true
				kept[file.name] = append(kept[file.name], o)
			}
		}
	}
	out := fstest.MapFS{}
	for name, list := range kept {
		var text bytes.Buffer
		for _, o := range list {
			for attr, v := range o {
				if attr != "UUID" {
					o[attr] = within(v, mine)
				}
			}
			text.WriteString(jsonOf(o) + "\n")
		}
		out[name+".jsonl"] = &fstest.MapFile{Data: text.Bytes()}
	}
	for uuid := range mine {
		if number, ok := strings.CutPrefix(uuid, "file$"); ok {
			if content, err := os.ReadFile(filepath.Join(dir, "files", number)); err == nil {
				out["files/"+number] = &fstest.MapFile{Data: content}
			}
		}
	}
	return out
}

var link = regexp.MustCompile(`^[A-Za-z]+\$\d+$`)

// within is a value without links that lead out.
func within(v any, mine map[string]bool) any {
	switch v := v.(type) {
	case string:
		if link.MatchString(v) && !mine[v] {
			return nil
		}
	case []any:
		out := []any{}
		for _, e := range v {
			if e = within(e, mine); e != nil {
				out = append(out, e)
			}
		}
		return out
	}
	return v
}

func newTenant(t *testing.T, o itsmsandbox.Options, config string) *tenant {
	t.Helper()
	n := &tenant{t: t, dir: t.TempDir(), clock: providertest.NewClock(time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)), key: goodKey, args: map[string]plan.Value{}}
	if o.Keys == nil {
		o.Keys = map[string]itsmsandbox.Profile{goodKey: {}}
	}
	o.Clock = n.clock
	var err error
	if n.far, err = itsmsandbox.New(o); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(n.far)
	t.Cleanup(srv.Close)
	n.url = srv.URL + "/sd/services/rest"
	n.write(config)
	return n
}

func (n *tenant) write(config string) {
	n.t.Helper()
	if err := os.WriteFile(filepath.Join(n.dir, "main.hcl"), []byte(strings.Replace(deskHead, "http://intercom.sandbox", "http://127.0.0.1:1", 1)+config), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// RoundTrip counts a call before it goes over the network.
func (n *tenant) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil && r.GetBody != nil {
		b, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(b)
		if err != nil {
			return nil, err
		}
		body = string(text)
	}
	q := r.URL.Query()
	q.Del("accessKey")
	n.mu.Lock()
	n.calls = append(n.calls, strings.TrimPrefix(r.URL.Path, "/sd/services/rest/")+" "+q.Encode()+" "+body)
	at, before := len(n.calls), n.before
	n.mu.Unlock()
	if before != nil {
		if res := before(at, r); res != nil {
			return res, nil
		}
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// open opens the project in a folder.
func (n *tenant) open(dir string) *engine.Engine {
	n.t.Helper()
	args := map[string]plan.Value{"url": n.url, "access_key": n.key, "rate": 1000.0}
	maps.Copy(args, n.args)
	e, diags, err := engine.Open(n.t.Context(), engine.Setup{Dir: n.dir, Work: filepath.Join(dir, ".deskform"), State: filepath.Join(dir, "test.db"), Clock: n.clock, Holder: "test", Relearn: true,
		Env:     func(string) (string, bool) { return "t", true },
		ITSM365: &engine.Override{HTTP: n, Args: args}})
	if err != nil || diags.HasErrors() {
		n.t.Fatalf("open: %v %v", err, diags.Errs())
	}
	return e
}

// pull pulls into a folder, and returns what came of it.
func (n *tenant) pull(ctx context.Context, dir, mode string) ([]engine.Pulled, error) {
	n.t.Helper()
	e := n.open(dir)
	p, err := e.Pull(ctx, mode)
	if cerr := e.Close(); cerr != nil {
		n.t.Fatal(cerr)
	}
	return p, err
}

func (n *tenant) mustPull(dir, mode string) map[string]engine.Pulled {
	n.t.Helper()
	p, err := n.pull(n.t.Context(), dir, mode)
	if err != nil {
		n.t.Fatal(err)
	}
	out := map[string]engine.Pulled{}
	for _, x := range p {
		out[strings.TrimPrefix(x.Data, "itsm365.")] = x
	}
	return out
}

// rows are the rows in a folder's cache, by data, in order, as "KEY JSON".
func (n *tenant) rows(dir string) map[string][]string {
	n.t.Helper()
	e := n.open(dir)
	defer e.Close()
	out := map[string][]string{}
	for _, d := range e.Config.Data {
		for row, err := range e.Cache.Records(n.t.Context(), d) {
			if err != nil {
				n.t.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(row.JSON, &v); err != nil {
				n.t.Fatal(err)
			}
			text, err := json.Marshal(v) // in one order of names
			if err != nil {
				n.t.Fatal(err)
			}
			out[d.Name] = append(out[d.Name], row.Key+" "+string(text))
		}
	}
	return out
}

// fresh are the rows that a pull into an empty folder gives.
func (n *tenant) fresh() map[string][]string {
	n.t.Helper()
	dir := n.t.TempDir()
	n.mustPull(dir, engine.PullAuto)
	return n.rows(dir)
}

func (n *tenant) same(what string, got, want map[string][]string) {
	n.t.Helper()
	for _, data := range slices.Sorted(maps.Keys(want)) {
		if slices.Equal(got[data], want[data]) {
			continue
		}
		n.t.Errorf("%s: %s: %d rows, want %d", what, data, len(got[data]), len(want[data]))
		for i := range max(len(got[data]), len(want[data])) {
			g, w := "(none)", "(none)"
			if i < len(got[data]) {
				g = got[data][i]
			}
			if i < len(want[data]) {
				w = want[data][i]
			}
			if g != w {
				n.t.Errorf("%.600s\nwant %.600s", g, w)
				break
			}
		}
	}
}

// count forgets the calls, and returns how many there were.
func (n *tenant) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := len(n.calls)
	n.calls = nil
	return c
}

// clean fails when anything was written, or a link of a text was followed.
func (n *tenant) clean() {
	n.t.Helper()
	if st := n.far.Stats(); st.Writes != 0 || st.LinkHits != 0 {
		n.t.Errorf("%d writes, %d links followed", st.Writes, st.LinkHits)
	}
}

func (n *tenant) mutate(list ...itsmsandbox.Mutation) {
	n.t.Helper()
	if _, err := n.far.Mutate(list...); err != nil {
		n.t.Fatal(err)
	}
}

func uuid(data map[string][]string, name string, i int) string {
	key, _, _ := strings.Cut(data[name][i], " ")
	return key
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(text)
}

func sortAll(all ...map[string][]string) {
	for _, rows := range all {
		for _, list := range rows {
			slices.Sort(list)
		}
	}
}

// answer is an answer of a service that did not get the call.
func answer(r *http.Request, status int, text string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}
}
