package sandbox

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
)

// An answer is what a call gets.
type answer struct {
	status   int // 0 is 200
	mimeType string
	header   http.Header // what else; may be nil
	body     []byte
}

const (
	typeJSON = "application/json;charset=UTF-8"
	typeText = "text/plain;charset=UTF-8"
	typeHTML = "text/html;charset=UTF-8"
)

// A failure is an error of the service: a status and a text that is not JSON (IT 1.4).
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

// failf is an error that the service answers with 500.
func failf(format string, args ...any) error {
	return &failure{http.StatusInternalServerError, fmt.Sprintf(format, args...)}
}

func notFound(uuid string) error { return failf("Объект не найден: %s", uuid) }

func jsonAnswer(v any) (answer, error) {
	body, err := encode(v)
	return answer{mimeType: typeJSON, body: body}, err
}

func textAnswer(text string) answer { return answer{mimeType: typeText, body: []byte(text)} }

// page is an HTML page as a servlet container or a proxy makes it.
func page(status int, text string) answer {
	return answer{status: status, mimeType: typeHTML, body: []byte(fmt.Sprintf(
		"<!DOCTYPE html><html><head><title>%d %s</title></head><body><h1>%[1]d %[2]s</h1><p>%s</p></body></html>\n",
		status, http.StatusText(status), html.EscapeString(text)))}
}

// failed makes an answer of an error.
func (s *Server) failed(err error) answer {
	f := &failure{http.StatusInternalServerError, err.Error()}
	errors.As(err, &f)
	if s.opt.ErrorsAsHTML {
		return page(f.status, f.text)
	}
	a := textAnswer(f.text)
	a.status = f.status
	return a
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.mimeType != "" {
		w.Header().Set("Content-Type", a.mimeType)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(max(a.status, 200)) // 0 is 200
	_, _ = w.Write(a.body)            // the other side may be gone
}

// disposition names a file as RFC 6266 asks: in ASCII, and as RFC 5987 writes the whole of it.
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, plain, b.String())
}
