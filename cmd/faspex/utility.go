package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/utility"
)

const databaseEnvironment = `  FASPEX_DB_HOST, FASPEX_DB_PORT, FASPEX_DB_CORE_DATABASE, FASPEX_DB_USE_TLS, FASPEX_DB_TLS_CA_FILE
  FASPEX_DB_ASPERA_ADMIN_USERNAME, FASPEX_DB_ASPERA_ADMIN_PASSWORD  the admin user (migrate, seed)
  FASPEX_DB_USERNAME, FASPEX_DB_PASSWORD                            the restricted user (serve)`

func newUtility() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "utility",
		Short: "Migrate and seed the database, and show how it fares",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(newUtilityMigrate(), newUtilitySeed(), newUtilityServe(), newUtilityCredentials())
	return cmd
}

func newUtilityMigrate() *cobra.Command {
	wait, to := utility.DefaultWait, store.Wanted()
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema to the version of this program",
		Long:  "Bring the schema to the version of this program, as the admin user. May run any number of times, and several at once.\n\nEnvironment:\n" + databaseEnvironment,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_UTILITY_LOG_LEVEL"))
			if err != nil {
				return err
			}
			config, err := store.AdminConfigFromEnv(os.Getenv)
			if err != nil {
				return fmt.Errorf("read database configuration: %w", err)
			}
			return utility.MigrateTo(cmd.Context(), config, to, wait, log)
		},
	}
	cmd.Flags().IntVar(&to, "to", to, "version of the schema to go to, not older than the one that is there")
	waitFlag(cmd, &wait.Limit)
	return cmd
}

func newUtilitySeed() *cobra.Command {
	wait := utility.DefaultWait
	var etc string
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Make the OAuth clients and the first admin",
		Long: `Make the OAuth clients and the first admin, as the admin user. May run any number of times; an admin that exists is left alone.

Reads admin/username, admin/password and operator-client/public.pem below --etc.

Environment:
  FASPEX_CORE_URL            origin that people use
  FASPEX_CORE_UI_CLIENT_ID   OAuth client of the web page
  FASPEX_SERVICE_CLIENT_ID   OAuth client of the service
  FASPEX_OPERATOR_CLIENT_ID  OAuth client of the operator
  FASPEX_ADMIN_EMAIL         e-mail address of the first admin (default: the name, if it is one, or name@host of FASPEX_CORE_URL)
` + databaseEnvironment,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_UTILITY_LOG_LEVEL"))
			if err != nil {
				return err
			}
			config, err := store.AdminConfigFromEnv(os.Getenv)
			if err != nil {
				return fmt.Errorf("read database configuration: %w", err)
			}
			options, err := utility.SeedOptions(os.Getenv, os.DirFS(etc))
			if err != nil {
				return fmt.Errorf("read what to seed: %w", err)
			}
			return utility.Seed(cmd.Context(), config, options, wait, log)
		},
	}
	cmd.Flags().StringVar(&etc, "etc", "/etc/faspex", "directory of the admin's and the operator client's files")
	waitFlag(cmd, &wait.Limit)
	return cmd
}

func waitFlag(cmd *cobra.Command, limit *time.Duration) {
	cmd.Flags().DurationVar(limit, "wait", *limit, "how long to wait for the database")
}

func newUtilityCredentials() *cobra.Command {
	return &cobra.Command{
		Use:   "credentials EMAIL",
		Short: "Set the password of an account, or make an admin",
		Long: `Set the password of the account with an e-mail address to the line that is read from standard input. An address
that no account has becomes an admin's. What the old password opened ends.

Environment:
` + databaseEnvironment,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("read the password from standard input: %w", err)
			}
			s, err := openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			c := utility.Credentials{Email: args[0], Password: strings.TrimRight(password, "\r\n")}
			made, err := c.Set(cmd.Context(), s, "")
			if err != nil {
				return err
			}
			done := "password set"
			if made {
				done = "admin made"
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), done)
			return err
		},
	}
}

func newUtilityServe() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the utility's page",
		Long: `Serve the utility's page and API below /aspera/faspex/utility, and /health, /livez and /metrics.

Environment:
  FASPEX_UTILITY_USERNAME, FASPEX_UTILITY_PASSWORD  open the page
  FASPEX_UTILITY_AUTHORIZED_IPS                     comma list of addresses, networks and wildcards; empty admits nobody
  FASPEX_UTILITY_TRUSTED_PROXIES                    addresses of the router, whose X-Forwarded-For is believed (default: private networks)
  FASPEX_UTILITY_LOG_LEVEL                          debug, info (default), warn, error
` + databaseEnvironment,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := process.NewLogger(os.Stdout, os.Getenv("FASPEX_UTILITY_LOG_LEVEL"))
			if err != nil {
				return err
			}
			config, err := utility.ConfigFromEnv(os.Getenv)
			if err != nil {
				return fmt.Errorf("read configuration of the utility: %w", err)
			}
			s, err := openStore()
			if err != nil {
				return err
			}
			defer s.Close()
			return process.Serve(cmd.Context(), listen, utility.New(config, s, log), log)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", ":4000", "address to listen on")
	return cmd
}
