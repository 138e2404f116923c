package config_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/config"
)

func TestRatesAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hsts.yaml")
	write := func(text string) { // at once, as the kubelet does
		if err := errors.Join(os.WriteFile(file+"~", []byte(text), 0o600), os.Rename(file+"~", file)); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var seen []int64
		var ended bool
		go func() {
			config.WatchRates(ctx, file, config.Default().Rates, slog.New(slog.DiscardHandler), func(r config.Rates) {
				seen = append(seen, r.TotalSendKbps)
			})
			ended = true
		}()
		for _, text := range []string{
			"rates: {totalSendKbps: 1}", "rates: {totalSendKbps: 1}\ngso: on", "rates: {totalSendKbps: -1}", "rates: [",
			"rates: {totalSendKbps: 2}", "",
		} {
			write(text)
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if diff := cmp.Diff([]int64{1, 2, 0}, seen); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		cancel()
		synctest.Wait()
		if !ended {
			t.Error("the watch goes on")
		}
	})
}
