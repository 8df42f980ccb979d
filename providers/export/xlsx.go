package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// xlsx yields the rows of a sheet. Numbers are read as the numbers they are, whoever wrote the file and however a program
// shows them. Dates are read as they are shown, and with class as they are.
func (s *spec) xlsx(r io.Reader, heads func([]string) error, yield func(record, error) bool) {
	fail := func(err error) { yield(record{}, fmt.Errorf("read %s: %w", s.name, err)) }
	content, err := io.ReadAll(r)
	if err != nil {
		fail(s.reason(err))
		return
	}
	f, err := excelize.OpenReader(bytes.NewReader(content))
	if err != nil {
		fail(fmt.Errorf("it is no XLSX file: %w", s.reason(err)))
		return
	}
	defer f.Close()
	sheet := s.sheet
	if sheet == "" {
		sheet = f.GetSheetName(0)
	}
	var o excelize.Options
	if s.model != nil { // as they are shown, dates depend on who looks; a model knows which cells are dates
		o.RawCellValue = true
		if p, err := f.GetWorkbookProps(); err == nil && p.Date1904 != nil {
			s.date1904 = *p.Date1904
		}
	}
	rows, err := f.Rows(sheet)
	if err != nil {
		fail(fmt.Errorf("there is no sheet %q; it has %s", sheet, strings.Join(f.GetSheetList(), ", ")))
		return
	}
	defer rows.Close()
	part, err := openSheet(content, f, sheet)
	if err != nil {
		fail(err)
		return
	}
	defer part.Close()
	numbers := newNumbers(part, f, content)
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
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns(o)
		if err == nil {
			err = numbers.settle(line, cells, o.RawCellValue)
		}
		if err != nil {
			fail(err)
			return
		}
		for i := range cells {
			cells[i] = strings.ToValidUTF8(cells[i], "\uFFFD")
		}
		rec := record{line: line, cells: cells}
		if rec.empty() {
			continue
		}
		if width == 0 {
			if !head(cells) {
				return
			}
			continue
		}
		if len(cells) > width {
			rec.broken = fmt.Sprintf("has %d fields, the heads are %d", len(cells), width)
		}
		for len(rec.cells) < width {
			rec.cells = append(rec.cells, "")
		}
		if !yield(rec, nil) {
			return
		}
	}
	if err := rows.Error(); err != nil {
		fail(err)
		return
	}
	if width == 0 {
		fail(errors.New("the sheet is empty"))
	}
}

// openSheet opens the part of the file that holds a sheet. f is the same file.
func openSheet(content []byte, f *excelize.File, sheet string) (io.ReadCloser, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("it is no XLSX file, or has a password: %w; save it without one", err)
	}
	book := "xl/workbook.xml"
	for _, rel := range relations(f, "_rels/.rels") {
		if strings.HasSuffix(rel.Type, "/officeDocument") {
			book = strings.TrimPrefix(rel.Target, "/")
			break
		}
	}
	rels := relations(f, path.Join(path.Dir(book), "_rels", path.Base(book)+".rels"))
	name := ""
	for _, s := range f.WorkBook.Sheets.Sheet {
		for _, rel := range rels {
			if rel.ID != s.ID || !strings.EqualFold(s.Name, sheet) {
				continue
			}
			target := strings.ReplaceAll(rel.Target, "\\", "/")
			if !strings.HasPrefix(target, "/") {
				target = path.Join(path.Dir(book), target)
			}
			name = strings.TrimPrefix(path.Clean(target), "/")
		}
	}
	for _, file := range z.File {
		if name != "" && strings.ReplaceAll(file.Name, "\\", "/") == name {
			return file.Open()
		}
	}
	return nil, fmt.Errorf("no part of the file holds sheet %q; open it in a spreadsheet program and save it anew", sheet)
}

// A relation says which part of the file an id means.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

// relations are those of a part; none when there is no such part, or it cannot be read.
func relations(f *excelize.File, part string) []relation {
	content, _ := f.Pkg.Load(part)
	text, _ := content.([]byte)
	var rels struct {
		Relationship []relation `xml:"Relationship"`
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = f.CharsetReader
	if err := d.Decode(&rels); err != nil {
		return nil
	}
	return rels.Relationship
}

// numbers goes through a sheet in step with its rows and knows which cells hold numbers. excelize tells a number from a
// text that looks like one only when it has the whole sheet in memory.
type numbers struct {
	d      *xml.Decoder
	f      *excelize.File
	row    int // that begins where d stands; math.MaxInt after the last
	cells  []numberCell
	shared []numberCell // their text is the place of a string in the file's list
	plain  map[int]bool // by style: the cell is the number, whatever it is shown as
	opened bool
	file   []byte // the whole of it
	listed int    // how many strings the file's list has; -1 when they were not counted yet
}

type numberCell struct {
	column, style int // the first column is 1
	text          string
}

func newNumbers(sheet io.Reader, f *excelize.File, file []byte) *numbers {
	d := xml.NewDecoder(sheet)
	d.CharsetReader = f.CharsetReader
	return &numbers{d: d, f: f, plain: map[int]bool{}, file: file, listed: -1}
}

// settle writes numbers into the cells of a row. Lines must ascend. all says that no cell is left as it is shown.
func (n *numbers) settle(line int, cells []string, all bool) error {
	if !n.opened {
		n.opened = true
		if err := n.seek(); err != nil {
			return err
		}
	}
	n.cells, n.shared = n.cells[:0], n.shared[:0]
	for n.row <= line {
		if err := n.read(); err != nil {
			return err
		}
		if err := n.seek(); err != nil {
			return err
		}
	}
	for _, c := range n.shared {
		at, err := strconv.Atoi(strings.TrimSpace(c.text))
		if err == nil && at >= 0 && c.column <= len(cells) && cells[c.column-1] != "" {
			continue // excelize leaves a cell empty when the list has no such string
		}
		if listed := n.strings(); err != nil || at < 0 || at >= listed {
			name, _ := excelize.CoordinatesToCellName(c.column, line)
			return fmt.Errorf("row %d: cell %s shows string %q of the file's list, which has %d; export it again", line, name, c.text, listed)
		}
	}
	for _, c := range n.cells {
		if c.column <= len(cells) && (all || n.isPlain(c.style)) {
			cells[c.column-1] = plainNumber(c.text)
		}
	}
	return nil
}

// strings counts the list of strings that cells share. What cannot be read of it has none.
func (n *numbers) strings() int {
	if n.listed >= 0 {
		return n.listed
	}
	n.listed = 0
	z, err := zip.NewReader(bytes.NewReader(n.file), int64(len(n.file)))
	if err != nil {
		return 0
	}
	for _, file := range z.File {
		if !strings.EqualFold(strings.ReplaceAll(file.Name, "\\", "/"), "xl/sharedStrings.xml") {
			continue
		}
		part, err := file.Open()
		if err != nil {
			return 0
		}
		defer part.Close()
		d := xml.NewDecoder(part)
		d.CharsetReader = n.f.CharsetReader
		for t, err := d.RawToken(); err == nil; t, err = d.RawToken() {
			if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
				n.listed++
			}
		}
		break
	}
	return n.listed
}

// token is the next one; nil at the end.
func (n *numbers) token() (xml.Token, error) {
	t, err := n.d.RawToken()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the sheet breaks off: %w; export it again", err)
	}
	return t, nil
}

// seek goes to the next row.
func (n *numbers) seek() error {
	for {
		t, err := n.token()
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case nil:
			n.row = math.MaxInt
			return nil
		case xml.StartElement:
			if e.Name.Local != "row" {
				continue
			}
			n.row++
			if at, err := strconv.Atoi(attr(e, "r")); err == nil && at != 0 {
				n.row = at
			}
			return nil
		case xml.EndElement:
			if e.Name.Local == "sheetData" {
				n.row = math.MaxInt
				return nil
			}
		}
	}
}

// read takes the cells with numbers of the row that begins here, and those with places of strings.
func (n *numbers) read() error {
	var c numberCell
	column, number, shared, value := 0, false, false, false
	var text strings.Builder
	for {
		t, err := n.token()
		if err != nil || t == nil {
			return err
		}
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "c":
				column++
				if ref := attr(e, "r"); ref != "" {
					if column, _, err = excelize.CellNameToCoordinates(ref); err != nil {
						return err
					}
				}
				c = numberCell{column: column}
				c.style, _ = strconv.Atoi(attr(e, "s"))
				typ := attr(e, "t")
				number, shared = typ == "" || typ == "n", typ == "s"
				text.Reset()
			case "v":
				value = true
			}
		case xml.CharData:
			if value && (number || shared) {
				text.Write(e)
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "v":
				value = false
			case "c":
				switch c.text = text.String(); {
				case number && c.text != "":
					n.cells = append(n.cells, c)
				case shared && c.text != "":
					n.shared = append(n.shared, c)
				}
				number, shared = false, false
			case "row":
				return nil
			}
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

var (
	decimal    = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)
	whole      = regexp.MustCompile(`^([+-]?)0*(\d+)(?:\.0*)?$`)
	bracketed  = regexp.MustCompile(`\[[^\]]*\]`)
	elapsed    = regexp.MustCompile(`(?i)\[(h+|m+|s+)\]`)
	padding    = regexp.MustCompile(`[_*].`)
	literal    = regexp.MustCompile(`"[^"]*"?|\\.`)
	front      = regexp.MustCompile(`^(?:"[^"]*"?|\\.|[^0#?])*`)
	dateLetter = regexp.MustCompile(`(?i)[ymdhs]`)
)

// plainNumber writes a number the short way. Java writes 1042 as 1042.0 and 10042000 as 1.0042E7. A whole number keeps all
// its digits, and what is no number stays as it is.
func plainNumber(text string) string {
	t := strings.TrimSpace(text)
	if m := whole.FindStringSubmatch(t); m != nil {
		if m[1] == "-" && m[2] != "0" {
			return "-" + m[2]
		}
		return m[2]
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil || !decimal.MatchString(t) {
		return text
	}
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// isPlain reports whether a cell of this style is read as its number. Others are read as they are shown.
func (n *numbers) isPlain(style int) bool {
	is, known := n.plain[style]
	if !known {
		is = true
		if st, err := n.f.GetStyle(style); err == nil {
			is = plainFormat(st)
		}
		n.plain[style] = is
	}
	return is
}

// plainFormat reports whether a format only decorates a number. Dates do not, nor do formats that make a name of it, with
// leading zeros or letters in front: 00042, INC-42.
func plainFormat(st *excelize.Style) bool {
	if st.CustomNumFmt == nil {
		id := st.NumFmt
		return id <= 13 || id >= 37 && id <= 44 || id == 48 || id == 49
	}
	code, _, _ := strings.Cut(*st.CustomNumFmt, ";")
	if elapsed.MatchString(code) {
		return false
	}
	code = strings.NewReplacer("General", "0", "GENERAL", "0").Replace(padding.ReplaceAllString(bracketed.ReplaceAllString(code, ""), ""))
	bare := literal.ReplaceAllString(code, "")
	return !dateLetter.MatchString(bare) && !strings.HasPrefix(bare, "00") && !strings.ContainsFunc(front.FindString(code), unicode.IsLetter)
}
