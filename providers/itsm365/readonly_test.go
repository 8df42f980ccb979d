package itsm365_test

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
)

// allowed are the calls that the client may make; everything else could write (IT 1.3, 8.4).
var allowed = regexp.MustCompile(`^(GET|POST) /sd/services/rest/((find|get|search|get-file)/[^/]|check-status$)`)

// Whatever the client is asked for, and whatever the texts of the tenant hold, it writes nothing and follows no link (IT 8.5, 7).
func TestNothingIsWritten(t *testing.T) {
	const dir = "../../fixtures/acme/itsm365"
	far, w := tenant(t, sandbox.Options{Dir: dir})
	src := source(t, w, nil)
	if _, err := src.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, class := range []string{"serviceCall", "employee", "objectBase", "negotiation", "category", "file", "root"} {
		if _, err := src.Describe(t.Context(), data(class)); err != nil {
			t.Fatal(err)
		}
		mustRead(t, src, data(class))
	}
	rows := mustRead(t, src, comments(), keys(mustRead(t, src, pages("serviceCall", "title")))...)
	if want := lines(t, dir+"/comment.jsonl", `"source":"serviceCall$`); len(rows) != want || want == 0 {
		t.Errorf("%d comments of tickets, want %d", len(rows), want)
	}
	if _, err := src.OpenFile(t.Context(), "file$1"); err == nil {
		t.Error("there is no file$1")
	}
	st := far.Stats()
	if st.Writes != 0 || st.LinkHits != 0 || st.KeysRefused != 0 {
		t.Errorf("%d writes, %d followed links, %d refused keys", st.Writes, st.LinkHits, st.KeysRefused)
	}
	for _, s := range w.sent {
		if !allowed.MatchString(s) {
			t.Errorf("it called %s", s)
		}
	}
}

// A name that leads somewhere else goes into no address: a server that decodes %2F could find a call that writes.
func TestNamesThatLeadElsewhere(t *testing.T) {
	w := &wire{answer: func(r *http.Request) (*http.Response, error) { return reply(r, 200, "application/json", "[]"), nil }}
	src := source(t, w, nil)
	for _, name := range []string{"", ".", "..", "../edit/serviceCall$1", "serviceCall/../../delete/serviceCall$1", `..\delete`, "a?accessKey=b", "a#b", "a%2Fb", "a b", "a;b", "file$1/", "serviceCall$1\n"} {
		if _, err := src.Describe(t.Context(), data(name)); err == nil || !strings.Contains(err.Error(), "class") {
			t.Errorf("describe %q: %v", name, err)
		}
		if _, err := read(t.Context(), src, data(name)); err == nil || !strings.Contains(err.Error(), "class") {
			t.Errorf("read %q: %v", name, err)
		}
		if _, err := src.OpenFile(t.Context(), name); err == nil {
			t.Errorf("open %q: no error", name)
		}
	}
	if len(w.sent) != 0 {
		t.Errorf("it called %v", w.sent)
	}
}

// The type of an object comes from the tenant, and is no way to another address either.
func TestTypesThatLeadElsewhere(t *testing.T) {
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("offset") != "0" {
			return reply(r, 200, "application/json", "[]"), nil
		}
		if r.URL.Query().Get("limit") == "1" {
			return reply(r, 200, "application/json", `[{"UUID":"ou$1","metaClass":"ou$ou"}]`), nil
		}
		return reply(r, 200, "application/json", `[{"UUID":"ou$1","metaClass":"ou$ou"},{"UUID":"ou$2","metaClass":"ou$x/../../delete/ou$1"},{"UUID":"ou$3","metaClass":"../delete/ou$1"}]`), nil
	}}
	src := source(t, w, nil)
	if _, err := src.Describe(t.Context(), data("ou")); err != nil {
		t.Fatal(err)
	}
	if rows := mustRead(t, src, data("ou")); len(rows) != 3 {
		t.Errorf("%d rows", len(rows))
	}
	for _, s := range w.sent {
		if s != "POST /sd/services/rest/find/ou" {
			t.Errorf("it called %s", s)
		}
	}
}

// Redirects are not followed: not to a call that writes, and not with the key to another host.
func TestRedirectIsNotFollowed(t *testing.T) {
	for _, to := range []string{"/sd/services/rest/delete/ou$1", "https://elsewhere.example/collect"} {
		w := &wire{answer: func(r *http.Request) (*http.Response, error) {
			res := reply(r, 307, "text/html", "")
			res.Header.Set("Location", to)
			return res, nil
		}}
		src := source(t, w, nil)
		_, found := read(t.Context(), src, pages("ou", "title"))
		_, opened := src.OpenFile(t.Context(), "file$1")
		_, checked := src.Check(t.Context())
		if found == nil || opened == nil || checked == nil || len(w.sent) != 3 {
			t.Errorf("to %s: %v, %v, %v after %v", to, found, opened, checked, w.sent)
		}
	}
}

// Comments are read owner by owner, in the owners' order; private ones say so, and the system has no author (IT 2.7).
func TestCommentsOfOwners(t *testing.T) {
	files := tickets(3)
	files["employee.jsonl"] = `{"UUID":"employee$513","metaClass":"employee$employee","title":"Петров"}`
	files["comment.jsonl"] = `
{"UUID":"comment$101","metaClass":"comment","text":"a","source":"serviceCall$2","author":"employee$513","private":true,"creationDate":"2026-03-02T07:00:00Z"}
{"UUID":"comment$102","metaClass":"comment","text":"b","source":"serviceCall$1","author":null}
{"UUID":"comment$103","metaClass":"comment","text":"2026.03.02","source":"serviceCall$2","files":["file$7"]}
{"UUID":"comment$104","metaClass":"comment","text":"d","source":"serviceCall$2"}`
	files["file.jsonl"] = `{"UUID":"file$7","metaClass":"file","title":"x.txt","source":"comment$103"}`
	for _, size := range []int64{500, 1} {
		far, w := tenant(t, sandbox.Options{FS: dir(files)})
		rows := mustRead(t, source(t, w, map[string]plan.Value{"page_size": size}), comments(), "serviceCall$3", "serviceCall$2", "serviceCall$1")
		var got []string
		for _, r := range rows {
			got = append(got, r.Owner+" "+r.Key)
		}
		want := []string{"serviceCall$2 comment$101", "serviceCall$2 comment$103", "serviceCall$2 comment$104", "serviceCall$1 comment$102"}
		if !slices.Equal(got, want) {
			t.Fatalf("pages of %d: %v", size, got)
		}
		internal, system, third := values(t, rows[0]), values(t, rows[3]), values(t, rows[1])
		if author, _ := internal["author"].(map[string]any); internal["private"] != true || author["UUID"] != "employee$513" || internal["creationDate"] != "2026-03-02T07:00:00Z" {
			t.Errorf("internal: %v", internal)
		}
		if v, ok := system["author"]; !ok || v != nil || system["private"] != false {
			t.Errorf("system: %v", system)
		}
		if list, _ := third["files"].([]any); len(list) != 1 || third["text"] != "2026.03.02" {
			t.Errorf("with a file: %v", third)
		}
		if far.Stats().Writes != 0 {
			t.Error("it wrote")
		}
	}
}

// The filter of a block holds for every owner's list as well.
func TestFilterAndOwner(t *testing.T) {
	files := tickets(2)
	files["comment.jsonl"] = `
{"UUID":"comment$101","metaClass":"comment","text":"a","source":"serviceCall$1","private":true}
{"UUID":"comment$102","metaClass":"comment","text":"b","source":"serviceCall$1"}
{"UUID":"comment$103","metaClass":"comment","text":"c","source":"serviceCall$2"}`
	_, w := tenant(t, sandbox.Options{FS: dir(files)})
	d := comments()
	filter := map[string]plan.Value{"private": false}
	d.Args["filter"] = filter
	if got := keys(mustRead(t, source(t, w, nil), d, "serviceCall$1", "serviceCall$2")); !slices.Equal(got, []string{"comment$102", "comment$103"}) {
		t.Error(got)
	}
	if len(filter) != 1 {
		t.Errorf("the block's filter is now %v", filter)
	}
}

// The owners' own error, and a failure at one owner, end the read; what came before was given.
func TestOwnerFails(t *testing.T) {
	files := tickets(2)
	files["comment.jsonl"] = `
{"UUID":"comment$101","metaClass":"comment","text":"a","source":"serviceCall$1"}
{"UUID":"comment$102","metaClass":"comment","text":"b","source":"serviceCall$2"}`
	far, w := tenant(t, sandbox.Options{FS: dir(files)})
	src := source(t, w, nil)
	bad := errors.New("the cache is gone")
	var got []string
	for row, err := range src.Rows(t.Context(), comments(), func(yield func(string, error) bool) {
		_ = yield("serviceCall$1", nil) && yield("", bad) && yield("serviceCall$2", nil)
	}) {
		if err != nil && !errors.Is(err, bad) {
			t.Error(err)
		}
		got = append(got, row.Key)
	}
	if !slices.Equal(got, []string{"comment$101", ""}) {
		t.Errorf("%q", got)
	}
	// The first owner takes two calls, so that the second meets the fault.
	if err := far.AddFaults(sandbox.Fault{Kind: "key", Method: "find", Class: "comment", After: 2}); err != nil {
		t.Fatal(err)
	}
	rows, err := read(t.Context(), src, comments(), "serviceCall$1", "serviceCall$2")
	if !errors.Is(err, itsm365.ErrKey) || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// The bytes of a file, whatever they are, with the type that the service gives them.
func TestOpenFile(t *testing.T) {
	const login = `<html><form action="/sd/login"></form></html>`
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{
		"file.jsonl": `
{"UUID":"file$1","metaClass":"file","title":"Счёт.txt","mimeType":"text/plain"}
{"UUID":"file$2","metaClass":"file","title":"empty.bin"}
{"UUID":"file$3","metaClass":"file","title":"login.html","mimeType":"text/html;charset=UTF-8"}
{"UUID":"file$4","metaClass":"file","title":"lost.bin"}`,
		"files/1": "сумма", "files/2": "", "files/3": login})})
	src := source(t, w, nil)
	for _, c := range []struct{ key, body, typ string }{
		{"file$1", "сумма", "text/plain"}, {"file$2", "", "application/octet-stream"}, {"file$3", login, "text/html"},
	} {
		f, err := src.OpenFile(t.Context(), c.key)
		if err != nil {
			t.Errorf("%s: %v", c.key, err)
			continue
		}
		body, err := io.ReadAll(f.Body)
		if err != nil || string(body) != c.body || f.Type != c.typ {
			t.Errorf("%s: %q of type %s, %v", c.key, body, f.Type, err)
		}
		if err := f.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	for key, want := range map[string]string{"file$4": "Содержимое файла file$4 не найдено", "file$5": "Объект не найден: file$5"} {
		if _, err := src.OpenFile(t.Context(), key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
	// The session's login page in place of the file is no attachment.
	w.answer = func(r *http.Request) (*http.Response, error) { return reply(r, 200, "text/html", login), nil }
	if _, err := src.OpenFile(t.Context(), "file$1"); err == nil || !strings.Contains(err.Error(), "login page instead of the file") {
		t.Error(err)
	}
}

// check says what the key sees, and fails when the address or the key is wrong.
func TestCheck(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office), Keys: map[string]sandbox.Profile{key: {HiddenClasses: []string{"team"}}}})
	facts, err := source(t, w, nil).Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"reachable", "server time zone set to Europe/Moscow", "sees serviceCall", "sees employee", "team is empty or hidden from the key", "problem is empty or hidden from the key"} {
		if !slices.Contains(facts, want) {
			t.Errorf("%q is not among %q", want, facts)
		}
	}

	_, w = tenant(t, sandbox.Options{FS: dir(office), Keys: map[string]sandbox.Profile{"another": {}}})
	if _, err := source(t, w, nil).Check(t.Context()); !errors.Is(err, itsm365.ErrKey) || len(w.sent) != 2 {
		t.Errorf("a wrong key: %v after %v", err, w.sent)
	}

	w = &wire{answer: func(r *http.Request) (*http.Response, error) {
		return reply(r, 200, "text/html", "<!DOCTYPE html><html>Welcome</html>"), nil
	}}
	if _, err := source(t, w, nil).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "a web page answers") || len(w.sent) != 1 {
		t.Errorf("a wrong host: %v after %v", err, w.sent)
	}

	// REST answers, and refuses every class.
	w = &wire{answer: func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "check-status") {
			return reply(r, 200, "text/plain", "Operation completed successfully"), nil
		}
		return reply(r, 403, "text/plain", "Нет прав"), nil
	}}
	if _, err := source(t, w, nil).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "no class can be read: ") || !strings.Contains(err.Error(), "Нет прав") {
		t.Errorf("no rights: %v", err)
	}
}

// check-status needs no key, and gets none (IT 2.8).
func TestCheckStatusHasNoKey(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office)})
	if _, err := source(t, w, nil).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.urls[0], key) || !strings.HasSuffix(w.urls[0], "/sd/services/rest/check-status") || !strings.Contains(w.urls[1], "accessKey="+key) {
		t.Errorf("it called %v", w.urls[:2])
	}
}
