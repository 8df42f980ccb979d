package intercom

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"

	"deskform/plan"
)

// maxParts is how many parts of a thread can be read; older ones can be neither verified nor found again (IC trap 6).
const maxParts = 500

// longFields are the arguments of a set whose records have parts: what becomes of what is more than Intercom takes. They
// are for the plan alone.
func longFields() []plan.Field {
	return append([]plan.Field{
		{Name: "on_long", Type: plan.TypeEnum, Enum: []string{"invalid", "split"}, Mode: plan.Mutable, Local: true, Default: "invalid",
			Doc: "What becomes of a message of more than 32,000 characters or 10 files (IC 3.6, 7 #6): the record is `invalid`, or the message is `split` and goes on in parts of the same author, time and visibility, whose keys are KEY~2, KEY~3 and so on."},
		{Name: "file_policy", Type: plan.TypeMap, Mode: plan.Mutable, Local: true, Doc: "Files that stay behind. Each is named where it stood, and the plan lists it with its record.", Fields: []plan.Field{
			{Name: "max_mb", Type: plan.TypeInt, Mode: plan.Mutable, Local: true, Doc: "The largest file that moves, in MB; 18 when left out, which is what Intercom takes: base64 makes 24 MB of them, and a request has 25 (IC 7 #6). Without a policy a larger one makes the record invalid."},
			{Name: "signature", Type: plan.TypeInt, Mode: plan.Mutable, Local: true, Doc: "A picture that more than so many messages of the source have, to the byte, is part of a signature and stays behind; the plan counts it. A message that was written while it was rarer keeps it."},
			{Name: "deny", Type: plan.TypeStrings, Mode: plan.Mutable, Local: true, Doc: "Extensions (`exe`) and content types (`video/`, `application/zip`) that do not move."},
		}},
	}, threadFields()...)
}

// takeString reads an argument that is for Normalize alone.
func (n *normal) takeString(name string) string {
	s := n.text(name)
	delete(n.w.Fields, name)
	return s
}

func (n *normal) note(field, rule, text string) {
	n.w.Notes = append(n.w.Notes, plan.Problem{Field: field, Rule: rule, Text: text})
}

// front is what the line before a text of somebody without a seat may add to it, see originalAuthor.
func front(fields plan.Fields) int {
	name := ""
	if p, ok := fields["author"].(plan.Person); ok {
		name = p.Called()
	}
	return utf8.RuneCountInString(originalAuthor(name, at(plan.PartWant{Fields: fields}))) + 16
}

// A piece is a part of its own that goes on with another one.
func piece(p plan.PartWant, i int) plan.PartWant {
	next := plan.PartWant{List: p.List, Key: fmt.Sprintf("%s~%d", p.Key, i), SourcePrivate: p.SourcePrivate, Fields: plan.Fields{}}
	for _, same := range []string{"private", "author", "created_at", plan.OriginalAt} {
		if v, ok := p.Fields[same]; ok {
			next.Fields[same] = v
		}
	}
	return next
}

// firstParts is the list of the parts with which a first message goes on.
const firstParts = "body"

// splitBody gives the first message the text it can hold, and the rest to parts of the record's own contact.
func (n *normal) splitBody(most int) {
	body := n.text("body")
	texts := splitText(body, most)
	if len(texts) == 1 {
		return
	}
	n.w.Fields["body"] = texts[0]
	n.note("body", "split", fmt.Sprintf("goes on in %d more parts", len(texts)-1))
	public := false
	first := plan.PartWant{List: firstParts, Key: "body", SourcePrivate: &public, Fields: plan.Fields{
		"private": false, "author": plan.Author("contact", nil), "created_at": n.w.Fields["created_at"]}}
	var more []plan.PartWant
	for i, text := range texts[1:] {
		p := piece(first, i+2)
		p.Fields["body"] = paragraphs(text)
		more = append(more, p)
	}
	n.w.Parts = append(more, n.w.Parts...) // before what was said in the same second
}

// splitPart makes several parts of one that is too long or has too many files.
func (n *normal) splitPart(p plan.PartWant) []plan.PartWant {
	body, _ := p.Fields["body"].(string)
	files, _ := p.Fields["files"].([]plan.Value)
	texts := splitHTML(paragraphsOf(body), maxBody-front(p.Fields))
	chunks := loads(files)
	if len(texts) <= 1 && len(chunks) <= 1 {
		return []plan.PartWant{p}
	}
	if len(texts) <= 1 {
		texts = []string{body}
	}
	out := []plan.PartWant{p}
	p.Fields["body"] = texts[0]
	for i := 1; i < max(len(texts), len(chunks)); i++ {
		out = append(out, piece(p, i+1))
	}
	for i := range out {
		if i < len(texts) {
			out[i].Fields["body"] = texts[i]
		} else {
			out[i].Fields["body"] = ""
		}
		delete(out[i].Fields, "files")
		if i < len(chunks) {
			out[i].Fields["files"] = chunks[i]
		}
	}
	n.note(p.List, "split", fmt.Sprintf("part %s goes on in %d more", p.Key, len(out)-1))
	return out
}

// splitParts is splitPart for all, and refuses keys that the pieces share with others.
func (n *normal) splitParts() {
	var out []plan.PartWant
	for _, p := range n.w.Parts {
		out = append(out, n.splitPart(p)...)
	}
	if len(out) > len(n.w.Parts) {
		taken := map[string]bool{}
		for _, p := range out {
			if name := p.List + "\x00" + p.Key; taken[name] {
				n.problem(p.List, "duplicate_part", fmt.Sprintf("the key %s is that of a part and of what another one goes on with; write key = … in the part block", p.Key))
			} else {
				taken[name] = true
			}
		}
	}
	for _, p := range out {
		if body, _ := p.Fields["body"].(string); utf8.RuneCountInString(body)+front(p.Fields) > maxBody {
			n.problem(p.List, "too_long", fmt.Sprintf("part %s is longer than %d characters and has no place to split it at (IC 7 #6)", p.Key, maxBody))
		}
	}
	n.w.Parts = out
}

// splitText cuts a text into pieces of at most most characters, at the end of a paragraph, a line or a word where there is
// one in the second half of a piece. Only white space between pieces is lost.
func splitText(s string, most int) []string {
	var out []string
	for utf8.RuneCountInString(s) > most {
		end := runeIndex(s, most)
		cut, next := end, end
		for _, sep := range []string{"\n\n", "\n", " "} {
			if i := strings.LastIndex(s[:end], sep); i > end/2 {
				cut, next = i, i+len(sep)
				break
			}
		}
		out = append(out, strings.TrimRight(s[:cut], " \n"))
		s = strings.TrimLeft(s[next:], " \n")
	}
	if s != "" || len(out) == 0 {
		out = append(out, s)
	}
	return out
}

// runeIndex is where the character number n begins.
func runeIndex(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// splitHTML cuts HTML into pieces of at most most characters. What is open at a cut is closed there and opened again, so
// that each piece stands alone; a cut falls between blocks where it can, else between words. Each piece has the
// text that the source had there, and nothing else.
func splitHTML(s string, most int) []string {
	if utf8.RuneCountInString(s) <= most {
		return []string{s}
	}
	c := &cutter{most: most}
	z := nethtml.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return c.end()
		case nethtml.StartTagToken:
			raw := string(z.Raw())
			name, _ := z.TagName()
			c.open(string(name), raw)
		case nethtml.EndTagToken:
			raw := string(z.Raw())
			name, _ := z.TagName()
			c.close(string(name), raw)
		case nethtml.TextToken:
			c.text(string(z.Raw()))
		default:
			c.room(utf8.RuneCountInString(string(z.Raw())))
			c.put(string(z.Raw()))
		}
	}
}

type openTag struct{ name, raw string }

type cutter struct {
	most   int
	out    []string
	piece  strings.Builder
	size   int // characters of piece
	stack  []openTag
	tail   int // characters of the tags that would close the piece
	filled bool
}

var void = []string{"br", "hr", "img"}

// blocks are the tags before which a piece may end early, to keep a paragraph whole.
var blocks = []string{"p", "ul", "ol", "li", "h1", "h2", "blockquote", "pre"}

func (c *cutter) put(raw string) {
	c.piece.WriteString(raw)
	c.size += utf8.RuneCountInString(raw)
	c.filled = true
}

// room ends the piece when so many more characters do not fit.
func (c *cutter) room(more int) {
	if c.filled && c.size+more+c.tail > c.most {
		c.cut()
	}
}

func (c *cutter) cut() {
	for i := len(c.stack) - 1; i >= 0; i-- {
		c.piece.WriteString("</" + c.stack[i].name + ">")
	}
	c.out = append(c.out, c.piece.String())
	c.piece.Reset()
	c.size, c.filled = 0, false
	for _, t := range c.stack {
		c.piece.WriteString(t.raw)
		c.size += utf8.RuneCountInString(t.raw)
	}
}

func (c *cutter) open(name, raw string) {
	if slices.Contains(void, name) {
		c.room(utf8.RuneCountInString(raw))
		c.put(raw)
		return
	}
	if slices.Contains(blocks, name) && c.size > c.most*3/4 {
		c.cut() // rather than in the middle of the block
	}
	c.room(utf8.RuneCountInString(raw) + len(name) + 3 + 16)
	c.piece.WriteString(raw)
	c.size += utf8.RuneCountInString(raw)
	c.stack = append(c.stack, openTag{name, raw})
	c.tail += len(name) + 3
}

func (c *cutter) close(name, raw string) {
	if i := len(c.stack) - 1; i >= 0 && c.stack[i].name == name {
		c.stack = c.stack[:i]
		c.tail -= len(name) + 3
		c.piece.WriteString("</" + name + ">") // which is what tail has reserved
		c.size += len(name) + 3
		return
	}
	c.room(utf8.RuneCountInString(raw)) // closes nothing
	c.put(raw)
}

// text puts in what fits, word by word; an entity is never cut.
func (c *cutter) text(raw string) {
	for raw != "" {
		fits := c.most - c.size - c.tail
		if utf8.RuneCountInString(raw) <= fits {
			c.put(raw)
			return
		}
		end := runeIndex(raw, max(fits, 0))
		cut := strings.LastIndexAny(raw[:end], " \n\t") + 1
		if cut <= end/2 { // a word that is as long as the piece
			cut = end
			if amp := strings.LastIndexByte(raw[:end], '&'); amp >= 0 && !strings.Contains(raw[amp:end], ";") && end-amp < 12 {
				cut = amp
			}
		}
		if cut == 0 {
			if !c.filled {
				c.put(raw) // tags alone fill the piece: Normalize says that it is too long
				return
			}
			c.cut()
			continue
		}
		c.put(raw[:cut])
		raw = raw[cut:]
		c.cut()
	}
}

func (c *cutter) end() []string {
	if c.filled || len(c.out) == 0 {
		c.cut()
	} else if c.size > 0 && len(c.stack) < len(c.out) { // only tags that close what was opened again
		last := strings.TrimSpace(plainText(c.piece.String()))
		if last != "" {
			c.cut()
		}
	}
	return c.out
}

// filePolicy drops the files that the configuration denies and says so where they stood.
func (n *normal) filePolicy() {
	most, limited := n.w.Fields["file_policy.max_mb"].(int64)
	signature, signed := n.w.Fields["file_policy.signature"].(int64)
	deny, _ := n.w.Fields["file_policy.deny"].([]plan.Value)
	for name := range n.w.Fields {
		if strings.HasPrefix(name, "file_policy") {
			delete(n.w.Fields, name)
		}
	}
	if limited && (most < 1 || most > maxFileSize>>20) {
		n.problem("file_policy", "bad_limit", fmt.Sprintf("max_mb is a number from 1 to %d (IC 7 #6)", maxFileSize>>20))
		return
	}
	if signed && signature < 1 {
		n.problem("file_policy", "bad_limit", "signature is a number from 1 up: how many messages may have a picture before it counts as a signature")
		return
	}
	if !limited && !signed && deny == nil {
		return
	}
	most = cmp.Or(most, maxFileSize>>20)
	for i := range n.w.Parts {
		p := &n.w.Parts[i]
		files, _ := p.Fields["files"].([]plan.Value)
		var kept []plan.Value
		var left []plan.File
		var said strings.Builder
		for _, f := range files {
			file, ok := f.(plan.File)
			why := ""
			if ok {
				why = denied(file, most<<20, deny)
			}
			if why == "" && signed && file.Seen > signature && strings.HasPrefix(file.Type, "image/") {
				n.note(p.List, "signature", fmt.Sprintf("part %s leaves out the picture %s, which %d messages have", p.Key, file.Key, file.Seen))
				left = append(left, file)
				continue
			}
			if why == "" {
				kept = append(kept, f)
				continue
			}
			left = append(left, file)
			n.note(p.List, "file_denied", fmt.Sprintf("part %s leaves out the file %s: %s", p.Key, file.Key, why))
			said.WriteString(paragraphs("[file left out: " + squeezed(strip(file.Name)) + ", " + why + "]"))
		}
		if len(left) == 0 {
			continue
		}
		if body, ok := p.Fields["body"].(string); ok || said.Len() > 0 {
			body = withoutPictures(body, left, kept)
			if said.Len() > 0 {
				body = paragraphsOf(body) + said.String()
			}
			p.Fields["body"] = body
		}
		delete(p.Fields, "files")
		if len(kept) > 0 {
			p.Fields["files"] = kept
		}
	}
}

// withoutPictures says where pictures stood that are left out; a name that one of those kept has as well stays.
func withoutPictures(body string, left []plan.File, kept []plan.Value) string {
	for _, f := range left {
		for _, name := range []string{f.Name, f.Key} {
			same := func(v plan.Value) bool { k, ok := v.(plan.File); return ok && (k.Name == name || k.Key == name) }
			if name != "" && !slices.ContainsFunc(kept, same) {
				body = strings.ReplaceAll(body, "[picture: "+html.EscapeString(name)+"]", "[picture left out]")
			}
		}
	}
	return body
}

// denied says why a file stays behind; empty when it moves.
func denied(f plan.File, most int64, deny []plan.Value) string {
	if f.Size > most {
		return fmt.Sprintf("%d MB are more than %d", megabytes(f.Size), most>>20)
	}
	name, typ := strings.ToLower(f.Name), strings.ToLower(f.Type)
	for _, d := range deny {
		s, _ := d.(string)
		s = strings.ToLower(strings.TrimSpace(s))
		switch {
		case s == "":
		case strings.Contains(s, "/"):
			if t, _, _ := strings.Cut(typ, ";"); strings.TrimSpace(t) == s || strings.HasSuffix(s, "/") && strings.HasPrefix(typ, s) {
				return "the type " + s + " does not move"
			}
		case strings.HasSuffix(name, "."+strings.TrimPrefix(s, ".")):
			return "the type ." + strings.TrimPrefix(s, ".") + " does not move"
		}
	}
	return ""
}
