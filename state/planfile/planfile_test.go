package planfile_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskform/plan"
	"deskform/state/planfile"
)

func two(yield func(plan.Change, error) bool) {
	_ = yield(plan.Change{Address: plan.Address{Set: "contact.a", Key: "1"}, Kind: "contact", Action: plan.Create, Want: plan.Fields{"name": "Ann <b>"}}, nil) &&
		yield(plan.Change{Address: plan.Address{Set: "contact.a", Key: "2"}, Kind: "contact", Action: plan.Update, ID: "9",
			Want: plan.Fields{"friend": plan.Ref{Targets: []plan.Target{{Set: "contact.a", Key: "1"}}}}}, nil)
}

func written(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := planfile.Write(&b, planfile.Header{Lineage: "l", Workspace: "w", Created: time.Unix(5, 0).UTC()}, two); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(text []byte) (*planfile.File, error) {
	return planfile.Open("x.plan", func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
}

func TestReadsBack(t *testing.T) {
	f, err := open(written(t))
	if err != nil {
		t.Fatal(err)
	}
	if f.Header.Lineage != "l" || f.Header.Workspace != "w" {
		t.Errorf("header %+v", f.Header)
	}
	for range 2 { // it may be read again
		var got []string
		for c, err := range f.Changes() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.Address.Key+" "+string(plan.Canonical(map[string]plan.Value(c.Want))))
		}
		if want := `1 {"name":"Ann <b>"}; 2 {"friend":{"$ref":[{"set":"contact.a","key":"1"}]}}`; strings.Join(got, "; ") != want {
			t.Errorf("got %v", got)
		}
	}
}

func TestDamageIsNoticed(t *testing.T) {
	whole := written(t)
	for name, text := range map[string][]byte{"empty": nil, "half": whole[:len(whole)/2], "without its end": whole[:len(whole)-9], "something else": []byte("tag \"x\" {}")} {
		if _, err := open(text); !errors.Is(err, planfile.ErrFormat) || !strings.Contains(err.Error(), "x.plan") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteFileLeavesNoHalfFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.plan")
	var broken iter.Seq2[plan.Change, error] = func(yield func(plan.Change, error) bool) { yield(plan.Change{}, errors.New("disk")) }
	if err := planfile.WriteFile(path, planfile.Header{}, broken); err == nil {
		t.Error("the error was swallowed")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("a half file is there")
	}
	if err := planfile.WriteFile(path, planfile.Header{}, two); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
}

func FuzzOpen(f *testing.F) {
	var b bytes.Buffer
	if err := planfile.Write(&b, planfile.Header{}, two); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := open(text)
		if err != nil {
			return
		}
		for _, err := range p.Changes() {
			if err != nil {
				t.Fatal("a plan that was opened cannot be read:", err)
			}
		}
	})
}
