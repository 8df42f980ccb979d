package intercom_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

// TestBrackets: a < that begins no HTML is a sign like any other and stays, in both functions; what begins HTML goes.
func TestBrackets(t *testing.T) {
	clean, text := calling(t, "html"), calling(t, "text")
	for _, tt := range []struct{ name, in, html, text string }{
		{"an address", "От: Иван Петров <ivan@acme.example>", "<p>От: Иван Петров &lt;ivan@acme.example&gt;</p>", "От: Иван Петров <ivan@acme.example>"},
		{"an address in HTML", "<p>От: Иван <ivan@acme.example></p>", "<p>От: Иван &lt;ivan@acme.example&gt;</p>", "От: Иван <ivan@acme.example>"},
		{"a link in brackets", "see <http://x.example/a?b=1> or <https://y.example>", "<p>see &lt;http://x.example/a?b=1&gt; or &lt;https://y.example&gt;</p>", "see <http://x.example/a?b=1> or <https://y.example>"},
		{"comparisons", "если a<b и c>d.", "<p>если a&lt;b и c&gt;d.</p>", "если a<b и c>d."},
		{"comparisons in English", "if a<b and c>d, or i<p&&q>0", "<p>if a&lt;b and c&gt;d, or i&lt;p&amp;&amp;q&gt;0</p>", "if a<b and c>d, or i<p&&q>0"},
		{"code in HTML", "<p>List<int> a; if (x<y && y>z)</p>", "<p>List&lt;int&gt; a; if (x&lt;y &amp;&amp; y&gt;z)</p>", "List<int> a; if (x<y && y>z)"},
		{"names in brackets", "cd <dir> <имя> <file-name>, <server>", "<p>cd &lt;dir&gt; &lt;имя&gt; &lt;file-name&gt;, &lt;server&gt;</p>", "cd <dir> <имя> <file-name>, <server>"},
		{"beside a tag", "Пишите на <support@acme.example> если 1<2, <b>важно</b>", "Пишите на &lt;support@acme.example&gt; если 1&lt;2, <b>важно</b>", "Пишите на <support@acme.example> если 1<2, важно"},
		{"lines of a plain text", "<a@x.example>\nb", "<p>&lt;a@x.example&gt;<br>b</p>", "<a@x.example>\nb"},
		{"a tag that never ends", "x <b", "<p>x &lt;b</p>", "x <b"},
		{"a quote that never ends", `<p>x <a href="y>z</p>`, `<p>x &lt;a href=&#34;y&gt;z</p>`, `x <a href="y>z`},
		{"a comment that never ends", "a <!-- b", "<p>a &lt;!-- b</p>", "a <!-- b"},
		{"arrows", "a <- b <-- c <!c> <?php d ?>", "<p>a &lt;- b &lt;-- c &lt;!c&gt; &lt;?php d ?&gt;</p>", "a <- b <-- c <!c> <?php d ?>"},
		{"with entities", "&lt;b&gt; <x@y.example> &amp;", "<p>&lt;b&gt; &lt;x@y.example&gt; &amp;</p>", "<b> <x@y.example> &"},
		{"attributes of all kinds", `<p class=a nowrap data-x align = 'c' >x<input disabled value="a>b"></p>`, "<p>x</p>", "x"},
		{"what Outlook writes", `<!doctype html><?xml:namespace prefix = o /><![if !mso]><p>x<o:p>&nbsp;</o:p></p><![endif]><!--[if mso]><v:x/><![endif]-->`, "<p>x\u00a0</p>", "x"},
		{"a drawing", `x<svg width="1"><path d="M0"/><my:own a b c>y</svg> <path>`, "<p>xy &lt;path&gt;</p>", "xy <path>"},
		{"tags in capitals", "<P>a</P><DIV>b</DIV>", "<p>a</p><p>b</p>", "a\n\nb"},
		{"words in brackets that are elements as well", "Замените <source> на <target> и <data>, <select> from <option>", "<p>Замените &lt;source&gt; на &lt;target&gt; и &lt;data&gt;, &lt;select&gt; from &lt;option&gt;</p>", "Замените <source> на <target> и <data>, <select> from <option>"},
		{"a hidden one that is closed nowhere", "параметр <style> не тот, и <Script> тоже", "<p>параметр &lt;style&gt; не тот, и &lt;Script&gt; тоже</p>", "параметр <style> не тот, и <Script> тоже"},
		{"a closed one", "<p>a</p><style>p {}</style><SCRIPT>x</SCRIPT ><select><option>b</option></select>", "<p>a</p><p>b</p>", "a\n\nb"},
		{"a picture with a sign in its words", `<p><img alt="a > b" src="cid:1">c</p>`, "<p>[picture: a &gt; b]c</p>", "[picture: a > b]c"},
	} {
		got, _ := clean(tt.in).(string)
		if got != tt.html {
			t.Errorf("%s: html is %q, want %q", tt.name, got, tt.html)
		}
		if again, _ := clean(got).(string); again != got {
			t.Errorf("%s: cleaned again it is %q, once %q", tt.name, again, got)
		}
		if got, _ := text(tt.in).(string); got != tt.text {
			t.Errorf("%s: text is %q, want %q", tt.name, got, tt.text)
		}
		// The mapping may have forgotten html(): what is sent is the same.
		w := plan.Want{Key: "x", Fields: plan.Fields{"created_at": int64(1)}, Parts: []plan.PartWant{{List: "c", Key: "1", Fields: plan.Fields{"created_at": int64(2), "author": plan.Author("teammate", "12"), "body": tt.in}}}}
		d := intercom.NewDestination("")
		d.Normalize("conversation", &w, definitions)
		c := record("conversation", plan.AppendTo)
		c.Parts = []plan.PartChange{{List: "c", Key: "1", What: "append", Fields: w.Parts[0].Fields}}
		for _, s := range d.Steps(c) {
			if body, _ := s.Payload["body"].(string); !strings.Contains(tt.in, "&lt;") && body != tt.html {
				t.Errorf("%s: %s sends %q, want %q", tt.name, s.Op, body, tt.html)
			}
		}
	}
}

// TestCells: what stood apart in the source stands apart.
func TestCells(t *testing.T) {
	clean, text := calling(t, "html"), calling(t, "text")
	const table = "<table><tr><td>Serial</td><td>12345</td></tr><tr><td>Room</td><td>7</td></tr></table>"
	for _, tt := range []struct{ name, in, html, text string }{
		{"a table", table, "<p><p>Serial | 12345</p><p>Room | 7</p></p>", "Serial | 12345\nRoom | 7"},
		{"spread over lines", strings.NewReplacer("><", ">\n <").Replace(table), "<p>\n <p>Serial | 12345</p>\n <p>Room | 7</p>\n </p>", "Serial | 12345\nRoom | 7"},
		{"with heads", "<table><thead><tr><th>A<th>B</thead><tbody><tr><td>1<td>2</table>", "<p><p>A | B<p>1 | 2</p>", "A | B\n1 | 2"},
		{"with empty cells", "<tr><td> </td><td>a</td><td>&nbsp;</td><td><b>b</b></td><td></td></tr>", "<p>a | <b>b</b></p>", "a | b"},
		{"with paragraphs", "<tr><td><p>a</p></td><td><p>b</p></td></tr>", "<p><p>a</p><p>b</p></p>", "a\n\nb"},
		{"without rows", "<td>a</td><td>b</td>", "<p>a | b</p>", "a | b"},
		{"a bar of the source", "<p>a | b</p>", "<p>a | b</p>", "a | b"},
		{"a rule", "<form>f</form>g<hr>end", "<p>f</p>g<br>end", "f\ng\nend"},
		{"a rule in a paragraph", "<p>a<hr>b</p>", "<p>a</p><p>b</p>", "a\nb"},
		{"items", "<ul><li>a<li>b</ul>c", "<ul><li>a<li>b</ul>c", "- a\n- b\nc"},
		{"terms", "<dl><dt>a</dt><dd>b</dd></dl>", "<p><p>a</p><p>b</p></p>", "a\n\nb"},
		{"choices", "<select><option>a</option><option>b</option></select>", "<p>a</p><p>b</p>", "a\n\nb"},
		{"a page", "<header>a</header><main>b</main><footer>c</footer><h5>d</h5><address>e</address>", "<p>a</p><p>b</p><p>c</p><p>d</p><p>e</p>", "a\n\nb\n\nc\n\nd\n\ne"},
		{"a key in a cell", `<tr><td>https://x.example/?accessKey=1</td><td>b</td></tr>`, "<p>[link removed] | b</p>", "[link removed] | b"},
	} {
		got, _ := clean(tt.in).(string)
		if got != tt.html {
			t.Errorf("%s: html is %q, want %q", tt.name, got, tt.html)
		}
		if again, _ := clean(got).(string); again != got {
			t.Errorf("%s: cleaned again it is %q, once %q", tt.name, again, got)
		}
		if got, _ := text(tt.in).(string); got != tt.text {
			t.Errorf("%s: text is %q, want %q", tt.name, got, tt.text)
		}
	}
}

// TestCounted: what cleaning takes out is counted by rule, and what stays is not.
func TestCounted(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a <ivan@acme.example> b<c and d>e List<int>", ""},
		{"<p>a<o:p></o:p> <x@y.example></p>", ""},
		{"<style>p{}</style><p>a</p>", "hidden_text_removed 1"},
		{"<noscript>a</noscript><noembed>b</noembed>c", "hidden_text_removed 2"},
		{"<script>a</script><iframe src=x>b</iframe>", "script_removed 2"},
		{`<p onclick="x()">a</p>`, "script_removed 1"},
		{`a<b onclick="x()"`, ""},
		{`<img src="cid:1"><img width=1 src=x><img src="https://x.example/a.png">`, "inline_picture 1, remote_picture_removed 1, tracker_removed 1"},
	} {
		for _, f := range intercom.Schema().Functions {
			if f.Losing == nil {
				continue
			}
			var got []string
			if _, err := f.Losing([]plan.Value{tt.in}, func(rule string, times int) { got = append(got, fmt.Sprint(rule, " ", times)) }); err != nil {
				t.Error(err)
			}
			slices.Sort(got)
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("%s(%q) counts %q, want %q", f.Name, tt.in, s, tt.want)
			}
		}
	}
	text := calling(t, "text")
	if got, _ := text("<p>a</p><noscript>b</noscript>").(string); got != "a" {
		t.Errorf("text keeps what it counts as gone: %q", got)
	}
}

// BenchmarkBeginnings: texts that begin tags without end are read in one go, not once more from each beginning.
func BenchmarkBeginnings(b *testing.B) {
	clean := calling(b, "html")
	var in []string
	for _, begin := range []string{"<a x=", "<!--", "<a x='", "<", "<a x=<p/a=", "<svg><a <", "<b a=b ", "<script x=", "<a x=\"> <a x=' "} {
		in = append(in, strings.Repeat(begin, 1<<16/len(begin)))
	}
	b.SetBytes(int64(len(in)) << 16)
	for b.Loop() {
		for _, s := range in {
			clean(s)
		}
	}
}
