package main

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

//go:embed manifests
var manifests embed.FS

// addons are applied after the nodes are Ready: manifest -> the Deployment to wait for.
var addons = []struct{ manifest, deployment string }{
	{"manifests/dns.yaml", "coredns"},
	{"manifests/volumes.yaml", "local-path-provisioner"},
}

// kubectl returns a kubectl command with the rights of the cluster's administrator.
func kubectl(ctx context.Context, s stateDir, b binaries, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.path("kubernetes", "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig("admin"))
	return cmd
}

// kubectlOK runs kubectl for its exit status alone.
func kubectlOK(ctx context.Context, s stateDir, b binaries, args ...string) error {
	out, err := kubectl(ctx, s, b, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", args[0], err, lastLine(out))
	}
	return nil
}

func applyAddons(ctx context.Context, s stateDir, b binaries) error {
	for _, a := range addons {
		data, err := manifests.ReadFile(a.manifest)
		if err != nil {
			return err
		}
		cmd := kubectl(ctx, s, b, "apply", "--server-side", "--force-conflicts", "--field-manager=faspex-cluster", "-f", "-")
		cmd.Stdin = bytes.NewReader(data)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apply %s: %w: %s", a.manifest, err, lastLine(out))
		}
	}
	return nil
}

func waitForAddons(ctx context.Context, s stateDir, b binaries, w io.Writer) error {
	for _, a := range addons {
		err := waitFor(ctx, w, a.deployment+" available", 2*time.Minute, func(ctx context.Context) error {
			return kubectlOK(ctx, s, b, "--namespace=kube-system", "wait", "--for=condition=Available", "--timeout=2s",
				"deployment/"+a.deployment)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
