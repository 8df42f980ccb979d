package intercom_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/intercom"
)

// definitions are the attributes of a workspace, one of each data type.
func definitions(_, name string) (plan.AttributeDef, bool) {
	d, ok := map[string]plan.AttributeDef{
		"s": {DataType: "string"}, "i": {DataType: "integer"}, "f": {DataType: "decimal"}, "b": {DataType: "boolean"}, "t": {DataType: "datetime"},
		"l": {DataType: "list", Options: []string{"High", "Low"}}, "d": {DataType: "date"}, "r": {DataType: "relationship"}, "n": {DataType: "files"}, "o": {DataType: "list", Existing: true},
	}[name]
	return d, ok
}

func numbered(n int) []plan.Value {
	var out []plan.Value
	for i := range n {
		out = append(out, fmt.Sprint("o", i))
	}
	return out
}

// TestDefinitionsOfModels: what the families differ in, and what no call makes (IC 2, 3.4, 3.5).
func TestDefinitionsOfModels(t *testing.T) {
	for _, tt := range []struct {
		name, model string
		fields      plan.Fields
		broken      string
		existing    bool
		manual      string
	}{
		{"a colon in a contact's", "contact", plan.Fields{"data_type": "string", "name": "a:b"}, "name bad_name", false, ""},
		{"a colon in a conversation's", "conversation", plan.Fields{"data_type": "string", "name": "a:b"}, "", false, ""},
		{"a relationship of a conversation", "conversation", plan.Fields{"data_type": "relationship", "object_type": "Change"}, "", false, ""},
		{"a relationship of a contact", "contact", plan.Fields{"data_type": "relationship", "object_type": "Change"}, "", false, "no API makes relationship attributes of a contact"},
		{"the workspace's", "company", plan.Fields{"data_type": "string", "existing": true}, "", true, "existing = true says that the workspace has a company attribute"},
		{"not the workspace's", "company", plan.Fields{"data_type": "string", "existing": false}, "", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, broken := normalized("attribute."+tt.model, plan.Want{Fields: tt.fields})
			if broken != tt.broken || w.Existing != tt.existing || !strings.HasPrefix(w.Manual, tt.manual) || tt.manual == "" && w.Manual != "" {
				t.Errorf("broke %q, existing %v, manual %q", broken, w.Existing, w.Manual)
			}
		})
	}
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// normalized is a want after Normalize, and what it broke: "field rule", sorted.
func normalized(kind string, w plan.Want) (plan.Want, string) {
	d := intercom.NewDestination("")
	d.Now = func() time.Time { return noon }
	if w.Key == "" {
		w.Key = "label"
	}
	var broken []string
	for _, p := range d.Normalize(kind, &w, definitions) {
		broken = append(broken, p.Field+" "+p.Rule)
	}
	slices.Sort(broken)
	return w, strings.Join(broken, ", ")
}

// TestNormalizeValues: one field in, the field as Intercom would show it.
func TestNormalizeValues(t *testing.T) {
	long := strings.Repeat("ж", 255)
	for _, tt := range []struct {
		kind, field string
		in, want    plan.Value
		broken      string
	}{
		{"contact", "email", " Ann@Acme.Example ", "ann@acme.example", ""},
		{"contact", "email", "", nil, ""},
		{"contact", "email", "ann", "ann", "email not_an_address"},
		{"contact", "email", "a@x.example, b@x.example", "a@x.example, b@x.example", "email not_an_address"},
		{"contact", "name", " Ann \n of\tAcme ", "Ann of Acme", ""},
		{"contact", "name", "Ann\x00\x1b[31m", "Ann[31m", ""},
		{"contact", "name", "Ann\xff", "Ann�", ""},
		{"contact", "name", " ", nil, ""},
		{"contact", "name", long, long, ""},
		{"contact", "name", long + "ж", long + "ж", "name too_long"},
		// What Intercom holds no value for it shows as null, an empty text and a zero count or time alike.
		{"contact", "phone", "", nil, ""},
		{"contact", "external_id", "", nil, ""},
		{"contact", "signed_up_at", int64(0), nil, ""},
		{"contact", "signed_up_at", int64(1767600000), int64(1767600000), ""},
		{"company", "website", "", nil, ""},
		{"company", "industry", "", nil, ""},
		{"company", "size", int64(0), nil, ""},
		{"company", "size", int64(5), int64(5), ""},
		{"company", "remote_created_at", int64(0), nil, ""},
		{"company", "name", " Acme  Ltd ", "Acme Ltd", ""},
		{"company", "company_id", "", "", "company_id required"},
		{"conversation", "title", " a \n b ", "a b", ""},
		{"conversation", "title", "", nil, ""},
		{"conversation", "body", " a \r\n\r\n\r\n\r\nb \t\n", "a\n\nb", ""},
		{"conversation", "body", "", "(no text)", ""},
		{"conversation", "body", "\x00", "(no text)", ""},
		{"conversation", "body", strings.Repeat("ж", 31000), strings.Repeat("ж", 31000), ""},
		{"conversation", "body", strings.Repeat("ж", 32000), strings.Repeat("ж", 32000), "body too_long"}, // the marker comes on top
		{"tag", "name", nil, "label", ""},
		{"tag", "name", "vip", "vip", ""},
		{"tag", "name", long, long, ""},
		{"tag", "name", long + "ж", long + "ж", "name too_long"},
		{"team", "name", nil, "label", ""},
		{"teammate", "email", "Agent@Acme.example", "agent@acme.example", ""},

		{"contact", "attributes.s", " a \n b ", "a b", ""},
		{"contact", "attributes.s", "", nil, ""},
		{"contact", "attributes.s", int64(7), "7", ""},
		{"contact", "attributes.s", true, "true", ""},
		{"contact", "attributes.s", long, long, ""},
		{"contact", "attributes.s", long + "ж", long + "ж", "attributes.s too_long"},
		{"contact", "attributes.s", nil, nil, ""},
		{"company", "attributes.i", "12 ", int64(12), ""},
		{"company", "attributes.i", 12.0, int64(12), ""},
		{"company", "attributes.i", 12.5, nil, "attributes.i wrong_type"},
		{"company", "attributes.i", "twelve", nil, "attributes.i wrong_type"},
		{"company", "attributes.i", true, nil, "attributes.i wrong_type"},
		{"company", "attributes.f", "1.5", 1.5, ""},
		{"company", "attributes.f", int64(2), int64(2), ""},
		{"company", "attributes.f", "1,5", nil, "attributes.f wrong_type"},
		{"company", "attributes.f", "NaN", nil, "attributes.f wrong_type"}, // no JSON has it
		{"company", "attributes.f", "-Inf", nil, "attributes.f wrong_type"},
		{"company", "attributes.b", "true", true, ""},
		{"company", "attributes.b", "yes", nil, "attributes.b wrong_type"},
		{"conversation", "attributes.t", "2026-03-02T15:00:00+03:00", int64(1772452800), ""},
		{"conversation", "attributes.t", int64(1772452800), int64(1772452800), ""},
		{"conversation", "attributes.t", "02.03.2026", nil, "attributes.t wrong_type"},
		{"contact", "attributes.d", "2026-03-02", int64(1772409600), ""},
		{"contact", "attributes.d", "2026-03-02T15:00:00+03:00", int64(1772409600), ""},
		{"contact", "attributes.d", int64(1772452800), int64(1772409600), ""},
		{"contact", "attributes.d", int64(-1), int64(-86400), ""},
		{"contact", "attributes.d", "02.03.2026", nil, "attributes.d wrong_type"},
		{"conversation", "attributes.n", "x", nil, "attributes.n not_writable"},
		{"conversation", "attributes.o", "whatever they have", "whatever they have", ""},
		{"conversation", "attributes.l", "High", "High", ""},
		{"conversation", "attributes.l", "high", nil, "attributes.l not_an_option"},
		{"conversation", "attributes.l", nil, nil, ""},
		{"conversation", "attributes.unknown", "x", "x", ""}, // refused before, with its place
	} {
		w, broken := normalized(tt.kind, plan.Want{Fields: plan.Fields{tt.field: tt.in}})
		if got := w.Fields[tt.field]; !plan.Equal(got, tt.want) || broken != tt.broken {
			t.Errorf("%s %s = %.40q becomes %.40q (%s), want %.40q (%s)", tt.kind, tt.field, fmt.Sprint(tt.in), fmt.Sprint(got), broken, fmt.Sprint(tt.want), tt.broken)
			continue
		}
		if tt.broken == "" {
			again, broken := normalized(tt.kind, plan.Want{Fields: maps.Clone(w.Fields)})
			if got := again.Fields[tt.field]; !plan.Equal(got, tt.want) || broken != "" {
				t.Errorf("%s %s: a second time it becomes %v (%s)", tt.kind, tt.field, got, broken)
			}
		}
	}
	w, _ := normalized("contact", plan.Want{Match: plan.Fields{"email": " Ann@Acme.example"}, Fields: plan.Fields{}})
	if w.Match["email"] != "ann@acme.example" {
		t.Errorf("match looks for %q", w.Match["email"])
	}
}

// TestDefinitions: the limits of attribute definitions (IC 3.4, 3.5).
func TestDefinitions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields plan.Fields
		broken string
	}{
		{"the label is the name", plan.Fields{"data_type": "string"}, ""},
		{"a list of two", plan.Fields{"data_type": "list", "options": []plan.Value{"a", "b"}}, ""},
		{"a list of one", plan.Fields{"data_type": "list", "options": []plan.Value{"a"}}, "options too_few"},
		{"a list of none", plan.Fields{"data_type": "list"}, "options too_few"},
		{"a list of 251", plan.Fields{"data_type": "list", "options": numbered(251)}, "options too_many"},
		{"options of a string", plan.Fields{"data_type": "string", "options": []plan.Value{"a", "b"}}, "options not_a_list"},
		{"an option twice", plan.Fields{"data_type": "list", "options": []plan.Value{"a", "b", "a"}}, "options twice"},
		{"an option without a text", plan.Fields{"data_type": "list", "options": []plan.Value{"a", ""}}, "options empty"},
		{"a list that the workspace owns", plan.Fields{"data_type": "list", "existing": true}, ""},
		{"a relationship to nothing", plan.Fields{"data_type": "relationship"}, "object_type required"},
		{"a relationship", plan.Fields{"data_type": "relationship", "object_type": "Change", "many": true}, ""},
		{"an object of a string", plan.Fields{"data_type": "string", "object_type": "Change", "many": true}, "many not_a_relationship, object_type not_a_relationship"},
		{"spaces, hyphens and currencies", plan.Fields{"data_type": "string", "name": "Цена-2 €_x"}, ""},
		{"a dot", plan.Fields{"data_type": "string", "name": "a.b"}, "name bad_name"},
		{"a dollar", plan.Fields{"data_type": "string", "name": "a$"}, "name bad_name"},
		{"64 letters", plan.Fields{"data_type": "string", "name": strings.Repeat("ж", 64)}, ""},
		{"65 letters", plan.Fields{"data_type": "string", "name": strings.Repeat("ж", 65)}, "name bad_name"},
	} {
		for _, model := range []string{"contact", "company", "conversation"} {
			w, broken := normalized("attribute."+model, plan.Want{Fields: maps.Clone(tt.fields)})
			if broken != tt.broken {
				t.Errorf("%s of a %s: %q, want %q", tt.name, model, broken, tt.broken)
			}
			if tt.fields["name"] == nil && w.Fields["name"] != "label" {
				t.Errorf("%s: its name is %v", tt.name, w.Fields["name"])
			}
		}
	}
}

// TestNormalizeState: a snooze that has passed is none, and only a snooze has a time.
func TestNormalizeState(t *testing.T) {
	past, future := noon.Unix(), noon.Unix()+1
	for _, tt := range []struct {
		name        string
		state       string
		until, want plan.Value
		wantState   string
		broken      string
	}{
		{"to come", "snoozed", future, future, "snoozed", ""},
		{"passed this second", "snoozed", past, nil, "open", ""},
		{"without a time", "snoozed", nil, nil, "snoozed", "snoozed_until required"},
		{"closed with a time", "closed", future, nil, "closed", ""},
		{"open with a time", "open", future, nil, "open", ""},
	} {
		w, broken := normalized("conversation", plan.Want{Fields: plan.Fields{"state": tt.state, "snoozed_until": tt.until}})
		if got := w.Fields["snoozed_until"]; w.Fields["state"] != tt.wantState || !plan.Equal(got, tt.want) || broken != tt.broken {
			t.Errorf("%s: %v until %v (%s), want %s until %v (%s)", tt.name, w.Fields["state"], got, broken, tt.wantState, tt.want, tt.broken)
		}
	}
}

// TestNormalizeParts: order, times and limits of messages (IC 3.6, 7 #3, 7 #6).
func TestNormalizeParts(t *testing.T) {
	part := func(key string, fields plan.Fields) plan.PartWant {
		for name, v := range (plan.Fields{"created_at": int64(200), "body": "x"}) {
			if _, ok := fields[name]; !ok {
				fields[name] = v
			}
		}
		return plan.PartWant{List: "comments", Key: key, Fields: fields}
	}
	file := func(size int64) plan.Value { return plan.File{Name: "a", SHA256: "ca97", Size: size} }
	w, broken := normalized("conversation", plan.Want{Fields: plan.Fields{"created_at": int64(100)}, Parts: []plan.PartWant{
		part("late", plan.Fields{"created_at": int64(300)}), part("twin 1", plan.Fields{}), part("twin 2", plan.Fields{}), part("before", plan.Fields{"created_at": int64(50)}),
	}})
	var order []string
	for _, p := range w.Parts {
		order = append(order, fmt.Sprint(p.Key, " ", p.Fields["created_at"]))
	}
	if got, want := strings.Join(order, ", "), "before 100, twin 1 200, twin 2 200, late 300"; got != want || broken != "" {
		t.Errorf("parts %s (%s), want %s", got, broken, want)
	}
	for _, tt := range []struct {
		name   string
		fields plan.Fields
		body   string
		broken string
	}{
		{"text", plan.Fields{"body": " <p>x</p>\x00 "}, "<p>x</p>", ""},
		{"no text", plan.Fields{"body": ""}, "(no text)", ""},
		{"no text and no files", plan.Fields{"body": nil, "files": []plan.Value{}}, "(no text)", ""},
		{"a file alone", plan.Fields{"body": nil, "files": []plan.Value{file(1)}}, "", ""},
		{"31,900 characters", plan.Fields{"body": strings.Repeat("ж", 31900)}, strings.Repeat("ж", 31900), ""},
		{"32,000 characters, and the author in front", plan.Fields{"body": strings.Repeat("ж", 32000)}, strings.Repeat("ж", 32000), "comments too_long"},
		{"10 files", plan.Fields{"files": slices.Repeat([]plan.Value{file(1)}, 10)}, "x", ""},
		{"11 files", plan.Fields{"files": slices.Repeat([]plan.Value{file(1)}, 11)}, "x", "comments too_many_files"},
		{"18 MB", plan.Fields{"files": []plan.Value{file(18 << 20)}}, "x", ""},
		{"a byte more", plan.Fields{"files": []plan.Value{file(18<<20 + 1)}}, "x", "comments file_too_large"},
		{"a file whose bytes are missing", plan.Fields{"files": []plan.Value{plan.File{Name: "a"}}}, "x", "comments file_missing"},
		{"no time", plan.Fields{"created_at": nil}, "x", "comments no_time"},
	} {
		w, broken := normalized("conversation", plan.Want{Fields: plan.Fields{}, Parts: []plan.PartWant{part("c", tt.fields)}})
		if got := w.Parts[0].Fields["body"]; got != tt.body || broken != tt.broken {
			t.Errorf("%s: %.40q (%s), want %.40q (%s)", tt.name, got, broken, tt.body, tt.broken)
		}
	}
}

// TestSameField: a first message is the same when its words are, with the sentence that deskform adds.
func TestSameField(t *testing.T) {
	const token = "itsm365x0123456789ab"
	for _, tt := range []struct {
		name, marker, want, have string
		same                     bool
	}{
		{"as Intercom keeps it", "", "Not <at> all.\n\nIt's & \"dead\".", "<p>Not &lt;at&gt; all.</p>\n<p>It&#39;s &amp; &quot;dead&quot;.</p>\n<p>Imported from ITSM 365, SC-1 " + token + "</p>", true},
		{"lines", "", "a\nb", "<p>a<br>\nb</p><p>Imported from ITSM 365, " + token + "</p>", true},
		{"no sentence: another tool wrote it", "", "a", "<p>a</p>", true},
		{"other words", "", "a", "<p>b</p><p>Imported from ITSM 365, " + token + "</p>", false},
		{"words after the sentence", "", "a", "<p>a</p><p>Imported from ITSM 365, " + token + "</p><p>c</p>", false},
		{"a number of two words", "", "a", "<p>a</p><p>Imported from ITSM 365, INC 42 " + token + "</p>", true},
		{"a text that quotes the sentence", "", "see Imported from ITSM 365, SC-9 " + token + " there", "<p>see Imported from ITSM 365, SC-9 " + token + " there</p><p>Imported from ITSM 365, SC-1 " + token + "</p>", true},
		{"its own sentence", "Moved [{number}] {token}.", "a", "<p>a</p><p>Moved [SC-1] " + token + ".</p>", true},
		{"its own sentence, no number", "Moved [{number}] {token}.", "a", "<p>a</p><p>Moved [] " + token + ".</p>", true},
		{"number last", "{token} {number}", "a", "<p>a</p><p>" + token + " SC-1</p>", true},
		{"number last, none", "{token} {number}", "a", "<p>a</p><p>" + token + "</p>", true},
		{"a word that is no token", "", "a", "<p>a</p><p>Imported from ITSM 365, itsm365xyz</p>", false},
	} {
		if got := intercom.NewDestination(tt.marker).SameField("conversation", "body", tt.want, tt.have); got != tt.same {
			t.Errorf("%s: same %t, want %t", tt.name, got, tt.same)
		}
	}
	d := intercom.NewDestination("")
	if d.SameField("conversation", "title", "a b", "a  b") || !d.SameField("contact", "signed_up_at", int64(7), 7.0) {
		t.Error("other fields are compared as values")
	}
}

// TestSamePart: what a proof says of a part that Intercom holds.
func TestSamePart(t *testing.T) {
	yes := true
	want := func(body string, more plan.Fields) plan.PartWant {
		p := plan.PartWant{List: "comments", Key: "c1", Fields: plan.Fields{"private": false, "created_at": int64(200), "body": body}}
		maps.Copy(p.Fields, more)
		return p
	}
	got := func(body string, more plan.Fields) plan.LivePart {
		p := plan.LivePart{ID: "9", Fields: plan.Fields{"private": false, "created_at": int64(200), "body": body, "author_type": "admin", "author": "12", "files": int64(0)}}
		maps.Copy(p.Fields, more)
		return p
	}
	flagged := want("x", nil)
	flagged.SourcePrivate = &yes
	for _, tt := range []struct {
		name string
		want plan.PartWant
		got  plan.LivePart
		why  string
	}{
		{"the same", want("<p>Still <b>not</b>.</p>", nil), got("<p>Still not.</p>", nil), ""},
		{"plain text", want("a < b\nc", nil), got("<p>a &lt; b<br>c</p>", nil), ""},
		{"spoken by the actor", want("<p>Still not.</p>", nil), got("<p><i>Petrov · 1970-01-01 00:03 UTC</i></p><p>Still not.</p>", nil), ""},
		{"other words", want("<p>Still not.</p>", nil), got("<p>Done.</p>", nil), "its text differs"},
		{"private became visible", want("x", plan.Fields{"private": true}), got("x", nil), "private is false"},
		{"a message became a note", want("x", nil), got("x", plan.Fields{"private": true}), "private is true"},
		{"the source calls it private", flagged, got("x", nil), "the source says private"},
		{"another time", want("x", nil), got("x", plan.Fields{"created_at": int64(201)}), "its time differs"},
		{"a file is missing", want("x", plan.Fields{"files": []plan.Value{plan.File{Name: "a"}}}), got("x", nil), "it has 0 files instead of 1"},
		{"a file alone", want("", plan.Fields{"files": []plan.Value{plan.File{Name: "a"}}}), got("", plan.Fields{"files": int64(1)}), ""},
		{"a file alone got a text", want("", plan.Fields{"files": []plan.Value{plan.File{Name: "a"}}}), got("<p>Pay here.</p>", plan.Fields{"files": int64(1)}), "its text differs"},
		{"a file alone, spoken by the actor", want("", plan.Fields{"files": []plan.Value{plan.File{Name: "a"}}}), got("<p><i>Petrov · 1970-01-01 00:03 UTC</i></p>", plan.Fields{"files": int64(1)}), ""},
		{"words in front that are no author", want("<p>Pay.</p>", nil), got("<p>Do not</p><p>Pay.</p>", nil), "its text differs"},
	} {
		if why := intercom.NewDestination("").SamePart(tt.want, tt.got); why != tt.why {
			t.Errorf("%s: %q, want %q", tt.name, why, tt.why)
		}
	}
}

// TestKinds: every field has words and a mode, and Normalize knows every kind.
func TestKinds(t *testing.T) {
	d := intercom.NewDestination("")
	counted := map[string]string{"attribute.contact": "contact_attribute", "attribute.company": "company_attribute", "attribute.conversation": "conversation_attribute", "brand": "brand",
		"tag": "tag", "team": "team", "teammate": "admin", "contact": "contact", "company": "company", "ticket_type": "ticket_type", "ticket_attribute": "ticket_attribute", "ticket_state": "ticket_state", "ticket": "ticket",
		"custom_object": "custom_object", "object_attribute": "object_attribute", "object": "custom_object_instance", "conversation": "conversation"}
	for _, k := range d.Kinds() {
		if k.Doc == "" || k.Version == 0 || (k.Manual == "") != k.Creatable {
			t.Errorf("%s: doc %q, version %d, creatable %t, manual %q", k.Name, k.Doc, k.Version, k.Creatable, k.Manual)
		}
		fields := k.Fields
		if k.Part != nil {
			fields = append(slices.Clone(fields), k.Part.Fields...)
		}
		for _, f := range fields {
			if f.Doc == "" || f.Mode == 0 || f.Type == "" {
				t.Errorf("%s.%s: doc %q, mode %v, type %q", k.Name, f.Name, f.Doc, f.Mode, f.Type)
			}
		}
		if got := d.Object(k.Name); got != counted[k.Name] {
			t.Errorf("%s is counted as %s, want %s", k.Name, got, counted[k.Name])
		}
		delete(counted, k.Name)
	}
	if len(counted) > 0 {
		t.Errorf("kinds are missing: %v", counted)
	}
}
