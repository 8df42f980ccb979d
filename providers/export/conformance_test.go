package export_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/xuri/excelize/v2"

	"deskform/plan"
	"deskform/providers/export"
	"deskform/providers/providertest"
)

// TestConformance tries each format, plain and gzipped, on the same three rows and, where a row can be broken, a fourth.
func TestConformance(t *testing.T) {
	csv := "id,name,at,n,on\n1,Ann,2026-01-05T10:00:00Z,4,true\n2,Bob,,5,false\n3,\"Cid, jun.\",2026-01-06T10:00:00Z,,\n4,too,many,fields,in,this,row\n"
	jsonl := `{"id":"1","name":"Ann","at":"2026-01-05T10:00:00Z","n":4,"on":true}` + "\n" + `{"id":"2","name":null,"n":5.5}` + "\n" + `{"id":"3"}` + "\n" + `{"id":"4",` + "\n"
	book := excelize.NewFile()
	for i, row := range [][]any{{"id", "name", "n"}, {"1", "Ann", 4}, {"2", "Bob", 5.5}, {"3", nil, nil}} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = book.SetSheetRow("Sheet1", cell, &row)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var xlsx bytes.Buffer
	if err := book.Write(&xlsx); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		file         string
		content      []byte
		rows, broken int
	}{{"a.csv", []byte(csv), 4, 1}, {"a.jsonl", []byte(jsonl), 4, 1}, {"a.xlsx", xlsx.Bytes(), 3, 0}} {
		var packed bytes.Buffer
		gz := gzip.NewWriter(&packed)
		if _, err := gz.Write(tt.content); err != nil || gz.Close() != nil {
			t.Fatal("gzip")
		}
		for name, content := range map[string][]byte{tt.file: tt.content, tt.file + ".gz": packed.Bytes()} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) {
				src, err := export.New(nil)
				if err != nil {
					t.Fatal(err)
				}
				providertest.Source(t, src, providertest.Collection{
					Data: plan.Data{Type: "export", Name: "a", Dir: dir, Args: map[string]plan.Value{"file": name}, Key: []string{"id"}},
					Rows: tt.rows, Broken: tt.broken})
			})
		}
	}
}
