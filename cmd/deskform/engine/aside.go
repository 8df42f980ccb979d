package engine

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskform/plan"
	"deskform/plan/report"
	"deskform/plan/run"
)

// An Aside is a record that was given up for now. Root is the record whose failure it waits for, its own address when it
// failed itself.
type Aside struct {
	Set      string    `json:"set"`
	Key      string    `json:"key"`
	Cause    string    `json:"cause"`
	Root     string    `json:"root"`
	Step     string    `json:"step"`
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`

	address plan.Address
}

// Asides lists what is set aside: what failed, each followed by what waits for it.
func (e *Engine) Asides(ctx context.Context) ([]Aside, error) {
	var out []Aside
	index := map[string]int{}
	for a, err := range e.State.SetAsides(ctx) {
		if err != nil {
			return nil, err
		}
		index[a.Address.String()] = len(out)
		out = append(out, Aside{Set: a.Address.Set, Key: a.Address.Key, Cause: a.Cause, Step: a.Step, Reason: a.Text, Attempts: a.Attempts, At: a.At, address: a.Address})
	}
	for i := range out {
		root := i
		for range out { // a chain is no longer than the list
			next, blocked := strings.CutPrefix(out[root].Cause, run.BlockedBy)
			at, known := index[next]
			if !blocked || !known {
				break
			}
			root = at
		}
		out[i].Root = out[root].address.String()
		if blocker, blocked := strings.CutPrefix(out[root].Cause, run.BlockedBy); blocked {
			out[i].Root = blocker // it is not set aside itself: invalid, in conflict or a manual step
		}
	}
	slices.SortStableFunc(out, func(a, b Aside) int {
		self := func(x Aside) int {
			if x.Root == x.address.String() {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Root, b.Root), self(a)-self(b), cmp.Compare(a.Set, b.Set), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

// failed are the addresses that are set aside and still have a row.
func (e *Engine) failed(ctx context.Context) ([]string, error) {
	all, err := e.State.Aside(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, a := range all {
		want, err := e.wantAt(ctx, a.Set, a.Key)
		if err != nil {
			return nil, err
		}
		if want != nil {
			out = append(out, a.String())
		}
	}
	return out, nil
}

// Answer is what a service answered about a record, for people: without secrets, and without a person's data unless it is to
// be revealed.
func (e *Engine) Answer(ctx context.Context, a plan.Address, text string, reveal bool) string {
	text = e.Redact.Text(text)
	o := report.Options{Kinds: e.Kinds(), Open: openAttributes(e.Config), Reveal: reveal}
	kind, values := "", plan.Fields(nil)
	for _, s := range e.Config.Sets {
		if s.Name == a.Set {
			kind = s.Kind
		}
	}
	// Without the row, and the cache may be gone, what looks like personal data still is hidden.
	if want, err := e.wantAt(ctx, a.Set, a.Key); err == nil && want != nil {
		values = want.Fields
	}
	return report.MaskAnswer(o, text, kind, values)
}

// ListAside writes what is set aside: text by cause, "csv" or "jsonl" a line a record with its key as it is. What was
// answered, and in text keys that are addresses, are masked unless they are to be revealed.
func (e *Engine) ListAside(ctx context.Context, w io.Writer, format string, reveal bool) error {
	all, err := e.Asides(ctx)
	if err != nil {
		return err
	}
	for i, a := range all {
		all[i].Reason = e.Answer(ctx, a.address, a.Reason, reveal)
	}
	switch format {
	case "jsonl":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for _, a := range all {
			if err := enc.Encode(a); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		out := csv.NewWriter(w)
		rows := [][]string{{"set", "key", "cause", "root", "step", "reason", "attempts", "at"}}
		for _, a := range all {
			rows = append(rows, []string{a.Set, a.Key, a.Cause, a.Root, a.Step, a.Reason, strconv.Itoa(a.Attempts), a.At.Format(time.RFC3339)})
		}
		return out.WriteAll(rows)
	}
	mask := func(address string) string {
		a, err := plan.ParseAddress(address)
		if err != nil || reveal {
			return address
		}
		a.Key = report.MaskKey(a.Key)
		return a.String()
	}
	step := func(key string) string { // it begins with the address
		if reveal {
			return key
		}
		return report.MaskPersonal(key)
	}
	causes := 0
	for i := 0; i < len(all); {
		root, first := all[i].Root, i
		for i < len(all) && all[i].Root == root {
			i++
		}
		causes++
		waiting := i - first
		if all[first].address.String() == root {
			waiting--
			fmt.Fprintf(w, "%s\n  %s: %s (%d attempts, %s)\n", mask(root), step(all[first].Step), all[first].Reason, all[first].Attempts, all[first].At.Format(time.RFC3339))
		} else if tried := slices.IndexFunc(all[first:i], func(a Aside) bool { return a.Attempts > 0 }); tried >= 0 { // a record has proven it
			a := all[first+tried]
			fmt.Fprintf(w, "%s\n  %s: %s (%s)\n", mask(root), step(a.Step), a.Reason, a.At.Format(time.RFC3339))
		} else {
			fmt.Fprintf(w, "%s\n  is not usable; `deskform why` tells the reason\n", mask(root))
		}
		if waiting > 0 {
			fmt.Fprintf(w, "  %d records wait for it\n", waiting)
		}
	}
	_, err = fmt.Fprintf(w, "%d records are set aside, for %d causes.\n", len(all), causes)
	return err
}
