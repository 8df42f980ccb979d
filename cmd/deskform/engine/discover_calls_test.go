package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	itsmsandbox "deskform/providers/itsm365/sandbox"
	madeup "deskform/providers/itsm365/sandbox/desk"
	"deskform/providers/itsm365/scope"
	"deskform/providers/providertest"
)

// counted is how many calls a tenant got.
func counted(far *itsmsandbox.Server) int {
	n := 0
	for _, by := range far.Stats().Calls {
		for _, calls := range by {
			n += calls
		}
	}
	return n
}

// TestPullForecast: the calls that discover forecasts are those that a first pull makes.
func TestPullForecast(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	made, err := madeup.New(300, 5)
	if err != nil {
		t.Fatal(err)
	}
	example := os.DirFS("../../../fixtures/acme")
	tickets := tenantHead + `
data "itsm365" "tickets" { class = "serviceCall" }
`
	for _, tt := range []struct {
		name   string
		data   itsmsandbox.Options
		config string // "" is the example's; "everything" is none for discover, and all that it found for the pull
		says   string
	}{
		{"the example", itsmsandbox.Options{Dir: "../../../fixtures/acme/itsm365"}, "", "A first pull of what the data blocks read (12): "},
		{"a made-up tenant, everything", itsmsandbox.Options{FS: made}, "everything", "A first pull of everything, as there are no data blocks yet: "},
		{"four blocks", itsmsandbox.Options{FS: made}, tenantData, "(4)"},
		{"no comments", itsmsandbox.Options{FS: made}, tickets, "(1)"},
		{"comments in bulk, files in attributes", itsmsandbox.Options{FS: made}, tenantHead + `
data "itsm365" "tickets" {
  class = "serviceCall"
  files = "attribute"
}
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
  bulk  = true
  files = "attribute"
}
`, "(2)"},
		{"comments of one type, files aside", itsmsandbox.Options{FS: made}, tenantHead + `
data "itsm365" "tickets" {
  class = "serviceCall$request"
  attrs = ["number", "shortDescr"]
}
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
  attrs = ["text", "source"]
}
`, "(2)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			config := deskHead + tt.config
			switch tt.config {
			case "":
				if err := os.CopyFS(dir, example); err != nil {
					t.Fatal(err)
				}
			case "everything":
				config = deskHead + tenantHead
			}
			if tt.config != "" {
				if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d, _ := pullForecast(t, dir, tt.data, false)
			var paper bytes.Buffer
			if err := scope.Markdown(&paper, d, scope.English); err != nil || !strings.Contains(paper.String(), tt.says) {
				t.Errorf("%v, the document does not say %q", err, tt.says)
			}
			if tt.config == "everything" {
				for _, c := range d.Classes {
					if c.N > 0 && c.Name != "comment" && c.Name != "file" {
						config += fmt.Sprintf("data \"itsm365\" %q { class = %q }\n", c.Name, c.Name)
					}
				}
				for _, c := range d.Catalogs {
					config += fmt.Sprintf("data \"itsm365\" %q { class = %q }\n", c.Code, c.Code)
				}
				config += "data \"itsm365\" \"comment\" {\n  class = \"comment\"\n  of = [data.itsm365.serviceCall]\n  by = \"source\"\n}\n"
				if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, calls := pullForecast(t, dir, tt.data, true)
			off := float64(d.Forecast.PullCalls-calls) / float64(calls)
			t.Logf("%d calls are forecast, %d counted", d.Forecast.PullCalls, calls)
			if off < -0.1 || off > 0.1 {
				t.Errorf("that is off by %.0f %%", 100*off)
			}
		})
	}
}

// pullForecast looks a tenant over, or pulls it and counts the calls.
func pullForecast(t *testing.T, dir string, o itsmsandbox.Options, pull bool) (*scope.Document, int) {
	t.Helper()
	c := providertest.NewClock(time.Date(2026, 11, 15, 9, 0, 0, 0, time.UTC))
	o.Clock, o.Keys = c, map[string]itsmsandbox.Profile{goodKey: {}}
	far, err := itsmsandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := engine.Setup{Dir: dir, Work: t.TempDir(), State: filepath.Join(t.TempDir(), "test.db"), Clock: c, Holder: "test", Relearn: true,
		Env:     func(name string) (string, bool) { return goodKey, !strings.HasPrefix(name, "DESKFORM_VAR") },
		ITSM365: &engine.Override{HTTP: far.RoundTripper(), Args: map[string]plan.Value{"rate": 1000.0}}}
	if !pull {
		found, diags, err := engine.Discover(t.Context(), s, engine.DiscoverOptions{Granted: 1667})
		if err != nil || diags.HasErrors() {
			t.Fatal(err, diags.Errs())
		}
		return found.Document, 0
	}
	e, diags, err := engine.Open(t.Context(), s)
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags.Errs())
	}
	_, err = e.Pull(t.Context(), engine.PullFull)
	if cerr := e.Close(); cerr != nil || err != nil {
		t.Fatal(err, cerr)
	}
	return nil, counted(far)
}
