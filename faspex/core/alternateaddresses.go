package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/settings"
)

type alternateAddress struct {
	ID              string  `json:"id"`
	AddressName     string  `json:"address_name"`
	Description     *string `json:"description" nullable:"true"`
	IncludeInEmails bool    `json:"include_in_emails"`
}

type alternateAddressList struct {
	List
	AlternateAddresses []alternateAddress `json:"alternate_addresses"`
}

type alternateAddressChange struct {
	AddressName     *string `json:"address_name,omitempty" maxLength:"1024"`
	Description     *string `json:"description,omitempty" maxLength:"1024" nullable:"true"`
	IncludeInEmails *bool   `json:"include_in_emails,omitempty"`
}

func (s *Server) registerAlternateAddresses() {
	const what, path = "alternate address", v5 + "/configuration/alternate_addresses"
	type addresses = settings.List[settings.AlternateAddress]
	out := func(i settings.Item[settings.AlternateAddress]) alternateAddress {
		return alternateAddress{text(int64(i.ID)), i.Value.Name, i.Value.Description, i.Value.InMails}
	}
	register(s, operation{method: http.MethodGet, path: path, id: "list-alternate-addresses", what: what,
		access: configurers, summary: "List other addresses of the server"},
		func(ctx context.Context, in *Paging) (*body[alternateAddressList], error) {
			l, _, err := settings.ReadList[settings.AlternateAddress](ctx, s.store, settings.NameAlternateAddresses)
			answer := alternateAddressList{List: in.list(len(l.Items)), AlternateAddresses: []alternateAddress{}}
			for _, i := range cut(*in, l.Items) {
				answer.AlternateAddresses = append(answer.AlternateAddresses, out(i))
			}
			return answerWith(answer), err
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-alternate-address", what: what,
		access: configurers, status: http.StatusCreated, summary: "Add another address of the server"},
		func(ctx context.Context, in *struct{ Body alternateAddressChange }) (*body[alternateAddress], error) {
			if in.Body.AddressName == nil {
				return nil, badField("address_name is needed.", "address_name")
			}
			var made settings.Item[settings.AlternateAddress]
			err := changeList(ctx, s, settings.NameAlternateAddresses, func(l addresses) (addresses, error) {
				a, err := in.Body.apply(settings.AlternateAddress{})
				if err == nil && len(l.Items) >= maxAddresses {
					err = conflict("There are too many addresses already.")
				}
				l, id := l.Add(a)
				made = settings.Item[settings.AlternateAddress]{ID: id, Value: a}
				return l, err
			})
			return answerWith(out(made)), err
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-alternate-address", what: what,
		access: configurers, summary: "Read another address of the server"},
		func(ctx context.Context, in *IDPath) (*body[alternateAddress], error) {
			l, _, err := settings.ReadList[settings.AlternateAddress](ctx, s.store, settings.NameAlternateAddresses)
			if err != nil {
				return nil, err
			}
			i, err := itemOf(l, in.ID, what)
			return answerWith(out(i)), err
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-alternate-address", what: what,
		access: configurers, summary: "Change another address of the server"},
		func(ctx context.Context, in *struct {
			IDPath
			Body alternateAddressChange
		}) (*body[alternateAddress], error) {
			var changed settings.Item[settings.AlternateAddress]
			err := changeList(ctx, s, settings.NameAlternateAddresses, func(l addresses) (addresses, error) {
				i, err := itemOf(l, in.ID, what)
				if err != nil {
					return l, err
				}
				if i.Value, err = in.Body.apply(i.Value); err != nil {
					return l, err
				}
				changed = i
				return l.With(i.ID, i.Value), nil
			})
			return answerWith(out(changed)), err
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-alternate-address", what: what,
		access: configurers, summary: "Remove another address of the server"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			return nil, changeList(ctx, s, settings.NameAlternateAddresses, func(l addresses) (addresses, error) {
				i, err := itemOf(l, in.ID, what)
				return l.Without(i.ID), err
			})
		})
}

// maxAddresses bounds the list.
const maxAddresses = 100

func (c alternateAddressChange) apply(a settings.AlternateAddress) (settings.AlternateAddress, error) {
	set(&a.Name, c.AddressName)
	set(&a.InMails, c.IncludeInEmails)
	if c.Description != nil {
		a.Description = c.Description
	}
	if problems := settings.CheckAddress(a.Name); len(problems) > 0 {
		return a, badField(problems[0].Message, problems[0].Field)
	}
	return a, nil
}
