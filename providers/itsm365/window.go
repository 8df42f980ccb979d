package itsm365

import (
	"fmt"
	"strings"
	"time"
)

// windows are the times in which calls may be made; none means always.
type windows struct {
	zone  *time.Location
	spans []span
}

// A span is a part of each day, which may reach over midnight, or a whole day of the week.
type span struct {
	from, to time.Duration // since midnight
	day      time.Weekday
	whole    bool
}

var weekdays = map[string]time.Weekday{"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday}

// windowsFrom reads "20:00-06:00, sat, sun".
func windowsFrom(s string, zone *time.Location) (windows, error) {
	w := windows{zone: zone}
	if strings.TrimSpace(s) == "" {
		return w, nil
	}
	for item := range strings.SplitSeq(s, ",") {
		item = strings.ToLower(strings.TrimSpace(item))
		if day, ok := weekdays[item]; ok {
			w.spans = append(w.spans, span{day: day, whole: true})
			continue
		}
		from, to, ok := strings.Cut(item, "-")
		begin, err1 := clockTime(from)
		end, err2 := clockTime(to)
		if !ok || err1 != nil || err2 != nil || begin == end {
			return w, fmt.Errorf("%q is no window; write 20:00-06:00, or a day: sat", item)
		}
		w.spans = append(w.spans, span{from: begin, to: end})
	}
	return w, nil
}

func clockTime(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", s)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// open reports whether calls may be made at a time.
func (w windows) open(at time.Time) bool {
	if len(w.spans) == 0 {
		return true
	}
	at = at.In(w.zone)
	since := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
	for _, s := range w.spans {
		switch {
		case s.whole && at.Weekday() == s.day,
			!s.whole && s.from < s.to && since >= s.from && since < s.to,
			!s.whole && s.from > s.to && (since >= s.from || since < s.to):
			return true
		}
	}
	return false
}

// next is when calls may be made again, at itself when they may now. Spans begin at full minutes.
func (w windows) next(at time.Time) time.Time {
	if w.open(at) {
		return at
	}
	t := at.Truncate(time.Minute)
	for range 8 * 24 * 60 {
		if t = t.Add(time.Minute); w.open(t) {
			return t
		}
	}
	return at
}
