package export_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/export"
)

// Java writes numbers as 1042.0 and 1.0042E7. They read as what they are, and texts that look so stay texts.
func TestNumbersOfXLSX(t *testing.T) {
	text := func(ref, s string) string { return `<c r="` + ref + `" t="inlineStr"><is><t>` + s + `</t></is></c>` }
	num := func(ref, s string) string { return `<c r="` + ref + `"><v>` + s + `</v></c>` }
	heads := `<row r="1">` + text("A1", "Номер") + text("B1", "Тема") + text("C1", "Телефон") + text("D1", "Внешний номер") + `</row>`
	type row struct{ name, cells, want string }
	rows := []row{
		{"whole", num("A2", "1042.0") + text("B2", "a") + num("C2", "7.9991234567E10") + num("D2", "12.0"), `1042 {"number":1042,"shortDescr":"a","phone":"79991234567","Внешний номер":"12","metaClass":"serviceCall","UUID":"1042"}`},
		{"with an exponent", num("A3", "1.0042E7") + num("B3", "5.0") + num("C3", "-3.0E-2") + num("D3", "12.5"), `10042000 {"number":10042000,"shortDescr":"5","phone":"-0.03","Внешний номер":"12.5","metaClass":"serviceCall","UUID":"10042000"}`},
		{"texts", text("A4", "1044") + text("B4", "1042.0") + text("C4", "7.9E10") + text("D4", "0012"), `1044 {"number":1044,"shortDescr":"1042.0","phone":"7.9E10","Внешний номер":"0012","metaClass":"serviceCall","UUID":"1044"}`},
		{"text of a formula, and its number", num("A5", "1045.0") + `<c r="B5" t="str"><f>A1</f><v>2.0</v></c><c r="C5"><f>1+1</f><v>2.0</v></c><c r="D5" t="n"><v>3.0</v></c>`, `1045 {"number":1045,"shortDescr":"2.0","phone":"2","Внешний номер":"3","metaClass":"serviceCall","UUID":"1045"}`},
		{"all digits stay", num("A6", "1046") + text("B6", "9007199254740993") + num("C6", "9007199254740993") + num("D6", "0.10000000000000001"), `1046 {"number":1046,"shortDescr":"9007199254740993","phone":"9007199254740993","Внешний номер":"0.1","metaClass":"serviceCall","UUID":"1046"}`},
		{"cells without places", strings.NewReplacer(` r="A7"`, "", ` r="B7"`, "", ` r="C7"`, "", ` r="D7"`, "").Replace(num("A7", "1047.0") + text("B7", "1.0") + num("C7", "1.0") + num("D7", "-0.0")), `1047 {"number":1047,"shortDescr":"1.0","phone":"1","Внешний номер":"0","metaClass":"serviceCall","UUID":"1047"}`},
	}
	data, want := heads, ""
	for i, r := range rows {
		data += fmt.Sprintf(`<row r="%d">%s</row>`, i+2, r.cells)
	}
	data += `<row r="9"><c r="A9"/></row><row r="12">` + num("A12", "1048.0") + text("B12", "after a gap") + `</row>`
	rows = append(rows, row{"", "", `1048 {"number":1048,"shortDescr":"after a gap","phone":null,"Внешний номер":null,"metaClass":"serviceCall","UUID":"1048"}`})
	_, got, err := readClass(t, "a.xlsx", sheetData(t, data, ""), plan.Data{Args: args{"class": "serviceCall", "heads": map[string]plan.Value{"Телефон": "phone"}}})
	if err != nil || len(got) != len(rows) {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, r := range got {
		if want = rows[i].want; fmt.Sprintf("%s %s%s", r.Key, r.JSON, r.Broken) != want {
			t.Errorf("%s: %s %s%s\nwant %s", rows[i].name, r.Key, r.JSON, r.Broken, want)
		}
	}
}

// Without class, formats that only decorate a number do not count; dates and names made of numbers are read as shown.
func TestFormatsOfXLSX(t *testing.T) {
	for _, tt := range []struct{ format, value, want string }{
		{"General", "1.0042E7", "10042000"},
		{"0.00", "1042.0", "1042"},
		{"#,##0;[Red]-#,##0", "1042.0", "1042"},
		{`_-* #,##0.00 "р."_-`, "1042.5", "1042.5"},
		{"0.00E+00", "1.0042E7", "10042000"},
		{"@", "1042.0", "1042"},
		{`[<=9999999]###-####;(###) ###-####`, "7.9991234567E10", "79991234567"},
		{"00000", "42.0", "00042"},
		{`"INC-"0`, "1042.0", "INC-1042"},
		{`dd\.mm\.yyyy\ hh:mm`, "46083.5", "02.03.2026 12:00"},
		{"[h]:mm", "1.5", "36:00"},
	} {
		styles := `<numFmts count="1"><numFmt numFmtId="164" formatCode="` + strings.NewReplacer(`"`, "&quot;", "<", "&lt;").Replace(tt.format) + `"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>`
		got, err := read(t, "a.xlsx", sheetData(t, `<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="2"><c r="A2" s="1"><v>`+tt.value+`</v></c></row>`, styles), []string{"a"}, nil)
		if want := tt.want + ` line 2 {"a":"` + tt.want + "\"}\n"; err != nil || got != want {
			t.Errorf("%s: %s %v, want %s", tt.format, got, err, want)
		}
	}
}

// A sheet that ends in the middle is no shorter list.
func TestSheetBreaksOff(t *testing.T) {
	_, err := read(t, "a.xlsx", sheetData(t, `<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row><!--`, ""), []string{"1"}, nil)
	if err == nil || !strings.Contains(err.Error(), "a.xlsx: the sheet breaks off") {
		t.Error(err)
	}
}

// A cell of type d holds its date as ISO 8601 does, where others hold a number of days.
func TestDateCellsOfXLSX(t *testing.T) {
	data := `<row r="1"><c r="A1" t="str"><v>Номер</v></c><c r="B1" t="str"><v>Дата решения</v></c></row>`
	want := []string{"2026-03-02T09:30:00Z", "2026-03-02T09:30:00Z", "2026-03-01T21:00:00Z", "2026-03-02T09:30:00Z"}
	for i, at := range []string{"2026-03-02T12:30:00", "2026-03-02T12:30:00.000", "2026-03-02", "2026-03-02T09:30:00Z"} {
		data += fmt.Sprintf(`<row r="%d"><c r="A%[1]d"><v>%[1]d</v></c><c r="B%[1]d" t="d"><v>%s</v></c></row>`, i+2, at)
	}
	_, rows, err := readClass(t, "a.xlsx", sheetData(t, data, ""), plan.Data{Args: args{"class": "serviceCall"}})
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, r := range rows {
		if !strings.Contains(string(r.JSON), `"dateDecision":"`+want[i]+`"`) || r.Broken != "" {
			t.Errorf("%s %s, want %s", r.JSON, r.Broken, want[i])
		}
	}
}

// A cell whose string the file does not have is no empty cell.
func TestSharedStringsOfXLSX(t *testing.T) {
	for text, want := range map[string]string{"x": `cell B2 shows string "x" of the file's list, which has 0`, "7": `row 2: cell B2 shows string "7"`, "-1": `"-1"`, "1.0": `"1.0"`} {
		_, err := read(t, "a.xlsx", sheetData(t, `<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>a</v></c></row><row r="2"><c r="A2"><v>1</v></c><c r="B2" t="s"><v>`+text+`</v></c></row>`, ""), []string{"id"}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "read a.xlsx: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Rows of delimiters, or of cells that were wiped, are no rows, whatever the format.
func TestEmptyRows(t *testing.T) {
	want := "1 line 2 {\"id\":\"1\",\"a\":\"x\",\"b\":null}\n2 line 6 {\"id\":\"2\",\"a\":null,\"b\":\"y\"}\n"
	got, err := read(t, "a.csv", []byte("id;a;b\n1;x;\n;;\n\"\";\"\";\n;;;;\r\n2;;y\n;;\n"), []string{"id"}, args{"delimiter": ";"})
	if err != nil || got != want {
		t.Errorf("CSV: %s%v\nwant %s", got, err, want)
	}
	if got, err = read(t, "a.csv", []byte(";;\n\nid;a;b\n;;\n1;x;\n"), []string{"id"}, args{"delimiter": ";"}); err != nil || got != "1 line 5 {\"id\":\"1\",\"a\":\"x\",\"b\":null}\n" {
		t.Errorf("before the heads: %s%v", got, err)
	}
	cells := [][]string{{"id", "a", "b"}, {"1", "x", ""}, {"", "", ""}, {"", ""}, {"", "", "", ""}, {"2", "", "y"}, {}}
	if got, err = read(t, "a.xlsx", sheet(t, cells), []string{"id"}, nil); err != nil || got != want {
		t.Errorf("XLSX: %s%v\nwant %s", got, err, want)
	}
	formula := `<row r="1"><c r="A1" t="str"><v>id</v></c></row><row r="2"><c r="A2" t="str"><f>""</f><v></v></c></row><row r="3"><c r="A3" t="str"><v>1</v></c></row>`
	if got, err = read(t, "a.xlsx", sheetData(t, formula, ""), []string{"id"}, nil); err != nil || got != "1 line 3 {\"id\":\"1\"}\n" {
		t.Errorf("a formula without a text: %s%v", got, err)
	}
}

// BenchmarkXLSX reads rows of 25 columns, half of them numbers; its metric is rows a second.
func BenchmarkXLSX(b *testing.B) {
	const rows = 5000
	var data strings.Builder
	for r := range rows + 1 {
		fmt.Fprintf(&data, `<row r="%d">`, r+1)
		for c := range 25 {
			if c%2 == 0 && r > 0 {
				fmt.Fprintf(&data, `<c r="%c%d"><v>%d.0</v></c>`, 'A'+c, r+1, r)
			} else {
				fmt.Fprintf(&data, `<c r="%c%d" t="inlineStr"><is><t>text %d</t></is></c>`, 'A'+c, r+1, c)
			}
		}
		data.WriteString(`</row>`)
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.xlsx"), sheetData(b, data.String(), ""), 0o600); err != nil {
		b.Fatal(err)
	}
	src, _ := export.New(nil)
	d := plan.Data{Type: "export", Name: "x", Dir: dir, Key: []string{"text 0"}, Args: map[string]plan.Value{"file": "a.xlsx"}}
	for b.Loop() {
		n := 0
		for _, err := range src.Rows(b.Context(), d, nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != rows {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
