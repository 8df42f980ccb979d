package sandbox_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

// A record is a row of a data directory, with the size of its bytes where it is a file.
type record struct {
	class string
	attrs map[string]any
	line  string
	bytes int
}

func (r record) text(name string) string { s, _ := r.attrs[name].(string); return s }

func (r record) has(names ...string) bool {
	for _, n := range names {
		switch v := r.attrs[n].(type) {
		case nil:
			return false
		case []any:
			if len(v) == 0 {
				return false
			}
		}
	}
	return true
}

func records(t *testing.T, dirs ...string) []record {
	t.Helper()
	var all []record
	for _, dir := range dirs {
		names, err := filepath.Glob(dir + "/*.jsonl")
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, name := range names {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(f)
			lines.Buffer(nil, 1<<22)
			for lines.Scan() {
				r := record{class: strings.TrimSuffix(filepath.Base(name), ".jsonl"), line: lines.Text(), bytes: -1}
				if err := json.Unmarshal(lines.Bytes(), &r.attrs); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if _, n, ok := strings.Cut(r.text("UUID"), "$"); ok && r.class == "file" {
					if info, err := os.Stat(filepath.Join(dir, "files", n)); err == nil {
						r.bytes = int(info.Size())
					}
				}
				all = append(all, r)
			}
			if err := lines.Err(); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	return all
}

const (
	acme    = "../../../fixtures/acme/itsm365"
	theRest = "testdata/shapes"
)

// stockStates are the states of IT 3.2, 3.5 and 3.6.
var stockStates = map[string]string{
	"serviceCall":   "registered inprogress waitClientAnswer resolved resumed deferred closed",
	"slmService":    "registered closed",
	"agreement":     "registered closed",
	"negotiation":   "registered accepted rejected overdue closed",
	"vote":          "registered accepted closed overdue",
	"task":          "registered inprogress resolved resumed stopped closed",
	"problem":       "registered diagnosing applyDecision deferred solved closed",
	"changeRequest": "registered negotiating plan inprogress deferred test implementation mark undertow declined closed",
	"workRecord":    "registered closed rejected",
	"objectBase":    "registered closed broken repair",
	"KB":            "registered closed",
}

// The list "Fixtures must contain" of IT 8.3, over what acme has and the few rows that it does not.
func TestFixturesContain(t *testing.T) {
	all := records(t, acme, theRest)
	byUUID := map[string]record{}
	states, types := map[string]bool{}, map[string]bool{}
	for _, r := range all {
		byUUID[r.text("UUID")] = r
		states[r.class+" "+r.text("state")] = true
		types[r.text("metaClass")] = true
	}
	for class, list := range stockStates {
		for state := range strings.FieldsSeq(list) {
			if !states[class+" "+state] {
				t.Errorf("no %s is %s", class, state)
			}
		}
	}
	model, err := os.ReadFile("model.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^type (\S+)`).FindAllStringSubmatch(string(model), -1) {
		if !types[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	in := func(class string, is func(record) bool) func(record) bool {
		return func(r record) bool { return r.class == class && is(r) }
	}
	having := func(class string, attrs ...string) func(record) bool {
		return in(class, func(r record) bool { return r.has(attrs...) })
	}
	matches := func(class, pattern string) func(record) bool {
		re := regexp.MustCompile(pattern)
		return in(class, func(r record) bool { return re.MatchString(r.line) })
	}
	placeholder := func(r record) bool {
		return byUUID[r.text("clientEmployee")].text("lastName") == "Служебный" || byUUID[r.text("client")].text("lastName") == "Служебный"
	}
	for name, is := range map[string]func(record) bool{
		"tickets without registered client": in("serviceCall", func(r record) bool { return !r.has("client") && !r.has("clientEmployee") && r.has("clientEmail") }),
		"tickets with a team alone":         in("serviceCall", func(r record) bool { return r.has("responsibleTeam") && !r.has("responsibleEmployee") }),
		"null priorities":                   in("serviceCall", func(r record) bool { return !r.has("priority") }),
		"inline pictures":                   matches("serviceCall", `download\?uuid=file\$\d+`),
		"base64 pictures":                   matches("serviceCall", `data:image/[a-z]+;base64,`),
		"private comments":                  in("comment", func(r record) bool { return r.attrs["private"] == true }),
		"comments of the system":            in("comment", func(r record) bool { return !r.has("author") }),
		"comment copies":                    having("comment", "isCopy", "copiedToFrom"),
		"files with Cyrillic names":         in("file", func(r record) bool { return regexp.MustCompile(`\p{Cyrillic}`).MatchString(r.text("title")) }),
		"files of zero bytes":               in("file", func(r record) bool { return r.bytes == 0 }),
		"files that have no bytes":          in("file", func(r record) bool { return r.bytes < 0 }),
		"large files":                       in("file", func(r record) bool { return r.bytes > 80_000 }),
		"archived employees":                in("employee", func(r record) bool { return r.attrs["removed"] == true }),
		"nested departments":                in("ou", func(r record) bool { return byUUID[byUUID[r.text("parent")].text("parent")].has("title") }),
		"removed catalog items":             in("catalogs", func(r record) bool { return r.attrs["removed"] == true }),
		"approvals of tickets":              having("negotiation", "sourceR"),
		"approvals of changes":              having("negotiation", "source"),
		"votes of a team or department":     in("vote", func(r record) bool { return r.has("voter_te") || strings.HasPrefix(r.text("voter"), "ou$") }),
		"mass tickets":                      having("serviceCall", "massProblem"),
		"slaves":                            having("serviceCall", "masterMassProblem", "slaved"),
		"duplicates":                        having("serviceCall", "createUp"),
		"tickets of problems":               having("problem", "serviceCalls"),
		"tickets that cause changes":        having("changeRequest", "reasonCall"),
		"tickets that changes cause":        having("changeRequest", "circumstance"),
		"tasks of tickets":                  having("task", "serviceCall"),
		"tasks of changes":                  having("task", "changeRequest"),
		"tickets of assets":                 having("objectBase", "serviceCalls"),
		"a type of the tenant's own":        in("serviceCall", func(r record) bool { return r.text("metaClass") == "serviceCall$complaint" }),
		"a catalog of the tenant's own":     in("catalogs", func(r record) bool { return strings.HasPrefix(r.text("UUID"), "directory$") }),
		"attributes of the tenant's own":    having("serviceCall", "complaintKind"),
		"an own attribute of every kind":    in("serviceCall", func(r record) bool { return r.has("terminal", "ownList", "ownText", "ownNumber") }),
		"HTML entities":                     matches("serviceCall", `&(amp|lt|nbsp|#\d+);`),
		"surrogate pairs": in("serviceCall", func(r record) bool {
			return regexp.MustCompile(`[\x{10000}-\x{10ffff}]`).MatchString(r.text("description"))
		}),
		"control characters": in("serviceCall", func(r record) bool {
			return regexp.MustCompile(`[\x00-\x08\x0b-\x1f]`).MatchString(r.text("description"))
		}),
		"very long texts": in("serviceCall", func(r record) bool { return len([]rune(r.text("descriptionRTF"))) > 50_000 }),
		"mail-born tickets of «Служебный»": in("serviceCall", func(r record) bool { return placeholder(r) && strings.Contains(r.text("clientEmail"), "@") }),
		"mail comments with their tail":    in("comment", func(r record) bool { return strings.Contains(r.text("text"), "<br>Email отправителя: ") }),
		"bodies with one-click links":      in("serviceCall", func(r record) bool { return strings.Contains(r.text("descriptionRTF"), "accessKey=") }),
		"comments of changes, articles, CIs": in("comment", func(r record) bool {
			return regexp.MustCompile(`^(changeRequest|KB|objectBase)\$`).MatchString(r.text("source"))
		}),
		"files of other things than tickets": in("file", func(r record) bool {
			return regexp.MustCompile(`^(changeRequest|task|negotiation)\$`).MatchString(r.text("source"))
		}),
	} {
		found := 0
		for _, r := range all {
			if is(r) {
				found++
			}
		}
		if found == 0 {
			t.Errorf("there are no %s", name)
		}
	}
}

func TestShapesAreServed(t *testing.T) {
	d := open(t, func(o *sandbox.Options) { o.FS, o.Dir = nil, theRest })
	for _, c := range []struct{ uuid, attr, want string }{
		{"serviceCall$71", "solvedBy", `{"UUID":"team$12","metaClass":"team$team","title":"Линия"}`},
		{"serviceCall$71", "solvedByTeam", `{"UUID":"team$12","metaClass":"team$team","title":"Линия"}`},
		{"serviceCall$71", "solvedByEmployee", `null`},
		{"serviceCall$71", "client", `{"UUID":"team$12","metaClass":"team$team","title":"Линия"}`},
		{"serviceCall$71", "creationDate", `"2026.03.29 03:59:59"`},
		{"serviceCall$71", "totalTimeTimer", `{"elapsed":0,"status":"PAUSED"}`},
		{"serviceCall$71", "wfProfile", `{"code":"p","nested":{"deep":[1,null]}}`},
		{"serviceCall$71", "terminal", `{"UUID":"directory$24","code":"t1","metaClass":"terminalModel","title":"Терминал 1"}`},
		{"serviceCall$71", "ownList", `[{"UUID":"directory$24","code":"t1","metaClass":"terminalModel","title":"Терминал 1"}]`},
		{"serviceCall$71", "ownFlag", `null`},
		{"serviceCall$71", "ownNumber", `12345678901234567890`},
		{"serviceCall$71", "createBelow", `[{"UUID":"serviceCall$72","metaClass":"serviceCall$request","title":"2"}]`},
		{"serviceCall$71", "rfcReason", `[{"UUID":"changeRequest$81","metaClass":"changeRequest","title":"Внедряется"}]`},
		{"serviceCall$72", "rfcResults", `[{"UUID":"changeRequest$81","metaClass":"changeRequest","title":"Внедряется"}]`},
		{"employee$13", "password", `null`},
		{"employee$13", "dateOfBirth", `"1988.02.29"`},
		{"employee$13", "all_Group", `["C1_specialist","C3_admin"]`},
		{"vote$84", "voter_ou", `{"UUID":"ou$11","metaClass":"ou$company","title":"ООО «Формы»"}`},
		{"vote$84", "voter_em", `null`},
		{"objectBase$61", "childBO", `[{"UUID":"objectBase$62","metaClass":"objectBase$centre","title":"Серверная"}]`},
		{"changeRequest$81", "files", `[{"UUID":"file$95","metaClass":"file","title":"Копия.txt"}]`},
		{"changeRequest$81", "negotiations", `[{"UUID":"negotiation$83","metaClass":"negotiation$negotiation","title":"Согласование изменения"}]`},
		{"slmService$41", "customer", `{"UUID":"ou$11","metaClass":"ou$company","title":"ООО «Формы»"}`},
	} {
		if got, want := d.get("get/"+c.uuid+"?attrs="+c.attr), `{"`+c.attr+`":`+c.want+`}`; got != want {
			t.Errorf("%s: got  %s\nwant %s", c.uuid, got, want)
		}
	}
	if status, text, _ := d.do("GET", "get-file/file$97", "", ""); status != 500 || !strings.Contains(text, "не найдено") {
		t.Errorf("a file without bytes: %d %s", status, text)
	}
}
