package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	intercomsandbox "deskform/providers/intercom/sandbox"
)

// TestCrashRecovering kills the program where an undisturbed run never is: at what the journal notes once an answer is lost
// (a step that is repeated, one that has failed), and everywhere in the run that recovers from a kill.
func TestCrashRecovering(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of killing and running again")
	}
	calm := newStage(t)
	defer calm.close()
	trace := filepath.Join(calm.dir, "trace")
	if code, out := calm.run([]string{crashTrace + "=" + trace}, applyArgs...); code != 0 {
		t.Fatalf("undisturbed: exit code %d\n%s", code, out)
	}
	usual, writes, want := eventsOf(t, trace), calm.writes, normal(t, calm.sandbox)
	for _, lost := range []intercomsandbox.Fault{
		{Kind: "reset_before_commit", Operation: "createConversation"},
		{Kind: "reset_after_commit", Operation: "createConversation"},
		{Kind: "reset_before_commit", Operation: "replyConversation"},
		{Kind: "reset_before_commit", Operation: "CreateContact"},
		{Kind: "reset_before_commit", Operation: "UpdateContact"},
	} {
		t.Run(lost.Operation+" "+lost.Kind, func(t *testing.T) {
			t.Parallel()
			begin := func() *stage {
				s := newStage(t)
				if err := s.sandbox.AddFaults(lost); err != nil {
					t.Fatal(err)
				}
				return s
			}
			args := append(slices.Clone(applyArgs), "--parallelism", "1")
			s := begin()
			defer s.close()
			trace := filepath.Join(s.dir, "trace")
			if code, out := s.run([]string{crashTrace + "=" + trace}, args...); code != 0 {
				t.Fatalf("with a lost answer: exit code %d\n%s", code, out)
			}
			points := map[string]func(*stage) (int, string){}
			for _, event := range eventsOf(t, trace) {
				if !slices.Contains(usual, event) {
					points["journal: "+event] = func(s *stage) (int, string) { return s.run([]string{crashAt + "=" + event}, args...) }
				}
			}
			if before := lost.Kind == "reset_before_commit"; before != (len(points) > 0) {
				t.Fatalf("the journal notes %d events of the lost answer", len(points))
			}
			tryPoints(t, begin, points, want)
		})
	}
	for _, cut := range []struct {
		request string
		done    bool
	}{{"POST /conversations ", false}, {"POST /conversations ", true}, {"POST /conversations/ID/reply ", true}, {"POST /contacts ", true}} {
		t.Run(fmt.Sprintf("recovering from %sdone %v", cut.request, cut.done), func(t *testing.T) {
			t.Parallel()
			at := slices.IndexFunc(writes, func(name string) bool { return strings.HasPrefix(name, cut.request) })
			if at < 0 {
				t.Fatalf("there is no request %s", cut.request)
			}
			args := append(slices.Clone(applyArgs), "--parallelism", "1")
			begin := func() *stage {
				s := newStage(t)
				s.killNamed(writes[at], cut.done)
				if code, out := s.run(nil, args...); code != -1 {
					t.Errorf("it was not killed: exit code %d\n%s", code, out)
				}
				s.kill(0, false)
				return s
			}
			s := begin()
			defer s.close()
			trace := filepath.Join(s.dir, "trace")
			if code, out := s.run([]string{crashTrace + "=" + trace}, args...); code != 0 || !strings.Contains(out, "Settled what an earlier run left open") {
				t.Fatalf("recovering: exit code %d\n%s", code, out)
			}
			events, points := eventsOf(t, trace), map[string]func(*stage) (int, string){}
			for _, event := range events[:min(6, len(events))] { // what settles comes first
				points["journal: "+event] = func(s *stage) (int, string) { return s.run([]string{crashAt + "=" + event}, args...) }
			}
			for n := 1; n <= min(6, s.requests); n++ {
				points[fmt.Sprintf("request %d", n)] = func(s *stage) (int, string) {
					s.kill(n, false)
					return s.run(nil, args...)
				}
			}
			tryPoints(t, begin, points, want)
		})
	}
}
