package engine_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/simnet"
)

// TestNarration has a sender say once a second what its rate control does, and only if it is asked to.
func TestNarration(t *testing.T) {
	const rate, seconds = 50e6, 4
	for level, want := range map[slog.Level]int{slog.LevelDebug: seconds - 1, slog.LevelInfo: 0} { // the last one may come too late
		var said bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			link := simnet.Settings{RateBps: rate, Delay: 10 * time.Millisecond}
			f := flow{rate: engine.Rate{Policy: engine.PolicyFair}, capacity: 1,
				log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: level}))}
			f.endless(t, 1, simnet.NewPipe(link, 1), simnet.NewPipe(link, 2), rate, seconds*time.Second)
		})
		got := strings.Count(said.String(), "msg=rate mode=delay mbps=")
		if got < want || want == 0 && said.Len() > 0 || got > seconds {
			t.Errorf("at %v: %d lines, want %d:\n%s", level, got, want, &said)
		}
	}
}
