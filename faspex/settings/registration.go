package settings

import (
	"encoding/json"
	"strings"
	"time"
)

// NameRegistration is the document of what accounts get whose people registered themselves.
const NameRegistration = "self_register_defaults"

// RegistrationDefaults is the template of accounts whose people registered themselves. Dates are made of the days when
// the account comes into being.
type RegistrationDefaults struct {
	AccountOptions
	AccountActivated bool    `json:"account_activated" doc:"an addition of this implementation: false lets somebody look at each account first"`
	Description      *string `json:"description" nullable:"true" maxLength:"4000"`
	UploadsAllowed   bool    `json:"uploads_allowed"`
	DownloadsAllowed bool    `json:"downloads_allowed"`
	ExpirationDays   int     `json:"expiration_days" minimum:"1" maximum:"36500" doc:"with account_expires"`
	DeletionDays     int     `json:"deletion_days" minimum:"1" maximum:"36500" doc:"with self_destructs"`
}

// DefaultRegistration is the template when nothing was set.
func DefaultRegistration() RegistrationDefaults {
	return RegistrationDefaults{AccountOptions: DefaultAccount(), AccountActivated: true, UploadsAllowed: true,
		DownloadsAllowed: true, ExpirationDays: 30, DeletionDays: 30}
}

// Check tells what is wrong with the template. Its dates are made of days.
func (r RegistrationDefaults) Check() []Problem {
	day := time.Time{}.AddDate(1, 0, 0).Format(time.DateOnly)
	r.ExpirationDate, r.DestructionDate = &day, &day
	return r.AccountOptions.Check(false)
}

// Account gives the document of settings of an account that comes into being now: what was set of the template.
func (r RegistrationDefaults) Account(set Document, now time.Time) (Document, error) {
	change := Document{}
	for name, value := range set {
		if name != "expiration_date" && name != "destruction_date" {
			change[name] = value
		}
	}
	for _, d := range []struct {
		field string
		on    bool
		days  int
	}{{"expiration_date", r.AccountExpires, r.ExpirationDays}, {"destruction_date", r.SelfDestructs, r.DeletionDays}} {
		if d.on {
			raw, err := json.Marshal(now.UTC().AddDate(0, 0, d.days).Format(time.RFC3339))
			if err != nil {
				return nil, err
			}
			change[d.field] = raw
		}
	}
	return Document{}.Merge(change, AccountOptions{})
}

// Destruction is when the account is removed; zero for never.
func (a Account) Destruction() time.Time {
	if !a.SelfDestructs || a.DestructionDate == nil {
		return time.Time{}
	}
	return parseDate(*a.DestructionDate)
}

// Kinds of self-registration.
const (
	NoRegistration          = "none"
	ModeratedRegistration   = "moderated"
	UnmoderatedRegistration = "unmoderated"
)

// Blocks reports whether addresses of an e-mail address's domain, or of one above it, may not register.
func (c Configuration) Blocks(email string) bool {
	_, domain, _ := strings.Cut(email, "@")
	domain = strings.ToLower(domain[strings.LastIndex(domain, "@")+1:])
	for _, blocked := range c.RegistrationBlocklist {
		blocked = strings.ToLower(strings.TrimPrefix(blocked, "*."))
		if domain == blocked || strings.HasSuffix(domain, "."+blocked) {
			return true
		}
	}
	return false
}
