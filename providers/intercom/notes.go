package intercom

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"deskform/plan"
)

// notePart describes the notes of contacts and companies. Intercom gives them no time of their own and never changes or
// deletes one (IC 3.2, traps 1 and 35): the text says when and who, and carries the token of the note.
func notePart(kind string) *plan.PartKind {
	return &plan.PartKind{
		Doc: "A note on the " + kind + ", which no customer sees. It can never be changed or deleted by API, and has no time of its own: its text begins with the author and the original time, and ends with a marker word.",
		Fields: []plan.Field{
			{Name: "author", Type: plan.TypePerson, Mode: plan.CreateOnly, Personal: true, Doc: "Who wrote it: `person(...)`. Who has no seat is named in the text, and the actor speaks."},
			{Name: "created_at", Type: plan.TypeTime, Mode: plan.CreateOnly, Doc: "When, which the text says."},
			{Name: "body", Type: plan.TypeHTML, Mode: plan.CreateOnly, Personal: true, Doc: "The text, HTML; see the function `html`."},
		},
	}
}

// notes cleans the notes of a contact or a company and holds them against the limit of a message.
func (n *normal) notes() {
	for i := range n.w.Parts {
		p := &n.w.Parts[i]
		text, _ := p.Fields["body"].(string)
		text = strings.TrimSpace(strip(text))
		if hasMarkup(text) && !isTame(text) {
			text = n.clean(p.List, text)
		}
		if utf8.RuneCountInString(text)+200 > maxBody { // author, time and marker
			n.problem(p.List, "too_long", fmt.Sprintf("note %s is longer than %d characters (IC 7 #6)", p.Key, maxBody-200))
		}
		p.Fields["body"] = cmp.Or(text, noText)
	}
	slices.SortStableFunc(n.w.Parts, func(a, b plan.PartWant) int { return cmp.Compare(at(a), at(b)) })
}

// clean is cleanHTML, with a note about what it takes out.
func (n *normal) clean(field, s string) string {
	out := cleanHTML(s)
	n.tell(field, cleaned(s, out))
	return out
}

func (n *normal) tell(field string, cuts []cut) {
	for _, c := range cuts {
		n.w.Notes = append(n.w.Notes, plan.Problem{Field: field, Rule: c.rule, Times: c.times, Text: fmt.Sprintf("%s: %d", strings.ReplaceAll(c.rule, "_", " "), c.times)})
	}
}

// keyless takes keys of the source and one-click links out of a plain text, with a note about it (IT trap 25).
func (n *normal) keyless(field, s string) string {
	out := withoutSecrets(s)
	if out != s {
		n.tell(field, []cut{linksCut(s, out)})
	}
	return out
}

// noteToken is the word by which a note is told from all others.
func noteToken(a plan.Address, list, key string) string {
	a.Key += "\x00" + list + "\x00" + key
	return plan.Token(a)
}

// notes adds one step for each note. What is there already may have notes that the state does not know of, because it was lost
// or an older one was put in its place: they are looked for first.
func (b *builder) notes() {
	looks := b.c.Action != plan.Create && b.c.ID != ""
	for _, p := range b.c.Parts {
		if p.What != "append" {
			continue
		}
		author, _ := p.Fields["author"].(map[string]plan.Value)
		at, _ := p.Fields["created_at"].(int64)
		token := noteToken(b.c.Address, p.List, p.Key)
		payload := plan.Fields{"author": nil, "body": renderNote(p.Fields, token), "token": token}
		if author["as"] == "teammate" {
			payload["author"] = author["id"]
		}
		b.add("add_note", p.List+"/"+p.Key, plan.Step{Payload: payload, List: p.List, Part: p.Key, Hash: p.Hash, At: at, As: scalar(author["as"]), Looks: looks})
	}
}

// renderNote is the HTML of a note as it is sent: author and time, text, marker.
func renderNote(fields plan.Fields, token string) string {
	text, _ := fields["body"].(string)
	if text != "" && !hasMarkup(text) {
		text = paragraphs(text)
	}
	author, _ := fields["author"].(map[string]plan.Value)
	name, _ := author["name"].(string)
	at, dated := fields["created_at"].(int64)
	front := ""
	switch {
	case author["as"] == "actor" && dated:
		front = originalAuthor(name, at)
	case author["as"] == "actor" && name != "":
		front = "<p><i>" + html.EscapeString(withoutSecrets(squeezed(strip(html.UnescapeString(name))))) + "</i></p>"
	case dated:
		front = "<p><i>" + strings.TrimPrefix(originalTime(at), " · ") + "</i></p>"
	}
	return front + text + "<p><i>" + token + "</i></p>"
}

// participants adds and removes who takes part besides the conversation's own contact, who is neither added nor removed.
func (b *builder) participants() {
	before := len(b.steps)
	b.members("participants", "add_participant", "remove_participant")
	own := []plan.Value{b.c.Want["contact"], b.c.Have["contact"]}
	kept := b.steps[:before]
	for _, s := range b.steps[before:] {
		if slices.ContainsFunc(own, func(v plan.Value) bool { return v != nil && plan.Equal(v, s.Member) }) {
			continue
		}
		s.Notifies = peopleReached(s.Op)
		s.Customers = s.Notifies
		kept = append(kept, s)
	}
	b.steps = kept
}

// A Note is one on a contact or a company.
type Note struct {
	ID, Author, Body string
}

func notesPath(kind, id string) string {
	if kind == "company" {
		return "/companies/" + id + "/notes"
	}
	return "/contacts/" + id + "/notes"
}

// Notes reads the notes of a contact or a company, the newest first. No sweep shows them, and Get does not either: a read
// more for each contact would say nothing that the journal does not know.
func (r *Reader) Notes(ctx context.Context, kind, id string) ([]Note, error) {
	var out []Note
	for page := 1; ; page++ {
		env := map[string]json.RawMessage{}
		path := notesPath(kind, id) + "?page=" + strconv.Itoa(page) + "&per_page=50"
		if err := r.c.read(ctx, http.MethodGet, path, nil, &env, "GET notes of a "+kind); err != nil {
			return nil, err
		}
		items, err := listOf(env, "data", "notes")
		if err != nil {
			return nil, fmt.Errorf("intercom: GET notes of a %s: %w", kind, err)
		}
		for _, raw := range items {
			n, err := readNote(raw)
			if err != nil {
				return nil, fmt.Errorf("intercom: GET notes of a %s: %w", kind, err)
			}
			out = append(out, n)
		}
		if len(items) < 50 {
			return out, nil
		}
	}
}

// NoteParts reads the notes as the parts that they were made of, for a comparison.
func (r *Reader) NoteParts(ctx context.Context, kind, id string) ([]plan.LivePart, error) {
	notes, err := r.Notes(ctx, kind, id)
	var out []plan.LivePart
	for _, n := range notes {
		out = append(out, plan.LivePart{ID: n.ID, Fields: plan.Fields{"note": true, "author": n.Author, "body": n.Body}})
	}
	return out, err
}

// sameNote says how a note differs from the wanted one: it has author and time before the text and the token behind it.
func sameNote(want plan.PartWant, got plan.LivePart) string {
	text, _ := want.Fields["body"].(string)
	have, _ := got.Fields["body"].(string)
	front, ok := strings.CutSuffix(strings.TrimSpace(noteEnd.ReplaceAllString(squeeze(have), "")), squeeze(paragraphsOf(text)))
	if !ok {
		return "its text differs"
	}
	if at, dated := want.Fields["created_at"].(int64); dated && !strings.HasSuffix(strings.TrimSpace(front), strings.TrimPrefix(originalTime(at), " · ")) {
		return "its time differs"
	}
	return ""
}

var noteEnd = regexp.MustCompile(`itsm365x[0-9a-f]{12}$`)

func readNote(raw []byte) (Note, error) {
	var n struct {
		ID     text   `json:"id"`
		Body   string `json:"body"`
		Author struct {
			ID text `json:"id"`
		} `json:"author"`
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		return Note{}, err
	}
	if n.ID == "" {
		return Note{}, errors.New("a note has no id")
	}
	return Note{ID: string(n.ID), Author: string(n.Author.ID), Body: n.Body}, nil
}

// addNote writes one, unless looking is asked for and it is there already.
func (w *Writer) addNote(ctx context.Context, s plan.Step) (plan.Result, error) {
	if s.Looks {
		got, err := w.settleNote(ctx, s, false) // the source may have changed it since
		if err != nil {
			return plan.Result{}, &plan.StepError{Step: s.Key, Verdict: plan.Permanent, Message: "look for a note that is there already", Err: err}
		}
		if got.Found {
			return got.Result, nil
		}
	}
	admin, _ := s.Payload["author"].(string)
	if admin == "" {
		var err error
		if admin, err = w.actor(ctx, s); err != nil {
			return plan.Result{}, err
		}
	}
	text, err := w.c.send(ctx, http.MethodPost, notesPath(s.Kind, s.ID), map[string]any{"body": s.Payload["body"], "admin_id": admin}, s.Op, "")
	if err != nil {
		return plan.Result{}, err
	}
	n, err := readNote(text)
	if err != nil {
		return plan.Result{}, &unreadable{err}
	}
	return plan.Result{ID: s.ID, PartID: n.ID}, nil
}

// settleNote finds a note by its token, which stands at the end. whole: by its author and whole text as well, so that it is
// not taken for what somebody has copied.
func (w *Writer) settleNote(ctx context.Context, s plan.Step, whole bool) (plan.Settlement, error) {
	notes, err := w.Notes(ctx, s.Kind, s.ID)
	if err != nil {
		return plan.Settlement{}, err
	}
	var got plan.Settlement
	token, _ := s.Payload["token"].(string)
	slices.Reverse(notes) // the first one is ours, later ones are copies
	for _, n := range notes {
		m := tokenAtEnd.FindStringSubmatch(n.Body)
		sent, _ := s.Payload["body"].(string)
		spoke := w.spoke(plan.LivePart{Fields: plan.Fields{"author": n.Author}}, s)
		if m == nil || m[1] != token || whole && (!spoke || squeeze(n.Body) != squeeze(sent)) {
			continue
		}
		if got.Found {
			got.Copies = append(got.Copies, n.ID)
			continue
		}
		got.Found, got.Result = true, plan.Result{ID: s.ID, PartID: n.ID}
	}
	return got, nil
}
