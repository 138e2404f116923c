package control

import (
	"encoding/binary"
	"fmt"

	"faspex.io/operator/dataplane/transfer/chunk"
)

// Limits of the fields of binary messages.
const (
	// MaxPath is the longest path of an entry in bytes.
	MaxPath = 4096
	// MaxText is the longest message text in bytes; longer ones are cut when encoded.
	MaxText = 1024
	// MaxSpace is the largest size of a file and of a whole transfer space in bytes.
	MaxSpace = 1 << 62
	// MaxEntries is how many entries one session may have.
	MaxEntries = 4 << 20
	// MaxChecksum is the longest checksum of a file in bytes.
	MaxChecksum = 64
	// MaxHave is how many ranges, and how many chunk hashes, fit one Have message.
	MaxHave = 16384
)

// Kind is what an entry is.
type Kind uint8

// The kinds of entries.
const (
	KindFile   Kind = 1
	KindFolder Kind = 2
	// KindFailed is something the sender could not read; Code and Text say why.
	KindFailed Kind = 3
	// KindLink is a symbolic link; Attributes.Link is its text.
	KindLink Kind = 4
)

// IsFile says that a FileDone answers an entry of this kind.
func (k Kind) IsFile() bool { return k == KindFile || k == KindLink }

// Entry is one file or folder of the manifest. Entries are numbered from 0 in the order in which they are
// sent; files lie one after the other in the transfer space in that order, those of a chunk or more from a
// multiple of the chunk size on.
type Entry struct {
	Kind Kind
	// Path is relative to the destination, slash-separated.
	Path string
	// Size in bytes; 0 unless Kind is KindFile.
	Size int64
	// ModTime in nanoseconds since 1970 UTC.
	ModTime int64
	// Mode holds the permission bits.
	Mode uint32
	// Code and Text are the failure, only for KindFailed.
	Code uint32
	Text string
	// Attributes are nil if there are none.
	Attributes *Attributes
}

// End follows the last Entry. Bytes is the sum of the sizes.
type End struct {
	Entries uint64
	Bytes   uint64
}

// Want asks for the whole of a file.
type Want struct{ Index uint64 }

// Range is a part of a file.
type Range = chunk.Range

// ChunkHash is the XXH3-128 of one chunk of a file.
type ChunkHash struct {
	Chunk uint64
	Hash  [16]byte
}

// Have says which parts of a file the receiver has already, and proves it with hashes of some or all of its chunks. The
// sender answers with a Sending. Long lists are split over several messages, all but the last with More set.
type Have struct {
	Index uint64
	More  bool
	// Final says that the ranges are a whole file that already has its final name: if the hashes agree nothing is sent,
	// not even a Digest.
	Final bool
	// Ranges are what the receiver has.
	Ranges []Range
	Hashes []ChunkHash
}

// Sending answers a Have: the parts of the file that the sender is about to send. None means the receiver has it all.
type Sending struct {
	Index  uint64
	More   bool
	Ranges []Range
}

// Digest is what the sender has read of a whole file: the XXH3-128 of the XXH3-128s of its chunks, in order. If Code is
// not 0 it says why the file failed at the sender instead.
type Digest struct {
	Index uint64
	Code  uint32
	Text  string
	Hash  [16]byte
	// Checksum is the digest by Options.Checksum, empty if none was agreed on.
	Checksum []byte
}

// FileStatus is what became of a file at the receiver.
type FileStatus uint8

// The outcomes.
const (
	FileWritten FileStatus = 0
	FileSkipped FileStatus = 1
	FileFailed  FileStatus = 2
)

// FileDone is the receiver's last word on an entry: every file gets one, a folder only if it failed. Code and Text say
// why a file failed, or why a symbolic link that is skipped is left out.
type FileDone struct {
	Index  uint64
	Status FileStatus
	Code   uint32
	Text   string
}

// Complete is the receiver's last message: it has said FileDone for everything.
type Complete struct{ Files, Skipped, Failed, Bytes uint64 }

// Keepalive proves that the peer is there.
type Keepalive struct{}

// Rate asks the sender to change its target rate.
type Rate struct{ TargetKbps uint64 }

// Type is TypeEntry.
func (*Entry) Type() Type { return TypeEntry }

// Type is TypeEnd.
func (*End) Type() Type { return TypeEnd }

// Type is TypeWant.
func (*Want) Type() Type { return TypeWant }

// Type is TypeHave.
func (*Have) Type() Type { return TypeHave }

// Type is TypeSending.
func (*Sending) Type() Type { return TypeSending }

// Type is TypeDigest.
func (*Digest) Type() Type { return TypeDigest }

// Type is TypeFileDone.
func (*FileDone) Type() Type { return TypeFileDone }

// Type is TypeComplete.
func (*Complete) Type() Type { return TypeComplete }

// Type is TypeKeepalive.
func (*Keepalive) Type() Type { return TypeKeepalive }

// Type is TypeRate.
func (*Rate) Type() Type { return TypeRate }

func (m *Entry) append(b []byte) ([]byte, error) {
	if len(m.Path) > MaxPath {
		return b, fmt.Errorf("path of %d bytes exceeds the limit of %d", len(m.Path), MaxPath)
	}
	b = append(b, byte(m.Kind))
	b = appendString(b, m.Path)
	b = binary.AppendUvarint(b, uint64(m.Size))
	b = binary.AppendVarint(b, m.ModTime)
	b = binary.AppendUvarint(b, uint64(m.Mode))
	if m.Kind == KindFailed {
		b = appendFailure(b, m.Code, m.Text)
	}
	if m.Attributes != nil {
		return m.Attributes.append(b)
	}
	return b, nil
}

func decodeEntry(d *decoder) *Entry {
	m := &Entry{Kind: Kind(d.byte()), Path: d.string(MaxPath), Size: d.size(), ModTime: d.varint(), Mode: d.uint32()}
	switch m.Kind {
	case KindFile, KindFolder, KindLink:
	case KindFailed:
		m.Code, m.Text = d.uint32(), d.string(MaxText)
	default:
		d.fail(fmt.Errorf("unknown kind %d", m.Kind))
	}
	m.Attributes = decodeAttributes(d)
	if isLink := m.Attributes != nil && m.Attributes.Link != ""; d.err == nil && isLink != (m.Kind == KindLink) {
		d.fail(fmt.Errorf("kind %d with a link's text: %v", m.Kind, isLink))
	}
	return m
}

func (m *End) append(b []byte) ([]byte, error) {
	return binary.AppendUvarint(binary.AppendUvarint(b, m.Entries), m.Bytes), nil
}

func (m *Want) append(b []byte) ([]byte, error) { return binary.AppendUvarint(b, m.Index), nil }

func (m *Have) append(b []byte) ([]byte, error) {
	b = binary.AppendUvarint(b, m.Index)
	b = appendBool(b, m.More)
	b = appendBool(b, m.Final)
	b = appendRanges(b, m.Ranges)
	b = binary.AppendUvarint(b, uint64(len(m.Hashes)))
	for _, h := range m.Hashes {
		b = append(binary.AppendUvarint(b, h.Chunk), h.Hash[:]...)
	}
	return b, nil
}

func decodeHave(d *decoder) *Have {
	m := &Have{Index: d.uvarint(), More: d.bool(), Final: d.bool(), Ranges: d.ranges()}
	n := d.few(17)
	if n > 0 {
		m.Hashes = make([]ChunkHash, 0, n)
	}
	for range n {
		h := ChunkHash{Chunk: d.uvarint()}
		copy(h.Hash[:], d.bytes(16))
		m.Hashes = append(m.Hashes, h)
	}
	return m
}

func (m *Sending) append(b []byte) ([]byte, error) {
	b = binary.AppendUvarint(b, m.Index)
	b = appendBool(b, m.More)
	return appendRanges(b, m.Ranges), nil
}

func decodeSending(d *decoder) *Sending {
	return &Sending{Index: d.uvarint(), More: d.bool(), Ranges: d.ranges()}
}

func (m *Digest) append(b []byte) ([]byte, error) {
	b = appendFailure(binary.AppendUvarint(b, m.Index), m.Code, m.Text)
	if len(m.Checksum) > MaxChecksum {
		return b, fmt.Errorf("checksum of %d bytes exceeds the limit of %d", len(m.Checksum), MaxChecksum)
	}
	b = append(b, m.Hash[:]...)
	return appendString(b, string(m.Checksum)), nil
}

func decodeDigest(d *decoder) *Digest {
	m := &Digest{Index: d.uvarint(), Code: d.uint32(), Text: d.string(MaxText)}
	copy(m.Hash[:], d.bytes(16))
	if sum := d.string(MaxChecksum); sum != "" {
		m.Checksum = []byte(sum)
	}
	return m
}

func (m *FileDone) append(b []byte) ([]byte, error) {
	b = append(binary.AppendUvarint(b, m.Index), byte(m.Status))
	return appendFailure(b, m.Code, m.Text), nil
}

func decodeFileDone(d *decoder) *FileDone {
	m := &FileDone{Index: d.uvarint(), Status: FileStatus(d.byte()), Code: d.uint32(), Text: d.string(MaxText)}
	if m.Status > FileFailed {
		d.fail(fmt.Errorf("unknown status %d", m.Status))
	}
	return m
}

func (m *Complete) append(b []byte) ([]byte, error) {
	for _, v := range []uint64{m.Files, m.Skipped, m.Failed, m.Bytes} {
		b = binary.AppendUvarint(b, v)
	}
	return b, nil
}

func (*Keepalive) append(b []byte) ([]byte, error) { return b, nil }

func (m *Rate) append(b []byte) ([]byte, error) { return binary.AppendUvarint(b, m.TargetKbps), nil }

func appendFailure(b []byte, code uint32, text string) []byte {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	return appendString(binary.AppendUvarint(b, uint64(code)), text)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendRanges writes ascending ranges as gaps from the end of the one before, and lengths.
func appendRanges(b []byte, ranges []Range) []byte {
	b = binary.AppendUvarint(b, uint64(len(ranges)))
	var end int64
	for _, r := range ranges {
		b = binary.AppendUvarint(b, uint64(r.Offset-end))
		b = binary.AppendUvarint(b, uint64(r.Length))
		end = r.Offset + r.Length
	}
	return b
}

func (d *decoder) ranges() []Range {
	n := d.few(2)
	var (
		out []Range
		end int64
	)
	if n > 0 {
		out = make([]Range, 0, n)
	}
	for range n {
		gap, length := d.size(), d.size()
		if gap > MaxSpace-end || length > MaxSpace-end-gap {
			d.fail(fmt.Errorf("range %d+%d after %d exceeds the limit", gap, length, end))
			return nil
		}
		out = append(out, Range{Offset: end + gap, Length: length})
		end += gap + length
	}
	return out
}

func (d *decoder) bool() bool { return d.byte() != 0 }

func (d *decoder) uint32() uint32 {
	v := d.uvarint()
	if v > 1<<32-1 {
		d.fail(fmt.Errorf("number %d exceeds 32 bits", v))
		return 0
	}
	return uint32(v)
}
