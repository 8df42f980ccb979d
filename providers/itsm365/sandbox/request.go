package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The longest body that is read; IT 1.5 assumes 50 to 100 MB for uploads.
const maxBody = 100 << 20

// A call is one request, taken apart: METHOD/ARG/REST?QUERY.
type call struct {
	root    string // rest or smpsync
	method  string
	arg     string // decoded: an FQN or a UUID
	rest    string // decoded: the JSON in the path
	query   url.Values
	fields  url.Values // of a form, or nil
	files   []upload
	body    []byte // JSON
	key     string
	profile Profile
}

type upload struct {
	name, mimeType string
	bytes          []byte
}

// reserved are the parameters that are no attributes.
var reserved = map[string]bool{"accessKey": true, "attrs": true, "offset": true, "limit": true, "attrsCode": true}

// parsePath splits the address of a call. The rest keeps its slashes but the last, as a filter can hold some.
func parsePath(u *url.URL) (*call, error) {
	c := &call{}
	path, ok := strings.CutPrefix(u.EscapedPath(), "/sd/services/")
	if ok {
		c.root, path, ok = strings.Cut(path, "/")
	}
	if !ok || (c.root != "rest" && c.root != "smpsync") {
		return nil, nil
	}
	parts := strings.SplitN(path, "/", 3)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	c.method = parts[0]
	var err error
	if c.arg, err = url.PathUnescape(parts[1]); err != nil {
		return c, err
	}
	if c.rest, err = url.PathUnescape(strings.TrimSuffix(parts[2], "/")); err != nil {
		return c, err
	}
	if c.query, err = url.ParseQuery(u.RawQuery); err != nil {
		return c, err
	}
	c.key = c.query.Get("accessKey")
	return c, nil
}

// readBody reads a JSON body, or the fields and files of a form.
func (c *call) readBody(r *http.Request) error {
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "multipart/form-data":
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		defer r.MultipartForm.RemoveAll()
		c.fields = r.MultipartForm.Value
		for _, headers := range r.MultipartForm.File {
			for _, h := range headers {
				f, err := h.Open()
				if err != nil {
					return fmt.Errorf("read form: %w", err)
				}
				bytes, err := io.ReadAll(f)
				f.Close()
				if err != nil {
					return fmt.Errorf("read form: %w", err)
				}
				c.files = append(c.files, upload{h.Filename, h.Header.Get("Content-Type"), bytes})
			}
		}
	case "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		c.fields = r.PostForm
	default:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return fmt.Errorf("read body: %w", err)
		}
		c.body = body
	}
	if key := c.fields.Get("accessKey"); c.key == "" {
		c.key = key
	}
	return nil
}

// param returns a parameter of the query or of the form.
func (c *call) param(name string) string {
	if v := c.query.Get(name); v != "" {
		return v
	}
	return c.fields.Get(name)
}

// count reads offset or limit; what is absent is -1.
func (c *call) count(name string) (int, error) {
	text := c.param(name)
	if text == "" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is no number", name, text)
	}
	return n, nil
}

// attrs returns the codes asked for, nil for all. They are not trimmed: the list has no spaces (IT 2.1).
func (c *call) attrs() []string {
	text := c.param("attrs")
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// A cond is one condition of a filter, or one attribute of a write.
type cond struct {
	name string
	want any // as JSON decodes it, numbers as json.Number
}

// conds collects the filter, or the attributes to write, from wherever they stand (IT 1.3).
func (c *call) conds() ([]cond, error) {
	var all []cond
	take := func(v any) error {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is no object", v)
		}
		for name, want := range m {
			all = append(all, cond{name, want})
		}
		return nil
	}
	if c.rest != "" {
		v, err := pathJSON(c.rest)
		if err == nil {
			err = take(v)
		}
		if err != nil {
			return nil, fmt.Errorf("JSON in the path: %w", err)
		}
	}
	if len(strings.TrimSpace(string(c.body))) > 0 {
		attrs, err := decodeObject(c.body)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		_ = take(attrs)
	}
	for _, values := range []url.Values{c.query, c.fields} {
		for name, texts := range values {
			if reserved[name] {
				continue
			}
			if len(texts) == 1 {
				all = append(all, cond{name, texts[0]})
				continue
			}
			list := make([]any, len(texts))
			for i, t := range texts {
				list[i] = t
			}
			all = append(all, cond{name, list})
		}
	}
	return all, nil
}

// pathJSON reads the JSON of a path: lenient, or the marker 40x and URL-safe base64 of it.
func pathJSON(text string) (any, error) {
	coded, ok := strings.CutPrefix(text, "40x")
	if !ok {
		return parseLenient(text)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(coded, "="))
	if err != nil {
		return nil, fmt.Errorf("after 40x: %w", err)
	}
	return parseLenient(string(raw))
}

// number makes a JSON number of anything that is one.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}
