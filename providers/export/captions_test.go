package export_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"deskform/plan"
	"deskform/providers/export"
)

// stock is a model of two classes for the tests.
func stock(class string) map[string]plan.Column {
	c := func(typ plan.ColumnType, class string) plan.Column { return plan.Column{Type: typ, Class: class} }
	switch class {
	case "serviceCall":
		return map[string]plan.Column{
			"UUID": c(plan.ColumnString, ""), "metaClass": c(plan.ColumnString, ""), "title": c(plan.ColumnString, ""), "number": c(plan.ColumnNumber, ""),
			"shortDescr": c(plan.ColumnString, ""), "state": c(plan.ColumnString, ""), "dateDecision": c(plan.ColumnTime, ""), "deadLineTime": c(plan.ColumnTime, ""),
			"resolutionTime": c(plan.ColumnObject, ""), "timeAllowanceTimer": c(plan.ColumnObject, ""), "priority": c(plan.ColumnLink, "priority"),
			"client": c(plan.ColumnLink, ""), "observers": c(plan.ColumnLinks, "employee"), "massProblem": c(plan.ColumnBool, ""), "baseCategory": c(plan.ColumnLink, "category"),
			"spentTime": c(plan.ColumnNumber, ""), "wfProfile": c(plan.ColumnAny, ""),
		}
	case "employee":
		return map[string]plan.Column{"UUID": c(plan.ColumnString, ""), "metaClass": c(plan.ColumnString, ""), "title": c(plan.ColumnString, ""), "lastName": c(plan.ColumnString, ""),
			"firstName": c(plan.ColumnString, ""), "middleName": c(plan.ColumnString, ""), "parent": c(plan.ColumnLink, "ou"), "email": c(plan.ColumnString, "")}
	}
	return nil
}

// readClass reads content with a model, and gives what is said about the file and the rows.
func readClass(t testing.TB, name string, content []byte, d plan.Data) (notes []string, rows []plan.Row, err error) {
	t.Helper()
	d.Type, d.Name, d.Dir = "export", "x", t.TempDir()
	if err := os.WriteFile(filepath.Join(d.Dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
	d.Args["file"] = name
	src, err := export.New(stock)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := src.Describe(t.Context(), d)
	if err != nil {
		return nil, nil, err
	}
	for r, err := range src.Rows(t.Context(), d, nil) {
		if err != nil {
			return rt.Notes, rows, err
		}
		var o map[string]any
		if r.Broken == "" {
			if err := json.Unmarshal(r.JSON, &o); err != nil {
				t.Fatalf("%s: %v: %s", r.Pos, err, r.JSON)
			}
			for name := range o {
				if _, ok := rt.Columns[name]; !ok {
					t.Errorf("%s is in a row and not described", name)
				}
			}
		}
		rows = append(rows, r)
	}
	return rt.Notes, rows, nil
}

func ticket(more args) plan.Data {
	d := plan.Data{Args: map[string]plan.Value{"class": "serviceCall", "delimiter": ";"}}
	for k, v := range more {
		d.Args[k] = v
	}
	return d
}

// One cell each: a head, what the list shows, and the attribute as the language reads it.
func TestCellsBecomeValues(t *testing.T) {
	cases := []struct {
		name, head, cell, want string // want is the member of the row, or BROKEN and words
		args                   args
	}{
		{"a number", "Номер", "1042", `"number":1042`, nil},
		{"a number with a thin space", "Номер", "1\u202f042", `"number":1042`, nil},
		{"a number with hard spaces and a comma", "spentTime", "1\u00a0234\u00a0567,5", `"spentTime":1234567.5`, nil},
		{"two numbers are none", "Номер", "1 2", "BROKEN is no number", nil},
		{"a head in other case and with spaces", " ТЕМА ", "x", `"shortDescr":"x"`, nil},
		{"a head with е for ё", "Отчёт о решении", "x", `"resultDescr":"x"`, nil},
		{"a code as head", "shortDescr", "x", `"shortDescr":"x"`, nil},
		{"a state", "Статус", "В работе", `"state":"inprogress"`, nil},
		{"a state of one type", "Статус", "Уже создана (дубль)", `"state":"closed"`, nil},
		{"a state of the tenant's own", "Статус", "На складе", `"state":"На складе"`, nil},
		{"a type", "Тип заявки", "Инцидент", `"metaClass":"serviceCall$serviceCall"`, nil},
		{"a type of the tenant's own", "Тип заявки", "Жалоба", `"metaClass":"Жалоба"`, nil},
		{"a catalog item", "Приоритет", "2. Высокий", `"priority":{"UUID":"2. Высокий","code":"high","title":"2. Высокий"}`, nil},
		{"an item of the tenant's own", "Приоритет", "Срочно!", `"priority":{"UUID":"Срочно!","code":"Срочно!","title":"Срочно!"}`, nil},
		{"an item of a catalog without stock titles", "Категория", "Почта", `"baseCategory":{"UUID":"Почта","code":"Почта","title":"Почта"}`, nil},
		{"a link", "Контрагент", "Иванова \"Анна\"", `"client":{"UUID":"Иванова \"Анна\"","title":"Иванова \"Анна\""}`, args{"quoting": "none"}},
		{"no link", "Контрагент", "", `"client":null`, nil},
		{"several links", "Наблюдатели", "Иванова Анна, Петров Пётр", `"observers":[{"UUID":"Иванова Анна","title":"Иванова Анна"},{"UUID":"Петров Пётр","title":"Петров Пётр"}]`, nil},
		{"several links by a separator", "Наблюдатели", "Иванов, А. | Петров, П.", `"observers":[{"UUID":"Иванов, А.","title":"Иванов, А."},{"UUID":"Петров, П.","title":"Петров, П."}]`, args{"separator": "|"}},
		{"none of them", "Наблюдатели", " ", `"observers":[]`, nil},
		{"a truth", "massProblem", "Да", `"massProblem":true`, nil},
		{"no truth", "massProblem", "нет", `"massProblem":false`, nil},
		{"neither", "massProblem", "иногда", "BROKEN is neither true nor false", nil},
		{"a time in Moscow", "Дата решения", "02.03.2026 09:14", `"dateDecision":"2026-03-02T06:14:00Z"`, nil},
		{"a time elsewhere", "Дата решения", "02.03.2026 09:14", `"dateDecision":"2026-03-02T04:14:00Z"`, args{"time_zone": "Asia/Yekaterinburg"}},
		{"a time with seconds", "Дата решения", "02.03.2026 09:14:55", `"dateDecision":"2026-03-02T06:14:55Z"`, nil},
		{"a day", "Дата решения", "02.03.2026", `"dateDecision":"2026-03-01T21:00:00Z"`, nil},
		{"a time that is none", "Дата решения", "31.02.2026 09:14", "BROKEN is no time of the form dd.MM.yyyy HH:mm", nil},
		{"a number is no time in CSV", "Дата решения", "46083.4", "BROKEN is no time", nil},
		{"an interval", "Время на решение", "4 ч", `"resolutionTime":{"length":4,"interval":"HOUR"}`, nil},
		{"an interval in words", "Время на решение", "2 рабочих", "BROKEN is no interval", nil},
		{"an interval of days", "Время на решение", "1,5 дня", `"resolutionTime":{"length":1.5,"interval":"DAY"}`, nil},
		{"an interval of parts", "Время на решение", "1 дн. 2 часа 30 мин.", `"resolutionTime":{"length":1590,"interval":"MINUTE"}`, nil},
		{"an interval as a clock", "Время на решение", "1:30", `"resolutionTime":{"length":90,"interval":"MINUTE"}`, nil},
		{"an interval kept as it is", "Время на решение", "скоро", `"resolutionTime":"скоро"`, args{"types": map[string]plan.Value{"Время на решение": "string"}}},
		{"a timer", "Решить до", "02.03.2026 09:14", `"timeAllowanceTimer":{"deadLineTime":"2026-03-02T06:14:00Z"}`, nil},
		{"a head of the tenant's own", "Магазин", "Сокол", `"shop":"Сокол"`, args{"heads": map[string]plan.Value{"магазин": "shop"}}},
		{"it goes before the stock", "Контрагент", "1", `"number":1`, args{"heads": map[string]plan.Value{"Контрагент": "number"}}},
		{"a head that nobody knows", "Магазин", "Сокол", `"Магазин":"Сокол"`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			head, cell := "Тема", "t"
			if strings.EqualFold(strings.TrimSpace(c.head), head) || c.head == "shortDescr" {
				head, cell = "title", "t"
			}
			_, rows, err := readClass(t, "a.csv", []byte(c.head+";"+head+"\n"+c.cell+";"+cell+"\n"), func() plan.Data { d := ticket(c.args); d.Key = []string{head}; return d }())
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			if why, broken := strings.CutPrefix(c.want, "BROKEN "); broken {
				if !strings.Contains(rows[0].Broken, why) {
					t.Errorf("%q, %s", rows[0].Broken, rows[0].JSON)
				}
				return
			}
			if !strings.Contains(string(rows[0].JSON), c.want+",") {
				t.Errorf("%s %s\nwant %s", rows[0].JSON, rows[0].Broken, c.want)
			}
		})
	}
}

// What every object has over the API follows from the rest of the row.
func TestColumnsThatFollow(t *testing.T) {
	cases := []struct {
		name, text string
		d          plan.Data
		key, want  string
	}{
		{"the number of a ticket is its key, and stands for the UUID", "Номер;Тема\n1 042;x\n", ticket(nil), "1042", `{"number":1042,"shortDescr":"x","metaClass":"serviceCall","UUID":"1042"}`},
		{"a UUID is taken as it is", "UUID;Номер\nserviceCall$7;1\n", ticket(nil), "serviceCall$7", `{"UUID":"serviceCall$7","number":1,"metaClass":"serviceCall"}`},
		{"the key by its caption", "Номер;Тема\n1;x\n", plan.Data{Args: ticket(nil).Args, Key: []string{"Тема"}}, "x", `{"number":1,"shortDescr":"x","metaClass":"serviceCall","UUID":"x"}`},
		{"a type is the class that is asked for", "Номер;Тема\n1;x\n", ticket(args{"class": "serviceCall$request"}), "1", `{"number":1,"shortDescr":"x","metaClass":"serviceCall$request","UUID":"1"}`},
		{"the name of a person is the title, and no password is read", "Имя;Фамилия;Отчество;Отдел;Пароль\nАнна;Иванова;;Склад;12345\n", ticket(args{"class": "employee"}), "Иванова Анна",
			`{"firstName":"Анна","lastName":"Иванова","middleName":null,"parent":{"UUID":"Склад","title":"Склад"},"password":null,"title":"Иванова Анна","metaClass":"employee","UUID":"Иванова Анна"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, rows, err := readClass(t, "a.csv", []byte(c.text), c.d)
			if err != nil || len(rows) != 1 {
				t.Fatal(rows, err)
			}
			if rows[0].Key != c.key || string(rows[0].JSON) != c.want {
				t.Errorf("%s %s %s\nwant %s %s", rows[0].Key, rows[0].JSON, rows[0].Broken, c.key, c.want)
			}
		})
	}
}

func TestHeadsThatDoNotFit(t *testing.T) {
	windows := func(s string) string {
		s, err := charmap.Windows1251.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	good := "Номер;Тема\n1;Принтер\n"
	cases := []struct {
		name, text string
		d          plan.Data
		want       string
	}{
		{"UTF-8 that is said to be Windows-1251", good, ticket(args{"encoding": "windows-1251"}), "a.csv: it is UTF-8, and encoding says windows-1251; leave encoding out"},
		{"Windows-1251 that is said to be UTF-8", windows(good), ticket(nil), `line 1 is not UTF-8; if the file is in another encoding, set encoding = "windows-1251"`},
		{"UTF-16", "\xff\xfeN\x00\n\x00", ticket(nil), `it is UTF-16, as its first bytes say; set encoding = "utf-16le"`},
		{"another encoding altogether", windows(good), ticket(args{"encoding": "koi8-r"}), "none of its heads is a caption of class serviceCall: мНЛЕП, рЕЛЮ; is encoding right"},
		{"another delimiter", good, ticket(args{"delimiter": ","}), "none of its heads is a caption of class serviceCall: Номер;Тема;"},
		{"no such class", good, ticket(args{"class": "serviceCal"}), `class "serviceCal" is none of the stock configuration (did you mean serviceCall?)`},
		{"two heads of one attribute", "Тема;shortDescr\n1;2\n", ticket(nil), `the columns "Тема" and "shortDescr" are both the attribute shortDescr; give one of them another code: heads = { "shortDescr" = "..." }`},
		{"the same head twice", "Тема;Тема\n1;2\n", ticket(nil), `two columns are called "Тема"`},
		{"a head that is not there", good, ticket(args{"heads": map[string]plan.Value{"Тема заявки": "title", "Темы": "title"}}), `there is no column "Тема заявки", which heads names; the columns are Номер, Тема`},
		{"a head that is nearly there", good, ticket(args{"heads": map[string]plan.Value{"Темы": "title"}}), `there is no column "Темы", which heads names (did you mean Тема?)`},
		{"a code that is none", good, ticket(args{"heads": map[string]plan.Value{"Тема": "Тема заявки"}}), `heads: "Тема" = "Тема заявки" is no code of an attribute`},
		{"one head, two codes", good, ticket(args{"heads": map[string]plan.Value{"Тема": "title", "тема": "shortDescr"}}), "is there twice"},
		{"the key is not there", good, plan.Data{Args: ticket(nil).Args, Key: []string{"UUID"}}, `there is no column "UUID", which key, group or by names`},
		{"heads without class", good, plan.Data{Args: args{"heads": map[string]plan.Value{"Тема": "title"}}}, `heads and separator need class`},
		{"no file of captions", `{"a":1}`, ticket(args{"format": "jsonl"}), "class is for the captions of CSV and XLSX"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := readClass(t, "a.csv", []byte(c.text), c.d); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
	if _, rows, err := readClass(t, "a.csv", []byte("\xef\xbb\xbf"+good), ticket(nil)); err != nil || string(rows[0].JSON) != `{"number":1,"shortDescr":"Принтер","metaClass":"serviceCall","UUID":"1"}` {
		t.Errorf("a mark of the byte order: %v %v", rows, err)
	}
}

func TestNotesOfAFile(t *testing.T) {
	rows := func(n int) []byte {
		var b strings.Builder
		b.WriteString("Номер;Тема;Магазин;Приорите\n")
		for i := range n {
			fmt.Fprintf(&b, "%d;x;y;z\n", i+1)
		}
		return []byte(b.String())
	}
	for n, want := range map[int]string{1000: "has exactly 1000 rows: exports are cut off at such numbers", 5000: "has exactly 5000 rows", 999: "", 1001: ""} {
		notes, _, err := readClass(t, "a.csv", rows(n), ticket(nil))
		if err != nil {
			t.Fatal(err)
		}
		if notes[0] != `no caption of class serviceCall, kept as they are: Магазин, Приорите (did you mean Приоритет?); heads = { "caption" = "code" } names one` {
			t.Errorf("%d rows: %q", n, notes)
		}
		if want == "" && len(notes) > 1 || want != "" && (len(notes) < 2 || !strings.Contains(notes[1], want)) {
			t.Errorf("%d rows: %q", n, notes)
		}
	}
}

// TestStrangers: a state or type of the tenant's own keeps its text, and the pull says which, with how many rows have it.
func TestStrangers(t *testing.T) {
	file := "Номер;Тип заявки;Статус\n1;Инцидент;Ждёт поставщика\n2;Заказ;Новая\n3;;registered\n4;serviceCall$request;ждёт поставщика\n5;Заказ;Ждёт поставщика\n"
	notes, rows, err := readClass(t, "a.csv", []byte(file), ticket(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`metaClass: 2 rows have a text that is none of class serviceCall in the stock configuration, and keep it instead of a code: "Заказ" (2); a value_map in the record set says what each means`,
		`state: 3 rows have a text that is none of class serviceCall in the stock configuration, and keep it instead of a code: "Ждёт поставщика" (2), "ждёт поставщика" (1); a value_map in the record set says what each means`,
	}
	if !slices.Equal(notes, want) {
		t.Errorf("%q\nwant %q", notes, want)
	}
	if text := string(rows[1].JSON); !strings.Contains(text, `"metaClass":"Заказ","state":"registered"`) {
		t.Error(text)
	}
}

// A spreadsheet holds times and numbers as such: they are read as what they are, and not as they are shown.
func TestSpreadsheetCells(t *testing.T) {
	for _, from1904 := range []bool{false, true} {
		f := excelize.NewFile()
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}); err != nil {
			t.Fatal(err)
		}
		style, err := f.NewStyle(&excelize.Style{NumFmt: 22}) // m/d/yy h:mm
		if err != nil {
			t.Fatal(err)
		}
		day := time.Date(2026, 3, 2, 9, 14, 0, 0, time.UTC)
		for cell, v := range map[string]any{"A1": "Номер", "B1": "Дата решения", "C1": "massProblem", "D1": "Регламентное время закрытия", "E1": "spentTime",
			"A2": 1042, "B2": day, "C2": true, "D2": "03.03.2026 10:00", "E2": 1234.5} {
			if err := f.SetCellValue("Sheet1", cell, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetCellStyle("Sheet1", "B2", "B2", style); err != nil {
			t.Fatal(err)
		}
		var book bytes.Buffer
		if err := f.Write(&book); err != nil {
			t.Fatal(err)
		}
		_, rows, err := readClass(t, "a.xlsx", book.Bytes(), plan.Data{Args: args{"class": "serviceCall"}})
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		want := `{"number":1042,"dateDecision":"2026-03-02T06:14:00Z","massProblem":true,"deadLineTime":"2026-03-03T07:00:00Z","spentTime":1234.5,"metaClass":"serviceCall","UUID":"1042"}`
		if string(rows[0].JSON) != want {
			t.Errorf("days from 1904 %v: %s %s\nwant %s", from1904, rows[0].JSON, rows[0].Broken, want)
		}
	}
}

// FuzzCaptions: whatever heads and cells are, a row is an object of the columns that were described, or broken with a reason.
func FuzzCaptions(f *testing.F) {
	f.Add("Номер;Тема;Приоритет\n1;x;2. Высокий\n", "Магазин", "shop", false)
	f.Add("Номер;Время на решение;Наблюдатели\n1;1 дн. 2 ч;a, b;c\n", "Номер", "number", false)
	f.Add("ФИО;Фамилия;Пароль\n;x;y\n", "ФИО", "UUID", true)
	f.Add("\xff\xfe", "", "", true)
	f.Add("number;Номер\n1 000;1\u202f000\n", "number", "a", false)
	f.Fuzz(func(t *testing.T, text, head, code string, people bool) {
		d := plan.Data{Args: args{"class": map[bool]string{false: "serviceCall", true: "employee"}[people], "delimiter": ";"}}
		if head != "" && code != "" {
			d.Args["heads"] = map[string]plan.Value{head: code}
		}
		check(t, "a.csv", []byte(text), d)
	})
}

// FuzzSheetCaptions is the same with the cells of a spreadsheet.
func FuzzSheetCaptions(f *testing.F) {
	f.Add("Номер", "Дата решения", "1", "46083.4")
	f.Add("Тема", "", "x", "y")
	f.Add("Время на решение", "Наблюдатели", "1:30", "a;b")
	f.Add("\xff", "UUID", "\x00", "\u202e")
	f.Fuzz(func(t *testing.T, head, second, cell, next string) {
		check(t, "a.xlsx", sheet(t, [][]string{{head, second}, {cell, next}}), plan.Data{Args: args{"class": "serviceCall"}})
	})
}

// sheet is the least that is a spreadsheet; a whole one takes a fuzz target a second to write.
func sheet(t *testing.T, rows [][]string) []byte {
	t.Helper()
	var cells bytes.Buffer
	for i, row := range rows {
		fmt.Fprintf(&cells, `<row r="%d">`, i+1)
		for j, cell := range row {
			fmt.Fprintf(&cells, `<c r="%c%d" t="inlineStr"><is><t>`, 'A'+j, i+1)
			if err := xml.EscapeText(&cells, []byte(cell)); err != nil {
				t.Fatal(err)
			}
			cells.WriteString(`</t></is></c>`)
		}
		cells.WriteString(`</row>`)
	}
	return sheetData(t, cells.String(), "")
}

// sheetData is a spreadsheet with these rows, and these styles of cells.
func sheetData(t testing.TB, rows, styles string) []byte {
	t.Helper()
	var b bytes.Buffer
	const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	z := zip.NewWriter(&b)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + main + `" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet xmlns="` + main + `"><sheetData>` + rows + `</sheetData></worksheet>`},
		{"xl/styles.xml", `<styleSheet xmlns="` + main + `">` + styles + `</styleSheet>`},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part[0], Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(part[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The fuzz target's spreadsheet is read as one, or the target would try nothing.
func TestLeastSheet(t *testing.T) {
	_, rows, err := readClass(t, "a.xlsx", sheet(t, [][]string{{"Номер", "Дата решения"}, {"1", "46083.5"}}), plan.Data{Args: args{"class": "serviceCall"}})
	if err != nil || len(rows) != 1 || string(rows[0].JSON) != `{"number":1,"dateDecision":"2026-03-02T09:00:00Z","metaClass":"serviceCall","UUID":"1"}` {
		t.Errorf("%+v %v", rows, err)
	}
}

func check(t *testing.T, name string, content []byte, d plan.Data) {
	_, rows, err := readClass(t, name, content, d)
	if err != nil && err.Error() == "" {
		t.Error("an error without words")
	}
	for _, r := range rows {
		if r.Broken == "" && (r.Key == "" || !json.Valid(r.JSON)) {
			t.Errorf("%s: key %q, %s", r.Pos, r.Key, r.JSON)
		}
	}
}
