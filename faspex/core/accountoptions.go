package core

import (
	"encoding/json"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// accountChange is the body that creates or changes an account: what is named changes. Null gives a setting its default
// back.
type accountChange struct {
	api.AccountChange
	settings.AccountOptions
}

// applyOptions puts the settings of a request into an account.
func applyOptions(a store.Account, raw []byte) (store.Account, error) {
	wanted, err := settings.ReadDocument(raw)
	if err != nil {
		return a, badRequest("The body is not an object.")
	}
	before, err := settings.ReadDocument(a.Options)
	if err != nil {
		return a, err
	}
	after, err := before.Merge(wanted, settings.AccountOptions{})
	if err != nil {
		return a, err
	}
	options, err := settings.Over(after, settings.DefaultAccount())
	if err != nil {
		return a, err
	}
	problems := options.Check(a.Role == store.RoleAdmin)
	if _, role := wanted["role"]; role {
		wanted["account_expires"] = nil // an account that expires becomes no admin's
	}
	if err := refuseSettings(problems, wanted); err != nil {
		return a, err
	}
	a.Options, err = json.Marshal(after)
	a.SetDates(options.Expiry(), options.Destruction())
	return a, err
}
