package core

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

type clientList struct {
	List
	OAuthClients []api.OAuthClient `json:"oauth_clients"`
}

func (s *Server) registerOAuthClients() {
	const what, base = "client", "/auth/oauth_clients"
	type ListInput struct {
		Paging
		ClientTypes    string   `query:"client_types" enum:"public,internal" default:"public"`
		ClientTypesPHP []string `query:"client_types[],explode"`
		Query          string   `query:"q" doc:"part of name, description or client id"`
		Sort           string   `query:"sort" enum:"name,client_id,client_type,created_at" default:"name"`
		Descending     bool     `query:"descending"`
	}
	type changeInput struct {
		IDPath
		IfMatch
		Body api.OAuthClientChange
	}
	register(s, operation{method: http.MethodGet, path: base, id: "list-oauth-clients", what: what, access: clientAdmins,
		summary: "List OAuth clients"},
		func(ctx context.Context, in *ListInput) (*body[clientList], error) {
			internal := in.ClientTypes == "internal"
			if len(in.ClientTypesPHP) > 0 {
				internal = in.ClientTypesPHP[0] == "internal"
			}
			found, total, err := s.store.OAuthClients(ctx, store.ClientFilter{Internal: internal, Query: in.Query, Sort: in.Sort,
				Descending: in.Descending}, in.page())
			if err != nil {
				return nil, err
			}
			out := clientList{List: in.list(total), OAuthClients: []api.OAuthClient{}}
			for _, c := range found {
				shown, err := s.clientOut(ctx, c)
				if err != nil {
					return nil, err
				}
				out.OAuthClients = append(out.OAuthClients, shown)
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: base, id: "create-oauth-client", what: what, access: clientAdmins,
		status: http.StatusCreated, summary: "Register an OAuth client"},
		func(ctx context.Context, in *struct{ Body api.OAuthClientChange }) (*body[api.OAuthClient], error) {
			if in.Body.Name == nil || in.Body.ClientType == nil {
				return nil, badField("name and client_type are needed.",
					missing(map[string]bool{"name": in.Body.Name == nil, "client_type": in.Body.ClientType == nil})...)
			}
			c, err := s.changeClient(ctx, store.OAuthClient{
				ClientID: uuid.NewString(), AccessTokenExpirationHours: 12, RefreshTokenExpirationHours: 12,
				AccessGrantAllUsers: true,
				CreatorID:           sql.NullInt64{Int64: caller(ctx).ID, Valid: true},
			}, in.Body)
			if err != nil {
				return nil, err
			}
			secret := ""
			if c.ClientType == confidential {
				secret, c.SecretHash = newSecret()
			}
			if err := s.store.PutOAuthClient(ctx, c); err != nil {
				return nil, err
			}
			out, err := s.clientOut(ctx, c)
			out.ClientSecret = secret
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodGet, path: base + "/{id}",
		id: "get-oauth-client", what: what, access: clientAdmins, summary: "Read an OAuth client"},
		func(ctx context.Context, in *IDPath) (*tagged[api.OAuthClient], error) {
			c, err := s.store.OAuthClient(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out, err := s.clientOut(ctx, c)
			if err != nil {
				return nil, err
			}
			tag, err := tagOf(out)
			return answerTagged(out, tag), err
		})
	register(s, operation{method: http.MethodPut, path: base + "/{id}",
		id: "update-oauth-client", what: what, access: clientAdmins, summary: "Change an OAuth client"},
		func(ctx context.Context, in *changeInput) (*tagged[api.OAuthClient], error) {
			c, tag, err := change(in.IfMatch, s.storedClient(ctx, in.ID), func(c store.OAuthClient) (store.OAuthClient, error) {
				return s.changeClient(ctx, c, in.Body)
			})
			if err != nil {
				return nil, err
			}
			out, err := s.clientOut(ctx, c)
			return answerTagged(out, tag), err
		})
	register(s, operation{method: http.MethodPost, path: base + "/{id}/secret",
		id: "replace-oauth-client-secret", what: what, access: clientAdmins,
		status: http.StatusCreated, summary: "Give a confidential client another secret, which this answer alone shows"},
		func(ctx context.Context, in *IDPath) (*body[api.OAuthClient], error) {
			secret, hash := newSecret()
			c, _, err := change(IfMatch{}, s.storedClient(ctx, in.ID), func(c store.OAuthClient) (store.OAuthClient, error) {
				if c.ClientType != confidential {
					return c, badRequest("A public client has no secret.")
				}
				c.SecretHash = hash
				return c, nil
			})
			if err != nil {
				return nil, err
			}
			out, err := s.clientOut(ctx, c)
			out.ClientSecret = secret
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodDelete, path: base + "/{id}",
		id: "delete-oauth-client", what: what, access: clientAdmins, summary: "Remove an OAuth client"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			if _, err := s.changeable(ctx, in.ID); err != nil {
				return nil, err
			}
			return nil, s.store.DeleteOAuthClient(ctx, in.ID)
		})
}

// confidential is the type of clients that have a secret.
const confidential = "confidential"

// newSecret makes a secret and what the store keeps of it.
func newSecret() (secret string, hash []byte) {
	secret = rand.Text()
	sum := sha256.Sum256([]byte(secret))
	return secret, sum[:]
}

func (s *Server) storedClient(ctx context.Context, id string) stored[store.OAuthClient] {
	return stored[store.OAuthClient]{
		what: "client",
		read: func() (store.OAuthClient, error) { return s.changeable(ctx, id) },
		tag: func(c store.OAuthClient) (string, error) {
			out, err := s.clientOut(ctx, c)
			if err != nil {
				return "", err
			}
			return tagOf(out)
		},
		write: func(before, after store.OAuthClient) error { return s.store.UpdateOAuthClient(ctx, before, after) },
	}
}

// changeable reads a client that people may change: the product's own are made by the installation.
func (s *Server) changeable(ctx context.Context, id string) (store.OAuthClient, error) {
	c, err := s.store.OAuthClient(ctx, id)
	if err == nil && c.Internal {
		return c, forbidden("This client belongs to Faspex itself.")
	}
	return c, err
}

func (s *Server) changeClient(ctx context.Context, c store.OAuthClient,
	in api.OAuthClientChange) (store.OAuthClient, error) {
	if in.ClientType != nil && c.ID != 0 && *in.ClientType != c.ClientType {
		return c, badField("client_type cannot be changed.", "client_type")
	}
	set(&c.Name, in.Name)
	set(&c.ClientType, in.ClientType)
	set(&c.RedirectURIs, in.RedirectURIs)
	set(&c.Origins, in.Origins)
	set(&c.EnableHTTPBasicAuth, in.EnableHTTPBasicAuth)
	set(&c.AllowJWTGrant, in.AllowJWTGrant)
	set(&c.AllowImplicitGrant, in.AllowImplicitGrant)
	set(&c.AllowGlobalKey, in.AllowGlobalKey)
	set(&c.PublicKey, in.PublicKey)
	set(&c.AllowRefreshToken, in.AllowRefreshToken)
	set(&c.AccessTokenExpirationHours, in.AccessTokenExpirationHours)
	set(&c.RefreshTokenExpirationHours, in.RefreshTokenExpirationHours)
	set(&c.ContactEmail, in.ContactEmail)
	set(&c.Description, in.Description)
	set(&c.AccessGrantAllUsers, in.AccessGrantAllUsers)
	if err := checkKey(c.PublicKey); err != nil {
		return c, err
	}
	if c.AllowImplicitGrant && c.AllowJWTGrant {
		return c, badField("allow_implicit_grant and allow_jwt_grant cannot be on together: switch one of them off.",
			"allow_implicit_grant")
	}
	if (c.ID == 0 || in.RedirectURIs != nil || in.AllowJWTGrant != nil) && !c.AllowJWTGrant && len(c.RedirectURIs) == 0 {
		return c, badField("redirect_uris are needed, or allow_jwt_grant: nobody could log in by the client.",
			"redirect_uris")
	}
	for _, uri := range c.RedirectURIs {
		if !goodRedirect(uri) {
			return c, badField("redirect_uris must be https addresses without a fragment; http is for this machine only.",
				"redirect_uris")
		}
	}
	if in.AccessGrantToUsers != nil {
		c.AccessGrantToUsers = nil
		for _, who := range *in.AccessGrantToUsers {
			a, err := s.account(ctx, who)
			var p *problem
			if errors.As(err, &p) || errors.Is(err, store.ErrNotFound) {
				a, err = s.store.AccountByLogin(ctx, who)
			}
			if errors.Is(err, store.ErrNotFound) {
				return c, badField("access_grant_to_users names nobody known: "+who, "access_grant_to_users")
			}
			if err != nil {
				return c, err
			}
			c.AccessGrantToUsers = append(c.AccessGrantToUsers, a.ID)
		}
	}
	return c, nil
}

// goodRedirect: https, or http to the client's own machine (RFC 8252), where no one can listen in.
func goodRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(uri, "#") {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		host := u.Hostname()
		return host == "localhost" || host == "127.0.0.1" || host == "::1"
	}
	return false
}

func (s *Server) clientOut(ctx context.Context, c store.OAuthClient) (api.OAuthClient, error) {
	out := api.OAuthClient{
		ClientID: c.ClientID, Name: c.Name, Description: orNull(c.Description), ContactEmail: orNull(c.ContactEmail),
		ClientType: c.ClientType, RedirectURIs: notNil(c.RedirectURIs), Origins: notNil(c.Origins),
		EnableHTTPBasicAuth: c.EnableHTTPBasicAuth, AllowJWTGrant: c.AllowJWTGrant, AllowGlobalKey: c.AllowGlobalKey,
		AllowImplicitGrant: c.AllowImplicitGrant,
		PublicKey:          orNull(c.PublicKey), AllowRefreshToken: c.AllowRefreshToken,
		AccessTokenExpirationHours:  c.AccessTokenExpirationHours,
		RefreshTokenExpirationHours: c.RefreshTokenExpirationHours,
		AccessGrantAllUsers:         c.AccessGrantAllUsers, AccessGrantToUsers: []api.GrantedUser{},
	}
	if c.CreatorID.Valid {
		out.CreatorID = text(c.CreatorID.Int64)
	}
	for _, id := range c.AccessGrantToUsers {
		a, err := s.store.Account(ctx, id)
		if err != nil {
			return out, err
		}
		out.AccessGrantToUsers = append(out.AccessGrantToUsers,
			api.GrantedUser{ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email})
	}
	return out, nil
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
