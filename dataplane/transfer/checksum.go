package transfer

import (
	"crypto/md5"  //nolint:gosec // asked for by name, to compare with what other tools report
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// Checksums that a client can have reported for every file. They are computed by reading
// the file once more at both ends.
const (
	ChecksumNone   = "none"
	ChecksumMD5    = "md5"
	ChecksumSHA1   = "sha1"
	ChecksumSHA256 = "sha-256"
	ChecksumSHA384 = "sha-384"
	ChecksumSHA512 = "sha-512"
)

// NewChecksum makes the digest of a name, which has to be one of these.
func NewChecksum(name string) hash.Hash {
	switch name {
	case ChecksumMD5:
		return md5.New() //nolint:gosec // see above
	case ChecksumSHA1:
		return sha1.New() //nolint:gosec // see above
	case ChecksumSHA384:
		return sha512.New384()
	case ChecksumSHA512:
		return sha512.New()
	}
	return sha256.New()
}
