package scope_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"golang.org/x/net/html"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/scope"
)

// small is a desk by hand: what each row is for stands in its title or subject.
var small = map[string]string{
	"root": `{"UUID":"root$101","metaClass":"root","title":"Desk","timeZone":"timezone$11"}`,
	"catalogs": `{"UUID":"timezone$11","metaClass":"timezone","code":"Europe/Moscow","title":"Москва"}
{"UUID":"priority$12","metaClass":"priority","code":"high","title":"Высокий"}
{"UUID":"priority$13","metaClass":"priority","code":"old","title":"Старый","removed":true}
{"UUID":"priority$14","metaClass":"priority","code":"folder","title":"Папка","folder":true}
{"UUID":"flavour$15","metaClass":"flavour","code":"mint","title":"Мята Абрикосова"}`,
	"ou": `{"UUID":"ou$21","metaClass":"ou$ou","title":"With people"}
{"UUID":"ou$22","metaClass":"ou$ou","title":"Without people"}`,
	"team": `{"UUID":"team$31","metaClass":"team$team","title":"Первая линия","performer":true}`,
	"employee": `{"UUID":"employee$41","metaClass":"employee$employee","title":"active agent","lastName":"Абрикосова","email":"a@x.example","parent":"ou$21","performer":true,"license":["named"],"teams":["team$31"]}
{"UUID":"employee$42","metaClass":"employee$employee","title":"agent, long silent","email":"b@x.example","parent":"ou$21","performer":true,"license":["named"]}
{"UUID":"employee$43","metaClass":"employee$employee","title":"agent who left","email":"c@x.example","parent":"ou$21","performer":true,"removed":true}
{"UUID":"employee$44","metaClass":"employee$employee","title":"no agent by any mark, wrote a note","email":"d@x.example","parent":"ou$21","license":["notLicensed"]}
{"UUID":"employee$45","metaClass":"employee$contactPerson","title":"client","email":"E@x.example","license":["notLicensed"]}
{"UUID":"employee$46","metaClass":"employee$contactPerson","title":"shares the address","email":"e@X.example","license":["notLicensed"]}
{"UUID":"employee$47","metaClass":"employee$contactPerson","title":"no address","license":["notLicensed"]}
{"UUID":"employee$48","metaClass":"employee$employee","title":"Служебный","lastName":"Служебный"}
{"UUID":"employee$49","metaClass":"employee$employee","title":"votes only","email":"v@x.example","license":["notLicensed"]}`,
	"agreement": `{"UUID":"agreement$51","metaClass":"agreement$agreement","title":"For all","state":"registered","allRecipients":true}
{"UUID":"agreement$52","metaClass":"agreement$agreement","title":"For some","state":"registered","recipientsOU":["ou$21"]}
{"UUID":"agreement$53","metaClass":"agreement$agreement","title":"Over","state":"closed","allRecipients":true}`,
	"slmService": `{"UUID":"slmService$61","metaClass":"slmService$slmService","title":"Open","agreements":["agreement$51","agreement$52"],"callCases":["serviceCall$serviceCall","serviceCall$request","serviceCall$secret"]}
{"UUID":"slmService$62","metaClass":"slmService$slmService","title":"Бухгалтерия","agreements":["agreement$52"],"callCases":[]}
{"UUID":"slmService$63","metaClass":"slmService$slmService","title":"Старая","agreements":["agreement$53"],"callCases":[]}`,
	"serviceCall": `{"UUID":"serviceCall$1001","metaClass":"serviceCall$serviceCall","number":7,"title":"7","shortDescr":"as it is","description":"Не печатает","state":"closed","stateStartTime":"2026-01-03T08:00:00Z","registrationDate":"2026-01-02T06:30:00Z","creationDate":"2026-01-02T06:30:00Z","clientEmployee":"employee$45","responsibleEmployee":"employee$41","responsibleTeam":"team$31","responsibleStartTime":"2026-01-02T07:00:00Z","priority":"priority$12","service":"slmService$61","resultDescr":"<p>Готово</p>","observers":["employee$46","employee$47"],"closedByEmployee":"employee$45","flavour":"flavour$15"}
{"UUID":"serviceCall$1002","metaClass":"serviceCall$request","number":8,"title":"8","shortDescr":"of the placeholder","description":"Please help","state":"registered","registrationDate":"2026-01-05T20:10:00Z","creationDate":"2026-01-05T20:10:00Z","clientEmployee":"employee$48","clientEmail":"New@y.example","service":"slmService$62"}
{"UUID":"serviceCall$1003","metaClass":"serviceCall$own","number":9,"title":"9","shortDescr":"own type, of nobody","description":"x","state":"registered","registrationDate":"2026-01-06T08:00:00Z","creationDate":"2026-01-06T08:00:00Z","service":"slmService$63","priority":"priority$13","responsibleEmployee":"employee$42","responsibleStartTime":"2025-03-01T08:00:00Z"}
{"UUID":"serviceCall$1004","metaClass":"serviceCall$serviceCall","number":10,"title":"10","shortDescr":"of a department","description":"x","state":"inprogress","registrationDate":"2026-01-07T08:00:00Z","creationDate":"2026-01-07T08:00:00Z","clientOU":"ou$21"}
{"UUID":"serviceCall$1005","metaClass":"serviceCall$serviceCall","number":11,"title":"11","shortDescr":"of an address alone","description":"x","state":"inprogress","registrationDate":"2026-01-08T08:00:00Z","creationDate":"2026-01-08T08:00:00Z","clientEmail":"new@y.example"}`,
	"comment": `{"UUID":"comment$2001","metaClass":"comment","source":"serviceCall$1001","text":"by the client","author":"employee$45","creationDate":"2026-01-02T07:10:00Z"}
{"UUID":"comment$2002","metaClass":"comment","source":"serviceCall$1001","text":"by the agent","author":"employee$41","creationDate":"2026-01-02T07:20:00Z"}
{"UUID":"comment$2003","metaClass":"comment","source":"serviceCall$1001","text":"a note of somebody without a mark","author":"employee$44","private":true,"creationDate":"2026-01-02T07:30:00Z"}
{"UUID":"comment$2004","metaClass":"comment","source":"serviceCall$1001","text":"by an observer","author":"employee$46","creationDate":"2026-01-02T07:40:00Z"}
{"UUID":"comment$2005","metaClass":"comment","source":"serviceCall$1001","text":"<div>by mail, of the client</div><br>Email отправителя: e@x.example","creationDate":"2026-01-02T07:50:00Z"}
{"UUID":"comment$2006","metaClass":"comment","source":"serviceCall$1001","text":"of nobody, пароль: Zima2026","creationDate":"2026-01-02T08:00:00Z"}
{"UUID":"comment$2007","metaClass":"comment","source":"serviceCall$1002","text":"a copy","author":"employee$41","isCopy":true,"creationDate":"2026-01-06T07:00:00Z"}
{"UUID":"comment$2008","metaClass":"comment","source":"KB$81","text":"on an article","author":"employee$41","creationDate":"2026-01-06T07:00:00Z"}
{"UUID":"comment$2009","metaClass":"comment","source":"serviceCall$1003","text":"by the one who left","author":"employee$43","creationDate":"2026-01-06T09:00:00Z"}`,
	"file": `{"UUID":"file$3001","metaClass":"file","title":"a.PDF","fileSize":2048,"mimeType":"application/pdf","source":"serviceCall$1001","relation":"files","creationDate":"2026-01-02T07:00:00Z"}
{"UUID":"file$3002","metaClass":"file","title":"none","fileSize":0,"mimeType":"text/plain","source":"comment$2002","creationDate":"2026-01-02T07:20:00Z"}
{"UUID":"file$3003","metaClass":"file","title":"huge.zip","fileSize":20971521,"mimeType":"application/zip","source":"serviceCall$1001","creationDate":"2026-01-02T07:20:00Z"}
{"UUID":"file$3004","metaClass":"file","title":"on an article","fileSize":10,"mimeType":"image/png","source":"KB$81","creationDate":"2026-01-02T07:20:00Z"}`,
	"KB":   `{"UUID":"KB$81","metaClass":"KB$KBSectionProt","title":"Тайны"}`,
	"task": `{"UUID":"task$91","metaClass":"task$task","title":"of nothing","state":"registered"}`,
	"objectBase": `{"UUID":"objectBase$95","metaClass":"objectBase$Server","title":"used","users":["employee$41","employee$45"]}
{"UUID":"objectBase$96","metaClass":"objectBase$Server","title":"loose"}`,
}

func data(of map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range of {
		out[name+".jsonl"] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return out
}

// with is a desk with another text for one class; lines are added where the text begins with +.
func with(of map[string]string, class, text string) map[string]string {
	out := map[string]string{}
	for k, v := range of {
		out[k] = v
	}
	if more, ok := strings.CutPrefix(text, "+"); ok {
		text = strings.TrimPrefix(out[class]+"\n"+more, "\n")
	}
	out[class] = text
	return out
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// TestSmallDesk: what becomes of each row of the desk by hand.
func TestSmallDesk(t *testing.T) {
	d := look(t, data(small), nil)
	moves := map[string]scope.Move{}
	for _, m := range d.Moves {
		moves[m.ID] = m
	}
	for id, want := range map[string]string{
		"people":      `{"id":"people","class":"employee","as_is":5,"changed":3,"not":1,"reasons":[{"id":"merged","n":1},{"id":"no_email","n":1},{"id":"leaver","n":1},{"id":"placeholder","n":1}]}`,
		"departments": `{"id":"departments","class":"ou","as_is":1,"changed":1,"not":0,"reasons":[{"id":"company_of_nobody","n":1}]}`,
		"tickets":     `{"id":"tickets","class":"serviceCall","as_is":1,"changed":4,"not":0,"reasons":[{"id":"ticket_nobody","n":1},{"id":"ticket_placeholder","n":1},{"id":"ticket_department","n":1},{"id":"ticket_sender","n":1}]}`,
		// as is: client, agent, the note of 44 who gets a seat, by mail; changed: observer, the one who left, nobody
		"comments": `{"id":"comments","class":"comment","as_is":4,"changed":3,"not":2,"reasons":[{"id":"no_seat","n":2},{"id":"no_author","n":1},{"id":"copy","n":1},{"id":"elsewhere","n":1}]}`,
		"files":    `{"id":"files","class":"file","as_is":1,"changed":2,"not":1,"reasons":[{"id":"file_decide","n":2},{"id":"elsewhere","n":1}]}`,
		"items":    `{"id":"items","class":"objectBase","as_is":0,"changed":2,"not":0,"reasons":[{"id":"item_company","n":1},{"id":"item_loose","n":1}]}`,
		"tasks":    `{"id":"tasks","class":"task","as_is":0,"changed":0,"not":1,"reasons":[{"id":"no_home","n":1}]}`,
		"values":   `{"id":"values","class":"catalogs","as_is":0,"changed":4,"not":1,"reasons":[{"id":"value_option","n":4},{"id":"value_unused","n":1}]}`,
	} {
		if got := inJSON(t, moves[id]); got != want {
			t.Errorf("%s\n got %s\nwant %s", id, got, want)
		}
	}
	if got, want := inJSON(t, d.Seats), `{"buy":2,"days":90,"rest":2,"left_lately":1,"unflagged":1,"others":0}`; got != want {
		t.Errorf("seats %s, want %s", got, want)
	}
	if got, want := inJSON(t, d.Restricted), `[{"what":"type","reason":"not_offered","name":"serviceCall$own","tickets":1},{"what":"type","reason":"not_listed","name":"serviceCall$secret","tickets":0},`+
		`{"what":"service","reason":"recipients","name":"slmService$62","title":"Бухгалтерия","tickets":1},{"what":"service","reason":"no_agreement","name":"slmService$63","title":"Старая","tickets":1},`+
		`{"what":"section","reason":"protected","name":"KB$KBSectionProt","tickets":1}]`; got != want {
		t.Errorf("restricted\n got %s\nwant %s", got, want)
	}
	if got, want := inJSON(t, d.Secrets), `[{"kind":"password","n":1,"objects":[{"name":"comment.text","n":1}],"places":["comment.text comment$2006"]}]`; got != want {
		t.Errorf("secrets\n got %s\nwant %s", got, want)
	}
	if d.People.Unregistered != 1 || d.People.NoClient != 1 || d.LooseItems != 1 {
		t.Errorf("people %+v, %d loose items", d.People, d.LooseItems)
	}
	for _, c := range d.Catalogs {
		if c.Code == "priority" && (c.N != 3 || c.Folders != 1 || c.Archived != 1 || c.ArchivedUsed != 1) {
			t.Errorf("priority: %+v", c)
		}
		if c.Code == "flavour" && inJSON(t, c.Items) != `[{"code":"mint","title":"Хххх Хххххххххх","used":1}]` {
			t.Errorf("the title with a person's name: %s", inJSON(t, c.Items))
		}
	}
	// The forecast by hand, after IC 5. Contacts: eight people less one who shares an address, and one unknown sender. Links:
	// four people with a department, two users of an item. Ticket 7 has six comments, a solution, the dossier and two files of
	// its own in one more message: nine replies; the others have a dossier each, 9 a comment more.
	want := map[string]int{"contacts": 8, "companies": 4, "company_links": 6, "objects": 0, "conversations": 10, "replies": 9 + 1 + 2 + 1 + 1, "participants": 2, "tags": 2, "assignments": 2, "closings": 1}
	sum := 0
	for _, l := range d.Forecast.Lines {
		if l.N != want[l.ID] {
			t.Errorf("calls for %s: %d, want %d", l.ID, l.N, want[l.ID])
		}
		sum += want[l.ID]
	}
	if d.Forecast.Calls != sum || d.Forecast.Replies != 14 || d.Forecast.CallsAsTickets != 8+4+6+10+14+2 {
		t.Errorf("%d calls, %d replies, %d calls as tickets", d.Forecast.Calls, d.Forecast.Replies, d.Forecast.CallsAsTickets)
	}
}

// TestMovesAddUp: no row disappears: the three columns are the rows, and reasons are what is not moved as it is.
func TestMovesAddUp(t *testing.T) {
	for name, d := range map[string]*scope.Document{"acme": lookAcme(t), "small": look(t, data(small), nil)} {
		rows := map[string]int{}
		for _, c := range d.Classes {
			rows[c.Name] = c.N
		}
		for _, c := range d.Catalogs {
			rows["catalogs"] += c.N
		}
		for _, m := range d.Moves {
			if m.AsIs+m.Changed+m.Not != rows[m.Class] {
				t.Errorf("%s %s: %d + %d + %d are not the %d rows", name, m.ID, m.AsIs, m.Changed, m.Not, rows[m.Class])
			}
			sum := 0
			for _, r := range m.Reasons {
				sum += r.N
			}
			if sum != m.Changed+m.Not {
				t.Errorf("%s %s: reasons for %d rows of %d", name, m.ID, sum, m.Changed+m.Not)
			}
		}
	}
}

// TestTimeProof: the zone is proven by the screen, or shown to be wrong, and by how much.
func TestTimeProof(t *testing.T) {
	yekaterinburg, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		t.Fatal(err)
	}
	// Ticket 7 was registered at 06:30 UTC, 8 at 20:10 UTC.
	for _, tt := range []struct {
		name   string
		server string // where the server really is
		expect map[string]string
		screen *time.Location
		want   string
		off    int
	}{
		{"nobody was asked", "Europe/Moscow", nil, nil, "not_asked", 0},
		{"right", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30", "8": "05.01.2026 23:10"}, nil, "proven", 0},
		{"right, on a screen elsewhere", "Europe/Moscow", map[string]string{"7": "02.01.2026 11:30"}, yekaterinburg, "proven", 0},
		{"the server has UTC", "UTC", map[string]string{"7": "02.01.2026 09:30", "8": "05.01.2026 23:10"}, nil, "wrong", -180},
		{"read off wrongly", "Europe/Moscow", map[string]string{"7": "02.01.2026 09:30", "8": "05.01.2026 23:11"}, nil, "mixed", 0},
		{"no such ticket", "Europe/Moscow", map[string]string{"70": "02.01.2026 09:30"}, nil, "not_found", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, _ := tenant(t, data(small), sandbox.Profile{}, func(o *sandbox.Options) { o.ServerZone = tt.server })
			d, err := scope.Run(t.Context(), src, scope.Options{Zone: moscow(t), ExpectTime: tt.expect, ScreenZone: tt.screen})
			if err != nil {
				t.Fatal(err)
			}
			if d.Time.Verdict != tt.want || d.Time.OffMinutes != tt.off {
				t.Errorf("%+v", d.Time)
			}
			decided := strings.Contains(inJSON(t, d.Decisions), `"zone"`)
			if decided == (tt.want == "proven") {
				t.Errorf("decisions %v", d.Decisions)
			}
		})
	}
}

// TestFuture: a server east of the zone that was set has dates that have not come yet.
func TestFuture(t *testing.T) {
	c := newClock()
	row := fmt.Sprintf(`+{"UUID":"serviceCall$1099","metaClass":"serviceCall$serviceCall","number":99,"title":"99","shortDescr":"just now","description":"x","state":"registered","registrationDate":%q,"creationDate":%q,"clientEmployee":"employee$45"}`,
		c.Now().Add(-time.Minute).Format(time.RFC3339), c.Now().Add(-time.Minute).Format(time.RFC3339))
	src, _ := tenant(t, data(with(small, "serviceCall", row)), sandbox.Profile{}, func(o *sandbox.Options) { o.ServerZone = "Asia/Yekaterinburg" })
	d, err := scope.Run(t.Context(), src, scope.Options{Zone: moscow(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := inJSON(t, d.Time.Future), `[{"name":"serviceCall.creationDate","n":1},{"name":"serviceCall.registrationDate","n":1}]`; got != want {
		t.Errorf("future %s, want %s", got, want)
	}
	if d.Newest.After(d.Now) {
		t.Errorf("the newest date %s is after %s", d.Newest, d.Now)
	}
}

// comments are so many public comments on a ticket of the small desk.
func comments(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"UUID":"comment$%d","metaClass":"comment","source":"serviceCall$1001","text":"x","author":"employee$41","creationDate":"2026-01-02T07:10:00Z"}`, 2100+i))
	}
	return strings.Join(out, "\n")
}

// TestUnseen: what a key with few rights does not see is said, and the rest is counted.
func TestUnseen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		profile sandbox.Profile
		data    map[string]string
		want    []string
	}{
		{"a class is hidden", sandbox.Profile{HiddenClasses: []string{"problem", "employee"}}, small, []string{`"class":"employee"`}},
		{"attributes are hidden", sandbox.Profile{HiddenAttrs: []string{"serviceCall.mark", "employee.email"}}, small,
			[]string{`{"id":"attribute","class":"serviceCall","n":1,"detail":"mark"}`, `{"id":"attribute","class":"employee","n":1,"detail":"email"}`}},
		{"a type is hidden", sandbox.Profile{HiddenClasses: []string{"serviceCall$own"}, ShowLinks: true}, with(small, "task", `+{"UUID":"task$92","metaClass":"task$task","title":"of a ticket","state":"registered","serviceCall":"serviceCall$1003"}`), []string{`{"id":"unlisted","class":"serviceCall","n":1}`}},
		{"comments that a ticket says it has", sandbox.Profile{}, with(small, "serviceCall", strings.Replace(small["serviceCall"], `"number":8,`, `"number":8,"commentAdded":true,`, 1)), nil},
		{"comments that are not shown", sandbox.Profile{}, with(small, "serviceCall", strings.Replace(small["serviceCall"], `"number":10,`, `"number":10,"commentAdded":true,`, 1)), []string{`{"id":"mute_tickets","class":"comment","n":1}`}},
		{"a date of a comment that is not shown", sandbox.Profile{}, with(small, "serviceCall", strings.Replace(small["serviceCall"], `"number":10,`, `"number":10,"commentDate":"2026-01-07T09:00:00Z",`, 1)), []string{`{"id":"mute_tickets","class":"comment","n":1}`}},
		{"no comment at all, though a ticket shows its last one", sandbox.Profile{}, with(with(with(small, "comment", ""), "file", ""), "serviceCall", strings.Replace(small["serviceCall"], `"number":10,`, `"number":10,"lastComment":"<p>hello</p>",`, 1)), []string{`{"id":"empty","class":"comment"}`, `{"id":"mute_tickets","class":"comment","n":1}`}},
		{"many comments, one of them internal", sandbox.Profile{}, with(small, "comment", "+"+comments(50)), nil},
		{"many comments, the internal ones hidden", sandbox.Profile{HiddenPrivate: true}, with(small, "comment", "+"+comments(50)), []string{`{"id":"private","class":"comment","n":58}`}},
		{"few comments, none internal", sandbox.Profile{HiddenPrivate: true}, with(small, "comment", "+"+comments(42)), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, _ := tenant(t, data(tt.data), tt.profile, nil)
			d, err := scope.Run(t.Context(), src, scope.Options{Zone: moscow(t)})
			if err != nil {
				t.Fatal(err)
			}
			got := inJSON(t, d.Unseen)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s lacks %s", got, want)
				}
			}
			if tt.want == nil && (strings.Contains(got, "mute_tickets") || strings.Contains(got, `"private"`)) {
				t.Errorf("%s", got)
			}
			if len(d.Moves) < 5 {
				t.Errorf("only %d kinds of things", len(d.Moves))
			}
			for _, lang := range []string{scope.English, scope.Russian} {
				var b bytes.Buffer
				if err := errors.Join(scope.Markdown(&b, d, lang), scope.HTML(&b, d, lang)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A fake is a source of rows by hand.
type fake struct {
	rows    map[string][]string
	refused map[string]string
	owned   map[string][]string // comments by owner
	stream  func(class string) iter.Seq2[plan.Row, error]
	asked   []string
	bytes   io.Reader // of every file; nil for a refusal
}

func (f *fake) Now(context.Context) (time.Time, error) {
	return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), nil
}
func (f *fake) Calls() int                               { return len(f.asked) }
func (f *fake) OpenFor(from, to time.Time) time.Duration { return to.Sub(from) }

func (f *fake) OpenFile(_ context.Context, key string) (plan.Content, error) {
	f.asked = append(f.asked, "get-file "+key)
	if f.bytes == nil {
		return plan.Content{}, errors.New("get-file: " + key + ": Ivanova may not")
	}
	return plan.Content{Body: io.NopCloser(f.bytes)}, nil
}

func (f *fake) Probe(_ context.Context, class string) (itsm365.Probe, error) {
	f.asked = append(f.asked, class)
	p := itsm365.Probe{Class: class, Refused: f.refused[class]}
	if p.Refused == "" && f.stream != nil && f.stream(class) != nil {
		return p, nil
	}
	p.Empty = p.Refused == "" && len(f.rows[class]) == 0
	return p, nil
}

func (f *fake) Objects(_ context.Context, class, owner string) iter.Seq2[plan.Row, error] {
	f.asked = append(f.asked, class+" "+owner)
	if f.stream != nil && owner == "" {
		if rows := f.stream(class); rows != nil {
			return rows
		}
	}
	rows := f.rows[class]
	if owner != "" {
		rows = f.owned[owner]
	}
	return func(yield func(plan.Row, error) bool) {
		for i, text := range rows {
			var o struct{ UUID string }
			row := plan.Row{JSON: []byte(text), Pos: fmt.Sprint(i)}
			if json.Unmarshal(row.JSON, &o) != nil || o.UUID == "" {
				row.Broken, row.JSON = "is no object", nil
			}
			row.Key = o.UUID
			if !yield(row, nil) {
				return
			}
		}
	}
}

// TestCommentsPerOwner: where the list of all comments is refused, each ticket is asked for its own (IT 2.7).
func TestCommentsPerOwner(t *testing.T) {
	f := &fake{
		rows: map[string][]string{"serviceCall": {
			`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1}`, `{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":2}`}},
		refused: map[string]string{"comment": "HTTP 500: нет прав"},
		owned:   map[string][]string{"serviceCall$2": {`{"UUID":"comment$3","metaClass":"comment","text":"Привет","source":{"UUID":"serviceCall$2","metaClass":"serviceCall$request"}}`}},
	}
	d, err := scope.Run(t.Context(), f, scope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Classes {
		if c.Name == "comment" && (c.State != "read" || c.N != 1 || !c.PerOwner) {
			t.Errorf("%+v", c)
		}
	}
	if d.Threads.Comments != 1 || d.Threads.Longest != 1 {
		t.Errorf("%+v", d.Threads)
	}
	if asked := strings.Join(f.asked, ","); !strings.Contains(asked, "comment serviceCall$1,comment serviceCall$2") {
		t.Errorf("asked %s", asked)
	}
}

// TestTriesOneFile: the smallest file that everybody may see is asked for its first bytes, once; that it gives none is said.
func TestTriesOneFile(t *testing.T) {
	for _, tt := range []struct {
		name  string
		bytes io.Reader
		want  string
	}{
		{"readable", strings.NewReader(strings.Repeat("x", 1000)), ""},
		{"refused", nil, `{"id":"bytes","class":"file","detail":"get-file: file$3: Xxxxxxx may not"}`},
		{"cut", strings.NewReader("x"), `{"id":"bytes","class":"file","detail":"file$3 has fewer bytes than its file object says"}`},
		{"broken", iotest.ErrReader(errors.New("reset by peer")), `{"id":"bytes","class":"file","detail":"reset by peer"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{bytes: tt.bytes, rows: map[string][]string{
				"employee": {`{"UUID":"employee$9","metaClass":"employee$employee","lastName":"Ivanova"}`},
				"file": {`{"UUID":"file$1","metaClass":"file","fileSize":0}`, `{"UUID":"file$2","metaClass":"file","fileSize":5000}`,
					`{"UUID":"file$3","metaClass":"file","fileSize":600}`, `{"UUID":"file$4","metaClass":"file","fileSize":10,"authorOnly":true}`}}}
			d, err := scope.Run(t.Context(), f, scope.Options{})
			if err != nil {
				t.Fatal(err)
			}
			asked := slices.DeleteFunc(slices.Clone(f.asked), func(s string) bool { return !strings.HasPrefix(s, "get-file ") })
			if got := inJSON(t, d.Unseen); strings.Contains(got, `"bytes"`) != (tt.want != "") || !strings.Contains(got, tt.want) || strings.Join(asked, ",") != "get-file file$3" {
				t.Errorf("asked %v, unseen %s", asked, got)
			}
			if tt.name == "readable" {
				if left, _ := io.ReadAll(tt.bytes); len(left) != 1000-512 {
					t.Errorf("%d bytes were left alone", len(left))
				}
			}
		})
	}
}

// TestFilesDenied: the service lists files to a key that may not read them.
func TestFilesDenied(t *testing.T) {
	src, far := tenant(t, acme(), sandbox.Profile{DenyGetFile: []string{"*"}}, nil)
	d, err := scope.Run(t.Context(), src, scope.Options{Zone: moscow(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got := inJSON(t, d.Unseen); !strings.Contains(got, `"id":"bytes"`) || far.Stats().Calls["get-file"]["file"] != 1 {
		t.Errorf("%s, %v", got, far.Stats().Calls["get-file"])
	}
	var md bytes.Buffer
	if err := scope.Markdown(&md, d, scope.English); err != nil || !strings.Contains(md.String(), "files are listed, and the one that was tried") {
		t.Error(err, "the document does not say so")
	}
}

// TestStops: a refused key and a done context end the reading, and say what was being done.
func TestStops(t *testing.T) {
	src, _ := tenant(t, data(small), sandbox.Profile{Expires: time.Unix(0, 0)}, nil)
	if _, err := scope.Run(t.Context(), src, scope.Options{}); !errors.Is(err, itsm365.ErrKey) || !strings.Contains(err.Error(), "discover: probe root") {
		t.Errorf("a refused key: %v", err)
	}
	src, _ = tenant(t, data(small), sandbox.Profile{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scope.Run(ctx, src, scope.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a done context: %v", err)
	}
}

// TestOverLimits: a thread of 500 comments is too long with its dossier note, one of 499 is not; so with bodies.
func TestOverLimits(t *testing.T) {
	f := &fake{rows: map[string][]string{"serviceCall": {
		`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"description":"` + strings.Repeat("ж", 32000) + `"}`,
		`{"UUID":"serviceCall$2","metaClass":"serviceCall$request","number":2,"descriptionRTF":"<b>` + strings.Repeat("ж", 32001) + `</b>","shortDescr":"` + strings.Repeat("т", 256) + `"}`}}}
	for i := range 499 + 500 {
		owner := 1 + i/499
		f.rows["comment"] = append(f.rows["comment"], fmt.Sprintf(`{"UUID":"comment$%d","metaClass":"comment","text":"x","source":{"UUID":"serviceCall$%d","metaClass":"serviceCall$request"}}`, i+10, min(owner, 2)))
	}
	f.rows["comment"] = append(f.rows["comment"], `{"UUID":"comment$9","metaClass":"comment","text":"y","source":{"UUID":"serviceCall$2"},"files":[`+strings.Repeat(`{"UUID":"file$1"},`, 10)+`{"UUID":"file$2"}]}`)
	d, err := scope.Run(t.Context(), f, scope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if th := d.Threads; th.OverParts != 1 || th.OverBody != 1 || th.OverTitle != 1 || th.OverFiles != 1 || th.Longest != 501 || strings.Join(th.Places, " ") != "serviceCall$2 comment$9" {
		t.Errorf("%+v", th)
	}
}

// TestHostile: what a tenant says breaks out of no cell, makes no link and no picture, and runs nowhere.
func TestHostile(t *testing.T) {
	evil := `</td></table><script>alert(1)</script><img src=x onerror=alert(1)>|` + "`" + `](http://evil.example)[x] @everyone ${7*7} {{.}} <!--`
	row, err := json.Marshal(map[string]any{"UUID": "serviceCall$1", "metaClass": evil, "state": evil, evil: evil, "priority": map[string]any{"UUID": "priority$1", "code": evil, "metaClass": "priority"},
		"service": map[string]any{"UUID": evil, "metaClass": evil}, "number": 1})
	if err != nil {
		t.Fatal(err)
	}
	item, err := json.Marshal(map[string]any{"UUID": "priority$1", "metaClass": "priority", "code": evil, "title": evil})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{rows: map[string][]string{"serviceCall": {string(row)}, "priority": {string(item)}}, refused: map[string]string{"problem": evil}}
	d, err := scope.Run(t.Context(), f, scope.Options{Host: "acme.itsm365.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{scope.English, scope.Russian} {
		var page, md bytes.Buffer
		if err := errors.Join(scope.HTML(&page, d, lang), scope.Markdown(&md, d, lang)); err != nil {
			t.Fatal(err)
		}
		clean(t, page.Bytes())
		code := regexp.MustCompile("`[^`]*`|(?s)```.*?```")
		for _, bad := range []string{"<script", "<img", "](", "://evil", " @everyone", "<!--"} {
			if strings.Contains(code.ReplaceAllString(md.String(), ""), bad) {
				t.Errorf("%s: the Markdown has %q", lang, bad)
			}
		}
	}
}

// clean fails for a page that asks for anything, or runs anything.
func clean(t testing.TB, page []byte) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		switch n.Data {
		case "script", "img", "iframe", "object", "embed", "form", "base", "video", "audio", "image", "use", "foreignObject":
			if n.Type == html.ElementNode {
				t.Errorf("the page has an element %s", n.Data)
			}
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s %s>", n.Data, a.Key)
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "#") && a.Val != "data:,":
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
}

// TestStreams: a class of fifty thousand comments is not held.
func TestStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	const many = 50000
	text := strings.Repeat("Добрый день, коллеги! ", 20)
	f := &fake{rows: map[string][]string{"serviceCall": {`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1}`}}}
	var most uint64
	f.stream = func(class string) iter.Seq2[plan.Row, error] {
		if class != "comment" {
			return nil
		}
		return func(yield func(plan.Row, error) bool) {
			for i := range many {
				key := fmt.Sprintf("comment$%d", i)
				row := plan.Row{Key: key, JSON: fmt.Appendf(nil, `{"UUID":%q,"metaClass":"comment","text":"%s %d","source":{"UUID":"serviceCall$1"}}`, key, text, i)}
				if !yield(row, nil) {
					return
				}
				if i == many-1 {
					runtime.GC()
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					most = m.HeapAlloc
				}
			}
		}
	}
	d, err := scope.Run(t.Context(), f, scope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Threads.Comments != many {
		t.Errorf("%d comments", d.Threads.Comments)
	}
	if most > 16<<20 { // the rows are 45 MB
		t.Errorf("%d MB are held after %d comments", most>>20, many)
	}
}

// FuzzRun: whatever a tenant answers, the document adds up and its renderings are clean.
func FuzzRun(f *testing.F) {
	for _, class := range []string{"employee", "serviceCall", "comment", "file", "objectBase", "agreement", "slmService", "priority", "root", "KB", "task"} {
		for _, line := range strings.Split(small[class], "\n") {
			f.Add(class, line)
		}
	}
	f.Add("serviceCall", `{"UUID":"serviceCall$1","priority":{"UUID":"x$1","code":"a","metaClass":"x"},"registrationDate":"2026.99.99 00:00:00","number":1e400}`)
	f.Add("file", `{"UUID":"file$1","fileSize":-5,"title":".","mimeType":"/"}`)
	f.Add("comment", `{"UUID":"comment$1","source":{"UUID":"serviceCall$1"},"files":[[],{},null],"text":"<"}`)
	f.Fuzz(func(t *testing.T, class, line string) {
		src := &fake{rows: map[string][]string{class: {line, line + " "}, "priority": {`{"UUID":"priority$1","code":"a"}`}}}
		d, err := scope.Run(t.Context(), src, scope.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range d.Moves {
			if m.AsIs < 0 || m.Changed < 0 || m.Not < 0 {
				t.Errorf("%+v", m)
			}
		}
		var page, rest bytes.Buffer
		if err := errors.Join(scope.HTML(&page, d, scope.Russian), scope.Markdown(&rest, d, scope.English), scope.JSON(&rest, d)); err != nil {
			t.Fatal(err)
		}
		clean(t, page.Bytes())
	})
}

// TestOwnClass: a class that nobody knows is found by a link to it, read, and stands among what does not move.
func TestOwnClass(t *testing.T) {
	f := &fake{rows: map[string][]string{
		"serviceCall": {`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"kit":{"UUID":"cmdbmain$5","metaClass":"cmdbmain$komplekt","title":"Касса"}}`},
		"cmdbmain": {`{"UUID":"cmdbmain$5","metaClass":"cmdbmain$komplekt","state":"demont","part":{"UUID":"rack$7","metaClass":"rack"}}`,
			`{"UUID":"cmdbmain$6","metaClass":"cmdbmain$komplekt"}`},
		"rack":      {`{"UUID":"rack$7","metaClass":"rack"}`},
		"agreement": {`{"UUID":"agreement$8","metaClass":"agreement$agreement","state":"active"}`},
	}}
	d, err := scope.Run(t.Context(), f, scope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := inJSON(t, d.Moves); !strings.Contains(got, `{"id":"own_class","class":"cmdbmain","as_is":0,"changed":0,"not":2,"reasons":[{"id":"own_class","n":2}]}`) || !strings.Contains(got, `"class":"rack"`) {
		t.Errorf("%s", got)
	}
	if len(d.Orphans) != 0 {
		t.Errorf("orphans %v", d.Orphans)
	}
	if got, want := inJSON(t, d.Signals), `[{"id":"licensed","n":0},{"id":"own_types","n":0},{"id":"own_fields","n":1},{"id":"own_classes","n":2},{"id":"own_catalogs","n":0},{"id":"contracts","n":1}]`; got != want {
		t.Errorf("signals %s, want %s", got, want)
	}
	var b bytes.Buffer
	if err := scope.Markdown(&b, d, scope.Russian); err != nil || !strings.Contains(b.String(), "Собственные объекты: cmdbmain") {
		t.Errorf("%v\n%.2000s", err, b.String())
	}
}

// TestOrphans: what belongs to nothing that is listed is counted: comments, files, links, tickets of hidden people and teams.
func TestOrphans(t *testing.T) {
	f := &fake{rows: map[string][]string{
		"employee": {`{"UUID":"employee$1","metaClass":"employee$employee","lastName":"Кузнецов","parent":{"UUID":"ou$99","metaClass":"ou$ou"}}`},
		"team":     {`{"UUID":"team$2","metaClass":"team$team","title":"Seen"}`},
		"serviceCall": {`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","clientEmployee":{"UUID":"employee$50","metaClass":"employee$employee"},"responsibleTeam":{"UUID":"team$60","metaClass":"team$team"}}`,
			`{"UUID":"serviceCall$2","metaClass":"serviceCall$request","clientEmployee":{"UUID":"employee$50","metaClass":"employee$employee"},"responsibleTeam":{"UUID":"team$2","metaClass":"team$team"}}`},
		"comment": {`{"UUID":"comment$1","metaClass":"comment","text":"x","source":{"UUID":"serviceCall$77","metaClass":"serviceCall$request"}}`, `{"UUID":"comment$2","metaClass":"comment","text":"x"}`},
		"file":    {`{"UUID":"file$1","metaClass":"file","title":"a.txt","fileSize":1,"source":{"UUID":"serviceCall$77","metaClass":"serviceCall$request"}}`, `{"UUID":"file$2","metaClass":"file","title":"b.txt","fileSize":1,"source":{"UUID":"problem$4","metaClass":"problem$problem"}}`},
		"problem": {`{"UUID":"problem$4","metaClass":"problem$problem"}`},
		"ou":      {`{"UUID":"ou$3","metaClass":"ou$ou"}`},
	}, refused: map[string]string{"KB": "Нет прав у Кузнецова, kuz@acme.example, 8 900 000 00 00"}}
	d, err := scope.Run(t.Context(), f, scope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := inJSON(t, d.Orphans), `[{"from":"comment.source","to":"serviceCall","n":1,"example":"serviceCall$77"},{"from":"employee.parent","to":"ou","n":1,"example":"ou$99"},`+
		`{"from":"file.source","to":"serviceCall","n":1,"example":"serviceCall$77"},{"from":"serviceCall.clientEmployee","to":"employee","n":1,"example":"employee$50"},{"from":"serviceCall.responsibleTeam","to":"team","n":1,"example":"team$60"}]`; got != want {
		t.Errorf("orphans\n got %s\nwant %s", got, want)
	}
	if d.Files.Orphans != 1 {
		t.Errorf("%d files without an owner", d.Files.Orphans)
	}
	for _, m := range d.Moves {
		if m.ID == "comments" && inJSON(t, m.Reasons) != `[{"id":"orphan","n":2}]` || m.ID == "tickets" && inJSON(t, m.Reasons) != `[{"id":"ticket_hidden","n":2}]` {
			t.Errorf("%s: %s", m.ID, inJSON(t, m.Reasons))
		}
	}
	if got := inJSON(t, d.Restricted); got != `[{"what":"team","reason":"not_listed","name":"team$60","tickets":1}]` {
		t.Errorf("restricted %s", got)
	}
	if got := inJSON(t, d.Unseen); !strings.Contains(got, `{"id":"refused","class":"KB","detail":"Нет прав у Ххххххххх, xxx@xxxx.xxxxxxx, 9 999 999 99 99"}`) {
		t.Errorf("unseen %s", got)
	}
}

// TestApplyHours by hand: a thread of 5,000 comments and its dossier at 8 in 10 s takes 6,251 s; 3,000 tickets of two messages
// each, 9,000 writes at 83 in 10 s half of which are ours, 2,169 s.
func TestApplyHours(t *testing.T) {
	long := &fake{rows: map[string][]string{"serviceCall": {`{"UUID":"serviceCall$1","metaClass":"serviceCall$request"}`}}}
	for i := range 5000 {
		long.rows["comment"] = append(long.rows["comment"], fmt.Sprintf(`{"UUID":"comment$%d","metaClass":"comment","text":"x","source":{"UUID":"serviceCall$1"}}`, i+10))
	}
	many := &fake{rows: map[string][]string{}}
	for i := range 3000 {
		many.rows["serviceCall"] = append(many.rows["serviceCall"], fmt.Sprintf(`{"UUID":"serviceCall$%d","metaClass":"serviceCall$request"}`, i+10))
	}
	for _, tt := range []struct {
		name  string
		src   *fake
		binds string
		hours float64
	}{{"a long thread", long, "thread", 1.7365}, {"many tickets", many, "rate", 0.6024}} {
		d, err := scope.Run(t.Context(), tt.src, scope.Options{Granted: 83, GrantedFrom: "stated", Share: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if d.Forecast.Binds != tt.binds || d.Forecast.ApplyHours != tt.hours {
			t.Errorf("%s: %s, %v hours, want %s, %v", tt.name, d.Forecast.Binds, d.Forecast.ApplyHours, tt.binds, tt.hours)
		}
	}
}
