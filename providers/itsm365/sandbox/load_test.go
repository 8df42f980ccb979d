package sandbox_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"deskform/providers/itsm365/sandbox"
)

func TestBrokenData(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"broken JSON", "ou.jsonl", "{\"UUID\":\"ou$1\",\"metaClass\":\"ou$ou\"}\n\n{\"UUID\":", "ou.jsonl:3: read JSON"},
		{"two objects in a line", "ou.jsonl", `{"UUID":"ou$1","metaClass":"ou$ou"}{}`, "ou.jsonl:1: read JSON: more than one object"},
		{"not an object", "ou.jsonl", `null`, "ou.jsonl:1: read JSON: not an object"},
		{"no UUID", "ou.jsonl", `{"metaClass":"ou$ou"}`, `ou.jsonl:1: UUID "" is not class$number`},
		{"UUID without a number", "ou.jsonl", `{"UUID":"ou$x","metaClass":"ou$ou"}`, `UUID "ou$x" is not class$number`},
		{"no metaClass", "ou.jsonl", `{"UUID":"ou$1"}`, "ou.jsonl:1: no metaClass"},
		{"UUID twice", "ou.jsonl", "{\"UUID\":\"ou$1\",\"metaClass\":\"ou$ou\"}\n{\"UUID\":\"ou$1\",\"metaClass\":\"ou$ou\"}", "ou.jsonl:2: UUID ou$1 is there already"},
		{"type in the UUID", "ou.jsonl", `{"UUID":"team$1","metaClass":"ou$ou"}`, "ou.jsonl:1: team$1: metaClass ou$ou is not of class team"},
		{"wrong file", "ou.jsonl", `{"UUID":"team$1","metaClass":"team$team"}`, "ou.jsonl:1: team$1 belongs into team.jsonl"},
		{"link to nothing", "ou.jsonl", `{"UUID":"ou$1","metaClass":"ou$ou","parent":"ou$2"}`, "ou.jsonl:1: ou$1: parent: there is no ou$2"},
		{"link to nothing in a list", "team.jsonl", `{"UUID":"team$1","metaClass":"team$team","members":["employee$2"]}`, "team.jsonl:1: team$1: members: there is no employee$2"},
		{"code in place of a UUID", "serviceCall.jsonl", `{"UUID":"serviceCall$1","metaClass":"serviceCall$call","priority":"high"}`, `priority: "high" is no UUID`},
		{"instant in another layout", "ou.jsonl", `{"UUID":"ou$1","metaClass":"ou$ou","creationDate":"02.03.2026"}`, `ou.jsonl:1: ou$1: creationDate: "02.03.2026"`},
		{"instant with an offset", "ou.jsonl", `{"UUID":"ou$1","metaClass":"ou$ou","creationDate":"2026-03-02T06:14:55+03:00"}`, `ou.jsonl:1: ou$1: creationDate`},
		{"catalog item without a code", "catalogs.jsonl", `{"UUID":"priority$1","metaClass":"priority","title":"x"}`, "catalogs.jsonl:1: priority$1: a catalog item needs a code"},
		{"nothing", "README.md", "", "there is no .jsonl file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sandbox.New(sandbox.Options{FS: fstest.MapFS{c.file: {Data: []byte(c.text)}}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWrongOptions(t *testing.T) {
	for want, opt := range map[string]sandbox.Options{
		"server zone":        {ServerZone: "Mars/Olympus"},
		"cannot be negative": {PageCeiling: -1},
		"read nowhere":       {Dir: "nowhere"},
	} {
		if _, err := sandbox.New(opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// What a dump holds is what was read: it can be read again, and nothing of it changes.
func TestDumpIsADataDirectory(t *testing.T) {
	first := open(t, nil)
	var dump strings.Builder
	if err := first.Dump(&dump); err != nil {
		t.Fatal(err)
	}
	byFile := map[string]string{}
	for line := range strings.Lines(dump.String()) {
		name := "catalogs"
		for class := range tenant {
			if c, ok := strings.CutSuffix(class, ".jsonl"); ok && strings.Contains(line, `"UUID":"`+c+`$`) {
				name = c
			}
		}
		byFile[name+".jsonl"] += line
	}
	again := open(t, func(o *sandbox.Options) { o.FS = files(byFile) })
	for _, class := range strings.Fields("serviceCall employee comment file objectBase category shops") {
		if a, b := first.get("find/"+class), again.get("find/"+class); a != b {
			t.Errorf("%s: %s\nbecame %s", class, a, b)
		}
	}
	if got, want := first.get("/_sandbox/dump"), dump.String(); got != want {
		t.Error("the dump over HTTP differs from Dump")
	}
}
