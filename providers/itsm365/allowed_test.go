package itsm365

import (
	"testing"

	"deskform/plan"
	"deskform/providers/transport"
)

// TestAllowed: what may be called is what the list says, and of smpsync, where other calls write (IT 2.8), the one that reads
// the configuration, and only where the block wants it asked for.
func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		name string
		args map[string]plan.Value
		asks bool
	}{
		{"left out", nil, false}, {"never", map[string]plan.Value{"metainfo": "never"}, false}, {"auto", map[string]plan.Value{"metainfo": "auto"}, true},
		{"a file", map[string]plan.Value{"metainfo": "auto", "metainfo_file": "m.xml"}, false}, {"a file, never", map[string]plan.Value{"metainfo_file": "m.xml"}, false},
	} {
		args := map[string]plan.Value{"url": "https://acme.itsm365.com/gate/sd/services/rest/", "access_key": "6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2", "rate": 1e9}
		for k, v := range c.args {
			args[k] = v
		}
		s, err := New(args, Config{Clock: transport.Real{}, Redact: transport.NewRedactor()})
		if err != nil {
			t.Fatal(err)
		}
		// may gives the address, empty for a call that is not made.
		may := func(path string) (url string) {
			defer func() { _ = recover() }()
			r := s.request(path, nil)
			if r.Method != "GET" {
				t.Errorf("%s: %s", path, r.Method)
			}
			return r.URL
		}
		const key, top = "?accessKey=6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2", "https://acme.itsm365.com/gate/sd/services/"
		for path, want := range map[string]string{"find/serviceCall": top + "rest/find/serviceCall" + key, "check-status": top + "rest/check-status"} {
			if got := may(path); got != want {
				t.Errorf("%s: %s: %s", c.name, path, got)
			}
		}
		want := ""
		if c.asks {
			want = top + "smpsync/metainfo" + key
		}
		if got := may("smpsync/metainfo"); got != want {
			t.Errorf("%s: it calls %q, want %q", c.name, got, want)
		}
		for _, path := range []string{
			"smpsync/upload-metainfo", "smpsync/scripts", "smpsync/scripts/status", "smpsync/version", "smpsync", "smpsync/", "smpsync/metainfo/", "smpsync/metainfo/../upload-metainfo",
			"smpsync/metainfo?a=b", "smpsync//metainfo", "metainfo", "edit/serviceCall$1", "delete/serviceCall$1", "create/serviceCall", "exec", "exec-post", "execmf", "add-file/serviceCall$1", "../smpsync/metainfo", "",
		} {
			if got := may(path); got != "" {
				t.Errorf("%s: %s is called as %s", c.name, path, got)
			}
		}
	}
}
