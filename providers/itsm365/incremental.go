package itsm365

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"deskform/plan"
	"deskform/providers/transport"
)

// Shape names the attributes that are asked for, the filter, the zone and where files come from.
func (s *Source) Shape(ctx context.Context, d plan.Data) (string, error) {
	class, err := classArg(d)
	if err != nil {
		return "", err
	}
	attrs, err := s.attrsOf(ctx, d, class)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", class, err)
	}
	filter, err := json.Marshal(s.filterOf(d, attrs))
	if err != nil {
		return "", err
	}
	shown := "" // of what is listed a sample was seen by Describe; of what is owned see Sight
	if len(d.Of) == 0 {
		shown = strings.Join(s.shown(class, attrs), ",")
	}
	return strings.Join([]string{shown, s.base, class, string(filter), strings.Join(attrs, ","), s.dates.names(), filesArg(d), strings.Join(d.Key, ","), strings.Join(d.Of, ","), d.By, fmt.Sprint(s.Bulk(d))}, "|"), nil
}

// Bulk reports the block's argument.
func (s *Source) Bulk(d plan.Data) bool {
	bulk, _ := d.Args["bulk"].(bool)
	return bulk && len(d.Of) > 0
}

const (
	// settled is how long after its last change an object may change again without a new date: dates have no fractions.
	settled = 2 * time.Second
	// Zones lie whole quarters of an hour apart, and no two of them farther than a bit more than a day: while time_zone is
	// not the server's own, or an hour comes twice, a date is wrong by such a span.
	quarter, farthest = 15 * time.Minute, 27 * time.Hour
)

// fresh reports whether an object that was changed at a time by its date may change again within the same second.
func fresh(changed, now time.Time) bool {
	span := now.Sub(changed).Abs()
	off := span % quarter
	return span < farthest && (off < settled || quarter-off < settled)
}

// begin finds out what the rows of a block are asked for.
func (s *Source) begin(ctx context.Context, d plan.Data) (class string, attrs []string, err error) {
	if class, err = classArg(d); err != nil {
		return "", nil, err
	}
	if attrs, err = s.attrsOf(ctx, d, class); err == nil {
		err = s.readFiles(ctx, d, attrs)
	}
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", class, err)
	}
	return class, attrs, nil
}

// Heads yields the cheap pass of IT 2.1, recipe 5: UUID, lastModifiedDate, state. A class without dates is read whole, for
// its list is the one thing that shows a change.
func (s *Source) Heads(ctx context.Context, d plan.Data) iter.Seq2[plan.Head, error] {
	return func(yield func(plan.Head, error) bool) {
		class, attrs, err := s.begin(ctx, d)
		if err != nil {
			yield(plan.Head{}, err)
			return
		}
		r := &reading{d: d, class: class, attrs: attrs, filter: s.filterOf(d, attrs)}
		_, hasDate := stockColumns(classFrom(class))["lastModifiedDate"]
		dated := slices.Contains(attrs, "lastModifiedDate") || attrs != nil && hasDate // also where the block names others
		if dated {
			r.heads, r.raw, r.attrs = true, true, []string{"UUID", "metaClass", "lastModifiedDate"}
			if slices.Contains(attrs, "state") {
				r.attrs = append(r.attrs, "state")
			}
		}
		r.yield = func(row plan.Row, at int, err error) bool {
			h := plan.Head{UUID: row.UUID, At: at}
			switch {
			case err != nil:
			case row.Broken != "":
				h.Row = &row
			case dated:
				h.Version, err = s.version(ctx, d, row)
			default:
				if s.Bulk(d) {
					row.Owner = linkIn(row.JSON, d.By)
				}
				row, err = s.withFiles(ctx, d, row)
				h.Row = &row
			}
			return yield(h, err)
		}
		s.pages(ctx, r)
	}
}

// version is what of an object changes whenever it does: its dates, and the files that the list of files shows.
func (s *Source) version(ctx context.Context, d plan.Data, row plan.Row) (string, error) {
	var o struct {
		LastModifiedDate, State string
	}
	if json.Unmarshal(row.JSON, &o) != nil || o.LastModifiedDate == "" {
		return "", nil
	}
	at, err := time.Parse(time.RFC3339, s.dates.instant(o.LastModifiedDate))
	if date := s.serverDate(); err != nil || !date.IsZero() && fresh(at, date) {
		return "", nil
	}
	files, err := s.filesKnown(ctx, d, row.UUID)
	if err != nil {
		return "", err
	}
	v := o.LastModifiedDate + " " + o.State
	if len(files) > 0 {
		v += " " + plan.Hash(string(files))
	}
	return v, nil
}

// linkIn is the UUID that an attribute leads to.
func linkIn(text []byte, attr string) string {
	var obj map[string]json.RawMessage
	var link struct{ UUID string }
	if json.Unmarshal(text, &obj) != nil || json.Unmarshal(obj[attr], &link) != nil {
		return ""
	}
	return link.UUID
}

// near is how many places one call may skip between two rows that it is for: so many rows more cost less than a call more.
const near = 50

// Fetch reads what stands where the heads stood, neighbours in one call. get is not needed for it, as a key may be denied
// that (IT trap 3), and neither is a filter by UUID (IT 2.1).
func (s *Source) Fetch(ctx context.Context, d plan.Data, heads iter.Seq2[plan.Head, error]) iter.Seq2[[]plan.Row, error] {
	return parallel(ctx, s.parallel, neighbours(heads, s.pageSize), func(ctx context.Context, group []plan.Head) ([]plan.Row, error) {
		rows, err := s.fetch(ctx, d, group)
		if err != nil {
			class, _ := d.Args["class"].(string)
			return nil, fmt.Errorf("read %s: %w", class, err)
		}
		return rows, nil
	})
}

// neighbours groups heads that one page has.
func neighbours(heads iter.Seq2[plan.Head, error], size int) iter.Seq2[[]plan.Head, error] {
	return func(yield func([]plan.Head, error) bool) {
		var group []plan.Head
		for h, err := range heads {
			if err != nil {
				yield(nil, err)
				return
			}
			if n := len(group); n > 0 && (h.At < group[n-1].At || h.At > group[n-1].At+near || h.At >= group[0].At+size) {
				if !yield(group, nil) {
					return
				}
				group = nil
			}
			group = append(group, h)
		}
		if len(group) > 0 {
			yield(group, nil)
		}
	}
}

func (s *Source) fetch(ctx context.Context, d plan.Data, group []plan.Head) ([]plan.Row, error) {
	class, err := classArg(d)
	if err != nil {
		return nil, err
	}
	attrs, err := s.attrsOf(ctx, d, class)
	if err != nil {
		return nil, err
	}
	r := &reading{d: d, class: class, attrs: attrs, filter: s.filterOf(d, attrs), ask: true}
	wanted := map[string]bool{}
	for _, h := range group {
		wanted[h.UUID] = true
	}
	var rows []plan.Row
	take := func(objs []json.RawMessage, offset int) error {
		for i, raw := range objs {
			row, uuid := s.row(r, raw, offset+i)
			if !wanted[uuid] {
				continue
			}
			delete(wanted, uuid)
			row, err := s.withFiles(ctx, d, row)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	}
	first, end := group[0].At, group[len(group)-1].At+1
	for at := first; at < end && len(wanted) > 0; {
		objs, err := s.page(ctx, r, at, end-at)
		if err != nil {
			return nil, err
		}
		if len(objs) == 0 {
			break
		}
		if err := take(objs, at); err != nil {
			return nil, err
		}
		at += len(objs)
	}
	// What was deleted before them moves them up in the list (IT trap 21).
	for at := max(0, first-s.pageSize); at < first && len(wanted) > 0; {
		objs, err := s.page(ctx, r, at, first-at)
		if err != nil {
			return nil, err
		}
		if len(objs) == 0 {
			break
		}
		if err := take(objs, at); err != nil {
			return nil, err
		}
		at += len(objs)
	}
	for _, h := range group {
		if !wanted[h.UUID] {
			continue
		}
		raw, err := s.get(ctx, h.UUID, r.attrs)
		if errors.Is(err, plan.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := take([]json.RawMessage{raw}, h.At); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// get reads one object; ErrNotFound is for one that is not there, or that the key may not get (IT trap 3).
func (s *Source) get(ctx context.Context, uuid string, attrs []string) (json.RawMessage, error) {
	if !fqn.MatchString(uuid) {
		return nil, fmt.Errorf("ITSM 365 get: %q is no UUID", uuid)
	}
	query := url.Values{}
	if len(attrs) > 0 {
		query.Set("attrs", strings.Join(attrs, ","))
	}
	res, err := s.call(ctx, "get/"+url.PathEscape(uuid), query, nil, false)
	var he *transport.HTTPError
	if errors.As(err, &he) && missing(he) {
		return nil, fmt.Errorf("read %s: %w", uuid, plan.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Owned reads owner after owner, as many at one time as the block allows.
func (s *Source) Owned(ctx context.Context, d plan.Data, owners iter.Seq2[string, error]) iter.Seq2[plan.Holding, error] {
	return func(yield func(plan.Holding, error) bool) {
		class, attrs, err := s.begin(ctx, d)
		if err != nil {
			yield(plan.Holding{}, err)
			return
		}
		for h, err := range parallel(ctx, s.parallel, owners, func(ctx context.Context, owner string) (plan.Holding, error) {
			h := plan.Holding{Owner: owner}
			var failed error
			r := &reading{d: d, class: class, attrs: attrs, filter: s.filterOf(d, attrs), owner: owner, ask: true}
			r.filter[d.By] = owner
			r.yield = func(row plan.Row, _ int, err error) bool {
				if err == nil && row.Broken == "" {
					row, err = s.withFiles(ctx, d, row)
				}
				if err != nil {
					failed = err
					return false
				}
				h.Rows = append(h.Rows, row)
				return true
			}
			s.pages(ctx, r)
			return h, failed
		}) {
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}
