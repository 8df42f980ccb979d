package metainfo

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// What a stream may not pass, so that no file fills the memory. The known export is eight thousand parts, twenty levels
// deep, with texts of some megabytes (IT 9, META).
const (
	maxDepth    = 200
	maxText     = 64 << 20 // bytes between two tags
	maxParts    = 50_000
	maxNested   = 20      // parts in parts
	maxEntries  = 200_000 // things of all lists together
	maxShort    = 300     // runes of a text that is kept
	xinclude    = "http://www.w3.org/2001/XInclude"
	rootElement = "metainfoContainer"
)

// An Error says what is wrong with an export, and where.
type Error struct {
	File string // as it was named; empty for a stream
	Line int
	Why  string
	Err  error // nil where Why says it all
}

func (e *Error) Error() string {
	at := e.File
	switch {
	case at == "":
		at = "metainfo"
		if e.Line > 0 {
			at = fmt.Sprintf("metainfo, line %d", e.Line)
		}
	case e.Line > 0:
		at = fmt.Sprintf("%s:%d", at, e.Line)
	}
	return at + ": " + e.Why
}

func (e *Error) Unwrap() error { return e.Err }

// A stream gives the tags of an export one after another, those of its parts in the place of their includes.
type stream struct {
	dir   fs.FS  // nil: includes are refused
	base  string // stands before the names of parts in errors
	open  []*part
	names []string // of all parts so far
	depth int
	begun bool
	noted int // entries kept so far
}

// A part is a file that is being read.
type part struct {
	name   string
	dec    *xml.Decoder
	in     *counted
	close  io.Closer
	depth  int  // of the stream when it began
	rooted bool // its root element was met
}

// counted notices a text that does not end.
type counted struct {
	in io.Reader
	n  int64 // since the last tag
}

var errLong = fmt.Errorf("a text is longer than %d MB", maxText>>20)

func (c *counted) Read(p []byte) (int, error) {
	if c.n > maxText {
		return 0, errLong
	}
	n, err := c.in.Read(p)
	c.n += int64(n)
	return n, err
}

// push begins a part. It owns the closer.
func (s *stream) push(name string, in io.Reader, c io.Closer) error {
	p := &part{name: name, close: c, depth: s.depth}
	s.open = append(s.open, p)
	head := bufio.NewReader(in)
	if first, _ := head.Peek(3); bytes.Equal(first, []byte("\xef\xbb\xbf")) {
		_, _ = head.Discard(3) // it was peeked at
	}
	first, err := head.Peek(4) // what cannot be read shows as well when the rest is read
	switch {
	case bytes.HasPrefix(first, []byte("PK\x03\x04")), bytes.HasPrefix(first, []byte("\x1f\x8b")):
		return s.failed("it is packed; unpack it, and name the XML in it", nil)
	case bytes.HasPrefix(first, []byte("\xff\xfe")), bytes.HasPrefix(first, []byte("\xfe\xff")), len(first) > 1 && (first[0] == 0 || first[1] == 0):
		return s.failed("it is in UTF-16; save it as UTF-8", nil)
	case len(first) == 0 && errors.Is(err, io.EOF):
		return s.failed("it is empty", nil)
	}
	p.in = &counted{in: head}
	p.dec = xml.NewDecoder(p.in)
	p.dec.CharsetReader = charset
	return nil
}

// charset reads the encodings that a prolog may name: those of one byte a character.
func charset(label string, in io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("the encoding %q is not known; save it as UTF-8", label)
	}
	if one, ok := enc.(*charmap.Charmap); ok {
		return one.NewDecoder().Reader(in), nil
	}
	return nil, fmt.Errorf("the encoding %q is not read; save it as UTF-8", label)
}

// place is what errors call a part.
func (s *stream) place(name string) string {
	if s.dir == nil || s.base == "" {
		return name
	}
	return path.Join(s.base, name)
}

// failed is an error at the place that was read last.
func (s *stream) failed(why string, err error) error {
	e := &Error{Why: why, Err: err}
	if len(s.open) > 0 {
		p := s.open[len(s.open)-1]
		e.File = s.place(p.name)
		if p.dec != nil {
			e.Line, _ = p.dec.InputPos()
		}
	}
	return e
}

// end closes what is open.
func (s *stream) end() error {
	var err error
	for _, p := range s.open {
		if p.close != nil {
			err = errors.Join(err, p.close.Close())
		}
	}
	s.open = nil
	return err
}

// next is the next start, end or text. io.EOF comes after the end of the root element alone.
func (s *stream) next() (xml.Token, error) {
	for {
		p := s.open[len(s.open)-1]
		p.in.n = 0
		t, err := p.dec.Token()
		if errors.Is(err, io.EOF) {
			if !p.rooted {
				return nil, s.failed("it is empty", nil)
			}
			if len(s.open) == 1 {
				return nil, io.EOF
			}
			s.open = s.open[:len(s.open)-1]
			if p.close != nil {
				if err := p.close.Close(); err != nil {
					return nil, s.failed(err.Error(), err)
				}
			}
			continue
		}
		if err != nil {
			return nil, s.broken(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if s.depth == p.depth && p.rooted {
				return nil, s.failed("there is more than one root element", nil)
			}
			p.rooted = true
			if !s.begun {
				if err := s.root(t); err != nil {
					return nil, err
				}
			}
			if t.Name.Space == xinclude && t.Name.Local == "include" {
				if err := s.include(t); err != nil {
					return nil, err
				}
				continue
			}
			if s.depth++; s.depth > maxDepth {
				return nil, s.failed(fmt.Sprintf("elements stand in one another more than %d levels deep", maxDepth), nil)
			}
			return t, nil
		case xml.EndElement:
			s.depth--
			return t, nil
		case xml.CharData:
			if s.depth == p.depth && len(bytes.TrimSpace(t)) > 0 {
				return nil, s.failed("it is no XML", nil)
			}
			return t, nil
		}
	}
}

// root tells an export from what people name in its place.
func (s *stream) root(t xml.StartElement) error {
	switch {
	case t.Name.Local == rootElement:
		s.begun = true
		return nil
	case strings.EqualFold(t.Name.Local, "html"):
		return s.failed("it is a web page, and not the configuration export", nil)
	}
	return s.failed(fmt.Sprintf("the root element is %q and not %s; is it the configuration export?", short(t.Name.Local), rootElement), nil)
}

// broken says what XML has to say, or what reading has.
func (s *stream) broken(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		e := s.failed("the XML is broken: "+short(syntax.Msg), err).(*Error)
		e.Line = syntax.Line
		return e
	case errors.Is(err, errLong):
		return s.failed(err.Error(), err)
	}
	return s.failed("read: "+err.Error(), err)
}

// include begins the part that an include names, once the include itself is read to its end.
func (s *stream) include(t xml.StartElement) error {
	href, parse := "", "xml"
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "href":
			href = a.Value
		case "parse":
			parse = a.Value
		}
	}
	p := s.open[len(s.open)-1]
	if err := p.dec.Skip(); err != nil {
		return s.broken(err)
	}
	if s.dir == nil {
		return s.failed(fmt.Sprintf("it is split, and its part %q is not there; give the whole folder with metainfo_file", short(href)), nil)
	}
	name := path.Join(path.Dir(p.name), href)
	if href == "" || strings.ContainsAny(href, ":?#\\") || strings.ContainsFunc(href, unicode.IsControl) || path.IsAbs(href) || !fs.ValidPath(name) {
		return s.failed(fmt.Sprintf("it includes %q, which is no file in the export's folder", short(href)), nil)
	}
	for _, o := range s.open {
		if o.name == name {
			return s.failed(fmt.Sprintf("it includes %q, which includes it in turn", short(href)), nil)
		}
	}
	if len(s.open) > maxNested {
		return s.failed(fmt.Sprintf("parts include parts more than %d levels deep", maxNested), nil)
	}
	if len(s.names) >= maxParts {
		return s.failed(fmt.Sprintf("it has more than %d parts", maxParts), nil)
	}
	f, err := s.dir.Open(name)
	var info fs.FileInfo
	if err == nil {
		info, err = f.Stat()
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	if err != nil {
		if f != nil {
			_ = f.Close() // it was only read
		}
		return s.failed(fmt.Sprintf("its part %q cannot be read: %s", short(href), reason(err)), err)
	}
	s.names = append(s.names, name)
	if parse == "text" { // of a script: it is there, and that is all
		return f.Close()
	}
	return s.push(name, f, f)
}

// reason is an error without the path that it names.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// children hands each element in the one that has begun to a function, which reads it to its end.
func (s *stream) children(each func(xml.StartElement) error) error {
	for {
		t, err := s.next()
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if err := each(t); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

// skip reads the element that has begun to its end.
func (s *stream) skip() error {
	for depth := s.depth; s.depth >= depth; {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

// text is the text of the element that has begun, cut, without white space around it. Elements in it are passed over.
func (s *stream) text() (string, error) {
	text, err := s.upTo(4 * maxShort)
	return short(text), err
}

// upTo is a text of about as many bytes at most.
func (s *stream) upTo(most int) (string, error) {
	var b strings.Builder
	for depth := s.depth; s.depth >= depth; {
		t, err := s.next()
		if err != nil {
			return "", err
		}
		if c, ok := t.(xml.CharData); ok && s.depth == depth && b.Len() < most {
			b.Write(c[:min(len(c), most)])
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(b.String(), "")), nil
}

// short cuts a text.
func short(text string) string {
	if r := []rune(text); len(r) > maxShort {
		return string(r[:maxShort])
	}
	return text
}
