package secrets_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/secrets"
	"faspex.io/operator/test/kubeapi"
)

// faspex-AG5: made passwords have at most 80 characters, no $, and an alphanumeric start (TestSecretsObeyTheGuide in
// controllers/faspexinstance: those of an instance).
func TestPassword(t *testing.T) {
	shape := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{39}$`)
	seen := map[string]bool{}
	for range 1000 {
		p := string(secrets.Password())
		if !shape.MatchString(p) || seen[p] {
			t.Fatal("a password has another shape or came twice")
		}
		seen[p] = true
	}
	if n := len(secrets.Key(48)); n != 64 {
		t.Errorf("48 bytes are %d characters, want 64", n)
	}
}

// blind is a cache that lags: it has seen nothing yet.
type blind struct{ client.Client }

func (blind) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
}

func TestEnsure(t *testing.T) {
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	applier := apply.New(c, "test")
	store := secrets.NewStore(applier, c, c)
	calls := 0
	wanted := secrets.Wanted{
		Name: "demo", Namespace: namespace, Keys: []string{"a", "b"}, Fixed: map[string][]byte{"user": []byte("root")},
		Generate: func() (map[string][]byte, error) {
			calls++
			return map[string][]byte{"a": {byte('0' + calls)}, "b": {byte('0' + calls)}}, nil
		},
	}
	ensure := func(s *secrets.Store, w secrets.Wanted, want map[string]string) {
		t.Helper()
		data, err := s.Ensure(t.Context(), nil, w)
		if err != nil {
			t.Fatal(err)
		}
		live := &corev1.Secret{}
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "demo"}, live); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for k, v := range live.Data {
			got[k] = string(v)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("stored: -want +got:\n%s", diff)
		}
		if diff := cmp.Diff(live.Data, data); diff != "" {
			t.Errorf("returned: -stored +got:\n%s", diff)
		}
	}
	first := map[string]string{"a": "1", "b": "1", "user": "root"}
	ensure(store, wanted, first)
	requests := applier.Requests()
	ensure(store, wanted, first)
	if applier.Requests() != requests {
		t.Error("an unchanged Secret was written")
	}
	// A cache that lags must not lead to new values.
	ensure(secrets.NewStore(apply.New(blind{c}, "test"), blind{c}, c), wanted, first)

	live := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: namespace}}
	if err := c.Patch(t.Context(), live, client.RawPatch("application/merge-patch+json",
		[]byte(`{"data":{"b":null,"user":"eA=="}}`))); err != nil {
		t.Fatal(err)
	}
	ensure(store, wanted, map[string]string{"a": "1", "b": "2", "user": "root"})

	replaced := wanted
	replaced.Replace = func(data map[string][]byte) bool { return string(data["a"]) == "1" }
	ensure(store, replaced, map[string]string{"a": "3", "b": "3", "user": "root"})

	if err := c.Delete(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	ensure(store, wanted, map[string]string{"a": "4", "b": "4", "user": "root"})

	failing := wanted
	failing.Name, failing.Generate = "other", func() (map[string][]byte, error) { return nil, errors.New("no entropy") }
	if _, err := store.Ensure(t.Context(), nil, failing); err == nil ||
		!strings.Contains(err.Error(), "generate secret other: no entropy") {
		t.Errorf("error %v", err)
	}
	foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: namespace}}
	if err := c.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	failing.Generate = wanted.Generate
	if _, err := store.Ensure(t.Context(), nil, failing); !errors.Is(err, apply.ErrConflict) {
		t.Errorf("someone else's Secret: error %v", err)
	}
}

func TestReadAndOutcome(t *testing.T) {
	c := kubeapi.Client(t)
	namespace := kubeapi.Namespace(t, c)
	store := secrets.NewStore(apply.New(c, "test"), c, c)
	given := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "given", Namespace: namespace},
		Data:       map[string][]byte{"username": []byte("u"), "password": {}},
	}
	if err := c.Create(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, secret  string
		keys          []string
		want          error
		message, cond string
	}{
		{"there", "given", []string{"username"}, nil, "", ""},
		{"missing", "none", []string{"username"}, secrets.ErrNotFound, "spec.x: secret not found: none", "SecretNotFound"},
		{"empty key", "given", []string{"username", "password"}, secrets.ErrInvalid,
			"spec.x: secret is invalid: given has no key password", "SecretInvalid"},
	}
	for _, tt := range tests {
		data, err := store.Read(t.Context(), namespace, tt.secret, "spec.x", tt.keys...)
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
		if err == nil {
			if string(data["username"]) != "u" {
				t.Errorf("%s: %v", tt.name, data)
			}
			continue
		}
		if o := secrets.Outcome(err); o.Reason != tt.cond || o.Message != tt.message || o.IsInvalid() || o.IsDone() {
			t.Errorf("%s: outcome %+v", tt.name, o)
		}
	}
}

// lagging is a cache that goes on showing what it has seen first.
type lagging struct {
	client.Client
	seen *corev1.Secret
}

func (l *lagging) Get(ctx context.Context, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
	secret, ok := object.(*corev1.Secret)
	if ok && l.seen != nil {
		l.seen.DeepCopyInto(secret)
		return nil
	}
	return l.Client.Get(ctx, key, object, opts...)
}

// A value that has turned is not written over by the former one, which a cache still has.
func TestEnsureBelievesNoCacheThatLags(t *testing.T) {
	c := kubeapi.Client(t)
	cache := &lagging{Client: c}
	store := secrets.NewStore(apply.New(cache, "test"), cache, c)
	wanted := secrets.Wanted{
		Name: "lagging", Namespace: kubeapi.Namespace(t, c), Keys: []string{"a"},
		Generate: func() (map[string][]byte, error) { return map[string][]byte{"a": []byte("1")}, nil },
	}
	ensure := func() string {
		t.Helper()
		if _, err := store.Ensure(t.Context(), nil, wanted); err != nil {
			t.Fatal(err)
		}
		live := &corev1.Secret{}
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: wanted.Namespace, Name: wanted.Name}, live); err != nil {
			t.Fatal(err)
		}
		if cache.seen == nil {
			cache.seen = live
		}
		return string(live.Data["a"])
	}
	ensure()
	turned := wanted
	turned.Turn = func(map[string][]byte) (map[string][]byte, error) { return map[string][]byte{"a": []byte("2")}, nil }
	turned, wanted = wanted, turned
	if a := ensure(); a != "2" {
		t.Fatalf("the value is %s", a)
	}
	wanted = turned
	if a := ensure(); a != "2" {
		t.Errorf("the cache brings %s back", a)
	}
}
