package archive_test

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"deskform/providers/itsm365/archive"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
)

// A browser is a headless Chromium that notes what it asks for and what it complains about.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	asked    []string
	troubles []string
}

func chromium(t *testing.T) *browser {
	t.Helper()
	path := providertest.Browser(t)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{ctx: ctx}
	err := chromedp.Listen(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, ev.Request.URL)
		case *runtime.EventConsoleAPICalled:
			b.troubles = append(b.troubles, "console "+string(ev.Type))
		case *runtime.EventExceptionThrown:
			b.troubles = append(b.troubles, ev.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.troubles = append(b.troubles, ev.Entry.Text+" "+ev.Entry.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// open goes to a page, and waits until it shows a list.
func (b *browser) open(t *testing.T, address string) {
	t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 2*time.Minute)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	b.wait(t, `document.querySelector('#main table') !== null`)
}

// eval runs a script in the page.
func eval[T any](t *testing.T, b *browser, script string) T {
	t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 2*time.Minute)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return v
}

func (b *browser) wait(t *testing.T, condition string) {
	t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 2*time.Minute)
	defer stop()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](condition)); err != nil {
		t.Fatalf("wait for %s: %v, %q", condition, err, b.troubles)
	}
}

// search types words into the field and gives the text of what is found.
func (b *browser) search(t *testing.T, words string) string {
	t.Helper()
	eval[any](t, b, `document.getElementById('main').replaceChildren(); document.getElementById('query').value = `+strconv.Quote(words)+`; document.getElementById('go').click()`)
	b.wait(t, `document.getElementById('count') !== null`)
	return eval[string](t, b, `document.getElementById('main').innerText`)
}

// quiet: nothing was asked for but files, and nothing went wrong.
func (b *browser) quiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.troubles) > 0 {
		t.Errorf("the browser complains: %q", b.troubles)
	}
	if len(b.asked) < 4 {
		t.Errorf("only %d requests were seen", len(b.asked))
	}
	for _, u := range b.asked {
		if !strings.HasPrefix(u, "file://") && !strings.HasPrefix(u, "data:") {
			t.Errorf("the page asked for %s", u)
		}
	}
}

func pageOf(dir string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, "index.html"))}).String()
}

// The page is opened from the disk in a browser: a word of a title, of a comment and of the knowledge base finds its object,
// which shows its comments and files; hostile texts stay texts; and nothing is asked for but what lies beside it.
func TestPageInChromium(t *testing.T) {
	b := chromium(t)
	_, address := tenant(t, sandbox.Options{FS: dirFS(small())})
	dir := filepath.Join(t.TempDir(), "архив №1")
	o := options(t, dir, address, &wire{})
	o.Lang = "ru"
	mustRun(t, o)
	b.open(t, pageOf(dir))

	finds := []struct{ words, want string }{
		{"принтер", "<script>document.title='hit'</script> Принтер"}, // of the title
		{"ТЕМНЫЙ экран", "Тёмный экран"},                             // е for ё, several words
		{"ответ", "<script>document.title='hit'</script> Принтер"},   // of a comment
		{"смену", "Статья"},                                          // of an article
		{"отчёт", "<script>document.title='hit'</script> Принтер"},   // of a file's title
		{"мыш", "Мышь"}, // the beginning of a word
	}
	for _, f := range finds {
		if text := b.search(t, f.words); !strings.Contains(text, f.want) || !strings.Contains(text, "1 найдено") {
			t.Errorf("%q finds %q", f.words, text)
		}
	}
	if text := b.search(t, "принтер экран"); !strings.Contains(text, "Ничего не найдено") {
		t.Errorf("words of two objects: %q", text)
	}

	b.search(t, "принтер")
	eval[any](t, b, `document.querySelector('#main td a').click()`)
	b.wait(t, `document.getElementById('object') !== null`)
	text, title := eval[string](t, b, `document.getElementById('main').innerText`), eval[string](t, b, `document.title`)
	links := eval[[]string](t, b, `Array.from(document.querySelectorAll('#main a[target]'), a => a.href)`)
	scripts := eval[[]string](t, b, `Array.from(document.querySelectorAll('#main script, #main img, #main iframe'), e => e.outerHTML)`)
	for _, want := range []string{"1 · <script>document.title='hit'</script> Принтер", "document.title='hit'", "Ответ", "внутренний", "../../etc/passwd", "Отчёт.TXT", "отчёт.txt"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q: %s", want, text)
		}
	}
	if title != "Архив ITSM 365" || len(scripts) > 0 {
		t.Errorf("a text got into the page: title %q, %q", title, scripts)
	}
	if len(links) != 2 { // the one without an extension is not linked
		t.Errorf("links to files: %q", links)
	}
	for _, l := range links {
		u, err := url.Parse(l)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := tree(t, dir)[strings.TrimPrefix(u.Path, filepath.ToSlash(dir)+"/")]; !ok {
			t.Errorf("a link leads nowhere: %s", l)
		}
	}
	b.quiet(t)
}

// A title, a value and a file name without a place to break at do not make the page wider than its window.
func TestPageOfLongWords(t *testing.T) {
	b := chromium(t)
	word := strings.Repeat("долгое", 60)
	_, address := tenant(t, sandbox.Options{FS: dirFS(map[string]string{
		"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1","shortDescr":"` + word + `","own":"` + word + `","descriptionRTF":"<p>` + word + `</p>"}`,
		"comment.jsonl":     `{"UUID":"comment$20","metaClass":"comment","text":"` + word + `","source":"serviceCall$1","creationDate":"2026-03-02T06:14:55Z"}`,
		"file.jsonl":        `{"UUID":"file$30","metaClass":"file","title":"` + word + `.txt","source":"serviceCall$1","relation":"files","fileSize":3}`, "files/30": "abc",
	})})
	dir := filepath.Join(t.TempDir(), "a")
	mustRun(t, options(t, dir, address, &wire{}))
	b.open(t, pageOf(dir))
	wide := func(what string) {
		t.Helper()
		if w := eval[[]int](t, b, `[document.documentElement.scrollWidth, document.documentElement.clientWidth]`); w[0] > w[1] {
			t.Errorf("%s is %d wide in a window of %d", what, w[0], w[1])
		}
	}
	b.search(t, word)
	wide("the list")
	eval[any](t, b, `document.querySelector('#main td a').click()`)
	b.wait(t, `document.getElementById('object') !== null`)
	if text := eval[string](t, b, `document.getElementById('main').innerText`); strings.Count(text, word) < 5 {
		t.Errorf("the object shows %d of them", strings.Count(text, word))
	}
	wide("the object")
	b.quiet(t)
}

// The page says where the configuration export is, and links nowhere: a browser may run what is in an XML.
func TestPageNamesTheExport(t *testing.T) {
	b := chromium(t)
	files := small()
	files["metainfo.xml"], _ = export(t)
	_, address := tenant(t, sandbox.Options{FS: dirFS(files), Keys: super})
	dir := filepath.Join(t.TempDir(), "a")
	m := mustRun(t, withArgs(t, dir, address, &wire{}, auto))
	b.open(t, pageOf(dir))
	want := fmt.Sprintf("The configuration export is metainfo.xml: 1 files, %d bytes, of 2026-10-30T06:12:44.120Z. Open it from the folder, in an editor.", m.Metainfo.Bytes)
	if text := eval[string](t, b, `document.getElementById('export').innerText`); text != want {
		t.Errorf("it says %q", text)
	}
	if n := eval[int](t, b, `document.querySelectorAll('#about a').length`); n > 0 {
		t.Errorf("%d links", n)
	}
	b.quiet(t)
}

// Twenty thousand tickets: a search loads the scripts of its words and of what is shown, and little else.
func TestPageOfTwentyThousandTickets(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 20,000 tickets")
	}
	b := chromium(t)
	const n = 20000
	var rows strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&rows, `{"UUID":"serviceCall$%d","metaClass":"serviceCall$request","number":%d,"title":"%[2]d","shortDescr":"Заявка номер %[2]d","description":"Слово%d и подробности дела %d, касса %d","state":"closed"}`+"\n", i, 100000+i, i%977, i%31, i%7)
	}
	_, address := tenant(t, sandbox.Options{FS: dirFS(map[string]string{"serviceCall.jsonl": rows.String()})})
	dir := filepath.Join(t.TempDir(), "a")
	o := options(t, dir, address, &wire{})
	o.Owned = archive.List
	o.Skip = []string{"comment", "file"}
	mustRun(t, o)
	b.open(t, pageOf(dir))
	if text := b.search(t, "112345"); !strings.Contains(text, "Заявка номер 112345") || !strings.Contains(text, "1 found") {
		t.Errorf("by number: %.200q", text)
	}
	if text := b.search(t, "слово976"); !strings.Contains(text, "20 found") { // 976, 1953, … 19516: 20 of 20000
		t.Errorf("by a word: %.200q", text)
	}
	if text := b.search(t, "заявка"); !strings.Contains(text, "20000 found") {
		t.Errorf("a word of all: %.200q", text)
	}
	b.quiet(t)
	scripts := 0
	for name := range tree(t, dir) {
		if strings.HasSuffix(name, ".js") {
			scripts++
		}
	}
	if len(b.asked) > scripts/2 {
		t.Errorf("%d of %d scripts were loaded", len(b.asked), scripts)
	}
	t.Logf("%d scripts, %d requests", scripts, len(b.asked))
}
