package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/itsm365"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestAcceptance are the eight checks of IT 8.5, over HTTP against the sandbox.
func TestAcceptance(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for i, check := range []func(*testing.T){acceptPageSizes, acceptShifts, acceptZones, acceptKeys, acceptWithoutGet, acceptMissingModules, acceptNothingTouched, acceptUnknownAttributes} {
		t.Run(fmt.Sprint(i+1), check)
	}
}

// 1: pages of 1, 7 and 1000 give the same rows, and so does a server that gives fewer than it is asked for.
func acceptPageSizes(t *testing.T) {
	var want map[string][]string
	for _, c := range []struct{ size, ceiling int }{{1000, 0}, {7, 0}, {1, 0}, {1000, 3}, {7, 5}} {
		n := newTenant(t, itsmsandbox.Options{FS: acme(t, 25), PageCeiling: c.ceiling}, tenantData)
		n.args["page_size"] = int64(c.size)
		got := n.fresh()
		if want == nil {
			want = got
			if len(got["tickets"]) != 25 || len(got["comments"]) != bytes.Count(acme(t, 25)["comment.jsonl"].Data, []byte("\n")) {
				t.Fatalf("%d tickets, %d comments", len(got["tickets"]), len(got["comments"]))
			}
		}
		n.same(fmt.Sprintf("pages of %d, ceiling %d", c.size, c.ceiling), got, want)
		n.clean()
	}
}

// 2: what is appended and deleted while the list is read is detected and healed.
func acceptShifts(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
	all := n.fresh()["tickets"]
	for after := range 12 {
		n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantData)
		n.args["page_size"] = int64(7)
		first, _, _ := strings.Cut(all[0], " ")
		third, _, _ := strings.Cut(all[2], " ")
		if err := n.far.AddFaults(itsmsandbox.Fault{Kind: "mutate", Method: "find", Class: "serviceCall", After: 2 + after, Mutate: []itsmsandbox.Mutation{
			{Op: "set", UUID: first, Attrs: map[string]any{"createBelow": []any{}}}, {Op: "append", UUID: "serviceCall$990001", Attrs: map[string]any{"metaClass": "serviceCall$request"}}, {Op: "delete", UUID: third},
		}}); err != nil {
			t.Fatal(err)
		}
		n.mustPull(n.dir, engine.PullAuto)
		got := map[string]bool{}
		for _, row := range n.rows(n.dir)["tickets"] {
			key, _, _ := strings.Cut(row, " ")
			got[key] = true
		}
		for _, row := range all {
			if key, _, _ := strings.Cut(row, " "); key != third && !got[key] {
				t.Errorf("changed after call %d: %s is lost", 2+after, key)
			}
		}
		n.mustPull(n.dir, engine.PullAuto)
		n.same(fmt.Sprint("changed after call ", 2+after), n.rows(n.dir), n.fresh())
	}
}

// 3: another zone of the server moves all instants by its offset, and the right setting brings them back.
func acceptZones(t *testing.T) {
	read := func(server, setting string) map[string][]string {
		n := newTenant(t, itsmsandbox.Options{FS: acme(t, 25), ServerZone: server}, tenantData)
		n.args["time_zone"] = setting
		return n.fresh()
	}
	moscow := read("Europe/Moscow", "Europe/Moscow")
	n := &tenant{t: t}
	n.same("both in Yekaterinburg", read("Asia/Yekaterinburg", "Asia/Yekaterinburg"), moscow)
	moved := read("Asia/Yekaterinburg", "Europe/Moscow") // two hours ahead of Moscow
	seen := 0
	for _, data := range []string{"tickets", "comments"} {
		for i, row := range moscow[data] {
			was, now := instants(row), instants(moved[data][i])
			if len(was) != len(now) {
				t.Fatalf("%s became %s", row, moved[data][i])
			}
			for j := range was {
				seen++
				if d := now[j].Sub(was[j]); d != 2*time.Hour {
					t.Errorf("%s moved by %s", was[j], d)
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("%d instants", seen)
	}
}

// 4: a wrong key stops within one call; one that expires leaves what another goes on with.
func acceptKeys(t *testing.T) {
	const next = "bbbbbbbb-4a59-4687-9b0e-15c8d7a6e4f2"
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 25), Keys: map[string]itsmsandbox.Profile{goodKey: {}, next: {}}}, tenantData)
	n.key = "cccccccc-4a59-4687-9b0e-15c8d7a6e4f2"
	if _, err := n.pull(t.Context(), n.dir, engine.PullAuto); !errors.Is(err, itsm365.ErrKey) || n.count() != 1 {
		t.Errorf("a wrong key: %v", err)
	}
	n.key = goodKey
	want := n.fresh()
	undisturbed := n.count()
	n.mustPull(n.dir, engine.PullAuto)
	n.count()
	n.mustPull(n.dir, engine.PullAuto)
	lists := n.count()
	for at := 5; at < undisturbed; at += 20 {
		n.far.ClearFaults()
		if err := n.far.AddFaults(itsmsandbox.Fault{Kind: "key", After: at, Times: -1}); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		n.key = goodKey
		if _, err := n.pull(t.Context(), dir, engine.PullAuto); !errors.Is(err, itsm365.ErrKey) {
			t.Fatalf("expired at call %d: %v", at, err)
		}
		if calls := n.count(); calls != at+1 {
			t.Errorf("expired after call %d, and %d were made", at, calls)
		}
		n.far.ClearFaults()
		n.key = next
		n.mustPull(dir, engine.PullAuto)
		// What was read counts; lists do not, as the other key may be shown other ones.
		if calls := n.count(); at+calls > undisturbed+min(at, lists)+2 {
			t.Errorf("expired after call %d of %d, and %d more were made", at, undisturbed, calls)
		}
		n.same(fmt.Sprint("expired after call ", at), n.rows(dir), want)
	}
}

const movedData = tenantHead + `
data "itsm365" "tickets" { class = "serviceCall" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
}
records "contact" "people" {
  rows = { ann = { name = "Ann" } }
  key  = each.key
  name = each.name
}
records "conversation" "tickets" {
  from       = data.itsm365.tickets
  key        = each.UUID
  contact    = contact.people["ann"]
  created_at = each.registrationDate
  body       = coalesce(text(each.descriptionRTF), text(each.descriptionInRTF), text(each.description), "none")
  part "comments" {
    for_each   = rows(data.itsm365.comments, each.UUID)
    private    = part.private
    created_at = part.creationDate
    body       = coalesce(html(part.text), "(empty)")
    files      = part.files
  }
  part "files" {
    for_each   = length(each.files) == 0 ? [] : [each]
    key        = "files"
    private    = true
    created_at = part.registrationDate
    body       = "Files of the request"
    files      = part.files
  }
}
`

// hostile are tickets whose texts hold one-click links with keys of their own, the key that they are read with, pictures, and
// addresses elsewhere.
func hostile() fstest.MapFS {
	const link = `https://acme.itsm365.com/sd/services/rest/edit/serviceCall$1/%7Bstate:'closed'%7D?accessKey=dddddddd-4a59-4687-9b0e-15c8d7a6e4f2`
	return fstest.MapFS{
		"serviceCall.jsonl": {Data: []byte(`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1","registrationDate":"2026-01-05T10:00:00Z","lastModifiedDate":"2026-01-05T10:00:00Z","descriptionRTF":"<p>Close: <a href=\"` + link + `\">here</a> or ` + link + ` <img src=\"./download?uuid=file$11\"></p>"}
{"UUID":"serviceCall$2","metaClass":"serviceCall$serviceCall","number":2,"title":"2","registrationDate":"2026-01-06T10:00:00Z","lastModifiedDate":"2026-01-06T10:00:00Z","description":"plain"}
`)},
		"comment.jsonl": {Data: []byte(`{"UUID":"comment$3","metaClass":"comment","source":"serviceCall$1","private":false,"creationDate":"2026-01-05T11:00:00Z","text":"<p>Goes with ` + goodKey + ` or ` + strings.ReplaceAll(goodKey, "-", `\u002d`) + ` in. See <a href=\"` + link + `\">this</a> <img src=\"https://else.example/pixel.png\"></p>","files":["file$12"]}
`)},
		"file.jsonl": {Data: []byte(`{"UUID":"file$11","metaClass":"file","title":"screen.png","mimeType":"image/png","source":"serviceCall$1","imgFromRTF":true}
{"UUID":"file$12","metaClass":"file","title":"note.txt","mimeType":"text/plain","source":"comment$3","relation":"files"}
`)},
		"files/11": {Data: []byte("eleven")}, "files/12": {Data: []byte("twelve")},
	}
}

// move applies a tenant's tickets into an Intercom sandbox, and gives what it then holds, and the folder.
func move(t *testing.T, o itsmsandbox.Options, log *bytes.Buffer) (dump, dir string, far *itsmsandbox.Server) {
	t.Helper()
	d := newDesk(t, `{`+mover+`}`)
	o.Clock = d.clock
	far, err := itsmsandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	d.itsm = &engine.Override{HTTP: far.RoundTripper(), Args: map[string]plan.Value{"rate": 1000.0, "access_key": goodKey}}
	if log != nil {
		d.log = hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: log})
	}
	d.write("main.hcl", movedData)
	d.run(func(e *engine.Engine) {
		if _, err := e.Pull(t.Context(), engine.PullFull); err != nil {
			t.Fatal(err)
		}
	})
	if done := d.apply(); done.proof != 0 {
		t.Errorf("%d changes are left", done.proof)
	}
	if _, changes := d.plan(); said(changes) != "" {
		t.Errorf("a second plan says\n%s", said(changes))
	}
	var out strings.Builder
	if err := d.far.Dump(&out); err != nil {
		t.Fatal(err)
	}
	return out.String(), d.dir, far
}

// 5: with get denied everywhere the move is done all the same, pictures and files included.
func acceptWithoutGet(t *testing.T) {
	dump, _, far := move(t, itsmsandbox.Options{FS: hostile(), Keys: map[string]itsmsandbox.Profile{goodKey: {DenyGet: []string{"*"}}}}, nil)
	for _, name := range []string{"screen.png", "note.txt"} {
		if strings.Count(dump, `"name":"`+name+`"`) != 1 {
			t.Errorf("%s is not there", name)
		}
	}
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 25), Keys: map[string]itsmsandbox.Profile{goodKey: {DenyGet: []string{"*"}}}}, tenantData)
	open := newTenant(t, itsmsandbox.Options{FS: acme(t, 25)}, tenantData)
	n.same("get denied", n.fresh(), open.fresh())
	if st := far.Stats(); st.Writes != 0 {
		t.Errorf("%+v", st)
	}
}

// 6: a module that the edition does not have is a line of the report.
func acceptMissingModules(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 10)}, tenantData+`
data "itsm365" "problems" { class = "problem" }
`)
	n.before = func(_ int, r *http.Request) *http.Response {
		if !strings.Contains(r.URL.Path, "/find/problem") {
			return nil
		}
		return &http.Response{StatusCode: 500, Header: http.Header{"Content-Type": {"text/plain"}}, Body: http.NoBody, Request: r}
	}
	if _, err := n.pull(t.Context(), n.dir, engine.PullAuto); err == nil {
		t.Error("a failure without a word is no missing module")
	}
	n.before = func(_ int, r *http.Request) *http.Response {
		if !strings.Contains(r.URL.Path, "/find/problem") {
			return nil
		}
		return answer(r, 500, "Метакласс 'problem' не найден")
	}
	p := n.mustPull(t.TempDir(), engine.PullAuto)
	if p["problems"].Kept != 0 || !strings.Contains(p["problems"].Absent, "Метакласс 'problem' не найден") || p["tickets"].Kept != 10 {
		t.Errorf("%+v", p["problems"])
	}
}

// 7: nothing is written, no link of a text is followed, and keys, ours and those in texts, are in no log, state, report or
// migrated text.
func acceptNothingTouched(t *testing.T) {
	const embedded = "dddddddd-4a59-4687-9b0e-15c8d7a6e4f2"
	var log bytes.Buffer
	dump, dir, far := move(t, itsmsandbox.Options{FS: hostile(), Keys: map[string]itsmsandbox.Profile{goodKey: {}}}, &log)
	if st := far.Stats(); st.Writes != 0 || st.LinkHits != 0 || st.KeysRefused != 0 {
		t.Errorf("%+v", st)
	}
	if !strings.Contains(log.String(), "find/comment") {
		t.Error("the log has no calls")
	}
	for _, k := range []string{goodKey, embedded} {
		if strings.Contains(dump, k) {
			t.Errorf("the key %.4s… is in what was migrated", k)
		}
		if strings.Contains(log.String(), k) {
			t.Errorf("the key %.4s… is in the log", k)
		}
	}
	if !strings.Contains(dump, "Goes with (key-removed) or (key-removed) in.") {
		t.Error("what stood around our key in a comment was not migrated")
	}
	cached := false
	err := filepath.WalkDir(dir, func(path string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(content, []byte(goodKey)) {
			t.Errorf("our key is in %s", path)
		}
		if bytes.Contains(content, []byte(embedded)) {
			t.Errorf("a key of a text is in %s", path)
		}
		cached = cached || bytes.Contains(content, []byte("accessKey=(key-removed)"))
		return nil
	})
	if err != nil || !cached {
		t.Errorf("no file has the place of a key, or %v", err)
	}
}

// 8: an attribute that nobody knows is in the rows as it came.
func acceptUnknownAttributes(t *testing.T) {
	files := acme(t, 10)
	files["serviceCall.jsonl"].Data = bytes.ReplaceAll(files["serviceCall.jsonl"].Data, []byte(`"UUID":`), []byte(`"vnNovelty":{"deep":[1,"2",null]},"UUID":`))
	n := newTenant(t, itsmsandbox.Options{FS: files}, tenantData)
	for _, row := range n.fresh()["tickets"] {
		if !strings.Contains(row, `"vnNovelty":{"deep":[1,"2",null]}`) {
			t.Errorf("it is gone: %s", row)
		}
	}
}

func instants(row string) []time.Time {
	var out []time.Time
	for i := range strings.SplitSeq(row, `"`) {
		if at, err := time.Parse(time.RFC3339, i); err == nil {
			out = append(out, at)
		}
	}
	return out
}
