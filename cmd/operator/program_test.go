package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// asProgram is set in the environment of test binaries that are to be the program.
const asProgram = "FASPEX_OPERATOR_AS_PROGRAM"

// operator is the program as a process.
type operator struct {
	t       *testing.T
	command *exec.Cmd
	log     string
	ended   chan error
	killed  bool
}

// startOperator runs the program with a kubeconfig until the test ends, or is killed.
func startOperator(t *testing.T, kubeconfig string, args ...string) *operator {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := &operator{t: t, log: filepath.Join(t.TempDir(), "log"), ended: make(chan error, 1)}
	log, err := os.Create(o.log)
	if err != nil {
		t.Fatal(err)
	}
	o.command = exec.Command(self, append([]string{"--kubeconfig=" + kubeconfig, "--metrics-bind-address=0",
		"--health-probe-bind-address=0"}, args...)...)
	o.command.Env = append(os.Environ(), asProgram+"=1")
	o.command.Stdout, o.command.Stderr = log, log
	if err := o.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { o.ended <- o.command.Wait() }()
	t.Cleanup(func() {
		o.kill()
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("an operator said:\n%s", o.said())
		}
	})
	return o
}

// kill ends the program as a machine that is lost does, and waits until it is gone.
func (o *operator) kill() {
	o.t.Helper()
	if o.killed {
		return
	}
	o.killed = true
	select {
	case err := <-o.ended:
		o.t.Errorf("the operator ended by itself: %v", err)
	default:
		if err := o.command.Process.Kill(); err != nil {
			o.t.Error(err)
		}
		<-o.ended
	}
}

// said is what the program has logged.
func (o *operator) said() string {
	o.t.Helper()
	text, err := os.ReadFile(o.log)
	if err != nil {
		o.t.Fatal(err)
	}
	return string(text)
}
