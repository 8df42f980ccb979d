package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	itsmsandbox "deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
)

// TestArchiveTellsOfWaits: before its window, and when the service asks for a pause, archive says until when nothing happens.
func TestArchiveTellsOfWaits(t *testing.T) {
	clock := providertest.NewClock(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)) // 15:00 there
	far, err := itsmsandbox.New(itsmsandbox.Options{Keys: map[string]itsmsandbox.Profile{scriptKey: {}}, Clock: clock,
		FS: fstest.MapFS{"serviceCall.jsonl": {Data: []byte(`{"UUID":"serviceCall$1","metaClass":"serviceCall$request","title":"1"}`)}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := far.AddFaults(itsmsandbox.Fault{Kind: "status", Status: 503, RetryAfter: 3600, Times: 1}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(far)
	defer srv.Close()
	t.Setenv("ITSM365_ACCESS_KEY", scriptKey)
	dir := t.TempDir()
	block := `provider "itsm365" {
  url        = "` + srv.URL + `/sd/services/rest"
  access_key = env("ITSM365_ACCESS_KEY")
  window     = "20:00-06:00"
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	a := &app{out: &stdout, err: &shared{w: &stderr}, in: strings.NewReader(""), env: os.LookupEnv, clock: clock}
	root := a.root()
	root.SetArgs([]string{"archive", filepath.Join(dir, "out"), "-C", dir})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	want := "Waiting until Mon 02.03. 20:00:00 MSK: the window opens then (provider itsm365)\n" +
		"Waiting until Mon 02.03. 21:00:00 MSK: the service asks for a pause (provider itsm365)\n"
	if got := stderr.String(); got != want {
		t.Errorf("it said\n%swant\n%s", got, want)
	}
}
