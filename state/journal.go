package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"deskform/plan"
)

// Begin returns once the intent, and everything recorded before it, is on the disk. Only then may the request leave.
func (s *State) Begin(ctx context.Context, in plan.Intent) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("journal %s: %w", in.Step.Key, err)
	}
	err = s.wait(ctx, op{what: "begin " + in.Step.Key, done: make(chan error, 1), f: func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO journal (step, run, op, at, intent, result, id, part_id, cause) VALUES (?,?,?,?,?,'open','','','')",
			in.Step.Key, in.Run, in.Step.Op, in.At.UnixMilli(), string(text))
		return err
	}})
	if err != nil {
		return fmt.Errorf("journal %s: %w", in.Step.Key, err)
	}
	return nil
}

// Record closes the intent of a step with its ids, and saves the base as it is at the moment of the call. It does not
// wait: a later Begin or Flush returns only after it is durable. A step without an operation has no intent.
func (s *State) Record(st plan.Step, res plan.Result, b *plan.Base) {
	frozen := freeze(b, st.Part != "")
	what := "record " + st.Key
	if st.Op == "" {
		what = "note " + st.Address.String()
	}
	s.enqueue(what, func(tx *sql.Tx) error {
		if st.Op != "" && !st.Repeatable {
			if _, err := tx.Exec("UPDATE journal SET intent = NULL, result = 'done', id = ?, part_id = ? WHERE step = ?", res.ID, res.PartID, st.Key); err != nil {
				return err
			}
		}
		return save(tx, frozen)
	})
}

// Fail closes the intent of a step that certainly did not happen.
func (s *State) Fail(st plan.Step, cause string) {
	s.enqueue("fail "+st.Key, func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE journal SET intent = NULL, result = 'failed', cause = ? WHERE step = ?", cause, st.Key)
		return err
	})
}

// Repeat closes the intent of a step that was looked for and not found, and remembers it for Repeated.
func (s *State) Repeat(in plan.Intent) {
	text, err := json.Marshal(in)
	s.enqueue("repeat "+in.Step.Key, func(tx *sql.Tx) error {
		if err != nil {
			return fmt.Errorf("journal %s: %w", in.Step.Key, err)
		}
		if _, err := tx.Exec("UPDATE journal SET intent = NULL, result = 'failed', cause = 'settled: it did not happen' WHERE step = ?", in.Step.Key); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT OR REPLACE INTO repeated VALUES (?,?,?)", in.Step.Key, in.At.UnixMilli(), string(text))
		return err
	})
}

// Forget forgets a step that was repeated.
func (s *State) Forget(ctx context.Context, step string) error {
	return s.wait(ctx, op{what: "forget " + step, done: make(chan error, 1), f: func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM repeated WHERE step = ?", step)
		return err
	}})
}

// Repeated yields the steps that Repeat remembers, oldest first.
func (s *State) Repeated(ctx context.Context) iter.Seq2[plan.Intent, error] {
	return s.intents(ctx, "SELECT intent FROM repeated ORDER BY at, step")
}

// OpenIntents yields the intents without a result, oldest first.
func (s *State) OpenIntents(ctx context.Context) iter.Seq2[plan.Intent, error] {
	return s.intents(ctx, "SELECT intent FROM journal WHERE result = 'open' ORDER BY at, step")
}

func (s *State) intents(ctx context.Context, query string) iter.Seq2[plan.Intent, error] {
	return func(yield func(plan.Intent, error) bool) {
		rows, err := s.read.QueryContext(ctx, query)
		if err != nil {
			yield(plan.Intent{}, fmt.Errorf("read the journal: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			var in plan.Intent
			err := rows.Scan(&text)
			if err == nil {
				err = json.Unmarshal([]byte(text), &in)
			}
			if !yield(in, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(plan.Intent{}, err)
		}
	}
}

// A Run is one apply.
type Run struct {
	ID, Command, Meaning string
	Started, Ended       time.Time
	Books                string
}

// BeginRun notes that an apply begins and counts the serial up.
func (s *State) BeginRun(ctx context.Context, r Run) error {
	err := s.do(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec("INSERT INTO runs (id, command, meaning, started) VALUES (?,?,?,?)", r.ID, r.Command, r.Meaning, r.Started.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'serial'")
		return err
	})
	if err != nil {
		return fmt.Errorf("begin run %s: %w", r.ID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return nil
}

// EndRun notes what became of a run.
func (s *State) EndRun(ctx context.Context, id string, books plan.Books) error {
	text, err := json.Marshal(books)
	if err == nil {
		err = s.do(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec("UPDATE runs SET ended = ?, books = ? WHERE id = ?", s.now().UnixMilli(), string(text), id)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("end run %s: %w", id, err)
	}
	return nil
}

// Runs lists the runs, newest first.
func (s *State) Runs(ctx context.Context) ([]Run, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, command, meaning, started, coalesce(ended, 0), coalesce(books, '') FROM runs ORDER BY started DESC, id")
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	defer rows.Close()
	var out []Run
	for rows.Next() {
		var r Run
		var started, ended int64
		if err := rows.Scan(&r.ID, &r.Command, &r.Meaning, &started, &ended, &r.Books); err != nil {
			return nil, err
		}
		r.Started = time.UnixMilli(started).UTC()
		if ended > 0 {
			r.Ended = time.UnixMilli(ended).UTC()
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// An Aside is a record that was set aside, with the reason.
type Aside struct {
	Address           plan.Address
	Cause, Step, Text string
	Attempts          int
	At                time.Time
}

// SetAside notes why a record was given up for now.
func (s *State) SetAside(ctx context.Context, a plan.Address, cause, step, text string, attempts int) error {
	return s.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO set_aside (owner, key, resource, cause, step, text, attempts, at) VALUES (?,?,?,?,?,?,?,?)",
			a.Set, a.Key, a.Resource, cause, step, text, attempts, s.now().UnixMilli())
		return err
	})
}

// ClearSetAside forgets it once the record was written after all.
func (s *State) ClearSetAside(_ context.Context, a plan.Address) error {
	s.enqueue("", func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM set_aside WHERE owner = ? AND key = ?", a.Set, a.Key)
		return err
	})
	return nil
}

// Aside lists the addresses that are set aside.
func (s *State) Aside(ctx context.Context) ([]plan.Address, error) {
	var out []plan.Address
	for a, err := range s.SetAsides(ctx) {
		if err != nil {
			return nil, err
		}
		out = append(out, a.Address)
	}
	return out, nil
}

// SetAsides yields what is set aside, by cause.
func (s *State) SetAsides(ctx context.Context) iter.Seq2[Aside, error] {
	return func(yield func(Aside, error) bool) {
		rows, err := s.read.QueryContext(ctx, "SELECT owner, key, resource, cause, step, text, attempts, at FROM set_aside ORDER BY cause, owner, key")
		if err != nil {
			yield(Aside{}, fmt.Errorf("list what is set aside: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var a Aside
			var at int64
			err := rows.Scan(&a.Address.Set, &a.Address.Key, &a.Address.Resource, &a.Cause, &a.Step, &a.Text, &a.Attempts, &at)
			a.At = time.UnixMilli(at).UTC()
			if !yield(a, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Aside{}, err)
		}
	}
}
