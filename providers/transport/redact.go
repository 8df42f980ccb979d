package transport

import (
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// A Redactor takes secrets out of texts: those it knows, in plain, percent-encoded and base64 form, and whatever looks
// like one.
type Redactor struct {
	mu     sync.RWMutex
	known  []string
	cutter *strings.Replacer
}

const hidden = "(redacted)"

var (
	keyParam = regexp.MustCompile(`(?i)(access_?key=)[^&\s"'<>\\]+`)
	bearer   = regexp.MustCompile(`(?i)(bearer\s+)[A-Za-z0-9._~+/=-]+`)
)

// NewRedactor makes a redactor that knows these secrets. Empty ones are left out.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{}
	r.Add(secrets...)
	return r
}

// Add makes more secrets known.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range secrets {
		if len(s) < 4 { // too short to be a secret, and it would tear texts apart
			continue
		}
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))} {
			r.known = append(r.known, form, hidden)
		}
	}
	r.cutter = strings.NewReplacer(r.known...)
}

// Text is s without secrets.
func (r *Redactor) Text(s string) string {
	if r != nil {
		r.mu.RLock()
		cutter := r.cutter
		r.mu.RUnlock()
		if cutter != nil {
			s = cutter.Replace(s)
		}
	}
	s = keyParam.ReplaceAllString(s, "${1}"+hidden)
	return bearer.ReplaceAllString(s, "${1}"+hidden)
}

// Error is err with its text redacted; what it wraps stays findable.
func (r *Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	text := r.Text(err.Error())
	if text == err.Error() {
		return err
	}
	return &redacted{text, err}
}

type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }

// Is and As look through, Unwrap does not: the text below must not surface.
func (e *redacted) Is(target error) bool { return errors.Is(e.err, target) }
func (e *redacted) As(target any) bool   { return errors.As(e.err, target) }
