package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"deskform/plan"
)

func TestContinuationKey(t *testing.T) {
	for key, want := range map[string]string{"a#2": "a 2", "serviceCall$7#10": "serviceCall$7 10", "a#2#3": "a#2 3", "#2": " 2",
		"a": "", "a#1": "", "a#0": "", "a#02": "", "a#+2": "", "a#x": "", "a#": "", "a#-2": "", "a#2 ": ""} {
		got := ""
		if root, n, ok := plan.ContinuationOf(key); ok {
			got = fmt.Sprint(root, " ", n)
			if again := plan.ContinuationKey(root, n); again != key {
				t.Errorf("%s is written as %s", key, again)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// TestDivide: parts are named by a letter and a time; what stands in an object is written as its letters.
func TestDivide(t *testing.T) {
	for _, tt := range []struct {
		name, parts string
		there       []string
		most        int
		want        string
	}{
		{"fits", "a1 b2", nil, 2, "ab"},
		{"in order", "a1 b2 c3 d4 e5", nil, 2, "ab|cd|e"},
		{"no bound", "a1 b2 c3", nil, 0, "abc"},
		{"none", "", nil, 2, ""},
		{"nothing new", "a1 b2 c3", []string{"ab", "c"}, 2, "ab|c"},
		{"a new one where there is room", "a1 b2 c3 d4", []string{"ab", "c"}, 2, "ab|cd"},
		{"a new one where there is none", "a1 b2 c3 d4 e5", []string{"ab", "cd"}, 2, "ab|cd|e"},
		{"an old one comes late", "a2 x1 b3 c4", []string{"ab", "c"}, 2, "ab|xc"},
		{"an old one comes late and there is no room", "x1 a2 b3 c4 d5", []string{"ab", "cd"}, 2, "ab|cd|x"},
		{"some are gone from the source", "b2 c3 e5", []string{"ab", "cd"}, 2, "b|c|e"},
		{"all are gone", "e5", []string{"ab", "cd"}, 2, "||e"},
		{"written out of order stays", "a1 b2 c3 d4", []string{"ca", "bd"}, 2, "ac|bd"},
		{"a run was cut off in the first", "a1 b2 c3 d4 e5", []string{"a", "cd", "e"}, 2, "ab|cd|e"},
		{"the second was never made", "a1 b2 c3 d4 e5", []string{"ab", "", "e"}, 2, "ab|cd|e"},
		{"the first was never made", "a1 b2 c3", []string{"", "c"}, 2, "ab|c"},
		{"longer than allowed by now", "a1 b2 c3 d4", []string{"abc"}, 2, "abc|d"},
		{"no longer split", "a1 b2 c3 d4 e5 f6", []string{"ab", "cd"}, 0, "ab|cdef"},
		{"a dossier without a time is last", "a1 b2 c3 z-", nil, 3, "abc|z"},
		{"all in one second", "a1 b1 c1 d1 e1", nil, 2, "ab|cd|e"},
	} {
		at := map[byte]int64{}
		var parts []plan.PartWant
		for p := range strings.FieldsSeq(tt.parts) {
			f := plan.Fields{}
			if p[1] != '-' {
				f["created_at"] = int64(p[1] - '0')
				at[p[0]] = int64(p[1] - '0')
			}
			parts = append(parts, plan.PartWant{List: "c", Key: p[:1], Fields: f})
		}
		var segs []plan.Segment
		for n, letters := range tt.there {
			s := plan.Segment{Has: map[plan.PartName]bool{}, Holds: len(letters)}
			for i := range len(letters) {
				s.Has[plan.PartName{List: "c", Key: letters[i : i+1]}] = true
				if s.First == 0 {
					if s.First = at[letters[i]]; s.First == 0 {
						s.First = int64(1 + 2*n) // the source has it no more
					}
				}
			}
			segs = append(segs, s)
		}
		var got []string
		for _, share := range plan.Divide(parts, segs, tt.most) {
			letters := ""
			for _, p := range share {
				letters += p.Key
			}
			got = append(got, letters)
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, strings.Join(got, "|"), tt.want)
		}
	}
}

// TestDivideIsStable plays a source that adds, back-dates and deletes comments against runs that write all, some or none of
// what is planned, in whatever order. Each part is written exactly once, stays where it is, and no object is over its limit.
func TestDivideIsStable(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		most := 1 + r.IntN(6)
		type comment struct {
			key string
			at  int64
		}
		var source []comment
		written := map[string]int{}  // part to object, for ever
		var objects [][]comment      // as they were written
		gone := map[string]bool{}    // deleted in the source
		every := map[string]bool{}   // that the source ever had
		plans := func() [][]string { // what a plan shares out now
			slices.SortStableFunc(source, func(a, b comment) int { return int(a.at - b.at) })
			var parts []plan.PartWant
			for _, c := range source {
				parts = append(parts, plan.PartWant{List: "c", Key: c.key, Fields: plan.Fields{"created_at": c.at}})
			}
			var segs []plan.Segment
			for _, o := range objects {
				s := plan.Segment{Has: map[plan.PartName]bool{}, Holds: len(o)}
				for _, c := range o {
					s.Has[plan.PartName{List: "c", Key: c.key}] = true
				}
				if len(o) > 0 {
					s.First = o[0].at
				}
				segs = append(segs, s)
			}
			var out [][]string
			for _, share := range plan.Divide(parts, segs, most) {
				var keys []string
				for _, p := range share {
					keys = append(keys, p.Key)
				}
				out = append(out, keys)
			}
			return out
		}
		write := func(shares [][]string, chance float64) {
			for n, share := range shares {
				stops := r.Float64() >= chance && r.IntN(2) == 0 // a record that is set aside from here on
				for _, key := range share {
					if _, done := written[key]; done {
						continue
					}
					if stops || r.Float64() >= chance {
						break // steps of a record are done in order
					}
					for len(objects) <= n {
						objects = append(objects, nil)
					}
					i := slices.IndexFunc(source, func(c comment) bool { return c.key == key })
					objects[n], written[key] = append(objects[n], source[i]), n
				}
			}
		}
		next := 0
		for range 30 {
			for range r.IntN(8) {
				at := int64(1000 + next)
				if r.IntN(3) == 0 {
					at = int64(1 + r.IntN(1000+next)) // back-dated
				}
				key := fmt.Sprint(next)
				source, every[key] = append(source, comment{key, at}), true
				next++
			}
			if len(source) > 0 && r.IntN(4) == 0 {
				i := r.IntN(len(source))
				gone[source[i].key] = true
				source = slices.Delete(source, i, i+1)
			}
			shares := plans()
			seen := map[string]bool{}
			for n, share := range shares {
				for _, key := range share {
					if seen[key] {
						t.Fatalf("seed %d: %s is planned twice", seed, key)
					}
					seen[key] = true
					if where, done := written[key]; done && where != n {
						t.Fatalf("seed %d: %s stands in %d and is planned for %d", seed, key, where, n)
					}
				}
			}
			if len(seen) != len(source) {
				t.Fatalf("seed %d: %d of %d parts are planned", seed, len(seen), len(source))
			}
			if again := plans(); fmt.Sprint(again) != fmt.Sprint(shares) {
				t.Fatalf("seed %d: two plans of one source differ", seed)
			}
			write(shares, []float64{1, 1, 0.9, 0.5, 0}[r.IntN(5)])
		}
		write(plans(), 1)
		for key := range every {
			if _, done := written[key]; !done && !gone[key] {
				t.Errorf("seed %d: %s was never written", seed, key)
			}
		}
		for _, share := range plans() { // the proof plan
			for _, key := range share {
				if _, done := written[key]; !done {
					t.Errorf("seed %d: %s is left", seed, key)
				}
			}
		}
		for n, o := range objects {
			if len(o) > most {
				t.Errorf("seed %d: object %d holds %d parts, at most %d were to", seed, n, len(o), most)
			}
		}
	}
}
