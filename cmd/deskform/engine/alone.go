package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A PullingError says that somebody else pulls into the same working folder; exit code 6.
type PullingError struct {
	// By is who and since when: "user@host pid 123 since 2026-03-02T12:00:00Z"; empty when it has not said so yet.
	By string
}

func (e *PullingError) Error() string {
	by := "somebody else"
	if e.By != "" {
		by = e.By
	}
	return fmt.Sprintf("the sources are being pulled into this folder by %s; wait until that is done: two pulls would ask for everything twice. A plan with --pull=none uses the rows in the cache meanwhile", by)
}

// errPulling is what lockFile returns for a lock that somebody else has.
var errPulling = errors.New("locked")

// PullAlone is Pull while nobody else pulls into the working folder: a second one would call the service twice as often as its
// rate allows. A *PullingError names who does. With PullNone nobody is kept out, as nothing is pulled.
func (e *Engine) PullAlone(ctx context.Context, mode string) ([]Pulled, error) {
	if mode == PullNone {
		return e.Pull(ctx, mode)
	}
	unlock, err := e.lockPull()
	if err != nil {
		return nil, err
	}
	got, err := e.Pull(ctx, mode)
	return got, errors.Join(err, unlock())
}

// lockPull takes the lock, which ends with the process at the latest. The file stays: who is about to lock it has it open.
func (e *Engine) lockPull() (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(e.Work, "pull.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the working folder: %w", err)
	}
	if err := lockFile(f); errors.Is(err, errPulling) {
		by, _ := io.ReadAll(io.LimitReader(f, 1000)) // a name is good to have, and no more
		return nil, errors.Join(&PullingError{By: strings.TrimSpace(string(by))}, f.Close())
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the working folder: %s: %w", f.Name(), err), f.Close())
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s since %s\n", e.Holder, e.Clock.Now().UTC().Format(time.RFC3339))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the working folder: %w", err), f.Close())
	}
	return f.Close, nil
}
