package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"faspex.io/operator/dataplane/store"
)

// userCommand manages the users of the Node API in the database that all nodes share. A change holds
// for the next call at each node.
func userCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Manage users of the Node API, on all nodes"}
	cmd.AddCommand(addUserCommand(), modifyUserCommand(), listUsersCommand(), deleteUserCommand())
	return cmd
}

// userFlags are what commands say about a user. A password is never among them: the arguments
// of a program are seen by others.
type userFlags struct {
	user         store.NodeUser
	passwordFile string
}

func (f *userFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.user.TransferUser, "transfer-user", "", "transfer user that the user acts as")
	cmd.Flags().StringVar(&f.user.Docroot, "docroot", "", "folder of the transfer user beneath the storage root")
	cmd.Flags().StringArrayVar(&f.user.Restrictions, "restriction", nil,
		"instead of a docroot: what the transfer user may touch, such as file:////data/*")
	cmd.Flags().StringVar(&f.passwordFile, "password-file", "", "file with the password; - is standard input")
}

func (f *userFlags) password(cmd *cobra.Command) (string, error) {
	return secretLine(cmd, "password", f.passwordFile)
}

// secretLine reads the first line of a file, or of standard input when there is no name or it is -. what is the word
// for it, and for its flag.
func secretLine(cmd *cobra.Command, what, name string) (string, error) {
	in := cmd.InOrStdin()
	if name != "-" && name != "" {
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("%s file: %w", what, err)
		}
		defer file.Close()
		in = file
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fmt.Errorf("the %s is empty: give it on standard input or with --%s-file", what, what)
	}
	return line, nil
}

func addUserCommand() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use:   "add name --transfer-user name (--docroot folder | --restriction pattern...)",
		Short: "Add a user; its password comes from standard input or a file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.user.Name = args[0]
			password, err := f.password(cmd)
			if err != nil {
				return err
			}
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				return s.CreateNodeUser(ctx, f.user, password)
			})
		},
	}
	f.register(cmd)
	return cmd
}

func modifyUserCommand() *cobra.Command {
	var f userFlags
	cmd := &cobra.Command{
		Use:   "modify name",
		Short: "Change the password, the transfer user, or what the transfer user may touch",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				u, err := s.NodeUser(ctx, args[0])
				if err != nil {
					return err
				}
				if f.user.TransferUser != "" {
					u.TransferUser = f.user.TransferUser
				}
				if f.user.Docroot != "" || f.user.Restrictions != nil {
					u.Docroot, u.Restrictions = f.user.Docroot, f.user.Restrictions
				}
				if f.passwordFile == "" {
					return s.UpdateNodeUser(ctx, u, nil)
				}
				password, err := f.password(cmd)
				if err != nil {
					return err
				}
				return s.UpdateNodeUser(ctx, u, &password)
			})
		},
	}
	f.register(cmd)
	return cmd
}

func listUsersCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the users beside the one in the node's Secret",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				users, err := s.NodeUsers(ctx)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "USER\tTRANSFER USER\tDOCROOT\tRESTRICTIONS\tMANAGED BY")
				for _, u := range users {
					by := u.ManagedBy
					if by == "" {
						by = "hsts user"
					}
					fmt.Fprintf(w, "%s\t%s\t%q\t%q\t%s\n", u.Name, u.TransferUser, u.Docroot,
						strings.Join(u.Restrictions, " "), by)
				}
				return w.Flush()
			})
		},
	}
}

func deleteUserCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "delete name",
		Short: "Delete a user; files stay",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withStore(cmd.Context(), func(ctx context.Context, s *store.Store) error {
				return s.DeleteNodeUser(ctx, args[0])
			})
		},
	}
}
