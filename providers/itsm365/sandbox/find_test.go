package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

func TestFindFilters(t *testing.T) {
	d := open(t, nil)
	marked := "40x" + base64.URLEncoding.EncodeToString([]byte(`{"state":"closed","title":"SD 1050"}`))
	bare := "40x" + base64.RawURLEncoding.EncodeToString([]byte(`{state:'inprogress'}`))
	const form = "application/x-www-form-urlencoded"
	multi := "--b\r\nContent-Disposition: form-data; name=\"state\"\r\n\r\nclosed\r\n--b--\r\n"
	for _, c := range []struct{ name, path, contentType, body, want string }{
		{"no filter, in order of creation", "find/serviceCall", "", "", "70112 70113 70200"},
		{"empty filter", "find/serviceCall/%7B%7D", "", "", "70112 70113 70200"},
		{"unescaped braces and slash", "find/serviceCall/{}/", "", "", "70112 70113 70200"},
		{"a type", "find/serviceCall$request", "", "", "70113"},
		{"a type with an escaped dollar", "find/serviceCall%24request/", "", "", "70113"},
		{"a type of the tenant", "find/serviceCall$complaint", "", "", "70200"},
		{"a stock type without objects", "find/serviceCall$call", "", "", ""},
		{"a stock class without objects", "find/problem", "", "", ""},
		{"nested types", "find/objectBase$Hardware", "", "", "501"},
		{"types of the tenant in their class", "find/objectBase", "", "", "501 502 503"},
		{"a catalog", "find/category", "", "", "3009 3010 3011"},
		{"a catalog of the tenant", "find/shops", "", "", "3020"},
		{"strict JSON in the path", "find/serviceCall/" + url.PathEscape(`{"state":"registered"}`), "", "", "70113"},
		{"lenient JSON in the path", "find/serviceCall/" + url.PathEscape(`{state:'registered', number : 1043}`) + "/", "", "", "70113"},
		{"a slash in the filter", "find/serviceCall/" + url.PathEscape(`{"shortDescr":"a/b"}`), "", "", ""},
		{"base64 in the path", "find/serviceCall/" + marked, "", "", "70200"},
		{"base64 without padding, lenient", "find/serviceCall/" + bare + "/", "", "", "70112"},
		{"body", "find/serviceCall", "application/json", `{"state":"inprogress"}`, "70112"},
		{"body without a type", "find/serviceCall", "", `{"state":"inprogress"}`, "70112"},
		{"query pairs", "find/serviceCall?state=closed&removed=true", "", "", "70200"},
		{"form fields", "find/serviceCall", form, "state=closed", "70200"},
		{"multipart fields", "find/serviceCall", "multipart/form-data; boundary=b", multi, "70200"},
		{"path and body together", "find/serviceCall/" + url.PathEscape(`{"number":1042}`), "", `{"state":"closed"}`, ""},
		{"any of", "find/serviceCall", "", `{"state":["registered","closed"]}`, "70113 70200"},
		{"any of nothing", "find/serviceCall", "", `{"state":[]}`, ""},
		{"link by UUID", "find/comment", "", `{"source":"serviceCall$70112"}`, "80001 80002"},
		{"any of links", "find/comment", "", `{"source":["serviceCall$1","serviceCall$70112"]}`, "80001 80002"},
		{"one of a list of links", "find/objectBase", "", `{"serviceCalls":"serviceCall$70112"}`, "501"},
		{"catalog by UUID", "find/serviceCall", "", `{"priority":"priority$3002"}`, "70112"},
		{"catalog by code", "find/serviceCall", "", `{"priority":"high"}`, ""},
		{"set of catalog items", "find/serviceCall", "", `{"categories":"category$3011"}`, "70112"},
		{"a part that follows from the whole", "find/serviceCall", "", `{"clientEmployee":"employee$512"}`, "70112 70113"},
		{"a whole that follows from a part", "find/serviceCall", "", `{"client":"employee$512"}`, "70112 70113"},
		{"a back link", "find/serviceCall", "", `{"massProblemSlaves":"serviceCall$70200"}`, "70112"},
		{"a text that looks like a UUID", "find/serviceCall", "", `{"shortDescr":"serviceCall$70112"}`, "70200"},
		{"boolean", "find/serviceCall", "", `{"removed":true}`, "70200"},
		{"boolean that the data leave out", "find/serviceCall", "", `{"removed":false}`, "70112 70113"},
		{"number", "find/serviceCall", "", `{"number":1042.0}`, "70112"},
		{"number as text", "find/serviceCall", "", `{"number":"1042"}`, "70112"},
		{"fraction", "find/objectBase", "", `{"Price":1200.5}`, "501"},
		{"instant in the server zone", "find/serviceCall", "", `{"creationDate":"2026.03.02 09:14:55"}`, "70113"},
		{"two instants are no range", "find/serviceCall", "", `{"creationDate":["2026.03.01 00:00:00","2026.04.01 00:00:00"]}`, ""},
		{"attribute of the tenant", "find/objectBase", "", `{"fiscalNumber":"000123"}`, "503"},
		{"unknown attribute", "find/serviceCall", "", `{"colour":"red"}`, ""},
		{"range", "find/serviceCall", "", `{"number":{"gt":1}}`, ""},
		{"null", "find/serviceCall", "", `{"priority":null}`, ""},
		{"UUID", "find/serviceCall", "", `{"UUID":"serviceCall$70112"}`, ""},
		{"offset", "find/serviceCall?offset=1", "", "", "70113 70200"},
		{"limit", "find/serviceCall?limit=2", "", "", "70112 70113"},
		{"last page", "find/serviceCall?offset=2&limit=2", "", "", "70200"},
		{"behind the end", "find/serviceCall?offset=9&limit=2", "", "", ""},
		{"offset of what the filter found", "find/serviceCall?offset=1&limit=5", "", `{"removed":false}`, "70113"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			for _, method := range []string{"POST", "GET"} {
				if method == "GET" && c.contentType != "" {
					continue // no form in a GET
				}
				status, text, header := d.do(method, c.path, c.contentType, c.body)
				if status != http.StatusOK || header.Get("Content-Type") != "application/json;charset=UTF-8" {
					t.Fatalf("%s: %d %s: %s", method, status, header.Get("Content-Type"), text)
				}
				if got := numbers(t, text); got != c.want {
					t.Errorf("%s: got %q, want %q", method, got, c.want)
				}
			}
		})
	}
	if w := d.Stats().Writes; w != 0 {
		t.Errorf("%d writes counted", w)
	}
}

func TestSearch(t *testing.T) {
	var many strings.Builder
	for i := range 150 {
		many.WriteString(strings.ReplaceAll(`{"UUID":"KB$N","metaClass":"KB$KBArticle","title":"Статья N"}`, "N", "7"+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))) + "\n")
	}
	d := open(t, func(o *sandbox.Options) { o.FS = files(map[string]string{"KB.jsonl": many.String()}) })
	for _, c := range []struct{ name, path, want string }{
		{"a piece in another case", `search/serviceCall/{"shortDescr":"КАСС"}/`, "70112"},
		{"a number", `search/serviceCall/{"number":104}/`, "70112 70113"},
		{"two attributes", `search/serviceCall/{"number":"104","state":"reg"}/`, "70113"},
		{"nothing asked", `search/serviceCall/{}`, ""},
		{"an attribute that is not there", `search/serviceCall/{"colour":"red"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			if got := numbers(t, d.get(strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D").Replace(c.path))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	d.t = t
	if got := len(strings.Fields(numbers(t, d.get("search/KB/%7Btitle:'статья'%7D")))); got != 100 {
		t.Errorf("%d found of 150, want the cap of 100", got)
	}
}

func TestPageCeiling(t *testing.T) {
	d := open(t, func(o *sandbox.Options) { o.PageCeiling = 2 })
	for path, want := range map[string]string{
		"find/serviceCall":                   "70112 70113",
		"find/serviceCall?limit=1000":        "70112 70113",
		"find/serviceCall?limit=1":           "70112",
		"find/serviceCall?offset=2&limit=99": "70200",
	} {
		if got := numbers(t, d.get(path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestModeA(t *testing.T) {
	d := open(t, func(o *sandbox.Options) { o.UnknownAttr, o.UnknownFilter = sandbox.Refuse, sandbox.Refuse })
	for _, c := range []struct{ path, body, want string }{
		{"find/serviceCall?attrs=UUID,colour", "", "'colour'"},
		{"get/serviceCall$70112?attrs=UUID,colour", "", "'colour'"},
		{"find/serviceCall?attrs=UUID,%20state", "", "' state'"},
		{"find/serviceCall", `{"colour":"red"}`, "'colour'"},
		{"find/serviceCall", `{"number":{"gt":1}}`, "'number'"},
		{"find/serviceCall", `{"priority":null}`, "'priority'"},
		{"find/serviceCall", `{"number":[1,[2]]}`, "'number'"},
		{"search/serviceCall", `{"colour":"red"}`, "'colour'"},
	} {
		status, text, _ := d.do("POST", c.path, "application/json", c.body)
		if status != 500 || !strings.Contains(text, c.want) {
			t.Errorf("%s %s: %d %s, want 500 and %s", c.path, c.body, status, text, c.want)
		}
	}
	if got := numbers(t, d.get("find/objectBase?attrs=UUID,model,fiscalNumber")); got != "501 502 503" {
		t.Errorf("attributes of single types are refused: %q", got)
	}
}
