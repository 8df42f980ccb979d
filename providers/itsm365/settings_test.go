package itsm365_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

// TestSettings: what the block says is what is sent (IT 8.4).
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name string
		args map[string]plan.Value
		want []string // "METHOD URL", of one list
	}{
		{"defaults", nil, []string{"POST https://acme.itsm365.com/sd/services/rest/find/serviceCall?accessKey=" + key + "&attrs=UUID%2CmetaClass%2Cnumber&limit=500&offset=0"}},
		{"key parameter, parameters", map[string]plan.Value{"key_param": "k", "params": map[string]plan.Value{"env": "prod"}, "page_size": int64(7)},
			[]string{"POST https://acme.itsm365.com/sd/services/rest/find/serviceCall?attrs=UUID%2CmetaClass%2Cnumber&env=prod&k=" + key + "&limit=7&offset=0"}},
		{"GET", map[string]plan.Value{"method": "GET"}, []string{"GET https://acme.itsm365.com/sd/services/rest/find/serviceCall/%7B%7D?accessKey=" + key + "&attrs=UUID%2CmetaClass%2Cnumber&limit=500&offset=0"}},
		{"filter in the path", map[string]plan.Value{"method": "POST", "filter_in": "path"}, []string{"POST https://acme.itsm365.com/sd/services/rest/find/serviceCall/%7B%7D?accessKey=" + key + "&attrs=UUID%2CmetaClass%2Cnumber&limit=500&offset=0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent []string
			w := &wire{answer: func(r *http.Request) (*http.Response, error) {
				sent = append(sent, r.Method+" "+r.URL.String())
				return reply(r, 200, "application/json", "[]"), nil
			}}
			mustRead(t, source(t, w, c.args), pages("serviceCall", "number"))
			if !slices.Equal(sent, c.want) {
				t.Errorf("sent %q\nwant %q", sent, c.want)
			}
		})
	}
	for name, args := range map[string]map[string]plan.Value{
		"a GET has no body for the filter":                {"method": "GET", "filter_in": "body"},
		"is no form of dates":                             {"date_layouts": []plan.Value{"dd.MM"}},
		`"late" is no window`:                             {"window": "late"},
		`"20:00-20:00" is no window`:                      {"window": "20:00-20:00"},
		"parallelism 0 is no number of calls":             {"parallelism": int64(0)},
		"retries -1 is no number of tries":                {"retries": int64(-1)},
		"is no pattern with a group":                      {"inline_images": []plan.Value{"file"}},
		"proxy \"nowhere\" is no address":                 {"proxy": "nowhere"},
		"access_key_file: open /nowhere: no such file":    {"access_key": "", "access_key_file": "/nowhere"},
		"access_key_prompt: there is nobody to ask":       {"access_key": "", "access_key_prompt": true},
		"timeout 0 is no time in seconds":                 {"timeout": int64(0)},
		"max_backoff 0 is no time in seconds":             {"max_backoff": int64(0)},
		"does not end in /rest; name the export with met": {"url": "https://acme.example/api", "metainfo": "auto"},
		"time_zone \"Mars\" is not known; use an IANA na": {"time_zone": "Mars"},
	} {
		all := map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key}
		for k, v := range args {
			all[k] = v
		}
		if _, err := itsm365.New(all, itsm365.Config{Clock: newClock(), Redact: transport.NewRedactor()}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
	}
}

// TestHeaders: headers of the block go with each call, files too, and are redacted.
func TestHeaders(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{"file.jsonl": `{"UUID":"file$1","metaClass":"file","title":"x"}`, "files/1": "x"})})
	seen := 0
	w.answer = func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("X-Gateway") == "secret-gateway" {
			seen++
		}
		if strings.Contains(r.URL.Path, "ou") {
			return reply(r, 500, "text/plain", "no secret-gateway"), nil
		}
		return nil, nil
	}
	src := source(t, w, map[string]plan.Value{"headers": map[string]plan.Value{"X-Gateway": "secret-gateway"}})
	c, err := src.OpenFile(t.Context(), "file$1")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Body.Close()
	if _, err := read(t.Context(), src, data("ou")); err == nil || strings.Contains(err.Error(), "secret-gateway") {
		t.Error(err)
	}
	if seen != len(w.sent) || seen < 2 {
		t.Errorf("%d of %d calls had the header", seen, len(w.sent))
	}
}

// TestFilterInThePathIsEscaped: a filter in the path reaches the server as it is, whatever its values hold (IT trap 23).
func TestFilterInThePathIsEscaped(t *testing.T) {
	for _, value := range []string{"why?", "no. #7", "50% off", "50%25", "a+b & c=d", `"quoted" \ {}`, "один; два", "a/b"} {
		title, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":` + string(title) + `}
{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":2,"title":"another"}`})})
		d := pages("serviceCall", "title")
		d.Args["filter"] = map[string]plan.Value{"title": value}
		for _, args := range []map[string]plan.Value{{"method": "GET"}, {"method": "POST", "filter_in": "path"}} {
			rows, err := read(t.Context(), source(t, w, args), d)
			if err != nil || !slices.Equal(keys(rows), []string{"serviceCall$1"}) {
				t.Errorf("%q, %v: %v %v", value, args, keys(rows), err)
			}
		}
		for _, u := range w.urls {
			if p, err := url.Parse(u); err != nil || !strings.HasPrefix(p.Path, "/sd/services/rest/find/serviceCall/{") || p.Query().Get("accessKey") != key || p.Fragment != "" {
				t.Errorf("%q: it called %s", value, u)
			}
		}
	}
}

// TestParamsAreRedacted: what the block sends with every call is in no error and no log, as the server echoes it or as it is
// sent (IT 8.4).
func TestParamsAreRedacted(t *testing.T) {
	const secret = "gate way+4711/ж"
	var log bytes.Buffer
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if got := r.URL.Query().Get("gate"); got != secret {
			t.Errorf("the parameter is %q", got)
		}
		return reply(r, 500, "text/plain", "no gate "+secret+" for "+r.URL.String()), nil
	}}
	src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "params": map[string]plan.Value{"gate": secret}},
		itsm365.Config{Clock: newClock(), HTTP: w, Redact: transport.NewRedactor(), Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log})})
	if err != nil {
		t.Fatal(err)
	}
	_, listed := read(t.Context(), src, pages("serviceCall", "number"))
	_, opened := src.OpenFile(t.Context(), "file$1")
	_, checked := src.Check(t.Context())
	said := log.String()
	for _, err := range []error{listed, opened, checked} {
		if err == nil {
			t.Fatal("no error")
		}
		for ; err != nil; err = errors.Unwrap(err) {
			said += fmt.Sprintf("%v %+v\n", err, err)
		}
	}
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), "4711"} {
		if strings.Contains(said, form) {
			t.Errorf("%q is in\n%s", form, said)
		}
	}
}

// TestAccessKeyFile: the key may stand in a file.
func TestAccessKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(2))})
	for _, c := range []struct{ dir, file string }{{"", path}, {"elsewhere", path}, {filepath.Dir(path), "key"}} { // a relative one is beside the configuration
		src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key_file": c.file}, itsm365.Config{Clock: newClock(), HTTP: w, Redact: transport.NewRedactor(), Dir: c.dir})
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, src, pages("serviceCall", "number")); len(got) != 2 {
			t.Error(keys(got))
		}
	}
}

// TestAccessKeyPrompt: the key may be typed; the block and the file come first, and what else a call carries is a secret as well.
func TestAccessKeyPrompt(t *testing.T) {
	asked := 0
	config := itsm365.Config{Clock: newClock(), Redact: transport.NewRedactor(), Ask: func(question string) (string, error) {
		asked++
		if question != "Access key of acme.itsm365.com: " {
			t.Errorf("asked %q", question)
		}
		return "typed-key-4711\n", nil
	}}
	args := map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key_prompt": true, "params": map[string]plan.Value{"p": "param-4711"}, "headers": map[string]plan.Value{"H": "header-4711", "Accept": "application/json", "X-From": "Acme Ltd 2000"}}
	src, err := itsm365.New(args, config)
	if err != nil {
		t.Fatal(err)
	}
	got := src.Secrets()
	slices.Sort(got)
	if want := []string{"header-4711", "param-4711", "typed-key-4711"}; !slices.Equal(got, want) || asked != 1 {
		t.Errorf("secrets %q, want %q; asked %d times", got, want, asked)
	}
	if text := config.Redact.Text("typed-key-4711 header-4711"); strings.Contains(text, "4711") {
		t.Errorf("not redacted: %s", text)
	}
	args["access_key"] = key
	if src, err := itsm365.New(args, config); err != nil || asked != 1 || !slices.Contains(src.Secrets(), key) {
		t.Errorf("asked %d times though the block has a key, %v", asked, err)
	}
}

// TestDateLayouts: the forms of dates are the block's.
func TestDateLayouts(t *testing.T) {
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("offset") != "0" {
			return reply(r, 200, "application/json", "[]"), nil
		}
		return reply(r, 200, "application/json", `[{"UUID":"shop$1","a":"02.03.2026 09:14","b":"2026.03.02 09:14:55","c":"31.02.2026 09:14"}]`), nil
	}}
	got := values(t, mustRead(t, source(t, w, map[string]plan.Value{"date_layouts": []plan.Value{"dd.MM.yyyy HH:mm"}}), pages("shop", "a"))[0])
	if got["a"] != "2026-03-02T06:14:00Z" || got["b"] != "2026.03.02 09:14:55" || got["c"] != "31.02.2026 09:14" {
		t.Error(got)
	}
}

// TestArchived: archived objects are read, and left out where the block says so (IT trap 10).
func TestArchived(t *testing.T) {
	files := map[string]string{"team.jsonl": `{"UUID":"team$1","metaClass":"team$team","title":"a","removed":false}
{"UUID":"team$2","metaClass":"team$team","title":"b","removed":true}`}
	_, w := tenant(t, sandbox.Options{FS: dir(files)})
	rows := mustRead(t, source(t, w, nil), data("team"))
	if len(rows) != 2 || values(t, rows[1])["removed"] != true {
		t.Error(keys(rows))
	}
	if got := keys(mustRead(t, source(t, w, map[string]plan.Value{"include_archived": false}), data("team"))); !slices.Equal(got, []string{"team$1"}) {
		t.Error(got)
	}
}

// TestParallelism: as many calls at one time as the block says, and the owners in their order all the same.
func TestParallelism(t *testing.T) {
	files := tickets(30)
	var b strings.Builder
	for i := 1; i <= 30; i++ {
		b.WriteString(`{"UUID":"comment$` + strconv.Itoa(1000+i) + `","metaClass":"comment","text":"x","source":"serviceCall$` + strconv.Itoa(i) + `"}` + "\n")
	}
	files["comment.jsonl"] = b.String()
	for _, n := range []int{1, 4} {
		_, w := tenant(t, sandbox.Options{FS: dir(files)})
		var mu sync.Mutex
		now, peak := 0, 0
		count := func(d int) {
			mu.Lock()
			now += d
			peak = max(peak, now)
			mu.Unlock()
		}
		far := w.far
		w.far = roundTrip(func(r *http.Request) (*http.Response, error) {
			count(1)
			defer count(-1)
			for range 100 {
				runtime.Gosched() // the others get their turn
			}
			return far.RoundTrip(r)
		})
		src := source(t, w, map[string]plan.Value{"parallelism": int64(n), "rate": 1e6})
		var got []string
		for h, err := range src.Owned(t.Context(), comments(), owners(numbered("serviceCall", 30)...)) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, h.Owner)
			if len(h.Rows) != 1 || h.Rows[0].Owner != h.Owner {
				t.Errorf("%s has %v", h.Owner, keys(h.Rows))
			}
		}
		if !slices.Equal(got, numbered("serviceCall", 30)) || peak > n {
			t.Errorf("parallelism %d: %d at one time, owners %v", n, peak, got)
		}
	}
	// A failure and an interruption end it, whoever waits.
	_, w := tenant(t, sandbox.Options{FS: dir(files)})
	ctx, cancel := context.WithCancel(t.Context())
	w.answer = func(r *http.Request) (*http.Response, error) {
		if w.calls("comment") == 10 {
			cancel()
		}
		return nil, nil
	}
	var last error
	for _, err := range source(t, w, map[string]plan.Value{"parallelism": int64(4)}).Owned(ctx, comments(), owners(numbered("serviceCall", 30)...)) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Error(last)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestWindows: outside its windows a source waits for the next one, in the zone of the block.
func TestWindows(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse("2006-01-02 15:04", s) // UTC; Moscow is three hours ahead
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, c := range []struct{ window, now, want string }{
		{"20:00-06:00", "2026-03-02 12:00", "2026-03-02 17:00"}, // Monday, 15:00 there
		{"20:00-06:00", "2026-03-02 17:00", "2026-03-02 17:00"},
		{"20:00-06:00", "2026-03-02 23:30", "2026-03-02 23:30"}, // 02:30 there
		{"20:00-06:00", "2026-03-02 03:00", "2026-03-02 17:00"}, // 06:00 there: just over
		{"09:00-12:00", "2026-03-02 12:00", "2026-03-03 06:00"},
		{"20:00-06:00, sat", "2026-03-07 12:00", "2026-03-07 12:00"}, // a Saturday
		{"sun", "2026-03-02 12:00", "2026-03-07 21:00"},
		{"22:00-24:00", "2026-03-02 12:00", "2026-03-02 19:00"},
		{"", "2026-03-02 12:00", "2026-03-02 12:00"},
	} {
		clk := providertest.NewClock(at(c.now))
		var told []string
		_, w := tenant(t, sandbox.Options{FS: dir(tickets(1))})
		src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "window": c.window},
			itsm365.Config{Clock: clk, HTTP: w, Redact: transport.NewRedactor(), Waiting: func(u time.Time, why string) { told = append(told, why) }})
		if err != nil {
			t.Fatal(err)
		}
		var first time.Time
		w.answer = func(*http.Request) (*http.Response, error) {
			if first.IsZero() {
				first = clk.Now().UTC()
			}
			return nil, nil
		}
		mustRead(t, src, pages("serviceCall", "number"))
		if !first.Equal(at(c.want)) || (len(told) > 0) != (c.now != c.want) || len(told) > 1 || len(told) == 1 && told[0] != itsm365.OutsideWindow {
			t.Errorf("%q at %s: first call at %s, want %s; told %v", c.window, c.now, first, c.want, told)
		}
	}
}

// TestFilesStream: a file is never in memory as a whole.
func TestFilesStream(t *testing.T) {
	const size = 256 << 20
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		res := reply(r, 200, "application/octet-stream", "")
		res.Body, res.ContentLength = io.NopCloser(io.LimitReader(zeros{}, size)), size
		return res, nil
	}}
	var before, during runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := source(t, w, nil).OpenFile(t.Context(), "file$1")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, struct{ io.Reader }{c.Body})
	runtime.ReadMemStats(&during)
	if err != nil || n != size {
		t.Errorf("%d bytes, %v", n, err)
	}
	if grown := int64(during.TotalAlloc - before.TotalAlloc); grown > 8<<20 {
		t.Errorf("%d MB were allocated for a file of %d", grown>>20, size>>20)
	}
	if err := c.Body.Close(); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestTLS: an unknown certificate is refused, a named authority is trusted, and whoever wants none checked gets that.
func TestTLS(t *testing.T) {
	far, _ := tenant(t, sandbox.Options{FS: dir(tickets(1))})
	srv := httptest.NewTLSServer(far)
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	get := func(more map[string]plan.Value) error {
		args := map[string]plan.Value{"url": srv.URL + "/sd/services/rest", "access_key": key, "retries": int64(0)}
		for k, v := range more {
			args[k] = v
		}
		src, err := itsm365.New(args, itsm365.Config{Clock: newClock(), Redact: transport.NewRedactor()})
		if err != nil {
			return err
		}
		_, err = read(t.Context(), src, pages("serviceCall", "number"))
		return err
	}
	var unknown x509.UnknownAuthorityError
	if err := get(nil); !errors.As(err, &unknown) {
		t.Errorf("an unknown certificate: %v", err)
	}
	for name, args := range map[string]map[string]plan.Value{"ca_file": {"ca_file": ca}, "skip_tls_verify": {"skip_tls_verify": true}} {
		if err := get(args); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	proxied := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		proxied = r.Method + " " + r.Host
		rw.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	if err := get(map[string]plan.Value{"proxy": proxy.URL}); err == nil || !strings.HasPrefix(proxied, "CONNECT ") {
		t.Errorf("through a proxy: %q, %v", proxied, err)
	}
}

// TestPictureWithoutGet: where get is denied, the lists of files say whose a picture is (IT trap 3, 8.5 check 5).
func TestPictureWithoutGet(t *testing.T) {
	files := tickets(2)
	files["file.jsonl"] = `{"UUID":"file$7","metaClass":"file","title":"x.png","source":"serviceCall$1"}`
	files["files/7"] = "seven"
	_, w := tenant(t, sandbox.Options{FS: dir(files), Keys: map[string]sandbox.Profile{key: {DenyGet: []string{"*"}}}})
	src := source(t, w, nil)
	c, err := src.OpenPicture(t.Context(), "file$7", "serviceCall$2", "serviceCall$1")
	if err != nil || c.Owner != "serviceCall$1" || c.Name != "x.png" {
		t.Fatalf("%+v %v", c, err)
	}
	_ = c.Body.Close()
	if _, err := src.OpenPicture(t.Context(), "file$7", "serviceCall$2"); !errors.Is(err, plan.ErrNotFound) {
		t.Errorf("it is nobody's of them: %v", err)
	}
}

// TestInlineImages: more forms of addresses of pictures may be known (IT 2.6).
func TestInlineImages(t *testing.T) {
	src := source(t, &wire{}, map[string]plan.Value{"inline_images": []plan.Value{`/share\?id=1&f=(file\$\d+)`}})
	var got []string
	_, err := src.Pictures(plan.Row{JSON: []byte(`{"UUID":"serviceCall$1","text":"<img src=\"/share?id=1&amp;f=file$8\"> <img src='download?uuid=file$9'> <img src=https://else.example/file$10>"}`)},
		func(p plan.Picture) (string, bool, error) { got = append(got, p.Key); return p.Key, true, nil })
	if err != nil || !slices.Equal(got, []string{"file$8", "file$9"}) {
		t.Error(got, err)
	}
}
