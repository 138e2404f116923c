package faspexinstance

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/backupjob/jobtest"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/controllers/faspexbackup"
	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
)

// bench is one namespace of a real API server with one instance called demo, over a real MariaDB. Reconciliations
// happen when the test says so, and a kubelet that the test controls answers them.
type bench struct {
	t         *testing.T
	client    client.Client
	namespace string
	r         *reconciler
	events    *events.FakeRecorder
	kubelet   *kubelet
	// backups reconciles FaspexBackups, and jobs runs what they and restores ask for.
	backups reconcile.Reconciler
	jobs    *jobtest.Jobs
}

func newBench(t *testing.T) *bench {
	t.Helper()
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	applier, recorder := apply.New(c, controllerName), events.NewFakeRecorder(10_000)
	b := &bench{
		t: t, client: c, namespace: namespace, events: recorder,
		kubelet: &kubelet{t: t, client: c, namespace: namespace, hold: map[string]bool{}},
		r: &reconciler{
			client: c, applier: applier, secrets: secrets.NewStore(applier, c, c), recorder: recorder, now: time.Now,
			direct: c, operatorImage: "operator:test",
		},
		backups: faspexbackup.New(c, c, recorder, faspexbackup.Options{OperatorImage: "operator:test"}),
		jobs:    jobtest.New(t, c, namespace),
	}
	b.giveOperatorClient()
	return b
}

// operatorClient is made once: an RSA key takes a second.
var operatorClient = sync.OnceValues(desired.OperatorClientSecret(&v1alpha1.FaspexInstance{}).Generate)

// giveOperatorClient gives the instance the key of the operator's API client, as an earlier reconciliation has made it.
func (b *bench) giveOperatorClient() {
	b.t.Helper()
	data, err := operatorClient()
	if err != nil {
		b.t.Fatal(err)
	}
	instance := &v1alpha1.FaspexInstance{ObjectMeta: metav1.ObjectMeta{Name: "demo"}}
	b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: desired.NamesOf("demo").OperatorClient,
		Namespace: b.namespace, Labels: desired.Labels(instance, desired.ComponentCore)}, Data: data})
}

// external makes an instance over the real MariaDB whose database and users are told apart
// by suffix, with its root Secret.
func (b *bench) external(suffix string) *v1alpha1.FaspexInstance {
	b.t.Helper()
	server := mariadbd.Start(b.t)
	b.create(b.rootSecret(mariadbd.RootPassword))
	instance := &v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com",
			Database: v1alpha1.DatabaseSpec{External: &v1alpha1.ExternalDatabase{
				Host: server.Host, Port: int32(server.Port), Database: "faspex_" +
					suffix, RootSecretRef: v1alpha1.SecretReference{Name: "root"},
			}},
		},
	}
	return instance
}

func (b *bench) rootSecret(password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "root", Namespace: b.namespace},
		Data:       map[string][]byte{"username": []byte("root"), "password": []byte(password)},
	}
}

func (b *bench) root() mariadb.Server {
	server := mariadbd.Start(b.t)
	return mariadb.Server{Host: server.Host, Port: int32(server.Port), User: "root", Password: mariadbd.RootPassword}
}

func (b *bench) sql(statements ...string) {
	b.t.Helper()
	db := mariadbd.Open(b.t, mariadbd.Start(b.t).RootConfig())
	for _, s := range statements {
		if _, err := db.ExecContext(b.t.Context(), s); err != nil {
			b.t.Fatalf("%s: %v", s, err)
		}
	}
}

// exec runs one statement with arguments.
func (b *bench) exec(statement string, args ...any) {
	b.t.Helper()
	db := mariadbd.Open(b.t, mariadbd.Start(b.t).RootConfig())
	if _, err := db.ExecContext(b.t.Context(), statement, args...); err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
}

func (b *bench) create(object client.Object) {
	b.t.Helper()
	if err := b.client.Create(b.t.Context(), object); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) get(name string, object client.Object) {
	b.t.Helper()
	if err := b.client.Get(b.t.Context(), client.ObjectKey{Namespace: b.namespace, Name: name}, object); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) remove(name string, object client.Object) {
	b.t.Helper()
	object.SetNamespace(b.namespace)
	object.SetName(name)
	if err := b.client.Delete(b.t.Context(), object,
		client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		b.t.Fatal(err)
	}
}

// patch changes object as a person would.
func (b *bench) patch(name string, object client.Object, change func()) {
	b.t.Helper()
	b.get(name, object)
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		b.t.Fatalf("%T is no object", object)
	}
	change()
	if err := b.client.Patch(b.t.Context(), object, client.MergeFrom(before), client.FieldOwner("a-person")); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) reconcile() (ctrl.Result, error) {
	return b.r.frame().Reconcile(b.t.Context(),
		ctrl.Request{NamespacedName: client.ObjectKey{Namespace: b.namespace, Name: "demo"}})
}

// settle reconciles and lets the kubelet work until neither changes anything, and returns the
// instance, or nil when it is gone.
func (b *bench) settle() *v1alpha1.FaspexInstance {
	b.t.Helper()
	for range 40 {
		before := b.r.applier.Changes()
		if _, err := b.reconcile(); err != nil {
			b.t.Fatal(err)
		}
		worked := b.kubelet.work()
		worked = b.settleBackups() || worked
		worked = b.jobs.Work() || worked
		if !worked && b.r.applier.Changes() == before {
			return b.instance()
		}
	}
	b.t.Fatal("it does not settle")
	return nil
}

// settleBackups reconciles every FaspexBackup and tells whether one of them changed.
func (b *bench) settleBackups() bool {
	b.t.Helper()
	changed := false
	for _, before := range b.listBackups() {
		if _, err := b.backups.Reconcile(b.t.Context(),
			ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&before)}); err != nil {
			b.t.Fatal(err)
		}
		after := &v1alpha1.FaspexBackup{}
		err := b.client.Get(b.t.Context(), client.ObjectKeyFromObject(&before), after)
		if client.IgnoreNotFound(err) != nil {
			b.t.Fatal(err)
		}
		changed = changed || after.ResourceVersion != before.ResourceVersion
	}
	return changed
}

func (b *bench) listBackups() []v1alpha1.FaspexBackup {
	b.t.Helper()
	var list v1alpha1.FaspexBackupList
	if err := b.client.List(b.t.Context(), &list, client.InNamespace(b.namespace)); err != nil {
		b.t.Fatal(err)
	}
	return list.Items
}

func (b *bench) instance() *v1alpha1.FaspexInstance {
	b.t.Helper()
	instance := &v1alpha1.FaspexInstance{}
	err := b.client.Get(b.t.Context(), client.ObjectKey{Namespace: b.namespace, Name: "demo"}, instance)
	if client.IgnoreNotFound(err) != nil {
		b.t.Fatal(err)
	}
	if err != nil {
		return nil
	}
	return instance
}

// want checks a condition: its status, reason, and part of its message.
func want(t *testing.T, instance *v1alpha1.FaspexInstance, condition string, status metav1.ConditionStatus, reason,
	message string) {
	t.Helper()
	c := meta.FindStatusCondition(instance.Status.Conditions, condition)
	if c == nil {
		t.Errorf("%s is absent", condition)
		return
	}
	if c.Status != status || c.Reason != reason || !strings.Contains(c.Message, message) {
		t.Errorf("%s is %s, %s, %q; want %s, %s, %q", condition, c.Status, c.Reason, c.Message, status, reason, message)
	}
	if c.ObservedGeneration != instance.Generation || instance.Status.ObservedGeneration != instance.Generation {
		t.Errorf("%s is of generation %d, status of %d, object of %d", condition, c.ObservedGeneration,
			instance.Status.ObservedGeneration, instance.Generation)
	}
}

func wantReady(t *testing.T, instance *v1alpha1.FaspexInstance) {
	t.Helper()
	want(t, instance, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	for _, absent := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if meta.FindStatusCondition(instance.Status.Conditions, absent) != nil {
			t.Errorf("%s is present", absent)
		}
	}
}

// recorded are the events so far.
func (b *bench) recorded() string {
	var all []string
	for {
		select {
		case e := <-b.events.Events:
			all = append(all, e)
		default:
			return strings.Join(all, "\n")
		}
	}
}

func dataOf(b *bench, secret string) map[string][]byte {
	b.t.Helper()
	s := &corev1.Secret{}
	b.get(secret, s)
	return s.Data
}

func canLogIn(b *bench, user string, password []byte) bool {
	b.t.Helper()
	return b.root().As(user, string(password)).Ping(context.WithoutCancel(b.t.Context())) == nil
}
