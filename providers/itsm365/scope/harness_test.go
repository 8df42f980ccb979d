package scope_test

import (
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/itsm365/sandbox"
	"deskform/providers/itsm365/scope"
	"deskform/providers/providertest"
	"deskform/providers/transport"
)

const key = "6f1d2c3b-4a59-4687-9b0e-15c8d7a6e4f2"

func newClock() *providertest.Clock {
	return providertest.NewClock(time.Date(2026, 11, 15, 9, 0, 0, 0, time.UTC))
}

// acme is the folder of the example tenant.
func acme() fs.FS { return os.DirFS("../../../fixtures/acme/itsm365") }

// tenant opens a sandbox over data, and a source that reads it with a key of this profile.
func tenant(t testing.TB, data fs.FS, profile sandbox.Profile, change func(*sandbox.Options)) (*itsm365.Source, *sandbox.Server) {
	t.Helper()
	c := newClock()
	o := sandbox.Options{FS: data, Keys: map[string]sandbox.Profile{key: profile}, Clock: c}
	if change != nil {
		change(&o)
	}
	far, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	src, err := itsm365.New(map[string]plan.Value{"url": "https://acme.itsm365.com/sd/services/rest", "access_key": key, "rate": 1000.0},
		itsm365.Config{Clock: c, Redact: transport.NewRedactor(), HTTP: far.RoundTripper()})
	if err != nil {
		t.Fatal(err)
	}
	return src, far
}

func moscow(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

var (
	acmeOnce sync.Once
	acmeDoc  *scope.Document
)

// lookAcme is the document of the example tenant, made once; it is only read.
func lookAcme(t *testing.T) *scope.Document {
	t.Helper()
	acmeOnce.Do(func() {
		acmeDoc = look(t, acme(), func(o *scope.Options) { o.ExpectTime = map[string]string{"1013": "04.03.2025 11:11"} })
	})
	if acmeDoc == nil {
		t.Fatal("the example was not looked over")
	}
	return acmeDoc
}

// look runs a survey over data.
func look(t testing.TB, data fs.FS, change func(*scope.Options)) *scope.Document {
	t.Helper()
	src, far := tenant(t, data, sandbox.Profile{}, nil)
	o := scope.Options{Host: "acme.itsm365.com", Zone: moscow(t), Rate: 2, PageSize: 500, Share: 0.5}
	if change != nil {
		change(&o)
	}
	d, err := scope.Run(t.Context(), src, o)
	if err != nil {
		t.Fatal(err)
	}
	if st := far.Stats(); st.Writes != 0 || st.LinkHits != 0 {
		t.Fatalf("%d writes, %d links of texts followed", st.Writes, st.LinkHits)
	}
	return d
}
