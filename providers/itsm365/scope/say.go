package scope

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// A speaker says phrases, numbers and dates in one language.
type speaker struct {
	lang string
	at   int
	p    *message.Printer
}

// newSpeaker speaks English or Russian; ok is false for anything else.
func newSpeaker(lang string) (s speaker, ok bool) {
	switch lang {
	case English:
		return speaker{lang, 0, message.NewPrinter(language.English)}, true
	case Russian:
		return speaker{lang, 1, message.NewPrinter(language.Russian)}, true
	}
	return s, false
}

// say puts values into a phrase. It panics on a phrase that the table does not have: the ids are ours.
func (s speaker) say(id string, values ...string) string {
	phrase, ok := phrases[id]
	if !ok {
		panic("scope: no phrase " + id)
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return fmt.Sprintf(phrase[s.at], args...)
}

// n is a whole number with its thousands set apart.
func (s speaker) n(n int) string { return s.p.Sprint(number.Decimal(n)) }

// x is a number with as many digits behind the point, none when it is whole.
func (s speaker) x(x float64, digits int) string {
	return s.p.Sprint(number.Decimal(x, number.MaxFractionDigits(digits)))
}

// share is a part of a whole.
func (s speaker) share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return s.percent(float64(n) / float64(of))
}

// percent rounds towards the middle: 0 and 100 mean none and all.
func (s speaker) percent(x float64) string {
	switch {
	case x > 0 && x < 0.01:
		return "< 1 %"
	case x < 1 && x > 0.99:
		return "> 99 %"
	}
	return s.x(x*100, 0) + " %"
}

func (s speaker) day(t time.Time) string {
	switch {
	case t.IsZero():
		return "–"
	case s.lang == Russian:
		return t.Format("02.01.2006")
	}
	return t.Format("2006-01-02")
}

func (s speaker) minute(t time.Time) string { return s.day(t) + t.Format(" 15:04") }

func (s speaker) yes(b bool) string {
	if b {
		return s.say("yes")
	}
	return s.say("no")
}

// bytes is a size in the unit that fits.
func (s speaker) bytes(n int64) string {
	switch x := float64(n); {
	case n == 0:
		return "0"
	case n < 1<<20:
		return s.say("kb_unit", s.x(max(x/(1<<10), 0.1), 1))
	case n < 1<<30:
		return s.say("mb_unit", s.x(x/(1<<20), 1))
	default:
		return s.say("gb_unit", s.x(x/(1<<30), 1))
	}
}

// hours is a time of work; what is hardly anything is shown as less than a tenth.
func (s speaker) hours(h float64) string {
	switch {
	case h > 0 && h < 0.1:
		return s.say("hours_unit", "< "+s.x(0.1, 1))
	case h < 10:
		return s.say("hours_unit", s.x(h, 1))
	}
	return s.say("hours_unit", s.x(h, 0))
}
