package scope_test

import (
	"bytes"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/scope"
	"deskform/providers/transport"
)

// TestWindow: reading waits for the provider's window, and its days by the calendar say so; waiting makes no call slow.
func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		window string
		open   float64
		days   int
		says   []string
		silent string
	}{
		{"", 168, 1, []string{"A machine reads around the clock.", "Читает машина круглые сутки."}, "by the calendar"},
		{"17:50-18:30", 4.67, 4, []string{"| Reading the source (machine) | 17 | 4 |", "for 4.7 hours a week; in days by the calendar that is 4.", "открыто 4,7 ч в неделю",
			"in the 4.7 hours a week of its window", "A machine reads while the provider's window is open, 4.7 hours a week."}, "around the clock"},
	} {
		t.Run(tt.window, func(t *testing.T) {
			c := newClock() // noon in Moscow
			far, err := sandbox.New(sandbox.Options{FS: data(small), Keys: map[string]sandbox.Profile{key: {}}, Clock: c})
			if err != nil {
				t.Fatal(err)
			}
			src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "rate": 1000.0, "window": tt.window},
				itsm365.Config{Clock: c, Redact: transport.NewRedactor(), HTTP: far.RoundTripper()})
			if err != nil {
				t.Fatal(err)
			}
			d, err := scope.Run(t.Context(), src, scope.Options{Zone: moscow(t), Rate: 0.01, PageSize: 500, Clock: c})
			if err != nil {
				t.Fatal(err)
			}
			f := d.Forecast
			if f.CallSeconds != 0 || f.OpenHours != tt.open {
				t.Errorf("%+v", f)
			}
			for _, s := range d.Grade.Steps {
				if s.ID == "pull" && s.Days != tt.days {
					t.Errorf("%v hours of reading take %d days, want %d", f.PullHours, s.Days, tt.days)
				}
			}
			var said bytes.Buffer
			for _, lang := range []string{scope.English, scope.Russian} {
				if err := scope.Markdown(&said, d, lang); err != nil {
					t.Fatal(err)
				}
			}
			for _, s := range tt.says {
				if !strings.Contains(said.String(), s) {
					t.Errorf("it does not say %q", s)
				}
			}
			if strings.Contains(said.String(), tt.silent) {
				t.Errorf("it says %q", tt.silent)
			}
		})
	}
}
