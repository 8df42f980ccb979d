package itsm365_test

import (
	"context"
	"strings"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

// tape is a memory of a pull in a map.
type tape map[string]string

func (t tape) Recall(_ context.Context, question string) ([]byte, bool, error) {
	answer, ok := t[question]
	return []byte(answer), ok, nil
}

func (t tape) Keep(_ context.Context, question string, answer []byte) error {
	t[question] = string(answer)
	return nil
}

// TestMemoryHasNoKeys: neither what is remembered of an interrupted pull nor a row has the key of a one-click link, or the one
// that is read with (IT 8.5.7), and the rows are the same, made of the answers or of what is remembered.
func TestMemoryHasNoKeys(t *testing.T) {
	const embedded = "dddddddd-4a59-4687"
	_, w := tenant(t, sandbox.Options{FS: dir(map[string]string{"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","title":"1",` +
		`"descriptionRTF":"<a href=\"https://acme.itsm365.com/sd/services/rest/edit/serviceCall$1?accessKey=` + embedded + `&amp;x=1\">5</a> by ` + key + `","shortDescr":"` + strings.ReplaceAll(key, "-", `\u002d`) + `!"}`})})
	kept := tape{} // a page and the end of the list are two calls, made once
	var rows []string
	for range 2 {
		src := source(t, w, nil)
		src.Remember(kept)
		for _, r := range mustRead(t, src, pages("serviceCall", "descriptionRTF", "shortDescr")) {
			rows = append(rows, string(r.JSON))
		}
	}
	if w.calls("find/serviceCall") != 2 || len(rows) != 2 || rows[0] != rows[1] || !strings.Contains(rows[0], `?accessKey=(key-removed)&amp;x=1\">5</a> by (key-removed)"`) || !strings.Contains(rows[0], `"(key-removed)!"`) {
		t.Errorf("%d calls, rows %q", w.calls("find/serviceCall"), rows)
	}
	if len(kept) == 0 {
		t.Error("nothing is remembered")
	}
	for question, answer := range kept {
		if strings.Contains(answer, embedded) || strings.Contains(answer, key) || strings.Contains(question, key) || strings.Contains(answer, `\u002d`) {
			t.Errorf("%s is remembered as %s", question, answer)
		}
	}
}
