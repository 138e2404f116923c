package core

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

type accountList struct {
	List
	Accounts []api.Account `json:"accounts"`
}

func (s *Server) registerAccounts() {
	const what = "account"
	type ListInput struct {
		Paging
		Expand   bool     `query:"expand"`
		Role     string   `query:"role" enum:"admin,manager,user"`
		Types    []string `query:"type,explode"`
		TypesPHP []string `query:"type[],explode"`
		Active   bool     `query:"active"`
		Status   string   `query:"status" enum:"active,inactive,locked,pending_approval,saml_configuration_disabled"`
		Query    string   `query:"q" doc:"part of login, first, last or full name, or e-mail address"`

		Sort       string `query:"sort" enum:"name,full_name,email,role,status,last_login_time,created_at" default:"name"`
		Descending bool   `query:"descending"`
	}
	type getInput struct {
		IDPath
		Expand bool `query:"expand"`
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/accounts",
		id: "list-accounts", what: what, access: userReaders, summary: "List accounts"},
		func(ctx context.Context, in *ListInput) (*body[accountList], error) {
			found, total, err := s.store.Accounts(ctx, store.AccountFilter{
				Query: in.Query, Role: in.Role, Types: append(in.Types, in.TypesPHP...), Status: in.Status, ActiveOnly: in.Active,
				Sort: in.Sort, Descending: in.Descending,
			}, in.page())
			if err != nil {
				return nil, err
			}
			out := accountList{List: in.list(total), Accounts: []api.Account{}}
			for _, a := range found {
				out.Accounts = append(out.Accounts, showAccount(a, in.Expand))
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/accounts",
		id: "create-account", what: what, access: managers,
		status: http.StatusCreated, summary: "Add an account"}, s.createAccount)
	register(s, operation{method: http.MethodGet, path: v5 + "/accounts/{id}",
		id: "get-account", what: what, access: userReaders, summary: "Read an account"},
		func(ctx context.Context, in *getInput) (*tagged[api.Account], error) {
			a, err := s.account(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			tag, err := accountTag(a)
			if err != nil || !in.Expand {
				return answerTagged(showAccount(a, in.Expand), tag), err
			}
			out, err := s.withProfile(ctx, showAccount(a, true), a)
			return answerTagged(out, tag), err
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/accounts/{id}",
		id: "update-account", what: what, access: managers, proves: true,
		summary: "Change an account"}, s.changeAccount)
	register(s, operation{method: http.MethodDelete, path: v5 + "/accounts/{id}",
		id: "delete-account", what: what, access: managers,
		summary: "Remove an account; the caller becomes the sender of its packages"},
		func(ctx context.Context, in *IDPath) (*empty, error) { return nil, s.deleteAccount(ctx, in.ID) })
	register(s, operation{method: http.MethodPatch, path: v5 + "/accounts",
		id: "update-accounts", what: what, access: managers, status: http.StatusNoContent, batch: true,
		summary: "Activate or deactivate several accounts"}, s.activateAccounts)
	register(s, operation{method: http.MethodDelete, path: v5 + "/accounts",
		id: "delete-accounts", what: what, access: managers, status: http.StatusNoContent, batch: true,
		summary: "Remove several accounts"}, s.deleteAccounts)
}

func showAccount(a store.Account, expand bool) api.Account {
	if expand {
		return accountOutExpanded(a)
	}
	return accountOut(a)
}

func (s *Server) account(ctx context.Context, id string) (store.Account, error) {
	n, err := number(id, "account")
	if err != nil {
		return store.Account{}, err
	}
	return s.store.Account(ctx, n)
}

// mayManage keeps managers to the accounts of users, and to their own, and from making anybody more than a user.
func (s *Server) mayManage(ctx context.Context, a store.Account, newRole *string) error {
	if a.Type == store.TypeService {
		return forbidden("This account is the operator's; nobody changes it.")
	}
	if isAdmin(caller(ctx)) {
		return nil
	}
	if a.Role != store.RoleUser && a.ID != caller(ctx).ID {
		return forbidden("Only an admin may manage admins and managers.")
	}
	if newRole != nil && *newRole != a.Role {
		return forbidden("Only an admin may make somebody an admin or a manager.")
	}
	return nil
}

// refusePassword tells who sends a password for an account that none is taken: nobody knows or sets the password of
// another (faspex-C10: TestNobodySetsAnothersPassword). Passed over in silence, it would be believed to be set.
func refusePassword(raw []byte) error {
	sent, err := settings.ReadDocument(raw)
	if err != nil {
		return badRequest("The body is not an object.")
	}
	for _, field := range []string{"password", "password_change_required"} {
		if _, named := sent[field]; named {
			return badField("Nobody sets the password of an account but its owner. Have a link to set one mailed "+
				"(welcome_email, or accounts/{id}/reset_password); your own is changed in account/preferences.", field)
		}
	}
	return nil
}

func (s *Server) createAccount(ctx context.Context, in *struct {
	RawBody []byte
	Body    accountChange
}) (*body[api.Account], error) {
	c := in.Body.AccountChange
	if err := refusePassword(in.RawBody); err != nil {
		return nil, err
	}
	if c.Name == nil || c.FirstName == nil || c.LastName == nil || c.Email == nil {
		return nil, badField("name, first_name, last_name and email are needed.", missing(map[string]bool{
			"name": c.Name == nil, "first_name": c.FirstName == nil, "last_name": c.LastName == nil, "email": c.Email == nil,
		})...)
	}
	name := strings.TrimSpace(*c.Name)
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, badField("name must not be empty or hold control characters.", "name")
	}
	for field, value := range map[string]*string{"first_name": c.FirstName, "last_name": c.LastName, "email": c.Email} {
		if strings.TrimSpace(*value) == "" {
			return nil, badField(field+" must not be empty.", field)
		}
	}
	a := store.Account{Name: name, Role: store.RoleUser, Type: store.TypeLocal, Status: store.AccountActive,
		UploadsAllowed: true, DownloadsAllowed: true}
	set(&a.Type, c.Type)
	if err := s.mayManage(ctx, a, c.Role); err != nil {
		return nil, err
	}
	a, err := applyChange(a, c)
	if err == nil {
		a, err = applyOptions(a, in.RawBody)
	}
	if err == nil {
		err = s.checkProfile(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	welcome, err := s.welcomes(ctx, a, c.WelcomeEmail)
	if err != nil {
		return nil, err
	}
	id, err := s.store.CreateAccountAnd(ctx, a, func(id int64) []store.Order {
		if !welcome {
			return nil
		}
		return []store.Order{s.letter(ctx, mail.WelcomeEmail, id)}
	})
	if err != nil {
		return nil, err
	}
	if a, err = s.store.Account(ctx, id); err != nil {
		return nil, err
	}
	return answerWith(showAccount(a, false)), nil
}

// welcomes reports whether a new account gets a mail with a link to set its first password: if the request says so, or
// else the configuration, and mails can be sent. A request that says so while none can be sent is refused.
func (s *Server) welcomes(ctx context.Context, a store.Account, asked *bool) (bool, error) {
	if asked != nil && !*asked || a.Email == "" || a.Type == store.TypeSAML {
		return false, nil
	}
	if asked != nil {
		return true, s.sendsMail(ctx)
	}
	c, err := s.auth.Configuration(ctx)
	if err != nil || !c.SendWelcomeEmailToAllNewUsers {
		return false, err
	}
	return s.sendsMail(ctx) == nil, nil
}

func (s *Server) changeAccount(ctx context.Context, in *struct {
	IDPath
	IfMatch
	RawBody []byte
	Body    accountChange
}) (*tagged[api.Account], error) {
	c := in.Body.AccountChange
	if err := refusePassword(in.RawBody); err != nil {
		return nil, err
	}
	a, _, err := change(in.IfMatch, stored[store.Account]{
		what: "account", tag: accountTag,
		read:  func() (store.Account, error) { return s.account(ctx, in.ID) },
		write: func(before, after store.Account) error { return s.store.UpdateAccount(ctx, before, after) },
	}, func(before store.Account) (store.Account, error) {
		after, err := s.applyAllowed(ctx, before, c)
		if err != nil {
			return after, err
		}
		if after, err = applyOptions(after, in.RawBody); err != nil {
			return after, err
		}
		// A property that became required keeps nobody from changing something else.
		if slices.Equal(optionsOf(before).UserProfileDataAttributes, optionsOf(after).UserProfileDataAttributes) {
			return after, nil
		}
		return after, s.checkProfile(ctx, after)
	})
	if err != nil {
		return nil, err
	}
	// Nobody gives themselves more tries at their own password.
	if a.ID != caller(ctx).ID && c.AccountActivated != nil && *c.AccountActivated {
		if err := s.auth.LiftLock(ctx, a.ID); err != nil {
			return nil, err
		}
	}
	// Whether the account is active depends on its date as well.
	if a, err = s.store.Account(ctx, a.ID); err != nil {
		return nil, err
	}
	tag, err := accountTag(a)
	return answerTagged(showAccount(a, false), tag), err
}

// applyAllowed applies a change that the caller may make.
func (s *Server) applyAllowed(ctx context.Context, before store.Account, c api.AccountChange) (store.Account, error) {
	if err := s.mayManage(ctx, before, c.Role); err != nil {
		return before, err
	}
	if c.Name != nil && !strings.EqualFold(*c.Name, before.Name) {
		return before, badField("name cannot be changed.", "name")
	}
	if before.Status == store.AccountPending {
		return before, conflict("The account waits for a decision about its registration. Accept or deny that.")
	}
	a, err := applyChange(before, c)
	if err != nil {
		return a, err
	}
	if before.Type == store.TypeExternal && (a.Role != before.Role || opensOtherwise(before, a)) {
		return a, badField("An external user has no role and nothing to log in with. Make an account for the address.",
			"role")
	}
	if a.ID != caller(ctx).ID {
		if a.Role == store.RoleAdmin && a.Status != store.AccountActive && before.Status == store.AccountActive {
			return a, badField("The account of an admin is not deactivated. Make it a user's first.", "account_activated")
		}
		return a, nil
	}
	if a.Role != before.Role {
		return a, conflict("You cannot change your own role. Another admin can.")
	}
	if a.Status != before.Status {
		return a, conflict("You cannot deactivate the account you are logged in with.")
	}
	if opensOtherwise(before, a) {
		return a, s.proveOwner(ctx, before, c.CurrentPassword, "current_password")
	}
	return a, nil
}

func applyChange(a store.Account, c api.AccountChange) (store.Account, error) {
	before := a
	set(&a.FirstName, c.FirstName)
	set(&a.LastName, c.LastName)
	set(&a.Email, c.Email)
	set(&a.Role, c.Role)
	set(&a.UploadsAllowed, c.UploadsAllowed)
	set(&a.DownloadsAllowed, c.DownloadsAllowed)
	set(&a.Description, c.Description)
	set(&a.PublicKey, c.PublicKey)
	if c.AccountActivated != nil {
		a.Status = store.AccountInactive
		if *c.AccountActivated {
			a.Status = store.AccountActive
		}
	}
	return checkAccount(before, a)
}

func (s *Server) activateAccounts(ctx context.Context, in *struct {
	IDs  string `query:"ids"`
	Body api.AccountsChange
}) (*batchOutput, error) {
	all, err := ids(in.IDs, nil)
	if err != nil {
		return nil, err
	}
	return s.batch(ctx, "account", all, func(ctx context.Context, id string) error {
		a, _, err := change(IfMatch{}, stored[store.Account]{
			what: "account", tag: accountTag,
			read:  func() (store.Account, error) { return s.account(ctx, id) },
			write: func(before, after store.Account) error { return s.store.UpdateAccount(ctx, before, after) },
		}, func(before store.Account) (store.Account, error) {
			return s.applyAllowed(ctx, before, api.AccountChange{AccountActivated: &in.Body.AccountActivated})
		})
		if err != nil || !in.Body.AccountActivated || a.ID == caller(ctx).ID {
			return err
		}
		return s.auth.LiftLock(ctx, a.ID)
	}), nil
}

func (s *Server) deleteAccount(ctx context.Context, id string) error {
	a, err := s.account(ctx, id)
	if err != nil {
		return err
	}
	if err := s.mayManage(ctx, a, nil); err != nil {
		return err
	}
	if a.ID == caller(ctx).ID {
		return conflict("You cannot delete the account you are logged in with.")
	}
	return s.store.DeleteAccount(ctx, a.ID, caller(ctx).ID)
}

func (s *Server) deleteAccounts(ctx context.Context, in *struct {
	IDs  string `query:"ids"`
	Body *api.IDs
}) (*batchOutput, error) {
	all, err := ids(in.IDs, in.Body)
	if err != nil {
		return nil, err
	}
	return s.batch(ctx, "account", all, s.deleteAccount), nil
}
