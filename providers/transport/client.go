package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

// A Request is one call.
type Request struct {
	Method string
	// URL is whole; secrets in it are redacted wherever it is shown.
	URL    string
	Header http.Header
	Body   []byte
	// Open gives the body instead, of Size bytes, as a stream: once for each try.
	Open func() (io.ReadCloser, error)
	Size int64
	// Read: the call changes nothing, and may be tried again after any passing failure.
	Read bool
	// Op names the call in errors and logs.
	Op string
	// Text: the answer need not be JSON.
	Text bool
}

// A Response is a whole answer with a status below 300.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// An HTTPError is an answer with a status of 300 or more.
type HTTPError struct {
	Op     string
	Status int
	Header http.Header
	// Body as it came, for programs; Text its first part without tags and secrets, for people.
	Body []byte
	Text string
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("%s: HTTP %d: %s", e.Op, e.Status, e.Text)
}

// A BadAnswerError is an answer that cannot be what the service meant: HTML, nothing, or half of something.
type BadAnswerError struct {
	Op, Why string
	Status  int
}

func (e *BadAnswerError) Error() string {
	return fmt.Sprintf("%s: %s (HTTP %d); is the address right, and is the service up?", e.Op, e.Why, e.Status)
}

// A NetError is a call without an answer. Sent is false only when the service certainly did not get it.
type NetError struct {
	Op   string
	Sent bool
	Err  error
}

func (e *NetError) Error() string { return e.Op + ": no answer: " + short(e.Err.Error()) }
func (e *NetError) Unwrap() error { return e.Err }

// A Client sends requests and reads answers with suspicion.
type Client struct {
	HTTP   *http.Client
	Clock  Clock
	Redact *Redactor
	// Log is told of every call; nil for nobody.
	Log hclog.Logger
	// Timeout of one call, by the machine's clock; 0 means 60 s.
	Timeout time.Duration
	// Retries is how often a read is tried again; Backoff the first pause, doubled up to Cap.
	Retries int
	Backoff time.Duration
	Cap     time.Duration
	// Final says of an error that trying again is no use; nil: 4xx but 408 and 429 are final.
	Final func(error) bool
	// MaxBody bounds an answer; 0 means 64 MB.
	MaxBody int64
	// Admit waits until something may be sent. It is asked before every sending, a repeated one as well; its error ends the
	// call. nil: always.
	Admit func(context.Context) error
	// Busy is told for how long the service is to be left alone: by a Retry-After, or by the pause after a 429 or 503 without
	// one. It is Admit then that waits for so long. nil for nobody.
	Busy func(time.Duration)
}

// Do sends a request. A read is tried again after passing failures; a write is sent once, but for one that certainly did
// not leave.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	for try := 0; ; try++ {
		if err := c.admit(ctx); err != nil {
			return nil, err
		}
		began := c.Clock.Now()
		res, err := c.once(ctx, r)
		c.logCall(r, c.Clock.Now().Sub(began), res, err)
		if err == nil || ctx.Err() != nil {
			return res, err
		}
		if err := c.pause(ctx, r, try, err); err != nil {
			return nil, err
		}
	}
}

func (c *Client) admit(ctx context.Context) error {
	if c.Admit == nil {
		return nil
	}
	return c.Admit(ctx)
}

// pause waits after a failed try until the next one, and returns the failure when there is to be none.
func (c *Client) pause(ctx context.Context, r Request, try int, failed error) error {
	d := Backoff{c.Backoff, c.Cap}.Pause(try, failed)
	told := c.Busy != nil && busy(failed)
	if told {
		c.Busy(d)
	}
	if try >= c.Retries || !c.again(r, failed) {
		return failed
	}
	c.LogAgain(r.Op, why(failed), d)
	if told && c.Admit != nil {
		return ctx.Err()
	}
	return c.Clock.Sleep(ctx, d)
}

// busy tells an answer that means every caller from one that means this call.
func busy(err error) bool {
	var he *HTTPError
	return errors.As(err, &he) && (he.Status == http.StatusTooManyRequests || he.Status == http.StatusServiceUnavailable || RetryAfter(err) > 0)
}

func (c *Client) again(r Request, err error) bool {
	var ne *NetError
	if errors.As(err, &ne) && !ne.Sent {
		return true
	}
	if !r.Read {
		return false
	}
	if c.Final != nil {
		return !c.Final(err)
	}
	var he *HTTPError
	if errors.As(err, &he) {
		return he.Status >= 500 || he.Status == http.StatusRequestTimeout || he.Status == http.StatusTooManyRequests
	}
	return true
}

func (c *Client) once(ctx context.Context, r Request) (*Response, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, sent, err := r.request(ctx)
	var unread *BodyError
	if errors.As(err, &unread) {
		return nil, unread
	}
	if err != nil {
		return nil, c.Redact.Error(fmt.Errorf("%s: %w", r.Op, err))
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	// A redirect is an answer like any other: following it would send a write twice, and a key elsewhere.
	hc := *c.HTTP
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := hc.Do(req)
	if failed := sent.failed(); failed != nil && err != nil {
		return nil, &BodyError{r.Op, failed}
	}
	if err != nil {
		return nil, &NetError{r.Op, !unsent(err), c.Redact.Error(err)}
	}
	defer res.Body.Close()
	limit := c.MaxBody
	if limit == 0 {
		limit = 64 << 20
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		if res.StatusCode >= 300 {
			return nil, &HTTPError{r.Op, res.StatusCode, res.Header, body, c.Readable(body)}
		}
		return nil, &BadAnswerError{r.Op, "the answer broke off: " + c.Redact.Text(err.Error()), res.StatusCode}
	}
	if int64(len(body)) > limit {
		return nil, &BadAnswerError{r.Op, fmt.Sprintf("the answer is larger than %d MB", limit>>20), res.StatusCode}
	}
	if res.StatusCode >= 300 {
		return nil, &HTTPError{r.Op, res.StatusCode, res.Header, body, c.Readable(body)}
	}
	if !r.Text {
		if why := notJSON(body); why != "" {
			return nil, &BadAnswerError{r.Op, why, res.StatusCode}
		}
	}
	return &Response{res.StatusCode, res.Header, body}, nil
}

// unsent reports whether a request certainly did not reach the service: nobody answered the connection.
func unsent(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}

func notJSON(body []byte) string {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return "the answer is empty where JSON was due"
	case text[0] == '<':
		return "the answer is HTML where JSON was due"
	case !json.Valid(text):
		return "the answer is no JSON or was truncated"
	}
	return ""
}

var (
	tags  = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>|<[^>]*>`)
	space = regexp.MustCompile(`\s+`)
)

// Readable is the first part of a body as a person can read it: no tags, no secrets, at most 1,000 characters (IT 1.4).
func (c *Client) Readable(body []byte) string {
	text := string(body[:min(len(body), 8000)])
	if strings.Contains(text, "<") {
		text = tags.ReplaceAllString(text, " ")
	}
	text = strings.ToValidUTF8(html.UnescapeString(text), "�")
	text = strings.TrimSpace(space.ReplaceAllString(text, " "))
	text = short(c.Redact.Text(text))
	if text == "" {
		return "(no text)"
	}
	return text
}

// short is the first 1,000 characters of a text that the other side may have written.
func short(text string) string {
	if utf8.RuneCountInString(text) > 1000 {
		text = string([]rune(text)[:1000]) + "…"
	}
	return text
}
