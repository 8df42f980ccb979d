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

// TestCrashTags kills as TestCrash does, while tags are given to several people and companies at once.
func TestCrashTags(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of killing and running again")
	}
	for _, delta := range []bool{false, true} {
		t.Run(map[bool]string{false: "first apply", true: "delta"}[delta], func(t *testing.T) {
			t.Parallel()
			begin := func() *stage { return tagStage(t, delta) }
			all := map[string]func(*stage) (int, string){}
			want := ""
			for turn, parallel := range []string{"1", "8"} {
				points, holds := pointsOf(t, begin, append(slices.Clone(applyArgs), "--parallelism", parallel), parallel)
				if want != "" && holds != want {
					t.Fatalf("parallelism changes what is written:\n%s", difference(want, holds))
				}
				want = holds
				for i, name := range slices.Sorted(maps.Keys(points)) {
					if !strings.HasPrefix(name, "journal") || i%2 == turn {
						all[fmt.Sprintf("%s, parallelism %s", name, parallel)] = points[name]
					}
				}
			}
			tryPoints(t, begin, all, want)
		})
	}
}

// TestCrashTagsOurs kills at each call that tags several, before it is done and after, finishes, and takes all tags away
// again: what was given is ours, whether the answer came or not, and what somebody else has given stays.
func TestCrashTagsOurs(t *testing.T) {
	args := append(slices.Clone(applyArgs), "--parallelism", "1")
	clean := func(s *stage) string {
		put(t, s, tagNone)
		if code, out := s.run(nil, args...); code != 0 {
			t.Fatalf("take the tags away: exit code %d\n%s", code, out)
		}
		return normal(t, s.sandbox)
	}
	for _, delta := range []bool{false, true} {
		calm := tagStage(t, delta)
		if code, out := calm.run(nil, args...); code != 0 {
			t.Fatalf("undisturbed: exit code %d\n%s", code, out)
		}
		tagged, writes := normal(t, calm.sandbox), slices.Clone(calm.writes)
		bare := clean(calm)
		if n, left := strings.Count(tagged, `"tag vip"`), strings.Count(bare, `"tag vip"`); n <= left || !strings.Contains(bare, `"tags":["tag Theirs"]`) {
			t.Fatalf("%d times vip with tags, %d times without:\n%s", n, left, bare)
		}
		calm.close()
		many := 0
		for _, name := range writes {
			if !strings.HasPrefix(name, "POST /tags ") {
				continue
			}
			many++
			for _, commit := range []bool{false, true} {
				s := tagStage(t, delta)
				s.killNamed(name, commit)
				if code, out := s.run(nil, args...); code != -1 {
					t.Errorf("%s: it was not killed, exit code %d\n%s", name, code, out)
				}
				if why := s.finish(tagged); why != "" {
					t.Errorf("delta %v, %s, done %v: %s", delta, name, commit, why)
				} else if got := clean(s); got != bare {
					t.Errorf("delta %v, %s, done %v: when the tags are taken away this is left:\n%s", delta, name, commit, difference(bare, got))
				}
				s.close()
			}
		}
		if many < 2 {
			t.Errorf("%d calls tag several", many)
		}
	}
}

// tagStage is a folder whose tags go to several at once; for the delta, after a first apply.
func tagStage(t *testing.T, delta bool) *stage {
	t.Helper()
	s := newStageOf(t, tagFiles, tagWorkspace)
	if delta {
		if code, out := s.run(nil, applyArgs...); code != 0 {
			t.Fatalf("the apply before the delta: %d\n%s", code, out)
		}
		put(t, s, tagDelta)
	}
	return s
}

func put(t *testing.T, s *stage, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const tagWorkspace = `{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
 "admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}],
 "tags": [{"id": "31", "name": "Theirs"}],
 "contacts": [{"id": "65aa00000000000000000001", "role": "user", "email": "e1@acme.example", "name": "Robert", "tags": ["31"]}]}`

var tagFiles = map[string]string{
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
tag "vip" {}
tag "old" {}
records "company" "orgs" {
  from       = data.export.rows
  key        = each.id
  company_id = "org:${each.id}"
  name       = each.id
  tags       = concat(each.vip ? [tag.vip] : [], each.old ? [tag.old] : [])
}
records "contact" "people" {
  from      = data.export.rows
  key       = each.id
  match     = { email = "${each.id}@acme.example" }
  email     = "${each.id}@acme.example"
  companies = [ref(company.orgs, each.id)]
  tags      = concat(each.vip ? [tag.vip] : [], each.old ? [tag.old] : [])
}
`,
	"rows.jsonl": `{"id":"e1","vip":true,"old":false}
{"id":"e2","vip":true,"old":false}
{"id":"e3","vip":true,"old":true}
{"id":"e4","vip":false,"old":false}
`,
}

// tagDelta gives the other tag to four, of whom two are new.
var tagDelta = map[string]string{"rows.jsonl": `{"id":"e1","vip":true,"old":true}
{"id":"e2","vip":false,"old":true}
{"id":"e3","vip":true,"old":true}
{"id":"e4","vip":false,"old":false}
{"id":"e5","vip":true,"old":true}
{"id":"e6","vip":false,"old":true}
`}

var tagNone = map[string]string{"rows.jsonl": `{"id":"e1","vip":false,"old":false}
{"id":"e2","vip":false,"old":false}
{"id":"e3","vip":false,"old":false}
{"id":"e4","vip":false,"old":false}
{"id":"e5","vip":false,"old":false}
{"id":"e6","vip":false,"old":false}
`}
