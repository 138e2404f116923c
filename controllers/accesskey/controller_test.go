package accesskey_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) { os.Exit(kubeapi.Run(m)) }

const (
	isTrue     = metav1.ConditionTrue
	isFalse    = metav1.ConditionFalse
	secretName = "demo-access-key"
)

// opens tells whether the node takes the credentials of the Secret.
func opens(t *testing.T, field *controllertest.Field) bool {
	t.Helper()
	data := field.Secret(t, secretName)
	_, err := field.NodeAPI.Store.CheckSecret(t.Context(), string(data["id"]), string(data["secret"]))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func exists(t *testing.T, field *controllertest.Field, id string) bool {
	t.Helper()
	_, err := field.NodeAPI.Store.AccessKey(t.Context(), id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestKeyBecomesReady(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	key := field.AccessKey("demo")
	key.Spec.Transfer = &v1alpha1.AccessKeyTransfer{
		TargetRateKbps: 1000, TargetRateCapKbps: 2000, Policy: v1alpha1.TransferPolicyFair, Cipher: v1alpha1.CipherAES256GCM,
	}
	key.Spec.TokenVerificationKey = &v1alpha1.TokenVerificationKey{SecretRef: &v1alpha1.SecretKeyReference{Name: "verification", Key: "public.pem"}}
	field.Create(t, key)
	field.WaitCondition(t, key, "demo", v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonTransferNodeNotFound)
	field.SetInstanceReady(t, true)
	field.Create(t, field.TransferNode())
	field.RunNode(t)
	condition := field.WaitCondition(t, key, "demo", v1alpha1.ConditionKeyCreated, isFalse, v1alpha1.ReasonSecretNotFound)
	if !strings.Contains(condition.Message, "spec.tokenVerificationKey.secretRef") {
		t.Errorf("message does not name the field: %s", condition.Message)
	}
	text := publicKey(t)
	field.Create(t, field.GivenSecret("verification", map[string][]byte{"public.pem": []byte(text)}))
	field.WaitReady(t, key, "demo")

	data := field.Secret(t, secretName)
	if key.Status.ID != string(data["id"]) || key.Status.SecretName != secretName || key.Status.RootFileID == "" {
		t.Errorf("status is %+v", key.Status)
	}
	if !opens(t, field) {
		t.Error("the node does not take the credentials")
	}
	known, err := field.NodeAPI.Store.AccessKey(t.Context(), key.Status.ID)
	if err != nil {
		t.Fatal(err)
	}
	if known.StoragePath != "/default/demo" || known.TokenVerificationKey != text ||
		!strings.Contains(string(known.Configuration), `"target_rate_cap_kbps":2000`) ||
		!strings.Contains(string(known.Configuration), `"aes-256"`) {
		t.Errorf("the node knows %+v", known)
	}
	if info, err := os.Stat(filepath.Join(field.NodeAPI.Dir, "default", "demo")); err != nil || !info.IsDir() {
		t.Errorf("no folder on the node: %v", err)
	}
	field.WantNoWrites(t, key, "demo", field.NodeAPI.Calls)
}

func publicKey(t *testing.T) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// leftoverLabels are on the Secret of the AccessKey demo from the moment it is made, before it has an owner.
var leftoverLabels = map[string]string{
	apply.ManagedByLabel: apply.ManagedBy, "app.kubernetes.io/name": "access-key", "app.kubernetes.io/instance": "demo",
}

// TestCrashBeforeTheNodeKnows: the Secret is there, the key is not.
func TestCrashBeforeTheNodeKnows(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	field.Create(t, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: field.Namespace, Name: secretName, Labels: leftoverLabels,
		},
		Data: map[string][]byte{"id": []byte("akleftover"), "secret": []byte("left-over")},
	})
	key := field.AccessKey("demo")
	field.Create(t, key)
	field.WaitReady(t, key, "demo")
	if key.Status.ID != "akleftover" || !opens(t, field) {
		t.Errorf("the key is %q", key.Status.ID)
	}
}

// TestCrashBeforeTheStatus: the node knows the key already, perhaps with another secret.
func TestCrashBeforeTheStatus(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"left-over", "another"} {
		t.Run(secret, func(t *testing.T) {
			field := controllertest.NewReady(t)
			err := field.NodeAPI.Store.CreateAccessKey(t.Context(),
				store.AccessKey{ID: "akleftover", StoragePath: "/default/demo"}, secret)
			if err != nil {
				t.Fatal(err)
			}
			field.Create(t, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{
					Namespace: field.Namespace, Name: secretName, Labels: leftoverLabels,
				},
				Data: map[string][]byte{"id": []byte("akleftover"), "secret": []byte("left-over")},
			})
			key := field.AccessKey("demo")
			field.Create(t, key)
			field.WaitReady(t, key, "demo")
			if !opens(t, field) {
				t.Error("the node does not take the secret")
			}
		})
	}
}

func TestKeyHeals(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	key := field.AccessKey("demo")
	field.Create(t, key)
	field.WaitReady(t, key, "demo")
	id := key.Status.ID

	if err := field.NodeAPI.Store.DeleteAccessKey(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	field.Touch(t, key, "demo")
	field.Eventually(t, "the key is made again", func() bool { return exists(t, field, id) && opens(t, field) })

	changed := "changed-by-hand"
	if err := field.NodeAPI.Store.UpdateAccessKey(t.Context(), id, store.AccessKeyChange{Secret: &changed}); err != nil {
		t.Fatal(err)
	}
	field.Touch(t, key, "demo")
	field.Eventually(t, "the secret is put right", func() bool { return opens(t, field) })

	secret := &corev1.Secret{}
	field.Get(t, secret, secretName)
	field.Delete(t, secret)
	field.Eventually(t, "another key takes the place of the lost one", func() bool {
		field.Get(t, key, "demo")
		return key.Status.ID != id && exists(t, field, key.Status.ID) && !exists(t, field, id)
	})
	if !opens(t, field) {
		t.Error("the node does not take the new credentials")
	}
}

func TestOtherSecretName(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	key := field.AccessKey("demo")
	field.Create(t, key)
	field.WaitReady(t, key, "demo")
	former, before := key.Status.ID, field.Secret(t, secretName)
	field.Change(t, key, "demo", func() { key.Spec.SecretName = "renamed" })
	field.Eventually(t, "the key moves to the other Secret", func() bool {
		field.Get(t, key, "demo")
		return key.Status.SecretName == "renamed"
	})
	if key.Status.ID != former || !exists(t, field, former) {
		t.Error("another key took the place of the one that was to move")
	}
	moved := field.Secret(t, "renamed")
	if string(moved["id"]) != former || string(moved["secret"]) != string(before["secret"]) {
		t.Error("the other Secret does not hold the key")
	}
	field.WaitGone(t, &corev1.Secret{}, secretName)
}

// TestKeysAtRest (operator-75, with TestOtherSecretName): looking at keys that are as they shall be sends nothing to the
// API server, and all of them share a few connections to the node.
func TestKeysAtRest(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	keys := map[string]*v1alpha1.AccessKey{}
	for i := range 20 {
		name := "key-" + strconv.Itoa(i)
		keys[name] = field.AccessKey(name)
		field.Create(t, keys[name])
	}
	for name, key := range keys {
		field.WaitReady(t, key, name)
	}
	look := func() {
		for name, key := range keys {
			calls := field.NodeAPI.Calls()
			field.Touch(t, key, name)
			field.Eventually(t, "the controller looks", func() bool { return field.NodeAPI.Calls() >= calls+2 })
		}
	}
	look() // what is under way from before may still ask
	before := field.Requests()
	look()
	// The node is looked at once a minute, with its pods.
	if n := field.Requests() - before; n > 5 {
		t.Errorf("%d requests to the API server for %d keys", n, len(keys))
	}
	if n := field.NodeAPI.Connections(); n > 12 {
		t.Errorf("%d connections to the node", n)
	}
}

func TestSecretOfSomeoneElseIsNotTaken(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	field.Create(t, field.GivenSecret(secretName, map[string][]byte{"id": []byte("theirs"), "secret": []byte("theirs")}))
	key := field.AccessKey("demo")
	field.Create(t, key)
	condition := field.WaitCondition(t, key, "demo", v1alpha1.ConditionKeyCreated, isFalse, v1alpha1.ReasonConflict)
	if !strings.Contains(condition.Message, "spec.secretName") {
		t.Errorf("message does not name the field: %s", condition.Message)
	}
	if exists(t, field, "theirs") {
		t.Error("made a key of someone else's Secret")
	}
}

func TestInvalidKeys(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	elsewhere := field.AccessKey("elsewhere")
	elsewhere.Spec.Storage.Local.Path = "/absent"
	noKey := field.AccessKey("no-key")
	noKey.Spec.TokenVerificationKey = &v1alpha1.TokenVerificationKey{Inline: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}
	for _, test := range []struct {
		key   *v1alpha1.AccessKey
		field string
	}{
		{elsewhere, "spec.storage.local.path"},
		{noKey, "spec.tokenVerificationKey.inline"},
	} {
		t.Run(test.key.Name, func(t *testing.T) {
			field.Create(t, test.key)
			condition := field.WaitCondition(t, test.key, test.key.Name, v1alpha1.ConditionStalled, isTrue,
				v1alpha1.ReasonInvalidSpec)
			if !strings.Contains(condition.Message, test.field) {
				t.Errorf("message does not name %s: %s", test.field, condition.Message)
			}
		})
	}
}

func TestDeleteRemovesTheKey(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	key := field.AccessKey("demo")
	field.Create(t, key)
	field.WaitReady(t, key, "demo")
	field.Delete(t, key)
	field.WaitGone(t, &v1alpha1.AccessKey{}, "demo")
	if exists(t, field, key.Status.ID) {
		t.Error("the node still knows the key")
	}
	if _, err := os.Stat(filepath.Join(field.NodeAPI.Dir, "default", "demo")); err != nil {
		t.Errorf("the folder is gone: %v", err)
	}
}
