package archive_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/archive"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/transport"
)

// withArgs is the options of a run whose provider block says more.
func withArgs(t *testing.T, dir, address string, w *wire, args map[string]plan.Value) archive.Options {
	t.Helper()
	o := options(t, dir, address, w)
	all := map[string]plan.Value{"url": address, "access_key": key}
	maps.Copy(all, args)
	red := transport.NewRedactor()
	src, err := itsm365.New(all, itsm365.Config{Clock: newClock(), HTTP: w, Redact: red})
	if err != nil {
		t.Fatal(err)
	}
	o.Source, o.Redact = src, red
	return o
}

// export is that of the example, and without its keys.
func export(t *testing.T) (raw, clean string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(acme, "metainfo.xml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), anyKey.ReplaceAllString(string(text), "accessKey=(key-removed)")
}

var (
	auto  = map[string]plan.Value{"metainfo": "auto"}
	super = map[string]sandbox.Profile{key: {Superuser: true}}
)

// asksExport counts the calls beside the REST root.
func asksExport(far *sandbox.Server) int { return far.Stats().Calls["smpsync/metainfo"][""] }

// The export is kept whole, but for keys, with its hash, by a call or from a file; the manifest and the page name it.
func TestExportIsKept(t *testing.T) {
	raw, clean := export(t)
	if raw == clean || strings.Count(clean, "(key-removed)") != 2 {
		t.Fatal("the example's export has no keys")
	}
	files := small()
	files["metainfo.xml"] = raw
	file := filepath.Join(t.TempDir(), "from support.xml")
	write(t, file, raw)
	for _, c := range []struct {
		name  string
		keys  map[string]sandbox.Profile
		args  map[string]plan.Value
		from  string
		asked int
	}{
		{"a call", super, auto, "smpsync/metainfo", 1},
		{"a file", nil, map[string]plan.Value{"metainfo_file": file}, "from support.xml", 0},
		{"a file, though it could ask", super, map[string]plan.Value{"metainfo": "auto", "metainfo_file": file}, "from support.xml", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			far, address := tenant(t, sandbox.Options{FS: dirFS(files), Keys: c.keys})
			dir := filepath.Join(t.TempDir(), "a")
			m := mustRun(t, withArgs(t, dir, address, &wire{}, c.args))
			got := tree(t, dir)
			if got["metainfo.xml"] != clean {
				t.Errorf("%d bytes, want %d", len(got["metainfo.xml"]), len(clean))
			}
			if e := m.Metainfo; e == nil || *e != (archive.Metainfo{From: c.from, Path: "metainfo.xml", Parts: 1, Bytes: int64(len(clean)), Date: "2026-10-30T06:12:44.120Z", Mode: "full", Version: "4.12.0.7", Keys: 2}) {
				t.Errorf("%+v", e)
			}
			if m.KeysRemoved["metainfo"] != 2 || !strings.Contains(strings.Join(m.Notes, " "), "its scripts may hold passwords") {
				t.Errorf("%v, %v", m.KeysRemoved, m.Notes)
			}
			checkSums(t, dir, got)
			if !strings.Contains(got["SHA256SUMS"], "  metainfo.xml\n") || !strings.Contains(got["index/about.js"], `"export":{"bytes":`) || !strings.Contains(got["index/about.js"], `"path":"metainfo.xml"`) {
				t.Error("neither the hashes nor the page name it")
			}
			if st := far.Stats(); asksExport(far) != c.asked || st.Writes != 0 || st.LinkHits != 0 {
				t.Errorf("asked %d times, %d writes, %d links", asksExport(far), st.Writes, st.LinkHits)
			}
			for name, text := range got {
				if strings.Contains(text, key) || strings.Contains(text, clickKey) {
					t.Errorf("%s holds a key", name)
				}
			}
			if _, verified, err := archive.Run(t.Context(), withArgs(t, dir, address, &wire{}, c.args)); !verified || err != nil {
				t.Error(verified, err)
			}
			appendTo(t, filepath.Join(dir, "metainfo.xml"), " ")
			if _, _, err := archive.Run(t.Context(), withArgs(t, dir, address, &wire{}, c.args)); !errors.Is(err, archive.ErrDamaged) {
				t.Error(err)
			}
		})
	}
}

// Without the setting nothing is asked and nothing of it is there.
func TestNoExport(t *testing.T) {
	files := small()
	files["metainfo.xml"], _ = export(t)
	far, address := tenant(t, sandbox.Options{FS: dirFS(files), Keys: super})
	dir := filepath.Join(t.TempDir(), "a")
	m := mustRun(t, options(t, dir, address, &wire{}))
	got := tree(t, dir)
	if asksExport(far) != 0 || m.Metainfo != nil || got["metainfo.xml"] != "" || strings.Contains(got["MANIFEST.json"], "metainfo") || strings.Contains(got["index/about.js"], `"export":{`) {
		t.Errorf("asked %d times; %v", asksExport(far), slices.Sorted(maps.Keys(got)))
	}
}

// Whatever the service answers in its place is a line of the manifest, and the archive is whole.
func TestExportIsNotGiven(t *testing.T) {
	raw, _ := export(t)
	for name, c := range map[string]struct {
		answer func(*http.Request) *http.Response
		says   string
	}{
		"an ordinary key": {nil, "ITSM 365 smpsync/metainfo: HTTP 500: "},
		"no such route":   {func(r *http.Request) *http.Response { return reply(r, 404, "<html>Not Found</html>") }, "HTTP 404: Not Found"},
		"too slow":        {func(r *http.Request) *http.Response { return reply(r, 504, "<html>Gateway Timeout</html>") }, "HTTP 504: Gateway Timeout"},
		"a login page":    {func(r *http.Request) *http.Response { return reply(r, 200, "<html><form>") }, "it is a web page, and not the configuration export"},
		"cut off":         {func(r *http.Request) *http.Response { return reply(r, 200, raw[:5000]) }, "the XML is broken: unexpected EOF"},
		"a broken line": {func(r *http.Request) *http.Response {
			res := reply(r, 200, "")
			res.Body = io.NopCloser(io.MultiReader(strings.NewReader(raw[:5000]), broken{}))
			return res
		}, "the answer broke off: the line is down"},
		"the key in it": {func(r *http.Request) *http.Response { return reply(r, 500, "нет прав у "+key) }, "HTTP 500: нет прав у (redacted)"},
	} {
		t.Run(name, func(t *testing.T) {
			far, address := tenant(t, sandbox.Options{FS: dirFS(small())})
			dir := filepath.Join(t.TempDir(), "a")
			w := &wire{answer: func(r *http.Request, _ string) *http.Response {
				if c.answer != nil && strings.Contains(r.URL.Path, "smpsync") {
					return c.answer(r)
				}
				return nil
			}}
			m := mustRun(t, withArgs(t, dir, address, w, auto))
			at := slices.IndexFunc(m.Unreadable, func(u archive.Unreadable) bool { return u.What == "smpsync/metainfo" })
			if at < 0 || !strings.Contains(m.Unreadable[at].Why, c.says) || m.Metainfo != nil {
				t.Errorf("%+v, want %s", m.Unreadable, c.says)
			}
			if c.answer == nil && (asksExport(far) != 1 || far.Stats().StatusesBy["smpsync/metainfo"][500] != 1) {
				t.Errorf("asked %d times", asksExport(far))
			}
			got := tree(t, dir)
			checkSums(t, dir, got)
			for path, text := range got {
				if strings.Contains(text, key) || path == "metainfo.xml" {
					t.Errorf("%s is there, or holds the key", path)
				}
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the line is down") }

// An export that was got before an interruption is not asked for again; one in whose middle it came is.
func TestExportGoesOn(t *testing.T) {
	files := small()
	files["metainfo.xml"], _ = export(t)
	far, address := tenant(t, sandbox.Options{FS: dirFS(files), Keys: super})
	_, clean := export(t)
	for stage, asked := range map[string]int{"ask for metainfo": 1, "write the page": 0} {
		dir := filepath.Join(t.TempDir(), "a")
		ctx, cancel := context.WithCancel(t.Context())
		o := withArgs(t, dir, address, &wire{}, auto)
		o.Stage = func(name string, _ int) {
			if name == stage {
				cancel()
			}
		}
		if _, _, err := archive.Run(ctx, o); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		before := asksExport(far)
		m := mustRun(t, withArgs(t, dir, address, &wire{}, auto))
		if n := asksExport(far) - before; n != asked || m.Metainfo == nil || m.Metainfo.Keys != 2 || m.KeysRemoved["metainfo"] != 2 || tree(t, dir)["metainfo.xml"] != clean {
			t.Errorf("stopped at %s: asked %d times again; %+v", stage, n, m.Metainfo)
		}
	}
}

// An export that is split is kept with its parts, each without keys.
func TestExportInParts(t *testing.T) {
	in := t.TempDir()
	if err := os.MkdirAll(filepath.Join(in, "scripts", "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{
		"export.xml":         `<metainfoContainer xmlns:xi="http://www.w3.org/2001/XInclude"><scripts><xi:include href="scripts/a/a.xml"/><xi:include href="scripts/a/a.xml"/></scripts></metainfoContainer>`,
		"scripts/a/a.xml":    `<script xmlns:xi="http://www.w3.org/2001/XInclude"><scriptBody><xi:include href="a.groovy" parse="text"/></scriptBody></script>`,
		"scripts/a/a.groovy": "def link = \"https://a.example/?accessKey=1111-2222\"\r\ndef own = '" + key + "' // < & >\r\n",
		"beside.xml":         "no part of it",
	}
	for name, text := range parts {
		write(t, filepath.Join(in, filepath.FromSlash(name)), text)
	}
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	m := mustRun(t, withArgs(t, dir, address, &wire{}, map[string]plan.Value{"metainfo_file": filepath.Join(in, "export.xml")}))
	got := tree(t, dir)
	var kept []string
	for name := range got {
		if strings.HasPrefix(name, "metainfo") {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	if want := "metainfo/export.xml metainfo/scripts/a/a.groovy metainfo/scripts/a/a.xml"; strings.Join(kept, " ") != want || got["metainfo/export.xml"] != parts["export.xml"] {
		t.Errorf("%v", kept)
	}
	if want := "def link = \"https://a.example/?accessKey=(key-removed)\"\r\ndef own = '(key-removed)' // < & >\r\n"; got["metainfo/scripts/a/a.groovy"] != want {
		t.Errorf("%q", got["metainfo/scripts/a/a.groovy"])
	}
	if e := m.Metainfo; e.Path != "metainfo/export.xml" || e.Parts != 3 || e.Keys != 2 {
		t.Errorf("%+v", e)
	}
	checkSums(t, dir, got)
}

// A file that is no export ends the run before anything is asked, with its name and line.
func TestExportFileIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.xml")
	write(t, file, "<metainfoContainer>\n<a></b>")
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	w := &wire{}
	_, _, err := archive.Run(t.Context(), withArgs(t, filepath.Join(t.TempDir(), "a"), address, w, map[string]plan.Value{"metainfo_file": file}))
	if err == nil || !strings.HasPrefix(err.Error(), "archive: provider itsm365: metainfo_file: "+file+":2: the XML is broken: ") || len(w.sent) > 0 {
		t.Errorf("%v after %v", err, w.sent)
	}
}

// An export of any size takes little memory, and a key at any place of it is found.
func TestBigExport(t *testing.T) {
	if testing.Short() {
		t.Skip("it copies 60 MB")
	}
	file := filepath.Join(t.TempDir(), "m.xml")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	script := "<scripts><script><scriptBody>" + strings.Repeat("x", 262_100) + " accessKey=1111-2222</scriptBody></script></scripts>\n" + "<scripts><script><scriptBody>" + strings.Repeat("y", 300_000) + "accessKey%3D3333-4444</scriptBody></script></scripts>"
	_, err = io.WriteString(f, "<metainfoContainer>"+strings.Repeat(script, 100)+"</metainfoContainer>")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "a")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m := mustRun(t, withArgs(t, dir, address, &wire{}, map[string]plan.Value{"metainfo_file": file}))
	runtime.ReadMemStats(&after)
	text, err := os.ReadFile(filepath.Join(dir, "metainfo.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Metainfo.Keys != 200 || strings.Count(string(text), "(key-removed)") != 200 || strings.Contains(string(text), "1111") || strings.Contains(string(text), "3333") {
		t.Errorf("%d keys", m.Metainfo.Keys)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 48<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}
