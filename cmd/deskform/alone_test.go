package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	intercomsandbox "deskform/providers/intercom/sandbox"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestPullAlone: while one pulls into a folder, a second pull and a plan that would pull end with code 6 and name who does, and
// ask the service nothing. A plan of the rows in the cache is not kept out, and nobody is afterwards.
func TestPullAlone(t *testing.T) {
	dir := t.TempDir()
	tenant, err := itsmsandbox.New(itsmsandbox.Options{Keys: map[string]itsmsandbox.Profile{scriptKey: {}}, Clock: realClock{}, FS: fstest.MapFS{
		"serviceCall.jsonl": {Data: []byte(`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"title":"1"}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	workspace, err := intercomsandbox.New(intercomsandbox.Options{Token: scriptToken, Clock: realClock{}})
	if err != nil {
		t.Fatal(err)
	}
	beside := func() {}
	var mu sync.Mutex
	asked := 0
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked++
		do := beside
		beside = func() {}
		mu.Unlock()
		do()
		tenant.ServeHTTP(w, r)
	}))
	defer source.Close()
	dest := httptest.NewServer(workspace)
	defer dest.Close()
	t.Setenv("ITSM365_ACCESS_KEY", scriptKey)
	t.Setenv("INTERCOM_TOKEN", scriptToken)
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(`
deskform {
  state "sqlite" { path = "test.db" }
}
provider "itsm365" {
  url        = "`+source.URL+`/sd/services/rest"
  access_key = env("ITSM365_ACCESS_KEY")
  rate       = 1000
}
provider "intercom" {
  actor    = "mover@acme.example"
  endpoint = "`+dest.URL+`"
  token    = env("INTERCOM_TOKEN")
}
data "itsm365" "tickets" { class = "serviceCall" }
`), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string) {
		var out, said bytes.Buffer
		code := Main(t.Context(), append(args, "-C", dir), &out, &said)
		return code, said.String()
	}
	if code, said := run("pull"); code != exitDone {
		t.Fatal(code, said)
	}
	met := false
	beside = func() {
		met = true
		before := asked
		for _, command := range [][]string{{"pull"}, {"pull", "--full"}, {"plan"}} {
			if code, said := run(command...); code != exitLocked || !strings.Contains(said, "are being pulled into this folder by "+holder()+" since ") {
				t.Errorf("%v beside a pull: exit %d, %s", command, code, said)
			}
		}
		if asked != before {
			t.Errorf("%d calls of those who were kept out", asked-before)
		}
		if code, said := run("plan", "--pull=none"); code != exitDone {
			t.Errorf("a plan of the cache beside a pull: exit %d, %s", code, said)
		}
	}
	for range 2 { // the second one after the first has let go
		if code, said := run("pull", "--full"); code != exitDone {
			t.Error(code, said)
		}
	}
	if !met {
		t.Error("nothing ran beside")
	}
}
