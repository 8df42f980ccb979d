//go:build !unix

package engine

import "os"

// lockFile does nothing here: two pulls into one folder are not kept apart.
func lockFile(*os.File) error { return nil }
