package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"

	"faspex.io/operator/controllers/transfernode"
	"faspex.io/operator/internal/version"
)

// settings are the flags.
type settings struct {
	watchNamespaces []string
	leaderElect     bool
	leaderNamespace string
	leaderID        string
	metricsAddress  string
	healthAddress   string
	logLevel        string
	logFormat       string

	operatorImage     string
	operatorNamespace string

	allowedHostPaths []string
	allowedImages    []string
}

const description = `Runs Faspex and its transfer nodes: reconciles the kinds FaspexInstance, TransferNode,
StorageLocation, AccessKey and FaspexBackup of the API group faspex.io, which must be installed in the cluster.

The cluster is the one of the flag --kubeconfig, of the variable KUBECONFIG, or the one this program runs in. Two
replicas need --leader-elect, so that one works and the other stands by.

By default the whole cluster is served, which needs a ClusterRole. With --watch-namespaces only those namespaces are
served, and a Role in each of them is enough.`

const examples = `  # serve the cluster of the current context, from a workstation
  operator --log-format=console --log-level=debug

  # serve two namespaces, one of several replicas
  operator --watch-namespaces=media,archive --leader-elect`

func newCommand() *cobra.Command {
	s := settings{}
	command := &cobra.Command{
		Use: "operator", Short: "Run Faspex and its transfer nodes", Long: description, Example: examples,
		Version: version.Version, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			if slices.Contains(s.watchNamespaces, "") {
				return fmt.Errorf("--watch-namespaces holds an empty name")
			}
			log, err := newLogger(os.Stderr, s.logLevel, s.logFormat)
			if err != nil {
				return err
			}
			ctrl.SetLogger(log)
			config, err := ctrl.GetConfig()
			if err != nil {
				return fmt.Errorf("find a cluster: %w", err)
			}
			return run(command.Context(), config, s, log.WithName("setup"))
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&s.watchNamespaces, "watch-namespaces", nil,
		"serve only these namespaces, separated by commas; all when empty")
	flags.BoolVar(&s.leaderElect, "leader-elect", false,
		"work only while holding a lease; needed wherever two may run at a time")
	flags.StringVar(&s.leaderID, "leader-election-id", "faspex-operator",
		"name of the lease; operators that serve different namespaces have different ones")
	flags.StringVar(&s.leaderNamespace, "leader-election-namespace", os.Getenv("POD_NAMESPACE"),
		"namespace of the lease; by default POD_NAMESPACE, or the namespace this program runs in")
	flags.StringVar(&s.operatorNamespace, "operator-namespace", os.Getenv("POD_NAMESPACE"),
		"namespace that this program runs in, for the network policies that let it in; by default POD_NAMESPACE")
	flags.StringVar(&s.operatorImage, "operator-image",
		cmp.Or(os.Getenv("OPERATOR_IMAGE"), transfernode.DefaultOperatorImage),
		"image of this program, which also prepares the storage folders of transfer nodes and makes backups; by default OPERATOR_IMAGE, or the released one")
	flags.StringSliceVar(&s.allowedHostPaths, "allowed-host-paths", nil,
		"folders of machines that TransferNodes may use, with all beneath them, separated by commas; all but those of the system when empty")
	flags.StringSliceVar(&s.allowedImages, "allowed-images", nil,
		"images that specs may name, as a registry and the beginning of a repository (ghcr.io/faspex-io), separated by commas; all when empty")
	flags.StringVar(&s.metricsAddress, "metrics-bind-address", ":8080",
		"serve Prometheus metrics here over HTTP, 0 for not at all")
	flags.StringVar(&s.healthAddress, "health-probe-bind-address", ":8081", "serve /healthz and /readyz here over HTTP")
	flags.StringVar(&s.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&s.logFormat, "log-format", "json", "json or console")
	// controller-runtime registers its flag with the standard library's set.
	flags.AddGoFlag(flag.Lookup("kubeconfig"))
	command.AddCommand(newPrepareCommand(), newBackupCommand())
	return command
}
