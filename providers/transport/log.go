package transport

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// logCall notes one call that was answered, or was not: what was called, how it ended, how long it took. The query, where
// keys and addresses are, is left out, and so is what was sent.
func (c *Client) logCall(r Request, took time.Duration, res *Response, err error) {
	if c.Log == nil || !c.Log.IsDebug() {
		return
	}
	about := []any{"op", r.Op, "method", r.Method, "path", c.Redact.Text(bare(r.URL)), "ms", took.Milliseconds()}
	var he *HTTPError
	var bad *BadAnswerError
	switch {
	case err == nil:
		about = append(about, "status", res.Status)
	case errors.As(err, &he):
		about = append(about, "status", he.Status)
	case errors.As(err, &bad):
		about = append(about, "status", bad.Status, "answer", bad.Why)
	default:
		about = append(about, "error", c.Redact.Text(err.Error()))
	}
	c.Log.Debug("call", about...)
}

// LogAgain notes that a call is tried again and why.
func (c *Client) LogAgain(op, why string, pause time.Duration) {
	if c.Log != nil {
		c.Log.Warn("again", "op", op, "reason", c.Redact.Text(why), "after", pause.String())
	}
}

// bare is the path of a URL, without the parts that name a person or a filter.
func bare(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable)"
	}
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if strings.ContainsAny(p, "@{:") {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// why is the short reason of a failure, without the service's own words.
func why(err error) string {
	var he *HTTPError
	if errors.As(err, &he) {
		return "HTTP " + strconv.Itoa(he.Status)
	}
	return err.Error()
}
