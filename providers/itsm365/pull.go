package itsm365

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// Describe says what rows of a class look like: the stock model, corrected and extended by what a few real objects show.
func (s *Source) Describe(ctx context.Context, d plan.Data) (plan.RowType, error) {
	class, err := classArg(d)
	if err != nil {
		return plan.RowType{}, err
	}
	rt := plan.RowType{Columns: map[string]plan.Column{}}
	maps.Copy(rt.Columns, stockColumns(classFrom(class)))
	if classFrom(class) == "comment" {
		rt.Private = "private"
	}
	objs, err := s.samples(ctx, d, class)
	if err != nil {
		return rt, err
	}
	for _, raw := range objs {
		var obj map[string]any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&obj); err != nil {
			return rt, fmt.Errorf("ITSM 365 find/%s: %w", class, err)
		}
		for name, v := range obj {
			c, ok := columnOf(v)
			old, known := rt.Columns[name]
			switch {
			case known && (!ok || old.Type == plan.ColumnFiles || old.Type == plan.ColumnTime && c.Type == plan.ColumnString):
			case known && (old.Type == plan.ColumnString) != (c.Type == plan.ColumnString):
				rt.Columns[name] = plan.Column{Type: plan.ColumnAny}
			case !known && ok:
				rt.Columns[name] = c
			case !known:
				rt.Columns[name] = plan.Column{Type: plan.ColumnAny}
			}
		}
	}
	if attrs := plan.Texts(d.Args["attrs"]); len(attrs) > 0 {
		for name := range rt.Columns {
			if !slices.Contains(attrs, name) && name != "UUID" && name != "metaClass" {
				delete(rt.Columns, name)
			}
		}
		for _, name := range attrs {
			if _, ok := rt.Columns[name]; !ok {
				rt.Columns[name] = plan.Column{Type: plan.ColumnAny}
			}
		}
	}
	return rt, nil
}

// samples are a few whole objects; the service gives every attribute of an object only when asked for none (IT 2.1).
// Comments have owners, and a class that lists nothing has no samples.
func (s *Source) samples(ctx context.Context, d plan.Data, class string) ([]json.RawMessage, error) {
	if len(d.Of) > 0 {
		return nil, nil
	}
	objs, err := s.find(ctx, class, filterArg(d), nil, 0, 1)
	if err != nil {
		return nil, err
	}
	var attrs []string
	if len(objs) > 0 {
		var obj map[string]json.RawMessage
		if err := json.Unmarshal(objs[0], &obj); err != nil {
			return nil, fmt.Errorf("ITSM 365 find/%s: %w", class, err)
		}
		attrs = slices.Sorted(maps.Keys(obj))
	}
	s.mu.Lock()
	s.attrs[class] = attrs
	s.mu.Unlock()
	return objs, nil
}

func classArg(d plan.Data) (string, error) {
	class, _ := d.Args["class"].(string)
	if class == "" {
		return "", fmt.Errorf("data.%s: class is missing; write class = \"serviceCall\"", d.Address())
	}
	return class, nil
}

func filterArg(d plan.Data) map[string]any {
	f, _ := d.Args["filter"].(map[string]plan.Value)
	out := map[string]any{}
	for k, v := range f {
		out[k] = v
	}
	return out
}

// attrsOf is the fixed list of attributes that a bulk read asks for: what the block names, or what the model knows and the
// tenant has. Asking for none would drag every back-link collection along (IT trap 11).
func (s *Source) attrsOf(ctx context.Context, d plan.Data, class string) ([]string, error) {
	if attrs := plan.Texts(d.Args["attrs"]); len(attrs) > 0 {
		return slices.Compact(slices.Sorted(slices.Values(append(attrs, "UUID", "metaClass")))), nil
	}
	s.mu.Lock()
	have, known := s.attrs[class]
	s.mu.Unlock()
	if !known && len(d.Of) == 0 {
		if _, err := s.samples(ctx, d, class); err != nil {
			return nil, err
		}
		s.mu.Lock()
		have = s.attrs[class]
		s.mu.Unlock()
	}
	model := stockColumns(classFrom(class))
	if len(model) == 0 && len(have) == 0 {
		return nil, nil // a catalog that nobody knows: small, read whole
	}
	var attrs []string
	for name := range model {
		if len(have) == 0 || slices.Contains(have, name) {
			attrs = append(attrs, name)
		}
	}
	// The tenant's own attributes come too, but for the collections, which are back-links.
	for _, name := range have {
		if _, ok := model[name]; !ok && !heavy[name] {
			attrs = append(attrs, name)
		}
	}
	slices.Sort(attrs)
	return attrs, nil
}

// heavy are stock back-link collections and fields that nobody maps (IT 3.4, trap 11).
var heavy = map[string]bool{
	"serviceCalls": true, "createdSCs": true, "respForSCs": true, "votes": true, "workReports": true, "childOUs": true, "employees": true,
	"KEsInUse": true, "recipientAgreements": true, "all_Group": true, "phonesIndex": true, "password": true, "image": true, "folders": true,
	"icon": true, "system_icon": true, "comments": true, "changeRequest": true, "workRecords": true, "KBtoAddArticle": true, "addArtikle": true,
	"articlesKB": true, "agreements": true, "privateCode": true, "titleKB": true,
}

// Rows yields the objects of a class in the service's order. Paging follows IT 2.1: fixed attributes, the offset grows by
// what came, the end is an empty page; a repeated UUID means that the list has shifted, and the page before is read again.
func (s *Source) Rows(ctx context.Context, d plan.Data, owners iter.Seq2[string, error]) iter.Seq2[plan.Row, error] {
	return func(yield func(plan.Row, error) bool) {
		class, err := classArg(d)
		if err != nil {
			yield(plan.Row{}, err)
			return
		}
		attrs, err := s.attrsOf(ctx, d, class)
		if err != nil {
			yield(plan.Row{}, err)
			return
		}
		if len(d.Of) == 0 {
			s.pages(ctx, d, class, attrs, filterArg(d), "", yield)
			return
		}
		for owner, err := range owners {
			if err != nil {
				yield(plan.Row{}, err)
				return
			}
			filter := filterArg(d)
			filter[d.By] = owner
			if !s.pages(ctx, d, class, attrs, filter, owner, yield) {
				return
			}
		}
	}
}

// maxHeals is how often one list may shift while it is read.
const maxHeals = 50

// pages reads one list to its end. It returns false when the consumer or an error stopped it.
func (s *Source) pages(ctx context.Context, d plan.Data, class string, attrs []string, filter map[string]any, owner string, yield func(plan.Row, error) bool) bool {
	seen := map[string]bool{}
	offset, heals := 0, 0
	for {
		objs, err := s.find(ctx, class, filter, attrs, offset, s.pageSize)
		if err != nil && len(attrs) > 0 && offset == 0 && !errors.Is(err, ErrKey) && ctx.Err() == nil {
			// One client had to drop attrs for comments (IT 2.7); others refuse an attribute that they do not have.
			if objs, err = s.find(ctx, class, filter, nil, offset, s.pageSize); err == nil {
				attrs = nil
			}
		}
		if err != nil {
			yield(plan.Row{}, fmt.Errorf("read %s: %w", class, err))
			return false
		}
		if len(objs) == 0 {
			return s.verify(ctx, d, class, filter, owner, attrs, seen, yield)
		}
		fresh, repeated := 0, 0
		for i, raw := range objs {
			row, uuid := s.row(d, raw, owner, offset+i)
			if uuid != "" && seen[uuid] {
				repeated++
				continue
			}
			fresh++
			seen[uuid] = true
			if !yield(row, nil) {
				return false
			}
		}
		offset += len(objs)
		if repeated > 0 && fresh > 0 {
			if heals++; heals > maxHeals {
				yield(plan.Row{}, fmt.Errorf("read %s: the list changes faster than it can be read; try at a quieter hour", class))
				return false
			}
			offset = max(0, offset-2*len(objs))
			if offset == 0 {
				offset = len(objs)
			}
		}
	}
}

// verify reads the list once more by key alone and fetches what slipped through between two pages: when an object is
// deleted during a read, the one after it moves to an offset that was read already (IT trap 21).
func (s *Source) verify(ctx context.Context, d plan.Data, class string, filter map[string]any, owner string, attrs []string, seen map[string]bool, yield func(plan.Row, error) bool) bool {
	if len(seen) < s.pageSize { // one page was one answer
		return true
	}
	offset := 0
	for {
		objs, err := s.find(ctx, class, filter, []string{"UUID"}, offset, s.pageSize)
		if err != nil {
			yield(plan.Row{}, fmt.Errorf("verify the list of %s: %w", class, err))
			return false
		}
		if len(objs) == 0 {
			return true
		}
		for i, raw := range objs {
			var o struct{ UUID string }
			if json.Unmarshal(raw, &o) != nil || o.UUID == "" || seen[o.UUID] {
				continue
			}
			whole, err := s.find(ctx, class, filter, attrs, offset+i, 1)
			if err != nil {
				yield(plan.Row{}, fmt.Errorf("verify the list of %s: %w", class, err))
				return false
			}
			for _, raw := range whole {
				row, uuid := s.row(d, raw, owner, offset+i)
				if seen[uuid] {
					continue
				}
				seen[uuid] = true
				if !yield(row, nil) {
					return false
				}
			}
		}
		offset += len(objs)
	}
}

// row makes a row of an object. What is no object, or has no UUID, is a broken row.
func (s *Source) row(d plan.Data, raw json.RawMessage, owner string, offset int) (plan.Row, string) {
	row := plan.Row{Owner: owner, Pos: fmt.Sprintf("offset %d", offset)}
	text, err := normalize(raw, s.zone)
	if err != nil {
		row.Broken = "is no object: " + err.Error()
		return row, ""
	}
	var obj map[string]any
	if err := json.Unmarshal(text, &obj); err != nil {
		row.Broken = "is no object: " + err.Error()
		return row, ""
	}
	uuid, _ := obj["UUID"].(string)
	if uuid == "" {
		row.Broken = "has no UUID"
		return row, ""
	}
	row.JSON, row.Key, row.Pos = text, uuid, uuid
	if len(d.Key) > 0 {
		parts := make([]string, len(d.Key))
		for i, k := range d.Key {
			v := obj[k]
			if link, ok := v.(map[string]any); ok {
				v = link["UUID"]
			}
			if v == nil || v == "" {
				row.Broken, row.JSON = "attribute "+k+" is empty, and it is the key", nil
				return row, uuid
			}
			parts[i] = fmt.Sprint(v)
		}
		row.Key = strings.Join(parts, "/")
	}
	return row, uuid
}
