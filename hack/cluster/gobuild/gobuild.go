// Package gobuild builds programs of other projects from the Go module proxy, at the versions pinned by a
// go.mod and go.sum in this repository, once per machine. It downloads from nowhere else, and it does not
// know what the programs are for.
package gobuild

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"faspex.io/operator/hack/cluster/cache"
)

// Component is a set of programs that are built from one pinned module.
type Component struct {
	Name     string            // first half of the cache folder's name
	Module   string            // the module whose version is the second half
	Dir      string            // folder of the go.mod and go.sum that pin it
	Programs map[string]string // file name of the program -> import path of its main package
	Tags     string            // build tags, comma separated
	LDFlags  func(version string) string
	CGO      bool
}

// stampFile says from which inputs a cache folder was built.
const stampFile = ".built-from"

// Version returns the pinned version of the component's module.
func (c Component) Version() (string, error) {
	data, err := os.ReadFile(filepath.Join(c.Dir, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read the pins of %s: %w", c.Name, err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		return "", fmt.Errorf("parse the pins of %s: %w", c.Name, err)
	}
	for _, r := range mod.Require {
		if r.Mod.Path == c.Module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("the go.mod of %s does not require %s", c.Name, c.Module)
}

// OutputDir returns the folder that holds the component's programs once it is built.
func (c Component) OutputDir() (string, error) {
	v, err := c.Version()
	if err != nil {
		return "", err
	}
	return cache.Dir(c.Name, v)
}

// Ensure builds the component unless the cache holds it already, and returns the folder of
// the programs. Progress goes to w.
func (c Component) Ensure(ctx context.Context, w io.Writer) (string, error) {
	version, err := c.Version()
	if err != nil {
		return "", err
	}
	dir, err := cache.Dir(c.Name, version)
	if err != nil {
		return "", err
	}
	release, err := cache.Lock("build-" + c.Name)
	if err != nil {
		return "", err
	}
	defer release()
	want, err := c.inputs(version)
	if err != nil {
		return "", err
	}
	if got, err := os.ReadFile(filepath.Join(dir, stampFile)); err == nil && string(got) == want {
		return dir, nil
	}
	if err := c.build(ctx, version, dir, w); err != nil {
		return "", fmt.Errorf("build %s %s: %w", c.Name, version, err)
	}
	if err := os.WriteFile(filepath.Join(dir, stampFile), []byte(want), 0o644); err != nil {
		return "", fmt.Errorf("mark %s as built: %w", c.Name, err)
	}
	return dir, nil
}

// inputs is a hash over everything that decides what the programs are: pins, own sources, flags, compiler.
func (c Component) inputs(version string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(c.Dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", p[len(c.Dir):], len(data))
		h.Write(data)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("hash the sources of %s: %w", c.Name, err)
	}
	fmt.Fprintln(h, c.args(version, "", c.packages()), c.CGO, runtime.Version(), runtime.GOARCH)
	return hex.EncodeToString(h.Sum(nil)) + "\n", nil
}

func (c Component) packages() []string {
	var p []string
	for _, pkg := range c.Programs {
		p = append(p, pkg)
	}
	sort.Strings(p)
	return p
}

// args are the arguments of the go command: one invocation for all programs, so that they
// share what they have in common.
func (c Component) args(version, out string, packages []string) []string {
	ldflags := "-s -w"
	if c.LDFlags != nil {
		ldflags = c.LDFlags(version) + " " + ldflags
	}
	a := []string{"build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", ldflags}
	if c.Tags != "" {
		a = append(a, "-tags", c.Tags)
	}
	a = append(a, "-o", out+"/")
	return append(a, packages...)
}

func (c Component) build(ctx context.Context, version, dir string, w io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "."+c.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	cgo := "CGO_ENABLED=0"
	if c.CGO {
		cgo = "CGO_ENABLED=1"
	}
	cmd := exec.CommandContext(ctx, "go", c.args(version, tmp, c.packages())...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), cgo, "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	fmt.Fprintf(w, "building %s %s from the Go module proxy\n", c.Name, version)
	if err := runWithTicker(cmd, c.Name, start, w); err != nil {
		return fmt.Errorf("%w\n%s", err, lastLines(out.String(), 20))
	}
	for name, pkg := range c.Programs {
		if built := executableName(pkg); built != name && pkg != "." {
			if err := os.Rename(filepath.Join(tmp, built), filepath.Join(tmp, name)); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return err
	}
	fmt.Fprintf(w, "built %s %s in %s\n", c.Name, version, time.Since(start).Round(time.Second))
	return nil
}

// runWithTicker runs cmd and says every 15 seconds that it still runs.
func runWithTicker(cmd *exec.Cmd, name string, start time.Time, w io.Writer) error {
	done := make(chan error, 1)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			fmt.Fprintf(w, "  ... still building %s (%s)\n", name, time.Since(start).Round(time.Second))
		}
	}
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// executableName is the file name that `go build -o dir/` gives to the program of a package: the last element
// of its import path that is not a major version. (The package "." is called like its module, which its
// component must be called like.)
func executableName(pkg string) string {
	base := path.Base(pkg)
	if majorVersion.MatchString(base) {
		return path.Base(path.Dir(pkg))
	}
	return base
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
