package scope

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the zones must not depend on the machine
)

// zonesText are the names of the zones that a server may be in.
//
//go:embed zones.txt
var zonesText string

// zones are those of zones.txt that this machine knows, loaded when they are first asked for.
var zones = sync.OnceValue(func() []*time.Location {
	var out []*time.Location
	for line := range strings.Lines(zonesText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, name := range strings.Fields(line) {
			if hours, ok := strings.CutPrefix(name, "UTC"); ok {
				n, _ := strconv.Atoi(hours) // none of UTC itself
				out = append(out, time.FixedZone(name, n*3600))
			} else if zone, err := time.LoadLocation(name); err == nil {
				out = append(out, zone)
			}
		}
	}
	return out
})

// A shift is an offset from UTC, in seconds, and since when.
type shift struct {
	since  time.Time
	offset int
}

// shifts are the offsets that a zone has from one time to another; the first begins there.
func shifts(zone *time.Location, from, to time.Time) []shift {
	var out []shift
	for at := from; ; {
		in := at.In(zone)
		_, offset := in.Zone()
		if n := len(out); n == 0 || out[n-1].offset != offset { // a zone may change its name alone
			out = append(out, shift{at, offset})
		}
		_, end := in.ZoneBounds()
		if end.IsZero() || end.After(to) {
			return out
		}
		at = end
	}
}

func sameShifts(a, b []shift) bool {
	return slices.EqualFunc(a, b, func(a, b shift) bool { return a.offset == b.offset && a.since.Equal(b.since) })
}

// maxMonths is how many months are proposed for a further reading.
const maxMonths = 3

// telling are the months whose tickets tell the rivals from the stated zone, as few as will do and late ones rather than early
// ones: months in which every ticket does, then those in which one of the middle does. A rival that differs in none of the
// months is told by none.
func telling(months []string, stated *time.Location, rivals []*time.Location) []string {
	var out []string
	left := slices.Clone(rivals)
	for _, days := range [][]int{{-1, 14, 32}, {14}} {
		for len(left) > 0 && len(out) < maxMonths {
			best, rest := "", left
			for _, month := range slices.Backward(months) {
				if still := alike(month, days, stated, left); len(still) < len(rest) {
					best, rest = month, still
				}
			}
			if best == "" {
				break
			}
			out, left = append(out, best), rest
		}
	}
	slices.Sort(out)
	return out
}

// alike are the rivals that have the stated zone's offset so many days after the beginning of a month.
func alike(month string, days []int, stated *time.Location, rivals []*time.Location) []*time.Location {
	first, err := time.Parse("2006-01", month)
	if err != nil {
		return rivals
	}
	var out []*time.Location
	for _, zone := range rivals {
		if slices.ContainsFunc(days, func(n int) bool {
			at := first.AddDate(0, 0, n)
			_, a := at.In(stated).Zone()
			_, b := at.In(zone).Zone()
			return a == b
		}) {
			out = append(out, zone)
		}
	}
	return out
}
