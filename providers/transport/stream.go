package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Stream is an answer with a status below 300 whose body is read as it comes. The caller closes it.
type Stream struct {
	Status int
	Header http.Header
	Body   io.ReadCloser
}

// Stream sends a read and returns its answer unread, so that a body of any size takes no memory. Until then it is tried
// again like any read. The timeout holds for the head, and then for each part of the body; a body that breaks off, or
// comes no further, ends with a *BadAnswerError.
func (c *Client) Stream(ctx context.Context, r Request) (*Stream, error) {
	for try := 0; ; try++ {
		if err := c.admit(ctx); err != nil {
			return nil, err
		}
		began := c.Clock.Now()
		s, err := c.head(ctx, r)
		var res *Response
		if s != nil {
			res = &Response{Status: s.Status, Header: s.Header}
		}
		c.logCall(r, c.Clock.Now().Sub(began), res, err)
		if err == nil || ctx.Err() != nil {
			return s, err
		}
		if err := c.pause(ctx, r, try, err); err != nil {
			return nil, err
		}
	}
}

// head sends a request and reads the answer up to its body; of a failure it reads the text.
func (c *Client) head(ctx context.Context, r Request) (*Stream, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithCancelCause(ctx)
	idle := time.AfterFunc(timeout, func() { cancel(errIdle) })
	end := func() {
		idle.Stop()
		cancel(nil)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if err != nil {
		end()
		return nil, c.Redact.Error(fmt.Errorf("%s: %w", r.Op, err))
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	hc := *c.HTTP
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := hc.Do(req)
	if err != nil {
		if errors.Is(context.Cause(ctx), errIdle) {
			err = fmt.Errorf("nothing came for %s", timeout)
		}
		end()
		return nil, &NetError{r.Op, !unsent(err), c.Redact.Error(err)}
	}
	if res.StatusCode >= 300 {
		defer end()
		defer res.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // half a text says something as well
		return nil, &HTTPError{r.Op, res.StatusCode, res.Header, body, c.Readable(body)}
	}
	return &Stream{res.StatusCode, res.Header, &streamed{client: c, op: r.Op, status: res.StatusCode, body: res.Body, ctx: ctx, idle: idle, timeout: timeout, end: end}}, nil
}

var errIdle = errors.New("idle")

// streamed is a body whose reader may not wait for ever.
type streamed struct {
	client  *Client
	op      string
	status  int
	body    io.ReadCloser
	ctx     context.Context // of the request, which lives as long as its body
	idle    *time.Timer
	timeout time.Duration
	end     func()
}

func (s *streamed) Read(p []byte) (int, error) {
	s.idle.Reset(s.timeout)
	n, err := s.body.Read(p)
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case errors.Is(context.Cause(s.ctx), errIdle):
		return n, &BadAnswerError{s.op, fmt.Sprintf("the answer broke off: nothing came for %s", s.timeout), s.status}
	case s.ctx.Err() != nil:
		return n, s.ctx.Err()
	}
	return n, &BadAnswerError{s.op, "the answer broke off: " + s.client.Redact.Text(err.Error()), s.status}
}

func (s *streamed) Close() error {
	defer s.end()
	return s.body.Close()
}
