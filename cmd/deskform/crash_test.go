package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	intercomsandbox "deskform/providers/intercom/sandbox"
)

// What a child of the crash tests is told by its environment.
const (
	crashTrace = "DESKFORM_TEST_TRACE" // write every journal event to this file
	crashAt    = "DESKFORM_TEST_CRASH" // die at this one
)

// crashTTL is how long the lock of a child lives without a heartbeat.
const crashTTL = "DESKFORM_TEST_TTL"

// crashMain is main with a journal that somebody listens to.
func crashMain() {
	if ttl, err := time.ParseDuration(os.Getenv(crashTTL)); err == nil {
		lockTTL = ttl
	}
	at, trace := os.Getenv(crashAt), os.Getenv(crashTrace)
	if at != "" || trace != "" {
		var mu sync.Mutex
		journaled = func(what string, durable bool) {
			mu.Lock()
			defer mu.Unlock()
			event := remoteID.ReplaceAllString(fmt.Sprint(what, " ", durable), "ID")
			if trace != "" {
				f, err := os.OpenFile(trace, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				if err == nil {
					fmt.Fprintln(f, event)
					_ = f.Close()
				}
			}
			if event == at {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}
	main()
}

// remoteID is an id that Intercom gave, which is another one in each run.
var remoteID = regexp.MustCompile(`\b([0-9a-f]{24}|[0-9]{6,})\b`)

// A stage is a folder, a sandbox in another process than the program, and a program that may be killed at a request.
type stage struct {
	t       testing.TB
	dir     string
	sandbox *intercomsandbox.Server
	srv     *httptest.Server

	mu       sync.Mutex
	child    *os.Process
	said     *words         // what it printed
	requests int            // of the current child
	killAt   int            // the number of the request; 0: none
	killName string         // the name of the request; empty: none
	seen     map[string]int // how often a request was made, of the current child
	writes   []string       // the names of its writes
	reads    []int          // the numbers of its reads
	commit   bool
	signal   os.Signal     // SIGKILL when nil; another one is sent before the request is answered as always
	hang     chan struct{} // the request that is signalled at waits for this before its answer; nil: it does not wait
}

// newStage sets up the configuration with the given tickets file.
func newStage(t testing.TB) *stage {
	t.Helper()
	return newStageOf(t, crashFiles, crashWorkspace)
}

// newStageOf sets up a configuration and a workspace.
func newStageOf(t testing.TB, files map[string]string, workspace string) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir()}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	s.sandbox, err = intercomsandbox.New(intercomsandbox.Options{Token: scriptToken, Clock: realClock{}, IndexLag: 120 * time.Millisecond, Seed: strings.NewReader(workspace)})
	if err != nil {
		t.Fatal(err)
	}
	s.srv = httptest.NewServer(s)
	return s
}

func (s *stage) close() { s.srv.Close() }

// ServeHTTP is the sandbox, but for the request that the program is killed at.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, write := requestName(s.t, r)
	s.mu.Lock()
	s.requests++
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	s.seen[name]++
	name = fmt.Sprintf("%s (%d)", name, s.seen[name])
	if write {
		s.writes = append(s.writes, name)
	} else {
		s.reads = append(s.reads, s.requests)
	}
	die := s.killAt == s.requests || s.killName == name
	commit, child, said, sig, hang := s.commit, s.child, s.said, s.signal, s.hang
	s.mu.Unlock()
	if die && sig != nil {
		if sig == syscall.SIGSTOP {
			time.Sleep(20 * time.Millisecond) // what was recorded before is on the disk then, most likely
		}
		_ = child.Signal(sig)
		if hang != nil {
			<-hang
		} else if sig == syscall.SIGINT || sig == syscall.SIGTERM {
			said.await(interrupted)
		}
		die = false
	}
	if !die {
		s.sandbox.ServeHTTP(w, r)
		return
	}
	if commit {
		s.sandbox.ServeHTTP(httptest.NewRecorder(), r)
	}
	_ = child.Signal(syscall.SIGKILL)
	panic(http.ErrAbortHandler)
}

// run starts the program and returns its exit code, -1 when it was killed, with what it printed.
func (s *stage) run(env []string, args ...string) (int, string) {
	cmd, out := s.command(env, args...)
	s.mu.Lock()
	err := cmd.Start()
	s.child, s.said, s.requests, s.seen, s.writes, s.reads = cmd.Process, out, 0, nil, nil, nil
	s.mu.Unlock()
	return s.ended(cmd, out, err)
}

// beside runs the program while another one is at work; its requests are not counted apart.
func (s *stage) beside(args ...string) (int, string) {
	cmd, out := s.command(nil, args...)
	return s.ended(cmd, out, cmd.Start())
}

func (s *stage) command(env []string, args ...string) (*exec.Cmd, *words) {
	cmd := exec.Command("deskform", args...)
	cmd.Dir = s.dir
	cmd.Env = append(append(os.Environ(), "INTERCOM_URL="+s.srv.URL, "INTERCOM_TOKEN="+scriptToken, "NO_COLOR=1"), env...)
	out := &words{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// words are what a program prints, for readers while it runs.
type words struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await waits until a text was printed, or until nobody can be expected to print it any more.
func (w *words) await(text string) {
	for range 2000 {
		if strings.Contains(w.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *stage) ended(cmd *exec.Cmd, out *words, err error) (int, string) {
	if err != nil {
		s.t.Error(err)
		return 1, ""
	}
	err = cmd.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode(), out.String()
	}
	if err != nil {
		s.t.Error(err)
		return 1, ""
	}
	return 0, out.String()
}

func (s *stage) kill(at int, commit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killAt, s.killName, s.commit = at, "", commit
}

func (s *stage) killNamed(name string, commit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killAt, s.killName, s.commit = 0, name, commit
}

// requestName is what a request says, without the ids that are others in each run; two of one name are counted. It says
// whether it writes.
func requestName(t testing.TB, r *http.Request) (name string, write bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h := fnv.New32a()
	_, _ = h.Write(remoteID.ReplaceAll(body, []byte("ID")))
	write = r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/search") && !strings.HasSuffix(r.URL.Path, "/list")
	return fmt.Sprintf("%s %s %08x", r.Method, remoteID.ReplaceAllString(r.URL.Path, "ID"), h.Sum32()), write
}

// change makes the source and the configuration those of the delta.
func (s *stage) change() {
	for name, text := range crashDelta {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

var applyArgs = []string{"apply", "--auto-approve", "--settle-after", "300ms"}

// finish runs the program to its end and says what is wrong then, empty when nothing is.
func (s *stage) finish(want string) string {
	s.kill(0, false)
	last := ""
	for range 4 {
		code, out := s.run(nil, applyArgs...)
		last = out
		if code == 0 {
			break
		}
		if code != exitIncomplete {
			return fmt.Sprintf("run again: exit code %d\n%s", code, out)
		}
	}
	if code, out := s.run(nil, "plan", "--refresh=full", "--detailed-exitcode"); code != 0 {
		return fmt.Sprintf("the proof plan: exit code %d\n%s\nafter\n%s", code, out, last)
	}
	if got := normal(s.t, s.sandbox); got != want {
		twice, lost := odds(want, got)
		return fmt.Sprintf("the sandbox holds something else, %d lines too many, %d missing:\n%s\nafter\n%s", twice, lost, difference(want, got), last)
	}
	return ""
}

// odds counts the objects of got that are too many and those that are missing. One that differs counts as both.
func odds(want, got string) (twice, lost int) {
	n := map[string]int{}
	for l := range strings.Lines(want + "\n") {
		n[l]--
	}
	for l := range strings.Lines(got + "\n") {
		n[l]++
	}
	for _, d := range n {
		twice, lost = twice+max(d, 0), lost+max(-d, 0)
	}
	return twice, lost
}

func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for _, l := range w {
		if !slices.Contains(g, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			out = append(out, "+ "+l)
		}
	}
	if len(out) == 0 {
		return fmt.Sprintf("%d lines instead of %d: something is there twice", len(g), len(w))
	}
	return strings.Join(out, "\n")
}

// The fields that Intercom assigns itself: ids, its own stamps, and the place of a new attribute, the number of a ticket. Times of messages and conversations are the source's.
var assigned = map[string]bool{"id": true, "updated_at": true, "request_id": true, "url": true, "last_seen_at": true, "waiting_since": true, "applied_at": true, "notified_at": true, "order": true, "ticket_id": true}

// normal is the sandbox's dump without what Intercom assigns; references are by name. One line an object, sorted.
func normal(t testing.TB, s *intercomsandbox.Server) string {
	t.Helper()
	var dump bytes.Buffer
	if err := s.Dump(&dump); err != nil {
		t.Fatal(err)
	}
	type object struct {
		kind string
		body map[string]any
	}
	var objects []object
	names := map[string]string{}
	lines := bufio.NewScanner(&dump)
	lines.Buffer(nil, 10<<20)
	for lines.Scan() {
		var o struct {
			Kind   string         `json:"kind"`
			Object map[string]any `json:"object"`
		}
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object{o.Kind, o.Object})
		for _, key := range []string{"company_id", "email", "name", "title"} {
			if name, ok := o.Object[key].(string); ok && name != "" {
				names[fmt.Sprint(o.Object["id"])] = o.Kind + " " + name
				break
			}
		}
	}
	var clean func(v any, event bool, own string) any
	clean = func(v any, event bool, own string) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{}
			kind, _ := v["type"].(string)
			part, _ := v["part_type"].(string)
			happened := event || part != "" && part != "comment" && part != "note"
			for k, e := range v {
				switch {
				case k == "id" && names[fmt.Sprint(e)] != "":
					out[k] = names[fmt.Sprint(e)]
				case assigned[k]:
				case k == "created_at" && (happened || kind != "conversation" && kind != "conversation_part"):
				case k == "created_at" && justNow(e):
					out[k] = "now" // what is said about something frozen is said when it is found out
				default:
					out[k] = clean(e, happened, own)
				}
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, e := range v {
				out[i] = clean(e, event, own)
			}
			slices.SortStableFunc(out, func(a, b any) int {
				if kind(a) == "conversation_part" || kind(b) == "conversation_part" {
					return 0 // their order counts
				}
				return strings.Compare(text(a), text(b))
			})
			return out
		case float64:
			if name := names[fmt.Sprintf("%.0f", v)]; name != "" && v > 1e6 {
				return name
			}
		case string:
			if name := names[v]; name != "" {
				return name
			}
		}
		return v
	}
	var out []string
	for _, o := range objects {
		out = append(out, o.kind+" "+text(clean(o.body, false, "")))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// justNow reports a time of the last hour: the source's are older.
func justNow(v any) bool {
	at, ok := v.(float64)
	return ok && time.Since(time.Unix(int64(at), 0)).Abs() < time.Hour
}

func kind(v any) string {
	m, _ := v.(map[string]any)
	s, _ := m["type"].(string)
	return s
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// crashAll in the environment, "all", tries every point, as CI does; else every twentieth one.
const crashAll = "DESKFORM_CRASH"

// TestCrash kills the program at every write of its journal, before and after the commit, and at every request, before
// Intercom gets it and after Intercom has done it; then runs it to its end. Nothing is there twice, nothing is missing.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of killing and running again")
	}
	for _, delta := range []bool{false, true} {
		for _, parallel := range []string{"1", "8"} {
			name := map[bool]string{false: "first apply", true: "delta"}[delta] + ", parallelism " + parallel
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				crashEverywhere(t, delta, parallel)
			})
		}
	}
}

func crashEverywhere(t *testing.T, delta bool, parallel string) {
	args := append(slices.Clone(applyArgs), "--parallelism", parallel)
	begin := func() *stage {
		s := newStage(t)
		if delta {
			if code, out := s.run(nil, applyArgs...); code != 0 {
				t.Fatalf("the apply before the delta: %d\n%s", code, out)
			}
			s.change()
		}
		return s
	}
	points, want := pointsOf(t, begin, args, parallel)
	tryPoints(t, begin, points, want)
}

// pointsOf runs undisturbed and names the points at which to kill, and what Intercom holds in the end. Of the requests each
// parallelism takes half.
func pointsOf(t *testing.T, begin func() *stage, args []string, parallel string) (map[string]func(*stage) (int, string), string) {
	t.Helper()
	calm := begin()
	defer calm.close()
	trace := filepath.Join(calm.dir, "trace")
	if code, out := calm.run([]string{crashTrace + "=" + trace}, args...); code != 0 {
		t.Fatalf("undisturbed: exit code %d\n%s", code, out)
	}
	want := normal(t, calm.sandbox)
	points := map[string]func(*stage) (int, string){}
	for _, event := range eventsOf(t, trace) {
		points["journal: "+event] = func(s *stage) (int, string) { return s.run([]string{crashAt + "=" + event}, args...) }
	}
	for i, name := range slices.Sorted(slices.Values(calm.writes)) {
		for _, commit := range []bool{false, true} {
			if (i%2 == 0) == (commit == (parallel == "1")) {
				continue // the other parallelism takes it
			}
			points[fmt.Sprintf("request %s, done %v", name, commit)] = func(s *stage) (int, string) {
				s.killNamed(name, commit)
				return s.run(nil, args...)
			}
		}
	}
	if parallel == "1" { // reads are counted, which needs one order
		for _, n := range calm.reads {
			points[fmt.Sprintf("read %d", n)] = func(s *stage) (int, string) {
				s.kill(n, false)
				return s.run(nil, args...)
			}
		}
	}
	return points, want
}

// eventsOf reads what a run has written of its journal.
func eventsOf(t *testing.T, trace string) []string {
	t.Helper()
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// tryPoints kills at each of the points, runs to the end and holds what Intercom then has against what it should have.
func tryPoints(t *testing.T, begin func() *stage, points map[string]func(*stage) (int, string), want string) {
	t.Helper()
	var tried, failed, missed, twice, lost int
	for i, name := range slices.Sorted(maps.Keys(points)) {
		if os.Getenv(crashAll) != "all" && i%20 != 0 {
			continue
		}
		tried++
		s := begin()
		code, out := points[name](s)
		if code != -1 {
			missed++ // the reads after the last write are more or fewer, by what the index shows already
			t.Logf("%s: it ended before, with exit code %d", name, code)
		}
		if code > 0 {
			failed++
			t.Errorf("%s: exit code %d\n%s", name, code, out)
		} else if why := s.finish(want); why != "" {
			failed++
			t.Errorf("%s: %s", name, why)
		}
		more, less := odds(want, normal(t, s.sandbox))
		twice, lost = twice+more, lost+less
		s.close()
		if failed > 5 {
			t.Fatal("and so on")
		}
	}
	if missed > tried/10+1 {
		t.Errorf("the program was killed at %d of %d points only", tried-missed, tried)
	}
	t.Logf("%d of %d points, %d of them passed by; duplicates %d, lost %d", tried, len(points), missed, twice, lost)
}

const crashWorkspace = `{"app": {"id_code": "ws1", "name": "Acme", "region": "eu", "timezone": "UTC"},
 "admins": [{"id": "11", "name": "Mover", "email": "mover@acme.example", "has_inbox_seat": true}, {"id": "12", "name": "Agent", "email": "agent@acme.example", "has_inbox_seat": true}],
 "teams": [{"id": "21", "name": "Desk", "admin_ids": ["11", "12"]}],
 "contacts": [{"id": "65aa00000000000000000001", "role": "user", "email": "bob@acme.example", "name": "Robert"}]}`

var crashFiles = map[string]string{
	"main.hcl": `deskform {
  state "sqlite" { path = "test.db" }
}
provider "intercom" {
  endpoint   = env("INTERCOM_URL")
  token      = env("INTERCOM_TOKEN")
  actor      = "mover@acme.example"
  rate_share = 1
}
data "export" "people" {
  file = "people.jsonl"
  key  = ["id"]
}
data "export" "tickets" {
  file = "tickets.jsonl"
  key  = ["id"]
}
data "export" "comments" {
  file = "comments.jsonl"
  key  = ["id"]
  by   = "ticket"
}
team "desk" { name = "Desk" }
records "company" "orgs" {
  from       = data.export.people
  key        = each.org
  duplicates = "first"
  company_id = "org:${each.org}"
  name       = each.orgname
}
records "contact" "people" {
  from       = data.export.people
  key        = each.id
  match      = { email = each.email }
  email      = each.email
  name       = each.name
  attributes = { post = each.post }
  companies  = [ref(company.orgs, each.org)]
  tags       = each.vip ? [tag.vip] : []
}
records "conversation" "tickets" {
  from          = data.export.tickets
  key           = each.id
  contact       = ref(contact.people, each.person)
  created_at    = each.at
  title         = each.title
  body          = "It does not work."
  attributes    = { prio = each.prio }
  tags          = each.vip ? [tag.vip] : []
  assign        = { team = team.desk, teammate = teammate(each.agent) }
  state         = each.state
  snoozed_until = each.until
  on_drift      = "overwrite"
  part "comments" {
    for_each   = rows(data.export.comments, each.id)
    private    = part.private
    author     = person(part.by, part.by)
    created_at = part.at
    body       = part.text
  }
}
`,
	"schema.hcl": `attribute "contact" "post" { data_type = "string" }
attribute "conversation" "prio" {
  data_type = "list"
  options   = ["High", "Low"]
}
tag "vip" { name = "vip" }
`,
	"people.jsonl": `{"id":"e1","email":"ann@acme.example","name":"Ann","post":"lead","org":"a","orgname":"Acme","vip":true}
{"id":"e2","email":"bob@acme.example","name":"Bob","post":"agent","org":"b","orgname":"Bcme","vip":false}
{"id":"e3","email":"ann@acme.example","name":"Second Ann","post":"x","org":"b","orgname":"Bcme","vip":false}
{"id":"e4","email":null,"name":"Left","post":"gone","org":"a","orgname":"Acme","vip":false}
`,
	"tickets.jsonl": `{"id":"t1","person":"e1","at":"2026-01-05T10:00:00Z","title":"Printer","prio":"High","vip":true,"agent":"agent@acme.example","state":"closed","until":null}
{"id":"t2","person":"e2","at":"2026-01-06T10:00:00Z","title":"Screen","prio":"Low","vip":false,"agent":null,"state":"snoozed","until":"2032-01-01T00:00:00Z"}
`,
	"comments.jsonl": `{"id":"c1","ticket":"t1","at":"2026-01-05T11:00:00Z","by":"agent@acme.example","private":false,"text":"On my way."}
{"id":"c2","ticket":"t1","at":"2026-01-05T12:00:00Z","by":"ann@acme.example","private":false,"text":"Still not."}
{"id":"c3","ticket":"t1","at":"2026-01-05T13:00:00Z","by":"Somebody","private":true,"text":"The drum."}
{"id":"c4","ticket":"t1","at":"2026-01-05T13:00:00Z","by":"Somebody","private":true,"text":"The drum."}
`,
}

// crashDelta changes something of every kind that can be changed.
var crashDelta = map[string]string{
	"schema.hcl": `attribute "contact" "post" {
  data_type   = "string"
  description = "What they do"
}
attribute "conversation" "prio" {
  data_type   = "list"
  options     = ["High", "Low", "Middle"]
  description = "How urgent"
}
tag "vip" { name = "very important" }
`,
	"people.jsonl": `{"id":"e1","email":"ann@acme.example","name":"Anna","post":"boss","org":"b","orgname":"Bcme Ltd","vip":false}
{"id":"e2","email":"bob@acme.example","name":"Bob","post":"lead","org":"b","orgname":"Bcme Ltd","vip":true}
{"id":"e3","email":"ann@acme.example","name":"Second Ann","post":"x","org":"b","orgname":"Bcme Ltd","vip":false}
{"id":"e4","email":null,"name":"Left","post":"gone","org":"a","orgname":"Acme Ltd","vip":false}
`,
	"tickets.jsonl": `{"id":"t1","person":"e1","at":"2026-01-05T10:00:00Z","title":"Printer, second floor","prio":"Middle","vip":false,"agent":"mover@acme.example","state":"closed","until":null}
{"id":"t2","person":"e2","at":"2026-01-06T10:00:00Z","title":"Screen","prio":"Low","vip":true,"agent":"agent@acme.example","state":"open","until":null}
`,
	"comments.jsonl": `{"id":"c1","ticket":"t1","at":"2026-01-05T11:00:00Z","by":"agent@acme.example","private":false,"text":"On my way."}
{"id":"c2","ticket":"t1","at":"2026-01-05T12:00:00Z","by":"ann@acme.example","private":false,"text":"Still not."}
{"id":"c3","ticket":"t1","at":"2026-01-05T13:00:00Z","by":"Somebody","private":true,"text":"The drum."}
{"id":"c4","ticket":"t1","at":"2026-01-05T13:00:00Z","by":"Somebody","private":true,"text":"The drum."}
{"id":"c5","ticket":"t1","at":"2026-01-07T13:00:00Z","by":"ann@acme.example","private":false,"text":"Again."}
{"id":"c6","ticket":"t2","at":"2026-01-07T14:00:00Z","by":"agent@acme.example","private":false,"text":"Done."}
`,
}
