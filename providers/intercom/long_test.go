package intercom_test

import (
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"

	"deskform/plan"
	"deskform/providers/intercom"
)

// words is the text of HTML without any white space: what no split may lose.
func words(s string) string {
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return strings.Join(strings.Fields(out.String()), "")
		case nethtml.TextToken:
			out.WriteString(html.UnescapeString(string(z.Raw())))
		}
	}
}

// balanced reports the first tag of a piece that is opened and not closed, or closed and not open.
func balanced(s string) string {
	var open []string
	z := nethtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return strings.Join(open, " ")
		case nethtml.StartTagToken:
			name, _ := z.TagName()
			if string(name) != "br" {
				open = append(open, string(name))
			}
		case nethtml.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return "/" + string(name)
			}
			open = open[:len(open)-1]
		}
	}
}

// longHTML is a tame text of nested marks, words of any length, entities and line breaks.
func longHTML(r *rand.Rand, size int) string {
	var out strings.Builder
	for utf8.RuneCountInString(out.String()) < size {
		out.WriteString("<p>")
		var open []string
		for range 1 + r.IntN(60) {
			switch r.IntN(9) {
			case 0:
				tag := []string{"b", "i", "u", "em"}[r.IntN(4)]
				out.WriteString("<" + tag + ">")
				open = append(open, tag)
			case 1:
				if len(open) > 0 {
					out.WriteString("</" + open[len(open)-1] + ">")
					open = open[:len(open)-1]
				}
			case 2:
				out.WriteString("<br>")
			case 3:
				out.WriteString("a &lt; b &amp; c ")
			case 4:
				out.WriteString(strings.Repeat("ж", r.IntN(3000)))
			case 5:
				out.WriteString(`<a href="https://acme.example/x">a link</a>`)
			default:
				out.WriteString(fmt.Sprintf("word%d ", r.IntN(1000)))
			}
		}
		for i := len(open) - 1; i >= 0; i-- {
			out.WriteString("</" + open[i] + ">")
		}
		out.WriteString("</p>")
	}
	return out.String()
}

// TestSplitLosesNothing: the parts hold the source's text, whole, in order, each within the limit and with its tags closed.
func TestSplitLosesNothing(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 4))
		body := longHTML(r, 20000+r.IntN(150000))
		first := strings.TrimSpace(strings.ReplaceAll(html.UnescapeString(words(longHTML(r, 20000+r.IntN(90000)))), "word", " word"))
		private := seed%2 == 0
		w := plan.Want{Key: "k", Fields: plan.Fields{"on_long": "split", "state": "open", "created_at": int64(1767600000), "body": first, "contact": pending("contact.all", "e1")},
			Parts: []plan.PartWant{{List: "comments", Key: "c$1", SourcePrivate: &private, Fields: plan.Fields{"private": private, "created_at": int64(1767600000), "body": body,
				"author": plan.Person{Name: "Ann <b>Lee</b>"}}}}}
		got, broken := normalized("conversation", w)
		if broken != "" {
			t.Fatalf("seed %d: %s", seed, broken)
		}
		said, _ := got.Fields["body"].(string)
		var part strings.Builder
		keys := map[string]bool{}
		for _, p := range got.Parts {
			text, _ := p.Fields["body"].(string)
			if n := utf8.RuneCountInString(text); n > 32000 {
				t.Errorf("seed %d: %s/%s has %d characters", seed, p.List, p.Key, n)
			}
			if tag := balanced(text); tag != "" {
				t.Errorf("seed %d: %s/%s leaves <%s>", seed, p.List, p.Key, tag)
			}
			if keys[p.List+p.Key] {
				t.Errorf("seed %d: two parts %s/%s", seed, p.List, p.Key)
			}
			keys[p.List+p.Key] = true
			if p.List == "body" {
				said += "\n" + html.UnescapeString(words(text))
				if p.Fields["private"] != false {
					t.Errorf("seed %d: what the customer wrote is private", seed)
				}
				continue
			}
			part.WriteString(text)
			if p.Fields["private"] != private || p.SourcePrivate == nil || *p.SourcePrivate != private || p.Fields["created_at"] != int64(1767600000) || !plan.Equal(p.Fields["author"], w.Parts[0].Fields["author"]) {
				t.Errorf("seed %d: %s has another author, time or visibility", seed, p.Key)
			}
		}
		if words(part.String()) != words(body) {
			t.Errorf("seed %d: the text of the part is not the source's", seed)
		}
		squash := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if squash(said) != squash(first) {
			t.Errorf("seed %d: the first message is not the source's", seed)
		}
	}
}

// TestSplitStays: the same row gives the same parts, so that a later plan has nothing to do.
func TestSplitStays(t *testing.T) {
	body := longHTML(rand.New(rand.NewPCG(1, 2)), 100000)
	hashes := func() string {
		w, _ := normalized("conversation", long("split", plan.Fields{"private": false, "created_at": int64(1767600060), "body": body}))
		var out []string
		for _, p := range w.Parts {
			out = append(out, p.Key+" "+plan.Hash(map[string]plan.Value(p.Fields)))
		}
		return strings.Join(out, "\n")
	}
	one := hashes()
	if one != hashes() || !strings.HasPrefix(one, "c1 ") || !strings.Contains(one, "\nc1~2 ") || !strings.Contains(one, "\nc1~3 ") {
		t.Errorf("parts %s", one)
	}
}

func long(strategy string, part plan.Fields) plan.Want {
	w := plan.Want{Key: "k", Fields: plan.Fields{"state": "open", "created_at": int64(1767600000), "body": "hello"}, Parts: []plan.PartWant{{List: "comments", Key: "c1", Fields: part}}}
	if strategy != "" {
		w.Fields["on_long"] = strategy
	}
	return w
}

func someFiles(n int) []plan.Value {
	var out []plan.Value
	for i := range n {
		out = append(out, plan.File{Key: fmt.Sprint("file$", i), Name: fmt.Sprintf("%d.png", i), Type: "image/png", SHA256: strings.Repeat("a", 64), Size: 100})
	}
	return out
}

// TestOverTheLimit: what is too much makes the record invalid unless the set declares a strategy, and nothing is cut.
func TestOverTheLimit(t *testing.T) {
	text := strings.Repeat("word ", 7000)
	for _, tt := range []struct {
		name, strategy string
		part           plan.Fields
		broken, parts  string
	}{
		{"too long", "", plan.Fields{"body": text}, "comments too_long", "c1:0"},
		{"too long, said so", "invalid", plan.Fields{"body": text}, "comments too_long", "c1:0"},
		{"too long, split", "split", plan.Fields{"body": text}, "", "c1:0 c1~2:0"},
		{"eleven files", "", plan.Fields{"body": "see", "files": someFiles(11)}, "comments too_many_files", "c1:11"},
		{"eleven files, split", "split", plan.Fields{"body": "see", "files": someFiles(11)}, "", "c1:10 c1~2:1"},
		{"long with many files, split", "split", plan.Fields{"body": text, "files": someFiles(25)}, "", "c1:10 c1~2:10 c1~3:5"},
		{"ten files", "split", plan.Fields{"body": "see", "files": someFiles(10)}, "", "c1:10"},
	} {
		tt.part["private"], tt.part["created_at"] = false, int64(1767600060)
		w, broken := normalized("conversation", long(tt.strategy, tt.part))
		var got []string
		for _, p := range w.Parts {
			files, _ := p.Fields["files"].([]plan.Value)
			got = append(got, fmt.Sprintf("%s:%d", p.Key, len(files)))
		}
		if broken != tt.broken || strings.Join(got, " ") != tt.parts {
			t.Errorf("%s: %v (%s), want %s (%s)", tt.name, got, broken, tt.parts, tt.broken)
		}
		if _, there := w.Fields["on_long"]; there {
			t.Errorf("%s: the strategy is among the fields that are sent", tt.name)
		}
	}
}

// TestSplitKeyTaken: a comment of the source may not have the key that another one goes on with.
func TestSplitKeyTaken(t *testing.T) {
	w := long("split", plan.Fields{"private": false, "created_at": int64(1767600060), "body": strings.Repeat("word ", 7000)})
	w.Parts = append(w.Parts, plan.PartWant{List: "comments", Key: "c1~2", Fields: plan.Fields{"private": false, "created_at": int64(1767600061), "body": "me"}})
	if _, broken := normalized("conversation", w); broken != "comments duplicate_part" {
		t.Errorf("broken: %s", broken)
	}
}

// TestLongThread: more than can be read is counted.
func TestLongThread(t *testing.T) {
	for n, want := range map[int]int{500: 0, 501: 1} {
		w := long("", nil)
		w.Parts = nil
		for i := range n {
			w.Parts = append(w.Parts, plan.PartWant{List: "comments", Key: fmt.Sprint(i), Fields: plan.Fields{"private": false, "created_at": int64(1767600060 + i), "body": "x"}})
		}
		got, broken := normalized("conversation", w)
		if len(got.Notes) != want || broken != "" || len(got.Parts) != n {
			t.Errorf("%d parts: notes %v, %s, %d parts", n, got.Notes, broken, len(got.Parts))
		}
	}
}

// TestFilePolicy: what is denied is named where it stood and in the plan, by its key and never by its name.
func TestFilePolicy(t *testing.T) {
	file := func(name, typ string, size int64) plan.File {
		return plan.File{Key: "file$1", Name: name, Type: typ, Size: size, SHA256: strings.Repeat("a", 64)}
	}
	for _, tt := range []struct {
		name   string
		file   plan.File
		max    plan.Value
		deny   []plan.Value
		why    string
		broken string
	}{
		{"by extension", file("Setup.EXE", "", 5), nil, []plan.Value{"exe"}, "the type .exe does not move", ""},
		{"by extension with its dot", file("a.tar.gz", "", 5), nil, []plan.Value{".tar.gz"}, "the type .tar.gz does not move", ""},
		{"by type", file("a", "application/zip; x=1", 5), nil, []plan.Value{"application/zip"}, "the type application/zip does not move", ""},
		{"by family", file("a", "video/mp4", 5), nil, []plan.Value{"video/"}, "the type video/ does not move", ""},
		{"by size", file("a.bin", "", 3<<20), int64(2), nil, "3 MB are more than 2", ""},
		{"too large for Intercom, declared", file("a.bin", "", 18<<20+1), int64(18), nil, "19 MB are more than 18", ""},
		{"too large for Intercom, by a policy without a size", file("a.bin", "", 19<<20), nil, []plan.Value{"exe"}, "19 MB are more than 18", ""},
		{"too large, not declared", file("a.bin", "", 19<<20), nil, nil, "", "comments file_too_large"},
		{"another type", file("a.exe.txt", "text/plain", 5), nil, []plan.Value{"exe", "video/"}, "", ""},
		{"a limit above Intercom's", file("a", "", 5), int64(19), nil, "", "file_policy bad_limit"},
	} {
		w := long("", plan.Fields{"private": true, "created_at": int64(1767600060), "body": "", "files": []plan.Value{tt.file}})
		if tt.max != nil {
			w.Fields["file_policy.max_mb"] = tt.max
		}
		if tt.deny != nil {
			w.Fields["file_policy.deny"] = tt.deny
		}
		got, broken := normalized("conversation", w)
		body, _ := got.Parts[0].Fields["body"].(string)
		files, _ := got.Parts[0].Fields["files"].([]plan.Value)
		if broken != tt.broken {
			t.Errorf("%s: broken %q", tt.name, broken)
		}
		switch {
		case tt.why == "":
			if len(files) != 1 || len(got.Notes) != 0 {
				t.Errorf("%s: %d files, notes %v", tt.name, len(files), got.Notes)
			}
		case len(files) != 0 || !strings.Contains(body, "[file left out: "+tt.file.Name+", "+tt.why+"]") || len(got.Notes) != 1 || got.Notes[0].Text != "part c1 leaves out the file file$1: "+tt.why:
			t.Errorf("%s: %d files, %q, notes %v", tt.name, len(files), body, got.Notes)
		}
	}
}

// TestNoTime: a private part without a time is written last; a public one is refused.
func TestNoTime(t *testing.T) {
	w := long("", plan.Fields{"private": true, "body": "the dossier"})
	w.Parts = append(w.Parts, plan.PartWant{List: "comments", Key: "c2", Fields: plan.Fields{"private": false, "created_at": int64(1767600060), "body": "me"}})
	got, broken := normalized("conversation", w)
	if broken != "" || got.Parts[1].Key != "c1" {
		t.Errorf("%s, parts %v", broken, got.Parts)
	}
	w = long("", plan.Fields{"private": false, "body": "the dossier"})
	if _, broken = normalized("conversation", w); broken != "comments no_time" {
		t.Errorf("broken: %q", broken)
	}
}

// TestThreadLimit: how long a part of a split thread is, and what of a row stands in its way.
func TestThreadLimit(t *testing.T) {
	thread := func(strategy string, most plan.Value, key, list string, parts int) plan.Want {
		w := long("", nil)
		w.Key, w.Parts = key, nil
		w.Fields["on_long_thread"] = strategy
		if most != nil {
			w.Fields["thread_parts"] = most
		}
		for i := range parts {
			w.Parts = append(w.Parts, plan.PartWant{List: list, Key: fmt.Sprint(i), Fields: plan.Fields{"private": false, "created_at": int64(1767600060 + i), "body": "x"}})
		}
		return w
	}
	for _, tt := range []struct {
		name         string
		want         plan.Want
		most, notes  int
		brokenFields string
	}{
		{"kept", thread("keep", nil, "t1", "c", 501), 0, 1, ""},
		{"kept, and its key matters to nobody", thread("keep", nil, "t1#2", "thread", 1), 0, 0, ""},
		{"split", thread("split", nil, "t1", "c", 501), 450, 0, ""},
		{"shorter ones", thread("split", int64(1), "t1", "c", 1), 1, 0, ""},
		{"the longest", thread("split", int64(450), "t1", "c", 1), 450, 0, ""},
		{"too long", thread("split", int64(451), "t1", "c", 1), 450, 0, "thread_parts bad_limit"},
		{"none", thread("split", int64(0), "t1", "c", 1), 450, 0, "thread_parts bad_limit"},
		{"a key that is a continuation's", thread("split", nil, "t1#2", "c", 1), 450, 0, "key taken"},
		{"a key that only looks like one", thread("split", nil, "t1#02", "c", 1), 450, 0, ""},
		{"a list that is deskform's", thread("split", nil, "t1", "thread", 1), 450, 0, "thread taken"},
	} {
		got, broken := normalized("conversation", tt.want)
		if got.MaxParts != tt.most || len(got.Notes) != tt.notes || broken != tt.brokenFields {
			t.Errorf("%s: %d parts, notes %v, %q; want %d, %d, %q", tt.name, got.MaxParts, got.Notes, broken, tt.most, tt.notes, tt.brokenFields)
		}
		for _, f := range []string{"on_long_thread", "thread_parts"} {
			if _, there := got.Fields[f]; there {
				t.Errorf("%s: %s is among the fields that are sent", tt.name, f)
			}
		}
	}
}

// TestContinue: a continuation has all that its first record has, a title that fits, and a first message in plain text; what
// the number of a ticket holds cannot be markup.
func TestContinue(t *testing.T) {
	d := intercom.NewDestination("")
	root := &plan.Want{Key: "t1", Row: "line 7", Fields: plan.Fields{"title": strings.Repeat("ж", 255), "body": "It does not print.", "number": "INC <b>\n7", "created_at": int64(5),
		"tags": []plan.Value{"a"}, "attributes.prio": "high", "assign.team": "9", "state": "closed", "contact": "c"}, Parts: []plan.PartWant{{List: "c", Key: "1"}}}
	w := d.Continue(root, 12)
	if w.Key != "t1#12" || w.Continues != "t1" || w.Row != "line 7" || len(w.Parts) != 0 {
		t.Errorf("%+v", w)
	}
	for name, v := range root.Fields {
		switch name {
		case "title":
			if title, _ := w.Fields[name].(string); utf8.RuneCountInString(title) != 255 || !strings.HasSuffix(title, "ж… (12)") {
				t.Errorf("the title is %s", title)
			}
		case "body":
			if w.Fields[name] != "This continues ticket INC <b> 7: part 12. What was said before stands in part 11." {
				t.Errorf("the first message is %s", w.Fields[name])
			}
		default:
			if !plan.Equal(w.Fields[name], v) {
				t.Errorf("%s is %v, want %v", name, w.Fields[name], v)
			}
		}
	}
	if root.Fields["body"] != "It does not print." {
		t.Error("the first record was changed")
	}
	delete(root.Fields, "title")
	if w := d.Continue(root, 2); w.Fields["title"] != nil {
		t.Errorf("no title became %v", w.Fields["title"])
	}
	note := d.GoesOn(root, 1)
	if body := note.Fields["body"]; note.Fields["private"] != true || note.Fields["created_at"] != nil || body != "<p>The thread of ticket INC &lt;b&gt; 7 goes on in part 2, which is a record of its own.</p>" {
		t.Errorf("the note says %v", body)
	}
}
