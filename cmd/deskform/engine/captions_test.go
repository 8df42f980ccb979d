package engine_test

import (
	"testing"

	"deskform/providers/export"
	"deskform/providers/itsm365"
)

// Captions of exports lead to attributes that the model of the service knows, so that files and API give the same columns.
func TestCaptionsAreAttributes(t *testing.T) {
	seen := 0
	for class, codes := range export.CaptionCodes() {
		columns := itsm365.Columns(class)
		for _, code := range codes {
			seen++
			if _, ok := columns[code]; !ok && code != "password" { // which is never read
				t.Errorf("%s has no attribute %s", class, code)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d captions", seen)
	}
}
