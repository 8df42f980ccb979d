package scope

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

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
	ok   func(text string, m []int) bool // nil for always; m are the places of the match and its groups, the first is the secret
	raw  bool                            // it looks at the addresses of links as well
}

// blank is white space of any kind on one line; gap goes over the end of one as well.
const (
	blank = `[^\S\n]|\p{Zs}`
	gap   = `(?:\s|\p{Zs})`
	// label begins where no letter stands before it.
	label = `(?i)(?:^|[^\pL])`
	// upTo are the words between a label and its separator: "пароль от почты: ".
	upTo = `((?:(?:` + blank + `)+[^\s\p{Zs}:=<>]{0,40}[^\s\p{Zs}:=<>.,;!?—–-]){0,4}?)`
	// separator is a colon, an equals sign, an arrow, or a dash before a blank; what follows may stand in the next line.
	separator = `(?:` + blank + `)*(?:[:=→]|->|[-–—]` + gap + `)` + gap + `*["'«“` + "`" + `(]?`
)

var finders = []finder{
	{secretKey, []string{"accesskey", "access_key"}, regexp.MustCompile(`(?i)access_?key=([^\s&"'<>]{6,})`), nil, true},
	{secretPassword, []string{"парол", "passw", "pwd", "pass"},
		regexp.MustCompile(label + `(парол(?:[ьяюе]|ем|ям|ями)|password|passwd|passw|pwd|pass)` + upTo + separator + `([^\s\p{Zs}"'»”<>,;]{4,})`), password, false},
	{secretPassword, []string{"парол", "passw", "pwd"},
		regexp.MustCompile(`(?i)(?:парол[ья]|password|passwd|pwd)` + gap + `+["'«]?([^\s\p{Zs}"'»<>,;:=]{6,})`), mixed, false},
	{secretPassword, []string{"учетк", "учётк", "логин", "учетн", "учётн", "login", "account", "cred"},
		regexp.MustCompile(label + `(?:уч[её]тк[аиуе]|уч[её]тн(?:ая|ые|ой|ую)(?:` + blank + `)+(?:запись|записи|данные)|логин|login|account|credentials|creds)(?:` + blank + `)*:?(?:` + blank +
			`)*[^\s\p{Zs}/|:<>]{2,64}(?:` + blank + `)*[/|](?:` + blank + `)*([^\s\p{Zs}"'»<>;]{6,})`), mixed, false},
	{secretPassword, []string{"://"}, regexp.MustCompile(`://[^\s/@:"'<>]{1,64}:([^\s/@"'<>]{3,128})@[^\s/@"'<>]`), nil, true},
	{secretToken, []string{"bearer", "токен", "token", "api", "secret"},
		regexp.MustCompile(`(?i)(?:bearer` + gap + `+|(?:токен|token|api[_-]?key|secret)(?:` + blank + `)*[:=]` + gap + `*["'«]?)([A-Za-z0-9._~+/=-]{12,})`), nil, false},
	{secretToken, []string{"ключ", "key", "токен", "token", "секрет", "secret"},
		regexp.MustCompile(label + `(?:(?:api|апи)[ _-]?)?(?:ключ[аи]?|key|токен[аы]?|token|секрет|secret)` + upTo + separator + `([A-Za-z0-9._~+/=-]{12,})`), tokenWord, false},
	{secretToken, []string{"eyj", "akia", "ghp_", "github_pat_", "xoxb", "xoxp", "glpat", "sk_live"},
		regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[bp]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{16,}|sk_live_[A-Za-z0-9]{10,})`), nil, false},
	{secretToken, []string{"sk-"}, regexp.MustCompile(`\b(sk-(?:proj-|ant-|live-)[A-Za-z0-9_-]{8,}|sk-[A-Za-z0-9]{20,})`), mixed, false},
	{secretPrivate, []string{"private key"}, regexp.MustCompile(`(?i)(-----BEGIN [A-Z ]*PRIVATE KEY-----)`), nil, false},
	{secretCard, nil, regexp.MustCompile(`\b((?:\d[ -]?){15}\d)\b`), cardNumber, false},
}

// secretsIn are the kinds of likely secrets in a text of plain words or of HTML, one for each that was found. Nothing of the
// secrets is kept.
func secretsIn(raw string) []string {
	text := plain(raw)
	low, lowRaw := strings.ToLower(text), ""
	if strings.Contains(raw, "=") || strings.Contains(raw, "://") {
		lowRaw = strings.ToLower(raw)
	}
	var found []string
	seen := map[int]bool{} // where secrets of the plain text begin: two expressions may find one
	for _, f := range finders {
		in, hay := text, low
		if f.raw {
			in, hay = raw, lowRaw
		}
		if f.hint != nil && !containsAny(hay, f.hint) || f.kind == secretCard && !manyDigits(in) {
			continue
		}
		for _, m := range f.re.FindAllStringSubmatchIndex(in, -1) {
			m = secretLast(m)
			if f.ok != nil && !f.ok(in, m) || !f.raw && seen[m[2]] {
				continue
			}
			if !f.raw {
				seen[m[2]] = true
			}
			found = append(found, f.kind)
		}
	}
	return found
}

// secretLast puts the last group, which is the secret, before the others: the label and what stands behind it.
func secretLast(m []int) []int {
	n := len(m)
	return append([]int{m[0], m[1], m[n-2], m[n-1]}, m[2:n-2]...)
}

var (
	dateOrTime = regexp.MustCompile(`^\d{1,4}[.:/-]\d{1,2}(?:[.:/-]\d{1,4})?$`)
	mailOrLink = regexp.MustCompile(`^(?:\S+://\S*|www\.\S+|[^\s@]+@[^\s@]+\.\pL{2,})$`)
	// counted is a number with a Russian word: "8-значный".
	counted = regexp.MustCompile(`^\d+-?\p{Cyrillic}+$`)
	// talk is how words begin that say what is with a password.
	talk = regexp.MustCompile(`(?i)^(?:сбро|смен|измен|забы|неизв|нет$|прежн|стар|нов|ист[её]к|устар|указ|правил|невер|неправ|обнов|прид|отправ|восстан|reset|chang|expir|none|requir|unkno|forgot|wrong|incorr|please|must|should)`)
)

// password reports a value behind the word password that looks like one. The groups are the value, the label and the words
// between them.
func password(text string, m []int) bool {
	value := strings.TrimRight(text[m[2]:m[3]], ".!?)]…:")
	direct := m[6] == m[7]
	if dateOrTime.MatchString(value) || mailOrLink.MatchString(value) || counted.MatchString(value) {
		return false
	}
	var letters, digits, signs, latin int
	turns, before := false, rune(0)
	for _, r := range value {
		count(&letters, unicode.IsLetter(r))
		count(&latin, r < utf8.RuneSelf && unicode.IsLetter(r))
		count(&digits, unicode.IsDigit(r))
		count(&signs, strings.ContainsRune("!#$%^&*_@+~?\\", r))
		turns = turns || unicode.IsUpper(r) && unicode.IsLower(before)
		before = r
	}
	switch {
	case letters > 0 && (digits > 0 || signs > 0) || turns:
		return true
	case letters == 0:
		return digits >= 4
	case !direct || talk.MatchString(value):
		return false
	case latin == letters && strings.HasPrefix(strings.ToLower(text[m[4]:m[5]]), "парол"):
		return true
	}
	rest, _, _ := strings.Cut(text[m[3]:min(len(text), m[3]+40)], "\n")
	return !strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// tokenWord reports what is a key by its look: letters and digits, and no address.
func tokenWord(text string, m []int) bool {
	return mixed(text, m) && !mailOrLink.MatchString(text[m[2]:m[3]])
}

// mixed reports a secret with a letter and a digit: no ordinary word.
func mixed(text string, m []int) bool {
	s := text[m[2]:m[3]]
	return strings.ContainsFunc(s, unicode.IsDigit) && strings.ContainsFunc(s, unicode.IsLetter)
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

// cardNumber checks the number of a payment card by its last digit (Luhn).
func cardNumber(text string, m []int) bool {
	s := text[m[2]:m[3]]
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
