package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

const packageTags = `{"aspera":{"faspex":{"package_id":"p1"}}}`

func TestFaspexTagsAreTheNodeUsersAlone(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	makeKey(t, c, "ak", "/default/tenant", "")
	local := filepath.Join(t.TempDir(), "f")
	write(t, local, "x")
	key := n.client(t, "ak", "s")
	for _, tags := range []string{packageTags, `{"aspera":{"Faspex":{"package_id":"p1"}}}`,
		`{"ASPERA":{"f\u0061spex":{}}}`, `{"aspera":{"faspex":{}},"aspera":{}}`} {
		if _, err := key.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/", Tags: []byte(tags)}); err == nil {
			t.Errorf("upload setup of a key with %s", tags)
		}
		if _, err := key.DownloadSetup(ctx, client.TransferRequest{SourceRoot: "/", Tags: []byte(tags)}); err == nil {
			t.Errorf("download setup of a key with %s", tags)
		}
		spec := n.keySpec("ak", transferspec.Send, local, "/")
		spec.Tags = []byte(tags)
		refusedWith(t, "session with "+tags, spec, "aspera.faspex")
	}
	// The tags of a transfer token are those in its seal, whatever the client says.
	spec, err := key.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/",
		Paths: []transferspec.Path{{Source: local}}})
	if err != nil {
		t.Fatal(err)
	}
	id := idOf(t, spec)
	spec.Tags = []byte(packageTags)
	if out, err := command(t, spec).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := awaitStatus(t, c, id, client.StatusCompleted)
	if strings.Contains(string(got.StartSpec.Tags), "faspex") {
		t.Errorf("tags of the session's own: %s", got.StartSpec.Tags)
	}
	if s := got.StartSpec; s.TokenType != "transfer" || s.ServerAccessKey != "ak" || s.ServerTokenUserID != "ak" {
		t.Errorf("who issued the token: %+v", s)
	}
}

// TestRevokedTokens: a token is refused on every node, and what runs with it ends, wherever it runs.
func TestRevokedTokens(t *testing.T) {
	t.Parallel()
	database := mariadbd.Start(t).Database(t)
	first, second := startNodeOf(t, "n1", database), startNodeOf(t, "n2", database)
	ctx, c := t.Context(), first.client(t, "node", nodePassword)
	makeKey(t, c, "ak", "/default", "")
	slow := filepath.Join(t.TempDir(), "slow.bin")
	write(t, slow, string(make([]byte, 4<<20)))
	small := filepath.Join(t.TempDir(), "small.bin")
	write(t, small, "hello")
	setup := func(file string) transferspec.Spec {
		t.Helper()
		spec, err := c.UploadSetup(ctx, client.TransferRequest{
			DestinationRoot: "/default/p1", Paths: []transferspec.Path{{Source: file}}, Tags: []byte(packageTags),
			TargetRateKbps: 500, RatePolicy: "fixed",
		})
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	running := setup(slow)
	running.SSHPort, running.FASPPort, running.SSHFP = second.cfg.Ports.SSH, second.cfg.Ports.UDP, ""
	cmd := command(t, running)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, c, idOf(t, running), client.StatusRunning)
	unused := setup(slow)
	revocation := client.Revocation{Tags: []byte(packageTags), Direction: "send"}
	if err := first.client(t, "ak", "s").Revoke(ctx, revocation); err == nil {
		t.Error("an access key withdraws tokens")
	}
	for _, bad := range []client.Revocation{{Tags: []byte(`{}`)}, {Tags: []byte(`{"aspera":{}}`)},
		{Tags: revocation.Tags, Direction: "both"}} {
		if err := c.Revoke(ctx, bad); err == nil {
			t.Errorf("%s %s is accepted", bad.Tags, bad.Direction)
		}
	}
	if err := c.Revoke(ctx, revocation); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(out.String(), "cancel") {
		t.Errorf("the session of a token that was withdrawn: %v: %s", err, out.String())
	}
	refusedWith(t, "token that was withdrawn", unused, "was withdrawn")
	unused.SSHPort, unused.FASPPort, unused.SSHFP = second.cfg.Ports.SSH, second.cfg.Ports.UDP, ""
	refusedWith(t, "token that was withdrawn, other node", unused, "was withdrawn")
	if out, err := command(t, setup(small)).CombinedOutput(); err != nil {
		t.Errorf("a token that was issued later: %v: %s", err, out)
	}
}

func TestUsesOfTokensAreCounted(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	makeKey(t, c, "ak", "/default", "")
	write(t, filepath.Join(n.cfg.StorageRoot, "default/p1/f"), "hello")
	ask := client.TransferRequest{SourceRoot: "/default/p1", Paths: []transferspec.Path{{Source: "f"}},
		Uses: &client.Uses{Name: "p1", Limit: 1}}
	if _, err := n.client(t, "ak", "s").DownloadSetup(ctx, ask); err == nil {
		t.Error("an access key limits uses")
	}
	for _, bad := range []client.Uses{{}, {Name: "p1"}, {Name: "p1", Limit: -1}, {Limit: 1},
		{Name: strings.Repeat("x", 256), Limit: 1}} {
		wrong := ask
		wrong.Uses = &bad
		if _, err := c.DownloadSetup(ctx, wrong); err == nil {
			t.Errorf("%.30v is accepted", bad)
		}
	}
	var specs [2]transferspec.Spec
	for i := range specs {
		var err error
		if specs[i], err = c.DownloadSetup(ctx, ask); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := specs[1]
	elsewhere.SourceRoot, elsewhere.Paths = "", []transferspec.Path{{Source: "/default/other"}}
	refusedWith(t, "path that is not allowed", elsewhere, "not allowed", t.TempDir())
	for range 2 {
		if out, err := command(t, specs[0], t.TempDir()).CombinedOutput(); err != nil {
			t.Errorf("the token that was used first: %v: %s", err, out)
		}
	}
	refusedWith(t, "second token", specs[1], "as often as allowed", t.TempDir())
}
