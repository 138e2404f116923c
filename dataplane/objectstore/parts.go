package objectstore

import (
	"fmt"
	"syscall"

	"faspex.io/operator/dataplane/transfer/chunk"
)

const (
	// leastPart is the size of the parts of most files.
	leastPart = 8 << 20
	// mostParts is a tenth less than S3 takes of one object.
	mostParts = 9000
	// mostPart is as much as is gathered in memory of one part: a larger file would need a folder to gather it in.
	mostPart = 64 << 20
)

// PartSize is the size of all parts of a file but the last: whole MiB, at least 8, and so many that 9,000 are enough.
func PartSize(size int64) int64 {
	const mib = 1 << 20
	return max(leastPart, ((size+mostParts-1)/mostParts+mib-1)/mib*mib)
}

// partRange is where part n, the first being 0, lies in a file.
func partRange(n, partSize, size int64) chunk.Range {
	off := n * partSize
	return chunk.Range{Offset: off, Length: min(partSize, size-off)}
}

func partCount(size, partSize int64) int64 { return (size + partSize - 1) / partSize }

// MostSize is the size of the largest file that can be uploaded.
const MostSize = mostParts * int64(mostPart)

func refuseSize(size int64) error {
	if PartSize(size) > mostPart {
		return fmt.Errorf("a file of more than %d bytes can't be uploaded into an object storage yet: its parts would not "+
			"fit into memory: %w", MostSize, syscall.EFBIG)
	}
	return nil
}
