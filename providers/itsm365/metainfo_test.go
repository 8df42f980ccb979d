package itsm365_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/metainfo"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/transport"
)

const acme = "../../fixtures/acme/itsm365"

var auto = map[string]plan.Value{"metainfo": "auto"}

// smpsync counts the calls of a sandbox beside the REST root.
func smpsync(far *sandbox.Server) int {
	n := 0
	for method, by := range far.Stats().Calls {
		if strings.HasPrefix(method, "smpsync/") {
			for _, k := range by {
				n += k
			}
		}
	}
	return n
}

// TestMetainfoOverHTTP: a superuser's key gets the export, whole; another one is told why not, with one call; nothing is
// written. Without "auto" nothing is asked.
func TestMetainfoOverHTTP(t *testing.T) {
	want, err := os.ReadFile(acme + "/metainfo.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		profile sandbox.Profile
		change  func(*sandbox.Options)
		says    string
	}{
		{"a superuser", sandbox.Profile{Superuser: true}, nil, ""},
		{"an ordinary key", sandbox.Profile{}, nil, "суперпользователя"},
		{"an ordinary key, told by a page", sandbox.Profile{}, func(o *sandbox.Options) { o.ErrorsAsHTML = true }, "суперпользователя"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := sandbox.Options{Dir: acme, Keys: map[string]sandbox.Profile{key: c.profile}}
			if c.change != nil {
				c.change(&o)
			}
			far, _ := tenant(t, o)
			srv := httptest.NewServer(far)
			defer srv.Close()
			src := source(t, &wire{far: http.DefaultTransport}, map[string]plan.Value{"url": srv.URL + "/sd/services/rest/", "metainfo": "auto"})
			body, err := src.AskMetainfo(t.Context())
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "ITSM 365 smpsync/metainfo: HTTP 500") || strings.Contains(err.Error(), key) {
					t.Error(err)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(body)
				if err := errors.Join(err, body.Close()); err != nil || string(got) != string(want) {
					t.Errorf("%d bytes, want %d; %v", len(got), len(want), err)
				}
			}
			st := far.Stats()
			if smpsync(far) != 1 || st.Calls["smpsync/metainfo"][""] != 1 || st.Writes != 0 || src.Calls() != 1 {
				t.Errorf("calls %v, %d writes", st.Calls, st.Writes)
			}
		})
	}

	far, w := tenant(t, sandbox.Options{Dir: acme, Keys: map[string]sandbox.Profile{key: {Superuser: true}}})
	src := source(t, w, nil)
	if src.Metainfo() != nil {
		t.Error("an export is there that nobody has named")
	}
	if _, err := src.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustRead(t, src, data("team"))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it asked")
			}
		}()
		_, _ = src.AskMetainfo(t.Context())
	}()
	if n := smpsync(far); n != 0 {
		t.Errorf("%d calls of smpsync", n)
	}
}

// TestMetainfoAnswers: what else may come; passing failures are tried again, others not.
func TestMetainfoAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		says   string
		calls  int
	}{
		"no such route":      {404, "<html>404 Not Found</html>", "HTTP 404: 404 Not Found", 1},
		"forbidden":          {403, "Нет прав", "HTTP 403: Нет прав", 1},
		"its own error page": {500, "<html><body>Ошибка</body></html>", "HTTP 500: Ошибка", 1},
		"a refused key":      {500, "ключ авторизации '" + key + "' не найден", "HTTP 500: ключ авторизации", 1},
		"overload":           {503, "<html>busy</html>", "HTTP 503", 3},
		"a redirect":         {302, "", "HTTP 302", 1},
	} {
		w := &wire{answer: func(r *http.Request) (*http.Response, error) { return reply(r, c.status, "text/html", c.body), nil }}
		_, err := source(t, w, map[string]plan.Value{"metainfo": "auto", "retries": int64(2)}).AskMetainfo(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), key) || len(w.sent) != c.calls || w.sent[0] != "GET /sd/services/smpsync/metainfo" {
			t.Errorf("%s: %v after %v", name, err, w.sent)
		}
	}
	// A login page comes as a good answer; whoever reads it says what it is.
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		return reply(r, 200, "text/html", "<html><form></form></html>"), nil
	}}
	body, err := source(t, w, auto).AskMetainfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := metainfo.Read(body); err == nil || !strings.Contains(err.Error(), "it is a web page") {
		t.Error(err)
	}
}

// TestMetainfoTakesItsTime: the service may think for longer than other calls may take.
func TestMetainfoTakesItsTime(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(1500 * time.Millisecond)
		_, _ = io.WriteString(w, "<metainfoContainer/>")
	}))
	defer srv.Close()
	src := source(t, &wire{far: http.DefaultTransport}, map[string]plan.Value{"url": srv.URL + "/rest", "metainfo": "auto", "timeout": int64(1), "retries": int64(0)})
	body, err := src.AskMetainfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := metainfo.Read(body); err != nil {
		t.Error(err)
	}
}

// TestMetainfoFile: the file is relative to the configuration's folder, and is read in the place of a call.
func TestMetainfoFile(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "m.xml"), []byte("<metainfoContainer>\n<tags><tag></tags></metainfoContainer>"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	make := func(args map[string]plan.Value) *itsm365.Source {
		args["url"], args["access_key"] = "https://acme.itsm365.com/api", key
		src, err := itsm365.New(args, itsm365.Config{Clock: newClock(), HTTP: w, Redact: transport.NewRedactor(), Dir: folder})
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	whole, err := filepath.Abs(acme + "/metainfo.xml")
	if err != nil {
		t.Fatal(err)
	}
	src := make(map[string]plan.Value{"metainfo": "auto", "metainfo_file": whole})
	sum, err := src.ReadMetainfo()
	if err != nil || len(sum.Events) != 5 || src.Metainfo().Asked() || src.Metainfo().From() != "metainfo.xml" {
		t.Errorf("%+v, %v", sum, err)
	}
	src = make(map[string]plan.Value{"metainfo_file": "m.xml"})
	if _, err := src.ReadMetainfo(); err == nil || !strings.HasPrefix(err.Error(), "provider itsm365: metainfo_file: "+filepath.Join(folder, "m.xml")+":2: the XML is broken: ") {
		t.Error(err)
	}
	src = make(map[string]plan.Value{"metainfo_file": "nothing.xml"})
	if _, err := src.ReadMetainfo(); err == nil || !strings.HasSuffix(err.Error(), filepath.Join(folder, "nothing.xml")+": no such file or directory") {
		t.Error(err)
	}
	if len(w.sent) != 0 {
		t.Errorf("it called %v", w.sent)
	}
}
