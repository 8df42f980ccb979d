package intercom

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"deskform/plan"
)

// Destination describes Intercom to the plan and makes steps. It is pure.
type Destination struct {
	// Now tells snoozes that have passed from those that have not; nil takes every snooze for a future one.
	Now    func() time.Time
	kinds  []plan.Kind
	marker string         // with {number} and {token}
	marked *regexp.Regexp // the end of a first message
}

var (
	_ plan.Destination = (*Destination)(nil)
	_ plan.Speller     = (*Destination)(nil)
)

// NewDestination makes one. marker is the sentence at the end of each first message, with {token} and perhaps {number} in
// it; empty is DefaultMarker.
func NewDestination(marker string) *Destination {
	marker = squeezed(cmp.Or(marker, DefaultMarker))
	end := strings.NewReplacer(`\{number\} `, `(\S+ ){0,4}`, ` \{number\}`, `( \S+){0,4}`, `\{number\}`, `(\S+ ){0,3}\S*`, `\{token\}`, `itsm365x[0-9a-f]{12}`).Replace(regexp.QuoteMeta(marker))
	return &Destination{kinds: Kinds(), marker: marker, marked: regexp.MustCompile(` ?` + end + `$`)}
}

func squeezed(s string) string { return strings.TrimSpace(spaces.ReplaceAllString(s, " ")) }

// Kinds are the kinds of objects.
func (d *Destination) Kinds() []plan.Kind { return d.kinds }

// Object is what the service's own counts call the objects of a kind.
func (d *Destination) Object(kind string) string {
	if model, ok := strings.CutPrefix(kind, "attribute."); ok {
		return model + "_attribute"
	}
	switch kind {
	case "teammate":
		return "admin"
	case "object":
		return "custom_object_instance"
	}
	return kind
}

// Normalize makes a want comparable with what the Reader yields and reports every limit that it breaks. It changes w.
func (d *Destination) Normalize(kind string, w *plan.Want, attr func(model, name string) (plan.AttributeDef, bool)) []plan.Problem {
	n := &normal{w: w, now: d.Now, extra: len(d.marker)}
	switch kind {
	case "contact":
		n.lower("email")
		n.empty("external_id", "phone", "signed_up_at")
		n.attributes("contact", attr)
		n.short("external_id", "email", "phone")
		n.members("companies", maxCompanies)
		n.past("signed_up_at", w.Fields["signed_up_at"], "")
		n.oneLine("name", maxAttribute)
		n.match("contact", attr)
		n.notes()
		if w.Match["email"] != nil {
			if s, ok := w.Match["email"].(string); ok {
				w.Match["email"] = strings.ToLower(strings.TrimSpace(s))
			}
		}
	case "company":
		n.empty("website", "industry", "size", "remote_created_at")
		n.attributes("company", attr)
		n.short("company_id", "website", "industry")
		n.size("size")
		n.past("remote_created_at", w.Fields["remote_created_at"], "")
		n.oneLine("name", maxAttribute)
		n.notes()
		if id, ok := w.Fields["company_id"].(string); ok && strings.TrimSpace(id) == "" {
			n.problem("company_id", "required", "is empty, and a company without one could never be found again (IC 3.3)")
		}
	case "conversation":
		n.conversation()
		n.attributes("conversation", attr)
		n.relationships("conversation", attr)
	case "ticket":
		n.ticket(attr)
	case "object":
		n.object(attr)
	case "custom_object":
		w.Fields["identifier"] = ObjectIdentifier(w.Fields, w.Key)
	case "object_attribute":
		n.objectAttribute()
	case "ticket_attribute":
		n.ticketAttribute()
	case "attribute.contact", "attribute.company", "attribute.conversation":
		n.definition(strings.TrimPrefix(kind, "attribute."))
	case "tag", "team", "brand", "ticket_type", "ticket_state":
		if w.Fields["name"] == nil {
			w.Fields["name"] = w.Key
		}
		if utf8.RuneCountInString(n.text("name")) > 255 {
			n.problem("name", "too_long", "is longer than 255 characters (IC 7 #7)")
		}
	case "teammate":
		n.lower("email")
	}
	return n.problems
}

type normal struct {
	now      func() time.Time
	extra    int // what the marker adds to a first message
	w        *plan.Want
	problems []plan.Problem
}

func (n *normal) problem(field, rule, text string) {
	n.problems = append(n.problems, plan.Problem{Field: field, Rule: rule, Text: text})
}

func (n *normal) text(field string) string {
	s, _ := n.w.Fields[field].(string)
	return s
}

// empty makes null of what the service shows as null: an empty text, and no count or time at all.
func (n *normal) empty(fields ...string) {
	for _, f := range fields {
		if v := n.w.Fields[f]; v == "" || v == int64(0) {
			n.w.Fields[f] = nil
		}
	}
}

func (n *normal) lower(field string) {
	if s, ok := n.w.Fields[field].(string); ok {
		s = strings.ToLower(strings.TrimSpace(s))
		n.w.Fields[field] = s
		if s == "" {
			n.w.Fields[field] = nil
		} else if !strings.Contains(s, "@") || strings.ContainsAny(s, " \t\n<>,;") {
			n.problem(field, "not_an_address", "is no e-mail address; correct it in the source, or map it to null")
		}
	}
}

func (n *normal) oneLine(field string, most int) {
	if s, ok := n.w.Fields[field].(string); ok {
		s = n.keyless(field, spaces.ReplaceAllString(strings.TrimSpace(strip(s)), " "))
		n.w.Fields[field] = s
		if s == "" {
			n.w.Fields[field] = nil
		}
		if utf8.RuneCountInString(s) > most {
			n.problem(field, "too_long", fmt.Sprintf("is longer than %d characters; shorten it with substr()", most))
		}
	}
}

// attributes gives each value the type of its attribute.
func (n *normal) attributes(model string, attr func(model, name string) (plan.AttributeDef, bool)) {
	for field, v := range n.w.Fields {
		name, ok := strings.CutPrefix(field, "attributes.")
		if !ok || v == nil {
			continue
		}
		def, ok := attr(model, name)
		if !ok {
			continue // the language has refused it already
		}
		n.w.Fields[field] = n.typed(field, v, def)
	}
}

// seconds reads a time: Unix seconds, or a text in one of the layouts.
func seconds(v plan.Value, layouts ...string) (int64, bool) {
	switch x := v.(type) {
	case int64:
		return x, true
	case float64:
		return int64(x), true
	case string:
		for _, l := range layouts {
			if t, err := time.Parse(l, x); err == nil {
				return t.Unix(), true
			}
		}
	}
	return 0, false
}

func (n *normal) typed(field string, v plan.Value, def plan.AttributeDef) plan.Value {
	bad := func(what string) plan.Value {
		n.problem(field, "wrong_type", "is no "+what+", which the attribute's data_type wants")
		return nil
	}
	switch def.DataType {
	case "integer":
		switch x := v.(type) {
		case int64:
			return x
		case float64:
			if x == float64(int64(x)) {
				return int64(x)
			}
		case string:
			if i, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64); err == nil {
				return i
			}
		}
		return bad("integer")
	case "decimal":
		switch x := v.(type) {
		case int64, float64:
			return x
		case string:
			if f, err := strconv.ParseFloat(strings.TrimSpace(x), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
				return f
			}
		}
		return bad("number")
	case "boolean":
		switch x := v.(type) {
		case bool:
			return x
		case string:
			if b, err := strconv.ParseBool(x); err == nil {
				return b
			}
		}
		return bad("boolean")
	case "datetime":
		if at, ok := seconds(v, time.RFC3339); ok {
			n.notMillis(field, at, "")
			return at
		}
		return bad("time")
	case "date":
		if at, ok := seconds(v, time.RFC3339, time.DateOnly); ok {
			n.notMillis(field, at, "")
			return at - (at%86400+86400)%86400 // its day in UTC
		}
		return bad("date")
	case "relationship":
		n.problem(field, "relationship", "is a relationship; write references to it under links")
		return nil
	case "files":
		n.problem(field, "not_writable", "is a files attribute, into which no call writes (IC 3.5); put files into the parts")
		return nil
	case "list":
		s := scalar(v)
		if open := def.Existing && len(def.Options) == 0; !open && !slices.Contains(def.Options, s) {
			n.problem(field, "not_an_option", "has a value that is none of the attribute's options; add the option, or map the value with value_map")
			return nil
		}
		return s
	}
	s := n.keyless(field, spaces.ReplaceAllString(strings.TrimSpace(strip(scalar(v))), " "))
	if s == "" {
		return nil
	}
	if utf8.RuneCountInString(s) > maxAttribute {
		n.problem(field, "too_long", fmt.Sprintf("is longer than %d characters (IC 3.4); shorten it with substr()", maxAttribute))
	}
	return s
}

func scalar(v plan.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return ""
	}
	return string(plan.Canonical(v))
}

// conversation checks the first message and the thread.
func (n *normal) conversation() {
	w := n.w
	split := n.text("on_long") == "split"
	if body, ok := w.Fields["body"].(string); ok {
		body = n.keyless("body", tidy(strip(body)))
		w.Fields["body"] = body
		if body == "" {
			w.Fields["body"] = noText
		}
		if most := maxBody - n.extra - 100; utf8.RuneCountInString(body) > most && split {
			n.splitBody(most)
		} else if utf8.RuneCountInString(body) > most {
			n.problem("body", "too_long", fmt.Sprintf("is longer than %d characters (IC 7 #6); on_long = \"split\" lets it go on in more parts", maxBody))
		}
	}
	n.thread()
}

// thread checks what conversations and tickets have alike: title, state, and messages, which it puts in the order of their
// times, which the send keeps.
func (n *normal) thread() {
	w := n.w
	n.oneLine("title", maxAttribute)
	created, _ := w.Fields["created_at"].(int64)
	n.past("created_at", w.Fields["created_at"], "")
	if until, ok := w.Fields["snoozed_until"].(int64); ok {
		n.moment("snoozed_until", until, "")
	}
	split := n.takeString("on_long") == "split"
	n.filePolicy()
	if until, ok := w.Fields["snoozed_until"].(int64); ok && n.now != nil && until <= n.now().Unix() && w.Fields["state"] == "snoozed" {
		w.Fields["state"] = "open" // Intercom has woken it, or would at once
	}
	switch w.Fields["state"] {
	case "snoozed":
		if w.Fields["snoozed_until"] == nil {
			n.problem("snoozed_until", "required", "is needed for state = \"snoozed\"")
		}
	default:
		delete(w.Fields, "snoozed_until")
	}
	for i := range w.Parts {
		p := &w.Parts[i]
		body, _ := p.Fields["body"].(string)
		body = strings.TrimSpace(strip(body))
		if hasMarkup(body) && !isTame(body) {
			body = n.clean(p.List, body) // the mapping may have forgotten html()
		} else if !hasMarkup(body) {
			body = n.keyless(p.List, body)
		}
		if !split && utf8.RuneCountInString(paragraphsOf(body))+front(p.Fields) > maxBody {
			n.problem(p.List, "too_long", fmt.Sprintf("part %s is longer than %d characters (IC 7 #6); on_long = \"split\" lets it go on in more parts", p.Key, maxBody))
		}
		files, _ := p.Fields["files"].([]plan.Value)
		if body == "" && len(files) == 0 {
			body = noText
		}
		p.Fields["body"] = body
		if len(files) > maxFiles && !split {
			n.problem(p.List, "too_many_files", fmt.Sprintf("part %s has %d files, a message takes %d (IC 3.6); on_long = \"split\" lets it go on in more parts", p.Key, len(files), maxFiles))
		}
		if bytesOf(files) > maxRequest && len(files) > 1 && !split {
			n.problem(p.List, "message_too_large", fmt.Sprintf("part %s has files of %d MB together, a message takes %d (IC 7 #6); on_long = \"split\" lets it go on in more parts", p.Key, megabytes(bytesOf(files)), maxRequest>>20))
		}
		n.past(p.List, p.Fields["created_at"], fmt.Sprintf("part %s ", p.Key))
		for _, f := range files {
			file, ok := f.(plan.File)
			switch {
			case !ok || file.SHA256 == "":
				n.problem(p.List, "file_missing", fmt.Sprintf("part %s has a file whose bytes could not be read from the source; check the key's rights and pull again", p.Key))
			case file.Size > maxFileSize:
				n.problem(p.List, "file_too_large", fmt.Sprintf("part %s has a file of %d MB; at most %d are taken, of which base64 makes the 25 MB of a request (IC 7 #6). file_policy leaves such a file behind and says so", p.Key, megabytes(file.Size), maxFileSize>>20))
			}
		}
		if at, ok := p.Fields["created_at"].(int64); !ok {
			if p.Fields["private"] != true {
				n.problem(p.List, "no_time", fmt.Sprintf("part %s has no time; only a private one may be without, and is then written last", p.Key))
			}
		} else if at < created {
			// No message is older than the first one (IC 7 #3); the source has comments older than their ticket.
			p.Fields["created_at"], p.Fields[plan.OriginalAt] = created, at
			n.note(p.List, "part_before_conversation", fmt.Sprintf("part %s is older than the first message; it gets the time of that, its own stands in its text", p.Key))
		}
	}
	if split {
		n.splitParts()
	}
	slices.SortStableFunc(w.Parts, func(a, b plan.PartWant) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(rank(a), rank(b)), cmp.Compare(original(a.Fields), original(b.Fields)))
	})
	n.threadLimit()
}

func at(p plan.PartWant) int64 {
	t, _ := p.Fields["created_at"].(int64)
	return t
}

// order puts what has no time of its own last: it is written at the time of the move.
func order(p plan.PartWant) int64 {
	if p.Fields["created_at"] == nil {
		return math.MaxInt64
	}
	return at(p)
}

// rank puts what the first message goes on with before all else of its second.
func rank(p plan.PartWant) int {
	if p.List == firstParts {
		return 0
	}
	return 1
}

// original is when a part was written; created_at is later where the service does not take that.
func original(f plan.Fields) int64 {
	if t, ok := f[plan.OriginalAt].(int64); ok {
		return t
	}
	t, _ := f["created_at"].(int64)
	return t
}

// noText stands for a message that has none: the service takes no empty ones.
const noText = "(no text)"

// tokenAtEnd is the token of a record as the last word of a first message.
var tokenAtEnd = regexp.MustCompile(`(itsm365x[0-9a-f]{12})[^0-9A-Za-z<]*(</[a-z0-9]+>\s*)*$`)

// DefaultMarker is the sentence at the end of each first message when the provider block names no other.
const DefaultMarker = "Imported from ITSM 365, {number} {token}"

// sentence is the marker with the ticket's number, which may be empty, and the token.
func (d *Destination) sentence(number, token string) string {
	return squeezed(strings.NewReplacer("{number}", number, "{token}", token).Replace(d.marker))
}

// render is the HTML of a part as it is sent.
func render(fields plan.Fields) string {
	body, _ := fields["body"].(string)
	if body != "" && !hasMarkup(body) {
		body = paragraphs(body)
	}
	if author, ok := fields["author"].(map[string]plan.Value); ok && author["as"] == "actor" {
		name, _ := author["name"].(string)
		return originalAuthor(name, original(fields)) + body
	}
	return timeLine(fields) + body
}

// timeLine stands before the text of a part that cannot be given its own time.
func timeLine(fields plan.Fields) string {
	if fields[plan.OriginalAt] == nil {
		return ""
	}
	return "<p><i>" + strings.TrimPrefix(originalTime(original(fields)), " · ") + "</i></p>"
}

// SameField reports whether a live field is what was wanted, texts by their words.
func (d *Destination) SameField(kind, name string, v, have plan.Value) bool {
	switch {
	case kind == "conversation" && name == "body":
		w, _ := v.(string)
		h, _ := have.(string)
		return squeeze(paragraphs(w)) == strings.TrimSpace(d.marked.ReplaceAllString(squeeze(h), ""))
	case kind == "conversation" && name == "brand":
		return true // no answer shows it
	}
	return plan.Equal(v, have)
}

// SamePart says how a live part differs from the wanted one; empty when it does not.
func (d *Destination) SamePart(want plan.PartWant, got plan.LivePart) string {
	if got.Fields["note"] == true {
		return sameNote(want, got)
	}
	private, _ := want.Fields["private"].(bool)
	if p, _ := got.Fields["private"].(bool); p != private {
		return "private is " + strconv.FormatBool(p)
	}
	if want.SourcePrivate != nil && *want.SourcePrivate && !private {
		return "the source says private"
	}
	if want.Fields["created_at"] != nil && !plan.Equal(want.Fields["created_at"], got.Fields["created_at"]) {
		return "its time differs"
	}
	body, _ := want.Fields["body"].(string)
	have, _ := got.Fields["body"].(string)
	if w, h := squeeze(timeLine(want.Fields)+paragraphsOf(body)), squeeze(have); w != h {
		// The actor spoke, and the author stands in front.
		w = squeeze(paragraphsOf(body))
		front, ok := strings.CutSuffix(h, w)
		end := originalTime(original(want.Fields))
		if p, named := want.Fields["author"].(plan.Person); end == "" && named {
			end = squeeze(originalAuthor(p.Called(), 0)) // a name alone
		}
		if !ok || end == "" || !strings.HasSuffix(strings.TrimSpace(front), end) {
			return "its text differs"
		}
	}
	files, _ := want.Fields["files"].([]plan.Value)
	gotFiles, _ := got.Fields["files"].(int64)
	if int64(len(files)) != gotFiles {
		return fmt.Sprintf("it has %d files instead of %d", gotFiles, len(files))
	}
	return ""
}

func paragraphsOf(body string) string {
	if body != "" && !hasMarkup(body) {
		return paragraphs(body)
	}
	return body
}
