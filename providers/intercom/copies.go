package intercom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"deskform/plan"
	"deskform/providers/transport"
)

// late is how long after its call an object can have come into being.
const late = time.Hour

// RemoveCopy takes away what a repeated step made a second time, and nothing else: a conversation or a ticket that is in
// every field as the step made it and that nobody has touched is deleted, such a contact is archived, a message is blanked,
// since no API takes one away (IC 2). All else is left to a person.
func (w *Writer) RemoveCopy(ctx context.Context, in plan.Intent, id string) error {
	s := in.Step
	switch {
	case s.Op == "add_note":
		return errors.New("no API deletes a note (IC trap 35); delete it in Intercom")
	case s.Part != "" && s.Payload["created_at"] == nil:
		return errors.New("it has no time of its own by which it could be told from somebody else's; delete it in Intercom")
	case s.Part != "":
		_, err := w.c.send(ctx, http.MethodPost, "/conversations/redact", map[string]any{"type": "conversation_part", "conversation_id": s.ID, "conversation_part_id": id}, "redact_copy", "")
		return gone(err)
	case s.Op != "create_conversation" && s.Op != "create_ticket" && s.Op != "create_contact":
		return errors.New("remove it in Intercom")
	}
	l, at, err := w.whole(ctx, s.Kind, id)
	if errors.Is(err, plan.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	method, path := http.MethodDelete, "/conversations/"+id
	switch s.Op {
	case "create_conversation":
		err = unusedConversation(l, at, s)
	case "create_ticket":
		path = "/tickets/" + id
		err = unusedTicket(l, at, s)
	case "create_contact":
		method, path = http.MethodPost, "/contacts/"+id+"/archive"
		err = w.unusedContact(ctx, l, at, in)
	}
	if err != nil {
		return err
	}
	_, err = w.c.send(ctx, method, path, nil, "remove_copy", "")
	return gone(err)
}

var (
	errNotOurs = errors.New("it is not as the step makes it, and may be somebody else's; look at both in Intercom")
	errUsed    = errors.New("somebody has written in it, named or tagged it; move what they did, and delete it in Intercom")
)

func unusedConversation(l plan.Live, at stamp, s plan.Step) error {
	if !plan.Equal(l.Fields["created_at"], s.Payload["created_at"]) || !plan.Equal(l.Fields["contact"], s.Payload["contact"]) || !saidFirst(l, s) {
		return errNotOurs
	}
	if at.parts > 0 || l.Fields["state"] != "open" || touched(l, s, "contact", "created_at", "body", "state", "participants", plan.MarkerField) {
		return errUsed
	}
	if everybody, _ := l.Fields["participants"].([]plan.Value); len(everybody) > 1 {
		return errUsed
	}
	return nil
}

func unusedTicket(l plan.Live, at stamp, s plan.Step) error {
	for _, f := range []string{"type", "created_at", "contact", "body"} {
		if !plan.Equal(l.Fields[f], s.Payload[f]) {
			return errNotOurs
		}
	}
	if !plan.Equal(l.Fields[plan.MarkerField], s.Payload["key"]) {
		return errNotOurs
	}
	if at.parts > 0 || l.Fields["state"] != "open" || touched(l, s, "state", "ticket_state", "attributes."+KeyAttribute, plan.MarkerField) {
		return errUsed
	}
	return nil
}

// touched reports whether an object holds anything that the step did not write, but for the fields that it has of itself.
func touched(l plan.Live, s plan.Step, own ...string) bool {
	for name, have := range l.Fields {
		members, set := have.([]plan.Value)
		if !slices.Contains(own, name) && !plan.Equal(have, s.Payload[name]) && (!set || len(members) > 0) {
			return true
		}
	}
	return false
}

// unusedContact reports whether a contact without a key is a second one of ours: the service refuses a second one with a
// key (IC 3.1).
func (w *Writer) unusedContact(ctx context.Context, l plan.Live, at stamp, in plan.Intent) error {
	s := in.Step
	first := firstTry(in)
	if keyed(s) || l.Fields["role"] != "user" || !asSent(l, s) || at.created.Before(first.Add(-skew)) || at.created.After(in.At.Add(late)) {
		return errNotOurs
	}
	if at.updated.Sub(at.created) > skew || touched(l, s, "role") {
		return errUsed
	}
	notes, err := w.Notes(ctx, "contact", l.ID)
	if err != nil {
		return err
	}
	spoke := len(notes) > 0
	err = w.matching(ctx, "/conversations/search", "conversations", "conversation", filter("contact_ids", l.ID), func(plan.Live) { spoke = true })
	if err == nil && spoke {
		err = errors.New("it has notes or conversations; move them, and archive it in Intercom")
	}
	return err
}

// gone takes what is there no more for taken away (IC 4.3).
func gone(err error) error {
	var he *transport.HTTPError
	if errors.As(err, &he) && (he.Status == http.StatusNotFound || he.Status == http.StatusGone) {
		return nil
	}
	return err
}

// settleByName looks for a definition by its name, of which another one may be there or have come since: only one that is
// as the step makes it is ours.
func (w *Writer) settleByName(ctx context.Context, s plan.Step) (plan.Settlement, error) {
	var got settlement
	var odd []string
	for l, err := range w.Sweep(ctx, s.Kind, noTime) {
		if err != nil {
			return plan.Settlement(got), err
		}
		if l.Gone || !plan.Equal(l.Fields["name"], s.Payload["name"]) || !plan.Equal(l.Fields["of"], s.Payload["of"]) {
			continue
		}
		if other := unlike(l, s); other != "" {
			odd = append(odd, l.ID+", whose "+other+" is another")
			continue
		}
		got.found(l)
	}
	if !got.Found && len(odd) > 0 {
		return plan.Settlement(got), fmt.Errorf("%s is in Intercom as %s; archive it or give it another name there, or change the configuration, then apply again", s.Address, strings.Join(odd, " and "))
	}
	return plan.Settlement(got), nil
}

// unlike is the field in which a definition differs from what a step makes of it. A description says nothing about whose it
// is, and options may have been added.
func unlike(l plan.Live, s plan.Step) string {
	for _, f := range []string{"data_type", "category"} {
		v, shown := l.Fields[f]
		asDate := v == "date" && s.Payload[f] == "datetime" // which is what Intercom shows of it (IC 3.4)
		if shown && s.Payload[f] != nil && !asDate && !plan.Equal(v, s.Payload[f]) {
			return f
		}
	}
	want, _ := s.Payload["options"].([]plan.Value)
	have, _ := l.Fields["options"].([]plan.Value)
	for _, o := range want {
		if !slices.ContainsFunc(have, func(v plan.Value) bool { return plan.Equal(v, o) }) {
			return "options"
		}
	}
	return ""
}
