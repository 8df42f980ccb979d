package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	intercomsandbox "deskform/providers/intercom/sandbox"
	itsmsandbox "deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

// A bench is a folder with a configuration between the sandboxes of both services, all on one clock.
type bench struct {
	t         *testing.T
	dir       string
	clock     transport.Clock
	workspace *intercomsandbox.Server

	source, dest string // addresses
	mu           sync.Mutex
	asked        int            // calls of the source
	call         func(r string) // is told of each call, as "METHOD path"; nil for nobody
}

func newBench(t *testing.T, clock transport.Clock, data fstest.MapFS) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), clock: clock}
	tenant, err := itsmsandbox.New(itsmsandbox.Options{Keys: map[string]itsmsandbox.Profile{scriptKey: {}}, Clock: clock, FS: data})
	if err != nil {
		t.Fatal(err)
	}
	if b.workspace, err = intercomsandbox.New(intercomsandbox.Options{Token: scriptToken, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	serve := func(far http.Handler, asked int) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b.mu.Lock()
			b.asked += asked
			told := b.call
			b.mu.Unlock()
			if told != nil {
				told(r.Method + " " + r.URL.Path)
			}
			far.ServeHTTP(w, r)
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	b.source, b.dest = serve(tenant, 1), serve(b.workspace, 0)
	t.Setenv("ITSM365_ACCESS_KEY", scriptKey)
	t.Setenv("INTERCOM_TOKEN", scriptToken)
	return b
}

func (b *bench) write(config string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "main.hcl"), []byte(`
deskform {
  state "sqlite" { path = "test.db" }
}
provider "itsm365" {
  url        = "`+b.source+`/sd/services/rest"
  access_key = env("ITSM365_ACCESS_KEY")
  rate       = 1000
}
provider "intercom" {
  actor    = "mover@acme.example"
  endpoint = "`+b.dest+`"
  token    = env("INTERCOM_TOKEN")
}
`+config), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// run runs a command in the folder.
func (b *bench) run(args ...string) (code int, out, said string) {
	b.t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{out: &stdout, err: &shared{w: &stderr}, in: strings.NewReader(""), env: os.LookupEnv, clock: b.clock}
	root := a.root()
	root.SetArgs(append(args, "-C", b.dir))
	err := root.ExecuteContext(b.t.Context())
	code = codeOf(b.t.Context(), err)
	var own *exit
	if err != nil && !(errors.As(err, &own) && own.err == nil) {
		a.complain(err)
	}
	return code, stdout.String(), stderr.String()
}

// TestPullAlone: while one pulls into a folder, a second pull and a plan that would pull end with code 6 and name who does, and
// ask the service nothing. A plan of the rows in the cache is not kept out, and nobody is afterwards.
func TestPullAlone(t *testing.T) {
	b := newBench(t, realClock{}, fstest.MapFS{"serviceCall.jsonl": {Data: []byte(`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1"}`)}})
	b.write(`data "itsm365" "tickets" { class = "serviceCall" }`)
	if code, _, said := b.run("pull"); code != exitDone {
		t.Fatal(code, said)
	}
	met := false
	b.call = func(string) {
		b.mu.Lock()
		before, first := b.asked, !met
		met = true
		b.mu.Unlock()
		if !first {
			return
		}
		for _, command := range [][]string{{"pull"}, {"pull", "--full"}, {"plan"}} {
			if code, _, said := b.run(command...); code != exitLocked || !strings.Contains(said, "are being pulled into this folder by "+holder()+" since ") {
				t.Errorf("%v beside a pull: exit %d, %s", command, code, said)
			}
		}
		if b.asked != before {
			t.Errorf("%d calls of those who were kept out", b.asked-before)
		}
		if code, _, said := b.run("plan", "--pull=none"); code != exitDone {
			t.Errorf("a plan of the cache beside a pull: exit %d, %s", code, said)
		}
	}
	for range 2 { // the second one after the first has let go
		if code, _, said := b.run("pull", "--full"); code != exitDone {
			t.Error(code, said)
		}
	}
	if !met {
		t.Error("nothing ran beside")
	}
}

// TestRowsTooOld: a plan whose rows have become older than max_age is not applied, also while its question waits for an answer,
// and rows that become too old during an apply prove nothing.
func TestRowsTooOld(t *testing.T) {
	clock := providertest.NewClock(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
	b := newBench(t, clock, fstest.MapFS{"employee.jsonl": {Data: []byte(`{"UUID":"employee$1","metaClass":"employee$employee","title":"Ann","email":"ann@acme.example"}`)}})
	config := `
data "itsm365" "people" {
  class   = "employee"
  max_age = "24h"
}
records "contact" "people" {
  from  = data.itsm365.people
  key   = each.UUID
  match = { email = each.email }
  email = each.email
  name  = each.title
}
`
	b.write(config)
	file := filepath.Join(b.dir, "p.plan")
	want := func(command string, code int, texts ...string) {
		t.Helper()
		got, out, said := b.run(strings.Fields(command)...)
		if got != code {
			t.Fatalf("%s: exit %d, want %d:\n%s%s", command, got, code, out, said)
		}
		for _, text := range texts {
			text, not := strings.CutPrefix(text, "!")
			if strings.Contains(out+said, text) == not {
				t.Errorf("%s: %q (want: %t) is about\n%s%s", command, text, !not, out, said)
			}
		}
	}
	want("plan --out "+file, exitDone, "1 to create")
	clock.Move(25 * time.Hour)
	want("apply "+file, exitRefused, "data.itsm365.people: rows of it were read 25h0m0s ago and max_age is 24h0m0s; plan again", "!Apply")
	want("pull", exitDone) // the plan does not get younger by it
	want("apply "+file, exitRefused, "data.itsm365.people: rows of it were read 25h0m0s ago")
	if n := b.workspace.Stats().Writes; n != 0 {
		t.Errorf("%d writes", n)
	}
	want("plan --out "+file, exitDone, "1 to create")
	moved := false
	b.call = func(r string) {
		if r == "POST /contacts" && !moved {
			moved = true
			clock.Move(25 * time.Hour)
		}
	}
	want("apply "+file, exitUnverified, "1 created", "Warning: the proof rests on old rows: data.itsm365.people: rows were read 25h0m0s ago and max_age is 24h0m0s; run `deskform pull`, and plan again", "too old to prove anything", "!No changes.")
	if !moved {
		t.Error("no contact was made")
	}
	want("apply --auto-approve", exitDone, "Proof plan: No changes.", "!Warning")

	b.write(strings.Replace(config, "24h", "3s", 1))
	want("pull", exitDone)
	clock.Move(4*time.Second + 300*time.Millisecond)
	want("plan --pull=none", exitRefused, "rows were read 4s ago and max_age is 3s")
}
