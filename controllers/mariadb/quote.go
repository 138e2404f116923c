package mariadb

import (
	"crypto/sha1" //nolint:gosec // the format of the server's native password hash
	"encoding/hex"
	"strings"
)

// Identifier quotes a name or a pattern of names for use as an identifier, whatever it holds.
func Identifier(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// account is user@'%' as an identifier: passwords and rights do not depend on where a pod happens to run.
func account(user string) string {
	return Identifier(user) + "@" + Identifier(anyHost)
}

const anyHost = "%"

// passwordHash is the hash of mysql_native_password as the server stores it: a star and the hexadecimal SHA-1 of the
// SHA-1 of the password. It needs no quoting.
func passwordHash(password string) string {
	first := sha1.Sum([]byte(password)) //nolint:gosec // as above
	second := sha1.Sum(first[:])        //nolint:gosec // as above
	return "*" + strings.ToUpper(hex.EncodeToString(second[:]))
}

// exactDatabase is a pattern for GRANT that matches database alone: underscores of the name stand for themselves. Names
// with % or \ are not made here.
func exactDatabase(database string) string {
	return strings.ReplaceAll(database, "_", `\_`)
}
