package main

import (
	"github.com/spf13/cobra"

	"faspex.io/operator/internal/version"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "faspex",
		Short:         "The Faspex control plane",
		Version:       version.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newCore(), newGateway(), newService(), newUI(), newUtility())
	return root
}
