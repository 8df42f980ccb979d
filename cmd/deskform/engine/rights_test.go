package engine_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestKeyGainsRights: what a poor key was not shown comes with the first pull of a key that is shown it, though no object has
// changed; and what is strange about the poor key's rows is said (IT trap 2, 2.7).
func TestKeyGainsRights(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for name, c := range map[string]struct {
		poor itsmsandbox.Profile
		note string // of the comments, or of the files that were not read
	}{
		"comments":              {itsmsandbox.Profile{HiddenClasses: []string{"comment"}}, "not one row that could have some has one"},
		"internal comments":     {itsmsandbox.Profile{HiddenPrivate: true}, "not one row is internal; ask whether the key may read internal ones"},
		"authors of comments":   {itsmsandbox.Profile{HiddenAttrs: []string{"comment.author"}}, ""},
		"an attribute":          {itsmsandbox.Profile{HiddenAttrs: []string{"serviceCall.clientEmail"}}, ""},
		"bytes of files":        {itsmsandbox.Profile{DenyGetFile: []string{"*"}}, "could not be read"},
		"the list of files":     {itsmsandbox.Profile{HiddenClasses: []string{"file"}}, "is not there, is another object's, or is not for this key to see"},
		"get, which is no loss": {itsmsandbox.Profile{DenyGet: []string{"*"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := newTenant(t, itsmsandbox.Options{FS: acme(t, 120), Keys: map[string]itsmsandbox.Profile{goodKey: {}, poorKey: c.poor}}, tenantData)
			want := n.fresh()
			n.key = poorKey
			said := ""
			for _, p := range n.mustPull(n.dir, engine.PullAuto) {
				said += strings.Join(p.Notes, "\n")
				if p.Unread > 0 {
					said += p.UnreadText()
				}
			}
			if !strings.Contains(said, c.note) || c.note == "" && said != "" {
				t.Errorf("the poor key's pull says %q, want %q", said, c.note)
			}
			n.clock.Move(time.Hour)
			n.key = goodKey
			notes := ""
			for _, p := range n.mustPull(n.dir, engine.PullAuto) {
				notes += strings.Join(p.Notes, "\n")
			}
			if !strings.HasPrefix(notes, "the access key is another one than at the last pull") {
				t.Errorf("the next pull says %q", notes)
			}
			n.same("with all rights", n.rows(n.dir), want)
			n.count()
			for data, p := range n.mustPull(n.dir, engine.PullAuto) {
				if dated := data == "tickets" || data == "comments"; len(p.Notes)+p.Unread+p.Changed > 0 || dated && p.Fetched > 0 {
					t.Errorf("once more: %+v", p)
				}
			}
		})
	}
}

// TestKeyLosesCommentsWithANewTicket: a key that does not show comments any more stops the pull also where no ticket that had
// some has changed.
func TestKeyLosesCommentsWithANewTicket(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for _, poor := range []itsmsandbox.Profile{{HiddenClasses: []string{"comment"}}, {HiddenPrivate: true}} {
		n := newTenant(t, itsmsandbox.Options{FS: acme(t, 60), Keys: map[string]itsmsandbox.Profile{goodKey: {}, poorKey: poor}}, tenantData)
		n.mustPull(n.dir, engine.PullAuto)
		before := n.rows(n.dir)
		n.clock.Move(time.Hour)
		n.mutate(itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "serviceCall$request", "shortDescr": "new"}})
		n.clock.Move(time.Hour)
		n.key = poorKey
		var shrunk *engine.ShrunkError
		if _, err := n.pull(t.Context(), n.dir, engine.PullAuto); !errors.As(err, &shrunk) || shrunk.Data != "itsm365.comments" {
			t.Errorf("%+v: %v", poor, err)
		}
		n.same("nothing is taken over", map[string][]string{"comments": n.rows(n.dir)["comments"]}, map[string][]string{"comments": before["comments"]})
	}
}

// TestListOfAllRefused: where the service cannot answer the list of all comments, or of all files, whatever it says instead, what
// owners have is read all the same, and nothing is read twice for it (IT 2.7, 8.2).
func TestListOfAllRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	answers := map[string]func(*http.Request) *http.Response{
		"a refusal":        func(r *http.Request) *http.Response { return answer(r, 500, "Запрещено") },
		"an overload page": func(r *http.Request) *http.Response { return answer(r, 504, "<html>Gateway Time-out</html>") },
		"an error page":    func(r *http.Request) *http.Response { return answer(r, 500, "<html>error</html>") },
		"nothing":          func(r *http.Request) *http.Response { return answer(r, 200, "") },
		"a login page":     func(r *http.Request) *http.Response { return answer(r, 200, "<html>login</html>") },
		"an empty list":    func(r *http.Request) *http.Response { return answer(r, 200, "[]") },
	}
	for _, class := range []string{"comment", "file"} {
		for name, say := range answers {
			t.Run(class+", "+name, func(t *testing.T) {
				n := newTenant(t, itsmsandbox.Options{FS: acme(t, 25)}, tenantData)
				want := n.fresh()
				flaky := true
				n.before = func(_ int, r *http.Request) *http.Response {
					if !flaky || !strings.HasSuffix(r.URL.Path, "find/"+class) {
						return nil
					}
					body, err := r.GetBody()
					if err != nil {
						t.Error(err)
						return nil
					}
					if text, _ := io.ReadAll(body); strings.Contains(string(text), `"source"`) {
						return nil
					}
					return say(r)
				}
				n.mustPull(n.dir, engine.PullAuto)
				if class == "comment" || name != "an empty list" {
					n.same("", n.rows(n.dir), want)
				}
				n.clock.Move(time.Hour)
				flaky = false
				n.count()
				n.mustPull(n.dir, engine.PullAuto) // it can again
				if owners := n.asked("find/comment", `"source":"`); owners > 0 && class == "comment" {
					t.Errorf("%d owners were asked again", owners)
				}
				n.same("", n.rows(n.dir), want)
			})
		}
	}
}

// TestFirstInternalComment: the tenant's first internal comment costs what any comment does, as does taking it away; one that a
// key was not shown before makes all be read again.
func TestFirstInternalComment(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	files := acme(t, 60)
	var public strings.Builder
	for line := range strings.Lines(string(files["comment.jsonl"].Data)) {
		if !strings.Contains(line, `"private":true`) {
			public.WriteString(line)
		}
	}
	files["comment.jsonl"].Data = []byte(public.String())
	n := newTenant(t, itsmsandbox.Options{FS: files}, tenantData)
	p := n.mustPull(n.dir, engine.PullAuto)
	if notes := p["comments"].Notes; len(notes) != 1 || notes[0] != "not one row is internal; ask whether the key may read internal ones" {
		t.Errorf("the pull says %q", notes)
	}
	n.count()
	n.clock.Move(time.Hour)
	if notes := n.mustPull(n.dir, engine.PullAuto)["comments"].Notes; len(notes) > 0 {
		t.Errorf("it says so again: %q", notes)
	}
	calm := n.count()
	ticket := uuid(n.rows(n.dir), "tickets", 7)
	uuids, err := n.far.Mutate(itsmsandbox.Mutation{Op: "set", UUID: ticket, Attrs: map[string]any{"clientPhone": "1"}},
		itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "comment", "source": ticket, "text": "inside", "private": true}})
	if err != nil {
		t.Fatal(err)
	}
	n.clock.Move(time.Hour)
	n.mustPull(n.dir, engine.PullAuto)
	if calls := n.count(); calls > calm+3 {
		t.Errorf("%d calls with the first internal comment, %d without", calls, calm)
	}
	n.mutate(itsmsandbox.Mutation{Op: "set", UUID: ticket, Attrs: map[string]any{"clientPhone": "2"}}, itsmsandbox.Mutation{Op: "delete", UUID: uuids[len(uuids)-1]})
	n.clock.Move(time.Hour)
	n.mustPull(n.dir, engine.PullAuto)
	if calls := n.count(); calls > calm+3 {
		t.Errorf("%d calls when it is gone, %d without", calls, calm)
	}
	n.same("in the end", n.rows(n.dir), n.fresh())
}

// TestOneFileGoneForGood: a file that nobody has any more does not keep those from being tried again that the key may read by now.
func TestOneFileGoneForGood(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 120), Keys: map[string]itsmsandbox.Profile{goodKey: {}, poorKey: {DenyGetFile: []string{"*"}}}}, tenantData)
	n.key = poorKey
	first := ""
	unread := 0
	for _, p := range n.mustPull(n.dir, engine.PullAuto) {
		if unread += p.Unread; p.Unread > 0 && first == "" && p.Data == "itsm365.tickets" {
			first = p.FirstUnread[0].UUID
		}
	}
	if unread < 3 || first == "" {
		t.Fatalf("%d unread, the first %q", unread, first)
	}
	n.before = func(_ int, r *http.Request) *http.Response {
		if strings.Contains(r.URL.Path, "get-file/"+first) {
			return answer(r, 500, "Объект не найден")
		}
		return nil
	}
	n.key = goodKey
	n.clock.Move(time.Hour)
	unread = 0
	for _, p := range n.mustPull(n.dir, engine.PullAuto) {
		unread += p.Unread
	}
	if unread != 1 {
		t.Errorf("%d files are unread, want the one", unread)
	}
}

// TestSameSecond: an object that changes twice in one second, with a pull between the two, is read again, also while time_zone
// is not the server's own and its dates are hours off.
func TestSameSecond(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for _, server := range []string{"Europe/Moscow", "UTC", "Asia/Kathmandu", "Pacific/Auckland"} {
		n := newTenant(t, itsmsandbox.Options{FS: acme(t, 8), ServerZone: server}, tenantData)
		n.args["time_zone"] = "Europe/Moscow"
		n.mustPull(n.dir, engine.PullAuto)
		before := n.rows(n.dir)
		n.clock.Move(time.Hour)
		change := func(text string) {
			for i := range 6 {
				n.mutate(itsmsandbox.Mutation{Op: "set", UUID: uuid(before, "tickets", i), Attrs: map[string]any{"shortDescr": text}})
			}
		}
		change("first")
		n.mustPull(n.dir, engine.PullAuto)
		change("second")
		n.clock.Move(time.Hour)
		n.mustPull(n.dir, engine.PullAuto)
		if got := strings.Count(fmt.Sprint(n.rows(n.dir)["tickets"]), `"shortDescr":"second"`); got != 6 {
			t.Errorf("a server in %s: %d of 6 second changes were read", server, got)
		}
	}
}

// TestFileOfAnotherSize: a file whose size in the list is another one is read again, and no other file is.
func TestFileOfAnotherSize(t *testing.T) {
	files := acme(t, 25)
	n := newTenant(t, itsmsandbox.Options{FS: files}, tenantData)
	n.mustPull(n.dir, engine.PullAuto)
	list := n.asked("find/file", "")
	if list == 0 {
		t.Fatal("the list of files was not read")
	}
	bytes := n.asked("get-file/", "")
	if bytes < 3 {
		t.Fatalf("%d files were read", bytes)
	}
	sizes := 0
	n.before = func(_ int, r *http.Request) *http.Response {
		if !strings.HasSuffix(r.URL.Path, "find/file") || r.URL.Query().Get("offset") != "0" {
			return nil
		}
		res, err := n.far.RoundTripper().RoundTrip(r.Clone(r.Context()))
		if err != nil {
			t.Error(err)
			return nil
		}
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		i := strings.Index(string(text), `"fileSize":`)
		if i < 0 {
			t.Fatalf("no size in %.300s", text)
		}
		sizes++
		return answer(r, 200, string(text[:i])+`"fileSize":1`+string(text[i+len(`"fileSize":`):]))
	}
	n.count()
	n.clock.Move(time.Hour)
	n.mustPull(n.dir, engine.PullAuto)
	if again := n.asked("get-file/", ""); sizes != 1 || again != 1 {
		t.Errorf("%d lists with another size, %d files were read again: %s", sizes, again, fmt.Sprint(n.calls))
	}
}
