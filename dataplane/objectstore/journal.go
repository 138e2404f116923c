package objectstore

import (
	"context"
	"errors"
)

// ErrNoDraft is for an object of which there is no upload.
var ErrNoDraft = errors.New("no upload of the object is known")

// Upload is a multipart upload as the journal has it.
type Upload struct {
	ID uint64
	// Storage and Key say of which object, UploadID is the server's name for it.
	Storage, Key, UploadID string
	// Size and ModTime are of the source, in bytes and in nanoseconds since 1970.
	Size, ModTime int64
	PartSize      int64
	Parts         []Part
}

// Part is a part of an object that the server has.
type Part struct {
	// Number is that of S3: the first is 1.
	Number int
	ETag   string
	// Hashes are those of the chunks of the part, 16 bytes each.
	Hashes []byte
}

// Journal remembers uploads, for all nodes; dataplane/store is one. There is one upload of an object at a time.
type Journal interface {
	// FindUpload is the upload of an object, with its parts; ErrNoDraft if there is none.
	FindUpload(ctx context.Context, storage, key string) (Upload, error)
	// BeginUpload notes an upload and gives its ID. It takes the place of former, which has to be aborted then.
	BeginUpload(ctx context.Context, u Upload) (id uint64, former *Upload, err error)
	// AddPart notes a part that the server has; ErrNoDraft if another upload took the place of this one.
	AddPart(ctx context.Context, id uint64, p Part) error
	// EndUpload forgets an upload.
	EndUpload(ctx context.Context, id uint64) error
}
