package report

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"deskform/plan"
)

// Markdown writes a plan for a pull request: the text of Text in a fence that nothing from a ticket can close. Inside a
// fence a mention reaches nobody and a tag is no tag.
func Markdown(w io.Writer, title string, changes iter.Seq2[plan.Change, error], o Options) (Summary, error) {
	o.Color = false
	if _, err := fmt.Fprintf(w, "### %s\n\n```text\n", unfence.Replace(strings.ReplaceAll(title, "\n", " "))); err != nil {
		return nil, err
	}
	sum, err := Text(fenced{w}, changes, o)
	if err != nil {
		return sum, err
	}
	_, err = fmt.Fprintf(w, "```\n")
	return sum, err
}

// unfence keeps the look of a backtick without its meaning.
var unfence = strings.NewReplacer("`", "ˋ")

type fenced struct{ w io.Writer }

func (f fenced) Write(p []byte) (int, error) {
	if _, err := unfence.WriteString(f.w, string(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
