package archive

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFilePath(t *testing.T) {
	cases := []struct{ name, uuid, title, want string }{
		{"Cyrillic stays", "file$67936", "журнал обмена.log", "files/67/67936-журнал обмена.log"},
		{"a path is none", "file$30", "../../etc/passwd", "files/0/30-_.._etc_passwd"},
		{"nor that of Windows", "file$67934", `..\..\обмен/счёт №5.txt`, "files/67/67934-_.._обмен_счёт №5.txt"},
		{"a change of direction", "file$7", "invoice\u202efdp.exe", "files/0/7-invoice_fdp.exe"},
		{"control characters", "file$7", "a\x00b\nc.txt", "files/0/7-a_b_c.txt"},
		{"no title", "file$1234", "", "files/1/1234"},
		{"only dots", "file$1234", "...", "files/1/1234"},
		{"a device", "file$5", "CON", "files/0/5-CON"},
		{"not UTF-8", "file$5", "a\xffb", "files/0/5-a_b"},
		{"composed otherwise", "file$5", "и\u0306.txt", "files/0/5-й.txt"},
		{"no number", "file$../x", "a", "files/other/_x-a"},
		{"spaces at the ends", "file$5", " a.txt. ", "files/0/5-a.txt"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := (taken{}).filePath(c.uuid, c.title); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	names := taken{}
	names.filePath("file$5", "Отчёт.TXT")
	if got, want := names.filePath("File$5", "отчёт.txt"), "files/0/5-отчёт_.txt"; got != want {
		t.Errorf("the same but for case: %q, want %q", got, want)
	}
	if got := (taken{}).filePath("file$5", strings.Repeat("ы", 300)+".docx"); len(path.Base(got)) > 160 || !strings.HasSuffix(got, "ы.docx") || !utf8.ValidString(got) {
		t.Errorf("a long title: %q", got)
	}
}

// FuzzFilePath: whatever a title is, the file stays below files/, has a name that every system takes, and no name is given
// twice.
func FuzzFilePath(f *testing.F) {
	for _, s := range []string{"../x", "a/b", "журнал.log", "\u202e", "", ".", "x\\y", "С О N. ", "\xff"} {
		f.Add("file$12345", s)
		f.Add(s, "file")
	}
	f.Fuzz(func(t *testing.T, uuid, title string) {
		names := taken{}
		a, b := names.filePath(uuid, title), names.filePath(uuid, strings.ToUpper(title))
		if strings.EqualFold(a, b) {
			t.Errorf("%q is given twice", a)
		}
		parts := strings.Split(a, "/")
		if len(parts) != 3 || parts[0] != "files" || path.Clean(a) != a || !utf8.ValidString(a) {
			t.Errorf("%q", a)
		}
		for _, p := range parts {
			if p == "" || p == "." || p == ".." || len(p) > 255 || strings.ContainsAny(p, "\\:*?\"<>|\x00\n\r\u202e") || strings.TrimRight(p, " .") != p {
				t.Errorf("%q", a)
			}
		}
	})
}

func TestPlainText(t *testing.T) {
	cases := []struct{ in, want string }{
		{"a < b", "a < b"},
		{"<div>один</div><div>два</div>", "один\nдва"},
		{"<p>a</p>\n\n\n<p>b</p>", "a\n\nb"},
		{"a<br>b<br/>c", "a\nb\nc"},
		{"<ul><li>x</li><li>y</li></ul>", "x\ny"},
		{"<style>p{}</style><script>alert(1)</script>t", "t"},
		{"&lt;script&gt; &amp;amp;", "<script> &amp;"},
		{"<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1\t2\n\t3"},
		{"<script", ""},
	}
	for _, c := range cases {
		if got := plain(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWords(t *testing.T) {
	cases := []struct{ in, want string }{
		{"Не сканирует МФУ №3-б", "не сканирует мфу 3 б"},
		{"ЁЛКА ёж", "елка еж"},
		{"и\u0306од", "йод"},
		{"anna@acme.example", "anna acme example"},
		{"", ""},
		{strings.Repeat("ж", 40), strings.Repeat("ж", 32)},
	}
	for _, c := range cases {
		var got []string
		words(c.in, func(w string) { got = append(got, w) })
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// FuzzPlainText: any text can be shown and searched.
func FuzzPlainText(f *testing.F) {
	f.Add("<div>a&lt;<br>b</div><script>")
	f.Add("\xff<p")
	f.Fuzz(func(t *testing.T, text string) {
		words(plain(text), func(w string) {
			if w == "" || utf8.RuneCountInString(w) > maxWord {
				t.Errorf("word %q of %q", w, text)
			}
		})
	})
}

// FuzzObject: whatever an object is made of, it can be shown, and no sign of it ends the script that holds it.
func FuzzObject(f *testing.F) {
	f.Add(`{"UUID":"file$1","title":{"a":1},"fileSize":"x","source":["y"],"uuid":7,"state":3,"number":"n"}`)
	f.Add(`{"UUID":"a$1","l":{"UUID":"b$1","title":null},"ls":[{"UUID":"b$2"},3],"t":"</script><b>","i":{"length":[],"interval":"HOUR"}}`)
	f.Fuzz(func(t *testing.T, line string) {
		o, err := decode([]byte(line))
		if err != nil {
			t.Skip()
		}
		fileObject([]byte(line))
		titled(o)
		numbered(o)
		dated(o)
		for name, v := range o {
			s, ok := show(v, "yes", "no")
			if ok && s.text == "" && len(s.links) == 0 {
				t.Errorf("%s: shown %v, %v", name, ok, s)
			}
			out, err := json.Marshal([]any{name, s.text, s.links})
			if err != nil || strings.ContainsAny(string(out), "<>") {
				t.Errorf("%s %v", out, err)
			}
		}
	})
}

// Both languages have every text that the page asks for.
func TestTextsOfBothLanguages(t *testing.T) {
	for lang, ts := range texts {
		for name := range texts["en"] {
			if ts[name] == "" {
				t.Errorf("%s has no %q", lang, name)
			}
		}
		if len(ts) != len(texts["en"]) {
			t.Errorf("%s has %d texts, en %d", lang, len(ts), len(texts["en"]))
		}
		for _, name := range first {
			if attributes[lang][name] == "" {
				t.Errorf("%s has no name for %s", lang, name)
			}
		}
		for class := range captions["en"] {
			if captions[lang][class] == "" {
				t.Errorf("%s has no caption of %s", lang, class)
			}
		}
	}
	for name := range texts["en"] {
		if !strings.Contains(string(pageApp), "T."+name) && !strings.Contains(pageHTML, "{{"+name+"}}") && name != "yes" && name != "no" {
			t.Errorf("nothing shows %q", name)
		}
	}
}
