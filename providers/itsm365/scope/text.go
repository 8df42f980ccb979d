package scope

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// plain is the text that a reader of HTML sees, on one line. What is no HTML stays as it is.
func plain(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: a tokenizer over a string fails in no other way
			return strings.TrimSpace(b.String())
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			b.WriteByte(' ')
		}
	}
}

// The languages of a text, by script alone.
const (
	langRu    = "ru"
	langEn    = "en"
	langOther = "other"
	langNone  = "none" // no letters
)

// scriptOf tells by the script of most letters: Cyrillic is ru, Latin is en.
func scriptOf(text string) string {
	var cyrillic, latin, other int
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r):
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Latin, r):
			latin++
		default:
			other++
		}
	}
	switch most := max(cyrillic, latin, other); {
	case most == 0:
		return langNone
	case most == cyrillic:
		return langRu
	case most == latin:
		return langEn
	}
	return langOther
}
