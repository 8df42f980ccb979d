package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"deskform/cmd/deskform/engine"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/scope"
	"deskform/providers/providertest"
)

var update = flag.Bool("update", false, "rewrite the golden files of the scope document")

// A still clock: it shows a day after the last thing that happened at Acme, and waiting on it is over at once.
type stillClock struct{ now time.Time }

func (c stillClock) Now() time.Time                                   { return c.now }
func (c stillClock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// acmeDay is the day on which the scope documents of the example are written.
var acmeDay = stillClock{time.Date(2026, 11, 15, 9, 0, 0, 0, time.UTC)}

var (
	acmeOnce  sync.Once
	acmeScope *scope.Document
)

// discoverAcme looks the example tenant over once, in this process, and asserts that it was only read.
func discoverAcme(t *testing.T) *scope.Document {
	t.Helper()
	acmeOnce.Do(func() {
		dir := filepath.Join(t.TempDir(), "acme")
		if out, err := exec.Command("cp", "-r", "../../fixtures/acme", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, path := range []string{"acme.db", "acme.db-shm", "acme.db-wal", ".deskform"} { // of whoever has tried the example
			if err := os.RemoveAll(filepath.Join(dir, path)); err != nil {
				t.Fatal(err)
			}
		}
		far, err := sandbox.New(sandbox.Options{Dir: filepath.Join(dir, "itsm365"), Keys: map[string]sandbox.Profile{"k-of-the-sandbox": {}}, Clock: acmeDay})
		if err != nil {
			t.Fatal(err)
		}
		env := map[string]string{"ITSM365_ACCESS_KEY": "k-of-the-sandbox"}
		found, diags, err := engine.Discover(t.Context(), engine.Setup{Dir: dir, Clock: acmeDay,
			Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }, ITSM365: &engine.Override{HTTP: far.RoundTripper()}}, engine.DiscoverOptions{})
		if err != nil || diags.HasErrors() {
			t.Fatal(err, diags)
		}
		if st := far.Stats(); st.Writes != 0 || st.LinkHits != 0 || st.Calls["get-file"]["file"] > 1 {
			t.Fatalf("%+v", st)
		}
		if len(found.Notes) > 0 {
			t.Fatal(found.Notes)
		}
		lock, err := os.ReadFile(filepath.Join(dir, "schema.lock.json"))
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := os.ReadFile("../../fixtures/acme/schema.lock.json"); err != nil || !bytes.Equal(lock, kept) {
			t.Errorf("schema.lock.json is not what a pull writes: %v", err)
		}
		for _, path := range []string{"acme.db", ".deskform"} {
			if _, err := os.Stat(filepath.Join(dir, path)); err == nil {
				t.Errorf("discover made %s", path)
			}
		}
		acmeScope = found.Document
	})
	if acmeScope == nil {
		t.Fatal("the example was not looked over")
	}
	return acmeScope
}

// discoverExport is what discover says of the example's configuration export, which a file beside the provider block names.
func discoverExport(t *testing.T) *scope.Metainfo {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../fixtures/acme/itsm365/metainfo.xml")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"metainfo.xml": string(text), "main.hcl": `provider "itsm365" {
  url           = "http://itsm365.sandbox/sd/services/rest"
  access_key    = env("ITSM365_ACCESS_KEY")
  metainfo_file = "metainfo.xml"
}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	far, err := sandbox.New(sandbox.Options{FS: fstest.MapFS{"ou.jsonl": {Data: []byte(`{"UUID":"ou$1","metaClass":"ou$ou","title":"x"}`)}}, Keys: map[string]sandbox.Profile{"k-of-the-sandbox": {}}, Clock: acmeDay})
	if err != nil {
		t.Fatal(err)
	}
	found, diags, err := engine.Discover(t.Context(), engine.Setup{Dir: dir, Clock: acmeDay, Env: func(string) (string, bool) { return "k-of-the-sandbox", true },
		ITSM365: &engine.Override{HTTP: far.RoundTripper()}}, engine.DiscoverOptions{})
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return found.Document.Metainfo
}

// TestScopeOfAcme holds the scope document of the example against the golden files, in both languages.
func TestScopeOfAcme(t *testing.T) {
	d := discoverAcme(t)
	for _, tt := range []struct{ file, format, lang string }{{"scope.en.md", "markdown", "en"}, {"scope.ru.md", "markdown", "ru"}, {"scope.json", "json", ""}} {
		t.Run(tt.file, func(t *testing.T) {
			var b bytes.Buffer
			if err := renderScope(&b, d, tt.format, tt.lang); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("../../fixtures/acme/expected", tt.file)
			if *update {
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, b.Bytes()) {
				was, is := strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")
				for i := range min(len(was), len(is)) {
					if was[i] != is[i] {
						t.Fatalf("%s:%d\n was %s\n  is %s\ngo test ./cmd/deskform -run TestScopeOfAcme -update rewrites it; look at the difference", tt.file, i+1, was[i], is[i])
					}
				}
				t.Fatalf("%s has %d lines, was %d", tt.file, len(is), len(was))
			}
		})
	}
}

// TestScopeInChromium opens the pages in a browser: nothing is said on the console, no request leaves the page, no text
// stands beyond its edge, and the charts are drawn. With SCOPE_SHOTS=DIR screenshots are kept there.
func TestScopeInChromium(t *testing.T) {
	path := providertest.Browser(t)
	d := discoverAcme(t)
	alloc, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))...)
	defer stop()
	export := *d // with the section of the configuration export
	if export.Metainfo = discoverExport(t); export.Metainfo == nil {
		t.Fatal("there is no export")
	}
	for _, p := range []struct {
		name     string
		d        *scope.Document
		sections int
		widths   []int64
	}{{"", d, 16, []int64{1120, 480}}, {"export ", &export, 17, []int64{480}}} {
		for _, lang := range []string{scope.English, scope.Russian} {
			var page bytes.Buffer
			if err := scope.HTML(&page, p.d, lang); err != nil {
				t.Fatal(err)
			}
			for _, width := range p.widths {
				t.Run(fmt.Sprint(p.name, lang, " ", width), func(t *testing.T) {
					v := visit(t, alloc, page.String(), width)
					if len(v.said) > 0 {
						t.Errorf("the console says %q", v.said)
					}
					if len(v.asked) > 0 {
						t.Errorf("the page asks for %q", v.asked)
					}
					if v.title == "" || v.lang != lang || v.sections != p.sections || v.bars < 60 {
						t.Errorf("title %q, language %q, %d sections, %d bars", v.title, v.lang, v.sections, v.bars)
					}
					if v.beyond > 0 {
						t.Errorf("the page is %d pixels wider than a window of %d", v.beyond, width)
					}
					if dir := os.Getenv("SCOPE_SHOTS"); dir != "" {
						if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("scope.%s%s.%d.jpg", p.name, lang, width)), v.shot, 0o644); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
	}
	t.Run("a page that does not behave", func(t *testing.T) { // or else the others prove nothing
		wide := `<html lang="en"><title>x</title><img src="http://127.0.0.1:1/x.png"><div style="width:3000px">wide</div><script>console.error("no"); throw new Error("thrown")</script></html>`
		if v := visit(t, alloc, wide, 480); len(v.said) < 3 || len(v.asked) != 1 || v.beyond < 2000 {
			t.Errorf("it was not noticed: %q, %q, %d", v.said, v.asked, v.beyond)
		}
	})
}

// A visited is what a browser saw of a page.
type visited struct {
	said, asked            []string // on the console, and addresses beside the page's own
	title, lang            string
	sections, bars, beyond int
	shot                   []byte
}

func visit(t *testing.T, alloc context.Context, page string, width int64) *visited {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scope.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: file}).String()
	v := &visited{}
	var mu sync.Mutex
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithListener(func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			v.said = append(v.said, string(e.Type))
		case *runtime.EventExceptionThrown:
			v.said = append(v.said, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			v.said = append(v.said, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if e.Request.URL != address && !strings.HasPrefix(e.Request.URL, "data:") {
				v.asked = append(v.asked, e.Request.URL)
			}
		}
	}))
	defer cancel()
	watch := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, net := cdp.Call(ctx, t, network.Enable, network.EnableParams{})
		_, logs := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		_, script := cdp.Call(ctx, t, runtime.Enable, cdp.Empty{})
		return errors.Join(net, logs, script)
	})
	if err := chromedp.Do(ctx, watch, chromedp.EmulateViewport(width, 1300), chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(ctx, 2*time.Minute)
	defer done()
	errs := []error{
		ask(ctx, chromedp.Title(), &v.title),
		ask(ctx, chromedp.Evaluate[string](`document.documentElement.lang`), &v.lang),
		ask(ctx, chromedp.Evaluate[int](`document.querySelectorAll("section h2").length`), &v.sections),
		ask(ctx, chromedp.Evaluate[int](`[...document.querySelectorAll("svg rect")].filter(r => r.getBoundingClientRect().width > 0 && r.getBoundingClientRect().height > 0).length`), &v.bars),
		ask(ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - window.innerWidth`), &v.beyond),
		ask(ctx, chromedp.FullScreenshot(90), &v.shot),
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return v
}

func ask[T any](ctx context.Context, what chromedp.Action[T], to *T) (err error) {
	*to, err = chromedp.Run(ctx, what)
	return err
}
