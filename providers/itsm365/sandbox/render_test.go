package sandbox_test

import (
	"strings"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

// Each case asks for one attribute; the answer holds that one and no other.
func TestValueShapes(t *testing.T) {
	utc := func(o *sandbox.Options) { o.ServerZone = "UTC" }
	fraction := func(o *sandbox.Options) { o.Fraction = true }
	integer := func(o *sandbox.Options) { o.IntervalAsInteger = true }
	null := func(o *sandbox.Options) { o.EmptyAsNull = true }
	hidden := func(o *sandbox.Options) {
		o.Keys = map[string]sandbox.Profile{"good": {HiddenClasses: []string{"serviceCall$request"}}}
	}
	for _, c := range []struct {
		name, uuid, attr string
		option           func(*sandbox.Options)
		want             string
	}{
		{"link", "serviceCall$70112", "clientOU", nil, `{"UUID":"ou$45","metaClass":"ou$company","title":"ООО «Ромашка»"}`},
		{"catalog item", "serviceCall$70112", "priority", nil, `{"UUID":"priority$3002","code":"high","metaClass":"priority","title":"2. Высокий"}`},
		{"catalog set", "serviceCall$70112", "categories", nil, `[{"UUID":"category$3010","code":"badConnection","metaClass":"category","title":"Плохая связь"},{"UUID":"category$3011","code":"catRFC","metaClass":"category","title":"Изменения"}]`},
		{"link in an attribute of the tenant", "serviceCall$70112", "recipientNote", nil, `{"UUID":"serviceCall$70113","metaClass":"serviceCall$request","title":"1043"}`},
		{"aggregate from its part", "serviceCall$70112", "client", nil, `{"UUID":"employee$512","metaClass":"employee$contactPerson","title":"Иванова Анна"}`},
		{"part from its aggregate", "serviceCall$70113", "responsibleTeam", nil, `{"UUID":"team$9","metaClass":"team$team","title":"2-я линия"}`},
		{"part of another class", "serviceCall$70113", "responsibleEmployee", nil, `null`},
		{"null", "serviceCall$70113", "priority", nil, `null`},
		{"null that the data leave out", "serviceCall$70113", "agreement", nil, `null`},
		{"flag of the platform", "serviceCall$70113", "removed", nil, `false`},
		{"flag of the configuration", "serviceCall$70113", "massProblem", nil, `null`},
		{"state", "serviceCall$70112", "state", nil, `"inprogress"`},
		{"metaClass", "serviceCall$70112", "metaClass", nil, `"serviceCall$serviceCall"`},
		{"text that looks like a UUID", "serviceCall$70200", "shortDescr", nil, `"serviceCall$70112"`},
		{"type name of an owner", "file$9001", "sourceFqn", nil, `"serviceCall$serviceCall"`},
		{"number", "serviceCall$70112", "number", nil, `1042`},
		{"number as written", "objectBase$501", "Price", nil, `1200.50`},
		{"HTML as it is", "comment$80001", "text", nil, `"<p>Перезагрузили</p>"`},
		{"instant", "serviceCall$70112", "registrationDate", nil, `"2026.03.02 09:14:55"`},
		{"instant that had a fraction", "serviceCall$70112", "lastModifiedDate", nil, `"2026.03.02 10:02:11"`},
		{"instant past midnight", "serviceCall$70200", "creationDate", nil, `"2026.07.01 01:30:00"`},
		{"instant in UTC", "serviceCall$70200", "creationDate", utc, `"2026.06.30 22:30:00"`},
		{"fraction", "serviceCall$70112", "lastModifiedDate", fraction, `"2026.03.02 10:02:11.250"`},
		{"date", "employee$513", "dateOfBirth", utc, `"1990.05.17"`},
		{"interval", "serviceCall$70112", "resolutionTime", nil, `{"interval":"HOUR","length":4}`},
		{"interval in milliseconds", "serviceCall$70112", "resolutionTime", integer, `14400000`},
		{"timer", "serviceCall$70112", "overdue", integer, `{"deadLineTime":"2026.03.02 13:14:55","status":"ACTIVE"}`},
		{"empty list", "serviceCall$70113", "categories", nil, `[]`},
		{"empty list as null", "serviceCall$70113", "categories", null, `null`},
		{"files by relation", "serviceCall$70112", "files", nil, `[{"UUID":"file$9001","metaClass":"file","title":"Счёт \"март\".txt"}]`},
		{"files as given", "comment$80002", "files", nil, `[{"UUID":"file$9002","metaClass":"file","title":"empty.bin"}]`},
		{"back links", "serviceCall$70112", "massProblemSlaves", nil, `[{"UUID":"serviceCall$70200","metaClass":"serviceCall$complaint","title":"SD 1050"}]`},
		{"back links of what follows", "employee$512", "serviceCalls", nil, `[{"UUID":"serviceCall$70112","metaClass":"serviceCall$serviceCall","title":"1042"},{"UUID":"serviceCall$70113","metaClass":"serviceCall$request","title":"1043"}]`},
		{"back links that the key sees", "employee$512", "serviceCalls", hidden, `[{"UUID":"serviceCall$70112","metaClass":"serviceCall$serviceCall","title":"1042"}]`},
		{"back links of a list", "team$9", "members", nil, `[{"UUID":"employee$513","metaClass":"employee$employee","title":"Петров Пётр"}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, c.option)
			want := `{"` + c.attr + `":` + c.want + `}`
			if got := d.get("get/" + c.uuid + "?attrs=" + c.attr); got != want {
				t.Errorf("get: got  %s\nwant %s", got, want)
			}
			class, _, _ := strings.Cut(c.uuid, "$")
			if got := d.get("find/" + class + "?attrs=" + c.attr); !strings.Contains(got, want) {
				t.Errorf("find: %s has no %s", got, want)
			}
		})
	}
}

func TestWithoutAttrs(t *testing.T) {
	d := open(t, nil)
	ticket := d.object("get/serviceCall$70113")
	for _, name := range strings.Fields("UUID metaClass number title shortDescr descriptionRTF descriptionInRTF state creationDate client clientEmployee clientEmail responsible responsibleTeam solvedByTeam tasks negotiations KEs categories files removed lastModifiedDate") {
		if _, ok := ticket[name]; !ok {
			t.Errorf("a ticket without attrs has no %s", name)
		}
	}
	if n := len(ticket); n < 85 {
		t.Errorf("a ticket has %d attributes, and a real one about 90", n)
	}
	if _, ok := ticket["recipientNote"]; ok {
		t.Error("a request has an attribute that only an incident has")
	}
	if _, ok := d.object("get/serviceCall$70112")["recipientNote"]; !ok {
		t.Error("an attribute of the tenant is missing")
	}
	server, city := d.object("get/objectBase$501"), d.object("get/objectBase$502")
	if _, ok := server["producer"]; !ok {
		t.Error("a server has no attributes of the type above its own")
	}
	if _, ok := city["producer"]; ok {
		t.Error("a city has attributes of another type")
	}
	if got := keys(d.object("get/directory$3020")); got != "UUID code color folder icon metaClass parent position removalDate removed title" {
		t.Errorf("an item of a catalog of the tenant has %s", got)
	}
	if pw, ok := d.object("get/employee$512")["password"]; !ok || pw != nil {
		t.Errorf("password is %v, %v", pw, ok)
	}
}

func TestAttrs(t *testing.T) {
	d := open(t, nil)
	for path, want := range map[string]string{
		"get/serviceCall$70112?attrs=number,UUID":              "UUID number",
		"get/serviceCall$70112?attrs=number":                   "number",
		"get/serviceCall$70112?attrs=number,colour":            "number",
		"get/serviceCall$70112?attrs=number,client.email":      "number",
		"get/serviceCall%2470112/?attrs=number,descriptionRTF": "descriptionRTF number",
	} {
		if got := keys(d.object(path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestGetFile(t *testing.T) {
	d := open(t, nil)
	status, text, header := d.do("GET", "get-file/file$9001", "", "")
	if status != 200 || text != "сумма" || header.Get("Content-Type") != "text/plain" {
		t.Errorf("%d %q %q", status, header.Get("Content-Type"), text)
	}
	want := `attachment; filename="____ ______.txt"; filename*=UTF-8''%D0%A1%D1%87%D1%91%D1%82%20%22%D0%BC%D0%B0%D1%80%D1%82%22.txt`
	if got := header.Get("Content-Disposition"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	status, text, header = d.do("GET", "get-file/file$9002", "", "")
	if status != 200 || text != "" || header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("an empty file: %d %q %q", status, header.Get("Content-Type"), text)
	}
	for uuid, want := range map[string]string{
		"file$9003": "Содержимое файла file$9003 не найдено", "file$1": "Объект не найден", "serviceCall$70112": "Объект не найден",
	} {
		if status, text, _ := d.do("GET", "get-file/"+uuid, "", ""); status != 500 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s", uuid, status, text)
		}
	}
}
