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
	var text string
	err := s.read.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'rows'").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the numbers of rows from the state: %w", err)
	}
	var out map[string]int
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("read the numbers of rows from the state: %w", err)
	}
	return out, nil
}

// SetRowCounts keeps how many rows each data block has.
func (s *State) SetRowCounts(ctx context.Context, counts map[string]int) error {
	text, err := json.Marshal(counts)
	if err != nil {
		return err
	}
	err = s.do(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT OR REPLACE INTO meta VALUES ('rows', ?)", string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the numbers of rows in the state: %w", err)
	}
	return nil
}
