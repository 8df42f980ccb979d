package hcl_test

import (
	"fmt"
	"strings"
	"testing"

	"deskform/plan"
)

// wide is a row of 1 KB with 25 columns.
func wide() (string, map[string]plan.Column) {
	columns := map[string]plan.Column{
		"UUID": {Type: plan.ColumnString}, "number": {Type: plan.ColumnNumber}, "shortDescr": {Type: plan.ColumnString}, "client": {Type: plan.ColumnLink},
		"priority": {Type: plan.ColumnLink}, "state": {Type: plan.ColumnString}, "registrationDate": {Type: plan.ColumnTime}, "descr": {Type: plan.ColumnString}, "team": {Type: plan.ColumnLink},
	}
	var b strings.Builder
	b.WriteString(`{"UUID":"serviceCall$12345","number":12345,"shortDescr":"The printer on the third floor prints only stripes","client":{"UUID":"employee$5","title":"Ann Lee","metaClass":"employee"},` +
		`"priority":{"UUID":"priority$2","title":"High","metaClass":"priority","code":"high"},"state":"closed","registrationDate":"2026-03-02T06:14:55Z",` +
		`"descr":"` + strings.Repeat("It has been like this since Monday. ", 8) + `"`)
	for i := range 16 {
		name := fmt.Sprintf("column%02d", i)
		columns[name] = plan.Column{Type: plan.ColumnString}
		fmt.Fprintf(&b, `,"%s":"value of no use"`, name)
	}
	b.WriteString(`,"team":{"UUID":"team$9","title":"Desk"}}`)
	return b.String(), columns
}

const wideMapping = `
records "contact" "people" {
  from = data.src.people
  key  = each.UUID
}
records "conversation" "t" {
  from       = data.src.tickets
  where      = each.column00 != "x"
  key        = each.UUID
  contact    = ref(contact.people, each.client)
  created_at = each.registrationDate
  title      = trimspace("${each.shortDescr} (${each.number})")
  body       = coalesce(each.column01, each.descr)
  attributes = {
    itsm_id       = "${each.number}"
    itsm_priority = map(value_map.priority, each.priority.code)
  }
  tags   = each.priority.code == "high" ? [tag.high] : []
  assign = { team = each.team == null ? null : team.desk, teammate = person(each.column02) }
  state  = map(value_map.state, each.state)
  score  = each.number + 1
  %s
}
`

func BenchmarkEval(b *testing.B) {
	row, columns := wide()
	o := options(folder(b, preamble+fmt.Sprintf(wideMapping, "")))
	o.Lock["src.tickets"] = plan.RowType{Columns: columns}
	s := set(b, loadWith(b, o), "conversation.t")
	r := plan.Row{Key: "k", JSON: []byte(row)}
	b.SetBytes(int64(len(row)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Eval(r, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvalParts(b *testing.B) {
	row, columns := wide()
	o := options(folder(b, preamble+fmt.Sprintf(wideMapping, `part "comments" {
    for_each   = rows(data.src.comments, each.UUID)
    private    = part.private
    author     = person(part.author, row(data.src.people, part.author).email)
    created_at = part.creationDate
    body       = part.text
  }`)))
	o.Lock["src.tickets"] = plan.RowType{Columns: columns}
	s := set(b, loadWith(b, o), "conversation.t")
	r := plan.Row{Key: "k", JSON: []byte(row)}
	comment := `{"UUID":"comment$1","text":"` + strings.Repeat("Some words. ", 20) + `","private":true,"author":{"UUID":"employee$5","title":"Ann"},"creationDate":"2026-03-02T06:14:55Z","source":{"UUID":"serviceCall$1"},"files":[]}`
	j := tables{rows: map[string]map[string]string{"src.people": {"employee$5": `{"UUID":"employee$5","email":"ann@x"}`}},
		owned: map[string]map[string][]string{"src.comments": {"serviceCall$12345": {comment, comment, comment, comment, comment}}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Eval(r, j); err != nil {
			b.Fatal(err)
		}
	}
}
