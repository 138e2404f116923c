// Command images assembles the project's container images without a container engine: it reads the final
// stages of the Dockerfile, which stays the only description, and copies the same files from local builds.
// It also makes the stand-ins for the public images of MariaDB and nginx that the local cluster runs. It
// pushes nothing and knows no cluster.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"sigs.k8s.io/yaml"

	"faspex.io/operator/hack/images/debian"
)

const usage = `usage: images COMMAND

  build       build the programs, the page and every image of the Dockerfile, and print the tarballs' names
  stand-ins   make the local MariaDB and nginx images, once per machine, and print the tarballs' names
  all         both
  version     print the version that the images get
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) != 1 {
		fmt.Fprint(progress, usage)
		return errors.New("which command?")
	}
	root, err := sourceRoot()
	if err != nil {
		return err
	}
	version, err := chartVersion(root)
	if err != nil {
		return err
	}
	var tarballs []string
	switch args[0] {
	case "version":
		tarballs = []string{version}
	case "build":
		tarballs, err = buildImages(ctx, root, version, progress)
	case "stand-ins":
		tarballs, err = makeStandIns(ctx, progress)
	case "all":
		var more []string
		if tarballs, err = makeStandIns(ctx, progress); err == nil {
			more, err = buildImages(ctx, root, version, progress)
		}
		tarballs = append(tarballs, more...)
	default:
		return fmt.Errorf("there is no command %q", args[0])
	}
	for _, t := range tarballs {
		fmt.Fprintln(out, t)
	}
	return err
}

func makeStandIns(ctx context.Context, w io.Writer) ([]string, error) {
	var tarballs []string
	for _, s := range []debian.StandIn{debian.MariaDB(), debian.Nginx()} {
		file, size, err := s.Tarball(ctx, w)
		if err != nil {
			return nil, err
		}
		report(w, s.Image.Refs[0], size)
		tarballs = append(tarballs, file)
	}
	return tarballs, nil
}

// chartVersion is the version of the operator that the chart installs, and so the tag of the images.
func chartVersion(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "charts", "faspex-operator", "Chart.yaml"))
	if err != nil {
		return "", err
	}
	var chart struct {
		AppVersion string `json:"appVersion"`
	}
	if err := yaml.Unmarshal(data, &chart); err != nil {
		return "", fmt.Errorf("read the chart's version: %w", err)
	}
	if chart.AppVersion == "" {
		return "", errors.New("the chart has no appVersion")
	}
	return chart.AppVersion, nil
}

// sourceRoot is the nearest folder upwards that holds the Dockerfile.
func sourceRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "Dockerfile")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no Dockerfile above the current folder")
		}
	}
}
