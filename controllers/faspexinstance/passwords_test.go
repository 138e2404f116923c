package faspexinstance

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
)

// credentials are the passwords that the pods read: of the restricted user and of the one that migrates.
func (b *bench) credentials() (user, admin []byte) {
	b.t.Helper()
	return dataOf(b, "demo-db-user")[desired.KeyPassword], dataOf(b, "demo-db")[desired.KeyAdminPassword]
}

// useOfThePassword logs in with what the Secret holds, over and over, until it is called.
func (b *bench) useOfThePassword(user string) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		secret := &corev1.Secret{}
		for {
			select {
			case <-done:
				return
			default:
			}
			err := b.client.Get(b.t.Context(), client.ObjectKey{Namespace: b.namespace, Name: "demo-db-user"}, secret)
			if err == nil {
				err = b.root().As(user, string(secret.Data[desired.KeyPassword])).Ping(b.t.Context())
			}
			if err != nil {
				b.t.Errorf("the Secret as it is does not open the database: %v", err)
				return
			}
		}
	})
	return func() { close(done); wait.Wait() }
}

// operator-21: at the time of the annotation and by the schedule, the users of the database get other passwords; both
// work while pods roll, what the Secret holds works at any time, and the former ends when the last pod is replaced.
func TestPasswordsOfTheDatabaseTurn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := time.Now()
	b.r.now = func() time.Time { return now }
	b.create(b.external("turn"))
	wantReady(t, b.settle())
	b.recorded()
	user, admin := b.credentials()

	i := &v1alpha1.FaspexInstance{}
	b.patch("demo", i, func() {
		i.Annotations = map[string]string{v1alpha1.RotateAtAnnotation: now.Add(time.Hour).Format(time.RFC3339)}
	})
	wantReady(t, b.settle())
	if u, a := b.credentials(); !bytes.Equal(u, user) || !bytes.Equal(a, admin) {
		t.Fatal("the passwords are replaced before their time")
	}
	now = now.Add(time.Hour)
	defer b.useOfThePassword("faspex_turn")()
	b.kubelet.hold["demo-service"] = true // its pods do not become ready
	i = b.settle()
	want(t, i, v1alpha1.ConditionPasswordsReplaced, metav1.ConditionFalse, v1alpha1.ReasonProgressing, "until no pod uses them")
	user2, admin2 := b.credentials()
	if bytes.Equal(user, user2) || bytes.Equal(admin, admin2) {
		t.Fatal("the passwords are not replaced")
	}
	for _, password := range [][]byte{user, user2} {
		if !canLogIn(b, "faspex_turn", password) {
			t.Error("one of two passwords does not work while pods roll")
		}
	}
	if !canLogIn(b, "aspera_turn", admin) || !canLogIn(b, "aspera_turn", admin2) {
		t.Error("one of two passwords of the admin user does not work while pods roll")
	}
	if events := b.recorded(); !strings.Contains(events, "Rotated") || strings.Contains(events, "DatabaseRepaired") {
		t.Errorf("events:\n%s", events)
	}

	delete(b.kubelet.hold, "demo-service")
	leaving := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "leaving", Namespace: b.namespace, Finalizers: []string{"faspex.io/test"},
			Labels: desired.Labels(i, desired.ComponentUtility)},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "utility", Image: "x"}}},
	}
	b.create(leaving)
	b.remove("leaving", &corev1.Pod{})
	wantReady(t, b.settle())
	if !canLogIn(b, "faspex_turn", user) {
		t.Error("the former password ends before a pod that has it")
	}
	b.patch("leaving", leaving, func() { leaving.Finalizers = nil })
	i = b.settle()
	wantReady(t, i)
	if canLogIn(b, "faspex_turn", user) || canLogIn(b, "aspera_turn", admin) || !canLogIn(b, "faspex_turn", user2) ||
		!canLogIn(b, "aspera_turn", admin2) {
		t.Error("the former passwords do not end, or the new ones do")
	}
	if c := meta.FindStatusCondition(i.Status.Conditions, v1alpha1.ConditionPasswordsReplaced); c != nil {
		t.Errorf("%+v stays", c)
	}
	if events := b.recorded(); strings.Contains(events, "DatabaseRepaired") {
		t.Errorf("events:\n%s", events)
	}

	b.patch("demo", i, func() { i.Spec.Database.RotateEvery = &metav1.Duration{Duration: 24 * time.Hour} })
	now = now.Add(23 * time.Hour)
	wantReady(t, b.settle())
	if u, _ := b.credentials(); !bytes.Equal(u, user2) {
		t.Error("the schedule replaces passwords before their time")
	}
	now = now.Add(time.Hour)
	wantReady(t, b.settle())
	if u, _ := b.credentials(); bytes.Equal(u, user2) || canLogIn(b, "faspex_turn", user2) || !canLogIn(b, "faspex_turn", u) {
		t.Error("the schedule replaces no password")
	}
	b.patch("demo", i, func() { i.Annotations[v1alpha1.RotateAtAnnotation] = "soon" })
	want(t, b.settle(), v1alpha1.ConditionPasswordsReplaced, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec,
		"metadata.annotations[faspex.io/rotate-at]")
}

// TestReplacementThatWasCutOff: whichever of the writes was the last before the operator ended, the next one goes on with
// the same passwords, and what the Secret holds works.
func TestReplacementThatWasCutOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.create(b.external("cut"))
	wantReady(t, b.settle())
	secret := &corev1.Secret{}
	for name, cut := range map[string]func(user, next []byte){
		"when the next is chosen": func([]byte, []byte) {},
		"when the former is remembered": func(user, _ []byte) {
			b.patch("demo-db-rotation", secret, func() { secret.Data["former_user"] = user })
		},
		"when the Secret has the next": func(user, next []byte) {
			b.patch("demo-db-rotation", secret, func() { secret.Data["former_user"] = user })
			b.sql("ALTER USER faspex_cut@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('" + string(user) +
				"') OR mysql_native_password USING PASSWORD('" + string(next) + "')")
			b.patch("demo-db-user", secret, func() { secret.Data[desired.KeyPassword] = next })
		},
	} {
		user, _ := b.credentials()
		next := []byte("chosen-before-" + strings.ReplaceAll(name, " ", "-"))
		if !b.find("demo-db-rotation", &corev1.Secret{}) {
			b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-db-rotation", Namespace: b.namespace,
				Labels: desired.Labels(b.instance(), desired.ComponentDatabase)}})
		}
		b.patch("demo-db-rotation", secret, func() { secret.Data = map[string][]byte{"next_user": next} })
		cut(user, next)
		b.kubelet.hold["demo-core"] = true
		b.settle()
		if now, _ := b.credentials(); !bytes.Equal(now, next) || !canLogIn(b, "faspex_cut", next) ||
			!canLogIn(b, "faspex_cut", user) {
			t.Errorf("%s: the Secret has %s, or not both work", name, now)
		}
		delete(b.kubelet.hold, "demo-core")
		wantReady(t, b.settle())
		if canLogIn(b, "faspex_cut", user) || !canLogIn(b, "faspex_cut", next) {
			t.Errorf("%s: the former password does not end", name)
		}
	}
	core := &appsv1.Deployment{}
	b.get("demo-core", core)
	for _, e := range core.Spec.Template.Spec.Containers[0].EnvFrom {
		if e.SecretRef != nil && e.SecretRef.Name == "demo-db-rotation" {
			t.Error("core reads passwords that are none of its business")
		}
	}
}
