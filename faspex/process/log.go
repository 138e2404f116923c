// Package process is what every process of the control plane does alike: structured logs, probes and metrics
// beside its own pages, a log line and a measure for each request, and an end that lets requests finish. It knows
// nothing of what a process serves.
package process

import (
	"fmt"
	"io"
	"log/slog"
)

// NewLogger writes JSON lines. level is one of debug, info, warn, error; empty is info.
func NewLogger(w io.Writer, level string) (*slog.Logger, error) {
	l := slog.LevelInfo
	if level != "" {
		if err := l.UnmarshalText([]byte(level)); err != nil {
			return nil, fmt.Errorf("log level %q is none of debug, info, warn, error", level)
		}
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
}
