package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/settings"
)

// mayFromHere refuses a call from an address that is not in a list of the caller's account.
func mayFromHere(ctx context.Context, list func(settings.AccountOptions) []string) error {
	options, err := settings.ReadAccount(caller(ctx).Options)
	if err != nil {
		return err
	}
	if settings.AddressAllowed(list(options), clientAddress(ctx)) {
		return nil
	}
	p := newProblem(http.StatusForbidden, "Your account may not do this from your address.")
	p.Code = "address_not_allowed"
	return p
}

func uploadAddresses(o settings.AccountOptions) []string { return o.AllowedIPAddressesForUpload }

func downloadAddresses(o settings.AccountOptions) []string { return o.AllowedIPAddressesForDownload }
