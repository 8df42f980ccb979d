package engine_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
	madeup "deskform/providers/itsm365/sandbox/desk"
)

// TestScale pulls a made-up tenant of 400 tickets, or of DESKFORM_SCALE, and again after 20 have changed. It counts calls; how
// long it takes it only says.
func TestScale(t *testing.T) {
	tickets := 400
	if n, err := strconv.Atoi(os.Getenv("DESKFORM_SCALE")); err == nil {
		tickets = n
	}
	made, err := madeup.New(tickets, 7)
	if err != nil {
		t.Fatal(err)
	}
	x := newTenant(t, itsmsandbox.Options{FS: made}, tenantHead+`
data "itsm365" "tickets" { class = "serviceCall" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
}
`)
	timed := func(what string) int {
		began, clock := time.Now(), x.clock.Now()
		x.mustPull(x.dir, engine.PullAuto)
		c := x.count()
		t.Logf("%s: %d calls, %s of the sandbox's clock at 1000 calls a second, %s here", what, c, x.clock.Now().Sub(clock).Round(time.Second), time.Since(began).Round(100*time.Millisecond))
		return c
	}
	timed("everything")
	lists := timed("nothing changed")
	// The list, its end, and what it is checked against; samples of each type; nothing for each ticket.
	if most := 4*(tickets/500+1) + 15; lists > most {
		t.Errorf("%d calls though nothing changed, at most %d are due", lists, most)
	}
	comments := map[string]int{}
	for _, row := range x.rows(x.dir)["comments"] {
		if _, source, ok := strings.Cut(row, `"source":{`); ok {
			_, source, _ = strings.Cut(source, `"UUID":"`)
			source, _, _ = strings.Cut(source, `"`)
			comments[source]++
		}
	}
	pages := 0
	for _, uuid := range every(t, made, tickets/20) {
		if n := comments[uuid] + 1; n > 500 { // a list of several pages, read and checked, each to its end
			pages += 2 * ((n + 499) / 500)
		}
		x.mutate(itsmsandbox.Mutation{Op: "set", UUID: uuid, Attrs: map[string]any{"shortDescr": "changed"}},
			itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "comment", "source": uuid, "text": "more"}})
	}
	x.clock.Move(time.Hour)
	if c := timed("20 changed"); c > lists+pages+3*20 {
		t.Errorf("%d calls, %d of them lists, %d more for comments of more than a page", c, lists, pages)
	}
	x.clean()
}

// every is the UUID of each nth ticket of a folder, 20 of them.
func every(t *testing.T, of fs.FS, n int) []string {
	f, err := of.Open("serviceCall.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for i := 0; lines.Scan() && len(out) < 20; i++ {
		if i%n == 0 {
			var o struct{ UUID string }
			if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
				t.Fatal(err)
			}
			out = append(out, o.UUID)
		}
	}
	if err := lines.Err(); err != nil || len(out) != 20 {
		t.Fatal(len(out), err)
	}
	return out
}
