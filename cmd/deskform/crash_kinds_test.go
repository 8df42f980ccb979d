package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCrashKinds kills as TestCrash does, while tickets, objects that refer to each other, notes on contacts and notes on what is frozen are written;
// each point once, the parallelism by turns.
func TestCrashKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of killing and running again")
	}
	for _, delta := range []bool{false, true} {
		t.Run(map[bool]string{false: "first apply", true: "delta"}[delta], func(t *testing.T) {
			t.Parallel()
			begin := func() *stage {
				s := newStageOf(t, kindFiles, kindWorkspace)
				if delta {
					if code, out := s.run(nil, applyArgs...); code != 0 {
						t.Fatalf("the apply before the delta: %d\n%s", code, out)
					}
					for name, text := range kindDelta {
						if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
				return s
			}
			all := map[string]func(*stage) (int, string){}
			want := ""
			for turn, parallel := range []string{"1", "8"} {
				points, holds := pointsOf(t, begin, append(slices.Clone(applyArgs), "--parallelism", parallel), parallel)
				if want != "" && holds != want {
					t.Fatalf("parallelism changes what is written:\n%s", difference(want, holds))
				}
				want = holds
				for i, name := range slices.Sorted(maps.Keys(points)) {
					if strings.HasPrefix(name, "request") || strings.HasPrefix(name, "journal") && i%2 == turn {
						all[fmt.Sprintf("%s, parallelism %s", name, parallel)] = points[name]
					}
				}
			}
			for _, kind := range map[bool][]string{false: {"ticket ", "custom_object_instance ", "note "}, true: {"ticket "}}[delta] {
				if !strings.Contains("\n"+want, "\n"+kind) {
					t.Errorf("no %sis written", kind)
				}
			}
			tryPoints(t, begin, all, want)
		})
	}
}

const kindWorkspace = `{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
 "admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}],
 "custom_objects": [{"identifier": "Known_Problem", "name": "Known Problem", "attributes": [{"name": "cause", "data_type": "string"},
   {"name": "parents", "data_type": "relationship", "reference": {"type": "many", "object_type_id": "Known_Problem"}}]}]}`

var kindFiles = map[string]string{
	"main.hcl": `deskform {
  state "sqlite" { path = "test.db" }
}
provider "intercom" {
  endpoint   = env("INTERCOM_URL")
  token      = env("INTERCOM_TOKEN")
  actor      = "mover@acme.example"
  rate_share = 1
}
data "export" "rows" {
  file = "rows.jsonl"
  key  = ["id"]
}
data "export" "texts" {
  file = "texts.jsonl"
  key  = ["id"]
  by   = "of"
}
ticket_type "incident" {
  name = "Incident"
  attribute "itsm_key" { data_type = "string" }
  attribute "prio" { data_type = "string" }
}
custom_object "problem" {
  name = "Known Problem"
  attribute "cause" { data_type = "string" }
  attribute "parents" {
    data_type   = "relationship"
    object_type = "Known_Problem"
    many        = true
  }
}
records "contact" "people" {
  from  = data.export.rows
  where = each.kind == "person"
  key   = each.id
  match = { email = each.email }
  email = each.email
  part "remarks" {
    for_each   = rows(data.export.texts, each.id)
    author     = person(part.by)
    created_at = part.at
    body       = part.text
  }
}
records "object" "problems" {
  from        = data.export.rows
  where       = each.kind == "problem"
  key         = each.id
  type        = custom_object.problem
  external_id = "itsm:${each.id}"
  created_at  = each.at
  attributes  = { cause = each.text }
  links       = { parents = each.person == null ? [] : [ref(object.problems, each.person)] }
}
records "ticket" "incidents" {
  from       = data.export.rows
  where      = each.kind == "ticket"
  key        = each.id
  type       = ticket_type.incident
  contact    = ref(contact.people, each.person)
  created_at = each.at
  title      = each.email
  body       = "It does not print."
  attributes = { prio = each.text }
  part "comments" {
    for_each   = rows(data.export.texts, each.id)
    private    = true
    author     = person(part.by)
    created_at = part.at
    body       = part.text
  }
}
records "conversation" "talks" {
  from       = data.export.rows
  where      = each.kind == "talk"
  key        = each.id
  contact    = ref(contact.people, each.person)
  created_at = each.at
  body       = "Once more."
  on_frozen  = "note"
  part "comments" {
    for_each   = rows(data.export.texts, each.id)
    private    = false
    author     = person(part.by)
    created_at = part.at
    body       = part.text
  }
}
`,
	"rows.jsonl": `{"id":"e1","kind":"person","email":"ann@acme.example","person":null,"at":"2026-01-05T08:00:00Z","text":null}
{"id":"p1","kind":"problem","email":null,"person":"p2","at":"2026-01-05T08:00:00Z","text":"The drum"}
{"id":"p2","kind":"problem","email":null,"person":"p1","at":"2026-01-05T08:00:00Z","text":"The belt"}
{"id":"t1","kind":"ticket","email":"Printer","person":"e1","at":"2026-01-05T09:00:00Z","text":"High"}
{"id":"k1","kind":"talk","email":null,"person":"e1","at":"2026-01-06T09:00:00Z","text":null}
`,
	"texts.jsonl": `{"id":"r1","of":"e1","by":"Petrov","at":"2026-01-05T08:30:00Z","text":"Likes tea."}
{"id":"c1","of":"t1","by":"Petrov","at":"2026-01-05T10:00:00Z","text":"On my way."}
{"id":"c2","of":"k1","by":"Petrov","at":"2026-01-06T10:00:00Z","text":"On my way."}
`,
}

// kindDelta changes what can be changed, adds a text to each, and changes one that is frozen.
var kindDelta = map[string]string{
	"rows.jsonl": `{"id":"e1","kind":"person","email":"ann@acme.example","person":null,"at":"2026-01-05T08:00:00Z","text":null}
{"id":"p1","kind":"problem","email":null,"person":"p2","at":"2026-01-05T08:00:00Z","text":"The drum and the belt"}
{"id":"p2","kind":"problem","email":null,"person":"p1","at":"2026-01-05T08:00:00Z","text":"The belt"}
{"id":"t1","kind":"ticket","email":"Printer","person":"e1","at":"2026-01-05T09:00:00Z","text":"Low"}
{"id":"k1","kind":"talk","email":null,"person":"e1","at":"2026-01-06T09:00:00Z","text":null}
`,
	"texts.jsonl": `{"id":"r1","of":"e1","by":"Petrov","at":"2026-01-05T08:30:00Z","text":"Likes tea."}
{"id":"r2","of":"e1","by":"Petrov","at":"2026-01-07T08:30:00Z","text":"Has moved."}
{"id":"c1","of":"t1","by":"Petrov","at":"2026-01-05T10:00:00Z","text":"On my way."}
{"id":"c3","of":"t1","by":"Petrov","at":"2026-01-07T10:00:00Z","text":"Done."}
{"id":"c2","of":"k1","by":"Petrov","at":"2026-01-06T10:00:00Z","text":"On my way to you."}
`,
}
