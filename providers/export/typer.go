package export

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"deskform/plan"
	"deskform/providers/transport"
)

// A typer makes rows of records.
type typer struct {
	s       *spec
	columns []column
	heads   [][]byte // `"name":`
	keys    []int    // columns of the key; -1 for the line
}

func newTyper(s *spec, columns []column) *typer {
	t := &typer{s: s, columns: columns}
	for _, c := range columns {
		name, err := json.Marshal(c.name)
		if err != nil {
			panic(err) // a string always marshals
		}
		t.heads = append(t.heads, append(name, ':'))
	}
	for _, k := range s.key {
		at := -1
		for i, c := range columns {
			if c.name == k {
				at = i
			}
		}
		t.keys = append(t.keys, at)
	}
	return t
}

func (t *typer) row(rec record) plan.Row {
	row := plan.Row{Pos: fmt.Sprint("line ", rec.line), Broken: rec.broken}
	if rec.broken != "" {
		return row
	}
	if t.s.format == "jsonl" {
		t.json(rec, &row)
	} else {
		t.cells(rec, &row)
	}
	if row.Broken != "" {
		row.JSON = nil
	}
	row.JSON, _ = transport.WithoutKeys(row.JSON) // a customer's export quotes mails with one-click links as well, IT trap 25
	return row
}

func (t *typer) cells(rec record, row *plan.Row) {
	cells := t.follow(rec.cells)
	out := make([]byte, 0, 64+24*len(cells))
	out = append(out, '{')
	for i, cell := range cells {
		if i > 0 {
			out = append(out, ',')
		}
		var why string
		if out, why = t.cell(append(out, t.heads[i]...), cell, t.columns[i]); why != "" {
			row.Broken = fmt.Sprintf("column %s: %s", t.columns[i].name, why)
			return
		}
	}
	parts := make([]string, len(t.keys))
	for k, at := range t.keys {
		switch {
		case at < 0:
			parts[k] = strconv.Itoa(rec.line)
		case t.s.null[cells[at]]:
			row.Broken = fmt.Sprintf("column %s is empty, and it is the key", t.columns[at].name)
			return
		default:
			parts[k] = cells[at]
			if n, ok := number(parts[k]); ok && t.s.model != nil && t.columns[at].typ == plan.ColumnNumber {
				parts[k] = n
			}
		}
	}
	row.Key = strings.Join(parts, "/")
	if len(parts) == 0 {
		row.Key = strconv.Itoa(rec.line)
	}
	if len(cells) < len(t.columns) { // the UUID of a file that has none
		out = appendString(append(append(out, ','), t.heads[len(cells)]...), row.Key)
	}
	row.JSON = append(out, '}')
}

// follow adds the cells of the columns that follow from the others, but for the UUID, which is the key: see added.
func (t *typer) follow(cells []string) []string {
	if len(t.columns) == len(cells) {
		return cells
	}
	var name [3]string
	for i, cell := range cells {
		if part := slices.Index([]string{"lastName", "firstName", "middleName"}, t.columns[i].name); part >= 0 && !t.s.null[cell] {
			name[part] = strings.TrimSpace(cell)
		}
	}
	out := slices.Clone(cells)
	for _, c := range t.columns[len(cells):] {
		switch c.name {
		case "title":
			out = append(out, strings.Join(strings.Fields(strings.Join(name[:], " ")), " "))
		case "metaClass":
			out = append(out, t.s.model.class)
		}
	}
	return out
}

// cell appends a cell by its column, or says why it does not fit.
func (t *typer) cell(out []byte, cell string, c column) ([]byte, string) {
	switch empty := t.s.null[cell] || t.s.model != nil && (hidden[c.name] || strings.TrimSpace(cell) == ""); {
	case empty && c.kind == kindLinks:
		return append(out, "[]"...), ""
	case empty:
		return append(out, "null"...), ""
	case c.kind != "":
		return t.modelled(out, cell, c)
	}
	return t.value(out, cell, c.typ)
}

// value appends a cell by its column's type, or says why it does not fit.
func (t *typer) value(out []byte, cell string, typ plan.ColumnType) ([]byte, string) {
	switch typ {
	case plan.ColumnTime:
		at, ok := t.s.shown(cell)
		if !ok && t.s.model != nil {
			at, ok = t.serial(cell)
		}
		if !ok && t.s.format == "xlsx" {
			at, ok = t.dateCell(cell)
		}
		if !ok {
			return out, "is no time of the form " + t.s.pattern
		}
		out = append(out, '"')
		out = at.UTC().AppendFormat(out, time.RFC3339)
		return append(out, '"'), ""
	case plan.ColumnNumber:
		n, ok := number(cell)
		if !ok {
			return out, "is no number"
		}
		return append(out, n...), ""
	case plan.ColumnBool:
		switch strings.ToLower(strings.TrimSpace(cell)) {
		case "true", "yes", "1", "да":
			return append(out, "true"...), ""
		case "false", "no", "0", "нет":
			return append(out, "false"...), ""
		}
		return out, "is neither true nor false"
	}
	return appendString(out, cell), ""
}

const hex = "0123456789abcdef"

// appendString writes a JSON string without escaping what needs no escape.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[from:i]...)
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		from = i + 1
	}
	return append(append(out, s[from:]...), '"')
}

// json checks and normalises a JSON Lines row.
func (t *typer) json(rec record, row *plan.Row) {
	obj := gjson.ParseBytes(rec.json)
	if huge.Match(rec.json) && overflows(obj) {
		row.Broken = "has a number that no computer holds"
		return
	}
	parts := make([]string, len(t.s.key))
	b := make([]byte, 1, len(rec.json)+16)
	b[0] = '{'
	obj.ForEach(func(k, v gjson.Result) bool {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(b, k.Raw...), ':')
		typ, typed := t.s.types[k.String()]
		switch {
		case v.Type == gjson.String && t.s.null[v.String()] && v.String() != "", v.Type == gjson.Null:
			b = append(b, "null"...)
		case typed && (v.Type == gjson.String || typ == plan.ColumnString):
			var why string
			if b, why = t.value(b, v.String(), typ); why != "" {
				row.Broken = fmt.Sprintf("column %s: %s", k.String(), why)
				return false
			}
		case v.Type == gjson.String:
			if at, ok := t.time(v.String()); ok {
				b = append(at.UTC().AppendFormat(append(b, '"'), time.RFC3339), '"')
			} else {
				b = append(b, v.Raw...)
			}
		default:
			b = append(b, v.Raw...)
		}
		return true
	})
	if row.Broken != "" {
		return
	}
	row.JSON = append(b, '}')
	for i, k := range t.s.key {
		if k == "#line" {
			parts[i] = strconv.Itoa(rec.line)
			continue
		}
		found := false
		obj.ForEach(func(name, v gjson.Result) bool {
			if name.String() != k {
				return true
			}
			if v.IsObject() {
				v = v.Get("UUID")
			}
			parts[i], found = v.String(), v.Exists() && v.Type != gjson.Null && v.String() != ""
			return false
		})
		if !found {
			row.Broken = fmt.Sprintf("column %s is empty, and it is the key", k)
			return
		}
	}
	row.Key = strings.Join(parts, "/")
	if len(parts) == 0 {
		row.Key = strconv.Itoa(rec.line)
	}
}

// time reads a text as a time, by time_format or as RFC 3339.
func (t *typer) time(s string) (time.Time, bool) {
	if t.s.layout != "" {
		if at, err := time.ParseInLocation(t.s.layout, s, t.s.zone); err == nil {
			return at, true
		}
	}
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[10] != 'T' {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, s)
	return at, err == nil
}

// huge finds texts that may hold a number beyond a float's range.
var huge = regexp.MustCompile(`\d[eE]\+?\d{3}|\d{309}`)

func overflows(v gjson.Result) bool {
	if v.Type == gjson.Number {
		return math.IsInf(v.Num, 0)
	}
	found := false
	if v.IsObject() || v.IsArray() {
		v.ForEach(func(_, e gjson.Result) bool {
			found = overflows(e)
			return !found
		})
	}
	return found
}

// utf8Problem says what is wrong with bytes that should be UTF-8; empty when nothing is.
func utf8Problem(text []byte) string {
	if utf8.Valid(text) {
		return ""
	}
	return `is not UTF-8; if the file is in another encoding, set encoding = "windows-1251"`
}
