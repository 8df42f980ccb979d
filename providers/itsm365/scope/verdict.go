package scope

import (
	"math"
	"slices"
	"time"
)

// moves says what becomes of every row. A row stands in one column, and under the first reason that fits.
func (s *survey) moves(d *Document) {
	d.Moves = append(d.Moves, s.movePeople(), s.moveDepartments(), s.moveTickets(), s.moveComments(d), s.moveFiles(d))
	n := func(class string) int { return s.classes[class].n }
	whole := func(id, class, reason string) {
		if n(class) > 0 {
			d.Moves = append(d.Moves, Move{ID: id, Class: class, Changed: n(class), Reasons: []Counted{{reason, n(class)}}})
		}
	}
	if all := n("objectBase"); all > 0 {
		d.Moves = append(d.Moves, reasons(Move{ID: "items", Class: "objectBase", Changed: all},
			Counted{"item_company", all - s.loose}, Counted{"item_loose", s.loose}))
	}
	whole("problems", "problem", "problem_object")
	whole("changes", "changeRequest", "change_object")
	for _, h := range []struct{ id, class string }{{"approvals", "negotiation"}, {"votes", "vote"}, {"tasks", "task"}, {"work", "workRecord"}} {
		tied, loose := s.hung.tied[h.class], s.hung.loose[h.class]
		if tied+loose > 0 {
			d.Moves = append(d.Moves, reasons(Move{ID: h.id, Class: h.class, Changed: tied, Not: loose}, Counted{"dossier", tied}, Counted{"no_home", loose}))
		}
	}
	whole("teams", "team", "team_by_hand")
	whole("services", "slmService", "service_name")
	for _, not := range []struct{ id, class, reason string }{{"agreements", "agreement", "inventory"}, {"sla_rules", "agreementRule", "inventory"},
		{"domains", "domain", "inventory"}, {"articles", "KB", "kb_stays"}, {"templates", "template", "macro_by_hand"}} {
		if n(not.class) > 0 {
			d.Moves = append(d.Moves, Move{ID: not.id, Class: not.class, Not: n(not.class), Reasons: []Counted{{not.reason, n(not.class)}}})
		}
	}
	for _, class := range s.own {
		if n(class) > 0 {
			d.Moves = append(d.Moves, Move{ID: "own_class", Class: class, Not: n(class), Reasons: []Counted{{"own_class", n(class)}}})
		}
	}
	d.Moves = append(d.Moves, s.moveItems(d))
	d.Moves = slices.DeleteFunc(d.Moves, func(m Move) bool { return m.AsIs+m.Changed+m.Not == 0 })
}

// reasons adds those that hold for some row.
func reasons(m Move, all ...Counted) Move {
	for _, r := range all {
		if r.N > 0 {
			m.Reasons = append(m.Reasons, r)
		}
	}
	return m
}

func (s *survey) movePeople() Move {
	m := Move{ID: "people", Class: "employee"}
	var leaver, mute, merged int
	for _, p := range s.people.all {
		switch {
		case p.placeholder:
			m.Not++
			continue
		case p.email != 0 && !p.ahead:
			merged++
		case p.email == 0:
			mute++
		case p.removed:
			leaver++
		default:
			m.AsIs++
			continue
		}
		m.Changed++
	}
	return reasons(m, Counted{"merged", merged}, Counted{"no_email", mute}, Counted{"leaver", leaver}, Counted{"placeholder", m.Not})
}

func (s *survey) moveDepartments() Move {
	m := Move{ID: "departments", Class: "ou"}
	for _, used := range s.people.departments {
		count(&m.AsIs, used)
		count(&m.Changed, !used)
	}
	return reasons(m, Counted{"company_of_nobody", m.Changed})
}

func (s *survey) moveTickets() Move {
	m := Move{ID: "tickets", Class: "serviceCall"}
	by := map[string]int{}
	for _, t := range s.tickets {
		why := t.change()
		if why == "" {
			m.AsIs++
			continue
		}
		m.Changed++
		by[why]++
	}
	for _, why := range []string{"ticket_parts", "ticket_body", "ticket_nobody", "ticket_placeholder", "ticket_department", "ticket_hidden", "ticket_sender"} {
		m = reasons(m, Counted{why, by[why]})
	}
	return m
}

// change is the first reason why a ticket cannot move as it is.
func (t *ticket) change() string {
	switch {
	case t.parts() > maxParts:
		return "ticket_parts"
	case t.longText:
		return "ticket_body"
	case t.client == ofNobody:
		return "ticket_nobody"
	case t.client == ofPlaceholder:
		return "ticket_placeholder"
	case t.client == ofDepartment:
		return "ticket_department"
	case t.client == ofHidden:
		return "ticket_hidden"
	case t.client == ofSender:
		return "ticket_sender"
	}
	return ""
}

func (s *survey) moveComments(d *Document) Move {
	m := Move{ID: "comments", Class: "comment"}
	seated, others := 0, 0
	for _, p := range s.people.all {
		if s.seated(p) {
			seated += p.public + p.private
		} else {
			others += p.public + p.private
		}
	}
	elsewhere, kept := 0, 0
	for _, c := range d.Threads.Elsewhere {
		if slices.Contains([]string{"problem", "changeRequest", "task", "negotiation"}, c.Name) {
			kept += c.N
		} else {
			elsewhere += c.N
		}
	}
	m.AsIs = s.threads.asClient + s.threads.fromMail + seated
	nobody := s.threads.moved - m.AsIs - others
	m.Changed = others + nobody + kept
	m.Not = elsewhere + d.Threads.Copies + s.threads.orphans
	return reasons(m, Counted{"no_seat", others}, Counted{"no_author", nobody}, Counted{"dossier", kept}, Counted{"copy", d.Threads.Copies},
		Counted{"elsewhere", elsewhere}, Counted{"orphan", s.threads.orphans})
}

func (s *survey) moveFiles(d *Document) Move {
	m := Move{ID: "files", Class: "file", AsIs: s.files.movable, Not: s.files.homeless}
	m.Changed = d.Files.N - m.AsIs - m.Not
	return reasons(m, Counted{"file_decide", m.Changed}, Counted{"elsewhere", m.Not})
}

// moveItems are the values of catalogs: those that something points to become options of lists and tags.
func (s *survey) moveItems(d *Document) Move {
	m := Move{ID: "values", Class: "catalogs"}
	for _, code := range sorted(s.catalogs) {
		for key := range s.catalogs[code].items {
			count(&m.Changed, s.items[key] > 0)
			count(&m.Not, s.items[key] == 0)
		}
	}
	return reasons(m, Counted{"value_option", m.Changed}, Counted{"value_unused", m.Not})
}

// decide lists what the customer has to decide. What is about nothing in this tenant is left out.
func (s *survey) decide(d *Document) {
	add := func(id string, n int) {
		if n > 0 {
			d.Decisions = append(d.Decisions, Counted{id, n})
		}
	}
	add("as", d.Threads.Tickets)
	add("own_types", s.ownTypes())
	add("no_email", d.People.NoEmailActive)
	add("duplicates", d.People.DuplicateEmails)
	add("senders", d.People.PlaceholderTickets+d.People.NoClient+d.People.ClientDepartment)
	add("leavers", d.People.Archived)
	add("items", s.classes["objectBase"].n)
	add("problems", s.classes["problem"].n)
	add("changes", s.classes["changeRequest"].n)
	add("priority", s.catalogSize("priority"))
	add("own_fields", s.ownFields(d))
	own := 0
	for _, class := range s.own {
		own += s.classes[class].n
	}
	add("own_classes", own)
	add("long", d.Threads.OverParts+d.Threads.OverBody+d.Threads.OverTitle+d.Threads.OverFiles)
	add("files", d.Files.Empty+d.Files.TooBig)
	add("restricted", restricted(d, "type", "service", "team"))
	add("author_only", d.Files.AuthorOnly)
	secrets := 0
	for _, x := range d.Secrets {
		secrets += x.N
	}
	add("secrets", secrets)
	add("history", s.olderThan(d, 3))
	add("kb", s.classes["KB"].n)
	if d.Time.Verdict != "proven" {
		d.Decisions = append(d.Decisions, Counted{ID: "zone"})
	}
	if len(d.Unseen) > 0 {
		add("rights", len(d.Unseen))
	}
	if d.Region == "" {
		d.Decisions = append(d.Decisions, Counted{ID: "region"})
	}
	d.Decisions = append(d.Decisions, Counted{ID: "retention"})
}

func (s *survey) catalogSize(code string) int {
	if c := s.catalogs[code]; c != nil {
		return len(c.items)
	}
	return 0
}

// ownTypes are ticket types that the stock does not have.
func (s *survey) ownTypes() int {
	n := 0
	for typ := range s.rights.types {
		count(&n, !slices.Contains([]string{"serviceCall$serviceCall", "serviceCall$request", "serviceCall$call", "serviceCall"}, typ))
	}
	return n
}

// ownFields are filled attributes that the stock model does not have, of what moves.
func (s *survey) ownFields(d *Document) int {
	n := 0
	for _, c := range d.Classes {
		if !slices.Contains([]string{"serviceCall", "employee", "ou", "objectBase", "problem", "changeRequest"}, c.Name) {
			continue
		}
		for _, a := range c.Fields {
			count(&n, a.Own && a.Filled > 0)
		}
	}
	return n
}

func restricted(d *Document, what ...string) int {
	n := 0
	for _, r := range d.Restricted {
		count(&n, slices.Contains(what, r.What))
	}
	return n
}

// olderThan are tickets that were registered so many years before the newest date.
func (s *survey) olderThan(d *Document, years int) int {
	n, edge := 0, d.Newest.AddDate(-years, 0, 0).Format("2006-01")
	for _, m := range d.Months {
		if m.Name < edge {
			n += m.N
		}
	}
	return n
}

// The documented rate (IC 1.6), and what an apply keeps to of the reply throttle (IC 7 #18): calls and replies in ten
// seconds, the last within one conversation.
const (
	documentedGrant = 1667
	replyLimit      = 80
	threadLimit     = 8
)

// forecast counts calls after IC 5. Each ticket gets one dossier note, and one tag where it has a priority.
func (s *survey) forecast(d *Document, took time.Duration) {
	f := &d.Forecast
	s.forecastPull(d, took)
	lines := map[string]int{}
	people := d.People.N - s.merged()
	lines["contacts"] = people + d.People.Unregistered
	lines["companies"] = s.classes["ou"].n + s.classes["objectBase"].n
	lines["company_links"] = s.members() + s.hung.itemLinks
	lines["objects"] = s.classes["problem"].n + s.classes["changeRequest"].n
	for _, t := range s.tickets {
		files := (t.ownFiles + maxOfFiles - 1) / maxOfFiles // of the ticket itself: no first message carries them
		replies := t.parts() + files
		f.Replies += replies
		f.LongestThread = max(f.LongestThread, replies)
		lines["conversations"] += 2 // the create, the attributes
		lines["replies"] += replies
		lines["participants"] += t.watchers
		tags := 0
		count(&tags, t.hasTag)
		lines["tags"] += tags
		hands := 0
		count(&hands, t.hasTeam)
		if p := s.people.all[t.agent]; p != nil {
			count(&hands, s.seated(p))
		}
		lines["assignments"] += hands
		closing := 0
		count(&closing, t.closed)
		lines["closings"] += closing
		f.CallsAsTickets += 2 + replies + tags
	}
	for _, id := range callLines {
		f.Lines = append(f.Lines, CallLine{id, lines[id]})
		f.Calls += lines[id]
	}
	for _, id := range callLines[:4] {
		f.CallsAsTickets += lines[id]
	}
	f.Granted, f.GrantedFrom, f.Share, f.ReplyLimit = s.Granted, s.GrantedFrom, s.Share, replyLimit
	if f.Granted <= 0 {
		f.Granted, f.GrantedFrom = documentedGrant, "documented"
	}
	if f.Share <= 0 || f.Share > 1 {
		f.Share = 1
	}
	f.ApplyHours, f.Binds = applyHours(f, f.Granted)
	for _, granted := range []int{documentedGrant, 167, 83} {
		h, _ := applyHours(f, granted)
		f.At = append(f.At, AtGrant{granted, h})
	}
}

// callLines are the kinds of writes, the first four alike for conversations and tickets.
var callLines = []string{"contacts", "companies", "company_links", "objects", "conversations", "replies", "participants", "tags", "assignments", "closings"}

// applyHours is the longest of three: all calls at our share of the grant, all replies at the throttle, and those of the
// longest thread at the throttle of one conversation.
func applyHours(f *Forecast, granted int) (hours float64, binds string) {
	byRate := float64(f.Calls) / (float64(granted) * f.Share / 10) / 3600
	byReplies := float64(f.Replies) / (float64(f.ReplyLimit) / 10) / 3600
	byThread := float64(f.LongestThread) / (threadLimit / 10.0) / 3600
	if byThread > max(byRate, byReplies) {
		return round(byThread, 4), "thread"
	}
	if byReplies > byRate {
		return round(byReplies, 4), "replies"
	}
	return round(byRate, 4), "rate"
}

// members are contacts that belong to a department.
func (s *survey) members() int {
	n := 0
	for _, p := range s.people.all {
		count(&n, !p.placeholder && p.department && (p.email == 0 || p.ahead))
	}
	return n
}

// merged are people who share an address with one before them.
func (s *survey) merged() int {
	n := 0
	for _, p := range s.people.all {
		count(&n, p.email != 0 && !p.ahead)
	}
	return n
}

// A rule gives points: the n-th bound that the value has reached.
type rule struct {
	id     string
	value  int
	bounds []int
}

// grade adds up the points of the rules and lays the steps one after another.
func (s *survey) grade(d *Document) {
	g := &d.Grade
	used := 0
	for _, m := range d.Modules {
		count(&used, m.Signal == "used" && slices.Contains([]string{"problems", "changes", "assets", "approvals", "tasks", "work", "kb"}, m.ID))
	}
	odd := d.People.NoEmailActive + d.People.DuplicatePeople + d.People.Unregistered
	share := 0
	if d.People.N > 0 {
		share = 100 * odd / d.People.N
	}
	secrets := 0
	for _, x := range d.Secrets {
		secrets += x.N
	}
	proven := 1
	if d.Time.Verdict == "proven" {
		proven = 0
	}
	for _, r := range []rule{
		{"tickets", d.Threads.Tickets, []int{5001, 50001, 200001}},
		{"comments", d.Threads.Comments, []int{50001, 500001}},
		{"own_types", s.ownTypes(), []int{1, 4}},
		{"own_fields", s.ownFields(d), []int{11, 41}},
		{"modules", used, []int{3, 6}},
		{"odd_people", share, []int{5, 20}},
		{"limits", d.Threads.OverParts + d.Threads.OverBody + d.Threads.OverFiles + d.Files.TooBig, []int{1, 101}},
		{"restricted", restricted(d, "type", "service", "team", "files"), []int{1}},
		{"secrets", secrets, []int{1}},
		{"unseen", len(d.Unseen), []int{1}},
		{"zone", proven, []int{1}},
	} {
		p := Point{ID: r.id, Value: r.value, Max: len(r.bounds)}
		for _, b := range r.bounds {
			count(&p.Points, r.value >= b)
		}
		g.Points += p.Points
		g.Rules = append(g.Rules, p)
	}
	size := 0
	for _, b := range []int{5, 9, 13} {
		count(&size, g.Points >= b)
	}
	g.Letter = []string{"S", "M", "L", "XL"}[size]
	s.timeline(g, &d.Forecast, size)
}

// nightHours is how long deskform writes in a day: outside the desk's hours. It reads whenever the provider's window is open.
const nightHours = 12

// wholeDays are the days of a step that a machine takes.
func wholeDays(days float64) int { return max(1, int(math.Ceil(days))) }

func (s *survey) timeline(g *Grade, f *Forecast, size int) {
	day := 1
	for _, step := range []struct {
		id      string
		days    [4]int
		machine float64 // days that a machine takes; 0 for a step of people
	}{
		{"decisions", [4]int{2, 4, 6, 10}, 0},
		{"mapping", [4]int{3, 6, 10, 18}, 0},
		{"pull", [4]int{}, f.PullDays},
		{"rehearsal", [4]int{2, 3, 5, 8}, 0},
		{"pilot", [4]int{1, 2, 3, 5}, 0},
		{"apply", [4]int{}, f.ApplyHours / nightHours},
		{"cutover", [4]int{2, 3, 4, 6}, 0},
	} {
		st := Step{ID: step.id, From: day, Days: step.days[size]}
		if st.Days == 0 {
			st.Machine, st.Days = true, wholeDays(step.machine)
		} else {
			g.PeopleHours += 6 * st.Days
		}
		day += st.Days
		g.Steps = append(g.Steps, st)
	}
	g.Days = day - 1
}
