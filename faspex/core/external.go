package core

import (
	"context"
	"net/http"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// What may be asked for by one submission link in an hour, and by it for one address: each is a mail.
const (
	asksAnHour        = 100
	asksOfOneAddress  = 3
	asksAreCountedFor = time.Hour
)

// registerExternal adds the calls of those who follow links.
func (s *Server) registerExternal() {
	const what = "link"
	register(s, operation{method: http.MethodPost, path: v5 + "/public_invitations", id: "create-public-invitation",
		what: "invitation", access: linksOnly, guests: []policy.Purpose{policy.AskByLink}, status: http.StatusCreated,
		summary: "Ask by a submission link for a link to send by, which is mailed"}, s.askForLink)
	register(s, operation{method: http.MethodGet, path: v5 + "/external/link", id: "get-link", what: what, access: linksOnly,
		guests:  []policy.Purpose{policy.SendByLink, policy.ReadByLink, policy.AskByLink, policy.LookByLink},
		summary: "Tell what a link leads to: an addition of this implementation"}, s.tellLink)
	register(s, operation{method: http.MethodPost, path: v5 + "/external/upload/authenticate", id: "authenticate-upload",
		what: what, access: linksOnly, guests: senders, status: http.StatusNoContent,
		summary: "Tell whether a link sends packages"},
		func(ctx context.Context, _ *struct{}) (*empty, error) {
			return nil, policy.CanSendByInvitation(guestOf(ctx).rule)
		})
	s.registerLinkCodes()
	for id, path := range map[string]string{"authenticate-view": "view", "authenticate-download": "download"} {
		register(s, operation{method: http.MethodPost, path: v5 + "/external/" + path + "/authenticate", id: id, what: what,
			access: linksOnly, guests: readers, status: http.StatusNoContent, summary: "Tell whether a link opens a package"},
			func(ctx context.Context, in *struct{ Body api.LinkedPackage }) (*empty, error) {
				if string(in.Body.PackageID) != text(guestOf(ctx).pkg.ID) {
					return nil, notFound("package")
				}
				return nil, nil
			})
	}
}

// askForLink mails a link to send by to whoever asks by a submission link. The answer is the same whoever has the address
// (faspex-M21).
func (s *Server) askForLink(ctx context.Context, in *struct{ Body api.PublicInvitation }) (*body[api.Invitation], error) {
	g := guestOf(ctx)
	i, err := s.newInvitation(in.Body.EmailAddress)
	if err != nil {
		return nil, err
	}
	if err := s.sendsMail(ctx); err != nil {
		return nil, err
	}
	i.Public, i.OwnerID = true, g.to.ID
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	end := rules.InvitationEnd()
	if g.group != nil {
		i.GroupID = g.group.ID
		o, err := settings.ReadSharedInbox(g.group.Options)
		if err != nil {
			return nil, err
		}
		if o.CustomLinkExpirationPolicy {
			end = o.InvitationEnd()
		}
	}
	i = s.ending(i, end)
	all, ofAddress, err := s.store.CountPublicInvitations(ctx, i.OwnerID, i.GroupID, i.Email, s.now().Add(-asksAreCountedFor))
	if err != nil {
		return nil, err
	}
	if all >= asksAnHour || ofAddress >= asksOfOneAddress {
		p := newProblem(http.StatusTooManyRequests, "Too many links were asked for. Look into your mail, or try again in an hour.")
		p.retryAfter = "3600"
		return nil, p
	}
	i.ID, err = s.store.CreateInvitation(ctx, i, func(id int64) store.Order { return s.invitationMail(ctx, id, i.GroupID) })
	if err != nil {
		return nil, err
	}
	return s.invitationAnswer(ctx, i.ID)
}

// tellLink tells what the page needs to show the form, the package or the status that a link leads to.
func (s *Server) tellLink(ctx context.Context, _ *struct{}) (*body[api.Link], error) {
	g := guestOf(ctx)
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	out := api.Link{Purpose: string(g.purpose), GatewayURL: s.gatewayURL(), Instructions: rules.PackageInstructions,
		Terms: rules.PackageTermsOfService, EncryptionAtRest: "none"}
	switch {
	case g.group != nil:
		out.RecipientName, out.RecipientType = g.group.Name, store.SharedInbox
		if g.group.instructions != "" {
			out.Instructions = g.group.instructions
		}
	case g.to.ID != 0:
		out.RecipientName, out.RecipientType = fullName(g.to), "user"
	}
	switch g.purpose {
	case policy.SendByLink:
		out.EmailAddress, out.PreventHTTPUpload = g.invitation.Email, g.invitation.PreventHTTP
		out.ExpiresAt, out.MaySend = nullStamp(g.invitation.ExpiresAt), policy.CanSendByInvitation(g.rule) == nil
		if out.EncryptionAtRest, err = encryptionFor(rules, s.guestAddressees(g)); err != nil {
			return nil, err
		}
	case policy.ReadByLink:
		out.EmailAddress, out.PackageID, out.PackageTitle = g.account.Email, text(g.pkg.ID), g.pkg.Title
		if end := linkEnd(rules, g.pkg); !end.IsZero() {
			out.ExpiresAt = ptr(stamp(end))
		}
	case policy.LookByLink:
		out.PackageTitle = g.pkg.Title
		out.PackageStatus = string(packages.Show(g.pkg.State, g.pkg.UploadStatus))
	}
	return answerWith(out), nil
}

// encryptionFor tells whether packages to some recipients need a password, may have one or have none.
func encryptionFor(rules settings.Configuration, to *addressees) (string, error) {
	chosen, err := encryptsAtRest(rules, to, true)
	if err != nil || !chosen {
		return "none", nil // a password is refused
	}
	required, err := encryptsAtRest(rules, to, false)
	if required {
		return "required", err
	}
	return "optional", err
}

// fullName is how people are called: never by their login when they have a name.
func fullName(a store.Account) string {
	if name := a.FirstName + " " + a.LastName; name != " " {
		return name
	}
	return a.Name
}
