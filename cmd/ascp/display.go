package main

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// display is what a person sees: a progress bar, if standard error is a terminal, and notes. Its methods do nothing on
// a nil display.
type display struct {
	mu  sync.Mutex
	bar *progressbar.ProgressBar
	log *slog.Logger
}

func newDisplay(quiet bool, log *slog.Logger) *display {
	d := &display{log: log}
	if !quiet && term.IsTerminal(int(os.Stderr.Fd())) {
		d.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionUseIECUnits(true), progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
	}
	return d
}

// update draws the bar: bytes that are there of all bytes, and how many files are done.
func (d *display) update(p transfer.Progress) {
	if d == nil || d.bar == nil || p.BytesExpected == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bar.Describe(fmt.Sprintf("%d/%d files", p.FilesDone, p.FilesExpected))
	if d.bar.GetMax64() != p.BytesExpected {
		d.bar.ChangeMax64(p.BytesExpected)
	}
	// The last byte is for the end: a full bar would take itself away.
	_ = d.bar.Set64(min(p.BytesMoved+p.BytesResumed, p.BytesExpected-1))
}

// note prints a line without damaging the bar, and has it in the log.
func (d *display) note(text string) {
	if d == nil {
		fmt.Fprintf(os.Stderr, "ascp: %s\n", shown(text))
		return
	}
	d.log.Warn(text)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bar != nil {
		_ = d.bar.Clear()
	}
	fmt.Fprintf(os.Stderr, "ascp: %s\n", shown(text))
}

// close takes the bar away.
func (d *display) close() {
	if d == nil || d.bar == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.bar.Clear()
	d.bar = nil
}

// summary prints the last line of a transfer that went well.
func (d *display) summary(s transfer.Summary, t *tally) {
	text := fmt.Sprintf("Completed: %s, %s in %s", files(s.FilesDone), humanize.IBytes(uint64(s.BytesMoved)),
		s.Elapsed.Round(10*time.Millisecond))
	if seconds := s.Elapsed.Seconds(); s.BytesMoved > 0 && seconds > 0 {
		text += fmt.Sprintf(" (%sbit/s)", humanize.SIWithDigits(float64(s.BytesMoved)*8/seconds, 1, ""))
	}
	fmt.Println(text + t.rest(s.BytesResumed))
}

func files(n int64) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}
