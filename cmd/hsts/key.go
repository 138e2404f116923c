package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"faspex.io/operator/dataplane/store"
)

// keyCommand shows, renews and deletes access keys in the database that all nodes share. They are made by an AccessKey
// of Kubernetes or by the Node API, which make the folder, too.
func keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "List access keys, give one another secret, delete one, on all nodes"}
	cmd.AddCommand(listKeysCommand(), keySecretCommand(), deleteKeyCommand())
	return cmd
}

func listKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all access keys with their folders and the keys that made them",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				keys, err := s.AccessKeys(ctx, "")
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "KEY\tMADE BY\tFOLDER\tMADE AT")
				for _, k := range keys {
					by := k.ParentID
					if by == "" {
						by = "node user"
					}
					made := time.UnixMicro(k.CreatedUsec).UTC().Format(time.RFC3339)
					fmt.Fprintf(w, "%s\t%s\t%q\t%s\n", k.ID, by, k.StoragePath, made)
				}
				return w.Flush()
			})
		},
	}
}

func keySecretCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "secret id",
		Short: "Give a key another secret, from standard input or a file",
		Long: "Give a key another secret, from standard input or a file.\n" +
			"The operator undoes this for the key of an AccessKey object: change the secret in its Secret instead.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := secretLine(cmd, "secret", file)
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				return s.UpdateAccessKey(ctx, args[0], store.AccessKeyChange{Secret: &secret})
			})
		},
	}
	cmd.Flags().StringVar(&file, "secret-file", "", "file with the secret; - is standard input")
	return cmd
}

func deleteKeyCommand() *cobra.Command {
	var below bool
	cmd := &cobra.Command{
		Use:   "delete id",
		Short: "Delete a key and what it permits, and end its transfers; files stay",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				err := s.DeleteAccessKey(ctx, args[0], below)
				if errors.Is(err, store.ErrHasKeys) {
					return fmt.Errorf("%w: --with-keys-below deletes those, too", err)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&below, "with-keys-below", false, "delete the keys that were made with it, too")
	return cmd
}
