package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

// contracts is a tenant with agreements and their rules.
var contracts = map[string]string{
	"agreement.jsonl":     `{"UUID":"agreement$721","metaClass":"agreement$agreement","title":"Базовое","state":"registered","priorityRule":"rulesSettings$3","timeToReact":{"length":1,"interval":"HOUR"},"inventoryNumber":"B001"}`,
	"agreementRule.jsonl": `{"UUID":"agreementRule$731","metaClass":"agreementRule$agreementRule","title":"x","parent":"agreement$721"}`,
	"catalogs.jsonl":      `{"UUID":"rulesSettings$3","metaClass":"rulesSettings","code":"priority","title":"Приоритет"}`,
}

func TestEditions(t *testing.T) {
	more := map[string]string{
		"comment.jsonl":       office["comment.jsonl"] + "\n" + `{"UUID":"comment$80004","metaClass":"comment","text":"d","source":"problem$601"}`,
		"file.jsonl":          office["file.jsonl"] + "\n" + `{"UUID":"file$9004","metaClass":"file","title":"d.txt","source":"objectBase$501"}`,
		"agreement.jsonl":     contracts["agreement.jsonl"],
		"agreementRule.jsonl": contracts["agreementRule.jsonl"],
		"catalogs.jsonl":      contracts["catalogs.jsonl"],
	}
	for _, c := range []struct {
		edition sandbox.Edition
		off     string // tags
		path    string
		want    string // "error", or what see tells; for attributes, "" where they are absent
	}{
		{"", "", "find/problem", "601"},
		{sandbox.Full, "", "find/objectBase", "501"},
		{sandbox.Full, "", "get/serviceCall$70113?attrs=problems", `{"problems":[{"UUID":"problem$601","metaClass":"problem$problem","title":"p"}]}`},
		{sandbox.Basic, "", "find/problem", "error"},
		{sandbox.Basic, "", "find/objectBase$Server", "error"},
		{sandbox.Basic, "", "find/changeRequest", "error"},
		{sandbox.Basic, "", "get/problem$601", "none"},
		{sandbox.Basic, "", "get/serviceCall$70113?attrs=number,problems,KEs,rfcReason,rfcResults", `{"number":1043}`},
		{sandbox.Basic, "", "get/negotiation$602?attrs=title,source,sourceR", `{"sourceR":{"UUID":"serviceCall$70113","metaClass":"serviceCall$request","title":null},"title":"n"}`},
		{sandbox.Basic, "", "find/serviceCall", "70112 70113 70114"},
		{sandbox.Basic, "", "find/negotiation", "602"},
		{sandbox.Basic, "", "find/comment", "80001 80002 80003"},
		{sandbox.Basic, "", "find/file", "9001 9002 9003"},
		{sandbox.Basic, "", "find/serviceCall?problems=problem$601", ""},
		{sandbox.Full, "Problemy Soglasovaniya", "find/problem", ""},
		{sandbox.Full, "Problemy Soglasovaniya", "find/negotiation", ""},
		{sandbox.Full, "Problemy Soglasovaniya", "get/serviceCall$70113?attrs=number,problems,negotiations", `{"number":1043}`},
		{sandbox.Full, "Problemy Soglasovaniya", "get/serviceCall$70113?attrs=KEs", `{"KEs":[{"UUID":"objectBase$501","metaClass":"objectBase$Server","title":"srv-1"}]}`},
		{sandbox.Full, "", "get/agreement$721?attrs=metaClass,state,priorityRule", `{"metaClass":"agreement$agreement","priorityRule":{"UUID":"rulesSettings$3","code":"priority","metaClass":"rulesSettings","title":"Приоритет"},"state":"registered"}`},
		{sandbox.Contract, "", "get/agreement$721?attrs=metaClass,state,priorityRule,timeToReact", `{"metaClass":"agreement$contract","state":"active","timeToReact":{"interval":"HOUR","length":1}}`},
		{sandbox.Contract, "", "find/agreement$contract", "721"},
		{sandbox.Contract, "", "find/agreement", "721"},
		{sandbox.Contract, "", "find/agreement$agreement", "error"},
		{sandbox.Contract, "", "find/agreementRule", "error"},
		{sandbox.Contract, "", "find/problem", "601"},
	} {
		t.Run(string(c.edition)+" "+c.off+" "+c.path, func(t *testing.T) {
			d := openOffice(t, func(o *sandbox.Options) {
				all := files(office)
				for name, f := range files(more) {
					if _, given := more[name]; given {
						all[name] = f
					}
				}
				o.FS, o.Edition, o.TagsOff = all, c.edition, strings.Fields(c.off)
			})
			status, text, _ := d.do("GET", c.path, "", "")
			got := d.see(c.path)
			if status == http.StatusInternalServerError && strings.Contains(text, "Метакласс") {
				got = "error"
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A whole ticket shows which modules there are (IT 6): the keys that tell are absent.
func TestTagsOffInAWholeTicket(t *testing.T) {
	ticket := openOffice(t, func(o *sandbox.Options) { o.TagsOff = sandbox.Tags() }).object("get/serviceCall$70113")
	for _, name := range strings.Fields("negotiations tasks workRecords KEs rfcReason problems spentTime addArtikle") {
		if _, ok := ticket[name]; ok {
			t.Errorf("%s is there", name)
		}
	}
	if _, ok := ticket["massProblemSlaves"]; !ok {
		t.Error("massProblemSlaves is missing")
	}
}

// What is not there does not come back by a change or a write.
func TestEditionHolds(t *testing.T) {
	d := openOffice(t, func(o *sandbox.Options) { o.Edition, o.TagsOff = sandbox.Basic, []string{"Zadachi"} })
	for _, m := range []sandbox.Mutation{
		{Op: "append", Attrs: map[string]any{"metaClass": "problem$problem", "title": "x"}},
		{Op: "append", Attrs: map[string]any{"metaClass": "task$task", "title": "x"}},
	} {
		if _, err := d.Mutate(m); err == nil || !strings.Contains(err.Error(), "not in this edition") {
			t.Errorf("%v: %v", m.Attrs, err)
		}
	}
	if status, _, _ := d.do("POST", "create/problem$problem", "", `{"title":"x"}`); status != 500 {
		t.Errorf("create: %d", status)
	}
	if status, _, _ := d.do("POST", "create/task$task", "", `{"title":"x"}`); status != 500 {
		t.Errorf("create of what a tag hides: %d", status)
	}
	if _, err := d.Mutate(sandbox.Mutation{Op: "set", UUID: "serviceCall$70113", Attrs: map[string]any{"problems": []any{}}}); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.object("get/serviceCall$70113")["problems"]; ok {
		t.Error("problems came back")
	}
}

func TestWrongEditions(t *testing.T) {
	for want, o := range map[string]sandbox.Options{
		`edition "lite" is none of full, basic, contract`: {Edition: "lite"},
		`tag "kanban" is none of BazaZnanii, `:            {TagsOff: []string{"kanban"}},
	} {
		if _, err := sandbox.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestMoreValueShapes(t *testing.T) {
	d := open(t, func(o *sandbox.Options) {
		o.DateAtMidnight, o.ItemDetails = true, true
		o.FS = files(map[string]string{
			"catalogs.jsonl": strings.Replace(tenant["catalogs.jsonl"], `"level":2`, `"level":2,"color":"#C00000"`, 1),
			"employee.jsonl": strings.Replace(tenant["employee.jsonl"], `"lastName"`, `"password":"hash","lastName"`, 1),
		})
	})
	for path, want := range map[string]string{
		"get/employee$513?attrs=dateOfBirth,password": `{"dateOfBirth":"1990.05.17 00:00:00","password":null}`,
		"get/serviceCall$70112?attrs=priority":        `{"priority":{"UUID":"priority$3002","code":"high","color":"#C00000","icon":null,"metaClass":"priority","title":"2. Высокий"}}`,
	} {
		if got := d.get(path); got != want {
			t.Errorf("%s: got  %s\nwant %s", path, got, want)
		}
	}
}
