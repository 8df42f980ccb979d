package export_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"deskform/plan"
	"deskform/providers/export"
)

type args map[string]plan.Value

// read reads content as a file and gives one line a row: its key, where it stands, and its values or what is wrong.
func read(t *testing.T, name string, content []byte, key []string, a args) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	d := plan.Data{Type: "export", Name: "x", Dir: dir, Key: key, Args: map[string]plan.Value{"file": name}}
	for k, v := range a {
		d.Args[k] = v
	}
	src, err := export.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Describe(t.Context(), d); err != nil {
		return "", err
	}
	var out strings.Builder
	for r, err := range src.Rows(t.Context(), d, nil) {
		if err != nil {
			return out.String(), err
		}
		if r.Broken != "" {
			fmt.Fprintf(&out, "%s: %s\n", r.Pos, r.Broken)
		} else {
			fmt.Fprintf(&out, "%s %s %s\n", r.Key, r.Pos, r.JSON)
		}
	}
	return out.String(), nil
}

func list(s ...plan.Value) []plan.Value { return s }

func TestRows(t *testing.T) {
	cyrillic, err := charmap.Windows1251.NewEncoder().String("id;имя\n1;Анна\n")
	if err != nil {
		t.Fatal(err)
	}
	id := []string{"id"}
	for name, tt := range map[string]struct {
		file, content string
		key           []string
		args          args
		want          string
	}{
		"a comma, quotes, a quote doubled, a line break inside": {"a.csv", "id,text\n1,\"a, \"\"b\"\"\nc\"\n2,\n", id, nil,
			"1 line 2 {\"id\":\"1\",\"text\":\"a, \\\"b\\\"\\nc\"}\n2 line 4 {\"id\":\"2\",\"text\":null}\n"},
		"semicolons and windows-1251": {"a.csv", cyrillic, id, args{"delimiter": ";", "encoding": "windows-1251"}, "1 line 2 {\"id\":\"1\",\"имя\":\"Анна\"}\n"},
		"a mark of the byte order, CRLF, an empty line, no line break at the end": {"a.csv", "\xef\xbb\xbfid,a\r\n1,x\r\n\r\n2,y", id, nil,
			"1 line 2 {\"id\":\"1\",\"a\":\"x\"}\n2 line 4 {\"id\":\"2\",\"a\":\"y\"}\n"},
		"broken rows are told with their line and take no other row along": {"a.csv", "id,a\n1,x\n2\n3,\"never closed\n4,y\n5,a\"b\n6,\xff\n7,я\n8,я\n", id, nil,
			"1 line 2 {\"id\":\"1\",\"a\":\"x\"}\nline 3: has 1 fields, the heads are 2\nline 4: BROKEN\n4 line 5 {\"id\":\"4\",\"a\":\"y\"}\nline 6: BROKEN\nline 7: BROKEN\n7 line 8 {\"id\":\"7\",\"a\":\"я\"}\n8 line 9 {\"id\":\"8\",\"a\":\"я\"}\n"},
		"a quote is a character like any other":                     {"a.csv", "id,a\n1,\"x\n", id, args{"quoting": "none"}, "1 line 2 {\"id\":\"1\",\"a\":\"\\\"x\"}\n"},
		"heads of our own":                                          {"a.csv", "1,x\n", id, args{"header": list("id", "a")}, "1 line 1 {\"id\":\"1\",\"a\":\"x\"}\n"},
		"two columns are the key":                                   {"a.csv", "a,b\n1,x\n1,y\n", []string{"a", "b"}, nil, "1/x line 2 {\"a\":\"1\",\"b\":\"x\"}\n1/y line 3 {\"a\":\"1\",\"b\":\"y\"}\n"},
		"the line is the key":                                       {"a.csv", "a\nx\nx\n", []string{"#line"}, nil, "2 line 2 {\"a\":\"x\"}\n3 line 3 {\"a\":\"x\"}\n"},
		"a row without its key is broken":                           {"a.csv", "id,a\n,x\n", id, nil, "line 2: BROKEN\n"},
		"what null is: the texts that are listed, and nothing else": {"a.csv", "id,a,b\n1,?,\n", id, args{"null": list("?")}, "1 line 2 {\"id\":\"1\",\"a\":null,\"b\":\"\"}\n"},
		"times by their look, in winter and in summer": {"a.csv", "id,at\n1,02.01.2026 09:14\n2,02.07.2026 09:14\n3,\n", id, args{"time_format": "dd.MM.yyyy HH:mm", "time_zone": "Europe/Berlin"},
			"1 line 2 {\"id\":\"1\",\"at\":\"2026-01-02T08:14:00Z\"}\n2 line 3 {\"id\":\"2\",\"at\":\"2026-07-02T07:14:00Z\"}\n3 line 4 {\"id\":\"3\",\"at\":null}\n"},
		"a wrong date among right ones breaks its own row": {"a.csv", "id,at\n1,02.01.2026 09:14\n2,31.02.2026 10:00\n3,03.01.2026 09:14\n", id, args{"time_format": "dd.MM.yyyy HH:mm"},
			"1 line 2 {\"id\":\"1\",\"at\":\"2026-01-02T09:14:00Z\"}\nline 3: column at: is no time of the form dd.MM.yyyy HH:mm\n3 line 4 {\"id\":\"3\",\"at\":\"2026-01-03T09:14:00Z\"}\n"},
		"a text with a date by chance stays text": {"a.csv", "id,note\n1,call back\n2,02.01.2026 09:14\n3,soon\n", id, args{"time_format": "dd.MM.yyyy HH:mm"},
			"1 line 2 {\"id\":\"1\",\"note\":\"call back\"}\n2 line 3 {\"id\":\"2\",\"note\":\"02.01.2026 09:14\"}\n3 line 4 {\"id\":\"3\",\"note\":\"soon\"}\n"},
		"dates that are said to be text": {"a.csv", "id,note\n1,02.01.2026 09:14\n", id, args{"time_format": "dd.MM.yyyy HH:mm", "types": map[string]plan.Value{"note": "string"}},
			"1 line 2 {\"id\":\"1\",\"note\":\"02.01.2026 09:14\"}\n"},
		"half of the values are no reason to call a column times": {"a.csv", "id,at\n1,02.01.2026 09:14\n2,soon\n", id, args{"time_format": "dd.MM.yyyy HH:mm"},
			"1 line 2 {\"id\":\"1\",\"at\":\"02.01.2026 09:14\"}\n2 line 3 {\"id\":\"2\",\"at\":\"soon\"}\n"},
		"unless it is said to be one, then its row is broken": {"a.csv", "id,at\n1,02.01.2026 09:14\n2,soon\n", id, args{"time_format": "dd.MM.yyyy HH:mm", "types": map[string]plan.Value{"at": "time"}},
			"1 line 2 {\"id\":\"1\",\"at\":\"2026-01-02T09:14:00Z\"}\nline 3: BROKEN\n"},
		"numbers and truths when they are said to be": {"a.csv", "id,n,on\n1,4.5,true\n2,x,false\n", id, args{"types": map[string]plan.Value{"n": "number", "on": "bool"}},
			"1 line 2 {\"id\":\"1\",\"n\":4.5,\"on\":true}\nline 3: BROKEN\n"},
		"JSON Lines": {"a.jsonl", "{\"id\":7,\"a\":{\"b\":[1,null]},\"at\":\"2026-01-05T13:00:00+03:00\"}\n\n[1]\n{\"id\":\n{\"a\":1}\n", id, nil,
			"7 line 1 {\"id\":7,\"a\":{\"b\":[1,null]},\"at\":\"2026-01-05T10:00:00Z\"}\nline 3: BROKEN\nline 4: BROKEN\nline 5: BROKEN\n"},
	} {
		got, err := read(t, tt.file, []byte(tt.content), tt.key, tt.args)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		gots, wants := strings.SplitAfter(got, "\n"), strings.SplitAfter(tt.want, "\n")
		same := len(gots) == len(wants)
		for i := range min(len(gots), len(wants)) {
			pos, broken := strings.CutSuffix(wants[i], " BROKEN\n") // the words are free, the place is not
			same = same && (gots[i] == wants[i] || broken && strings.HasPrefix(gots[i], pos+" "))
		}
		if !same {
			t.Errorf("%s:\n%swant\n%s", name, got, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	id := []string{"id"}
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	if _, err := zip.Write([]byte("id,a\n" + strings.Repeat("1,x\n", 100))); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	half := zipped.String()[:zipped.Len()-12]
	for name, tt := range map[string]struct {
		file, content string
		key           []string
		args          args
		want          string
	}{
		"no such file":             {"a.csv", "", id, args{"file": "b.csv"}, "there is no file b.csv"},
		"an empty file":            {"a.csv", "", id, nil, "a.csv: the file is empty"},
		"no key":                   {"a.csv", "a,b\n1,2\n", id, nil, `there is no column "id"`},
		"no key in any row":        {"a.jsonl", `{"a":1}`, id, nil, `no row has the column "id"`},
		"the same head twice":      {"a.csv", "id,a,a\n", id, nil, `two columns are called "a"`},
		"another encoding":         {"a.csv", "id,a\n1,\xc0\xed\xed\xe0\n2,\xc1\xee\xe1\n", id, nil, "line 2"},
		"no encoding of that name": {"a.csv", "id\n", id, args{"encoding": "windows-1259"}, `encoding "windows-1259" is not known`},
		"no zone of that name":     {"a.csv", "id\n", id, args{"time_zone": "Moscow"}, `time_zone "Moscow" is not known`},
		"no time in the format":    {"a.csv", "id\n", id, args{"time_format": "soon"}, `time_format "soon" says nothing`},
		"no format by the ending":  {"a.dat", "id\n", id, nil, "the ending of a.dat tells no format"},
		"a delimiter of two":       {"a.csv", "id\n", id, args{"delimiter": ";;"}, `delimiter ";;"`},
		"no gzip":                  {"a.csv.gz", "id\n", id, nil, "it is not gzipped"},
		"half a file":              {"a.csv.gz", half, id, nil, "it was not copied whole: fetch it again"},
		"a head that is empty":     {"a.csv", "id,a, \n", id, nil, "column 3 has no head"},
		"a folder":                 {"a.csv", "id\n", id, args{"file": ".", "format": "csv"}, "it is a folder; name the file in it"},
		"no XLSX":                  {"a.xlsx", "id\n", id, nil, "it is no XLSX file"},
		"a type that is none":      {"a.csv", "id\n", id, args{"types": map[string]plan.Value{"id": "money"}}, `id = "money"`},
		"a type of no column":      {"a.csv", "id\n", id, args{"types": map[string]plan.Value{"ix": "number"}}, `there is no column "ix"`},
	} {
		if _, err := read(t, tt.file, []byte(tt.content), tt.key, tt.args); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestXLSX(t *testing.T) {
	book := excelize.NewFile()
	if _, err := book.NewSheet("People"); err != nil {
		t.Fatal(err)
	}
	for i, row := range [][]any{{"id", "name", "n"}, {"1", "Анна", 4}, {}, {"2", "Bob"}, {"3", "x", 1, "too many"}} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = book.SetSheetRow("People", cell, &row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var content bytes.Buffer
	if err := book.Write(&content); err != nil {
		t.Fatal(err)
	}
	got, err := read(t, "a.xlsx", content.Bytes(), []string{"id"}, args{"sheet": "People", "types": map[string]plan.Value{"n": "number"}})
	want := "1 line 2 {\"id\":\"1\",\"name\":\"Анна\",\"n\":4}\n2 line 4 {\"id\":\"2\",\"name\":\"Bob\",\"n\":null}\nline 5: has 4 fields, the heads are 3\n"
	if err != nil || got != want {
		t.Errorf("%v\n%swant\n%s", err, got, want)
	}
	if _, err := read(t, "a.xlsx", content.Bytes(), []string{"id"}, args{"sheet": "Leute"}); err == nil || !strings.Contains(err.Error(), `no sheet "Leute"; it has Sheet1, People`) {
		t.Errorf("%v", err)
	}
}

// FuzzCSV: whatever the bytes, every line that is more than delimiters belongs to a row, and a sound row is valid.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("id,a\n1,\"x\ny\"\n2,\"\n3,z\n"), false)
	f.Add([]byte("id;a\r\n\r\n\xff\n"), true)
	f.Add([]byte("\xef\xbb\xbf\"id\",\"a\"\"b\"\n,,,\n\x00"), false)
	f.Fuzz(func(t *testing.T, content []byte, plain bool) {
		a := args{"header": list("id", "a")}
		if plain {
			a["quoting"] = "none"
		}
		fuzz(t, "a.csv", content, a)
	})
}

func FuzzJSONLines(f *testing.F) {
	f.Add([]byte("{\"id\":1,\"a\":\"\\u0000\"}\n{\"id\":\n[1]\n"))
	f.Add([]byte(`{"id":{"UUID":"x"},"at":"2026-01-05T10:00:00Z"}`))
	f.Add([]byte(`{"id":1e400,"a":-0.0,"a":2}`))
	f.Fuzz(func(t *testing.T, content []byte) { fuzz(t, "a.jsonl", content, nil) })
}

func FuzzXLSX(f *testing.F) {
	book := excelize.NewFile()
	if err := book.SetSheetRow("Sheet1", "A1", &[]any{"id", "a"}); err != nil {
		f.Fatal(err)
	}
	var content bytes.Buffer
	if err := book.Write(&content); err != nil {
		f.Fatal(err)
	}
	f.Add(content.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) { fuzz(t, "a.xlsx", content, args{"header": list("id", "a")}) })
}

func fuzz(t *testing.T, name string, content []byte, a args) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	d := plan.Data{Type: "export", Name: "x", Dir: dir, Key: []string{"#line"}, Args: map[string]plan.Value{"file": name}}
	for k, v := range a {
		d.Args[k] = v
	}
	src, _ := export.New(nil)
	covered := map[string]bool{}
	for r, err := range src.Rows(context.Background(), d, nil) {
		if err != nil {
			return // said, and nothing is guessed
		}
		if covered[r.Pos] {
			t.Errorf("two rows stand at %s", r.Pos)
		}
		covered[r.Pos] = true
		if r.Broken == "" && (r.Key == "" || !bytes.HasPrefix(r.JSON, []byte("{"))) {
			t.Errorf("%s is sound and is %q %s", r.Pos, r.Key, r.JSON)
		}
		if r.Broken == "" {
			var values map[string]any
			if err := json.Unmarshal(r.JSON, &values); err != nil {
				t.Errorf("%s: %v", r.Pos, err)
			}
		}
	}
	if name != "a.csv" || a["quoting"] != "none" {
		return
	}
	for i, line := range strings.Split(strings.TrimPrefix(string(content), "\xef\xbb\xbf"), "\n") {
		if strings.Trim(strings.TrimSuffix(line, "\r"), ",") != "" && !covered[fmt.Sprint("line ", i+1)] {
			t.Errorf("line %d, %q, is in no row", i+1, line)
		}
	}
}

// BenchmarkCSV reads rows of 1 KB with 25 columns; its metric is rows a second.
func BenchmarkCSV(b *testing.B) {
	var content bytes.Buffer
	content.WriteString("id")
	for i := range 24 {
		fmt.Fprintf(&content, ",c%d", i)
	}
	const rows = 20000
	for i := range rows {
		fmt.Fprintf(&content, "\n%d", i)
		for range 24 {
			content.WriteString(",forty characters of text in each of these c")
		}
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.csv"), content.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	src, _ := export.New(nil)
	d := plan.Data{Type: "export", Name: "x", Dir: dir, Key: []string{"id"}, Args: map[string]plan.Value{"file": "a.csv"}}
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
