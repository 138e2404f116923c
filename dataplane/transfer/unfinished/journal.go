package unfinished

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"faspex.io/operator/dataplane/transfer/chunk"
)

// The journal of a partial file: a header that says which source file it belongs to, then one record per chunk that is
// completely in the partial file, in the order in which they got whole, appended after the data.
//
//	header  "FXJ1", size 8, modification time 8 (ns), CRC-32C of these 4
//	record  chunk number 8, XXH3-128 of the chunk 16, CRC-32C of these 4
//
// Numbers are big endian. Records after the first damaged one are ignored: a crash may tear the end. A record of the
// chunk after the last, with the hash of the whole, says that a part of a file is verified and on disk.
const (
	journalMagic     = "FXJ1"
	journalHeaderLen = 24
	journalRecordLen = 28
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalHeader identifies the source file that a partial file is a copy of.
type journalHeader struct {
	Size    int64
	ModTime int64
}

// SameTime says that two modification times, in nanoseconds since 1970, are of the same version of a file. Browsers
// tell times in whole milliseconds: a time of that kind is the same as those that it may have been cut from.
func SameTime(a, b int64) bool {
	const ms = 1e6
	if a%ms != 0 {
		a, b = b, a
	}
	return a == b || a%ms == 0 && b >= a && b-a < ms
}

func (h journalHeader) encode() []byte {
	b := append(make([]byte, 0, journalHeaderLen), journalMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Size))
	b = binary.BigEndian.AppendUint64(b, uint64(h.ModTime))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// journalRecord says that a chunk is in the partial file.
func journalRecord(number int64, hash [16]byte) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, journalRecordLen), uint64(number))
	b = append(b, hash[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var errBadJournal = errors.New("not a journal")

// readJournal reads a whole journal: its header and the hashes of the chunks it lists.
func readJournal(r io.Reader) (journalHeader, map[int64][16]byte, error) {
	head := make([]byte, journalHeaderLen)
	if _, err := io.ReadFull(r, head); err != nil {
		return journalHeader{}, nil, errBadJournal
	}
	h := journalHeader{
		Size:    int64(binary.BigEndian.Uint64(head[4:])),
		ModTime: int64(binary.BigEndian.Uint64(head[12:])),
	}
	if !bytes.Equal(head, h.encode()) || h.Size < 0 {
		return journalHeader{}, nil, errBadJournal
	}
	chunks, last := map[int64][16]byte{}, chunk.Count(h.Size)
	record := make([]byte, journalRecordLen)
	for {
		if _, err := io.ReadFull(r, record); err != nil {
			return h, chunks, nil
		}
		body, sum := record[:24], binary.BigEndian.Uint32(record[24:])
		number := int64(binary.BigEndian.Uint64(body))
		if crc32.Checksum(body, castagnoli) != sum || number < 0 || number > last {
			return h, chunks, nil
		}
		chunks[number] = [16]byte(body[8:])
	}
}
