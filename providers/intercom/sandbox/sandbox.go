// Package sandbox is a local Intercom: a real HTTP handler that behaves like API 2.16 as section 8 of the reference
// demands, and refuses what Intercom refuses. It imports no client, so that the two cannot agree on a mistake.
//
// It holds a primary store, which reads by id see at once, and an index behind it by a lag, which searches and lists see.
// What it does not do (bulk jobs, linking conversations with trackers) it answers with 501 and says so.
//
// Notifications are counted by one table, in ledger.go. Where the answers differ from Intercom's own OpenAPI file on
// purpose, the contract test lists it with its source.
package sandbox

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"sync"
	"time"
)

// A Clock tells the sandbox's time. A manual one also has Advance(time.Duration).
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }
func (realClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Options of New. Zero values: real clock, no lag, no limits, a workspace "sandbox1" in the EU.
type Options struct {
	Token, WorkspaceID, Region, Timezone string
	Clock                                Clock
	// IndexLag is how long searches lag; LagJitter adds up to so much, by object.
	IndexLag, LagJitter time.Duration
	// Limit is the number of calls per 10 seconds, ReplyLimit that of replies overall (a tenth of it a conversation); 0: off.
	Limit, ReplyLimit int
	// MaxRequest bounds the body of a request, MaxFile an attachment, in bytes; 0: 25 MB and 20 MB (IC 7 #6).
	MaxRequest, MaxFile int
	// HideTickets takes the scope "Read tickets" from the token: lists and searches of conversations have none (IC trap 25).
	HideTickets bool
	// Seed is the data file (seed.go tells its keys); nil for an empty workspace with one admin.
	Seed io.Reader
}

// Server is a workspace in memory. It is safe for concurrent use.
type Server struct {
	o     Options
	clock Clock
	zone  *time.Location
	app   app

	mu     sync.Mutex
	admins []*admin
	teams  []*team
	tags   []*tag
	attrs  []*attribute // all three models
	byID   map[string]*contact
	order  []*contact
	comps  map[string]*company
	corder []*company
	convs  map[int64]*conversation
	vorder []*conversation
	gone   []gone
	nextID int64 // conversations, parts, tags, attributes: one counter
	hexes  uint32
	texts  map[string]string // see same
	short  int64             // shortID

	ticketTypes []*ticketType
	states      []*ticketState
	tickets     int64 // the number of the last one
	jobs        map[string]*job
	pending     []*job
	dying       []*company // their deletion is not through

	objectTypes   []*objectType
	instances     map[string]*instance
	instanceOrder []*instance
	byExternal    map[string]*instance // by type and external id
	notes         []*note
	notesBy       map[string][]*note // by contact or company
	brands        []brand

	queue   dueHeap
	indexed index
	scroll  *scrollState

	limiter limiter
	ledger  ledger
	version string // of the call that is being answered
	faults  []*Fault
	stats   Stats
}

type app struct {
	IDCode   string `json:"id_code"`
	Name     string `json:"name"`
	Region   string `json:"region"`
	Timezone string `json:"timezone"`
}

// New makes a workspace.
func New(o Options) (*Server, error) {
	s := &Server{o: o, clock: o.Clock, texts: map[string]string{}, byID: map[string]*contact{}, comps: map[string]*company{}, convs: map[int64]*conversation{}, nextID: 215470000000, short: 8300, instances: map[string]*instance{}, jobs: map[string]*job{}, byExternal: map[string]*instance{}, notesBy: map[string][]*note{},
		version: "2.16", app: app{IDCode: "sandbox1", Name: "Sandbox", Region: "eu", Timezone: "Europe/Moscow"}, indexed: newIndex()}
	s.o.MaxRequest, s.o.MaxFile = cmp.Or(o.MaxRequest, 25<<20), cmp.Or(o.MaxFile, 20<<20)
	if s.clock == nil {
		s.clock = realClock{}
	}
	s.defaultStates()
	if o.Seed != nil {
		if err := s.seed(o.Seed); err != nil {
			return nil, fmt.Errorf("read the workspace: %w", err)
		}
	} else {
		s.admins = []*admin{{ID: "1000001", Name: "Migration", Email: "migration@acme.example", Seat: true}}
	}
	for from, to := range map[*string]*string{&o.WorkspaceID: &s.app.IDCode, &o.Region: &s.app.Region, &o.Timezone: &s.app.Timezone} {
		if *from != "" {
			*to = *from
		}
	}
	var err error
	if s.zone, err = time.LoadLocation(s.app.Timezone); err != nil {
		return nil, fmt.Errorf("read the workspace: timezone: %w", err)
	}
	s.stats = Stats{Calls: map[string]map[int]int{}}
	s.ledger.by = map[string]int{}
	s.settle(true)
	return s, nil
}

// now is the clock in whole seconds, as the API shows times.
func (s *Server) now() int64 { return s.clock.Now().Unix() }

// same keeps one copy of what thousands of objects hold: names of attributes, values of lists, ids of people.
func (s *Server) same(text string) string {
	if have, ok := s.texts[text]; ok {
		return have
	}
	if len(s.texts) < 1<<16 {
		s.texts[text] = text
	}
	return text
}

func (s *Server) id() int64 { s.nextID++; return s.nextID }

// hexID is an id of 24 hex digits, as contacts and companies have them: time and a counter.
func (s *Server) hexID() string {
	s.hexes++
	return fmt.Sprintf("%08x%016x", uint32(s.now()), uint64(s.hexes)|0x5f3a<<40)
}

// An index is what searches see.
type index struct {
	contacts  map[string]*contact
	companies map[string]*company
	convs     map[int64]*conversation
}

func newIndex() index {
	return index{map[string]*contact{}, map[string]*company{}, map[int64]*conversation{}}
}

// due is an object that the index takes in at a time.
type due struct {
	at   int64 // Unix nanoseconds
	hex  string
	conv int64
	comp bool
}

type dueHeap []due

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// changed puts an object on its way into the index.
func (s *Server) changed(d due) {
	lag := s.o.IndexLag
	if s.o.LagJitter > 0 {
		h := fnv.New32a()
		fmt.Fprint(h, d.hex, d.conv)
		lag += time.Duration(int64(h.Sum32()) % int64(s.o.LagJitter))
	}
	d.at = s.clock.Now().Add(lag).UnixNano()
	heap.Push(&s.queue, d)
}

// settle does the jobs and lets the index take in what is due; all of it at the start.
func (s *Server) settle(all bool) {
	s.work()
	s.detach()
	now := s.clock.Now().UnixNano()
	for len(s.queue) > 0 && (all || s.queue[0].at <= now) {
		d := heap.Pop(&s.queue).(due)
		switch {
		case d.conv != 0:
			if c := s.convs[d.conv]; c != nil {
				s.indexed.convs[d.conv] = c.snapshot()
			} else {
				delete(s.indexed.convs, d.conv)
			}
		case d.comp:
			if c := s.comps[d.hex]; c != nil && !c.deleted {
				s.indexed.companies[d.hex] = c.snapshot()
			} else {
				delete(s.indexed.companies, d.hex)
			}
		default:
			if c := s.byID[d.hex]; c != nil && c.state == live {
				s.indexed.contacts[d.hex] = c.snapshot()
			} else {
				delete(s.indexed.contacts, d.hex)
			}
		}
	}
}

// seed reads the data file. Unknown keys are errors: a misspelt one would be lost.
func (s *Server) seed(r io.Reader) error {
	var in struct {
		App    *app     `json:"app"`
		Admins []*admin `json:"admins"`
		Teams  []*team  `json:"teams"`
		Tags   []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"tags"`
		Contacts []struct {
			ID         string         `json:"id"`
			Role       string         `json:"role"`
			ExternalID string         `json:"external_id"`
			Email      string         `json:"email"`
			Name       string         `json:"name"`
			Phone      string         `json:"phone"`
			SignedUp   int64          `json:"signed_up_at"`
			Created    int64          `json:"created_at"`
			Custom     map[string]any `json:"custom_attributes"`
			Tags       []string       `json:"tags"`
			Companies  []string       `json:"companies"`
			Archived   bool           `json:"archived"`
		} `json:"contacts"`
		Companies []struct {
			ID        string         `json:"id"`
			CompanyID string         `json:"company_id"`
			Name      string         `json:"name"`
			Custom    map[string]any `json:"custom_attributes"`
		} `json:"companies"`
		Data []struct {
			Name    string   `json:"name"`
			Model   string   `json:"model"`
			Type    string   `json:"data_type"`
			Options []string `json:"options"`
			Desc    string   `json:"description"`
			Ref     *refSeed `json:"reference"` // of a relationship, which only a person makes
			Gone    bool     `json:"archived"`
		} `json:"data_attributes"`
		Conv []struct {
			Name    string   `json:"name"`
			Type    string   `json:"data_type"`
			Options []string `json:"options"`
			Desc    string   `json:"description"`
			Ref     *refSeed `json:"reference"`
			Gone    bool     `json:"archived"`
		} `json:"conversation_attributes"`
		Conversations []struct {
			Contact string `json:"contact"`
			Body    string `json:"body"`
			Created int64  `json:"created_at"`
		} `json:"conversations"`
		moreSeed
	}
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return err
	}
	if in.App != nil {
		s.app = *in.App
	}
	s.admins, s.teams = in.Admins, in.Teams
	for _, t := range in.Tags {
		if t.ID == "" {
			t.ID = fmt.Sprint(s.id())
		}
		s.tags = append(s.tags, &tag{ID: t.ID, Name: t.Name})
	}
	tagID := func(name string) string {
		for _, t := range s.tags {
			if t.Name == name || t.ID == name {
				return t.ID
			}
		}
		return name
	}
	for _, a := range in.Data {
		n := a.Ref.on(s.newAttribute(a.Model, a.Name, a.Type, a.Desc, a.Options))
		n.archived = a.Gone
		s.attrs = append(s.attrs, n)
	}
	for _, a := range in.Conv {
		n := a.Ref.on(s.newAttribute("conversation", a.Name, a.Type, a.Desc, a.Options))
		n.archived = a.Gone
		s.attrs = append(s.attrs, n)
	}
	for _, c := range in.Companies {
		n := &company{id: c.ID, companyID: c.CompanyID, name: c.Name, custom: c.Custom, created: s.now(), updated: s.now()}
		if n.id == "" {
			n.id = s.hexID()
		}
		s.addCompany(n)
	}
	for _, c := range in.Contacts {
		n := &contact{id: c.ID, role: c.Role, externalID: c.ExternalID, email: c.Email, name: c.Name, phone: c.Phone, signedUp: c.SignedUp, created: c.Created, custom: c.Custom, companies: c.Companies}
		if n.id == "" {
			n.id = s.hexID()
		}
		if len(n.id) != 24 {
			return fmt.Errorf("contact id %q has not 24 hex digits", n.id)
		}
		if n.role == "" {
			n.role = "user"
		}
		if n.created == 0 {
			n.created = s.now() - 86400
		}
		n.updated = n.created
		if c.Archived {
			n.state = archived
		}
		for _, t := range c.Tags {
			n.tags = append(n.tags, tagID(t))
		}
		for _, id := range n.companies {
			if s.comps[id] == nil {
				return fmt.Errorf("contact %s names company %q, which is not there", n.id, id)
			}
			s.comps[id].users++
		}
		s.addContact(n)
	}
	for _, c := range in.Conversations {
		if s.byID[c.Contact] == nil {
			return fmt.Errorf("a conversation names contact %q, which is not there", c.Contact)
		}
		s.addConversation(c.Contact, paragraphs(c.Body), c.Created)
	}
	return s.seedMore(in.moreSeed)
}

// Stats counts what happened.
type Stats struct {
	// Calls by operation and status.
	Calls  map[string]map[int]int `json:"calls"`
	Reads  int                    `json:"reads"`
	Writes int                    `json:"writes"`
	// Peak is the most calls of one window.
	Peak          int            `json:"peak_calls_per_window"`
	Notifications Notifications  `json:"notifications"`
	Objects       map[string]int `json:"objects"`
}

// Stats returns a copy of the counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.Calls = map[string]map[int]int{}
	for op, by := range s.stats.Calls {
		out.Calls[op] = map[int]int{}
		for status, n := range by {
			out.Calls[op][status] = n
		}
	}
	out.Peak = s.limiter.peak
	out.Notifications = s.ledger.counts()
	out.Objects = map[string]int{"admin": len(s.admins), "team": len(s.teams), "tag": len(s.tags), "conversation": 0, "ticket": 0, "ticket_type": len(s.ticketTypes), "ticket_state": len(s.states), "custom_object": len(s.objectTypes), "custom_object_instance": len(s.instances), "note": len(s.notes), "contact": 0, "company": 0,
		"contact_attribute": 0, "company_attribute": 0, "conversation_attribute": 0, "ticket_attribute": 0}
	for _, t := range s.ticketTypes {
		for _, a := range t.attrs {
			if !a.builtin {
				out.Objects["ticket_attribute"]++
			}
		}
	}
	for _, v := range s.convs {
		if v.ticket != nil {
			out.Objects["ticket"]++
		} else {
			out.Objects["conversation"]++
		}
	}
	for _, c := range s.byID {
		if c.state == live {
			out.Objects["contact"]++
		}
	}
	for _, c := range s.comps {
		if !c.deleted {
			out.Objects["company"]++
		}
	}
	for _, a := range s.attrs {
		if !a.archived {
			out.Objects[a.model+"_attribute"]++
		}
	}
	return out
}

var _ http.Handler = (*Server)(nil)
