package buckets_test

import (
	"bytes"
	"crypto/x509"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/dataplane/buckets"
	"faspex.io/operator/dataplane/objectstore"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/unfinished"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// field is object storages with a real database and a real server.
type field struct {
	*buckets.Buckets
	server *s3d.Server
	db     *sql.DB
	keys   *token.Keyring
	log    *bytes.Buffer
}

// Keys that seal.
var one, two = bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)

func start(t *testing.T) *field {
	t.Helper()
	cfg := mariadbd.Start(t).Database(t)
	s, err := store.New(cfg)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	must(t, s.Migrate(t.Context()))
	keys, err := token.NewKeyring(token.Keys{Active: "k1", ByID: map[string][]byte{"k1": one}})
	must(t, err)
	f := &field{server: s3d.Start(t), db: mariadbd.Open(t, cfg), keys: keys, log: &bytes.Buffer{}}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(f.server.CA)
	f.Buckets = buckets.New(buckets.Options{Store: s, Keys: keys, Authorities: pool, KeepUploads: time.Hour,
		Memory: objectstore.NewMemory(objectstore.DefaultMemory, 0), Logger: slog.New(slog.NewTextHandler(f.log, nil))})
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *field) settings() objectstore.Settings {
	return objectstore.Settings{Type: "aws_s3", Endpoint: f.server.Endpoint, Bucket: f.server.Bucket, Path: "/",
		Region: "us-east-1"}
}

// make makes a storage, and returns its path.
func (f *field) make(t *testing.T) store.ObjectStorage {
	t.Helper()
	made, err := f.Seal(f.settings(), objectstore.Credentials{AccessKeyID: "first", SecretAccessKey: "S3CRET"})
	must(t, err)
	must(t, f.Store.CreateObjectStorage(t.Context(), made))
	return made
}

// begin begins an upload of which one part arrives.
func (f *field) begin(t *testing.T, at string) {
	t.Helper()
	tree, err := f.Folder(t.Context(), at)
	must(t, err)
	const size = 9 << 20
	d, err := tree.NewDraft("/f", unfinished.Source{Name: "f", Size: size, ModTime: 1})
	must(t, err)
	file, err := d.Open()
	must(t, err)
	hashes := chunk.NewHashes(size)
	for i := range int64(8) {
		_, err := file.WriteAt(make([]byte, chunk.Size), i*chunk.Size)
		must(t, err)
		must(t, d.Append(i, [16]byte{byte(i)}, &hashes, nil))
	}
	for end := time.Now().Add(time.Minute); f.open(t) != 8<<20; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the part does not arrive")
		}
	}
	d.Release()
}

// open is how many bytes servers have of uploads that are open.
func (f *field) open(t *testing.T) int64 {
	t.Helper()
	_, bytes, err := store.Uploads{Store: f.Store}.Open(t.Context())
	must(t, err)
	return bytes
}

// Uploads that nobody goes on with are aborted at the server, those of a storage without a key at once; a storage goes
// with its credentials when nothing is left.
func TestAbandonedUploads(t *testing.T) {
	f := start(t)
	made := f.make(t)
	k := store.AccessKey{ID: "ak", StoragePath: made.Path() + "/sub"}
	must(t, f.Store.CreateAccessKey(t.Context(), k, "secret"))
	var aborted atomic.Int32
	f.server.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete && r.URL.Query().Has("uploadId") {
			aborted.Add(1)
		}
		return true
	})
	f.begin(t, made.Path())
	must(t, f.Tidy(t.Context()))
	if f.open(t) == 0 || aborted.Load() != 0 {
		t.Error("an upload that somebody may go on with is aborted")
	}
	must(t, exec(f.db, "UPDATE object_uploads SET touched_at = UTC_TIMESTAMP(6) - INTERVAL 2 HOUR"))
	must(t, f.Tidy(t.Context()))
	if f.open(t) != 0 || aborted.Load() != 1 {
		t.Errorf("node-125: an abandoned upload is not aborted: %d bytes, %d times", f.open(t), aborted.Load())
	}
	f.begin(t, made.Path())
	must(t, f.Store.DeleteAccessKey(t.Context(), "ak", false))
	must(t, f.Tidy(t.Context()))
	if _, err := f.Store.ObjectStorage(t.Context(), made.ID); err != nil {
		t.Errorf("a storage whose key may still come is gone: %v", err)
	}
	must(t, exec(f.db, "UPDATE object_storages SET created_at = UTC_TIMESTAMP(6) - INTERVAL 1 HOUR"))
	f.server.Before(s3d.Refuse)
	must(t, f.Tidy(t.Context()))
	if _, err := f.Store.ObjectStorage(t.Context(), made.ID); err != nil {
		t.Errorf("a storage whose uploads can't be aborted is gone: %v", err)
	}
	f.server.Before(nil)
	must(t, f.Tidy(t.Context()))
	if _, err := f.Store.ObjectStorage(t.Context(), made.ID); !errors.Is(err, store.ErrNotFound) || f.open(t) != 0 {
		t.Errorf("a storage without a key is still there: %v", err)
	}
	if _, err := f.Tree(t.Context(), made.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if bytes.Contains(f.log.Bytes(), []byte("S3CRET")) {
		t.Error("the log has the secret")
	}
}

func exec(db *sql.DB, query string) error {
	_, err := db.Exec(query)
	return err
}

// Credentials are sealed in the database, sealed anew with a new key, and used at once when they are renewed, also by a
// tree that is in use.
func TestCredentials(t *testing.T) {
	f := start(t)
	made := f.make(t)
	var dump string
	must(t, f.db.QueryRow("SELECT CONCAT(settings, secrets) FROM object_storages").Scan(&dump))
	if bytes.Contains([]byte(dump), []byte("S3CRET")) {
		t.Error("the database has the secret")
	}
	var used atomic.Pointer[string]
	f.server.Before(func(_ http.ResponseWriter, r *http.Request) bool {
		text := r.Header.Get("Authorization")
		used.Store(&text)
		return true
	})
	tree, err := f.Tree(t.Context(), made.Path())
	must(t, err)
	uses := func(id string) {
		t.Helper()
		_, err := tree.ReadDir("/")
		must(t, err)
		if text := *used.Load(); !bytes.Contains([]byte(text), []byte("Credential="+id+"/")) {
			t.Errorf("the request is signed %s, not by %s", text, id)
		}
	}
	uses("first")
	must(t, f.Change(t.Context(), made.ID, f.settings(), objectstore.Credentials{AccessKeyID: "second",
		SecretAccessKey: "S3CRET"}))
	_, err = f.Tree(t.Context(), made.Path())
	must(t, err)
	uses("second")
	must(t, f.keys.Set(token.Keys{Active: "k2", ByID: map[string][]byte{"k1": one, "k2": two}}))
	must(t, f.Tidy(t.Context()))
	must(t, f.keys.Set(token.Keys{Active: "k2", ByID: map[string][]byte{"k2": two}}))
	if _, err := f.Tree(t.Context(), made.Path()); err != nil {
		t.Errorf("after the former key is gone: %v", err)
	}
}

var _ transfer.Objects = (*buckets.Buckets)(nil)
