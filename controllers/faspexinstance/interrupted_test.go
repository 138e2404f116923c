package faspexinstance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/faspexbackup"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/test/fuse"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/s3d"
)

// lives is an operator that is killed after some of its writes and started anew.
type lives struct {
	*bench
	fuse  *fuse.Fuse
	base  client.WithWatch
	after int // so many writes
	ends  int // lives that were ended in their middle
	// first are the Secrets as they were first seen.
	first map[string]map[string][]byte
}

func newLives(t *testing.T, after int) *lives {
	t.Helper()
	base, err := client.NewWithWatch(kubeapi.Config(t), client.Options{Scheme: kubeapi.Scheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	return &lives{bench: newBench(t), fuse: &fuse.Fuse{}, base: base, after: after,
		first: map[string]map[string][]byte{}}
}

// live lets a new operator look at the instance and its backups once each, until it is killed. It tells whether
// something was written.
func (l *lives) live() bool {
	l.t.Helper()
	before := len(l.fuse.Writes())
	ctx := l.fuse.Renew(l.t.Context(), l.after)
	c, recorder := l.fuse.Client(l.base), events.NewFakeRecorder(1000)
	applier := apply.New(c, controllerName)
	r := &reconciler{client: c, applier: applier, secrets: secrets.NewStore(applier, c, c), recorder: recorder, now: time.Now,
		direct: c, operatorImage: "operator:test"}
	backups := faspexbackup.New(c, c, recorder, faspexbackup.Options{OperatorImage: "operator:test"})
	looks := []func(context.Context) error{func(ctx context.Context) error {
		_, err := r.frame().Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Namespace: l.namespace, Name: "demo"}})
		return err
	}}
	for _, b := range l.listBackups() {
		looks = append(looks, func(ctx context.Context) error {
			_, err := backups.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&b)})
			return err
		})
	}
	for _, look := range looks {
		if err := look(ctx); err != nil && l.fuse.Burnt() == nil && !errors.Is(err, context.Canceled) {
			l.t.Fatal(err)
		}
		if l.fuse.Burnt() != nil {
			l.ends++
			break
		}
	}
	l.remember()
	return len(l.fuse.Writes()) > before
}

// remember fails when a Secret has another content than when it was first seen.
func (l *lives) remember() {
	l.t.Helper()
	var list corev1.SecretList
	if err := l.client.List(l.t.Context(), &list, client.InNamespace(l.namespace)); err != nil {
		l.t.Fatal(err)
	}
	for _, secret := range list.Items {
		for key, value := range secret.Data {
			if l.first[secret.Name] == nil {
				l.first[secret.Name] = map[string][]byte{}
			}
			if was := l.first[secret.Name][key]; was != nil && !bytes.Equal(was, value) {
				l.t.Errorf("%s of Secret %s was made twice", key, secret.Name)
			}
			l.first[secret.Name][key] = value
		}
	}
}

// settled lives on until nothing is left to do.
func (l *lives) settled() *v1alpha1.FaspexInstance {
	l.t.Helper()
	for range 400 {
		worked := l.live()
		worked = l.kubelet.work() || worked
		worked = l.jobs.Work() || worked
		if !worked {
			return l.instance()
		}
	}
	writes := l.fuse.Writes()
	l.t.Fatalf("it does not settle; the last of %d writes are %v", len(writes), writes[len(writes)-12:])
	return nil
}

// state is what is there, but for what is called otherwise each time.
func (l *lives) state() []string {
	l.t.Helper()
	var state []string
	for _, c := range l.instance().Status.Conditions {
		state = append(state, fmt.Sprintf("%s %s %s", c.Type, c.Status, c.Reason))
	}
	for name := range l.everything() {
		for _, part := range []string{"migrate-", "before-"} { // they carry a hash
			if i := strings.Index(name, part); i > 0 {
				name = name[:i+len(part)]
			}
		}
		state = append(state, name)
	}
	for _, b := range l.listBackups() {
		state = append(state, fmt.Sprintf("backup complete: %v", b.Status.CompletionTime != nil))
	}
	var services corev1.ServiceList
	if err := l.client.List(l.t.Context(), &services, client.InNamespace(l.namespace)); err != nil {
		l.t.Fatal(err)
	}
	for _, s := range services.Items {
		state = append(state, "Service "+s.Name)
	}
	slices.Sort(state)
	return state
}

// lead takes an instance through its life: it is made, backed up, upgraded with a dump, and deleted with its data. It
// gives what there was before the end.
func (l *lives) lead(suffix string, s3 *s3d.Server) []string {
	t := l.t
	instance := l.external(suffix)
	instance.Spec.Version, instance.Spec.DeletionPolicy = "1.0.0", v1alpha1.DeletionPolicyDelete
	instance.Spec.Backup = l.bucket(s3, identity(t))
	l.create(instance)
	wantReady(t, l.settled())
	l.create(&v1alpha1.FaspexBackup{ObjectMeta: metav1.ObjectMeta{Name: "one", Namespace: l.namespace},
		Spec: v1alpha1.FaspexBackupSpec{InstanceRef: v1alpha1.ObjectReference{Name: "demo"},
			DeletionPolicy: v1alpha1.DeletionPolicyDelete}})
	l.settled()
	l.patch("demo", instance, func() { instance.Spec.Version = "1.1.0" })
	i := l.settled()
	wantReady(t, i)
	if i.Status.Version != "1.1.0" {
		t.Errorf("version is %s", i.Status.Version)
	}
	for user, count := range map[string]string{"faspex_" + suffix: "1", "aspera_" + suffix: "1"} {
		if n := l.names("SELECT COUNT(*) FROM mysql.user WHERE User = '" + user + "'"); n[0] != count {
			t.Errorf("%s users %s", n[0], user)
		}
	}
	state := l.state()

	for _, b := range l.listBackups() {
		l.remove(b.Name, &b)
	}
	l.remove("demo", instance)
	if l.settled() != nil {
		t.Fatal("it is still there")
	}
	if left := s3.Objects(t, l.namespace+"/"); len(left) > 0 || len(l.listBackups()) > 0 {
		t.Errorf("files of backups are left: %v", left)
	}
	collectGarbage(l.bench)
	var list corev1.SecretList
	if err := l.client.List(t.Context(), &list, client.InNamespace(l.namespace)); err != nil {
		t.Fatal(err)
	}
	for _, secret := range list.Items {
		if secret.Labels[apply.ManagedByLabel] == apply.ManagedBy {
			t.Errorf("Secret %s is left", secret.Name)
		}
	}
	if n := l.names("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'faspex_" + suffix + "'"); len(n) > 0 {
		t.Error("the database is left")
	}
	return state
}

// TestInterrupted (operator-20, of FaspexInstance and FaspexBackup; package transfernode has the others, and
// TestInterruptedProvision of package mariadb the statements): an operator that is killed after each of its writes leads an instance
// through the same life as one that is not, and ends with the same objects, made once.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	s3 := s3d.Start(t)
	undisturbed := newLives(t, 1_000_000).lead("whole", s3)
	killed := newLives(t, 1)
	got := killed.lead("parts", s3)
	if killed.ends < 60 {
		t.Errorf("only %d lives were ended: nothing is proven", killed.ends)
	}
	t.Logf("%d lives", killed.ends)
	if diff := cmp.Diff(undisturbed, got); diff != "" {
		t.Errorf("-undisturbed +killed after each write:\n%s", diff)
	}
}
