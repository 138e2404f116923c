// Package nodes reaches the transfer nodes that Faspex knows: it opens a node's sealed password and makes a Node API
// client of the row. It decides nothing about packages.
package nodes

import (
	"fmt"
	"net"
	"strconv"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/store"
)

const purpose = "node password"

// Dialer makes clients of nodes. Safe for concurrent use.
type Dialer struct {
	ring *keyring.Ring
}

// NewDialer makes a dialer that opens passwords with the keys of ring.
func NewDialer(ring *keyring.Ring) *Dialer { return &Dialer{ring: ring} }

// Seal makes of a node's password what the store keeps. The user name is bound to it.
func (d *Dialer) Seal(username, password string) ([]byte, error) {
	sealed, err := d.ring.Seal(purpose, username, password)
	if err != nil {
		return nil, fmt.Errorf("seal node password: %w", err)
	}
	return sealed, nil
}

// Password opens a node's password.
func (d *Dialer) Password(n store.Node) (string, error) {
	password, _, err := d.ring.Open(purpose, n.APIUsername, n.APIPassword)
	if err != nil {
		return "", fmt.Errorf("open password of node %d: %w", n.ID, err)
	}
	return password, nil
}

// Reseal gives the password sealed anew if only the previous secret opens it, so that the
// next rotation does not lose it.
func (d *Dialer) Reseal(n store.Node) (sealed []byte, needed bool, err error) {
	password, current, err := d.ring.Open(purpose, n.APIUsername, n.APIPassword)
	if err != nil {
		return nil, false, fmt.Errorf("open password of node %d: %w", n.ID, err)
	}
	if current {
		return nil, false, nil
	}
	sealed, err = d.Seal(n.APIUsername, password)
	return sealed, err == nil, err
}

// TagKeys are the keys that vouch for the tags of transfers: the current one, which signs, then
// the previous one if there is one.
func (d *Dialer) TagKeys() [][]byte { return d.ring.Keys("transfer tags") }

// Client makes a Node API client for a node. It does not connect.
func (d *Dialer) Client(n store.Node) (*nodeapi.Client, error) {
	password, err := d.Password(n)
	if err != nil {
		return nil, err
	}
	scheme := "https"
	if !n.UseSSL {
		scheme = "http"
	}
	c, err := nodeapi.New(nodeapi.Config{
		URL:                scheme + "://" + net.JoinHostPort(n.Host, strconv.Itoa(n.APIPort)),
		Username:           n.APIUsername,
		Password:           password,
		CA:                 []byte(n.PublicKey),
		InsecureSkipVerify: !n.VerifySSL,
		Timeout:            time.Duration(n.ConnectionTimeout) * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("reach node %q: %w", n.Name, err)
	}
	return c, nil
}
