package plan

import (
	"math"
	"strconv"
	"strings"
)

// ContinuationKey is the key of the n-th object of a record's thread; the first one has the record's own.
func ContinuationKey(root string, n int) string {
	if n <= 1 {
		return root
	}
	return root + "#" + strconv.Itoa(n)
}

// ContinuationOf reads what ContinuationKey writes for a second or later object; ok is false for every other key.
func ContinuationOf(key string) (root string, n int, ok bool) {
	i := strings.LastIndexByte(key, '#')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(key[i+1:])
	if err != nil || n < 2 || ContinuationKey(key[:i], n) != key {
		return "", 0, false
	}
	return key[:i], n, true
}

// ThreadList is the list of what the objects of a thread say of each other; each has its own.
const ThreadList = "thread"

// A Segment is one object of a thread, as far as it is known.
type Segment struct {
	// Has names the parts that are in it or may be: those that the state or Intercom shows there, and those of which nobody
	// knows whether they were written.
	Has map[PartName]bool
	// Holds is how many parts stand in it, those that the source has no more included.
	Holds int
	// First is the time of the part that was written to it first, 0 for nothing that has a time.
	First int64
}

// A PartName tells a part from all others of its record.
type PartName struct{ List, Key string }

// Divide shares the parts of a record out to the objects of its thread, each with at most most parts; 0 is no bound, so that
// no object is added. parts are in the order of the source, and so is each share.
//
// Its promise is that nothing moves: a part that one of the objects has stays there, whatever has become of the others.
// Every part is in exactly one share. One that no object has goes where its time belongs if there is room, which there is
// only where a run was cut off, else on at the end, however old it is.
func Divide(parts []PartWant, there []Segment, most int) [][]PartWant {
	segs := append([]Segment(nil), there...)
	if len(segs) == 0 {
		segs = append(segs, Segment{})
	}
	place := make([]int, len(parts))
	for i, p := range parts {
		place[i] = -1
		name := PartName{p.List, p.Key}
		for n := range segs {
			if segs[n].Has[name] {
				place[i] = n
				break
			}
		}
	}
	for i, p := range parts {
		if place[i] >= 0 {
			continue
		}
		at, timed := p.Fields["created_at"].(int64)
		if !timed {
			at = math.MaxInt64
		}
		n := room(segs, at, most)
		if n == len(segs) {
			segs = append(segs, Segment{})
		}
		if segs[n].First == 0 && timed {
			segs[n].First = at
		}
		segs[n].Holds++
		place[i] = n
	}
	out := make([][]PartWant, len(segs))
	for i, p := range parts {
		out[place[i]] = append(out[place[i]], p)
	}
	return out
}

// room is the object that takes a part of that time, the number of objects for one more: the one where its time belongs, else
// the next that has room. So a run that was cut off and one that was not end alike.
func room(segs []Segment, at int64, most int) int {
	if most == 0 {
		return len(segs) - 1
	}
	own, begins := 0, int64(0)
	for n := range segs {
		begins = max(begins, segs[n].First) // what was first in one may have come late
		if segs[n].First != 0 && begins <= at {
			own = n
		}
	}
	for n := own; n < len(segs); n++ {
		if segs[n].Holds < most {
			return n
		}
	}
	return len(segs)
}
