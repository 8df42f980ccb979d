package scope

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"right": func(t *table, i int) bool { return t.right(i) },
	"code":  func(t *table, i int) bool { return t.code(i) },
	"total": func(t *table, i int) bool { return t.Total && i == len(t.Rows)-1 },
	"draw":  draw,
	"parts": drawParts,
}).Parse(pageText))

// HTML writes a document in English or Russian as one page that needs nothing else: no script, no font, no picture from
// anywhere. A policy in its head forbids every request.
func HTML(out io.Writer, d *Document, lang string) error {
	s, ok := newSpeaker(lang)
	if !ok {
		return fmt.Errorf("scope document: there is no language %q; choose en or ru", lang)
	}
	return page.Execute(out, struct {
		paper
		Contents string
	}{writer{s, d}.paper(), s.say("contents")})
}

// JSON writes a document as it is.
func JSON(out io.Writer, d *Document) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// A drawing is a chart laid out on a canvas.
type drawing struct {
	Title, Alt string
	W, H       int
	Base       int // where columns stand
	Columns    []column
	Lines      []gridLine
}

type column struct {
	X, Y, W, H, Mid int
	Label, Text     string
	ShowText        bool
	ShowLabel       bool
}

type gridLine struct {
	Y    int
	Text string
}

// draw lays out columns.
func draw(c *chart) drawing {
	const left, top, height, bottom, width = 44, 18, 150, 22, 900
	d := drawing{Title: c.Title, W: width, H: top + height + bottom, Base: top + height}
	n := max(1, len(c.Values))
	slot := (width - left) / n
	slot = min(slot, 90)
	most := max(1, slices.Max(append([]int{0}, c.Values...)))
	every := 1
	for every*slot < 34 || every*slot < 62 && wideLabels(c) {
		every++
	}
	for i, v := range c.Values {
		h := v * height / most
		if v > 0 {
			h = max(h, 1)
		}
		x := left + i*slot
		d.Columns = append(d.Columns, column{X: x + slot/8, Y: top + height - h, W: max(1, slot-slot/4), H: h, Mid: x + slot/2, Label: c.Labels[i], Text: c.Texts[i],
			ShowText: slot >= 24, ShowLabel: i%every == 0})
		d.Alt += c.Labels[i] + ": " + c.Texts[i] + "; "
	}
	for _, part := range []int{0, 1, 2} {
		d.Lines = append(d.Lines, gridLine{top + height - part*height/2, ""})
	}
	return d
}

// wideLabels: labels of more than four characters need room.
func wideLabels(c *chart) bool {
	return slices.ContainsFunc(c.Labels, func(l string) bool { return len(l) > 4 })
}

// A partRow is a row in parts, in per cent of its own length.
type partRow struct {
	Label, Text      string
	X                [3]int
	W                [3]int
	Y                int
	Good, Fair, Rest int
}

// A partDrawing is rows in parts.
type partDrawing struct {
	Title  string
	Legend [3]string
	W, H   int
	Rows   []partRow
}

// drawParts lays out rows: each is as long as the others, and its parts show the shares.
func drawParts(c *chart) partDrawing {
	const row, left, width, total = 24, 300, 500, 900
	d := partDrawing{Title: c.Title, Legend: c.Legend, W: total, H: row * len(c.Parts)}
	for i, p := range c.Parts {
		sum := max(1, p[0]+p[1]+p[2])
		r := partRow{Label: c.Labels[i], Text: c.Texts[i], Y: i * row, Good: p[0], Fair: p[1], Rest: p[2]}
		at := left
		for k := range p {
			w := p[k] * width / sum
			if p[k] > 0 {
				w = max(w, 2)
			}
			if k == 2 && p[k] > 0 {
				w = max(2, left+width-at)
			}
			r.X[k], r.W[k] = at, w
			at += w
		}
		d.Rows = append(d.Rows, r)
	}
	return d
}
