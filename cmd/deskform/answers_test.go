package main

import (
	"strings"
	"testing"

	intercomsandbox "deskform/providers/intercom/sandbox"
)

// TestAnswersAreMasked: what Intercom answers may repeat whom it is about; nobody reads that without asking for it. All
// that waits for the record is counted under its cause, a second row of the same person too.
func TestAnswersAreMasked(t *testing.T) {
	s := newStage(t)
	defer s.close()
	if err := s.sandbox.AddFaults(intercomsandbox.Fault{Kind: "status", Operation: "CreateContact", Status: 422, Code: "data_invalid",
		Message: `ann@acme.example, phone +7 916 123-45-67 of "Ann Smith" (lead) is refused`}); err != nil {
		t.Fatal(err)
	}
	hidden := []string{"ann@acme", "916", "Ann Smith", "lead)"}
	code, out := s.run(nil, append(applyArgs, "--parallelism", "1")...)
	if code != exitIncomplete {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	// The plan is masked as ever; what follows it is the apply's.
	seen := map[string]string{"apply": out}
	for _, format := range []string{"text", "csv", "jsonl"} {
		_, seen[format] = s.run(nil, "state", "list", "--set-aside", "--format", format)
		_, revealed := s.run(nil, "state", "list", "--set-aside", "--format", format, "--reveal")
		for _, h := range hidden {
			if !strings.Contains(revealed, h) {
				t.Errorf("%s --reveal lacks %q:\n%s", format, h, revealed)
			}
		}
	}
	for what, text := range seen {
		for _, h := range hidden {
			if strings.Contains(text, h) {
				t.Errorf("%s shows %q:\n%s", what, h, text)
			}
		}
		if !strings.Contains(text, "HTTP 422 data_invalid: (personal), phone (phone) of ") || !strings.Contains(text, " is refused") {
			t.Errorf("%s lacks the fixed words:\n%s", what, text)
		}
	}
	if text := seen["text"]; !strings.Contains(text, "2 records wait for it") || !strings.Contains(text, "3 records are set aside, for 1 causes.") {
		t.Errorf("e3, the second row of e1, and t1 wait for e1:\n%s", text)
	}
	if code, out := s.run(nil, applyArgs...); code != 0 {
		t.Errorf("again: exit code %d\n%s", code, out)
	}
	if _, out := s.run(nil, "state", "list", "--set-aside"); !strings.Contains(out, "0 records are set aside") {
		t.Errorf("after it was written: %s", out)
	}
}
