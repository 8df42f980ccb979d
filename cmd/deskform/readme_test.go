package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fences = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// TestReadme runs every command of the README in a folder of its own, and finds every configuration and every line of
// output that it shows.
func TestReadme(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute against real waiting")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash, in which the README's commands are run")
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var config strings.Builder
	files, _ := filepath.Glob("../../fixtures/acme/*.hcl")
	for _, f := range files {
		part, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		config.Write(part)
	}
	dir := t.TempDir()
	if out, err := exec.Command("cp", "-r", "../../fixtures", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var script, shown strings.Builder
	script.WriteString("set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n")
	blocks := 0
	for _, m := range fences.FindAllSubmatch(text, -1) {
		blocks++
		body := string(m[2])
		switch kind := string(m[1]); kind {
		case "sh":
			script.WriteString(body)
		case "hcl":
			if !strings.Contains(config.String(), body) {
				t.Errorf("fixtures/acme does not contain this:\n%s", body)
			}
		case "text":
			shown.WriteString(body)
		default:
			t.Errorf("a block of %s is not tested", kind)
		}
	}
	if blocks < 8 {
		t.Fatalf("only %d blocks were found", blocks)
	}
	run := strings.NewReplacer(
		"go run ./cmd/deskform", "deskform",
		"go install ./cmd/deskform", "true",
		"go test ./...", "true", // this is it
		"127.0.0.1:8181", free(t),
		"127.0.0.1:8182", free(t),
	).Replace(script.String())
	cmd := exec.Command(bash, "-c", run)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, stdout.String(), stderr.String())
	}
	for _, line := range strings.Split(strings.TrimSpace(shown.String()), "\n") {
		if !strings.Contains(stdout.String(), line+"\n") {
			t.Errorf("no command prints the line %q", line)
		}
	}
	if t.Failed() {
		t.Log(stdout.String())
	}
	md, err := os.ReadFile(filepath.Join(dir, "plan.md"))
	if err != nil || !bytes.HasPrefix(md, []byte("### deskform plan for workspace acme1\n")) || strings.Count(string(md), "```") != 2 {
		t.Errorf("plan.md: %v\n%.300s", err, md)
	}
}

// free finds an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
