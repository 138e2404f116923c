package sshd

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// client runs a program of OpenSSH with options that all of them take.
func client(t *testing.T, port int, keyFile, program string, args ...string) (said string, status int) {
	t.Helper()
	portFlag := "-P"
	if program == "ssh" {
		portFlag = "-p"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{
		"-F", "none", portFlag, strconv.Itoa(port), "-i", keyFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
	}, args...)...)
	cmd.Env = append(os.Environ(), "DISPLAY=127.0.0.1:9")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("%s does not run: %v", program, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// node-23: whatever OpenSSH's clients ask for but a transfer is refused with a text and status 1; sftp and scp, which
// have a status of their own for servers that leave, show the text. ascmd is not offered, which is said.
func TestOpenSSHIsRefusedWithAText(t *testing.T) {
	port, key := serve(t, Limits{})
	agent := startAgent(t)
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	const to, text = "xfer@127.0.0.1", "This server runs file transfers only"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	for name, c := range map[string]struct {
		program string
		args    []string
		says    string
		status  int
	}{
		"shell":      {"ssh", []string{to}, text, 1},
		"terminal":   {"ssh", []string{"-tt", to}, text, 1},
		"command":    {"ssh", []string{to, "id"}, text, 1},
		"ascmd":      {"ssh", []string{to, "ascmd"}, "ascmd is not offered", 1},
		"ascmd path": {"ssh", []string{to, "/opt/bin/ascmd -V"}, "ascmd is not offered", 1},
		"subsystem":  {"ssh", []string{"-s", to, "sftp"}, text, 1},
		"agent":      {"ssh", []string{"-A", "-o", "IdentityAgent=" + agent, to}, text, 1},
		"x11":        {"ssh", []string{"-X", to}, text, 1},
		"-R":         {"ssh", []string{"-R", "0:127.0.0.1:9", to}, text, 1},
		"-R alone": {"ssh", []string{"-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9", to},
			"remote port forwarding failed", 255},
		"-L":       {"ssh", []string{"-L", free + ":127.0.0.1:9", to}, text, 1},
		"-W":       {"ssh", []string{"-W", "127.0.0.1:9", to}, "nothing is forwarded", 255},
		"sftp":     {"sftp", []string{to}, text, 255},
		"scp":      {"scp", []string{file, to + ":"}, text, 255},
		"old scp":  {"scp", []string{"-O", file, to + ":"}, text, 1},
		"scp back": {"scp", []string{"-O", to + ":f", file}, text, 1},
	} {
		t.Run(name, func(t *testing.T) {
			said, status := client(t, port, key, c.program, c.args...)
			if status != c.status || !strings.Contains(said, c.says) {
				t.Errorf("status %d, want %d, and says %q, want %q", status, c.status, said, c.says)
			}
		})
	}
}

// startAgent runs an agent, and returns its socket.
func startAgent(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return socket
		} else if !errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
