package sandbox_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"deskform/providers/itsm365/sandbox"
)

// Reading and changing at one time is what a tenant in use does; the race detector looks on.
func TestManyAtOnce(t *testing.T) {
	d := open(t, nil)
	client := &http.Client{Transport: d.RoundTripper()}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				res, err := client.Get(d.url + "/sd/services/rest/find/comment/%7Bsource:'serviceCall$70112'%7D?accessKey=good")
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
		all.Go(func() {
			for range 25 {
				uuids, err := d.Mutate(sandbox.Mutation{Op: "append", Attrs: map[string]any{"metaClass": "comment", "source": "serviceCall$70112", "text": "x"}})
				if err == nil {
					_, err = d.Mutate(sandbox.Mutation{Op: "delete", UUID: uuids[0]})
				}
				if err != nil {
					t.Error(err)
				}
				d.Stats()
			}
		})
	}
	all.Wait()
	st := d.Stats()
	if st.Calls["find"]["comment"] != 100 || st.Objects["comment"] != 2 || st.Writes != 0 {
		t.Errorf("%+v", st)
	}
}
