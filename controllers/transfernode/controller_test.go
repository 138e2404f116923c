package transfernode_test

import (
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) { os.Exit(kubeapi.Run(m)) }

const (
	nodeName = controllertest.Node
	isTrue   = metav1.ConditionTrue
	isFalse  = metav1.ConditionFalse
)

func TestNodeBecomesReady(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := &v1alpha1.TransferNode{}
	field.Create(t, field.TransferNode())
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonInstanceNotReady)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isTrue, v1alpha1.ReasonSucceeded)

	// Only what needs the instance waits for it.
	field.RunNode(t)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionNodeAPIReady, isTrue, v1alpha1.ReasonSucceeded)
	field.SetInstanceReady(t, true)
	field.WaitReady(t, node, nodeName)

	if node.Status.Version != "0.1.0-test" || node.Status.NodeID == "" || *node.Status.ReadyNodes != 1 ||
		*node.Status.DesiredNodes != 1 {
		t.Errorf("status is %+v", node.Status)
	}
	if want := "https://demo-hsts." + field.Namespace + ".svc:9092"; node.Status.Endpoint != want {
		t.Errorf("endpoint is %q, want %q", node.Status.Endpoint, want)
	}
	nodes, err := field.Faspex.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 1 || nodes[0].Host != "demo-hsts."+field.Namespace+".svc" || !nodes[0].UseSSL ||
		!nodes[0].VerifySSL ||
		!strings.HasPrefix(*nodes[0].PublicKey, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("Faspex knows %+v", nodes)
	}
}

func TestUnchangedNodeIsNotWritten(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	field.WantNoWrites(t, &v1alpha1.TransferNode{}, nodeName, field.Faspex.Reads)
}

func TestNodeHealsWhenItsPartsVanish(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	names := desired.NamesOf(nodeName)
	daemonSet, service := &appsv1.DaemonSet{}, &corev1.Service{}
	field.Get(t, daemonSet, names.DaemonSet)
	field.Delete(t, daemonSet)
	field.Eventually(t, "another DaemonSet", func() bool {
		again := &appsv1.DaemonSet{}
		return field.Client.Get(t.Context(), field.Key(names.DaemonSet), again) == nil && again.UID != daemonSet.UID
	})
	field.Get(t, service, names.Service)
	field.Delete(t, service)
	field.Eventually(t, "another Service", func() bool {
		again := &corev1.Service{}
		return field.Client.Get(t.Context(), field.Key(names.Service), again) == nil && again.UID != service.UID
	})
	tokenKeys := &corev1.Secret{}
	field.Get(t, tokenKeys, names.TokenKeys)
	field.Delete(t, tokenKeys)
	field.Eventually(t, "other token keys", func() bool {
		again := &corev1.Secret{}
		return field.Client.Get(t.Context(), field.Key(names.TokenKeys), again) == nil && desired.ValidTokenKeys(again.Data)
	})
}

func TestRegistrationIsRepaired(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	node := &v1alpha1.TransferNode{}
	field.Get(t, node, nodeName)
	id := node.Status.NodeID

	field.Faspex.Edit(func(nodes *[]api.Node, _ map[string][]api.SharedFolder) { (*nodes)[0].Host = "elsewhere" })
	field.Touch(t, node, nodeName)
	field.Eventually(t, "the host is put right", func() bool {
		nodes, err := field.Faspex.Nodes(t.Context())
		return err == nil && nodes[0].Host != "elsewhere"
	})

	field.Faspex.Edit(func(nodes *[]api.Node, _ map[string][]api.SharedFolder) { *nodes = nil })
	field.Touch(t, node, nodeName)
	field.Eventually(t, "the node is registered again", func() bool {
		field.Get(t, node, nodeName)
		return node.Status.NodeID != id && node.Status.NodeID != ""
	})
	field.WaitReady(t, node, nodeName)
}

func TestNewPasswordReachesFaspex(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	node := &v1alpha1.TransferNode{}
	field.Get(t, node, nodeName)
	secret := &corev1.Secret{}
	field.Get(t, secret, desired.NamesOf(nodeName).NodeUser)
	field.Delete(t, secret)
	var password string
	field.Eventually(t, "another password", func() bool {
		again := &corev1.Secret{}
		if field.Client.Get(t.Context(), field.Key(secret.Name), again) != nil || again.UID == secret.UID {
			return false
		}
		password = string(again.Data[desired.NodeUserPassword])
		return password != ""
	})
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionNodeAPIReady, isFalse, v1alpha1.ReasonNodeRefused)
	if found := node.Status.Conditions; strings.Contains(strings.Join(messages(found), " "), password) {
		t.Error("a condition holds the password")
	}
	// hsts reads the Secret again when the kubelet brings it.
	field.NodeAPI.SetUser("faspex", password)
	field.WaitReady(t, node, nodeName)
	if got := field.Faspex.Password(node.Status.NodeID); got != password {
		t.Error("Faspex holds the former password")
	}
}

func messages(list []metav1.Condition) []string {
	var all []string
	for _, condition := range list {
		all = append(all, condition.Message)
	}
	return all
}

func TestOutageOfFaspexHeals(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	field.SetInstanceReady(t, true)
	field.Faspex.SetDown(true)
	field.Create(t, field.TransferNode())
	field.RunNode(t)
	node := &v1alpha1.TransferNode{}
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionRegistered, isFalse, v1alpha1.ReasonFaspexUnreachable)
	field.Faspex.SetDown(false)
	field.WaitReady(t, node, nodeName)
}

func TestGivenCertificate(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	field.SetInstanceReady(t, true)
	node := field.TransferNode()
	node.Spec.TLS = &v1alpha1.TLSSpec{SecretRef: v1alpha1.SecretReference{Name: "given"}}
	field.Create(t, node)
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isFalse,
		v1alpha1.ReasonSecretNotFound)
	if !strings.Contains(condition.Message, "spec.tls.secretRef") {
		t.Errorf("message does not name the field: %s", condition.Message)
	}
	field.Create(t,
		field.GivenSecret("given", map[string][]byte{"tls.crt": []byte("no certificate"), "tls.key": []byte("no key")}))
	condition = field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonSecretInvalid)
	if !strings.Contains(condition.Message, "spec.tls.secretRef") {
		t.Errorf("message does not name the field: %s", condition.Message)
	}
}

func TestDeleteWaitsForDependentsAndCleansUp(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	field.Create(t, field.StorageLocation("packages"))
	field.Create(t, field.AccessKey("demo"))
	location, key := &v1alpha1.StorageLocation{}, &v1alpha1.AccessKey{}
	field.WaitReady(t, location, "packages")
	field.WaitReady(t, key, "demo")

	node := &v1alpha1.TransferNode{}
	field.Get(t, node, nodeName)
	field.Delete(t, node)
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonDependents)
	if want := "still used by AccessKey demo, StorageLocation packages"; condition.Message != want {
		t.Errorf("message is %q, want %q", condition.Message, want)
	}
	// Health goes on being reported.
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionNodeAPIReady, isTrue, v1alpha1.ReasonSucceeded)

	database := field.Secret(t, desired.NamesOf(nodeName).Database)["HSTS_DB_DATABASE"]
	field.Delete(t, key)
	field.WaitGone(t, key, "demo")
	field.Delete(t, location)
	field.WaitGone(t, location, "packages")
	field.WaitGone(t, node, nodeName)
	if nodes, err := field.Faspex.Nodes(t.Context()); err != nil || len(nodes) != 0 {
		t.Errorf("Faspex still knows %v (%v)", nodes, err)
	}
	if field.DatabaseExists(t, string(database)) {
		t.Errorf("database %s still exists", database)
	}
	daemonSet := &appsv1.DaemonSet{}
	field.WaitGone(t, daemonSet, desired.NamesOf(nodeName).DaemonSet)
}

func TestSuspendedNodeIsLeftAlone(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	node := &v1alpha1.TransferNode{}
	yes := true
	field.Change(t, node, nodeName, func() { node.Spec.Suspend = &yes })
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonSuspended)
	service := &corev1.Service{}
	field.Get(t, service, desired.NamesOf(nodeName).Service)
	field.Delete(t, service)
	field.Touch(t, node, nodeName)
	field.WaitGone(t, service, desired.NamesOf(nodeName).Service)
	field.Change(t, node, nodeName, func() { node.Spec.Suspend = nil })
	field.WaitReady(t, node, nodeName)
	field.Get(t, service, desired.NamesOf(nodeName).Service)
}

func TestMissingInstance(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := field.TransferNode()
	node.Spec.InstanceRef.Name = "absent"
	field.Create(t, node)
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonInstanceNotFound)
	if !strings.Contains(condition.Message, "spec.instanceRef.name") || !strings.Contains(condition.Message, "absent") {
		t.Errorf("message is %q", condition.Message)
	}
	// Nothing was made anywhere else: it goes at once.
	field.Delete(t, node)
	field.WaitGone(t, node, nodeName)
}
