package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"faspex.io/operator/internal/prepare"
)

// prepareSettings are the flags of prepare.
type prepareSettings struct {
	options prepare.Options
	// hostPaths are name=path, claims are names.
	hostPaths, claims []string
	root, view        string
}

const prepareDescription = `Runs as root in the init container of a transfer node, before hsts does: folders of the machine
belong to root, and nothing else changes their owner.

Its last words are a line "folder NAME ID" for each folder of the machine. The operator compares them: ID is the same on
all machines that see the same folder.

A folder is taken when it is empty or carries a file .faspex-storage of root's that names this TransferNode or
nobody, and when no symbolic link leads to it. Nothing but the folder itself and that file is changed.`

func newPrepareCommand() *cobra.Command {
	s := prepareSettings{}
	command := &cobra.Command{
		Use: "prepare", Short: "Give storage folders to the user that hsts runs as", Long: prepareDescription,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			words, err := s.run()
			if err != nil {
				return err
			}
			return say(command.OutOrStdout(), words)
		},
	}
	flags := command.Flags()
	flags.StringVar(&s.options.Owner, "owner", "", "the TransferNode, as namespace/name")
	flags.IntVar(&s.options.UID, "uid", 65532, "user that hsts runs as")
	flags.IntVar(&s.options.GID, "gid", 65532, "its group")
	// Paths may hold commas, so each has a flag of its own.
	flags.StringArrayVar(&s.hostPaths, "host-path", nil,
		"a storage that is a folder of the machine, as name=path; may be repeated")
	flags.StringArrayVar(&s.claims, "claim", nil, "name of a storage that is a volume; may be repeated")
	flags.StringVar(&s.root, "root", "/storage", "folder that storages are mounted in, by their names")
	flags.StringVar(&s.view, "view", "/machine",
		"folder that the first elements of host paths are mounted in, by their names")
	return command
}

// lastWords is where the kubelet takes the status of a container that has ended from.
const lastWords = "/dev/termination-log"

// say writes the last words to where the kubelet looks for them, else to out.
func say(out io.Writer, words string) error {
	file, err := os.OpenFile(lastWords, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = io.WriteString(out, words)
		return err
	}
	if err != nil {
		return fmt.Errorf("say what was done: %w", err)
	}
	_, err = file.WriteString(words)
	return errors.Join(err, file.Close())
}

func (s prepareSettings) run() (words string, err error) {
	if owner := strings.Split(s.options.Owner, "/"); len(owner) != 2 || slices.Contains(owner, "") {
		return "", fmt.Errorf("--owner: %q is not namespace/name", s.options.Owner)
	}
	for _, hostPath := range s.hostPaths {
		name, folder, found := strings.Cut(hostPath, "=")
		if !found || !path.IsAbs(folder) || folder != path.Clean(folder) || strings.Contains(name, "/") {
			return "", fmt.Errorf("--host-path: %q is not name=path with an absolute path", hostPath)
		}
		host := prepare.HostFolder{Mount: path.Join(s.root, name), Path: folder}
		if first, _, more := strings.Cut(folder[1:], "/"); more {
			host.View = path.Join(s.view, first)
		}
		id, err := s.options.Host(host)
		if err != nil {
			return "", err
		}
		words += fmt.Sprintf("folder %s %s\n", name, id)
	}
	for _, name := range s.claims {
		if err := s.options.Claim(path.Join(s.root, name)); err != nil {
			return "", err
		}
	}
	return words, nil
}
