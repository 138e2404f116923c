package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/gateway"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/process"
)

func newGateway() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Move files between browsers and transfer nodes",
		Long: `Serve uploads, downloads and the published gateway API below /aspera/http-gwy/, and /health, /livez and
/metrics. It keeps no files and needs no credentials of its own: transfer specs have tokens, which nodes check.

Environment:
  FASPEX_GATEWAY_SECRET           secret that core shares: opens download tickets
  FASPEX_GATEWAY_OLD_SECRET       the secret before the last rotation
  FASPEX_GATEWAY_NODES_FILE       list of the nodes that it may connect to (default /etc/faspex/gateway/nodes.yaml)
  FASPEX_GATEWAY_TRUSTED_PROXIES  addresses and networks of the router, whose X-Forwarded-For is believed (default: none)
  FASPEX_GATEWAY_MAX_SESSIONS     sessions with nodes at a time (default 500)
  FASPEX_GATEWAY_MAX_PER_CLIENT   requests and upload sessions of one address at a time (default 64)
  FASPEX_GATEWAY_FIRST_MESSAGE    how long a WebSocket may say nothing before its transfer spec (default 30s)
  FASPEX_GATEWAY_UPLOAD_MEMORY_MIB  what uploads may keep that no node has acknowledged, all together, in MiB (default 48);
                                  the container needs about 100 more
  FASPEX_GATEWAY_LOG_LEVEL        debug, info (default), warn, error`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_GATEWAY_LOG_LEVEL"))
			if err != nil {
				return err
			}
			config, err := gatewayConfig(os.Getenv, log)
			if err != nil {
				return err
			}
			// Most of the memory is slabs that are used again and again: more than this is garbage.
			if os.Getenv("GOMEMLIMIT") == "" {
				debug.SetMemoryLimit(gatewayMemory + config.Limits.Memory)
				debug.SetGCPercent(gatewayGarbage)
			}
			registry := process.NewRegistry()
			config.Registry = registry
			server := gateway.New(config)
			defer server.Close()
			mux := http.NewServeMux()
			server.Register(mux)
			process.HandleProbes(mux, registry, map[string]process.Check{"nodes": server.Ready})
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			return process.Serve(ctx, listen, process.Requests(mux, log, registry), log,
				func(h *http.Server) { h.MaxHeaderBytes = gatewayHeaders })
		},
	}
	cmd.Flags().StringVar(&listen, "listen", ":7000", "address to listen on")
	return cmd
}

const (
	// gatewayGarbage is how much garbage there may be, in percent of what is in use. Little is made, so collecting it
	// often costs little.
	gatewayGarbage = 25
	// gatewayMemory is what there may be beside the memory of uploads before the garbage collector works harder.
	gatewayMemory = 102 << 20
	// gatewayHeaders bounds the header of a request; specs of downloads may be in it.
	gatewayHeaders = 64 << 10
)

func gatewayConfig(env func(string) string, log *slog.Logger) (gateway.Config, error) {
	c := gateway.Config{Limits: gateway.DefaultLimits(), Log: log}
	var err error
	if c.Ring, err = keyring.New(env("FASPEX_GATEWAY_SECRET"), env("FASPEX_GATEWAY_OLD_SECRET")); err != nil {
		return c, fmt.Errorf("FASPEX_GATEWAY_SECRET: %w", err)
	}
	if c.TrustedProxies, err = address.Parse(env("FASPEX_GATEWAY_TRUSTED_PROXIES")); err != nil {
		return c, fmt.Errorf("FASPEX_GATEWAY_TRUSTED_PROXIES: %w", err)
	}
	file := env("FASPEX_GATEWAY_NODES_FILE")
	if file == "" {
		file = "/etc/faspex/gateway/nodes.yaml"
	}
	if c.Nodes, err = gateway.OpenNodes(file, log); err != nil {
		return c, fmt.Errorf("FASPEX_GATEWAY_NODES_FILE: %w", err)
	}
	for name, limit := range map[string]*int{
		"FASPEX_GATEWAY_MAX_SESSIONS": &c.Limits.Sessions, "FASPEX_GATEWAY_MAX_PER_CLIENT": &c.Limits.PerClient,
	} {
		if text := env(name); text != "" {
			if *limit, err = strconv.Atoi(text); err != nil || *limit < 1 {
				return c, fmt.Errorf("%s: %q is no number of at least 1", name, text)
			}
		}
	}
	if text := env("FASPEX_GATEWAY_UPLOAD_MEMORY_MIB"); text != "" {
		mib, err := strconv.ParseInt(text, 10, 32)
		if least := c.Limits.MemoryEach >> 20; err != nil || mib < least {
			return c, fmt.Errorf("FASPEX_GATEWAY_UPLOAD_MEMORY_MIB: %q is no number of at least %d, what one upload takes", text, least)
		}
		c.Limits.Memory = mib << 20
	}
	if text := env("FASPEX_GATEWAY_FIRST_MESSAGE"); text != "" {
		if c.Limits.FirstMessage, err = time.ParseDuration(text); err != nil || c.Limits.FirstMessage <= 0 {
			return c, fmt.Errorf("FASPEX_GATEWAY_FIRST_MESSAGE: %q is no duration such as 30s", text)
		}
	}
	return c, nil
}
