package kubeapi

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Controllers runs some controllers of a real kube-controller-manager until the test ends, by the names of its flag
// --controllers: what an API server alone does not do, such as garbage-collector-controller.
func Controllers(t testing.TB, names ...string) {
	t.Helper()
	Config(t)
	path, output := Kubeconfig(t, "controllers", "system:masters"), filepath.Join(t.TempDir(), "output")
	log, err := os.Create(output)
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kube-controller-manager"),
		"--kubeconfig="+path, "--controllers="+strings.Join(names, ","), "--leader-elect=false", "--secure-port=0")
	program.Stdout, program.Stderr = log, log
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	t.Cleanup(func() {
		select {
		case err := <-ended:
			text, _ := os.ReadFile(output) // for people only
			t.Errorf("kube-controller-manager ended: %v\n%s", err, text)
		default:
			if err := program.Process.Kill(); err != nil {
				t.Error(err)
			}
			if err := <-ended; err == nil {
				t.Error("kube-controller-manager ended well although it was killed")
			}
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
}
