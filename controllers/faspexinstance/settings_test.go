package faspexinstance

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/faspexapi"
	faspexclient "faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/test/faspextest"
)

// realCore is a real core behind the operator's own client.
type realCore struct {
	client *faspexclient.Client
	down   bool
	calls  int
}

func (c *realCore) Connect(context.Context, *v1alpha1.FaspexInstance) (faspexapi.API, error) {
	c.calls++
	if c.down {
		return nil, errors.New("connection refused")
	}
	return c.client, nil
}

func document(values map[string]any) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, value := range values {
		raw, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		out[name] = raw
	}
	return out
}

// What the object says of settings and of the mail server reaches a real core, is the object's there, follows the
// object and its Secret, and is given back when the object says nothing any more.
func TestSettingsOfTheSpecReachFaspex(t *testing.T) {
	t.Parallel()
	b, in := newBench(t), faspextest.Start(t, nil)
	faspex := &realCore{client: in.Admin}
	b.r.faspex = faspex
	instance := b.external("settings")
	b.create(instance)
	wantReady(t, b.settle())
	if faspex.calls != 0 {
		t.Errorf("an object that decides nothing asked Faspex %d times", faspex.calls)
	}
	holds := func() settings.Configuration {
		t.Helper()
		c, err := settings.ReadConfiguration(t.Context(), in.Store)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	claims := func() settings.Claims {
		t.Helper()
		c, _, err := settings.ReadClaims(t.Context(), in.Store)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	version := func() int64 {
		t.Helper()
		_, stored, err := mail.ReadServer(t.Context(), in.Store)
		if err != nil {
			t.Fatal(err)
		}
		return stored
	}

	b.patch("demo", instance, func() {
		instance.Spec.Configuration = document(map[string]any{"session_timeout_minutes": 15,
			"registration_blocklist": []string{"example.org"}, "announcement": "Back at eight"})
		instance.Spec.Mail = &v1alpha1.MailSpec{Host: "mail.example.com", From: v1alpha1.MailAddress{Email: "faspex@example.com"},
			CredentialsSecretRef: &v1alpha1.SecretReference{Name: "smtp"}}
	})
	want(t, b.settle(), v1alpha1.ConditionSettingsApplied, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound,
		"spec.mail.credentialsSecretRef")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "smtp", Namespace: b.namespace},
		Data: map[string][]byte{"username": []byte("faspex"), "password": []byte("mail-Pass-1")}}
	b.create(secret)
	wantReady(t, b.settle())
	if c := holds(); c.SessionTimeoutMinutes != 15 || c.Announcement != "Back at eight" || len(c.RegistrationBlocklist) != 1 {
		t.Errorf("holds: %+v", c)
	}
	if c := claims(); c.Manager != "FaspexInstance "+b.namespace+"/demo" || len(c.Configuration) != 3 || !c.SMTP {
		t.Errorf("claims: %+v", c)
	}
	if err := in.Admin.Configure(t.Context(), map[string]any{"session_timeout_minutes": 30}); !faspexclient.IsConflict(err) {
		t.Errorf("an admin changed what the object decides: %v", err)
	}
	before := version()
	b.settle()
	if version() != before {
		t.Error("the mail server was written again without a change")
	}
	b.patch("smtp", secret, func() { secret.Data["password"] = []byte("mail-Pass-2") })
	wantReady(t, b.settle())
	if version() == before {
		t.Error("another password in the Secret did not reach Faspex")
	}

	// What Faspex refuses is told by the field of the spec, and heals when the spec does.
	b.patch("demo", instance, func() { instance.Spec.Configuration = document(map[string]any{"session_timeout_minutes": 0}) })
	i := b.settle()
	want(t, i, v1alpha1.ConditionSettingsApplied, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec,
		"spec.configuration.session_timeout_minutes")
	want(t, i, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec, "")
	b.patch("demo", instance, func() { instance.Spec.Configuration, instance.Spec.Mail = nil, nil })
	i = b.settle()
	wantReady(t, i)
	if c := claims(); len(c.Configuration) != 0 || c.SMTP || holds().SessionTimeoutMinutes != 15 || i.Status.DecidesSettings != nil {
		t.Errorf("given back: %+v, %+v, %v", c, holds().SessionTimeoutMinutes, i.Status.DecidesSettings)
	}
	calls := faspex.calls
	b.settle()
	if faspex.calls != calls {
		t.Error("Faspex is asked although the object decides nothing any more")
	}
	b.patch("demo", instance, func() { instance.Spec.Configuration = document(map[string]any{"announcement": "x"}) })
	faspex.down = true
	if _, err := b.reconcile(); err == nil {
		t.Error("a Faspex that does not answer is not tried again")
	}
	want(t, b.instance(), v1alpha1.ConditionSettingsApplied, metav1.ConditionFalse, v1alpha1.ReasonFaspexUnreachable, "")
}
