package transfernode_test

import (
	"fmt"
	"strings"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
)

// TestFaspexThatIsDownKeepsTheNode: a registration that cannot be removed is not forgotten.
func TestFaspexThatIsDownKeepsTheNode(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	node := &v1alpha1.TransferNode{}
	field.Get(t, node, nodeName)
	field.Faspex.SetDown(true)
	field.Delete(t, node)
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonFaspexUnreachable)
	field.Faspex.SetDown(false)
	field.WaitGone(t, node, nodeName)
	if nodes, err := field.Faspex.Nodes(t.Context()); err != nil || len(nodes) != 0 {
		t.Errorf("Faspex still knows %v (%v)", nodes, err)
	}
}

// TestEverythingGoesTogether: who deletes a whole namespace is not held up by servers that are gone already.
func TestEverythingGoesTogether(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	location, key, node := field.StorageLocation("packages"), field.AccessKey("demo"), &v1alpha1.TransferNode{}
	field.Create(t, location)
	field.Create(t, key)
	field.WaitReady(t, location, "packages")
	field.WaitReady(t, key, "demo")
	field.Get(t, node, nodeName)
	instance := &v1alpha1.FaspexInstance{}
	field.Change(t, instance, controllertest.Instance,
		func() { instance.Finalizers = []string{"example.com/held-by-the-test"} })

	field.Faspex.SetDown(true)
	field.NodeAPI.SetUser("nobody", "nobody's")
	field.Delete(t, instance)
	field.Delete(t, node)
	field.Delete(t, location)
	field.Delete(t, key)
	field.WaitGone(t, key, "demo")
	field.WaitGone(t, location, "packages")
	field.WaitGone(t, node, nodeName)
}

func TestAuthorizedKeys(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := field.TransferNode()
	node.Spec.TransferUsers = []v1alpha1.TransferUser{
		{Name: "xfer"},
		{Name: "partner", AuthorizedKeysSecretRef: &v1alpha1.SecretKeyReference{Name: "partner", Key: "authorized_keys"}},
	}
	field.Create(t, node)
	const where = "spec.transferUsers[1].authorizedKeysSecretRef"
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isFalse,
		v1alpha1.ReasonSecretNotFound)
	wantField(t, condition, where)
	secret := field.GivenSecret("partner", map[string][]byte{"authorized_keys": []byte("no key")})
	field.Create(t, secret)
	condition = field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonSecretInvalid)
	wantField(t, condition, where)
	field.Change(t, secret, "partner", func() {
		secret.Data["authorized_keys"] = []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f partner\n")
	})
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isTrue, v1alpha1.ReasonSucceeded)
	if meta.FindStatusCondition(node.Status.Conditions, v1alpha1.ConditionStalled) != nil {
		t.Error("still Stalled")
	}
}

func TestPasswordsOfTransferUsers(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := field.TransferNode()
	node.Spec.TransferUsers = []v1alpha1.TransferUser{
		{Name: "partner", PasswordSecretRef: &v1alpha1.SecretKeyReference{Name: "login", Key: "password"}},
	}
	field.Create(t, node)
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isFalse,
		v1alpha1.ReasonSecretNotFound)
	wantField(t, condition, "spec.transferUsers[0].passwordSecretRef")
	field.Create(t, field.GivenSecret("login", map[string][]byte{"password": []byte("secret")}))
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isTrue, v1alpha1.ReasonSucceeded)
}

// node-17: the operator hands the Secret's users to hsts, and says which entry can't be used. node-30, the operator: no
// event and no condition has the password.
func TestNodeUsersOfASecret(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := field.TransferNode()
	node.Spec.NodeUsers = &v1alpha1.NodeUsers{SecretRef: v1alpha1.SecretReference{Name: "team"}}
	field.Create(t, node)
	const where = "spec.nodeUsers.secretRef"
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isFalse,
		v1alpha1.ReasonSecretNotFound)
	wantField(t, condition, where)
	secret := field.GivenSecret("team", map[string][]byte{"luke": []byte("password: hunter2\ntransferUser: a\n")})
	field.Create(t, secret)
	condition = field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonSecretInvalid)
	wantField(t, condition, where)
	if !strings.Contains(condition.Message, "luke") || strings.Contains(condition.Message, "hunter2") {
		t.Errorf("message: %s", condition.Message)
	}
	field.Eventually(t, "the event", func() bool {
		var events eventsv1.EventList
		if err := field.Client.List(t.Context(), &events); err != nil {
			t.Fatal(err)
		}
		told := false
		for _, e := range events.Items {
			told = told || e.Regarding.Name == nodeName && strings.Contains(e.Note, where)
			if strings.Contains(e.String(), "hunter2") {
				t.Fatalf("an event has the password: %s", e.Note)
			}
		}
		return told
	})
	if text := fmt.Sprint(node.Status); strings.Contains(text, "hunter2") {
		t.Errorf("status: %s", text)
	}
	field.Change(t, secret, "team", func() {
		secret.Data["luke"] = []byte("password: hunter2\ntransferUser: a\ndocroot: /default/a\n")
	})
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isTrue, v1alpha1.ReasonSucceeded)
	field.Change(t, secret, "team", func() { clear(secret.Data) })
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isTrue, v1alpha1.ReasonSucceeded)
}

func TestStorageKeys(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := field.TransferNode()
	node.Spec.Storage[0].Encryption = &v1alpha1.StorageEncryption{SecretRef: v1alpha1.SecretReference{Name: "keys"}}
	field.Create(t, node)
	const where = "spec.storage[0].encryption.secretRef"
	condition := field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isFalse,
		v1alpha1.ReasonSecretNotFound)
	wantField(t, condition, where)
	secret := field.GivenSecret("keys", map[string][]byte{"active": []byte("k1"), "k1": []byte("c2hvcnQ=")})
	field.Create(t, secret)
	condition = field.WaitCondition(t, node, nodeName, v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonSecretInvalid)
	wantField(t, condition, where)
	field.Change(t, secret, "keys", func() {
		secret.Data["k1"] = []byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
	})
	field.WaitCondition(t, node, nodeName, v1alpha1.ConditionSecretsReady, isTrue, v1alpha1.ReasonSucceeded)
}

func wantField(t *testing.T, condition metav1.Condition, field string) {
	t.Helper()
	if !strings.Contains(condition.Message, field) {
		t.Errorf("message does not name %s: %s", field, condition.Message)
	}
}
