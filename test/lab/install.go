package lab

import (
	"context"
	"time"
)

// InstallOperator installs or upgrades the operator's chart and waits for its Deployment.
func (l *Lab) InstallOperator(ctx context.Context) error {
	l.Progress.Step("Installing the operator: helm upgrade --install faspex-operator charts/faspex-operator")
	_, err := l.run(ctx, l.Helm, "upgrade", "--install", "faspex-operator", "charts/faspex-operator",
		"--namespace", OperatorNamespace, "--create-namespace", "--wait", "--timeout", (5 * time.Minute).String())
	return err
}

// ApplySamples applies config/samples.
func (l *Lab) ApplySamples(ctx context.Context) error {
	l.Progress.Step("Applying config/samples")
	_, err := l.run(ctx, l.Kubectl, "apply", "--server-side", "--namespace", Namespace, "-k", "config/samples")
	return err
}
