package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	intercomsandbox "deskform/providers/intercom/sandbox"
	itsmsandbox "deskform/providers/itsm365/sandbox"
	"deskform/state"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"deskform": crashMain})
}

// sandboxes are the Intercom sandboxes by the script that started them.
var sandboxes sync.Map

// What the scripts use as secrets; no output, log, state, cache or plan file may hold them.
const (
	scriptToken = "script-token-3f9a1c77"
	scriptKey   = "script-key-5d20b8e4"
)

// TestScripts runs fixtures/scripts. The folder is the list. Beside testscript's own commands there are:
//
//	intercom [limit=N] [lag=D] [data=FILE]   starts an Intercom sandbox; its address is $INTERCOM_URL
//	itsm365 DIR [now=TIME] [hide=CLASS,…]    starts an ITSM 365 sandbox; its address is $ITSM365_URL
//	answer STATUS TEXT                       starts a server that gives this answer to everything; $ANSWER_URL
//	writes N                                 the Intercom sandbox has counted N writes
//	mutate OP KIND ID NAME VALUE             what an agent might do
//	idof NAME ADDRESS                        puts the Intercom id that the state has of an address into $NAME
//	secrets DIR                              no file below DIR holds the token or the key
//	edit FILE OLD NEW                        replaces a text in a file
//	exits CODE PROGRAM ARGS...               runs a program that must end with this exit code
//	hold STATE                               holds the lock on a state file until the script ends
//	port NAME                                finds a free address and puts it into $NAME
//	listens URL                              waits until somebody answers there
//	get URL                                  prints what a sandbox tells about itself
//	exported DATA DIR                        writes what a customer would export of a desk's data
//	differences A B                          prints the lines in which two files differ, but for seconds
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join(root, "fixtures", "scripts"),
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("FIXTURES", filepath.Join(root, "fixtures"))
			env.Setenv("INTERCOM_TOKEN", scriptToken)
			env.Setenv("ITSM365_ACCESS_KEY", scriptKey)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("USER", "script")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"intercom": startIntercom, "itsm365": startITSM365, "tenant": mutateTenant, "answer": startAnswer, "writes": checkWrites,
			"mutate": mutate, "fault": fault, "secrets": checkSecrets, "edit": edit, "exits": exits, "hold": hold, "port": freePort, "listens": listens, "get": get, "idof": idOf,
			"exported": exported, "differences": differences,
		},
	})
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }
func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func startIntercom(ts *testscript.TestScript, neg bool, args []string) {
	o := intercomsandbox.Options{Token: scriptToken, Clock: realClock{}}
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		var err error
		switch name {
		case "limit":
			o.Limit, err = strconv.Atoi(value)
		case "lag":
			o.IndexLag, err = time.ParseDuration(value)
		case "data":
			var f *os.File
			if f, err = os.Open(ts.MkAbs(value)); err == nil {
				defer f.Close()
				o.Seed = f
			}
		default:
			err = fmt.Errorf("no option %s", name)
		}
		ts.Check(err)
	}
	s, err := intercomsandbox.New(o)
	ts.Check(err)
	srv := httptest.NewServer(s)
	ts.Defer(srv.Close)
	ts.Setenv("INTERCOM_URL", srv.URL)
	sandboxes.Store(ts.Getenv("WORK"), s)
}

// mutateTenant lets somebody in ITSM 365 do what a file says: a list of mutations.
func mutateTenant(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: tenant FILE")
	}
	base := strings.TrimSuffix(ts.Getenv("ITSM365_URL"), "/sd/services/rest")
	res, err := http.Post(base+"/_sandbox/mutate", "application/json", strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("the sandbox answers %s", res.Status)
	}
}

func startITSM365(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: itsm365 DIR [now=TIME] [hide=CLASS,…] [hide_attrs=CLASS.ATTRIBUTE,…] [deny_files=CLASS,…] [superuser=yes]")
	}
	o, profile := itsmsandbox.Options{FS: os.DirFS(ts.MkAbs(args[0]))}, itsmsandbox.Profile{}
	for _, a := range args[1:] {
		switch name, value, _ := strings.Cut(a, "="); name {
		case "now":
			now, err := time.Parse(time.RFC3339, value)
			ts.Check(err)
			o.Clock = stillClock{now}
		case "hide":
			profile.HiddenClasses = strings.Split(value, ",")
		case "deny_files":
			profile.DenyGetFile = strings.Split(value, ",")
		case "superuser":
			profile.Superuser = value == "yes"
		case "hide_attrs":
			profile.HiddenAttrs = strings.Split(value, ",")
		default:
			ts.Fatalf("no option %s", name)
		}
	}
	o.Keys = map[string]itsmsandbox.Profile{scriptKey: profile}
	s, err := itsmsandbox.New(o)
	ts.Check(err)
	srv := httptest.NewServer(s)
	ts.Defer(srv.Close)
	ts.Setenv("ITSM365_URL", srv.URL+"/sd/services/rest")
}

func startAnswer(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: answer STATUS TEXT")
	}
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, args[1])
	}))
	ts.Defer(srv.Close)
	ts.Setenv("ANSWER_URL", srv.URL)
}

func sandboxOf(ts *testscript.TestScript) *intercomsandbox.Server {
	s, ok := sandboxes.Load(ts.Getenv("WORK"))
	if !ok {
		ts.Fatalf("no Intercom sandbox was started")
	}
	return s.(*intercomsandbox.Server)
}

func checkWrites(ts *testscript.TestScript, neg bool, args []string) {
	got := strconv.Itoa(sandboxOf(ts).Stats().Writes)
	if (got == args[0]) == neg {
		ts.Fatalf("the sandbox counted %s writes", got)
	}
}

func mutate(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 5 {
		ts.Fatalf("usage: mutate OP KIND ID NAME VALUE")
	}
	var value any = args[4]
	if strings.HasPrefix(args[4], "{") {
		ts.Check(json.Unmarshal([]byte(args[4]), &value))
	}
	ts.Check(sandboxOf(ts).Mutate(intercomsandbox.Mutation{Op: args[0], Kind: args[1], ID: args[2], Name: args[3], Value: value}))
}

func checkSecrets(ts *testscript.TestScript, neg bool, args []string) {
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, secret := range []string{scriptToken, scriptKey} {
			if strings.Contains(string(text), secret) {
				return fmt.Errorf("%s holds a secret", path)
			}
		}
		return nil
	}))
	if files == 0 {
		ts.Fatalf("there is no file below %s", args[0])
	}
}

func edit(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o644))
}

// fault makes a call of an operation fail once, after so many that do not.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: fault OPERATION AFTER STATUS")
	}
	after, err := strconv.Atoi(args[1])
	ts.Check(err)
	status, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(sandboxOf(ts).AddFaults(intercomsandbox.Fault{Operation: args[0], After: after, Kind: "status", Status: status, Code: "parameter_invalid", Message: "so it was scheduled"}))
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		if ended.ExitCode() != want {
			ts.Fatalf("it ended with exit code %d", ended.ExitCode())
		}
	case err != nil:
		ts.Fatalf("%v", err)
	case want != 0:
		ts.Fatalf("it ended with exit code 0")
	}
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	s, err := state.Open(context.Background(), ts.MkAbs(args[0]), state.Options{Holder: "somebody@elsewhere pid 1"})
	ts.Check(err)
	lease, err := s.Lock(context.Background(), "apply", time.Minute)
	ts.Check(err)
	ts.Defer(func() {
		lease.Release()
		_ = s.Close()
	})
}

func freePort(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], l.Addr().String())
	ts.Check(l.Close())
}

func listens(ts *testscript.TestScript, neg bool, args []string) {
	for range 200 {
		resp, err := http.Get(args[0])
		if err == nil {
			ts.Check(resp.Body.Close())
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("nobody answers at %s", args[0])
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+scriptToken)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
}

func idOf(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Exec("deskform", "state", "list", "--reveal"))
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if f := strings.Split(line, "\t"); len(f) > 1 && f[0] == args[1] {
			_, id, _ := strings.Cut(f[1], " ")
			ts.Setenv(args[0], id)
			return
		}
	}
	ts.Fatalf("the state does not know %s", args[1])
}
