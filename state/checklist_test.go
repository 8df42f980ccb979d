package state_test

import (
	"path/filepath"
	"testing"
	"time"

	"deskform/state"
)

// TestConfirmations: the last word on an item holds, in its workspace alone, and outlives the program.
func TestConfirmations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "words.db")
	now := time.UnixMilli(1767600000000).UTC()
	s, err := state.Open(t.Context(), path, state.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	say := func(workspace, item, by string, confirmed bool) {
		t.Helper()
		now = now.Add(time.Minute)
		if err := s.Confirm(t.Context(), state.Confirmation{Workspace: workspace, Item: item, Confirmed: confirmed, By: by, Text: "h1"}); err != nil {
			t.Fatal(err)
		}
	}
	say("ws1", "surveys", "Ann", true)
	say("ws1", "webhooks", "Ann", true)
	say("ws1", "surveys", "Bob", false)
	say("ws2", "surveys", "Cid", true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	for _, tt := range []struct {
		workspace, item string
		want            state.Confirmation
	}{
		{"ws1", "surveys", state.Confirmation{Workspace: "ws1", Item: "surveys", By: "Bob", At: now.Add(-time.Minute), Text: "h1"}},
		{"ws1", "webhooks", state.Confirmation{Workspace: "ws1", Item: "webhooks", Confirmed: true, By: "Ann", At: now.Add(-2 * time.Minute), Text: "h1"}},
		{"ws2", "surveys", state.Confirmation{Workspace: "ws2", Item: "surveys", Confirmed: true, By: "Cid", At: now, Text: "h1"}},
		{"ws2", "webhooks", state.Confirmation{}},
		{"ws3", "surveys", state.Confirmation{}},
	} {
		got, err := s.Confirmations(t.Context(), tt.workspace)
		if err != nil || got[tt.item] != tt.want {
			t.Errorf("%s in %s: %+v, %v, want %+v", tt.item, tt.workspace, got[tt.item], err, tt.want)
		}
	}
}
