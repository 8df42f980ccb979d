package hcl

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format rewrites a file in the one format. Formatting what Format gave changes nothing. A file that cannot be parsed is
// given back as it is, with diagnostics.
func Format(src []byte, filename string) ([]byte, Diagnostics) {
	f, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos)
	if diags.HasErrors() {
		e := errs{}
		e.all(diags)
		if f == nil || f.Bytes == nil {
			f = &hcl.File{Bytes: src}
		}
		return src, e.settle(map[string]*hcl.File{filename: f})
	}
	out := hclwrite.Format(src)
	// The library's formatter may need a second look at what it moved.
	for range 8 {
		again := hclwrite.Format(out)
		if bytes.Equal(again, out) {
			break
		}
		out = again
	}
	return out, nil
}
