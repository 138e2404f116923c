package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/store"
)

// storedPreferences is what an account keeps of its preferences; the rest is computed.
type storedPreferences struct {
	PublicURLEnabled          bool   `json:"public_url_enabled"`
	ConnectDisabled           bool   `json:"connect_disabled"`
	ShowOnlyCompletedPackages bool   `json:"show_only_completed_packages"`
	RowsPerPage               int    `json:"rows_per_page"`
	Locale                    string `json:"locale"`
	ClientSettings            string `json:"client_settings"`
	TableData                 string `json:"table_data"`
}

func (s *Server) registerAccount() {
	const what = "account"
	register(s, operation{method: http.MethodGet, path: v5 + "/account", id: "get-own-account", what: what, access: anyone, summary: "Read the caller's account"},
		func(ctx context.Context, _ *struct {
			Expand bool `query:"expand"`
		}) (*body[api.Account], error) {
			out := accountOutExpanded(caller(ctx))
			no := ptr(false)
			out.ManagesSharedInboxes, out.ManagesWorkgroups, out.ForwardsAllowed, out.ObfuscationOptional = no, no, no, no
			out.ConnectEnabled, out.GatewayEnabled, out.AllowSendToEmail = ptr(true), no, no
			out.EncryptionAtRest, out.GatewayURL = ptr("none"), ptr("")
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/account/preferences", id: "get-preferences", what: what, access: anyone, summary: "Read the caller's preferences"},
		func(ctx context.Context, _ *struct{}) (*body[api.Preferences], error) {
			return preferencesAnswer(caller(ctx))
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/account/preferences", id: "update-preferences", what: what, access: anyone,
		summary: "Change the caller's preferences, key or password"}, s.changePreferences)
}

func preferencesAnswer(a store.Account) (*body[api.Preferences], error) {
	p := storedPreferences{RowsPerPage: 25, Locale: "en"}
	if err := json.Unmarshal(a.Preferences, &p); err != nil {
		return nil, err
	}
	return answerWith(api.Preferences{
		CanHavePublicURL: "false", CanDisableConnect: true, CanChangePassword: a.Type == "local_user", CanEditEmail: true,
		PublicURLEnabled: p.PublicURLEnabled, ConnectDisabled: p.ConnectDisabled, ShowOnlyCompletedPackages: p.ShowOnlyCompletedPackages,
		Email: a.Email, RowsPerPage: p.RowsPerPage, Locale: p.Locale, ClientSettings: p.ClientSettings, TableData: p.TableData, PublicKey: orNull(a.PublicKey),
	}), nil
}

func (s *Server) changePreferences(ctx context.Context, in *struct {
	Body api.PreferencesChange
}) (*body[api.Preferences], error) {
	a, c := caller(ctx), in.Body
	p := storedPreferences{RowsPerPage: 25, Locale: "en"}
	if err := json.Unmarshal(a.Preferences, &p); err != nil {
		return nil, err
	}
	set(&p.PublicURLEnabled, c.PublicURLEnabled)
	set(&p.ConnectDisabled, c.ConnectDisabled)
	set(&p.ShowOnlyCompletedPackages, c.ShowOnlyCompletedPackages)
	set(&p.RowsPerPage, c.RowsPerPage)
	set(&p.Locale, c.Locale)
	set(&p.ClientSettings, c.ClientSettings)
	set(&p.TableData, c.TableData)
	set(&a.Email, c.Email)
	set(&a.PublicKey, c.PublicKey)
	if err := checkKey(a.PublicKey); err != nil {
		return nil, err
	}
	var err error
	if a.Preferences, err = json.Marshal(p); err != nil {
		return nil, err
	}
	if err := s.changePassword(ctx, a, c.Password); err != nil {
		return nil, err
	}
	if err := s.store.UpdateOwnAccount(ctx, a); err != nil {
		return nil, err
	}
	return preferencesAnswer(a)
}

// changePassword sets a new password for one who knows the old; every login of the account ends.
func (s *Server) changePassword(ctx context.Context, a store.Account, c *api.PasswordChange) error {
	if c == nil {
		return nil
	}
	if c.NewPassword != c.ConfirmPassword {
		return badRequest("The two new passwords differ.")
	}
	if err := auth.CheckNewPassword(c.NewPassword); err != nil {
		return badRequest("The new " + err.Error() + ".")
	}
	if err := s.auth.CheckOwnPassword(ctx, a, c.CurrentPassword, clientAddress(ctx)); err != nil {
		return passwordProblem(err)
	}
	hash, err := s.newPassword(ctx, c.NewPassword)
	if err != nil {
		return err
	}
	return s.store.SetPassword(ctx, a.ID, hash)
}

// newPassword makes of a new password what the store keeps. Every call of the API that sets one goes through here.
func (s *Server) newPassword(ctx context.Context, password string) (hash string, err error) {
	if err := auth.CheckNewPassword(password); err != nil {
		return "", badRequest("The " + err.Error() + ".")
	}
	return s.auth.HashPassword(ctx, password, clientAddress(ctx))
}

// passwordProblem tells a caller why the current password was not found to be right.
func passwordProblem(err error) error {
	if errors.Is(err, auth.ErrWrongPassword) {
		return badRequest("The current password is wrong.")
	}
	return err
}

// checkKey refuses a public key that could never sign a login; no key is fine.
func checkKey(text string) error {
	if text == "" {
		return nil
	}
	if _, err := auth.ParsePublicKey(text); err != nil {
		return badRequest("public_key must be an RSA key of at least 2048 bits in PEM.")
	}
	return nil
}
