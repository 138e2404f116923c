// Command cluster runs a real Kubernetes on this machine: etcd, a control plane and two worker nodes, each a machine of
// its own made of kernel namespaces, from programs that it builds from the Go module proxy at pinned versions. It needs
// root on Linux and no container engine. It knows nothing of the operator that runs on the cluster.
//
// This machine reaches the API at 10.240.0.10:6443 and every port of the nodes at 10.240.0.11 and 10.240.0.12; nothing
// outside this machine reaches any of them, and nothing in the cluster reaches the outside.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const usage = `usage: cluster COMMAND

  build                     build the cluster's programs from the Go module proxy, once per machine and version
  up                        bring the cluster up (does nothing when it is)
  down                      remove every trace of it (does nothing when it is down)
  status                    say what runs; exit status 1 unless everything does
  kubeconfig                print the path of the administrator's kubeconfig
  kubectl ARGS...           run kubectl as the cluster's administrator
  load-image FILE...        load image tarballs into every node
  node-exec NODE CMD...     run a command inside a machine: n1, n2 or cp
  node-down NODE            pull the plug of a machine
  node-up NODE              power it on again and wait until it is ready
  program NAME              print the file of one of its programs, such as kubectl
  assets                    build what envtest needs and print the folder for KUBEBUILDER_ASSETS
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var status exitStatus
	switch {
	case err == nil:
	case errors.As(err, &status):
		os.Exit(int(status))
	default:
		fmt.Fprintln(os.Stderr, "cluster:", strings.ReplaceAll(err.Error(), "\n", "\n         "))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errors.New("no command given")
	}
	s, err := newStateDir()
	if err != nil {
		return err
	}
	command, args := args[0], args[1:]
	switch command {
	case "build":
		b, err := buildComponents(ctx, os.Stderr)
		if err != nil {
			return err
		}
		return ensureSystemImages(b)
	case "up":
		return up(ctx, s, os.Stderr)
	case "down":
		return down(s, os.Stderr)
	case "status":
		return status(ctx, s, os.Stdout)
	case "kubeconfig":
		_, err := fmt.Println(s.kubeconfig("admin"))
		return err
	case "assets":
		return printAssets(ctx)
	case "program":
		return printProgram(ctx, args)
	case "machine-boot", "machine-init":
		if len(args) != 1 {
			return errors.New("which machine?")
		}
		if command == "machine-boot" {
			return bootMachine(s, args[0])
		}
		return initMachine(ctx, s, args[0])
	case "help", "-h", "--help":
		_, err := fmt.Print(usage)
		return err
	case "kubectl", "load-image", "node-exec", "node-down", "node-up":
		return runOnCluster(ctx, s, command, args)
	}
	return fmt.Errorf("there is no command %q", command)
}

// runOnCluster are the commands that need a cluster.
func runOnCluster(ctx context.Context, s stateDir, command string, args []string) error {
	r, err := requireRecord(s)
	if err != nil {
		return err
	}
	if command == "kubectl" {
		return attached(kubectl(ctx, s, r.Binaries, args...))
	}
	if len(args) == 0 {
		return fmt.Errorf("%s: arguments are missing; see help", command)
	}
	if command == "load-image" {
		return loadImages(ctx, s, r.Binaries, args, os.Stderr)
	}
	machine := args[0]
	if err := checkMachine(machine); err != nil {
		return err
	}
	switch command {
	case "node-down":
		return powerOff(s, machine)
	case "node-up":
		if err := powerOn(ctx, s, machine); err != nil {
			return err
		}
		if machine == controlPlane {
			return bringUp(ctx, s, r.Binaries, os.Stderr)
		}
		return waitForNode(ctx, s, r.Binaries, machine, os.Stderr)
	default:
		if len(args) < 2 {
			return errors.New("node-exec: which command?")
		}
		cmd, err := inMachine(ctx, s, r.Binaries, machine, args[1:]...)
		if err != nil {
			return err
		}
		return attached(cmd)
	}
}

func checkMachine(name string) error {
	for _, m := range machineNames() {
		if m == name {
			return nil
		}
	}
	return fmt.Errorf("there is no machine %q; there are %s", name, strings.Join(machineNames(), ", "))
}

// exitStatus is how a command ended that was run for the user: it has said why itself.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// attached runs a command on this terminal.
func attached(cmd *exec.Cmd) error {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitStatus(exit.ExitCode())
	}
	return err
}

func printAssets(ctx context.Context) error {
	root, err := sourceRoot()
	if err != nil {
		return err
	}
	b := binaries{}
	for _, c := range components(root) {
		if c.Name == "etcd" || c.Name == "kubernetes" {
			if b[c.Name], err = c.Ensure(ctx, os.Stderr); err != nil {
				return err
			}
		}
	}
	dir, err := ensureAssets(b)
	if err != nil {
		return err
	}
	_, err = fmt.Println(dir)
	return err
}

// printProgram prints where a program is, and builds it first if need be.
func printProgram(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("which program?")
	}
	root, err := sourceRoot()
	if err != nil {
		return err
	}
	for _, c := range components(root) {
		if _, ok := c.Programs[args[0]]; !ok {
			continue
		}
		dir, err := c.Ensure(ctx, os.Stderr)
		if err != nil {
			return err
		}
		_, err = fmt.Println(filepath.Join(dir, args[0]))
		return err
	}
	return fmt.Errorf("the cluster has no program %q", args[0])
}
