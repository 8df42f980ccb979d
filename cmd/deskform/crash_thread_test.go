package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCrashThreads kills as TestCrash does, while long threads are written, in a first apply and in one that has late comments
// and lacks deleted ones: at each request, before and after it was carried out, and at each write of the journal.
func TestCrashThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of killing and running again")
	}
	for _, delta := range []bool{false, true} {
		t.Run(map[bool]string{false: "first apply", true: "delta"}[delta], func(t *testing.T) {
			begin := func() *stage {
				files := map[string]string{"main.hcl": threadMain, "rows.jsonl": threadRows, "texts.jsonl": threadTexts(1, 5)}
				s := newStageOf(t, files, kindWorkspace)
				if !delta {
					return s
				}
				if code, out := s.run(nil, applyArgs...); code != 0 {
					t.Fatalf("the apply before the delta: %d\n%s", code, out)
				}
				late := strings.Replace(threadTexts(2, 6), "\n", "\n"+`{"id":"t0","of":"t1","at":"2026-01-05T09:30:00Z","text":"Nought."}`+"\n", 1)
				if err := os.WriteFile(filepath.Join(s.dir, "texts.jsonl"), []byte(late), 0o600); err != nil {
					t.Fatal(err)
				}
				return s
			}
			points, want := pointsOf(t, begin, append(slices.Clone(applyArgs), "--parallelism", "8"), "8")
			for _, text := range []string{"part 2", "goes on in part"} {
				if !strings.Contains(want, text) {
					t.Fatalf("nothing says %q", text)
				}
			}
			tryPoints(t, begin, points, want)
		})
	}
}

// threadTexts are comments from one number to another, on a conversation and on a ticket.
func threadTexts(from, to int) string {
	var out strings.Builder
	for _, of := range []string{"k1", "t1"} {
		for i := from; i <= to; i++ {
			fmt.Fprintf(&out, `{"id":"%s-%d","of":"%s","at":"2026-01-05T10:0%d:00Z","text":"Message %d of %s."}`+"\n", of, i, of, i, i, of)
		}
	}
	return out.String()
}

const threadRows = `{"id":"t1","kind":"ticket"}
{"id":"k1","kind":"talk"}
`

const threadMain = `deskform {
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
}
records "contact" "people" {
  rows  = { e1 = { email = "ann@acme.example" } }
  key   = each.key
  match = { email = each.email }
  email = each.email
}
records "ticket" "incidents" {
  from           = data.export.rows
  where          = each.kind == "ticket"
  key            = each.id
  type           = ticket_type.incident
  contact        = contact.people["e1"]
  created_at     = "2026-01-05T09:00:00Z"
  body           = "It does not print."
  on_long_thread = "split"
  thread_parts   = 2
  part "comments" {
    for_each   = rows(data.export.texts, each.id)
    private    = true
    author     = person("Petrov")
    created_at = part.at
    body       = part.text
  }
}
records "conversation" "talks" {
  from           = data.export.rows
  where          = each.kind == "talk"
  key            = each.id
  contact        = contact.people["e1"]
  created_at     = "2026-01-05T09:00:00Z"
  body           = "Once more."
  state          = "closed"
  on_long_thread = "split"
  thread_parts   = 2
  part "comments" {
    for_each   = rows(data.export.texts, each.id)
    private    = false
    author     = person("Petrov")
    created_at = part.at
    body       = part.text
  }
}
`
