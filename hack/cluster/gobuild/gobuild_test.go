package gobuild

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestExecutableName(t *testing.T) {
	for pkg, want := range map[string]string{
		"go.etcd.io/etcd/server/v3":                   "server",
		"k8s.io/kubernetes/cmd/kubelet":               "kubelet",
		"github.com/opencontainers/runc":              "runc",
		"github.com/containerd/containerd/v2/cmd/ctr": "ctr",
		"./pause": "pause",
	} {
		if got := executableName(pkg); got != want {
			t.Errorf("%s: %s, want %s", pkg, got, want)
		}
	}
}

func TestEnsureBuildsOncePerInput(t *testing.T) {
	t.Setenv("GOCACHE", goEnv(t, "GOCACHE")) // before the next line moves it
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/hello\n\ngo 1.26.0\n\nrequire golang.org/x/mod v0.42.0 // pins a version\n")
	write("main.go", "package main\n\nfunc main() { println(\"one\") }\n")
	c := Component{Name: "hello", Module: "golang.org/x/mod", Dir: dir, Programs: map[string]string{"hello": "."}}
	run := func() (said, printed string) {
		var progress bytes.Buffer
		out, err := c.Ensure(t.Context(), &progress)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out, "hello-v0.42.0") {
			t.Errorf("built in %s", out)
		}
		b, err := exec.Command(filepath.Join(out, "hello")).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		return progress.String(), strings.TrimSpace(string(b))
	}
	if said, printed := run(); printed != "one" || !strings.Contains(said, "built hello") {
		t.Errorf("first: %q, %q", said, printed)
	}
	if said, printed := run(); printed != "one" || said != "" {
		t.Errorf("unchanged: %q, %q", said, printed)
	}
	write("main.go", "package main\n\nfunc main() { println(\"two\") }\n")
	if _, printed := run(); printed != "two" {
		t.Errorf("changed: %q", printed)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
