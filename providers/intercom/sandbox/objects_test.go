package sandbox_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"deskform/providers/intercom/sandbox"
)

var objectSeed = strings.Replace(contractSeed, `"teams"`, `"contacts":[{"id":"`+ann+`","role":"user","email":"ann@acme.example","external_id":"e1"}], "ticket_types":[{"id":"70","name":"Request"}],
 "conversation_attributes":[{"name":"changes","data_type":"relationship","reference":{"type":"many","object_type_id":"Change"}},{"name":"problem","data_type":"relationship","reference":{"type":"one","object_type_id":"Problem"}}], "teams"`, 1)

func (d *desk) change(body string) map[string]any {
	d.t.Helper()
	return d.do(200, "POST", "/custom_object_instances/Change", "%s", body)
}

// TestInstances: an upsert by external_id, a new one without; values that are wrong vanish in silence (IC 3.10, trap 12).
func TestInstances(t *testing.T) {
	d := newDesk(t, objectSeed, sandbox.Options{})
	first := d.change(`{"external_id":"itsm:1","custom_attributes":{"title":"Drum","risk":"Low","when":1767600000}}`)
	for _, tt := range []struct {
		name, body string
		want       map[string]any
	}{
		{"bad date", `{"when":"some day"}`, map[string]any{"title": "Drum", "risk": "Low"}},
		{"milliseconds", `{"when":1767600000000}`, map[string]any{"title": "Drum", "risk": "Low"}},
		{"ISO date", `{"when":"2026-01-05T08:00:00Z"}`, map[string]any{"title": "Drum", "risk": "Low", "when": 1767600000.0}},
		{"no option", `{"risk":"Dreadful"}`, map[string]any{"title": "Drum", "when": 1767600000.0}},
		{"unknown references", `{"problems":["99"],"asked_by":"65aa00000000000000000099"}`, map[string]any{"title": "Drum", "when": 1767600000.0}},
		{"null", `{"title":null}`, map[string]any{"when": 1767600000.0}},
	} {
		got := d.change(`{"external_id":"itsm:1","custom_attributes":` + tt.body + `}`)
		if id(got) != id(first) || !reflect.DeepEqual(got["custom_attributes"], tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got["custom_attributes"], tt.want)
		}
	}
	if got := d.change(`{"external_id":"itsm:1","external_created_at":"some day"}`); got["external_created_at"] != nil {
		t.Errorf("the unreadable time is %v", got["external_created_at"])
	}
	if a, b := d.change(`{"custom_attributes":{"title":"x"}}`), d.change(`{"custom_attributes":{"title":"x"}}`); id(a) == id(b) {
		t.Error("two creates without external_id made one instance")
	}
	for body, text := range map[string]string{`{"external_id":"reference_not_found"}`: "reserved", `{"external_id":"x","custom_attributes":{"count":"two"}}`: "of type integer",
		`{"external_id":"x","custom_attributes":{"nobody":1}}`: "'nobody' does not exist", `{"external_id":"x","custom_attributes":{"asked_by":["` + ann + `","2"]}}`: "takes one reference"} {
		d.says(d.do(400, "POST", "/custom_object_instances/Change", "%s", body), "parameter_invalid", text)
	}
	d.says(d.do(404, "POST", "/custom_object_instances/change", `{}`), "not_found", "Custom object type `change` not found")
	if n := d.srv.Stats().Objects["custom_object_instance"]; n != 3 {
		t.Errorf("there are %d instances, want 3", n)
	}
}

// TestReadInstances: pages, an object instead of a list for external_id, ids before external ids (IC 3.10).
func TestReadInstances(t *testing.T) {
	d := newDesk(t, objectSeed, sandbox.Options{})
	var ids []string
	for i := range 5 {
		ids = append(ids, id(d.change(fmt.Sprintf(`{"external_id":"itsm:%d"}`, i))))
	}
	confusing := d.change(`{"external_id":"` + ids[0] + `"}`)
	path := "/custom_object_instances/Change"
	if got := d.do(200, "GET", path+"/"+ids[0], ""); got["external_id"] != "itsm:0" {
		t.Errorf("by id there is %v", got)
	}
	if got := d.do(200, "GET", path+"/itsm:3", ""); id(got) != ids[3] {
		t.Errorf("by external id there is %v", got)
	}
	if got := d.do(200, "GET", path+"?external_id="+ids[0], ""); id(got) != id(confusing) {
		t.Errorf("by external_id there is %v", got)
	}
	page := d.do(200, "GET", path+"?per_page=4&page=2", "")
	if got := list(page, "data"); len(got) != 2 || id(got[1]) != ids[0] || page["total_count"] != 6.0 || page["pages"].(map[string]any)["next"] != nil {
		t.Errorf("the second page is %v", page)
	}
	d.says(d.do(400, "GET", path+"?per_page=151", ""), "parameter_invalid", "at most 150")
	d.do(404, "GET", "/custom_object_instances/Problem/"+ids[0], "")
	d.do(200, "DELETE", path+"/"+ids[1], "")
	d.do(404, "GET", path+"/"+ids[1], "")
	d.do(200, "DELETE", path+"?external_id=itsm:2", "")
	if again := d.change(`{"external_id":"itsm:2"}`); id(again) == ids[2] {
		t.Error("what was deleted has come back with its id")
	}
}

// TestLinks: contacts and conversations hold ids of instances and show the instances; an array replaces the set (IC 3.1,
// 3.6, trap 13).
func TestLinks(t *testing.T) {
	d := newDesk(t, objectSeed, sandbox.Options{})
	one, two := d.change(`{"external_id":"itsm:1","custom_attributes":{"asked_by":"`+ann+`"}}`), d.change(`{"external_id":"itsm:2"}`)
	problem := d.do(200, "POST", "/custom_object_instances/Problem", `{"external_id":"itsm:p"}`)
	conv := d.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"x"}`, ann)["conversation_id"].(string)
	shown := func(m map[string]any, name string) string {
		attr, _ := m["custom_attributes"].(map[string]any)[name].(map[string]any)
		if attr == nil {
			return ""
		}
		out := fmt.Sprint(attr["type"])
		for _, o := range list(attr, "instances") {
			out += " " + o["external_id"].(string)
		}
		return out
	}
	for _, tt := range []struct{ name, path, body, attr, want string }{
		{"two", "/conversations/" + conv, `{"changes":["` + id(one) + `","` + id(two) + `"]}`, "changes", "Change.list itsm:1 itsm:2"},
		{"another of the set", "/conversations/" + conv, `{"changes":["` + id(two) + `"]}`, "changes", "Change.list itsm:2"},
		{"unknown and of another type", "/conversations/" + conv, `{"changes":["` + id(two) + `","99","` + id(problem) + `"]}`, "changes", "Change.list itsm:2"},
		{"to one", "/conversations/" + conv, `{"problem":"` + id(problem) + `"}`, "problem", "Problem.list itsm:p"},
		{"none", "/conversations/" + conv, `{"problem":null}`, "problem", ""},
		{"a contact", "/contacts/" + ann, `{"their_changes":["` + id(one) + `"]}`, "their_changes", "Change.list itsm:1"},
	} {
		if got := shown(d.do(200, "PUT", tt.path, `{"custom_attributes":%s}`, tt.body), tt.attr); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for query, want := range map[string]string{"references_conversation_id=" + conv: "itsm:2", "references_contact_id=" + ann: "itsm:1", "references_contact_id=65aa00000000000000000099": ""} {
		got := ""
		for _, o := range list(d.do(200, "GET", "/custom_object_instances/Change?"+query, ""), "data") {
			got += o["external_id"].(string)
		}
		if got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	d.do(200, "DELETE", "/custom_object_instances/Change/"+id(two), "")
	if got := shown(d.do(200, "GET", "/conversations/"+conv, ""), "changes"); got != "Change.list" {
		t.Errorf("after the deletion there is %q", got)
	}
	ticket := d.do(200, "POST", "/tickets", `{"ticket_type_id":"70","contacts":[{"id":"%s"}],"skip_notifications":true}`, ann)
	d.says(d.do(400, "PUT", "/conversations/"+id(ticket), `{"custom_attributes":{"changes":["%s"]}}`, id(one)), "parameter_invalid", "cannot be linked with a ticket")
	for _, a := range list(d.do(200, "GET", "/data_attributes?model=contact", ""), "data") {
		if a["name"] == "their_changes" {
			t.Error("a relationship is among the data attributes, which have no such type")
		}
	}
}

// TestReferenceChange: making it to one from to many, or pointing it elsewhere, wipes what was linked (IC 2).
func TestReferenceChange(t *testing.T) {
	d := newDesk(t, objectSeed, sandbox.Options{})
	conv := d.do(200, "POST", "/conversations", `{"from":{"type":"user","id":"%s"},"body":"x"}`, ann)["conversation_id"].(string)
	d.do(200, "PUT", "/conversations/"+conv, `{"custom_attributes":{"changes":["%s"]}}`, id(d.change(`{"external_id":"itsm:1"}`)))
	for _, a := range list(d.do(200, "GET", "/conversations/attributes", ""), "data") {
		if a["name"] == "changes" {
			d.do(422, "PUT", "/conversations/attributes/"+number(a), `{"reference":{"type":"one","object_type_id":"Nothing"}}`)
			d.do(200, "PUT", "/conversations/attributes/"+number(a), `{"reference":{"type":"one","object_type_id":"Change"}}`)
		}
	}
	if got := d.do(200, "GET", "/conversations/"+conv, "")["custom_attributes"].(map[string]any); len(got) != 0 {
		t.Errorf("there is still %v", got)
	}
}

// TestObjectSeed: a data file that nobody could have made is refused.
func TestObjectSeed(t *testing.T) {
	for file, want := range map[string]string{
		`{"custom_objects":[{"identifier":"A","name":"A"},{"identifier":"A","name":"B"}]}`:                                                      `custom object "B" has no identifier, or another has it`,
		`{"custom_objects":[{"identifier":"A","name":"A","attributes":[{"name":"x","data_type":"colour"}]}]}`:                                   `has data_type "colour"`,
		`{"custom_objects":[{"identifier":"A","name":"A","attributes":[{"name":"x","data_type":"list"}]}]}`:                                     `has no options`,
		`{"custom_objects":[{"identifier":"A","name":"A","attributes":[{"name":"x","data_type":"relationship"}]}]}`:                             `is a relationship or has a reference`,
		`{"custom_objects":[{"identifier":"A","name":"A","attributes":[{"name":"x","data_type":"string"},{"name":"x","data_type":"string"}]}]}`: `has an attribute "x"`,
	} {
		if _, err := sandbox.New(sandbox.Options{Seed: strings.NewReader(file)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}
