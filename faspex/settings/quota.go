package settings

import (
	"slices"
	"strings"
)

// Quota is how much an account may send in a window.
type Quota struct {
	// On: there is a quota at all. Bytes is what may be sent; 0 is nothing.
	On    bool
	Bytes int64
	Hours int // how long the window is
	// Exempt are domains whose recipients do not count.
	Exempt []string
}

const bytesPerMB = 1_000_000

// The modes of quotas: none, one for all, and one for all that accounts may have their own in place of.
const (
	quotasOff    = "disable"
	quotasForAll = "enable"
)

// QuotaOf is the quota of an account with an e-mail address. Only with accounts' own limits a limit of an account counts;
// an empty one is none.
func (c Configuration) QuotaOf(a Account, email string) Quota {
	q := Quota{On: c.SenderQuotaOption != quotasOff && !InDomains(email, c.QuotaSenderAllowlist),
		Bytes: int64(c.SenderQuotaLimitMB) * bytesPerMB, Hours: c.SenderQuotaDurationHours, Exempt: c.QuotaRecipientAllowlist}
	if c.SenderQuotaOption != quotasForAll && a.OverrideServerSenderQuota {
		if a.SenderQuotaLimitMB == nil {
			return Quota{}
		}
		q.Bytes = int64(*a.SenderQuotaLimitMB) * bytesPerMB
	}
	return q
}

// InDomains reports whether an address is in one of some domains.
func InDomains(email string, domains []string) bool {
	_, domain, found := strings.Cut(email, "@")
	return found && slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(strings.TrimSpace(d), domain) })
}

// checkDomains refuses whole addresses where domains are wanted.
func checkDomains(field string, domains []string) []Problem {
	for _, d := range domains {
		if d = strings.TrimSpace(d); d == "" || strings.ContainsAny(d, "@ ,;/") {
			return []Problem{{field, field + " holds domains like example.com, and no addresses."}}
		}
	}
	return nil
}
