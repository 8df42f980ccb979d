package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// RoundTripper serves a client in this process: no connection is opened, and the host is not looked at.
func (s *Server) RoundTripper() http.RoundTripper { return inProcess{s} }

type inProcess struct{ server *Server }

// RoundTrip runs the handler in the caller's goroutine. A connection that breaks before the answer is
// an error, one that breaks in the middle ends the body with io.ErrUnexpectedEOF.
func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	r := req.Clone(req.Context())
	r.RequestURI = req.URL.RequestURI()
	r.RemoteAddr = "in-process"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	rec := &recorder{header: http.Header{}}
	aborted := rec.run(t.server, r)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if rec.status == 0 {
		return nil, fmt.Errorf("read answer: %w", syscall.ECONNRESET)
	}
	length, err := strconv.ParseInt(rec.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	var body io.Reader = &rec.body
	if aborted {
		body = io.MultiReader(body, brokenOff{})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", rec.status, http.StatusText(rec.status)), StatusCode: rec.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: rec.header, Body: io.NopCloser(body), ContentLength: length, Request: req,
	}, nil
}

type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A recorder keeps what a handler answers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) Flush() {}

// run tells whether the handler broke the connection.
func (r *recorder) run(h http.Handler, req *http.Request) (aborted bool) {
	defer func() {
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			aborted = true
		}
	}()
	h.ServeHTTP(r, req)
	return false
}
