package transport_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"deskform/providers/transport"
)

// TestStream: a body that is a stream is opened anew for each try, and one that breaks is told from a broken network.
func TestStream(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if got = append(got, string(body)); len(got) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	defer srv.Close()
	c := client(start())
	c.Retries = 2
	opened := 0
	_, err := c.Do(t.Context(), transport.Request{Method: "POST", URL: srv.URL, Op: "send", Read: true, Size: 5, Open: func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(strings.NewReader("hello")), nil
	}})
	if err != nil || opened != 2 || strings.Join(got, " ") != "hello hello" {
		t.Errorf("opened %d times, %v came, %v", opened, got, err)
	}
	broken := errors.New("disk gone")
	for name, open := range map[string]func() (io.ReadCloser, error){
		"at once": func() (io.ReadCloser, error) { return nil, broken },
		"on the way": func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(broken))), nil
		},
	} {
		got = nil
		_, err := c.Do(t.Context(), transport.Request{Method: "POST", URL: srv.URL, Op: "send", Size: 5, Open: open})
		var be *transport.BodyError
		if !errors.As(err, &be) || !errors.Is(err, broken) || err.Error() != "send: disk gone" || len(got) != 0 {
			t.Errorf("%s: %v, %v came", name, err, got)
		}
	}
}
