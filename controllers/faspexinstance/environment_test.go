package faspexinstance

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	"faspex.io/operator/test/mariadbd"
)

// TestBadEnvironment breaks what an instance depends on and puts it right again: the condition has to name the field or
// the server, and the instance has to heal by itself.
func TestBadEnvironment(t *testing.T) {
	t.Parallel()
	const wrongPassword = "wrong-Secret-0"
	withTLS := func(i *v1alpha1.FaspexInstance) {
		i.Spec.TLS = &v1alpha1.TLSSpec{SecretRef: v1alpha1.SecretReference{Name: "cert"}}
	}
	certFor := func(b *bench, host string) *corev1.Secret {
		data, err := certificate.New(time.Now(), certificate.Subject{CommonName: host, DNSNames: []string{host}})
		if err != nil {
			b.t.Fatal(err)
		}
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "cert", Namespace: b.namespace}, Type: corev1.SecretTypeTLS,
			Data: data}
	}
	tests := []struct {
		name      string
		spec      func(*v1alpha1.FaspexInstance)
		broken    func(*bench)
		condition string
		reason    string
		message   string
		repaired  func(*bench)
	}{
		{
			name:      "root Secret missing",
			broken:    func(b *bench) { b.remove("root", &corev1.Secret{}) },
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonSecretNotFound,
			message:  "spec.database.external.rootSecretRef",
			repaired: func(b *bench) { b.create(b.rootSecret(mariadbd.RootPassword)) },
		},
		{
			name: "root Secret without a password",
			broken: func(b *bench) {
				s := &corev1.Secret{}
				b.patch("root", s, func() { delete(s.Data, "password") })
			},
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonSecretInvalid, message: "root has no key password",
			repaired: func(b *bench) {
				s := &corev1.Secret{}
				b.patch("root", s, func() { s.Data["password"] = []byte(mariadbd.RootPassword) })
			},
		},
		{
			name: "wrong root password",
			broken: func(b *bench) {
				s := &corev1.Secret{}
				b.patch("root", s, func() { s.Data["password"] = []byte(wrongPassword) })
			},
			condition: v1alpha1.ConditionDatabaseReady, reason: v1alpha1.ReasonDatabaseAccessDenied,
			message: "refused the credentials",
			repaired: func(b *bench) {
				s := &corev1.Secret{}
				b.patch("root", s, func() { s.Data["password"] = []byte(mariadbd.RootPassword) })
			},
		},
		{
			name: "nobody listens",
			broken: func(b *bench) {
				i := &v1alpha1.FaspexInstance{}
				b.patch("demo", i, func() { i.Spec.Database.External.Port = 1 })
			},
			condition: v1alpha1.ConditionDatabaseReady, reason: v1alpha1.ReasonDatabaseUnreachable,
			message: "127.0.0.1:1 does not answer",
			repaired: func(b *bench) {
				i := &v1alpha1.FaspexInstance{}
				b.patch("demo", i, func() { i.Spec.Database.External.Port = b.root().Port })
			},
		},
		{
			name: "certificate missing", spec: withTLS, broken: func(*bench) {},
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonSecretNotFound, message: "spec.tls.secretRef",
			repaired: func(b *bench) { b.create(certFor(b, "faspex.example.com")) },
		},
		{
			name: "certificate for another host", spec: withTLS,
			broken:    func(b *bench) { b.create(certFor(b, "other.example.com")) },
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonSecretInvalid, message: "spec.tls.secretRef: ",
			repaired: func(b *bench) {
				b.remove("cert", &corev1.Secret{})
				b.create(certFor(b, "faspex.example.com"))
			},
		},
		{
			name: "admin Secret missing",
			spec: func(i *v1alpha1.FaspexInstance) {
				i.Spec.Admin = &v1alpha1.AdminSpec{SecretRef: &v1alpha1.SecretReference{Name: "boss"}}
			},
			broken:    func(*bench) {},
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonSecretNotFound, message: "spec.admin.secretRef",
			repaired: func(b *bench) {
				b.create(&corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Name: "boss", Namespace: b.namespace},
					Data:       map[string][]byte{"username": []byte("boss"), "password": []byte("boss-Password-0")},
				})
			},
		},
		{
			name: "a name is taken",
			broken: func(b *bench) {
				b.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-router", Namespace: b.namespace},
					Data: map[string]string{"a": "b"}})
			},
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonConflict, message: "ConfigMap demo-router",
			repaired: func(b *bench) { b.remove("demo-router", &corev1.ConfigMap{}) },
		},
		{
			name: "the name of a Secret is taken",
			broken: func(b *bench) {
				b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-core", Namespace: b.namespace}})
			},
			condition: v1alpha1.ConditionSecretsReady, reason: v1alpha1.ReasonConflict, message: "demo-core",
			repaired: func(b *bench) { b.remove("demo-core", &corev1.Secret{}) },
		},
	}
	for n, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			instance := b.external("env" + string(rune('a'+n)))
			if tt.spec != nil {
				tt.spec(instance)
			}
			b.create(instance)
			tt.broken(b)
			i := b.settle()
			want(t, i, tt.condition, metav1.ConditionFalse, tt.reason, tt.message)
			want(t, i, v1alpha1.ConditionReady, metav1.ConditionFalse, tt.reason, tt.condition+": ")
			want(t, i, v1alpha1.ConditionReconciling, metav1.ConditionTrue, tt.reason, "")
			if result, err := b.reconcile(); err != nil || result.RequeueAfter <= 0 {
				t.Errorf("nothing looks at it again: %v, %v", result, err)
			}
			if text := everythingPublic(b); strings.Contains(text, wrongPassword) ||
				strings.Contains(text, mariadbd.RootPassword) {
				t.Error("a password is in a status, an event or an object that is no Secret")
			}
			tt.repaired(b)
			wantReady(t, b.settle())
		})
	}
}
