// Package secrets makes the Secrets whose content the operator invents, and reads those that users give. A value is
// invented once and replaced only where Wanted says so; a Secret that is deleted is made again with new values. It
// knows nothing of what the values are for, and none of its errors holds one.
package secrets

import (
	"crypto/rand"
	"encoding/base64"
	"math/big"
)

const (
	letters      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	alphanumeric = letters + "0123456789"
	// passwordLength gives 238 bits; the documented limit of every password is 80 characters.
	passwordLength = 40
)

// Password is 40 random letters and digits that start with a letter: within the documented limits of every password (at
// most 80 characters, no dollar sign, alphanumeric start) and safe to put between quotes anywhere.
func Password() []byte {
	p := make([]byte, passwordLength)
	p[0] = pick(letters)
	for i := 1; i < len(p); i++ {
		p[i] = pick(alphanumeric)
	}
	return p
}

// Key is n random bytes in unpadded URL-safe base64.
func Key(n int) []byte {
	raw := make([]byte, n)
	rand.Read(raw) // never fails since Go 1.24
	return []byte(base64.RawURLEncoding.EncodeToString(raw))
}

func pick(from string) byte {
	// Int fails only when its source does, and crypto/rand's never does.
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
	if err != nil {
		panic(err)
	}
	return from[n.Int64()]
}
