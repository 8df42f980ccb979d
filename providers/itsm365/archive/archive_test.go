package archive_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deskform/providers/itsm365"
	"deskform/providers/itsm365/archive"
	"deskform/providers/itsm365/sandbox"
)

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
