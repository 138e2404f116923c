package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
)

// sealedWith is the id of the key that a transfer token was sealed with.
func sealedWith(t *testing.T, text string) string {
	t.Helper()
	sealed, err := base64.RawURLEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(text, "ATM3_"), "TA"))
	if err != nil || len(sealed) < 2 || len(sealed) < 2+int(sealed[1]) {
		t.Fatalf("no token: %v", err)
	}
	return string(sealed[2 : 2+int(sealed[1])])
}

// node-36 at the node: keys turn while it runs, a transfer that began before goes on after the second step, and a token of
// a key that was dropped opens nothing. What the operator does to the keys and to the pods is in TestTokenKeysTurn of
// controllers/transfernode.
func TestTransferGoesOnWhileTokenKeysTurn(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := n.client(t, "node", nodePassword)
	source := filepath.Join(t.TempDir(), "big")
	const size = 6 << 20
	write(t, source, strings.Repeat("0123456789abcdef", size/16))
	setup := func() transferspec.Spec {
		t.Helper()
		spec, err := c.UploadSetup(t.Context(), client.TransferRequest{
			DestinationRoot: "/default/up", Paths: []transferspec.Path{{Source: source}}, TargetRateKbps: 8000, RatePolicy: "fixed",
		})
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	spec := setup()
	running := command(t, spec)
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "half of the file", func() (any, bool) {
		tr, err := c.Transfer(t.Context(), idOf(t, spec))
		return tr.BytesTransferred, err == nil && tr.BytesTransferred > size/2
	})
	if err := running.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = running.Wait() // It was killed.

	keys := n.cfg.Secrets.TokenKeys
	turned := func(id string) {
		t.Helper()
		eventually(t, "tokens of "+id, func() (any, bool) {
			by := sealedWith(t, setup().Token)
			return by, by == id
		})
	}
	writeTokenKeys(t, keys, "k1", "k1", "k2") // the first step
	turned("k1")
	writeTokenKeys(t, keys, "k2", "k1", "k2") // the second
	turned("k2")
	spec.TargetRateKbps, spec.RatePolicy = 0, "fair"
	if out := run(t, spec); out != "" {
		t.Fatalf("after the second step: %s", out)
	}
	done := awaitStatus(t, c, idOf(t, spec), client.StatusCompleted)
	if len(done.Sessions) != 2 || done.Sessions[1].BytesTransferred >= size*3/4 {
		t.Errorf("the transfer did not go on where it was: %+v", done.Sessions)
	}
	if err := os.Remove(filepath.Join(keys, "k1")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the first key", func() (any, bool) {
		out := run(t, spec)
		return out, strings.Contains(out, "error 37: ")
	})
}
