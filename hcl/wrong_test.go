package hcl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/hcl"
)

// TestWrong loads each file of testdata/wrong and compares what is said about it. Files that do not begin with
// "# no preamble" are loaded together with the preamble.
func TestWrong(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".hcl"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			write(t, dir, "main.hcl", string(text))
			if !strings.HasPrefix(string(text), "# no preamble") {
				write(t, dir, "preamble.hcl", preamble)
			}
			cfg, diags := hcl.Load(options(dir))
			if (cfg == nil) != diags.HasErrors() {
				t.Error("a configuration with errors, or none without")
			}
			for _, d := range diags {
				if d.Subject == nil {
					t.Errorf("without a place: %s", d.Summary)
				} else if d.Subject.Filename != "main.hcl" {
					t.Errorf("the preamble is blamed: %s", d.Error())
				}
				if d.Detail == "" {
					t.Errorf("without what to do: %s", d.Error())
				}
			}
			golden(t, strings.TrimSuffix(file, ".hcl")+".txt", render(t, diags))
		})
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
