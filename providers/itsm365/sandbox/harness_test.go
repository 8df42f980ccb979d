package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskform/providers/itsm365/sandbox"
)

// tenant is a data directory with a little of everything.
var tenant = map[string]string{
	"employee.jsonl": `
{"UUID":"employee$512","metaClass":"employee$contactPerson","title":"Иванова Анна","firstName":"Анна","email":"anna@acme.example","parent":"ou$45","removed":false}
{"UUID":"employee$513","metaClass":"employee$employee","title":"Петров Пётр","lastName":"Петров","performer":true,"teams":["team$9"],"dateOfBirth":"1990-05-17","creationDate":"2024-01-10T08:00:00Z"}
`,
	"ou.jsonl":        `{"UUID":"ou$45","metaClass":"ou$company","title":"ООО «Ромашка»"}`,
	"agreement.jsonl": `{"UUID":"agreement$7","metaClass":"agreement$agreement","title":"Базовое"}`,
	"team.jsonl":      `{"UUID":"team$9","metaClass":"team$team","title":"2-я линия"}`,
	"serviceCall.jsonl": `
{"UUID":"serviceCall$70113","metaClass":"serviceCall$request","number":1043,"title":"1043","shortDescr":"Новый монитор","state":"registered","client":"employee$512","responsible":"team$9","priority":null,"creationDate":"2026-03-02T06:14:55Z"}
{"UUID":"serviceCall$70112","metaClass":"serviceCall$serviceCall","number":1042,"title":"1042","shortDescr":"Нет связи с кассой","state":"inprogress","registrationDate":"2026-03-02T06:14:55Z","priority":"priority$3002","clientEmployee":"employee$512","clientOU":"ou$45","responsible":"employee$513","resolutionTime":{"length":4,"interval":"HOUR"},"overdue":{"status":"ACTIVE","deadLineTime":"2026-03-02T10:14:55Z"},"categories":["category$3010","category$3011"],"recipientNote":"serviceCall$70113","descriptionRTF":"<div>касса &amp; <a href=\"https://acme.itsm365.com/sd/services/rest/edit/serviceCall$70112?accessKey=client-key-1&amp;state=closed\">закрыть</a></div>","lastModifiedDate":"2026-03-02T07:02:11.250Z"}
{"UUID":"serviceCall$70200","metaClass":"serviceCall$complaint","number":1050,"title":"SD 1050","shortDescr":"serviceCall$70112","state":"closed","removed":true,"masterMassProblem":"serviceCall$70112","creationDate":"2026-06-30T22:30:00Z"}
`,
	"comment.jsonl": `
{"UUID":"comment$80001","metaClass":"comment","text":"<p>Перезагрузили</p>","author":"employee$513","creationDate":"2026-03-02T07:00:00Z","private":true,"source":"serviceCall$70112"}
{"UUID":"comment$80002","metaClass":"comment","text":"Спасибо","author":null,"creationDate":"2026-03-02T07:01:00Z","source":"serviceCall$70112","files":["file$9002"]}
`,
	"file.jsonl": `
{"UUID":"file$9001","metaClass":"file","title":"Счёт \"март\".txt","mimeType":"text/plain","fileSize":11,"source":"serviceCall$70112","sourceFqn":"serviceCall$serviceCall","relation":"files"}
{"UUID":"file$9002","metaClass":"file","title":"empty.bin","fileSize":0,"source":"comment$80002"}
{"UUID":"file$9003","metaClass":"file","title":"lost.bin","source":"serviceCall$70112"}
`,
	"objectBase.jsonl": `
{"UUID":"objectBase$501","metaClass":"objectBase$Server","title":"srv-1","owner":"ou$45","serviceCalls":["serviceCall$70112"],"Price":1200.50}
{"UUID":"objectBase$502","metaClass":"objectBase$city","title":"Тверь"}
{"UUID":"objectBase$503","metaClass":"objectBase$FR","title":"ФР-1","fiscalNumber":"000123"}
`,
	"catalogs.jsonl": `
{"UUID":"priority$3002","metaClass":"priority","code":"high","title":"2. Высокий","level":2}
{"UUID":"category$3009","metaClass":"category","code":"net","title":"Сеть","folder":true}
{"UUID":"category$3010","metaClass":"category","code":"badConnection","title":"Плохая связь","parent":"category$3009"}
{"UUID":"category$3011","metaClass":"category","code":"catRFC","title":"Изменения","removed":true}
{"UUID":"directory$3020","metaClass":"shops","code":"s1","title":"Магазин 1"}
`,
	"files/9001":   "сумма",
	"files/9002":   "",
	"metainfo.xml": "<metainfoContainer/>",
}

func files(more map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for _, m := range []map[string]string{tenant, more} {
		for name, text := range m {
			all[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return all
}

// A desk is a sandbox behind a real HTTP server.
type desk struct {
	*sandbox.Server
	t    *testing.T
	url  string
	http *http.Client
}

func open(t *testing.T, change func(*sandbox.Options)) *desk {
	t.Helper()
	opt := sandbox.Options{FS: files(nil), Keys: map[string]sandbox.Profile{"good": {}}}
	if change != nil {
		change(&opt)
	}
	s, err := sandbox.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &desk{Server: s, t: t, url: server.URL, http: server.Client()}
}

// do sends a request to a path below rest/, with the good key unless the path brings one.
func (d *desk) do(method, path, contentType, body string) (int, string, http.Header) {
	d.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/sd/services/rest/" + path
		if !strings.Contains(path, "accessKey=") {
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			path += sep + "accessKey=good"
		}
	}
	req, err := http.NewRequest(method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := d.http.Do(req)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, string(text), res.Header
}

func (d *desk) get(path string) string {
	d.t.Helper()
	status, text, _ := d.do("GET", path, "", "")
	if status != http.StatusOK {
		d.t.Fatalf("GET %s: %d %s", path, status, text)
	}
	return text
}

// object reads an answer that is one JSON object.
func (d *desk) object(path string) map[string]any {
	d.t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(d.get(path)), &m); err != nil {
		d.t.Fatalf("GET %s: %v", path, err)
	}
	return m
}

// numbers shortens an answer of find or search to the numeric parts of its UUIDs.
func numbers(t *testing.T, text string) string {
	t.Helper()
	var list []any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	found := []string{}
	for _, e := range list {
		uuid, ok := e.(string)
		if !ok {
			uuid, _ = e.(map[string]any)["UUID"].(string)
		}
		_, n, _ := strings.Cut(uuid, "$")
		found = append(found, n)
	}
	return strings.Join(found, " ")
}

func keys(m map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// A handClock stands still until it is moved or slept on.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *handClock) Sleep(ctx context.Context, d time.Duration) error {
	c.Advance(d)
	return ctx.Err()
}
