package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestStoodStill: a program that stands still until another one has taken over and finished writes nothing when it wakes up,
// whether it stood still while it settled what was open or while it moved records.
func TestStoodStill(t *testing.T) {
	calm := newStage(t)
	defer calm.close()
	if code, out := calm.run(nil, applyArgs...); code != 0 {
		t.Fatalf("undisturbed: %d\n%s", code, out)
	}
	want := normal(t, calm.sandbox)
	for _, tt := range []struct {
		name string
		open bool // a killed run has left an intent to settle
		at   int
	}{{"in the first records", false, 20}, {"in the conversations", false, 40}, {"while it settles", true, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for try := 1; !stoodStill(t, tt.open, tt.at, want); try++ {
				if try == 10 {
					t.Fatal("it stood still in the middle of a write of the state each time")
				}
			}
		})
	}
}

// stoodStill is one try; false when the program stood still while it held the state file itself, which nobody can then take.
func stoodStill(t *testing.T, open bool, at int, want string) bool {
	s := newStage(t)
	defer s.close()
	if open {
		if code, _ := s.run([]string{crashAt + `=begin conversation.tickets["t1"]#create_conversation# true`}, applyArgs...); code != -1 {
			t.Fatalf("it was not killed: %d", code)
		}
	}
	s.requests = 0
	s.kill(at, false)
	s.signal = syscall.SIGSTOP
	first := make(chan int, 1)
	said := ""
	go func() {
		code, out := s.run([]string{crashTTL + "=900ms"}, applyArgs...)
		said = out
		first <- code
	}()
	for stopped := false; !stopped; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		stopped = s.child != nil && s.requests >= at
		s.mu.Unlock()
	}
	s.mu.Lock()
	sleeper := s.child
	s.killAt, s.signal = 0, nil
	s.mu.Unlock()
	time.Sleep(time.Second)
	code, out := s.beside(append(applyArgs, "--lock-timeout", "20s")...)
	before := s.sandbox.Stats()
	_ = sleeper.Signal(syscall.SIGCONT)
	slept := <-first
	if strings.Contains(out, "database is locked") {
		return false
	}
	if code != 0 {
		t.Errorf("the one that took over: %d\n%s", code, out)
	}
	if slept != exitLocked || !strings.Contains(said, "the lock on the state was taken over by ") {
		t.Errorf("the one that stood still: exit code %d\n%s", slept, said)
	}
	if after := s.sandbox.Stats(); after.Writes != before.Writes {
		t.Errorf("it made %d writes when it woke up", after.Writes-before.Writes)
	}
	if why := s.finish(want); why != "" {
		t.Error(why)
	}
	return true
}
