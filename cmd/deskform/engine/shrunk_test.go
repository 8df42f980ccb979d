package engine_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

const poorKey = "aaaaaaaa-4a59-4687-9b0e-15c8d7a6e4f2"

// with is tenantData with another block for a class.
func with(t *testing.T, class, args string) string {
	t.Helper()
	out := strings.Replace(tenantData, `{ class = "`+class+`" }`, "{\n class = \""+class+"\"\n"+args+"\n}", 1)
	if out == tenantData {
		t.Fatal("no block of", class)
	}
	return out
}

// TestKeyLosesAttributes: a key that does not show an attribute any more stops the pull and the plan (IT trap 2), also one
// that the block names: all rows are read again then. max_shrink = 1 takes it over.
func TestKeyLosesAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		hidden, class, args, data, want string
	}{
		"tickets":       {"serviceCall.descriptionRTF", "serviceCall", "", "itsm365.tickets", "descriptionRTF of serviceCall had a value in "},
		"people":        {"employee.email", "employee", "", "itsm365.employees", "email of employee had a value in "},
		"named":         {"serviceCall.shortDescr", "serviceCall", `attrs = ["shortDescr", "number", "lastModifiedDate", "files", "state"]`, "itsm365.tickets", "shortDescr of serviceCall had a value in 60 of 60 rows"},
		"comments":      {"comment.text", "", "", "itsm365.comments", "text of comment had a value in "},
		"nothing of it": {"serviceCall.clientName", "serviceCall", `attrs = ["shortDescr", "lastModifiedDate"]`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := tenantData
			if c.class != "" {
				config = with(t, c.class, c.args)
			}
			n := newTenant(t, itsmsandbox.Options{FS: acme(t, 60), Keys: map[string]itsmsandbox.Profile{goodKey: {}, poorKey: {HiddenAttrs: []string{c.hidden}}}}, config)
			n.mustPull(n.dir, engine.PullAuto)
			before := n.rows(n.dir)
			n.clock.Move(time.Hour)
			for i := range 20 {
				n.mutate(itsmsandbox.Mutation{Op: "set", UUID: uuid(before, "tickets", i), Attrs: map[string]any{"clientPhone": "1"}})
			}
			n.clock.Move(time.Hour)
			n.key = poorKey
			for range 2 { // it does not get used to it
				_, err := n.pull(t.Context(), n.dir, engine.PullAuto)
				if c.want == "" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				var shrunk *engine.ShrunkError
				if !errors.As(err, &shrunk) || shrunk.Data != c.data || !strings.Contains(err.Error(), "rights changed. "+c.want) {
					t.Fatalf("got %v", err)
				}
				e := n.open(n.dir)
				if _, err := e.Plan(t.Context(), engine.PlanOptions{Pull: engine.PullAuto, Refresh: engine.RefreshNone}); !errors.As(err, &shrunk) {
					t.Errorf("the plan says %v", err)
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
			_, block, _ := strings.Cut(c.data, ".")
			got, want := n.rows(n.dir), map[string][]string{block: before[block]}
			n.same("nothing is taken over", got, want)
			n.key = goodKey
			n.mustPull(n.dir, engine.PullAuto)
			if name != "people" {
				return
			}
			n.key = poorKey
			n.write(with(t, c.class, "max_shrink = 1"))
			n.mustPull(n.dir, engine.PullAuto)
			if strings.Contains(strings.Join(n.rows(n.dir)["employees"], "\n"), `"email"`) {
				t.Error("max_shrink = 1 did not take it over")
			}
			n.write(tenantData)
			n.mustPull(n.dir, engine.PullAuto) // it is known now
		})
	}
}

// TestTypeVanishes: rows are counted by type as well: one that is not listed any more stops, however few rows it had.
func TestTypeVanishes(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: os.DirFS("../../../fixtures/acme/itsm365"), Keys: map[string]itsmsandbox.Profile{goodKey: {}, poorKey: {HiddenClasses: []string{"objectBase$Server"}}}}, tenantHead+`
data "itsm365" "assets" { class = "objectBase" }
`)
	content, err := os.ReadFile(filepath.Join("../../../fixtures/acme/itsm365", "objectBase.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	servers := strings.Count(string(content), `"metaClass":"objectBase$Server"`)
	if servers < 2 || servers > 10 {
		t.Fatalf("%d servers", servers)
	}
	n.mustPull(n.dir, engine.PullAuto)
	n.key = poorKey
	_, err = n.pull(t.Context(), n.dir, engine.PullAuto)
	var shrunk *engine.ShrunkError
	if !errors.As(err, &shrunk) || shrunk.Gone != servers || shrunk.Type == "" && shrunk.Before == servers {
		t.Errorf("got %v", err)
	}
}

// TestOnlyRowOfItsType: the only row of a type may go, and the pull names the type, once; with max_shrink that does not allow it, it
// stops.
func TestOnlyRowOfItsType(t *testing.T) {
	assets := func(args string) string {
		return tenantHead + "data \"itsm365\" \"assets\" {\n class = \"objectBase\"\n" + args + "\n}\n"
	}
	var rows strings.Builder
	for i := range 5 {
		fmt.Fprintf(&rows, `{"UUID":"objectBase$%d","metaClass":"objectBase$Notebook","title":"%[1]d"}`+"\n", i+1)
	}
	rows.WriteString(`{"UUID":"objectBase$9","metaClass":"objectBase$Server","title":"9"}`)
	n := newTenant(t, itsmsandbox.Options{FS: fstest.MapFS{"objectBase.jsonl": {Data: []byte(rows.String())}}}, assets(""))
	n.mustPull(n.dir, engine.PullAuto)
	n.mutate(itsmsandbox.Mutation{Op: "delete", UUID: "objectBase$9"})
	n.write(assets("max_shrink = 0.5"))
	_, err := n.pull(t.Context(), n.dir, engine.PullAuto)
	var shrunk *engine.ShrunkError
	if !errors.As(err, &shrunk) || shrunk.Type != "objectBase$Server" || shrunk.Gone != 1 || shrunk.Before != 1 {
		t.Errorf("max_shrink = 0.5: %v", err)
	}
	n.write(assets(""))
	p := n.mustPull(n.dir, engine.PullAuto)["assets"]
	if want := "nothing of type objectBase$Server is listed any more, where 1 had been; "; p.Gone != 1 || len(p.Notes) != 1 || !strings.HasPrefix(p.Notes[0], want) {
		t.Errorf("%d rows are gone, noted %q, want %q", p.Gone, p.Notes, want)
	}
	n.mutate(itsmsandbox.Mutation{Op: "delete", UUID: "objectBase$1"})
	if p := n.mustPull(n.dir, engine.PullAuto)["assets"]; p.Gone != 1 || len(p.Notes) != 0 {
		t.Errorf("%d rows are gone, noted %q", p.Gone, p.Notes)
	}
}

// TestDeletedDuringPull: a row that is listed and deleted before it is read is told apart from one that the source has wrong.
func TestDeletedDuringPull(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 20)}, tenantHead+`
data "itsm365" "tickets" { class = "serviceCall" }
`)
	deleted := false
	n.before = func(_ int, r *http.Request) *http.Response {
		if !deleted && strings.HasSuffix(r.URL.Path, "find/serviceCall") && strings.Contains(r.URL.RawQuery, "shortDescr") {
			deleted = true
			n.mutate(itsmsandbox.Mutation{Op: "delete", UUID: "serviceCall$" + firstTicket(t)})
		}
		return nil
	}
	p := n.mustPull(n.dir, engine.PullAuto)["tickets"]
	if !deleted || p.Broken != 1 || p.Vanished != 1 || p.Kept != 19 || !strings.Contains(p.FirstBroken[0].Reason, "was not there when it was read") {
		t.Errorf("%v: %+v", deleted, p)
	}
	n.before = nil
	if p := n.mustPull(n.dir, engine.PullAuto)["tickets"]; p.Broken != 0 || p.Vanished != 0 || p.Kept != 19 {
		t.Errorf("again: %+v", p)
	}
}

// firstTicket is the number in the UUID of the first ticket of acme.
func firstTicket(t *testing.T) string {
	t.Helper()
	line, _, _ := strings.Cut(string(acme(t, 1)["serviceCall.jsonl"].Data), "\n")
	_, after, _ := strings.Cut(line, `"UUID":"serviceCall$`)
	number, _, ok := strings.Cut(after, `"`)
	if !ok {
		t.Fatal(line)
	}
	return number
}
