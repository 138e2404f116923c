package service_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/s3d"
)

// A package whose storage is a bucket is uploaded, released, downloaded and removed as one in a folder is.
func TestPackageInABucket(t *testing.T) {
	t.Parallel()
	server := s3d.Start(t)
	s := &scene{t: t, in: faspextest.Start(t, nil), node: faspextest.StartBucketNode(t, server), clock: &clock{now: time.Now()}}
	s.nodeID = s.in.Register(t, "north", s.node)
	s.alice, s.bob = s.in.User(t, "Alice", "Sender", ""), s.in.User(t, "Bob", "Recipient", "")
	s.worker = s.in.Worker(t, "worker-1", s.clock.Now)
	source := filepath.Join(t.TempDir(), "files")
	content := map[string][]byte{"a.txt": []byte("1234567"), "deep/big.bin": bytes.Repeat([]byte("0123456789abcdef"), 9<<16)}
	for name, data := range content {
		p := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := s.create(nil)
	spec, err := s.alice.UploadSpec(t.Context(), p.ID, []string{"files"})
	if err != nil {
		t.Fatal(err)
	}
	faspextest.Send(t, spec, source)
	s.run()
	s.want(p, "released", "completed")
	var inBucket []string
	for _, o := range server.Objects(t, "faspex/") {
		if strings.HasSuffix(o, "/files/deep/big.bin") || strings.HasSuffix(o, "/files/a.txt") {
			inBucket = append(inBucket, o)
		}
	}
	if len(inBucket) != len(content) {
		t.Errorf("the bucket has %q", server.Objects(t, ""))
	}
	down, err := s.bob.DownloadSpec(t.Context(), p.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	faspextest.Receive(t, down, dir)
	for name, want := range content {
		found, err := filepath.Glob(filepath.Join(dir, "PKG - *", "files", name))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s is at %q, %v", name, found, err)
		}
		if got, err := os.ReadFile(found[0]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what was sent: %v", name, err)
		}
	}
	if err := s.alice.DeletePackages(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	s.run()
	if left := server.Objects(t, "faspex/"); strings.Contains(strings.Join(left, " "), p.PackageUUID) {
		t.Errorf("after the package was deleted the bucket has %q", left)
	}
}
