// Command tools builds the programs that developing this project needs, from the Go module proxy at the versions pinned
// in the folders beside it, once per machine. It does not run them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"faspex.io/operator/hack/cluster/gobuild"
)

const usage = `usage: tools COMMAND

  build        build every tool
  path NAME    build the tool NAME if need be and print its file
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tools:", err)
		os.Exit(1)
	}
}

// tools are all tools; each is called like its folder.
func tools(root string) []gobuild.Component {
	dir := func(name string) string { return filepath.Join(root, "hack", "tools", name) }
	return []gobuild.Component{
		{
			Name: "controller-gen", Module: "sigs.k8s.io/controller-tools", Dir: dir("controller-gen"),
			Programs: map[string]string{"controller-gen": "sigs.k8s.io/controller-tools/cmd/controller-gen"},
		},
		{
			Name: "helm", Module: "helm.sh/helm/v4", Dir: dir("helm"),
			Programs: map[string]string{"helm": "helm.sh/helm/v4/cmd/helm"},
			LDFlags:  func(v string) string { return "-X helm.sh/helm/v4/internal/version.version=" + v },
		},
		{
			Name: "golangci-lint", Module: "github.com/golangci/golangci-lint/v2", Dir: dir("golangci-lint"),
			Programs: map[string]string{"golangci-lint": "."},
			LDFlags:  func(v string) string { return "-X main.version=" + v },
		},
	}
}

func run(ctx context.Context, args []string) error {
	root, err := sourceRoot()
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "build":
		for _, t := range tools(root) {
			if _, err := t.Ensure(ctx, os.Stderr); err != nil {
				return err
			}
		}
		return nil
	case len(args) == 2 && args[0] == "path":
		for _, t := range tools(root) {
			if t.Name != args[1] {
				continue
			}
			dir, err := t.Ensure(ctx, os.Stderr)
			if err != nil {
				return err
			}
			_, err = fmt.Println(filepath.Join(dir, t.Name))
			return err
		}
		return fmt.Errorf("there is no tool %q", args[1])
	}
	fmt.Fprint(os.Stderr, usage)
	return errors.New("which command?")
}

// sourceRoot is the nearest folder upwards that holds the pins of the tools.
func sourceRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "hack", "tools")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("not inside the project's tree")
		}
	}
}
