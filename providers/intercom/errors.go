package intercom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"deskform/plan"
	"deskform/providers/transport"
)

var noTime time.Time

// A rule says what an answer means for the run. The first that fits decides.
type rule struct {
	status  int    // 0: any
	code    string // "": any
	message string // a part of it; "": any
	scope   bool   // only where the message names a scope of the token
	op      string // "": any
	verdict plan.Verdict
}

// rules are the refusals that mean something else than "this record is wrong" (IC 1.3, 4.3). 429 and "Too many recent
// replies" never get here: they are waited out.
var rules = []rule{
	{status: http.StatusUnauthorized, verdict: plan.StopRun},
	{code: "unauthorized", verdict: plan.StopRun},
	{code: "token_unauthorized", verdict: plan.StopRun}, // also where it came as 403 (IC 1.3)
	{code: "token_revoked", verdict: plan.StopRun},
	{code: "token_expired", verdict: plan.StopRun},
	{status: http.StatusForbidden, code: "forbidden", scope: true, verdict: plan.StopRun}, // the token's, not the record's (IC 1.1)
	{status: http.StatusForbidden, code: "action_forbidden", scope: true, verdict: plan.StopRun},
	{code: "api_plan_restricted", verdict: plan.StopRun},
	{code: "intercom_version_invalid", verdict: plan.StopRun},
	{status: http.StatusUnprocessableEntity, message: "already assigned", op: "assign_", verdict: plan.Done},
	{status: http.StatusNotFound, op: "untag_", verdict: plan.Done},
	{status: http.StatusNotFound, op: "detach_", verdict: plan.Done},
	{status: http.StatusNotFound, message: "User", op: "remove_participant", verdict: plan.Done},
	{status: http.StatusRequestTimeout, verdict: plan.Unknown},
	{status: http.StatusConflict, op: "create_contact", verdict: plan.Unknown}, // looked into below
}

// judge turns a failure into a *plan.StepError with what it means.
func (w *Writer) judge(ctx context.Context, s plan.Step, res plan.Result, err error) (plan.Result, error) {
	var se *plan.StepError
	if errors.As(err, &se) || plan.Unsent(ctx, err) {
		return res, err
	}
	out := &plan.StepError{Step: s.Op, Message: w.c.Redact.Text(err.Error()), Verdict: plan.Permanent}
	var he *transport.HTTPError
	var ne *transport.NetError
	var bad *transport.BadAnswerError
	var odd *unreadable
	switch {
	case errors.As(err, &he):
		e := parseError(he)
		out.Status, out.Code, out.Message = he.Status, e.Code, fmt.Sprintf("HTTP %d %s: %s", he.Status, e.Code, w.c.Redact.Text(e.Message))
		out.Verdict, out.After = verdict(he.Status, e, s.Op), transport.RetryAfter(err)
		if tokenDied(he.Status, e) {
			out.Message += newToken
		}
		if he.Status == http.StatusConflict && s.Op == "create_contact" {
			if res, err, done := w.restore(ctx, s, e, out); done {
				return res, err
			}
			return w.conflict(ctx, s, e, out)
		}
	case errors.As(err, &ne):
		out.Verdict = plan.Unknown
	case errors.As(err, &bad), errors.As(err, &odd):
		out.Verdict = plan.Unknown // it was answered, so it may have been done
	case ctx.Err() != nil, errors.Is(err, plan.ErrUnsent):
		out.Verdict = plan.Unknown
	}
	return res, out
}

// scopes are how a message names what a token lacks (IC 1.1).
var scopes = regexp.MustCompile(`(?i)\bscopes?\b|\b(read|write|delete|manage)_\w+`)

// newToken is what to do about a token that has died or lacks a scope.
const newToken = "; check INTERCOM_TOKEN: that it is valid, belongs to this region and has the scopes; then run the same command again to go on"

// tokenDied tells an answer about the token from one about the workspace's plan.
func tokenDied(status int, e apiError) bool {
	return verdict(status, e, "") == plan.StopRun && (status == http.StatusUnauthorized || status == http.StatusForbidden) && e.Code != "api_plan_restricted"
}

func verdict(status int, e apiError, op string) plan.Verdict {
	for _, r := range rules {
		if (r.status == 0 || r.status == status) && (r.code == "" || r.code == e.Code) &&
			(r.message == "" || strings.Contains(e.Message, r.message)) && (!r.scope || scopes.MatchString(e.Message)) && strings.HasPrefix(op, r.op) {
			return r.verdict
		}
	}
	if status >= 500 {
		return plan.Unknown
	}
	return plan.Permanent
}

var conflictID = regexp.MustCompile(`id=([0-9a-f]{24})`)

// conflict looks at who is in the way of a new contact (IC 1.3, 4.1). If it is the very contact that the step wanted to
// make, and has our external_id or came into being once the step had been tried, an earlier try has made it (IC 4.3).
func (w *Writer) conflict(ctx context.Context, s plan.Step, e apiError, out *plan.StepError) (plan.Result, error) {
	out.Verdict = plan.Permanent
	m := conflictID.FindStringSubmatch(e.Message)
	if m == nil {
		return plan.Result{}, out
	}
	if strings.Contains(strings.ToLower(e.Message), "archived") {
		out.Message = "an archived contact " + m[1] + " has the same e-mail address or external_id; unarchive it in Intercom, or set on_archived = \"restore\", or wait seven days if it was deleted, then apply again"
		return plan.Result{}, out
	}
	live, at, err := w.whole(ctx, "contact", m[1])
	if err != nil {
		out.Err = err
		return plan.Result{}, out
	}
	tried := s.TriedAt > 0 && !at.created.Before(time.Unix(s.TriedAt, 0).Add(-skew))
	if live.Fields["role"] != "user" || !asSent(live, s) || !hasExternalID(live, s) && !tried {
		out.Message = "contact " + m[1] + " has the same e-mail address or external_id; plan again, so that it is adopted"
		return plan.Result{}, out
	}
	out.Verdict = plan.Done
	return plan.Result{ID: live.ID, Live: &live}, out
}
