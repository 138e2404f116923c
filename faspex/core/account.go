package core

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/passwords"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
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

// preferencesOf reads what an account prefers.
func preferencesOf(a store.Account) (storedPreferences, error) {
	p := storedPreferences{RowsPerPage: 25}
	err := json.Unmarshal(a.Preferences, &p)
	return p, err
}

func (s *Server) registerAccount() {
	const what = "account"
	register(s, operation{method: http.MethodGet, path: v5 + "/account",
		id: "get-own-account", what: what, access: anyone, summary: "Read the caller's account"},
		func(ctx context.Context, _ *struct {
			Expand bool `query:"expand"`
		}) (*body[api.OwnAccount], error) {
			own, err := s.ownAccount(ctx)
			return answerWith(own), err
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/account/preferences",
		id: "get-preferences", what: what, access: anyone, summary: "Read the caller's preferences"},
		func(ctx context.Context, _ *struct{}) (*body[api.Preferences], error) {
			return s.preferencesAnswer(ctx, caller(ctx))
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/account/password_rules",
		id: "get-password-rules", what: what, access: anyone,
		summary: "Tell what a new password needs"},
		func(ctx context.Context, _ *struct{}) (*body[api.PasswordRules], error) {
			rule, err := s.auth.PasswordRule(ctx)
			usual := rule.Usual()
			out := api.PasswordRules{
				Rules: rule.Sentence(), MinLength: 1, MaxLength: passwords.MaxLength,
				NeedsLetter: usual, NeedsDigit: usual, NeedsSymbol: usual,
			}
			if usual {
				out.MinLength = passwords.MinLength
			}
			return answerWith(out), err
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/account/preferences",
		id: "update-preferences", what: what, access: anyone, proves: true,
		summary: "Change the caller's preferences, key or password"}, s.changePreferences)
}

// gatewayURL is where the HTTP gateway answers; nil without one.
func (s *Server) gatewayURL() *string {
	if s.gateway == nil {
		return nil
	}
	return ptr(s.external + GatewayPath)
}

// ownAccount is the caller's account with what the caller may do.
func (s *Server) ownAccount(ctx context.Context) (api.OwnAccount, error) {
	a := caller(ctx)
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return api.OwnAccount{}, err
	}
	memberships, err := s.store.Memberships(ctx, a.ID)
	if err != nil {
		return api.OwnAccount{}, err
	}
	permissions, err := s.permissions(ctx, a)
	if err != nil {
		return api.OwnAccount{}, err
	}
	me := actor(a)
	me.Invites = policy.CanInvite(permissions) == nil
	own := api.OwnAccount{
		Account: accountOutExpanded(a), AllowSendToEmail: permissions.Reaches().Outside,
		Capabilities:     texts(policy.Capabilities(me)),
		EncryptionAtRest: map[string]string{"true": "required", "optional": "optional", "false": "none"}[rules.RequireEncryptionAtRest],
		ForwardsAllowed:  actor(a).Forwards,
		ConnectEnabled:   true, GatewayEnabled: s.gateway != nil, GatewayURL: s.gatewayURL(),
		ManagesWorkgroups:    policy.ManagesGroup(actor(a), policy.Group{}),
		ManagesSharedInboxes: policy.ManagesGroup(actor(a), policy.Group{Inbox: true}),
	}
	if own.LogoPath, err = s.auth.BrandingPath(ctx, "logo"); err != nil {
		return own, err
	}
	for _, access := range memberships {
		own.ManagesWorkgroups = own.ManagesWorkgroups || access == policy.WorkgroupAdmin
		own.ManagesSharedInboxes = own.ManagesSharedInboxes || access == policy.SharedInboxAdmin
	}
	return own, nil
}

func (s *Server) preferencesAnswer(ctx context.Context, a store.Account) (*body[api.Preferences], error) {
	p, err := preferencesOf(a)
	if err != nil {
		return nil, err
	}
	permissions, err := s.permissions(ctx, a)
	if err != nil {
		return nil, err
	}
	out := api.Preferences{
		CanHavePublicURL: strconv.FormatBool(permissions.PublicURL), CanCreateFromRemote: permissions.Remote,
		CanDisableConnect: true, CanChangePassword: a.Type != store.TypeSAML, CanEditEmail: true,
		PublicURLEnabled: p.PublicURLEnabled, ConnectDisabled: p.ConnectDisabled,
		ShowOnlyCompletedPackages: p.ShowOnlyCompletedPackages, RowsPerPage: p.RowsPerPage, Locale: p.Locale,
		ClientSettings: p.ClientSettings, TableData: p.TableData, Email: a.Email, PublicKey: orNull(a.PublicKey),
	}
	if permissions.PublicURL && p.PublicURLEnabled {
		out.PublicURL, err = s.submissionURL(ctx, link.Link{Kind: link.User, Account: a.ID}, a.Name)
	}
	return answerWith(out), err
}

func (s *Server) changePreferences(ctx context.Context, in *struct {
	Body api.PreferencesChange
}) (*body[api.Preferences], error) {
	a, c := caller(ctx), in.Body
	p, err := preferencesOf(a)
	if err != nil {
		return nil, err
	}
	set(&p.PublicURLEnabled, c.PublicURLEnabled)
	set(&p.ConnectDisabled, c.ConnectDisabled)
	set(&p.ShowOnlyCompletedPackages, c.ShowOnlyCompletedPackages)
	set(&p.RowsPerPage, c.RowsPerPage)
	set(&p.Locale, c.Locale)
	set(&p.ClientSettings, c.ClientSettings)
	set(&p.TableData, c.TableData)
	kept, err := settings.ReadDocument(a.Preferences)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	changed, err := settings.ReadDocument(raw)
	if err != nil {
		return nil, err
	}
	maps.Copy(kept, changed) // what else is kept with them stays
	if a.Preferences, err = json.Marshal(kept); err != nil {
		return nil, err
	}
	before := a
	set(&a.Email, c.Email)
	set(&a.PublicKey, c.PublicKey)
	if a, err = checkAccount(before, a); err != nil {
		return nil, err
	}
	switch {
	case c.Password != nil:
		a, err = s.changePassword(ctx, a, c)
	case opensOtherwise(before, a):
		if err = s.proveOwner(ctx, before, c.CurrentPassword, "current_password"); err == nil {
			err = s.store.UpdateOwnAccount(ctx, a)
		}
	default:
		err = s.store.UpdatePreferences(ctx, a.ID, a.Preferences)
	}
	if err != nil {
		return nil, err
	}
	return s.preferencesAnswer(ctx, a)
}

// opensOtherwise reports whether a change lets other things open an account than before: another e-mail address or
// another key.
func opensOtherwise(before, after store.Account) bool {
	return before.Email != after.Email || before.PublicKey != after.PublicKey
}

// proveOwner checks that the caller knows the password of the account, and has not only got hold of a token.
// at is the field that holds it.
func (s *Server) proveOwner(ctx context.Context, a store.Account, current *string, at string) error {
	if a.PasswordHash == "" {
		return forbidden("The account has no password to prove that it is yours. An administrator can make this change.")
	}
	if current == nil {
		return badField(
			"current_password is needed to change the e-mail address or the public key of your own account.",
			at,
		)
	}
	err := s.auth.CheckOwnPassword(ctx, a, *current, clientAddress(ctx))
	if errors.Is(err, auth.ErrWrongPassword) {
		return badField("The current password is wrong.", at)
	}
	return err
}

// changePassword sets a new password, and what else was changed, for one who knows the old. Every login of the account
// ends but the session of the caller, and its public key as well unless the change names one.
func (s *Server) changePassword(ctx context.Context, a store.Account, c api.PreferencesChange) (store.Account, error) {
	if c.Password.NewPassword != c.Password.ConfirmPassword {
		return a, badField("The two new passwords differ.", "password.confirm_password")
	}
	if err := s.mayBecome(ctx, c.Password.NewPassword); err != nil {
		return a, err
	}
	if err := s.proveOwner(ctx, a, &c.Password.CurrentPassword, "password.current_password"); err != nil {
		return a, err
	}
	err := s.auth.CheckPassword(ctx, a, c.Password.NewPassword, clientAddress(ctx))
	var refused *auth.RuleError
	if errors.As(err, &refused) {
		return a, badField("The new "+sentence(refused), "password.new_password")
	}
	if err != nil {
		return a, err
	}
	hash, err := s.auth.HashPassword(ctx, c.Password.NewPassword, clientAddress(ctx))
	if err != nil {
		return a, err
	}
	if c.PublicKey == nil {
		a.PublicKey = ""
	}
	if err := s.store.UpdateOwnAccountAndPassword(ctx, a, hash, login(ctx)); err != nil {
		return a, err
	}
	return a, errors.Join(s.auth.NotePassword(ctx, a.ID, clientAddress(ctx)), s.auth.PasswordReset(ctx, a.ID))
}

// mayBecome checks a new password by the rule, before anything is hashed.
func (s *Server) mayBecome(ctx context.Context, password string) error {
	rule, err := s.auth.PasswordRule(ctx)
	if err != nil {
		return err
	}
	if err := rule.Check(password); err != nil {
		return badField("The new "+sentence(err), "password.new_password")
	}
	return nil
}

// sentence ends what an error says with a full stop.
func sentence(err error) string { return strings.TrimSuffix(err.Error(), ".") + "." }

// checkAccount refuses a new e-mail address that is none or that nobody could type, and a key that could never sign.
// Accounts of before may be without an address.
func checkAccount(before, a store.Account) (store.Account, error) {
	a.Email = strings.TrimSpace(a.Email)
	if a.Email != before.Email && !settings.IsEmail(a.Email) {
		return a, badField("email must be an e-mail address.", "email")
	}
	if strings.ContainsFunc(a.Email, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return a, badField("email must not hold blanks or control characters.", "email")
	}
	return a, checkKey(a.PublicKey)
}

// checkKey refuses a public key that could never sign a login; no key is fine.
func checkKey(text string) error {
	if text == "" {
		return nil
	}
	if _, err := auth.ParsePublicKey(text); err != nil {
		return badField("public_key must be an RSA key of at least 2048 bits in PEM.", "public_key")
	}
	return nil
}
