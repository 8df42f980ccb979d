package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
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
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		// One that has ended and that nobody has waited for.
		zombie := exec.Command(os.Args[0], "-test.run=^$")
		if err := zombie.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = zombie.Wait() }()
		for try := 0; !dead(fmt.Sprint(place, " pid ", zombie.Process.Pid)); try++ {
			if try > 1000 {
				t.Fatal("a zombie counts as alive")
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
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
