package itsm365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"deskform/providers/itsm365/metainfo"
	"deskform/providers/transport"
)

// metainfoCall is the one call beside the REST root: it reads the configuration export (IT 2.8).
const metainfoCall = "smpsync/metainfo"

// metainfoTimeout is how long the service may take before it begins to answer, and between the parts of the answer: it
// writes down the whole configuration first (IT 1.5).
const metainfoTimeout = 10 * time.Minute

// A Metainfo is where the configuration export of a tenant comes from, as the provider block says.
type Metainfo struct {
	// File is its path, Name what the block calls it; both empty for a call.
	File, Name string
}

// Asked reports an export that is asked for.
func (m *Metainfo) Asked() bool { return m.File == "" }

// From is the name of the source for reports: the file's without its folder, or the call.
func (m *Metainfo) From() string {
	if m.Asked() {
		return metainfoCall
	}
	return filepath.Base(m.File)
}

// Metainfo says where the export comes from; nil for a block that wants none.
func (s *Source) Metainfo() *Metainfo {
	switch {
	case s.metainfoFile != "":
		return &Metainfo{File: s.path(s.metainfoFile), Name: s.metainfoFile}
	case s.asksMetainfo:
		return &Metainfo{}
	}
	return nil
}

// ReadMetainfo reads the export from the file of the block.
func (s *Source) ReadMetainfo() (*metainfo.Summary, error) {
	sum, err := metainfo.ReadFile(s.Metainfo().File)
	if err != nil {
		return nil, fmt.Errorf("provider itsm365: metainfo_file: %w", err)
	}
	return sum, nil
}

// AskMetainfo asks for the export and streams it. It must only be called where the block says so. Any key but a superuser's
// is refused, and so is the call where the service does not have it: the error, without secrets, is a line of a report and no
// failure of the run (IT 8.5).
func (s *Source) AskMetainfo(ctx context.Context) (io.ReadCloser, error) {
	client := *s.http
	client.Timeout = max(client.Timeout, metainfoTimeout)
	client.Final = func(err error) bool { // an error page of the service's own is no overload: the export is not begun again
		var he *transport.HTTPError
		return final(err) || errors.As(err, &he) && he.Status == http.StatusInternalServerError
	}
	s.calls.Add(1)
	res, err := client.Stream(ctx, s.request(metainfoCall, nil))
	if err != nil {
		return nil, s.http.Redact.Error(err) // also of a key that is refused here: it may be good for the rest
	}
	return res.Body, nil
}
