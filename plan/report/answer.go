package report

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"deskform/plan"
)

// What a service's answer may repeat of what it was sent: an address, a number, a value in quotes.
var (
	mail   = regexp.MustCompile(`[^\s"'<>(),;:=\[\]]+@[^\s"'<>(),;:=\[\]]*[^\s"'<>(),;:=\[\].]`)
	phone  = regexp.MustCompile(`\+\d[\d\s().-]{5,}\d|\(?\b\d{2,4}\)?[ -]\d{2,4}[ -]\d{2,4}(?:[ -]\d{2,4})?\b`)
	date   = regexp.MustCompile(`^(?:19|20)\d\d-\d\d-\d\d`)
	digits = regexp.MustCompile(`(?i)(\b(?:id|conversation|ticket|part|contact|company|tag|admin|copy)[ =:]*)?\b\d{10,12}\b`)
	quoted = regexp.MustCompile(`"[^"]*"|'[^']*'|«[^»]*»|“[^”]*”|‘[^’]*’`)
	answer = regexp.MustCompile(`HTTP \d{3}\b[^:]*: `)
	// word is a name of the service's own inside quotes: created_at, custom_attributes.x_y.
	word = regexp.MustCompile(`^[a-z][a-z0-9.]*_[a-z0-9_.]+$|^(?:email|phone|name|role|body|title|state|type|id|tag|test|user|lead|contact|company|admin|conversation|ticket)$`)
)

// MaskAnswer hides a person's data in what a service answered: the code and the fixed words of the message stay. values
// are the record's own, of that kind, nil when they are not known.
func MaskAnswer(o Options, text, kind string, values plan.Fields) string {
	if o.Reveal {
		return visible(text)
	}
	m := newMasker(o)
	for _, field := range slices.Sorted(maps.Keys(values)) {
		s, ok := values[field].(string)
		if ok && len([]rune(strings.TrimSpace(s))) > 2 && m.personal(kind, field, s) {
			text = strings.ReplaceAll(text, strings.TrimSpace(s), "(personal)")
		}
	}
	return MaskPersonal(text)
}

// MaskPersonal hides what looks like a person's data: addresses and numbers anywhere, and in a service's answer what is in
// quotes.
func MaskPersonal(text string) string {
	if at := answer.FindStringIndex(text); at != nil {
		text = text[:at[1]] + quoted.ReplaceAllStringFunc(text[at[1]:], func(s string) string {
			inner := []rune(s)
			inner = inner[1 : len(inner)-1]
			if len(inner) == 0 || word.MatchString(string(inner)) || string(inner) == "(personal)" {
				return s
			}
			return fmt.Sprintf("(personal, %d characters)", len(inner))
		})
	}
	text = mail.ReplaceAllString(text, "(e-mail)")
	text = phone.ReplaceAllStringFunc(text, func(s string) string {
		if n := strings.Count(strings.Map(figure, s), "0"); date.MatchString(s) || n < 7 {
			return s
		}
		return "(phone)"
	})
	text = digits.ReplaceAllStringFunc(text, func(s string) string {
		if s[0] < '0' || s[0] > '9' {
			return s // an id, which its word says
		}
		return "(phone)"
	})
	return visible(text)
}

// figure makes a 0 of every digit and drops the rest.
func figure(r rune) rune {
	if r >= '0' && r <= '9' {
		return '0'
	}
	return -1
}
