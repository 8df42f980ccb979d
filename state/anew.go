package state

import (
	"database/sql"

	"deskform/plan"
)

// Anew saves a base whose object is another one than before, and forgets the parts that were written to that. It does not
// wait, see Record.
func (s *State) Anew(b *plan.Base) {
	frozen := freeze(b, false)
	s.enqueue("anew "+b.Address.String(), func(tx *sql.Tx) error {
		if _, err := tx.Exec("DELETE FROM parts WHERE owner = ? AND key = ?", frozen.set, frozen.key); err != nil {
			return err
		}
		return save(tx, frozen)
	})
}
