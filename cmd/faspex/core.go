package main

import (
	"fmt"
	"net/http"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/internal/version"
)

// collectAt has core collect garbage when its heap has grown fivefold: the heap is a few MiB, and collecting it at each
// doubling takes an eighth of what answering lists costs (make bench-core). GOGC overrides it.
const collectAt = 400

func newCore() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "core",
		Short: "Serve the Faspex API and the login page",
		Long: `Serve the Faspex API v5 and OAuth below /aspera/faspex/, and /health, /livez and /metrics. The database is used as the
restricted user; /health answers 503 until it has the schema that this version was built for.

Environment:
  FASPEX_CORE_SECRET       secret of this installation: seals node passwords, signs access tokens
  FASPEX_CORE_OLD_SECRET   the secret before the last rotation, which still opens and verifies
  FASPEX_CORE_URL          origin that people use, for example https://faspex.example.com
  FASPEX_CORE_TRUSTED_PROXIES  addresses and networks of the router, whose X-Forwarded-For is believed (default: nobody's)
  FASPEX_CORE_GATEWAY      true when the router has an HTTP gateway at /aspera/http-gwy/ (default: false)
  FASPEX_GATEWAY_SECRET, FASPEX_GATEWAY_OLD_SECRET   with the gateway: the secret shared with it, and the one before
  FASPEX_CORE_LOG_LEVEL    debug, info (default), warn, error
  FASPEX_DB_HOST, FASPEX_DB_PORT, FASPEX_DB_CORE_DATABASE, FASPEX_DB_USERNAME, FASPEX_DB_PASSWORD,
  FASPEX_DB_USE_TLS, FASPEX_DB_TLS_CA_FILE   the database`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_CORE_LOG_LEVEL"))
			if err != nil {
				return err
			}
			ring, err := keyring.New(os.Getenv("FASPEX_CORE_SECRET"), os.Getenv("FASPEX_CORE_OLD_SECRET"))
			if err != nil {
				return fmt.Errorf("FASPEX_CORE_SECRET: %w", err)
			}
			proxies, err := address.Parse(os.Getenv("FASPEX_CORE_TRUSTED_PROXIES"))
			if err != nil {
				return fmt.Errorf("FASPEX_CORE_TRUSTED_PROXIES: %w", err)
			}
			gateway, err := gatewayRing(os.Getenv)
			if err != nil {
				return err
			}
			s, err := openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			server, err := core.New(s, ring, core.Config{
				ExternalURL: os.Getenv("FASPEX_CORE_URL"), Gateway: gateway, Version: version.Version, TrustedProxies: proxies,
				Log: log,
			})
			if err != nil {
				return fmt.Errorf("FASPEX_CORE_URL: %w", err)
			}
			mux, registry := http.NewServeMux(), process.NewRegistry()
			server.Register(mux)
			process.HandleProbes(mux, registry, map[string]process.Check{"core": server.Ready})
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(collectAt)
			}
			go server.Upkeep(cmd.Context())
			return process.Serve(cmd.Context(), listen, process.Requests(server.Frame(mux), log, registry), log)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", ":3000", "address to listen on")
	return cmd
}

// gatewayRing reads the secret that core shares with the gateway; nil when there is no gateway.
func gatewayRing(getenv func(string) string) (*keyring.Ring, error) {
	on, err := process.Switch(getenv("FASPEX_CORE_GATEWAY"))
	if err != nil {
		return nil, fmt.Errorf("FASPEX_CORE_GATEWAY: %w", err)
	}
	if !on {
		return nil, nil
	}
	ring, err := keyring.New(getenv("FASPEX_GATEWAY_SECRET"), getenv("FASPEX_GATEWAY_OLD_SECRET"))
	if err != nil {
		return nil, fmt.Errorf("FASPEX_GATEWAY_SECRET: %w", err)
	}
	return ring, nil
}
