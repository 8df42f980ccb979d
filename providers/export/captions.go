package export

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"golang.org/x/text/unicode/norm"

	"deskform/plan"
)

// A Stock gives the attributes of a class in the stock configuration of ITSM 365, nil for a class that it does not have.
type Stock func(class string) map[string]plan.Column

//go:embed itsm365.txt
var captionText string

// captions are what exports show instead of codes: by kind ("heads") and class, then by folded text.
var captions = parseCaptions(captionText)

// stockHeads are the captions of attributes as they are written, by class.
var stockHeads = map[string][]string{}

type captionTable map[string]map[string]map[string]string

// parseCaptions panics on a fault: the text is part of the program.
func parseCaptions(text string) captionTable {
	t := captionTable{"heads": {}, "states": {}, "types": {}, "items": {}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		class, rest, ok := strings.Cut(strings.TrimSpace(rest), " ")
		if !ok || t[kind] == nil {
			panic("itsm365.txt: " + line)
		}
		if t[kind][class] == nil {
			t[kind][class] = map[string]string{}
		}
		for pair := range strings.SplitSeq(rest, "|") {
			code, caption, ok := strings.Cut(pair, " = ")
			key := fold(caption)
			if _, twice := t[kind][class][key]; !ok || twice {
				panic("itsm365.txt: " + pair)
			}
			t[kind][class][key] = strings.TrimSpace(code)
			if kind == "heads" {
				stockHeads[class] = append(stockHeads[class], strings.TrimSpace(caption))
			}
		}
	}
	return t
}

// CaptionCodes are the attributes that have a caption, by class; for a test that holds them against the model.
func CaptionCodes() map[string][]string {
	out := map[string][]string{}
	for class, heads := range captions["heads"] {
		out[class] = slices.Sorted(maps.Values(heads))
	}
	return out
}

// fold makes captions alike that a person takes for the same: case, spaces of any kind, ё and е.
func fold(s string) string {
	s = strings.Join(strings.Fields(norm.NFKC.String(s)), " ")
	return strings.ReplaceAll(strings.ToLower(s), "ё", "е")
}

// A model is what the arguments class, heads and separator of a data block make of a file's heads and cells.
type model struct {
	class     string
	columns   map[string]plan.Column
	own       map[string]string // by folded head
	ownHeads  []string
	separator string
}

var attributeCode = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// hidden are attributes whose column is not read: an import file has passwords.
var hidden = map[string]bool{"password": true}

func newModel(class string, heads map[string]plan.Value, separator string, stock Stock) (*model, error) {
	if class == "" {
		if len(heads) > 0 || separator != "" {
			return nil, errors.New("heads and separator need class, which says what the attributes are; write class = \"serviceCall\"")
		}
		return nil, nil
	}
	m := &model{class: class, own: map[string]string{}, separator: separator}
	base, _, _ := strings.Cut(class, "$")
	if stock != nil {
		m.columns = stock(base)
	}
	if m.columns == nil {
		return nil, fmt.Errorf("class %q is none of the stock configuration%s; it is a class of ITSM 365 such as serviceCall or employee", class, meant(base, slices.Sorted(maps.Keys(captions["heads"]))))
	}
	for head, v := range heads {
		code, _ := v.(string)
		if !attributeCode.MatchString(code) {
			return nil, fmt.Errorf("heads: %q = %q is no code of an attribute; it is a word such as shortDescr", head, fmt.Sprint(v))
		}
		if old, twice := m.own[fold(head)]; twice && old != code {
			return nil, fmt.Errorf("heads: %q is there twice, as %s and as %s", head, old, code)
		}
		m.own[fold(head)] = code
		m.ownHeads = append(m.ownHeads, head)
	}
	slices.Sort(m.ownHeads)
	return m, nil
}

func (m *model) base() string {
	class, _, _ := strings.Cut(m.class, "$")
	return class
}

// code is the attribute of a head; known is false for a head that stays as it is.
func (m *model) code(head string) (code string, known bool) {
	if code, ok := m.own[fold(head)]; ok {
		return code, true
	}
	if code, ok := captions["heads"][m.base()][fold(head)]; ok {
		return code, true
	}
	if _, ok := m.columns[head]; ok {
		return head, true
	}
	return strings.TrimSpace(head), false
}

// name is a head or a code as the language calls the column.
func (m *model) name(head string) string {
	if m == nil {
		return head
	}
	code, _ := m.code(head)
	return code
}

// rename gives the heads of a file their codes, and says which stay.
func (s *spec) rename(heads []string) (names, unknown []string, err error) {
	if s.model == nil {
		return heads, nil, nil
	}
	from := map[string]string{}
	for _, h := range heads {
		code, known := s.model.code(h)
		if !known && strings.TrimSpace(h) != "" {
			unknown = append(unknown, code+meant(h, stockHeads[s.model.base()]))
		}
		if other, taken := from[code]; taken && code != "" {
			if other == h {
				return nil, nil, fmt.Errorf("read %s: two columns are called %q; name the columns with header = [...]", s.name, h)
			}
			return nil, nil, fmt.Errorf("read %s: the columns %q and %q are both the attribute %s; give one of them another code: heads = { %q = \"...\" }", s.name, other, h, code, h)
		}
		from[code] = h
		names = append(names, code)
	}
	if len(unknown) == len(heads) {
		return nil, nil, fmt.Errorf("read %s: none of its heads is a caption of class %s: %s; is encoding right, is the first row the heads, does delimiter separate them? A tenant's own captions are named with heads = { \"caption\" = \"code\" }",
			s.name, s.model.class, strings.Join(heads[:min(len(heads), 8)], ", "))
	}
	for _, h := range s.model.ownHeads {
		if !slices.ContainsFunc(heads, func(e string) bool { return fold(e) == fold(h) }) {
			return nil, nil, fmt.Errorf("read %s: there is no column %q, which heads names%s; the columns are %s", s.name, h, meant(h, heads), strings.Join(heads, ", "))
		}
	}
	return names, unknown, nil
}

// meant is ", did you mean X?" when a name is near one of these.
func meant(name string, of []string) string {
	best, least := "", 1+len([]rune(name))/3
	for _, o := range of {
		if d := levenshtein.Distance(fold(name), fold(o), nil); d < least {
			best, least = o, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}
