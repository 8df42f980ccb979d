package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// An apiError is a refusal (IC 1.3).
type apiError struct {
	status               int
	code, message, field string
	header               http.Header
}

func (e *apiError) Error() string { return e.message }

func refuse(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) *apiError {
	e := refuse(http.StatusBadRequest, "parameter_invalid", format, args...)
	e.field = field
	return e
}

func notFound(what string) *apiError {
	return refuse(http.StatusNotFound, "not_found", "%s Not Found", what)
}

// A call is one request being answered.
type call struct {
	s    *Server
	r    *http.Request
	path []string // segments
	body object
	raw  []byte
}

// object is a decoded JSON body with strict access. Times and counts are json.Number.
type object map[string]any

const windowSeconds = 10

// limiter counts calls in fixed windows of 10 seconds and replies in the same windows (IC 1.6).
type limiter struct {
	window  int64
	calls   int
	peak    int
	replies int
	thread  map[int64]int
}

func (l *limiter) roll(now int64) {
	if w := now / windowSeconds; w != l.window {
		l.window, l.calls, l.replies, l.thread = w, 0, 0, map[int64]int{}
	}
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(s.o.MaxRequest)+1))
	if err != nil {
		return // the client hung up
	}
	op := operation(r.Method, r.URL.Path)
	if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
		s.control(w, r, body)
		return
	}
	fault := s.fault(op)
	if fault != nil && fault.before(s, w) {
		return
	}
	status, header, answer := s.answer(r, op, body)
	if fault != nil && fault.after(s, w, status, answer) {
		return
	}
	h := w.Header()
	for k, v := range header {
		h[k] = v
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(answer) // a client that hung up is no affair of the server
}

// answer does the call under the lock and renders it.
func (s *Server) answer(r *http.Request, op string, body []byte) (int, http.Header, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := http.Header{"Intercom-Version": {"2.16"}}
	defer func() { s.version = "2.16" }() // which dumps are of
	value, err := s.admit(r, op, body, header)
	status := http.StatusOK
	var text []byte
	if err != nil {
		var e *apiError
		if !errors.As(err, &e) {
			e = refuse(http.StatusInternalServerError, "server_error", "%s", err)
		}
		status = e.status
		entry := map[string]any{"code": e.code, "message": e.message}
		if e.field != "" {
			entry["field"] = e.field
		}
		for k, v := range e.header {
			header[k] = v
		}
		value = map[string]any{"type": "error.list", "request_id": fmt.Sprintf("sandbox-%d", s.stats.Reads+s.stats.Writes), "errors": []any{entry}}
	}
	text, err = json.Marshal(value)
	if err != nil {
		panic(err) // the sandbox's own objects marshal
	}
	if s.stats.Calls[op] == nil {
		s.stats.Calls[op] = map[int]int{}
	}
	s.stats.Calls[op][status]++
	if status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
		if isRead(r) {
			s.stats.Reads++
		} else {
			s.stats.Writes++
		}
	}
	return status, header, text
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/search") || r.URL.Path == "/companies/list"
}

// admit checks what every call must have, then routes it.
func (s *Server) admit(r *http.Request, op string, body []byte, header http.Header) (any, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token != s.o.Token {
		return nil, refuse(http.StatusUnauthorized, "unauthorized", "Access Token Invalid")
	}
	now := s.now()
	s.limiter.roll(now)
	limit := s.o.Limit
	s.limiter.calls++
	s.limiter.peak = max(s.limiter.peak, s.limiter.calls)
	if limit > 0 {
		header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
		header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-s.limiter.calls)))
		header.Set("X-RateLimit-Reset", strconv.FormatInt((s.limiter.window+1)*windowSeconds, 10))
	}
	if limit > 0 && s.limiter.calls > limit {
		return nil, refuse(http.StatusTooManyRequests, "rate_limit_exceeded", "Exceeded rate limit of %d in 10_seconds", limit)
	}
	if a := r.Header.Get("Accept"); a == "" || !strings.Contains(a, "application/json") && !strings.Contains(a, "*/*") {
		return nil, refuse(http.StatusNotAcceptable, "media_type_not_acceptable", "The Accept header should send a media type of application/json")
	}
	if len(body) > s.o.MaxRequest {
		return nil, refuse(http.StatusRequestEntityTooLarge, "client_error", "Request entity too large")
	}
	c := &call{s: s, r: r, raw: body}
	if err := c.checkVersion(op); err != nil {
		return nil, err
	}
	header.Set("Intercom-Version", s.version)
	if len(body) > 0 {
		if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
			return nil, refuse(http.StatusUnsupportedMediaType, "unsupported", "Content-Type must be application/json")
		}
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&c.body); err != nil {
			return nil, refuse(http.StatusBadRequest, "parameter_invalid", "Invalid JSON")
		}
	}
	c.path = append(c.path, strings.Split(strings.Trim(r.URL.Path, "/"), "/")...)
	s.settle(false)
	return c.route(op)
}

// throttle refuses a reply that comes too fast (IC 1.6).
func (s *Server) throttle(conv int64) error {
	if s.o.ReplyLimit == 0 {
		return nil
	}
	s.limiter.replies++
	s.limiter.thread[conv]++
	if s.limiter.replies > s.o.ReplyLimit || s.limiter.thread[conv] > max(1, s.o.ReplyLimit/10) {
		return refuse(http.StatusBadRequest, "parameter_invalid", "Too many recent replies to this conversation")
	}
	return nil
}

// only refuses fields that an operation does not know.
func (o object) only(names ...string) error {
	for k := range o {
		known := false
		for _, n := range names {
			known = known || n == k
		}
		if !known {
			return refuse(http.StatusBadRequest, "bad_request", "bad '%s' parameter", k)
		}
	}
	return nil
}

func (o object) str(name string) (string, bool, error) {
	switch v := o[name].(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	}
	return "", false, refuse(http.StatusBadRequest, "type_mismatch", "%s must be a string", name)
}

// idOf reads an id, which may be a string or a number.
func (o object) idOf(name string) (string, bool) {
	switch v := o[name].(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	}
	return "", false
}

func (o object) boolean(name string) (bool, error) {
	switch v := o[name].(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	}
	return false, refuse(http.StatusBadRequest, "type_mismatch", "%s must be a boolean", name)
}

// seconds reads a time: integer Unix seconds; milliseconds are wrong (IC 1.2).
func (o object) seconds(name string) (int64, bool, error) {
	switch v := o[name].(type) {
	case nil:
		return 0, false, nil
	case json.Number:
		i, err := v.Int64()
		if err != nil || i < 0 || i > 1<<34 {
			return 0, false, invalid(name, "%s is an invalid value for %s", v, name)
		}
		return i, true, nil
	}
	return 0, false, refuse(http.StatusBadRequest, "type_mismatch", "%s must be an integer", name)
}

// past reads a time that must not lie in the future.
func (c *call) past(name string) (int64, bool, error) {
	t, ok, err := c.body.seconds(name)
	if err == nil && ok && t > c.s.now()+60 {
		err = invalid(name, "%d is an invalid value for %s", t, name)
	}
	return t, ok, err
}

// RoundTripper serves a client in this process without a network. Connections that a fault resets are errors.
func (s *Server) RoundTripper() http.RoundTripper { return inProcess{s} }

type inProcess struct{ s *Server }

type recorder struct {
	header http.Header
	body   bytes.Buffer
	status int
	reset  bool
	cut    bool
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

var errReset = errors.New("read: connection reset by peer")

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	t.s.ServeHTTP(rec, in)
	if rec.reset {
		return nil, errReset
	}
	var body io.Reader = bytes.NewReader(rec.body.Bytes())
	if rec.cut {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{Status: strconv.Itoa(rec.status), StatusCode: rec.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: rec.header,
		Body: io.NopCloser(body), ContentLength: int64(rec.body.Len()), Request: req}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func hangUp(w http.ResponseWriter) {
	if rec, ok := w.(*recorder); ok {
		rec.reset = true
		return
	}
	panic(http.ErrAbortHandler)
}

func ts(t int64) any {
	if t == 0 {
		return nil
	}
	return t
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
