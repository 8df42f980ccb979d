package itsm365

import "time"

// OpenFor is for how long, between two times, calls may be made by the block's window: all the time where it has none.
func (s *Source) OpenFor(from, to time.Time) time.Duration {
	if len(s.windows.spans) == 0 {
		return to.Sub(from)
	}
	var open time.Duration
	for at := from; at.Before(to); {
		next := at.Truncate(time.Minute).Add(time.Minute) // windows begin and end at full minutes
		if next.After(to) {
			next = to
		}
		if s.windows.open(at) {
			open += next.Sub(at)
		}
		at = next
	}
	return open
}
