package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// recipients finds the accounts that a package is for, each once. Who is named both ways is a public recipient.
func (s *Server) recipients(ctx context.Context, c api.PackageCreate) ([]store.NewDelivery, error) {
	permissions, err := s.permissions(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	reach := permissions.Reaches()
	if reach.Nobody {
		p := newProblem(http.StatusForbidden, "You may send to shared inboxes only.")
		p.Code = "normal_packages_not_allowed"
		return nil, p
	}
	var to []store.NewDelivery
	var unknown []api.FieldError
	seen := map[int64]bool{}
	for _, group := range []struct {
		names   []api.RecipientName
		field   string
		private bool
	}{{c.Recipients, "recipients", false}, {c.PrivateRecipients, "private_recipients", true}} {
		for i, r := range group.names {
			field := fmt.Sprintf("%s[%d].name", group.field, i)
			switch r.RecipientType {
			case "", "user", "external_user":
			default:
				return nil, badField(fmt.Sprintf("Packages to a %s are not possible here.", r.RecipientType), field)
			}
			a, err := s.store.AccountByLogin(ctx, strings.TrimSpace(r.Name))
			if errors.Is(err, store.ErrNotFound) ||
				(err == nil && (a.Status != store.AccountActive || !reach.Has(caller(ctx).ID, a.ID))) {
				// Who is not within reach is told like who does not exist: nobody learns who has an account.
				unknown = append(unknown, api.FieldError{
					Location: "body." + field, Message: fmt.Sprintf("Nobody here is named %q.", r.Name),
				})
				continue
			}
			if err != nil {
				return nil, err
			}
			if !seen[a.ID] {
				seen[a.ID] = true
				to = append(to, store.NewDelivery{AccountID: a.ID, Private: group.private})
			}
		}
	}
	if len(unknown) > 0 {
		return nil, nobody(unknown)
	}
	return to, nil
}

// nobody tells of each recipient that is not known, so that a sender of many corrects them at once.
func nobody(unknown []api.FieldError) error {
	p := newProblem(http.StatusBadRequest, unknown[0].Message)
	if more := len(unknown) - 1; more > 0 {
		p.Message = fmt.Sprintf("%s %d more names are not known.", p.Message, more)
	}
	p.Errors = unknown
	return p
}
