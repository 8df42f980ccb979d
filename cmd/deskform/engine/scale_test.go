package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestScale pulls a tenant of DESKFORM_SCALE tickets with 7.5 comments each, and again after 20 have changed. It counts
// calls; how long it takes it only says.
func TestScale(t *testing.T) {
	tickets, err := strconv.Atoi(os.Getenv("DESKFORM_SCALE"))
	if err != nil {
		t.Skip("set DESKFORM_SCALE to a number of tickets")
	}
	var calls, comments bytes.Buffer
	n := tickets
	for i := 1; i <= tickets; i++ {
		fmt.Fprintf(&calls, `{"UUID":"serviceCall$%d","metaClass":"serviceCall$request","number":%d,"title":"%d","state":"closed","lastModifiedDate":"2026-01-05T10:00:00Z","registrationDate":"2026-01-05T09:00:00Z","shortDescr":"Subject %d","descriptionRTF":"<div>Text of ticket %d</div>"}`+"\n", i, i, i, i, i)
		for range 7 + i%2 {
			n++
			fmt.Fprintf(&comments, `{"UUID":"comment$%d","metaClass":"comment","source":"serviceCall$%d","text":"<p>Comment %d</p>","private":%t,"creationDate":"2026-01-05T10:00:00Z"}`+"\n", n, i, n, n%4 == 0)
		}
	}
	x := newTenant(t, itsmsandbox.Options{FS: fstest.MapFS{"serviceCall.jsonl": {Data: calls.Bytes()}, "comment.jsonl": {Data: comments.Bytes()}}}, tenantHead+`
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
	for i := range 20 {
		x.mutate(itsmsandbox.Mutation{Op: "set", UUID: fmt.Sprintf("serviceCall$%d", 1+i*(tickets/20)), Attrs: map[string]any{"shortDescr": "changed"}},
			itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "comment", "source": fmt.Sprintf("serviceCall$%d", 1+i*(tickets/20)), "text": "more"}})
	}
	x.clock.now = x.clock.now.Add(time.Hour)
	if c := timed("20 changed"); c > lists+3*20 {
		t.Errorf("%d calls, %d of them lists", c, lists)
	}
	x.clean()
}
