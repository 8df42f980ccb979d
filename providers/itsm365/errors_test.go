package itsm365_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/transport"
)

// The service answers most failures with 500 and a text; the text says whether trying again is any use (IT 1.4).
func TestErrorTexts(t *testing.T) {
	const page = "<!DOCTYPE html><html><head><title>x</title></head><body><h1>%s</h1></body></html>"
	for _, c := range []struct {
		name   string
		status int
		mime   string
		body   string
		want   string // in the error
		key    bool   // it is ErrKey
		calls  int
	}{
		{"wrong key", 500, "text/plain", "Ошибка: ключ авторизации '" + key + "' не найден", "ITSM 365 does not take the access key", true, 1},
		{"wrong key, capitals", 500, "text/plain", "Ключ авторизации Не Найден", "ITSM 365 does not take the access key", true, 1},
		{"wrong key, a page", 500, "text/html", fmt.Sprintf(page, "ключ авторизации &#39;"+key+"&#39; не найден"), "ITSM 365 does not take the access key", true, 1},
		{"401", 401, "text/plain", "", "ITSM 365 does not take the access key", true, 1},
		{"no rights", 403, "text/plain", "Нет прав на просмотр", "HTTP 403: Нет прав на просмотр", false, 1},
		{"no rights, 500", 500, "text/plain", "Недостаточно прав для выполнения действия", "Недостаточно прав для выполнения действия", false, 1},
		{"licence", 500, "text/plain", "Превышено количество лицензий", "Превышено количество лицензий", false, 1},
		{"unknown class", 500, "text/plain", "Метакласс 'shop' не найден", "Метакласс 'shop' не найден", false, 1},
		{"not there, a page", 500, "text/html", fmt.Sprintf(page, "Объект не найден: shop$1"), "Объект не найден: shop$1", false, 1},
		{"no such address", 404, "text/html", fmt.Sprintf(page, "404 Not Found"), "HTTP 404: x 404 Not Found", false, 1},
		{"bad request", 400, "text/plain", "bad filter", "HTTP 400: bad filter", false, 1},
		{"an unknown failure, a page", 500, "text/html", fmt.Sprintf(page, "oops"), "HTTP 500: x oops", false, 6},
		{"500 without a word", 500, "text/plain", "", "HTTP 500: (no text)", false, 6},
		{"the proxy is busy", 502, "text/html", fmt.Sprintf(page, "nginx"), "HTTP 502: x nginx", false, 6},
		{"maintenance", 503, "text/plain", "try later", "HTTP 503: try later", false, 6},
		{"too many", 429, "text/plain", "slow down", "HTTP 429: slow down", false, 6},
		{"a login page", 200, "text/html", `<html><form action="/sd/login"></form></html>`, "HTML where JSON was due", false, 6},
		{"nothing", 200, "application/json", "", "the answer is empty where JSON was due", false, 6},
		{"half of it", 200, "application/json", `[{"UUID":"shop$1"},{"UU`, "no JSON or was truncated", false, 6},
		{"no list", 200, "application/json", `{"UUID":"shop$1"}`, "the answer is no list of objects", false, 1},
		{"null", 200, "application/json", "null", "the answer is no list of objects", false, 1},
		{"an empty envelope", 200, "application/json", `{"value":null,"Count":0}`, "the answer is no list of objects", false, 1},
		{"a wrong host", 302, "text/html", "", "sends on to https://elsewhere.example; write the one that answers itself as url", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &wire{answer: func(r *http.Request) (*http.Response, error) {
				res := reply(r, c.status, c.mime, c.body)
				if c.status == 302 {
					res.Header.Set("Location", "https://elsewhere.example/sd/login?back=accessKey%3D"+key)
				}
				return res, nil
			}}
			// Whole objects, as a catalog that nobody knows is read: with attrs, a text is answered by asking for none.
			_, err := source(t, w, nil).Describe(t.Context(), data("shop"))
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, itsm365.ErrKey) != c.key {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the key is in it: %v", err)
			}
			if len(w.sent) != c.calls {
				t.Errorf("%d calls, want %d", len(w.sent), c.calls)
			}
		})
	}
}

// An array in the envelope that one client has met is a list (IT 1.4).
func TestEnvelope(t *testing.T) {
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("offset") != "0" {
			return reply(r, 200, "application/json", `{"value":[],"Count":0}`), nil
		}
		return reply(r, 200, "application/json", `{"value":[{"UUID":"shop$1"}],"Count":1}`), nil
	}}
	if got := keys(mustRead(t, source(t, w, nil), pages("shop", "title"))); len(got) != 1 || got[0] != "shop$1" {
		t.Error(got)
	}
}

// Retry-After is obeyed, on the source's own clock.
func TestRetryAfter(t *testing.T) {
	far, w := tenant(t, sandbox.Options{FS: dir(tickets(1))})
	if err := far.AddFaults(sandbox.Fault{Kind: "status", Method: "find", Status: 503, RetryAfter: 90}); err != nil {
		t.Fatal(err)
	}
	c := newClock()
	src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key},
		itsm365.Config{Clock: c, HTTP: w, Redact: transport.NewRedactor()})
	if err != nil {
		t.Fatal(err)
	}
	begin := c.Now()
	mustRead(t, src, pages("serviceCall", "number"))
	if waited := c.Now().Sub(begin); waited < 90*time.Second {
		t.Errorf("waited %s", waited)
	}
}

// Calls keep the rate, on the source's own clock: two a second by default (IT 1.5).
func TestRate(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(9))})
	c := newClock()
	src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "page_size": int64(1)},
		itsm365.Config{Clock: c, HTTP: w, Redact: transport.NewRedactor()})
	if err != nil {
		t.Fatal(err)
	}
	begin := c.Now()
	mustRead(t, src, pages("serviceCall", "number"))
	if took, n := c.Now().Sub(begin), len(w.sent); took < time.Duration(n-1)*500*time.Millisecond {
		t.Errorf("%d calls in %s", n, took)
	}
}

// A key that is wrong from the start stops everything within one call (IT 8.5, 4).
func TestWrongKeyStopsAtOnce(t *testing.T) {
	for _, html := range []bool{false, true} {
		far, w := tenant(t, sandbox.Options{FS: dir(tickets(3)), Keys: map[string]sandbox.Profile{"another": {}}, ErrorsAsHTML: html})
		for _, d := range []plan.Data{data("serviceCall"), pages("serviceCall", "number")} {
			before := far.Stats().KeysRefused
			if _, err := read(t.Context(), source(t, w, nil), d); !errors.Is(err, itsm365.ErrKey) {
				t.Error(err)
			}
			if n := far.Stats().KeysRefused - before; n != 1 {
				t.Errorf("%d calls with a wrong key", n)
			}
		}
	}
}

// A key that dies after one call, or at an hour, stops the read with ErrKey and not with fewer rows.
func TestKeyDiesOnTheWay(t *testing.T) {
	for name, p := range map[string]sandbox.Profile{"one shot": {OneShot: true}, "expired": {Expires: newClock().Now().Add(time.Minute)}} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			_, w := tenant(t, sandbox.Options{FS: dir(tickets(9)), Keys: map[string]sandbox.Profile{key: p}, Clock: c})
			src := source(t, w, map[string]plan.Value{"page_size": int64(2)})
			n := 0
			var last error
			for _, err := range src.Rows(t.Context(), pages("serviceCall", "number"), nil) {
				if last = err; err == nil {
					n++
				}
				_ = c.Sleep(t.Context(), 20*time.Second)
			}
			if n == 0 || n == 9 || !errors.Is(last, itsm365.ErrKey) {
				t.Errorf("%d rows, then %v", n, last)
			}
		})
	}
}

// The server refuses a POST: the filter goes into the path, and the next call does so at once (IT 1.3).
func TestFilterInThePath(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(5))})
	w.answer = func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			return reply(r, 405, "text/html", "<html>Method Not Allowed</html>"), nil
		}
		return nil, nil
	}
	d := pages("serviceCall", "number")
	d.Args["filter"] = map[string]plan.Value{"title": "3"}
	src := source(t, w, nil)
	for range 2 {
		if got := keys(mustRead(t, src, d)); len(got) != 1 || got[0] != "serviceCall$3" {
			t.Error(got)
		}
	}
	if n := w.calls("POST"); n != 1 {
		t.Errorf("%d POSTs: %v", n, w.sent)
	}
	if n := w.calls(`GET /sd/services/rest/find/serviceCall/{"title":"3"}`); n != 4 {
		t.Errorf("%d GETs with the filter: %v", n, w.sent)
	}
}

// A server that refuses attributes altogether is read without any, found out once for all owners (IT 2.7, 8.2).
func TestAllAttributesRefused(t *testing.T) {
	files := tickets(3)
	files["comment.jsonl"] = `
{"UUID":"comment$101","metaClass":"comment","text":"a","source":"serviceCall$1"}
{"UUID":"comment$102","metaClass":"comment","text":"b","source":"serviceCall$2"}`
	_, w := tenant(t, sandbox.Options{FS: dir(files)})
	w.answer = func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "comment") && r.URL.Query().Has("attrs") {
			return reply(r, 500, "text/plain", "Внутренняя ошибка"), nil
		}
		return nil, nil
	}
	d := comments()
	d.Args["attrs"] = []plan.Value{"text", "author"}
	rows := mustRead(t, source(t, w, nil), d, "serviceCall$1", "serviceCall$2", "serviceCall$3")
	if len(rows) != 2 || values(t, rows[1])["text"] != "b" {
		t.Errorf("%v", rows)
	}
	if n := w.calls("find/comment"); n != 2+2+2+1 { // the refused one, twice, a page and an end for two, nothing for the third
		t.Errorf("%d calls", n)
	}
}

// An error inside of the service that passes looks like a refusal: the page is asked for once more, and nothing is read otherwise
// than before. One that stays ends the read of a list; whole objects in bulk are no way round it.
func TestErrorInsideTheService(t *testing.T) {
	files := tickets(9)
	files["comment.jsonl"] = `{"UUID":"comment$101","metaClass":"comment","text":"a","source":"serviceCall$1"}`
	for _, c := range []struct {
		name  string
		d     plan.Data
		times int
		want  string
	}{
		{"a list, once", pages("serviceCall", "number", "title"), 1, ""},
		{"a list, for good", pages("serviceCall", "number", "title"), 1000, "NullPointerException"},
		{"comments, once", func() plan.Data { d := comments(); d.Args["attrs"] = []plan.Value{"text"}; return d }(), 1, ""},
	} {
		_, w := tenant(t, sandbox.Options{FS: dir(files)})
		left := c.times
		w.answer = func(r *http.Request) (*http.Response, error) {
			if left--; left >= 0 && r.URL.Query().Get("limit") != "1" {
				return reply(r, 500, "text/plain", "java.lang.NullPointerException"), nil
			}
			return nil, nil
		}
		_, err := read(t.Context(), source(t, w, map[string]plan.Value{"page_size": int64(4)}), c.d, "serviceCall$1", "serviceCall$2")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, u := range w.urls {
			if !strings.Contains(u, "attrs=") {
				t.Errorf("%s: whole objects: %s", c.name, u)
			}
		}
	}
}

// TestWholeObjectsAreLight: where objects have to be read whole, back-links and what is never asked for do not stay (trap 11).
func TestWholeObjectsAreLight(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{"employee.jsonl": `{"UUID":"employee$1","metaClass":"employee","title":"Ann","email":"a@b.example","password":"x","votes":[],"own":"1"}`})})
	w.answer = func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("attrs") {
			return reply(r, 500, "text/plain", "no attrs"), nil
		}
		return nil, nil
	}
	rows := mustRead(t, source(t, w, nil), pages("employee", "title", "email"))
	if v := values(t, rows[0]); len(rows) != 1 || v["own"] != "1" || v["password"] != nil || v["votes"] != nil {
		t.Errorf("%v", v)
	}
	d := pages("employee", "title")
	delete(d.Args, "attrs")
	d.Args["whole"] = true
	if v := values(t, mustRead(t, source(t, w, nil), d)[0]); v["votes"] == nil {
		t.Errorf("a block that wants whole objects: %v", v)
	}
}

// A server that refuses an attribute which it does not have gets the others of a list, whether it says which one or not; whole
// objects are never read in bulk for it (IT 2.1, trap 11).
func TestUnknownAttributeOfAList(t *testing.T) {
	for _, silent := range []bool{false, true} {
		_, w := tenant(t, sandbox.Options{FS: dir(tickets(9)), UnknownAttr: sandbox.Refuse})
		w.answer = func(r *http.Request) (*http.Response, error) {
			if silent && strings.Contains(r.URL.Query().Get("attrs"), "mood") {
				return reply(r, 500, "text/plain", "Внутренняя ошибка"), nil
			}
			return nil, nil
		}
		rows := mustRead(t, source(t, w, map[string]plan.Value{"page_size": int64(4)}), pages("serviceCall", "number", "mood", "title"))
		if len(rows) != 9 || len(values(t, rows[8])) != 4 || values(t, rows[8])["number"] == nil {
			t.Errorf("silent %v: %d rows, %v", silent, len(rows), values(t, rows[8]))
		}
		refused := 0
		for _, u := range w.urls {
			q, err := url.Parse(u)
			if err != nil {
				t.Fatal(err)
			}
			if !q.Query().Has("attrs") && q.Query().Get("limit") != "1" {
				t.Errorf("silent %v: whole objects in bulk: %s", silent, u)
			}
			if strings.Contains(u, "mood") {
				refused++
			}
		}
		if refused != 3 { // twice with the others, once alone
			t.Errorf("silent %v: asked %d times for it: %v", silent, refused, w.urls)
		}
	}
}

// A server that refuses an attribute is read without it, found out once for all owners (IT 2.7, 8.2).
func TestAttributesRefused(t *testing.T) {
	files := tickets(3)
	files["comment.jsonl"] = `
{"UUID":"comment$101","metaClass":"comment","text":"a","source":"serviceCall$1"}
{"UUID":"comment$102","metaClass":"comment","text":"b","source":"serviceCall$2"}
{"UUID":"comment$103","metaClass":"comment","text":"c","source":"serviceCall$3"}`
	_, w := tenant(t, sandbox.Options{FS: dir(files), UnknownAttr: sandbox.Refuse})
	d := comments()
	d.Args["attrs"] = []plan.Value{"text", "mood"}
	rows := mustRead(t, source(t, w, nil), d, "serviceCall$1", "serviceCall$2", "serviceCall$3")
	if len(rows) != 3 || values(t, rows[2])["text"] != "c" {
		t.Errorf("%v", rows)
	}
	if n := w.calls("find/comment"); n != 3+3*2 { // the refused one, twice, and alone, and a page and an end for each
		t.Errorf("%d calls", n)
	}
}

// What refuses with and without attributes says why it refused first.
func TestRefusalKeepsItsText(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(tickets(1))})
	_, err := read(t.Context(), source(t, w, nil), pages("shop", "title"))
	if err == nil || !strings.Contains(err.Error(), "read shop: ITSM 365 find/shop: HTTP 500: Метакласс 'shop' не найден") {
		t.Error(err)
	}
}

// Wherever a call fails, the key is in no error, in no log and in nothing that an error wraps.
func TestKeyInNoErrorAndNoLog(t *testing.T) {
	answers := map[string]func(*http.Request) (*http.Response, error){
		"echoed": func(r *http.Request) (*http.Response, error) {
			return reply(r, 500, "text/plain", "cannot read "+r.URL.String()+" for "+key), nil
		},
		"echoed in a page": func(r *http.Request) (*http.Response, error) {
			return reply(r, 503, "text/html", "<html><a href='"+r.URL.String()+"'>"+key+"</a></html>"), nil
		},
		"no connection": func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("dial " + r.URL.String())
		},
		"breaks off": func(r *http.Request) (*http.Response, error) {
			res := reply(r, 200, "application/json", "")
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader("["), broken{errors.New("read " + r.URL.String())}))
			return res, nil
		},
		"a login page": func(r *http.Request) (*http.Response, error) {
			return reply(r, 200, "text/html", "<html>login "+key+"</html>"), nil
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key}, itsm365.Config{
				Clock: newClock(), HTTP: &wire{answer: answer}, Redact: transport.NewRedactor(),
				Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log}),
			})
			if err != nil {
				t.Fatal(err)
			}
			_, found := read(t.Context(), src, pages("serviceCall", "number"))
			_, described := src.Describe(t.Context(), data("serviceCall"))
			file, opened := src.OpenFile(t.Context(), "file$1")
			if opened == nil { // a body that breaks off says so where it is read
				_, opened = io.ReadAll(file.Body)
			}
			_, checked := src.Check(t.Context())
			for i, err := range []error{found, described, opened, checked} {
				if err == nil {
					t.Errorf("call %d: no error", i)
				}
				for ; err != nil; err = errors.Unwrap(err) {
					if strings.Contains(fmt.Sprintf("%v %+v", err, err), key) {
						t.Errorf("call %d: the key is in %v", i, err)
					}
				}
			}
			if strings.Contains(log.String(), key) {
				t.Errorf("the key is in the log: %s", log.String())
			}
		})
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// A provider block that cannot work is refused before the first call, and the refusal shows no secret.
func TestNew(t *testing.T) {
	const url = "https://acme.itsm365.com/sd/services/rest"
	for _, c := range []struct {
		name string
		args map[string]plan.Value
		want string // "" for none
	}{
		{"all defaults", map[string]plan.Value{"url": url, "access_key": key}, ""},
		{"a slash at the end", map[string]plan.Value{"url": url + "/", "access_key": key}, ""},
		{"whole numbers", map[string]plan.Value{"url": url, "access_key": key, "rate": int64(4), "page_size": 7.0}, ""},
		{"no url", map[string]plan.Value{"access_key": key}, `url "" is no address`},
		{"no scheme", map[string]plan.Value{"url": "acme.itsm365.com/sd/services/rest", "access_key": key}, "is no address"},
		{"another scheme", map[string]plan.Value{"url": "ftp://acme.itsm365.com/", "access_key": key}, "is no address"},
		{"a copied call", map[string]plan.Value{"url": url + "/find/ou?accessKey=" + key, "access_key": key}, "url has more than an address in it"},
		{"a password", map[string]plan.Value{"url": "https://admin:" + key + "@acme.itsm365.com/sd/services/rest", "access_key": key}, "url has more than an address in it"},
		{"no key", map[string]plan.Value{"url": url, "access_key": ""}, "access_key is empty"},
		{"unknown zone", map[string]plan.Value{"url": url, "access_key": key, "time_zone": "Moscow"}, `time_zone "Moscow" is not known`},
		{"no rate", map[string]plan.Value{"url": url, "access_key": key, "rate": 0.0}, "rate 0 is no rate"},
		{"no page", map[string]plan.Value{"url": url, "access_key": key, "page_size": int64(0)}, "page_size 0 is no page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := itsm365.New(c.args, itsm365.Config{Clock: newClock(), HTTP: &wire{}, Redact: transport.NewRedactor()})
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), key) {
				t.Errorf("the key is in it: %v", err)
			}
		})
	}
}
