package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"deskform/providers/transport"
)

// fileRef is a mention of a file object: a link, or the address of a picture in a text (IT 2.6).
var fileRef = regexp.MustCompile(`\bfile(?:\$|%24)(\d+)\b`)

var fileUUID = regexp.MustCompile(`^\w+\$\w+$`)

// maxStrange is how many files in a row may come broken, each tried again as often as any call, before the line counts as
// down.
const maxStrange = 3

// A kept is where a file is: a line of FILES.jsonl.
type kept struct {
	UUID  string `json:"UUID"`
	Title string `json:"title"`
	Owner string `json:"owner,omitempty"`
	// Path has slashes and begins in the folder of the archive.
	Path   string `json:"path,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
	// Stated is the size that the file object gives, where it is another one.
	Stated  int64  `json:"stated_size,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// readFiles gets the bytes of every file object, and of files that only a link or a text names.
func (r *run) readFiles(ctx context.Context, m *Manifest) error {
	done, names := map[string]kept{}, taken{}
	j, err := r.f.openJournal("files.done", func(line []byte) (bool, error) {
		var k kept
		if err := json.Unmarshal(line, &k); err != nil {
			return false, nil
		}
		if info, err := os.Stat(r.f.path(k.Path)); err != nil || info.Size() != k.Size {
			return true, nil // it is fetched again
		}
		done[k.UUID] = k
		names[fold(k.Path)] = true
		return true, nil
	})
	if err != nil {
		return err
	}
	defer func() { _ = j.close() }() // each entry is of a file that is on the disk
	list, err := r.f.create(filesFile)
	if err != nil {
		return err
	}
	defer list.drop()
	enc := json.NewEncoder(list)
	enc.SetEscapeHTML(false)
	total := 0
	for _, c := range m.Classes {
		if c.Class == "file" {
			total = c.Objects
		}
	}
	r.Stage("fetch files", total)
	met := map[string]bool{}
	one := func(k kept, stated int64) error {
		if met[k.UUID] {
			return nil
		}
		met[k.UUID] = true
		if old, ok := done[k.UUID]; ok {
			k = old
		} else {
			if k, err = r.fetch(ctx, k, stated, names); err != nil {
				return err
			}
			if k.Refused == "" { // what was refused is tried again by the next run
				if err := j.note(k); err != nil {
					return err
				}
			}
		}
		r.Step(1)
		if k.Refused != "" {
			m.Unreadable = append(m.Unreadable, Unreadable{What: k.UUID, Of: k.Owner, Why: k.Refused})
		} else {
			m.Files.Count++
			m.Files.Bytes += k.Size
		}
		return enc.Encode(k)
	}
	for _, c := range r.classes {
		if c.Class != "file" {
			continue
		}
		err := lines(r.f.path(c.File), func(_ int64, line []byte) error {
			return one(fileObject(line))
		})
		if err != nil {
			return err
		}
	}
	if !slices.Contains(r.Skip, "file") {
		if err := r.mentioned(one); err != nil {
			return err
		}
	}
	if len(met) == 0 {
		return nil
	}
	return list.keep()
}

// fileObject reads what matters of a file object; a size that is none is -1.
func fileObject(line []byte) (kept, int64) {
	size := int64(-1)
	if v := gjson.GetBytes(line, "fileSize"); v.Type == gjson.Number {
		size = v.Int()
	}
	return kept{UUID: text(line, "UUID"), Title: text(line, "title"), Owner: linked(line, "source")}, size
}

// linked is the UUID of a member that is a link, or a plain UUID.
func linked(line []byte, name string) string {
	if uuid := text(line, name); uuid != "" {
		return uuid
	}
	return text(line, name+".UUID")
}

// mentioned yields the files that other objects name. Their objects may be hidden, or not in the list.
func (r *run) mentioned(one func(kept, int64) error) error {
	for _, c := range r.classes {
		if c.Class == "file" {
			continue
		}
		err := lines(r.f.path(c.File), func(_ int64, line []byte) error {
			refs := fileRef.FindAllSubmatch(line, -1)
			if len(refs) == 0 {
				return nil
			}
			var o any
			if err := json.Unmarshal(line, &o); err != nil {
				return fmt.Errorf("archive: read %s: %w", c.File, err)
			}
			titles := map[string]string{}
			titlesOf(o, titles)
			for _, ref := range refs {
				uuid := "file$" + string(ref[1])
				if err := one(kept{UUID: uuid, Title: titles[uuid], Owner: text(line, "UUID")}, -1); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// titlesOf collects the titles of all links to files in a value.
func titlesOf(v any, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		if uuid, _ := v["UUID"].(string); strings.HasPrefix(uuid, "file$") {
			into[uuid], _ = v["title"].(string)
		}
		for _, e := range v {
			titlesOf(e, into)
		}
	case []any:
		for _, e := range v {
			titlesOf(e, into)
		}
	}
}

// fetch streams one file to its place.
func (r *run) fetch(ctx context.Context, k kept, stated int64, names taken) (kept, error) {
	if !fileUUID.MatchString(k.UUID) {
		k.Refused = "its UUID is none of a file"
		return k, nil
	}
	content, err := r.Source.OpenFile(ctx, k.UUID)
	var strange *transport.BadAnswerError
	if errors.As(err, &strange) && ctx.Err() == nil && r.strange < maxStrange {
		r.strange++
		k.Refused = r.Redact.Text(err.Error())
		return k, nil
	}
	if err != nil {
		why, ends := r.refusal(ctx, err)
		if ends {
			return k, fmt.Errorf("archive: fetch %s: %w", k.UUID, err)
		}
		k.Refused = why
		return k, nil
	}
	r.strange = 0
	defer content.Body.Close()
	k.Path = names.filePath(k.UUID, k.Title)
	d, err := r.f.create(k.Path)
	if err != nil {
		return k, err
	}
	defer d.drop()
	h := sha256.New()
	if k.Size, err = io.Copy(io.MultiWriter(d, h), content.Body); err != nil {
		return k, fmt.Errorf("archive: fetch %s: %w", k.UUID, errors.Join(err, ctx.Err()))
	}
	k.SHA256 = hex.EncodeToString(h.Sum(nil))
	if stated >= 0 && stated != k.Size {
		k.Stated = stated
	}
	return k, d.keep()
}
