package itsm365_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
)

// office has one of everything whose shape is in the reference (IT 2.10).
var office = map[string]string{
	"ou.jsonl":   `{"UUID":"ou$45","metaClass":"ou$company","title":"Acme"}`,
	"team.jsonl": `{"UUID":"team$9","metaClass":"team$team","title":"2-я линия"}`,
	"employee.jsonl": `
{"UUID":"employee$512","metaClass":"employee$contactPerson","title":"Иванова Анна","parent":"ou$45","email":null,"license":["notLicensed"],"dateOfBirth":"1990-05-17"}
{"UUID":"employee$513","metaClass":"employee$employee","title":"2026.03.02","teams":["team$9"],"performer":true}`,
	"catalogs.jsonl": `
{"UUID":"priority$3002","metaClass":"priority","code":"high","title":"2. Высокий","level":2}
{"UUID":"category$3010","metaClass":"category","code":"badConnection","title":"Плохая связь"}
{"UUID":"category$3011","metaClass":"category","code":"catRFC","title":"Изменения","removed":true}
{"UUID":"period$3015","metaClass":"period","code":"m6","title":"2026.03.02"}
{"UUID":"directory$3020","metaClass":"shops","code":"s1","title":"Магазин 1"}`,
	"serviceCall.jsonl": `
{"UUID":"serviceCall$1","metaClass":"serviceCall$serviceCall","number":1042,"title":"INC 1042","shortDescr":"Нет связи","descriptionRTF":"<div>касса &amp; <b>чек</b></div>","state":"inprogress","registrationDate":"2026-03-02T06:14:55Z","dateDecision":null,"priority":"priority$3002","urgency":null,"clientEmployee":"employee$512","clientOU":"ou$45","responsible":"team$9","resolutionTime":{"length":4,"interval":"HOUR"},"reactionTime":{"status":"STOPED","elapsed":184000},"overdue":{"status":"ACTIVE","deadLineTime":"2026-03-02T10:14:55Z"},"categories":["category$3010","category$3011"],"observers":[],"spentTime":1.5,"massProblem":false,"shop":"directory$3020","flag":null,"long":12345678901234567890}
{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":1043,"title":"1043","state":"registered","registrationDate":"2026-06-30T22:30:00Z","priority":null}`,
	"file.jsonl": `{"UUID":"file$9001","metaClass":"file","title":"Счёт.txt","mimeType":"text/plain","fileSize":11,"source":"serviceCall$1","relation":"files"}`,
	"files/9001": "сумма",
}

// Every shape of value arrives as the language reads it: instants in UTC, everything else as it came.
func TestShapes(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office)})
	rows := mustRead(t, source(t, w, nil), data("serviceCall"))
	v := values(t, rows[0])
	link := func(uuid, typ, title string) map[string]any {
		return map[string]any{"UUID": uuid, "metaClass": typ, "title": title}
	}
	item := func(uuid, catalog, code, title string) map[string]any {
		return map[string]any{"UUID": uuid, "metaClass": catalog, "code": code, "title": title}
	}
	for name, want := range map[string]any{
		"UUID": "serviceCall$1", "metaClass": "serviceCall$serviceCall", "number": 1042.0, "title": "INC 1042", "state": "inprogress",
		"shortDescr": "Нет связи", "descriptionRTF": "<div>касса &amp; <b>чек</b></div>",
		"registrationDate": "2026-03-02T06:14:55Z", "dateDecision": nil,
		"priority":            item("priority$3002", "priority", "high", "2. Высокий"),
		"urgency":             nil,
		"client":              link("employee$512", "employee$contactPerson", "Иванова Анна"), // worked out from its part
		"clientOU":            link("ou$45", "ou$company", "Acme"),
		"responsible":         link("team$9", "team$team", "2-я линия"),
		"responsibleTeam":     link("team$9", "team$team", "2-я линия"),
		"categories":          []any{item("category$3010", "category", "badConnection", "Плохая связь"), item("category$3011", "category", "catRFC", "Изменения")},
		"observers":           []any{},
		"resolutionTime":      map[string]any{"length": 4.0, "interval": "HOUR"},
		"reactionTime":        map[string]any{"status": "STOPED", "elapsed": 184000.0},
		"overdue":             map[string]any{"status": "ACTIVE", "deadLineTime": "2026-03-02T10:14:55Z"},
		"processingTimeTimer": nil,
		"files":               []any{link("file$9001", "file", "Счёт.txt")},
		"spentTime":           1.5,
		"massProblem":         false,
		"removed":             false,
		"shop":                item("directory$3020", "shops", "s1", "Магазин 1"), // the tenant's own attributes come too
		"flag":                nil,
	} {
		if got, ok := v[name]; !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", name, got, want)
		}
	}
	if text := string(rows[0].JSON); !strings.Contains(text, `"long":12345678901234567890`) || !strings.Contains(text, `<div>касса &amp; <b>`) {
		t.Errorf("a long number has lost digits, or HTML is escaped: %s", text)
	}
	// Archived objects are there, as are people; a name that looks like a date stays a name.
	people := mustRead(t, source(t, w, nil), data("employee"))
	if got := values(t, people[1]); got["title"] != "2026.03.02" {
		t.Errorf("title is %v", got["title"])
	}
	if got := values(t, mustRead(t, source(t, w, nil), data("period"))[0]); got["title"] != "2026.03.02" {
		t.Errorf("title is %v", got["title"])
	}
	if got := values(t, people[0]); !reflect.DeepEqual(got["license"], []any{"notLicensed"}) || got["email"] != nil {
		t.Errorf("got %v", got)
	}
}

// The other forms a tenant may have are described so that they fit, and read (IT traps 15 and 18).
func TestOtherForms(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  sandbox.Options
		attr string
		want any
	}{
		{"intervals as objects", sandbox.Options{}, "resolutionTime", map[string]any{"length": 4.0, "interval": "HOUR"}},
		{"intervals as milliseconds", sandbox.Options{IntervalAsInteger: true}, "resolutionTime", 14400000.0},
		{"empty sets as null", sandbox.Options{EmptyAsNull: true}, "observers", nil},
		{"fractions of a second", sandbox.Options{Fraction: true}, "registrationDate", "2026-03-02T06:14:55Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opt.FS = dir(office)
			_, w := tenant(t, c.opt)
			src := source(t, w, nil)
			got, ok := values(t, mustRead(t, src, data("serviceCall"))[0])[c.attr]
			if !ok || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s is %#v, want %#v", c.attr, got, c.want)
			}
			for _, class := range []string{"serviceCall", "employee"} {
				providertest.Source(t, src, providertest.Collection{Data: data(class), Rows: 2})
			}
		})
	}
}

// The dates of the server have no zone; the setting says which one it is, and moves every instant by it (IT 8.5, 3).
func TestZones(t *testing.T) {
	for _, c := range []struct{ server, set, registered, deadline, later string }{
		{"Europe/Moscow", "Europe/Moscow", "2026-03-02T06:14:55Z", "2026-03-02T10:14:55Z", "2026-06-30T22:30:00Z"},
		{"Europe/Moscow", "", "2026-03-02T06:14:55Z", "2026-03-02T10:14:55Z", "2026-06-30T22:30:00Z"},
		{"UTC", "UTC", "2026-03-02T06:14:55Z", "2026-03-02T10:14:55Z", "2026-06-30T22:30:00Z"},
		{"Europe/Berlin", "Europe/Berlin", "2026-03-02T06:14:55Z", "2026-03-02T10:14:55Z", "2026-06-30T22:30:00Z"},
		{"UTC", "Europe/Moscow", "2026-03-02T03:14:55Z", "2026-03-02T07:14:55Z", "2026-06-30T19:30:00Z"},
		{"Asia/Yekaterinburg", "UTC", "2026-03-02T11:14:55Z", "2026-03-02T15:14:55Z", "2026-07-01T03:30:00Z"},
		{"UTC", "Europe/Berlin", "2026-03-02T05:14:55Z", "2026-03-02T09:14:55Z", "2026-06-30T20:30:00Z"}, // winter, winter, summer
	} {
		t.Run(c.server+" read as "+c.set, func(t *testing.T) {
			_, w := tenant(t, sandbox.Options{FS: dir(office), ServerZone: c.server})
			args := map[string]plan.Value{}
			if c.set != "" {
				args["time_zone"] = c.set
			}
			rows := mustRead(t, source(t, w, args), data("serviceCall"))
			first, second := values(t, rows[0]), values(t, rows[1])
			timer, _ := first["overdue"].(map[string]any)
			got := []any{first["registrationDate"], timer["deadLineTime"], second["registrationDate"]}
			if want := []any{c.registered, c.deadline, c.later}; !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// one reads a single object whose attribute x is a JSON text.
func one(t testing.TB, x string) plan.Row {
	t.Helper()
	w := &wire{answer: func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Get("offset") != "0" {
			return reply(r, 200, "application/json", "[]"), nil
		}
		return reply(r, 200, "application/json", `[{"UUID":"shop$1","x":`+x+`}]`), nil
	}}
	rows, err := read(t.Context(), source(t, w, nil), pages("shop", "x"))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[0]
}

// Dates in every layout of the reference, and what only looks like one. Moscow is three hours ahead.
func TestDates(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"2026.08.03 07:01:41", "2026-08-03T04:01:41Z"},
		{"2026.08.03 07:01:41.250", "2026-08-03T04:01:41Z"},
		{"2026.08.03 07:01:41.9", "2026-08-03T04:01:41Z"},
		{"2026.01.01 00:00:00", "2025-12-31T21:00:00Z"},
		{"2026.08.03", "2026-08-02T21:00:00Z"},
		{"2024.02.29", "2024-02-28T21:00:00Z"},
		{"2012.01.01 12:00:00", "2012-01-01T08:00:00Z"}, // Moscow was four hours ahead then
		{"2026.02.30 07:01:41", "2026.02.30 07:01:41"},  // there is no such day
		{"2026.13.01", "2026.13.01"},
		{"2026.08.03 25:00:00", "2026.08.03 25:00:00"},
		{"03.08.2026 07:01", "03.08.2026 07:01"},
		{"2026.08.03 07:01:41 ", "2026.08.03 07:01:41 "},
		{"версия 2026.08.03", "версия 2026.08.03"},
		{"2026-08-03T07:01:41Z", "2026-08-03T07:01:41Z"},
		{"10.20.30.40", "10.20.30.40"},
		{"", ""},
	} {
		for _, form := range []struct {
			json string
			pick func(any) any
		}{
			{`%q`, func(v any) any { return v }},
			{`{"deadLineTime":%q}`, func(v any) any { return v.(map[string]any)["deadLineTime"] }},
			{`[%q]`, func(v any) any { return v.([]any)[0] }},
		} {
			if got := form.pick(values(t, one(t, fmt.Sprintf(form.json, c.text)))["x"]); got != c.want {
				t.Errorf(form.json+" became %v, want %s", c.text, got, c.want)
			}
		}
		if got := values(t, one(t, fmt.Sprintf(`{"title":%q,"text":%[1]q}`, c.text)))["x"]; !reflect.DeepEqual(got, map[string]any{"title": c.text, "text": c.text}) {
			t.Errorf("a name became %v", got)
		}
	}
}

// A description has a type for every attribute: of the model, of the samples, or any.
func TestDescribe(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office)})
	rt, err := source(t, w, nil).Describe(t.Context(), data("serviceCall"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]plan.Column{
		"number": {Type: plan.ColumnNumber}, "title": {Type: plan.ColumnString}, "registrationDate": {Type: plan.ColumnTime},
		"dateDecision": {Type: plan.ColumnTime}, "priority": {Type: plan.ColumnLink, Class: "priority"}, "categories": {Type: plan.ColumnLinks, Class: "category"},
		"files": {Type: plan.ColumnFiles}, "removed": {Type: plan.ColumnBool}, "resolutionTime": {Type: plan.ColumnObject}, "overdue": {Type: plan.ColumnObject},
		"observers": {Type: plan.ColumnLinks, Class: "employee"}, "wayAddressing": {Type: plan.ColumnLink, Class: "wayAdressing"},
		"shop": {Type: plan.ColumnLink, Class: "shops"}, "long": {Type: plan.ColumnNumber}, "flag": {Type: plan.ColumnAny},
	} {
		if got := rt.Columns[name]; got != want {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
	}
	if rt.Private != "" {
		t.Errorf("tickets have a private column %q", rt.Private)
	}
	// Comments have owners: they are described without a call, and say which column keeps a part internal.
	before := len(w.sent)
	rt, err = source(t, w, nil).Describe(t.Context(), comments())
	if err != nil || rt.Private != "private" || rt.Columns["private"].Type != plan.ColumnBool || rt.Columns["files"].Type != plan.ColumnFiles || len(w.sent) != before {
		t.Errorf("%+v, %v, %d calls", rt, err, len(w.sent)-before)
	}
}

// What two samples of a class show, and what the description makes of it beside the model.
func TestDescribeForms(t *testing.T) {
	const link, file = `{"UUID":"ou$1","metaClass":"ou$ou","title":"x"}`, `{"UUID":"file$1","metaClass":"file","title":"x"}`
	for _, c := range []struct {
		name, attr    string
		first, second string
		want          plan.Column
	}{
		{"null twice", "x", `null`, `null`, plan.Column{Type: plan.ColumnAny}},
		{"an empty list", "x", `[]`, `[]`, plan.Column{Type: plan.ColumnAny}},
		{"text and null", "x", `"a"`, `null`, plan.Column{Type: plan.ColumnString}},
		{"text and number", "x", `"a"`, `1`, plan.Column{Type: plan.ColumnAny}},
		{"number and interval", "x", `14400000`, `{"length":4,"interval":"HOUR"}`, plan.Column{Type: plan.ColumnAny}},
		{"text and what looks like a date", "x", `"a"`, `"2026.03.02"`, plan.Column{Type: plan.ColumnString}},
		{"what looks like a date, and text", "x", `"2026.03.02"`, `"a"`, plan.Column{Type: plan.ColumnAny}},
		{"date and instant", "x", `"2026.03.02"`, `"2026.03.02 10:00:00.5"`, plan.Column{Type: plan.ColumnTime}},
		{"link", "x", link, `null`, plan.Column{Type: plan.ColumnLink, Class: "ou"}},
		{"links", "x", `[` + link + `]`, `[]`, plan.Column{Type: plan.ColumnLinks, Class: "ou"}},
		{"links and one link", "x", `[` + link + `]`, link, plan.Column{Type: plan.ColumnAny}},
		{"files", "x", `[` + file + `]`, `[]`, plan.Column{Type: plan.ColumnFiles, Class: "file"}},
		{"list of texts", "x", `["a"]`, `[]`, plan.Column{Type: plan.ColumnList}},
		{"object", "x", `{"a":1}`, `null`, plan.Column{Type: plan.ColumnObject}},
		{"a text of the model that is a day", "lastName", `"2026.03.02"`, `"a"`, plan.Column{Type: plan.ColumnString}},
		{"a text of the model that is a number here", "idHolder", `17`, `null`, plan.Column{Type: plan.ColumnAny}},
		{"a number of the model that is a text here", "number", `"17"`, `null`, plan.Column{Type: plan.ColumnAny}},
		{"a date of the model that is none", "dateOfBirth", `"unknown"`, `null`, plan.Column{Type: plan.ColumnTime}},
		{"a link of the model that is a text here", "parent", `"ou$1"`, `null`, plan.Column{Type: plan.ColumnAny}},
		{"links of the model that are texts here", "teams", `["a"]`, `null`, plan.Column{Type: plan.ColumnAny}},
		{"a flag of the model that is null", "performer", `null`, `null`, plan.Column{Type: plan.ColumnBool}},
	} {
		t.Run(c.name, func(t *testing.T) {
			one := fmt.Sprintf(`{"UUID":"employee$1","metaClass":"employee$a",%q:%s}`, c.attr, c.first)
			two := fmt.Sprintf(`{"UUID":"employee$2","metaClass":"employee$b",%q:%s}`, c.attr, c.second)
			w := &wire{answer: func(r *http.Request) (*http.Response, error) {
				body := "[" + one + "]"
				switch {
				case strings.HasSuffix(r.URL.Path, "employee$b"):
					body = "[" + two + "]"
				case r.URL.Query().Get("attrs") != "":
					body = "[" + one + "," + two + "]"
				}
				return reply(r, 200, "application/json", body), nil
			}}
			rt, err := source(t, w, nil).Describe(t.Context(), data("employee"))
			if got := rt.Columns[c.attr]; err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

// A description is of the attributes that a block names, known to anybody or not.
func TestDescribeNamed(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office)})
	rt, err := source(t, w, nil).Describe(t.Context(), pages("serviceCall", "priority", "mood"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]plan.Column{"UUID": {Type: plan.ColumnString}, "metaClass": {Type: plan.ColumnString},
		"priority": {Type: plan.ColumnLink, Class: "priority"}, "mood": {Type: plan.ColumnAny}}
	if !reflect.DeepEqual(rt.Columns, want) {
		t.Errorf("got %v", rt.Columns)
	}
	rows := mustRead(t, source(t, w, nil), pages("serviceCall", "priority", "mood"))
	if got := values(t, rows[1]); !reflect.DeepEqual(got, map[string]any{"UUID": "serviceCall$2", "metaClass": "serviceCall$request", "priority": nil}) {
		t.Errorf("got %v", got)
	}
}

// A class that is empty or hidden is described by the model alone; one that nobody knows by nothing.
func TestDescribeEmpty(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office), Keys: map[string]sandbox.Profile{key: {HiddenClasses: []string{"serviceCall"}}}})
	src := source(t, w, nil)
	rt, err := src.Describe(t.Context(), data("serviceCall"))
	if err != nil || rt.Columns["priority"].Type != plan.ColumnLink {
		t.Errorf("%v, %v", rt.Columns["priority"], err)
	}
	if rows := mustRead(t, src, data("serviceCall")); len(rows) != 0 {
		t.Errorf("%v", rows)
	}
	rt, err = source(t, w, nil).Describe(t.Context(), data("period"))
	if err != nil || rt.Columns["title"].Type != plan.ColumnString {
		t.Errorf("a name that looks like a date is %v, %v", rt.Columns["title"], err)
	}
	rt, err = src.Describe(t.Context(), data("mark"))
	if err != nil || len(rt.Columns) != 0 {
		t.Errorf("%v, %v", rt, err)
	}
}

// Types of one class differ in their attributes, and the first object shows those of its own type only. Attributes of every
// type are described and read; also those of a type that comes after the first page (IT 8.5, 8).
func TestTypesOfAClass(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{
		"ou.jsonl": `{"UUID":"ou$45","metaClass":"ou$company","title":"Acme"}`,
		"objectBase.jsonl": `
{"UUID":"objectBase$501","metaClass":"objectBase$city","title":"Тверь"}
{"UUID":"objectBase$502","metaClass":"objectBase$city","title":"Тула"}
{"UUID":"objectBase$503","metaClass":"objectBase$Server","title":"srv-1","owner":"ou$45","Price":1200.5}
{"UUID":"objectBase$504","metaClass":"objectBase$FR","title":"ФР-1","fiscalNumber":"000123"}`,
	})})
	for _, size := range []int64{500, 3, 1} {
		src := source(t, w, map[string]plan.Value{"page_size": size})
		rt, err := src.Describe(t.Context(), data("objectBase"))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := rt.Columns["fiscalNumber"]; ok != (size == 500) {
			t.Errorf("pages of %d: fiscalNumber described: %t", size, ok)
		}
		rows := mustRead(t, src, data("objectBase"))
		if got := keys(rows); !slices.Equal(got, []string{"objectBase$501", "objectBase$502", "objectBase$503", "objectBase$504"}) {
			t.Fatalf("pages of %d: %v", size, got)
		}
		server, register := values(t, rows[2]), values(t, rows[3])
		if owner, _ := server["owner"].(map[string]any); owner["UUID"] != "ou$45" || server["Price"] != 1200.5 {
			t.Errorf("pages of %d: the server is %v", size, server)
		}
		if register["fiscalNumber"] != "000123" {
			t.Errorf("pages of %d: the cash register is %v", size, register)
		}
	}
}

// A type whose first object is of a type below it is looked at once, not with every page.
func TestNestedTypes(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{"objectBase.jsonl": `
{"UUID":"objectBase$1","metaClass":"objectBase$Server","title":"a"}
{"UUID":"objectBase$2","metaClass":"objectBase$CI","title":"b"}
{"UUID":"objectBase$3","metaClass":"objectBase$CI","title":"c"}
{"UUID":"objectBase$4","metaClass":"objectBase$CI","title":"d"}`})})
	src := source(t, w, map[string]plan.Value{"page_size": int64(1)})
	if got := keys(mustRead(t, src, data("objectBase"))); !slices.Equal(got, numbered("objectBase", 4)) {
		t.Error(got)
	}
	if n := w.calls("find/objectBase$CI"); n != 1 {
		t.Errorf("%d calls: %v", n, w.sent)
	}
}

// Back-links that a ticket or a person collects are not asked for: they make answers grow without bound (IT trap 11).
func TestNoBackLinks(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office)})
	v := values(t, mustRead(t, source(t, w, nil), data("employee"))[0])
	for _, name := range []string{"serviceCalls", "createdSCs", "respForSCs", "votes", "workReports", "password"} {
		if _, ok := v[name]; ok {
			t.Errorf("%s is read", name)
		}
	}
	if _, ok := v["email"]; !ok {
		t.Error("email is not read")
	}
}

// Attributes hidden from the key are absent, and the rest is read.
func TestHiddenAttributes(t *testing.T) {
	_, w := tenant(t, sandbox.Options{FS: dir(office), UnknownAttr: sandbox.Refuse, Keys: map[string]sandbox.Profile{key: {HiddenAttrs: []string{"employee.email", "priority"}, DenyGet: []string{"*"}}}})
	src := source(t, w, nil)
	person, ticket := values(t, mustRead(t, src, data("employee"))[0]), values(t, mustRead(t, src, data("serviceCall"))[0])
	_, mail := person["email"]
	_, prio := ticket["priority"]
	for _, u := range w.urls {
		if strings.Contains(u, "priority") {
			t.Errorf("it asked for what no object shows: %s", u)
		}
	}
	if mail || prio || person["UUID"] != "employee$512" || ticket["number"] != 1042.0 {
		t.Errorf("%v, %v", person, ticket)
	}
}

// The tail that the mail robot puts under comments (IT 5.3).
func TestMailTail(t *testing.T) {
	fn := map[string]plan.Function{}
	for _, f := range itsm365.Schema().Functions {
		fn[f.Name] = f
	}
	for _, c := range []struct {
		name   string
		text   plan.Value
		sender plan.Value
		rest   plan.Value
	}{
		{"plain", "Спасибо<br>Email отправителя: Anna@Acme.example", "anna@acme.example", "Спасибо"},
		{"a link", `Спасибо<br/>Email отправителя: <a href="mailto:anna@acme.example">anna@acme.example</a>`, "anna@acme.example", "Спасибо"},
		{"in a div", "<p>Да</p><div>Email отправителя: anna@acme.example</div> ", "anna@acme.example", "<p>Да</p>"},
		{"on its own", "Email отправителя: anna@acme.example", "anna@acme.example", ""},
		{"in the middle", "Email отправителя: anna@acme.example<br>и ещё", nil, "Email отправителя: anna@acme.example<br>и ещё"},
		{"twice, the last counts", "Email отправителя: a@acme.example<br>да<br>Email отправителя: b@acme.example", "b@acme.example", "Email отправителя: a@acme.example<br>да"},
		{"no address", "Email отправителя: неизвестен", nil, "Email отправителя: неизвестен"},
		{"none", "Спасибо", nil, "Спасибо"},
		{"null", nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			sender, err := fn["mail_sender"].Call([]plan.Value{c.text})
			if err != nil || sender != c.sender {
				t.Errorf("sender %v, %v, want %v", sender, err, c.sender)
			}
			rest, err := fn["without_mail_tail"].Call([]plan.Value{c.text})
			if err != nil || rest != c.rest {
				t.Errorf("text %q, %v, want %q", rest, err, c.rest)
			}
		})
	}
}
