package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
)

// TestSideBySide (operator-60): instances with nodes, locations and keys of the same names in two namespaces, on one
// database server, under one operator for the cluster and under one with Roles in these namespaces alone. Each becomes
// ready, they have nothing in common, nothing of them is cluster-wide, and one goes without the other noticing.
func TestSideBySide(t *testing.T) {
	admin := kubeapi.Client(t)
	for mode, namespaced := range map[string]bool{"cluster": false, "namespaces": true} {
		t.Run(mode, func(t *testing.T) {
			before := clusterWide(t, admin)
			namespaces := []string{kubeapi.Namespace(t, admin), kubeapi.Namespace(t, admin)}
			if namespaced {
				user := "operator-" + namespaces[0]
				for _, namespace := range namespaces {
					grant(t, admin, namespace, user)
				}
				startOperator(t, kubeapi.Kubeconfig(t, user), "--watch-namespaces="+strings.Join(namespaces, ","))
			} else {
				startOperator(t, kubeapi.Kubeconfig(t, "operator", "system:masters"))
			}
			for n, namespace := range namespaces {
				makeAll(t, admin, namespace, "faspex_"+mode[:4]+string(rune('a'+n)))
			}
			for _, namespace := range namespaces {
				awaitReady(t, admin, namespace)
			}
			if after := clusterWide(t, admin); !equality.Semantic.DeepEqual(before, after) {
				t.Errorf("cluster-wide objects were %v and are %v", before, after)
			}
			first, second := secretsOf(t, admin, namespaces[0]), secretsOf(t, admin, namespaces[1])
			if !slices.Equal(slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(second))) {
				t.Errorf("Secrets %v and %v", slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(second)))
			}
			for name, data := range first {
				if name != "root" && name != "demo-db" && equality.Semantic.DeepEqual(data, second[name]) {
					t.Errorf("Secret %s is the same in both", name)
				}
			}

			for _, object := range []client.Object{&v1alpha1.AccessKey{}, &v1alpha1.StorageLocation{}, &v1alpha1.TransferNode{},
				&v1alpha1.FaspexInstance{}} {
				object.SetNamespace(namespaces[0])
				object.SetName("demo")
				if err := admin.Delete(t.Context(), object); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "the first is gone", func() bool { return isGone(t, admin, namespaces[0]) })
			instance := &v1alpha1.FaspexInstance{}
			if after := secretsOf(t, admin, namespaces[1]); !equality.Semantic.DeepEqual(second, after) {
				t.Error("Secrets of the second were changed")
			}
			awaitReady(t, admin, namespaces[1])
			key := client.ObjectKey{Namespace: namespaces[1], Name: "demo"}
			if err := admin.Get(t.Context(), key, instance); err != nil ||
				!meta.IsStatusConditionTrue(instance.Status.Conditions, v1alpha1.ConditionReady) {
				t.Errorf("the second is %v, %v", instance.Status.Conditions, err)
			}
		})
	}
}

func isGone(t *testing.T, admin client.Client, namespace string) bool {
	t.Helper()
	var list v1alpha1.FaspexInstanceList
	if err := admin.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	return len(list.Items) == 0
}

// makeAll makes one of each kind, all of them called demo.
func makeAll(t *testing.T, admin client.Client, namespace, database string) {
	t.Helper()
	server := mariadbd.Start(t)
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	ref := v1alpha1.ObjectReference{Name: "demo"}
	for _, object := range []client.Object{
		&corev1.Secret{ObjectMeta: named("root"), StringData: map[string]string{"username": "root",
			"password": mariadbd.RootPassword}},
		&v1alpha1.FaspexInstance{ObjectMeta: named("demo"), Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com", DeletionPolicy: v1alpha1.DeletionPolicyDelete,
			Database: v1alpha1.DatabaseSpec{External: &v1alpha1.ExternalDatabase{Host: server.Host, Port: int32(server.Port),
				Database: database, RootSecretRef: v1alpha1.SecretReference{Name: "root"}}}}},
		&v1alpha1.TransferNode{ObjectMeta: named("demo"), Spec: v1alpha1.TransferNodeSpec{InstanceRef: ref,
			Storage: []v1alpha1.StorageMount{{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/test"}}}}},
		&v1alpha1.StorageLocation{ObjectMeta: named("demo"), Spec: v1alpha1.StorageLocationSpec{TransferNodeRef: ref,
			Type: v1alpha1.StorageLocationLocal, Local: &v1alpha1.LocalStorage{Path: "/default/demo"}}},
		&v1alpha1.AccessKey{ObjectMeta: named("demo"), Spec: v1alpha1.AccessKeySpec{TransferNodeRef: ref,
			Storage: v1alpha1.AccessKeyStorage{StorageLocationRef: &ref}}},
	} {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitReady plays the cluster, which runs no pods here, until the instance is Ready and its node has a workload.
func awaitReady(t *testing.T, admin client.Client, namespace string) {
	t.Helper()
	instance, node := &v1alpha1.FaspexInstance{}, &v1alpha1.TransferNode{}
	key := client.ObjectKey{Namespace: namespace, Name: "demo"}
	eventually(t, "the instance of "+namespace+" is ready", func() bool {
		if err := admin.Get(t.Context(), key, instance); err != nil {
			t.Fatal(err)
		}
		playCluster(t, admin, namespace, instance.Spec.Database.External.Database)
		return meta.IsStatusConditionTrue(instance.Status.Conditions, v1alpha1.ConditionReady) &&
			admin.Get(t.Context(), key, node) == nil &&
			reasonOf(node.Status.Conditions, v1alpha1.ConditionWorkloadReady) != "" &&
			reasonOf(node.Status.Conditions, v1alpha1.ConditionWorkloadReady) != v1alpha1.ReasonBlocked
	})
}

// playCluster has Deployments be available and migrations be done.
func playCluster(t *testing.T, admin client.Client, namespace, database string) {
	t.Helper()
	var deployments appsv1.DeploymentList
	var jobs batchv1.JobList
	for _, list := range []client.ObjectList{&deployments, &jobs} {
		if err := admin.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		before, n := d.DeepCopy(), *d.Spec.Replicas
		d.Status.ObservedGeneration = d.Generation
		d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = n, n, n, n
		patchStatus(t, admin, before, d)
	}
	for i := range jobs.Items {
		j := &jobs.Items[i]
		if len(j.Status.Conditions) > 0 || j.DeletionTimestamp != nil {
			continue
		}
		statement := "CREATE TABLE IF NOT EXISTS " + database + ".migrated (version INT)"
		if _, err := mariadbd.Open(t, mariadbd.Start(t).RootConfig()).ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		before, now := j.DeepCopy(), metav1.Now()
		j.Status.StartTime, j.Status.CompletionTime = &now, &now
		for _, kind := range []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete} {
			j.Status.Conditions = append(j.Status.Conditions, batchv1.JobCondition{Type: kind, Status: corev1.ConditionTrue,
				LastTransitionTime: now, LastProbeTime: now})
		}
		if err := admin.Status().Patch(t.Context(), j, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
	}
}

func secretsOf(t *testing.T, admin client.Client, namespace string) map[string]map[string][]byte {
	t.Helper()
	var list corev1.SecretList
	if err := admin.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string][]byte{}
	for _, s := range list.Items {
		all[s.Name] = s.Data
	}
	return all
}

// clusterWide are the objects that are in no namespace, but for namespaces themselves and what the API server keeps of
// its own.
func clusterWide(t *testing.T, admin client.Client) map[string][]string {
	t.Helper()
	d, err := discovery.NewDiscoveryClientForConfig(kubeapi.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	lists, err := d.ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, resources := range lists {
		version, err := schema.ParseGroupVersion(resources.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range resources.APIResources {
			if r.Namespaced || !slices.Contains(r.Verbs, "list") || slices.Contains([]string{"Namespace", "APIService",
				"ComponentStatus", "IPAddress"}, r.Kind) {
				continue
			}
			list := &metav1.PartialObjectMetadataList{}
			list.SetGroupVersionKind(version.WithKind(r.Kind + "List"))
			if err := admin.List(t.Context(), list); err != nil {
				t.Fatalf("%s: %v", r.Kind, err)
			}
			for _, item := range list.Items {
				all[r.Kind] = append(all[r.Kind], item.Name)
			}
		}
	}
	return all
}
