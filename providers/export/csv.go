package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"deskform/plan"
)

// bom is what some programs put before UTF-8.
var bom = []byte{0xEF, 0xBB, 0xBF}

// lines reads physical lines as UTF-8.
type lines struct {
	r    *bufio.Reader
	line int
	back [][]byte // lines that were given back, the next one first
}

// unread gives lines back that turned out not to belong to the row before them.
func (l *lines) unread(ls [][]byte) {
	l.back = append(slices.Clone(ls), l.back...)
	l.line -= len(ls)
}

func (s *spec) lines(r io.Reader) *lines {
	if s.encoding != nil {
		r = s.encoding.NewDecoder().Reader(r)
	}
	return rawLines(r)
}

// rawLines reads lines as they are, but for the mark of the byte order.
func rawLines(r io.Reader) *lines {
	b := bufio.NewReaderSize(r, 1<<16)
	if head, err := b.Peek(3); err == nil && bytes.Equal(head, bom) {
		if _, err := b.Discard(3); err != nil {
			panic(err) // what was peeked is there
		}
	}
	return &lines{r: b}
}

// next returns one line with its end, io.EOF after the last.
func (l *lines) next() ([]byte, error) {
	if len(l.back) > 0 {
		text := l.back[0]
		l.back = l.back[1:]
		l.line++
		return text, nil
	}
	text, err := l.r.ReadBytes('\n')
	if len(text) > 0 {
		l.line++
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	return text, err
}

// csv yields the rows of a CSV file. A row that is broken ends where the next line begins: a quote that is never closed
// swallows no other row.
func (s *spec) csv(r io.Reader, heads func([]string) error, yield func(record, error) bool) {
	in := s.lines(r)
	width := 0
	head := func(cells []string) bool {
		width = len(cells)
		if err := heads(cells); err != nil {
			yield(record{}, err)
			return false
		}
		return true
	}
	if len(s.header) > 0 && !head(s.header) {
		return
	}
	for {
		rec, err := s.csvRow(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			yield(record{}, fmt.Errorf("read %s, line %d: %w", s.name, in.line, s.reason(err)))
			return
		}
		if rec.empty() {
			continue
		}
		if width == 0 {
			if rec.broken != "" {
				yield(record{}, fmt.Errorf("read %s: line %d, the column heads, %s", s.name, rec.line, rec.broken))
				return
			}
			if !head(rec.cells) {
				return
			}
			continue
		}
		if rec.broken == "" && len(rec.cells) != width {
			rec.broken = fmt.Sprintf("has %d fields, the heads are %d", len(rec.cells), width)
		}
		if rec.broken != "" {
			in.unread(rec.more)
		}
		if !yield(rec, nil) {
			return
		}
	}
	if width == 0 {
		yield(record{}, fmt.Errorf("read %s: the file is empty", s.name))
	}
}

// maxLines is how many lines one quoted field may go over.
const maxLines = 1000

// csvRow reads one row, which may go over several lines.
func (s *spec) csvRow(in *lines) (record, error) {
	text, err := in.next()
	rec := record{line: in.line}
	if err != nil {
		return rec, err
	}
	if why := utf8Problem(text); why != "" {
		rec.broken = why
		return rec, nil
	}
	if bytes.IndexByte(text, 0) >= 0 {
		rec.broken = "has a NUL byte"
		return rec, nil
	}
	if !s.quotes || bytes.IndexByte(text, '"') < 0 {
		line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
		rec.cells = strings.Split(line, string(s.delimiter))
		return rec, nil
	}
	// Quotes: take lines until they are even, then let the library read the row.
	quotes := bytes.Count(text, []byte{'"'})
	for quotes%2 == 1 {
		if len(rec.more) == maxLines {
			rec.broken = "has a quote that is never closed"
			return rec, nil
		}
		more, err := in.next()
		if errors.Is(err, io.EOF) {
			rec.broken = "has a quote that is never closed"
			return rec, nil
		}
		if err != nil {
			return rec, err
		}
		rec.more = append(rec.more, more)
		if why := utf8Problem(more); why != "" {
			rec.broken = "has a quote that is not closed before a line that " + why
			return rec, nil
		}
		quotes += bytes.Count(more, []byte{'"'})
	}
	text = bytes.Join(append([][]byte{text}, rec.more...), nil)
	c := csv.NewReader(bytes.NewReader(text))
	c.Comma, c.FieldsPerRecord = s.delimiter, -1
	cells, err := c.Read()
	if err != nil {
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		rec.broken = err.Error()
		return rec, nil
	}
	rec.cells = cells
	if _, err := c.Read(); !errors.Is(err, io.EOF) {
		rec.broken = "has quotes in the wrong place"
	}
	return rec, nil
}

// jsonl yields the rows of a JSON Lines file.
func (s *spec) jsonl(r io.Reader, yield func(record, error) bool) {
	in := s.lines(r)
	for {
		text, err := in.next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(record{}, fmt.Errorf("read %s, line %d: %w", s.name, in.line, s.reason(err)))
			return
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		rec := record{line: in.line, json: text}
		if why := utf8Problem(text); why != "" {
			rec.broken = why
		} else if !json.Valid(text) {
			rec.broken = "is no JSON"
		} else if text[0] != '{' {
			rec.broken = "is no JSON object"
		}
		if !yield(rec, nil) {
			return
		}
	}
}

// describeJSON finds the columns of a JSON Lines file: the union over its rows.
func (s *spec) describeJSON(ctx context.Context, rt *plan.RowType) error {
	for rec, err := range s.open(func([]string) error { return nil }) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if rec.broken != "" {
			continue
		}
		gjson.ParseBytes(rec.json).ForEach(func(k, v gjson.Result) bool {
			typ, ok := s.types[k.String()]
			if !ok {
				typ = s.jsonType(v)
			}
			if typ == "" {
				if _, known := rt.Columns[k.String()]; !known {
					rt.Columns[k.String()] = plan.Column{Type: plan.ColumnAny}
				}
				return true
			}
			old, known := rt.Columns[k.String()]
			switch {
			case !known, old.Type == plan.ColumnAny:
			case old.Type != typ && (old.Type == plan.ColumnTime || typ == plan.ColumnTime):
				typ = plan.ColumnString
			case old.Type != typ:
				typ = plan.ColumnAny
			}
			rt.Columns[k.String()] = plan.Column{Type: typ}
			return true
		})
	}
	for _, k := range s.need {
		if _, ok := rt.Columns[k]; !ok && k != "#line" && len(rt.Columns) > 0 {
			return fmt.Errorf("read %s: no row has the column %q, which key, group or by names", s.name, k)
		}
	}
	return nil
}

func (s *spec) jsonType(v gjson.Result) plan.ColumnType {
	switch v.Type {
	case gjson.Null:
		return ""
	case gjson.Number:
		return plan.ColumnNumber
	case gjson.True, gjson.False:
		return plan.ColumnBool
	case gjson.String:
		if s.null[v.String()] {
			return ""
		}
		layouts := []string{time.RFC3339}
		if s.layout != "" {
			layouts = append(layouts, s.layout)
		}
		for _, l := range layouts {
			if _, err := time.Parse(l, v.String()); err == nil {
				return plan.ColumnTime
			}
		}
		return plan.ColumnString
	}
	if v.IsArray() {
		return plan.ColumnList
	}
	if v.Get("UUID").Exists() {
		return plan.ColumnLink
	}
	return plan.ColumnObject
}
