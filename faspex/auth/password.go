package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of argon2id, after the OWASP password storage cheat sheet: 19 MiB, two passes, one lane.
const (
	argonMemoryKiB = 19 * 1024
	argonPasses    = 2
	argonLanes     = 1
	argonKeyBytes  = 32
)

// deriver is argon2.IDKey, or what tests put in its place.
type deriver func(password, salt []byte, passes, memory uint32, lanes uint8, length uint32) []byte

// HashPassword makes a PHC string of a password with argon2id and a random salt. It waits for nobody: a server that
// hashes what people send uses Server.HashPassword, which has a queue.
func HashPassword(password string) string { return makeHash(argon2.IDKey, password) }

func makeHash(derive deriver, password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	key := derive([]byte(password), salt, argonPasses, argonMemoryKiB, argonLanes, argonKeyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemoryKiB, argonPasses, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// errHash means that a stored hash is not one of HashPassword.
var errHash = errors.New("stored password hash is malformed")

func checkHash(derive deriver, password, hash string) (bool, error) {
	if hash == "" {
		derive([]byte(password), make([]byte, 16), argonPasses, argonMemoryKiB, argonLanes, argonKeyBytes)
		return false, nil
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errHash
	}
	var version, lanes int
	var memory, passes uint32
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || lanes < 1 ||
		lanes > 255 || passes < 1 || memory > 1<<20 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, errHash
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 {
		return false, errHash
	}
	got := derive([]byte(password), salt, passes, memory, uint8(lanes), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
