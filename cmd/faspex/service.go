package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/service"
	"faspex.io/operator/faspex/utility"
)

func newService() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Do the background work: watch transfers, release, expire and remove packages",
		Long: `Do the background work: watch the transfers of every node, release packages whose upload is complete, expire and remove those whose
time is over. Several replicas share the work. Serves /health, /livez and /metrics; /health answers 503 until the database has the
schema that this version was built for.

Environment:
  FASPEX_CORE_SECRET        secret of this installation: opens the passwords of nodes and of the mail server
  FASPEX_CORE_OLD_SECRET    the secret before the last rotation
  FASPEX_SERVICE_LOG_LEVEL  debug, info (default), warn, error
  FASPEX_SERVICE_WEBHOOK_NETWORKS   addresses and networks, with commas between them, that webhooks may call beside the public Internet
  FASPEX_DB_HOST, FASPEX_DB_PORT, FASPEX_DB_CORE_DATABASE, FASPEX_DB_USERNAME, FASPEX_DB_PASSWORD,
  FASPEX_DB_USE_TLS, FASPEX_DB_TLS_CA_FILE   the database`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_SERVICE_LOG_LEVEL"))
			if err != nil {
				return err
			}
			ring, err := keyring.New(os.Getenv("FASPEX_CORE_SECRET"), os.Getenv("FASPEX_CORE_OLD_SECRET"))
			if err != nil {
				return fmt.Errorf("FASPEX_CORE_SECRET: %w", err)
			}
			webhooks, err := address.Parse(os.Getenv("FASPEX_SERVICE_WEBHOOK_NETWORKS"))
			if err != nil {
				return fmt.Errorf("FASPEX_SERVICE_WEBHOOK_NETWORKS: %w", err)
			}
			s, err := openStore()
			if err != nil {
				return err
			}
			defer s.Close()

			mux, registry := http.NewServeMux(), process.NewRegistry()
			ready := func(ctx context.Context) error { return utility.SchemaReady(ctx, s) }
			process.HandleProbes(mux, registry, map[string]process.Check{"database": ready})
			worker := service.New(
				service.Config{Store: s, Dialer: nodes.NewDialer(ring), Log: log, Name: workerName(), Ring: ring,
					Webhooks: webhooks, Registry: registry},
			)

			ctx, stop := context.WithCancel(cmd.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				worker.Run(ctx)
			}()
			err = process.Serve(ctx, listen, process.Requests(mux, log, registry), log)
			stop()
			<-done
			return err
		},
	}
	cmd.Flags().StringVar(&listen, "listen", ":6000", "address to listen on")
	return cmd
}

// workerName tells replicas apart: the name of the pod, and something new for each start of it.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "service"
	}
	return host + "/" + uuid.NewString()[:8]
}
