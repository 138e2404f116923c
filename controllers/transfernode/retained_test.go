package transfernode_test

import (
	"bytes"
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// TestNodeGoesWithItsInstance (operator-11, with the tests of package faspexinstance): a node, a location and a key that
// are deleted together with an instance that keeps its data are found again when all are made again, under the same ids,
// with the same keys and secrets. With Delete nothing of them is left.
func TestNodeGoesWithItsInstance(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			field := controllertest.NewReady(t)
			location, key, node := field.StorageLocation("packages"), field.AccessKey("demo"), &v1alpha1.TransferNode{}
			field.Create(t, location)
			field.Create(t, key)
			field.WaitReady(t, location, "packages")
			field.WaitReady(t, key, "demo")
			field.Get(t, node, nodeName)
			names := desired.NamesOf(nodeName)
			database := string(field.Secret(t, names.Database)["HSTS_DB_DATABASE"])
			kept := map[string]map[string][]byte{}
			for _, name := range []string{names.TokenKeys, names.SSHHostKey, names.NodeUser, "demo-access-key"} {
				kept[name] = field.Secret(t, name)
			}
			instance := &v1alpha1.FaspexInstance{}
			field.Change(t, instance, controllertest.Instance, func() {
				instance.Finalizers, instance.Spec.DeletionPolicy = []string{"example.com/held-by-the-test"}, policy
			})
			field.Delete(t, instance)
			field.Eventually(t, "the operator sees that", func() bool {
				field.Get(t, instance, controllertest.Instance)
				return instance.DeletionTimestamp != nil
			})
			before := *location
			nodeID := node.Status.NodeID
			for _, object := range []client.Object{key, location, node} {
				field.Delete(t, object)
			}
			field.WaitGone(t, key, "demo")
			field.WaitGone(t, location, "packages")
			field.WaitGone(t, node, nodeName)
			field.Change(t, instance, controllertest.Instance, func() { instance.Finalizers = nil })
			field.WaitGone(t, instance, controllertest.Instance)

			if policy == v1alpha1.DeletionPolicyDelete {
				if nodes, err := field.Faspex.Nodes(t.Context()); err != nil || len(nodes) > 0 || field.DatabaseExists(t, database) {
					t.Errorf("Faspex knows %v (%v), or the database is left", nodes, err)
				}
				for name := range kept {
					secret := &corev1.Secret{}
					if err := field.Client.Get(t.Context(), field.Key(name), secret); !apierrors.IsNotFound(err) &&
						len(secret.OwnerReferences) == 0 { // the garbage collector is not here
						t.Errorf("Secret %s is left (%v)", name, err)
					}
				}
				return
			}
			if secret := (&corev1.Secret{}); field.Client.Get(t.Context(), field.Key("demo-access-key"), secret) != nil ||
				len(secret.OwnerReferences) > 0 {
				t.Error("the Secret of the key goes with it")
			}
			field.Create(t, &v1alpha1.FaspexInstance{ObjectMeta: metav1.ObjectMeta{Namespace: field.Namespace,
				Name: controllertest.Instance}, Spec: instance.Spec})
			field.SetInstanceReady(t, true)
			for _, object := range []client.Object{field.TransferNode(), field.StorageLocation("packages"), field.AccessKey("demo")} {
				field.Create(t, object)
			}
			field.RunNode(t)
			field.WaitReady(t, node, nodeName)
			field.WaitReady(t, location, "packages")
			field.WaitReady(t, key, "demo")
			if node.Status.NodeID != nodeID || location.Status.ShareID != before.Status.ShareID {
				t.Errorf("Faspex has made them again: node %s, folder %s", node.Status.NodeID, location.Status.ShareID)
			}
			for name, data := range kept {
				if !maps.EqualFunc(data, field.Secret(t, name), bytes.Equal) {
					t.Errorf("Secret %s is another", name)
				}
			}
			keys, err := field.NodeAPI.Store.AccessKeys(t.Context(), "")
			if err != nil || len(keys) != 1 || keys[0].ID != string(kept["demo-access-key"]["id"]) {
				t.Errorf("the node knows %v, %v", keys, err)
			}
		})
	}
}
