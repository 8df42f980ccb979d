package sandbox

// The notification ledger: what would have told a human something (IC 8, traps 9 and 35). Avoidable is what another call
// or a flag would have kept quiet; unavoidable is what no flag can. Contacts and teammates are counted apart.
//
//	POST /conversations                         1 teammate, unavoidable: they may be told, skip_notifications does not exist
//	reply by a contact to a conversation        1 teammate, unavoidable: likewise
//	assignment of a conversation                1 teammate, unavoidable: likewise
//	participant added                           1 contact, unavoidable: likewise, with an e-mail address or without
//	convert                                     1 contact and 1 teammate, unavoidable: likewise
//	comment of a teammate, not skipped          avoidable for each contact of the conversation who has an e-mail address
//	a body on close, assignment or snooze       1 contact, avoidable: it is a message of its own
//	ticket created or updated, not skipped      avoidable: 1 teammate, and each contact who has an e-mail address when it is shared
//	reply by a contact to a ticket, not skipped 1 teammate, avoidable
//	notes, tags, attributes, titles, close, snooze, open, links, archiving: nobody
type ledger struct {
	contacts, teammates Reach
	by                  map[string]int
}

// Reach is how many notifications went to contacts or to teammates.
type Reach struct {
	Avoidable   int `json:"avoidable"`
	Unavoidable int `json:"unavoidable"`
}

// Notifications are the ledger's counts; Avoidable and Unavoidable are the sums over contacts and teammates.
type Notifications struct {
	Avoidable   int            `json:"avoidable"`
	Unavoidable int            `json:"unavoidable"`
	ByOperation map[string]int `json:"by_operation"`
	Contacts    Reach          `json:"contacts"`
	Teammates   Reach          `json:"teammates"`
}

func (l *ledger) add(op string, to *int, n int) {
	if n > 0 {
		*to += n
		l.by[op] += n
	}
}

// cannotAvoid counts a teammate whom no flag keeps from being told, tellsContact a contact.
func (l *ledger) cannotAvoid(op string)  { l.add(op, &l.teammates.Unavoidable, 1) }
func (l *ledger) tellsContact(op string) { l.add(op, &l.contacts.Unavoidable, 1) }

// couldAvoid counts contacts whom a flag would have left alone, couldTellAll them and a teammate.
func (l *ledger) couldAvoid(op string, n int) { l.add(op, &l.contacts.Avoidable, n) }
func (l *ledger) couldTellAll(op string, contacts int) {
	l.couldAvoid(op, contacts)
	l.add(op, &l.teammates.Avoidable, 1)
}

func (l *ledger) counts() Notifications {
	n := Notifications{l.contacts.Avoidable + l.teammates.Avoidable, l.contacts.Unavoidable + l.teammates.Unavoidable, map[string]int{}, l.contacts, l.teammates}
	for k, v := range l.by {
		n.ByOperation[k] = v
	}
	return n
}

// reachable counts the contacts of a thread whom a message would reach: those with an e-mail address (IC trap 40), and
// none of a ticket that is not shared with them.
func (s *Server) reachable(v *conversation) int {
	n := 0
	for _, id := range v.contacts() {
		if k := s.byID[id]; k != nil && k.email != "" && (v.ticket == nil || v.ticket.shared) {
			n++
		}
	}
	return n
}
