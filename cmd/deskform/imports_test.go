package main_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// The import rules of the design: arrows point inward, a sandbox does not import its client, and what is fixed at the top
// of the repository stays so.
func TestImportRules(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "deskform/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		from := strings.TrimPrefix(p.ImportPath, "deskform/")
		for _, imp := range p.Imports {
			to, ok := strings.CutPrefix(imp, "deskform/")
			if !ok {
				if strings.HasPrefix(imp, "github.com/zclconf/go-cty") && top(from) != "hcl" {
					t.Errorf("%s imports %s: cty stays in hcl", from, imp)
				}
				continue
			}
			switch {
			case top(from) == "plan" && top(to) != "plan":
				t.Errorf("%s imports %s: plan knows no other package", from, to)
			case (top(from) == "hcl" || top(from) == "state") && top(to) != "plan" && top(to) != top(from):
				t.Errorf("%s imports %s: hcl, state and providers know only plan", from, to)
			case top(from) == "providers" && top(to) != "plan" && top(to) != "providers":
				t.Errorf("%s imports %s: hcl, state and providers know only plan", from, to)
			case path.Base(from) == "sandbox" && strings.HasPrefix(to, "providers/") && to != from:
				t.Errorf("%s imports %s: a sandbox does not import its client", from, to)
			case top(to) == "cmd" && top(from) != "cmd":
				t.Errorf("%s imports %s: nothing knows the commands", from, to)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func top(p string) string {
	head, _, _ := strings.Cut(p, "/")
	return head
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{"cmd": true, "plan": true, "state": true, "providers": true, "hcl": true, "fixtures": true, "go.mod": true, "go.sum": true, "README.md": true}
	for _, e := range entries {
		if !allowed[e.Name()] && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s stands at the top of the repository, where it does not belong", e.Name())
		}
	}
}
