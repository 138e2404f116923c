// Package ticket is what core gives to a person's browser for a download, and what the gateway opens: a sealed text
// that says which files, under which name and until when. It knows nothing of HTTP and of who may download what.
package ticket

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/keyring"
)

// Ticket permits one download.
type Ticket struct {
	// ID names the ticket, so that it is used once: unguessable and different for each.
	ID string `json:"id"`
	// Expires is when the ticket ends, to the second.
	Expires time.Time `json:"exp"`
	// Name is the file name that is proposed to the browser.
	Name string `json:"name"`
	// Zip says that what is downloaded is put into one ZIP file.
	Zip bool `json:"zip,omitempty"`
	// Spec is the transfer spec of the download, with its token.
	Spec transferspec.Spec `json:"spec"`
}

// MaxLen is how long a sealed ticket may be: with the rest of its address it has to fit the line of a request that
// routers take.
const MaxLen = 7 << 10

// maxOpened bounds what an opened ticket takes.
const maxOpened = 1 << 20

// Why a ticket is not sealed or opened.
var (
	// ErrTooLong says that the paths are too many for an address.
	ErrTooLong = errors.New("too many files are chosen for one download address: choose the folder that holds them")
	// ErrInvalid says that a text is no ticket of this installation.
	ErrInvalid = errors.New("the download address is not valid")
	// ErrExpired says that the time of a ticket is over.
	ErrExpired = errors.New("the download address has expired")
)

// purpose is what the key is derived for.
const purpose = "download ticket"

// Seal makes the URL-safe text of a ticket with the current secret of a ring, that of FASPEX_GATEWAY_SECRET.
func Seal(ring *keyring.Ring, t Ticket) (string, error) {
	t.Expires = t.Expires.UTC().Truncate(time.Second)
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("seal a download ticket: %w", err)
	}
	if len(text) > maxOpened {
		return "", ErrTooLong
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", fmt.Errorf("seal a download ticket: %w", err)
	}
	_, _ = w.Write(text) // A buffer takes everything.
	_ = w.Close()
	sealed, err := ring.Seal(purpose, "", packed.String())
	if err != nil {
		return "", fmt.Errorf("seal a download ticket: %w", err)
	}
	s := base64.RawURLEncoding.EncodeToString(sealed)
	if len(s) > MaxLen {
		return "", ErrTooLong
	}
	return s, nil
}

// Open reads what Seal made, with the current secret of the ring or the one before. Its errors are ErrInvalid and
// ErrExpired.
func Open(ring *keyring.Ring, s string, now time.Time) (Ticket, error) {
	if len(s) > MaxLen {
		return Ticket{}, ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return Ticket{}, ErrInvalid
	}
	packed, _, err := ring.Open(purpose, "", sealed)
	if err != nil {
		return Ticket{}, ErrInvalid
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader([]byte(packed))), maxOpened))
	if err != nil {
		return Ticket{}, ErrInvalid
	}
	var t Ticket
	if err := json.Unmarshal(text, &t); err != nil {
		return Ticket{}, ErrInvalid
	}
	if !now.Before(t.Expires) {
		return t, ErrExpired
	}
	return t, nil
}
