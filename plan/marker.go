package plan

import (
	"crypto/sha256"
	"encoding/hex"
)

// MarkerField is the live field that holds the token of a marked object, nil where there is none.
const MarkerField = "marker"

// Token is the one word by which what was made for a record can be found (IC 4.2): itsm365x and 12 hex digits.
func Token(a Address) string {
	sum := sha256.Sum256([]byte(a.String()))
	return "itsm365x" + hex.EncodeToString(sum[:6])
}
