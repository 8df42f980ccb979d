package scope

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
)

// sketchSize is how many hashes a sketch holds: up to there it counts exactly, beyond within about three percent.
const sketchSize = 1024

// A sketch counts distinct values in a bounded space: it keeps the smallest hashes, whose largest tells how dense they lie.
type sketch struct {
	hashes []uint64 // sorted, at most sketchSize
	over   bool     // one was dropped
}

func (s *sketch) add(value string) {
	h := hash(value)
	at, found := slices.BinarySearch(s.hashes, h)
	if found {
		return
	}
	if len(s.hashes) == sketchSize {
		s.over = true
		if at == sketchSize {
			return
		}
		s.hashes = s.hashes[:sketchSize-1]
	}
	s.hashes = slices.Insert(s.hashes, at, h)
}

// count is the number of distinct values; about says that it is an estimate.
func (s *sketch) count() (n int, about bool) {
	if !s.over {
		return len(s.hashes), false
	}
	largest := float64(s.hashes[len(s.hashes)-1])
	return int(math.Round(float64(sketchSize-1) / (largest / math.MaxUint64))), true
}

// hash is the same on every machine and in every run. FNV alone spreads short texts badly over the high bits, so that it is
// mixed once more (the finalizer of SplitMix64).
func hash(s string) uint64 {
	f := fnv.New64a()
	_, _ = f.Write([]byte(s))
	var b [8]byte
	h := binary.BigEndian.Uint64(f.Sum(b[:0]))
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
