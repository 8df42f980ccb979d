package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
)

// The page. What it loads is plain script, as a page from the disk may read nothing else.
var (
	//go:embed page/index.html
	pageHTML string
	//go:embed page/app.js
	pageApp []byte
)

const (
	// listSize is how many objects one list script holds.
	listSize = 200
	// chunkSize is from how many bytes on a script of objects ends.
	chunkSize = 200 << 10
	// shardLetters is by how many first letters words share a script.
	shardLetters = 2
)

// An indexer writes the page's scripts. Objects go through it once, in the order of their numbers on the page; it keeps
// words and places, and no objects.
type indexer struct {
	r     *run
	texts map[string]string

	docs  map[string]int // the number of an object on the page, by UUID
	parts map[string][]place
	files map[string]kept

	words map[string][]uint32 // by word: number of the object * 2, + 1 where the word is in its title or number
	doc   int

	chunk   bytes.Buffer
	chunkNo int
	list    []any
	listNo  int
	tabs    []tab
	open    map[string]*os.File // of comments and file objects
}

// A place is where a comment or a file object is: a class file and the byte where its line begins.
type place struct {
	file string
	at   int64
}

// A tab is a class on the page.
type tab struct {
	Class string `json:"class"`
	Title string `json:"title"`
	First int    `json:"first"`
	Count int    `json:"count"`
}

func (r *run) writeIndex(ctx context.Context, m *Manifest) error {
	x := &indexer{r: r, texts: texts[r.Lang], docs: map[string]int{}, parts: map[string][]place{}, files: map[string]kept{}, words: map[string][]uint32{}, open: map[string]*os.File{}}
	defer func() {
		for _, f := range x.open {
			_ = f.Close() // it was only read
		}
	}()
	if err := os.RemoveAll(r.f.path("index")); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	var classes, owned []ClassReport
	for _, c := range r.classes {
		if c.Class == "comment" || c.Class == "file" {
			owned = append(owned, c)
		} else {
			classes = append(classes, c)
		}
	}
	slices.SortStableFunc(classes, func(a, b ClassReport) int { return cmp.Compare(rank(a), rank(b)) })
	total := 0
	for _, c := range classes {
		total += c.Objects
	}
	r.Stage("write the page", total)
	if err := x.places(classes, owned); err != nil {
		return err
	}
	for _, c := range classes {
		x.tabs = append(x.tabs, tab{Class: c.Class, Title: x.caption(c.Class), First: x.doc, Count: c.Objects})
		err := lines(r.f.path(c.File), func(_ int64, line []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return x.object(c, line)
		})
		if err != nil {
			return err
		}
	}
	if err := x.flushChunk(); err != nil {
		return err
	}
	if err := x.flushList(); err != nil {
		return err
	}
	shards, err := x.writeWords()
	if err != nil {
		return err
	}
	return x.writePage(m, shards)
}

// rank puts the classes that people look for first.
func rank(c ClassReport) int {
	if i := slices.Index([]string{"serviceCall", "KB", "task", "problem", "changeRequest", "negotiation", "vote", "workRecord", "employee", "ou", "team", "objectBase"}, classOf(c.Class)); i >= 0 {
		return i
	}
	if c.Catalog {
		return 1000
	}
	return 500
}

func (x *indexer) caption(class string) string {
	if t := captions[x.r.Lang][classOf(class)]; t != "" {
		if classOf(class) != class {
			return t + " (" + class + ")"
		}
		return t
	}
	return class
}

// places numbers the objects and notes which comments and files belong to which.
func (x *indexer) places(classes, owned []ClassReport) error {
	n := 0
	for _, c := range classes {
		err := lines(x.r.f.path(c.File), func(_ int64, line []byte) error {
			x.docs[text(line, "UUID")] = n
			n++
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, c := range owned {
		err := lines(x.r.f.path(c.File), func(at int64, line []byte) error {
			if owner := linked(line, "source"); owner != "" {
				x.parts[owner] = append(x.parts[owner], place{c.File, at})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if _, err := os.Stat(x.r.f.path(filesFile)); err != nil {
		return nil // there are no files
	}
	return lines(x.r.f.path(filesFile), func(_ int64, line []byte) error {
		var k kept
		if err := json.Unmarshal(line, &k); err != nil {
			return fmt.Errorf("archive: read %s: %w", filesFile, err)
		}
		x.files[k.UUID] = k
		return nil
	})
}

// partsOf reads the comments and file objects of an owner.
func (x *indexer) partsOf(owner string) (comments, files []map[string]any, err error) {
	for _, p := range x.parts[owner] {
		line, err := x.lineAt(p)
		if err != nil {
			return nil, nil, err
		}
		o, err := decode(line)
		if err != nil {
			return nil, nil, fmt.Errorf("archive: read %s: %w", p.file, err)
		}
		if p.file == "file.jsonl" {
			files = append(files, o)
		} else {
			comments = append(comments, o)
		}
	}
	return comments, files, nil
}

func (x *indexer) lineAt(p place) ([]byte, error) {
	f := x.open[p.file]
	if f == nil {
		var err error
		if f, err = os.Open(x.r.f.path(p.file)); err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		x.open[p.file] = f
	}
	line, err := bufio.NewReader(io.NewSectionReader(f, p.at, math.MaxInt64-p.at)).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("archive: read %s: %w", p.file, err)
	}
	return line, nil
}

func decode(line []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var o map[string]any
	return o, dec.Decode(&o)
}

// What an object is on the page. The names are short: there are tens of thousands.
type (
	pageObject struct {
		UUID     string        `json:"u"`
		Type     string        `json:"m"`
		Number   string        `json:"n,omitempty"`
		Title    string        `json:"t"`
		Attrs    [][2]any      `json:"a"`
		Head     int           `json:"h"` // how many of them stand above the comments
		Comments []pageComment `json:"k,omitempty"`
		Files    []pageFile    `json:"f,omitempty"`
	}
	pageComment struct {
		Author  string     `json:"a"`
		Date    string     `json:"d"`
		Private bool       `json:"p,omitempty"`
		Text    string     `json:"x"`
		Files   []pageFile `json:"f,omitempty"`
	}
	pageFile struct {
		Title string `json:"t"`
		Path  string `json:"p,omitempty"`
		Size  int64  `json:"s"`
		Opens bool   `json:"o,omitempty"`
	}
)

// object puts one object on the page.
func (x *indexer) object(c ClassReport, line []byte) error {
	o, err := decode(line)
	if err != nil {
		return fmt.Errorf("archive: read %s: %w", c.File, err)
	}
	uuid, _ := o["UUID"].(string)
	typ, _ := o["metaClass"].(string)
	p := pageObject{UUID: uuid, Type: typ, Number: numbered(o), Title: titled(o), Attrs: [][2]any{}}
	x.index(p.Number+" "+p.Title, true)
	if title, _ := o["title"].(string); title != p.Title {
		x.index(title, true)
	}
	for _, name := range slices.SortedFunc(maps.Keys(o), byRank) {
		if name == "UUID" || name == "metaClass" {
			continue
		}
		s, ok := show(o[name], x.texts["yes"], x.texts["no"])
		if !ok {
			continue
		}
		p.Attrs = append(p.Attrs, [2]any{name, x.value(s)})
		if slices.Contains(first, name) {
			p.Head++
		}
	}
	comments, files, err := x.partsOf(uuid)
	if err != nil {
		return err
	}
	p.Files = x.pageFiles(files)
	for _, k := range comments {
		pc, err := x.comment(k)
		if err != nil {
			return err
		}
		p.Comments = append(p.Comments, pc)
	}
	state, _ := o["state"].(string)
	if err := x.add(p); err != nil {
		return err
	}
	x.list = append(x.list, []any{p.Number, p.Title, state, dated(o), x.chunkNo})
	x.doc++
	x.r.Step(1)
	if len(x.list) == listSize {
		return x.flushList()
	}
	return nil
}

// value is an attribute for the page, noted for the search.
func (x *indexer) value(s shown) any {
	if s.links == nil {
		x.index(s.text, false)
		return s.text
	}
	out := make([]any, 0, len(s.links))
	for _, l := range s.links {
		x.index(l.title, false)
		n, ok := x.docs[l.uuid]
		if !ok {
			n = -1
		}
		out = append(out, []any{l.title, n})
	}
	return out
}

func (x *indexer) comment(o map[string]any) (pageComment, error) {
	uuid, _ := o["UUID"].(string)
	text, _ := o["text"].(string)
	author, _ := o["author"].(map[string]any)
	name, _ := author["title"].(string)
	private, _ := o["private"].(bool)
	c := pageComment{Author: name, Date: dated(o), Private: private, Text: plain(text)}
	x.index(c.Text, false)
	x.index(name, false)
	_, files, err := x.partsOf(uuid)
	if err != nil {
		return c, err
	}
	if len(files) == 0 { // the files of a comment may only be in its own list
		linked, _ := o["files"].([]any)
		for _, l := range linked {
			if m, ok := l.(map[string]any); ok {
				files = append(files, m)
			}
		}
	}
	c.Files = x.pageFiles(files)
	return c, nil
}

func (x *indexer) pageFiles(files []map[string]any) []pageFile {
	var out []pageFile
	for _, f := range files {
		uuid, _ := f["UUID"].(string)
		title, _ := f["title"].(string)
		k := x.files[uuid]
		out = append(out, pageFile{Title: title, Path: k.Path, Size: k.Size, Opens: opens(k.Path)})
		x.index(title, false)
	}
	return out
}

// index notes the words of a text for the object that is being put on the page.
func (x *indexer) index(text string, title bool) {
	words(text, func(w string) {
		list := x.words[w]
		if n := len(list); n > 0 && list[n-1]>>1 == uint32(x.doc) {
			return
		}
		v := uint32(x.doc) << 1
		if title {
			v |= 1
		}
		x.words[w] = append(list, v)
	})
}

// add puts an object into the script of objects.
func (x *indexer) add(p pageObject) error {
	text, err := json.Marshal(p) // with <, > and & escaped
	if err != nil {
		return err
	}
	if x.chunk.Len() > 0 && x.chunk.Len()+len(text) > chunkSize {
		if err := x.flushChunk(); err != nil {
			return err
		}
	}
	if x.chunk.Len() > 0 {
		x.chunk.WriteByte(',')
	}
	fmt.Fprintf(&x.chunk, "\n\"%d\":%s", x.doc, text)
	return nil
}

func (x *indexer) flushChunk() error {
	if x.chunk.Len() == 0 {
		return nil
	}
	script := fmt.Sprintf("archive.objects(%d,{%s\n});\n", x.chunkNo, x.chunk.String())
	x.chunk.Reset()
	x.chunkNo++
	return x.r.f.putQuick(fmt.Sprintf("index/objects-%d.js", x.chunkNo-1), []byte(script))
}

func (x *indexer) flushList() error {
	if len(x.list) == 0 {
		return nil
	}
	err := x.script(fmt.Sprintf("index/list-%d.js", x.listNo), "list", x.listNo, x.list)
	x.list, x.listNo = nil, x.listNo+1
	return err
}

// script writes a call of one of the page's functions.
func (x *indexer) script(name, function string, args ...any) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "archive.%s(", function)
	for i, a := range args {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text)
	}
	b.WriteString(");\n")
	return x.r.f.putQuick(name, b.Bytes())
}

// shardOf is the part of the name of the script that has a word: its first letters as numbers.
func shardOf(word string) string {
	var b strings.Builder
	n := 0
	for _, r := range word {
		if n++; n > shardLetters {
			break
		}
		fmt.Fprintf(&b, "%04x", r)
	}
	return b.String()
}

// writeWords writes the words, and returns the names of their scripts.
func (x *indexer) writeWords() ([]string, error) {
	shards := map[string][]string{}
	for w := range x.words {
		s := shardOf(w)
		shards[s] = append(shards[s], w)
	}
	names := slices.Sorted(maps.Keys(shards))
	for _, s := range names {
		slices.Sort(shards[s])
		table := make(map[string][]uint32, len(shards[s]))
		for _, w := range shards[s] {
			list := x.words[w]
			steps := make([]uint32, len(list))
			before := uint32(0)
			for i, v := range list {
				steps[i] = v - before
				before = v
			}
			table[w] = steps
			delete(x.words, w)
		}
		if err := x.script("index/words-"+s+".js", "words", s, table); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func (x *indexer) writePage(m *Manifest, shards []string) error {
	about := map[string]any{
		"texts": x.texts, "tenant": m.Tenant, "zone": m.TimeZone, "started": m.Started.Format("2006-01-02"), "objects": x.doc, "files": m.Files.Count,
		"unreadable": len(m.Unreadable), "tabs": x.tabs, "attributes": attributes[x.r.Lang], "listSize": listSize, "letters": shardLetters, "shards": shards, "maxWord": maxWord,
	}
	if e := m.Metainfo; e != nil {
		about["export"] = map[string]any{"path": e.Path, "parts": e.Parts, "bytes": e.Bytes, "date": cmp.Or(e.Date, "–")}
	}
	if err := x.script("index/about.js", "about", about); err != nil {
		return err
	}
	if err := x.r.f.put("index/app.js", pageApp); err != nil {
		return err
	}
	page := strings.NewReplacer("{{lang}}", x.r.Lang, "{{title}}", x.texts["title"], "{{noscript}}", x.texts["noscript"]).Replace(pageHTML)
	return x.r.f.put("index.html", []byte(page))
}
