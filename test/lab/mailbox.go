package lab

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"text/template"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

//go:embed mailbox.yaml
var mailboxText string

var mailboxManifest = template.Must(template.New("mailbox").Parse(mailboxText))

// mailboxPort is the port of each node at which the page of the mailbox is.
const mailboxPort = "30825"

// StartMailbox runs the demo's mail server in the cluster, has the sample instance send its mails there, and gives the
// address of the page that shows them.
func (l *Lab) StartMailbox(ctx context.Context) (string, error) {
	l.Progress.Step("Starting a mail server that shows what it gets")
	image, err := l.mailboxImage(ctx)
	if err != nil {
		return "", err
	}
	var manifest bytes.Buffer
	if err := mailboxManifest.Execute(&manifest, map[string]string{"Image": image, "Port": mailboxPort}); err != nil {
		return "", err
	}
	file, err := os.CreateTemp("", "faspex-mailbox-*.yaml")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(manifest.Bytes())
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	if _, err := l.run(ctx, l.Kubectl, "apply", "--server-side", "--namespace", Namespace, "-f", file.Name()); err != nil {
		return "", err
	}
	var instance v1alpha1.FaspexInstance
	if err := l.Client.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: Instance}, &instance); err != nil {
		return "", err
	}
	before := instance.DeepCopy()
	tls := false
	instance.Spec.Mail = &v1alpha1.MailSpec{Host: "mailbox." + Namespace + ".svc", Port: 1025, TLS: &tls,
		From: v1alpha1.MailAddress{Name: "Faspex demo", Email: "faspex@example.com"}}
	if err := l.Client.Patch(ctx, &instance, client.MergeFrom(before), client.FieldOwner("demo")); err != nil {
		return "", fmt.Errorf("have the instance send its mails to the mailbox: %w", err)
	}
	external, err := url.Parse(instance.Spec.ExternalURL)
	if err != nil {
		return "", err
	}
	return "http://" + net.JoinHostPort(external.Hostname(), mailboxPort) + "/", nil
}

// mailboxImage is the one that was built with the operator that runs.
func (l *Lab) mailboxImage(ctx context.Context) (string, error) {
	var deployments appsv1.DeploymentList
	if err := l.Client.List(ctx, &deployments, client.InNamespace(OperatorNamespace)); err != nil {
		return "", err
	}
	for _, d := range deployments.Items {
		for _, c := range d.Spec.Template.Spec.Containers {
			if registry, tag, ok := strings.Cut(c.Image, "/operator:"); ok {
				return registry + "/mailbox:" + tag, nil
			}
		}
	}
	return "", errors.New("no Deployment of the operator tells its image")
}
