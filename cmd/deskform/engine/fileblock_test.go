package engine_test

import (
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestFileBlockAgain: files are rows of a block of their own, whose owners are tickets and comments. Who did not change is not
// asked again: neither a ticket nor a comment of one that did not change.
func TestFileBlockAgain(t *testing.T) {
	n := newTenant(t, itsmsandbox.Options{FS: acme(t, 40)}, tenantHead+`
data "itsm365" "tickets" { class = "serviceCall" }
data "itsm365" "comments" {
  class = "comment"
  of    = [data.itsm365.tickets]
  by    = "source"
}
data "itsm365" "files" {
  class = "file"
  of    = [data.itsm365.tickets, data.itsm365.comments]
  by    = "source"
}
`)
	first := n.mustPull(n.dir, engine.PullAuto)
	before := n.rows(n.dir)
	owners := first["tickets"].Kept + first["comments"].Kept
	if all := n.asked("find/file", `"source":"`); all < owners {
		t.Errorf("%d calls for the files of %d owners", all, owners)
	}
	n.count()
	n.clock.Move(time.Hour)
	n.mustPull(n.dir, engine.PullAuto)
	if asked := n.asked("find/file", `"source":"`); asked != 0 {
		t.Errorf("nothing changed and %d owners were asked for their files", asked)
	}
	// The tickets: a whole one, a page of types, a whole one of each of two more types, the list and its empty page. The list
	// of all files, for the attribute files, and its empty page. What is shown of comments, internal ones, and files.
	if calls := n.count(); calls != 11 {
		t.Errorf("%d calls though nothing changed, want 11", calls)
	}
	n.same("unchanged", n.rows(n.dir), before)

	ticket := uuid(before, "tickets", 3)
	own := 1
	for _, row := range before["comments"] {
		if strings.Contains(row, `"UUID":"`+ticket+`"`) {
			own++
		}
	}
	n.mutate(itsmsandbox.Mutation{Op: "set", UUID: ticket, Attrs: map[string]any{"shortDescr": "changed"}},
		itsmsandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "file", "title": "late.txt", "relation": "other", "source": ticket}})
	n.clock.Move(time.Hour)
	p := n.mustPull(n.dir, engine.PullAuto)
	if asked := n.asked("find/file", `"source":"`); asked < own || asked > 2*own { // each to its empty page
		t.Errorf("%d calls for the files of %d owners that changed", asked, own)
	}
	if p["files"].Added != 1 {
		t.Errorf("files: %+v", p["files"])
	}
	n.same("after a change", n.rows(n.dir), n.fresh())
	n.clean()
}

// asked counts the calls of a path whose body has a text.
func (n *tenant) asked(path, text string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := 0
	for _, call := range n.calls {
		if strings.HasPrefix(call, path) && strings.Contains(call, text) {
			c++
		}
	}
	return c
}
