package main

import (
	"fmt"
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

// TestInterruptedPlan: who is interrupted while it still looks at Intercom says so in a plain sentence.
func TestInterruptedPlan(t *testing.T) {
	s := newStage(t)
	defer s.close()
	s.kill(1, false)
	s.signal, s.hang = syscall.SIGINT, make(chan struct{})
	go func() {
		time.Sleep(2 * time.Second)
		close(s.hang)
	}()
	code, out := s.run(nil, applyArgs...)
	if code != exitInterrupted || strings.TrimSpace(out) != interrupted+"\nInterrupted. What was in flight is recorded; run the same command again to go on." {
		t.Errorf("exit code %d\n%s", code, out)
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

// TestTwoAtOnce: one apply works, another one exits 6; the winner is killed, and one that waits takes over and finishes.
func TestTwoAtOnce(t *testing.T) {
	calm := newStage(t)
	defer calm.close()
	if code, out := calm.run(nil, applyArgs...); code != 0 {
		t.Fatalf("undisturbed: %d\n%s", code, out)
	}
	s := newStage(t)
	defer s.close()
	s.kill(20, true)
	s.hang, s.signal = make(chan struct{}), syscall.Signal(0) // nothing is sent: the request just hangs
	first := make(chan int, 1)
	go func() {
		code, _ := s.run(nil, applyArgs...)
		first <- code
	}()
	for at := 0; at < 20; time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		at = s.requests
		s.mu.Unlock()
	}
	s.mu.Lock()
	winner := s.child
	s.mu.Unlock()
	if code, out := s.beside(applyArgs...); code != exitLocked || !strings.Contains(out, "locked by") {
		t.Errorf("a second apply: exit code %d\n%s", code, out)
	}
	waits := make(chan string, 1)
	go func() {
		code, out := s.beside(append(applyArgs, "--lock-timeout", "60s")...)
		waits <- fmt.Sprint(code, "\n", out)
	}()
	time.Sleep(200 * time.Millisecond)
	_ = winner.Kill()
	close(s.hang)
	if code := <-first; code != -1 {
		t.Errorf("the winner ended with exit code %d", code)
	}
	if out := <-waits; !strings.HasPrefix(out, "0\n") {
		t.Errorf("the one that waited: %s", out)
	}
	s.signal, s.hang = nil, nil
	if why := s.finish(normal(t, calm.sandbox)); why != "" {
		t.Error(why)
	}
}
