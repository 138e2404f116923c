package faspexinstance

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/certificate"
)

// Two public keys of nobody.
const (
	hostKey      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIvuy2jVNLJRrQxyuLgkGsqqxhV7HxMHTzBAuFYmuSSO"
	otherHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILn1LkUaXnRvXzWIDIaIy3dHN9XDGN3pW9sJnDPTL6FX other"
)

type nodesFile struct {
	Nodes []map[string]any `json:"nodes"`
}

// nodes is the list that the gateway is given.
func (b *bench) nodes() []map[string]any {
	b.t.Helper()
	config := &corev1.ConfigMap{}
	b.get("demo-gateway-nodes", config)
	var file nodesFile
	if err := yaml.UnmarshalStrict([]byte(config.Data["nodes.yaml"]), &file); err != nil {
		b.t.Fatal(err)
	}
	return file.Nodes
}

// transferNode makes a TransferNode of the instance with machines, as its controller would.
func (b *bench) transferNode(name, instance string, change func(*v1alpha1.TransferNode), machines ...string) {
	b.t.Helper()
	node := &v1alpha1.TransferNode{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace},
		Spec: v1alpha1.TransferNodeSpec{
			InstanceRef: v1alpha1.ObjectReference{Name: instance},
			Storage:     []v1alpha1.StorageMount{{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/faspex"}}},
		},
	}
	if change != nil {
		change(node)
	}
	b.create(node)
	b.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: name + "-ssh-host-key", Namespace: b.namespace,
			Labels: map[string]string{apply.ManagedByLabel: apply.ManagedBy},
		},
		Data: map[string][]byte{"ssh_host_ed25519_key": []byte("the private half"),
			"ssh_host_ed25519_key.pub": []byte(hostKey + "\n")},
	})
	b.machines(name, machines...)
}

func (b *bench) machines(name string, addresses ...string) {
	b.t.Helper()
	node := &v1alpha1.TransferNode{}
	b.get(name, node)
	before := node.DeepCopy()
	node.Status.Machines = nil
	ready := true
	for _, address := range addresses {
		node.Status.Machines = append(node.Status.Machines,
			v1alpha1.TransferNodeMachine{Name: "machine-" + address, Address: address, Ready: &ready})
	}
	if err := b.client.Status().Patch(b.t.Context(), node, client.MergeFrom(before)); err != nil {
		b.t.Fatal(err)
	}
}

// TestGatewayKnowsTheMachinesOfItsInstance: all of them, those that the spec adds, and no others; no private key is in
// the list, and a new machine restarts no pod.
func TestGatewayKnowsTheMachinesOfItsInstance(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tls, err := certificate.New(b.r.now(), certificate.Subject{CommonName: "node", DNSNames: []string{"node.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	ca := string(tls[certificate.CAKey])
	instance := b.external("gwknows")
	instance.Spec.Gateway = &v1alpha1.GatewaySpec{Nodes: []v1alpha1.GatewayNode{
		{Host: "far.example.com", SSHPort: 22, WSSPort: 443, SSHHostKeys: []string{otherHostKey},
			CASecretRef: &v1alpha1.SecretReference{Name: "far-ca"}},
		{Host: "plain.example.com"},
	}}
	b.create(instance)
	b.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "far-ca", Namespace: b.namespace}, Data: map[string][]byte{"ca.crt": []byte(ca)},
	})
	b.transferNode("main", "demo", nil, "192.0.2.2", "192.0.2.1")
	b.transferNode("named", "demo", func(n *v1alpha1.TransferNode) {
		n.Spec.TransferAddress = "node.example.com"
		n.Spec.Ports = &v1alpha1.TransferNodePorts{SSH: 2222, WSS: 9093}
		n.Spec.TLS = &v1alpha1.TLSSpec{SecretRef: v1alpha1.SecretReference{Name: "node-cert"}}
	}, "192.0.2.9")
	b.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "node-cert", Namespace: b.namespace}, Type: corev1.SecretTypeTLS, Data: tls,
	})
	b.transferNode("foreign", "other", nil, "192.0.2.66")

	wantReady(t, b.settle())
	list := []map[string]any{
		{"host": "192.0.2.1", "sshPort": 33001.0, "sshHostKeys": []any{hostKey}},
		{"host": "192.0.2.2", "sshPort": 33001.0, "sshHostKeys": []any{hostKey}},
		{"host": "far.example.com", "sshPort": 22.0, "wssPort": 443.0, "sshHostKeys": []any{otherHostKey}, "tlsCA": ca},
		{"host": "node.example.com", "sshPort": 2222.0, "wssPort": 9093.0, "sshHostKeys": []any{hostKey}, "tlsCA": ca},
		{"host": "plain.example.com", "sshPort": 33001.0},
	}
	if diff := cmp.Diff(list, b.nodes()); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	if strings.Contains(everythingPublic(b), "the private half") {
		t.Error("a private host key is in an object that is no Secret")
	}

	before := &appsv1.Deployment{}
	b.get("demo-gateway", before)
	b.machines("main", "192.0.2.3")
	wantReady(t, b.settle())
	if got := b.nodes()[0]["host"]; got != "192.0.2.3" || len(b.nodes()) != 4 {
		t.Errorf("after the machines have changed: %v", b.nodes())
	}
	after := &appsv1.Deployment{}
	b.get("demo-gateway", after)
	if after.Generation != before.Generation {
		t.Error("a new machine restarts the gateway")
	}
}

// TestGatewayOfAnInstanceWithoutNodes: the list is there, and empty.
func TestGatewayOfAnInstanceWithoutNodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("gwempty"))
	wantReady(t, b.settle())
	config := &corev1.ConfigMap{}
	b.get("demo-gateway-nodes", config)
	if got := config.Data["nodes.yaml"]; got != "nodes: []\n" {
		t.Errorf("nodes.yaml is %q", got)
	}
}

// TestGatewayIsRemovedWhenTheSpecWantsNone: with all that was made for it, and core stops telling of it. It comes back.
func TestGatewayIsRemovedWhenTheSpecWantsNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("gwoff"))
	i := b.settle()
	wantReady(t, i)
	want(t, i, v1alpha1.ConditionGatewayReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")
	coreTells := func() string {
		config := &corev1.ConfigMap{}
		b.get("demo-core", config)
		return config.Data["FASPEX_CORE_GATEWAY"]
	}
	if coreTells() != "true" {
		t.Error("core does not know that there is a gateway")
	}
	if secret := dataOf(b, "demo-gateway")["FASPEX_GATEWAY_SECRET"]; len(secret) != 44 {
		t.Errorf("the secret has %d characters, want 32 bytes in base64", len(secret))
	}

	off := false
	b.patch("demo", i, func() { i.Spec.Gateway = &v1alpha1.GatewaySpec{Enabled: &off} })
	i = b.settle()
	wantReady(t, i)
	want(t, i, v1alpha1.ConditionGatewayReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded,
		"spec.gateway.enabled is false")
	for _, object := range []client.Object{&appsv1.Deployment{}, &corev1.Service{}, &corev1.ConfigMap{},
		&corev1.Secret{}} {
		key := client.ObjectKey{Namespace: b.namespace, Name: "demo-gateway"}
		if err := b.client.Get(t.Context(), key, object); !apierrors.IsNotFound(err) {
			t.Errorf("%T is left: %v", object, err)
		}
	}
	if _, there := b.policies()["demo-gateway"]; there {
		t.Error("the NetworkPolicy is left")
	}
	if coreTells() != "" {
		t.Error("core still tells of a gateway")
	}
	router := &corev1.ConfigMap{}
	b.get("demo-router", router)
	if strings.Contains(router.Data["nginx.conf"], "gateway") {
		t.Error("the router still forwards to it, and does not start without its Service")
	}

	b.patch("demo", i, func() { i.Spec.Gateway = nil })
	i = b.settle()
	wantReady(t, i)
	want(t, i, v1alpha1.ConditionGatewayReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")
}

// TestGatewaySecretRestartsCoreAndGateway: both have it from their environment.
func TestGatewaySecretRestartsCoreAndGateway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("gwsecret"))
	wantReady(t, b.settle())
	generations := func() map[string]int64 {
		all := map[string]int64{}
		for _, name := range []string{"demo-core", "demo-gateway", "demo-ui", "demo-router"} {
			d := &appsv1.Deployment{}
			b.get(name, d)
			all[name] = d.Generation
		}
		return all
	}
	before := generations()
	secret := &corev1.Secret{}
	b.patch("demo-gateway", secret, func() {
		secret.Data["FASPEX_GATEWAY_OLD_SECRET"] = secret.Data["FASPEX_GATEWAY_SECRET"]
		secret.Data["FASPEX_GATEWAY_SECRET"] = []byte("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	})
	wantReady(t, b.settle())
	after := generations()
	for name, restarts := range map[string]bool{"demo-core": true, "demo-gateway": true, "demo-ui": false,
		"demo-router": false} {
		if (after[name] != before[name]) != restarts {
			t.Errorf("%s: restarted %t, want %t", name, after[name] != before[name], restarts)
		}
	}
}

// TestGatewayWithABadNode: the gateway runs for the others, and the condition names the field.
func TestGatewayWithABadNode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	instance := b.external("gwbad")
	instance.Spec.Gateway = &v1alpha1.GatewaySpec{Nodes: []v1alpha1.GatewayNode{
		{Host: "far.example.com", WSSPort: 443, CASecretRef: &v1alpha1.SecretReference{Name: "far-ca"}},
	}}
	b.create(instance)
	i := b.settle()
	want(t, i, v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		"spec.gateway.nodes[0].caSecretRef")
	want(t, i, v1alpha1.ConditionRouterReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")
	b.get("demo-gateway", &appsv1.Deployment{})
	b.create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "far-ca", Namespace: b.namespace},
		Data:       map[string][]byte{"ca.crt": []byte("no certificate")},
	})
	want(t, b.settle(), v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid,
		"spec.gateway.nodes[0].caSecretRef: ca.crt")
	tls, err := certificate.New(b.r.now(), certificate.Subject{CommonName: "node", DNSNames: []string{"far.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{}
	b.patch("far-ca", secret, func() { secret.Data["ca.crt"] = tls[certificate.CAKey] })
	wantReady(t, b.settle())

	b.patch("demo", i, func() { i.Spec.Gateway.Nodes[0].SSHHostKeys = []string{"ssh-ed25519 AAAA"} })
	want(t, b.settle(), v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec,
		"spec.gateway.nodes[0].sshHostKeys[0] is no public key")
}
