package storagelocation

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"faspex.io/operator/api/v1alpha1"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
)

func location(name string) *v1alpha1.StorageLocation {
	return &v1alpha1.StorageLocation{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)},
		Spec: v1alpha1.StorageLocationSpec{
			TransferNodeRef: v1alpha1.ObjectReference{Name: "demo"}, Type: v1alpha1.StorageLocationLocal,
			Local: &v1alpha1.LocalStorage{Path: "/default/packages"},
		},
	}
}

func TestJudgeNode(t *testing.T) {
	node := func(nodeID string, conditions ...string) *v1alpha1.TransferNode {
		n := &v1alpha1.TransferNode{Spec: v1alpha1.TransferNodeSpec{Storage: []v1alpha1.StorageMount{{Name: "default"}}}}
		n.Status.NodeID = nodeID
		for _, c := range conditions {
			n.Status.Conditions = append(n.Status.Conditions, metav1.Condition{Type: c, Status: metav1.ConditionTrue})
		}
		return n
	}
	withoutLocal, otherStorage := location("packages"), location("packages")
	withoutLocal.Spec.Local = nil
	otherStorage.Spec.Local = &v1alpha1.LocalStorage{Path: "/fast"}
	ready := node("1", v1alpha1.ConditionNodeAPIReady, v1alpha1.ConditionRegistered)
	instance := &v1alpha1.FaspexInstance{}
	for _, test := range []struct {
		name     string
		location *v1alpha1.StorageLocation
		node     *v1alpha1.TransferNode
		instance *v1alpha1.FaspexInstance
		reason   string
		invalid  bool
	}{
		{"no node", location("packages"), nil, nil, v1alpha1.ReasonTransferNodeNotFound, false},
		{"no path", withoutLocal, ready, instance, v1alpha1.ReasonInvalidSpec, true},
		{"no such storage", otherStorage, ready, instance, v1alpha1.ReasonInvalidSpec, true},
		{"does not answer", location("packages"), node("1", v1alpha1.ConditionRegistered), instance,
			v1alpha1.ReasonTransferNodeNotReady, false},
		{"not registered", location("packages"), node("", v1alpha1.ConditionNodeAPIReady), instance,
			v1alpha1.ReasonTransferNodeNotReady, false},
		{"no instance", location("packages"), ready, nil, v1alpha1.ReasonInstanceNotFound, false},
		{"ready", location("packages"), ready, instance, v1alpha1.ReasonSucceeded, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := judgeNode(test.location, test.node, test.instance)
			if outcome.Reason != test.reason || outcome.IsInvalid() != test.invalid {
				t.Errorf("got %+v", outcome)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	yes, no := true, false
	same := func() *api.SharedFolder {
		return &api.SharedFolder{ID: "1", Name: "packages", Directory: "/default/packages", ReadPermission: "private"}
	}
	for _, test := range []struct {
		name   string
		spec   func(*v1alpha1.StorageLocationSpec)
		folder func(*api.SharedFolder)
		want   action
	}{
		{"same", nil, nil, nothing},
		{"name", nil, func(f *api.SharedFolder) { f.Name = "other" }, update},
		{"directory", nil, func(f *api.SharedFolder) { f.Directory = "/other" }, update},
		{"permission", nil, func(f *api.SharedFolder) { f.ReadPermission = "public" }, update},
		{"linking", nil, func(f *api.SharedFolder) { f.EnableLinking = true }, update},
		{"wants the inbox", func(s *v1alpha1.StorageLocationSpec) { s.DefaultInbox = &yes }, nil, update},
		{"has the inbox", func(s *v1alpha1.StorageLocationSpec) { s.DefaultInbox = &yes },
			func(f *api.SharedFolder) { f.DefaultInbox = true }, nothing},
		{"keeps an inbox it no longer asks for", func(s *v1alpha1.StorageLocationSpec) { s.DefaultInbox = &no },
			func(f *api.SharedFolder) { f.DefaultInbox = true }, nothing},
		{"what users set stays", nil, func(f *api.SharedFolder) { f.RelayIncomingBandwidth = 1 }, nothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, found := location("packages"), same()
			if test.spec != nil {
				test.spec(&l.Spec)
			}
			if test.folder != nil {
				test.folder(found)
			}
			if _, got := diff(l, found); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
	if _, got := diff(location("packages"), nil); got != create {
		t.Errorf("nothing is there: got %d", got)
	}
}

func TestOlderInbox(t *testing.T) {
	yes := true
	inbox := func(name string, age time.Duration) v1alpha1.StorageLocation {
		l := location(name)
		l.Spec.DefaultInbox = &yes
		l.CreationTimestamp = metav1.Time{Time: time.Unix(10000, 0).Add(-age)}
		return *l
	}
	mine := inbox("m", time.Minute)
	deleting := inbox("d", time.Hour)
	deleting.DeletionTimestamp = &metav1.Time{Time: time.Unix(10000, 0)}
	for _, test := range []struct {
		name     string
		location v1alpha1.StorageLocation
		siblings []v1alpha1.StorageLocation
		want     string
	}{
		{"alone", mine, []v1alpha1.StorageLocation{mine}, ""},
		{"older sibling", mine, []v1alpha1.StorageLocation{mine, inbox("z", time.Hour)}, "z"},
		{"younger sibling", mine, []v1alpha1.StorageLocation{inbox("a", time.Second), mine}, ""},
		{"same age, name decides", mine, []v1alpha1.StorageLocation{inbox("a", time.Minute)}, "a"},
		{"same age, mine first", mine, []v1alpha1.StorageLocation{inbox("z", time.Minute)}, ""},
		{"older but going", mine, []v1alpha1.StorageLocation{deleting}, ""},
		{"older but no inbox", mine, []v1alpha1.StorageLocation{*location("x")}, ""},
		{"does not ask", *location("x"), []v1alpha1.StorageLocation{inbox("z", time.Hour)}, ""},
	} {
		if got := olderInbox(&test.location, test.siblings); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestFindFolder(t *testing.T) {
	folders := []api.SharedFolder{{ID: "1", Name: "packages"}, {ID: "2", Name: "renamed"}}
	for _, test := range []struct{ name, id, folder, want string }{
		{"by name", "", "packages", "1"},
		{"by id", "2", "packages", "2"},
		{"id is gone", "9", "packages", "1"},
		{"neither", "9", "other", ""},
	} {
		got := ""
		if found := findFolder(folders, test.id, test.folder); found != nil {
			got = found.ID
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestKnownID(t *testing.T) {
	status := &v1alpha1.StorageLocationStatus{NodeID: "1", ShareID: "7"}
	if got := knownID(status, "1"); got != "7" {
		t.Errorf("got %q", got)
	}
	if got := knownID(status, "2"); got != "" {
		t.Errorf("of another node: got %q", got)
	}
}

func TestSetSpaceInSteps(t *testing.T) {
	for _, test := range []struct{ total, free, want int64 }{
		{1000, 999, 990},
		{1000, 10, 10},
		{1000, 9, 0},
		{50, 49, 49},
		{0, 0, 0},
	} {
		var status v1alpha1.StorageLocationStatus
		setSpace(&status, nodeclient.Space{BytesTotal: test.total, BytesFree: test.free})
		if *status.FreeBytes != test.want || *status.TotalBytes != test.total {
			t.Errorf("%d of %d: got %d of %d", test.free, test.total, *status.FreeBytes, *status.TotalBytes)
		}
	}
}
