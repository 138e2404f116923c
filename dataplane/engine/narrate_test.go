package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/engine/simnet"
)

// TestNarration has a sender say once a second what its rate control does, and only if it is asked to.
func TestNarration(t *testing.T) {
	const rate = 50e6
	for level, want := range map[slog.Level]int{slog.LevelDebug: 3, slog.LevelInfo: 0} {
		var said bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			link := simnet.Settings{RateBps: rate, Delay: 10 * time.Millisecond}
			a, b := simnet.Connect(simnet.NewPipe(link, 1), simnet.NewPipe(link, 2), 1472, rate, 0)
			s, r := enginetest.Ends(t, engine.Config{ID: 1, Clock: simnet.NewClock(), MaxMemory: memoryBound,
				Logger: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: level}))}, a, b, enginetest.Nothing{},
				enginetest.Nothing{}, 1<<40)
			ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
			defer cancel()
			enginetest.Run(ctx, s, r)
		})
		if got := strings.Count(said.String(), "msg=rate mode=delay mbps="); got != want {
			t.Errorf("at %v: %d lines, want %d:\n%s", level, got, want, &said)
		}
	}
}
