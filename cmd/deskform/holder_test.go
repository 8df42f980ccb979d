package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDead: only a process of this very machine that is certainly gone is dead.
func TestDead(t *testing.T) {
	mine := holder()
	place, _, _ := strings.Cut(mine, " pid ")
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	gone := fmt.Sprint(place, " pid ", cmd.Process.Pid)
	for holder, want := range map[string]bool{
		mine: false,
		gone: true,
		strings.Replace(gone, "@", "@elsewhere", 1): false,
		"somebody@elsewhere pid 1":                  false,
		"somebody":                                  false,
		"":                                          false,
		place + " pid x":                            false,
		strings.Replace(gone, " pid ", " other pid ", 1): false,
	} {
		if got := dead(holder); got != want {
			t.Errorf("dead(%q) is %v", holder, got)
		}
	}
}
