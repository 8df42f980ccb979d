package scope_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"deskform/providers/itsm365/scope"
)

// lines are the lines of a file of the example tenant, as bytes: what is counted in them is counted without any JSON.
func lines(t *testing.T, name string) []string {
	t.Helper()
	text, err := fs.ReadFile(acme(), name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		out = append(out, in.Text())
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// having counts lines with a text; lacking those without it.
func having(all []string, text string) (n int) {
	for _, l := range all {
		if strings.Contains(l, text) {
			n++
		}
	}
	return n
}

func lacking(all []string, text string) int { return len(all) - having(all, text) }

// group is the first group of an expression, for each line that has it.
func group(all []string, expr string) (out []string) {
	re := regexp.MustCompile(expr)
	for _, l := range all {
		if m := re.FindStringSubmatch(l); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}

func table(all []string) map[string]int {
	out := map[string]int{}
	for _, s := range all {
		out[s]++
	}
	return out
}

// TestAcmeCounts holds the document against counts of the fixture's lines that know nothing of it: as grep, cut, sort and
// uniq would count.
func TestAcmeCounts(t *testing.T) {
	d := lookAcme(t)
	same := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d in the document, %d in the files", what, got, want)
		}
	}
	class := map[string]scope.Class{}
	for _, c := range d.Classes {
		class[c.Name] = c
		if c.Name == "root" {
			continue
		}
		all := lines(t, c.Name+".jsonl")
		same(c.Name, c.N, len(all))
		same(c.Name+" archived", c.Archived, having(all, `,"removed":true`))
		types := table(group(all, `"metaClass":"([^"]*)"`))
		if len(types) != len(c.Types) {
			t.Errorf("%s has %d types, want %d", c.Name, len(c.Types), len(types))
		}
		for _, typ := range c.Types {
			same(typ.Name, typ.N, types[typ.Name])
			of := slices.DeleteFunc(slices.Clone(all), func(l string) bool { return !strings.Contains(l, `"metaClass":"`+typ.Name+`"`) })
			states := table(group(of, `[,{]"state":"([^"]*)"`))
			if len(states) != len(typ.States) {
				t.Errorf("%s has %d states, want %d", typ.Name, len(typ.States), len(states))
			}
			for _, s := range typ.States {
				same(typ.Name+" "+s.Name, s.N, states[s.Name])
			}
		}
	}
	if len(d.Classes) != 20 {
		t.Errorf("%d classes", len(d.Classes))
	}

	employees, tickets, comments, files := lines(t, "employee.jsonl"), lines(t, "serviceCall.jsonl"), lines(t, "comment.jsonl"), lines(t, "file.jsonl")
	people := slices.DeleteFunc(slices.Clone(employees), func(l string) bool { return strings.Contains(l, `"lastName":"Служебный"`) })
	same("placeholders", d.People.Placeholders, len(employees)-len(people))
	same("people", d.People.N, len(people))
	same("outside contacts", d.People.Outside, having(people, `"employee$contactPerson"`))
	same("without e-mail", d.People.NoEmail, lacking(people, `,"email":"`))
	same("agents", d.People.Agents, having(people, `"performer":true`))
	shared, sharers := 0, 0
	for _, n := range table(lower(group(people, `"email":"([^"]*)"`))) {
		if n > 1 {
			shared, sharers = shared+1, sharers+n
		}
	}
	same("shared addresses", d.People.DuplicateEmails, shared)
	same("people with a shared address", d.People.DuplicatePeople, sharers)
	same("placeholder's tickets", d.People.PlaceholderTickets, having(tickets, `,"client":"employee$565"`))
	same("tickets of departments and teams", d.People.ClientDepartment, len(group(tickets, `"client":"((?:ou|team)\$\d+)"`)))

	same("private comments", d.Threads.Private, having(comments, `,"private":true`))
	same("comments without an author", d.Threads.NoAuthor, lacking(comments, `,"author":"`))
	same("copies", d.Threads.Copies, having(comments, `"isCopy":true`))
	longest := 0
	for _, n := range table(group(comments, `"source":"(serviceCall\$\d+)"`)) {
		longest = max(longest, n)
	}
	same("longest thread", d.Threads.Longest, longest)

	size := 0
	for _, s := range group(files, `"fileSize":(\d+)`) {
		n := 0
		fmt.Sscan(s, &n)
		size += n
	}
	same("bytes of files", int(d.Files.Bytes), size)
	same("empty files", d.Files.Empty, having(files, `"fileSize":0,`))
	same("inline pictures", d.Files.Inline, having(files, `"imgFromRTF":true`))
	same("files for their author alone", d.Files.AuthorOnly, having(files, `"authorOnly":true`))
	same("configuration items without a user", d.LooseItems, lacking(lines(t, "objectBase.jsonl"), `"users":[`))

	items := table(group(lines(t, "catalogs.jsonl"), `"metaClass":"([^"]*)"`))
	for _, c := range d.Catalogs {
		same("catalog "+c.Code, c.N, items[c.Code])
		delete(items, c.Code)
	}
	// What nothing points to and the stock does not know is not found: there is no list of catalogs (IT 2.1).
	if want := map[string]int{"period": 3}; fmt.Sprint(items) != fmt.Sprint(want) {
		t.Errorf("catalogs not found: %v, want %v", items, want)
	}
	priority := table(group(tickets, `,"priority":"(priority\$\d+)"`))
	for _, c := range d.Catalogs {
		for _, it := range c.Items {
			if c.Code == "priority" && it.Code == "critical" {
				same("critical tickets and problems", it.Used, priority["priority$1001"]+having(lines(t, "problem.jsonl"), `"priority":"priority$1001"`)+having(lines(t, "agreementRule.jsonl"), `"priority$1001"`))
			}
		}
	}

	same("embedded keys", d.Secrets[0].N, occurrences(tickets, "accessKey=")+occurrences(comments, "accessKey="))
	fields := map[string]scope.Attribute{}
	for _, f := range class["serviceCall"].Fields {
		fields[f.Code] = f
	}
	for _, code := range []string{"priority", "mark", "resultDescr", "clientEmail", "dateDecision", "agreement"} {
		same("filled "+code, fields[code].Filled, having(tickets, `,"`+code+`":`))
	}
	same("distinct services", fields["service"].Distinct, len(table(group(tickets, `,"service":"([^"]*)"`))))
	same("distinct subjects", fields["shortDescr"].Distinct, len(table(group(tickets, `"shortDescr":"((?:[^"\\]|\\.)*)"`))))

	night := 0
	for _, at := range group(tickets, `"registrationDate":"([^"]*)"`) {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if h := (when.Hour() + 3) % 24; h < 8 || h >= 20 { // Moscow is three hours ahead the whole year
			night++
		}
	}
	same("tickets at night", int((1-d.Time.Day)*float64(len(tickets))+0.5), night)
	if len(d.Time.Future) > 0 {
		t.Errorf("in the future: %v", d.Time.Future)
	}
	russian := 0
	for _, text := range group(comments, `"text":"((?:[^"\\]|\\.)*)"`) {
		var cyrillic, latin int
		for _, r := range regexp.MustCompile(`<[^>]*>|\\.|&\w+;`).ReplaceAllString(text, " ") {
			if unicode.Is(unicode.Cyrillic, r) {
				cyrillic++
			} else if unicode.Is(unicode.Latin, r) {
				latin++
			}
		}
		if cyrillic >= latin && cyrillic > 0 {
			russian++
		}
	}
	same("Russian comments", d.Languages[0].Comments, russian)
	months := table(group(tickets, `"registrationDate":"(\d{4}-\d\d)`))
	for _, m := range d.Months {
		if diff := m.N - months[m.Name]; diff > 1 || diff < -1 { // a ticket of the last evening of a month is of the next in Moscow
			t.Errorf("%s: %d tickets, %d in the files", m.Name, m.N, months[m.Name])
		}
	}
}

func lower(all []string) []string {
	for i := range all {
		all[i] = strings.ToLower(all[i])
	}
	return all
}

func occurrences(all []string, text string) (n int) {
	for _, l := range all {
		n += strings.Count(l, text)
	}
	return n
}

// TestSeatsOfAcme counts who wrote, solved or worked in the last 90 days, from the files.
func TestSeatsOfAcme(t *testing.T) {
	d := lookAcme(t)
	agents := map[string]bool{}
	for _, l := range lines(t, "employee.jsonl") {
		if strings.Contains(l, `"performer":true`) || strings.Contains(l, `"teams":["`) || strings.Contains(l, `"license":["`) && !strings.Contains(l, `"license":["notLicensed"]`) {
			agents[group([]string{l}, `"UUID":"([^"]*)"`)[0]] = !strings.Contains(l, `"removed":true`)
		}
	}
	edge := d.Newest.AddDate(0, 0, -90)
	active := map[string]bool{}
	for _, look := range []struct{ file, who, when string }{
		{"comment.jsonl", "author", "creationDate"}, {"serviceCall.jsonl", "responsibleEmployee", "responsibleStartTime"}, {"serviceCall.jsonl", "solvedByEmployee", "dateDecision"},
		{"serviceCall.jsonl", "closedByEmployee", "stateStartTime"}, {"workRecord.jsonl", "employee", "actualDate"}, {"task.jsonl", "responsibleEmployee", "stateStartTime"},
	} {
		for _, l := range lines(t, look.file) {
			who, when := group([]string{l}, `[,{]"`+look.who+`":"([^"]*)"`), group([]string{l}, `[,{]"`+look.when+`":"([^"]*)"`)
			if len(who) == 0 || len(when) == 0 {
				continue
			}
			at, err := time.Parse(time.RFC3339, when[0])
			if err != nil {
				t.Fatal(err)
			}
			if !at.Before(edge) {
				active[who[0]] = true
			}
		}
	}
	want := 0
	for key, here := range agents {
		if here && active[key] {
			want++
		}
	}
	if d.Seats.Buy != want || want == 0 {
		t.Errorf("%d seats, want %d", d.Seats.Buy, want)
	}
	if d.People.Agents != len(agents) || d.Seats.Buy-d.Seats.Unflagged+d.Seats.Rest != len(agents) {
		t.Errorf("%+v and %d agents; the files have %d", d.Seats, d.People.Agents, len(agents))
	}
}

// TestNothingOfPeople: no name, address, number or sentence of the example tenant stands in any rendering.
func TestNothingOfPeople(t *testing.T) {
	d := lookAcme(t)
	var all bytes.Buffer
	for _, lang := range []string{scope.English, scope.Russian} {
		for _, render := range []func() error{
			func() error { return scope.Markdown(&all, d, lang) }, func() error { return scope.HTML(&all, d, lang) }, func() error { return scope.JSON(&all, d) },
		} {
			if err := render(); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := all.String()
	looked := 0
	forbid := func(what, value string) {
		if looked++; strings.Contains(text, value) {
			t.Errorf("%s stands in the document: %s", what, value)
		}
	}
	for _, l := range lines(t, "employee.jsonl") {
		for _, name := range group([]string{l}, `"lastName":"([^"]*)"`) {
			if name != "Служебный" {
				forbid("a last name", name)
			}
		}
		for _, code := range []string{"email", "login", "mobilePhoneNumber", "post"} {
			for _, v := range group([]string{l}, `"`+code+`":"([^"]{6,})"`) {
				forbid(code, v)
			}
		}
	}
	for _, file := range []string{"serviceCall.jsonl", "comment.jsonl", "problem.jsonl", "changeRequest.jsonl", "KB.jsonl", "ou.jsonl", "objectBase.jsonl"} {
		for _, l := range lines(t, file) {
			var o map[string]any
			if err := json.Unmarshal([]byte(l), &o); err != nil {
				t.Fatal(err)
			}
			for _, code := range []string{"shortDescr", "descriptionRTF", "text", "resultDescr", "clientName", "clientEmail", "clientPhone", "title", "description", "serialNumber"} {
				if v, _ := o[code].(string); len(v) > 24 && v != "ООО «Акме Ритейл»" {
					forbid(file+" "+code, v)
				}
			}
		}
	}
	if looked < 3000 || len(text) < 300000 {
		t.Errorf("only %d values were looked for in %d bytes", looked, len(text))
	}
	for _, key := range []string{"0badcafe", key} {
		forbid("an access key", key)
	}
}
