package packages

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strconv"
)

// Issue is what core asked a node for when it issued a transfer token: the part of it that the tags do not say.
type Issue struct {
	// Direction is send or receive, as the client sees it.
	Direction string
	// Folder is the package's folder on the node.
	Folder string
	NodeID int64
	// TokenUser is the node user in whose name the node sealed the token.
	TokenUser string
}

// tagsVersion begins what the MAC is made of. A change of the fields or of their order needs a new version.
const tagsVersion = "faspex transfer tags 1"

// Sign gives the tags with their MAC: HMAC-SHA256 of the tags and the issue, in base64.
func (t Tags) Sign(key []byte, of Issue) Tags {
	t.MAC = base64.RawURLEncoding.EncodeToString(t.sum(key, of))
	return t
}

// SignedFor reports whether one of the keys signed the tags for this issue. Tags without a MAC were signed for none.
func (t Tags) SignedFor(keys [][]byte, of Issue) bool {
	mac, err := base64.RawURLEncoding.DecodeString(t.MAC)
	if err != nil {
		return false
	}
	for _, key := range keys {
		if hmac.Equal(mac, t.sum(key, of)) {
			return true
		}
	}
	return false
}

// sum writes every field behind its length, so that no two different issues are written alike.
func (t Tags) sum(key []byte, of Issue) []byte {
	h := hmac.New(sha256.New, key)
	for _, field := range []string{
		tagsVersion, t.Installation, t.PackageID, t.PackageUUID, t.AccountID, strconv.FormatBool(t.Whole), t.Side,
		of.Direction, of.Folder, strconv.FormatInt(of.NodeID, 10), of.TokenUser,
	} {
		writeField(h, field)
	}
	return h.Sum(nil)
}

func writeField(h hash.Hash, field string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(field)))
	_, _ = h.Write(length[:]) // a hash never fails
	_, _ = h.Write([]byte(field))
}
