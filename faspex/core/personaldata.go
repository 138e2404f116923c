package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/store"
)

// personalData is all that is kept about a person: rows by subject, with their columns' names.
type personalData map[string][]map[string]any

// registerPersonalData adds the calls by which people get what is kept about them, and by which it is erased
// (faspex-AH5: TestPersonalDataIsExportedAndErased).
func (s *Server) registerPersonalData() {
	const what = "account"
	register(s, operation{method: http.MethodGet, path: v5 + "/account/personal_data", id: "export-own-data", what: what,
		access: anyone, summary: "Export all that is kept about the caller"},
		func(ctx context.Context, _ *struct{}) (*body[personalData], error) {
			return s.exportOf(ctx, caller(ctx))
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/accounts/{id}/personal_data", id: "export-data", what: what,
		access: admins, summary: "Export all that is kept about a person"},
		func(ctx context.Context, in *IDPath) (*body[personalData], error) {
			a, err := s.managed(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return s.exportOf(ctx, a)
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/accounts/{id}/erase", id: "erase-account", what: what,
		access: managers, status: http.StatusNoContent,
		summary: "Delete an account, and all that would still tell of the person"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			a, err := s.managed(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if a.ID == caller(ctx).ID {
				return nil, conflict("You cannot erase the account you are logged in with.")
			}
			return nil, s.store.EraseAccount(ctx, a.ID, caller(ctx).ID)
		})
}

// managed reads an account that the caller may manage.
func (s *Server) managed(ctx context.Context, id string) (store.Account, error) {
	a, err := s.account(ctx, id)
	if err == nil {
		err = s.mayManage(ctx, a, nil)
	}
	return a, err
}

func (s *Server) exportOf(ctx context.Context, a store.Account) (*body[personalData], error) {
	data, err := s.store.PersonalData(ctx, a.ID)
	return answerWith(personalData(data)), err
}
