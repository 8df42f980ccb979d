package hcl_test

import (
	"strings"
	"testing"

	"deskform/plan"
)

// TestExpressions evaluates one expression over one row; the result is the canonical text of what a function is given, so
// that types show.
func TestExpressions(t *testing.T) {
	const row = `{"UUID":"serviceCall$1","number":17,"shortDescr":"Printer \"A\"","client":{"UUID":"employee$5","title":"Ann Lee","metaClass":"employee"},
		"priority":{"UUID":"priority$2","title":"High","metaClass":"priority","code":"high"},"state":"closed","registrationDate":"2026-03-02T06:14:55Z",
		"closedDate":null,"responsible":null,"related":[{"UUID":"serviceCall$2","title":"Two"},{"UUID":"serviceCall$3","title":"Three"}],
		"extra":{"deep":{"x":[1,2.5,"three"]},"$odd.key@":"found"},"attachments":[]}`
	j := tables{
		rows:  map[string]map[string]string{"src.people": {"employee$5": `{"UUID":"employee$5","email":"ANN@X.example","removed":null,"parent":{"UUID":"ou$1","title":"Sales"},"age":41}`}},
		owned: map[string]map[string][]string{"src.comments": {"serviceCall$1": {`{"text":"one","private":true,"author":{"UUID":"employee$5"}}`, `{"text":"two","private":false}`}}},
	}
	for _, tt := range []struct{ expr, want string }{
		// rows and null
		{`each.UUID`, `"serviceCall$1"`},
		{`each.number`, `17`},
		{`each.shortDescr`, `"Printer \"A\""`},
		{`each.client.title`, `"Ann Lee"`},
		{`each.client`, `{"UUID":"employee$5","metaClass":"employee","title":"Ann Lee"}`},
		{`each.client["title"]`, `"Ann Lee"`},
		{`each.responsible.title`, `null`},
		{`each.responsible`, `null`},
		{`each.clientEmail`, `null`},
		{`each.extra.deep.x[1]`, `2.5`},
		{`each.extra.deep.x[7]`, `null`},
		{`each.extra.deep.nothing.at.all`, `null`},
		{`each.extra["$odd.key@"]`, `"found"`},
		{`each.related[0].title`, `"Two"`},
		{`each.related[*].title`, `["Two","Three"]`},
		{`each.extra.nothing[*].title`, `[]`},
		// templates
		{`"${each.number}"`, `"17"`},
		{`"${each.extra.deep.x}"`, `[1,2.5,"three"]`},
		{`"${each.clientEmail}"`, `null`},
		{`"n ${each.number}"`, `"n 17"`},
		{`"${each.clientEmail} ${each.state}"`, `" closed"`},
		{`"<${each.clientEmail}>"`, `null`},
		{`"<${each.clientEmail}${each.responsible.title}>"`, `null`},
		{`"plain"`, `"plain"`},
		{`"%{ if each.number > 3 }big%{ else }small%{ endif }"`, `"big"`},
		{`"%{ for r in each.related }[${r.title}]%{ endfor }"`, `"[Two][Three]"`},
		// comparison and logic
		{`each.clientEmail == null`, `true`},
		{`each.clientEmail != "x"`, `true`},
		{`each.client == "employee$5"`, `true`},
		{`each.client == row(data.src.people, each.client)`, `true`},
		{`each.client == each.responsible`, `false`},
		{`each.number == 17.0`, `true`},
		{`each.number >= 17`, `true`},
		{`each.registrationDate < "2026-04-01T00:00:00Z"`, `true`},
		{`each.closedDate < "2026-04-01T00:00:00Z"`, `null`},
		{`each.closedDate < "2026-04-01T00:00:00Z" ? 1 : 2`, `2`},
		{`!row(data.src.people, each.client).removed`, `true`},
		{`row(data.src.people, each.client).removed || each.number == 17`, `true`},
		{`each.number == 17 && each.clientEmail != null`, `false`},
		// arithmetic
		{`each.number + 3 * 2`, `23`},
		{`each.number / 2`, `8.5`},
		{`each.number % 5`, `2`},
		{`-each.number`, `-17`},
		{`9223372036854775807 + each.number`, `9223372036854776000`},
		{`each.clientEmail + 1`, `null`},
		{`10 / 4 * 2`, `5`},
		// joins
		{`row(data.src.people, each.client).email`, `"ANN@X.example"`},
		{`row(data.src.people, each.client).parent.title`, `"Sales"`},
		{`row(data.src.people, each.responsible).email`, `null`},
		{`row(data.src.people, "nobody").email`, `null`},
		{`row(data.src.people, each.client).age + 1`, `42`},
		{`length(rows(data.src.comments, each.UUID))`, `2`},
		{`length(rows(data.src.comments, each.responsible))`, `0`},
		{`rows(data.src.comments, each.UUID)[1].text`, `"two"`},
		{`rows(data.src.comments, each.UUID)[9].text`, `null`},
		{`[for c in rows(data.src.comments, each.UUID) : c.text if !c.private]`, `["two"]`},
		{`join(", ", rows(data.src.comments, each.UUID)[*].text)`, `"one, two"`},
		{`first(rows(data.src.comments, each.UUID)).author.UUID`, `"employee$5"`},
		{`last(rows(data.src.comments, each.UUID)).author.UUID`, `null`},
		{`{ for i, c in rows(data.src.comments, each.UUID) : "c${i}" => c.text }`, `{"c0":"one","c1":"two"}`},
		{`{ for c in rows(data.src.comments, each.UUID) : (c.private ? "note" : "reply") => c.text... }`, `{"note":["one"],"reply":["two"]}`},
		// functions
		{`lower("ÄB")`, `"äb"`},
		{`lower(each.clientEmail)`, `null`},
		{`upper(each.number)`, `"17"`},
		{`trimspace("  x ")`, `"x"`},
		{`coalesce(each.clientEmail, "", each.state)`, `"closed"`},
		{`coalesce(each.clientEmail)`, `null`},
		{`replace("a-b-c", "-", "+")`, `"a+b+c"`},
		{`split(",", "a,b")`, `["a","b"]`},
		{`contains(["a", each.state], "closed")`, `true`},
		{`contains(each.related, "serviceCall$3")`, `true`},
		{`join("-", ["a", null, each.number])`, `"a-17"`},
		{`concat(["a"], null, ["b"])`, `["a","b"]`},
		{`distinct([1, 1.0, 2])`, `[1,2]`},
		{`flatten([[1], [[2], 3]])`, `[1,2,3]`},
		{`compact(["", null, "x"])`, `["x"]`},
		{`reverse([1, 2])`, `[2,1]`},
		{`sort(["b", "a"])`, `["a","b"]`},
		{`slice([1, 2, 3], 1, 9)`, `[2,3]`},
		{`keys({ b = 1, a = 2 })`, `["a","b"]`},
		{`values({ b = 1, a = 2 })`, `[2,1]`},
		{`lookup({ a = 1 }, each.state, "none")`, `"none"`},
		{`merge({ a = 1 }, null, { a = 2, b = 3 })`, `{"a":2,"b":3}`},
		{`length("четыре")`, `6`},
		{`min(3, each.number)`, `3`},
		{`max([3, 4]...)`, `4`},
		{`replace(["a-b", "-", "+"]...)`, `"a+b"`},
		{`format("%05d", each.number)`, `"00017"`},
		{`formatdate("DD.MM.YYYY", each.registrationDate)`, `"02.03.2026"`},
		{`timeadd(each.registrationDate, "1h")`, `"2026-03-02T07:14:55Z"`},
		{`earliest(each.closedDate, each.registrationDate, ["2026-03-02T06:14:54Z", null])`, `"2026-03-02T06:14:54Z"`},
		{`latest(each.closedDate, "2026-03-02T08:00:00+03:00")`, `"2026-03-02T08:00:00+03:00"`},
		{`regex("^Pr(.)", each.shortDescr)[0]`, `"i"`},
		{`try(regex("zzz", each.shortDescr), "none")`, `"none"`},
		{`can(regex("zzz", each.shortDescr))`, `false`},
		{`regexreplace(each.shortDescr, "[A-Z]", "x")`, `"xrinter \"x\""`},
		{`substr(each.shortDescr, 0, 3)`, `"Pri"`},
		{`jsondecode("{\"a\":[1,null]}").a`, `[1,null]`},
		{`tostring(each.number)`, `"17"`},
		{`tonumber("17")`, `17`},
		{`startswith(each.shortDescr, "Prin")`, `true`},
		{`shout(each.state)`, `"CLOSED!"`},
		{`shout(each.state, "?")`, `"CLOSED?"`},
		{`shout(each.clientEmail)`, `null`},
		{`map(value_map.priority, each.priority.code)`, `"High"`},
		{`map(value_map.priority, each.clientEmail)`, `null`},
		{`map(value_map.state, each.shortDescr)`, `"open"`},
		// references and people
		{`tag.high`, `{"$ref":[{"set":"tag","key":"high"}]}`},
		{`ref(contact.people, each.client)`, `{"$ref":[{"set":"contact.people","key":"employee$5"}]}`},
		{`ref(contact.people, each.responsible)`, `{"$ref":[]}`},
		{`ref([contact.people, contact.mail], each.client, each.clientEmail)`, `{"$ref":[{"set":"contact.people","key":"employee$5"}]}`},
		{`ref([contact.people, contact.mail], each.client)`, `{"$ref":[{"set":"contact.people","key":"employee$5"},{"set":"contact.mail","key":"employee$5"}]}`},
		{`contact.people["k"]`, `{"$ref":[{"set":"contact.people","key":"k"}]}`},
		{`ref(tag, each.state)`, `{"$ref":[{"set":"tag","key":"closed"}]}`},
		{`person(each.client)`, `{"$person":{"key":"employee$5","name":"Ann Lee"}}`},
		{`person(each.client, row(data.src.people, each.client).email)`, `{"$person":{"key":"employee$5","email":"ann@x.example","name":"Ann Lee"}}`},
		{`person(each.responsible)`, `null`},
		{`person("Ann@X")`, `{"$person":{"email":"ann@x"}}`},
		{`person("Resolved by 7")`, `{"$person":{"key":"Resolved by 7","name":"Resolved by 7"}}`},
		{`person(row(data.src.people, each.client))`, `{"$person":{"key":"employee$5","email":"ann@x.example"}}`},
		// constants
		{`local.greeting`, `"hello 3"`},
		{`local.tags`, `[{"$ref":[{"set":"tag","key":"high"}]}]`},
		{`var.who`, `"world"`},
		{`[for x in [1, 2, 3] : x * 2 if x != 2]`, `[2,6]`},
		{`env("TOKEN")`, `"token-from-env"`},
	} {
		cfg := load(t, preamble+`
			locals {
			  greeting = "hello ${local.n}"
			  n        = 1 + 2
			  tags     = [tag.high]
			}
			variable "who" { default = "world" }
			records "contact" "people" {
			  from = data.src.people
			  key  = each.UUID
			}
			records "contact" "mail" {
			  from = data.src.tickets
			  key  = each.clientEmail
			}
			records "conversation" "t" {
			  from    = data.src.tickets
			  key     = each.UUID
			  contact = contact.people["k"]
			  title   = shape(`+tt.expr+`)
			}`)
		r := eval(t, set(t, cfg, "conversation.t"), row, j)
		if len(r.Want.Problems) > 0 {
			t.Errorf("%s: %s", tt.expr, problems(r.Want))
			continue
		}
		if got := r.Want.Fields["title"]; got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.expr, got, tt.want)
		}
	}
}

// TestRowProblems evaluates what goes wrong for a row: a problem that quotes no value, never a crash.
func TestRowProblems(t *testing.T) {
	for _, tt := range []struct{ name, line, row, want string }{
		{"not a time", `created_at = each.state`, `{"state":"SECRET"}`, "created_at (not_a_time): the value is no time (RFC 3339, as in 2026-03-02T06:14:55Z)"},
		{"not a choice", `state = each.state`, `{"state":"SECRET"}`, `state (not_an_option): the value is none of "open", "snoozed" or "closed"`},
		{"not a number", `score = each.state`, `{"state":"SECRET"}`, "score (not_a_number): the value is no number"},
		{"unmapped", `title = map(value_map.priority, each.priority.code)`, `{"priority":{"code":"SECRET"}}`, "title (unmapped): no priority for this (each.priority.code is not listed in value_map.priority)"},
		{"error()", `title = each.state == null ? error("no state") : each.state`, `{}`, "title (error): no state"},
		{"function", `title = shout(each.state)`, `{"state":"boom"}`, "title (function): shout() refuses the value of each.state"},
		{"cty function", `score = parseint(each.state, 10)`, `{"state":"SECRET"}`, "score (function): parseint() refuses the value of each.state"},
		{"too few", `title = replace(each.extra...)`, `{"extra":["a"]}`, "title (function): the list given to replace() with `...` has a wrong number of elements"},
		{"calculation", `score = each.number / 0`, `{"number":1}`, "score (type): a calculation has no result (a division by zero, or too large a number)"},
		{"text for a number", `score = each.extra * 2`, `{"extra":"SECRET"}`, "score (type): a value that is no number stands where a number is needed"},
		{"a link that is none", `title = each.client.title`, `{"client":"SECRET"}`, ""},
		{"a list that is none", `title = join("", [for x in each.extra : x])`, `{"extra":5}`, "title (type): a `for` goes through a list or an object, and the row has something else"},
		{"condition", `title = each.extra ? "a" : "b"`, `{"extra":"SECRET"}`, "title (type): a condition is neither true nor false"},
		{"attribute", `attributes = { itsm_id = each.extra }`, `{"extra":["SECRET"]}`, "attributes.itsm_id (type): the value is no plain value"},
		{"where", "where = each.extra", `{"extra":"SECRET"}`, "where (type): a condition is neither true nor false"},
		{"broken JSON", `title = each.state`, `{"state":`, ""},
		{"huge number", `score = each.number`, `{"number":1e999}`, ""},
		{"not an object", `title = each.state`, `[1,2]`, ""},
	} {
		cfg := load(t, preamble+`
			records "contact" "people" {
			  from = data.src.people
			  key  = each.UUID
			}
			records "conversation" "t" {
			  from    = data.src.tickets
			  key     = "k${each.number}-"
			  contact = ref(contact.people, "x")
			  `+tt.line+`
			}`)
		r := eval(t, set(t, cfg, "conversation.t"), tt.row, nil)
		got := strings.TrimSpace(strings.ReplaceAll(problems(r.Want), "key (no_key): the key is empty; select the row away with `where`, or make the key of another column", ""))
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
		if strings.Contains(string(plan.Canonical(problems(r.Want))), "SECRET") {
			t.Errorf("%s: a value of the row is quoted", tt.name)
		}
	}
}
