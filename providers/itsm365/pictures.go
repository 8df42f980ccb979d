package itsm365

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"deskform/plan"
)

var _ plan.Illustrated = (*Source)(nil)

// Pictures of a rich text are <img> of a file of the service, in one of several forms of address, or have the bytes in
// themselves (IT 2.6). An address of anything else stays as it is and is never opened (IT trap 25).
var (
	imgWord  = regexp.MustCompile(`(?i)(?:<|\\u003c)img\b`) // JSON may have the sign escaped
	imgTag   = regexp.MustCompile(`(?is)<img\b[^>]*>`)
	imgFile  = regexp.MustCompile(`(?is)\bsrc\s*=\s*["']?[^"'\s>]*\bdownload\?(?:[^"'\s>]*(?:&|&amp;))?uuid=(file(?:\$|%24)\d+)`)
	imgData  = regexp.MustCompile(`(?is)\bsrc\s*=\s*(?:"data:image/(png|jpe?g|gif|webp|bmp)[^",]*;base64,([^"]*)"|'data:image/(png|jpe?g|gif|webp|bmp)[^',]*;base64,([^']*)'|data:image/(png|jpe?g|gif|webp|bmp)[^",\s>]*;base64,([^\s>]*))`)
	imgSrc   = regexp.MustCompile(`(?is)\bsrc\s*=\s*(?:"([^"]*)"|'([^']*)'|([^"'\s>]+))`)
	imgPixel = regexp.MustCompile(`(?is)\b(?:width|height)\s*=\s*["']?[01](?:px)?["'\s>]`)
)

// Pictures puts marks in the place of the pictures in the texts of a row.
func (s *Source) Pictures(row plan.Row, keep func(plan.Picture) (string, bool, error)) (plan.Row, error) {
	if !imgWord.Match(row.JSON) {
		return row, nil
	}
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(row.JSON, &obj); err != nil {
		return row, fmt.Errorf("read row %s: %w", row.Pos, err)
	}
	var uuid string
	if err := json.Unmarshal(obj["UUID"], &uuid); err != nil {
		return row, nil
	}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(obj)) {
		var text string
		if !imgWord.Match(obj[name]) || json.Unmarshal(obj[name], &text) != nil {
			continue
		}
		var failed error
		marked := imgTag.ReplaceAllStringFunc(text, func(tag string) string {
			p, ok := picture(tag, s.inline)
			if !ok || failed != nil {
				return tag
			}
			p.Row = uuid
			title, kept, err := keep(p)
			failed = err
			switch {
			case !kept && title != "":
				return `<img src="cid:left-out" alt="` + html.EscapeString(title) + `">`
			case !kept:
				return `<img src="cid:left-out">`
			case p.Key == "":
				return `<img src="cid:picture" alt="` + html.EscapeString(title) + `">`
			}
			return `<img src="download?uuid=` + p.Key + `" alt="` + html.EscapeString(title) + `">`
		})
		if failed != nil {
			return row, failed
		}
		if marked == text {
			continue
		}
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(marked); err != nil {
			return row, err
		}
		obj[name], changed = bytes.TrimRight(out.Bytes(), "\n"), true
	}
	if !changed {
		return row, nil
	}
	text, err := json.Marshal(obj)
	row.JSON = text
	return row, err
}

// picture reads the tag of a picture that can move. One of a pixel is no picture, see the function html.
func picture(tag string, more []*regexp.Regexp) (plan.Picture, bool) {
	if imgPixel.MatchString(tag) {
		return plan.Picture{}, false
	}
	if m := imgFile.FindStringSubmatch(tag); m != nil {
		return plan.Picture{Key: strings.ReplaceAll(strings.ToLower(m[1]), "%24", "$")}, true
	}
	if src := imgSrc.FindStringSubmatch(tag); src != nil {
		for _, re := range more {
			if m := re.FindStringSubmatch(html.UnescapeString(src[1] + src[2] + src[3])); m != nil && fqn.MatchString(m[1]) {
				return plan.Picture{Key: m[1]}, true
			}
		}
	}
	m := imgData.FindStringSubmatch(tag)
	if m == nil {
		return plan.Picture{}, false
	}
	typ, data := m[1]+m[3]+m[5], m[2]+m[4]+m[6]
	return plan.Picture{Type: "image/" + strings.Replace(strings.ToLower(typ), "jpg", "jpeg", 1), Data: base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.ReplaceAll(html.UnescapeString(data), " ", "")))}, true
}

// OpenPicture asks for the file object first: anybody may write the number of anybody's file into a text, and only the
// object says whose it is. Where get is denied (IT trap 3), the lists of files of the owners say so.
func (s *Source) OpenPicture(ctx context.Context, key string, owners ...string) (plan.Content, error) {
	file, err := s.fileObject(ctx, key, owners)
	if err != nil {
		return plan.Content{}, hopeless(fmt.Errorf("read the file object %s: %w", key, err))
	}
	c, err := s.OpenFile(ctx, key)
	c.Name, c.Owner = file.Title, file.owner()
	return c, err
}

func (s *Source) fileObject(ctx context.Context, key string, owners []string) (fileObject, error) {
	raw, err := s.get(ctx, key, []string{"UUID", "title", "source"})
	var file fileObject
	switch {
	case err == nil:
		if err := json.Unmarshal(raw, &file); err != nil || file.UUID != key {
			return file, errors.New("the answer is none")
		}
		return file, nil
	case !errors.Is(err, plan.ErrNotFound):
		return file, err
	}
	for _, owner := range owners {
		if owner == "" {
			continue
		}
		found := false
		var failed error
		r := &reading{class: "file", attrs: fileAttrs, filter: map[string]any{"source": owner}, owner: owner, raw: true, ask: true,
			d: plan.Data{Args: map[string]plan.Value{"attrs": []plan.Value{"title"}}}}
		r.yield = func(row plan.Row, _ int, err error) bool {
			failed = err
			found = err == nil && row.UUID == key && json.Unmarshal(row.JSON, &file) == nil
			return err == nil && !found
		}
		s.pages(ctx, r)
		if failed != nil {
			return file, failed
		}
		if found {
			return file, nil
		}
	}
	return file, err
}
