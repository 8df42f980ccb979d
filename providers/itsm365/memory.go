package itsm365

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"deskform/plan"
)

// memory answers again what was answered before in a pull that is not over. A question that is asked a second time, as a
// list is when it is verified, is another question.
type memory struct {
	plan.Memory
	mu    sync.Mutex
	asked map[string]int
	files int // how the list of files is read: 0 when it was not yet
}

// A remembered answer has the server's date: what was changed just then may change again within the same second.
type remembered struct {
	Date    time.Time
	Objects []json.RawMessage
}

// Remember makes the source keep its answers on lists.
func (s *Source) Remember(m plan.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory = nil
	if m != nil {
		s.memory = &memory{Memory: m, asked: map[string]int{}}
	}
}

func (s *Source) remembered() *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory
}

func (s *Source) setDate(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.date = at
}

func (s *Source) serverDate() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.date
}

func (m *memory) find(ctx context.Context, s *Source, class string, filter map[string]any, attrs []string, offset, limit int) ([]json.RawMessage, error) {
	text, err := json.Marshal(filter)
	if err != nil {
		return nil, err
	}
	question := fmt.Sprintf("%s find %s %s %s %d %d", s.base, class, text, strings.Join(attrs, ","), offset, limit)
	m.mu.Lock()
	m.asked[question]++
	question = fmt.Sprintf("%s #%d", question, m.asked[question])
	m.mu.Unlock()
	known, ok, err := m.Recall(ctx, question)
	var answer remembered
	if err != nil {
		return nil, err
	}
	if ok && json.Unmarshal(known, &answer) == nil {
		s.setDate(answer.Date)
		return answer.Objects, nil
	}
	if answer.Objects, err = s.ask(ctx, class, filter, attrs, offset, limit); err != nil {
		return nil, err
	}
	answer.Date = s.serverDate()
	if known, err = json.Marshal(answer); err != nil {
		return nil, err
	}
	known, _ = s.clean.JSON(known)
	return answer.Objects, m.Keep(ctx, question, known)
}
