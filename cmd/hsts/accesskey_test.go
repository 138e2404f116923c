package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

func localFolder(p string) *client.Storage { return &client.Storage{Type: "local", Path: p} }

// makeKey makes an access key with c. Its secret is "s".
func makeKey(t *testing.T, c *client.Client, id, folder, configuration string) {
	t.Helper()
	k := client.AccessKey{ID: id, Secret: "s", Storage: localFolder(folder), Configuration: json.RawMessage(configuration)}
	if _, err := c.CreateAccessKey(t.Context(), k); err != nil {
		t.Fatal(err)
	}
}

// basicToken is the credentials of an access key of makeKey as a token.
func basicToken(id string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":s"))
}

// keySpec is a transfer with an access key's own credentials.
func (n *testNode) keySpec(id string, direction transferspec.Direction, source, destination string) transferspec.Spec {
	return transferspec.Spec{
		Direction: direction, RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: n.cfg.Ports.SSH,
		DestinationRoot: destination, CreateDir: true,
		Token: basicToken(id), Paths: []transferspec.Path{{Source: source}},
	}
}

func refusedWith(t *testing.T, what string, spec transferspec.Spec, want string, args ...string) {
	t.Helper()
	out, err := command(t, spec, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), want) {
		t.Errorf("%s: %v: %s", what, err, out)
	}
}

func TestAccessKeyCannotLiftItsLimits(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	makeKey(t, c, "ak", "/default/tenant", `{"transfer":{"target_rate_cap_kbps":1000,"cipher":"aes-256"}}`)
	key := n.client(t, "ak", "s")
	for _, configuration := range []string{`{}`, `{"transfer":{}}`, `{"transfer":{"target_rate_cap_kbps":9000}}`,
		`{"Transfer":{"target_rate_cap_kbps":9000}}`} {
		for _, id := range []string{"self", "ak"} {
			if err := key.UpdateAccessKey(ctx, id, client.AccessKeyUpdate{Configuration: []byte(configuration)}); err == nil {
				t.Errorf("the key changed its own configuration to %s", configuration)
			}
		}
	}
	if err := key.UpdateAccessKey(ctx, "self", client.AccessKeyUpdate{Storage: localFolder("/sub")}); err == nil {
		t.Error("the key changed its own storage")
	}
	makeKey(t, key, "child", "/sub",
		`{"transfer":{"target_rate_cap_kbps":9000,"target_rate_kbps":8000,"cipher":"aes-128"}}`)
	child := n.client(t, "child", "s")
	makeKey(t, child, "grandchild", "/sub", `{}`)
	if err := key.UpdateAccessKey(ctx, "child",
		client.AccessKeyUpdate{Configuration: []byte(`{"transfer":{"target_rate_cap_kbps":-1}}`)}); err == nil {
		t.Error("a rate below zero is accepted")
	}
	for _, id := range []string{"ak", "child", "grandchild"} {
		for _, ask := range []client.TransferRequest{{DestinationRoot: "/"},
			{DestinationRoot: "/", TargetRateKbps: 5000, TargetRateCapKbps: 5000, MinRateKbps: 5000}} {
			spec, err := n.client(t, id, "s").UploadSetup(ctx, ask)
			if err != nil || spec.TargetRateCapKbps != 1000 || spec.TargetRateKbps > 1000 || spec.MinRateKbps > 1000 ||
				spec.Cipher != "aes-256-gcm" {
				t.Errorf("%s: cap %d, target %d, minimum %d, cipher %s, %v", id, spec.TargetRateCapKbps, spec.TargetRateKbps,
					spec.MinRateKbps, spec.Cipher, err)
			}
		}
	}
	// What a client asks for in its session is held to the same.
	local := filepath.Join(t.TempDir(), "f")
	write(t, local, "hello")
	for _, id := range []string{"ak", "child", "grandchild"} {
		spec := n.keySpec(id, transferspec.Send, local, "/")
		refusedWith(t, id, withCipher(spec, "aes-128"), "cipher")
		spec.TargetRateKbps, spec.MinRateKbps = 5000, 5000
		if out, err := command(t, spec).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		eventually(t, "record", func() (any, bool) {
			list, _, err := n.client(t, id, "s").Transfers(ctx, client.TransferQuery{})
			if err != nil || len(list) != 1 {
				return err, false
			}
			s := list[0].StartSpec
			return s, s.TargetRateKbps == 1000 && s.MinRateKbps <= 1000 && s.Cipher == "aes-256-gcm"
		})
	}
	// A transfer that runs is not made faster than its key permits either: not even by the node user.
	slow := filepath.Join(t.TempDir(), "slow.bin")
	write(t, slow, string(make([]byte, 4<<20)))
	spec, err := child.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/",
		Paths:          []transferspec.Path{{Source: slow}},
		TargetRateKbps: 500, RatePolicy: "fixed"})
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, spec)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id := idOf(t, spec)
	awaitStatus(t, c, id, client.StatusRunning)
	n.call(t, "child", "s", "PUT", "/ops/transfers/"+id, `{"target_rate_kbps":900000}`, nil)
	if rate := n.wantedRate(t, id); rate != 1000 {
		t.Errorf("rate asked of the session is %d", rate)
	}
	if err := c.CancelTransfer(ctx, id); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

func withCipher(s transferspec.Spec, cipher string) transferspec.Spec {
	s.Cipher = cipher
	return s
}

// Limits that change hold for tokens that were made before.
func TestAccessKeyLimitsHoldWhenATokenIsUsed(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	makeKey(t, c, "ak", "/default/tenant", "")
	local := filepath.Join(t.TempDir(), "f")
	write(t, local, "hello")
	spec, err := n.client(t, "ak", "s").UploadSetup(ctx,
		client.TransferRequest{DestinationRoot: "/", Paths: []transferspec.Path{{Source: local}}})
	if err != nil {
		t.Fatal(err)
	}
	configuration := []byte(`{"transfer":{"target_rate_cap_kbps":1000,"cipher":"aes-192"}}`)
	if err := c.UpdateAccessKey(ctx, "ak", client.AccessKeyUpdate{Configuration: configuration}); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, "weaker cipher", withCipher(spec, "aes-128"), "cipher")
	spec.TargetRateKbps = 9000
	if out, err := command(t, spec).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := awaitStatus(t, c, idOf(t, spec), client.StatusCompleted)
	if got.StartSpec.TargetRateKbps != 1000 || got.StartSpec.Cipher != "aes-256-gcm" {
		t.Errorf("start spec = %+v", got.StartSpec)
	}
}

func TestDeletedAccessKeyEndsAllMadeWithIt(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	makeKey(t, c, "ak", "/default/tenant", "")
	makeKey(t, n.client(t, "ak", "s"), "child", "/sub", "")
	makeKey(t, n.client(t, "child", "s"), "grandchild", "/sub", "")
	makeKey(t, c, "other", "/default/tenant/sub", "")
	slow := filepath.Join(t.TempDir(), "slow.bin")
	write(t, slow, string(make([]byte, 16<<20)))
	spec, err := n.client(t, "grandchild", "s").UploadSetup(ctx, client.TransferRequest{
		DestinationRoot: "/", Paths: []transferspec.Path{{Source: slow}}, TargetRateKbps: 500, RatePolicy: "fixed",
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, spec)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, c, idOf(t, spec), client.StatusRunning)
	if err := c.DeleteAccessKey(ctx, "ak"); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "cancel") {
		t.Errorf("the session of a key that is gone: %v: %s", err, out.String())
	}
	for _, id := range []string{"ak", "child", "grandchild"} {
		if _, err := n.client(t, id, "s").Info(ctx); !client.IsUnauthorized(err) {
			t.Errorf("%s: %v", id, err)
		}
		refusedWith(t, "basic token of "+id, n.keySpec(id, transferspec.Send, slow, "/"), "access key or secret is wrong")
	}
	refusedWith(t, "token of the grandchild", spec, "token is invalid")
	if _, err := n.client(t, "other", "s").Info(ctx); err != nil {
		t.Errorf("a key of the node user for the same folder: %v", err)
	}
	// Keys made anew with the same ids are other keys.
	makeKey(t, c, "ak", "/default/tenant", "")
	for _, id := range []string{"child", "grandchild"} {
		if _, err := n.client(t, id, "s").Info(ctx); !client.IsUnauthorized(err) {
			t.Errorf("%s is back with its parent: %v", id, err)
		}
	}
	makeKey(t, c, "grandchild", "/default/elsewhere", "")
	refusedWith(t, "token of the former grandchild", spec, "token is invalid")
}

func TestAccessKeyFolderIsTheOneItHasWhenATokenIsUsed(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	for folder, text := range map[string]string{"old": "old tenant", "old/sub": "old child", "new": "new tenant",
		"new/sub": "new child"} {
		write(t, filepath.Join(n.cfg.StorageRoot, "default", folder, "f"), text)
	}
	makeKey(t, c, "ak", "/default/old", "")
	makeKey(t, n.client(t, "ak", "s"), "child", "/sub", "")
	specs := map[string]transferspec.Spec{}
	for _, id := range []string{"ak", "child"} {
		spec, err := n.client(t, id, "s").DownloadSetup(ctx,
			client.TransferRequest{SourceRoot: "/", Paths: []transferspec.Path{{Source: "f"}}})
		if err != nil {
			t.Fatal(err)
		}
		specs[id] = spec
	}
	var before []struct{ ID, Name string }
	n.call(t, "ak", "s", "GET", "/files/1/files", "", &before)
	if err := c.UpdateAccessKey(ctx, "ak", client.AccessKeyUpdate{Storage: localFolder("/default/new")}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"ak": "new tenant", "child": "new child"} {
		target := t.TempDir()
		out, err := command(t, specs[id], target).CombinedOutput()
		if got := files(t, target)["f"]; got != want {
			t.Errorf("token of %s gives %q, %v: %s", id, got, err, out)
		}
	}
	// File ids of the former folder mean nothing in the new one.
	for _, e := range before {
		spec := n.keySpec("ak", transferspec.Receive, ".", t.TempDir())
		spec.Tags = []byte(`{"aspera":{"node":{"access_key":"ak","file_id":"` + e.ID + `"}}}`)
		refusedWith(t, "file id of "+e.Name, spec, "file id does not exist")
	}
	// A folder that is gone is neither made again nor replaced by one above it.
	if err := os.RemoveAll(filepath.Join(n.cfg.StorageRoot, "default/new")); err != nil {
		t.Fatal(err)
	}
	if _, err := n.client(t, "ak", "s").Browse(ctx, client.BrowseRequest{Path: "/"}); !client.IsNotFound(err) {
		t.Errorf("listing of a folder that is gone: %v", err)
	}
	local := filepath.Join(t.TempDir(), "f")
	write(t, local, "x")
	refusedWith(t, "upload into a folder that is gone", n.keySpec("ak", transferspec.Send, local, "/"),
		"folder of the authorization")
	if _, err := os.Lstat(filepath.Join(n.cfg.StorageRoot, "default/new")); err == nil {
		t.Error("the key's folder was made again")
	}
}

// wantedRate is what the node was asked to run a transfer at.
func (n *testNode) wantedRate(t *testing.T, id string) (kbps int64) {
	t.Helper()
	if err := mariadbd.Open(t, n.env.Database).QueryRow("SELECT COALESCE(wanted_rate_kbps, 0) FROM transfers WHERE id = ?",
		id).Scan(&kbps); err != nil {
		t.Fatal(err)
	}
	return kbps
}
