package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
)

// A bucket is a folder at the top of the storage for node users, at every node: what they do in folders of the host they
// do in it, and nothing leads from one into the other.
func TestMountedBucket(t *testing.T) {
	t.Parallel()
	s, nodes := startBucketNodes(t, "n1", "n2")
	n := nodes[0]
	ctx, node, other := t.Context(), n.client(t, "node", nodePassword), nodes[1].client(t, "node", nodePassword)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(node.Mount(ctx, "packages", *bucket(s, "/team")))
	// Both have the folder "default" of a host each.
	names := func(c *client.Client, folder string) []string {
		t.Helper()
		l, err := c.Browse(ctx, client.BrowseRequest{Path: folder})
		do(err)
		all := []string{}
		for _, e := range l.Items {
			all = append(all, e.Type+" "+e.Path)
		}
		return all
	}
	if got := names(other, "/"); !slices.Equal(got, []string{"directory /default", "directory /packages"}) {
		t.Errorf("the top has %q", got)
	}
	do(node.CreateDirectory(ctx, "/packages/a/deep"))
	do(node.CreateFile(ctx, "/packages/a/one", []byte("1")))
	if got := names(other, "/packages/a"); !slices.Equal(got, []string{"directory /packages/a/deep",
		"file /packages/a/one"}) {
		t.Errorf("the folder has %q", got)
	}
	do(node.Rename(ctx, "/packages/a", "one", "eins"))
	do(node.Delete(ctx, "/packages/a/deep"))
	if objects := s.Objects(t, ""); !slices.Contains(objects, "team/a/eins") {
		t.Errorf("the bucket has %q", objects)
	}
	space, err := node.Space(ctx, "/packages")
	if err != nil || space.BytesTotal != 0 {
		t.Errorf("the space is %+v, %v", space, err)
	}
	for what, err := range map[string]error{
		"removed":                    node.Delete(ctx, "/packages"),
		"renamed":                    node.Rename(ctx, "/", "packages", "other"),
		"mounted twice":              node.Mount(ctx, "default", *bucket(s, "/team")),
		"mounted by a key":           makeBucketKey(t, n, s, "ak", "/").Mount(ctx, "mine", *bucket(s, "/team")),
		"mounted beneath a folder":   node.Mount(ctx, "a/b", *bucket(s, "/team")),
		"made again":                 node.CreateDirectory(ctx, "/packages"),
		"reached by its inner name":  node.CreateDirectory(ctx, "/.faspex-storage/x"),
		"mounted without its bucket": node.Mount(ctx, "none", client.Storage{Type: "local", Path: "/"}),
	} {
		if err == nil {
			t.Errorf("a storage is %s", what)
		}
	}

	source := filepath.Join(t.TempDir(), "pack")
	want := tree(t, source)
	want["big.bin"] = large(t, filepath.Join(source, "big.bin"), 9<<20)
	up, err := node.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/packages/in"})
	do(err)
	up.Paths = []transferspec.Path{{Source: source}}
	if out, err := command(t, up).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if objects := s.Objects(t, "team/in/pack/"); !slices.Contains(objects, "team/in/pack/big.bin") {
		t.Errorf("the bucket has %q", objects)
	}
	down, err := other.DownloadSetup(ctx, client.TransferRequest{Paths: []transferspec.Path{{Source: "/packages/in/pack"}}})
	do(err)
	dir := t.TempDir()
	down.DestinationRoot = dir
	if out, err := command(t, down).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, filepath.Join(dir, "pack"))); diff != "" {
		t.Error(diff)
	}
	do(node.CreateFile(ctx, "/default/f", []byte("1")))
	both, err := node.DownloadSetup(ctx, client.TransferRequest{Paths: []transferspec.Path{{Source: "/packages/a/eins"},
		{Source: "/default/f"}}})
	do(err)
	both.DestinationRoot = dir
	refusedWith(t, "a download out of two storages", both, "in different storages")

	// A key for a folder in it sees the same files by the same ids, whoever renames them.
	makeKey(t, node, "below", "/packages/in", `{}`)
	var listed []struct{ ID, Name string }
	n.call(t, "below", "s", http.MethodGet, "/files/1/files", "", &listed)
	if len(listed) != 1 || listed[0].Name != "pack" {
		t.Fatalf("the key sees %v", listed)
	}
	id := listed[0].ID
	do(node.Rename(ctx, "/packages/in", "pack", "sent"))
	n.call(t, "below", "s", http.MethodGet, "/files/1/files", "", &listed)
	if len(listed) != 1 || listed[0].Name != "sent" || listed[0].ID != id {
		t.Errorf("after the rename the key sees %v, it was %s", listed, id)
	}

	do(node.Unmount(ctx, "packages"))
	if got := names(other, "/"); !slices.Equal(got, []string{"directory /default"}) {
		t.Errorf("after the end of the mount the top has %q", got)
	}
	if err := node.Unmount(ctx, "packages"); !client.IsNotFound(err) {
		t.Errorf("the end of what is not there: %v", err)
	}
	if objects := s.Objects(t, "team/in/sent/"); len(objects) < len(want) {
		t.Errorf("the bucket has %q", objects)
	}
	if _, err := os.Stat(filepath.Join(n.cfg.StorageRoot, "packages")); err == nil {
		t.Error("a folder of the host was made")
	}
	if strings.Contains(n.log.String(), bucketSecret) {
		t.Error("the secret is in the log")
	}
}
