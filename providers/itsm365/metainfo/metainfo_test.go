package metainfo_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/encoding/charmap"

	"deskform/providers/itsm365/metainfo"
)

const acme = "../../../fixtures/acme/itsm365/metainfo.xml"

// TestAcme: what the example's export has, each thing by hand.
func TestAcme(t *testing.T) {
	s, err := metainfo.ReadFile(acme)
	if err != nil {
		t.Fatal(err)
	}
	notes := func(all []metainfo.Thing) string {
		var out []string
		for _, x := range all {
			name := x.Code + " " + x.Title.RU
			if x.Off {
				name += " (off)"
			}
			out = append(out, name)
		}
		return strings.Join(out, "; ")
	}
	var events, schemes, tasks, timers []string
	for _, e := range s.Events {
		events = append(events, fmt.Sprintf("%s %s %s %v %d %v", e.Code, e.Kind, e.Event, e.Classes, e.Conditions, e.Notifies()))
	}
	for _, e := range s.Escalations {
		schemes = append(schemes, fmt.Sprintf("%s off=%v %v %s %v", e.Code, e.Off, e.Classes, e.Timer, e.Levels))
	}
	for _, x := range s.Tasks {
		tasks = append(tasks, fmt.Sprintf("%s %s off=%v", x.Code, x.Kind, x.Off))
	}
	for _, x := range s.Timers {
		timers = append(timers, fmt.Sprintf("%s %s %s %d %d", x.Code, x.Class, x.Metric, x.Runs, x.Stops))
	}
	flow := func(fqn string) string {
		st, tr, ok := s.Flow(fqn)
		return fmt.Sprint(st, tr, ok)
	}
	for what, c := range map[string]struct{ got, want string }{
		"head":        {s.Date + " " + s.Mode + " " + s.Version, "2026-10-30T06:12:44.120Z full 4.12.0.7"},
		"tags":        {notes(s.Tags[5:]), "Zadachi Задачи; ZaprosyNaIzmenenie Запросы на изменение; kanboard Канбан-доска (off)"},
		"classes":     {fmt.Sprint(len(s.Classes), s.Classes[2].FQN, s.Classes[2].Parent, s.Classes[2].Title, s.Classes[2].Attributes), "6serviceCall$requestserviceCall{Запрос на обслуживание } 1"},
		"overrides":   {fmt.Sprint(s.Classes[0].Attributes, s.Classes[0].Overrides, s.Classes[0].Title, s.Classes[0].System), "3 1 {Заявка Call} true"},
		"class's tag": {fmt.Sprint(s.Classes[4].Tags), "[Zadachi]"},
		"ticket":      {flow("serviceCall"), "7 10 true"},
		"incident":    {flow("serviceCall$serviceCall"), "6 8 true"}, // no deferred, and no way to it or from it
		"request":     {flow("serviceCall$request"), "7 10 true"},
		"complaint":   {flow("serviceCall$complaint"), "8 12 true"},
		"task":        {flow("task"), "2 1 true"},
		"employee":    {flow("employee"), "0 0 false"},
		"events": {strings.Join(events, "; "), "eventAction$25 notification changeState [serviceCall] 1 true; eventAction$email_respOnSoonDeadline notification escalation [serviceCall] 0 true; " +
			"eventAction$mobPush_newTask push-mobile add [task] 0 true; eventAction$140 script onsetTimeOfAttr [serviceCall] 0 false; eventAction$copyComment script addComment [serviceCall task] 0 false"},
		"escalation": {strings.Join(schemes, "; "), "resolution off=false [serviceCall] timeAllowance [{timePartExceeded 70 1} {timePartExceeded 100 1}]; reaction off=false [serviceCall] reactTimer [{timePartExceeded 70 1} {timePartExceeded 100 1}]; " +
			"task off=false [task] taskTimeRes [{timePartExceeded 70 0} {timePartExceeded 100 0}]; negotiation off=true [negotiation] forNegotiation [{timePartExceeded 70 0} {timePartExceeded 100 0}]"},
		"timers":    {strings.Join(timers, "; "), "timeAllowance serviceCall FLOAT 2 1; reactTimer serviceCall FLOAT 0 0; taskTimeRes task FLOAT 0 0"},
		"transfers": {fmt.Sprint(s.Transfers), "[{serviceCall 2 3}]"},
		"groups":    {notes(s.Groups), "C1_specialist Специалист; C3_admin Администратор"},
		"profiles":  {notes(s.Profiles), "client Контрагент заявки; specialist Специалист; observers Наблюдатель заявки"},
		"domains":   {notes(s.Domains), "serviceCall ; task "},
		"mail":      {notes(s.Mail), "incoming Обработка входящей почты; printMail Вывести параметры письма (off)"},
		"scheduler": {strings.Join(tasks, "; "), "ReceiveMailTask$1 ReceiveMailTask off=false; ExecuteScriptTask$recount ExecuteScriptTask off=true"},
		"modules":   {notes(s.Modules), "restModule ; kanboard  (off)"},
		"buttons":   {notes(s.UserEvents), "userEvent$1 [Кнопка] Подписаться"},
		"counts":    {fmt.Sprint(s.Scripts, s.Reports, s.Applications, s.Forms, s.CustomForms, s.Catalogs, s.Items, s.Imports, s.Notifying()), "4 1 1 2 1 2 2 1 3"},
		"others":    {fmt.Sprint(s.Other), "map[navigationSettings:1 settings:1 structured-objects-views:1]"},
		"files":     {fmt.Sprint(s.Files), "[metainfo.xml]"},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", what, c.got, c.want)
		}
	}
}

func dir(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

const (
	head = `<metainfoContainer xmlns:xi="http://www.w3.org/2001/XInclude">`
	foot = `</metainfoContainer>`
)

// TestParts: an export that XInclude keeps split is the same as one that is whole, each include relative to its own file.
func TestParts(t *testing.T) {
	s, err := metainfo.ReadFS(dir(map[string]string{
		"metainfo.xml": head + "\n<tags><xi:include href=\"tags/Zadachi.xml\" parse=\"xml\"/></tags><xi:include href='classes/task/task.xml'><xi:fallback>none</xi:fallback></xi:include><scripts><xi:include href=\"scripts/a/a.xml\"/></scripts>" + foot,
		"tags/Zadachi.xml": `<?xml version="1.0"?>
<tag><code>Zadachi</code></tag>
`,
		"classes/task/task.xml":         `<user-metaclass xmlns:xi="http://www.w3.org/2001/XInclude"><fqn><id>task</id></fqn><xi:include href="workflow/workflow.xml"/></user-metaclass>`,
		"classes/task/workflow/new.xml": `<state code="new"/>`,
		"classes/task/workflow/workflow.xml": `<workflow xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="new.xml"/>
<state code="closed"/><transition from="new" to="closed"/></workflow>`,
		"scripts/a/a.xml":    `<script xmlns:xi="http://www.w3.org/2001/XInclude"><code>a</code><scriptBody><xi:include href="a.groovy" parse="text"/></scriptBody></script>`,
		"scripts/a/a.groovy": "def x = 1 < 2 && true",
	}), "metainfo.xml")
	if err != nil {
		t.Fatal(err)
	}
	states, transitions, ok := s.Flow("task")
	if len(s.Tags) != 1 || s.Tags[0].Code != "Zadachi" || states != 2 || transitions != 1 || !ok || s.Scripts != 1 {
		t.Errorf("%+v", s)
	}
	if want := "metainfo.xml tags/Zadachi.xml classes/task/task.xml classes/task/workflow/workflow.xml classes/task/workflow/new.xml scripts/a/a.xml scripts/a/a.groovy"; strings.Join(s.Files, " ") != want {
		t.Errorf("parts %v", s.Files)
	}
}

// TestPartsOnDisk: parts do not leave the folder, by a link either; errors name the file as it was named, and the line.
func TestPartsOnDisk(t *testing.T) {
	top := t.TempDir()
	in := filepath.Join(top, "export")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"export/metainfo.xml": head + "\n<tags><xi:include href='tag.xml'/></tags>\n<xi:include href='out.xml'/>" + foot, "export/tag.xml": "<tag><code>Zadachi</code></tag>", "secret.xml": "<ui/>"} {
		if err := os.WriteFile(filepath.Join(top, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret.xml", filepath.Join(in, "out.xml")); err != nil {
		t.Skip(err)
	}
	_, err := metainfo.ReadFile(filepath.Join(in, "metainfo.xml"))
	if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(in, "metainfo.xml")+`:3: its part "out.xml" cannot be read: `) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(in, "out.xml")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(in, "out.xml"), []byte("<ui>\n<a></b></ui>"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(top)
	if _, err = metainfo.ReadFile("export/metainfo.xml"); err == nil || !strings.HasPrefix(err.Error(), "export/out.xml:2: the XML is broken: element <a> closed by </b>") {
		t.Error(err)
	}
	if _, err := metainfo.ReadFile("export"); err == nil || err.Error() != "export: it is a folder; name the file in it" {
		t.Error(err)
	}
	if _, err := metainfo.ReadFile("nothing.xml"); err == nil || err.Error() != "nothing.xml: no such file or directory" {
		t.Error(err)
	}
}

// TestWrong: what is no export, with the place.
func TestWrong(t *testing.T) {
	deep := strings.Repeat("<a>", 300)
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"empty":           {map[string]string{"m.xml": ""}, "m.xml: it is empty"},
		"blank":           {map[string]string{"m.xml": "\n \n"}, "m.xml:3: it is empty"},
		"a web page":      {map[string]string{"m.xml": "<!DOCTYPE html>\n<html><body><form action=login><br></body>"}, "m.xml:2: it is a web page, and not the configuration export"},
		"a page, loud":    {map[string]string{"m.xml": "<HTML>"}, "m.xml:1: it is a web page"},
		"another root":    {map[string]string{"m.xml": "<?xml version=\"1.0\"?>\n<objects/>"}, `m.xml:2: the root element is "objects" and not metainfoContainer`},
		"a part alone":    {map[string]string{"m.xml": "<escalation-scheme/>"}, `m.xml:1: the root element is "escalation-scheme"`},
		"a text":          {map[string]string{"m.xml": "Объект не найден"}, "m.xml:1: it is no XML"},
		"JSON":            {map[string]string{"m.xml": `{"a":1}`}, "m.xml:1: it is no XML"},
		"broken":          {map[string]string{"m.xml": head + "\n<tags>\n<tag></tags>" + foot}, "m.xml:3: the XML is broken: element <tag> closed by </tags>"},
		"cut off":         {map[string]string{"m.xml": head + "\n<tags>\n<tag>"}, "m.xml:3: the XML is broken: unexpected EOF"},
		"an entity":       {map[string]string{"m.xml": "<!DOCTYPE x [<!ENTITY a \"b\">]>\n" + head + "<tags>&a;</tags>" + foot}, "m.xml:2: the XML is broken: invalid character entity &a;"},
		"two roots":       {map[string]string{"m.xml": head + foot + "\n<more/>"}, "m.xml:2: there is more than one root element"},
		"text behind":     {map[string]string{"m.xml": head + foot + "\nmore"}, "m.xml:2: it is no XML"},
		"too deep":        {map[string]string{"m.xml": head + deep}, "m.xml:1: elements stand in one another more than 200 levels deep"},
		"packed":          {map[string]string{"m.xml": "PK\x03\x04rest"}, "m.xml: it is packed; unpack it"},
		"packed by gzip":  {map[string]string{"m.xml": "\x1f\x8b\x08\x00rest"}, "m.xml: it is packed"},
		"UTF-16":          {map[string]string{"m.xml": "\xff\xfe<\x00a\x00"}, "m.xml: it is in UTF-16; save it as UTF-8"},
		"UTF-16, no mark": {map[string]string{"m.xml": "\x00<\x00a"}, "m.xml: it is in UTF-16"},
		"an encoding":     {map[string]string{"m.xml": `<?xml version="1.0" encoding="klingon"?>` + head + foot}, `m.xml:1: read: xml: opening charset "klingon": the encoding "klingon" is not known`},
		"a wide encoding": {map[string]string{"m.xml": `<?xml version="1.0" encoding="utf-16le"?>` + head + foot}, `the encoding "utf-16le" is not read`},
		"bad UTF-8":       {map[string]string{"m.xml": head + "<tags>\xff\xfe</tags>" + foot}, "m.xml:1: the XML is broken: invalid UTF-8"},
		"no part":         {map[string]string{"m.xml": head + "\n<xi:include href='a.xml'/>" + foot}, `m.xml:2: its part "a.xml" cannot be read: file does not exist`},
		"no script":       {map[string]string{"m.xml": head + "\n<xi:include href='a.groovy' parse='text'/>" + foot}, `m.xml:2: its part "a.groovy" cannot be read`},
		"a folder":        {map[string]string{"m.xml": head + "<xi:include href='a'/>" + foot, "a/b.xml": "<ui/>"}, `m.xml:1: its part "a" cannot be read: it is no file`},
		"out of it":       {map[string]string{"m.xml": head + "<xi:include href='../a.xml'/>" + foot}, `m.xml:1: it includes "../a.xml", which is no file in the export's folder`},
		"the whole disk":  {map[string]string{"m.xml": head + "<xi:include href='/etc/passwd' parse='text'/>" + foot}, `it includes "/etc/passwd", which is no file in the export's folder`},
		"an address":      {map[string]string{"m.xml": head + "<xi:include href='http://a.example/b.xml'/>" + foot}, `it includes "http://a.example/b.xml", which is no file`},
		"a file address":  {map[string]string{"m.xml": head + "<xi:include href='file:///etc/passwd'/>" + foot}, `it includes "file:///etc/passwd", which is no file`},
		"a backslash":     {map[string]string{"m.xml": head + `<xi:include href='..\a.xml'/>` + foot}, `which is no file`},
		"two lines":       {map[string]string{"m.xml": head + "<xi:include href='a&#10;b.xml'/>" + foot}, `which is no file`},
		"no name":         {map[string]string{"m.xml": head + "<xi:include/>" + foot}, `it includes "", which is no file`},
		"itself":          {map[string]string{"m.xml": head + "<xi:include href='./m.xml'/>" + foot}, `m.xml:1: it includes "./m.xml", which includes it in turn`},
		"in a circle":     {map[string]string{"m.xml": head + "<xi:include href='a/b.xml'/>" + foot, "a/b.xml": "<x xmlns:xi='http://www.w3.org/2001/XInclude'>\n<xi:include href='../m.xml'/></x>"}, `a/b.xml:2: it includes "../m.xml", which includes it in turn`},
		"a broken part":   {map[string]string{"m.xml": head + "<xi:include href='a.xml'/>" + foot, "a.xml": "<ui>\n\n<b>"}, "a.xml:3: the XML is broken: unexpected EOF"},
		"an empty part":   {map[string]string{"m.xml": head + "<xi:include href='a.xml'/>" + foot, "a.xml": ""}, "a.xml: it is empty"},
		"a part too many": {map[string]string{"m.xml": head + "<xi:include href='a.xml'/>" + foot, "a.xml": "<ui/><ui/>"}, "a.xml:1: there is more than one root element"},
		"no file":         {map[string]string{"a.xml": ""}, "m.xml: file does not exist"},
	} {
		s, err := metainfo.ReadFS(dir(c.files), "m.xml")
		var e *metainfo.Error
		if s != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := metainfo.Read(strings.NewReader(head + "<xi:include href='a.xml'/>" + foot)); err == nil || !strings.Contains(err.Error(), `it is split, and its part "a.xml" is not there`) {
		t.Error(err)
	}
	if _, err := metainfo.Read(strings.NewReader("\n<html>")); err == nil || err.Error() != "metainfo, line 2: it is a web page, and not the configuration export" {
		t.Error(err)
	}
}

// TestPartsOfParts: no file makes work without end.
func TestPartsOfParts(t *testing.T) {
	files := map[string]string{"m.xml": head + "<xi:include href='0.xml'/>" + foot}
	for i := range 40 {
		files[fmt.Sprint(i, ".xml")] = fmt.Sprintf("<x xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='%d.xml'/><xi:include href='%d.xml'/></x>", i+1, i+1)
	}
	if _, err := metainfo.ReadFS(dir(files), "m.xml"); err == nil || !strings.Contains(err.Error(), "parts include parts more than 20 levels deep") {
		t.Error(err)
	}
	files["18.xml"] = "<x/>"
	if _, err := metainfo.ReadFS(dir(files), "m.xml"); err == nil || !strings.Contains(err.Error(), "it has more than 50000 parts") {
		t.Error(err)
	}
}

// TestTolerated: other spellings, other places, elements that nobody knows, and encodings of one byte.
func TestTolerated(t *testing.T) {
	cyrillic := `<?xml version="1.0" encoding="windows-1251"?>` + "\n" + head + "<tags><tag enabled='off'><code>Zadachi</code><title>Задачи</title></tag></tags>" + foot
	encoded, err := charmap.Windows1251.NewEncoder().String(cyrillic)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {head + foot, "tags [] classes 0 events 0 groups [] tasks [] other map[]"},
		"a mark of UTF-8":     {"\xef\xbb\xbf" + head + foot, "tags [] classes 0 events 0 groups [] tasks [] other map[]"},
		"a namespace":         {`<m:metainfoContainer xmlns:m="urn:a"><m:tags><m:tag><m:code>a</m:code></m:tag></m:tags></m:metainfoContainer>`, "tags [{a { } false}] classes 0 events 0 groups [] tasks [] other map[]"},
		"windows-1251":        {encoded, "tags [{Zadachi {Задачи } true}] classes 0 events 0 groups [] tasks [] other map[]"},
		"other spellings":     {head + "<sec-group code='a'/><secGroup code='b'/><sec_group><code>c</code></sec_group>" + foot, "tags [] classes 0 events 0 groups [{a { } false} {b { } false} {c { } false}] tasks [] other map[]"},
		"lists around":        {head + "<metaclasses><user-metaclass/><x/></metaclasses><event-actions><eventAction><on>off</on></eventAction></event-actions><scheduler-tasks><task><code>t</code></task></scheduler-tasks>" + foot, "tags [] classes 1 events 1 groups [] tasks [t] other map[metaclasses:1]"},
		"an unknown section":  {head + "<new><a><b>text</b></a></new><new/><other at='1'/>text<!-- remark --><?do it?>" + foot, "tags [] classes 0 events 0 groups [] tasks [] other map[new:2 other:1]"},
		"unknown in a known":  {head + "<tags><tag><code>a</code><new><code>b</code></new></tag><new/></tags>" + foot, "tags [{a { } false}] classes 0 events 0 groups [] tasks [] other map[]"},
		"no tasks of tickets": {head + "<transfer-values><task><code>no</code></task></transfer-values>" + foot, "tags [] classes 0 events 0 groups [] tasks [] other map[transfer-values:1]"},
	} {
		s, err := metainfo.Read(strings.NewReader(c.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var tasks []string
		for _, x := range s.Tasks {
			tasks = append(tasks, x.Code)
		}
		if got := fmt.Sprint("tags ", s.Tags, " classes ", len(s.Classes), " events ", len(s.Events), " groups ", s.Groups, " tasks ", tasks, " other ", s.Other); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// long is a stream of so many bytes between a head and a foot; part makes the next piece.
type long struct {
	left io.Reader
	n    int64
	part string
	foot string
}

func (l *long) Read(p []byte) (int, error) {
	for {
		if l.left != nil {
			if n, err := l.left.Read(p); n > 0 || !errors.Is(err, io.EOF) {
				return n, err
			}
		}
		switch {
		case l.n > 0:
			l.left, l.n = strings.NewReader(l.part), l.n-int64(len(l.part))
		case l.foot != "":
			l.left, l.foot = strings.NewReader(l.foot), ""
		default:
			return 0, io.EOF
		}
	}
}

// TestBig: 200 MB of scripts, forms and files take little memory, and a text without end takes no more than its bound.
func TestBig(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads 200 MB")
	}
	script := "<scripts><script><code>a</code><scriptBody><![CDATA[" + strings.Repeat("utils.edit(subject, [state: 'closed'])\n", 2000) + "]]></scriptBody></script></scripts>"
	form := "<ui><fqn><id>serviceCall</id></fqn>" + strings.Repeat("<layout uuid='a'><tab><title lang='ru'>Заявки</title></tab></layout>", 400) + "</ui>"
	file := "<embedded-applications><application><base64FileContent>" + strings.Repeat("UEsDBBQAAAAIAL1RxEw", 20000) + "</base64FileContent></application></embedded-applications>"
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err := metainfo.Read(io.MultiReader(strings.NewReader(head), &long{n: 200 << 20, part: script + form + file, foot: foot}))
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	pieces := (200<<20)/(len(script+form+file)) + 1
	if s.Scripts != pieces || s.Forms != pieces || s.Applications != pieces {
		t.Errorf("%d scripts, %d forms, %d applications of %d", s.Scripts, s.Forms, s.Applications, pieces)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 32<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	if _, err := metainfo.Read(io.MultiReader(strings.NewReader(head+"\n<scripts><script>"), &long{n: 1 << 30, part: strings.Repeat("a", 1<<20)})); err == nil || !strings.Contains(err.Error(), "line 2: a text is longer than 64 MB") {
		t.Error(err)
	}
	if _, err := metainfo.Read(io.MultiReader(strings.NewReader(head+"<tags>"), &long{n: 1 << 26, part: "<tag/>"})); err == nil || !strings.Contains(err.Error(), "it lists more than 200000 things") {
		t.Error(err)
	}
}

// FuzzMetainfo: whatever stands in a file or in its part, there is a summary or an error with a place, twice the same.
func FuzzMetainfo(f *testing.F) {
	text, err := os.ReadFile(acme)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text), "<ui/>")
	for _, s := range []string{
		"", "<html>", head + foot, head + "<xi:include href='part.xml'/>" + foot, head + "<tags><xi:include href='part.xml' parse='text'/></tags>" + foot, head + "<xi:include href='m.xml'/>" + foot,
		`<?xml version="1.0" encoding="windows-1251"?>` + head + "<tags><tag><title>\xc7\xe0\xe4\xe0\xf7\xe8</title></tag></tags>" + foot,
		head + "<escalation><escalation-scheme><levels><levels><level>1</level></levels></levels></escalation-scheme></escalation>" + foot,
		head + "<user-metaclass><fqn>a$b</fqn><parent><id>a</id></parent><workflow inherit='true'><transition from='x'/></workflow></user-metaclass>" + foot, "PK\x03\x04", "\xef\xbb\xbf",
	} {
		f.Add(s, "<tag><code>a</code></tag>")
	}
	f.Fuzz(func(t *testing.T, text, part string) {
		files := dir(map[string]string{"m.xml": text, "part.xml": part})
		s, err := metainfo.ReadFS(files, "m.xml")
		again, err2 := metainfo.ReadFS(files, "m.xml")
		var e *metainfo.Error
		switch {
		case (s == nil) == (err == nil) || fmt.Sprint(err) != fmt.Sprint(err2) || !reflect.DeepEqual(s, again):
			t.Fatalf("%+v, %v; %+v, %v", s, err, again, err2)
		case err != nil && (!errors.As(err, &e) || e.File != "m.xml" && e.File != "part.xml"):
			t.Fatalf("no place: %v", err)
		case err == nil && (s.Files[0] != "m.xml" || !strings.Contains(text, "metainfoContainer")):
			t.Fatalf("%q is no export", text)
		}
		if s == nil {
			return
		}
		for _, c := range s.Classes {
			states, transitions, ok := s.Flow(c.FQN)
			if !ok && states+transitions > 0 {
				t.Errorf("%s: %d states, %d transitions of no workflow", c.FQN, states, transitions)
			}
		}
		for _, name := range slices.Collect(maps.Keys(s.Other)) {
			if len([]rune(name)) > 300 {
				t.Errorf("a name of %d letters", len(name))
			}
		}
	})
}
