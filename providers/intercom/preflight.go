package intercom

import (
	"fmt"
	"math"
	"unicode/utf8"

	"deskform/plan"
)

// Limits of whole records and requests (IC 3.3, 7 #6, 7 #7).
const (
	maxCompanies = 1000     // of one contact
	maxRequest   = 18 << 20 // bytes of all files of a message, or of the only one: base64 makes them 24 MB of the 25 that a request may have
	maxSize      = math.MaxInt32
	millis       = 100_000_000_000 // the year 5138 in seconds; milliseconds since 1973 are beyond it
)

// short checks texts of one line that have no limit of their own.
func (n *normal) short(fields ...string) {
	for _, f := range fields {
		if utf8.RuneCountInString(n.text(f)) > maxAttribute {
			n.problem(f, "too_long", fmt.Sprintf("is longer than %d characters (IC 7 #7); shorten it with substr()", maxAttribute))
		}
	}
}

// members checks how many members a set field has.
func (n *normal) members(field string, most int) {
	if l, _ := n.w.Fields[field].([]plan.Value); len(l) > most {
		n.problem(field, "too_many", fmt.Sprintf("has %d members, at most %d are taken (IC 3.3)", len(l), most))
	}
}

// size checks a count of people, which can be neither negative nor larger than Intercom's integers.
func (n *normal) size(field string) {
	if v, ok := n.w.Fields[field].(int64); ok && (v < 0 || v > maxSize) {
		n.problem(field, "out_of_range", fmt.Sprintf("is not from 0 to %d", maxSize))
	}
}

// past checks a time at which something has happened: no later than now, no earlier than 1970, and in seconds (IC 1.2, 7 #3).
func (n *normal) past(field string, v plan.Value, of string) {
	at, ok := v.(int64)
	if !ok || n.moment(field, at, of) {
		return
	}
	if n.now != nil && at > n.now().Unix() {
		n.problem(field, "in_future", of+"has a time in the future, which no service takes for what has happened (IC 7 #3); correct it in the source or map it with earliest()")
	}
}

// moment checks any time of an object, and reports whether it broke a limit.
func (n *normal) moment(field string, at int64, of string) bool {
	if at < 0 {
		n.problem(field, "before_1970", of+"has a time before 1970 (IC 1.2)")
		return true
	}
	return n.notMillis(field, at, of)
}

// notMillis is all that can be wrong with the time in an attribute: people are born before 1970, and what is due is to come.
func (n *normal) notMillis(field string, at int64, of string) bool {
	if at > -millis && at < millis {
		return false
	}
	n.problem(field, "milliseconds", of+"has a time that looks like milliseconds; Intercom takes seconds (IC 1.2): divide it by 1000")
	return true
}

// megabytes is a size as it is told: rounded up, so that what is over a limit is told as more than that.
func megabytes(size int64) int64 { return (size + 1<<20 - 1) >> 20 }

// bytesOf is the size of the files of a message.
func bytesOf(files []plan.Value) (sum int64) {
	for _, f := range files {
		file, _ := f.(plan.File)
		sum += file.Size
	}
	return sum
}

// loads shares files out to messages: at most ten, and together no more than a request holds.
func loads(files []plan.Value) (out [][]plan.Value) {
	from := 0
	for i := range files {
		if i > from && (i-from == maxFiles || bytesOf(files[from:i+1]) > maxRequest) {
			out, from = append(out, files[from:i]), i
		}
	}
	if from < len(files) {
		out = append(out, files[from:])
	}
	return out
}
