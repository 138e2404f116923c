package core_test

import (
	"bytes"
	"testing"
	"time"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
)

// TestTransferSpecsLiveMinutes reads the tokens that the node sealed: a right that is taken away
// lives on in none of them for long.
func TestTransferSpecsLiveMinutes(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	keys, err := token.NewKeyring(token.Keys{Active: "k1",
		ByID: map[string][]byte{"k1": bytes.Repeat([]byte{7}, token.KeySize)}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "Plans", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, spec transferspec.Spec, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		grant, err := keys.Open(spec.Token)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if life := time.Until(grant.ExpiresAt); life > 10*time.Minute || life < 5*time.Minute {
			t.Errorf("%s: good for %v", name, life)
		}
	}
	spec, err := x.alice.UploadSpec(ctx, p.ID, nil)
	check("upload", spec, err)
	spec, err = x.alice.UploadSpec(ctx, p.ID, nil)
	check("resumed upload", spec, err)
	x.deliver(t, p.ID)
	spec, err = x.bob.DownloadSpec(ctx, p.ID, nil)
	check("download", spec, err)
	spec, err = x.alice.DownloadSentSpec(ctx, p.ID, nil)
	check("sender's download", spec, err)
}
