package transfer

import (
	"io/fs"

	"faspex.io/operator/dataplane/transfer/control"
)

// sourcePart is a part of a file that is sent.
type sourcePart struct {
	sourceFile
	part *control.Part
	size int64
}

func (p sourcePart) ReadAt(b []byte, off int64) (int, error) {
	return p.sourceFile.ReadAt(b, p.part.Offset+off)
}

// Stat tells the size of the part, as long as the file has the size that it had.
func (p sourcePart) Stat() (fs.FileInfo, error) {
	info, err := p.sourceFile.Stat()
	if err == nil && info.Size() == p.part.Total {
		return partInfo{info, p.size}, nil
	}
	return info, err
}

type partInfo struct {
	fs.FileInfo
	size int64
}

func (i partInfo) Size() int64 { return i.size }
