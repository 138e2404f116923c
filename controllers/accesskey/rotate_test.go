package accesskey_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/controllertest"
	"faspex.io/operator/dataplane/store"
)

// secretOpens tells whether the node takes a secret of a key.
func secretOpens(t *testing.T, field *controllertest.Field, id, secret string) bool {
	t.Helper()
	_, err := field.NodeAPI.Store.CheckSecret(t.Context(), id, secret)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// useOfTheSecret reads the Secret and opens the node with it, over and over, until it is called.
func useOfTheSecret(t *testing.T, field *controllertest.Field) (stop func()) {
	t.Helper()
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
			if err := field.Client.Get(t.Context(), field.Key(secretName), secret); err != nil {
				t.Error(err)
				return
			}
			_, err := field.NodeAPI.Store.CheckSecret(t.Context(), string(secret.Data["id"]), string(secret.Data["secret"]))
			if err != nil {
				t.Errorf("the Secret as it is does not open the node: %v", err)
				return
			}
		}
	})
	return func() { close(done); wait.Wait() }
}

// rotated waits until the Secret holds another secret than before, and returns it.
func rotated(t *testing.T, field *controllertest.Field, key *v1alpha1.AccessKey, before string) string {
	t.Helper()
	now := ""
	field.Eventually(t, "the secret is replaced", func() bool {
		field.Touch(t, key, "demo")
		now = string(field.Secret(t, secretName)["secret"])
		return now != before
	})
	if field.Secret(t, secretName)["next_secret"] != nil {
		t.Error("the Secret holds a third secret")
	}
	return now
}

// operator-23 (with TestFormerSecretIsGoodUntilItsTime, of the node): by the annotation and by the schedule the secret
// is replaced, the Secret holds the new one and opens the node at any time, and both are good for the overlap, of which
// the status tells the end.
func TestKeyRotates(t *testing.T) {
	t.Parallel()
	field := controllertest.NewReady(t)
	key := field.AccessKey("demo")
	key.Spec.Rotation = &v1alpha1.Rotation{Overlap: &metav1.Duration{Duration: 2 * time.Hour}}
	field.Create(t, key)
	field.WaitReady(t, key, "demo")
	id, first := key.Status.ID, string(field.Secret(t, secretName)["secret"])
	if key.Status.FormerSecretUntil != nil || key.Status.RotatedAt != nil {
		t.Errorf("status before any rotation: %+v", key.Status)
	}
	stop := useOfTheSecret(t, field)
	at := field.Now().Add(time.Hour).Truncate(time.Second)
	field.Change(t, key, "demo", func() {
		key.Annotations = map[string]string{v1alpha1.RotateAtAnnotation: at.Format(time.RFC3339)}
	})
	calls := field.NodeAPI.Calls()
	field.Touch(t, key, "demo")
	field.Eventually(t, "the controller looks", func() bool { return field.NodeAPI.Calls() >= calls+2 })
	if string(field.Secret(t, secretName)["secret"]) != first {
		t.Error("the secret is replaced before its time")
	}
	field.Advance(time.Hour)
	second := rotated(t, field, key, first)
	field.Eventually(t, "the status tells of it", func() bool {
		field.Get(t, key, "demo")
		return key.Status.FormerSecretUntil != nil
	})
	if until := key.Status.FormerSecretUntil; until.Before(&metav1.Time{Time: at.Add(2 * time.Hour)}) ||
		key.Status.RotatedAt.Add(2*time.Hour) != until.Time || key.Status.ID != id {
		t.Errorf("status is %+v", key.Status)
	}
	if !secretOpens(t, field, id, first) || !secretOpens(t, field, id, second) {
		t.Error("the node does not take both secrets")
	}

	field.Advance(2*time.Hour + time.Second)
	field.Eventually(t, "the status tells that the former is over", func() bool {
		field.Touch(t, key, "demo")
		field.Get(t, key, "demo")
		return key.Status.FormerSecretUntil == nil
	})
	if now := string(field.Secret(t, secretName)["secret"]); now != second {
		t.Error("the annotation replaces the secret twice")
	}
	field.Change(t, key, "demo", func() { key.Spec.Rotation.Every = &metav1.Duration{Duration: 24 * time.Hour} })
	field.Advance(24 * time.Hour)
	third := rotated(t, field, key, second)
	if secretOpens(t, field, id, first) || !secretOpens(t, field, id, second) || !secretOpens(t, field, id, third) {
		t.Error("the node does not take the last two secrets, and those alone")
	}
	field.Change(t, key, "demo", func() { key.Spec.Transfer = &v1alpha1.AccessKeyTransfer{TargetRateKbps: 7} })
	field.Eventually(t, "the limits change", func() bool {
		known, err := field.NodeAPI.Store.AccessKey(t.Context(), id)
		return err == nil && strings.Contains(string(known.Configuration), `"target_rate_kbps":7`)
	})
	if !secretOpens(t, field, id, second) {
		t.Error("another limit ends the former secret")
	}
	stop()

	field.Change(t, key, "demo", func() { key.Annotations[v1alpha1.RotateAtAnnotation] = "soon" })
	condition := field.WaitCondition(t, key, "demo", v1alpha1.ConditionStalled, isTrue, v1alpha1.ReasonInvalidSpec)
	if !strings.Contains(condition.Message, "metadata.annotations[faspex.io/rotate-at]") {
		t.Errorf("the message is %s", condition.Message)
	}
}

// TestRotationThatWasCutOff: whatever had been done when the operator ended, the next one goes on with the same secret,
// and what the Secret holds opens the node meanwhile.
func TestRotationThatWasCutOff(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"before the node knew": false, "before the Secret had it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field := controllertest.NewReady(t)
			key := field.AccessKey("demo")
			field.Create(t, key)
			field.WaitReady(t, key, "demo")
			id, first := key.Status.ID, string(field.Secret(t, secretName)["secret"])
			stop := useOfTheSecret(t, field)
			const next = "chosen-before-the-crash"
			if told {
				secret := next
				err := field.NodeAPI.Store.UpdateAccessKey(t.Context(), id, store.AccessKeyChange{Secret: &secret,
					FormerSecret: &store.FormerSecret{Secret: first, Until: time.Now().Add(time.Hour)}})
				if err != nil {
					t.Fatal(err)
				}
			}
			secret := &corev1.Secret{}
			field.Change(t, secret, secretName, func() { secret.Data["next_secret"] = []byte(next) })
			if now := rotated(t, field, key, first); now != next {
				t.Errorf("another secret than the one that was chosen: %s", now)
			}
			stop()
			if !secretOpens(t, field, id, first) || !secretOpens(t, field, id, next) {
				t.Error("the node does not take both secrets")
			}
		})
	}
}
