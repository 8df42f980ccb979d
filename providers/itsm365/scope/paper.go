package scope

import (
	"fmt"
	"slices"
	"strings"
)

// A paper is a document in a language: blocks that a rendering writes one after another.
type paper struct {
	Title    string
	Subtitle []string
	Lang     string
	Sections []section
	Foot     string
}

// A section has an anchor and blocks.
type section struct {
	ID, Title string
	Blocks    []block
}

// A block is one of its members.
type block struct {
	Head  string   // a heading below that of the section
	Text  string   // a paragraph
	List  []string // points
	Table *table
	Cards []card
	Chart *chart
	Quiet bool // the text is a remark
	// Columns stand side by side where there is room.
	Columns [][]block
}

// A card is a number of the first screen.
type card struct{ Value, Label, Tone string }

// A table has a head and rows. Columns of Right hold numbers; those of Code hold codes and masked values.
type table struct {
	Head  []string
	Right []bool
	Code  []bool
	Rows  [][]string
	Total bool // the last row is the sum
}

// A chart has columns, or rows in parts of three tones.
type chart struct {
	Title  string
	Labels []string
	Values []int
	Parts  [][3]int // instead of Values
	Legend [3]string
	// Texts are the values as people read them.
	Texts []string
}

// writer makes the paper of a document.
type writer struct {
	speaker
	d *Document
}

func (w writer) paper() paper {
	d := w.d
	p := paper{Title: w.say("title"), Lang: w.lang, Foot: w.say("made_by")}
	p.Subtitle = append(p.Subtitle, w.say("subtitle", d.Host, w.minute(d.Now), w.n(d.Calls), w.day(d.Oldest), w.day(d.Newest), d.Zone))
	if d.Edition != "" {
		p.Subtitle = append(p.Subtitle, w.say("edition", d.Edition))
	} else {
		p.Subtitle = append(p.Subtitle, w.say("edition_none"))
	}
	p.Subtitle = append(p.Subtitle, w.say("masked"))
	for _, s := range []struct {
		id   string
		make func() []block
	}{
		{"first", w.first}, {"moves", w.moves}, {"modules", w.modules}, {"classes", w.classes}, {"attributes", w.attributes}, {"catalogs", w.catalogs}, {"people", w.people},
		{"threads", w.threads}, {"files", w.files}, {"languages", w.languages}, {"restricted", w.restricted}, {"secrets", w.secrets},
		{"protection", w.protection}, {"zone", w.zone}, {"grade", w.grade}, {"forecast", w.forecast},
	} {
		if s.id == "classes" && d.Metainfo != nil {
			p.Sections = append(p.Sections, section{"metainfo", w.say("metainfo"), w.metainfo()})
		}
		p.Sections = append(p.Sections, section{s.id, w.say(s.id), s.make()})
	}
	return p
}

// first is the first screen.
func (w writer) first() []block {
	d := w.d
	asIs, changed, not := w.sums()
	bs := []block{{Cards: []card{
		{w.n(asIs), w.say("card_as_is"), "good"}, {w.n(changed), w.say("card_changed"), "fair"}, {w.n(not), w.say("card_not"), "bad"},
		{w.n(d.Seats.Buy), w.say("card_seats"), ""}, {w.hours(d.Forecast.PullHours), w.say("card_read"), ""}, {w.hours(d.Forecast.ApplyHours), w.say("card_write"), ""},
		{w.hours(float64(d.Grade.PeopleHours)), w.say("card_people"), ""}, {d.Grade.Letter, w.say("card_grade"), ""},
	}}}
	short := &table{Head: []string{w.say("what"), w.say("as_is"), w.say("changed"), w.say("not")}, Right: []bool{false, true, true, true}, Total: true}
	for _, r := range w.movesTable().Rows {
		short.Rows = append(short.Rows, r[:4])
	}
	left := []block{{Head: w.say("moves")}, {Table: short}}
	left = append(left, w.unseen()...)
	right := []block{{Head: w.say("decisions")}, {List: w.counted("decision.", d.Decisions)}, {Head: w.say("seats", w.n(d.Seats.Buy))}, {Text: w.say("seats_note", w.n(d.Seats.Days), w.day(d.Newest), w.n(d.Seats.Rest))}}
	if d.Seats.Left > 0 {
		right = append(right, block{Text: w.say("seats_left", w.n(d.Seats.Left))})
	}
	if d.Seats.Others > 0 {
		right = append(right, block{Text: w.say("seats_others", w.n(d.Seats.Others))})
	}
	if d.Seats.Unflagged > 0 {
		right = append(right, block{Text: w.say("seats_flag", w.n(d.Seats.Unflagged))})
	}
	f := d.Forecast
	read := w.say("hours_read", w.x(f.PullRate, 2))
	if w.windowed() {
		read = w.say("hours_read_open", w.x(f.PullRate, 2), w.x(f.OpenHours, 1))
	}
	hours := []block{{Head: w.say("hours")}, {Table: &table{Head: []string{w.say("what"), w.say("value")}, Right: []bool{false, true}, Rows: [][]string{
		{read, w.hours(f.PullHours)},
		{w.say("hours_write", w.say("granted."+f.GrantedFrom)), w.hours(f.ApplyHours)},
		{w.say("hours_people", w.n(d.Grade.Days)), w.hours(float64(d.Grade.PeopleHours))},
	}}}}
	inventory := []block{{Head: w.say("inventory")}, {List: w.counted("inventory.", d.Inventory)}, {Text: w.say("inventory_note"), Quiet: true}}
	return append(bs, block{Columns: [][]block{left, right}}, block{Columns: [][]block{hours, inventory}})
}

// moves is what becomes of each kind of thing, and why.
func (w writer) moves() []block {
	return []block{{Chart: w.movesChart()}, {Table: w.movesTable()}, {Text: w.say("moves_note"), Quiet: true}}
}

// counted says each thing with its number, where the phrase has a place for it.
func (w writer) counted(prefix string, all []Counted) []string {
	var out []string
	for _, c := range all {
		if strings.Contains(phrases[prefix+c.ID][w.at], "%s") {
			out = append(out, w.say(prefix+c.ID, w.n(c.N)))
		} else {
			out = append(out, w.say(prefix+c.ID))
		}
	}
	return out
}

func (w writer) sums() (asIs, changed, not int) {
	for _, m := range w.d.Moves {
		asIs, changed, not = asIs+m.AsIs, changed+m.Changed, not+m.Not
	}
	return asIs, changed, not
}

func (w writer) movesTable() *table {
	asIs, changed, not := w.sums()
	t := &table{Head: []string{w.say("what"), w.say("as_is"), w.say("changed"), w.say("not"), w.say("why")}, Right: []bool{false, true, true, true, false}, Total: true}
	for _, m := range w.d.Moves {
		t.Rows = append(t.Rows, []string{w.move(m), w.n(m.AsIs), w.n(m.Changed), w.n(m.Not), strings.Join(w.counted("why.", m.Reasons), "; ")})
	}
	t.Rows = append(t.Rows, []string{w.say("total"), w.n(asIs), w.n(changed), w.n(not), ""})
	return t
}

// move is the name of a kind of thing.
func (w writer) move(m Move) string {
	if m.ID == "own_class" {
		return w.say("move.own_class", m.Class)
	}
	return w.say("move." + m.ID)
}

func (w writer) movesChart() *chart {
	c := &chart{Title: w.say("moves"), Legend: [3]string{w.say("as_is"), w.say("changed"), w.say("not")}}
	for _, m := range w.d.Moves {
		c.Labels = append(c.Labels, w.move(m))
		c.Parts = append(c.Parts, [3]int{m.AsIs, m.Changed, m.Not})
		c.Texts = append(c.Texts, w.n(m.AsIs+m.Changed+m.Not))
	}
	return c
}

// maxCodes is how many attributes that are not seen are named; the JSON names them all.
const maxCodes = 15

func (w writer) unseen() []block {
	bs := []block{{Head: w.say("unseen")}}
	if len(w.d.Unseen) == 0 {
		return append(bs, block{Text: w.say("unseen_none")})
	}
	var list []string
	for _, u := range w.d.Unseen {
		switch u.ID {
		case "attribute":
			codes := strings.Split(u.Detail, ", ")
			if rest := len(codes) - maxCodes; rest > 0 {
				codes = append(codes[:maxCodes], w.say("more", w.n(rest)))
			}
			list = append(list, w.say("unseen.attribute", u.Class, strings.Join(codes, ", ")))
		case "refused", "incomplete", "bytes", "metainfo":
			list = append(list, w.say("unseen."+u.ID, u.Class, u.Detail))
		case "empty":
			list = append(list, w.say("unseen.empty", u.Class))
		default:
			list = append(list, w.say("unseen."+u.ID, u.Class, w.n(u.N)))
		}
	}
	return append(bs, block{List: list}, block{Text: w.say("unseen_check"), Quiet: true})
}

func (w writer) modules() []block {
	t := &table{Head: []string{w.say("module"), w.say("class"), w.say("signal"), w.say("objects"), w.say("on_tickets")}, Right: []bool{false, false, false, true, false}, Code: []bool{false, true}}
	for _, m := range w.d.Modules {
		attr := "–"
		if m.Attribute != "" {
			attr = w.say("attr_missing", m.Attribute)
			if m.Shown {
				attr = w.say("attr_shown", m.Attribute)
			}
		}
		signal := w.say("signal." + m.Signal)
		if m.TagOff {
			signal = w.say("tag_off", signal)
		}
		t.Rows = append(t.Rows, []string{w.say("module." + m.ID), m.Class, signal, w.n(m.N), attr})
	}
	note := "modules_note"
	switch {
	case w.d.Metainfo != nil:
		note = "modules_note_meta"
	case slices.ContainsFunc(w.d.Unseen, func(u Unseen) bool { return u.ID == "metainfo" }):
		note = "modules_note_asked"
	}
	return []block{{Text: w.say(note)}, {Table: t}, {Head: w.say("signals")}, {List: w.counted("signals.", w.d.Signals)}}
}

func (w writer) classes() []block {
	var bs []block
	t := &table{Head: []string{w.say("class"), w.say("type"), w.say("count"), w.say("archived"), w.say("states")}, Right: []bool{false, false, true, true, false}, Code: []bool{true, true}}
	var notes []string
	for _, c := range w.d.Classes {
		if c.N == 0 {
			continue
		}
		t.Rows = append(t.Rows, []string{c.Name, "", w.n(c.N), w.n(c.Archived), ""})
		for _, typ := range c.Types {
			if len(c.Types) == 1 && len(typ.States) == 0 {
				continue
			}
			var states []string
			for _, s := range typ.States {
				states = append(states, s.Name+" "+w.n(s.N))
			}
			t.Rows = append(t.Rows, []string{"", typ.Name, w.n(typ.N), w.n(typ.Archived), strings.Join(states, ", ")})
		}
		if c.Broken > 0 {
			notes = append(notes, w.say("broken", c.Name, w.n(c.Broken)))
		}
		if c.PerOwner {
			notes = append(notes, w.say("per_owner", c.Name))
		}
	}
	bs = append(bs, block{Text: w.say("classes_note"), Quiet: true}, block{Table: t})
	if len(notes) > 0 {
		bs = append(bs, block{List: notes})
	}
	if len(w.d.Months) > 0 {
		bs = append(bs, block{Chart: w.columns(w.say("months"), w.d.Months)})
	}
	return bs
}

// maxColumns is how many columns a chart has; of more the last are shown.
const maxColumns = 60

func (w writer) columns(title string, all []Count) *chart {
	c := &chart{Title: title}
	for _, m := range all[max(0, len(all)-maxColumns):] {
		c.Labels, c.Values, c.Texts = append(c.Labels, m.Name), append(c.Values, m.N), append(c.Texts, w.n(m.N))
	}
	return c
}

func (w writer) attributes() []block {
	bs := []block{{Text: w.say("attributes_note"), Quiet: true}}
	for _, c := range w.d.Classes {
		if c.N == 0 {
			continue
		}
		t := &table{Head: []string{w.say("attribute"), w.say("kind"), w.say("filled"), w.say("distinct"), w.say("longest"), w.say("sample")},
			Right: []bool{false, false, true, true, true, false}, Code: []bool{true, false, false, false, false, true}}
		var gone []string
		for _, a := range c.Fields {
			name := a.Code
			if a.Own {
				name = "+ " + name
			}
			if a.Filled == 0 {
				gone = append(gone, name)
				continue
			}
			distinct := w.n(a.Distinct)
			if a.Estimate {
				distinct = w.say("about", distinct)
			}
			longest := "–"
			if a.Longest > 0 {
				longest = w.n(a.Longest)
			}
			t.Rows = append(t.Rows, []string{name, w.say("kind." + a.Kind), w.share(a.Filled, c.N), distinct, longest, a.Sample})
		}
		bs = append(bs, block{Head: c.Name}, block{Table: t})
		if len(gone) > 0 {
			bs = append(bs, block{Text: w.say("empty_attrs", strings.Join(gone, ", ")), Quiet: true})
		}
	}
	return bs
}

func (w writer) catalogs() []block {
	t := &table{Head: []string{w.say("catalog"), w.say("items"), w.say("folders"), w.say("archived"), w.say("archived_used")}, Right: []bool{false, true, true, true, true}, Code: []bool{true}}
	items := &table{Head: []string{w.say("catalog"), w.say("code"), w.say("name"), w.say("used"), w.say("archived")}, Right: []bool{false, false, false, true, false}, Code: []bool{true, true}}
	for _, c := range w.d.Catalogs {
		t.Rows = append(t.Rows, []string{c.Code, w.n(c.N), w.n(c.Folders), w.n(c.Archived), w.n(c.ArchivedUsed)})
		for _, it := range c.Items {
			if it.Folder {
				continue
			}
			archived := ""
			if it.Archived {
				archived = w.say("yes")
			}
			items.Rows = append(items.Rows, []string{c.Code, it.Code, it.Title, w.n(it.Used), archived})
		}
		if rest := c.N - len(c.Items); rest > 0 {
			items.Rows = append(items.Rows, []string{c.Code, "", w.say("more", w.n(rest)), "", ""})
		}
	}
	if len(t.Rows) == 0 {
		return []block{{Text: w.say("none_found")}}
	}
	return []block{{Text: w.say("catalogs_note"), Quiet: true}, {Table: t}, {Table: items}}
}

// facts are numbers with a name, those that are zero too: they were looked for.
func (w writer) facts(all ...any) *table {
	t := &table{Head: []string{w.say("what"), w.say("count")}, Right: []bool{false, true}}
	for i := 0; i+1 < len(all); i += 2 {
		id, _ := all[i].(string)
		n, _ := all[i+1].(int)
		t.Rows = append(t.Rows, []string{w.say(id), w.n(n)})
	}
	return t
}

func (w writer) people() []block {
	p := w.d.People
	t := w.facts("people.n", p.N, "people.outside", p.Outside, "people.archived", p.Archived, "people.agents", p.Agents, "people.no_email", p.NoEmail, "people.no_email_act", p.NoEmailActive,
		"people.dup", p.DuplicateEmails, "people.dup_people", p.DuplicatePeople, "people.no_department", p.NoDepartment, "people.placeholder", p.Placeholders,
		"people.ph_tickets", p.PlaceholderTickets, "people.strangers", p.Unregistered, "people.department", p.ClientDepartment, "people.nobody", p.NoClient, "loose_items", w.d.LooseItems)
	bs := []block{{Table: t}, {Head: w.say("orphans")}}
	if len(w.d.Orphans) == 0 {
		return append(bs, block{Text: w.say("none_found")})
	}
	o := &table{Head: []string{w.say("from"), w.say("to"), w.say("missing"), w.say("example")}, Right: []bool{false, false, true, false}, Code: []bool{true, true, false, true}}
	for _, l := range w.d.Orphans {
		o.Rows = append(o.Rows, []string{l.From, l.To, w.n(l.N), l.Example})
	}
	bs = append(bs, block{Table: o}, block{Text: w.say("orphans_note"), Quiet: true})
	if w.d.OrphansCut > 0 {
		bs = append(bs, block{Text: w.say("orphans_cut", w.n(w.d.OrphansCut))})
	}
	return bs
}

func (w writer) threads() []block {
	t := w.d.Threads
	facts := w.facts("threads.comments", t.Comments, "threads.private", t.Private, "threads.no_author", t.NoAuthor, "threads.copies", t.Copies, "threads.longest", t.Longest, "threads.text", t.LongestText,
		"threads.parts", t.OverParts, "threads.body", t.OverBody, "threads.files", t.OverFiles, "threads.title", t.OverTitle)
	for _, e := range t.Elsewhere {
		facts.Rows = append(facts.Rows, []string{w.say("threads.elsewhere", e.Name), w.n(e.N)})
	}
	bs := []block{{Table: facts}}
	if len(t.Places) > 0 {
		bs = append(bs, block{Text: w.say("threads.places", strings.Join(t.Places, ", "))})
	}
	return append(bs, block{Chart: w.columns(w.say("threads.bins"), t.Lengths)})
}

func (w writer) files() []block {
	f := w.d.Files
	bs := []block{{Text: w.say("files.sum", w.n(f.N), w.bytes(f.Bytes), w.n(f.Inline), w.n(f.AuthorOnly), w.n(f.Empty), w.n(f.TooBig), w.n(f.Orphans))}}
	if f.N == 0 {
		return bs
	}
	sizes := func(head, prefix string, all []FileSize) *table {
		t := &table{Head: []string{w.say(head), w.say("count"), w.say("bytes")}, Right: []bool{false, true, true}}
		for _, s := range all {
			name := s.Name
			if prefix != "" {
				name = w.say(prefix + s.Name)
			}
			t.Rows = append(t.Rows, []string{name, w.n(s.N), w.bytes(s.Bytes)})
		}
		return t
	}
	return append(bs, block{Head: w.say("by_size")}, block{Table: sizes("size", "", f.BySize)}, block{Head: w.say("by_type")}, block{Table: sizes("type", "file.", f.ByType)})
}

func (w writer) languages() []block {
	t := &table{Head: []string{w.say("language"), w.say("tickets"), w.say("comments")}, Right: []bool{false, true, true}}
	for _, l := range w.d.Languages {
		t.Rows = append(t.Rows, []string{w.say("lang." + l.Name), w.n(l.Tickets), w.n(l.Comments)})
	}
	if len(t.Rows) == 0 {
		return []block{{Text: w.say("none_found")}}
	}
	return []block{{Table: t}, {Text: w.say("languages_note"), Quiet: true}}
}

func (w writer) restricted() []block {
	bs := []block{{Text: w.say("restricted_note")}}
	if len(w.d.Restricted) == 0 {
		return append(bs, block{Text: w.say("none_found")})
	}
	t := &table{Head: []string{w.say("what"), w.say("code"), w.say("name"), w.say("reason"), w.say("rows")}, Right: []bool{false, false, false, false, true}, Code: []bool{false, true}}
	for _, r := range w.d.Restricted {
		t.Rows = append(t.Rows, []string{w.say("restriction." + r.What), r.Name, r.Title, w.say("reason." + r.Reason), w.n(r.Tickets)})
	}
	return append(bs, block{Table: t})
}

func (w writer) secrets() []block {
	bs := []block{{Text: w.say("secrets_note")}}
	if len(w.d.Secrets) == 0 {
		return append(bs, block{Text: w.say("none_found")})
	}
	t := &table{Head: []string{w.say("secret"), w.say("count"), w.say("objects")}, Right: []bool{false, true, false}}
	var places []string
	for _, s := range w.d.Secrets {
		var in []string
		for _, o := range s.Objects {
			in = append(in, o.Name+" "+w.n(o.N))
		}
		t.Rows = append(t.Rows, []string{w.say("secret." + s.Kind), w.n(s.N), strings.Join(in, ", ")})
		places = append(places, w.say("secret_place", w.say("secret."+s.Kind), strings.Join(s.Places, ", ")))
	}
	return append(bs, block{Table: t}, block{Head: w.say("where")}, block{List: places})
}

func (w writer) protection() []block {
	d := w.d
	bs := []block{
		{Text: w.say("protection_from", d.Host, w.say("region_unknown"))},
		{Text: w.say("protection_who", w.n(d.People.N-d.People.Outside), w.n(d.People.Outside), w.n(d.People.Archived), w.n(d.People.Unregistered))},
		{Text: w.say("protection_keep", w.day(d.Oldest))},
	}
	if d.Region != "" {
		bs[0].Text = w.say("protection_from", d.Host, d.Region)
	}
	t := &table{Head: []string{w.say("category"), w.say("field"), w.say("values")}, Right: []bool{false, false, true}, Code: []bool{false, true}}
	for _, p := range d.Personal {
		t.Rows = append(t.Rows, []string{w.say("category." + p.Category), p.Field, w.n(p.N)})
	}
	bs = append(bs, block{Table: t}, block{Head: w.say("lawyer")})
	var list []string
	for i := 1; ; i++ {
		id := fmt.Sprintf("lawyer.%d", i)
		if _, ok := phrases[id]; !ok {
			break
		}
		list = append(list, w.say(id))
	}
	return append(bs, block{List: list})
}

func (w writer) zone() []block {
	z := w.d.Time
	var bs []block
	checked, given := w.n(z.Checked), w.n(len(z.Checks))
	others := strings.Join(z.Others, ", ")
	if rest := z.OthersN - len(z.Others); rest > 0 {
		others += ", " + w.say("more", w.n(rest))
	}
	say := func(id string, values ...string) { bs = append(bs, block{Text: w.say(id, values...)}) }
	switch {
	case z.Verdict == "met" && z.From == "provider":
		say("zone.unplaced", w.d.Zone, checked, given)
	case z.Verdict == "met":
		say("zone.met", w.d.Zone, checked, given, z.ScreenZone, w.day(w.d.Oldest), w.day(w.d.Newest), others)
		if len(z.Months) > 0 {
			say("zone_wanted", strings.Join(z.Months, ", "))
		} else {
			say("zone_wanted_none")
		}
	case z.Verdict == "proven":
		say("zone.proven", w.d.Zone, checked, given, z.ScreenZone, w.day(w.d.Oldest), w.day(w.d.Newest))
	case z.Verdict == "wrong":
		say("zone.wrong", w.d.Zone, w.n(z.OffMinutes), z.ScreenZone)
	default:
		say("zone."+z.Verdict, w.d.Zone, z.ScreenZone)
	}
	if (z.Verdict == "wrong" || z.Verdict == "mixed") && others != "" {
		say("zone_fits", others)
	}
	if z.Checked > 0 && z.Checked < len(z.Checks) {
		var missing []string
		for _, c := range z.Checks {
			if c.Found == "" {
				missing = append(missing, c.Number)
			}
		}
		say("zone_missing", strings.Join(missing, ", "))
	}
	if len(z.Checks) > 0 {
		t := &table{Head: []string{w.say("zone_number"), w.say("zone_expected"), w.say("zone_found"), w.say("zone_match")}, Code: []bool{true, true, true}, Right: make([]bool, 4)}
		for _, c := range z.Checks {
			found, agrees := c.Found, w.yes(c.Match)
			if found == "" {
				found, agrees = "–", w.say("zone_absent")
			}
			t.Rows = append(t.Rows, []string{c.Number, c.Expected, found, agrees})
		}
		bs = append(bs, block{Table: t})
	}
	hours := make([]Count, 24)
	for h, n := range z.Hours {
		hours[h] = Count{fmt.Sprintf("%02d", h), n}
	}
	bs = append(bs, block{Chart: w.columns(w.say("zone_hours", w.d.Zone), hours)}, block{Text: w.say("zone_day", w.percent(z.Day))})
	if len(z.Future) == 0 {
		return append(bs, block{Text: w.say("zone_future_none")})
	}
	var future []string
	for _, f := range z.Future {
		future = append(future, f.Name+" "+w.n(f.N))
	}
	return append(bs, block{Text: w.say("zone_future", strings.Join(future, ", "))})
}

func (w writer) grade() []block {
	g := w.d.Grade
	rules := &table{Head: []string{w.say("rule"), w.say("value"), w.say("points")}, Right: []bool{false, true, true}}
	for _, r := range g.Rules {
		rules.Rows = append(rules.Rows, []string{w.say("rule." + r.ID), w.n(r.Value), w.say("of", w.n(r.Points), w.n(r.Max))})
	}
	steps := &table{Head: []string{w.say("step"), w.say("from_day"), w.say("days")}, Right: []bool{false, true, true}, Total: true}
	for _, s := range g.Steps {
		steps.Rows = append(steps.Rows, []string{w.say("step." + s.ID), w.n(s.From), w.n(s.Days)})
	}
	steps.Rows = append(steps.Rows, []string{w.say("total"), "", w.n(g.Days)})
	reads := w.say("reads_always")
	if w.windowed() {
		reads = w.say("reads_open", w.x(w.d.Forecast.OpenHours, 1))
	}
	return []block{{Text: w.say("grade_sum", g.Letter, w.n(g.Points))}, {Table: rules}, {Head: w.say("timeline")}, {Table: steps}, {Text: w.say("timeline_note", reads), Quiet: true}}
}

// windowed reports whether the provider's window closes at some time of the week.
func (w writer) windowed() bool { return w.d.Forecast.OpenHours < week.Hours() }

func (w writer) forecast() []block {
	f := w.d.Forecast
	of := w.say("forecast_all")
	if f.PullBlocks > 0 {
		of = w.say("forecast_blocks", w.n(f.PullBlocks))
	}
	bs := []block{{Text: w.say("forecast_pull", of, w.n(f.PullCalls), w.x(f.PullRate, 2), w.hours(f.PullHours))}}
	if w.windowed() {
		bs = append(bs, block{Text: w.say("forecast_window", w.x(f.OpenHours, 1), w.n(wholeDays(f.PullDays)))})
	}
	if f.CallSeconds > 0 {
		bs = append(bs, block{Text: w.say("forecast_slow", w.x(f.CallSeconds, 1))})
	}
	calls := &table{Head: []string{w.say("call"), w.say("count")}, Right: []bool{false, true}, Total: true}
	for _, l := range f.Lines {
		calls.Rows = append(calls.Rows, []string{w.say("call." + l.ID), w.n(l.N)})
	}
	calls.Rows = append(calls.Rows, []string{w.say("total"), w.n(f.Calls)})
	rates := &table{Head: []string{w.say("granted"), w.say("apply_hours")}, Right: []bool{false, true}}
	at := slices.Clone(f.At)
	if !slices.ContainsFunc(at, func(a AtGrant) bool { return a.Granted == f.Granted }) {
		at = append([]AtGrant{{f.Granted, f.ApplyHours}}, at...)
	}
	for _, a := range at {
		rates.Rows = append(rates.Rows, []string{w.n(a.Granted), w.x(a.Hours, 2)})
	}
	return append(bs, block{Table: calls}, block{Text: w.say("forecast_calls"), Quiet: true}, block{Text: w.say("forecast_ticket", w.n(f.CallsAsTickets))},
		block{Text: w.say("forecast_hours", w.hours(f.ApplyHours), w.n(f.Granted), w.say("granted."+f.GrantedFrom), w.percent(f.Share), w.n(f.ReplyLimit), w.say("binds."+f.Binds))}, block{Table: rates})
}
