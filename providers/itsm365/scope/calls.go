package scope

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskform/plan"
)

// ownerEnd is the call after the last page of what an owner has: its list, too, ends with an empty page (IT 2.1).
const ownerEnd = 1

// listCalls is what the list of a class with n objects takes: its pages and an empty one. A list of several pages is read
// twice, for it may have shifted in between.
func listCalls(n, page int) int {
	calls := pagesOf(n, page) + 1
	if n > page {
		calls *= 2
	}
	return calls
}

// ownerCalls is what the list of an owner with n objects takes: one call where it has none, two up to a page of them.
func ownerCalls(n, page int) int {
	if n == 0 || n > page {
		return listCalls(n, page)
	}
	return 1 + ownerEnd
}

func pagesOf(n, page int) int { return (n + page - 1) / page }

// pullCalls is the rule of the forecast: what a first pull of data blocks calls, after what this reading has counted.
//   - A class or type: one whole object of each type, a page on which types are looked for, and the list. Where objects have
//     a date of change the list has the dates alone, and each page is fetched once more.
//   - What owners have: a list for each owner, and what is shown of the class at all; with bulk the list of the class instead.
//   - The list of all files, once, if rows of some block get their files from it; where it is refused, one for each row.
//   - The bytes of each file of those rows, and for a picture inside of a text its file object.
//
// Of a filter only types and removed = false are known; with another one it is the most that the block can take.
func (s *survey) pullCalls(blocks []plan.Data) int {
	calls, lists, page := 0, false, max(s.PageSize, 1)
	filed := map[string]int{} // calls for files, by the class of their owner
	for _, b := range blocks {
		c, n := s.classes[classOf(b)], s.rowsOf(b)
		bulk, _ := b.Args["bulk"].(bool)
		switch {
		case len(b.Of) > 0 && !bulk:
			calls++ // what is shown of the class
			if classOf(b) == "comment" {
				calls++ // and of internal ones
			}
			for _, address := range b.Of {
				if i := slices.IndexFunc(blocks, func(o plan.Data) bool { return o.Address() == address }); i >= 0 {
					calls += s.ownedCalls(b, blocks[i], page)
				}
			}
		case len(b.Of) > 0:
			calls += listCalls(n, page)
		default:
			calls += sampleCalls(b, c, n) + listCalls(n, page)
		}
		if len(b.Of) == 0 && dated(b, c) {
			calls += pagesOf(n, page)
		}
		columns, listed := filesIn(b, c)
		if columns {
			filed[classOf(b)] = max(filed[classOf(b)], s.filesOf(b, c))
		}
		if listed && s.classes["file"].state == "refused" {
			calls += n
		}
		lists = lists || listed
	}
	if lists {
		calls += listCalls(s.files.N, page)
	}
	for _, n := range filed {
		calls += n
	}
	return calls
}

// everything are the blocks that read all that was found, and the comments of each ticket.
func (s *survey) everything(d *Document) []plan.Data {
	var out []plan.Data
	add := func(class string, of ...string) {
		out = append(out, plan.Data{Type: "itsm365", Name: class, Args: map[string]plan.Value{"class": class}, Of: of, By: "source"})
	}
	for _, c := range d.Classes {
		if c.N > 0 && c.Name != "comment" && c.Name != "file" {
			add(c.Name)
		}
	}
	for _, c := range d.Catalogs {
		add(c.Code)
	}
	if len(s.tickets) > 0 {
		add("comment", "itsm365.serviceCall")
	}
	return out
}

func fqnOf(b plan.Data) string {
	fqn, _ := b.Args["class"].(string)
	return fqn
}

func classOf(b plan.Data) string {
	class, _, _ := strings.Cut(fqnOf(b), "$")
	return class
}

// unarchived reports whether a block leaves out what is archived.
func (s *survey) unarchived(b plan.Data) bool {
	filter, _ := b.Args["filter"].(map[string]plan.Value)
	if removed, said := filter["removed"]; said {
		return removed == false
	}
	return s.NoArchived
}

// rowsOf is how many rows a block has: 0 of a class that was not met.
func (s *survey) rowsOf(b plan.Data) int {
	if c := s.catalogs[fqnOf(b)]; c != nil {
		return len(c.items)
	}
	c := s.classes[classOf(b)]
	if c == nil {
		return 0
	}
	n, archived := c.n, c.archived
	if strings.Contains(fqnOf(b), "$") {
		n, archived = 0, 0
		if t := c.types[fqnOf(b)]; t != nil {
			n, archived = t.N, t.Archived
		}
	}
	if s.unarchived(b) {
		n -= archived
	}
	return n
}

// ticketsOf are the tickets of a block.
func (s *survey) ticketsOf(b plan.Data) []*ticket {
	var out []*ticket
	for _, t := range s.tickets {
		if (fqnOf(b) == "serviceCall" || fqnOf(b) == t.typ) && !(t.removed && s.unarchived(b)) {
			out = append(out, t)
		}
	}
	return out
}

// sampleCalls is what it takes to find out the attributes of the types of a class.
func sampleCalls(b plan.Data, c *class, n int) int {
	if n == 0 || c == nil {
		return 1
	}
	types := 0
	for typ := range c.types {
		count(&types, strings.Contains(typ, "$") && (typ == fqnOf(b) || fqnOf(b) == c.name))
	}
	if types == 0 {
		return 1
	}
	return 2 + types - 1 // the first object is of one of them
}

// dated reports whether the objects of a block have a date of change.
func dated(b plan.Data, c *class) bool {
	if whole, _ := b.Args["whole"].(bool); whole || c == nil {
		return false
	}
	_, stock := c.stock["lastModifiedDate"]
	_, shown := c.attrs["lastModifiedDate"]
	return stock || shown
}

// ownedCalls is what the lists of one block's owners take.
func (s *survey) ownedCalls(b, owner plan.Data, page int) int {
	calls := 0
	if classOf(owner) == "serviceCall" && (classOf(b) == "comment" || classOf(b) == "file") {
		for _, t := range s.ticketsOf(owner) {
			n := t.listed
			if classOf(b) == "file" {
				n = t.ownFiles
			}
			calls += ownerCalls(n, page)
		}
		return calls
	}
	owners := s.rowsOf(owner)
	if classOf(b) != "comment" { // how they lie is not counted: at most each is of another owner
		return owners + min(owners, s.rowsOf(b))*ownerEnd
	}
	held := s.threads.held[classOf(owner)]
	for _, n := range held {
		calls += ownerCalls(n, page)
	}
	return calls + max(0, owners-len(held))
}

// filesIn reports whether the rows of a block have attributes with files, and whether their files are looked for in the list
// of all files too.
func filesIn(b plan.Data, c *class) (columns, listed bool) {
	if c == nil || c.name == "file" {
		return false, false
	}
	attrs := plan.Texts(b.Args["attrs"])
	asked := func(code string) bool { return len(attrs) == 0 || slices.Contains(attrs, code) }
	for code, col := range c.stock {
		columns = columns || col.Type == plan.ColumnFiles && asked(code)
	}
	for code, a := range c.attrs {
		columns = columns || a.kind == plan.ColumnFiles && asked(code)
	}
	whole, _ := b.Args["whole"].(bool)
	_, stock := c.stock["files"]
	_, shown := c.attrs["files"]
	return columns, (stock || shown) && asked("files") && !whole && b.Args["files"] != "attribute"
}

// filesOf is what the files of the rows of a block take: one call each, and two for a picture in a text.
func (s *survey) filesOf(b plan.Data, c *class) int {
	if c.name != "serviceCall" {
		return s.files.attached[c.name] + 2*c.pictures
	}
	n := 0
	for _, t := range s.ticketsOf(b) {
		n += t.attached + 2*t.pictured
	}
	return n
}

// aPicture is the address of a picture in a text (IT 2.6).
var aPicture = regexp.MustCompile(`uuid=file(?:\$|%24)\d+`)

// picturesIn is how many pictures of the service the texts of an object show.
func picturesIn(o object) int {
	met := map[string]bool{}
	for _, v := range o {
		if text, ok := v.(string); ok && strings.Contains(text, "uuid=file") {
			for _, address := range aPicture.FindAllString(text, -1) {
				met[address] = true
			}
		}
	}
	return len(met)
}

// forecastPull says how long a first pull takes: of the configuration's data blocks, or of everything where it has none.
func (s *survey) forecastPull(d *Document, took time.Duration) {
	f := &d.Forecast
	blocks := s.Blocks
	if f.PullBlocks = len(blocks); len(blocks) == 0 {
		blocks = s.everything(d)
	}
	f.PullCalls = s.pullCalls(blocks)
	f.PullRate = s.Rate
	perCall := 0.0
	if s.Rate > 0 {
		perCall = 1 / s.Rate
	}
	if d.Calls > 0 {
		if seconds := math.Floor(took.Seconds()/float64(d.Calls)*2) / 2; seconds > perCall {
			f.CallSeconds, perCall = seconds, seconds
		}
	}
	hours := float64(f.PullCalls) * perCall / 3600
	f.PullHours = round(hours, 4)
	f.OpenHours = round(s.src.OpenFor(s.now, s.now.Add(week)).Hours(), 2)
	if f.OpenHours > 0 {
		f.PullDays = round(hours/f.OpenHours*week.Hours()/24, 4)
	}
}

const week = 7 * 24 * time.Hour
