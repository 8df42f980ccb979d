package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	intercomsandbox "deskform/providers/intercom/sandbox"
	itsmsandbox "deskform/providers/itsm365/sandbox"
)

// TestCrashLong moves the example folder and kills the program so many times at random requests on the way. It takes many
// minutes of real waiting for replies; fixtures/bench/crash runs it.
func TestCrashLong(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv("DESKFORM_CRASH_LONG"))
	if err != nil {
		t.Skip("fixtures/bench/crash runs it: DESKFORM_CRASH_LONG is the number of kills")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	calm := newAcme(t)
	defer calm.close()
	if code, out := calm.run(calm.env, acmeArgs...); code != 0 {
		t.Fatalf("undisturbed: exit code %d\n%s", code, out)
	}
	requests, want := calm.requests, normal(t, calm.sandbox)
	s := newAcme(t)
	defer s.close()
	killed := 0
	for range kills {
		s.kill(30+rng.IntN(max(1, requests/(kills+1)*2)), rng.IntN(2) == 0)
		if code, out := s.run(s.env, acmeArgs...); code == -1 {
			killed++
		} else if code != 0 {
			t.Fatalf("after %d kills: exit code %d\n%s", killed, code, out)
		} else {
			break
		}
	}
	s.kill(0, false)
	for range 4 {
		code, out := s.run(s.env, acmeArgs...)
		if code == 0 {
			break
		}
		t.Logf("exit code %d\n%s", code, out)
	}
	if code, out := s.run(s.env, "plan", "--refresh=full", "--detailed-exitcode", "--pull=none"); code != 0 {
		t.Errorf("the proof plan: exit code %d\n%s", code, out)
	}
	if got := normal(t, s.sandbox); got != want {
		t.Errorf("the sandbox holds something else:\n%s", difference(want, got))
	}
	t.Logf("killed %d times in %d requests", killed, requests)
}

var acmeArgs = []string{"apply", "--auto-approve", "--settle-after", "3s"}

type acmeStage struct {
	*stage
	env []string
}

func newAcme(t *testing.T) *acmeStage {
	t.Helper()
	s := &acmeStage{stage: &stage{t: t, dir: t.TempDir()}}
	if out, err := exec.Command("cp", "-r", "../../fixtures/acme/.", s.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(filepath.Join(s.dir, "workspace.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s.sandbox, err = intercomsandbox.New(intercomsandbox.Options{Token: scriptToken, Clock: realClock{}, IndexLag: time.Second, Seed: f}); err != nil {
		t.Fatal(err)
	}
	s.srv = httptest.NewServer(s.stage)
	src, err := itsmsandbox.New(itsmsandbox.Options{Dir: filepath.Join(s.dir, "itsm365"), Keys: map[string]itsmsandbox.Profile{scriptKey: {}}})
	if err != nil {
		t.Fatal(err)
	}
	from := httptest.NewServer(src)
	t.Cleanup(from.Close)
	s.env = []string{"ITSM365_ACCESS_KEY=" + scriptKey, "DESKFORM_VAR_itsm365_url=" + from.URL + "/sd/services/rest", "DESKFORM_VAR_itsm365_rate=1000",
		fmt.Sprint("DESKFORM_VAR_intercom_endpoint=", s.srv.URL)}
	if code, out := s.run(s.env, "checklist", "confirm", "--all", "--by", "ann"); code != 0 {
		t.Fatalf("confirm the checklist: exit code %d\n%s", code, out)
	}
	return s
}
