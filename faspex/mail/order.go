package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/settings"
)

// Kind is what mails are called in the outbox.
const Kind = "mail"

// Order asks for one mail to one person. It holds no code and no password: whoever sends the mail makes those.
type Order struct {
	Type string `json:"type"`
	// Account is who gets it; 0 when Login names the person, who may not exist.
	Account int64  `json:"account,omitempty"`
	Login   string `json:"login,omitempty"`
	// To is who gets it when that is nobody with an account here, and About whom it is about.
	To    *Person `json:"to,omitempty"`
	About *Person `json:"about,omitempty"`
	// Base is the address of the server at the time of the order, without a path; links begin with it.
	Base string `json:"base"`
	// Package is what the mail is about, with who downloaded it, by which workgroup it came, and how its upload ended.
	Package    int64  `json:"package,omitempty"`
	Downloader int64  `json:"downloader,omitempty"`
	Group      int64  `json:"group,omitempty"`
	Result     string `json:"result,omitempty"`
	// Invitation is what the mail carries the link of.
	Invitation int64 `json:"invitation,omitempty"`
	// Link is the subject of the link whose code the mail carries. It opens nothing.
	Link string `json:"link,omitempty"`
}

// Recipient tells apart the orders of one event. It is short.
func (o Order) Recipient() string {
	if o.To != nil {
		sum := sha256.Sum256([]byte(strings.ToLower(o.To.Email)))
		return hex.EncodeToString(sum[:8])
	}
	return strconv.FormatInt(o.Account, 10)
}

// Person is somebody who may have no account.
type Person struct {
	Email     string `json:"email"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
}

// Test asks for a mail that shows whether the mail server takes mails.
type Test struct {
	To   string `json:"to"`
	Type string `json:"type,omitempty"` // shows the template of a type; empty for none
	Base string `json:"base"`
}

// NameServer and NameTemplate are the names of documents of settings.
const NameServer = "smtp"

// NameTemplate is the document of the template of a type.
func NameTemplate(of string) string { return "mail-" + of }

// Stored is what the settings keep of the mail server.
type Stored struct {
	Server
	// Sealed is the password, which opens for this server and user alone.
	Sealed []byte `json:"sealed,omitempty"`
}

const sealPurpose = "smtp password"

func (s Server) sealContext() string {
	return fmt.Sprintf("%s:%d %s", s.ServerAddress, s.ServerPort, s.Username)
}

// Seal keeps a password for a server.
func Seal(ring *keyring.Ring, s Server, password string) ([]byte, error) {
	return ring.Seal(sealPurpose, s.sealContext(), password)
}

// Password opens what Seal gave; empty when there is none.
func (s Stored) Password(ring *keyring.Ring) (password string, current bool, err error) {
	if len(s.Sealed) == 0 {
		return "", true, nil
	}
	password, current, err = ring.Open(sealPurpose, s.sealContext(), s.Sealed)
	if err != nil {
		return "", false, fmt.Errorf("open password of the mail server: %w", err)
	}
	return password, current, nil
}

// ErrNoServer means that no mail server was configured.
var ErrNoServer = errors.New("no mail server is configured")

// ReadServer reads the mail server and the version of its document. ErrNoServer when there is none.
func ReadServer(ctx context.Context, from settings.Source) (Stored, int64, error) {
	raw, version, err := from.Settings(ctx, NameServer)
	if err != nil {
		return Stored{}, 0, err
	}
	if version == 0 {
		return Stored{}, 0, ErrNoServer
	}
	var s Stored
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, version, fmt.Errorf("read mail server: %w", err)
	}
	return s, version, nil
}
