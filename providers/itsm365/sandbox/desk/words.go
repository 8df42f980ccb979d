package desk

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

//go:embed words.txt
var wordsText string

// words are the lists of words.txt by name.
var words = parseWords(wordsText)

func parseWords(text string) map[string][]string {
	lists := map[string][]string{}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch head, isHead := strings.CutPrefix(line, "== "); {
		case isHead:
			name = head
		case line == "" || strings.HasPrefix(line, "#"):
		default:
			lists[name] = append(lists[name], line)
		}
	}
	return lists
}

// A topic is what a ticket can be about.
type topic struct{ category, service, asset, subject, text string }

var topics = parseTopics(words["topic"])

// parseTopics panics on a fault, as words.txt is part of the program.
func parseTopics(lines []string) []topic {
	var list []topic
	for _, l := range lines {
		f := strings.Split(l, "|")
		if len(f) != 5 {
			panic(fmt.Sprintf("words.txt: %q has %d fields", l, len(f)))
		}
		list = append(list, topic{f[0], f[1], f[2], f[3], f[4]})
	}
	return list
}

// a picks one of a list.
func a(r *rand.Rand, list string) string { return words[list][r.IntN(len(words[list]))] }

// fill puts numbers, names and places into a text.
func fill(r *rand.Rand, text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	if strings.Contains(text, "{place}") {
		text = strings.ReplaceAll(text, "{place}", a(r, "place"))
	}
	if strings.Contains(text, "{who}") {
		text = strings.ReplaceAll(text, "{who}", a(r, []string{"man", "woman"}[r.IntN(2)]))
	}
	for strings.Contains(text, "{n}") {
		text = strings.Replace(text, "{n}", strconv.Itoa(2+r.IntN(18)), 1)
	}
	return text
}

// latin are the letters of addresses.
var latin = strings.NewReplacer("а", "a", "б", "b", "в", "v", "г", "g", "д", "d", "е", "e", "ё", "e", "ж", "zh", "з", "z", "и", "i", "й", "y",
	"к", "k", "л", "l", "м", "m", "н", "n", "о", "o", "п", "p", "р", "r", "с", "s", "т", "t", "у", "u", "ф", "f", "х", "kh", "ц", "ts", "ч", "ch",
	"ш", "sh", "щ", "sch", "ъ", "", "ы", "y", "ь", "", "э", "e", "ю", "yu", "я", "ya", " ", "-")

func inLatin(text string) string { return latin.Replace(strings.ToLower(text)) }
