package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"deskform/plan"
)

// Options say how to render. The zero value masks and shows every change.
type Options struct {
	Kinds []plan.Kind
	// Open are the attributes, as "model.name", whose texts are no person's data.
	Open []string
	// Reveal shows personal data.
	Reveal bool
	// PerSet is how many changes of one set and action are written out, the others counted; 0 means all.
	PerSet int
	Color  bool
}

var symbols = map[plan.Action]string{
	plan.Create: "+", plan.Adopt: "=", plan.Update: "~", plan.AppendTo: ">", plan.Conflict: "!", plan.Frozen: "#",
	plan.Blocked: "?", plan.Manual: "*", plan.Invalid: "x", plan.Archive: "-", plan.Delete: "-", plan.Merged: "&",
	plan.Keep: "·", plan.Left: "·", plan.NoOp: " ", plan.Skip: " ",
}

var colors = map[plan.Action]string{
	plan.Create: "32", plan.Adopt: "36", plan.Update: "33", plan.AppendTo: "32", plan.Conflict: "31", plan.Frozen: "35",
	plan.Blocked: "31", plan.Manual: "35", plan.Invalid: "31", plan.Archive: "31", plan.Delete: "31",
}

// Text writes a plan the way Terraform's users expect it and returns its summary. Changes that do nothing are not
// written out.
func Text(w io.Writer, changes iter.Seq2[plan.Change, error], o Options) (Summary, error) {
	out := bufio.NewWriter(w)
	m := newMasker(o)
	sum := Summary{}
	type group struct {
		set    string
		action plan.Action
	}
	shown := map[group]int{}
	rules, reclaims := Rules{}, Reclaims{}
	pending := false
	var held strings.Builder
	for c, err := range changes {
		if err != nil {
			return sum, err
		}
		sum.Add(&c)
		rules.Add(m, &c)
		reclaims.Add(m, &c)
		pending = pending || c.Pending()
		if c.Action == plan.NoOp || c.Action == plan.Skip || c.Action == plan.Merged && !c.Pending() {
			continue
		}
		g := group{c.Address.Set, c.Action}
		shown[g]++
		if o.PerSet > 0 && shown[g] > o.PerSet {
			continue
		}
		writeChange(&held, m, &c, o.Color)
		if pending {
			out.WriteString(held.String())
			held.Reset()
		}
	}
	if !pending {
		fmt.Fprintln(out, "No changes. Intercom holds what the configuration wants.")
		if held.Len() > 0 {
			fmt.Fprintln(out, "\nNothing will be done about these:")
		}
	}
	out.WriteString(held.String())
	more := 0
	for _, n := range shown {
		if o.PerSet > 0 && n > o.PerSet {
			more += n - o.PerSet
		}
	}
	if more > 0 {
		fmt.Fprintf(out, "  … and %d more like these; --all shows every one\n", more)
	}
	rules.write(out)
	reclaims.write(out)
	fmt.Fprintf(out, "\n%s\n", sum.Line())
	if rest := sum.Rest(); rest != "" {
		fmt.Fprintf(out, "Besides: %s.\n", rest)
	}
	return sum, out.Flush()
}

func writeChange(out io.Writer, m masker, c *plan.Change, color bool) {
	symbol := symbols[c.Action]
	if code := colors[c.Action]; color && code != "" {
		symbol = "\x1b[" + code + "m" + symbol + "\x1b[0m"
	}
	fmt.Fprintf(out, "  %s %s", symbol, m.address(c.Address))
	switch c.Action {
	case plan.Create, plan.AppendTo, plan.Update:
	default:
		fmt.Fprintf(out, "  (%s)", c.Action)
	}
	if c.Reason != "" {
		fmt.Fprintf(out, "  # %s", m.maskText(c.Reason))
	}
	fmt.Fprintln(out)
	for _, f := range slices.Concat(c.Fields, c.Deferred) {
		m := m.naming(f.Addresses)
		switch f.What {
		case "set":
			if c.Action == plan.Create || f.Before == nil {
				fmt.Fprintf(out, "      + %s = %s\n", f.Field, m.value(c.Kind, f.Field, f.After))
			} else {
				fmt.Fprintf(out, "      ~ %s: %s -> %s\n", f.Field, m.value(c.Kind, f.Field, f.Before), m.value(c.Kind, f.Field, f.After))
			}
		case "add":
			follows := ""
			if f.Reason == plan.Follows {
				follows = "  # " + f.Reason
			}
			fmt.Fprintf(out, "      + %s %s%s\n", f.Field, m.value(c.Kind, f.Field, f.After), follows)
		case "remove":
			fmt.Fprintf(out, "      - %s %s\n", f.Field, m.value(c.Kind, f.Field, f.After))
		case "conflict":
			fmt.Fprintf(out, "      ! %s: last sent %s, wanted %s, in Intercom %s\n", f.Field, m.value(c.Kind, f.Field, f.Base), m.value(c.Kind, f.Field, f.After), m.value(c.Kind, f.Field, f.Before))
		default:
			why := ""
			if f.Reason != "" {
				why = "  # " + m.maskText(f.Reason)
			}
			fmt.Fprintf(out, "      %s %s: %s stays, wanted %s%s\n", map[string]string{"keep": "·", "frozen": "#"}[f.What], f.Field, m.value(c.Kind, f.Field, f.Before), m.value(c.Kind, f.Field, f.After), why)
		}
	}
	if c.Action == plan.Manual {
		writeWanted(out, m, c)
	}
	appends, there := 0, 0
	late := map[string]int{}
	for _, p := range c.Parts {
		if p.What == "append" {
			appends++
			late[p.Reason]++
		} else if p.What == "adopt" {
			there++
		} else if p.Reason != "" {
			fmt.Fprintf(out, "      · %s\n", m.maskText(strings.TrimSpace(p.List+" "+p.Reason)))
		}
	}
	if there > 0 {
		fmt.Fprintf(out, "      = %d parts are there already\n", there)
	}
	if appends > 0 {
		fmt.Fprintf(out, "      > %d parts\n", appends)
	}
	for _, reason := range []string{plan.PartLate, plan.PartBefore} {
		if late[reason] > 0 {
			fmt.Fprintf(out, "      > %d of them: %s\n", late[reason], reason)
		}
	}
	for _, p := range c.Problems {
		fmt.Fprintf(out, "      x %s\n", m.maskText(strings.TrimSpace(p.Field+" "+p.Text)))
	}
	for _, p := range c.Notes {
		fmt.Fprintf(out, "      i %s\n", m.maskText(strings.TrimSpace(p.Field+" "+p.Text)))
	}
}

// writeWanted names what a person has to type in: the plain values of a manual step.
func writeWanted(out io.Writer, m masker, c *plan.Change) {
	for _, name := range slices.Sorted(maps.Keys(c.Want)) {
		switch v := c.Want[name].(type) {
		case nil, plan.Ref:
		case []plan.Value:
			if len(v) > 0 && !slices.ContainsFunc(v, func(e plan.Value) bool { _, text := e.(string); return !text }) {
				fmt.Fprintf(out, "      * %s = %s\n", name, m.value(c.Kind, name, v))
			}
		default:
			fmt.Fprintf(out, "      * %s = %s\n", name, m.value(c.Kind, name, v))
		}
	}
}

// JSON writes a plan as one document: {"changes":[…],"summary":{action:N}} with the extra members of head before them, and
// "rules" and "reclaimable" behind them where there are such. Personal values are replaced by null and named in "masked".
func JSON(w io.Writer, head map[string]any, changes iter.Seq2[plan.Change, error], o Options) (Summary, error) {
	out := bufio.NewWriter(w)
	m := newMasker(o)
	sum := Summary{}
	fmt.Fprint(out, "{")
	enc, err := json.Marshal(head)
	if err != nil {
		return sum, err
	}
	if len(head) > 0 {
		out.Write(enc[1 : len(enc)-1])
		fmt.Fprint(out, ",")
	}
	fmt.Fprint(out, `"changes":[`)
	first, rules, reclaims := true, Rules{}, Reclaims{}
	for c, err := range changes {
		if err != nil {
			return sum, err
		}
		sum.Add(&c)
		rules.Add(m, &c)
		reclaims.Add(m, &c)
		if c.Action == plan.NoOp || c.Action == plan.Skip {
			continue
		}
		text, err := json.Marshal(m.change(c))
		if err != nil {
			return sum, fmt.Errorf("render %s: %w", c.Address, err)
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteByte('\n')
		out.Write(text)
	}
	counts, err := json.Marshal(sum)
	if err != nil {
		return sum, err
	}
	fmt.Fprintf(out, "\n],\"summary\":%s", counts)
	if list := rules.List(); len(list) > 0 {
		text, err := json.Marshal(list)
		if err != nil {
			return sum, err
		}
		fmt.Fprintf(out, ",\"rules\":%s", text)
	}
	if list := reclaims.List(); len(list) > 0 {
		text, err := json.Marshal(list)
		if err != nil {
			return sum, err
		}
		fmt.Fprintf(out, ",\"reclaimable\":%s", text)
	}
	fmt.Fprint(out, "}\n")
	return sum, out.Flush()
}

// A shownChange is a change as programs outside read it.
type shownChange struct {
	Address    string         `json:"address"`
	Kind       string         `json:"kind"`
	Action     plan.Action    `json:"action"`
	Reason     string         `json:"reason,omitempty"`
	ID         string         `json:"id,omitempty"`
	Fields     []shownField   `json:"fields,omitempty"`
	Parts      map[string]int `json:"parts,omitempty"`
	Candidates []string       `json:"candidates,omitempty"`
	MovedFrom  string         `json:"moved_from,omitempty"`
	MergedInto string         `json:"merged_into,omitempty"`
	Cause      string         `json:"cause,omitempty"`
	Problems   []plan.Problem `json:"problems,omitempty"`
	Notes      []plan.Problem `json:"notes,omitempty"`
	Row        string         `json:"row,omitempty"`
}

type shownField struct {
	Field  string          `json:"field"`
	What   string          `json:"what"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Masked bool            `json:"masked,omitempty"`
	Reason string          `json:"reason,omitempty"`
	// Addresses name the ids in before and after.
	Addresses map[string]string `json:"addresses,omitempty"`
}

func (m masker) change(c plan.Change) shownChange {
	s := shownChange{Address: m.address(c.Address), Kind: c.Kind, Action: c.Action, Reason: m.maskText(c.Reason), ID: c.ID, Candidates: c.Candidates, MovedFrom: c.MovedFrom,
		MergedInto: m.maskAddress(c.MergedInto), Cause: m.maskAddress(c.Cause), Row: c.Row}
	for _, p := range c.Problems {
		p.Text = m.maskText(p.Text)
		s.Problems = append(s.Problems, p)
	}
	for _, p := range c.Notes {
		p.Text = m.maskText(p.Text)
		s.Notes = append(s.Notes, p)
	}
	for _, f := range slices.Concat(c.Fields, c.Deferred) {
		sf := shownField{Field: f.Field, What: f.What, Reason: f.Reason}
		if m.personal(c.Kind, f.Field, f.Before, f.After) {
			sf.Masked = true
		} else {
			sf.Before, sf.After = m.raw(f.Before), m.raw(f.After)
			for id, addr := range f.Addresses {
				if sf.Addresses == nil {
					sf.Addresses = map[string]string{}
				}
				sf.Addresses[id] = m.maskAddress(addr)
			}
		}
		s.Fields = append(s.Fields, sf)
	}
	for _, p := range c.Parts {
		if s.Parts == nil {
			s.Parts = map[string]int{}
		}
		s.Parts[p.What]++
		if p.Reason == plan.PartLate || p.Reason == plan.PartBefore {
			s.Parts["late"]++
		}
	}
	return s
}

// raw is the canonical text of a value with references as masked addresses.
func (m masker) raw(v plan.Value) json.RawMessage {
	if v == nil {
		return nil
	}
	switch v := v.(type) {
	case plan.Ref:
		return plan.Canonical(m.show(v))
	case []plan.Value:
		out := make([]plan.Value, len(v))
		for i, e := range v {
			if r, ok := e.(plan.Ref); ok {
				out[i] = m.show(r)
			} else {
				out[i] = e
			}
		}
		return plan.Canonical(out)
	}
	return plan.Canonical(v)
}
