package archive_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/archive"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/transport"
)

const (
	key  = "6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2"
	acme = "../../../fixtures/acme/itsm365"
	// clickKey is in one-click links of the fixture's texts.
	clickKey = "0badcafe-1111-4222-8333-acce55acce55"
)

// A clock whose Sleep is over at once.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
	return ctx.Err()
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

// Every object of every class of the fixture, its comments and its files are there once, as the service gives them, nothing
// was written and no link was followed, and no key is in any file; by both ways of reading.
func TestWholeTenantOnceAndUnchanged(t *testing.T) {
	for _, owned := range []string{archive.Each, archive.List} {
		t.Run(owned, func(t *testing.T) {
			far, address := tenant(t, sandbox.Options{})
			dir := filepath.Join(t.TempDir(), "acme")
			w := &wire{}
			o := options(t, dir, address, w)
			o.Owned = owned
			m := mustRun(t, o)
			st := far.Stats()
			if st.Writes != 0 || st.LinkHits != 0 || st.KeysRefused != 0 {
				t.Errorf("%d writes, %d link hits, %d refused keys", st.Writes, st.LinkHits, st.KeysRefused)
			}
			files := tree(t, dir)
			for class, n := range st.Objects {
				got := objects(t, class, files[class+".jsonl"])
				if len(got) != n {
					t.Errorf("%s: %d objects, the service has %d", class, len(got), n)
				}
				for uuid, want := range asked(t, address, class) {
					for _, name := range itsm365.LeftOut(class) {
						delete(want, name)
					}
					for name, v := range got[uuid] { // a list asks for what any type of the class has
						if _, ok := want[name]; !ok && v == nil {
							delete(got[uuid], name)
						}
					}
					plain, _ := json.Marshal(want)
					clean := anyKey.ReplaceAll(plain, []byte("accessKey=(key-removed)"))
					have, _ := json.Marshal(got[uuid])
					if string(clean) != string(have) {
						t.Fatalf("%s:\n got %s\nwant %s", uuid, have, clean)
					}
				}
			}
			if m.KeysRemoved["serviceCall"] == 0 || m.KeysRemoved["comment"] == 0 {
				t.Errorf("keys removed: %v", m.KeysRemoved)
			}
			checkBytes(t, files)
			checkSums(t, dir, files)
			for name, text := range files {
				for _, secret := range []string{key, clickKey} {
					if strings.Contains(text, secret) {
						t.Errorf("%s holds the key %s", name, secret)
					}
				}
			}
			t.Logf("%d calls, %d of them for comments and files by owner", len(w.sent), calls(w, "find comment ")+calls(w, "find file "))
		})
	}
}

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

// An archive that is stopped at any of many calls goes on, asks for nothing again that was whole, and ends as the one that
// was never stopped.
func TestInterruptedGoesOn(t *testing.T) {
	for _, owned := range []string{archive.Each, archive.List} {
		t.Run(owned, func(t *testing.T) {
			_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
			whole := &wire{}
			dir := filepath.Join(t.TempDir(), "a")
			o := options(t, dir, address, whole)
			o.Owned = owned
			mustRun(t, o)
			want := tree(t, dir)
			total := len(whole.sent)
			every := 7
			if os.Getenv("CI") != "" {
				every = 1
			}
			for at := 1; at <= total; at += every {
				dir := filepath.Join(t.TempDir(), "a")
				ctx, cancel := context.WithCancel(t.Context())
				first := &wire{at: at, stop: cancel}
				o := options(t, dir, address, first)
				o.Owned = owned
				if _, _, err := archive.Run(ctx, o); !errors.Is(err, context.Canceled) {
					t.Fatalf("stopped at call %d: %v", at, err)
				}
				before, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
				second := &wire{}
				o = options(t, dir, address, second)
				o.Owned = owned
				mustRun(t, o)
				got := tree(t, dir)
				for _, name := range []string{"MANIFEST.json", "SHA256SUMS"} { // times, and their hash
					delete(got, name)
				}
				same := maps.Clone(want)
				delete(same, "MANIFEST.json")
				delete(same, "SHA256SUMS")
				if !maps.Equal(got, same) {
					t.Fatalf("stopped at call %d: the archive differs: %v, %v", at, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(same)))
				}
				for _, path := range before {
					class := strings.TrimSuffix(filepath.Base(path), ".jsonl")
					if n := second.count("find " + class); n > 0 && class != "FILES" {
						t.Errorf("stopped at call %d: %s was whole, and asked for %d times again", at, class, n)
					}
				}
				inFlight := first.sent[at-1]
				for _, call := range first.sent[:at-1] {
					if again := strings.HasPrefix(call, "get-file ") || strings.Count(call, " ") == 2; again && call != inFlight && second.count(call) > 0 {
						if strings.HasPrefix(call, "find ") && owned == archive.List {
							continue // the comparison is not over
						}
						t.Errorf("stopped at call %d (%s): %s was sent again", at, inFlight, call)
					}
				}
			}
			t.Logf("stopped at every call of %d, in steps of %d", total, every)
		})
	}
}

// The process may die between two writes: the folder as each write leaves it can be gone on with.
func TestDiedBetweenWrites(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t, dir, address, &wire{})
	o.Stage = func(name string, _ int) {
		if name == "fetch files" {
			cancel()
		}
	}
	if _, _, err := archive.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	damage := map[string]func(){
		"half an entry": func() { appendTo(t, filepath.Join(dir, ".archive", "classes.done"), `{"class":"half`) },
		"comments are in their place and that was not noted": func() {
			text, err := os.ReadFile(filepath.Join(dir, ".archive", "owned.done"))
			if err != nil {
				t.Fatal(err)
			}
			var kept []string
			for line := range strings.Lines(string(text)) {
				if !strings.Contains(line, `"class":"comment"`) {
					kept = append(kept, line)
				}
			}
			write(t, filepath.Join(dir, ".archive", "owned.done"), strings.Join(kept, ""))
		},
		"rows behind the last entry": func() {
			appendTo(t, filepath.Join(dir, "file.jsonl"), `{"UUID":"file$77","half`)
			if err := os.Rename(filepath.Join(dir, "file.jsonl"), filepath.Join(dir, ".archive", "file.part")); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, ".archive", "owned.done"), "")
		},
	}
	for _, what := range slices.Sorted(maps.Keys(damage)) {
		damage[what]()
	}
	w := &wire{}
	o = options(t, dir, address, w)
	mustRun(t, o)
	files := tree(t, dir)
	for class, n := range map[string]int{"comment": 2, "file": 3} {
		if got := objects(t, class, files[class+".jsonl"]); len(got) != n {
			t.Errorf("%d %ss, want %d", len(got), class, n)
		}
	}
	if n := calls(w, "find "); n > 12 && calls(w, "find comment")+calls(w, "find file")+calls(w, "find serviceCall") > 0 {
		t.Errorf("asked again: %v", w.sent)
	}
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

// A second run on a whole archive calls nobody and checks every hash.
func TestRerunVerifies(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	mustRun(t, options(t, dir, address, &wire{}))
	w := &wire{}
	m, verified, err := archive.Run(t.Context(), options(t, dir, address, w))
	if err != nil || !verified || len(w.sent) > 0 || m.Objects() != 9 {
		t.Fatalf("verified %v, %d calls, %v, %v", verified, len(w.sent), m, err)
	}
	appendTo(t, filepath.Join(dir, "KB.jsonl"), " ")
	write(t, filepath.Join(dir, "files", "more.txt"), "x")
	if err := os.Remove(filepath.Join(dir, "index", "app.js")); err != nil {
		t.Fatal(err)
	}
	_, _, err = archive.Run(t.Context(), options(t, dir, address, w))
	if !errors.Is(err, archive.ErrDamaged) {
		t.Fatal(err)
	}
	for _, want := range []string{"KB.jsonl was changed", "files/more.txt was added", "index/app.js is gone"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
}

func TestRefusesAFolder(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	busy := t.TempDir()
	write(t, filepath.Join(busy, "letter.txt"), "keep me")
	begun := filepath.Join(t.TempDir(), "begun")
	ctx, cancel := context.WithCancel(t.Context())
	if _, _, err := archive.Run(ctx, options(t, begun, address, &wire{at: 9, stop: cancel})); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	other, list, lang := options(t, begun, address+"/", &wire{}), options(t, begun, address, &wire{}), options(t, begun, address, &wire{})
	list.Owned, lang.Lang = archive.List, "de"
	cases := []struct {
		name string
		o    archive.Options
		want string
	}{
		{"something else is in it", options(t, busy, address, &wire{}), "is not empty and holds no archive"},
		{"another tenant", other, "was begun with " + address + ", and the configuration reads " + address + "/"},
		{"the other way of reading", list, "was begun with --owned=each"},
		{"a language that is none", lang, `no language "de"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := archive.Run(t.Context(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
	if left := tree0(t, busy); len(left) != 1 || left[0] != "letter.txt" {
		t.Errorf("the folder now holds %v", left)
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

// Two runs cannot write into one folder at a time.
func TestOneAtATime(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	o := options(t, dir, address, &wire{})
	met := false
	o.Stage = func(string, int) {
		if met {
			return
		}
		met = true
		if _, _, err := archive.Run(t.Context(), options(t, dir, address, &wire{})); err == nil || !strings.Contains(err.Error(), "another archive run works in this folder") {
			t.Errorf("the second run: %v", err)
		}
	}
	mustRun(t, o)
}

// Catalogs that no object leads to are read, and every class of the model is asked for: it is there, or named as empty or
// unreadable.
func TestAsksWhatNothingLeadsTo(t *testing.T) {
	files := small()
	files["catalogs.jsonl"] = `{"UUID":"changeType$1","metaClass":"changeType","code":"normal","title":"Обычное"}
{"UUID":"riskLevel$2","metaClass":"riskLevel","code":"low","title":"Низкий"}
{"UUID":"period$3","metaClass":"period","code":"m6","title":"Полгода"}
`
	_, address := tenant(t, sandbox.Options{FS: dirFS(files)})
	dir := filepath.Join(t.TempDir(), "a")
	w := &wire{}
	m := mustRun(t, options(t, dir, address, w))
	said := map[string]bool{}
	for _, c := range m.Classes {
		said[c.Class] = true
	}
	for _, name := range []string{"changeType", "riskLevel", "period"} {
		if !said[name] || strings.Count(tree(t, dir)[name+".jsonl"], "\n") != 1 {
			t.Errorf("%s is not in the archive", name)
		}
	}
	for _, name := range m.Empty {
		said[name] = true
	}
	for _, u := range m.Unreadable {
		said[u.What] = true
	}
	if len(itsm365.Classes()) < 20 {
		t.Errorf("the model has %v", itsm365.Classes())
	}
	for _, name := range append(itsm365.Classes(), "event", "adminLogRecord", "mark", "producer", "sortwareType", "fromQuestion") {
		if !said[name] {
			t.Errorf("nothing is said of %s", name)
		}
		if w.count("find "+name) == 0 && name != "comment" && name != "file" { // those are asked for by owner
			t.Errorf("%s was not asked for", name)
		}
	}
}

// A manifest or a list of hashes that was changed, or is gone, is damage, and not a folder of something else.
func TestDamagedLists(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	for _, tt := range []struct {
		name, file string
		change     func(text []byte) []byte // nil takes the file away
		want       string
	}{
		{"a line more", "MANIFEST.json", func(b []byte) []byte { return append(b, "x\n"...) }, "MANIFEST.json was changed"},
		{"another layout", "MANIFEST.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 9`), 1) }, "MANIFEST.json was changed"},
		{"no manifest", "MANIFEST.json", nil, "MANIFEST.json is gone"},
		{"no hashes", "SHA256SUMS", nil, "SHA256SUMS is gone"},
		{"hashes of nothing", "SHA256SUMS", func([]byte) []byte { return nil }, "KB.jsonl was added"},
		{"no hashes in the list", "SHA256SUMS", func(b []byte) []byte { return append(b, "x\n"...) }, "SHA256SUMS was changed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a")
			mustRun(t, options(t, dir, address, &wire{}))
			path := filepath.Join(dir, tt.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err = os.Remove(path); err == nil && tt.change != nil {
				err = os.WriteFile(path, tt.change(text), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			w := &wire{}
			if _, _, err = archive.Run(t.Context(), options(t, dir, address, w)); !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), tt.want) || len(w.sent) > 0 {
				t.Errorf("%v; asked %v", err, w.sent)
			}
		})
	}
}

// What cannot be read is named with its reason, and the rest is there.
func TestUnreadableIsNamed(t *testing.T) {
	files := small()
	delete(files, "files/31") // the service has lost the bytes
	_, address := tenant(t, sandbox.Options{FS: dirFS(files), Keys: map[string]sandbox.Profile{key: {HiddenClasses: []string{"KB"}}}})
	dir := filepath.Join(t.TempDir(), "a")
	refuse := func(r *http.Request, call string) *http.Response {
		switch call {
		case "find comment serviceCall$3", "find serviceCall":
			return reply(r, 500, "Недостаточно прав, accessKey="+key)
		}
		return nil
	}
	m := mustRun(t, options(t, dir, address, &wire{answer: refuse}))
	got := map[string]string{}
	for _, u := range m.Unreadable {
		got[u.What+" of "+u.Of] = u.Why
	}
	want := map[string]string{
		"serviceCall of ": "Недостаточно прав", "comment of serviceCall$3": "Недостаточно прав", "file$31 of serviceCall$1": "Содержимое файла",
		"file$99 of serviceCall$1": "file$99", // only a text names it
	}
	for what, why := range want {
		if !strings.Contains(got[what], why) {
			t.Errorf("%s: %q does not say %q", what, got[what], why)
		}
		delete(got, what)
	}
	for what := range got {
		if !strings.HasSuffix(what, " of ") || slices.Contains([]string{"comment of ", "file of "}, what) {
			t.Errorf("%s: %s", what, got[what])
		}
	}
	if !m.Incomplete() {
		t.Error("the archive calls itself complete")
	}
	texts := tree(t, dir)
	for _, typ := range []string{"request", "serviceCall"} { // the types answer where the class does not
		if len(objects(t, typ, texts["serviceCall$"+typ+".jsonl"])) == 0 {
			t.Errorf("serviceCall$%s was not read", typ)
		}
	}
	for name, text := range texts {
		if strings.Contains(text, key) {
			t.Errorf("%s holds the key", name)
		}
	}
}

// A server whose lists of comments show less than their owners have: every owner is asked.
func TestListThatShowsLess(t *testing.T) {
	for name, body := range map[string]string{"nothing": "[]", "a part": `[{"UUID":"comment$21","metaClass":"comment","text":"x","source":{"UUID":"serviceCall$2"}}]`} {
		t.Run(name, func(t *testing.T) {
			_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
			dir := filepath.Join(t.TempDir(), "a")
			w := &wire{answer: func(r *http.Request, call string) *http.Response {
				if call != "find comment" {
					return nil
				}
				if r.URL.Query().Get("offset") != "0" {
					return reply(r, 200, "[]")
				}
				return reply(r, 200, body)
			}}
			o := options(t, dir, address, w)
			o.Owned = archive.List
			m := mustRun(t, o)
			if got := objects(t, "comment", tree(t, dir)["comment.jsonl"]); len(got) != 2 {
				t.Errorf("%d comments", len(got))
			}
			for _, c := range m.Classes {
				if c.Class == "comment" && c.Asked != archive.Each {
					t.Errorf("comments were read by %s", c.Asked)
				}
			}
		})
	}
}

// A list that is empty, as its owners say too, costs no call for each of them.
func TestListThatIsEmpty(t *testing.T) {
	files := tickets(400)
	_, address := tenant(t, sandbox.Options{FS: dirFS(files)})
	w := &wire{}
	o := options(t, filepath.Join(t.TempDir(), "a"), address, w)
	o.Owned = archive.List
	m := mustRun(t, o)
	if !slices.Contains(m.Empty, "comment") || !slices.Contains(m.Empty, "file") {
		t.Errorf("empty: %v", m.Empty)
	}
	if n := calls(w, "find comment ") + calls(w, "find file "); n != 100 {
		t.Errorf("%d owners were asked", n)
	}
}

// A run that ends between two stages goes on with the next, and what was whole is asked for no more.
func TestStoppedBetweenStages(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	mustRun(t, options(t, dir, address, &wire{}))
	want := tree(t, dir)
	for stage, asked := range map[string]int{"fetch files": 99, "write the page": 1, "write hashes": 1} {
		t.Run(stage, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a")
			ctx, cancel := context.WithCancel(t.Context())
			o := options(t, dir, address, &wire{})
			o.Stage = func(name string, _ int) {
				if name == stage {
					cancel()
				}
			}
			if _, _, err := archive.Run(ctx, o); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			w := &wire{}
			mustRun(t, options(t, dir, address, w))
			got := tree(t, dir)
			for name, text := range want {
				if got[name] != text && name != "MANIFEST.json" && name != "SHA256SUMS" {
					t.Errorf("%s differs", name)
				}
			}
			if n := calls(w, "get-file "); len(got) != len(want) || n > asked { // file$99 is refused and asked for again
				t.Errorf("%d files, want %d; %d files fetched again", len(got), len(want), n)
			}
		})
	}
}

// tickets are n incidents.
func tickets(n int) map[string]string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `{"UUID":"serviceCall$%d","metaClass":"serviceCall$request","number":%[1]d,"title":"%[1]d"}`+"\n", i)
	}
	return map[string]string{"serviceCall.jsonl": b.String()}
}

// A failure that passes by itself stops the run, and the next one goes on; a file whose answer is none is named.
func TestServiceGoesDown(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	down := func(r *http.Request, call string) *http.Response {
		if call == "find comment serviceCall$2" {
			return reply(r, 503, "<html>nginx</html>")
		}
		return nil
	}
	_, _, err := archive.Run(t.Context(), options(t, dir, address, &wire{answer: down}))
	if err == nil || !strings.Contains(err.Error(), "the comments of serviceCall$2") || !strings.Contains(err.Error(), "503") {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "MANIFEST.json")); err == nil {
		t.Error("an archive that is not whole has a manifest")
	}
	if m := mustRun(t, options(t, dir, address, &wire{})); m.Objects() != 9 {
		t.Errorf("%d objects", m.Objects())
	}
}

// The page's scripts hold no sign that could end them, whatever the texts are.
func TestScriptsAreEscaped(t *testing.T) {
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	mustRun(t, options(t, dir, address, &wire{}))
	seen := 0
	for name, text := range tree(t, dir) {
		if !strings.HasPrefix(name, "index/") || name == "index/app.js" {
			continue
		}
		seen++
		if strings.ContainsAny(text, "<>\u2028\u2029") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if seen < 4 {
		t.Errorf("only %d scripts", seen)
	}
}
