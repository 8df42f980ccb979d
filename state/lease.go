package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// A LockedError says who holds the lock.
type LockedError struct {
	Holder, What   string
	Since, Expires time.Time
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("the state is locked by %s since %s for %s; wait for it, or until %s when it has died", e.Holder, e.Since.UTC().Format(time.RFC3339), e.What, e.Expires.UTC().Format(time.RFC3339))
}

// A TakenError says that somebody else has taken the lock over from one who held it and stood still for too long.
type TakenError struct {
	// By is who has it now, empty when nobody has.
	By string
}

func (e *TakenError) Error() string {
	by := "somebody else"
	if e.By != "" {
		by = e.By
	}
	return fmt.Sprintf("the lock on the state was taken over by %s while this program stood still; it writes nothing more; see deskform state lock, and run apply again when that one has ended", by)
}

// A Lease is the lock on a state while its holder lives. Until it is released, whatever its State writes is written only
// while the lease is still its own.
type Lease struct {
	s       *State
	token   string
	ttl     time.Duration
	expires atomic.Int64 // Unix milliseconds: a machine that slept has aged as well
	lost    chan struct{}
	losing  sync.Once
	by      atomic.Pointer[TakenError]
	stop    chan struct{}
	once    sync.Once
	ended   sync.WaitGroup
}

// Lock takes the lease, or takes over one that has run out or whose holder has died. A live one is a *LockedError. The lease renews itself until
// it is released or lost.
func (s *State) Lock(ctx context.Context, what string, ttl time.Duration) (*Lease, error) {
	l := &Lease{s: s, token: uuid.NewString(), ttl: ttl, lost: make(chan struct{}), stop: make(chan struct{})}
	err := s.try(ctx, func(tx *sql.Tx) error {
		var e LockedError
		var since, expires int64
		err := tx.QueryRow("SELECT holder, what, since, expires FROM lease").Scan(&e.Holder, &e.What, &since, &expires)
		now := s.now()
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case expires > now.UnixMilli() && (s.dead == nil || !s.dead(e.Holder)):
			e.Since, e.Expires = time.UnixMilli(since), time.UnixMilli(expires)
			return &e
		}
		l.expires.Store(now.Add(ttl).UnixMilli())
		_, err = tx.Exec("INSERT OR REPLACE INTO lease (one, token, holder, what, since, expires) VALUES (1,?,?,?,?,?)", l.token, s.holder, what, now.UnixMilli(), l.expires.Load())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lock the state: %w", err)
	}
	s.fence(l.token)
	l.ended.Go(l.beat)
	return l, nil
}

// beat renews the lease three times in its life. A lease that somebody else has taken over is lost.
func (l *Lease) beat() {
	tick := time.NewTicker(max(l.ttl/3, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-l.lost:
			return
		case <-tick.C:
		}
		if l.renew(context.Background()) != nil {
			return
		}
	}
}

// renew prolongs the lease if it is still this one's, whether its time is over or not. Any failure loses it.
func (l *Lease) renew(ctx context.Context) error {
	err := l.s.try(ctx, func(tx *sql.Tx) error {
		expires := l.s.now().Add(l.ttl).UnixMilli()
		if err := mine(tx, l.token); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE lease SET expires = ?", expires)
		if err == nil {
			l.expires.Store(expires)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		l.losing.Do(func() {
			taken := &TakenError{}
			errors.As(err, &taken)
			l.by.Store(taken)
			close(l.lost)
		})
	}
	return err
}

// mine is a *TakenError when the lease in the file is another one's.
func mine(tx *sql.Tx, token string) error {
	var have, holder string
	err := tx.QueryRow("SELECT token, holder FROM lease").Scan(&have, &holder)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return &TakenError{}
	case err != nil:
		return err
	case have != token:
		return &TakenError{holder}
	}
	return nil
}

// Hold says whether the lease still is the holder's, as has to be asked right before each call that must not be made twice: a
// program that stood still, or a machine that slept, learns of it here before its next write. A *TakenError when it is not.
func (l *Lease) Hold(ctx context.Context) error {
	select {
	case <-l.stop:
		return nil // given back: who asks now does not claim it
	default:
	}
	select {
	case <-l.lost:
		return l.by.Load()
	default:
	}
	if l.s.now().UnixMilli() < l.expires.Load() {
		return nil
	}
	return l.renew(ctx)
}

// Lost is closed when the lease belongs to somebody else.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Release gives the lock back. It may be called more than once.
func (l *Lease) Release() {
	l.once.Do(func() {
		close(l.stop)
		l.ended.Wait()
		// A lease that cannot be given back runs out by itself.
		_ = l.s.try(context.Background(), func(tx *sql.Tx) error {
			_, err := tx.Exec("DELETE FROM lease WHERE token = ?", l.token)
			return err
		})
		l.s.unfence(l.token)
	})
}
