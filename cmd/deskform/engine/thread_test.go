package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskform/cmd/deskform/engine"
	"deskform/plan"
	"deskform/providers/intercom/sandbox"
)

const threadHead = `
data "export" "comments" {
  file = "comments.jsonl"
  key  = ["id"]
  by   = "ticket"
}
data "export" "tickets" {
  file = "tickets.jsonl"
  key  = ["id"]
}
team "desk" { name = "Service Desk" }
tag "vip" {}
records "contact" "people" {
  rows  = { ann = { name = "Ann", email = "ann@acme.example" } }
  key   = each.key
  match = { email = each.email }
  email = each.email
  name  = each.name
}
`

const threadParts = `
  contact        = contact.people["ann"]
  created_at     = "2026-01-05T10:00:00Z"
  title          = "Ticket ${each.id}"
  tags           = [tag.vip]
  assign         = { team = team.desk }
  state          = each.state
  on_long_thread = "split"
  thread_parts   = 4
  part "comments" {
    for_each   = rows(data.export.comments, each.id)
    private    = part.private == "yes"
    author     = person(part.by, part.mail)
    created_at = part.at
    body       = part.text
  }
}
`

// threadConfigs are the kinds that have threads.
var threadConfigs = map[string]string{
	"conversation": threadHead + `
attribute "conversation" "prio" { data_type = "string" }
records "conversation" "tickets" {
  from       = data.export.tickets
  key        = each.id
  number     = "N-${each.id}"
  body       = "It does not print: ${each.id}"
  attributes = { prio = "high" }
` + threadParts,
	"ticket": threadHead + `
ticket_type "incident" {
  name = "Incident"
  attribute "itsm_key" { data_type = "string" }
  attribute "prio" { data_type = "string" }
}
records "ticket" "tickets" {
  from       = data.export.tickets
  key        = each.id
  type       = ticket_type.incident
  body       = "It does not print: ${each.id}"
  attributes = { prio = "high" }
` + threadParts,
}

const threadSeed = `{` + mover + `, "teams": [{"id": "21", "name": "Service Desk"}]}`

// A source is the rows of tickets and comments.
type source struct {
	tickets  []string // their state
	comments []map[string]any
	next     int
}

func (s *source) add(ticket, minute int, private bool) {
	s.comments = append(s.comments, map[string]any{"id": fmt.Sprint(s.next), "ticket": fmt.Sprintf("t%d", ticket), "by": "Ann", "mail": "ann@acme.example",
		"private": map[bool]string{true: "yes", false: "no"}[private], "at": time.Date(2026, 1, 6, 0, minute, 0, 0, time.UTC).Format(time.RFC3339), "text": fmt.Sprintf("word%dx", s.next)})
	s.next++
}

func (s *source) write(d *desk) {
	d.t.Helper()
	var tickets, comments strings.Builder
	for i, state := range s.tickets {
		fmt.Fprintf(&tickets, `{"id":"t%d","state":%q}`+"\n", i, state)
	}
	comments.WriteString(`{"id":"none","ticket":"none","by":"","mail":"","private":"no","at":"2026-01-06T00:00:00Z","text":""}` + "\n")
	for _, c := range s.comments {
		text, err := json.Marshal(c)
		if err != nil {
			d.t.Fatal(err)
		}
		comments.Write(append(text, '\n'))
	}
	d.write("tickets.jsonl", tickets.String())
	d.write("comments.jsonl", comments.String())
}

// A thread is a conversation or ticket as the sandbox's dump has it, with the words of its messages.
type thread struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	State    string `json:"state"`
	Open     *bool  `json:"open"`
	Team     any    `json:"team_assignee_id"`
	Created  int64  `json:"created_at"`
	Contacts struct {
		Contacts []struct {
			ID string `json:"id"`
		} `json:"contacts"`
	} `json:"contacts"`
	Attributes map[string]any `json:"custom_attributes"`
	Ticket     map[string]any `json:"ticket_attributes"`
	Source     struct {
		Body string `json:"body"`
	} `json:"source"`
	Parts []struct {
		Type    string `json:"part_type"`
		Body    string `json:"body"`
		Created int64  `json:"created_at"`
	} `json:"parts"`
}

// threads reads the dump.
func (d *desk) threads() (out []thread) {
	d.t.Helper()
	var dump strings.Builder
	if err := d.far.Dump(&dump); err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(dump.String()) {
		var o struct {
			Kind   string          `json:"kind"`
			Object json.RawMessage `json:"object"`
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			d.t.Fatal(err)
		}
		if o.Kind != "conversation" && o.Kind != "ticket" {
			continue
		}
		var c thread
		if err := json.Unmarshal(o.Object, &c); err != nil {
			d.t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// words are the messages of the source in a thread, and how many notes say that it goes on.
func (c *thread) words() (out []string, goesOn int) {
	for _, p := range c.Parts {
		if i := strings.Index(p.Body, "word"); i >= 0 {
			out = append(out, p.Body[i:i+strings.IndexByte(p.Body[i:], 'x')+1])
		} else if strings.Contains(p.Body, "goes on in part") {
			goesOn++
		}
	}
	return out, goesOn
}

// TestLongThreads plays a source that adds, back-dates and deletes comments against runs: every message is in Intercom
// exactly once and stays where it came first, no conversation is over its limit, and what was forecast was counted.
func TestLongThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for kind, config := range threadConfigs {
		t.Run(kind, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(len(kind)), 3))
			d := newDesk(t, threadSeed)
			d.write("main.hcl", config)
			s := &source{tickets: []string{"open", "closed", "open"}}
			for i := range 11 {
				s.add(0, i, i%3 == 0)
			}
			for i := range 4 {
				s.add(1, i, false)
			}
			home := map[string]string{} // word to thread
			ever := 0
			for round := range 7 {
				if round > 0 {
					for range r.IntN(7) {
						minute := 100 * round
						if r.IntN(2) == 0 {
							minute = r.IntN(100 * round)
						}
						s.add(r.IntN(3), minute, r.IntN(3) == 0)
					}
					if i := r.IntN(len(s.comments)); round%2 == 0 {
						s.comments = slices.Delete(s.comments, i, i+1)
					}
				}
				s.write(d)
				done := d.apply()
				if done.proof != 0 || done.writes != done.forecast.Writes || done.reads != done.forecast.Reads || done.people != done.forecast.People {
					t.Errorf("round %d: %d changes are left; %d writes, %d reads, %d people, forecast %+v, %v", round, done.proof, done.writes, done.reads, done.people, done.forecast, done.calls)
				}
				if pl, changes := d.plan(); pl.Pending != 0 {
					t.Fatalf("round %d: the next plan says\n%s", round, said(changes))
				}
				there := 0
				for _, c := range d.threads() {
					words, _ := c.words()
					if len(words) > 4 {
						t.Errorf("round %d: %s holds %v", round, c.ID, words)
					}
					for _, w := range words {
						if home[w] != "" && home[w] != c.ID {
							t.Errorf("round %d: %s is in %s, was in %s: %v", round, w, c.ID, home[w], words)
						}
						home[w] = c.ID
						there++
					}
				}
				for _, c := range s.comments {
					if home[fmt.Sprint(c["text"])] == "" {
						t.Errorf("round %d: %s is nowhere", round, c["text"])
					}
				}
				if there != len(home) || there < ever { // one that is there twice makes more messages than words
					t.Errorf("round %d: %d messages, %d of them different, were %d", round, there, len(home), ever)
				}
				ever = there
			}
			d.checkThreads(kind)
		})
	}
}

// checkThreads: all records of one thread have the same contact, attributes, assignment, state and time of creation; each says
// whose it is, and all but the last that it goes on.
func (d *desk) checkThreads(kind string) {
	t := d.t
	t.Helper()
	byID := map[string]thread{}
	for _, c := range d.threads() {
		byID[c.ID] = c
	}
	d.run(func(e *engine.Engine) {
		continued, err := e.State.Continued(t.Context(), kind+".tickets")
		if err != nil || len(continued["t0"]) < 2 {
			t.Fatalf("continued: %v %v", continued, err)
		}
		seen := 0
		for root, keys := range continued {
			slices.SortFunc(keys, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
			keys = append([]string{root}, keys...)
			for i, key := range keys {
				b, err := e.State.Base(t.Context(), kind+".tickets", key)
				if err != nil || b == nil {
					t.Fatalf("%s: %v %v", key, b, err)
				}
				c, first := byID[b.ID], thread{}
				if f, err := e.State.Base(t.Context(), kind+".tickets", root); err == nil {
					first = byID[f.ID]
				}
				seen++
				title, text := "Ticket "+root, "It does not print: "+root
				if i > 0 {
					number := map[string]string{"conversation": "N-" + root, "ticket": root}[kind]
					title, text = fmt.Sprintf("Ticket %s (%d)", root, i+1), fmt.Sprintf("This continues ticket %s: part %d. What was said before stands in part %d.", number, i+1, i)
				}
				have, description := c.Title, c.Source.Body
				if kind == "ticket" {
					have, description = fmt.Sprint(c.Ticket["_default_title_"]), fmt.Sprint(c.Ticket["_default_description_"])
					if c.Ticket["itsm_key"] != key {
						t.Errorf("%s has the key %v", key, c.Ticket["itsm_key"])
					}
				} else if !strings.Contains(description, plan.Token(plan.Address{Set: kind + ".tickets", Key: key})) {
					t.Errorf("%s has no marker of its own: %s", key, description)
				}
				if have != title || !strings.Contains(description, text) {
					t.Errorf("%s: title %q, text %q, want %q and %q", key, have, description, title, text)
				}
				same := func(x thread) string {
					return fmt.Sprint(x.State, x.Open != nil && *x.Open, x.Team, x.Created, x.Contacts, x.Attributes["prio"], x.Ticket["prio"])
				}
				if same(c) != same(first) || !strings.Contains(same(c), "high") {
					t.Errorf("%s is %s, the first %s", key, same(c), same(first))
				}
				_, goesOn := c.words()
				if want := map[bool]int{true: 0, false: 1}[i == len(keys)-1]; goesOn != want {
					t.Errorf("%s says %d times that it goes on, want %d", key, goesOn, want)
				}
				for _, p := range c.Parts {
					if strings.Contains(p.Body, "goes on in part") && p.Type != "note" {
						t.Errorf("%s: that it goes on is a %s", key, p.Type)
					}
				}
			}
		}
		if seen < 5 {
			t.Errorf("only %d records were looked at", seen)
		}
	})
}

// TestLongThreadWithoutState: the state is lost after a thread was shared out and had late and deleted comments. Every record
// is found by its own marker, and every message where it stands; nothing is sent a second time.
func TestLongThreadWithoutState(t *testing.T) {
	for kind, config := range threadConfigs {
		t.Run(kind, func(t *testing.T) {
			d := newDesk(t, threadSeed)
			d.write("main.hcl", config)
			s := &source{tickets: []string{"open", "open"}}
			for i := range 10 {
				s.add(0, 10+i, i%2 == 0)
			}
			for i := range 5 {
				s.add(1, i, false)
			}
			s.write(d)
			d.apply()
			s.add(0, 0, false) // older than all
			s.add(0, 15, false)
			s.comments = slices.Delete(s.comments, 1, 3)
			s.comments = slices.DeleteFunc(s.comments, func(c map[string]any) bool { return c["ticket"] == "t1" && c["id"] != "14" }) // shorter than the limit by now
			s.write(d)
			d.apply()
			before := d.threads()
			for _, name := range []string{"test.db", "test.db-wal", "test.db-shm", ".deskform"} {
				if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			d.run(func(e *engine.Engine) { // the types of the rows
				if _, err := e.Pull(t.Context(), engine.PullFull); err != nil {
					t.Fatal(err)
				}
			})
			done := d.apply()
			if done.proof != 0 {
				t.Errorf("%d changes are left: %v", done.proof, done.calls)
			}
			after := d.threads()
			if a, b := sayings(after), sayings(before); a != b {
				t.Errorf("there was\n%sand there is\n%s", b, a)
			}
			if pl, changes := d.plan(); pl.Pending != 0 {
				t.Errorf("the next plan says\n%s", said(changes))
			}
		})
	}
}

// TestOlderState: a state of before the last apply is put in its place, with the mirror or without one. What that apply made and
// sent is found and taken over; nothing is sent a second time, and what came since is sent once.
func TestOlderState(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is concurrent that others are not")
	}
	for kind, config := range threadConfigs {
		for _, mirror := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, mirror %v", kind, mirror), func(t *testing.T) {
				d := newDesk(t, threadSeed)
				d.write("main.hcl", strings.Replace(config, "on_long_thread", "on_frozen = \"note\"\n  on_long_thread", 1))
				s := &source{tickets: []string{"open", "closed"}}
				for i := range 3 {
					s.add(0, 10+i, i == 1)
					s.add(1, 10+i, i == 1)
				}
				s.write(d)
				d.apply()
				older, err := os.ReadFile(filepath.Join(d.dir, "test.db"))
				if err != nil {
					t.Fatal(err)
				}
				for i := range 7 { // fills the first, begins a second and a third
					s.add(0, 20+i, i%2 == 0)
				}
				s.add(1, 5, false)                     // older than all that is there
				s.comments[3]["text"] = "other word3x" // Intercom cannot change a message: a note says so
				s.tickets = append(s.tickets, "open")
				s.add(2, 40, true)
				s.write(d)
				d.apply()
				before, sent := d.threads(), d.far.Stats()
				for _, name := range []string{"test.db", "test.db-wal", "test.db-shm"} {
					if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
						t.Fatal(err)
					}
				}
				d.write("test.db", string(older))
				if !mirror {
					if err := os.RemoveAll(filepath.Join(d.dir, ".deskform")); err != nil {
						t.Fatal(err)
					}
					d.run(func(e *engine.Engine) { // the types of the rows
						if _, err := e.Pull(t.Context(), engine.PullFull); err != nil {
							t.Fatal(err)
						}
					})
				}
				done := d.apply()
				if now := d.far.Stats(); done.proof != 0 || now.Writes != sent.Writes || done.forecast.Writes != 0 {
					t.Errorf("%d changes are left; written again: %v, forecast %d", done.proof, done.calls, done.forecast.Writes)
				}
				if a, b := sayings(d.threads()), sayings(before); a != b {
					t.Errorf("there was\n%sand there is\n%s", b, a)
				}
				s.add(0, 50, false)
				s.write(d)
				if done := d.apply(); done.proof != 0 {
					t.Errorf("%d changes are left", done.proof)
				}
				if n := strings.Count(sayings(d.threads()), "word"); n != len(s.comments)+1 { // and the note
					t.Errorf("%d messages for %d comments and a note:\n%s", n, len(s.comments), sayings(d.threads()))
				}
			})
		}
	}
}

// sayings are what is said in some threads, and where.
func sayings(list []thread) string {
	out := ""
	for _, c := range list {
		words, goesOn := c.words()
		out += fmt.Sprintln(c.ID, words, goesOn)
	}
	return out
}

// TestThreadStrategyChanges: a thread that was kept whole and is split from now on goes on in a record of its own without a
// message that moves, and one that was split and is kept from now on goes on at its end.
func TestThreadStrategyChanges(t *testing.T) {
	d := newDesk(t, threadSeed)
	kept := strings.Replace(threadConfigs["conversation"], `"split"`, `"keep"`, 1)
	d.write("main.hcl", kept)
	s := &source{tickets: []string{"open"}}
	for i := range 6 {
		s.add(0, i, false)
	}
	counts := func() string {
		held := map[string]int{}
		for _, c := range d.threads() {
			words, _ := c.words()
			held[c.ID] = len(words)
		}
		var out []string
		d.run(func(e *engine.Engine) {
			for b, err := range e.State.Bases(t.Context(), "conversation.tickets") { // t0, t0#2, …
				if err != nil {
					t.Fatal(err)
				}
				if n, there := held[b.ID]; there {
					out = append(out, fmt.Sprint(n))
				}
			}
		})
		return strings.Join(out, " ")
	}
	for _, step := range []struct {
		config string
		more   int
		want   string
	}{
		{kept, 0, "6"}, {threadConfigs["conversation"], 0, "6"}, {threadConfigs["conversation"], 5, "6 4 1"}, {kept, 6, "6 4 7"}, {threadConfigs["conversation"], 1, "6 4 7 1"},
	} {
		for range step.more {
			s.add(0, s.next, false)
		}
		s.write(d)
		d.write("main.hcl", step.config)
		if done := d.apply(); done.proof != 0 || counts() != step.want {
			t.Errorf("%d more: the conversations hold %s messages, want %s; %d changes are left", step.more, counts(), step.want, done.proof)
		}
	}
	// Somebody deletes one in the middle: it stays away, and nothing of it is sent into another one.
	var second string
	d.run(func(e *engine.Engine) {
		b, err := e.State.Base(t.Context(), "conversation.tickets", "t0#2")
		if err != nil {
			t.Fatal(err)
		}
		second = b.ID
	})
	if err := d.far.Mutate(sandbox.Mutation{Op: "delete", Kind: "conversation", ID: second}); err != nil {
		t.Fatal(err)
	}
	s.add(0, s.next, false)
	s.write(d)
	if done := d.apply(); done.proof != 0 || counts() != "6 7 2" {
		t.Errorf("after a deletion the conversations hold %s messages; %d changes are left", counts(), done.proof)
	}
}

// TestLatePlanOfThread: a plan that was saved is applied after a later one, which has put some of its messages elsewhere: they
// are not sent a second time.
func TestLatePlanOfThread(t *testing.T) {
	d := newDesk(t, threadSeed)
	d.write("main.hcl", threadConfigs["conversation"])
	s := &source{tickets: []string{"open"}}
	for i := range 3 {
		s.add(0, 10+i, false)
	}
	s.write(d)
	d.apply()
	apply := func(pl *engine.Plan) {
		t.Helper()
		d.run(func(e *engine.Engine) {
			if err := e.ReadPlan(t.Context(), pl); err != nil {
				t.Fatal(err)
			}
			if a, err := e.Apply(t.Context(), pl, nil, engine.ApplyOptions{NoBackup: true}); err != nil || a.Incomplete() || len(a.Books.Unbalanced()) > 0 {
				t.Fatalf("%v %+v", err, a)
			}
		})
	}
	saved := func(name string) *engine.Plan {
		t.Helper()
		s.write(d)
		o := planAll
		o.Out = filepath.Join(d.dir, name)
		d.run(func(e *engine.Engine) {
			if _, err := e.Plan(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		})
		return &engine.Plan{Path: o.Out}
	}
	s.add(0, 20, false) // has its place at the end of the first one
	early := saved("early.plan")
	s.add(0, 5, false) // takes that place
	apply(saved("late.plan"))
	apply(early)
	all := map[string]int{}
	for _, c := range d.threads() {
		words, _ := c.words()
		for _, w := range words {
			all[w]++
		}
	}
	if fmt.Sprint(all) != "map[word0x:1 word1x:1 word2x:1 word3x:1 word4x:1]" {
		t.Errorf("the messages are %v", all)
	}
	if pl, changes := d.plan(); pl.Pending != 0 {
		t.Errorf("the next plan says\n%s", said(changes))
	}
}

// TestPartInDoubt: nobody knows whether a message was written to a continuation, or whether that was made: it is planned for
// nowhere else, though there would be room.
func TestPartInDoubt(t *testing.T) {
	d := newDesk(t, threadSeed)
	d.write("main.hcl", threadConfigs["conversation"])
	s := &source{tickets: []string{"open"}}
	for i := range 3 {
		s.add(0, 10+i, false)
	}
	s.write(d)
	d.apply()
	s.add(0, 20, false)
	s.write(d)
	if _, changes := d.plan(); said(changes) == "" || strings.Contains(said(changes), "t0#2") {
		t.Errorf("without a doubt the plan says\n%s", said(changes))
	}
	a := plan.Address{Set: "conversation.tickets", Key: "t0#2"}
	step := plan.Step{Key: a.String() + "#comment#comments/3", Address: a, Kind: "conversation", Op: "comment", List: "comments", Part: "3", Continues: "t0"}
	d.run(func(e *engine.Engine) {
		e.State.Repeat(plan.Intent{Step: step, At: d.clock.Now()})
		if err := e.State.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	_, changes := d.plan()
	for _, c := range changes {
		for _, p := range c.Parts {
			if p.Key == "3" && c.Address.Key != "t0#2" {
				t.Errorf("it is planned for %s", c.Address)
			}
		}
	}
	if !strings.Contains(said(changes), "create "+a.String()) {
		t.Errorf("the plan says\n%s", said(changes))
	}
}
