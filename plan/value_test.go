package plan_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"deskform/plan"
)

func TestCanonicalReadsBack(t *testing.T) {
	for _, v := range []plan.Value{
		nil, true, int64(-5), 1.5, "a < b & \"c\"", []plan.Value{"x", nil}, map[string]plan.Value{"b": int64(1), "a": []plan.Value{}},
		plan.Ref{Targets: []plan.Target{{Set: "tag", Key: "x"}}}, plan.Person{Key: "e1", Name: "Ann"}, plan.File{Key: "f1", Name: "a.txt", Size: 3},
	} {
		text := plan.Canonical(v)
		back, err := plan.ParseValue(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !plan.Equal(v, back) {
			t.Errorf("%s came back as %s", text, plan.Canonical(back))
		}
	}
}

func FuzzParseValue(f *testing.F) {
	f.Add([]byte(`{"a":[1,null,{"$ref":[{"set":"tag","key":"x"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := plan.ParseValue(text)
		if err != nil {
			return
		}
		again, err := plan.ParseValue(plan.Canonical(v))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if !plan.Equal(v, again) {
			t.Fatalf("%s is not %s", plan.Canonical(v), plan.Canonical(again))
		}
	})
}

func TestAddress(t *testing.T) {
	for _, text := range []string{
		`tag.priority_high`, `attribute.conversation.itsm_priority`, `contact.requesters["employee$512"]`,
		`contact.by_mail["a\"b]@x"]`, `conversation.incidents["serviceCall$7"].comments["comment$9"]`,
	} {
		a, err := plan.ParseAddress(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if a.String() != text {
			t.Errorf("%s came back as %s", text, a)
		}
	}
	for _, text := range []string{"", "x", `contact.a[b]`, `contact.a["b"`, `contact.a["b"]x`, `contact.a["b"].c[d]`, `["b"]`} {
		if a, err := plan.ParseAddress(text); err == nil {
			t.Errorf("%q was taken for %v", text, a)
		}
	}
}

func TestStoredKeepsLongValuesComparable(t *testing.T) {
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'x'
	}
	stored := plan.Stored(string(long))
	if !plan.Same(stored, string(long)) {
		t.Error("a long value is not the same as what was stored of it")
	}
	if plan.Same(stored, string(long)+"y") {
		t.Error("a changed long value is not noticed")
	}
}

func TestBooksAddUp(t *testing.T) {
	b := plan.Books{Rows: map[string]int{"contact.a": 3}}
	b.Add("contact.a", plan.OutCreated, 2)
	if got := b.Unbalanced(); len(got) != 1 {
		t.Error("a row without an outcome is not noticed")
	}
	b.Add("contact.a", plan.OutSkipped, 1)
	b.Add("contact.a", plan.OutLeft, 4)
	if got := b.Unbalanced(); got != nil {
		t.Errorf("unbalanced: %v", got)
	}
}

// What a plan file or the journal holds comes back with its references.
func TestChangesAndStepsReadBack(t *testing.T) {
	ref := plan.Ref{Targets: []plan.Target{{Set: "tag", Key: "x"}}}
	f := plan.FieldChange{Field: "tags", What: "add", Before: []plan.Value{"1"}, After: []plan.Value{ref}, Base: int64(1 << 60), Reason: "r"}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back plan.FieldChange
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f, back) {
		t.Errorf("%+v came back as %+v", f, back)
	}
	s := plan.Step{Key: "k", Op: "o", Payload: plan.Fields{"a": ref}, Member: ref, Fields: []string{"tags"}}
	if text, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	var step plan.Step
	if err := json.Unmarshal(text, &step); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, step) {
		t.Errorf("%+v came back as %+v", s, step)
	}
}
