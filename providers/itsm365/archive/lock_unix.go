//go:build unix

package archive

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps a second run out of the folder; it ends with the process.
func lock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errBusy
	}
	return err
}
