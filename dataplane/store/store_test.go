package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/test/mariadbd"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.New(mariadbd.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMigrateRunsTwiceAtOnceAndAfterACrash(t *testing.T) {
	cfg := mariadbd.Start(t).Database(t)
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() { errs[i] = s.Migrate(t.Context()) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	db := mariadbd.Open(t, cfg)
	if _, err := db.Exec("UPDATE schema_migrations SET dirty = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("ALTER TABLE access_keys DROP COLUMN former_secret_until"); err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatalf("after a crash: %v", err)
	}
	if _, err := db.Exec("SELECT former_secret_until FROM access_keys"); err != nil {
		t.Error(err)
	}
}

// TestOwnUserIsEnough holds the schema to the rights that the operator gives a node's database user.
func TestOwnUserIsEnough(t *testing.T) {
	cfg := mariadbd.Start(t).Database(t)
	db := mariadbd.Open(t, cfg)
	for _, q := range []string{
		"CREATE USER hsts_own IDENTIFIED BY 'own-Passw0rd'",
		"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER ON `" + cfg.DBName + "`.* TO hsts_own",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP USER hsts_own"); err != nil {
			t.Error(err)
		}
	})
	cfg.User, cfg.Passwd = "hsts_own", "own-Passw0rd"
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateAccessKey(t.Context(), store.AccessKey{ID: "ak", StoragePath: "/"}, "x"); err != nil {
		t.Error(err)
	}
	if err := s.DeleteAccessKey(t.Context(), "ak", true); err != nil {
		t.Error(err)
	}
}

func TestAccessKeys(t *testing.T) {
	s, ctx := open(t), t.Context()
	k := store.AccessKey{ID: "ak1", StoragePath: "/default", Configuration: []byte(`{"transfer":{}}`)}
	if err := s.CreateAccessKey(ctx, k, "s3cret"); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateAccessKey(ctx, k, "other"); !errors.Is(err, store.ErrExists) {
		t.Errorf("second create: %v", err)
	}
	k.Logging = store.Logging{Events: true}
	for range 2 { // the second time from memory
		got, err := s.CheckSecret(ctx, "ak1", "s3cret")
		if err != nil {
			t.Fatal(err)
		}
		if got.CreatedUsec == 0 {
			t.Error("nobody can tell the key from a former one")
		}
		got.CreatedUsec = 0
		if diff := cmp.Diff(k, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, bad := range [][2]string{{"ak1", "wrong"}, {"ak1", ""}, {"AK1", "s3cret"}, {"none", "s3cret"}} {
		if _, err := s.CheckSecret(ctx, bad[0], bad[1]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	secret, pem := "n3w", "-----BEGIN PUBLIC KEY-----"
	if err := s.UpdateAccessKey(ctx, "ak1", store.AccessKeyChange{Secret: &secret,
		TokenVerificationKey: &pem}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CheckSecret(ctx, "ak1", "s3cret"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("old secret: %v", err)
	}
	if got, err := s.CheckSecret(ctx, "ak1", "n3w"); err != nil || got.TokenVerificationKey != pem ||
		got.StoragePath != "/default" {
		t.Errorf("new secret: %+v, %v", got, err)
	}
	if err := s.CreateAccessKey(ctx, store.AccessKey{ID: "child", ParentID: "ak1", StoragePath: "/default/sub"},
		"x"); err != nil {
		t.Fatal(err)
	}
	all, err := s.AccessKeys(ctx, "")
	if err != nil || len(all) != 2 {
		t.Errorf("all keys: %v, %v", all, err)
	}
	children, err := s.AccessKeys(ctx, "ak1")
	if err != nil || len(children) != 1 || children[0].ID != "child" {
		t.Errorf("children: %v, %v", children, err)
	}
	if err := s.DeleteAccessKey(ctx, "ak1", true); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"delete": s.DeleteAccessKey(ctx, "ak1", true),
		"update": s.UpdateAccessKey(ctx, "ak1", store.AccessKeyChange{Secret: &secret}),
		"read":   func() error { _, err := s.AccessKey(ctx, "ak1"); return err }(),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s of a key that is gone: %v", name, err)
		}
	}
}

func TestSecretsAreNotInTheDatabase(t *testing.T) {
	cfg := mariadbd.Start(t).Database(t)
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateAccessKey(t.Context(), store.AccessKey{ID: "ak", StoragePath: "/"}, "very-s3cret"); err != nil {
		t.Fatal(err)
	}
	var hash string
	if err := mariadbd.Open(t, cfg).QueryRow("SELECT secret_hash FROM access_keys").Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(hash, "very-s3cret") || !strings.HasPrefix(hash, "$argon2id$") {
		t.Errorf("stored secret is %q", hash)
	}
}

func TestIsUnavailableIsNoFileError(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, err := range []error{refused, driver.ErrBadConn, mysql.ErrInvalidConn, context.DeadlineExceeded,
		&mysql.MySQLError{Number: 1040}, &mysql.MySQLError{Number: 1053}} {
		if !store.IsUnavailable(fmt.Errorf("read: %w", err)) {
			t.Errorf("%v is no failure of the database", err)
		}
	}
	for _, err := range []error{syscall.EROFS, syscall.ETIMEDOUT, &fs.PathError{Op: "mkdir", Err: syscall.EIO},
		&mysql.MySQLError{Number: 1064}, store.ErrNotFound} {
		if store.IsUnavailable(fmt.Errorf("read: %w", err)) {
			t.Errorf("%v is a failure of the database", err)
		}
	}
}
