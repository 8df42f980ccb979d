package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

// What the screens of the acme desk show: the captions of a list, and for each the attribute. The program knows the first
// group by itself; the second is the tenant's own.
var (
	ticketList = [][2]string{
		{"Номер", "number"}, {"Тема", "shortDescr"}, {"Описание (текст)", "description"}, {"Тип заявки", "metaClass"}, {"Статус", "state"},
		{"Дата решения", "dateDecision"}, {"Регламентное время закрытия", "deadLineTime"}, {"Время на решение", "resolutionTime"}, {"Соглашение", "agreement"},
		{"Услуга", "service"}, {"Приоритет", "priority"}, {"Срочность", "urgency"}, {"Критичность", "impact"}, {"Категория", "baseCategory"},
		{"Дополнительные", "categories"}, {"Код решения", "codeOfClosing"}, {"Способ обращения", "wayAddressing"}, {"Наблюдатели", "observers"},
		{"Зарегистрирована", "registrationDate"}, {"Сотрудник-клиент", "clientEmployee"}, {"Почта клиента", "clientEmail"},
		{"Исполнитель", "responsibleEmployee"}, {"Команда", "responsibleTeam"}, {"Массовая", "massProblem"}, {"Внешний номер", "externalId"},
	}
	peopleList = [][2]string{
		{"Фамилия", "lastName"}, {"Имя", "firstName"}, {"Отчество", "middleName"}, {"Отдел", "parent"}, {"Должность", "post"}, {"Адрес электронной почты", "email"},
		{"Мобильный телефон", "mobilePhoneNumber"}, {"Логин", "login"}, {"Пароль", "password"}, {"В архиве", "removed"},
	}
	shownStates = map[string]string{
		"registered": "Новая", "inprogress": "В работе", "waitClientAnswer": "Ожидает ответа контрагента", "resolved": "Решена", "resumed": "Возобновлена",
		"deferred": "Отложена", "closed": "Закрыта",
	}
	shownTypes = map[string]string{"serviceCall$serviceCall": "Инцидент", "serviceCall$request": "Запрос на обслуживание", "serviceCall$call": "Обращение", "serviceCall$complaint": "Жалоба"}
	shownUnits = map[string]string{"MINUTE": "мин", "HOUR": "ч", "DAY": "дн."}
)

// exported writes what a customer would export from the lists of a desk's screens, as CSV in Windows-1251 and as XLSX: every
// 25th ticket, and all people.
func exported(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: exported DATA DIR")
	}
	from, to := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	d := screens{titles: map[string]string{}}
	names, err := filepath.Glob(filepath.Join(from, "*.jsonl"))
	ts.Check(err)
	for _, name := range names {
		ts.Check(d.each(name, func(o map[string]any) {
			d.titles[o["UUID"].(string)], _ = o["title"].(string)
		}))
	}
	ts.Check(os.MkdirAll(to, 0o755))
	for _, list := range []struct {
		name, file string
		columns    [][2]string
	}{{"tickets", "serviceCall.jsonl", ticketList}, {"people", "employee.jsonl", peopleList}} {
		rows := [][]any{{}}
		for _, c := range list.columns {
			rows[0] = append(rows[0], c[0])
		}
		ts.Check(d.each(filepath.Join(from, list.file), func(o map[string]any) {
			if n, ok := o["number"].(json.Number); list.name == "tickets" && ok {
				if i, err := n.Int64(); err != nil || i%25 != 0 {
					return
				}
			}
			var row []any
			for _, c := range list.columns {
				v := o[c[1]]
				if client, _ := o["client"].(string); c[1] == "clientEmployee" && v == nil && strings.HasPrefix(client, "employee$") {
					v = client // the data leave out what follows
				}
				row = append(row, d.shown(c[1], v))
			}
			rows = append(rows, row)
		}))
		ts.Check(writeCSV(filepath.Join(to, list.name+".csv"), rows))
		ts.Check(writeXLSX(filepath.Join(to, list.name+".xlsx"), rows))
	}
}

// screens know the titles of all objects.
type screens struct{ titles map[string]string }

func (d screens) each(path string, yield func(map[string]any)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<24)
	for in.Scan() {
		dec := json.NewDecoder(strings.NewReader(in.Text()))
		dec.UseNumber()
		var o map[string]any
		if err := dec.Decode(&o); err != nil {
			return err
		}
		yield(o)
	}
	return in.Err()
}

var uuidForm = regexp.MustCompile(`^\w+\$\d+$`)

// shown is a value as a list on the screen has it: a time, a number or a text.
func (d screens) shown(name string, v any) any {
	switch v := v.(type) {
	case nil:
		if name == "removed" {
			return "нет"
		}
		return ""
	case bool:
		return map[bool]string{true: "да", false: "нет"}[v]
	case json.Number:
		return v
	case []any:
		var all []string
		for _, e := range v {
			all = append(all, fmt.Sprint(d.shown("", e)))
		}
		return strings.Join(all, ", ")
	case map[string]any:
		return fmt.Sprint(v["length"], " ", shownUnits[fmt.Sprint(v["interval"])])
	case string:
		switch {
		case name == "state":
			return shownStates[v]
		case name == "metaClass":
			return shownTypes[v]
		case uuidForm.MatchString(v):
			return d.titles[v]
		}
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at
		}
		return v
	}
	return fmt.Sprint(v)
}

var moscow = time.FixedZone("MSK", 3*60*60)

func writeCSV(path string, rows [][]any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(charmap.Windows1251.NewEncoder().Writer(f))
	w.Comma, w.UseCRLF = ';', true
	for _, row := range rows {
		var cells []string
		for _, v := range row {
			switch v := v.(type) {
			case time.Time:
				cells = append(cells, v.In(moscow).Format("02.01.2006 15:04"))
			case json.Number: // a hard space between the thousands
				text := v.String()
				if len(text) > 3 {
					text = text[:len(text)-3] + "\u00a0" + text[len(text)-3:]
				}
				cells = append(cells, text)
			default:
				cells = append(cells, known1251(fmt.Sprint(v)))
			}
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// known1251 puts a question mark in the place of what Windows-1251 does not have, as Windows does.
func known1251(s string) string {
	return strings.Map(func(r rune) rune {
		if _, ok := charmap.Windows1251.EncodeRune(r); !ok {
			return '?'
		}
		return r
	}, s)
}

// writeXLSX writes times and numbers as such, as spreadsheets do.
func writeXLSX(path string, rows [][]any) error {
	f := excelize.NewFile()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 22})
	if err != nil {
		return err
	}
	for i, row := range rows {
		for j, v := range row {
			cell, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				return err
			}
			switch at := v.(type) {
			case time.Time:
				wall := at.In(moscow)
				v = time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, time.UTC)
				err = f.SetCellStyle("Sheet1", cell, cell, style)
			case json.Number:
				v, err = at.Int64()
			}
			if err != nil {
				return err
			}
			if v == "" {
				continue
			}
			if err := f.SetCellValue("Sheet1", cell, v); err != nil {
				return err
			}
		}
	}
	return f.SaveAs(path)
}

var (
	seconds = regexp.MustCompile(`(\d\d:\d\d):\d\dZ`)
	unix    = regexp.MustCompile(`\b1[67]\d{8}\b`)
)

// differences prints the lines in which two plans differ, record by record, but for the seconds of times, which no export has.
func differences(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: differences A B")
	}
	var sides [2][]string
	for i, name := range args {
		text := unix.ReplaceAllStringFunc(seconds.ReplaceAllString(ts.ReadFile(name), "$1"), func(s string) string {
			n, err := strconv.ParseInt(s, 10, 64)
			ts.Check(err)
			return time.Unix(n, 0).UTC().Format("2006-01-02T15:04")
		})
		record := ""
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if strings.Contains(line, `["`) && !strings.Contains(line, " = ") {
				record = line
			}
			sides[i] = append(sides[i], record+": "+line)
		}
	}
	for i, sign := range []string{"-", "+"} {
		for _, line := range sides[i] {
			if !slices.Contains(sides[1-i], line) {
				fmt.Fprintln(ts.Stdout(), sign, line)
			}
		}
	}
}
