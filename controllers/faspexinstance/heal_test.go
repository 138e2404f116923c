package faspexinstance

import (
	"bytes"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	desired "faspex.io/operator/controllers/desired/instance"
)

func TestLostPasswordsAreReplacedEverywhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("lost"))
	wantReady(t, b.settle())
	core, migration := &appsv1.Deployment{}, jobs(b)
	b.get("demo-core", core)
	hash := core.Spec.Template.Annotations["faspex.io/config-hash"]
	old := dataOf(b, "demo-db-user")["FASPEX_DB_PASSWORD"]

	b.remove("demo-db-user", &corev1.Secret{})
	wantReady(t, b.settle())
	fresh := dataOf(b, "demo-db-user")["FASPEX_DB_PASSWORD"]
	if bytes.Equal(old, fresh) || canLogIn(b, "faspex_lost", old) || !canLogIn(b, "faspex_lost", fresh) {
		t.Error("the new password is not the one that works")
	}
	b.get("demo-core", core)
	if core.Spec.Template.Annotations["faspex.io/config-hash"] == hash {
		t.Error("core was not restarted")
	}
	if got := jobs(b); strings.Join(got, " ") != strings.Join(migration, " ") {
		t.Errorf("a new password migrated again: %v, %v", migration, got)
	}

	b.patch("demo-db", &corev1.Secret{}, func() {})
	secret := &corev1.Secret{}
	b.patch("demo-db", secret, func() { delete(secret.Data, "FASPEX_DB_ASPERA_ADMIN_PASSWORD") })
	wantReady(t, b.settle())
	if !canLogIn(b, "aspera_lost", dataOf(b, "demo-db")["FASPEX_DB_ASPERA_ADMIN_PASSWORD"]) {
		t.Error("the new password of the admin user does not work")
	}
}

func TestChangesByHandAreUndone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("hand"))
	wantReady(t, b.settle())
	b.recorded()

	core := &appsv1.Deployment{}
	b.patch("demo-core", core, func() {
		core.Spec.Template.Spec.Containers[0].Image = "example.com/other"
	})
	config := &corev1.ConfigMap{}
	b.patch("demo-router", config, func() { config.Data["nginx.conf"] = "broken" })
	b.remove("demo-ui", &corev1.Service{})
	b.sql("ALTER USER faspex_hand@'%' IDENTIFIED BY 'other'", "GRANT DROP ON *.* TO faspex_hand@'%'")

	wantReady(t, b.settle())
	b.get("demo-core", core)
	if image := core.Spec.Template.Spec.Containers[0].Image; image != "ghcr.io/faspex-io/faspex:0.1.0" {
		t.Errorf("core runs %s", image)
	}
	b.get("demo-router", config)
	if config.Data["nginx.conf"] == "broken" {
		t.Error("nginx.conf is broken")
	}
	b.get("demo-ui", &corev1.Service{})
	if !canLogIn(b, "faspex_hand", dataOf(b, "demo-db-user")["FASPEX_DB_PASSWORD"]) {
		t.Error("the password is not repaired")
	}
	if events := b.recorded(); !strings.Contains(events,
		"DatabaseRepaired reset the password of user faspex_hand; set the rights of user faspex_hand") {
		t.Errorf("events:\n%s", events)
	}
}

func TestCertificateFollowsHostAndClock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("cert"))
	wantReady(t, b.settle())
	first := dataOf(b, "demo-tls")[certificate.CertKey]

	i := &v1alpha1.FaspexInstance{}
	b.patch("demo", i, func() { i.Spec.ExternalURL = "https://192.0.2.7:8443" })
	i = b.settle()
	wantReady(t, i)
	second := dataOf(b, "demo-tls")
	if bytes.Equal(first, second[certificate.CertKey]) {
		t.Error("the certificate is for the old host")
	}
	if err := certificate.Check(time.Now(), second, desired.CertificateSubject(i, true)); err != nil {
		t.Error(err)
	}

	router := &appsv1.Deployment{}
	b.get("demo-router", router)
	pods := router.Spec.Template.DeepCopy()
	served := func() []byte {
		t.Helper()
		wantReady(t, b.settle())
		data := dataOf(b, "demo-tls")
		if certificate.Check(b.r.now(), data, desired.CertificateSubject(i, true)) != nil {
			t.Error("the certificate cannot be served")
		}
		return data[certificate.CertKey]
	}
	years := func(n float64) {
		b.r.now = func() time.Time { return time.Now().Add(time.Duration(n * 365 * 24 * float64(time.Hour))) }
	}
	years(5)
	if !bytes.Equal(served(), second[certificate.CertKey]) {
		t.Error("the certificate is renewed in half of its life")
	}
	years(6.6)
	third := served()
	if bytes.Equal(third, second[certificate.CertKey]) {
		t.Error("the certificate was not renewed before two thirds of its life")
	}
	b.patch("demo", i, func() {
		i.Annotations = map[string]string{v1alpha1.RotateAtAnnotation: b.r.now().Add(time.Hour).Format(time.RFC3339)}
	})
	if !bytes.Equal(served(), third) {
		t.Error("the certificate is renewed before the time of the annotation")
	}
	years(7)
	if bytes.Equal(served(), third) {
		t.Error("the certificate is not renewed at the time of the annotation")
	}
	b.get("demo-router", router)
	if !equality.Semantic.DeepEqual(router.Spec.Template, *pods) {
		t.Error("a renewed certificate restarts the router")
	}
}

func TestNewVersionMigratesBeforeItRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("version"))
	wantReady(t, b.settle())
	before := jobs(b)

	b.kubelet.hold["jobs"] = true
	i := &v1alpha1.FaspexInstance{}
	b.patch("demo", i, func() { i.Spec.Version = "0.2.0" })
	i = b.settle()
	want(t, i, v1alpha1.ConditionSchemaMigrated, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "")
	core := &appsv1.Deployment{}
	b.get("demo-core", core)
	if image := core.Spec.Template.Spec.Containers[0].Image; image != "ghcr.io/faspex-io/faspex:0.1.0" ||
		i.Status.Version != "0.1.0" {
		t.Errorf("core runs %s, version %s before the migration is done", image, i.Status.Version)
	}
	b.kubelet.hold = nil
	i = b.settle()
	wantReady(t, i)
	b.get("demo-core", core)
	if image := core.Spec.Template.Spec.Containers[0].Image; image != "ghcr.io/faspex-io/faspex:0.2.0" ||
		i.Status.Version != "0.2.0" {
		t.Errorf("core runs %s, version %s", image, i.Status.Version)
	}
	if after := jobs(b); len(after) != 1 || after[0] == before[0] {
		t.Errorf("migrations %v, before %v", after, before)
	}
}

func TestFailedMigrationStalls(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("stall"))
	b.kubelet.failJobs = true
	i := b.settle()
	want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrationFailed,
		"Delete its Job to have it tried again")
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonMigrationFailed, "")
	b.kubelet.failJobs = false
	b.remove(jobs(b)[0], &batchv1.Job{})
	wantReady(t, b.settle())
}

func TestSuspended(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("suspend"))
	wantReady(t, b.settle())
	i, yes := &v1alpha1.FaspexInstance{}, true
	b.patch("demo", i, func() { i.Spec.Suspend = &yes })
	b.remove("demo-core", &appsv1.Deployment{})
	i = b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "spec.suspend")
	if err := b.client.Get(t.Context(), client.ObjectKey{Namespace: b.namespace, Name: "demo-core"},
		&appsv1.Deployment{}); err == nil {
		t.Error("a suspended instance was worked on")
	}
	b.patch("demo", i, func() { i.Spec.Suspend = nil })
	wantReady(t, b.settle())
}

func TestEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(&v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: b.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{
			ExternalURL: "https://faspex.example.com", Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}},
		},
	})
	b.kubelet.hold["demo-db"] = true
	i := b.settle()
	want(t, i, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing,
		"the pod of MariaDB is not ready")
	set := &appsv1.StatefulSet{}
	b.get("demo-db", set)
	hash := set.Spec.Template.Annotations["faspex.io/config-hash"]

	// The pod is ready now, but this test's cluster has no network to it.
	b.kubelet.hold = nil
	i = b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseUnreachable, "demo-db."+b.namespace+
		".svc:3306 does not answer")

	b.remove("demo-db", &corev1.Secret{})
	b.settle()
	b.get("demo-db", set)
	if set.Spec.Template.Annotations["faspex.io/config-hash"] == hash {
		t.Error("MariaDB was not restarted with its new root password")
	}
}

func jobs(b *bench) []string {
	b.t.Helper()
	var list batchv1.JobList
	if err := b.client.List(b.t.Context(), &list, client.InNamespace(b.namespace)); err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, j := range list.Items {
		if j.DeletionTimestamp.IsZero() {
			names = append(names, j.Name)
		}
	}
	return names
}
