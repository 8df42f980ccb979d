package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupt: the first signal finishes what is in flight and says how to go on; nothing is left open in the journal,
// and running again ends as if nothing had happened.
func TestInterrupt(t *testing.T) {
	calm := newStage(t)
	defer calm.close()
	if code, out := calm.run(nil, applyArgs...); code != 0 {
		t.Fatalf("undisturbed: %d\n%s", code, out)
	}
	want, requests := normal(t, calm.sandbox), calm.requests
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for at := 12; at < requests-8; at += 6 {
			s := newStage(t)
			s.kill(at, false)
			s.signal = sig
			code, out := s.run(nil, append(applyArgs, "--parallelism", "1")...)
			if code != exitInterrupted || !strings.Contains(out, "run the same command again to go on") || !strings.Contains(out, "Apply stopped: ") && !strings.Contains(out, "Apply complete: ") {
				t.Errorf("%s at request %d: exit code %d\n%s", sig, at, code, out)
			}
			s.signal = nil
			s.kill(0, false)
			if code, out := s.run(nil, applyArgs...); code != 0 || strings.Contains(out, "Settled what an earlier run left open") {
				t.Errorf("%s at request %d: something was left open, exit code %d\n%s", sig, at, code, out)
			}
			if why := s.finish(want); why != "" {
				t.Errorf("%s at request %d: %s", sig, at, why)
			}
			s.close()
		}
	}
}

// TestSecondInterrupt: the second signal does not wait for an answer.
func TestSecondInterrupt(t *testing.T) {
	s := newStage(t)
	defer s.close()
	s.kill(20, false)
	s.signal, s.hang = syscall.SIGINT, make(chan struct{})
	ended := make(chan int, 1)
	go func() {
		code, _ := s.run(nil, applyArgs...)
		ended <- code
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case code := <-ended:
			close(s.hang)
			if code != exitInterrupted && code != -1 {
				t.Errorf("exit code %d", code)
			}
			return
		case <-tick.C:
			s.mu.Lock()
			if s.child != nil && s.requests >= 20 {
				_ = s.child.Signal(syscall.SIGINT)
			}
			s.mu.Unlock()
		}
	}
}
