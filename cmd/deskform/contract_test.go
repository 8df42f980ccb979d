package main

import (
	"maps"
	"slices"
	"testing"

	"deskform/cmd/deskform/engine"
	"deskform/providers/providertest/openapi"
	"deskform/providers/transport"
)

// TestContract runs the main job and holds every request that the client sends, and every answer that the sandbox
// gives, against Intercom's own description of its API.
func TestContract(t *testing.T) {
	v := openapi.Load(t, openapi.Differences())
	s := engine.Setup{Dir: "../../fixtures/acme", Vars: map[string]string{}, Env: func(string) (string, bool) { return "", false }, Clock: transport.Real{}}
	r, e, diags, err := engine.Rehearse(t.Context(), s, engine.RehearseOptions{Around: v.RoundTripper})
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	defer e.Close()
	if !r.Passed() {
		t.Errorf("the rehearsal did not pass: %+v", r)
	}
	v.Report(t)
	seen := v.Seen()
	for _, op := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("%s: %d", op, seen[op])
	}
}
