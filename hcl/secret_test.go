package hcl_test

import (
	"strings"
	"testing"

	"deskform/hcl"
)

// A secret comes from outside, and what is written where one belongs is shown by no snippet.
func TestSecrets(t *testing.T) {
	const inTheFile, notMarked = "Secret in the configuration", "Secret not marked"
	for _, tc := range []struct {
		name, key, more string
		vars            map[string]string
		want            string // summary; empty for none
	}{
		{name: "from the environment", key: `env("KEY")`},
		{name: "made of what the environment gives", key: `"Bearer ${env("KEY")}"`},
		{name: "a marked variable without a default", key: `var.key`, more: `variable "key" { sensitive = true }`},
		{name: "the same, given", key: `var.key`, more: `variable "key" { sensitive = true }`, vars: map[string]string{"key": "tops3cret"}},
		{name: "an empty default says nothing", key: `var.key`, more: "variable \"key\" {\n  sensitive = true\n  default = \"\"\n}"},
		{name: "written down", key: `"tops3cret"`, want: inTheFile},
		{name: "built", key: `join("", ["tops3", "cret"])`, want: inTheFile},
		{name: "by way of a local", key: `local.key`, more: `locals { key = "tops3cret" }`, want: inTheFile},
		{name: "a default", key: `var.key`, more: "variable \"key\" {\n  sensitive = true\n  default = \"tops3cret\"\n}", want: inTheFile},
		{name: "a variable that is not marked", key: `var.key`, more: `variable "key" {}`, vars: map[string]string{"key": "tops3cret"}, want: notMarked},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options(folder(t, "provider \"src\" {\n  url = \"https://x\"\n  access_key = "+tc.key+"\n}\n"+tc.more))
			o.Vars, o.NeedEnv = tc.vars, false
			_, diags := hcl.Load(o)
			got := ""
			for _, d := range diags {
				got += d.Summary
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
			text := render(t, diags)
			if strings.Contains(text, "s3cret") || tc.want == inTheFile && !strings.Contains(text, `env("SRC_ACCESS_KEY")`) {
				t.Error(text)
			}
		})
	}
}

// Snippets of a file that cannot be read hide it as well.
func TestSecretsOfBrokenFiles(t *testing.T) {
	for name, text := range map[string]string{
		"a quote that is not closed": "provider \"src\" {\n  access_key = \"tops3cret\n}\n",
		"a block that is not closed": "provider \"src\" {\n  access_key = \"tops3cret\"",
		"beside an error":            "provider \"src\" { access_key = \"tops3cret\" + }\n",
		"another name":               "provider \"src\" {\n  url = \"https://x\"\n  access_key = \"tops3cret\"\n  acess_key = nobody.x }\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := hcl.Load(options(folder(t, text)))
			if !diags.HasErrors() {
				t.Fatal("no error")
			}
			if out := render(t, diags); strings.Contains(out, "s3cret") || !strings.Contains(out, "a.hcl") {
				t.Error(out)
			}
		})
	}
}
