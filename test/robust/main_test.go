package robust

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"faspex.io/operator/hack/bench/testbed"
)

var soak = flag.Bool("soak", false, "the long versions")

// programs is the folder with the programs under test.
var programs string

func TestMain(m *testing.M) {
	// Transfers mostly wait for links that are slow or cut.
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "robust:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if err := testbed.Sweep(); err != nil {
		return 1, err
	}
	folder, err := testbed.Folder()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	programs = filepath.Join(folder, "programs")
	if err := build("./cmd/ascp", "./hack/bench/node", "./hack/wanem"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// build makes the programs, with the race detector if these tests have it.
func build(packages ...string) error {
	args, env := []string{"build", "-o", programs + "/"}, os.Environ()
	if raceDetector {
		args, env = append(args, "-race"), append(env, "CGO_ENABLED=1")
	}
	c := exec.Command("go", append(args, packages...)...)
	c.Env = env
	c.Dir = filepath.Join("..", "..")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	return nil
}

// folder makes a folder in memory that goes with the test. Everybody may look into it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := testbed.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tool runs a program of the system at a place to its end.
func tool(t *testing.T, at testbed.Place, name string, args ...string) {
	t.Helper()
	p := start(t, at, testbed.Command{Name: name, Args: args})
	if inTime, err := p.Wait(patience); err != nil || !inTime {
		t.Fatalf("%s %v: in time: %t: %v", name, args, inTime, p.Failed(err))
	}
}

// here is the place that this process runs at.
var here testbed.Place

// start runs one of the programs at a place until the end of the test.
func start(t *testing.T, at testbed.Place, c testbed.Command) *testbed.Process {
	t.Helper()
	c.Ordinary = true
	p, err := at.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}
