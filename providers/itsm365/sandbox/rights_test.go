package sandbox_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/providers/itsm365/sandbox"
)

// office is what rights are about: two companies, a private comment, a file for its author alone, files of comments.
var office = map[string]string{
	"ou.jsonl": `
{"UUID":"ou$45","metaClass":"ou$company","title":"ООО «Ромашка»"}
{"UUID":"ou$46","metaClass":"ou$company","title":"ООО «Лютик»"}`,
	"serviceCall.jsonl": `
{"UUID":"serviceCall$70112","metaClass":"serviceCall$serviceCall","number":1042,"clientEmployee":"employee$512","clientOU":"ou$45","observers":["employee$512","employee$513"]}
{"UUID":"serviceCall$70113","metaClass":"serviceCall$request","number":1043,"clientOU":"ou$46","masterMassProblem":"serviceCall$70112"}
{"UUID":"serviceCall$70114","metaClass":"serviceCall$request","number":1044,"clientEmployee":"employee$512"}`,
	"comment.jsonl": `
{"UUID":"comment$80001","metaClass":"comment","text":"a","author":"employee$513","private":true,"source":"serviceCall$70112"}
{"UUID":"comment$80002","metaClass":"comment","text":"b","source":"serviceCall$70112","files":["file$9002"]}
{"UUID":"comment$80003","metaClass":"comment","text":"c","source":"serviceCall$70113"}`,
	"file.jsonl": `
{"UUID":"file$9001","metaClass":"file","title":"a.txt","source":"comment$80001"}
{"UUID":"file$9002","metaClass":"file","title":"b.txt","source":"comment$80002","authorOnly":true,"author":"employee$513"}
{"UUID":"file$9003","metaClass":"file","title":"c.txt","source":"serviceCall$70113","relation":"files"}`,
	"files/9003":        "c",
	"files/9001":        "a",
	"objectBase.jsonl":  `{"UUID":"objectBase$501","metaClass":"objectBase$Server","title":"srv-1","serviceCalls":["serviceCall$70112","serviceCall$70113"]}`,
	"catalogs.jsonl":    `{"UUID":"priority$3002","metaClass":"priority","code":"high","title":"2. Высокий","level":2,"color":"#C00000"}`,
	"problem.jsonl":     `{"UUID":"problem$601","metaClass":"problem$problem","title":"p","serviceCalls":["serviceCall$70113"]}`,
	"employee.jsonl":    tenant["employee.jsonl"],
	"negotiation.jsonl": `{"UUID":"negotiation$602","metaClass":"negotiation$approvalReq","title":"n","sourceR":"serviceCall$70113"}`,
}

func openOffice(t *testing.T, change func(*sandbox.Options)) *desk {
	t.Helper()
	return open(t, func(o *sandbox.Options) {
		all := files(nil)
		clear(all)
		maps.Copy(all, files(office))
		o.FS = all
		if change != nil {
			change(o)
		}
	})
}

// see shortens an answer: numbers of a list, "none" for what is not found, else the text.
func (d *desk) see(path string) string {
	d.t.Helper()
	status, text, _ := d.do("GET", path, "", "")
	switch {
	case status == http.StatusInternalServerError && strings.Contains(text, "Объект не найден"):
		return "none"
	case status == http.StatusOK && strings.HasPrefix(text, "["):
		return numbers(d.t, text)
	}
	return text
}

func TestRights(t *testing.T) {
	type P = sandbox.Profile
	only := func(class string, where map[string]any) P {
		return P{HiddenObjects: []sandbox.Selection{{Class: class, Where: where, Except: true}}}
	}
	for _, c := range []struct {
		name      string
		key       P
		path, see string
	}{
		{"private comments", P{HiddenPrivate: true}, "find/comment", "80002 80003"},
		{"get of a private comment", P{HiddenPrivate: true}, "get/comment$80001", "none"},
		{"files of private comments", P{HiddenPrivate: true}, "find/file", "9002 9003"},
		{"bytes of a private comment's file", P{HiddenPrivate: true}, "get-file/file$9001", "none"},
		{"a hidden company's tickets", P{HiddenObjects: []sandbox.Selection{{Class: "serviceCall", Where: map[string]any{"clientOU": "ou$46"}}}}, "find/serviceCall", "70112 70114"},
		{"only one company's tickets", only("serviceCall", map[string]any{"clientOU": []any{"ou$45"}}), "find/serviceCall", "70112"},
		{"a type is hidden in part", only("serviceCall$request", map[string]any{"number": json.Number("1044")}), "find/serviceCall", "70112 70114"},
		{"get of a hidden ticket", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "get/serviceCall$70113", "none"},
		{"edit of a hidden ticket", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "edit/serviceCall$70113?title=x", "none"},
		{"comments of hidden tickets", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "find/comment", "80001 80002"},
		{"files of hidden tickets", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "find/file", "9001 9002"},
		{"bytes of hidden tickets", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "get-file/file$9003", "none"},
		{"search", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "search/serviceCall/%7Bnumber:'104'%7D", "70112"},
		{"offsets count what is seen", only("serviceCall", map[string]any{"clientEmployee": "employee$512"}), "find/serviceCall?offset=1", "70114"},
		{"comments of a hidden type", P{HiddenClasses: []string{"serviceCall$request"}}, "find/comment", "80001 80002"},
		{"a link to what is hidden", P{HiddenClasses: []string{"employee"}}, "get/serviceCall$70112?attrs=client,clientEmployee,clientOU", `{"client":null,"clientEmployee":null,"clientOU":{"UUID":"ou$45","metaClass":"ou$company","title":"ООО «Ромашка»"}}`},
		{"a link that shows in spite of it", P{HiddenClasses: []string{"employee"}, ShowLinks: true}, "get/serviceCall$70114?attrs=client", `{"client":{"UUID":"employee$512","metaClass":"employee$contactPerson","title":"Иванова Анна"}}`},
		{"a list with hidden ones", P{HiddenObjects: []sandbox.Selection{{Class: "employee", Where: map[string]any{"performer": true}}}}, "get/serviceCall$70112?attrs=observers", `{"observers":[{"UUID":"employee$512","metaClass":"employee$contactPerson","title":"Иванова Анна"}]}`},
		{"a back list with hidden ones", only("serviceCall", map[string]any{"clientOU": "ou$45"}), "get/serviceCall$70112?attrs=massProblemSlaves", `{"massProblemSlaves":[]}`},
		{"a file for its author alone", P{Employee: "employee$512"}, "find/file", "9001 9003"},
		{"and for its author", P{Employee: "employee$513"}, "find/file", "9001 9002 9003"},
		{"the link to a file for another", P{Employee: "employee$512"}, "get/comment$80002?attrs=files", `{"files":[]}`},
		{"a denied get", P{DenyGet: []string{"serviceCall$request"}}, "get/serviceCall$70113", "none"},
		{"a get that is not denied", P{DenyGet: []string{"serviceCall$request"}}, "get/serviceCall$70112?attrs=number", `{"number":1042}`},
		{"find in spite of a denied get", P{DenyGet: []string{"*"}}, "find/serviceCall", "70112 70113 70114"},
		{"denied bytes", P{DenyGetFile: []string{"serviceCall"}}, "get-file/file$9003", "none"},
		{"bytes of another owner", P{DenyGetFile: []string{"serviceCall"}}, "get-file/file$9001", "a"},
		{"denied bytes of all", P{DenyGetFile: []string{"*"}}, "get-file/file$9001", "none"},
		{"the object of denied bytes", P{DenyGetFile: []string{"*"}}, "get/file$9001?attrs=title", `{"title":"a.txt"}`},
		{"a filter by what is hidden", P{HiddenAttrs: []string{"serviceCall.number"}}, "find/serviceCall?number=1042", ""},
		{"a search by what is hidden", P{HiddenAttrs: []string{"number"}}, "search/serviceCall/%7Bnumber:'104'%7D", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := openOffice(t, func(o *sandbox.Options) { o.Keys["good"] = c.key; o.Keys["all"] = P{} })
			if got := d.see(c.path); got != c.see {
				t.Errorf("got  %s\nwant %s", got, c.see)
			}
			sep := "?"
			if strings.Contains(c.path, "?") {
				sep = "&"
			}
			if strings.HasPrefix(c.path, "get-file/file$9001") && c.see == "a" || c.name == "find in spite of a denied get" || c.name == "and for its author" ||
				c.name == "the object of denied bytes" || c.name == "a get that is not denied" || c.name == "a link that shows in spite of it" {
				return
			}
			if got := d.see(c.path + sep + "accessKey=all"); got == c.see {
				t.Errorf("a key with all rights gets the same: %s", got)
			}
		})
	}
}

func TestProfilesFile(t *testing.T) {
	keys, err := sandbox.ReadProfiles(strings.NewReader(`{
		"full": {"superuser": true},
		"narrow": {"hidden_objects": [{"class": "serviceCall", "where": {"number": 1042}}], "hidden_private": true, "deny_get": ["*"], "expires": "2026-03-02T12:00:00Z"}}`))
	if err != nil {
		t.Fatal(err)
	}
	clock := &handClock{now: time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC)}
	d := openOffice(t, func(o *sandbox.Options) { o.Keys, o.Clock = keys, clock })
	if got := d.see("find/serviceCall?accessKey=narrow") + "|" + d.see("find/serviceCall?accessKey=full"); got != "70113 70114|70112 70113 70114" {
		t.Error(got)
	}
	clock.Advance(time.Hour)
	if got := d.see("find/serviceCall?accessKey=narrow"); !strings.Contains(got, "ключ авторизации") {
		t.Error(got)
	}
	for text, want := range map[string]string{
		`{"a":{"hide":["x"]}}`: `unknown field "hide"`,
		`{}`:                   "no key",
		`{"a":{}} {}`:          "more behind",
		`{"a":`:                "before byte",
	} {
		if _, err := sandbox.ReadProfiles(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// A name that is misspelt would hide nothing, and the test that relies on it would prove nothing.
func TestMisspeltRights(t *testing.T) {
	for want, p := range map[string]sandbox.Profile{
		`no class or type "serviceCalls"`: {HiddenClasses: []string{"serviceCalls"}},
		`"*" is no class`:                 {HiddenClasses: []string{"*"}},
		`no class or type "tickets"`:      {DenyGet: []string{"tickets"}},
		`no class or type "tiket"`:        {DenyGetFile: []string{"tiket"}},
		`no attribute "ou.colour"`:        {HiddenAttrs: []string{"ou.colour"}},
		`no attribute "colour"`:           {HiddenAttrs: []string{"colour"}},
		"no filter by colour":             {HiddenObjects: []sandbox.Selection{{Class: "ou", Where: map[string]any{"colour": "red"}}}},
		"no filter by number":             {HiddenObjects: []sandbox.Selection{{Class: "ou", Where: map[string]any{"number": nil}}}},
		"where is empty":                  {HiddenObjects: []sandbox.Selection{{Class: "ou"}}},
		"there is no employee$1":          {Employee: "employee$1"},
	} {
		_, err := sandbox.New(sandbox.Options{FS: files(nil), Keys: map[string]sandbox.Profile{"s3cret": p}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestOnlyGetAndPost(t *testing.T) {
	d := open(t, nil)
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		status, _, header := d.do(method, "delete/ou$45", "", "")
		if status != http.StatusMethodNotAllowed || header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: %d", method, status)
		}
	}
	if got := numbers(t, d.get("find/ou")); got != "45" {
		t.Errorf("a PUT deleted: %q", got)
	}
	if got := d.Stats().Writes; got != 3 {
		t.Errorf("%d writes counted, want 3", got)
	}
}

func TestLongAddress(t *testing.T) {
	d := open(t, nil)
	if status, _, _ := d.do("GET", "find/ou?attrs="+strings.Repeat("title,", 1500), "", ""); status != http.StatusRequestURITooLong {
		t.Errorf("status %d", status)
	}
	d.get("find/ou?attrs=" + strings.Repeat("title,", 1000))
}

func TestLatencyOfOneMethod(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	d := open(t, func(o *sandbox.Options) {
		o.Clock, o.Latency, o.LatencyOf = clock, time.Second, map[string]time.Duration{"find": time.Minute, "check-status": 0, "smpsync/version": time.Hour}
	})
	for _, c := range []struct {
		path string
		want time.Duration
	}{
		{"find/ou", time.Minute}, {"get/ou$45", time.Second}, {"check-status", 0}, {"/sd/services/smpsync/version?accessKey=good", time.Hour},
	} {
		before := clock.Now()
		d.do("GET", c.path, "", "")
		if got := clock.Now().Sub(before); got != c.want {
			t.Errorf("%s took %v, want %v", c.path, got, c.want)
		}
	}
	for _, name := range []string{"fnd", "rest/find", "version"} {
		if _, err := sandbox.New(sandbox.Options{LatencyOf: map[string]time.Duration{name: time.Second}}); err == nil {
			t.Errorf("there is no method %q", name)
		}
	}
}

// Over a clock that cannot be moved, the sandbox keeps a time of its own.
func TestRealClockRunsAhead(t *testing.T) {
	d := open(t, func(o *sandbox.Options) {
		o.Keys["dying"] = sandbox.Profile{Expires: time.Now().Add(time.Hour)}
	})
	if got := d.see("find/ou?accessKey=dying"); got != "45" {
		t.Error(got)
	}
	if status, text, _ := d.do("POST", "/_sandbox/clock", "", `{"advance":"2h"}`); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if got := d.see("find/ou?accessKey=dying"); !strings.Contains(got, "ключ авторизации") {
		t.Error(got)
	}
}

func TestScriptsAndStatusesAreCounted(t *testing.T) {
	d := open(t, nil)
	d.do("POST", "exec-post?func=modules.jsonRpc.process", "", "{}")
	d.do("POST", "execmf", "", "[]")
	d.get("find/ou")
	d.do("GET", "get/ou$1", "", "")
	d.do("GET", "/elsewhere", "", "")
	st := d.Stats()
	got, _ := json.Marshal([]any{st.Scripts, st.Writes, st.StatusesBy})
	if want := `[2,0,{"":{"404":1},"exec-post":{"500":1},"execmf":{"500":1},"find":{"200":1},"get":{"500":1}}]`; string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
