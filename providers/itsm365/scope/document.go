// Package scope looks over an ITSM 365 tenant and says what a move to Intercom meets there: the scope document. It reads
// streams of raw objects, once each, and keeps counts, hashes and shapes of them: never a class, never a value of a person.
// It opens no file and no connection of its own, and follows nothing that a text names.
package scope

import "time"

// Format is the version of the JSON document. It is raised when a reader of the old one would misread the new one.
const Format = 1

// A Document is the scope of a move: all that the renderings show, as numbers and codes without any language. Its JSON is an
// interface. Nothing in it is a value of a person: samples are masked, objects are named by their UUID. Times are UTC, sizes
// are bytes, shares are 0 to 1, lists are sorted and the same for the same tenant.
type Document struct {
	Format int `json:"format"`
	// Host is where the tenant was read, Zone the zone its dates were read in, Region where Intercom is: us, eu or au, empty
	// where nobody said.
	Host   string `json:"host"`
	Region string `json:"region,omitempty"`
	Zone   string `json:"time_zone"`
	// Now is the time by the service's own clock when the reading began.
	Now time.Time `json:"now"`
	// Oldest and Newest are the first and the last time that something was created or changed, by the data. What lies after
	// Now does not count.
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
	// Calls is what the reading took, Edition what the operator said: empty for nothing.
	Calls   int    `json:"calls"`
	Edition string `json:"edition_stated,omitempty"`

	Moves     []Move    `json:"moves"`
	Decisions []Counted `json:"decisions"`
	Seats     Seats     `json:"seats"`
	Unseen    []Unseen  `json:"not_seen"`
	Inventory []Counted `json:"inventory"`
	Modules   []Module  `json:"modules"`
	// Signals are licensed, own_types, own_fields, own_classes, own_catalogs and contracts: by how much the tenant differs from
	// the stock configuration.
	Signals  []Counted `json:"signals"`
	Classes  []Class   `json:"classes"`
	Catalogs []Catalog `json:"catalogs"`
	People   People    `json:"people"`
	Orphans  []Link    `json:"orphans"`
	// OrphansCut are links that may lead nowhere beyond those that were looked after; 0 unless a tenant has hundreds of
	// thousands.
	OrphansCut int        `json:"orphans_cut,omitempty"`
	Threads    Threads    `json:"threads"`
	Files      Files      `json:"files"`
	Languages  []Language `json:"languages"`
	// LooseItems are configuration items without a user: as companies they are invisible in Intercom.
	LooseItems int             `json:"configuration_items_without_user"`
	Restricted []Restriction   `json:"restricted"`
	Secrets    []Secret        `json:"likely_secrets"`
	Personal   []PersonalField `json:"personal_data"`
	Time       TimeProof       `json:"time_zone_proof"`
	Months     []Count         `json:"tickets_by_month"`
	Grade      Grade           `json:"grade"`
	Forecast   Forecast        `json:"forecast"`
	// Metainfo is the configuration export; nil where none was configured, or the key gets none.
	Metainfo *Metainfo `json:"metainfo,omitempty"`
}

// A Count is a number under a name.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

// A Counted is a thing of a closed list, by its id, and how many rows it is about; 0 where it is about the whole.
type Counted struct {
	ID string `json:"id"`
	N  int    `json:"n"`
}

// A Move is what becomes of one kind of thing. The three numbers add up to its rows, and each row that is changed or stays
// stands under one reason.
type Move struct {
	ID      string    `json:"id"`
	Class   string    `json:"class"`
	AsIs    int       `json:"as_is"`
	Changed int       `json:"changed"`
	Not     int       `json:"not"`
	Reasons []Counted `json:"reasons,omitempty"`
}

// Seats are the teammates that Intercom needs.
type Seats struct {
	// Buy: agents who did something in the last Days days before Document.Newest.
	Buy  int `json:"buy"`
	Days int `json:"days"`
	// Rest are the other agents: they need no seat, and what they wrote is sent by the actor under their names. Buy less
	// Unflagged, and Rest, are all of People.Agents.
	Rest int `json:"rest"`
	// Left: archived agents, among Rest, who did something in that time.
	Left int `json:"left_lately"`
	// Unflagged: among Buy, who acts as an agent and has no licence, no team and no mark of a performer.
	Unflagged int `json:"unflagged"`
	// Others are no agents by any mark, have acted as agents do, and not in that time, or are archived: no seat either.
	Others int `json:"others"`
}

// An Unseen is what the key did not show.
type Unseen struct {
	// ID is refused, empty, unlisted (objects that others link to), incomplete (the list broke off), bytes (the one file that
	// was tried gave none), metainfo (the configuration export was asked for and not given), mute_tickets (tickets that
	// say they have comments and show none), private (there are many comments, N, and none is internal) or attribute (the
	// stock model has it and no object shows it).
	ID    string `json:"id"`
	Class string `json:"class"`
	N     int    `json:"n,omitempty"`
	// Detail is what the service said, without secrets, or the attributes by name.
	Detail string `json:"detail,omitempty"`
}

// A Module is a part of the product, as it was found by asking.
type Module struct {
	ID    string `json:"id"`
	Class string `json:"class"`
	// Signal is used, empty (it answers and lists nothing: unused, or hidden from the key) or refused.
	Signal string `json:"signal"`
	N      int    `json:"n"`
	// Attribute is the ticket attribute that comes with the module; Shown says whether tickets have it.
	Attribute string `json:"attribute,omitempty"`
	Shown     bool   `json:"attribute_shown,omitempty"`
	// TagOff: the configuration export says that the module is switched off.
	TagOff bool `json:"tag_off,omitempty"`
}

// A Class is a class of objects as it was read.
type Class struct {
	Name string `json:"class"`
	// State is read, empty, refused or incomplete.
	State    string `json:"state"`
	N        int    `json:"n"`
	Archived int    `json:"archived"`
	// Broken are rows that are no objects with a UUID.
	Broken int         `json:"broken,omitempty"`
	Types  []Type      `json:"types"`
	Fields []Attribute `json:"attributes"`
	// PerOwner: the list of the whole tenant was refused, so that the tickets were asked one by one.
	PerOwner bool `json:"per_owner,omitempty"`
}

// A Type is a type of a class, with its states.
type Type struct {
	Name     string  `json:"type"`
	N        int     `json:"n"`
	Archived int     `json:"archived"`
	States   []Count `json:"states,omitempty"`
}

// An Attribute is what the objects of a class have under one code.
type Attribute struct {
	Code string `json:"code"`
	// Kind is how values look: string, number, bool, time, link, links, files, list, object, or any for several of them.
	Kind string `json:"kind"`
	// Own: the stock model does not have it.
	Own bool `json:"own,omitempty"`
	// Filled is how many objects have a value; an empty text or list is none.
	Filled int `json:"filled"`
	// Distinct is how many different values; Estimate says that it was not counted to the end.
	Distinct int  `json:"distinct"`
	Estimate bool `json:"distinct_is_estimate,omitempty"`
	// Longest is the longest value: characters of a text as it came, members of a list.
	Longest int `json:"longest"`
	// Sample is the shape of one value, masked.
	Sample string `json:"sample,omitempty"`
	// Emails, Phones and Named are values that look like an e-mail address, a phone number, or hold a person's name.
	Emails int `json:"emails,omitempty"`
	Phones int `json:"phones,omitempty"`
	Named  int `json:"named,omitempty"`
}

// A Catalog is a list of values that the tenant keeps.
type Catalog struct {
	Code     string `json:"code"`
	N        int    `json:"n"`
	Folders  int    `json:"folders"`
	Archived int    `json:"archived"`
	// ArchivedUsed are archived items that objects still point to.
	ArchivedUsed int `json:"archived_used"`
	// Items are the most used first, fifty at most.
	Items []CatalogItem `json:"items"`
}

// A CatalogItem is a value. Title is masked unless it is one of the stock or its words name nobody; of a code that may name
// somebody the item's UUID stands in Code.
type CatalogItem struct {
	Code     string `json:"code"`
	Title    string `json:"title"`
	Used     int    `json:"used"`
	Archived bool   `json:"archived,omitempty"`
	Folder   bool   `json:"folder,omitempty"`
}

// People are those who write and those who answer.
type People struct {
	N        int `json:"n"`
	Outside  int `json:"outside_contacts"`
	Archived int `json:"archived"`
	Agents   int `json:"agents"`
	// NoEmail, and of them those who are not archived.
	NoEmail       int `json:"without_email"`
	NoEmailActive int `json:"without_email_active"`
	// DuplicateEmails are addresses that several people share, whatever their case; DuplicatePeople all of those people.
	DuplicateEmails int `json:"duplicate_emails"`
	DuplicatePeople int `json:"people_with_duplicate_email"`
	// Placeholders are records that stand for unknown senders (IT 5.3); PlaceholderTickets are their tickets.
	Placeholders       int `json:"placeholders"`
	PlaceholderTickets int `json:"placeholder_tickets"`
	// Unregistered are different addresses of senders who are no listed person.
	Unregistered         int  `json:"unregistered_senders"`
	UnregisteredEstimate bool `json:"unregistered_is_estimate,omitempty"`
	// ClientDepartment and NoClient are tickets whose client is a department or team, or nobody.
	ClientDepartment int `json:"tickets_of_departments"`
	NoClient         int `json:"tickets_without_client"`
	NoDepartment     int `json:"people_without_department"`
}

// A Link is an attribute whose values lead to objects that the key does not show.
type Link struct {
	From string `json:"from"` // class.attribute
	To   string `json:"to"`   // the class it leads to
	N    int    `json:"n"`
	// Example is the UUID of one missing object.
	Example string `json:"example"`
}

// Threads are the lengths of what was said.
type Threads struct {
	Tickets  int `json:"tickets"`
	Comments int `json:"comments"`
	Private  int `json:"private_comments"`
	NoAuthor int `json:"comments_without_author"`
	Copies   int `json:"copied_comments"`
	// Elsewhere are comments on other things than tickets.
	Elsewhere []Count `json:"comments_elsewhere,omitempty"`
	Longest   int     `json:"longest_thread"`
	// LongestText is in characters, without tags.
	LongestText int `json:"longest_text"`
	// OverParts are tickets with more than 500 parts (IC trap 6), OverBody texts of more than 32,000 characters, OverFiles
	// comments with more than ten files (IC 7 #6, IC 2), OverTitle subjects of more than 255 characters.
	OverParts int      `json:"over_parts"`
	OverBody  int      `json:"over_body"`
	OverFiles int      `json:"over_files"`
	OverTitle int      `json:"over_title"`
	Places    []string `json:"places,omitempty"` // the first ten, by UUID
	Lengths   []Count  `json:"lengths"`          // tickets by number of comments
}

// Files are the attachments.
type Files struct {
	N          int        `json:"n"`
	Bytes      int64      `json:"bytes"`
	Inline     int        `json:"inline_pictures"`
	AuthorOnly int        `json:"author_only"`
	Empty      int        `json:"empty"`
	TooBig     int        `json:"over_20_mb"`
	Orphans    int        `json:"orphans"`
	BySize     []FileSize `json:"by_size"`
	ByType     []FileSize `json:"by_type"`
	ByOwner    []Count    `json:"by_owner"`
}

// A FileSize is a group of files.
type FileSize struct {
	Name  string `json:"name"`
	N     int    `json:"n"`
	Bytes int64  `json:"bytes"`
}

// A Language is how many texts are written in one script: ru for Cyrillic, en for Latin, other, none for no letters.
type Language struct {
	Name     string `json:"name"`
	Tickets  int    `json:"tickets"`
	Comments int    `json:"comments"`
}

// A Restriction is a thing that not everybody may use or see in ITSM 365. In Intercom every teammate sees every conversation.
type Restriction struct {
	// What is type, service, team, section or files.
	What string `json:"what"`
	// Reason is an id: not_listed, not_offered, recipients, no_agreement, protected, partly_seen, author_only.
	Reason string `json:"reason"`
	Name   string `json:"name"` // a code or a UUID
	// Title is masked where it may hold a person's name.
	Title string `json:"title,omitempty"`
	// Tickets are those under it; for sections and files how many there are.
	Tickets int `json:"tickets"`
}

// A Secret is a kind of likely secret in texts: access_key, password, token, private_key, card.
type Secret struct {
	Kind string `json:"kind"`
	N    int    `json:"n"`
	// Objects is how many objects hold them, by class.attribute.
	Objects []Count `json:"objects"`
	// Places are the first ten objects, "class.attribute UUID". What was found is not kept.
	Places []string `json:"places"`
}

// A PersonalField is an attribute with personal data.
type PersonalField struct {
	// Category is identity, contact, account, work, birth, photo, content, opinion, activity or own.
	Category string `json:"category"`
	Field    string `json:"field"` // class.attribute
	N        int    `json:"n"`
	// Found: no model says so, the values look so.
	Found bool `json:"found_by_shape,omitempty"`
}

// A TimeProof holds the configured zone against the screen and the clock.
type TimeProof struct {
	// ScreenZone is the zone of the screen; From says where it comes from: stated, company or provider.
	ScreenZone string `json:"screen_zone"`
	From       string `json:"screen_zone_from"`
	// Verdict is proven; met (all that were found agree, and would in one of Others too, or the screen's zone is nobody's
	// word: From is provider); wrong, mixed, not_found or not_asked.
	Verdict string `json:"verdict"`
	// Checked are the readings whose ticket is listed; the others say nothing.
	Checked int `json:"checked"`
	// Others are further zones that meet all readings and have another offset at some time from Document.Oldest to Newest,
	// one of each kind and three at most; OthersN is how many kinds there are. Months ("2025-07") are those whose
	// tickets would tell them from Document.Zone, where it is met.
	Others  []string `json:"other_zones,omitempty"`
	OthersN int      `json:"other_zones_n,omitempty"`
	Months  []string `json:"wanted_months,omitempty"`
	// OffMinutes is by how much our instants are later than the screen's, where all that were found agree.
	OffMinutes int         `json:"off_minutes"`
	Checks     []TimeCheck `json:"checks,omitempty"`
	// Hours are tickets by the hour of registration in the configured zone, 0 to 23.
	Hours [24]int `json:"hours"`
	// Day is the share of them from 8 to 20 o'clock.
	Day float64 `json:"share_by_day"`
	// Future are dates of the past that lie after Document.Now, by class.attribute; it should be empty.
	Future []Count `json:"future,omitempty"`
}

// A TimeCheck is a time read off the screen, against the ticket's.
type TimeCheck struct {
	Number   string `json:"number"`
	Expected string `json:"expected"`
	// Found is the ticket's time in the screen's zone; empty when no ticket has the number.
	Found string `json:"found"`
	Match bool   `json:"match"`
}

// A Grade is the complexity by the rule of the points that it lists, and the timeline that goes with it.
type Grade struct {
	// Letter is S (0 to 4 points), M (5 to 8), L (9 to 12) or XL.
	Letter string  `json:"letter"`
	Points int     `json:"points"`
	Rules  []Point `json:"rules"`
	Steps  []Step  `json:"timeline"`
	// Days are working days of the whole timeline, PeopleHours the work in them, six hours a day; machine steps take none.
	Days        int `json:"days"`
	PeopleHours int `json:"people_hours"`
}

// A Point is a rule and what it gave.
type Point struct {
	ID     string `json:"id"`
	Value  int    `json:"value"`
	Points int    `json:"points"`
	Max    int    `json:"max"`
}

// A Step is a step of the timeline, in working days.
type Step struct {
	ID   string `json:"id"`
	From int    `json:"from_day"` // the first is 1
	Days int    `json:"days"`
	// Machine: deskform works, people wait.
	Machine bool `json:"machine,omitempty"`
}

// A Forecast is what the move takes by counting.
type Forecast struct {
	// PullCalls are those of a first pull of the configuration's data blocks. PullBlocks is how many there are; with 0 it is
	// a pull of everything: of all that was found, comments asked for ticket by ticket.
	PullCalls  int `json:"pull_calls"`
	PullBlocks int `json:"pull_blocks"`
	// PullRate is calls a second as configured. CallSeconds is what a call of this reading took, in half seconds rounded down,
	// where that is slower than the rate.
	PullRate    float64 `json:"pull_rate"`
	CallSeconds float64 `json:"call_seconds"`
	PullHours   float64 `json:"pull_hours"`
	// OpenHours are the hours of a week in which the provider's window lets calls through, 168 without one. PullDays is the
	// time by the calendar that PullHours take then.
	OpenHours float64 `json:"open_hours_a_week"`
	PullDays  float64 `json:"pull_days"`
	// Lines are Intercom calls by what they write, with tickets as conversations.
	Lines []CallLine `json:"intercom_calls"`
	// Calls is their sum, CallsAsTickets the sum when tickets become Intercom tickets (IC 5), Replies those that the reply
	// throttle counts.
	Calls          int `json:"calls"`
	CallsAsTickets int `json:"calls_as_tickets"`
	Replies        int `json:"replies"`
	// Granted is calls per ten seconds; GrantedFrom says stated, asked or documented (IC 1.6). Share is what we take of it.
	Granted     int     `json:"granted_per_10_s"`
	GrantedFrom string  `json:"granted_from"`
	Share       float64 `json:"rate_share"`
	// ReplyLimit is replies per ten seconds over all conversations; within one it is a tenth (IC 7 #18). LongestThread is the
	// most replies that one conversation gets.
	ReplyLimit    int `json:"replies_per_10_s"`
	LongestThread int `json:"longest_thread"`
	// Binds is rate, replies or thread: what the hours come from.
	Binds string `json:"binds"`
	// ApplyHours and those at other grants.
	ApplyHours float64   `json:"apply_hours"`
	At         []AtGrant `json:"at_other_rates"`
}

// A CallLine is how many calls one kind of write takes.
type CallLine struct {
	ID string `json:"id"`
	N  int    `json:"n"`
}

// An AtGrant is the apply at another grant.
type AtGrant struct {
	Granted int     `json:"granted_per_10_s"`
	Hours   float64 `json:"hours"`
}

// A Metainfo is what the configuration export has (IT 5.2): counts, and codes of the configuration. Nothing of a script, a
// message or an address is in it; titles are masked unless their words name nobody.
type Metainfo struct {
	// From is file or call, Name the file's without its folder, or the call's.
	From string `json:"from"`
	Name string `json:"name"`
	// Date, Mode and Version are what it says of itself, empty for nothing. Mode is full or partial: what a partial one does
	// not have may be there all the same.
	Date    string `json:"date,omitempty"`
	Mode    string `json:"mode,omitempty"`
	Version string `json:"version,omitempty"`
	// Counts are by id: types, attributes, events, notifications and the others that the renderings name; of each what there
	// is, switched off or not.
	Counts []Counted `json:"counts"`
	Tags   []Switch  `json:"tags,omitempty"`
	// Workflows are those of classes and types, with what they inherit and without what is off.
	Workflows []Workflow `json:"workflows,omitempty"`
	// EventsOf are event actions by class, EventsOn by what makes them happen, EventsBy by what they do: the most first. One
	// of two classes counts in both.
	EventsOf    []Count      `json:"event_actions_by_class,omitempty"`
	EventsOn    []Count      `json:"event_actions_by_event,omitempty"`
	EventsBy    []Count      `json:"event_actions_by_kind,omitempty"`
	Escalations []Escalation `json:"escalations,omitempty"`
	// Other are sections that are not looked into.
	Other []Count `json:"other_sections,omitempty"`
}

// A Switch is a tag: a feature that can be off.
type Switch struct {
	Code  string `json:"code"`
	Title string `json:"title,omitempty"`
	// Off is only set where the export says so.
	Off bool `json:"off,omitempty"`
}

// A Workflow is how many states and moves a class or type has.
type Workflow struct {
	Class       string `json:"class"`
	States      int    `json:"states"`
	Transitions int    `json:"transitions"`
}

// An Escalation is a scheme: what happens when so much of the time has passed.
type Escalation struct {
	Code    string   `json:"code"`
	Title   string   `json:"title,omitempty"`
	Off     bool     `json:"off,omitempty"`
	Classes []string `json:"classes"`
	// Levels are in per cent of the time; 0 for a condition of another kind.
	Levels []int `json:"levels"`
	// Actions are event actions that its levels name.
	Actions int `json:"actions"`
}
