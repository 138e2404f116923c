// Package controllertest gives the tests of the controllers of TransferNode, StorageLocation and AccessKey what they
// work with: a real kube-apiserver, a real MariaDB, the real Node API with a storage of its own, and all three
// controllers at work. Faspex is a fake in memory: its own tests run the real one. There is no kubelet: the field
// says itself which pods are ready.
package controllertest

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	controllerconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/accesskey"
	"faspex.io/operator/controllers/apply"
	desiredinstance "faspex.io/operator/controllers/desired/instance"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/faspexinstance"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/policy"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/controllers/storagelocation"
	"faspex.io/operator/controllers/transfernode"
	"faspex.io/operator/test/fuse"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
)

// Patience is how long tests wait for something that has to happen, on a machine that has much else to do.
const Patience = 3 * time.Minute

// Instance and Node are the names of the objects a field begins with.
const (
	Instance = "demo"
	Node     = "demo"
)

// Field is one namespace with everything in it.
type Field struct {
	// Client reads and writes without a cache.
	Client    client.Client
	Namespace string
	Database  *mariadbd.Server
	NodeAPI   *NodeAPI
	// Faspex is the fake, Core the real one; one of them is nil.
	Faspex *Faspex
	Core   *Core
	// Embedded says that the instance's database is an embedded one: the same server plays it.
	Embedded bool
	// Nodes are the controllers' connections to the node.
	Nodes *nodeapi.Connector
	// Policy is what the controllers permit.
	Policy policy.Policy
	// Appliers count what the controllers write.
	Appliers []*apply.Applier

	requests atomic.Int64
	ahead    atomic.Int64
}

// Now is the controllers' clock.
func (f *Field) Now() time.Time { return time.Now().Add(time.Duration(f.ahead.Load())) }

// Advance sets the controllers' clock forward.
func (f *Field) Advance(d time.Duration) { f.ahead.Add(int64(d)) }

// New starts the controllers for a namespace of its own. It holds a FaspexInstance that is
// not ready, and no TransferNode.
func New(t *testing.T) *Field {
	t.Helper()
	f := prepare(t, false)
	f.start(t)
	return f
}

// NewIdle is New without controllers at work: the test calls them itself (Reconcilers). Every write that they make
// to Faspex and to the node counts for fuse.
func NewIdle(t *testing.T, f *fuse.Fuse) *Field {
	t.Helper()
	field := prepare(t, false)
	field.Faspex.fuse, field.NodeAPI.fuse = f, f
	return field
}

// Reconcilers are new ones that use c, each with an object that it reconciles.
func (f *Field) Reconcilers(c client.Client) []func(context.Context) error {
	nodes := nodeapi.NewConnector(secrets.NewReader(c, c), f.NodeAPI.endpoint)
	recorder := events.NewFakeRecorder(1000)
	node := transfernode.New(c, c, recorder, transfernode.Options{Nodes: nodes, Faspex: f, Policy: f.Policy,
		DatabaseServer: f.databaseServer(secrets.NewStore(apply.New(c, "test"), c, c))})
	location := storagelocation.New(c, c, recorder, storagelocation.Options{Nodes: nodes, Faspex: f})
	key := accesskey.New(c, c, recorder, accesskey.Options{Nodes: nodes})
	call := func(r reconcile.Reconciler, name string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := r.Reconcile(ctx, ctrl.Request{NamespacedName: f.Key(name)})
			return err
		}
	}
	return []func(context.Context) error{call(node, Node), call(location, "packages"), call(key, "demo")}
}

// NewEmbedded is New for an instance with an embedded database.
func NewEmbedded(t *testing.T) *Field {
	t.Helper()
	f := prepare(t, true)
	f.start(t)
	return f
}

// NewPermitting is New for controllers that permit less than everything.
func NewPermitting(t *testing.T, permitted policy.Policy) *Field {
	t.Helper()
	f := prepare(t, false)
	f.Policy = permitted
	f.start(t)
	return f
}

func prepare(t *testing.T, embedded bool) *Field {
	t.Helper()
	c := kubeapi.Client(t)
	f := &Field{
		Client: c, Namespace: kubeapi.Namespace(t, c), Database: mariadbd.Start(t),
		Faspex: NewFaspex(), NodeAPI: &NodeAPI{}, Embedded: embedded,
	}
	f.createInstance(t)
	f.giveHostKeys(t)
	return f
}

// hostKeys are made once: an RSA key takes a second.
var hostKeys = sync.OnceValues(func() (map[string][]byte, error) { return desired.SSHHostKeys(rand.Reader) })

// giveHostKeys gives the node the SSH host keys that an earlier reconciliation has made.
func (f *Field) giveHostKeys(t *testing.T) {
	t.Helper()
	data, err := hostKeys()
	if err != nil {
		t.Fatal(err)
	}
	secret := f.GivenSecret(desired.NamesOf(Node).SSHHostKey, data)
	secret.Labels = desired.Labels(f.TransferNode())
	f.Create(t, secret)
}

// NewReady starts a field whose TransferNode is up, and ready if all goes well.
func NewReady(t *testing.T) *Field {
	t.Helper()
	f := New(t)
	f.SetInstanceReady(t, true)
	f.Create(t, f.TransferNode())
	f.RunNode(t)
	f.WaitReady(t, &v1alpha1.TransferNode{}, Node)
	return f
}

func (f *Field) createInstance(t *testing.T) {
	t.Helper()
	f.Create(t, &corev1.Secret{
		ObjectMeta: f.meta(desiredinstance.NamesOf(Instance).Database),
		Data: map[string][]byte{
			desiredinstance.KeyRootUsername: []byte("root"),
			desiredinstance.KeyRootPassword: []byte(mariadbd.RootPassword),
		},
	})
	database := v1alpha1.DatabaseSpec{External: &v1alpha1.ExternalDatabase{
		Host: f.Database.Host, Port: int32(f.Database.Port), RootSecretRef: v1alpha1.SecretReference{Name: "root"},
	}}
	if f.Embedded {
		database = v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}}
	}
	f.Create(t, &v1alpha1.FaspexInstance{
		ObjectMeta: f.meta(Instance),
		Spec:       v1alpha1.FaspexInstanceSpec{ExternalURL: externalURL, Database: database},
	})
}

// databaseServer is where the real server listens: nothing resolves the names of Services here.
func (f *Field) databaseServer(reader *secrets.Store) func(context.Context, *v1alpha1.FaspexInstance) (mariadb.Server,
	error) {
	find := faspexinstance.DatabaseServer(reader)
	return func(ctx context.Context, instance *v1alpha1.FaspexInstance) (mariadb.Server, error) {
		server, err := find(ctx, instance)
		server.Host, server.Port = f.Database.Host, int32(f.Database.Port)
		return server, err
	}
}

func (f *Field) start(t *testing.T) {
	t.Helper()
	anyName, recoverPanic := true, false
	config := kubeapi.Config(t)
	config.Wrap(f.count)
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  kubeapi.Scheme(t),
		Metrics: server.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{f.Namespace: {}}},
		// Every test of a process registers controllers of the same names; a panic must end it.
		Controller: controllerconfig.Controller{SkipNameValidation: &anyName, RecoverPanic: &recoverPanic},
	})
	if err != nil {
		t.Fatal(err)
	}
	nodes := nodeapi.NewConnector(secrets.NewReader(mgr.GetClient(), mgr.GetAPIReader()), f.NodeAPI.endpoint)
	f.Nodes = nodes
	reader := secrets.NewStore(apply.New(mgr.GetClient(), "test"), mgr.GetClient(), mgr.GetAPIReader())
	add := func(applier *apply.Applier, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		f.Appliers = append(f.Appliers, applier)
	}
	add(transfernode.SetupWithManager(mgr, transfernode.Options{
		DatabaseServer: f.databaseServer(reader), Policy: f.Policy, Nodes: nodes, Faspex: f, Now: f.Now,
	}))
	add(storagelocation.SetupWithManager(mgr, storagelocation.Options{Nodes: nodes, Faspex: f, Now: f.Now}))
	add(accesskey.SetupWithManager(mgr, accesskey.Options{Nodes: nodes, Now: f.Now}))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("manager: %v", err)
		}
	})
}

// Requests is how many requests the controllers have sent to the API server, but for those of watches and events.
func (f *Field) Requests() int64 { return f.requests.Load() }

func (f *Field) count(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.URL.Query().Get("watch") == "" && !strings.HasSuffix(request.URL.Path, "/events") {
			f.requests.Add(1)
		}
		return next.RoundTrip(request)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// Connect implements the controllers' FaspexConnector.
func (f *Field) Connect(ctx context.Context, instance *v1alpha1.FaspexInstance) (faspexapi.API, error) {
	if f.Core != nil {
		return f.Core.Connect(ctx, instance)
	}
	return f.Faspex, nil
}

// TransferNode is a TransferNode with one storage, not created yet.
func (f *Field) TransferNode() *v1alpha1.TransferNode {
	return &v1alpha1.TransferNode{
		ObjectMeta: f.meta(Node),
		Spec: v1alpha1.TransferNodeSpec{
			InstanceRef: v1alpha1.ObjectReference{Name: Instance},
			Storage: []v1alpha1.StorageMount{
				{Name: "default", HostPath: &v1alpha1.HostPathStorage{Path: "/srv/test"}},
			},
		},
	}
}

// StorageLocation is a StorageLocation at /default/<name>, not created yet.
func (f *Field) StorageLocation(name string) *v1alpha1.StorageLocation {
	return &v1alpha1.StorageLocation{
		ObjectMeta: f.meta(name),
		Spec: v1alpha1.StorageLocationSpec{
			TransferNodeRef: v1alpha1.ObjectReference{Name: Node},
			Type:            v1alpha1.StorageLocationLocal,
			Local:           &v1alpha1.LocalStorage{Path: "/default/" + name},
		},
	}
}

// AccessKey is an AccessKey to /default/<name>, not created yet.
func (f *Field) AccessKey(name string) *v1alpha1.AccessKey {
	return &v1alpha1.AccessKey{
		ObjectMeta: f.meta(name),
		Spec: v1alpha1.AccessKeySpec{
			TransferNodeRef: v1alpha1.ObjectReference{Name: Node},
			Storage:         v1alpha1.AccessKeyStorage{Local: &v1alpha1.LocalStorage{Path: "/default/" + name}},
		},
	}
}

// GivenSecret is a Secret of a user, not created yet.
func (f *Field) GivenSecret(name string, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: f.meta(name), Data: data}
}

func (f *Field) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: f.Namespace, Name: name}
}

// Create makes an object.
func (f *Field) Create(t *testing.T, object client.Object) {
	t.Helper()
	if err := f.Client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// Get reads an object.
func (f *Field) Get(t *testing.T, object client.Object, name string) {
	t.Helper()
	if err := f.Client.Get(t.Context(), f.Key(name), object); err != nil {
		t.Fatal(err)
	}
}

// Key of an object in the field's namespace.
func (f *Field) Key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: f.Namespace, Name: name}
}

// Delete deletes an object.
func (f *Field) Delete(t *testing.T, object client.Object) {
	t.Helper()
	if err := f.Client.Delete(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// Change reads an object, changes it and writes it back until that works.
func (f *Field) Change(t *testing.T, object client.Object, name string, change func()) {
	t.Helper()
	f.Eventually(t, "change "+name, func() bool {
		f.Get(t, object, name)
		change()
		err := f.Client.Update(t.Context(), object)
		if err != nil && !apierrors.IsConflict(err) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// SetInstanceReady does what the controller of FaspexInstance would do.
func (f *Field) SetInstanceReady(t *testing.T, ready bool) {
	t.Helper()
	instance := &v1alpha1.FaspexInstance{}
	f.Get(t, instance, Instance)
	condition := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProgressing,
		ObservedGeneration: instance.Generation,
	}
	if ready {
		condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonSucceeded
	}
	meta.SetStatusCondition(&instance.Status.Conditions, condition)
	if err := f.Client.Status().Update(t.Context(), instance); err != nil {
		t.Fatal(err)
	}
}

// SetPods does what the DaemonSet controller and the kubelet would do.
func (f *Field) SetPods(t *testing.T, wanted, ready int32) {
	t.Helper()
	f.Eventually(t, "set the status of the DaemonSet", func() bool {
		daemonSet := &appsv1.DaemonSet{}
		if err := f.Client.Get(t.Context(), f.Key(desired.NamesOf(Node).DaemonSet), daemonSet); err != nil {
			return false
		}
		daemonSet.Status = appsv1.DaemonSetStatus{
			ObservedGeneration: daemonSet.Generation, DesiredNumberScheduled: wanted, CurrentNumberScheduled: wanted,
			UpdatedNumberScheduled: wanted, NumberReady: ready, NumberAvailable: ready,
		}
		return f.Client.Status().Update(t.Context(), daemonSet) == nil
	})
}

// DatabaseExists tells whether the server has a database of that name.
func (f *Field) DatabaseExists(t *testing.T, name string) bool {
	t.Helper()
	var n int
	err := mariadbd.Open(t, f.Database.RootConfig()).QueryRowContext(t.Context(),
		"SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", name).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}
