package itsm365

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"deskform/plan"
	"deskform/providers/transport"
)

// How the list of files is read, once in a pull.
const (
	filesAtOnce  = iota + 1 // page by page, and kept by owner
	filesByOwner            // the service gives it only for one owner
)

func filesArg(d plan.Data) string { return text(d.Args["files"], "both") }

// listsFiles reports whether rows of a block get their files from the list of the class file too.
func listsFiles(d plan.Data, attrs []string) bool {
	class, _ := d.Args["class"].(string)
	return filesArg(d) != "attribute" && classFrom(class) != "file" && slices.Contains(attrs, "files")
}

// A fileObject is what the list of files says of one (IT 2.6).
type fileObject struct {
	UUID       string
	Title      string `json:"title"`
	Source     json.RawMessage
	FileSize   any  `json:"fileSize"` // bytes; of another form it tells nothing
	ImgFromRTF bool `json:"imgFromRTF"`
	Temporary  bool `json:"temporary"`
}

var fileAttrs = []string{"UUID", "fileSize", "imgFromRTF", "metaClass", "source", "temporary", "title"}

// readFiles reads the list of all files into the memory, by owner: a few pages instead of a call for each object. A service
// that refuses it is asked owner by owner.
func (s *Source) readFiles(ctx context.Context, d plan.Data, attrs []string) error {
	m := s.remembered()
	if m == nil || !listsFiles(d, attrs) {
		return nil
	}
	m.mu.Lock()
	how := m.files
	m.mu.Unlock()
	if how != 0 {
		return nil
	}
	how = filesAtOnce
	var failed error
	r := &reading{d: plan.Data{Args: map[string]plan.Value{"class": "file", "attrs": []plan.Value{"title"}}}, class: "file", attrs: fileAttrs, filter: map[string]any{}, raw: true}
	r.yield = func(row plan.Row, _ int, err error) bool {
		if err == nil && row.Broken == "" {
			err = m.keepFile(ctx, row.JSON)
		}
		failed = err
		return err == nil
	}
	s.pages(ctx, r)
	switch {
	case failed != nil && (ctx.Err() != nil || errors.Is(failed, ErrKey)):
		return failed
	case failed != nil: // refused, or more than it can manage: an overload page, nothing, too slow
		how = filesByOwner
	}
	m.mu.Lock()
	m.files = how
	m.mu.Unlock()
	return nil
}

// link is a file as a link; false for a picture of a text, which moves with it, and for what nobody has kept.
func (f fileObject) link() (map[string]any, bool) {
	l := map[string]any{"UUID": f.UUID, "metaClass": "file", "title": f.Title}
	if size, ok := f.FileSize.(float64); ok {
		l["fileSize"] = size
	}
	return l, f.UUID != "" && !f.ImgFromRTF && !f.Temporary
}

func (f fileObject) owner() string {
	var link struct{ UUID string }
	var uuid string
	if json.Unmarshal(f.Source, &link) == nil {
		return link.UUID
	}
	_ = json.Unmarshal(f.Source, &uuid) // neither: it belongs to nobody
	return uuid
}

func (m *memory) keepFile(ctx context.Context, raw []byte) error {
	var f fileObject
	if json.Unmarshal(raw, &f) != nil {
		return nil // its own data block reports it
	}
	link, ok := f.link()
	owner := f.owner()
	if !ok || owner == "" {
		return nil
	}
	known, _, err := m.Recall(ctx, "files of "+owner)
	if err != nil {
		return err
	}
	var links []map[string]any
	_ = json.Unmarshal(known, &links) // nothing is known yet
	if slices.ContainsFunc(links, func(l map[string]any) bool { return l["UUID"] == f.UUID }) {
		return nil
	}
	text, err := json.Marshal(append(links, link))
	if err != nil {
		return err
	}
	return m.Keep(ctx, "files of "+owner, text)
}

// filesKnown are the links to an object's files as the list of files shows them; empty when it has none, or nobody knows.
func (s *Source) filesKnown(ctx context.Context, d plan.Data, uuid string) ([]byte, error) {
	m := s.remembered()
	if m == nil || filesArg(d) == "attribute" {
		return nil, nil
	}
	m.mu.Lock()
	how := m.files
	m.mu.Unlock()
	if how != filesAtOnce {
		return nil, nil
	}
	links, _, err := m.Recall(ctx, "files of "+uuid)
	return links, err
}

// withFiles puts the files of the list into the row's attribute files, each once.
func (s *Source) withFiles(ctx context.Context, d plan.Data, row plan.Row) (plan.Row, error) {
	m := s.remembered()
	if m == nil || row.Broken != "" || filesArg(d) == "attribute" || !bytes.Contains(row.JSON, []byte(`"files":`)) {
		return row, nil
	}
	text, err := s.filesKnown(ctx, d, row.UUID)
	if err != nil {
		return row, err
	}
	var listed []map[string]any
	_ = json.Unmarshal(text, &listed) // there are none
	m.mu.Lock()
	byOwner := m.files == filesByOwner
	m.mu.Unlock()
	if byOwner {
		if listed, err = s.filesOf(ctx, row.UUID); err != nil {
			return row, err
		}
	}
	if len(listed) == 0 && filesArg(d) != "list" {
		return row, nil
	}
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(row.JSON, &obj); err != nil {
		return row, fmt.Errorf("row %s: %w", row.Pos, err)
	}
	if _, has := obj["files"]; !has {
		return row, nil
	}
	var links []map[string]any
	if filesArg(d) == "both" {
		_ = json.Unmarshal(obj["files"], &links) // null is an empty set (IT trap 18)
	} else {
		delete(obj, "files")
	}
	more, sized := links, false
	for _, l := range listed {
		uuid, _ := l["UUID"].(string)
		if i := slices.IndexFunc(links, func(k map[string]any) bool { return k["UUID"] == uuid }); i >= 0 && l["fileSize"] != nil {
			links[i]["fileSize"], sized = l["fileSize"], true // whether the bytes are still those
		}
		if !mentions(obj, uuid) {
			more = append(more, l)
		}
	}
	if len(more) == len(links) && !sized && filesArg(d) == "both" {
		return row, nil
	}
	if more == nil {
		more = []map[string]any{}
	}
	if obj["files"], err = json.Marshal(more); err != nil {
		return row, err
	}
	row.JSON, err = json.Marshal(obj)
	return row, err
}

// mentions reports whether any attribute has a link to a file.
func mentions(obj map[string]json.RawMessage, uuid string) bool {
	for _, v := range obj {
		if bytes.Contains(v, []byte(`"`+uuid+`"`)) {
			return true
		}
	}
	return false
}

// filesOf asks for one object's files. Who may not list them has those of the attribute.
func (s *Source) filesOf(ctx context.Context, uuid string) ([]map[string]any, error) {
	var out []map[string]any
	var failed error
	r := &reading{d: plan.Data{Args: map[string]plan.Value{"attrs": []plan.Value{"title"}}}, class: "file", attrs: fileAttrs, filter: map[string]any{"source": uuid}, owner: uuid, raw: true, ask: true}
	r.yield = func(row plan.Row, _ int, err error) bool {
		var f fileObject
		if failed = err; err == nil && json.Unmarshal(row.JSON, &f) == nil {
			if link, ok := f.link(); ok {
				out = append(out, link)
			}
		}
		return err == nil
	}
	s.pages(ctx, r)
	var he *transport.HTTPError
	if errors.As(failed, &he) && final(failed) {
		return nil, nil
	}
	return out, failed
}
