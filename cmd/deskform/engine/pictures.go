package engine

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// extensions are those of the types of pictures, for names that have none.
var extensions = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/bmp": ".bmp"}

// pictures fetches the pictures inside of a row's texts into the content store and puts them among the files of the row, so
// that they move with the message whose text has them. One that belongs to another row is left out: it may be of somebody
// else, and private.
func (e *Engine) pictures(ctx context.Context, src plan.Illustrated, columns []string, row plan.Row) (plan.Row, error) {
	column := "files"
	if !slices.Contains(columns, column) {
		if len(columns) != 1 {
			return row, nil
		}
		column = columns[0]
	}
	var links []map[string]any
	read, unsettled := false, false
	got, err := src.Pictures(row, func(p plan.Picture) (string, bool, error) {
		if !read {
			read = true
			var obj map[string]json.RawMessage
			if json.Unmarshal(row.JSON, &obj) == nil {
				_ = json.Unmarshal(obj[column], &links) // null and what is no list are no files
			}
		}
		link, settled, err := e.picture(ctx, src, p, row.Owner, links)
		unsettled = unsettled || !settled
		if errors.Is(err, plan.ErrNotFound) {
			return p.Key, false, nil // left out, with its name
		}
		if link == nil || err != nil {
			return "", false, err
		}
		name, _ := link["title"].(string)
		if !slices.ContainsFunc(links, func(l map[string]any) bool { return l["UUID"] == link["UUID"] }) {
			links = append(links, link)
		}
		return name, true, nil
	})
	if err != nil || !read {
		return got, err
	}
	var obj map[string]json.RawMessage
	if err := json.Unmarshal(got.JSON, &obj); err != nil {
		return row, fmt.Errorf("read row %s: %w", row.Pos, err)
	}
	if len(links) > 0 {
		if obj[column], err = json.Marshal(links); err != nil {
			return row, err
		}
	}
	got.JSON, err = json.Marshal(obj)
	got.Unsettled = got.Unsettled || unsettled
	return got, err
}

// picture is the link to a picture whose bytes are in the store; nil when it is left out. It is not settled when they may be
// had another time. ErrNotFound is for one that is not there, or not for this key to see.
func (e *Engine) picture(ctx context.Context, src plan.Illustrated, p plan.Picture, owner string, links []map[string]any) (link map[string]any, settled bool, err error) {
	if p.Key == "" {
		sha, size, err := e.Files.Put(ctx, struct{ io.Reader }{p.Data})
		var bad base64.CorruptInputError
		switch {
		case errors.As(err, &bad) || errors.Is(err, io.ErrUnexpectedEOF) || err == nil && size == 0:
			return nil, true, nil // no picture: half of one shows nothing either
		case err != nil:
			return nil, false, err
		}
		return map[string]any{"UUID": "picture$" + sha[:16], "title": "picture-" + sha[:8] + extensions[p.Type], "sha256": sha, "size": size, "type": p.Type}, true, nil
	}
	if i := slices.IndexFunc(links, func(l map[string]any) bool { return l["UUID"] == p.Key }); i >= 0 {
		return links[i], true, nil
	}
	link = map[string]any{"UUID": p.Key, "title": strings.ReplaceAll(p.Key, "$", "-")}
	meta, err := e.pictureMeta(ctx, src, p.Key, p.Row, owner)
	if errors.Is(err, plan.ErrNotFound) {
		return nil, true, err
	}
	link["picture"] = true
	if hopeless, err := e.noFile(ctx, p.Key, link, err); hopeless || err != nil || link["error"] != nil {
		return link, hopeless, err
	}
	of, _ := meta["owner"].(string)
	if of == "" || of != p.Row && of != owner {
		return nil, true, nil
	}
	delete(meta, "owner")
	delete(link, "picture")
	maps.Copy(link, meta)
	return link, true, nil
}

// pictureMeta is what is known of a picture, its bytes in the store.
func (e *Engine) pictureMeta(ctx context.Context, src plan.Illustrated, key string, owners ...string) (map[string]any, error) {
	name := "picture " + key
	known, ok, err := e.Cache.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	var meta map[string]any
	if ok && json.Unmarshal([]byte(known), &meta) == nil {
		if sha, _ := meta["sha256"].(string); sha != "" && e.Files.Has(sha) {
			return meta, nil
		}
	}
	got, err := e.store(ctx, func() (plan.Content, error) { return src.OpenPicture(ctx, key, owners...) })
	if err != nil {
		return nil, err
	}
	title := got.Name
	if title == "" {
		title = strings.ReplaceAll(key, "$", "-") + extensions[got.Type]
	}
	meta = map[string]any{"sha256": got.sha, "size": got.size, "type": got.Type, "title": title, "owner": got.Owner}
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	return meta, e.Cache.Set(ctx, name, string(text))
}
