package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"faspex.io/operator/dataplane/token"
)

// passwordTime bounds how long a log-in waits for its turn.
const passwordTime = 20 * time.Second

// sshPasswords decides on passwords of SSH users, which are the first lines of files with their names. Tries count as
// those at the Node API do, for accounts of their own: an access key may have the same name.
func (n *node) sshPasswords(dir string) func(user, address, password string) (bool, string) {
	return func(user, address, password string) (bool, string) {
		wanted, err := passwordOf(dir, user)
		if err != nil {
			n.log.Error("read password of a transfer user", "user", user, "error", err)
		}
		ctx, cancel := context.WithTimeout(token.WithAddress(context.Background(), address), passwordTime)
		defer cancel()
		right, err := n.store.Throttle().Compare("ssh:"+user, address, password, wanted)
		if err == nil && right {
			return true, ""
		}
		refused := n.logins.at("ssh")
		if errors.Is(err, token.ErrThrottled) {
			refused("throttled")
			return false, token.ErrThrottled.Error()
		}
		refused("credentials")
		// The time does not tell who has a password.
		if err := n.store.SpendLogin(ctx, password); err != nil {
			return false, "the server is busy, try again"
		}
		return false, "the server does not accept the password"
	}
}

// passwordOf is empty for users without a password.
func passwordOf(dir, user string) (string, error) {
	if !filepath.IsLocal(user) || filepath.Base(user) != user || strings.HasPrefix(user, ".") {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(dir, user))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimRight(line, "\r"), nil
}
