package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
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
	columns := fileColumns(l.wide)
	if len(columns) == 0 {
		return nil
	}
	for row, err := range e.Cache.Records(ctx, l.block) {
		if err != nil {
			return err
		}
		if !bytes.Contains(row.JSON, []byte(`"error"`)) {
			continue
		}
		var obj map[string]json.RawMessage
		if err := json.Unmarshal(row.JSON, &obj); err != nil {
			return fmt.Errorf("read row %s: %w", row.Pos, err)
		}
		for _, col := range columns {
			var links []struct {
				UUID  string
				Error string `json:"error"`
			}
			if json.Unmarshal(obj[col], &links) != nil {
				continue // of another form, which the mapping reports
			}
			for _, link := range links {
				if link.Error == "" {
					continue
				}
				if l.Unread++; len(l.FirstUnread) < firstUnread {
					l.FirstUnread = append(l.FirstUnread, UnreadFile{link.UUID, row.Key, link.Error})
				}
			}
		}
	}
	return nil
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
	return fmt.Sprintf("%d %s could not be read, and what carries them will say so: %s%s. Ask whether the key may read files", p.Unread, files, strings.Join(first, "; "), more)
}
