package settings

// InvitationEnd is when the link of an invitation ends: after one package, hours after its mail, or at whichever comes
// first. Without either it is good until it is withdrawn.
type InvitationEnd struct {
	Once  bool
	Hours int
}

// InvitationEnd is what the server says of invitations.
func (c Configuration) InvitationEnd() (end InvitationEnd) {
	if !c.InvitationLinkExpirationPolicy {
		return end
	}
	end.Once = c.InvitationLinkExpiresAfterUpload
	if c.InvitationLinkExpires {
		end.Hours = c.InvitationLinkHoursValid
	}
	return end
}

// InvitationEnd is what a shared inbox with a policy of its own says of invitations. One without an end switches the
// server's off (faspex-K9).
func (i SharedInbox) InvitationEnd() InvitationEnd {
	end := InvitationEnd{Once: i.InvitationExpiresAfterUpload}
	if i.SetInvitationLinkExpiration {
		end.Hours = i.InvitationExpirationHours
	}
	return end
}
