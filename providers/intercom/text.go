package intercom

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"
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
	imgTag    = regexp.MustCompile(`(?is)<img\b[^>]*>`)
	imgAlt    = regexp.MustCompile(`(?is)\balt\s*=\s*["']([^"']*)["']`)
	imgFile   = regexp.MustCompile(`(?is)uuid=(file(?:\$|%24)\d+)`)
	imgPixel  = regexp.MustCompile(`(?is)\b(?:width|height)\s*=\s*["']?[01](?:px)?["'\s>]`)
	anchor    = regexp.MustCompile(`(?is)<a\b[^>]*?href\s*=\s*["']([^"']*)["'][^>]*>(.*?)</a>`)
	bareURL   = regexp.MustCompile(`(?i)https?://[^\s<>"']+`)
	blockEnd  = regexp.MustCompile(`(?i)</(div|tr|table|section|article|h[3-6])>`)
	blockOpen = regexp.MustCompile(`(?i)<(div|tr|table|section|article|h[3-6])\b[^>]*>`)
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
	return strings.Contains(l, "accesskey=") || strings.Contains(l, "access_key=") || strings.Contains(l, "/services/rest/") || strings.Contains(l, "modules.restmodule")
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
	keyGone = regexp.MustCompile(`(?i)access_?key removed`)
	leftOut = regexp.MustCompile(`(?i)\bsrc="cid:left-out"`) // as a source marks a picture that does not move
	imgSrc  = regexp.MustCompile(`(?is)\bsrc\s*=\s*["']?\s*([^"'\s>]*)`)
)

// cleaned counts what cleaning took out: in is the text before, out the one after.
func cleaned(in, out string) []cut {
	links := strings.Count(out, "[link removed]") - strings.Count(in, "[link removed]") + len(keyGone.FindAllString(out, -1)) - len(keyGone.FindAllString(in, -1))
	list := []cut{{"one_click_link_removed", max(links, 0)}}
	if strings.Contains(in, "<") {
		trackers, remote, inline, left := 0, 0, 0, 0
		for _, tag := range imgTag.FindAllString(in, -1) {
			src := ""
			if m := imgSrc.FindStringSubmatch(tag); m != nil {
				src = strings.ToLower(m[1])
			}
			switch {
			case imgPixel.MatchString(tag):
				trackers++
			case leftOut.MatchString(tag):
				left++
			case imgFile.MatchString(tag) || strings.HasPrefix(src, "data:") || strings.HasPrefix(src, "cid:"):
				inline++
			default:
				remote++
			}
		}
		list = append(list, cut{"script_removed", len(active.FindAllString(in, -1))}, cut{"tracker_removed", trackers}, cut{"remote_picture_removed", remote}, cut{"inline_picture", inline}, cut{"picture_left_out", left})
	}
	return slices.DeleteFunc(list, func(c cut) bool { return c.times == 0 })
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

// keyText is a key of the source outside of a link; the key goes, the words around it stay.
var keyText = regexp.MustCompile(`(?i)(access_?key)(=|%3d|&#61;|&equals;)[^&\s"'<>]+`)

func withoutKeys(s string) string { return keyText.ReplaceAllString(s, "$1 removed") }

// cleanHTML makes HTML safe to show. A plain text becomes paragraphs.
func cleanHTML(s string) string {
	s = strip(s)
	if !strings.Contains(s, "<") {
		return paragraphs(html.UnescapeString(s))
	}
	s = imgTag.ReplaceAllStringFunc(s, imageMarker)
	s = blockOpen.ReplaceAllString(s, "<p>")
	s = blockEnd.ReplaceAllString(s, "</p>")
	s = selfEnded.ReplaceAllString(policy.Sanitize(s), "<$1$2></$1>")
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
	if !strings.Contains(s, "<") {
		return tidy(withoutSecrets(html.UnescapeString(s)))
	}
	s = imgTag.ReplaceAllStringFunc(s, imageMarker)
	s = anchor.ReplaceAllStringFunc(s, func(a string) string {
		m := anchor.FindStringSubmatch(a)
		if secretLink(m[1]) {
			return m[2] + " [link removed]"
		}
		return a
	})
	var out strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(s))
	skip := 0
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return tidy(withoutSecrets(out.String()))
		case nethtml.TextToken:
			if skip == 0 {
				out.WriteString(html.UnescapeString(string(z.Raw())))
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style":
				skip++
			case "br":
				out.WriteByte('\n')
			case "li":
				out.WriteString("\n- ")
			case "p", "div", "tr", "h1", "h2", "h3", "blockquote", "ul", "ol":
				out.WriteByte('\n')
			}
		case nethtml.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style":
				skip = max(0, skip-1)
			case "p", "div", "tr", "h1", "h2", "h3", "blockquote", "ul", "ol":
				out.WriteByte('\n')
			}
		}
	}
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
