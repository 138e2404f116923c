package auth

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

const (
	// freeRegistrations are so many in an hour from one address; after them the address waits like one that logs in.
	freeRegistrations = 20
	// mostWaiting bounds how many registrations may wait for a decision.
	mostWaiting = 5000
)

// signUpError is why nobody is registered, in words for people.
type signUpError string

func (e signUpError) Error() string { return string(e) }

const (
	errNoRegistration signUpError = "Nobody can register here. Ask an administrator for an account."
	errNoMail         signUpError = "Registering is not possible now, for this server sends no mails yet. " +
		"Ask an administrator."
	errTooMany   signUpError = "Too many requests wait for a decision. Try again later."
	errNamed     signUpError = "First name and last name are needed."
	errNoAddress signUpError = "This is no e-mail address."
	errBlocked   signUpError = "Addresses of this domain cannot register here."
	errTerms     signUpError = "The terms of service have to be accepted."
	// errHasAccount tells strangers that an address has an account: the guide wants people told (faspex-H2).
	errHasAccount signUpError = "There is an account with this address already. Log in, or have a link mailed to set " +
		"another password."
)

// registration is what somebody fills in to get an account.
type registration struct {
	first, last, email string
	terms              bool // accepted
	client             string
}

// ofRegistrant counts registrations from one address.
func ofRegistrant(from string) subject { return subject(hash("registrant\x00" + from)) }

// register makes an account for somebody who asks for one, or has it wait for approval. A mail with a link to set a
// password goes to the address in the first case, and nothing in the second (faspex-H3); those whom the configuration
// names are told of the request then (faspex-H4).
func (s *Server) register(ctx context.Context, f registration, from string) (waits bool, err error) {
	c, err := s.Configuration(ctx)
	if err != nil {
		return false, err
	}
	waits = c.SelfRegistrationType == settings.ModeratedRegistration
	if err := s.refuseRegistration(ctx, c, f, from); err != nil {
		return waits, err
	}
	a := store.Account{
		Name: f.email, FirstName: f.first, LastName: f.last, Email: f.email, Role: store.RoleUser,
		Type: store.TypeSelfRegistered, Status: store.AccountPending, RegisteredWith: f.client,
		UploadsAllowed: true, DownloadsAllowed: true,
	}
	base := s.LinkBase(ctx)
	orders := func(int64) []store.Order { return requestMails(c, f, base) }
	if !waits {
		if a, err = s.FromTemplate(ctx, a); err != nil {
			return waits, err
		}
		orders = func(id int64) []store.Order {
			return []store.Order{{Kind: mail.Kind, Payload: mail.Order{Type: mail.WelcomeEmail, Account: id, Base: base}}}
		}
	}
	id, err := s.store.CreateAccountAnd(ctx, a, orders)
	if errors.Is(err, store.ErrConflict) {
		return waits, errHasAccount
	}
	if err == nil {
		s.log.InfoContext(ctx, "somebody registered", "account", id, "waits", waits)
	}
	return waits, err
}

// refuseRegistration tells why nobody is registered.
func (s *Server) refuseRegistration(ctx context.Context, c settings.Configuration, f registration, from string) error {
	unfit := func(name string) bool {
		return name == "" || utf8.RuneCountInString(name) > 255 || strings.ContainsFunc(name, unicode.IsControl)
	}
	switch {
	case c.SelfRegistrationType == settings.NoRegistration:
		return errNoRegistration
	case unfit(f.first) || unfit(f.last):
		return errNamed
	case unfit(f.email) || !settings.IsEmail(f.email):
		return errNoAddress
	case c.Blocks(f.email):
		return errBlocked
	case c.LoginTermsOfService != "" && !f.terms:
		return errTerms
	}
	if _, _, err := mail.ReadServer(ctx, s.store); errors.Is(err, mail.ErrNoServer) {
		return errNoMail
	} else if err != nil {
		return err
	}
	wait, err := s.store.ReserveLogin(ctx, ofRegistrant(from), s.now(), store.LoginBudget{
		Forget: forgetTries, Wait: func(n int) time.Duration { return waitAfter(n, freeRegistrations) },
	})
	if err != nil {
		return err
	}
	if wait > 0 {
		return &WaitError{wait}
	}
	_, waiting, err := s.store.Registrations(ctx, "", store.Page{Limit: 1})
	if err == nil && waiting >= mostWaiting {
		err = errTooMany
	}
	return err
}

// requestMails tell those who are named in the configuration, accounts or not, of a request.
func requestMails(c settings.Configuration, f registration, base string) []store.Order {
	var all []store.Order
	for _, to := range c.RegistrationApprovalCCs {
		all = append(all, store.Order{Kind: mail.Kind, Payload: mail.Order{Type: mail.RegistrationRequest,
			To: &mail.Person{Email: to}, About: &mail.Person{Email: f.email, FirstName: f.first, LastName: f.last},
			Base: base}})
	}
	return all
}

// FromTemplate gives an account of somebody who registered what the template says at this moment (faspex-H6).
func (s *Server) FromTemplate(ctx context.Context, a store.Account) (store.Account, error) {
	template, set, _, err := settings.Read(ctx, s.store, settings.NameRegistration, settings.DefaultRegistration())
	if err != nil {
		return a, err
	}
	document, err := template.Account(set, s.now())
	if err != nil {
		return a, err
	}
	if a.Options, err = json.Marshal(document); err != nil {
		return a, err
	}
	options, err := settings.Over(document, settings.DefaultAccount())
	if err != nil {
		return a, err
	}
	a.SetDates(options.Expiry(), options.Destruction())
	a.Status = store.AccountActive
	a.UploadsAllowed, a.DownloadsAllowed = template.UploadsAllowed, template.DownloadsAllowed
	if !template.AccountActivated {
		a.Status = store.AccountInactive
	}
	if template.Description != nil {
		a.Description = *template.Description
	}
	return a, nil
}
