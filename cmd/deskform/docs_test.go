package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestDocs: the pages that are kept in git are what the program prints.
func TestDocs(t *testing.T) {
	for _, tt := range []struct{ command, page string }{
		{"docs", "../../hcl/REFERENCE.md"},
		{"docs capabilities", "../../providers/intercom/CAPABILITIES.md"},
	} {
		t.Run(tt.command, func(t *testing.T) {
			var out, talk bytes.Buffer
			if code := Main(t.Context(), strings.Fields(tt.command), &out, &talk); code != 0 {
				t.Fatalf("exit %d: %s", code, talk.String())
			}
			page, err := os.ReadFile(tt.page)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(page, out.Bytes()) {
				t.Errorf("%s is not what deskform %s prints; write it anew", strings.TrimPrefix(tt.page, "../../"), tt.command)
			}
		})
	}
}
