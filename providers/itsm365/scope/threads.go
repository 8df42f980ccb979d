package scope

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"deskform/providers/itsm365"
)

// The limits of Intercom that a row may meet.
const (
	maxParts   = 500      // of a thread that can be read (IC trap 6)
	maxBody    = 32000    // characters of a message (IC 7 #6)
	maxTitle   = 255      // characters of a subject and of a text attribute (IC 3.4)
	maxOfFiles = 10       // files of a message (IC 2)
	maxFile    = 20 << 20 // bytes of a file (IC 7 #6)
)

// Whose a ticket is.
type client int

const (
	ofPerson      client = iota + 1 // a listed person
	ofHidden                        // a person who is not listed
	ofPlaceholder                   // the record that stands for unknown senders
	ofDepartment                    // a department or a team
	ofSender                        // no link, an address alone
	ofNobody
)

// A ticket is what is kept of one: numbers, flags, the hash of its client.
type ticket struct {
	typ                              string
	client                           client
	who                              uint64
	comments, ownFiles               int
	attached, pictured               int // files beside its texts, pictures in them
	listed                           int // comments, copies too
	removed                          bool
	watchers                         int
	closed, solution                 bool
	saysCommented, heard             bool // it says that it has comments; some are listed
	hasTeam, hasAgent, hasTag, reach bool // reach: somebody can be the contact
	longText                         bool
	agent                            string
}

type threads struct {
	Threads
	byOwner  map[string]int            // comments on other things, by class
	held     map[string]map[uint64]int // the same by class and owner
	orphans  int
	files    map[uint64]bool // comments by hash, for the files that belong to them
	moved    int             // comments on tickets, copies left out
	fromMail int             // without an author, whose sender the text names, and who is the client
	asClient int             // written by the ticket's own client
}

func (s *survey) ticket(key, typ string, o object) {
	t := &ticket{typ: typ, removed: o.is("removed"), pictured: picturesIn(o), watchers: len(o.links("observers")) + len(o.links("subscribers"))}
	s.tickets[key] = t
	state := o.text("state")
	t.closed = state == "closed" || state == "resolved"
	t.solution = strings.TrimSpace(plain(o.text("resultDescr"))) != ""
	t.saysCommented = o.is("commentAdded") || o.text("commentDate") != "" || strings.TrimSpace(plain(o.text("lastComment"))) != ""
	t.agent, t.hasTeam = o.link("responsibleEmployee"), o.link("responsibleTeam") != ""
	t.hasAgent = t.agent != ""
	t.hasTag = o.link("priority") != ""
	s.clientOf(t, o)
	s.rights.ticket(t, typ, o)

	body := cmp.Or(o.text("descriptionRTF"), o.text("descriptionInRTF"), o.text("description")) // IT trap 6
	text := plain(body)
	t.longText = s.length(key, text)
	if utf8.RuneCountInString(o.text("shortDescr")) > maxTitle {
		s.threads.OverTitle++
		s.place(key)
	}
	s.lang(text+" "+o.text("shortDescr")).Tickets++
	s.ticketTimes(t, key, o)
}

func (s *survey) ticketTimes(t *ticket, key string, o object) {
	if at, ok := o.time("registrationDate", s.Zone); ok {
		s.hours[at.Hour()]++
		s.months[at.Format("2006-01")]++
	}
	number := cmp.Or(numberOf(o), o.text("title"))
	if _, asked := s.ExpectTime[number]; asked {
		for _, code := range []string{"registrationDate", "creationDate"} {
			if at, ok := o.time(code, s.Zone); ok {
				s.expected[number] = append(s.expected[number], at)
			}
		}
	}
	if at, ok := o.time("responsibleStartTime", s.Zone); ok {
		s.act(o.link("responsibleEmployee"), at)
	}
	if at, ok := o.time("dateDecision", s.Zone); ok {
		s.act(o.link("solvedByEmployee"), at)
	}
	if p := s.people.all[o.link("closedByEmployee")]; p != nil && p.agent { // a client may close as well
		if at, ok := o.time("stateStartTime", s.Zone); ok && o.text("state") == "closed" {
			s.act(o.link("closedByEmployee"), at)
		}
	}
}

// numberOf is the ticket's number as a text.
func numberOf(o object) string {
	if n, ok := o["number"].(interface{ String() string }); ok {
		return n.String()
	}
	return o.text("number")
}

func (s *survey) clientOf(t *ticket, o object) {
	key := cmp.Or(o.link("clientEmployee"), o.link("client"))
	mail := strings.ToLower(strings.TrimSpace(o.text("clientEmail")))
	class, _, _ := strings.Cut(key, "$")
	p := s.people.all[key]
	switch {
	case p != nil && p.placeholder:
		t.client = ofPlaceholder
	case p != nil:
		t.client, t.who, t.reach = ofPerson, hash(key), true
		return
	case class == "employee":
		t.client = ofHidden
	case class == "ou" || class == "team":
		t.client = ofDepartment
	case mail != "":
		t.client = ofSender
	default:
		t.client = ofNobody
	}
	if mail != "" {
		t.reach = true
		if s.people.emails[hash(mail)] == 0 {
			s.people.strangers.add(mail)
		}
	}
}

// length keeps the longest text and reports one that is too long.
func (s *survey) length(key, text string) bool {
	n := utf8.RuneCountInString(text)
	s.threads.LongestText = max(s.threads.LongestText, n)
	if n <= maxBody {
		return false
	}
	s.threads.OverBody++
	s.place(key)
	return true
}

func (s *survey) place(key string) {
	if shown := keyOf(key); len(s.threads.Places) < maxPlaces && !slices.Contains(s.threads.Places, shown) {
		s.threads.Places = append(s.threads.Places, shown)
	}
}

func (s *survey) lang(text string) *Language {
	name := scriptOf(text)
	if s.langs[name] == nil {
		s.langs[name] = &Language{Name: name}
	}
	return s.langs[name]
}

func (s *survey) comment(key string, o object) {
	th := &s.threads
	if th.files == nil {
		th.files, th.byOwner, th.held = map[uint64]bool{}, map[string]int{}, map[string]map[uint64]int{}
	}
	owner := o.link("source")
	class, _, _ := strings.Cut(owner, "$")
	t := s.tickets[owner]
	th.files[hash(key)] = t != nil
	th.Comments++
	private := o.is("private")
	count(&th.Private, private)
	count(&th.NoAuthor, o.link("author") == "")
	text := o.text("text")
	s.length(key, plain(text))
	s.lang(plain(text)).Comments++
	if n := len(o.links("files")); n > maxOfFiles {
		th.OverFiles++
		s.place(key)
	}
	switch {
	case t == nil && (class == "serviceCall" || owner == "" || slices.Contains(classes, class) && !s.met[hash(owner)] && s.classes[class] != nil && s.classes[class].state == "read"):
		th.orphans++
		return
	case t == nil:
		th.byOwner[ident(class)]++
		if th.held[class] == nil {
			th.held[class] = map[uint64]int{}
		}
		th.held[class][hash(owner)]++
		return
	}
	t.heard = true
	t.listed++
	if o.is("isCopy") {
		th.Copies++
		return
	}
	th.moved++
	t.comments++
	s.authorOf(t, o, text, private)
}

// authorOf counts who wrote a comment of a ticket.
func (s *survey) authorOf(t *ticket, o object, text string, private bool) {
	key := o.link("author")
	p := s.people.all[key]
	switch {
	case key == "":
		sender := itsm365.MailSender(text)
		if c := s.people.byHash[t.who]; sender != "" && !private && c != nil && c.email == hash(sender) {
			s.threads.fromMail++
		}
		return
	case p == nil:
		return
	case t.who == hash(key) && !private:
		s.threads.asClient++
		return
	}
	if private {
		p.private++
	} else {
		p.public++
	}
	at, ok := o.time("creationDate", s.Zone)
	if ok && (private || p.agent) {
		s.act(key, at)
	}
}

// parts is how many messages a ticket has after the first: comments, the solution, and the dossier note.
func (t *ticket) parts() int {
	n := t.comments + 1
	if t.solution {
		n++
	}
	return n
}

func (s *survey) threadCounts() Threads {
	out := s.threads.Threads
	out.Tickets = len(s.tickets)
	bins := []struct {
		name string
		to   int
	}{{"0", 0}, {"1–2", 2}, {"3–5", 5}, {"6–10", 10}, {"11–20", 20}, {"21–50", 50}, {"51–100", 100}, {"101–500", 500}, {"> 500", 1 << 62}}
	lengths := make([]int, len(bins))
	for _, key := range slices.SortedFunc(mapKeys(s.tickets), byNumber) {
		t := s.tickets[key]
		out.Longest = max(out.Longest, t.comments)
		if t.parts() > maxParts {
			out.OverParts++
			s.place(key)
		}
		for i, b := range bins {
			if t.comments <= b.to {
				lengths[i]++
				break
			}
		}
	}
	for i, b := range bins {
		out.Lengths = append(out.Lengths, Count{b.name, lengths[i]})
	}
	out.Elsewhere, out.Places = counts(s.threads.byOwner), s.threads.Places
	return out
}

type files struct {
	Files
	sizes             map[string]*FileSize
	types             map[string]*FileSize
	owner             map[string]int
	attached          map[string]int // those that are no picture of a text, by the class of their owner
	movable, homeless int
}

var sizeBins = []struct {
	name string
	to   int64
}{{"0", 0}, {"≤ 100 KB", 100 << 10}, {"≤ 1 MB", 1 << 20}, {"≤ 5 MB", 5 << 20}, {"≤ 20 MB", maxFile}, {"> 20 MB", 1 << 62}}

func (s *survey) file(key string, o object) {
	f := &s.files
	if f.sizes == nil {
		f.sizes, f.types, f.owner, f.attached = map[string]*FileSize{}, map[string]*FileSize{}, map[string]int{}, map[string]int{}
	}
	size, _ := o.number("fileSize")
	size = max(size, 0)
	f.N++
	f.Bytes += size
	if !o.is("authorOnly") {
		s.trial.offer(key, size)
	}
	count(&f.Inline, o.is("imgFromRTF"))
	count(&f.AuthorOnly, o.is("authorOnly"))
	count(&f.Empty, size == 0)
	count(&f.TooBig, size > maxFile)
	for _, b := range sizeBins {
		if size <= b.to {
			addFile(f.sizes, b.name, size)
			break
		}
	}
	addFile(f.types, fileType(o.text("mimeType"), o.text("title")), size)

	owner := o.link("source")
	class, _, _ := strings.Cut(owner, "$")
	onMoved, isComment := s.threads.files[hash(owner)]
	t := s.tickets[owner]
	if !isComment && t == nil && !s.met[hash(owner)] {
		f.Orphans++ // also those whose owner's class is read later; corrected at the end
		s.lateOwner(owner)
	}
	f.owner[ident(cmp.Or(class, "?"))]++
	beside := 0
	count(&beside, !o.is("imgFromRTF"))
	f.attached[class] += beside
	moves := t != nil || onMoved
	switch {
	case !moves:
		f.homeless++
	case size == 0 || size > maxFile || o.is("authorOnly"):
	default:
		f.movable++
	}
	if t != nil {
		t.ownFiles++
		t.attached += beside
	}
}

// lateOwner remembers an owner that was not met: what is read after the files may have it.
func (s *survey) lateOwner(owner string) {
	if s.hung.owners == nil {
		s.hung.owners = map[uint64]int{}
	}
	s.hung.owners[hash(owner)]++
}

func addFile(to map[string]*FileSize, name string, size int64) {
	if to[name] == nil {
		to[name] = &FileSize{Name: name}
	}
	to[name].N++
	to[name].Bytes += size
}

// fileKinds are groups of files by the end of their names; the rest goes by its MIME type.
var fileKinds = map[string]string{
	".png": "image", ".jpg": "image", ".jpeg": "image", ".gif": "image", ".bmp": "image", ".webp": "image", ".heic": "image", ".svg": "image", ".tif": "image", ".tiff": "image",
	".pdf": "pdf", ".doc": "document", ".docx": "document", ".odt": "document", ".rtf": "document", ".xls": "table", ".xlsx": "table", ".ods": "table", ".csv": "table",
	".ppt": "document", ".pptx": "document", ".txt": "text", ".log": "text", ".json": "text", ".xml": "text", ".md": "text", ".ini": "text", ".html": "page", ".htm": "page",
	".zip": "archive", ".rar": "archive", ".7z": "archive", ".gz": "archive", ".tar": "archive", ".mp4": "media", ".mov": "media", ".avi": "media", ".mp3": "media", ".wav": "media", ".webm": "media",
	".exe": "program", ".msi": "program", ".bat": "program", ".cmd": "program", ".ps1": "program", ".vbs": "program", ".js": "program", ".sh": "program", ".dll": "program",
	".msg": "mail", ".eml": "mail",
}

// fileType groups a file: image, pdf, document, table, text, page, archive, media, program, mail, other.
func fileType(mime, name string) string {
	if kind, ok := fileKinds[strings.ToLower(path.Ext(strings.TrimSpace(name)))]; ok {
		return kind
	}
	mime = strings.ToLower(mime)
	switch head, _, _ := strings.Cut(mime, "/"); {
	case head == "image":
		return "image"
	case head == "audio" || head == "video":
		return "media"
	case mime == "application/pdf":
		return "pdf"
	case mime == "text/html":
		return "page"
	case head == "text":
		return "text"
	case mime == "message/rfc822":
		return "mail"
	}
	return "other"
}

// hung is what hangs on tickets and other things.
type hung struct {
	tied, loose map[string]int
	owners      map[uint64]int // of files, that were not met when the files were read
	itemLinks   int            // users of configuration items
}

func (h *hung) init() { h.tied, h.loose = map[string]int{}, map[string]int{} }

// homes are the attributes by which a thing hangs on what moves.
var homes = map[string][]string{
	"negotiation": {"sourceR", "source"}, "vote": {"serviceCall", "changeRequest", "parent"}, "task": {"serviceCall", "problem", "changeRequest"},
	"workRecord": {"serviceCall", "task", "problem", "changeRequest"},
}

func (s *survey) hang(class string, o object) {
	at, has := homes[class]
	if !has {
		return
	}
	tied := slices.ContainsFunc(at, func(code string) bool { return s.met[hash(o.link(code))] })
	if tied {
		s.hung.tied[class]++
	} else {
		s.hung.loose[class]++
	}
	switch class {
	case "workRecord":
		if at, ok := o.time("actualDate", s.Zone); ok {
			s.act(o.link("employee"), at)
		}
	case "task":
		if at, ok := o.time("stateStartTime", s.Zone); ok && o.text("state") != "registered" {
			s.act(o.link("responsibleEmployee"), at)
		}
	}
}

func (s *survey) fileCounts() Files {
	out := s.files.Files
	for h, n := range s.hung.owners {
		if s.met[h] {
			out.Orphans -= n
		}
	}
	for _, b := range sizeBins {
		if f := s.files.sizes[b.name]; f != nil {
			out.BySize = append(out.BySize, *f)
		}
	}
	for _, f := range s.files.types {
		out.ByType = append(out.ByType, *f)
	}
	slices.SortFunc(out.ByType, func(a, b FileSize) int { return cmp.Or(b.N-a.N, strings.Compare(a.Name, b.Name)) })
	out.ByOwner = counts(s.files.owner)
	return out
}
