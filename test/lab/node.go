package lab

import (
	"context"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	node "faspex.io/operator/dataplane/nodeapi/client"
)

// TransferNode is the TransferNode of the samples.
const TransferNode = "demo"

// NodeAPI calls the Node API of one of the machines as the node user.
func (l *Lab) NodeAPI(ctx context.Context) (*node.Client, error) {
	pods, err := l.Pods(ctx, "hsts")
	if err != nil {
		return nil, err
	}
	user, err := l.Secret(ctx, TransferNode+"-node-user")
	if err != nil {
		return nil, err
	}
	tls, err := l.Secret(ctx, TransferNode+"-hsts-tls")
	if err != nil {
		return nil, err
	}
	return node.New(node.Config{
		URL:        "https://" + net.JoinHostPort(pods[0].Status.HostIP, "9092"),
		Username:   string(user["username"]),
		Password:   string(user["password"]),
		CA:         tls["ca.crt"],
		ServerName: TransferNode + "-hsts." + Namespace + ".svc",
	})
}

// Pods lists the pods of a component (app.kubernetes.io/component) or of the transfer node ("hsts").
func (l *Lab) Pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	labels := client.MatchingLabels{"app.kubernetes.io/instance": Instance, "app.kubernetes.io/component": component}
	if component == "hsts" {
		labels = client.MatchingLabels{"app.kubernetes.io/instance": TransferNode, "app.kubernetes.io/name": "hsts"}
	}
	var pods corev1.PodList
	if err := l.Client.List(ctx, &pods, client.InNamespace(Namespace), labels); err != nil {
		return nil, err
	}
	if len(pods.Items) == 0 {
		return nil, fmt.Errorf("no pod of component %s", component)
	}
	return pods.Items, nil
}
