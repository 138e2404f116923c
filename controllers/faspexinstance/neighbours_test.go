package faspexinstance

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
)

// TestInstanceTakesNoDatabaseOfANeighbour: instances of other namespaces on the same server, of which the names begin
// alike, are refused before anything is made on the server.
func TestInstanceTakesNoDatabaseOfANeighbour(t *testing.T) {
	t.Parallel()
	first := newBench(t)
	first.create(first.external("near"))
	wantReady(t, first.settle())
	for name, refused := range map[string]bool{"near": true, "near_b": true, "nea": true, "neat": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.create(b.external(name))
			i := b.settle()
			if !refused {
				wantReady(t, i)
				return
			}
			want(t, i, v1alpha1.ConditionDatabaseProvisioned, metav1.ConditionFalse, v1alpha1.ReasonConflict,
				"spec.database.external.database: ")
			want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonConflict,
				"make the instance with another name")
			if result, err := b.reconcile(); err != nil || result.RequeueAfter <= 0 {
				t.Errorf("nothing looks at it again: %v, %v", result, err)
			}
			if name != "near" && canLogIn(b, "faspex_"+name, dataOf(b, "demo-db-user")[desired.KeyPassword]) {
				t.Error("its user was made")
			}
			if !canLogIn(first, "faspex_near", dataOf(first, "demo-db-user")[desired.KeyPassword]) {
				t.Error("the first instance's user is not what it was")
			}
		})
	}
	wantReady(t, first.settle())
}

func TestPrecedes(t *testing.T) {
	instance := func(namespace string, second int64, database metav1.ConditionStatus,
		version string) *v1alpha1.FaspexInstance {
		return &v1alpha1.FaspexInstance{
			ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: namespace, CreationTimestamp: metav1.Unix(second, 0)},
			Status: v1alpha1.FaspexInstanceStatus{Version: version, Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionDatabaseProvisioned, Status: database},
			}},
		}
	}
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	for _, test := range []struct {
		name string
		a, b *v1alpha1.FaspexInstance
		want bool
	}{
		{"neither has a database", instance("a", 1, no, ""), instance("b", 2, no, ""), false},
		{"older without a database", instance("a", 1, no, ""), instance("b", 2, yes, ""), false},
		{"younger with a database", instance("b", 2, yes, ""), instance("a", 1, no, ""), true},
		{"migrated, and the database is away", instance("b", 2, no, "1"), instance("a", 1, no, ""), true},
		{"older", instance("b", 1, yes, ""), instance("a", 2, yes, ""), true},
		{"younger", instance("a", 2, yes, ""), instance("b", 1, yes, ""), false},
		{"the same second", instance("a", 1, yes, ""), instance("b", 1, yes, ""), true},
		{"the same second, the other way round", instance("b", 1, yes, ""), instance("a", 1, yes, ""), false},
	} {
		if got := precedes(test.a, test.b); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestCollide(t *testing.T) {
	at := func(host string, port int32, name string) desired.Database {
		return desired.Database{Host: host, Port: port, Name: name}
	}
	base := at("db.example.com", 3306, "faspex_b")
	for _, test := range []struct {
		other desired.Database
		want  bool
	}{
		{at("db.example.com", 3306, "faspex_b"), true},
		{at("DB.example.com.", 3306, "faspex_b"), true},
		{at("db.example.com", 3306, "faspex"), true},
		{at("db.example.com", 3306, "faspex_b2"), true},
		{at("db.example.com", 3306, "faspex_c"), false},
		{at("db.example.com", 3307, "faspex_b"), false},
		{at("db2.example.com", 3306, "faspex_b"), false},
	} {
		if got := collide(base, test.other); got != test.want {
			t.Errorf("%+v: %t", test.other, got)
		}
	}
}
