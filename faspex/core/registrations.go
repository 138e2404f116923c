package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

type registrationList struct {
	List
	Registrations []api.Registration `json:"registrations"`
}

// registerRegistrations adds the decisions about people who asked for an account, which admins and managers make, and
// the template of the accounts that come of it.
func (s *Server) registerRegistrations() {
	const what = "registration"
	type listInput struct {
		Paging
		Query string `query:"q"`
	}
	type idsInput struct {
		IDs string `query:"ids" required:"true"`
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/registrations", id: "list-registrations", what: what,
		access: userReaders, summary: "List who asked for an account and waits for a decision"},
		func(ctx context.Context, in *listInput) (*body[registrationList], error) {
			found, total, err := s.store.Registrations(ctx, in.Query, in.page())
			if err != nil {
				return nil, err
			}
			out := registrationList{List: in.list(total), Registrations: []api.Registration{}}
			for _, a := range found {
				out.Registrations = append(out.Registrations, api.Registration{
					ID: text(a.ID), CreatedAt: stamp(a.CreatedAt), FirstName: a.FirstName, LastName: a.LastName, Name: a.Name,
					Email: a.Email, ClientID: a.RegisteredWith, UserProfileData: []api.UserProfileData{},
				})
			}
			return answerWith(out), nil
		})
	for path, decide := range map[string]func(context.Context, string) error{"accept": s.accept, "deny": s.deny} {
		register(s, operation{method: http.MethodPost, path: v5 + "/registrations/" + path, id: path + "-registrations",
			what: what, access: managers, status: http.StatusMultiStatus, batch: true,
			summary: map[string]string{"accept": "Open the accounts of people who asked for one",
				"deny": "Refuse people an account"}[path]},
			func(ctx context.Context, in *idsInput) (*batchOutput, error) {
				all, err := ids(in.IDs, nil)
				if err != nil {
					return nil, err
				}
				return s.batchTelling(ctx, what, all, decide), nil
			})
	}
	registerDocument[settings.RegistrationDefaults, registrationDefaultsChange](s, v5+"/accounts/self_register_defaults",
		"defaults of registered accounts", settings.NameRegistration, settings.DefaultRegistration())
}

// registrationDefaultsChange is what can be set of the template of accounts whose people registered themselves.
type registrationDefaultsChange settings.RegistrationDefaults

// accept opens the account of somebody who asked for one, with what the template says now, and has a link mailed to set
// a password with.
func (s *Server) accept(ctx context.Context, id string) error {
	a, err := s.waiting(ctx, id)
	if err != nil {
		return err
	}
	if err := s.sendsMail(ctx); err != nil {
		return err
	}
	if a, err = s.auth.FromTemplate(ctx, a); err != nil {
		return err
	}
	return s.store.Approve(ctx, a, []store.Order{s.letter(ctx, mail.AccountApproved, a.ID)})
}

// deny removes the request, so that the address may ask again, and has its owner told.
func (s *Server) deny(ctx context.Context, id string) error {
	a, err := s.waiting(ctx, id)
	if err != nil {
		return err
	}
	return s.store.Deny(ctx, a.ID, []store.Order{{Kind: mail.Kind, Payload: mail.Order{Type: mail.AccountDenied,
		To: &mail.Person{Email: a.Email, FirstName: a.FirstName, LastName: a.LastName}, Base: s.linkBase(ctx)}}})
}

// waiting reads an account that waits for a decision.
func (s *Server) waiting(ctx context.Context, id string) (store.Account, error) {
	a, err := s.account(ctx, id)
	if err == nil && a.Status != store.AccountPending {
		err = store.ErrNotFound
	}
	return a, err
}
