package core

import (
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

func text(id int64) string { return strconv.FormatInt(id, 10) }

func ptr[T any](v T) *T { return &v }

// set copies what a change holds.
func set[T any](into *T, from *T) {
	if from != nil {
		*into = *from
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const timeFormat = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(timeFormat) }

func nullStamp(t sql.NullTime) *string {
	if !t.Valid {
		return nil
	}
	return ptr(stamp(t.Time))
}

// parseTime reads the forms that clients send: RFC 3339 with or without fractions, or a date.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.000Z0700", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, badRequest(fmt.Sprintf("%q is not a date or a time.", s))
}

func accountOut(a store.Account) api.Account {
	out := api.Account{
		ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email, Role: a.Role,
		Type: a.Type, Status: a.Status, AccountActivated: a.Status == store.AccountActive,
		CanSendNormalPackages: optionsOf(a).CanSendNormalPackages, LastLoginTime: nullStamp(a.LastLoginAt),
	}
	if a.LockedAt.Valid && a.Status == store.AccountActive {
		out.Status = store.AccountLocked
	}
	return out
}

// optionsOf are the settings of an account. What this program wrote can be read; an account that was read as others see
// it has the defaults.
func optionsOf(a store.Account) settings.AccountOptions {
	options, err := settings.ReadAccount(a.Options)
	if err != nil {
		return settings.DefaultAccount()
	}
	return options
}

// accountOutExpanded adds what the owner and those who manage accounts may see.
func accountOutExpanded(a store.Account) api.Account {
	out := accountOut(a)
	options := optionsOf(a)
	out.AccountSettings, out.LastLoginClientAddr = &options.AccountSettings, ptr(a.LastLoginAddress)
	out.UploadsAllowed, out.DownloadsAllowed = ptr(a.UploadsAllowed), ptr(a.DownloadsAllowed)
	out.PasswordChangeRequired = ptr(a.MustChange)
	out.Description, out.PublicKey = ptr(a.Description), ptr(a.PublicKey)
	out.CreatedAt, out.UpdatedAt = ptr(stamp(a.CreatedAt)), ptr(stamp(a.UpdatedAt))
	return out
}

func nodeOut(n store.Node) api.Node {
	return api.Node{
		ID: text(n.ID), Name: n.Name, Host: n.Host, APIPort: n.APIPort, APIUsername: n.APIUsername, UseSSL: n.UseSSL,
		VerifySSL: n.VerifySSL, PublicKey: orNull(n.PublicKey), NodeType: n.NodeType, StorageType: n.StorageType,
		BrowserAddressMatch: n.BrowserAddressMatch, RequesterAddressMatch: n.RequesterAddressMatch,
		EnableSecondaryTransferAddress: n.EnableSecondaryTransferAddress,
		PrimaryTransferAddress:         n.PrimaryTransferAddress, SecondaryTransferAddress: n.SecondaryTransferAddress,
		ConnectionTimeout: n.ConnectionTimeout, PaginationBrowsing: n.PaginationBrowsing, Status: n.Status,
		StatusMessage: n.StatusMessage,
	}
}

func folderOut(f store.SharedFolder, admin bool) api.SharedFolder {
	out := api.SharedFolder{
		ID: text(f.ID), NodeID: text(f.NodeID), Name: f.Name, DefaultInbox: f.DefaultInbox,
		ReadPermission: f.ReadPermission, EnableCloudReferencing: f.EnableCloudReferencing, EnableLinking: f.EnableLinking,
		OverrideTransferParameters: f.OverrideTransferParameters, LockMinratePolicy: f.LockMinratePolicy,
		KbpsInitialTargetDownloadRate: f.InitialTargetDownloadKbps, KbpsMaxTargetDownloadRate: f.MaxTargetDownloadKbps,
		KbpsInitialTargetUploadRate: f.InitialTargetUploadKbps, KbpsMaxTargetUploadRate: f.MaxTargetUploadKbps,
		RelayIncomingBandwidth: f.RelayIncomingBandwidth, RelayOutgoingBandwidth: f.RelayOutgoingBandwidth,
	}
	if admin {
		out.Directory = f.Directory
	}
	return out
}
