package nodeapi_test

import (
	"testing"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// A secret that was replaced is good beside the new one until the time that was said, and a guess costs one hash then
// too.
func TestFormerSecretIsGoodUntilItsTime(t *testing.T) {
	a := start(t)
	ctx, c := t.Context(), a.master(t)
	createKey(t, c, "ak-1", "first", "/tenants/a")
	opens := func(secret string) bool {
		t.Helper()
		_, err := a.client(t, "ak-1", secret).AccessKey(ctx, "self")
		if err != nil && !client.IsUnauthorized(err) {
			t.Fatal(err)
		}
		return err == nil
	}
	rotate := func(secret, former string, until time.Time) {
		t.Helper()
		err := c.UpdateAccessKey(ctx, "ak-1", client.AccessKeyUpdate{Secret: &secret, FormerSecret: former, FormerSecretUntil: &until})
		if err != nil {
			t.Fatal(err)
		}
	}
	told := func() *time.Time {
		t.Helper()
		k, err := c.AccessKey(ctx, "ak-1")
		if err != nil {
			t.Fatal(err)
		}
		return k.FormerSecretUntil
	}
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	rotate("second", "first", until)
	if !opens("first") || !opens("second") {
		t.Error("one of two secrets does not open the key")
	}
	if at := told(); at == nil || !at.Equal(until) {
		t.Errorf("the former secret ends at %v, want %v", at, until)
	}
	before := a.store.Hashed()
	if opens("wrong") || a.store.Hashed()-before != 1 {
		t.Errorf("a wrong secret costs %d hashes, or opens the key", a.store.Hashed()-before)
	}
	limits := client.AccessKeyUpdate{Configuration: []byte(`{"transfer":{"target_rate_kbps":5}}`)}
	if err := c.UpdateAccessKey(ctx, "ak-1", limits); err != nil || !opens("first") || told() == nil {
		t.Errorf("a change of something else ends the former secret: %v", err)
	}
	rotate("third", "second", time.Now().Add(-time.Second))
	if opens("first") || opens("second") || !opens("third") || told() != nil {
		t.Error("a secret outlives its time")
	}
	rotate("fourth", "third", until)
	last := "fifth"
	if err := c.UpdateAccessKey(ctx, "ak-1", client.AccessKeyUpdate{Secret: &last}); err != nil {
		t.Fatal(err)
	}
	if opens("third") || opens("fourth") || !opens("fifth") {
		t.Error("a new secret does not end the former ones")
	}
	status(t, c.UpdateAccessKey(ctx, "ak-1", client.AccessKeyUpdate{FormerSecret: "x", FormerSecretUntil: &until}), 400)
	status(t, c.UpdateAccessKey(ctx, "ak-1", client.AccessKeyUpdate{Secret: &last, FormerSecret: "x"}), 400)
}
