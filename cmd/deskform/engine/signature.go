package engine

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"deskform/plan"
)

// A contentHash is the first half of a SHA-256: enough to tell pictures apart, and small, for there may be many.
type contentHash [16]byte

func hashOf(sha string) (h contentHash, ok bool) {
	n, err := hex.Decode(h[:], []byte(sha[:min(len(sha), 32)]))
	return h, err == nil && n == len(h)
}

// countPictures counts the rows of the cache, which are the messages of the source, by the content of their pictures. It
// holds a number for each different one.
func (e *Engine) countPictures(ctx context.Context) (map[contentHash]int64, error) {
	counts := map[contentHash]int64{}
	for _, d := range e.Config.Data {
		var columns []string
		for name, c := range e.Lock[d.Address()].Columns {
			if c.Type == plan.ColumnFiles {
				columns = append(columns, name)
			}
		}
		if len(columns) == 0 {
			continue
		}
		for row, err := range e.Cache.Records(ctx, d) {
			if err != nil {
				return nil, fmt.Errorf("count pictures of data.%s: %w", d.Address(), err)
			}
			for h := range picturesOf(row, columns) {
				counts[h]++
			}
		}
	}
	return counts, nil
}

// picturesOf are the pictures of a row, each once.
func picturesOf(row plan.Row, columns []string) map[contentHash]bool {
	var out map[contentHash]bool
	for _, col := range columns {
		gjson.GetBytes(row.JSON, gjson.Escape(col)).ForEach(func(_, link gjson.Result) bool {
			h, ok := hashOf(link.Get("sha256").Str)
			if ok && strings.HasPrefix(link.Get("type").Str, "image/") {
				if out == nil {
					out = map[contentHash]bool{}
				}
				out[h] = true
			}
			return true
		})
	}
	return out
}

// seen tells each picture of a want in how many rows it is, when a policy asks.
func (e *Engine) seen(w *plan.Want) error {
	if w.Fields["file_policy.signature"] == nil {
		return nil
	}
	counts, err := e.pictureCounts()
	if err != nil {
		return err
	}
	for _, p := range w.Parts {
		files, _ := p.Fields["files"].([]plan.Value)
		for i, f := range files {
			file, ok := f.(plan.File)
			if h, known := hashOf(file.SHA256); ok && known {
				file.Seen = counts[h]
				files[i] = file
			}
		}
	}
	return nil
}
