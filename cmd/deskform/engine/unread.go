package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"deskform/plan"
)

// An UnreadFile is a file whose bytes could not be read.
type UnreadFile struct {
	UUID   string `json:"uuid"`
	Row    string `json:"row"`
	Reason string `json:"reason"`
}

// firstUnread is how many are named.
const firstUnread = 3

// countUnread counts the files of a data block that could not be read, see noFile.
func (e *Engine) countUnread(ctx context.Context, l *look) error {
	l.Unread, l.FirstUnread = 0, nil
	return e.unread(ctx, l, func(row plan.Row, f unreadLink) {
		if l.Unread++; len(l.FirstUnread) < firstUnread {
			l.FirstUnread = append(l.FirstUnread, UnreadFile{f.UUID, row.Key, f.Error})
		}
	})
}

// An unreadLink is the link of a row to a file that could not be read.
type unreadLink struct {
	UUID    string
	Error   string `json:"error"`
	Picture bool   `json:"picture"` // of a text
}

// leftOut is the mark of a picture that was not found, see plan.Illustrated; its name stands behind it.
var leftOut = regexp.MustCompile(`cid:left-out\\" alt=\\"([^"\\]+)\\"`)

// unread yields the files of a data block that could not be read, and the pictures of texts that were not found, of the rows in
// the cache.
func (e *Engine) unread(ctx context.Context, l *look, yield func(plan.Row, unreadLink)) error {
	columns := fileColumns(l.wide)
	if len(columns) == 0 {
		return nil
	}
	for row, err := range e.Cache.Records(ctx, l.block) {
		if err != nil {
			return err
		}
		for _, m := range leftOut.FindAllSubmatch(row.JSON, -1) {
			yield(row, unreadLink{UUID: string(m[1]), Error: "is not there, is another object's, or is not for this key to see", Picture: true})
		}
		if !bytes.Contains(row.JSON, []byte(`"error"`)) {
			continue
		}
		var obj map[string]json.RawMessage
		if err := json.Unmarshal(row.JSON, &obj); err != nil {
			return fmt.Errorf("read row %s: %w", row.Pos, err)
		}
		for _, col := range columns {
			var links []unreadLink
			if json.Unmarshal(obj[col], &links) != nil {
				continue // of another form, which the mapping reports
			}
			for _, link := range links {
				if link.Error != "" {
					yield(row, link)
				}
			}
		}
	}
	return nil
}

// tries is how many files that could not be read a pull tries again: some are gone for good, and each pull tries others.
const tries = 10

// tryAgain tries some files and pictures of texts that an earlier pull could not read. When one can be read now, as the key was
// given the right, all rows with such files are read again.
func (e *Engine) tryAgain(ctx context.Context, src plan.Source, l *look) error {
	opener, ok := src.(plan.Opener)
	if !ok {
		return nil
	}
	type failed struct {
		row  plan.Row
		link unreadLink
	}
	var all []failed
	err := e.unread(ctx, l, func(row plan.Row, f unreadLink) {
		row.JSON = nil
		all = append(all, failed{row, f})
	})
	if err != nil {
		return fmt.Errorf("see which files were not read: %w", err)
	}
	if len(all) == 0 {
		return nil
	}
	cursor := "tried " + l.Data
	text, _, err := e.Cache.Get(ctx, cursor)
	if err != nil {
		return err
	}
	from, _ := strconv.Atoi(text) // ours, or none
	for n := range min(tries, len(all)) {
		f := all[(from+n)%len(all)]
		open := func() (plan.Content, error) { return opener.OpenFile(ctx, f.link.UUID) }
		if drawn, ok := src.(plan.Illustrated); ok && f.link.Picture {
			open = func() (plan.Content, error) { return drawn.OpenPicture(ctx, f.link.UUID, f.row.UUID, f.row.Owner) }
		}
		c, err := open()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, plan.ErrKey):
			return fmt.Errorf("try %s again: %w", f.link.UUID, err)
		case err != nil:
			continue
		}
		if err := c.Body.Close(); err != nil {
			e.Log.Debug("close a file that was tried", "file", f.link.UUID)
		}
		rows := make([]plan.Row, len(all))
		for i := range all {
			rows[i] = all[i].row
		}
		return e.Cache.Unsettle(ctx, l.block, rows)
	}
	return e.Cache.Set(ctx, cursor, strconv.Itoa((from+tries)%len(all)))
}

// UnreadText says how many files could not be read, and why.
func (p Pulled) UnreadText() string {
	files := "files"
	if p.Unread == 1 {
		files = "file"
	}
	var first []string
	for _, f := range p.FirstUnread {
		first = append(first, fmt.Sprintf("%s of %s (%s)", f.UUID, f.Row, f.Reason))
	}
	more := ""
	if p.Unread > len(first) {
		more = fmt.Sprintf("; and %d more", p.Unread-len(first))
	}
	return fmt.Sprintf("%d %s could not be read, and what carries them will say so: %s%s. Ask whether the key may read files; once it may, `deskform pull --full` reads them", p.Unread, files, strings.Join(first, "; "), more)
}
