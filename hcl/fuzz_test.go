package hcl_test

import (
	"os"
	"path/filepath"
	"testing"

	"deskform/hcl"
	"deskform/plan"
)

// FuzzLoad: any bytes give a configuration or diagnostics with places; what loads evaluates any row without a panic; what
// is formatted stays as it is.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(desk), []byte(`{"UUID":"t$1","related":[{"UUID":"t$2"}],"priority":{"code":"high"}}`))
	f.Add([]byte(withVariables), []byte(`{}`))
	files, err := filepath.Glob("testdata/wrong/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append([]byte(preamble), text...), []byte(`{"UUID":5,"client":"x"}`))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, row []byte) {
		write(t, dir, "main.hcl", string(text))
		o := options(dir)
		cfg, diags := hcl.Load(o)
		for _, d := range diags {
			if d.Subject == nil {
				t.Errorf("without a place: %s", d.Error())
			}
		}
		if (cfg == nil) != diags.HasErrors() {
			t.Error("neither a configuration nor errors")
		}
		render(t, diags)
		if out, diags := hcl.Format(text, "main.hcl"); !diags.HasErrors() {
			again, _ := hcl.Format(out, "main.hcl")
			if string(again) != string(out) {
				t.Errorf("formatting again changes %q to %q", out, again)
			}
		}
		if cfg == nil {
			return
		}
		j := tables{rows: map[string]map[string]string{"src.people": {"e": string(row)}}, owned: map[string]map[string][]string{"src.comments": {"t": {string(row)}}}}
		for _, s := range cfg.Sets {
			if s.Resource {
				continue
			}
			r, err := s.Eval(plan.Row{Key: "k", JSON: row}, j)
			if err != nil {
				t.Errorf("%s: %v", s.Name, err)
			}
			plan.Canonical(map[string]plan.Value(r.Want.Fields)) // panics on what is no value
			for _, p := range r.Want.Parts {
				plan.Canonical(map[string]plan.Value(p.Fields))
			}
		}
	})
}

// FuzzExpression: any expression in a mapping.
func FuzzExpression(f *testing.F) {
	for _, e := range []string{
		`each.UUID`, `"a ${each.number + 1} b"`, `[for c in rows(data.src.comments, each.UUID) : c.text if !c.private]`, `{ for k, v in each.extra : k => v... }`,
		`each.related[*].title`, `try(regex("a", each.state), 1)`, `map(value_map.priority, each.priority.code)`, `ref([contact.people], each.client)`,
		`format("%d", 1)`, `earliest(each.registrationDate, "x")`, `slice(each.extra, 0, 9)`, `%{ if true }a%{ endif }`, `<<EOT
x ${each.state}
EOT`, `jsondecode(each.extra)`, `csvdecode("a,b\n1,2")`, `each[each.state]`, `range(1, 5)`, `chunklist([1, 2, 3], 2)`, `zipmap(["a"], [1])`, `merge({}, each.extra)`,
	} {
		f.Add(e, `{"UUID":"t","number":1,"extra":{"a":[1]},"state":"closed","related":[{"title":"x"}],"client":{"UUID":"e"}}`)
	}
	dir := f.TempDir()
	write(f, dir, "preamble.hcl", preamble+"records \"contact\" \"people\" {\n from = data.src.people\n key = each.UUID\n}\n")
	f.Fuzz(func(t *testing.T, expr, row string) {
		if len(expr) > 2000 {
			return
		}
		write(t, dir, "main.hcl", "records \"conversation\" \"t\" {\n from = data.src.tickets\n key = each.UUID\n contact = contact.people[\"x\"]\n title = shape(\n"+expr+"\n)\n}\n")
		o := options(dir)
		cfg, diags := hcl.Load(o)
		for _, d := range diags {
			if d.Subject == nil {
				t.Errorf("without a place: %s", d.Error())
			}
		}
		if cfg == nil {
			return
		}
		s, ok := cfg.Set("conversation.t")
		if !ok {
			return
		}
		j := tables{rows: map[string]map[string]string{"src.people": {"e": row}}, owned: map[string]map[string][]string{"src.comments": {"t": {row}}}}
		r, err := s.Eval(plan.Row{Key: "k", JSON: []byte(row)}, j)
		if err != nil {
			t.Fatal(err)
		}
		plan.Canonical(map[string]plan.Value(r.Want.Fields))
	})
}
