package settings

import (
	"net/netip"
	"strings"
	"time"
	"unicode"

	"faspex.io/operator/faspex/api"
)

// Three-valued settings of an account: yes, no, or what the server's configuration says at the time.
const (
	Yes     = "true"
	No      = "false"
	Default = "default"
)

// Account is what administrators set for one account.
type Account struct{ api.AccountSettings }

// NormalPackages is kept beside Account: it is told of an account to everybody.
type NormalPackages struct {
	CanSendNormalPackages string `json:"can_send_normal_packages" enum:"true,false,default"`
}

// AccountOptions is everything that is kept of an account's settings.
type AccountOptions struct {
	Account
	NormalPackages
	Profile
}

// Profile is kept beside Account: it is told with the properties that it is about.
type Profile struct {
	UserProfileDataAttributes []ProfileValue `json:"user_profile_data_attributes" maxItems:"20"`
}

// DefaultAccount is an account for which nothing was set.
func DefaultAccount() AccountOptions {
	quota := 4000
	return AccountOptions{
		Account: Account{api.AccountSettings{
			AllowedIPAddressesForDownload: []string{}, AllowedIPAddressesForLogin: []string{},
			AllowedIPAddressesForUpload: []string{}, AllowUserSpecifiedDeleteAfterDownload: Default,
			CanHavePublicURL: Default, CanInvite: Default, CanSeeGlobalDistributionLists: Default,
			CanSendToAllFaspexUsers: Default, CanSendToExternalEmail: Default,
			DeletePackagesAfterDownloadCondition: "nothing", HideUserDir: Default, KbpsInitialTargetDownloadRate: 10000,
			KbpsInitialTargetUploadRate: 10000, KbpsMaxTargetDownloadRate: 20000, KbpsMaxTargetUploadRate: 20000,
			LockMinratePolicy: true, PasswordExpirationInterval: 30, PasswordHistoryLimit: 3, SenderQuotaLimitMB: &quota,
			ReceivedCCNotificationUsers: []api.ContactName{},
		}},
		NormalPackages: NormalPackages{CanSendNormalPackages: Default},
		Profile:        Profile{[]ProfileValue{}},
	}
}

// ReadAccount reads the stored settings of an account.
func ReadAccount(stored []byte) (AccountOptions, error) {
	d, err := ReadDocument(stored)
	if err != nil {
		return AccountOptions{}, err
	}
	return Over(d, DefaultAccount())
}

// Expiry is when the account becomes inactive; zero for never.
func (a Account) Expiry() time.Time {
	if !a.AccountExpires || a.ExpirationDate == nil {
		return time.Time{}
	}
	return parseDate(*a.ExpirationDate)
}

// ReceiptAddresses are those who are told of every package of the account, each by itself.
func (a Account) ReceiptAddresses() []string {
	var out []string
	for _, n := range a.ReceivedCCNotificationUsers {
		out = append(out, strings.FieldsFunc(n.Name, func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })...)
	}
	return out
}

// parseDate reads a date or a time; zero for what is none.
func parseDate(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// Check tells what is wrong with the settings of an account, who is an admin or not.
func (a Account) Check(admin bool) []Problem {
	var all []Problem
	wrong := func(field, message string) { all = append(all, Problem{field, message}) }
	for _, d := range []struct {
		field string
		value *string
	}{{"expiration_date", a.ExpirationDate}, {"destruction_date", a.DestructionDate}} {
		if d.value != nil && parseDate(*d.value).IsZero() {
			wrong(d.field, d.field+" must be a date or a time.")
		}
	}
	if a.AccountExpires && a.ExpirationDate == nil {
		wrong("expiration_date", "account_expires needs expiration_date.")
	}
	if admin && a.AccountExpires {
		wrong("account_expires", "The account of an admin does not expire.")
	}
	for _, l := range []struct {
		field string
		list  []string
	}{
		{"allowed_ip_addresses_for_download", a.AllowedIPAddressesForDownload},
		{"allowed_ip_addresses_for_login", a.AllowedIPAddressesForLogin},
		{"allowed_ip_addresses_for_upload", a.AllowedIPAddressesForUpload},
	} {
		for _, pattern := range l.list {
			if !isPattern(pattern) {
				wrong(l.field, l.field+" must hold addresses like 10.0.0.1, 10.0.*.* or fd00::1.")
				break
			}
		}
	}
	return all
}

// isPattern takes an address, and an IPv4 address with * for any of its numbers.
func isPattern(pattern string) bool {
	_, err := netip.ParseAddr(strings.ReplaceAll(pattern, "*", "0"))
	return err == nil && (!strings.Contains(pattern, "*") || strings.Count(pattern, ".") == 3)
}

// AddressAllowed reports whether a client's address is in a list; an empty list lets everybody in.
func AddressAllowed(list []string, address string) bool {
	if len(list) == 0 {
		return true
	}
	client, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	client = client.Unmap()
	octets := strings.Split(client.String(), ".")
	for _, pattern := range list {
		if one, err := netip.ParseAddr(pattern); err == nil && one.Unmap() == client {
			return true
		}
		wanted := strings.Split(pattern, ".")
		fits := len(wanted) == 4 && len(octets) == 4
		for i := 0; fits && i < 4; i++ {
			fits = wanted[i] == "*" || wanted[i] == octets[i]
		}
		if fits {
			return true
		}
	}
	return false
}
