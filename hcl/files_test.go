package hcl_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/hcl"
	"deskform/plan"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"alignment", "a \"b\" {\nx=1\nlonger   = 2 # why\n}\n", "a \"b\" {\n  x      = 1\n  longer = 2 # why\n}\n"},
		{"already", "a = 1\n", "a = 1\n"},
		{"empty", "", ""},
	} {
		got, diags := hcl.Format([]byte(tt.in), "x.hcl")
		if len(diags) > 0 || string(got) != tt.want {
			t.Errorf("%s: %q %v", tt.name, got, diags)
		}
		again, _ := hcl.Format(got, "x.hcl")
		if string(again) != string(got) {
			t.Errorf("%s: formatting again changes it", tt.name)
		}
	}
	src := "a {\n  b = \n}\n"
	got, diags := hcl.Format([]byte(src), "x.hcl")
	if !diags.HasErrors() || string(got) != src {
		t.Errorf("a file that cannot be parsed: %q", got)
	}
	if text := render(t, diags); !strings.Contains(text, "on x.hcl line 2, in a:\n   2:   b = ") {
		t.Errorf("no snippet: %s", text)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schema.lock.json")
	if _, err := hcl.ReadLock(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := hcl.WriteLock(path, lock()); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := hcl.ReadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lock(), got); diff != "" {
		t.Error(diff)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := hcl.WriteLock(path, got); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(again) || !os.SameFile(before, after) {
		t.Error("an equal file is written again")
	}
	for _, tt := range []struct{ text, want string }{
		{`{"format": 9, "data": {}}`, "it has format 9, and this deskform reads up to 1"},
		{`{"data": {}}`, "it is no lock file"},
		{`{`, "it is damaged"},
	} {
		if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := hcl.ReadLock(path); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

func TestReference(t *testing.T) {
	o := options("")
	o.Destination.Doc = "The desk."
	o.Sources[0].Doc = "A source with a | in its text."
	golden(t, "testdata/reference.md", string(hcl.Reference(o)))
	if got := string(hcl.Reference(o)); got != string(hcl.Reference(o)) {
		t.Error("two pages of equal options differ")
	}
}

// TestReferenceNamesEveryArgument: what the language knows is on the page.
func TestReferenceNamesEveryArgument(t *testing.T) {
	page := string(hcl.Reference(options("")))
	for _, k := range kinds() {
		for _, f := range append(append([]plan.Field{}, k.Fields...), partFields(k)...) {
			if !strings.Contains(page, "`"+f.Name+"`") {
				t.Errorf("%s of %s is not on the page", f.Name, k.Name)
			}
		}
	}
	for _, name := range []string{"ref(set, key...)", "shout(text, [mark])", "coalesce(value...)", "on_missing", "retry.max", "page.size"} {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("%s is not on the page", name)
		}
	}
}

func partFields(k plan.Kind) []plan.Field {
	if k.Part == nil {
		return nil
	}
	return k.Part.Fields
}
