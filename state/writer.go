package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// An op is one write. It may be waited for.
type op struct {
	f    func(*sql.Tx) error
	done chan error // nil when nobody waits
	// what names a write of the journal.
	what string
	// own: a failure is the caller's affair and breaks nothing (a refused lock).
	own bool
}

// batch is how many writes one commit holds at most.
const batch = 512

// errClosed is what a write after Close gets.
var errClosed = errors.New("the state is closed")

// writer commits what is queued: as much as has come in while the commit before it was on its way to the disk. The order
// of the queue is the order of the writes, so that whoever waits for one knows that all before it are durable too.
func (s *State) writer() {
	defer close(s.closed)
	for first := range s.queue {
		ops := []op{first}
	fill:
		for len(ops) < batch {
			select {
			case o, ok := <-s.queue:
				if !ok {
					break fill
				}
				ops = append(ops, o)
			default:
				break fill
			}
		}
		s.commit(ops)
	}
}

func (s *State) commit(ops []op) {
	err := s.err()
	results := make([]error, len(ops))
	if err == nil {
		s.tell(ops, false)
		err = s.inOneTransaction(ops, results)
	}
	if err == nil {
		s.tell(ops, true)
	}
	if err != nil {
		err = fmt.Errorf("write state %w", named(s.path, err))
		s.mu.Lock()
		if s.broken == nil {
			s.broken = err
		}
		s.mu.Unlock()
	}
	for i, o := range ops {
		if o.done != nil {
			o.done <- errors.Join(results[i], err)
		}
	}
}

func (s *State) inOneTransaction(ops []op, results []error) error {
	tx, err := s.write.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if token := s.fenced(); token != "" && slices.ContainsFunc(ops, func(o op) bool { return !o.own }) {
		if err := mine(tx, token); err != nil {
			return err
		}
	}
	for i, o := range ops {
		if !o.own {
			if err := o.f(tx); err != nil {
				return err
			}
			continue
		}
		if _, err := tx.Exec("SAVEPOINT own"); err != nil {
			return err
		}
		if results[i] = o.f(tx); results[i] != nil {
			if _, err := tx.Exec("ROLLBACK TO own"); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("RELEASE own"); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// fence lets nothing be written once the lease is another one's.
func (s *State) fence(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holds = token
}

func (s *State) unfence(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holds == token {
		s.holds = ""
	}
}

func (s *State) fenced() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.holds
}

// tell names the journal's writes of a commit to whoever listens.
func (s *State) tell(ops []op, durable bool) {
	if s.journaled == nil {
		return
	}
	for _, o := range ops {
		if o.what != "" {
			s.journaled(o.what, durable)
		}
	}
}

func (s *State) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// do queues a write and waits until it is durable.
func (s *State) do(ctx context.Context, f func(*sql.Tx) error) error {
	return s.wait(ctx, op{f: f, done: make(chan error, 1)})
}

// try is do for a write whose refusal is an answer.
func (s *State) try(ctx context.Context, f func(*sql.Tx) error) error {
	return s.wait(ctx, op{f: f, done: make(chan error, 1), own: true})
}

func (s *State) wait(ctx context.Context, o op) error {
	select {
	case s.queue <- o:
	case <-s.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	// The write is on its way: its end is waited for whatever becomes of the context.
	return <-o.done
}

// enqueue queues a named write that nobody waits for. An error breaks the state: the next Begin or Flush returns it.
func (s *State) enqueue(what string, f func(*sql.Tx) error) { s.queue <- op{f: f, what: what} }

// Flush waits until everything that was recorded is durable.
func (s *State) Flush(ctx context.Context) error {
	return s.do(ctx, func(*sql.Tx) error { return nil })
}
