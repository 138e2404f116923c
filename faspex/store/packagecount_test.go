package store_test

import (
	"fmt"
	"testing"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

func TestEveryonesPackagesAreCounted(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	if _, _, err := store.Migrate(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(restricted)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := store.New(db)
	sender, err := s.CreateAccount(t.Context(), store.Account{Name: "s", Role: store.RoleUser, Type: "local_user",
		Status: store.AccountActive})
	if err != nil {
		t.Fatal(err)
	}
	node, err := s.CreateNode(t.Context(), store.Node{Name: "n", Host: "h", APIPort: 1, APIUsername: "u",
		APIPassword: []byte{1}, NodeType: "gen4_node", StorageType: "default", Status: "queued"})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := s.CreateSharedFolder(t.Context(), store.NewSharedFolder(node, "f", "/f"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := db.ExecContext(t.Context(), `INSERT INTO contents (uuid, shared_folder_id, directory) VALUES ('u', ?, '/')`, folder)
	if err != nil {
		t.Fatal(err)
	}
	content, err := made.LastInsertId()
	if err != nil {
		t.Fatal(err)
	}
	add := func(from, to int) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO packages (uuid, title, note, sender_id, content_id, metadata, notified_on_upload,
			notified_on_download, notified_on_receipt, error_desc) SELECT CONCAT('u', seq), 't', '', ?, ?, '{}', '[]', '[]', '[]', '' FROM seq_%d_to_%d`, from, to), sender, content); err != nil {
			t.Fatal(err)
		}
	}
	counted := func(want int, sort string) {
		t.Helper()
		list, total, err := s.Packages(t.Context(), store.PackageFilter{Box: store.BoxGlobal, Sort: sort},
			store.Page{Limit: 3})
		if err != nil || total != want || len(list) != min(want, 3) {
			t.Errorf("%d of %d, want %d: %v", len(list), total, want, err)
		}
	}
	counted(0, "")
	last := 0
	for _, n := range []int{1, 30_000, 30_001, 30_500, 52_000, 52_001} {
		add(last+1, n)
		last = n
		counted(n, "")
		counted(n, "-title")
	}
	if _, total, err := s.Packages(t.Context(), store.PackageFilter{Box: store.BoxGlobal},
		store.Page{Limit: 3, Offset: 60_000}); err != nil || total != last {
		t.Errorf("behind the last: %d, %v", total, err)
	}
}
