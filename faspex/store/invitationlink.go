package store

import (
	"time"

	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/link"
)

// URL is the address by which an invitation is followed, at a server.
func (i Invitation) URL(base string, ring *keyring.Ring) (string, error) {
	return i.ProvenURL(base, ring, time.Time{})
}

// ProvenURL is the address for somebody who typed the code that was mailed; it is good as such until a time.
func (i Invitation) ProvenURL(base string, ring *keyring.Ring, until time.Time) (string, error) {
	c := link.Context{Resource: link.ToUser, Name: i.OwnerName, RecipientType: "user"}
	if i.GroupID != 0 {
		c = link.Context{Resource: link.ToInbox, Name: i.GroupName, RecipientType: SharedInbox}
	}
	return link.Link{Kind: link.Invitation, Thing: i.UUID, Until: until}.URL(base, ring, c)
}
