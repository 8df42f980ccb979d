package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// A BodyError says that what was to be sent could not be read. The service has not got the whole request, and so has not
// carried it out.
type BodyError struct {
	Op  string
	Err error
}

func (e *BodyError) Error() string { return e.Op + ": " + e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }

// request makes the HTTP request. The body of a stream is opened anew for each try.
func (r *Request) request(ctx context.Context) (*http.Request, *watched, error) {
	if r.Open == nil {
		req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
		return req, nil, err
	}
	w := &watched{}
	open := func() (io.ReadCloser, error) {
		body, err := r.Open()
		if err != nil {
			return nil, w.note(err)
		}
		return &watchedBody{body, w}, nil
	}
	body, err := open()
	if err != nil {
		return nil, w, &BodyError{r.Op, err}
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, w, errors.Join(err, body.Close())
	}
	req.ContentLength, req.GetBody = r.Size, open
	return req, w, nil
}

// watched keeps the first error of a body: the connection may report another one for it.
type watched struct{ err atomic.Pointer[error] }

func (w *watched) note(err error) error {
	w.err.CompareAndSwap(nil, &err)
	return err
}

// failed is the error of the body, nil when it was read well or not at all.
func (w *watched) failed() error {
	if w == nil {
		return nil
	}
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

type watchedBody struct {
	io.ReadCloser
	w *watched
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = b.w.note(err)
	}
	return n, err
}
