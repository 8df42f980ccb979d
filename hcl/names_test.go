package hcl_test

import (
	"strings"
	"testing"

	"deskform/hcl"
)

// TestSharedNames: kinds that share one room of names may declare each name once between them.
func TestSharedNames(t *testing.T) {
	for _, tt := range []struct{ name, config, want string }{
		{"two", `
attribute "contact" "post" { data_type = "string" }
attribute "conversation" "position" {
  name      = "Post"
  data_type = "string"
}`, `main.hcl:3,1-36: Name is taken; attribute.conversation.position and attribute.contact.post are both called "Post", and the destination knows a name only once among the two kinds. Give one of them another name.`},
		{"one each", `
attribute "contact" "post" { data_type = "string" }
attribute "conversation" "position" { data_type = "string" }`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "main.hcl", tt.config)
			write(t, dir, "preamble.hcl", `provider "desk" { token = "t" }`)
			o := options(dir)
			for i := range o.Kinds {
				switch o.Kinds[i].Name {
				case "attribute.contact":
					o.Kinds[i].NamesWith = []string{"attribute.conversation"}
				case "attribute.conversation":
					o.Kinds[i].NamesWith = []string{"attribute.contact"}
				}
			}
			_, diags := hcl.Load(o)
			var got []string
			for _, d := range diags {
				got = append(got, d.Error())
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), tt.want)
			}
		})
	}
}
