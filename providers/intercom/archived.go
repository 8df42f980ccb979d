package intercom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"deskform/plan"
	"deskform/providers/transport"
)

// maxHops is how far a merged contact is followed: the service itself resolves so many (IC 1.3).
const maxHops = 3

var canonical = regexp.MustCompile(`<(?:https://[^/>]+)?(/contacts/[0-9a-f]{24})>; *rel="canonical"`)

// A mergedError is the answer about a contact that was merged into another (IC trap 32). Where the service says 404
// instead, nobody knows where it went.
type mergedError struct{ path, op string }

func (e *mergedError) Error() string {
	return e.op + ": the contact was merged into another, " + e.path
}

// Unwrap makes one that cannot be followed to the end one that is not there.
func (e *mergedError) Unwrap() error { return plan.ErrNotFound }

// mergedInto is the path of the contact that a merged one went into.
func mergedInto(err error) (string, bool) {
	var m *mergedError
	if errors.As(err, &m) {
		return m.path, true
	}
	return "", false
}

// keyed reports whether a new contact has a key by which the service itself refuses a second one (IC 3.1).
func keyed(s plan.Step) bool {
	for _, k := range []string{"external_id", "email"} {
		if v, _ := s.Payload[k].(string); v != "" {
			return true
		}
	}
	return false
}

// restore brings back the archived contact that a new one met, where the configuration says so, and writes to it what an
// adoption would. No plan can see who is archived (IC trap 3), so that these calls are in no forecast. The step may have
// been cut off in between: who is live already and has the keys is finished. done is false where there is nothing to
// restore.
func (w *Writer) restore(ctx context.Context, s plan.Step, e apiError, out *plan.StepError) (res plan.Result, err error, done bool) {
	m := conflictID.FindStringSubmatch(e.Message)
	if s.Restore == "" || m == nil {
		return res, nil, false
	}
	id := m[1]
	isArchived := strings.Contains(strings.ToLower(e.Message), "archived")
	if !isArchived && s.TriedAt == 0 {
		return res, nil, false // who is live, and was not restored by an earlier try, is for the plan to adopt
	}
	if isArchived {
		if _, err := w.c.send(ctx, http.MethodPost, "/contacts/"+id+"/unarchive", nil, "unarchive_contact", ""); err != nil {
			return res, w.notRestored(id, err, out), true
		}
	}
	live, err := w.Get(ctx, "contact", id)
	if err != nil {
		out.Verdict, out.Err = plan.Unknown, err // it is unarchived, and the rest can be repeated
		return res, out, true
	}
	if in := toWrite(s, live, s.Restore); len(in) > 0 {
		text, err := w.c.send(ctx, http.MethodPut, "/contacts/"+id, body(in), "update_contact", "")
		if err != nil {
			put := s
			put.Op = "update_contact"
			_, err = w.judge(ctx, put, res, err)
			return res, err, true
		}
		if res, err = w.shown(ctx, s, text); err != nil {
			out.Verdict, out.Err = plan.Unknown, err
			return res, out, true
		}
		live = *res.Live
	}
	out.Verdict = plan.Done
	return plan.Result{ID: live.ID, Live: &live, Adopted: true}, out, true
}

// toWrite is what of a new contact is written to one that is there, by the policy of an adoption.
func toWrite(s plan.Step, live plan.Live, policy plan.Policy) plan.Fields {
	in := plan.Fields{}
	for k, v := range s.Payload {
		have := live.Fields[k]
		switch {
		case k == "role" || plan.Equal(have, v) || policy == plan.PolicyLink:
		case have != nil && have != "" && (policy == plan.PolicyFill || k == "external_id"):
		default:
			in[k] = v
		}
	}
	return in
}

// revive brings back the contact that a record had and somebody archived (IC 4.1), and writes to it what a new one gets.
// done is false when it cannot be brought back, so that a new one is made: it was deleted for good.
func (w *Writer) revive(ctx context.Context, s plan.Step) (res plan.Result, done bool, err error) {
	id := s.Replaces
	if id == "" {
		return res, false, nil
	}
	live, err := w.Get(ctx, "contact", id)
	if errors.Is(err, plan.ErrNotFound) {
		_, err = w.c.send(ctx, http.MethodPost, "/contacts/"+id+"/unarchive", nil, "unarchive_contact", "")
		var he *transport.HTTPError
		if errors.As(err, &he) && slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusInternalServerError}, he.Status) {
			return res, false, nil
		}
		if err == nil {
			live, err = w.Get(ctx, "contact", id)
		}
	}
	if err != nil {
		return res, false, err
	}
	if live.ID != id {
		return res, false, &plan.StepError{Step: s.Op, Verdict: plan.Permanent, Message: "contact " + id + " was merged into " + live.ID + " in Intercom after the plan was made; plan again"}
	}
	res = plan.Result{ID: id, Live: &live}
	if in := toWrite(s, live, plan.PolicyOverwrite); len(in) > 0 {
		res, err = w.object(ctx, s, http.MethodPut, "/contacts/"+id, body(in))
	}
	return res, true, err
}

// notRestored says why an archived contact stays so: one that is being deleted for good cannot be brought back (IC 3.1).
func (w *Writer) notRestored(id string, err error, out *plan.StepError) error {
	var he *transport.HTTPError
	if !errors.As(err, &he) || he.Status != http.StatusBadRequest && he.Status != http.StatusInternalServerError {
		out.Verdict, out.Err = plan.Unknown, err
		return out
	}
	if text := strings.ToLower(parseError(he).Message); he.Status == http.StatusBadRequest && !strings.Contains(text, "permanent deletion") {
		out.Message = fmt.Sprintf("the archived contact %s cannot be unarchived: %s", id, w.c.Redact.Text(text))
		return out
	}
	out.Verdict = plan.Permanent
	if he.Status == http.StatusInternalServerError { // as older answers say it
		out.Message = "the archived contact " + id + " cannot be unarchived (HTTP 500), as is so with one that is being deleted for good; apply again, after seven days if need be"
		return out
	}
	out.Message = "contact " + id + " has the same e-mail address or external_id and is being deleted for good, which takes seven days (IC 3.1) and cannot be undone; apply again after that, or map the record to another e-mail address and external_id"
	return out
}

// match gives the attributes to match by the form that the service shows.
func (n *normal) match(model string, attr func(model, name string) (plan.AttributeDef, bool)) {
	for field, v := range n.w.Match {
		name, ok := strings.CutPrefix(field, "attributes.")
		if !ok || v == nil {
			continue
		}
		if def, ok := attr(model, name); ok {
			n.w.Match[field] = n.typed(field, v, def)
		}
	}
}
