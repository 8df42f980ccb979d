package sandbox

import (
	"maps"
	"reflect"
	"testing"
)

var packedSeeds = []string{
	`{}`, `{ }`, `{"a":1}`, `{"a":"x","b":[1,"y",{"z":"}"}],"c":{"d":"]\"\\"},"e":null,"f":true,"g":-1.5e3}`,
	" {\t\"a\" : \"b\" ,\r\n\"c\":[ ] } ", `{"a":1,"a":2}`, `{"a\u0062":1}`, `{"UUID":"ou$1","metaClass":"ou$ou","title":"«\u00ab»\\"}`,
	`{"a":"\\\\"}`, `{"a":"\ud83d\ude00 \ud83d"}`, `{"a":`, `[1]`, `null`, `{"a":"` + "\xff" + `"}`, `{"a":1}{}`,
}

// What is held as it is written reads as encoding/json reads it.
func holdsAsWritten(t *testing.T, line []byte) {
	t.Helper()
	want, err := decodeObject(line)
	if !isPacked(line) {
		return
	}
	if err != nil {
		t.Fatalf("%q is held, and is no object: %v", line, err)
	}
	for name, v := range want {
		if got, ok := packed(line).get(name); !ok || !reflect.DeepEqual(got, v) {
			t.Fatalf("%q: %s is %v, want %v", line, name, got, v)
		}
	}
	if got, ok := packed(line).get("no such name"); ok {
		if _, there := want["no such name"]; !there {
			t.Fatalf("%q: found %v", line, got)
		}
	}
	rest := maps.Clone(want)
	delete(rest, "UUID")
	delete(rest, "metaClass")
	if got := packed(line).unpack(); !reflect.DeepEqual(got, rest) {
		t.Fatalf("%q: %v, want %v", line, got, rest)
	}
}

func TestPacked(t *testing.T) {
	held := 0
	for _, s := range packedSeeds {
		holdsAsWritten(t, []byte(s))
		if isPacked([]byte(s)) {
			held++
		}
	}
	if held != 8 {
		t.Errorf("%d lines are held as written, want 8", held)
	}
}

func FuzzPacked(f *testing.F) {
	for _, s := range packedSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(holdsAsWritten)
}
