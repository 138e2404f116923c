package lab

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress prints what happens with the time since it began, one line each.
type Progress struct {
	mu    sync.Mutex
	out   io.Writer
	begin time.Time
}

// NewProgress starts the clock.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out, begin: time.Now()} }

// Step announces something that takes a while.
func (p *Progress) Step(format string, args ...any) { p.print("==> ", format, args) }

// Detail adds to the last step.
func (p *Progress) Detail(format string, args ...any) { p.print("      ", format, args) }

// Elapsed is the time since the clock started.
func (p *Progress) Elapsed() time.Duration { return time.Since(p.begin).Round(time.Second) }

func (p *Progress) print(mark, format string, args []any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	elapsed := p.Elapsed()
	fmt.Fprintf(p.out, "%02d:%02d %s%s\n", int(elapsed.Minutes()), int(elapsed.Seconds())%60, mark,
		fmt.Sprintf(format, args...))
}
