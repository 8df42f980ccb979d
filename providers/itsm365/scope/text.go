package scope

import (
	"regexp"
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

// The kinds of likely secrets.
const (
	secretKey      = "access_key"  // the access key of a one-click link, IT trap 25
	secretPassword = "password"    // what follows the word password
	secretToken    = "token"       // tokens and keys of services
	secretPrivate  = "private_key" // a PEM block
	secretCard     = "card"        // a payment card's number, by its check digit
)

var secretKinds = []string{secretKey, secretPassword, secretToken, secretPrivate, secretCard}

type finder struct {
	kind string
	hint []string // one of these, lower case, must be in the text before the expression is tried
	re   *regexp.Regexp
	ok   func(string) bool // nil for always; it is given the first group
}

var finders = []finder{
	{secretKey, []string{"accesskey"}, regexp.MustCompile(`(?i)access_?key=([^\s&"'<>]{6,})`), nil},
	{secretPassword, []string{"парол", "passw", "pwd", "pass:", "pass="}, regexp.MustCompile(`(?i)(?:парол[ьяюе]м?|password|passwd|passw|pwd|pass)[^\S\n]*(?:[:=]|[-–—][^\S\n])[^\S\n]*["'«]?([^\s"'»<>,;]{4,})`), nil},
	{secretPassword, []string{"парол", "passw", "pwd"}, regexp.MustCompile(`(?i)(?:парол[ья]|password|passwd|pwd)[^\S\n]+["'«]?([^\s"'»<>,;:=]{6,})`), mixed},
	{secretToken, []string{"bearer", "токен", "token", "api", "secret"}, regexp.MustCompile(`(?i)(?:bearer[^\S\n]+|(?:токен|token|api[_-]?key|secret)[^\S\n]*[:=][^\S\n]*["'«]?)([A-Za-z0-9._~+/=-]{12,})`), nil},
	{secretToken, []string{"eyj", "akia", "ghp_", "xoxb", "xoxp", "glpat", "sk_live"}, regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{20,}|xox[bp]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{16,}|sk_live_[A-Za-z0-9]{10,})`), nil},
	{secretPrivate, []string{"private key"}, regexp.MustCompile(`(?i)(-----BEGIN [A-Z ]*PRIVATE KEY-----)`), nil},
	{secretCard, nil, regexp.MustCompile(`\b((?:\d[ -]?){15}\d)\b`), cardNumber},
}

// secretsIn are the kinds of likely secrets in a text, one for each that was found. Nothing of the secrets is kept.
func secretsIn(text string) []string {
	low := strings.ToLower(text)
	var found []string
	seen := map[string]int{}
	for _, f := range finders {
		if f.hint != nil && !containsAny(low, f.hint) || f.kind == secretCard && !manyDigits(text) {
			continue
		}
		for _, m := range f.re.FindAllStringSubmatchIndex(text, -1) {
			value := text[m[2]:m[3]]
			if f.ok != nil && !f.ok(value) {
				continue
			}
			if at, twice := seen[value]; twice && at == m[2] {
				continue // two expressions found the same one
			}
			seen[value] = m[2]
			found = append(found, f.kind)
		}
	}
	return found
}

// manyDigits reports a text with the digits of a card's number.
func manyDigits(text string) bool {
	n := 0
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			n++
		}
	}
	return n >= 16
}

func containsAny(text string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(text, p) {
			return true
		}
	}
	return false
}

// mixed reports a word with a letter and a digit: no ordinary word.
func mixed(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, unicode.IsLetter)
}

// cardNumber checks the number of a payment card by its last digit (Luhn).
func cardNumber(s string) bool {
	sum, n, first := 0, 0, byte(0)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < '0' || s[i] > '9' {
			continue
		}
		d := int(s[i] - '0')
		if n%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		n++
		first = s[i]
	}
	return n == 16 && sum%10 == 0 && first >= '2' && first <= '6'
}
