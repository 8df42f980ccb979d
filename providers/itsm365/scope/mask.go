package scope

import (
	"hash/maphash"
	"regexp"
	"strings"
	"unicode"
)

// sampleLength is how many characters of a value's shape are shown.
const sampleLength = 32

// kept are the signs that a masked value may show beside x, х and 9: they give a value its shape and name nobody.
const kept = " .,:;@+-_/()#№%&?!=*'\"«»–—"

// Mask keeps the shape of a text and nothing of its content: a Cyrillic letter becomes х, any other x, in the case it had,
// a digit 9, white space one blank, and a sign that gives no shape a dot in the middle. It is cut after 32 characters.
func Mask(s string) string {
	var b strings.Builder
	n, blank := 0, false
	for _, r := range s {
		m := maskRune(r)
		if m == 0 || m == ' ' && (blank || n == 0) {
			continue
		}
		if n == sampleLength {
			b.WriteRune('…')
			break
		}
		blank = m == ' '
		b.WriteRune(m)
		n++
	}
	return strings.TrimRight(b.String(), " ")
}

// maskRune is what stands for a character; 0 for one that is not seen.
func maskRune(r rune) rune {
	switch {
	case unicode.Is(unicode.Cyrillic, r) && unicode.IsUpper(r):
		return 'Х'
	case unicode.Is(unicode.Cyrillic, r) && unicode.IsLetter(r):
		return 'х'
	case unicode.IsUpper(r) || unicode.IsTitle(r):
		return 'X'
	case unicode.IsLetter(r):
		return 'x'
	case unicode.IsNumber(r):
		return '9'
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsMark(r), unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs), r == unicode.ReplacementChar:
		return 0
	case strings.ContainsRune(kept, r) || r == '…':
		return r
	}
	return '·'
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}(\$[A-Za-z0-9_]{1,64})?$`)
	itemCode   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./+-]{0,63}$`)
	objectKey  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}\$[0-9]{1,18}$`)
)

// ident shows a code of the tenant's configuration: a class, a type, an attribute, a state, a code of a catalog. What is no
// code is masked.
func ident(s string) string {
	if identifier.MatchString(s) {
		return s
	}
	return Mask(s)
}

// keyOf shows the UUID of an object, by which it is found in ITSM 365. What is none is masked.
func keyOf(s string) string {
	if objectKey.MatchString(s) {
		return s
	}
	return Mask(s)
}

// names are the words of people's names, and of their addresses before the @, as hashes.
type names struct {
	seed    maphash.Seed
	words   map[uint64]bool
	mailers map[uint64]bool
}

func newNames() *names {
	return &names{seed: maphash.MakeSeed(), words: map[uint64]bool{}, mailers: map[uint64]bool{}}
}

// add learns the words of a name, and their stems without the last letter, for Russian bends names.
func (n *names) add(name string) {
	for _, w := range words(name) {
		n.words[maphash.String(n.seed, w)] = true
		if r := []rune(w); len(r) > 3 {
			n.words[maphash.String(n.seed, string(r[:len(r)-1]))] = true
		}
	}
}

// addMail learns the words of an address before the @.
func (n *names) addMail(address string) {
	local, _, _ := strings.Cut(address, "@")
	for _, w := range words(local) {
		n.mailers[maphash.String(n.seed, w)] = true
	}
}

// addressed reports a text with a word of somebody's address.
func (n *names) addressed(text string) bool {
	for _, w := range words(text) {
		if n.mailers[maphash.String(n.seed, w)] {
			return true
		}
	}
	return false
}

// has reports a text with a word that may be one of the names. One of two letters may have another behind it.
func (n *names) has(text string) bool {
	for _, w := range words(text) {
		r := []rune(w)
		for cut := 0; cut <= 3 && (len(r)-cut >= 3 || cut <= 1 && len(r)-cut == 2); cut++ {
			if n.words[maphash.String(n.seed, string(r[:len(r)-cut]))] {
				return true
			}
		}
	}
	return false
}

// words are the words of two letters and more, lower case, ё as е.
func words(text string) []string {
	all := strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(text), "ё", "е"), func(r rune) bool { return !unicode.IsLetter(r) })
	out := all[:0]
	for _, w := range all {
		if len([]rune(w)) >= 2 {
			out = append(out, w)
		}
	}
	return out
}

var (
	longNumber = regexp.MustCompile(`\d[\d ()-]{4,}\d`)
	// extension is a number of a telephone that is as short as a year, behind the word that says so: "доб. 123", "ext 4567".
	extension = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:доб(?:авочн\pL*)?|вн(?:утр(?:енн(?:ий|его|ему|им|ем))?)?|тел(?:ефон(?:а|у|ом|е|ы|ов)?)?|моб(?:ильн\pL*)?|факс|ext(?:ension)?|tel|phone|fax)` +
		`[\s:._–-]*(?:(?:номер\pL*|телефон\pL*|тел|no|nr))?[\s:._№#–-]*\d(?:[\s,;/()–-]*\d)+`)
	aDigit = regexp.MustCompile(`\d`)
)

// withoutExtensions is a text in which such numbers are masked.
func withoutExtensions(text string) string {
	return extension.ReplaceAllStringFunc(text, func(found string) string { return aDigit.ReplaceAllString(found, "9") })
}

// named shows the title of a thing of the configuration: a catalog item, a service, a team. It is masked unless its
// words name nobody.
func (n *names) named(title string) string {
	shown := strings.Join(strings.Fields(strings.Map(printable, title)), " ")
	if runes := []rune(shown); len(runes) > 60 {
		shown = string(runes[:60]) + "…"
	}
	if !n.harmless(title) || !n.harmless(shown) {
		return Mask(title)
	}
	return withoutExtensions(shown)
}

// aWord is a word, an address or a number in a message.
var aWord = regexp.MustCompile(`\S*@\S+|\d[\d ()-]{4,}\d|\pL+`)

// without is a message of the service in which names, addresses and long numbers are masked, cut after 300 characters.
func (n *names) without(text string) string {
	text = aWord.ReplaceAllStringFunc(withoutExtensions(text), func(w string) string {
		if strings.ContainsRune(w, '@') || longNumber.MatchString(w) || n.has(w) {
			return Mask(w)
		}
		return w
	})
	text = strings.Join(strings.Fields(strings.Map(printable, text)), " ")
	if runes := []rune(text); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return text
}

// printable drops what is not seen, and what turns the direction of a line.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return -1
	}
	return r
}
