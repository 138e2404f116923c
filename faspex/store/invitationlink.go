package store

import (
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/link"
)

// URL is the address by which an invitation is followed, at a server.
func (i Invitation) URL(base string, ring *keyring.Ring) (string, error) {
	c := link.Context{Resource: link.ToUser, Name: i.OwnerName, RecipientType: "user"}
	if i.GroupID != 0 {
		c = link.Context{Resource: link.ToInbox, Name: i.GroupName, RecipientType: SharedInbox}
	}
	return link.Link{Kind: link.Invitation, Thing: i.UUID}.URL(base, ring, c)
}
