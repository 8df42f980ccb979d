package itsm365_test

import (
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/transport"
)

// TestOpenFor: how much of a time lies in the window.
func TestOpenFor(t *testing.T) {
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		window   string
		from, to time.Duration // since Monday, UTC
		want     time.Duration
	}{
		{"", 0, 7 * 24 * time.Hour, 7 * 24 * time.Hour},
		{"", 10 * time.Second, 12 * time.Second, 2 * time.Second},
		{"17:50-18:30", 0, 7 * 24 * time.Hour, 7 * 40 * time.Minute},
		{"20:00-06:00, sat, sun", 0, 7 * 24 * time.Hour, (5*10 + 48) * time.Hour},
		{"17:50-18:30", 15*time.Hour + 20*time.Minute + 30*time.Second, 16 * time.Hour, 9*time.Minute + 30*time.Second}, // Moscow is three hours ahead
		{"17:50-18:30", 0, 14 * time.Hour, 0},
	} {
		s, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": "k", "window": tt.window}, itsm365.Config{Redact: transport.NewRedactor()})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.OpenFor(monday.Add(tt.from), monday.Add(tt.to)); got != tt.want {
			t.Errorf("%q from %s to %s: %s, want %s", tt.window, tt.from, tt.to, got, tt.want)
		}
	}
}
