package intercom_test

import (
	"fmt"
	"html"
	"strings"
	"testing"
	"time"
	"unicode"

	"deskform/plan"
	"deskform/providers/intercom"
)

// spokenBy is the HTML of a part as it is sent when the actor speaks for somebody.
func spokenBy(name string, at plan.Value, body string) string {
	for _, s := range intercom.NewDestination("").Steps(plan.Change{Address: plan.Address{Set: "conversation.t", Key: "1"}, Kind: "conversation", Action: plan.AppendTo, ID: "7",
		Parts: []plan.PartChange{{List: "comments", Key: "c", What: "append", Fields: plan.Fields{"private": true, "author": plan.Author("actor", name), "created_at": at, "body": body}}}}) {
		if s.Op == "note" {
			sent, _ := s.Payload["body"].(string)
			return sent
		}
	}
	return ""
}

// TestReadSpoken: the line before a text gives name and minute back, and nothing that only looks like one does.
func TestReadSpoken(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"name and time", "<p><i>Иван Петров · 2026-01-05 08:01 UTC</i></p><p>Still not.</p>", "Иван Петров|2026-01-05T08:01|<p>Still not.</p>"},
		{"no text", "<p><i>Ann · 2026-01-05 08:01 UTC</i></p>", "Ann|2026-01-05T08:01|"},
		{"name alone", "<p><i>Ann</i></p>x", "Ann||x"},
		{"escaped", "<p><i>Ann &lt;b&gt;Lee&lt;/b&gt; &amp; Co · 2026-01-05 08:01 UTC</i></p>x", "Ann <b>Lee</b> & Co|2026-01-05T08:01|x"},
		{"two times", "<p><i>Ann · 2020-01-01 00:00 UTC · 2026-01-05 08:01 UTC</i></p>x", "Ann · 2020-01-01 00:00 UTC|2026-01-05T08:01|x"},
		{"the marks as a service may show them", "<p class=\"no-margin\"><em>Ann · 2026-01-05 08:01 UTC</em></p>\n<p>x</p>", "Ann|2026-01-05T08:01|\n<p>x</p>"},
		{"no such minute is part of the name", "<p><i>Ann · 2026-13-05 08:01 UTC</i></p>x", "Ann · 2026-13-05 08:01 UTC||x"},
		{"a text", "<p>Ann · 2026-01-05 08:01 UTC</p>x", "no"},
		{"not in front", "<p>x</p><p><i>Ann · 2026-01-05 08:01 UTC</i></p>", "no"},
		{"marks inside", "<p><i>Ann <b>L</b> · 2026-01-05 08:01 UTC</i></p>x", "no"},
		{"two lines", "<p><i>Ann\nLee · 2026-01-05 08:01 UTC</i></p>x", "no"},
		{"no name", "<p><i> · 2026-01-05 08:01 UTC</i></p>x", "no"},
		{"not as it is escaped", "<p><i>Ann & Co · 2026-01-05 08:01 UTC</i></p>x", "no"},
		{"empty", "", "no"},
	} {
		got := "no"
		s, said, ok := intercom.ReadSpoken(tt.in)
		if ok {
			at := ""
			if !s.At.IsZero() {
				at = s.At.Format("2006-01-02T15:04")
			}
			got = s.Name + "|" + at + "|" + said
		} else if said != tt.in {
			t.Errorf("%s: the text became %q", tt.name, said)
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// FuzzSpoken: what is written before a text is read back from it, whoever spoke, whenever and whatever they said; and what
// is read from any bytes is written as it stood.
func FuzzSpoken(f *testing.F) {
	f.Add("Иван Петров", int64(1767600060), "Still not.")
	f.Add("Ann <b>Lee</b> & Co · 2020-01-01 00:00 UTC", int64(59), "<p><i>Bob · 2026-01-05 08:01 UTC</i></p>I agree.")
	f.Add("  &amp;lt;\u00a0\u2003x\x00", int64(0), "")
	f.Add("", int64(4102444799), "<ul><li>a</li></ul>")
	f.Add("https://x.example/services/rest/a y · 2020-01-01 00:00 UTC", int64(0), "x")
	f.Fuzz(func(t *testing.T, name string, at int64, body string) {
		if s, said, ok := intercom.ReadSpoken(body); ok && strings.HasPrefix(body, "<p><i>") {
			behind := ""
			if !s.At.IsZero() {
				behind = " · " + s.At.Format("2006-01-02 15:04") + " UTC"
			}
			if again := "<p><i>" + html.EscapeString(s.Name) + behind + "</i></p>" + said; again != body {
				t.Errorf("%q was read from %q", again, body)
			}
		}
		if at < 0 || at > 200_000_000_000 {
			return // no time that passes the pre-flight
		}
		var created plan.Value
		if at > 0 {
			created = at
		}
		sent, bare := spokenBy(name, created, body), spokenBy("", nil, body)
		s, said, ok := intercom.ReadSpoken(sent)
		if name == "" && at == 0 {
			return // nobody's line
		}
		if !ok || said != bare {
			t.Fatalf("%q: read %v, %q behind it, want %q", sent, ok, said, bare)
		}
		if minute := time.Unix(at-at%60, 0).UTC(); at > 0 && !s.At.Equal(minute) || at == 0 && !s.At.IsZero() {
			t.Errorf("%q: the time is %v, want %v", sent, s.At, minute)
		}
		if name != "" && letters(name) == name && !strings.Contains(strings.ToLower(name), "key") && s.Name != name {
			t.Errorf("the name is %q, want %q", s.Name, name)
		}
		if again := spokenBy(html.EscapeString(s.Name), created, body); again != sent {
			t.Errorf("the name %q is written as %q, was %q", s.Name, again, sent)
		}
	})
}

// letters keeps what a plain name consists of.
func letters(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || r == ' ' {
			return r
		}
		return -1
	}, s)), " ")
}

// TestSpokenAs: who speaks in a part that is there already.
func TestSpokenAs(t *testing.T) {
	want := plan.PartWant{Fields: plan.Fields{"body": "Still not.", "created_at": int64(1767600060), "author": plan.Person{Name: "Ann"}}}
	for _, tt := range []struct{ name, author, body, want string }{
		{"the actor for somebody", "admin", "<p><i>Ann · 2026-01-05 08:01 UTC</i></p><p>Still not.</p>", "actor"},
		{"a teammate", "admin", "<p>Still not.</p>", "teammate"},
		{"the contact", "user", "<p>Still not.</p>", "contact"},
		{"another minute", "admin", "<p><i>Ann · 2026-01-05 08:02 UTC</i></p><p>Still not.</p>", "teammate"},
		{"another text", "admin", "<p><i>Ann · 2026-01-05 08:01 UTC</i></p><p>Not yet.</p>", "teammate"},
	} {
		got := plan.LivePart{Fields: plan.Fields{"author_type": tt.author, "body": tt.body}}
		if as := intercom.NewDestination("").SpokenAs(want, got); as != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, as, tt.want)
		}
	}
	forged := plan.PartWant{Fields: plan.Fields{"body": "<p><i>Director · 2026-01-05 08:01 UTC</i></p><p>Pay.</p>", "created_at": int64(1767600060)}}
	if as := intercom.NewDestination("").SpokenAs(forged, plan.LivePart{Fields: plan.Fields{"author_type": "user", "body": forged.Fields["body"]}}); as != "contact" {
		t.Errorf("a line that the source's own text has makes the contact the %s", as)
	}
	note := plan.PartWant{Fields: plan.Fields{"body": "Calls often.", "created_at": int64(1767600060)}}
	for front, as := range map[string]string{"Ann · 2026-01-05 08:01 UTC": "actor", "2026-01-05 08:01 UTC": "teammate"} {
		got := plan.LivePart{Fields: plan.Fields{"note": true, "body": fmt.Sprintf("<p><i>%s</i></p><p>Calls often.</p><p><i>itsm365x0123456789ab</i></p>", front)}}
		if have := intercom.NewDestination("").SpokenAs(note, got); have != as {
			t.Errorf("a note by %s: %s, want %s", front, have, as)
		}
	}
}
