package itsm365_test

import (
	"os"
	"strings"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

// TestConformance reads classes of the example tenant; how many rows there are is counted from its files.
func TestConformance(t *testing.T) {
	const dir = "../../fixtures/acme/itsm365"
	far, err := sandbox.New(sandbox.Options{Dir: dir, Keys: map[string]sandbox.Profile{"conformance": {}}})
	if err != nil {
		t.Fatal(err)
	}
	src, err := itsm365.New(map[string]plan.Value{"url": "http://itsm365.sandbox/sd/services/rest", "access_key": "conformance", "time_zone": "Europe/Moscow", "rate": 100000.0},
		itsm365.Config{Clock: transport.Real{}, HTTP: network(t, far), Redact: transport.NewRedactor("conformance")})
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range []string{"employee", "ou", "serviceCall", "negotiation", "objectBase"} {
		t.Run(class, func(t *testing.T) {
			providertest.Source(t, src, providertest.Collection{
				Data: plan.Data{Type: "itsm365", Name: class, Args: map[string]plan.Value{"class": class}}, Rows: lines(t, dir+"/"+class+".jsonl", "")})
		})
	}
	owner := "serviceCall$48778"
	t.Run("comments of one owner", func(t *testing.T) {
		providertest.Source(t, src, providertest.Collection{
			Data:   plan.Data{Type: "itsm365", Name: "comments", Args: map[string]plan.Value{"class": "comment"}, Of: []string{"itsm365.tickets"}, By: "source"},
			Owners: []string{owner}, Rows: lines(t, dir+"/comment.jsonl", `"source":"`+owner+`"`)})
	})
}

// lines counts the lines of a file that contain a text.
func lines(t *testing.T, path, text string) int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(content)) {
		if strings.Contains(line, text) && strings.TrimSpace(line) != "" {
			n++
		}
	}
	return n
}
