package scope

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/transport"
)

// A Source is the tenant to look over; *itsm365.Source is one. It only reads.
type Source interface {
	// Probe asks for one whole object of a class.
	Probe(ctx context.Context, class string) (itsm365.Probe, error)
	// Objects yields the objects of a class as they came; those of one owner where it is not empty.
	Objects(ctx context.Context, class, owner string) iter.Seq2[plan.Row, error]
	// Now is the time by the service's clock.
	Now(ctx context.Context) (time.Time, error)
	// Calls is how many calls were sent so far.
	Calls() int
	// OpenFor is for how long, between two times, calls may be made.
	OpenFor(from, to time.Time) time.Duration
	// One file is opened in a run, to see whether the key may.
	plan.Opener
}

var _ Source = (*itsm365.Source)(nil)

// Options are what the configuration and the operator say.
type Options struct {
	Host string
	// Region is that of Intercom, by the configuration; empty for undecided.
	Region string
	// Zone is that of the server, in which dates come.
	Zone *time.Location
	// Edition is what the operator states; nothing is derived from it.
	Edition string
	// ExpectTime are times of registration by ticket number, as a screen in ScreenZone shows them: "02.03.2026 09:14".
	// A nil ScreenZone is the company's zone, which the service shows, else Zone.
	ExpectTime map[string]string
	ScreenZone *time.Location
	// Rate is calls a second that the source is asked for, PageSize the objects of a page.
	Rate     float64
	PageSize int
	// Blocks are the configuration's data blocks of this tenant; none forecasts a pull of everything. NoArchived: they leave
	// out what is archived, unless their filters say otherwise.
	Blocks     []plan.Data
	NoArchived bool
	// Granted are Intercom's calls per ten seconds and GrantedFrom says who says so; 0 is what is documented. Share is what
	// we take of them; 0 is all.
	Granted     int
	GrantedFrom string
	Share       float64
	// Clock measures how long calls take; nil measures nothing.
	Clock transport.Clock
	// Stage is told of each class before it is read, Count of more of its objects; nil for nobody.
	Stage func(class string)
	Count func(n int)
	// Hide takes secrets out of what the service answered; nil for nothing.
	Hide func(string) string
}

// The classes that are asked for (IT 6), people before tickets before what hangs on them, so that links lead to what was
// met already. Catalogs come last: those of the stock, and those that links lead to.
var (
	classes = []string{"root", "ou", "employee", "team", "domain", "slmService", "agreement", "agreementRule", "serviceCall", "comment",
		"file", "problem", "changeRequest", "objectBase", "negotiation", "vote", "task", "workRecord", "KB", "template"}
	stockCatalogs = []string{"priority", "urgency", "impact", "category", "closureCode", "mark", "wayAdressing", "overDue", "RFCcategories",
		"reasonForDecl", "servicetime", "timezone", "rulesSettings"}
)

// The bounds of what is kept: a tenant that has more is counted on, not listed on.
const (
	maxTypes    = 1000
	maxCatalogs = 300
	maxPlaces   = 10
	maxMissing  = 200000 // links to objects that were not met (yet)
)

// A survey is a reading in progress.
type survey struct {
	Options
	src   Source
	now   time.Time
	names *names

	classes  map[string]*class
	order    []string
	probes   map[string]itsm365.Probe
	met      map[uint64]bool             // hashes of all UUIDs that were listed, but of comments
	missing  map[missing]map[string]bool // what links lead to and was not met, by link
	lost     int                         // links beyond maxMissing
	items    map[string]int              // how often a catalog item is pointed to, by UUID
	catalogs map[string]*catalog
	own      []string // classes of the tenant's own that links lead to, as they were met
	wanted   []string // codes of catalogs, of the stock and those that links lead to

	people   people
	tickets  map[string]*ticket
	threads  threads
	files    files
	trial    trial
	langs    map[string]*Language
	secrets  map[string]*secret
	future   map[string]int
	oldest   time.Time
	newest   time.Time
	hours    [24]int
	months   map[string]int
	expected map[string][]time.Time
	company  string // the zone of the company, an IANA name
	rights   rights
	hung     hung
	loose    int
	export   export
}

// missing names a link: an attribute of a class, and the class it leads to.
type missing struct{ from, to string }

// Run looks a tenant over. The error is for what ends a run: a refused key, a context that is done, a service that does not
// answer. A class that cannot be read is a finding.
func Run(ctx context.Context, src Source, o Options) (*Document, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	s := &survey{Options: o, src: src, names: newNames(), classes: map[string]*class{}, probes: map[string]itsm365.Probe{}, met: map[uint64]bool{},
		missing: map[missing]map[string]bool{}, items: map[string]int{}, catalogs: map[string]*catalog{}, tickets: map[string]*ticket{},
		langs: map[string]*Language{}, secrets: map[string]*secret{}, future: map[string]int{}, months: map[string]int{}, expected: map[string][]time.Time{}}
	s.people.init()
	s.rights.init()
	s.hung.init()
	before, began := src.Calls(), s.time()
	err := s.readExport() // a file that is none is said before anything is asked
	if err != nil {
		return nil, err
	}
	if s.now, err = src.Now(ctx); err != nil {
		return nil, fmt.Errorf("discover: ask the time: %w", err)
	}
	for _, name := range classes {
		if err := s.readClass(ctx, name); err != nil {
			return nil, err
		}
	}
	for i := 0; i < len(s.own); i++ { // objects of own classes may lead to further ones
		if err := s.readClass(ctx, s.own[i]); err != nil {
			return nil, err
		}
	}
	if err := s.probeTypes(ctx); err != nil {
		return nil, err
	}
	for _, code := range stockCatalogs {
		s.wantCatalog(code)
	}
	for i := 0; i < len(s.wanted); i++ { // items may lead to further catalogs
		if err := s.readCatalog(ctx, s.wanted[i]); err != nil {
			return nil, err
		}
	}
	if err := s.tryFile(ctx); err != nil {
		return nil, err
	}
	took := s.src.OpenFor(began, s.time()) // of calls as a pull makes them, without the waits for the window
	if err := s.askExport(ctx); err != nil {
		return nil, err
	}
	d := s.document()
	d.Calls = src.Calls() - before
	s.forecast(d, took)
	s.grade(d)
	s.moves(d)
	s.decide(d)
	return d, nil
}

func (s *survey) time() time.Time {
	if s.Clock == nil {
		return time.Time{}
	}
	return s.Clock.Now()
}

// readClass reads one class to its end.
func (s *survey) readClass(ctx context.Context, name string) error {
	c, ok, err := s.open(ctx, name)
	if err != nil || !ok {
		if err == nil && name == "comment" && len(s.tickets) > 0 {
			return s.readPerOwner(ctx, c)
		}
		return err
	}
	return s.stream(ctx, c, s.src.Objects(ctx, name, ""))
}

// open probes a class; ok says that it has objects to read.
func (s *survey) open(ctx context.Context, name string) (c *class, ok bool, err error) {
	if s.Stage != nil {
		s.Stage(name)
	}
	p, err := s.src.Probe(ctx, name)
	if err != nil {
		return nil, false, fmt.Errorf("discover: probe %s: %w", name, err)
	}
	s.probes[name] = p
	c = newClass(name)
	s.classes[name] = c
	s.order = append(s.order, name)
	switch {
	case p.Refused != "":
		c.state, c.refused = "refused", s.hide(p.Refused)
	case p.Empty:
		c.state = "empty"
	default:
		c.state = "read"
		return c, true, nil
	}
	return c, false, nil
}

func (s *survey) hide(text string) string {
	if s.Hide != nil {
		text = s.Hide(text)
	}
	return text
}

// readPerOwner asks for the comments of each ticket, where the list of the whole tenant is refused or empty (IT 2.7).
func (s *survey) readPerOwner(ctx context.Context, c *class) error {
	refused := c.refused
	c.state, c.perOwner, c.refused = "read", true, ""
	for _, key := range slices.SortedFunc(maps.Keys(s.tickets), byNumber) {
		if err := s.stream(ctx, c, s.src.Objects(ctx, c.name, key)); err != nil {
			return err
		}
		if c.state != "read" && c.n == 0 { // nor are those of the first ticket that was asked
			c.state, c.refused = "refused", refused
			return nil
		}
	}
	if c.n == 0 {
		c.state = "empty"
	}
	return nil
}

// stream takes in the rows of a class. A list that the service refuses half way is incomplete, which is a finding.
func (s *survey) stream(ctx context.Context, c *class, rows iter.Seq2[plan.Row, error]) error {
	n := 0
	defer func() { s.count(n % countEvery) }()
	for row, err := range rows {
		if n++; n%countEvery == 0 {
			s.count(countEvery)
		}
		switch {
		case refusal(ctx, err):
			c.state, c.refused = "incomplete", s.hide(err.Error())
			return nil
		case err != nil:
			return fmt.Errorf("discover: %w", err)
		case row.Broken != "":
			c.broken++
			continue
		}
		if err := s.take(c, row); err != nil {
			c.broken++
		}
	}
	return nil
}

// countEvery is after how many objects somebody is told.
const countEvery = 100

func (s *survey) count(n int) {
	if s.Count != nil && n > 0 {
		s.Count(n)
	}
}

// refusal reports an error that is about one list: the service answered, and it was no passing failure.
func refusal(ctx context.Context, err error) bool {
	var he *transport.HTTPError
	return err != nil && ctx.Err() == nil && !errors.Is(err, itsm365.ErrKey) && errors.As(err, &he) && (he.Status < 502 || he.Status > 504)
}

// take counts one object. An error says that it is none.
func (s *survey) take(c *class, row plan.Row) error {
	o, err := decode(row.JSON)
	if err != nil {
		return err
	}
	if o == nil {
		return errors.New("is no object")
	}
	if c.name != "comment" {
		s.met[hash(row.Key)] = true
	}
	typ := c.add(o)
	for _, code := range sorted(o) { // the first places of a secret are the same in every run
		if code != "UUID" && code != "metaClass" {
			s.value(c, c.attribute(code), row.Key, o[code])
		}
	}
	c.pictures += picturesIn(o)
	s.dates(c.name, o)
	s.hook(c.name, row.Key, typ, o)
	return nil
}

// hook hands an object to what is asked of its class besides.
func (s *survey) hook(class, key, typ string, o object) {
	switch class {
	case "root":
		zone, _ := o["timeZone"].(map[string]any)
		s.company, _ = zone["code"].(string)
	case "employee":
		s.person(key, typ, o)
	case "ou":
		s.people.departments[hash(key)] = false
	case "team", "slmService", "agreement", "KB":
		s.rights.note(class, key, typ, o, s.names)
	case "serviceCall":
		s.ticket(key, typ, o)
	case "comment":
		s.comment(key, o)
	case "file":
		s.file(key, o)
	case "objectBase":
		if len(o.links("users")) == 0 {
			s.loose++
		} else {
			s.hung.itemLinks += len(o.links("users"))
		}
	default:
		s.hang(class, o)
	}
}

// value counts one value of an attribute, and looks for links and secrets in it.
func (s *survey) value(c *class, a *attribute, key string, v any) {
	if empty(v) {
		return
	}
	a.add(v, s.names)
	from := c.name + "." + a.code
	switch v := v.(type) {
	case string:
		s.seek(from, key, v)
	case map[string]any:
		s.follow(from, v)
	case []any:
		for _, e := range v {
			if link, ok := e.(map[string]any); ok {
				s.follow(from, link)
			}
		}
	}
}

// follow notes where a link leads: to a catalog's item, or to an object that must be listed.
func (s *survey) follow(from string, link map[string]any) {
	key, _ := link["UUID"].(string)
	meta, _ := link["metaClass"].(string)
	if key == "" {
		return
	}
	if _, item := link["code"]; item && !strings.Contains(meta, "$") {
		s.items[key]++
		s.wantCatalog(meta)
		return
	}
	to, _, _ := strings.Cut(meta, "$")
	if to == "" {
		to, _, _ = strings.Cut(key, "$")
	}
	if to == "comment" || s.met[hash(key)] || !s.known(to) {
		return
	}
	at := missing{from, to}
	if s.missing[at] == nil {
		s.missing[at] = map[string]bool{}
	}
	if len(s.missing[at]) >= maxMissing {
		s.lost++
		return
	}
	s.missing[at][key] = true
}

// maxOwn is how many classes of the tenant's own are read.
const maxOwn = 50

// known reports a class that is read. One that nobody knows is put on the list: tenants make classes of their own (IT 3.7),
// and there is no other way to hear of them.
func (s *survey) known(class string) bool {
	if slices.Contains(classes, class) || slices.Contains(s.own, class) {
		return true
	}
	if !identifier.MatchString(class) || s.catalogs[class] != nil || len(s.own) >= maxOwn {
		return false
	}
	s.own = append(s.own, class)
	return true
}

// seek looks for likely secrets in a text.
func (s *survey) seek(from, key, text string) {
	if len(text) < 6 {
		return
	}
	once := map[string]bool{}
	for _, kind := range secretsIn(text) {
		x := s.secrets[kind]
		if x == nil {
			x = &secret{objects: map[string]int{}}
			s.secrets[kind] = x
		}
		x.n++
		if once[kind] {
			continue
		}
		once[kind] = true
		x.objects[from]++
		if len(x.places) < maxPlaces {
			x.places = append(x.places, from+" "+keyOf(key))
		}
	}
}

// A secret is one kind of likely secrets as they are found.
type secret struct {
	n       int
	objects map[string]int
	places  []string
}

// pastDates are attributes that say when something happened.
var pastDates = []string{"creationDate", "registrationDate", "lastModifiedDate", "requestDate", "startTime", "stateStartTime", "dateDecision",
	"removalDate", "voteDate", "actualDate", "dateEnd", "commentDate", "responsibleStartTime"}

// dates keeps the first and the last time that something happened, and counts what has not happened yet.
func (s *survey) dates(class string, o object) {
	for _, code := range pastDates {
		t, ok := o.time(code, s.Zone)
		if !ok {
			continue
		}
		if t.After(s.now.Add(2 * time.Minute)) { // two clocks
			s.future[class+"."+ident(code)]++
			continue
		}
		if code != "creationDate" && code != "registrationDate" && code != "lastModifiedDate" {
			continue
		}
		if s.oldest.IsZero() || t.Before(s.oldest) {
			s.oldest = t
		}
		if t.After(s.newest) {
			s.newest = t
		}
	}
}

func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
