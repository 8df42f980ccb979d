package scope

import (
	_ "embed"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// vocabularyText are words that name nobody.
//
//go:embed vocabulary.txt
var vocabularyText string

var vocabulary = parseVocabulary(vocabularyText)

func parseVocabulary(text string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(line) {
				out[w] = true
			}
		}
	}
	return out
}

// stockItems are the items that IT 3.3 lists with their titles, by catalog and code. A title that the tenant has changed is
// its own.
var stockItems = map[string]map[string]string{
	"priority":    {"critical": "1. Критический", "high": "2. Высокий", "medium": "3. Средний", "normal": "4. Минимальный"},
	"urgency":     {"U0": "Высокая", "U1": "Средняя", "U2": "Низкая"},
	"impact":      {"I2": "Высокая", "I1": "Средняя", "I0": "Низкая"},
	"closureCode": {"resolved": "Решено", "rejected": "Отклонено", "notINC": "Не воспроизводится", "spam": "Спам", "take": "Дубль"},
}

// stockCodes are those that it lists without titles.
var stockCodes = map[string]map[string]bool{
	"mark":          wordSet("1 2 3 4 5"),
	"wayAdressing":  wordSet("email SD phone fromMobileApp"),
	"category":      wordSet("email phone internet print workPlace catRFC authError badConnection printer notebook other_all"),
	"overDue":       wordSet("notOverdue overDue"),
	"RFCcategories": wordSet("change pfojectStart other"),
	"reasonForDecl": wordSet("cannnotbechanged notFull repeatedRequest"),
	"period":        wordSet("m6 year y3"),
	"rulesSettings": wordSet("priority reactTime resolutionTimeNew esc"),
}

// item shows the code and the title of a catalog's item. Where the code may name a person, its UUID stands instead.
func (n *names) item(catalog, key, code, title string) (shownCode, shownTitle string) {
	shownCode, shownTitle = keyOf(key), n.named(title)
	if stock, ok := stockItems[catalog][code]; ok && stock == title {
		shownTitle = title
	}
	if _, ok := stockItems[catalog][code]; ok || stockCodes[catalog][code] || catalog == "timezone" && zoneCode(code) || n.plainCode(code) {
		shownCode = code
	}
	return shownCode, shownTitle
}

// zoneCode reports the IANA name of a zone.
func zoneCode(code string) bool {
	_, err := time.LoadLocation(code)
	return err == nil && itemCode.MatchString(code) && code != "Local"
}

// codeWord is one word of a code in any of its spellings: lower_case, camelCase, UPPER.
var codeWord = regexp.MustCompile(`[A-Z]+(?:[^A-Za-z]|$)|[A-Z]?[a-z]+|[A-Z]+`)

// plainCode reports a code of words that name nobody, with at most five digits together.
func (n *names) plainCode(code string) bool {
	if !itemCode.MatchString(code) || longNumber.MatchString(code) || extension.MatchString(code) || n.has(code) || n.addressed(code) {
		return false
	}
	if vocabulary[strings.ToLower(code)] {
		return true
	}
	for _, w := range codeWord.FindAllString(code, -1) {
		w = strings.ToLower(strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }))
		if len(w) > 1 && !vocabulary[w] {
			return false
		}
	}
	return true
}

var (
	// addressLike is what leads to somebody: an address in any disguise, a link, a nickname.
	addressLike = regexp.MustCompile(`(?i)@|[(\[{]\s*(?:at|dot|собака|точка)\s*[)\]}]|://|\bt\.me\b|\bwww\.|\pL\.\pL{2,}/`)
	// secretTalk is a word behind which a secret may stand.
	secretTalk = regexp.MustCompile(`(?i)парол|passw|pwd|логин|login|токен|token|secret|секрет|пин-?код|\bpin\b`)
	// surname is an ending of surnames and patronymics, which ordinary words that follow another seldom have.
	surname  = regexp.MustCompile(`(?:[оеи]вич|[оеи]вна|[иы]нична|оглы|кызы|[а-я]{2}(?:ова|ева|енко|швили|дзе))[аеуыойм]{0,2}$`)
	cyrillic = regexp.MustCompile(`^\p{Cyrillic}+$`) // a name in Latin letters may be a login, in lower case
	aLetter  = regexp.MustCompile(`[\pL\pM]+`)
	aToken   = regexp.MustCompile(`[\pL\pM\pN]+`)
)

// harmless reports a title that is shown: its first word and those with a capital are in the vocabulary, the others are
// Russian and lower case without the look of a name, no name of a listed person is among them, and nothing looks like an address, a
// number or a secret.
func (n *names) harmless(title string) bool {
	if addressLike.MatchString(title) || longNumber.MatchString(title) || secretTalk.MatchString(title) || len(secretsIn(title)) > 0 ||
		n.has(title) || n.addressed(title) {
		return false
	}
	for _, w := range aToken.FindAllString(title, -1) {
		if utf8.RuneCountInString(w) >= 6 && strings.ContainsFunc(w, unicode.IsNumber) {
			return false
		}
	}
	for i, w := range aLetter.FindAllString(title, -1) {
		low := strings.ReplaceAll(strings.ToLower(w), "ё", "е")
		ordinary := i > 0 && w == strings.ToLower(w) && cyrillic.MatchString(w) && !surname.MatchString(low)
		if !ordinary && !vocabulary[low] && utf8.RuneCountInString(w) > 1 {
			return false
		}
	}
	return true
}
