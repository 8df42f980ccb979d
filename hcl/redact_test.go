package hcl_test

import (
	"fmt"
	"strings"
	"testing"

	"deskform/hcl"
)

// TestRedactions: rules come by name wherever they stand, and belong to the meaning of the configuration.
func TestRedactions(t *testing.T) {
	load := func(text string) *hcl.Config {
		dir := t.TempDir()
		write(t, dir, "main.hcl", desk+text)
		cfg, diags := hcl.Load(options(dir))
		if diags.HasErrors() {
			t.Fatal(render(t, diags))
		}
		return cfg
	}
	cfg := load(`
redact "pins" { pattern = "pin \\d+" }
redact "cards" {
  pattern = "\\d{16}"
  with    = "[$1]"
  in      = [conversation.tickets, contact.people, conversation.tickets]
}
`)
	var got []string
	for _, r := range cfg.Redactions {
		got = append(got, fmt.Sprintf("%s %s %s %v", r.Name, r.Pattern, r.With, r.Sets))
	}
	if want := `cards \d{16} [$1] [conversation.tickets contact.people]; pins pin \d+ [redacted] []`; strings.Join(got, "; ") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, "; "), want)
	}
	without, other := load(""), load(`redact "pins" { pattern = "pin: \\d+" }`)
	if without.Meaning == other.Meaning || other.Meaning == cfg.Meaning {
		t.Error("a rule does not change the meaning of the configuration")
	}
}
