package hcl_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskform/hcl"
	"deskform/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// kinds are a small helpdesk: enough of each sort of field.
func kinds() []plan.Kind {
	attribute := func(model string) plan.Kind {
		return plan.Kind{Name: "attribute." + model, Resource: true, Creatable: true, NaturalKeys: []string{"name"}, KeyAlways: true, Fields: []plan.Field{
			{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Doc: "The name in the desk."},
			{Name: "data_type", Type: plan.TypeEnum, Mode: plan.CreateOnly, Required: true, Enum: []string{"string", "list", "boolean", "datetime"}, Doc: "What it holds."},
			{Name: "options", Type: plan.TypeStrings, Mode: plan.Mutable, Doc: "Of a list."},
		}}
	}
	return []plan.Kind{
		attribute("contact"), attribute("conversation"),
		{Name: "tag", Resource: true, Creatable: true, NaturalKeys: []string{"name"}, KeyAlways: true, Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Required: true, Doc: "The name."}}},
		{Name: "team", Resource: true, Manual: "Settings, Teams, New.", Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Doc: "The name."}}},
		{Name: "teammate", Resource: true, Fields: []plan.Field{
			{Name: "email", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Personal: true, Doc: "The address."},
			{Name: "source", Type: plan.TypeStrings, Mode: plan.CreateOnly, Doc: "Keys."}}},
		{Name: "ticket_type", Resource: true, Creatable: true, NaturalKeys: []string{"name"}, KeyAlways: true, Fields: []plan.Field{{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name."}}},
		{Name: "ticket_attribute", Within: "ticket_type", KeyWithin: "of", Resource: true, Creatable: true, NaturalKeys: []string{"name"}, KeyAlways: true, Fields: []plan.Field{
			{Name: "of", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"ticket_type"}, Doc: "The type."},
			{Name: "name", Type: plan.TypeString, Mode: plan.CreateOnly, Doc: "The name."},
			{Name: "data_type", Type: plan.TypeEnum, Mode: plan.CreateOnly, Required: true, Enum: []string{"string", "list"}, Doc: "What it holds."}}},
		{Name: "ticket", Creatable: true, Fields: []plan.Field{
			{Name: "type", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"ticket_type"}, Doc: "Its type."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "ticket_attribute", Of: "type", Doc: "Attributes of its type."},
			{Name: "links", Type: plan.TypeMap, Elem: plan.TypeRefs, Mode: plan.Members, Refs: []string{"contact"}, Attributes: "ticket_attribute", Of: "type", Doc: "Links."}}},
		{Name: "company", Creatable: true, NaturalKeys: []string{"company_id"}, KeyAlways: true, Fields: []plan.Field{
			{Name: "company_id", Type: plan.TypeString, Mode: plan.CreateOnly, Required: true, Doc: "The key."},
			{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Doc: "The name."},
			{Name: "parent", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"company"}, Doc: "The company above."},
			{Name: "owner", Type: plan.TypeRef, Mode: plan.CreateOnly, AtCreate: true, Refs: []string{"contact"}, Doc: "Whose it is."},
			{Name: "size", Type: plan.TypeInt, Mode: plan.Mutable, Doc: "Heads."}}},
		{Name: "contact", Creatable: true, Restorable: true, Matches: []string{"email", "phone", "attributes"}, Fields: []plan.Field{
			{Name: "email", Type: plan.TypeString, Mode: plan.Mutable, Personal: true, Doc: "The address."},
			{Name: "name", Type: plan.TypeString, Mode: plan.Mutable, Doc: "The name."},
			{Name: "phone", Type: plan.TypeString, Mode: plan.Mutable, Doc: "The phone."},
			{Name: "vip", Type: plan.TypeBool, Mode: plan.Mutable, Doc: "Very important."},
			{Name: "role", Type: plan.TypeEnum, Mode: plan.Mutable, Enum: []string{"user", "lead"}, Default: "user", Doc: "What it is."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "contact", Doc: "Attributes."},
			{Name: "companies", Type: plan.TypeRefs, Mode: plan.Members, AtCreate: true, Refs: []string{"company"}, Doc: "Where."},
			{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"tag"}, Doc: "Tags."}}},
		{Name: "conversation", Creatable: true, Fields: []plan.Field{
			{Name: "contact", Type: plan.TypeRef, Mode: plan.CreateOnly, Required: true, AtCreate: true, Refs: []string{"contact"}, Doc: "Who asks."},
			{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Doc: "When."},
			{Name: "title", Type: plan.TypeString, Mode: plan.Mutable, Doc: "The title."},
			{Name: "body", Type: plan.TypeHTML, Mode: plan.CreateOnly, Doc: "The text."},
			{Name: "attributes", Type: plan.TypeMap, Mode: plan.Mutable, Attributes: "conversation", Doc: "Attributes."},
			{Name: "tags", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"tag"}, Doc: "Tags."},
			{Name: "links", Type: plan.TypeRefs, Mode: plan.Members, Refs: []string{"conversation"}, Doc: "Others."},
			{Name: "assign", Type: plan.TypeMap, Mode: plan.Mutable, Doc: "Who works on it.", Fields: []plan.Field{
				{Name: "team", Type: plan.TypeRef, Mode: plan.Mutable, Refs: []string{"team"}, Doc: "The team."},
				{Name: "teammate", Type: plan.TypeTeammate, Mode: plan.Mutable, Refs: []string{"teammate"}, Doc: "The person."}}},
			{Name: "state", Type: plan.TypeEnum, Mode: plan.Mutable, Enum: []string{"open", "snoozed", "closed"}, Doc: "The state."},
			{Name: "score", Type: plan.TypeNumber, Mode: plan.Mutable, Doc: "A number."}},
			Part: &plan.PartKind{Doc: "Messages and notes.", Fields: []plan.Field{
				{Name: "private", Type: plan.TypeBool, Mode: plan.CreateOnly, Doc: "A note."},
				{Name: "author", Type: plan.TypePerson, Mode: plan.CreateOnly, Refs: []string{"teammate"}, Doc: "Who wrote."},
				{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Required: true, Doc: "When."},
				{Name: "body", Type: plan.TypeHTML, Mode: plan.CreateOnly, Doc: "The text."},
				{Name: "files", Type: plan.TypeFiles, Mode: plan.CreateOnly, Doc: "Files."}}}},
	}
}

// options are the test language over a folder.
func options(dir string) hcl.Options {
	return hcl.Options{
		Dir: dir, Version: "0.1.0", NeedEnv: true,
		Env: func(name string) (string, bool) {
			v, ok := map[string]string{"TOKEN": "token-from-env", "ACCESS_KEY": "key-from-env"}[name]
			return v, ok
		},
		Kinds: kinds(),
		Destination: plan.SourceSchema{Name: "desk",
			Provider: []plan.Field{
				{Name: "token", Type: plan.TypeString, Required: true, Doc: "The token."},
				{Name: "region", Type: plan.TypeEnum, Enum: []string{"us", "eu"}, Default: "us", Doc: "The region."},
				{Name: "rate_share", Type: plan.TypeNumber, Doc: "A part of the rate."},
				{Name: "retry.max", Type: plan.TypeInt, Doc: "How often."}},
			Functions: []plan.Function{
				{Name: "shout", Params: []string{"text", "mark"}, Optional: 1, Result: plan.TypeString, Doc: "Loud.",
					Call: func(args []plan.Value) (plan.Value, error) {
						s, ok := args[0].(string)
						if !ok {
							return nil, fmt.Errorf("%v is no text", args[0])
						}
						if s == "boom" {
							return nil, errors.New("cannot shout boom")
						}
						mark := "!"
						if len(args) > 1 {
							mark, _ = args[1].(string)
						}
						return strings.ToUpper(s) + mark, nil
					}},
				{Name: "shape", Params: []string{"value"}, NullOK: true, Result: plan.TypeString, Doc: "What a function is given.",
					Call: func(args []plan.Value) (plan.Value, error) { return string(plan.Canonical(args[0])), nil }}}},
		Sources: []plan.SourceSchema{
			{Name: "src", Provider: []plan.Field{{Name: "url", Type: plan.TypeString, Required: true, Doc: "Where."}, {Name: "access_key", Type: plan.TypeString, Secret: true, Doc: "The key."}},
				Args: []plan.Field{{Name: "class", Type: plan.TypeString, Required: true, Doc: "What."}, {Name: "page.size", Type: plan.TypeInt, Doc: "Rows."}, {Name: "filter", Type: plan.TypeMap, Doc: "Equal."}}},
			{Name: "file", Args: []plan.Field{{Name: "file", Type: plan.TypeString, Required: true, Doc: "The file."}, {Name: "null", Type: plan.TypeStrings, Doc: "Null."}}},
		},
		Lock: lock(),
	}
}

func lock() map[string]plan.RowType {
	col := func(t plan.ColumnType) plan.Column { return plan.Column{Type: t} }
	return map[string]plan.RowType{
		"src.people": {Columns: map[string]plan.Column{
			"UUID": col(plan.ColumnString), "firstName": col(plan.ColumnString), "lastName": col(plan.ColumnString), "email": col(plan.ColumnString),
			"removed": col(plan.ColumnBool), "parent": {Type: plan.ColumnLink, Class: "ou"}, "assets": col(plan.ColumnLinks), "title": col(plan.ColumnString), "age": col(plan.ColumnNumber),
			"post@x": col(plan.ColumnString)}},
		"src.tickets": {Columns: map[string]plan.Column{
			"UUID": col(plan.ColumnString), "number": col(plan.ColumnNumber), "shortDescr": col(plan.ColumnString), "client": {Type: plan.ColumnLink, Class: "employee"},
			"priority": {Type: plan.ColumnLink, Class: "priority"}, "state": col(plan.ColumnString), "registrationDate": col(plan.ColumnTime), "closedDate": col(plan.ColumnTime),
			"responsible": col(plan.ColumnLink), "related": col(plan.ColumnLinks), "clientEmail": col(plan.ColumnString), "extra": col(plan.ColumnAny), "attachments": col(plan.ColumnFiles)},
			Catalogs: map[string][]string{"priority": {"critical", "high", "medium", "normal"}, "state": {"registered", "closed"}}},
		"src.comments": {Private: "private", Columns: map[string]plan.Column{
			"UUID": col(plan.ColumnString), "text": col(plan.ColumnString), "author": col(plan.ColumnLink), "creationDate": col(plan.ColumnTime), "private": col(plan.ColumnBool),
			"source": col(plan.ColumnLink), "files": col(plan.ColumnFiles)}},
		"file.log": {Columns: map[string]plan.Column{"number": col(plan.ColumnString), "at": col(plan.ColumnTime), "who": col(plan.ColumnString), "note": col(plan.ColumnString)}},
	}
}

// preamble is what most configurations need.
const preamble = `
provider "src" { url = "https://x" }
provider "desk" { token = "t" }
data "src" "people" { class = "employee" }
data "src" "tickets" { class = "ticket" }
data "src" "comments" {
  class = "comment"
  of    = [data.src.tickets]
  by    = "source"
}
data "file" "log" {
  file = "log.csv"
  key  = "#line"
  group { by = "number" }
}
attribute "conversation" "itsm_id" { data_type = "string" }
attribute "conversation" "itsm_priority" { data_type = "string" }
attribute "contact" "dep" {
  name      = "Department"
  data_type = "string"
}
tag "high" { name = "priority: High" }
tag "low" {}
team "desk" { name = "Service Desk" }
teammate "ivan" { email = "ivan@x" }
value_map "priority" {
  from      = { critical = "Critical", high = "High", medium = "Medium", normal = "Low" }
  otherwise = error("no priority for this")
}
value_map "state" {
  from      = { closed = "closed" }
  otherwise = "open"
}
`

// folder writes files and returns the folder.
func folder(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, text := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%c.hcl", 'a'+i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load loads files that must be right.
func load(t testing.TB, files ...string) *hcl.Config {
	t.Helper()
	return loadWith(t, options(folder(t, files...)))
}

func loadWith(t testing.TB, o hcl.Options) *hcl.Config {
	t.Helper()
	cfg, diags := hcl.Load(o)
	if diags.HasErrors() {
		t.Fatal(render(t, diags))
	}
	return cfg
}

func render(t testing.TB, diags hcl.Diagnostics) string {
	t.Helper()
	var b strings.Builder
	if err := hcl.Render(&b, diags, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tables are rows by data address, found by key and by owner.
type tables struct {
	rows  map[string]map[string]string
	owned map[string]map[string][]string
	err   error
}

func (j tables) Row(data, key string) (plan.Row, bool, error) {
	text, ok := j.rows[data][key]
	return plan.Row{Key: key, JSON: []byte(text)}, ok, j.err
}

func (j tables) Rows(data, key string) ([]plan.Row, error) {
	var out []plan.Row
	for i, text := range j.owned[data][key] {
		out = append(out, plan.Row{Key: fmt.Sprintf("%s/%d", key, i+1), Owner: key, JSON: []byte(text)})
	}
	return out, j.err
}

func set(t testing.TB, cfg *hcl.Config, name string) *hcl.Set {
	t.Helper()
	s, ok := cfg.Set(name)
	if !ok {
		t.Fatalf("there is no set %s", name)
	}
	return s
}

func eval(t testing.TB, s *hcl.Set, row string, j hcl.Joins) hcl.Result {
	t.Helper()
	r, err := s.Eval(plan.Row{Key: "row", Pos: "line 1", JSON: []byte(row)}, j)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func problems(w plan.Want) string {
	var out []string
	for _, p := range w.Problems {
		out = append(out, p.Field+" ("+p.Rule+"): "+p.Text)
	}
	return strings.Join(out, "\n")
}
