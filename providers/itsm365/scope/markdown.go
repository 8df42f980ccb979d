package scope

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Markdown writes a document in English or Russian. What comes from the tenant breaks out of no cell, mentions nobody and
// makes no link.
func Markdown(out io.Writer, d *Document, lang string) error {
	s, ok := newSpeaker(lang)
	if !ok {
		return fmt.Errorf("scope document: there is no language %q; choose en or ru", lang)
	}
	p := writer{s, d}.paper()
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "# %s\n", mdText(p.Title))
	for _, line := range p.Subtitle {
		fmt.Fprintf(w, "\n%s\n", mdText(line))
	}
	for _, s := range p.Sections {
		fmt.Fprintf(w, "\n## %s\n", mdText(s.Title))
		for _, b := range s.Blocks {
			mdBlock(w, b)
		}
	}
	fmt.Fprintf(w, "\n---\n\n%s\n", mdText(p.Foot))
	return w.Flush()
}

func mdBlock(w io.Writer, b block) {
	if b.Head != "" {
		fmt.Fprintf(w, "\n### %s\n", mdText(b.Head))
	}
	if b.Text != "" {
		fmt.Fprintf(w, "\n%s\n", mdText(b.Text))
	}
	if len(b.Cards) > 0 {
		fmt.Fprintln(w)
		for _, c := range b.Cards {
			fmt.Fprintf(w, "- **%s** %s\n", mdText(c.Value), mdText(c.Label))
		}
	}
	if len(b.List) > 0 {
		fmt.Fprintln(w)
		for _, line := range b.List {
			fmt.Fprintf(w, "- %s\n", mdText(line))
		}
	}
	if b.Table != nil && len(b.Table.Rows) > 0 {
		mdTable(w, b.Table)
	}
	for _, column := range b.Columns {
		for _, inner := range column {
			mdBlock(w, inner)
		}
	}
	if b.Chart != nil && b.Chart.Values != nil { // the chart in parts says what the table below it says
		mdChart(w, b.Chart)
	}
}

func mdTable(w io.Writer, t *table) {
	fmt.Fprint(w, "\n|")
	for _, h := range t.Head {
		fmt.Fprintf(w, " %s |", mdText(h))
	}
	fmt.Fprint(w, "\n|")
	for i := range t.Head {
		if t.right(i) {
			fmt.Fprint(w, " ---: |")
		} else {
			fmt.Fprint(w, " --- |")
		}
	}
	fmt.Fprintln(w)
	for n, row := range t.Rows {
		fmt.Fprint(w, "|")
		for i, cell := range row {
			switch {
			case t.Total && n == len(t.Rows)-1 && cell != "":
				fmt.Fprintf(w, " **%s** |", mdText(cell))
			case t.code(i) && cell != "":
				fmt.Fprintf(w, " %s |", mdCode(cell))
			default:
				fmt.Fprintf(w, " %s |", mdText(cell))
			}
		}
		fmt.Fprintln(w)
	}
}

func (t *table) right(i int) bool { return i < len(t.Right) && t.Right[i] }
func (t *table) code(i int) bool  { return i < len(t.Code) && t.Code[i] }

// barWidth is how long the longest bar is, in characters.
const barWidth = 40

func mdChart(w io.Writer, c *chart) {
	most, wide := max(1, slices.Max(append([]int{0}, c.Values...))), 0
	for _, l := range c.Labels {
		wide = max(wide, utf8.RuneCountInString(l))
	}
	fmt.Fprintf(w, "\n%s\n\n```text\n", mdText(c.Title))
	for i, v := range c.Values {
		bar := v * barWidth / most
		if v > 0 {
			bar = max(bar, 1)
		}
		line := c.Labels[i] + strings.Repeat(" ", wide-utf8.RuneCountInString(c.Labels[i])) + " " + strings.Repeat("█", bar) + " " + c.Texts[i]
		fmt.Fprintln(w, strings.ReplaceAll(line, "`", "'"))
	}
	fmt.Fprintln(w, "```")
}

var mdSigns = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "#", "\\#",
	"|", "\\|", "~", "\\~", "$", "\\$", "@", "&#64;", "&", "&amp;", "!", "\\!", "\n", " ", "\r", " ", "://", ":&#47;/")

// mdText is a text in which nothing has a meaning of Markdown.
func mdText(s string) string { return mdSigns.Replace(s) }

// mdCode is a text as code on one line, in a table too.
func mdCode(s string) string {
	s = strings.NewReplacer("`", "'", "|", "¦", "\n", " ", "\r", " ").Replace(s)
	return "`" + s + "`"
}
