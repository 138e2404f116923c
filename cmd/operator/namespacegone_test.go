package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
)

// door leads to a server until it is shut.
type door struct {
	listener net.Listener
	mu       sync.Mutex
	open     []net.Conn
}

func openDoor(t *testing.T, to string) *door {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{listener: listener}
	t.Cleanup(d.shut)
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			d.mu.Lock()
			d.open = append(d.open, in, out)
			d.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() { _, _ = io.Copy(pair[0], pair[1]) }()
			}
		}
	}()
	return d
}

func (d *door) shut() {
	_ = d.listener.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.open {
		_ = c.Close()
	}
}

// TestNamespaceGoes (operator-43): a namespace with an instance, its node, a storage location, access keys and a backup
// whose data are to be deleted goes within two minutes, although the database and the node are gone already. The
// program, the API server, the namespace controller and the garbage collector are real.
func TestNamespaceGoes(t *testing.T) {
	t.Parallel()
	admin := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, admin)
	kubeapi.Controllers(t, "namespace-controller", "garbage-collector-controller")
	startOperator(t, kubeapi.Kubeconfig(t, "operator", "system:masters"), "--watch-namespaces="+namespace)
	database := mariadbd.Start(t)
	way := openDoor(t, database.Addr())
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	ref := v1alpha1.ObjectReference{Name: "demo"}
	instance := &v1alpha1.FaspexInstance{ObjectMeta: named("demo"), Spec: v1alpha1.FaspexInstanceSpec{
		ExternalURL: "https://faspex.example.com", DeletionPolicy: v1alpha1.DeletionPolicyDelete,
		Database: v1alpha1.DatabaseSpec{External: &v1alpha1.ExternalDatabase{Host: "127.0.0.1", Database: "faspex_nsgone",
			Port:          int32(way.listener.Addr().(*net.TCPAddr).Port),
			RootSecretRef: v1alpha1.SecretReference{Name: "root"}}}}}
	node := &v1alpha1.TransferNode{ObjectMeta: named("demo"), Spec: v1alpha1.TransferNodeSpec{InstanceRef: ref,
		Storage: []v1alpha1.StorageMount{{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/test"}}}}}
	location := &v1alpha1.StorageLocation{ObjectMeta: named("demo"), Spec: v1alpha1.StorageLocationSpec{TransferNodeRef: ref,
		Type: v1alpha1.StorageLocationLocal, Local: &v1alpha1.LocalStorage{Path: "/default/demo"}}}
	backup := &v1alpha1.FaspexBackup{ObjectMeta: named("demo"), Spec: v1alpha1.FaspexBackupSpec{InstanceRef: ref,
		DeletionPolicy: v1alpha1.DeletionPolicyDelete,
		Target:         &v1alpha1.BackupTarget{VolumeClaim: &v1alpha1.VolumeClaimTarget{ClaimName: "backups"}},
		Encryption:     &v1alpha1.BackupEncryption{SecretRef: v1alpha1.SecretReference{Name: "key"}}}}
	objects := []client.Object{instance, node, location, backup}
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		objects = append(objects, &v1alpha1.AccessKey{ObjectMeta: named(name), Spec: v1alpha1.AccessKeySpec{
			TransferNodeRef: ref, Storage: v1alpha1.AccessKeyStorage{StorageLocationRef: &ref}}})
	}
	root := &corev1.Secret{ObjectMeta: named("root"), StringData: map[string]string{"username": "root",
		"password": mariadbd.RootPassword}}
	for _, object := range append([]client.Object{root}, objects...) {
		if err := admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "instance and node have their databases", func() bool {
		return admin.Get(t.Context(), client.ObjectKeyFromObject(instance), instance) == nil &&
			admin.Get(t.Context(), client.ObjectKeyFromObject(node), node) == nil &&
			meta.IsStatusConditionTrue(instance.Status.Conditions, v1alpha1.ConditionDatabaseProvisioned) &&
			meta.IsStatusConditionTrue(node.Status.Conditions, v1alpha1.ConditionDatabaseProvisioned)
	})
	// What they would know of each other if there were pods.
	before := node.DeepCopy()
	node.Status.NodeID = "7"
	patchStatus(t, admin, before, node)
	for _, object := range objects {
		switch o := object.(type) {
		case *v1alpha1.AccessKey:
			before := o.DeepCopy()
			o.Status.ID = "ak-" + o.Name
			patchStatus(t, admin, before, o)
		case *v1alpha1.StorageLocation:
			before := o.DeepCopy()
			o.Status.ShareID = "8"
			patchStatus(t, admin, before, o)
		}
		eventually(t, "the operator holds "+object.GetName(), func() bool {
			return admin.Get(t.Context(), client.ObjectKeyFromObject(object), object) == nil &&
				len(object.GetFinalizers()) == 1 && object.GetFinalizers()[0] == apply.Finalizer
		})
	}

	way.shut()
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := admin.Delete(t.Context(), space); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		err := admin.Get(t.Context(), client.ObjectKeyFromObject(space), space)
		if apierrors.IsNotFound(err) {
			return
		}
		if time.Now().After(end) {
			for _, object := range objects {
				err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), object)
				t.Logf("%T %s: %v, %v", object, object.GetName(), object.GetFinalizers(), err)
			}
			t.Fatalf("the namespace hangs: %v", space.Status.Conditions)
		}
	}
}

func patchStatus(t *testing.T, admin client.Client, before, after client.Object) {
	t.Helper()
	if err := admin.Status().Patch(t.Context(), after, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}
