package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/schollz/progressbar/v3"

	"deskform/cmd/deskform/engine"
)

// A progress shows count, rate and time left of what takes over two seconds: a bar on a terminal, and a plain line every
// ten seconds where there is none, as in CI.
type progress struct {
	w   io.Writer
	bar bool // w is a terminal
	now func() time.Time

	mu     sync.Mutex
	broken bool // what cannot be written to is no reason to stop
	stage  string
	total  int
	count  int
	since  time.Time
	said   time.Time // when the last line was written
	shown  *progressbar.ProgressBar
	stop   chan struct{}
}

func newProgress(w io.Writer) *progress {
	return &progress{w: w, bar: tty(w), now: time.Now}
}

const (
	// quietFor is how long a stage stays silent.
	quietFor = 2 * time.Second
	// lineEvery is how far lines are apart. A stage that is over before the first of them says nothing.
	lineEvery = 10 * time.Second
)

// Start begins a stage; total is 0 when nobody knows it.
func (p *progress) Start(stage string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	p.stage, p.total, p.count = stage, total, 0
	p.since = p.now()
	p.said = p.since
	if !p.bar && !p.broken {
		p.stop = make(chan struct{})
		go p.ticking(p.stop)
	}
}

// ticking writes lines also while nothing is counted: a stage that waits is alive.
func (p *progress) ticking(stop chan struct{}) {
	t := time.NewTicker(lineEvery)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			p.mu.Lock()
			if p.stop == stop {
				p.line()
			}
			p.mu.Unlock()
		}
	}
}

// Step counts n more.
func (p *progress) Step(n int) {
	if n == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count += n
	switch {
	case p.broken || p.stage == "":
	case p.bar:
		p.draw(n)
	default:
		p.line()
	}
}

// line writes where the stage is, when the last line is old enough.
func (p *progress) line() {
	now := p.now()
	if p.broken || p.stage == "" || now.Sub(p.said) < lineEvery {
		return
	}
	p.said = now
	spent := now.Sub(p.since)
	rate := float64(p.count) / spent.Seconds()
	text := fmt.Sprintf("%s: %d", p.stage, p.count)
	if p.total > 0 {
		text = fmt.Sprintf("%s: %d of %d", p.stage, p.count, p.total)
	}
	text += fmt.Sprintf(", %.1f/s, %s so far", rate, spent.Round(time.Second))
	if left := p.total - p.count; left > 0 && rate > 0 {
		text += fmt.Sprintf(", about %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	_, err := fmt.Fprintln(p.w, text)
	p.broken = err != nil
}

func (p *progress) draw(n int) {
	if p.shown == nil {
		if p.now().Sub(p.since) < quietFor {
			return
		}
		total := int64(p.total)
		if total == 0 {
			total = -1
		}
		p.shown = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(p.stage), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(total > 0), progressbar.OptionShowElapsedTimeOnFinish(),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionSetWidth(24))
		n = p.count
	}
	p.broken = p.shown.Add(n) != nil
}

// Done ends the stage.
func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

func (p *progress) end() {
	if p.shown != nil && p.shown.Finish() != nil {
		p.broken = true
	}
	if p.stop != nil {
		close(p.stop)
	}
	p.shown, p.stop, p.stage = nil, nil, ""
}

// staged tells the log of stages as well.
type staged struct {
	engine.Watcher
	log hclog.Logger
}

func (s staged) Start(stage string, total int) {
	s.log.Info("stage", "name", stage, "total", total)
	s.Watcher.Start(stage, total)
}
