package intercom

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"

	"deskform/providers/transport"
)

// policy is what Intercom keeps of a message: paragraphs, emphasis, lists, links. Nothing that runs, loads or submits.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "h1", "h2", "code", "pre", "blockquote")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	return p
}()

var (
	imgAlt    = regexp.MustCompile(`(?is)\balt\s*=\s*["']([^"']*)["']`)
	imgFile   = regexp.MustCompile(`(?is)uuid=(file(?:\$|%24)\d+)`)
	imgPixel  = regexp.MustCompile(`(?is)\b(?:width|height)\s*=\s*["']?[01](?:px)?["'\s>]`)
	anchor    = regexp.MustCompile(`(?is)<a\b[^>]*?href\s*=\s*["']([^"']*)["'][^>]*>(.*?)</a>`)
	bareURL   = regexp.MustCompile(`(?i)https?://[^\s<>"']+`)
	selfEnded = regexp.MustCompile(`<(a|p|b|strong|i|em|u|ul|ol|li|h1|h2|code|pre|blockquote)\b([^>]*)/>`)
	emptyPara = regexp.MustCompile(`(?i)<p>([\s\x{00a0}]|<br\s*/?>)*</p>`)
)

// secretLink reports whether a link carries a key of the source or carries out an edit there: opening it would act in
// somebody's name (IT trap 25).
func secretLink(link string) bool {
	l := strings.ToLower(html.UnescapeString(link))
	for range 2 { // a mail filter wraps links in links
		u, err := url.QueryUnescape(l)
		if err != nil {
			u = escapes.Replace(l)
		}
		l = strings.ToLower(u)
	}
	return strings.Contains(l, "accesskey=") || strings.Contains(l, "access_key=") || len(transport.FindKeys([]byte(l))) > 0 || strings.Contains(l, "/services/rest/") || strings.Contains(l, "modules.restmodule")
}

// escapes are those that matter here, for links with broken ones among them.
var escapes = strings.NewReplacer("%3d", "=", "%2f", "/", "%61", "a", "%25", "%")

// A cut is what cleaning took out of a text, by rule.
type cut struct {
	rule  string
	times int
}

var (
	active  = regexp.MustCompile(`(?i)<(?:script|iframe|object|embed|applet|form)\b|=\s*["']?\s*javascript\s*:|<[^>]*\son[a-z]+\s*=`)
	keyGone = regexp.MustCompile(`(?i)(?:access[_-]?key|доступа|авторизации)(?:[\s:=(]|<[^<>]*>)*\bremoved\b`)
	leftOut = regexp.MustCompile(`(?i)\bsrc="cid:left-out"`) // as a source marks a picture that does not move
	imgSrc  = regexp.MustCompile(`(?is)\bsrc\s*=\s*["']?\s*([^"'\s>]*)`)
)

// linksCut counts the links and keys of the source that went.
func linksCut(in, out string) cut {
	links := strings.Count(out, "[link removed]") - strings.Count(in, "[link removed]") + len(keyGone.FindAllString(out, -1)) - len(keyGone.FindAllString(in, -1))
	return cut{"one_click_link_removed", max(links, 0)}
}

// cleaned counts what cleaning took out: in is the text before, out the one after.
func cleaned(in, out string) []cut {
	list := []cut{linksCut(in, out)}
	if strings.Contains(in, "<") {
		times := map[string]int{}
		var tags strings.Builder
		scan(strip(in), func(string) {}, func(t tag) bool {
			tags.WriteString(t.raw)
			switch {
			case t.end:
			case t.name == "img":
				times[pictureRule(t.raw)]++
			case hidden[t.name] && !active.MatchString(t.raw):
				times["hidden_text_removed"]++
			}
			return true
		})
		times["script_removed"] = len(active.FindAllString(tags.String(), -1))
		for _, rule := range []string{"script_removed", "hidden_text_removed", "tracker_removed", "remote_picture_removed", "inline_picture", "picture_left_out"} {
			list = append(list, cut{rule, times[rule]})
		}
	}
	return slices.DeleteFunc(list, func(c cut) bool { return c.times == 0 })
}

// pictureRule says by which rule a picture is counted.
func pictureRule(tag string) string {
	src := ""
	if m := imgSrc.FindStringSubmatch(tag); m != nil {
		src = strings.ToLower(m[1])
	}
	switch {
	case imgPixel.MatchString(tag):
		return "tracker_removed"
	case leftOut.MatchString(tag):
		return "picture_left_out"
	case imgFile.MatchString(tag) || strings.HasPrefix(src, "data:") || strings.HasPrefix(src, "cid:"):
		return "inline_picture"
	}
	return "remote_picture_removed"
}

// strip takes control characters out, which Intercom refuses or loses.
func strip(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// keyText is what is left of a key of the source outside of a link, whatever it looks like.
var keyText = regexp.MustCompile(`(?i)(access_?key)(=|%3d|&#61;|&equals;)[^&\s"'<>]+`)

// withoutKeys takes keys of the source out that stand outside of links; the words and tags around them stay.
func withoutKeys(s string) string {
	var out strings.Builder
	at := 0
	for _, k := range transport.FindKeys([]byte(s)) {
		if between := s[k.NameEnd:k.Key]; strings.ContainsAny(between, "<(") {
			out.WriteString(s[at:k.Key] + "removed")
		} else {
			out.WriteString(s[at:k.NameEnd] + " removed")
		}
		at = k.End
	}
	return keyText.ReplaceAllString(out.String()+s[at:], "$1 removed")
}

// cleanHTML makes HTML safe to show. A plain text becomes paragraphs; a < that begins no tag is one of its signs.
func cleanHTML(s string) string {
	s = strip(s)
	if !hasMarkup(s) {
		return paragraphs(html.UnescapeString(s))
	}
	s = selfEnded.ReplaceAllString(policy.Sanitize(withParagraphs(s)), "<$1$2></$1>")
	s = betweenCells(s)
	// Now that every link has one form, none hides.
	s = anchor.ReplaceAllStringFunc(s, func(a string) string {
		m := anchor.FindStringSubmatch(a)
		if !secretLink(m[1]) {
			return a
		}
		if secretLink(m[2]) {
			return "[link removed]"
		}
		return m[2] + " [link removed]"
	})
	s = strings.ReplaceAll(withoutSecrets(s), `<a href="[link removed]">`, "[link removed] ") // an anchor that nobody closed
	s = strings.TrimSpace(emptyPara.ReplaceAllString(s, ""))
	if s != "" && !strings.Contains(s, "<") {
		return "<p>" + s + "</p>" // else it would be taken for plain text and escaped again
	}
	return s
}

// tame are the marks that cleanHTML leaves in a text, but for links.
var tame = strings.Fields("<p> </p> <br> <br/> <b> </b> <strong> </strong> <i> </i> <em> </em> <u> </u> <ul> </ul> <ol> </ol> <li> </li> <h1> </h1> <h2> </h2> <code> </code> <pre> </pre> <blockquote> </blockquote> </a> &amp; &lt; &gt; &#34; &#39;")

// isTame reports whether HTML is as cleanHTML leaves it: a second cleaning can be saved, which costs thirty times as much.
func isTame(s string) bool {
	l := strings.ToLower(s)
	if strings.Contains(l, "accesskey") || strings.Contains(l, "access_key") || strings.Contains(l, "services") || strings.Contains(l, "restmodule") {
		return false
	}
	for {
		i := strings.IndexAny(s, "<&%")
		if i < 0 {
			return true
		}
		s = s[i:]
		if link, ok := strings.CutPrefix(s, `<a href="http`); ok {
			end := strings.IndexAny(link, `"<`)
			if end < 0 || !strings.HasPrefix(link[end:], `">`) || !strings.HasPrefix(link, "://") && !strings.HasPrefix(link, "s://") ||
				strings.ContainsAny(strings.ReplaceAll(link[:end], "&amp;", ""), "%&> ") {
				return false
			}
			s = link[end:]
			continue
		}
		mark := slices.IndexFunc(tame, func(m string) bool { return strings.HasPrefix(s, m) })
		if mark < 0 {
			return false
		}
		s = s[len(tame[mark]):]
	}
}

// ownLine are the elements that Intercom does not have and that begin a line of their own.
var ownLine = wordSet(`address article aside caption center dd details div dl dt fieldset figcaption figure footer form h3 h4 h5 h6 header hgroup
	legend main menu nav option section summary table title tr`)

// cellMark stands between two cells until it is clear what is in them. No text has it, see strip.
const cellMark = "\x1f"

// withParagraphs makes paragraphs of the blocks that Intercom does not have, marks of cells, words of pictures, and text of
// each < that begins no tag.
func withParagraphs(s string) string {
	open := 0
	return spelled(s, func(t tag) string {
		switch {
		case t.name == "img":
			return imageMarker(t.raw)
		case t.name == "td" || t.name == "th":
			return cellMark
		case t.name == "hr" && open > 0:
			return "</p><p>"
		case t.name == "hr":
			return "<br>"
		case t.name != "p" && !ownLine[t.name]:
			return t.raw
		case t.end:
			open = max(0, open-1)
			return "</p>"
		}
		open++
		return "<p>"
	})
}

var (
	cellMarks = regexp.MustCompile(`[\s\x{00a0}]*\x1f[\s\x{00a0}\x1f]*`)
	markAfter = regexp.MustCompile(`(^|</?(?:p|br|ul|ol|li|h1|h2|pre|blockquote)/?>)\x1f`)
	markAhead = regexp.MustCompile(`\x1f($|</?(?:p|br|ul|ol|li|h1|h2|pre|blockquote)/?>)`)
)

// betweenCells puts a bar between cells that stand on one line; others need none.
func betweenCells(s string) string {
	if !strings.Contains(s, cellMark) {
		return s
	}
	s = cellMarks.ReplaceAllString(s, cellMark)
	s = markAhead.ReplaceAllString(markAfter.ReplaceAllString(s, "$1"), "$1")
	return strings.ReplaceAll(s, cellMark, " | ")
}

// imageMarker stands where a picture stood, with its name, which an attachment of the same message has. Tracking pixels
// leave nothing.
func imageMarker(tag string) string {
	if imgPixel.MatchString(tag) {
		return ""
	}
	if leftOut.MatchString(tag) {
		return "[picture left out]"
	}
	if m := imgAlt.FindStringSubmatch(tag); m != nil && strings.TrimSpace(m[1]) != "" {
		return "[picture: " + html.EscapeString(strings.TrimSpace(html.UnescapeString(m[1]))) + "]"
	}
	if m := imgFile.FindStringSubmatch(tag); m != nil {
		return "[picture: " + strings.ReplaceAll(m[1], "%24", "$") + "]"
	}
	return "[picture]"
}

// paragraphs makes HTML of plain text.
func paragraphs(s string) string {
	var out strings.Builder
	for _, p := range regexp.MustCompile(`\n\s*\n`).Split(strings.TrimSpace(s), -1) {
		if strings.TrimSpace(p) == "" {
			continue
		}
		out.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(withoutSecrets(p)), "\n", "<br>") + "</p>")
	}
	return out.String()
}

// plainText is the text of HTML, a line a paragraph. Text without a tag stays as it is, but for entities.
func plainText(s string) string {
	s = strip(s)
	if !hasMarkup(s) {
		return tidy(withoutSecrets(html.UnescapeString(s)))
	}
	s = anchor.ReplaceAllStringFunc(withWords(s), func(a string) string {
		m := anchor.FindStringSubmatch(a)
		if secretLink(m[1]) {
			return m[2] + " [link removed]"
		}
		return a
	})
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(s))
	skip, rows := 0, false // rows: between the cells of a table, where white space says nothing
	for {
		kind := z.Next()
		switch kind {
		case nethtml.ErrorToken:
			return tidy(withoutSecrets(cellsInLine(out.String())))
		case nethtml.TextToken:
			if text := html.UnescapeString(string(z.Raw())); skip == 0 && !(rows && strings.TrimSpace(text) == "") {
				out.WriteString(text)
			}
			continue
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
		default:
			continue
		}
		raw, _ := z.TagName()
		name, end := string(raw), kind == nethtml.EndTagToken
		switch name {
		case "table", "thead", "tbody", "tfoot", "tr":
			rows = true
		case "td", "th":
			rows = end
		default:
			rows = false
		}
		switch {
		case hidden[name] && end:
			skip = max(0, skip-1)
		case hidden[name]:
			skip++
		default:
			out.WriteString(lineOf(name, end))
		}
	}
}

// Spell writes a text so that a < stands in it only where a tag begins. It may have been plain before.
func (d *Destination) Spell(text string) string {
	text = strip(text)
	if !hasMarkup(text) {
		return paragraphsOf(text)
	}
	return spelled(text, func(t tag) string { return t.raw })
}

// spelled makes text of each < that begins no tag, and of each tag what as says.
func spelled(s string, as func(tag) string) string {
	var out strings.Builder
	scan(s, func(text string) { out.WriteString(strings.ReplaceAll(text, "<", "&lt;")) }, func(t tag) bool {
		out.WriteString(as(t))
		return true
	})
	return out.String()
}

// withWords puts words in the places of pictures, and makes text of each < that begins no tag.
func withWords(s string) string {
	return spelled(s, func(t tag) string {
		if t.name == "img" {
			return imageMarker(t.raw)
		}
		return t.raw
	})
}

// lineOf is what a tag is in plain text.
func lineOf(name string, end bool) string {
	switch name {
	case "br", "hr":
		return "\n"
	case "li", "tr":
		if end {
			return ""
		}
		return map[string]string{"li": "\n- ", "tr": "\n"}[name]
	case "td", "th":
		return cellMark
	case "p", "h1", "h2", "blockquote", "pre", "ul", "ol":
		return "\n"
	}
	if ownLine[name] {
		return "\n"
	}
	return ""
}

// cellsInLine is betweenCells for plain text.
func cellsInLine(s string) string {
	return cellMarks.ReplaceAllStringFunc(strings.Trim(s, cellMark+" \n\u00a0"), func(run string) string {
		if strings.Contains(run, "\n") {
			return strings.ReplaceAll(run, cellMark, "")
		}
		return " | "
	})
}

func withoutSecrets(s string) string {
	s = bareURL.ReplaceAllStringFunc(s, func(u string) string {
		if secretLink(u) {
			return "[link removed]"
		}
		return u
	})
	return withoutKeys(s)
}

var (
	trailing = regexp.MustCompile(`[ \t\x{00a0}]+\n`)
	blank    = regexp.MustCompile(`\n{3,}`)
)

// tidy evens out white space without touching what is inside a line.
func tidy(s string) string {
	s = strings.ReplaceAll(s, "\r", "")
	s = trailing.ReplaceAllString(s, "\n")
	return strings.TrimSpace(blank.ReplaceAllString(s, "\n\n"))
}

var spaces = regexp.MustCompile(`[\s\x{00a0}]+`)

// squeeze is what two renderings of one text have in common: its words.
func squeeze(s string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(plainText(s), " "))
}
