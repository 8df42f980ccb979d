package desk

import (
	"math"
	"math/rand/v2"
	"slices"
)

type ticket struct {
	made
	class    string
	topic    int
	priority int    // -1 is null
	caller   int    // -1 is an unregistered sender
	asset    int    // -1 is none
	channel  string // of wayAdressing
	state    string
	agent    int // a person; -1 where a team or nobody is responsible
	team     int // -1 is nobody
	handed   int64
	passes   int // how often it was handed over
	reacted  int64
	solved   int64 // 0 is not yet
	stateAt  int64
	touched  int64 // last modified
	from, to int   // its comments
	picture  int   // a file; -1 is none
	master   int   // a ticket; -1 is none
	massive  bool
	twin     int // the ticket it is a duplicate of; -1 is none
	mark     int // 0 is none
	resumed  bool
}

// Who speaks in a comment.
const (
	voiceAgent = iota
	voiceClient
	voiceInternal
	voiceSystem
)

type comment struct {
	made
	ticket  int
	author  int // a person; -1 is nobody
	voice   int
	mail    bool // has the sender's address at its end
	link    bool // quotes a one-click link
	copyOf  int  // a comment; -1 is none
	copied  bool
	picture int // a file in the text; -1 is none
}

type file struct {
	made
	ticket  int
	comment int // -1: of the ticket itself
	inline  bool
	author  int // a person; -1 is nobody
}

// times are when tickets come in, in order: mostly on working days in Moscow.
func (d *Desk) times(n int) []int64 {
	r := d.rand(streamTimes, 0)
	list := make([]int64, n)
	for i := range list {
		at := d.start + r.Int64N(d.end-d.start-2*60*60)
		if r.IntN(100) < 90 {
			midnight := at / day * day
			for (midnight/day+4)%7 == 0 || (midnight/day+4)%7 == 6 { // Sunday, Saturday
				midnight -= day
			}
			at = midnight + 6*60*60 + int64((r.Float64()+r.Float64())/2*11*60*60)
		}
		list[i] = min(max(at, d.start), d.end-2*60*60)
	}
	slices.Sort(list)
	return list
}

// draws are what tickets are drawn from.
type draws struct {
	topics, callers, assets ranking
	ranked                  []int // people by rank as callers
	itsAssets               map[string][]int
}

func (d *Desk) addTickets(n int) {
	r := d.rand(streamTimes, 1)
	var callers []int
	for i, p := range d.people {
		if p.agent < 0 {
			callers = append(callers, i)
		}
	}
	r.Shuffle(len(callers), func(i, j int) { callers[i], callers[j] = callers[j], callers[i] })
	from := draws{topics: Topics.ranking(len(topics)), callers: Callers.ranking(len(callers)), ranked: callers, assets: Items.ranking(len(d.assets) / len(assetClasses)), itsAssets: map[string][]int{}}
	for i, a := range d.assets {
		from.itsAssets[a.class] = append(from.itsAssets[a.class], i)
	}
	slaves, master := 0, -1
	for i, at := range d.times(n) {
		r := d.rand(streamTicket, i)
		d.tickets = append(d.tickets, d.draw(r, from, at))
		t := &d.tickets[i]
		switch {
		case slaves > 0:
			slaves--
			t.master, t.topic, t.class = master, d.tickets[master].topic, "serviceCall$serviceCall"
		case i%300 == 150: // a breakdown that many report
			master, slaves = i, 3+r.IntN(6)
			t.massive, t.class = true, "serviceCall$serviceCall"
		case i > 0 && r.IntN(200) == 0:
			t.twin = i - 1
		}
		count := commentCount(r)
		if i == n/2 && n >= 1000 {
			count = MaxComments
		}
		d.live(r, i, count)
	}
}

// draw makes a ticket as it comes in.
func (d *Desk) draw(r *rand.Rand, from draws, at int64) ticket {
	t := ticket{made: made{at: at}, asset: -1, picture: -1, master: -1, twin: -1, priority: -1}
	t.topic = from.topics.pick(r)
	switch p := r.IntN(100); {
	case p < 62:
		t.class = "serviceCall$serviceCall"
	case p < 93:
		t.class = "serviceCall$request"
	case p < 98:
		t.class = "serviceCall$call"
	default:
		t.class = "serviceCall$complaint" // the tenant's own
	}
	t.channel = pick(r, "email", 45, "SD", 35, "phone", 15, "fromMobileApp", 3, "api", 2)
	if r.IntN(100) < 96 {
		t.priority = []int{3, 3, 3, 3, 3, 2, 2, 2, 1, 0}[r.IntN(10)]
	}
	for range 5 { // who has left calls no more
		t.caller = from.ranked[from.callers.pick(r)]
		if left := d.people[t.caller].left; left == 0 || left > at {
			break
		}
	}
	if t.channel == "email" && r.IntN(100) < 7 {
		t.caller = -1
	}
	if list := from.itsAssets[topics[t.topic].asset]; len(list) > 0 {
		t.asset = list[min(from.assets.pick(r), len(list)-1)]
	}
	return t
}

// pick draws one of pairs of a text and its share in percent.
func pick(r *rand.Rand, pairs ...any) string {
	p := r.IntN(100)
	for i := 0; i < len(pairs); i += 2 {
		if p -= pairs[i+1].(int); p < 0 {
			return pairs[i].(string)
		}
	}
	return pairs[len(pairs)-2].(string)
}

// MaxComments is the length of the longest thread, which a desk of 1,000 tickets and more has once for sure.
const MaxComments = 700

// commentCount draws how many comments a ticket has: 6 to 10 for seven in ten, fewer for two, and a Pareto tail from 40
// on for one in 200.
func commentCount(r *rand.Rand) int {
	switch p := r.IntN(1000); {
	case p < 700:
		return 6 + r.IntN(5)
	case p < 930:
		return r.IntN(6)
	case p < 995:
		return 11 + r.IntN(29)
	}
	return min(int(40*math.Pow(1-r.Float64(), -1/1.2)), MaxComments)
}

// A holder is who has a ticket from some time on.
type holder struct {
	at    int64
	agent int
}

// live lets a ticket pass: who has it, what is said, how it ends.
func (d *Desk) live(r *rand.Rand, i, count int) {
	t := &d.tickets[i]
	life := int64(math.Exp(math.Log(20*60*60) + 1.2*r.NormFloat64()))
	if r.IntN(50) == 0 {
		life *= 30 // forgotten
	}
	if count > 40 {
		life = max(life, int64(count)*2*60*60)
	}
	over := t.at + max(life, 15*60)
	last := min(over, d.end)
	holders := d.holders(r, t, last)
	d.talk(r, i, count, last, holders)
	d.copyComments(r, i, last)
	if t.passes == 0 && r.IntN(20) == 0 {
		t.agent = -1 // the team alone
	}
	t.stateAt, t.touched = t.at, t.at
	if over < d.end {
		d.solve(r, t, over)
	} else {
		d.leaveOpen(t, last)
	}
	if t.to > t.from {
		t.touched = max(t.touched, d.comments[t.to-1].at)
	}
	d.attach(r, i)
}

// holders hands a ticket from one agent to the next: every second ticket once at least.
func (d *Desk) holders(r *rand.Rand, t *ticket, last int64) []holder {
	t.team = 0
	if r.IntN(3) == 0 {
		t.team = d.services[topics[t.topic].service].team
	}
	t.handed = t.at + int64(r.IntN(60))
	list := []holder{{t.handed, d.member(r, t.team)}}
	for passes := 0; r.IntN(2) == 0 && passes < 6; passes++ {
		at := list[len(list)-1].at + 10*60 + r.Int64N(max((last-t.at)/2, 1))
		if at > last && passes > 0 {
			break
		}
		t.team = r.IntN(len(d.teams))
		t.handed, t.passes = at, passes+1
		list = append(list, holder{at, d.member(r, t.team)})
	}
	t.agent = list[len(list)-1].agent
	return list
}

func (d *Desk) member(r *rand.Rand, team int) int {
	members := d.teams[team].members
	return members[r.IntN(len(members))]
}

func at(list []holder, when int64) int {
	agent := list[0].agent
	for _, h := range list {
		if h.at <= when {
			agent = h.agent
		}
	}
	return agent
}

// talk makes the comments of a ticket.
func (d *Desk) talk(r *rand.Rand, i, count int, last int64, holders []holder) {
	t := &d.tickets[i]
	times := make([]int64, count)
	for k := range times {
		times[k] = t.at + 60 + r.Int64N(max(last-t.at-60, 60))
	}
	slices.Sort(times)
	t.from = len(d.comments)
	for _, when := range times {
		c := comment{made: made{at: when}, ticket: i, author: at(holders, when), copyOf: -1, picture: -1}
		switch p := r.IntN(100); {
		case p < 25:
			c.voice = voiceInternal
		case p < 56:
			c.voice = voiceClient
			c.author = t.caller
			c.mail = t.channel == "email"
			if c.mail && r.IntN(25) == 0 {
				c.author = -1 // a colleague whom nobody knows
			}
			c.link = c.mail && r.IntN(40) == 0
		case p < 57:
			c.voice, c.author = voiceSystem, -1
		}
		if c.voice == voiceAgent && t.reacted == 0 {
			t.reacted = when
		}
		d.comments = append(d.comments, c)
	}
	t.to = len(d.comments)
}

// copyComments copies what agents said in a mass ticket to its slaves (IT 2.7).
func (d *Desk) copyComments(r *rand.Rand, i int, last int64) {
	t := &d.tickets[i]
	if t.master < 0 {
		return
	}
	m := d.tickets[t.master]
	for k := m.from; k < m.to; k++ {
		o := &d.comments[k]
		if o.voice != voiceAgent || o.at < t.at || o.at > last {
			continue
		}
		o.copied = true
		d.comments = append(d.comments, comment{made: made{at: o.at + 1 + int64(r.IntN(5))}, ticket: i, author: o.author, copyOf: k, picture: -1})
	}
	t.to = len(d.comments)
	slices.SortStableFunc(d.comments[t.from:t.to], func(a, b comment) int { return int(a.at - b.at) })
}

// solve ends a ticket; three days later it is closed (IT 5.3).
func (d *Desk) solve(r *rand.Rand, t *ticket, over int64) {
	t.solved, t.stateAt, t.touched, t.state = over, over, over, "resolved"
	t.resumed = t.class != "serviceCall$call" && r.IntN(33) == 0
	if closed := over + 3*day; closed < d.end || t.class == "serviceCall$call" {
		t.state, t.stateAt, t.touched = "closed", min(closed, d.end), min(closed, d.end)
		if t.class != "serviceCall$call" && r.IntN(4) == 0 {
			t.mark = []int{5, 5, 5, 5, 5, 5, 4, 4, 3, 2, 1}[r.IntN(11)]
		}
	}
}

// The states of what is not done, in turn, so that each is there: incidents are not deferred, and calls are new or closed
// (IT 3.2).
var (
	openRequests  = []string{"inprogress", "waitClientAnswer", "deferred", "registered", "inprogress", "resumed"}
	openIncidents = []string{"inprogress", "waitClientAnswer", "registered", "inprogress", "resumed"}
)

func (d *Desk) leaveOpen(t *ticket, last int64) {
	states := openIncidents
	switch t.class {
	case "serviceCall$call":
		states = []string{"registered"}
	case "serviceCall$request":
		states = openRequests
	}
	turn := d.open[t.class]
	d.open[t.class]++
	t.state = states[turn%len(states)]
	t.resumed = t.state == "resumed"
	if t.state != "registered" {
		t.stateAt = t.at + (last-t.at)/2
		t.touched = t.stateAt
	} else if t.passes == 0 && turn%2 == 0 {
		t.agent, t.team, t.handed = -1, -1, 0
	}
}

// attach makes the files of a ticket and its comments.
func (d *Desk) attach(r *rand.Rand, i int) {
	t := &d.tickets[i]
	if r.IntN(12) == 0 {
		d.files = append(d.files, file{made: made{at: t.at}, ticket: i, comment: -1, author: t.caller})
	}
	if r.IntN(40) == 0 {
		t.picture = len(d.files)
		d.files = append(d.files, file{made: made{at: t.at}, ticket: i, comment: -1, inline: true, author: t.caller})
	}
	for k := t.from; k < t.to; k++ {
		c := &d.comments[k]
		if c.copyOf >= 0 || c.voice == voiceSystem {
			continue
		}
		switch p := r.IntN(100); {
		case p < 3:
			d.files = append(d.files, file{made: made{at: c.at}, ticket: i, comment: k, author: c.author})
		case p < 4:
			c.picture = len(d.files)
			d.files = append(d.files, file{made: made{at: c.at}, ticket: i, comment: k, inline: true, author: c.author})
		}
	}
}
