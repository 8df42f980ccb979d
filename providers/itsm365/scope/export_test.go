package scope_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/scope"
	"deskform/providers/transport"
)

// lookWith runs a survey of the desk by hand, with the example's configuration export, over HTTP with arguments of the
// provider block; change wraps the service.
func lookWith(t *testing.T, profile sandbox.Profile, args map[string]plan.Value, change func(http.Handler) http.Handler) (*scope.Document, *sandbox.Server, error) {
	t.Helper()
	c := newClock()
	text, err := fs.ReadFile(acme(), "metainfo.xml")
	if err != nil {
		t.Fatal(err)
	}
	desk := data(small).(fstest.MapFS)
	desk["metainfo.xml"] = &fstest.MapFile{Data: text}
	far, err := sandbox.New(sandbox.Options{FS: desk, Keys: map[string]sandbox.Profile{key: profile}, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	handler := http.Handler(far)
	if change != nil {
		handler = change(far)
	}
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	all := map[string]plan.Value{"url": srv.URL + "/sd/services/rest", "access_key": key, "rate": 100000.0}
	for k, v := range args {
		all[k] = v
	}
	red := transport.NewRedactor()
	src, err := itsm365.New(all, itsm365.Config{Clock: c, Redact: red})
	if err != nil {
		t.Fatal(err)
	}
	d, err := scope.Run(t.Context(), src, scope.Options{Host: "acme.itsm365.com", Zone: moscow(t), Rate: 2, PageSize: 500, Share: 0.5, Hide: red.Text})
	return d, far, err
}

// smpsync is the calls of a sandbox beside the REST root, and those of them that were refused.
func smpsync(far *sandbox.Server) (asked, refused int) {
	st := far.Stats()
	for method := range st.Calls {
		if strings.HasPrefix(method, "smpsync/") {
			for _, n := range st.Calls[method] {
				asked += n
			}
			for status, n := range st.StatusesBy[method] {
				if status >= 400 {
					refused += n
				}
			}
		}
	}
	return asked, refused
}

// renderings are the document in every form and language.
func renderings(t *testing.T, d *scope.Document) map[string]string {
	t.Helper()
	out := map[string]string{"json": inJSON(t, d)}
	for _, lang := range []string{scope.English, scope.Russian} {
		var md, html bytes.Buffer
		if err := scope.Markdown(&md, d, lang); err != nil {
			t.Fatal(err)
		}
		if err := scope.HTML(&html, d, lang); err != nil {
			t.Fatal(err)
		}
		out[lang+".md"], out[lang+".html"] = md.String(), html.String()
	}
	return out
}

var asksAgain = []string{"ask for the metainfo file", "запросите файл метаинформации", "likewise", "так же"}

// TestMetainfo: with the export, by a call or from a file, the inventory has counts; nothing of scripts, messages, addresses
// or keys is in any rendering.
func TestMetainfo(t *testing.T) {
	file, err := filepath.Abs("../../../fixtures/acme/itsm365/metainfo.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		profile sandbox.Profile
		args    map[string]plan.Value
		asked   int
		from    string
		en, ru  string
	}{
		{"a call", sandbox.Profile{Superuser: true}, map[string]plan.Value{"metainfo": "auto"}, 1, `"from":"call","name":"smpsync/metainfo"`,
			"From the service (smpsync/metainfo), with a superuser's key: date 2026-10-30T06:12:44.120Z, version 4.12.0.7, export full.", "Из сервиса (smpsync/metainfo), с ключом суперпользователя: дата 2026-10-30T06:12:44.120Z, версия 4.12.0.7, выгрузка полная."},
		{"a file", sandbox.Profile{}, map[string]plan.Value{"metainfo_file": file}, 0, `"from":"file","name":"metainfo.xml"`,
			"From the file metainfo.xml: date 2026-10-30T06:12:44.120Z, version 4.12.0.7, export full.", "Из файла metainfo.xml: дата 2026-10-30T06:12:44.120Z, версия 4.12.0.7, выгрузка полная."},
		{"both: the file wins", sandbox.Profile{Superuser: true}, map[string]plan.Value{"metainfo_file": file, "metainfo": "auto"}, 0, `"from":"file"`, "From the file metainfo.xml", "Из файла metainfo.xml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, far, err := lookWith(t, c.profile, c.args, nil)
			if err != nil {
				t.Fatal(err)
			}
			if asked, refused := smpsync(far); asked != c.asked || refused != 0 || far.Stats().Writes != 0 {
				t.Errorf("%d calls, %d refused", asked, refused)
			}
			if d.Metainfo == nil {
				t.Fatal("there is none")
			}
			got := inJSON(t, d.Metainfo)
			for _, want := range []string{
				c.from, `"date":"2026-10-30T06:12:44.120Z","mode":"full","version":"4.12.0.7"`, `{"code":"Zadachi","title":"Задачи"}`, `{"code":"kanboard","title":"`,
				`{"class":"serviceCall$complaint","states":8,"transitions":12}`, `"event_actions_by_class":[{"name":"serviceCall","n":4},{"name":"task","n":2}]`,
				`"event_actions_by_kind":[{"name":"notification","n":2},{"name":"script","n":2},{"name":"push-mobile","n":1}]`,
				`{"code":"task","title":"Схема по решению задачи","classes":["task"],"levels":[70,100],"actions":0}`,
				`"off":true,"classes":["negotiation"],"levels":[70,100],"actions":0}`, `{"id":"types","n":6},{"id":"attributes","n":5},{"id":"event_actions","n":5},{"id":"notifications","n":3},{"id":"events_off","n":1}`,
				`{"id":"transfers","n":3}`,
			} {
				if !strings.Contains(got, want) {
					t.Errorf("%s is not in it", want)
				}
			}
			tail := d.Inventory[len(d.Inventory)-9:]
			if got := inJSON(t, tail); got != `[{"id":"states","n":21},{"id":"transitions","n":30},{"id":"event_actions","n":5},{"id":"notifications","n":3},{"id":"schemes","n":4},{"id":"profiles","n":3},{"id":"mail","n":2},{"id":"tasks","n":2},{"id":"scripts","n":6}]` {
				t.Errorf("inventory %s", got)
			}
			all := renderings(t, d)
			for form, text := range all {
				for _, no := range append([]string{"0badcafe", "Vesna2026", "utils.edit", "servicedesk@", "authorLogin", "superuser,", "Статус Вашей заявки", "autoClose", key}, asksAgain...) {
					if strings.Contains(text, no) {
						t.Errorf("%s: %q stands in it", form, no)
					}
				}
			}
			for form, wants := range map[string][]string{
				"en.md": {c.en, "- Escalation schemes: 4\n", "- Moves between states of tickets, over all types: 30\n", "## Configuration export (metainfo)", "`serviceCall$complaint` | 8 | 12 |"},
				"ru.md": {c.ru, "- Схемы эскалации: 4\n", "- Профили прав: 3\n", "## Выгрузка конфигурации (метаинформация)"},
			} {
				for _, want := range wants {
					if text := strings.NewReplacer(`\_`, "_", `\$`, "$", `\#`, "#").Replace(all[form]); !strings.Contains(text, want) {
						t.Errorf("%s: %q is not in it", form, want)
					}
				}
			}
		})
	}
}

// TestMetainfoIsNotGiven: whatever the service answers in place of the export is a line of the report, and all else is as
// without; the call is made once.
func TestMetainfoIsNotGiven(t *testing.T) {
	plain, far, err := lookWith(t, sandbox.Profile{Superuser: true}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if asked, _ := smpsync(far); asked != 0 || plain.Metainfo != nil || strings.Contains(inJSON(t, plain), "metainfo") {
		t.Errorf("never: %d calls; %v", asked, plain.Metainfo)
	}
	// instead answers in the place of the service beside the REST root.
	instead := func(status int, body string) func(http.Handler) http.Handler {
		return func(far http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "smpsync") {
					w.WriteHeader(status)
					_, _ = w.Write([]byte(body))
					return
				}
				far.ServeHTTP(w, r)
			})
		}
	}
	cut := func(far http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "smpsync") {
				w.Header().Set("Content-Length", "1000000")
				_, _ = w.Write([]byte("<metainfoContainer>\n<tags>"))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			far.ServeHTTP(w, r)
		})
	}
	for name, c := range map[string]struct {
		change func(http.Handler) http.Handler
		asked  int
		says   string
	}{
		"an ordinary key":  {nil, 1, "ITSM 365 smpsync/metainfo: HTTP 500: "},
		"no such route":    {instead(404, "<html>404 Not Found</html>"), 0, "HTTP 404: 404 Not Found"},
		"a login page":     {instead(200, "<!DOCTYPE html>\n<html><form></form></html>"), 0, "metainfo, line 2: it is a web page, and not the configuration export"},
		"nothing":          {instead(200, ""), 0, "metainfo: it is empty"},
		"cut off":          {cut, 0, "metainfo, line 2: read: ITSM 365 smpsync/metainfo: the answer broke off: "},
		"the key repeated": {instead(500, "нет ключа "+key), 0, "HTTP 500: нет ключа (redacted)"},
	} {
		t.Run(name, func(t *testing.T) {
			d, far, err := lookWith(t, sandbox.Profile{}, map[string]plan.Value{"metainfo": "auto"}, c.change)
			if err != nil {
				t.Fatal(err)
			}
			if asked, refused := smpsync(far); asked != c.asked || refused != c.asked || far.Stats().Writes != 0 {
				t.Errorf("%d calls, %d refused", asked, refused)
			}
			at := slices.IndexFunc(d.Unseen, func(u scope.Unseen) bool { return u.ID == "metainfo" })
			if at < 0 || d.Metainfo != nil {
				t.Fatalf("not a line: %+v", d.Unseen)
			}
			if u := d.Unseen[at]; u.Class != "smpsync/metainfo" || !strings.Contains(u.Detail, c.says) {
				t.Errorf("it says %q, want %q", u.Detail, c.says)
			}
			all := renderings(t, d)
			if en := all["en.md"]; !strings.Contains(en, "- The configuration export (smpsync/metainfo) was asked for, and not given: ") || !strings.Contains(en, asksAgain[0]) || !strings.Contains(en, "The configuration export was asked for and not given") || !strings.Contains(all["ru.md"], asksAgain[1]) {
				t.Error("the paper does not say so")
			}
			for form, text := range all {
				if strings.Contains(text, key) {
					t.Errorf("%s: the key stands in it", form)
				}
			}
			same := *d
			if same.Unseen = slices.Delete(slices.Clone(d.Unseen), at, at+1); len(same.Unseen) == 0 {
				same.Unseen = nil
			}
			same.Calls, same.Grade, same.Decisions = plain.Calls, plain.Grade, plain.Decisions
			if got, want := inJSON(t, same), inJSON(t, plain); got != want {
				at := 0
				for at < min(len(got), len(want)) && got[at] == want[at] {
					at++
				}
				t.Errorf("something else differs: …%.200s, without …%.200s", got[max(0, at-100):], want[max(0, at-100):])
			}
		})
	}
}

// TestMetainfoFileIsWrong: a file that is no export ends the run before anything is asked, with its name and line.
func TestMetainfoFileIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.xml")
	if err := os.WriteFile(path, []byte("<metainfoContainer>\n<tags>\n</metainfoContainer>"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, far, err := lookWith(t, sandbox.Profile{}, map[string]plan.Value{"metainfo_file": path}, nil)
	if err == nil || err.Error() != "discover: provider itsm365: metainfo_file: "+path+":3: the XML is broken: element <tags> closed by </metainfoContainer>" {
		t.Error(err)
	}
	if n := len(far.Stats().Calls); n > 0 {
		t.Errorf("%v was asked", far.Stats().Calls)
	}
}

// TestMetainfoOfAnother: tags that are off switch modules off, a partial export says that it is one, and what is named for
// somebody, or is no code, is masked.
func TestMetainfoOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.xml")
	if err := os.WriteFile(path, []byte(`<metainfoContainer><head><exportMode>partial</exportMode><version>for Ivan &lt;b&gt;</version><date>soon</date></head>
<tags><tag><code>Zadachi</code><enabled>false</enabled></tag><tag><code>a b|c</code><title lang="ru">Для Журавлёвой</title></tag></tags>
<event-actions><action><eventAction><code>x</code><event><eventType>на почту a@b.example</eventType></event><fqn>[x](http://a.example)</fqn></eventAction></action></event-actions>
<escalation><escalation-scheme><code>sokolova@acme.example</code><levels><condition><condition>dateExceeded</condition><value>3</value></condition></levels></escalation-scheme></escalation>
<strange_section/></metainfoContainer>`), 0o600); err != nil {
		t.Fatal(err)
	}
	d, _, err := lookWith(t, sandbox.Profile{}, map[string]plan.Value{"metainfo_file": path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := renderings(t, d)
	for _, m := range d.Modules {
		if m.TagOff != (m.ID == "tasks") {
			t.Errorf("%+v", m)
		}
	}
	for form, wants := range map[string][]string{
		"en.md": {"; switched off by its tag", "The configuration export is partial", "export partial.", "strange\\_section 1"},
		"ru.md": {"; выключено меткой", "Выгрузка конфигурации неполная", "выгрузка неполная."},
	} {
		for _, want := range wants {
			if !strings.Contains(all[form], want) {
				t.Errorf("%s: %q is not in it", form, want)
			}
		}
	}
	for form, text := range all {
		for _, no := range []string{"Ivan", "soon", "Журавл", "a@b.example", "a.example", "sokolova@", "почту"} {
			if strings.Contains(text, no) {
				t.Errorf("%s: %q stands in it", form, no)
			}
		}
	}
	if got := inJSON(t, d.Metainfo.Escalations); !strings.Contains(got, `"levels":[0]`) {
		t.Error(got)
	}
}
