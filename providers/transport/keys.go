package transport

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// One-click links of mails carry the personal key of whoever got them (IT trap 25). The key is a secret of that person, and
// no part of what was said. People also quote keys apart from links: accessKey: K, "accessKey":"K".

// KeyRemoved stands where a key was.
const KeyRemoved = "(key-removed)"

// A KeyPlace is where a text has a key: from Name to NameEnd its name, from Key to End the key.
type KeyPlace struct{ Name, NameEnd, Key, End int }

// Parts of what stands between a name and its key, in text, HTML, JSON and addresses.
const (
	keyEquals = `(?:=|＝|\\+u003d|&#61;|&#x3d;|&equals;|%(?:25)*3d)`
	keyColon  = `(?::|：|\\+u003a|&#58;|&#x3a;|&colon;|%(?:25)*3a)`
	keyQuote  = `(?:\\*(?:["']|u002[27]|&quot;|&#3[49];|&#x2[27];|&apos;)|%(?:25)*2[27])`
	keyGap    = `(?:[\s|]|\x{a0}|&nbsp;|&#160;|\\+[nrt]|\\+u00a0|%(?:25)*20|<[^<>"\\]{0,64}>)`
	// keyLetter is a letter that HTML spells as a number. A link with such a key works.
	keyLetter = `&#(?:0*(?:4[5-9]|5[0-7]|6[5-9]|[7-9]\d|1[012]\d)|x0*(?:2[de]|3\d|[4-7][0-9a-f]));`
)

var (
	keyName = regexp.MustCompile(`(?i)` + spelled("access") + spelled("_") + `?` + spelled("key"))
	// What follows a sign of equality at once is a key, whatever it looks like.
	keyAtOnce = []*regexp.Regexp{
		regexp.MustCompile(`(?i)^` + keyQuote + `?(?:=|＝|\\+u003d|&#61;|&#x3d;|&equals;)(?:\\*(?:'|u002[27]|&quot;|&#3[49];|&#x2[27];|&apos;))?((?:[^&\s"'<>\\;#]|` + keyLetter + `)+)`),
		// The quote may be the end of a JSON string: what may follow that is no key.
		regexp.MustCompile(`(?i)^` + keyQuote + `?` + keyEquals + `\\*"([0-9a-z_.~+/=$%*@!-]+)`),
		regexp.MustCompile(`(?i)^` + keyQuote + `?` + keyEquals + keyQuote + `?([0-9a-z_.~+-]+)`),
	}
	// What follows with some distance may be a word; see looksLikeKey.
	keyNear = regexp.MustCompile(`(?i)^(` + keyQuote + `?)` + keyGap + `*(?:` + keyEquals + `|` + keyColon + `)` + keyGap + `*(` + keyQuote + `?)([0-9a-z._~-]+)`)
	keyFar  = regexp.MustCompile(`(?i)^` + keyGap + `+([0-9a-z._~-]+)`)
)

// spelled matches a word whose letters may be written as numbers, as HTML, addresses and JSON do.
func spelled(word string) string {
	var out strings.Builder
	for _, c := range word {
		up := strings.ToUpper(string(c))[0]
		fmt.Fprintf(&out, `(?:%c|(?:&|\\+u0026)(?:amp;)*#(?:0*(?:%d|%d)|x0*(?:%02x|%02x));?|(?:%%(?:25)*|\\+u00)(?:%02x|%02x))`, c, c, up, c, up, c, up)
	}
	return out.String()
}

// FindKeys finds the keys of one-click links in raw JSON or text, in order. What is replaced there is part of a JSON string
// if raw is JSON.
func FindKeys(raw []byte) []KeyPlace {
	if !mayName(raw) {
		return nil
	}
	var out []KeyPlace
	for at := 0; ; {
		m := keyName.FindIndex(raw[at:])
		if m == nil {
			return out
		}
		p := KeyPlace{Name: at + m[0], NameEnd: at + m[1]}
		at = p.NameEnd
		if from, to, ok := keyAfter(raw[at:]); ok {
			p.Key, p.End = at+from, at+to
			out = append(out, p)
			at = p.End
		}
	}
}

// keyAfter finds the key in what follows its name.
func keyAfter(rest []byte) (from, to int, ok bool) {
	for _, re := range keyAtOnce {
		if m := re.FindSubmatchIndex(rest); m != nil {
			return m[2], m[3], string(rest[m[2]:m[3]]) != KeyRemoved
		}
	}
	if m := keyNear.FindSubmatchIndex(rest); m != nil {
		// "accessKey": 123456 is a number of JSON, and has to stay one.
		number := string(rest[m[2]:m[3]]) == `"` && m[4] == m[5]
		return m[6], m[7], !number && looksLikeKey(rest[m[6]:m[7]], 6)
	}
	if m := keyFar.FindSubmatchIndex(rest); m != nil {
		return m[2], m[3], looksLikeKey(rest[m[2]:m[3]], 16)
	}
	return 0, 0, false
}

// looksLikeKey tells keys from words: they have digits, and are not short.
func looksLikeKey(s []byte, least int) bool {
	return len(s) >= least && bytes.ContainsAny(s, "0123456789") && !keyName.Match(s)
}

// mayName reports whether a text may have the name of a key, which is found out much faster than where.
func mayName(raw []byte) bool {
	if low := bytes.ToLower(raw); bytes.Contains(low, []byte("accesskey")) || bytes.Contains(low, []byte("access_key")) {
		return true
	}
	for i, c := range raw {
		if (c == '#' || c == '%' || c == 'u' && bytes.HasPrefix(raw[i:], []byte("u00"))) && codedLetter.Match(raw[i:min(i+16, len(raw))]) {
			return true
		}
	}
	return false
}

// codedLetter is a letter of the name that is written as a number.
var codedLetter = regexp.MustCompile(`(?i)^(?:#0*(?:95|97|99|65|67|69|101|115|83|107|75|121|89)|(?:#x0*|%(?:25)*|u00)(?:[46][135b]|[57][39]|5f))`)

// WithoutKeys returns raw JSON or text without the keys of one-click links, and how many there were. JSON stays JSON: what is
// replaced has no quote and no backslash. A second look finds nothing. raw itself is not changed.
func WithoutKeys(raw []byte) ([]byte, int) {
	keys := FindKeys(raw)
	if len(keys) == 0 {
		return raw, 0
	}
	out, at := make([]byte, 0, len(raw)), 0
	for _, k := range keys {
		out = append(append(out, raw[at:k.Key]...), KeyRemoved...)
		at = k.End
	}
	return append(out, raw[at:]...), len(keys)
}
