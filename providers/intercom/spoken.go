package intercom

import (
	"html"
	"regexp"
	"time"

	"deskform/plan"
)

// A Spoken is what stands before a text that the actor sent for somebody without a seat.
type Spoken struct {
	Name string
	// At is the original time to the minute, the zero time when the text has none.
	At time.Time
}

// timeLayout is the original time in a text, in UTC.
const timeLayout = "2006-01-02 15:04 UTC"

// timeAtEnd is a name that would be read as one with a time behind it.
var timeAtEnd = regexp.MustCompile(` · (\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC)$`)

// originalAuthor is how a text says who wrote it when somebody else has to speak: a stable form, of which ReadSpoken is the
// inverse. What deskform itself says, without a time, needs none.
func originalAuthor(name string, at int64) string {
	if name == "" && at == 0 {
		return ""
	}
	if name = spokenName(name); name == "" {
		name = "ITSM 365"
	}
	if at == 0 {
		name = timeAtEnd.ReplaceAllString(name, " - $1")
	}
	return "<p><i>" + html.EscapeString(name) + originalTime(at) + "</i></p>"
}

// spokenName is a person's name on one line, without what would act in somebody's name.
func spokenName(name string) string {
	return squeezed(withoutSecrets(squeezed(strip(html.UnescapeString(name)))))
}

func originalTime(at int64) string {
	if at == 0 {
		return ""
	}
	return " · " + time.Unix(at, 0).UTC().Format(timeLayout)
}

// spokenLine is that line, with what a service may have added to its marks.
var spokenLine = regexp.MustCompile(`^\s*<p(?: [^<>]*)?>\s*<(?:i|em)(?: [^<>]*)?>([^<>]+)</(?:i|em)>\s*</p>`)

// ReadSpoken takes the line of originalAuthor off a text: who spoke and when, and what they said; ok is false when the text
// does not begin with one. Whoever asks has to know that the actor sent the text: anybody can write such a line.
func ReadSpoken(body string) (s Spoken, said string, ok bool) {
	m := spokenLine.FindStringSubmatch(body)
	if m == nil {
		return Spoken{}, body, false
	}
	line, name := m[1], html.UnescapeString(m[1])
	if m := timeAtEnd.FindStringSubmatchIndex(name); m != nil {
		at, err := time.Parse(timeLayout, name[m[2]:m[3]])
		if err == nil {
			s.At, name = at, name[:m[0]]
		}
	}
	if s.Name = name; name == "" || name != squeezed(name) || html.EscapeString(name)+s.behind() != line {
		return Spoken{}, body, false
	}
	return s, body[len(m[0]):], true
}

// behind is the time as it stands behind the name.
func (s Spoken) behind() string {
	if s.At.IsZero() {
		return ""
	}
	return " · " + s.At.Format(timeLayout)
}

// SpokenAs reads from a live part that is the wanted one who speaks in it: "actor" when the line of somebody else stands
// before the wanted text and has the wanted time. What a text itself says is nobody's line.
func (d *Destination) SpokenAs(want plan.PartWant, got plan.LivePart) string {
	body, _ := want.Fields["body"].(string)
	have, _ := got.Fields["body"].(string)
	if got.Fields["note"] == true {
		have = noteMark.ReplaceAllString(have, "")
	}
	s, said, ok := ReadSpoken(have)
	created, _ := want.Fields["created_at"].(int64)
	switch {
	case ok && squeeze(said) == squeeze(paragraphsOf(body)) && s.behind() == originalTime(created):
		return "actor"
	case got.Fields["note"] == true || got.Fields["author_type"] == "admin":
		return "teammate"
	}
	return "contact"
}

// noteMark is the line with the token at the end of a note.
var noteMark = regexp.MustCompile(`<p><i>itsm365x[0-9a-f]{12}</i></p>\s*$`)
