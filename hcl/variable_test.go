package hcl_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/hcl"
	"deskform/plan"
)

const withVariables = `
variable "city" { default = "Omsk" }
variable "count" {
  type    = number
  default = 1
}
variable "names" {
  type    = list(string)
  default = ["a"]
}
variable "options" {
  type    = object({ a = number, b = optional(bool) })
  default = { a = 1 }
}
variable "password" {
  sensitive = true
  default   = "swordfish"
}
provider "src" { url = "${var.city}/${var.count}/${join(",", var.names)}/${var.options.a}" }
provider "desk" {
  token = env("TOKEN")
  retry { max = var.count + 1 }
}
`

func TestVariables(t *testing.T) {
	dir := folder(t, withVariables)
	write(t, dir, "values.vars", "city = \"Tver\"\nnames = [\"x\", \"y\"]\n")
	write(t, dir, "values.json", `{"city": "Perm", "options": {"a": 5}}`)
	for _, tt := range []struct {
		name  string
		env   map[string]string
		files []string
		vars  map[string]string
		want  string
	}{
		{"defaults", nil, nil, nil, "Omsk/1/a/1"},
		{"environment", map[string]string{"DESKFORM_VAR_city": "Ufa", "DESKFORM_VAR_count": "3", "DESKFORM_VAR_names": `["p", "q"]`}, nil, nil, "Ufa/3/p,q/1"},
		{"file over environment", map[string]string{"DESKFORM_VAR_city": "Ufa"}, []string{"values.vars"}, nil, "Tver/1/x,y/1"},
		{"later file", nil, []string{"values.vars", "values.json"}, nil, "Perm/1/x,y/5"},
		{"--var over files", nil, []string{"values.vars"}, map[string]string{"city": "Kazan", "options": `{ a = 7 }`}, "Kazan/1/x,y/7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(dir)
			o.Env = func(name string) (string, bool) {
				if name == "TOKEN" {
					return "secret-token", true
				}
				v, ok := tt.env[name]
				return v, ok
			}
			for _, f := range tt.files {
				o.VarFiles = append(o.VarFiles, dir+"/"+f)
			}
			o.Vars = tt.vars
			cfg := loadWith(t, o)
			if got := cfg.Providers["src"]["url"]; got != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestProviderArguments(t *testing.T) {
	cfg := load(t, withVariables)
	want := map[string]map[string]plan.Value{"src": {"url": "Omsk/1/a/1"}, "desk": {"token": "token-from-env", "region": "us", "retry.max": int64(2)}}
	if diff := cmp.Diff(want, cfg.Providers); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(cfg.Secrets, []string{"swordfish", "token-from-env"}) {
		t.Errorf("secrets: %q", cfg.Secrets)
	}
}

func TestWrongVariables(t *testing.T) {
	dir := folder(t, withVariables)
	write(t, dir, "wrong.vars", "citty = \"x\"\ncount = \"many\"\n")
	o := options(dir)
	o.Vars = map[string]string{"coutn": "1", "names": "a,b"}
	o.VarFiles = []string{dir + "/wrong.vars", dir + "/nothing.vars"}
	_, diags := hcl.Load(o)
	text := render(t, diags)
	for _, want := range []string{
		`--var coutn: the configuration declares no variable coutn. Did you mean "count"?`,
		"--var names: the variable is of type list(string); write the value as in the configuration",
		"on wrong.vars line 1", `The configuration declares no variable "citty". Did you mean "city"?`,
		"The variable count is of type number: a number is required.",
		"--var-file nothing.vars: no such file or directory.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, dir) {
		t.Error("a path of the machine is shown")
	}
}

// TestWithoutEnvironment: validate needs no token; what hangs on one is unknown.
func TestWithoutEnvironment(t *testing.T) {
	o := options(folder(t, strings.Replace(preamble, `token = "t"`, `token = "Bearer ${env("NO_TOKEN")}"`, 1)+`
variable "given" {}
locals { both = "${var.given}-${env("OTHER")}" }
records "contact" "people" {
  from = data.src.people
  key  = each.UUID
  name = local.both
  email = each.email
}`))
	if _, diags := hcl.Load(o); len(diags) < 3 {
		t.Errorf("with NeedEnv: %s", render(t, diags))
	}
	o.NeedEnv = false
	cfg := loadWith(t, o)
	if _, ok := cfg.Providers["desk"]["token"]; ok {
		t.Error("an unknown argument is given")
	}
	r := eval(t, set(t, cfg, "contact.people"), `{"UUID":"x","email":"a@x"}`, nil)
	if got := problems(r.Want); got != "name (unknown): what local.both is made of is not set" || r.Want.Fields["email"] != "a@x" {
		t.Errorf("got %s", got)
	}
}

func TestNoConfiguration(t *testing.T) {
	dir := t.TempDir()
	_, diags := hcl.Load(options(dir))
	if text := render(t, diags); !strings.Contains(text, "deskform init") || strings.Contains(text, dir) {
		t.Error(text)
	}
}

func TestUntypedRowsWarn(t *testing.T) {
	o := options(folder(t, preamble+`
records "contact" "people" {
  from = data.src.people
  key  = each.anything
  name = row(data.src.tickets, each.x).y.z
}`))
	o.Lock = nil
	cfg, diags := hcl.Load(o)
	if diags.HasErrors() || len(diags) != 1 {
		t.Fatal(render(t, diags))
	}
	text := render(t, diags)
	if !strings.Contains(text, "schema.lock.json does not describe data.src.people, data.src.tickets, so that") || !strings.Contains(text, "deskform pull") {
		t.Error(text)
	}
	r := eval(t, set(t, cfg, "contact.people"), `{"anything":{"UUID":"k"},"x":5}`, tables{rows: map[string]map[string]string{"src.tickets": {"5": `{"y":{"z":"deep"}}`}}})
	if r.Want.Key != "k" || r.Want.Fields["name"] != "deep" {
		t.Errorf("%+v", r.Want)
	}
}
