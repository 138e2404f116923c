package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// SharedFolder is a storage location: a directory of a node.
type SharedFolder struct {
	ID                         int64
	NodeID                     int64
	Name                       string
	Directory                  string // beneath the docroot of the node's user
	DefaultInbox               bool   // packages go here; true for one folder at most
	EnableLinking              bool
	EnableCloudReferencing     bool
	ReadPermission             string // private, public, limited
	OverrideTransferParameters bool
	LockMinratePolicy          bool
	InitialTargetDownloadKbps  int
	InitialTargetUploadKbps    int
	MaxTargetDownloadKbps      int
	MaxTargetUploadKbps        int
	RelayIncomingBandwidth     int
	RelayOutgoingBandwidth     int
	CreatedAt                  time.Time
	UpdatedAt                  time.Time
}

// NewSharedFolder gives a folder with the documented defaults.
func NewSharedFolder(nodeID int64, name, directory string) SharedFolder {
	return SharedFolder{
		NodeID: nodeID, Name: name, Directory: directory, ReadPermission: "private", LockMinratePolicy: true,
		InitialTargetDownloadKbps: 10000, InitialTargetUploadKbps: 10000, MaxTargetDownloadKbps: 20000,
		MaxTargetUploadKbps:    20000,
		RelayIncomingBandwidth: 45000, RelayOutgoingBandwidth: 45000,
	}
}

const folderColumns = `f.id, f.node_id, f.name, f.directory, f.default_marker IS NOT NULL, f.enable_linking, f.enable_cloud_referencing,
	f.read_permission, f.override_transfer_parameters, f.lock_minrate_policy, f.kbps_initial_target_download_rate,
	f.kbps_initial_target_upload_rate, f.kbps_max_target_download_rate, f.kbps_max_target_upload_rate, f.relay_incoming_bandwidth,
	f.relay_outgoing_bandwidth, f.created_at, f.updated_at`

func scanFolder(r rower) (SharedFolder, error) {
	var f SharedFolder
	err := r.Scan(&f.ID, &f.NodeID, &f.Name, &f.Directory, &f.DefaultInbox, &f.EnableLinking, &f.EnableCloudReferencing,
		&f.ReadPermission,
		&f.OverrideTransferParameters, &f.LockMinratePolicy, &f.InitialTargetDownloadKbps, &f.InitialTargetUploadKbps,
		&f.MaxTargetDownloadKbps,
		&f.MaxTargetUploadKbps, &f.RelayIncomingBandwidth, &f.RelayOutgoingBandwidth, &f.CreatedAt, &f.UpdatedAt)
	return f, err
}

// SharedFolder reads one folder.
func (s *Store) SharedFolder(ctx context.Context, id int64) (SharedFolder, error) {
	f, err := scanFolder(s.db.QueryRowContext(ctx, `SELECT `+folderColumns+` FROM shared_folders f WHERE f.id = ?`, id))
	if err != nil {
		return f, fmt.Errorf("read shared folder %d: %w", id, classify(err))
	}
	return f, nil
}

// DefaultInbox reads the folder that packages go to. ErrNotFound when none was chosen.
func (s *Store) DefaultInbox(ctx context.Context) (SharedFolder, error) {
	f, err := scanFolder(s.db.QueryRowContext(ctx, `SELECT `+folderColumns+
		` FROM shared_folders f WHERE f.default_marker = 1`))
	if err != nil {
		return f, fmt.Errorf("read default inbox: %w", classify(err))
	}
	return f, nil
}

// FolderFilter narrows a list of folders; zero values narrow nothing.
type FolderFilter struct {
	NodeID int64
	Query  string // part of the name
	// ReadableBy keeps folders that an account may take files from, if it may do so at all; 0 keeps every folder.
	ReadableBy int64
	Sort       string // id, name (default), read_permission
}

// SharedFolders lists folders and counts all that match.
func (s *Store) SharedFolders(ctx context.Context, f FolderFilter, p Page) ([]SharedFolder, int, error) {
	w := where{}
	if f.NodeID != 0 {
		w.and(`f.node_id = ?`, f.NodeID)
	}
	if f.Query != "" {
		w.and(`f.name LIKE ?`, "%"+likeEscape(f.Query)+"%")
	}
	if f.ReadableBy != 0 {
		w.and(`(f.read_permission = 'public' OR f.read_permission = 'limited'
			AND EXISTS (SELECT 1 FROM folder_readers r WHERE r.folder_id = f.id AND r.account_id = ?))`, f.ReadableBy)
	}
	order := map[string]string{"id": "f.id", "read_permission": "f.read_permission, f.name"}[f.Sort]
	if order == "" {
		order = "f.name, f.id"
	}
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM shared_folders f`+
		w.sql(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count shared folders: %w", err)
	}
	list, err := collect(ctx, s.db, scanFolder, `SELECT `+folderColumns+` FROM shared_folders f`+w.sql()+` ORDER BY `+
		order+` LIMIT ? OFFSET ?`,
		append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list shared folders: %w", err)
	}
	return list, total, nil
}

// CreateSharedFolder stores a new folder and gives its id; a new default inbox takes the mark from the old one.
// ErrConflict when the node has a folder of that name.
func (s *Store) CreateSharedFolder(ctx context.Context, f SharedFolder) (int64, error) {
	var id int64
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO shared_folders (node_id, name, directory, enable_linking, enable_cloud_referencing, read_permission,
			override_transfer_parameters, lock_minrate_policy, kbps_initial_target_download_rate, kbps_initial_target_upload_rate,
			kbps_max_target_download_rate, kbps_max_target_upload_rate, relay_incoming_bandwidth, relay_outgoing_bandwidth)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			f.NodeID, f.Name, f.Directory, f.EnableLinking, f.EnableCloudReferencing, f.ReadPermission,
			f.OverrideTransferParameters, f.LockMinratePolicy,
			f.InitialTargetDownloadKbps, f.InitialTargetUploadKbps, f.MaxTargetDownloadKbps, f.MaxTargetUploadKbps,
			f.RelayIncomingBandwidth, f.RelayOutgoingBandwidth)
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil || !f.DefaultInbox {
			return err
		}
		return markDefault(ctx, tx, id)
	})
	if err != nil {
		return 0, fmt.Errorf("create shared folder %q: %w", f.Name, classify(err))
	}
	return id, nil
}

// UpdateSharedFolder writes everything of a folder. Setting DefaultInbox takes the mark from the old default inbox.
// ErrChanged when the folder is not as before any more.
func (s *Store) UpdateSharedFolder(ctx context.Context, before, f SharedFolder) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := scanFolder(tx.QueryRowContext(ctx, `SELECT `+folderColumns+
			` FROM shared_folders f WHERE f.id = ? FOR UPDATE`, f.ID))
		if err != nil {
			return err
		}
		now.UpdatedAt, before.UpdatedAt = time.Time{}, time.Time{}
		if now != before {
			return ErrChanged
		}
		_, err = tx.ExecContext(ctx, `UPDATE shared_folders SET name = ?, directory = ?, enable_linking = ?, enable_cloud_referencing = ?, read_permission = ?,
			override_transfer_parameters = ?, lock_minrate_policy = ?, kbps_initial_target_download_rate = ?, kbps_initial_target_upload_rate = ?,
			kbps_max_target_download_rate = ?, kbps_max_target_upload_rate = ?, relay_incoming_bandwidth = ?, relay_outgoing_bandwidth = ? WHERE id = ?`,
			f.Name, f.Directory, f.EnableLinking, f.EnableCloudReferencing, f.ReadPermission, f.OverrideTransferParameters,
			f.LockMinratePolicy,
			f.InitialTargetDownloadKbps, f.InitialTargetUploadKbps, f.MaxTargetDownloadKbps, f.MaxTargetUploadKbps,
			f.RelayIncomingBandwidth,
			f.RelayOutgoingBandwidth, f.ID)
		if err != nil {
			return err
		}
		if f.DefaultInbox {
			return markDefault(ctx, tx, f.ID)
		}
		_, err = tx.ExecContext(ctx, `UPDATE shared_folders SET default_marker = NULL WHERE id = ?`, f.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("update shared folder %d: %w", f.ID, classify(err))
	}
	return nil
}

func markDefault(ctx context.Context, tx *sql.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx,
		`UPDATE shared_folders SET default_marker = NULL WHERE default_marker = 1 AND id <> ?`,
		id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE shared_folders SET default_marker = 1 WHERE id = ?`, id)
	return err
}

// DeleteSharedFolder removes a folder. ErrInUse while packages lie in it.
func (s *Store) DeleteSharedFolder(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM shared_folders WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("delete shared folder %d: %w", id, classify(err))
	}
	return oneRow(res, "delete shared folder", id)
}
