package itsm365

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// dates are the forms in which the service writes dates, and the zone it means (IT 2.10).
type dates struct {
	forms []dateForm
	zone  *time.Location
	// short and long bound the length of a date.
	short, long int
}

type dateForm struct {
	looks  *regexp.Regexp
	layout string
}

var dateParts = []struct{ word, digits, layout string }{
	{"yyyy", `\d{4}`, "2006"}, {"MM", `\d\d`, "01"}, {"dd", `\d\d`, "02"}, {"HH", `\d\d`, "15"}, {"mm", `\d\d`, "04"}, {"ss", `\d\d(?:\.\d{1,9})?`, "05"},
}

// datesFrom reads layouts such as "dd.MM.yyyy HH:mm"; none are those of the service.
func datesFrom(layouts []string, zone *time.Location) (dates, error) {
	if len(layouts) == 0 {
		layouts = []string{"yyyy.MM.dd HH:mm:ss", "yyyy.MM.dd"}
	}
	d := dates{zone: zone, short: 1 << 30}
	for _, l := range layouts {
		pattern, layout := regexp.QuoteMeta(l), l
		for _, p := range dateParts {
			if strings.Count(l, p.word) > 1 || strings.Count(l, p.word) == 0 && (p.word == "yyyy" || p.word == "MM" || p.word == "dd") {
				return d, fmt.Errorf("%q is no form of dates; write yyyy, MM, dd, HH, mm and ss each once, as in \"yyyy.MM.dd HH:mm:ss\"", l)
			}
			pattern = strings.Replace(pattern, p.word, p.digits, 1)
			layout = strings.Replace(layout, p.word, p.layout, 1)
		}
		looks, err := regexp.Compile("^" + pattern + "$")
		if err != nil {
			return d, fmt.Errorf("%q: %w", l, err)
		}
		d.forms = append(d.forms, dateForm{looks, layout})
		d.short, d.long = min(d.short, len(l)), max(d.long, len(l)+10)
	}
	return d, nil
}

// is reports whether a text looks like a date.
func (d dates) is(s string) bool {
	_, ok := d.layout(s)
	return ok
}

func (d dates) layout(s string) (string, bool) {
	if len(s) < d.short || len(s) > d.long {
		return "", false
	}
	for _, f := range d.forms {
		if f.looks.MatchString(s) {
			return f.layout, true
		}
	}
	return "", false
}

// instant makes RFC 3339 of a date of the service, and leaves every other text alone. A day is midnight in the zone.
func (d dates) instant(s string) string {
	layout, ok := d.layout(s)
	if !ok {
		return s
	}
	t, err := time.ParseInLocation(layout, s, d.zone)
	if err != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 { // RFC 3339 has no such years
		return s
	}
	return t.UTC().Format(time.RFC3339)
}

// names are for what depends on how dates are read.
func (d dates) names() string {
	var out []string
	for _, f := range d.forms {
		out = append(out, f.layout)
	}
	return d.zone.String() + " " + strings.Join(out, ",")
}
