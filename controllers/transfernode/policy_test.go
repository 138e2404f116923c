package transfernode

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/faspexapi"
	"faspex.io/operator/controllers/nodeapi"
	"faspex.io/operator/controllers/phase"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/faspex/api"
)

func TestJudgeInstance(t *testing.T) {
	withReady := func(status metav1.ConditionStatus, generation int64, parts ...string) *v1alpha1.FaspexInstance {
		instance := &v1alpha1.FaspexInstance{
			ObjectMeta: metav1.ObjectMeta{Name: "demo", Generation: 2},
			Status: v1alpha1.FaspexInstanceStatus{Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: status, ObservedGeneration: generation},
			}},
		}
		for _, part := range parts {
			instance.Status.Conditions = append(instance.Status.Conditions,
				metav1.Condition{Type: part, Status: metav1.ConditionTrue, ObservedGeneration: 1})
		}
		return instance
	}
	for _, test := range []struct {
		name     string
		instance *v1alpha1.FaspexInstance
		reason   string
		done     bool
	}{
		{"none", nil, v1alpha1.ReasonInstanceNotFound, false},
		{"no status", &v1alpha1.FaspexInstance{}, v1alpha1.ReasonInstanceNotReady, false},
		{"not ready", withReady(metav1.ConditionFalse, 2), v1alpha1.ReasonInstanceNotReady, false},
		{"ready before", withReady(metav1.ConditionTrue, 1), v1alpha1.ReasonInstanceNotReady, false},
		{"ready", withReady(metav1.ConditionTrue, 2), v1alpha1.ReasonSucceeded, true},
		{"suspended", withReady(metav1.ConditionFalse, 2, v1alpha1.ConditionCoreReady, v1alpha1.ConditionRouterReady),
			v1alpha1.ReasonSucceeded, true},
		{"no router", withReady(metav1.ConditionFalse, 2, v1alpha1.ConditionCoreReady), v1alpha1.ReasonInstanceNotReady, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := judgeInstance(&v1alpha1.TransferNode{}, test.instance)
			if outcome.Reason != test.reason || outcome.IsDone() != test.done || outcome.IsInvalid() {
				t.Errorf("got %+v", outcome)
			}
		})
	}
}

func TestJudgeDaemonSet(t *testing.T) {
	status := func(observed int64, desired, updated, ready int32) *appsv1.DaemonSet {
		return &appsv1.DaemonSet{
			ObjectMeta: metav1.ObjectMeta{Generation: 3},
			Status: appsv1.DaemonSetStatus{
				ObservedGeneration: observed, DesiredNumberScheduled: desired, UpdatedNumberScheduled: updated, NumberReady: ready,
			},
		}
	}
	stuck := []corev1.Pod{podOn("n2",
		corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}})}
	for _, test := range []struct {
		name            string
		daemonSet       *appsv1.DaemonSet
		pods            []corev1.Pod
		reason, message string
		done            bool
	}{
		{"not in the cache", &appsv1.DaemonSet{}, nil, v1alpha1.ReasonProgressing,
			"the DaemonSet controller has not seen the current template yet", false},
		{"older", status(2, 2, 2, 2), nil, v1alpha1.ReasonProgressing,
			"the DaemonSet controller has not seen the current template yet", false},
		{"no machine", status(3, 0, 0, 0), nil, v1alpha1.ReasonNoNodes, "spec.nodeSelector: no machine is selected", false},
		{"rolling", status(3, 2, 1, 2), nil, v1alpha1.ReasonProgressing, "1 of 2 pods run the current template", false},
		{"starting", status(3, 2, 2, 1), nil, v1alpha1.ReasonProgressing, "1 of 2 pods are ready", false},
		{"stuck", status(3, 2, 2, 1), stuck, v1alpha1.ReasonProgressing, "1 of 2 pods are ready (n2: ImagePullBackOff)",
			false},
		{"up", status(3, 2, 2, 2), nil, v1alpha1.ReasonSucceeded, "2 of 2 pods are ready", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := judgeDaemonSet(test.daemonSet, test.pods)
			if outcome.Reason != test.reason || outcome.Message != test.message || outcome.IsDone() != test.done ||
				outcome.IsInvalid() {
				t.Errorf("got %+v", outcome)
			}
		})
	}
}

func podOn(machine string, state corev1.ContainerState) corev1.Pod {
	return corev1.Pod{
		Spec:   corev1.PodSpec{NodeName: machine, Containers: []corev1.Container{{Name: "hsts", Image: "hsts:1"}}},
		Status: corev1.PodStatus{HostIP: "10.0.0.1", ContainerStatuses: []corev1.ContainerStatus{{State: state}}},
	}
}

func TestMachines(t *testing.T) {
	ready := podOn("n2", corev1.ContainerState{})
	ready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	going := podOn("n1", corev1.ContainerState{})
	going.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	going.Spec.Containers[0].Image = "hsts:0"
	coming := podOn("n1", corev1.ContainerState{})
	yes, no := true, false
	want := []v1alpha1.TransferNodeMachine{
		{Name: "n1", Address: "10.0.0.1", Ready: &no, Image: "hsts:1"},
		{Name: "n2", Address: "10.0.0.1", Ready: &yes, Image: "hsts:1"},
	}
	for _, pods := range [][]corev1.Pod{{ready, going, coming, {}}, {coming, {}, going, ready}} {
		if diff := cmp.Diff(want, machines(pods, "")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got := machines([]corev1.Pod{ready}, "transfer.example.com"); got[0].Address != "transfer.example.com" {
		t.Errorf("address is %q", got[0].Address)
	}
}

func TestTrouble(t *testing.T) {
	waiting := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	unschedulable := corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable"},
	}}}
	taken := *unschedulable.DeepCopy()
	taken.Status.Conditions[0].Message = "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
	taken.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn,
				Values: []string{"n2"}}},
		}}},
	}}
	if got, want := troubles([]corev1.Pod{taken}), " (n2: another pod uses one of the ports of spec.ports)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	refused := corev1.Pod{Spec: corev1.PodSpec{NodeName: "n1"},
		Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{{
			Name: "prepare", State: waiting("CrashLoopBackOff"),
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: "operator: it holds files\n"}},
		}}}}
	other := *refused.DeepCopy()
	other.Status.InitContainerStatuses[0].Name = "sidecar"
	for _, test := range []struct {
		name string
		pod  corev1.Pod
		want string
	}{
		{"folder refused", refused, "CrashLoopBackOff: operator: it holds files"},
		{"last words of another", other, "CrashLoopBackOff"},
		{"running", podOn("n1", corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}), ""},
		{"starting", podOn("n1", waiting("ContainerCreating")), ""},
		{"crashing", podOn("n1", waiting("CrashLoopBackOff")), "CrashLoopBackOff"},
		{"no room", unschedulable, "Unschedulable"},
		{"port taken", taken, "another pod uses one of the ports of spec.ports"},
	} {
		if got := troubleOf(test.pod); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestFindNode(t *testing.T) {
	nodes := []api.Node{{ID: "1", Name: "demo"}, {ID: "2", Name: "renamed"}}
	for _, test := range []struct{ name, id, node, want string }{
		{"by name", "", "demo", "1"},
		{"by id, whatever the name", "2", "demo", "2"},
		{"id is gone", "9", "demo", "1"},
		{"neither", "9", "other", ""},
		{"no id is no match", "", "other", ""},
	} {
		got := ""
		if found := findNode(nodes, test.id, test.node); found != nil {
			got = found.ID
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestRegistrationDiff(t *testing.T) {
	want := registration{name: "demo", host: "demo-hsts.files.svc", username: "faspex", password: "p",
		authorities: "PEM\n"}
	pem := "PEM"
	same := func() *api.Node {
		return &api.Node{
			ID: "1", Name: "demo", Host: "demo-hsts.files.svc", APIPort: 9092, APIUsername: "faspex",
			UseSSL: true, VerifySSL: true, NodeType: "gen4_cluster", PublicKey: &pem,
		}
	}
	for _, test := range []struct {
		name string
		edit func(*api.Node)
		want bool
	}{
		{"same", func(*api.Node) {}, false},
		{"name", func(n *api.Node) { n.Name = "other" }, true},
		{"host", func(n *api.Node) { n.Host = "other" }, true},
		{"port", func(n *api.Node) { n.APIPort = 443 }, true},
		{"user", func(n *api.Node) { n.APIUsername = "other" }, true},
		{"plain", func(n *api.Node) { n.UseSSL = false }, true},
		{"unverified", func(n *api.Node) { n.VerifySSL = false }, true},
		{"type", func(n *api.Node) { n.NodeType = "gen4_node" }, true},
		{"no authority", func(n *api.Node) { n.PublicKey = nil }, true},
		{"what users set stays", func(n *api.Node) { n.PrimaryTransferAddress = "a.example.com"; n.ConnectionTimeout = 5 },
			false},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := same()
			test.edit(found)
			change, differs := want.diff(found)
			if differs != test.want {
				t.Errorf("differs is %t, want %t", differs, test.want)
			}
			if *change.APIPassword != "p" || change.PrimaryTransferAddress != nil {
				t.Errorf("change is %+v", change)
			}
		})
	}
	if _, differs := want.diff(nil); !differs {
		t.Error("nothing differs from nothing")
	}
}

func TestStopping(t *testing.T) {
	now := time.Unix(1000, 0)
	deleted := func(at time.Time) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{Time: at}}}
	}
	for _, test := range []struct {
		name string
		pods []corev1.Pod
		want bool
	}{
		{"none", nil, false},
		{"not told yet", []corev1.Pod{{}}, true},
		{"within its grace period", []corev1.Pod{deleted(now.Add(time.Minute))}, true},
		{"a little late", []corev1.Pod{deleted(now.Add(-10 * time.Second))}, true},
		{"on a machine that is gone", []corev1.Pod{deleted(now.Add(-time.Minute))}, false},
	} {
		if got := stopping(now, test.pods); got != test.want {
			t.Errorf("%s: got %t, want %t", test.name, got, test.want)
		}
	}
}

func TestDatabaseName(t *testing.T) {
	node := func(namespace, name string) *v1alpha1.TransferNode {
		return &v1alpha1.TransferNode{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	}
	seen := map[string]bool{}
	for _, n := range []*v1alpha1.TransferNode{
		node("a", "b-c"), node("a-b", "c"), node("b", "b-c"), node("a", "abcdefghijabcdefghijabcdefghijabcdefghij"),
	} {
		name := databaseName(n)
		if seen[name] {
			t.Errorf("%s is the name of two databases", name)
		}
		seen[name] = true
		if len(name) > 64 {
			t.Errorf("%s has %d characters", name, len(name))
		}
	}
	if got, want := databaseName(node("files", "demo-eu")), "hsts_demo_eu_3b2b1a1e"; len(got) != len(want) ||
		got[:13] != want[:13] {
		t.Errorf("got %s", got)
	}
}

// TestNothingWaitsForAWatchThatIsNotThere: what no watch tells of is looked at again in time.
func TestNothingWaitsForAWatchThatIsNotThere(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome phase.Outcome
	}{
		{"credentials of the instance", noServer(secrets.ErrNotFound)},
		{"credentials of the node", nodeapi.Failed("connect", nodeapi.ErrNotConfigured)},
		{"API client of the operator", faspexapi.Failed("connect", faspexapi.ErrNotConfigured)},
	} {
		result, err := phase.Results{{Condition: "Ready", Outcome: test.outcome}}.Requeue()
		if err != nil || result.RequeueAfter == 0 || result.RequeueAfter > resync {
			t.Errorf("%s: looked at again after %v (%v)", test.name, result.RequeueAfter, err)
		}
	}
}
