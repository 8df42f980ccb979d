// Package desk makes up an ITSM 365 tenant of any size, in the notation of the sandbox's data directory: a Desk is the
// folder, and its lines are made while they are read. The same size and seed give the same bytes.
//
// What there is how much of follows desks of real companies: callers, services and configuration items after
// Zipf-Mandelbrot (Callers, Items), 6 to 10 comments on most tickets with a tail to 700, a quarter of them private, a
// problem for 1.5 % of the tickets and a change for 1 %, half of the tickets handed over. REST shows no history (IT 3.7):
// a ticket that was handed over has a responsibleStartTime after its first minutes, and comments of who had it before.
//
// All stock types and states of tickets are there from about a thousand on; people who have left, without e-mail and with
// somebody else's; tickets of unregistered senders under «Служебный»; mail comments with their tail; quoted one-click
// links with a key; pictures in texts; mass tickets with copied comments; nested departments; items of catalogs that are
// removed and still referred to; a type, attributes and catalogs of the tenant's own.
package desk

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"
)

// MaxTickets is the largest desk: beyond it nobody waits for the start.
const MaxTickets = 1_000_000

// Desk is a tenant. It can be read from many goroutines.
type Desk struct {
	seed       uint64
	start, end int64 // Unix seconds between which tickets come in
	last       int   // the number given out last

	setup   map[string][][]byte // finished lines of what does not depend on tickets
	items   map[string]string   // catalog/code: UUID
	domains []string            // of the client companies

	people      []person
	teams       []team
	services    map[string]service
	agreements  []string
	assets      []asset
	placeholder string

	tickets  []ticket
	comments []comment
	files    []file
	side     [sides][]side
	order    [kinds][]int32 // by number
	open     map[string]int // tickets that are not done, by type

	classes map[string]iter.Seq[[]byte]
}

// The streams of chance: what is drawn in one moves nothing in another.
const (
	streamPeople = iota + 1
	streamTimes
	streamTicket
	streamSide
	streamText
	streamFile
	streamSender
	streamChange
	streamAsset
)

func (d *Desk) rand(stream uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(d.seed, stream<<32|uint64(i)))
}

// New makes the desk of so many tickets. It is modest: some 100 bytes for a comment, 300 for a ticket.
func New(tickets int, seed uint64) (*Desk, error) {
	if tickets < 1 || tickets > MaxTickets {
		return nil, fmt.Errorf("a desk has 1 to %d tickets, not %d", MaxTickets, tickets)
	}
	end := time.Date(2026, 9, 30, 15, 0, 0, 0, time.UTC).Unix()
	days := min(max(tickets/20, 90), 4*365)
	d := &Desk{seed: seed, start: end - int64(days)*day, end: end, last: 1000, setup: map[string][][]byte{}, items: map[string]string{}, services: map[string]service{}, open: map[string]int{}}
	people, agents := bounded(tickets/30, 60, 20000), bounded(tickets/800, 6, 80)
	d.addCatalogs()
	departments, clients := d.addOrganisation(bounded(people/25, 4, 200))
	d.addPeople(people, agents, departments, clients)
	d.addServices(clients)
	d.addAssets(bounded(tickets/25, 30, 20000))
	d.addArticles()
	d.addTickets(tickets)
	d.addSide()
	d.number()
	d.classes = d.sequences()
	return d, nil
}

func bounded(n, least, most int) int { return min(max(n, least), most) }

// Callers and Items are the exponents and shifts of their Zipf-Mandelbrot laws: the weight of rank k, from 1 on, is
// 1/(k+Shift)^Exponent.
var (
	Callers = Law{Exponent: 1, Shift: 2}
	Items   = Law{Exponent: 0.9, Shift: 3}
	Topics  = Law{Exponent: 0.8, Shift: 1}
)

// A Law is a Zipf-Mandelbrot law.
type Law struct{ Exponent, Shift float64 }

// Of returns the shares of n ranks, which add up to 1.
func (l Law) Of(n int) []float64 {
	w := make([]float64, n)
	sum := 0.0
	for k := range w {
		w[k] = 1 / math.Pow(float64(k+1)+l.Shift, l.Exponent)
		sum += w[k]
	}
	for k := range w {
		w[k] /= sum
	}
	return w
}

// A ranking picks ranks after a law.
type ranking []float64

func (l Law) ranking(n int) ranking {
	cum, sum := make(ranking, n), 0.0
	for k, w := range l.Of(n) {
		sum += w
		cum[k] = sum
	}
	return cum
}

func (c ranking) pick(r *rand.Rand) int {
	return min(sort.SearchFloat64s(c, r.Float64()), len(c)-1)
}

// What gets its number by the time at which it is made.
const (
	kindTicket = iota
	kindFile
	kindComment
	kindSide // and the kinds of side from here on
	kinds    = kindSide + int(sides)
)

type made struct {
	at  int64
	num int
}

// number gives everything numbers in the order of its time, from one counter (IT 8.3).
func (d *Desk) number() {
	type event struct {
		made *made
		kind int
		i    int32
	}
	var all []event
	for i := range d.tickets {
		all = append(all, event{&d.tickets[i].made, kindTicket, int32(i)})
	}
	for i := range d.files {
		all = append(all, event{&d.files[i].made, kindFile, int32(i)})
	}
	for i := range d.comments {
		all = append(all, event{&d.comments[i].made, kindComment, int32(i)})
	}
	for s := range d.side {
		for i := range d.side[s] {
			all = append(all, event{&d.side[s][i].made, kindSide + s, int32(i)})
		}
	}
	slices.SortFunc(all, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.made.at, b.made.at), cmp.Compare(a.kind, b.kind), cmp.Compare(a.i, b.i))
	})
	for _, e := range all {
		d.last++
		e.made.num = d.last
		d.order[e.kind] = append(d.order[e.kind], e.i)
	}
}
