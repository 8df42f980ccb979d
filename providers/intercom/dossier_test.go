package intercom_test

import (
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/intercom"
)

func callDossier(t *testing.T, args ...plan.Value) plan.Value {
	t.Helper()
	for _, f := range intercom.Schema().Functions {
		if f.Name == "dossier" {
			v, err := f.Call(args)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatal("there is no function dossier")
	return nil
}

type object = map[string]plan.Value

func TestDossier(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   object
		want plan.Value
	}{
		{"nothing", object{}, nil},
		{"all empty", object{"Tasks": nil, "Related": []plan.Value{nil, "", " "}, "Note": "<p> </p>", "Parent": object{"UUID": nil, "title": nil}}, nil},
		{"one line", object{"Reopened": int64(3), "Tasks": nil}, "<p><b>Reopened:</b> 3</p>"},
		{"a list", object{"Related tickets": []plan.Value{"SC-1", nil, "SC-2"}}, "<p><b>Related tickets</b></p><ul><li>SC-1</li><li>SC-2</li></ul>"},
		{"a link", object{"Parent": object{"UUID": "serviceCall$7", "title": "SC-7 <printer>"}}, "<p><b>Parent:</b> SC-7 &lt;printer&gt;</p>"},
		{"objects", object{"Approvals": []plan.Value{object{"voter": "Ann", "vote": "yes", "date": nil}, object{"voter": "Bob", "vote": "no"}}},
			"<p><b>Approvals</b></p><ul><li>vote: yes, voter: Ann</li><li>vote: no, voter: Bob</li></ul>"},
		{"in the order of names", object{"B": "2", "A": "1"}, "<p><b>A:</b> 1</p><p><b>B:</b> 2</p>"},
		{"hostile", object{"<b>x</b>": "<script>alert(1)</script>a & b <img src=x onerror=y>"}, "<p><b>&lt;b&gt;x&lt;/b&gt;:</b> a &amp; b [picture]</p>"},
		{"lines and a one-click link", object{"Mail": "<p>one</p><p>two https://x.example/?accessKey=1</p>"}, "<p><b>Mail:</b> one<br>two [link removed]</p>"},
		{"whether", object{"Escalated": true}, "<p><b>Escalated:</b> yes</p>"},
	} {
		if got := callDossier(t, tt.in); !plan.Equal(got, tt.want) {
			t.Errorf("%s:\n got %v\nwant %v", tt.name, got, tt.want)
		}
	}
	if got := callDossier(t, object{"A": "1", "B": "2", "C": "3"}, []plan.Value{"C", "A", "Z"}); got != "<p><b>C:</b> 3</p><p><b>A:</b> 1</p><p><b>B:</b> 2</p>" {
		t.Errorf("in an order of one's own: %v", got)
	}
}

// TestDossierStays: a note is sent as dossier() has made it, so that what was read back is the same.
func TestDossierStays(t *testing.T) {
	text := callDossier(t, object{"Approvals": []plan.Value{"Ann & Bob <ann@acme.example>", "no"}, "Parent": "SC-7"}).(string)
	w, broken := normalized("conversation", long("", plan.Fields{"private": true, "body": text}))
	if got := w.Parts[0].Fields["body"]; got != text || broken != "" {
		t.Errorf("%v (%s), want %s", got, broken, text)
	}
}

// TestDossierSettled: a note without a time is written after all others, and told from them by its text, whoever had to
// speak and whenever it was written.
func TestDossierSettled(t *testing.T) {
	d := intercom.NewDestination("")
	for name, author := range map[string]plan.Value{"nobody": nil, "a name": plan.Person{Name: "Ann Lee"}, "an address": plan.Person{Email: "ann@x.example"}} {
		f := plan.Fields{"private": true, "body": "<p>Parent: SC-7</p>"}
		if author != nil {
			f["author"] = author
		}
		want := plan.PartWant{List: "dossier", Key: "dossier", Fields: f}
		sent := plan.Fields{"private": true, "body": "<p>Parent: SC-7</p>", "author": plan.Author("actor", "")}
		if author != nil {
			sent["author"] = plan.Author("actor", author.(plan.Person).Called())
		}
		c := record("conversation", plan.AppendTo)
		c.Parts = []plan.PartChange{{List: "dossier", Key: "dossier", What: "append", Fields: sent}}
		s := d.Steps(c)[0]
		body, _ := s.Payload["body"].(string)
		if s.Op != "note" || s.Payload["created_at"] != nil || s.At != 0 || strings.Contains(body, "1970") {
			t.Errorf("%s: sent as %s with %v: %s", name, s.Op, s.Payload["created_at"], body)
		}
		live := plan.LivePart{ID: "1", Fields: plan.Fields{"private": true, "body": body, "created_at": int64(1767700000), "files": int64(0)}}
		if why := d.SamePart(want, live); why != "" {
			t.Errorf("%s: %s", name, why)
		}
		live.Fields["body"] = "<p>somebody else</p><p>Parent: SC-7</p>"
		if why := d.SamePart(want, live); why != "its text differs" {
			t.Errorf("%s: another text is taken for it (%s)", name, why)
		}
	}
}
