package scope

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// members are the names of an object's members, the first five.
func members(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, ident(k))
	}
	sort.Strings(out)
	return out[:min(len(out), 5)]
}

// A person is what is kept of one: flags, a hash, a time.
type person struct {
	agent, licensed, outside, removed, placeholder bool
	email                                          uint64 // hash of the address in lower case; 0 for none
	last                                           time.Time
	acted                                          bool // did what agents do: answered, solved, wrote a note
	ahead                                          bool // does not share the address, or is the first who has it
	// Comments on tickets of others.
	public, private int
	department      bool
}

type people struct {
	all         map[string]*person
	byHash      map[uint64]*person
	emails      map[uint64]int
	departments map[uint64]bool // true: somebody belongs to it
	strangers   sketch
}

func (p *people) init() {
	p.all, p.byHash, p.emails, p.departments = map[string]*person{}, map[uint64]*person{}, map[uint64]int{}, map[uint64]bool{}
}

// placeholderName is what the mail intake calls an unknown sender (IT 5.3).
const placeholderName = "служебный"

func (s *survey) person(key, typ string, o object) {
	p := &person{removed: o.is("removed"), outside: typ == "employee$contactPerson"}
	p.licensed = licensed(o["license"])
	p.agent = o.is("performer") || len(o.links("teams")) > 0 || p.licensed
	p.placeholder = strings.EqualFold(strings.TrimSpace(o.text("lastName")), placeholderName) || strings.EqualFold(strings.TrimSpace(o.text("title")), placeholderName)
	if mail := strings.ToLower(strings.TrimSpace(o.text("email"))); mail != "" && !p.placeholder {
		p.email = hash(mail)
		s.people.emails[p.email]++
		p.ahead = s.people.emails[p.email] == 1
	}
	if parent := o.link("parent"); parent != "" {
		p.department = true
		if _, listed := s.people.departments[hash(parent)]; listed {
			s.people.departments[hash(parent)] = true
		}
	}
	if !p.placeholder {
		for _, code := range []string{"lastName", "firstName", "middleName"} {
			s.names.add(o.text(code))
		}
		s.names.addMail(o.text("email"))
	}
	s.people.all[key], s.people.byHash[hash(key)] = p, p
}

// licensed reads the list of licences (IT 3.4).
func licensed(v any) bool {
	list, _ := v.([]any)
	return slices.ContainsFunc(list, func(e any) bool {
		name, _ := e.(string)
		return name != "" && name != "notLicensed"
	})
}

// act notes that somebody did what agents do. Times that have not come yet do not count.
func (s *survey) act(key string, at time.Time) {
	p := s.people.all[key]
	if p == nil || at.After(s.now.Add(2*time.Minute)) {
		return
	}
	p.acted = true
	if at.After(p.last) {
		p.last = at
	}
}

// activeDays is how far back an agent counts as active.
const activeDays = 90

// active reports who did something in the last activeDays days before the newest date of the data.
func (s *survey) active(p *person) bool {
	return (p.agent || p.acted) && !p.last.IsZero() && !p.last.Before(s.newest.AddDate(0, 0, -activeDays))
}

// seated are agents who get a seat.
func (s *survey) seated(p *person) bool { return !p.removed && !p.placeholder && s.active(p) }

// seats counts so that Buy without Unflagged, and Rest, are the agents that People counts.
func (s *survey) seats() Seats {
	out := Seats{Days: activeDays}
	for _, p := range s.people.all {
		if p.placeholder || !p.agent && !p.acted {
			continue
		}
		switch {
		case s.seated(p):
			out.Buy++
			if !p.agent {
				out.Unflagged++
			}
		case !p.agent:
			out.Others++
		default:
			out.Rest++
			count(&out.Left, s.active(p))
		}
	}
	return out
}

func (s *survey) peopleCounts() People {
	var out People
	for _, p := range s.people.all {
		if p.placeholder {
			out.Placeholders++
			continue
		}
		out.N++
		count(&out.Outside, p.outside)
		count(&out.Archived, p.removed)
		count(&out.Agents, p.agent)
		count(&out.NoEmail, p.email == 0)
		count(&out.NoEmailActive, p.email == 0 && !p.removed)
		count(&out.NoDepartment, !p.department)
		count(&out.DuplicatePeople, p.email != 0 && s.people.emails[p.email] > 1)
	}
	for _, n := range s.people.emails {
		count(&out.DuplicateEmails, n > 1)
	}
	out.Unregistered, out.UnregisteredEstimate = s.people.strangers.count()
	for _, t := range s.tickets {
		count(&out.PlaceholderTickets, t.client == ofPlaceholder)
		count(&out.ClientDepartment, t.client == ofDepartment)
		count(&out.NoClient, t.client == ofNobody)
	}
	return out
}

func count(n *int, when bool) {
	if when {
		*n++
	}
}
