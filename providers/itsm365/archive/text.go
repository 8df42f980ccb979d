package archive

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// plain is a rich text as a person reads it, without tags, a line for each block.
func plain(text string) string {
	if !strings.ContainsAny(text, "<&") {
		return text
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(text))
	hidden := 0
	newline := func() {
		if t := b.String(); t != "" && t[len(t)-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	for {
		switch z.Next() {
		case html.ErrorToken:
			return squeeze(b.String())
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Head:
				hidden++
			case atom.Br:
				b.WriteByte('\n')
			case atom.Div, atom.P, atom.Tr, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.Blockquote, atom.Table:
				newline()
			case atom.Td, atom.Th:
				b.WriteByte('\t')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Head:
				hidden = max(0, hidden-1)
			case atom.Div, atom.P, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.Blockquote, atom.Table:
				newline()
			}
		case html.SelfClosingTagToken:
			if name, _ := z.TagName(); atom.Lookup(name) == atom.Br {
				b.WriteByte('\n')
			}
		}
	}
}

// squeeze leaves one blank line of several.
func squeeze(text string) string {
	lines := strings.Split(text, "\n")
	out := lines[:0]
	for _, l := range lines {
		l = strings.TrimRightFunc(l, unicode.IsSpace)
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// maxWord is how many letters of a word count; nobody types more.
const maxWord = 32

// words calls yield with each word of a text in the form it is searched by; the page does the same to what is typed.
func words(text string, yield func(string)) {
	text = norm.NFC.String(text)
	start := -1
	for i, r := range text + " " {
		switch is := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r); {
		case is && start < 0:
			start = i
		case !is && start >= 0:
			yield(searchForm(text[start:i]))
			start = -1
		}
	}
}

func searchForm(word string) string {
	word = strings.ReplaceAll(strings.ToLower(word), "ё", "е")
	n := 0
	for i := range word {
		if n++; n > maxWord {
			return word[:i]
		}
	}
	return word
}

// A shown is an attribute on the page: a text, or links to other objects.
type shown struct {
	text  string
	links []link
}

type link struct{ uuid, title string }

// show makes an attribute readable. Empty ones, and values that say nothing to a person, are left out.
func show(v any, yes, no string) (shown, bool) {
	switch v := v.(type) {
	case nil:
		return shown{}, false
	case bool:
		if v {
			return shown{text: yes}, true
		}
		return shown{text: no}, true
	case string:
		text := plain(v)
		return shown{text: text}, text != ""
	case json.Number:
		return shown{text: v.String()}, true
	case map[string]any:
		if l, ok := linkOf(v); ok {
			return shown{links: []link{l}}, true
		}
		if unit, ok := v["interval"].(string); ok {
			return shown{text: fmt.Sprint(v["length"], " ", unit)}, true
		}
		return asJSON(v)
	case []any:
		var s shown
		for _, e := range v {
			m, _ := e.(map[string]any)
			l, ok := linkOf(m)
			if !ok {
				return asJSON(v)
			}
			s.links = append(s.links, l)
		}
		return s, len(s.links) > 0
	}
	return asJSON(v)
}

func linkOf(m map[string]any) (link, bool) {
	uuid, ok := m["UUID"].(string)
	if !ok {
		return link{}, false
	}
	title, _ := m["title"].(string)
	if title == "" {
		title = uuid
	}
	return link{uuid, title}, true
}

func asJSON(v any) (shown, bool) {
	text, err := json.Marshal(v)
	return shown{text: string(text)}, err == nil && len(text) > 2
}

// titled is what an object is called in a list. A ticket's title is its number (IT 3.2), its subject says more.
func titled(o map[string]any) string {
	for _, name := range []string{"shortDescr", "title"} {
		if text, _ := o[name].(string); text != "" {
			return text
		}
	}
	uuid, _ := o["UUID"].(string)
	return uuid
}

// numbered is the number that users know an object by: objectNumber where there is one (IT 3.6).
func numbered(o map[string]any) string {
	for _, name := range []string{"objectNumber", "number"} {
		switch v := o[name].(type) {
		case json.Number:
			return v.String()
		case string:
			return v
		}
	}
	return ""
}

func dated(o map[string]any) string {
	for _, name := range []string{"registrationDate", "creationDate"} {
		if text, _ := o[name].(string); text != "" {
			return text
		}
	}
	return ""
}

// first are the attributes that stand on top of an object's page, in this order; the rest follows by name.
var first = []string{
	"state", "descriptionRTF", "descriptionInRTF", "description", "text", "remark", "resultDescr", "solution", "client", "clientName", "clientEmail", "clientPhone",
	"responsible", "service", "priority", "registrationDate", "deadLineTime", "dateDecision", "creationDate",
}

func byRank(a, b string) int {
	ia, ib := slices.Index(first, a), slices.Index(first, b)
	switch {
	case ia >= 0 && ib >= 0:
		return ia - ib
	case ia >= 0:
		return -1
	case ib >= 0:
		return 1
	}
	return strings.Compare(a, b)
}
