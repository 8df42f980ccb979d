package main

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"deskform/providers/transport"
)

// A progress shows count, rate and time left of what takes over two seconds, on a terminal only.
type progress struct {
	w     io.Writer
	clock transport.Clock
	on    bool

	mu    sync.Mutex
	stage string
	total int
	count int
	since time.Time
	bar   *progressbar.ProgressBar
}

func newProgress(w io.Writer, clock transport.Clock) *progress {
	return &progress{w: w, clock: clock, on: tty(w)}
}

// quietFor is how long a stage stays silent.
const quietFor = 2 * time.Second

// Start begins a stage; total is 0 when nobody knows it.
func (p *progress) Start(stage string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	p.stage, p.total, p.count, p.since = stage, total, 0, time.Now()
}

// Step counts n more.
func (p *progress) Step(n int) {
	if !p.on || n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count += n
	if p.bar == nil {
		if p.stage == "" || time.Since(p.since) < quietFor {
			return
		}
		total := int64(p.total)
		if total == 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(p.stage), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(total > 0), progressbar.OptionShowElapsedTimeOnFinish(),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionSetWidth(24))
		n = p.count
	}
	if err := p.bar.Add(n); err != nil {
		p.on = false // a terminal that cannot be written to is no reason to stop
	}
}

// Done ends the stage.
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

func (p *progress) end() {
	if p.bar != nil {
		p.on = p.bar.Finish() == nil && p.on
	}
	p.bar, p.stage = nil, ""
}
