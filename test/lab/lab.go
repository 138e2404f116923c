// Package lab is a cluster with the product in it: what `make demo` shows and what the end-to-end tests assert, written
// once. It installs with Helm, applies the samples, waits until everything is Ready, and sends and receives packages
// through the public interfaces alone: kubectl's, the Faspex API, ascp. It refuses to know how the parts do their work.
package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

// Where the samples live.
const (
	OperatorNamespace = "faspex-system"
	Namespace         = "default"
	Instance          = "demo"
)

// Lab is a cluster and the programs to use it with.
type Lab struct {
	Root       string // of the source tree
	Kubeconfig string
	REST       *rest.Config
	Client     client.WithWatch

	Helm, Kubectl, ASCP string // programs

	Progress *Progress
}

// Open connects to the cluster that KUBECONFIG names, with the programs that the environment variables HELM, KUBECTL
// and ASCP name. The Makefile sets them all.
func Open(progress *Progress) (*Lab, error) {
	l := &Lab{Progress: progress, Kubeconfig: os.Getenv("KUBECONFIG")}
	for variable, to := range map[string]*string{"HELM": &l.Helm, "KUBECTL": &l.Kubectl, "ASCP": &l.ASCP} {
		*to = os.Getenv(variable)
		if *to == "" {
			return nil, fmt.Errorf("%s is not set: run this through make", variable)
		}
		if _, err := exec.LookPath(*to); err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
	}
	if l.Kubeconfig == "" {
		return nil, errors.New("KUBECONFIG is not set: run this through make")
	}
	var err error
	if l.Root, err = sourceRoot(); err != nil {
		return nil, err
	}
	if l.REST, err = clientcmd.BuildConfigFromFlags("", l.Kubeconfig); err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	l.Client, err = client.NewWithWatch(l.REST, client.Options{Scheme: scheme})
	return l, err
}

// sourceRoot is the nearest folder upwards that holds go.mod.
func sourceRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the current folder")
		}
	}
}

// run executes a program in the source tree and returns what it printed; a failure carries its output.
func (l *Lab) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = l.Root
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.Kubeconfig)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err,
			strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}
