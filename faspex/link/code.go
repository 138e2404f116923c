package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"faspex.io/operator/faspex/keyring"
)

// codePurpose is what the keys of codes are derived for.
const codePurpose = "code by mail for a link 1"

// Code is what is mailed to the address of a link, where the link alone is not enough: six digits that follow from the
// subject of the link and from a nonce, so that only the nonce is kept.
func Code(ring *keyring.Ring, subject, nonce string) string {
	return codeBy(ring.Keys(codePurpose)[0], subject, nonce)
}

// IsCode reports whether somebody typed the code of a nonce. One that was mailed before the secret of core was rotated is
// good.
func IsCode(ring *keyring.Ring, subject, nonce, typed string) bool {
	for _, key := range ring.Keys(codePurpose) {
		if hmac.Equal([]byte(codeBy(key, subject, nonce)), []byte(typed)) {
			return true
		}
	}
	return false
}

func codeBy(key []byte, subject, nonce string) string {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s\n%s", subject, nonce)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(m.Sum(nil))%1_000_000)
}

// Subject names a link without opening it.
func (l Link) Subject() string { return l.text() }

// Proven is the passcode of somebody who typed the code: it opens the link until a time also where a code is demanded.
func (l Link) Proven(ring *keyring.Ring, until time.Time) string {
	passcode := l.Passcode(ring)
	return passcode + "." + strconv.FormatInt(until.Unix(), 10) + "." + mac(ring.Keys(purpose)[0], l.proof(until))
}

func (l Link) proof(until time.Time) string {
	return "code typed\n" + l.text() + "\n" + strconv.FormatInt(until.Unix(), 10)
}
