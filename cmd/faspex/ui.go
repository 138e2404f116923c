package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/ui"
)

func newUI() *cobra.Command {
	var root, listen string
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "Serve the web page",
		Long: `Serve the web page below /aspera/faspex/, its client configuration, and /health, /livez and /metrics.

Environment:
  FASPEX_CORE_UI_CLIENT_ID  OAuth client of the page
  FASPEX_CORE_URL           origin that people use, for example https://faspex.example.com
  FASPEX_UI_LOG_LEVEL       debug, info (default), warn, error`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_UI_LOG_LEVEL"))
			if err != nil {
				return err
			}
			config, err := ui.ConfigFromEnv(os.Getenv)
			if err != nil {
				return fmt.Errorf("read configuration of the ui: %w", err)
			}
			handler, err := ui.New(config, os.DirFS(root), log)
			if err != nil {
				return err
			}
			return process.Serve(cmd.Context(), listen, handler, log)
		},
	}
	cmd.Flags().StringVar(&root, "root", "/srv/ui", "directory of the built page")
	cmd.Flags().StringVar(&listen, "listen", ":5000", "address to listen on")
	return cmd
}
