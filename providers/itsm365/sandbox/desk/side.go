package desk

import "math/rand/v2"

// The kinds of what hangs on tickets.
const (
	sideTask = iota
	sideApproval
	sideVote
	sideWork
	sideProblem
	sideChange
	sides
)

// side is one of them.
type side struct {
	made
	tickets []int // those it is about; the second list of a change is in results
	results []int
	of      int // a vote's approval, a change's problem; -1 is none
	person  int
	state   string
	ended   int64 // 0 is not yet
	asset   int   // -1 is none
	n       int   // its number within the kind
}

var (
	taskStates     = []string{"closed", "closed", "closed", "resolved", "inprogress", "registered", "resumed", "stopped"}
	workStates     = []string{"closed", "closed", "registered", "rejected"}
	approvalStates = []string{"accepted", "accepted", "accepted", "rejected", "registered", "overdue", "closed"}
	problemStates  = []string{"closed", "solved", "diagnosing", "registered", "applyDecision", "deferred"}
	changeStates   = []string{"closed", "registered", "negotiating", "plan", "inprogress", "deferred", "test", "implementation", "mark", "undertow", "declined"}
	voteOf         = map[string]string{"accepted": "accepted", "rejected": "closed", "registered": "registered", "overdue": "overdue", "closed": "accepted"}
)

func (d *Desk) addSide() {
	for i := range d.tickets {
		r := d.rand(streamSide, i)
		t := &d.tickets[i]
		if r.IntN(20) == 0 {
			d.put(sideTask, side{tickets: []int{i}, made: d.after(r, t.at), person: d.anyAgent(r), state: d.next(sideTask, taskStates)})
		}
		if r.IntN(100) < 15 {
			d.put(sideWork, side{tickets: []int{i}, made: d.after(r, t.at), person: d.anyAgent(r), state: d.next(sideWork, workStates)})
		}
		if t.class == "serviceCall$request" && r.IntN(5) == 0 {
			d.approve(r, i)
		}
		if r.IntN(1000) < 15 {
			d.join(r, sideProblem, i, 3, problemStates)
		}
		if r.IntN(1000) < 10 {
			d.join(r, sideChange, i, 2, changeStates)
		}
	}
	for i := range d.side[sideChange] {
		r := d.rand(streamChange, i)
		c := &d.side[sideChange][i]
		if n := len(d.side[sideProblem]); n > 0 && i%3 == 0 {
			c.of = r.IntN(n)
		}
		if i%4 == 1 {
			c.results = []int{r.IntN(len(d.tickets))}
		}
	}
}

func (d *Desk) put(kind int, s side) {
	s.n = len(d.side[kind])
	if s.state != "registered" {
		s.ended = min(s.at+day, d.end)
	}
	d.side[kind] = append(d.side[kind], s)
}

// next goes through the states in turn, so that each is there.
func (d *Desk) next(kind int, states []string) string { return states[len(d.side[kind])%len(states)] }

func (d *Desk) after(r *rand.Rand, at int64) made {
	return made{at: min(at+10*60+r.Int64N(8*60*60), d.end)}
}

func (d *Desk) anyAgent(r *rand.Rand) int { return d.member(r, r.IntN(len(d.teams))) }

// approve makes the approval of a request and its votes; one that is rejected has a vote against it, whose state is
// closed (IT 3.6).
func (d *Desk) approve(r *rand.Rand, i int) {
	state := d.next(sideApproval, approvalStates)
	of := len(d.side[sideApproval])
	m := d.after(r, d.tickets[i].at)
	d.put(sideApproval, side{made: m, tickets: []int{i}, person: d.anyAgent(r), state: state})
	for v := range 2 + r.IntN(2) {
		vote := voteOf[state]
		if state == "rejected" && v > 0 {
			vote = "accepted"
		}
		d.put(sideVote, side{made: made{at: m.at + 1}, tickets: []int{i}, of: of, person: d.anyAgent(r), state: vote})
	}
}

// join puts a ticket into the latest problem or change, or into a new one.
func (d *Desk) join(r *rand.Rand, kind, i, size int, states []string) {
	list := d.side[kind]
	if n := len(list); n > 0 && len(list[n-1].tickets) < size {
		list[n-1].tickets = append(list[n-1].tickets, i)
		return
	}
	d.put(kind, side{made: d.after(r, d.tickets[i].at), tickets: []int{i}, of: -1, person: d.anyAgent(r), state: d.next(kind, states), asset: d.tickets[i].asset})
}
