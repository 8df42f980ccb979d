package report

import (
	"fmt"
	"io"
	"strings"

	"deskform/plan"
)

// Checklist writes the open items of the checklist, nothing when none is open.
func Checklist(w io.Writer, open []plan.CheckItem) error {
	if len(open) == 0 {
		return nil
	}
	var s strings.Builder
	fmt.Fprintf(&s, "\nChecklist: %d open. Apply writes nothing to the sets that need an open item.\n", len(open))
	for _, i := range open {
		CheckItem(&s, i)
	}
	_, err := io.WriteString(w, s.String()+"  Confirm what is done: deskform checklist confirm ITEM --by NAME\n")
	return err
}

// CheckItem writes one item, with a mark when it is confirmed.
func CheckItem(w io.Writer, i plan.CheckItem) {
	mark := "x"
	if i.Open != "" {
		mark = " "
	}
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(w, "      %-5s %s\n", what, visible(text))
		}
	}
	fmt.Fprintf(w, "  [%s] %s  # %s\n", mark, i.Name, visible(strings.Join(i.NeededFor, ", ")))
	line("off:", i.Off)
	line("on:", i.On)
	line("who:", i.Who)
	line("why:", i.Why)
	if i.Open != "" {
		line("open:", i.Open)
	}
}
