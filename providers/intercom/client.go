package intercom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"deskform/plan"
	"deskform/providers/transport"
)

// apiVersion is pinned: the same token behaves otherwise by the app's own setting (IC 1.1).
const apiVersion = "2.16"

var regions = map[string]string{"us": "https://api.intercom.io", "eu": "https://api.eu.intercom.io", "au": "https://api.au.intercom.io"}

// Config is what both clients are made from.
type Config struct {
	Endpoint  string
	Region    string
	Token     string
	Workspace string
	Actor     string
	RateShare float64

	HTTP     *http.Client
	Clock    transport.Clock
	Log      hclog.Logger
	Redact   *transport.Redactor
	Governor *transport.Governor
	// ObjectTypes and ObjectAttributes are those of custom objects that the configuration names: no call lists them (IC 2).
	ObjectTypes      []string
	ObjectAttributes []ObjectAttribute
	// Files opens a file of the content store.
	Files    func(sha256 string) (io.ReadCloser, error)
	Parallel int
	// Hold is asked right before each call, after all waiting; its error ends the run and the call is not made. Nil asks nobody.
	Hold func(context.Context) error
}

// ConfigFrom reads the provider block's arguments.
func ConfigFrom(args map[string]plan.Value) (Config, error) {
	text := func(name string) string { s, _ := args[name].(string); return strings.TrimSpace(s) }
	c := Config{Endpoint: strings.TrimRight(text("endpoint"), "/"), Region: strings.ToLower(text("region")), Token: text("token"), Workspace: text("workspace"), Actor: strings.ToLower(text("actor")), RateShare: 0.5}
	if c.Endpoint == "" {
		if c.Region == "" {
			return c, errors.New("provider intercom: set region to us, eu or au")
		}
		c.Endpoint = regions[c.Region]
		if c.Endpoint == "" {
			return c, fmt.Errorf("provider intercom: region %q is not known; choose us, eu or au", c.Region)
		}
	}
	if u, err := url.Parse(c.Endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return c, fmt.Errorf("provider intercom: endpoint %q is no address", c.Endpoint)
	}
	if c.Token == "" {
		return c, errors.New("provider intercom: token is empty; set it from the environment: env(\"INTERCOM_TOKEN\")")
	}
	if m := text("marker"); m != "" && !strings.Contains(m, "{token}") {
		return c, fmt.Errorf("provider intercom: marker %q has no {token} in it, by which a lost answer is settled", m)
	}
	switch v := args["rate_share"].(type) {
	case int64:
		c.RateShare = float64(v)
	case float64:
		c.RateShare = v
	}
	if c.RateShare <= 0 || c.RateShare > 1 {
		return c, fmt.Errorf("provider intercom: rate_share %g is no share; it is above 0 and at most 1", c.RateShare)
	}
	return c, nil
}

// A core is what both clients do alike. It is not exported: neither client hands it out.
type core struct {
	Config
	http *transport.Client

	mu        sync.Mutex
	workspace *plan.Workspace

	actorMu sync.Mutex
	actor   string

	typesMu     sync.Mutex
	ticketTypes []ticketType
}

func newCore(c Config) *core {
	if c.HTTP == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 64
		c.HTTP = &http.Client{Transport: t}
	}
	if c.Clock == nil {
		c.Clock = transport.Real{}
	}
	if c.Redact == nil {
		c.Redact = transport.NewRedactor()
	}
	c.Redact.Add(c.Token)
	if c.Governor == nil {
		c.Governor = transport.NewGovernor(c.Clock, c.RateShare)
	}
	return &core{Config: c, http: &transport.Client{HTTP: c.HTTP, Clock: c.Clock, Redact: c.Redact, Log: c.Log, Timeout: time.Minute}}
}

// send is one call with all waiting in it: for the window, for the reply throttle, and again after a refusal that says
// "not now" and was not carried out (429, too many recent replies). thread names the conversation of a reply.
func (c *core) send(ctx context.Context, method, path string, body any, op, thread string) ([]byte, error) {
	r := transport.Request{Method: method, URL: c.Endpoint + path, Op: "Intercom " + op, Header: http.Header{
		"Authorization": {"Bearer " + c.Token}, "Intercom-Version": {apiVersion}, "Accept": {"application/json"},
	}}
	if s, ok := body.(*stream); ok {
		r.Open, r.Size = s.open, s.size
		r.Header["Content-Type"] = []string{"application/json"}
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("intercom: %s: %w", op, err)
		}
		r.Body = text
		r.Header["Content-Type"] = []string{"application/json"}
	}
	for refused := 0; ; refused++ {
		wait, sent := plan.Waiting(ctx)
		done, err := c.Governor.Acquire(wait, thread)
		if err != nil {
			if ctx.Err() == nil {
				err = plan.ErrUnsent
			}
			return nil, err
		}
		sent()
		if c.Hold != nil {
			if err := c.Hold(ctx); err != nil {
				done(nil)
				return nil, &plan.StepError{Step: op, Verdict: plan.StopRun, Message: "it was not sent", Err: err}
			}
		}
		res, err := c.http.Do(ctx, r)
		if err == nil {
			done(res.Header)
			if thread != "" {
				c.Governor.ReplyTaken()
			}
			return res.Body, nil
		}
		var he *transport.HTTPError
		if !errors.As(err, &he) {
			done(nil)
			return nil, err
		}
		done(he.Header)
		switch {
		case he.Status == http.StatusTooManyRequests:
			c.Governor.Exceeded()
			// The governor keeps everybody back until the window is over; this spreads those that were refused.
			pause := transport.Backoff{First: 100 * time.Millisecond, Cap: 5 * time.Second}.Pause(refused, err)
			c.http.LogAgain(r.Op, "HTTP 429: the window is used up", pause)
			if err := c.Clock.Sleep(ctx, pause); err != nil {
				return nil, err
			}
		case he.Status == http.StatusBadRequest && strings.Contains(string(he.Body), "Too many recent replies"):
			c.Governor.RepliesExceeded()
			c.http.LogAgain(r.Op, "too many recent replies", 15*time.Second)
			if err := c.Clock.Sleep(ctx, 15*time.Second); err != nil { // IC 1.6
				return nil, err
			}
		default:
			return nil, err
		}
	}
}

// reads is how often a read is tried before its failure is believed.
const reads = 5

// read is a call that changes nothing. Passing failures are tried again with growing pauses.
func (c *core) read(ctx context.Context, method, path string, body, into any, op string) error {
	if bare, _, _ := strings.Cut(path, "?"); method != http.MethodGet && !readPosts[bare] {
		panic("intercom: " + method + " " + path + " is no read")
	}
	for try := 1; ; try++ {
		text, err := c.send(ctx, method, path, body, op, "")
		if err == nil {
			if err = json.Unmarshal(text, into); err != nil {
				return fmt.Errorf("intercom: %s: the answer is not of the shape that the reference gives: %w", op, err)
			}
			return nil
		}
		if try == reads || ctx.Err() != nil || !passing(err, try) {
			return c.explain(err)
		}
		pause := transport.Backoff{First: time.Second}.Pause(try-1, err)
		c.http.LogAgain("Intercom "+op, err.Error(), pause)
		if err := c.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// readPosts are the POSTs that only look.
var readPosts = map[string]bool{"/contacts/search": true, "/conversations/search": true, "/tickets/search": true, "/companies/list": true}

// passing tells failures that may be gone the next time. An answer that is none, HTML or nothing, is believed when it
// comes three times: then the address is wrong.
func passing(err error, try int) bool {
	var he *transport.HTTPError
	var ne *transport.NetError
	var bad *transport.BadAnswerError
	switch {
	case errors.As(err, &he):
		return he.Status >= 500 || he.Status == http.StatusRequestTimeout
	case errors.As(err, &ne):
		return ne.Sent
	}
	return errors.As(err, &bad) && try < 3
}

// explain puts the service's own words first.
func (c *core) explain(err error) error {
	var he *transport.HTTPError
	if !errors.As(err, &he) {
		return err
	}
	e := parseError(he)
	switch {
	case he.Status == http.StatusGone && canonical.MatchString(he.Header.Get("Link")):
		return &mergedError{path: canonical.FindStringSubmatch(he.Header.Get("Link"))[1], op: he.Op}
	case he.Status == http.StatusNotFound || he.Status == http.StatusGone:
		return fmt.Errorf("%s: %s: %w", he.Op, c.Redact.Text(e.Message), plan.ErrNotFound)
	case tokenDied(he.Status, e):
		return &plan.StepError{Step: he.Op, Status: he.Status, Code: e.Code, Message: fmt.Sprintf("%s (%s)%s", c.Redact.Text(e.Message), e.Code, newToken), Verdict: plan.StopRun}
	}
	return fmt.Errorf("%s: HTTP %d %s: %s", he.Op, he.Status, e.Code, c.Redact.Text(e.Message))
}

// An apiError is the first entry of an error envelope (IC 1.3).
type apiError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field"`
}

func parseError(he *transport.HTTPError) apiError {
	var env struct {
		Errors []apiError `json:"errors"`
	}
	if json.Unmarshal(he.Body, &env) == nil && len(env.Errors) > 0 {
		return env.Errors[0]
	}
	return apiError{Message: he.Text}
}
