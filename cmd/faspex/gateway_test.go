package main

import (
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/gateway"
)

// node-150: each bound of the gateway has a setting. What the bounds do, and their metrics, are in TestUploadBounds,
// TestSocketsOfOneAddressAreBounded and TestSocketThatSaysNothingIsClosed of package gateway. FuzzSocketMessage is for
// the parser, by hand for an hour.
func TestBoundsOfTheGatewayAreSettings(t *testing.T) {
	nodes := filepath.Join(t.TempDir(), "nodes.yaml")
	if err := os.WriteFile(nodes, []byte("nodes: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := func(more map[string]string) (gateway.Config, error) {
		env := map[string]string{"FASPEX_GATEWAY_SECRET": "0123456789abcdef", "FASPEX_GATEWAY_NODES_FILE": nodes}
		maps.Copy(env, more)
		return gatewayConfig(func(name string) string { return env[name] }, slog.New(slog.NewTextHandler(io.Discard, nil)))
	}
	got, err := config(map[string]string{
		"FASPEX_GATEWAY_MAX_SESSIONS": "7", "FASPEX_GATEWAY_MAX_PER_CLIENT": "3", "FASPEX_GATEWAY_FIRST_MESSAGE": "9s",
		"FASPEX_GATEWAY_UPLOAD_MEMORY_MIB": "64",
	})
	want := gateway.DefaultLimits()
	want.Sessions, want.PerClient, want.FirstMessage, want.Memory = 7, 3, 9*time.Second, 64<<20
	if err != nil || got.Limits != want {
		t.Errorf("%+v %v, want %+v", got.Limits, err, want)
	}
	for name, value := range map[string]string{
		"FASPEX_GATEWAY_MAX_SESSIONS": "0", "FASPEX_GATEWAY_MAX_PER_CLIENT": "many", "FASPEX_GATEWAY_FIRST_MESSAGE": "9",
		"FASPEX_GATEWAY_UPLOAD_MEMORY_MIB": "7",
	} {
		if _, err := config(map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v, want a refusal with its name", name, value, err)
		}
	}
}
