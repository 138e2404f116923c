package config

import (
	"context"
	"log/slog"
	"time"
)

// reloadInterval is how soon a change of what is mounted is noticed; the kubelet itself
// takes about a minute to mount it.
const reloadInterval = 5 * time.Second

// Watch has something read again until ctx ends. It logs when that begins to fail, for another reason
// too, and when it succeeds again.
func Watch(ctx context.Context, what string, log *slog.Logger, read func() error) {
	tick := time.NewTicker(reloadInterval)
	defer tick.Stop()
	lastError := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := read()
		switch {
		case err != nil && err.Error() != lastError:
			lastError = err.Error()
			log.Error(what+" can't be read again, what was read before stays in use", "error", err)
		case err == nil && lastError != "":
			lastError = ""
			log.Info(what + " can be read again")
		}
	}
}

// WatchRates reads the file at path again until ctx ends and tells changed of rates that differ from those
// before, which are current at first. A file that can't be read or is wrong changes nothing; what else it says
// counts from the next start on.
func WatchRates(ctx context.Context, path string, current Rates, log *slog.Logger, changed func(Rates)) {
	Watch(ctx, "configuration", log, func() error {
		next, err := Load(path)
		if err == nil && next.Rates != current {
			current = next.Rates
			changed(current)
		}
		return err
	})
}
