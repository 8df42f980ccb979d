package itsm365_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"deskform/plan"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/providertest"
)

// TestTraps: each trap of section 7 of the reference has an answer in the package documentation; each test that it names is
// there, and those that no other test shows are shown here.
func TestTraps(t *testing.T) { providertest.Traps(t, 28, ownTraps()) }

// ownTraps are the traps that only TestTraps shows.
func ownTraps() map[int]func(*testing.T) {
	// first is the first row of a class, read as a pull reads it.
	first := func(t *testing.T, class string, o sandbox.Options, files map[string]string) map[string]any {
		t.Helper()
		o.FS = dir(files)
		_, w := tenant(t, o)
		return values(t, mustRead(t, source(t, w, nil), data(class))[0])
	}
	same := func(t *testing.T, row map[string]any, want map[string]any) {
		t.Helper()
		for name, v := range want {
			if got, ok := row[name]; !ok || !reflect.DeepEqual(got, v) {
				t.Errorf("%s is %#v, want %#v", name, got, v)
			}
		}
	}
	return map[int]func(*testing.T){
		5: func(t *testing.T) {
			same(t, first(t, "serviceCall", sandbox.Options{}, map[string]string{"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1042,"title":"RP1042"}`}),
				map[string]any{"number": 1042.0, "title": "RP1042"})
		},
		6: func(t *testing.T) {
			same(t, first(t, "serviceCall", sandbox.Options{}, map[string]string{"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"descriptionRTF":"<div>a</div>","descriptionInRTF":"<div>b</div>","description":"c"}`}),
				map[string]any{"descriptionRTF": "<div>a</div>", "descriptionInRTF": "<div>b</div>", "description": "c"})
		},
		7: func(t *testing.T) {
			same(t, first(t, "ou", sandbox.Options{}, map[string]string{"ou.jsonl": `{"UUID":"ou$1","metaClass":"ou$ou","title":"x","adress":"Here 1"}`}), map[string]any{"adress": "Here 1"})
			same(t, first(t, "serviceCall", sandbox.Options{}, map[string]string{
				"catalogs.jsonl":    `{"UUID":"wayAdressing$5","metaClass":"wayAdressing","code":"email","title":"Mail"}`,
				"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"postoponeTill":"2026-03-02T06:00:00Z","wayAddressing":"wayAdressing$5","reactionTime":{"status":"STOPED","elapsed":1}}`,
			}), map[string]any{"postoponeTill": "2026-03-02T06:00:00Z", "wayAddressing": map[string]any{"UUID": "wayAdressing$5", "metaClass": "wayAdressing", "code": "email", "title": "Mail"}, "reactionTime": map[string]any{"status": "STOPED", "elapsed": 1.0}})
			same(t, first(t, "objectBase", sandbox.Options{}, map[string]string{"objectBase.jsonl": `{"UUID":"objectBase$1","metaClass":"objectBase$Notebook","title":"x","inventoryNumbe":"7"}`}), map[string]any{"inventoryNumbe": "7"})
		},
		17: func(t *testing.T) {
			same(t, first(t, "serviceCall", sandbox.Options{}, map[string]string{"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$call","number":1,"clientName":"Anna","clientEmail":"anna@acme.example","clientPhone":"+7 900","clientNotFound":true}`}),
				map[string]any{"client": nil, "clientEmployee": nil, "clientName": "Anna", "clientEmail": "anna@acme.example", "clientPhone": "+7 900", "clientNotFound": true})
		},
		18: func(t *testing.T) {
			for asNull, want := range map[bool]any{false: []any{}, true: nil} {
				same(t, first(t, "serviceCall", sandbox.Options{EmptyAsNull: asNull}, tickets(1)), map[string]any{"observers": want, "files": want})
			}
		},
		19: func(t *testing.T) {
			files := map[string]string{
				"catalogs.jsonl": `{"UUID":"category$1","metaClass":"category","code":"print","title":"Print","folder":true}
{"UUID":"category$2","metaClass":"category","code":"printer","title":"Printer","folder":false,"parent":"category$1","removed":true}`,
				"serviceCall.jsonl": `{"UUID":"serviceCall$1","metaClass":"serviceCall$request","number":1,"baseCategory":"category$2"}`,
			}
			same(t, first(t, "serviceCall", sandbox.Options{}, files), map[string]any{"baseCategory": map[string]any{"UUID": "category$2", "metaClass": "category", "code": "printer", "title": "Printer"}})
			same(t, first(t, "category", sandbox.Options{}, files), map[string]any{"code": "print", "folder": true})
			_, w := tenant(t, sandbox.Options{FS: dir(files)})
			if rows := mustRead(t, source(t, w, nil), data("category")); len(rows) != 2 || values(t, rows[1])["removed"] != true {
				t.Errorf("%v", keys(rows))
			}
		},
		20: func(t *testing.T) {
			files := tickets(2)
			files["comment.jsonl"] = `{"UUID":"comment$11","metaClass":"comment","text":"a","source":"serviceCall$1","hasCopyes":true}
{"UUID":"comment$12","metaClass":"comment","text":"a","source":"serviceCall$2","isCopy":true,"copiedToFrom":["comment$11"]}`
			_, w := tenant(t, sandbox.Options{FS: dir(files)})
			row := values(t, mustRead(t, source(t, w, nil), comments(), "serviceCall$2")[0])
			same(t, row, map[string]any{"isCopy": true})
			if from, _ := row["copiedToFrom"].([]any); len(from) != 1 {
				t.Errorf("copiedToFrom is %v", row["copiedToFrom"])
			}
		},
		28: func(t *testing.T) {
			same(t, first(t, "employee", sandbox.Options{}, map[string]string{"employee.jsonl": `{"UUID":"employee$1","metaClass":"employee$employee","title":"Иванова Анна","commentAuthorAlias":"Support"}`}), map[string]any{"commentAuthorAlias": "Support", "title": "Иванова Анна"})
		},
	}
}

// TestFetchAfterAShift: rows are fetched though everything before them in the list was deleted, and one that is gone itself
// is left out; whatever get does, and however short the server's pages are.
func TestFetchAfterAShift(t *testing.T) {
	for _, denied := range [][]string{nil, {"*"}} {
		for _, ceiling := range []int{0, 2} {
			far, w := tenant(t, sandbox.Options{FS: dir(tickets(30)), PageCeiling: ceiling, Keys: map[string]sandbox.Profile{key: {DenyGet: denied}}})
			src := source(t, w, map[string]plan.Value{"page_size": int64(20)})
			var heads []plan.Head
			for h, err := range src.Heads(t.Context(), data("serviceCall")) {
				if err != nil {
					t.Fatal(err)
				}
				heads = append(heads, h)
			}
			var gone []sandbox.Mutation
			for i := range 8 {
				gone = append(gone, sandbox.Mutation{Op: "delete", UUID: fmt.Sprintf("serviceCall$%d", i+1)})
			}
			if _, err := far.Mutate(append(gone, sandbox.Mutation{Op: "delete", UUID: "serviceCall$26"})...); err != nil {
				t.Fatal(err)
			}
			var got []string
			for rows, err := range src.Fetch(t.Context(), data("serviceCall"), func(yield func(plan.Head, error) bool) {
				_ = yield(heads[11], nil) && yield(heads[24], nil) && yield(heads[25], nil) && yield(heads[29], nil)
			}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, keys(rows)...)
			}
			if slices.Sort(got); !slices.Equal(got, []string{"serviceCall$12", "serviceCall$25", "serviceCall$30"}) {
				t.Errorf("get denied %q, ceiling %d: %v", denied, ceiling, got)
			}
		}
	}
}
