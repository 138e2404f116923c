package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(kubeapi.Run(m))
}

func TestRunStartsAndStops(t *testing.T) {
	for name, namespaces := range map[string][]string{"cluster": nil, "namespaces": {"default", "other"}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := settings{watchNamespaces: namespaces, leaderElect: true, leaderNamespace: "default", leaderID: "operator-" +
				name, metricsAddress: "0", healthAddress: "0"}
			mgr, err := newManager(kubeapi.Config(t), s)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- mgr.Start(ctx) }()
			<-mgr.Elected()
			if !mgr.GetCache().WaitForCacheSync(ctx) {
				t.Error("the cache does not sync")
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStripForeign(t *testing.T) {
	secret := func(labels map[string]string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: labels, Annotations: map[string]string{"last-applied": "c2VjcmV0"}},
			Data:       map[string][]byte{"password": []byte("secret")},
		}
	}
	got, err := stripForeign(secret(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, got); diff != "" {
		t.Errorf("foreign: -want +got:\n%s", diff)
	}
	ours := map[string]string{"app.kubernetes.io/managed-by": "faspex-operator"}
	if got, err = stripForeign(secret(ours)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(secret(ours), got); diff != "" {
		t.Errorf("ours: -want +got:\n%s", diff)
	}
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"--wach-namespaces=a"}, "unknown flag"},
		{"argument", []string{"serve"}, "unknown command"},
		{"log level", []string{"--log-level=loud"}, `"loud" is none of debug, info, warn, error`},
		{"log format", []string{"--log-format=xml"}, `"xml" is neither json nor console`},
		{"empty namespace", []string{"--watch-namespaces=a,,b"}, "empty name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			command := newCommand()
			command.SetArgs(tt.args)
			command.SetOut(&bytes.Buffer{})
			if err := command.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
	var help bytes.Buffer
	command := newCommand()
	command.SetOut(&help)
	command.SetArgs([]string{"--help"})
	if err := command.Execute(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--allowed-host-paths", "--allowed-images", "--watch-namespaces", "--leader-elect",
		"--kubeconfig", "KUBECONFIG", "operator --log-format=console"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("help does not speak of %s", want)
		}
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log, err := newLogger(&out, "warn", "json")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Error(nil, "loud", "instance", "demo")
	if line := out.String(); strings.Contains(line, "quiet") || !strings.Contains(line, `"msg":"loud","instance":"demo"`) {
		t.Errorf("log: %s", line)
	}
}
