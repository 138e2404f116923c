package nodeapi_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
)

func asError(err error, target **client.Error) bool { return errors.As(err, target) }

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got): %s", what, diff)
	}
}

func status(t *testing.T, err error, want int) {
	t.Helper()
	var e *client.Error
	if !asError(err, &e) || e.Status != want || e.UserMessage == "" {
		t.Errorf("error = %v, want status %d", err, want)
	}
}

func createKey(t *testing.T, c *client.Client, id, secret, path string) client.AccessKey {
	t.Helper()
	k, err := c.CreateAccessKey(t.Context(), client.AccessKey{ID: id, Secret: secret,
		Storage: &client.Storage{Type: "local", Path: path}})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAccessKeyLife(t *testing.T) {
	a := start(t)
	ctx, c := t.Context(), a.master(t)
	made := createKey(t, c, "ak-1", "s3cret", "/tenants/a")
	equal(t, "created", made, client.AccessKey{ID: "ak-1", Secret: "s3cret", RootFileID: "1",
		Storage: &client.Storage{Type: "local", Path: "/tenants/a"}})
	_, err := c.CreateAccessKey(ctx, client.AccessKey{ID: "ak-1", Secret: "x",
		Storage: &client.Storage{Type: "local", Path: "/b"}})
	if !client.IsConflict(err) {
		t.Errorf("second create: %v", err)
	}
	random := createKey(t, c, "", "", "/tenants/b")
	if len(random.ID) < 20 || len(random.Secret) < 40 {
		t.Errorf("made up id and secret: %d and %d characters", len(random.ID), len(random.Secret))
	}
	list, err := c.AccessKeys(ctx)
	if err != nil || len(list) != 2 {
		t.Fatalf("list = %v, %v", list, err)
	}
	for _, k := range list {
		if k.Secret != "" {
			t.Error("a list holds a secret")
		}
	}
	key := a.client(t, "ak-1", "s3cret")
	self, err := key.AccessKey(ctx, "self")
	if err != nil || self.ID != "ak-1" || self.RootFileID != "1" || self.Secret != "" {
		t.Errorf("self = %+v, %v", self, err)
	}
	if _, err := c.AccessKey(ctx, "self"); !client.IsNotFound(err) {
		t.Errorf("self of the node user: %v", err)
	}
	other := "n3w"
	if err := c.UpdateAccessKey(ctx, "ak-1", client.AccessKeyUpdate{Secret: &other}); err != nil {
		t.Fatal(err)
	}
	if _, err := key.AccessKey(ctx, "self"); !client.IsUnauthorized(err) {
		t.Errorf("old secret: %v", err)
	}
	if err := c.DeleteAccessKey(ctx, "ak-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.client(t, "ak-1", "n3w").Info(ctx); !client.IsUnauthorized(err) {
		t.Errorf("deleted key: %v", err)
	}
	if err := c.DeleteAccessKey(ctx, "ak-1"); !client.IsNotFound(err) {
		t.Errorf("second delete: %v", err)
	}
}

func TestAccessKeyRequestsThatAreRefused(t *testing.T) {
	a := start(t)
	c := a.master(t)
	local := &client.Storage{Type: "local", Path: "/x"}
	for name, k := range map[string]client.AccessKey{
		"no storage":         {ID: "a"},
		"no path":            {ID: "a", Storage: &client.Storage{Type: "local"}},
		"object storage":     {ID: "a", Storage: &client.Storage{Type: "aws_s3", Path: "/"}},
		"id with a slash":    {ID: "a/b", Storage: local},
		"id self":            {ID: "self", Storage: local},
		"id of the user":     {ID: nodeUser, Storage: local},
		"verification key":   {ID: "a", Storage: local, TokenVerificationKey: "no pem"},
		"configuration":      {ID: "a", Storage: local, Configuration: []byte(`{"transfer":{"target_rate_kbps":"fast"}}`)},
		"long secret":        {ID: "a", Storage: local, Secret: strings.Repeat("x", 257)},
		"NUL in the path":    {ID: "a", Storage: &client.Storage{Type: "local", Path: "/a\x00"}},
		"name that is large": {ID: "a", Storage: &client.Storage{Type: "local", Path: "/" + strings.Repeat("x", 300)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.CreateAccessKey(t.Context(), k)
			status(t, err, 400)
		})
	}
}

func TestAccessKeySeesItsFolderAlone(t *testing.T) {
	a := start(t)
	ctx, c := t.Context(), a.master(t)
	a.write(t, "secret.txt", "x")
	a.write(t, "tenants/a/mine.txt", "x")
	a.write(t, "tenants/b/theirs.txt", "x")
	createKey(t, c, "a", "sa", "/tenants/a")
	createKey(t, c, "b", "sb", "/tenants/b")
	key := a.client(t, "a", "sa")
	if err := os.Symlink("../b", filepath.Join(a.dir, "tenants/a/link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/../../secret.txt": 404, "/tenants/b": 404, "/link/theirs.txt": 403,
		"/link/not-there": 403} {
		_, err := key.Browse(ctx, client.BrowseRequest{Path: path})
		status(t, err, want)
	}
	listing, err := key.Browse(ctx, client.BrowseRequest{Path: "/.."})
	if err != nil || listing.TotalCount != 2 || listing.Items[1].Path != "/mine.txt" {
		t.Errorf("root = %+v, %v", listing, err)
	}
	status(t, key.Delete(ctx, "/link/theirs.txt"), 403)
	status(t, key.Delete(ctx, "/../b/theirs.txt"), 404)
	status(t, key.Delete(ctx, "/"), 403)
	if _, err := key.AccessKey(ctx, "b"); !client.IsNotFound(err) {
		t.Errorf("another key: %v", err)
	}
	status(t, key.DeleteAccessKey(ctx, "a"), 403)
	spec, err := key.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/../b"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := a.keys.Open(spec.Token)
	if err != nil || g.Root != "/" || g.KeyCreatedUsec == 0 || g.AccessKey != "a" || g.Paths[0].Destination != "/b" {
		t.Errorf("grant = %+v, %v", g, err)
	}
	child := createKey(t, key, "a-child", "sc", "/sub")
	equal(t, "child's folder as its maker sees it", child.Storage.Path, "/sub")
	if k, err := c.AccessKey(ctx, "a-child"); err != nil || k.Storage.Path != "/tenants/a/sub" {
		t.Errorf("child = %+v, %v", k, err)
	}
	if _, err := key.CreateAccessKey(ctx, client.AccessKey{ID: "up", Secret: "x",
		Storage: &client.Storage{Type: "local", Path: "/../"}}); err == nil {
		t.Error("a key makes a key for its own root")
	}
}

func TestAccessKeyLimitsItsTransfers(t *testing.T) {
	a := start(t)
	ctx, c := t.Context(), a.master(t)
	_, err := c.CreateAccessKey(ctx, client.AccessKey{ID: "ak", Secret: "s",
		Storage:       &client.Storage{Type: "local", Path: "/k"},
		Configuration: []byte(`{"transfer":{"target_rate_kbps":1000,"target_rate_cap_kbps":2000,"policy":"low","cipher":"aes-128"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	key := a.client(t, "ak", "s")
	for name, tt := range map[string]struct {
		req         client.TransferRequest
		target, cap int64
		policy      string
	}{
		"nothing asked": {client.TransferRequest{}, 1000, 2000, "low"},
		"less asked": {client.TransferRequest{TargetRateKbps: 500, TargetRateCapKbps: 700, RatePolicy: "high"}, 500, 700,
			"high"},
		"too much asked": {client.TransferRequest{TargetRateKbps: 9000, TargetRateCapKbps: 9000, RatePolicy: "rude"}, 2000,
			2000, "low"},
	} {
		spec, err := key.UploadSetup(ctx, tt.req)
		if err != nil {
			t.Fatal(err)
		}
		g, err := a.keys.Open(spec.Token)
		if err != nil {
			t.Fatal(err)
		}
		if spec.TargetRateKbps != tt.target || g.Rates.TargetCapKbps != tt.cap || g.Rates.Policy != tt.policy ||
			spec.Cipher != "aes-128-gcm" {
			t.Errorf("%s: spec %+v, rates %+v", name, spec, g.Rates)
		}
	}
}
