package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	hcllib "github.com/hashicorp/hcl/v2"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"deskform/cmd/deskform/engine"
	"deskform/hcl"
	"deskform/plan"
	"deskform/plan/report"
	"deskform/providers/transport"
	"deskform/state"
)

// Exit codes are an interface.
const (
	exitDone        = 0
	exitError       = 1
	exitPending     = 2
	exitIncomplete  = 3
	exitRefused     = 4
	exitStale       = 5
	exitLocked      = 6
	exitUnverified  = 7
	exitInterrupted = 130
)

// An exit is an error with a code of its own. A nil Err says that all has been said already.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// codeOf makes an error an exit code.
func codeOf(ctx context.Context, err error) int {
	var (
		own     *exit
		refused *engine.RefusedError
		shrunk  *engine.ShrunkError
		stale   *engine.StaleError
		locked  *state.LockedError
		lost    *state.TakenError
		pulling *engine.PullingError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &locked), errors.As(err, &lost), errors.As(err, &pulling):
		return exitLocked
	case errors.As(err, &refused), errors.As(err, &shrunk):
		return exitRefused
	case errors.As(err, &stale):
		return exitStale
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitError
}

// An app is what all commands share: the streams and the global flags.
type app struct {
	out, err io.Writer
	in       io.Reader
	env      func(string) (string, bool)
	clock    transport.Clock
	// secret asks for one on the terminal.
	secret func(question string) (string, error)

	dir      string
	vars     []string
	varFiles []string
	noColor  bool
	logLevel string
	newState bool

	// hide takes secrets out of whatever is printed; set once a configuration is loaded.
	hide *transport.Redactor
}

// Main runs one command and returns its exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if _, file := stderr.(*os.File); !file {
		stderr = &shared{w: stderr}
	}
	a := &app{out: stdout, err: stderr, in: os.Stdin, env: os.LookupEnv, clock: transport.Real{}, secret: asker(ctx, os.Stdin, stderr)}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var misfit *engine.ConfigError
	if errors.As(err, &misfit) {
		err = a.diagnose(misfit.Diags)
	}
	code := codeOf(ctx, err)
	var own *exit
	if err != nil && !(errors.As(err, &own) && own.err == nil) && !(code == exitInterrupted && cancelled(err)) {
		a.complain(err)
	}
	if code == exitInterrupted {
		fmt.Fprintln(stderr, "Interrupted. What was in flight is recorded; run the same command again to go on.")
	}
	return code
}

// cancelled reports an error that says nothing but that the work was cut short, in all its parts.
func cancelled(err error) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range several.Unwrap() {
			if !cancelled(e) {
				return false
			}
		}
		return true
	}
	if next := errors.Unwrap(err); next != nil {
		return cancelled(next)
	}
	return errors.Is(err, context.Canceled)
}

// complain prints an error the way diagnostics look, without secrets. One that a service answered may repeat what it was
// sent, so that personal data is taken out of it.
func (a *app) complain(err error) {
	text := err.Error()
	var answered *plan.StepError
	if errors.As(err, &answered) {
		lines := strings.Split(text, "\n") // several errors, a line each
		for i := range lines {
			lines[i] = report.MaskPersonal(lines[i])
		}
		text = strings.Join(lines, "\n")
	}
	if a.hide != nil {
		text = a.hide.Text(text)
	}
	fmt.Fprintf(a.err, "Error: %s\n", text)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "deskform",
		Short:         "Move a helpdesk from ITSM 365 to Intercom as code",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.dir, "chdir", "C", ".", "folder with the configuration")
	f.StringArrayVar(&a.vars, "var", nil, "NAME=VALUE of a variable; also DESKFORM_VAR_NAME in the environment")
	f.StringArrayVar(&a.varFiles, "var-file", nil, "file with values of variables")
	f.BoolVar(&a.noColor, "no-color", false, "no colours; NO_COLOR in the environment does the same")
	f.StringVar(&a.logLevel, "log", "error", "what goes to the log on stderr: error; warn: calls that are tried again; info: stages; debug and trace: every call, without what was sent")
	f.BoolVar(&a.newState, "new-state", false, "begin a new state where the state file is gone, though backups show that there was one")
	root.AddCommand(
		a.initCmd(), a.checkCmd(), a.discoverCmd(), a.validateCmd(), a.fmtCmd(), a.pullCmd(), a.archiveCmd(), a.planCmd(), a.showCmd(), a.whyCmd(),
		a.applyCmd(), a.rehearseCmd(), a.stateCmd(), a.checklistCmd(), a.sandboxCmd(), a.versionCmd(), a.docsCmd(),
	)
	return root
}

// color says whether stdout shall be coloured.
func (a *app) color(w io.Writer) bool {
	if a.noColor {
		return false
	}
	if v, ok := a.env("NO_COLOR"); ok && v != "" {
		return false
	}
	return tty(w)
}

func tty(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// setup is what every command gives the engine.
func (a *app) setup() (engine.Setup, error) {
	s := engine.Setup{Dir: a.dir, Vars: map[string]string{}, VarFiles: a.varFiles, Env: a.env, Clock: a.clock, Holder: holder(), Dead: dead, Journaled: journaled, NewState: a.newState, Ask: a.secret}
	for _, v := range a.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok {
			return s, fmt.Errorf("--var %s: write it as NAME=VALUE", v)
		}
		s.Vars[name] = value
	}
	level := hclog.LevelFromString(a.logLevel)
	if level == hclog.NoLevel {
		return s, fmt.Errorf("--log %s: choose trace, debug, info, warn or error", a.logLevel)
	}
	s.Log = hclog.New(&hclog.LoggerOptions{Name: "deskform", Level: level, Output: hider{a}})
	s.Watch = staged{newProgress(a.err), s.Log}
	s.Waiting = func(source string, until time.Time, why string) {
		fmt.Fprintf(a.err, "Waiting until %s: %s (provider %s)\n", until.Format("Mon 02.01. 15:04:05 MST"), why, source)
	}
	s.Diagnose = func(diags hcl.Diagnostics) { _ = a.diagnose(typed(diags)) }
	return s, nil
}

// shared is a writer for several goroutines: progress and log speak while a command does.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// hider redacts what the logger writes.
type hider struct{ a *app }

func (h hider) Write(p []byte) (int, error) {
	text := string(p)
	if h.a.hide != nil {
		text = h.a.hide.Text(text)
	}
	_, err := io.WriteString(h.a.err, text)
	return len(p), err
}

// lockTTL is how long a lock lives without a heartbeat, 0 for as long as it is made to; tests shorten it.
var lockTTL time.Duration

// journaled is told of each write of the journal; crash tests set it to die there.
var journaled func(what string, durable bool)

func holder() string {
	user, host := os.Getenv("USER"), ""
	if user == "" {
		user = fmt.Sprint("uid ", os.Getuid())
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return fmt.Sprintf("%s@%s%s pid %d", user, host, processSpace(), os.Getpid())
}

// processSpace tells two containers of one host apart, whose process ids mean nothing to each other; empty where there is
// no such thing.
func processSpace() string {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return " " + link
}

// dead reports that a holder of the lock was a process of this machine and is no more. Of any other it knows nothing.
func dead(holderText string) bool {
	mine := holder()
	place, _, _ := strings.Cut(mine, " pid ")
	theirs, pid, ok := strings.Cut(holderText, " pid ")
	_, herePlace, _ := strings.Cut(place, "@")
	_, therePlace, _ := strings.Cut(theirs, "@")
	n, err := strconv.Atoi(pid)
	if !ok || err != nil || herePlace == "" || herePlace != therePlace {
		return false
	}
	p, err := os.FindProcess(n)
	if err != nil {
		return true
	}
	defer func() { _ = p.Release() }()
	return errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) || ended(n)
}

// ended reports a process that has died and that its parent has not taken note of yet (a zombie). It answers signals and
// does nothing any more. Where there is no /proc nobody can say so.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The state stands behind the name, which is in brackets and may hold anything.
	_, state, ok := strings.Cut(string(stat[max(0, strings.LastIndexByte(string(stat), ')')):]), ") ")
	return ok && (strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X"))
}

// open opens the project; diagnostics are printed.
func (a *app) open(ctx context.Context, change func(*engine.Setup)) (*engine.Engine, error) {
	s, err := a.setup()
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(&s)
	}
	e, diags, err := engine.Open(ctx, s)
	if derr := a.diagnose(typed(diags)); derr != nil {
		return nil, derr
	}
	if err != nil {
		return nil, err
	}
	a.hide = e.Redact
	return e, nil
}

// typed leaves out the warning that columns are not known yet: whoever pulls or plans is about to find them out.
func typed(diags hcl.Diagnostics) hcl.Diagnostics {
	var out hcl.Diagnostics
	for _, d := range diags {
		if d.Severity == hcllib.DiagError || d.Summary != hcl.UnknownColumns {
			out = append(out, d)
		}
	}
	return out
}

// diagnose prints diagnostics and makes an exit of errors among them.
func (a *app) diagnose(diags hcl.Diagnostics) error {
	if len(diags) == 0 {
		return nil
	}
	w := bufio.NewWriter(a.err)
	hcl.Render(w, diags, a.color(a.err))
	if err := w.Flush(); err != nil {
		return err
	}
	if hcllib.Diagnostics(diags).HasErrors() {
		return &exit{code: exitError}
	}
	return nil
}
