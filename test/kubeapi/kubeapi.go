// Package kubeapi runs a real kube-apiserver with etcd for the tests of one package, with the CRDs of this repository.
// There is no kubelet and no controller but those under test and what Controllers adds: pods never run, and nothing is
// garbage collected.
//
// The binaries come from the directory that KUBEBUILDER_ASSETS names; without them the tests fail.
package kubeapi

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"faspex.io/operator/api/v1alpha1"
)

var (
	environment *envtest.Environment
	config      *rest.Config
	errStart    = errors.New("TestMain did not call kubeapi.Run")
)

// Run starts the server, runs the tests of the package and stops the server. Call it from
// TestMain: os.Exit(kubeapi.Run(m)).
func Run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	environment = &envtest.Environment{
		ControlPlaneStartTimeout: 5 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
		ErrorIfCRDPathMissing:    true,
	}
	// By default there are addresses for 254 Services: those of about forty instances, and no namespace ever goes.
	environment.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	root, err := moduleRoot()
	if err == nil {
		environment.CRDDirectoryPaths = []string{filepath.Join(root, "config", "crd", "bases")}
		config, errStart = environment.Start()
	} else {
		errStart = err
	}
	// Tests wait for servers more than they compute. A flag of the command line wins.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := environment.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the API server:", err)
		return 1
	}
	return code
}

// moduleRoot is the nearest folder above the working directory with a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
	}
	return "", err
}

// Config is the administrator's configuration of the server.
func Config(t testing.TB) *rest.Config {
	t.Helper()
	if errStart != nil {
		t.Fatalf("start the API server: %v", errStart)
	}
	return rest.CopyConfig(config)
}

// Kubeconfig is the path of a file that opens the server to a program, as a user of some groups.
func Kubeconfig(t testing.TB, user string, groups ...string) string {
	t.Helper()
	Config(t)
	made, err := environment.AddUser(envtest.User{Name: user, Groups: groups}, nil)
	if err != nil {
		t.Fatal(err)
	}
	content, err := made.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Scheme has the built-in kinds and ours.
func Scheme(t testing.TB) *runtime.Scheme {
	t.Helper()
	scheme, err := sharedScheme()
	if err != nil {
		t.Fatal(err)
	}
	return scheme
}

// Client is an administrator's client without a cache.
func Client(t testing.TB) client.Client {
	t.Helper()
	Config(t)
	c, err := sharedClient()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Both are made once a process: a client asks the server for all that it has.
var (
	sharedScheme = sync.OnceValues(func() (*runtime.Scheme, error) {
		scheme := runtime.NewScheme()
		return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
	})
	sharedClient = sync.OnceValues(func() (client.Client, error) {
		scheme, err := sharedScheme()
		if err != nil {
			return nil, err
		}
		return client.New(rest.CopyConfig(config), client.Options{Scheme: scheme})
	})
)

// Namespace makes a namespace for the test.
func Namespace(t testing.TB, c client.Client) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Create(context.Background(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}
