package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// RowCounts is how many rows each data block had at the last apply, for a pull that has no cache to compare with.
func (s *State) RowCounts(ctx context.Context) (map[string]int, error) {
	var out map[string]int
	err := s.counted(ctx, "rows", &out)
	return out, err
}

// Tallies is what was counted in the rows of each data block at the last apply, as it was given: JSON, by data block.
func (s *State) Tallies(ctx context.Context) (map[string]json.RawMessage, error) {
	var out map[string]json.RawMessage
	err := s.counted(ctx, "tallies", &out)
	return out, err
}

// counted reads numbers of this name; without them out stays as it is.
func (s *State) counted(ctx context.Context, name string, out any) error {
	var text string
	err := s.read.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", name).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), out)
	}
	if err != nil {
		return fmt.Errorf("read the numbers of rows from the state: %w", err)
	}
	return nil
}

// SetRowCounts keeps how many rows each data block has, and what was counted in them.
func (s *State) SetRowCounts(ctx context.Context, counts map[string]int, tallies map[string]json.RawMessage) error {
	rows, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	inside, err := json.Marshal(tallies)
	if err != nil {
		return err
	}
	err = s.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO meta VALUES ('rows', ?), ('tallies', ?)", string(rows), string(inside))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the numbers of rows in the state: %w", err)
	}
	return nil
}
