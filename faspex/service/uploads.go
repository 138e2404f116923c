package service

import (
	"database/sql"
	"strconv"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// uploadStatus gives the upload status of a package for the status of the transfer that sends it;
// false for one it does not know.
func uploadStatus(transfer string) (packages.UploadStatus, bool) {
	switch transfer {
	case nodeapi.StatusWaiting:
		return packages.UploadQueued, true
	case nodeapi.StatusRunning:
		return packages.UploadTransferring, true
	case nodeapi.StatusCompleted:
		return packages.UploadCompleted, true
	case nodeapi.StatusPaused:
		return packages.UploadPaused, true
	case nodeapi.StatusCanceled:
		return packages.UploadStopped, true
	case nodeapi.StatusFailed, nodeapi.StatusPartiallyCompleted:
		return packages.UploadFailed, true
	}
	return "", false
}

// uploadOf tells what a transfer says of the upload of its package; false when it says nothing.
func uploadOf(t nodeapi.Transfer) (store.Upload, bool) {
	status, known := uploadStatus(t.Status)
	if !known {
		return store.Upload{}, false
	}
	bytes, files := size(t)
	u := store.Upload{Status: status, TotalBytes: bytes, TotalFiles: files, BytesWritten: t.BytesWritten,
		StartedAt: at(t.StartTimeUsec)}
	switch status {
	case packages.UploadCompleted:
		u.CompletedAt = at(t.EndTimeUsec)
	case packages.UploadFailed, packages.UploadStopped:
		u.ErrorDesc = problem(t)
	}
	return u, true
}

// size is what a transfer moves in all: as announced by its sender, or what has moved when nothing was announced.
func size(t nodeapi.Transfer) (bytes, files int64) {
	return max(t.Precalc.BytesExpected, t.BytesWritten), max(t.Precalc.FilesExpected, t.FilesCompleted)
}

// problem is why a transfer did not succeed, in words for its sender.
func problem(t nodeapi.Transfer) string {
	if t.ErrorDesc != "" {
		return t.ErrorDesc
	}
	for i := len(t.Sessions) - 1; i >= 0; i-- {
		if t.Sessions[i].ErrorDesc != "" {
			return t.Sessions[i].ErrorDesc
		}
	}
	switch t.Status {
	case nodeapi.StatusCanceled:
		return "The transfer was canceled."
	case nodeapi.StatusPartiallyCompleted:
		return "Some files were not transferred."
	}
	return "The transfer failed."
}

// record is the row of a transfer.
func record(node store.Node, p store.Package, tags packages.Tags, t nodeapi.Transfer) store.Transfer {
	bytes, files := size(t)
	row := store.Transfer{
		NodeID: node.ID, NodeTransferID: t.ID, PackageID: sql.NullInt64{Int64: p.ID, Valid: true},
		Direction: t.StartSpec.Direction, Status: t.Status, BytesExpected: bytes, BytesTransferred: t.BytesTransferred,
		Files: files, WholePackage: tags.Whole, Side: tags.Side, ErrorCode: t.ErrorCode, ErrorDesc: t.ErrorDesc,
		StartedAt: at(t.StartTimeUsec), EndedAt: at(t.EndTimeUsec),
	}
	for _, session := range t.Sessions {
		row.Address = session.ClientIPAddress
	}
	if id, err := strconv.ParseInt(tags.AccountID, 10, 64); err == nil {
		row.AccountID = sql.NullInt64{Int64: id, Valid: true}
	}
	return row
}

// at is a time of the Node API: microseconds since 1970, 0 for none.
func at(usec int64) sql.NullTime {
	if usec <= 0 {
		return sql.NullTime{}
	}
	return sql.NullTime{Time: time.UnixMicro(usec).UTC(), Valid: true}
}
