package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/test/kubeapi"
	"faspex.io/operator/test/mariadbd"
)

// replaced is how soon a leader that is lost has a successor.
const replaced = 30 * time.Second

// TestLeaders (operator-19): of two operators one acts. When it is killed in the middle of its work the other takes over
// and ends that work, with the accounts and databases that were begun (TestInterrupted of the controllers has keys and
// nodes). One that was only held up acts no more when it comes back: it ends.
func TestLeaders(t *testing.T) {
	t.Parallel()
	admin := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, admin)
	kubeconfig := kubeapi.Kubeconfig(t, "operator", "system:masters")
	start := func() *operator {
		return startOperator(t, kubeconfig, "--watch-namespaces="+namespace, "--leader-elect",
			"--leader-election-namespace="+namespace)
	}
	acts := func(o *operator) bool { return strings.Contains(o.said(), "Starting workers") }
	lease := &coordinationv1.Lease{}
	read := func() bool {
		return admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "faspex-operator"}, lease) == nil
	}
	first := start()
	eventually(t, "the first acts", func() bool { return acts(first) && read() })
	second := start()
	eventually(t, "the second stands by", func() bool {
		return strings.Contains(second.said(), "attempting to acquire leader lease") ||
			strings.Contains(second.said(), "Attempting to acquire leader lease")
	})

	makeAll(t, admin, namespace, "faspex_leaders")
	eventually(t, "the first has begun", func() bool { return secretsOf(t, admin, namespace)["demo-db-user"] != nil })
	if acts(second) {
		t.Fatal("two operators act")
	}
	begun := secretsOf(t, admin, namespace)
	first.kill()
	read()
	former, last := *lease.Spec.HolderIdentity, lease.Spec.RenewTime.Time
	eventually(t, "the second takes over", func() bool {
		return read() && *lease.Spec.HolderIdentity != former && acts(second)
	})
	if took := lease.Spec.AcquireTime.Sub(last); took > replaced {
		t.Errorf("it took %s to replace the leader", took)
	}
	awaitReady(t, admin, namespace)
	for name, data := range begun {
		if after := secretsOf(t, admin, namespace)[name]; len(data) > 0 && string(data["FASPEX_DB_PASSWORD"]) !=
			string(after["FASPEX_DB_PASSWORD"]) {
			t.Errorf("Secret %s was made twice", name)
		}
	}
	for query, want := range map[string]int{
		"SELECT COUNT(*) FROM mysql.user WHERE User IN ('faspex_leaders', 'aspera_leaders')":          2,
		"SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'faspex\\_leaders%'": 1,
	} {
		var n int
		if err := mariadbd.Open(t, mariadbd.Start(t).RootConfig()).QueryRowContext(t.Context(), query).Scan(&n); err != nil ||
			n != want {
			t.Errorf("%s: %d, %v", query, n, err)
		}
	}

	third := start()
	if err := second.command.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the third takes over", func() bool { return acts(third) })
	if err := second.command.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-second.ended:
		second.killed = true
		if err == nil || !strings.Contains(second.said(), "leader election lost") {
			t.Errorf("the leader that was held up ended with %v", err)
		}
	case <-time.After(replaced):
		t.Error("a leader that was held up acts beside its successor")
	}
}
