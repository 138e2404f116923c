package settings

import "time"

// PasswordPolicy is how long the password of an account is good and which earlier ones it may not have again.
type PasswordPolicy struct {
	Days    int // 0: it is good for ever
	History int // so many of the last passwords are refused; 0 for none
}

// PasswordPolicy is the account's own once it overrides the server's, else the server's.
func (c Configuration) PasswordPolicy(a AccountOptions) PasswordPolicy {
	var p PasswordPolicy
	expires, days, enforce, limit := c.GlobalDefaultPasswordExpires, c.GlobalDefaultPasswordExpirationIntervalDays,
		c.GlobalDefaultEnforcePasswordHistory, c.GlobalDefaultPasswordHistoryLimit
	if a.OverrideDefaultPasswordPolicy {
		expires, days, enforce, limit = a.PasswordExpires, a.PasswordExpirationInterval, a.EnforcePasswordHistory,
			a.PasswordHistoryLimit
	}
	if expires {
		p.Days = days
	}
	if enforce {
		p.History = limit
	}
	return p
}

// Over reports whether a password that was set at a time is to be changed now.
func (p PasswordPolicy) Over(set, now time.Time) bool {
	return p.Days > 0 && !now.Before(set.AddDate(0, 0, p.Days))
}
