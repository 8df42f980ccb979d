package desk

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// A line is one object in the notation of the sandbox's data directory, attributes in the order they are written.
type line struct{ b []byte }

func object(uuid, metaClass string) *line {
	l := &line{b: make([]byte, 0, 512)}
	return l.text("UUID", uuid).text("metaClass", metaClass)
}

func (l *line) key(name string) {
	if len(l.b) == 0 {
		l.b = append(l.b, '{')
	} else {
		l.b = append(l.b, ',')
	}
	l.b = appendText(l.b, name)
	l.b = append(l.b, ':')
}

// text writes a string; an empty one is left out.
func (l *line) text(name, v string) *line {
	if v != "" {
		l.key(name)
		l.b = appendText(l.b, v)
	}
	return l
}

func (l *line) number(name string, v int) *line {
	l.key(name)
	l.b = strconv.AppendInt(l.b, int64(v), 10)
	return l
}

// yes writes true; false is left out.
func (l *line) yes(name string, v bool) *line {
	if v {
		l.raw(name, "true")
	}
	return l
}

// raw writes JSON.
func (l *line) raw(name, json string) *line {
	l.key(name)
	l.b = append(l.b, json...)
	return l
}

// list writes an array of strings; an empty one is left out.
func (l *line) list(name string, v []string) *line {
	if len(v) == 0 {
		return l
	}
	l.key(name)
	for i, e := range v {
		l.b = append(l.b, "[,"[min(i, 1)])
		l.b = appendText(l.b, e)
	}
	l.b = append(l.b, ']')
	return l
}

// at writes an instant in Unix seconds; zero is left out.
func (l *line) at(name string, unix int64) *line {
	if unix != 0 {
		l.text(name, instant(unix))
	}
	return l
}

func instant(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// hours writes an interval.
func (l *line) hours(name string, h int) *line {
	return l.raw(name, `{"length":`+strconv.Itoa(h)+`,"interval":"HOUR"}`)
}

func (l *line) end() []byte { return append(l.b, '}', '\n') }

const hexDigits = "0123456789abcdef"

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
