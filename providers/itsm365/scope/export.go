package scope

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"deskform/providers/itsm365"
	"deskform/providers/itsm365/metainfo"
)

// An exporter is a source that may have a configuration export.
type exporter interface {
	// Metainfo says where it comes from, nil for nowhere: a file, which ReadMetainfo reads, or a call, which AskMetainfo
	// makes. An error of the call is a finding.
	Metainfo() *itsm365.Metainfo
	ReadMetainfo() (*metainfo.Summary, error)
	AskMetainfo(ctx context.Context) (io.ReadCloser, error)
}

var _ exporter = (*itsm365.Source)(nil)

// An export is the configuration export, where the provider block names one.
type export struct {
	src  exporter
	from *itsm365.Metainfo // nil for none
	sum  *metainfo.Summary
	// refused is why the service did not give it.
	refused string
}

// readExport reads the export from its file. A file that is none is a mistake of the configuration, and ends the run.
func (s *survey) readExport() (err error) {
	src, ok := s.src.(exporter)
	if !ok {
		return nil
	}
	if s.export.src, s.export.from = src, src.Metainfo(); s.export.from == nil || s.export.from.Asked() {
		return nil
	}
	if s.export.sum, err = src.ReadMetainfo(); err != nil {
		return fmt.Errorf("discover: %w", err)
	}
	return nil
}

// askExport asks the service for the export. Whatever comes instead of one is a finding.
func (s *survey) askExport(ctx context.Context) error {
	if s.export.from == nil || !s.export.from.Asked() {
		return nil
	}
	if s.Stage != nil {
		s.Stage("metainfo")
	}
	body, err := s.export.src.AskMetainfo(ctx)
	if err == nil {
		s.export.sum, err = metainfo.Read(body)
		err = errors.Join(err, body.Close())
	}
	if ctx.Err() != nil {
		return fmt.Errorf("discover: %w", ctx.Err())
	}
	if err != nil {
		s.export.sum, s.export.refused = nil, s.hide(err.Error())
	}
	return nil
}

// moduleTags are the tags that switch the product's modules, by the module's id (IT 6).
var moduleTags = map[string]string{"kb": "BazaZnanii", "assets": "ITaktivy", "problems": "Problemy", "approvals": "Soglasovaniya", "work": "Trudozatraty", "tasks": "Zadachi", "changes": "ZaprosyNaIzmenenie"}

// stockTags are the titles that the stock gives its tags (IT 6). A title that the tenant has changed is its own.
var stockTags = map[string]string{"BazaZnanii": "База знаний", "ITaktivy": "ИТ-активы", "Problemy": "Проблемы", "Soglasovaniya": "Согласования", "Trudozatraty": "Трудозатраты",
	"VneshnyayaPodderzhka": "Внешняя поддержка", "Zadachi": "Задачи", "ZaprosyNaIzmenenie": "Запросы на изменение"}

// off reports a tag that the export says is off.
func (e *export) off(tag string) bool {
	return tag != "" && e.sum != nil && slices.ContainsFunc(e.sum.Tags, func(t metainfo.Tag) bool { return t.Code == tag && t.Off })
}

// inventory is what is written down and built anew, by the export. What there is none of is said: it was looked for.
func (e *export) inventory() []Counted {
	s := e.sum
	states, transitions, types := 0, 0, 0
	for _, c := range s.Classes {
		if st, tr, ok := s.Flow(c.FQN); ok && strings.HasPrefix(c.FQN, "serviceCall$") {
			states, transitions, types = states+st, transitions+tr, types+1
		}
	}
	if types == 0 {
		states, transitions, _ = s.Flow("serviceCall")
	}
	out := []Counted{{"states", states}, {"transitions", transitions}, {"event_actions", len(s.Events)}, {"notifications", s.Notifying()}, {"schemes", len(s.Escalations)},
		{"profiles", len(s.Profiles)}, {"mail", len(s.Mail)}, {"tasks", len(s.Tasks)}, {"scripts", s.Scripts + len(s.Modules)}}
	if s.Mode == "partial" {
		out = append(out, Counted{ID: "partial"})
	}
	return out
}

// The words of an export's head are shown where they look as they should.
var (
	headDate    = regexp.MustCompile(`^[0-9]{2,4}[0-9T:.,+ Z-]{2,36}$`)
	headVersion = regexp.MustCompile(`^[0-9][0-9A-Za-z.+_-]{0,39}$`)
)

// shown is a text that fits an expression; another one is masked.
func shown(text string, fits *regexp.Regexp) string {
	if text == "" || fits.MatchString(text) {
		return text
	}
	return Mask(text)
}

// maxListed is how many classes, tags and schemes of an export are listed.
const maxListed = 500

// metainfo puts the export into the document: counts and codes, and titles that name nobody.
func (s *survey) metainfo() *Metainfo {
	sum := s.export.sum
	if sum == nil {
		return nil
	}
	m := &Metainfo{From: "file", Name: s.export.from.From(), Date: shown(sum.Date, headDate), Mode: ident(sum.Mode), Version: shown(sum.Version, headVersion)}
	if s.export.from.Asked() {
		m.From = "call"
	}
	attributes, off, pairs := 0, 0, 0
	for _, c := range sum.Classes {
		attributes += c.Attributes
		if st, tr, ok := sum.Flow(c.FQN); ok && st > 0 && len(m.Workflows) < maxListed {
			m.Workflows = append(m.Workflows, Workflow{ident(c.FQN), st, tr})
		}
	}
	slices.SortFunc(m.Workflows, func(a, b Workflow) int { return strings.Compare(a.Class, b.Class) })
	of, on, by := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range sum.Events {
		count(&off, e.Off)
		on[ident(cmp.Or(e.Event, "unknown"))]++
		by[code(cmp.Or(e.Kind, "unknown"))]++
		for _, class := range e.Classes {
			of[ident(class)]++
		}
	}
	m.EventsOf, m.EventsOn, m.EventsBy = counts(of), counts(on), counts(by)
	for _, t := range sum.Transfers {
		pairs += t.Pairs
	}
	m.Counts = []Counted{{"types", len(sum.Classes)}, {"attributes", attributes}, {"event_actions", len(sum.Events)}, {"notifications", sum.Notifying()}, {"events_off", off},
		{"schemes", len(sum.Escalations)}, {"timers", len(sum.Timers)}, {"transfers", pairs}, {"groups", len(sum.Groups)}, {"profiles", len(sum.Profiles)}, {"domains", len(sum.Domains)},
		{"mail", len(sum.Mail)}, {"tasks", len(sum.Tasks)}, {"scripts", sum.Scripts}, {"modules", len(sum.Modules)}, {"buttons", len(sum.UserEvents)}, {"forms", sum.Forms},
		{"custom_forms", sum.CustomForms}, {"catalogs", sum.Catalogs}, {"reports", sum.Reports}, {"applications", sum.Applications}, {"imports", sum.Imports}}
	for _, t := range sum.Tags[:min(len(sum.Tags), maxListed)] {
		x := Switch{Code: s.coded(t.Code), Title: s.titled(t.Title), Off: t.Off}
		if stock, ok := stockTags[t.Code]; ok && stock == t.Title.RU {
			x.Code, x.Title = t.Code, stock
		}
		m.Tags = append(m.Tags, x)
	}
	for _, e := range sum.Escalations[:min(len(sum.Escalations), maxListed)] {
		x := Escalation{Code: s.coded(e.Code), Title: s.titled(e.Title), Off: e.Off, Classes: []string{}, Levels: []int{}}
		for _, class := range e.Classes {
			x.Classes = append(x.Classes, ident(class))
		}
		for _, l := range e.Levels {
			part, err := strconv.Atoi(l.Value)
			if err != nil || l.Condition != "timePartExceeded" {
				part = 0
			}
			x.Levels = append(x.Levels, part)
			x.Actions += l.Actions
		}
		m.Escalations = append(m.Escalations, x)
	}
	other := map[string]int{}
	for name, n := range sum.Other {
		other[code(name)] += n
	}
	m.Other = counts(other)
	return m
}

// titled shows a title of the configuration, the Russian one first.
func (s *survey) titled(t metainfo.Title) string {
	if text := cmp.Or(t.RU, t.EN); text != "" {
		return s.names.named(text)
	}
	return ""
}

// coded shows the code of something that people have named.
func (s *survey) coded(text string) string {
	if s.names.has(text) || s.names.addressed(text) {
		return Mask(text)
	}
	return code(text)
}

// code shows a code of the configuration, also one with dashes in it.
func code(text string) string {
	if itemCode.MatchString(text) {
		return text
	}
	return Mask(text)
}

// metainfo is the section of the export.
func (w writer) metainfo() []block {
	m := w.d.Metainfo
	word := func(text string) string { return cmp.Or(text, "–") }
	mode := word(m.Mode)
	if _, known := phrases["metainfo_"+m.Mode]; known && (m.Mode == "full" || m.Mode == "partial") {
		mode = w.say("metainfo_" + m.Mode)
	}
	counts := &table{Head: []string{w.say("what"), w.say("count")}, Right: []bool{false, true}}
	for _, c := range m.Counts {
		counts.Rows = append(counts.Rows, []string{w.say("meta." + c.ID), w.n(c.N)})
	}
	bs := []block{{Text: w.say("metainfo_"+m.From, m.Name, word(m.Date), word(m.Version), mode)}, {Table: counts}, {Text: w.say("metainfo_note"), Quiet: true}}
	add := func(head string, t *table) {
		if len(t.Rows) > 0 {
			bs = append(bs, block{Head: w.say(head)}, block{Table: t})
		}
	}
	tags := &table{Head: []string{w.say("code"), w.say("name"), w.say("off")}, Code: []bool{true}}
	for _, t := range m.Tags {
		tags.Rows = append(tags.Rows, []string{t.Code, t.Title, w.mark(t.Off)})
	}
	add("meta_tags", tags)
	flows := &table{Head: []string{w.say("class"), w.say("states"), w.say("transitions")}, Right: []bool{false, true, true}, Code: []bool{true}}
	for _, f := range m.Workflows {
		flows.Rows = append(flows.Rows, []string{f.Class, w.n(f.States), w.n(f.Transitions)})
	}
	add("meta_workflows", flows)
	for _, by := range []struct {
		head, of string
		all      []Count
	}{{"meta_by_class", "class", m.EventsOf}, {"meta_by_event", "event", m.EventsOn}, {"meta_by_kind", "kind", m.EventsBy}} {
		t := &table{Head: []string{w.say(by.of), w.say("count")}, Right: []bool{false, true}, Code: []bool{true}}
		for _, c := range by.all {
			t.Rows = append(t.Rows, []string{c.Name, w.n(c.N)})
		}
		add(by.head, t)
	}
	schemes := &table{Head: []string{w.say("code"), w.say("name"), w.say("class"), w.say("levels"), w.say("actions"), w.say("off")}, Right: []bool{false, false, false, false, true}, Code: []bool{true}}
	for _, e := range m.Escalations {
		var levels []string
		for _, l := range e.Levels {
			if l == 0 {
				levels = append(levels, "–")
			} else {
				levels = append(levels, w.n(l)+" %")
			}
		}
		schemes.Rows = append(schemes.Rows, []string{e.Code, e.Title, strings.Join(e.Classes, ", "), strings.Join(levels, ", "), w.n(e.Actions), w.mark(e.Off)})
	}
	add("meta_schemes", schemes)
	if len(m.Other) > 0 {
		var other []string
		for _, c := range m.Other {
			other = append(other, c.Name+" "+w.n(c.N))
		}
		bs = append(bs, block{Text: w.say("meta_other", strings.Join(other, ", ")), Quiet: true})
	}
	return bs
}

// mark is a yes, or nothing.
func (w writer) mark(b bool) string {
	if b {
		return w.yes(true)
	}
	return ""
}
