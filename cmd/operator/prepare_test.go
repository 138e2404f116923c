package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func runPrepare(t *testing.T, args ...string) error {
	t.Helper()
	return runPrepareInto(t, io.Discard, args...)
}

func runPrepareInto(t *testing.T, out io.Writer, args ...string) error {
	t.Helper()
	command := newCommand()
	command.SetOut(out)
	id := strconv.Itoa(os.Getuid())
	command.SetArgs(append([]string{"prepare", "--uid=" + id, "--gid=" + strconv.Itoa(os.Getgid())}, args...))
	return command.ExecuteContext(t.Context())
}

func TestPrepareTakesEveryStorage(t *testing.T) {
	view := t.TempDir()
	root := filepath.Join(view, "srv")
	// The mounts of the container are the folders of the machine themselves here.
	for _, name := range []string{"a", "b,c", "claim"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	where := []string{"--owner=files/demo", "--root=" + root, "--view=" + view}
	var out strings.Builder
	err := runPrepareInto(t, &out, append(where, "--host-path=a=/srv/a", "--host-path=b,c=/srv/b,c", "--claim=claim")...)
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`^folder a [0-9a-f]{16}\nfolder b,c [0-9a-f]{16}\n$`)
	if !words.MatchString(out.String()) {
		t.Errorf("the last words are %q", out.String())
	}
	for _, name := range []string{"a", "b,c"} {
		if text, err := os.ReadFile(filepath.Join(root, name, ".faspex-storage")); err != nil ||
			!strings.HasPrefix(string(text), "files/demo\nid=") {
			t.Errorf("the mark of %s says %q (%v)", name, text, err)
		}
	}

	if err := errors.Join(os.Mkdir(filepath.Join(root, "full"), 0o755),
		os.WriteFile(filepath.Join(root, "full", "a"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	err = runPrepare(t, append(where, "--host-path=full=/srv/full")...)
	if err == nil || !strings.Contains(err.Error(), "/srv/full") || !strings.Contains(err.Error(), ".faspex-storage") {
		t.Errorf("a folder with files: %v", err)
	}
	if err := os.Symlink("a", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := runPrepare(t, append(where, "--host-path=a=/srv/link")...); err == nil ||
		!strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("a link: %v", err)
	}
}

func TestPrepareRefusesBadFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "--owner"},
		{[]string{"--owner=demo"}, "--owner"},
		{[]string{"--owner=a/b/c"}, "--owner"},
		{[]string{"--owner=/demo"}, "--owner"},
		{[]string{"--owner=a/b", "--host-path=/srv/a"}, "--host-path"},
		{[]string{"--owner=a/b", "--host-path=a=srv"}, "--host-path"},
		{[]string{"--owner=a/b", "--host-path=a=/srv/../etc"}, "--host-path"},
		{[]string{"--owner=a/b", "--host-path=../a=/srv/a"}, "--host-path"},
	} {
		if err := runPrepare(t, test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v", test.args, err)
		}
	}
}
