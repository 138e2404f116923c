package main

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

func writeStorageKeys(t *testing.T, dir, active string, keys ...string) {
	t.Helper()
	write(t, filepath.Join(dir, "active"), active)
	for _, id := range keys {
		write(t, filepath.Join(dir, id), base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(id[:1]), 32)))
	}
}

// TestStorageIsEncrypted has a node encrypt what it stores: the disk has nothing of it, clients
// and the Node API see it as it is.
func TestStorageIsEncrypted(t *testing.T) {
	t.Parallel()
	database := mariadbd.Start(t).Database(t)
	n := newNode(t, "n1", database)
	keys := filepath.Join(t.TempDir(), "keys")
	writeStorageKeys(t, keys, "a", "a")
	n.cfg.Secrets.StorageKeys = map[string]string{"default": keys}
	n.start(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	source := t.TempDir()
	want := tree(t, source)
	// The holes of a sparse file become zeros that are encrypted.
	sparse := make([]byte, 6<<20)
	copy(sparse[5<<20:], "data")
	want["sparse"] = string(sparse)
	file, err := os.Create(filepath.Join(source, "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(sparse[5<<20:], 5<<20); err != nil {
		t.Fatal(err)
	}
	file.Close()
	var paths []transferspec.Path
	for _, name := range []string{"empty", "with space & ü", "sub", "large.bin", "sparse"} {
		paths = append(paths, transferspec.Path{Source: filepath.Join(source, name)})
	}
	up, err := c.UploadSetup(ctx, client.TransferRequest{DestinationRoot: "/default/p1", Paths: paths})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := command(t, up).CombinedOutput(); err != nil {
		t.Fatalf("upload: %v: %s", err, out)
	}
	onDisk := 0
	err = filepath.WalkDir(filepath.Join(n.cfg.StorageRoot, "default/p1"), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		onDisk++
		raw, err := os.ReadFile(p)
		if !bytes.HasPrefix(raw, []byte("\x89FSPXENV")) || bytes.Contains(raw, []byte("hello")) {
			t.Errorf("%s is not encrypted", p)
		}
		return err
	})
	if err != nil || onDisk != len(want) {
		t.Errorf("%d files on disk, want %d, %v", onDisk, len(want), err)
	}
	listing, err := c.Browse(ctx, client.BrowseRequest{Path: "/default/p1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range listing.Items {
		if size := int64(len(want[e.Basename])); e.Type == "file" && e.Size != size {
			t.Errorf("%s is listed with %d bytes, want %d", e.Basename, e.Size, size)
		}
	}
	// A new key is for new files; those of the former one are still read, here by another node.
	writeStorageKeys(t, keys, "b", "b")
	second := newNode(t, "n2", database)
	second.cfg.StorageRoot, second.cfg.Secrets.StorageKeys = n.cfg.StorageRoot, n.cfg.Secrets.StorageKeys
	second.start(t)
	down, err := second.client(t, "node", nodePassword).DownloadSetup(ctx,
		client.TransferRequest{SourceRoot: "/default/p1"})
	if err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	if out, err := command(t, down, target).CombinedOutput(); err != nil {
		t.Fatalf("download: %v: %s", err, out)
	}
	if diff := cmp.Diff(want, files(t, target)); diff != "" {
		t.Errorf("received: %.500s", diff)
	}
}
