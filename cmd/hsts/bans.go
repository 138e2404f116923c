package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/store"
)

// bansCommand shows and lifts bans of logins. It works on the database that all nodes share, so
// it takes effect on all of them.
func bansCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "bans", Short: "Show and lift bans of logins, on all nodes"}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "list",
			Short: "List who is refused until when",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
					return listBans(ctx, s, cmd.OutOrStdout())
				})
			},
		},
		liftCommand(),
	)
	return cmd
}

func liftCommand() *cobra.Command {
	var filter store.BanFilter
	var all bool
	cmd := &cobra.Command{
		Use:   "lift (--account name | --address address | --all)",
		Short: "Let logins of an account or from an address in again; nodes know of it within seconds",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all == (filter.Account != "" || filter.Address != "") {
				return errors.New("name --account, --address or both, or --all")
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				n, err := s.LiftBans(ctx, filter)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d lifted\n", n)
				if n == 0 {
					return errors.New("there is no such ban: see hsts bans list")
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&filter.Account, "account", "", "access key or node user")
	cmd.Flags().StringVar(&filter.Address, "address", "", "address; of IPv6 its network of 64 bits")
	cmd.Flags().BoolVar(&all, "all", false, "lift all bans")
	return cmd
}

func listBans(ctx context.Context, s *store.Store, out io.Writer) error {
	bans, err := s.Bans(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tACCOUNT\tADDRESS\tFAILURES\tUNTIL")
	for _, b := range bans {
		// Whoever logs in chooses the name: it must not reach the terminal as it is.
		account := strconv.QuoteToASCII(b.Account)
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", b.Kind, account[1:len(account)-1], b.Address, b.Failures,
			b.Until.UTC().Format(time.RFC3339))
	}
	return w.Flush()
}

// withStore runs fn with the node's database, which the environment names as it does for serve.
func withStore(ctx context.Context, fn func(context.Context, *store.Store) error) error {
	db, err := config.ReadDatabase(os.Getenv)
	if err != nil {
		return err
	}
	s, err := store.New(db)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, s), s.Close())
}
