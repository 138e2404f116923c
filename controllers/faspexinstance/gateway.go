package faspexinstance

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/instance"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
)

// gatewayReady makes the gateway and the list of nodes that it may connect to, or removes
// both when the spec wants none.
func (r *reconciler) gatewayReady(ctx context.Context, o *observed) phase.Outcome {
	if !desired.HasGateway(o.instance) {
		if err := r.removeGateway(ctx, o); err != nil {
			return apply.Outcome(err)
		}
		return phase.Done(v1alpha1.ReasonSucceeded, "spec.gateway.enabled is false")
	}
	// The list comes first: a pod that mounts it does not start without it. What is wrong with a node of the spec keeps
	// the list as it was and no pod from running.
	listed := r.gatewayNodes(ctx, o)
	if running := r.component(desired.Gateway)(ctx, o); listed.IsDone() {
		return running
	}
	return listed
}

// runningGateway tells how the pods of the gateway are while what it needs is away.
func (r *reconciler) runningGateway(ctx context.Context, o *observed) (phase.Outcome, bool) {
	if !desired.HasGateway(o.instance) {
		return phase.Outcome{}, false
	}
	return r.runningComponent(v1alpha1.ConditionGatewayReady, desired.Gateway)(ctx, o)
}

func (r *reconciler) removeGateway(ctx context.Context, o *observed) error {
	names := desired.NamesOf(o.instance.Name)
	called := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: o.instance.Namespace, Name: name}
	}
	for _, object := range []client.Object{
		&appsv1.Deployment{ObjectMeta: called(names.Gateway)},
		&corev1.Service{ObjectMeta: called(names.Gateway)},
		&networkingv1.NetworkPolicy{ObjectMeta: called(names.Gateway)},
		&policyv1.PodDisruptionBudget{ObjectMeta: called(names.Gateway)},
		&corev1.ConfigMap{ObjectMeta: called(names.Gateway)},
		&corev1.ConfigMap{ObjectMeta: called(names.GatewayNodes)},
		&corev1.Secret{ObjectMeta: called(names.Gateway)},
	} {
		if err := r.applier.Delete(ctx, o.owner(), object); err != nil {
			return err
		}
	}
	return nil
}

// gatewayNodes writes the list of nodes: the machines of the TransferNodes of the instance, and those of the spec.
func (r *reconciler) gatewayNodes(ctx context.Context, o *observed) phase.Outcome {
	nodes, err := r.ownNodes(ctx, o.instance)
	if err != nil {
		return apply.Outcome(err)
	}
	if o.instance.Spec.Gateway != nil {
		for i, given := range o.instance.Spec.Gateway.Nodes {
			node, outcome := r.givenNode(ctx, o.instance, fmt.Sprintf("spec.gateway.nodes[%d]", i), given)
			if !outcome.IsDone() {
				return outcome
			}
			nodes = append(nodes, node)
		}
	}
	list, err := desired.GatewayNodes(o.instance, nodes)
	if err != nil {
		return apply.Outcome(err)
	}
	if _, err := r.applier.Apply(ctx, o.owner(), list.Apply(o.instance)); err != nil {
		return apply.Outcome(err)
	}
	return phase.Done(v1alpha1.ReasonSucceeded, "")
}

// ownNodes are the machines of the TransferNodes of instance. One whose Secrets are not
// there yet has no machines either.
func (r *reconciler) ownNodes(ctx context.Context, instance *v1alpha1.FaspexInstance) ([]desired.GatewayNode, error) {
	var list v1alpha1.TransferNodeList
	if err := r.client.List(ctx, &list, client.InNamespace(instance.Namespace)); err != nil {
		return nil, fmt.Errorf("list transfer nodes: %w", err)
	}
	var nodes []desired.GatewayNode
	for i := range list.Items {
		node := &list.Items[i]
		if node.Spec.InstanceRef.Name != instance.Name {
			continue
		}
		var hostKeys corev1.Secret
		key := client.ObjectKey{Namespace: node.Namespace, Name: desirednode.NamesOf(node.Name).SSHHostKey}
		if err := r.client.Get(ctx, key, &hostKeys); client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("get host keys of %s: %w", node.Name, err)
		}
		authorities, err := r.nodeAuthorities(ctx, node)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, desirednode.GatewayNodes(node, hostKeys.Data, authorities)...)
	}
	return nodes, nil
}

// nodeAuthorities verify the certificate of node. There are none while its Secret is not right, which
// the TransferNode tells itself.
func (r *reconciler) nodeAuthorities(ctx context.Context, node *v1alpha1.TransferNode) ([]byte, error) {
	if desirednode.Ports(node).WSS == 0 {
		return nil, nil
	}
	data, err := r.secrets.Read(ctx, node.Namespace, desirednode.TLSSecretName(node), "tls", certificate.CertKey)
	switch {
	case errors.Is(err, secrets.ErrNotFound), errors.Is(err, secrets.ErrInvalid):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("certificate of %s: %w", node.Name, err)
	}
	authorities, err := certificate.Authorities(data)
	if errors.Is(err, certificate.ErrNoAuthority) {
		return nil, nil
	}
	return authorities, err
}

// givenNode is an entry of spec.gateway.nodes, which field names.
func (r *reconciler) givenNode(
	ctx context.Context, instance *v1alpha1.FaspexInstance, field string, given v1alpha1.GatewayNode,
) (desired.GatewayNode, phase.Outcome) {
	node := desired.GatewayNode{Host: given.Host, SSHPort: given.SSHPort, WSSPort: given.WSSPort,
		SSHHostKeys: given.SSHHostKeys}
	if node.SSHPort == 0 {
		node.SSHPort = desirednode.Ports(&v1alpha1.TransferNode{}).SSH
	}
	for i, line := range given.SSHHostKeys {
		if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
			return node, phase.Invalid(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("%s.sshHostKeys[%d] is no public key", field, i))
		}
	}
	if given.CASecretRef == nil {
		return node, phase.Done(v1alpha1.ReasonSucceeded, "")
	}
	field += ".caSecretRef"
	data, err := r.secrets.Read(ctx, instance.Namespace, given.CASecretRef.Name, field, certificate.CAKey)
	if err != nil {
		return node, secrets.Outcome(err)
	}
	authorities, err := certificate.Authorities(map[string][]byte{certificate.CAKey: data[certificate.CAKey]})
	if err != nil {
		return node, phase.Waiting(v1alpha1.ReasonSecretInvalid, field+": ca.crt holds no certificate")
	}
	node.TLSCA = string(authorities)
	return node, phase.Done(v1alpha1.ReasonSucceeded, "")
}
