package scope

import (
	"context"
	"errors"
	"fmt"
	"io"

	"deskform/plan"
	"deskform/providers/itsm365"
	"deskform/providers/transport"
)

// A trial is the file whose bytes are asked for: the smallest that has some. Lists show files to a key that may not read
// them (IT 2.6).
type trial struct {
	key     string
	size    int64
	refused string
}

// offer takes a listed file as the one to try when it is smaller.
func (t *trial) offer(key string, size int64) {
	if size > 0 && (t.key == "" || size < t.size) {
		t.key, t.size = key, size
	}
}

// trialBytes is how much of the file is read.
const trialBytes = 512

// tryFile asks for the bytes of one file, once in a run. That they do not come is a finding; the error is for what ends a run.
func (s *survey) tryFile(ctx context.Context) error {
	t := &s.trial
	if t.key == "" {
		return nil
	}
	if s.Stage != nil {
		s.Stage("get-file")
	}
	err := readSome(ctx, s.src, t.key, min(t.size, trialBytes))
	var he *transport.HTTPError
	down := errors.As(err, &he) && he.Status >= 502 && he.Status <= 504
	if err != nil && (ctx.Err() != nil || errors.Is(err, itsm365.ErrKey) || down) {
		return fmt.Errorf("discover: read the first bytes of %s: %w", keyOf(t.key), err)
	}
	if err != nil {
		t.refused = s.hide(err.Error())
	}
	return nil
}

// readSome reads the first n bytes of a file and drops them.
func readSome(ctx context.Context, src plan.Opener, key string, n int64) error {
	c, err := src.OpenFile(ctx, key)
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, c.Body, n)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s has fewer bytes than its file object says", keyOf(key))
	}
	return errors.Join(err, c.Body.Close())
}
