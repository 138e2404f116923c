package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
)

// upgradeFrom is the schema version of the last release.
const upgradeFrom = 5

// before are rows as the last release wrote them.
var before = []string{
	`INSERT INTO accounts (id, name, first_name, last_name, email, role, password_hash, preferences) VALUES
		(1, 'admin', 'Ada', 'Min', 'ada@example.com', 'admin', 'hash of ada', '{}'),
		(2, 'ulf', 'Ulf', 'Meyer', 'ulf@example.com', 'user', 'hash of ulf', '{"rows_per_page":10}')`,
	`INSERT INTO account_logins (login, account_id, kind) VALUES ('admin', 1, 'name'), ('ada@example.com', 1, 'email'),
		('ulf', 2, 'name'), ('ulf@example.com', 2, 'email')`,
	`INSERT INTO nodes (id, name, host, api_port, api_username, api_password, use_ssl, verify_ssl, node_type)
		VALUES (1, 'n', 'node', 9092, 'u', 'sealed', TRUE, TRUE, 'gen4_node')`,
	`INSERT INTO shared_folders (id, node_id, name, directory, default_marker) VALUES (1, 1, 'in', '/in', 1)`,
	`INSERT INTO packages (id, uuid, title, note, sender_id, shared_folder_id, directory, state, upload_status, metadata, notified_on_upload,
		notified_on_download, notified_on_receipt, error_desc) VALUES (7, 'b7a0a3a4-0000-4000-8000-000000000007', 'Films', '', 1, 1, '/in/x',
		'released', 'completed', '{}', '[]', '[]', '[]', '')`,
	`INSERT INTO packages (id, uuid, title, note, sender_id, shared_folder_id, directory, metadata, notified_on_upload,
		notified_on_download, notified_on_receipt, error_desc) VALUES (8, 'b7a0a3a4-0000-4000-8000-000000000008', 'Held', '', 1, 1, '/in/y',
		'{}', '[]', '[]', '[]', '')`,
	`INSERT INTO deliveries (package_id, account_id, shown) VALUES (7, 2, 2), (8, 2, 0)`,
	`INSERT INTO jobs (method_name, job_name, job_type, persistent, serialized_args, scheduled_interval, next_availability, error_desc)
		VALUES ('release_packages', 'Release packages', 'package_processing', TRUE, '{}', 1, NOW(), '')`,
}

// A database of the last release keeps its people and packages, and its people go on sending to each other.
func TestUpgradeKeepsData(t *testing.T) {
	admin, restricted := storetest.Configs(t)
	if _, _, err := store.MigrateTo(t.Context(), admin, upgradeFrom); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(restricted)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range before {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%v: %s", err, q)
		}
	}
	from, to, err := store.Migrate(t.Context(), admin)
	if diff := cmp.Diff([2]int{upgradeFrom, store.Wanted()}, [2]int{from, to}); err != nil || diff != "" {
		t.Fatalf("versions (-want +got)\n%s%v", diff, err)
	}
	s := store.New(db)
	ulf, err := s.AccountByLogin(t.Context(), "ULF@example.com")
	if err != nil || ulf.ID != 2 || ulf.PasswordHash != "hash of ulf" || ulf.LastName != "Meyer" ||
		!ulf.UploadsAllowed || string(ulf.Preferences) != `{"rows_per_page":10}` {
		t.Errorf("ulf: %+v, %v", ulf, err)
	}
	inbox, total, err := s.Packages(t.Context(), store.PackageFilter{Box: store.BoxInbox, AccountID: 2}, store.Page{Limit: 9})
	if err != nil || total != 1 || inbox[0].Title != "Films" || inbox[0].Sender.LastName != "Min" {
		t.Errorf("inbox: %+v, %v", inbox, err)
	}
	// Contents lie where they lay: the upload of a package that was not released goes on where it began.
	for id, want := range map[int64]string{7: "/in/x", 8: "/in/y.incoming"} {
		if p, err := s.Package(t.Context(), id); err != nil || p.Directory != want || p.FolderName != "in" ||
			p.ContentUUID != p.UUID || p.ReleasedAt.Valid != (id == 7) || p.GoneAt.Valid || p.FromFolder || p.InvitationID != 0 {
			t.Errorf("package %d: %+v, %v", id, p, err)
		}
	}
	// Nobody was invited, and no folder has readers; who was there takes part in what is new.
	if list, total, err := s.Invitations(t.Context(), store.InvitationFilter{OwnerID: 2}, store.Page{Limit: 9}); err != nil || total != 0 || len(list) != 0 {
		t.Errorf("invitations: %+v, %v", list, err)
	}
	if err := s.AddFolderReader(t.Context(), 1, 2); err != nil {
		t.Error(err)
	}
	if begun, err := s.BeginRemote(t.Context(), 8, 1, time.Now()); err != nil || !begun {
		t.Errorf("content from a folder for a package of before: %v, %v", begun, err)
	}
	if jobs, _, err := s.Jobs(t.Context(), store.Page{Limit: 9}); err != nil || len(jobs) != 1 || !jobs[0].Persistent {
		t.Errorf("jobs: %+v, %v", jobs, err)
	}
	settings, version, err := s.Settings(t.Context(), "configuration")
	if err != nil || version != 1 || string(settings) != `{"users_can_send_to_all_faspex_users":true}` {
		t.Errorf("configuration: %s, version %d, %v", settings, version, err)
	}
}

// A new database begins with the published defaults.
func TestNewDatabaseHasNoSettings(t *testing.T) {
	s := storetest.New(t)
	if document, version, err := s.Settings(t.Context(), "configuration"); err != nil || version != 0 || document != nil {
		t.Errorf("%s, version %d, %v", document, version, err)
	}
}
