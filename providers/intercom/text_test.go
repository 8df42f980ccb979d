package intercom_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// calling is a function of the language.
func calling(t testing.TB, name string) func(args ...plan.Value) plan.Value {
	t.Helper()
	for _, f := range intercom.Schema().Functions {
		if f.Name == name {
			return func(args ...plan.Value) plan.Value {
				v, err := f.Call(args)
				if err != nil {
					t.Errorf("%s(%q): %v", name, args, err)
				}
				return v
			}
		}
	}
	t.Fatalf("there is no function %s", name)
	return nil
}

func TestHTML(t *testing.T) {
	clean := calling(t, "html")
	for _, tt := range []struct{ name, in, want string }{
		{"plain text", "a\nb\n\nc", "<p>a<br>b</p><p>c</p>"},
		{"plain text with signs", `a & "b" > c`, "<p>a &amp; &#34;b&#34; &gt; c</p>"},
		{"entities", "a &amp;&nbsp;b", "<p>a &amp;\u00a0b</p>"},
		{"what looks like a tag stays text", "&lt;script&gt;alert(1)&lt;/script&gt;", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"},
		{"emphasis and lists", "<p><b>a</b> <i>b</i></p><ul><li>c</li></ul>", "<p><b>a</b> <i>b</i></p><ul><li>c</li></ul>"},
		{"a link", `<p><a href="https://x.example/a?b=1&amp;c=2">x</a></p>`, `<p><a href="https://x.example/a?b=1&amp;c=2">x</a></p>`},
		{"divisions are paragraphs", "<div>a</div><div>b</div>", "<p>a</p><p>b</p>"},
		{"rows are paragraphs", "<table><tr><td>a</td><td>b</td></tr></table>", "<p><p>a | b</p></p>"},
		{"empty paragraphs go", "<p>a</p><p>&nbsp;</p><p><br></p>", "<p>a</p>"},
		{"a script", "<p>a</p><script>alert(1)</script>", "<p>a</p>"},
		{"a style", "<style>p{}</style><p>a</p>", "<p>a</p>"},
		{"a handler", `<p onclick="x()">a</p>`, "<p>a</p>"},
		{"a scripted link", `<p><a href="javascript:x()">a</a></p>`, "<p>a</p>"},
		{"a form", `<form action="https://x.example"><input value="1">a</form>`, "<p>a</p>"},
		{"signs without a tag that stays", "<span>a &amp; b &lt;c&gt;</span>", "<p>a &amp; b &lt;c&gt;</p>"},
		{"a frame", `<p>a</p><iframe src="https://x.example"></iframe>`, "<p>a</p>"},
		{"a comment", "<p>a<!-- b --></p>", "<p>a</p>"},
		{"an inline picture", `<p><img src="download?uuid=file$42"></p>`, "<p>[picture: file$42]</p>"},
		{"a picture with words", `<p><img alt="The &lt;drum&gt;" src="https://x.example/a.png"></p>`, "<p>[picture: The &lt;drum&gt;]</p>"},
		{"a picture", `<p><img src="data:image/png;base64,AAAA"></p>`, "<p>[picture]</p>"},
		{"a tracker", `<p>a<img src="https://t.example/o.gif" width="1" height="1"></p>`, "<p>a</p>"},
		{"a mention", `<p><a class="entity_mention" data-admin-id="12" href="https://app.intercom.com/a/apps/ws1/admins/12">@Agent</a></p>`, `<p><a href="https://app.intercom.com/a/apps/ws1/admins/12">@Agent</a></p>`},
		{"a one-click link", `<p><a href="https://acme.itsm365.com/sd/services/rest/exec?func=modules.restModule.close&accessKey=77-aa">close</a></p>`, "<p>close [link removed]</p>"},
		{"a one-click link in the text", `<p>close: https://acme.itsm365.com/sd/services/rest/exec?accessKey=77-aa now</p>`, "<p>close: [link removed] now</p>"},
		{"keys without a link", `<p>accessKey = 77-aa-1, {"accessKey":"77-aa-1"}, accessKey: <b>77-aa-1</b></p>`, "<p>accessKey removed, {&#34;accessKey removed&#34;}, accessKey: <b>removed</b></p>"},
		{"a key in brackets, and one of a Russian name", "<p>accessKey (5f2c1d3e-aaaa-4bbb), ключ доступа: 77-aa-1</p>", "<p>accessKey (removed), ключ доступа removed</p>"},
		{"a key in a tag with quotes", `<p>accessKey=<span style="color:red">77-aa-1</span> and access-key=<wbr>77-aa-1</p>`, "<p>accessKey removed and access-key removed</p>"},
		{"words after the name of a key", "<p>accessKey: спросите у администратора, a short accessKey, accessKey = secret</p>", "<p>accessKey: спросите у администратора, a short accessKey, accessKey = secret</p>"},
		{"nothing", "", ""},
		{"nothing left", "<script>a</script>", ""},
	} {
		got, _ := clean(tt.in).(string)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if again, _ := clean(got).(string); again != got {
			t.Errorf("%s: cleaned again it is %q, once %q", tt.name, again, got)
		}
	}
	if got := clean(nil); got != nil {
		t.Errorf("html(null) is %v", got)
	}
}

func TestText(t *testing.T) {
	text := calling(t, "text")
	for _, tt := range []struct{ name, in, want string }{
		{"plain text", " a \r\nb\n\n\n\nc ", "a\nb\n\nc"},
		{"less than", "1 < 2", "1 < 2"},
		{"entities", "a &amp; b&nbsp;c", "a & b\u00a0c"},
		{"paragraphs", "<p>a</p><p>b<br>c</p>", "a\n\nb\nc"},
		{"a list", "<ul><li>a</li><li>b</li></ul>", "- a\n- b"},
		{"what looks like a tag stays text", "<p>&lt;b&gt;</p>", "<b>"},
		{"a script", "<script>alert(1)</script>a<style>p{}</style>", "a"},
		{"an inline picture", `a <img src="download?uuid=file%2442">`, "a [picture: file$42]"},
		{"a tracker", `a<img src="https://t.example/o.gif" width=1 height=1>`, "a"},
		{"a one-click link", `<a href="https://acme.itsm365.com/sd/services/rest/exec?accessKey=77-aa">close</a>`, "close [link removed]"},
		{"a one-click link in plain text", `close: https://acme.itsm365.com/sd/services/rest/exec?accessKey=77-aa`, "close: [link removed]"},
		{"keys without a link", `accessKey: 77-aa-1, "accessKey":"77-aa-1"`, `accessKey removed, "accessKey removed"`},
		{"words after the name of a key", "accessKey: ask the administrator", "accessKey: ask the administrator"},
		{"control characters", "a\x00\x07b", "ab"},
		{"broken UTF-8", "a\xffb", "a�b"},
	} {
		if got, _ := text(tt.in).(string); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, in := range []plan.Value{nil, "", " \n", "<p></p>", "<script>a</script>"} {
		if got := text(in); got != nil {
			t.Errorf("text(%q) is %q, want null", in, got)
		}
	}
}

func TestFunctions(t *testing.T) {
	phone, mate := calling(t, "e164"), calling(t, "teammate")
	for _, tt := range []struct{ in, region, want plan.Value }{
		{"8 (900) 123-45-67", "RU", "+79001234567"},
		{"+7 900 123-45-67", "ru", "+79001234567"},
		{"+49 30 901820", "RU", "+4930901820"},
		{"12", "RU", nil},
		{"extension 12", "RU", nil},
		{"", "RU", nil},
		{nil, "RU", nil},
	} {
		if got := phone(tt.in, tt.region); got != tt.want {
			t.Errorf("e164(%v, %v) is %v, want %v", tt.in, tt.region, got, tt.want)
		}
	}
	if got := mate(" Agent@Acme.example "); got != (plan.Person{Email: "agent@acme.example"}) {
		t.Errorf("teammate is %+v", got)
	}
	for _, nobody := range []plan.Value{nil, "", " "} {
		if got := mate(nobody); got != nil {
			t.Errorf("teammate(%q) is %v, want nobody", nobody, got)
		}
	}
}

// hostile are texts that want to run, load, submit, mention or carry a key along. KEY stands in each key.
var hostile = []string{
	"<script>alert(1)</script>", "<scr<script>ipt>alert(1)</script>", "<<script>script>alert(1)//<</script>", "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1) ",
	"<svg/onload=alert(1)>", `<a href="jav&#x09;ascript:alert(1)">x</a>`, `<a href=" javascript:alert(1)">x</a>`, `<a href="data:text/html,<script>1</script>">x</a>`, `<a href="vbscript:x">x</a>`,
	`<a href='https://x.example' onmouseover='x'>y</a>`, `<p style="background:url(https://t.example)">x</p>`, "</p></i></div><script>x</script>", "<iframe srcdoc='<script>x</script>'>", "<object data=x><embed src=x>",
	"<base href=https://x.example>", "<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=x>", "<form action=x><button>y</button></form>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
	"<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<textarea><script>x</script></textarea>", "<p/onclick=x>", "<b\x00>x", "<!--><script>x</script>-->",
	`<a class="entity_mention" href="https://x.example" data-admin-id="12">@Agent</a>`, "<intercom-mention id=12>", "@all {{ user.name }}",
	`<a href="https://acme.itsm365.com/sd/services/rest/exec?accessKey=KEY">x</a>`, "<a href=https://acme.itsm365.com/sd/services/rest/exec?accessKey=KEY>x</a>",
	"<a href=https&#58;//acme.itsm365.com/sd/services/rest/exec?accessKey=KEY>x</a>", "<p>https&#58;//acme.itsm365.com/sd/services/rest/exec?accessKey=KEY</p>", "<p>https://acme.itsm365.com/sd/services/rest/<wbr>exec?accessKey=KEY</p>",
	`<a href="HTTPS://ACME.ITSM365.COM/SD/SERVICES/REST/EXEC?ACCESSKEY=KEY">x</a>`, `<a title="a>b" href="https://acme.itsm365.com/sd/services/rest/exec?accessKey=KEY">x</a>`,
	`<a href="https://x.example/?url=https%3A%2F%2Facme.itsm365.com%2Fsd%2Fservices%2Frest%2Fexec%3FaccessKey%3DKEY">x</a>`, `<a href=https://x.example/?url=https%3A%2F%2Facme.itsm365.com%2Fsd%2Fservices%2Frest%2Fexec%3FaccessKey%3DKEY>x</a>`,
	"<p>acme.itsm365.com/sd/services/rest/exec?accessKey=KEY</p>", "acme.itsm365.com/sd/services/rest/exec?accessKey=KEY", "https://x.example/?url=https%3A%2F%2Facme.itsm365.com%2Fsd%2Fservices%2Frest%2Fexec%3FaccessKey%3DKEY",
	`<a href="https://acme.itsm365.com/sd/services/rest/exec?accessKey&equals;KEY">x</a>`, `<a href="https://acme.itsm365.com/sd/services/rest/exec?%61ccessKey=KEY">x</a>`, `<p title="x">https://acme.itsm365.com/sd/services/rest/exec?access&#75;ey=KEY</p>`,
	`<a href="https://acme.itsm365.com/sd/services/rest/exec?accessKey=KEY">x`, `<a href="https://x.example/?bad=%zz&u=%2Fservices%2Frest%2F&accessKey%3DKEY">x</a>`, `<a href="https://x.example/?access_key=KEY">x</a>`,
	`<p><a href="https://x.example/?acce&#115;sKey=KEY">x</a></p>`, `<p><a href="https://x.example/?x=1&amp;acce&#115;sKey=KEY">x</a></p>`, `<p><a href="httpx:alert(1)">x</a></p>`, `<p>https://x.example/?acce&#115;sKey=KEY</p>`, `<p><a href="https://x.example">x</a href="x" onclick="x"></p>`,
	`<a href=https&#58;//acme.itsm365.com/sd/services/rest/edit/serviceCall$1/state:closed>x</a>`,
	"<p>accessKey = KEY-123</p>", "accessKey: KEY-123", `{"accessKey":"KEY-123"}`, `<p>{"accessKey": "KEY-123"}</p>`, `{\"accessKey\":\"KEY-123\"}`, "<p>&quot;accessKey&quot;:&quot;KEY-123&quot;</p>",
	"<p>accessKey: <b>KEY-123</b></p>", "<p>accessKey:<br>KEY-123</p>", "<p>accessKey:&nbsp;KEY-123</p>", "accessKey=\"KEY\"", "<p>access&#75;ey: KEY-123</p>", `<a href="https://x.example/?q=%7B%22accessKey%22%3A%22KEY-123%22%7D">x</a>`,
	`<a href="https://x.example/?access&#75;ey=KEY">x</a>`, "access&#75;ey=KEY", "<table><tr><td>accessKey</td><td>KEY-0123456789-0123</td></tr></table>",
}

var (
	anyTag   = regexp.MustCompile(`<[^>]*>?`)
	oneClick = regexp.MustCompile(`(?i)https?://[^\s<"]*services(/|%2f)rest`)
	goodTag  = regexp.MustCompile(`^</?(p|br|b|strong|i|em|u|ul|ol|li|h1|h2|code|pre|blockquote)/?>$|^<a href="(https?:|mailto:|tel:)[^"<>]*">$|^</a>$`)
)

// harmless holds a message against what may be in it.
func harmless(t *testing.T, what, out string) {
	t.Helper()
	for _, tag := range anyTag.FindAllString(out, -1) {
		if !goodTag.MatchString(tag) {
			t.Errorf("%s lets %q through: %q", what, tag, out)
		}
	}
	if strings.ContainsAny(out, "\x00\x1b") {
		t.Errorf("%s: control characters in %q", what, out)
	}
	keyless(t, what, out)
}

func keyless(t *testing.T, what, out string) {
	t.Helper()
	if plain := html.UnescapeString(out); strings.Contains(plain, "KEY") || oneClick.MatchString(plain) {
		t.Errorf("%s carries a one-click link: %q", what, out)
	}
}

// TestHostile: what comes from a ticket runs nothing, loads nothing, mentions nobody and carries no one-click link,
// whether the mapping calls html() or forgets it.
func TestHostile(t *testing.T) {
	clean, text := calling(t, "html"), calling(t, "text")
	d := intercom.NewDestination("")
	for _, h := range hostile {
		for _, in := range []string{h, "<p>before</p>" + h + "<p>after</p>", "before " + h} {
			out, _ := clean(in).(string)
			harmless(t, "html("+in+")", out)
			plain, _ := text(in).(string)
			keyless(t, "text("+in+")", plain)
			for as, who := range map[string]plan.Value{"teammate": "12", "actor": in, "contact": annID} {
				w := plan.Want{Key: "x", Fields: plan.Fields{"created_at": int64(1)}, Parts: []plan.PartWant{{List: "c", Key: "1", Fields: plan.Fields{"private": false, "created_at": int64(1767600000), "author": plan.Author(as, who), "body": in}}}}
				d.Normalize("conversation", &w, definitions)
				c := record("conversation", plan.AppendTo)
				c.Parts = []plan.PartChange{{List: "c", Key: "1", What: "append", Fields: w.Parts[0].Fields}}
				for _, s := range d.Steps(c) {
					body, _ := s.Payload["body"].(string)
					harmless(t, "a part of "+as+" with body "+in, body)
					if as == "actor" && !strings.HasPrefix(body, "<p><i>") {
						t.Errorf("a name breaks out of its line: %q", body)
					}
				}
			}
		}
	}
}

// FuzzPart: the same for whatever a mapping gives without html(), as it is sent.
func FuzzPart(f *testing.F) {
	for _, h := range hostile {
		f.Add(h, true)
	}
	f.Add("<p>plain</p>", false)
	d := intercom.NewDestination("")
	f.Fuzz(func(t *testing.T, in string, named bool) {
		author := plan.Author("teammate", "12")
		if named {
			author = plan.Author("actor", in)
		}
		w := plan.Want{Key: "x", Fields: plan.Fields{"created_at": int64(1)}, Parts: []plan.PartWant{{List: "c", Key: "1", Fields: plan.Fields{"created_at": int64(2), "author": author, "body": in}}}}
		d.Normalize("conversation", &w, definitions)
		c := record("conversation", plan.AppendTo)
		c.Parts = []plan.PartChange{{List: "c", Key: "1", What: "append", Fields: w.Parts[0].Fields}}
		for _, s := range d.Steps(c) {
			body, _ := s.Payload["body"].(string)
			for _, tag := range anyTag.FindAllString(body, -1) {
				if !goodTag.MatchString(tag) {
					t.Errorf("%q lets %q through: %q", in, tag, body)
				}
			}
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	clean := calling(b, "html")
	in := strings.Repeat(`<div>The printer on floor 3 does <b>not</b> print; see <a href="https://x.example/a?b=1">there</a>.</div><br>`, 10)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		clean(in)
	}
}

func BenchmarkNormalize(b *testing.B) {
	d := intercom.NewDestination("")
	body := calling(b, "html")(strings.Repeat(`<div>The printer on floor 3 does <b>not</b> print; see <a href="https://x.example/a?b=1">there</a>.</div><br>`, 10))
	b.ReportAllocs()
	for b.Loop() {
		w := plan.Want{Fields: plan.Fields{"created_at": int64(1)}, Parts: []plan.PartWant{{List: "c", Key: "1", Fields: plan.Fields{"created_at": int64(2), "body": body}}}}
		d.Normalize("conversation", &w, definitions)
	}
}
