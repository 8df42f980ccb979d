package sandbox_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"deskform/providers/itsm365/sandbox"
)

func TestWritesAreCountedAndCarriedOut(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)}
	d := open(t, func(o *sandbox.Options) { o.Clock = clock })
	writes := 0
	post := func(path, contentType, body, want string) {
		t.Helper()
		status, text, _ := d.do("POST", path, contentType, body)
		if status != 200 || text != want {
			t.Errorf("POST %s: %d %s\nwant %s", path, status, text, want)
		}
		if writes++; d.Stats().Writes != writes {
			t.Errorf("POST %s: %d writes counted, want %d", path, d.Stats().Writes, writes)
		}
	}
	const done = "Operation completed successfully"

	post("create-m2m/serviceCall?attrs=UUID,metaClass,number,title,state,registrationDate,client", "application/json",
		`{"metaClass":"serviceCall$request","shortDescr":"Новая","description":"x","agreement":"agreement$7","client":{"UUID":"employee$512"},"deadLineTime":"2026.03.04 12:00:00"}`,
		`{"UUID":"serviceCall$80003","client":{"UUID":"employee$512","metaClass":"employee$contactPerson","title":"Иванова Анна"},"metaClass":"serviceCall$request","number":1051,"registrationDate":"2026.03.03 12:00:00","state":"registered","title":"1051"}`)
	if got := d.get("get/serviceCall$80003?attrs=deadLineTime"); got != `{"deadLineTime":"2026.03.04 12:00:00"}` {
		t.Error(got)
	}
	clock.Advance(time.Hour)
	post("edit/serviceCall$80003?state=inprogress&massProblem=true", "", "", done)
	if got := d.get("get/serviceCall$80003?attrs=state,massProblem,lastModifiedDate,stateStartTime,registrationDate"); got !=
		`{"lastModifiedDate":"2026.03.03 13:00:00","massProblem":true,"registrationDate":"2026.03.03 12:00:00","state":"inprogress","stateStartTime":"2026.03.03 13:00:00"}` {
		t.Error(got)
	}
	post("edit-m2m/serviceCall$80003?attrs=title", "application/json", `{"title":"SD 7","@comment":"готово","@commentPrivate":true}`, `{"title":"SD 7"}`)
	post("create/ou$ou/"+url.PathEscape(`{title:'Склад',parent:'ou$45'}`), "", "", done)
	if got := d.get("get/ou$45?attrs=childOUs"); got != `{"childOUs":[{"UUID":"ou$80005","metaClass":"ou$ou","title":"Склад"}]}` {
		t.Error(got)
	}
	if got := d.get("find/comment/%7Bsource:'serviceCall$80003'%7D?attrs=text,private"); got != `[{"private":true,"text":"готово"}]` {
		t.Error(got)
	}
	post("create-m2m-multiple?attrs=title", "application/json", `[{"metaClass":"team$team","title":"3-я линия"},{"metaClass":"crew","title":"x"}]`,
		`[{"title":"3-я линия"},{"error":"Метакласс 'crew' не найден"}]`)
	post("add-file/serviceCall$80003?attrsCode=files", "multipart/form-data; boundary=b",
		"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nbytes\r\n--b--\r\n", done)
	if got := d.get("get-file/file$80007"); got != "bytes" {
		t.Error(got)
	}
	if got := d.get("get/serviceCall$80003?attrs=files"); got != `{"files":[{"UUID":"file$80007","metaClass":"file","title":"a.txt"}]}` {
		t.Error(got)
	}
	post("delete/serviceCall$80003", "", "", done)
	if got := numbers(t, d.get("find/file")) + "|" + numbers(t, d.get("find/comment")); got != "9001 9002 9003|80001 80002" {
		t.Errorf("comments and files of a deleted ticket: %s", got)
	}
	post("delete/employee$512", "", "", done)
	if got := d.get("get/serviceCall$70112?attrs=clientEmployee,clientOU"); got != `{"clientEmployee":null,"clientOU":{"UUID":"ou$45","metaClass":"ou$company","title":"ООО «Ромашка»"}}` {
		t.Errorf("a link to a deleted object: %s", got)
	}
	if got := d.Stats().WritesBy["delete"]; got != 2 {
		t.Errorf("%d deletes counted, want 2", got)
	}
}

func TestRefusedWritesAreCounted(t *testing.T) {
	d := open(t, func(o *sandbox.Options) {
		o.Keys = map[string]sandbox.Profile{"good": {Superuser: true}, "narrow": {HiddenClasses: []string{"ou"}}}
	})
	before := d.get("/_sandbox/dump")
	for i, c := range []struct{ path, body, want string }{
		{"delete/ou$45?accessKey=wrong", "", "ключ авторизации"},
		{"delete/ou$45?accessKey=narrow", "", "Объект не найден"},
		{"delete/ou$1", "", "Объект не найден"},
		{"edit/ou$45?colour=red", "", "'colour'"},
		{"edit/ou$45?metaClass=ou$ou", "", "'metaClass'"},
		{"edit/ou$45?parent=ou$1", "", "there is no ou$1"},
		{"edit/ou$45", "{", "body"},
		{"create/serviceCall", `{"title":"x"}`, "Не указан тип"},
		{"create/ou$ou", `{"@magic":1}`, "'@magic'"},
		{"create/serviceCall$call", `{"title":"x"}`, "'shortDescr'"},
		{"create/serviceCall$call", `{"shortDescr":"x","description":"y"}`, "'agreement'"},
		{"create/serviceCall$call", `{"shortDescr":"x","agreement":"agreement$7"}`, "'description'"},
		{"edit/serviceCall$70113?state=closed", "", "Переход из статуса 'registered' в статус 'closed'"},
		{"edit/serviceCall$70112?state=deferred", "", "Переход из статуса 'inprogress' в статус 'deferred'"},
		{"edit/serviceCall$70200?state=registered", "", "Переход из статуса 'closed'"},
		{"add-file/ou$45", "", "нет файла"},
		{"create-excl/servicetime$1", "{}", "create-excl"},
		{"/sd/services/smpsync/upload-metainfo?accessKey=good", "", "upload-metainfo"},
		{"/sd/services/smpsync/scripts?accessKey=good", "", "scripts"},
	} {
		status, text, _ := d.do("POST", c.path, "application/json", c.body)
		if status != 500 || !strings.Contains(text, c.want) {
			t.Errorf("%s: %d %s, want %s", c.path, status, text, c.want)
		}
		if got := d.Stats().Writes; got != i+1 {
			t.Errorf("%s: %d writes counted, want %d", c.path, got, i+1)
		}
	}
	if after := d.get("/_sandbox/dump"); after != before {
		t.Errorf("a refused write changed the data:\n%s\nbecame\n%s", before, after)
	}
}

func TestMutate(t *testing.T) {
	clock := &handClock{now: time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)}
	d := open(t, func(o *sandbox.Options) { o.Clock = clock })
	status, text, _ := d.do("POST", "/_sandbox/mutate", "", `[
		{"op":"set","uuid":"serviceCall$70112","attrs":{"priority":null,"dateDecision":"2026-03-03T08:00:00Z"}},
		{"op":"append","attrs":{"metaClass":"comment","source":"serviceCall$70112","text":"ещё"}},
		{"op":"append","uuid":"serviceCall$70150","attrs":{"metaClass":"serviceCall$vnINC","number":7,"vnFlag":"да"}},
		{"op":"delete","uuid":"serviceCall$70113"}]`)
	if want := `{"uuids":["serviceCall$70112","comment$80003","serviceCall$70150","serviceCall$70113"]}`; status != 200 || text != want {
		t.Fatalf("%d %s", status, text)
	}
	for path, want := range map[string]string{
		"get/serviceCall$70112?attrs=priority,dateDecision,lastModifiedDate": `{"dateDecision":"2026.03.03 11:00:00","lastModifiedDate":"2026.03.03 12:00:00","priority":null}`,
		"get/comment$80003?attrs=text,creationDate,private":                  `{"creationDate":"2026.03.03 12:00:00","private":false,"text":"ещё"}`,
		"find/serviceCall?attrs=UUID":                                        `[{"UUID":"serviceCall$70112"},{"UUID":"serviceCall$70150"},{"UUID":"serviceCall$70200"}]`,
		"find/serviceCall?attrs=number,title,vnFlag&vnFlag=да":               `[{"number":7,"title":"7","vnFlag":"да"}]`,
	} {
		if got := d.get(strings.ReplaceAll(path, "да", "%D0%B4%D0%B0")); got != want {
			t.Errorf("%s: got  %s\nwant %s", path, got, want)
		}
	}
	if d.Stats().Writes != 0 {
		t.Error("a mutation counts as a write of the client")
	}
	for _, c := range []struct {
		m    sandbox.Mutation
		want string
	}{
		{sandbox.Mutation{Op: "set", UUID: "ou$1"}, "mutation 0: set: there is no ou$1"},
		{sandbox.Mutation{Op: "set", UUID: "ou$45", Attrs: map[string]any{"UUID": "ou$46"}}, "cannot be changed"},
		{sandbox.Mutation{Op: "set", UUID: "ou$45", Attrs: map[string]any{"parent": "ou$1"}}, "there is no ou$1"},
		{sandbox.Mutation{Op: "rename", UUID: "ou$45"}, `op "rename"`},
		{sandbox.Mutation{Op: "append", Attrs: map[string]any{"title": "x"}}, "no metaClass"},
		{sandbox.Mutation{Op: "append", UUID: "ou$45", Attrs: map[string]any{"metaClass": "ou$ou"}}, "is there already"},
	} {
		if _, err := d.Mutate(c.m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.m, err, c.want)
		}
	}
	if status, text, _ := d.do("POST", "/_sandbox/mutate", "", `{"op":"set","id":"ou$45"}`); status != 400 || !strings.Contains(text, "unknown field") {
		t.Errorf("%d %s", status, text)
	}
}

func TestOneClickLinks(t *testing.T) {
	d := open(t, func(o *sandbox.Options) {
		o.Keys = map[string]sandbox.Profile{"good": {}, "other": {}}
	})
	hits := func(want int) {
		t.Helper()
		if got := d.Stats().LinkHits; got != want {
			t.Errorf("%d hits, want %d", got, want)
		}
	}
	d.do("GET", "find/ou", "", "")
	d.do("GET", "find/ou?accessKey=wrong", "", "") // a wrong key is no link
	hits(0)
	d.do("GET", "edit/serviceCall$70112?accessKey=client-key-1&state=closed", "", "")
	hits(1)
	d.do("GET", "/share/x?accessKey=client-key-1", "", "")
	hits(2)
	d.do("GET", "exec?func=modules.restModule.close&params='x'", "", "")
	hits(3)
	if _, err := d.Mutate(sandbox.Mutation{Op: "append", Attrs: map[string]any{
		"metaClass": "comment", "source": "serviceCall$70112", "text": "https://x/sd/services/rest/exec?accessKey=late-key;accessKey=other"}}); err != nil {
		t.Fatal(err)
	}
	d.do("GET", "find/ou?accessKey=late-key", "", "")
	hits(4)
	d.do("GET", "find/ou?accessKey=other", "", "") // it stands in a text, and is a key of the server's own
	hits(4)
	if got := d.get("get/serviceCall$70112?attrs=state"); got != `{"state":"inprogress"}` {
		t.Errorf("a link with a foreign key changed the ticket: %s", got)
	}
}

func TestStats(t *testing.T) {
	d := open(t, nil)
	d.get("find/serviceCall$request")
	d.get("find/serviceCall")
	d.get("find/serviceCall")
	d.get("get/employee$512")
	d.get("check-status")
	d.do("GET", "get/employee$1", "", "")
	d.do("GET", "/sd/services/smpsync/version?accessKey=good", "", "")
	var st sandbox.Stats
	if err := json.Unmarshal([]byte(d.get("/_sandbox/stats")), &st); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal([]any{st.Calls, st.Statuses, st.Writes, st.PeakParallel, st.Objects["serviceCall"], st.Objects["priority"]})
	want := `[{"check-status":{"":1},"find":{"serviceCall":2,"serviceCall$request":1},"get":{"employee":2},"smpsync/version":{"":1}},{"200":5,"500":2},0,1,3,1]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestClock(t *testing.T) {
	d := open(t, func(o *sandbox.Options) { o.Clock = &handClock{now: time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)} })
	if got := d.get("/_sandbox/clock"); got != `{"now":"2026-03-03T09:00:00Z"}` {
		t.Error(got)
	}
	if _, got, _ := d.do("POST", "/_sandbox/clock", "", `{"advance":"90m"}`); got != `{"now":"2026-03-03T10:30:00Z"}` {
		t.Error(got)
	}
	if status, text, _ := d.do("POST", "/_sandbox/clock", "", `{"advance":"soon"}`); status != 400 {
		t.Errorf("%d %s", status, text)
	}
	if status, text, _ := d.do("POST", "/_sandbox/clock", "", `{"advance":"-90m"}`); status != 400 || !strings.Contains(text, "backwards") {
		t.Errorf("%d %s", status, text)
	}
}
