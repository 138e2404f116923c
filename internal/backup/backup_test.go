package backup_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// bench is a database with content, and a store for its backups.
type bench struct {
	store    backup.Store
	server   backup.Server
	db       *sql.DB
	database string
}

const id = "20261130T020000Z-a1b2c3d4"

func newBench(t *testing.T, target backup.Target) *bench {
	t.Helper()
	server := mariadbd.Start(t)
	config := server.Database(t)
	b := &bench{
		store:    backup.Store{Target: target, Prefix: "media/demo", Key: newKey(t)},
		server:   backup.Server{Host: server.Host, Port: server.Port, User: "root", Password: mariadbd.RootPassword},
		db:       mariadbd.Open(t, config),
		database: config.DBName,
	}
	for _, s := range []string{
		"CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET utf8mb4, picture BLOB, at DATETIME(6))",
		"CREATE TABLE packages (id INT PRIMARY KEY, owner INT NOT NULL, FOREIGN KEY (owner) REFERENCES people (id))",
		"INSERT INTO people VALUES (1, 'Jörg \\'; DROP', x'00ff0a0d1a', '2026-11-30 02:00:00.123456'), (2, '🙂', NULL, NULL)",
		"INSERT INTO packages VALUES (10, 1), (11, 2)",
	} {
		if _, err := b.db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return b
}

func newKey(t *testing.T) *backup.Key {
	t.Helper()
	text, err := backup.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	key, err := backup.ParseKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var coreKeys = map[string][]byte{"FASPEX_CORE_SECRET": []byte("one"), "FASPEX_CORE_OLD_SECRET": []byte("two")}

func (b *bench) create(t *testing.T, id string) (backup.Manifest, error) {
	t.Helper()
	sealed, err := b.store.Key.SealSecrets([]backup.Secret{
		{SecretRole: backup.SecretRole{Kind: backup.KindCore}, Data: coreKeys},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.store.Create(t.Context(), b.server, backup.Create{
		ID: id, Instance: "media/demo", Faspex: "0.1.0", Databases: map[string]string{backup.RoleFaspex: b.database},
		CoreKeys: b.store.Key.Fingerprint(coreKeys), Secrets: bytes.NewReader(sealed), Now: time.Now,
	})
}

// emptyDatabase is where a restore goes.
func emptyDatabase(t *testing.T) (string, *sql.DB) {
	t.Helper()
	config := mariadbd.Start(t).Database(t)
	return config.DBName, mariadbd.Open(t, config)
}

func content(t *testing.T, db *sql.DB) string {
	t.Helper()
	var all string
	err := db.QueryRowContext(t.Context(), "SELECT GROUP_CONCAT(p.id, p.name, IFNULL(HEX(p.picture), '-'),"+
		" IFNULL(p.at, '-'), k.id ORDER BY k.id SEPARATOR '|') FROM people p JOIN packages k ON k.owner = p.id").Scan(&all)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// targets runs a test on every kind of target.
func targets(t *testing.T, test func(t *testing.T, target backup.Target)) {
	t.Run("folder", func(t *testing.T) {
		folder, err := backup.OpenFolder(t.TempDir(), "volume:backups")
		if err != nil {
			t.Fatal(err)
		}
		test(t, folder)
	})
	t.Run("S3", func(t *testing.T) { test(t, bucket(t, s3d.Start(t))) })
}

func bucket(t *testing.T, server *s3d.Server) backup.Target {
	t.Helper()
	target, err := backup.OpenS3(backup.S3Options{Endpoint: server.Endpoint, Region: "eu-central-1", Bucket: server.Bucket,
		AccessKeyID: "id", SecretKey: "secret", CA: server.CA})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestBackupIsRestored(t *testing.T) {
	targets(t, func(t *testing.T, target backup.Target) {
		b := newBench(t, target)
		made, err := b.create(t, id)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.create(t, id)
		if err != nil || !again.Finished.Equal(made.Finished) {
			t.Errorf("a repeated call made another backup: %v", err)
		}
		name, db := emptyDatabase(t)
		m, err := b.store.Restore(t.Context(), b.server, id, backup.Restore{
			Faspex: name, CoreKeys: coreKeys, CoreKeysName: "demo-core"})
		if err != nil {
			t.Fatal(err)
		}
		if m.Instance != "media/demo" || m.Size() == 0 || m.Size() != made.Size() {
			t.Errorf("manifest is %+v", m)
		}
		if got, want := content(t, db), content(t, b.db); got != want {
			t.Errorf("restored %q, want %q", got, want)
		}
		marker, err := backup.MarkerOf(t.Context(), db, name)
		if err != nil || marker == nil || marker.State != backup.StateLoaded || marker.Backup != id ||
			marker.Begun.Sub(made.Begun).Abs() > time.Microsecond {
			t.Fatalf("marker is %+v, %v", marker, err)
		}
		list, err := b.store.Key.OpenSecrets(marker.Secrets)
		if err != nil || len(list) != 1 || string(list[0].Data["FASPEX_CORE_SECRET"]) != "one" {
			t.Errorf("Secrets are %v, %v", list, err)
		}
		var users int
		if err := db.QueryRow("SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'restore\\_%'").Scan(&users); err != nil ||
			users != 0 {
			t.Errorf("%d users of restores are left, %v", users, err)
		}
	})
}

func TestMarkerIsInNoBackup(t *testing.T) {
	folder, err := backup.OpenFolder(t.TempDir(), "volume:backups")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, folder)
	if _, err := b.create(t, id); err != nil {
		t.Fatal(err)
	}
	first, firstDB := emptyDatabase(t)
	to := func(name string) backup.Restore {
		return backup.Restore{Faspex: name}
	}
	if _, err := b.store.Restore(t.Context(), b.server, id, to(first)); err != nil {
		t.Fatal(err)
	}
	if err := backup.Done(t.Context(), firstDB, first); err != nil {
		t.Fatal(err)
	}
	b.database = first
	const second = "20261201T020000Z-a1b2c3d4"
	if _, err := b.create(t, second); err != nil {
		t.Fatal(err)
	}
	other, db := emptyDatabase(t)
	if _, err := b.store.Restore(t.Context(), b.server, second, to(other)); err != nil {
		t.Fatal(err)
	}
	if m, err := backup.MarkerOf(t.Context(), db, other); err != nil || m == nil || m.Backup != second {
		t.Errorf("marker is %+v, %v", m, err)
	}
	if newest, err := b.store.Newest(t.Context()); err != nil || newest != second {
		t.Errorf("newest is %q, %v", newest, err)
	}
	// A restore over data is refused, also over data that was restored.
	if _, err := b.store.Restore(t.Context(), b.server, second, to(first)); !errors.Is(err, backup.ErrRefused) {
		t.Errorf("a restore over a restored database: %v", err)
	}
}

// TestRestoreRefusesBeforeAnythingIsChanged: whatever does not fit is named, and the database is as it was.
func TestRestoreRefusesBeforeAnythingIsChanged(t *testing.T) {
	folder := t.TempDir()
	target, err := backup.OpenFolder(folder, "volume:backups")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, target)
	if _, err := b.create(t, id); err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(folder, "media", "demo", id, "faspex.sql.zst.age")
	manifest := filepath.Join(folder, "media", "demo", id, "manifest.json")
	edit := func(file string, change func([]byte) []byte) func(*testing.T) {
		return func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
			})
			if err := os.WriteFile(file, change(bytes.Clone(text)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := func(t *testing.T) {
		if err := os.Rename(dump, dump+".away"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Rename(dump+".away", dump); err != nil {
				t.Fatal(err)
			}
		})
	}
	tests := []struct {
		name   string
		before func(*testing.T)
		id     string
		keys   map[string][]byte
		key    *backup.Key
		filled bool
		says   string
		is     error
	}{
		{name: "no such backup", id: "20200101T000000Z-none", says: "not found", is: backup.ErrNotFound},
		{name: "another key", key: newKey(t), says: "made with the key of age1", is: backup.ErrKey},
		{name: "other keys of core", keys: map[string][]byte{"FASPEX_CORE_SECRET": []byte("other")},
			says: "Secret demo-core"},
		{name: "a used database", filled: true, says: "holds data already"},
		{name: "a dump that was cut", before: edit(dump, func(b []byte) []byte { return b[:len(b)-1] }),
			says: "faspex.sql.zst.age is not what the manifest says", is: backup.ErrDamaged},
		{name: "a dump that was changed", before: edit(dump, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
			says: "faspex.sql.zst.age is not", is: backup.ErrDamaged},
		{name: "a dump that is gone", before: gone, says: "faspex.sql.zst.age is gone", is: backup.ErrDamaged},
		{name: "a manifest that was changed", before: edit(manifest, func(b []byte) []byte {
			return bytes.Replace(b, []byte("media/demo"), []byte("media/Demo"), 1)
		}), says: "changed, or made by somebody else", is: backup.ErrDamaged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, db := emptyDatabase(t)
			if tt.filled {
				if _, err := db.Exec("CREATE TABLE mine (id INT)"); err != nil {
					t.Fatal(err)
				}
			}
			if tt.before != nil {
				tt.before(t)
			}
			store := b.store
			if tt.key != nil {
				store.Key = tt.key
			}
			which := id
			if tt.id != "" {
				which = tt.id
			}
			_, err := store.Restore(t.Context(), b.server, which, backup.Restore{
				Faspex: name, CoreKeys: tt.keys, CoreKeysName: "demo-core"})
			if !errors.Is(err, backup.ErrRefused) || (tt.is != nil && !errors.Is(err, tt.is)) ||
				!strings.Contains(err.Error(), tt.says) {
				t.Fatalf("error is %v", err)
			}
			if strings.Contains(err.Error(), "AGE-SECRET") {
				t.Errorf("the error holds a key")
			}
			var tables int
			if err := db.QueryRow("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
				name).Scan(&tables); err != nil || tables != map[bool]int{true: 1}[tt.filled] {
				t.Errorf("%d tables, %v", tables, err)
			}
		})
	}
}

// TestRestoreIsBegunAgain kills a restore while its database is loaded: what is there is marked as unfinished, and the
// next attempt ends with the data of the backup and nothing else.
func TestRestoreIsBegunAgain(t *testing.T) {
	target, err := backup.OpenFolder(t.TempDir(), "volume:backups")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, target)
	// More than the buffers between the target and the database take.
	if _, err := b.db.Exec("CREATE TABLE big (id INT PRIMARY KEY AUTO_INCREMENT, noise BLOB)"); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		if _, err := b.db.Exec("INSERT INTO big (noise) SELECT RANDOM_BYTES(1024) FROM seq_1_to_1000"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.create(t, id); err != nil {
		t.Fatal(err)
	}
	name, db := emptyDatabase(t)
	restore := backup.Restore{Faspex: name}
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	killing := b.store
	killing.Target = &killed{Target: target, after: 1 << 20, reads: 2, kill: kill} // the second read is the one that loads
	if _, err := killing.Restore(ctx, b.server, id, restore); err == nil {
		t.Fatal("nothing was killed")
	}
	marker, err := backup.MarkerOf(t.Context(), db, name)
	if err != nil || marker == nil || marker.State != backup.StateLoading {
		t.Fatalf("marker is %+v, %v", marker, err)
	}
	if _, err := b.store.Restore(t.Context(), b.server, id, restore); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := db.QueryRow("SELECT COUNT(*) FROM big").Scan(&rows); err != nil || rows != 8000 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if got, want := content(t, db), content(t, b.db); got != want {
		t.Errorf("restored %q, want %q", got, want)
	}
}

// killed ends a restore when the dump was read this often and, at the last time, this far.
type killed struct {
	backup.Target
	after int64
	reads int
	kill  func()
}

func (k *killed) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := k.Target.Get(ctx, name)
	if err != nil || !strings.HasSuffix(name, "faspex.sql.zst.age") {
		return r, err
	}
	if k.reads--; k.reads > 0 {
		return r, nil
	}
	return &cut{ReadCloser: r, left: k.after, kill: k.kill}, nil
}

type cut struct {
	io.ReadCloser
	left int64
	kill func()
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		c.kill()
		return 0, context.Canceled
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// TestBackupThatFailsIsNone: without its manifest a backup is not there, and the next attempt makes it.
func TestBackupThatFailsIsNone(t *testing.T) {
	targets(t, func(t *testing.T, target backup.Target) {
		b := newBench(t, target)
		right := b.database
		b.database = "no_such_database"
		if _, err := b.create(t, id); err == nil || !strings.Contains(err.Error(), "no_such_database") {
			t.Fatalf("error is %v", err)
		}
		if _, err := b.store.Manifest(t.Context(), id); !errors.Is(err, backup.ErrNotFound) {
			t.Errorf("manifest: %v", err)
		}
		if objects, err := target.List(t.Context(), "media/demo"); err != nil || len(objects) != 0 {
			t.Errorf("objects %v, %v", objects, err)
		}
		b.database = right
		m, err := b.create(t, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.store.Verify(t.Context(), m); err != nil {
			t.Errorf("verify: %v", err)
		}
		objects, err := target.List(t.Context(), "media/demo")
		if err != nil || len(objects) != 3 { // the dump, the Secrets and the manifest
			t.Errorf("objects %v, %v", objects, err)
		}
		for range 2 {
			if err := b.store.Remove(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if objects, err := target.List(t.Context(), "media/demo"); err != nil || len(objects) != 0 {
			t.Errorf("objects %v, %v", objects, err)
		}
	})
}

func TestNothingOfABackupIsPlain(t *testing.T) {
	folder := t.TempDir()
	target, err := backup.OpenFolder(folder, "volume:backups")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, target)
	if _, err := b.db.Exec("UPDATE people SET name = 'a-name-to-look-for'"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.create(t, id); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(folder, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		for _, secret := range []string{"a-name-to-look-for", "people", mariadbd.RootPassword, "FASPEX_CORE_SECRET"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds %q", e.Name(), secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestS3SaysWhatIsWrong(t *testing.T) {
	server := s3d.Start(t)
	b := newBench(t, bucket(t, server))
	server.Before(s3d.Refuse)
	_, err := b.create(t, id)
	if err == nil || !strings.Contains(err.Error(), "bucket backups refused the credentials") {
		t.Errorf("error is %v", err)
	}
	server.Before(nil)
	server.Bucket = "elsewhere"
	b.store.Target = bucket(t, server)
	_, err = b.create(t, id)
	if err == nil || !strings.Contains(err.Error(), "bucket elsewhere does not exist") {
		t.Errorf("error is %v", err)
	}
}

func TestKeyThatIsReplacedOpensOldBackups(t *testing.T) {
	target, err := backup.OpenFolder(t.TempDir(), "volume:backups")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, target)
	old, err := backup.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if b.store.Key, err = backup.ParseKey([]byte(old)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.create(t, id); err != nil {
		t.Fatal(err)
	}
	next, err := backup.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if b.store.Key, err = backup.ParseKey([]byte(next + old)); err != nil {
		t.Fatal(err)
	}
	m, err := b.store.Manifest(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.Verify(t.Context(), m); err != nil {
		t.Error(err)
	}
	if _, err := backup.ParseKey([]byte("AGE-SECRET-KEY-1NONSENSE")); !errors.Is(err, backup.ErrKey) ||
		strings.Contains(err.Error(), "NONSENSE") {
		t.Errorf("error is %v", err)
	}
}

func TestFolderFollowsNoLink(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	target, err := backup.OpenFolder(folder, "volume:backups")
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Put(t.Context(), "link/new", strings.NewReader("x")); err == nil {
		t.Error("it wrote through a link")
	}
	if r, err := target.Get(t.Context(), "link/file"); err == nil {
		t.Error("it read through a link", r.Close())
	}
	if err := target.Delete(t.Context(), "link/file"); err == nil {
		t.Error("it deleted through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside holds %v, %v", entries, err)
	}
	names, err := target.List(t.Context(), ".")
	if err != nil || slices.Contains(names, "link/file") {
		t.Errorf("it lists %v, %v", names, err)
	}
}
