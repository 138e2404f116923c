package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/nodetest"
)

// This binary is also the processes that tests kill: an ascp, and a transfer node.
const roleVariable = "ASCP_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "ascp":
		os.Exit(run(os.Args[1:], os.Getenv))
	case "node":
		os.Exit(runNode(os.Args[1]))
	}
	os.Exit(atHome(m.Run))
}

// atHome runs tests with a home of their own: host keys and salts that ascp keeps are not those of who runs the tests.
func atHome(tests func() int) int {
	home, err := os.MkdirTemp("", "ascp-home")
	if err == nil {
		defer os.RemoveAll(home)
		err = errors.Join(os.Setenv("HOME", home), os.Unsetenv("XDG_CONFIG_HOME"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return tests()
}

// runNode serves the folder dir until it is killed, after it has printed its ports and its certificate.
func runNode(dir string) int {
	keys, err := token.NewKeyring(token.Keys{Active: "k1",
		ByID: map[string][]byte{"k1": []byte("0123456789abcdef0123456789abcdef")}})
	if err != nil {
		return 1
	}
	n := &testNode{dir: dir, keys: keys, recorder: &nodetest.Recorder{}}
	wait, err := n.start(context.Background(), "127.0.0.1:0", slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(n.sshPort, n.wssPort, base64.StdEncoding.EncodeToString(n.certificate))
	wait()
	return 0
}

// process starts this binary in a role. It is killed at the end of the test.
func process(t *testing.T, role, tok string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "ASPERA_SCP_TOKEN="+tok)
	cmd.Stderr = testWriter{t}
	return cmd
}

func startProcess(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
}

// nodeProcess starts a node as a process and returns it with what it says of itself.
func nodeProcess(t *testing.T, dir string) (*exec.Cmd, *testNode) {
	t.Helper()
	cmd := process(t, "node", "", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	startProcess(t, cmd)
	n := &testNode{}
	var certificate string
	if _, err := fmt.Fscanln(out, &n.sshPort, &n.wssPort, &certificate); err != nil {
		t.Fatalf("the node says no ports: %v", err)
	}
	if n.certificate, err = base64.StdEncoding.DecodeString(certificate); err != nil {
		t.Fatal(err)
	}
	return cmd, n
}
