package intercom

import (
	"cmp"
	"fmt"
	"maps"
	"unicode/utf8"

	"deskform/plan"
)

// threadParts is how many messages one conversation of a thread takes where on_long_thread = "split" and nothing else is
// said: of the 500 parts that Intercom shows (IC trap 6), the rest is left for assignments, states and what agents write.
const threadParts = 450

// threadFields are the arguments about the length of a thread.
func threadFields() []plan.Field {
	return []plan.Field{
		{Name: "on_long_thread", Type: plan.TypeEnum, Enum: []string{"keep", "split"}, Mode: plan.Mutable, Local: true, Default: "keep",
			Doc: "What becomes of a thread of more than 500 parts, of which Intercom shows only the newest 500 (IC trap 6): it is written whole all the same and counted by the plan (`keep`), or it goes on in more conversations or tickets (`split`), whose keys are KEY#2, KEY#3 and so on. What was written once never moves; what comes late goes on at the end."},
		{Name: "thread_parts", Type: plan.TypeInt, Mode: plan.Mutable, Local: true,
			Doc: fmt.Sprintf("How many messages of a thread that is split one conversation takes, from 1 to %d, which it is when left out: the rest of the 500 is for what Intercom and agents add.", threadParts)},
	}
}

// threadLimit takes the arguments about the length of a thread.
func (n *normal) threadLimit() {
	split := n.takeString("on_long_thread") == "split"
	most, said := n.w.Fields["thread_parts"].(int64)
	delete(n.w.Fields, "thread_parts")
	if said && (most < 1 || most > threadParts) {
		n.problem("thread_parts", "bad_limit", fmt.Sprintf("is a number from 1 to %d (IC trap 6)", threadParts))
		most = 0
	}
	if !split {
		if len(n.w.Parts) > maxParts {
			n.note("parts", "long_thread", fmt.Sprintf("has %d parts, of which Intercom shows the newest %d (IC trap 6); on_long_thread = \"split\" lets it go on in more conversations", len(n.w.Parts), maxParts))
		}
		return
	}
	n.w.MaxParts = int(cmp.Or(most, threadParts))
	if root, _, ok := plan.ContinuationOf(n.w.Key); ok {
		n.problem("key", "taken", fmt.Sprintf("is what the thread of %s goes on under with on_long_thread = \"split\"; write another key", root))
	}
	for _, p := range n.w.Parts {
		if p.List == plan.ThreadList {
			n.problem(p.List, "taken", "is the list in which deskform notes where a thread goes on; give the part block another name")
			break
		}
	}
}

// Continue makes the n-th record of a thread: all that the first one has, but for its parts and its first message, which says
// whose thread it is. Its title ends with its number.
func (d *Destination) Continue(root *plan.Want, n int) *plan.Want {
	w := &plan.Want{Key: plan.ContinuationKey(root.Key, n), Fields: maps.Clone(root.Fields), Row: root.Row, Problems: root.Problems, Continues: root.Key}
	w.Fields["body"] = fmt.Sprintf("This continues ticket %s: part %d. What was said before stands in part %d.", threadNumber(root), n, n-1)
	if title, ok := w.Fields["title"].(string); ok && title != "" {
		suffix := fmt.Sprintf(" (%d)", n)
		if room := maxAttribute - utf8.RuneCountInString(suffix); utf8.RuneCountInString(title) > room {
			title = title[:runeIndex(title, room-1)] + "…" // the whole title is that of the first one
		}
		w.Fields["title"] = title + suffix
	}
	return w
}

// GoesOn is the note at the end of the n-th record of a thread that has a next one.
func (d *Destination) GoesOn(root *plan.Want, n int) plan.PartWant {
	private := true
	return plan.PartWant{List: plan.ThreadList, Key: "next", SourcePrivate: &private, Fields: plan.Fields{"private": true, "author": plan.Author("actor", ""),
		"body": fmt.Sprintf("<p>The thread of ticket %s goes on in part %d, which is a record of its own.</p>", safe(threadNumber(root)), n+1)}}
}

// threadNumber is how people find the records of a thread.
func threadNumber(root *plan.Want) string {
	number, _ := root.Fields["number"].(string)
	return cmp.Or(squeezed(strip(number)), root.Key)
}
