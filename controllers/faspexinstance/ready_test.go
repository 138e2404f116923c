package faspexinstance

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/mariadbd"
)

func TestBecomesReadyInOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("order"))
	b.kubelet.hold["jobs"] = true
	i := b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing,
		"SchemaMigrated: the migration runs")
	want(t, i, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing, "")
	want(t, i, v1alpha1.ConditionSecretsReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	want(t, i, v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	want(t, i, v1alpha1.ConditionDatabaseProvisioned, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	want(t, i, v1alpha1.ConditionCoreReady, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "waits for SchemaMigrated")

	b.kubelet.hold = map[string]bool{"demo-core": true}
	i = b.settle()
	want(t, i, v1alpha1.ConditionSchemaMigrated, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "")
	want(t, i, v1alpha1.ConditionCoreReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "0 of 1 pods")
	want(t, i, v1alpha1.ConditionUIReady, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "waits for CoreReady")
	want(t, i, v1alpha1.ConditionRouterReady, metav1.ConditionUnknown, v1alpha1.ReasonBlocked,
		"waits for UIReady, ServiceReady, UtilityReady")

	b.kubelet.hold = nil
	i = b.settle()
	wantReady(t, i)
	if got, want := *i.Status.Endpoints, (v1alpha1.InstanceEndpoints{
		Web: "https://faspex.example.com/aspera/faspex/", API: "https://faspex.example.com/aspera/faspex/api/v5",
		Internal: "https://demo-router." + b.namespace + ".svc",
	}); got != want {
		t.Errorf("endpoints %+v, want %+v", got, want)
	}
	if i.Status.Version != "0.1.0" || i.Status.AdminSecretName != "demo-admin" {
		t.Errorf("version %q, admin %q", i.Status.Version, i.Status.AdminSecretName)
	}
	if events := b.recorded(); !strings.HasSuffix(events, "Normal Succeeded everything is as the spec asks") {
		t.Errorf("events:\n%s", events)
	}
}

// TestWhatRunsKeepsItsOwnTruth: pods that run are reported as running when something that they were made after is away,
// and nothing of them is written meanwhile.
func TestWhatRunsKeepsItsOwnTruth(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("truth"))
	wantReady(t, b.settle())
	b.kubelet.hold = map[string]bool{"demo-core": true, "demo-ui": true}
	b.kubelet.work()
	i := b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "CoreReady: 0 of 1 pods")
	want(t, i, v1alpha1.ConditionUIReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "0 of 1 pods")
	want(t, i, v1alpha1.ConditionServiceReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")
	want(t, i, v1alpha1.ConditionRouterReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")

	b.remove("root", &corev1.Secret{}) // everything waits for it, and everything runs
	b.kubelet.hold = nil
	b.kubelet.work()
	before := b.r.applier.Requests()
	i = b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, "")
	want(t, i, v1alpha1.ConditionCoreReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")
	want(t, i, v1alpha1.ConditionUIReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "1 of 1 pods")
	if n := b.r.applier.Requests() - before; n != 1 {
		t.Errorf("%d writes, want one of the status", n)
	}

	// A spec that was not rolled out yet is nobody's truth.
	b.patch("demo", i, func() { i.Spec.Version = "0.2.0" })
	want(t, b.settle(), v1alpha1.ConditionUIReady, metav1.ConditionUnknown, v1alpha1.ReasonBlocked, "waits for CoreReady")
}

func TestSecondReconcileWritesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("still"))
	wantReady(t, b.settle())
	before := b.r.applier.Requests()
	for range 3 {
		result, err := b.reconcile()
		if err != nil {
			t.Fatal(err)
		}
		if result.RequeueAfter != provisionRecheck {
			t.Errorf("requeue after %v, want %v", result.RequeueAfter, provisionRecheck)
		}
	}
	if n := b.r.applier.Requests() - before; n != 0 {
		t.Errorf("%d writes", n)
	}
	if events := b.recorded(); strings.Contains(events, "DatabaseRepaired") {
		t.Errorf("events:\n%s", events)
	}
}

func TestSecretsObeyTheGuide(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("limits"))
	wantReady(t, b.settle())
	documented := regexp.MustCompile(`^[A-Za-z0-9][^$]{15,79}$`)
	seen := map[string]string{}
	for secret, keys := range map[string][]string{
		"demo-db":      {"FASPEX_DB_ASPERA_ADMIN_PASSWORD"},
		"demo-db-user": {"FASPEX_DB_PASSWORD"},
		"demo-core":    {"FASPEX_CORE_SECRET", "FASPEX_CORE_OLD_SECRET"},
		"demo-utility": {"FASPEX_UTILITY_PASSWORD"},
		"demo-admin":   {"password"},
	} {
		data := dataOf(b, secret)
		for _, key := range keys {
			value := string(data[key])
			if strings.HasPrefix(key, "FASPEX_CORE") {
				value = "k" + value // any text will do for a key
			}
			if !documented.MatchString(value) {
				t.Errorf("%s of %s breaks the limits: %d characters", key, secret, len(value))
			}
			if other, ok := seen[value]; ok {
				t.Errorf("%s of %s is also %s", key, secret, other)
			}
			seen[value] = key
		}
	}
	for _, user := range []string{"aspera_limits", "faspex_limits"} {
		secret, key := "demo-db", "FASPEX_DB_ASPERA_ADMIN_PASSWORD"
		if user == "faspex_limits" {
			secret, key = "demo-db-user", "FASPEX_DB_PASSWORD"
		}
		if !canLogIn(b, user, dataOf(b, secret)[key]) {
			t.Errorf("%s cannot log in", user)
		}
	}
	text := everythingPublic(b)
	for value := range seen {
		if strings.Contains(text, strings.TrimPrefix(value, "k")) || strings.Contains(text, mariadbd.RootPassword) {
			t.Error("a password is in a status, an event or an object that is no Secret")
		}
	}
}

// everythingPublic is the text of the instance, its events and its objects other than Secrets.
func everythingPublic(b *bench) string {
	b.t.Helper()
	var all strings.Builder
	write := func(objects ...client.Object) {
		for _, o := range objects {
			raw, err := json.Marshal(o)
			if err != nil {
				b.t.Fatal(err)
			}
			all.Write(raw)
		}
	}
	var deployments appsv1.DeploymentList
	var jobs batchv1.JobList
	var configMaps corev1.ConfigMapList
	for _, list := range []client.ObjectList{&deployments, &jobs, &configMaps} {
		if err := b.client.List(b.t.Context(), list, client.InNamespace(b.namespace)); err != nil {
			b.t.Fatal(err)
		}
	}
	write(b.instance())
	for i := range deployments.Items {
		write(&deployments.Items[i])
	}
	for i := range jobs.Items {
		write(&jobs.Items[i])
	}
	for i := range configMaps.Items {
		write(&configMaps.Items[i])
	}
	return all.String() + b.recorded()
}
