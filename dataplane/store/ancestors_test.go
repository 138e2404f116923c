package store_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/test/mariadbd"
)

func make3(t *testing.T, s *store.Store) {
	t.Helper()
	for _, k := range []store.AccessKey{
		{ID: "a", StoragePath: "/t",
			Configuration: []byte(`{"transfer":{"target_rate_cap_kbps":100,"policy":"fair","cipher":"aes-192"}}`)},
		{ID: "b", ParentID: "a", StoragePath: "/t/b",
			Configuration: []byte(`{"transfer":{"target_rate_cap_kbps":900,"target_rate_kbps":50,"cipher":"aes-128"}}`)},
		{ID: "c", ParentID: "b", StoragePath: "/t/b/c",
			Configuration: []byte(`{"transfer":{"target_rate_kbps":70,"policy":"low","cipher":"unheard"}}`)},
	} {
		if err := s.CreateAccessKey(t.Context(), k, "s"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAccessKeyLimitsAreTheStrictestOfAllAbove(t *testing.T) {
	s := open(t)
	make3(t, s)
	for id, want := range map[string]store.TransferLimits{
		"a": {TargetRateCapKbps: 100, Policy: "fair", Cipher: "aes-192"},
		"b": {TargetRateCapKbps: 100, TargetRateKbps: 50, Policy: "fair", Cipher: "aes-192"},
		"c": {TargetRateCapKbps: 100, TargetRateKbps: 50, Policy: "low", Cipher: "unheard"},
	} {
		k, err := s.CheckSecret(t.Context(), id, "s")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, k.Limits); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	k, err := s.AccessKey(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"aes-256-gcm"}, k.Limits.Ciphers()); diff != "" {
		t.Errorf("a cipher that is not known lets weaker ones in: %s", diff)
	}
}

func TestUpdateAccessKeyStaysBeneathTheKeyAbove(t *testing.T) {
	s := open(t)
	make3(t, s)
	outside := "/other"
	if err := s.UpdateAccessKey(t.Context(), "b", store.AccessKeyChange{StoragePath: &outside}); !errors.Is(err,
		store.ErrOutsideParent) {
		t.Errorf("a folder outside: %v", err)
	}
	prefix := "/tt"
	if err := s.UpdateAccessKey(t.Context(), "b", store.AccessKeyChange{StoragePath: &prefix}); !errors.Is(err,
		store.ErrOutsideParent) {
		t.Errorf("a folder whose name begins alike: %v", err)
	}
	if err := s.UpdateAccessKey(t.Context(), "a", store.AccessKeyChange{StoragePath: &outside}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"a": "/other", "b": "/other/b", "c": "/other/b/c"} {
		if k, err := s.AccessKey(t.Context(), id); err != nil || k.StoragePath != want {
			t.Errorf("%s: %s, %v", id, k.StoragePath, err)
		}
	}
}

func TestCreateAccessKeyNeedsAllAbove(t *testing.T) {
	s := open(t)
	if err := s.CreateAccessKey(t.Context(), store.AccessKey{ID: "x", ParentID: "gone", StoragePath: "/"},
		"s"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a key below one that is gone: %v", err)
	}
	parent := ""
	var err error
	for i := 0; err == nil && i < 100; i++ {
		id := "k" + strconv.Itoa(i)
		err = s.CreateAccessKey(t.Context(), store.AccessKey{ID: id, ParentID: parent, StoragePath: "/"}, "s")
		if err == nil {
			if _, err := s.AccessKey(t.Context(), id); err != nil {
				t.Fatalf("key %d was made and can't be read: %v", i, err)
			}
		}
		parent = id
	}
	if !errors.Is(err, store.ErrTooDeep) {
		t.Errorf("keys below keys without end: %v", err)
	}
}

// Earlier versions left the keys below a deleted one behind.
func TestMigrateRemovesKeysWithoutTheirMaker(t *testing.T) {
	cfg := mariadbd.Start(t).Database(t)
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	make3(t, s)
	db := mariadbd.Open(t, cfg)
	for _, q := range []string{
		`INSERT INTO access_keys (id, parent_id, secret_hash, storage_path, token_verification_key, configuration) VALUES
			('orphan', 'gone', '', '/', '', '{}'), ('its child', 'orphan', '', '/', '', '{}')`,
		"ALTER TABLE access_keys ADD COLUMN next_file_id BIGINT UNSIGNED NOT NULL DEFAULT 2", // as it was then
		"UPDATE schema_migrations SET version = 3, dirty = 1",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AccessKey(t.Context(), "its child"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a key without its maker: %v", err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := s.AccessKeys(t.Context(), "")
	if err != nil || len(keys) != 3 {
		t.Errorf("%d keys are left, %v", len(keys), err)
	}
}
