package lab

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// sampleURL is where the sample instance answers on the local cluster: a port of its first node.
const (
	sampleURL  = "https://10.240.0.11:30443"
	samplePort = "30443"
)

// InstallOperator installs or upgrades the operator's chart and waits for its Deployment.
func (l *Lab) InstallOperator(ctx context.Context) error {
	l.Progress.Step("Installing the operator: helm upgrade --install faspex-operator charts/faspex-operator")
	_, err := l.run(ctx, l.Helm, "upgrade", "--install", "faspex-operator", "charts/faspex-operator",
		"--namespace", OperatorNamespace, "--create-namespace", "--wait", "--timeout", (5 * time.Minute).String())
	return err
}

// ApplySamples applies config/samples, with the URL of this cluster in the place of the local one's: FASPEX_URL if that
// is set, else the port on the first node.
func (l *Lab) ApplySamples(ctx context.Context) error {
	if err := l.LabelMachine(ctx); err != nil {
		return err
	}
	url, err := l.externalURL(ctx)
	if err != nil {
		return err
	}
	l.Progress.Step("Applying config/samples, for %s", url)
	objects, err := l.run(ctx, l.Kubectl, "kustomize", "config/samples")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "faspex-samples-*.yaml")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(strings.ReplaceAll(objects, sampleURL, url))
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	_, err = l.run(ctx, l.Kubectl, "apply", "--server-side", "--namespace", Namespace, "-f", file.Name())
	return err
}

func (l *Lab) externalURL(ctx context.Context) (string, error) {
	if url := os.Getenv("FASPEX_URL"); url != "" {
		return url, nil
	}
	var nodes corev1.NodeList
	if err := l.Client.List(ctx, &nodes); err != nil {
		return "", err
	}
	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				return "https://" + net.JoinHostPort(address.Address, samplePort), nil
			}
		}
	}
	return "", errors.New("no node of the cluster has an internal address: set FASPEX_URL")
}
