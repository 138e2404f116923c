package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"faspex.io/operator/faspex/packages"
)

// Package is one package with its sender, without its deliveries.
type Package struct {
	ID                  int64
	UUID                string
	Title               string
	Note                string
	Sender              Account // as others see it: personColumns
	Content                     // may be shared with packages that were forwarded
	ForwardedFrom       sql.NullInt64
	BaseURL             string // of the server when it was made, for links in mails
	State               packages.State
	UploadStatus        packages.UploadStatus
	ReleasePolicy       string // now, on_date, later
	ReleaseDate         sql.NullTime
	ReleasedAt          sql.NullTime
	ExpirationPolicy    string
	ExpirationDate      sql.NullTime
	PreventHTTPDownload bool
	DownloadLimit       sql.NullInt64
	Metadata            json.RawMessage // object
	NotifiedOnUpload    json.RawMessage // array of {name}
	NotifiedOnDownload  json.RawMessage
	NotifiedOnReceipt   json.RawMessage
	TotalBytes          int64
	TotalFiles          int64
	BytesWritten        int64
	UploadStartedAt     sql.NullTime
	UploadCompletedAt   sql.NullTime
	EndedAt             sql.NullTime // since when its content is not to be had
	ErrorDesc           string
	SenderArchived      bool
	InvitationID        int64 // by which it was sent; 0 for most
	FromFolder          bool  // its content comes from a shared folder
	CreatedAt           time.Time
	UpdatedAt           time.Time
	// NewContacts are addresses outside that become contacts of the sender with the package.
	NewContacts []string
}

const packageColumns = `p.id, p.uuid, p.title, p.note, p.forwarded_from, p.base_url, p.state, p.upload_status, p.release_policy,
	p.release_date, p.released_at, p.expiration_policy, p.expiration_date, p.prevent_http_download, p.download_limit,
	p.metadata, p.notified_on_upload, p.notified_on_download, p.notified_on_receipt, p.total_bytes, p.total_files, p.bytes_written,
	p.upload_started_at, p.upload_completed_at, p.ended_at, p.error_desc, p.sender_archived, p.created_at, p.updated_at, COALESCE(p.invitation_id, 0), ` + fromFolder + `, ` + contentColumns

const (
	packageJoins = ` JOIN accounts a ON a.id = p.sender_id JOIN contents c ON c.id = p.content_id JOIN shared_folders f ON f.id = c.shared_folder_id`
	packageFrom  = ` FROM packages p` + packageJoins
)

func scanPackage(r rower) (Package, error) {
	var p Package
	err := r.Scan(slices.Concat([]any{&p.ID, &p.UUID, &p.Title, &p.Note, &p.ForwardedFrom, &p.BaseURL, &p.State, &p.UploadStatus,
		&p.ReleasePolicy, &p.ReleaseDate, &p.ReleasedAt, &p.ExpirationPolicy, &p.ExpirationDate, &p.PreventHTTPDownload,
		&p.DownloadLimit, &p.Metadata, &p.NotifiedOnUpload, &p.NotifiedOnDownload, &p.NotifiedOnReceipt, &p.TotalBytes,
		&p.TotalFiles, &p.BytesWritten, &p.UploadStartedAt, &p.UploadCompletedAt, &p.EndedAt, &p.ErrorDesc, &p.SenderArchived,
		&p.CreatedAt, &p.UpdatedAt, &p.InvitationID, &p.FromFolder}, p.Content.columns(), p.Sender.person())...)
	return p, err
}

// Package reads one package.
func (s *Store) Package(ctx context.Context, id int64) (Package, error) {
	p, err := scanPackage(s.db.QueryRowContext(ctx, `SELECT `+packageColumns+`, `+personColumns+packageFrom+
		` WHERE p.id = ?`, id))
	if err != nil {
		return p, fmt.Errorf("read package %d: %w", id, classify(err))
	}
	return p, nil
}

// PackageByUUID reads one package by the uuid that its folder on the node carries.
func (s *Store) PackageByUUID(ctx context.Context, uuid string) (Package, error) {
	p, err := scanPackage(s.db.QueryRowContext(ctx, `SELECT `+packageColumns+`, `+personColumns+packageFrom+
		` WHERE p.uuid = ?`, uuid))
	if err != nil {
		return p, fmt.Errorf("read package %s: %w", uuid, classify(err))
	}
	return p, nil
}

// NewDelivery is one recipient of a package to be created.
type NewDelivery struct {
	AccountID int64  // or
	GroupID   int64  // or
	Address   string // of somebody who becomes an external contact of the sender
	Private   bool
}

// CreatePackage stores a package in state held, upload status submitted, with its content and its deliveries, and gives
// its id. Sender.ID, SharedFolderID, UUID and Directory must be set. A package with a ContentID shares that content: its
// upload is complete. ErrNoContent when the content is gone.
func (s *Store) CreatePackage(ctx context.Context, p Package, to []NewDelivery) (int64, error) {
	id, err := s.createPackage(ctx, p, to)
	if errors.Is(err, ErrConflict) && !errors.Is(err, ErrLoginTaken) {
		return s.createPackage(ctx, p, to) // somebody else sent to a new address at the same moment
	}
	return id, err
}

func (s *Store) createPackage(ctx context.Context, p Package, to []NewDelivery) (int64, error) {
	var id int64
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		content, err := createContent(ctx, tx, p)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO packages (uuid, title, note, sender_id, content_id, forwarded_from, base_url, upload_status,
			total_bytes, total_files, upload_completed_at, release_policy, release_date,
			expiration_policy, expiration_date, prevent_http_download, download_limit, metadata,
			notified_on_upload, notified_on_download, notified_on_receipt, invitation_id, error_desc)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, 0), '')`,
			p.UUID, p.Title, p.Note, p.Sender.ID, content, p.ForwardedFrom, p.BaseURL,
			cmp.Or(p.UploadStatus, packages.UploadSubmitted), p.TotalBytes, p.TotalFiles, p.UploadCompletedAt, p.ReleasePolicy, p.ReleaseDate,
			p.ExpirationPolicy, p.ExpirationDate, p.PreventHTTPDownload, p.DownloadLimit,
			orJSON(p.Metadata, `{}`), orJSON(p.NotifiedOnUpload, `[]`), orJSON(p.NotifiedOnDownload, `[]`),
			orJSON(p.NotifiedOnReceipt, `[]`), p.InvitationID)
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		for _, address := range p.NewContacts {
			if _, err := putExternal(ctx, tx, p.Sender.ID, address); err != nil {
				return err
			}
		}
		if err := insertRecipients(ctx, tx, id, p.Sender.ID, to); err != nil {
			return err
		}
		return noteSender(ctx, tx, id)
	})
	if err != nil {
		return 0, fmt.Errorf("create package: %w", classify(err))
	}
	return id, nil
}

// rowsAtOnce is how many rows one statement writes.
const rowsAtOnce = 500

// insertRecipients writes the recipients of a package, in a few statements.
func insertRecipients(ctx context.Context, tx *sql.Tx, id, sender int64, to []NewDelivery) error {
	var people, groups []any
	for _, d := range to {
		if d.Address != "" {
			var err error
			if d.AccountID, err = putExternal(ctx, tx, sender, d.Address); err != nil {
				return err
			}
		}
		if d.GroupID != 0 {
			groups = append(groups, id, d.GroupID, d.Private)
		} else {
			people = append(people, id, d.AccountID, d.Private)
		}
	}
	for _, rows := range []struct {
		into   string
		values []any
	}{{`deliveries (package_id, account_id, private)`, people}, {`package_groups (package_id, group_id, private)`, groups}} {
		for part := range slices.Chunk(rows.values, 3*rowsAtOnce) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO `+rows.into+` VALUES (?, ?, ?)`+
				strings.Repeat(`, (?, ?, ?)`, len(part)/3-1), part...); err != nil {
				return err
			}
		}
	}
	return nil
}

func orJSON(raw json.RawMessage, empty string) []byte {
	if len(raw) == 0 {
		return []byte(empty)
	}
	return raw
}

// Move sets the state of a package, only if it is still in state from; false when someone else moved it first. It
// panics on a step that the state machine does not have: that is a defect of the caller.
func (s *Store) Move(ctx context.Context, id int64, from, to packages.State) (bool, error) {
	if !packages.MayMove(from, to) {
		panic(fmt.Sprintf("packages: no step from %s to %s", from, to))
	}
	ended := to == packages.Expired || to == packages.Deleted
	note := noteLists
	if to == packages.Released {
		note = func(ctx context.Context, tx *sql.Tx, id int64) error {
			if err := noteLists(ctx, tx, id); err != nil {
				return err
			}
			return orderMails(ctx, tx, PackageEvent{Event: PackageReleased, PackageID: id})
		}
	}
	moved, err := s.changePackage(ctx, id, note, `UPDATE packages SET state = ?,
		released_at = IF(?, COALESCE(released_at, UTC_TIMESTAMP(3)), released_at),
		ended_at = IF(?, COALESCE(ended_at, UTC_TIMESTAMP(3)), ended_at) WHERE id = ? AND state = ?`,
		to, to == packages.Released, ended, id, from)
	if err != nil {
		return false, fmt.Errorf("move package %d from %s to %s: %w", id, from, to, err)
	}
	return moved, nil
}

// Upload is what is known of the upload of a package.
type Upload struct {
	Status       packages.UploadStatus
	TotalBytes   int64
	TotalFiles   int64
	BytesWritten int64
	StartedAt    sql.NullTime
	CompletedAt  sql.NullTime
	ErrorDesc    string
}

// RecordUpload writes the progress of an upload. Only a held package whose upload is not complete takes it; false
// otherwise, so that late news of an older attempt undo nothing.
func (s *Store) RecordUpload(ctx context.Context, id int64, u Upload) (bool, error) {
	taken := false
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		taken = false
		var before packages.UploadStatus
		var written int64
		err := tx.QueryRowContext(ctx, `SELECT upload_status, bytes_written FROM packages
			WHERE id = ? AND state = 'held' AND upload_status <> 'completed' FOR UPDATE`, id).Scan(&before, &written)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if before == packages.UploadTimedOut && u.Status == packages.UploadTransferring && written == u.BytesWritten {
			return nil // it still hangs
		}
		taken = true
		if _, err := tx.ExecContext(ctx, `UPDATE packages SET upload_status = ?, total_bytes = ?, total_files = ?,
			progress_at = IF(bytes_written = ?, progress_at, UTC_TIMESTAMP(3)), bytes_written = ?,
			upload_started_at = COALESCE(?, upload_started_at), upload_completed_at = ?, error_desc = ? WHERE id = ?`,
			u.Status, u.TotalBytes, u.TotalFiles, u.BytesWritten, u.BytesWritten, u.StartedAt, u.CompletedAt, u.ErrorDesc,
			id); err != nil {
			return err
		}
		if u.Status == packages.UploadCompleted {
			if err := useInvitation(ctx, tx, id); err != nil {
				return err
			}
			if err := orderWebhooks(ctx, tx, id); err != nil {
				return err
			}
		}
		note := noteSender
		if u.Status != before {
			note = noteLists // some lists show what is on its way
		}
		if err := note(ctx, tx, id); err != nil || u.Status == before || !u.Status.Told() {
			return err
		}
		return orderMails(ctx, tx, PackageEvent{Event: PackageUploaded, PackageID: id, Result: string(u.Status)})
	})
	if err != nil {
		return false, fmt.Errorf("record upload of package %d: %w", id, err)
	}
	return taken, nil
}

// QueueUpload notes that a transfer spec was given out: status queued, no error. False when the
// package takes no upload any more.
func (s *Store) QueueUpload(ctx context.Context, id int64) (bool, error) {
	queued, err := s.changePackage(ctx, id, noteLists, `UPDATE packages SET upload_status = 'queued', error_desc = '',
		progress_at = UTC_TIMESTAMP(3)
		WHERE id = ? AND state = 'held' AND upload_status <> 'completed'
			AND NOT EXISTS (SELECT 1 FROM remote_sources rs WHERE rs.package_id = packages.id)`, id)
	if err != nil {
		return false, fmt.Errorf("queue upload of package %d: %w", id, err)
	}
	return queued, nil
}

// SetPolicies writes when a package is released and when it expires.
func (s *Store) SetPolicies(ctx context.Context, p Package) error {
	_, err := s.changePackage(ctx, p.ID, noteLists,
		`UPDATE packages SET release_policy = ?, release_date = ?, expiration_policy = ?, expiration_date = ? WHERE id = ?`,
		p.ReleasePolicy, p.ReleaseDate, p.ExpirationPolicy, p.ExpirationDate, p.ID)
	if err != nil {
		return fmt.Errorf("set policies of package %d: %w", p.ID, err)
	}
	return nil
}

// ArchiveSent takes a package out of its sender's outbox, but not out of the outbox with history.
func (s *Store) ArchiveSent(ctx context.Context, id int64) error {
	if _, err := s.changePackage(ctx, id, noteSender, `UPDATE packages SET sender_archived = TRUE WHERE id = ?`,
		id); err != nil {
		return fmt.Errorf("archive package %d: %w", id, err)
	}
	return nil
}

// Released notes when a package was released, if nothing was noted before.
func (s *Store) Released(ctx context.Context, id int64, at time.Time) error {
	if _, err := s.changePackage(ctx, id, noteLists,
		`UPDATE packages SET release_date = COALESCE(release_date, ?), released_at = COALESCE(released_at, ?) WHERE id = ?`,
		at, at, id); err != nil {
		return fmt.Errorf("note release of package %d: %w", id, err)
	}
	return nil
}

// TimeOut notes that an upload that was running made no progress since a time. A transfer that moves on after all is
// taken as any other news.
func (s *Store) TimeOut(ctx context.Context, p Package, since time.Time, why string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE packages SET upload_status = 'timed_out', error_desc = ?
			WHERE id = ? AND state = 'held' AND upload_status IN ('queued', 'transferring') AND bytes_written = ? AND progress_at < ?`,
			why, p.ID, p.BytesWritten, since)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if err := noteLists(ctx, tx, p.ID); err != nil {
			return err
		}
		return orderMails(ctx, tx, PackageEvent{Event: PackageUploaded, PackageID: p.ID, Result: string(packages.UploadTimedOut)})
	})
	if err != nil {
		return fmt.Errorf("time out the upload of package %d: %w", p.ID, err)
	}
	return nil
}
