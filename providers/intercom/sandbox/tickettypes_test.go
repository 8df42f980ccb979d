package sandbox_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"deskform/providers/intercom/sandbox"
)

// desk is a workspace over HTTP whose clock the test moves.
type desk struct {
	*contract
	srv   *sandbox.Server
	clock *stillClock
}

func newDesk(t *testing.T, seed string, o sandbox.Options) *desk {
	t.Helper()
	clock := &stillClock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	o.Token, o.Clock, o.Seed = "sandbox", clock, strings.NewReader(seed)
	srv, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(srv)
	t.Cleanup(h.Close)
	return &desk{&contract{t: t, url: h.URL}, srv, clock}
}

// says fails unless a refusal has the code and the words.
func (d *desk) says(answer map[string]any, code, text string) {
	d.t.Helper()
	for _, e := range list(answer, "errors") {
		if e["code"] == code && strings.Contains(e["message"].(string), text) {
			return
		}
	}
	d.t.Errorf("the answer is %v, want %s %q", answer, code, text)
}

// TestListItems: one comma-delimited string, and GUIDs that only appending keeps (IC 3.8, traps 16 and 17).
func TestListItems(t *testing.T) {
	d := newDesk(t, contractSeed, sandbox.Options{})
	typ := d.do(200, "POST", "/ticket_types", `{"name":"Request"}`)
	path := "/ticket_types/" + id(typ) + "/attributes"
	prio := d.do(200, "POST", path, `{"name":"prio","description":"p","data_type":"list","list_items":"High, Low,,Very high, that is"}`)
	labels := func(a map[string]any) (ids, names []string) {
		for _, o := range list(a, "input_options") {
			ids, names = append(ids, id(o)), append(names, o["label"].(string))
		}
		return ids, names
	}
	before, names := labels(prio)
	if got := strings.Join(names, "|"); got != "High|Low|Very high|that is" {
		t.Errorf("the items are %s", got)
	}
	after, _ := labels(d.do(200, "PUT", path+"/"+id(prio), `{"list_items":"High,Low,Very high,that is,None"}`))
	for i := range before {
		if before[i] != after[i] {
			t.Errorf("appending changed the GUID of item %d", i)
		}
	}
	moved, _ := labels(d.do(200, "PUT", path+"/"+id(prio), `{"list_items":"Low,High"}`))
	if moved[0] == after[1] || moved[1] == after[0] {
		t.Error("items that moved have kept their GUIDs")
	}
	d.says(d.do(400, "POST", path, `{"name":"empty","description":"p","data_type":"list"}`), "parameter_not_found", "list_items")
}

// TestTicketTypes: two of one name are possible (IC 4.1), each begins with a title and a description (IC 3.8).
func TestTicketTypes(t *testing.T) {
	d := newDesk(t, contractSeed, sandbox.Options{})
	a, b := d.do(200, "POST", "/ticket_types", `{"name":"Request"}`), d.do(200, "POST", "/ticket_types", `{"name":"Request","category":"Back-office"}`)
	if id(a) == id(b) || a["category"] != "Customer" || b["category"] != "Back-office" {
		t.Errorf("the types are %v and %v", a, b)
	}
	for i := range 2 {
		d.do(200, "POST", "/ticket_types/"+id(a)+"/attributes", `{"name":"key","description":"%d","data_type":"string"}`, i)
	}
	var names []string
	for _, x := range list(d.do(200, "GET", "/ticket_types/"+id(a), ""), "ticket_type_attributes", "data") {
		names = append(names, x["name"].(string))
	}
	if got := strings.Join(names, " "); got != "_default_title_ _default_description_ key key" {
		t.Errorf("the attributes are %s", got)
	}
	d.says(d.do(400, "PUT", "/ticket_types/"+id(a), `{"category":"Tracker"}`), "parameter_invalid", "cannot be changed")
	if got := d.do(200, "PUT", "/ticket_types/"+id(a), `{"archived":true}`); got["archived"] != true {
		t.Errorf("the archived type is %v", got)
	}
}

// TestTicketStates: four of them for every type, and what a person added for some (IC 2, 3.8).
func TestTicketStates(t *testing.T) {
	seed := strings.Replace(contractSeed, `"teams"`, `"ticket_types":[{"id":"70","name":"Request"},{"id":"71","name":"Change","category":"Back-office","attributes":[{"name":"risk","data_type":"list","list_items":["Low, or none","High"]}]}],
 "ticket_states":[{"id":"900","category":"in_progress","internal_label":"With vendor","ticket_types":["Change"]}], "teams"`, 1)
	d := newDesk(t, seed, sandbox.Options{})
	for typ, want := range map[string]int{"70": 4, "71": 5} {
		if got := list(d.do(200, "GET", "/ticket_types/"+typ, ""), "ticket_states", "data"); len(got) != want {
			t.Errorf("type %s has %d states, want %d", typ, len(got), want)
		}
	}
	for _, st := range list(d.do(200, "GET", "/ticket_states", ""), "data") {
		types := list(st, "ticket_types", "data")
		if custom := id(st) == "900"; custom != (len(types) == 1) {
			t.Errorf("state %s is for %d types", id(st), len(types))
		}
	}
	if _, err := sandbox.New(sandbox.Options{Seed: strings.NewReader(`{"ticket_states":[{"category":"in_progress","internal_label":"x","ticket_types":["Nobody"]}]}`)}); err == nil || !strings.Contains(err.Error(), `names ticket type "Nobody"`) {
		t.Errorf("a state for a type that is not there: %v", err)
	}
}
