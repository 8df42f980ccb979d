package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
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

// A Lease is the lock on a state while its holder lives.
type Lease struct {
	s     *State
	token string
	ttl   time.Duration
	lost  chan struct{}
	stop  chan struct{}
	once  sync.Once
	ended sync.WaitGroup
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
		_, err = tx.Exec("INSERT OR REPLACE INTO lease (one, token, holder, what, since, expires) VALUES (1,?,?,?,?,?)", l.token, s.holder, what, now.UnixMilli(), now.Add(ttl).UnixMilli())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lock the state: %w", err)
	}
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
		case <-tick.C:
		}
		mine := false
		err := l.s.try(context.Background(), func(tx *sql.Tx) error {
			res, err := tx.Exec("UPDATE lease SET expires = ? WHERE token = ?", l.s.now().Add(l.ttl).UnixMilli(), l.token)
			if err != nil {
				return err
			}
			n, err := res.RowsAffected()
			mine = n == 1
			return err
		})
		if err != nil || !mine {
			close(l.lost)
			return
		}
	}
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
	})
}
