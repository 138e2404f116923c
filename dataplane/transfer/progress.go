package transfer

import (
	"encoding/hex"
	"io/fs"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
)

// Progress of a session: totals since it began.
type Progress struct {
	// Known says that the whole manifest is known, so that the expected figures are final.
	Known         bool
	BytesExpected int64
	FilesExpected int64
	// BytesResumed did not have to be sent, because the receiver had them.
	BytesResumed int64
	// BytesMoved crossed the network, each counted once.
	BytesMoved int64
	// BytesSent may have crossed it: a sender of a session that was cut does not know.
	BytesSent    int64
	FilesDone    int64
	FilesSkipped int64
	FilesFailed  int64
	Folders      int64
	// RateBps is the sender's current rate in bits per second.
	RateBps int64
	// Lost counts packets that had to be sent again.
	Lost uint64
	// Forged counts packets that did not authenticate, Replayed those that were taken before.
	Forged, Replayed uint64
	RTT              time.Duration
}

// FileEvent is how one file of a session ended.
type FileEvent struct {
	// Path is relative to the destination, Target where it is in the tree of this side.
	Path, Target string
	Size         int64
	// ModTime and PlainSize are those of the source of a file that is sent, in ns since 1970 and in bytes.
	ModTime, PlainSize int64
	// Resumed is how many bytes were there before.
	Resumed int64
	// Holes is how many bytes of a sparse file are holes, which are not sent.
	Holes   int64
	Skipped bool
	// LeftOut is why a symbolic link was skipped that the receiver does not take.
	LeftOut *fail.Error
	// ChecksumType and Checksum are the digest that was asked for, in lower case hex; empty if none was, and for
	// files that failed or were skipped.
	ChecksumType, Checksum string
	// StaysEncrypted is why a file that is whole was not decrypted though it should have been.
	StaysEncrypted *fail.Error
	// Err is nil for success.
	Err      *fail.Error
	Started  time.Time
	Finished time.Time
}

// Unchanged says that what is at the target now is what was sent, as far as size and time tell. Of a link nothing is
// known: what was sent may be the link or what it leads to.
func (e *FileEvent) Unchanged(now fs.FileInfo) bool {
	if now.Mode().IsRegular() {
		return now.ModTime().UnixNano() == e.ModTime && now.Size() == e.PlainSize
	}
	return now.Mode()&fs.ModeSymlink != 0
}

func (e *FileEvent) setChecksum(kind string, sum []byte) {
	if len(sum) > 0 {
		e.ChecksumType, e.Checksum = kind, hex.EncodeToString(sum)
	}
}

// counters are what Progress is made from.
type counters struct {
	known                                            atomic.Bool
	bytesExpected, filesExpected, bytesResumed       atomic.Int64
	bytesMoved, filesDone, filesSkipped, filesFailed atomic.Int64
	folders                                          atomic.Int64
}

func (c *counters) snapshot() Progress {
	return Progress{
		Known: c.known.Load(), BytesExpected: c.bytesExpected.Load(), FilesExpected: c.filesExpected.Load(),
		BytesResumed: c.bytesResumed.Load(), BytesMoved: c.bytesMoved.Load(), FilesDone: c.filesDone.Load(),
		FilesSkipped: c.filesSkipped.Load(), FilesFailed: c.filesFailed.Load(), Folders: c.folders.Load(),
	}
}

// Summary is the end of a session.
type Summary struct {
	Progress
	Elapsed time.Duration
}
