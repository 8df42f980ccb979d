package scope

import (
	"slices"
	"strings"
	"time"
)

// screenLayout is how the service shows a time (IT 2.5).
const screenLayout = "02.01.2006 15:04"

// ParseScreenTime reads a time as a screen of the service shows it.
func ParseScreenTime(s string) (time.Time, error) {
	return time.Parse(screenLayout, strings.TrimSpace(s))
}

// timeProof holds the zone against the screen. Readings that the stated zone meets are no proof as long as another zone meets
// them too and has another offset at some time from the oldest date to the newest: Europe/Berlin is Africa/Lagos in winter.
func (s *survey) timeProof(screen *time.Location, from string) TimeProof {
	p := TimeProof{ScreenZone: screen.String(), From: from, Verdict: "not_asked", Hours: s.hours, Future: counts(s.future)}
	all, day := 0, 0
	for h, n := range s.hours {
		all += n
		if h >= 8 && h < 20 {
			day += n
		}
	}
	if all > 0 {
		p.Day = round(float64(day)/float64(all), 3)
	}
	matched := 0
	var readings []reading
	offs := map[int]bool{}
	for _, number := range slices.SortedFunc(mapKeys(s.ExpectTime), byNumber) {
		c := s.timeCheck(number, screen)
		if c.Found != "" {
			p.Checked++
			count(&matched, c.Match)
			offs[s.off(c)] = true
			readings = append(readings, reading{c.Expected, s.expected[number]})
		}
		p.Checks = append(p.Checks, c)
	}
	switch {
	case len(p.Checks) == 0:
	case p.Checked == 0:
		p.Verdict = "not_found"
	case matched == p.Checked && from == "provider": // any zone is met on a screen of its own
		p.Verdict = "met"
	case matched == p.Checked:
		p.Verdict = "proven"
		if others := s.rivals(&p, readings, screen); len(others) > 0 {
			p.Verdict, p.Months = "met", telling(sorted(s.months), s.Zone, others)
		}
	case len(offs) == 1:
		p.Verdict = "wrong"
		for off := range offs {
			p.OffMinutes = off
		}
		s.rivals(&p, readings, screen)
	default:
		p.Verdict = "mixed"
		s.rivals(&p, readings, screen)
	}
	return p
}

// maxZones is how many zones are named.
const maxZones = 3

// rivals names the other zones that meet the readings.
func (s *survey) rivals(p *TimeProof, readings []reading, screen *time.Location) []*time.Location {
	others := fitting(readings, s.Zone, screen, s.oldest, s.newest)
	p.OthersN = len(others)
	for _, zone := range others[:min(len(others), maxZones)] {
		p.Others = append(p.Others, zone.String())
	}
	return others
}

func (s *survey) timeCheck(number string, screen *time.Location) TimeCheck {
	c := TimeCheck{Number: number, Expected: strings.TrimSpace(s.ExpectTime[number])}
	for _, at := range s.expected[number] {
		shown := at.In(screen).Format(screenLayout)
		if c.Found == "" || shown == c.Expected {
			c.Found, c.Match = shown, shown == c.Expected
		}
		if c.Match {
			break
		}
	}
	return c
}

// off is by how many minutes a ticket's time is later than the screen's.
func (s *survey) off(c TimeCheck) int {
	found, err := ParseScreenTime(c.Found)
	want, err2 := ParseScreenTime(c.Expected)
	if err != nil || err2 != nil {
		return 0
	}
	return int(found.Sub(want) / time.Minute)
}

// A reading is a time read off the screen, and what the service says of the ticket: times without a zone.
type reading struct {
	want string
	wall []time.Time
}

// metIn reports whether a server in a zone shows the reading on a screen.
func (r reading) metIn(zone, screen *time.Location) bool {
	return slices.ContainsFunc(r.wall, func(t time.Time) bool {
		at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
		return at.In(screen).Format(screenLayout) == r.want
	})
}

// fitting are the zones in which the server meets all readings, one of each kind of offsets between two times; those that are
// the stated zone there are left out.
func fitting(readings []reading, stated, screen *time.Location, from, to time.Time) []*time.Location {
	known := [][]shift{shifts(stated, from, to)}
	var out []*time.Location
	for _, zone := range zones() {
		if slices.ContainsFunc(readings, func(r reading) bool { return !r.metIn(zone, screen) }) {
			continue
		}
		s := shifts(zone, from, to)
		if !slices.ContainsFunc(known, func(k []shift) bool { return sameShifts(k, s) }) {
			known = append(known, s)
			out = append(out, zone)
		}
	}
	return out
}
