// Package link is the links that people without a login follow: to a package they were sent, to a form by which they send
// one, or to what became of one. A link has a passcode, which the secret of core vouches for; nothing of it is stored, so
// nobody reads it out of a database. What a link opens at a moment is core's to decide: the package knows no database.
package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/faspex/keyring"
)

// Kind is what a link is for, and nothing else (faspex-M15).
type Kind string

// The kinds.
const (
	// Download leads one recipient to one package. Thing is the package's uuid, Account the recipient.
	Download Kind = "d"
	// Invitation leads to the form of an invitation. Thing is its uuid.
	Invitation Kind = "i"
	// User and Inbox are submission links: they lead to a form that asks for an address. Account is the user, or the inbox.
	User  Kind = "u"
	Inbox Kind = "g"
	// Status leads to what became of a package. Thing is the package's uuid.
	Status Kind = "s"
)

// Link is one link.
type Link struct {
	Kind    Kind
	Thing   string
	Account int64
	// Until is how long it is proven that whoever has it got the mail to its address; zero where that was not proven.
	Until time.Time
}

// purpose is what the keys of passcodes are derived for.
const purpose = "link to something for people without a login 1"

// Passcode is the text that opens a link. Whoever has it has what the link leads to.
func (l Link) Passcode(ring *keyring.Ring) string {
	return l.text() + "." + mac(ring.Keys(purpose)[0], l.text())
}

func (l Link) text() string {
	return string(l.Kind) + "." + l.Thing + "." + strconv.FormatInt(l.Account, 10)
}

// maxPasscode bounds what is looked at.
const maxPasscode = 300

// Parse reads a passcode, proven or not; false for one that this installation never gave.
func Parse(ring *keyring.Ring, passcode string) (Link, bool) {
	parts := strings.Split(passcode, ".")
	if len(passcode) > maxPasscode || len(parts) != 4 && len(parts) != 6 {
		return Link{}, false
	}
	account, err := strconv.ParseInt(parts[2], 10, 64)
	l := Link{Kind: Kind(parts[0]), Thing: parts[1], Account: account}
	if err != nil || !signed(ring, l.text(), parts[3]) {
		return Link{}, false
	}
	if len(parts) == 4 {
		return l, true
	}
	until, err := strconv.ParseInt(parts[4], 10, 64)
	if err != nil || !signed(ring, l.proof(time.Unix(until, 0)), parts[5]) {
		return Link{}, false
	}
	l.Until = time.Unix(until, 0)
	return l, true
}

func signed(ring *keyring.Ring, text, by string) bool {
	for _, key := range ring.Keys(purpose) {
		if hmac.Equal([]byte(mac(key, text)), []byte(by)) {
			return true
		}
	}
	return false
}

func mac(key []byte, text string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Context is what a link tells the page and clients, beside the passcode. The names are the published ones.
type Context struct {
	Resource      string `json:"resource"`
	Passcode      string `json:"passcode"`
	Name          string `json:"name,omitempty"`           // of the recipient
	RecipientType string `json:"recipient_type,omitempty"` // user or shared_inbox
	PackageID     string `json:"package_id,omitempty"`
}

// Resources, by their published names; the last is an addition of this implementation.
const (
	ToUser       = "external_upload_to_user"
	ToInbox      = "external_upload_to_shared_inbox"
	ToPackage    = "external_download_package"
	ToStatus     = "external_package_status"
	publicPrefix = "/aspera/faspex/public/"
)

// pages are the addresses of links, by the kind.
var pages = map[Kind]string{
	Download: "package", Invitation: "send", User: "submission", Inbox: "submission", Status: "status",
}

// URL is the address of a link at a server, whose address has no path.
func (l Link) URL(base string, ring *keyring.Ring, c Context) (string, error) {
	if c.Passcode = l.Passcode(ring); !l.Until.IsZero() {
		c.Passcode = l.Proven(ring, l.Until)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode context of a link: %w", err)
	}
	return base + publicPrefix + pages[l.Kind] + "?context=" + url.QueryEscape(base64.StdEncoding.EncodeToString(raw)), nil
}

// ReadContext reads the context of an address; false for what is none.
func ReadContext(text string) (c Context, ok bool) {
	if len(text) > 16<<10 {
		return c, false
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	return c, err == nil && json.Unmarshal(raw, &c) == nil
}
