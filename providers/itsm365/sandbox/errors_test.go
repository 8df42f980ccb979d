package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"deskform/providers/itsm365/sandbox"
)

func TestErrorTexts(t *testing.T) {
	d := open(t, nil)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"status needs no key", "GET", "/sd/services/rest/check-status", "", 200, "Operation completed successfully"},
		{"no key", "GET", "/sd/services/rest/find/ou", "", 500, "Ошибка: ключ авторизации '' не найден"},
		{"unknown key comes back", "GET", "find/ou?accessKey=s3cret", "", 500, "Ошибка: ключ авторизации 's3cret' не найден"},
		{"empty key", "GET", "find/ou?accessKey=", "", 500, "ключ авторизации"},
		{"unknown object", "GET", "get/serviceCall$1", "", 500, "Объект не найден: serviceCall$1"},
		{"UUID with the type in front", "GET", "get/serviceCall$request$70113", "", 500, "Объект не найден"},
		{"unknown class", "POST", "find/spaceship", "", 500, "'spaceship'"},
		{"unknown type", "POST", "find/serviceCall$spaceship", "", 500, "'serviceCall$spaceship'"},
		{"malformed JSON in the path", "GET", "find/serviceCall/%7Bstate:", "", 500, "malformed JSON"},
		{"not an object in the path", "GET", "find/serviceCall/%5B1%5D", "", 500, "no object"},
		{"malformed base64", "GET", "find/serviceCall/40x***", "", 500, "40x"},
		{"lenient JSON in a body", "POST", "find/serviceCall", `{state:'closed'}`, 500, "body"},
		{"list as a body", "POST", "find/serviceCall", `[]`, 500, "body"},
		{"limit that is none", "GET", "find/serviceCall?limit=many", "", 500, "limit"},
		{"negative offset", "GET", "find/serviceCall?offset=-1", "", 500, "offset"},
		{"unknown method", "GET", "count/serviceCall", "", 404, "<html>"},
		{"unknown root", "GET", "/sd/operator/", "", 404, "<html>"},
		{"missing module", "GET", "exec?func=modules.itsm365.getDefaultTimeZone&params='a',user", "", 500, "Script module or method not found: itsm365.getDefaultTimeZone(2 args)"},
		{"missing module without parameters", "POST", "exec-post?func=modules.jsonRpc.process", "{}", 500, "Script module or method not found: jsonRpc.process(0 args)"},
		{"missing module in a batch", "POST", "execmf", `[{"module":"dash","method":"run","params":[1,2,3]}]`, 500, "Script module or method not found: dash.run(3 args)"},
		{"script text", "POST", "exec", "return 1", 500, "Недостаточно прав"},
		{"metainfo for an ordinary key", "GET", "/sd/services/smpsync/metainfo?accessKey=good", "", 500, "суперпользователя"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			status, text, header := d.do(c.method, c.path, "", c.body)
			if status != c.status || !strings.Contains(text, c.want) {
				t.Errorf("got %d %s\nwant %d %s", status, text, c.status, c.want)
			}
			if kind := header.Get("Content-Type"); strings.Contains(kind, "json") {
				t.Errorf("the answer is %s", kind)
			}
		})
	}
	if got := d.Stats().KeysRefused; got != 3 {
		t.Errorf("%d keys refused, want 3", got)
	}
}

func TestErrorsAsHTML(t *testing.T) {
	d := open(t, func(o *sandbox.Options) { o.ErrorsAsHTML = true })
	status, text, header := d.do("GET", "find/ou?accessKey=s3cret", "", "")
	if status != 500 || !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(text, "<h1>") ||
		!strings.Contains(text, "ключ авторизации &#39;s3cret&#39; не найден") {
		t.Errorf("%d %s", status, text)
	}
}

func TestKeys(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	d := open(t, func(o *sandbox.Options) {
		o.Clock = clock
		o.DenyGet = []string{"comment"}
		o.Keys = map[string]sandbox.Profile{
			"good":   {},
			"super":  {Superuser: true},
			"dying":  {Expires: clock.now.Add(time.Hour)},
			"once":   {OneShot: true},
			"narrow": {HiddenClasses: []string{"comment", "serviceCall$request", "objectBase$CI"}, HiddenAttrs: []string{"employee.email", "removed"}},
			"noget":  {DenyGet: []string{"*"}},
		}
	})
	try := func(path, want string) {
		t.Helper()
		status, text, _ := d.do("GET", path, "", "")
		got := text
		switch {
		case status == 500 && strings.Contains(text, "ключ авторизации"):
			got = "no key"
		case status == 500 && strings.Contains(text, "Объект не найден"):
			got = "no object"
		case status == 200 && strings.HasPrefix(text, "["):
			got = numbers(t, text)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	try("find/ou?accessKey=dying", "45")
	try("find/ou?accessKey=once", "45")
	try("find/ou?accessKey=once", "no key")
	try("/sd/services/smpsync/version?accessKey=super", "4.12.0.7")
	try("/sd/services/smpsync/metainfo?accessKey=super", "<metainfoContainer/>")
	try("find/serviceCall?accessKey=narrow", "70112 70200")
	try("find/serviceCall?accessKey=narrow&offset=1", "70200")
	try("find/comment?accessKey=narrow", "")
	try("find/objectBase?accessKey=narrow", "502 503")
	try("find/objectBase$Server?accessKey=narrow", "")
	try("search/objectBase/%7Btitle:'1'%7D?accessKey=narrow", "503")
	try("get/comment$80001?accessKey=narrow", "no object")
	try("find/employee?accessKey=narrow&email=anna@acme.example", "")
	try("get/employee$512?accessKey=narrow&attrs=firstName,email,removed", `{"firstName":"Анна"}`)
	try("get/ou$45?accessKey=noget", "no object")
	try("find/ou?accessKey=noget", "45")
	try("get/comment$80001?accessKey=good", "no object")
	try("find/comment?accessKey=good", "80001 80002")
	clock.Advance(time.Hour)
	try("find/ou?accessKey=dying", "no key")
	if _, ok := d.object("get/ou$45?accessKey=narrow")["removed"]; ok {
		t.Error("an attribute hidden in every class shows")
	}
}

func TestDateHeaderIsTheClock(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	d := open(t, func(o *sandbox.Options) { o.Clock, o.Latency = clock, time.Minute })
	d.get("check-status")
	_, _, header := d.do("GET", "check-status", "", "")
	if got := header.Get("Date"); got != "Mon, 02 Mar 2026 12:01:00 GMT" {
		t.Errorf("Date: %s", got)
	}
}
