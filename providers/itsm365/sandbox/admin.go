package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// admin answers under /_sandbox/. It asks for no key and counts nothing.
//
//	GET stats            Stats
//	GET dump             every object, one a line, as in the data directory
//	POST faults          a list of Fault (or one), added to the schedule; DELETE empties it
//	POST mutate          a list of Mutation (or one); the answer has their UUIDs
//	GET clock            {"now"}; POST {"advance":"90m"} moves it
func (s *Server) admin(w http.ResponseWriter, r *http.Request) {
	var v any
	var err error
	switch op := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/_sandbox/"); op {
	case "GET stats":
		v = s.Stats()
	case "GET dump":
		w.Header().Set("Content-Type", "application/x-ndjson")
		_ = s.Dump(w) // the other side may be gone
		return
	case "POST faults":
		var list []Fault
		if list, err = decodeList[Fault](r.Body); err == nil {
			err = s.AddFaults(list...)
		}
		v = map[string]any{"added": len(list)}
	case "DELETE faults":
		s.ClearFaults()
		v = map[string]any{"added": 0}
	case "POST mutate":
		var list []Mutation
		if list, err = decodeList[Mutation](r.Body); err == nil {
			var uuids []string
			uuids, err = s.Mutate(list...)
			v = map[string]any{"uuids": uuids}
		}
	case "POST clock":
		err = s.advance(r.Body)
		fallthrough
	case "GET clock":
		v = map[string]any{"now": s.clock.Now().UTC()}
	default:
		answer{status: http.StatusNotFound, mimeType: typeText, body: []byte("no " + op)}.write(w)
		return
	}
	status := http.StatusOK
	if err != nil {
		status, v = http.StatusBadRequest, map[string]any{"error": err.Error()}
	}
	a, err := jsonAnswer(v)
	if err != nil {
		a = answer{mimeType: typeText, body: []byte(err.Error())}
		status = http.StatusInternalServerError
	}
	a.status = status
	a.write(w)
}

// decodeList reads a JSON array, or one element of it. Unknown fields are errors.
func decodeList[T any](from io.Reader) ([]T, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	var list []T
	var into any = &list
	if trimmed := strings.TrimSpace(string(text)); !strings.HasPrefix(trimmed, "[") {
		list = make([]T, 1)
		into = &list[0]
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return list, nil
}

func (s *Server) advance(body io.Reader) error {
	var move struct{ Advance string }
	if err := json.NewDecoder(body).Decode(&move); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	d, err := time.ParseDuration(move.Advance)
	if err != nil {
		return fmt.Errorf("advance: %w", err)
	}
	if d < 0 {
		return errors.New("advance: time does not run backwards")
	}
	s.clock.(mover).Advance(d)
	return nil
}

// Dump writes every object as one line, as in the data directory, by class and in order of creation.
func (s *Server) Dump(w io.Writer) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	classes := slices.SortedFunc(maps.Keys(s.store.classes), func(a, b *typ) int { return strings.Compare(a.fqn, b.fqn) })
	for _, class := range classes {
		for _, o := range s.store.classes[class] {
			m := o.packed.unpack()
			m["UUID"], m["metaClass"] = o.uuid, o.typ.fqn
			line, err := encode(m)
			if err != nil {
				return fmt.Errorf("dump %s: %w", o.uuid, err)
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return fmt.Errorf("dump %s: %w", o.uuid, err)
			}
		}
	}
	return nil
}
