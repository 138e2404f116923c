package faspexinstance

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
)

// TestPodsThatDoNotStartAreNamed (operator-61): the condition of the part tells what the kubelet and the scheduler say.
// That it does within a minute follows from trouble.Recheck, which the reconciliation asks for.
func TestPodsThatDoNotStartAreNamed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("trouble"))
	wantReady(t, b.settle())
	b.kubelet.hold["demo-core"] = true
	labels := desired.SelectorLabels(b.instance(), desired.ComponentCore)
	waiting := func(reason, message string) corev1.PodStatus {
		return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{
			Name: "core", Image: "example.com/core:9", State: corev1.ContainerState{
				Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}}
	}
	for name, test := range map[string]struct {
		status corev1.PodStatus
		event  string
		want   string
	}{
		"image": {status: waiting("ErrImagePull", ""), want: "the image example.com/core:9 cannot be pulled"},
		"crash": {status: waiting("CrashLoopBackOff", ""), want: "container core crashes again and again"},
		"machine": {status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable",
			Message: "0/2 nodes are available: 2 Insufficient memory."}}}, want: "2 Insufficient memory"},
		"volume": {status: waiting("ContainerCreating", ""), event: `MountVolume.SetUp failed for volume "tls"`,
			want: `MountVolume.SetUp failed for volume "tls"`},
	} {
		t.Run(name, func(t *testing.T) {
			pod := b.podOf("core-1", labels, test.status)
			if test.event != "" {
				b.create(&corev1.Event{
					ObjectMeta:     metav1.ObjectMeta{Name: "core-1.1", Namespace: b.namespace},
					InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: b.namespace, Name: pod.Name, UID: pod.UID},
					Type:           corev1.EventTypeWarning, Reason: "FailedMount", Message: test.event, LastTimestamp: metav1.Now(),
				})
			}
			want(t, b.settle(), v1alpha1.ConditionCoreReady, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed, test.want)
			if result, err := b.reconcile(); err != nil || result.RequeueAfter == 0 || result.RequeueAfter > provisionRecheck {
				t.Errorf("looked at again after %v, %v", result.RequeueAfter, err)
			}
			b.remove(pod.Name, pod)
			b.await("the pod is gone", func() bool { return !b.find(pod.Name, pod) })
		})
	}
	b.kubelet.hold = nil
	wantReady(t, b.settle())
}

// TestRefusedPodsAreNamed (operator-70): real controllers try to make the pods under a quota that permits none, and the
// conditions tell what the API server said.
func TestRefusedPodsAreNamed(t *testing.T) {
	b := newBench(t)
	b.create(b.external("quota"))
	wantReady(t, b.settle())
	embedded := newBench(t)
	embedded.create(&v1alpha1.FaspexInstance{
		ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: embedded.namespace},
		Spec: v1alpha1.FaspexInstanceSpec{ExternalURL: "https://faspex.example.com",
			Database: v1alpha1.DatabaseSpec{Embedded: &v1alpha1.EmbeddedDatabase{}}},
	})
	for _, bench := range []*bench{b, embedded} {
		bench.create(&corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Name: "no-pods", Namespace: bench.namespace},
			Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
		})
	}
	kubeapi.Controllers(t, "resourcequota-controller", "deployment-controller", "replicaset-controller",
		"statefulset-controller")
	for _, bench := range []*bench{b, embedded} {
		bench.await("the quota holds", func() bool {
			quota := &corev1.ResourceQuota{}
			return bench.find("no-pods", quota) && len(quota.Status.Hard) > 0
		})
	}
	told := func(bench *bench, condition string) func() bool {
		return func() bool {
			if _, err := bench.reconcile(); err != nil {
				t.Fatal(err)
			}
			c := meta.FindStatusCondition(bench.instance().Status.Conditions, condition)
			return c != nil && c.Reason == v1alpha1.ReasonWorkloadFailed
		}
	}
	embedded.await("the database's condition tells", told(embedded, v1alpha1.ConditionDatabaseReady))
	want(t, embedded.instance(), v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed,
		"forbidden: exceeded quota: no-pods, requested: pods=1")
	b.remove("demo-core", &appsv1.Deployment{})
	b.await("core's condition tells", told(b, v1alpha1.ConditionCoreReady))
	want(t, b.instance(), v1alpha1.ConditionCoreReady, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed,
		"forbidden: exceeded quota: no-pods, requested: pods=1")
}

// TestServiceMadeAnewIsReached (operator-65): the router, which asks for addresses at its start, is rolled out when a
// Service has another one, and Ready tells of it until then.
func TestServiceMadeAnewIsReached(t *testing.T) {
	b := newBench(t)
	b.create(b.external("service"))
	wantReady(t, b.settle())
	hash := func(name string) string {
		d := &appsv1.Deployment{}
		b.get(name, d)
		return d.Spec.Template.Annotations["faspex.io/config-hash"]
	}
	router, core := hash("demo-router"), hash("demo-core")
	service := &corev1.Service{}
	b.get("demo-core", service)
	b.remove("demo-core", &corev1.Service{})
	// The former address is taken, so that the Service made anew has another.
	b.create(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: b.namespace},
		Spec: corev1.ServiceSpec{ClusterIP: service.Spec.ClusterIP, Ports: []corev1.ServicePort{{Port: 1}}}})
	b.kubelet.hold["demo-router"] = true
	i := b.settle()
	want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "RouterReady")
	if hash("demo-router") == router {
		t.Error("the router is not rolled out")
	}
	if hash("demo-core") != core {
		t.Error("core was restarted for its own address")
	}
	b.kubelet.hold = nil
	wantReady(t, b.settle())
}

// TestAutoscalerOwnsReplicas (operator-72): what the spec does not say is an autoscaler's.
func TestAutoscalerOwnsReplicas(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("scale"))
	wantReady(t, b.settle())
	core := &appsv1.Deployment{}
	b.get("demo-core", core)
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}
	if err := b.client.SubResource("scale").Update(t.Context(), core, client.WithSubResourceBody(scale)); err != nil {
		t.Fatal(err)
	}
	i := b.settle()
	wantReady(t, i)
	want(t, i, v1alpha1.ConditionCoreReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, "5 of 5")
	if b.get("demo-core", core); *core.Spec.Replicas != 5 {
		t.Errorf("%d replicas", *core.Spec.Replicas)
	}
	if b.find("demo-core", &policyv1.PodDisruptionBudget{}) {
		t.Error("a component whose replicas are an autoscaler's has a disruption budget")
	}

	// operator-14, as far as an API server shows it.
	two := int32(2)
	b.patch("demo", i, func() { i.Spec.Core = &v1alpha1.CoreSpec{ComponentSpec: v1alpha1.ComponentSpec{Replicas: &two}} })
	wantReady(t, b.settle())
	if b.get("demo-core", core); *core.Spec.Replicas != 2 || core.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 ||
		len(core.Spec.Template.Spec.TopologySpreadConstraints) != 2 {
		t.Errorf("core: %d replicas, %v, %v", *core.Spec.Replicas, core.Spec.Strategy,
			core.Spec.Template.Spec.TopologySpreadConstraints)
	}
	budget := &policyv1.PodDisruptionBudget{}
	if b.get("demo-core", budget); budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("budget: %v", budget.Spec)
	}
	b.patch("demo", i, func() { i.Spec.Core = nil })
	wantReady(t, b.settle())
	if b.find("demo-core", &policyv1.PodDisruptionBudget{}) {
		t.Error("a component of one pod has a disruption budget")
	}
}

// TestServerThatRefusesTheOperatorsHost (operator-71): the server answers, and says no.
func TestServerThatRefusesTheOperatorsHost(t *testing.T) {
	b := newBench(t)
	b.create(b.external("refuse"))
	db := mariadbd.Open(t, mariadbd.Start(t).RootConfig())
	conn, err := db.Conn(t.Context()) // goes on when its user is gone
	if err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) {
		for _, statement := range []string{
			"UPDATE mysql.global_priv SET Host = '" + to + "' WHERE Host = '" + from + "'", "FLUSH PRIVILEGES",
		} {
			if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	move("%", "192.0.2.77")
	t.Cleanup(func() { _ = conn.Close() }) // the server ends with the process
	refused := b.settle()
	move("192.0.2.77", "%")
	want(t, refused, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseAccessDenied,
		"refuses connections from the operator's address")
	wantReady(t, b.settle())
}
