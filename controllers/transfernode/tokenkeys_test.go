package transfernode_test

import (
	"encoding/base64"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// node-36 at the operator: TestTokenKeysTurn ages the keys of a node by their names. No pod restarts: the template stays.
// That transfers go on meanwhile is in TestTransferGoesOnWhileTokenKeysTurn of cmd/hsts, and how long the overlap lasts in
// TestTokenKeysTurn of controllers/desired/transfernode.
func TestTokenKeysTurn(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	names := desired.NamesOf(nodeName)
	daemonSet := &appsv1.DaemonSet{}
	field.Get(t, daemonSet, names.DaemonSet)
	generation := daemonSet.Generation

	key := []byte(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	const old, later = "k20200102T030405-11111111", "k20200103T030405-22222222"
	young := "k" + time.Now().UTC().Add(-15*time.Minute).Format("20060102T150405") + "-33333333"
	secret := &corev1.Secret{}
	age := func(data map[string][]byte) {
		t.Helper()
		field.Change(t, secret, names.TokenKeys, func() { secret.Data = data })
		field.Touch(t, &v1alpha1.TransferNode{}, nodeName)
	}
	node := &v1alpha1.TransferNode{}
	uses := func() map[string]v1alpha1.TokenKeyUse {
		field.Get(t, node, nodeName)
		uses := map[string]v1alpha1.TokenKeyUse{}
		for _, key := range node.Status.TokenKeys {
			uses[key.ID] = key.Use
		}
		return uses
	}

	age(map[string][]byte{"active": []byte(old), old: key})
	field.Eventually(t, "a key beside the old one", func() bool {
		field.Get(t, secret, names.TokenKeys)
		return len(secret.Data) == 3 && string(secret.Data["active"]) == old && len(uses()) == 2 && uses()[old] == "Active"
	})
	ages := map[string]time.Time{}
	for _, key := range node.Status.TokenKeys {
		if key.CreatedAt != nil {
			ages[key.ID] = key.CreatedAt.Time
		}
	}
	if made := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC); len(ages) != 2 || !ages[old].Equal(made) {
		t.Errorf("the status has the ages %v", ages)
	}
	age(map[string][]byte{"active": []byte(old), old: key, young: key})
	field.Eventually(t, "the young key in use, the old one kept", func() bool {
		field.Get(t, secret, names.TokenKeys)
		return string(secret.Data["active"]) == young && len(secret.Data) == 3 && uses()[old] == "Former"
	})
	age(map[string][]byte{"active": []byte(later), old: key, later: key})
	field.Eventually(t, "the old key gone when its time is over", func() bool {
		field.Get(t, secret, names.TokenKeys)
		_, there := secret.Data[old]
		return !there && desired.ValidTokenKeys(secret.Data) && uses()[old] == ""
	})
	field.Get(t, daemonSet, names.DaemonSet)
	if daemonSet.Generation != generation {
		t.Error("the pods restart")
	}
}
