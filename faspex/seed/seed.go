// Package seed makes what a new Faspex needs before anyone can log in: the OAuth clients of its own parts and the first
// admin. Run again, it brings the clients to what the configuration says and leaves people's accounts alone.
package seed

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/passwords"
	"faspex.io/operator/faspex/store"
)

// Options say what to make. Empty ids leave a client out.
type Options struct {
	// ExternalURL is FASPEX_CORE_URL; the page's redirect address is made of it.
	ExternalURL string
	// UIClientID is the public client of the web page: login page with PKCE, refresh tokens.
	UIClientID string
	// ServiceClientID is the client of the background jobs.
	ServiceClientID string
	// OperatorClientID and OperatorPublicKey (RSA, PEM) are the client of the operator: it may act for every user.
	OperatorClientID  string
	OperatorPublicKey string
	// AdminUsername and AdminPassword are the first admin's. The password may be weaker than the rule for new passwords,
	// as the guide has it (faspex-C16).
	AdminUsername, AdminPassword string
	// AdminEmail is the first admin's. When it is empty, the name is taken if it is an e-mail address, else one is made of
	// the name and the host of ExternalURL.
	AdminEmail string
}

// Run makes everything; it may run at any time and any number of times. It tells what it
// made or changed, without secrets.
func Run(ctx context.Context, s *store.Store, o Options) (done []string, err error) {
	var problems []error
	external := strings.TrimSuffix(o.ExternalURL, "/")
	if external == "" {
		problems = append(problems, errors.New("external url is empty"))
	}
	if o.AdminUsername == "" || o.AdminPassword == "" {
		problems = append(problems, errors.New("first admin needs a name and a password"))
	}
	if err := passwords.CheckUsable(o.AdminPassword); err != nil {
		problems = append(problems, fmt.Errorf("first admin: %w", err))
	}
	if o.AdminEmail != "" && !isEmail(o.AdminEmail) {
		problems = append(problems, errors.New("first admin: the e-mail address is none"))
	}
	if o.OperatorClientID != "" {
		if _, err := auth.ParsePublicKey(o.OperatorPublicKey); err != nil {
			problems = append(problems, fmt.Errorf("operator client: %w", err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	for _, c := range clients(o, external) {
		if err := s.PutOAuthClient(ctx, c); err != nil {
			return done, fmt.Errorf("seed: %w", err)
		}
		done = append(done, "client "+c.Name)
	}
	if o.OperatorClientID != "" {
		if err := operatorAccount(ctx, s, o.OperatorClientID); err != nil {
			return done, fmt.Errorf("seed: %w", err)
		}
	}
	made, err := firstAdmin(ctx, s, o)
	if err != nil {
		return done, fmt.Errorf("seed: %w", err)
	}
	if made {
		done = append(done, "admin "+o.AdminUsername)
	}
	return done, nil
}

func clients(o Options, external string) []store.OAuthClient {
	var all []store.OAuthClient
	if o.UIClientID != "" {
		all = append(all, store.OAuthClient{
			ClientID: o.UIClientID, Name: "Faspex", Description: "The web page", ClientType: "public", Internal: true,
			RequirePKCE:  true,
			RedirectURIs: []string{external + "/aspera/faspex/"}, Origins: []string{external},
			AllowRefreshToken: true, AccessTokenExpirationHours: 1, RefreshTokenExpirationHours: 12, AccessGrantAllUsers: true,
		})
	}
	if o.ServiceClientID != "" {
		all = append(all, store.OAuthClient{
			ClientID: o.ServiceClientID, Name: "Faspex service", Description: "The background jobs", ClientType: "public",
			Internal: true, RequirePKCE: true,
			AccessTokenExpirationHours: 1, RefreshTokenExpirationHours: 1, AccessGrantAllUsers: true,
		})
	}
	if o.OperatorClientID != "" {
		all = append(all, store.OAuthClient{
			ClientID: o.OperatorClientID, Name: "Faspex operator", Description: "The Kubernetes operator", ClientType: "public",
			Internal: true, RequirePKCE: true,
			AllowJWTGrant: true, AllowGlobalKey: true, PublicKey: o.OperatorPublicKey,
			AccessTokenExpirationHours: 1, RefreshTokenExpirationHours: 1, AccessGrantAllUsers: true,
		})
	}
	return all
}

// operatorAccount makes the account that the operator acts by: what becomes of the first admin locks it out of nothing.
func operatorAccount(ctx context.Context, s *store.Store, clientID string) error {
	_, err := s.CreateAccount(ctx, store.Account{
		Name: api.OperatorLogin(clientID), FirstName: "Faspex", LastName: "Operator",
		Role: store.RoleAdmin, Type: store.TypeService, Status: store.AccountActive,
	})
	if errors.Is(err, store.ErrConflict) {
		return nil
	}
	return err
}

// firstAdmin makes the admin unless an account of that name exists, whose password is its owner's affair then.
func firstAdmin(ctx context.Context, s *store.Store, o Options) (bool, error) {
	_, err := s.CreateAccount(ctx, store.Account{
		Name: o.AdminUsername, FirstName: "First", LastName: "Admin", Email: emailOf(o),
		Role: store.RoleAdmin, Type: store.TypeLocal, Status: store.AccountActive,
		PasswordHash: auth.HashPassword(o.AdminPassword), UploadsAllowed: true, DownloadsAllowed: true,
	})
	if errors.Is(err, store.ErrLoginTaken) {
		return false, fmt.Errorf("first admin: %q is the e-mail address of another account; "+
			"change that, or choose another name: %w", o.AdminUsername, err)
	}
	if errors.Is(err, store.ErrConflict) {
		return false, nil
	}
	return err == nil, err
}

// emailOf is the first admin's e-mail address: nobody else could enter one before mail is to be sent to it.
func emailOf(o Options) string {
	host := ""
	if external, err := url.Parse(o.ExternalURL); err == nil {
		host = external.Hostname()
	}
	if address, err := netip.ParseAddr(host); err == nil {
		host = "[" + host + "]" // RFC 5321, section 4.1.3
		if address.Is6() {
			host = "[IPv6:" + address.String() + "]"
		}
	}
	for _, email := range []string{o.AdminEmail, o.AdminUsername, o.AdminUsername + "@" + host} {
		if isEmail(email) {
			return email
		}
	}
	return "admin@" + host
}

// isEmail tells whether text is a plain e-mail address, without a name and angle brackets.
func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}
