package providertest

import (
	"os/exec"
	"testing"
)

// Browser is the path of a Chromium or Chrome. Without one the test is skipped by name.
func Browser(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium and no google-chrome on PATH, in which the pages are opened")
	return ""
}
