package core

import (
	"context"
	"database/sql"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

type invitationList struct {
	List
	Invitations []api.Invitation `json:"invitations"`
}

type invitationMessage struct {
	Message string `json:"message"`
}

func (s *Server) registerInvitations() {
	const what, path = "invitation", v5 + "/invitations"
	register(s, operation{method: http.MethodGet, path: path, id: "list-invitations", what: what, access: anyone,
		summary: "List the invitations to send to the caller"},
		func(ctx context.Context, in *struct {
			Paging
			Query string `query:"q" doc:"part of the address"`
		}) (*body[invitationList], error) {
			return s.listInvitations(ctx, store.InvitationFilter{OwnerID: caller(ctx).ID, Query: in.Query}, in.Paging)
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-invitation", what: what, access: anyone,
		status: http.StatusCreated, summary: "Invite somebody to send packages to the caller without a login"}, s.invite)
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-invitation", what: what, access: anyone,
		summary: "Read an invitation"},
		func(ctx context.Context, in *IDPath) (*body[api.Invitation], error) {
			i, err := s.invitation(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return s.invitationAnswer(ctx, i.ID)
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-invitation", what: what,
		access: anyone, summary: "Change an invitation"},
		func(ctx context.Context, in *struct {
			IDPath
			Body api.InvitationChange
		}) (*body[api.Invitation], error) {
			i, err := s.invitation(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if in.Body.Expiration != "" || in.Body.ExpiresAt != nil {
				if i, err = s.withPolicy(ctx, i, in.Body.InvitationPolicy); err != nil {
					return nil, err
				}
			}
			set(&i.Description, in.Body.Description)
			set(&i.PreventHTTP, in.Body.PreventHTTPUpload)
			if err := s.store.UpdateInvitation(ctx, i); err != nil {
				return nil, err
			}
			return s.invitationAnswer(ctx, i.ID)
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-invitation", what: what,
		access: anyone, summary: "End an invitation"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			i, err := s.invitation(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.store.DeleteInvitation(ctx, i.ID)
		})
	register(s, operation{method: http.MethodPost, path: path + "/{id}/resend", id: "resend-invitation", what: what,
		access: anyone, status: http.StatusNoContent, summary: "Mail an invitation again"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			i, err := s.invitation(ctx, in.ID)
			if err == nil {
				err = s.sendsMail(ctx)
			}
			if err != nil {
				return nil, err
			}
			return nil, s.store.ResendInvitation(ctx, i.ID, s.now(), s.invitationMail(ctx, i.ID, i.GroupID))
		})
	s.registerInboxInvitations()
	s.registerInboxLinks()
}

// registerInboxInvitations adds the calls about invitations to send to a shared inbox.
func (s *Server) registerInboxInvitations() {
	const what = "invitation"
	register(s, operation{method: http.MethodPost, path: v5 + "/shared_inboxes/{id}/external_collaborator",
		id: "invite-to-shared-inbox", what: what, access: anyone, status: http.StatusCreated,
		summary: "Invite somebody to send packages to a shared inbox without a login"}, s.inviteToInbox)
	register(s, operation{method: http.MethodGet, path: v5 + "/shared_inboxes/{id}/invitations",
		id: "list-shared-inbox-invitations", what: what, access: anyone,
		summary: "List the invitations to send to a shared inbox, for those who may invite: an addition of this implementation"},
		func(ctx context.Context, in *struct {
			IDPath
			Paging
			Query string `query:"q" doc:"part of the address"`
		}) (*body[invitationList], error) {
			g, err := s.group(ctx, store.SharedInbox, in.ID)
			if err == nil {
				err = policy.CanInviteTo(actor(caller(ctx)), g.thing)
			}
			if err != nil {
				return nil, err
			}
			return s.listInvitations(ctx, store.InvitationFilter{GroupID: g.ID, Query: in.Query}, in.Paging)
		})
}

// registerInboxLinks adds the submission link of a shared inbox, for its members: an addition of this implementation.
func (s *Server) registerInboxLinks() {
	register(s, operation{method: http.MethodGet, path: v5 + "/shared_inboxes/{id}/submission_link",
		id: "get-submission-link", what: "shared inbox", access: anyone,
		summary: "Tell the submission link of a shared inbox to its members: an addition of this implementation"},
		func(ctx context.Context, in *IDPath) (*body[api.SubmissionLink], error) {
			g, err := s.group(ctx, store.SharedInbox, in.ID)
			if err != nil {
				return nil, err
			}
			if !policy.SendsTo(actor(caller(ctx)), g.thing) {
				return nil, notFound("shared inbox")
			}
			rules, err := s.auth.Configuration(ctx)
			if err != nil {
				return nil, err
			}
			o, err := settings.ReadSharedInbox(g.Options)
			if err != nil {
				return nil, err
			}
			out := api.SubmissionLink{Enabled: policy.CanFollowSubmission(policy.InboxTarget(rules, o, true)) == nil,
				Switchable: policy.ManagesGroup(actor(caller(ctx)), g.thing) &&
					policy.CanSwitchInboxLink(actor(caller(ctx)), rules.SharedInboxCanOverridePublicURL) == nil}
			if out.Enabled {
				out.URL, err = s.submissionURL(ctx, link.Link{Kind: link.Inbox, Account: g.ID}, g.Name)
			}
			return answerWith(out), err
		})
}

func (s *Server) listInvitations(ctx context.Context, f store.InvitationFilter, p Paging) (*body[invitationList], error) {
	found, total, err := s.store.Invitations(ctx, f, p.page())
	if err != nil {
		return nil, err
	}
	out := invitationList{List: p.list(total), Invitations: []api.Invitation{}}
	for _, i := range found {
		one, err := s.invitationOut(ctx, i)
		if err != nil {
			return nil, err
		}
		out.Invitations = append(out.Invitations, one)
	}
	return answerWith(out), nil
}

// invitation reads an invitation of the caller, or one to a shared inbox that the caller may invite to.
func (s *Server) invitation(ctx context.Context, id string) (store.Invitation, error) {
	n, err := number(id, "invitation")
	if err != nil {
		return store.Invitation{}, err
	}
	i, err := s.store.Invitation(ctx, n)
	if err != nil {
		return i, err
	}
	if i.Public {
		return i, notFound("invitation")
	}
	if i.GroupID == 0 {
		if i.OwnerID != caller(ctx).ID {
			return i, notFound("invitation")
		}
		return i, nil
	}
	g, err := s.group(ctx, store.SharedInbox, text(i.GroupID))
	if err == nil && policy.CanInviteTo(actor(caller(ctx)), g.thing) != nil {
		err = notFound("invitation")
	}
	return i, err
}

func (s *Server) invitationAnswer(ctx context.Context, id int64) (*body[api.Invitation], error) {
	i, err := s.store.Invitation(ctx, id)
	if err != nil {
		return nil, err
	}
	out, err := s.invitationOut(ctx, i)
	return answerWith(out), err
}

func (s *Server) invitationOut(ctx context.Context, i store.Invitation) (api.Invitation, error) {
	out := api.Invitation{
		ID: text(i.ID), EmailAddress: i.Email, Expiration: expirationOf(i), CreatedAt: stamp(i.CreatedAt),
		UpdatedAt: stamp(i.UpdatedAt), InvitedAt: stamp(i.InvitedAt), ExpiresAt: nullStamp(i.ExpiresAt),
		Description: i.Description, PreventHTTPUpload: i.PreventHTTP, RecipientName: i.OwnerName, RecipientType: "user",
		Status: "active",
	}
	if i.GroupID != 0 {
		out.RecipientName, out.RecipientType = i.GroupName, store.SharedInbox
	}
	if i.Over(s.now()) {
		out.Status = "expired"
	}
	if i.Public {
		return out, nil
	}
	var err error
	out.AccessURL, err = i.URL(s.linkBase(ctx), s.ring)
	return out, err
}

// expirationOf is the published word for when an invitation ends.
func expirationOf(i store.Invitation) string {
	switch {
	case i.Once && i.ExpiresAt.Valid:
		return "after_one_upload_or_date"
	case i.Once:
		return "after_one_upload"
	case i.ExpiresAt.Valid:
		return "on_date"
	}
	return "never"
}

func (s *Server) invite(ctx context.Context, in *struct{ Body api.InvitationCreate }) (*body[api.Invitation], error) {
	permissions, err := s.permissions(ctx, caller(ctx))
	if err == nil {
		err = policy.CanInvite(permissions)
	}
	if err != nil {
		return nil, err
	}
	i, err := s.newInvitation(in.Body.EmailAddress)
	if err != nil {
		return nil, err
	}
	i.OwnerID, i.Description, i.PreventHTTP = caller(ctx).ID, in.Body.Description, in.Body.PreventHTTPUpload
	if i, err = s.withPolicy(ctx, i, in.Body.InvitationPolicy); err != nil {
		return nil, err
	}
	id, err := s.mailInvitation(ctx, i)
	if err != nil {
		return nil, err
	}
	return s.invitationAnswer(ctx, id)
}

func (s *Server) inviteToInbox(ctx context.Context, in *struct {
	IDPath
	Body api.ExternalCollaborator
}) (*body[invitationMessage], error) {
	g, err := s.group(ctx, store.SharedInbox, in.ID)
	if err == nil {
		err = policy.CanInviteTo(actor(caller(ctx)), g.thing)
	}
	if err != nil {
		return nil, err
	}
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	if !rules.InvitationsAllowed {
		return nil, policy.CanInvite(policy.Permissions{})
	}
	o, err := settings.ReadSharedInbox(g.Options)
	if err != nil {
		return nil, err
	}
	i, err := s.newInvitation(in.Body.EmailAddress)
	if err != nil {
		return nil, err
	}
	i.OwnerID, i.GroupID = caller(ctx).ID, g.ID
	i.Description, i.PreventHTTP = in.Body.Description, in.Body.PreventHTTPUpload
	end := rules.InvitationEnd()
	if o.CustomLinkExpirationPolicy {
		end = o.InvitationEnd()
	}
	if c := in.Body; c.CustomLinkExpirationPolicy && rules.AllowUsersToSetCustomLinkExpiration {
		own := settings.InvitationEnd{Once: c.InvitationExpiresAfterUpload}
		if c.SetInvitationLinkExpiration {
			own.Hours = max(c.InvitationExpirationHours, 24*c.InvitationExpirationDays)
		}
		if rules.EnforceMaximumInvitationDuration && end.Hours > 0 && (own.Hours == 0 || own.Hours > end.Hours) {
			return nil, tooLong(end.Hours, "invitation_expiration_hours")
		}
		end = own
	}
	if _, err := s.mailInvitation(ctx, s.ending(i, end)); err != nil {
		return nil, err
	}
	return answerWith(invitationMessage{"The invitation is on its way."}), nil
}

func (s *Server) newInvitation(address string) (store.Invitation, error) {
	address = strings.TrimSpace(address)
	if !settings.IsEmail(address) {
		return store.Invitation{}, badField("email_address must be an e-mail address.", "email_address")
	}
	return store.Invitation{UUID: uuid.NewString(), Email: address, InvitedAt: s.now()}, nil
}

// ending gives an invitation its end, counted from now.
func (s *Server) ending(i store.Invitation, end settings.InvitationEnd) store.Invitation {
	i.Once, i.Hours, i.ExpiresAt = end.Once, end.Hours, sql.NullTime{}
	if end.Hours > 0 {
		i.ExpiresAt = sql.NullTime{Time: s.now().Add(time.Duration(end.Hours) * time.Hour), Valid: true}
	}
	return i
}

func tooLong(hours int, field string) error {
	return badField("Invitations are good for "+text(int64(hours))+" hours at most. Choose an earlier end.", field)
}

// withPolicy gives an invitation its end: as it was asked for, where users may choose, else as the server says. A choice
// that is longer than the server's end is refused where that is the maximum (faspex-M8).
func (s *Server) withPolicy(ctx context.Context, i store.Invitation, p api.InvitationPolicy) (store.Invitation, error) {
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return i, err
	}
	end := rules.InvitationEnd()
	if p.Expiration == "" || !rules.AllowUsersToSetCustomLinkExpiration {
		return s.ending(i, end), nil
	}
	i.Hours, i.ExpiresAt = 0, sql.NullTime{}
	i.Once = p.Expiration == "after_one_upload" || p.Expiration == "after_one_upload_or_date"
	if p.Expiration == "on_date" || p.Expiration == "after_one_upload_or_date" {
		if i.ExpiresAt, err = date(p.ExpiresAt, "expires_at"); err != nil {
			return i, err
		}
		if !i.ExpiresAt.Valid || !i.ExpiresAt.Time.After(s.now()) {
			return i, badField("expires_at must be a time to come.", "expires_at")
		}
	}
	latest := s.now().Add(time.Duration(end.Hours) * time.Hour)
	if rules.EnforceMaximumInvitationDuration && end.Hours > 0 && (!i.ExpiresAt.Valid || i.ExpiresAt.Time.After(latest)) {
		return i, tooLong(end.Hours, "expires_at")
	}
	return i, nil
}

// mailInvitation stores an invitation, and has it mailed.
func (s *Server) mailInvitation(ctx context.Context, i store.Invitation) (int64, error) {
	if err := s.sendsMail(ctx); err != nil {
		return 0, err
	}
	return s.store.CreateInvitation(ctx, i, func(id int64) store.Order { return s.invitationMail(ctx, id, i.GroupID) })
}

func (s *Server) invitationMail(ctx context.Context, id, group int64) store.Order {
	of := mail.PersonalInvitation
	if group != 0 {
		of = mail.InboxInvitation
	}
	return store.Order{Kind: mail.Kind, Payload: mail.Order{Type: of, Invitation: id, Base: s.linkBase(ctx)}}
}

// submissionURL is the submission link of a user or of a shared inbox; the same whenever it is switched on again.
func (s *Server) submissionURL(ctx context.Context, l link.Link, name string) (string, error) {
	c := link.Context{Resource: link.ToUser, Name: name, RecipientType: "user"}
	if l.Kind == link.Inbox {
		c.Resource, c.RecipientType = link.ToInbox, store.SharedInbox
	}
	return l.URL(s.linkBase(ctx), s.ring, c)
}
