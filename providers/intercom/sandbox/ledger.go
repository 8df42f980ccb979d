package sandbox

// The notification ledger: what would have told a human something (IC 8, traps 9 and 35). Avoidable is what another call
// or a flag would have kept quiet; unavoidable is what no flag can.
//
//	POST /conversations                         1 unavoidable: teammates may be told, skip_notifications does not exist
//	reply by a contact                          1 unavoidable: likewise
//	assignment to a teammate or a team          1 unavoidable: likewise
//	comment of a teammate, not skipped          1 avoidable for each contact of the conversation who has an e-mail address
//	a body on close, assignment or snooze       1 avoidable: it is a message of its own
//	notes, tags, attributes, titles, close, snooze, open, links, archiving: nobody
type ledger struct {
	avoidable, unavoidable int
	by                     map[string]int
}

// Notifications are the ledger's counts.
type Notifications struct {
	Avoidable   int            `json:"avoidable"`
	Unavoidable int            `json:"unavoidable"`
	ByOperation map[string]int `json:"by_operation"`
}

func (l *ledger) cannotAvoid(op string) { l.unavoidable++; l.by[op]++ }

func (l *ledger) couldAvoid(op string, n int) {
	if n > 0 {
		l.avoidable += n
		l.by[op] += n
	}
}

func (l *ledger) counts() Notifications {
	n := Notifications{l.avoidable, l.unavoidable, map[string]int{}}
	for k, v := range l.by {
		n.ByOperation[k] = v
	}
	return n
}
