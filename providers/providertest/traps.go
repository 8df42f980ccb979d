package providertest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A trap is an item of the list in traps.go.
type trap struct {
	number       int
	words        string
	shown        []string // the tests that show our answer
	cannotHappen bool
}

var (
	trapItem = regexp.MustCompile(`^ *(\d+)\. (.*)$`)
	shownBy  = regexp.MustCompile(`Shown by ([\w, ]+)\.$`)
)

// listed reads the package documentation.
func listed(t *testing.T) []trap {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "traps.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var items []string
	for line := range strings.Lines(f.Doc.Text()) {
		line = strings.TrimRight(line, "\n")
		switch {
		case trapItem.MatchString(line):
			items = append(items, line)
		case len(items) > 0 && strings.TrimSpace(line) != "":
			items[len(items)-1] += " " + strings.TrimSpace(line)
		}
	}
	var out []trap
	for _, item := range items {
		m := trapItem.FindStringSubmatch(item)
		words, _, _ := strings.Cut(m[2], ".")
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		x := trap{number: n, words: words, cannotHappen: strings.Contains(item, "Cannot occur: ")}
		if s := shownBy.FindStringSubmatch(item); s != nil {
			x.shown = strings.Split(s[1], ", ")
		}
		out = append(out, x)
	}
	return out
}

// testNames are the tests and fuzz targets of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && (strings.HasPrefix(fn.Name.Name, "Test") || strings.HasPrefix(fn.Name.Name, "Fuzz")) {
				out[fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Traps holds the list of traps in the documentation of the package whose test calls it, in traps.go, against the reference,
// which has n: each has an answer, each test that it names is there, and those that no other test shows are in own.
func Traps(t *testing.T, n int, own map[int]func(*testing.T)) {
	tests := testNames(t)
	traps := listed(t)
	for i, x := range traps {
		t.Run(fmt.Sprintf("%d %s", x.number, x.words), func(t *testing.T) {
			if x.number != i+1 {
				t.Errorf("trap %d stands at place %d", x.number, i+1)
			}
			if x.cannotHappen == (len(x.shown) > 0) {
				t.Errorf("it is either shown by tests, or cannot occur for a reason")
			}
			for _, name := range x.shown {
				if !tests[name] {
					t.Errorf("there is no %s", name)
				}
			}
			if show := own[x.number]; show != nil {
				show(t)
			}
			if here := slices.Contains(x.shown, "TestTraps"); here != (own[x.number] != nil) {
				t.Errorf("the documentation says that TestTraps shows it: %t, and it does: %t", here, own[x.number] != nil)
			}
		})
	}
	if len(traps) != n {
		t.Errorf("the documentation has %d traps, the reference %d", len(traps), n)
	}
}
