package hcl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deskform/hcl"
	"deskform/plan"
)

const desk = preamble + `
records "contact" "people" {
  from      = data.src.people
  where     = each.lastName != "Robot"
  key       = each.UUID
  match     = { email = lower(each.email) }
  email     = each.removed ? null : lower(each.email)
  name      = "${each.firstName} ${each.lastName}"
  vip       = each.age > 60
  tags      = [tag.high, tag.high, each.removed ? tag.low : null]
  companies = [for a in each.assets : ref(company.assets, a)]
  attributes = merge({ dep = each.parent.title }, {})
  ignore    = { "post@x" = "nobody reads it" }
}
records "company" "assets" {
  from       = data.src.people
  key        = "ci:${each.UUID}"
  company_id = "ci:${each.UUID}"
  parent     = ref(company.none, each.parent)
  status     = "proposed"
}
records "company" "none" {
  rows       = { b = { title = "B" }, a = { title = "A", size = 3 } }
  key        = each.key
  company_id = each.key
  name       = each.title
  size       = each.size
}
records "contact" "stand_ins" {
  rows = { unknown = { name = "Unknown caller" } }
  key  = each.key
  name = each.name
}
records "conversation" "tickets" {
  from       = data.src.tickets
  key        = each.UUID
  duplicates = "first"
  contact    = ref(contact.people, each.client)
  on_missing = { contact = "stand_in", links = "null" }
  stand_in   = { contact = contact.stand_ins["unknown"] }
  on_drift   = { title = "overwrite", "attributes.itsm_id" = "fail", default = "keep" }
  on_frozen  = "note"
  created_at = each.registrationDate
  attributes = {
    itsm_id       = "${each.number}"
    itsm_priority = map(value_map.priority, each.priority.code)
  }
  links  = [for r in each.related : ref(conversation.tickets, r)]
  assign = {
    team     = each.responsible == null ? null : team.desk
    teammate = each.responsible
  }
  part "comments" {
    for_each   = rows(data.src.comments, each.UUID)
    private    = false
    author     = person(part.author, row(data.src.people, part.author).email)
    created_at = part.creationDate
    body       = part.text
    files      = part.files
  }
  part "history" {
    for_each   = [for r in rows(data.src.comments, "other") : r if r.text != null]
    key        = "h${part.text}"
    author     = teammate.ivan
    created_at = part.creationDate
  }
}
phase "people" { sets = [contact.stand_ins, contact.people] }
phase "rest" {
  sets  = [conversation.tickets]
  after = [phase.people]
}
limits {
  update  = { max = 500, share = 0.3 }
  archive = { max = 0 }
}
moved {
  from = contact.requesters
  to   = contact.people
}
moved {
  from = tag.urgent
  to   = tag.high
}
moved {
  from = contact.people["old key"]
  to   = contact.people["new"]
}
`

func TestRecords(t *testing.T) {
	cfg := load(t, desk)
	flag := func(b bool) *bool { return &b }
	ref := func(set, key string) plan.Ref { return plan.Ref{Targets: []plan.Target{{Set: set, Key: key}}} }
	j := tables{
		rows: map[string]map[string]string{"src.people": {"e$1": `{"email":"Ann@x"}`}},
		owned: map[string]map[string][]string{"src.comments": {
			"t$1": {
				`{"text":"hello","private":true,"author":{"UUID":"e$1","title":"Ann"},"creationDate":"2026-03-02T06:14:55Z","files":[{"UUID":"file$1","title":"a.txt","sha256":"ab","size":3,"type":"text/plain"}]}`,
				`{"text":null,"private":null,"author":{"UUID":"e$9","title":"Gone"},"creationDate":"2026-03-02T07:14:55Z"}`,
			},
			"other": {`{"text":"x","private":false,"creationDate":"2026-03-02T08:14:55Z"}`, `{"text":null}`},
		}},
	}
	for _, tt := range []struct {
		name, set, row string
		want           hcl.Result
	}{
		{"a person", "contact.people", `{"UUID":"e$1","firstName":"Ann","lastName":"Lee","email":"ANN@x","removed":false,"age":61,"parent":{"UUID":"ou$1","title":"Sales"},"assets":[{"UUID":"a1"},{"UUID":"a2"},{"UUID":"a1"}]}`,
			hcl.Result{Want: plan.Want{Key: "e$1", Row: "line 1", Match: plan.Fields{"email": "ann@x"}, Fields: plan.Fields{
				"email": "ann@x", "name": "Ann Lee", "vip": true, "role": "user", "attributes.Department": "Sales",
				"tags": []plan.Value{ref("tag", "high")}, "companies": []plan.Value{ref("company.assets", "a1"), ref("company.assets", "a2")}}}}},
		{"a leaver with nothing", "contact.people", `{"UUID":"e$2","removed":true}`,
			hcl.Result{Want: plan.Want{Key: "e$2", Row: "line 1", Match: plan.Fields{"email": nil}, Fields: plan.Fields{
				"email": nil, "name": nil, "vip": nil, "role": "user", "attributes.Department": nil,
				"tags": []plan.Value{ref("tag", "high"), ref("tag", "low")}, "companies": nil}}}},
		{"not selected", "contact.people", `{"UUID":"e$3","lastName":"Robot"}`, hcl.Result{Skip: true, SkipRule: `where = each.lastName != "Robot"`}},
		{"no key", "contact.people", `{"lastName":"x"}`,
			hcl.Result{Want: plan.Want{Key: "row", Row: "line 1", Match: plan.Fields{"email": nil}, Fields: plan.Fields{"email": nil, "name": " x", "vip": nil, "role": "user", "attributes.Department": nil,
				"tags": []plan.Value{ref("tag", "high")}, "companies": nil},
				Problems: []plan.Problem{{Field: "key", Rule: "no_key", Text: "the key is empty; select the row away with `where`, or make the key of another column"}}}}},
		{"a ticket with parts", "conversation.tickets", `{"UUID":"t$1","number":7,"client":{"UUID":"e$1"},"priority":{"code":"high"},"registrationDate":"2026-03-02T06:00:00Z","responsible":{"UUID":"e$5","title":"Bo"},"related":[{"UUID":"t$2"}]}`,
			hcl.Result{
				Notes: []hcl.Note{{Rule: "no_match", Text: "row(data.src.people, part.author) found no row"}},
				Want: plan.Want{Key: "t$1", Row: "line 1", Fields: plan.Fields{
					"contact": ref("contact.people", "e$1"), "created_at": int64(1772431200), "attributes.itsm_id": "7", "attributes.itsm_priority": "High",
					"links": []plan.Value{ref("conversation.tickets", "t$2")}, "assign.team": ref("team", "desk"), "assign.teammate": plan.Person{Key: "e$5", Name: "Bo"}},
					Problems: []plan.Problem{{Field: "comments.private", Rule: "private_made_public", Text: "the source says that it is private, and the mapping would show it to the customer; correct private = … in the part block"}},
					Parts: []plan.PartWant{
						{List: "comments", Key: "t$1/1", SourcePrivate: flag(true), Fields: plan.Fields{"private": false, "author": plan.Person{Key: "e$1", Email: "ann@x", Name: "Ann"}, "created_at": int64(1772432095), "body": "hello",
							"files": []plan.Value{plan.File{Key: "file$1", Name: "a.txt", SHA256: "ab", Size: 3, Type: "text/plain"}}}},
						{List: "comments", Key: "t$1/2", Fields: plan.Fields{"private": false, "author": plan.Person{Key: "e$9", Name: "Gone"}, "created_at": int64(1772435695), "body": nil, "files": nil}},
						{List: "history", Key: "hx", SourcePrivate: flag(false), Fields: plan.Fields{"author": ref("teammate", "ivan"), "created_at": int64(1772439295)}},
					}}}},
		{"a ticket of nobody", "conversation.tickets", `{"UUID":"t$3","priority":{"code":"urgent!"}}`,
			hcl.Result{
				Notes: []hcl.Note{{Rule: "unlisted", Text: `value_map.priority does not list "urgent!"`}},
				Want: plan.Want{Key: "t$3", Row: "line 1", Fields: plan.Fields{"contact": plan.Ref{Targets: []plan.Target{}}, "created_at": nil, "attributes.itsm_id": nil, "links": nil, "assign.team": nil, "assign.teammate": nil},
					Parts: []plan.PartWant{
						{List: "history", Key: "hx", SourcePrivate: flag(false), Fields: plan.Fields{"author": ref("teammate", "ivan"), "created_at": int64(1772439295)}}},
					Problems: []plan.Problem{{Field: "attributes.itsm_priority", Rule: "unmapped", Text: "no priority for this (each.priority.code is not listed in value_map.priority)"}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := eval(t, set(t, cfg, tt.set), tt.row, j)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if got := set(t, cfg, "conversation.tickets").Unmatched(); len(got) != 0 {
		t.Errorf("lookups that matched are called unmatched: %v", got)
	}
}

func TestConfig(t *testing.T) {
	cfg := load(t, desk)
	var names []string
	for _, s := range cfg.Sets {
		names = append(names, s.Name)
	}
	want := []string{"attribute.contact", "attribute.conversation", "tag", "team", "teammate", "company.none", "company.assets", "contact.stand_ins", "contact.people", "conversation.tickets"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the order of sets -want +got:\n%s", diff)
	}
	s := set(t, cfg, "conversation.tickets")
	wantSet := plan.Set{Name: "conversation.tickets", Kind: "conversation", Data: "src.tickets", Phase: "rest", OnDrift: "keep", OnFrozen: "note", OnAdopt: "fill", OnArchived: "set_aside", OnSourceDelete: "keep",
		PerField:  map[string]plan.Policy{"title": "overwrite", "attributes.itsm_id": "fail"},
		OnMissing: map[string]plan.Policy{"contact": "stand_in", "links": "null"},
		StandIn:   map[string]plan.Target{"contact": {Set: "contact.stand_ins", Key: "unknown"}},
		DependsOn: []string{"attribute.conversation", "contact.people", "contact.stand_ins", "team", "teammate"},
		Uses:      []plan.Target{{Set: "attribute.conversation", Key: "itsm_id"}, {Set: "attribute.conversation", Key: "itsm_priority"}}}
	if diff := cmp.Diff(wantSet, s.Set); diff != "" {
		t.Errorf("the set -want +got:\n%s", diff)
	}
	if s.Duplicates != "first" || !set(t, cfg, "company.assets").Proposed || s.Proposed {
		t.Error("duplicates or status is not read")
	}
	people := set(t, cfg, "contact.people")
	if people.Ignore["post@x"] != "nobody reads it" || !slices.Contains(people.Columns["src.people"], "assets") {
		t.Errorf("ignored %v, used %v", people.Ignore, people.Columns)
	}
	if diff := cmp.Diff([]hcl.Phase{{Name: "people", Sets: []string{"contact.stand_ins", "contact.people"}}, {Name: "rest", Sets: []string{"conversation.tickets"}, After: []string{"people"}}}, cfg.Phases); diff != "" {
		t.Error(diff)
	}
	five, zero, share := 500, 0, 0.3
	if diff := cmp.Diff([]hcl.Limit{{Action: "update", Max: &five, Share: &share}, {Action: "archive", Max: &zero}}, cfg.Limits); diff != "" {
		t.Error(diff)
	}
	moves := []hcl.Move{{plan.Address{Set: "contact.requesters"}, plan.Address{Set: "contact.people"}}, {plan.Address{Set: "tag", Key: "urgent", Resource: true}, plan.Address{Set: "tag", Key: "high", Resource: true}},
		{plan.Address{Set: "contact.people", Key: "old key"}, plan.Address{Set: "contact.people", Key: "new"}}}
	if diff := cmp.Diff(moves, cfg.Moved); diff != "" {
		t.Error(diff)
	}
	data := []plan.Data{
		{Type: "file", Name: "log", Args: map[string]plan.Value{"file": "log.csv"}, Key: []string{"#line"}, Duplicates: "error", GroupBy: []string{"number"}, GroupRecord: "last"},
		{Type: "src", Name: "tickets", Args: map[string]plan.Value{"class": "ticket"}, Duplicates: "error"},
		{Type: "src", Name: "comments", Args: map[string]plan.Value{"class": "comment"}, Duplicates: "error", Of: []string{"src.tickets"}, By: "source"},
		{Type: "src", Name: "people", Args: map[string]plan.Value{"class": "employee"}, Duplicates: "error"},
	}
	for i := range cfg.Data {
		cfg.Data[i].Dir = ""
	}
	if diff := cmp.Diff(data, cfg.Data); diff != "" {
		t.Errorf("data -want +got:\n%s", diff)
	}
	dep := set(t, cfg, "attribute.contact").Resources[0]
	if dep.Key != "dep" || dep.Want.Fields["name"] != "Department" || dep.Range.Filename != "a.hcl" {
		t.Errorf("the attribute: %+v", dep)
	}
	if low := set(t, cfg, "tag").Resources[1]; low.Want.Fields["name"] != "low" {
		t.Errorf("a tag without a name: %+v", low)
	}
}

func TestInlineRows(t *testing.T) {
	cfg := load(t, desk)
	s := set(t, cfg, "company.none")
	if s.Data != "inline.company.none" {
		t.Errorf("the rows are called %s", s.Data)
	}
	var got []plan.Fields
	for row, err := range cfg.InlineRows(s.Data) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Eval(row, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Want.Fields)
	}
	want := []plan.Fields{{"company_id": "a", "name": "A", "size": int64(3)}, {"company_id": "b", "name": "B", "size": nil}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range cfg.InlineRows("inline.nothing") {
		t.Error("rows that nobody declared")
	}
}

// TestMeaning: the same files under other names, and blocks in another order, mean the same.
func TestMeaning(t *testing.T) {
	base := load(t, desk).Meaning
	for name, files := range map[string][]string{
		"split":      {strings.TrimPrefix(desk, preamble), preamble},
		"comments":   {"# hello\n" + strings.ReplaceAll(desk, "from       =", "/* x */ from    ="), "// nothing\n"},
		"layout":     {strings.ReplaceAll(desk, `{ update`, "{\n\n update")},
		"multi line": {strings.Replace(desk, `{ critical = "Critical", high = "High",`, "{\n critical = \"Critical\" # !\n high = \"High\"\n", 1)},
		"limits":     {strings.Replace(desk, "max = 500", "max = 501", 1)},
		"deskform":   {desk, `deskform { required_version = "~> 0.1" }`},
	} {
		if got := load(t, files...).Meaning; got != base {
			t.Errorf("%s: the meaning changes", name)
		}
	}
	for name, files := range map[string][]string{
		"a value":   {strings.Replace(desk, `"High"`, `"high"`, 1)},
		"a set":     {strings.Replace(desk, `on_frozen  = "note"`, "", 1)},
		"a tag":     {desk, `tag "new" {}`},
		"data":      {strings.Replace(desk, `class = "employee"`, `class = "employees"`, 1)},
		"provider":  {strings.Replace(desk, `{ token = "t" }`, "{\n token = \"t\"\n region = \"eu\"\n}", 1)},
		"operators": {strings.Replace(desk, `each.age > 60`, `each.age >= 60`, 1)},
	} {
		if load(t, files...).Meaning == base {
			t.Errorf("%s: the meaning does not change", name)
		}
	}
}

func TestMeaningOfVariables(t *testing.T) {
	text := preamble + `
variable "city" { default = "Omsk" }
variable "file" { default = "x.db" }
deskform {
  state "sqlite" { path = var.file }
}
records "contact" "p" {
  from = data.src.people
  key  = each.UUID
  name = var.city
}`
	with := func(name, value string) string {
		o := options(folder(t, text))
		o.Vars = map[string]string{name: value}
		return loadWith(t, o).Meaning
	}
	if with("city", "Tver") == with("city", "Omsk") {
		t.Error("the value of a variable that the mapping uses does not count")
	}
	if with("file", "a.db") != with("file", "b.db") {
		t.Error("where the state is counts")
	}
	secret := strings.Replace(text, `token = "t"`, `token = env("TOKEN")`, 1)
	token := func(v string) string {
		o := options(folder(t, secret))
		o.Env = func(string) (string, bool) { return v, true }
		return loadWith(t, o).Meaning
	}
	if token("first token") != token("second token") {
		t.Error("a new token changes the meaning")
	}
}

func TestEvalAtOnce(t *testing.T) {
	cfg := load(t, desk)
	s := set(t, cfg, "conversation.tickets")
	j := tables{owned: map[string]map[string][]string{"src.comments": {}}}
	for i := range 50 {
		j.owned["src.comments"][fmt.Sprint("t", i)] = []string{fmt.Sprintf(`{"text":"%d","creationDate":"2026-03-02T06:14:55Z"}`, i)}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 50 {
				r, err := s.Eval(plan.Row{Key: "k", JSON: fmt.Appendf(nil, `{"UUID":"t%d","number":%d}`, i, i)}, j)
				if err != nil || r.Want.Fields["attributes.itsm_id"] != fmt.Sprint(i) || r.Want.Parts[0].Fields["body"] != fmt.Sprint(i) {
					t.Errorf("row %d: %+v %v", i, r, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestLookupErrorsAreErrors(t *testing.T) {
	cfg := load(t, desk)
	s := set(t, cfg, "conversation.tickets")
	if _, err := s.Eval(plan.Row{JSON: []byte(`{"UUID":"t"}`)}, tables{err: context.Canceled}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Eval(plan.Row{JSON: []byte(`{"UUID":"t"}`)}, nil); err == nil {
		t.Error("a lookup without rows is no error")
	}
	if _, err := set(t, cfg, "tag").Eval(plan.Row{}, nil); err == nil {
		t.Error("resources can be evaluated")
	}
	r, err := s.Eval(plan.Row{Key: "k", Broken: "line 3: a quote is missing"}, nil)
	if err != nil || len(r.Want.Problems) != 1 {
		t.Errorf("a broken row: %+v %v", r, err)
	}
}

func TestUnmatched(t *testing.T) {
	cfg := load(t, desk)
	s := set(t, cfg, "conversation.tickets")
	eval(t, s, `{"UUID":"t$1"}`, tables{})
	want := []string{`rows(data.src.comments, each.UUID)`, `rows(data.src.comments, "other")`}
	if diff := cmp.Diff(want, s.Unmatched()); diff != "" {
		t.Error(diff)
	}
}

func TestDuplicateParts(t *testing.T) {
	cfg := load(t, desk)
	j := tables{owned: map[string]map[string][]string{"src.comments": {"other": {`{"text":"x","creationDate":"2026-03-02T06:14:55Z"}`, `{"text":"x","creationDate":"2026-03-02T06:14:56Z"}`, `{"text":"y"}`}}}}
	r := eval(t, set(t, cfg, "conversation.tickets"), `{"UUID":"t$1"}`, j)
	want := "history.key (duplicate_part): two parts have one key; write key = … in the part block\nhistory.created_at (required): is required and is null for this row"
	if got := problems(r.Want); got != want {
		t.Errorf("got %s", got)
	}
}
