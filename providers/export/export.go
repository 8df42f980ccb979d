// Package export reads collections from files that a customer exported: CSV, JSON Lines and XLSX, each also gzipped.
// Rows stream; a row that cannot be read is yielded as broken, with its place, and reading goes on.
package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"deskform/plan"
)

// Schema describes `data "export"` blocks.
func Schema() plan.SourceSchema {
	return plan.SourceSchema{
		Name: "export",
		Doc:  "A collection from a file: CSV, JSON Lines or XLSX, each also gzipped (`.gz`).",
		Args: []plan.Field{
			{Name: "file", Type: plan.TypeString, Required: true, Doc: "The file, relative to the configuration's folder."},
			{Name: "format", Type: plan.TypeEnum, Enum: []string{"csv", "jsonl", "xlsx"}, Doc: "Taken from the file's ending when left out."},
			{Name: "delimiter", Type: plan.TypeString, Doc: "What separates CSV fields; a comma when left out. `\"\\t\"` is a tabulator."},
			{Name: "encoding", Type: plan.TypeString, Doc: "Character encoding of CSV and JSON Lines by its IANA name (`windows-1251`); UTF-8 when left out."},
			{Name: "quoting", Type: plan.TypeEnum, Enum: []string{"strict", "none"}, Doc: "`strict` (default): double quotes enclose fields and are doubled inside; `none`: a quote is a character like any other."},
			{Name: "header", Type: plan.TypeStrings, Doc: "Column heads, when the file's first row is data already."},
			{Name: "sheet", Type: plan.TypeString, Doc: "Name of the XLSX sheet; the first one when left out. A cell that holds a number is read as that number, dates and formats that make a name of it (`00042`) as they are shown."},
			{Name: "null", Type: plan.TypeStrings, Doc: "Texts that mean null, beside the empty field: `[\"?\"]`. An empty field is null only when it is listed or nothing is."},
			{Name: "time_format", Type: plan.TypeString, Doc: "How times look: `dd.MM.yyyy HH:mm`, `d/M/yyyy HH:mm`, or a Go layout. A column at least two thirds of whose values look so holds times, and a value that does not breaks its row; `types` decides otherwise."},
			{Name: "time_zone", Type: plan.TypeString, Doc: "The IANA zone of times without one; UTC when left out."},
			{Name: "private", Type: plan.TypeString, Doc: "The column that says whether a row is internal (true or false, yes or no, да or нет, 1 or 0): whatever a mapping makes of it, such a row never becomes a message that a customer sees. A column `private` is taken without being named; there, values that are none of these say nothing."},
			{Name: "class", Type: plan.TypeString, Doc: "The class of ITSM 365 that the file shows: `serviceCall`, `employee`. Its heads are captions then, and become the codes of attributes, the texts of states, types, catalogs, links, intervals and truths become values as over the API. The title of a link stands for its UUID, as exports have none, and a row without a UUID column has its key as UUID: `key` is `number` of tickets and `title` of others when left out. Times are `dd.MM.yyyy HH:mm` in Europe/Moscow unless the arguments say otherwise. CSV and XLSX only (IT 4)."},
			{Name: "heads", Type: plan.TypeMap, Doc: "The tenant's own captions: `{ \"Магазин\" = \"shop\" }`. They go before those of the stock configuration. Heads that nobody knows stay as they are, and `pull` lists them: `each[\"Магазин\"]`."},
			{Name: "separator", Type: plan.TypeString, Doc: "What separates several values of a cell, with `class`; a line break or `;` where the cell has one, and else `\", \"`."},
			{Name: "types", Type: plan.TypeMap, Doc: "Types of columns that differ: `{ amount = \"number\", opened = \"time\" }`. A value that does not fit breaks its row."},
		},
	}
}

// Source reads export files. It keeps nothing.
type Source struct{ stock Stock }

var _ plan.Source = (*Source)(nil)

// New makes a source. stock says what the attributes of a class are; nil for a source without the argument class.
func New(stock Stock) (*Source, error) { return &Source{stock}, nil }

// spec is a data block's arguments, checked.
type spec struct {
	name, path, format string
	delimiter          rune
	encoding           encoding.Encoding
	encodingName       string
	quotes             bool
	header             []string
	sheet              string
	null               map[string]bool
	layout             string
	pattern            string // the layout as it was written
	zone               *time.Location
	types              map[string]plan.ColumnType
	key, need          []string
	private            string // the column of the privacy flag
	model              *model // nil without class
	date1904           bool   // of an XLSX file
	unknown            []string
	strangers          strangers // with class, once the columns are known
	rows               int       // with class, once the columns are known
}

// parse checks the arguments of a data block. Its errors name the argument.
func (src *Source) parse(d plan.Data) (*spec, error) {
	text := func(name string) string { s, _ := d.Args[name].(string); return s }
	s := &spec{name: text("file"), format: text("format"), delimiter: ',', quotes: text("quoting") != "none", header: plan.Texts(d.Args["header"]), sheet: text("sheet"),
		private: text("private"), null: map[string]bool{}, zone: time.UTC, types: map[string]plan.ColumnType{}, key: d.Key}
	if s.name == "" {
		return nil, errors.New("file is missing; name the exported file")
	}
	s.path = s.name
	if !filepath.IsAbs(s.path) {
		s.path = filepath.Join(d.Dir, s.path)
	}
	if s.format == "" {
		switch ext := strings.ToLower(filepath.Ext(strings.TrimSuffix(s.name, ".gz"))); ext {
		case ".csv", ".txt", ".tsv":
			s.format = "csv"
		case ".jsonl", ".ndjson":
			s.format = "jsonl"
		case ".xlsx":
			s.format = "xlsx"
		default:
			return nil, fmt.Errorf("the ending of %s tells no format; set format to csv, jsonl or xlsx", s.name)
		}
	}
	if sep := text("delimiter"); sep != "" {
		r := []rune(sep)
		if len(r) != 1 || r[0] == '"' || r[0] == '\n' || r[0] == '\r' {
			return nil, fmt.Errorf("delimiter %q is not one character", sep)
		}
		s.delimiter = r[0]
	}
	if name := text("encoding"); name != "" && !strings.EqualFold(name, "utf-8") && !strings.EqualFold(name, "utf8") {
		enc, err := htmlindex.Get(name)
		if err != nil {
			return nil, fmt.Errorf("encoding %q is not known; use an IANA name such as windows-1251", name)
		}
		s.encoding, s.encodingName = enc, name
	}
	heads, _ := d.Args["heads"].(map[string]plan.Value)
	var err error
	if s.model, err = newModel(text("class"), heads, text("separator"), src.stock); err != nil {
		return nil, err
	}
	nulls, given := d.Args["null"].([]plan.Value)
	for _, v := range nulls {
		if t, ok := v.(string); ok {
			s.null[t] = true
		}
	}
	if !given {
		s.null[""] = true
	}
	if s.model != nil {
		if s.format == "jsonl" {
			return nil, errors.New("class is for the captions of CSV and XLSX; JSON Lines has codes")
		}
		s.layout, s.pattern = layout(shownTime), shownTime
		if s.zone, err = time.LoadLocation("Europe/Moscow"); err != nil {
			return nil, err
		}
	}
	if f := text("time_format"); f != "" {
		s.layout, s.pattern = layout(f), f
		if _, err := time.Parse(s.layout, time.Date(2006, 11, 22, 13, 14, 15, 0, time.UTC).Format(s.layout)); err != nil || s.layout == time.Date(2017, 11, 22, 13, 14, 15, 0, time.UTC).Format(s.layout) {
			return nil, fmt.Errorf("time_format %q says nothing about a time; write it like dd.MM.yyyy HH:mm", f)
		}
	}
	if z := text("time_zone"); z != "" {
		loc, err := time.LoadLocation(z)
		if err != nil {
			return nil, fmt.Errorf("time_zone %q is not known; use an IANA name such as Europe/Moscow", z)
		}
		s.zone = loc
	}
	types, _ := d.Args["types"].(map[string]plan.Value)
	for col, v := range types {
		t, _ := v.(string)
		switch plan.ColumnType(t) {
		case plan.ColumnString, plan.ColumnNumber, plan.ColumnBool:
		case plan.ColumnTime:
			if s.layout == "" {
				s.layout, s.pattern = time.RFC3339, "2006-01-02T15:04:05Z"
			}
		default:
			return nil, fmt.Errorf("types: %s = %q; choose string, number, bool or time", col, t)
		}
		s.types[s.model.name(col)] = plan.ColumnType(t)
	}
	s.need = slices.Concat(d.Key, d.GroupBy)
	if d.By != "" && len(d.Of) == 0 {
		s.need = append(s.need, d.By)
	}
	s.key, s.need = s.names(s.key), s.names(s.need)
	return s, nil
}

// shownTime is how ITSM 365 shows times (IT 4).
const shownTime = "dd.MM.yyyy HH:mm"

// names are columns as the language calls them; a block may name the heads instead.
func (s *spec) names(heads []string) []string {
	out := slices.Clone(heads)
	for i, h := range out {
		out[i] = s.model.name(h)
	}
	return out
}

// layout turns a pattern of the dd.MM.yyyy kind into Go's; a Go layout stays as it is.
func layout(pattern string) string {
	if strings.Contains(pattern, "2006") || strings.Contains(pattern, "06") && strings.Contains(pattern, "01") {
		return pattern
	}
	return strings.NewReplacer("yyyy", "2006", "yy", "06", "MMM", "Jan", "MM", "01", "M", "1", "dd", "02", "d", "2",
		"HH", "15", "H", "15", "hh", "03", "h", "3", "mm", "04", "m", "4", "ss", "05", "SSS", "000", "a", "PM", "XXX", "Z07:00").Replace(pattern)
}

// checkEncoding refuses a file most of whose lines beyond ASCII are in another encoding than the block says: that is not a
// few broken rows.
func (s *spec) checkEncoding() error {
	r, done, err := s.bytes()
	if err != nil {
		return err
	}
	defer done()
	in := rawLines(io.LimitReader(r, 1<<20))
	foreign, bad, first := 0, 0, 0
	for {
		text, err := in.next()
		if err != nil {
			break // the pass over the rows will say what is wrong
		}
		if in.line == 1 && (bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff})) && !strings.HasPrefix(strings.ToLower(s.encodingName), "utf-16") {
			return fmt.Errorf("read %s: it is UTF-16, as its first bytes say; set encoding = \"utf-16le\"", s.name)
		}
		if !bytes.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
			continue
		}
		foreign++
		if utf8Problem(text) != "" {
			if bad++; bad == 1 {
				first = in.line
			}
		}
	}
	switch {
	case s.encoding == nil && bad*2 > foreign:
		return fmt.Errorf("read %s: line %d %s", s.name, first, utf8Problem([]byte{0xff}))
	case s.encoding != nil && foreign > 0 && bad == 0 && !strings.HasPrefix(strings.ToLower(s.encodingName), "utf-16"):
		return fmt.Errorf("read %s: it is UTF-8, and encoding says %s; leave encoding out", s.name, s.encodingName)
	}
	return nil
}

// A record is one row before typing: either cells beside the heads, or JSON as it came.
type record struct {
	line  int
	cells []string
	json  []byte
	more  [][]byte // the lines after the first
	// broken says why the row cannot be read.
	broken string
}

// empty reports whether the row says nothing: an empty line, one of delimiters only, cells that were wiped. It is no row.
func (r record) empty() bool {
	return r.broken == "" && !slices.ContainsFunc(r.cells, func(cell string) bool { return cell != "" })
}

// bytes opens the file, unzipped. done closes it.
func (s *spec) bytes() (r io.Reader, done func(), err error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no file %s; put it there or correct the file argument", s.name)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", s.name, errors.Unwrap(err))
	}
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		return nil, nil, errors.Join(fmt.Errorf("open %s: it is a folder; name the file in it", s.name), f.Close())
	}
	if !strings.HasSuffix(strings.ToLower(s.name), ".gz") {
		return f, func() { f.Close() }, nil
	}
	gz, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read %s: it is not gzipped, in spite of its name (%w); take .gz off the name, or fetch the file again", s.name, err), f.Close())
	}
	return gz, func() { gz.Close(); f.Close() }, nil
}

// reason says what to do about a file that cannot be read to its end.
func (s *spec) reason(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) {
		return fmt.Errorf("the file breaks off or is damaged (%w); it was not copied whole: fetch it again and compare the sizes", err)
	}
	return err
}

// open yields the records of a file. heads is called once, before the first record, for formats that have heads.
func (s *spec) open(heads func([]string) error) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		r, done, err := s.bytes()
		if err != nil {
			yield(record{}, err)
			return
		}
		defer done()
		switch s.format {
		case "csv":
			s.csv(r, heads, yield)
		case "jsonl":
			s.jsonl(r, yield)
		case "xlsx":
			s.xlsx(r, heads, yield)
		}
	}
}

// checkHeads refuses heads that cannot be told apart, and a key that is not among them.
func (s *spec) checkHeads(heads []string) error {
	for i, h := range heads {
		if strings.TrimSpace(h) == "" {
			return fmt.Errorf("read %s: column %d has no head; give it one in the file, or name all columns with header = [...]", s.name, i+1)
		}
		if slices.Index(heads, h) < i {
			return fmt.Errorf("read %s: two columns are called %q; name the columns with header = [...]", s.name, h)
		}
	}
	for _, k := range s.need {
		if k != "#line" && !slices.Contains(heads, k) && (k == "UUID" || !slices.Contains(s.added(heads), k)) {
			return fmt.Errorf("read %s: there is no column %q, which key, group or by names; the columns are %s", s.name, k, strings.Join(heads, ", "))
		}
	}
	for t := range s.types {
		if !slices.Contains(heads, t) {
			return fmt.Errorf("read %s: there is no column %q, which types names", s.name, t)
		}
	}
	return nil
}

// Describe reads the file once: which columns it has, and which of them are times.
func (src *Source) Describe(ctx context.Context, d plan.Data) (plan.RowType, error) {
	s, err := src.parse(d)
	if err != nil {
		return plan.RowType{}, fmt.Errorf("data.%s: %w", d.Address(), err)
	}
	rt := plan.RowType{Columns: map[string]plan.Column{}}
	if s.format != "xlsx" {
		if err := s.checkEncoding(); err != nil {
			return rt, err
		}
	}
	if s.format == "jsonl" {
		err = s.describeJSON(ctx, &rt)
	} else {
		var columns []column
		columns, err = s.infer(ctx)
		for _, c := range columns {
			rt.Columns[c.name] = plan.Column{Type: c.typ, Class: c.class}
		}
	}
	if err != nil {
		return rt, err
	}
	rt.Notes = s.notes()
	rt.Private, rt.Guessed, err = s.flag(rt.Columns)
	return rt, err
}

// flag is the column that says whether a row is internal, and whether its name alone says that; empty when there is none.
func (s *spec) flag(columns map[string]plan.Column) (name string, guessed bool, err error) {
	if s.private == "" {
		if c, ok := columns["private"]; ok {
			return "private", c.Type != plan.ColumnBool, nil
		}
		return "", false, nil
	}
	if _, ok := columns[s.private]; !ok && len(columns) > 0 {
		return "", false, fmt.Errorf("read %s: there is no column %q, which private names; it has %s", s.name, s.private, strings.Join(slices.Sorted(maps.Keys(columns)), ", "))
	}
	return s.private, false, nil
}

// cut is a number of rows that is no accident: exports end at some thousands (IT 4).
const cut = 1000

// notes is what a person should know of a file that was read with class.
func (s *spec) notes() []string {
	if s.model == nil {
		return nil
	}
	var out []string
	if len(s.unknown) > 0 {
		out = append(out, fmt.Sprintf("no caption of class %s, kept as they are: %s; heads = { \"caption\" = \"code\" } names one", s.model.class, strings.Join(s.unknown, ", ")))
	}
	out = append(out, s.strangers.notes(s.model.class)...)
	if s.rows > 0 && s.rows%cut == 0 {
		out = append(out, fmt.Sprintf("has exactly %d rows: exports are cut off at such numbers; compare with the list on the screen, and export in parts, by period", s.rows))
	}
	return out
}

// A column is a head with its type.
type column struct {
	name  string
	typ   plan.ColumnType
	kind  kind   // with class
	class string // where a link leads
}

// unlikely is after how many values without a time among them a column is text.
const unlikely = 1000

// infer finds the heads and the columns that hold times: a text that has a date here and there stays text, and a wrong
// date among right ones is its own row's affair.
func (s *spec) infer(ctx context.Context) ([]column, error) {
	var columns []column
	var maybe []bool // may still hold times
	var times, odd []int
	s.strangers = strangers{}
	for rec, err := range s.open(func(heads []string) error {
		heads, unknown, err := s.rename(heads)
		if err != nil {
			return err
		}
		s.unknown = unknown
		for _, h := range heads {
			c, stock := column{name: h, typ: plan.ColumnString}, false
			if s.model != nil {
				c, stock = s.model.column(h)
			}
			if t, ok := s.types[h]; ok {
				c, stock = column{name: h, typ: t}, true
			}
			columns = append(columns, c)
			maybe = append(maybe, s.layout != "" && !stock)
		}
		times, odd = make([]int, len(heads)), make([]int, len(heads))
		if len(s.key) == 0 {
			s.key = s.ownKey(heads)
		}
		return s.checkHeads(heads)
	}) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return columns, err
		}
		if s.model == nil && !slices.Contains(maybe, true) {
			break
		}
		s.rows++
		if rec.broken != "" {
			continue
		}
		for i, cell := range rec.cells {
			if s.model != nil && !s.null[cell] {
				s.strangers.meet(s.model, columns[i], cell)
			}
			if !maybe[i] || s.null[cell] {
				continue
			}
			if _, ok := s.shown(cell); ok {
				times[i]++
			} else {
				odd[i]++
				maybe[i] = times[i] > 0 || odd[i] < unlikely
			}
		}
	}
	for i := range columns {
		if maybe[i] && times[i] > 0 && times[i] >= 2*odd[i] {
			columns[i].typ = plan.ColumnTime
		}
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	for _, name := range s.added(names) {
		columns = append(columns, column{name: name, typ: plan.ColumnString})
	}
	return columns, nil
}

// shown reads a time as the file shows it; with class, seconds may follow, and the clock may be missing.
func (s *spec) shown(cell string) (time.Time, bool) {
	at, err := time.ParseInLocation(s.layout, cell, s.zone)
	if err != nil && s.model != nil {
		cell = plainSpaces(cell)
		for _, l := range []string{s.layout, s.layout + ":05", "02.01.2006"} {
			if at, err = time.ParseInLocation(l, cell, s.zone); err == nil {
				break
			}
		}
	}
	return at, err == nil
}

// ownKey is the key of rows when the block names none: nil is the line.
func (s *spec) ownKey(heads []string) []string {
	if s.model == nil {
		return nil
	}
	order := []string{"UUID", "title"}
	if s.model.base() == "serviceCall" {
		order = []string{"UUID", "number", "title"}
	}
	for _, k := range order {
		if slices.Contains(heads, k) || k != "UUID" && slices.Contains(s.added(heads), k) {
			return []string{k}
		}
	}
	return nil
}

// added are the columns that every object has over the API, and that follow from the others: the key stands for the UUID,
// the argument class for the type, and a person's name is the title (IT 3.4).
func (s *spec) added(heads []string) []string {
	if s.model == nil {
		return nil
	}
	var out []string
	if s.model.base() == "employee" && !slices.Contains(heads, "title") && slices.Contains(heads, "lastName") {
		out = append(out, "title")
	}
	for _, name := range []string{"metaClass", "UUID"} {
		if !slices.Contains(heads, name) {
			out = append(out, name)
		}
	}
	return out
}

// Rows yields the rows of a file. Owners are not asked: a file has all of them.
func (src *Source) Rows(ctx context.Context, d plan.Data, _ iter.Seq2[string, error]) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		s, err := src.parse(d)
		if err != nil {
			yield(plan.Row{}, fmt.Errorf("data.%s: %w", d.Address(), err))
			return
		}
		var columns []column
		if s.format != "jsonl" {
			if columns, err = s.infer(ctx); err != nil {
				yield(plan.Row{}, err)
				return
			}
		}
		t := newTyper(s, columns)
		for rec, err := range s.open(func([]string) error { return nil }) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(plan.Row{}, err)
				return
			}
			if !yield(t.row(rec), nil) {
				return
			}
		}
	}
}
