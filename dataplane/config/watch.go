package config

import (
	"context"
	"log/slog"
	"time"
)

// WatchRates reads the file at path again until ctx ends and tells changed of rates that differ from those before, which
// are current at first. A file that can't be read or is wrong changes nothing; what else it says counts from the next start on.
func WatchRates(ctx context.Context, path string, current Rates, log *slog.Logger, changed func(Rates)) {
	tick := time.NewTicker(reloadInterval)
	defer tick.Stop()
	lastError := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		next, err := Load(path)
		switch {
		case err != nil && err.Error() != lastError:
			lastError = err.Error()
			log.Error("configuration can't be read again, the former one stays in use", "error", err)
		case err == nil:
			lastError = ""
			if next.Rates != current {
				current = next.Rates
				changed(current)
			}
		}
	}
}
