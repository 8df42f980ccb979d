package archive_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/archive"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

const (
	key  = "6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2"
	acme = "../../../fixtures/acme/itsm365"
	// clickKey is in one-click links of the fixture's texts.
	clickKey = "0badcafe-1111-4222-8333-acce55acce55"
)

func newClock() *providertest.Clock {
	return providertest.NewClock(time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC))
}

// A wire notes every request, "get-file file$1" or "find comment serviceCall$7", and may answer itself.
type wire struct {
	answer func(*http.Request, string) *http.Response
	at     int    // with the call of this number stop is called; 0 for never
	stop   func() // and the call fails

	mu   sync.Mutex
	sent []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	_, call, _ := strings.Cut(r.URL.Path, "/rest/")
	call = strings.Replace(call, "/", " ", 1)
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var filter map[string]string
		if json.Unmarshal(body, &filter) == nil && filter["source"] != "" {
			call += " " + filter["source"]
		}
	}
	w.mu.Lock()
	w.sent = append(w.sent, call)
	n := len(w.sent)
	w.mu.Unlock()
	if w.at > 0 && n == w.at {
		w.stop()
		return nil, r.Context().Err()
	}
	if w.answer != nil {
		if res := w.answer(r, call); res != nil {
			return res, nil
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (w *wire) count(call string) int {
	n := 0
	for _, s := range w.sent {
		if s == call {
			n++
		}
	}
	return n
}

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}
}

// tenant serves a sandbox over HTTP.
func tenant(t testing.TB, o sandbox.Options) (*sandbox.Server, string) {
	t.Helper()
	if o.Keys == nil {
		o.Keys = map[string]sandbox.Profile{key: {}}
	}
	if o.Dir == "" && o.FS == nil {
		o.Dir = acme
	}
	o.Clock = newClock()
	far, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(far)
	t.Cleanup(srv.Close)
	return far, srv.URL + "/sd/services/rest"
}

func options(t testing.TB, dir, address string, w *wire) archive.Options {
	t.Helper()
	c, red := newClock(), transport.NewRedactor()
	src, err := itsm365.New(map[string]plan.Value{"url": address, "access_key": key}, itsm365.Config{Clock: c, HTTP: w, Redact: red})
	if err != nil {
		t.Fatal(err)
	}
	return archive.Options{Dir: dir, Source: src, Address: address, TimeZone: src.Zone(), Owned: archive.Each, Lang: "en", Version: "0.0.0", Secrets: []string{key}, Redact: red, Now: c.Now}
}

func mustRun(t testing.TB, o archive.Options) *archive.Manifest {
	t.Helper()
	m, verified, err := archive.Run(t.Context(), o)
	if err != nil || verified {
		t.Fatalf("verified %v, error %v", verified, err)
	}
	return m
}

// tree is every file of a folder by its path.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// objects decodes JSON Lines by UUID; one that comes twice is an error.
func objects(t testing.TB, name, text string) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for line := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%s: %v: %s", name, err, line)
		}
		uuid, _ := o["UUID"].(string)
		if out[uuid] != nil {
			t.Errorf("%s holds %s twice", name, uuid)
		}
		out[uuid] = o
	}
	return out
}

// asked gets the objects of a class by plain HTTP, as the service gives them.
func asked(t testing.TB, address, class string) map[string]map[string]any {
	t.Helper()
	res, err := http.Get(address + "/find/" + class + "/" + url.PathEscape("{}") + "?accessKey=" + key)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list []map[string]any
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatalf("%s: %v", class, err)
	}
	out := map[string]map[string]any{}
	for _, o := range list {
		out[o["UUID"].(string)] = o
	}
	return out
}

var anyKey = regexp.MustCompile(`accessKey=[0-9a-f-]+`)

func calls(w *wire, prefix string) int {
	n := 0
	for _, s := range w.sent {
		if strings.HasPrefix(s, prefix) {
			n++
		}
	}
	return n
}

// checkBytes holds what FILES.jsonl names against the fixture's files.
func checkBytes(t *testing.T, files map[string]string) {
	t.Helper()
	list := objects(t, "FILES.jsonl", files["FILES.jsonl"])
	entries, err := os.ReadDir(filepath.Join(acme, "files"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		want, err := os.ReadFile(filepath.Join(acme, "files", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		path, _ := list["file$"+e.Name()]["path"].(string)
		got, ok := files[path]
		if !ok || got != string(want) {
			t.Errorf("file$%s at %q: %d bytes, the fixture has %d", e.Name(), path, len(got), len(want))
		}
	}
	if len(list) != len(entries) {
		t.Errorf("%d files are listed, the fixture has %d", len(list), len(entries))
	}
}

// checkSums computes every hash itself, and lets sha256sum do so where there is one.
func checkSums(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	listed := map[string]bool{}
	in := bufio.NewScanner(strings.NewReader(files["SHA256SUMS"]))
	for in.Scan() {
		sum, name, _ := strings.Cut(in.Text(), "  ")
		own := sha256.Sum256([]byte(files[name]))
		if _, ok := files[name]; !ok || hex.EncodeToString(own[:]) != sum {
			t.Errorf("SHA256SUMS is wrong about %q", name)
		}
		listed[name] = true
	}
	for name := range files {
		if !listed[name] && name != "SHA256SUMS" {
			t.Errorf("SHA256SUMS does not list %s", name)
		}
	}
	if _, err := exec.LookPath("sha256sum"); err != nil {
		return
	}
	cmd := exec.Command("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

// small is a tenant of a few objects, with what is hard about a folder.
func small() map[string]string {
	return map[string]string{
		"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1","shortDescr":"<script>document.title='hit'</script> Принтер","state":"closed","descriptionRTF":"<div>Смотрите <img src=\"./download?uuid=file$99\"></div>"}
{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":2,"title":"2","shortDescr":"Тёмный экран","state":"closed","own":{"deep":["<b>",1.50]}}
{"UUID":"serviceCall$3","metaClass":"serviceCall$serviceCall","number":3,"title":"3","shortDescr":"Мышь","state":"closed"}
`,
		"KB.jsonl":      `{"UUID":"KB$10","metaClass":"KB$KBArticle","title":"Статья","text":"<p>Как открыть <b>смену</b></p>","state":"registered"}` + "\n",
		"comment.jsonl": `{"UUID":"comment$20","metaClass":"comment","text":"</script><script>document.title='hit'</script>Ответ","source":"serviceCall$1","private":true,"creationDate":"2026-03-02T06:14:55Z"}` + "\n" + `{"UUID":"comment$21","metaClass":"comment","text":"https://x/?accessKey=11112222-3333","source":"serviceCall$2","creationDate":"2026-03-02T06:14:55Z"}` + "\n",
		"file.jsonl": `{"UUID":"file$30","metaClass":"file","title":"../../etc/passwd","source":"serviceCall$1","relation":"files","fileSize":3}
{"UUID":"file$31","metaClass":"file","title":"Отчёт.TXT","source":"serviceCall$1","relation":"files","fileSize":4}
{"UUID":"file$32","metaClass":"file","title":"отчёт.txt","source":"comment$20","relation":"files","fileSize":5}
`,
		"files/30": "abc", "files/31": "abcd", "files/32": "abcde",
	}
}

func dirFS(files map[string]string) fs.FS {
	dir := fstest.MapFS{}
	for name, text := range files {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(old)+text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tree0(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// tickets are n incidents.
func tickets(n int) map[string]string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `{"UUID":"serviceCall$%d","metaClass":"serviceCall$request","number":%[1]d,"title":"%[1]d"}`+"\n", i)
	}
	return map[string]string{"serviceCall.jsonl": b.String()}
}
