package export

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/xuri/excelize/v2"

	"deskform/plan"
)

// What a cell of an ITSM 365 export becomes, so that it reads as the attribute over the API does (IT 2.10):
//
//	a link            {"UUID": title, "title": title}: an export knows no UUID, and the title stands for it
//	a catalog item    the same with "code", by the stock items; an item of the tenant's own has its title as code
//	several of them   a list; a line break or ";" separates them, or else ", "
//	state, metaClass  the code; one that the stock configuration does not have stays as it is shown
//	an interval       {"length": 4, "interval": "HOUR"}
//	a timer           {"deadLineTime": time}: what the export shows of it
//	time, number, truth  as everywhere; numbers may have spaces in them
//
// A cell that does not fit breaks its row.

// A kind says which of them a column is; empty: its plain type decides.
type kind string

const (
	kindLink     kind = "link"
	kindLinks    kind = "links"
	kindState    kind = "state"
	kindType     kind = "type"
	kindInterval kind = "interval"
	kindTimer    kind = "timer"
)

// intervals are the attributes that hold one; the other objects of the model are timers (IT 3.2, 3.5, 3.6).
var intervals = map[string]bool{"resolutionTime": true, "reactTime": true, "timeToReact": true, "timeToSolve": true}

// column finds type and kind of an attribute.
func (m *model) column(code string) (column, bool) {
	c, ok := m.columns[code]
	if !ok {
		return column{name: code, typ: plan.ColumnString}, false
	}
	out := column{name: code, typ: c.Type, class: c.Class}
	switch {
	case code == "metaClass":
		out.kind = kindType
	case code == "state":
		out.kind = kindState
	case intervals[code]:
		out.kind = kindInterval
	case c.Type == plan.ColumnObject:
		out.kind = kindTimer
	case c.Type == plan.ColumnLink:
		out.kind = kindLink
	case c.Type == plan.ColumnLinks, c.Type == plan.ColumnFiles:
		out.typ, out.kind = plan.ColumnLinks, kindLinks // a list shows the names of files, and not the files
	case c.Type != plan.ColumnTime && c.Type != plan.ColumnNumber && c.Type != plan.ColumnBool:
		out.typ = plan.ColumnString
	}
	return out, true
}

// modelled appends a cell of a column with a kind, or says why it does not fit.
func (t *typer) modelled(out []byte, cell string, c column) ([]byte, string) {
	text := strings.TrimSpace(cell)
	switch c.kind {
	case kindLink:
		return appendLink(out, text, c.class), ""
	case kindLinks:
		out = append(out, '[')
		for i, title := range t.s.model.split(text) {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendLink(out, title, c.class)
		}
		return append(out, ']'), ""
	case kindState, kindType:
		return appendString(out, codeOr(text, t.s.model.codes(c.kind))), ""
	case kindInterval:
		length, unit, ok := interval(text)
		if !ok {
			return out, fmt.Sprintf("is no interval such as 4 ч or 1:30; types = { %s = \"string\" } keeps the text", c.name)
		}
		return fmt.Appendf(out, `{"length":%s,"interval":"%s"}`, strconv.FormatFloat(length, 'f', -1, 64), unit), ""
	}
	var why string
	out, why = t.value(append(out, `{"deadLineTime":`...), text, plan.ColumnTime)
	if why != "" {
		why += fmt.Sprintf("; types = { %s = \"string\" } keeps the text", c.name)
	}
	return append(out, '}'), why
}

// codes are the codes of states or types of the class by what an export shows.
func (m *model) codes(k kind) map[string]string {
	if k == kindState {
		return captions["states"][m.base()]
	}
	return captions["types"][m.base()]
}

// strangers are texts of states and types that the stock configuration does not have, each with how often it was met.
type strangers map[string]map[string]int // by the column

// maxStrangers is how many different texts of a column are counted; a column with more is no state.
const maxStrangers = 1000

// meet counts a cell that stays as it is shown: the code of the tenant's own state or type is not known.
func (st strangers) meet(m *model, c column, cell string) {
	text := strings.TrimSpace(cell)
	if c.kind != kindState && c.kind != kindType || text == "" {
		return
	}
	codes := m.codes(c.kind)
	if _, ok := codes[fold(text)]; ok || slices.Contains(slices.Collect(maps.Values(codes)), text) {
		return
	}
	if st[c.name] == nil {
		st[c.name] = map[string]int{}
	}
	if _, ok := st[c.name][text]; ok || len(st[c.name]) < maxStrangers {
		st[c.name][text]++
	}
}

// notes say which they are, the most frequent first.
func (st strangers) notes(class string) []string {
	var out []string
	for _, column := range slices.Sorted(maps.Keys(st)) {
		texts := slices.SortedFunc(maps.Keys(st[column]), func(a, b string) int {
			return cmp.Or(st[column][b]-st[column][a], cmp.Compare(a, b))
		})
		rows := 0
		for _, t := range texts {
			rows += st[column][t]
		}
		shown := make([]string, 0, 5)
		for _, t := range texts[:min(len(texts), cap(shown))] {
			shown = append(shown, fmt.Sprintf("%q (%d)", t, st[column][t]))
		}
		more := ""
		if n := len(texts) - len(shown); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		out = append(out, fmt.Sprintf("%s: %d rows have a text that is none of class %s in the stock configuration, and keep it instead of a code: %s%s; a value_map in the record set says what each means", column, rows, class, strings.Join(shown, ", "), more))
	}
	return out
}

// codeOr is the code of a text by a table, and the text itself where the table has none.
func codeOr(text string, table map[string]string) string {
	if code, ok := table[fold(text)]; ok {
		return code
	}
	return text
}

func appendLink(out []byte, title, class string) []byte {
	out = appendString(append(out, `{"UUID":`...), title)
	if items, ok := captions["items"][class]; ok || catalogs[class] {
		out = appendString(append(out, `,"code":`...), codeOr(title, items))
	}
	return append(appendString(append(out, `,"title":`...), title), '}')
}

// catalogs are those that links of the model lead to and whose titles the reference does not have (IT 3.3).
var catalogs = map[string]bool{"category": true, "mark": true, "overDue": true, "timezone": true, "servicetime": true, "RFCcategories": true}

// split takes several values of a cell apart.
func (m *model) split(text string) []string {
	sep := m.separator
	if sep == "" {
		sep = ", "
		for _, s := range []string{"\n", ";"} {
			if strings.Contains(text, s) {
				sep = s
				break
			}
		}
	}
	var out []string
	for part := range strings.SplitSeq(text, sep) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

var (
	clockInterval = regexp.MustCompile(`^(\d+):([0-5]\d)$`)
	partInterval  = regexp.MustCompile(`^(\d+(?:[.,]\d+)?)\s*(\pL+)\.?\s*`)
)

// units of intervals by how their names begin, the longer first.
var units = []struct {
	prefix, code string
	minutes      float64
}{
	{"сек", "SECOND", 1.0 / 60}, {"с", "SECOND", 1.0 / 60}, {"мин", "MINUTE", 1}, {"м", "MINUTE", 1}, {"час", "HOUR", 60}, {"ч", "HOUR", 60},
	{"ден", "DAY", 24 * 60}, {"дн", "DAY", 24 * 60}, {"д", "DAY", 24 * 60}, {"нед", "WEEK", 7 * 24 * 60}, {"н", "WEEK", 7 * 24 * 60},
}

// interval reads "4 ч", "2 дня 4 часа", "1:30". Several parts are given in minutes.
func interval(text string) (length float64, unit string, ok bool) {
	text = strings.ToLower(plainSpaces(text))
	if m := clockInterval.FindStringSubmatch(text); m != nil {
		h, err := strconv.ParseFloat(m[1], 64)
		min, merr := strconv.ParseFloat(m[2], 64)
		return 60*h + min, "MINUTE", err == nil && merr == nil
	}
	parts, minutes := 0, 0.0
	for text != "" {
		m := partInterval.FindStringSubmatch(text)
		if m == nil {
			return 0, "", false
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", "."), 64)
		if err != nil {
			return 0, "", false
		}
		found := false
		for _, u := range units {
			if found = strings.HasPrefix(m[2], u.prefix); found {
				length, unit = n, u.code
				minutes += n * u.minutes
				break
			}
		}
		if !found {
			return 0, "", false
		}
		parts++
		text = text[len(m[0]):]
	}
	if parts > 1 {
		return minutes, "MINUTE", true
	}
	return length, unit, parts == 1
}

// plainSpaces makes thin and hard spaces plain ones.
func plainSpaces(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s))
}

var thousands = regexp.MustCompile(`^-?\d{1,3}( \d{3})+([.,]\d+)?$`)

// number reads a number as exports show it: spaces between the thousands, a comma before the fraction.
func number(cell string) (string, bool) {
	text := plainSpaces(cell)
	if thousands.MatchString(text) {
		text = strings.ReplaceAll(text, " ", "")
	}
	text = strings.ReplaceAll(text, ",", ".")
	if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
		return "", false
	}
	return text, true
}

// serial reads a time that XLSX holds as a number of days; it is the wall clock of whoever exported it.
func (t *typer) serial(cell string) (time.Time, bool) {
	days, err := strconv.ParseFloat(cell, 64)
	if t.s.format != "xlsx" || err != nil || days < 1 || days > 2958465 {
		return time.Time{}, false
	}
	at, err := excelize.ExcelDateToTime(days, t.s.date1904)
	if err != nil {
		return time.Time{}, false
	}
	at = at.Round(time.Second)
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, t.s.zone), true
}

// dateCell reads a time as a cell of XLSX with type d holds it, ISO 8601. Without a zone it is the wall clock of whoever
// exported it.
func (t *typer) dateCell(cell string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, strings.TrimSpace(cell), t.s.zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
