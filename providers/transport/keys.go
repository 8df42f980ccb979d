package transport

import (
	"bytes"
	"encoding/hex"
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
	ampersand = `(?:&|\\+u0026)`
	keyEquals = `(?:=|＝|\\+u003d|` + ampersand + `(?:#61|#x3d|equals);|%(?:25)*3d)`
	keyColon  = `(?::|：|\\+u003a|` + ampersand + `(?:#58|#x3a|colon);|%(?:25)*3a)`
	keyQuote  = `(?:\\*(?:["']|u002[27]|` + ampersand + `(?:quot|#3[49]|#x2[27]|apos);)|%(?:25)*2[27])`
	keyTag    = `(?:<|\\+u003c)(?:[^<>"'\\]|\\+[nrt]|=(?:3d)?\s*\\*(?:"[^<>"]*"|'[^<>']*'|u0022[^<>"]*?u0022))*(?:>|\\+u003e)`
	keyGap    = `(?:[\s|]|\x{a0}|` + ampersand + `(?:nbsp|#160);|\\+[nrt]|\\+u00a0|%(?:25)*20|` + keyTag + `|` + softMark + `)`
	// keyOpen is a quote, or what else may open a key. JSON has none of them outside of its strings, but for its own quote.
	keyOpen = `(?:` + keyQuote + "|[(«“„‘`*])"
	keyRun  = `[0-9a-z._~-]+`
	lineEnd = `(?:\r?\n|(?:\\+r)?\\+n)`
	// softMark lets a word break and is not seen itself: in HTML, in JSON, and at the end of a quoted-printable line.
	softMark = `(?:(?:<|\\+u003c)wbr\s*/?(?:>|\\+u003e)|` + ampersand + `(?:amp;)*(?:shy|zwj|zwnj|#0*(?:173|820[3-5]|8288|65279)|#x0*(?:ad|200[b-d]|2060|feff));|[\x{ad}\x{200b}-\x{200d}\x{2060}\x{feff}]|\\+u(?:00ad|200[b-d]|2060|feff)|=` + lineEnd + `)`
	// keyLetter is a letter that HTML spells as a number. A link with such a key works.
	keyLetter = `&#(?:0*(?:4[5-9]|5[0-7]|6[5-9]|[7-9]\d|1[012]\d)|x0*(?:2[de]|3\d|[4-7][0-9a-f]));`
)

var (
	// The second form is words, which are said of other things as well.
	keyName = regexp.MustCompile(`(?i)` + spelled("access") + softMark + `*(?:` + spelled("_") + `|` + spelled("-") + `)?` + softMark + `*` + spelled("key") +
		`|(ключ(?:а|у|ом|е)?` + keyGap + `+(?:доступа|авторизации))`)
	// The sign of equality of a quoted-printable text, where something stands before the key. Else 3D looks like part of it.
	keyPrintable = regexp.MustCompile(`(?i)^` + keyGap + `*=3d(?:` + keyGap + `|` + keyQuote + `)+(` + regexp.QuoteMeta(KeyRemoved) + `|[0-9a-z_.~+/=$%*@!-]+)`)
	// What follows a sign of equality at once is a key, whatever it looks like.
	keyAtOnce = []*regexp.Regexp{
		regexp.MustCompile(`(?i)^` + keyQuote + `?(?:=|＝|\\+u003d|` + ampersand + `(?:#61|#x3d|equals);)(?:\\*(?:'|u002[27]|` + ampersand + `(?:quot|#3[49]|#x2[27]|apos);))?((?:[^&\s"'<>\\;#]|` + keyLetter + `)+)`),
		// The quote may be the end of a JSON string: what may follow that is no key.
		regexp.MustCompile(`(?i)^` + keyQuote + `?` + keyEquals + `\\*"([0-9a-z_.~+/=$%*@!-]+)`),
		regexp.MustCompile(`(?i)^` + keyQuote + `?` + keyEquals + keyQuote + `?([0-9a-z_.~+-]+)`),
	}
	// What follows with some distance may be a word; see looksLikeKey.
	keyNear = regexp.MustCompile(`(?i)^(` + keyQuote + `?)` + keyGap + `*(?:` + keyEquals + `|` + keyColon + `)` + keyGap + `*(` + keyOpen + `?)(?:` + keyGap + `|` + keyOpen + `)*(` + keyRun + `)`)
	keyFar  = regexp.MustCompile(`(?i)^(?:` + keyGap + `|` + keyOpen + `|[[{→–—-]|-(?:>|&gt;|\\+u003e)|(?:is|was|это)` + keyGap + `)+([0-9a-z_~][0-9a-z._~-]*)`)
	// A key goes on after a soft mark, or after the end of a line.
	keySoft  = regexp.MustCompile(`(?i)^` + softMark + `+([0-9a-z._~+/=-]+)`)
	keyLine  = regexp.MustCompile(`(?i)^(?:` + lineEnd + `|<br\s*/?>|\\+u003cbr\s*/?\\+u003e)+(?:[ \t>]|&gt;|\\+u003e)*([0-9a-z._~+-]+)([/:=@]?)`)
	wholeKey = regexp.MustCompile(`(?i)^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	aDate    = regexp.MustCompile(`^(?:\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{2,4})`)
)

// spelled matches a word whose letters may be written as numbers, as HTML, addresses and JSON do, with soft marks between.
func spelled(word string) string {
	var out strings.Builder
	for i, c := range word {
		if i > 0 {
			out.WriteString(softMark + `*`)
		}
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
		m := keyName.FindSubmatchIndex(raw[at:])
		if m == nil {
			return out
		}
		p := KeyPlace{Name: at + m[0], NameEnd: at + m[1]}
		at = p.NameEnd
		if from, to, ok := keyAfter(raw[at:], m[2] >= 0); ok {
			p.Key, p.End = at+from, at+to
			out = append(out, p)
			at = p.End
		}
	}
}

// keyAfter finds the key in what follows its name. After words, nothing is a key that does not look like one.
func keyAfter(rest []byte, words bool) (from, to int, ok bool) {
	if m := keyPrintable.FindSubmatchIndex(rest); m != nil {
		if removed(rest[m[2]:]) {
			return 0, 0, false
		}
		quoted := strings.ContainsRune(`"';`, rune(rest[m[2]-1]))
		if to, key := wholly(rest, m[2], m[3]); quoted && !words || looksLikeKey(key, 6) {
			return m[2], to, true
		}
	}
	for _, re := range keyAtOnce {
		if m := re.FindSubmatchIndex(rest); m != nil && !words {
			to, _ := wholly(rest, m[2], m[3])
			return m[2], to, !removed(rest[m[2]:])
		}
	}
	if m := keyNear.FindSubmatchIndex(rest); m != nil {
		// "accessKey": 123456 is a number of JSON, and has to stay one.
		quote := rest[m[2]:m[3]]
		number := bytes.HasSuffix(quote, []byte(`"`)) && bytes.Count(quote, []byte(`\`))%2 == 0 && m[4] == m[5]
		to, key := wholly(rest, m[6], m[7])
		return m[6], to, !number && looksLikeKey(key, 6)
	}
	if m := keyFar.FindSubmatchIndex(rest); m != nil {
		to, key := wholly(rest, m[2], m[3])
		return m[2], to, looksLikeKey(key, 16)
	}
	return 0, 0, false
}

// removed reports whether a key stood here.
func removed(s []byte) bool { return bytes.HasPrefix(s, []byte(KeyRemoved)) }

// wholly finds where a key ends that soft marks or ends of lines break, and what it is without them.
func wholly(rest []byte, from, to int) (int, []byte) {
	key := rest[from:to:to]
	for {
		start := to
		if bytes.HasSuffix(key, []byte("=")) && !bytes.HasSuffix(key, []byte("==")) {
			start-- // it may be that of a soft end of a line
		}
		m := keySoft.FindSubmatchIndex(rest[start:])
		if m == nil && start < to {
			start = to
			m = keySoft.FindSubmatchIndex(rest[start:])
		}
		if m == nil {
			start = to
			if m = keyLine.FindSubmatchIndex(rest[to:]); m == nil || m[4] < m[5] || !goesOn(key, rest[to+m[2]:to+m[3]]) {
				return to, key
			}
		}
		part := rest[start+m[2] : start+m[3]]
		if keyName.Match(part) {
			return to, key
		}
		key = append(key[:len(key)-(to-start):len(key)-(to-start)], part...)
		to = start + m[3]
	}
}

// maxKey is the length from which on a key is not sought in further lines: columns of numbers would be looked at over and over.
const maxKey = 200

// goesOn reports whether a key seems to go on in the next line: it is long, and so is what follows, and no date.
func goesOn(key, next []byte) bool {
	if len(key) < 8 || len(key) > maxKey || wholeKey.Match(key) {
		return false
	}
	return wholeKey.Match(append(key[:len(key):len(key)], next...)) || looksLikeKey(key, 8) && looksLikeKey(next, 4) && !aDate.Match(next)
}

// looksLikeKey tells keys from words: they have digits, and are not short.
func looksLikeKey(s []byte, least int) bool {
	return len(s) >= least && bytes.ContainsAny(s, "0123456789") && !keyName.Match(s)
}

// mayName reports whether a text may have the name of a key, which is found out much faster than where.
func mayName(raw []byte) bool {
	for i, c := range raw {
		switch c {
		case 'k', 'K':
			if len(raw)-i < 3 || raw[i+1]|0x20 != 'e' || raw[i+2]|0x20 != 'y' {
				continue
			}
			before := raw[:i]
			if i > 0 && (raw[i-1] == '_' || raw[i-1] == '-') {
				before = raw[:i-1]
			}
			if n := len(before); n >= 6 && bytes.EqualFold(before[n-6:], []byte("access")) {
				return true
			}
		case '#', '%', 'u':
			if c == 'u' && (i == 0 || raw[i-1] != '\\') {
				continue
			}
			if codedLetter(raw[i:]) {
				return true
			}
			if c != '%' && inName(raw[:i]) && codedMark.Match(raw[i:min(i+16, len(raw))]) {
				return true
			}
		case '=', '<', '&', 0xc2, 0xe2, 0xef:
			if i == 0 || !nameLetter[raw[i-1]] || i+1 == len(raw) {
				continue
			}
			switch next := raw[i+1]; {
			case c == '=':
				end := bytes.TrimLeft(raw[i+1:min(i+16, len(raw))], `\`)
				if len(end) == 0 || !bytes.ContainsAny(end[:1], "\r\nrn") {
					continue
				}
			case c == '<' && next|0x20 != 'w', c == 0xc2 && next != 0xad, c == '&' && next|0x20 != 'a' && next|0x20 != 's' && next|0x20 != 'z':
				continue
			}
			if plainMark.Match(raw[i:min(i+16, len(raw))]) {
				return true
			}
		case 0xbb, 0x9b: // the second byte of л and of Л
			if rest := raw[i+1:]; bytes.HasPrefix(rest, []byte("юч")) || bytes.HasPrefix(rest, []byte("ЮЧ")) {
				if mayBeWords(rest[len("юч"):]) {
					return true
				}
			}
		}
	}
	return false
}

// nameLetter are the bytes of the name.
var nameLetter = func() (is [256]bool) {
	for _, c := range []byte("acesky_-ACESKY") {
		is[c] = true
	}
	return is
}()

// mayBeWords reports whether the words for a key may go on here, after ключ.
func mayBeWords(rest []byte) bool {
	cyrillic := func(s []byte) bool { return len(s) > 1 && (s[0] == 0xd0 || s[0] == 0xd1) }
	if cyrillic(rest) {
		for _, end := range []string{"а", "у", "ом", "е", "А", "У", "ОМ", "Е"} {
			if bytes.HasPrefix(rest, []byte(end)) {
				rest = rest[len(end):]
				break
			}
		}
	}
	if len(rest) < 2 || cyrillic(rest) {
		return false // a longer word
	}
	if next := bytes.TrimLeft(rest, " "); len(next) < len(rest) && cyrillic(next) {
		for _, word := range []string{"доступа", "авторизации"} {
			if len(next) >= len(word) && bytes.EqualFold(next[:len(word)], []byte(word)) {
				return true
			}
		}
		return false
	}
	return keyWords.Match(rest)
}

// inName reports whether a text ends in a letter of the name, but for what begins the escape of a mark.
func inName(s []byte) bool {
	s = bytes.TrimRight(bytes.TrimSuffix(bytes.TrimSuffix(s, []byte("amp;")), []byte("&")), `\`)
	return len(s) > 0 && nameLetter[s[len(s)-1]]
}

// codedLetter reports whether a letter of the name is written as a number here.
func codedLetter(s []byte) bool {
	switch {
	case s[0] == '#' && len(s) > 1 && s[1]|0x20 == 'x':
		for s = s[2:]; len(s) > 0 && s[0] == '0'; {
			s = s[1:]
		}
	case s[0] == '#':
		n := 0
		for _, c := range s[1:] {
			if c < '0' || c > '9' || n > 'z' {
				break
			}
			n = n*10 + int(c-'0')
		}
		return n <= 'z' && nameLetter[n]
	case s[0] == '%':
		for s = s[1:]; bytes.HasPrefix(s, []byte("25")); {
			s = s[2:]
		}
	case bytes.HasPrefix(s, []byte("u00")):
		s = s[3:]
	default:
		return false
	}
	var c [1]byte
	if len(s) < 2 {
		return false
	}
	_, err := hex.Decode(c[:], s[:2])
	return err == nil && nameLetter[c[0]]
}

// The marks that may break the name, and the words that may be one; what they find is looked at again.
var (
	codedMark = regexp.MustCompile(`(?i)^(?:#0*(?:173|820[3-5]|8288|65279)|#x0*(?:ad|200[b-d]|2060|feff)|u(?:00ad|200[b-d]|2060|feff|003cwbr|0026))`)
	plainMark = regexp.MustCompile(`(?i)^(?:<wbr|&(?:amp;)*(?:shy|zwj|zwnj)|[\x{ad}\x{200b}-\x{200d}\x{2060}\x{feff}]|=` + lineEnd + `)`)
	keyWords  = regexp.MustCompile(`(?i)^` + keyGap + `+(?:доступа|авторизации)`)
)

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
