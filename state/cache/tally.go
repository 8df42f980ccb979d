package cache

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/tidwall/gjson"
)

// A Tally counts the rows of a data block by the attribute metaClass; those without one count under "".
type Tally map[string]TypeTally

// A TypeTally counts the rows of one type.
type TypeTally struct {
	Rows int `json:"rows"`
	// Filled is in how many rows an attribute has a value. One that rows have and that is empty in all of them counts 0; one
	// that no row has is not there.
	Filled map[string]int `json:"filled"`
}

// add counts a row.
func (t Tally) add(row []byte) {
	obj := gjson.ParseBytes(row)
	typ := obj.Get("metaClass").String()
	c := t[typ]
	if c.Filled == nil {
		c.Filled = map[string]int{}
	}
	c.Rows++
	for name, full := range attributes(obj) {
		n := 0
		if full {
			n = 1
		}
		c.Filled[name] += n
	}
	t[typ] = c
}

// attributes are those of an object, and whether they have a value.
func attributes(obj gjson.Result) map[string]bool {
	out := map[string]bool{}
	obj.ForEach(func(name, v gjson.Result) bool {
		switch v.Type {
		case gjson.Null:
			out[name.String()] = false
		case gjson.String:
			out[name.String()] = v.Str != ""
		case gjson.JSON:
			some := false
			v.ForEach(func(gjson.Result, gjson.Result) bool { some = true; return false })
			out[name.String()] = some
		default:
			out[name.String()] = true
		}
		return true
	})
	return out
}

// Whole is the tally of a class with all its types.
func (t Tally) Whole() TypeTally {
	all := TypeTally{Filled: map[string]int{}}
	for _, c := range t {
		all.Rows += c.Rows
		for name, n := range c.Filled {
			all.Filled[name] += n
		}
	}
	return all
}

// Tally is the tally of the rows that were taken over last from a source that tells what changed; nil when nobody counted.
func (c *Cache) Tally(ctx context.Context, data string) (Tally, error) {
	text, ok, err := c.Get(ctx, "tally "+data)
	if err != nil || !ok {
		return nil, err
	}
	var t Tally
	err = json.Unmarshal([]byte(text), &t)
	return t, err
}

func keepTally(tx *sql.Tx, data string, t Tally) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO kv VALUES (?, ?)", "tally "+data, string(text))
	return err
}

// A Loss counts the rows that were read again and had a value in an attribute before.
type Loss struct {
	// Had are those rows, Shown those of all rows read again that have the attribute, with a value or without.
	Had, Shown int
}

// losses holds rows that were read again, of which there are n, against what they were, by attribute.
func (g *Gathering) losses(tx *sql.Tx, old int) (out map[string]Loss, n int, err error) {
	rows, err := tx.Query("SELECT s.json, r.json FROM staged s CROSS JOIN rows r INDEXED BY rows_by_key ON r.data = s.data AND r.gen = ? AND r.key = s.key WHERE s.data = ? AND s.broken = ''", old, g.d.Address())
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out = map[string]Loss{}
	for rows.Next() {
		var now, before sql.RawBytes
		if err := rows.Scan(&now, &before); err != nil {
			return nil, 0, err
		}
		n++
		for name, full := range attributes(gjson.ParseBytes(before)) {
			if full {
				l := out[name]
				l.Had++
				out[name] = l
			}
		}
		for name := range attributes(gjson.ParseBytes(now)) {
			l := out[name]
			l.Shown++
			out[name] = l
		}
	}
	return out, n, rows.Err()
}

// tallied counts rows on their way.
func tallied(rows func(func(kept, error) bool), t Tally) func(func(kept, error) bool) {
	return func(yield func(kept, error) bool) {
		for k, err := range rows {
			if err == nil && k.Broken == "" {
				t.add(k.JSON)
			}
			if !yield(k, err) {
				return
			}
		}
	}
}
