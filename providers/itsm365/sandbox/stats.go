package sandbox

import (
	"maps"
	"regexp"
	"sync"
)

// Stats is what happened to a sandbox since it was made.
type Stats struct {
	Calls        map[string]map[string]int `json:"calls"` // by method and class; "" where there is no class
	Statuses     map[int]int               `json:"statuses"`
	StatusesBy   map[string]map[int]int    `json:"statuses_by"`   // the same by method; "" is an address that is none
	Writes       int                       `json:"writes"`        // calls that write, refused ones too
	WritesBy     map[string]int            `json:"writes_by"`     // the same by method
	Scripts      int                       `json:"scripts"`       // calls of exec, exec-post and execmf, which can write as well
	LinkHits     int                       `json:"link_hits"`     // calls that follow a one-click link of a text
	KeysRefused  int                       `json:"keys_refused"`  // calls with a missing, unknown or dead key
	Faults       int                       `json:"faults"`        // faults that struck
	PeakParallel int                       `json:"peak_parallel"` // calls at one time
	Objects      map[string]int            `json:"objects"`       // what there is now, by class
}

// books are the counts, under a lock of their own.
type books struct {
	mu       sync.Mutex
	stats    Stats
	parallel int
}

func (b *books) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parallel++
	b.stats.PeakParallel = max(b.stats.PeakParallel, b.parallel)
}

func (b *books) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.parallel--
}

func (b *books) count(add func(*Stats)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stats.Calls == nil {
		b.stats.Calls, b.stats.Statuses, b.stats.WritesBy = map[string]map[string]int{}, map[int]int{}, map[string]int{}
		b.stats.StatusesBy = map[string]map[int]int{}
	}
	add(&b.stats)
}

// Stats returns a copy of the counts. Calls under /_sandbox/ are not among them.
func (s *Server) Stats() Stats {
	var st Stats
	s.books.count(func(now *Stats) {
		st = *now
		st.Calls = map[string]map[string]int{}
		for method, by := range now.Calls {
			st.Calls[method] = maps.Clone(by)
		}
		st.StatusesBy = map[string]map[int]int{}
		for method, by := range now.StatusesBy {
			st.StatusesBy[method] = maps.Clone(by)
		}
		st.Statuses, st.WritesBy = maps.Clone(now.Statuses), maps.Clone(now.WritesBy)
	})
	s.mu.RLock()
	defer s.mu.RUnlock()
	st.Objects = map[string]int{}
	for class, list := range s.store.classes {
		if len(list) > 0 {
			st.Objects[class.fqn] = len(list)
		}
	}
	return st
}

var keyInText = regexp.MustCompile(`accessKey=([0-9A-Za-z_.-]+)`)

// embeddedKeys returns the keys of one-click links in a text (IT 7, trap 25).
func embeddedKeys(text string) []string {
	var keys []string
	for _, m := range keyInText.FindAllStringSubmatch(text, -1) {
		keys = append(keys, m[1])
	}
	return keys
}
